//! Lists of local paths, and one image through standard input and output.

use pixloom::codec;

use crate::program::{Home, sample};
use crate::util::server::{Answer, Server, ok, status};

fn size_of(bytes: &[u8]) -> (u32, u32) {
    let info = codec::probe(bytes).unwrap().info;
    (info.width_px, info.height_px)
}

#[test]
fn an_image_goes_through_standard_input_and_output_and_leaves_no_record() {
    let home = Home::new();
    let args = ["run", "-", "-s", "resize:width=40", "--format", "png", "-o", "-"];
    let (code, out, err) = home.pipe(&sample("tulip-field.jpg"), &args);
    assert_eq!((code, size_of(&out), &out[1..4]), (0, (40, 27), &b"PNG"[..]), "{err}");
    assert!(err.contains("1 saved"), "{err}");
    assert!(home.files("").is_empty(), "{:?}", home.files(""));
    // A copy has the same bytes, and quiet means quiet.
    let (code, out, err) = home.pipe(&sample("orange-slice.png"), &["run", "-", "-o", "-", "--quiet"]);
    assert_eq!((code, out, err.as_str()), (0, sample("orange-slice.png"), ""));
}

#[test]
fn a_file_or_a_link_can_go_to_standard_output_and_an_image_from_standard_input_to_a_folder() {
    let home = Home::new();
    let jpeg = sample("tulip-field.jpg");
    home.file("a.jpg", &jpeg);
    let (code, out, _) = home.pipe(b"", &["run", "a.jpg", "-s", "resize:width=30", "-o", "-"]);
    assert_eq!((code, size_of(&out).0), (0, 30));
    let body = jpeg.clone();
    let server = Server::start(move |_| -> Answer { ok(body.clone(), "image/jpeg") });
    let (code, out, err) = home.pipe(b"", &["run", &server.url("/x"), "-o", "-"]);
    assert_eq!((code, out), (0, jpeg.clone()), "{err}");
    let (code, out, err) = home.pipe(&jpeg, &["run", "-", "-o", "out", "-s", "flip"]);
    assert!(code == 0 && String::from_utf8_lossy(&out).contains("1 saved"), "{err}");
    assert_eq!(home.files("out").into_iter().collect::<Vec<_>>(), ["stdin.jpg"]);
    assert!(home.run(&["jobs"]).expect(0).out.contains("done"));
}

#[test]
fn a_failure_in_a_pipe_writes_nothing_and_says_why() {
    let home = Home::new();
    let (code, out, err) = home.pipe(b"no image", &["run", "-", "-s", "flip", "-o", "-"]);
    assert!(code == 1 && out.is_empty() && err.contains("not an image"), "{code} {err}");
    assert!(!err.contains("pixloom resume"), "there is no job to resume: {err}");
    let (code, out, _) = home.pipe(b"", &["run", "-", "-s", "flip", "-o", "-"]);
    assert!(code == 1 && out.is_empty());
    let server = Server::start(|_| -> Answer { status(404) });
    let (code, out, err) = home.pipe(b"", &["run", &server.url("/x"), "-o", "-"]);
    assert!(code == 1 && out.is_empty() && err.contains("404"), "{err}");
    home.sample("tulip-field.jpg", "in/a.jpg");
    home.sample("tulip-field.jpg", "in/b.jpg");
    for args in [&["run", "in", "-o", "-"][..], &["run", "in/a.jpg", "in/b.jpg", "-o", "-"]] {
        let (code, out, err) = home.pipe(b"", args);
        assert!(code == 2 && out.is_empty() && err.contains("only one result"), "{err}");
    }
    assert_eq!(home.pipe(b"", &["run", "in/a.jpg", "-o", "-", "--json"]).0, 2);
    assert_eq!(home.pipe(b"", &["run", "-", "--files", "-", "-o", "out"]).0, 2);
    assert_eq!(home.pipe(b"", &["run", "--urls", "-", "--files", "-", "-o", "out"]).0, 2);
}

#[cfg(target_os = "linux")]
#[test]
fn a_reader_that_cannot_take_the_result_is_reported() {
    let home = Home::new();
    home.sample("tulip-field.jpg", "a.jpg");
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let (code, err) = home.run_into(full, &["run", "a.jpg", "-o", "-"]);
    assert!(code == Some(3) && err.contains("standard output"), "{code:?} {err}");
}

