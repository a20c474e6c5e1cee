//! Fax codings of black and white rows: ITU-T T.4 in one and two dimensions, T.6, and their forms in TIFF. The tables of
//! codes are those of the crate `fax`; rows are decoded here, because programs end rows in more ways than it accepts.

use std::convert::Infallible;

use fax::BitReader;
use fax::maps::{Mode, black, mode, white};

/// How rows are coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    /// Runs without end-of-line codes; each row begins at a byte, or at a word of two.
    Rle { words: bool },
    /// Group 3: an end-of-line code before each row, and if coded in two dimensions, a bit that says how the row is.
    Group3 { two_dimensional: bool },
    /// Group 4: every row is coded relative to the one before it.
    Group4,
}

/// Reads bits from the highest to the lowest; zeros after the last one.
struct Bits<'a> {
    data: &'a [u8],
    at: usize,
}

impl BitReader for Bits<'_> {
    type Error = Infallible;

    fn peek(&self, bits: u8) -> Option<u16> {
        let byte = |n: usize| self.data.get(self.at / 8 + n).copied().unwrap_or(0);
        let window = u32::from_be_bytes([byte(0), byte(1), byte(2), byte(3)]) << (self.at % 8);
        if bits == 0 { Some(0) } else { Some((window >> (32 - u32::from(bits.min(16)))) as u16) }
    }

    fn consume(&mut self, bits: u8) -> Result<(), Infallible> {
        self.at += usize::from(bits);
        Ok(())
    }

    fn bits_to_byte_boundary(&self) -> u8 {
        (8 - self.at % 8) as u8 % 8
    }
}

impl Bits<'_> {
    const fn is_at_end(&self) -> bool {
        self.at >= self.data.len() * 8
    }

    const fn align(&mut self, bits: usize) {
        self.at = self.at.next_multiple_of(bits);
    }

    /// Whether an end-of-line code follows, perhaps after zeros that fill up a byte: no other code has as many zeros.
    fn is_before_end_of_line(&self) -> bool {
        self.peek(11) == Some(0)
    }

    /// Skips an end-of-line code; `false` if there is none before the data ends.
    fn skip_end_of_line(&mut self) -> bool {
        while !self.is_at_end() {
            let is_one = self.peek(1) == Some(1);
            self.at += 1;
            if is_one {
                return true;
            }
        }
        false
    }

    /// A run: any number of make-up codes and a terminating code.
    fn run(&mut self, is_black: bool) -> Option<u32> {
        let mut sum = 0u32;
        loop {
            let part = u32::from(if is_black { black::decode(self) } else { white::decode(self) }?);
            sum = sum.checked_add(part)?;
            // A row may end early even after a make-up code.
            if part < 64 || self.is_before_end_of_line() {
                return Some(sum);
            }
        }
    }
}

/// How a row ended.
enum End {
    Row,
    /// The codes after the last row.
    Page,
    Damaged,
}

/// The positions in a row where its colour changes; it begins white.
#[derive(Default)]
pub(super) struct Changes(Vec<u32>);

impl Changes {
    /// The changes of a row of bits, white as zeros.
    pub(super) fn of(row: &[u8], width: u32) -> Self {
        let mut changes = Self::default();
        let mut is_black = false;
        for (n, &byte) in row.iter().enumerate() {
            let mut rest = if is_black { !byte } else { byte };
            while rest != 0 {
                let bit = rest.leading_zeros();
                let at = n as u32 * 8 + bit;
                if at >= width {
                    break;
                }
                changes.0.push(at);
                is_black = !is_black;
                // From there on, the other colour is looked for.
                rest = !rest & (0xFF >> bit);
            }
        }
        changes
    }

    /// All changes.
    pub(super) fn all(&self) -> &[u32] {
        &self.0
    }

    /// A change to the other colour; two at the same position are none.
    fn push(&mut self, at: u32, width: u32) {
        if self.0.last() == Some(&at) {
            self.0.pop();
        } else if at < width {
            self.0.push(at);
        }
    }

    /// The first change to the right of `after` to the colour other than that of the current run, and the next one.
    pub(super) fn next_two(&self, after: Option<u32>, is_black: bool, width: u32) -> (u32, u32) {
        let first = self.0.partition_point(|&at| after.is_some_and(|after| at <= after));
        let first = if (first % 2 == 1) == is_black { first } else { first + 1 };
        let change = |n: usize| self.0.get(n).copied().unwrap_or(width);
        (change(first), change(first + 1))
    }

