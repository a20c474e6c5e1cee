//! JPEG XL through jxl-oxide: images of 8 or 16 bits or floats, gray or colour, with alpha.
//!
//! The container is read here, so that the size of decompressed metadata boxes is limited.

use std::borrow::Cow;
use std::io::Read;

use jxl_oxide::color::{ColourEncoding, Primaries, WhitePoint};
use jxl_oxide::image::BitDepth;
use jxl_oxide::{
    AllocTracker, EnumColourEncoding, ExtraChannelType, HdrType, InitializeResult, JxlImage, JxlThreadPool,
    PixelFormat, RenderingIntent,
};

use crate::codec::colour::{self, BT2020, CodePoints, Hdr, ShownRows};
use crate::codec::container::bmff::{BoxType, Boxes, Fields, exif_block, truncated_box};
use crate::codec::guard::control::DecodeControl;
use crate::codec::pixels::convert;
use crate::codec::pixels::whole_image::WholeReader;
use crate::codec::spec::{DecodeOptions, Decoded, FileHeader, Header, Stripped};
use crate::codec::{errors, meta};
use crate::config::MAX_FRAMES;
use crate::error::{ErrorKind, ItemError};
use crate::model::{Channels, HdrChoice, ImageInfo, Message, Metadata, Orientation, Part, SampleType, Samples};

pub(super) const CONTAINER: &[u8] = b"\0\0\0\x0CJXL \r\n\x87\n";
pub(super) const CODESTREAM: [u8; 2] = [0xFF, 0x0A];
/// Most bytes of a decompressed metadata block that are kept.
const MAX_BLOCK_BYTES: u64 = 16 << 20;
/// Bytes of the first piece that is searched for the header; each further one is twice as long, up to the longest.
const FIRST_PIECE_BYTES: usize = 4 << 10;
const LONGEST_PIECE_BYTES: usize = 64 << 10;
/// Copies of the image in floats that decoding takes: the largest seen is three.
const COPIES: u64 = 4;
/// Bytes that decoding may take however small the image is.
pub(super) const BASE_BYTES: u64 = 64 << 20;

/// The contents of a file.
#[derive(Default)]
pub(super) struct Parts<'a> {
    pub(super) codestream: Cow<'a, [u8]>,
    /// Whether the last part of the codestream was found.
    whole: bool,
    pub(super) metadata: Metadata,
}

impl<'a> Parts<'a> {
    /// Takes a box.
    fn add(&mut self, kind: BoxType, body: &'a [u8]) -> Result<(), ItemError> {
        match &kind {
            b"jxlc" => {
                self.codestream = Cow::Borrowed(body);
                self.whole = true;
            }
            b"jxlp" => {
                let mut fields = Fields(body);
                let index = fields.u32().ok_or_else(|| errors::corrupt("jxl_part"))?;
                self.codestream.to_mut().extend_from_slice(fields.0);
                self.whole |= index >> 31 == 1;
            }
            _ => self.add_metadata(kind, body),
        }
        Ok(())
    }

    /// Takes a box of metadata; ignores others.
    fn add_metadata(&mut self, kind: BoxType, body: &[u8]) {
        match &kind {
            b"Exif" | b"xml " => keep(&mut self.metadata, kind, Cow::Borrowed(body)),
            b"brob" => {
                if let Some((inner, packed)) = body.split_first_chunk::<4>()
                    && matches!(inner, b"Exif" | b"xml ")
                    && let Some(block) = unpacked(packed)
                {
                    keep(&mut self.metadata, *inner, Cow::Owned(block));
                }
            }
            b"jumb" => self.metadata.left_out.push(Part::ContentCredentials),
            b"jhgm" => self.metadata.left_out.push(Part::GainMap),
            _ => {}
        }
    }
}

/// Splits the container into its parts; a bare codestream is the only part. If it is truncated, the codestream is.
pub(super) fn parts(bytes: &[u8]) -> Result<Parts<'_>, ItemError> {
    if !bytes.starts_with(CONTAINER) {
        return Ok(Parts { codestream: Cow::Borrowed(bytes), whole: true, metadata: Metadata::default() });
    }
    let mut parts = Parts::default();
    for found in Boxes::of_file(bytes) {
        let (kind, body) = match found {
            Ok(found) => found,
            // Truncated within metadata after the pixels, or within their last part.
            Err(_) if parts.whole => break,
            Err(error) if error.kind != ErrorKind::Truncated => return Err(error),
            Err(_) => {
                if let Some((kind, body)) = truncated_box(bytes).filter(|(kind, _)| kind.starts_with(b"jxl")) {
                    parts.add(kind, body)?;
                    parts.whole = false;
                }
                break;
            }
        };
        parts.add(kind, body)?;
    }
    if !parts.whole && parts.codestream.len() < CODESTREAM.len() {
        return Err(errors::truncated());
    }
    // The library would read another container within this one, and its boxes are not bounded.
    if parts.codestream.starts_with(&CODESTREAM) { Ok(parts) } else { Err(errors::corrupt("jxl_codestream")) }
}

