//! Watched folders: every image that appears is processed once, when it is complete.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::PathBuf;

use crate::program::{Home, RunOutput, Running, is_full_size};
use serde_json::Value;

/// Something to do, so that a file that is no image fails.
const STEP: [&str; 2] = ["-s", "resize:long_edge=16"];

/// A watch that is being followed.
struct Watch {
    running: Running,
    /// The last counts that it reported.
    done: u64,
    failed: u64,
}

impl Watch {
    fn start(home: &Home, options: &[&str]) -> Self {
        let args = [&["watch", "in", "-o", "out", "--json=items"], &STEP[..], options].concat();
        Self::follow(home.start(&args))
    }

    fn follow(mut running: Running) -> Self {
        running.until(|event| event["event"] == "started" && event["total"].is_null());
        Self { running, done: 0, failed: 0 }
    }

    /// Waits for the end of an item of this name.
    fn until_item(&mut self, name: &str, state: &str) {
        let is_meant = |event: &Value| {
            event["event"] == "item"
                && event["state"] == state
                && event["locator"].as_str().is_some_and(|locator| locator.ends_with(name))
        };
        self.running.until(is_meant);
    }

    /// Waits for so many finished items since the start of the job.
    fn until_finished(&mut self, done: u64, failed: u64) {
        let counts = |event: &Value| (event["done"].as_u64(), event["failed"].as_u64());
        if (self.done, self.failed) != (done, failed) {
            self.running.until(|event| event["event"] == "progress" && counts(event) == (Some(done), Some(failed)));
        }
        (self.done, self.failed) = (done, failed);
    }

    fn stop(self) -> RunOutput {
        self.running.interrupt();
        self.running.wait().expect(0)
    }
}

/// What is new is taken once.
fn once(home: &Home, options: &[&str]) -> RunOutput {
    home.run(&[&["watch", "in", "-o", "out", "--once", "--json=items"], &STEP[..], options].concat())
}

fn home() -> Home {
    let home = Home::new();
    fs::create_dir(home.path("in")).unwrap();
    home
}

fn image() -> Vec<u8> {
    image_of(0)
}

/// An image of 64 x 48 px, one of each number.
fn image_of(number: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 64, 48);
    encoder.set_color(png::ColorType::Rgb);
    let pixels: Vec<u8> = (0..64 * 48 * 3_u32).map(|at| (at * 7 + u32::from(number) * 31) as u8).collect();
    encoder.write_header().and_then(|mut writer| writer.write_image_data(&pixels)).unwrap();
    bytes
}

/// How often each file was processed to its end.
fn times_processed(outputs: &[&RunOutput]) -> BTreeMap<String, usize> {
    let mut times = BTreeMap::new();
    for event in outputs.iter().flat_map(|output| output.events_of("item")) {
        let name = PathBuf::from(event["locator"].as_str().unwrap());
        *times.entry(name.file_name().unwrap().to_string_lossy().into_owned()).or_default() += 1;
    }
    times
}

fn each_once(names: &[&str]) -> BTreeMap<String, usize> {
    names.iter().map(|name| ((*name).to_owned(), 1)).collect()
}

