//! What is shown of the results of query jobs.

use crate::engine::CatalogReader;
use crate::error::JobError;
use crate::model::{JobId, JobSpec, QueryResult};

/// Standard output as the place of results.
pub(super) const STDOUT: &str = "-";

/// Whether the rows of a job go to standard output.
pub(super) fn prints_result(spec: &JobSpec) -> bool {
    matches!(spec.query.as_ref().map(|query| &query.result), Some(QueryResult::Stdout { .. }))
}

/// Where the results of a query job go, for lists of jobs; `None` for other jobs.
pub(super) fn destination(spec: &JobSpec) -> Option<String> {
    Some(match &spec.query.as_ref()?.result {
        QueryResult::None => String::new(),
        QueryResult::Stdout { .. } => STDOUT.to_owned(),
        QueryResult::Files { .. } => return None,
        QueryResult::File { path, written, .. } => {
            written.as_ref().map_or(path, |written| &written.path).display().to_string()
        }
        QueryResult::Table { table, .. } => table.clone(),
    })
}

/// The rows that the statements of a job have given or changed.
pub(super) fn rows(reader: &dyn CatalogReader, job: JobId) -> Result<u64, JobError> {
    const ITEMS: u32 = 1000;
    let (mut after_seq, mut rows) = (0, 0);
    loop {
        let page = reader.after(job, after_seq, ITEMS)?;
        let Some(last) = page.last() else { return Ok(rows) };
        after_seq = last.id.seq;
        rows += page.iter().filter_map(|row| row.height_px).map(u64::from).sum::<u64>();
    }
}
