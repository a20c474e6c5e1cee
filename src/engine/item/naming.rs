//! Where an item's result goes: its name, what when that is taken, and the step from a temporary to a final name.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use crate::catalog::CatalogReader;
use crate::codec;
use crate::error::{ErrorKind, ItemError, JobError};
use crate::model::{ConflictPolicy, Format, ItemRow, JobId, JobSpec, Locator, Outcome, SourceSpec, Tree};
use crate::sink::{self, CaseCollisions, Collision, Content, Folder, NameParts, PlannedPath, Staged, Template};

/// How many names `name (n).ext` are tried.
const MAX_CANDIDATES: u32 = 100_000;

/// How a job names its results.
pub(crate) struct Naming {
    pub(crate) out_dir: PathBuf,
    /// The same, held open from the first result on.
    root: OnceLock<Folder>,
    /// What stands in it, as far as other systems would take a new name for the same.
    twins: Arc<Mutex<CaseCollisions>>,
    template: Template,
    tree: Tree,
    policy: ConflictPolicy,
}

/// What else is told of an input, beside its row.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct NameHints<'a> {
    /// The name that a response suggested.
    pub(crate) file_name: Option<&'a str>,
    /// When the picture was taken, as `codec::taken` says it.
    pub(crate) taken: Option<&'a str>,
}

/// A staged result and the place it is for.
pub(crate) struct Target {
    pub(crate) staged: Staged,
    locator: Locator,
    place: PlannedPath,
    twins: Arc<Mutex<CaseCollisions>>,
    policy: ConflictPolicy,
    chosen: Option<(PathBuf, Manner)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// A name of its own: never replaces, takes the next one when somebody was quicker.
    Fresh(u32),
    /// Replaces what is there, as told.
    Replace,
}

/// Who has a name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holder {
    /// Nobody.
    None,
    /// Another result of the same job, perhaps in other case.
    Ours,
    /// Something that is not the job's.
    Others,
    /// The same, but in other case: many systems would take both for one.
    OthersTwin,
}

/// What the policy for taken names says.
pub(crate) enum Verdict {
    /// The result goes there.
    Save(PathBuf),
    /// The item is skipped; the sentence says why.
    Skip(String),
}

/// What is known of a name before a run.
pub(crate) struct Outlook {
    /// Whether it is taken.
    pub(crate) conflict: bool,
    /// What follows from that.
    pub(crate) verdict: Result<Verdict, ItemError>,
}

impl Naming {
    pub(crate) fn new(spec: &JobSpec, out_dir: PathBuf) -> Result<Self, JobError> {
        let template = template(spec)?;
        let twins = Arc::new(Mutex::new(CaseCollisions::new(&out_dir)));
        let (tree, policy) = (spec.sink.tree, spec.sink.on_conflict);
        Ok(Self { out_dir, root: OnceLock::new(), twins, template, tree, policy })
    }

    /// Looks at what stands in the output folder, and sweeps what an earlier run of that job left half done. Results
    /// of an earlier run are the job's own.
    pub(crate) fn index_output_dir(&self, leftovers_of: Option<JobId>, earlier: Option<(JobId, &dyn CatalogReader)>) {
        // A name is no less taken for being the job's own: who made it matters to the other policies only.
        let earlier = earlier.filter(|_| self.policy != ConflictPolicy::Rename);
        sink::walk_and_sweep(&self.out_dir, leftovers_of, &mut |path| {
            self.twins().note(path, || earlier.is_some_and(|(job, reader)| is_own_output(job, path, reader)));
        });
    }

    fn twins(&self) -> MutexGuard<'_, CaseCollisions> {
        self.twins.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A result has that name.
    pub(crate) fn given(&self, path: &Path) {
        self.twins().note(path, || true);
    }

    /// The place of a result, as far as it is known before any work; `None` where its name depends on the result.
    pub(crate) fn early_place(&self, row: &ItemRow, told: NameHints<'_>, extension: &str) -> Option<PlannedPath> {
        (!self.template.needs_result()).then(|| self.place(row, told, extension, None, ""))
    }

    /// Why a result can't be named: its list has no such column.
    pub(crate) fn missing_column(&self, row: &ItemRow) -> Option<ItemError> {
        let missing = self.template.columns().find(|column| row.columns.get(column).is_none())?;
        Some(ItemError::new(ErrorKind::NoColumn, &row.locator).with("column", missing))
    }

    /// Whether names hold the day a picture was taken.
    pub(crate) fn needs_date(&self) -> bool {
        self.template.needs_date()
    }

    /// Whether a name that is taken already may settle what becomes of an item.
    pub(crate) fn may_settle_early(&self) -> bool {
        matches!(self.policy, ConflictPolicy::Skip | ConflictPolicy::Fail)
    }

