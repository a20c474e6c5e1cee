//! Encoding PNG through the `png` crate: row by row, or as a whole if a palette is chosen for the image or it has few
//! colours.

use ::png::{BitDepth, ColorType, Compression, DeflateCompression, EncodingError, Filter, Info, PixelDimensions, Unit};

use super::reduce::{self, Needs, Reduced};
use super::{colour_chunks, level, text_chunks};
use crate::codec::colour::CodePoints;
use crate::codec::errors;
use crate::codec::meta::density;
use crate::codec::pixels::convert::Converter;
use crate::codec::pixels::few_colours::{FewColours, Narrow, Small};
use crate::codec::pixels::palette::{Depth, Indexed};
use crate::codec::pixels::whole_image::{Collector, RowCount};
use crate::codec::spec::{Encoder, Extras, stored_bytes};
use crate::error::ItemError;
use crate::model::{Band, Channels, ImageInfo, Metadata, RowWriter, SampleType, Save};

/// Deflate level for images with a palette: the fast level compresses them poorly.
const PALETTE_EFFORT: u8 = 6;
/// Bytes of rows by which the level is chosen.
const SAMPLE_BYTES: usize = 2 << 20;
/// Where the first chunk, the header, ends.
const AFTER_HEADER: usize = 33;
/// Most bytes of rows that are held because the image may need fewer channels or bits.
const MAX_HELD_BYTES: usize = 64 << 20;
/// Most pixels of an image that is compressed both with 256 colours and without, to save the smaller one.
const COMPARED_PX: usize = 4 << 20;

/// Bytes that encoding takes: the file, and some rows, or the whole image if a palette is chosen for it.
pub(super) fn encoding_bytes(save: &Save, info: &ImageInfo) -> u64 {
    let pixels = u64::from(info.width_px) * u64::from(info.height_px);
    if save.palette.is_some() {
        // RGBA, RGB, palette indices, and the distinct colours in Oklab.
        return pixels * (4 + 3 + 1 + 8) + stored_bytes(info);
    }
    // Some rows, the numbers of an image's colours if there are few, and all rows if they may need fewer channels or bits.
    let rows = (info.row_samples() * info.sample.size_bytes()) as u64 * 4 + (4 << 20);
    let is_held = info.channels.has_alpha() || info.sample == SampleType::U16;
    let held = if is_held { stored_bytes(info).min(MAX_HELD_BYTES as u64) } else { 0 };
    rows + held + pixels + stored_bytes(info)
}

/// The channels that a file stores. The colours of a palette are red, green and blue.
pub(super) fn stored_channels(channels: Channels, save: &Save) -> Channels {
    match channels {
        Channels::Gray | Channels::GrayAlpha if save.palette.is_some() => Channels::Rgb,
        channels => channels,
    }
}

pub(super) const fn colour_type(channels: Channels) -> ColorType {
    match channels {
        Channels::Gray => ColorType::Grayscale,
        Channels::GrayAlpha => ColorType::GrayscaleAlpha,
        Channels::Rgb => ColorType::Rgb,
        Channels::Rgba => ColorType::Rgba,
    }
}

/// Streams rows into a file of 8 or 16 bits per sample; or collects them, for a palette.
pub(super) struct PngEncoder {
    effort: Option<u8>,
    palette: Option<u16>,
    extras: Extras,
    started: Option<Started>,
}

enum Started {
    Held(Box<Held>),
    Streamed(Box<Streamed>),
    Collected(Collector<u8>),
}

/// The first rows, until it is known how to write them.
struct Held {
    info: ImageInfo,
    count: RowCount,
    rows: Rows,
    /// All pixels so far, while there are few colours.
    few: Option<FewColours>,
    /// Otherwise their bytes.
    bytes: Vec<u8>,
    /// What these need.
    needs: Needs,
}

struct Streamed {
    info: ImageInfo,
    count: RowCount,
    rows: Rows,
    writer: ::png::StreamWriter<'static, SharedBytes>,
    out: SharedBytes,
}

/// Converts rows to the bytes of a file.
enum Rows {
    Eight(Converter<u8>),
    Sixteen(Converter<u16>, Vec<u8>),
}

