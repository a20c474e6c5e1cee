//! Bytes to pixels and pixels to bytes: one folder per format, and shared code.
//!
//! Must not know files, URLs, operations or jobs: it takes a file's bytes and returns a file's bytes. Rows are streamed
//! in bands wherever a format allows it. All header values are checked against the limits before memory is allocated.
//!
//! A format is declared once, in its folder's `mod.rs`, and listed in `formats.rs`. Nothing else matches over formats.

mod animation;
mod avif;
mod bmp;
mod carry_gain_map;
mod colour;
mod container;
mod dds;
mod decode;
mod encode;
mod errors;
mod exr;
mod facts;
mod formats;
mod gain_map;
mod gif;
mod guard;
mod hdr;
#[cfg(feature = "heic")]
mod heic;
mod ico;
mod jp2;
mod jpeg;
mod jxl;
mod meta;
mod open_frames;
mod pages;
mod pdf;
mod pixels;
mod png;
mod pnm;
mod qoi;
#[cfg(feature = "raw")]
mod raw;
mod rewrite;
mod sniff;
pub mod spec;
mod svg;
mod tga;
mod tiff;
mod webp;

pub use animation::canvas_rows::DecodedFrames;
pub use animation::frame_encoder::FrameEncoder;
pub use carry_gain_map::{
    carries_gain_map, coded_gain_map, find_gain_map, gain_map_bytes, gain_map_of_converted, read_gain_map,
    with_gain_map,
};
pub use decode::{
    colour_for, decode_bytes, drawn_at, hdr_for, is_drawing, on_screen, open, open_cancellable, probe, probe_page,
    probe_with, stripped, taken,
};
pub use encode::{animation_bytes, encoder, encoding_bytes, frame_encoder, keeps_all, left_out};
pub use facts::{Facts, FormatFacts, format_facts};
pub use formats::{add_format, may_be_animated, register_formats};
pub use gain_map::{CodedGainMap, FoundGainMap, GainMap, Reduced, most_bytes as most_gain_map_bytes, without_gain_map};
pub use guard::control::{DecodeControl, Isolation};
pub use guard::helpers::Helpers;
pub use guard::host::DecodeHost;
pub use guard::serve::serve_if_helper;
pub use open_frames::{OpenedFrames, check_frames, frames_held_bytes, open_frames, open_frames_cancellable};
pub use pages::{count_pages, may_have_pages};
pub use pixels::quality_search::within_bytes;
pub use rewrite::{
    Rewritten, rearranged_part, rewrites, rewriting_bytes, rewritten, transcoded, transcodes, transcoding_bytes,
};
pub use sniff::{is_image, require_format, sniff};
pub use spec::{
    Block, DecodeOptions, Encoded, Encoder, HdrKind, Header, Opened, ProcessorLimit, Rearrangement, set_fast_huffman,
};

#[cfg(test)]
mod tests;
