//! Operations that change size and shape.

pub(crate) mod border;
pub(crate) mod canvas;
pub(crate) mod crop;
pub(crate) mod flip;
pub(crate) mod resize;
pub(crate) mod rotate;
pub(crate) mod rounded_corners;
pub(crate) mod trim;
