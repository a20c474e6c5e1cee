//! What a front end can view: pages of items, thumbnails and previews. Each is a latest-wins slot.

use std::path::PathBuf;
use std::sync::Arc;

use super::snapshot::JobEntry;
use crate::catalog::CatalogSize;
use crate::error::{ErrorKind, ItemError};
use crate::model::{Format, ItemId, ItemRow, ItemState, JobId, Message, RawChoice, Recipe, Save};

/// A request for a page of items.
#[derive(Clone, Debug, PartialEq)]
pub struct ItemsRequest {
    /// The job.
    pub job: JobId,
    /// Which of its items.
    pub filter: ItemsFilter,
    /// Their order.
    pub sort: ItemsSort,
    /// The first row, counted from 0.
    pub first_row: u64,
    /// The number of rows.
    pub rows: u32,
    /// An item (by `seq`); the answer says whether it is listed, and its current state.
    pub cursor: Option<u64>,
}

/// Which items are listed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ItemsFilter {
    /// Only those in this state.
    pub state: Option<ItemState>,
    /// Only failures of this kind.
    pub kind: Option<ErrorKind>,
    /// Only those with remarks.
    pub is_remarked: bool,
    /// Only those whose locator contains this text (case-insensitive); empty means all.
    pub text: String,
}

/// The order in which items are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ItemsSort {
    /// In the order in which they were added.
    #[default]
    Added,
    /// By locator.
    Name,
    /// By state.
    State,
    /// By input size, largest first.
    Size,
}

/// A page of items.
#[derive(Clone, Debug)]
pub struct ItemsPage {
    /// The request that it answers.
    pub request: ItemsRequest,
    /// The job's `items_revision` when it was read.
    pub revision: u64,
    /// The number of all rows that match the filter.
    pub total: u64,
    /// The rows, starting at `request.first_row`.
    pub rows: Arc<[ItemRow]>,
    /// The item of `request.cursor`, if it is listed.
    pub cursor: Option<ItemRow>,
}

/// A request for a page of the history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobsRequest {
    /// Which jobs.
    pub filter: JobsFilter,
    /// The first row, counted from 0; the newest job is first.
    pub first_row: u64,
    /// The number of rows.
    pub rows: u32,
}

/// Which jobs are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobsFilter {
    /// Only these.
    pub group: JobGroup,
    /// Only those that were started then.
    pub age: JobAge,
    /// Only those with this text in a folder, a host, a list, the name of an operation or a format, or with this number;
    /// empty means all.
    pub text: String,
    /// Operations whose names in the language of the window contain the text.
    pub ops: Vec<String>,
}

/// Jobs by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum JobGroup {
    /// All.
    #[default]
    All,
    /// Running or waiting to run.
    Running,
    /// Paused.
    Paused,
    /// Done.
    Done,
    /// Cancelled.
    Cancelled,
    /// With failed items.
    WithFailures,
}

/// Jobs by when they were started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum JobAge {
    /// At any time.
    #[default]
    Any,
    /// Since midnight.
    Today,
    /// In the last seven days.
    Week,
    /// In the last 30 days.
    Month,
    /// Before that.
    Older,
}

/// A page of the history.
#[derive(Clone, Debug)]
pub struct JobsPage {
    /// The request that it answers.
    pub request: JobsRequest,
    /// The number of the change of the catalog that it shows (see `JobView::items_revision`).
    pub revision: u64,
    /// The number of all jobs that match the filter.
    pub total: u64,
    /// The jobs, starting at `request.first_row`.
    pub rows: Arc<[JobEntry]>,
}

/// What the catalog needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Storage {
    /// The catalog's file.
    pub path: PathBuf,
    /// How much it holds.
    pub size: CatalogSize,
    /// Jobs that ended at least so many days ago: the choices of a clean-up.
    pub ended_before: Vec<(u32, u64)>,
}

/// A small image of an item.
#[derive(Clone, Debug)]
pub struct Thumbnail {
    /// The item.
    pub id: ItemId,
    /// The pixels, or why there are none.
    pub pixels: Result<Pixels, ItemError>,
}

