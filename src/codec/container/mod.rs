//! Containers shared by several formats.

pub(super) mod bits;
pub(super) mod bmff;
pub(super) mod cuts;
pub(super) mod heif;
