//! A list of links on standard input. Reading it can be cancelled even while the other program sends nothing.

use std::io::{self, BufReader, Read};
use std::ops::ControlFlow;
#[cfg(unix)]
use std::os::fd::AsFd;
#[cfg(unix)]
use std::time::Duration;

use super::kind::{Argument, Columns, Give, Reading, Repeat, SourceArguments, SourceKind};
use super::lists;
use crate::model::{Origin, SourceSpec};

/// Bytes of standard input that are read at once.
const BUFFER_BYTES: usize = 64 << 10;
/// How often a blocked read checks whether it was cancelled.
#[cfg(unix)]
const CHECK_EVERY: Duration = Duration::from_millis(50);

pub(super) static KIND: SourceKind = SourceKind {
    list_argument: Some(Argument {
        help: "- for standard input",
        parse: |argument, _| Ok((argument == "-").then(stdin)),
    }),
    arguments_of: |_| Some(SourceArguments { options: vec![("--urls", "-".into())], ..SourceArguments::default() }),
    is_list: true,
    repeat: Repeat::Nothing,
    columns: |_, _| Columns::Unknown,
    label: |_| "-".to_owned(),
    ..SourceKind::new("stdin", |_, reading, give| read(reading, give))
};

/// The list of links on standard input.
pub fn stdin() -> SourceSpec {
    SourceSpec::new(KIND.id, Vec::new())
}

fn read(reading: &Reading<'_>, give: Give<'_>) -> ControlFlow<()> {
    let stdin = BufReader::with_capacity(BUFFER_BYTES, Live::stdin(reading.cancelled));
    let reading = Reading { is_live: true, ..*reading };
    lists::read_stream(stdin, "standard input", None, Origin::User, &reading, give)
}

/// Standard input, or a pipe; ends early once `cancelled` returns true.
pub(super) struct Live<'a, T> {
    cancelled: &'a dyn Fn() -> bool,
    from: T,
}

impl<'a> Live<'a, io::StdinLock<'static>> {
    pub(super) fn stdin(cancelled: &'a dyn Fn() -> bool) -> Self {
        Self::new(io::stdin().lock(), cancelled)
    }
}

impl<'a, T> Live<'a, T> {
    pub(super) fn new(from: T, cancelled: &'a dyn Fn() -> bool) -> Self {
        Self { cancelled, from }
    }
}

#[cfg(unix)]
impl<T: AsFd> Read for Live<'_, T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if !wait(&self.from, self.cancelled) {
                return Ok(0);
            }
            // Bypasses any buffer of its own, so that this reads exactly what `wait` has waited for.
            match rustix::io::read(&self.from, &mut *buffer) {
                Err(rustix::io::Errno::AGAIN) => {}
                read => return read.map_err(Into::into),
            }
        }
    }
}

#[cfg(not(unix))]
impl<T: Read> Read for Live<'_, T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if (self.cancelled)() { Ok(0) } else { self.from.read(buffer) }
    }
}

/// Waits for data or the end of the input; returns `false` if it was cancelled first.
#[cfg(unix)]
fn wait(from: &impl AsFd, cancelled: &dyn Fn() -> bool) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let timeout = Timespec { tv_sec: 0, tv_nsec: i64::from(CHECK_EVERY.subsec_nanos()) };
    loop {
        if cancelled() {
            return false;
        }
        let mut fds = [PollFd::new(from, PollFlags::IN)];
        match poll(&mut fds, Some(&timeout)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => {}
            // If polling failed, the read fails with a better error.
            Ok(_) | Err(_) => return true,
        }
    }
}
