//! What a run would do: outputs, conflicts, predicted sizes, time and memory. Nothing is written.
//!
//! What happens to an item is decided by the same code as in a run (`item/decide.rs`), from its header; only the first
//! images are rendered, to predict sizes and time.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::check;
use super::coordinator::settings::secrets_path;
use super::databases::Databases;
use super::intake::earlier_results::EarlierResults;
use super::intake::lists;
use super::intake::queries::{self, Access, KnownRows, RowIdentity};
use super::intake::read_sources::nothing_in;
use super::item::body::ItemBody;
use super::item::claims::{CountedRows, NameClaims, in_real_folder, may_be_given};
use super::item::decide::{Action, PlannedName, Rules, Subject, decide, may_be_copied, refusal};
use super::item::limits::Clock;
use super::item::naming::{self, NameHints, Naming, Publish, Resolution, Verdict};
use super::item::prior_results::{FilePlan, PriorResults};
use super::item::render::Prepared;
use super::item::repeats::{RepeatedLinks, may_repeat_files};
use super::run::memory_budget::default_memory_bytes;
use super::run::pools;
use crate::catalog::CatalogReader;
use crate::codec::{self, DecodeControl, Helpers};
use crate::error::{ItemError, JobError};
use crate::fetch::Secrets;
use crate::model::{
    ConflictPolicy, FieldValues, Finished, Ignored, ItemId, ItemRow, ItemState, JobId, JobSpec, Locator, NewItem,
    Remark, SourceSpec,
};
use crate::op::Pipeline;
use crate::source::{self, Found, MayGive, Reading};
use crate::store;

/// Images that are really rendered (in memory) to predict sizes and time.
const SAMPLES: u64 = 3;

/// What a run would do.
#[derive(Clone, Debug, Default)]
pub struct DryRun {
    /// All items.
    pub items: u64,
    /// The links among them; their sizes are not known before they are fetched.
    pub links: u64,
    /// Items that would fail, as far as their headers tell.
    pub failing: u64,
    /// Names that are taken already, or wanted twice.
    pub conflicts: u64,
    /// Items that would be skipped because their names are taken.
    pub skipped: u64,
    /// The output folder.
    pub out_dir: PathBuf,
    /// Bytes of the local inputs that would be saved.
    pub bytes_in: u64,
    /// Predicted bytes of their outputs.
    pub bytes_out: u64,
    /// Predicted seconds for the local images.
    pub seconds: f64,
    /// Predicted peak of memory, in bytes, within the budget.
    pub memory_bytes: u64,
    /// Free bytes in the output folder, if they are known.
    pub free_bytes: Option<u64>,
}

/// What would happen to one item.
#[derive(Clone, Debug)]
pub struct PlannedItem {
    /// Where it is.
    pub locator: Locator,
    /// Where its result would go, if that is known before the run; for a skipped item, the file that has its name.
    pub output: Option<PathBuf>,
    /// The same if the name contains the result's size or hash and only the run will tell them: these fields are in it as
    /// the template has them, such as `{hash}`.
    pub pending_output: Option<PathBuf>,
    /// Whether that name is taken already, or wanted twice.
    pub conflict: bool,
    /// Whether the item would be skipped because of that.
    pub skipped: bool,
    /// Whether the result would replace the file that has its name.
    pub replaces: bool,
    /// The result's size in px.
    pub size_px: Option<(u32, u32)>,
    /// Why it would fail.
    pub error: Option<ItemError>,
    /// The texts with fields that would be drawn on it.
    pub texts: Vec<String>,
    /// What would be left out of it.
    pub remarks: Vec<Remark>,
    /// What is known of its record before the run, if results are written back.
    pub row: Option<Box<ItemRow>>,
}

/// What a dry run finds.
#[derive(Clone, Debug)]
pub enum Planned {
    /// An item.
    Item(Box<PlannedItem>),
    /// Why something could not be read.
    Unreadable(JobError),
    /// A file that is left out on purpose.
    Ignored(Ignored),
    /// What is left out on purpose.
    Remark(Remark),
}

