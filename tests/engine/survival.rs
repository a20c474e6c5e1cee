//! A job that is cut off, gently or not, is whole in the end: nothing lost, nothing twice, nothing half.

use std::process::{Command as Process, Stdio};
use std::time::{Duration, Instant};

use pixloom::engine::Command;
use pixloom::model::{FormatChoice, ItemState, JobId, JobState, Step};
use pixloom::source;

use super::desk::{DEADLINE, Desk, Manner, file, output_of, png, url};
use crate::util::server::{Server, ok};

#[test]
fn a_job_that_was_closed_with_the_program_is_paused_and_can_be_completed() {
    let mut desk = Desk::window();
    let server = Server::start(|_| ok(png(20, 20, 1), "image/png"));
    // Until the first cut, no link is answered: the job can't end before.
    server.hold();
    let mut sources = vec![desk.put_pictures(300)];
    sources.extend((0..300).map(|n| url(server.url(&format!("/{n}.png")))));
    let job = desk.submit(desk.job(sources, vec![Step::new("invert")], FormatChoice::Keep));
    let mut cuts = 0;
    loop {
        let done = desk.row_of(job).done;
        desk.wait("more is done", |_| desk.row_of(job).done > done || desk.row_of(job).state == JobState::Done);
        if desk.row_of(job).state == JobState::Done {
            break;
        }
        cuts += 1;
        desk.quit();
        server.release();
        let left = desk.output_names();
        assert!(!left.iter().any(|name| name.contains(".part")), "{left:?}");
        desk.start();
        if desk.row_of(job).state == JobState::Done {
            // The cut came with the last of them: its end was told before it.
            return desk.check_all_done_once(job, 600);
        }
        // The session comes back: the job is listed, and waits for somebody to say go on.
        assert_eq!((desk.current().id, desk.current().state), (job, JobState::Paused));
        assert!(desk.rows(job).iter().all(|row| row.state != ItemState::Running));
        desk.send(Command::Resume(job));
    }
    assert!(cuts > 0);
    desk.wait_end(job);
    desk.check_all_done_once(job, 600);
}

#[test]
fn a_job_that_was_closed_while_its_sources_were_read_reads_the_rest() {
    let mut desk = Desk::command_line();
    let first = desk.put("first.png", png(20, 20, 1));
    let (pipe, end_of_list) = desk.slow_list();
    let late = desk.put("late/late.png", png(20, 20, 2));
    let job = desk.submit(desk.copies(vec![file(&first), pipe, file(&late)]));
    desk.wait("the first is done", |_| desk.row_of(job).done == 1);
    std::fs::remove_file(desk.path("list.txt")).unwrap();
    std::fs::write(desk.path("list.txt"), "# nothing any more\n").unwrap();
    // A closing program does not wait for a list to end, but its thread has to come back from the read.
    drop(end_of_list);
    desk.quit();
    desk.start();
    if desk.row_of(job).state != JobState::Done {
        desk.send(Command::Resume(job));
    }
    desk.wait("it is done", |_| desk.row_of(job).state == JobState::Done);
    desk.check_all_done_once(job, 2);
}