#[test]
fn files_are_listed_by_lines_or_by_nul_in_a_file_or_on_standard_input() {
    let home = Home::new();
    for name in ["one.jpg", "two words.jpg", "한글.jpg"] {
        home.sample("tulip-field.jpg", &format!("in/{name}"));
    }
    home.file("list.txt", "in/one.jpg\r\n\r\nin/two words.jpg\r\nin/none.jpg\r\n");
    let run = home.run(&["run", "--files", "list.txt", "-o", "o1"]).expect(1);
    assert!(run.err.contains("none.jpg") && run.out.contains("2 saved, 1 failed"), "{run:?}");
    assert_eq!(home.files("o1").into_iter().collect::<Vec<_>>(), ["one.jpg", "two words.jpg"]);
    let nul = format!("in/one.jpg\0{}\0", home.path("in/한글.jpg").display());
    home.run_with_input(&["run", "--files", "-", "-o", "o2"], &nul).expect(0);
    assert_eq!(home.files("o2").into_iter().collect::<Vec<_>>(), ["one.jpg", "한글.jpg"]);
    let plan = home.run_with_input(&["run", "--files", "-", "-o", "o3", "--dry-run"], &nul).expect(0);
    assert!(plan.out.contains("2 items to"), "{plan:?}");
    assert!(home.run(&["run", "--files", "no.txt", "-o", "o4"]).expect(2).err.contains("no.txt"));
    // Next to the list, without --out.
    home.file("lists/l.txt", format!("{}\n", home.path("in/one.jpg").display()));
    home.run(&["run", "--files", "lists/l.txt"]).expect(0);
    assert!(home.path("lists-pixloom/one.jpg").exists());
}

#[test]
fn a_listed_input_is_never_replaced() {
    let home = Home::new();
    let (first, second) = (sample("tulip-field.jpg"), sample("paper-hills-portrait.jpg"));
    home.file("in/a.jpg", &first);
    home.file("out/b.jpg", &second);
    // The first result would be called b.jpg, which is an input further down.
    home.file("list.txt", format!("in/a.jpg\n{}out/b.jpg\n", "in/a.jpg\n".repeat(3)));
    let args = ["run", "--files", "list.txt", "-o", "out", "--on-conflict", "overwrite", "--name", "b"];
    home.run(&[&args[..], &["-s", "resize:width=50"]].concat()).expect(1);
    assert_eq!(std::fs::read(home.path("out/b.jpg")).unwrap(), second);
}

#[test]
fn a_job_of_a_list_of_files_continues_after_an_interruption_from_any_folder() {
    let home = Home::new();
    for n in 0..3 {
        home.sample("tulip-field.jpg", &format!("work/in/{n}.jpg"));
    }
    home.file("work/in/1.jpg", "no image");
    home.file("work/list.txt", "in/0.jpg\nin/1.jpg\nin/2.jpg\n");
    home.run_in(
        "work",
        &["run", "--files", "list.txt", "-o", "out", "-s", "flip", "--max-failures", "0", "--workers", "1"],
    )
    .expect(3);
    home.sample("tulip-field.jpg", "work/in/1.jpg");
    home.file("elsewhere/x", "");
    home.run_in("elsewhere", &["resume"]).expect(1);
    home.run_in("elsewhere", &["retry", "1"]).expect(0);
    assert_eq!(home.files("work/out").into_iter().collect::<Vec<_>>(), ["0.jpg", "1.jpg", "2.jpg"]);
}

