//! Images with few colours: a palette for the image, and dithered palette indices.
//!
//! An image with no more colours than allowed keeps them exactly. For others, colours are chosen by Wu's method in
//! Oklab, and the error is diffused to the neighbouring pixels (Floyd and Steinberg). Alpha, which neither supports, is
//! reduced to a few levels, each with its own colours.

use std::collections::HashMap;

use quantette::color_map::{IndexedColorMap as _, NearestNeighborColorMap};
use quantette::color_space::{oklab_to_srgb8, srgb8_to_oklab};
use quantette::deps::palette::{Oklab, Srgb};
use quantette::{PaletteBuf, PaletteSize, Pipeline};

/// How much of an error is diffused: all of it would turn smooth areas into noise.
const DIFFUSION: f32 = 7.0 / 8.0;
/// Maximum number of levels between transparent and opaque.
const MAX_BETWEEN: usize = 6;

/// An image of at most 256 colours.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::codec) struct Indexed {
    /// Red, green, blue and alpha; those that are not opaque come first.
    pub(in crate::codec) palette: Vec<[u8; 4]>,
    /// Each pixel's index in the palette.
    pub(in crate::codec) indices: Vec<u8>,
}

/// The transparency that a format's palette supports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::codec) enum Depth {
    /// Each pixel is transparent or opaque.
    Clear,
    /// Every level.
    Levels,
}

impl Indexed {
    /// Reduces straight RGBA pixels to at most `colours` (2 to 256), including a transparent one.
    pub(in crate::codec) fn of(pixels: &[u8], width_px: u32, colours: u16, depth: Depth) -> Self {
        let colours = usize::from(colours.clamp(2, 256));
        let pixels = pixels.as_chunks::<4>().0;
        let mut indexed = exact(pixels, colours, depth).unwrap_or_else(|| reduced(pixels, width_px, colours, depth));
        indexed.clear_first();
        indexed
    }

    /// An image whose colours are known; transparent ones are put first.
    pub(in crate::codec) fn new(palette: Vec<[u8; 4]>, indices: Vec<u8>) -> Self {
        let mut indexed = Self { palette, indices };
        indexed.clear_first();
        indexed
    }

    /// Bits that an index takes: 1, 2, 4 or 8.
    pub(in crate::codec) fn bits(&self) -> u8 {
        bits(self.palette.len())
    }

    /// Puts transparent colours first, so that the alpha table is short.
    fn clear_first(&mut self) {
        let mut order: Vec<u8> = (0..=255).take(self.palette.len()).collect();
        order.sort_by_key(|&index| self.palette.get(usize::from(index)).map_or(255, |colour| colour[3]));
        let mut new_indices = [0_u8; 256];
        for (new_index, &index) in (0..=255).zip(&order) {
            new_indices[usize::from(index)] = new_index;
        }
        self.palette.sort_by_key(|colour| colour[3]);
        for index in &mut self.indices {
            *index = new_indices[usize::from(*index)];
        }
    }
}

/// Bits that the number of one of so many colours takes: 1, 2, 4 or 8.
pub(in crate::codec) const fn bits(colours: usize) -> u8 {
    match colours {
        0..=2 => 1,
        3..=4 => 2,
        5..=16 => 4,
        _ => 8,
    }
}

/// A pixel as stored in a palette: transparent pixels have no colour.
fn seen([r, g, b, a]: [u8; 4], depth: Depth) -> [u8; 4] {
    let a = if depth == Depth::Levels { a } else { u8::from(a >= 128) * 255 };
    if a == 0 { [0; 4] } else { [r, g, b, a] }
}

/// All colours, if there are few enough.
fn exact(pixels: &[[u8; 4]], colours: usize, depth: Depth) -> Option<Indexed> {
    let mut indexes: HashMap<[u8; 4], u8> = HashMap::new();
    let mut palette = Vec::new();
    let mut indices = Vec::new();
    let mut last = ([1, 0, 0, 0], 0);
    for &pixel in pixels {
        let pixel = seen(pixel, depth);
        // Neighbours are usually equal.
        if last.0 != pixel {
            let next = palette.len();
            let index = *indexes.entry(pixel).or_insert_with(|| {
                palette.push(pixel);
                next as u8
            });
            if palette.len() > colours {
                return None;
            }
            last = (pixel, index);
        }
        indices.push(last.1);
    }
    Some(Indexed { palette, indices })
}

/// Pixels of one alpha level, which share some colours.
struct Layer {
    /// Index of its first colour in the palette.
    first: u8,
    map: NearestNeighborColorMap<Oklab, f32, 3>,
}

