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
use super::intake::documents::DocumentPages;
use super::intake::earlier_results::EarlierResults;
use super::intake::lists;
use super::intake::queries::{self, Access, KnownRows, RowIdentity};
use super::intake::read_sources::nothing_in;
use super::item::body::{ItemBody, LastDocument};
use super::item::claims::{CountedRows, NameClaims, in_real_folder, may_be_given};
use super::item::decide::{
    Action, Decision, PlannedName, Rules, Subject, copies_others, decide, may_be_copied, refusal,
};
use super::item::limits::Clock;
use super::item::naming::{self, NameHints, Naming, Publish, Resolution, Verdict};
use super::item::outputs::{OutputEnd, OutputPlan, Outputs, at_path, ended};
use super::item::prior_results::{FilePlan, PriorResults};
use super::item::repeats::{RepeatedLinks, may_repeat_files};
use super::item::shared_render::{self, Branch, render_all};
use super::run::memory_budget::default_memory_bytes;
use super::run::pools;
use crate::catalog::CatalogReader;
use crate::codec::{self, DecodeControl, Helpers};
use crate::error::{ItemError, JobError};
use crate::fetch::Secrets;
use crate::model::{
    ConflictPolicy, FieldValues, Finished, Ignored, ItemId, ItemOutput, ItemRow, ItemState, JobId, JobSpec, Locator,
    NewItem, Outcome, Remark, SourceSpec,
};
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
    /// Its outputs, if they are named; the other fields then sum them up.
    pub outputs: Vec<PlannedOutput>,
}

