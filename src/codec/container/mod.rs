//! Containers that several formats share.

pub(super) mod bmff;
