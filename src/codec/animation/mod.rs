//! Animations: code shared by the formats that support them. Frames are decoded one at a time, and only changes are
//! encoded.

pub(crate) mod canvas_rows;
pub(crate) mod changed_area;
pub(crate) mod frame_encoder;