/// When the image was taken.
pub(super) fn taken(bytes: &[u8]) -> Option<String> {
    let mut found = Parts::default();
    if bytes.starts_with(CONTAINER) {
        // The file may end within its pixels: boxes before them are enough.
        Boxes::of_file(bytes).map_while(Result::ok).for_each(|(kind, body)| found.add_metadata(kind, body));
    }
    meta::taken(&found.metadata)
}

/// The file without its metadata: the bare codestream, which includes the orientation.
pub(crate) fn stripped(bytes: &[u8]) -> Option<Stripped> {
    let Parts { codestream, metadata, .. } = parts(bytes).ok().filter(|parts| parts.whole)?;
    Some(Stripped { bytes: codestream.into_owned(), left_out: meta::beside_pixels(metadata) })
}

/// The first block of each kind counts.
fn keep(metadata: &mut Metadata, kind: [u8; 4], block: Cow<'_, [u8]>) {
    if &kind == b"Exif" {
        if metadata.exif.is_none() {
            metadata.exif = exif_block(&block).map(Into::into);
        }
    } else if metadata.xmp.is_none() {
        metadata.xmp = Some(block.into());
    }
}

/// The content of a Brotli stream; `None` if it is invalid or too long.
fn unpacked(packed: &[u8]) -> Option<Vec<u8>> {
    let mut block = Vec::new();
    let decompressor = brotli_decompressor::Decompressor::new(packed, FIRST_PIECE_BYTES);
    decompressor.take(MAX_BLOCK_BYTES + 1).read_to_end(&mut block).ok()?;
    (block.len() as u64 <= MAX_BLOCK_BYTES).then_some(block)
}

/// Converts an error of the library.
fn from_jxl(error: &(dyn std::error::Error + Send + Sync + 'static)) -> ItemError {
    let words = error.to_string();
    if errors::ends_early(error) || words.contains("unexpected end") {
        errors::truncated()
    } else if words.contains("out of memory") || words.contains("Out of memory") || words.contains("alloc") {
        errors::too_large("needs_too_much_memory")
    } else {
        errors::corrupt(errors::from_decoder(words))
    }
}

/// The codestream's pieces, growing, so that a header is found without reading a whole file for it.
pub(super) fn pieces(codestream: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = codestream;
    let mut length = FIRST_PIECE_BYTES;
    std::iter::from_fn(move || {
        let (piece, behind) = rest.split_at(length.min(rest.len()));
        rest = behind;
        length = (length * 2).min(LONGEST_PIECE_BYTES);
        (!piece.is_empty()).then_some(piece)
    })
}

/// Reads until the header is known; the remaining pieces stay in the iterator.
pub(super) fn initialized<'p>(
    tracker: AllocTracker,
    pieces: &mut impl Iterator<Item = &'p [u8]>,
) -> Result<JxlImage, ItemError> {
    let mut blank = JxlImage::builder().pool(JxlThreadPool::none()).alloc_tracker(tracker).build_uninit();
    for piece in pieces {
        blank.feed_bytes(piece).map_err(|error| from_jxl(error.as_ref()))?;
        match blank.try_init().map_err(|error| from_jxl(error.as_ref()))? {
            InitializeResult::NeedMoreData(still) => blank = still,
            InitializeResult::Initialized(image) => {
                errors::within_limits(image.width(), image.height())?;
                return Ok(image);
            }
        }
    }
    Err(errors::truncated())
}

pub(super) fn info(image: &JxlImage) -> Result<ImageInfo, ItemError> {
    let channels = match image.pixel_format() {
        PixelFormat::Gray => Channels::Gray,
        PixelFormat::Graya => Channels::GrayAlpha,
        PixelFormat::Rgb => Channels::Rgb,
        PixelFormat::Rgba => Channels::Rgba,
        PixelFormat::Cmyk | PixelFormat::Cmyka => {
            return Err(errors::unsupported("jxl_cmyk"));
        }
    };
    let sample = match image.image_header().metadata.bit_depth {
        BitDepth::IntegerSample { bits_per_sample: ..=8 } => SampleType::U8,
        BitDepth::IntegerSample { .. } => SampleType::U16,
        // Levels of PQ and HLG are within 0 and 1.
        BitDepth::FloatSample { .. } if hdr(image).is_some() => SampleType::U16,
        BitDepth::FloatSample { .. } => SampleType::F32,
    };
    // The library applies the orientation itself.
    Ok(ImageInfo { width_px: image.width(), height_px: image.height(), channels, sample, premultiplied: false })
}

