//! Lists that are compressed with gzip, in one member or several. What follows the last one is ignored, as gzip does.

use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;

/// The contents of all members.
pub(super) enum Members<R> {
    Reading(Box<GzDecoder<R>>),
    Ended,
}

impl<R: BufRead> Members<R> {
    /// Of a stream that begins with a member.
    pub(super) fn new(reader: R) -> Self {
        Self::Reading(Box::new(GzDecoder::new(reader)))
    }
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let Self::Reading(member) = self else { return Ok(0) };
            let count = member.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            let has_more = member.get_mut().fill_buf()?.first() == Some(&0x1f);
            *self = match std::mem::replace(self, Self::Ended) {
                Self::Reading(member) if has_more => Self::new(member.into_inner()),
                _ => Self::Ended,
            };
        }
    }
}
