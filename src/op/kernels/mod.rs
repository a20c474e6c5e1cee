//! Pixel computations shared by several operations or by the pipeline.

pub(super) mod anchor;
pub(super) mod blur_mix;
pub(super) mod colour_matrix;
pub(super) mod cube_lut;
pub(super) mod histogram_median;
pub(super) mod margins;
pub(super) mod overlay;
pub(super) mod resample_filter;
pub(super) mod simd;
pub(super) mod sparse_kernel;
pub(super) mod text_outline;
pub(super) mod tiles;
pub(super) mod transfer_curve;
pub(super) mod wide_gaussian;
