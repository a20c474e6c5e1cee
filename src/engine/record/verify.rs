//! Checks the finished files of a job whose writes were not synced (`--fast`): a power failure may have damaged them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::catalog::CatalogReader;
use crate::engine::item::naming::Naming;
use crate::engine::item::outputs::Outputs;
use crate::error::JobError;
use crate::model::{ItemRow, ItemState, JobId, Locator, Message};
use crate::store;

/// Rows read at once.
const PAGE_ROWS: u32 = 256;
/// How much later than its item's end a file may have been modified by Pixloom itself.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(2);

/// The state of the outputs of finished items.
#[derive(Default)]
pub(crate) struct Verified {
    /// How many have their recorded hash.
    pub(crate) intact: u64,
    /// The items whose output is missing or has another hash.
    pub(crate) damaged: Vec<u64>,
}

/// Compares the outputs of finished items with their recorded hashes. A damaged file is removed, unless it was modified
/// after its item ended: then it was written by another program.
pub(crate) fn verify_outputs(
    job: JobId,
    reader: &dyn CatalogReader,
    outputs: &Outputs,
    stop: &AtomicBool,
) -> Result<Verified, JobError> {
    const STOPPED: Message = Message::new("verify_stopped");
    let mut verified = Verified::default();
    let mut after_seq = 0;
    loop {
        let page = reader.after(job, after_seq, PAGE_ROWS)?;
        let Some(last) = page.last() else { return Ok(verified) };
        after_seq = last.id.seq;
        for row in page.iter().filter(|row| row.state == ItemState::Done) {
            if stop.load(Ordering::Acquire) {
                return Err(JobError::Machine(STOPPED));
            }
            let mut is_damaged = false;
            for (n, output, hash) in results_of(row, reader, outputs)? {
                let file = Locator::parse(&output);
                if store::sha256_of(&file).is_ok_and(|now| now == hash) {
                    verified.intact += 1;
                    continue;
                }
                let naming = outputs.get(n).map(|output| &output.naming);
                if is_untouched(&file, row)
                    && let (Some(path), Some(Ok(folder))) = (file.path(), naming.map(Naming::output))
                {
                    let _ = folder.take_back(path);
                }
                is_damaged = true;
            }
            if is_damaged {
                verified.damaged.push(row.id.seq);
            }
        }
    }
}

/// The results of an item: the number of the output, its path, and its hash.
fn results_of(
    row: &ItemRow,
    reader: &dyn CatalogReader,
    outputs: &Outputs,
) -> Result<Vec<(u32, String, String)>, JobError> {
    if !outputs.are_named() {
        return Ok(row
            .output
            .clone()
            .zip(row.output_hash.clone())
            .map(|(path, hash)| (0, path, hash))
            .into_iter()
            .collect());
    }
    let recorded = reader.outputs(row.id)?.into_iter().filter(|output| output.state == ItemState::Done);
    Ok(recorded.filter_map(|output| Some((output.n, output.path?, output.hash?))).collect())
}

/// Whether a file was last modified before its item ended.
fn is_untouched(file: &Locator, row: &ItemRow) -> bool {
    let ended =
        row.finished_at_ms.and_then(|ms| u64::try_from(ms).ok()).map(|ms| UNIX_EPOCH + Duration::from_millis(ms));
    let modified: Option<SystemTime> =
        store::of(file).and_then(|store| store.head(file)).ok().and_then(|head| head.modified);
    ended.zip(modified).is_some_and(|(ended, modified)| modified <= ended + CLOCK_TOLERANCE)
}
