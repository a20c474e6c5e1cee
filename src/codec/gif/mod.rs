//! GIF: still pictures and animations, on their canvas.

mod blocks;
mod decode_frames;
pub(crate) mod encode;
mod encode_animation;

use std::io::Cursor;
use std::num::NonZeroU64;

use ::gif::{Decoder, DecodingError, MemoryLimit};

use super::animation::frame_decoder::DecodedFrames;
use super::pixels::whole_image::WholeReader;
use super::{Decoded, Header, errors};
use crate::error::{ErrorKind, ItemError};
use crate::model::{
    Channels, Format, FrameReader, ImageInfo, Metadata, Orientation, Picture, Plays, SampleType, Samples,
};

pub(super) use encode_animation::GifAnimation;

type Bytes<'a> = Cursor<&'a [u8]>;

fn from_gif(error: &DecodingError) -> ItemError {
    match error {
        DecodingError::UnexpectedEof => errors::truncated(),
        DecodingError::Io(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => errors::truncated(),
        DecodingError::OutOfMemory | DecodingError::MemoryLimit => errors::too_large("it wants too much memory"),
        other => errors::corrupt(other),
    }
}

/// A reader of frames.
fn decoder(bytes: &[u8]) -> Result<Decoder<Bytes<'_>>, ItemError> {
    let mut options = ::gif::DecodeOptions::new();
    // Frames are read into memory of our own: only profile and XMP blocks count here, no larger than the file.
    let most = NonZeroU64::new(bytes.len() as u64).unwrap_or(NonZeroU64::MIN);
    options.set_memory_limit(MemoryLimit::Bytes(most));
    options.read_info(Cursor::new(bytes)).map_err(|error| from_gif(&error))
}

/// The canvas stands in the first ten bytes.
pub(super) fn probe(bytes: &[u8]) -> Result<Header, ItemError> {
    let Some(&[w0, w1, h0, h1]) = bytes.get(6..10) else { return Err(errors::truncated()) };
    let info = ImageInfo {
        width_px: u32::from(u16::from_le_bytes([w0, w1])),
        height_px: u32::from(u16::from_le_bytes([h0, h1])),
        channels: Channels::Rgba,
        sample: SampleType::U8,
        premultiplied: false,
    };
    let frames = blocks::scan(bytes).frames.max(1);
    Ok(Header { frames, ..Header::still(Format::Gif, info, Orientation::Upright) })
}

/// The file without its metadata.
pub(super) fn stripped(bytes: &[u8]) -> Option<Vec<u8>> {
    blocks::stripped(bytes)
}

/// The first frame, which is all of a still picture.
pub(super) fn open(bytes: &[u8], keep: bool) -> Result<Decoded<'_>, ItemError> {
    let header = probe(bytes)?;
    let picture = Picture { canvas: header.info, frames: 1, plays: Plays::Times(1) };
    let mut frames = decode_frames::GifFrames::new(bytes, picture, keep)?;
    let of_rows = header.info.height_px;
    let rows_had = match frames.next_frame() {
        Err(error) if error.kind == ErrorKind::Truncated => {
            return Err(errors::truncated_rows(frames.rows_had().unwrap_or(0), of_rows));
        }
        shown => shown.map(|_| frames.rows_had())?,
    };
    let rows = WholeReader::new(header.info, Samples::U8(frames.into_canvas()))?;
    let rows = if let Some(had) = rows_had { rows.coarse(had, bytes.len() as u64) } else { rows };
    Ok(Decoded { header, rows: Box::new(rows), profile: None, metadata: Metadata::default() })
}

/// Every frame.
pub(super) fn open_frames(bytes: &[u8], keep: bool) -> Result<DecodedFrames<'_>, ItemError> {
    let header = probe(bytes)?;
    let picture = Picture { canvas: header.info, frames: header.frames, plays: blocks::scan(bytes).plays };
    let frames = Box::new(decode_frames::GifFrames::new(bytes, picture, keep)?);
    Ok(DecodedFrames { frames, profile: None, metadata: Metadata::default() })
}

/// Whether frames may be missing.
pub(super) fn ends_early(bytes: &[u8]) -> bool {
    blocks::scan(bytes).is_cut
}
