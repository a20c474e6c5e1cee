//! PNG through the `png` crate: rows streamed both ways; interlaced files as a whole; APNG frame by frame.

mod colour_chunks;
mod decode_frames;
mod encode_animation;
mod strip;
mod text_chunks;

use std::borrow::Cow;
use std::io::Cursor;

use ::png::{
    BitDepth, ColorType, Compression, Decoder, DecodingError, DeflateCompression, EncodingError, Filter, Info,
    InterlaceInfo, Limits, PixelDimensions, Reader, Transformations, Unit,
};

use super::animation::frame_decoder::DecodedFrames;
use super::meta::{self, density, exif};
use super::pixels::convert::Converter;
use super::pixels::palette::{Depth, Indexed};
use super::pixels::placeholder;
use super::pixels::whole_image::{Collector, RowCount, WholeReader, shape};
use super::{Decoded, Encoder, Extras, Header, errors};
use crate::error::{ErrorKind, ItemError};
use crate::model::{
    Band, Channels, Format, ImageInfo, Metadata, RowReader, RowWriter, SampleType, Samples, Save, Truncated,
};

pub(super) use encode_animation::PngAnimation;
pub(super) use strip::stripped;

/// Bytes that every file begins with.
const SIGNATURE_BYTES: usize = 8;
/// Bytes that a colour profile may unfold to.
const MAX_PROFILE_BYTES: usize = 16 << 20;
/// Deflate can't shrink data by more than this: a claim beyond it is a bomb or a cut file.
const MAX_DEFLATE_RATIO: u64 = 1_032;

type Bytes<'a> = Cursor<&'a [u8]>;

fn from_png(error: DecodingError) -> ItemError {
    match error {
        DecodingError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => errors::truncated(),
        DecodingError::LimitsExceeded => errors::too_large("its chunks want too much memory"),
        other => errors::corrupt(in_our_words(other.to_string())),
    }
}

/// A sentence of the library, in which chunks are called by their four letters alone.
fn in_our_words(mut words: String) -> String {
    const BEGIN: &str = "ChunkType { type: ";
    while let Some(begin) = words.find(BEGIN)
        && let Some((name, behind)) = words.get(begin + BEGIN.len()..).and_then(|rest| rest.split_once(','))
        && let Some((_, behind)) = behind.split_once('}')
    {
        if words.starts_with("CRC error") {
            return format!("the checksum of its {name} chunk is wrong");
        }
        words = format!("{}{name}{behind}", words.get(..begin).unwrap_or_default());
    }
    words.trim_end_matches('.').to_owned()
}

/// Width, height, from the header that must come first; the `png` crate takes memory by them, so they are checked here.
fn checked_size(bytes: &[u8]) -> Result<(), ItemError> {
    let Some(&[_, _, _, _, b'I', b'H', b'D', b'R', w3, w2, w1, w0, h3, h2, h1, h0]) = bytes.get(8..24) else {
        return Err(if bytes.len() < 24 { errors::truncated() } else { errors::corrupt("no IHDR chunk comes first") });
    };
    errors::within_limits(u32::from_be_bytes([w3, w2, w1, w0]), u32::from_be_bytes([h3, h2, h1, h0]))
}

/// Whether the rows come in passes, so that the picture is decoded as a whole.
pub(super) fn is_interlaced(bytes: &[u8]) -> bool {
    bytes.get(28).is_some_and(|&method| method != 0)
}

fn reader(bytes: &[u8]) -> Result<Reader<Bytes<'_>>, ItemError> {
    checked_size(bytes)?;
    // What profiles may unfold to, beside the texts, which stay as they are packed.
    let limits = Limits { bytes: MAX_PROFILE_BYTES + bytes.len() };
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), limits);
    let shows_through = decode_frames::scan(bytes).is_some_and(|scan| scan.shows_through);
    let alpha = if shows_through { Transformations::ALPHA } else { Transformations::empty() };
    decoder.set_transformations(Transformations::EXPAND | alpha);
    decoder.read_info().map_err(from_png)
}