#[test]
fn the_image_from_standard_input_is_called_that_in_every_report() {
    let home = Home::new();
    let (code, _, err) = home.pipe(b"no image", &["run", "-", "-s", "flip", "-o", "-"]);
    assert!(code == 1 && err.contains("Couldn't open standard input: it is not an image"), "{err}");
    assert!(!err.contains("Original untouched") && !err.contains(".pixloom"), "{err}");
    let (_, _, err) = home.pipe(b"no image", &["run", "-", "-s", "flip", "-o", "-", "--lang", "ko"]);
    assert!(err.contains("표준 입력: 이미지가 아닙니다") && !err.contains(".pixloom"), "{err}");
    let (_, out, _) = home.pipe(b"no image", &["run", "-", "-s", "flip", "-o", "out", "--json=items"]);
    let out = String::from_utf8(out).unwrap();
    assert!(out.contains("\"locator\":\"-\"") && !out.contains(".pixloom"), "{out}");
    let export = home.run(&["export", "1", "--format", "csv"]).expect(0).out;
    assert!(export.contains("1,1,-,failed,") && !export.contains(".pixloom"), "{export}");
    let image = sample("tulip-field.jpg");
    let (_, _, err) = home.pipe(&image, &["run", "-", "-s", "flip", "-o", "-", "-v"]);
    assert!(err.contains("stdin -> standard output (") && !err.contains(".pixloom"), "{err}");
    let (code, out, _) = home.pipe(&image, &["run", "-", "-s", "flip", "-o", "-", "--dry-run"]);
    let out = String::from_utf8(out).unwrap();
    assert!(
        code == 0 && out.contains("stdin -> standard output") && out.contains("1 item to standard output"),
        "{out}"
    );
}

#[test]
fn an_empty_standard_input_is_nothing_found() {
    let home = Home::new();
    for args in [&["run", "-", "-o", "-"][..], &["run", "-", "-o", "out"], &["run", "-", "-o", "-", "--dry-run"]] {
        let (code, out, err) = home.pipe(b"", args);
        assert!(code == 1 && out.is_empty() && err.contains("Standard input is empty"), "{args:?} {code} {err}");
        assert_eq!(home.pipe(b"", &[args, &["--allow-empty"]].concat()).0, 0);
    }
    assert!(home.files("").is_empty(), "{:?}", home.files(""));
}

#[test]
fn the_result_of_standard_input_is_saved_near_the_current_folder() {
    let home = Home::new();
    home.file("work/x", "");
    let input = sample("tulip-field.jpg");
    let work = home.path("work");
    let (code, out, err) = home.pipe_in(&work, &input, &["run", "-", "-s", "flip"]);
    assert!(code == 0, "{err}");
    let out = String::from_utf8(out).unwrap();
    assert!(out.contains("work-pixloom"), "{out}");
    assert!(home.files("work-pixloom").contains("stdin.jpg"), "{:?}", home.files(""));
}

#[test]
fn what_is_no_list_of_paths_is_refused_and_its_odd_lines_are_explained() {
    let home = Home::new();
    home.sample("tulip-field.jpg", "in/a.jpg");
    home.file("utf16.txt", b"\xff\xfei\0n\0");
    for list in ["in/a.jpg", "utf16.txt"] {
        let refused = home.run(&["run", "--files", list, "-o", "out"]).expect(2);
        assert!(refused.err.contains("is not a list of paths"), "{refused:?}");
    }
    let (code, _, err) = home.pipe(&sample("tulip-field.jpg"), &["run", "--files", "-", "-o", "out"]);
    assert!(code != 0 && err.contains("standard input is not a list of paths"), "{err}");
    home.file("list.txt", "in\nhttp://h.example/a.jpg\n   \nin/a.jpg\n");
    let run = home.run(&["run", "--files", "list.txt", "-o", "out"]).expect(1);
    assert!(run.out.contains("1 saved, 2 failed"), "{run:?}");
    assert!(run.err.contains("folders are inputs of their own") && run.err.contains("read with --urls"), "{run:?}");
    let unnamed = home.run(&["run", "--files", "", "-o", "out"]).expect(2);
    assert!(unnamed.err.contains("The name of the list is empty"), "{unnamed:?}");
    assert!(home.run(&["run", "", "-o", "out"]).expect(2).err.contains("One of the inputs is empty"));
}

