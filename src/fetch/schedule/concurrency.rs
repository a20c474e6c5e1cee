//! How many requests at once are good for one host: few at first unless many were allowed, more while that helps, half
//! after trouble.
//!
//! The count doubles with each round of answers until the first trouble, and rises by one a round from there (additive
//! increase, multiplicative decrease: Chiu and Jain 1989). It goes back for a while once a larger one only makes the host
//! slower: answers take much longer than at best, and no more of them come. A host that refuses even one request at a
//! time keeps a rate: its requests are spaced out, further after each refusal and less so with each success. Knows neither
//! clocks nor sockets.

use std::time::{Duration, Instant};

/// Requests at once that a host gets at first where as many as usual are allowed.
const FIRST: usize = 4;
/// As many as usual. Who allows more says that the host bears them, and it gets them until it shows that it doesn't.
const USUAL: usize = 8;
/// Answers this much slower than the quickest may mean a queue at the host; anything below is noise.
const NOISE: Duration = Duration::from_millis(50);
/// Rounds without growth after a larger count did not help.
const ROUNDS_HELD: u32 = 8;
/// Requests in a row without an answer before a host can count as silent.
const SILENT_REQUESTS: u32 = 8;

/// Time between a host's requests after it refused one that was alone; it doubles with each further one.
const FIRST_GAP: Duration = Duration::from_millis(100);
/// That time at most.
const MOST_GAP: Duration = Duration::from_secs(2);
/// Refusals in a row after which it is no rate that the host keeps, and waiting no help.
const MOST_REFUSALS: u32 = 8;

/// What is known of a host's strength.
#[derive(Debug)]
pub(super) struct Concurrency {
    most: usize,
    limit: usize,
    /// Whether there was trouble, after which growth is gentle.
    is_gentle: bool,
    round: Round,
    /// Whether the last round used all that is allowed.
    was_full: bool,
    /// Of the round before this one.
    earlier: Option<Earlier>,
    /// The quickest round's mean wait; drifts up, so that an old one does not bind for ever.
    least_wait: Option<Duration>,
    /// The mean wait of the latest answers, the last of which counts most.
    recent_wait: Option<Duration>,
    held_rounds: u32,
    /// Requests that began before are part of a trouble that is dealt with.
    cut_at: Option<Instant>,
    unanswered: u32,
    silent_since: Option<Instant>,
    /// Time between its requests.
    gap: Duration,
    /// When that grew last.
    spaced_at: Option<Instant>,
    /// The shortest with which a request was welcome.
    least_welcome_gap: Option<Duration>,
    /// It refuses for other reasons than how often it is asked.
    keeps_no_rate: bool,
    /// Requests refused in a row that were alone, or spaced out.
    refusals: u32,
}

#[derive(Debug, Default)]
struct Round {
    began: Option<Instant>,
    answers: usize,
    waits: Duration,
    /// How many answers make it whole.
    wanted: usize,
    /// Whether all that is allowed was in flight at some answer.
    is_full: bool,
}

#[derive(Clone, Copy, Debug)]
struct Earlier {
    limit: usize,
    per_s: f64,
}

impl Concurrency {
    /// A host about which nothing is known; never more than `most` at once.
    pub(super) fn new(most: usize) -> Self {
        let most = most.max(1);
        Self {
            most,
            limit: if most > USUAL { most } else { FIRST.min(most) },
            is_gentle: false,
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
            least_welcome_gap: None,
            keeps_no_rate: false,
            refusals: 0,
        }
    }

    /// Requests at once.
    pub(super) const fn limit(&self) -> usize {
        self.limit
    }

    /// Allows so many at most from now on.
    pub(super) fn set_most(&mut self, most: usize) {
        self.most = most.max(1);
        self.limit = self.limit.min(self.most);
    }

