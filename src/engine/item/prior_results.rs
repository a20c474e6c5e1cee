//! Results of earlier jobs that did the same work: with the same recipe, save settings and names into the same folder.
//! A link or file that has one is not processed again as long as it is unchanged.
//!
//! The catalog has no index of links. A list that runs again has its links at the same positions, or shifted by the lines
//! that were added or removed; only when one is not found there, the positions of all links are read into memory, up to
//! [`MOST_INDEXED`].

use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::checksum::Checksum;
use super::naming::{self, Naming, existing_output};
use super::outputs::Outputs;
use super::step_files;
use super::texts::RecipeTexts;
use crate::catalog::{CatalogReader, PriorResult};
use crate::model::{
    ConflictPolicy, Durability, Finished, ItemId, ItemOutput, ItemRow, ItemState, JobId, JobSpec, JobState, Locator,
    Outcome, Output, Recipe, SkipReason, Transfer,
};
use crate::store;

/// Jobs that are searched for earlier ones that did the same.
const JOBS_SEARCHED: u32 = 200;
/// Jobs in which a link is looked for at its own position.
const JOBS_IN_STEP: usize = 3;
/// Links whose positions are kept in memory, 8 bytes each.
const MOST_INDEXED: usize = 1 << 22;
/// Rows that are read at once.
const PAGE_ROWS: u32 = 4096;

/// The earlier jobs, with the current position in each.
pub(crate) struct PriorResults {
    jobs: Vec<Earlier>,
    /// The columns of lists that names contain: rows that differ in them have different results.
    columns: Vec<String>,
    /// The texts of each output's recipe with fields.
    texts: Vec<RecipeTexts>,
    /// How many outputs an item has, if they are named.
    outputs: Option<usize>,
    /// The list's column of checksums.
    checksum_column: Option<String>,
    /// Whether changed items replace their earlier results.
    updates: bool,
    /// Whether items with an earlier result are skipped, whatever became of their inputs.
    skips: bool,
    hasher: RandomState,
    is_indexed: bool,
}

struct Earlier {
    job: JobId,
    /// Whether its results were synced to disk.
    is_synced: bool,
    checksum_column: Option<String>,
    /// How far its links are shifted against this job's.
    offset: i64,
    /// Hash and number of each of its links, sorted.
    positions: Vec<(u32, u32)>,
}

/// What an earlier result means for a file.
pub(crate) enum FilePlan {
    /// Nothing: it is processed.
    Process,
    /// It is processed, and replaces its earlier result.
    Replace(Box<Prior>),
    /// It is not processed.
    Keep(Box<Finished>),
}

/// An earlier result.
#[derive(Clone, Debug)]
pub(crate) struct Prior {
    pub(crate) result: PriorResult,
    /// The column of checksums that its job used.
    checksum_column: Option<String>,
    /// When its file was known to be complete on disk.
    known_at: Option<SystemTime>,
    /// Whether it shows another text than the item would have now.
    pub(crate) has_other_text: bool,
    /// The results, if they are those of named outputs.
    outputs: Vec<ItemOutput>,
}

impl PriorResults {
    /// Finds the jobs before `job` (all, if it is `None`) that did the same; none if the catalog can't be read.
    pub(crate) fn new(spec: &JobSpec, outputs: &Outputs, job: Option<JobId>, reader: &dyn CatalogReader) -> Self {
        let own = spec.outputs.iter().flat_map(|output| &output.steps).cloned();
        let all = Recipe { steps: spec.recipe.steps.iter().cloned().chain(own).collect(), ..Recipe::default() };
        let named_files_ms = step_files::last_modified_ms(&all);
        let rows = reader.jobs(JOBS_SEARCHED).unwrap_or_default().into_iter();
        let rows = rows.filter(|row| job.is_none_or(|job| row.id < job) && row.state != JobState::Draft);
        let used =
            rows.filter(|row| row.done + row.skipped > 0 && named_files_ms.is_none_or(|ms| ms < row.created_at_ms));
        let out_dir = naming::out_dir(spec).ok();
        let jobs = used.filter_map(|row| {
            let request =
                reader.request(row.id).ok().flatten().filter(|request| does_same(request, spec, out_dir.as_deref()))?;
            Some(Earlier {
                job: row.id,
                is_synced: request.item_durability() == Durability::Group,
                checksum_column: request.lists.checksum_column,
                offset: 0,
                positions: Vec::new(),
            })
        });
        let jobs = jobs.collect();
        Self { jobs, ..Self::none(spec, outputs) }
    }

