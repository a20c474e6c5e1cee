//! Detects transfers that are too slow to ever end.

use std::time::Duration;

/// Bytes received per time spent waiting for the network; waits for our own limits and disks don't count.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MinimumSpeed {
    least_bytes_per_s: u64,
    over: Duration,
    waited: Duration,
    bytes: u64,
}

impl MinimumSpeed {
    /// At least this many bytes per second, averaged over this time; 0 for no minimum.
    pub(crate) const fn new(least_bytes_per_s: u64, over: Duration) -> Self {
        Self { least_bytes_per_s, over, waited: Duration::ZERO, bytes: 0 }
    }

    /// Adds bytes and the time waited for them; returns whether the transfer is still fast enough.
    pub(crate) fn keeps_up(&mut self, bytes: u64, waited: Duration) -> bool {
        self.bytes = self.bytes.saturating_add(bytes);
        self.waited = self.waited.saturating_add(waited);
        if self.waited < self.over {
            return true;
        }
        let is_enough = self.bytes as f64 >= self.least_bytes_per_s as f64 * self.waited.as_secs_f64();
        (self.bytes, self.waited) = (0, Duration::ZERO);
        is_enough
    }
}

#[cfg(test)]
mod tests {
    use super::super::minimum_speed::*;

    #[test]
    fn a_trickle_is_too_slow_and_a_pause_between_bursts_is_not() {
        let second = Duration::from_secs(1);
        let mut drip = MinimumSpeed::new(100, 10 * second);
        assert_eq!((0..30).position(|_| !drip.keeps_up(99, second)), Some(9));
        let mut bursts = MinimumSpeed::new(100, 10 * second);
        assert!((0..30).all(|n| bursts.keeps_up(if n % 10 == 5 { 1000 } else { 0 }, second)));
        let mut unlimited = MinimumSpeed::new(0, second);
        assert!((0..30).all(|_| unlimited.keeps_up(0, second)));
    }
}