    /// An answer came, `wait` after its request; `is_full` tells whether as many were in flight as may be.
    pub(super) fn answered(&mut self, now: Instant, wait: Duration, is_full: bool) {
        self.forgive();
        let began = *self.round.began.get_or_insert(now.checked_sub(wait).unwrap_or(now));
        if self.round.answers == 0 {
            self.round.wanted = self.limit;
        }
        self.round.answers += 1;
        self.round.waits += wait;
        self.recent_wait = Some(self.recent_wait.map_or(wait, |recent| recent * 7 / 8 + wait / 8));
        // A request that ended an instant ago leaves a gap which the next one is about to fill.
        self.round.is_full |= is_full;
        let is_used = self.round.is_full || self.was_full;
        if is_used && !self.is_gentle && self.held_rounds == 0 && self.limit < self.most {
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
        } else if is_full && self.is_gentle && self.limit < self.most {
            self.limit += 1;
        }
        self.earlier = Some(Earlier { limit: wanted, per_s });
    }

    /// Whether the latest answers took much longer than the quickest ones.
    pub(super) fn is_slowing(&self) -> bool {
        self.recent_wait.zip(self.least_wait).is_some_and(|(recent, least)| is_slow(recent, least))
    }

    /// No request was answered so far: up to twice as many show whether that is the host's fault. Not after trouble.
    pub(super) fn widen(&mut self) {
        if !self.is_gentle && self.held_rounds == 0 {
            self.limit = (self.limit * 2).min(self.most);
        }
    }

    /// A request that began then failed to connect or broke off: half as many from now on.
    pub(super) fn troubled(&mut self, began: Instant, now: Instant) {
        if self.cut_at.is_some_and(|cut| began < cut) {
            return;
        }
        self.limit = (self.limit / 2).max(1);
        self.is_gentle = true;
        self.cut_at = Some(now);
        self.round = Round::default();
        self.earlier = None;
    }

    /// A request that began then was refused for now.
    pub(super) fn refused(&mut self, began: Instant, now: Instant) {
        let is_news = self.cut_at.is_none_or(|cut| began >= cut);
        let was_alone = self.limit == 1 || !self.gap.is_zero();
        // Those that were on their way with the shorter gap say nothing of the new one.
        let was_spaced = self.spaced_at.is_none_or(|at| began >= at + self.gap * 3 / 4);
        self.troubled(began, now);
        if is_news && was_alone && was_spaced {
            self.spaced_at = Some(now);
            self.refusals = self.refusals.saturating_add(1);
            // Who takes requests that come quicker and refuses this one does not refuse it for coming too soon.
            self.keeps_no_rate |= self.least_welcome_gap.is_some_and(|welcome| self.gap > welcome * 3 / 2);
            let keeps_a_rate = self.refusals <= MOST_REFUSALS && !self.keeps_no_rate;
            self.gap = if keeps_a_rate { (self.gap * 2).clamp(FIRST_GAP, MOST_GAP) } else { Duration::ZERO };
        }
    }

    /// A request was not refused.
    pub(super) fn welcomed(&mut self) {
        self.refusals = 0;
        if !self.gap.is_zero() {
            self.least_welcome_gap = Some(self.least_welcome_gap.map_or(self.gap, |least| least.min(self.gap)));
        }
        self.gap = self.gap.saturating_sub(self.gap / 32 + Duration::from_millis(1));
    }

    /// Time between its requests.
    pub(super) const fn gap(&self) -> Duration {
        self.gap
    }

    /// A request that began then had no answer at all.
    pub(super) fn unanswered(&mut self, began: Instant) {
        self.unanswered = self.unanswered.saturating_add(1);
        self.silent_since.get_or_insert(began);
    }

    /// What was held against it was not its fault, or is over.
    pub(super) fn forgive(&mut self) {
        (self.unanswered, self.silent_since) = (0, None);
    }

    /// How long it has been silent, if request after request has had no answer for `patience`.
    pub(super) fn silent_for(&self, now: Instant, patience: Duration) -> Option<Duration> {
        let silent = now.saturating_duration_since(self.silent_since?);
        (self.unanswered >= SILENT_REQUESTS && silent >= patience).then_some(silent)
    }

