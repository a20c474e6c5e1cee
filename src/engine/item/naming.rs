//! Where an item's result goes: its name, what happens if that is taken, and how the result gets it.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::SystemTime;

use super::input_folders::InputFolders;
use super::texts::{RecipeTexts, column_values};
use crate::catalog::CatalogReader;
use crate::codec;
use crate::error::{ErrorKind, ItemError, JobError};
use crate::fetch::safe_file_name;
use crate::model::{
    Columns, ConflictPolicy, FieldValues, Format, ItemOutput, ItemRow, JobId, JobSpec, Locator, Message, SourceSpec,
    Tree, link_name,
};
use crate::sink::{CaseCollisions, Collision, PlannedPath, Template};
use crate::source;
use crate::store::{self, Content, EntryKind, OutputFolder, Space, Staged};

/// How many names `name (n).ext` are tried.
const MAX_CANDIDATES: u32 = 100_000;

/// How a job names its results.
pub(crate) struct Naming {
    pub(crate) out_dir: PathBuf,
    /// The same folder, held open from the first result on.
    output: OnceLock<Arc<dyn OutputFolder>>,
    /// What is in it, as far as other systems would take a new name for the same.
    collisions: Arc<Mutex<CaseCollisions>>,
    template: Template,
    /// The texts of the recipe with fields.
    texts: RecipeTexts,
    tree: Tree,
    policy: ConflictPolicy,
    /// The folders that the job reads, if there are several.
    input_folders: InputFolders,
}

/// What a name is made of besides the item's row.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct NameHints<'a> {
    /// The name that a response suggested.
    pub(crate) file_name: Option<&'a str>,
    /// When the image was taken, as `codec::taken` gives it.
    pub(crate) taken: Option<&'a str>,
    /// The result's size in px, if it has one.
    pub(crate) size_px: Option<(u32, u32)>,
    /// SHA-256 of the result in lower-case hex; empty if names don't hold it.
    pub(crate) hash: &'a str,
    /// Whether a missing size or hash is known only after the work: the name then shows those fields.
    pub(crate) is_pending: bool,
}

/// What else has a claim to a name.
pub(crate) trait NameClaims {
    /// Whether the name is needed before the work, because it may decide what happens to the item.
    fn wants_name(&self, policy: ConflictPolicy) -> bool;

    /// Whether another result of the job is about to get this name.
    fn is_promised(&self, path: &Path) -> bool;

    /// Whether an existing file is a result of the same job.
    fn is_own_output(&self, path: &Path) -> bool;

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
}

/// A staged result and the path that is planned for it.
pub(crate) struct Target {
    pub(crate) staged: Staged,
    pub(crate) locator: Locator,
    planned: PlannedPath,
    collisions: Arc<Mutex<CaseCollisions>>,
    policy: ConflictPolicy,
    /// The item's own result of an earlier job, which it replaces.
    pub(crate) replaced: Option<PathBuf>,
    chosen: Option<(PathBuf, Publish)>,
}

/// How a result gets its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Publish {
    /// Never replaces; takes the next candidate after this one if the name is taken by then.
    Fresh(u32),
    /// Replaces the file that is there, as the policy says.
    Replace,
}

/// Who has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holder {
    /// Nobody.
    None,
    /// Another result of the same job, perhaps in other case.
    Ours,
    /// A file that is not the job's.
    Others,
    /// Such a file in other case: many systems would take both names for one.
    OthersInOtherCase,
}

/// What follows from the policy for taken names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resolution {
    /// Whether the planned name is taken.
    pub(crate) is_taken: bool,
    /// What follows from that.
    pub(crate) verdict: Verdict,
}

/// What happens to a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is saved under this name.
    Save(PathBuf, Publish),
    /// Its item is skipped, since this file exists; the sentence says so.
    Skip(PathBuf, String),
    /// Its item fails.
    Refuse(ItemError),
}

impl Naming {
    pub(crate) fn new(spec: &JobSpec, out_dir: PathBuf) -> Result<Self, JobError> {
        let template = template(spec)?;
        let collisions = Arc::new(Mutex::new(CaseCollisions::new(&out_dir)));
        let (tree, policy) = (spec.output().sink.tree, spec.output().sink.on_conflict);
        let input_folders = InputFolders::of(spec);
        let texts = RecipeTexts::of(&spec.recipe);
        Ok(Self { out_dir, output: OnceLock::new(), collisions, template, texts, tree, policy, input_folders })
    }

