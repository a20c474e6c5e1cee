//! Files that are not complete yet, or about which more is to be asked later; at most [`MOST`] of them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use crate::store::Head;

/// Files that are kept. The folder is looked through again for any others.
const MOST: usize = 4096;
/// How long a file must stay the same where the system does not report that it was closed.
pub(super) const SETTLED_AFTER: Duration = Duration::from_secs(2);
/// How long a pass that is the only one waits for files that are still changing.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// Files that were changed longer ago are complete.
const OLD: Duration = Duration::from_secs(10);
/// How long to wait before something is asked again.
const ASK_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// What happens to a file that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It has changed again.
    Wait,
    /// It is complete if it can be read to its end.
    Read,
    /// It was complete before.
    Take,
}

/// Files that are waited for.
#[derive(Default)]
pub(super) struct Pending {
    files: HashMap<PathBuf, File>,
    /// Whether there was no room for one.
    is_lost: bool,
}

struct File {
    head: Head,
    /// When it was last seen to have changed, or asked about.
    since: Instant,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// It is complete once it stays the same.
    Settling,
    /// It is complete once it is closed, which is reported.
    Open,
    /// It is complete, but the same file is still being processed as it was before.
    Complete,
}

/// Whether a file was last changed so long ago that nobody is writing it any more.
pub(super) fn is_old(head: &Head) -> bool {
    let age = head.modified.and_then(|modified| SystemTime::now().duration_since(modified).ok());
    age.is_some_and(|age| age >= OLD)
}

impl Pending {
    pub(super) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    pub(super) fn holds(&self, path: &Path) -> bool {
        self.files.contains_key(path)
    }

    pub(super) fn forget(&mut self, path: &Path) {
        self.files.remove(path);
    }

    /// Whether there was no room for a file since the last call. Looking again is worth it only once there is room.
    pub(super) fn take_lost(&mut self) -> bool {
        self.is_lost && self.files.len() < MOST / 2 && std::mem::take(&mut self.is_lost)
    }

    /// A file was created or has changed; `is_open` if the end of that will be reported.
    pub(super) fn note(&mut self, path: PathBuf, head: Head, is_open: bool) {
        match self.files.get_mut(&path) {
            Some(file) => {
                if file.head != head {
                    (file.head, file.since) = (head, Instant::now());
                    file.state = if file.state == State::Complete { State::Settling } else { file.state };
                }
                if is_open {
                    file.state = State::Open;
                }
            }
            None => self.put(path, head, if is_open { State::Open } else { State::Settling }),
        }
    }

    /// A complete file is asked about again later.
    pub(super) fn ask_again(&mut self, path: PathBuf, head: Head) {
        self.put(path, head, State::Complete);
    }

    fn put(&mut self, path: PathBuf, head: Head, state: State) {
        if self.files.len() >= MOST && !self.files.contains_key(&path) {
            self.is_lost = true;
        } else {
            self.files.insert(path, File { head, since: Instant::now(), state });
        }
    }

    /// Files about which something is to be decided, if they have stayed the same for this long.
    pub(super) fn due(&self, settled_after: Duration) -> Vec<PathBuf> {
        let is_due = |file: &File| match file.state {
            State::Settling => file.since.elapsed() >= settled_after,
            State::Open => false,
            State::Complete => file.since.elapsed() >= ASK_AGAIN_AFTER,
        };
        let due = self.files.iter().filter(|(_, file)| is_due(file));
        due.map(|(path, _)| path.clone()).collect()
    }

    /// What happens to a file that is due and looks like this now.
    pub(super) fn step(&mut self, path: &Path, now: &Head) -> Step {
        let Some(file) = self.files.get_mut(path) else { return Step::Wait };
        file.since = Instant::now();
        if file.head != *now {
            (file.head, file.state) = (*now, State::Settling);
            return Step::Wait;
        }
        if file.state == State::Complete { Step::Take } else { Step::Read }
    }

    /// Files that are still changing are not waited for any longer.
    pub(super) fn keep_unfinished(&mut self) {
        self.files.retain(|_, file| file.state == State::Complete);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::EntryKind;

    fn head(size_bytes: u64) -> Head {
        Head { kind: EntryKind::File, size_bytes, modified: Some(SystemTime::UNIX_EPOCH) }
    }

    #[test]
    fn a_file_that_is_being_written_is_never_due_and_one_that_changes_is_looked_at_again() {
        let mut pending = Pending::default();
        let path = Path::new("/w/a.jpg");
        pending.note(path.into(), head(1), false);
        assert_eq!(pending.due(Duration::ZERO), [path]);
        assert!(pending.due(Duration::MAX).is_empty());
        assert_eq!(pending.step(path, &head(2)), Step::Wait);
        assert_eq!(pending.step(path, &head(2)), Step::Read);
        pending.note(path.into(), head(3), true);
        assert!(pending.due(Duration::ZERO).is_empty());
        pending.forget(path);
        pending.ask_again(path.into(), head(3));
        assert_eq!(pending.step(path, &head(3)), Step::Take);
        assert!(is_old(&head(1)));
    }

    #[test]
    fn the_number_of_files_is_bounded_and_what_found_no_room_is_looked_for_later() {
        let mut pending = Pending::default();
        for n in 0..=MOST {
            pending.note(PathBuf::from(format!("/w/{n}.jpg")), head(1), true);
        }
        assert_eq!(pending.files.len(), MOST);
        assert!(!pending.take_lost(), "there is no room yet");
        pending.files.clear();
        assert!(pending.take_lost() && !pending.take_lost());
    }
}
