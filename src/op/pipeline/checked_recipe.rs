//! A validated recipe, and the plan it gives for one image.

use std::sync::Arc;

use super::plan::Plan;
use crate::config::{MAX_PIXELS, MAX_SIDE_PX};
use crate::error::{ErrorKind, ItemError};
use crate::model::{Band, ImageInfo, Message, Orientation, Recipe, Step};
use crate::op::params::Params;
use crate::op::registry::{find, unknown};
use crate::op::spec::OpSpec;
use crate::op::stage::{Files, Measure, Operation, Stage, Transfer, Turn};

/// An invalid step.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("step {step}: {why}")]
pub struct StepError {
    /// Number of the step in the recipe, from 1.
    pub step: usize,
    /// The parameter, the given value and the allowed ones.
    pub why: Message,
}

impl From<StepError> for ItemError {
    fn from(error: StepError) -> Self {
        let said = Self::nameless(ErrorKind::Recipe).saying(&error.why);
        said.with("step", error.step).with("detail", error)
    }
}

/// A validated recipe.
pub struct Pipeline {
    pub(super) steps: Arc<[Arc<CheckedStep>]>,
    files: Arc<dyn Files>,
}

pub(super) struct CheckedStep {
    /// Number of the step in the recipe, from 1.
    number: usize,
    /// As the recipe gives it.
    given: Arc<Step>,
    pub(super) spec: &'static OpSpec,
    params: Params,
    operation: Box<dyn Operation>,
    files: Arc<dyn Files>,
}

/// The steps from one on that has to measure the image first.
struct RemainingSteps {
    steps: Arc<[Arc<CheckedStep>]>,
    /// Index of the measuring step.
    at: usize,
    measure: Box<dyn Measure>,
    view_scale: f64,
}

impl Pipeline {
    /// Validates every enabled step: operation, parameters, types, ranges, and the files it names.
    pub fn new(recipe: &Recipe, files: &Arc<dyn Files>) -> Result<Self, StepError> {
        Self { steps: Arc::new([]), files: Arc::clone(files) }.changed(recipe)
    }

    /// The pipeline of another recipe, which shares the steps that are the same.
    pub fn changed(&self, recipe: &Recipe) -> Result<Self, StepError> {
        let active = recipe.steps.iter().enumerate().filter(|(_, step)| step.enabled);
        let steps = active.map(|(i, step)| {
            let same = self.steps.iter().find(|checked| checked.number == i + 1 && *checked.given == *step);
            same.map_or_else(|| CheckedStep::new(i + 1, step, &self.files).map(Arc::new), |same| Ok(Arc::clone(same)))
        });
        Ok(Self { steps: steps.collect::<Result<_, _>>()?, files: Arc::clone(&self.files) })
    }

    /// The pipeline for images that encode light in another way than sRGB does.
    pub fn encoded_by(&self, transfer: Transfer) -> Result<Self, StepError> {
        let steps = self.steps.iter().map(|step| step.encoded_by(transfer).map(Arc::new));
        Ok(Self { steps: steps.collect::<Result<_, _>>()?, files: Arc::clone(&self.files) })
    }

    /// Plans the recipe for an image of `full` size (as stored in its file) that `orientation` makes upright.
    ///
    /// `view_scale` is 1 for outputs; below 1, the image and every length in px are scaled by it. Errors are
    /// `ErrorKind::Recipe` without a name.
    pub fn plan(&self, full: &ImageInfo, orientation: Orientation, view_scale: f64) -> Result<Plan, ItemError> {
        let view_scale = if view_scale > 0.0 && view_scale < 1.0 { view_scale } else { 1.0 };
        let scaled = |px: u32| (f64::from(px) * view_scale).round().max(1.0) as u32;
        let input = ImageInfo { width_px: scaled(full.width_px), height_px: scaled(full.height_px), ..*full };
        let mut plan = Plan::new(*full, input);
        plan.push_turn(Turn::upright(orientation));
        plan_from(&self.steps, 0, view_scale, plan)
    }
}

