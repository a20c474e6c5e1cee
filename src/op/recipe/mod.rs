//! The notations of steps and recipes: one-line syntax, TOML files, help.

pub mod file;
pub(super) mod help;
pub mod syntax;
