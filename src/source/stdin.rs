//! A list of links on standard input. Reading it can be cancelled even while the other program sends nothing.

use std::io::{self, BufReader, Read};
use std::ops::ControlFlow;
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
    let stdin = BufReader::with_capacity(BUFFER_BYTES, Stdin::new(reading.cancelled));
    let reading = Reading { is_live: true, ..*reading };
    lists::read_stream(stdin, "standard input", None, Origin::User, &reading, give)
}

/// Standard input; ends early once `cancelled` returns true.
pub(super) struct Stdin<'a> {
    cancelled: &'a dyn Fn() -> bool,
    lock: io::StdinLock<'static>,
}

impl<'a> Stdin<'a> {
    pub(super) fn new(cancelled: &'a dyn Fn() -> bool) -> Self {
        Self { cancelled, lock: io::stdin().lock() }
    }
}

impl Read for Stdin<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        #[cfg(unix)]
        if !wait(self.cancelled) {
            return Ok(0);
        }
        #[cfg(not(unix))]
        if (self.cancelled)() {
            return Ok(0);
        }
        // Bypasses the lock's own buffer, so that this reads exactly what `wait` has waited for.
        #[cfg(unix)]
        return rustix::io::read(&self.lock, buffer).map_err(Into::into);
        #[cfg(not(unix))]
        self.lock.read(buffer)
    }
}

/// Waits for data or the end of the input; returns `false` if it was cancelled first.
#[cfg(unix)]
fn wait(cancelled: &dyn Fn() -> bool) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let timeout = Timespec { tv_sec: 0, tv_nsec: i64::from(CHECK_EVERY.subsec_nanos()) };
    let stdin = io::stdin();
    loop {
        if cancelled() {
            return false;
        }
        let mut fds = [PollFd::new(&stdin, PollFlags::IN)];
        match poll(&mut fds, Some(&timeout)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => {}
            // If polling failed, the read fails with a better error.
            Ok(_) | Err(_) => return true,
        }
    }
}
