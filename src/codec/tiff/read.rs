//! Decoding a page: checks what its tags say and what is supported.

use super::chunks::Chunks;
use super::decompress::Method;
#[cfg(feature = "raw")]
use super::directory::first;
use super::directory::{self, Directory, pages, tag};
use super::layout::{Layout, Meaning, Predictor, Stored};
use super::predict;
use super::rows::TiffRows;
use super::{TAG_IPTC, TAG_XMP, exif_fields, lab};
use crate::codec::guard::control::DecodeControl;
use crate::codec::meta::{self, density as units, exif};
use crate::codec::pixels::ycbcr::YCbCr;
use crate::codec::spec::{DecodeOptions, Decoded, FileHeader, Header};
use crate::codec::{colour, errors};
use crate::config::MAX_SIDE_PX;
use crate::error::ItemError;
use crate::model::{Channels, Density, ImageInfo, Message, Metadata, Orientation, Original, Part, SampleType};

/// Most samples per pixel: colours, alpha and a few more that are not shown.
const MAX_SAMPLES: u64 = 32;
/// Photoshop's image resources.
const TAG_PHOTOSHOP: u16 = 34_377;

/// Finds a page, and refuses camera raw files, whose pages are only thumbnails.
fn page(bytes: &[u8], number: u32) -> Result<(Directory<'_>, u32), ItemError> {
    if exif::is_camera_raw(bytes) {
        let first = directory::page(bytes, 0).ok().and_then(|(page, _)| page);
        return Err(errors::unsupported(raw_format(first.as_ref())));
    }
    match directory::page(bytes, number)? {
        (Some(page), count) => Ok((page, count)),
        (None, count) => {
            let why = Message::new("tiff_no_page").count("count", u64::from(count));
            Err(errors::unsupported(why.with("page", u64::from(number) + 1)))
        }
    }
}

/// Why a raw file can't be read: its format, by the camera's maker.
fn raw_format(page: Option<&Directory<'_>>) -> Message {
    const MAKERS: [(&str, &str); 7] = [
        ("canon", "Canon (CR2)"),
        ("nikon", "Nikon (NEF)"),
        ("sony", "Sony (ARW)"),
        ("pentax", "Pentax (PEF)"),
        ("samsung", "Samsung (SRW)"),
        ("hasselblad", "Hasselblad (3FR)"),
        ("epson", "Epson (ERF)"),
    ];
    let tag = |tag| page?.data(tag);
    // DNG has a tag of its own, whatever the maker.
    if tag(tag::DNG_VERSION).is_some() {
        return Message::new("tiff_raw").with("format", "DNG");
    }
    let maker = String::from_utf8_lossy(tag(tag::MAKE).unwrap_or_default()).to_lowercase();
    match MAKERS.iter().find(|(name, _)| maker.starts_with(name)) {
        Some(&(_, format)) => Message::new("tiff_raw").with("format", format),
        None => Message::new("tiff_raw_unknown"),
    }
}

/// A number that is at most 65,535 in valid files.
fn small(page: &Directory<'_>, tag: u16, default: u64) -> Result<u64, ItemError> {
    Ok(page.number(tag, default)?.min(u64::from(u16::MAX)))
}

/// How samples are stored.
fn stored(page: &Directory<'_>, samples: usize) -> Result<Stored, ItemError> {
    let mut all = page.numbers(tag::BITS_PER_SAMPLE)?.unwrap_or_else(|| vec![1]);
    all.truncate(samples.max(1));
    let bits = all.first().copied().unwrap_or(1).min(255) as u8;
    let unsupported = |id| Err(errors::unsupported(Message::new(id).with("bits", bits)));
    if all.iter().any(|&other| other != u64::from(bits)) {
        return Err(errors::unsupported("tiff_layout"));
    }
    match (small(page, tag::SAMPLE_FORMAT, 1)?, bits) {
        (3, 16 | 24 | 32 | 64) => Ok(Stored::Float(bits)),
        (3, _) => unsupported("tiff_float_bits"),
        (2, _) if bits > 1 && small(page, tag::PHOTOMETRIC, 1)? & !1 != 8 => Err(errors::unsupported("tiff_signed")),
        (5 | 6, _) => Err(errors::unsupported("tiff_complex")),
        // Some programs write 0 or other numbers for whole numbers.
        (_, 1..=32 | 64) => Ok(Stored::Whole(bits)),
        _ => unsupported("tiff_bits"),
    }
}

