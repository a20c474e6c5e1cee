//! Boxes of the ISO base media file format (ISO 14496-12), which AVIF and JPEG XL files consist of. Hostile sizes are
//! checked here, once.

use crate::codec::errors;
use crate::error::ItemError;

/// A box's type: four letters.
pub(crate) type BoxType = [u8; 4];

/// Iterates over adjacent boxes: their types and contents.
pub(crate) struct Boxes<'a> {
    rest: &'a [u8],
    outermost: bool,
}

impl<'a> Boxes<'a> {
    /// The boxes of a whole file: if one extends beyond its end, the file is truncated.
    pub(crate) const fn of_file(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, outermost: true }
    }

    /// The boxes within a box: if one extends beyond its end, the file is damaged.
    pub(crate) const fn within(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, outermost: false }
    }

    fn ends_early(&self) -> ItemError {
        if self.outermost { errors::truncated() } else { errors::corrupt("box_too_long") }
    }

    fn split(&mut self) -> Result<(BoxType, &'a [u8]), ItemError> {
        let mut head = Fields(self.rest);
        let (Some(short), Some(kind)) = (head.u32(), head.array::<4>()) else { return Err(self.ends_early()) };
        let size = match short {
            // Extends to the end of the file, or of the box around it.
            0 => self.rest.len() as u64,
            1 => head.u64().ok_or_else(|| self.ends_early())?,
            size => u64::from(size),
        };
        let head_bytes = self.rest.len() - head.0.len();
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        if size < head_bytes {
            return Err(errors::corrupt("box_too_short"));
        }
        let (Some(body), Some(rest)) = (self.rest.get(head_bytes..size), self.rest.get(size..)) else {
            return Err(self.ends_early());
        };
        self.rest = rest;
        Ok((kind, body))
    }
}

/// The box that extends beyond the end of a truncated file: its type, and what there is of its content.
pub(crate) fn truncated_box(file: &[u8]) -> Option<(BoxType, &[u8])> {
    let mut boxes = Boxes::of_file(file);
    loop {
        let mut head = Fields(boxes.rest);
        match boxes.split() {
            Ok(_) if boxes.rest.is_empty() => return None,
            Ok(_) => {}
            Err(_) => {
                let (short, kind) = (head.u32()?, head.array()?);
                let size = if short == 1 { head.u64()? } else { short.into() };
                return (size > boxes.rest.len() as u64).then_some((kind, head.0));
            }
        }
    }
}

impl<'a> Iterator for Boxes<'a> {
    type Item = Result<(BoxType, &'a [u8]), ItemError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let next = self.split();
        if next.is_err() {
            self.rest = &[];
        }
        Some(next)
    }
}

/// Reads big-endian fields one after the other; `None` if too few bytes are left.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a>(pub(crate) &'a [u8]);

impl<'a> Fields<'a> {
    /// The next `N` bytes.
    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }

    /// This many bytes.
    pub(crate) fn slice(&mut self, bytes: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(bytes)?;
        self.0 = rest;
        Some(taken)
    }

    /// One byte.
    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// Two bytes.
    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    /// Four bytes.
    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    /// Eight bytes.
    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    /// A number of 2 or 4 bytes.
    pub(crate) fn narrow_or_wide(&mut self, wide: bool) -> Option<u32> {
        if wide { self.u32() } else { self.u16().map(u32::from) }
    }

    /// A number of 0, 4 or 8 bytes.
    pub(crate) fn sized(&mut self, bytes: u8) -> Option<u64> {
        match bytes {
            0 => Some(0),
            4 => self.u32().map(u64::from),
            8 => self.u64(),
            _ => None,
        }
    }

    /// Version and flags, which a full box begins with.
    pub(crate) fn version(&mut self) -> Option<(u8, u32)> {
        let [version, a, b, c] = self.array()?;
        Some((version, u32::from_be_bytes([0, a, b, c])))
    }

    /// A zero-terminated text; the rest if there is no zero.
    pub(crate) fn text(&mut self) -> &'a [u8] {
        let end = self.0.iter().position(|&byte| byte == 0);
        let text = end.and_then(|end| self.0.get(..end)).unwrap_or(self.0);
        self.0 = end.and_then(|end| self.0.get(end + 1..)).unwrap_or_default();
        text
    }
}

/// The TIFF-structured block of an Exif box or item; the first four bytes give its offset in the rest.
pub(crate) fn exif_block(item: &[u8]) -> Option<&[u8]> {
    let mut fields = Fields(item);
    let from = fields.u32()? as usize;
    let block = fields.0.get(from..)?;
    Some(block.strip_prefix(b"Exif\0\0").unwrap_or(block))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::super::bmff::*;
    use crate::error::ErrorKind;

    #[test]
    fn boxes_of_every_size_are_split_and_invalid_ones_are_refused() {
        let file = b"\0\0\0\x0Aabcd12\0\0\0\x01efgh\0\0\0\0\0\0\0\x11x\0\0\0\0last123";
        let found: Vec<_> = Boxes::of_file(file).map(|found| found.unwrap()).collect();
        let expected: [(&BoxType, &[u8]); 3] = [(b"abcd", b"12"), (b"efgh", b"x"), (b"last", b"123")];
        assert_eq!(found, expected.map(|(kind, body)| (*kind, body)));
        let lies: [(&[u8], ErrorKind); 4] = [
            (b"\0\0\0\x07abcd", ErrorKind::Corrupt),
            (b"\0\0\0\x20abcd", ErrorKind::Truncated),
            (b"\0\0\0", ErrorKind::Truncated),
            (b"\0\0\0\x01abcd\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", ErrorKind::Truncated),
        ];
        for (bytes, kind) in lies {
            let mut boxes = Boxes::of_file(bytes);
            assert_eq!(boxes.next().unwrap().unwrap_err().kind, kind, "{bytes:?}");
            assert!(boxes.next().is_none(), "nothing comes behind an error");
        }
        assert_eq!(Boxes::within(b"\0\0\0\x20abcd").next().unwrap().unwrap_err().kind, ErrorKind::Corrupt);
        let cut: &[u8] = b"\0\0\0\x0Aabcd12\0\0\0\x20efgh345";
        assert_eq!(truncated_box(cut), Some((*b"efgh", b"345".as_slice())));
        for whole in [file.as_slice(), b"", b"\0\0\0", b"\0\0\0\x07abcd1234"] {
            assert_eq!(truncated_box(whole), None, "{whole:?}");
        }
    }
}
