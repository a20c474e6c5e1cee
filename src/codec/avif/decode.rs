//! Decoding AVIF: images of 8 to 12 bits, gray or colour, with alpha, in one piece or as a grid of tiles, and sequences.
//!
//! The container is read here; rav1d decodes the items and samples.

use super::coded_image::{Coding, Colours, Shape};
use super::grid;
use super::items::{Item, Items};
use super::orientation::by_properties;
use super::sequence::Sequence;
use super::sequence_frames::SequenceFrames;
use crate::codec::animation::canvas_rows::DecodedFrames;
use crate::codec::guard::control::DecodeControl;
use crate::codec::spec::{DecodeOptions, Decoded, FileHeader, Header};
use crate::codec::{errors, meta};
use crate::error::ItemError;
use crate::model::Message;

/// A file's primary image, as described by the file.
struct PrimaryImage<'a> {
    items: Items<'a>,
    shape: Shape,
}

impl<'a> PrimaryImage<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, ItemError> {
        let items = Items::read(bytes)?;
        let primary = items.primary()?;
        primary.check_essential()?;
        let frame_size = items.size_of(primary)?;
        let orientation = by_properties(&primary.properties).unwrap_or_default();
        let coding = coding(&items, primary)?;
        let has_alpha = items.alpha_of(primary).is_some();
        let shape = Shape::new(&primary.properties, frame_size, coding, has_alpha, orientation)?;
        Ok(Self { items, shape })
    }

    fn header(&self) -> FileHeader {
        let hdr = self.items.primary().ok().and_then(|primary| Colours::declared_hdr(&primary.properties));
        self.shape.header(hdr)
    }
}

/// How an item is coded; for a grid, its first tile.
fn coding(items: &Items<'_>, item: &Item<'_>) -> Result<Coding, ItemError> {
    match &item.kind {
        b"av01" => Coding::of(&item.properties),
        b"grid" => Coding::of(items.tiles_of(item)?.first().map_or(&[], |tile| tile.properties.as_slice())),
        kind => {
            let kind = String::from_utf8_lossy(kind);
            Err(errors::unsupported(Message::new("avif_type").with("type", kind)))
        }
    }
}

/// Maximum bytes for decoding: the decoder's frame, the planes copied from it, the decoder's data per block, and the
/// pixels in shared memory.
pub(super) fn held_bytes(_: &[u8], header: &Header) -> u64 {
    header.info.size_bytes() * 3 + (8 << 20)
}

/// Maximum bytes for decoding a sequence: the decoder keeps eight frames that later ones may refer to.
pub(super) fn frames_held_bytes(_: &[u8], header: &Header) -> u64 {
    header.info.size_bytes() * 12 + (16 << 20)
}

pub(super) fn probe(bytes: &[u8], _page: u32) -> Result<FileHeader, ItemError> {
    match Sequence::read(bytes)? {
        Some(sequence) => sequence_header(&sequence),
        None => Ok(PrimaryImage::read(bytes)?.header()),
    }
}

fn sequence_header(sequence: &Sequence<'_>) -> Result<FileHeader, ItemError> {
    let header = Shape::of_sequence(sequence)?.header(Colours::declared_hdr(&sequence.colour.properties));
    Ok(FileHeader { frames: sequence.colour.frames(), ..header })
}

/// When the image was taken.
pub(super) fn taken(bytes: &[u8]) -> Option<String> {
    let metadata = match Items::read(bytes) {
        Ok(items) => items.metadata_of(items.primary().ok()?),
        Err(_) => Sequence::read(bytes).ok()??.metadata(),
    };
    meta::taken(&metadata)
}

/// Opens the image; of a sequence, its first frame.
pub(super) fn open<'a>(
    bytes: &'a [u8],
    _options: &DecodeOptions,
    _control: &DecodeControl<'_>,
) -> Result<Decoded<'a>, ItemError> {
    if let Some(sequence) = Sequence::read(bytes)? {
        let (header, metadata) = (sequence_header(&sequence)?, sequence.metadata());
        let (frames, profile) = SequenceFrames::open(bytes, sequence)?;
        return Ok(Decoded { header, rows: Box::new(frames.into_first()?), profile, metadata });
    }
    let image = PrimaryImage::read(bytes)?;
    let (primary, shape) = (image.items.primary()?, image.shape);
    let frame = grid::decode(&image.items, primary, shape.frame_size)?;
    let (alpha, premultiplied) = match image.items.alpha_of(primary) {
        Some((item, premultiplied)) => {
            item.check_essential()?;
            if image.items.size_of(item)? != shape.frame_size {
                return Err(errors::unsupported("avif_alpha_size"));
            }
            (Some(grid::decode(&image.items, item, shape.frame_size)?), premultiplied)
        }
        None => (None, false),
    };
    let colours = Colours::of(&primary.properties, &frame, premultiplied)?;
    let rows = colours.rows(&shape, frame, alpha, &mut 0.0)?;
    let metadata = image.items.metadata_of(primary);
    Ok(Decoded { header: image.header(), rows: Box::new(rows), profile: colours.profile, metadata })
}

/// Opens a sequence.
pub(super) fn open_frames(bytes: &[u8], _keep: bool) -> Result<DecodedFrames<'_>, ItemError> {
    let sequence = Sequence::read(bytes)?.ok_or_else(|| errors::corrupt("avif_no_primary"))?;
    let metadata = sequence.metadata();
    let (frames, profile) = SequenceFrames::open(bytes, sequence)?;
    Ok(DecodedFrames { frames: Box::new(frames), profile, metadata })
}

/// Whether frames of a sequence are missing.
pub(super) fn is_truncated(bytes: &[u8]) -> bool {
    Sequence::read(bytes).ok().flatten().is_some_and(|sequence| sequence.is_truncated(bytes))
}

/// Whether the major brand, or a compatible one, is AVIF's. Other codecs use the same container.
pub(super) fn sniff(bytes: &[u8]) -> bool {
    let Some((length, rest)) = bytes.split_first_chunk::<4>() else { return false };
    let Some(brands) = rest.strip_prefix(b"ftyp") else { return false };
    // The length includes itself and the type.
    let brands = brands.get(..(u32::from_be_bytes(*length) as usize).saturating_sub(8)).unwrap_or(brands);
    // The second one is a version.
    brands.as_chunks::<4>().0.iter().enumerate().any(|(at, brand)| at != 1 && matches!(brand, b"avif" | b"avis"))
}
