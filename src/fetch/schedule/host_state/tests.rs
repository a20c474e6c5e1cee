//! A host under simulated time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::*;

const MS: Duration = Duration::from_millis(1);
const ATTEMPTS: u32 = 4;
const TIMEOUT: Duration = Duration::from_secs(30);

fn rules() -> Rules {
    Rules {
        silence: Duration::from_secs(120),
        longest_rest: Duration::from_secs(300),
        give_way_after: Duration::from_secs(3),
    }
}

fn state(most: usize) -> HostState<usize> {
    HostState::new(most, rules())
}

/// How the host treats a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// It answers after this time.
    Good(Duration),
    /// It never answers.
    Stalled,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Answer { link: usize, permit: u64 },
    Look { link: usize, permit: u64 },
    TimeOut { link: usize, permit: u64 },
    Retry { link: usize },
}

struct Link {
    kind: Kind,
    /// Requests that counted as attempts.
    attempts: u32,
    /// All requests, those that gave way included.
    requests: Vec<Duration>,
    has_given_way: bool,
    permit: Option<u64>,
    began: Instant,
    /// When it was done, or failed.
    ended: Option<Duration>,
}

/// A lane and a fetcher that know only virtual time.
struct Simulation {
    state: HostState<usize>,
    links: Vec<Link>,
    events: BinaryHeap<Reverse<(Instant, usize, Event)>>,
    epoch: Instant,
    now: Instant,
    count: usize,
    most_permits: usize,
}

impl Simulation {
    fn run(most: usize, kinds: &[Kind]) -> Self {
        let epoch = Instant::now();
        let links = kinds.iter().map(|kind| Link {
            kind: *kind,
            attempts: 0,
            requests: Vec::new(),
            has_given_way: false,
            permit: None,
            began: epoch,
            ended: None,
        });
        let mut simulation = Self {
            state: state(most),
            links: links.collect(),
            events: BinaryHeap::new(),
            epoch,
            now: epoch,
            count: 0,
            most_permits: 0,
        };
        for link in 0..kinds.len() {
            if simulation.state.offer(link as u64, epoch) {
                simulation.enter(link, Priority::Untried);
            }
        }
        simulation.refill();
        while let Some(Reverse((at, _, event))) = simulation.events.pop() {
            simulation.now = at;
            simulation.handle(event);
            simulation.refill();
        }
        simulation
    }

    fn at(&mut self, time: Instant, event: Event) {
        self.count += 1;
        self.events.push(Reverse((time, self.count, event)));
    }

    fn refill(&mut self) {
        loop {
            while let Some((link, permit)) = self.state.grant() {
                self.start(link, permit);
            }
            if !self.state.becomes_ready() {
                return;
            }
            for seq in self.state.take_queued(64, self.now) {
                self.enter(seq as usize, Priority::Untried);
            }
        }
    }

    fn enter(&mut self, link: usize, priority: Priority) {
        match self.state.try_enter() {
            Some(permit) => self.start(link, permit),
            None => self.state.wait_in_line(priority, link),
        }
    }

    fn start(&mut self, link: usize, permit: u64) {
        self.most_permits = self.most_permits.max(self.state.permits.len());
        if self.state.may_request(self.now).is_err() {
            self.state.give_back(permit);
            return self.end(link);
        }
        let now = self.now;
        let one = &mut self.links[link];
        (one.permit, one.began) = (Some(permit), now);
        one.requests.push(now - self.epoch);
        one.attempts += 1;
        match one.kind {
            Kind::Good(wait) => self.at(now + wait, Event::Answer { link, permit }),
            Kind::Stalled => self.at(now + TIMEOUT, Event::TimeOut { link, permit }),
        }
        self.at(now, Event::Look { link, permit });
    }

    fn end(&mut self, link: usize) {
        let one = &mut self.links[link];
        one.ended = Some(self.now - self.epoch);
        one.permit = None;
        let is_retrying = one.has_given_way || one.attempts > 1;
        self.state.left(if is_retrying { Priority::Retry } else { Priority::Untried });
    }

