//! Encoding TIFF: one page of 8 or 16 bits per sample, whose strips are compressed as rows arrive; or of fewer bits or a
//! palette, if its original had them and its pixels still fit.

use std::io::Cursor;

use ::exif::Context;
use ::tiff::encoder::Rational;
use ::tiff::tags::{Predictor, Tag};

use super::encode_strips::{Packed, Strips, may_be_small};
use super::{TAG_IPTC, TAG_XMP, exif_fields};
use crate::codec::errors;
use crate::codec::meta::density;
use crate::codec::pixels::convert::Converter;
use crate::codec::pixels::few_colours::FewColours;
use crate::codec::pixels::whole_image::RowCount;
use crate::codec::spec::{Encoder, Extras, stored_bytes};
use crate::error::ItemError;
use crate::model::{Band, ImageInfo, RowWriter, SampleType, Save};

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
    rows: Rows,
}

enum Rows {
    Strips(Strips),
    /// All pixels so far, while they need few bits.
    Held(Converter<u8>, FewColours),
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
        directory.write_tag(Tag::ImageWidth, info.width_px)?;
        directory.write_tag(Tag::ImageLength, info.height_px)?;
        directory.write_tag(Tag::BitsPerSample, &vec![strips.bits; strips.samples][..])?;
        directory.write_tag(Tag::Compression, strips.compression())?;
        directory.write_tag(Tag::PhotometricInterpretation, strips.photometric)?;
        directory.write_tag(Tag::StripOffsets, &offsets[..])?;
        directory.write_tag(Tag::SamplesPerPixel, strips.samples as u16)?;
        directory.write_tag(Tag::RowsPerStrip, strips.rows_per_strip)?;
        directory.write_tag(Tag::StripByteCounts, &strips.lengths[..])?;
        directory.write_tag(Tag::SampleFormat, &vec![1_u16; strips.samples][..])?;
        if strips.predicts {
            directory.write_tag(Tag::Predictor, Predictor::Horizontal.to_u16())?;
        }
        if strips.has_alpha {
            // Straight alpha.
            directory.write_tag(Tag::ExtraSamples, 2_u16)?;
        }
        if let Some(palette) = &strips.palette {
            // All reds, then all greens, then all blues, in 16 bits.
            let count = 1_usize << strips.bits;
            let colour = |channel: usize| palette.iter().map(move |colour| u16::from(colour[channel]) * 257);
            let map: Vec<u16> =
                (0..3).flat_map(|channel| colour(channel).chain(std::iter::repeat(0)).take(count)).collect();
            directory.write_tag(Tag::ColorMap, &map[..])?;
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
        let is_held = info.sample != SampleType::U16 && !info.channels.has_alpha() && may_be_small(&self.save);
        let few = FewColours::new(info.channels).filter(|_| is_held);
        let rows = match few {
            Some(few) => Rows::Held(Converter::new(info, info.channels), few),
            None => Rows::Strips(Strips::new(&self.save, &info)),
        };
        self.started = Some(Started { info, count: RowCount::new(info.height_px), rows });
        Ok(())
    }

    fn write_rows(&mut self, band: &Band) -> Result<(), ItemError> {
        let Some(started) = &mut self.started else { return Err(errors::not_started()) };
        started.count.add(band, &started.info)?;
        let (converter, few) = match &mut started.rows {
            Rows::Strips(strips) => return strips.add(band),
            Rows::Held(converter, few) => (converter, few),
        };
        if !few.add(converter.convert(band)) {
            let mut strips = Strips::new(&self.save, &started.info);
            strips.add_samples(&few.samples())?;
            strips.add(band)?;
            started.rows = Rows::Strips(strips);
        }
        Ok(())
    }
}

impl Encoder for TiffEncoder {
    fn finish(mut self: Box<Self>) -> Result<Vec<u8>, ItemError> {
        let Some(started) = self.started.take() else { return Err(errors::not_started()) };
        started.count.complete()?;
        let strips = match started.rows {
            Rows::Strips(strips) => strips.end()?,
            Rows::Held(_, few) => {
                Packed::of_small(few.into_small(), &self.save, &started.info, self.extras.profile.is_some())?
            }
        };
        self.write(started.info, &strips).map_err(|e| errors::cant_encode(errors::from_encoder(e)))
    }
}
