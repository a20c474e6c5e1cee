//! What files of each format can hold, taken from the declarations.

use super::formats::specs;
use super::spec::{Block, CarriesIptc, EncoderSpec, FormatSpec, Frames, HdrKind, ProcessorLimit};
use crate::model::{Channels, Format, Save};

/// What files of a format can hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormatFacts {
    /// The format.
    pub format: Format,
    /// The feature of the program without which it can't be read; `None` if every build reads it.
    pub feature: Option<&'static str>,
    /// The most processor time for decoding, if that runs in helper processes.
    pub isolated: Option<ProcessorLimit>,
    /// What is read of a file.
    pub read: Facts,
    /// What is written; `None` if the format is only read.
    pub written: Option<Facts>,
}

/// What is read or written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Bits per sample that are kept of deeper ones.
    pub bits: u8,
    /// Whether images may be transparent.
    pub has_alpha: bool,
    /// Whether a file may be an animation.
    pub has_frames: bool,
    /// Whether a file may have several pages.
    pub has_pages: bool,
    /// The blocks of metadata.
    pub metadata: Vec<Block>,
    /// The high dynamic ranges.
    pub hdr: &'static [HdrKind],
    /// Largest width or height in px.
    pub max_side_px: u32,
}

/// The facts of every format, in the order of menus and help.
pub fn format_facts() -> Vec<FormatFacts> {
    specs().map(facts_of).collect()
}

fn facts_of(spec: &'static FormatSpec) -> FormatFacts {
    let read = Facts {
        bits: spec.reads.bits,
        has_alpha: spec.reads.has_alpha,
        has_frames: matches!(spec.frames, Frames::All(_)),
        has_pages: matches!(spec.frames, Frames::Pages(_)),
        metadata: spec.reads.metadata.to_vec(),
        hdr: spec.reads.hdr,
        max_side_px: spec.reads.max_side_px,
    };
    FormatFacts {
        format: spec.format(),
        feature: spec.reads.feature,
        isolated: spec.isolated.as_ref().map(|isolated| isolated.processor),
        read,
        written: spec.encoder.as_ref().map(|encoder| written(spec, encoder)),
    }
}

fn written(spec: &'static FormatSpec, encoder: &EncoderSpec) -> Facts {
    let holds = |block: &Block| match block {
        Block::Exif => encoder.carries.exif,
        Block::Xmp => encoder.carries.xmp,
        Block::Iptc => encoder.carries.iptc != CarriesIptc::No,
        Block::Icc => spec.format().carries_profile(),
    };
    Facts {
        bits: encoder.bits,
        has_alpha: (encoder.stored_channels)(Channels::Rgba, &Save::default()).has_alpha(),
        has_frames: spec.format().holds_frames(),
        has_pages: false,
        metadata: Block::ALL.into_iter().filter(holds).collect(),
        hdr: encoder.hdr,
        max_side_px: encoder.max_side_px,
    }
}
