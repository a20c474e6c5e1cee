//! Helper processes of the real program: what they can access, and that they exit with it.

#![cfg(target_os = "linux")]

use std::process::Command;
use std::time::{Duration, Instant};

use crate::program::Home;

const DEADLINE: Duration = Duration::from_secs(60);

/// A drawing of a few hundred bytes that takes minutes of processor time; large, so that it may take one.
const SLOW: &str = "<svg xmlns='http://www.w3.org/2000/svg' width='4000' height='4000'>\
    <filter id='f' x='0' y='0' width='1' height='1'><feMorphology operator='dilate' radius='900'/></filter>\
    <circle cx='2000' cy='2000' r='900' filter='url(#f)'/></svg>";

/// The child processes of a process.
fn children(parent: u32) -> Vec<u32> {
    let entries = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let is_child = |process: &u32| {
        let text = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        // After the name, which may contain spaces: state, parent.
        let fields = text.rsplit(')').next().unwrap_or_default().split_whitespace().nth(1);
        fields.and_then(|field| field.parse().ok()) == Some(parent)
    };
    numbers.filter(is_child).collect()
}

#[track_caller]
fn wait_until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + DEADLINE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < until, "it never happened that {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn is_gone(process: u32) -> Option<()> {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let state = text.rsplit(')').next().unwrap_or_default().trim_start().chars().next();
    matches!(state, None | Some('Z' | 'X')).then_some(())
}

#[test]
fn a_helper_can_open_no_file_and_no_socket_and_start_no_program() {
    let home = Home::new();
    let file = home.file("program", "#!/bin/sh\n");
    let mut permissions = std::fs::metadata(&file).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o755);
    std::fs::set_permissions(&file, permissions).unwrap();
    let report = Command::new(env!("CARGO_BIN_EXE_pixloom")).arg("decode-helper").arg(&file).output().unwrap();
    let report = String::from_utf8(report.stdout).unwrap();
    let possible: Vec<_> = report.lines().filter_map(|line| line.strip_suffix(": possible")).collect();
    assert_eq!(possible, ["before", "sandbox", "thread"], "{report}");
    for what in ["read", "write", "list", "listen", "send", "program"] {
        assert!(report.contains(&format!("{what}: Function not implemented")), "{report}");
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "#!/bin/sh\n", "it was not written to");
}

#[test]
fn helpers_exit_when_the_program_is_interrupted_or_killed() {
    for is_killed in [false, true] {
        let home = Home::new();
        home.file("in/slow.svg", SLOW);
        let run = home.start(&["run", "in", "-o", "out", "--format", "png"]);
        let helper = wait_until("a helper was started", || children(run.id()).first().copied());
        if is_killed {
            run.kill();
        } else {
            run.interrupt();
            run.wait().expect(130);
        }
        wait_until("the helper ended", || is_gone(helper));
    }
}

#[test]
fn a_dry_run_of_an_animation_that_a_helper_decodes_reports_what_the_run_does() {
    let home = Home::new();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/animation");
    for (name, frames) in [("sequence-alpha.avif", 5), ("parts.jxl", 6)] {
        let file = folder.join(name).display().to_string();
        let remark = format!("Only the first of {frames} frames was used");
        for (format, is_cut) in [("webp", false), ("jpeg", true)] {
            let args = ["run", &file, "--format", format, "-o", "out"];
            let plan = home.run(&[&args[..], &["--dry-run"]].concat()).expect(0);
            assert_eq!(plan.out.contains(&remark), is_cut, "{}", plan.out);
            let run = home.run(&args).expect(0);
            assert_eq!(run.err.contains(&remark), is_cut, "{}", run.err);
        }
    }
}
