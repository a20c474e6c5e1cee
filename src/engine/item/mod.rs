//! What happens to one item: the decision, its limits, its name, its pixels.

pub(super) mod content_type_check;
pub(super) mod dry_run;
pub(super) mod limits;
pub(super) mod naming;
pub(super) mod render;
pub(super) mod step_files;
