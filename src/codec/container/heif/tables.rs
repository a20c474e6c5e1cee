//! A track's tables: where its samples are, and how long they are shown (ISO 14496-12, 8.6 and 8.7). They may claim any
//! number of samples: nothing is allocated for a claim.

use crate::codec::container::bmff::{BoxType, Fields};
use crate::codec::errors;
use crate::config::MAX_FRAMES;
use crate::error::ItemError;
use crate::model::Message;

/// A sample: its place in the file and its duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sample {
    pub(crate) offset: u64,
    pub(crate) bytes: u32,
    /// In the track's units of time.
    pub(crate) duration: u32,
}

/// All samples of a track, in the order in which they are shown.
pub(crate) type Samples = Vec<Sample>;

impl Sample {
    /// Where its bytes end.
    pub(crate) fn end(&self) -> u64 {
        self.offset.saturating_add(self.bytes.into())
    }

    /// Its bytes. An error if the file ends before.
    pub(crate) fn of<'a>(&self, file: &'a [u8]) -> Result<&'a [u8], ItemError> {
        let range = usize::try_from(self.offset).ok().zip(usize::try_from(self.end()).ok());
        range.and_then(|(from, to)| file.get(from..to)).ok_or_else(errors::truncated)
    }
}

/// The tables, as stored.
#[derive(Clone, Copy, Default)]
pub(crate) struct SampleTables<'a> {
    /// Number of samples.
    pub(crate) count: u32,
    /// The size of each sample; 0 if they are listed.
    same_bytes: u32,
    /// Bits of a listed size, and the list.
    size_bits: u8,
    sizes: &'a [u8],
    /// Bytes of a chunk's offset, and the list of offsets.
    offset_bytes: usize,
    offsets: &'a [u8],
    /// Chunks with the same number of samples: first chunk, samples, description.
    runs: &'a [u8],
    /// Samples with the same duration: number, duration.
    times: &'a [u8],
}

fn broken(what: &str) -> ItemError {
    errors::corrupt(Message::new("heif_box").with("box", what))
}

impl<'a> SampleTables<'a> {
    /// Takes a box of the sample table; ignores others. `None` if it is too short.
    pub(crate) fn read(&mut self, kind: BoxType, body: &'a [u8]) -> Option<()> {
        let mut fields = Fields(body);
        match &kind {
            b"stsz" | b"stz2" => {
                fields.version()?;
                let field = fields.u32()?;
                self.count = fields.u32()?;
                let is_compact = &kind == b"stz2";
                self.same_bytes = if is_compact { 0 } else { field };
                self.size_bits = if is_compact { field.to_be_bytes()[3] } else { 32 };
                self.sizes = fields.0;
            }
            b"stco" | b"co64" => {
                self.offset_bytes = if &kind == b"stco" { 4 } else { 8 };
                self.offsets = listed(fields, self.offset_bytes)?;
            }
            b"stsc" => self.runs = listed(fields, 12)?,
            b"stts" => self.times = listed(fields, 8)?,
            _ => {}
        }
        Some(())
    }

    /// The size of a sample.
    fn bytes_of(&self, number: u32) -> Option<u32> {
        if self.same_bytes > 0 {
            return Some(self.same_bytes);
        }
        let number = number as usize;
        match self.size_bits {
            4 => self
                .sizes
                .get(number / 2)
                .map(|byte| u32::from(if number.is_multiple_of(2) { byte >> 4 } else { byte & 15 })),
            8 => self.sizes.get(number).map(|&byte| byte.into()),
            16 => self.sizes.as_chunks::<2>().0.get(number).map(|size| u16::from_be_bytes(*size).into()),
            32 => self.sizes.as_chunks::<4>().0.get(number).map(|size| u32::from_be_bytes(*size)),
            _ => None,
        }
    }

    /// The offset of a chunk, counted from 0.
    fn chunk(&self, number: usize) -> Option<u64> {
        if self.offset_bytes == 8 {
            return self.offsets.as_chunks::<8>().0.get(number).map(|offset| u64::from_be_bytes(*offset));
        }
        self.offsets.as_chunks::<4>().0.get(number).map(|offset| u32::from_be_bytes(*offset).into())
    }

    /// Where all samples are. An error if the tables contradict each other.
    pub(crate) fn samples(&self) -> Result<Samples, ItemError> {
        if self.count > MAX_FRAMES {
            let why = Message::new("too_many_frames").with("frames", self.count);
            return Err(errors::too_large(why.with("most", MAX_FRAMES)));
        }
        let mut samples = Vec::with_capacity(self.count as usize);
        let mut durations = Durations { rest: self.times, left: 0, duration: 0 };
        let mut runs = self.runs.as_chunks::<12>().0.iter().map(|run| {
            let mut fields = Fields(run);
            Some((fields.u32()?, fields.u32()?))
        });
        let (mut run, mut next) = (runs.next().flatten(), runs.next().flatten());
        let mut chunk = 0;
        while samples.len() < self.count as usize {
            // Chunks are counted from 1 here.
            while let Some((first, _)) = next
                && first <= chunk + 1
            {
                (run, next) = (next, runs.next().flatten());
            }
            let (_, per_chunk) = run.ok_or_else(|| broken("stsc"))?;
            let mut offset = self.chunk(chunk as usize).ok_or_else(|| broken("stco"))?;
            for _ in 0..per_chunk.min(self.count - samples.len() as u32) {
                let bytes = self.bytes_of(samples.len() as u32).ok_or_else(|| broken("stsz"))?;
                let sample = Sample { offset, bytes, duration: durations.next() };
                offset = sample.end();
                samples.push(sample);
            }
            chunk += 1;
        }
        Ok(samples)
    }
}

