//! Where an item's result goes: its name, what happens if that is taken, and how the result gets it.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::SystemTime;

use super::claims::{
    CountedRows, Holder, NameClaims, RunClaims, holder, in_real_folder, is_free, is_of_others, is_own_output, is_taken,
};
use super::extension::own_extension;
use super::input_folders::InputFolders;
use super::name_plan::{NamePlan, Slot};
use super::texts::{RecipeTexts, column_values};
use crate::catalog::CatalogReader;
use crate::error::{ErrorKind, ItemError, JobError};
use crate::fetch::{name_from_url, safe_file_name};
use crate::model::{
    Columns, ConflictPolicy, FieldValues, FormatChoice, ItemOutput, ItemRow, ItemState, JobId, JobSpec, Locator,
    Message, Output, Tree,
};
use crate::sink::{CaseCollisions, PlannedPath, Template};
use crate::source;
use crate::store::{self, Content, EntryKind, OutputFolder, Space, Staged};

/// How many names `name (n).ext` are tried.
const MAX_CANDIDATES: u32 = 100_000;

/// Items that are read at once to count their names.
const ROWS_READ: u32 = 256;

/// How a job names its results.
pub(crate) struct Naming {
    pub(crate) out_dir: PathBuf,
    /// The same folder, held open from the first result on.
    output: OnceLock<Arc<dyn OutputFolder>>,
    /// What is in it, as far as other systems would take a new name for the same.
    collisions: Mutex<CaseCollisions>,
    template: Template,
    /// The texts of the recipe with fields.
    texts: RecipeTexts,
    tree: Tree,
    policy: ConflictPolicy,
    /// The folders that the job reads, if there are several.
    input_folders: InputFolders,
    /// The lists and databases that the job reads.
    source_files: Vec<PathBuf>,
    /// The format of all results, if one is chosen.
    format: FormatChoice,
    plan: Mutex<NamePlan>,
    /// Whether the output folder had files when the job began.
    has_files: AtomicBool,
    /// Whether it names one of several outputs.
    is_one_of_several: bool,
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

/// A staged result and the path that is planned for it.
pub(crate) struct Target {
    pub(crate) staged: Staged,
    pub(crate) locator: Locator,
    planned: PlannedPath,
    claimant: Claimant,
    policy: ConflictPolicy,
    /// The item's own result of an earlier job, which it replaces.
    pub(crate) replaced: Option<PathBuf>,
    chosen: Option<(PathBuf, Publish)>,
    /// Whether the file that it replaces is in the trash already.
    has_trashed: bool,
}

/// An item that wants a name.
#[derive(Clone, Copy, Debug)]
struct Claimant {
    seq: u64,
    slot: Slot,
    /// Whether only the response of a link tells its name: those that are known before come first.
    is_named_by_response: bool,
    /// Whether it failed before: then it takes no name from results that were there in the meantime.
    is_retried: bool,
}

/// How a result gets its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Publish {
    /// Never replaces; takes the next candidate after this one if the name is taken by then.
    Fresh(u32),
    /// Replaces the file that is there, as the policy says.
    Replace,
    /// Takes it from the item with this number, which comes after it but was finished first.
    InsteadOf(u64),
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
        let template = template(spec.output())?;
        let collisions = Mutex::new(CaseCollisions::new(&out_dir));
        let (tree, policy) = (spec.output().sink.tree, spec.output().sink.on_conflict);
        let input_folders = InputFolders::of(spec);
        let texts = RecipeTexts::of(&spec.recipe);
        Ok(Self {
            out_dir,
            output: OnceLock::new(),
            collisions,
            template,
            texts,
            tree,
            policy,
            input_folders,
            source_files: spec.sources.iter().filter_map(source::own_file).map(|file| in_real_folder(&file)).collect(),
            format: spec.output().save.format,
            plan: Mutex::default(),
            has_files: AtomicBool::new(false),
            is_one_of_several: spec.has_named_outputs(),
        })
    }

    /// Notes the names of the files in the output folder. `earlier` is the job and its catalog if it has run before: its
    /// results are its own. What dead jobs left there is removed, unless nothing may be written (`is_plan`).
    pub(crate) fn index_output_dir(&self, is_plan: bool, earlier: Option<(JobId, &dyn CatalogReader)>) {
        // Only the other policies distinguish the job's own names.
        let earlier = earlier.filter(|_| self.policy != ConflictPolicy::Rename);
        let mut note = |path: &Path| {
            self.has_files.store(true, Ordering::Relaxed);
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
    pub(crate) fn resolve(&self, planned: &PlannedPath, row: &ItemRow, claims: &dyn NameClaims) -> Resolution {
        self.resolve_for(planned, self.claimant(row, planned), &row.locator, claims).1
    }

    fn plan(&self) -> MutexGuard<'_, NamePlan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether names are known before items are processed, except for extensions.
    fn is_countable(&self) -> bool {
        let is_known = !self.template.needs_size() && !self.template.needs_hash() && !self.template.needs_date();
        is_known && !self.template.has_index()
    }

    /// The path planned for a row before it is processed, without an extension if only the content or the response will
    /// tell it.
    fn path_of_row(&self, row: &ItemRow) -> PlannedPath {
        let file_name = match &row.locator {
            Locator::Url(url) => given_name(row).or_else(|| name_from_url(url)),
            Locator::File(_) | Locator::Page(..) | Locator::Row(_) => None,
        };
        let hints = NameHints { file_name: file_name.as_deref(), ..NameHints::default() };
        let extension = match self.format {
            FormatChoice::Fixed(format) => Some(format.extension().to_owned()),
            FormatChoice::Keep => own_extension(&row.locator, file_name.as_deref()),
        };
        self.planned_path(row, hints, extension.as_deref().unwrap_or_default())
    }

    /// Counts the name of one item that is to have a result.
    pub(crate) fn count_name(&self, row: &ItemRow, rows: &dyn CountedRows) {
        if self.policy == ConflictPolicy::Rename && self.is_countable() {
            // Without other rows, nothing can fail.
            let _ = self.count_row(&mut self.plan(), row, rows);
        }
    }

    /// Counts the names of the items up to this number, in list order. `page` holds the last ones of them; the others
    /// are read from `rows`.
    pub(crate) fn count_names(&self, page: &[ItemRow], last_seq: u64, rows: &dyn CountedRows) -> Result<(), JobError> {
        if self.policy != ConflictPolicy::Rename || !self.is_countable() {
            return Ok(());
        }
        let mut plan = self.plan();
        let from = plan.counted_to;
        let fresh = page.get(page.partition_point(|row| row.id.seq <= from)..).unwrap_or_default();
        if last_seq == from + fresh.len() as u64 {
            fresh.iter().try_for_each(|row| self.count_row(&mut plan, row, rows))?;
        }
        while plan.counted_to < last_seq {
            let read = rows.after(plan.counted_to, ROWS_READ)?;
            if read.is_empty() {
                plan.counted_to = last_seq;
            }
            read.iter().try_for_each(|row| self.count_row(&mut plan, row, rows))?;
        }
        Ok(())
    }

    fn count_row(&self, plan: &mut NamePlan, row: &ItemRow, rows: &dyn CountedRows) -> Result<(), JobError> {
        plan.counted_to = plan.counted_to.max(row.id.seq);
        // It has no link or file at all.
        let is_invalid = row.state == ItemState::Failed && row.attempts == 0;
        if is_invalid || self.is_duplicate(plan, row, rows)? {
            return Ok(());
        }
        let planned = self.path_of_row(row);
        let output = row.output.as_deref().map(Locator::parse);
        match output.as_ref().and_then(Locator::path).and_then(|output| planned.number_of(output)) {
            Some(number) => plan.set(row.id.seq, &planned, number),
            None => plan.count(row.id.seq, &planned, &|path| {
                self.has_files.load(Ordering::Relaxed) && is_of_others(path, &self.collisions(), rows)
            }),
        }
        Ok(())
    }

    /// Whether a row repeats the link and the name of an earlier one.
    fn is_duplicate(&self, plan: &mut NamePlan, row: &ItemRow, rows: &dyn CountedRows) -> Result<bool, JobError> {
        let Some(first) = row.repeats else { return Ok(false) };
        let key = self.row_key(&row.columns, row.id.seq);
        let is_file = row.locator.path().is_some();
        if key.is_empty() && !is_file {
            return Ok(true);
        }
        let of_first = rows.after(first.saturating_sub(1), 1)?.into_iter().find(|other| other.id.seq == first);
        if is_file {
            return Ok(of_first.is_some_and(|other| self.is_same_name(row, &other)));
        }
        let is_name_of_first = of_first.is_some_and(|other| self.row_key(&other.columns, first) == key);
        Ok(is_name_of_first || plan.is_repeated_name(first, &key))
    }

    /// Whether a file waits for earlier ones of the same name.
    pub(crate) fn has_turns(&self, row: &ItemRow, planned: &PlannedPath) -> bool {
        self.policy != ConflictPolicy::Rename || matches!(self.slot(row, planned), Slot::Unplanned { .. })
    }

    fn claimant(&self, row: &ItemRow, planned: &PlannedPath) -> Claimant {
        let slot = self.slot(row, planned);
        let is_named_by_response = matches!(slot, Slot::Unplanned { .. }) && row.locator.path().is_none();
        Claimant { seq: row.id.seq, slot, is_named_by_response, is_retried: row.is_retried }
    }

    /// Which of the names that belong to a planned path an item gets.
    fn slot(&self, row: &ItemRow, planned: &PlannedPath) -> Slot {
        if self.template.has_index() {
            return Slot::Number(0);
        }
        let number = match self.policy {
            ConflictPolicy::Rename => self.plan().number(row.id.seq),
            _ => Some(0),
        };
        if let Some(number) = number.filter(|_| self.is_countable()) {
            let of_row = self.path_of_row(row);
            if of_row == *planned {
                return Slot::Number(number);
            }
            if of_row.has_stem_of(planned) {
                return Slot::Unplanned { may_be_plain: number == 0 };
            }
        }
        Slot::Unplanned { may_be_plain: true }
    }

    /// Whether the name of an item's result was known before its response.
    fn is_planned(&self, row: &ItemRow, result: &Path) -> bool {
        let is_counted = || self.is_countable() && self.plan().number(row.id.seq).is_some();
        let is_of_row = || self.path_of_row(row).is_candidate(result);
        self.template.has_index() || row.locator.path().is_some() || (is_counted() && is_of_row())
    }

    /// The item whose result has a path that belongs to this item, since this one comes first: in the list, or because its
    /// name was known before its response.
    fn later_owner(&self, path: &Path, claimant: Claimant, claims: &dyn NameClaims) -> Option<u64> {
        // An item with several results keeps all of their names.
        if self.is_one_of_several || claimant.is_retried || claims.is_promised(path) {
            return None;
        }
        let owner = claims.owner(path)?;
        let is_rename = self.policy == ConflictPolicy::Rename;
        let own_place = (is_rename && claimant.is_named_by_response, claimant.seq);
        let place_of_owner = (is_rename && !self.is_planned(&owner, path), owner.id.seq);
        (own_place < place_of_owner).then_some(owner.id.seq)
    }

    /// The path and the name that follow from the policy for taken names.
    fn resolve_for(
        &self,
        planned: &PlannedPath,
        claimant: Claimant,
        input: &Locator,
        claims: &dyn NameClaims,
    ) -> (PlannedPath, Resolution) {
        let is_replaced = |own: &&Path| {
            planned.is_candidate(own)
                && !claims.is_promised(own)
                && !claims.is_own_output(own)
                && !self.is_input(own, claims)
        };
        if let Some(own) = claims.replaced().filter(is_replaced) {
            let verdict = Verdict::Save(own.to_path_buf(), Publish::Replace);
            return (planned.clone(), Resolution { is_taken: true, verdict });
        }
        if self.policy == ConflictPolicy::Rename {
            return self.renamed(planned, claimant, input, claims);
        }
        let wanted = planned.path();
        let holder = holder(&wanted, &self.collisions(), claims);
        let later = if holder == Holder::Ours { self.later_owner(&wanted, claimant, claims) } else { None };
        let resolution = Resolution {
            is_taken: holder != Holder::None,
            verdict: match later {
                Some(later) => Verdict::Save(wanted, Publish::InsteadOf(later)),
                None => resolve(self.policy, wanted, holder, input, &|path| self.is_input(path, claims)),
            },
        };
        (planned.clone(), resolution)
    }

    /// Whether an existing file is, or may still become, an input of the job, or names its inputs.
    fn is_input(&self, path: &Path, claims: &dyn NameClaims) -> bool {
        self.source_files.contains(&in_real_folder(path)) || claims.is_input(path)
    }

    /// The same for the policy that gives results whose names are taken other names.
    fn renamed(
        &self,
        planned: &PlannedPath,
        claimant: Claimant,
        input: &Locator,
        claims: &dyn NameClaims,
    ) -> (PlannedPath, Resolution) {
        let own = match claimant.slot {
            Slot::Number(number) => Some(number),
            Slot::Unplanned { may_be_plain: true } => Some(0),
            Slot::Unplanned { may_be_plain: false } => None,
        };
        let is_free = |path: &Path| is_free(path, &self.collisions(), claims);
        let mut is_others = false;
        if let Some((number, path)) = own.map(|number| (number, planned.candidate(number))) {
            let save = |publish| Verdict::Save(path.clone(), publish);
            let resolved = |verdict| (planned.clone(), Resolution { is_taken: number > 0, verdict });
            if is_free(&path) {
                return resolved(save(Publish::Fresh(number)));
            }
            if let Some(later) = self.later_owner(&path, claimant, claims) {
                return resolved(save(Publish::InsteadOf(later)));
            }
            is_others = holder(&path, &self.collisions(), claims) != Holder::Ours;
        }
        let (base, first) = match claimant.slot {
            // Its own one is that of another program's file by now.
            Slot::Number(number) if is_others => (planned.clone(), number + 1),
            _ => (planned.numbered(claimant.seq), 0),
        };
        // Names that other items are planned to have are left to them.
        let is_for_others = |number| base == *planned && self.plan().is_claimed(&base.folded_candidate(number));
        let mut candidates =
            (first..first.saturating_add(MAX_CANDIDATES)).map(|number| (number, base.candidate(number)));
        let (is_taken, verdict) = match candidates.find(|(number, path)| !is_for_others(*number) && is_free(path)) {
            Some((number, path)) => (number > 0 || base != *planned, Verdict::Save(path, Publish::Fresh(number))),
            None => (true, Verdict::Refuse(conflict(input, &planned.path()))),
        };
        (base, Resolution { is_taken, verdict })
    }

    /// What becomes of an item whose result has a path that belongs to an item before it.
    pub(crate) fn displaced(&self, row: &ItemRow, result: &Path, claims: &dyn NameClaims) -> Verdict {
        if self.policy != ConflictPolicy::Rename {
            return resolve(self.policy, result.to_path_buf(), Holder::Ours, &row.locator, &|_| false);
        }
        let refused = || Verdict::Refuse(conflict(&row.locator, result));
        let Some(present) = PlannedPath::of_result(result) else { return refused() };
        // One that has the number of its item already gets one more, as if the other had been there first.
        let planned = present.without_number(row.id.seq).unwrap_or(present);
        let slot = Slot::Unplanned { may_be_plain: false };
        let claimant = Claimant { slot, ..self.claimant(row, &planned) };
        let verdict = self.renamed(&planned, claimant, &row.locator, claims).1.verdict;
        if let Verdict::Save(path, _) = &verdict {
            self.note(path);
        }
        verdict
    }

    /// What the result of an item may have been called that was about to be renamed when the process died.
    pub(crate) fn former_paths(seq: u64, output: &Path) -> Vec<PathBuf> {
        let former = PlannedPath::of_result(output).and_then(|output| output.without_number(seq));
        former.map_or_else(Vec::new, |former| vec![former.path(), former.numbered(seq).path()])
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
        let claimant = self.claimant(row, &planned);
        Ok(Target {
            staged,
            locator: row.locator.clone(),
            planned,
            claimant,
            policy: self.policy,
            replaced: None,
            chosen: None,
            has_trashed: false,
        })
    }

    /// The output folder, held open, so that nothing is written to whatever replaces it later.
    pub(crate) fn output(&self) -> io::Result<&Arc<dyn OutputFolder>> {
        if let Some(output) = self.output.get() {
            return Ok(output);
        }
        let opened = store::of_path(&self.out_dir).open_output(&self.out_dir)?;
        Ok(self.output.get_or_init(|| opened))
    }

    /// The folders that were created in it since the last call, outer ones first, as texts.
    pub(crate) fn take_created(&self) -> Vec<String> {
        let created = self.output.get().map(|output| output.take_created()).unwrap_or_default();
        created.into_iter().map(|folder| Locator::File(folder).to_text()).collect()
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
    pub(crate) fn choose(
        &mut self,
        naming: &Naming,
        job: JobId,
        reader: &dyn CatalogReader,
        promised: &HashSet<PathBuf>,
    ) -> Verdict {
        let replaced = self.replaced.as_deref();
        let claims = RunClaims { job, reader, promised: Some(promised), replaced, waits_for_sources: false };
        let (planned, resolution) = naming.resolve_for(&self.planned, self.claimant, &self.locator, &claims);
        self.planned = planned;
        if let Verdict::Save(path, publish) = &resolution.verdict {
            naming.note(path);
            self.chosen = Some((path.clone(), *publish));
        }
        resolution.verdict
    }

    /// The existing files that it may replace.
    pub(crate) fn may_replace(&self) -> impl Iterator<Item = PathBuf> {
        let planned = (self.policy == ConflictPolicy::Overwrite).then(|| self.planned.path());
        planned.into_iter().chain(self.replaced.clone()).filter(|path| is_taken(path))
    }

    /// Whether it gets its name after the items whose names were known before.
    pub(crate) fn is_named_by_response(&self) -> bool {
        self.policy == ConflictPolicy::Rename && self.claimant.is_named_by_response
    }

    /// The name that was decided on.
    pub(crate) fn chosen(&self) -> Option<&Path> {
        self.chosen.as_ref().map(|(path, _)| path.as_path())
    }

    /// The file that it is going to replace, unless that is another result of the job.
    pub(crate) fn replaces(&self) -> Option<&Path> {
        self.chosen.as_ref().filter(|(_, publish)| *publish == Publish::Replace).map(|(path, _)| path.as_path())
    }

    /// The file that it was going to replace is in the trash: it replaces nothing any more.
    pub(crate) fn note_trashed(&mut self) {
        self.has_trashed = true;
    }

    /// Gives the staged file its final name; returns that name and whether it replaced a file.
    pub(crate) fn publish(mut self) -> Result<(PathBuf, bool), ItemError> {
        let Some((path, publish)) = self.chosen.take() else {
            return Err(ItemError::new(ErrorKind::Io, &self.locator).saying(&Message::new("no_name_chosen")));
        };
        let failed = |path: &Path, error: &io::Error| store::write_error(path, error).named(&self.locator);
        let temporary = &mut self.staged.temporary;
        match publish {
            Publish::Replace => match temporary.publish(&path, !self.has_trashed) {
                Ok(()) => Ok((path, true)),
                Err(error) => Err(failed(&path, &error)),
            },
            // With `rename`, the other result has another name by now.
            Publish::InsteadOf(_) => {
                let replaces = self.policy != ConflictPolicy::Rename;
                match temporary.publish(&path, replaces) {
                    Ok(()) => Ok((path, replaces)),
                    Err(error) => Err(failed(&path, &error)),
                }
            }
            Publish::Fresh(first) => {
                for n in first..first.saturating_add(MAX_CANDIDATES) {
                    let path = self.planned.candidate(n);
                    match temporary.publish(&path, false) {
                        Ok(()) => return Ok((path, false)),
                        // Another program has just made a file of that name.
                        Err(error)
                            if error.kind() == io::ErrorKind::AlreadyExists
                                && self.policy == ConflictPolicy::Rename => {}
                        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => break,
                        Err(error) => return Err(failed(&path, &error)),
                    }
                }
                Err(conflict(&self.locator, &path))
            }
        }
    }
}

/// Applies the other policies for taken names to a path. Nothing else knows the policies.
fn resolve(
    policy: ConflictPolicy,
    wanted: PathBuf,
    holder: Holder,
    input: &Locator,
    is_input: &dyn Fn(&Path) -> bool,
) -> Verdict {
    match (policy, holder) {
        // Only a file of exactly this name is replaced; one that differs in case stays.
        (_, Holder::None) | (ConflictPolicy::Overwrite, Holder::OthersInOtherCase) => {
            Verdict::Save(wanted, Publish::Fresh(0))
        }
        (ConflictPolicy::Skip, _) => {
            let reason = exists_already(&wanted, holder);
            Verdict::Skip(wanted, reason)
        }
        (ConflictPolicy::Overwrite, Holder::Others) if is_input(&wanted) => {
            Verdict::Refuse(ItemError::new(ErrorKind::WouldReplaceInput, input).with("output", wanted.display()))
        }
        (ConflictPolicy::Overwrite, Holder::Others) => Verdict::Save(wanted, Publish::Replace),
        // Results of one job never replace each other, whatever the policy.
        (ConflictPolicy::Overwrite | ConflictPolicy::Fail | ConflictPolicy::Rename, _) => {
            Verdict::Refuse(conflict(input, &wanted))
        }
    }
}

/// The folder that a job's results go to, or the folders of its outputs: the requested one, or a new one next to the first
/// source.
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

/// An output's checked name template.
pub(crate) fn template(output: &Output) -> Result<Template, JobError> {
    Template::parse(&output.sink.name).map_err(JobError::Refused)
}

/// The safe name that a row's list gives its result.
pub(crate) fn given_name(row: &ItemRow) -> Option<String> {
    safe_file_name(&row.columns.given_name()?.1)
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
