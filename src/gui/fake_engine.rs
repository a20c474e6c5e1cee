//! A scripted engine for tests of the window.

use std::sync::Arc;

use super::ops::Op;
use crate::config::{Language, Settings, Theme};
use crate::engine::api::handle::{Ends, NumberedCommand};
use crate::engine::{
    CatalogSize, Command, Group, Handle, ItemsPage, JobEntry, JobGroup, JobView, JobsPage, JobsRequest, PicturePreview,
    Pixels, Preview, PreviewContent, Snapshot, SourceGroup, Storage, Thumbnail, source_label,
};
use crate::error::{ErrorKind, ItemError};
use crate::model::{
    Busy, FileKind, Format, FormatChoice, ItemId, ItemRow, ItemState, JobId, JobState, Limits, ListSpec, Locator,
    NewItem, Output, ParamKind, ParamSpec, Progress, Recipe, Save, SinkSpec, Step, Unit,
};

/// The listed job.
pub(crate) const JOB: JobId = JobId(7);

/// The engine's side of the channels, controlled by the test.
pub(crate) struct FakeEngine {
    /// Its ends.
    pub(crate) ends: Ends,
    /// Its state; [`FakeEngine::publish`] publishes it.
    pub(crate) snapshot: Snapshot,
    /// Its items.
    pub(crate) items: Vec<ItemRow>,
    /// Its history, newest first.
    pub(crate) jobs: Vec<JobEntry>,
    /// What its catalog needs.
    pub(crate) storage: Storage,
    /// The commands received.
    pub(crate) received: Vec<Command>,
}

const fn float(name: &'static str, unit: Unit, min: f64, max: f64, soft_max: f64, default: f64) -> ParamSpec {
    ParamSpec { name, summary: "", unit, kind: ParamKind::Float { min, max, soft_max, default } }
}

/// Operations as a registry would declare them.
pub(crate) fn ops() -> Vec<Op> {
    const RESIZE: &[ParamSpec] = &[
        ParamSpec {
            name: "long_edge",
            summary: "",
            unit: Unit::Px,
            kind: ParamKind::Int { min: 1, max: 65_535, soft_max: 4096, default: None },
        },
        ParamSpec {
            name: "fit",
            summary: "",
            unit: Unit::None,
            kind: ParamKind::Choice { options: &["fit", "cover", "pad"], default: "fit" },
        },
    ];
    const SATURATION: &[ParamSpec] = &[float("factor", Unit::None, 0.0, 10.0, 2.0, 1.0)];
    const SHARPEN: &[ParamSpec] =
        &[float("sigma", Unit::Px, 0.1, 100.0, 5.1, 1.0), float("amount", Unit::None, 0.0, 10.0, 2.0, 0.8)];
    const WATERMARK: &[ParamSpec] = &[
        ParamSpec { name: "text", summary: "", unit: Unit::None, kind: ParamKind::FieldText { default: "" } },
        ParamSpec { name: "shadow", summary: "", unit: Unit::None, kind: ParamKind::Bool { default: true } },
    ];
    const DUOTONE: &[ParamSpec] = &[
        ParamSpec { name: "shadows", summary: "", unit: Unit::None, kind: ParamKind::Colour { default: "black" } },
        ParamSpec { name: "table", summary: "", unit: Unit::None, kind: ParamKind::File { holds: FileKind::Table } },
        ParamSpec { name: "curve", summary: "", unit: Unit::None, kind: ParamKind::Curve { default: "0,0;255,255" } },
    ];
    let op = |id, group, params| Op { id, summary: "Does one thing", formula: "v * scale", group, params };
    vec![
        op("resize", Group::Geometry, RESIZE),
        op("saturation", Group::Colour, SATURATION),
        op("grayscale", Group::Colour, &[]),
        op("sharpen", Group::Detail, SHARPEN),
        op("watermark_text", Group::Finish, WATERMARK),
        op("duotone", Group::Colour, DUOTONE),
    ]
}

