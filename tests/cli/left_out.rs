//! What of a folder becomes an item, and that everything else is named: no image is lost silently.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::program::{Home, RunOutput, sample};

/// AVC in the container of HEIC.
const AVCI: &[u8] = b"\0\0\0\x1cftypavci\0\0\0\0mif1avci\0\0\0\0";

/// A folder of images under any names, images that can't be opened, and other files.
fn mixed_folder() -> Home {
    let home = Home::new();
    for name in ["a.jpg", "no-extension", "IMG_1.HEIC", "page.txt", "sub/deep.dat"] {
        home.sample("tulip-field.jpg", &format!("in/{name}"));
    }
    home.file("in/phone.heic", AVCI);
    home.file("in/camera.CR2", b"II*\0\x10\0\0\0CR\x02\0");
    home.file("in/cut.jpg", b"");
    home.file("in/also-heic", AVCI);
    home.file("in/notes.txt", "a text");
    home.file("in/sub/data.bin", b"\0\x01\x02\x03");
    home.file("in/.hidden.jpg", "hidden");
    home.file("in/.git/config", "[core]");
    home
}

fn ends(events: &[Value], key: &str, home: &Home) -> BTreeSet<String> {
    let root = home.path("in").canonicalize().unwrap();
    let relative = |event: &Value| {
        let path = std::path::PathBuf::from(event[key].as_str().unwrap());
        path.strip_prefix(&root).unwrap().display().to_string()
    };
    events.iter().map(relative).collect()
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

const FAILING: [&str; 4] = ["also-heic", "camera.CR2", "cut.jpg", "phone.heic"];
const IGNORED: [&str; 4] = [".git", ".hidden.jpg", "notes.txt", "sub/data.bin"];

#[test]
fn every_image_of_a_folder_has_a_record_whatever_its_name_and_everything_else_is_named() {
    let home = mixed_folder();
    let run = home.run(&["run", "-R", "in", "-o", "out", "-s", "resize:width=32", "--json"]).expect(1);
    assert_eq!(home.files("out"), set(&["IMG_1.jpg", "a.jpg", "no-extension.jpg", "page.jpg", "sub/deep.jpg"]));
    assert_eq!(ends(&run.events_of("failed"), "locator", &home), set(&FAILING));
    assert_eq!(ends(&run.events_of("ignored"), "path", &home), set(&IGNORED));
    let events = run.events();
    let first = events.iter().position(|event| event["event"] == "ignored").unwrap();
    assert!(first < events.len() - 1 && events[0]["event"] == "started", "{run:?}");
    let message = |name: &str| {
        let failed = run.events_of("failed");
        let found = failed.iter().find(|event| event["locator"].as_str().unwrap().ends_with(name));
        found.unwrap()["message"].as_str().unwrap().to_owned()
    };
    assert!(message("phone.heic").contains("AVC in HEIF images are not supported"), "{}", message("phone.heic"));
    assert!(message("camera.CR2").contains("raw"), "{}", message("camera.CR2"));
    assert!(run.err.contains("Skipped 2 files in ") && run.err.contains("Skipped 2 hidden files and folders"));
    let export = home.run(&["export", "1", "--format", "csv"]).expect(0);
    assert!(FAILING.iter().all(|name| export.out.contains(name)), "{export:?}");
}

#[test]
fn a_dry_run_and_verbose_name_the_same_files() {
    let home = mixed_folder();
    let options = ["run", "-R", "in", "-o", "out", "-s", "resize:width=32"];
    let plan = home.run(&[&options[..], &["--dry-run", "--json"]].concat()).expect(1);
    assert_eq!(ends(&plan.events_of("ignored"), "path", &home), set(&IGNORED));
    let failing: Vec<Value> = plan.events_of("planned").into_iter().filter(|event| !event["error"].is_null()).collect();
    assert_eq!(ends(&failing, "locator", &home), set(&FAILING));
    for dry in [&["--dry-run"][..], &[]] {
        let verbose = home.run(&[&options[..], &["-v"], dry].concat()).expect(1);
        let named = |name: &str, why: &str| verbose.err.contains(&format!("{name} ({why})"));
        assert!(named("notes.txt", "not an image") && named(".hidden.jpg", "hidden"), "{verbose:?}");
        assert!(named("sub/data.bin", "not an image") && named(".git", "hidden"), "{verbose:?}");
    }
    let usual = home.run(&options).expect(1);
    assert!(!usual.err.contains("notes.txt"), "{usual:?}");
}

#[test]
fn images_are_copied_even_if_they_cannot_be_decoded_and_all_files_copies_the_rest() {
    let home = mixed_folder();
    home.run(&["run", "-R", "in", "-o", "images"]).expect(0);
    let images = ["IMG_1.HEIC", "a.jpg", "also-heic", "camera.CR2", "cut.jpg", "no-extension.jpg", "page.txt"];
    assert_eq!(home.files("images"), set(&[&images[..], &["phone.heic", "sub/deep.dat"]].concat()));
    assert_eq!(std::fs::read(home.path("images/phone.heic")).unwrap(), AVCI);
    let all = home.run(&["run", "-R", "in", "-o", "all", "--all-files", "--json"]).expect(0);
    assert!(all.events_of("ignored").is_empty(), "{all:?}");
    let others = [".git/config", ".hidden.jpg", "notes.txt", "phone.heic", "sub/data.bin", "sub/deep.dat"];
    assert_eq!(home.files("all"), set(&[&images[..], &others].concat()));
}

#[test]
fn all_files_with_steps_processes_images_and_copies_what_is_none() {
    let home = Home::new();
    home.sample("tulip-field.jpg", "in/a");
    home.file("in/notes.txt", "a text");
    home.file("in/empty.txt", "");
    home.file("in/broken.jpg", "no image");
    let options = ["run", "in", "-o", "out", "--all-files", "-s", "resize:width=32", "--format", "png"];
    let plan = home.run(&[&options[..], &["--dry-run"]].concat()).expect(1);
    assert!(plan.out.contains("notes.txt -> ") && plan.out.contains("out/notes.txt"), "{plan:?}");
    let run = home.run(&options).expect(1);
    assert!(run.err.contains("broken.jpg"), "{run:?}");
    assert_eq!(home.files("out"), set(&["a.png", "empty.txt", "notes.txt"]));
    assert_eq!(std::fs::read(home.path("out/notes.txt")).unwrap(), b"a text");
    assert_eq!(std::fs::read(home.path("out/empty.txt")).unwrap(), b"");
}

#[cfg(unix)]
#[test]
fn a_pipe_in_a_folder_is_left_out_without_waiting_for_it() {
    let home = Home::new();
    home.sample("tulip-field.jpg", "in/a.jpg");
    for name in ["in/pipe", "in/pipe.jpg"] {
        let made = std::process::Command::new("mkfifo").arg(home.path(name)).status().unwrap();
        assert!(made.success());
    }
    let run = home.run(&["run", "in", "-o", "out", "--json"]).expect(0);
    assert_eq!(ends(&run.events_of("ignored"), "path", &home), set(&["pipe", "pipe.jpg"]));
}

#[test]
fn nothing_found_is_a_failure_with_a_sentence_unless_it_is_allowed() {
    let home = Home::new();
    home.file("empty.txt", "");
    home.file("comments.txt", "# no link\n\n");
    home.file("header.csv", "url,name\n");
    home.file("empty.jsonl", "");
    home.file("texts/notes.txt", "a text");
    home.sample("tulip-field.jpg", "below/sub/a.jpg");
    std::fs::create_dir(home.path("nothing")).unwrap();
    let run = |inputs: &[&str], more: &[&str]| home.run(&[&["run"], inputs, &["-o", "out"], more].concat());
    let cases: [(&[&str], &str); 8] = [
        (&["--files", "empty.txt"], "There are no paths in "),
        (&["--urls", "empty.txt"], "There are no links in "),
        (&["--urls", "comments.txt"], "There are no links in "),
        (&["--urls", "header.csv"], "There are no links in "),
        (&["--urls", "empty.jsonl"], "There are no links in "),
        (&["nothing"], "There are no images in "),
        (&["texts"], "There are no images in "),
        (&["below"], "only in its subfolders"),
    ];
    for (inputs, sentence) in cases {
        for dry in [&[][..], &["--dry-run"]] {
            let failed = run(inputs, dry).expect(1);
            assert!(failed.err.contains(sentence), "{inputs:?}: {failed:?}");
            assert!(failed.err.contains("Nothing was found to process") && failed.err.contains("--allow-empty"));
            let quiet = run(inputs, &[dry, &["-q"]].concat()).expect(1);
            assert_eq!(quiet.err.lines().count(), 1, "{quiet:?}");
            let allowed = run(inputs, &[dry, &["--allow-empty"]].concat()).expect(0);
            assert!(allowed.err.contains(sentence) && !allowed.err.contains("Nothing was found"), "{allowed:?}");
        }
    }
    let stdin =
        |more: &[&str], input: &str| home.run_with_input(&[&["run", "--urls", "-", "-o", "out"], more].concat(), input);
    let failed = stdin(&[], "").expect(1);
    assert!(failed.err.contains("There are no links on standard input"), "{failed:?}");
    stdin(&["--json"], "\n\n").expect(1);
    stdin(&["--allow-empty"], "").expect(0);
    let korean = run(&["nothing"], &["--lang", "ko"]).expect(1);
    assert!(korean.err.contains("처리할 것이 없습니다"), "{korean:?}");
}

#[test]
fn an_empty_source_beside_another_one_is_mentioned_but_no_failure() {
    let home = Home::new();
    home.sample("tulip-field.jpg", "in/a.jpg");
    home.file("empty.txt", "");
    let run = home.run(&["run", "in", "--urls", "empty.txt", "-o", "out"]).expect(0);
    assert!(run.err.contains("There are no links in "), "{run:?}");
}

/// A home whose folder `in` has two images, and one more below it.
fn input_folder() -> Home {
    let home = Home::new();
    for name in ["in/a.jpg", "in/b.jpg", "in/sub/c.jpg"] {
        home.file(name, sample("tulip-field.jpg"));
    }
    home
}

fn items(run: &RunOutput) -> u64 {
    run.events().last().unwrap()["done"].as_u64().unwrap()
}

#[test]
fn a_job_that_runs_again_does_not_process_its_own_results() {
    let home = input_folder();
    for n in 0..3 {
        let run = home.run(&["run", "-R", "in", "-o", "in/out", "--json"]).expect(0);
        assert_eq!(items(&run), 3, "run {n}: {run:?}");
        let ignored = run.events_of("ignored");
        assert_eq!(ignored.len(), usize::from(n > 0));
        assert!(n == 0 || run.err.contains("which holds results"), "{run:?}");
        assert!(ignored.iter().all(|event| event["reason"] == "result"), "{run:?}");
    }
    // Another output folder, another spelling of the input, and no plan either.
    for input in ["in", "in/", "./in", "in/../in"] {
        let plan = home.run(&["run", "-R", input, "-o", "in/other", "--dry-run", "--json"]).expect(0);
        assert_eq!(plan.events_of("planned").len(), 3, "{plan:?}");
    }
    let other = home.run(&["run", "-R", "in", "-o", "in/other", "--json"]).expect(0);
    assert_eq!((items(&other), other.events_of("ignored").len()), (3, 1), "{other:?}");
    let elsewhere = home.run(&["run", "-R", "in", "-o", "elsewhere", "--json"]).expect(0);
    assert_eq!((items(&elsewhere), elsewhere.events_of("ignored").len()), (3, 2), "{elsewhere:?}");
    assert_eq!(home.files("elsewhere"), set(&["a.jpg", "b.jpg", "sub/c.jpg"]));
}

#[test]
fn an_output_folder_that_exists_below_the_input_is_left_out_at_the_first_run() {
    let home = input_folder();
    home.sample("tulip-field.jpg", "in/out/old.jpg");
    let run = home.run(&["run", "-R", "in", "-o", "in/out", "--json"]).expect(0);
    assert_eq!(items(&run), 3, "{run:?}");
}

#[test]
fn a_folder_of_results_that_is_given_as_an_input_is_processed() {
    let home = input_folder();
    home.run(&["run", "-R", "in", "-o", "in/out"]).expect(0);
    let run = home.run(&["run", "-R", "in/out", "-o", "again", "--json"]).expect(0);
    assert_eq!((items(&run), run.events_of("ignored").len()), (3, 0), "{run:?}");
    let sub = home.run(&["run", "in/out/sub", "-o", "again", "--json"]).expect(0);
    assert_eq!(items(&sub), 1, "{sub:?}");
    // Given together, each once.
    let both = home.run(&["run", "-R", "in", "in/out", "-o", "both", "--json"]).expect(0);
    assert_eq!(items(&both), 6, "{both:?}");
}

#[test]
fn results_of_another_input_are_images_like_any_other() {
    let home = input_folder();
    home.sample("tulip-field.jpg", "camera/d.jpg");
    home.run(&["run", "camera", "-o", "in/from-camera"]).expect(0);
    let run = home.run(&["run", "-R", "in", "-o", "out", "--json"]).expect(0);
    assert_eq!((items(&run), run.events_of("ignored").len()), (4, 0), "{run:?}");
}

#[test]
fn results_among_the_inputs_themselves_are_left_out_one_by_one() {
    let home = input_folder();
    for n in 0..3 {
        let run = home.run(&["run", "-R", "in", "-o", "in", "-s", "resize:width=32", "--json"]).expect(0);
        assert_eq!((items(&run), run.events_of("ignored").len()), (3, 3 * n), "{run:?}");
        assert!(n == 0 || run.err.contains("results of earlier jobs"), "{run:?}");
    }
    // A new image is one, even under the name of a result.
    let changed = home.sample("tulip-field.jpg", "in/a (1).jpg");
    let later = filetime::FileTime::from_unix_time(filetime::FileTime::now().unix_seconds() + 3600, 0);
    filetime::set_file_mtime(changed, later).unwrap();
    let run = home.run(&["run", "-R", "in", "-o", "out", "--json"]).expect(0);
    assert_eq!((items(&run), run.events_of("ignored").len()), (4, 8), "{run:?}");
}

#[cfg(unix)]
#[test]
fn an_output_folder_is_recognised_through_links() {
    let home = input_folder();
    std::os::unix::fs::symlink(home.path("in"), home.path("link")).unwrap();
    home.run(&["run", "-R", "link", "-o", "link/out"]).expect(0);
    let run = home.run(&["run", "-R", "in", "-o", "elsewhere", "--json"]).expect(0);
    assert_eq!((items(&run), run.events_of("ignored").len()), (3, 1), "{run:?}");
}

#[test]
fn results_are_recognised_whichever_folder_the_program_was_started_in() {
    let home = input_folder();
    let run = home.run_in("in", &["run", "-R", ".", "-o", ".", "-s", "resize:width=32", "--json"]).expect(0);
    assert_eq!(items(&run), 3, "{run:?}");
    let run = home.run(&["run", "-R", "in", "-o", "in", "-s", "resize:width=32", "--json"]).expect(0);
    assert_eq!((items(&run), run.events_of("ignored").len()), (3, 3), "{run:?}");
    let run = home.run_in("in/sub", &["run", "..", "-R", "-o", "../out", "--json"]).expect(0);
    assert_eq!((items(&run), run.events_of("ignored").len()), (3, 6), "{run:?}");
    // For a job over the folder above, `in` is an input and no folder of results.
    let above = home.run(&["run", "-R", ".", "-o", "above", "--json"]).expect(0);
    assert!(
        above.events_of("ignored").iter().all(|file| !file["path"].as_str().unwrap().ends_with("/in")),
        "{above:?}"
    );
    assert!(items(&above) >= 3, "{above:?}");
}

#[cfg(unix)]
#[test]
fn links_in_a_circle_fail_in_plain_words_in_both_languages() {
    let home = Home::new();
    home.sample("tulip-field.jpg", "in/a.jpg");
    std::os::unix::fs::symlink("loop.jpg", home.path("in/loop.jpg")).unwrap();
    let run = home.run(&["run", "in", "-o", "out"]).expect(1);
    assert!(run.err.contains("loop.jpg") && run.err.contains("its links lead in a circle"), "{run:?}");
    let korean = home.run(&["run", "in", "-o", "out", "--lang", "ko"]).expect(1);
    assert!(korean.err.contains("링크가 서로를") && !korean.err.contains("symbolic"), "{korean:?}");
}