impl Rows {
    fn new(info: ImageInfo) -> Self {
        // Operations compute with floats, mostly on 8-bit images, so floats are stored in 8 bits.
        if info.sample == SampleType::U16 {
            Self::Sixteen(Converter::new(info, info.channels), Vec::new())
        } else {
            Self::Eight(Converter::new(info, info.channels))
        }
    }

    const fn is_deep(&self) -> bool {
        matches!(self, Self::Sixteen(..))
    }

    fn convert<'b>(&'b mut self, band: &'b Band) -> &'b [u8] {
        match self {
            Self::Eight(converter) => converter.convert(band),
            Self::Sixteen(converter, bytes) => {
                bytes.clear();
                bytes.extend(converter.convert(band).iter().flat_map(|sample| sample.to_be_bytes()));
                bytes
            }
        }
    }
}

/// The stream writer owns its sink and does not return it, so this one is shared with the encoder.
#[derive(Clone, Default)]
pub(super) struct SharedBytes(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

impl std::io::Write for SharedBytes {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().map_err(|_| std::io::Error::other("poisoned"))?.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl PngEncoder {
    pub(super) fn new(save: &Save, extras: Extras) -> Self {
        Self { effort: save.effort, palette: save.palette, extras, started: None }
    }

    /// A file with header and metadata written. `level` is that of deflate, unless an effort is requested.
    pub(super) fn file(
        &self,
        mut head: Info<'static>,
        level: Option<u8>,
        out: &SharedBytes,
    ) -> Result<::png::Writer<SharedBytes>, ItemError> {
        let points = self.extras.profile.as_deref().and_then(CodePoints::of_profile);
        let profile = self.extras.profile.as_ref().filter(|_| points.is_none());
        head.icc_profile = profile.map(|profile| profile.to_vec().into());
        head.pixel_dims = self
            .extras
            .metadata
            .density
            .and_then(density::to_metre)
            .map(|(xppu, yppu)| PixelDimensions { xppu, yppu, unit: Unit::Meter });
        head.exif_metadata = self.extras.metadata.exif.as_ref().map(|exif| exif.to_vec().into());
        let indexed = head.color_type == ColorType::Indexed;
        let head_bits = head.bit_depth as u8;
        let mut encoder = ::png::Encoder::with_info(out.clone(), head).map_err(encoding)?;
        let is_packed = indexed || head_bits < 8;
        match self.effort.or(level).or(is_packed.then_some(PALETTE_EFFORT)) {
            None | Some(1) => encoder.set_compression(Compression::Fast),
            Some(0) => encoder.set_deflate_compression(DeflateCompression::NoCompression),
            Some(level) => encoder.set_deflate_compression(DeflateCompression::Level(level.min(9))),
        }
        // Differences between palette indices are meaningless.
        encoder.set_filter(if is_packed || self.effort == Some(0) { Filter::NoFilter } else { Filter::Adaptive });
        let mut writer = encoder.write_header().map_err(encoding)?;
        if let Some(points) = points {
            out.insert(AFTER_HEADER, &colour_chunks::chunk(points))?;
        }
        let Metadata { xmp, iptc, texts, .. } = &self.extras.metadata;
        if let Some(xmp) = xmp {
            writer.write_chunk(::png::chunk::iTXt, &text_chunks::xmp_chunk(xmp)).map_err(encoding)?;
        }
        let iptc = iptc.as_ref().map(|iptc| text_chunks::fold("iptc", iptc));
        for (kind, data) in texts.iter().chain(&iptc).filter_map(text_chunks::chunk) {
            writer.write_chunk(kind, &data).map_err(encoding)?;
        }
        Ok(writer)
    }

    fn indexed(&self, info: ImageInfo, indexed: Indexed) -> Result<Vec<u8>, ItemError> {
        let mut head = Info::with_size(info.width_px, info.height_px);
        head.color_type = ColorType::Indexed;
        let bits = indexed.bits();
        head.bit_depth = BitDepth::from_u8(bits).unwrap_or(BitDepth::Eight);
        head.palette = Some(indexed.palette.iter().flat_map(|&[r, g, b, _]| [r, g, b]).collect::<Vec<u8>>().into());
        let alphas: Vec<u8> = indexed.palette.iter().map(|colour| colour[3]).take_while(|&alpha| alpha < 255).collect();
        head.trns = (!alphas.is_empty()).then(|| alphas.into());
        self.packed(head, &Narrow::from((&indexed, bits)))
    }

    /// A file of values of 1 to 8 bits.
    fn packed(&self, head: Info<'static>, values: &Narrow) -> Result<Vec<u8>, ItemError> {
        let width = head.width as usize;
        let out = SharedBytes::default();
        let mut writer = self.file(head, None, &out)?.into_stream_writer().map_err(encoding)?;
        for row in values.rows(width) {
            std::io::Write::write_all(&mut writer, &row)
                .map_err(|error| errors::cant_encode(errors::from_encoder(error)))?;
        }
        writer.finish().map_err(encoding)?;
        out.take()
    }
}

impl PngEncoder {
    /// The description of a file of whole bytes.
    fn head(info: ImageInfo, is_deep: bool) -> Info<'static> {
        let mut head = Info::with_size(info.width_px, info.height_px);
        head.color_type = colour_type(info.channels);
        head.bit_depth = if is_deep { BitDepth::Sixteen } else { BitDepth::Eight };
        head
    }

    /// Begins a file with its first rows, by which the level is chosen.
    fn begin(
        &self,
        info: ImageInfo,
        is_deep: bool,
        bytes: &[u8],
    ) -> Result<(::png::StreamWriter<'static, SharedBytes>, SharedBytes), ItemError> {
        use std::io::Write as _;
        let head = Self::head(info, is_deep);
        let level = if self.effort.is_some() { None } else { level::of(&head, bytes) };
        let out = SharedBytes::default();
        let mut writer = self.file(head, level, &out)?.into_stream_writer().map_err(encoding)?;
        writer.write_all(bytes).map_err(|error| errors::cant_encode(errors::from_encoder(error)))?;
        Ok((writer, out))
    }

    /// Continues with the rows after those that are held.
    fn stream(&self, held: Held) -> Result<Streamed, ItemError> {
        let (writer, out) = self.begin(held.info, held.rows.is_deep(), &held.bytes)?;
        Ok(Streamed { info: held.info, count: held.count, rows: held.rows, writer, out })
    }

    /// A file of all rows.
    fn whole(&self, info: ImageInfo, is_deep: bool, bytes: &[u8]) -> Result<Vec<u8>, ItemError> {
        let (writer, out) = self.begin(info, is_deep, bytes)?;
        writer.finish().map_err(encoding)?;
        out.take()
    }

    /// A file of an image that is held completely.
    fn reduced(&self, mut held: Held) -> Result<Vec<u8>, ItemError> {
        let is_deep = held.rows.is_deep();
        if let Some(few) = held.few.take() {
            return self.small(held.info, few);
        }
        let Reduced { channels, is_deep, bytes } = held.needs.reduced(held.info.channels, is_deep, held.bytes);
        let info = ImageInfo { channels, ..held.info };
        if held.rows.is_deep() && !is_deep {
            // Only now are the samples known to be of 8 bits.
            let few = FewColours::new(channels).and_then(|mut few| few.add(&bytes).then_some(few));
            if let Some(few) = few {
                return self.small(info, few);
            }
        }
        self.whole(info, is_deep, &bytes)
    }

    /// A file of an image with few colours.
    fn small(&self, info: ImageInfo, few: FewColours) -> Result<Vec<u8>, ItemError> {
        let compared = info.width_px as usize * info.height_px as usize <= COMPARED_PX;
        let channels = reduce::without(info.channels, !few.is_opaque(), true);
        let (info, few) = (ImageInfo { channels, ..info }, few.in_channels(channels));
        if let Some(levels) = few.gray_levels().filter(|_| self.extras.profile.is_none()) {
            let info = ImageInfo { channels: Channels::Gray, ..info };
            let stepped = FewColours::new(Channels::Gray).and_then(|mut few| few.add(&levels).then_some(few));
            match stepped {
                Some(stepped) => return self.small(info, stepped),
                // A palette of 4 bits takes less.
                None if few.colour_count() > 16 => return self.whole(info, false, &levels),
                None => {}
            }
        }
        let samples = if compared && channels.colour_count() > 1 { few.samples() } else { Vec::new() };
        let small = match few.into_small() {
            Small::Gray(steps) => {
                let mut head = Info::with_size(info.width_px, info.height_px);
                head.color_type = ColorType::Grayscale;
                head.bit_depth = BitDepth::from_u8(steps.bits).unwrap_or(BitDepth::Eight);
                return self.packed(head, &steps);
            }
            Small::Palette(indexed) => indexed,
        };
        let bits = small.bits();
        let indexed = self.indexed(info, small)?;
        if bits < 8 || samples.is_empty() {
            return Ok(indexed);
        }
        // Gradients of 256 colours compress better by their differences.
        let plain = self.whole(info, false, &samples)?;
        Ok(if plain.len() < indexed.len() { plain } else { indexed })
    }
}

impl Held {
    /// Takes rows; `true` if it is known how to write them.
    fn add(&mut self, band: &Band) -> Result<bool, ItemError> {
        self.count.add(band, &self.info)?;
        let added = self.rows.convert(band);
        if let Some(few) = &mut self.few {
            if few.add(added) {
                return Ok(false);
            }
            self.bytes = few.samples();
            self.few = None;
            self.needs.add(&self.bytes);
        }
        self.needs.add(added);
        self.bytes.extend_from_slice(added);
        let most = if self.needs.may_shrink() { MAX_HELD_BYTES } else { SAMPLE_BYTES };
        Ok(self.bytes.len() >= most)
    }
}

impl Streamed {
    fn finish(self) -> Result<Vec<u8>, ItemError> {
        self.count.complete()?;
        self.writer.finish().map_err(encoding)?;
        self.out.take()
    }
}

impl SharedBytes {
    /// Inserts bytes before others that were written.
    fn insert(&self, at: usize, bytes: &[u8]) -> Result<(), ItemError> {
        let mut out = self.0.lock().map_err(|_| errors::cant_encode("encoder_state"))?;
        let at = at.min(out.len());
        let behind = out.split_off(at);
        out.extend_from_slice(bytes);
        out.extend(behind);
        Ok(())
    }

    pub(super) fn take(&self) -> Result<Vec<u8>, ItemError> {
        let mut out = self.0.lock().map_err(|_| errors::cant_encode("encoder_state"))?;
        Ok(std::mem::take(&mut *out))
    }
}

pub(super) fn encoding(error: EncodingError) -> ItemError {
    errors::cant_encode(errors::from_encoder(error))
}

impl RowWriter for PngEncoder {
    fn start(&mut self, info: ImageInfo) -> Result<(), ItemError> {
        if self.palette.is_some() {
            self.started = Some(Started::Collected(Collector::new(info, Channels::Rgba)?));
            return Ok(());
        }
        let rows = Rows::new(info);
        let few = if rows.is_deep() { None } else { FewColours::new(info.channels) };
        let needs = Needs::new(info.channels, rows.is_deep(), self.extras.profile.is_none());
        let count = RowCount::new(info.height_px);
        self.started = Some(Started::Held(Box::new(Held { info, count, rows, few, bytes: Vec::new(), needs })));
        Ok(())
    }

    fn write_rows(&mut self, band: &Band) -> Result<(), ItemError> {
        use std::io::Write as _;
        let streamed = match &mut self.started {
            Some(Started::Streamed(streamed)) => streamed,
            Some(Started::Collected(rows)) => return rows.add(band),
            Some(Started::Held(held)) => {
                if !held.add(band)? {
                    return Ok(());
                }
                let Some(Started::Held(held)) = self.started.take() else { return Err(errors::not_started()) };
                self.started = Some(Started::Streamed(Box::new(self.stream(*held)?)));
                return Ok(());
            }
            None => return Err(errors::not_started()),
        };
        streamed.count.add(band, &streamed.info)?;
        let bytes = streamed.rows.convert(band);
        streamed.writer.write_all(bytes).map_err(|error| errors::cant_encode(errors::from_encoder(error)))
    }
}

impl Encoder for PngEncoder {
    fn finish(mut self: Box<Self>) -> Result<Vec<u8>, ItemError> {
        match self.started.take() {
            Some(Started::Streamed(streamed)) => streamed.finish(),
            Some(Started::Held(held)) => {
                held.count.complete()?;
                self.reduced(*held)
            }
            Some(Started::Collected(rows)) => {
                let info = rows.info;
                let pixels = rows.into_pixels()?;
                let indexed = Indexed::of(&pixels, info.width_px, self.palette.unwrap_or(u16::MAX), Depth::Levels);
                drop(pixels);
                self.indexed(info, indexed)
            }
            None => Err(errors::not_started()),
        }
    }
}
