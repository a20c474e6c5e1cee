//! A validated recipe, its plan for one image, and the passes that run it in bands of rows.

pub(super) mod checked_recipe;
pub(super) mod drawing;
pub(super) mod moves;
mod pass;
pub(super) mod plan;
mod region;
mod run;
pub(super) mod shared_steps;
