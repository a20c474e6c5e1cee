//! The one owner of every host's queue, permits, rests and rates.
//!
//! A link passes it twice. First it is offered: a host takes as many links in hand as it can use soon, and queues the
//! rest, so that a slow host never holds up others. Then each of its requests waits for a permit of the host, for its
//! turn where requests are spaced out, and for a connection. How many requests a host gets at once adapts to how it
//! answers them (`concurrency`); which of them goes next is decided in `host_state`.
//!
//! Memory does not grow with the number of hosts ever met.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::host_state::{HostState, Priority, Rules, Silence, Unavailable};
use super::permits::{Permit, Permits};
use super::rate::Rate;
use super::stopwatch::Stopwatch;
use crate::fetch::fault::Fault;
use crate::fetch::limits::FetchLimits;

/// Hosts remembered before unused ones are forgotten.
const HOSTS_KEPT: usize = 256;
/// Hosts that showed signs of overload are remembered up to this number of hosts.
const SLOWED_KEPT: usize = 16 * HOSTS_KEPT;
/// Links in hand at once, for each connection: those that wait for their answer to be saved need no connection.
const LINKS_PER_CONNECTION: usize = 4;
/// Links that may wait for a retry in all before no further ones are handed out.
const MAX_RETRIES: usize = 4096;
/// Bytes that the queues of all hosts may take: millions of links.
const MAX_QUEUE_BYTES: usize = 16 << 20;
/// Links taken from a queue at once.
const TAKEN_AT_ONCE: usize = 64;
/// How long a retry waits for the lane to hand out queued links, which go first.
const HAND_OUT_TIME: Duration = Duration::from_millis(100);
/// How long the lane sleeps at most before it checks whether it was stopped.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Decides which link may be requested when; clones share everything.
#[derive(Clone)]
pub struct Scheduler(Arc<Shared>);

struct Shared {
    hosts: Mutex<Hosts>,
    connections: Arc<Permits>,
    lane: Mutex<Lane>,
    /// Signals that a link left, or that a host has room again.
    changed: Condvar,
    queue_bytes: AtomicUsize,
    retrying: AtomicUsize,
}

struct Hosts {
    by_key: HashMap<Arc<str>, Arc<Host>>,
    per_host: usize,
    requests_per_s: Option<f64>,
    rules: Rules,
    forget_at: usize,
}

/// What the lane that hands out links waits for.
struct Lane {
    max_in_hand: usize,
    in_hand: usize,
    /// Hosts with queued links and room for them, each once.
    ready: VecDeque<Arc<Host>>,
}

/// One host: scheme, name and port.
struct Host {
    key: Arc<str>,
    state: Mutex<HostState<oneshot::Sender<HostPermit>>>,
    /// Held by the request that waits for its turn.
    turn: tokio::sync::Mutex<()>,
    rate: Option<Rate>,
}

/// A link in hand. Dropping it makes room for another.
pub struct Ticket {
    shared: Arc<Shared>,
    host: Option<Arc<Host>>,
    is_retrying: AtomicBool,
}

/// Links of one host that can be handed out now, each with its ticket.
pub struct Ready {
    /// Their sequence numbers, ascending.
    pub seqs: Vec<u64>,
    /// As many tickets.
    pub tickets: Vec<Ticket>,
}

/// The right to one request at a host; given back when dropped.
struct HostPermit {
    host: Option<Arc<Host>>,
    id: u64,
}

/// The right to one request; given back when dropped.
pub(in crate::fetch) struct Slot {
    _connection: Permit,
    permit: HostPermit,
    host: Arc<Host>,
}

impl Scheduler {
    /// A scheduler within these limits.
    pub(in crate::fetch) fn new(limits: &FetchLimits) -> Self {
        let rules = Rules {
            silence: limits.host_silence,
            longest_rest: limits.max_retry_after,
            give_way_after: limits.give_way_after,
        };
        let hosts = Hosts {
            by_key: HashMap::new(),
            per_host: limits.per_host,
            requests_per_s: limits.requests_per_s,
            rules,
            forget_at: HOSTS_KEPT,
        };
        let max_in_hand = limits.connections.max(1) * LINKS_PER_CONNECTION;
        Self(Arc::new(Shared {
            hosts: Mutex::new(hosts),
            connections: Arc::new(Permits::new(limits.connections)),
            lane: Mutex::new(Lane { max_in_hand, in_hand: 0, ready: VecDeque::new() }),
            changed: Condvar::new(),
            queue_bytes: AtomicUsize::new(0),
            retrying: AtomicUsize::new(0),
        }))
    }

