//! Where results go: under which name, what when it is taken, and how a file gets there whole or not at all.
//!
//! Decides nothing by itself about inputs and other results: who may be replaced is for the engine to say. Records
//! nothing.

mod case_collisions;
mod name_template;
mod planned_path;

pub use crate::store::commit::{
    fsync_all, fsync_folders, rename_no_replace, rename_replace, walk_and_sweep, write_whole,
};
pub use crate::store::folder::Folder;
pub use crate::store::hash::{Hasher, sha256_file, sha256_hex};
pub use crate::store::stage::{
    Content, CreatedFolders, Staged, check_folder, free_bytes, make_folder, stage, stage_in,
};
pub use case_collisions::{CaseCollisions, Collision};
pub use name_template::{NameParts, Template};
pub use planned_path::PlannedPath;
