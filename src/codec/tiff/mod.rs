//! TIFF: the first page in; one page of 8 or 16 bits, LZW, out.

mod tags;

use std::io::Cursor;

use ::exif::Context;

use ::tiff::decoder::{Decoder, Limits};
use ::tiff::encoder::colortype::{ColorType, Gray8, Gray16, RGB8, RGB16, RGBA8, RGBA16};
use ::tiff::encoder::{Compression, Predictor, TiffValue};
use ::tiff::tags::Tag;
use image::ImageDecoder;
use image::codecs::tiff::TiffDecoder;

use super::whole::Collector;
use super::{Decoded, Encoder, Extras, Header, exif, fault, whole};
use crate::error::ItemError;
use crate::model::{Band, Channels, Format, ImageInfo, Metadata, Orientation, RowWriter, SampleType};

/// XMP packet, in a TIFF directory.
const TAG_XMP: Tag = Tag::Unknown(700);
/// IPTC-IIM records, in a TIFF directory.
const TAG_IPTC: Tag = Tag::Unknown(33_723);

fn decoder(bytes: &[u8]) -> Result<TiffDecoder<Cursor<&[u8]>>, ItemError> {
    if exif::is_camera_raw(bytes) {
        return Err(fault::unsupported("camera raw files can't be read yet"));
    }
    TiffDecoder::new(Cursor::new(bytes)).map_err(|error| fault::from_image(&error))
}

fn header(decoder: &mut TiffDecoder<Cursor<&[u8]>>) -> Result<Header, ItemError> {
    let info = whole::info(decoder)?;
    let orientation = decoder.orientation().map_or(1, |orientation| u32::from(orientation.to_exif()));
    Ok(Header::still(Format::Tiff, info, Orientation::from_exif(orientation)))
}

pub(super) fn probe(bytes: &[u8]) -> Result<Header, ItemError> {
    header(&mut decoder(bytes)?)
}

pub(super) fn open(bytes: &[u8]) -> Result<Decoded<'_>, ItemError> {
    let mut decoder = decoder(bytes)?;
    let header = header(&mut decoder)?;
    could_hold(bytes, &decoder)?;
    let profile = decoder.icc_profile().ok().flatten();
    let xmp = decoder.xmp_metadata().ok().flatten().map(Into::into);
    let metadata = Metadata { exif: tags::read(bytes).map(Into::into), xmp, iptc: iptc(bytes).map(Into::into) };
    let (_, rows) = whole::decode(decoder)?;
    Ok(Decoded { header, rows: Box::new(rows), profile, metadata })
}

/// Refuses a header that claims far more than its bytes can hold, before memory is taken for it. Deflate and LZW stay
/// below 2,000 to 1; fax codes, which may hold a white page in next to nothing, are of one bit a pixel anyway.
fn could_hold(bytes: &[u8], decoder: &TiffDecoder<Cursor<&[u8]>>) -> Result<(), ItemError> {
    let (width_px, height_px) = decoder.dimensions();
    let bits = u64::from(decoder.original_color_type().bits_per_pixel());
    let raw = (u64::from(width_px) * u64::from(height_px)).saturating_mul(bits) / 8;
    let ratio = if exif::tiff_compression(bytes) == Some(1) { 1 } else { 2_000 };
    if bits > 1 && raw / ratio > bytes.len() as u64 { Err(fault::truncated()) } else { Ok(()) }
}

fn iptc(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut decoder = Decoder::new(Cursor::new(bytes)).ok()?.with_limits(Limits::default());
    decoder.find_tag(TAG_IPTC).ok()??.into_u8_vec().ok()
}

/// Collects rows, and writes strips at the end.
pub(super) struct TiffEncoder {
    extras: Extras,
    rows: Option<Rows>,
}

enum Rows {
    Eight(Collector<u8>, Channels),
    Sixteen(Collector<u16>, Channels),
}