/// Bytes that decoding takes at most, the result included: the library computes in floats, all extra channels included.
pub(super) const fn held_bytes_of(info: &ImageInfo) -> u64 {
    info.row_samples() as u64 * info.height_px as u64 * 4 * COPIES + info.size_bytes()
}

/// Bytes that decoding takes, including the result.
pub(super) fn held_bytes(_: &[u8], header: &Header) -> u64 {
    held_bytes_of(&header.info)
}

pub(super) fn probe(bytes: &[u8], _page: u32) -> Result<FileHeader, ItemError> {
    let parts = parts(bytes)?;
    let mut pieces = pieces(&parts.codestream);
    let mut image = initialized(AllocTracker::with_limit(BASE_BYTES as usize), &mut pieces)?;
    let header = FileHeader::still(info(&image)?, Orientation::Upright);
    let tone_mapped = hdr(&image).map(Hdr::name);
    Ok(FileHeader { frames: count(&mut image, pieces), tone_mapped, ..header })
}

/// Number of frames, including one that is incomplete; 1 for a still image. No pixel is decoded.
fn count<'p>(image: &mut JxlImage, pieces: impl Iterator<Item = &'p [u8]>) -> u32 {
    if image.image_header().metadata.animation.is_none() {
        return 1;
    }
    // A file whose next frame is damaged has one more, which is an error when it is read.
    let is_damaged = feed(image, pieces).is_err();
    let complete = u32::try_from(image.num_loaded_keyframes()).unwrap_or(u32::MAX);
    complete.saturating_add(u32::from(is_damaged || !image.is_loading_done())).max(1)
}

/// Reads the rest. A frame of a few bytes takes kilobytes of memory, so that a file with far too many is not read to its
/// end.
pub(super) fn feed<'p>(image: &mut JxlImage, pieces: impl Iterator<Item = &'p [u8]>) -> Result<(), ItemError> {
    for piece in pieces {
        image.feed_bytes(piece).map_err(|error| from_jxl(error.as_ref()))?;
        if image.num_loaded_frames() > MAX_FRAMES as usize {
            let why = Message::new("too_many_frames").with("frames", image.num_loaded_frames());
            return Err(errors::too_large(why.with("most", MAX_FRAMES)));
        }
    }
    Ok(())
}

/// Decoding can't be stopped within a frame, so it runs in a helper.
pub(super) fn open<'a>(
    bytes: &'a [u8],
    options: &DecodeOptions,
    _control: &DecodeControl<'_>,
) -> Result<Decoded<'a>, ItemError> {
    let Parts { codestream, metadata, .. } = parts(bytes)?;
    let Image { info, samples, profile, hdr, is_kept } = decoded(&codestream, options.hdr)?;
    let rows = ShownRows::new(WholeReader::new(info, samples)?, hdr.filter(|_| !is_kept), &mut 0.0)?;
    let header = FileHeader { tone_mapped: hdr.map(Hdr::name), ..FileHeader::still(info, Orientation::Upright) };
    Ok(Decoded { header, rows: Box::new(rows), profile, metadata })
}

/// A decoded frame.
struct Image {
    info: ImageInfo,
    samples: Samples,
    profile: Option<Vec<u8>>,
    hdr: Option<Hdr>,
    /// Whether a high dynamic range stays; otherwise the samples are still to be mapped to SDR.
    is_kept: bool,
}

/// The high dynamic range of an image.
pub(super) fn hdr(image: &JxlImage) -> Option<Hdr> {
    image.hdr_type().map(|kind| match kind {
        HdrType::Pq => Hdr::Pq,
        HdrType::Hlg => Hdr::Hlg,
    })
}