/// A row of the list.
pub(crate) fn row(seq: u64, locator: &str, state: ItemState) -> ItemRow {
    let done = state == ItemState::Done;
    ItemRow {
        state,
        error: (state == ItemState::Failed).then(|| {
            let name = Locator::parse(locator).short_name();
            ItemError::new(ErrorKind::Truncated, name).with("had", "2.1 MB").with("wanted", "4.0 MB")
        }),
        bytes_in: if done { 4_100_000 } else { 0 },
        bytes_out: if done { 310_000 } else { 0 },
        width_px: done.then_some(1600),
        height_px: done.then_some(1067),
        attempts: 1,
        size_bytes: Some(4_100_000),
        ..ItemRow::waiting(ItemId { job: JOB, seq }, NewItem::new(Locator::parse(locator)))
    }
}

/// A window's handle and its engine with an empty draft.
pub(crate) fn engine() -> (Handle, FakeEngine) {
    let (handle, ends) = Handle::new();
    let recipe = Recipe {
        steps: vec![
            Step::new("resize").with("long_edge", 1600.0),
            Step::new("saturation").with("factor", 1.2),
            Step::new("sharpen").with("sigma", 1.0).with("amount", 0.8),
        ],
        ..Recipe::default()
    };
    let job = JobView {
        id: JOB,
        state: JobState::Draft,
        recipe,
        save: Save { format: FormatChoice::known("webp"), quality: Some(82), ..Save::default() },
        outputs: vec![Output::default()],
        sink: SinkSpec::default(),
        lists: ListSpec::default(),
        write_back: None,
        query: None,
        can_redo: false,
        list_files: Arc::new([]),
        limits: Limits::default(),
        out_dir: None,
        progress: Progress::default(),
        groups: Arc::new([]),
        failures: Arc::new([]),
        rejections: Arc::new([]),
        network_gone: false,
        insecure_hosts: Vec::new(),
        halted: None,
        items_revision: 1,
        counting: false,
        estimate: None,
        low_space: None,
    };
    let settings = Settings { language: Language::English, theme: Theme::Dark, ..Settings::default() };
    let snapshot = Snapshot { current: Some(job), settings, ..Snapshot::default() };
    let size = CatalogSize { jobs: 1204, items: 310_000, bytes: 96_000_000, ..CatalogSize::default() };
    let storage = Storage {
        path: "/home/me/.local/share/pixloom/catalog.sqlite".into(),
        size,
        ended_before: vec![(30, 900), (90, 12), (365, 0)],
    };
    let engine = FakeEngine { ends, snapshot, items: Vec::new(), jobs: Vec::new(), storage, received: Vec::new() };
    engine.publish();
    (handle, engine)
}

impl FakeEngine {
    /// Publishes its state and its items.
    pub(crate) fn publish(&self) {
        self.ends.shared.snapshot.store(Arc::new(self.snapshot.clone()));
        self.answer();
        self.ends.shared.wake();
    }

    /// Receives commands and performs those that take no work.
    pub(crate) fn perform(&mut self) {
        let numbered: Vec<NumberedCommand> = self.ends.command_rx.try_iter().collect();
        let Some(last) = numbered.last() else { return };
        self.snapshot.commands_included = last.number;
        let received: Vec<Command> = numbered.into_iter().map(|numbered| numbered.command).collect();
        for command in &received {
            match command {
                Command::SetRecipe(recipe) => self.job().recipe = recipe.clone(),
                Command::SetSave(save) => self.job().save = save.clone(),
                Command::SetOutputs(outputs) => self.job().outputs = outputs.clone(),
                Command::SetSink(sink) => self.job().sink = sink.clone(),
                Command::SetWriteBack(spec) => self.job().write_back = spec.clone(),
                Command::SetLists(lists) => self.job().lists = lists.clone(),
                Command::SaveSettings(settings) => self.snapshot.settings = settings.as_ref().clone(),
                _ => {}
            }
        }
        self.publish();
        self.received.extend(received);
    }

