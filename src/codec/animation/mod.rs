//! Animations: what the formats that hold them share. Frames are decoded one at a time, and encoded as what changed
//! between them.

pub(crate) mod canvas_rows;
pub(crate) mod changed_area;
pub(crate) mod frame_encoder;
