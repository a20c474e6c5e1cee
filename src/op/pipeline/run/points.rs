//! Steps on single pixels, fused: a few thousand pixels at a time pass through all steps while they are in cache.

use super::{Rows, prepare};
use crate::error::ItemError;
use crate::model::{Band, Channels, ImageInfo, SampleType, Samples};
use crate::op::kernels::simd::{self, Sample};
use crate::op::stage::PointKernel;

/// Pixels processed together.
const CHUNK_PX: usize = 1024;

/// With this many quick steps, one table for all of them is faster.
const QUICK_STEPS: usize = 4;

pub(super) struct Points<'a> {
    rows: Box<dyn Rows + 'a>,
    /// The steps that the tables don't cover.
    kernels: &'a [Box<dyn PointKernel>],
    info: ImageInfo,
    input: Band,
    tables: Option<Tables>,
    chunk: Vec<f32>,
    /// A chunk with more channels.
    widened: Vec<f32>,
}

impl<'a> Points<'a> {
    pub(super) fn new(rows: Box<dyn Rows + 'a>, kernels: &'a [Box<dyn PointKernel>], info: ImageInfo) -> Self {
        let input = rows.info();
        let (tables, kernels) = match input.sample {
            SampleType::U8 => Tables::of_leading(kernels, input.channels),
            SampleType::U16 | SampleType::F32 => (None, kernels),
        };
        Self { rows, kernels, info, input: Band::empty(&input), tables, chunk: Vec::new(), widened: Vec::new() }
    }

    /// Passes the pixels of the chunk through every step. The result of the last one is clamped when it is stored.
    fn apply(&mut self, count: usize, mut channels: Channels) {
        for (i, kernel) in self.kernels.iter().enumerate() {
            let output = kernel.channels(channels);
            if output.colour_count() > channels.colour_count() {
                let wide = channels.with_colour();
                self.widened.resize(count * wide.count(), 0.0);
                let narrow = self.chunk.get(..count * channels.count()).unwrap_or_default();
                spread(narrow, channels, &mut self.widened);
                std::mem::swap(&mut self.chunk, &mut self.widened);
                channels = wide;
            }
            kernel.apply(self.chunk.get_mut(..count * channels.count()).unwrap_or_default(), channels);
            channels = output;
            if i + 1 < self.kernels.len() {
                simd::clamp(self.chunk.get_mut(..count * channels.count()).unwrap_or_default());
            }
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
        if let (Some(tables), true) = (&self.tables, self.kernels.is_empty())
            && let (Samples::U8(from), Samples::U8(to)) = (&self.input.samples, &mut band.samples)
        {
            look_up(from, to, &tables.levels);
            return Ok(rows);
        }
        let (from_count, to_count) = (input.channels.count(), self.info.channels.count());
        let pixels = input.width_px as usize * rows as usize;
        for first in (0..pixels).step_by(CHUNK_PX) {
            let count = CHUNK_PX.min(pixels - first);
            self.chunk.resize(count * from_count, 0.0);
            match (&self.input.samples, &self.tables) {
                (Samples::U8(levels), Some(tables)) => {
                    let levels = levels.get(first * from_count..).unwrap_or_default();
                    look_up(levels, &mut self.chunk, &tables.values);
                }
                (samples, _) => simd::load(samples, first * from_count, &mut self.chunk),
            }
            self.apply(count, input.channels);
            let done = self.chunk.get(..count * to_count).unwrap_or_default();
            simd::store(done, &mut band.samples, first * to_count);
        }
        Ok(rows)
    }
}

/// Writes each gray three times.
fn spread(grays: &[f32], channels: Channels, colours: &mut [f32]) {
    if channels.has_alpha() {
        for (to, [gray, alpha]) in colours.as_chunks_mut().0.iter_mut().zip(grays.as_chunks().0) {
            *to = [*gray, *gray, *gray, *alpha];
        }
    } else {
        for (to, gray) in colours.as_chunks_mut().0.iter_mut().zip(grays) {
            *to = [*gray; 3];
        }
    }
}

/// The results of steps for each 8-bit level: a table for each sample of a pixel, or one if all are the same.
struct Tables {
    values: Vec<[f32; 256]>,
    levels: Vec<[u8; 256]>,
}

impl Tables {
    /// Tables for the leading steps that depend on one sample only, if that is faster; and the remaining steps.
    fn of_leading(kernels: &[Box<dyn PointKernel>], channels: Channels) -> (Option<Self>, &[Box<dyn PointKernel>]) {
        let is_curve =
            |kernel: &dyn PointKernel| kernel.channels(channels) == channels && kernel.channel_curve(0, 0.0).is_some();
        let (curves, rest) = kernels.split_at(kernels.iter().take_while(|kernel| is_curve(kernel.as_ref())).count());
        if curves.len() < QUICK_STEPS && curves.iter().all(|kernel| kernel.is_quick()) {
            return (None, kernels);
        }
        let table = |channel: usize| {
            let curves = if channel < channels.colour_count() { curves } else { &[] };
            std::array::from_fn(|level| {
                curves.iter().fold((level as u8).to_unit(), |value, kernel| {
                    simd::unit(kernel.channel_curve(channel, value).unwrap_or(value))
                })
            })
        };
        let mut values: Vec<[f32; 256]> = (0..channels.count()).map(table).collect();
        if values.iter().all(|table| values.first() == Some(table)) {
            values.truncate(1);
        }
        let levels = values.iter().map(|table| table.map(u8::from_unit)).collect();
        (Some(Self { values, levels }), rest)
    }
}

/// Looks up each sample of a pixel in its own table.
fn look_up<T: Copy>(from: &[u8], to: &mut [T], tables: &[[T; 256]]) {
    match tables {
        [all] => look_up_pixels(from, to, [all]),
        [v, a] => look_up_pixels(from, to, [v, a]),
        [r, g, b] => look_up_pixels(from, to, [r, g, b]),
        [r, g, b, a] => look_up_pixels(from, to, [r, g, b, a]),
        _ => {}
    }
}

fn look_up_pixels<T: Copy, const N: usize>(from: &[u8], to: &mut [T], tables: [&[T; 256]; N]) {
    for (to, from) in to.as_chunks_mut::<N>().0.iter_mut().zip(from.as_chunks::<N>().0) {
        *to = std::array::from_fn(|sample| tables[sample][usize::from(from[sample])]);
    }
}
