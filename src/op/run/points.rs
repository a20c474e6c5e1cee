//! Steps on single pixels, fused: a few thousand pixels at a time go through all of them while they are in cache.

use super::{Rows, prepare};
use crate::error::ItemError;
use crate::model::{Band, ImageInfo, SampleType, Samples};
use crate::op::simd::{self, Sample};
use crate::op::stage::PointKernel;

/// Pixels worked on at once.
const CHUNK_PX: usize = 2048;

pub(super) struct Points<'a> {
    rows: Box<dyn Rows + 'a>,
    /// Those that the table does not stand for.
    kernels: &'a [Box<dyn PointKernel>],
    info: ImageInfo,
    input: Band,
    /// What the leading steps make of each 8-bit level of colour.
    table: Option<Box<[f32; 256]>>,
    chunk: Vec<f32>,
}

impl<'a> Points<'a> {
    pub(super) fn new(rows: Box<dyn Rows + 'a>, kernels: &'a [Box<dyn PointKernel>], info: ImageInfo) -> Self {
        let input = rows.info();
        let mut table = None;
        let mut kernels = kernels;
        let mut curves = kernels.iter().take_while(|kernel| kernel.curve(0.0).is_some());
        if input.sample == SampleType::U8 && !curves.all(|kernel| kernel.is_quick()) {
            while let Some((first, rest)) = kernels.split_first() {
                if first.curve(0.0).is_none() {
                    break;
                }
                let levels = table.get_or_insert_with(identity);
                for level in levels.iter_mut() {
                    *level = simd::unit(first.curve(*level).unwrap_or(*level));
                }
                kernels = rest;
            }
        }
        Self { rows, kernels, info, input: Band::empty(&input), table, chunk: Vec::new() }
    }
}

fn identity() -> Box<[f32; 256]> {
    Box::new(std::array::from_fn(|level| (level as u8).to_unit()))
}

/// Looks colour up; alpha (every `alpha_each`-th sample) is only converted.
fn look_up(levels: &[u8], table: &[f32; 256], alpha_each: Option<usize>, out: &mut [f32]) {
    for (to, level) in out.iter_mut().zip(levels) {
        *to = table[usize::from(*level)];
    }
    if let Some(each) = alpha_each {
        for (to, level) in out.iter_mut().zip(levels).skip(each - 1).step_by(each) {
            *to = level.to_unit();
        }
    }
}

impl Rows for Points<'_> {
    fn info(&self) -> ImageInfo {
        self.info
    }

    fn read(&mut self, max_rows: u32, band: &mut Band) -> Result<u32, ItemError> {
        let rows = self.rows.read(max_rows, &mut self.input)?;
        prepare(band, &self.info, rows);
        let input = self.rows.info();
        let (from_count, to_count) = (input.channels.count(), self.info.channels.count());
        let alpha_each = input.channels.has_alpha().then_some(from_count);
        let pixels = input.width_px as usize * rows as usize;
        for first in (0..pixels).step_by(CHUNK_PX) {
            let count = CHUNK_PX.min(pixels - first);
            self.chunk.resize(count * from_count, 0.0);
            match (&self.input.samples, &self.table) {
                (Samples::U8(levels), Some(table)) => {
                    look_up(levels.get(first * from_count..).unwrap_or_default(), table, alpha_each, &mut self.chunk);
                }
                (samples, _) => simd::load(samples, first * from_count, &mut self.chunk),
            }
            let mut channels = input.channels;
            for kernel in self.kernels {
                let len = count * channels.count();
                kernel.apply(self.chunk.get_mut(..len).unwrap_or_default(), channels);
                channels = kernel.channels(channels);
                let len = count * channels.count();
                simd::clamp(self.chunk.get_mut(..len).unwrap_or_default());
            }
            let done = self.chunk.get(..count * to_count).unwrap_or_default();
            simd::store(done, &mut band.samples, first * to_count);
        }
        Ok(rows)
    }
}
