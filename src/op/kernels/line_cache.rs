//! Keeps what was computed for a line, such as resampling weights: the images of a job often have the same sizes, and small
//! ones take less time than their weights.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// Lines that are kept.
const MOST: usize = 32;
/// Bytes of the largest that is kept: the images of longer lines take so long that their weights don't matter.
const MOST_BYTES: usize = 256 << 10;

/// What was computed for the last lines with different keys.
pub(crate) struct LineCache<K, T> {
    kept: Mutex<VecDeque<(K, Arc<T>)>>,
}

impl<K: Copy + PartialEq, T> LineCache<K, T> {
    pub(crate) const fn new() -> Self {
        Self { kept: Mutex::new(VecDeque::new()) }
    }

    /// What belongs to a key, computed if it is not kept. `bytes` is its size.
    pub(crate) fn get(&self, key: K, bytes: impl FnOnce(&T) -> usize, make: impl FnOnce() -> T) -> Arc<T> {
        if let Some(found) = self.find(key) {
            return found;
        }
        // Computed without the lock: two threads may do the same work, but none waits.
        let made = Arc::new(make());
        if bytes(&made) <= MOST_BYTES {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            if !kept.iter().any(|(other, _)| *other == key) {
                kept.truncate(MOST - 1);
                kept.push_front((key, Arc::clone(&made)));
            }
        }
        made
    }

    /// What is kept for a key, which thereby becomes the last to be dropped.
    fn find(&self, key: K) -> Option<Arc<T>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let at = kept.iter().position(|(other, _)| *other == key)?;
        let found = Arc::clone(&kept.get(at)?.1);
        if at > MOST / 2 {
            kept.swap(at, 0);
        }
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_computed_once_until_others_take_its_place() {
        let cache = LineCache::new();
        let mut made = 0;
        let mut get = |key: usize| {
            let line = cache.get(
                key,
                |line: &Vec<usize>| line.len(),
                || {
                    made += 1;
                    vec![key; 3]
                },
            );
            assert_eq!(*line, [key; 3]);
            made
        };
        assert_eq!((get(1), get(1), get(2), get(1)), (1, 1, 2, 2));
        let before = get(1);
        for key in 100..100 + MOST {
            get(key);
        }
        assert_eq!(get(1), before + MOST + 1, "it had to make room");
        assert!(cache.kept.lock().unwrap_or_else(PoisonError::into_inner).len() <= MOST);
    }

    #[test]
    fn long_lines_are_not_kept() {
        let cache = LineCache::new();
        let first = cache.get(1, |_: &u8| MOST_BYTES + 1, || 7);
        let second = cache.get(1, |_: &u8| MOST_BYTES + 1, || 7);
        assert!(!Arc::ptr_eq(&first, &second));
    }
}
