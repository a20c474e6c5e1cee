//! TIFF: the first page in; one page of 8 or 16 bits out.

mod strips;
mod tags;

use std::io::Cursor;

use ::exif::Context;

use ::tiff::decoder::{Decoder, Limits};
use ::tiff::tags::{CompressionMethod, Predictor, Tag};
use image::ImageDecoder;
use image::codecs::tiff::TiffDecoder;

use super::whole::RowCount;
use super::{Decoded, Encoder, Extras, Header, exif, fault, whole};
use crate::error::ItemError;
use crate::model::{Band, Format, ImageInfo, Metadata, Orientation, RowWriter, Save, TiffCompression};
use strips::{Packed, Strips};

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

/// Bytes that encoding holds beside the file: a strip, and the packed strips again when the file is put together.
pub(super) fn encoding_bytes(info: &ImageInfo) -> u64 {
    info.size_bytes() + (1 << 20)
}

/// Packs rows into strips as they come, and writes the directory at the end.
pub(super) struct TiffEncoder {
    save: Save,
    extras: Extras,
    started: Option<Started>,
}

struct Started {
    info: ImageInfo,
    count: RowCount,
    strips: Strips,
}

impl TiffEncoder {
    pub(super) fn new(save: &Save, extras: Extras) -> Self {
        Self { save: save.clone(), extras, started: None }
    }

    fn write(&self, info: ImageInfo, strips: &Packed) -> Result<Vec<u8>, ::tiff::TiffError> {
        let mut out = Cursor::new(Vec::with_capacity(strips.data.len() + (64 << 10)));
        let mut encoder = ::tiff::encoder::TiffEncoder::new(&mut out)?;
        let fields = self.extras.metadata.exif.as_ref().map(|exif| tags::Fields::of(exif));
        let mut pointers = Vec::new();
        for (context, pointer) in [(Context::Exif, Tag::ExifDirectory), (Context::Gps, Tag::GpsDirectory)] {
            if let Some(fields) = fields.as_ref().filter(|fields| fields.has(context)) {
                let mut directory = encoder.extra_directory()?;
                fields.write(context, &mut directory)?;
                pointers.push((pointer, directory.finish_with_offsets()?.offset));
            }
        }
        let mut directory = encoder.image_directory()?;
        let mut at = u32::try_from(directory.write_data(&strips.data[..])?)?;
        let mut offsets = Vec::with_capacity(strips.lengths.len());
        for &length in &strips.lengths {
            offsets.push(at);
            at = at.checked_add(length).ok_or(::tiff::TiffError::IntSizeError)?;
        }
        let channels = strips.channels.count();
        let compression = match self.save.compression {
            TiffCompression::None => CompressionMethod::None,
            TiffCompression::Lzw => CompressionMethod::LZW,
            TiffCompression::Deflate => CompressionMethod::Deflate,
        };
        directory.write_tag(Tag::ImageWidth, info.width_px)?;
        directory.write_tag(Tag::ImageLength, info.height_px)?;
        directory.write_tag(Tag::BitsPerSample, &vec![strips.bits; channels][..])?;
        directory.write_tag(Tag::Compression, compression.to_u16())?;
        // Black is zero, or red, green and blue.
        directory.write_tag(Tag::PhotometricInterpretation, if channels == 1 { 1_u16 } else { 2 })?;
        directory.write_tag(Tag::StripOffsets, &offsets[..])?;
        directory.write_tag(Tag::SamplesPerPixel, channels as u16)?;
        directory.write_tag(Tag::RowsPerStrip, strips.rows_per_strip)?;
        directory.write_tag(Tag::StripByteCounts, &strips.lengths[..])?;
        directory.write_tag(Tag::SampleFormat, &vec![1_u16; channels][..])?;
        if self.save.compression != TiffCompression::None {
            directory.write_tag(Tag::Predictor, Predictor::Horizontal.to_u16())?;
        }
        if strips.channels.has_alpha() {
            // Straight alpha.
            directory.write_tag(Tag::ExtraSamples, 2_u16)?;
        }
        if let Some(profile) = &self.extras.profile {
            directory.write_tag(Tag::IccProfile, &profile[..])?;
        }
        for (tag, offset) in pointers {
            directory.write_tag(tag, offset)?;
        }
        if let Some(fields) = &fields {
            fields.write(Context::Tiff, &mut directory)?;
        }
        if let Some(xmp) = &self.extras.metadata.xmp {
            directory.write_tag(TAG_XMP, &xmp[..])?;
        }
        if let Some(iptc) = &self.extras.metadata.iptc {
            directory.write_tag(TAG_IPTC, &iptc[..])?;
        }
        directory.finish()?;
        Ok(out.into_inner())
    }
}

impl RowWriter for TiffEncoder {
    fn start(&mut self, info: ImageInfo) -> Result<(), ItemError> {
        let strips = Strips::new(&self.save, &info);
        self.started = Some(Started { info, count: RowCount::new(info.height_px), strips });
        Ok(())
    }

    fn write_rows(&mut self, band: &Band) -> Result<(), ItemError> {
        let Some(started) = &mut self.started else { return Err(fault::cant_encode("it was not started")) };
        started.count.add(band, &started.info)?;
        started.strips.add(band)
    }
}

impl Encoder for TiffEncoder {
    fn finish(mut self: Box<Self>) -> Result<Vec<u8>, ItemError> {
        let Some(started) = self.started.take() else { return Err(fault::cant_encode("it was not started")) };
        started.count.complete()?;
        let strips = started.strips.end()?;
        self.write(started.info, &strips).map_err(fault::cant_encode)
    }
}
