//! Metadata in a GIF's extension blocks: comments, an XMP packet (XMP specification, part 3, 1.1.2) and a profile.

use super::blocks::{APPLICATION, COMMENT, EXTENSION, after_header, extensions};
use crate::codec::meta;
use crate::codec::spec::Extras;
use crate::model::{KeywordText, Metadata, text_encoding};

const XMP: &[u8; 11] = b"XMP DataXMP";
const ICC: &[u8; 11] = b"ICCRGBG1012";
/// Most bytes of a sub-block.
const SUB_BLOCK_BYTES: usize = 255;
/// Bytes after a packet, which lead every reader of sub-blocks to the end: 1, then 255 down to 0, then the empty block.
const TRAILER_BYTES: usize = 258;

/// A file's profile and metadata.
pub(super) fn read(bytes: &[u8]) -> (Option<Vec<u8>>, Metadata) {
    let mut metadata = Metadata::default();
    let mut profile = None;
    for block in extensions(bytes) {
        match block {
            [COMMENT, blocks @ ..] => {
                let text = joined(blocks);
                let text = text_encoding::decoded(&text, None);
                let text = text.trim_end_matches('\0');
                if !text.is_empty() {
                    metadata.texts.push(KeywordText::comment(text.to_owned()));
                }
            }
            [APPLICATION, 11, rest @ ..] => {
                let Some((name, blocks)) = rest.split_first_chunk::<11>() else { continue };
                if name == XMP && metadata.xmp.is_none() {
                    metadata.xmp = packet(blocks).map(Into::into);
                } else if name == ICC && profile.is_none() {
                    profile = Some(joined(blocks));
                }
            }
            _ => {}
        }
    }
    (profile, metadata)
}

/// The content of sub-blocks.
fn joined(mut blocks: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    while let Some((&length, rest)) = blocks.split_first()
        && let Some((data, rest)) = rest.split_at_checked(usize::from(length)).filter(|_| length > 0)
    {
        out.extend_from_slice(data);
        blocks = rest;
    }
    out
}

/// The XMP packet, which is not divided into sub-blocks; some programs divide it nevertheless.
fn packet(blocks: &[u8]) -> Option<Vec<u8>> {
    let whole = blocks.get(..blocks.len().checked_sub(TRAILER_BYTES)?);
    let ends = blocks.get(blocks.len().saturating_sub(TRAILER_BYTES)..)?;
    if ends == trailer() {
        return whole.map(<[u8]>::to_vec);
    }
    let divided = joined(blocks);
    divided.starts_with(b"<").then_some(divided)
}

fn trailer() -> Vec<u8> {
    std::iter::once(1).chain((0..=255).rev()).chain([0]).collect()
}

/// The file with a profile and metadata after its header.
pub(super) fn with_extensions(file: Vec<u8>, extras: &Extras) -> Vec<u8> {
    let mut added = Vec::new();
    let mut push = |head: &[u8], data: &[u8]| {
        added.push(EXTENSION);
        added.extend_from_slice(head);
        for part in data.chunks(SUB_BLOCK_BYTES) {
            added.push(part.len() as u8);
            added.extend_from_slice(part);
        }
        added.push(0);
    };
    let application = |name: &[u8; 11]| [&[APPLICATION, 11], &name[..]].concat();
    if let Some(profile) = &extras.profile {
        push(&application(ICC), profile);
    }
    for comment in extras.metadata.texts.iter().filter(|text| text.is_comment()) {
        push(&[COMMENT], comment.text.as_bytes());
    }
    if let Some(xmp) = &extras.metadata.xmp {
        added.push(EXTENSION);
        added.extend(application(XMP));
        added.extend_from_slice(xmp);
        added.extend(trailer());
    }
    let Some(at) = after_header(&file).filter(|_| !added.is_empty()) else { return file };
    let mut out = Vec::with_capacity(file.len() + added.len());
    out.extend_from_slice(file.get(..at).unwrap_or_default());
    out.extend(added);
    out.extend_from_slice(file.get(at..).unwrap_or_default());
    out
}

/// When the image was taken.
pub(super) fn taken(bytes: &[u8]) -> Option<String> {
    meta::taken(&read(bytes).1)
}
