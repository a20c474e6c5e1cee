//! Previews at 100 %: only the visible part of a result is computed, with a margin for the next drag.

use super::decode;
use crate::codec::{self, DecodeControl, DecodeOptions};
use crate::engine::api::view::Pixels;
use crate::engine::item::decode_image::{DecodeChoice, DecodedImage};
use crate::engine::item::decoded::{Collector, ImageRows};
use crate::engine::item::render::full_plan;
use crate::error::ItemError;
use crate::model::{Image, Orientation, Recipe};
use crate::op::stage::Rect;
use crate::op::{Pipeline, Plan};

/// The margin computed beyond each edge of the visible part, in px.
const MARGIN_PX: u32 = 192;

/// What is kept of one image, so that neither the next edit nor the next drag starts from scratch.
#[derive(Default)]
pub(crate) struct Viewport {
    delivered: Option<RecipeInput>,
    part: Option<Part>,
}

/// An image as its decoder returns it for a recipe, where that differs from the displayed one: rotated, smaller, or gray.
struct RecipeInput {
    max_downscale: f64,
    luma: bool,
    image: Image,
}

/// A part of a result.
struct Part {
    recipe: Recipe,
    result_px: (u32, u32),
    rect: Rect,
    pixels: Pixels,
}

/// The visible part of a result.
pub(crate) struct VisiblePart {
    pub(crate) pixels: Pixels,
    /// Size of the whole result.
    pub(crate) result_px: (u32, u32),
}

/// Which part of which image to show.
pub(crate) struct ViewportRequest<'a> {
    pub(crate) shown: &'a DecodedImage,
    pub(crate) bytes: &'a [u8],
    pub(crate) asked: DecodeChoice,
    pub(crate) recipe: &'a Recipe,
    pub(crate) pipeline: &'a Pipeline,
    /// The centre of the visible part, 0 to 1 on both axes.
    pub(crate) centre: (f32, f32),
    pub(crate) area_px: (u32, u32),
}

impl Viewport {
    /// The pixels around a centre, exactly as they are saved.
    pub(crate) fn look(
        &mut self,
        wanted: &ViewportRequest<'_>,
        control: &DecodeControl<'_>,
    ) -> Result<VisiblePart, ItemError> {
        let ViewportRequest { recipe, centre, area_px, .. } = wanted;
        let held = |part: &&Part| {
            part.recipe == **recipe && holds(part.rect, decode::part_around(part.result_px, *centre, *area_px))
        };
        if let Some(part) = self.part.as_ref().filter(held) {
            return Ok(part.seen(*centre, *area_px));
        }
        let part = self.part.insert(Part::compute(&mut self.delivered, wanted, control)?);
        Ok(part.seen(*centre, *area_px))
    }
}

impl Part {
    fn compute(
        delivered: &mut Option<RecipeInput>,
        wanted: &ViewportRequest<'_>,
        control: &DecodeControl<'_>,
    ) -> Result<Self, ItemError> {
        let header = &wanted.shown.header;
        let (mut plan, _) = full_plan(wanted.pipeline, header)?;
        let image = match decoded(&plan, wanted) {
            None => &wanted.shown.image,
            Some((max_downscale, luma)) => {
                let fits = |kept: &RecipeInput| kept.max_downscale == max_downscale && kept.luma == luma;
                if !delivered.as_ref().is_some_and(fits) {
                    *delivered = None;
                }
                match delivered {
                    Some(kept) => &kept.image,
                    none => {
                        let options = DecodeOptions {
                            max_downscale,
                            luma,
                            colour: wanted.asked.colour,
                            page: wanted.asked.page,
                            ..DecodeOptions::default()
                        };
                        let image = decode::delivered(wanted.bytes, &options, control)?;
                        &none.insert(RecipeInput { max_downscale, luma, image }).image
                    }
                }
            }
        };
        if !plan.is_certain() {
            plan = plan.settled(&mut ImageRows { image, next_row: 0 }, control.cancelled)?;
        }
        let result = plan.output();
        let result_px = (result.width_px, result.height_px);
        let seen = decode::part_around(result_px, wanted.centre, wanted.area_px);
        let rect = seen.grown(MARGIN_PX, &result);
        let mut collector = Collector::new(image.profile.clone());
        plan.focus(rect).run(&mut ImageRows { image, next_row: 0 }, &mut collector, control.cancelled)?;
        let pixels = decode::pixels(&collector.into_image()?);
        Ok(Self { recipe: wanted.recipe.clone(), result_px, rect, pixels })
    }

    fn seen(&self, centre: (f32, f32), area_px: (u32, u32)) -> VisiblePart {
        let seen = decode::part_around(self.result_px, centre, area_px);
        let within = Rect { x: seen.x - self.rect.x, y: seen.y - self.rect.y, ..seen };
        VisiblePart { pixels: decode::cut_out(&self.pixels, within), result_px: self.result_px }
    }
}

/// Whether `outer` holds all of `inner`.
const fn holds(outer: Rect, inner: Rect) -> bool {
    inner.x >= outer.x
        && inner.y >= outer.y
        && inner.x + inner.width_px <= outer.x + outer.width_px
        && inner.y + inner.height_px <= outer.y + outer.height_px
}

/// What the decoder has to return, where that differs from the displayed image.
fn decoded(plan: &Plan, wanted: &ViewportRequest<'_>) -> Option<(f64, bool)> {
    let (max_downscale, luma) = (plan.max_downscale(), plan.accepts_luma());
    let header = &wanted.shown.header;
    let upright = header.orientation == Orientation::Upright;
    // A drawing is drawn as large as the result needs it.
    let is_redrawn = codec::drawn_at(header, max_downscale) != *header;
    (!upright || is_redrawn || max_downscale > 1.0 || luma).then_some((max_downscale, luma))
}
