//! Adapts the number of concurrent requests to a host: few at first unless many are allowed, more while that helps,
//! half when the host shows signs of overload.
//!
//! The number doubles with each round of answers until the first sign of overload, and then rises by one per round (additive
//! increase, multiplicative decrease: Chiu and Jain 1989). It is reduced for a while if a larger number only makes the
//! host slower: answers take much longer than at best, and there are no more of them. A host that refuses even a single
//! request has a rate limit: its requests are spaced out, further after each refusal and less after each success. Uses
//! neither clocks nor sockets.

use std::time::{Duration, Instant};

/// Concurrent requests at first, if the usual number is allowed.
const FIRST: usize = 4;
/// The usual number. A user who allows more says that the host can take them, so it gets them from the start.
const USUAL: usize = 8;
/// Answers may be this much slower than the fastest ones without meaning anything.
const NOISE: Duration = Duration::from_millis(50);
/// Rounds without growth after a larger number did not help.
const ROUNDS_HELD: u32 = 8;
/// Unanswered requests in a row before a host can count as silent.
const SILENT_REQUESTS: u32 = 8;

/// Time between requests after a host refused one that was alone; it doubles with each further refusal.
const FIRST_GAP: Duration = Duration::from_millis(100);
/// Longest time between requests.
const MOST_GAP: Duration = Duration::from_secs(2);
/// Refusals in a row after which there is no rate limit, and waiting does not help.
const MOST_REFUSALS: u32 = 8;

/// How many requests a host can take.
#[derive(Debug)]
pub(super) struct Concurrency {
    most: usize,
    limit: usize,
    /// Whether the host showed signs of overload, after which the number grows slowly.
    is_cautious: bool,
    round: Round,
    /// Whether the last round used the whole number.
    was_full: bool,
    /// The round before this one.
    earlier: Option<Earlier>,
    /// The mean wait of the fastest round; drifts up, so that it is not kept forever.
    least_wait: Option<Duration>,
    /// The moving average of the waits for answers.
    recent_wait: Option<Duration>,
    held_rounds: u32,
    /// Failures of requests that began before this were taken into account already.
    cut_at: Option<Instant>,
    unanswered: u32,
    silent_since: Option<Instant>,
    /// Time between requests.
    gap: Duration,
    /// When that last grew.
    spaced_at: Option<Instant>,
    /// The shortest time between requests at which one was accepted.
    least_accepted_gap: Option<Duration>,
    /// The host refuses for other reasons than the rate of requests.
    has_no_rate_limit: bool,
    /// Refusals in a row of requests that were alone or spaced out.
    refusals: u32,
}

#[derive(Debug, Default)]
struct Round {
    began: Option<Instant>,
    answers: usize,
    waits: Duration,
    /// How many answers complete the round.
    wanted: usize,
    /// Whether the whole number was in use at some answer.
    is_full: bool,
}

#[derive(Clone, Copy, Debug)]
struct Earlier {
    limit: usize,
    per_s: f64,
}

impl Concurrency {
    /// A host about which nothing is known; never more than `most` requests at once.
    pub(super) fn new(most: usize) -> Self {
        let most = most.max(1);
        Self {
            most,
            limit: if most > USUAL { most } else { FIRST.min(most) },
            is_cautious: false,
            round: Round::default(),
            was_full: false,
            earlier: None,
            least_wait: None,
            recent_wait: None,
            held_rounds: 0,
            cut_at: None,
            unanswered: 0,
            silent_since: None,
            gap: Duration::ZERO,
            spaced_at: None,
            least_accepted_gap: None,
            has_no_rate_limit: false,
            refusals: 0,
        }
    }

    /// Concurrent requests.
    pub(super) const fn limit(&self) -> usize {
        self.limit
    }

    /// Allows this many at most from now on.
    pub(super) fn set_most(&mut self, most: usize) {
        self.most = most.max(1);
        self.limit = self.limit.min(self.most);
    }