/// What samples mean, and the number of colours. A missing photometric interpretation is guessed as libtiff does.
fn meaning(page: &Directory<'_>, samples: u64, method: Method) -> Result<(Meaning, usize), ItemError> {
    let extra = page.numbers(tag::EXTRA_SAMPLES)?.map_or(0, |list| list.len() as u64);
    let has_inks = page.numbers(tag::INK_SET)?.is_some();
    let guess = match samples.saturating_sub(extra) {
        _ if matches!(method, Method::Fax(_)) => 0,
        _ if page.numbers(tag::COLOR_MAP)?.is_some() => 3,
        4 if has_inks => 5,
        3 | 4 => 2,
        _ => 1,
    };
    Ok(match small(page, tag::PHOTOMETRIC, guess)? {
        0 => (Meaning::Gray { white_is_zero: true }, 1),
        // A mask of its own.
        1 | 4 => (Meaning::Gray { white_is_zero: false }, 1),
        2 => (Meaning::Rgb, 3),
        3 => (Meaning::Palette, 1),
        5 => (Meaning::Inks, 4),
        // Old scanners declare gray JPEG data so.
        6 if samples == 1 => (Meaning::Gray { white_is_zero: false }, 1),
        6 => (Meaning::YCbCr, 3),
        8 => (Meaning::Lab { shifted: false }, 3),
        9 => (Meaning::Lab { shifted: true }, 3),
        10 => return Err(errors::unsupported("tiff_itu_lab")),
        32_844 | 32_845 => return Err(errors::unsupported("tiff_logluv")),
        32_803 => return Err(errors::unsupported("tiff_cfa")),
        other => return Err(errors::unsupported(Message::new("tiff_photometric").with("number", other))),
    })
}

/// Width and height in px, and those of a strip or tile.
type Sizes = ((u32, u32), (usize, usize));

fn size(page: &Directory<'_>) -> Result<Sizes, ItemError> {
    let side = |tag| -> Result<u32, ItemError> {
        let px = page.number(tag, 0)?;
        Ok(u32::try_from(px).unwrap_or(u32::MAX))
    };
    let (width_px, height_px) = (side(tag::IMAGE_WIDTH)?, side(tag::IMAGE_LENGTH)?);
    errors::within_limits(width_px, height_px)?;
    let is_tiled = page.numbers(tag::TILE_WIDTH)?.is_some();
    let chunk = if is_tiled {
        (side(tag::TILE_WIDTH)?, side(tag::TILE_LENGTH)?)
    } else {
        // 0 is written for the whole height, too.
        let rows = side(tag::ROWS_PER_STRIP)?;
        (width_px, if rows == 0 { height_px } else { rows.min(height_px) })
    };
    if chunk.0 > MAX_SIDE_PX + 65_536 {
        return Err(errors::too_large(Message::new("tiff_tiles_wide").with("width", chunk.0)));
    }
    if chunk.0 == 0 || chunk.1 == 0 {
        return Err(errors::corrupt("tiff_no_strips"));
    }
    Ok(((width_px, height_px), (chunk.0 as usize, chunk.1.min(height_px.max(MAX_SIDE_PX)) as usize)))
}

/// Which sample is alpha, and whether colours are multiplied by it.
fn alpha(
    page: &Directory<'_>,
    meaning: Meaning,
    colours: usize,
    samples: usize,
) -> Result<Option<(usize, bool)>, ItemError> {
    let alpha = match page.numbers(tag::EXTRA_SAMPLES)?.as_deref() {
        Some([1, ..]) => Some((colours, true)),
        Some([2, ..]) => Some((colours, false)),
        // Programs treat an undeclared fourth sample as alpha.
        None if meaning == Meaning::Rgb && samples == 4 => Some((3, false)),
        _ => None,
    };
    Ok(alpha.filter(|&(at, _)| at < samples))
}

fn subsampling(page: &Directory<'_>) -> Result<(usize, usize), ItemError> {
    match page.numbers(tag::YCBCR_SUBSAMPLING)?.as_deref() {
        None => Ok((2, 2)),
        Some(&[across @ (1 | 2 | 4), down @ (1 | 2 | 4), ..]) => Ok((across as usize, down as usize)),
        Some(_) => Err(errors::unsupported("tiff_subsampling")),
    }
}

