//! Who may speak to whom: a request waits for a slot of its host first and then for one of all, so that a slow host
//! never holds up the others; a host that asked for rest is left alone by every request.
//!
//! Memory does not grow with the number of hosts ever met.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

/// Hosts remembered before those that nobody uses are forgotten.
const HOSTS_KEPT: usize = 256;

/// The slots of all hosts.
pub(super) struct Slots {
    all: Arc<Permits>,
    hosts: Mutex<Hosts>,
}

struct Hosts {
    by_key: HashMap<String, Arc<Host>>,
    per_host: usize,
    forget_at: usize,
}

/// One host (scheme, name and port).
struct Host {
    permits: Arc<Permits>,
    rests_until: Mutex<Option<Instant>>,
}

/// The right to one request; given back when dropped.
pub(super) struct Slot {
    _all: Permit,
    _of_host: Permit,
    host: Arc<Host>,
    key: String,
}

impl Slots {
    /// Slots for so many requests in all and at one host.
    pub(super) fn new(connections: usize, per_host: usize) -> Self {
        Self {
            all: Arc::new(Permits::new(connections)),
            hosts: Mutex::new(Hosts { by_key: HashMap::new(), per_host, forget_at: HOSTS_KEPT }),
        }
    }

    /// Waits for a slot of that host, and then of all.
    pub(super) async fn acquire(&self, key: &str) -> Slot {
        let host = self.host(key);
        loop {
            host.rest().await;
            let of_host = Permits::acquire(&host.permits).await;
            if host.rests_for().is_some() {
                continue;
            }
            let all = Permits::acquire(&self.all).await;
            if host.rests_for().is_none() {
                return Slot { _all: all, _of_host: of_host, host, key: key.to_owned() };
            }
        }
    }

    /// Requests in flight.
    pub(super) fn in_use(&self) -> usize {
        self.all.in_use.load(Ordering::Relaxed)
    }

    /// Allows so many requests in all from now on; those above it are finished.
    pub(super) fn set_connections(&self, connections: usize) {
        self.all.set_limit(connections);
    }

    /// Allows so many requests at one host from now on.
    pub(super) fn set_per_host(&self, per_host: usize) {
        let mut hosts = lock(&self.hosts);
        hosts.per_host = per_host;
        for host in hosts.by_key.values() {
            host.permits.set_limit(per_host);
        }
    }

    fn host(&self, key: &str) -> Arc<Host> {
        let mut hosts = lock(&self.hosts);
        if let Some(host) = hosts.by_key.get(key) {
            return Arc::clone(host);
        }
        if hosts.by_key.len() >= hosts.forget_at {
            hosts.by_key.retain(|_, host| Arc::strong_count(host) > 1 || host.rests_for().is_some());
            hosts.forget_at = HOSTS_KEPT.max(2 * hosts.by_key.len());
        }
        let host = Arc::new(Host { permits: Arc::new(Permits::new(hosts.per_host)), rests_until: Mutex::new(None) });
        hosts.by_key.insert(key.to_owned(), Arc::clone(&host));
        host
    }
}

impl Slot {
    /// Whether it is one of that host.
    pub(super) fn is_for(&self, key: &str) -> bool {
        self.key == key
    }

    /// Leaves the host alone for so long.
    pub(super) fn rest_host(&self, wait: Duration) {
        let Some(until) = Instant::now().checked_add(wait) else { return };
        let mut rests_until = lock(&self.host.rests_until);
        *rests_until = Some(rests_until.map_or(until, |earlier| earlier.max(until)));
    }
}

impl Host {
    fn rests_for(&self) -> Option<Duration> {
        let left = (*lock(&self.rests_until))?.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }

    /// Waits until the host may be spoken to.
    async fn rest(&self) {
        while let Some(left) = self.rests_for() {
            tokio::time::sleep(left).await;
        }
    }
}

/// A semaphore whose size can change.
struct Permits {
    free: Semaphore,
    in_use: AtomicUsize,
    size: Mutex<Size>,
}