    /// An answer arrived `wait` after its request; `is_full` says whether as many requests were in progress as allowed.
    pub(super) fn answered(&mut self, now: Instant, wait: Duration, is_full: bool) {
        self.forgive();
        let began = *self.round.began.get_or_insert(now.checked_sub(wait).unwrap_or(now));
        if self.round.answers == 0 {
            self.round.wanted = self.limit;
        }
        self.round.answers += 1;
        self.round.waits += wait;
        self.recent_wait = Some(self.recent_wait.map_or(wait, |recent| recent * 7 / 8 + wait / 8));
        // A request that has just ended leaves a gap that the next one is about to fill.
        self.round.is_full |= is_full;
        let is_used = self.round.is_full || self.was_full;
        if is_used && !self.is_cautious && self.held_rounds == 0 && self.limit < self.most {
            self.limit += 1;
        }
        if self.round.answers >= self.round.wanted {
            self.end_round(now, began);
        }
    }

    fn end_round(&mut self, now: Instant, began: Instant) {
        let Round { answers, waits, wanted, is_full, .. } = std::mem::take(&mut self.round);
        self.was_full = is_full;
        let mean = waits / u32::try_from(answers.max(1)).unwrap_or(u32::MAX);
        let per_s = answers as f64 / now.saturating_duration_since(began).as_secs_f64().max(1e-6);
        let least = self.least_wait.map_or(mean, |least| mean.min(least + least / 1000));
        self.least_wait = Some(least);
        let is_queueing = is_slow(mean, least);
        let helped = self.earlier.is_none_or(|earlier| per_s > earlier.per_s * 1.1);
        if is_queueing && !helped {
            let before = self.earlier.map_or(wanted, |earlier| earlier.limit);
            self.limit = before.min(self.limit).max(1);
            self.held_rounds = ROUNDS_HELD;
        } else if self.held_rounds > 0 {
            self.held_rounds -= 1;
        } else if is_full && self.is_cautious && self.limit < self.most {
            self.limit += 1;
        }
        self.earlier = Some(Earlier { limit: wanted, per_s });
    }

    /// Whether the latest answers took much longer than the quickest ones.
    pub(super) fn is_slowing(&self) -> bool {
        self.recent_wait.zip(self.least_wait).is_some_and(|(recent, least)| is_slow(recent, least))
    }

    /// No request was answered so far: up to twice as many show whether that is the host's fault. Not after signs of overload.
    pub(super) fn widen(&mut self) {
        if !self.is_cautious && self.held_rounds == 0 {
            self.limit = (self.limit * 2).min(self.most);
        }
    }

    /// A request that began then failed to connect or broke off: half as many from now on.
    pub(super) fn slow_down(&mut self, began: Instant, now: Instant) {
        if self.cut_at.is_some_and(|cut| began < cut) {
            return;
        }
        self.limit = (self.limit / 2).max(1);
        self.is_cautious = true;
        self.cut_at = Some(now);
        self.round = Round::default();
        self.earlier = None;
    }

    /// A request that began then was refused for now.
    pub(super) fn refused(&mut self, began: Instant, now: Instant) {
        let is_news = self.cut_at.is_none_or(|cut| began >= cut);
        let was_alone = self.limit == 1 || !self.gap.is_zero();
        // Requests sent with the shorter gap say nothing about the new one.
        let was_spaced = self.spaced_at.is_none_or(|at| began >= at + self.gap * 3 / 4);
        self.slow_down(began, now);
        if is_news && was_alone && was_spaced {
            self.spaced_at = Some(now);
            self.refusals = self.refusals.saturating_add(1);
            // A host that accepted faster requests does not refuse this one for its rate.
            self.has_no_rate_limit |= self.least_accepted_gap.is_some_and(|accepted| self.gap > accepted * 3 / 2);
            let has_a_rate_limit = self.refusals <= MOST_REFUSALS && !self.has_no_rate_limit;
            self.gap = if has_a_rate_limit { (self.gap * 2).clamp(FIRST_GAP, MOST_GAP) } else { Duration::ZERO };
        }
    }

