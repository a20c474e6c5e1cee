//! One HTTP request: conditions, body, content encodings, resuming and time measurement.

pub(super) mod body;
pub(super) mod content_encoding;
pub(super) mod exchange;
pub(super) mod head;
pub(super) mod kept_parts;
pub(super) mod minimum_speed;
mod pushback;
pub(super) mod receive;
mod resource;
pub(super) mod resume;
pub(super) mod saved_parts;
pub(super) mod timing;
