//! Decoding PNG through the `png` crate: row by row, interlaced files as a whole, APNG frame by frame.

use std::borrow::Cow;
use std::io::Cursor;

use ::png::{BitDepth, ColorType, Decoder, Info, InterlaceInfo, Limits, Reader, Transformations, Unit};

use super::chunks::{Bytes, chunks, from_png};
use super::text_chunks::Texts;
use super::{colour_chunks, decode_frames, salvage};
use crate::codec::animation::canvas_rows::DecodedFrames;
use crate::codec::colour::{self, Hdr, Rewind, ShownRows};
use crate::codec::errors;
use crate::codec::guard::control::DecodeControl;
use crate::codec::meta::{self, density};
use crate::codec::pixels::placeholder;
use crate::codec::pixels::whole_image::{WholeReader, shape};
use crate::codec::spec::{DecodeOptions, Decoded, FileHeader, Header};
use crate::error::{ErrorKind, ItemError};
use crate::model::{
    Band, Channels, DamagedPolicy, FrameReader, HdrChoice, ImageInfo, Metadata, Part, Remark, RowReader, SampleType,
    Samples, Truncated,
};

/// Most bytes of a decompressed colour profile.
const MAX_PROFILE_BYTES: usize = 16 << 20;
/// Deflate can't compress data by more than this: a larger claim is a bomb or a truncated file.
const MAX_DEFLATE_RATIO: u64 = 1_032;

/// Checks width and height in the header, by which the `png` crate allocates memory.
fn checked_size(bytes: &[u8]) -> Result<(), ItemError> {
    let Some(&[_, _, _, _, b'I', b'H', b'D', b'R', w3, w2, w1, w0, h3, h2, h1, h0]) = bytes.get(8..24) else {
        return Err(if bytes.len() < 24 { errors::truncated() } else { errors::corrupt("png_no_header") });
    };
    errors::within_limits(u32::from_be_bytes([w3, w2, w1, w0]), u32::from_be_bytes([h3, h2, h1, h0]))
}

/// Bytes that decoding takes: some rows, or the whole image if it is interlaced.
pub(super) fn held_bytes(bytes: &[u8], header: &Header) -> u64 {
    let row = (header.info.row_samples() * header.info.sample.size_bytes()) as u64;
    if is_interlaced(bytes) { header.info.size_bytes() } else { row * 4 + (64 << 10) }
}

/// Whether rows come in passes, so that the image is decoded as a whole.
fn is_interlaced(bytes: &[u8]) -> bool {
    bytes.get(28).is_some_and(|&method| method != 0)
}

fn reader(bytes: &[u8]) -> Result<Reader<Bytes<'_>>, ItemError> {
    checked_size(bytes)?;
    // The limit for decompressed profiles, plus the texts, which stay compressed.
    let limits = Limits { bytes: MAX_PROFILE_BYTES + bytes.len() };
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), limits);
    let shows_through =
        decode_frames::scan_any(bytes).is_some_and(|scan| scan.shows_through && (scan.frames > 1 || scan.has_fallback));
    let alpha = if shows_through { Transformations::ALPHA } else { Transformations::empty() };
    decoder.set_transformations(Transformations::EXPAND | alpha);
    decoder.read_info().map_err(from_png)
}

fn header(bytes: &[u8], reader: &Reader<Bytes<'_>>) -> FileHeader {
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
    let texts = Texts::of(bytes);
    let orientation = meta::orientation(exif_of(bytes, &texts).as_deref(), xmp_of(&texts).as_deref());
    let is_narrow = matches!(stored.bit_depth, BitDepth::One | BitDepth::Two | BitDepth::Four);
    let header =
        FileHeader::still(info, orientation).with_few_colours(is_narrow || stored.color_type == ColorType::Indexed);
    let tone_mapped = hdr(bytes, stored).map(Hdr::name);
    let treated_as_srgb = colour_chunks::treated_as_srgb(stored).filter(|_| tone_mapped.is_none());
    FileHeader { frames, treated_as_srgb, tone_mapped, ..header }
}

/// The high dynamic range of a still image. Frames of an animation are not mapped, because they must not differ.
fn hdr(bytes: &[u8], stored: &Info<'_>) -> Option<Hdr> {
    colour_chunks::hdr(bytes, stored).filter(|_| decode_frames::scan(bytes).is_none_or(|scan| scan.frames == 1))
}

/// The rows, mapped to SDR if they have a high dynamic range.
fn mapped<'a, R: Rewind + 'a>(rows: R, hdr: Option<Hdr>) -> Result<Box<dyn RowReader + 'a>, ItemError> {
    Ok(Box::new(ShownRows::new(rows, hdr, &mut 0.0)?))
}

