//! Writes what happened to the catalog, and makes outputs safe before they count as done.

pub(super) mod recorder;
