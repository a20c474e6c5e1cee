//! Decoding a page: parses its tags and checks what is supported.

use std::ops::Range;

use ::tiff::decoder::ifd::Value;
use ::tiff::decoder::{Decoder, Limits};
use ::tiff::tags::Tag;
use ::tiff::{TiffError, TiffUnsupportedError};

use super::chunks::Chunks;
use super::layout::{Layout, Meaning, Reader, Stored, from_tiff};
use super::pages::{GRAY, Page, Plain, Replacement, pages, value_bytes};
use super::rows::TiffRows;
use super::{TAG_IPTC, TAG_XMP, exif_fields, lab};
use crate::codec::guard::control::DecodeControl;
use crate::codec::meta::{self, density as units, exif};
use crate::codec::spec::{DecodeOptions, Decoded, FileHeader, Header};
use crate::codec::{colour, errors};
use crate::config::MAX_SIDE_PX;
use crate::error::ItemError;
use crate::model::{Channels, Density, ImageInfo, Message, Metadata, Orientation, Part, SampleType};

/// Most samples per pixel: colours, alpha and a few more that are not shown.
const MAX_SAMPLES: usize = 32;
/// Maximum size of a tag's value: CMYK profiles have a few million bytes.
const MAX_VALUE_BYTES: usize = 64 << 20;

/// Tags by their numbers in a file.
const IMAGE_WIDTH: u16 = 256;
const BITS_PER_SAMPLE: u16 = 258;
const SAMPLES_PER_PIXEL: u16 = 277;
const TILE_WIDTH: u16 = 322;
const EXTRA_SAMPLES: u16 = 338;
const SAMPLE_FORMAT: u16 = 339;
/// Photoshop's image resources.
const TAG_PHOTOSHOP: u16 = 34_377;

/// Finds a page, and refuses camera raw files, whose pages are only thumbnails.
fn page(bytes: &[u8], number: u32) -> Result<(Page, u32), ItemError> {
    if exif::is_camera_raw(bytes) {
        return Err(errors::unsupported(raw_format(bytes)));
    }
    let pages = pages(bytes)?;
    let count = pages.len() as u32;
    let page = pages.get(number as usize).copied().ok_or_else(|| {
        let why = Message::new("tiff_no_page").count("count", u64::from(count));
        errors::unsupported(why.with("page", u64::from(number) + 1))
    })?;
    Ok((page, count))
}

/// Why a raw file can't be read: its format, by the camera's maker.
fn raw_format(bytes: &[u8]) -> Message {
    const MAKERS: [(&str, &str); 7] = [
        ("canon", "Canon (CR2)"),
        ("nikon", "Nikon (NEF)"),
        ("sony", "Sony (ARW)"),
        ("pentax", "Pentax (PEF)"),
        ("samsung", "Samsung (SRW)"),
        ("hasselblad", "Hasselblad (3FR)"),
        ("epson", "Epson (ERF)"),
    ];
    let tag = |tag| Decoder::new(std::io::Cursor::new(bytes)).ok()?.find_tag(tag).ok().flatten();
    // DNG has a tag of its own, whatever the maker.
    if tag(Tag::Unknown(50_706)).is_some() {
        return Message::new("tiff_raw").with("format", "DNG");
    }
    let maker = tag(Tag::Make).and_then(|make| make.into_string().ok()).unwrap_or_default().to_lowercase();
    match MAKERS.iter().find(|(name, _)| maker.starts_with(name)) {
        Some(&(_, format)) => Message::new("tiff_raw").with("format", format),
        None => Message::new("tiff_raw_unknown"),
    }
}

/// A decoder at the start of a page.
fn reader<'a>(bytes: &'a [u8], page: &Page) -> Result<Reader<'a>, ItemError> {
    // Lab's samples may be declared as signed, but not all of them are.
    let whole = if matches!(page.photometric, 8 | 9) { &[GRAY, (SAMPLE_FORMAT, Some(1))][..] } else { &[GRAY] };
    reader_with(bytes, page, whole)
}