    /// Answers the last requests for jobs, for what the catalog needs, and for items, if any.
    pub(crate) fn answer(&self) {
        if let Some(request) = self.ends.shared.jobs_wanted.take() {
            self.answer_jobs(request);
        }
        if self.ends.shared.storage_wanted.take().is_some() {
            self.ends.shared.storage.store(Some(Arc::new(self.storage.clone())));
            self.ends.shared.wake();
        }
        let Some(request) = self.ends.shared.items_wanted.take() else { return };
        let revision = self.snapshot.current.as_ref().map_or(0, |job| job.items_revision);
        let listed: Vec<ItemRow> = self
            .items
            .iter()
            .filter(|row| request.filter.state.is_none_or(|state| state == row.state))
            .filter(|row| row.locator.to_text().contains(&request.filter.text))
            .cloned()
            .collect();
        let total = listed.len() as u64;
        let cursor = listed.iter().find(|row| Some(row.id.seq) == request.cursor).cloned();
        let rows: Arc<[ItemRow]> =
            listed.into_iter().skip(request.first_row as usize).take(request.rows as usize).collect();
        self.ends.shared.items.store(Some(Arc::new(ItemsPage { request, revision, total, rows, cursor })));
        self.ends.shared.wake();
    }

    fn answer_jobs(&self, request: JobsRequest) {
        let filter = &request.filter;
        let is_meant = |entry: &&JobEntry| match filter.group {
            JobGroup::All => true,
            JobGroup::Running => entry.row.state == JobState::Running,
            JobGroup::Paused => entry.row.state == JobState::Paused,
            JobGroup::Done => entry.row.state == JobState::Done,
            JobGroup::Cancelled => entry.row.state == JobState::Cancelled,
            JobGroup::WithFailures => entry.row.failed > 0,
        };
        let says = |entry: &&JobEntry| {
            let ops = entry.summary.request.recipe.steps.iter().any(|step| filter.ops.contains(&step.op));
            let source = entry.summary.first_source.as_ref().map(source_label).unwrap_or_default();
            filter.text.is_empty() || ops || source.contains(&filter.text)
        };
        let found: Vec<JobEntry> = self.jobs.iter().filter(is_meant).filter(says).cloned().collect();
        let total = found.len() as u64;
        let rows = found.into_iter().skip(request.first_row as usize).take(request.rows as usize).collect();
        self.ends.shared.jobs.store(Some(Arc::new(JobsPage { request, revision: 0, total, rows })));
        self.ends.shared.wake();
    }

    /// The listed job.
    pub(crate) fn job(&mut self) -> &mut JobView {
        self.snapshot.current.get_or_insert_with(|| unreachable!("the fixture always lists a job"))
    }

    /// Adds 412 items, as if they had been dropped.
    pub(crate) fn add_items(&mut self) {
        self.items = (0..412)
            .map(|index: u64| {
                let locator = match index {
                    16 => "/home/me/Pictures/2026-11/coast.png".to_owned(),
                    17 => "/home/me/Pictures/2026-11/lamp-2.webp".to_owned(),
                    18..=31 => format!("https://shop.example/p/{}", 48_195 + index),
                    _ => format!("/home/me/Pictures/2026-11/DSC_{:04}.jpg", 412 + index),
                };
                row(index + 1, &locator, ItemState::Waiting)
            })
            .collect();
        let job = self.job();
        job.progress.total = 412;
        job.progress.total_is_final = true;
        job.out_dir = Some("/home/me/Pictures/web".into());
        job.items_revision += 1;
        let group =
            |label: &str, is_links, total| SourceGroup { label: label.to_owned(), is_links, total, done: 0, failed: 0 };
        job.groups = Arc::new([group("~/Pictures/2026-11", false, 398), group("shop.example", true, 14)]);
        self.publish();
    }

    /// The job is running: 259 done, 3 failed, 2 in progress.
    pub(crate) fn run(&mut self) {
        for (index, row) in self.items.iter_mut().enumerate() {
            row.state = match index {
                11 | 40 | 41 => ItemState::Failed,
                12 | 13 => ItemState::Running,
                14..=20 => ItemState::Waiting,
                0..=268 => ItemState::Done,
                _ => ItemState::Waiting,
            };
            *row = self::row(row.id.seq, &row.locator.to_text(), row.state);
        }
        let job = self.job();
        job.state = JobState::Running;
        job.items_revision += 1;
        job.failures = Arc::new([(ErrorKind::Truncated, 3)]);
        let group = |label: &str, is_links, total, done, failed| SourceGroup {
            label: label.to_owned(),
            is_links,
            total,
            done,
            failed,
        };
        job.groups =
            Arc::new([group("~/Pictures/2026-11", false, 398, 247, 0), group("shop.example", true, 14, 12, 2)]);
        job.progress = Progress {
            total: 412,
            total_is_final: true,
            done: 259,
            failed: 3,
            running: 2,
            bytes_in: 70_000_000,
            bytes_out: 7_000_000,
            seconds: 80.0,
            items_per_s: 41.0,
            bytes_per_s: 14_000_000.0,
            seconds_left: Some(48.0),
            busy: Busy { cores: 0.97, network: 0.22, disk: 0.31, memory: 0.44, databases: None },
            ..Progress::default()
        };
        self.publish();
    }