struct Planner<'a> {
    spec: &'a JobSpec,
    pipeline: Pipeline,
    naming: Naming,
    /// Results of earlier jobs, with their catalog.
    prior_results: Option<(PriorResults, &'a dyn CatalogReader)>,
    /// Names given so far.
    given: HashSet<PathBuf>,
    /// The files that were read so far, if results may replace files.
    inputs: HashSet<PathBuf>,
    plan: DryRun,
    budget_bytes: u64,
    /// The memory that the largest image takes.
    largest_bytes: u64,
    /// Bytes of the images that would be rendered.
    rendered_in: u64,
    samples: Samples,
    repeated: RepeatedLinks,
}

/// What rendering some images showed.
#[derive(Default)]
struct Samples {
    count: u64,
    bytes_in: u64,
    bytes_out: u64,
    seconds: f64,
}

/// The claims to names before a run: the names given so far, and what the sources may give.
struct PlanClaims<'a> {
    given: &'a HashSet<PathBuf>,
    spec: &'a JobSpec,
    /// The files that were given so far, if that matters.
    inputs: &'a HashSet<PathBuf>,
    replaced: Option<&'a Path>,
}

/// Items are planned one by one.
struct NoOtherRows;

impl CountedRows for NoOtherRows {
    fn after(&self, _seq: u64, _rows: u32) -> Result<Vec<ItemRow>, JobError> {
        Ok(Vec::new())
    }

    fn is_own_output(&self, _path: &Path) -> bool {
        false
    }
}

impl NameClaims for PlanClaims<'_> {
    fn wants_name(&self, _policy: ConflictPolicy) -> bool {
        true
    }

    fn is_promised(&self, path: &Path) -> bool {
        self.given.contains(path)
    }

    fn is_own_output(&self, _path: &Path) -> bool {
        false
    }

    fn is_input(&self, path: &Path) -> bool {
        may_be_given(&self.spec.sources, path) == MayGive::Yes || self.inputs.contains(&in_real_folder(path))
    }

    fn replaced(&self) -> Option<&Path> {
        self.replaced
    }
}

/// Reads every source and every image's header, and calls `each` for every planned item and for what could not be read.
/// `history` is the catalog of earlier jobs, whose results may be kept or replaced.
pub fn dry_run(
    spec: &JobSpec,
    history: Option<&dyn CatalogReader>,
    cancelled: &dyn Fn() -> bool,
    each: &mut dyn FnMut(Planned),
) -> Result<DryRun, JobError> {
    let pipeline = check(spec)?;
    let out_dir = naming::out_dir(spec)?;
    let naming = Naming::new(spec, out_dir.clone())?;
    naming.index_output_dir(true, None);
    let queries = Queries::of(spec)?;
    let free_bytes = store::of_path(&out_dir).space(&out_dir).free_bytes;
    let mut planner = Planner::new(spec, pipeline, naming);
    planner.prior_results =
        history.map(|reader| (PriorResults::for_files(spec, &planner.naming, None, reader), reader));
    planner.plan = DryRun { out_dir, free_bytes, ..DryRun::default() };
    let secrets = Arc::new(Secrets::new(secrets_path()));
    let fetch = |url: &str| {
        let runtime = runtime()?;
        lists::fetch(runtime.handle(), spec, &secrets, url, cancelled).map(|list| list.file)
    };
    let results = EarlierResults::of(spec, None, history);
    let results_at = |path: &Path, kind| results.at(path, kind);
    let access = queries.as_ref().map(|queries| Access::new(&queries.databases, spec));
    let databases = access.as_ref().map(|access| access as &dyn source::Databases);
    for source in queries.as_ref().map_or(&spec.sources, |queries| &queries.sources) {
        let source = &queries::begun(source.clone(), 1, history, None)?;
        let mut known_rows = KnownRows::of(source, &RowIdentity::of(spec), history, None)?;
        let reading = Reading {
            lists: &spec.lists,
            first_item: 0,
            is_live: false,
            cancelled,
            fetch: &fetch,
            databases,
            is_image: &codec::is_image,
            results_at: &results_at,
        };
        let mut found_any = false;
        let ended = source::read(source, &reading, &mut |found| {
            found_any |= matches!(found, Found::Item(_) | Found::Failed(_) | Found::Lost(_));
            each(match found {
                Found::Item(item) if known_rows.pass_over(&item.locator, &item.columns) => {
                    return ControlFlow::Continue(());
                }
                Found::Position(_) => return ControlFlow::Continue(()),
                Found::Item(item) => Planned::Item(Box::new(planner.plan_written_item(item))),
                Found::Failed(error) | Found::Lost(error) => Planned::Unreadable(error),
                Found::Ignored(ignored) => Planned::Ignored(ignored),
                Found::Remark(remark) => Planned::Remark(remark),
            });
            ControlFlow::Continue(())
        });
        if ended.is_break() {
            break;
        }
        let kind = source::kind_of(source)?;
        let repeated = planner.repeated.end_list(&(kind.label)(source)).filter(|_| kind.is_list);
        let known_rows = known_rows.remark(source);
        for remark in nothing_in(kind, source).filter(|_| !found_any).into_iter().chain(repeated).chain(known_rows) {
            each(Planned::Remark(remark));
        }
    }
    Ok(planner.sum_up())
}

