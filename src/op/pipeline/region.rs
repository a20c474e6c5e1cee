//! Computes part of a result: finds which part of every pass is needed. The crop is pushed back from the last pass to
//! the first, so that each pass computes only that part (and the neighbourhood it reads), bit for bit as in the whole.

use std::sync::Arc;

use super::pass::{Pass, ResampledPart, WholePart};
use crate::model::ImageInfo;
use crate::op::stage::{Pad, Rect};

/// A planned pass, or one that computes part of it.
pub(crate) enum RegionPass<'a> {
    /// Unchanged.
    Same(&'a Pass),
    /// Part of a pass.
    Part(Pass),
}

impl RegionPass<'_> {
    /// The pass to run.
    pub(crate) const fn pass(&self) -> &Pass {
        match self {
            Self::Same(pass) => pass,
            Self::Part(pass) => pass,
        }
    }
}

/// The passes that compute the `wanted` part of the result of `passes` for an image like `input`.
pub(crate) fn focus<'a>(passes: &[&'a Pass], input: ImageInfo, wanted: Rect) -> Vec<RegionPass<'a>> {
    let mut inputs = vec![input];
    let mut info = input;
    for pass in passes {
        info = pass.output(info);
        inputs.push(info);
    }
    let mut wanted = wanted.within(&info);
    // Last pass first.
    let mut focused = Vec::new();
    for (pass, input) in passes.iter().zip(&inputs).rev() {
        wanted = push_back(pass, input, wanted, &mut focused);
    }
    if !wanted.is_all_of(&input) {
        focused.push(RegionPass::Part(Pass::Crop(wanted)));
    }
    focused.reverse();
    focused
}

/// Appends what produces the `wanted` part of a pass's result (in reverse order), and returns the part of its input
/// that this needs.
fn push_back<'a>(pass: &'a Pass, input: &ImageInfo, wanted: Rect, focused: &mut Vec<RegionPass<'a>>) -> Rect {
    match pass {
        Pass::Crop(rect) => Rect { x: wanted.x + rect.x, y: wanted.y + rect.y, ..wanted },
        Pass::Turn(turn) => {
            focused.push(RegionPass::Same(pass));
            turn.rect_before(wanted, &turn.output(*input))
        }
        Pass::Points(_) => {
            focused.push(RegionPass::Same(pass));
            wanted
        }
        Pass::Positional { kernel, origin } => {
            let origin = (origin.0 + wanted.x, origin.1 + wanted.y);
            focused.push(RegionPass::Part(Pass::Positional { kernel: Arc::clone(kernel), origin }));
            wanted
        }
        Pass::Window { halo_px, .. } => {
            let needed = wanted.grown(*halo_px, input);
            crop(wanted, needed, focused);
            focused.push(RegionPass::Same(pass));
            needed
        }
        Pass::Stream(kernel) => {
            let needed = kernel.needs(wanted, input);
            crop(wanted, needed, focused);
            focused.push(RegionPass::Same(pass));
            needed
        }
        Pass::Resample(to) => {
            let part = ResampledPart::new(to, *input, wanted);
            let needed = part.arrives;
            focused.push(RegionPass::Part(Pass::ResampledPart(part)));
            needed
        }
        Pass::Pad(pad) => padded(pad, input, wanted, focused),
        Pass::Whole(kernel) => {
            let arrives = kernel.needs(input, wanted).within(input);
            let part = WholePart { kernel: Arc::clone(kernel), input: *input, arrives, wanted };
            focused.push(RegionPass::Part(Pass::WholePart(part)));
            arrives
        }
        // Already reduced to a part.
        Pass::WholePart(_) | Pass::ResampledPart(_) => {
            crop(wanted, Rect::all_of(&pass.output(*input)), focused);
            focused.push(RegionPass::Same(pass));
            Rect::all_of(input)
        }
    }
}

/// Cuts `wanted` out of `given`, if it is smaller.
fn crop(wanted: Rect, given: Rect, focused: &mut Vec<RegionPass<'_>>) {
    if wanted != given {
        let rect = Rect { x: wanted.x - given.x, y: wanted.y - given.y, ..wanted };
        focused.push(RegionPass::Part(Pass::Crop(rect)));
    }
}

fn padded(pad: &Pad, input: &ImageInfo, wanted: Rect, focused: &mut Vec<RegionPass<'_>>) -> Rect {
    let inner = Rect { x: pad.left_px, y: pad.top_px, width_px: input.width_px, height_px: input.height_px };
    if let Some(seen) = wanted.common(inner) {
        let part = Pad {
            left_px: seen.x - wanted.x,
            top_px: seen.y - wanted.y,
            width_px: wanted.width_px,
            height_px: wanted.height_px,
            background: pad.background,
        };
        focused.push(RegionPass::Part(Pass::Pad(part)));
        return Rect { x: seen.x - inner.x, y: seen.y - inner.y, ..seen };
    }
    // Only border is visible: one image pixel is placed beside it, because a pass needs input, and cut off.
    let wider = Pad {
        left_px: wanted.width_px,
        top_px: 0,
        width_px: wanted.width_px.saturating_add(1),
        height_px: wanted.height_px,
        background: pad.background,
    };
    focused.push(RegionPass::Part(Pass::Crop(Rect { x: 0, y: 0, ..wanted })));
    focused.push(RegionPass::Part(Pass::Pad(wider)));
    Rect { x: 0, y: 0, width_px: 1, height_px: 1 }
}