    /// What the policy says of a name that is taken already, so that no work is done in vain.
    pub(crate) fn settle_early(
        &self,
        place: &PlannedPath,
        row: &ItemRow,
        reader: &dyn CatalogReader,
    ) -> Option<Outcome> {
        if !self.may_settle_early() {
            return None;
        }
        let path = place.path();
        let holder = holder(&path, &HashSet::new(), &self.twins(), |path| is_own_output(row.id.job, path, reader));
        if matches!(holder, Holder::None | Holder::Ours) {
            return None;
        }
        Some(match self.policy {
            ConflictPolicy::Skip => Outcome::Skipped { reason: exists_already(&path, holder) },
            _ => Outcome::Failed(conflict(&row.locator, &path)),
        })
    }

    /// What the policy for taken names would say, as far as it is known before a run: `taken` are the names given so
    /// far. Of the inputs it knows only this one.
    pub(crate) fn foresee(&self, place: &PlannedPath, input: &Locator, taken: &HashSet<PathBuf>) -> Outlook {
        let wished = place.path();
        let twins = self.twins();
        let holder = holder(&wished, taken, &twins, |_| false);
        let verdict = match (self.policy, holder) {
            (ConflictPolicy::Skip, Holder::Others | Holder::OthersTwin) => {
                Ok(Verdict::Skip(exists_already(&wished, holder)))
            }
            (ConflictPolicy::Fail, Holder::Others | Holder::OthersTwin) => Err(self::conflict(input, &wished)),
            (ConflictPolicy::Overwrite, Holder::Others)
                if input.path().is_some_and(|input| in_real_folder(input) == in_real_folder(&wished)) =>
            {
                Err(ItemError::new(ErrorKind::WouldReplaceInput, input).with("output", wished.display()))
            }
            (ConflictPolicy::Overwrite, Holder::Others | Holder::OthersTwin) => Ok(Verdict::Save(wished)),
            _ => match first_free(place, taken, &twins) {
                Some((_, path)) => Ok(Verdict::Save(path)),
                None => Err(self::conflict(input, &wished)),
            },
        };
        let conflict = holder != Holder::None;
        Outlook { conflict, verdict }
    }

    /// Whether names hold the input's hash.
    pub(crate) fn needs_result(&self) -> bool {
        self.template.needs_result()
    }

    /// Writes a result under a temporary name in the folder it is for.
    pub(crate) fn stage(
        &self,
        row: &ItemRow,
        told: NameHints<'_>,
        extension: &str,
        size_px: Option<(u32, u32)>,
        hash: &str,
        content: Content<'_>,
    ) -> Result<Target, ItemError> {
        let place = self.place(row, told, extension, size_px, hash);
        let root = self.root().map_err(|error| ItemError::writing(&self.out_dir, &error))?;
        let staged = sink::stage_in(root, place.folder(), row.id.job, row.id.seq, content)?;
        let twins = Arc::clone(&self.twins);
        Ok(Target { staged, locator: row.locator.clone(), place, twins, policy: self.policy, chosen: None })
    }

    /// The output folder, held open, so that nothing which is set in its place later is written to.
    pub(crate) fn root(&self) -> io::Result<&Folder> {
        if let Some(root) = self.root.get() {
            return Ok(root);
        }
        let opened = Folder::open(&self.out_dir)?;
        Ok(self.root.get_or_init(|| opened))
    }

    fn place(
        &self,
        row: &ItemRow,
        told: NameHints<'_>,
        extension: &str,
        size_px: Option<(u32, u32)>,
        hash: &str,
    ) -> PlannedPath {
        let mut parts = NameParts::of(&row.locator, row.id.seq, &row.dir, row.mtime_ms.or(Some(now_ms())));
        if let Some(taken) = told.taken {
            parts.set_taken(taken);
        }
        if let (Locator::Url(_), Some(name)) = (&row.locator, told.file_name) {
            let path = Path::new(name);
            parts.stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
            parts.ext = path.extension().map(|ext| ext.to_string_lossy().into_owned()).unwrap_or_default();
        }
        parts.columns =
            self.template.columns().filter_map(|name| Some((name.to_owned(), row.columns.text(name)?))).collect();
        parts.width = size_px.map(|(width, _)| width);
        parts.height = size_px.map(|(_, height)| height);
        hash.clone_into(&mut parts.hash);
        PlannedPath::plan(&self.out_dir, self.tree, &self.template, &parts, extension)
    }
}

