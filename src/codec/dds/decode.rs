//! Decoding the first surface of a DDS file. Blocks have 4 x 4 px: the library refuses other sizes, so its header is given
//! the size of whole blocks.

use std::io::{self, Cursor, Read};

use image::codecs::dds::DdsDecoder;

use crate::codec::errors;
use crate::codec::guard::control::DecodeControl;
use crate::codec::guard::truncated::u32_at;
use crate::codec::pixels::image_crate::Cancellable;
use crate::codec::pixels::whole_image::{self, WholeReader};
use crate::codec::spec::{DecodeOptions, Decoded, FileHeader};
use crate::error::{ErrorKind, ItemError};
use crate::model::{Band, Channels, ImageInfo, Message, Metadata, Orientation, RowReader, Samples};

/// Offsets of height and width, of the flags of the pixels' format, and of its name.
const HEIGHT_AT: usize = 12;
const WIDTH_AT: usize = 16;
const FLAGS_AT: usize = 80;
const NAME_AT: usize = 84;
/// Bytes before the pixels: without and with the header of DirectX 10.
const HEADER_BYTES: usize = 128;
const LONG_HEADER_BYTES: usize = 148;
/// The flag of a format with a name.
const HAS_NAME: u32 = 4;
/// Pixels per side of a block.
const BLOCK_PX: u32 = 4;

/// What the file's header says.
struct Head {
    info: ImageInfo,
    /// The header for an image of whole blocks.
    padded: Vec<u8>,
    /// Bytes of a row of blocks.
    blocks_bytes: usize,
}

impl Head {
    fn read(bytes: &[u8]) -> Result<Self, ItemError> {
        let number = |at| u32_at(bytes, at).ok_or_else(errors::truncated);
        let (width_px, height_px) = (number(WIDTH_AT)?, number(HEIGHT_AT)?);
        let name = bytes.get(NAME_AT..NAME_AT + 4).ok_or_else(errors::truncated)?;
        if number(FLAGS_AT)? & HAS_NAME == 0 {
            return Err(errors::unsupported("dds_uncompressed"));
        }
        let header_bytes = if name == b"DX10" { LONG_HEADER_BYTES } else { HEADER_BYTES };
        let mut padded = bytes.get(..header_bytes).ok_or_else(errors::truncated)?.to_vec();
        errors::within_limits(width_px, height_px)?;
        for (at, px) in [(WIDTH_AT, width_px), (HEIGHT_AT, height_px)] {
            if let Some(place) = padded.get_mut(at..at + 4) {
                place.copy_from_slice(&px.next_multiple_of(BLOCK_PX).to_le_bytes());
            }
        }
        let decoder = DdsDecoder::new(Cursor::new(&padded)).map_err(|error| match errors::from_image(&error) {
            error if error.kind == ErrorKind::Unsupported => errors::unsupported(compression(bytes)),
            error => error,
        })?;
        let info = whole_image::info(&decoder)?;
        let block_bytes = if info.channels == Channels::Rgb { 8 } else { 16 };
        let blocks_bytes = info.width_px.div_ceil(BLOCK_PX) as usize * block_bytes;
        Ok(Self { info: ImageInfo { width_px, height_px, ..info }, padded, blocks_bytes })
    }

    /// The rows that are there.
    fn rows(&self, bytes: &[u8]) -> u32 {
        let blocks = bytes.len().saturating_sub(self.padded.len()) / self.blocks_bytes.max(1);
        (blocks.min(self.info.height_px as usize) as u32).saturating_mul(BLOCK_PX).min(self.info.height_px)
    }
}

/// Names a compression that can't be read.
fn compression(bytes: &[u8]) -> Message {
    let name = bytes.get(NAME_AT..NAME_AT + 4).unwrap_or_default();
    let name = match u32_at(bytes, HEADER_BYTES).filter(|_| name == b"DX10") {
        Some(number) => match number {
            79..=81 => "BC4".to_owned(),
            82..=84 => "BC5".to_owned(),
            94..=96 => "BC6H".to_owned(),
            97..=99 => "BC7".to_owned(),
            other => format!("DXGI {other}"),
        },
        None => name.escape_ascii().to_string(),
    };
    Message::new("dds_compression").with("compression", name)
}

pub(super) fn probe(bytes: &[u8], _page: u32) -> Result<FileHeader, ItemError> {
    Ok(FileHeader::still(Head::read(bytes)?.info, Orientation::Upright))
}

pub(super) fn open<'a>(
    bytes: &'a [u8],
    options: &DecodeOptions,
    control: &DecodeControl<'_>,
) -> Result<Decoded<'a>, ItemError> {
    let head = Head::read(bytes)?;
    let info = head.info;
    let had = head.rows(bytes);
    if had < info.height_px && (had == 0 || !options.keeps_truncated()) {
        return Err(errors::truncated_rows(had, info.height_px));
    }
    let blocks = bytes.get(head.padded.len()..).unwrap_or_default();
    // What is missing is blanked below.
    let file = Cursor::new(&head.padded).chain(blocks).chain(io::repeat(0));
    let cancelled = |error: ItemError| {
        if (control.cancelled)() { ItemError::nameless(ErrorKind::Cancelled) } else { error }
    };
    let decoded = DdsDecoder::new(Cancellable::new(file, control)).map_err(|error| errors::from_image(&error));
    let (_, mut rows) = decoded.and_then(|decoder| whole_image::decode(decoder, false)).map_err(cancelled)?;
    let mut rows = WholeReader::new(info, cut(&mut rows, &info)?)?;
    if had < info.height_px {
        rows = rows.short(had, false, bytes.len() as u64);
    }
    let header = FileHeader::still(info, Orientation::Upright);
    Ok(Decoded { header, rows: Box::new(rows), profile: None, metadata: Metadata::default() })
}

/// The pixels without those that fill the last blocks.
fn cut(rows: &mut WholeReader, info: &ImageInfo) -> Result<Samples, ItemError> {
    let mut band = Band::empty(&rows.info());
    let row = rows.info().row_samples();
    let mut samples = errors::room(info.size_bytes())?;
    while rows.read_rows(BLOCK_PX, &mut band)? > 0 {
        if let Samples::U8(band) = &band.samples {
            let kept = band.chunks_exact(row).filter_map(|row| row.get(..info.row_samples()));
            kept.for_each(|row| samples.extend_from_slice(row));
        }
    }
    samples.truncate(info.row_samples() * info.height_px as usize);
    Ok(Samples::U8(samples))
}
