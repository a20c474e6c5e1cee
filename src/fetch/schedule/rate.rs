//! Rates that are kept: requests per second at a host, bytes per second in all.
//!
//! Whoever wants something is given the instant from which it may go on; the instants lie as far apart as the rate says.
//! An unused second is not saved up for a burst, but for the tenth of one that timers need.

use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Unused time that may be made up for: timers are not exact.
const SLACK: Duration = Duration::from_millis(100);

/// So many units per second.
#[derive(Debug)]
pub(crate) struct Rate {
    per_s: f64,
    /// When the next unit may be taken.
    next: Mutex<Option<Instant>>,
}

impl Rate {
    /// `None` where there is no limit, or one that makes no sense.
    pub(crate) fn new(per_s: Option<f64>) -> Option<Self> {
        let per_s = per_s.filter(|per_s| per_s.is_finite() && *per_s > 0.0)?;
        Some(Self { per_s, next: Mutex::default() })
    }

    /// Takes units and tells how long to wait before what they are for is begun.
    pub(crate) fn ahead(&self, units: f64, now: Instant) -> Duration {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let earliest = now.checked_sub(SLACK.min(self.spacing(1.0))).unwrap_or(now);
        let from = next.map_or(now, |next| next.max(earliest));
        *next = from.checked_add(self.spacing(units));
        from.saturating_duration_since(now)
    }

    /// Waits for the turn of these units.
    pub(crate) async fn take(&self, units: f64) {
        let wait = self.ahead(units, Instant::now());
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
    }

    fn spacing(&self, units: f64) -> Duration {
        Duration::try_from_secs_f64(units / self.per_s).unwrap_or(Duration::MAX)
    }
}

/// A rate for what one request receives, and how long that request was held back by it.
pub(crate) struct Throttle<'a> {
    rate: Option<&'a Rate>,
    held_us: AtomicU64,
}

impl<'a> Throttle<'a> {
    /// None where there is no rate.
    pub(crate) const fn new(rate: Option<&'a Rate>) -> Self {
        Self { rate, held_us: AtomicU64::new(0) }
    }

    /// Waits as long as so many bytes cost that came.
    pub(crate) async fn pay(&self, bytes: usize) {
        let Some(rate) = self.rate else { return };
        let wait = rate.ahead(bytes as f64, Instant::now());
        if !wait.is_zero() {
            self.held_us.fetch_add(u64::try_from(wait.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
            tokio::time::sleep(wait).await;
        }
    }

    /// What comes of work, unless it takes longer than that. The time in which it was held back does not count.
    pub(crate) async fn within<T>(&self, limit: Duration, work: impl Future<Output = T>) -> Option<T> {
        let began = Instant::now();
        let mut work = pin!(work);
        loop {
            let held = Duration::from_micros(self.held_us.load(Ordering::Relaxed));
            let left = limit.saturating_add(held).checked_sub(began.elapsed())?;
            if let Ok(done) = tokio::time::timeout(left, &mut work).await {
                return Some(done);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::rate::*;

    #[test]
    fn turns_lie_as_far_apart_as_the_rate_says() {
        let Some(rate) = Rate::new(Some(5.0)) else { panic!("a rate") };
        let now = Instant::now();
        let waits: Vec<_> = (0..4).map(|_| rate.ahead(1.0, now).as_millis()).collect();
        assert_eq!(waits, [0, 200, 400, 600]);
        // A minute later nothing was saved up but the slack.
        let later = now + Duration::from_mins(1);
        let waits: Vec<_> = (0..3).map(|_| rate.ahead(1.0, later).as_millis()).collect();
        assert_eq!(waits, [0, 100, 300]);
    }

    #[test]
    fn bytes_are_paid_for_after_they_came() {
        let Some(rate) = Rate::new(Some(1000.0)) else { panic!("a rate") };
        let now = Instant::now();
        assert_eq!(rate.ahead(500.0, now), Duration::ZERO);
        assert_eq!(rate.ahead(1.0, now), Duration::from_millis(500));
    }

    #[test]
    fn a_rate_that_makes_no_sense_is_none() {
        for per_s in [None, Some(0.0), Some(-1.0), Some(f64::NAN), Some(f64::INFINITY)] {
            assert!(Rate::new(per_s).is_none(), "{per_s:?}");
        }
        let slow = Rate::new(Some(f64::MIN_POSITIVE));
        assert!(slow.is_some_and(|slow| slow.ahead(1e9, Instant::now()).is_zero()));
    }
}
