//! Decoding Windows icons and cursors: the largest image of the file, which is a PNG or a bitmap with a mask.

use std::io::Cursor;

use image::codecs::ico::IcoDecoder;

use crate::codec::guard::control::DecodeControl;
use crate::codec::pixels::whole_image;
use crate::codec::spec::{DecodeOptions, Decoded, FileHeader};
use crate::codec::{errors, png};
use crate::error::ItemError;
use crate::model::{Metadata, Orientation, TruncatedPolicy};

/// Bytes of the file's header, and of a directory entry.
const HEAD: usize = 6;
const ENTRY: usize = 16;

/// An entry's image in the file, and its rank.
struct Entry<'a> {
    /// Width and height in px, from the directory.
    size: (u8, u8),
    /// Area in px, then bits per pixel, then bytes: more is better.
    rank: (u32, u16, usize),
    data: &'a [u8],
}

/// Whether the bytes begin like icons (1) or cursors (2), with a first entry that points beyond the directory.
pub(super) fn sniff(bytes: &[u8]) -> bool {
    let [0, 0, 1 | 2, 0, low, high, _, _, _, _, _, _, _, _, l0, l1, l2, l3, o0, o1, o2, o3, ..] = *bytes else {
        return false;
    };
    let count = u32::from(u16::from_le_bytes([low, high]));
    let length = u32::from_le_bytes([l0, l1, l2, l3]);
    count > 0 && length > 0 && u32::from_le_bytes([o0, o1, o2, o3]) >= HEAD as u32 + count * ENTRY as u32
}

/// The best entry; an error if the bytes of any entry are missing.
fn best(bytes: &[u8]) -> Result<Entry<'_>, ItemError> {
    let count = bytes.get(4..HEAD).and_then(|two| two.first_chunk::<2>()).map(|two| u16::from_le_bytes(*two));
    let directory = bytes.get(HEAD..).unwrap_or_default();
    let (entries, _) = directory.as_chunks::<ENTRY>();
    let count = usize::from(count.unwrap_or(0));
    if entries.len() < count {
        return Err(errors::truncated());
    }
    let mut best: Option<Entry<'_>> = None;
    let mut cut = false;
    for entry in entries.iter().take(count) {
        let [w, h, _, _, _, _, bits0, bits1, l0, l1, l2, l3, o0, o1, o2, o3] = *entry;
        let (from, length) = (u32::from_le_bytes([o0, o1, o2, o3]), u32::from_le_bytes([l0, l1, l2, l3]));
        let to = (from as usize).saturating_add(length as usize);
        let Some(data) = bytes.get(from as usize..to) else {
            cut = true;
            continue;
        };
        // In a cursor this is the hot spot; only icons store the number of bits.
        let bits = if bytes.get(2) == Some(&1) { u16::from_le_bytes([bits0, bits1]) } else { 0 };
        let side = |side: u8| if side == 0 { 256 } else { u32::from(side) };
        let area = png_area(data).unwrap_or_else(|| side(w) * side(h));
        let entry = Entry { size: (w, h), rank: (area, bits, data.len()), data };
        if best.as_ref().is_none_or(|best| entry.rank > best.rank) {
            best = Some(entry);
        }
    }
    match best {
        // A smaller image must not replace a larger one that is truncated.
        Some(best) if !cut => Ok(best),
        _ if cut => Err(errors::truncated()),
        _ => Err(errors::corrupt("no_image")),
    }
}

/// A PNG may be larger than the 256 px that a directory can hold.
fn png_area(data: &[u8]) -> Option<u32> {
    let head = data.strip_prefix(png::SIGNATURE)?.get(8..16)?;
    let (width, height) = (head.first_chunk::<4>()?, head.last_chunk::<4>()?);
    u32::from_be_bytes(*width).checked_mul(u32::from_be_bytes(*height))
}

/// The entry as a separate icon file, because the `image` crate reads bitmaps with masks.
fn as_single_icon(entry: &Entry<'_>) -> Result<Vec<u8>, ItemError> {
    let length = u32::try_from(entry.data.len()).map_err(|_| errors::corrupt("ico_long"))?;
    let (w, h) = entry.size;
    let mut file = vec![0, 0, 1, 0, 1, 0, w, h, 0, 0, 1, 0, 32, 0];
    file.extend(length.to_le_bytes());
    file.extend((HEAD as u32 + ENTRY as u32).to_le_bytes());
    file.extend(entry.data);
    Ok(file)
}

fn decoder(file: &[u8]) -> Result<IcoDecoder<Cursor<&[u8]>>, ItemError> {
    IcoDecoder::new(Cursor::new(file)).map_err(|error| errors::from_image(&error))
}

pub(super) fn probe(bytes: &[u8], _page: u32) -> Result<FileHeader, ItemError> {
    let entry = best(bytes)?;
    if entry.data.starts_with(png::SIGNATURE) {
        return png::decode::probe(entry.data, 0);
    }
    let info = whole_image::info(&decoder(&as_single_icon(&entry)?)?)?;
    Ok(FileHeader::still(info, Orientation::Upright))
}

pub(super) fn open<'a>(
    bytes: &'a [u8],
    options: &DecodeOptions,
    control: &DecodeControl<'_>,
) -> Result<Decoded<'a>, ItemError> {
    let entry = best(bytes)?;
    if entry.data.starts_with(png::SIGNATURE) {
        let options = DecodeOptions { truncated: TruncatedPolicy::Fail, ..*options };
        return png::decode::open(entry.data, &options, control);
    }
    let (info, rows) = whole_image::decode(decoder(&as_single_icon(&entry)?)?)?;
    let header = FileHeader::still(info, Orientation::Upright);
    Ok(Decoded { header, rows: Box::new(rows), profile: None, metadata: Metadata::default() })
}
