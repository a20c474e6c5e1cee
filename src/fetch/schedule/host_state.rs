//! What is known about one host, and which of its links may be requested next. Knows neither clocks nor sockets: every
//! call says what time it is, so that tests can run hours in no time.
//!
//! Links that were never tried go before retries. A silent request gives way once: its link is requested again after
//! all others, while links that were never tried wait and the host answers other requests. Where it answers nobody,
//! only the younger half of its requests give way, so that a slow host is not mistaken for a stalled one.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::concurrency::Concurrency;
use super::link_queue::LinkQueue;
use super::response_times::ResponseTimes;

/// Links that may be handed out beyond those that are requested, so that no permit waits for a link.
const LINKS_AHEAD: usize = 64;
/// A host asks for more links once a quarter of its room is free, or room for this many.
const REFILL_AFTER: usize = 32;
/// Links of one host that may wait for a retry before retries go first: each of them is held in memory.
const MAX_RETRIES: usize = 1024;
/// How long all of a host's requests must be silent before it gets further ones, up to its limit: they tell whether the
/// host is slow or only some of its links are.
pub(in crate::fetch) const WIDEN_AFTER: Duration = Duration::from_secs(1);
/// A request gives way after this many times the median time to first byte.
const MEDIANS: u32 = 10;
/// How often a host that gave no answer for long is tried again.
const PROBE_EVERY: Duration = Duration::from_secs(30);
/// Rests above this are shortened to it.
pub(super) const LONGEST_REST: Duration = Duration::from_hours(24);

/// What the limits say about every host.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    /// How long a host may leave every request without an answer before its links fail.
    pub(super) silence: Duration,
    /// Rests above this fail the links instead of delaying them.
    pub(super) longest_rest: Duration,
    /// How long a request must be silent before it may give way.
    pub(super) give_way_after: Duration,
}

/// Whether a link is requested for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::fetch) enum Priority {
    /// It was never tried: it goes first.
    Untried,
    /// It failed, or gave way.
    Retry,
}

/// A host asked for a pause (Retry-After).
#[derive(Clone, Copy, Debug)]
struct Rest {
    until: Instant,
    /// The status of that response.
    status: u16,
}

/// Why a host is not requested now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::fetch) enum Unavailable {
    /// It has answered no request for this long.
    Silent(Duration),
    /// It answered with this status, and asks for a longer pause than links wait.
    AtRest { status: u16, left: Duration },
    /// The item's time is over.
    OutOfTime,
}

/// What a silent request should do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::fetch) enum Silence {
    /// Continue, and check again after this time.
    Wait(Duration),
    /// End, so that another link is tried; its own is requested again later.
    GiveWay,
}

/// The state of one host. `W` is a request that waits for a permit.
#[derive(Debug)]
pub(super) struct HostState<W> {
    rules: Rules,
    pub(super) concurrency: Concurrency,
    response_times: ResponseTimes,
    last_answer: Option<Instant>,
    rest: Option<Rest>,
    /// When a silent host was last tried.
    probed_at: Option<Instant>,
    /// When its last request began.
    last_start: Option<Instant>,
    /// The permits in use, in the order in which they were given out.
    permits: VecDeque<u64>,
    next_permit: u64,
    untried: VecDeque<W>,
    retries: VecDeque<W>,
    /// Links that are not handed out yet.
    pub(super) queue: LinkQueue,
    /// Links handed out that were never tried, or are tried for the first time.
    in_hand: usize,
    /// Links handed out that wait for a retry, or are retried.
    retrying: usize,
    /// It asks for more links once fewer than this are in hand.
    refill_at: usize,
    /// It has asked for more links.
    is_ready: bool,
}

impl<W> HostState<W> {
    /// A host about which nothing is known, with at most `most` requests at once.
    pub(super) fn new(most: usize, rules: Rules) -> Self {
        Self {
            rules,
            concurrency: Concurrency::new(most),
            response_times: ResponseTimes::default(),
            last_answer: None,
            rest: None,
            probed_at: None,
            last_start: None,
            permits: VecDeque::new(),
            next_permit: 0,
            untried: VecDeque::new(),
            retries: VecDeque::new(),
            queue: LinkQueue::default(),
            in_hand: 0,
            retrying: 0,
            refill_at: 0,
            is_ready: false,
        }
    }

    /// Whether it can be forgotten while it is not in use: nothing is known of it that a new host would not start with.
    pub(super) fn is_forgettable(&self, now: Instant, keeps_slowed: bool) -> bool {
        self.queue.is_empty() && self.rest_left(now).is_none() && !(keeps_slowed && self.concurrency.has_slowed_down())
    }