/// 8-bit sRGB RGBA pixels, not premultiplied.
#[derive(Clone, Debug, PartialEq)]
pub struct Pixels {
    /// Width in px.
    pub width_px: u32,
    /// Height in px.
    pub height_px: u32,
    /// `4 * width_px * height_px` bytes.
    pub rgba: Arc<[u8]>,
}

/// A request for a preview.
#[derive(Clone, Debug, PartialEq)]
pub struct PreviewRequest {
    /// The item.
    pub id: ItemId,
    /// The recipe that is applied to it.
    pub recipe: Recipe,
    /// How the result is encoded, for the size of its file.
    pub save: Save,
    /// How camera raw files are read.
    pub raw: RawChoice,
    /// The scale.
    pub zoom: Zoom,
    /// The area to fill, in screen px.
    pub area_px: (u32, u32),
}

/// The scale of a preview.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Zoom {
    /// The whole image, as large as the area allows, but never above 100 %.
    #[default]
    Fit,
    /// 100 %: each image px covers one screen px, around this centre (0 to 1 on both axes of the image).
    Full {
        /// Horizontal centre.
        x: f32,
        /// Vertical centre.
        y: f32,
    },
}

/// What is known of a requested preview.
#[derive(Clone, Debug, Default)]
pub struct Preview {
    /// The request that it answers; `None` while nothing is shown.
    pub request: Option<PreviewRequest>,
    /// What can be shown so far.
    pub content: PreviewContent,
    /// Whether more is being computed.
    pub pending: bool,
    /// Steps that are incomplete or wrong: the preview is what the others do.
    pub faults: Arc<[StepFault]>,
}

/// Why a step can't be applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepFault {
    /// The step's index in the recipe.
    pub step_index: usize,
    /// What is missing or wrong.
    pub why: Message,
    /// Whether it can't be applied to this item only.
    pub is_of_item: bool,
}

/// What a preview shows.
#[derive(Clone, Debug, Default)]
pub enum PreviewContent {
    /// Nothing yet.
    #[default]
    Nothing,
    /// The image before and after the recipe.
    Picture(PicturePreview),
    /// Fetched text.
    Text {
        /// Its beginning.
        text: String,
        /// Size of the whole text in bytes.
        size_bytes: u64,
        /// Its content type.
        content_type: String,
    },
    /// A link that has not been fetched yet.
    NotFetched,
    /// It can't be shown, for this reason.
    Failed(ItemError),
}

/// An image before and after the recipe. Both cover the same area of the screen.
#[derive(Clone, Debug)]
pub struct PicturePreview {
    /// Before the recipe.
    pub before: Pixels,
    /// After it.
    pub after: Pixels,
    /// The input's format.
    pub format: Format,
    /// The input's size in px, upright.
    pub before_size_px: (u32, u32),
    /// The output's size in px.
    pub after_size_px: (u32, u32),
    /// The input's bytes.
    pub before_bytes: u64,
    /// The output's bytes; `None` until it has been encoded.
    pub after_bytes: Option<u64>,
    /// The output's SSIMULACRA 2 score, if it was encoded to reach one.
    pub score: Option<f64>,
    /// When it was taken, in camera time, if the file says so.
    pub taken: Option<Arc<str>>,
    /// Histogram of the visible part after the recipe: 64 levels each of red, green and blue.
    pub histogram: Arc<[[u32; 64]; 3]>,
    /// Whether a step is not faithful to scale, so that this is not exactly what will be saved.
    pub approximate: bool,
}

/// Stops the threads that serve views: they end once it is dropped.
pub(crate) struct Stop {
    _tx: crossbeam_channel::Sender<()>,
    rx: crossbeam_channel::Receiver<()>,
}

impl Stop {
    pub(crate) fn new() -> Self {
        let (tx, rx) = crossbeam_channel::bounded(0);
        Self { _tx: tx, rx }
    }

    pub(crate) fn receiver(&self) -> crossbeam_channel::Receiver<()> {
        self.rx.clone()
    }
}