/// The entries of a table, after their number. Fewer than claimed are accepted here: what is missing is noticed when it is
/// used.
fn listed(mut fields: Fields<'_>, entry_bytes: usize) -> Option<&[u8]> {
    fields.version()?;
    let bytes = (fields.u32()? as usize).saturating_mul(entry_bytes);
    Some(fields.0.get(..bytes).unwrap_or(fields.0))
}

/// The durations of samples, one after the other. The last one applies to all that follow.
struct Durations<'a> {
    rest: &'a [u8],
    left: u32,
    duration: u32,
}

impl Durations<'_> {
    fn next(&mut self) -> u32 {
        while self.left == 0 {
            let mut fields = Fields(self.rest);
            let (Some(count), Some(duration)) = (fields.u32(), fields.u32()) else { return self.duration };
            (self.rest, self.left, self.duration) = (fields.0, count, duration);
        }
        self.left -= 1;
        self.duration
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::super::tables::*;

    fn table(values: &[u32]) -> Vec<u8> {
        values.iter().flat_map(|value| value.to_be_bytes()).collect()
    }

    fn tables(boxes: &[(&BoxType, Vec<u8>)]) -> Result<Vec<(u64, u32, u32)>, ItemError> {
        let mut tables = SampleTables::default();
        for (kind, body) in boxes {
            tables.read(**kind, body).unwrap();
        }
        tables.samples().map(|all| all.iter().map(|one| (one.offset, one.bytes, one.duration)).collect())
    }

    #[test]
    fn samples_are_found_through_chunks_sizes_and_durations_of_every_kind() {
        // Chunks 1 and 2 hold one sample each, further ones two.
        let runs = (b"stsc", table(&[0, 2, 1, 1, 1, 3, 2, 1]));
        let times = (b"stts", table(&[0, 2, 1, 40, 2, 50]));
        let expected = vec![(100, 7, 40), (200, 8, 50), (300, 9, 50), (309, 10, 50)];
        let sizes = [
            (b"stsz", table(&[0, 0, 4, 7, 8, 9, 10])),
            (b"stz2", [table(&[0, 16, 4]), vec![0, 7, 0, 8, 0, 9, 0, 10]].concat()),
            (b"stz2", [table(&[0, 8, 4]), vec![7, 8, 9, 10]].concat()),
            (b"stz2", [table(&[0, 4, 4]), vec![0x78, 0x9A]].concat()),
        ];
        let offsets = [(b"stco", table(&[0, 3, 100, 200, 300])), (b"co64", table(&[0, 3, 0, 100, 0, 200, 0, 300]))];
        for sizes in &sizes {
            for offsets in &offsets {
                let found = tables(&[runs.clone(), times.clone(), sizes.clone(), offsets.clone()]);
                assert_eq!(found.unwrap(), expected, "{sizes:?} {offsets:?}");
            }
        }
        let same = [runs.clone(), times, (b"stsz", table(&[0, 5, 3])), offsets[0].clone()];
        assert_eq!(tables(&same).unwrap(), [(100, 5, 40), (200, 5, 50), (300, 5, 50)]);
    }

    #[test]
    fn tables_that_contradict_each_other_or_claim_too_much_are_refused() {
        let runs = (b"stsc", table(&[0, 1, 1, 1, 1]));
        let offsets = (b"stco", table(&[0, 2, 100, 200]));
        for count in [3, 10_000, 10_001, u32::MAX] {
            let sizes = (b"stsz", table(&[0, 5, count]));
            assert!(tables(&[runs.clone(), offsets.clone(), sizes.clone()]).is_err(), "{count}");
            assert!(tables(&[offsets.clone(), sizes.clone()]).is_err(), "{count} without runs");
            assert!(tables(&[runs.clone(), sizes]).is_err(), "{count} without chunks");
        }
        let none_in_a_chunk = (b"stsc", table(&[0, 1, 1, 0, 1]));
        assert!(tables(&[none_in_a_chunk, offsets.clone(), (b"stsz", table(&[0, 5, 2]))]).is_err());
        // Sizes end early, and the last duration applies to all that follow.
        assert!(tables(&[runs.clone(), offsets.clone(), (b"stsz", table(&[0, 0, 2, 5]))]).is_err());
        let times = (b"stts", table(&[0, 9, 1, 40]));
        let found = tables(&[runs, offsets, times, (b"stsz", table(&[0, 5, 2]))]).unwrap();
        assert_eq!(found, [(100, 5, 40), (200, 5, 40)]);
    }

    #[test]
    fn a_sample_beyond_the_end_of_the_file_is_truncated() {
        let sample = |offset, bytes| Sample { offset, bytes, duration: 1 };
        assert_eq!(sample(1, 2).of(&[1, 2, 3]).unwrap(), [2, 3]);
        for sample in [sample(2, 2), sample(u64::MAX, 1), sample(u64::MAX, u32::MAX)] {
            assert_eq!(sample.of(&[1, 2, 3]).unwrap_err().kind, crate::error::ErrorKind::Truncated);
        }
    }
}