/// A decoder that treats rows of samples that it does not know as rows of bytes.
fn packed_reader<'a>(bytes: &'a [u8], page: &Page, layout: &Layout) -> Result<Reader<'a>, ItemError> {
    let Stored::Whole(bits) = layout.stored else { return Err(errors::unsupported("tiff_layout")) };
    let row_bytes = |width: usize| (width * layout.samples * usize::from(bits)).div_ceil(8) as u32;
    let replacements = [
        GRAY,
        (IMAGE_WIDTH, Some(row_bytes(layout.width))),
        (TILE_WIDTH, Some(row_bytes(layout.chunk.0))),
        (BITS_PER_SAMPLE, Some(8)),
        (SAMPLES_PER_PIXEL, Some(1)),
        (SAMPLE_FORMAT, Some(1)),
        (EXTRA_SAMPLES, None),
    ];
    reader_with(bytes, page, &replacements)
}

fn reader_with<'a>(bytes: &'a [u8], page: &Page, replacements: &[Replacement]) -> Result<Reader<'a>, ItemError> {
    let mut limits = Limits::default();
    limits.ifd_value_size = bytes.len().min(MAX_VALUE_BYTES);
    limits.intermediate_buffer_size = bytes.len();
    let mut reader =
        Decoder::new(Plain::new(bytes, page, replacements)).map_err(|error| from_tiff(&error))?.with_limits(limits);
    if page.index > 0 {
        reader.seek_to_image(page.index).map_err(|error| from_tiff(&error))?;
    }
    let turned = turned(&mut reader)?;
    reader.inner().turn(turned);
    Ok(reader)
}

/// The strips or tiles, if their bytes begin with the lowest bit. JPEG data has an order of its own.
fn turned(reader: &mut Reader<'_>) -> Result<Vec<Range<u64>>, ItemError> {
    let order = numbers(reader, Tag::FillOrder).ok().flatten();
    if order.as_deref() != Some(&[2]) || matches!(number(reader, Tag::Compression, 1)?, 6 | 7) {
        return Ok(Vec::new());
    }
    let mut list = |tag| reader.find_tag_unsigned_vec::<u64>(tag).map_err(|error| from_tiff(&error));
    let mut parts = Vec::new();
    for (starts, lengths) in [(Tag::StripOffsets, Tag::StripByteCounts), (Tag::TileOffsets, Tag::TileByteCounts)] {
        if let (Some(starts), Some(lengths)) = (list(starts)?, list(lengths)?) {
            parts.extend(starts.into_iter().zip(lengths).map(|(start, length)| start..start.saturating_add(length)));
        }
    }
    Ok(parts)
}

fn numbers(reader: &mut Reader<'_>, tag: Tag) -> Result<Option<Vec<u16>>, ItemError> {
    reader.find_tag_unsigned_vec::<u16>(tag).map_err(|error| from_tiff(&error))
}

fn number(reader: &mut Reader<'_>, tag: Tag, default: u16) -> Result<u16, ItemError> {
    Ok(numbers(reader, tag)?.and_then(|numbers| numbers.first().copied()).unwrap_or(default))
}

