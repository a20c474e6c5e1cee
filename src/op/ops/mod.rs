//! Every operation: one file each, one line each in the registry.

pub(crate) mod colour;
pub(crate) mod detail;
pub(crate) mod finish;
pub(crate) mod geometry;