    /// A request was not refused.
    pub(super) fn accepted(&mut self) {
        self.refusals = 0;
        if !self.gap.is_zero() {
            self.least_accepted_gap = Some(self.least_accepted_gap.map_or(self.gap, |least| least.min(self.gap)));
        }
        self.gap = self.gap.saturating_sub(self.gap / 32 + Duration::from_millis(1));
    }

    /// Time between requests.
    pub(super) const fn gap(&self) -> Duration {
        self.gap
    }

    /// A request that began then had no answer at all.
    pub(super) fn unanswered(&mut self, began: Instant) {
        self.unanswered = self.unanswered.saturating_add(1);
        self.silent_since.get_or_insert(began);
    }

    /// The host's silence is over, or was not its fault.
    pub(super) fn forgive(&mut self) {
        (self.unanswered, self.silent_since) = (0, None);
    }

    /// How long the host has been silent, if no request was answered for `patience`.
    pub(super) fn silent_for(&self, now: Instant, patience: Duration) -> Option<Duration> {
        let silent = now.saturating_duration_since(self.silent_since?);
        (self.unanswered >= SILENT_REQUESTS && silent >= patience).then_some(silent)
    }

    /// Whether the host showed signs of overload, or is silent.
    pub(super) const fn has_slowed_down(&self) -> bool {
        self.cut_at.is_some() || self.silent_since.is_some()
    }
}

/// Whether a wait suggests a queue at the host.
fn is_slow(wait: Duration, least: Duration) -> bool {
    wait > least * 2 + NOISE
}

#[cfg(test)]
mod tests {
    use super::super::concurrency::*;

    const MS: Duration = Duration::from_millis(1);

    /// Simulates rounds of a host that answers at most `per_s` requests per second, each after at least `least`.
    fn led(concurrency: &mut Concurrency, mut now: Instant, rounds: usize, least: Duration, per_s: f64) -> Instant {
        for _ in 0..rounds {
            let limit = concurrency.limit();
            let wait = least.max(Duration::from_secs_f64(limit as f64 / per_s));
            now += wait;
            for _ in 0..limit {
                concurrency.answered(now, wait, true);
            }
        }
        now
    }

    #[test]
    fn a_host_starts_with_few_requests_unless_more_than_usual_are_allowed() {
        let first = [64, 9, 8, 2].map(|most| Concurrency::new(most).limit());
        assert_eq!(first, [64, 9, 4, 2]);
        let mut concurrency = Concurrency::new(64);
        concurrency.limit = 16;
        led(&mut concurrency, Instant::now(), 1, 50 * MS, 1e6);
        assert_eq!(concurrency.limit(), 32);
        led(&mut concurrency, Instant::now(), 9, 50 * MS, 1e6);
        assert_eq!(concurrency.limit(), 64);
    }

    #[test]
    fn overload_halves_the_number_once_and_slows_its_growth() {
        let mut concurrency = Concurrency::new(64);
        let began = Instant::now();
        let now = led(&mut concurrency, began, 4, 50 * MS, 1e6);
        for _ in 0..20 {
            concurrency.slow_down(began, now);
        }
        assert_eq!(concurrency.limit(), 32);
        led(&mut concurrency, now, 3, 50 * MS, 1e6);
        assert_eq!(concurrency.limit(), 35);
        for at in 1..20 {
            concurrency.slow_down(now + at * MS, now + at * MS);
        }
        assert_eq!(concurrency.limit(), 1);
    }

    #[test]
    fn a_host_with_a_rate_limit_is_requested_at_that_rate() {
        let mut concurrency = Concurrency::new(8);
        let rate = Duration::from_millis(200);
        let (mut now, mut last_welcome) = (Instant::now(), Instant::now());
        let (began, mut refused) = (now, 0);
        let mut welcomed = 0;
        while welcomed < 200 {
            now += concurrency.gap().max(MS);
            if now < last_welcome + rate {
                concurrency.refused(now, now);
                refused += 1;
            } else {
                concurrency.accepted();
                last_welcome = now;
                welcomed += 1;
            }
        }
        assert!(refused < 20 && now - began < 200 * rate * 2, "{refused} refused, {:?}", now - began);
    }