    /// Every item has an outcome.
    pub(crate) fn finish(&mut self) {
        let job = self.job();
        job.state = JobState::Done;
        job.items_revision += 1;
        job.progress.done = 409;
        job.progress.running = 0;
        job.progress.bytes_in = 118_000_000;
        job.progress.bytes_out = 11_000_000;
        job.progress.seconds = 118.0;
        self.publish();
    }

    /// Answers the last request for a preview with an image.
    pub(crate) fn preview(&self) {
        let Some(Some(request)) = self.ends.shared.preview_wanted.take() else { return };
        let (width, height) = (720, 480);
        let image = PicturePreview {
            before: landscape(width, height, 0.55),
            after: landscape(width, height, 1.0),
            format: Format::known("jpeg"),
            before_size_px: (6000, 4000),
            after_size_px: (1600, 1067),
            before_bytes: 4_100_000,
            after_bytes: Some(310_000),
            score: None,
            taken: None,
            histogram: histogram(),
            approximate: false,
        };
        let content = PreviewContent::Picture(image);
        self.ends.shared.preview.store(Arc::new(Preview { request: Some(request), content, ..Preview::default() }));
        self.ends.shared.wake();
    }

    /// Delivers the requested thumbnails.
    pub(crate) fn thumbnails(&self) {
        for id in self.ends.shared.thumbnails_wanted.take().unwrap_or_default() {
            let pixels = gradient(id.seq);
            // If the queue is full, the window asks again.
            let _ = self.ends.thumbnail_tx.try_send(Thumbnail { id, pixels: Ok(pixels) });
        }
        self.ends.shared.wake();
    }
}

fn gradient(seq: u64) -> Pixels {
    let (width, height) = (192_u32, 128_u32);
    let hue = (seq * 67 % 360) as f32;
    let mut rgba = Vec::with_capacity((4 * width * height) as usize);
    for y in 0..height {
        for x in 0..width {
            let t = (x as f32 / width as f32 * 0.4 + y as f32 / height as f32 * 0.6).clamp(0.0, 1.0);
            let colour = egui::ecolor::Hsva::new((hue + 40.0 * t) / 360.0 % 1.0, 0.35 + 0.2 * t, 0.85 - 0.55 * t, 1.0);
            rgba.extend(colour.to_srgba_unmultiplied());
        }
    }
    Pixels { width_px: width, height_px: height, rgba: rgba.into() }
}

fn landscape(width: u32, height: u32, saturation: f32) -> Pixels {
    let mut rgba = Vec::with_capacity((4 * width * height) as usize);
    for y in 0..height {
        for x in 0..width {
            let slope = y as f32 / height as f32 + 0.18 * (x as f32 / width as f32);
            let (hue, s, v) = if slope < 0.5 {
                (0.59, 0.55, 0.9 - 0.1 * slope)
            } else if slope < 0.56 {
                (0.12, 0.45, 0.95)
            } else {
                (0.26, 0.55, 0.75 - 0.5 * (slope - 0.56))
            };
            rgba.extend(egui::ecolor::Hsva::new(hue, s * saturation, v, 1.0).to_srgba_unmultiplied());
        }
    }
    Pixels { width_px: width, height_px: height, rgba: rgba.into() }
}

fn histogram() -> Arc<[[u32; 64]; 3]> {
    let mut levels = [[0; 64]; 3];
    for (channel, middle) in levels.iter_mut().zip([40.0_f32, 34.0, 26.0]) {
        for (level, count) in channel.iter_mut().enumerate() {
            let away = (level as f32 - middle) / 11.0;
            *count =
                (10_000.0 * (-away * away).exp() + 1_500.0 * (-((level as f32 - 50.0) / 5.0).powi(2)).exp()) as u32;
        }
    }
    Arc::new(levels)
}
