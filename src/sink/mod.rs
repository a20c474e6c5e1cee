//! Names of results: templates, planned paths, and names that many systems take for the same.
//!
//! Makes no decisions about files that exist: whether one may be replaced is for the engine to say. Touches no disk.

mod case_collisions;
mod name_template;
mod planned_path;

pub use case_collisions::{CaseCollisions, Collision, folded};
pub use name_template::Template;
pub use planned_path::PlannedPath;
