//! Operations that change brightness and colour.

pub(crate) mod auto_levels;
pub(crate) mod brightness;
pub(crate) mod channel_mixer;
pub(crate) mod contrast;
pub(crate) mod curves;
pub(crate) mod duotone;
pub(crate) mod exposure;
pub(crate) mod gamma;
pub(crate) mod grayscale;
pub(crate) mod hue;
pub(crate) mod invert;
pub(crate) mod levels;
pub(crate) mod linear;
pub(crate) mod lut;
pub(crate) mod posterize;
pub(crate) mod saturation;
pub(crate) mod sepia;
pub(crate) mod solarize;
pub(crate) mod threshold;
pub(crate) mod vibrance;
pub(crate) mod white_balance;
