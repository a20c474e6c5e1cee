//! What happened: every job and every item, kept so that a job can be killed at any instant and resumed.
//!
//! One thread owns the writing side ([`Catalog`]); every other thread reads through a connection of its own
//! ([`CatalogReader`]), also while a job writes. Nothing here touches a picture or an output, and no type of the
//! database leaves this room.

mod api;
pub mod export;
mod lock;
mod sqlite;

pub use api::{
    Added, Adding, Catalog, CatalogReader, Counts, Expansion, Field, FinishedRow, Group, JobPage, Made, Mark, Order,
    RECORD_COLUMNS, ReaderFactory, WaitingFiles,
};
pub use export::{ExportFormat, export};
pub use lock::{JobLock, lock_job};
pub use sqlite::{default_path, open, path_of};
