//! Brings a map to the grid of its picture and back, by the areas that pixels cover: exact where a pixel of one grid is made
//! of whole pixels of the other.

use std::borrow::Cow;

use crate::codec::errors;
use crate::codec::pixels::convert::Converter;
use crate::codec::pixels::whole_image::shape;
use crate::error::ItemError;
use crate::model::{Band, Channels, ImageInfo, RowReader, RowWriter, SampleType, Samples};

/// Which pixels of a line each pixel of another line covers, and their shares of it.
struct Cover {
    /// The first pixel of each, and where its shares are.
    spans: Vec<(usize, std::ops::Range<usize>)>,
    shares: Vec<f32>,
}

impl Cover {
    /// Lines of `to` pixels over the same length as `from` pixels.
    fn new(from: u32, to: u32) -> Self {
        let mut cover = Self { spans: Vec::with_capacity(to as usize), shares: Vec::new() };
        // In units in which both kinds of pixels are whole numbers.
        let (from, to) = (u64::from(from), u64::from(to.max(1)));
        for n in 0..to {
            let (start, end) = (n * from, (n + 1) * from);
            let first = start / to;
            let at = cover.shares.len();
            for source in first..end.div_ceil(to).max(first + 1) {
                let part = end.min((source + 1) * to) - start.max(source * to);
                cover.shares.push((part as f64 / from as f64) as f32);
            }
            cover.spans.push((first as usize, at..cover.shares.len()));
        }
        cover
    }

    /// The first pixel that the n-th one covers, and the shares of it and those after it.
    fn of(&self, n: usize) -> (usize, &[f32]) {
        self.spans.get(n).map_or((0, &[]), |(first, at)| (*first, self.shares.get(at.clone()).unwrap_or_default()))
    }

    /// A line of pixels on the other grid.
    fn line(&self, from: &[u8], channels: usize, to: &mut Vec<f32>) {
        to.clear();
        for (first, at) in &self.spans {
            let shares = self.shares.get(at.clone()).unwrap_or_default();
            let pixels = from.get(first * channels..).unwrap_or_default();
            for channel in 0..channels {
                let samples = pixels.iter().skip(channel).step_by(channels);
                to.push(samples.zip(shares).map(|(sample, share)| f32::from(*sample) * share).sum());
            }
        }
    }
}

fn rounded(values: &[f32]) -> impl Iterator<Item = u8> {
    values.iter().map(|value| (value + 0.5) as u8)
}

/// The rows of a map on another grid.
pub(super) struct OnGrid<'m> {
    samples: &'m [u8],
    map: ImageInfo,
    info: ImageInfo,
    across: Cover,
    down: Cover,
    next_row: u32,
    /// Rows of the map on the new grid: the number of each, and its values.
    lines: Vec<(usize, Vec<f32>)>,
    row: Vec<u8>,
    /// The rows of the map that `row` consists of, with their shares.
    made_of: (usize, Vec<f32>),
}

impl<'m> OnGrid<'m> {
    pub(super) fn new(samples: &'m [u8], map: ImageInfo, (width_px, height_px): (u32, u32)) -> Self {
        Self {
            samples,
            map,
            info: ImageInfo { width_px, height_px, ..map },
            across: Cover::new(map.width_px, width_px),
            down: Cover::new(map.height_px, height_px),
            next_row: 0,
            lines: Vec::new(),
            row: Vec::new(),
            made_of: (usize::MAX, Vec::new()),
        }
    }

    /// Computes the next row.
    fn advance(&mut self) {
        let (first, shares) = self.down.of(self.next_row as usize);
        self.next_row += 1;
        if self.made_of.0 == first && self.made_of.1 == shares {
            return;
        }
        self.made_of = (first, shares.to_vec());
        self.lines.retain(|(number, _)| *number >= first);
        for number in first..first + shares.len() {
            if self.lines.iter().all(|(known, _)| *known != number) {
                let length = self.map.row_samples();
                let from = self.samples.get(number * length..(number + 1) * length).unwrap_or_default();
                let mut line = Vec::new();
                self.across.line(from, self.map.channels.count(), &mut line);
                self.lines.push((number, line));
            }
        }
        let mut sums = vec![0.0_f32; self.info.row_samples()];
        for (number, line) in &self.lines {
            let share = number.checked_sub(first).and_then(|at| shares.get(at)).copied().unwrap_or_default();
            sums.iter_mut().zip(line).for_each(|(sum, value)| *sum += value * share);
        }
        self.row.clear();
        self.row.extend(rounded(&sums));
    }
}

impl RowReader for OnGrid<'_> {
    fn info(&self) -> ImageInfo {
        self.info
    }

    fn read_rows(&mut self, max_rows: u32, band: &mut Band) -> Result<u32, ItemError> {
        let rows = max_rows.min(self.info.height_px - self.next_row);
        shape(band, &self.info, rows);
        let mut samples = Vec::with_capacity(self.info.row_samples() * rows as usize);
        for _ in 0..rows {
            self.advance();
            samples.extend_from_slice(&self.row);
        }
        band.samples = Samples::U8(samples);
        Ok(rows)
    }
}

/// Collects rows as a map that is smaller by a factor.
pub struct Reduced {
    /// Pixels of the incoming grid for a pixel of the map, across and down.
    by: (f64, f64),
    channels: Channels,
    started: Option<Started>,
}

struct Started {
    converter: Converter<u8>,
    /// The incoming rows after conversion.
    from: ImageInfo,
    info: ImageInfo,
    across: Cover,
    down: Cover,
    /// Incoming rows so far.
    taken: usize,
    /// The sums of the row of the map that is being collected.
    sums: Vec<f32>,
    line: Vec<f32>,
    samples: Vec<u8>,
    /// The rows of the map that are complete.
    done: usize,
}

