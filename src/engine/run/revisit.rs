//! Links and files that have a result of an earlier job: when it is kept, and when it is replaced.
//!
//! A link that was fetched before is requested conditionally; if it has not changed, the server's response has no body.
//! With `--on-conflict skip`, it is not requested at all. With `--update`, changed links and files replace their results.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::engine::item::prior_results::Prior;
use crate::fetch::{Fetched, Known};
use crate::model::{Finished, ItemRow, SkipReason, Transfer};

/// The outcome of fetching a link.
pub(super) enum FetchOutcome {
    /// It was received. If it has an earlier result that it may replace, that one.
    Body(Box<Fetched>, Option<Box<Prior>>),
    /// It has not changed.
    Unchanged(Box<Finished>),
}

/// An earlier result, if its output is still unchanged.
pub(super) async fn intact(prior: Prior) -> Option<Box<Prior>> {
    let checked = tokio::task::spawn_blocking(move || prior.is_intact().then(|| Box::new(prior)));
    checked.await.ok().flatten()
}

/// Its validators, if it has any and may be kept.
pub(super) fn known(prior: &Prior) -> Option<Known> {
    let result = &prior.result;
    let known = Known { etag: result.etag.clone(), last_modified: result.last_modified.clone() };
    (!prior.has_other_text && known != Known::default()).then_some(known)
}

/// What is recorded of a link that the server says is unchanged.
pub(super) fn unchanged(
    row: &ItemRow,
    prior: Prior,
    (attempts, fetch_ms, transfer): (u32, u64, Transfer),
) -> Box<Finished> {
    let mut finished = prior.kept(row, SkipReason::Unchanged);
    finished.http_status = Some(304);
    finished.attempts = row.attempts + attempts;
    finished.timings.fetch_ms = fetch_ms;
    let Transfer { unchanged, file_name, .. } = finished.transfer.unwrap_or_default();
    finished.transfer = Some(Transfer { file_name, unchanged, ..transfer });
    Box::new(finished)
}

/// When an item got its outcome.
pub(super) fn ended_at(row: &ItemRow) -> Option<SystemTime> {
    let finished_ms = row.finished_at_ms.and_then(|ms| u64::try_from(ms).ok())?;
    Some(UNIX_EPOCH + Duration::from_millis(finished_ms))
}
