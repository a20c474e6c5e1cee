//! SVG through resvg, which is only read: drawn at its own size or smaller.

mod decode;
mod descriptions;
mod detect;
mod fonts;
mod render_cost;
mod root_size;

use super::spec::{Block, FormatSpec, Frames, HiddenHeader, IsolatedSpec, ProcessorLimit, ReadSpec};
use crate::model::FormatInfo;

/// The declaration of SVG.
pub(super) static SPEC: FormatSpec = FormatSpec {
    format: FormatInfo {
        names: &["svg"],
        label: "SVG",
        extensions: &["svg", "svgz"],
        media_types: &["image/svg+xml"],
        save: None,
    },
    reads: ReadSpec { has_alpha: true, metadata: &[Block::Xmp], ..ReadSpec::PLAIN },
    signatures: &[],
    sniff: detect::is_svg,
    probe: decode::probe,
    open: decode::open,
    decode_bytes: decode::held_bytes,
    taken: |_| None,
    strip: |_| None,
    gain_map: None,
    frames: Frames::Single,
    isolated: Some(IsolatedSpec {
        processor: ProcessorLimit { base_ms: 5_000, per_megapixel_ms: 5_000, per_megabyte_ms: 10_000 },
        coded_bytes: detect::text_bytes,
        hidden_header: Some(HiddenHeader {
            is_hidden: decode::is_size_hidden,
            probe: |bytes, _, _| decode::probe_whole(bytes),
            bytes: decode::description_bytes,
        }),
        is_drawing: true,
    }),
    encoder: None,
};

#[cfg(test)]
mod tests;
