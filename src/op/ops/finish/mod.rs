//! Operations that add something to the finished image: watermarks, shadows, a vignette.

pub(in crate::op) mod drop_shadow;
pub(in crate::op) mod vignette;
pub(in crate::op) mod watermark_image;
pub(in crate::op) mod watermark_text;
