//! The operations: one file each. A folder is a group of menus.

pub(super) mod colour;
pub(super) mod detail;
pub(super) mod finish;
pub(super) mod geometry;