/// What would happen to one of the named outputs of an item.
#[derive(Clone, Debug)]
pub struct PlannedOutput {
    /// The output's name.
    pub name: String,
    /// The item as if it had only this output.
    pub item: PlannedItem,
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
    outputs: Outputs,
    copies_others: bool,
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
    last: LastDocument,
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
    let pipelines = check(spec)?;
    let out_dir = naming::out_dir(spec)?;
    let outputs = Outputs::new(spec, pipelines, &out_dir)?;
    outputs.namings().for_each(|naming| naming.index_output_dir(true, None));
    let queries = Queries::of(spec)?;
    let free_bytes = store::of_path(&out_dir).space(&out_dir).free_bytes;
    let mut planner = Planner::new(spec, outputs);
    planner.prior_results =
        history.map(|reader| (PriorResults::for_files(spec, &planner.outputs, None, reader), reader));
    planner.plan = DryRun { out_dir, free_bytes, ..DryRun::default() };
    let secrets = Arc::new(Secrets::new(secrets_path()));
    let fetch = |url: &str| {
        let runtime = runtime()?;
        lists::fetch(runtime.handle(), spec, &secrets, url, cancelled).map(|list| list.file)
    };
    let results = EarlierResults::of(spec, None, history);
    let results_at = |path: &Path, kind| results.at(path, kind);
    let pages = DocumentPages::new(&spec.limits, Helpers::of_this_program());
    let access = queries.as_ref().map(|queries| Access::new(&queries.databases, spec));
    let databases = access.as_ref().map(|access| access as &dyn source::Databases);
    for source in queries.as_ref().map_or(&spec.sources, |queries| &queries.sources) {
        let source = &queries::begun(source.clone(), 1, history, None)?;
        let mut known_rows = KnownRows::of(source, &RowIdentity::of(spec), history, None)?;
        let reading = Reading {
            watched: None,
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
        let ended = source::read_paired(source, &reading, spec.limits.raw_pairs, &mut |found| {
            found_any |= matches!(found, Found::Item(_) | Found::Failed(_) | Found::Lost(_));
            each(match found {
                Found::Item(item) if known_rows.pass_over(&item.locator, &item.columns) => {
                    return ControlFlow::Continue(());
                }
                Found::Position(_) => return ControlFlow::Continue(()),
                Found::Item(item) => {
                    let items = pages.split(item, cancelled);
                    items.into_iter().for_each(|item| each(Planned::Item(Box::new(planner.plan_written_item(item)))));
                    return ControlFlow::Continue(());
                }
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
    let outputs = Outputs::new(spec, check(spec).ok()?, &naming::out_dir(spec).ok()?).ok()?;
    let mut planner = Planner::new(spec, outputs);
    for image in images {
        planner.plan_item(image);
    }
    let Samples { bytes_in, bytes_out, .. } = planner.samples;
    (bytes_in > 0).then_some((bytes_in, bytes_out))
}

impl<'a> Planner<'a> {
    fn new(spec: &'a JobSpec, outputs: Outputs) -> Self {
        Self {
            spec,
            outputs,
            copies_others: copies_others(spec),
            prior_results: None,
            given: HashSet::new(),
            inputs: HashSet::new(),
            plan: DryRun::default(),
            budget_bytes: spec.limits.memory_bytes.unwrap_or_else(default_memory_bytes),
            largest_bytes: 0,
            rendered_in: 0,
            samples: Samples::default(),
            repeated: RepeatedLinks::new(),
            last: LastDocument::default(),
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
            self.repeated.note(&mut item, self.plan.items, Some(&self.outputs.first().naming));
        }
        let mut planned = PlannedItem::of(&item.locator);
        let may_replace = |naming: &Naming| naming.policy() == ConflictPolicy::Overwrite;
        if let Some(path) = item.locator.path()
            && (self.outputs.namings().any(may_replace) || self.spec.output().sink.update)
        {
            self.inputs.extend([Some(path.to_path_buf()), store::link_target(path)].into_iter().flatten());
        }
        let row = row_of(item, self.plan.items);
        let is_link = row.locator.path().is_none();
        let first = row.repeats.filter(|_| !is_link);
        let first = first.map(|seq| ItemRow { id: ItemId { seq, ..row.id }, ..row.clone() });
        if first.is_some_and(|first| self.outputs.is_same_name(&row, &first)) {
            planned.skipped = true;
            self.plan.skipped += 1;
            return planned;
        }
        self.outputs.namings().for_each(|naming| naming.count_name(&row, &NoOtherRows));
        let refused = row.error.clone().or_else(|| refusal(self.spec, &self.outputs, &row));
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
        for OutputPlan { spec, naming, .. } in self.outputs.iter() {
            let values = naming.values(row, NameHints { is_pending: true, ..NameHints::default() });
            // Only what is fetched tells when it was taken.
            let values = FieldValues { date: None, ..values };
            planned.add_texts(naming.texts().fill(&spec.recipe, &values).texts);
        }
        self.plan.links += 1;
    }

    /// An item keeps its result of an earlier job.
    fn keep(&mut self, kept: &Finished, planned: &mut PlannedItem) {
        let output = kept.outputs.first().and_then(|output| output.path.as_deref()).map(Locator::parse);
        planned.output = output.and_then(|output| output.path().map(Path::to_path_buf));
        planned.size_px = kept.width_px.zip(kept.height_px);
        planned.skipped = true;
        self.plan.skipped += 1;
        for output in kept.outputs.iter().filter(|output| !output.name.is_empty()) {
            let path = output.path.as_deref().map(Locator::parse);
            let mut item = PlannedItem::of(&planned.locator);
            item.output = path.as_ref().and_then(Locator::path).map(Path::to_path_buf);
            (item.size_px, item.skipped) = (output.width_px.zip(output.height_px), true);
            planned.outputs.push(PlannedOutput { name: output.name.clone(), item });
        }
    }

    fn plan_file(&mut self, row: &ItemRow, planned: &mut PlannedItem) -> Result<(), ItemError> {
        let prior = self.prior_results.as_ref().map(|(results, reader)| results.plan_file(row, *reader));
        let prior = match prior {
            Some(FilePlan::Keep(kept)) => {
                self.keep(&kept, planned);
                return Ok(());
            }
            Some(FilePlan::Replace(prior)) => Some(prior),
            Some(FilePlan::Process) | None => None,
        };
        let only_copied = may_be_copied(self.spec, &row.locator);
        let (body, size_bytes) = ItemBody::open(&row.locator, only_copied, &mut self.last)?;
        let subject = Subject { locator: &row.locator, body: &body, size_bytes, response: None };
        let mut made = Vec::with_capacity(self.outputs.count());
        let mut plans = Vec::with_capacity(self.outputs.count());
        for output in self.outputs.iter() {
            let replaced = prior.as_ref().and_then(|prior| prior.output_of(output.n));
            let replaced = replaced.as_ref().and_then(Locator::path);
            let mut item = PlannedItem::of(&row.locator);
            match self.decide(output, row, &subject, replaced) {
                Err(error) => item.error = Some(error),
                Ok(decision) => {
                    item.texts.clone_from(&decision.texts);
                    let is_made = note_name(&decision.name, &mut item);
                    if is_made {
                        made.push((plans.len(), decision));
                    }
                }
            }
            plans.push(item);
        }
        if !made.is_empty() {
            self.plan.bytes_in += size_bytes;
            self.plan_results(&body, size_bytes, &made, &mut plans);
        }
        // Only now: an item that fails takes no name.
        for (at, decision) in made {
            let (Some(item), Some(output)) = (plans.get_mut(at), self.outputs.get(at as u32)) else { continue };
            if item.error.is_some() {
                continue;
            }
            match decision.name {
                PlannedName::Known(Resolution { verdict: Verdict::Save(path, publish), .. }) => {
                    item.replaces = publish == Publish::Replace;
                    output.naming.note(&path);
                    self.given.insert(path.clone());
                    item.output = Some(path);
                }
                PlannedName::Pending(path) => item.pending_output = Some(path),
                PlannedName::Known(_) | PlannedName::NotNeeded => {}
            }
        }
        self.sum_up_outputs(plans, planned)
    }

    fn decide(
        &self,
        output: &OutputPlan,
        row: &ItemRow,
        subject: &Subject<'_>,
        replaced: Option<&Path>,
    ) -> Result<Decision, ItemError> {
        let clock = Clock::start(&self.spec.limits, Duration::ZERO);
        let cancelled = || clock.is_up();
        let control = DecodeControl::new(&cancelled, Helpers::of_this_program()).reading_raw(self.spec.limits.raw);
        let rules = Rules::of_output(output, self.copies_others, self.budget_bytes, control);
        let claims = PlanClaims { given: &self.given, spec: self.spec, inputs: &self.inputs, replaced };
        decide(&rules, &output.naming, row, subject, &claims).map_err(|error| clock.explain(error))
    }

    /// Sums up what would happen to the outputs of an item.
    fn sum_up_outputs(&mut self, mut plans: Vec<PlannedItem>, planned: &mut PlannedItem) -> Result<(), ItemError> {
        self.plan.conflicts += plans.iter().filter(|plan| plan.conflict).count() as u64;
        let ends = plans.iter().zip(self.outputs.iter()).map(|(plan, output)| match &plan.error {
            Some(error) => OutputEnd::failed(output.blank(), error.clone()),
            None if plan.skipped => OutputEnd::skipped(output.blank(), String::new()),
            None => OutputEnd::done(at_path(ItemOutput { state: ItemState::Done, ..output.blank() }, Path::new("/"))),
        });
        let (ends, id) = (ends.collect(), ItemId { job: JobId(0), seq: 0 });
        let nothing = Finished::new(id, Outcome::Done { output: String::new() });
        let outcome = ended(nothing, ends, self.outputs.are_named()).outcome;
        planned.skipped = matches!(outcome, Outcome::Skipped { .. });
        self.plan.skipped += u64::from(planned.skipped);
        planned.conflict = plans.iter().any(|plan| plan.conflict);
        if let Some(first) = plans.iter().find(|plan| plan.error.is_none() && plan.skipped == planned.skipped) {
            planned.output.clone_from(&first.output);
            planned.pending_output.clone_from(&first.pending_output);
            (planned.size_px, planned.replaces) = (first.size_px, first.replaces);
        }
        for plan in &mut plans {
            planned.add_texts(plan.texts.clone());
            let new =
                plan.remarks.iter().filter(|remark| !planned.remarks.contains(remark)).cloned().collect::<Vec<_>>();
            planned.remarks.extend(new);
        }
        if self.outputs.are_named() {
            let names = self.outputs.iter().map(|output| output.name().to_owned());
            planned.outputs = names.zip(plans).map(|(name, item)| PlannedOutput { name, item }).collect();
        }
        match outcome {
            Outcome::Failed(error) => Err(error),
            _ => Ok(()),
        }
    }

    /// Predicts the results of an item: copies and stripped files are known; the first images are really rendered, to
    /// measure them.
    fn plan_results(
        &mut self,
        body: &ItemBody,
        size_bytes: u64,
        made: &[(usize, Decision)],
        plans: &mut [PlannedItem],
    ) {
        let mut rendered = Vec::new();
        for (at, decision) in made {
            let Some((item, output)) = plans.get_mut(*at).zip(self.outputs.get(*at as u32)) else { continue };
            match &decision.action {
                Action::Copy => self.plan.bytes_out += size_bytes,
                Action::Strip { bytes, size_px, remark } => {
                    self.plan.bytes_out += bytes.len() as u64;
                    item.remarks.extend(remark.clone());
                    item.size_px = Some(*size_px);
                }
                Action::Render(prepared) => {
                    item.size_px = prepared.known_size_px();
                    let save = &output.spec.output().save;
                    rendered.push((*at, Branch { prepared, save, is_made: true }));
                }
            }
        }
        if rendered.is_empty() {
            return;
        }
        let (indexes, branches): (Vec<usize>, Vec<Branch<'_>>) = rendered.into_iter().unzip();
        let peak_bytes = match branches.as_slice() {
            [only] => only.prepared.peak_bytes(size_bytes),
            several => shared_render::peak_bytes(several, size_bytes),
        };
        self.rendered_in += size_bytes;
        self.largest_bytes = self.largest_bytes.max(peak_bytes);
        let bytes = match body.bytes() {
            Ok(bytes) => bytes,
            Err(error) => {
                for at in indexes {
                    plans[at].error = Some(error.clone());
                }
                return;
            }
        };
        if self.samples.count >= SAMPLES {
            for (at, Branch { prepared, save, .. }) in indexes.into_iter().zip(&branches) {
                plans[at].remarks = prepared.expected_remarks(&bytes, save);
            }
            return;
        }
        let started = Instant::now();
        let clock = Clock::start(&self.spec.limits, Duration::ZERO);
        let cancelled = || clock.is_up();
        let control = DecodeControl::new(&cancelled, Helpers::of_this_program()).reading_raw(self.spec.limits.raw);
        let mut bytes_out = 0;
        render_all(&bytes, &branches, &control, &mut |branch, rendered| {
            let Some(item) = indexes.get(branch).and_then(|at| plans.get_mut(*at)) else { return };
            match rendered {
                Ok(rendered) => {
                    item.size_px = Some((rendered.info.width_px, rendered.info.height_px));
                    item.remarks = rendered.remarks;
                    bytes_out += rendered.bytes.len() as u64;
                }
                Err(error) => item.error = Some(clock.explain(error).named(&item.locator)),
            }
        });
        if bytes_out > 0 {
            self.samples.count += 1;
            self.samples.seconds += started.elapsed().as_secs_f64();
            self.samples.bytes_in += size_bytes;
            self.samples.bytes_out += bytes_out;
        }
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

impl PlannedItem {
    fn of(locator: &Locator) -> Self {
        Self {
            locator: locator.clone(),
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
            outputs: Vec::new(),
        }
    }

    fn add_texts(&mut self, texts: Vec<String>) {
        let new: Vec<String> = texts.into_iter().filter(|text| !self.texts.contains(text)).collect();
        self.texts.extend(new);
    }
}

/// Notes what follows from a planned name; whether the result is made.
fn note_name(name: &PlannedName, item: &mut PlannedItem) -> bool {
    let PlannedName::Known(Resolution { is_taken, verdict }) = name else { return true };
    item.conflict = *is_taken;
    match verdict {
        Verdict::Save(..) => true,
        Verdict::Skip(path, _) => {
            item.skipped = true;
            item.output = Some(path.clone());
            false
        }
        Verdict::Refuse(error) => {
            item.error = Some(error.clone());
            false
        }
    }
}
