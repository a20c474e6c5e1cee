//! Which links a list has named already, in bounded memory: by a keyed hash of 64 bits, so that nobody can make two links
//! look like one, and for as many links as there is room.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};

/// Links remembered at most: what half a table of 2^22 slots holds without growing, 13 bytes each.
pub(super) const MOST: usize = (1 << 22) / 8 * 7;

/// Links named so far, and where.
#[derive(Debug)]
pub(super) struct SeenLinks {
    keys: RandomState,
    /// As bytes, so that a slot is 12 bytes long and not 16.
    places: HashMap<[u8; 8], u32, BuildHasherDefault<Taken>>,
    most: usize,
}

/// Takes the key as it is: it is a hash already.
#[derive(Debug, Default)]
struct Taken(u64);

impl Hasher for Taken {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        // A slice's length comes first, as eight bytes of its own; the key comes last and stays.
        if let Ok(key) = bytes.try_into() {
            self.0 = u64::from_ne_bytes(key);
        }
    }

    fn write_usize(&mut self, _length: usize) {}
}

/// What is known of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sighting {
    /// Its first time.
    New,
    /// It stands there already (the number of a line or row).
    At(u32),
    /// Nothing: there is no room for more links.
    Full,
}

impl SeenLinks {
    pub(super) fn new(most: usize) -> Self {
        Self { keys: RandomState::new(), places: HashMap::default(), most }
    }

    /// Whether the link was named before; if not, it was named here.
    pub(super) fn look(&mut self, link: &str, place: u64) -> Sighting {
        let key = self.keys.hash_one(link).to_ne_bytes();
        if let Some(place) = self.places.get(&key) {
            return Sighting::At(*place);
        }
        if self.places.len() >= self.most {
            return Sighting::Full;
        }
        self.places.insert(key, u32::try_from(place).unwrap_or(u32::MAX));
        Sighting::New
    }
}

#[cfg(test)]
mod tests {
    use super::super::seen_links::*;

    #[test]
    fn a_link_is_known_from_its_second_time_on() {
        let mut seen = SeenLinks::new(2);
        let told: Vec<Sighting> =
            [("a", 1), ("b", 2), ("a", 3), ("c", 4), ("b", 5)].map(|(link, place)| seen.look(link, place)).into();
        assert_eq!(told, [Sighting::New, Sighting::New, Sighting::At(1), Sighting::Full, Sighting::At(2)]);
    }

    #[test]
    fn many_links_are_told_apart_quickly() {
        let mut seen = SeenLinks::new(MOST);
        let link = |n: u64| format!("https://h.example/{n}.jpg");
        assert!((0..200_000).all(|n| seen.look(&link(n), n) == Sighting::New));
        assert!((0..200_000).all(|n| seen.look(&link(n), 0) == Sighting::At(n as u32)));
    }
}
