//! Pixelate: square blocks of one colour.

use std::collections::VecDeque;

use crate::model::{ImageInfo, Message, ParamKind, ParamSpec, Unit};
use crate::op::spec::{Group, OpSpec};
use crate::op::stage::{Operation, Rect, RowStream, Stage, StreamKernel};

pub(crate) const SPEC: OpSpec = OpSpec {
    id: "pixelate",
    summary: "Divides the image into square blocks of one colour",
    formula: "Each block is the mean of its pixels, counted from the top left corner; blocks that cross the right or \
              bottom edge average the pixels they contain",
    group: Group::Detail,
    params: &[ParamSpec {
        name: "size",
        summary: "Side of a block; 1 changes nothing",
        unit: Unit::Px,
        kind: ParamKind::Int { min: 1, max: 2000, soft_max: 100, default: Some(10) },
    }],
    starting: &[],
    faithful_to_scale: true,
    build: |params| Ok(Box::new(Pixelate { size: params.number("size") })),
};

struct Pixelate {
    /// In px; not always an integer in a smaller view.
    size: f64,
}

impl Operation for Pixelate {
    fn stage(&self, _input: &ImageInfo) -> Result<Stage, Message> {
        Ok(if self.size <= 1.0 { Stage::Nothing } else { Stage::Stream(Box::new(Blocks { size: self.size })) })
    }
}

/// The blocks along a line.
#[derive(Clone, Copy)]
struct Blocks {
    size: f64,
}

impl Blocks {
    /// The block in which a pixel begins, and the share of the pixel inside it; the rest belongs to the next block.
    fn of(self, pixel: usize) -> (usize, f64) {
        let block = (pixel as f64 / self.size).floor();
        let end = (block + 1.0) * self.size;
        // Ignore rounding residue.
        let share = (end - pixel as f64).min(1.0);
        if share < 1e-6 { (block as usize + 1, 1.0) } else { (block as usize, share) }
    }

    /// Number of blocks in a line of pixels.
    fn count(self, pixels: usize) -> usize {
        let (block, share) = self.of(pixels.saturating_sub(1));
        block + 1 + usize::from(share < 1.0)
    }
}

impl StreamKernel for Blocks {
    fn start(&self, input: &ImageInfo) -> Box<dyn RowStream + '_> {
        let width = input.width_px as usize;
        let columns: Vec<(usize, f64)> = (0..width).map(|x| self.of(x)).collect();
        let count = self.count(width);
        let mut widths = vec![0.0; count];
        for (block, share) in &columns {
            for (at, share) in [(*block, *share), (block + 1, 1.0 - share)] {
                widths.iter_mut().skip(at).take(1).for_each(|width| *width += share);
            }
        }
        Box::new(Pixelating {
            blocks: *self,
            channels: input.channels.count(),
            height: input.height_px as usize,
            columns,
            widths,
            line: vec![0.0; count * input.channels.count()],
            sums: VecDeque::new(),
            first_sum: 0,
            finished: VecDeque::new(),
            pushed: 0,
            pulled: 0,
        })
    }

    fn lead_px(&self, input: &ImageInfo) -> u32 {
        (2.0 * self.size).ceil().min(f64::from(input.height_px)) as u32
    }

    fn needs(&self, part: Rect, input: &ImageInfo) -> Rect {
        // In a smaller view, blocks begin between pixels.
        if self.size.fract() == 0.0 { part.reaching_to_multiples(self.size as u32, input) } else { Rect::all_of(input) }
    }

    fn held_bytes(&self, input: &ImageInfo) -> u64 {
        let lines = input.row_samples() as u64 * 4 * 4;
        lines + input.row_samples() as u64 * 8 + u64::from(input.width_px) * 16
    }
}

/// A row of blocks while it is summed.
struct Sum {
    /// Sums of each block's samples.
    samples: Vec<f64>,
    /// Number of rows included.
    rows: f64,
}

