//! What a caller decides about a decode while a helper works on it.

use crate::error::ItemError;

/// What decides about a decode in a helper while it runs.
pub trait DecodeHost {
    /// Whether the decode may take `bytes` of memory in all, above its estimate.
    fn may_take(&self, bytes: u64) -> bool;

    /// Called when a decode is slow: other items may use its worker. `false` if it keeps its place.
    fn step_aside(&self) -> bool;

    /// Called after a decode that stepped aside: waits until it may use a worker again.
    fn step_back(&self) -> Result<(), ItemError>;
}
