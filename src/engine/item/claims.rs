//! Who has a name, or may still get it: results of the job, its inputs, and other files.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::catalog::CatalogReader;
use crate::error::JobError;
use crate::model::{ConflictPolicy, ItemRow, JobId, Locator, SourceSpec};
use crate::sink::{CaseCollisions, Collision};
use crate::source::MayGive;
use crate::{source, store};

/// The items of the job whose names are counted.
pub(crate) trait CountedRows {
    /// So many items after a number, in list order.
    fn after(&self, seq: u64, rows: u32) -> Result<Vec<ItemRow>, JobError>;

    /// Whether an existing file is a result of the job.
    fn is_own_output(&self, path: &Path) -> bool;
}

/// What else has a claim to a name.
pub(crate) trait NameClaims {
    /// Whether the name is needed before the work, because it may decide what happens to the item.
    fn wants_name(&self, policy: ConflictPolicy) -> bool;

    /// Whether another result of the job is about to get this name.
    fn is_promised(&self, path: &Path) -> bool;

    /// Whether an existing file is a result of the same job.
    fn is_own_output(&self, path: &Path) -> bool;

    /// The item of the same job whose result an existing file is, if it is done.
    fn owner(&self, _path: &Path) -> Option<ItemRow> {
        None
    }

    /// Whether an existing file is, or may still become, an input of the job.
    fn is_input(&self, path: &Path) -> bool;

    /// The item's own result of an earlier job, which is replaced in place.
    fn replaced(&self) -> Option<&Path> {
        None
    }
}

/// The claims known to a job that runs: those in the catalog, and the names of the same batch.
pub(crate) struct RunClaims<'a> {
    pub(crate) job: JobId,
    pub(crate) reader: &'a dyn CatalogReader,
    pub(crate) promised: Option<&'a HashSet<PathBuf>>,
    pub(crate) replaced: Option<&'a Path>,
    /// Whether sources that are still being read count as read: the result waits for their ends before it is saved.
    pub(crate) waits_for_sources: bool,
}

/// The items of a job that runs.
pub(crate) struct JobRows<'a> {
    pub(crate) job: JobId,
    pub(crate) reader: &'a dyn CatalogReader,
}

impl CountedRows for JobRows<'_> {
    fn after(&self, seq: u64, rows: u32) -> Result<Vec<ItemRow>, JobError> {
        self.reader.after(self.job, seq, rows)
    }

    fn is_own_output(&self, path: &Path) -> bool {
        is_own_output(self.job, path, self.reader)
    }
}

/// Who has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holder {
    /// Nobody.
    None,
    /// Another result of the same job, perhaps in other case.
    Ours,
    /// A file that is not the job's.
    Others,
    /// Such a file in other case: many systems would take both names for one.
    OthersInOtherCase,
}

impl NameClaims for RunClaims<'_> {
    /// With `rename`, a taken name only gets a number, so it never decides whether the item is processed.
    fn wants_name(&self, policy: ConflictPolicy) -> bool {
        policy != ConflictPolicy::Rename
    }

    fn is_promised(&self, path: &Path) -> bool {
        self.promised.is_some_and(|promised| promised.contains(path))
    }

    fn is_own_output(&self, path: &Path) -> bool {
        is_own_output(self.job, path, self.reader)
    }

    fn owner(&self, path: &Path) -> Option<ItemRow> {
        let owner = self.reader.item_of_output(self.job, &Locator::File(path.to_path_buf()).to_text());
        owner.ok().flatten()
    }

    fn is_input(&self, path: &Path) -> bool {
        is_input(self.job, path, self.reader)
            || (!self.waits_for_sources && may_become_input(self.job, path, self.reader))
    }

    fn replaced(&self) -> Option<&Path> {
        self.replaced
    }
}

/// Who has a name.
pub(super) fn holder(wanted: &Path, collisions: &CaseCollisions, claims: &dyn NameClaims) -> Holder {
    let holder_of = |path: &Path, others: Holder| {
        if claims.is_promised(path) {
            Holder::Ours
        } else if !is_taken(path) {
            Holder::None
        } else if claims.is_own_output(path) {
            Holder::Ours
        } else {
            others
        }
    };
    match holder_of(wanted, Holder::Others) {
        Holder::None => match collisions.find(wanted) {
            None => Holder::None,
            Some(Collision::Ours) => Holder::Ours,
            Some(Collision::Others) => Holder::OthersInOtherCase,
            Some(Collision::Plain(path)) => holder_of(&path, Holder::OthersInOtherCase),
        },
        holder => holder,
    }
}

/// Whether a file that is no result of the job has a name, perhaps in other case.
pub(super) fn is_of_others(path: &Path, collisions: &CaseCollisions, rows: &dyn CountedRows) -> bool {
    let is_of_others = |path: &Path| is_taken(path) && !rows.is_own_output(path);
    is_of_others(path)
        || match collisions.find(path) {
            Some(Collision::Others) => true,
            Some(Collision::Plain(plain)) => is_of_others(&plain),
            Some(Collision::Ours) | None => false,
        }
}

/// Whether a name is free.
pub(super) fn is_free(path: &Path, collisions: &CaseCollisions, claims: &dyn NameClaims) -> bool {
    let is_free = |path: &Path| !claims.is_promised(path) && !is_taken(path);
    is_free(path)
        && match collisions.find(path) {
            None => true,
            Some(Collision::Plain(plain)) => is_free(&plain),
            Some(Collision::Ours | Collision::Others) => false,
        }
}

pub(super) fn is_taken(path: &Path) -> bool {
    store::of_path(path).is_taken(path)
}

/// A path as the catalog keeps those of inputs: its folder without links, its name as the folder has it.
pub(crate) fn in_real_folder(path: &Path) -> PathBuf {
    match (path.parent().and_then(|folder| store::of_path(folder).resolve(folder).ok()), path.file_name()) {
        (Some(folder), Some(name)) => store::stored_path(&folder.join(name)),
        _ => path.to_path_buf(),
    }
}

fn is_input(job: JobId, path: &Path, reader: &dyn CatalogReader) -> bool {
    // When in doubt, it counts as one: an original is worth more than a result.
    reader.is_input(job, &Locator::File(in_real_folder(path)).to_text()).unwrap_or(true)
}

/// Whether a source that has not been read to its end may still give this file.
fn may_become_input(job: JobId, path: &Path, reader: &dyn CatalogReader) -> bool {
    if reader.has_open_sources(job).is_ok_and(|open| !open) {
        return false;
    }
    let Ok(Some(spec)) = reader.spec(job) else { return true };
    may_be_given(&spec.sources, path) != MayGive::No
}

/// Whether one of these sources may give this file.
pub(crate) fn may_be_given(sources: &[SourceSpec], path: &Path) -> MayGive {
    sources.iter().map(|source| source::may_give(source, path)).max().unwrap_or(MayGive::No)
}

pub(super) fn is_own_output(job: JobId, path: &Path, reader: &dyn CatalogReader) -> bool {
    reader.is_output(job, &Locator::File(path.to_path_buf()).to_text()).unwrap_or(true)
}