fn header(bytes: &[u8], reader: &Reader<Bytes<'_>>) -> Header {
    let stored = reader.info();
    let (colour, depth) = reader.output_color_type();
    let channels = match colour {
        ColorType::Grayscale => Channels::Gray,
        ColorType::GrayscaleAlpha => Channels::GrayAlpha,
        ColorType::Rgba => Channels::Rgba,
        ColorType::Rgb | ColorType::Indexed => Channels::Rgb,
    };
    let sample = if depth == BitDepth::Sixteen { SampleType::U16 } else { SampleType::U8 };
    let info = ImageInfo { width_px: stored.width, height_px: stored.height, channels, sample, premultiplied: false };
    let frames = decode_frames::scan(bytes).map_or(1, |scan| scan.frames);
    let header = Header::still(Format::Png, info, exif::orientation(exif_of(bytes, stored).as_deref()));
    Header { frames, treated_as_srgb: colour_chunks::treated_as_srgb(stored), ..header }
}

/// The file's chunks: their kinds and data, as far as they are whole.
fn chunks(bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    let mut rest = bytes.get(SIGNATURE_BYTES..).unwrap_or_default();
    std::iter::from_fn(move || {
        let (length, after) = rest.split_first_chunk::<4>()?;
        let (kind, after) = after.split_first_chunk::<4>()?;
        let length = u32::from_be_bytes(*length) as usize;
        let data = after.get(..length)?;
        // Behind the data stands a checksum.
        rest = after.get(length.checked_add(4)?..).unwrap_or_default();
        Some((*kind, data))
    })
}

/// The EXIF block, wherever it stands.
fn exif_of<'b>(bytes: &'b [u8], stored: &Info<'_>) -> Option<Cow<'b, [u8]>> {
    let bare = |block: Vec<u8>| block.strip_prefix(b"Exif\0\0").map(<[u8]>::to_vec).unwrap_or(block);
    exif_block(bytes)
        .map(Cow::Borrowed)
        .or_else(|| text_chunks::raw_profile(stored, &["exif", "APP1"]).map(bare).map(Cow::Owned))
}

/// When the picture was taken.
pub(super) fn taken(bytes: &[u8]) -> Option<String> {
    let reader = reader(bytes).ok()?;
    meta::taken(&extras(bytes, &reader).1)
}

/// The eXIf chunk, which may also stand behind the pixels.
fn exif_block(bytes: &[u8]) -> Option<&[u8]> {
    let (_, block) = chunks(bytes).find(|(kind, _)| kind == b"eXIf")?;
    Some(block.strip_prefix(b"Exif\0\0").unwrap_or(block))
}

pub(super) fn probe(bytes: &[u8]) -> Result<Header, ItemError> {
    Ok(header(bytes, &reader(bytes)?))
}

/// The default image: all of a still picture, mostly the first frame of an animation.
pub(super) fn open<'a>(bytes: &'a [u8], keep: bool, cancelled: &dyn Fn() -> bool) -> Result<Decoded<'a>, ItemError> {
    let mut reader = reader(bytes)?;
    let header = header(bytes, &reader);
    plausible(bytes, &reader)?;
    let (profile, metadata) = extras(bytes, &reader);
    let (info, file_bytes) = (header.info, bytes.len() as u64);
    let rows: Box<dyn RowReader> = if reader.info().interlaced {
        let (raw, is_short) = passes(&mut reader, &info, keep, cancelled)?;
        let samples = if info.sample == SampleType::U16 {
            Samples::U16(raw.as_chunks::<2>().0.iter().map(|&pair| u16::from_be_bytes(pair)).collect())
        } else {
            Samples::U8(raw)
        };
        let rows = WholeReader::new(info, samples)?;
        // Of passes there are rows everywhere, but none is known to be whole.
        Box::new(if is_short { rows.coarse(0, file_bytes) } else { rows })
    } else {
        Box::new(PngReader { reader, info, next_row: 0, file_bytes, keep, rows_had: None })
    };
    Ok(Decoded { header, rows, profile, metadata })
}