struct Pixelating {
    blocks: Blocks,
    channels: usize,
    height: usize,
    /// Each pixel's block, and the share of the pixel inside it.
    columns: Vec<(usize, f64)>,
    /// Width of each block in pixels.
    widths: Vec<f64>,
    /// Sums of one row over each block.
    line: Vec<f64>,
    sums: VecDeque<Sum>,
    first_sum: usize,
    /// Finished rows of blocks before `first_sum`, as wide as the image.
    finished: VecDeque<Vec<f32>>,
    pushed: usize,
    pulled: usize,
}

impl Pixelating {
    /// Sums along a row.
    fn sum_row<const N: usize>(&mut self, row: &[f32]) {
        self.line.fill(0.0);
        let sums = self.line.as_chunks_mut::<N>().0;
        for (pixel, (block, share)) in row.as_chunks::<N>().0.iter().zip(&self.columns) {
            if let Some(sum) = sums.get_mut(*block) {
                for (sum, value) in sum.iter_mut().zip(pixel) {
                    *sum += f64::from(*value) * share;
                }
            }
            if *share < 1.0
                && let Some(sum) = sums.get_mut(block + 1)
            {
                for (sum, value) in sum.iter_mut().zip(pixel) {
                    *sum += f64::from(*value) * (1.0 - share);
                }
            }
        }
    }

    /// A row of blocks is complete.
    fn finish(&mut self, sum: Sum) {
        let channels = self.channels;
        let mut means = sum.samples;
        for (block, width) in means.chunks_exact_mut(channels).zip(&self.widths) {
            for value in block {
                *value /= width * sum.rows;
            }
        }
        let mut full = vec![0.0; self.columns.len() * channels];
        for (pixel, (block, share)) in full.chunks_exact_mut(channels).zip(&self.columns) {
            let here = means.iter().skip(block * channels);
            // There is no block after the last one: its share is 0.
            let next = means.iter().skip((block + 1) * channels).chain(std::iter::repeat(&0.0));
            for ((value, here), next) in pixel.iter_mut().zip(here).zip(next) {
                *value = (here * share + next * (1.0 - share)) as f32;
            }
        }
        self.finished.push_back(full);
    }
}

impl RowStream for Pixelating {
    fn push(&mut self, row: &[f32]) {
        match self.channels {
            1 => self.sum_row::<1>(row),
            2 => self.sum_row::<2>(row),
            3 => self.sum_row::<3>(row),
            _ => self.sum_row::<4>(row),
        }
        let (block, share) = self.blocks.of(self.pushed);
        for (at, share) in [(block, share), (block + 1, 1.0 - share)] {
            if share <= 0.0 {
                continue;
            }
            while self.first_sum + self.sums.len() <= at {
                self.sums.push_back(Sum { samples: vec![0.0; self.line.len()], rows: 0.0 });
            }
            if let Some(sum) = at.checked_sub(self.first_sum).and_then(|at| self.sums.get_mut(at)) {
                sum.rows += share;
                add_scaled(&mut sum.samples, &self.line, share);
            }
        }
        self.pushed += 1;
        let next = if self.pushed == self.height { usize::MAX } else { self.blocks.of(self.pushed).0 };
        while self.first_sum < next
            && let Some(sum) = self.sums.pop_front()
        {
            self.finish(sum);
            self.first_sum += 1;
        }
    }

    fn pull(&mut self, out: &mut [f32]) -> bool {
        let (block, share) = self.blocks.of(self.pulled);
        let needed = if share < 1.0 { block + 2 } else { block + 1 };
        if self.first_sum < needed {
            return false;
        }
        while self.first_sum - self.finished.len() < block {
            self.finished.pop_front();
        }
        let mut rows = self.finished.iter();
        if let Some(here) = rows.next() {
            out.copy_from_slice(here);
        }
        if let (true, Some(next)) = (share < 1.0, rows.next()) {
            for (value, next) in out.iter_mut().zip(next) {
                *value = *value * share as f32 + next * (1.0 - share) as f32;
            }
        }
        self.pulled += 1;
        true
    }
}

fn add_scaled(sums: &mut [f64], line: &[f64], share: f64) {
    for (sum, value) in sums.iter_mut().zip(line) {
        *sum += value * share;
    }
}
