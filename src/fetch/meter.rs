//! How much of a link's body has been received. The transfer sets it; others may read it at any time.

use std::sync::atomic::{AtomicU64, Ordering};

/// How much of a body has been received.
#[derive(Debug, Default)]
pub struct Meter {
    body_bytes: AtomicU64,
    /// Bytes received for them, before decoding.
    received: AtomicU64,
    /// Bytes that the server announced; 0 if it announced none.
    announced: AtomicU64,
    /// Bytes that an earlier run received.
    earlier: AtomicU64,
}

impl Meter {
    /// Bytes of the body so far, the bytes received for them, and how many the server announced.
    pub(crate) fn set(&self, body_bytes: u64, received_bytes: u64, whole_bytes: Option<u64>) {
        self.announced.store(whole_bytes.unwrap_or(0), Ordering::Relaxed);
        self.received.store(received_bytes, Ordering::Relaxed);
        self.body_bytes.store(body_bytes, Ordering::Relaxed);
    }

    /// These first bytes were received by an earlier run.
    pub(crate) fn took_over(&self, bytes: u64, whole_bytes: Option<u64>) {
        self.earlier.store(bytes, Ordering::Relaxed);
        self.set(bytes, bytes, whole_bytes);
    }

    /// Bytes of the body so far, decoded if the server encoded them.
    pub fn body_bytes(&self) -> u64 {
        self.body_bytes.load(Ordering::Relaxed)
    }

    /// Those among them that an earlier run received.
    pub fn earlier_bytes(&self) -> u64 {
        self.earlier.load(Ordering::Relaxed)
    }

    /// The announced size of what is received; `None` if the server announced none.
    pub fn whole_bytes(&self) -> Option<u64> {
        Some(self.announced.load(Ordering::Relaxed)).filter(|whole| *whole > 0)
    }

    /// The share that has been received, from 0 to 1; 0 if it is not known.
    pub fn share(&self) -> f64 {
        let received = self.received.load(Ordering::Relaxed) as f64;
        self.whole_bytes().map_or(0.0, |whole| (received / whole as f64).min(1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_is_that_of_the_received_bytes_and_only_known_with_the_size() {
        let meter = Meter::default();
        assert_eq!((meter.body_bytes(), meter.share()), (0, 0.0));
        meter.set(3000, 10, Some(40));
        assert_eq!((meter.body_bytes(), meter.share(), meter.whole_bytes()), (3000, 0.25, Some(40)));
        meter.set(3000, 90, Some(40));
        assert_eq!(meter.share(), 1.0);
        meter.set(3000, 10, None);
        assert_eq!((meter.share(), meter.earlier_bytes()), (0.0, 0));
        meter.took_over(7, Some(14));
        assert_eq!((meter.body_bytes(), meter.earlier_bytes(), meter.share()), (7, 7, 0.5));
    }
}
