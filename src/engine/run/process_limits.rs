//! Limits that the system sets for this process: open files, and the size of files.

use crate::config::{IDLE_CONNECTIONS, KEPT_FILES};

/// Descriptors that are not for connections: the catalog, results being written, standard streams.
const RESERVED_FILES: u64 = 72;
/// Descriptors that one connection in use may need: its socket, and a temporary file for a large body.
const FILES_PER_CONNECTION: usize = 2;
/// Descriptors that are enough for everything.
#[cfg(unix)]
const ENOUGH_FILES: u64 = 65_536;

/// Prepares the process; must be called before it starts any thread. A file that grows too large then gives an error
/// instead of ending the process with a signal (closed pipes do so already: the standard library ignores SIGPIPE).
pub fn prepare_process() {
    #[cfg(unix)]
    {
        use nix::sys::signal::{SigSet, Signal};
        // Threads inherit the mask. A refusal only means that the signal ends the process, as before.
        let _ = SigSet::from(Signal::SIGXFSZ).thread_block();
    }
}

/// Raises the number of files this process may open as far as the system allows.
#[cfg(unix)]
pub(crate) fn raise_open_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = maximum.unwrap_or(ENOUGH_FILES).min(ENOUGH_FILES);
    if current.is_some_and(|current| current < wanted) {
        // A refusal leaves the old limit, by which connections are capped.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum });
    }
}

/// Raises the number of files this process may open as far as the system allows.
#[cfg(not(unix))]
pub(crate) const fn raise_open_files() {}

/// How the descriptors of this process are shared out for fetching.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shares {
    /// Connections in use.
    pub(crate) connections: usize,
    /// Idle connections that are kept.
    pub(crate) idle_connections: usize,
    /// Temporary files of bodies that broke off and are kept.
    pub(crate) kept_files: usize,
}

/// The shares for a job with this number of connections.
pub(crate) fn shares(wanted_connections: usize) -> Shares {
    shares_of(open_files(), wanted_connections)
}

#[cfg(unix)]
fn open_files() -> Option<u64> {
    rustix::process::getrlimit(rustix::process::Resource::Nofile).current
}

#[cfg(not(unix))]
const fn open_files() -> Option<u64> {
    None
}

fn shares_of(open_files: Option<u64>, wanted_connections: usize) -> Shares {
    let left = open_files.map_or(u64::MAX, |files| files.saturating_sub(RESERVED_FILES));
    let left = usize::try_from(left).unwrap_or(usize::MAX);
    // At most five eighths for those in use; two thirds of the others may be idle.
    let connections = wanted_connections.min(left / 8 * 5 / FILES_PER_CONNECTION).max(1);
    let rest = left.saturating_sub(connections.saturating_mul(FILES_PER_CONNECTION));
    let kept_files = (rest / 3).min(KEPT_FILES);
    Shares { connections, idle_connections: (rest - kept_files).min(IDLE_CONNECTIONS), kept_files }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_in_use_and_idle_leave_descriptors_for_everything_else() {
        let shares = |files, wanted| {
            let Shares { connections, idle_connections, kept_files } = shares_of(files, wanted);
            (connections, idle_connections, kept_files)
        };
        assert_eq!(shares(Some(128), 64), (17, 15, 7));
        assert_eq!(shares(Some(1024), 64), (64, 550, 274));
        assert_eq!(shares(Some(16), 64), (1, 0, 0));
        assert_eq!(shares(None, 4096), (4096, IDLE_CONNECTIONS, KEPT_FILES));
        for files in (RESERVED_FILES + 2)..5000 {
            let (connections, idle, kept) = shares(Some(files), 256);
            assert!((FILES_PER_CONNECTION * connections + idle + kept) as u64 <= files - RESERVED_FILES, "{files}");
        }
    }
}
