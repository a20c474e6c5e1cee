//! Decoding WebP through libwebp: lossy and lossless, still and animated, profile and metadata chunks.

use std::borrow::Cow;

use super::chunks::{chunk, chunks, from_failure};
use super::decode_frames;
use super::libwebp::{self, Features};
use crate::codec::animation::canvas_rows::DecodedFrames;
use crate::codec::errors;
use crate::codec::guard::control::DecodeControl;
use crate::codec::meta::{self, exif};
use crate::codec::pixels::whole_image::WholeReader;
use crate::codec::spec::{DecodeOptions, Decoded, FileHeader};
use crate::error::{ErrorKind, ItemError};
use crate::model::{Channels, ImageInfo, Metadata, Part, SampleType, Samples};

/// Checks the file's length against its container.
fn whole_file(bytes: &[u8]) -> Result<(), ItemError> {
    let Some(length) = bytes.get(4..8).and_then(|four| four.first_chunk::<4>()) else {
        return Err(errors::truncated());
    };
    let wanted = u64::from(u32::from_le_bytes(*length)) + 8;
    let had = bytes.len() as u64;
    if had < wanted { Err(errors::truncated_at(had, wanted)) } else { Ok(()) }
}

/// Whether the file is shorter than its header says.
pub(super) fn is_truncated(bytes: &[u8]) -> bool {
    whole_file(bytes).is_err()
}

/// Frames that have at least begun.
pub(super) fn frames_begun(bytes: &[u8]) -> u32 {
    let whole = chunks(bytes).map(|(_, data)| 8 + data.len().next_multiple_of(2)).sum::<usize>();
    let cut = bytes.get(12 + whole..).is_some_and(|rest| rest.starts_with(b"ANMF"));
    decode_frames::count(bytes) + u32::from(cut)
}

/// An animation's complete chunks as a file of their own; `None` without a complete frame.
fn repaired(bytes: &[u8]) -> Option<Vec<u8>> {
    let (mut end, mut frames) = (12, 0);
    for (kind, data) in chunks(bytes) {
        end += 8 + data.len().next_multiple_of(2);
        frames += u32::from(kind == *b"ANMF");
    }
    let mut file = bytes.get(..end.min(bytes.len())).filter(|_| frames > 0)?.to_vec();
    // The last byte may be padding.
    file.resize(end, 0);
    let length = u32::try_from(end - 8).ok()?;
    file.get_mut(4..8)?.copy_from_slice(&length.to_le_bytes());
    Some(file)
}

fn exif_block(bytes: &[u8]) -> Option<&[u8]> {
    let block = chunk(bytes, *b"EXIF")?;
    Some(block.strip_prefix(b"Exif\0\0").unwrap_or(block))
}

fn header(bytes: &[u8], features: Features) -> FileHeader {
    // An animation's frames need not cover its canvas.
    let channels = if features.has_alpha || features.is_animated { Channels::Rgba } else { Channels::Rgb };
    let frames = if features.is_animated { decode_frames::count(bytes).max(1) } else { 1 };
    let (width_px, height_px) = (features.width_px, features.height_px);
    let info = ImageInfo { width_px, height_px, channels, sample: SampleType::U8, premultiplied: false };
    let lossless = if features.is_animated { decode_frames::are_lossless(bytes) } else { features.is_lossless };
    let orientation = meta::orientation(exif_block(bytes), chunk(bytes, *b"XMP "));
    FileHeader { frames, lossless, ..FileHeader::still(info, orientation) }
}

pub(super) fn probe(bytes: &[u8], _page: u32) -> Result<FileHeader, ItemError> {
    let features = libwebp::features(bytes).map_err(from_failure)?;
    Ok(header(bytes, features))
}

