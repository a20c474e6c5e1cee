//! One pass over an image.

use std::sync::Arc;

use crate::model::ImageInfo;
use crate::op::kernels::resample_weights::ResampleWeights;
use crate::op::stage::{
    Pad, PointKernel, PositionalKernel, Rect, Resample, StreamKernel, Turn, WholeKernel, WindowKernel,
};

/// One pass over the image.
pub(crate) enum Pass {
    Turn(Turn),
    Crop(Rect),
    Resample(Resample),
    /// Part of a resampled image.
    ResampledPart(ResampledPart),
    Pad(Pad),
    Points(Vec<Box<dyn PointKernel>>),
    Positional {
        kernel: Arc<dyn PositionalKernel>,
        origin: (u32, u32),
    },
    Window {
        halo_px: u32,
        kernel: Box<dyn WindowKernel>,
    },
    Stream(Box<dyn StreamKernel>),
    Whole(Arc<dyn WholeKernel>),
    /// Part of the result of a step on the whole image.
    WholePart(WholePart),
}

impl Pass {
    /// The output for this input.
    pub(crate) fn output(&self, input: ImageInfo) -> ImageInfo {
        match self {
            Self::Turn(turn) => turn.output(input),
            Self::Crop(rect) => ImageInfo { width_px: rect.width_px, height_px: rect.height_px, ..input },
            Self::Resample(to) => ImageInfo { width_px: to.width_px, height_px: to.height_px, ..input },
            Self::ResampledPart(ResampledPart { wanted, .. }) => {
                ImageInfo { width_px: wanted.width_px, height_px: wanted.height_px, ..input }
            }
            Self::Pad(pad) => ImageInfo {
                width_px: pad.width_px,
                height_px: pad.height_px,
                channels: pad.background.channels_with(input.channels),
                ..input
            },
            Self::Points(kernels) => ImageInfo {
                channels: kernels.iter().fold(input.channels, |channels, kernel| kernel.channels(channels)),
                ..input
            },
            Self::Positional { kernel, .. } => ImageInfo { channels: kernel.channels(input.channels), ..input },
            Self::Window { .. } | Self::Stream(_) => input,
            Self::Whole(kernel) => kernel.output(&input),
            Self::WholePart(part) => {
                let (width_px, height_px) = (part.wanted.width_px, part.wanted.height_px);
                ImageInfo { width_px, height_px, ..part.kernel.output(&input) }
            }
        }
    }

    /// Whether samples are computed instead of moved.
    pub(crate) const fn computes(&self) -> bool {
        !matches!(self, Self::Turn(_) | Self::Crop(_) | Self::Pad(_))
    }
}

/// Part of a resampled image.
pub(crate) struct ResampledPart {
    /// The resampling of the whole image.
    pub(crate) whole: Resample,
    /// The whole image before the pass.
    pub(crate) input: ImageInfo,
    /// The part of it that arrives.
    pub(crate) arrives: Rect,
    /// The requested part of the result.
    pub(crate) wanted: Rect,
}

impl ResampledPart {
    pub(super) fn new(whole: &Resample, input: ImageInfo, wanted: Rect) -> Self {
        let held = |taps: &ResampleWeights, first: u32, count: u32| {
            let (first, last) = (first as usize, (first + count - 1) as usize);
            let start = taps.start(first, last);
            (start as u32, (taps.end(first, last) - start) as u32)
        };
        let (x, width_px) = held(&ResampleWeights::across(whole, &input), wanted.x, wanted.width_px);
        let (y, height_px) = held(&ResampleWeights::down(whole, &input), wanted.y, wanted.height_px);
        Self { whole: whole.clone(), input, arrives: Rect { x, y, width_px, height_px }, wanted }
    }

    /// Weights along rows.
    pub(crate) fn across(&self) -> ResampleWeights {
        ResampleWeights::across(&self.whole, &self.input).part(self.wanted.x, self.wanted.width_px, self.arrives.x)
    }

    /// Weights along columns.
    pub(crate) fn down(&self) -> ResampleWeights {
        ResampleWeights::down(&self.whole, &self.input).part(self.wanted.y, self.wanted.height_px, self.arrives.y)
    }
}

/// Part of the result of a step on the whole image.
pub(crate) struct WholePart {
    /// The step.
    pub(crate) kernel: Arc<dyn WholeKernel>,
    /// The whole image before the pass.
    pub(crate) input: ImageInfo,
    /// The part of it that arrives.
    pub(crate) arrives: Rect,
    /// The requested part of the result.
    pub(crate) wanted: Rect,
}