impl Target {
    /// Decides on the final name, now that nobody else does: `taken` are the names of the same batch.
    pub(crate) fn choose(
        &mut self,
        job: JobId,
        reader: &dyn CatalogReader,
        taken: &HashSet<PathBuf>,
    ) -> Result<Verdict, ItemError> {
        let wished = self.place.path();
        let mut twins = self.twins.lock().unwrap_or_else(PoisonError::into_inner);
        let holder = match self.policy {
            // Whoever has it, the next one is taken.
            ConflictPolicy::Rename => Holder::Ours,
            _ => holder(&wished, taken, &twins, |path| is_own_output(job, path, reader)),
        };
        let (manner, path) = match (self.policy, holder) {
            (ConflictPolicy::Skip, Holder::Others | Holder::OthersTwin) => {
                return Ok(Verdict::Skip(exists_already(&wished, holder)));
            }
            (ConflictPolicy::Fail, Holder::Others | Holder::OthersTwin) => {
                return Err(conflict(&self.locator, &wished));
            }
            (ConflictPolicy::Overwrite, Holder::Others) => {
                if is_input(job, &wished, reader) || may_become_input(job, &wished, reader) {
                    return Err(
                        ItemError::new(ErrorKind::WouldReplaceInput, &self.locator).with("output", wished.display())
                    );
                }
                (Manner::Replace, wished)
            }
            // Only what has the very name was given up to be replaced: a twin stays beside the result.
            (_, Holder::None) | (ConflictPolicy::Overwrite, Holder::OthersTwin) => (Manner::Fresh(0), wished),
            _ => {
                let found = first_free(&self.place, taken, &twins).ok_or_else(|| conflict(&self.locator, &wished))?;
                (Manner::Fresh(found.0), found.1)
            }
        };
        twins.note(&path, || true);
        drop(twins);
        self.chosen = Some((path.clone(), manner));
        Ok(Verdict::Save(path))
    }

    /// The name decided on.
    pub(crate) fn chosen(&self) -> Option<&Path> {
        self.chosen.as_ref().map(|(path, _)| path.as_path())
    }

    /// Gives the staged file its final name, and says which it became.
    pub(crate) fn put(mut self) -> Result<PathBuf, ItemError> {
        let Some((path, manner)) = self.chosen.take() else {
            return Err(ItemError::new(ErrorKind::Io, &self.locator).with("detail", "no name was chosen"));
        };
        match manner {
            Manner::Replace => {
                sink::rename_replace(&mut self.staged, &path)
                    .map_err(|error| ItemError::writing(&path, &error).with("name", &self.locator))?;
                Ok(path)
            }
            Manner::Fresh(first) => {
                for n in first..MAX_CANDIDATES {
                    let path = self.place.candidate(n);
                    match sink::rename_no_replace(&mut self.staged, &path) {
                        Ok(()) => return Ok(path),
                        // Somebody else made a file of that name in this moment.
                        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                        Err(error) => {
                            return Err(ItemError::writing(&path, &error).with("name", &self.locator));
                        }
                    }
                }
                Err(conflict(&self.locator, &path))
            }
        }
    }
}

/// The folder results of a job go to: the one asked for, or a new one beside the first source.
pub(crate) fn out_dir(spec: &JobSpec) -> Result<PathBuf, JobError> {
    let absolute = |path: &Path| std::path::absolute(path).map_err(|error| JobError::path(path, &error));
    if let Some(dir) = &spec.sink.dir {
        return absolute(dir);
    }
    let beside = spec.sources.iter().find_map(|source| match source {
        SourceSpec::Folder { path, .. } => Some(path.clone()),
        // Of a bare name the folder is the one that is worked in.
        SourceSpec::File { path } | SourceSpec::UrlList { path } => {
            path.parent().map(|folder| Path::new(".").join(folder))
        }
        SourceSpec::Url { .. } | SourceSpec::FetchedList { .. } | SourceSpec::Stdin => None,
    });
    match beside {
        Some(folder) => {
            let folder = absolute(&folder)?;
            let name = folder.file_name().map_or_else(|| "pictures".into(), std::ffi::OsStr::to_os_string);
            let mut sibling = name;
            sibling.push("-pixloom");
            Ok(folder.parent().unwrap_or(&folder).join(sibling))
        }
        None => Ok(default_download_dir()),
    }
}

/// Where links go when nobody said: `Pixloom` in the user's download folder, or home, or here.
fn default_download_dir() -> PathBuf {
    let home = etcetera::home_dir().unwrap_or_else(|_| PathBuf::from("."));
    let downloads = home.join("Downloads");
    let base = if downloads.is_dir() { downloads } else { home };
    base.join("Pixloom")
}

/// A job's checked name template.
pub(crate) fn template(spec: &JobSpec) -> Result<Template, JobError> {
    Template::parse(&spec.sink.name).map_err(JobError::Refused)
}

