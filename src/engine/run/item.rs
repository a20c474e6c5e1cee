//! Processes one item: decides what happens to it, admits it, renders or copies it, and stages the result for the
//! recorder.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use super::admission::{Admission, Host};
use super::budget::Stopped;
use super::pools::PixelPool;
use super::{Run, RunError};
use crate::catalog::CatalogReader;
use crate::codec::DecodeControl;
use crate::engine::item::body::ItemBody;
use crate::engine::item::claims::{RunClaims, may_be_given};
use crate::engine::item::decide::{Action, Decision, PlannedName, Response, Rules, Subject, decide};
use crate::engine::item::limits::Clock;
use crate::engine::item::naming::{NameHints, Resolution, Target, Verdict, existing_output, given_name};
use crate::engine::item::prior_results::Prior;
use crate::engine::item::render::guarded;
use crate::engine::record::message::{FinishedItem, Record};
use crate::error::{ErrorKind, ItemError, JobError};
use crate::fetch::{Body, Fetched};
use crate::model::{Finished, ItemId, ItemRow, Locator, Outcome, Remark, SkipReason, Timings, Transfer};
use crate::source::MayGive;
use crate::store::{self, Content};

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
        let decision = match self.decide(&input, reader) {
            Ok(decision) => decision,
            Err(finished) => {
                if matches!(&finished.outcome, Outcome::Failed(error) if error.kind == ErrorKind::Cancelled) {
                    return Err(Stopped);
                }
                self.fail(*finished);
                return Ok(());
            }
        };
        if input.fetched.is_none() && !self.naming.needs_hash() {
            // Without the size, which may be known only after the work: more items than necessary wait for each other.
            let hints = decision.hints(&input.subject());
            let planned = self.naming.planned_path(&input.row, hints, &decision.extension);
            if self.naming.has_turns(&input.row, &planned) {
                self.name_order.wait_for_room(&self.switch)?;
                self.name_order.start(id.seq, &planned.folded());
            }
        }
        let at_once = is_idle && matches!(decision.action, Action::Copy) && input.size_bytes <= SAVED_AT_ONCE_BYTES;
        let admission = self.take_admission(decision.action.peak_bytes(input.size_bytes), !at_once)?;
        if at_once {
            self.work(&input, &decision, &admission);
            return Ok(());
        }
        let run = Arc::clone(self);
        // Read after the permit was taken: a slow decode takes its lane before it gives its permit to others.
        let has_blocked_threads = self.slow_lanes.fullness() > 0.0;
        pool.spawn(has_blocked_threads, move || {
            run.work(&input, &decision, &admission);
            drop(admission);
        });
        Ok(())
    }

    /// Decides what happens to an item; what is recorded of it, if that is known before any work.
    fn decide(&self, input: &Input, reader: &dyn CatalogReader) -> Result<Decision, Box<Finished>> {
        let clock = Clock::start(&self.spec.limits, input.spent);
        let cancelled = || self.switch.is_stopped() || clock.is_up();
        let control = DecodeControl::new(&cancelled, &self.helpers).reading_raw(self.spec.limits.raw);
        let rules = Rules::of_job(&self.spec, &self.pipeline, self.memory.whole(), control);
        let replaced = input.prior.as_ref().map(|prior| prior.output());
        let replaced = replaced.as_ref().and_then(Locator::path);
        let claims = RunClaims { job: self.job, reader, promised: None, replaced, waits_for_sources: true };
        let decided = decide(&rules, &self.naming, &input.row, &input.subject(), &claims);
        let decision = decided.map_err(|error| {
            let error = if self.switch.is_stopped() { error } else { clock.explain(error).named(&input.row.locator) };
            Box::new(Self::facts(input, Outcome::Failed(error)))
        })?;
        let (outcome, outputs) = match &decision.name {
            PlannedName::Known(Resolution { verdict: Verdict::Skip(path, sentence), .. }) => {
                let outcome = Outcome::Skipped { reason: SkipReason::Exists, sentence: sentence.clone() };
                (outcome, vec![existing_output(path)])
            }
            PlannedName::Known(Resolution { verdict: Verdict::Refuse(error), .. }) => {
                (Outcome::Failed(error.clone()), Vec::new())
            }
            _ => return Ok(decision),
        };
        let input_size_px = decision.action.input_size_px();
        Err(Box::new(Finished { input_size_px, outputs, ..Self::facts(input, outcome) }))
    }

    /// Renders or copies the item on a pixel worker and stages the result; the recorder does the rest.
    pub(super) fn work(&self, input: &Input, decision: &Decision, admission: &Admission) {
        let started = Instant::now();
        let made = guarded(|| self.make(input, decision, admission)).and_then(|made| self.when_inputs_are_known(made));
        let made = made.map_err(|error| error.named(&input.row.locator));
        let process_ms = started.elapsed().as_millis() as u64;
        match made {
            Ok((mut recorded, staged)) => {
                recorded.timings.process_ms = process_ms;
                if let Some(prior) = input.prior.as_ref().filter(|prior| prior.result.output_hash == staged.staged.hash)
                {
                    // Of a file that was only touched: its result is left alone.
                    return self.fail(same_content(input, Prior::clone(prior)));
                }
                self.sum_up_remarks(input.row.id.seq, &input.row.locator, &recorded.remarks);
                self.record(recorded, Some(staged));
            }
            Err(error) if error.kind == ErrorKind::Cancelled => self.release(input.row.id.seq),
            Err(error) => {
                if let Some(stopping) = self.stopping_error(&error) {
                    // The item is not to blame: it waits until the job continues.
                    self.set_error(stopping);
                    self.release(input.row.id.seq);
                } else {
                    let mut failed = Self::facts(input, Outcome::Failed(error));
                    failed.input_size_px = decision.action.input_size_px();
                    self.fail(failed);
                }
            }
        }
    }

    /// Waits while a source that is still being read may name a file that the result would replace: inputs are never
    /// replaced.
    fn when_inputs_are_known(&self, made: (Finished, Target)) -> Result<(Finished, Target), ItemError> {
        let may_be_given = |path: PathBuf| may_be_given(&self.spec.sources, &path) != MayGive::No;
        if self.pending.load(Ordering::Acquire) == 0 || !made.1.may_replace().any(may_be_given) {
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
        self.naming.lost_output().filter(|_| may_be_lost).map(RunError::Fatal)
    }

    fn make(&self, input: &Input, decision: &Decision, admission: &Admission) -> Result<(Finished, Target), ItemError> {
        let stopped = || self.switch.is_stopped();
        let mut facts = Self::facts(input, Outcome::Done { output: String::new() });
        facts.input_size_px = decision.action.input_size_px();
        let stage = |size_px, hash: &str, content: Content<'_>| {
            if stopped() {
                return Err(ItemError::nameless(ErrorKind::Cancelled));
            }
            let hints = NameHints { size_px, hash, ..decision.hints(&input.subject()) };
            self.naming.stage(&input.row, hints, &decision.extension, content)
        };
        let hash_of = |bytes: &[u8]| match &decision.hash {
            Some(hash) => hash.clone(),
            None if self.naming.needs_hash() => store::sha256_hex(bytes),
            None => String::new(),
        };
        let mut target = match &decision.action {
            Action::Copy => {
                facts.input_size_px = input.body.image_size_px();
                (facts.width_px, facts.height_px) = facts.input_size_px.unzip();
                let hash = match (&facts.hash, &decision.hash) {
                    (Some(hash), _) | (None, Some(hash)) => hash.clone(),
                    (None, None) if self.naming.needs_hash() => input.body.hash()?,
                    (None, None) => String::new(),
                };
                let content = match (&facts.hash, input.body.content()) {
                    (Some(known), Content::Bytes(bytes)) => Content::Known(bytes, known),
                    (_, content) => content,
                };
                let target = stage(None, &hash, content)?;
                facts.hash = Some(target.staged.hash.clone());
                target
            }
            Action::Strip { bytes, size_px, remark } => {
                facts.remarks.extend(remark.clone());
                facts.hash = facts.hash.or_else(|| input.body.hash().ok());
                (facts.width_px, facts.height_px) = (Some(size_px.0), Some(size_px.1));
                stage(Some(*size_px), &hash_of(bytes), Content::Bytes(bytes))?
            }
            Action::Render(prepared) => {
                let bytes = input.body.bytes()?;
                let clock = Clock::start(&self.spec.limits, input.spent);
                let cancelled = || stopped() || clock.is_up();
                let host = Host { run: self, admission };
                let control = DecodeControl { host: Some(&host), ..DecodeControl::new(&cancelled, &self.helpers) };
                let control = control.reading_raw(self.spec.limits.raw);
                let rendered = prepared.render(&bytes, &self.spec.output().save, &control).map_err(|error| {
                    let timed_out = error.kind == ErrorKind::Cancelled && !stopped();
                    if timed_out { clock.error() } else { error }
                })?;
                facts.hash = facts.hash.or_else(|| Some(store::sha256_hex(&bytes)));
                facts.truncation = rendered.truncation;
                facts.remarks = rendered.remarks;
                facts.remarks.extend(rendered.truncation.map(Remark::from));
                let size_px = (rendered.info.width_px, rendered.info.height_px);
                (facts.width_px, facts.height_px) = (Some(size_px.0), Some(size_px.1));
                stage(Some(size_px), &hash_of(&rendered.bytes), Content::Bytes(&rendered.bytes))?
            }
        };
        target.keep_time(self.kept_time(input))?;
        let replaced = input.prior.as_ref().map(|prior| prior.output());
        target.replaced = replaced.and_then(|output| output.path().map(Path::to_path_buf));
        facts.bytes_out = target.staged.size_bytes;
        facts.output_hash = Some(target.staged.hash.clone());
        Ok((facts, target))
    }

    /// The modification time that a result keeps: the input file's, or the one that the server gave.
    fn kept_time(&self, input: &Input) -> Option<SystemTime> {
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

    fn subject(&self) -> Subject<'_> {
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