    /// Notes the names of the files in the output folder. `earlier` is the job and its catalog if it has run before: its
    /// results are its own. What dead jobs left there is removed, unless nothing may be written (`is_plan`).
    pub(crate) fn index_output_dir(&self, is_plan: bool, earlier: Option<(JobId, &dyn CatalogReader)>) {
        // Only the other policies distinguish the job's own names.
        let earlier = earlier.filter(|_| self.policy != ConflictPolicy::Rename);
        let mut note = |path: &Path| {
            self.collisions().note(path, || earlier.is_some_and(|(job, reader)| is_own_output(job, path, reader)));
        };
        // A plan creates no folder.
        match if is_plan { None } else { self.output().ok() } {
            Some(output) => drop(output.sweep(&mut note)),
            None => store::of_path(&self.out_dir).walk(&self.out_dir, &mut note),
        }
    }

    fn collisions(&self) -> MutexGuard<'_, CaseCollisions> {
        self.collisions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A result has this name now.
    pub(crate) fn note(&self, path: &Path) {
        self.collisions().note(path, || true);
    }

    /// Why a result can't be named or its texts filled in: its list has no such column.
    pub(crate) fn missing_column(&self, row: &ItemRow) -> Option<ItemError> {
        let missing =
            self.template.columns().chain(self.texts.columns()).find(|column| row.columns.get(column).is_none())?;
        Some(ItemError::new(ErrorKind::NoColumn, &row.locator).with("column", missing))
    }

    /// The columns of lists that names hold.
    pub(crate) fn columns(&self) -> impl Iterator<Item = &str> {
        self.template.columns()
    }

    /// The texts of the recipe with fields.
    pub(crate) fn texts(&self) -> &RecipeTexts {
        &self.texts
    }

    /// Whether two rows of one file get the same result.
    pub(crate) fn is_same_name(&self, row: &ItemRow, other: &ItemRow) -> bool {
        let key = |row: &ItemRow| (self.row_key(&row.columns, row.id.seq), self.input_folders.dir_of(row).into_owned());
        key(row) == key(other)
    }

    /// What names and texts hold of an item's row; empty if that is nothing, so that equal links have equal results.
    pub(crate) fn row_key(&self, columns: &Columns, seq: u64) -> String {
        let mut key = String::new();
        for column in self.template.columns() {
            key.push_str(&columns.text(column).unwrap_or_default());
            key.push('\n');
        }
        if let Some((_, name)) = columns.given_name() {
            key.push_str(&name);
        }
        if self.template.has_index() {
            key.push_str(&seq.to_string());
        }
        key + &self.texts.row_key(columns, seq)
    }

    /// What is done with names that are taken.
    pub(crate) fn policy(&self) -> ConflictPolicy {
        self.policy
    }

    /// Whether names hold the day an image was taken.
    pub(crate) fn needs_date(&self) -> bool {
        self.template.needs_date()
    }

    /// Whether names hold the result's hash.
    pub(crate) fn needs_hash(&self) -> bool {
        self.template.needs_hash()
    }

    /// Whether names hold the result's size in px.
    pub(crate) fn needs_size(&self) -> bool {
        self.template.needs_size()
    }

    /// Applies the policy for taken names to a planned path.
    pub(crate) fn resolve(&self, planned: &PlannedPath, input: &Locator, claims: &dyn NameClaims) -> Resolution {
        resolve(self.policy, planned, input, &self.collisions(), claims)
    }

    /// Writes a result under a temporary name in the folder it is for.
    pub(crate) fn stage(
        &self,
        row: &ItemRow,
        hints: NameHints<'_>,
        extension: &str,
        content: Content<'_>,
    ) -> Result<Target, ItemError> {
        let planned = self.planned_path(row, hints, extension);
        let output = self.output().map_err(|error| store::write_error(&self.out_dir, &error))?;
        let staged = output.stage(planned.folder(), row.id.seq, content)?;
        let (collisions, locator) = (Arc::clone(&self.collisions), row.locator.clone());
        Ok(Target { staged, locator, planned, collisions, policy: self.policy, replaced: None, chosen: None })
    }

