//! Operations that sharpen, blur or otherwise use neighbouring pixels.

pub(in crate::op) mod box_blur;
pub(in crate::op) mod clarity;
pub(in crate::op) mod denoise;
pub(in crate::op) mod edge;
pub(in crate::op) mod emboss;
pub(in crate::op) mod gaussian_blur;
pub(in crate::op) mod grain;
pub(in crate::op) mod high_pass;
pub(in crate::op) mod median;
pub(in crate::op) mod motion_blur;
pub(in crate::op) mod pixelate;
pub(in crate::op) mod sharpen;
