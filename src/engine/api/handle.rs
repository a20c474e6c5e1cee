//! What a face holds of the engine. Nothing here waits for anything.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::{ArcSwap, ArcSwapOption};
use crossbeam_channel::{Receiver, Sender, bounded};

use super::command::Command;
use super::snapshot::Snapshot;
use super::view::{ItemsPage, ItemsRequest, Preview, PreviewRequest, Thumbnail};
use crate::model::ItemId;

/// Commands that may wait for the engine; it answers within milliseconds, so a full queue means that it is gone.
const COMMANDS: usize = 1024;
/// Thumbnails that may wait for a face to take them.
const THUMBNAILS: usize = 256;

type Waker = Box<dyn Fn() + Send + Sync>;

/// What a face holds of the engine.
#[derive(Clone)]
pub struct Handle {
    shared: Arc<Shared>,
    command_tx: Sender<Command>,
    thumbnail_rx: Receiver<Thumbnail>,
}

/// What both sides share: levels and latest-wins slots.
pub(crate) struct Shared {
    pub(crate) snapshot: ArcSwap<Snapshot>,
    pub(crate) items_wanted: Slot<ItemsRequest>,
    pub(crate) items: ArcSwapOption<ItemsPage>,
    pub(crate) thumbnails_wanted: Slot<Vec<ItemId>>,
    pub(crate) preview_wanted: Slot<Option<PreviewRequest>>,
    pub(crate) preview: ArcSwap<Preview>,
    wakers: Mutex<Vec<Waker>>,
}

/// The engine's ends of a [`Handle`].
pub(crate) struct Ends {
    pub(crate) shared: Arc<Shared>,
    pub(crate) command_rx: Receiver<Command>,
    pub(crate) thumbnail_tx: Sender<Thumbnail>,
}

impl Handle {
    /// A handle and the ends that an engine takes.
    pub(crate) fn new() -> (Self, Ends) {
        let shared = Arc::new(Shared {
            snapshot: ArcSwap::default(),
            items_wanted: Slot::new(),
            items: ArcSwapOption::empty(),
            thumbnails_wanted: Slot::new(),
            preview_wanted: Slot::new(),
            preview: ArcSwap::default(),
            wakers: Mutex::new(Vec::new()),
        });
        let (command_tx, command_rx) = bounded(COMMANDS);
        let (thumbnail_tx, thumbnail_rx) = bounded(THUMBNAILS);
        let ends = Ends { shared: Arc::clone(&shared), command_rx, thumbnail_tx };
        (Self { shared, command_tx, thumbnail_rx }, ends)
    }

    /// Asks for something; never waits. `false` if the engine is gone.
    pub fn send(&self, command: Command) -> bool {
        self.command_tx.try_send(command).is_ok()
    }

    /// The latest picture of the engine.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.shared.snapshot.load_full()
    }

    /// Calls `waker` (from any thread, so it must be cheap) whenever there is something new to see.
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

    /// Asks for thumbnails of these items, the most wanted first; forgets what was asked for before and not yet begun.
    pub fn want_thumbnails(&self, ids: Vec<ItemId>) {
        self.shared.thumbnails_wanted.put(ids);
    }

    /// A thumbnail that is ready; each is given once.
    pub fn take_thumbnail(&self) -> Option<Thumbnail> {
        self.thumbnail_rx.try_recv().ok()
    }

    /// Asks for a preview; the latest request wins and cancels the one before.
    pub fn want_preview(&self, request: Option<PreviewRequest>) {
        self.shared.preview_wanted.put(request);
    }

    /// What can be seen of the previewed item.
    pub fn preview(&self) -> Arc<Preview> {
        self.shared.preview.load_full()
    }
}

impl Shared {
    /// Tells every face that there is something new.
    pub(crate) fn wake(&self) {
        for waker in self.wakers.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            waker();
        }
    }
}

/// A slot of one: a newer value replaces an older one that nobody took.
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
        // A full bell rings already.
        let _ = self.bell_tx.try_send(());
    }

    pub(crate) fn take(&self) -> Option<T> {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Rings when something was put.
    pub(crate) fn bell(&self) -> &Receiver<()> {
        &self.bell_rx
    }
}