/// The databases of a dry run.
struct Queries {
    /// The request's sources, as they would be stored.
    sources: Vec<SourceSpec>,
    databases: Databases,
    _runtime: tokio::runtime::Runtime,
}

impl Queries {
    /// Checks the queries of a request; `None` if it has none.
    fn of(spec: &JobSpec) -> Result<Option<Self>, JobError> {
        if !spec.sources.iter().any(queries::is_query) {
            return Ok(None);
        }
        let runtime = runtime()?;
        let mut spec = spec.clone();
        let kept = Arc::new(Secrets::new(secrets_path()));
        // A typed password is kept in memory only.
        let typed = Arc::new(Secrets::new(None));
        let has_typed = spec.sources.iter().any(queries::has_password);
        spec.sources.iter_mut().try_for_each(|source| queries::keep_password(&typed, source))?;
        let secrets = if has_typed { typed } else { kept };
        let databases = Databases::new(runtime.handle().clone(), secrets);
        queries::check(&databases, &mut spec)?;
        Ok(Some(Self { sources: spec.sources, databases, _runtime: runtime }))
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, JobError> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).thread_name("pixloom-net").enable_all().build();
    runtime.map_err(|error| JobError::thread("pixloom-net", error))
}

/// The bytes of these images, and of their results: they are really rendered. `None` if none can be.
pub(super) fn measure(spec: &JobSpec, images: Vec<NewItem>) -> Option<(u64, u64)> {
    let pipeline = check(spec).ok()?;
    let naming = Naming::new(spec, naming::out_dir(spec).ok()?).ok()?;
    let mut planner = Planner::new(spec, pipeline, naming);
    for image in images {
        planner.plan_item(image);
    }
    let Samples { bytes_in, bytes_out, .. } = planner.samples;
    (bytes_in > 0).then_some((bytes_in, bytes_out))
}

impl<'a> Planner<'a> {
    fn new(spec: &'a JobSpec, pipeline: Pipeline, naming: Naming) -> Self {
        Self {
            spec,
            pipeline,
            naming,
            prior_results: None,
            given: HashSet::new(),
            inputs: HashSet::new(),
            plan: DryRun::default(),
            budget_bytes: spec.limits.memory_bytes.unwrap_or_else(default_memory_bytes),
            largest_bytes: 0,
            rendered_in: 0,
            samples: Samples::default(),
            repeated: RepeatedLinks::new(),
        }
    }
}

