//! `pixloom undo`: results go to the trash if they are unchanged, replaced files come back, and all of it can be redone.
//! The trash is the one of the freedesktop specification, in the home of each test.
#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use serde_json::Value;

use crate::program::{Home, RunOutput};

const CATALOG: [&str; 2] = ["--catalog", "c.sqlite"];

fn pixloom(home: &Home, args: &[&str], code: i32) -> RunOutput {
    home.run(&[args, &CATALOG].concat()).expect(code)
}

/// A job that copies text files with other bytes each.
fn copy_job(home: &Home, files: usize, options: &[&str]) {
    for n in 0..files {
        home.file(&format!("in/{}/{n}.txt", n % 2), format!("original {n}"));
    }
    pixloom(home, &[&["run", "-R", "in", "--all-files", "-o", "out"], options].concat(), 0);
}

/// The files of a folder by name, with their bytes.
fn contents(home: &Home, folder: &str) -> BTreeMap<String, Vec<u8>> {
    let read = |name: String| (name.clone(), fs::read(home.path(folder).join(&name)).unwrap());
    home.files(folder).into_iter().map(read).collect()
}

fn trashed(home: &Home) -> usize {
    let (files, info) = (home.files("data/Trash/files").len(), home.files("data/Trash/info").len());
    assert_eq!(files, info, "each file in the trash has an entry");
    files
}

