//! Operations on images: the registry, the syntax of recipes, and the pipeline that runs them in bands of rows.
//!
//! Must not know anything about files, formats, jobs or windows. A new operation is one file in [`ops`] and its line in
//! [`registry`]: its menu entry, editor, command-line syntax, help and checks all derive from its [`OpSpec`].

#![expect(clippy::inline_always, reason = "loops are inlined into functions compiled for wider vectors")]

mod kernels;
mod ops;
mod params;
mod pipeline;
mod recipe;
mod registry;
mod spec;
pub mod stage;

pub use params::Params;
pub use pipeline::checked_recipe::{Pipeline, StepError};
pub use pipeline::drawing::DrawnSmall;
pub use pipeline::moves::Moves;
pub use pipeline::plan::Plan;
pub use pipeline::shared_steps::{RestOfPlan, SharedSteps};
pub use recipe::help::{help, list, save_help, save_help_of};
pub use recipe::{file, syntax};
pub use registry::{find, registry};
pub use spec::{Group, OpSpec};
pub use stage::{Files, Operation, Stage};

#[cfg(test)]
mod tests;
