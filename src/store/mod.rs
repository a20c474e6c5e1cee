//! Bytes at rest, by locator: read, list, and written completely or not at all.

pub(crate) mod commit;
pub(crate) mod folder;
pub(crate) mod hash;
pub(crate) mod spool;
pub(crate) mod stage;
