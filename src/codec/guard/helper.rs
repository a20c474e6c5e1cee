//! One helper process, as the process that started it sees it.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::host::DecodeHost;
use super::protocol::{COMMAND, MAX_MESSAGE_BYTES, Reply, Request};
use super::shared_memory::SharedMemory;
use crate::codec::errors;
use crate::error::{ErrorKind, ItemError};
use crate::model::{Message, human};

/// Interval between checks of the clock, the memory and cancellation during a wait.
const TICK: Duration = Duration::from_millis(10);
/// A decode that takes longer is slow: the caller may let other items go first.
const SLOW: Duration = Duration::from_secs(10);
/// Memory of a helper without an image: the program itself, fonts, the allocator's reserves.
const BASE_BYTES: u64 = 64 << 20;
/// How much more memory is requested at once.
const MORE_BYTES: u64 = 32 << 20;
/// A helper that holds more of its own memory than this after an image is not used again.
const KEPT_BYTES: u64 = 64 << 20;
/// Shared memory that a helper keeps for its next image.
const KEPT_SHARED_BYTES: u64 = 8 << 20;
/// Time limit for a helper to exit after its pipe was closed.
const ENDS_WITHIN: Duration = Duration::from_secs(1);
/// Niceness of a slow decode: lower priority than the job, but never starved by it.
#[cfg(unix)]
const SLOW_NICENESS: i32 = 10;

/// The caller of a decode.
#[derive(Clone, Copy)]
pub(super) struct Watcher<'a> {
    /// Whether to stop.
    pub(super) cancelled: &'a dyn Fn() -> bool,
    /// Decides about memory and order; `None` keeps to the estimate.
    pub(super) host: Option<&'a dyn DecodeHost>,
}

/// Limits of one decode.
#[derive(Clone, Copy, Debug)]
pub(super) struct Allowance {
    /// Bytes of memory beyond those of an idle helper.
    pub(super) memory_bytes: u64,
    /// Processor time, and what the error says takes longer. Not time of the clock: on a busy machine that passes by
    /// itself.
    pub(super) processor: (Duration, &'static str),
}

impl Allowance {
    /// The error of a decode that takes more processor time.
    fn exceeded(&self) -> ItemError {
        let (limit, what) = self.processor;
        errors::too_large(Message::new(what).with("seconds", limit.as_secs()))
    }
}

/// Why there is no answer.
pub(super) enum Failure {
    /// The helper exited before it started on this file: another one can be asked.
    Gone,
    /// The item fails.
    Item(ItemError),
}

/// A running helper; killed when dropped.
pub(super) struct Helper {
    child: Child,
    requests: Option<ChildStdin>,
    reply_rx: Receiver<String>,
    reader: Option<JoinHandle<()>>,
    pub(super) shared: Arc<SharedMemory>,
    /// Whether it said that it is ready.
    ready: bool,
    /// Whether its priority was lowered, which can't be undone.
    slowed: bool,
    /// Processor time that it had used before its current task.
    computed_before: Duration,
}

impl Helper {
    #[expect(clippy::disallowed_methods, reason = "a helper is a program")]
    pub(super) fn start(program: &Path) -> io::Result<Self> {
        let shared = Arc::new(SharedMemory::create()?);
        let mut command = Command::new(program);
        command.arg(COMMAND).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(shared.handle()?);
        detach(&mut command);
        let mut child = command.spawn()?;
        let requests = child.stdin.take();
        let stdout = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let (reply_tx, reply_rx) = sync_channel(1);
        let reader = std::thread::Builder::new().name("pixloom-helper".to_owned()).spawn(move || {
            let mut replies = BufReader::new(stdout);
            while let Some(line) = next_line(&mut replies) {
                if reply_tx.send(line).is_err() {
                    return;
                }
            }
        });
        let (ready, slowed, computed_before) = (false, false, Duration::ZERO);
        let mut helper = Self { child, requests, reply_rx, reader: None, shared, ready, slowed, computed_before };
        // On an error the helper is dropped, and so killed.
        helper.reader = Some(reader?);
        Ok(helper)
    }

