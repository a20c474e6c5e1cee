//! Gives results their names in list order: an item whose planned name an earlier item in progress has, too, waits for
//! that one, whichever is finished first. So numbers of conflicting names, and what is skipped or refused because of
//! them, do not depend on the speed of the machine.
//!
//! This holds for files, which are handed out in list order. Links are not: each host is as fast as it is.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::budget::{Stopped, Switch};

/// Finished items that may wait for their names before no further ones are started.
const MAX_HELD: usize = 256;
/// Longest sleep before the lane checks whether the run was stopped.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// The planned names of the items in progress.
#[derive(Default)]
pub(crate) struct NameOrder {
    state: Mutex<State>,
    changed: Condvar,
    hasher: RandomState,
}

/// Names are kept as hashes: two that have the same only wait for each other.
#[derive(Default)]
struct State {
    /// The items in progress with each name.
    seqs: HashMap<u64, BTreeSet<u64>>,
    names: HashMap<u64, u64>,
    /// Items in progress behind one that was given back.
    too_early: HashSet<u64>,
    held: usize,
}

/// Whether an item that is finished may have its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It may.
    Now,
    /// An earlier item with the same planned name is still in progress.
    Later,
    /// An earlier one was interrupted, and will be processed again: so must this one.
    Never,
}

impl NameOrder {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An item is started, and this name, in which upper and lower case are the same, is planned for it. Called in list
    /// order.
    pub(crate) fn start(&self, seq: u64, name: &str) {
        let name = self.hasher.hash_one(name);
        let mut state = self.state();
        state.seqs.entry(name).or_default().insert(seq);
        state.names.insert(seq, name);
    }

    /// Waits until few enough items wait for their names.
    pub(crate) fn wait_for_room(&self, switch: &Switch) -> Result<(), Stopped> {
        let mut state = self.state();
        while state.held >= MAX_HELD {
            if switch.is_stopped() {
                return Err(Stopped);
            }
            state = self.changed.wait_timeout(state, LOOK_AGAIN).unwrap_or_else(PoisonError::into_inner).0;
        }
        Ok(())
    }

    /// Notes how many finished items wait for their names.
    pub(crate) fn set_held(&self, held: usize) {
        self.state().held = held;
        self.changed.notify_all();
    }

    /// Whether an item may have its name now.
    pub(crate) fn turn(&self, seq: u64) -> Turn {
        let state = self.state();
        if state.too_early.contains(&seq) {
            return Turn::Never;
        }
        let first = state.names.get(&seq).and_then(|name| state.seqs.get(name)?.first());
        if first.is_none_or(|first| *first == seq) { Turn::Now } else { Turn::Later }
    }

    /// An item has its name, or needs none.
    pub(crate) fn end(&self, seq: u64) {
        self.state().remove(seq);
    }

    /// An item is given back without an outcome. Returns whether others can't have their names because of that.
    pub(crate) fn give_back(&self, seq: u64) -> bool {
        let mut state = self.state();
        let later: Vec<u64> = match state.remove(seq).and_then(|name| state.seqs.get(&name)) {
            Some(others) => others.range(seq..).copied().collect(),
            None => return false,
        };
        state.too_early.extend(&later);
        !later.is_empty()
    }
}

impl State {
    fn remove(&mut self, seq: u64) -> Option<u64> {
        self.too_early.remove(&seq);
        let name = self.names.remove(&seq)?;
        if let Some(others) = self.seqs.get_mut(&name) {
            others.remove(&seq);
            if others.is_empty() {
                self.seqs.remove(&name);
            }
        }
        Some(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_given_in_list_order_whichever_item_is_finished_first() {
        for round in 0..200_u64 {
            let order = NameOrder::default();
            let names = ["a", "b", "a", "a", "c", "b", "a"];
            (1..).zip(names).for_each(|(seq, name)| order.start(seq, name));
            let mut finished: Vec<u64> = (1..=names.len() as u64).collect();
            finished.sort_by_key(|seq| (seq.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_mul(round | 1)) >> 20);
            let (mut held, mut given) = (Vec::new(), HashMap::<&str, Vec<u64>>::new());
            for batch in finished.chunks(2) {
                held.extend_from_slice(batch);
                held.sort_unstable();
                held.retain(|seq| {
                    let is_now = order.turn(*seq) == Turn::Now;
                    if is_now {
                        order.end(*seq);
                        given.entry(names[*seq as usize - 1]).or_default().push(*seq);
                    }
                    !is_now
                });
            }
            assert_eq!((held.as_slice(), given["a"].as_slice()), (&[][..], &[1, 3, 4, 7][..]), "{finished:?}");
            assert_eq!((given["b"].as_slice(), given["c"].as_slice()), (&[2, 6][..], &[5][..]), "{finished:?}");
        }
    }

    #[test]
    fn items_behind_one_that_is_given_back_are_given_back_too() {
        let order = NameOrder::default();
        [(1, "a"), (2, "a"), (3, "b"), (4, "a")].iter().for_each(|(seq, name)| order.start(*seq, name));
        assert!(!order.give_back(3) && order.give_back(2) && !order.give_back(9));
        let turns: Vec<_> = [1, 4, 9].iter().map(|seq| order.turn(*seq)).collect();
        assert_eq!(turns, [Turn::Now, Turn::Never, Turn::Now]);
        order.end(1);
        order.end(4);
        // They are processed again.
        [(2, "a"), (4, "a")].iter().for_each(|(seq, name)| order.start(*seq, name));
        assert_eq!((order.turn(2), order.turn(4)), (Turn::Now, Turn::Later));
    }

    #[test]
    fn few_items_wait_for_their_names() {
        let (order, switch) = (NameOrder::default(), Switch::new());
        order.set_held(MAX_HELD - 1);
        assert_eq!(order.wait_for_room(&switch), Ok(()));
        order.set_held(MAX_HELD);
        std::thread::scope(|scope| {
            let waiter = scope.spawn(|| order.wait_for_room(&switch));
            order.set_held(0);
            assert!(waiter.join().is_ok_and(|waited| waited == Ok(())));
        });
        order.set_held(MAX_HELD);
        switch.stop();
        assert_eq!(order.wait_for_room(&switch), Err(Stopped));
    }
}
