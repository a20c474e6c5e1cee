//! A full disk: a file system of our own of a few hundred kilobytes, where the machine allows mounting one.

#![cfg(target_os = "linux")]

use std::path::{Path, PathBuf};
use std::process::Command as Process;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use pixloom::engine::Command;
use pixloom::model::{Edge, ItemState, JobSpec, JobState, Remark};

use super::desk::{Desk, png, sha256};
use crate::util::server::{Server, ok, status};

/// A tiny file system, unmounted when dropped.
struct TinyDisk(PathBuf);

impl TinyDisk {
    /// `None`, with a note, where mounting is not allowed.
    fn mount(at: &Path, kilobytes: u32) -> Option<Self> {
        std::fs::create_dir(at).unwrap();
        let size = format!("size={kilobytes}k");
        let mounted = Process::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(at).output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Self(at.to_path_buf()));
        }
        eprintln!("skipped: a tmpfs can't be mounted here");
        None
    }

    fn resize(&self, kilobytes: u32) {
        self.remount(&format!("size={kilobytes}k"));
    }

    fn remount(&self, options: &str) {
        let options = format!("remount,{options}");
        assert!(Process::new("mount").args(["-o", &options]).arg(&self.0).status().unwrap().success());
    }
}

impl Drop for TinyDisk {
    fn drop(&mut self) {
        let _ = Process::new("umount").arg("-l").arg(&self.0).status();
    }
}

const ITEMS: usize = 40;

/// A job whose results need some 1200 kB.
fn too_much(desk: &Desk) -> JobSpec {
    let sources = (0..ITEMS as u32).map(|n| super::desk::file(&desk.put(&format!("{n}.bin.png"), noise(30_000, n))));
    let mut spec = desk.copies(sources.collect());
    spec.output_mut().sink.dir = Some(desk.out());
    spec
}

fn noise(bytes: usize, seed: u32) -> Vec<u8> {
    let mut all = png(8, 8, seed);
    while all.len() < bytes {
        all.extend_from_slice(sha256(&all[all.len() - 40..]).as_bytes());
    }
    all
}

#[test]
fn a_full_disk_pauses_the_job_of_a_window_which_continues_when_there_is_space() {
    let desk = Desk::window();
    let Some(disk) = TinyDisk::mount(&desk.out(), 400) else { return };
    let job = desk.submit(too_much(&desk));
    let halted = desk.wait_for("it has halted", |snapshot| snapshot.current.as_ref().unwrap().halted.clone());
    let halted = halted.to_string();
    assert!(halted.contains("the disk is full") && halted.contains("Free some space"), "{halted}");
    let view = desk.current();
    assert_eq!((view.state, view.progress.failed, view.progress.running), (JobState::Paused, 0, 0));
    assert!(view.progress.done > 0 && view.progress.done < ITEMS as u64, "{:?}", view.progress);
    assert!(desk.output_names().iter().all(|name| !name.contains(".part")), "what did not fit is gone");
    desk.wait("nothing is left running", |_| desk.rows(job).iter().all(|row| row.state != ItemState::Running));
    disk.resize(4000);
    desk.send(Command::Resume(job));
    desk.wait_end(job);
    desk.check_all_done_once(job, ITEMS);
    desk.wait("it is not halted any more", |snapshot| snapshot.current.as_ref().unwrap().halted.is_none());
}

#[test]
fn a_full_disk_stops_a_command_line_job_which_is_resumed_later() {
    let mut desk = Desk::command_line();
    let Some(disk) = TinyDisk::mount(&desk.out(), 400) else { return };
    let job = desk.submit(too_much(&desk));
    let reason = desk.wait_for("it has stopped", |snapshot| {
        snapshot.events.iter().find_map(|event| match &event.edge {
            Edge::Stopped { reason } => Some(reason.to_string()),
            _ => None,
        })
    });
    assert!(reason.contains("the disk is full"), "{reason}");
    let row = desk.row_of(job);
    assert_eq!((row.state, row.failed), (JobState::Paused, 0));
    assert!(row.done > 0, "{row:?}");
    let states: Vec<_> = desk.rows(job).iter().map(|row| row.state).collect();
    assert!(states.iter().all(|state| matches!(state, ItemState::Done | ItemState::Waiting)), "{states:?}");
    desk.quit();
    disk.resize(4000);
    desk.start();
    desk.send(Command::Resume(job));
    desk.wait_end(job);
    desk.check_all_done_once(job, ITEMS);
}