    // Links.

    /// Takes room for a link; if there is none, or others wait, the link is queued: `false`.
    pub(super) fn offer(&mut self, seq: u64, now: Instant) -> bool {
        let room = if self.queue.is_empty() { self.room(now) } else { 0 };
        if self.queue.is_empty() && (self.in_hand == 0 || self.in_hand < room) {
            self.in_hand += 1;
            return true;
        }
        self.queue.push(seq);
        if room > 0 {
            self.refill_at = refill_at(room);
        }
        false
    }

    /// Takes up to `most` links from the queue, as far as there is room; at least one if none is in hand.
    pub(super) fn take_queued(&mut self, most: usize, now: Instant) -> Vec<u64> {
        self.is_ready = false;
        let room = self.room(now);
        let free = room.saturating_sub(self.in_hand).max(usize::from(self.in_hand == 0));
        let seqs: Vec<u64> = std::iter::from_fn(|| self.queue.pop()).take(free.min(most)).collect();
        self.in_hand += seqs.len();
        self.refill_at = refill_at(room);
        seqs
    }

    /// Whether its queued links should be taken now; returns that once until they are taken.
    pub(super) fn becomes_ready(&mut self) -> bool {
        let is_due = !self.queue.is_empty() && !self.is_ready && self.in_hand <= self.refill_at;
        self.is_ready |= is_due;
        is_due
    }

    /// Links that are worth having in hand: those that may be requested at once, and some that follow them.
    fn room(&self, now: Instant) -> usize {
        // Links that fail at once need not wait.
        if self.silent_for(now).is_some() || self.rests_too_long(now).is_some() {
            return usize::MAX;
        }
        if self.retrying >= MAX_RETRIES {
            return 0;
        }
        let limit = self.concurrency.limit();
        limit + limit.min(LINKS_AHEAD)
    }

