//! The progress of a request: when its last byte arrived, how long the rate of all transfers delayed it, and whether it
//! should continue.

use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::host_state::{Silence, WIDEN_AFTER};
use super::rate::Rate;
use super::scheduler::Slot;

/// The progress of one request.
pub(in crate::fetch) struct Progress<'a> {
    rate: Option<&'a Rate>,
    began: Instant,
    /// When it is first checked for silence.
    first_look: Duration,
    /// How long the rate delayed it.
    held_us: AtomicU64,
    /// When its last byte arrived, since it began.
    last_byte_us: AtomicU64,
}

/// How a watched request ended.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::fetch) enum Watched<T> {
    /// By itself.
    Ended(T),
    /// It took too long.
    TimedOut,
    /// It was silent while other links wait.
    GaveWay,
}

impl<'a> Progress<'a> {
    /// A request that begins now. `rate` limits the bytes of all transfers.
    pub(in crate::fetch) fn start(rate: Option<&'a Rate>, give_way_after: Duration) -> Self {
        let first_look = give_way_after.min(WIDEN_AFTER);
        Self { rate, first_look, began: Instant::now(), held_us: AtomicU64::new(0), last_byte_us: AtomicU64::new(0) }
    }

    /// When it began.
    pub(in crate::fetch) const fn began(&self) -> Instant {
        self.began
    }

    /// The server sent something.
    pub(in crate::fetch) fn note_byte(&self, now: Instant) {
        self.last_byte_us.store(micros(now.saturating_duration_since(self.began)), Ordering::Relaxed);
    }

    /// This many bytes arrived; waits as long as the rate demands.
    pub(in crate::fetch) async fn received(&self, bytes: usize, now: Instant) {
        self.note_byte(now);
        let Some(rate) = self.rate else { return };
        let wait = rate.ahead(bytes as f64, now);
        if !wait.is_zero() {
            self.held_us.fetch_add(micros(wait), Ordering::Relaxed);
            // The server is not silent during this wait: nobody reads.
            self.note_byte(now + wait);
            tokio::time::sleep(wait).await;
        }
    }

    /// Runs a request until it ends, takes longer than `limit` (the time for which the rate delayed it does not
    /// count), or gives way to links that wait.
    pub(in crate::fetch) async fn watch<T>(
        &self,
        limit: Duration,
        slot: &Slot,
        may_give_way: bool,
        work: impl Future<Output = T>,
    ) -> Watched<T> {
        let mut work = pin!(work);
        let mut next_look = self.first_look;
        loop {
            let end = limit.saturating_add(Duration::from_micros(self.held_us.load(Ordering::Relaxed)));
            let left = end.min(next_look).saturating_sub(self.began.elapsed());
            if let Ok(ended) = tokio::time::timeout(left, &mut work).await {
                return Watched::Ended(ended);
            }
            let passed = self.began.elapsed();
            if passed >= limit.saturating_add(Duration::from_micros(self.held_us.load(Ordering::Relaxed))) {
                return Watched::TimedOut;
            }
            if passed < next_look {
                continue;
            }
            let silent = passed.saturating_sub(Duration::from_micros(self.last_byte_us.load(Ordering::Relaxed)));
            match slot.silence(silent, may_give_way) {
                Silence::GiveWay => return Watched::GaveWay,
                Silence::Wait(time) => next_look = passed + time,
            }
        }
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
