//! Encodes black and white rows in the fax codings that TIFF has: ITU-T T.6, and T.4 in one dimension. The tables of codes
//! are those of the crate `fax`; its encoder holds no rows of more than 65,535 px.

use fax::Bits;
use fax::maps::{EDFB_HALF, EOL, Mode, black, mode, white};

use super::fax::Changes;

/// The longest run of a single code.
const LONGEST: u32 = 2_560;

/// A coding that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FaxCoding {
    /// Group 3 in one dimension: an end-of-line code before each row.
    Group3,
    /// Group 4: every row is coded relative to the one before it.
    Group4,
}

/// Collects bits from the highest to the lowest.
struct Writer<'a> {
    out: &'a mut Vec<u8>,
    pending: u32,
    count: u8,
}

impl Writer<'_> {
    fn put(&mut self, Bits { data, len }: Bits) {
        self.pending = self.pending << len | u32::from(data);
        self.count += len;
        while self.count >= 8 {
            self.count -= 8;
            self.out.push((self.pending >> self.count) as u8);
        }
    }

    /// A run of one colour: make-up codes for its multiples of 64, and a terminating code.
    fn run(&mut self, is_black: bool, length: u32) {
        let table = if is_black { &black::ENTRIES } else { &white::ENTRIES };
        let mut put = |row: u32| {
            if let Some(&(_, bits)) = table.get(row as usize) {
                self.put(bits);
            }
        };
        (0..length / LONGEST).for_each(|_| put(63 + LONGEST / 64));
        let rest = length % LONGEST;
        if rest >= 64 {
            put(63 + rest / 64);
        }
        put(rest % 64);
    }

    fn mode(&mut self, mode: Mode) {
        if let Some(bits) = mode::encode(mode) {
            self.put(bits);
        }
    }

    fn runs(&mut self, row: &Changes, width: u32) {
        let (mut at, mut is_black) = (0, false);
        for &change in row.all().iter().chain([&width]) {
            self.run(is_black, change - at);
            (at, is_black) = (change, !is_black);
        }
    }

    fn relative(&mut self, before: &Changes, row: &Changes, width: u32) {
        let (mut at, mut is_black) = (None, false);
        while at.unwrap_or(0) < width {
            let (above, above_next) = before.next_two(at, is_black, width);
            let (change, next) = row.next_two(at, is_black, width);
            let delta = i64::from(change) - i64::from(above);
            if above_next < change {
                self.mode(Mode::Pass);
                at = Some(above_next);
            } else if (-3..=3).contains(&delta) {
                self.mode(Mode::Vertical(delta as i8));
                is_black = !is_black;
                at = Some(change);
            } else {
                self.mode(Mode::Horizontal);
                self.run(is_black, change - at.unwrap_or(0));
                self.run(!is_black, next - change);
                at = Some(next);
            }
        }
    }

    /// Fills up the last byte.
    fn end(&mut self) {
        if self.count > 0 {
            self.put(Bits { data: 0, len: 8 - self.count });
        }
    }
}

/// Adds a strip's rows, each of `width` bits that begin with a byte, white as zeros.
pub(super) fn pack(rows: &[u8], coding: FaxCoding, width: usize, out: &mut Vec<u8>) {
    let width_px = width as u32;
    let mut writer = Writer { out, pending: 0, count: 0 };
    let mut before = Changes::default();
    for row in rows.chunks_exact(width.div_ceil(8).max(1)) {
        let row = Changes::of(row, width_px);
        match coding {
            FaxCoding::Group3 => {
                writer.put(EOL);
                writer.runs(&row, width_px);
            }
            FaxCoding::Group4 => writer.relative(&before, &row, width_px),
        }
        before = row;
    }
    if coding == FaxCoding::Group4 {
        writer.put(EDFB_HALF);
        writer.put(EDFB_HALF);
    }
    writer.end();
}

#[cfg(test)]
mod tests {
    use super::super::fax::{Coding, unpack};
    use super::*;

    #[test]
    fn rows_of_any_width_and_pattern_are_decoded_as_they_were() {
        for width in [1_usize, 7, 8, 9, 64, 65, 2_559, 2_560, 2_561, 70_001] {
            let row_bytes = width.div_ceil(8);
            let mut state = 7_u32;
            let mut rows: Vec<u8> = vec![0; row_bytes * 2];
            // Noise, runs, repeated rows, all black.
            for n in 0..8 {
                let row: Vec<u8> = (0..row_bytes)
                    .map(|x| {
                        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                        let noise = (state >> 24) as u8;
                        match n {
                            0 | 1 => noise,
                            2 => {
                                if (x / 40).is_multiple_of(2) {
                                    0xFF
                                } else {
                                    0
                                }
                            }
                            3 | 4 => {
                                if x == row_bytes / 2 {
                                    0x3C
                                } else {
                                    0
                                }
                            }
                            5 => 0xFF,
                            _ => {
                                if noise > 250 {
                                    noise
                                } else {
                                    0
                                }
                            }
                        }
                    })
                    .collect();
                rows.extend(row);
            }
            let unused = row_bytes * 8 - width;
            rows.chunks_mut(row_bytes).for_each(|row| row[row_bytes - 1] &= (0xFF_u16 << unused) as u8);
            for (coding, decoded) in
                [(FaxCoding::Group4, Coding::Group4), (FaxCoding::Group3, Coding::Group3 { two_dimensional: false })]
            {
                let mut data = Vec::new();
                pack(&rows, coding, width, &mut data);
                let mut out = vec![0; rows.len()];
                assert_eq!(unpack(&data, decoded, width, &mut out), 10, "{width} {coding:?}");
                assert!(out == rows, "{width} {coding:?}");
            }
        }
    }
}