    // For the lane that hands out links.

    /// Waits until another link may be handed out; `false` if `is_stopped` says so.
    pub fn wait_for_room(&self, is_stopped: &dyn Fn() -> bool) -> bool {
        let mut lane = self.0.lane();
        while lane.in_hand >= lane.max_in_hand || self.0.retrying.load(Ordering::Relaxed) >= MAX_RETRIES {
            if is_stopped() {
                return false;
            }
            lane = self.0.changed.wait_timeout(lane, LOOK_AGAIN).unwrap_or_else(PoisonError::into_inner).0;
        }
        !is_stopped()
    }

    /// Offers a link of a host (scheme, name and port); a link that finds no room is queued.
    pub fn offer(&self, host: &str, seq: u64) -> Option<Ticket> {
        let host = self.0.host(host);
        let mut state = lock(&host.state);
        let queued_bytes = state.queue.size_bytes();
        if state.offer(seq, Instant::now()) {
            drop(state);
            return Some(self.0.ticket(host));
        }
        self.0.queue_bytes.fetch_add(state.queue.size_bytes() - queued_bytes, Ordering::Relaxed);
        self.0.announce(&host, &mut state);
        None
    }

    /// Takes queued links of a host that has room again.
    pub fn take_ready(&self) -> Option<Ready> {
        let host = self.0.lane().ready.pop_front()?;
        let mut state = lock(&host.state);
        let queued_bytes = state.queue.size_bytes();
        let seqs = state.take_queued(TAKEN_AT_ONCE, Instant::now());
        self.0.queue_bytes.fetch_sub(queued_bytes - state.queue.size_bytes(), Ordering::Relaxed);
        self.0.announce(&host, &mut state);
        drop(state);
        let tickets = seqs.iter().map(|_| self.0.ticket(Arc::clone(&host))).collect();
        Some(Ready { seqs, tickets })
    }

    /// Waits a moment for a host to have room again.
    pub fn wait_for_ready(&self) {
        let lane = self.0.lane();
        if lane.ready.is_empty() {
            let _ = self.0.changed.wait_timeout(lane, LOOK_AGAIN);
        }
    }

    /// Whether no link is queued.
    pub fn has_empty_queues(&self) -> bool {
        self.0.queue_bytes.load(Ordering::Relaxed) == 0
    }

    /// Whether no further links should be offered for now.
    pub fn has_full_queues(&self) -> bool {
        self.0.queue_bytes.load(Ordering::Relaxed) >= MAX_QUEUE_BYTES
    }

    /// Forgets all queued links.
    pub fn clear_queues(&self) {
        let hosts: Vec<_> = lock(&self.0.hosts).by_key.values().map(Arc::clone).collect();
        for host in hosts {
            lock(&host.state).clear_queue();
        }
        self.0.lane().ready.clear();
        self.0.queue_bytes.store(0, Ordering::Relaxed);
    }

    // For requests.

    /// Waits until a host may be requested: for the end of its rest, a permit, its turn, and a connection. Only the
    /// rest counts as the item's time, which ends with the stopwatch's.
    pub(in crate::fetch) async fn acquire(
        &self,
        key: &str,
        ticket: Option<&Ticket>,
        priority: Priority,
        stopwatch: &Stopwatch,
    ) -> Result<Slot, Unavailable> {
        let host = ticket.and_then(|ticket| ticket.host.as_ref()).filter(|host| *host.key == *key);
        let host = host.map_or_else(|| self.0.host(key), Arc::clone);
        loop {
            host.rest(stopwatch).await?;
            let waiting = Instant::now();
            // Otherwise a retry would take the permit that its own failure has just freed.
            if priority == Priority::Retry && lock(&host.state).has_queued_links() {
                tokio::time::sleep(HAND_OUT_TIME).await;
            }
            let permit = host.permit(priority).await;
            if host.rests() {
                stopwatch.exclude(waiting.elapsed());
                continue;
            }
            lock(&host.state).may_request(Instant::now())?;
            if let Some(rate) = &host.rate {
                rate.take(1.0).await;
            }
            host.wait_turn().await;
            let connection = Permits::acquire(&self.0.connections).await;
            stopwatch.exclude(waiting.elapsed());
            if !host.rests() {
                return Ok(Slot { _connection: connection, permit, host });
            }
        }
    }