    /// Whether anything is known that a new host would not start with.
    pub(super) const fn is_in_trouble(&self) -> bool {
        self.cut_at.is_some() || self.silent_since.is_some()
    }
}

/// Whether a wait points to a queue at the host.
fn is_slow(wait: Duration, least: Duration) -> bool {
    wait > least * 2 + NOISE
}

#[cfg(test)]
mod tests {
    use super::super::concurrency::*;

    const MS: Duration = Duration::from_millis(1);

    /// A host that answers `per_s` at most, and each after `least` at best, asked for some rounds.
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
    fn a_host_starts_with_few_unless_more_than_usual_are_allowed_and_doubles_up_to_that() {
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
    fn trouble_halves_once_however_many_requests_share_it_and_growth_is_gentle_then() {
        let mut concurrency = Concurrency::new(64);
        let began = Instant::now();
        let now = led(&mut concurrency, began, 4, 50 * MS, 1e6);
        for _ in 0..20 {
            concurrency.troubled(began, now);
        }
        assert_eq!(concurrency.limit(), 32);
        led(&mut concurrency, now, 3, 50 * MS, 1e6);
        assert_eq!(concurrency.limit(), 35);
        for at in 1..20 {
            concurrency.troubled(now + at * MS, now + at * MS);
        }
        assert_eq!(concurrency.limit(), 1);
    }

    #[test]
    fn a_host_that_keeps_a_rate_is_asked_at_that_rate() {
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
                concurrency.welcomed();
                last_welcome = now;
                welcomed += 1;
            }
        }
        assert!(refused < 20 && now - began < 200 * rate * 2, "{refused} refused, {:?}", now - began);
    }

    #[test]
    fn a_host_that_refuses_by_chance_is_not_asked_less_often() {
        let mut concurrency = Concurrency::new(1);
        let (mut now, mut waited) = (Instant::now(), Duration::ZERO);
        for request in 0..1000 {
            now += concurrency.gap() + MS;
            waited += concurrency.gap();
            if request % 7 < 2 { concurrency.refused(now, now) } else { concurrency.welcomed() }
        }
        assert!(concurrency.keeps_no_rate && waited < Duration::from_secs(10), "{waited:?}");
    }

    #[test]
    fn requests_that_were_on_their_way_make_no_gap_wider() {
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
    fn a_host_that_refuses_everything_is_soon_not_waited_for() {
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
        concurrency.welcomed();
        concurrency.refused(now + FIRST_GAP, now + FIRST_GAP);
        assert_eq!(concurrency.gap(), FIRST_GAP);
    }

    #[test]
    fn more_requests_than_help_are_taken_back() {
        let mut concurrency = Concurrency::new(256);
        concurrency.limit = FIRST;
        // 100 a second at 100 ms: ten at once are all that helps.
        let mut now = Instant::now();
        let mut sum = 0;
        for _ in 0..200 {
            now = led(&mut concurrency, now, 1, 100 * MS, 100.0);
            sum += concurrency.limit();
        }
        assert!((10 * 200..40 * 200).contains(&sum), "{} on average", sum / 200);
    }

    #[test]
    fn a_hiccup_costs_a_few_rounds_and_not_the_growth() {
        let mut concurrency = Concurrency::new(64);
        concurrency.limit = 32;
        let now = led(&mut concurrency, Instant::now(), 1, 50 * MS, 1e6);
        let now = led(&mut concurrency, now, 1, 900 * MS, 1e6);
        assert!(concurrency.limit() <= 32);
        led(&mut concurrency, now, ROUNDS_HELD as usize + 3, 50 * MS, 1e6);
        assert_eq!(concurrency.limit(), 64);
    }

    #[test]
    fn nothing_grows_that_is_not_used() {
        let mut concurrency = Concurrency::new(8);
        for _ in 0..500 {
            concurrency.answered(Instant::now(), 50 * MS, false);
        }
        assert_eq!(concurrency.limit(), FIRST);
    }

    #[test]
    fn a_host_is_silent_after_many_requests_and_a_while_and_an_answer_ends_it() {
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
