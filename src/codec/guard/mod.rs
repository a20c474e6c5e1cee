//! Protection from hostile files: work that cannot be stopped, and truncated files.

pub(super) mod decode_thread;
pub(super) mod truncated;
