//! Where results go: under which name, what when it is taken, and how a file gets there whole or not at all.
//!
//! Decides nothing by itself about inputs and other results: who may be replaced is for the engine to say. Records
//! nothing.

mod commit;
mod folder;
mod hash;
mod naming;
mod place;
mod twins;
mod write;

pub use commit::{fsync_all, fsync_dirs, look_through, rename_no_replace, rename_replace, write_whole};
pub use folder::Folder;
pub use hash::{Hasher, sha256_file, sha256_hex};
pub use naming::{NameParts, Template};
pub use place::Place;
pub use twins::{Twin, Twins};
pub use write::{Content, MadeFolders, Staged, check_dir, free_bytes, make_dir, stage, stage_in};