pub(super) fn layout(page: &Directory<'_>) -> Result<Layout, ItemError> {
    let ((width_px, height_px), mut chunk) = size(page)?;
    let method = Method::of(small(page, tag::COMPRESSION, 1)?, page.number(tag::GROUP3_OPTIONS, 0)?)?;
    let bits_listed = page.numbers(tag::BITS_PER_SAMPLE)?.map_or(1, |list| list.len() as u64);
    let guess = match small(page, tag::PHOTOMETRIC, 1)? {
        2 | 6 if method == Method::OldJpeg => 3,
        _ => bits_listed,
    };
    let samples = page.number(tag::SAMPLES_PER_PIXEL, guess)?;
    if samples > MAX_SAMPLES {
        return Err(errors::unsupported(Message::new("tiff_samples").with("count", samples)));
    }
    let (mut meaning, colours) = meaning(page, samples, method)?;
    let samples = samples as usize;
    let mut stored = stored(page, samples)?;
    if samples < colours {
        let why = Message::new("tiff_few_samples").with("samples", samples);
        return Err(errors::corrupt(why.with("colours", colours)));
    }
    let is_jpeg = matches!(method, Method::Jpeg | Method::OldJpeg);
    let planar = small(page, tag::PLANAR, 1)? == 2 && samples > 1 && method != Method::OldJpeg;
    let predictor = match small(page, tag::PREDICTOR, 1)? {
        2 if matches!(method, Method::Lzw | Method::Deflate | Method::Zstd) => Predictor::Horizontal,
        3 if matches!(method, Method::Lzw | Method::Deflate | Method::Zstd) => Predictor::Float,
        _ => Predictor::None,
    };
    if method == Method::OldJpeg {
        // Some files leave the number of bits out.
        (stored, chunk) = (Stored::Whole(8), (width_px as usize, height_px as usize));
    }
    let is_lab = matches!(meaning, Meaning::Lab { .. });
    let fits = match method {
        Method::Fax(_) => stored == Stored::Whole(1) && (samples == 1 || planar),
        Method::ThunderScan => (stored, samples) == (Stored::Whole(4), 1),
        Method::Next => (stored, samples) == (Stored::Whole(2), 1),
        Method::WebP => (stored, planar) == (Stored::Whole(8), false) && matches!(samples, 3 | 4),
        Method::Jpeg | Method::OldJpeg => !is_lab && matches!(stored, Stored::Whole(8 | 12 | 16)),
        _ => true,
    };
    let fits_meaning = match meaning {
        Meaning::Gray { .. } | Meaning::Rgb => true,
        Meaning::Palette => matches!(stored, Stored::Whole(1..=8 | 16)),
        Meaning::Inks => matches!(stored, Stored::Whole(_)),
        Meaning::YCbCr => stored == Stored::Whole(8),
        Meaning::Lab { .. } => matches!(stored, Stored::Whole(8 | 16)),
    };
    if !fits || !fits_meaning || !predict::is_supported(predictor, stored) {
        return Err(errors::unsupported("tiff_layout"));
    }
    let jpeg_is_ycbcr = is_jpeg && meaning == Meaning::YCbCr && !planar;
    if jpeg_is_ycbcr {
        meaning = Meaning::Rgb;
    }
    let alpha = alpha(page, meaning, colours, samples)?;
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
    let subsampling = if meaning == Meaning::YCbCr || method == Method::OldJpeg { subsampling(page)? } else { (1, 1) };
    let reals = |tag| page.reals(tag);
    let ycbcr = YCbCr::new(reals(tag::YCBCR_COEFFICIENTS).as_deref(), reals(tag::REFERENCE_BLACK_WHITE).as_deref());
    let palette = if meaning == Meaning::Palette { palette(page, stored)? } else { Vec::new() };
    Ok(Layout {
        width: width_px as usize,
        height: height_px as usize,
        samples,
        stored,
        meaning,
        alpha,
        planar,
        chunk,
        method,
        predictor,
        is_reversed: small(page, tag::FILL_ORDER, 1)? == 2 && !is_jpeg,
        is_swapped: page.is_little_endian() != cfg!(target_endian = "little"),
        jpeg_is_ycbcr,
        subsampling,
        ycbcr,
        palette,
        info: ImageInfo { width_px, height_px, channels, sample, premultiplied: false },
    })
}

