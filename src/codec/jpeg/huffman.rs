//! Huffman decoding of sequential JPEG data, block by block, in about half of libjpeg's time: eight bytes are read at
//! once, and one table lookup gives up to two coefficients with the zeros before them.
//!
//! It only handles valid data. At anything else (a marker, the end, an unknown code) it stops, so that libjpeg can
//! decode the same unit again in its own way.

#![expect(clippy::inline_always, reason = "the reader's state stays in registers between coefficients")]

/// Bits of a lookup for coefficients: usually one or two with their codes.
const LOOK: u32 = 11;
/// Bits of a lookup for a code.
const SHORT: u32 = 9;
/// Longest code in bits.
const LONGEST: u32 = 16;
/// The lowest bit of each byte.
const LOW: u64 = 0x0101_0101_0101_0101;
/// Lookups between two fills; after a fill there are at least 56 bits.
const LOOKS_PER_FILL: usize = 4;

/// Zigzag order. Indexes beyond the last coefficient map to the last one, as in libjpeg.
const ORDER: [u8; 128] = {
    let (mut order, mut i) = ([63; 128], 0);
    let (mut x, mut y) = (0_u8, 0_u8);
    while i < 64 {
        order[i] = y * 8 + x;
        (x, y) = match ((x + y).is_multiple_of(2), x, y) {
            (true, 7, _) => (x, y + 1),
            (true, _, 0) | (false, _, 7) => (x + 1, y),
            (true, ..) => (x + 1, y - 1),
            (false, 0, _) => (x, y + 1),
            (false, ..) => (x - 1, y + 1),
        };
        i += 1;
    }
    order
};

/// The codes of one Huffman table.
pub(super) struct Codes {
    /// By the next `SHORT` bits: a code's symbol in the upper byte, its length in the lower; 0 if it is longer.
    short: [u16; 1 << SHORT],
    /// By a code's length: the first code, moved to the left end of 16 bits, that is longer.
    ends: [u32; LONGEST as usize + 1],
    /// By a code's length: what to add to a code to get its index in `symbols`.
    offsets: [i32; LONGEST as usize + 1],
    symbols: [u8; 256],
}

impl Codes {
    /// From a DHT segment's counts of codes by length, and its symbols; `None` if they contradict each other.
    pub(super) fn new(counts: &[u8; LONGEST as usize], symbols: &[u8; 256]) -> Option<Self> {
        let mut codes = Self { short: [0; 1 << SHORT], ends: [0; 17], offsets: [0; 17], symbols: *symbols };
        let (mut code, mut index) = (0_u32, 0_usize);
        for (length, &count) in (1..=LONGEST).zip(counts) {
            *codes.offsets.get_mut(length as usize)? = index as i32 - code as i32;
            for _ in 0..count {
                let symbol = u16::from(*symbols.get(index)?);
                if code >= 1 << length {
                    return None;
                }
                if let Some(spare) = SHORT.checked_sub(length) {
                    let first = (code << spare) as usize;
                    codes.short.get_mut(first..first + (1 << spare))?.fill(symbol << 8 | length as u16);
                }
                code += 1;
                index += 1;
            }
            *codes.ends.get_mut(length as usize)? = code << (LONGEST - length);
            code <<= 1;
        }
        Some(codes)
    }

    /// The symbol whose code is in the highest of `bits`, and the code's length.
    #[inline(always)]
    fn read(&self, bits: u64) -> Option<(u32, u32)> {
        let short = u32::from(self.short[(bits >> (64 - SHORT)) as usize]);
        if short == 0 { self.read_long(bits) } else { Some((short >> 8, short & 0xFF)) }
    }

    #[cold]
    fn read_long(&self, bits: u64) -> Option<(u32, u32)> {
        let next = (bits >> (64 - LONGEST)) as u32;
        let is_inside = |&length: &u32| self.ends.get(length as usize).is_some_and(|&end| next < end);
        let length = (SHORT + 1..=LONGEST).find(is_inside)?;
        let index = (next >> (LONGEST - length)) as i32 + self.offsets.get(length as usize)?;
        let symbol = self.symbols.get(usize::try_from(index).ok()?)?;
        Some((u32::from(*symbol), length))
    }
}

/// A table for coefficients other than the first of a block: their symbols say how many zeros come before one (upper
/// half), and its bits (lower half).
pub(super) struct Coefficients {
    codes: Codes,
    /// By the next `LOOK` bits; 0 if they don't contain a complete coefficient.
    looks: Box<[Look; 1 << LOOK]>,
}

/// One or two coefficients in a `u64`. From the lowest byte: bits of both, bits of the first, how far the first
/// advances the index, how far the second does, the values.
type Look = u64;

