//! Who may speak to whom: a request waits for a slot of its host first and then for one of all, so that a slow host
//! never holds up the others; a host that asked for rest is left alone by every request, and one that is silent is given
//! up. How many requests a host gets at once adapts to how it bears them (`adaptive`).
//!
//! Memory does not grow with the number of hosts ever met.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

use super::concurrency::Adaptive;
use super::rate::Rate;
use crate::fetch::limits::FetchLimits;

/// Hosts remembered before those that nobody uses are forgotten.
const HOSTS_KEPT: usize = 256;
/// Hosts remembered for their troubles, beyond which those are forgotten, too.
const TROUBLES_KEPT: usize = 16 * HOSTS_KEPT;
/// Links of a host that may stand in line beside those it is asked for, so that none of its slots waits for a link.
const IN_LINE: usize = 64;
/// No host is left alone for longer, whatever it asks.
const LONGEST_REST: Duration = Duration::from_hours(24);
/// A host that was given up is asked again this often.
const ASKED_AGAIN_EVERY: Duration = Duration::from_secs(30);

/// The slots of all hosts.
pub(crate) struct Slots {
    all: Arc<Permits>,
    hosts: Mutex<Hosts>,
}

struct Hosts {
    by_key: HashMap<String, Arc<Host>>,
    per_host: usize,
    requests_per_s: Option<f64>,
    silence: Duration,
    longest_rest: Duration,
    forget_at: usize,
}

/// One host (scheme, name and port).
struct Host {
    permits: Arc<Permits>,
    rest: Mutex<Option<Rest>>,
    strength: Mutex<Strength>,
    /// Held by the request that waits for its turn.
    turn: tokio::sync::Mutex<()>,
    pace: Option<Rate>,
    /// How long it may be silent before it is given up.
    silence: Duration,
    /// How long a rest is waited for; whoever wants a longer one is not asked until then.
    longest_rest: Duration,
}

/// What a host asked for.
#[derive(Clone, Copy)]
struct Rest {
    until: Instant,
    /// The status with which it did.
    status: u16,
}

struct Strength {
    adaptive: Adaptive,
    /// When a silent host was asked last.
    asked_at: Option<Instant>,
    /// When its last request began.
    last_turn: Option<Instant>,
}

/// Why a host is not asked for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GivenUp {
    /// It answered no request for so long.
    Silent(Duration),
    /// It answered with that status, and asks for so much more rest: longer than anybody waits.
    AtRest { status: u16, left: Duration },
}

/// The right to one request; given back when dropped.
pub(crate) struct Slot {
    _all: Permit,
    _of_host: Permit,
    host: Arc<Host>,
    key: String,
}

impl Slots {
    /// Slots for as many requests in all and at one host, and as often, as the limits say.
    pub(crate) fn new(limits: &FetchLimits) -> Self {
        let hosts = Hosts {
            by_key: HashMap::new(),
            per_host: limits.per_host,
            requests_per_s: limits.requests_per_s,
            silence: limits.host_silence,
            longest_rest: limits.max_retry_after,
            forget_at: HOSTS_KEPT,
        };
        Self { all: Arc::new(Permits::new(limits.connections)), hosts: Mutex::new(hosts) }
    }

    /// Waits for a slot of that host, for its turn, and then for a slot of all.
    pub(crate) async fn acquire(&self, key: &str) -> Result<Slot, GivenUp> {
        let host = self.host(key);
        loop {
            host.rest().await?;
            let of_host = Permits::acquire(&host.permits).await;
            if host.rests_for().is_some() {
                continue;
            }
            host.may_be_asked()?;
            if let Some(pace) = &host.pace {
                pace.take(1.0).await;
            }
            host.wait_turn().await;
            let all = Permits::acquire(&self.all).await;
            if host.rests_for().is_none() {
                return Ok(Slot { _all: all, _of_host: of_host, host, key: key.to_owned() });
            }
        }
    }