/// All reds, then all greens, then all blues, in 16 bits; some programs write 8.
fn palette(page: &Directory<'_>, stored: Stored) -> Result<Vec<[u8; 3]>, ItemError> {
    let Stored::Whole(bits) = stored else { return Err(errors::unsupported("tiff_palette_size")) };
    let missing = || errors::corrupt("tiff_palette");
    let map = page.numbers(tag::COLOR_MAP)?.ok_or_else(missing)?;
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

fn header(page: &Directory<'_>, layout: &Layout, pages: u32) -> Result<FileHeader, ItemError> {
    let orientation = small(page, tag::ORIENTATION, 1)?;
    let has_few_colours = layout.meaning == Meaning::Palette || matches!(layout.stored, Stored::Whole(..8));
    let original = Original { compression: layout.method.as_written(), has_few_colours };
    Ok(FileHeader { pages, original, ..FileHeader::still(layout.info, Orientation::from_exif(orientation as u32)) })
}

pub(super) fn probe(bytes: &[u8], number: u32) -> Result<FileHeader, ItemError> {
    let (page, pages) = page(bytes, number)?;
    let layout = layout(&page)?;
    header(&page, &layout, pages)
}

pub(super) fn open<'a>(
    bytes: &'a [u8],
    options: &DecodeOptions,
    _control: &DecodeControl<'_>,
) -> Result<Decoded<'a>, ItemError> {
    let (page, pages) = page(bytes, options.page)?;
    let layout = layout(&page)?;
    let keep = options.keeps_truncated();
    let chunks = Chunks::of(&page, &layout)?;
    could_hold(&chunks, &layout, bytes, keep)?;
    let header = header(&page, &layout, pages)?;
    let mut profile = page.data(tag::ICC_PROFILE).map(<[u8]>::to_vec);
    let mut metadata = Metadata { density: density(&page), ..metadata(&page) };
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
    let rows = TiffRows::new(page, layout, chunks, inks, (keep, options.keeps_damaged()))?;
    Ok(Decoded { header, rows: Box::new(rows), profile, metadata })
}

/// A page's metadata, without density.
fn metadata(page: &Directory<'_>) -> Metadata {
    let value = |tag| page.data(tag).filter(|value| !value.is_empty());
    let resources = meta::in_photoshop(value(TAG_PHOTOSHOP).unwrap_or_default());
    let (exif, lost_tags) = exif_fields::read(page);
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

/// What the first directory of a file says about its image, whatever its pixels are.
#[cfg(feature = "raw")]
pub(in crate::codec) fn described(bytes: &[u8]) -> Option<Metadata> {
    let first = first(bytes)?;
    Some(Metadata { density: density(&first), left_out: Vec::new(), ..metadata(&first) })
}

/// When the image of the first page was taken.
pub(super) fn taken(bytes: &[u8]) -> Option<String> {
    let rest = || Some(metadata(pages(bytes).ok()?.first()?));
    // The file itself has the structure of an EXIF block.
    exif::taken(bytes).or_else(|| meta::taken(&rest()?))
}

/// Pixels per inch of this page.
fn density(page: &Directory<'_>) -> Option<Density> {
    let inches = |tag| page.reals(tag)?.first().copied();
    let (x, y) = (inches(tag::X_RESOLUTION)?, inches(tag::Y_RESOLUTION)?);
    match page.number(tag::RESOLUTION_UNIT, 2).ok()? {
        2 => units::from_inch(x, y),
        3 => units::from_cm(x, y),
        _ => None,
    }
}

/// Refuses a header that claims far more than its bytes can hold, before memory is allocated. Fax data, which may hold a
/// white page in a few bytes, has only one bit per pixel.
fn could_hold(chunks: &Chunks, layout: &Layout, bytes: &[u8], keep: bool) -> Result<(), ItemError> {
    let bits = (layout.bits() * layout.samples) as u64;
    let raw = (layout.width as u64 * layout.height as u64).saturating_mul(bits) / 8;
    // If truncated files are accepted, uncompressed pixels may be truncated, too. Chroma may be shared by 16 pixels.
    let ratio = match layout.method {
        Method::Plain if keep => 2_000,
        Method::Plain if layout.meaning == Meaning::YCbCr => 3,
        method => method.most_ratio(),
    };
    if bits == 1 || raw / ratio <= bytes.len() as u64 {
        return Ok(());
    }
    Err(errors::truncated_rows(chunks.whole_rows(layout, bytes), layout.info.height_px))
}

/// Bytes held while a page is read: a row of strips or tiles, as stored and as samples, and a single one.
pub(super) fn held_bytes(bytes: &[u8], header: &Header) -> u64 {
    let held = || {
        let (page, _) = page(bytes, 0).ok()?;
        let layout = layout(&page).ok()?;
        let rows = layout.chunk.1.min(layout.height) as u64;
        // Images in it are decoded as a whole, too.
        let copies = if layout.method.is_image() { 4 } else { 2 };
        Some(rows * layout.width as u64 * layout.samples as u64 * layout.sample_bytes() * copies)
    };
    held().unwrap_or(header.info.size_bytes() * 2) + (64 << 10)
}
