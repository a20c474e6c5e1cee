//! How recipes are written down: parameters, one-line syntax, TOML files, help.

pub mod file;
pub mod help;
pub(super) mod params;
pub mod syntax;