    /// The network was lost: no host is to blame for its silence.
    pub(in crate::fetch) fn forgive(&self) {
        for host in lock(&self.0.hosts).by_key.values() {
            lock(&host.state).concurrency.forgive();
        }
    }

    /// Requests in progress.
    pub(in crate::fetch) fn in_use(&self) -> usize {
        self.0.connections.in_use()
    }

    /// Allows this many requests in all from now on; those above it are finished.
    pub(in crate::fetch) fn set_connections(&self, connections: usize) {
        self.0.connections.set_limit(connections);
        self.0.lane().max_in_hand = connections.max(1) * LINKS_PER_CONNECTION;
    }

    /// Allows this many requests at one host from now on.
    pub(in crate::fetch) fn set_per_host(&self, per_host: usize) {
        let mut hosts = lock(&self.0.hosts);
        hosts.per_host = per_host;
        for host in hosts.by_key.values() {
            host.change(|state| state.concurrency.set_most(per_host));
        }
    }
}

impl Shared {
    fn lane(&self) -> MutexGuard<'_, Lane> {
        lock(&self.lane)
    }

    fn host(&self, key: &str) -> Arc<Host> {
        let mut hosts = lock(&self.hosts);
        if let Some(host) = hosts.by_key.get(key) {
            return Arc::clone(host);
        }
        if hosts.by_key.len() >= hosts.forget_at {
            let (keeps_slowed, now) = (hosts.by_key.len() < SLOWED_KEPT, Instant::now());
            hosts
                .by_key
                .retain(|_, host| Arc::strong_count(host) > 1 || !lock(&host.state).is_forgettable(now, keeps_slowed));
            hosts.forget_at = HOSTS_KEPT.max(2 * hosts.by_key.len());
        }
        let key: Arc<str> = key.into();
        let host = Arc::new(Host {
            key: Arc::clone(&key),
            state: Mutex::new(HostState::new(hosts.per_host, hosts.rules)),
            turn: tokio::sync::Mutex::default(),
            rate: Rate::new(hosts.requests_per_s),
        });
        hosts.by_key.insert(key, Arc::clone(&host));
        host
    }

    fn ticket(self: &Arc<Self>, host: Arc<Host>) -> Ticket {
        self.lane().in_hand += 1;
        Ticket { shared: Arc::clone(self), host: Some(host), is_retrying: AtomicBool::new(false) }
    }

    /// Announces a host that has room for its queued links to the lane.
    fn announce(&self, host: &Arc<Host>, state: &mut HostState<oneshot::Sender<HostPermit>>) {
        if state.becomes_ready() {
            self.lane().ready.push_back(Arc::clone(host));
            self.changed.notify_all();
        }
    }
}

impl Ticket {
    /// The link will be tried again: a link that was never tried may take its room.
    pub(in crate::fetch) fn will_retry(&self) {
        if self.is_retrying.swap(true, Ordering::Relaxed) {
            return;
        }
        self.shared.retrying.fetch_add(1, Ordering::Relaxed);
        if let Some(host) = &self.host {
            let mut state = lock(&host.state);
            state.will_retry();
            self.shared.announce(host, &mut state);
        }
        self.shared.leave_lane();
    }

    /// The link was fetched, or failed: its host has room again. It still counts as one in hand.
    pub fn leave_host(&mut self) {
        let Some(host) = self.host.take() else { return };
        let is_retrying = self.is_retrying.load(Ordering::Relaxed);
        let mut state = lock(&host.state);
        state.left(if is_retrying { Priority::Retry } else { Priority::Untried });
        self.shared.announce(&host, &mut state);
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.leave_host();
        if self.is_retrying.load(Ordering::Relaxed) {
            let before = self.shared.retrying.fetch_sub(1, Ordering::Relaxed);
            if before >= MAX_RETRIES {
                self.shared.changed.notify_all();
            }
        } else {
            self.shared.leave_lane();
        }
    }
}

