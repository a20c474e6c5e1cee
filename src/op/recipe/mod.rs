//! How steps and recipes are written down: one-line syntax, TOML files, help.

pub mod file;
pub(super) mod help;
pub mod syntax;
