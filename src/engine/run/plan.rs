//! What happens to one item in a run, and what has been made of it.

use crate::engine::item::decide::{Action, Decision};
use crate::engine::item::outputs::OutputEnd;
use crate::engine::record::message::FinishedOutput;
use crate::model::Finished;

/// What happens to an item's outputs.
#[derive(Default)]
pub(super) struct ItemPlan {
    /// Those that are made, by number.
    pub(super) made: Vec<(u32, Decision)>,
    /// Those that are not made: they exist, or can't be made.
    pub(super) ends: Vec<OutputEnd>,
    /// What would be done for those that exist.
    pub(super) companions: Vec<(u32, Decision)>,
    pub(super) input_size_px: Option<(u32, u32)>,
}

/// An item whose outputs have been made, as far as possible.
pub(super) struct Made {
    /// What is recorded of the item besides its outputs.
    pub(super) facts: Finished,
    pub(super) outputs: Vec<FinishedOutput>,
}

impl ItemPlan {
    /// Whether nothing is rendered.
    pub(super) fn is_copy(&self) -> bool {
        self.made.iter().all(|(_, decision)| matches!(decision.action, Action::Copy))
    }
}
