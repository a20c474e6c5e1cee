//! Processes one item: decides what happens to it, admits it, renders or copies it, and stages the result for the
//! recorder.

use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use super::admission::Admission;
use super::budget::Stopped;
use super::plan::{ItemPlan, Made};
use super::pools::PixelPool;
use super::{Run, RunError};
use crate::catalog::CatalogReader;
use crate::codec::DecodeControl;
use crate::engine::item::body::ItemBody;
use crate::engine::item::claims::{RunClaims, may_be_given};
use crate::engine::item::decide::{Action, PlannedName, Response, Rules, Subject, decide};
use crate::engine::item::guarded::guarded;
use crate::engine::item::limits::Clock;
use crate::engine::item::naming::{Resolution, Target, Verdict, existing_output, given_name};
use crate::engine::item::outputs::{OutputEnd, ended};
use crate::engine::item::prior_results::Prior;
use crate::engine::item::shared_render;
use crate::engine::record::message::{FinishedItem, FinishedOutput, Record};
use crate::error::{ErrorKind, ItemError, JobError};
use crate::fetch::{Body, Fetched};
use crate::model::{Finished, ItemId, ItemOutput, ItemRow, ItemState, Locator, Outcome, SkipReason, Timings, Transfer};
use crate::source::MayGive;
use crate::store;

/// Largest body in bytes that is saved on the thread that received it.
pub(super) const SAVED_AT_ONCE_BYTES: u64 = 1 << 20;

/// An item's bytes, and how they were obtained.
pub(super) struct Input {
    pub(super) row: ItemRow,
    pub(super) body: ItemBody,
    pub(super) size_bytes: u64,
    pub(super) fetched: Option<FetchedFacts>,
    /// The name that the response suggests.
    pub(super) file_name: Option<String>,
    pub(super) read_ms: u64,
    /// How much of the item's time limit was used before processing.
    pub(super) spent: Duration,
    /// The earlier result that it replaces if its own differs.
    pub(super) prior: Option<Box<Prior>>,
}

pub(super) struct FetchedFacts {
    http_status: u16,
    content_type: Option<String>,
    etag: Option<String>,
    last_modified: Option<String>,
    attempts: u32,
    transfer: Transfer,
}

impl Run {
    /// Plans an item, waits until memory and a worker are free, and gives it to the pixel pool. If `is_idle` (no other
    /// item waits), a small body without processing is saved on this thread, which is faster than waking a worker.
    pub(super) fn admit(
        self: &Arc<Self>,
        input: Input,
        is_idle: bool,
        pool: &PixelPool,
        reader: &dyn CatalogReader,
    ) -> Result<(), Stopped> {
        let id = input.row.id;
        if input.fetched.is_none() {
            // Not started, so released: after a pause, lanes start over from the first waiting item, and a wait for all
            // items in progress must not wait for this one.
            if self.switch.is_paused() {
                self.release(id.seq);
                return Ok(());
            }
            self.note_start(id);
        }
        self.keep_body(&input);
        let plan = match self.decide(&input, reader) {
            Ok(plan) => plan,
            Err(finished) => {
                if matches!(&finished.outcome, Outcome::Failed(error) if error.kind == ErrorKind::Cancelled) {
                    return Err(Stopped);
                }
                self.fail(*finished);
                return Ok(());
            }
        };
        if input.fetched.is_none() {
            self.take_turn(&input, &plan)?;
        }
        let at_once = is_idle && plan.is_copy() && input.size_bytes <= SAVED_AT_ONCE_BYTES;
        let admission = self.take_admission(self.peak_bytes(&plan, input.size_bytes), !at_once)?;
        if at_once {
            self.work(&input, &plan, &admission);
            return Ok(());
        }
        let run = Arc::clone(self);
        // Read after the permit was taken: a slow decode takes its lane before it gives its permit to others.
        let has_blocked_threads = self.slow_lanes.fullness() > 0.0;
        pool.spawn(has_blocked_threads, move || {
            run.work(&input, &plan, &admission);
            drop(admission);
        });
        Ok(())
    }

    /// A file whose name may be taken by an earlier one waits for that when it gets its name.
    fn take_turn(&self, input: &Input, plan: &ItemPlan) -> Result<(), Stopped> {
        for (n, decision) in &plan.made {
            let naming = self.naming_of(*n);
            if naming.needs_hash() {
                continue;
            }
            // Without the size, which may be known only after the work: more items than necessary wait for each other.
            let hints = decision.hints(&input.subject());
            let planned = naming.planned_path(&input.row, hints, &decision.extension);
            if naming.has_turns(&input.row, &planned) {
                self.name_order.wait_for_room(&self.switch)?;
                self.name_order.start(input.row.id.seq, &planned.folded());
                return Ok(());
            }
        }
        Ok(())
    }