/// Runs the program itself, and kills it once so many results stand in the output folder. `false` if it ended first.
fn run_and_kill(desk: &Desk, arguments: &[&str], results: usize) -> bool {
    let mut child = Process::new(env!("CARGO_BIN_EXE_pixloom"))
        .args(arguments)
        .arg("--catalog")
        .arg(desk.catalog_path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let until = Instant::now() + DEADLINE;
    loop {
        if desk.output_names().iter().filter(|name| !name.starts_with('.')).count() >= results {
            // SIGKILL: nothing of it runs any more.
            child.kill().unwrap();
            return !child.wait().unwrap().success();
        }
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success(), "{status}");
            return false;
        }
        assert!(Instant::now() < until, "no results");
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn killed_job_is_whole_in_the_end(format: &str, sources: &dyn Fn(&Desk) -> Vec<String>, items: usize) {
    let mut desk = Desk::without_engine(Manner::CommandLine);
    let out = desk.out().to_str().unwrap().to_owned();
    let mut arguments: Vec<String> = ["run", "--workers", "2", "--format", format, "-s", "invert", "-o", &out]
        .iter()
        .map(ToString::to_string)
        .collect();
    arguments.extend(sources(&desk));
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut kills = usize::from(run_and_kill(&desk, &arguments, 1));
    for results in [items / 4, items / 2] {
        kills += usize::from(run_and_kill(&desk, &["resume", "1"], results));
    }
    assert!(kills >= 2, "the job was over before it could be killed");
    for (name, bytes) in desk.outputs() {
        // Whatever has its final name is whole.
        if !name.starts_with('.') {
            image_is_whole(&name, &bytes);
        }
    }
    desk.start();
    let job = JobId(1);
    if desk.row_of(job).state != JobState::Done {
        desk.send(Command::Resume(job));
        desk.wait_end(job);
    }
    desk.check_all_done_once(job, items);
    for row in desk.rows(job) {
        let stem = |path: &std::path::Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
        let name = stem(std::path::Path::new(&row.locator.short_name()));
        assert_eq!(stem(&output_of(&row)), name, "no number: nothing was made twice");
        assert_eq!((row.width_px, row.height_px.is_some()), (Some(24), true), "{row:?}");
        assert!(row.bytes_in > 0 && row.finished_at_ms.is_some(), "{row:?}");
        if row.locator.path().is_none() {
            assert!(row.hash.is_some() && row.http_status == Some(200), "{row:?}");
        }
    }
}

fn image_is_whole(name: &str, bytes: &[u8]) {
    assert!(image::load_from_memory_with_format(bytes, image::ImageFormat::WebP).is_ok(), "{name} is half");
}

#[test]
fn a_killed_process_loses_no_file_and_repeats_none() {
    let sources = |desk: &Desk| {
        for n in 0..240 {
            desk.put(&format!("{n}.png"), png(24, 20, n));
        }
        vec![desk.path("in").to_str().unwrap().to_owned()]
    };
    killed_job_is_whole_in_the_end("webp", &sources, 240);
}

#[test]
fn a_killed_process_loses_no_link_and_repeats_none() {
    let server = Server::start(|request| ok(png(24, 20, request.path.len() as u32), "image/png"));
    let sources = |desk: &Desk| {
        let links: String = (0..240).map(|n| server.url(&format!("/{n}.png")) + "\n").collect();
        std::fs::write(desk.path("list.txt"), links).unwrap();
        vec!["--urls".to_owned(), desk.path("list.txt").to_str().unwrap().to_owned()]
    };
    killed_job_is_whole_in_the_end("webp", &sources, 240);
}

#[test]
fn a_running_job_can_not_be_taken_by_another_program() {
    let desk = Desk::window();
    let (pipe, end_of_list) = desk.slow_list();
    let job = desk.submit(desk.copies(vec![file(&desk.put("a.png", png(9, 9, 1))), pipe]));
    desk.wait("it is at work", |_| desk.row_of(job).done == 1);
    let other = Process::new(env!("CARGO_BIN_EXE_pixloom"))
        .args(["resume", &job.to_string(), "--catalog"])
        .arg(desk.catalog_path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&other.stderr).into_owned();
    assert_eq!(other.status.code(), Some(3), "{said}");
    assert!(said.contains("running in another Pixloom"), "{said}");
    assert_eq!(desk.current().state, JobState::Running);
    drop(end_of_list);
    desk.wait_end(job);
    desk.check_all_done_once(job, 1);
}

#[test]
fn a_second_run_on_the_same_catalog_is_a_job_of_its_own() {
    let mut desk = Desk::command_line();
    let source = || source::folder(desk.path("in"), false);
    desk.put("a.png", png(9, 9, 1));
    let rows = desk.run(desk.copies(vec![source()]));
    assert_eq!(rows[0].id.job, JobId(1));
    let spec = desk.copies(vec![source()]);
    desk.quit();
    desk.start();
    let rows = desk.run(spec);
    assert_eq!((rows[0].id.job, desk.output_names().len()), (JobId(2), 2));
}
