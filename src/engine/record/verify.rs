//! Checks the finished files of a job whose writes were not synced (`--fast`): a power failure may have damaged them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::catalog::CatalogReader;
use crate::engine::item::naming::Naming;
use crate::error::JobError;
use crate::model::{ItemRow, ItemState, JobId, Locator};
use crate::store;

/// Rows read at once.
const PAGE_ROWS: u32 = 256;
/// How much later than its item's end a file may have been modified by Pixloom itself.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(2);

/// The finished items whose output is missing or no longer has its recorded hash. Such a file is removed, unless it was
/// modified after its item ended: then somebody else wrote it.
pub(crate) fn damaged_outputs(job: JobId, reader: &dyn CatalogReader, naming: &Naming) -> Result<Vec<u64>, JobError> {
    let mut damaged = Vec::new();
    let mut after_seq = 0;
    loop {
        let page = reader.after(job, after_seq, PAGE_ROWS)?;
        let Some(last) = page.last() else { return Ok(damaged) };
        after_seq = last.id.seq;
        for row in page.iter().filter(|row| row.state == ItemState::Done) {
            let (Some(output), Some(hash)) = (&row.output, &row.output_hash) else { continue };
            let file = Locator::parse(output);
            if store::sha256_of(&file).is_ok_and(|now| now == *hash) {
                continue;
            }
            if is_untouched(&file, row)
                && let (Some(path), Ok(folder)) = (file.path(), naming.output())
            {
                let _ = folder.take_back(path);
            }
            damaged.push(row.id.seq);
        }
    }
}

/// Whether a file was last modified before its item ended.
fn is_untouched(file: &Locator, row: &ItemRow) -> bool {
    let ended =
        row.finished_at_ms.and_then(|ms| u64::try_from(ms).ok()).map(|ms| UNIX_EPOCH + Duration::from_millis(ms));
    let modified: Option<SystemTime> =
        store::of(file).and_then(|store| store.head(file)).ok().and_then(|head| head.modified);
    ended.zip(modified).is_some_and(|(ended, modified)| modified <= ended + CLOCK_TOLERANCE)
}
