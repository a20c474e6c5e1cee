//! Pages of items, thumbnails and previews for front ends. The latest request wins.

pub(super) mod body_cache;
pub(super) mod database;
pub(super) mod decode;
pub(super) mod history;
pub(super) mod pages;
pub(super) mod preview;
mod result;
mod row_texts;
pub(super) mod thumbnails;
pub(super) mod viewport;