    /// Links of a host that are worth having in hand now: those it is asked for, and some in line.
    pub(crate) fn room(&self, key: &str) -> usize {
        let (host, per_host) = {
            let hosts = lock(&self.hosts);
            (hosts.by_key.get(key).map(Arc::clone), hosts.per_host)
        };
        let limit = match host {
            // They fail at once, so that nobody has to wait for them.
            Some(host) if host.silent_for().is_some() || host.rests_too_long().is_some() => return usize::MAX,
            Some(host) => lock(&host.strength).adaptive.limit(),
            None => Adaptive::new(per_host).limit(),
        };
        limit + limit.min(IN_LINE)
    }

    /// The network was away: silence was no host's fault.
    pub(crate) fn forgive(&self) {
        for host in lock(&self.hosts).by_key.values() {
            lock(&host.strength).adaptive.forgive();
        }
    }

    /// Requests in flight.
    pub(crate) fn in_use(&self) -> usize {
        self.all.in_use.load(Ordering::Relaxed)
    }

    /// Allows so many requests in all from now on; those above it are finished.
    pub(crate) fn set_connections(&self, connections: usize) {
        self.all.set_limit(connections);
    }

    /// Allows so many requests at one host from now on.
    pub(crate) fn set_per_host(&self, per_host: usize) {
        let mut hosts = lock(&self.hosts);
        hosts.per_host = per_host;
        for host in hosts.by_key.values() {
            host.adapt(|adaptive| adaptive.set_most(per_host));
        }
    }

    fn host(&self, key: &str) -> Arc<Host> {
        let mut hosts = lock(&self.hosts);
        if let Some(host) = hosts.by_key.get(key) {
            return Arc::clone(host);
        }
        if hosts.by_key.len() >= hosts.forget_at {
            let keeps_troubles = hosts.by_key.len() < TROUBLES_KEPT;
            hosts.by_key.retain(|_, host| {
                Arc::strong_count(host) > 1
                    || host.rests_for().is_some()
                    || keeps_troubles && lock(&host.strength).adaptive.is_in_trouble()
            });
            hosts.forget_at = HOSTS_KEPT.max(2 * hosts.by_key.len());
        }
        let adaptive = Adaptive::new(hosts.per_host);
        let host = Arc::new(Host {
            permits: Arc::new(Permits::new(adaptive.limit())),
            rest: Mutex::new(None),
            turn: tokio::sync::Mutex::default(),
            strength: Mutex::new(Strength { adaptive, asked_at: None, last_turn: None }),
            pace: Rate::new(hosts.requests_per_s),
            silence: hosts.silence,
            longest_rest: hosts.longest_rest,
        });
        hosts.by_key.insert(key.to_owned(), Arc::clone(&host));
        host
    }
}

impl Slot {
    /// Whether it is one of that host.
    pub(crate) fn is_for(&self, key: &str) -> bool {
        self.key == key
    }

    /// Leaves the host alone for so long, as it asked with that status.
    pub(crate) fn rest_host(&self, wait: Duration, status: u16) {
        let until = Instant::now() + wait.min(LONGEST_REST);
        let mut rest = lock(&self.host.rest);
        if rest.is_none_or(|earlier| earlier.until < until) {
            *rest = Some(Rest { until, status });
        }
    }
}

impl Slot {
    /// The host answered the request that began then.
    pub(crate) fn answered(&self, began: Instant) {
        let now = Instant::now();
        self.host.adapt(|adaptive| {
            let is_full = self.host.permits.in_use.load(Ordering::Relaxed) >= adaptive.limit();
            adaptive.answered(now, now.saturating_duration_since(began), is_full);
        });
    }

    /// The host is there, whatever it answered.
    pub(crate) fn reached(&self) {
        self.host.adapt(Adaptive::forgive);
    }

    /// The request that began then was refused for now.
    pub(crate) fn refused(&self, began: Instant) {
        self.host.adapt(|adaptive| adaptive.refused(began, Instant::now()));
    }

    /// The request was not refused.
    pub(crate) fn welcomed(&self) {
        self.host.adapt(Adaptive::welcomed);
    }

    /// The request that began then broke off or timed out.
    pub(crate) fn troubled(&self, began: Instant) {
        self.host.adapt(|adaptive| adaptive.troubled(began, Instant::now()));
    }

