//! What of a job can be done once more: its request, and what the request does not say.

use std::path::Path;

use crate::catalog::{CatalogReader, JobSource};
use crate::error::JobError;
use crate::model::{ItemRow, JobId, JobSpec, Locator, Message, Tree};
use crate::source;

/// Items without a source that a request names one by one.
const MOST_NAMED: u64 = 200;

/// The command line that repeats a job.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobCommand {
    /// The line, quoted for a shell.
    pub text: String,
    /// How the new job may differ.
    pub remarks: Vec<Message>,
}

/// Writes the command line that repeats a request in the catalog with this path.
pub type CommandWriter = fn(&JobSpec, &Path) -> Result<JobCommand, JobError>;

/// A job's request, to be done once more.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Repeatable {
    /// The request. Items that were added without a source, such as pasted links, are sources of it if there are few.
    pub spec: JobSpec,
    /// How a job with this request may differ.
    pub remarks: Vec<Message>,
}

/// The request of a job, to be done once more.
pub fn repeatable(reader: &dyn CatalogReader, job: JobId) -> Result<Repeatable, JobError> {
    reader.job(job)?.ok_or_else(|| JobError::no_job(job))?;
    let origin = Origin::of(reader, job)?;
    let spec = reader.spec(job)?.ok_or_else(|| JobError::no_job(job))?;
    let mut again = Repeatable { spec, remarks: Vec::new() };
    if origin.sources.is_empty() && origin.total > 0 {
        if origin.total > MOST_NAMED {
            again.remarks.push(Message::new("command_items").count("count", origin.total).with("job", job));
            return Ok(again);
        }
        let rows = reader.after(job, 0, MOST_NAMED as u32)?;
        let keeps_folders = again.spec.output().sink.tree == Tree::Keep;
        if rows.iter().any(|row| !row.columns.is_empty() || (keeps_folders && !row.dir.is_empty())) {
            again.remarks.push(Message::new("command_copied_items"));
        }
        again.spec.sources = source::merge(rows.into_iter().filter_map(source_of));
        return Ok(again);
    }
    if origin.loose > 0 {
        again.remarks.push(Message::new("command_items").count("count", origin.loose).with("job", job));
    }
    if origin.removed > 0 {
        again.remarks.push(Message::new("command_removed").count("count", origin.removed));
    }
    Ok(again)
}

fn source_of(row: ItemRow) -> Option<crate::model::SourceSpec> {
    match row.locator {
        Locator::File(path) | Locator::Page(path, _) => Some(source::files([path])),
        Locator::Url(url) => Some(source::urls([url])),
        Locator::Row(_) => None,
    }
}

/// Where the items of a job came from.
pub(crate) struct Origin {
    sources: Vec<JobSource>,
    total: u64,
    /// Items that certainly came from no source.
    loose: u64,
    /// Items that were removed.
    removed: u64,
}

impl Origin {
    pub(crate) fn of(reader: &dyn CatalogReader, job: JobId) -> Result<Self, JobError> {
        let sources = reader.sources(job)?;
        let total = reader.job(job)?.map_or(0, |row| row.total);
        let removed = reader.next_seq(job)?.saturating_sub(1).saturating_sub(total);
        let given: u64 = sources.iter().map(|source| source.taken).sum();
        // Items were copied, or an earlier version did not count what its sources gave.
        let is_unknown = sources.iter().any(|source| source.ended && source.taken == 0);
        let loose = if is_unknown { 0 } else { total.saturating_sub(given) };
        Ok(Self { sources, total, loose, removed })
    }

    /// Whether the same items can only be had by copying them: reading the sources again would give others.
    pub(crate) fn is_only_in_catalog(&self) -> bool {
        let is_lost =
            |source: &JobSource| source::kind_of(&source.spec).is_ok_and(source::SourceKind::is_lost_when_interrupted);
        self.sources.is_empty() || self.loose > 0 || self.removed > 0 || self.sources.iter().any(is_lost)
    }
}
