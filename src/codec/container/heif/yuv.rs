//! Converts luma and chroma to gray or RGB, row by row (ISO 23091-2); chroma is upsampled bilinearly between sample
//! centres, as in libavif.

use super::frame::{Frame, Layout, Plane};
use crate::codec::colour::Rewind;
use crate::codec::errors;
use crate::codec::pixels::convert;
use crate::codec::pixels::whole_image::shape;
use crate::error::ItemError;
use crate::model::{Band, ImageInfo, RowReader, SampleType, Samples};

/// How colours were converted to luma and chroma.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Matrix {
    /// The weights of red and blue in luma.
    Weights(f32, f32),
    /// The planes are green, blue and red.
    Identity,
    /// YCgCo: luma, and chroma of green and of orange.
    YCgCo,
}

impl Matrix {
    /// From its number and that of the primaries; `None` for one that is not supported.
    pub(crate) fn from_number(number: u16, primaries: u16) -> Option<Self> {
        Some(match number {
            0 => Self::Identity,
            1 => Self::Weights(0.2126, 0.0722),
            4 => Self::Weights(0.30, 0.11),
            // Unspecified: Rec. 601, as other decoders assume.
            2 | 3 | 5 | 6 => Self::Weights(0.299, 0.114),
            7 => Self::Weights(0.212, 0.087),
            8 => Self::YCgCo,
            9 => Self::Weights(0.2627, 0.0593),
            12 => {
                let (red, blue) = weights(primaries);
                Self::Weights(red, blue)
            }
            _ => return None,
        })
    }
}

/// The weights of red and blue in luma that follow from primaries (ISO 23091-2, 8.3, equations 22 to 27).
fn weights(primaries: u16) -> (f32, f32) {
    // x and y of red, green, blue and white.
    const D65: [f64; 2] = [0.3127, 0.3290];
    let (red, green, blue, white) = match primaries {
        4 => ([0.67, 0.33], [0.21, 0.71], [0.14, 0.08], [0.310, 0.316]),
        5 => ([0.64, 0.33], [0.29, 0.60], [0.15, 0.06], D65),
        6 | 7 => ([0.630, 0.340], [0.310, 0.595], [0.155, 0.070], D65),
        8 => ([0.681, 0.319], [0.243, 0.692], [0.145, 0.049], [0.310, 0.316]),
        9 => ([0.708, 0.292], [0.170, 0.797], [0.131, 0.046], D65),
        11 => ([0.680, 0.320], [0.265, 0.690], [0.150, 0.060], [0.314, 0.351]),
        12 => ([0.680, 0.320], [0.265, 0.690], [0.150, 0.060], D65),
        22 => ([0.630, 0.340], [0.295, 0.605], [0.155, 0.077], D65),
        // Rec. 709, for unspecified ones too.
        _ => ([0.64, 0.33], [0.30, 0.60], [0.15, 0.06], D65),
    };
    let xyz = |[x, y]: [f64; 2]| [x, y, 1.0 - x - y];
    let ([rx, ry, rz], [gx, gy, gz], [bx, by, bz], [wx, wy, wz]) = (xyz(red), xyz(green), xyz(blue), xyz(white));
    let all = wy * (rx * (gy * bz - by * gz) + gx * (by * rz - ry * bz) + bx * (ry * gz - gy * rz));
    let of_red = ry * (wx * (gy * bz - by * gz) + wy * (bx * gz - gx * bz) + wz * (gx * by - bx * gy));
    let of_blue = by * (wx * (ry * gz - gy * rz) + wy * (gx * rz - rx * gz) + wz * (rx * gy - gx * ry));
    ((of_red / all) as f32, (of_blue / all) as f32)
}

/// Returns a decoded image's rows.
pub(crate) struct YuvRows {
    pub(crate) info: ImageInfo,
    pub(crate) frame: Frame,
    pub(crate) alpha: Option<Frame>,
    /// Whether colours are premultiplied; the result is straight.
    pub(crate) premultiplied: bool,
    pub(crate) matrix: Matrix,
    pub(crate) full_range: bool,
    /// The image's position within the frame, in px.
    pub(crate) left: usize,
    pub(crate) top: usize,
    pub(crate) next_row: u32,
    pub(crate) lines: Lines,
}

