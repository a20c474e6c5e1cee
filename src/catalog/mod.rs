//! A record of every job and every item, so that a job can be killed at any time and resumed.
//!
//! One thread owns the writing side ([`Catalog`]); every other thread reads through a connection of its own
//! ([`CatalogReader`]), even while a job writes. Nothing here touches images or outputs, and no type of the database
//! leaves this module.

mod api;
pub mod export;
mod hand_over;
mod lock;
mod sqlite;

pub use api::{
    Added, Adding, Catalog, CatalogReader, CatalogSize, Counts, Field, FileChange, FinishedRow, Group, JobFilter,
    JobPage, JobSource, LastRun, ListFilter, OUTPUT_COLUMNS, Order, PriorResult, RECORD_COLUMNS, REJECTION_COLUMNS,
    ReaderFactory, RecordRows, SourceCursor, UndoCounts, WaitingPage, WrittenBack,
};
pub use export::{ExportFormat, export};
pub use hand_over::{Note, WindowLock, claim as claim_window};
pub use lock::{JobLock, lock_job};
pub use sqlite::{default_path, lock_fault, open, path_of};
