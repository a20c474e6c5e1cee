//! What has been received of links in progress. The catalog counts an item's bytes once it has an outcome, and a large
//! file may take hours until then.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::fetch::Meter;

/// Smallest announced size of a body whose share counts, in bytes: the others are received at once.
const LARGE_BYTES: u64 = 1 << 20;
/// The share of an item that is received completely: of a copy, which is nearly done, and of an image, whose work is
/// still to come.
const COPY_SHARE: f64 = 0.99;
const IMAGE_SHARE: f64 = 0.5;

/// The links in progress.
#[derive(Debug)]
pub(crate) struct Transfers {
    meters: Mutex<HashMap<u64, Arc<Meter>>>,
    share: f64,
    /// Bytes of ended items that earlier runs received.
    earlier_bytes: AtomicU64,
}

/// What has been received of links in progress.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Received {
    /// Bytes of their bodies.
    pub(crate) bytes: u64,
    /// The sum of their shares.
    pub(crate) items: f64,
    /// Bytes that this run took over from earlier ones, those of ended items included. Never less than before.
    pub(crate) earlier_bytes: u64,
}

impl Transfers {
    /// Of a job that copies, or one that makes images.
    pub(crate) fn new(is_copy: bool) -> Self {
        let share = if is_copy { COPY_SHARE } else { IMAGE_SHARE };
        Self { meters: Mutex::default(), share, earlier_bytes: AtomicU64::new(0) }
    }

    /// A link is fetched.
    pub(super) fn begin(&self, seq: u64) -> Arc<Meter> {
        let meter = Arc::<Meter>::default();
        self.meters().insert(seq, Arc::clone(&meter));
        meter
    }

    /// An item has an outcome, or waits again.
    pub(super) fn end(&self, seq: u64) {
        let mut meters = self.meters();
        if let Some(meter) = meters.remove(&seq) {
            self.earlier_bytes.fetch_add(meter.earlier_bytes(), Ordering::Relaxed);
        }
    }

    /// What has been received now.
    pub(crate) fn received(&self) -> Received {
        let meters = self.meters();
        let ended = Received { earlier_bytes: self.earlier_bytes.load(Ordering::Relaxed), ..Received::default() };
        meters.values().fold(ended, |sum, meter| {
            let is_large = meter.whole_bytes().is_some_and(|whole| whole >= LARGE_BYTES);
            Received {
                bytes: sum.bytes + meter.body_bytes(),
                items: sum.items + if is_large { meter.share() * self.share } else { 0.0 },
                earlier_bytes: sum.earlier_bytes + meter.earlier_bytes(),
            }
        })
    }

    fn meters(&self) -> MutexGuard<'_, HashMap<u64, Arc<Meter>>> {
        self.meters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_all_links_count_and_shares_only_of_large_files() {
        for (is_copy, share) in [(true, 0.99), (false, 0.5)] {
            let transfers = Transfers::new(is_copy);
            assert_eq!(transfers.received(), Received::default());
            transfers.begin(1).set(700, 700, Some(1000));
            transfers.begin(2).set(1 << 20, 1 << 20, Some(2 << 20));
            transfers.begin(3).set(5 << 20, 5 << 20, None);
            let received = transfers.received();
            assert_eq!((received.bytes, received.items), (700 + (6 << 20), share / 2.0));
            transfers.begin(4).took_over(1 << 20, Some(1 << 30));
            assert_eq!(transfers.received().earlier_bytes, 1 << 20);
            transfers.end(2);
            transfers.end(4);
            let left = transfers.received();
            assert_eq!((left.bytes, left.items, left.earlier_bytes), (700 + (5 << 20), 0.0, 1 << 20));
        }
    }
}
