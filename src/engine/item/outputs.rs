//! The outputs of a job: how each is made and named, and what is recorded of an item once all of its outputs have ended.

use std::path::Path;

use super::naming::Naming;
use crate::error::{ErrorKind, ItemError, JobError};
use crate::model::{Columns, Finished, ItemOutput, ItemRow, ItemState, JobSpec, Locator, Outcome, SkipReason};
use crate::op::Pipeline;
use crate::store;

/// How one output is made and named.
pub(crate) struct OutputPlan {
    /// Its number, from 0.
    pub(crate) n: u32,
    /// The request as if it were the only output, without the sources.
    pub(crate) spec: JobSpec,
    pub(crate) naming: Naming,
    pub(crate) pipeline: Pipeline,
}

/// The outputs of a job; at least one.
pub(crate) struct Outputs {
    first: OutputPlan,
    more: Vec<OutputPlan>,
}

impl OutputPlan {
    /// Its name; empty for a job's only output.
    pub(crate) fn name(&self) -> &str {
        &self.spec.output().name
    }

    /// Its record before anything is known of it.
    pub(crate) fn blank(&self) -> ItemOutput {
        ItemOutput { n: self.n, name: self.name().to_owned(), ..ItemOutput::none() }
    }
}

impl Outputs {
    /// The outputs of a request whose results go to (the folders of its outputs in) `out_dir`.
    pub(crate) fn new(spec: &JobSpec, pipelines: Vec<Pipeline>, out_dir: &Path) -> Result<Self, JobError> {
        let mut plans = Vec::with_capacity(pipelines.len());
        for (n, pipeline) in (0_u32..).zip(pipelines) {
            let view = spec.view(n as usize);
            let naming = Naming::new(&view, view.output().folder_in(out_dir))?;
            plans.push(OutputPlan { n, spec: view.without_sources(), naming, pipeline });
        }
        let mut plans = plans.into_iter();
        let first = plans.next().ok_or_else(JobError::recorder_gone)?;
        Ok(Self { first, more: plans.collect() })
    }

    pub(crate) fn first(&self) -> &OutputPlan {
        &self.first
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &OutputPlan> {
        std::iter::once(&self.first).chain(&self.more)
    }

    pub(crate) fn get(&self, n: u32) -> Option<&OutputPlan> {
        self.iter().nth(n as usize)
    }

    pub(crate) fn namings(&self) -> impl Iterator<Item = &Naming> {
        self.iter().map(|output| &output.naming)
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        1 + self.more.len()
    }

    /// Whether they have names, so that each is recorded by itself.
    pub(crate) fn are_named(&self) -> bool {
        !self.first.name().is_empty()
    }

    /// What names and texts hold of an item's row; empty if that is nothing.
    pub(crate) fn row_key(&self, columns: &Columns, seq: u64) -> String {
        let keys: Vec<String> = self.namings().map(|naming| naming.row_key(columns, seq)).collect();
        if keys.iter().all(String::is_empty) { String::new() } else { keys.join("\n\n") }
    }

    /// Whether two rows of one file get the same results.
    pub(crate) fn is_same_name(&self, row: &ItemRow, other: &ItemRow) -> bool {
        self.namings().all(|naming| naming.is_same_name(row, other))
    }

    /// Why the results are not where the catalog says.
    pub(crate) fn lost(&self) -> Option<JobError> {
        self.namings().find_map(Naming::lost_output)
    }

    /// The folders that were created since the last call, outer ones first, as texts.
    pub(crate) fn take_created(&self) -> Vec<String> {
        self.namings().flat_map(Naming::take_created).collect()
    }

    /// Opens the folder of each output.
    pub(crate) fn open(&self) -> Result<(), JobError> {
        for naming in self.namings() {
            naming.output().map_err(|error| store::unusable(&naming.out_dir, &error))?;
        }
        Ok(())
    }

    /// Why an item's result can't be named, or its texts filled in.
    pub(crate) fn missing_column(&self, row: &ItemRow) -> Option<ItemError> {
        self.namings().find_map(|naming| naming.missing_column(row))
    }
}

/// What became of one output of an item.
#[derive(Clone, Debug)]
pub(crate) struct OutputEnd {
    pub(crate) output: ItemOutput,
    /// Why it failed.
    pub(crate) error: Option<ItemError>,
    /// Why it was skipped.
    pub(crate) sentence: Option<String>,
}

impl OutputEnd {
    pub(crate) fn done(output: ItemOutput) -> Self {
        Self { output, error: None, sentence: None }
    }

    pub(crate) fn skipped(output: ItemOutput, sentence: String) -> Self {
        let output = ItemOutput { state: ItemState::Skipped, ..output };
        Self { output, error: None, sentence: Some(sentence) }
    }