    /// Begins to measure processor time: for one or more requests about a file.
    pub(super) fn start_work(&mut self) {
        self.computed_before = self.computed().unwrap_or_default();
    }

    /// Sends a request and waits for the answer within the limits.
    pub(super) fn ask(
        &mut self,
        input: &[u8],
        request: Request,
        allowance: Allowance,
        watcher: &Watcher<'_>,
    ) -> Result<Reply, Failure> {
        if (watcher.cancelled)() {
            return Err(Failure::Item(cancelled()));
        }
        self.shared
            .write_at(input, 0)
            .map_err(|error| Failure::Item(errors::too_large(Message::new("decoder_input").with("detail", error))))?;
        if self.send(request).is_err() {
            return Err(self.gone(&allowance));
        }
        let mut watch = Watch {
            since: Instant::now(),
            allowed_bytes: BASE_BYTES + allowance.memory_bytes + 2 * input.len() as u64,
            allowance,
            stepped_aside: false,
        };
        let reply = self.wait(&mut watch, watcher)?;
        if watch.stepped_aside
            && let Some(host) = watcher.host
        {
            host.step_back().map_err(Failure::Item)?;
        }
        Ok(reply)
    }

    fn send(&mut self, request: Request) -> io::Result<()> {
        let mut line = serde_json::to_vec(&request)?;
        line.push(b'\n');
        // Short enough for the pipe, so that this never waits.
        self.requests.as_mut().ok_or(io::ErrorKind::BrokenPipe)?.write_all(&line)
    }

    fn wait(&mut self, watch: &mut Watch, watcher: &Watcher<'_>) -> Result<Reply, Failure> {
        loop {
            match self.reply_rx.recv_timeout(TICK) {
                Ok(line) => match serde_json::from_str(&line) {
                    Ok(Reply::Ready) if !self.ready => self.ready = true,
                    Ok(Reply::Unusable(why)) => return Err(Failure::Item(system_refused(why))),
                    Ok(reply) if self.ready => return Ok(reply),
                    _ => return Err(Failure::Item(unavailable("helper_other"))),
                },
                Err(RecvTimeoutError::Disconnected) => return Err(self.gone(&watch.allowance)),
                Err(RecvTimeoutError::Timeout) if (watcher.cancelled)() => return Err(Failure::Item(cancelled())),
                Err(RecvTimeoutError::Timeout) => self.look(watch, watcher).map_err(Failure::Item)?,
            }
        }
    }

    /// Checks processor time and memory of a running decode.
    fn look(&mut self, watch: &mut Watch, watcher: &Watcher<'_>) -> Result<(), ItemError> {
        let elapsed = watch.since.elapsed();
        let computed = self.computed().unwrap_or_default().saturating_sub(self.computed_before);
        if computed > watch.allowance.processor.0 {
            return Err(watch.allowance.exceeded());
        }
        if let Some(taken) = self.taken_bytes()
            && taken > watch.allowed_bytes
        {
            let more = (taken + MORE_BYTES).saturating_sub(BASE_BYTES);
            if !watcher.host.is_some_and(|host| host.may_take(more)) {
                let limit = human::bytes(watch.allowed_bytes.saturating_sub(BASE_BYTES));
                return Err(errors::too_large(Message::new("decoder_memory").with("limit", limit)));
            }
            watch.allowed_bytes = taken + MORE_BYTES;
        }
        if elapsed > SLOW
            && !watch.stepped_aside
            && let Some(host) = watcher.host
            && host.step_aside()
        {
            watch.stepped_aside = true;
            self.slow_down();
        }
        Ok(())
    }

    /// Bytes of memory in use; `None` if the system doesn't say.
    fn taken_bytes(&self) -> Option<u64> {
        own_memory_bytes(self.child.id()).map(|own| own + self.shared.taken_bytes())
    }

    /// Processor time that it has used since it was started; `None` if the system doesn't say.
    fn computed(&self) -> Option<Duration> {
        processor_time(self.child.id())
    }