    /// Decides what happens to an item's outputs; what is recorded of it, if that is known before any work.
    fn decide(&self, input: &Input, reader: &dyn CatalogReader) -> Result<ItemPlan, Box<Finished>> {
        let clock = Clock::start(&self.spec.limits, input.spent);
        let cancelled = || self.switch.is_stopped() || clock.is_up();
        let control = DecodeControl::new(&cancelled, &self.helpers).reading_raw(self.spec.limits.raw);
        let mut plan = ItemPlan::default();
        let kept = self.kept_outputs(&input.row, reader);
        for output in self.outputs.iter() {
            let rules = Rules::of_output(output, self.copies_others, self.memory.whole(), control);
            let replaced = input.prior.as_ref().and_then(|prior| prior.output_of(output.n));
            let replaced = replaced.as_ref().and_then(Locator::path);
            let claims = RunClaims { job: self.job, reader, promised: None, replaced, waits_for_sources: true };
            let decided = decide(&rules, &output.naming, &input.row, &input.subject(), &claims);
            if let Some(kept) = kept.iter().find(|kept| kept.n == output.n) {
                plan.ends.push(OutputEnd::done(kept.clone()));
                plan.companions.extend(decided.ok().map(|decision| (output.n, decision)));
                continue;
            }
            match decided {
                Ok(decision) => {
                    plan.input_size_px = plan.input_size_px.or_else(|| decision.action.input_size_px());
                    match &decision.name {
                        PlannedName::Known(Resolution { verdict: Verdict::Skip(path, sentence), .. }) => {
                            let existing = existing_output(path);
                            let existing = ItemOutput { path: existing.path, bytes: existing.bytes, ..output.blank() };
                            plan.ends.push(OutputEnd::skipped(existing, sentence.clone()));
                        }
                        PlannedName::Known(Resolution { verdict: Verdict::Refuse(error), .. }) => {
                            plan.ends.push(OutputEnd::failed(output.blank(), error.clone()));
                        }
                        _ => plan.made.push((output.n, decision)),
                    }
                }
                Err(error) => {
                    let is_stopped = self.switch.is_stopped();
                    let error = if is_stopped { error } else { clock.explain(error).named(&input.row.locator) };
                    plan.ends.push(OutputEnd::failed(output.blank(), error));
                }
            }
        }
        if !plan.made.is_empty() {
            return Ok(plan);
        }
        let facts = Self::facts(input, Outcome::Done { output: String::new() });
        let facts = Finished { input_size_px: plan.input_size_px, ..facts };
        Err(Box::new(ended(facts, plan.ends, self.outputs.are_named())))
    }

    /// The outputs that the item has already: of an attempt in which others failed, or that was interrupted.
    fn kept_outputs(&self, row: &ItemRow, reader: &dyn CatalogReader) -> Vec<ItemOutput> {
        if !self.outputs.are_named() {
            return Vec::new();
        }
        let is_kept = |output: &ItemOutput| {
            let file = output.path.as_deref().map(Locator::parse);
            output.state == ItemState::Done
                && file
                    .zip(output.hash.as_ref())
                    .is_some_and(|(file, hash)| store::is_intact(&file, output.bytes, hash, None))
        };
        reader.outputs(row.id).unwrap_or_default().into_iter().filter(is_kept).collect()
    }

    /// Memory in bytes that the item takes.
    fn peak_bytes(&self, plan: &ItemPlan, file_bytes: u64) -> u64 {
        if let ([(_, decision)], true) = (plan.made.as_slice(), plan.companions.is_empty()) {
            return decision.action.peak_bytes(file_bytes);
        }
        let (_, branches) = self.branches(plan);
        let others = plan.made.iter().map(|(_, decision)| match &decision.action {
            Action::Render(_) => 0,
            action => action.peak_bytes(file_bytes),
        });
        others.max().unwrap_or(0).max(shared_render::peak_bytes(&branches, file_bytes))
    }

    /// Renders or copies the item on a pixel worker and stages the results; the recorder does the rest.
    pub(super) fn work(&self, input: &Input, plan: &ItemPlan, admission: &Admission) {
        let started = Instant::now();
        let made = guarded(|| self.make(input, plan, admission)).and_then(|made| self.when_inputs_are_known(made));
        let process_ms = started.elapsed().as_millis() as u64;
        let Made { mut facts, outputs } = match made {
            Ok(made) => made,
            Err(error) => {
                // A panic outside of an output.
                let facts = Self::facts(input, Outcome::Done { output: String::new() });
                Made {
                    facts,
                    outputs: vec![FinishedOutput {
                        end: OutputEnd::failed(self.outputs.first().blank(), error),
                        target: None,
                    }],
                }
            }
        };
        facts.timings.process_ms = process_ms;
        facts.input_size_px = facts.input_size_px.or(plan.input_size_px);
        if let Some(cause) = self.cause_to_wait(&outputs) {
            if let Some(stopping) = cause {
                // The item is not to blame: it waits until the job continues.
                self.set_error(stopping);
            }
            return self.release(input.row.id.seq);
        }
        if let Some(prior) = input.prior.as_ref().filter(|prior| is_same_result(prior, &outputs)) {
            // Of a file that was only touched: its result is left alone.
            return self.fail(same_content(input, Prior::clone(prior)));
        }
        self.finish(input, facts, outputs);
    }

