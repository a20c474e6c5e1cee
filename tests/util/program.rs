//! Runs the real program in its own home and captures its output. Every run has a deadline.

#![expect(clippy::expect_used, reason = "tests")]

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::Value;

/// Time limit for each run, and at full size.
const DEADLINE: Duration = Duration::from_secs(90);
const FULL_SIZE_DEADLINE: Duration = Duration::from_hours(1);
/// Maximum number of unread lines of standard output.
const LINES: usize = 100_000;

/// Whether tests that have a smaller size for every day run at full size.
pub(crate) fn is_full_size() -> bool {
    std::env::var_os("PIXLOOM_TEST_FULL_SIZE").is_some()
}

fn deadline() -> Duration {
    if is_full_size() { FULL_SIZE_DEADLINE } else { DEADLINE }
}

/// The program that is tested; PIXLOOM_TEST_PROGRAM names another one, such as an optimized one.
fn program() -> PathBuf {
    std::env::var_os("PIXLOOM_TEST_PROGRAM").unwrap_or_else(|| env!("CARGO_BIN_EXE_pixloom").into()).into()
}

/// An empty home folder.
pub(crate) struct Home {
    dir: tempfile::TempDir,
    variables: Vec<(&'static str, &'static str)>,
}

/// The result of a run.
#[derive(Debug)]
pub(crate) struct RunOutput {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// A running program.
pub(crate) struct Running {
    child: Child,
    out_rx: Receiver<String>,
    out: String,
    err_so_far: Arc<Mutex<String>>,
    err: JoinHandle<String>,
    since: Instant,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self { dir: tempfile::tempdir().expect("a folder"), variables: Vec::new() }
    }

    /// With an environment variable for every run.
    pub(crate) fn with_variable(mut self, name: &'static str, value: &'static str) -> Self {
        self.variables.push((name, value));
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A file in the home, with its parent folders.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("it is below the home")).expect("a folder");
        std::fs::write(&path, content).expect("a file");
        path
    }

    /// A sample image under another name.
    pub(crate) fn sample(&self, sample: &str, name: &str) -> PathBuf {
        self.file(name, self::sample(sample))
    }

    /// Relative names of all files in a folder of the home, including temporaries and hidden files.
    pub(crate) fn files(&self, folder: &str) -> BTreeSet<String> {
        let root = self.path(folder);
        let entries = walkdir::WalkDir::new(&root).into_iter().filter_map(Result::ok);
        let files = entries.filter(|entry| entry.file_type().is_file());
        files.map(|file| file.path().strip_prefix(&root).expect("below").display().to_string()).collect()
    }

    /// Runs to the end.
    pub(crate) fn run<A: AsRef<OsStr>>(&self, args: &[A]) -> RunOutput {
        self.start(args).wait()
    }

    /// Runs to the end from a folder of the home.
    pub(crate) fn run_in<A: AsRef<OsStr>>(&self, folder: &str, args: &[A]) -> RunOutput {
        self.start_in(&self.path(folder), args).0.wait()
    }

    /// Runs to the end from any folder.
    pub(crate) fn run_from<A: AsRef<OsStr>>(&self, folder: &Path, args: &[A]) -> RunOutput {
        self.start_in(folder, args).0.wait()
    }

    /// Runs to the end with this on standard input.
    pub(crate) fn run_with_input<A: AsRef<OsStr>>(&self, args: &[A], input: &str) -> RunOutput {
        let (running, mut stdin) = self.start_with_input(args);
        stdin.write_all(input.as_bytes()).expect("it reads");
        drop(stdin);
        running.wait()
    }

    /// Starts a run without standard input.
    pub(crate) fn start<A: AsRef<OsStr>>(&self, args: &[A]) -> Running {
        self.start_with_input(args).0
    }

    /// Starts a run whose standard input stays open until it is dropped.
    pub(crate) fn start_with_input<A: AsRef<OsStr>>(&self, args: &[A]) -> (Running, ChildStdin) {
        self.start_in(self.dir.path(), args)
    }

    /// Runs to the end under a limit of the shell, such as `-n 128`.
    #[cfg(unix)]
    pub(crate) fn run_limited<A: AsRef<OsStr>>(&self, limit: &str, args: &[A]) -> RunOutput {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", &format!("ulimit {limit}; exec \"$0\" \"$@\"")]).arg(program());
        self.start_command(command, self.dir.path(), args).0.wait()
    }

    /// Runs to the end with standard output redirected; returns the exit code and standard error.
    pub(crate) fn run_into<A: AsRef<OsStr>>(&self, stdout: impl Into<Stdio>, args: &[A]) -> (Option<i32>, String) {
        let mut command = Command::new(program());
        self.prepare(&mut command, self.dir.path(), args);
        command.stdin(Stdio::null()).stdout(stdout);
        let output = command.stderr(Stdio::piped()).spawn().and_then(Child::wait_with_output).expect("it runs");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    }

    /// Runs to the end with these bytes on standard input; returns the exit code, the bytes of standard output, and standard
    /// error.
    pub(crate) fn pipe<A: AsRef<OsStr>>(&self, input: &[u8], args: &[A]) -> (i32, Vec<u8>, String) {
        self.pipe_in(self.dir.path(), input, args)
    }

    /// The same in another current folder.
    pub(crate) fn pipe_in<A: AsRef<OsStr>>(&self, folder: &Path, input: &[u8], args: &[A]) -> (i32, Vec<u8>, String) {
        let mut command = Command::new(program());
        self.prepare(&mut command, folder, args);
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(input).and_then(|()| std::io::Seek::rewind(&mut file)).expect("it is written");
        command.stdin(file).stdout(Stdio::piped()).stderr(Stdio::piped());
        let output = command.spawn().and_then(Child::wait_with_output).expect("it runs");
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code().unwrap_or(-1), output.stdout, err)
    }

    /// Runs a line of a POSIX shell in which `pixloom` is the program.
    #[cfg(unix)]
    pub(crate) fn run_line(&self, line: &str) -> RunOutput {
        let program = program();
        let folder = program.parent().expect("a folder").display();
        let mut command = Command::new("/bin/sh");
        command.args(["-c", &format!("PATH={folder}:/usr/bin:/bin; {line}")]);
        self.start_command(command, self.dir.path(), &[] as &[&str]).0.wait()
    }

    fn start_in<A: AsRef<OsStr>>(&self, folder: &Path, args: &[A]) -> (Running, ChildStdin) {
        self.start_command(Command::new(program()), folder, args)
    }

    fn prepare<A: AsRef<OsStr>>(&self, command: &mut Command, folder: &Path, args: &[A]) {
        command.args(args).current_dir(folder).env_clear();
        command.env("HOME", self.dir.path());
        command.env("XDG_DATA_HOME", self.path("data")).env("XDG_CONFIG_HOME", self.path("config"));
        command.envs(self.variables.iter().copied());
    }

    fn start_command<A: AsRef<OsStr>>(&self, mut command: Command, folder: &Path, args: &[A]) -> (Running, ChildStdin) {
        self.prepare(&mut command, folder, args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let stdin = child.stdin.take().expect("a pipe");
        let (stdout, stderr) = (child.stdout.take().expect("a pipe"), child.stderr.take().expect("a pipe"));
        let (out_tx, out_rx) = sync_channel(LINES);
        let named = |name: &str| thread::Builder::new().name(name.to_owned());
        let reading = named("test-stdout").spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let _ = out_tx.send(line);
            }
        });
        reading.expect("a thread");
        let err_so_far: Arc<Mutex<String>> = Arc::default();
        let shared = Arc::clone(&err_so_far);
        let err = named("test-stderr").spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let mut text = shared.lock().expect("no panic");
                text.push_str(&line);
                text.push('\n');
            }
            shared.lock().expect("no panic").clone()
        });
        let err = err.expect("a thread");
        (Running { child, out_rx, out: String::new(), err_so_far, err, since: Instant::now() }, stdin)
    }
}