    /// The request that began then had no answer at all.
    pub(crate) fn unanswered(&self, began: Instant) {
        self.host.adapt(|adaptive| adaptive.unanswered(began));
    }
}

impl Host {
    /// Learns something about its strength.
    fn adapt(&self, learn: impl FnOnce(&mut Adaptive)) {
        let mut strength = lock(&self.strength);
        let before = strength.adaptive.limit();
        learn(&mut strength.adaptive);
        let limit = strength.adaptive.limit();
        if limit != before {
            self.permits.set_limit(limit);
        }
    }

    fn silent_for(&self) -> Option<Duration> {
        lock(&self.strength).adaptive.silent_for(Instant::now(), self.silence)
    }

    /// Not if it was given up; but now and then somebody is to ask whether it is back.
    fn may_be_asked(&self) -> Result<(), GivenUp> {
        let now = Instant::now();
        let mut strength = lock(&self.strength);
        match strength.adaptive.silent_for(now, self.silence) {
            Some(silent) if strength.asked_at.is_some_and(|at| now < at + ASKED_AGAIN_EVERY) => {
                Err(GivenUp::Silent(silent))
            }
            Some(_) => {
                strength.asked_at = Some(now);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Waits until the next request may begin, where they are spaced out. One at a time does: how far apart they are is
    /// known only then.
    async fn wait_turn(&self) {
        let mut turn = None;
        while let Some(left) = self.take_turn() {
            if turn.is_none() {
                turn = Some(self.turn.lock().await);
            } else {
                tokio::time::sleep(left).await;
            }
        }
    }

    /// Takes the turn that is now; else how long it is until the next.
    fn take_turn(&self) -> Option<Duration> {
        let now = Instant::now();
        let mut strength = lock(&self.strength);
        let next = strength.last_turn.map(|last| last + strength.adaptive.gap());
        let left = next.map(|next| next.saturating_duration_since(now)).filter(|left| !left.is_zero());
        if left.is_none() {
            strength.last_turn = Some(now);
        }
        left
    }

    fn rests_for(&self) -> Option<Duration> {
        let left = (*lock(&self.rest))?.until.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }

    fn rests_too_long(&self) -> Option<GivenUp> {
        let left = self.rests_for().filter(|left| *left > self.longest_rest)?;
        let status = (*lock(&self.rest))?.status;
        Some(GivenUp::AtRest { status, left })
    }

    /// Waits until the host may be spoken to, unless that takes too long.
    async fn rest(&self) -> Result<(), GivenUp> {
        while let Some(left) = self.rests_for() {
            if let Some(given_up) = self.rests_too_long() {
                return Err(given_up);
            }
            tokio::time::sleep(left).await;
        }
        Ok(())
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

    use super::super::hosts::*;

    fn slots(connections: usize, per_host: usize) -> Slots {
        Slots::new(&FetchLimits { connections, per_host, ..FetchLimits::default() })
    }

    fn at_once(slots: &Slots, host: &str) -> Option<Slot> {
        pin!(slots.acquire(host)).now_or_never()?.ok()
    }

    #[test]
    fn a_full_host_holds_up_nobody_else() {
        let slots = &slots(3, 2);
        let a: Vec<_> = (0..3).map(|_| at_once(slots, "a")).collect();
        assert_eq!(a.iter().flatten().count(), 2);
        assert_eq!(slots.in_use(), 2);
        let b = at_once(slots, "b");
        assert!(b.is_some() && at_once(slots, "c").is_none());
        drop(a);
        assert!(at_once(slots, "c").is_some());
        assert_eq!(slots.in_use(), 1);
    }

    #[test]
    fn the_number_of_slots_can_shrink_and_grow_while_they_are_in_use() {
        let slots = &slots(4, 4);
        let mut held: Vec<_> = (0..4).filter_map(|_| at_once(slots, "a")).collect();
        slots.set_connections(2);
        held.pop();
        held.pop();
        assert!(at_once(slots, "a").is_none());
        held.pop();
        held.extend(at_once(slots, "a"));
        assert_eq!(held.len(), 2);
        slots.set_connections(1);
        slots.set_connections(3);
        held.extend(at_once(slots, "a"));
        assert_eq!((held.len(), at_once(slots, "a").is_some()), (3, false));
        drop(held);
        assert_eq!((0..5).map(|_| at_once(slots, "a")).collect::<Vec<_>>().iter().flatten().count(), 3);
        slots.set_connections(9);
        slots.set_per_host(1);
        assert_eq!((0..5).map(|_| at_once(slots, "a")).collect::<Vec<_>>().iter().flatten().count(), 1);
    }

    #[test]
    fn a_host_at_rest_is_left_alone_and_others_are_not() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let runtime = runtime.unwrap_or_else(|error| panic!("{error}"));
        runtime.block_on(async {
            let slots = &slots(4, 4);
            let wait = Duration::from_millis(60);
            if let Some(slot) = at_once(slots, "a") {
                slot.rest_host(wait, 429);
                slot.rest_host(Duration::ZERO, 503);
            }
            let before = Instant::now();
            assert!(at_once(slots, "a").is_none() && at_once(slots, "b").is_some());
            drop(slots.acquire("a").await);
            assert!(before.elapsed() > wait / 2);
        });
    }

    #[test]
    fn a_host_that_wants_rest_for_longer_than_anybody_waits_is_given_up_at_once() {
        let slots = &slots(4, 4);
        let year = Duration::from_hours(365 * 24);
        if let Some(slot) = at_once(slots, "a") {
            slot.rest_host(year, 429);
            slot.rest_host(Duration::MAX, 503);
        }
        let refused = pin!(slots.acquire("a")).now_or_never().and_then(Result::err);
        assert!(matches!(refused, Some(GivenUp::AtRest { status: 503, left }) if left <= LONGEST_REST), "{refused:?}");
        assert_eq!(slots.room("a"), usize::MAX);
        assert!(at_once(slots, "b").is_some());
    }

    #[test]
    fn hosts_that_nobody_uses_are_forgotten() {
        let slots = &slots(4, 4);
        let kept = at_once(slots, "kept");
        for number in 0..10 * HOSTS_KEPT {
            drop(at_once(slots, &number.to_string()));
        }
        let hosts = lock(&slots.hosts);
        assert!(hosts.by_key.len() <= HOSTS_KEPT && hosts.by_key.contains_key("kept"));
        drop(kept);
    }

    #[test]
    fn a_host_that_is_silent_for_long_is_given_up_but_asked_again_now_and_then() {
        let slots = Slots::new(&FetchLimits { host_silence: Duration::ZERO, ..FetchLimits::default() });
        let long_ago = Instant::now();
        if let Some(slot) = at_once(&slots, "dead") {
            (0..8).for_each(|_| slot.unanswered(long_ago));
        }
        assert_eq!(slots.room("dead"), usize::MAX);
        assert!(at_once(&slots, "dead").is_some(), "one asks whether it is back");
        assert!(matches!(pin!(slots.acquire("dead")).now_or_never(), Some(Err(GivenUp::Silent(_)))));
        assert!(at_once(&slots, "other").is_some());
        slots.forgive();
        assert!(at_once(&slots, "dead").is_some() && slots.room("dead") == 8);
    }

    #[test]
    fn slots_follow_what_a_host_bears() {
        let slots = slots(64, 8);
        let held: Vec<_> = (0..4).map_while(|_| at_once(&slots, "a")).collect();
        assert_eq!((held.len(), at_once(&slots, "a").is_some(), slots.room("a")), (4, false, 8));
        // Each answer makes room for one more, which is taken at once.
        let more: Vec<_> = held
            .iter()
            .filter_map(|slot| {
                slot.answered(Instant::now());
                at_once(&slots, "a")
            })
            .collect();
        assert_eq!((more.len(), at_once(&slots, "a").is_some()), (4, false));
        for slot in &more {
            slot.troubled(Instant::now());
        }
        drop((held, more));
        assert!(slots.room("a") < 8);
    }
}
