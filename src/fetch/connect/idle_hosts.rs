//! Which hosts may keep idle connections: no more of them than this process has file descriptors for.
//!
//! The HTTP client limits idle connections per host only, so a job with many hosts would keep one or more at each. A
//! host that may not keep any gets a new connection for each request.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::fetch::limits::FetchLimits;

/// How long an idle connection is kept: a job with many hosts would keep too many.
pub(crate) const IDLE_FOR: Duration = Duration::from_secs(15);
/// How long after its last request a host may still have an idle connection: the client looks for old ones as rarely as
/// once in [`IDLE_FOR`].
const GONE_AFTER: Duration = Duration::from_secs(31);
/// How often hosts without idle connections are looked for, at most.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The hosts with idle connections.
pub(crate) struct IdleHosts {
    per_host: usize,
    most: usize,
    hosts: Mutex<Hosts>,
    hasher: RandomState,
}

#[derive(Default)]
struct Hosts {
    by_key: HashMap<u64, Host>,
    looked_at: Option<Instant>,
}

/// A host that may keep idle connections.
#[derive(Clone, Copy)]
struct Host {
    requests: usize,
    last_used: Instant,
}

/// A request whose connection may be kept when it ends; the request ends on drop.
pub(crate) struct KeptConnection<'a> {
    hosts: &'a IdleHosts,
    key: u64,
}

impl IdleHosts {
    /// As many hosts as the limits allow; at least one.
    pub(crate) fn new(limits: &FetchLimits) -> Self {
        let per_host = limits.per_host.clamp(1, limits.connections.max(1)).min(limits.idle_connections.max(1));
        let most = (limits.idle_connections / per_host).max(1);
        Self { per_host, most, hosts: Mutex::default(), hasher: RandomState::new() }
    }

    /// How many idle connections one host may keep.
    pub(crate) const fn per_host(&self) -> usize {
        self.per_host
    }

    /// Begins a request at a host (scheme, name and port). `None` if its connection can't be kept.
    pub(crate) fn begin(&self, host: &str, now: Instant) -> Option<KeptConnection<'_>> {
        let key = self.hasher.hash_one(host);
        let mut hosts = self.hosts();
        if hosts.by_key.len() >= self.most && !hosts.by_key.contains_key(&key) {
            hosts.forget_old(now);
            if hosts.by_key.len() >= self.most {
                return None;
            }
        }
        hosts.by_key.entry(key).or_insert(Host { requests: 0, last_used: now }).requests += 1;
        Some(KeptConnection { hosts: self, key })
    }

    fn hosts(&self) -> MutexGuard<'_, Hosts> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hosts {
    /// Forgets hosts whose idle connections are closed by now.
    fn forget_old(&mut self, now: Instant) {
        if self.looked_at.is_some_and(|at| now < at + LOOK_EVERY) {
            return;
        }
        self.looked_at = Some(now);
        self.by_key.retain(|_, host| host.requests > 0 || now < host.last_used + GONE_AFTER);
    }
}

impl Drop for KeptConnection<'_> {
    fn drop(&mut self) {
        if let Some(host) = self.hosts.hosts().by_key.get_mut(&self.key) {
            host.requests = host.requests.saturating_sub(1);
            host.last_used = Instant::now();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn idle_hosts(per_host: usize, idle_connections: usize) -> IdleHosts {
        IdleHosts::new(&FetchLimits { per_host, connections: 64, idle_connections, ..FetchLimits::default() })
    }

    #[test]
    fn idle_connections_of_all_hosts_together_stay_below_the_limit() {
        for (per_host, idle_connections) in [(8, 14), (8, 100), (64, 14), (1, 0), (8, 8192)] {
            let hosts = idle_hosts(per_host, idle_connections);
            assert!(hosts.most * hosts.per_host() <= idle_connections.max(1), "{per_host} {idle_connections}");
        }
        let hosts = idle_hosts(8, 16);
        let now = Instant::now();
        let kept: Vec<_> = ["a", "b", "a", "c"].iter().map(|host| hosts.begin(host, now).is_some()).collect();
        assert_eq!(kept, [true, true, true, false]);
    }

    #[test]
    fn a_host_without_requests_makes_room_once_its_idle_connections_are_closed() {
        let hosts = idle_hosts(1, 2);
        let now = Instant::now();
        let (a, b) = (hosts.begin("a", now), hosts.begin("b", now));
        assert!(a.is_some() && b.is_some());
        drop(a);
        assert!(hosts.begin("c", now).is_none(), "the idle connection of the first is still open");
        let later = Instant::now() + GONE_AFTER + LOOK_EVERY;
        let c = hosts.begin("c", later);
        assert!(c.is_some());
        assert!(hosts.begin("d", later + GONE_AFTER).is_none(), "the others have requests");
    }
}
