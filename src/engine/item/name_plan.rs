//! Numbers of equal names, by list position: the second item that is planned as `a.jpg` becomes `a (1).jpg`, whichever item
//! is finished first, and whether or not the first one fails. So two runs of one list give the same names, and a job that is
//! resumed gives those of one that was not interrupted.
//!
//! Names are counted in list order when items are handed out, in bounded memory. Where only the content or the
//! response tells the name, a taken one gets the number of the item instead.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::path::Path;

use crate::sink::PlannedPath;

/// Names are counted up to the item with this number (40 MB). Later items are treated like those whose response tells the
/// name.
const MOST: u64 = 7 << 19;
/// How many numbers are tried for a name.
const MAX_NUMBERS: u32 = 1_000_000;

/// Which of the names that belong to a planned path an item gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    /// The one with this number; 0 is the planned path itself.
    Number(u32),
    /// Only the content or the response tells the path: the path itself, if no item before this one has it and it
    /// `may_be_plain`; else the one with the number of the item.
    Unplanned { may_be_plain: bool },
}

/// The names of a job's items so far.
#[derive(Default)]
pub(super) struct NamePlan {
    keys: RandomState,
    claimed: HashSet<u64>,
    /// The number to try next, of names that are planned more than once.
    next: HashMap<u64, u32>,
    /// Numbers of items that don't have the name itself.
    numbers: HashMap<u32, u32>,
    /// Names of rows that repeat a link under another name.
    repeats: HashSet<u64>,
    /// The number of the last item that was looked at.
    pub(super) counted_to: u64,
}

impl NamePlan {
    fn key(&self, name: &str) -> u64 {
        self.keys.hash_one(name)
    }

    pub(super) fn is_claimed(&self, name: &str) -> bool {
        self.claimed.contains(&self.key(name))
    }

    /// An item has a result with this number already.
    pub(super) fn set(&mut self, seq: u64, planned: &PlannedPath, number: u32) {
        if seq > MOST {
            return;
        }
        let (key, candidate) = (self.key(&planned.folded()), self.key(&planned.folded_candidate(number)));
        self.claimed.extend([key, candidate]);
        if number > 0 {
            let next = self.next.entry(key).or_default();
            *next = (*next).max(number + 1);
            self.numbers.insert(seq as u32, number);
        }
    }

    /// Gives an item the next number of its name. `exists` says whether a file of others has a name.
    pub(super) fn count(&mut self, seq: u64, planned: &PlannedPath, exists: &dyn Fn(&Path) -> bool) {
        if seq > MOST {
            return;
        }
        let key = self.key(&planned.folded());
        if self.claimed.insert(key) && !exists(&planned.path()) {
            return;
        }
        for number in self.next.get(&key).copied().unwrap_or(1)..MAX_NUMBERS {
            let candidate = self.key(&planned.folded_candidate(number));
            if !self.claimed.contains(&candidate) && !exists(&planned.candidate(number)) {
                self.claimed.insert(candidate);
                self.next.insert(key, number + 1);
                self.numbers.insert(seq as u32, number);
                return;
            }
        }
    }

    /// The number of an item's name; `None` if it was not counted.
    pub(super) fn number(&self, seq: u64) -> Option<u32> {
        (seq <= self.counted_to.min(MOST)).then(|| self.numbers.get(&(seq as u32)).copied().unwrap_or(0))
    }

    /// Whether a row that repeats the link of the `first` one has the name of another such row.
    pub(super) fn is_repeated_name(&mut self, first: u64, row_key: &str) -> bool {
        let key = self.keys.hash_one((first, row_key));
        self.repeats.len() < MOST as usize && !self.repeats.insert(key)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::model::{FieldValues, Tree};
    use crate::sink::Template;

    fn planned(stem: &str) -> PlannedPath {
        let parts = FieldValues { stem: stem.to_owned(), ..FieldValues::default() };
        PlannedPath::plan(Path::new("/out"), Tree::Flat, &Template::parse("{stem}").unwrap(), &parts, "jpg")
    }

    fn numbers(stems: &[&str], existing: &[&str]) -> Vec<u32> {
        let mut plan = NamePlan::default();
        let exists = |path: &Path| existing.iter().any(|name| Path::new("/out").join(name) == path);
        for (seq, stem) in (1..).zip(stems) {
            plan.count(seq, &planned(stem), &exists);
            plan.counted_to = seq;
        }
        (1..=stems.len() as u64).map(|seq| plan.number(seq).unwrap()).collect()
    }

    #[test]
    fn equal_names_are_numbered_in_list_order_around_names_that_are_taken() {
        assert_eq!(numbers(&["a", "b", "a", "A", "b"], &[]), [0, 0, 1, 2, 1]);
        assert_eq!(numbers(&["a", "a", "a"], &["a.jpg", "a (2).jpg"]), [1, 3, 4]);
        // One that is called like a numbered one is an item of its own, before and after.
        assert_eq!(numbers(&["a", "a (1)", "a", "a"], &[]), [0, 0, 2, 3]);
        assert_eq!(numbers(&["a", "a", "a (1)"], &[]), [0, 1, 1]);
    }

    #[test]
    fn results_that_exist_keep_their_numbers_and_the_others_get_those_that_they_would_have_had() {
        // Every subset of the items is done before the rest is counted again.
        let stems = ["a", "b", "a", "a (1)", "a", "a"];
        let of_all = numbers(&stems, &["b.jpg"]);
        assert_eq!(of_all, [0, 1, 1, 1, 2, 3]);
        for done in 0..1 << stems.len() {
            let mut plan = NamePlan::default();
            for (at, stem) in stems.iter().enumerate() {
                let seq = at as u64 + 1;
                if done & (1 << at) == 0 {
                    plan.count(seq, &planned(stem), &|path| path == Path::new("/out/b.jpg"));
                } else {
                    plan.set(seq, &planned(stem), of_all[at]);
                }
                plan.counted_to = seq;
            }
            let again: Vec<u32> = (1..=stems.len() as u64).map(|seq| plan.number(seq).unwrap()).collect();
            assert_eq!(again, of_all, "{done:b}");
        }
    }

    #[test]
    fn an_item_beyond_the_last_that_was_counted_has_no_number() {
        let mut plan = NamePlan::default();
        plan.count(1, &planned("a"), &|_| false);
        plan.counted_to = 1;
        assert_eq!((plan.number(1), plan.number(2)), (Some(0), None));
        assert!(plan.is_claimed("/out/a.jpg") && !plan.is_claimed("/out/b.jpg"));
        assert!(!plan.is_repeated_name(1, "x") && plan.is_repeated_name(1, "x") && !plan.is_repeated_name(1, "y"));
    }
}
