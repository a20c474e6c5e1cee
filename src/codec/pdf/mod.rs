//! Pages of PDF files through hayro, which are only read: drawn on white, as large as they are needed.

mod decode;

use super::spec::{FormatSpec, Frames, HiddenHeader, IsolatedSpec, PageSpec, ProcessorLimit, ReadSpec};
use crate::model::FormatInfo;

/// The declaration of PDF.
pub(super) static SPEC: FormatSpec = FormatSpec {
    format: FormatInfo {
        names: &["pdf"],
        label: "PDF",
        extensions: &["pdf"],
        media_types: &["application/pdf"],
        save: None,
    },
    reads: ReadSpec::PLAIN,
    signatures: &[b"%PDF-"],
    sniff: |bytes| bytes.starts_with(b"%PDF-"),
    probe: |_, _| Err(super::errors::unsupported("raw_header")),
    open: decode::open,
    decode_bytes: decode::held_bytes,
    taken: |_| None,
    strip: |_| None,
    gain_map: None,
    frames: Frames::Pages(PageSpec { count: None }),
    isolated: Some(IsolatedSpec {
        processor: ProcessorLimit { base_ms: 10_000, per_megapixel_ms: 3_000, per_megabyte_ms: 3_000 },
        coded_bytes: |bytes| bytes.len() as u64,
        hidden_header: Some(HiddenHeader {
            is_hidden: |_| true,
            probe: |bytes, page, _| decode::probe(bytes, page),
            bytes: decode::document_bytes,
        }),
        is_drawing: true,
    }),
    encoder: None,
};

#[cfg(test)]
mod tests;
