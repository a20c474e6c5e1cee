//! The front end's side of the engine: it sends numbered commands and reads snapshots. No call blocks.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::{ArcSwap, ArcSwapOption};
use crossbeam_channel::{Receiver, Sender, bounded};

use super::command::Command;
use super::costs::Costs;
use super::database::{DatabaseAnswer, DatabaseRequest, DatabaseView};
use super::snapshot::Snapshot;
use super::view::{ItemsPage, ItemsRequest, JobsPage, JobsRequest, Preview, PreviewRequest, Storage, Thumbnail};
use crate::model::ItemId;

/// Capacity of the command queue. The engine takes each command within milliseconds, so a full queue means that it has
/// stopped.
const MAX_QUEUED_COMMANDS: usize = 1024;
/// Thumbnails that may wait until a front end takes them.
const MAX_QUEUED_THUMBNAILS: usize = 256;

type Waker = Box<dyn Fn() + Send + Sync>;

/// A front end's access to the engine. Clones share one numbering of commands.
#[derive(Clone)]
pub struct Handle {
    shared: Arc<Shared>,
    commands: Arc<CommandQueue>,
    thumbnail_rx: Receiver<Thumbnail>,
}

/// A command with its sequence number.
#[derive(Debug)]
pub(crate) struct NumberedCommand {
    /// Counts from 1 in the order in which the engine receives commands.
    pub(crate) number: u64,
    pub(crate) command: Command,
}

/// Numbers commands in the order in which the engine receives them, whichever clone of a handle sends them.
struct CommandQueue {
    command_tx: Sender<NumberedCommand>,
    last_number: Mutex<u64>,
}

/// State that both sides share: the snapshot and latest-wins slots.
pub(crate) struct Shared {
    pub(crate) snapshot: ArcSwap<Snapshot>,
    pub(crate) items_wanted: Slot<ItemsRequest>,
    pub(crate) items: ArcSwapOption<ItemsPage>,
    pub(crate) jobs_wanted: Slot<JobsRequest>,
    pub(crate) jobs: ArcSwapOption<JobsPage>,
    pub(crate) storage_wanted: Slot<()>,
    pub(crate) storage: ArcSwapOption<Storage>,
    pub(crate) thumbnails_wanted: Slot<Vec<ItemId>>,
    pub(crate) preview_wanted: Slot<Option<PreviewRequest>>,
    pub(crate) preview: ArcSwap<Preview>,
    page_database: DatabaseSlot,
    write_back_database: DatabaseSlot,
    result_database: DatabaseSlot,
    pub(crate) costs: Costs,
    wakers: Mutex<Vec<Waker>>,
}

/// What a view asks of a database, and the answer.
pub(crate) struct DatabaseSlot {
    pub(crate) wanted: Slot<Option<DatabaseRequest>>,
    pub(crate) answer: ArcSwapOption<DatabaseAnswer>,
}

impl DatabaseSlot {
    fn new() -> Self {
        Self { wanted: Slot::new(), answer: ArcSwapOption::empty() }
    }
}

/// The engine's ends of a [`Handle`].
pub(crate) struct Ends {
    pub(crate) shared: Arc<Shared>,
    pub(crate) command_rx: Receiver<NumberedCommand>,
    pub(crate) thumbnail_tx: Sender<Thumbnail>,
}

impl Handle {
    /// A handle and the engine's ends of its channels.
    pub(crate) fn new() -> (Self, Ends) {
        let shared = Arc::new(Shared {
            snapshot: ArcSwap::default(),
            items_wanted: Slot::new(),
            items: ArcSwapOption::empty(),
            jobs_wanted: Slot::new(),
            jobs: ArcSwapOption::empty(),
            storage_wanted: Slot::new(),
            storage: ArcSwapOption::empty(),
            thumbnails_wanted: Slot::new(),
            preview_wanted: Slot::new(),
            preview: ArcSwap::default(),
            page_database: DatabaseSlot::new(),
            write_back_database: DatabaseSlot::new(),
            result_database: DatabaseSlot::new(),
            costs: Costs::default(),
            wakers: Mutex::new(Vec::new()),
        });
        let (command_tx, command_rx) = bounded(MAX_QUEUED_COMMANDS);
        let (thumbnail_tx, thumbnail_rx) = bounded(MAX_QUEUED_THUMBNAILS);
        let ends = Ends { shared: Arc::clone(&shared), command_rx, thumbnail_tx };
        let commands = Arc::new(CommandQueue { command_tx, last_number: Mutex::new(0) });
        (Self { shared, commands, thumbnail_rx }, ends)
    }