fn reduced(pixels: &[[u8; 4]], width_px: u32, colours: usize, depth: Depth) -> Indexed {
    let levels = Levels::of(pixels, colours, depth);
    let mut palette: Vec<[u8; 4]> = Vec::with_capacity(colours);
    let mut layers: Vec<Option<Layer>> = Vec::new();
    for (level, &share) in levels.shares.iter().enumerate() {
        if share == 0 {
            layers.push(None);
            continue;
        }
        let first = palette.len() as u8;
        let alpha = levels.alpha(level);
        if alpha == 0 {
            palette.push([0; 4]);
            layers.push(None);
            continue;
        }
        let chosen = chosen_colours(pixels.iter().filter(|pixel| levels.level(pixel[3]) == level), share);
        // Integers are written, so errors are measured against those.
        let whole = oklab_to_srgb8(&chosen);
        palette.extend(whole.iter().map(|colour| [colour.red, colour.green, colour.blue, alpha]));
        let map = PaletteBuf::new(srgb8_to_oklab(&whole)).ok().map(NearestNeighborColorMap::new);
        layers.push(map.map(|map| Layer { first, map }));
    }
    let clear = palette.iter().position(|colour| colour[3] == 0).unwrap_or(0) as u8;
    let indices = dithered(pixels, width_px.max(1) as usize, &levels, &layers, clear);
    Indexed { palette, indices }
}

fn chosen_colours<'p>(pixels: impl Iterator<Item = &'p [u8; 4]>, colours: usize) -> Vec<Oklab> {
    let pixels: Vec<Srgb<u8>> = pixels.map(|&[r, g, b, _]| Srgb::new(r, g, b)).collect();
    let size = PaletteSize::try_from(colours as u16).unwrap_or(PaletteSize::MAX);
    let pipeline = Pipeline::new().palette_size(size).dedup(true).input_slice(&pixels);
    pipeline.map_or_else(|_| Vec::new(), |pipeline| pipeline.output_oklab_palette().into_vec())
}

/// Row by row, in alternating directions.
fn dithered(pixels: &[[u8; 4]], width: usize, levels: &Levels, layers: &[Option<Layer>], clear: u8) -> Vec<u8> {
    let mut indices = vec![clear; pixels.len()];
    // One more pixel on each side, so that there are always neighbours.
    let (mut here, mut below) = (vec![[0.0_f32; 3]; width + 2], vec![[0.0_f32; 3]; width + 2]);
    let mut colours = Vec::with_capacity(width);
    for (y, (row, indices)) in pixels.chunks(width).zip(indices.chunks_mut(width)).enumerate() {
        colours.clear();
        colours.extend(row.iter().map(|&[r, g, b, _]| Srgb::new(r, g, b)));
        let colours = srgb8_to_oklab(&colours);
        let forth = y % 2 == 0;
        for n in 0..row.len() {
            let x = if forth { n } else { row.len() - 1 - n };
            let Some(Some(layer)) = layers.get(levels.level(row[x][3])) else { continue };
            let error = here[x + 1];
            let wanted = Oklab::new(colours[x].l + error[0], colours[x].a + error[1], colours[x].b + error[2]);
            let index = layer.map.palette_index(&wanted);
            indices[x] = layer.first + index;
            let Some(given) = layer.map.palette().get(usize::from(index)) else { continue };
            let rest = [wanted.l - given.l, wanted.a - given.a, wanted.b - given.b].map(|error| error * DIFFUSION);
            let (ahead, behind) = if forth { (x + 2, x) } else { (x, x + 2) };
            add(&mut here[ahead], rest, 7.0 / 16.0);
            add(&mut below[behind], rest, 3.0 / 16.0);
            add(&mut below[x + 1], rest, 5.0 / 16.0);
            add(&mut below[ahead], rest, 1.0 / 16.0);
        }
        std::mem::swap(&mut here, &mut below);
        below.fill([0.0; 3]);
    }
    indices
}

fn add(to: &mut [f32; 3], error: [f32; 3], part: f32) {
    for (to, error) in to.iter_mut().zip(error) {
        *to += error * part;
    }
}

/// The few levels that alpha is reduced to: the first is transparent, the last opaque.
struct Levels {
    /// Levels between transparent and opaque.
    between: usize,
    /// Number of colours for each level.
    shares: Vec<usize>,
    depth: Depth,
}

impl Levels {
    fn of(pixels: &[[u8; 4]], colours: usize, depth: Depth) -> Self {
        let between = if depth == Depth::Levels { MAX_BETWEEN.min(colours / 16) } else { 0 };
        let mut levels = Self { between, shares: Vec::new(), depth };
        let mut counts = vec![0_u64; between + 2];
        for &[.., alpha] in pixels {
            if let Some(count) = counts.get_mut(levels.level(alpha)) {
                *count += 1;
            }
        }
        // Transparent pixels need one colour; the other levels share the rest by their pixels, at least one each.
        let clear = usize::from(counts.first().is_some_and(|&count| count > 0));
        let all: u64 = counts.iter().skip(1).sum();
        let used = counts.iter().skip(1).filter(|count| **count > 0).count();
        let spare = (colours - clear).saturating_sub(used) as u64;
        let share = |count: u64| if count == 0 { 0 } else { 1 + (spare * count / all.max(1)) as usize };
        levels.shares = std::iter::once(clear).chain(counts.iter().skip(1).map(|&count| share(count))).collect();
        levels
    }