impl Shared {
    fn leave_lane(&self) {
        let mut lane = self.lane();
        let was_full = lane.in_hand >= lane.max_in_hand;
        lane.in_hand = lane.in_hand.saturating_sub(1);
        drop(lane);
        if was_full {
            self.changed.notify_all();
        }
    }
}

impl Host {
    /// Changes the state, and gives out permits that became free.
    fn change<T>(self: &Arc<Self>, change: impl FnOnce(&mut HostState<oneshot::Sender<HostPermit>>) -> T) -> T {
        let mut state = lock(&self.state);
        let changed = change(&mut state);
        while let Some((waiter, id)) = state.grant() {
            if let Err(unclaimed) = waiter.send(HostPermit { host: Some(Arc::clone(self)), id }) {
                // Its request was cancelled.
                unclaimed.disarm();
                state.give_back(id);
            }
        }
        changed
    }

    /// Waits for a permit.
    async fn permit(self: &Arc<Self>, priority: Priority) -> HostPermit {
        loop {
            let permit_rx = {
                let mut state = lock(&self.state);
                if let Some(id) = state.try_enter() {
                    return HostPermit { host: Some(Arc::clone(self)), id };
                }
                let (permit_tx, permit_rx) = oneshot::channel();
                state.wait_in_line(priority, permit_tx);
                permit_rx
            };
            // The other end is kept until it is used, so that this can't fail.
            if let Ok(permit) = permit_rx.await {
                return permit;
            }
        }
    }

    /// Waits until the host may be requested, unless that takes too long for the item or for anybody.
    async fn rest(&self, stopwatch: &Stopwatch) -> Result<(), Unavailable> {
        loop {
            let rest = lock(&self.state).rest(Instant::now())?;
            let Some(left) = rest else { return Ok(()) };
            if !stopwatch.sleep(left).await {
                return Err(Unavailable::OutOfTime);
            }
        }
    }

    fn rests(&self) -> bool {
        lock(&self.state).rest_left(Instant::now()).is_some()
    }

    /// Waits until the next request may begin, where requests are spaced out. Only one waits at a time: how far apart
    /// they are is known only when it is next.
    async fn wait_turn(&self) {
        let mut turn = None;
        loop {
            let left = lock(&self.state).start(Instant::now());
            let Some(left) = left else { return };
            if turn.is_none() {
                turn = Some(self.turn.lock().await);
            } else {
                tokio::time::sleep(left).await;
            }
        }
    }
}

impl HostPermit {
    /// Forgets the permit without giving it back.
    fn disarm(mut self) {
        self.host = None;
    }
}

impl Drop for HostPermit {
    fn drop(&mut self) {
        if let Some(host) = self.host.take() {
            host.change(|state| state.give_back(self.id));
        }
    }
}

impl Slot {
    /// Whether it is one of that host.
    pub(in crate::fetch) fn is_for(&self, key: &str) -> bool {
        *self.host.key == *key
    }

    /// The host answered the request that began then.
    pub(in crate::fetch) fn answered(&self, began: Instant) {
        self.host.change(|state| state.answered(began, Instant::now()));
    }

    /// The host was reached, whatever it answered.
    pub(in crate::fetch) fn reached(&self) {
        self.host.change(|state| state.reached(Instant::now()));
    }

    /// The request was not refused.
    pub(in crate::fetch) fn accepted(&self) {
        self.host.change(|state| state.concurrency.accepted());
    }

    /// The request that began then failed.
    pub(in crate::fetch) fn failed(&self, fault: &Fault, began: Instant) {
        let now = Instant::now();
        self.host.change(|state| {
            if fault.is_unanswered() {
                state.unanswered(began, now);
            }
            if fault.is_refusal() {
                state.concurrency.refused(began, now);
            } else if fault.is_time_out {
                state.timed_out(began, now);
            } else if fault.suggests_overload() {
                state.concurrency.slow_down(began, now);
            }
            if let Some(wait) = fault.retry_after {
                state.set_rest(wait, fault.http_status.unwrap_or_default(), now);
            }
        });
    }

    /// What this request should do after this long without a byte.
    pub(in crate::fetch) fn silence(&self, silent: Duration, may_give_way: bool) -> Silence {
        self.host.change(|state| {
            state.prune(oneshot::Sender::is_closed);
            state.silence(self.permit.id, silent, may_give_way, Instant::now())
        })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