fn layout(reader: &mut Reader<'_>, page: &Page) -> Result<Layout, ItemError> {
    let (width_px, height_px) = reader.dimensions().map_err(|error| from_tiff(&error))?;
    errors::within_limits(width_px, height_px)?;
    let chunk = reader.chunk_dimensions();
    if chunk.0 > MAX_SIDE_PX + 65_536 {
        return Err(errors::too_large(Message::new("tiff_tiles_wide").with("width", chunk.0)));
    }
    let samples = usize::from(number(reader, Tag::SamplesPerPixel, 1)?);
    if samples > MAX_SAMPLES {
        return Err(errors::unsupported(Message::new("tiff_samples").with("count", samples)));
    }
    let bits = number(reader, Tag::BitsPerSample, 1)?;
    let stored = match (number(reader, Tag::SampleFormat, 1)?, bits) {
        (1 | 4, 1 | 2 | 4 | 8 | 10 | 12 | 14 | 16 | 32) => Stored::Whole(bits as u8),
        (3, 16 | 32 | 64) => Stored::Float(bits as u8),
        (1 | 4, _) => return Err(errors::unsupported(Message::new("tiff_bits").with("bits", bits))),
        (3, _) => return Err(errors::unsupported(Message::new("tiff_float_bits").with("bits", bits))),
        (2, _) => return Err(errors::unsupported("tiff_signed")),
        _ => return Err(errors::unsupported("tiff_complex")),
    };
    let compression = number(reader, Tag::Compression, 1)?;
    let (meaning, colours) = match page.photometric {
        0 => (Meaning::Gray { white_is_zero: true }, 1),
        1 => (Meaning::Gray { white_is_zero: false }, 1),
        2 => (Meaning::Rgb, 3),
        3 => (Meaning::Palette, 1),
        5 => (Meaning::Inks, 4),
        6 => (Meaning::YCbCr, 3),
        8 => (Meaning::Lab { shifted: false }, 3),
        9 => (Meaning::Lab { shifted: true }, 3),
        10 => return Err(errors::unsupported("tiff_itu_lab")),
        32_844 | 32_845 => return Err(errors::unsupported("tiff_logluv")),
        32_803 => return Err(errors::unsupported("tiff_cfa")),
        u16::MAX => return Err(errors::corrupt("tiff_no_photometric")),
        other => return Err(errors::unsupported(Message::new("tiff_photometric").with("number", other))),
    };
    if samples < colours {
        let why = Message::new("tiff_few_samples").with("samples", samples);
        return Err(errors::corrupt(why.with("colours", colours)));
    }
    let jpeg = compression == 7;
    let planar = number(reader, Tag::PlanarConfiguration, 1)? == 2 && samples > 1;
    let predicts = number(reader, Tag::Predictor, 1)? != 1;
    // The lowest bit says whether rows are coded relative to previous rows.
    let fax = compression == 3 && number(reader, Tag::Unknown(292), 0)? & 1 == 0;
    let any = matches!(stored, Stored::Whole(8 | 16)) || matches!(meaning, Meaning::Gray { .. } | Meaning::Rgb);
    let packed = matches!(stored, Stored::Whole(10 | 12 | 14));
    if (packed && (planar || predicts)) || (fax && (stored, samples) != (Stored::Whole(1), 1)) {
        return Err(errors::unsupported("tiff_layout"));
    }
    if meaning == Meaning::YCbCr && !jpeg {
        let subsampling = numbers(reader, Tag::ChromaSubsampling)?;
        if subsampling.as_deref() != Some(&[1, 1]) {
            return Err(from_tiff(&TiffError::UnsupportedError(TiffUnsupportedError::ChromaSubsampling)));
        }
    }
    let palette = if meaning == Meaning::Palette { palette(reader, stored)? } else { Vec::new() };
    let lab = matches!(meaning, Meaning::Lab { .. });
    if (!any && meaning != Meaning::Palette) || (jpeg && (stored != Stored::Whole(8) || lab)) {
        return Err(errors::unsupported("tiff_layout"));
    }
    let alpha = match numbers(reader, Tag::ExtraSamples)?.as_deref() {
        Some([1, ..]) => Some((colours, true)),
        Some([2, ..]) => Some((colours, false)),
        // Programs treat an undeclared fourth sample as alpha.
        None if meaning == Meaning::Rgb && samples == 4 => Some((3, false)),
        _ => None,
    };
    let alpha = alpha.filter(|&(at, _)| at < samples);
    let channels = match (meaning, alpha.is_some()) {
        (Meaning::Gray { .. }, false) => Channels::Gray,
        (Meaning::Gray { .. }, true) => Channels::GrayAlpha,
        (_, false) => Channels::Rgb,
        (_, true) => Channels::Rgba,
    };
    let sample = match (meaning, stored) {
        (Meaning::Lab { .. }, _) => SampleType::U16,
        (Meaning::Palette | Meaning::YCbCr, _) | (_, Stored::Whole(..=8)) => SampleType::U8,
        (_, Stored::Whole(_) | Stored::Float(_)) => SampleType::U16,
    };
    Ok(Layout {
        width: width_px as usize,
        height: height_px as usize,
        samples,
        stored,
        meaning,
        alpha,
        planar,
        chunk: (chunk.0 as usize, chunk.1.min(height_px.max(chunk.1.min(MAX_SIDE_PX))) as usize),
        jpeg,
        fax,
        plain: compression == 1 && !predicts,
        palette,
        info: ImageInfo { width_px, height_px, channels, sample, premultiplied: false },
    })
}

