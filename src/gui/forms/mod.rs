//! Forms: what the user enters and chooses, without drawing. Panels draw a form and pass input to it; a form checks it
//! and changes the data that is edited.

pub(crate) mod columns;
pub(crate) mod connection;
pub(crate) mod credentials;
pub(crate) mod database;
pub(crate) mod items_filter;
pub(crate) mod limits;
pub(crate) mod network;
pub(crate) mod outputs;
pub(crate) mod palette;
pub(crate) mod query_job;
pub(crate) mod query_result;
pub(crate) mod recipe;
pub(crate) mod save;
pub(crate) mod text_box;
pub(crate) mod write_back;