/// The EXIF block, wherever it is.
fn exif_of<'b>(bytes: &'b [u8], texts: &Texts) -> Option<Cow<'b, [u8]>> {
    let bare = |block: Vec<u8>| block.strip_prefix(b"Exif\0\0").map(<[u8]>::to_vec).unwrap_or(block);
    let raw = || texts.raw_profiles(&["exif", "APP1"]).find(|block| !block.starts_with(XMP_NAME));
    exif_block(bytes).map(Cow::Borrowed).or_else(|| raw().map(bare).map(Cow::Owned))
}

/// The name of XMP in a segment of a JPEG file, which some programs keep as a profile.
const XMP_NAME: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";

/// The XMP packet.
fn xmp_of(texts: &Texts) -> Option<Vec<u8>> {
    let segment = || texts.raw_profiles(&["APP1"]).find_map(|block| block.strip_prefix(XMP_NAME).map(<[u8]>::to_vec));
    texts.xmp().or_else(|| texts.raw_profiles(&["xmp"]).next()).or_else(segment)
}

/// When the image was taken.
pub(super) fn taken(bytes: &[u8]) -> Option<String> {
    let reader = reader(bytes).ok()?;
    meta::taken(&extras(bytes, &reader, None).1)
}

/// The eXIf chunk, which may also come after the pixels.
fn exif_block(bytes: &[u8]) -> Option<&[u8]> {
    let (_, block) = chunks(bytes).find(|(kind, _)| kind == b"eXIf")?;
    Some(block.strip_prefix(b"Exif\0\0").unwrap_or(block))
}

pub(in crate::codec) fn probe(bytes: &[u8], _page: u32) -> Result<FileHeader, ItemError> {
    Ok(header(bytes, &reader(bytes)?))
}

/// The first frame: a still image's default image, and usually an animation's.
pub(in crate::codec) fn open<'a>(
    bytes: &'a [u8],
    options: &DecodeOptions,
    control: &DecodeControl<'_>,
) -> Result<Decoded<'a>, ItemError> {
    let keep = options.keeps_truncated();
    let mut reader = reader(bytes)?;
    let header = header(bytes, &reader);
    plausible(bytes, &reader)?;
    let hdr = hdr(bytes, reader.info());
    let (profile, metadata) = extras(bytes, &reader, hdr);
    let kept = hdr.filter(|_| options.hdr == HdrChoice::Keep);
    let profile = kept.map_or(profile, |hdr| colour_chunks::kept(reader.info(), hdr));
    let hdr = hdr.filter(|_| kept.is_none());
    if options.keeps_damaged()
        && let Some(file) = salvage::salvaged(bytes, decompressed_bytes(reader.info()))
    {
        // They were mapped when that file was read.
        let rows = Box::new(first_rows(&file, &header.info, options.hdr, control)?);
        return Ok(Decoded { header, rows, profile, metadata });
    }
    let (info, file_bytes) = (header.info, bytes.len() as u64);
    if let Some(scan) = decode_frames::scan_any(bytes).filter(|scan| scan.has_fallback) {
        let rows = mapped(first_frame(reader, header.info, scan, keep)?, hdr)?;
        return Ok(Decoded { header, rows, profile, metadata });
    }
    let rows = if reader.info().interlaced {
        let accepts = (keep, options.keeps_damaged());
        let (raw, end) = passes(&mut reader, &info, accepts, control.cancelled)?;
        let samples = if info.sample == SampleType::U16 {
            Samples::U16(raw.as_chunks::<2>().0.iter().map(|&pair| u16::from_be_bytes(pair)).collect())
        } else {
            Samples::U8(raw)
        };
        let rows = WholeReader::new(info, samples)?;
        // Interlaced rows are spread over the image; none is known to be complete.
        let rows = match end {
            End::Whole => rows,
            End::Short => rows.coarse(0, file_bytes),
            End::Damaged => rows.damaged(),
        };
        mapped(rows, hdr)?
    } else {
        let keep_damaged = options.keeps_damaged();
        let rows =
            PngReader { reader, info, next_row: 0, bytes, keep, keep_damaged, is_damaged: false, rows_had: None };
        mapped(rows, hdr)?
    };
    Ok(Decoded { header, rows, profile, metadata })
}

/// The rows of a file that was salvaged from a damaged one.
fn first_rows(
    file: &[u8],
    info: &ImageInfo,
    hdr: HdrChoice,
    control: &DecodeControl<'_>,
) -> Result<WholeReader, ItemError> {
    // It has no damage of this kind.
    let options = DecodeOptions { damaged: DamagedPolicy::Keep, hdr, ..DecodeOptions::default() };
    let mut opened = open(file, &options, control)?;
    let mut band = Band::empty(info);
    opened.rows.read_rows(info.height_px, &mut band)?;
    match opened.rows.truncation() {
        Some(Truncated { rows: 0, .. }) if !is_interlaced(file) => Err(errors::corrupt("no_image")),
        _ => Ok(WholeReader::new(*info, band.samples)?.damaged()),
    }
}

