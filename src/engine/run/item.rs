//! What becomes of one item: its bytes are planned, admitted, worked on by a pixel worker, and staged for the recorder.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use rayon::ThreadPool;

use super::budget::Stopped;
use super::{Run, RunError};
use crate::catalog::CatalogReader;
use crate::codec;
use crate::config::{MAX_BODY_IN_MEMORY_BYTES, MAX_FILE_BYTES};
use crate::engine::item::content_type_check;
use crate::engine::item::limits::{self, Clock};
use crate::engine::item::naming::{self, NameHints, Target};
use crate::engine::item::render::{Prepared, guarded, is_copied, prepare, stripped};
use crate::engine::record::recorder::{FinishedItem, Record};
use crate::error::{ErrorKind, ItemError, JobError};
use crate::fetch::{Body, Bytes, Fetched, SpooledFile};
use crate::model::{Finished, ItemId, ItemRow, Outcome, Timings, Transfer};
use crate::sink::{self, Content};

/// Bytes up to which a body is saved on the thread that has it.
const SAVED_AT_ONCE_BYTES: u64 = 1 << 20;
/// Bytes in which the date of a picture is looked for.
const TAKEN_BYTES: u64 = 1 << 20;

/// An item's bytes, and what is known of how they came.
pub(super) struct Input {
    pub(super) row: ItemRow,
    pub(super) held: Held,
    pub(super) size_bytes: u64,
    pub(super) fetched: Option<FetchedFacts>,
    /// Name that the response suggested.
    pub(super) file_name: Option<String>,
    pub(super) read_ms: u64,
}

/// Where an item's bytes are.
pub(super) enum Held {
    /// In memory.
    Memory(Bytes),
    /// In a temporary file, which goes with it.
    Spooled(Box<SpooledFile>),
    /// Still in the input file: it is only to be copied.
    File(PathBuf),
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
    /// Plans an item, waits until memory and a worker are free, and gives it to the pixel pool. With `is_idle` (nobody
    /// waits behind it) a few bytes that are only to be saved are saved on this thread: that takes less time than to
    /// wake a worker.
    pub(super) fn admit(
        self: &Arc<Self>,
        input: Input,
        is_idle: bool,
        pool: &Arc<ThreadPool>,
        reader: &dyn CatalogReader,
    ) -> Result<(), Stopped> {
        let id = input.row.id;
        if input.fetched.is_none() {
            // Not begun, so given back: a pause ends with a look from the first waiting item, and whoever waits for all
            // that is in flight must not wait for this one.
            if self.switch.is_paused() {
                self.release(id.seq);
                return Ok(());
            }
            self.begin(id);
        }
        self.keep_body(&input);
        let work = match self.plan(&input) {
            Ok(work) => work,
            Err(error) => {
                self.conclude(&input, Outcome::Failed(error));
                return Ok(());
            }
        };
        if let Some(outcome) = self.settled_by_policy(&input, &work, reader) {
            self.conclude(&input, outcome);
            return Ok(());
        }
        let share = self.memory.take(work.peak_bytes(input.size_bytes), &self.switch)?;
        if is_idle && matches!(work, Work::Copy) && input.size_bytes <= SAVED_AT_ONCE_BYTES {
            let share: codec::Held = Arc::new(share);
            self.work(&input, work, &share);
            return Ok(());
        }
        let permit = self.permits.take(1, &self.switch)?;
        let run = Arc::clone(self);
        let share: codec::Held = Arc::new(share);
        pool.spawn(move || {
            run.work(&input, work, &share);
            drop((permit, share));
        });
        Ok(())
    }

    pub(super) fn plan(&self, input: &Input) -> Result<Work, ItemError> {
        let called = input.fetched.as_ref().and_then(|fetched| fetched.content_type.as_deref());
        if self.spec.is_copy() {
            return match called.and_then(|called| content_type_check::check_content(&input.held.head(), Some(called))) {
                Some(error) => Err(error.named(&input.row.locator)),
                None => Ok(Work::Copy),
            };
        }
        let bytes = input.bytes()?;
        if is_copied(&bytes, &self.spec.recipe, &self.spec.save) {
            return Ok(Work::Copy);
        }
        if let Some((bytes, size_px)) = stripped(&bytes, &self.spec.recipe, &self.spec.save) {
            return Ok(Work::Stripped { bytes, size_px });
        }
        let limits = &self.spec.limits;
        let prepared = prepare(&bytes, &self.pipeline, &self.spec.save)
            .and_then(|prepared| {
                limits::check(limits, self.memory.whole(), &prepared, input.size_bytes)?;
                Ok(prepared.with_truncated(limits.truncated))
            })
            .map_err(|error| content_type_check::told(error, called).named(&input.row.locator))?;
        Ok(Work::Picture(Box::new(prepared)))
    }