    /// Sends a command without blocking and returns its sequence number; [`Snapshot::commands_included`] reaches that
    /// number once the engine has acted on it. `None` if the engine has stopped.
    pub fn send(&self, command: Command) -> Option<u64> {
        // Held across the send, so that numbers have the order of the queue.
        let mut last_number = self.commands.last_number.lock().unwrap_or_else(PoisonError::into_inner);
        let number = *last_number + 1;
        self.commands.command_tx.try_send(NumberedCommand { number, command }).ok()?;
        *last_number = number;
        Some(number)
    }

    /// The engine's latest snapshot.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.shared.snapshot.load_full()
    }

    /// Calls `waker` whenever there is something new to show. It is called from any thread and must be cheap.
    pub fn on_change(&self, waker: impl Fn() + Send + Sync + 'static) {
        self.shared.wakers.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(waker));
    }

    /// Asks for a page of items; the latest request wins. Ask again when `items_revision` has changed.
    pub fn want_items(&self, request: ItemsRequest) {
        self.shared.items_wanted.put(request);
    }

    /// The latest page of items that has been read.
    pub fn items(&self) -> Option<Arc<ItemsPage>> {
        self.shared.items.load_full()
    }

    /// Asks for a page of the history; the latest request wins. Ask again when `items_revision` has changed.
    pub fn want_jobs(&self, request: JobsRequest) {
        self.shared.jobs_wanted.put(request);
    }

    /// The latest page of the history that has been read.
    pub fn jobs(&self) -> Option<Arc<JobsPage>> {
        self.shared.jobs.load_full()
    }

    /// Asks what the catalog needs.
    pub fn want_storage(&self) {
        self.shared.storage_wanted.put(());
    }

    /// What the catalog needed when that was asked last.
    pub fn storage(&self) -> Option<Arc<Storage>> {
        self.shared.storage.load_full()
    }

    /// Asks for thumbnails of these items, the most wanted first. Replaces earlier requests that have not started.
    pub fn want_thumbnails(&self, ids: Vec<ItemId>) {
        self.shared.thumbnails_wanted.put(ids);
    }

    /// The next finished thumbnail; each is returned once.
    pub fn take_thumbnail(&self) -> Option<Thumbnail> {
        self.thumbnail_rx.try_recv().ok()
    }

    /// Asks for a preview; a newer request cancels the previous one.
    pub fn want_preview(&self, request: Option<PreviewRequest>) {
        self.shared.preview_wanted.put(request);
    }

    /// Asks something of a database; a newer question cancels the previous one, and `None` closes the connection.
    pub fn want_database(&self, view: DatabaseView, request: Option<DatabaseRequest>) {
        self.shared.database(view).wanted.put(request);
    }

    /// What is known of the answer to a view's latest question.
    pub fn database(&self, view: DatabaseView) -> Option<Arc<DatabaseAnswer>> {
        self.shared.database(view).answer.load_full()
    }

    /// The latest preview.
    pub fn preview(&self) -> Arc<Preview> {
        self.shared.preview.load_full()
    }
}

impl Shared {
    /// A view's slot for questions about databases.
    pub(crate) fn database(&self, view: DatabaseView) -> &DatabaseSlot {
        match view {
            DatabaseView::Page => &self.page_database,
            DatabaseView::WriteBack => &self.write_back_database,
            DatabaseView::Result => &self.result_database,
        }
    }

    /// Notifies every front end that there is something new.
    pub(crate) fn wake(&self) {
        for waker in self.wakers.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            waker();
        }
    }
}

/// Holds at most one value: a newer one replaces an older one that was not taken.
pub(crate) struct Slot<T> {
    latest: Mutex<Option<T>>,
    bell_tx: Sender<()>,
    bell_rx: Receiver<()>,
}

impl<T> Slot<T> {
    fn new() -> Self {
        let (bell_tx, bell_rx) = bounded(1);
        Self { latest: Mutex::new(None), bell_tx, bell_rx }
    }

    pub(crate) fn put(&self, value: T) {
        *self.latest.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
        // If the channel is full, the reader has been notified already.
        let _ = self.bell_tx.try_send(());
    }

    pub(crate) fn take(&self) -> Option<T> {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Receives a message after a value was put.
    pub(crate) fn bell(&self) -> &Receiver<()> {
        &self.bell_rx
    }
}

#[cfg(test)]
impl Handle {
    /// Waits until a snapshot has something, described by `what`.
    pub(crate) fn wait_for(&self, what: &str, is_there: impl Fn(&Snapshot) -> bool) -> Arc<Snapshot> {
        // Far above what a busy machine needs.
        let until = std::time::Instant::now() + std::time::Duration::from_mins(1);
        loop {
            let snapshot = self.snapshot();
            if is_there(&snapshot) {
                return snapshot;
            }
            assert!(std::time::Instant::now() < until, "not reached: {what}; the snapshot is {snapshot:#?}");
            std::thread::yield_now();
        }
    }
}