    /// The same for files, whose earlier results matter only with some options.
    pub(crate) fn for_files(spec: &JobSpec, outputs: &Outputs, job: Option<JobId>, reader: &dyn CatalogReader) -> Self {
        let none = Self::none(spec, outputs);
        if none.updates || none.skips { Self::new(spec, outputs, job, reader) } else { none }
    }

    /// Without an earlier job.
    pub(crate) fn none(spec: &JobSpec, outputs: &Outputs) -> Self {
        let updates = spec.output().sink.update;
        Self {
            jobs: Vec::new(),
            columns: outputs.namings().flat_map(Naming::columns).map(str::to_owned).collect(),
            texts: outputs.namings().map(|naming| naming.texts().clone()).collect(),
            outputs: outputs.are_named().then(|| outputs.count()),
            checksum_column: spec.lists.checksum_column.clone(),
            updates,
            skips: !updates && outputs.namings().all(|naming| naming.policy() == ConflictPolicy::Skip),
            hasher: RandomState::new(),
            is_indexed: false,
        }
    }

    /// What is recorded of a link that is skipped without a request, because its earlier result exists.
    pub(crate) fn skip_link(&mut self, row: &ItemRow, reader: &dyn CatalogReader) -> Option<Finished> {
        let prior = if self.skips { self.find_link(row, reader) } else { None };
        prior.filter(|prior| !prior.has_other_text)?.skipped(row)
    }

    /// What an earlier result means for a file.
    pub(crate) fn plan_file(&self, row: &ItemRow, reader: &dyn CatalogReader) -> FilePlan {
        let Some(prior) = self.find_file(row, reader) else { return FilePlan::Process };
        if self.skips && prior.has_other_text {
            return FilePlan::Process;
        }
        if self.skips {
            return prior.skipped(row).map_or(FilePlan::Process, |finished| FilePlan::Keep(Box::new(finished)));
        }
        if !prior.is_intact() {
            return FilePlan::Process;
        }
        let head = store::of(&row.locator).and_then(|store| store.head(&row.locator)).ok();
        let now = head.and_then(|head| Some((head.size_bytes, head.modified_ms()?)));
        let is_same = now.is_some() && !prior.has_other_text;
        if is_same && now == prior.result.size_bytes.zip(prior.result.mtime_ms) {
            FilePlan::Keep(Box::new(prior.kept(row, SkipReason::Unchanged)))
        } else {
            FilePlan::Replace(Box::new(prior))
        }
    }

    /// The earlier result of a link, unless its list asks for other content now.
    pub(crate) fn find_link(&mut self, row: &ItemRow, reader: &dyn CatalogReader) -> Option<Prior> {
        let prior = self.search_link(row, reader).filter(|prior| self.has_checksum(row, prior))?;
        self.with_outputs(prior, reader)
    }

    /// Whether an earlier result has the checksum that a list gives.
    fn has_checksum(&self, row: &ItemRow, prior: &Prior) -> bool {
        let Some(column) = &self.checksum_column else { return true };
        match Checksum::of(row, column) {
            Ok(None) => true,
            Ok(Some(Checksum::Sha256(wanted))) => prior.result.hash == Some(wanted),
            // It was compared with the content then.
            Ok(Some(_)) => {
                prior.checksum_column.as_ref() == Some(column)
                    && prior.result.columns.text(column) == row.columns.text(column)
            }
            Err(_) => false,
        }
    }

    fn search_link(&mut self, row: &ItemRow, reader: &dyn CatalogReader) -> Option<Prior> {
        if self.jobs.is_empty() {
            return None;
        }
        let text = row.locator.to_text();
        for earlier in self.jobs.iter().take(JOBS_IN_STEP) {
            let seq = row.id.seq.saturating_add_signed(earlier.offset);
            if let Some(prior) = earlier.result_of(seq, &text, row, (&self.columns, &self.texts), reader) {
                return Some(prior);
            }
        }
        if !self.is_indexed {
            self.index(reader);
        }
        let key = self.hasher.hash_one(&text) as u32;
        for earlier in &mut self.jobs {
            let first = earlier.positions.partition_point(|position| position.0 < key);
            let same = earlier.positions.iter().skip(first).take_while(|position| position.0 == key);
            for (_, seq) in same {
                let seq = u64::from(*seq);
                if let Some(prior) = earlier.result_of(seq, &text, row, (&self.columns, &self.texts), reader) {
                    earlier.offset = i64::try_from(seq).unwrap_or(0) - i64::try_from(row.id.seq).unwrap_or(0);
                    return Some(prior);
                }
            }
        }
        None
    }

