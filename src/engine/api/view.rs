//! What a face may ask to look at: pages of items, thumbnails, previews. Each is a latest-wins slot.

use std::sync::Arc;

use crate::error::{ErrorKind, ItemError};
use crate::model::{Format, ItemId, ItemRow, ItemState, JobId, Recipe, Save};

/// A page of items to look at.
#[derive(Clone, Debug, PartialEq)]
pub struct ItemsRequest {
    /// Of which job.
    pub job: JobId,
    /// Which of them.
    pub filter: ItemsFilter,
    /// In which order.
    pub sort: ItemsSort,
    /// First row wanted, from 0.
    pub first_row: u64,
    /// Rows wanted.
    pub rows: u32,
}

/// Which items are listed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ItemsFilter {
    /// Only those in this state.
    pub state: Option<ItemState>,
    /// Only failures of this kind.
    pub kind: Option<ErrorKind>,
    /// Only those whose locator holds this text (case-insensitive); empty means all.
    pub text: String,
}

/// In which order items are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ItemsSort {
    /// As sources gave them.
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
    /// What was asked for.
    pub request: ItemsRequest,
    /// The job's `items_revision` when it was read.
    pub revision: u64,
    /// Rows in all under that filter.
    pub total: u64,
    /// The rows from `request.first_row` on.
    pub rows: Arc<[ItemRow]>,
}

/// A small picture of an item: 8-bit sRGB RGBA, not premultiplied.
#[derive(Clone, Debug)]
pub struct Thumbnail {
    /// Of which item.
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

/// A preview to look at.
#[derive(Clone, Debug, PartialEq)]
pub struct PreviewRequest {
    /// Of which item.
    pub id: ItemId,
    /// Through which recipe.
    pub recipe: Recipe,
    /// Encoded how (for the size it will have).
    pub save: Save,
    /// At which scale.
    pub zoom: Zoom,
    /// The area to fill, in px of the screen.
    pub area_px: (u32, u32),
}

/// At which scale a preview is seen.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Zoom {
    /// The whole picture, as large as the area allows, never above 100 %.
    #[default]
    Fit,
    /// One picture px to one screen px, around this centre (0 to 1 on both axes of the picture).
    Full {
        /// Horizontal centre.
        x: f32,
        /// Vertical centre.
        y: f32,
    },
}

/// What can be shown of an item.
#[derive(Clone, Debug, Default)]
pub struct Preview {
    /// What was asked for; `None` while nothing is shown.
    pub request: Option<PreviewRequest>,
    /// What there is to see so far.
    pub content: PreviewContent,
    /// Whether more is on its way.
    pub pending: bool,
}

/// What there is to see of an item.
#[derive(Clone, Debug, Default)]
pub enum PreviewContent {
    /// Nothing yet.
    #[default]
    Nothing,
    /// A picture, before and after the recipe.
    Picture(PicturePreview),
    /// Fetched text.
    Text {
        /// Its beginning.
        text: String,
        /// Bytes in all.
        size_bytes: u64,
        /// Its content type.
        content_type: String,
    },
    /// A link that has not been fetched yet.
    NotFetched,
    /// It can't be shown, and why.
    Failed(ItemError),
}

/// A picture before and after the recipe. Both cover the same area of the screen.
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
    /// Counts of 64 levels each of red, green and blue, after the recipe: of what is seen of it.
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
