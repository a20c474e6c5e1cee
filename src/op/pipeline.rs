//! A recipe that has been checked, and what it means for one picture.

use super::plan::Plan;
use super::stage::{Operation, Resample, Stage, Turn};
use super::taps::Kernel;
use super::{OpSpec, Params, find, unknown};
use crate::config::{MAX_PIXELS, MAX_SIDE_PX};
use crate::error::{ErrorKind, ItemError};
use crate::model::{ImageInfo, Orientation, Recipe};

/// A step that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("step {step}: {message}")]
pub struct StepError {
    /// Which step, from 1, in the recipe's list.
    pub step: usize,
    /// Which parameter, what was given, what is allowed.
    pub message: String,
}

/// A checked recipe.
pub struct Pipeline {
    steps: Vec<Checked>,
}

struct Checked {
    /// Its place in the recipe's list, from 1.
    number: usize,
    spec: &'static OpSpec,
    params: Params,
    operation: Box<dyn Operation>,
}

impl Pipeline {
    /// Checks every step that is switched on: operation, parameters, types, ranges.
    pub fn new(recipe: &Recipe) -> Result<Self, StepError> {
        let mut steps = Vec::new();
        for (i, step) in recipe.steps.iter().enumerate().filter(|(_, step)| step.enabled) {
            let fail = |message: String| StepError { step: i + 1, message };
            let spec = find(&step.op).ok_or_else(|| fail(unknown(&step.op)))?;
            let refuse = |message: String| fail(format!("{}: {message}", spec.id));
            let params = Params::check(spec, &step.params).map_err(refuse)?;
            let operation = (spec.build)(&params).map_err(refuse)?;
            steps.push(Checked { number: i + 1, spec, params, operation });
        }
        Ok(Self { steps })
    }

    /// What the recipe means for a picture of `full` size (as stored in its file) that `orientation` makes upright.
    ///
    /// `view_scale` is 1 for outputs; below 1, the picture is that much smaller and every length in px with it. Errors
    /// are `ErrorKind::Recipe` without a name.
    pub fn plan(&self, full: &ImageInfo, orientation: Orientation, view_scale: f64) -> Result<Plan, ItemError> {
        let view_scale = if view_scale > 0.0 && view_scale < 1.0 { view_scale } else { 1.0 };
        let scaled = |px: u32| (f64::from(px) * view_scale).round().max(1.0) as u32;
        let input = ImageInfo { width_px: scaled(full.width_px), height_px: scaled(full.height_px), ..*full };
        let mut plan = Plan::new(*full, input);
        plan.push_turn(Turn::upright(orientation));
        for step in &self.steps {
            let stage = step.stage(&plan.upright(), view_scale).map_err(|message| refuse(step, &message))?;
            if !matches!(stage, Stage::Nothing) && view_scale < 1.0 && !step.spec.faithful_to_scale {
                plan.mark_approximate();
            }
            plan.push(stage);
            let output = plan.upright();
            let pixels = u64::from(output.width_px) * u64::from(output.height_px);
            if pixels > MAX_PIXELS || output.width_px.max(output.height_px) > MAX_SIDE_PX {
                let size = format!("{} x {} px", output.width_px, output.height_px);
                return Err(refuse(step, &format!("the result would be {size}, above the limit")));
            }
        }
        plan.finish();
        Ok(plan)
    }
}

impl Checked {
    fn stage(&self, input: &ImageInfo, view_scale: f64) -> Result<Stage, String> {
        if view_scale < 1.0 {
            (self.spec.build)(&self.params.scaled(self.spec, view_scale))?.stage(input)
        } else {
            self.operation.stage(input)
        }
    }
}

fn refuse(step: &Checked, message: &str) -> ItemError {
    let detail = format!("step {}, {}: {message}", step.number, step.spec.id);
    ItemError::nameless(ErrorKind::Recipe).with("detail", detail)
}

/// The resampling that brings a picture, decoded at some smaller size, to the size that was planned for.
pub(super) fn to_planned(decoded: &ImageInfo, planned: &ImageInfo) -> Resample {
    Resample::whole(decoded, planned.width_px, planned.height_px, Kernel::Lanczos3)
}