/// The first frame of an animation whose default image is not part of it.
fn first_frame(
    reader: Reader<Bytes<'_>>,
    info: ImageInfo,
    scan: decode_frames::Scan,
    keep: bool,
) -> Result<WholeReader, ItemError> {
    let mut frames = decode_frames::PngFrames::new(reader, info, scan, keep)?;
    frames.next_frame()?.ok_or_else(|| errors::corrupt("no_frames"))?;
    let mut band = Band::empty(&info);
    frames.rows().read_rows(info.height_px, &mut band)?;
    WholeReader::new(info, band.samples)
}

/// How the passes of an interlaced image end.
enum End {
    Whole,
    /// The file ends before the last one.
    Short,
    Damaged,
}

/// The samples of interlaced rows as stored, and whether some were missing. Missing ones are filled in from the coarser
/// passes, if a truncated or a damaged file is accepted.
fn passes(
    reader: &mut Reader<Bytes<'_>>,
    info: &ImageInfo,
    (keep, keep_damaged): (bool, bool),
    cancelled: &dyn Fn() -> bool,
) -> Result<(Vec<u8>, End), ItemError> {
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
            Ok(None) => return Ok((raw, End::Whole)),
            Err(error) if error.kind == ErrorKind::Corrupt && keep_damaged && rows > 0 => {
                return Ok((raw, End::Damaged));
            }
            Err(error) if error.kind != ErrorKind::Truncated => return Err(error),
            Err(_) if keep && rows > 0 => return Ok((raw, End::Short)),
            Err(_) => return Err(errors::truncated_passes(complete_passes(info, rows), 7)),
        };
        if let InterlaceInfo::Adam7(pass) = row.interlace() {
            let put = if keep { ::png::splat_interlaced_row } else { ::png::expand_interlaced_row };
            put(&mut raw, stride, row.data(), pass, pixel as u8 * 8);
        }
        rows += 1;
    }
}

/// Width and height in px of the seven passes of an interlaced image (PNG, third edition, 8.1).
fn pass_sizes(width_px: u32, height_px: u32) -> [(u32, u32); 7] {
    const FIRST_AND_STEP: [[u32; 4]; 7] =
        [[0, 8, 0, 8], [4, 8, 0, 8], [0, 4, 4, 8], [2, 4, 0, 4], [0, 2, 2, 4], [1, 2, 0, 2], [0, 1, 1, 2]];
    let count = |side: u32, first: u32, step: u32| side.saturating_sub(first).div_ceil(step);
    FIRST_AND_STEP.map(|[left, right, top, down]| (count(width_px, left, right), count(height_px, top, down)))
}

/// Bytes of all rows with those of their filters.
fn decompressed_bytes(stored: &Info<'_>) -> usize {
    if !stored.interlaced {
        return stored.raw_bytes();
    }
    let passes = pass_sizes(stored.width, stored.height).into_iter().filter(|&(width, _)| width > 0);
    passes.map(|(width, height)| height as usize * stored.raw_row_length_from_width(width)).sum()
}