    /// The request ends without an answer; its link is tried again.
    fn try_again(&mut self, link: usize, permit: u64, wait: Duration) {
        self.state.give_back(permit);
        let one = &mut self.links[link];
        one.permit = None;
        if one.requests.len() == 1 {
            self.state.will_retry();
        }
        self.at(self.now + wait, Event::Retry { link });
    }

    fn handle(&mut self, event: Event) {
        let now = self.now;
        match event {
            Event::Answer { link, permit } if self.links[link].permit == Some(permit) => {
                self.state.answered(self.links[link].began, now);
                self.state.give_back(permit);
                self.end(link);
            }
            Event::TimeOut { link, permit } if self.links[link].permit == Some(permit) => {
                let one = &self.links[link];
                let (began, attempts) = (one.began, one.attempts);
                self.state.unanswered(began, now);
                self.state.timed_out(began, now);
                if attempts >= ATTEMPTS {
                    self.state.give_back(permit);
                    return self.end(link);
                }
                self.try_again(link, permit, Duration::from_secs(1));
            }
            Event::Look { link, permit } if self.links[link].permit == Some(permit) => {
                let one = &mut self.links[link];
                match self.state.silence(permit, now - one.began, !one.has_given_way, now) {
                    Silence::Wait(time) => self.at(now + time, Event::Look { link, permit }),
                    Silence::GiveWay => {
                        one.has_given_way = true;
                        one.attempts -= 1;
                        self.try_again(link, permit, Duration::ZERO);
                    }
                }
            }
            Event::Retry { link } => self.enter(link, Priority::Retry),
            _ => {}
        }
    }

    fn of(&self, kind: impl Fn(Kind) -> bool) -> impl Iterator<Item = &Link> {
        self.links.iter().filter(move |link| kind(link.kind))
    }

    /// Good links are done soon, no link is tried again before all were tried, and the job ends.
    fn check(&self) {
        let good_by = self.of(|kind| kind != Kind::Stalled).filter_map(|link| link.ended).max().unwrap_or_default();
        assert!(good_by < Duration::from_secs(10), "{good_by:?}");
        let first_requests = self.links.iter().filter_map(|link| link.requests.first().copied());
        let last_untried = first_requests.max().unwrap_or_default();
        for stalled in self.of(|kind| kind == Kind::Stalled) {
            assert!(stalled.requests.iter().skip(1).all(|retry| *retry >= last_untried), "{:?}", stalled.requests);
            let gave_way = usize::from(stalled.has_given_way);
            assert!(stalled.attempts <= ATTEMPTS && stalled.requests.len() == stalled.attempts as usize + gave_way);
        }
        let end = self.links.iter().filter_map(|link| link.ended).max().unwrap_or_default();
        assert!(self.links.iter().all(|link| link.ended.is_some()) && end <= Duration::from_secs(170), "{end:?}");
        assert!(self.most_permits <= 8, "{}", self.most_permits);
    }
}

fn kinds(stalled: usize, good: usize) -> Vec<Kind> {
    let mut kinds = vec![Kind::Stalled; stalled];
    kinds.resize(stalled + good, Kind::Good(50 * MS));
    kinds
}

#[test]
fn stalled_links_at_the_head_of_a_list_do_not_hold_up_the_good_ones() {
    for stalled in [1, 4, 10, 12] {
        Simulation::run(8, &kinds(stalled, 100)).check();
    }
}

#[test]
fn stalled_links_among_good_ones_do_not_hold_them_up() {
    let mut mixed = kinds(0, 112);
    (0..12).for_each(|n| mixed[n * 9] = Kind::Stalled);
    Simulation::run(8, &mixed).check();
    let mut last = kinds(0, 112);
    (100..112).for_each(|n| last[n] = Kind::Stalled);
    let simulation = Simulation::run(8, &last);
    assert!(simulation.links.iter().all(|link| link.ended.is_some_and(|end| end <= Duration::from_secs(170))));
}

