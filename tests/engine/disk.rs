//! A full disk: a file system of our own of a few hundred kilobytes, where the machine allows mounting one.

#![cfg(target_os = "linux")]

use std::path::{Path, PathBuf};
use std::process::Command as Process;

use pixloom::engine::Command;
use pixloom::model::{Edge, ItemState, JobSpec, JobState};

use super::desk::{Desk, png, sha256};

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
