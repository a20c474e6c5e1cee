//! Containers shared by several formats.

pub(super) mod bmff;
pub(super) mod cuts;