    /// The output folder, held open, so that nothing is written to whatever replaces it later.
    pub(crate) fn output(&self) -> io::Result<&Arc<dyn OutputFolder>> {
        if let Some(output) = self.output.get() {
            return Ok(output);
        }
        let opened = store::of_path(&self.out_dir).open_output(&self.out_dir)?;
        Ok(self.output.get_or_init(|| opened))
    }

    /// How much more can be written to the output folder.
    pub(crate) fn space(&self) -> Space {
        store::of_path(&self.out_dir).space(&self.out_dir)
    }

    /// Nothing more is written to the output folder.
    pub(crate) fn close_output(&self) {
        if let Some(output) = self.output.get() {
            output.close();
        }
    }

    /// Why the results are not where the catalog says: the output folder was moved or deleted. `None` while it is in
    /// place, or was never opened.
    pub(crate) fn lost_output(&self) -> Option<JobError> {
        const LOST: Message = Message::new("output_lost");
        let is_in_place = self.output.get()?.is_in_place().unwrap_or(true);
        (!is_in_place).then(|| JobError::Machine(LOST.with("path", self.out_dir.display())))
    }

    /// The path planned for a result.
    pub(crate) fn planned_path(&self, row: &ItemRow, hints: NameHints<'_>, extension: &str) -> PlannedPath {
        let parts = self.values(row, hints);
        PlannedPath::plan(&self.out_dir, self.tree, &self.template, &parts, extension)
    }

    /// What the fields of an item's name and texts are filled with.
    pub(crate) fn values(&self, row: &ItemRow, hints: NameHints<'_>) -> FieldValues {
        let dir = self.input_folders.dir_of(row);
        let mut parts = FieldValues::of(&row.locator, row.id.seq, &dir, row.mtime_ms.or(Some(now_ms())));
        if let Some(taken) = hints.taken {
            parts.set_taken(taken);
        }
        if let (Locator::Url(_), Some(name)) = (&row.locator, hints.file_name) {
            parts.set_name(name);
        }
        parts.columns = column_values(row, self.template.columns().chain(self.texts.columns()));
        parts.width = hints.size_px.map(|(width, _)| width);
        parts.height = hints.size_px.map(|(_, height)| height);
        hints.hash.clone_into(&mut parts.hash);
        parts.is_pending = hints.is_pending;
        parts
    }
}

/// Removes what a job that is not running has saved of bodies in its output folder.
pub(crate) fn discard_parts(out_dir: &Path, owner: &str) -> io::Result<()> {
    if store::kind_at(out_dir) != Some(EntryKind::Folder) {
        return Ok(());
    }
    let output = store::of_path(out_dir).open_output(out_dir)?;
    output.sweep(&mut |_| {});
    output.discard_parts(owner);
    output.close();
    Ok(())
}

impl Target {
    /// Gives the result this modification time, if there is one.
    pub(crate) fn keep_time(&self, time: Option<SystemTime>) -> Result<(), ItemError> {
        let Some(time) = time else { return Ok(()) };
        let folder = self.staged.path.parent().unwrap_or(&self.staged.path);
        self.staged.temporary.set_modified(time).map_err(|error| store::write_error(folder, &error))
    }

    /// Decides on the final name. Only the recorder does that; `promised` are the names of the same batch.
    pub(crate) fn choose(&mut self, job: JobId, reader: &dyn CatalogReader, promised: &HashSet<PathBuf>) -> Verdict {
        let mut collisions = self.collisions.lock().unwrap_or_else(PoisonError::into_inner);
        let claims = RunClaims { job, reader, promised: Some(promised), replaced: self.replaced.as_deref() };
        let resolution = resolve(self.policy, &self.planned, &self.locator, &collisions, &claims);
        if let Verdict::Save(path, publish) = &resolution.verdict {
            collisions.note(path, || true);
            self.chosen = Some((path.clone(), *publish));
        }
        resolution.verdict
    }