#[test]
fn images_that_are_there_and_that_appear_are_processed_once_and_ctrl_c_is_the_normal_end() {
    let home = home();
    home.file("in/a.png", image());
    home.file("in/notes.txt", "no image");
    home.file("in/.hidden.png", image());
    home.file("in/below/c.png", image());
    let mut watch = Watch::start(&home, &[]);
    watch.until_item("a.png", "done");
    home.file("in/b.png", image());
    watch.until_item("b.png", "done");
    let text = home.run(&["jobs"]).expect(0).out;
    assert!(text.contains("watching"), "{text}");
    let output = watch.stop();
    assert_eq!(times_processed(&[&output]), each_once(&["a.png", "b.png"]));
    let end = output.events().pop().unwrap();
    assert_eq!((&end["event"], &end["done"], &end["failed"]), (&"finished".into(), &2.into(), &0.into()));
    assert!(output.err.contains("Stopped watching. Continue with: pixloom resume 1"), "{output:?}");
    assert_eq!(home.files("out"), ["a.png", "b.png"].map(str::to_owned).into());
    assert!(home.run(&["jobs", "1"]).expect(0).out.contains("Job 1: paused"));
    assert!(home.run(&["resume"]).expect(0).err.contains("Nothing to resume"), "a watch is not an interrupted job");
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_is_being_written_is_taken_when_it_is_closed() {
    let home = home();
    let mut watch = Watch::start(&home, &[]);
    home.file("in/first.png", image());
    watch.until_item("first.png", "done");
    let bytes = image();
    let (half, rest) = bytes.split_at(bytes.len() / 2);
    let mut file = File::create(home.path("in/slow.png")).unwrap();
    file.write_all(half).unwrap();
    // Whole files that are written later are taken before it.
    for n in 0..3 {
        home.file(&format!("in/{n}.png"), &bytes);
        watch.until_item(&format!("{n}.png"), "done");
    }
    file.write_all(rest).unwrap();
    drop(file);
    watch.until_item("slow.png", "done");
    let output = watch.stop();
    assert_eq!(times_processed(&[&output]), each_once(&["0.png", "1.png", "2.png", "first.png", "slow.png"]));
    assert_eq!(crate::program::size_px(&home.path("out/slow.png")), (16, 12));
}

#[test]
fn a_file_that_gets_its_name_when_it_is_complete_is_taken_and_its_temporary_is_not() {
    let home = home();
    let mut watch = Watch::start(&home, &[]);
    for (temporary, name) in [(".a.png.Xy12", "a.png"), ("b.png.part", "b.png"), ("c.png.crdownload", "c.png")] {
        let temporary = home.file(&format!("in/{temporary}"), image());
        fs::rename(temporary, home.path("in").join(name)).unwrap();
        watch.until_item(name, "done");
    }
    // From elsewhere.
    let elsewhere = home.file("elsewhere.png", image());
    fs::rename(elsewhere, home.path("in/d.png")).unwrap();
    watch.until_item("d.png", "done");
    // A browser keeps the name with an empty file first.
    home.file("in/e.png", "");
    home.file("in/f.png", image());
    watch.until_item("f.png", "done");
    home.file("in/e.png.part", image());
    fs::rename(home.path("in/e.png.part"), home.path("in/e.png")).unwrap();
    watch.until_item("e.png", "done");
    let names = ["a.png", "b.png", "c.png", "d.png", "e.png", "f.png"];
    assert_eq!(times_processed(&[&watch.stop()]), each_once(&names));
}

#[test]
fn once_takes_what_is_new_and_the_next_time_only_what_is_newer() {
    let home = home();
    let empty = once(&home, &[]).expect(0);
    assert_eq!(times_processed(&[&empty]), BTreeMap::new());
    home.file("in/a.png", image());
    home.file("in/b.png", "broken");
    let first = once(&home, &[]).expect(1);
    assert_eq!(times_processed(&[&first]), each_once(&["a.png", "b.png"]));
    // What failed before is no failure of this run.
    let second = once(&home, &[]).expect(0);
    assert_eq!(times_processed(&[&second]), BTreeMap::new());
    home.file("in/c.png", image());
    let third = once(&home, &[]).expect(0);
    assert_eq!(times_processed(&[&third]), each_once(&["c.png"]));
    assert_eq!(third.events().pop().unwrap()["job"], 1, "it is one job");
    // Another request is another job.
    let other = home.run(&["watch", "in", "-o", "small", "-s", "resize:long_edge=20", "--once", "--json=items"]);
    assert_eq!(times_processed(&[&other.expect(1)]), each_once(&["a.png", "b.png", "c.png"]));
}

#[test]
fn a_restart_neither_repeats_nor_forgets() {
    let home = home();
    for name in ["in/a.png", "in/b.png"] {
        home.file(name, image());
    }
    let mut watch = Watch::start(&home, &[]);
    watch.until_finished(2, 0);
    let first = watch.stop();
    home.file("in/c.png", image());
    // By the same command, and by its number.
    let mut watch = Watch::start(&home, &["--workers", "1"]);
    watch.until_item("c.png", "done");
    let second = watch.stop();
    home.file("in/d.png", image());
    let mut watch = Watch::follow(home.start(&["resume", "1", "--json=items"]));
    watch.until_item("d.png", "done");
    let third = watch.stop();
    assert_eq!(times_processed(&[&first, &second, &third]), each_once(&["a.png", "b.png", "c.png", "d.png"]));
    assert_eq!(home.files("out").len(), 4);
}

#[test]
fn a_renamed_file_is_not_processed_again_whether_or_not_it_is_watched_meanwhile() {
    let home = home();
    home.file("in/a.png", image());
    home.file("in/sub/b.png", image_of(7));
    let mut watch = Watch::start(&home, &["-R"]);
    watch.until_finished(2, 0);
    fs::rename(home.path("in/a.png"), home.path("in/a2.png")).unwrap();
    fs::rename(home.path("in/sub"), home.path("in/moved")).unwrap();
    home.file("in/new.png", image());
    watch.until_item("new.png", "done");
    let first = watch.stop();
    fs::rename(home.path("in/a2.png"), home.path("in/a3.png")).unwrap();
    fs::rename(home.path("in/moved/b.png"), home.path("in/b.png")).unwrap();
    // A copy is another image, and so is other content under a known name.
    fs::copy(home.path("in/a3.png"), home.path("in/copy.png")).unwrap();
    fs::write(home.path("in/new.png"), image_of(7)).unwrap();
    let second = once(&home, &["-R"]).expect(0);
    assert_eq!(times_processed(&[&first]), each_once(&["a.png", "b.png", "new.png"]));
    assert_eq!(times_processed(&[&second]), each_once(&["copy.png", "new.png"]));
    let job = home.run(&["jobs", "1", "--json"]).expect(0).events().pop().unwrap();
    assert_eq!(job["total"], 5);
}

#[test]
fn a_failed_file_is_processed_again_when_it_changes() {
    let home = home();
    home.file("in/a.png", "broken");
    let mut watch = Watch::start(&home, &[]);
    watch.until_item("a.png", "failed");
    home.file("in/a.png", image());
    watch.until_item("a.png", "done");
    let output = watch.stop();
    assert_eq!(output.events().pop().unwrap()["failed"], 0, "{output:?}");
    assert_eq!(home.files("out").len(), 1);
    // While nobody was watching.
    home.file("in/b.png", "broken as well");
    once(&home, &[]).expect(1);
    home.file("in/b.png", image());
    let output = once(&home, &[]).expect(0);
    assert_eq!(times_processed(&[&output]), each_once(&["b.png"]));
}

#[test]
fn results_below_the_folder_are_never_taken_its_own_and_those_of_others() {
    let home = home();
    home.file("in/a.png", image());
    let args = ["watch", "in", "-R", "-o", "in/out", "--json=items", "--format", "png"];
    let mut watch = Watch::follow(home.start(&args));
    watch.until_finished(1, 0);
    // Another job, which began after it.
    home.run(&["run", "in/a.png", "-o", "in/other", "-s", "resize:long_edge=30"]).expect(0);
    home.run(&["run", "in", "-o", "in/folder", "--format", "webp"]).expect(0);
    home.file("in/sub/b.png", image());
    watch.until_item("b.png", "done");
    let first = watch.stop();
    let second = home.run(&[&args[..], &["--once"]].concat()).expect(0);
    let names = each_once(&["a.png", "b.png"]);
    assert_eq!(times_processed(&[&first, &second]), names);
    // Into the folder itself.
    let home = self::home();
    home.file("in/a.png", image());
    let args = ["watch", "in", "-o", "in", "--json=items", "--format", "png"];
    let mut watch = Watch::follow(home.start(&args));
    watch.until_finished(1, 0);
    home.file("in/b.png", image());
    watch.until_item("b.png", "done");
    let first = watch.stop();
    let second = home.run(&[&args[..], &["--once"]].concat()).expect(0);
    assert_eq!(times_processed(&[&first, &second]), names);
}

#[test]
fn a_burst_of_files_is_taken_whole_and_new_subfolders_are_watched() {
    let home = home();
    let mut watch = Watch::start(&home, &["-R"]);
    let files = if is_full_size() { 20_000 } else { 2_000 };
    let bytes = image_of(7);
    for n in 0..files {
        home.file(&format!("in/{}/{n}.png", n % 20), &bytes);
    }
    watch.until_finished(files, 0);
    let output = watch.stop();
    let times = times_processed(&[&output]);
    assert_eq!((times.len() as u64, times.values().max()), (files, Some(&1)));
    assert_eq!(home.files("out").len() as u64, files);
}

#[test]
fn two_folders_are_watched_by_one_job_and_keep_their_names() {
    let home = home();
    fs::create_dir(home.path("second")).unwrap();
    let mut watch = Watch::follow(home.start(&["watch", "in", "second", "-o", "out", "--json=items"]));
    home.file("in/a.png", image());
    watch.until_item("a.png", "done");
    home.file("second/a.png", image());
    watch.until_finished(2, 0);
    let output = watch.stop();
    assert_eq!(times_processed(&[&output]).get("a.png"), Some(&2));
    assert_eq!(home.files("out"), ["in/a.png", "second/a.png"].map(str::to_owned).into());
    // One folder within the other gives each file once.
    home.file("in/below/b.png", image());
    let output = home.run(&["watch", "in", "in/below", "-R", "-o", "out2", "--once", "--json=items"]).expect(0);
    assert_eq!(times_processed(&[&output]), each_once(&["a.png", "b.png"]));
}

#[test]
fn a_folder_that_disappears_and_returns_is_watched_again() {
    let home = home();
    home.file("in/a.png", image());
    let mut watch = Watch::start(&home, &[]);
    watch.until_item("a.png", "done");
    fs::rename(home.path("in"), home.path("away")).unwrap();
    watch.running.until_error("is not there. Pixloom waits until it is back");
    home.file("away/b.png", image());
    fs::rename(home.path("away"), home.path("in")).unwrap();
    watch.until_item("b.png", "done");
    // Deleted, and another one in its place, which often has the same number in the file system.
    for [first, second] in [["c.png", "d.png"], ["e.png", "f.png"], ["g.png", "h.png"]] {
        fs::remove_dir_all(home.path("in")).unwrap();
        home.file(&format!("in/{first}"), image());
        watch.until_item(first, "done");
        home.file(&format!("in/{second}"), image());
        watch.until_item(second, "done");
    }
    let output = watch.stop();
    assert!(output.err.contains("is back"), "{output:?}");
    let all = ["a.png", "b.png", "c.png", "d.png", "e.png", "f.png", "g.png", "h.png"];
    assert_eq!(times_processed(&[&output]), each_once(&all));
    assert_eq!(output.events().pop().unwrap()["failed"], 0);
}

#[test]
fn folders_are_looked_through_at_intervals_on_request() {
    let home = home();
    let mut watch = Watch::start(&home, &["--poll", "1s", "-R"]);
    home.file("in/a.png", image());
    watch.until_item("a.png", "done");
    let bytes = image();
    let (half, rest) = bytes.split_at(bytes.len() / 2);
    let mut file = File::create(home.path("in/sub.png")).unwrap();
    file.write_all(half).unwrap();
    home.file("in/below/b.png", &bytes);
    watch.until_item("b.png", "done");
    file.write_all(rest).unwrap();
    drop(file);
    // Nothing says that a slow writer has ended: it may have been taken too early, and is then taken again.
    watch.until_item("sub.png", "done");
    fs::rename(home.path("in/a.png"), home.path("in/a2.png")).unwrap();
    home.file("in/c.png", image());
    watch.until_item("c.png", "done");
    let output = watch.stop();
    assert_eq!(crate::program::size_px(&home.path("out/sub.png")), (16, 12));
    assert!(!times_processed(&[&output]).contains_key("a2.png"), "{output:?}");
}

#[test]
fn what_makes_no_sense_for_folders_is_refused() {
    let home = home();
    home.file("in/a.png", image());
    for (args, reason) in [
        (&["watch", "in", "-o", "out", "--urls", "list.txt"][..], "--urls doesn't apply to watch"),
        (&["watch", "in", "-o", "out", "--connections", "3"], "--connections doesn't apply to watch"),
        (&["watch", "in", "-o", "out", "--robots", "never"], "--robots doesn't apply to watch"),
        (&["watch", "in", "-o", "out", "--dry-run"], "--dry-run doesn't apply to watch"),
        (&["watch", "in", "-o", "-"], "watch writes files"),
        (&["watch", "in/a.png", "-o", "out"], "is not a folder"),
        (&["watch", "none", "-o", "out"], "There is no folder none"),
        (&["watch", "-o", "out"], "at least one folder"),
    ] {
        let output = home.run(args).expect(2);
        assert!(output.err.contains(reason), "{output:?}");
    }
    let help = home.run(&["watch", "--help"]).expect(0).out;
    assert!(help.contains("--once") && help.contains("--quality") && !help.contains("--urls"), "{help}");
    assert!(home.run(&["jobs"]).expect(0).out.contains("No jobs"));
}

#[test]
fn a_killed_watch_goes_on_with_each_file_once() {
    let home = home();
    let args = [&["watch", "in", "-o", "out", "--json=items"], &STEP[..]].concat();
    let bytes = image_of(7);
    let mut files = 0;
    for kill_after in [0_u64, 1, 40, 90, 150] {
        let mut watch = Watch { running: home.start(&args), done: 0, failed: 0 };
        for _ in 0..kill_after + 30 {
            home.file(&format!("in/{files}.png"), &bytes);
            files += 1;
        }
        for _ in 0..kill_after {
            watch.running.until(|event| event["event"] == "item");
        }
        watch.running.kill();
    }
    once(&home, &[]).expect(0);
    let job = home.run(&["jobs", "1", "--json"]).expect(0).events().pop().unwrap();
    assert_eq!((&job["total"], &job["done"]), (&files.into(), &files.into()), "{job}");
    let out = home.files("out");
    assert_eq!(out.len() as u64, files, "no result twice, and no temporaries: {out:?}");
    for name in out {
        assert_eq!(crate::program::size_px(&home.path("out").join(&name)).0, 16, "{name}");
    }
    assert_eq!(times_processed(&[&once(&home, &[]).expect(0)]), BTreeMap::new(), "nothing is left to do");
}

/// Resident memory of a process in kB.
#[cfg(target_os = "linux")]
fn resident_kb(id: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches("kB").trim().parse().unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn memory_does_not_grow_with_the_number_of_files() {
    let home = home();
    let (first, all) = if is_full_size() { (2_000, 100_000) } else { (1_000, 5_000) };
    let mut watch = Watch::follow(home.start(&["watch", "in", "-R", "-o", "out", "--json", "--fast"]));
    let bytes = image_of(7);
    let mut measured = Vec::new();
    let mut written = 0;
    for goal in [first, all] {
        while written < goal {
            home.file(&format!("in/{}/IMG_{written}.PNG", written / 500), &bytes);
            written += 1;
            if written % 500 == 0 {
                watch.until_finished(written, 0);
            }
        }
        measured.push(resident_kb(watch.running.id()));
    }
    drop(watch.stop());
    let grown_kb = measured[1].saturating_sub(measured[0]);
    eprintln!("resident at {first} and {all} files: {measured:?} kB");
    assert!(grown_kb < 24 * 1024, "{measured:?} kB");
}
