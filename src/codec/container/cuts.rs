//! Parts that are cut out of a file, and where the rest moves.

use std::ops::Range;

/// Ranges of bytes, in order and without overlap.
pub(crate) struct Cuts(Vec<Range<usize>>);

impl Cuts {
    pub(crate) fn new(mut ranges: Vec<Range<usize>>) -> Self {
        ranges.retain(|range| range.start < range.end);
        ranges.sort_by_key(|range| range.start);
        let mut cuts: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
        for range in ranges {
            match cuts.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => cuts.push(range),
            }
        }
        Self(cuts)
    }

    /// The same without parts that are needed.
    pub(crate) fn except(self, needed: &[Range<usize>]) -> Self {
        let needed = Self::new(needed.to_vec()).0;
        let mut cuts = Vec::new();
        for cut in self.0 {
            let mut from = cut.start;
            for keep in needed.iter().filter(|keep| keep.start < cut.end && keep.end > cut.start) {
                cuts.push(from..keep.start.max(from));
                from = from.max(keep.end);
            }
            cuts.push(from..cut.end.max(from));
        }
        Self::new(cuts)
    }

    /// The same at even positions, so that what is aligned stays aligned.
    pub(crate) fn even(&self) -> Self {
        Self::new(self.0.iter().map(|cut| cut.start.next_multiple_of(2)..cut.end & !1).collect())
    }

    /// Number of bytes that are cut out before a position.
    pub(crate) fn before(&self, at: usize) -> usize {
        self.0.iter().map(|cut| cut.end.min(at).saturating_sub(cut.start)).sum()
    }

    /// Number of bytes that are cut out of a range.
    pub(crate) fn within(&self, range: &Range<usize>) -> usize {
        self.before(range.end) - self.before(range.start)
    }

    /// Overwrites the parts with zeros.
    pub(crate) fn clear(&self, bytes: &mut [u8]) {
        for cut in &self.0 {
            if let Some(part) = bytes.get_mut(cut.clone()) {
                part.fill(0);
            }
        }
    }

    /// The bytes without the parts.
    pub(crate) fn apply(&self, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(bytes.len());
        let mut from = 0;
        for cut in &self.0 {
            out.extend_from_slice(bytes.get(from..cut.start).unwrap_or_default());
            from = cut.end.min(bytes.len());
        }
        out.extend_from_slice(bytes.get(from..).unwrap_or_default());
        out
    }
}

#[cfg(test)]
mod tests {
    use super::super::cuts::*;

    #[test]
    fn overlapping_parts_are_cut_once_and_needed_bytes_stay() {
        let bytes: Vec<u8> = (0..20).collect();
        let cuts = Cuts::new(vec![12..15, 2..6, 5..8, 9..9]);
        assert_eq!(cuts.apply(&bytes), [0, 1, 8, 9, 10, 11, 15, 16, 17, 18, 19]);
        assert_eq!([1, 2, 4, 8, 13, 20].map(|at| cuts.before(at)), [0, 0, 2, 6, 7, 9]);
        assert_eq!(cuts.within(&(4..13)), 5);
        let cuts = cuts.except(&[4..5, 7..13]);
        assert_eq!(cuts.apply(&bytes), [0, 1, 4, 7, 8, 9, 10, 11, 12, 15, 16, 17, 18, 19]);
        assert_eq!(cuts.even().apply(&bytes).len(), 18, "only whole pairs");
        let mut cleared = bytes.clone();
        cuts.clear(&mut cleared);
        assert_eq!(cleared[..8], [0, 1, 0, 0, 4, 0, 0, 7]);
        assert_eq!(cleared[12..16], [12, 0, 0, 15]);
    }
}
