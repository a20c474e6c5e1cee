//! What happens to one item: the decision, its limits, its name, its pixels.
//!
//! Starts nothing and records nothing: `run` calls in here for items that are due, `views` for previews.

pub(super) mod body;
pub(super) mod checksum;
pub(super) mod claims;
mod content_type_check;
pub(super) mod decide;
pub(super) mod decode_image;
pub(super) mod decoded;
pub(super) mod extension;
mod gain_map;
pub(super) mod guarded;
pub(super) mod input_folders;
pub(super) mod limits;
pub(super) mod name_example;
pub(super) mod name_plan;
pub(super) mod naming;
pub(super) mod outputs;
mod pages;
pub(super) mod prior_results;
mod reduced;
pub(super) mod render;
pub(super) mod repeats;
mod rewrite;
pub(super) mod seen_links;
pub(super) mod shared_render;
pub(super) mod step_files;
pub(super) mod stripped;
#[cfg(test)]
mod tests;
pub(super) mod texts;
