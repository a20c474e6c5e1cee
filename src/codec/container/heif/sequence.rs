//! Image sequences: tracks of coded samples (ISO 14496-12, AVIF 1.1). Sequences in fragments are not supported. Nothing
//! is decoded here.

use std::ops::Range;

use super::item_codec::ItemCodec;
use super::items::Items;
use super::orientation::{by_matrix, by_properties};
use super::properties::{self, Property, read_property};
use super::tables::{SampleTables, Samples};
use crate::codec::container::bmff::{BoxType, Boxes, Fields};
use crate::codec::errors;
use crate::error::ItemError;
use crate::model::{Delay, Message, Metadata, Orientation, Plays};

/// Maximum number of tracks that are looked at: sequences have two.
const MAX_TRACKS: usize = 16;
/// Bytes of a visual sample entry before its boxes.
const ENTRY_BYTES: usize = 78;
/// A duration that is not known, or endless.
const ENDLESS: u64 = u64::MAX;

/// A file's image sequence.
pub(crate) struct Sequence<'a> {
    /// The track of the colours.
    pub(crate) colour: Track<'a>,
    /// The track of their alpha.
    pub(crate) alpha: Option<Track<'a>>,
    /// Whether colours are multiplied by alpha.
    pub(crate) premultiplied: bool,
    /// The images that the file has apart from the sequence.
    items: Option<Items<'a>>,
    /// Where metadata is if the file has no images apart from the sequence.
    track_meta: Option<Items<'a>>,
}

/// A track of images.
#[derive(Default)]
pub(crate) struct Track<'a> {
    id: u32,
    handler: BoxType,
    /// The tracks that it is auxiliary to.
    auxiliary_to: Vec<u32>,
    /// The tracks that its colours are multiplied by.
    multiplied_by: Vec<u32>,
    /// How its frames are turned, by its header.
    turn: Orientation,
    /// In units of the movie, as its header says.
    duration: u64,
    /// Whether it repeats, and the duration of what it repeats in units of the movie.
    edit: Option<(bool, u64)>,
    /// Width and height of the coded frames in px.
    pub(crate) size: (u32, u32),
    /// Whether its samples are coded in the file's way, and how they are described, as properties of items are.
    is_coded: bool,
    pub(crate) properties: Vec<(Property<'a>, bool)>,
    /// Units per second.
    timescale: u32,
    tables: SampleTables<'a>,
    meta: Option<&'a [u8]>,
}

fn broken(what: &str) -> ItemError {
    errors::corrupt(Message::new("heif_box").with("box", what))
}

impl<'a> Sequence<'a> {
    /// The file's sequence: if its major brand is that of sequences and there is more than one frame, or if the file has
    /// no other image. `None` otherwise.
    pub(crate) fn read(codec: &'static ItemCodec, file: &'a [u8]) -> Result<Option<Self>, ItemError> {
        let (mut is_declared, mut meta, mut movie) = (false, None, None);
        for found in Boxes::of_file(file) {
            match found {
                Ok((kind, body)) if &kind == b"ftyp" => {
                    is_declared = codec.sequence_brand.is_some_and(|brand| body.starts_with(&brand));
                }
                Ok((kind, body)) if &kind == b"meta" => meta = Some(body),
                Ok((kind, body)) if &kind == b"moov" => movie = Some(body),
                Ok(_) => {}
                // Its sequence is missing, or only some of its frames.
                Err(error) if is_declared && movie.is_none() => return Err(error),
                Err(_) => break,
            }
        }
        let Some(movie) = movie.filter(|_| is_declared || meta.is_none()) else { return Ok(None) };
        let tracks = tracks(codec, movie)?;
        let position = tracks.iter().position(|track| track.is_coded && matches!(&track.handler, b"pict" | b"vide"));
        let Some(position) = position else { return Ok(None) };
        if tracks.get(position).is_some_and(|track| meta.is_some() && track.frames() < 2) {
            return Ok(None);
        }
        let mut tracks = tracks;
        let colour = tracks.swap_remove(position);
        if colour.frames() == 0 {
            return Err(errors::unsupported("heif_fragments"));
        }
        let at = tracks.iter().position(|track| {
            track.is_coded && track.auxiliary_to.contains(&colour.id) && track.is_alpha() && &track.handler == b"auxv"
        });
        let alpha = at.map(|at| tracks.swap_remove(at));
        let premultiplied = alpha.as_ref().is_some_and(|alpha| colour.multiplied_by.contains(&alpha.id));
        let items = meta.and_then(|meta| Items::read_meta(codec, file, meta).ok());
        let track_meta =
            colour.meta.filter(|_| items.is_none()).and_then(|meta| Items::read_meta(codec, file, meta).ok());
        Ok(Some(Self { colour, alpha, premultiplied, items, track_meta }))
    }