#[test]
fn a_slow_host_is_not_mistaken_for_a_stalled_one() {
    let slow = [Kind::Good(Duration::from_secs(5)); 100];
    let simulation = Simulation::run(8, &slow);
    let requests: usize = simulation.links.iter().map(|link| link.requests.len()).sum();
    assert!(simulation.links.iter().all(|link| link.ended.is_some() && link.attempts == 1));
    assert!(requests <= 108, "{requests} requests of 100 links");
}

#[test]
fn links_that_were_never_tried_go_before_retries() {
    let mut state = state(1);
    let permit = state.try_enter().unwrap_or_default();
    for (link, priority) in [(1, Priority::Retry), (2, Priority::Untried), (3, Priority::Retry), (4, Priority::Untried)]
    {
        state.wait_in_line(priority, link);
    }
    assert_eq!(state.grant(), None);
    let mut order = Vec::new();
    state.give_back(permit);
    while let Some((link, permit)) = state.grant() {
        order.push(link);
        state.give_back(permit);
    }
    assert_eq!(order, [2, 4, 1, 3]);
}

#[test]
fn retries_go_first_once_too_many_of_them_wait() {
    let now = Instant::now();
    let mut state = state(1);
    let permit = state.try_enter().unwrap_or_default();
    for seq in 0..=MAX_RETRIES {
        assert!(state.offer(seq as u64, now) || state.take_queued(1, now).len() == 1);
        state.will_retry();
    }
    state.wait_in_line(Priority::Untried, 1);
    state.wait_in_line(Priority::Retry, 2);
    state.give_back(permit);
    assert_eq!(state.grant().map(|(link, _)| link), Some(2));
}

#[test]
fn a_time_out_slows_a_host_only_if_its_other_answers_slow_down() {
    for (waits, slows) in [([50; 40], false), ([900; 40], true)] {
        let epoch = Instant::now();
        let mut state = state(8);
        let mut now = epoch;
        for wait in [50; 40].iter().chain(&waits) {
            let began = now;
            now += *wait * MS;
            state.answered(began, now);
        }
        let before = state.concurrency.limit();
        state.timed_out(epoch, now);
        assert_eq!(state.concurrency.limit() < before, slows, "{before}");
    }
}

#[test]
fn a_time_out_of_a_host_without_other_answers_does_not_slow_it() {
    let mut state = state(8);
    let began = Instant::now();
    state.timed_out(began, began + TIMEOUT);
    assert_eq!(state.concurrency.limit(), 4);
}

#[test]
fn a_full_host_queues_links_and_asks_for_them_when_there_is_room() {
    let now = Instant::now();
    let mut state = state(1);
    let taken = (0..10).filter(|seq| state.offer(*seq, now)).count();
    assert!(taken == 2 && !state.queue.is_empty());
    // One request at once, and one link that follows.
    state.left(Priority::Untried);
    assert!(state.becomes_ready() && !state.becomes_ready(), "it is announced once");
    assert_eq!(state.take_queued(64, now), [2]);
    state.will_retry();
    assert!(state.becomes_ready());
    assert_eq!(state.take_queued(64, now), [3], "a link that waits for its retry makes room");
}

#[test]
fn a_host_asks_for_links_once_a_quarter_of_its_room_is_free_or_room_for_thirty_two() {
    let now = Instant::now();
    for (most, freed) in [(8, 4), (256, 32)] {
        let mut state = state(most);
        state.concurrency.widen();
        let taken = (0..1000).filter(|seq| state.offer(*seq, now)).count();
        (1..freed).for_each(|_| state.left(Priority::Untried));
        assert!(!state.becomes_ready(), "{taken}");
        state.left(Priority::Untried);
        assert!(state.becomes_ready(), "{taken}");
    }
}
