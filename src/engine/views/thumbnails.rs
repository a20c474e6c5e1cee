//! Thumbnails for front ends, computed on the preview pool: the most wanted first, and none that is no longer wanted.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};
use rayon::ThreadPool;

use super::body_cache::BodyCache;
use super::decode::{self, Source};
use crate::catalog::CatalogReader;
use crate::codec::{DecodeControl, Helpers};
use crate::engine::api::handle::Shared;
use crate::engine::api::view::Thumbnail;
use crate::engine::item::decode_image;
use crate::engine::item::guarded::guarded;
use crate::error::{ErrorKind, ItemError};
use crate::model::ItemId;

/// A thumbnail that takes longer keeps others waiting, and fails.
const MAX_TIME: Duration = Duration::from_secs(20);
/// The longest side of a thumbnail in px.
const SIDE_PX: u32 = 256;

/// Computes thumbnails.
pub(crate) struct Thumbnails {
    shared: Arc<Shared>,
    thumbnail_tx: Sender<Thumbnail>,
    reader: Box<dyn CatalogReader>,
    bodies: Arc<BodyCache>,
    pool: Arc<ThreadPool>,
    helpers: Arc<Helpers>,
}

impl Thumbnails {
    pub(crate) fn new(
        shared: Arc<Shared>,
        thumbnail_tx: Sender<Thumbnail>,
        reader: Box<dyn CatalogReader>,
        bodies: Arc<BodyCache>,
        pool: Arc<ThreadPool>,
        helpers: Arc<Helpers>,
    ) -> Self {
        Self { shared, thumbnail_tx, reader, bodies, pool, helpers }
    }

    /// Runs until `stop` is closed.
    pub(crate) fn run(self, stop: &Receiver<()>) {
        let bell = self.shared.thumbnails_wanted.bell().clone();
        let threads = self.pool.current_num_threads();
        let (done_tx, done_rx) = bounded(threads);
        let mut wanted: VecDeque<ItemId> = VecDeque::new();
        let mut begun: HashSet<ItemId> = HashSet::new();
        loop {
            while begun.len() < threads
                && let Some(id) = wanted.pop_front()
            {
                if begun.insert(id) {
                    self.begin(id, &done_tx);
                }
            }
            crossbeam_channel::select! {
                recv(bell) -> _ => if let Some(latest) = self.shared.thumbnails_wanted.take() { wanted = latest.into() },
                recv(done_rx) -> id => if let Ok(id) = id { begun.remove(&id); },
                recv(stop) -> _ => return,
            }
        }
    }

    fn begin(&self, id: ItemId, done_tx: &Sender<ItemId>) {
        let row = self.reader.item(id).ok().flatten();
        let (bodies, thumbnail_tx, done_tx) = (Arc::clone(&self.bodies), self.thumbnail_tx.clone(), done_tx.clone());
        let (shared, helpers) = (Arc::clone(&self.shared), Arc::clone(&self.helpers));
        self.pool.spawn(move || {
            let pixels = guarded(|| {
                let Some(row) = row else { return Err(ItemError::nameless(ErrorKind::NotFound)) };
                let body = match decode::source(&row, &bodies).map_err(|error| error.named(&row.locator))? {
                    Source::Input(body) | Source::Output(body) => body,
                    Source::NotFetched => return Err(ItemError::nameless(ErrorKind::Cancelled)),
                };
                let since = Instant::now();
                let cancelled = || since.elapsed() > MAX_TIME;
                let control = DecodeControl::new(&cancelled, &helpers);
                let page = row.locator.page().map_or(0, |page| u32::from(page.number()) - 1);
                let choice = decode_image::DecodeChoice { page, ..decode_image::DecodeChoice::default() };
                let area_px = Some((SIDE_PX, SIDE_PX));
                let shown = decode_image::decode(&body.bytes, choice, area_px, &control)
                    .map_err(|error| error.named(&row.locator))?;
                Ok(decode::pixels(&shown.image))
            });
            // A front end that takes none blocks nobody: it asks again for those it still wants.
            if thumbnail_tx.try_send(Thumbnail { id, pixels }).is_ok() {
                shared.wake();
            }
            let _ = done_tx.send(id);
        });
    }
}
