//! How long a host took to answer its latest requests.

use std::time::Duration;

/// Answers that the median is taken of.
const SAMPLES: usize = 32;

/// The times to first byte of a host's latest answers.
#[derive(Debug, Default)]
pub(super) struct ResponseTimes {
    us: [u32; SAMPLES],
    count: usize,
    next: usize,
}

impl ResponseTimes {
    /// Adds an answer that arrived `wait` after its request.
    pub(super) fn add(&mut self, wait: Duration) {
        if let Some(sample) = self.us.get_mut(self.next) {
            *sample = u32::try_from(wait.as_micros()).unwrap_or(u32::MAX);
        }
        self.next = (self.next + 1) % SAMPLES;
        self.count = SAMPLES.min(self.count + 1);
    }

    /// The median; `None` before the first answer.
    pub(super) fn median(&self) -> Option<Duration> {
        let mut sorted: Vec<u32> = self.us.iter().take(self.count).copied().collect();
        sorted.sort_unstable();
        sorted.get(self.count / 2).map(|us| Duration::from_micros(u64::from(*us)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_that_of_the_latest_answers() {
        let mut times = ResponseTimes::default();
        assert_eq!(times.median(), None);
        for ms in [900, 10, 30] {
            times.add(Duration::from_millis(ms));
        }
        assert_eq!(times.median(), Some(Duration::from_millis(30)));
        (0..SAMPLES).for_each(|_| times.add(Duration::from_millis(5)));
        assert_eq!(times.median(), Some(Duration::from_millis(5)));
    }
}
