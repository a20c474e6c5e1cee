//! Makes the outputs of one item: what is rendered is decoded once.

use std::path::Path;

use super::Run;
use super::admission::{Admission, Host};
use super::item::Input;
use super::plan::{ItemPlan, Made};
use crate::codec::DecodeControl;
use crate::engine::item::decide::{Action, Decision};
use crate::engine::item::limits::Clock;
use crate::engine::item::naming::{NameHints, Target};
use crate::engine::item::outputs::{OutputEnd, OutputPlan};
use crate::engine::item::prior_results::Prior;
use crate::engine::item::render::Rendered;
use crate::engine::item::shared_render::{Branch, render_all};
use crate::engine::record::message::FinishedOutput;
use crate::error::{ErrorKind, ItemError};
use crate::model::{Finished, ItemOutput, ItemState, Locator, Outcome, Remark};
use crate::store::{self, Content};

impl Run {
    /// What is rendered, and the numbers of these outputs.
    pub(super) fn branches<'a>(&'a self, plan: &'a ItemPlan) -> (Vec<u32>, Vec<Branch<'a>>) {
        let made = plan.made.iter().map(|(n, decision)| (*n, decision, true));
        let companions = plan.companions.iter().map(|(n, decision)| (*n, decision, false));
        let branches = made.chain(companions).filter_map(|(n, decision, is_made)| match &decision.action {
            Action::Render(prepared) => {
                let save = &self.outputs.get(n)?.spec.output().save;
                Some((n, Branch { prepared, save, is_made }))
            }
            Action::Copy | Action::Strip { .. } => None,
        });
        branches.unzip()
    }

    /// Makes the outputs of an item.
    pub(super) fn make(&self, input: &Input, plan: &ItemPlan, admission: &Admission) -> Result<Made, ItemError> {
        let mut facts = Self::facts(input, Outcome::Done { output: String::new() });
        facts.input_size_px = plan.input_size_px;
        let ended = |end: &OutputEnd| FinishedOutput { end: end.clone(), target: None };
        let mut outputs: Vec<FinishedOutput> = plan.ends.iter().map(ended).collect();
        for (n, decision) in &plan.made {
            let Some(output) = self.outputs.get(*n) else { continue };
            let staged = match &decision.action {
                Action::Copy => self.copy(input, output, decision, &mut facts),
                Action::Strip { bytes, size_px, remark } => {
                    facts.remarks.extend(remark.clone());
                    facts.hash = facts.hash.or_else(|| input.body.hash().ok());
                    let staged = self.stage(input, output, decision, Some(*size_px), Content::Bytes(bytes));
                    staged.map(|target| (target, Some(*size_px)))
                }
                Action::Render(_) => continue,
            };
            outputs.push(finished(input, output, staged));
        }
        let (numbers, branches) = self.branches(plan);
        if branches.iter().any(|branch| branch.is_made) {
            let bytes = input.body.bytes()?;
            let clock = Clock::start(&self.spec.limits, input.spent);
            let stopped = || self.switch.is_stopped();
            let cancelled = || stopped() || clock.is_up();
            let host = Host { run: self, admission };
            let control = DecodeControl { host: Some(&host), ..DecodeControl::new(&cancelled, &self.helpers) };
            let control = control.reading_raw(self.spec.limits.raw);
            render_all(&bytes, &branches, &control, &mut |at, rendered| {
                let found = numbers.get(at).and_then(|n| plan.made.iter().find(|(made, _)| made == n));
                let Some((output, decision)) = found.and_then(|(n, decision)| self.outputs.get(*n).zip(Some(decision)))
                else {
                    return;
                };
                let rendered = rendered.map_err(|error| {
                    let timed_out = error.kind == ErrorKind::Cancelled && !stopped();
                    if timed_out { clock.error() } else { error }
                });
                let staged = rendered.and_then(|rendered| {
                    facts.hash.get_or_insert_with(|| store::sha256_hex(&bytes));
                    facts.truncation = facts.truncation.or(rendered.truncation);
                    let Rendered { bytes: file, info, truncation, remarks, .. } = rendered;
                    let all = remarks.into_iter().chain(truncation.map(Remark::from));
                    let new: Vec<Remark> = all.filter(|remark| !facts.remarks.contains(remark)).collect();
                    facts.remarks.extend(new);
                    let size_px = Some((info.width_px, info.height_px));
                    let staged = self.stage(input, output, decision, size_px, Content::Bytes(&file));
                    staged.map(|target| (target, size_px))
                });
                outputs.push(finished(input, output, staged));
            });
        }
        for output in &mut outputs {
            let Some(target) = &mut output.target else { continue };
            target.keep_time(self.kept_time(input))?;
            let replaced = input.prior.as_ref().and_then(|prior| Prior::output_of(prior, output.end.output.n));
            target.replaced = replaced.as_ref().and_then(Locator::path).map(Path::to_path_buf);
        }
        Ok(Made { facts, outputs })
    }

    /// Stages a copy of the item's bytes.
    fn copy(
        &self,
        input: &Input,
        output: &OutputPlan,
        decision: &Decision,
        facts: &mut Finished,
    ) -> Result<(Target, Option<(u32, u32)>), ItemError> {
        let size_px = input.body.image_size_px();
        facts.input_size_px = facts.input_size_px.or(size_px);
        let hash = match (&facts.hash, &decision.hash) {
            (Some(hash), _) | (None, Some(hash)) => hash.clone(),
            (None, None) if output.naming.needs_hash() => input.body.hash()?,
            (None, None) => String::new(),
        };
        let content = match (&facts.hash, input.body.content()) {
            (Some(known), Content::Bytes(bytes)) => Content::Known(bytes, known),
            (_, content) => content,
        };
        let target = self.stage_named(input, output, decision, (None, &hash), content)?;
        facts.hash = Some(target.staged.hash.clone());
        Ok((target, size_px))
    }

    /// Stages a result of these bytes.
    fn stage(
        &self,
        input: &Input,
        output: &OutputPlan,
        decision: &Decision,
        size_px: Option<(u32, u32)>,
        content: Content<'_>,
    ) -> Result<Target, ItemError> {
        let hash = match (&decision.hash, &content) {
            (Some(hash), _) => hash.clone(),
            (None, Content::Bytes(bytes)) if output.naming.needs_hash() => store::sha256_hex(bytes),
            (None, _) => String::new(),
        };
        self.stage_named(input, output, decision, (size_px, &hash), content)
    }

    fn stage_named(
        &self,
        input: &Input,
        output: &OutputPlan,
        decision: &Decision,
        (size_px, hash): (Option<(u32, u32)>, &str),
        content: Content<'_>,
    ) -> Result<Target, ItemError> {
        if self.switch.is_stopped() {
            return Err(ItemError::nameless(ErrorKind::Cancelled));
        }
        let hints = NameHints { size_px, hash, ..decision.hints(&input.subject()) };
        output.naming.stage(&input.row, hints, &decision.extension, content)
    }
}

/// An output that was staged, or why it was not.
fn finished(
    input: &Input,
    output: &OutputPlan,
    staged: Result<(Target, Option<(u32, u32)>), ItemError>,
) -> FinishedOutput {
    match staged {
        Ok((target, size_px)) => {
            let (width_px, height_px) = size_px.unzip();
            let (bytes, hash) = (target.staged.size_bytes, Some(target.staged.hash.clone()));
            let done = ItemOutput { bytes, hash, width_px, height_px, state: ItemState::Done, ..output.blank() };
            FinishedOutput { end: OutputEnd::done(done), target: Some(target) }
        }
        Err(error) => {
            let error = error.named(&input.row.locator);
            FinishedOutput { end: OutputEnd::failed(output.blank(), error), target: None }
        }
    }
}
