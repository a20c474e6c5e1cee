//! Rates that are kept: requests per second at a host, bytes per second in all.
//!
//! Whoever wants something is given the instant from which it may go on; the instants lie as far apart as the rate says.
//! An unused second is not saved up for a burst, but for the tenth of one that timers need.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Unused time that may be made up for: timers are not exact.
const SLACK: Duration = Duration::from_millis(100);

/// So many units per second.
#[derive(Debug)]
pub(in crate::fetch) struct Rate {
    per_s: f64,
    /// When the next unit may be taken.
    next: Mutex<Option<Instant>>,
}

impl Rate {
    /// `None` where there is no limit, or one that makes no sense.
    pub(in crate::fetch) fn new(per_s: Option<f64>) -> Option<Self> {
        let per_s = per_s.filter(|per_s| per_s.is_finite() && *per_s > 0.0)?;
        Some(Self { per_s, next: Mutex::default() })
    }

    /// Takes units and tells how long to wait before what they are for is begun.
    pub(in crate::fetch) fn ahead(&self, units: f64, now: Instant) -> Duration {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let earliest = now.checked_sub(SLACK.min(self.spacing(1.0))).unwrap_or(now);
        let from = next.map_or(now, |next| next.max(earliest));
        *next = from.checked_add(self.spacing(units));
        from.saturating_duration_since(now)
    }

    /// Waits for the turn of these units.
    pub(in crate::fetch) async fn take(&self, units: f64) {
        let wait = self.ahead(units, Instant::now());
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
    }

    fn spacing(&self, units: f64) -> Duration {
        Duration::try_from_secs_f64(units / self.per_s).unwrap_or(Duration::MAX)
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
