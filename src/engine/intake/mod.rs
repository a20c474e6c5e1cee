//! Sources become items: they are checked, fetched where needed, read, and recorded in batches.

pub(super) mod documents;
pub(super) mod earlier_results;
pub(super) mod lists;
pub(super) mod queries;
mod query_pass;
pub(super) mod read_sources;
pub(super) mod secrets;
mod store_items;
pub(super) mod watched;
