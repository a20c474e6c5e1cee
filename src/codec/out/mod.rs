//! Encoders of formats whose decoders are other libraries', and what several encoders share.
//!
//! Rows come in from top to bottom; a file's bytes go out. Nothing here reads a file.

pub(super) mod avif;
pub(super) mod bmp;
mod boxes;
pub(super) mod gif;
pub(super) mod jxl;
pub(super) mod palette;
pub(super) mod qoi;
pub(super) mod search;

#[cfg(test)]
mod tests;
