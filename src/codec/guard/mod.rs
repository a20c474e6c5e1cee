//! Protection from hostile files: helper processes for formats whose decoders cannot be stopped, and truncated files.
//!
//! A helper is this program, started again. It gets a file through shared memory and returns pixels the same way. It is
//! killed when its item is cancelled or takes too long or too much memory; if it crashes, only its item fails. If no
//! helper can be started, the item fails: such formats are never decoded in the process that runs the job.

pub(super) mod control;
mod helper;
pub(super) mod helpers;
pub(super) mod host;
pub(super) mod isolated;
mod protocol;
mod sandbox;
pub(super) mod serve;
mod shared_memory;
pub(super) mod truncated;
