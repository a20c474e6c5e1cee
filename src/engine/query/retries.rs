//! Repeating what a database could not do for the moment.

use std::time::Duration;

use crate::db::DbError;

/// The pause before the second attempt; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Attempts that are left.
pub(crate) struct Retries {
    left: u32,
    failed: u32,
}

impl Retries {
    pub(crate) fn new(retries: u32) -> Self {
        Self { left: retries, failed: 0 }
    }

    /// Waits until the same may be tried again; the error again if nothing is gained by that.
    pub(crate) async fn again(&mut self, error: DbError) -> Result<(), DbError> {
        if self.left == 0 || !error.is_transient() {
            return Err(error);
        }
        let pause = FIRST_PAUSE.saturating_mul(1 << self.failed.min(16)).min(LONGEST_PAUSE);
        self.left -= 1;
        self.failed += 1;
        // It varies, so that statements don't meet again.
        tokio::time::sleep(pause.mul_f64(0.5 + rand::random::<f64>() / 2.0)).await;
        Ok(())
    }
}
