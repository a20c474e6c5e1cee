//! Operations that sharpen, blur or otherwise look at neighbouring pixels.

pub(crate) mod box_blur;
pub(crate) mod clarity;
pub(crate) mod denoise;
pub(crate) mod edge;
pub(crate) mod emboss;
pub(crate) mod gaussian_blur;
pub(crate) mod high_pass;
pub(crate) mod median;
pub(crate) mod motion_blur;
pub(crate) mod pixelate;
pub(crate) mod sharpen;