pub(super) fn open<'a>(
    bytes: &'a [u8],
    options: &DecodeOptions,
    _control: &DecodeControl<'_>,
) -> Result<Decoded<'a>, ItemError> {
    let keep = options.keeps_truncated();
    let cut = whole_file(bytes).err();
    let features = libwebp::features(bytes).map_err(from_failure)?;
    let header = header(bytes, features);
    if let Some(error) = cut {
        if !keep {
            return Err(error);
        }
        if features.is_animated {
            let file = repaired(bytes).ok_or(error)?;
            let mut decoder = libwebp::AnimDecoder::new(file.into(), features).map_err(from_failure)?;
            decoder.advance().map_err(from_failure)?;
            let rows = WholeReader::new(header.info, Samples::U8(decoder.canvas().to_vec()))?;
            let rows = rows.coarse(features.height_px, bytes.len() as u64);
            return Ok(Decoded { header, rows: Box::new(rows), profile: profile(bytes), metadata: metadata(bytes) });
        }
        let mut pixels = errors::zeroed::<u8>(header.info.size_bytes())?;
        let rows = libwebp::decode_some(bytes, features, &mut pixels).map_err(|_| error)?;
        let rows = WholeReader::new(header.info, Samples::U8(pixels))?.short(rows, false, bytes.len() as u64);
        return Ok(Decoded { header, rows: Box::new(rows), profile: profile(bytes), metadata: metadata(bytes) });
    }
    let pixels = if features.is_animated {
        let mut decoder = libwebp::AnimDecoder::new(bytes.into(), features).map_err(from_failure)?;
        decoder.advance().map_err(from_failure)?;
        decoder.canvas().to_vec()
    } else {
        let mut pixels = errors::zeroed::<u8>(header.info.size_bytes())?;
        if let Err(failure) = libwebp::decode(bytes, features, &mut pixels) {
            let error = from_failure(failure);
            if error.kind != ErrorKind::Corrupt || !options.keeps_damaged() {
                return Err(error);
            }
            pixels.fill(0);
            let rows = libwebp::decode_some(bytes, features, &mut pixels).map_err(|_| error)?;
            let rows = WholeReader::new(header.info, Samples::U8(pixels))?.short(rows, false, bytes.len() as u64);
            return Ok(Decoded {
                header,
                rows: Box::new(rows.damaged()),
                profile: profile(bytes),
                metadata: metadata(bytes),
            });
        }
        pixels
    };
    let rows = Box::new(WholeReader::new(header.info, Samples::U8(pixels))?);
    Ok(Decoded { header, rows, profile: profile(bytes), metadata: metadata(bytes) })
}

/// Every frame.
pub(super) fn open_frames(bytes: &[u8], keep: bool) -> Result<DecodedFrames<'_>, ItemError> {
    let file: Cow<'_, [u8]> = match whole_file(bytes) {
        Err(error) if keep => repaired(bytes).ok_or(error)?.into(),
        whole => whole.map(|()| bytes.into())?,
    };
    let features = libwebp::features(bytes).map_err(from_failure)?;
    let frames = Box::new(decode_frames::WebpFrames::new(file, features, header(bytes, features).info)?);
    Ok(DecodedFrames { frames, profile: profile(bytes), metadata: metadata(bytes) })
}

fn profile(bytes: &[u8]) -> Option<Vec<u8>> {
    chunk(bytes, *b"ICCP").map(<[u8]>::to_vec).or_else(|| meta::implied_profile(&metadata(bytes)))
}

fn metadata(bytes: &[u8]) -> Metadata {
    let xmp = chunk(bytes, *b"XMP ").map(Into::into);
    let credentials = chunk(bytes, *b"C2PA").map(|_| Part::ContentCredentials);
    let left_out = credentials.into_iter().collect();
    Metadata { exif: exif_block(bytes).map(Into::into), xmp, left_out, ..Metadata::default() }
}

/// When the image was taken.
pub(super) fn taken(bytes: &[u8]) -> Option<String> {
    meta::taken(&metadata(bytes))
}

/// The file without its metadata.
pub(super) fn stripped(bytes: &[u8]) -> Option<Vec<u8>> {
    /// Flags of the first chunk (RFC 9649, 2.7): EXIF, XMP.
    const EXIF_FLAG: u8 = 0x08;
    const XMP_FLAG: u8 = 0x04;
    whole_file(bytes).ok()?;
    let exif = exif::block_for(probe(bytes, 0).ok()?.orientation);
    let mut body = b"WEBP".to_vec();
    body.reserve(bytes.len());
    let mut push = |kind: [u8; 4], data: &[u8]| {
        body.extend(kind);
        body.extend((data.len() as u32).to_le_bytes());
        body.extend_from_slice(data);
        body.resize(body.len().next_multiple_of(2), 0);
    };
    let mut is_extended = false;
    for (kind, data) in chunks(bytes) {
        match &kind {
            b"VP8X" => {
                let mut head = data.to_vec();
                let flags = head.first_mut()?;
                *flags = (*flags & !(EXIF_FLAG | XMP_FLAG)) | if exif.is_some() { EXIF_FLAG } else { 0 };
                push(kind, &head);
                is_extended = true;
            }
            b"VP8 " | b"VP8L" | b"ALPH" | b"ANIM" | b"ANMF" | b"ICCP" => push(kind, data),
            _ => {}
        }
    }
    match exif {
        Some(exif) if is_extended => push(*b"EXIF", &exif),
        Some(_) => return None,
        None => {}
    }
    let length = u32::try_from(body.len()).ok()?;
    Some([b"RIFF", &length.to_le_bytes()[..], &body].concat())
}
