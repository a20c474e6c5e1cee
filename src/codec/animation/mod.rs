//! Animations: frames decoded one at a time, and encoded as what changed between them.

pub(super) mod changed_area;
pub(super) mod frame_decoder;
pub(super) mod frame_encoder;
