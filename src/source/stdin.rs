//! Standard input that can be given up: a read never waits longer for the other program than for a cancel.

use std::io::{self, Read};
#[cfg(unix)]
use std::time::Duration;

/// How often a waiting read looks whether it was cancelled.
#[cfg(unix)]
const LOOK: Duration = Duration::from_millis(50);

/// Standard input; ends early once `cancelled` says so.
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
        // Past the lock's own buffer: what is asked of the system must be what was waited for.
        #[cfg(unix)]
        return rustix::io::read(&self.lock, buffer).map_err(Into::into);
        #[cfg(not(unix))]
        self.lock.read(buffer)
    }
}

/// Waits until there is something to read, or its end; `false` if it was cancelled first.
#[cfg(unix)]
fn wait(cancelled: &dyn Fn() -> bool) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let timeout = Timespec { tv_sec: 0, tv_nsec: i64::from(LOOK.subsec_nanos()) };
    let stdin = io::stdin();
    loop {
        if cancelled() {
            return false;
        }
        let mut fds = [PollFd::new(&stdin, PollFlags::IN)];
        match poll(&mut fds, Some(&timeout)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => {}
            // An error of the poll's is one of the read's, too: it says which.
            Ok(_) | Err(_) => return true,
        }
    }
}
