//! Protection from hostile files: work that cannot be stopped, and files that end early.

pub(super) mod decode_thread;
pub(super) mod truncated;
