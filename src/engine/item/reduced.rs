//! What several results need of one decode: while the first one takes the rows from the decoder, the others' image is kept
//! next to it, no larger than they need. So the whole image is in memory only if two results need all of it.
//!
//! An image is reduced by the mean of 2 x 2 px where its decoder would have delivered a smaller one for a result of its own.

use std::borrow::Cow;

use crate::error::{ErrorKind, ItemError};
use crate::model::{Band, Image, ImageInfo, Message, Remark, RowReader, Samples, Truncated};

/// Passes on the rows of a decoder and keeps what others need.
pub(super) struct Tee<'a> {
    rows: &'a mut dyn RowReader,
    info: ImageInfo,
    kept: Option<Kept>,
    taken: u32,
    failed: Option<ItemError>,
}

/// An image that is being kept.
struct Kept {
    info: ImageInfo,
    samples: Samples,
    /// Whether it is half as large as what is decoded.
    is_halved: bool,
    /// The upper one of two rows that become one.
    upper: Vec<u8>,
}

/// What was kept, in the sizes that results need.
pub(super) struct SharedImage {
    /// By how much each is smaller than the decoded image.
    levels: Vec<(u32, ImageInfo, Samples)>,
    truncation: Option<Truncated>,
    remark: Option<Remark>,
}

/// How many times smaller than the decoded image a result may be made from; 1 unless its decoder scales images itself.
pub(super) fn reduction(rows: &dyn RowReader, full_width_px: u32, max_downscale: f64) -> u32 {
    let info = rows.info();
    let is_plain = matches!(info.channels.count(), 1 | 3) && info.sample == crate::model::SampleType::U8;
    if !rows.scales_images() || !is_plain || info.width_px.min(info.height_px) < 64 {
        return 1;
    }
    let decoded = f64::from(full_width_px) / f64::from(info.width_px.max(1));
    match max_downscale / decoded {
        by if by >= 8.0 => 8,
        by if by >= 4.0 => 4,
        by if by >= 2.0 => 2,
        _ => 1,
    }
}

impl<'a> Tee<'a> {
    /// Keeps an image for results that are made from one so many times smaller; `None` keeps nothing.
    pub(super) fn new(rows: &'a mut dyn RowReader, least_reduction: Option<u32>) -> Self {
        let info = rows.info();
        let kept = least_reduction.map(|reduction| Kept::new(info, reduction >= 2));
        Self { rows, info, kept, taken: 0, failed: None }
    }

    /// Reads what the first result left unread, and returns what was kept.
    pub(super) fn finish(mut self, cancelled: &dyn Fn() -> bool) -> Result<SharedImage, ItemError> {
        /// Rows that are decoded at once.
        const ROWS: u32 = 64;
        let mut band = Band::empty(&self.info);
        while self.taken < self.info.height_px {
            if cancelled() {
                return Err(ItemError::nameless(ErrorKind::Cancelled));
            }
            if let Some(error) = self.failed.take() {
                return Err(error);
            }
            if self.read_rows(ROWS.min(self.info.height_px - self.taken), &mut band)? == 0 {
                let rows = Message::new("truncated_rows").with("had", self.taken);
                let rows = rows.count("count", self.info.height_px.into());
                return Err(ItemError::nameless(ErrorKind::Truncated).saying(&rows));
            }
        }
        let (truncation, remark) = (self.rows.truncation(), self.rows.remark());
        let levels = self.kept.map(Kept::finish).into_iter().collect();
        Ok(SharedImage { levels, truncation, remark })
    }
}

impl RowReader for Tee<'_> {
    fn info(&self) -> ImageInfo {
        self.info
    }

    fn read_rows(&mut self, max_rows: u32, band: &mut Band) -> Result<u32, ItemError> {
        let had = self.rows.read_rows(max_rows, band).inspect_err(|error| self.failed = Some(error.clone()))?;
        if let Some(kept) = &mut self.kept {
            kept.take(band, had.min(self.info.height_px - self.taken), &self.info);
        }
        self.taken = self.taken.saturating_add(had).min(self.info.height_px);
        Ok(had)
    }

    fn truncation(&self) -> Option<Truncated> {
        self.rows.truncation()
    }

    fn remark(&self) -> Option<Remark> {
        self.rows.remark()
    }
}

const fn halved(info: &ImageInfo) -> ImageInfo {
    ImageInfo { width_px: info.width_px.div_ceil(2), height_px: info.height_px.div_ceil(2), ..*info }
}

