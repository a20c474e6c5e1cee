//! Steps that use the neighbourhoods of many pixels at once: the image is divided into tiles with margins, plane by
//! plane, small enough for a core's cache.

use std::collections::VecDeque;

use crate::model::ImageInfo;
use crate::op::stage::{Rect, RowStream, StreamKernel};

/// A function of tiles. Each result pixel depends only on its neighbourhood.
pub(crate) trait TileKernel: Send + Sync {
    /// Pixels needed on every side.
    fn halo_px(&self) -> usize;

    /// Preferred width and height of a tile in px, without its margin.
    fn tile_px(&self) -> (usize, usize);

    /// Computes a tile with all of its planes.
    fn run(&self, tile: &Tile, out: &mut Planes);
}

/// Part of an image with a margin; colour is premultiplied by alpha. Beyond the edge of the image, its outermost pixels
/// repeat.
pub(crate) struct Tile {
    /// Including the margin on every side.
    pub(crate) planes: Planes,
    /// The margin in px.
    halo_px: usize,
}

/// Planes of equal size, one after the other.
pub(crate) struct Planes {
    /// Width in px.
    pub(crate) width: usize,
    /// Height in px.
    pub(crate) height: usize,
    /// `planes * width * height` samples.
    pub(crate) samples: Vec<f32>,
}

impl Planes {
    const fn empty() -> Self {
        Self { width: 0, height: 0, samples: Vec::new() }
    }

    fn resize(&mut self, width: usize, height: usize, planes: usize) {
        (self.width, self.height) = (width, height);
        self.samples.resize(width * height * planes, 0.0);
    }

    /// Each plane.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &[f32]> {
        self.samples.chunks_exact(self.width * self.height)
    }

    /// Each plane.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut [f32]> {
        self.samples.chunks_exact_mut(self.width * self.height)
    }
}

/// Adapts a tile kernel to rows.
pub(crate) struct Tiled<K>(pub(crate) K);

impl<K: TileKernel> Tiled<K> {
    /// Rows processed together.
    fn rows(&self, input: &ImageInfo) -> usize {
        self.0.tile_px().1.min(input.height_px as usize)
    }
}

impl<K: TileKernel> StreamKernel for Tiled<K> {
    fn start(&self, input: &ImageInfo) -> Box<dyn RowStream + '_> {
        let rows = self.rows(input);
        Box::new(Tiling {
            kernel: &self.0,
            info: *input,
            rows,
            held: VecDeque::new(),
            first: 0,
            spare: Vec::new(),
            tile: Tile { planes: Planes::empty(), halo_px: self.0.halo_px() },
            out: Planes::empty(),
            done: Vec::new(),
            done_from: 0,
            pulled: 0,
        })
    }

    fn lead_px(&self, input: &ImageInfo) -> u32 {
        (self.0.halo_px() + self.rows(input)) as u32
    }

    fn held_bytes(&self, input: &ImageInfo) -> u64 {
        let (width, rows) = (self.0.tile_px().0, self.rows(input));
        let margins = 2 * self.0.halo_px();
        let held = (rows + margins + 64).min(input.height_px as usize) + rows;
        let tile = (width + margins) * (rows + margins) * input.channels.count() * 2;
        ((held * input.row_samples() + tile) * 4) as u64
    }

    fn needs(&self, part: Rect, input: &ImageInfo) -> Rect {
        part.grown(self.0.halo_px() as u32, input)
    }

    fn is_symmetric(&self) -> bool {
        true
    }
}

struct Tiling<'a, K> {
    kernel: &'a K,
    info: ImageInfo,
    /// Rows of a tile.
    rows: usize,
    /// Rows of the image from row `first` on.
    held: VecDeque<Vec<f32>>,
    first: usize,
    spare: Vec<Vec<f32>>,
    tile: Tile,
    out: Planes,
    /// Rows of the result from row `done_from` on.
    done: Vec<f32>,
    done_from: usize,
    pulled: usize,
}

impl<K: TileKernel> Tiling<'_, K> {
    /// Computes the next `count` rows.
    fn run(&mut self, count: usize) {
        let (width, len) = (self.info.width_px as usize, self.info.row_samples());
        self.done.resize(count * len, 0.0);
        self.done_from = self.pulled;
        let (tile_width, channels, halo) = (self.kernel.tile_px().0, self.info.channels.count(), self.kernel.halo_px());
        for x in (0..width).step_by(tile_width) {
            let across = tile_width.min(width - x);
            self.tile.planes.resize(across + 2 * halo, count + 2 * halo, channels);
            self.out.resize(across, count, channels);
            self.fill(x);
            self.kernel.run(&self.tile, &mut self.out);
            for (channel, plane) in self.out.iter().enumerate() {
                for (from, to) in plane.chunks_exact(across).zip(self.done.chunks_exact_mut(len)) {
                    let to = to.iter_mut().skip(x * channels + channel).step_by(channels);
                    to.zip(from).for_each(|(to, from)| *to = *from);
                }
            }
        }
    }

    /// Copies the tile that begins at column `x`, with its margin.
    fn fill(&mut self, x: usize) {
        let (channels, halo, last) = (self.info.channels.count(), self.tile.halo_px, self.info.height_px as usize - 1);
        let width = self.tile.planes.width;
        for (channel, plane) in self.tile.planes.iter_mut().enumerate() {
            for (i, to) in plane.chunks_exact_mut(width).enumerate() {
                let y = (self.pulled + i).saturating_sub(halo).min(last);
                let row = self.held.get(y.saturating_sub(self.first)).map(Vec::as_slice).unwrap_or_default();
                let outside = halo.saturating_sub(x).min(width);
                let (before, to) = to.split_at_mut(outside);
                let from = row.iter().skip((x + outside).saturating_sub(halo) * channels + channel);
                let first = from.clone().next().copied().unwrap_or_default();
                before.fill(first);
                let mut latest = first;
                let mut from = from.step_by(channels);
                for value in to {
                    latest = from.next().copied().unwrap_or(latest);
                    *value = latest;
                }
            }
        }
    }
}

impl<K: TileKernel> RowStream for Tiling<'_, K> {
    fn push(&mut self, row: &[f32]) {
        let mut held = self.spare.pop().unwrap_or_default();
        held.clear();
        held.extend_from_slice(row);
        self.held.push_back(held);
    }

    fn pull(&mut self, out: &mut [f32]) -> bool {
        let (height, len) = (self.info.height_px as usize, self.info.row_samples());
        if (self.pulled - self.done_from) * len >= self.done.len() {
            let (halo, count) = (self.tile.halo_px, self.rows.min(height - self.pulled));
            if self.first + self.held.len() < (self.pulled + count + halo).min(height) {
                return false;
            }
            self.run(count);
            // The next tiles' margin begins here.
            let next = (self.pulled + count).saturating_sub(halo);
            while self.first < next && self.held.len() > 1 {
                self.spare.extend(self.held.pop_front());
                self.first += 1;
            }
        }
        let from = (self.pulled - self.done_from) * len;
        out.copy_from_slice(self.done.get(from..from + len).unwrap_or_default());
        self.pulled += 1;
        true
    }
}