    #[test]
    fn a_host_that_refuses_at_random_is_not_requested_less_often() {
        let mut concurrency = Concurrency::new(1);
        let (mut now, mut waited) = (Instant::now(), Duration::ZERO);
        for request in 0..1000 {
            now += concurrency.gap() + MS;
            waited += concurrency.gap();
            if request % 7 < 2 { concurrency.refused(now, now) } else { concurrency.accepted() }
        }
        assert!(concurrency.has_no_rate_limit && waited < Duration::from_secs(10), "{waited:?}");
    }

    #[test]
    fn refusals_of_earlier_requests_do_not_widen_the_gap() {
        let mut concurrency = Concurrency::new(1);
        let now = Instant::now();
        for at in [0, 20, 40, 60] {
            concurrency.refused(now + at * MS, now + at * MS);
        }
        assert_eq!(concurrency.gap(), FIRST_GAP);
        concurrency.refused(now + FIRST_GAP, now + FIRST_GAP);
        assert_eq!(concurrency.gap(), FIRST_GAP * 2);
    }

    #[test]
    fn a_host_that_refuses_everything_is_not_spaced_out_for_long() {
        let mut concurrency = Concurrency::new(1);
        let mut now = Instant::now();
        let waited: Duration = (0..1000)
            .map(|_| {
                now += concurrency.gap() + MS;
                concurrency.refused(now, now);
                concurrency.gap()
            })
            .sum();
        assert!(waited < Duration::from_secs(10) && concurrency.gap().is_zero(), "{waited:?}");
        concurrency.accepted();
        concurrency.refused(now + FIRST_GAP, now + FIRST_GAP);
        assert_eq!(concurrency.gap(), FIRST_GAP);
    }

    #[test]
    fn a_number_that_does_not_help_is_reduced() {
        let mut concurrency = Concurrency::new(256);
        concurrency.limit = FIRST;
        // 100 per second at 100 ms: more than ten at once do not help.
        let mut now = Instant::now();
        let mut sum = 0;
        for _ in 0..200 {
            now = led(&mut concurrency, now, 1, 100 * MS, 100.0);
            sum += concurrency.limit();
        }
        assert!((10 * 200..40 * 200).contains(&sum), "{} on average", sum / 200);
    }

    #[test]
    fn a_short_delay_only_costs_a_few_rounds_of_growth() {
        let mut concurrency = Concurrency::new(64);
        concurrency.limit = 32;
        let now = led(&mut concurrency, Instant::now(), 1, 50 * MS, 1e6);
        let now = led(&mut concurrency, now, 1, 900 * MS, 1e6);
        assert!(concurrency.limit() <= 32);
        led(&mut concurrency, now, ROUNDS_HELD as usize + 3, 50 * MS, 1e6);
        assert_eq!(concurrency.limit(), 64);
    }

    #[test]
    fn an_unused_number_does_not_grow() {
        let mut concurrency = Concurrency::new(8);
        for _ in 0..500 {
            concurrency.answered(Instant::now(), 50 * MS, false);
        }
        assert_eq!(concurrency.limit(), FIRST);
    }

    #[test]
    fn a_host_is_silent_after_many_unanswered_requests_and_some_time() {
        let mut concurrency = Concurrency::new(8);
        let (began, patience) = (Instant::now(), Duration::from_mins(2));
        let later = began + patience;
        let sooner = began + Duration::from_secs(119);
        for request in 0..SILENT_REQUESTS {
            assert_eq!(concurrency.silent_for(later, patience), None, "{request}");
            concurrency.unanswered(began);
        }
        assert_eq!(concurrency.silent_for(later, patience), Some(patience));
        assert_eq!(concurrency.silent_for(sooner, patience), None);
        concurrency.answered(later, MS, false);
        assert_eq!(concurrency.silent_for(later, patience), None);
    }
}
