//! Decisions of a caller about a decode in a helper.

use crate::error::ItemError;

/// Decides about a decode in a helper while it runs.
pub trait DecodeHost {
    /// Whether the decode may use `bytes` of memory in total, above its estimate.
    fn may_take(&self, bytes: u64) -> bool;

    /// Called when a decode is slow: other items may use its worker. `false` if it keeps the worker.
    fn step_aside(&self) -> bool;

    /// Called after such a decode: waits until it may use a worker again.
    fn step_back(&self) -> Result<(), ItemError>;
}