struct Size {
    limit: usize,
    /// Permits to be withheld as they come back.
    excess: usize,
}

/// One of [`Permits`]; given back when dropped.
struct Permit(Arc<Permits>);

impl Permits {
    fn new(limit: usize) -> Self {
        let limit = limit.clamp(1, Semaphore::MAX_PERMITS);
        Self { free: Semaphore::new(limit), in_use: AtomicUsize::new(0), size: Mutex::new(Size { limit, excess: 0 }) }
    }

    async fn acquire(this: &Arc<Self>) -> Permit {
        // The semaphore is never closed, so that waiting can't fail.
        if let Ok(permit) = this.free.acquire().await {
            permit.forget();
        }
        this.in_use.fetch_add(1, Ordering::Relaxed);
        Permit(Arc::clone(this))
    }

    fn set_limit(&self, limit: usize) {
        let limit = limit.clamp(1, Semaphore::MAX_PERMITS);
        let mut size = lock(&self.size);
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
        let mut size = lock(&self.0.size);
        if size.excess > 0 {
            size.excess -= 1;
        } else {
            self.0.free.add_permits(1);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::FutureExt;

    use super::*;

    fn at_once(slots: &Slots, host: &str) -> Option<Slot> {
        pin!(slots.acquire(host)).now_or_never()
    }

    #[test]
    fn a_full_host_holds_up_nobody_else() {
        let slots = Slots::new(3, 2);
        let a: Vec<_> = (0..3).map(|_| at_once(&slots, "a")).collect();
        assert_eq!(a.iter().flatten().count(), 2);
        assert_eq!(slots.in_use(), 2);
        let b = at_once(&slots, "b");
        assert!(b.is_some() && at_once(&slots, "c").is_none());
        drop(a);
        assert!(at_once(&slots, "c").is_some());
        assert_eq!(slots.in_use(), 1);
    }

    #[test]
    fn the_number_of_slots_can_shrink_and_grow_while_they_are_in_use() {
        let slots = Slots::new(4, 4);
        let mut held: Vec<_> = (0..4).filter_map(|_| at_once(&slots, "a")).collect();
        slots.set_connections(2);
        held.pop();
        held.pop();
        assert!(at_once(&slots, "a").is_none());
        held.pop();
        held.extend(at_once(&slots, "a"));
        assert_eq!(held.len(), 2);
        slots.set_connections(1);
        slots.set_connections(3);
        held.extend(at_once(&slots, "a"));
        assert_eq!((held.len(), at_once(&slots, "a").is_some()), (3, false));
        drop(held);
        assert_eq!((0..5).map(|_| at_once(&slots, "a")).collect::<Vec<_>>().iter().flatten().count(), 3);
        slots.set_connections(9);
        slots.set_per_host(1);
        assert_eq!((0..5).map(|_| at_once(&slots, "a")).collect::<Vec<_>>().iter().flatten().count(), 1);
    }

    #[test]
    fn a_host_at_rest_is_left_alone_and_others_are_not() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let runtime = runtime.unwrap_or_else(|error| panic!("{error}"));
        runtime.block_on(async {
            let slots = Slots::new(4, 4);
            let wait = Duration::from_millis(60);
            if let Some(slot) = at_once(&slots, "a") {
                slot.rest_host(wait);
                slot.rest_host(Duration::ZERO);
            }
            let before = Instant::now();
            assert!(at_once(&slots, "a").is_none() && at_once(&slots, "b").is_some());
            drop(slots.acquire("a").await);
            assert!(before.elapsed() > wait / 2);
        });
    }

    #[test]
    fn hosts_that_nobody_uses_are_forgotten() {
        let slots = Slots::new(4, 4);
        let kept = at_once(&slots, "kept");
        for number in 0..10 * HOSTS_KEPT {
            drop(at_once(&slots, &number.to_string()));
        }
        let hosts = lock(&slots.hosts);
        assert!(hosts.by_key.len() <= HOSTS_KEPT && hosts.by_key.contains_key("kept"));
        drop(kept);
    }
}