/// The first frame.
fn decoded(codestream: &[u8], choice: HdrChoice) -> Result<Image, ItemError> {
    let tracker = AllocTracker::with_limit(BASE_BYTES as usize);
    let mut pieces = pieces(codestream);
    let mut image = initialized(tracker.clone(), &mut pieces)?;
    let info = info(&image)?;
    tracker.expand_limit(usize::try_from(held_bytes_of(&info)).unwrap_or(usize::MAX / 2));
    let hdr = hdr(&image);
    let kept = hdr.filter(|_| choice == HdrChoice::Keep).map(|hdr| (hdr, own_primaries(&image, hdr)));
    if !matches!(kept, Some((_, Some(_)))) {
        prepare(&mut image, hdr);
    }
    for piece in pieces {
        if image.num_loaded_keyframes() > 0 {
            break;
        }
        image.feed_bytes(piece).map_err(|error| from_jxl(error.as_ref()))?;
    }
    if image.num_loaded_keyframes() == 0 {
        return Err(errors::truncated());
    }
    let samples = samples(&image, 0, &info)?;
    let profile = match kept {
        Some((hdr, primaries)) => CodePoints::new(primaries.unwrap_or(BT2020), hdr).profile(),
        None => profile(&image, hdr),
    };
    Ok(Image { info, samples, profile, hdr, is_kept: kept.is_some() })
}

/// The number of the primaries in which the library returns an image of this high dynamic range, unless others are requested
/// ([`prepare`]); `None` if they have no number.
fn own_primaries(image: &JxlImage, hdr: Hdr) -> Option<u16> {
    let ColourEncoding::Enum(own) = &image.image_header().metadata.colour_encoding else { return None };
    image.rendered_cicp().filter(|[_, transfer, ..]| *transfer == hdr.number())?;
    match (&own.primaries, &own.white_point) {
        (Primaries::Srgb, WhitePoint::D65) => Some(1),
        (Primaries::Bt2100, WhitePoint::D65) => Some(BT2020),
        (Primaries::P3, WhitePoint::Dci) => Some(11),
        (Primaries::P3, WhitePoint::D65) => Some(12),
        _ => None,
    }
}

/// Requests the levels of the transfer function itself, which are mapped to SDR here, and known primaries.
pub(super) fn prepare(image: &mut JxlImage, hdr: Option<Hdr>) {
    let is_gray = image.image_header().metadata.grayscale();
    match hdr.filter(|_| !is_gray) {
        Some(Hdr::Pq) => image.request_color_encoding(EnumColourEncoding::bt2100_pq(RenderingIntent::Relative)),
        Some(Hdr::Hlg) => image.request_color_encoding(EnumColourEncoding::bt2100_hlg(RenderingIntent::Relative)),
        None => {}
    }
}

/// The profile of the samples, after they are mapped to SDR.
pub(super) fn profile(image: &JxlImage, hdr: Option<Hdr>) -> Option<Vec<u8>> {
    match hdr {
        // The decoder's reading of an embedded profile is incomplete: it takes media white for that of the primaries.
        None if !image.image_header().metadata.xyb_encoded => {
            Some(image.original_icc().map_or_else(|| image.rendered_icc(), <[u8]>::to_vec))
        }
        None => Some(image.rendered_icc()),
        Some(_) if image.image_header().metadata.grayscale() => None,
        Some(_) => colour::by_primaries(BT2020),
    }
}

/// A frame's samples, with straight alpha.
pub(super) fn samples(image: &JxlImage, number: usize, info: &ImageInfo) -> Result<Samples, ItemError> {
    let render = image.render_frame(number).map_err(|error| from_jxl(error.as_ref()))?;
    let mut stream = render.stream();
    if stream.channels() as usize != info.channels.count()
        || (stream.width(), stream.height()) != (info.width_px, info.height_px)
    {
        return Err(errors::corrupt("jxl_frame"));
    }
    let len = info.row_samples() as u64 * u64::from(info.height_px);
    let mut samples = match info.sample {
        SampleType::U8 => {
            let mut samples = errors::zeroed(len)?;
            stream.write_to_buffer::<u8>(&mut samples);
            Samples::U8(samples)
        }
        SampleType::U16 => {
            let mut samples = errors::zeroed(len)?;
            stream.write_to_buffer::<u16>(&mut samples);
            Samples::U16(samples)
        }
        SampleType::F32 => {
            let mut samples = errors::zeroed(len)?;
            stream.write_to_buffer::<f32>(&mut samples);
            Samples::F32(samples)
        }
    };
    let alpha = image.image_header().metadata.ec_info.iter().find(|extra| extra.is_alpha());
    if alpha.is_some_and(|extra| matches!(extra.ty, ExtraChannelType::Alpha { alpha_associated: true })) {
        convert::straighten(&mut samples, info.channels);
    }
    Ok(samples)
}
