//! A semaphore whose size can change.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;

/// Permits, given out in the order of requests.
pub(super) struct Permits {
    free: Semaphore,
    in_use: AtomicUsize,
    size: Mutex<Size>,
}

struct Size {
    limit: usize,
    /// Permits to be withheld when they are returned.
    excess: usize,
}

/// One of [`Permits`]; given back when dropped.
pub(super) struct Permit(Arc<Permits>);

impl Permits {
    /// This many; at least one.
    pub(super) fn new(limit: usize) -> Self {
        let limit = limit.clamp(1, Semaphore::MAX_PERMITS);
        Self { free: Semaphore::new(limit), in_use: AtomicUsize::new(0), size: Mutex::new(Size { limit, excess: 0 }) }
    }

    /// Waits for one.
    pub(super) async fn acquire(this: &Arc<Self>) -> Permit {
        // The semaphore is never closed, so that waiting can't fail.
        if let Ok(permit) = this.free.acquire().await {
            permit.forget();
        }
        this.in_use.fetch_add(1, Ordering::Relaxed);
        Permit(Arc::clone(this))
    }

    /// Permits in use.
    pub(super) fn in_use(&self) -> usize {
        self.in_use.load(Ordering::Relaxed)
    }

    /// Allows this many from now on; those above it are withheld when they are returned.
    pub(super) fn set_limit(&self, limit: usize) {
        let limit = limit.clamp(1, Semaphore::MAX_PERMITS);
        let mut size = self.size.lock().unwrap_or_else(PoisonError::into_inner);
        if limit >= size.limit {
            let more = limit - size.limit;
            let kept = more.min(size.excess);
            size.excess -= kept;
            self.free.add_permits(more - kept);
        } else {
            let fewer = size.limit - limit;
            size.excess += fewer - self.free.forget_permits(fewer);
        }
        size.limit = limit;
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.in_use.fetch_sub(1, Ordering::Relaxed);
        let mut size = self.0.size.lock().unwrap_or_else(PoisonError::into_inner);
        if size.excess > 0 {
            size.excess -= 1;
        } else {
            self.0.free.add_permits(1);
        }
    }
}