/// The samples of rows that come in passes, as the file has them; and whether some were missing, in whose place the
/// coarser ones stand then.
fn passes(
    reader: &mut Reader<Bytes<'_>>,
    info: &ImageInfo,
    keep: bool,
    cancelled: &dyn Fn() -> bool,
) -> Result<(Vec<u8>, bool), ItemError> {
    let pixel = info.channels.count() * info.sample.size_bytes();
    let stride = info.width_px as usize * pixel;
    let mut raw = errors::zeroed::<u8>(stride as u64 * u64::from(info.height_px))?;
    let mut rows = 0;
    loop {
        if rows % 64 == 0 && cancelled() {
            return Err(ItemError::nameless(ErrorKind::Cancelled));
        }
        let row = match reader.next_interlaced_row().map_err(from_png) {
            Ok(Some(row)) => row,
            Ok(None) => return Ok((raw, false)),
            Err(error) if error.kind != ErrorKind::Truncated => return Err(error),
            Err(_) if keep && rows > 0 => return Ok((raw, true)),
            Err(_) => return Err(errors::truncated_passes(passes_whole(info, rows), 7)),
        };
        if let InterlaceInfo::Adam7(pass) = row.interlace() {
            let put = if keep { ::png::splat_interlaced_row } else { ::png::expand_interlaced_row };
            put(&mut raw, stride, row.data(), pass, pixel as u8 * 8);
        }
        rows += 1;
    }
}

/// Passes that are whole after so many rows of them (PNG, third edition, 8.1).
fn passes_whole(info: &ImageInfo, mut rows: u32) -> u32 {
    const FIRST_AND_STEP: [[u32; 4]; 7] =
        [[0, 8, 0, 8], [4, 8, 0, 8], [0, 4, 4, 8], [2, 4, 0, 4], [0, 2, 2, 4], [1, 2, 0, 2], [0, 1, 1, 2]];
    let mut whole = 0;
    for [left, right, top, down] in FIRST_AND_STEP {
        let count = |side: u32, first: u32, step: u32| side.saturating_sub(first).div_ceil(step);
        let of_pass = if count(info.width_px, left, right) == 0 { 0 } else { count(info.height_px, top, down) };
        if rows < of_pass {
            break;
        }
        (rows, whole) = (rows - of_pass, whole + 1);
    }
    whole
}

/// Every frame.
pub(super) fn open_frames(bytes: &[u8], keep: bool) -> Result<DecodedFrames<'_>, ItemError> {
    let reader = reader(bytes)?;
    let canvas = header(bytes, &reader).info;
    let Some(scan) = decode_frames::scan(bytes) else { return Err(errors::corrupt("it holds no frames")) };
    plausible(bytes, &reader)?;
    let (profile, metadata) = extras(bytes, &reader);
    Ok(DecodedFrames {
        frames: Box::new(decode_frames::PngFrames::new(reader, canvas, scan, keep)?),
        profile,
        metadata,
    })
}

/// Whether the end mark, or a part of it, is missing.
pub(super) fn ends_early(bytes: &[u8]) -> bool {
    const END: &[u8] = b"IEND\xAE\x42\x60\x82";
    !bytes.windows(END.len()).rev().any(|part| part == END)
}

/// Refuses a file that is too short for the pixels it claims.
fn plausible(bytes: &[u8], reader: &Reader<Bytes<'_>>) -> Result<(), ItemError> {
    let raw = reader.info().raw_bytes() as u64;
    if raw / MAX_DEFLATE_RATIO > bytes.len() as u64 { Err(errors::truncated()) } else { Ok(()) }
}

