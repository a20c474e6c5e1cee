//! The regions of the window, one per file. Each reads the state, draws itself and sends commands; none does other
//! work.

pub(crate) mod clean_up;
pub(crate) mod close;
pub(crate) mod columns;
pub(crate) mod credentials;
pub(crate) mod database;
pub(crate) mod empty;
pub(crate) mod grid;
pub(crate) mod header;
pub(crate) mod item_error;
pub(crate) mod item_menu;
pub(crate) mod items;
pub(crate) mod jobs;
pub(crate) mod network;
pub(crate) mod notices;
pub(crate) mod outputs;
pub(crate) mod palette;
pub(crate) mod params;
pub(crate) mod paste;
pub(crate) mod preview;
pub(crate) mod recipe;
pub(crate) mod run_bar;
pub(crate) mod save;
mod setting_notes;
pub(crate) mod settings;
pub(crate) mod sources;
pub(crate) mod steps;
pub(crate) mod table;
pub(crate) mod undo_job;
mod watches;