    /// The name that was decided on.
    pub(crate) fn chosen(&self) -> Option<&Path> {
        self.chosen.as_ref().map(|(path, _)| path.as_path())
    }

    /// Gives the staged file its final name; returns that name and whether it replaced a file.
    pub(crate) fn publish(mut self) -> Result<(PathBuf, bool), ItemError> {
        let Some((path, publish)) = self.chosen.take() else {
            return Err(ItemError::new(ErrorKind::Io, &self.locator).saying(&Message::new("no_name_chosen")));
        };
        let failed = |path: &Path, error: &io::Error| store::write_error(path, error).named(&self.locator);
        let temporary = &mut self.staged.temporary;
        match publish {
            Publish::Replace => match temporary.publish(&path, true) {
                Ok(()) => Ok((path, true)),
                Err(error) => Err(failed(&path, &error)),
            },
            Publish::Fresh(first) => {
                for n in first..MAX_CANDIDATES {
                    let path = self.planned.candidate(n);
                    match temporary.publish(&path, false) {
                        Ok(()) => return Ok((path, false)),
                        // Another program has just made a file of that name.
                        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                        Err(error) => return Err(failed(&path, &error)),
                    }
                }
                Err(conflict(&self.locator, &path))
            }
        }
    }
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

    fn is_input(&self, path: &Path) -> bool {
        is_input(self.job, path, self.reader) || may_become_input(self.job, path, self.reader)
    }

    fn replaced(&self) -> Option<&Path> {
        self.replaced
    }
}

/// Applies the policy for taken names to a planned path. Nothing else knows the policies.
fn resolve(
    policy: ConflictPolicy,
    planned: &PlannedPath,
    input: &Locator,
    collisions: &CaseCollisions,
    claims: &dyn NameClaims,
) -> Resolution {
    let wanted = planned.path();
    let is_replaced = |own: &&Path| {
        planned.is_candidate(own) && !claims.is_promised(own) && !claims.is_own_output(own) && !claims.is_input(own)
    };
    if let Some(own) = claims.replaced().filter(is_replaced) {
        return Resolution { is_taken: true, verdict: Verdict::Save(own.to_path_buf(), Publish::Replace) };
    }
    if policy == ConflictPolicy::Rename {
        // The first free candidate is used, no matter which item has the name.
        let (n, verdict) = first_free(planned, input, collisions, claims);
        return Resolution { is_taken: n != Some(0), verdict };
    }
    let holder = holder(&wanted, collisions, claims);
    let verdict = match (policy, holder) {
        // Only a file of exactly this name is replaced; one that differs in case stays.
        (_, Holder::None) | (ConflictPolicy::Overwrite, Holder::OthersInOtherCase) => {
            Verdict::Save(wanted, Publish::Fresh(0))
        }
        (ConflictPolicy::Skip, _) => {
            let reason = exists_already(&wanted, holder);
            Verdict::Skip(wanted, reason)
        }
        (ConflictPolicy::Overwrite, Holder::Others) if claims.is_input(&wanted) => {
            Verdict::Refuse(ItemError::new(ErrorKind::WouldReplaceInput, input).with("output", wanted.display()))
        }
        (ConflictPolicy::Overwrite, Holder::Others) => Verdict::Save(wanted, Publish::Replace),
        // Results of one job never replace each other, whatever the policy.
        (ConflictPolicy::Overwrite | ConflictPolicy::Fail | ConflictPolicy::Rename, _) => {
            Verdict::Refuse(conflict(input, &wanted))
        }
    };
    Resolution { is_taken: holder != Holder::None, verdict }
}

/// The first free candidate, and its number.
fn first_free(
    planned: &PlannedPath,
    input: &Locator,
    collisions: &CaseCollisions,
    claims: &dyn NameClaims,
) -> (Option<u32>, Verdict) {
    let mut candidates = (0..MAX_CANDIDATES).map(|n| (n, planned.candidate(n)));
    match candidates.find(|(_, path)| is_free(path, collisions, claims)) {
        Some((n, path)) => (Some(n), Verdict::Save(path, Publish::Fresh(n))),
        None => (None, Verdict::Refuse(conflict(input, &planned.path()))),
    }
}