/// The profile and the metadata.
fn extras(bytes: &[u8], reader: &Reader<Bytes<'_>>) -> (Option<Vec<u8>>, Metadata) {
    let stored = reader.info();
    let xmp = text_chunks::xmp(stored).or_else(|| text_chunks::raw_profile(stored, &["xmp"]));
    let iptc = text_chunks::raw_profile(stored, &["iptc", "8bim"]).and_then(|block| match block.first() {
        Some(0x1C) => Some(block),
        _ => meta::iptc_in_photoshop(&block).map(<[u8]>::to_vec),
    });
    let metadata = Metadata {
        exif: exif_of(bytes, stored).map(|block| block.as_ref().into()),
        xmp: xmp.map(Into::into),
        iptc: iptc.map(Into::into),
        density: stored
            .pixel_dims
            .filter(|dims| dims.unit == Unit::Meter)
            .and_then(|dims| density::from_metre(dims.xppu, dims.yppu)),
    };
    let profile = colour_chunks::by_code_points(stored)
        .or_else(|| stored.icc_profile.as_ref().map(|profile| profile.to_vec()))
        .or_else(|| text_chunks::raw_profile(stored, &["icc", "icm"]))
        .or_else(|| colour_chunks::by_gamma(stored));
    (profile.and_then(|profile| fitting(profile, reader)), metadata)
}

/// A profile that speaks of the file's pixels: code points and primaries are those of colours, of which gray ones are the
/// axis.
fn fitting(profile: Vec<u8>, reader: &Reader<Bytes<'_>>) -> Option<Vec<u8>> {
    let is_gray = matches!(reader.output_color_type().0, ColorType::Grayscale | ColorType::GrayscaleAlpha);
    let told = reader.info();
    if !is_gray || told.icc_profile.is_some() && told.coding_independent_code_points.is_none() {
        return Some(profile);
    }
    super::colour::fitting(Some(profile.into()), Channels::Gray).map(|profile| profile.to_vec())
}

struct PngReader<'a> {
    reader: Reader<Bytes<'a>>,
    info: ImageInfo,
    next_row: u32,
    file_bytes: u64,
    /// Whether a file that ends early gives what there is.
    keep: bool,
    /// Rows that were there of a file that ended early.
    rows_had: Option<u32>,
}

impl PngReader<'_> {
    /// The next row from the file into the band.
    fn read_row(&mut self, band: &mut Band) -> Result<(), ItemError> {
        let row = self.reader.next_row().map_err(from_png)?.ok_or_else(errors::truncated)?;
        match &mut band.samples {
            Samples::U8(samples) => samples.extend_from_slice(row.data()),
            Samples::U16(samples) => {
                samples.extend(row.data().as_chunks::<2>().0.iter().map(|&pair| u16::from_be_bytes(pair)));
            }
            Samples::F32(_) => {}
        }
        Ok(())
    }

    /// What follows from a row, or the end behind the last one, that could not be read.
    fn missing(&mut self, error: ItemError) -> Result<(), ItemError> {
        if error.kind != ErrorKind::Truncated {
            return Err(error);
        }
        if !self.keep {
            return Err(errors::truncated_rows(self.next_row, self.info.height_px));
        }
        self.rows_had.get_or_insert(self.next_row);
        Ok(())
    }
}

impl RowReader for PngReader<'_> {
    fn info(&self) -> ImageInfo {
        self.info
    }

    fn read_rows(&mut self, max_rows: u32, band: &mut Band) -> Result<u32, ItemError> {
        let rows = max_rows.min(self.info.height_px - self.next_row);
        shape(band, &self.info, rows);
        match &mut band.samples {
            Samples::U8(samples) => samples.clear(),
            Samples::U16(samples) => samples.clear(),
            Samples::F32(samples) => samples.clear(),
        }
        for _ in 0..rows {
            if self.rows_had.is_none()
                && let Err(error) = self.read_row(band)
            {
                self.missing(error)?;
            }
            if self.rows_had.is_some() {
                placeholder::add_row(&mut band.samples, &self.info);
            }
            self.next_row += 1;
        }
        if rows > 0 && self.next_row == self.info.height_px && self.rows_had.is_none() {
            // The checksum behind the last pixels, and the end mark.
            if let Err(error) = self.reader.finish().map_err(from_png) {
                self.missing(error)?;
            }
        }
        Ok(rows)
    }

    fn truncation(&self) -> Option<Truncated> {
        let of_rows = self.info.height_px;
        self.rows_had.map(|rows| Truncated { rows, of_rows, bytes: self.file_bytes, frames: None })
    }
}