impl Planner<'_> {
    /// Plans an item, and what is known of the row that is written back.
    fn plan_written_item(&mut self, item: NewItem) -> PlannedItem {
        if self.spec.write_back.is_none() {
            return self.plan_item(item);
        }
        let mut row = row_of(item.clone(), self.plan.items + 1);
        let planned = self.plan_item(item);
        row.state = match (&planned.error, planned.skipped) {
            (Some(_), _) => ItemState::Failed,
            (None, true) => ItemState::Skipped,
            (None, false) => ItemState::Done,
        };
        row.output = planned.output.clone().map(|path| Locator::File(path).to_text());
        (row.width_px, row.height_px) = planned.size_px.unzip();
        row.error.clone_from(&planned.error);
        PlannedItem { row: Some(Box::new(row)), ..planned }
    }

    fn plan_item(&mut self, mut item: NewItem) -> PlannedItem {
        self.plan.items += 1;
        if item.locator.path().is_none() || may_repeat_files(self.spec) {
            self.repeated.note(&mut item, self.plan.items, Some(&self.naming));
        }
        let mut planned = PlannedItem {
            locator: item.locator.clone(),
            output: None,
            pending_output: None,
            conflict: false,
            skipped: false,
            replaces: false,
            size_px: None,
            error: None,
            texts: Vec::new(),
            remarks: Vec::new(),
            row: None,
        };
        if let Some(path) = item.locator.path()
            && (self.naming.policy() == ConflictPolicy::Overwrite || self.spec.output().sink.update)
        {
            self.inputs.extend([Some(path.to_path_buf()), store::link_target(path)].into_iter().flatten());
        }
        let row = row_of(item, self.plan.items);
        let is_link = row.locator.path().is_none();
        let first = row.repeats.filter(|_| !is_link);
        let first = first.map(|seq| ItemRow { id: ItemId { seq, ..row.id }, ..row.clone() });
        if first.is_some_and(|first| self.naming.is_same_name(&row, &first)) {
            planned.skipped = true;
            self.plan.skipped += 1;
            return planned;
        }
        self.naming.count_name(&row, &NoOtherRows);
        let refused = row.error.clone().or_else(|| refusal(self.spec, &self.naming, &row));
        let result = match refused {
            Some(error) => {
                self.plan.links += u64::from(is_link && row.error.is_none());
                Err(error)
            }
            None if is_link => {
                self.plan_link(&row, &mut planned);
                Ok(())
            }
            None => self.plan_file(&row, &mut planned),
        };
        if let Err(error) = result {
            self.plan.failing += 1;
            planned.error = Some(error);
        }
        planned
    }

    fn plan_link(&mut self, row: &ItemRow, planned: &mut PlannedItem) {
        let kept = self.prior_results.as_mut().and_then(|(results, reader)| results.skip_link(row, *reader));
        if let Some(kept) = kept {
            return self.keep(&kept, planned);
        }
        let values = self.naming.values(row, NameHints { is_pending: true, ..NameHints::default() });
        // Only what is fetched tells when it was taken.
        let values = FieldValues { date: None, ..values };
        planned.texts = self.naming.texts().fill(&self.spec.recipe, &values).texts;
        self.plan.links += 1;
    }

    /// An item keeps its result of an earlier job.
    fn keep(&mut self, kept: &Finished, planned: &mut PlannedItem) {
        let output = kept.outputs.first().and_then(|output| output.path.as_deref()).map(Locator::parse);
        planned.output = output.and_then(|output| output.path().map(Path::to_path_buf));
        planned.size_px = kept.width_px.zip(kept.height_px);
        planned.skipped = true;
        self.plan.skipped += 1;
    }

    fn plan_file(&mut self, row: &ItemRow, planned: &mut PlannedItem) -> Result<(), ItemError> {
        let prior = self.prior_results.as_ref().map(|(results, reader)| results.plan_file(row, *reader));
        let replaced = match prior {
            Some(FilePlan::Keep(kept)) => {
                self.keep(&kept, planned);
                return Ok(());
            }
            Some(FilePlan::Replace(prior)) => Some(prior.output()),
            Some(FilePlan::Process) | None => None,
        };
        let replaced = replaced.as_ref().and_then(Locator::path);
        let (body, size_bytes) = ItemBody::open(&row.locator, may_be_copied(self.spec, &row.locator))?;
        let subject = Subject { locator: &row.locator, body: &body, size_bytes, response: None };
        let clock = Clock::start(&self.spec.limits, Duration::ZERO);
        let cancelled = || clock.is_up();
        let control = DecodeControl::new(&cancelled, Helpers::of_this_program()).reading_raw(self.spec.limits.raw);
        let rules = Rules::of_job(self.spec, &self.pipeline, self.budget_bytes, control);
        let claims = PlanClaims { given: &self.given, spec: self.spec, inputs: &self.inputs, replaced };
        let decision = decide(&rules, &self.naming, row, &subject, &claims).map_err(|error| clock.explain(error))?;
        planned.texts.clone_from(&decision.texts);
        if let PlannedName::Known(Resolution { is_taken, verdict }) = &decision.name {
            planned.conflict = *is_taken;
            self.plan.conflicts += u64::from(planned.conflict);
            match verdict {
                Verdict::Save(..) => {}
                Verdict::Skip(path, _) => {
                    planned.skipped = true;
                    planned.output = Some(path.clone());
                    self.plan.skipped += 1;
                    return Ok(());
                }
                Verdict::Refuse(error) => return Err(error.clone()),
            }
        }
        self.plan.bytes_in += size_bytes;
        match &decision.action {
            Action::Copy => self.plan.bytes_out += size_bytes,
            Action::Strip { bytes, size_px, remark } => {
                self.plan.bytes_out += bytes.len() as u64;
                planned.remarks.extend(remark.clone());
                planned.size_px = Some(*size_px);
            }
            Action::Render(prepared) => self.plan_render(&body, size_bytes, prepared, planned)?,
        }
        // Only now: an item that fails takes no name.
        match decision.name {
            PlannedName::Known(Resolution { verdict: Verdict::Save(path, publish), .. }) => {
                planned.replaces = publish == Publish::Replace;
                self.naming.note(&path);
                self.given.insert(path.clone());
                planned.output = Some(path);
            }
            PlannedName::Pending(path) => planned.pending_output = Some(path),
            PlannedName::Known(_) | PlannedName::NotNeeded => {}
        }
        Ok(())
    }

    /// Predicts an image's result. The first ones are really rendered, to measure them.
    fn plan_render(
        &mut self,
        body: &ItemBody,
        size_bytes: u64,
        prepared: &Prepared,
        planned: &mut PlannedItem,
    ) -> Result<(), ItemError> {
        planned.size_px = prepared.known_size_px();
        self.rendered_in += size_bytes;
        self.largest_bytes = self.largest_bytes.max(prepared.peak_bytes(size_bytes));
        if self.samples.count < SAMPLES {
            let started = Instant::now();
            let clock = Clock::start(&self.spec.limits, Duration::ZERO);
            let cancelled = || clock.is_up();
            let control = DecodeControl::new(&cancelled, Helpers::of_this_program()).reading_raw(self.spec.limits.raw);
            let rendered = prepared
                .render(&body.bytes()?, &self.spec.output().save, &control)
                .map_err(|error| clock.explain(error).named(&planned.locator))?;
            planned.size_px = Some((rendered.info.width_px, rendered.info.height_px));
            planned.remarks = rendered.remarks;
            self.samples.count += 1;
            self.samples.seconds += started.elapsed().as_secs_f64();
            self.samples.bytes_in += size_bytes;
            self.samples.bytes_out += rendered.bytes.len() as u64;
        } else {
            planned.remarks = prepared.expected_remarks(&body.bytes()?, &self.spec.output().save);
        }
        Ok(())
    }

    fn sum_up(mut self) -> DryRun {
        let workers = self.spec.limits.workers.unwrap_or_else(pools::cores).max(1);
        if self.samples.bytes_in > 0 {
            let share = self.rendered_in as f64 / self.samples.bytes_in as f64;
            self.plan.bytes_out += (self.samples.bytes_out as f64 * share) as u64;
            self.plan.seconds = self.samples.seconds * share / workers as f64;
        }
        let most = self.budget_bytes.max(self.largest_bytes);
        self.plan.memory_bytes = self.largest_bytes.saturating_mul(workers as u64).min(most);
        self.plan
    }
}

fn row_of(item: NewItem, seq: u64) -> ItemRow {
    ItemRow::waiting(ItemId { job: JobId(0), seq }, item)
}
