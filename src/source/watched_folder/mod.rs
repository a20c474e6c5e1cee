//! Every image that appears in a folder, once it is complete, until reading is cancelled.
//!
//! Whoever reads knows which files it has taken already ([`WatchedFiles`]): only those that are still being written are kept
//! here. A pass over the folder finds what the system did not report: what was there before, and what appeared while
//! reports were lost or the folder was not there. Files are told by their names, since the first bytes of one that is still
//! being written may tell anything.

mod changes;
mod pending;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::folder::{self, ALL_FILES, OWN_FILES, copies_others, is_image_name, is_recursive};
use super::kind::{
    ArgumentOptions, Dialog, Found, Give, MenuEntry, Reading, Repeat, Results, SourceArguments, SourceKind, Taken,
    WatchedFiles,
};
use super::{files, natural_order};
use crate::model::{Locator, Remark, SourceSpec, human, text_encoding};
use crate::store::{self, EntryKind, FolderId, Head, Store};
use changes::{Change, Changes};
use pending::{Pending, Step};

pub(super) static KIND: SourceKind = SourceKind {
    arguments_of: |source| {
        let flags = Some(ArgumentOptions { recursive: is_recursive(source), all_files: copies_others(source) });
        let poll = source.option(POLL).map(|seconds| ("--poll", format!("{seconds}s").into()));
        Some(SourceArguments { flags, options: poll.into_iter().collect(), ..SourceArguments::of_inputs(source) })
    },
    menu: Some(MenuEntry { label: "Watch folder…", dialog: Dialog::WatchedFolder }),
    repeat: Repeat::Changed,
    results_beside: |source| source.first_path().map(Path::to_path_buf),
    is_folder: true,
    may_give: folder::may_give,
    ..SourceKind::new("watched_folder", read)
};

/// The option of folders that are looked through every so many seconds.
const POLL: &str = "poll";
/// The interval where the system reports no changes.
const POLL_EVERY: Duration = Duration::from_secs(5);
/// A pass that takes long is followed by a pause that is this many times as long.
const PAUSE_FACTOR: u32 = 4;
/// How often the folder itself is looked for.
const CHECK_ROOT_EVERY: Duration = Duration::from_secs(1);
/// How long a wait for changes may take: so late is a cancellation noticed.
const WAIT: Duration = Duration::from_millis(100);
/// Entries between two checks for cancellation while a folder is listed.
const ENTRIES_PER_CHECK: usize = 256;

/// New images in a folder, `recursive` with those in the folders below it; `poll_s` has the folder looked through every so
/// many seconds instead of waiting for reports of the system.
pub fn watched_folder(path: impl Into<PathBuf>, options: ArgumentOptions, poll_s: Option<u64>) -> SourceSpec {
    let source = SourceSpec::new(KIND.id, vec![Locator::File(files::absolute(path.into()))]);
    let source = if options.recursive { source.with("recursive", "true") } else { source };
    let source = if options.all_files { source.with(ALL_FILES, "true") } else { source };
    match poll_s {
        Some(seconds) => source.with(POLL, seconds.to_string()),
        None => source,
    }
}

/// The same source without what only says how it is watched.
pub fn without_interval(source: &SourceSpec) -> SourceSpec {
    let mut source = source.clone();
    source.options.remove(POLL);
    source
}

fn read(source: &SourceSpec, reading: &Reading<'_>, give: Give<'_>) -> ControlFlow<()> {
    let (Some(path), Some(files)) = (source.first_path(), reading.watched) else { return ControlFlow::Continue(()) };
    let poll_s = source.option(POLL).and_then(|seconds| seconds.parse().ok());
    let mut watch = Watch {
        path: path.to_path_buf(),
        store: store::of_path(path),
        is_recursive: is_recursive(source),
        all_files: copies_others(source),
        poll: poll_s.map(Duration::from_secs),
        reading,
        files,
        give,
        root: None,
        is_replaced: false,
        is_gone: false,
        changes: Changes::none(),
        pending: Pending::default(),
        next_check: Instant::now(),
        next_pass: None,
        has_passed: false,
    };
    if files.is_once() { watch.once() } else { watch.run() }
}

