//! What a run would do: outputs, conflicts, predicted size, time and memory. Nothing is written.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use super::limits;
use super::naming::{self, NameHints, Naming, Verdict};
use super::render::{is_copied, prepare, stripped};
use crate::engine::check;
use crate::engine::run::pools;
use crate::engine::run::{read, taken_of};
use crate::error::{ItemError, JobError};
use crate::fetch::Secrets;
use crate::model::{ItemId, ItemRow, ItemState, JobId, JobSpec, Locator, NewItem, Remark, Timings};
use crate::op::Pipeline;
use crate::source::{self, Found, Reading};

/// Pictures that are really rendered (in memory) to predict size and time from.
const SAMPLED: u64 = 3;

/// What a run would do.
#[derive(Clone, Debug, Default)]
pub struct DryRun {
    /// Items in all.
    pub items: u64,
    /// Of them, links: what they weigh is not known before they are fetched.
    pub links: u64,
    /// Items that would fail, as far as their headers tell.
    pub failing: u64,
    /// Names that are taken already, or wished for twice.
    pub conflicts: u64,
    /// Items that would be skipped, since their names are taken.
    pub skipped: u64,
    /// The output folder.
    pub out_dir: PathBuf,
    /// Bytes of the local inputs.
    pub bytes_in: u64,
    /// Predicted bytes of the local pictures' outputs.
    pub bytes_out: u64,
    /// Predicted seconds for the local pictures.
    pub seconds: f64,
    /// Predicted peak of memory, in bytes, within the budget.
    pub memory_bytes: u64,
}

/// What would become of one item.
#[derive(Clone, Debug)]
pub struct PlannedItem {
    /// Where it is.
    pub locator: Locator,
    /// Where its result would go, as far as that is known before the run; for one that is skipped, what is in its way.
    pub output: Option<PathBuf>,
    /// Whether that name is taken already, or wished for twice.
    pub conflict: bool,
    /// Whether the item would be skipped for that.
    pub skipped: bool,
    /// The result's size in px.
    pub size_px: Option<(u32, u32)>,
    /// Why it would fail.
    pub error: Option<ItemError>,
    /// What would be left out of it.
    pub remarks: Vec<Remark>,
}

/// What a dry run comes upon.
#[derive(Clone, Debug)]
pub enum Planned {
    /// An item.
    Item(Box<PlannedItem>),
    /// A sentence about something that could not be read.
    RunError(String),
    /// A sentence about what is left out on purpose.
    Remark(String),
}

struct Planner<'a> {
    spec: &'a JobSpec,
    pipeline: Pipeline,
    naming: Naming,
    taken: HashSet<PathBuf>,
    plan: DryRun,
    budget_bytes: u64,
    largest: u64,
    sampled_in: u64,
    sampled_out: u64,
    sampled_seconds: f64,
    samples: u64,
}

/// Goes through every source and header, and tells `each` item's plan as it is made, and what could not be read.
pub fn dry_run(
    spec: &JobSpec,
    cancelled: &dyn Fn() -> bool,
    each: &mut dyn FnMut(Planned),
) -> Result<DryRun, JobError> {
    let pipeline = check(spec)?;
    let out_dir = naming::out_dir(spec)?;
    let naming = Naming::new(spec, out_dir.clone())?;
    naming.index_output_dir(None, None);
    let mut planner = Planner {
        spec,
        pipeline,
        naming,
        taken: HashSet::new(),
        plan: DryRun { out_dir, ..DryRun::default() },
        budget_bytes: spec.limits.memory_bytes.unwrap_or_else(pools::default_memory_bytes),
        largest: 0,
        sampled_in: 0,
        sampled_out: 0,
        sampled_seconds: 0.0,
        samples: 0,
    };
    let secrets = Arc::new(Secrets::new(crate::engine::coordinator::settings::secrets_path()));
    let fetch = |url: &str| {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("pixloom-net")
            .enable_all()
            .build();
        let runtime = runtime.map_err(|error| JobError::thread("pixloom-net", error))?;
        crate::engine::intake::lists::fetch(runtime.handle(), spec, &secrets, url, cancelled).map(|list| list.file)
    };
    for source in &spec.sources {
        let reading = Reading { lists: &spec.lists, cancelled, fetch: &fetch };
        let ended = source::read(source, &reading, &mut |found| {
            each(match found {
                Found::Item(item) => Planned::Item(Box::new(planner.plan_item(item))),
                Found::Failed(error) => Planned::RunError(error.to_string()),
                Found::Remark(remark) => Planned::Remark(remark.to_string()),
            });
            ControlFlow::Continue(())
        });
        if ended.is_break() {
            break;
        }
    }
    Ok(planner.sum_up())
}