/// A coefficient, how far it advances the index, and its bits. The end of a block advances beyond the last index.
#[derive(Clone, Copy)]
struct Step {
    value: i32,
    advance: u32,
    bits: u32,
}

/// The value of `size` bits: the upper half unchanged, the lower half negative (ITU-T T.81, F.2.2.1).
#[inline(always)]
const fn extended(bits: u32, size: u32) -> i32 {
    let negative = bits < (1 << size) >> 1;
    bits as i32 - if negative { (1 << size) - 1 } else { 0 }
}

impl Coefficients {
    /// For a table's codes.
    pub(super) fn new(codes: Codes) -> Self {
        let mut looks = Box::new([0; 1 << LOOK]);
        for (bits, look) in (0_u64..).zip(looks.iter_mut()) {
            *look = look_of(&codes, bits << (64 - LOOK)).unwrap_or(0);
        }
        Self { codes, looks }
    }
}

/// The step encoded in the highest of `bits`.
#[inline(always)]
fn step(codes: &Codes, bits: u64) -> Option<Step> {
    let (symbol, length) = codes.read(bits)?;
    let (zeros, size) = (symbol >> 4, symbol & 15);
    if size == 0 {
        return Some(Step { value: 0, advance: if zeros == 15 { 16 } else { 64 }, bits: length });
    }
    let value = extended(((bits << length) >> (64 - size)) as u32, size);
    Some(Step { value, advance: zeros + 1, bits: length + size })
}

fn look_of(codes: &Codes, bits: u64) -> Option<Look> {
    let first = step(codes, bits).filter(|first| first.bits <= LOOK)?;
    let none = Step { value: 0, advance: 0, bits: 0 };
    let second = step(codes, bits << first.bits).filter(|second| first.bits + second.bits <= LOOK).unwrap_or(none);
    let second = if first.advance == 64 { none } else { second };
    let small = [first.bits + second.bits, first.bits, first.advance, second.advance].map(|part| part as u8);
    let values = [first.value, second.value].map(|value| u64::from(value as u16));
    Some(u64::from(u32::from_le_bytes(small)) | values[0] << 32 | values[1] << 48)
}

/// The reading position: bytes, and bits that were taken from them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    data: &'a [u8],
    at: usize,
    /// The next bits, from the highest on. Those after `count` are the data's own, or zeros.
    bits: u64,
    count: u32,
}

impl<'a> Reader<'a> {
    /// Continues with `count` bits (at most 64), the lowest ones of `bits`, and the data after them.
    pub(super) fn new(data: &'a [u8], bits: u64, count: u32) -> Self {
        let bits = if count == 0 { 0 } else { bits << (64 - count.min(64)) };
        Self { data, at: 0, bits, count: count.min(64) }
    }

    /// Bytes read, and their unused bits in the lowest positions.
    pub(super) fn state(&self) -> (usize, u64, u32) {
        (self.at, if self.count == 0 { 0 } else { self.bits >> (64 - self.count) }, self.count)
    }

    /// Reads bytes until there are 56 bits or more; enough for a code and its coefficient, or fails.
    #[inline(always)]
    fn fill(&mut self) -> Option<()> {
        if let Some(next) = self.data.get(self.at..).and_then(|rest| rest.first_chunk::<8>()) {
            let next = u64::from_be_bytes(*next);
            // No byte is 0xFF: subtracting borrows from the top bit only of those whose inverse is 0.
            if (!next).wrapping_sub(LOW) & next & (LOW << 7) == 0 && self.count < 64 {
                self.bits |= next >> self.count;
                let bytes = (63 - self.count) / 8;
                self.at += bytes as usize;
                self.count += bytes * 8;
                return Some(());
            }
        }
        *self = self.filled_bytewise()?;
        Some(())
    }

    /// The same near the end or near a 0xFF, which is data if a zero follows.
    #[cold]
    #[inline(never)]
    fn filled_bytewise(mut self) -> Option<Self> {
        while self.count < 56 {
            let byte = match self.data.get(self.at..).unwrap_or_default() {
                [0xFF, 0, ..] => {
                    self.at += 1;
                    0xFF
                }
                [0xFF, ..] | [] => break,
                [byte, ..] => *byte,
            };
            self.at += 1;
            self.bits |= u64::from(byte) << (56 - self.count);
            self.count += 8;
        }
        (self.count >= 56).then_some(self)
    }

    #[inline(always)]
    fn take(&mut self, count: u32) {
        self.bits <<= count & 63;
        self.count = self.count.wrapping_sub(count);
    }