impl Kept {
    fn new(decoded: ImageInfo, is_halved: bool) -> Self {
        let info = if is_halved { halved(&decoded) } else { decoded };
        let samples = with_capacity(&info);
        Self { info, samples, is_halved, upper: Vec::new() }
    }

    fn take(&mut self, band: &Band, rows: u32, decoded: &ImageInfo) {
        let row_samples = decoded.row_samples();
        let len = row_samples * rows as usize;
        match (&mut self.samples, &band.samples) {
            (Samples::U8(to), Samples::U8(from)) if self.is_halved => {
                let channels = decoded.channels.count();
                let mut rows = from.get(..len).unwrap_or_default().chunks_exact(row_samples.max(1));
                if !self.upper.is_empty()
                    && let Some(lower) = rows.next()
                {
                    halve(&self.upper, lower, channels, to);
                    self.upper.clear();
                }
                while let Some(upper) = rows.next() {
                    match rows.next() {
                        Some(lower) => halve(upper, lower, channels, to),
                        None => self.upper.extend_from_slice(upper),
                    }
                }
            }
            (Samples::U8(to), Samples::U8(from)) => to.extend_from_slice(from.get(..len).unwrap_or_default()),
            (Samples::U16(to), Samples::U16(from)) => to.extend_from_slice(from.get(..len).unwrap_or_default()),
            (Samples::F32(to), Samples::F32(from)) => to.extend_from_slice(from.get(..len).unwrap_or_default()),
            _ => {}
        }
    }

    fn finish(mut self) -> (u32, ImageInfo, Samples) {
        if let Samples::U8(to) = &mut self.samples
            && !self.upper.is_empty()
        {
            halve(&self.upper, &self.upper, self.info.channels.count(), to);
        }
        (if self.is_halved { 2 } else { 1 }, self.info, self.samples)
    }
}

fn with_capacity(info: &ImageInfo) -> Samples {
    let len = info.row_samples() * info.height_px as usize;
    match Samples::empty(info.sample) {
        Samples::U8(_) => Samples::U8(Vec::with_capacity(len)),
        Samples::U16(_) => Samples::U16(Vec::with_capacity(len)),
        Samples::F32(_) => Samples::F32(Vec::with_capacity(len)),
    }
}

/// Appends the row that two rows become. The last pixel of an odd number counts twice.
fn halve(upper: &[u8], lower: &[u8], channels: usize, to: &mut Vec<u8>) {
    match channels {
        1 => halve_pixels::<1>(upper, lower, to),
        _ => halve_pixels::<3>(upper, lower, to),
    }
}

fn halve_pixels<const N: usize>(upper: &[u8], lower: &[u8], to: &mut Vec<u8>) {
    fn mean(samples: [u8; 4]) -> u8 {
        ((samples.map(u16::from).iter().sum::<u16>() + 2) >> 2) as u8
    }
    // Computes the means of all neighbours and takes every other one. That is four times as fast as computing only those,
    // because vector instructions handle samples next to each other together.
    let (next_upper, next_lower) = (upper.get(N..).unwrap_or_default(), lower.get(N..).unwrap_or_default());
    let squares = upper.iter().zip(next_upper).zip(lower.iter().zip(next_lower));
    let means: Vec<u8> = squares.map(|((a, b), (c, d))| mean([*a, *b, *c, *d])).collect();
    let (first, pixels) = (to.len(), upper.len() / N);
    to.resize(first + pixels.div_ceil(2) * N, 0);
    let (halves, _) = to.get_mut(first..).unwrap_or_default().as_chunks_mut::<N>();
    for (half, means) in halves.iter_mut().zip(means.chunks(2 * N)) {
        if let Some(mean) = means.first_chunk::<N>() {
            *half = *mean;
        }
    }
    if let (true, Some(half), Some(upper), Some(lower)) =
        (pixels % 2 == 1, halves.last_mut(), upper.last_chunk::<N>(), lower.last_chunk::<N>())
    {
        *half = std::array::from_fn(|c| mean([upper[c], upper[c], lower[c], lower[c]]));
    }
}

impl SharedImage {
    /// An image that is kept as it is, with what is known of the file that it was read from.
    pub(super) fn whole(image: Image, read: &dyn RowReader) -> Self {
        let levels = vec![(1, image.info, image.samples)];
        Self { levels, truncation: read.truncation(), remark: read.remark() }
    }

