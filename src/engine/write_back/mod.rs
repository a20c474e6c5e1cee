//! Results of items are written back into a table of the user's database. The outbox is the catalog: finished items after
//! the number up to which everything has been written. A thread of each run writes them in batches.
//!
//! Never writes to the catalog itself: the recorder does.

mod batch;
mod open;
mod preview;
mod request;
mod writer;

pub(crate) use open::open;
pub use preview::{PreviewValue, WriteBackPreview, write_back_preview};
pub use request::{WriteBackRequest, write_back_spec};
pub(crate) use writer::{Outbox, WriteBack};
