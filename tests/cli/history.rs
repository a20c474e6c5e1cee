//! The history: jobs that are found, repeated by their command line, and deleted.

use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use crate::program::{Home, sample};
use crate::util::server::{Answer, Server, ok};

/// A home with jobs of one image each.
fn with_jobs(jobs: usize) -> Home {
    let home = Home::new();
    home.sample("tulip-field.jpg", "a.jpg");
    for n in 0..jobs {
        home.run(&["run", "a.jpg", "-o", &format!("out-{n}"), "-s", "resize:width=20"]).expect(0);
    }
    home
}

/// Changes the catalog as time would.
fn catalog(home: &Home) -> rusqlite::Connection {
    rusqlite::Connection::open(home.path("data/pixloom/catalog.sqlite")).unwrap()
}

fn numbers(home: &Home, args: &[&str]) -> Vec<i64> {
    let args = [&["jobs", "--json"], args].concat();
    home.run(&args).expect(0).events().iter().map(|job| job["job"].as_i64().unwrap()).collect()
}

#[test]
fn the_command_of_a_job_gives_the_same_results_when_a_shell_runs_it() {
    let home = Home::new();
    let names = ["two words.jpg", "it's \"q\" $HOME `ls`.jpg", "줄\n바꿈.jpg", "100% =x;&|.jpg", "\u{1b}[31mred.jpg"];
    for name in names {
        home.sample("tulip-field.jpg", &format!("사진 모음/{name}"));
    }
    let unreadable = std::ffi::OsStr::from_bytes(b"bytes-\xff\xfe.jpg");
    std::fs::write(home.path("사진 모음").join(unreadable), sample("tulip-field.jpg")).unwrap();
    let steps = "watermark_text:text=\"It's 5, \"\"$HOME\"\" 한글\",size=20";
    let mut args: Vec<std::ffi::OsString> = vec!["run".into()];
    args.extend(names.iter().map(|name| home.path("사진 모음").join(name).into_os_string()));
    args.push(home.path("사진 모음").join(unreadable).into());
    for word in ["-s", "resize:long_edge=60", "-s", steps, "--save", "webp:effort=1,quality=50"] {
        args.push(word.into());
    }
    for word in ["--name", "{stem} '{index}'", "--on-conflict", "overwrite", "-o", "결과 \"1\""] {
        args.push(word.into());
    }
    home.run(&args).expect(0);
    let folder = "결과 \"1\"";
    let first: Vec<(PathBuf, Vec<u8>)> = results(&home, folder);
    assert_eq!(first.len(), 6);
    std::fs::remove_dir_all(home.path(folder)).unwrap();
    let printed = home.run(&["jobs", "1", "--command"]).expect(0);
    assert_eq!(printed.err, "", "nothing is left out");
    assert!(!printed.out.contains('\u{1b}'), "{}", printed.out);
    home.run_line(printed.out.trim_end()).expect(0);
    assert_eq!(results(&home, folder), first);
    let again = home.run(&["jobs", "2", "--command"]).expect(0);
    assert_eq!(again.out, printed.out, "the new job has the same request");
    let json = home.run(&["jobs", "1", "--command", "--json"]).expect(0).events().pop().unwrap();
    assert_eq!((&json["job"], &json["remarks"]), (&1.into(), &serde_json::json!([])));
    assert_eq!(json["command"].as_str(), Some(printed.out.trim_end()));
    assert!(json["arguments"].as_array().unwrap().contains(&"resize:long_edge=60".into()), "{json}");
}

fn results(home: &Home, folder: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = std::fs::read_dir(home.path(folder)).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries.map(|path| (path.clone(), std::fs::read(path).unwrap())).collect();
    files.sort();
    files
}

