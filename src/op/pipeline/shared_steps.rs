//! Steps with which several recipes begin, run once for an image: their result is kept, and each plan runs the rest from
//! there.
//!
//! It is kept in 16 bits for an image of 8 bits, and in floats for others. So a result may differ from that of a run of its
//! own where a sample is rounded, by one level.

use super::moves::Moves;
use super::pass::Pass;
use super::plan::{Collected, Plan};
use super::run::{self, SampleTypes};
use crate::error::ItemError;
use crate::model::{Image, ImageInfo, Metadata, RowReader, RowWriter, SampleType};

/// The steps that plans for the same image have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SharedSteps {
    passes: usize,
    /// Whether a step follows that measures the image.
    measures: bool,
}

/// What is left of a plan after the shared steps.
pub struct RestOfPlan<'p> {
    plan: Held<'p>,
    first_pass: usize,
    stored: SampleType,
    /// What plans before a measuring step moved.
    moved: Moves,
}

enum Held<'p> {
    Borrowed(&'p Plan),
    /// From a measuring step on.
    Measured(Box<Plan>),
}

impl SharedSteps {
    /// The steps with which all of these plans begin; `None` if none of them takes more time than keeping its result.
    pub fn of(plans: &[&Plan]) -> Option<Self> {
        let (first, others) = plans.split_first()?;
        let is_shared = |at: usize| {
            let step = first.complete.get(at).map(|(step, _)| step);
            others.iter().all(|other| other.complete.get(at).map(|(step, _)| step) == step)
        };
        let steps = (0..first.complete.len()).take_while(|at| is_shared(*at)).count();
        let measures = plans.iter().all(|plan| plan.complete.len() == steps && plan.measuring() == first.measuring());
        let measures = measures && first.measuring().is_some();
        let complete = |plan: &&Plan| match steps.checked_sub(1) {
            _ if measures => plan.passes.len(),
            None => 0,
            Some(last) => plan.complete.get(last).map_or(0, |(_, passes)| *passes),
        };
        let passes = plans.iter().map(complete).min()?;
        let takes_time =
            |pass: &Pass| matches!(pass, Pass::Window { .. } | Pass::Stream(_) | Pass::Whole(_) | Pass::Resample(_));
        let is_worthwhile = measures || first.passes.iter().take(passes).any(takes_time);
        (is_worthwhile && others.iter().all(|other| other.reads_same_as(first))).then_some(Self { passes, measures })
    }

    /// Bytes of the result that is kept, and of one more image if a step measures it.
    pub fn kept_bytes(self, plan: &Plan) -> u64 {
        let input = plan.input();
        let info = plan.passes.iter().take(self.passes).fold(input, |info, pass| pass.output(info));
        if self.measures {
            return info.size_bytes() * 2;
        }
        ImageInfo { sample: kept_as(input.sample), ..info }.size_bytes()
    }

    /// Runs the shared steps; returns their result, and what is left of each plan.
    pub fn run<'p>(
        self,
        plans: &[&'p Plan],
        rows: &mut dyn RowReader,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<(Image, Vec<RestOfPlan<'p>>), ItemError> {
        let moved = plans.first().ok_or_else(run::rows_are_missing)?.moves_before();
        let plans = plans.iter().map(|plan| Held::Borrowed(plan)).collect();
        let (collected, rests) = self.run_held(plans, rows, cancelled, moved)?;
        Ok((
            Image {
                info: collected.info,
                samples: collected.image.samples,
                profile: None,
                metadata: Metadata::default(),
            },
            rests,
        ))
    }

    fn run_held<'p>(
        self,
        plans: Vec<Held<'p>>,
        rows: &mut dyn RowReader,
        cancelled: &dyn Fn() -> bool,
        mut moved: Moves,
    ) -> Result<(Collected, Vec<RestOfPlan<'p>>), ItemError> {
        let stored = rows.info().sample;
        let last = if self.measures { stored } else { kept_as(stored) };
        let types = SampleTypes { stored, last };
        let collected = match plans.first() {
            Some(first) => first.plan().collect_first(self.passes, types, rows, cancelled)?,
            None => return Err(run::rows_are_missing()),
        };
        let rest = |plan, first_pass, moved: &Moves| RestOfPlan { plan, first_pass, stored, moved: moved.clone() };
        if !self.measures {
            return Ok((collected, plans.into_iter().map(|plan| rest(plan, self.passes, &moved)).collect()));
        }
        // Up to the measuring step all of them are alike.
        if let Some(first) = plans.first() {
            moved.extend(&first.plan().passes);
        }
        let measured = plans.iter().map(|plan| plan.plan().measured(&collected).map(Box::new));
        let measured: Vec<Box<Plan>> = measured.collect::<Result<_, _>>()?;
        let further = Self::of(&measured.iter().map(Box::as_ref).collect::<Vec<_>>());
        let measured = measured.into_iter().map(Held::Measured);
        match further {
            Some(further) => further.run_held(measured.collect(), &mut { collected }, cancelled, moved),
            None => Ok((collected, measured.map(|plan| rest(plan, 0, &moved)).collect())),
        }
    }
}

/// The samples of a result that is kept.
const fn kept_as(stored: SampleType) -> SampleType {
    match stored {
        SampleType::U8 => SampleType::U16,
        SampleType::U16 | SampleType::F32 => SampleType::F32,
    }
}

impl Held<'_> {
    fn plan(&self) -> &Plan {
        match self {
            Self::Borrowed(plan) => plan,
            Self::Measured(plan) => plan,
        }
    }
}

impl RestOfPlan<'_> {
    /// As [`Plan::run_noting`], on the result of the shared steps, whose moves are noted as well.
    pub fn run(
        &self,
        rows: &mut dyn RowReader,
        writer: &mut dyn RowWriter,
        cancelled: &dyn Fn() -> bool,
        moves: &mut Moves,
    ) -> Result<ImageInfo, ItemError> {
        moves.append(&self.moved);
        self.plan.plan().run_from(self.first_pass, self.stored, rows, writer, cancelled, moves)
    }
}