    /// Whether links wait to be handed out.
    pub(super) fn has_queued_links(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Forgets the queued links.
    pub(super) fn clear_queue(&mut self) {
        self.queue = LinkQueue::default();
        self.is_ready = false;
    }

    /// A link in hand will be tried again: it makes room for one that was never tried.
    pub(super) fn will_retry(&mut self) {
        self.in_hand = self.in_hand.saturating_sub(1);
        self.retrying += 1;
    }

    /// A link in hand is finished or was given back.
    pub(super) fn left(&mut self, priority: Priority) {
        match priority {
            Priority::Untried => self.in_hand = self.in_hand.saturating_sub(1),
            Priority::Retry => self.retrying = self.retrying.saturating_sub(1),
        }
    }

    // Permits.

    /// Gives out a permit if one is free; then no request waits.
    pub(super) fn try_enter(&mut self) -> Option<u64> {
        (self.permits.len() < self.concurrency.limit()).then(|| self.permit())
    }

    /// Puts a request in line.
    pub(super) fn wait_in_line(&mut self, priority: Priority, waiter: W) {
        match priority {
            Priority::Untried => self.untried.push_back(waiter),
            Priority::Retry => self.retries.push_back(waiter),
        }
    }

    /// The next request in line, with its permit, if one is free.
    pub(super) fn grant(&mut self) -> Option<(W, u64)> {
        if self.permits.len() >= self.concurrency.limit() {
            return None;
        }
        let (first, second) = if self.retrying >= MAX_RETRIES {
            (&mut self.retries, &mut self.untried)
        } else {
            (&mut self.untried, &mut self.retries)
        };
        let waiter = first.pop_front().or_else(|| second.pop_front())?;
        Some((waiter, self.permit()))
    }

    fn permit(&mut self) -> u64 {
        let id = self.next_permit;
        self.next_permit += 1;
        self.permits.push_back(id);
        id
    }

    /// A permit is returned.
    pub(super) fn give_back(&mut self, id: u64) {
        if let Ok(index) = self.permits.binary_search(&id) {
            self.permits.remove(index);
        }
    }

    /// Forgets waiting requests that were cancelled.
    pub(super) fn prune(&mut self, is_gone: impl Fn(&W) -> bool) {
        self.untried.retain(|waiter| !is_gone(waiter));
        self.retries.retain(|waiter| !is_gone(waiter));
    }

    // Time.

    /// How long a pause the host asks for; an error if that is longer than links wait.
    pub(super) fn rest(&self, now: Instant) -> Result<Option<Duration>, Unavailable> {
        self.rests_too_long(now).map_or_else(|| Ok(self.rest_left(now)), Err)
    }

    pub(super) fn rest_left(&self, now: Instant) -> Option<Duration> {
        Some(self.rest?.until.saturating_duration_since(now)).filter(|left| !left.is_zero())
    }

    fn rests_too_long(&self, now: Instant) -> Option<Unavailable> {
        let left = self.rest_left(now).filter(|left| *left > self.rules.longest_rest)?;
        Some(Unavailable::AtRest { status: self.rest?.status, left })
    }

    /// The host asked for a pause of this length with this status.
    pub(super) fn set_rest(&mut self, wait: Duration, status: u16, now: Instant) {
        let until = now + wait.min(LONGEST_REST);
        if self.rest.is_none_or(|earlier| earlier.until < until) {
            self.rest = Some(Rest { until, status });
        }
    }

    fn silent_for(&self, now: Instant) -> Option<Duration> {
        self.concurrency.silent_for(now, self.rules.silence)
    }

    /// Whether it may be requested: one that gave no answer for long is only tried now and then.
    pub(super) fn may_request(&mut self, now: Instant) -> Result<(), Unavailable> {
        match self.silent_for(now) {
            Some(silent) if self.probed_at.is_some_and(|at| now < at + PROBE_EVERY) => Err(Unavailable::Silent(silent)),
            Some(_) => {
                self.probed_at = Some(now);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Starts the next request if it may begin now; otherwise returns how long to wait. Requests are spaced out at a host that
    /// keeps a rate.
    pub(super) fn start(&mut self, now: Instant) -> Option<Duration> {
        let next = self.last_start.map(|last| last + self.concurrency.gap());
        let left = next.map(|next| next.saturating_duration_since(now)).filter(|left| !left.is_zero());
        if left.is_none() {
            self.last_start = Some(now);
        }
        left
    }

    // Answers.

    /// The request that began then was answered.
    pub(super) fn answered(&mut self, began: Instant, now: Instant) {
        let wait = now.saturating_duration_since(began);
        let is_full = self.permits.len() >= self.concurrency.limit();
        self.concurrency.answered(now, wait, is_full);
        self.response_times.add(wait);
        self.last_answer = Some(now);
    }

    /// The request that began then was refused for now, which shows that the host is there.
    pub(super) fn reached(&mut self, now: Instant) {
        self.concurrency.forgive();
        self.last_answer = Some(now);
    }

    /// The request that began then timed out: that slows the host only if its other answers have slowed down, too.
    pub(super) fn timed_out(&mut self, began: Instant, now: Instant) {
        let others_answered = self.last_answer.is_some_and(|at| at >= began);
        if others_answered && self.concurrency.is_slowing() {
            self.concurrency.slow_down(began, now);
        }
    }

    /// The request that began then had no answer at all.
    pub(super) fn unanswered(&mut self, began: Instant, now: Instant) {
        self.concurrency.unanswered(began);
        if self.silent_for(now).is_some() {
            self.probed_at = Some(now);
        }
    }

    /// What a request with this permit should do after this long without a byte.
    pub(super) fn silence(&mut self, permit: u64, silent: Duration, may_give_way: bool, now: Instant) -> Silence {
        let has_untried = !self.untried.is_empty() || !self.queue.is_empty();
        // The request's own answer is no later than its last byte, but for the precision with which that is known.
        let since_answer = self.last_answer.map(|at| now.saturating_duration_since(at));
        let answers_others = since_answer.is_some_and(|ago| ago + Duration::from_millis(1) < silent);
        if has_untried && !answers_others && silent >= WIDEN_AFTER.min(self.rules.give_way_after) {
            self.concurrency.widen();
        }
        let after = self.rules.give_way_after.max(self.response_times.median().unwrap_or_default() * MEDIANS);
        if silent < after {
            let widen = WIDEN_AFTER.min(self.rules.give_way_after).saturating_sub(silent);
            return Silence::Wait(if widen.is_zero() { after.saturating_sub(silent) } else { widen });
        }
        let is_young = self.permits.iter().take(self.concurrency.limit().div_ceil(2)).all(|older| *older != permit);
        if may_give_way && has_untried && (answers_others || is_young) {
            return Silence::GiveWay;
        }
        Silence::Wait((self.rules.give_way_after / 6).max(Duration::from_millis(1)))
    }
}

/// Links in hand at which a host with this room asks for more.
fn refill_at(room: usize) -> usize {
    room.saturating_sub((room / 4).clamp(1, REFILL_AFTER))
}

#[cfg(test)]
mod tests;
