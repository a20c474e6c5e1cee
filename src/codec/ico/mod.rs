//! Windows icons and cursors.

pub(super) mod decode;