impl TiffEncoder {
    pub(super) fn new(extras: Extras) -> Self {
        Self { extras, rows: None }
    }

    fn write<C: ColorType>(&self, info: ImageInfo, pixels: &[C::Inner]) -> Result<Vec<u8>, ItemError>
    where
        [C::Inner]: TiffValue,
    {
        let mut out = Cursor::new(Vec::new());
        let mut write = || -> Result<(), ::tiff::TiffError> {
            let mut encoder = ::tiff::encoder::TiffEncoder::new(&mut out)?
                .with_compression(Compression::Lzw)
                .with_predictor(Predictor::Horizontal);
            let fields = self.extras.metadata.exif.as_ref().map(|exif| tags::Fields::of(exif));
            let mut pointers = Vec::new();
            for (context, pointer) in [(Context::Exif, Tag::ExifDirectory), (Context::Gps, Tag::GpsDirectory)] {
                if let Some(fields) = fields.as_ref().filter(|fields| fields.has(context)) {
                    let mut directory = encoder.extra_directory()?;
                    fields.write(context, &mut directory)?;
                    pointers.push((pointer, directory.finish_with_offsets()?.offset));
                }
            }
            let mut image = encoder.new_image::<C>(info.width_px, info.height_px)?;
            let directory = image.encoder();
            if let Some(profile) = &self.extras.profile {
                directory.write_tag(Tag::IccProfile, &profile[..])?;
            }
            for (tag, offset) in pointers {
                directory.write_tag(tag, offset)?;
            }
            if let Some(fields) = &fields {
                fields.write(Context::Tiff, directory)?;
            }
            if let Some(xmp) = &self.extras.metadata.xmp {
                directory.write_tag(TAG_XMP, &xmp[..])?;
            }
            if let Some(iptc) = &self.extras.metadata.iptc {
                directory.write_tag(TAG_IPTC, &iptc[..])?;
            }
            image.write_data(pixels)
        };
        write().map_err(fault::cant_encode)?;
        Ok(out.into_inner())
    }
}

impl RowWriter for TiffEncoder {
    fn start(&mut self, info: ImageInfo) -> Result<(), ItemError> {
        let to = match info.channels {
            Channels::GrayAlpha => Channels::Rgba,
            channels => channels,
        };
        self.rows = Some(if info.sample == SampleType::U16 {
            Rows::Sixteen(Collector::new(info, to)?, to)
        } else {
            Rows::Eight(Collector::new(info, to)?, to)
        });
        Ok(())
    }

    fn write_rows(&mut self, band: &Band) -> Result<(), ItemError> {
        match &mut self.rows {
            Some(Rows::Eight(rows, _)) => rows.add(band),
            Some(Rows::Sixteen(rows, _)) => rows.add(band),
            None => Err(fault::cant_encode("it was not started")),
        }
    }
}

impl Encoder for TiffEncoder {
    fn finish(mut self: Box<Self>) -> Result<Vec<u8>, ItemError> {
        match self.rows.take() {
            Some(Rows::Eight(rows, to)) => {
                let info = rows.info;
                let pixels = rows.into_pixels()?;
                match to {
                    Channels::Gray => self.write::<Gray8>(info, &pixels),
                    Channels::Rgb => self.write::<RGB8>(info, &pixels),
                    Channels::Rgba | Channels::GrayAlpha => self.write::<RGBA8>(info, &pixels),
                }
            }
            Some(Rows::Sixteen(rows, to)) => {
                let info = rows.info;
                let pixels = rows.into_pixels()?;
                match to {
                    Channels::Gray => self.write::<Gray16>(info, &pixels),
                    Channels::Rgb => self.write::<RGB16>(info, &pixels),
                    Channels::Rgba | Channels::GrayAlpha => self.write::<RGBA16>(info, &pixels),
                }
            }
            None => Err(fault::cant_encode("it was not started")),
        }
    }
}