fn rows(home: &Home, job: &str) -> Vec<Value> {
    let export = pixloom(home, &["export", job, "--format", "jsonl"], 0);
    export.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn last(output: &RunOutput) -> Value {
    output.events().pop().unwrap()
}

#[test]
fn results_go_to_the_trash_with_the_folders_of_the_job_and_redo_brings_back_the_same_bytes() {
    let home = Home::new();
    copy_job(&home, 6, &[]);
    let (before, job) = (contents(&home, "out"), pixloom(&home, &["jobs", "1", "--json"], 0).out);
    let plan = pixloom(&home, &["undo", "1", "--dry-run"], 0);
    assert!(plan.out.contains("6 results would go to the trash") && trashed(&home) == 0, "{plan:?}");
    let undo = pixloom(&home, &["undo", "1"], 0);
    assert!(undo.out.contains("6 results are in the trash now"), "{undo:?}");
    assert!(undo.out.contains("pixloom undo 1 --redo --catalog c.sqlite"), "{undo:?}");
    assert!(!home.path("out").exists() && home.path("in/0/0.txt").exists(), "only what the job made is gone");
    assert_eq!(trashed(&home), 6);
    let info = fs::read_to_string(home.path("data/Trash/info/0.txt.trashinfo")).unwrap();
    assert!(info.contains("/out/0/0.txt\n") && info.contains("DeletionDate="), "{info}");
    for row in rows(&home, "1") {
        let is_undone = row["state"] == "skipped" && row["reason"] == "undone";
        assert!(is_undone && row["output"].is_null() && row["output_hash"].is_null(), "{row}");
    }
    // Nothing is left to undo, and nothing is started again.
    let again = pixloom(&home, &["undo", "1"], 0);
    assert!(again.out.contains("no results to undo") && trashed(&home) == 6, "{again:?}");
    pixloom(&home, &["resume", "1"], 0);
    pixloom(&home, &["retry", "1"], 0);
    assert!(!home.path("out").exists());

    let redo = pixloom(&home, &["undo", "1", "--redo"], 0);
    assert!(redo.out.contains("6 results are back"), "{redo:?}");
    assert_eq!((contents(&home, "out"), trashed(&home)), (before, 0));
    assert_eq!(pixloom(&home, &["jobs", "1", "--json"], 0).out, job, "the record is what it was");
    assert!(rows(&home, "1").iter().all(|row| row["state"] == "done" && row["output_hash"].is_string()));
    let nothing = pixloom(&home, &["undo", "1", "--redo"], 0);
    assert!(nothing.out.contains("no results in the trash"), "{nothing:?}");
    pixloom(&home, &["undo", "1"], 0);
    assert_eq!(trashed(&home), 6);
}

#[test]
fn what_was_changed_moved_or_replaced_by_something_else_stays_and_is_listed_with_its_reason() {
    let home = Home::new();
    copy_job(&home, 12, &["--tree", "flat"]);
    let at = |n: usize| home.path(&format!("out/{n}.txt"));
    fs::write(at(0), "changed").unwrap();
    fs::write(at(1), "original X").unwrap(); // of the same length
    fs::remove_file(at(2)).unwrap();
    fs::rename(at(3), home.path("kept.txt")).unwrap();
    fs::rename(at(4), home.path("target.txt")).unwrap();
    std::os::unix::fs::symlink(home.path("target.txt"), at(4)).unwrap();
    fs::remove_file(at(5)).unwrap();
    fs::create_dir(at(5)).unwrap();
    home.file("out/notes.md", "of the user");
    let undo = pixloom(&home, &["undo", "1", "--json"], 1);
    let stayed: BTreeMap<String, String> = undo
        .events()
        .iter()
        .filter(|event| event["event"] == "stayed")
        .map(|event| {
            let path = Path::new(event["path"].as_str().unwrap()).file_name().unwrap().to_str().unwrap().to_owned();
            assert!(event["message"].as_str().unwrap().contains(&path), "{event}");
            (path, event["reason"].as_str().unwrap().to_owned())
        })
        .collect();
    let expected =
        [("0", "changed"), ("1", "changed"), ("2", "gone"), ("3", "gone"), ("4", "not_a_file"), ("5", "not_a_file")];
    let expected = expected.map(|(n, reason)| (format!("{n}.txt"), reason.to_owned()));
    assert_eq!(stayed, expected.into_iter().collect());
    let end = last(&undo);
    assert_eq!((&end["results"], &end["stayed"], trashed(&home)), (&6.into(), &6.into(), 6));
    assert_eq!(fs::read(at(0)).unwrap(), b"changed");
    assert_eq!(fs::read(home.path("target.txt")).unwrap(), b"original 4");
    assert!(at(4).is_symlink() && at(5).is_dir() && home.path("out/notes.md").exists());
    // What is put right goes the next time.
    fs::remove_dir(at(5)).unwrap();
    fs::write(at(1), "original 1").unwrap();
    let again = pixloom(&home, &["undo", "1"], 1);
    assert!(again.out.contains("1 result is in the trash") && again.out.contains("5 files stay"), "{again:?}");
    assert!(again.err.contains("0.txt stays: it has changed since the job saved it"), "{again:?}");
    let korean = pixloom(&home, &["undo", "1", "--lang", "ko"], 1);
    assert!(korean.err.contains("저장한 뒤에 바뀌어"), "{korean:?}");
}

#[test]
fn nothing_is_moved_through_a_folder_that_became_a_link() {
    let home = Home::new();
    copy_job(&home, 4, &[]);
    fs::rename(home.path("out/0"), home.path("elsewhere")).unwrap();
    std::os::unix::fs::symlink(home.path("elsewhere"), home.path("out/0")).unwrap();
    let undo = pixloom(&home, &["undo", "1", "--json"], 1);
    let reasons: Vec<Value> = undo.events().iter().map(|event| event["reason"].clone()).collect();
    assert_eq!(reasons.iter().filter(|reason| **reason == "behind_link").count(), 2, "{undo:?}");
    assert_eq!((home.files("elsewhere").len(), trashed(&home)), (2, 2));
    // Nor back: the link stands where a folder was.
    std::os::unix::fs::symlink(home.path("elsewhere"), home.path("out/1")).unwrap();
    let redo = pixloom(&home, &["undo", "1", "--redo", "--json"], 1);
    assert_eq!((last(&redo)["stayed"].clone(), home.files("elsewhere").len(), trashed(&home)), (2.into(), 2, 2));
}

/// A job that replaces three files of the user.
fn replacing_job(home: &Home, options: &[&str]) {
    for n in 0..3 {
        home.file(&format!("out/{n}.txt"), format!("of the user {n}"));
    }
    for n in 0..4 {
        home.file(&format!("in/{n}.txt"), format!("result {n}"));
    }
    let args = ["run", "in", "--all-files", "-o", "out", "--on-conflict", "overwrite"];
    pixloom(home, &[&args, options].concat(), 0);
    assert_eq!(fs::read(home.path("out/0.txt")).unwrap(), b"result 0");
}

#[test]
fn files_that_were_replaced_with_trash_come_back_and_go_again() {
    let home = Home::new();
    replacing_job(&home, &["--trash"]);
    let results = contents(&home, "out");
    assert_eq!(trashed(&home), 3);
    let plan = pixloom(&home, &["undo", "1", "--dry-run"], 0);
    assert!(plan.out.contains("3 files that results replaced would come back"), "{plan:?}");
    for _ in 0..2 {
        let undo = pixloom(&home, &["undo", "1"], 0);
        assert!(undo.out.contains("3 files that results had replaced are back"), "{undo:?}");
        let files: Vec<_> = contents(&home, "out").into_values().collect();
        assert_eq!(files, ["of the user 0", "of the user 1", "of the user 2"].map(|text| text.as_bytes().to_vec()));
        assert_eq!(trashed(&home), 4);
        pixloom(&home, &["undo", "1", "--redo"], 0);
        assert_eq!((contents(&home, "out"), trashed(&home)), (results.clone(), 3));
    }
    // What is changed after undo has brought it back is never overwritten by redo.
    pixloom(&home, &["undo", "1"], 0);
    home.file("out/1.txt", "edited since");
    let redo = pixloom(&home, &["undo", "1", "--redo"], 1);
    assert!(redo.err.contains("1.txt stays") && redo.out.contains("3 results are back"), "{redo:?}");
    assert_eq!(fs::read(home.path("out/1.txt")).unwrap(), b"edited since");
    fs::remove_file(home.path("out/1.txt")).unwrap();
    pixloom(&home, &["undo", "1", "--redo"], 0);
    assert_eq!(contents(&home, "out"), results);
}

#[test]
fn files_that_were_replaced_without_trash_are_gone_and_undo_says_so() {
    let home = Home::new();
    replacing_job(&home, &[]);
    let undo = pixloom(&home, &["undo", "1"], 0);
    assert!(undo.out.contains("3 files were replaced without --trash"), "{undo:?}");
    assert_eq!((home.files("out").len(), trashed(&home)), (0, 4));
}

#[test]
fn a_replaced_file_that_is_not_in_the_trash_any_more_is_reported_and_its_result_goes_nevertheless() {
    let home = Home::new();
    replacing_job(&home, &["--trash"]);
    fs::remove_dir_all(home.path("data/Trash")).unwrap();
    let undo = pixloom(&home, &["undo", "1"], 1);
    assert!(undo.err.contains("0.txt is in the trash, but the file that it had replaced is not back"), "{undo:?}");
    assert_eq!(trashed(&home), 4);
    // An emptied trash takes results as well.
    fs::remove_dir_all(home.path("data/Trash")).unwrap();
    let redo = pixloom(&home, &["undo", "1", "--redo"], 1);
    assert_eq!(redo.err.matches("is not in the trash any more").count(), 4, "{redo:?}");
}

#[test]
fn a_result_that_an_update_replaced_comes_back_and_counts_as_the_earlier_jobs_again() {
    let home = Home::new();
    let update = ["run", "in", "--all-files", "-o", "out", "--update", "--trash"];
    for n in 0..3 {
        home.file(&format!("in/{n}.txt"), format!("first {n}"));
    }
    pixloom(&home, &update, 0);
    home.file("in/1.txt", "second, and longer");
    pixloom(&home, &update, 0);
    assert_eq!(fs::read(home.path("out/1.txt")).unwrap(), b"second, and longer");
    pixloom(&home, &["undo", "2"], 0);
    assert_eq!(fs::read(home.path("out/1.txt")).unwrap(), b"first 1");
    assert_eq!(home.files("out").len(), 3);
    // The undone result does not count: the changed input is processed again.
    let again = pixloom(&home, &[&update[..], &["--json"]].concat(), 0);
    assert_eq!((last(&again)["done"].clone(), last(&again)["skipped"].clone()), (1.into(), 2.into()), "{again:?}");
    assert_eq!(fs::read(home.path("out/1.txt")).unwrap(), b"second, and longer");
}

#[test]
fn no_later_job_takes_an_undone_result_for_an_existing_one() {
    let home = Home::new();
    home.file("in/a.txt", "12345678");
    let run =
        |options: &[&str]| last(&pixloom(&home, &[&["run", "in/a.txt", "-o", "out", "--json"], options].concat(), 0));
    run(&[]);
    // A file of the same size that is older than the result is what a comparison of sizes and times would take for it.
    pixloom(&home, &["undo", "1"], 0);
    home.file("out/a.txt", "other!!!");
    filetime::set_file_mtime(home.path("out/a.txt"), filetime::FileTime::from_unix_time(1_000_000, 0)).unwrap();
    let end = run(&["--update", "--on-conflict", "overwrite"]);
    assert_eq!((&end["done"], &end["skipped"]), (&1.into(), &0.into()));
    assert_eq!(fs::read(home.path("out/a.txt")).unwrap(), b"12345678");
}

#[test]
fn rows_that_repeat_a_link_are_undone_and_redone_with_it() {
    let home = Home::new();
    let a = home.file("in/a.txt", "a");
    home.file("list.txt", format!("{0}\n{0}\n", a.display()));
    pixloom(&home, &["run", "--files", "list.txt", "-o", "out", "--all-files"], 0);
    let outputs = || rows(&home, "1").iter().map(|row| row["output"].clone()).collect::<Vec<_>>();
    let before = outputs();
    assert!(before.len() == 2 && before[0] == before[1] && before[0].is_string(), "{before:?}");
    pixloom(&home, &["undo", "1"], 0);
    assert_eq!(outputs(), [Value::Null, Value::Null]);
    pixloom(&home, &["undo", "1", "--redo"], 0);
    assert_eq!(outputs(), before);
}

#[test]
fn names_with_line_breaks_and_other_bytes_than_text_are_moved_and_reported() {
    let home = Home::new();
    let names = [&b"line\nbreak.txt"[..], b"bytes-\xff\xfe.txt", b" spaces .txt", b"50%41.txt"];
    for (n, name) in names.iter().enumerate() {
        let path = home.file("in/x", n.to_string());
        fs::rename(&path, path.with_file_name(std::ffi::OsStr::from_bytes(name))).unwrap();
    }
    pixloom(&home, &["run", "in", "--all-files", "-o", "out"], 0);
    let before = fs::read_dir(home.path("out")).unwrap().count();
    assert_eq!(before, 4);
    pixloom(&home, &["undo", "1"], 0);
    assert!(!home.path("out").exists());
    pixloom(&home, &["undo", "1", "--redo"], 0);
    assert_eq!(fs::read_dir(home.path("out")).unwrap().count(), 4);
    for entry in fs::read_dir(home.path("out")).unwrap() {
        fs::write(entry.unwrap().path(), "changed").unwrap();
    }
    let undo = pixloom(&home, &["undo", "1"], 1);
    assert_eq!(undo.err.lines().filter(|line| line.contains("has changed since")).count(), 4, "{undo:?}");
}

#[test]
fn results_of_the_same_name_are_told_apart_in_the_trash() {
    let home = Home::new();
    for n in 0..20 {
        home.file(&format!("in/{n}/same.txt"), format!("original {n}"));
    }
    pixloom(&home, &["run", "-R", "in", "--all-files", "-o", "out"], 0);
    let before = contents(&home, "out");
    pixloom(&home, &["undo", "1"], 0);
    // The names in the trash have gaps: a file there was deleted for good.
    let gone = home.path("data/Trash/files/same.txt.7");
    fs::remove_file(home.path("data/Trash/info/same.txt.7.trashinfo")).unwrap();
    let lost = fs::read(&gone).unwrap();
    fs::remove_file(gone).unwrap();
    pixloom(&home, &["undo", "1", "--redo"], 1);
    let after = contents(&home, "out");
    assert_eq!(after.len(), 19);
    assert!(after.iter().all(|(name, bytes)| before[name] == *bytes) && !after.values().any(|bytes| *bytes == lost));
}

#[test]
fn a_disk_without_a_usable_trash_keeps_its_files_and_each_is_reported() {
    let home = Home::new();
    copy_job(&home, 3, &[]);
    let before = contents(&home, "out");
    home.file("data/Trash", "not a folder");
    let undo = pixloom(&home, &["undo", "1"], 1);
    assert_eq!(undo.err.matches("can't be moved to the trash").count(), 3, "{undo:?}");
    assert_eq!(contents(&home, "out"), before);
    // Nor does a run replace a file that it can't keep.
    home.file("out/0/0.txt", "of the user");
    let args = ["run", "-R", "in", "--all-files", "-o", "out", "--on-conflict", "overwrite", "--trash"];
    let run = pixloom(&home, &args, 1);
    assert!(run.err.contains("can't be moved to the trash") && run.err.contains("without --trash"), "{run:?}");
    assert_eq!(fs::read(home.path("out/0/0.txt")).unwrap(), b"of the user");
    let temporaries = home.files("out").into_iter().filter(|name| name.contains(".pixloom")).count();
    assert_eq!(temporaries, 0);
}

#[test]
fn an_undo_or_redo_that_was_killed_between_moving_and_recording_is_finished_by_the_next_one() {
    let home = Home::new();
    replacing_job(&home, &["--trash"]);
    let results = contents(&home, "out");
    let sql = || rusqlite::Connection::open(home.path("c.sqlite")).unwrap();
    for is_redo in [false, true] {
        fs::copy(home.path("c.sqlite"), home.path("before.sqlite")).unwrap();
        let args: &[&str] = if is_redo { &["undo", "1", "--redo"] } else { &["undo", "1"] };
        pixloom(&home, args, 0);
        let (files, in_trash) = (contents(&home, "out"), trashed(&home));
        // The files are moved, but the catalog says only that they are about to be.
        fs::rename(home.path("before.sqlite"), home.path("c.sqlite")).unwrap();
        let about_to_be = if is_redo {
            "UPDATE undo_file SET state = 'returning'"
        } else {
            "INSERT INTO undo_file(job_id, seq, n, path, hash, bytes, state) \
             SELECT job_id, seq, 0, output, output_hash, bytes_out, 'moving' FROM item"
        };
        sql().execute(about_to_be, ()).unwrap();
        let again = pixloom(&home, args, 0);
        assert!(again.out.starts_with("4 results are"), "{again:?}");
        assert_eq!((contents(&home, "out"), trashed(&home)), (files, in_trash));
    }
    assert_eq!(contents(&home, "out"), results);
    pixloom(&home, &["undo", "1"], 0);
    assert_eq!(fs::read(home.path("out/0.txt")).unwrap(), b"of the user 0");
}

#[test]
fn an_undo_that_is_killed_at_any_point_loses_nothing_and_can_be_repeated() {
    const FILES: usize = 600;
    const KILLS: usize = 10;
    let home = Home::new();
    for n in (0..FILES).step_by(3) {
        home.file(&format!("out/{}/{n}.txt", n % 2), format!("of the user {n}"));
    }
    copy_job(&home, FILES, &["--on-conflict", "overwrite", "--trash"]);
    let before = contents(&home, "out");
    let all = |home: &Home| {
        let mut bytes: Vec<Vec<u8>> = contents(home, "out").into_values().collect();
        let trash = contents(home, "data/Trash/files").into_values();
        bytes.extend(trash.filter(|bytes| !bytes.is_empty()));
        bytes.sort();
        bytes
    };
    // Files may be moved while they are counted.
    let is_result = |n: &usize| {
        let file = home.path(&format!("out/{}/{n}.txt", n % 2));
        fs::read(file).is_ok_and(|bytes| bytes.starts_with(b"original"))
    };
    let results = || (0..FILES).filter(is_result).count();
    let expected = all(&home);
    assert_eq!(expected.len(), FILES + FILES / 3);
    for args in [&["undo", "1", "--json"][..], &["undo", "1", "--redo", "--json"]] {
        let is_redo = args.len() == 4;
        for kill in 1..=KILLS {
            let mut running = home.start(&[args, &CATALOG].concat());
            running.line();
            let enough = FILES * kill / (KILLS + 1);
            let until = std::time::Instant::now() + std::time::Duration::from_secs(60);
            let moved = || if is_redo { results() } else { FILES - results() };
            while moved() < enough {
                assert!(std::time::Instant::now() < until, "{} of {enough} are moved", moved());
            }
            running.kill();
            assert_eq!(all(&home), expected, "nothing is lost, and nothing is there twice");
        }
        let end = last(&pixloom(&home, args, 0));
        assert_eq!(end["stayed"], 0, "{end}");
        assert_eq!(all(&home), expected);
        assert_eq!(results(), if is_redo { FILES } else { 0 });
        assert_eq!(contents(&home, "out").len(), if is_redo { FILES } else { FILES / 3 });
    }
    assert_eq!(contents(&home, "out"), before);
}

#[test]
fn a_replaced_file_comes_back_even_if_the_result_was_removed_and_is_then_left_alone() {
    let home = Home::new();
    home.file("in/0.txt", "the same");
    home.file("out/0.txt", "the same");
    home.file("in/1.txt", "result");
    home.file("out/1.txt", "of the user");
    pixloom(&home, &["run", "in", "--all-files", "-o", "out", "--on-conflict", "overwrite", "--trash"], 0);
    for n in 0..2 {
        fs::remove_file(home.path(&format!("out/{n}.txt"))).unwrap();
    }
    let undo = pixloom(&home, &["undo", "1"], 1);
    assert!(undo.out.contains("2 files that results had replaced are back"), "{undo:?}");
    assert_eq!(undo.err.matches("is not there any more").count(), 2, "{undo:?}");
    for _ in 0..2 {
        assert_eq!(fs::read(home.path("out/0.txt")).unwrap(), b"the same");
        assert_eq!(fs::read(home.path("out/1.txt")).unwrap(), b"of the user");
        assert_eq!(trashed(&home), 0);
        pixloom(&home, &["undo", "1"], 1);
    }
    pixloom(&home, &["undo", "1", "--redo"], 0);
    assert_eq!(fs::read(home.path("out/0.txt")).unwrap(), b"the same");
}

#[test]
fn one_job_is_undone_by_one_process_at_a_time() {
    let home = Home::new();
    copy_job(&home, 600, &[]);
    let args = [&["undo", "1", "--json"][..], &CATALOG].concat();
    let both = [home.start(&args), home.start(&args)].map(super::program::Running::wait);
    let mut codes = both.iter().map(|output| output.code).collect::<Vec<_>>();
    codes.sort_unstable();
    // The second one is refused, or begins when the first has ended.
    assert!(codes == [0, 3] || codes == [0, 0], "{both:?}");
    let moved: u64 =
        both.iter().filter(|output| output.code == 0).map(|output| last(output)["results"].as_u64().unwrap()).sum();
    assert_eq!((moved, trashed(&home), home.files("out").len()), (600, 600, 0));
}

#[test]
fn a_job_that_runs_a_job_that_is_not_there_and_wrong_options_are_refused() {
    let home = Home::new();
    let missing = pixloom(&home, &["undo", "7"], 2);
    assert!(missing.err.contains("no job 7"), "{missing:?}");
    pixloom(&home, &["undo"], 2);
    pixloom(&home, &["undo", "1", "--redo", "--dry-run"], 2);
    // It waits for standard input.
    let file = home.file("in/a.txt", "a");
    let (running, mut input) = home.start_with_input(
        &[&["run", "--files", "-", "--all-files", "-o", "out", "--json=items"], &CATALOG[..]].concat(),
    );
    let mut running = running;
    std::io::Write::write_all(&mut input, format!("{}\n", file.display()).as_bytes()).unwrap();
    running.until(|event| event["event"] == "started");
    let locked = pixloom(&home, &["undo", "1"], 3);
    assert!(locked.err.contains("Job 1"), "{locked:?}");
    drop(input);
    running.wait().expect(0);
    pixloom(&home, &["undo", "1"], 0);
}

#[test]
fn results_of_a_job_that_was_killed_before_it_recorded_them_as_done_are_undone_too() {
    let home = Home::new();
    copy_job(&home, 3, &["--tree", "flat"]);
    let sql = rusqlite::Connection::open(home.path("c.sqlite")).unwrap();
    sql.execute("UPDATE item SET state = 'running', bytes_in = 0, bytes_out = 0, number = NULL WHERE seq = 2", ())
        .unwrap();
    sql.execute("UPDATE job SET state = 'running', done = 2, bytes_in = 20, bytes_out = 20", ()).unwrap();
    drop(sql);
    pixloom(&home, &["undo", "1"], 0);
    assert_eq!(trashed(&home), 3);
    pixloom(&home, &["resume", "1"], 0);
    pixloom(&home, &["undo", "1", "--redo"], 0);
    assert_eq!(home.files("out").len(), 3);
    let job = last(&pixloom(&home, &["jobs", "1", "--json"], 0));
    assert_eq!((&job["done"], &job["bytes_out"], &job["state"]), (&3.into(), &30.into(), &"done".into()), "{job}");
}
