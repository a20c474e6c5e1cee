//! Changes in a folder as the system reports them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use notify::event::{AccessKind, AccessMode, CreateKind, ModifyKind, RenameMode};
use notify::{Config, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};

/// Whether the system reports that a file was closed after it was written.
pub(super) const REPORTS_CLOSE: bool = cfg!(any(target_os = "linux", target_os = "android"));
/// Changes that may wait. Further ones are lost, and the folder is looked through.
const CHANGES_KEPT: usize = 4096;

/// A change in a folder.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// A file or folder was created, or its properties have changed.
    Created(PathBuf),
    /// A file got other content, and may get more.
    Written(PathBuf),
    /// A file was closed after it was written.
    Closed(PathBuf),
    /// A file or folder got this name.
    Arrived(PathBuf),
    /// The folder itself may be gone.
    Root,
}

/// The changes that are reported, in order.
pub(super) struct Changes {
    change_rx: Receiver<Change>,
    is_lost: Arc<AtomicBool>,
    /// Ends the reports when it is dropped.
    _watcher: Option<RecommendedWatcher>,
}

impl Changes {
    /// No changes at all.
    pub(super) fn none() -> Self {
        Self { change_rx: crossbeam_channel::never(), is_lost: Arc::default(), _watcher: None }
    }

    /// The changes in a folder, without links; `None` if the system can't report them.
    pub(super) fn of(root: &Path, is_recursive: bool) -> Option<Self> {
        let (change_tx, change_rx) = bounded(CHANGES_KEPT);
        let is_lost: Arc<AtomicBool> = Arc::default();
        let (lost, own_root) = (Arc::clone(&is_lost), root.to_path_buf());
        let handler = move |event: notify::Result<Event>| note(event, &own_root, &change_tx, &lost);
        let mode = if is_recursive { RecursiveMode::Recursive } else { RecursiveMode::NonRecursive };
        let watch = || {
            let config = Config::default().with_follow_symlinks(false);
            let mut watcher = RecommendedWatcher::new(handler, config)?;
            watcher.watch(root, mode)?;
            Ok::<_, notify::Error>(watcher)
        };
        match watch() {
            Ok(watcher) => Some(Self { change_rx, is_lost, _watcher: Some(watcher) }),
            Err(error) => {
                tracing::warn!(%error, folder = %root.display(), "changes are not reported");
                None
            }
        }
    }

    /// Whether changes were lost since the last call.
    pub(super) fn take_lost(&self) -> bool {
        self.is_lost.swap(false, Ordering::AcqRel)
    }

    /// The next change, after waiting for it.
    pub(super) fn wait(&self, most: Duration) -> Option<Change> {
        self.change_rx.recv_timeout(most).ok()
    }

    /// The next change that has been reported already.
    pub(super) fn next(&self) -> Option<Change> {
        self.change_rx.try_recv().ok()
    }
}

fn note(event: notify::Result<Event>, root: &Path, change_tx: &Sender<Change>, is_lost: &AtomicBool) {
    let Ok(event) = event else {
        return is_lost.store(true, Ordering::Release);
    };
    if event.need_rescan() {
        is_lost.store(true, Ordering::Release);
    }
    let Some(change) = change_of(event, root) else { return };
    if let Err(TrySendError::Full(_)) = change_tx.try_send(change) {
        is_lost.store(true, Ordering::Release);
    }
}

/// What an event says; `None` if it says nothing about new files.
fn change_of(event: Event, root: &Path) -> Option<Change> {
    let Event { kind, mut paths, .. } = event;
    let path = paths.pop()?;
    match kind {
        EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(RenameMode::From)) => {
            (path == root).then_some(Change::Root)
        }
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => Some(Change::Closed(path)),
        // Its files may have been there before it was watched.
        EventKind::Create(CreateKind::Folder) => Some(Change::Arrived(path)),
        EventKind::Create(_) | EventKind::Modify(ModifyKind::Metadata(_)) => Some(Change::Created(path)),
        // Both names follow the second one.
        EventKind::Modify(ModifyKind::Name(RenameMode::Both)) if REPORTS_CLOSE => None,
        EventKind::Modify(ModifyKind::Name(_)) => Some(Change::Arrived(path)),
        EventKind::Modify(_) | EventKind::Any | EventKind::Other => Some(Change::Written(path)),
        EventKind::Access(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use notify::event::Flag;

    use super::*;

    #[test]
    fn changes_that_find_no_room_are_counted_as_lost() {
        let (change_tx, change_rx) = bounded(1);
        let is_lost = AtomicBool::new(false);
        let closed = || Event::new(EventKind::Access(AccessKind::Close(AccessMode::Write))).add_path("/w/a.jpg".into());
        let note = |event| note(Ok(event), Path::new("/w"), &change_tx, &is_lost);
        note(closed());
        assert!(!is_lost.load(Ordering::Acquire));
        note(closed());
        assert!(is_lost.swap(false, Ordering::AcqRel));
        assert_eq!(change_rx.try_recv(), Ok(Change::Closed("/w/a.jpg".into())));
        // The system's own queue was full.
        note(Event::new(EventKind::Other).set_flag(Flag::Rescan));
        assert!(is_lost.load(Ordering::Acquire) && change_rx.is_empty());
    }

    #[test]
    fn only_the_folders_own_removal_matters() {
        let removed = |path: &str| {
            let event = Event::new(EventKind::Remove(notify::event::RemoveKind::Any)).add_path(path.into());
            change_of(event, Path::new("/w"))
        };
        assert_eq!((removed("/w"), removed("/w/a.jpg")), (Some(Change::Root), None));
    }
}
