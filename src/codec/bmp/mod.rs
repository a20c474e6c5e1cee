//! Windows bitmaps.

pub(crate) mod encode;