/// One row of each plane at full width, 0 to 1 and chroma -0.5 to 0.5; and a chroma row as it is stored.
#[derive(Default)]
pub(crate) struct Lines {
    luma: Vec<f32>,
    chroma: [Vec<f32>; 2],
    alpha: Vec<f32>,
    stored: Vec<f32>,
}

/// Maps stored values to 0 to 1: the value of 0, and the distance from there to 1.
#[derive(Clone, Copy)]
struct Range {
    zero: f32,
    span: f32,
}

impl Range {
    const fn luma(bits: u8, full: bool) -> Self {
        let unit = 1u32 << (bits - 8);
        if full {
            Self { zero: 0.0, span: ((1u32 << bits) - 1) as f32 }
        } else {
            Self { zero: (16 * unit) as f32, span: (219 * unit) as f32 }
        }
    }

    const fn chroma(bits: u8, full: bool) -> Self {
        let unit = 1u32 << (bits - 8);
        let span = if full { (1u32 << bits) - 1 } else { 224 * unit };
        Self { zero: (128 * unit) as f32, span: span as f32 }
    }
}

/// A stored row (or one blended with its neighbour) as floats.
fn load(plane: &Plane, y: usize, range: Range, into: &mut Vec<f32>, weight: Option<f32>) {
    let from = y.min(plane.height.saturating_sub(1)) * plane.width;
    let scale = 1.0 / range.span;
    let value = |stored: f32| (stored - range.zero) * scale;
    let mut fill = |values: &mut dyn Iterator<Item = f32>| match weight {
        None => {
            into.clear();
            into.extend(values.map(value));
        }
        Some(weight) => {
            for (kept, stored) in into.iter_mut().zip(values) {
                *kept = *kept * (1.0 - weight) + value(stored) * weight;
            }
        }
    };
    match &plane.samples {
        Samples::U8(samples) => {
            fill(&mut samples.get(from..from + plane.width).unwrap_or_default().iter().map(|&v| f32::from(v)));
        }
        Samples::U16(samples) => {
            fill(&mut samples.get(from..from + plane.width).unwrap_or_default().iter().map(|&v| f32::from(v)));
        }
        Samples::F32(_) => {}
    }
}

/// Doubles the number of samples: a quarter of a stored sample to the left and right of each.
fn widen(stored: &[f32], width: usize, into: &mut Vec<f32>) {
    into.clear();
    let last = stored.len().saturating_sub(1);
    let at = |index: usize| stored.get(index.min(last)).copied().unwrap_or_default();
    for index in 0..stored.len() {
        let here = at(index);
        into.push(here.mul_add(0.75, at(index.saturating_sub(1)) * 0.25));
        into.push(here.mul_add(0.75, at(index + 1) * 0.25));
    }
    into.truncate(width);
}

impl YuvRows {
    /// Fills the lines with the frame's row `y`.
    fn load_lines(&mut self, y: usize) {
        let Frame { layout, bits, planes: [luma, chroma @ ..], .. } = &self.frame;
        let range = Range::luma(*bits, self.full_range);
        load(luma, y, range, &mut self.lines.luma, None);
        // Colour planes have no neutral value.
        let identity = self.matrix == Matrix::Identity;
        let range = if identity { range } else { Range::chroma(*bits, self.full_range) };
        for (plane, line) in chroma.iter().zip(&mut self.lines.chroma) {
            let stored = &mut self.lines.stored;
            match layout {
                Layout::Gray => {}
                Layout::Full => load(plane, y, range, line, None),
                Layout::HalfWide => {
                    load(plane, y, range, stored, None);
                    widen(stored, luma.width, line);
                }
                Layout::Half => {
                    load(plane, y / 2, range, stored, None);
                    let other = if y.is_multiple_of(2) { (y / 2).saturating_sub(1) } else { y / 2 + 1 };
                    load(plane, other, range, stored, Some(0.25));
                    widen(stored, luma.width, line);
                }
            }
        }
        if let Some(alpha) = &self.alpha {
            let range = Range::luma(alpha.bits, alpha.full_range);
            let [luma, ..] = &alpha.planes;
            load(luma, y, range, &mut self.lines.alpha, None);
        }
    }