#[test]
fn a_password_in_a_link_is_a_reference_in_the_command_and_is_still_sent() {
    let jpeg = sample("tulip-field.jpg");
    let server = Server::start(move |request| -> Answer {
        let is_known = request.headers.iter().any(|(name, value)| {
            // me:s3cret
            name.eq_ignore_ascii_case("authorization") && value.as_str() == "Basic bWU6czNjcmV0"
        });
        if is_known { ok(jpeg.clone(), "image/jpeg") } else { crate::util::server::status(401) }
    });
    let home = Home::new();
    let url = server.url("/a.jpg").replacen("http://", "http://me:s3cret@", 1);
    home.run(&["run", &url, "-o", "out"]).expect(0);
    let command = home.run(&["jobs", "1", "--command"]).expect(0).out;
    assert!(
        command.contains("--basic") && !command.contains("s3cret") && !command.contains("pixloom-secret"),
        "{command}"
    );
    home.run_line(command.trim_end()).expect(0);
    let job = home.run(&["jobs", "2", "--json"]).expect(0).events().pop().unwrap();
    assert_eq!(job["done"], 1, "{job}");
}

#[test]
fn standard_input_and_other_catalogs_and_settings_are_not_forgotten() {
    let home = Home::new().with_variable("PIXLOOM_QUALITY", "7");
    home.sample("tulip-field.jpg", "a.jpg");
    let list = format!("{}\n", home.path("a.jpg").display());
    let args = ["run", "--files", "-", "--format", "jpeg", "-o", "out", "--catalog", "my catalog.sqlite"];
    home.run_with_input(&args, &list).expect(0);
    let printed = home.run(&["jobs", "1", "--command", "--catalog", "my catalog.sqlite"]).expect(0);
    assert!(printed.err.contains("read standard input"), "{}", printed.err);
    let catalog = format!("--catalog '{}'", home.path("my catalog.sqlite").display());
    assert!(printed.out.contains(&catalog) && printed.out.contains("--quality 7"), "{}", printed.out);
    assert!(printed.out.contains("--no-config"), "the variable would be used twice: {}", printed.out);
    assert!(printed.out.starts_with("cd "), "its paths may be relative: {}", printed.out);
    home.run_line(&format!("printf '%s' '{list}' | ({})", printed.out.trim_end())).expect(0);
    assert_eq!(home.files("out").len(), 2);
}

#[test]
fn jobs_are_filtered_and_their_timings_are_in_json() {
    let home = with_jobs(2);
    home.file("broken.jpg", "GIF89a");
    home.run(&["run", "broken.jpg", "-o", "out-2", "-s", "grayscale"]).expect(1);
    assert_eq!(numbers(&home, &[]), [3, 2, 1]);
    assert_eq!(numbers(&home, &["--state", "failed"]), [3]);
    assert_eq!(numbers(&home, &["--state", "done,failed"]), [3]);
    assert_eq!(numbers(&home, &["--state", "paused,queued"]), [0; 0]);
    assert_eq!(numbers(&home, &["--search", "GRAYSCALE"]), [3]);
    assert_eq!(numbers(&home, &["--search", "out-1"]), [2]);
    catalog(&home).execute("UPDATE job SET created_at = created_at - 10 * 86400000 WHERE id = 1", ()).unwrap();
    assert_eq!(numbers(&home, &["--since", "7d"]), [3, 2]);
    assert_eq!(numbers(&home, &["--until", "7d"]), [1]);
    assert_eq!(numbers(&home, &["--since", "2000-01-01", "--until", "2000-01-02"]), [0; 0]);
    assert_eq!(home.run(&["jobs", "--search", "nowhere"]).expect(0).out, "No job matches.\n");
    let job = home.run(&["jobs", "2", "--json"]).expect(0).events().pop().unwrap();
    let (created, began, ended) = (&job["created_at"], &job["started_at"], &job["finished_at"]);
    assert!(created.as_i64() <= began.as_i64() && began.as_i64() <= ended.as_i64(), "{job}");
    assert!(job["seconds"].as_f64().unwrap() > 0.0, "{job}");
    let shown = home.run(&["jobs", "2"]).expect(0).out;
    assert!(shown.contains("began") && shown.contains("ran "), "{shown}");
    for (args, text) in [
        (&["jobs", "--since", "yesterday"][..], "2026-11-01"),
        (&["jobs", "1", "--search", "x"], "cannot be used with"),
        (&["jobs", "--command"], "required"),
        (&["jobs", "--older-than", "30d"], "--prune"),
        (&["jobs", "--prune"], "--older-than 30d"),
        (&["jobs", "--prune", "--older-than", "30"], "36h"),
        (&["jobs", "--prune", "--state", "running"], "can't be deleted"),
        (&["jobs", "1", "--prune"], "cannot be used with"),
    ] {
        let refused = home.run(args).expect(2);
        assert!(refused.err.contains(text), "{args:?}: {}", refused.err);
    }
}

