//! Encoding TIFF: one page of 8 or 16 bits per sample; strips are compressed as rows arrive.

use std::io::Cursor;

use ::exif::Context;
use ::tiff::encoder::Rational;
use ::tiff::tags::{CompressionMethod, Predictor, Tag};

use super::encode_strips::{Packed, Strips};
use super::{TAG_IPTC, TAG_XMP, exif_fields};
use crate::codec::errors;
use crate::codec::meta::density;
use crate::codec::pixels::whole_image::RowCount;
use crate::codec::spec::{Encoder, Extras, stored_bytes};
use crate::error::ItemError;
use crate::model::{Band, ImageInfo, RowWriter, Save, TiffCompression};

/// Bytes for encoding: the file, a strip, and the compressed strips again when the file is assembled.
pub(super) fn encoding_bytes(_: &Save, info: &ImageInfo) -> u64 {
    info.size_bytes() + (1 << 20) + stored_bytes(info)
}

/// Compresses rows into strips as they arrive, and writes the directory at the end.
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
        let fields = self.extras.metadata.exif.as_ref().map(|exif| exif_fields::Fields::of(exif));
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
        if let Some(density) = self.extras.metadata.density {
            for (tag, per_inch) in [(Tag::XResolution, density.x_per_inch), (Tag::YResolution, density.y_per_inch)] {
                let (n, d) = density::to_fraction(per_inch);
                directory.write_tag(tag, Rational { n, d })?;
            }
            directory.write_tag(Tag::ResolutionUnit, 2_u16)?;
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
        let Some(started) = &mut self.started else { return Err(errors::not_started()) };
        started.count.add(band, &started.info)?;
        started.strips.add(band)
    }
}

impl Encoder for TiffEncoder {
    fn finish(mut self: Box<Self>) -> Result<Vec<u8>, ItemError> {
        let Some(started) = self.started.take() else { return Err(errors::not_started()) };
        started.count.complete()?;
        let strips = started.strips.end()?;
        self.write(started.info, &strips).map_err(|e| errors::cant_encode(errors::from_encoder(e)))
    }
}
