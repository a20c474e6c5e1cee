//! JPEG XL.

pub(super) mod decode;
pub(crate) mod encode;
