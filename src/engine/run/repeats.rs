//! Rows that repeat a link: which of them wait for other rows, and how they get copies of results.

use std::collections::HashMap;
use std::hash::RandomState;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Run;
use super::item::SAVED_AT_ONCE_BYTES;
use super::pools::PixelPool;
use crate::codec;
use crate::config::MAX_BODY_IN_MEMORY_BYTES;
use crate::engine::item::extension::own_extension;
use crate::engine::item::guarded::guarded;
use crate::engine::item::naming::{NameHints, Target, given_name};
use crate::engine::item::outputs::{OutputEnd, OutputPlan};
use crate::engine::item::prior_results::Prior;
use crate::engine::record::message::FinishedOutput;
use crate::error::{ErrorKind, ItemError};
use crate::fetch::name_from_url;
use crate::model::{Finished, ItemOutput, ItemRow, ItemState, Locator, Outcome};
use crate::store::{self, Content};

/// Rows that are looked at together.
const AT_ONCE: usize = 256;
/// Bytes in which the date of an image is looked for.
const CAPTURE_TIME_BYTES: u64 = 1 << 20;

/// Files that rows wait for which repeat them, and how often each is waited for. Unlike links', these rows stay in the
/// lane's hands: it reads them again after any change.
#[derive(Default)]
pub(super) struct WaitedFor(Mutex<HashMap<u64, u32>>);

impl WaitedFor {
    fn counts(&self) -> MutexGuard<'_, HashMap<u64, u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A row waits for an item.
    pub(super) fn wait(&self, first: u64) {
        *self.counts().entry(first).or_default() += 1;
    }

    /// A row does not wait after all; `false` if the item has ended meanwhile.
    pub(super) fn take_back(&self, first: u64) -> bool {
        let mut counts = self.counts();
        let Some(count) = counts.get_mut(&first) else { return false };
        *count -= 1;
        if *count == 0 {
            counts.remove(&first);
        }
        true
    }

    /// An item has an outcome or waits again; whether rows waited for it.
    pub(super) fn release(&self, first: u64) -> bool {
        self.counts().remove(&first).is_some()
    }
}

/// Rows that wait for the rows whose links they repeat. Only as many links as are in progress or queued can be waited for.
#[derive(Default)]
pub(crate) struct Repeats(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    /// The rows that wait for each item.
    rows: HashMap<u64, Vec<u32>>,
    /// Rows that need not wait any more.
    ready: Vec<u32>,
}

impl Repeats {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A row waits for an item.
    pub(super) fn wait(&self, first: u64, row: u64) {
        self.waiting().rows.entry(first).or_default().push(row as u32);
    }

    /// A row does not wait after all; `false` if it is ready already.
    pub(super) fn take_back(&self, first: u64, row: u64) -> bool {
        let mut waiting = self.waiting();
        let Some(rows) = waiting.rows.get_mut(&first) else { return false };
        let had = rows.len();
        rows.retain(|other| u64::from(*other) != row);
        let is_taken = rows.len() < had;
        if rows.is_empty() {
            waiting.rows.remove(&first);
        }
        is_taken
    }

    /// An item has an outcome or waits again; whether rows waited for it.
    pub(super) fn release(&self, first: u64) -> bool {
        let mut waiting = self.waiting();
        let Some(rows) = waiting.rows.remove(&first) else { return false };
        waiting.ready.extend(rows);
        true
    }

    pub(super) fn take_ready(&self) -> Vec<u64> {
        let mut waiting = self.waiting();
        let rest = waiting.ready.len().saturating_sub(AT_ONCE);
        waiting.ready.split_off(rest).into_iter().map(u64::from).collect()
    }

    pub(super) fn clear(&self) {
        *self.waiting() = Waiting::default();
    }
}

/// What the lane knows about repeats.
#[derive(Default)]
pub(super) struct RepeatState {
    /// Rows that are fetched in place of a first row that is gone or failed in an earlier run.
    pub(super) promoted: HashMap<u64, u64>,
    /// The row of each name of each link.
    pub(super) named: HashMap<u64, u32>,
    pub(super) hasher: RandomState,
    /// Whether rows that were done in an earlier run are in `named`.
    pub(super) is_seeded: bool,
}

/// A row that gets a copy of another row's result.
pub(super) struct Repeat {
    pub(super) row: ItemRow,
    pub(super) first: ItemRow,
    /// The results of the first row, one for each output of the job.
    pub(super) results: Vec<ItemOutput>,
    pub(super) prior: Option<Prior>,
}