    /// Sets the bits of black pixels.
    fn draw(&self, row: &mut [u8], width: u32) {
        row.fill(0);
        for pair in self.0.chunks(2) {
            let from = pair.first().copied().unwrap_or(width) as usize;
            let to = pair.get(1).copied().unwrap_or(width) as usize;
            let (first, last) = (from / 8, to / 8);
            let (from_first, to_last) = (0xFF >> (from % 8), !(0xFF_u16 >> (to % 8)) as u8);
            if first == last {
                set(row, first, from_first & to_last);
            } else {
                set(row, first, from_first);
                row.get_mut(first + 1..last).unwrap_or_default().fill(0xFF);
                set(row, last, to_last);
            }
        }
    }
}

fn set(row: &mut [u8], at: usize, bits: u8) {
    if let Some(byte) = row.get_mut(at) {
        *byte |= bits;
    }
}

/// Decodes a row of runs.
fn runs(bits: &mut Bits<'_>, width: u32, row: &mut Changes) -> End {
    let (mut at, mut is_black) = (0u32, false);
    while at < width {
        // A row that ends early is white from there on, as in libtiff.
        if bits.is_before_end_of_line() {
            return End::Row;
        }
        let Some(run) = bits.run(is_black) else { return End::Damaged };
        // Rows that are too long are cut.
        at = at.saturating_add(run).min(width);
        row.push(at, width);
        is_black = !is_black;
    }
    End::Row
}

/// Decodes a row that is coded relative to the one before it.
fn relative(bits: &mut Bits<'_>, width: u32, before: &Changes, row: &mut Changes) -> End {
    let (mut at, mut is_black) = (None, false);
    while at.unwrap_or(0) < width {
        let (first, second) = before.next_two(at, is_black, width);
        let now = at.unwrap_or(0);
        match mode::decode(bits) {
            Some(Mode::Pass) => at = Some(second),
            Some(Mode::Vertical(delta)) => {
                let to = i64::from(first) + i64::from(delta);
                let to = (to.max(0) as u32).clamp(now, width);
                row.push(to, width);
                is_black = !is_black;
                at = Some(to);
            }
            Some(Mode::Horizontal) => {
                let (Some(one), Some(other)) = (bits.run(is_black), bits.run(!is_black)) else { return End::Damaged };
                let middle = now.saturating_add(one).min(width);
                let to = middle.saturating_add(other).min(width);
                row.push(middle, width);
                row.push(to, width);
                at = Some(to);
            }
            Some(Mode::EOF) => return if at.is_none() && !bits.is_at_end() { End::Page } else { End::Damaged },
            Some(Mode::Extension) | None => return End::Damaged,
        }
        if bits.is_at_end() && at.unwrap_or(0) < width {
            return End::Damaged;
        }
    }
    End::Row
}

/// Fills rows of `width` bits, white as zeros, and returns the number of rows found. Rows after the codes that end a
/// page are white.
pub(super) fn unpack(data: &[u8], coding: Coding, width: usize, rows: &mut [u8]) -> usize {
    let row_bytes = width.div_ceil(8).max(1);
    let width = width as u32;
    let mut bits = Bits { data, at: 0 };
    let is_group3 = matches!(coding, Coding::Group3 { .. });
    // Some programs declare runs without end-of-line codes as group 3.
    let has_ends = is_group3 && has_end_of_line(data);
    let mut before = Changes::default();
    let mut had = 0;
    let count = rows.len() / row_bytes;
    for pixels in rows.chunks_exact_mut(row_bytes) {
        let mut row = Changes::default();
        let mut is_relative = coding == Coding::Group4;
        let mut ends = 0;
        while has_ends && bits.is_before_end_of_line() {
            if !bits.skip_end_of_line() {
                return had;
            }
            ends += 1;
            if let Coding::Group3 { two_dimensional: true } = coding {
                is_relative = bits.peek(1) == Some(0);
                bits.at += 1;
            }
            if ends > 1 {
                // Two codes in a row begin the end of the page.
                return count;
            }
        }
        if bits.is_at_end() {
            return had;
        }
        let end =
            if is_relative { relative(&mut bits, width, &before, &mut row) } else { runs(&mut bits, width, &mut row) };
        match end {
            End::Row => {}
            End::Page => return count,
            End::Damaged => return had,
        }
        match coding {
            Coding::Rle { words } => bits.align(if words { 16 } else { 8 }),
            Coding::Group3 { .. } if !has_ends => bits.align(8),
            _ => {}
        }
        row.draw(pixels, width);
        before = row;
        had += 1;
    }
    had
}

/// Whether data contains an end-of-line code at any bit.
fn has_end_of_line(data: &[u8]) -> bool {
    let mut zeros = 0;
    for byte in data {
        if *byte == 0 {
            zeros += 8;
            continue;
        }
        if zeros + byte.leading_zeros() >= 11 {
            return true;
        }
        zeros = byte.trailing_zeros();
    }
    false
}
