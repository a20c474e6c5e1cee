//! A validated recipe, its plan for one image, and the passes that run it in bands of rows.

pub(super) mod checked_recipe;
pub(super) mod plan;
pub(super) mod region;
pub(super) mod run;
pub mod stage;
pub(super) mod turn;