/// Level of deflate for pictures of a palette: what is quick for others does little for them.
const PALETTE_EFFORT: u8 = 6;

/// Bytes that encoding holds beside the file: some rows, or the whole picture where its colours are to be chosen.
pub(super) fn encoding_bytes(save: &Save, info: &ImageInfo) -> u64 {
    let pixels = u64::from(info.width_px) * u64::from(info.height_px);
    match save.palette {
        // RGBA, RGB and the places in the palette; colours in Oklab, few of them different in most pictures.
        Some(_) => pixels * (4 + 3 + 1 + 8),
        None => (info.row_samples() * info.sample.size_bytes()) as u64 * 4 + (1 << 20),
    }
}

const fn colour_type(channels: Channels) -> ColorType {
    match channels {
        Channels::Gray => ColorType::Grayscale,
        Channels::GrayAlpha => ColorType::GrayscaleAlpha,
        Channels::Rgb => ColorType::Rgb,
        Channels::Rgba => ColorType::Rgba,
    }
}

/// Streams rows into a file of 8 or 16 bits a sample; or collects them, for a palette.
pub(super) struct PngEncoder {
    effort: Option<u8>,
    palette: Option<u16>,
    extras: Extras,
    started: Option<Started>,
}

enum Started {
    Streamed(Box<Streamed>),
    Collected(Collector<u8>),
}

struct Streamed {
    info: ImageInfo,
    count: RowCount,
    rows: Rows,
    writer: ::png::StreamWriter<'static, SharedBytes>,
    out: SharedBytes,
    bytes: Vec<u8>,
}

enum Rows {
    Eight(Converter<u8>),
    Sixteen(Converter<u16>),
}