    /// What the policy for taken names says before any work, where the name is known already.
    pub(super) fn settled_by_policy(&self, input: &Input, work: &Work, reader: &dyn CatalogReader) -> Option<Outcome> {
        if !self.naming.may_settle_early() {
            return None;
        }
        let taken = self.taken(input);
        let told = NameHints { file_name: input.file_name.as_deref(), taken: taken.as_deref() };
        let place = self.naming.early_place(&input.row, told, &work.extension(input))?;
        self.naming.settle_early(&place, &input.row, reader)
    }

    /// When a picture was taken, where names are to tell it.
    fn taken(&self, input: &Input) -> Option<String> {
        if self.naming.needs_date() { input.held.taken() } else { None }
    }

    /// The item's own work, on a pixel worker: render or copy, stage, and leave the rest to the recorder.
    /// `share` is what it takes of the memory; a decoder that can't be stopped keeps it until it ends.
    pub(super) fn work(&self, input: &Input, work: Work, share: &codec::Held) {
        let started = Instant::now();
        let made = guarded(|| self.make(input, &work, share)).map_err(|error| error.named(&input.row.locator));
        let process_ms = started.elapsed().as_millis() as u64;
        match made {
            Ok((mut recorded, staged)) => {
                recorded.timings.process_ms = process_ms;
                self.count_remarks(&recorded.remarks);
                self.record(recorded, Some(staged));
            }
            Err(error) if error.kind == ErrorKind::Cancelled => self.release(input.row.id.seq),
            Err(error) if error.kind == ErrorKind::DiskFull => {
                self.release(input.row.id.seq);
                self.set_error(RunError::DiskFull(JobError::Item(error)));
            }
            Err(error) => self.conclude(input, Outcome::Failed(error)),
        }
    }

