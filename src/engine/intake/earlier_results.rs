//! Results among the inputs. A folder below an input folder is left out if it is the output folder of the job, or that
//! of an earlier job over the same input: otherwise a job that runs again would process its own results. A folder of
//! results that is itself the input is read.
//!
//! Where an earlier job wrote into its input folder itself, its results are left out one by one.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::catalog::CatalogReader;
use crate::engine::item::naming;
use crate::model::{JobId, JobSpec, JobState, Locator};
use crate::source::{self, Results};
use crate::store::{self, EntryKind};

/// Jobs that are searched for earlier ones over the same input.
const JOBS_SEARCHED: u32 = 500;
/// How much later than its job's end the time of a result may be, in ms: some file systems round it.
const TIME_TOLERANCE_MS: i64 = 3_000;

/// The results that are left out.
#[derive(Default)]
pub(crate) struct EarlierResults<'a> {
    reader: Option<&'a dyn CatalogReader>,
    /// The output folder of the job, without links, if it was empty when the job began: it is left out in silence.
    empty_out_dir: Option<PathBuf>,
    /// Output folders that are below the input folders of their jobs, without links.
    folders: Vec<PathBuf>,
    /// Jobs whose output folders contain their inputs.
    mixed: Vec<MixedJob>,
}

/// A job whose output folder contains its input.
struct MixedJob {
    id: JobId,
    /// As the catalog records it.
    out_dir: PathBuf,
    /// Without links.
    real_dir: PathBuf,
    /// Its input folders, without links.
    roots: Vec<PathBuf>,
    finished_at_ms: Option<i64>,
}

impl<'a> EarlierResults<'a> {
    /// What is left out of a job's folders. Without a catalog, only its own output folder is known.
    pub(crate) fn of(spec: &JobSpec, job: Option<JobId>, reader: Option<&'a dyn CatalogReader>) -> Self {
        Self::find(spec, job, reader, false)
    }

    /// The same for a job that watches its folders, to which others may be writing results right now.
    pub(crate) fn beside(spec: &JobSpec, job: JobId, reader: &'a dyn CatalogReader) -> Self {
        Self::find(spec, Some(job), Some(reader), true)
    }

    fn find(spec: &JobSpec, job: Option<JobId>, reader: Option<&'a dyn CatalogReader>, with_new: bool) -> Self {
        if roots(spec).is_empty() {
            return Self::default();
        }
        let mut results = Self { reader, ..Self::default() };
        let own = naming::out_dir(spec).ok().and_then(|dir| real(&dir));
        results.empty_out_dir = own.clone().filter(|own| is_empty(own));
        results.folders.extend(own);
        let jobs = reader.and_then(|reader| reader.jobs(JOBS_SEARCHED).ok()).unwrap_or_default();
        for row in jobs
            .into_iter()
            .filter(|row| row.state != JobState::Draft && (row.done > 0 || with_new) && Some(row.id) != job)
        {
            let Some(earlier) = reader.and_then(|reader| reader.spec(row.id).ok().flatten()) else { continue };
            let Some(out_dir) = earlier.output().sink.dir.clone() else { continue };
            let Some(real_dir) = real(&out_dir) else { continue };
            // Results of any job below a watched folder are results, whatever they were made of.
            let roots = if with_new { roots(spec) } else { roots(&earlier) };
            if roots.iter().any(|root| real_dir.starts_with(root) && real_dir != *root) {
                results.folders.push(real_dir);
            } else if roots.iter().any(|root| root.starts_with(&real_dir)) {
                let finished_at_ms = row.finished_at_ms;
                results.mixed.push(MixedJob { id: row.id, out_dir, real_dir, roots, finished_at_ms });
            }
        }
        results
    }

    /// Whether a file or folder below an input folder is left out. Its path has no links.
    pub(crate) fn at(&self, path: &Path, kind: EntryKind) -> Results {
        if kind == EntryKind::Folder && self.empty_out_dir.as_deref() == Some(path) {
            return Results::New;
        }
        let is_earlier = match kind {
            EntryKind::Folder => self.folders.iter().any(|folder| folder == path),
            _ => self.reader.is_some_and(|reader| self.mixed.iter().any(|job| job.has_made(path, reader))),
        };
        if is_earlier { Results::Earlier } else { Results::None }
    }
}

impl MixedJob {
    /// Whether a file is a result of the job that nobody has changed since.
    fn has_made(&self, path: &Path, reader: &dyn CatalogReader) -> bool {
        let Ok(below) = path.strip_prefix(&self.real_dir) else { return false };
        let recorded = Locator::File(self.out_dir.join(below)).to_text();
        self.roots.iter().any(|root| path.starts_with(root))
            && reader.is_output(self.id, &recorded).unwrap_or(false)
            && !self.is_newer(path)
    }

    fn is_newer(&self, path: &Path) -> bool {
        let locator = Locator::File(path.to_path_buf());
        let modified = store::of(&locator).and_then(|store| store.head(&locator)).ok().and_then(|head| head.modified);
        let modified_ms =
            modified.and_then(|time| i64::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_millis()).ok());
        modified_ms.zip(self.finished_at_ms).is_some_and(|(modified, end)| modified > end + TIME_TOLERANCE_MS)
    }
}

/// The folders that a job reads, without links. Earlier versions recorded relative paths as well, whose folder is
/// unknown.
fn roots(spec: &JobSpec) -> Vec<PathBuf> {
    let folders = spec.sources.iter().filter_map(source::folder_root);
    folders.filter(|folder| folder.is_absolute()).filter_map(real).collect()
}

/// Whether a folder has no files; the job's own temporaries are hidden.
fn is_empty(folder: &Path) -> bool {
    let mut is_empty = true;
    let _ = store::of_path(folder).list(&Locator::File(folder.to_path_buf()), &mut |entry| {
        let is_hidden = entry.path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        is_empty = is_hidden;
        if is_hidden { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    is_empty
}

fn real(path: &Path) -> Option<PathBuf> {
    store::of_path(path).resolve(path).ok()
}
