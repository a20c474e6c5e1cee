//! Operations that change size and shape.

pub(in crate::op) mod border;
pub(in crate::op) mod canvas;
pub(in crate::op) mod crop;
pub(in crate::op) mod flip;
pub(in crate::op) mod resize;
pub(in crate::op) mod rotate;
pub(in crate::op) mod rounded_corners;
pub(in crate::op) mod trim;
