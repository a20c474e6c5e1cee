//! Decoding GIF: still images and animations, on their canvas.

use super::blocks;
use super::decode_frames::GifFrames;
use super::extensions;
use crate::codec::animation::canvas_rows::DecodedFrames;
use crate::codec::errors;
use crate::codec::guard::control::DecodeControl;
use crate::codec::pixels::whole_image::WholeReader;
use crate::codec::spec::{DecodeOptions, Decoded, FileHeader};
use crate::error::{ErrorKind, ItemError};
use crate::model::{Channels, FrameReader, ImageInfo, Orientation, Picture, Plays, SampleType, Samples};

/// The canvas size is in the first ten bytes.
pub(super) fn probe(bytes: &[u8], _page: u32) -> Result<FileHeader, ItemError> {
    let Some(&[w0, w1, h0, h1]) = bytes.get(6..10) else { return Err(errors::truncated()) };
    let info = ImageInfo {
        width_px: u32::from(u16::from_le_bytes([w0, w1])),
        height_px: u32::from(u16::from_le_bytes([h0, h1])),
        channels: Channels::Rgba,
        sample: SampleType::U8,
        premultiplied: false,
    };
    let frames = blocks::scan(bytes).frames.max(1);
    Ok(FileHeader { frames, ..FileHeader::still(info, Orientation::Upright) })
}

/// The first frame: all of a still image.
pub(super) fn open<'a>(
    bytes: &'a [u8],
    options: &DecodeOptions,
    _control: &DecodeControl<'_>,
) -> Result<Decoded<'a>, ItemError> {
    let keep = options.keeps_truncated();
    let header = probe(bytes, 0)?;
    let picture = Picture { canvas: header.info, frames: 1, plays: Plays::Times(1) };
    let mut frames = GifFrames::new(bytes, picture, keep)?.keeping_damaged(options.keeps_damaged());
    let of_rows = header.info.height_px;
    let rows_had = match frames.next_frame() {
        Err(error) if error.kind == ErrorKind::Truncated => {
            return Err(errors::truncated_rows(frames.rows_had().unwrap_or(0), of_rows));
        }
        shown => shown.map(|_| frames.rows_had())?,
    };
    let is_damaged = frames.is_damaged();
    let rows = WholeReader::new(header.info, Samples::U8(frames.into_canvas()))?;
    let rows = match rows_had {
        Some(_) if is_damaged => rows.damaged(),
        Some(had) => rows.coarse(had, bytes.len() as u64),
        None => rows,
    };
    let (profile, metadata) = extensions::read(bytes);
    Ok(Decoded { header, rows: Box::new(rows), profile, metadata })
}

/// Every frame.
pub(super) fn open_frames(bytes: &[u8], keep: bool) -> Result<DecodedFrames<'_>, ItemError> {
    let header = probe(bytes, 0)?;
    let picture = Picture { canvas: header.info, frames: header.frames, plays: blocks::scan(bytes).plays };
    let frames = Box::new(GifFrames::new(bytes, picture, keep)?);
    let (profile, metadata) = extensions::read(bytes);
    Ok(DecodedFrames { frames, profile, metadata })
}

/// Whether frames may be missing.
pub(super) fn is_truncated(bytes: &[u8]) -> bool {
    blocks::scan(bytes).is_cut
}