    /// Why the item waits instead of ending: it was cancelled (`Some(None)`), or nothing can be saved at the moment.
    #[expect(clippy::option_option, reason = "whether it waits, and whether the job stops")]
    fn cause_to_wait(&self, outputs: &[FinishedOutput]) -> Option<Option<RunError>> {
        let mut errors = outputs.iter().filter_map(|output| output.end.error.as_ref());
        errors.find_map(|error| match error.kind {
            ErrorKind::Cancelled => Some(None),
            _ => self.stopping_error(error).map(Some),
        })
    }

    /// Records the item with its outputs.
    fn finish(&self, input: &Input, facts: Finished, outputs: Vec<FinishedOutput>) {
        if !self.outputs.are_named() && outputs.iter().all(|output| output.target.is_none()) {
            let failed = Self::facts(input, Outcome::Done { output: String::new() });
            let failed = Finished { input_size_px: facts.input_size_px, ..failed };
            let ends = outputs.into_iter().map(|output| output.end).collect();
            return self.fail(ended(failed, ends, false));
        }
        self.sum_up_remarks(input.row.id.seq, &input.row.locator, &facts.remarks);
        self.record_made(facts, outputs);
    }

    /// Records an item with what was made of its outputs.
    pub(super) fn record_made(&self, facts: Finished, mut outputs: Vec<FinishedOutput>) {
        if !self.outputs.are_named()
            && let Some(FinishedOutput { end, target }) = outputs.pop()
        {
            let ItemOutput { bytes, width_px, height_px, hash, .. } = end.output;
            let recorded = Finished { bytes_out: bytes, width_px, height_px, output_hash: hash, ..facts };
            return self.record(recorded, target);
        }
        self.record_outputs(facts, outputs);
    }

    /// Waits while a source that is still being read may name a file that the result would replace: inputs are never
    /// replaced.
    fn when_inputs_are_known(&self, made: Made) -> Result<Made, ItemError> {
        let may_be_given = |path: PathBuf| may_be_given(&self.spec.sources, &path) != MayGive::No;
        let targets = || made.outputs.iter().filter_map(|output| output.target.as_ref());
        if self.pending.load(Ordering::Acquire) == 0 || !targets().flat_map(Target::may_replace).any(may_be_given) {
            return Ok(made);
        }
        loop {
            let pokes = self.switch.pokes();
            if self.pending.load(Ordering::Acquire) == 0 {
                return Ok(made);
            }
            self.switch.wait_poke_going(pokes).map_err(|Stopped| ItemError::nameless(ErrorKind::Cancelled))?;
        }
    }

    /// An item whose result could not be saved failed, or waits until the job continues if it is not to blame.
    pub(super) fn end_unsaved(&self, row: &ItemRow, error: ItemError) {
        if let Some(stopping) = self.stopping_error(&error) {
            self.set_error(stopping);
            self.release(row.id.seq);
        } else {
            self.fail(Finished::new(row.id, Outcome::Failed(error)));
        }
    }

    /// Whether a failure to save an item means that no item can be saved at the moment, and why.
    fn stopping_error(&self, error: &ItemError) -> Option<RunError> {
        if error.stops_job() {
            return Some(RunError::DiskFull(JobError::Item(error.clone())));
        }
        let may_be_lost = matches!(error.kind, ErrorKind::Unwritable | ErrorKind::Io);
        self.outputs.lost().filter(|_| may_be_lost).map(RunError::Fatal)
    }

    /// The modification time that a result keeps: the input file's, or the one that the server gave.
    pub(super) fn kept_time(&self, input: &Input) -> Option<SystemTime> {
        if !self.spec.output().sink.keep_times {
            return None;
        }
        if let Some(fetched) = &input.fetched {
            return httpdate::parse_http_date(fetched.last_modified.as_deref()?).ok();
        }
        let locator = &input.row.locator;
        store::of(locator).and_then(|store| store.head(locator)).ok()?.modified
    }

    pub(super) fn facts(input: &Input, outcome: Outcome) -> Finished {
        let mut facts = Finished::new(input.row.id, outcome);
        facts.bytes_in = input.size_bytes;
        facts.timings = Timings { fetch_ms: input.read_ms, process_ms: 0 };
        facts.attempts = input.row.attempts + 1;
        if let Some(fetched) = &input.fetched {
            facts.hash = input.body.known_hash();
            facts.http_status = Some(fetched.http_status);
            facts.content_type.clone_from(&fetched.content_type);
            facts.etag.clone_from(&fetched.etag);
            facts.last_modified.clone_from(&fetched.last_modified);
            facts.attempts = input.row.attempts + fetched.attempts;
            facts.transfer = Some(fetched.transfer.clone());
        }
        facts
    }

