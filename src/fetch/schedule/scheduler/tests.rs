use std::pin::pin;

use futures_util::FutureExt;

use super::super::host_state::LONGEST_REST;
use super::*;
use crate::error::{ErrorKind, ItemError};

fn scheduler(connections: usize, per_host: usize) -> Scheduler {
    Scheduler::new(&FetchLimits { connections, per_host, ..FetchLimits::default() })
}

fn acquire(scheduler: &Scheduler, host: &str, priority: Priority) -> Option<Result<Slot, Unavailable>> {
    let stopwatch = Stopwatch::start(None);
    pin!(scheduler.acquire(host, None, priority, &stopwatch)).now_or_never()
}

fn at_once(scheduler: &Scheduler, host: &str) -> Option<Slot> {
    acquire(scheduler, host, Priority::Untried)?.ok()
}

/// A refusal with Retry-After.
fn refusal(wait: Duration, status: u16) -> Fault {
    let error = ItemError::nameless(ErrorKind::HttpStatus).with("status", status);
    Fault { retry_after: Some(wait), ..Fault::new(error).with_status(status) }
}

fn no_answer() -> Fault {
    Fault::time_out(ItemError::nameless(ErrorKind::Timeout))
}

#[test]
fn a_full_host_does_not_hold_up_others() {
    let scheduler = &scheduler(3, 2);
    let a: Vec<_> = (0..3).map(|_| at_once(scheduler, "a")).collect();
    assert_eq!(a.iter().flatten().count(), 2);
    assert_eq!(scheduler.in_use(), 2);
    let b = at_once(scheduler, "b");
    assert!(b.is_some() && at_once(scheduler, "c").is_none());
    drop(a);
    assert!(at_once(scheduler, "c").is_some());
    assert_eq!(scheduler.in_use(), 1);
}

#[test]
fn the_number_of_connections_can_shrink_and_grow_while_they_are_in_use() {
    let scheduler = &scheduler(4, 4);
    let mut held: Vec<_> = (0..4).filter_map(|_| at_once(scheduler, "a")).collect();
    scheduler.set_connections(2);
    held.pop();
    held.pop();
    assert!(at_once(scheduler, "a").is_none());
    held.pop();
    held.extend(at_once(scheduler, "a"));
    assert_eq!(held.len(), 2);
    scheduler.set_connections(1);
    scheduler.set_connections(3);
    held.extend(at_once(scheduler, "a"));
    assert_eq!((held.len(), at_once(scheduler, "a").is_some()), (3, false));
    drop(held);
    assert_eq!((0..5).map(|_| at_once(scheduler, "a")).collect::<Vec<_>>().iter().flatten().count(), 3);
    scheduler.set_connections(9);
    scheduler.set_per_host(1);
    assert_eq!((0..5).map(|_| at_once(scheduler, "a")).collect::<Vec<_>>().iter().flatten().count(), 1);
}

#[test]
fn a_request_in_line_gets_the_next_permit_and_a_cancelled_one_gets_none() {
    let scheduler = &scheduler(4, 1);
    let held = at_once(scheduler, "a");
    let stopwatch = Stopwatch::start(None);
    let mut retry = pin!(scheduler.acquire("a", None, Priority::Retry, &stopwatch));
    let mut cancelled = Box::pin(scheduler.acquire("a", None, Priority::Untried, &stopwatch));
    let mut untried = pin!(scheduler.acquire("a", None, Priority::Untried, &stopwatch));
    assert!((&mut retry).now_or_never().is_none() && (&mut cancelled).now_or_never().is_none());
    assert!((&mut untried).now_or_never().is_none());
    drop(cancelled);
    drop(held);
    assert!((&mut retry).now_or_never().is_none());
    let first = (&mut untried).now_or_never();
    assert!(first.is_some_and(|slot| slot.is_ok()));
    let second = (&mut retry).now_or_never();
    assert!(second.is_some_and(|slot| slot.is_ok()));
    assert_eq!(scheduler.in_use(), 0);
}

#[test]
fn a_retry_leaves_a_free_permit_to_queued_links() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.unwrap_or_else(|error| panic!("{error}"));
    runtime.block_on(async {
        let scheduler = &scheduler(4, 1);
        let tickets: Vec<_> = (0..5).filter_map(|seq| scheduler.offer("a", seq)).collect();
        let stopwatch = Stopwatch::start(None);
        let mut retry = pin!(scheduler.acquire("a", tickets.first(), Priority::Retry, &stopwatch));
        assert!((&mut retry).now_or_never().is_none());
        let untried = at_once(scheduler, "a");
        assert!(untried.is_some());
        drop(untried);
        // It does not wait for them forever: the job may be paused.
        assert!(retry.await.is_ok());
    });
}