#[test]
fn a_disk_that_fills_up_while_a_file_is_received_pauses_the_job_which_then_requests_only_the_rest() {
    const WHOLE: usize = 12 << 20;
    let mut desk = Desk::command_line();
    let Some(disk) = TinyDisk::mount(&desk.out(), 6000) else { return };
    let from = Arc::new(AtomicUsize::new(0));
    let noted = Arc::clone(&from);
    let server = Server::start(move |request| {
        let bytes = noise(WHOLE, 1);
        let range = request.headers.get("range").and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-'));
        let Some(from) = range.map(|from| from.parse::<usize>().unwrap()) else {
            // Its size is not announced.
            return ok(&bytes[..WHOLE], "application/octet-stream").header("ETag", "\"1\"").chunked();
        };
        noted.store(from, Ordering::SeqCst);
        let range = format!("bytes {from}-{}/{WHOLE}", WHOLE - 1);
        status(206).body(&bytes[from..WHOLE]).header("Content-Range", &range).header("ETag", "\"1\"")
    });
    let mut spec = desk.copies(vec![super::desk::url(server.url("/large.bin"))]);
    spec.limits.memory_bytes = Some(64 << 20);
    let job = desk.submit(spec);
    let reason = desk.wait_for("it has stopped", |snapshot| {
        snapshot.events.iter().find_map(|event| match &event.edge {
            Edge::Stopped { reason } => Some(reason.to_string()),
            _ => None,
        })
    });
    assert!(reason.contains("the disk is full"), "{reason}");
    assert_eq!((desk.row_of(job).state, desk.row_of(job).failed), (JobState::Paused, 0));
    desk.quit();
    disk.resize(40_000);
    desk.start();
    desk.send(Command::Resume(job));
    desk.wait_end(job);
    desk.check_all_done_once(job, 1);
    let from = from.load(Ordering::SeqCst);
    assert!((4 << 20..6 << 20).contains(&from), "the rest from {from}");
    assert!(desk.outputs().into_values().next().unwrap() == noise(WHOLE, 1)[..WHOLE]);
}

#[test]
fn a_file_system_that_becomes_read_only_pauses_the_job_like_a_full_disk() {
    let desk = Desk::window();
    let Some(disk) = TinyDisk::mount(&desk.out(), 64_000) else { return };
    let (list, end_of_list) = desk.slow_list();
    let mut spec = too_much(&desk);
    spec.sources.insert(1, list);
    let job = desk.submit(spec);
    desk.wait("the first file is saved", |_| desk.row_of(job).done == 1);
    disk.remount("ro");
    drop(end_of_list);
    let halted = desk.wait_for("it has halted", |snapshot| snapshot.current.as_ref().unwrap().halted.clone());
    let halted = halted.to_string();
    assert!(
        halted.contains("read-only") && halted.contains("Make it writable") && halted.contains(".bin.png"),
        "{halted}"
    );
    let view = desk.current();
    assert_eq!((view.state, view.progress.failed), (JobState::Paused, 0));
    // It continues by itself.
    disk.remount("rw");
    desk.wait_end(job);
    desk.check_all_done_once(job, ITEMS);
}

#[test]
fn a_job_of_links_warns_as_soon_as_its_first_results_show_that_the_others_will_not_fit() {
    let desk = Desk::window();
    let Some(_disk) = TinyDisk::mount(&desk.out(), 2_000) else { return };
    let may_continue = Arc::new((Mutex::new(false), Condvar::new()));
    let server = {
        let may_continue = Arc::clone(&may_continue);
        Server::start(move |request| {
            let number: u32 = request.path.trim_matches(|c: char| !c.is_ascii_digit()).parse().unwrap();
            if number > 20 {
                let (lock, changed) = &*may_continue;
                let guard = lock.lock().unwrap();
                drop(changed.wait_timeout_while(guard, Duration::from_secs(60), |may| !*may).unwrap());
            }
            ok(noise(30_000, number), "image/png")
        })
    };
    let links = (1..=100).map(|number| server.url(&format!("/{number}.png")));
    let mut spec = desk.copies(vec![pixloom::source::urls(links)]);
    spec.output_mut().sink.dir = Some(desk.out());
    let job = desk.submit(spec);
    let warning = desk.wait_for("it warns", |snapshot| {
        snapshot.events.iter().find_map(|event| match &event.edge {
            Edge::SourceRemark { remark: remark @ Remark::LowSpaceForRest { .. } } => Some(remark.clone()),
            _ => None,
        })
    });
    let Remark::LowSpaceForRest { items, measured, needed_bytes, free_bytes, .. } = &warning else { unreachable!() };
    assert!((80..=90).contains(items) && (10..=20).contains(measured), "{warning:?}");
    assert!(needed_bytes > free_bytes && *free_bytes < 2_000 << 10, "{warning:?}");
    assert_eq!(desk.row_of(job).state, JobState::Running, "it only warns");
    *may_continue.0.lock().unwrap() = true;
    may_continue.1.notify_all();
    desk.wait("the disk is full", |snapshot| snapshot.current.as_ref().unwrap().halted.is_some());
}
