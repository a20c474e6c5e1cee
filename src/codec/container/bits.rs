//! Reads bits from the highest to the lowest.

/// Bits of a header; `None` if too few are left.
pub(crate) struct Bits<'a> {
    data: &'a [u8],
    at: usize,
}

impl<'a> Bits<'a> {
    pub(crate) const fn new(data: &'a [u8]) -> Self {
        Self { data, at: 0 }
    }

    /// The next `count` bits, at most 32, as a number.
    pub(crate) fn take(&mut self, count: usize) -> Option<u32> {
        let mut value = 0;
        for _ in 0..count {
            let byte = *self.data.get(self.at / 8)?;
            value = value << 1 | u32::from(byte >> (7 - self.at % 8) & 1);
            self.at += 1;
        }
        Some(value)
    }

    /// The number of bits before the next one.
    pub(crate) const fn position(&self) -> usize {
        self.at
    }

    /// The next bit.
    pub(crate) fn flag(&mut self) -> Option<bool> {
        self.take(1).map(|bit| bit == 1)
    }

    /// Passes over bits.
    #[cfg_attr(not(any(feature = "heic", test)), expect(dead_code, reason = "only HEIC needs it"))]
    pub(crate) fn skip(&mut self, count: usize) -> Option<()> {
        self.at = self.at.checked_add(count).filter(|&at| at <= self.data.len() * 8)?;
        Some(())
    }

    /// An Exp-Golomb code: as many zeros as bits follow a one.
    #[cfg_attr(not(any(feature = "heic", test)), expect(dead_code, reason = "only HEIC needs it"))]
    pub(crate) fn exp_golomb(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while !self.flag()? {
            zeros += 1;
            if zeros > 31 {
                return None;
            }
        }
        Some((1 << zeros) - 1 + self.take(zeros)?)
    }
}

#[cfg(test)]
mod tests {
    use super::Bits;

    #[test]
    fn bits_and_codes_are_read_in_order_and_end_with_the_data() {
        let mut bits = Bits::new(&[0b1010_0110, 0b0100_0010, 0b1000_0001]);
        assert_eq!([(); 4].map(|()| bits.exp_golomb()), [0, 1, 2, 3].map(Some));
        assert_eq!((bits.take(3), bits.skip(2), bits.flag()), (Some(1), Some(()), Some(false)));
        assert_eq!((bits.take(6), bits.flag(), bits.skip(1), bits.exp_golomb()), (Some(1), None, None, None));
        assert_eq!(Bits::new(&[0, 0, 0, 0, 1, 0, 0, 0, 0]).exp_golomb(), None, "more than 31 zeros");
    }
}
