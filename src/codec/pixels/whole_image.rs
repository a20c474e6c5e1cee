//! Images that are decoded or encoded as a whole.

use image::{ColorType, ImageDecoder};

use super::convert::{Converter, Sample};
use super::placeholder;
use crate::codec::colour::Rewind;
use crate::codec::errors;
use crate::error::{ErrorKind, ItemError};
use crate::model::{Band, Channels, ImageInfo, Message, Remark, Rgb, RowReader, SampleType, Samples, Truncated};

/// Returns the rows of an image in memory.
pub(crate) struct WholeReader {
    info: ImageInfo,
    samples: Samples,
    next_row: u32,
    truncation: Option<Truncated>,
    is_damaged: bool,
}

impl WholeReader {
    /// A reader of `height_px * row_samples` samples.
    pub(crate) fn new(info: ImageInfo, samples: Samples) -> Result<Self, ItemError> {
        if samples.len() != info.row_samples() * info.height_px as usize || samples.sample() != info.sample {
            return Err(errors::corrupt("size_mismatch"));
        }
        Ok(Self { info, samples, next_row: 0, truncation: None, is_damaged: false })
    }

    /// The same for a truncated file: the other rows are blank.
    pub(crate) fn short(mut self, rows: u32, from_below: bool, bytes: u64) -> Self {
        let of_rows = self.info.height_px;
        let missing = if from_below { 0..of_rows.saturating_sub(rows) } else { rows..of_rows };
        let row = self.info.row_samples();
        placeholder::fill(&mut self.samples, missing.start as usize * row..missing.end as usize * row, &self.info);
        self.coarse(rows, bytes)
    }

    /// The same for a damaged file.
    pub(crate) fn damaged(self) -> Self {
        Self { truncation: None, is_damaged: true, ..self }
    }

    /// The same, if the missing part was filled in from the rest.
    pub(crate) fn coarse(self, rows: u32, bytes: u64) -> Self {
        let truncation = Truncated { rows, of_rows: self.info.height_px, bytes, frames: None };
        Self { truncation: Some(truncation), ..self }
    }
}

impl Rewind for WholeReader {
    fn rewind(&mut self) {
        self.next_row = 0;
    }
}

impl RowReader for WholeReader {
    fn info(&self) -> ImageInfo {
        self.info
    }

    fn read_rows(&mut self, max_rows: u32, band: &mut Band) -> Result<u32, ItemError> {
        let rows = max_rows.min(self.info.height_px - self.next_row);
        band.take_rows(&self.info, &self.samples, self.next_row, rows);
        self.next_row += rows;
        Ok(rows)
    }

    fn truncation(&self) -> Option<Truncated> {
        self.truncation
    }

    fn remark(&self) -> Option<Remark> {
        self.is_damaged.then_some(Remark::Damaged)
    }
}

/// Sets a band's size, channels and sample type.
pub(crate) fn shape(band: &mut Band, info: &ImageInfo, rows: u32) {
    band.width_px = info.width_px;
    band.channels = info.channels;
    band.rows = rows;
    if band.samples.sample() != info.sample {
        band.samples = Samples::empty(info.sample);
    }
}

/// Counts the rows an encoder has taken, and refuses too many or too few.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RowCount {
    wanted: u32,
    had: u32,
}

impl RowCount {
    /// For an image of `height_px` rows.
    pub(crate) const fn new(height_px: u32) -> Self {
        Self { wanted: height_px, had: 0 }
    }

    /// Counts a band's rows.
    pub(crate) fn add(&mut self, band: &Band, info: &ImageInfo) -> Result<(), ItemError> {
        let fits = band.width_px == info.width_px
            && band.channels == info.channels
            && band.samples.len() == info.row_samples() * band.rows as usize;
        if !fits || band.rows > self.wanted - self.had {
            return Err(errors::cant_encode("rows_mismatch"));
        }
        self.had += band.rows;
        Ok(())
    }

    /// Refuses an image with missing rows, or one that was never started.
    pub(crate) fn complete(self) -> Result<(), ItemError> {
        if self.wanted == 0 || self.had != self.wanted {
            let why = Message::new("rows_given").with("had", self.had).with("wanted", self.wanted);
            return Err(errors::cant_encode(why));
        }
        Ok(())
    }
}

/// Collects an encoder's rows, converted, for a format that is written as a whole.
pub(crate) struct Collector<T> {
    /// The image as announced.
    pub(crate) info: ImageInfo,
    converter: Converter<T>,
    count: RowCount,
    pixels: Vec<T>,
}

impl<T: Sample> Collector<T> {
    /// A collector of an image's samples in channels `to`.
    pub(crate) fn new(info: ImageInfo, to: Channels) -> Result<Self, ItemError> {
        let len = u64::from(info.width_px) * u64::from(info.height_px) * to.count() as u64;
        let mut pixels: Vec<T> = Vec::new();
        usize::try_from(len)
            .ok()
            .and_then(|len| pixels.try_reserve_exact(len).ok())
            .ok_or_else(|| errors::cant_encode("no_memory"))?;
        Ok(Self { info, converter: Converter::new(info, to), count: RowCount::new(info.height_px), pixels })
    }