    /// One row of samples, rounded by `to`.
    fn push_row<T>(&self, samples: &mut Vec<T>, to: impl Fn(f32) -> T) {
        let Lines { luma, chroma: [first, second], alpha, .. } = &self.lines;
        let columns = self.left..self.left + self.info.width_px as usize;
        let cut = |line: &'_ [f32]| -> std::ops::Range<usize> {
            if line.len() >= columns.end { columns.clone() } else { 0..0 }
        };
        let luma = &luma[cut(luma)];
        let mut alpha = alpha[cut(alpha)].iter();
        if self.frame.layout == Layout::Gray {
            for &gray in luma {
                samples.push(to(gray));
                samples.extend(alpha.next().map(|&alpha| to(alpha)));
            }
            return;
        }
        let chroma = first[cut(first)].iter().zip(&second[cut(second)]);
        let pixels = luma.iter().zip(chroma);
        let mut push = |[r, g, b]: [f32; 3]| {
            samples.extend([to(r), to(g), to(b)]);
            samples.extend(alpha.next().map(|&alpha| to(alpha)));
        };
        match self.matrix {
            Matrix::Identity => pixels.for_each(|(&g, (&b, &r))| push([r, g, b])),
            Matrix::YCgCo => pixels.for_each(|(&y, (&green, &orange))| {
                push([y - green + orange, y + green, y - green - orange]);
            }),
            Matrix::Weights(red, blue) => {
                let green = 1.0 - red - blue;
                let (to_red, to_blue) = (2.0 * (1.0 - red), 2.0 * (1.0 - blue));
                let (less_red, less_blue) = (red * to_red / green, blue * to_blue / green);
                pixels.for_each(|(&y, (&u, &v))| {
                    push([to_red.mul_add(v, y), y - less_blue * u - less_red * v, to_blue.mul_add(u, y)]);
                });
            }
        }
    }
}

impl Rewind for YuvRows {
    fn rewind(&mut self) {
        self.next_row = 0;
    }
}

impl RowReader for YuvRows {
    fn info(&self) -> ImageInfo {
        self.info
    }

    fn read_rows(&mut self, max_rows: u32, band: &mut Band) -> Result<u32, ItemError> {
        let rows = max_rows.min(self.info.height_px - self.next_row);
        shape(band, &self.info, rows);
        let mut samples = std::mem::replace(&mut band.samples, Samples::empty(SampleType::U8));
        match &mut samples {
            Samples::U8(samples) => samples.clear(),
            Samples::U16(samples) => samples.clear(),
            Samples::F32(samples) => samples.clear(),
        }
        for _ in 0..rows {
            self.load_lines(self.top + self.next_row as usize);
            match &mut samples {
                // `as` saturates.
                Samples::U8(samples) => self.push_row(samples, |value| value.mul_add(255.0, 0.5) as u8),
                Samples::U16(samples) => self.push_row(samples, |value| value.mul_add(65_535.0, 0.5) as u16),
                Samples::F32(_) => {}
            }
            self.next_row += 1;
        }
        if self.premultiplied {
            convert::straighten(&mut samples, self.info.channels);
        }
        let whole = samples.len() == self.info.row_samples() * rows as usize;
        band.samples = samples;
        if whole { Ok(rows) } else { Err(errors::corrupt("heif_planes_small")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_follow_from_primaries() {
        // Rec. 709 and 2020 state theirs; those of Display P3 are in SMPTE EG 432-1.
        for (primaries, red, blue) in
            [(1, 0.2126, 0.0722), (9, 0.2627, 0.0593), (12, 0.2290, 0.0793), (2, 0.2126, 0.0722)]
        {
            let Some(Matrix::Weights(made_red, made_blue)) = Matrix::from_number(12, primaries) else {
                panic!("weights")
            };
            assert!(
                (made_red - red).abs() < 1e-4 && (made_blue - blue).abs() < 1e-4,
                "{primaries}: {made_red} {made_blue}"
            );
        }
    }

    #[test]
    fn chroma_is_centred_between_its_pixels() {
        let mut wide = Vec::new();
        widen(&[0.0, 4.0, 8.0], 5, &mut wide);
        assert_eq!(wide, [0.0, 1.0, 3.0, 5.0, 7.0]);
        widen(&[2.0], 1, &mut wide);
        assert_eq!(wide, [2.0]);
    }
}