/// The folder while it is there.
struct Root {
    /// Its path without links.
    path: PathBuf,
    id: FolderId,
}

/// How a file was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    /// In a pass: nothing is known about who writes it.
    InPass,
    /// It was created or changed, and may still be written.
    Changed,
    /// Somebody is writing it, and the end of that will be reported.
    BeingWritten,
    /// It was closed after writing, or got its name now.
    Complete,
}

struct Watch<'a> {
    /// As the source names it.
    path: PathBuf,
    store: &'static dyn Store,
    is_recursive: bool,
    all_files: bool,
    /// The interval of passes; `None` while changes are reported.
    poll: Option<Duration>,
    reading: &'a Reading<'a>,
    files: &'a dyn WatchedFiles,
    give: &'a mut dyn FnMut(Found) -> ControlFlow<()>,
    root: Option<Root>,
    /// Whether another folder may be in its place: file systems often give a new folder the number of a deleted one.
    is_replaced: bool,
    /// Whether it was reported that the folder is not there.
    is_gone: bool,
    changes: Changes,
    pending: Pending,
    next_check: Instant,
    /// When the folder is looked through next; `None` while that is not needed.
    next_pass: Option<Instant>,
    /// Whether it was looked through before.
    has_passed: bool,
}

impl Watch<'_> {
    /// Takes what is there, and waits only for files that are about to be complete.
    fn once(&mut self) -> ControlFlow<()> {
        self.check_root()?;
        if self.root.is_none() {
            return self.files.flush();
        }
        self.pass()?;
        let mut left = None;
        while !self.pending.is_empty() {
            self.settle()?;
            self.files.flush()?;
            // One that is still changing is left to the next time.
            let now = Instant::now();
            if *left.get_or_insert(now + pending::PATIENCE) < now {
                self.pending.keep_unfinished();
            }
            self.check_cancelled()?;
            self.changes.wait(WAIT);
        }
        self.files.flush()
    }

    fn run(&mut self) -> ControlFlow<()> {
        loop {
            self.check_cancelled()?;
            if Instant::now() >= self.next_check {
                self.check_root()?;
            }
            if self.changes.take_lost() {
                // Also what was reported of the folder itself.
                self.is_replaced = true;
                self.check_root()?;
            }
            if self.pending.take_lost() {
                self.next_pass = Some(Instant::now());
            }
            if self.root.is_some() && self.next_pass.is_some_and(|at| Instant::now() >= at) {
                self.pass()?;
            }
            self.settle()?;
            self.files.flush()?;
            let mut next = self.changes.wait(WAIT);
            while let Some(change) = next {
                self.check_cancelled()?;
                self.take_change(change)?;
                next = self.changes.next();
            }
        }
    }

    /// Looks whether the folder is there, and the same as before.
    fn check_root(&mut self) -> ControlFlow<()> {
        self.next_check = Instant::now() + CHECK_ROOT_EVERY;
        let id = store::folder_id(&self.path).ok();
        let is_replaced = std::mem::take(&mut self.is_replaced);
        if !is_replaced && id.is_some() && id == self.root.as_ref().map(|root| root.id) {
            return ControlFlow::Continue(());
        }
        self.root = None;
        self.changes = Changes::none();
        self.pending = Pending::default();
        let folder = || self.path.display().to_string();
        let (Some(id), Ok(path)) = (id, self.store.resolve(&self.path)) else {
            if !std::mem::replace(&mut self.is_gone, true) {
                (self.give)(Found::Remark(Remark::WatchedFolderGone { folder: folder() }))?;
            }
            return ControlFlow::Continue(());
        };
        if std::mem::take(&mut self.is_gone) {
            (self.give)(Found::Remark(Remark::WatchedFolderBack { folder: folder() }))?;
        }
        self.begin(&path)?;
        self.root = Some(Root { path, id });
        self.next_pass = Some(Instant::now());
        ControlFlow::Continue(())
    }

    /// Begins to follow changes, before the first pass, so that nothing is missed between them.
    fn begin(&mut self, path: &Path) -> ControlFlow<()> {
        if self.files.is_once() || self.poll.is_some() {
            return ControlFlow::Continue(());
        }
        let changes = if store::is_remote(path) { None } else { Changes::of(path, self.is_recursive) };
        if let Some(changes) = changes {
            self.changes = changes;
        } else {
            self.poll = Some(POLL_EVERY);
            let folder = self.path.display().to_string();
            let interval = human::time_limit(POLL_EVERY.as_secs());
            (self.give)(Found::Remark(Remark::WatchedFolderPolled { folder, interval }))?;
        }
        ControlFlow::Continue(())
    }

    /// Looks through the whole folder.
    fn pass(&mut self) -> ControlFlow<()> {
        let Some(root) = self.root.as_ref().map(|root| root.path.clone()) else { return ControlFlow::Continue(()) };
        let began = Instant::now();
        self.look_through(root)?;
        self.has_passed = true;
        self.next_pass = self.poll.map(|poll| Instant::now() + poll.max(began.elapsed() * PAUSE_FACTOR));
        ControlFlow::Continue(())
    }

    /// Looks at the files of a folder, and of those below it, folder by folder in natural order.
    fn look_through(&mut self, folder: PathBuf) -> ControlFlow<()> {
        let mut folders = vec![folder];
        while let Some(folder) = folders.pop() {
            let (mut images, mut below) = (Vec::new(), Vec::new());
            let mut entries = 0_usize;
            let listed = self.store.list(&Locator::File(folder.clone()), &mut |entry| {
                entries += 1;
                if entries.is_multiple_of(ENTRIES_PER_CHECK) {
                    self.check_cancelled()?;
                }
                if !self.may_read(&entry.path) {
                    return ControlFlow::Continue(());
                }
                let name = entry.path.file_name().map(text_encoding::of_name).unwrap_or_default();
                match entry.kind {
                    EntryKind::Folder if self.is_recursive && !entry.is_link => below.push((name, entry.path)),
                    EntryKind::File if self.is_wanted(&entry.path) => images.push((name, entry.path)),
                    _ => {}
                }
                ControlFlow::Continue(())
            });
            self.check_cancelled()?;
            if let Err(error) = listed
                && !self.has_passed
                && self.root.as_ref().is_some_and(|root| root.path != folder)
            {
                (self.give)(Found::Failed(folder::unreadable(&folder, &error)))?;
            }
            images.sort_by(|(a, _), (b, _)| natural_order::natural(a, b));
            below.sort_by(|(a, _), (b, _)| natural_order::natural(b, a));
            for (_, path) in images {
                self.check_cancelled()?;
                self.look(path, Seen::InPass)?;
            }
            self.files.flush()?;
            let is_read = |path: &Path| (self.reading.results_at)(path, EntryKind::Folder) == Results::None;
            folders.extend(below.into_iter().map(|(_, path)| path).filter(|path| is_read(path)));
        }
        ControlFlow::Continue(())
    }

    fn take_change(&mut self, change: Change) -> ControlFlow<()> {
        let (path, seen) = match change {
            Change::Root => {
                self.is_replaced = true;
                self.next_check = Instant::now();
                return ControlFlow::Continue(());
            }
            Change::Arrived(path) | Change::Closed(path) => (path, Seen::Complete),
            Change::Written(path) if changes::REPORTS_CLOSE => (path, Seen::BeingWritten),
            Change::Created(path) | Change::Written(path) => (path, Seen::Changed),
        };
        let Some(root) = self.root.as_ref().map(|root| root.path.clone()) else { return ControlFlow::Continue(()) };
        if !self.is_below(&root, &path) {
            return ControlFlow::Continue(());
        }
        // A file that was written once does not become a folder.
        let is_folder = seen != Seen::BeingWritten && folder::is_folder(&path);
        if is_folder && self.is_recursive && path != root && store::link_target(&path).is_none() {
            return self.look_through(path);
        }
        if is_folder || !self.is_wanted(&path) {
            return ControlFlow::Continue(());
        }
        self.look(path, seen)
    }

    /// Whether a path below the root is looked at: neither it nor a folder above it is hidden or holds results.
    fn is_below(&self, root: &Path, path: &Path) -> bool {
        let Ok(below) = path.strip_prefix(root) else { return false };
        let depth = below.components().count();
        let is_near = depth == 1 || (self.is_recursive && depth > 1);
        is_near
            && path.ancestors().take(depth).enumerate().all(|(above, part)| {
                self.may_read(part)
                    && (above == 0 || (self.reading.results_at)(part, EntryKind::Folder) == Results::None)
            })
    }

    /// Whether an entry is neither hidden nor a temporary of ours.
    fn may_read(&self, path: &Path) -> bool {
        let name = path.file_name().map(text_encoding::of_name).unwrap_or_default();
        !name.starts_with(OWN_FILES) && (self.all_files || !name.starts_with('.'))
    }

    fn is_wanted(&self, path: &Path) -> bool {
        self.all_files || is_image_name(path)
    }

    /// Takes a file, if it is new and complete.
    fn look(&mut self, path: PathBuf, seen: Seen) -> ControlFlow<()> {
        let Ok(head) = self.head(&path) else {
            self.pending.forget(&path);
            return ControlFlow::Continue(());
        };
        // One that is empty gets its content later, which is reported then.
        let is_nothing = head.kind != EntryKind::File || head.size_bytes == 0 || self.files.is_known(&path, &head);
        if is_nothing || (self.reading.results_at)(&path, EntryKind::File) != Results::None {
            self.pending.forget(&path);
            return ControlFlow::Continue(());
        }
        let is_complete = match seen {
            Seen::Complete => true,
            Seen::InPass => pending::is_old(&head) && !self.pending.holds(&path),
            Seen::Changed | Seen::BeingWritten => false,
        };
        if is_complete {
            return self.take(path, &head);
        }
        self.pending.note(path, head, seen == Seen::BeingWritten);
        ControlFlow::Continue(())
    }

    /// Takes files that have not changed for long enough.
    fn settle(&mut self) -> ControlFlow<()> {
        let span = self.poll.unwrap_or(pending::SETTLED_AFTER);
        for path in self.pending.due(span) {
            self.check_cancelled()?;
            let Ok(head) = self.head(&path) else {
                self.pending.forget(&path);
                continue;
            };
            match self.pending.step(&path, &head) {
                Step::Wait => {}
                Step::Take if self.files.is_known(&path, &head) => self.pending.forget(&path),
                Step::Take => self.take(path, &head)?,
                Step::Read => {
                    let locator = Locator::File(path.clone());
                    let is_whole = store::sha256_of(&locator).is_ok() && self.head(&path).is_ok_and(|now| now == head);
                    if is_whole {
                        self.take(path, &head)?;
                    }
                }
            }
        }
        ControlFlow::Continue(())
    }

    fn take(&mut self, path: PathBuf, head: &Head) -> ControlFlow<()> {
        let Some(root) = &self.root else { return ControlFlow::Continue(()) };
        let folder = path.parent().and_then(|folder| folder.strip_prefix(&root.path).ok());
        let parts = folder.into_iter().flat_map(Path::components);
        let dir = parts.map(|part| text_encoding::of_name(part.as_os_str())).collect::<Vec<_>>().join("/");
        match self.files.take(files::item(Locator::File(path.clone()), dir, Ok(head))) {
            Taken::Done => self.pending.forget(&path),
            Taken::Later => self.pending.ask_again(path, *head),
            Taken::Failed => return ControlFlow::Break(()),
        }
        ControlFlow::Continue(())
    }

    fn head(&self, path: &Path) -> std::io::Result<Head> {
        self.store.head(&Locator::File(path.to_path_buf()))
    }

    fn check_cancelled(&self) -> ControlFlow<()> {
        if (self.reading.cancelled)() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}