/// The stream writer owns its sink and never gives it back; this one is shared with the encoder.
#[derive(Clone, Default)]
struct SharedBytes(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

impl std::io::Write for SharedBytes {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().map_err(|_| std::io::Error::other("poisoned"))?.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl PngEncoder {
    pub(super) fn new(save: &Save, extras: Extras) -> Self {
        Self { effort: save.effort, palette: save.palette, extras, started: None }
    }

    /// A file whose header and metadata are written.
    fn file(&self, mut head: Info<'static>, out: &SharedBytes) -> Result<::png::Writer<SharedBytes>, ItemError> {
        head.icc_profile = self.extras.profile.as_ref().map(|profile| profile.to_vec().into());
        head.pixel_dims = self
            .extras
            .metadata
            .density
            .and_then(density::to_metre)
            .map(|(xppu, yppu)| PixelDimensions { xppu, yppu, unit: Unit::Meter });
        head.exif_metadata = self.extras.metadata.exif.as_ref().map(|exif| exif.to_vec().into());
        let indexed = head.color_type == ColorType::Indexed;
        let mut encoder = ::png::Encoder::with_info(out.clone(), head).map_err(encoding)?;
        match self.effort.or(indexed.then_some(PALETTE_EFFORT)) {
            None | Some(1) => encoder.set_compression(Compression::Fast),
            Some(0) => encoder.set_deflate_compression(DeflateCompression::NoCompression),
            Some(level) => encoder.set_deflate_compression(DeflateCompression::Level(level.min(9))),
        }
        // Differences between places in a palette mean nothing.
        encoder.set_filter(if indexed || self.effort == Some(0) { Filter::NoFilter } else { Filter::Adaptive });
        if let Some(xmp) = self.extras.metadata.xmp.as_ref().and_then(|xmp| std::str::from_utf8(xmp).ok()) {
            encoder.add_itxt_chunk(text_chunks::XMP_KEYWORD.to_owned(), xmp.to_owned()).map_err(encoding)?;
        }
        encoder.write_header().map_err(encoding)
    }

    fn indexed(&self, info: ImageInfo, indexed: Indexed) -> Result<Vec<u8>, ItemError> {
        let mut head = Info::with_size(info.width_px, info.height_px);
        head.color_type = ColorType::Indexed;
        let bits = indexed.bits();
        head.bit_depth = BitDepth::from_u8(bits).unwrap_or(BitDepth::Eight);
        head.palette = Some(indexed.palette.iter().flat_map(|&[r, g, b, _]| [r, g, b]).collect::<Vec<u8>>().into());
        let alphas: Vec<u8> = indexed.palette.iter().map(|colour| colour[3]).take_while(|&alpha| alpha < 255).collect();
        head.trns = (!alphas.is_empty()).then(|| alphas.into());
        let out = SharedBytes::default();
        let mut writer = self.file(head, &out)?.into_stream_writer().map_err(encoding)?;
        let mut packed = Vec::new();
        for row in indexed.indices.chunks(info.width_px as usize) {
            packed.clear();
            let groups = row.chunks(usize::from(8 / bits));
            packed.extend(groups.map(|group| {
                let byte = group.iter().fold(0, |byte, index| (byte << (bits % 8)) | index);
                byte << (usize::from(bits % 8) * (usize::from(8 / bits) - group.len()))
            }));
            std::io::Write::write_all(&mut writer, &packed).map_err(errors::cant_encode)?;
        }
        writer.finish().map_err(encoding)?;
        out.take()
    }
}

impl SharedBytes {
    fn take(&self) -> Result<Vec<u8>, ItemError> {
        let mut out = self.0.lock().map_err(|_| errors::cant_encode("poisoned"))?;
        Ok(std::mem::take(&mut *out))
    }
}

fn encoding(error: EncodingError) -> ItemError {
    errors::cant_encode(error)
}

impl RowWriter for PngEncoder {
    fn start(&mut self, info: ImageInfo) -> Result<(), ItemError> {
        if self.palette.is_some() {
            self.started = Some(Started::Collected(Collector::new(info, Channels::Rgba)?));
            return Ok(());
        }
        // Floats are what operations compute with, mostly on 8-bit pictures: they go back to 8 bits.
        let sixteen = info.sample == SampleType::U16;
        let mut head = Info::with_size(info.width_px, info.height_px);
        head.color_type = colour_type(info.channels);
        head.bit_depth = if sixteen { BitDepth::Sixteen } else { BitDepth::Eight };
        let out = SharedBytes::default();
        let writer = self.file(head, &out)?.into_stream_writer().map_err(encoding)?;
        let rows = if sixteen {
            Rows::Sixteen(Converter::new(info, info.channels))
        } else {
            Rows::Eight(Converter::new(info, info.channels))
        };
        let count = RowCount::new(info.height_px);
        self.started =
            Some(Started::Streamed(Box::new(Streamed { info, count, rows, writer, out, bytes: Vec::new() })));
        Ok(())
    }

    fn write_rows(&mut self, band: &Band) -> Result<(), ItemError> {
        use std::io::Write as _;
        let streamed = match &mut self.started {
            Some(Started::Streamed(streamed)) => streamed,
            Some(Started::Collected(rows)) => return rows.add(band),
            None => return Err(errors::cant_encode("it was not started")),
        };
        streamed.count.add(band, &streamed.info)?;
        let bytes = match &mut streamed.rows {
            Rows::Eight(converter) => converter.convert(band),
            Rows::Sixteen(converter) => {
                streamed.bytes.clear();
                streamed.bytes.extend(converter.convert(band).iter().flat_map(|sample| sample.to_be_bytes()));
                &streamed.bytes
            }
        };
        streamed.writer.write_all(bytes).map_err(errors::cant_encode)
    }
}

impl Encoder for PngEncoder {
    fn finish(mut self: Box<Self>) -> Result<Vec<u8>, ItemError> {
        match self.started.take() {
            Some(Started::Streamed(streamed)) => {
                streamed.count.complete()?;
                streamed.writer.finish().map_err(encoding)?;
                streamed.out.take()
            }
            Some(Started::Collected(rows)) => {
                let info = rows.info;
                let pixels = rows.into_pixels()?;
                let indexed = Indexed::of(&pixels, info.width_px, self.palette.unwrap_or(u16::MAX), Depth::Levels);
                drop(pixels);
                self.indexed(info, indexed)
            }
            None => Err(errors::cant_encode("it was not started")),
        }
    }
}
