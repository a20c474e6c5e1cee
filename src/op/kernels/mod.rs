//! Pixel computations shared by several operations or by the pipeline. They know stages, and no operation.

pub(super) mod alpha;
pub(super) mod anchor;
pub(super) mod blur_mix;
pub(super) mod colour_matrix;
pub(super) mod cube_lut;
pub(super) mod cut;
pub(super) mod gaussian;
pub(super) mod hdr_curve;
pub(super) mod histogram_median;
pub(super) mod line_cache;
pub(super) mod luma;
pub(super) mod margins;
pub(super) mod overlay;
pub(super) mod point_tone;
pub(super) mod resample_weights;
pub(super) mod simd;
pub(super) mod sparse_kernel;
pub(super) mod text_outline;
pub(super) mod tiles;
pub(super) mod transfer_curve;
pub(super) mod wide_gaussian;