    fn find_file(&self, row: &ItemRow, reader: &dyn CatalogReader) -> Option<Prior> {
        let text = row.locator.to_text();
        self.jobs
            .iter()
            .find_map(|earlier| {
                let result = reader.prior_result_of_file(earlier.job, &text).ok().flatten()?;
                (result.dir == row.dir).then(|| earlier.prior(result, row, &self.texts))
            })
            .and_then(|prior| self.with_outputs(prior, reader))
    }

    /// An earlier result with all of its outputs, if they are named; `None` if one is missing.
    fn with_outputs(&self, prior: Prior, reader: &dyn CatalogReader) -> Option<Prior> {
        let Some(count) = self.outputs else { return Some(prior) };
        let outputs = reader.outputs(prior.result.maker).ok()?;
        let is_there = |output: &ItemOutput| output.path.is_some() && output.hash.is_some();
        (outputs.len() == count && outputs.iter().all(is_there)).then_some(Prior { outputs, ..prior })
    }

    /// Reads the positions of all links.
    fn index(&mut self, reader: &dyn CatalogReader) {
        self.is_indexed = true;
        let mut room = MOST_INDEXED;
        for earlier in &mut self.jobs {
            let mut after_seq = 0;
            while room > 0 {
                let page = reader.locators(earlier.job, after_seq, PAGE_ROWS).unwrap_or_default();
                let Some((last, _)) = page.last() else { break };
                after_seq = *last;
                let links = page.iter().filter(|(_, locator)| Locator::is_url(locator)).take(room);
                let before = earlier.positions.len();
                earlier.positions.extend(links.filter_map(|(seq, locator)| {
                    Some((self.hasher.hash_one(locator) as u32, u32::try_from(*seq).ok()?))
                }));
                room -= earlier.positions.len() - before;
            }
            earlier.positions.sort_unstable();
        }
    }
}

impl Earlier {
    /// The result of the item with this number, if it was for the same link and has the same name.
    fn result_of(
        &self,
        seq: u64,
        locator: &str,
        row: &ItemRow,
        (columns, texts): (&[String], &[RecipeTexts]),
        reader: &dyn CatalogReader,
    ) -> Option<Prior> {
        let result = reader.prior_result(ItemId { job: self.job, seq }, locator).ok().flatten()?;
        let has_same_name = columns.iter().all(|column| result.columns.text(column) == row.columns.text(column))
            && result.columns.given_name() == row.columns.given_name();
        has_same_name.then(|| self.prior(result, row, texts))
    }

    fn prior(&self, result: PriorResult, row: &ItemRow, texts: &[RecipeTexts]) -> Prior {
        let is_other = |texts: &RecipeTexts| {
            texts.row_key(&result.columns, result.maker.seq) != texts.row_key(&row.columns, row.id.seq)
        };
        let has_other_text = texts.iter().any(is_other);
        let finished_at = result.finished_at_ms.and_then(|ms| u64::try_from(ms).ok());
        let known_at = finished_at.filter(|_| self.is_synced).map(|ms| UNIX_EPOCH + Duration::from_millis(ms));
        let checksum_column = self.checksum_column.clone();
        Prior { result, checksum_column, known_at, has_other_text, outputs: Vec::new() }
    }
}

impl Prior {
    /// Where its output is.
    pub(crate) fn output(&self) -> Locator {
        Locator::parse(&self.result.output)
    }

    /// Where the output with this number is.
    pub(crate) fn output_of(&self, n: u32) -> Option<Locator> {
        if self.outputs.is_empty() {
            return Some(self.output());
        }
        let output = self.outputs.iter().find(|output| output.n == n)?;
        output.path.as_deref().map(Locator::parse)
    }

    /// The hash of the output with this number.
    pub(crate) fn hash_of(&self, n: u32) -> Option<&String> {
        if self.outputs.is_empty() {
            return Some(&self.result.output_hash);
        }
        self.outputs.iter().find(|output| output.n == n)?.hash.as_ref()
    }