/// The folder that a job's results go to: the requested one, or a new one next to the first source.
pub(crate) fn out_dir(spec: &JobSpec) -> Result<PathBuf, JobError> {
    let absolute = |path: &Path| store::of_path(path).absolute(path).map_err(|error| JobError::path(path, &error));
    if let Some(dir) = &spec.output().sink.dir {
        return absolute(dir);
    }
    let beside = spec.sources.iter().find_map(source::results_beside);
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

/// Where links go if no folder was chosen: `Pixloom` in the user's download folder, or home, or the working directory.
fn default_download_dir() -> PathBuf {
    let home = etcetera::home_dir().unwrap_or_else(|_| PathBuf::from("."));
    let downloads = home.join("Downloads");
    let base = if store::kind_at(&downloads) == Some(EntryKind::Folder) { downloads } else { home };
    base.join("Pixloom")
}

/// A job's checked name template.
pub(crate) fn template(spec: &JobSpec) -> Result<Template, JobError> {
    Template::parse(&spec.output().sink.name).map_err(JobError::Refused)
}

/// The safe name that a row's list gives its result.
pub(crate) fn given_name(row: &ItemRow) -> Option<String> {
    safe_file_name(&row.columns.given_name()?.1)
}

/// The extension an input's own name has, without the dot.
pub(crate) fn own_extension(locator: &Locator, file_name: Option<&str>) -> Option<String> {
    match (locator, file_name) {
        (Locator::File(path), _) => path.extension().map(|ext| ext.to_string_lossy().into_owned()),
        (Locator::Url(_), Some(name)) => link_name::split(name).1.map(str::to_owned),
        (Locator::Url(_), None) => None,
    }
}

/// Whether an extension names a format.
pub(crate) fn is_extension_of(extension: &str, format: Format) -> bool {
    format.extensions().iter().any(|word| word.eq_ignore_ascii_case(extension))
}

/// The extension for content whose name has none: by its bytes, else by the server's content type.
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

/// Who has a name.
fn holder(wanted: &Path, collisions: &CaseCollisions, claims: &dyn NameClaims) -> Holder {
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

/// Whether a name is free.
fn is_free(path: &Path, collisions: &CaseCollisions, claims: &dyn NameClaims) -> bool {
    let is_free = |path: &Path| !claims.is_promised(path) && !is_taken(path);
    is_free(path)
        && match collisions.find(path) {
            None => true,
            Some(Collision::Plain(plain)) => is_free(&plain),
            Some(Collision::Ours | Collision::Others) => false,
        }
}

fn is_taken(path: &Path) -> bool {
    store::of_path(path).is_taken(path)
}

/// A path as the catalog keeps those of inputs: its folder without links.
pub(crate) fn in_real_folder(path: &Path) -> PathBuf {
    match (path.parent().and_then(|folder| store::of_path(folder).resolve(folder).ok()), path.file_name()) {
        (Some(folder), Some(name)) => folder.join(name),
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
    may_be_given(&spec.sources, path)
}

/// Whether one of these sources may give this file.
pub(crate) fn may_be_given(sources: &[SourceSpec], path: &Path) -> bool {
    sources.iter().any(|source| source::may_give(source, path))
}

fn is_own_output(job: JobId, path: &Path, reader: &dyn CatalogReader) -> bool {
    reader.is_output(job, &Locator::File(path.to_path_buf()).to_text()).unwrap_or(true)
}

fn conflict(locator: &Locator, path: &Path) -> ItemError {
    ItemError::new(ErrorKind::Conflict, locator).with("output", path.display())
}

/// A file that exists already, so that an item is skipped.
pub(crate) fn existing_output(path: &Path) -> ItemOutput {
    let file = Locator::File(path.to_path_buf());
    let head = store::of(&file).and_then(|store| store.head(&file));
    ItemOutput { bytes: head.map_or(0, |head| head.size_bytes), ..ItemOutput::existing(path) }
}

fn exists_already(path: &Path, holder: Holder) -> String {
    let but = if holder == Holder::OthersInOtherCase { ", but for upper and lower case" } else { "" };
    format!("{} exists already{but}.", path.display())
}

/// UTC milliseconds now.
pub(crate) fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}