impl Running {
    /// The next line on standard output; `None` at its end.
    pub(crate) fn line(&mut self) -> Option<String> {
        match self.out_rx.recv_timeout(deadline().saturating_sub(self.since.elapsed())) {
            Ok(line) => {
                self.out.push_str(&line);
                self.out.push('\n');
                Some(line)
            }
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => {
                let _ = self.child.kill();
                panic!("it says nothing more; so far: {}", self.out);
            }
        }
    }

    /// Reads JSON lines until one matches.
    pub(crate) fn until(&mut self, wanted: impl Fn(&Value) -> bool) {
        while let Some(line) = self.line() {
            if wanted(&serde_json::from_str(&line).expect("a JSON line")) {
                return;
            }
        }
        panic!("it ended before that: {}", self.out);
    }

    /// Waits until standard error says something.
    pub(crate) fn until_error(&self, text: &str) {
        while !self.err_so_far.lock().expect("no panic").contains(text) {
            assert!(self.since.elapsed() < deadline(), "it does not say {text}");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Its process id.
    #[cfg(target_os = "linux")]
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends what Ctrl+C sends.
    #[cfg(unix)]
    pub(crate) fn interrupt(&self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("it runs");
    }

    /// Kills it, as a power cut would.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("it runs");
        let _ = self.child.wait();
    }

    /// Waits for its end, and returns its peak memory in bytes.
    #[cfg(target_os = "linux")]
    pub(crate) fn wait_with_peak(self) -> (RunOutput, u64) {
        let status = format!("/proc/{}/status", self.child.id());
        let watching = thread::Builder::new().name("test-memory".to_owned()).spawn(move || {
            let mut peak_bytes = 0;
            // A finished process stays visible without memory until it is waited for.
            while let Ok(text) = std::fs::read_to_string(&status) {
                let Some(line) = text.lines().find_map(|line| line.strip_prefix("VmHWM:")) else { break };
                let kib: u64 = line.trim().trim_end_matches("kB").trim().parse().unwrap_or_default();
                peak_bytes = peak_bytes.max(kib * 1024);
                thread::sleep(Duration::from_millis(2));
            }
            peak_bytes
        });
        let output = self.wait();
        (output, watching.expect("a thread").join().expect("its memory"))
    }

    pub(crate) fn wait(mut self) -> RunOutput {
        while self.line().is_some() {}
        let status = self.child.wait().expect("it ended");
        let err = self.err.join().expect("its errors");
        RunOutput { code: status.code().unwrap_or(-1), out: self.out, err }
    }
}

impl RunOutput {
    /// The lines of `--json`.
    pub(crate) fn events(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect()
    }

    /// The JSON lines of one kind.
    pub(crate) fn events_of(&self, kind: &str) -> Vec<Value> {
        self.events().into_iter().filter(|event| event["event"] == kind).collect()
    }

    /// Checks the exit code; otherwise the test fails with all output.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        self
    }
}

/// Bytes of a sample image.
pub(crate) fn sample(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/samples").join(name)).expect("a sample")
}

/// Width and height of an image.
pub(crate) fn size_px(path: &Path) -> (u32, u32) {
    let info = pixloom::codec::probe(&std::fs::read(path).expect("a file")).expect("a picture").info;
    (info.width_px, info.height_px)
}