#[test]
fn files_that_are_named_more_than_once_are_processed_once() {
    let home = Home::new();
    home.sample("tulip-field.jpg", "in/a.jpg");
    home.sample("paper-hills-portrait.jpg", "in/b.jpg");
    home.file("list.txt", "in/a.jpg\n./in/a.jpg\nin/../in/b.jpg\nin/b.jpg\nin/a.jpg\n");
    let states = |job: &str| -> Vec<(String, String)> {
        let rows = home.run(&["export", job, "--format", "jsonl"]).expect(0).events();
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let output = |row: &serde_json::Value| text(&row["output"]).rsplit('/').next().unwrap_or_default().to_owned();
        rows.iter().map(|row| (format!("{}{}", text(&row["state"]), text(&row["reason"])), output(row))).collect()
    };
    let expected = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs.iter().map(|(state, output)| ((*state).to_owned(), (*output).to_owned())).collect()
    };
    let plan = home.run(&["run", "--files", "list.txt", "-o", "o1", "-s", "flip", "--dry-run"]).expect(0);
    assert_eq!(plan.out.matches("the same file came earlier").count(), 3, "{plan:?}");
    home.run(&["run", "--files", "list.txt", "-o", "o1", "-s", "flip"]).expect(0);
    let (a, b) = (("done", "a.jpg"), ("done", "b.jpg"));
    let (again_a, again_b) = (("skippedduplicate", "a.jpg"), ("skippedduplicate", "b.jpg"));
    assert_eq!(states("1"), expected(&[a, again_a, b, again_b, again_a]));
    assert_eq!(home.files("o1").into_iter().collect::<Vec<_>>(), ["a.jpg", "b.jpg"]);
    // Arguments, with a folder that holds the file as well.
    home.run(&["run", "in/a.jpg", "in/a.jpg", "in", "-o", "o2"]).expect(0);
    assert_eq!(states("2"), expected(&[a, again_a, again_a, b]));
    // A name of its own makes a result of its own.
    home.run(&["run", "in/a.jpg", "in/a.jpg", "-o", "o3", "--name", "{index}"]).expect(0);
    assert_eq!(states("3"), expected(&[("done", "1.jpg"), ("done", "2.jpg")]));
    // A failure is that of every row, and so is a retry that succeeds.
    home.file("in/a.jpg", "no image");
    home.run(&["run", "--files", "list.txt", "-o", "o4", "-s", "flip"]).expect(1);
    assert_eq!(states("4"), expected(&[("failed", ""), ("failed", ""), b, again_b, ("failed", "")]));
    home.sample("tulip-field.jpg", "in/a.jpg");
    home.run(&["retry", "4"]).expect(0);
    assert_eq!(states("4"), expected(&[a, again_a, b, again_b, again_a]));
}

#[cfg(unix)]
#[test]
fn a_list_that_cannot_be_read_to_its_end_pauses_its_job() {
    let home = Home::new();
    home.sample("tulip-field.jpg", "in/a.jpg");
    home.file("list.txt", format!("in/a.jpg\n{}\nin/a.jpg\n", "x".repeat(70_000)));
    let run = home.run(&["run", "--files", "list.txt", "-o", "out"]).expect(3);
    assert!(run.err.contains("list.txt") && run.err.contains("pixloom resume 1"), "{run:?}");
    assert!(home.run(&["jobs", "1"]).expect(0).out.contains("paused"));
}

/// Waits until so many results are in `out`.
#[cfg(unix)]
fn wait_for_results(home: &Home, count: usize) {
    let until = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while home.files("out").iter().filter(|name| name.ends_with(".txt")).count() < count {
        assert!(std::time::Instant::now() < until, "{:?}", home.files("out"));
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

#[cfg(unix)]
#[test]
fn a_list_of_files_in_a_named_pipe_is_processed_while_it_is_written_and_can_be_interrupted() {
    use std::io::Write;
    let home = Home::new();
    for name in ["a", "b", "c"] {
        home.file(&format!("in/{name}.txt"), name);
    }
    let pipe = home.path("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let args = ["run", "--files", "pipe", "--all-files", "--tree", "flat", "-o", "out"];
    let running = home.start(&args);
    let mut list = std::fs::OpenOptions::new().write(true).open(&pipe).unwrap();
    writeln!(list, "in/a.txt").unwrap();
    wait_for_results(&home, 1);
    writeln!(list, "in/b.txt\nin/c.txt").unwrap();
    drop(list);
    running.wait().expect(0);
    assert_eq!(home.files("out").len(), 3);
    // Neither a writer that sends nothing nor one that never comes keeps the program from ending.
    let silent = home.start(&args);
    let list = std::fs::OpenOptions::new().write(true).open(&pipe).unwrap();
    silent.interrupt();
    silent.wait().expect(130);
    drop(list);
    let mut alone = home.start(&[&args[..], &["--json"]].concat());
    alone.until(|event| event["event"] == "started");
    alone.interrupt();
    alone.wait().expect(130);
}