    fn slow_down(&mut self) {
        self.slowed = true;
        #[cfg(unix)]
        if let Some(group) = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw) {
            // All its threads are in its own process group. If this fails, it takes its normal share of the cores.
            let _ = rustix::process::setpriority_pgrp(Some(group), SLOW_NICENESS);
        }
    }

    /// Why its pipe broke.
    fn gone(&mut self, allowance: &Allowance) -> Failure {
        match self.ended() {
            Some(status) if status.success() && self.ready => Failure::Gone,
            Some(status) if self.ready && is_out_of_time(status) => Failure::Item(allowance.exceeded()),
            Some(status) if self.ready => Failure::Item(errors::corrupt(how("decoder_crashed", status))),
            Some(status) => Failure::Item(unavailable(how("helper_ended", status))),
            None => Failure::Item(crashed()),
        }
    }

    /// Its exit status, if it has exited.
    fn ended(&mut self) -> Option<ExitStatus> {
        let since = Instant::now();
        loop {
            match self.child.try_wait() {
                Ok(None) if since.elapsed() < ENDS_WITHIN => std::thread::sleep(TICK),
                Ok(status) => return status,
                Err(_) => return None,
            }
        }
    }

    /// Prepares it for another file. `false` if it should not be used again.
    pub(super) fn refresh(&self) -> bool {
        !self.slowed
            && self.shared.shrink_to(KEPT_SHARED_BYTES).is_ok()
            && own_memory_bytes(self.child.id()).is_none_or(|bytes| bytes <= KEPT_BYTES)
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        self.requests.take();
        let _ = self.child.kill();
        let _ = self.child.wait();
        // Its pipe is closed, so the reader has reached the end, unless it is waiting to deliver a reply: nobody takes it.
        self.reply_rx = sync_channel(0).1;
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

/// The state of a wait for an answer.
struct Watch {
    since: Instant,
    allowed_bytes: u64,
    allowance: Allowance,
    stepped_aside: bool,
}

fn cancelled() -> ItemError {
    ItemError::nameless(ErrorKind::Cancelled)
}

/// The file's decoder crashed.
pub(super) fn crashed() -> ItemError {
    errors::corrupt("decoder_crashed")
}

/// No helper is available.
pub(super) fn unavailable(why: impl Into<Message>) -> ItemError {
    ItemError::nameless(ErrorKind::NoDecoder).saying(&why.into())
}

/// No helper can be started; the system says why.
pub(super) fn system_refused(why: impl std::fmt::Display) -> ItemError {
    unavailable(Message::new("helper_failed").with("detail", why))
}

fn next_line(replies: &mut BufReader<ChildStdout>) -> Option<String> {
    let mut line = String::new();
    replies.by_ref().take(MAX_MESSAGE_BYTES).read_line(&mut line).ok()?;
    line.ends_with('\n').then_some(line)
}

/// What happened, with the exit status. `id` has the variants `id_signal` and `id_code`.
fn how(id: &'static str, status: ExitStatus) -> Message {
    let (signal, code) = match id {
        "helper_ended" => ("helper_ended_signal", "helper_ended_code"),
        _ => ("decoder_crashed_signal", "decoder_crashed_code"),
    };
    #[cfg(unix)]
    if let Some(number) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return Message::new(signal).with("number", number);
    }
    status.code().map_or_else(|| Message::new(id), |number| Message::new(code).with("number", number))
}

/// Whether a process was ended because it used too much processor time.
fn is_out_of_time(status: ExitStatus) -> bool {
    #[cfg(unix)]
    return std::os::unix::process::ExitStatusExt::signal(&status) == Some(rustix::process::Signal::XCPU.as_raw());
    #[cfg(not(unix))]
    {
        let _ = status;
        false
    }
}

/// Separates a helper from the terminal and from the environment.
fn detach(command: &mut Command) {
    #[cfg(unix)]
    {
        // Ctrl+C in the terminal is for the job, which stops its helpers itself.
        std::os::unix::process::CommandExt::process_group(command, 0);
        // The environment may contain secrets; only the library paths are needed.
        command.env_clear().envs(std::env::vars_os().filter(|(name, _)| name == "LD_LIBRARY_PATH"));
        command.current_dir("/");
    }
    #[cfg(windows)]
    {
        const CREATE_NEW_PROCESS_GROUP: u32 = 0x200;
        const CREATE_NO_WINDOW: u32 = 0x0800_0000;
        std::os::windows::process::CommandExt::creation_flags(command, CREATE_NEW_PROCESS_GROUP | CREATE_NO_WINDOW);
    }
}

/// A process's memory that is not shared with files, in bytes.
#[cfg(any(target_os = "linux", target_os = "android"))]
#[expect(clippy::disallowed_methods, reason = "a file of the system says how much memory a process has")]
fn own_memory_bytes(process: u32) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{process}/statm")).ok()?;
    let mut pages = text.split_ascii_whitespace().skip(1).map(|field| field.parse::<u64>().ok());
    let (resident, shared) = (pages.next()??, pages.next()??);
    Some(resident.saturating_sub(shared) * rustix::param::page_size() as u64)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn own_memory_bytes(_process: u32) -> Option<u64> {
    None
}

/// Processor time that a process and its threads have used.
#[cfg(any(target_os = "linux", target_os = "android"))]
#[expect(clippy::disallowed_methods, reason = "a file of the system says how much time a process has used")]
fn processor_time(process: u32) -> Option<Duration> {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The program's name, in parentheses, may contain anything; user and system time are fields 14 and 15.
    let (_, fields) = text.rsplit_once(')')?;
    let mut ticks = fields.split_ascii_whitespace().skip(11).map(|field| field.parse::<u64>().ok());
    let ticks = ticks.next()?? + ticks.next()??;
    Some(Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64))
}

