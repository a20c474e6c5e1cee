//! What front ends use: commands, the handle that sends them, and the snapshots that answer.

pub mod command;
pub(super) mod costs;
pub mod database;
pub(super) mod export;
pub mod handle;
pub mod snapshot;
pub mod undo;
pub mod view;
