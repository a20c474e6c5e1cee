//! Jobs: planned, run, paused, resumed and reported.
//!
//! Knows no window and no terminal: faces hold a [`Handle`].

pub mod command;
pub mod handle;
pub mod snapshot;
pub mod view;

pub use crate::op::{Group, OpSpec, registry};
pub use command::Command;
pub use handle::Handle;
pub use snapshot::{Estimate, JobView, Notice, Snapshot, SourceGroup};
pub use view::{
    ItemsFilter, ItemsPage, ItemsRequest, ItemsSort, PicturePreview, Pixels, Preview, PreviewContent, PreviewRequest,
    Thumbnail, Zoom,
};