    /// Reads a block's coefficients into `block`, which is all zeros: row by row, not yet dequantized. `last_dc` is the
    /// component's first coefficient of the previous block.
    #[inline(always)]
    pub(super) fn block(
        &mut self,
        dc: &Codes,
        ac: &Coefficients,
        last_dc: &mut i32,
        block: &mut [i16; 64],
    ) -> Option<()> {
        self.fill()?;
        let (size, length) = dc.read(self.bits)?;
        self.take(length);
        if size > 0 {
            *last_dc = last_dc.wrapping_add(extended((self.bits >> (64 - size.min(16))) as u32, size.min(16)));
            self.take(size.min(16));
        }
        block[0] = *last_dc as i16;
        let mut index = 1;
        let mut put = |index: usize, value: i16| block[usize::from(ORDER[index & 127]) & 63] = value;
        loop {
            self.fill()?;
            for _ in 0..LOOKS_PER_FILL {
                let look = ac.looks[(self.bits >> (64 - LOOK)) as usize];
                if look == 0 {
                    self.fill()?;
                    let step = step(&ac.codes, self.bits)?;
                    self.take(step.bits);
                    index += step.advance as usize;
                    put(index - 1, step.value as i16);
                    if index > 63 {
                        return Some(());
                    }
                    break;
                }
                let first = index + (look >> 16 & 0xFF) as usize;
                if first > 63 {
                    // The end, or the last index: the rest belongs to another block.
                    self.take((look >> 8) as u32 & 0xFF);
                    put(first - 1, (look >> 32) as i16);
                    return Some(());
                }
                self.take(look as u32 & 0xFF);
                index = first + (look >> 24 & 0xFF) as usize;
                // If there is no second one, its zero is written to the first's index before that.
                put(index - 1, (look >> 48) as i16);
                put(first - 1, (look >> 32) as i16);
                if index > 63 {
                    return Some(());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn the_order_is_the_zigzag_of_the_standard() {
        assert_eq!(ORDER[..20], [0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33]);
        assert_eq!(ORDER[60..66], [47, 55, 62, 63, 63, 63]);
        let mut sorted = ORDER[..64].to_vec();
        sorted.sort_unstable();
        assert!(sorted.iter().map(|&index| usize::from(index)).eq(0..64));
    }

    #[test]
    fn the_lower_half_of_each_size_is_negative() {
        let values = |size: u32| (0..1 << size).map(|bits| extended(bits, size)).collect::<Vec<_>>();
        assert_eq!(values(1), [-1, 1]);
        assert_eq!(values(3), [-7, -6, -5, -4, 4, 5, 6, 7]);
    }

    #[test]
    fn a_table_with_more_codes_than_bits_hold_is_refused() {
        let mut counts = [0; 16];
        counts[0] = 2;
        assert!(Codes::new(&counts, &[0; 256]).is_some());
        counts[0] = 3;
        assert!(Codes::new(&counts, &[0; 256]).is_none());
        assert!(Codes::new(&[255; 16], &[0; 256]).is_none());
    }

    #[test]
    fn codes_of_every_length_are_read() {
        // One code of each length: 0, 10, 110, ...
        let symbols = std::array::from_fn(|i| i as u8);
        let codes = Codes::new(&[1; 16], &symbols).unwrap();
        for length in 1..=16_u32 {
            let code = ((1_u64 << length) - 2) << (64 - length);
            assert_eq!(codes.read(code), Some((length - 1, length)));
        }
        assert_eq!(codes.read(u64::MAX), None, "no code is all ones");
    }

    #[test]
    fn restored_state_continues_at_the_same_bit() {
        let data: Vec<u8> = (0..40).collect();
        let mut reader = Reader::new(&data, 0b101, 3);
        reader.fill().unwrap();
        assert_eq!(reader.bits >> 59, 0b10100);
        reader.take(5);
        let (at, bits, count) = reader.state();
        let mut again = Reader::new(&data[at..], bits, count);
        again.fill().unwrap();
        reader.fill().unwrap();
        assert_eq!(again.bits >> 8, reader.bits >> 8);
        assert!(Reader::new(&data[..3], 0, 0).fill().is_none(), "too little is left");
        assert!(Reader::new(&[1, 2, 0xFF, 0xD9, 5, 6, 7, 8, 9], 0, 0).fill().is_none(), "a marker");
        let stuffed = [1, 0xFF, 0, 2, 3, 4, 5, 6, 7];
        let mut reader = Reader::new(&stuffed, 0, 0);
        reader.fill().unwrap();
        assert_eq!(reader.bits.to_be_bytes()[..7], [1, 0xFF, 2, 3, 4, 5, 6]);
    }
}
