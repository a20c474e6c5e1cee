//! Resampling filters and their weights for the pixels of a line.

use std::sync::Arc;

use super::line_cache::LineCache;
use crate::model::ImageInfo;
use crate::op::stage::Resample;
use crate::op::stage::ResampleFilter;

/// For each output pixel of a line, the input pixels that contribute and their weights. Starts never decrease.
pub(crate) struct ResampleWeights {
    starts: Vec<usize>,
    /// `weights[offsets[i]..offsets[i + 1]]` belong to output pixel `i`.
    offsets: Vec<usize>,
    weights: Vec<f32>,
}

/// What the weights of a line depend on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Line {
    input_px: u32,
    from_px: f64,
    size_px: f64,
    output_px: u32,
    kernel: ResampleFilter,
}

impl Line {
    /// The lines that are rows.
    pub(crate) fn across(to: &Resample, input: &ImageInfo) -> Self {
        let (from_px, size_px) = (to.left_px, to.box_width_px);
        Self { input_px: input.width_px, from_px, size_px, output_px: to.width_px, kernel: to.kernel }
    }

    /// The lines that are columns.
    pub(crate) fn down(to: &Resample, input: &ImageInfo) -> Self {
        let (from_px, size_px) = (to.top_px, to.box_height_px);
        Self { input_px: input.height_px, from_px, size_px, output_px: to.height_px, kernel: to.kernel }
    }
}

impl ResampleWeights {
    /// Weights that map `size` px, starting at `from_px`, of an input line of `input_px` to `output_px` pixels.
    pub(crate) fn new(input_px: u32, from_px: f64, size: f64, output_px: u32, kernel: ResampleFilter) -> Self {
        let scale = size / f64::from(output_px);
        let widening = scale.max(1.0);
        let radius = kernel.radius() * widening;
        let last = f64::from(input_px) - 1.0;
        let mut taps = Self { starts: Vec::new(), offsets: vec![0], weights: Vec::new() };
        let mut line: Vec<f64> = Vec::new();
        for i in 0..output_px {
            let centre = from_px + (f64::from(i) + 0.5) * scale;
            if kernel == ResampleFilter::Nearest {
                taps.push(centre.floor().clamp(0.0, last) as usize, &[1.0]);
                continue;
            }
            let first = (centre - radius).floor().clamp(0.0, last);
            let end = (centre + radius).ceil().clamp(first + 1.0, last + 1.0);
            line.clear();
            line.extend((first as u64..end as u64).map(|x| kernel.weight((x as f64 + 0.5 - centre) / widening)));
            let sum: f64 = line.iter().sum();
            // Only rounding noise is dropped, so that a line on its own grid stays unchanged.
            let lead = line.iter().take_while(|weight| weight.abs() < 1e-9).count().min(line.len() - 1);
            let trail = line.iter().rev().take_while(|weight| weight.abs() < 1e-9).count().min(line.len() - 1 - lead);
            let kept = line.get_mut(lead..).unwrap_or_default();
            let kept_len = kept.len() - trail;
            for weight in kept.iter_mut() {
                *weight /= if sum == 0.0 { 1.0 } else { sum };
            }
            taps.push(first as usize + lead, kept.get(..kept_len).unwrap_or_default());
        }
        taps
    }

    /// Weights along rows.
    pub(crate) fn across(to: &Resample, input: &ImageInfo) -> Arc<Self> {
        Self::along(Line::across(to, input))
    }

    /// Weights along columns.
    pub(crate) fn down(to: &Resample, input: &ImageInfo) -> Arc<Self> {
        Self::along(Line::down(to, input))
    }

    fn along(line: Line) -> Arc<Self> {
        static KEPT: LineCache<Line, ResampleWeights> = LineCache::new();
        let Line { input_px, from_px, size_px, output_px, kernel } = line;
        let bytes = |taps: &Self| taps.weights.len() * 4 + taps.starts.len() * 16;
        KEPT.get(line, bytes, || Self::new(input_px, from_px, size_px, output_px, kernel))
    }

