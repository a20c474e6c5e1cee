//! Links that stand aside until their host has room: their places in the list, a byte or two each, a queue a host.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// Bytes that all queues together may take: millions of links.
const MAX_BYTES: usize = 16 << 20;

/// The links that stand aside, by host.
#[derive(Default)]
pub(crate) struct HostQueues {
    by_host: HashMap<Arc<str>, Queue>,
    bytes: usize,
}

/// Places in ascending order, each as its distance from the one before (LEB128).
#[derive(Default)]
struct Queue {
    bytes: VecDeque<u8>,
    last_in: u64,
    last_out: u64,
}

impl HostQueues {
    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.by_host.is_empty()
    }

    /// Whether no more can be taken.
    pub(crate) const fn is_full(&self) -> bool {
        self.bytes >= MAX_BYTES
    }

    /// Forgets all.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Whether links of that host stand aside: a later one is not to overtake them.
    pub(crate) fn has(&self, host: &str) -> bool {
        self.by_host.contains_key(host)
    }

    /// The hosts of which links stand aside.
    pub(crate) fn hosts(&self) -> impl Iterator<Item = &Arc<str>> {
        self.by_host.keys()
    }

    /// Puts a link aside; its place is behind all earlier ones of its host.
    pub(crate) fn put(&mut self, host: &Arc<str>, seq: u64) {
        let queue = self.by_host.entry(Arc::clone(host)).or_default();
        let before = queue.bytes.len();
        let mut distance = seq.saturating_sub(queue.last_in);
        queue.last_in = seq;
        while distance >= 0x80 {
            queue.bytes.push_back(distance as u8 | 0x80);
            distance >>= 7;
        }
        queue.bytes.push_back(distance as u8);
        self.bytes += queue.bytes.len() - before;
    }

    /// Takes back the first links of a host, at most `count`.
    pub(crate) fn take(&mut self, host: &str, count: usize) -> Vec<u64> {
        let Some(queue) = self.by_host.get_mut(host) else { return Vec::new() };
        let before = queue.bytes.len();
        let taken: Vec<u64> = std::iter::from_fn(|| queue.next()).take(count).collect();
        self.bytes -= before - queue.bytes.len();
        if queue.bytes.is_empty() {
            self.by_host.remove(host);
        }
        taken
    }
}

impl Queue {
    fn next(&mut self) -> Option<u64> {
        let (mut distance, mut shift) = (0, 0);
        loop {
            let byte = self.bytes.pop_front()?;
            distance |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                break;
            }
            shift += 7;
        }
        self.last_out += distance;
        Some(self.last_out)
    }
}

#[cfg(test)]
mod tests {
    use super::super::host_queue::*;

    #[test]
    fn links_come_back_in_their_order_a_host_at_a_time() {
        let mut parked = HostQueues::default();
        let (a, b): (Arc<str>, Arc<str>) = ("a".into(), "b".into());
        let of_a: Vec<u64> = [1, 2, 129, 130, 20_000, 4_000_000_000].into();
        for seq in &of_a {
            parked.put(&a, *seq);
            parked.put(&b, seq + 1);
        }
        assert_eq!(parked.take("a", 2), of_a[..2]);
        parked.put(&a, 4_000_000_001);
        assert_eq!(parked.take("a", 99), [&of_a[2..], &[4_000_000_001]].concat());
        assert!(!parked.has("a") && parked.has("b") && parked.take("a", 1).is_empty());
        assert_eq!(parked.take("b", 99).len(), 6);
        assert!(parked.is_empty() && parked.bytes == 0);
    }

    #[test]
    fn a_million_links_take_two_megabytes_at_most() {
        let mut parked = HostQueues::default();
        let hosts: Vec<Arc<str>> = (0..20).map(|host| format!("{host}").into()).collect();
        for seq in 0..1_000_000 {
            parked.put(&hosts[seq % 20], seq as u64);
        }
        assert!(parked.bytes <= 2_000_000 && !parked.is_full());
    }
}
