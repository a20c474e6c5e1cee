//! Operations that change brightness and colour.

pub(in crate::op) mod auto_levels;
pub(in crate::op) mod brightness;
pub(in crate::op) mod channel_mixer;
pub(in crate::op) mod contrast;
pub(in crate::op) mod curves;
pub(in crate::op) mod duotone;
pub(in crate::op) mod exposure;
pub(in crate::op) mod gamma;
pub(in crate::op) mod grayscale;
pub(in crate::op) mod hue;
pub(in crate::op) mod invert;
pub(in crate::op) mod levels;
pub(in crate::op) mod linear;
pub(in crate::op) mod lut;
pub(in crate::op) mod posterize;
pub(in crate::op) mod saturation;
pub(in crate::op) mod sepia;
pub(in crate::op) mod solarize;
pub(in crate::op) mod threshold;
pub(in crate::op) mod vibrance;
pub(in crate::op) mod white_balance;
