//! Pixels between decoders, operations and encoders: conversion, whole images, palettes.

pub(crate) mod convert;
pub(super) mod deferred_encoder;
pub(super) mod few_colours;
pub(super) mod image_crate;
pub(crate) mod palette;
pub(super) mod placeholder;
pub(crate) mod quality_search;
mod score;
pub(super) mod whole_image;
pub(super) mod ycbcr;