    /// The rows of the image that is this many times smaller than the decoded one, or the next larger one that there is.
    pub(super) fn rows(&mut self, reduction: u32) -> Option<SharedRows<'_>> {
        while let Some((by, info, Samples::U8(samples))) = self.levels.last().filter(|(by, ..)| *by < reduction) {
            let smaller = halved(info);
            let mut halves = Vec::with_capacity(smaller.row_samples() * smaller.height_px as usize);
            let rows: Vec<&[u8]> = samples.chunks_exact(info.row_samples().max(1)).collect();
            for pair in rows.chunks(2) {
                if let (Some(upper), Some(lower)) = (pair.first(), pair.last()) {
                    halve(upper, lower, info.channels.count(), &mut halves);
                }
            }
            let level = (by * 2, smaller, Samples::U8(halves));
            self.levels.push(level);
        }
        let level = self.levels.iter().rev().find(|(by, ..)| *by <= reduction)?;
        Some(SharedRows {
            info: level.1,
            samples: Cow::Borrowed(&level.2),
            next_row: 0,
            truncation: self.truncation,
            remark: self.remark.clone(),
        })
    }
}

/// Reads the rows of a kept image.
pub(super) struct SharedRows<'a> {
    info: ImageInfo,
    samples: Cow<'a, Samples>,
    next_row: u32,
    truncation: Option<Truncated>,
    remark: Option<Remark>,
}

impl RowReader for SharedRows<'_> {
    fn info(&self) -> ImageInfo {
        self.info
    }

    fn read_rows(&mut self, max_rows: u32, band: &mut Band) -> Result<u32, ItemError> {
        let rows = max_rows.min(self.info.height_px - self.next_row);
        band.take_rows(&self.info, &self.samples, self.next_row, rows);
        self.next_row += rows;
        Ok(rows)
    }

    fn truncation(&self) -> Option<Truncated> {
        self.truncation
    }

    fn remark(&self) -> Option<Remark> {
        self.remark.clone()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::expect_used, reason = "tests")]

    use super::*;
    use crate::model::{Channels, SampleType};

    /// Rows of an image, at most `at_once` of them at a time.
    struct Rows {
        info: ImageInfo,
        samples: Vec<u8>,
        next_row: u32,
        at_once: u32,
    }

    impl RowReader for Rows {
        fn info(&self) -> ImageInfo {
            self.info
        }

        fn read_rows(&mut self, max_rows: u32, band: &mut Band) -> Result<u32, ItemError> {
            let rows = max_rows.min(self.at_once).min(self.info.height_px - self.next_row);
            band.take_rows(&self.info, &Samples::U8(self.samples.clone()), self.next_row, rows);
            self.next_row += rows;
            Ok(rows)
        }
    }

    /// The mean of each 2 x 2 px, computed one by one. Where a row or column is odd, its pixels count twice.
    fn halved_samples(info: &ImageInfo, samples: &[u8]) -> Vec<u8> {
        let (width, height, n) = (info.width_px as usize, info.height_px as usize, info.channels.count());
        let mut halves = Vec::new();
        for y in (0..height).step_by(2) {
            for x in (0..width).step_by(2) {
                for c in 0..n {
                    let at = |x: usize, y: usize| u32::from(samples[(y * width + x) * n + c]);
                    let (right, below) = ((x + 1).min(width - 1), (y + 1).min(height - 1));
                    halves.push(((at(x, y) + at(right, y) + at(x, below) + at(right, below) + 2) / 4) as u8);
                }
            }
        }
        halves
    }

    #[test]
    fn images_are_reduced_by_means_whatever_rows_come_at_once() {
        for (width_px, height_px) in [(1, 1), (2, 2), (7, 5), (64, 9), (65, 64), (130, 31)] {
            for channels in [Channels::Gray, Channels::Rgb] {
                let info = ImageInfo { width_px, height_px, channels, sample: SampleType::U8, premultiplied: false };
                let samples: Vec<u8> = (0..info.size_bytes()).map(|n| (n * n % 251) as u8).collect();
                let half = halved(&info);
                let expected =
                    [halved_samples(&info, &samples), halved_samples(&half, &halved_samples(&info, &samples))];
                for at_once in [1, 2, 3, 64] {
                    let mut rows = Rows { info, samples: samples.clone(), next_row: 0, at_once };
                    let mut shared = Tee::new(&mut rows, Some(2)).finish(&|| false).expect("reads");
                    for (by, expected) in [2, 4].into_iter().zip(&expected) {
                        let rows = shared.rows(by).expect("is kept");
                        let Samples::U8(got) = rows.samples.as_ref() else { panic!("8 bits") };
                        assert!(got == expected, "{width_px} x {height_px}, {channels:?}, {at_once} rows, {by}");
                    }
                }
            }
        }
    }
}