/// The number of complete passes after this many rows.
fn complete_passes(info: &ImageInfo, mut rows: u32) -> u32 {
    let mut whole = 0;
    for (width, height) in pass_sizes(info.width_px, info.height_px) {
        let of_pass = if width == 0 { 0 } else { height };
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
    let Some(scan) = decode_frames::scan(bytes) else { return Err(errors::corrupt("no_frames")) };
    plausible(bytes, &reader)?;
    let (profile, metadata) = extras(bytes, &reader, None);
    Ok(DecodedFrames {
        frames: Box::new(decode_frames::PngFrames::new(reader, canvas, scan, keep)?),
        profile,
        metadata,
    })
}

/// Whether the end marker, or a part of it, is missing.
pub(super) fn is_truncated(bytes: &[u8]) -> bool {
    const END: &[u8] = b"IEND\xAE\x42\x60\x82";
    !bytes.windows(END.len()).rev().any(|part| part == END)
}

/// Refuses a file that is too short for the pixels it claims.
fn plausible(bytes: &[u8], reader: &Reader<Bytes<'_>>) -> Result<(), ItemError> {
    let raw = reader.info().raw_bytes() as u64;
    if raw / MAX_DEFLATE_RATIO > bytes.len() as u64 { Err(errors::truncated()) } else { Ok(()) }
}

/// The profile and the metadata.
fn extras(bytes: &[u8], reader: &Reader<Bytes<'_>>, hdr: Option<Hdr>) -> (Option<Vec<u8>>, Metadata) {
    let stored = reader.info();
    let texts = Texts::of(bytes);
    let xmp = xmp_of(&texts);
    let iptc = texts.raw_profiles(&["iptc", "8bim"]).next().and_then(|block| match block.first() {
        Some(0x1C) => Some(block),
        _ => meta::in_photoshop(&block).iptc,
    });
    let raw_icc = texts.raw_profiles(&["icc", "icm"]).next();
    let has_credentials = chunks(bytes).any(|(kind, _)| kind == *b"caBX");
    let mut metadata = Metadata {
        exif: exif_of(bytes, &texts).map(|block| block.as_ref().into()),
        xmp: xmp.map(Into::into),
        iptc: iptc.map(Into::into),
        density: stored
            .pixel_dims
            .filter(|dims| dims.unit == Unit::Meter)
            .and_then(|dims| density::from_metre(dims.xppu, dims.yppu)),
        texts: texts.into_texts(),
        left_out: if has_credentials { vec![Part::ContentCredentials] } else { Vec::new() },
    };
    if hdr.is_some() {
        let is_gray = colour_count(reader) == 1;
        return (colour_chunks::after_mapping(stored).filter(|_| !is_gray), metadata);
    }
    let code_points = colour_chunks::by_code_points(stored);
    let embedded = stored.icc_profile.as_ref().map(|profile| profile.to_vec()).or(raw_icc);
    let is_broken = embedded.is_none() && chunks(bytes).any(|(kind, _)| kind == *b"iCCP");
    // As in libpng: the profile of a gray image is one of gray.
    let is_gray = colour_count(reader) == 1;
    let embedded = embedded
        .map_or(Ok(None), |profile| if is_gray && is_of_colours(&profile) { Err(()) } else { Ok(Some(profile)) });
    if code_points.is_none() && (is_broken || embedded.is_err()) {
        metadata.left_out.push(Part::UnusableProfile);
    }
    let profile = code_points
        .or_else(|| embedded.ok().flatten())
        .or_else(|| colour_chunks::by_gamma(stored))
        .or_else(|| colour_chunks::are_missing(stored).then(|| meta::implied_profile(&metadata)).flatten());
    (profile.and_then(|profile| fitting(profile, reader)), metadata)
}

/// Whether a profile is one of red, green and blue (ICC.1, 7.2.8).
fn is_of_colours(profile: &[u8]) -> bool {
    profile.get(16..20) == Some(b"RGB ")
}

fn colour_count(reader: &Reader<Bytes<'_>>) -> usize {
    if matches!(reader.output_color_type().0, ColorType::Grayscale | ColorType::GrayscaleAlpha) { 1 } else { 3 }
}

/// A profile that fits the file's pixels: code points and primaries describe colours, and gray pixels are on their
/// axis.
fn fitting(profile: Vec<u8>, reader: &Reader<Bytes<'_>>) -> Option<Vec<u8>> {
    if colour_count(reader) > 1 || !is_of_colours(&profile) {
        return Some(profile);
    }
    colour::fitting(Some(profile.into()), Channels::Gray).map(|profile| profile.to_vec())
}

struct PngReader<'a> {
    reader: Reader<Bytes<'a>>,
    info: ImageInfo,
    next_row: u32,
    bytes: &'a [u8],
    /// Whether to accept a truncated file, and a damaged one.
    keep: bool,
    keep_damaged: bool,
    /// Whether there was damage.
    is_damaged: bool,
    /// Rows that a truncated or damaged file has.
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

    /// Handles a row, or the end after the last one, that could not be read.
    fn missing(&mut self, error: ItemError) -> Result<(), ItemError> {
        if error.kind == ErrorKind::Corrupt && self.keep_damaged && self.next_row > 0 {
            self.is_damaged = true;
            self.rows_had.get_or_insert(self.next_row);
            return Ok(());
        }
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

impl Rewind for PngReader<'_> {
    fn rewind(&mut self) {
        // The same bytes were read before.
        if let Ok(reader) = reader(self.bytes) {
            self.reader = reader;
            (self.next_row, self.is_damaged, self.rows_had) = (0, false, None);
        }
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
            // The checksum after the last pixels, and the end marker.
            if let Err(error) = self.reader.finish().map_err(from_png) {
                self.missing(error)?;
            }
        }
        Ok(rows)
    }

    fn remark(&self) -> Option<Remark> {
        self.is_damaged.then_some(Remark::Damaged)
    }

    fn truncation(&self) -> Option<Truncated> {
        let of_rows = self.info.height_px;
        self.rows_had.filter(|_| !self.is_damaged).map(|rows| Truncated {
            rows,
            of_rows,
            bytes: self.bytes.len() as u64,
            frames: None,
        })
    }
}