impl RemainingSteps {
    /// The plan for an image in memory, which can be measured.
    fn plan(&self, image: &Band, info: &ImageInfo) -> Result<Plan, ItemError> {
        let whole = |px: u32| (f64::from(px) / self.view_scale).round() as u32;
        let full = ImageInfo { width_px: whole(info.width_px), height_px: whole(info.height_px), ..*info };
        let mut plan = Plan::new(full, *info);
        if let Some(step) = self.steps.get(self.at) {
            let stage = self.measure.stage(image, info).map_err(|why| reject(step, why))?;
            push(&mut plan, step, stage, self.view_scale)?;
            plan.complete_step(&step.given);
        }
        plan_from(&self.steps, self.at + 1, self.view_scale, plan)
    }
}

/// Appends the steps from `first` on, up to one that has to measure the image.
pub(super) fn plan_from(
    steps: &Arc<[Arc<CheckedStep>]>,
    first: usize,
    view_scale: f64,
    mut plan: Plan,
) -> Result<Plan, ItemError> {
    for (at, step) in steps.iter().enumerate().skip(first) {
        let stage = step.stage(&plan.upright(), view_scale).map_err(|why| reject(step, why))?;
        if let Stage::Measure(measure) = stage {
            let upright = plan.upright();
            let mut expected = plan_from(steps, at + 1, view_scale, Plan::new(upright, upright))?;
            if view_scale < 1.0 && !step.spec.faithful_to_scale {
                expected.mark_approximate();
            }
            let remaining = RemainingSteps { steps: Arc::clone(steps), at, measure, view_scale };
            plan.set_tail(&step.given, Box::new(move |image, info| remaining.plan(image, info)), &expected);
            return Ok(plan);
        }
        push(&mut plan, step, stage, view_scale)?;
        plan.complete_step(&step.given);
    }
    plan.finish();
    Ok(plan)
}

/// Appends a step's stage, unless its result would exceed the limits.
pub(super) fn push(plan: &mut Plan, step: &CheckedStep, stage: Stage, view_scale: f64) -> Result<(), ItemError> {
    if !matches!(stage, Stage::Nothing) && view_scale < 1.0 && !step.spec.faithful_to_scale {
        plan.mark_approximate();
    }
    plan.push(stage);
    let output = plan.upright();
    let pixels = u64::from(output.width_px) * u64::from(output.height_px);
    if pixels > MAX_PIXELS || output.width_px.max(output.height_px) > MAX_SIDE_PX {
        let size = format!("{} x {} px", output.width_px, output.height_px);
        let message = Message::new("result_too_large");
        return Err(reject(step, message.with("size", size)));
    }
    Ok(())
}

impl CheckedStep {
    fn new(number: usize, step: &Step, files: &Arc<dyn Files>) -> Result<Self, StepError> {
        let fail = |why: Message| StepError { step: number, why };
        let spec = find(&step.op).ok_or_else(|| fail(unknown(&step.op)))?;
        let reject = |why: Message| fail(why.of(spec.id));
        let params = Params::check(spec.params, &step.params).map_err(reject)?;
        let mut operation = (spec.build)(&params).map_err(reject)?;
        operation.load(files.as_ref()).map_err(reject)?;
        Ok(Self { number, given: Arc::new(step.clone()), spec, params, operation, files: Arc::clone(files) })
    }

    fn encoded_by(&self, transfer: Transfer) -> Result<Self, StepError> {
        let reject = |why: Message| StepError { step: self.number, why: why.of(self.spec.id) };
        let params = self.params.encoded_by(transfer);
        let mut operation = (self.spec.build)(&params).map_err(reject)?;
        operation.load(self.files.as_ref()).map_err(reject)?;
        let (given, files) = (self.given.clone(), Arc::clone(&self.files));
        Ok(Self { number: self.number, given, spec: self.spec, params, operation, files })
    }

    pub(super) fn stage(&self, input: &ImageInfo, view_scale: f64) -> Result<Stage, Message> {
        #[expect(clippy::float_cmp, reason = "1 is not computed")]
        if view_scale == 1.0 {
            return self.operation.stage(input);
        }
        let mut operation = (self.spec.build)(&self.params.scaled(self.spec.params, view_scale))?;
        operation.load(self.files.as_ref())?;
        operation.stage(input)
    }
}

pub(super) fn reject(step: &CheckedStep, why: Message) -> ItemError {
    StepError { step: step.number, why: why.of(step.spec.id) }.into()
}
