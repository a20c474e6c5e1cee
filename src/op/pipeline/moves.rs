//! Where a plan moves pixels, for a second image that belongs to the first one, such as its gain map: the same turns, crops,
//! borders and resizes, without anything that changes colours. What a step draws over the picture is covered in the second
//! image as well.

use std::sync::Arc;

use super::pass::Pass;
use crate::model::{Channels, ImageInfo, SampleType};
use crate::op::stage::{Colour, Pad, PositionalKernel, Rect, Resample, Turn, WholeKernel};

/// A pass that moves pixels.
#[derive(Clone)]
enum Move {
    Turn(Turn),
    Crop(Rect),
    Resample(Resample),
    Pad(Pad),
    Whole(Arc<dyn WholeKernel>),
    /// Pixels stay where they are, but some are covered.
    Cover(Arc<dyn PositionalKernel>),
}

/// The moves of a plan, in order.
#[derive(Clone)]
pub struct Moves {
    full: ImageInfo,
    input: ImageInfo,
    all: Vec<Move>,
}

impl Moves {
    pub(super) const fn new(full: ImageInfo, input: ImageInfo) -> Self {
        Self { full, input, all: Vec::new() }
    }

    /// Appends what passes move. (Parts of results have no moves of their own: they are for views.)
    pub(super) fn extend(&mut self, passes: &[Pass]) {
        self.all.extend(passes.iter().filter_map(|pass| {
            Some(match pass {
                Pass::Turn(turn) => Move::Turn(*turn),
                Pass::Crop(rect) => Move::Crop(*rect),
                Pass::Resample(to) => Move::Resample(to.clone()),
                Pass::Pad(pad) => Move::Pad(*pad),
                Pass::Whole(kernel) => Move::Whole(Arc::clone(kernel)),
                Pass::Positional { kernel, .. } if kernel.covers() => Move::Cover(Arc::clone(kernel)),
                _ => return None,
            })
        }));
    }

    /// Appends other moves of the same image.
    pub(super) fn append(&mut self, others: &Self) {
        self.all.extend(others.all.iter().cloned());
    }

    /// Whether every pixel stays where it is, and none is covered.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Whether rows become columns.
    pub fn swaps_axes(&self) -> bool {
        let turns = self.all.iter().filter(|one| matches!(one, Move::Turn(turn) if turn.orientation().swaps_axes()));
        turns.count() % 2 == 1
    }

    /// The stored image, and the same at the scale of the view, as a second image with these channels (without alpha).
    pub(super) fn images(&self, channels: Channels) -> (ImageInfo, ImageInfo) {
        let second = |info| ImageInfo { channels, sample: SampleType::U8, premultiplied: false, ..info };
        (second(self.full), second(self.input))
    }

    /// The passes for such an image. `fill` is for pixels outside of the image, and for those that are covered.
    pub(super) fn passes(&self, channels: Channels, [red, green, blue]: [f32; 3]) -> Vec<Pass> {
        let background = Colour([red, green, blue, 1.0]);
        let passes = self.all.iter().map(|one| match one {
            Move::Turn(turn) => Pass::Turn(*turn),
            Move::Crop(rect) => Pass::Crop(*rect),
            Move::Resample(to) => Pass::Resample(Resample { linear_light: None, ..to.clone() }),
            Move::Pad(pad) => Pass::Pad(Pad { background, ..*pad }),
            Move::Whole(kernel) => Pass::Whole(kernel.moving(channels, background)),
            Move::Cover(kernel) => Pass::Positional {
                kernel: Arc::new(Covering { kernel: Arc::clone(kernel), background }),
                origin: (0, 0),
            },
        });
        passes.collect()
    }
}

/// Fills what a kernel covers.
struct Covering {
    kernel: Arc<dyn PositionalKernel>,
    background: Colour,
}

impl PositionalKernel for Covering {
    fn held_bytes(&self) -> u64 {
        self.kernel.held_bytes()
    }

    fn apply(&self, x: u32, y: u32, samples: &mut [f32], channels: Channels) {
        self.kernel.cover(x, y, samples, channels, self.background);
    }
}