#[test]
fn a_host_at_rest_is_left_alone_and_others_are_not() {
    let scheduler = &scheduler(4, 4);
    if let Some(slot) = at_once(scheduler, "a") {
        slot.failed(&refusal(Duration::from_mins(1), 429), Instant::now());
        slot.failed(&refusal(Duration::ZERO, 503), Instant::now());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.unwrap_or_else(|error| panic!("{error}"));
    runtime.block_on(async {
        assert!(at_once(scheduler, "a").is_none() && at_once(scheduler, "b").is_some());
        // A link whose time ends first does not wait for the end of the rest.
        let stopwatch = Stopwatch::start(Some(Duration::from_millis(1)));
        let late = scheduler.acquire("a", None, Priority::Untried, &stopwatch).await.err();
        assert_eq!(late, Some(Unavailable::OutOfTime));
    });
}

#[test]
fn a_host_that_asks_for_more_rest_than_links_wait_is_unavailable_at_once() {
    let scheduler = &scheduler(4, 4);
    if let Some(slot) = at_once(scheduler, "a") {
        slot.failed(&refusal(Duration::from_hours(365 * 24), 429), Instant::now());
        slot.failed(&refusal(Duration::MAX, 503), Instant::now());
    }
    let refused = acquire(scheduler, "a", Priority::Untried).and_then(Result::err);
    let is_expected = matches!(refused, Some(Unavailable::AtRest { status: 503, left }) if left <= LONGEST_REST);
    assert!(is_expected, "{refused:?}");
    assert!((0..100).all(|seq| scheduler.offer("a", seq).is_some()), "its links fail at once");
    assert!(at_once(scheduler, "b").is_some());
}

#[test]
fn unused_hosts_are_forgotten() {
    let scheduler = &scheduler(4, 4);
    let kept = at_once(scheduler, "kept");
    (0..100).for_each(|seq| drop(scheduler.offer("queued", seq)));
    for number in 0..10 * HOSTS_KEPT {
        drop(at_once(scheduler, &number.to_string()));
    }
    let hosts = lock(&scheduler.0.hosts);
    assert!(hosts.by_key.len() <= HOSTS_KEPT && hosts.by_key.contains_key("kept"));
    drop(kept);
}

#[test]
fn a_host_that_is_silent_for_long_is_unavailable_but_tried_now_and_then() {
    let scheduler = Scheduler::new(&FetchLimits { host_silence: Duration::ZERO, ..FetchLimits::default() });
    let began = Instant::now();
    if let Some(slot) = at_once(&scheduler, "dead") {
        (0..7).for_each(|_| slot.failed(&no_answer(), began));
        assert!(at_once(&scheduler, "dead").is_some());
        slot.failed(&no_answer(), began);
    }
    assert!(matches!(acquire(&scheduler, "dead", Priority::Untried), Some(Err(Unavailable::Silent(_)))));
    assert!(at_once(&scheduler, "other").is_some());
    scheduler.forgive();
    assert!(at_once(&scheduler, "dead").is_some());
}

#[test]
fn permits_follow_what_a_host_can_take() {
    let scheduler = scheduler(64, 8);
    let held: Vec<_> = (0..4).map_while(|_| at_once(&scheduler, "a")).collect();
    assert_eq!((held.len(), at_once(&scheduler, "a").is_some()), (4, false));
    // Each answer makes room for one more, which is taken at once.
    let more: Vec<_> = held
        .iter()
        .filter_map(|slot| {
            slot.answered(Instant::now());
            at_once(&scheduler, "a")
        })
        .collect();
    assert_eq!((more.len(), at_once(&scheduler, "a").is_some()), (4, false));
    let broken = Fault::new(ItemError::nameless(ErrorKind::ShortBody));
    more.iter().for_each(|slot| slot.failed(&broken, Instant::now()));
    drop((held, more));
    let again: Vec<_> = (0..8).map_while(|_| at_once(&scheduler, "a")).collect();
    assert!(again.len() < 8);
}

#[test]
fn queued_links_are_handed_out_when_their_host_has_room_again() {
    let scheduler = scheduler(64, 1);
    let mut tickets: Vec<_> = (0..5).filter_map(|seq| scheduler.offer("a", seq)).collect();
    assert!(tickets.len() == 2 && !scheduler.has_empty_queues() && scheduler.take_ready().is_none());
    assert!(scheduler.offer("b", 5).is_some(), "another host has room");
    tickets.pop();
    let ready = scheduler.take_ready();
    assert_eq!(ready.as_ref().map(|ready| (ready.seqs.clone(), ready.tickets.len())), Some((vec![2], 1)));
    tickets.iter().for_each(Ticket::will_retry);
    let next = scheduler.take_ready();
    assert_eq!(next.as_ref().map(|ready| ready.seqs.clone()), Some(vec![3]));
    scheduler.clear_queues();
    drop((ready, next, tickets));
    assert!(scheduler.has_empty_queues() && scheduler.take_ready().is_none());
    assert_eq!((scheduler.0.lane().in_hand, scheduler.0.retrying.load(Ordering::Relaxed)), (0, 0));
}

#[test]
fn a_wait_for_room_ends_with_room_or_a_stop() {
    let scheduler = scheduler(1, 8);
    let tickets: Vec<_> = (0..4).filter_map(|seq| scheduler.offer("a", seq)).collect();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| scheduler.wait_for_room(&|| false));
        drop(tickets);
        assert!(waiter.join().is_ok_and(|has_room| has_room));
        let tickets: Vec<_> = (0..4).filter_map(|seq| scheduler.offer("a", seq)).collect();
        let waiter = scope.spawn(|| scheduler.wait_for_room(&|| stop.load(Ordering::Relaxed)));
        stop.store(true, Ordering::Relaxed);
        assert!(waiter.join().is_ok_and(|has_room| !has_room));
        drop(tickets);
    });
}