    /// The weights of `count` output pixels from `first` on, for a line that starts at pixel `origin` of the input.
    pub(crate) fn part(&self, first: u32, count: u32, origin: u32) -> Self {
        let mut part = Self { starts: Vec::new(), offsets: vec![0], weights: Vec::new() };
        for i in first as usize..(first + count) as usize {
            let (start, weights) = self.of(i);
            part.starts.push(start.saturating_sub(origin as usize));
            part.weights.extend_from_slice(weights);
            part.offsets.push(part.weights.len());
        }
        part
    }

    fn push(&mut self, start: usize, weights: &[f64]) {
        self.starts.push(start);
        self.weights.extend(weights.iter().map(|weight| *weight as f32));
        self.offsets.push(self.weights.len());
    }

    /// The first input pixel of an output pixel, and the weights from there on.
    #[inline(always)]
    pub(crate) fn of(&self, output: usize) -> (usize, &[f32]) {
        match (self.starts.get(output), self.offsets.get(output..output + 2)) {
            (Some(start), Some([from, to])) => (*start, self.weights.get(*from..*to).unwrap_or_default()),
            _ => (0, &[]),
        }
    }

    /// Number of output pixels.
    pub(crate) const fn len(&self) -> usize {
        self.starts.len()
    }

    /// One past the last input pixel that output pixels `first` to `last` need.
    pub(crate) fn end(&self, first: usize, last: usize) -> usize {
        (first..=last.min(self.len().saturating_sub(1)))
            .map(|i| self.of(i))
            .map(|(s, w)| s + w.len())
            .max()
            .unwrap_or(0)
    }

    /// The first input pixel that output pixels `first` to `last` need.
    pub(crate) fn start(&self, first: usize, last: usize) -> usize {
        (first..=last.min(self.len().saturating_sub(1))).map(|i| self.of(i).0).min().unwrap_or(0)
    }

    /// The largest number of input pixels that `batch` neighbouring output pixels need.
    pub(crate) fn span(&self, batch: usize) -> usize {
        (0..self.len())
            .step_by(batch)
            .map(|i| self.end(i, i + batch - 1) - self.start(i, i + batch - 1))
            .max()
            .unwrap_or(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [ResampleFilter; 5] = [
        ResampleFilter::Nearest,
        ResampleFilter::Bilinear,
        ResampleFilter::CatmullRom,
        ResampleFilter::Mitchell,
        ResampleFilter::Lanczos3,
    ];

    #[test]
    fn weights_of_every_pixel_sum_to_one_and_stay_inside() {
        for kernel in ALL {
            for (input, output) in [(1, 1), (1, 7), (7, 1), (100, 33), (33, 100), (4000, 3), (3, 4000)] {
                let taps = ResampleWeights::new(input, 0.0, f64::from(input), output, kernel);
                assert_eq!(taps.len(), output as usize);
                for i in 0..taps.len() {
                    let (start, weights) = taps.of(i);
                    assert!(
                        !weights.is_empty() && start + weights.len() <= input as usize,
                        "{kernel:?} {input} {output}"
                    );
                    let sum: f32 = weights.iter().sum();
                    assert!((sum - 1.0).abs() < 1e-4, "{kernel:?} {input} {output}: {sum}");
                }
            }
        }
    }

    #[test]
    fn an_interpolating_filter_keeps_every_pixel_on_its_own_grid() {
        for kernel in
            [ResampleFilter::Nearest, ResampleFilter::Bilinear, ResampleFilter::CatmullRom, ResampleFilter::Lanczos3]
        {
            let taps = ResampleWeights::new(9, 0.0, 9.0, 9, kernel);
            for i in 0..9 {
                assert_eq!(taps.of(i), (i, [1.0_f32].as_slice()), "{kernel:?}");
            }
        }
    }
}
