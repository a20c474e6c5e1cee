//! The plan for a drawing, which can be drawn at any size: as large as the recipe's enlarging resizes will make it, so that
//! nothing is enlarged as pixels. The steps before such a resize have their lengths in px scaled accordingly.

use super::checked_recipe::{CheckedStep, Pipeline, plan_from, push, reject};
use super::plan::Plan;
use crate::config::{MAX_PIXELS, MAX_SIDE_PX};
use crate::error::ItemError;
use crate::model::{ImageInfo, Orientation};
use crate::op::stage::{Pad, Resample, Stage, Turn};

/// Largest drawing in px that is drawn for a result that is smaller: by a crop before the resize.
const MAX_DRAWN_PX: f64 = 100e6;

/// Why a drawing is drawn at its own size, although the recipe enlarges it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DrawnSmall {
    /// Operation whose result can't be scaled.
    Step(&'static str),
    /// The drawing would be too large.
    TooLarge,
}

/// What a step does to a drawing of its own size.
struct Found {
    before: ImageInfo,
    /// How much it enlarges; 1 for everything else.
    enlarges: f64,
    /// Whether its result at a larger scale is the enlarged result.
    is_scalable: bool,
}

impl Pipeline {
    /// Plans the recipe for a drawing of this size. [`Plan::max_downscale`] says how large it is to be drawn.
    pub fn plan_drawing(
        &self,
        full: &ImageInfo,
        orientation: Orientation,
    ) -> Result<(Plan, Option<DrawnSmall>), ItemError> {
        let found = self.found(full, orientation)?;
        let own_size = || self.plan(full, orientation, 1.0);
        let Some(last) = found.iter().rposition(|step| step.enlarges > 1.0) else { return Ok((own_size()?, None)) };
        let fixed = found.iter().take(last).position(|step| !step.is_scalable);
        if let Some(step) = fixed.and_then(|at| self.steps.get(at)) {
            return Ok((own_size()?, Some(DrawnSmall::Step(step.spec.id))));
        }
        let Some(input) = drawn(full, found.iter().map(|step| step.enlarges).product()) else {
            return Ok((own_size()?, Some(DrawnSmall::TooLarge)));
        };
        let mut plan = Plan::new(*full, input);
        plan.push_turn(Turn::upright(orientation));
        for (at, (step, here)) in self.steps.iter().zip(&found).enumerate().take(last + 1) {
            let scale = found.iter().skip(at + 1).map(|step| step.enlarges).product();
            let upright = plan.upright();
            let stage = match step.stage(&here.before, 1.0) {
                Ok(Stage::Resample { resample, pad }) => scaled(resample, pad, scale, &here.before, &upright),
                _ => step.stage(&upright, scale).map_err(|why| reject(step, why))?,
            };
            if push(&mut plan, step, stage, 1.0).is_err() {
                return Ok((own_size()?, Some(DrawnSmall::TooLarge)));
            }
        }
        Ok((plan_from(&self.steps, last + 1, 1.0, plan)?, None))
    }

    /// What every step does to a drawing of its own size. A step that measures pixels is assumed to keep the size.
    fn found(&self, full: &ImageInfo, orientation: Orientation) -> Result<Vec<Found>, ItemError> {
        let mut plan = Plan::new(*full, *full);
        plan.push_turn(Turn::upright(orientation));
        let mut found = Vec::new();
        for step in self.steps.iter() {
            let before = plan.upright();
            let stage = step.stage(&before, 1.0).map_err(|why| reject(step, why))?;
            let enlarges = match &stage {
                Stage::Resample { resample, .. } => enlargement(resample),
                _ => 1.0,
            };
            found.push(Found { before, enlarges, is_scalable: is_scalable(step, &stage) });
            if !matches!(stage, Stage::Measure(_)) {
                push(&mut plan, step, stage, 1.0)?;
            }
        }
        Ok(found)
    }
}

fn is_scalable(step: &CheckedStep, stage: &Stage) -> bool {
    matches!(stage, Stage::Nothing | Stage::Point(_) | Stage::Turn(_) | Stage::Crop(_)) || step.spec.faithful_to_scale
}

fn enlargement(resample: &Resample) -> f64 {
    let across = f64::from(resample.width_px) / resample.box_width_px;
    let down = f64::from(resample.height_px) / resample.box_height_px;
    across.max(down).max(1.0)
}

/// A drawing enlarged by a factor; `None` if it would be too large.
fn drawn(full: &ImageInfo, factor: f64) -> Option<ImageInfo> {
    // A fraction of a pixel too many is a rounding error.
    let side = |px: u32| (f64::from(px) * factor - 1e-6).ceil().max(1.0);
    let (width, height) = (side(full.width_px), side(full.height_px));
    let most = MAX_DRAWN_PX.max(f64::from(full.width_px) * f64::from(full.height_px)).min(MAX_PIXELS as f64);
    let fits = width.max(height) <= f64::from(MAX_SIDE_PX) && width * height <= most;
    fits.then_some(ImageInfo { width_px: width as u32, height_px: height as u32, ..*full })
}

/// A resize of a drawing of its own size (`before`), for the one that is drawn (`drawn`) and enlarged by `scale` later.
fn scaled(resample: Resample, pad: Option<Pad>, scale: f64, before: &ImageInfo, drawn: &ImageInfo) -> Stage {
    let x = f64::from(drawn.width_px) / f64::from(before.width_px);
    let y = f64::from(drawn.height_px) / f64::from(before.height_px);
    let px = |px: u32| (f64::from(px) * scale).round() as u32;
    let resample = Resample {
        left_px: resample.left_px * x,
        top_px: resample.top_px * y,
        box_width_px: resample.box_width_px * x,
        box_height_px: resample.box_height_px * y,
        width_px: px(resample.width_px).max(1),
        height_px: px(resample.height_px).max(1),
        ..resample
    };
    let pad = pad.map(|pad| Pad {
        left_px: px(pad.left_px),
        top_px: px(pad.top_px),
        width_px: px(pad.width_px).max(px(pad.left_px) + resample.width_px),
        height_px: px(pad.height_px).max(px(pad.top_px) + resample.height_px),
        ..pad
    });
    Stage::Resample { resample, pad }
}