    /// How its frames are turned.
    pub(crate) fn orientation(&self) -> Orientation {
        by_properties(&self.colour.properties, false).unwrap_or(self.colour.turn)
    }

    /// How often it plays. Without an edit list, forever, as in browsers.
    pub(crate) fn plays(&self) -> Plays {
        match self.colour.edit {
            None => Plays::Forever,
            Some((false, _)) => Plays::Times(1),
            Some((true, _)) if self.colour.duration == ENDLESS => Plays::Forever,
            Some((true, once)) => {
                let times = self.colour.duration.div_ceil(once.max(1)).max(1);
                u32::try_from(times).map_or(Plays::Forever, Plays::Times)
            }
        }
    }

    /// The Exif and XMP blocks of the file.
    pub(crate) fn metadata(&self) -> Metadata {
        let Some(items) = self.items.as_ref() else {
            return self.track_meta.as_ref().map_or_else(Metadata::default, Items::metadata_of_all);
        };
        items.primary().map_or_else(|_| items.metadata_of_all(), |primary| items.metadata_of(primary))
    }

    /// The bytes of the file that hold frames.
    pub(crate) fn sample_ranges(&self) -> Result<Vec<Range<u64>>, ItemError> {
        let mut ranges = Vec::new();
        for track in [Some(&self.colour), self.alpha.as_ref()].into_iter().flatten() {
            ranges.extend(track.samples()?.iter().map(|sample| sample.offset..sample.end()));
        }
        Ok(ranges)
    }

    /// Whether a frame's bytes are missing.
    pub(crate) fn is_truncated(&self, file: &[u8]) -> bool {
        self.sample_ranges().is_ok_and(|ranges| ranges.iter().any(|range| range.end > file.len() as u64))
    }
}

impl<'a> Track<'a> {
    /// Number of frames.
    pub(crate) fn frames(&self) -> u32 {
        self.tables.count
    }

    /// Where its frames are, and how long they are shown.
    pub(crate) fn samples(&self) -> Result<Samples, ItemError> {
        self.tables.samples()
    }

    /// A time in its units.
    pub(crate) fn delay(&self, units: u32) -> Delay {
        Delay::new(units, self.timescale)
    }

    /// Tracks without a declaration of what they are for are alpha.
    fn is_alpha(&self) -> bool {
        let mut purposes = self.properties.iter().filter_map(|(property, _)| match property {
            Property::Auxiliary(purpose) => Some(*purpose),
            _ => None,
        });
        purposes.next().is_none_or(properties::is_alpha)
    }

    fn read(codec: &ItemCodec, body: &'a [u8]) -> Result<Self, ItemError> {
        let mut track = Self::default();
        for found in Boxes::within(body) {
            let (kind, body) = found?;
            let read = match &kind {
                b"tkhd" => track.read_header(body),
                b"tref" => track.read_references(body)?,
                b"edts" => track.read_edits(body)?,
                b"mdia" => track.read_media(codec, body)?,
                b"meta" => {
                    track.meta = Some(body);
                    Some(())
                }
                _ => Some(()),
            };
            read.ok_or_else(|| broken(&String::from_utf8_lossy(&kind)))?;
        }
        Ok(track)
    }

    fn read_header(&mut self, body: &[u8]) -> Option<()> {
        let mut fields = Fields(body);
        let (version, _) = fields.version()?;
        // When it was made and changed.
        fields.array::<8>()?;
        if version == 1 {
            fields.array::<8>()?;
        }
        self.id = fields.u32()?;
        fields.u32()?;
        self.duration = wide(&mut fields, version)?;
        // Reserved fields, layer, group and volume.
        fields.array::<16>()?;
        let mut matrix = [0; 9];
        for value in &mut matrix {
            *value = fields.u32()?.cast_signed();
        }
        self.turn = by_matrix(matrix);
        Some(())
    }

