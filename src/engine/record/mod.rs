//! Writes what happened to the catalog, and makes outputs safe before they count as done.

mod displaced;
mod groups;
pub(crate) mod message;
pub(super) mod recorder;
mod replaced;
#[cfg(test)]
mod tests;
pub(super) mod verify;