impl Run {
    /// Whether an item got its outcome after this run began and after the last retry.
    pub(super) fn is_fresh(&self, row: &ItemRow) -> bool {
        let since_ms = self.retried_at_ms.load(Ordering::Acquire);
        row.finished_at_ms.is_some_and(|finished_ms| finished_ms >= since_ms)
    }

    /// Copies a result for a row that repeats a link: small ones on this thread.
    pub(super) fn copy_result(self: &Arc<Self>, repeat: Repeat, pool: &PixelPool) {
        let seq = repeat.row.id.seq;
        let is_small = repeat.first.bytes_out <= SAVED_AT_ONCE_BYTES;
        let memory_bytes = repeat.first.bytes_out.min(MAX_BODY_IN_MEMORY_BYTES);
        let Ok(admission) = self.take_admission(memory_bytes, !is_small) else { return self.release(seq) };
        if is_small {
            return self.save_copy(&repeat);
        }
        let run = Arc::clone(self);
        pool.spawn(false, move || {
            run.save_copy(&repeat);
            drop(admission);
        });
    }

    fn save_copy(self: &Arc<Self>, repeat: &Repeat) {
        let Repeat { row, first, results, .. } = repeat;
        let facts = Finished {
            bytes_in: first.bytes_in,
            hash: first.hash.clone(),
            http_status: first.http_status,
            content_type: first.content_type.clone(),
            remarks: first.remarks.clone(),
            input_size_px: first.input_size_px,
            attempts: row.attempts + 1,
            ..Finished::new(row.id, Outcome::Done { output: String::new() })
        };
        let mut copies = Vec::with_capacity(results.len());
        for (result, output) in results.iter().zip(self.outputs.iter()) {
            match guarded(|| self.stage_copy(repeat, result, output)) {
                Ok(target) => {
                    let (bytes, hash) = (target.staged.size_bytes, Some(target.staged.hash.clone()));
                    let done =
                        ItemOutput { n: output.n, bytes, hash, state: ItemState::Done, path: None, ..result.clone() };
                    copies.push(FinishedOutput { end: OutputEnd::done(done), target: Some(target) });
                }
                // The result was just renamed, or is gone: the row looks at it again.
                Err(error) if matches!(error.kind, ErrorKind::InputChanged | ErrorKind::NotFound) => {
                    let requeue = self.requeue();
                    self.release(row.id.seq);
                    let _ = self.record_tx.send(requeue);
                    return;
                }
                Err(error) => return self.end_unsaved(row, error.named(&row.locator)),
            }
        }
        self.record_made(facts, copies);
    }

    fn stage_copy(&self, repeat: &Repeat, result: &ItemOutput, output: &OutputPlan) -> Result<Target, ItemError> {
        let Repeat { row, first, prior, .. } = repeat;
        let OutputPlan { n, spec, naming, .. } = output;
        let file = result.path.as_deref().map_or_else(|| first.locator.clone(), Locator::parse);
        let own_name = || name_from_url(&first.locator.to_text());
        let given = given_name(row);
        let file_name = given.clone().or_else(|| first.response_name.clone()).or_else(own_name);
        let taken = if naming.needs_date() { codec::taken(&store::read_head(&file, CAPTURE_TIME_BYTES)) } else { None };
        let hash = result.hash.as_deref().unwrap_or_default();
        let size_px = result.width_px.zip(result.height_px);
        let hints =
            NameHints { file_name: file_name.as_deref(), taken: taken.as_deref(), size_px, hash, is_pending: false };
        let given = given.filter(|_| spec.is_copy()).and_then(|name| own_extension(&row.locator, Some(&name)));
        let extension = given.or_else(|| own_extension(&file, None)).unwrap_or_default();
        let mut target = naming.stage(row, hints, &extension, Content::Copy(&file))?;
        if target.staged.hash != hash {
            return Err(ItemError::new(ErrorKind::InputChanged, &file));
        }
        if self.spec.output().sink.keep_times {
            // The first row's result has the time that the server gave.
            let time = store::of(&file).and_then(|store| store.head(&file)).ok().and_then(|head| head.modified);
            target.keep_time(time)?;
        }
        let replaced = prior.as_ref().and_then(|prior| prior.output_of(*n));
        target.replaced = replaced.and_then(|output| output.path().map(Path::to_path_buf));
        Ok(target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_waited_for_until_it_ends_or_no_row_waits_any_more() {
        let files = WaitedFor::default();
        files.wait(5);
        files.wait(5);
        assert!(files.take_back(5) && files.release(5), "another row still waits");
        assert!(!files.take_back(5) && !files.release(5), "it has ended");
        files.wait(5);
        assert!(files.take_back(5) && !files.release(5), "no row waits any more");
    }
}