    /// The same, with alpha blended over another colour than white if it is not kept.
    pub(crate) fn over(self, paper: Rgb) -> Self {
        Self { converter: self.converter.over(paper), ..self }
    }

    /// Takes the next rows.
    pub(crate) fn add(&mut self, band: &Band) -> Result<(), ItemError> {
        self.count.add(band, &self.info)?;
        self.pixels.extend_from_slice(self.converter.convert(band));
        Ok(())
    }

    /// All samples, after the last row.
    pub(crate) fn into_pixels(self) -> Result<Vec<T>, ItemError> {
        self.count.complete()?;
        Ok(self.pixels)
    }
}

/// Collects the rows of an encoder that keeps 8 or 16 bits per sample.
pub(crate) struct DepthCollector {
    channels: Channels,
    depth: Depth,
}

enum Depth {
    Eight(Collector<u8>),
    Sixteen(Collector<u16>),
}

impl DepthCollector {
    /// A collector of an image's samples in channels `to`, `is_deep` with 16 bits. Alpha that is not kept is blended
    /// over `paper`.
    pub(crate) fn new(info: ImageInfo, to: Channels, is_deep: bool, paper: Rgb) -> Result<Self, ItemError> {
        let depth = if is_deep {
            Depth::Sixteen(Collector::new(info, to)?.over(paper))
        } else {
            Depth::Eight(Collector::new(info, to)?.over(paper))
        };
        Ok(Self { channels: to, depth })
    }

    /// Takes the next rows.
    pub(crate) fn add(&mut self, band: &Band) -> Result<(), ItemError> {
        match &mut self.depth {
            Depth::Eight(rows) => rows.add(band),
            Depth::Sixteen(rows) => rows.add(band),
        }
    }

    /// The image as it is kept, and all its samples, after the last row.
    pub(crate) fn into_image(self) -> Result<(ImageInfo, Samples), ItemError> {
        let (info, samples) = match self.depth {
            Depth::Eight(rows) => (rows.info, Samples::U8(rows.into_pixels()?)),
            Depth::Sixteen(rows) => (rows.info, Samples::U16(rows.into_pixels()?)),
        };
        Ok((ImageInfo { channels: self.channels, sample: samples.sample(), premultiplied: false, ..info }, samples))
    }
}

/// The image that a decoder of the `image` crate is about to give.
pub(crate) fn info(decoder: &impl ImageDecoder) -> Result<ImageInfo, ItemError> {
    let (channels, sample) = match decoder.color_type() {
        ColorType::L8 => (Channels::Gray, SampleType::U8),
        ColorType::La8 => (Channels::GrayAlpha, SampleType::U8),
        ColorType::Rgb8 => (Channels::Rgb, SampleType::U8),
        ColorType::Rgba8 => (Channels::Rgba, SampleType::U8),
        ColorType::L16 => (Channels::Gray, SampleType::U16),
        ColorType::La16 => (Channels::GrayAlpha, SampleType::U16),
        ColorType::Rgb16 => (Channels::Rgb, SampleType::U16),
        ColorType::Rgba16 => (Channels::Rgba, SampleType::U16),
        ColorType::Rgb32F => (Channels::Rgb, SampleType::F32),
        ColorType::Rgba32F => (Channels::Rgba, SampleType::F32),
        other => return Err(errors::unsupported(Message::new("sample_type").with("type", format!("{other:?}")))),
    };
    let (width_px, height_px) = decoder.dimensions();
    Ok(ImageInfo { width_px, height_px, channels, sample, premultiplied: false })
}

/// Decodes with the `image` crate, within twice the image's own memory. If a damaged file is accepted, the pixels that its
/// decoder had written are kept.
pub(crate) fn decode(
    mut decoder: impl ImageDecoder,
    keeps_damaged: bool,
) -> Result<(ImageInfo, WholeReader), ItemError> {
    let info = info(&decoder)?;
    errors::within_limits(info.width_px, info.height_px)?;
    let mut limits = image::Limits::no_limits();
    limits.max_alloc = Some(info.size_bytes().saturating_mul(2) + (64 << 20));
    decoder.set_limits(limits).map_err(|error| errors::from_image(&error))?;
    let len = info.row_samples() as u64 * u64::from(info.height_px);
    let (samples, error) = match info.sample {
        SampleType::U8 => read(decoder, len, Samples::U8)?,
        SampleType::U16 => read(decoder, len, Samples::U16)?,
        SampleType::F32 => read(decoder, len, Samples::F32)?,
    };
    let is_kept = |error: &ItemError| keeps_damaged && error.kind == ErrorKind::Corrupt && samples.any();
    match error {
        Some(error) if !is_kept(&error) => Err(error),
        Some(_) => Ok((info, WholeReader::new(info, samples)?.damaged())),
        None => Ok((info, WholeReader::new(info, samples)?)),
    }
}

/// The samples, and why some could not be read.
fn read<T: bytemuck::Pod + Default>(
    decoder: impl ImageDecoder,
    len: u64,
    samples_of: fn(Vec<T>) -> Samples,
) -> Result<(Samples, Option<ItemError>), ItemError> {
    let mut samples = errors::zeroed::<T>(len)?;
    let read = decoder.read_image(bytemuck::cast_slice_mut(&mut samples));
    Ok((samples_of(samples), read.err().map(|error| errors::from_image(&error))))
}