/// The extension an input's own name has, without the dot.
pub(crate) fn own_extension(locator: &Locator, file_name: Option<&str>) -> Option<String> {
    let of = |name: &Path| name.extension().map(|ext| ext.to_string_lossy().into_owned());
    match (locator, file_name) {
        (Locator::File(path), _) => of(path),
        (Locator::Url(_), Some(name)) => of(Path::new(name)),
        (Locator::Url(_), None) => None,
    }
}

/// Whether an extension names a format.
pub(crate) fn is_spelling_of(extension: &str, format: Format) -> bool {
    format.extensions().iter().any(|word| word.eq_ignore_ascii_case(extension))
}

/// The extension of what came, where its name has none: by its bytes, else by what the server called it.
pub(crate) fn extension_of_content(head: &[u8], content_type: Option<&str>) -> Option<String> {
    if let Some(format) = codec::sniff(head) {
        return Some(format.extension().to_owned());
    }
    let mime = content_type?.split(';').next()?.trim().to_ascii_lowercase();
    let extension = match mime.as_str() {
        "text/html" | "application/xhtml+xml" => "html",
        "text/plain" => "txt",
        "text/csv" => "csv",
        "application/json" => "json",
        "application/xml" | "text/xml" => "xml",
        "application/pdf" => "pdf",
        "application/zip" => "zip",
        "application/gzip" => "gz",
        "image/svg+xml" => "svg",
        "video/mp4" => "mp4",
        "audio/mpeg" => "mp3",
        _ => return None,
    };
    Some(extension.to_owned())
}

/// Who has a name; `taken` are names that are about to be given.
fn holder(wished: &Path, taken: &HashSet<PathBuf>, twins: &CaseCollisions, is_own: impl Fn(&Path) -> bool) -> Holder {
    let who = |path: &Path, others: Holder| match exists(path) {
        _ if taken.contains(path) => Holder::Ours,
        true if is_own(path) => Holder::Ours,
        true => others,
        false => Holder::None,
    };
    match who(wished, Holder::Others) {
        Holder::None => match twins.find(wished) {
            None => Holder::None,
            Some(Collision::Ours) => Holder::Ours,
            Some(Collision::Others) => Holder::OthersTwin,
            Some(Collision::Plain(path)) => who(&path, Holder::OthersTwin),
        },
        holder => holder,
    }
}

/// The first name that nobody has, and its number.
fn first_free(place: &PlannedPath, taken: &HashSet<PathBuf>, twins: &CaseCollisions) -> Option<(u32, PathBuf)> {
    let is_free = |path: &Path| holder(path, taken, twins, |_| false) == Holder::None;
    (0..MAX_CANDIDATES).map(|n| (n, place.candidate(n))).find(|(_, path)| is_free(path))
}

fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// The path as inputs are kept: in its real folder.
fn in_real_folder(path: &Path) -> PathBuf {
    match (path.parent().and_then(|folder| folder.canonicalize().ok()), path.file_name()) {
        (Some(folder), Some(name)) => folder.join(name),
        _ => path.to_path_buf(),
    }
}

fn is_input(job: JobId, path: &Path, reader: &dyn CatalogReader) -> bool {
    // When in doubt, it is one: an original is worth more than a result.
    reader.is_input(job, &Locator::File(in_real_folder(path)).to_text()).unwrap_or(true)
}

/// Whether a source that has not been read to its end may still give this file.
fn may_become_input(job: JobId, path: &Path, reader: &dyn CatalogReader) -> bool {
    if reader.expansion(job).is_ok_and(|expansion| expansion.counted) {
        return false;
    }
    let Ok(Some(row)) = reader.job(job) else { return true };
    let path = in_real_folder(path);
    row.spec.sources.iter().any(|source| match source {
        SourceSpec::File { path: named } => {
            std::path::absolute(named).is_ok_and(|named| in_real_folder(&named) == path)
        }
        SourceSpec::Folder { path: root, recursive } => root
            .canonicalize()
            .is_ok_and(|root| if *recursive { path.starts_with(&root) } else { path.parent() == Some(&root) }),
        SourceSpec::Url { .. } | SourceSpec::UrlList { .. } | SourceSpec::FetchedList { .. } | SourceSpec::Stdin => {
            false
        }
    })
}

fn is_own_output(job: JobId, path: &Path, reader: &dyn CatalogReader) -> bool {
    reader.is_output(job, &Locator::File(path.to_path_buf()).to_text()).unwrap_or(true)
}

fn conflict(locator: &Locator, path: &Path) -> ItemError {
    ItemError::new(ErrorKind::Conflict, locator).with("output", path.display())
}

fn exists_already(path: &Path, holder: Holder) -> String {
    let but = if holder == Holder::OthersTwin { ", but for upper and lower case" } else { "" };
    format!("{} exists already{but}.", path.display())
}

/// UTC milliseconds now.
pub(crate) fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}
