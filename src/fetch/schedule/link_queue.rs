//! The links of a host that wait until it has room: their sequence numbers, one or two bytes each.

use std::collections::VecDeque;

/// Sequence numbers in ascending order, each stored as its distance from the one before (LEB128).
#[derive(Debug, Default)]
pub(super) struct LinkQueue {
    bytes: VecDeque<u8>,
    last_in: u64,
    last_out: u64,
}

impl LinkQueue {
    /// Whether no link waits.
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Bytes in use.
    pub(super) fn size_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Adds a link, whose number must be above all earlier ones.
    pub(super) fn push(&mut self, seq: u64) {
        let mut distance = seq.saturating_sub(self.last_in);
        self.last_in = seq;
        while distance >= 0x80 {
            self.bytes.push_back(distance as u8 | 0x80);
            distance >>= 7;
        }
        self.bytes.push_back(distance as u8);
    }

    /// Takes the first link.
    pub(super) fn pop(&mut self) -> Option<u64> {
        let (mut distance, mut shift) = (0, 0);
        loop {
            let byte = self.bytes.pop_front()?;
            distance |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                break;
            }
            shift += 7;
        }
        let seq = self.last_out + distance;
        // An empty queue starts over: after a rewind, the next link may have any number.
        self.last_out = if self.bytes.is_empty() { 0 } else { seq };
        if self.bytes.is_empty() {
            self.last_in = 0;
        }
        Some(seq)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_come_back_in_their_order() {
        let mut queue = LinkQueue::default();
        let seqs: Vec<u64> = [1, 2, 129, 130, 20_000, 4_000_000_000].into();
        seqs.iter().for_each(|seq| queue.push(*seq));
        assert_eq!((queue.pop(), queue.pop()), (Some(1), Some(2)));
        queue.push(4_000_000_001);
        let rest: Vec<u64> = std::iter::from_fn(|| queue.pop()).collect();
        assert_eq!(rest, [&seqs[2..], &[4_000_000_001]].concat());
        assert!(queue.is_empty() && queue.size_bytes() == 0);
        queue.push(7);
        assert_eq!(queue.pop(), Some(7));
    }

    #[test]
    fn a_million_links_of_twenty_hosts_take_at_most_two_megabytes() {
        let mut queue = LinkQueue::default();
        (0..50_000).for_each(|n| queue.push(n * 20));
        assert!(queue.size_bytes() <= 100_000);
    }
}
