//! QOI.

pub(crate) mod encode;
