//! How fast a run is: its running time without pauses, and its rates over the last few seconds.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::time_left::TimeLeft;

/// The time over which rates are measured.
const WINDOW: Duration = Duration::from_secs(5);

/// Measures a run.
pub(crate) struct RateMeter {
    worked: Duration,
    since: Option<Instant>,
    samples: VecDeque<Sample>,
    left: TimeLeft,
}

struct Sample {
    at: Duration,
    items: u64,
    bytes: u64,
}

impl RateMeter {
    /// A stopped meter.
    pub(crate) fn new() -> Self {
        Self { worked: Duration::ZERO, since: None, samples: VecDeque::new(), left: TimeLeft::default() }
    }

    pub(crate) fn go(&mut self) {
        self.since.get_or_insert_with(Instant::now);
    }

    pub(crate) fn pause(&mut self) {
        self.worked = self.elapsed();
        self.since = None;
    }

    /// Running time without pauses.
    pub(crate) fn elapsed(&self) -> Duration {
        self.worked + self.since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// Seconds left when this many items, and parts of items, are finished and left.
    pub(crate) fn seconds_left(&mut self, finished: f64, left: f64) -> Option<f64> {
        let at_s = self.elapsed().as_secs_f64();
        self.left.update(at_s, finished, left)
    }

    /// Adds the run's current counters and returns items and bytes per second.
    pub(crate) fn rates(&mut self, items: u64, bytes: u64) -> (f64, f64) {
        let now = self.elapsed();
        while self.samples.len() > 1 && now.saturating_sub(self.samples[0].at) > WINDOW {
            self.samples.pop_front();
        }
        if self.samples.back().is_none_or(|last| now.saturating_sub(last.at) >= Duration::from_millis(50)) {
            self.samples.push_back(Sample { at: now, items, bytes });
        }
        let Some(first) = self.samples.front() else { return (0.0, 0.0) };
        let span = now.saturating_sub(first.at).as_secs_f64();
        if span < 0.1 {
            return (0.0, 0.0);
        }
        ((items.saturating_sub(first.items)) as f64 / span, (bytes.saturating_sub(first.bytes)) as f64 / span)
    }
}
