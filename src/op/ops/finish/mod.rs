//! Operations that add something to the finished image: watermarks, grain, shadows.

pub(crate) mod drop_shadow;
pub(crate) mod grain;
pub(crate) mod vignette;
pub(crate) mod watermark_image;
pub(crate) mod watermark_text;