impl Planner<'_> {
    fn plan_item(&mut self, item: NewItem) -> PlannedItem {
        self.plan.items += 1;
        let mut planned = PlannedItem {
            locator: item.locator.clone(),
            output: None,
            conflict: false,
            skipped: false,
            size_px: None,
            error: None,
            remarks: Vec::new(),
        };
        let row = row_of(item, self.plan.items);
        let result = match (&row.error, row.locator.path()) {
            (Some(error), _) => Err(error.clone()),
            (None, None) => {
                self.plan.links += 1;
                return planned;
            }
            (None, Some(_)) => self.plan_file(&row, &mut planned),
        };
        if let Err(error) = result {
            self.plan.failing += 1;
            planned.error = Some(error);
        }
        planned
    }

    fn plan_file(&mut self, row: &ItemRow, planned: &mut PlannedItem) -> Result<(), ItemError> {
        let Some(path) = row.locator.path() else { return Ok(()) };
        let own = naming::own_extension(&row.locator, None);
        let extension = if self.spec.is_copy() {
            let size = path.metadata().map_err(|error| ItemError::reading(path, &error))?.len();
            self.count_copy(size);
            own.unwrap_or_default()
        } else {
            let bytes = read(path)?;
            if is_copied(&bytes, &self.spec.recipe, &self.spec.save) {
                self.count_copy(bytes.len() as u64);
                own.unwrap_or_default()
            } else if let Some((stripped, size_px)) = stripped(&bytes, &self.spec.recipe, &self.spec.save) {
                self.plan.bytes_in += bytes.len() as u64;
                self.plan.bytes_out += stripped.len() as u64;
                planned.size_px = Some(size_px);
                own.unwrap_or_default()
            } else {
                self.plan_picture(&bytes, own, planned).map_err(|error| error.named(path.display()))?
            }
        };
        let taken = if self.naming.needs_date() { taken_of(path) } else { None };
        let told = NameHints { file_name: None, taken: taken.as_deref() };
        if let Some(place) = self.naming.early_place(row, told, &extension) {
            let outlook = self.naming.foresee(&place, &row.locator, &self.taken);
            planned.conflict = outlook.conflict;
            self.plan.conflicts += u64::from(planned.conflict);
            match outlook.verdict? {
                Verdict::Save(path) => {
                    self.naming.given(&path);
                    self.taken.insert(path.clone());
                    planned.output = Some(path);
                }
                Verdict::Skip(_) => {
                    planned.skipped = true;
                    self.plan.skipped += 1;
                    planned.output = Some(place.path());
                }
            }
        }
        Ok(())
    }

    fn count_copy(&mut self, size_bytes: u64) {
        self.plan.bytes_in += size_bytes;
        self.plan.bytes_out += size_bytes;
    }

    /// What becomes of a picture, and the extension of its result. The first ones are really made, to time them.
    fn plan_picture(
        &mut self,
        bytes: &[u8],
        own: Option<String>,
        planned: &mut PlannedItem,
    ) -> Result<String, ItemError> {
        let size = bytes.len() as u64;
        let limits = &self.spec.limits;
        let prepared = prepare(bytes, &self.pipeline, &self.spec.save)?;
        limits::check(limits, self.budget_bytes, &prepared, size)?;
        let prepared = prepared.with_truncated(limits.truncated);
        planned.remarks = prepared.remarks(&self.spec.save);
        let info = prepared.plan.output();
        // Where the pixels decide, only a run tells.
        planned.size_px = prepared.plan.is_certain().then_some((info.width_px, info.height_px));
        self.plan.bytes_in += size;
        self.largest = self.largest.max(prepared.peak_bytes(size));
        if self.samples < SAMPLED {
            let started = Instant::now();
            let rendered = prepared.render(bytes, &self.spec.save, &|| false)?;
            planned.size_px = Some((rendered.info.width_px, rendered.info.height_px));
            self.samples += 1;
            self.sampled_seconds += started.elapsed().as_secs_f64();
            self.sampled_in += size;
            self.sampled_out += rendered.bytes.len() as u64;
        }
        Ok(match own {
            Some(own) if naming::is_spelling_of(&own, prepared.format) => own,
            _ => prepared.format.extension().to_owned(),
        })
    }

    fn sum_up(mut self) -> DryRun {
        let workers = self.spec.limits.workers.unwrap_or_else(pools::cores).max(1);
        if self.sampled_in > 0 {
            let share = self.plan.bytes_in as f64 / self.sampled_in as f64;
            self.plan.bytes_out = (self.sampled_out as f64 * share) as u64;
            self.plan.seconds = self.sampled_seconds * share / workers as f64;
        }
        let most = self.budget_bytes.max(self.largest);
        self.plan.memory_bytes = self.largest.saturating_mul(workers as u64).min(most);
        self.plan
    }
}

fn row_of(item: NewItem, seq: u64) -> ItemRow {
    ItemRow {
        id: ItemId { job: JobId(0), seq },
        locator: item.locator,
        dir: item.dir,
        state: ItemState::Waiting,
        output: None,
        error: item.error,
        http_status: None,
        content_type: None,
        bytes_in: 0,
        bytes_out: 0,
        width_px: None,
        height_px: None,
        hash: None,
        output_hash: None,
        attempts: 0,
        timings: Timings::default(),
        finished_at_ms: None,
        size_bytes: item.size_bytes,
        mtime_ms: item.mtime_ms,
        remarks: Vec::new(),
        origin: item.origin,
        columns: item.columns,
    }
}
