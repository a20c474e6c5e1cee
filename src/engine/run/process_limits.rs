//! Limits that the system sets for this process: open files, and the size of files.

/// Descriptors that are not for connections: the catalog, results being written, standard streams.
const RESERVED_FILES: u64 = 72;
/// Descriptors that one connection may need: its socket, and a temporary file for a large body.
const FILES_PER_CONNECTION: u64 = 2;
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

/// Connections for which this process may open enough files.
pub(crate) fn max_connections() -> usize {
    connections_within(open_files())
}

#[cfg(unix)]
fn open_files() -> Option<u64> {
    rustix::process::getrlimit(rustix::process::Resource::Nofile).current
}

#[cfg(not(unix))]
const fn open_files() -> Option<u64> {
    None
}

fn connections_within(open_files: Option<u64>) -> usize {
    let left = open_files.map_or(u64::MAX, |files| files.saturating_sub(RESERVED_FILES));
    usize::try_from((left / FILES_PER_CONNECTION).max(1)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_descriptors_for_everything_else() {
        let connections = [Some(16), Some(128), Some(1024)].map(connections_within);
        assert_eq!(connections, [1, 28, 476]);
        assert!(connections_within(None) > 4096);
    }
}
