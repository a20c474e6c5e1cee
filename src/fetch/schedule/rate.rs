//! Rate limits: requests per second at a host, bytes per second in all.
//!
//! Each request for units gets a time from which it may continue; the times are as far apart as the rate demands.
//! Unused time is not saved up for a burst, except the tenth of a second that timers need.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Unused time that may be made up for, since timers are not exact.
const SLACK: Duration = Duration::from_millis(100);

/// A number of units per second.
#[derive(Debug)]
pub(in crate::fetch) struct Rate {
    per_s: f64,
    /// When the next unit may be taken.
    next: Mutex<Option<Instant>>,
}

impl Rate {
    /// `None` if there is no limit, or an invalid one.
    pub(in crate::fetch) fn new(per_s: Option<f64>) -> Option<Self> {
        let per_s = per_s.filter(|per_s| per_s.is_finite() && *per_s > 0.0)?;
        Some(Self { per_s, next: Mutex::default() })
    }

    /// Takes units; returns how long to wait first.
    pub(in crate::fetch) fn ahead(&self, units: f64, now: Instant) -> Duration {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let earliest = now.checked_sub(SLACK.min(self.spacing(1.0))).unwrap_or(now);
        let from = next.map_or(now, |next| next.max(earliest));
        *next = from.checked_add(self.spacing(units));
        from.saturating_duration_since(now)
    }

    /// Takes units and waits.
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
    fn turns_are_as_far_apart_as_the_rate_demands() {
        let Some(rate) = Rate::new(Some(5.0)) else { panic!("a rate") };
        let now = Instant::now();
        let waits: Vec<_> = (0..4).map(|_| rate.ahead(1.0, now).as_millis()).collect();
        assert_eq!(waits, [0, 200, 400, 600]);
        // A minute later nothing was saved up except the slack.
        let later = now + Duration::from_mins(1);
        let waits: Vec<_> = (0..3).map(|_| rate.ahead(1.0, later).as_millis()).collect();
        assert_eq!(waits, [0, 100, 300]);
    }

    #[test]
    fn bytes_are_waited_for_after_they_were_received() {
        let Some(rate) = Rate::new(Some(1000.0)) else { panic!("a rate") };
        let now = Instant::now();
        assert_eq!(rate.ahead(500.0, now), Duration::ZERO);
        assert_eq!(rate.ahead(1.0, now), Duration::from_millis(500));
    }

    #[test]
    fn an_invalid_rate_is_no_limit() {
        for per_s in [None, Some(0.0), Some(-1.0), Some(f64::NAN), Some(f64::INFINITY)] {
            assert!(Rate::new(per_s).is_none(), "{per_s:?}");
        }
        let slow = Rate::new(Some(f64::MIN_POSITIVE));
        assert!(slow.is_some_and(|slow| slow.ahead(1e9, Instant::now()).is_zero()));
    }
}
