//! Pixels for the missing part of a truncated file: transparent if the image has alpha, otherwise gray.

use std::ops::Range;

use crate::model::{ImageInfo, Samples};

/// Fills a range of samples.
pub(crate) fn fill(samples: &mut Samples, range: Range<usize>, info: &ImageInfo) {
    let clear = info.channels.has_alpha();
    match samples {
        Samples::U8(samples) => fill_with(samples, range, if clear { 0 } else { 128 }),
        Samples::U16(samples) => fill_with(samples, range, if clear { 0 } else { 32_896 }),
        Samples::F32(samples) => fill_with(samples, range, if clear { 0.0 } else { 0.5 }),
    }
}

fn fill_with<T: Clone>(samples: &mut [T], range: Range<usize>, value: T) {
    samples.get_mut(range).unwrap_or_default().fill(value);
}

/// Adds a row of placeholders.
pub(crate) fn add_row(samples: &mut Samples, info: &ImageInfo) {
    let from = samples.len();
    let to = from + info.row_samples();
    match samples {
        Samples::U8(samples) => samples.resize(to, 0),
        Samples::U16(samples) => samples.resize(to, 0),
        Samples::F32(samples) => samples.resize(to, 0.0),
    }
    fill(samples, from..to, info);
}

/// Fills columns of the last row.
pub(crate) fn fill_last_row(samples: &mut Samples, columns: Range<usize>, info: &ImageInfo) {
    let (row, count) = (samples.len().saturating_sub(info.row_samples()), info.channels.count());
    fill(samples, row + columns.start * count..row + columns.end * count, info);
}