/// Elsewhere a helper limits itself: see [`limit_processor_time`](super::sandbox::limit_processor_time).
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn processor_time(_process: u32) -> Option<Duration> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

    use std::cell::Cell;
    use std::os::unix::fs::PermissionsExt as _;

    use super::super::helper::*;
    use super::super::protocol::Task;
    use crate::model::RawChoice;

    /// The error of a helper whose work is this line of a shell script, if it may compute for this long. It is
    /// cancelled after many looks at it.
    fn error_of(work: &str, may_compute: Duration) -> ItemError {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("helper");
        std::fs::write(&program, format!("#!/bin/sh\necho '\"Ready\"'\nread request\n{work}\n")).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let mut helper = Helper::start(&program).unwrap();
        let looks = Cell::new(0);
        let cancelled = || looks.replace(looks.get() + 1) > 1_500;
        let watcher = Watcher { cancelled: &cancelled, host: None };
        let allowance = Allowance { memory_bytes: 64 << 20, processor: (may_compute, "decoding_time") };
        let request =
            Request { input_bytes: 0, processor_s: 1, task: Task::Probe { page: 0, raw: RawChoice::Preview } };
        match helper.ask(&[], request, allowance, &watcher) {
            Err(Failure::Item(error)) => error,
            Err(Failure::Gone) => panic!("it ended"),
            Ok(reply) => panic!("{reply:?}"),
        }
    }

    #[test]
    fn a_helper_that_computes_for_longer_than_it_may_is_stopped() {
        let error = error_of("while :; do :; done", Duration::from_millis(300));
        assert_eq!(error.kind, ErrorKind::TooLarge, "{error}");
        assert!(error.to_string().contains("of processor time"), "{error}");
        // Threads and processor time of the kernel count as well.
        let error = error_of("while :; do echo >/dev/null; done", Duration::from_millis(300));
        assert_eq!(error.kind, ErrorKind::TooLarge, "{error}");
    }

    #[test]
    fn a_program_that_says_more_than_it_is_asked_ends_like_any_other() {
        let error = error_of("seq 100000", Duration::from_secs(60));
        assert_eq!(error.kind, ErrorKind::NoDecoder, "{error}");
    }

    #[test]
    fn a_helper_that_waits_uses_no_processor_time_however_long_it_takes() {
        let error = error_of("read another", Duration::from_millis(300));
        assert_eq!(error.kind, ErrorKind::Cancelled, "{error}");
    }
}
