//! The time that one link takes of its item's limit: its requests and the pauses between them, but not the wait for a
//! free connection or a lost network, which is not its fault.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Measures the time that counts.
#[derive(Debug)]
pub(in crate::fetch) struct Stopwatch {
    began: Instant,
    excluded_us: AtomicU64,
    limit: Duration,
}

impl Stopwatch {
    /// Starts now; the link may take this long.
    pub(in crate::fetch) fn start(limit: Option<Duration>) -> Self {
        Self { began: Instant::now(), excluded_us: AtomicU64::new(0), limit: limit.unwrap_or(Duration::MAX) }
    }

    /// This much of the time that passed does not count.
    pub(in crate::fetch) fn exclude(&self, time: Duration) {
        let us = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.excluded_us.fetch_add(us, Ordering::Relaxed);
    }

    /// The time that counts.
    pub(in crate::fetch) fn elapsed(&self) -> Duration {
        let excluded = Duration::from_micros(self.excluded_us.load(Ordering::Relaxed));
        self.began.elapsed().saturating_sub(excluded)
    }

    /// How much time is left.
    pub(in crate::fetch) fn left(&self) -> Duration {
        self.limit.saturating_sub(self.elapsed())
    }

    /// Sleeps, unless the link runs out of time first: `false`.
    pub(in crate::fetch) async fn sleep(&self, time: Duration) -> bool {
        let left = self.left();
        tokio::time::sleep(time.min(left)).await;
        time < left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn excluded_time_leaves_as_much_as_before() {
        let stopwatch = Stopwatch::start(Some(Duration::from_hours(1)));
        stopwatch.exclude(Duration::from_hours(2));
        assert_eq!((stopwatch.elapsed(), stopwatch.left()), (Duration::ZERO, Duration::from_hours(1)));
        assert!(Stopwatch::start(Some(Duration::ZERO)).left().is_zero());
    }
}
