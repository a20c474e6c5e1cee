//! Steps that combine an image with its Gaussian blur: the blur alone, unsharp masks, local contrast. Narrow blurs are
//! weighted sums in two passes; wide ones are summed on a coarse grid.

use super::alpha::keep_alpha;
use super::gaussian::Gaussian;
use super::wide_gaussian::{FROM_SIGMA, Wide};
use crate::model::{Channels, ImageInfo};
use crate::op::stage::{Blend, Rect, RowStream, Stage, StreamKernel, WindowKernel, WindowRows};

/// Combines original and blurred pixels.
pub(crate) trait Mix: Send + Sync {
    /// Changes `blurred` in place; neither is premultiplied. The original's alpha is restored afterwards.
    fn mix(&self, original: &[f32], blurred: &mut [f32], channels: Channels);

    /// The amount, if this is a plain unsharp mask.
    fn amount(&self) -> Option<f32> {
        None
    }
}

/// A blur of `sigma_px`, combined with the original by `mix`.
pub(crate) fn stage(sigma_px: f64, mix: Option<Box<dyn Mix>>) -> Stage {
    let blur = Gaussian::new(sigma_px);
    let halo_px = blur.radius();
    if halo_px == 0 && mix.is_none() {
        Stage::Nothing
    } else if sigma_px >= FROM_SIGMA {
        Stage::Stream(Box::new(Mixed { blur: Wide::new(sigma_px, blur.into_weights()), mix }))
    } else {
        Stage::Window { halo_px, kernel: Box::new(Mixed { blur, mix }) }
    }
}

struct Mixed<B> {
    blur: B,
    mix: Option<Box<dyn Mix>>,
}

impl<B> Mixed<B> {
    fn mix(&self, original: &[f32], channels: Channels, out: &mut [f32]) {
        if let Some(mix) = &self.mix {
            mix.mix(original, out, channels);
            keep_alpha(original, channels, out);
        }
    }
}

impl WindowKernel for Mixed<Gaussian> {
    fn prepare(&self, extended: &[f32], channels: Channels, prepared: &mut [f32]) {
        self.blur.prepare(extended, channels, prepared);
    }

    fn finish(&self, rows: &WindowRows<'_>, out: &mut [f32]) {
        self.blur.finish(rows, out);
    }

    fn combine(&self, original: &[f32], channels: Channels, out: &mut [f32]) {
        self.mix(original, channels, out);
    }

    fn wants_original(&self) -> bool {
        self.mix.is_some()
    }

    fn commutes_with_luma(&self) -> bool {
        self.mix.is_none()
    }

    fn is_symmetric(&self) -> bool {
        true
    }

    fn blend(&self) -> Option<Blend<'_>> {
        let amount = match &self.mix {
            Some(mix) => Some(mix.amount()?),
            None => None,
        };
        Some(Blend { weights: self.blur.weights(), amount })
    }
}

impl StreamKernel for Mixed<Wide> {
    fn start(&self, input: &ImageInfo) -> Box<dyn RowStream + '_> {
        Box::new(self.blur.start(input))
    }

    fn lead_px(&self, _input: &ImageInfo) -> u32 {
        self.blur.lead_px()
    }

    fn held_bytes(&self, input: &ImageInfo) -> u64 {
        self.blur.held_bytes(input)
    }

    fn needs(&self, part: Rect, input: &ImageInfo) -> Rect {
        self.blur.needs(part, input)
    }

    fn combine(&self, original: &[f32], channels: Channels, out: &mut [f32]) {
        self.mix(original, channels, out);
    }

    fn wants_original(&self) -> bool {
        self.mix.is_some()
    }

    fn commutes_with_luma(&self) -> bool {
        self.mix.is_none()
    }

    fn is_symmetric(&self) -> bool {
        true
    }
}