    /// Whether its output, or each of them, still has its recorded bytes.
    pub(crate) fn is_intact(&self) -> bool {
        if !self.outputs.is_empty() {
            return self.outputs.iter().all(|output| {
                let file = output.path.as_deref().map(Locator::parse);
                let is_intact =
                    |(file, hash): (Locator, &String)| store::is_intact(&file, output.bytes, hash, self.known_at);
                file.zip(output.hash.as_ref()).is_some_and(is_intact)
            });
        }
        store::is_intact(&self.output(), self.result.bytes_out, &self.result.output_hash, self.known_at)
    }

    /// What is recorded of an item that is skipped because this result exists.
    fn skipped(self, row: &ItemRow) -> Option<Finished> {
        let output = self.output();
        let is_taken = |output: &ItemOutput| {
            let file = output.path.as_deref().map(Locator::parse);
            file.as_ref().and_then(Locator::path).is_some_and(|path| store::of_path(path).is_taken(path))
        };
        if !self.outputs.iter().all(is_taken) {
            return None;
        }
        let path = output.path().filter(|path| store::of_path(path).is_taken(path))?;
        let is_intact = self.is_intact();
        let kept = self.kept(row, SkipReason::Exists);
        if is_intact {
            return Some(kept);
        }
        // Another program has changed it: what was recorded is no longer true of it.
        Some(Finished { outputs: vec![existing_output(path)], attempts: 0, ..Finished::new(row.id, kept.outcome) })
    }

    /// What is recorded of an item that keeps this result, because of `reason`. Its values are those of what exists.
    pub(crate) fn kept(self, row: &ItemRow, reason: SkipReason) -> Finished {
        let (output, prior, outputs) = (self.output(), self.result, self.outputs);
        let skipped = |output: ItemOutput| ItemOutput { state: ItemState::Skipped, error: None, ..output };
        let outputs: Vec<ItemOutput> = outputs.into_iter().map(skipped).collect();
        let job = prior.maker.job;
        let sentence = match reason {
            SkipReason::Unchanged => format!("Unchanged since job {job}: {output} is kept."),
            _ => format!("{output} exists already: job {job} made it."),
        };
        let unchanged = Some((job.0, prior.maker.seq));
        Finished {
            bytes_in: prior.bytes_in,
            bytes_out: prior.bytes_out,
            width_px: prior.size_px.map(|size| size.0),
            height_px: prior.size_px.map(|size| size.1),
            hash: prior.hash,
            output_hash: Some(prior.output_hash.clone()),
            content_type: prior.content_type,
            etag: prior.etag,
            last_modified: prior.last_modified,
            attempts: 0,
            input_size_px: prior.input_size_px,
            transfer: Some(Transfer { unchanged, file_name: prior.file_name, ..Transfer::default() }),
            outputs: if outputs.is_empty() {
                vec![ItemOutput {
                    path: Some(prior.output),
                    bytes: prior.bytes_out,
                    width_px: prior.size_px.map(|size| size.0),
                    height_px: prior.size_px.map(|size| size.1),
                    hash: Some(prior.output_hash),
                    ..skipped(ItemOutput::none())
                }]
            } else {
                outputs
            },
            ..Finished::new(row.id, Outcome::Skipped { reason, sentence })
        }
    }
}

/// Whether another job produces the same results as this one.
fn does_same(spec: &JobSpec, ours: &JobSpec, out_dir: Option<&Path>) -> bool {
    let is_same = |(one, other): (&Output, &Output)| {
        let active = |output: &'_ Output| output.steps.iter().filter(|step| step.enabled).cloned().collect::<Vec<_>>();
        let names = |output: &Output| (output.name.clone(), output.sink.name.clone(), output.sink.folder.clone());
        (active(one), &one.save, names(one), one.sink.tree)
            == (active(other), &other.save, names(other), other.sink.tree)
    };
    spec.work == ours.work
        && spec.recipe.active().eq(ours.recipe.active())
        && spec.outputs.len() == ours.outputs.len()
        && spec.outputs.iter().zip(&ours.outputs).all(is_same)
        && spec.limits.truncated == ours.limits.truncated
        && spec.limits.damaged == ours.limits.damaged
        && spec.limits.raw == ours.limits.raw
        && out_dir.is_some()
        && naming::out_dir(spec).ok().as_deref() == out_dir
}
