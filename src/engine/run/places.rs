//! Places for links in hand: so many in all, and of each host as many as it has room for. A link whose host is full is
//! not waited for; the thread that hands links out is told when one of that host's came back.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::budget::{Stopped, Switch};

/// How long a waiter sleeps at most before it looks whether it was told to stop.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// A host is told of once a quarter of its places came back, or so many: before its line is empty, however long that is.
const TOLD_AFTER: usize = 32;

/// The places of one run.
pub(super) struct Places {
    whole: usize,
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Default)]
struct State {
    taken: usize,
    hosts: HashMap<Arc<str>, OfHost>,
    /// Hosts whose links stand aside and of which a place came back, each once.
    freed: VecDeque<Arc<str>>,
}

#[derive(Default)]
struct OfHost {
    taken: usize,
    /// Links of it stand aside.
    has_waiting: bool,
    /// It is told of once so few are left: a few links taken back at a time cost much less than each alone.
    told_at: usize,
    is_told: bool,
}

/// A place; given back when dropped.
pub(super) struct Place {
    places: Arc<Places>,
    host: Option<Arc<str>>,
}

impl Places {
    /// So many in all.
    pub(super) fn new(whole: usize) -> Arc<Self> {
        Arc::new(Self { whole: whole.max(1), state: Mutex::default(), freed: Condvar::new() })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until there is a place for somebody.
    pub(super) fn wait(&self, switch: &Switch) -> Result<(), Stopped> {
        let mut state = self.state();
        while state.taken >= self.whole {
            if switch.is_stopped() {
                return Err(Stopped);
            }
            state = self.freed.wait_timeout(state, LOOK_AGAIN).unwrap_or_else(PoisonError::into_inner).0;
        }
        if switch.is_stopped() { Err(Stopped) } else { Ok(()) }
    }

    /// Takes a place for a link of that host, if fewer than `room` of it are taken; otherwise the host is one of whose
    /// freed places will be told.
    pub(super) fn take(self: &Arc<Self>, host: &Arc<str>, room: usize) -> Option<Place> {
        let mut state = self.state();
        let of_host = state.hosts.entry(Arc::clone(host)).or_default();
        if of_host.taken > 0 && of_host.taken >= room {
            of_host.has_waiting = true;
            of_host.told_at = room - (room / 4).min(TOLD_AFTER);
            return None;
        }
        of_host.taken += 1;
        state.taken += 1;
        Some(Place { places: Arc::clone(self), host: Some(Arc::clone(host)) })
    }

    /// A host of which a place came back, while links of it stand aside.
    pub(super) fn next_freed(&self) -> Option<Arc<str>> {
        let mut state = self.state();
        let host = state.freed.pop_front()?;
        if let Some(of_host) = state.hosts.get_mut(&host) {
            of_host.is_told = false;
        }
        Some(host)
    }

    /// That host may have room for more of its links which stand aside.
    pub(super) fn tell(&self, host: &Arc<str>) {
        let mut state = self.state();
        let State { hosts, freed, .. } = &mut *state;
        if let Some(of_host) = hosts.get_mut(host).filter(|of_host| !of_host.is_told) {
            of_host.is_told = true;
            freed.push_back(Arc::clone(host));
        }
    }

    /// No link of that host stands aside any more.
    pub(super) fn none_waits(&self, host: &Arc<str>) {
        let mut state = self.state();
        if let Some(of_host) = state.hosts.get_mut(host) {
            of_host.has_waiting = false;
            if of_host.taken == 0 {
                state.hosts.remove(host);
            }
        }
    }

    /// Waits a moment for a place to come back, of whichever host.
    pub(super) fn wait_freed(&self) {
        let state = self.state();
        if state.freed.is_empty() {
            let _ = self.freed.wait_timeout(state, LOOK_AGAIN);
        }
    }

    fn leave_host(&self, host: &Arc<str>) {
        let mut state = self.state();
        let State { hosts, freed, .. } = &mut *state;
        let Some(of_host) = hosts.get_mut(host) else { return };
        of_host.taken = of_host.taken.saturating_sub(1);
        if of_host.has_waiting {
            if !of_host.is_told && of_host.taken <= of_host.told_at {
                of_host.is_told = true;
                freed.push_back(Arc::clone(host));
                drop(state);
                self.freed.notify_all();
            }
        } else if of_host.taken == 0 {
            hosts.remove(host);
        }
    }
}

impl Place {
    /// Its host is done with; the place in all is kept.
    pub(super) fn leave_host(&mut self) {
        if let Some(host) = self.host.take() {
            self.places.leave_host(&host);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.leave_host();
        let mut state = self.places.state();
        state.taken -= 1;
        let was_full = state.taken + 1 >= self.places.whole;
        drop(state);
        if was_full {
            self.places.freed.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_host_is_passed_over_and_told_of_when_there_is_room_again() {
        let places = Places::new(10);
        let (a, b): (Arc<str>, Arc<str>) = ("a".into(), "b".into());
        let mut of_a: Vec<_> = (0..3).map_while(|_| places.take(&a, 2)).collect();
        let of_b = places.take(&b, 2);
        assert!(of_a.len() == 2 && of_b.is_some() && places.next_freed().is_none());
        drop(of_b);
        assert!(places.next_freed().is_none(), "nobody of b waits");
        of_a.iter_mut().for_each(Place::leave_host);
        assert_eq!(places.next_freed().as_deref(), Some("a"));
        assert!(places.next_freed().is_none(), "told once");
        places.none_waits(&a);
        drop(of_a);
        let state = places.state();
        assert!(state.hosts.is_empty() && state.taken == 0 && state.freed.is_empty());
    }

    #[test]
    fn a_host_is_told_of_once_a_quarter_of_its_places_came_back() {
        let places = Places::new(100);
        let a: Arc<str> = "a".into();
        let mut of_a: Vec<_> = (0..17).map_while(|_| places.take(&a, 16)).collect();
        of_a.truncate(13);
        assert!(places.next_freed().is_none());
        of_a.truncate(12);
        assert_eq!(places.next_freed().as_deref(), Some("a"));
        // Not taken back at once: the next one tells again.
        of_a.truncate(11);
        assert_eq!(places.next_freed().as_deref(), Some("a"));
    }

    #[test]
    fn a_host_with_many_places_is_told_of_before_its_line_is_empty() {
        let places = Places::new(1000);
        let a: Arc<str> = "a".into();
        let mut of_a: Vec<_> = (0..321).map_while(|_| places.take(&a, 320)).collect();
        of_a.truncate(289);
        assert!(places.next_freed().is_none());
        of_a.truncate(288);
        assert_eq!(places.next_freed().as_deref(), Some("a"));
        // Who could not take all that there was room for asks to be told again, and is, once.
        places.tell(&a);
        places.tell(&a);
        assert_eq!(places.next_freed().as_deref(), Some("a"));
        assert!(places.next_freed().is_none());
    }

    #[test]
    fn a_host_without_any_link_in_hand_always_has_room_for_one() {
        let places = Places::new(10);
        assert!(places.take(&"a".into(), 0).is_some());
    }

    #[test]
    fn who_waits_for_a_place_is_woken_by_it_or_by_a_stop() {
        let (places, switch) = (Places::new(1), Switch::new());
        let place = places.take(&"a".into(), 1);
        std::thread::scope(|scope| {
            let waiter = scope.spawn(|| places.wait(&switch));
            drop(place);
            assert!(waiter.join().is_ok_and(|result| result == Ok(())));
        });
        let _place = places.take(&"a".into(), 1);
        std::thread::scope(|scope| {
            let waiter = scope.spawn(|| places.wait(&switch));
            switch.stop();
            assert!(waiter.join().is_ok_and(|result| result == Err(Stopped)));
        });
    }
}