    pub(super) fn make(
        &self,
        input: &Input,
        work: &Work,
        share: &codec::Held,
    ) -> Result<(Finished, Target), ItemError> {
        let stopped = || self.switch.is_stopped();
        let mut facts = Self::facts(input, Outcome::Done { output: String::new() });
        let stage = |size_px, hash: &str, content: Content<'_>| {
            if stopped() {
                return Err(ItemError::nameless(ErrorKind::Cancelled));
            }
            let taken = self.taken(input);
            let told = NameHints { file_name: input.file_name.as_deref(), taken: taken.as_deref() };
            self.naming.stage(&input.row, told, &work.extension(input), size_px, hash, content)
        };
        let target = match work {
            Work::Copy => {
                let hash = match (&facts.hash, &input.held) {
                    (Some(hash), _) => hash.clone(),
                    (None, Held::File(path)) if self.naming.needs_result() => {
                        sink::sha256_file(path).map_err(|error| ItemError::reading(path, &error))?
                    }
                    _ => String::new(),
                };
                let content = match (&facts.hash, input.held.content()) {
                    (Some(known), Content::Bytes(bytes)) => Content::Known(bytes, known),
                    (_, content) => content,
                };
                let target = stage(None, &hash, content)?;
                facts.hash = Some(target.staged.hash().to_owned());
                target
            }
            Work::Stripped { bytes, size_px } => {
                let hash = if self.naming.needs_result() { sink::sha256_hex(bytes) } else { String::new() };
                (facts.width_px, facts.height_px) = (Some(size_px.0), Some(size_px.1));
                stage(Some(*size_px), &hash, Content::Bytes(bytes))?
            }
            Work::Picture(prepared) => {
                let bytes = input.bytes()?;
                let clock = Clock::start(&self.spec.limits);
                let cancelled = || stopped() || clock.is_up();
                let control = codec::DecodeControl { cancelled: &cancelled, held: Some(Arc::clone(share)) };
                let rendered = prepared.render_with(&bytes, &self.spec.save, &control).map_err(|error| {
                    let timed_out = error.kind == ErrorKind::Cancelled && !stopped();
                    if timed_out { clock.error() } else { error }
                })?;
                facts.truncation = rendered.truncation;
                facts.remarks = rendered.remarks;
                let size_px = (rendered.info.width_px, rendered.info.height_px);
                let hash = if self.naming.needs_result() { sink::sha256_hex(&rendered.bytes) } else { String::new() };
                facts.width_px = Some(size_px.0);
                facts.height_px = Some(size_px.1);
                stage(Some(size_px), &hash, Content::Bytes(&rendered.bytes))?
            }
        };
        facts.bytes_out = target.staged.size_bytes();
        facts.output_hash = Some(target.staged.hash().to_owned());
        Ok((facts, target))
    }

    pub(super) fn facts(input: &Input, outcome: Outcome) -> Finished {
        let mut facts = Finished::new(input.row.id, outcome);
        facts.bytes_in = input.size_bytes;
        facts.timings = Timings { fetch_ms: input.read_ms, process_ms: 0 };
        facts.attempts = input.row.attempts + 1;
        if let Some(fetched) = &input.fetched {
            facts.hash = input.held.hash();
            facts.http_status = Some(fetched.http_status);
            facts.content_type.clone_from(&fetched.content_type);
            facts.etag.clone_from(&fetched.etag);
            facts.last_modified.clone_from(&fetched.last_modified);
            facts.attempts = fetched.attempts;
            facts.transfer = Some(fetched.transfer.clone());
        }
        facts
    }

    pub(super) fn conclude(&self, input: &Input, outcome: Outcome) {
        self.record(Self::facts(input, outcome), None);
    }

    pub(super) fn fail(&self, finished: Finished) {
        self.record(finished, None);
    }

    /// Notes that an item was begun; the recorder is told once for all until it takes them.
    pub(super) fn begin(&self, id: ItemId) {
        let is_first = {
            let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
            begun.push(id.seq);
            begun.len() == 1
        };
        if is_first {
            let _ = self.record_tx.send(Record::Begun(id.job));
        }
    }

    /// The items begun since this was asked last.
    pub(crate) fn take_begun(&self) -> Vec<u64> {
        std::mem::take(&mut *self.begun.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn record(&self, finished: Finished, target: Option<Target>) {
        let seq = finished.id.seq;
        if self.record_tx.send(Record::Finished(Box::new(FinishedItem { finished, target }))).is_err() {
            self.release(seq);
        }
    }

    /// Keeps a fetched body for previews, where a face wants that.
    pub(super) fn keep_body(&self, input: &Input) {
        if let (Some(bodies), Some(_), Held::Memory(bytes)) = (&self.bodies, &input.fetched, &input.held) {
            bodies.keep(input.row.id, bytes, input.fetched.as_ref().and_then(|f| f.content_type.clone()));
        }
    }
}

/// What an item needs done.
pub(super) enum Work {
    /// Its bytes are its output.
    Copy,
    /// Its bytes without its metadata, and the picture's size in px.
    Stripped { bytes: Vec<u8>, size_px: (u32, u32) },
    /// It goes through the pipeline.
    Picture(Box<Prepared>),
}

impl Work {
    fn peak_bytes(&self, file_bytes: u64) -> u64 {
        match self {
            Self::Copy => file_bytes.min(MAX_BODY_IN_MEMORY_BYTES),
            Self::Stripped { bytes, .. } => file_bytes.saturating_add(bytes.len() as u64),
            Self::Picture(prepared) => prepared.peak_bytes(file_bytes),
        }
    }

    /// The output's extension, without the dot.
    fn extension(&self, input: &Input) -> String {
        match self {
            Self::Picture(prepared) => {
                // A kept format keeps the spelling of its extension, too.
                let own = naming::own_extension(&input.row.locator, input.file_name.as_deref());
                match own {
                    Some(own) if naming::is_spelling_of(&own, prepared.format) => own,
                    _ => prepared.format.extension().to_owned(),
                }
            }
            Self::Copy | Self::Stripped { .. } => naming::own_extension(&input.row.locator, input.file_name.as_deref())
                .map(|own| {
                    let truth = input
                        .fetched
                        .as_ref()
                        .and_then(|_| content_type_check::true_extension(&own, &input.held.head()));
                    truth.map_or(own, str::to_owned)
                })
                .or_else(|| {
                    let content_type = input.fetched.as_ref().and_then(|fetched| fetched.content_type.as_deref());
                    naming::extension_of_content(&input.held.head(), content_type)
                })
                .unwrap_or_default(),
        }
    }
}

impl Input {
    pub(super) fn from_fetched(row: ItemRow, fetched: Fetched) -> Self {
        Self {
            row,
            size_bytes: fetched.size_bytes,
            held: match fetched.body {
                Body::Memory(bytes) => Held::Memory(bytes),
                Body::File(file) => Held::Spooled(file),
            },
            file_name: fetched.file_name,
            read_ms: fetched.fetch_ms,
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
}

impl Input {
    /// All bytes.
    fn bytes(&self) -> Result<Cow<'_, [u8]>, ItemError> {
        match &self.held {
            Held::Memory(bytes) => Ok(Cow::Borrowed(bytes)),
            Held::Spooled(file) => {
                file.bytes().map(Cow::Owned).map_err(|error| ItemError::reading(&file.path(), &error))
            }
            Held::File(path) => read(path).map(Cow::Owned),
        }
    }
}

impl Held {
    /// SHA-256 of a body, lower-case hex; an input file's is known once it was read.
    fn hash(&self) -> Option<String> {
        match self {
            Self::Memory(bytes) => Some(sink::sha256_hex(bytes)),
            Self::Spooled(file) => Some(file.hash().to_owned()),
            Self::File(_) => None,
        }
    }

    fn content(&self) -> Content<'_> {
        match self {
            Self::Memory(bytes) => Content::Bytes(bytes),
            Self::Spooled(file) => Content::Move(file.name(), file.file()),
            Self::File(path) => Content::Copy(path),
        }
    }

    /// The first bytes, enough to tell what they are; none where they can't be read.
    fn head(&self) -> Vec<u8> {
        const HEAD_BYTES: u64 = 512;
        match self {
            Self::Memory(bytes) => bytes.iter().take(HEAD_BYTES as usize).copied().collect(),
            Self::Spooled(file) => file.head(HEAD_BYTES).unwrap_or_default(),
            Self::File(path) => read_head(path, HEAD_BYTES),
        }
    }

    /// When the picture was taken.
    fn taken(&self) -> Option<String> {
        match self {
            Self::Memory(bytes) => codec::taken(bytes),
            Self::Spooled(file) => file.head(TAKEN_BYTES).ok().and_then(|head| codec::taken(&head)),
            Self::File(path) => taken_of(path),
        }
    }
}

/// Looks at an input file and reads it whole, unless it is only to be copied.
pub(super) fn open_file(path: &Path, only_copied: bool) -> Result<(Held, u64), ItemError> {
    let meta = std::fs::metadata(path).map_err(|error| ItemError::reading(path, &error))?;
    if !meta.is_file() {
        return Err(ItemError::new(ErrorKind::NotAPicture, path.display()).with("detail", "it is not a regular file"));
    }
    if only_copied {
        return Ok((Held::File(path.to_path_buf()), meta.len()));
    }
    if meta.len() == 0 {
        return Err(ItemError::new(ErrorKind::Empty, path.display()));
    }
    if meta.len() > MAX_FILE_BYTES {
        let detail = format!("{} bytes, at most {MAX_FILE_BYTES}", meta.len());
        return Err(ItemError::new(ErrorKind::TooLarge, path.display()).with("detail", detail));
    }
    let bytes = read(path)?;
    let size_bytes = bytes.len() as u64;
    Ok((Held::Memory(bytes.into()), size_bytes))
}

/// A file's first bytes; none where they can't be read.
fn read_head(path: &Path, bytes: u64) -> Vec<u8> {
    let mut head = Vec::new();
    let read = std::fs::File::open(path)
        .and_then(|file| std::io::Read::read_to_end(&mut std::io::Read::take(file, bytes), &mut head));
    if read.is_ok() { head } else { Vec::new() }
}

/// When a file's picture was taken, as far as its beginning tells.
pub(crate) fn taken_of(path: &Path) -> Option<String> {
    codec::taken(&read_head(path, TAKEN_BYTES))
}

pub(crate) fn read(path: &Path) -> Result<Vec<u8>, ItemError> {
    std::fs::read(path).map_err(|error| ItemError::reading(path, &error))
}