/// All reds, then all greens, then all blues, in 16 bits; some programs write 8.
fn palette(reader: &mut Reader<'_>, stored: Stored) -> Result<Vec<[u8; 3]>, ItemError> {
    let Stored::Whole(bits @ (1 | 2 | 4 | 8)) = stored else { return Err(errors::unsupported("tiff_palette_size")) };
    let missing = || errors::corrupt("tiff_palette");
    let map = numbers(reader, Tag::ColorMap)?.ok_or_else(missing)?;
    let count = 1usize << bits;
    let (Some(reds), Some(greens), Some(blues)) =
        (map.get(..count), map.get(count..count * 2), map.get(count * 2..count * 3))
    else {
        return Err(missing());
    };
    let shift = if map.iter().all(|&value| value < 256) { 0 } else { 8 };
    let entries = reds.iter().zip(greens).zip(blues);
    Ok(entries.map(|((r, g), b)| [r, g, b].map(|value| (value >> shift) as u8)).collect())
}

fn header(reader: &mut Reader<'_>, layout: &Layout, pages: u32) -> Result<FileHeader, ItemError> {
    let orientation = number(reader, Tag::Orientation, 1)?;
    Ok(FileHeader { pages, ..FileHeader::still(layout.info, Orientation::from_exif(u32::from(orientation))) })
}

pub(super) fn probe(bytes: &[u8], number: u32) -> Result<FileHeader, ItemError> {
    let (page, pages) = page(bytes, number)?;
    let mut reader = reader(bytes, &page)?;
    let layout = layout(&mut reader, &page)?;
    header(&mut reader, &layout, pages)
}

pub(super) fn open<'a>(
    bytes: &'a [u8],
    options: &DecodeOptions,
    _control: &DecodeControl<'_>,
) -> Result<Decoded<'a>, ItemError> {
    let (page, pages) = page(bytes, options.page)?;
    let mut reader = reader(bytes, &page)?;
    let layout = layout(&mut reader, &page)?;
    let keep = options.keeps_truncated();
    could_hold(&mut reader, &layout, bytes, keep)?;
    let header = header(&mut reader, &layout, pages)?;
    let mut profile = value_bytes(bytes, &page, Tag::IccProfile.to_u16()).map(<[u8]>::to_vec);
    let mut metadata = Metadata { density: density(&mut reader), ..metadata(bytes, &page) };
    if !matches!(layout.meaning, Meaning::Inks | Meaning::Lab { .. }) {
        profile = profile.or_else(|| meta::implied_profile(&metadata));
    }
    let mut inks = None;
    if layout.meaning == Meaning::Inks {
        let mix = colour::Inks::new(profile.as_deref(), options.colour);
        profile = mix.profile();
        metadata.left_out.extend(mix.left_out());
        inks = Some(mix);
    }
    if matches!(layout.meaning, Meaning::Lab { .. }) {
        // A profile embedded in a Lab file describes a printing press.
        profile = lab::profile();
    }
    if matches!(layout.stored, Stored::Whole(10 | 12 | 14)) {
        reader = packed_reader(bytes, &page, &layout)?;
    }
    let rows = TiffRows::new(bytes, reader, layout, inks, keep)?;
    Ok(Decoded { header, rows: Box::new(rows), profile, metadata })
}