impl Reduced {
    /// A map with these channels whose pixels cover `by` incoming pixels, at least 1, across and down.
    pub const fn new(by: (f64, f64), channels: Channels) -> Self {
        Self { by, channels, started: None }
    }

    /// The size of the map of an image of this size.
    pub fn size(&self, info: &ImageInfo) -> (u32, u32) {
        let side = |px: u32, by: f64| (f64::from(px) / by.max(1.0)).round().clamp(1.0, f64::from(px.max(1))) as u32;
        (side(info.width_px, self.by.0), side(info.height_px, self.by.1))
    }

    /// The map, after the last row.
    pub fn finish(self) -> Result<(ImageInfo, Vec<u8>), ItemError> {
        let started = self.started.ok_or_else(errors::not_started)?;
        if started.done < started.info.height_px as usize {
            return Err(errors::corrupt("size_mismatch"));
        }
        Ok((started.info, started.samples))
    }
}

impl Started {
    /// Takes an incoming row.
    fn take(&mut self, row: &[u8]) {
        self.across.line(row, self.info.channels.count(), &mut self.line);
        let number = self.taken;
        self.taken += 1;
        // A row at the edge of two rows of the map belongs to both.
        loop {
            let (first, shares) = self.down.of(self.done);
            let Some(share) = number.checked_sub(first).and_then(|at| shares.get(at)) else { return };
            self.sums.iter_mut().zip(&self.line).for_each(|(sum, value)| *sum += value * share);
            if number + 1 < first + shares.len() {
                return;
            }
            self.samples.extend(rounded(&self.sums));
            self.sums.fill(0.0);
            self.done += 1;
        }
    }
}

impl RowWriter for Reduced {
    fn start(&mut self, info: ImageInfo) -> Result<(), ItemError> {
        let (width_px, height_px) = self.size(&info);
        let map =
            ImageInfo { width_px, height_px, channels: self.channels, sample: SampleType::U8, premultiplied: false };
        let mut samples = errors::zeroed(map.size_bytes())?;
        samples.clear();
        self.started = Some(Started {
            converter: Converter::new(info, self.channels),
            from: ImageInfo { channels: self.channels, sample: SampleType::U8, ..info },
            info: map,
            across: Cover::new(info.width_px, width_px),
            down: Cover::new(info.height_px, height_px),
            taken: 0,
            sums: vec![0.0; map.row_samples()],
            line: Vec::new(),
            samples,
            done: 0,
        });
        Ok(())
    }

    fn write_rows(&mut self, band: &Band) -> Result<(), ItemError> {
        let started = self.started.as_mut().ok_or_else(errors::not_started)?;
        let samples = Cow::Owned::<[u8]>(started.converter.convert(band).to_vec());
        samples.chunks_exact(started.from.row_samples().max(1)).for_each(|row| started.take(row));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn info(width_px: u32, height_px: u32, channels: Channels) -> ImageInfo {
        ImageInfo { width_px, height_px, channels, sample: SampleType::U8, premultiplied: false }
    }

    /// A map on a grid and back.
    fn there_and_back(map: ImageInfo, samples: &[u8], (width, height): (u32, u32)) -> (ImageInfo, Vec<u8>) {
        let mut rows = OnGrid::new(samples, map, (width, height));
        let by = (f64::from(width) / f64::from(map.width_px), f64::from(height) / f64::from(map.height_px));
        let mut reduced = Reduced::new(by, map.channels);
        reduced.start(rows.info()).unwrap();
        let mut band = Band::empty(&rows.info());
        while rows.read_rows(7, &mut band).unwrap() > 0 {
            reduced.write_rows(&band).unwrap();
        }
        reduced.finish().unwrap()
    }

    #[test]
    fn a_map_comes_back_from_a_grid_of_whole_multiples_unchanged() {
        for channels in [Channels::Gray, Channels::Rgb] {
            let map = info(7, 5, channels);
            let samples: Vec<u8> = (0..map.size_bytes()).map(|n| (n * 37 % 256) as u8).collect();
            for by in [1, 2, 4, 9] {
                let (back, same) = there_and_back(map, &samples, (7 * by, 5 * by));
                assert!(back == map && same == samples, "{by}");
            }
        }
    }

    #[test]
    fn a_map_comes_back_from_any_other_grid_nearly_unchanged() {
        let map = info(25, 17, Channels::Gray);
        let samples: Vec<u8> = (0..17 * 25).map(|n| (n % 25 * 8 + n / 25 * 3) as u8).collect();
        for size in [(100, 67), (99, 68), (37, 30), (25, 18)] {
            let (back, same) = there_and_back(map, &samples, size);
            assert_eq!((back.width_px, back.height_px), (25, 17));
            let worst = same.iter().zip(&samples).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
            assert!(worst <= 4, "{size:?}: {worst}");
        }
    }

    #[test]
    fn shares_of_a_pixel_add_up_to_one() {
        for (from, to) in [(1, 1), (3, 7), (7, 3), (1, 9), (9, 1), (65_500, 4_093), (4_093, 65_500)] {
            let cover = Cover::new(from, to);
            for n in 0..to as usize {
                let (first, shares) = cover.of(n);
                assert!((shares.iter().sum::<f32>() - 1.0).abs() < 1e-4, "{from} to {to}: {n}");
                assert!(first + shares.len() <= from as usize && !shares.is_empty(), "{from} to {to}: {n}");
            }
        }
    }
}
