//! Where results go: names from templates, planned paths, names that many systems take for the same, rows of tables that get
//! the results of items, and the formats of rows.
//!
//! Makes no decisions about files that exist: whether one may be replaced is for the engine to say. Touches no disk.

mod case_collisions;
mod name_template;
mod planned_path;
pub mod rows;
pub mod write_back;

pub use case_collisions::{CaseCollisions, Collision, folded};
pub use name_template::Template;
pub use planned_path::PlannedPath;