    pub(super) fn fail(&self, finished: Finished) {
        self.record(finished, None);
    }

    /// Notes that an item was started. The recorder is notified once for all items until it takes them.
    pub(crate) fn note_start(&self, id: ItemId) {
        let is_first = {
            let mut started = self.started.lock().unwrap_or_else(PoisonError::into_inner);
            started.push(id.seq);
            started.len() == 1
        };
        if is_first {
            let _ = self.record_tx.send(Record::Started(id.job));
        }
    }

    /// The items started since the last call.
    pub(crate) fn take_started(&self) -> Vec<u64> {
        std::mem::take(&mut *self.started.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn record(&self, finished: Finished, target: Option<Target>) {
        let seq = finished.id.seq;
        let has_failed = matches!(&finished.outcome, Outcome::Failed(error) if error.kind != ErrorKind::Cancelled);
        if self.record_tx.send(Record::Finished(Box::new(FinishedItem::new(finished, target)))).is_err() {
            self.release(seq);
        }
        if has_failed {
            self.note_failure();
        }
    }

    fn record_outputs(&self, facts: Finished, outputs: Vec<FinishedOutput>) {
        let seq = facts.id.seq;
        let has_failed = outputs.iter().any(|output| output.end.error.is_some());
        let item = Box::new(FinishedItem::with_outputs(facts, outputs));
        if self.record_tx.send(Record::Finished(item)).is_err() {
            self.release(seq);
        }
        if has_failed {
            self.note_failure();
        }
    }

    /// Counts an item that has failed.
    pub(crate) fn note_failure(&self) {
        self.check_failures(self.failures.fetch_add(1, Ordering::Relaxed) + 1);
    }

    /// Keeps a fetched body for previews, if a window wants that.
    pub(super) fn keep_body(&self, input: &Input) {
        if let (Some(bodies), Some(_), ItemBody::Memory(bytes)) = (&self.bodies, &input.fetched, &input.body) {
            bodies.keep(input.row.id, bytes, input.fetched.as_ref().and_then(|f| f.content_type.clone()));
        }
    }
}

impl Input {
    pub(super) fn from_fetched(row: ItemRow, fetched: Fetched, prior: Option<Box<Prior>>) -> Self {
        let file_name = given_name(&row).or(fetched.file_name);
        Self {
            row,
            prior,
            size_bytes: fetched.size_bytes,
            body: match fetched.body {
                Body::Memory(bytes) => ItemBody::Memory(bytes),
                Body::File(file) => ItemBody::Spooled(file),
            },
            file_name,
            read_ms: fetched.fetch_ms,
            spent: Duration::from_millis(fetched.counted_ms),
            fetched: Some(FetchedFacts {
                http_status: fetched.http_status,
                content_type: fetched.content_type,
                etag: fetched.etag,
                last_modified: fetched.last_modified,
                attempts: fetched.attempts,
                transfer: fetched.transfer,
            }),
        }
    }

    pub(super) fn subject(&self) -> Subject<'_> {
        let response = self.fetched.as_ref().map(|fetched| Response {
            content_type: fetched.content_type.as_deref(),
            file_name: self.file_name.as_deref(),
        });
        Subject { locator: &self.row.locator, body: &self.body, size_bytes: self.size_bytes, response }
    }
}

/// What is recorded of an item whose input was read and turned out to be what its earlier result was made of.
pub(super) fn same_content(input: &Input, prior: Prior) -> Finished {
    let read = Run::facts(input, Outcome::Done { output: String::new() });
    let kept = prior.kept(&input.row, SkipReason::Unchanged);
    let unchanged = kept.transfer.as_ref().and_then(|transfer| transfer.unchanged);
    Finished {
        bytes_in: read.bytes_in,
        hash: read.hash.or(kept.hash),
        http_status: read.http_status,
        content_type: read.content_type.or(kept.content_type),
        etag: read.etag,
        last_modified: read.last_modified,
        attempts: read.attempts,
        timings: read.timings,
        transfer: Some(Transfer { unchanged, ..read.transfer.unwrap_or_default() }),
        ..kept
    }
}

/// Whether an item's results are those that it had before.
fn is_same_result(prior: &Prior, outputs: &[FinishedOutput]) -> bool {
    outputs.iter().all(|FinishedOutput { end, target }| {
        let hash = target.as_ref().map(|target| &target.staged.hash);
        hash.is_some() && hash == prior.hash_of(end.output.n)
    })
}
