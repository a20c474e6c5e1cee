//! Decoding JPEG 2000: gray or RGB of any depth up to 16 bits in the result, with alpha, in the colours of its profile.

use hayro_jpeg2000::error::{DecodeError, DecodingError, FormatError, MarkerError};
use hayro_jpeg2000::{ColorSpace, ComponentData, DecodeSettings, DecoderContext, Image};

use super::{blocks, codestream};
use crate::codec::guard::control::DecodeControl;
use crate::codec::pixels::whole_image::WholeReader;
use crate::codec::spec::{DecodeOptions, Decoded, FileHeader, Header};
use crate::codec::{errors, meta};
use crate::error::ItemError;
use crate::model::{Channels, ImageInfo, Message, Metadata, SampleType, Samples};

/// Bytes per sample while it is decoded: coefficients, wavelets, the result and its copy.
const BYTES_PER_SAMPLE: u64 = 28;

/// Maximum bytes for decoding. Palettes store fewer components than the image has.
pub(super) fn held_bytes(bytes: &[u8], header: &Header) -> u64 {
    let samples = header.info.pixels() * header.info.channels.count().max(3) as u64;
    samples * BYTES_PER_SAMPLE + header.info.size_bytes() * 2 + bytes.len() as u64 * 2 + (32 << 20)
}

fn parse(bytes: &[u8]) -> Result<Image<'_>, ItemError> {
    Image::new(bytes, &DecodeSettings::default()).map_err(|error| refused(error, bytes))
}

/// The error for what the library refuses. It does not distinguish truncation from other damage.
fn refused(error: DecodeError, bytes: &[u8]) -> ItemError {
    let is_short = codestream::check_whole(bytes).is_err_and(|error| error.kind == errors::truncated().kind);
    match error {
        _ if is_short => errors::truncated(),
        DecodeError::Decoding(DecodingError::UnexpectedEof) => errors::truncated(),
        DecodeError::Format(FormatError::Unsupported) | DecodeError::Marker(MarkerError::Unsupported) => {
            errors::unsupported(errors::from_decoder(error))
        }
        error => errors::corrupt(errors::from_decoder(error)),
    }
}

fn info(image: &Image<'_>) -> Result<ImageInfo, ItemError> {
    let refused = |colours: &str| Err(errors::unsupported(Message::new("jp2_colours").with("colours", colours)));
    let is_gray = match image.color_space() {
        ColorSpace::Gray => true,
        ColorSpace::RGB => false,
        ColorSpace::Icc { profile, num_channels } => match (profile.get(16..20), num_channels) {
            (Some(b"GRAY"), 1) => true,
            (Some(b"RGB "), 3) => false,
            (space, _) => return refused(String::from_utf8_lossy(space.unwrap_or_default()).trim()),
        },
        ColorSpace::CMYK => return refused("CMYK"),
        ColorSpace::Unknown { num_channels } => return refused(&format!("{num_channels}")),
    };
    let channels = match (is_gray, image.has_alpha()) {
        (true, false) => Channels::Gray,
        (true, true) => Channels::GrayAlpha,
        (false, false) => Channels::Rgb,
        (false, true) => Channels::Rgba,
    };
    let sample = if image.original_bit_depth() > 8 { SampleType::U16 } else { SampleType::U8 };
    let (width_px, height_px) = (image.width(), image.height());
    errors::within_limits(width_px, height_px)?;
    Ok(ImageInfo { width_px, height_px, channels, sample, premultiplied: false })
}

fn header(image: &Image<'_>, metadata: &Metadata) -> Result<FileHeader, ItemError> {
    let orientation = meta::orientation(metadata.exif.as_deref(), metadata.xmp.as_deref());
    Ok(FileHeader::still(info(image)?, orientation).with_few_colours(image.original_bit_depth() < 8))
}

pub(super) fn probe(bytes: &[u8], _page: u32) -> Result<FileHeader, ItemError> {
    header(&parse(bytes)?, &blocks::metadata(bytes))
}

pub(super) fn open<'a>(
    bytes: &'a [u8],
    _options: &DecodeOptions,
    _control: &DecodeControl<'_>,
) -> Result<Decoded<'a>, ItemError> {
    let image = parse(bytes)?;
    let metadata = blocks::metadata(bytes);
    let header = header(&image, &metadata)?;
    codestream::check_whole(bytes)?;
    let mut context = DecoderContext::default();
    let decoded = image.decode(&mut context).map_err(|error| refused(error, bytes))?;
    let samples = interleaved(decoded.components(), &header.info)?;
    let profile = match image.color_space() {
        ColorSpace::Icc { profile, .. } => Some(profile.clone()),
        _ => None,
    };
    let rows = WholeReader::new(header.info, samples)?;
    Ok(Decoded { header, rows: Box::new(rows), profile, metadata })
}

fn interleaved(planes: &[ComponentData], info: &ImageInfo) -> Result<Samples, ItemError> {
    let count = info.channels.count();
    let len = info.pixels() * count as u64;
    let planes = planes.get(..count).ok_or_else(|| errors::corrupt("size_mismatch"))?;
    if planes.iter().any(|plane| plane.samples().len() as u64 != info.pixels()) {
        return Err(errors::corrupt("size_mismatch"));
    }
    Ok(match info.sample {
        SampleType::U8 => Samples::U8(levels(planes, len, 255.0, |level| level as u8)?),
        _ => Samples::U16(levels(planes, len, 65_535.0, |level| level as u16)?),
    })
}

/// Pixel by pixel, scaled from each plane's depth.
fn levels<T: Clone + Default>(
    planes: &[ComponentData],
    len: u64,
    top: f64,
    of: fn(f64) -> T,
) -> Result<Vec<T>, ItemError> {
    let mut samples = errors::zeroed::<T>(len)?;
    for (channel, plane) in planes.iter().enumerate() {
        let scale = top / (2f64.powi(i32::from(plane.bit_depth())) - 1.0);
        let places = samples.iter_mut().skip(channel).step_by(planes.len());
        for (place, &value) in places.zip(plane.samples()) {
            // `as` saturates.
            *place = of(f64::from(value).mul_add(scale, 0.5));
        }
    }
    Ok(samples)
}
