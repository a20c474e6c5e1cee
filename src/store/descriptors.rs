//! File descriptors: a call that finds none left waits until others are closed.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

/// How long to wait for a descriptor at most: a leak should not hang the program.
pub const LONGEST_WAIT: Duration = Duration::from_mins(10);
/// How often to try again.
const RETRY_EVERY: Duration = Duration::from_millis(20);

/// Whether the process or the system has no file descriptor left.
#[cfg(unix)]
pub fn are_exhausted(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let codes = [Errno::MFILE, Errno::NFILE].map(Errno::raw_os_error);
    error.raw_os_error().is_some_and(|code| codes.contains(&code))
}

/// Whether the process or the system has no file descriptor left.
#[cfg(not(unix))]
pub fn are_exhausted(error: &io::Error) -> bool {
    const ERROR_TOO_MANY_OPEN_FILES: i32 = 4;
    error.raw_os_error() == Some(ERROR_TOO_MANY_OPEN_FILES)
}

/// Whether no descriptor is left at this moment, for calls whose errors don't say so.
pub fn are_exhausted_now() -> bool {
    #[cfg(unix)]
    {
        let copy = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stderr(), 0);
        copy.is_err_and(|error| are_exhausted(&error.into()))
    }
    #[cfg(not(unix))]
    false
}

/// The error, unless no descriptor is left at this moment, which its call may have concealed.
pub fn or_exhausted(error: io::Error) -> io::Error {
    #[cfg(unix)]
    if are_exhausted_now() {
        return rustix::io::Errno::MFILE.into();
    }
    error
}

/// Opens something; waits while no descriptor is left. Not for threads that others wait for.
pub fn when_free<T>(open: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    while_lacking(are_exhausted, open)
}

/// Opens something whose errors may not say that no descriptor is left; waits as [`when_free`] does.
pub fn when_free_now<T, E>(open: impl FnMut() -> Result<T, E>) -> Result<T, E> {
    while_lacking(|_| are_exhausted_now(), open)
}

fn while_lacking<T, E>(is_lacking: impl Fn(&E) -> bool, mut open: impl FnMut() -> Result<T, E>) -> Result<T, E> {
    let began = Instant::now();
    loop {
        match open() {
            Err(error) if is_lacking(&error) && began.elapsed() < LONGEST_WAIT => thread::sleep(RETRY_EVERY),
            other => return other,
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use rustix::io::Errno;

    use super::*;

    #[test]
    fn opening_waits_for_a_descriptor_and_for_nothing_else() {
        let mut errors = vec![Errno::MFILE, Errno::NFILE];
        let mut open = || errors.pop().map_or(Ok(7), |errno| Err(errno.into()));
        assert_eq!(when_free(&mut open).ok(), Some(7));
        let mut opened = 0;
        let refused = when_free(|| {
            opened += 1;
            Err::<(), io::Error>(Errno::NOENT.into())
        });
        assert!(refused.is_err() && opened == 1);
    }
}