/// A page's metadata, without density.
fn metadata(bytes: &[u8], page: &Page) -> Metadata {
    let value = |tag| value_bytes(bytes, page, tag).filter(|value| !value.is_empty());
    let resources = meta::in_photoshop(value(TAG_PHOTOSHOP).unwrap_or_default());
    let (exif, lost_tags) = exif_fields::read(bytes);
    let lost_tags = (!lost_tags.is_empty()).then_some(Part::TiffTags(lost_tags));
    let iptc = value(TAG_IPTC.to_u16()).map(meta::unswapped_iptc).or(resources.iptc);
    Metadata {
        exif: exif.map(Into::into),
        xmp: value(TAG_XMP.to_u16()).map(Into::into),
        iptc: iptc.map(Into::into),
        left_out: resources.has_path.then_some(Part::ClippingPath).into_iter().chain(lost_tags).collect(),
        ..Metadata::default()
    }
}

/// When the image of the first page was taken.
pub(super) fn taken(bytes: &[u8]) -> Option<String> {
    let rest = || Some(metadata(bytes, pages(bytes).ok()?.first()?));
    // The file itself has the structure of an EXIF block.
    exif::taken(bytes).or_else(|| meta::taken(&rest()?))
}

/// Pixels per inch of this page.
fn density(reader: &mut Reader<'_>) -> Option<Density> {
    let mut fraction = |tag| match reader.find_tag(tag).ok().flatten()? {
        Value::Rational(top, bottom) if bottom > 0 => Some(f64::from(top) / f64::from(bottom)),
        _ => None,
    };
    let (x, y) = (fraction(Tag::XResolution)?, fraction(Tag::YResolution)?);
    match number(reader, Tag::ResolutionUnit, 2).ok()? {
        2 => units::from_inch(x, y),
        3 => units::from_cm(x, y),
        _ => None,
    }
}

/// Refuses a header that claims far more than its bytes can hold, before memory is allocated. Deflate and LZW stay
/// below 2,000 to 1; fax data, which may hold a white page in a few bytes, has only one bit per pixel.
fn could_hold(reader: &mut Reader<'_>, layout: &Layout, bytes: &[u8], keep: bool) -> Result<(), ItemError> {
    let (Stored::Whole(bits) | Stored::Float(bits)) = layout.stored;
    let bits = u64::from(bits) * layout.samples as u64;
    let raw = (layout.width as u64 * layout.height as u64).saturating_mul(bits) / 8;
    // If truncated files are accepted, uncompressed pixels may be truncated, too.
    let ratio = if number(reader, Tag::Compression, 1)? == 1 && !keep { 1 } else { 2_000 };
    if bits == 1 || raw / ratio <= bytes.len() as u64 {
        return Ok(());
    }
    let had = Chunks::of(reader)?.whole_rows(layout, bytes);
    Err(errors::truncated_rows(had, layout.info.height_px))
}

/// Bytes held while a page is read: a row of strips or tiles, as stored and as samples, and a single one.
pub(super) fn held_bytes(bytes: &[u8], header: &Header) -> u64 {
    let held = || {
        let (page, _) = page(bytes, 0).ok()?;
        let mut reader = reader(bytes, &page).ok()?;
        let layout = layout(&mut reader, &page).ok()?;
        let rows = layout.chunk.1.min(layout.height) as u64;
        // JPEG data is decoded as a whole, too.
        let copies = if layout.jpeg { 4 } else { 2 };
        Some(rows * layout.width as u64 * layout.samples as u64 * layout.sample_bytes() * copies)
    };
    held().unwrap_or(header.info.size_bytes() * 2) + (64 << 10)
}