    /// The level of an alpha.
    fn level(&self, alpha: u8) -> usize {
        let last = self.between + 1;
        match (alpha, self.depth) {
            (0, _) => 0,
            (255, _) => last,
            (alpha, _) if self.between == 0 => usize::from(alpha >= 128) * last,
            (alpha, _) => 1 + (usize::from(alpha) - 1) * self.between / 254,
        }
    }

    /// The alpha of a level: the middle of its range.
    fn alpha(&self, level: usize) -> u8 {
        match level {
            0 => 0,
            level if level > self.between => 255,
            level => (((2 * level - 1) * 254 / (2 * self.between)) + 1) as u8,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::palette::*;

    fn shown(indexed: &Indexed) -> Vec<[u8; 4]> {
        indexed.indices.iter().map(|&index| indexed.palette[usize::from(index)]).collect()
    }

    /// A smooth ramp of more than 256 colours.
    fn ramp(width: usize, height: usize, alpha: impl Fn(usize, usize) -> u8) -> Vec<u8> {
        let pixel = |x: usize, y: usize| {
            [(x * 255 / width) as u8, (y * 255 / height) as u8, ((x + y) * 255 / (width + height)) as u8, alpha(x, y)]
        };
        (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).flat_map(|(x, y)| pixel(x, y)).collect()
    }

    #[test]
    fn an_image_with_few_colours_keeps_all_of_them() {
        let pixels: Vec<u8> = (0..256_u32).flat_map(|i| [i as u8, 7, 200, if i < 3 { i as u8 } else { 255 }]).collect();
        let indexed = Indexed::of(&pixels, 16, 256, Depth::Levels);
        let expected: Vec<[u8; 4]> =
            pixels.as_chunks::<4>().0.iter().map(|&pixel| seen(pixel, Depth::Levels)).collect();
        assert_eq!(shown(&indexed), expected);
        assert_eq!(indexed.palette.iter().filter(|colour| colour[3] < 255).count(), 3);
        assert!(indexed.palette.iter().take(3).all(|colour| colour[3] < 255), "what is not opaque comes first");
        assert_eq!((indexed.bits(), Indexed::of(&pixels[..8], 2, 256, Depth::Levels).bits()), (8, 1));
    }

    #[test]
    fn fewer_colours_are_chosen_and_dithered_to_the_same_mean() {
        let pixels = ramp(96, 64, |_, _| 255);
        for colours in [2, 3, 64, 256] {
            let indexed = Indexed::of(&pixels, 96, colours, Depth::Levels);
            assert!(indexed.palette.len() <= usize::from(colours) && indexed.palette.len() > 1);
            assert_eq!(indexed.indices.len(), 96 * 64);
            if colours < 64 {
                continue;
            }
            // Means over blocks of 8 x 8 are nearly those of the image.
            let shown = shown(&indexed);
            for (bx, by) in [(0, 0), (5, 3), (11, 7), (6, 0)] {
                for channel in 0..3 {
                    let mean = |at: &dyn Fn(usize) -> u8| {
                        let indexes = (0..64).map(|i| (by * 8 + i / 8) * 96 + bx * 8 + i % 8);
                        indexes.map(|index| f64::from(at(index))).sum::<f64>() / 64.0
                    };
                    let (before, after) = (mean(&|p| pixels[p * 4 + channel]), mean(&|p| shown[p][channel]));
                    let tolerance = if colours == 64 { 16.0 } else { 6.0 };
                    assert!((before - after).abs() <= tolerance, "{colours} colours, {channel}: {before} {after}");
                }
            }
        }
    }

    #[test]
    fn soft_edges_keep_some_levels_of_alpha_or_become_hard_if_the_format_has_none() {
        let pixels = ramp(64, 64, |x, _| (x * 4) as u8);
        let soft = Indexed::of(&pixels, 64, 256, Depth::Levels);
        assert!(soft.palette.len() <= 256);
        for (pixel, shown) in pixels.as_chunks::<4>().0.iter().zip(shown(&soft)) {
            assert!(pixel[3].abs_diff(shown[3]) <= 22, "{pixel:?} {shown:?}");
            assert_eq!(pixel[3] == 0, shown[3] == 0);
        }
        let hard = Indexed::of(&pixels, 64, 256, Depth::Clear);
        assert_eq!(hard.palette.iter().filter(|colour| colour[3] == 0).count(), 1);
        for (pixel, shown) in pixels.as_chunks::<4>().0.iter().zip(shown(&hard)) {
            assert_eq!(shown[3], if pixel[3] >= 128 { 255 } else { 0 });
        }
        let two = Indexed::of(&pixels, 64, 2, Depth::Levels);
        assert_eq!(two.palette.len(), 2, "one clear, one colour");
    }
}