    pub(crate) fn failed(output: ItemOutput, error: ItemError) -> Self {
        let text = Some(error.to_string());
        Self {
            output: ItemOutput { state: ItemState::Failed, error: text, ..output },
            error: Some(error),
            sentence: None,
        }
    }
}

/// What is recorded of an item with these `facts`, once its outputs have ended.
pub(crate) fn ended(facts: Finished, mut ends: Vec<OutputEnd>, are_named: bool) -> Finished {
    ends.sort_by_key(|end| end.output.n);
    let mut finished = Finished { outcome: outcome(&ends, are_named), ..facts };
    let done: Vec<&ItemOutput> =
        ends.iter().map(|end| &end.output).filter(|output| output.state == ItemState::Done).collect();
    finished.clear_output();
    if let Some(first) = done.first() {
        finished.bytes_out = done.iter().map(|output| output.bytes).sum();
        if matches!(finished.outcome, Outcome::Done { .. }) {
            (finished.width_px, finished.height_px) = (first.width_px, first.height_px);
            finished.output_hash.clone_from(&first.hash);
        }
    }
    let lists_outputs = are_named || matches!(finished.outcome, Outcome::Skipped { .. });
    finished.outputs = if lists_outputs { ends.into_iter().map(|end| end.output).collect() } else { Vec::new() };
    finished
}

/// What happened to an item whose outputs ended so: it is done once all are, and failed if one is.
fn outcome(ends: &[OutputEnd], are_named: bool) -> Outcome {
    let mut failed = ends.iter().filter_map(|end| Some((&end.output.name, end.error.as_ref()?)));
    // What is not the item's fault comes first: it is not tried in vain.
    let is_general = |error: &ItemError| error.stops_job() || error.kind == ErrorKind::Cancelled;
    if let Some((_, error)) = failed.clone().find(|(_, error)| is_general(error)) {
        return Outcome::Failed(error.clone());
    }
    if let Some((name, error)) = failed.next() {
        let is_same = ends.iter().all(|end| end.error.as_ref().is_some_and(|other| other.kind == error.kind));
        let names_output = are_named && !(is_same && error.kind != ErrorKind::Conflict);
        let error = error.clone();
        return Outcome::Failed(if names_output { error.of_output(name) } else { error });
    }
    let done = ends.iter().find(|end| end.output.state == ItemState::Done);
    if let Some(path) = done.and_then(|end| end.output.path.clone()) {
        return Outcome::Done { output: path };
    }
    let sentence = ends.iter().find_map(|end| end.sentence.clone()).unwrap_or_default();
    Outcome::Skipped { reason: SkipReason::Exists, sentence }
}

/// A finished output with this path.
pub(crate) fn at_path(output: ItemOutput, path: &Path) -> ItemOutput {
    ItemOutput { path: Some(Locator::File(path.to_path_buf()).to_text()), ..output }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ItemId, JobId};

    fn blank(n: u32) -> ItemOutput {
        ItemOutput { n, name: ["large", "thumb"][n as usize].to_owned(), ..ItemOutput::none() }
    }

    fn done(n: u32, bytes: u64) -> OutputEnd {
        let output = ItemOutput { bytes, hash: Some(format!("hash{n}")), state: ItemState::Done, ..blank(n) };
        OutputEnd::done(at_path(output, Path::new(&format!("/out/{n}"))))
    }

    fn end(ends: Vec<OutputEnd>) -> Finished {
        let id = ItemId { job: JobId(1), seq: 1 };
        ended(Finished::new(id, Outcome::Done { output: String::new() }), ends, true)
    }

    #[test]
    fn an_item_is_done_once_all_outputs_are_and_has_the_columns_of_the_first() {
        let finished = end(vec![done(1, 5), done(0, 30)]);
        assert_eq!(finished.outcome, Outcome::Done { output: "/out/0".to_owned() });
        assert_eq!((finished.bytes_out, finished.output_hash.as_deref()), (35, Some("hash0")));
        let skipped = OutputEnd::skipped(blank(0), "It exists.".to_owned());
        let finished = end(vec![skipped.clone(), done(1, 5)]);
        assert_eq!(finished.outcome, Outcome::Done { output: "/out/1".to_owned() });
        let all_skipped = end(vec![skipped]);
        assert!(matches!(all_skipped.outcome, Outcome::Skipped { reason: SkipReason::Exists, .. }));
    }

    #[test]
    fn an_item_with_one_failed_output_fails_with_its_name_and_keeps_the_others() {
        let fails = |n, kind| OutputEnd::failed(blank(n), ItemError::nameless(kind));
        let finished = end(vec![done(0, 30), fails(1, ErrorKind::CantEncode)]);
        let Outcome::Failed(error) = &finished.outcome else { panic!("{finished:?}") };
        assert!(error.to_string().contains("output thumb"), "{error}");
        assert_eq!((finished.bytes_out, finished.outputs.len(), finished.output_hash.clone()), (30, 2, None));
        // What all outputs share is the item's error.
        let finished = end(vec![fails(0, ErrorKind::Corrupt), fails(1, ErrorKind::Corrupt)]);
        let Outcome::Failed(error) = &finished.outcome else { panic!("{finished:?}") };
        assert!(!error.to_string().contains("output large"), "{error}");
        // A full disk is nobody's fault.
        let finished = end(vec![fails(0, ErrorKind::Conflict), fails(1, ErrorKind::DiskFull)]);
        let Outcome::Failed(error) = finished.outcome else { panic!("no error") };
        assert!(error.stops_job());
        assert_eq!(error.args.get("of_output").map(String::as_str).unwrap_or_default(), "");
    }
}
