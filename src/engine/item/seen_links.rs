//! The links that lists have given so far, in bounded memory. Links are compared by a keyed hash of 64 bits, so that nobody
//! can make two links look equal, and only up to a maximum number.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};

/// Largest number of links: what half a table of 2^22 slots holds without growing, 13 bytes each.
pub(crate) const MOST: usize = (1 << 22) / 8 * 7;

/// Links so far, with their positions.
#[derive(Debug)]
pub(crate) struct SeenLinks {
    keys: RandomState,
    /// Keys are bytes, so that a slot has 12 bytes instead of 16.
    positions: HashMap<[u8; 8], u32, BuildHasherDefault<Taken>>,
    most: usize,
}

/// Passes the key through, which is a hash already.
#[derive(Debug, Default)]
struct Taken(u64);

impl Hasher for Taken {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        // The length of a slice comes first, also as eight bytes; the key comes last and stays.
        if let Ok(key) = bytes.try_into() {
            self.0 = u64::from_ne_bytes(key);
        }
    }

    fn write_usize(&mut self, _length: usize) {}
}

/// Whether a link was there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sighting {
    /// No.
    New,
    /// Yes, at this number.
    At(u32),
    /// Unknown: there are too many links.
    Full,
}

impl SeenLinks {
    pub(crate) fn new(most: usize) -> Self {
        Self { keys: RandomState::new(), positions: HashMap::default(), most }
    }

    /// Whether the link was there before; if not, it is remembered with this position.
    pub(crate) fn look(&mut self, link: &str, position: u64) -> Sighting {
        let key = self.keys.hash_one(link).to_ne_bytes();
        if let Some(position) = self.positions.get(&key) {
            return Sighting::At(*position);
        }
        if self.positions.len() >= self.most {
            return Sighting::Full;
        }
        self.positions.insert(key, u32::try_from(position).unwrap_or(u32::MAX));
        Sighting::New
    }
}

#[cfg(test)]
mod tests {
    use super::super::seen_links::*;

    #[test]
    fn a_link_is_recognised_when_it_is_repeated() {
        let mut seen = SeenLinks::new(2);
        let sightings: Vec<Sighting> =
            [("a", 1), ("b", 2), ("a", 3), ("c", 4), ("b", 5)].map(|(link, position)| seen.look(link, position)).into();
        assert_eq!(sightings, [Sighting::New, Sighting::New, Sighting::At(1), Sighting::Full, Sighting::At(2)]);
    }

    #[test]
    fn many_links_are_distinguished() {
        let mut seen = SeenLinks::new(MOST);
        let link = |n: u64| format!("https://h.example/{n}.jpg");
        assert!((0..200_000).all(|n| seen.look(&link(n), n) == Sighting::New));
        assert!((0..200_000).all(|n| seen.look(&link(n), 0) == Sighting::At(n as u32)));
    }
}
