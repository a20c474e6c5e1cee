//! Opens the image of a file: its primary item, or the first image of its sequence.

use super::coded_image::{Colours, Shape};
use super::frame::Frame;
use super::grid;
use super::item_codec::ItemCodec;
use super::items::Items;
use super::properties::Coding;
use super::sequence::{Sequence, Track};
use crate::codec::spec::{Decoded, FileHeader};
use crate::codec::{errors, meta};
use crate::error::ItemError;
use crate::model::{HdrChoice, Part};

/// A file's primary image, as described by the file.
struct PrimaryImage<'a> {
    items: Items<'a>,
    shape: Shape,
}

impl<'a> PrimaryImage<'a> {
    fn read(codec: &'static ItemCodec, bytes: &'a [u8]) -> Result<Self, ItemError> {
        let items = Items::read(codec, bytes)?;
        let primary = items.primary()?;
        primary.check_essential()?;
        let frame_size = items.size_of(primary)?;
        let coding = items.coding(primary)?;
        let has_alpha = items.alpha_of(primary).is_some();
        let shape = Shape::new(&primary.properties, frame_size, &coding, has_alpha, items.orientation_of(primary))?;
        Ok(Self { items, shape })
    }

    fn header(&self) -> FileHeader {
        let hdr = self.items.primary().ok().and_then(|primary| Colours::declared_hdr(&primary.properties));
        self.shape.header(hdr)
    }
}

/// Reads the header of the image; of a sequence, with the number of frames that can be decoded.
pub(crate) fn probe(codec: &'static ItemCodec, bytes: &[u8]) -> Result<FileHeader, ItemError> {
    match Sequence::read(codec, bytes)? {
        Some(sequence) => sequence_header(codec, &sequence),
        None => Ok(PrimaryImage::read(codec, bytes)?.header()),
    }
}

fn sequence_header(codec: &ItemCodec, sequence: &Sequence<'_>) -> Result<FileHeader, ItemError> {
    let header = Shape::of_sequence(sequence)?.header(Colours::declared_hdr(&sequence.colour.properties));
    let frames = if codec.sequence_brand.is_some() { sequence.colour.frames() } else { 1 };
    Ok(FileHeader { frames, ..header })
}

/// The largest number of pixels that are decoded at once: those of a grid's tile, or of the whole image.
#[cfg_attr(not(feature = "heic"), expect(dead_code, reason = "only HEIC needs it"))]
pub(crate) fn pixels_at_once(codec: &'static ItemCodec, bytes: &[u8]) -> Option<u64> {
    let items = Items::read(codec, bytes).ok()?;
    let primary = items.primary().ok()?;
    let once = if items.is_coded(primary) { primary } else { *items.tiles_of(primary).ok()?.first()? };
    let (width, height) = items.size_of(once).ok()?;
    Some(u64::from(width) * u64::from(height))
}

/// When the image was taken.
pub(crate) fn taken(codec: &'static ItemCodec, bytes: &[u8]) -> Option<String> {
    let metadata = match Items::read(codec, bytes) {
        Ok(items) => items.metadata_of(items.primary().ok()?),
        Err(_) => Sequence::read(codec, bytes).ok()??.metadata(),
    };
    meta::taken(&metadata)
}

/// Opens the image; of a sequence, its first frame.
pub(crate) fn open<'a>(codec: &'static ItemCodec, bytes: &'a [u8], hdr: HdrChoice) -> Result<Decoded<'a>, ItemError> {
    if let Some(sequence) = Sequence::read(codec, bytes)? {
        return open_first(codec, bytes, &sequence, hdr);
    }
    let image = PrimaryImage::read(codec, bytes)?;
    let (primary, shape) = (image.items.primary()?, image.shape);
    let frame = grid::decode(&image.items, primary, shape.frame_size)?;
    let (alpha, premultiplied) = match image.items.alpha_of(primary) {
        Some((item, premultiplied)) => {
            item.check_essential()?;
            if image.items.size_of(item)? != shape.frame_size {
                return Err(errors::unsupported("heif_alpha_size"));
            }
            (Some(grid::decode(&image.items, item, shape.frame_size)?), premultiplied)
        }
        None => (None, false),
    };
    let colours = Colours::of(&primary.properties, &frame, premultiplied, hdr)?;
    let rows = colours.rows(&shape, frame, alpha, &mut 0.0)?;
    let metadata = image.items.metadata_of(primary);
    Ok(Decoded { header: image.header(), rows: Box::new(rows), profile: colours.profile, metadata })
}

/// Opens the first frame of a sequence.
fn open_first<'a>(
    codec: &ItemCodec,
    bytes: &[u8],
    sequence: &Sequence<'_>,
    hdr: HdrChoice,
) -> Result<Decoded<'a>, ItemError> {
    let header = sequence_header(codec, sequence)?;
    let shape = Shape::of_sequence(sequence)?;
    let frame = first_frame(codec, bytes, &sequence.colour)?;
    let alpha = sequence.alpha.as_ref().map(|track| first_frame(codec, bytes, track)).transpose()?;
    let colours = Colours::of(&sequence.colour.properties, &frame, sequence.premultiplied, hdr)?;
    let rows = colours.rows(&shape, frame, alpha, &mut 0.0)?;
    let mut metadata = sequence.metadata();
    if header.frames < sequence.colour.frames() {
        metadata.left_out.push(Part::OtherImages);
    }
    Ok(Decoded { header, rows: Box::new(rows), profile: colours.profile, metadata })
}

fn first_frame(codec: &ItemCodec, bytes: &[u8], track: &Track<'_>) -> Result<Frame, ItemError> {
    let samples = track.samples()?;
    let sample = samples.first().ok_or_else(errors::truncated)?;
    (codec.decode)(&Coding::of(&track.properties)?, sample.of(bytes)?, track.size)
}
