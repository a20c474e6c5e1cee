//! Camera raw files, which are only read: through the JPEG image that the camera embedded, or developed from the sensor's
//! data with flashraw.
//!
//! Must not decide by names: many raw files are TIFF inside, and `detect` tells them from other TIFF files.

mod describe;
mod detect;
mod develop;
mod embedded;
mod read;

use super::spec::{Block, FormatSpec, Frames, HiddenHeader, IsolatedSpec, ProcessorLimit, ReadSpec};
use crate::model::FormatInfo;

/// The declaration of camera raw files.
pub(super) static SPEC: FormatSpec = FormatSpec {
    format: FormatInfo {
        names: &["raw"],
        label: "camera raw",
        extensions: &[
            "dng", "cr2", "cr3", "crw", "nef", "nrw", "arw", "srf", "sr2", "raf", "orf", "rw2", "rwl", "raw", "pef",
            "srw", "3fr", "fff", "iiq", "mos", "mef", "mrw", "dcr", "kdc", "erf", "gpr", "x3f",
        ],
        media_types: &[
            "image/x-adobe-dng",
            "image/x-canon-cr2",
            "image/x-canon-cr3",
            "image/x-canon-crw",
            "image/x-nikon-nef",
            "image/x-nikon-nrw",
            "image/x-sony-arw",
            "image/x-sony-srf",
            "image/x-sony-sr2",
            "image/x-fuji-raf",
            "image/x-olympus-orf",
            "image/x-panasonic-rw2",
            "image/x-panasonic-raw",
            "image/x-pentax-pef",
            "image/x-samsung-srw",
            "image/x-hasselblad-3fr",
            "image/x-minolta-mrw",
            "image/x-kodak-dcr",
            "image/x-kodak-kdc",
            "image/x-epson-erf",
            "image/x-sigma-x3f",
            "image/x-dcraw",
        ],
        save: None,
    },
    reads: ReadSpec { bits: 16, metadata: &[Block::Exif, Block::Xmp], feature: Some("raw"), ..ReadSpec::PLAIN },
    signatures: &[],
    sniff: detect::is_raw,
    probe: |_, _| Err(super::errors::unsupported("raw_header")),
    open: read::open,
    decode_bytes: develop::held_bytes,
    taken: describe::taken,
    strip: |_| None,
    gain_map: None,
    frames: Frames::Single,
    isolated: Some(IsolatedSpec {
        // Half a second for 24 megapixels that are compressed.
        processor: ProcessorLimit { base_ms: 5_000, per_megapixel_ms: 1_000, per_megabyte_ms: 500 },
        coded_bytes: |bytes| bytes.len() as u64,
        hidden_header: Some(HiddenHeader {
            is_hidden: |_| true,
            probe: |bytes, _, raw| read::probe(bytes, raw),
            bytes: |_| read::PROBE_BYTES,
        }),
        is_drawing: false,
    }),
    encoder: None,
};

#[cfg(test)]
mod tests;