    fn read_references(&mut self, body: &[u8]) -> Result<Option<()>, ItemError> {
        for found in Boxes::within(body) {
            let (kind, body) = found?;
            let ids = body.as_chunks::<4>().0.iter().map(|id| u32::from_be_bytes(*id)).take(MAX_TRACKS);
            match &kind {
                b"auxl" => self.auxiliary_to.extend(ids),
                b"prem" => self.multiplied_by.extend(ids),
                _ => {}
            }
        }
        Ok(Some(()))
    }

    fn read_edits(&mut self, body: &[u8]) -> Result<Option<()>, ItemError> {
        for found in Boxes::within(body) {
            let (kind, body) = found?;
            if &kind != b"elst" {
                continue;
            }
            self.edit = read_edit(body);
        }
        Ok(Some(()))
    }

    fn read_media(&mut self, codec: &ItemCodec, body: &'a [u8]) -> Result<Option<()>, ItemError> {
        for found in Boxes::within(body) {
            let (kind, body) = found?;
            let mut fields = Fields(body);
            match &kind {
                b"mdhd" => {
                    let mut read = || {
                        let (version, _) = fields.version()?;
                        fields.array::<8>()?;
                        if version == 1 {
                            fields.array::<8>()?;
                        }
                        fields.u32()
                    };
                    let Some(timescale) = read() else { return Ok(None) };
                    self.timescale = timescale;
                }
                b"hdlr" => {
                    let handler = fields.array::<8>().and_then(|_| fields.array());
                    self.handler = handler.unwrap_or_default();
                }
                b"minf" => {
                    for found in Boxes::within(body) {
                        let (kind, body) = found?;
                        if &kind == b"stbl" && self.read_tables(codec, body)?.is_none() {
                            return Ok(None);
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(Some(()))
    }

    fn read_tables(&mut self, codec: &ItemCodec, body: &'a [u8]) -> Result<Option<()>, ItemError> {
        for found in Boxes::within(body) {
            let (kind, body) = found?;
            let read = match &kind {
                b"stsd" => self.read_description(codec, body)?,
                _ => self.tables.read(kind, body),
            };
            if read.is_none() {
                return Ok(None);
            }
        }
        Ok(Some(()))
    }

    /// Reads the first sample entry.
    fn read_description(&mut self, codec: &ItemCodec, body: &'a [u8]) -> Result<Option<()>, ItemError> {
        let mut fields = Fields(body);
        if fields.version().is_none() || fields.u32().is_none() {
            return Ok(None);
        }
        let Some(found) = Boxes::within(fields.0).next() else { return Ok(None) };
        let (kind, entry) = found?;
        if !codec.takes(kind) {
            return Ok(Some(()));
        }
        let Some((head, boxes)) = entry.split_at_checked(ENTRY_BYTES) else { return Ok(None) };
        let mut size = Fields(head.get(24..).unwrap_or_default());
        let (Some(width), Some(height)) = (size.u16(), size.u16()) else { return Ok(None) };
        self.size = (width.into(), height.into());
        self.is_coded = true;
        for found in Boxes::within(boxes) {
            let (kind, body) = found?;
            let Some(property) = read_property(kind, body) else { return Ok(None) };
            self.properties.push((property, false));
        }
        Ok(Some(()))
    }
}

/// Whether an edit list repeats, and the duration of what it repeats.
fn read_edit(body: &[u8]) -> Option<(bool, u64)> {
    let mut fields = Fields(body);
    let (version, flags) = fields.version()?;
    let count = fields.u32()?;
    let once = wide(&mut fields, version)?;
    Some((flags & 1 == 1 && count == 1, once))
}

/// A duration, which takes 8 bytes in version 1. All ones mean that it is not known.
fn wide(fields: &mut Fields<'_>, version: u8) -> Option<u64> {
    if version == 1 {
        return fields.u64();
    }
    fields.u32().map(|value| if value == u32::MAX { ENDLESS } else { value.into() })
}

/// The tracks of a movie.
fn tracks<'a>(codec: &ItemCodec, movie: &'a [u8]) -> Result<Vec<Track<'a>>, ItemError> {
    let mut tracks = Vec::new();
    for found in Boxes::within(movie) {
        let (kind, body) = found?;
        if &kind == b"trak" && tracks.len() < MAX_TRACKS {
            tracks.push(Track::read(codec, body)?);
        }
    }
    Ok(tracks)
}
