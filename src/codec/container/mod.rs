//! Containers shared by several formats.

pub(super) mod bmff;