#[test]
fn old_jobs_are_deleted_from_the_history_and_their_results_stay() {
    let home = with_jobs(4);
    let results = home.files("");
    let age = "UPDATE job SET finished_at = finished_at - 40 * 86400000 WHERE id IN (1, 2)";
    catalog(&home).execute(age, ()).unwrap();
    let prune = ["jobs", "--prune", "--older-than", "30d"];
    let plan = home.run(&[&prune[..], &["--dry-run"]].concat()).expect(0).out;
    assert!(plan.contains("Would delete 2 jobs with 2 items"), "{plan}");
    assert_eq!(numbers(&home, &[]), [4, 3, 2, 1], "nothing is deleted");
    let json = home.run(&[&prune[..], &["--json"]].concat()).expect(0).events().pop().unwrap();
    let expected = serde_json::json!({ "event": "pruned", "dry_run": false, "jobs": 2, "items": 2 });
    for (key, value) in expected.as_object().unwrap() {
        assert_eq!(json[key], *value, "{json}");
    }
    assert_eq!(numbers(&home, &[]), [4, 3]);
    let rows: i64 = catalog(&home).query_row("SELECT count(*) FROM item", (), |row| row.get(0)).unwrap();
    assert_eq!(rows, 2);
    assert!(home.run(&["jobs", "1"]).expect(2).err.contains("no job 1"));
    let images =
        |files: &std::collections::BTreeSet<String>| files.iter().filter(|name| name.ends_with(".jpg")).count();
    assert_eq!(images(&home.files("")), images(&results), "results are not touched");
    let told = home.run(&["jobs", "--prune", "--keep", "1"]).expect(0).out;
    assert!(told.contains("Deleted 1 job with 1 item") && told.contains("Results were not touched"), "{told}");
    assert_eq!(numbers(&home, &[]), [4]);
    home.run(&["run", "a.jpg", "-o", "out-9"]).expect(0);
    assert_eq!(numbers(&home, &[]), [5, 4], "numbers are never used again");
}

#[test]
fn paused_jobs_are_deleted_only_if_they_are_named_and_locked_ones_never() {
    let home = with_jobs(3);
    let sql = catalog(&home);
    sql.execute("UPDATE job SET state = 'paused', finished_at = NULL WHERE id = 1", ()).unwrap();
    let lock = std::fs::File::create(home.path("data/pixloom/catalog.sqlite.job-2.lock")).unwrap();
    lock.lock().unwrap();
    let told = home.run(&["jobs", "--prune", "--older-than", "0s"]).expect(0).out;
    assert!(told.contains("Deleted 1 job") && told.contains("1 job stays because it is in use"), "{told}");
    assert_eq!(numbers(&home, &[]), [2, 1]);
    drop(lock);
    home.run(&["jobs", "--prune", "--older-than", "0s", "--state", "paused"]).expect(0);
    assert_eq!(numbers(&home, &[]), [2]);
}

#[test]
fn unchanged_files_stay_known_to_update_after_the_job_that_made_their_results_was_deleted() {
    let home = Home::new();
    home.sample("tulip-field.jpg", "in/a.jpg");
    let run = ["run", "in", "-o", "out", "-s", "resize:width=20", "--update"];
    home.run(&run).expect(0);
    home.run(&run).expect(0);
    let age = "UPDATE job SET finished_at = finished_at - 40 * 86400000 WHERE id = 1";
    catalog(&home).execute(age, ()).unwrap();
    home.run(&["jobs", "--prune", "--older-than", "30d"]).expect(0);
    home.run(&run).expect(0);
    let job = home.run(&["jobs", "3", "--json"]).expect(0).events().pop().unwrap();
    assert_eq!((&job["done"], &job["skipped"]), (&0.into(), &1.into()), "{job}");
    assert_eq!(home.files("out").len(), 1);
}
