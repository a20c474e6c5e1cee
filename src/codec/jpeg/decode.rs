//! Decoding JPEG through libjpeg (mozjpeg's, with libjpeg-turbo's SIMD), row by row.

use mozjpeg_sys as ffi;

use super::MAX_SIDE_PX;
use super::libjpeg::{Decoder, Fatal, Pixels};
use super::lossless;
use super::markers::{self, Markers, Process};
use crate::codec::guard::control::DecodeControl;
use crate::codec::meta::{self, exif};
use crate::codec::pixels::whole_image::shape;
use crate::codec::spec::{DecodeOptions, Decoded, FileHeader, Header, Stripped};
use crate::codec::{colour, errors};
use crate::error::{ErrorKind, ItemError};
use crate::model::{Band, Channels, ImageInfo, Message, Remark, RowReader, SampleType, Samples, Truncated};

/// Maximum number of scans. Each visits every pixel; real files have about ten.
const MAX_SCANS: usize = 200;
/// Bytes of compressed data that may remain after the last pixel. Some encoders write a few too many; damaged data
/// nearly always leaves more.
const MAX_LEFT_OVER_BYTES: u64 = 16;

pub(in crate::codec) fn probe(bytes: &[u8], _page: u32) -> Result<FileHeader, ItemError> {
    header(&markers::read(bytes)?)
}

/// When the image was taken.
pub(super) fn taken(bytes: &[u8]) -> Option<String> {
    meta::taken(&markers::read(bytes).ok()?.metadata)
}

/// What a file says about its image.
#[cfg(feature = "raw")]
pub(in crate::codec) fn described(bytes: &[u8]) -> Option<crate::model::Metadata> {
    Some(markers::read(bytes).ok()?.metadata)
}

/// The file without its metadata.
pub(super) fn stripped(bytes: &[u8]) -> Option<Stripped> {
    let found = markers::read(bytes).ok()?;
    let orientation = header(&found).ok()?.orientation;
    let left_out = meta::beside_pixels(found.metadata);
    let bytes = markers::stripped(bytes, exif::block_for(orientation).as_deref())?;
    Some(Stripped { bytes, left_out })
}

/// Bytes that decoding takes: some rows, and the coefficients of the whole image if the file has several scans.
pub(super) fn held_bytes(bytes: &[u8], header: &Header) -> u64 {
    let rows = header.info.row_samples() as u64 * 64;
    rows + markers::read(bytes).map_or(0, |markers| match markers.process {
        Process::Lossless => lossless::held_bytes(&markers),
        Process::Huffman | Process::Arithmetic => markers.coefficient_bytes(),
    })
}

pub(super) fn header(markers: &Markers) -> Result<FileHeader, ItemError> {
    let (width_px, height_px) = (markers.width_px, markers.height_px);
    if width_px.max(height_px) > MAX_SIDE_PX {
        return Err(errors::too_large(
            Message::new("format_side_limit")
                .with("width", width_px)
                .with("height", height_px)
                .with("format", "JPEG")
                .with("most", MAX_SIDE_PX),
        ));
    }
    let channels = if markers.components == 1 { Channels::Gray } else { Channels::Rgb };
    let mut info = ImageInfo { width_px, height_px, channels, sample: SampleType::U8, premultiplied: false };
    if markers.process == Process::Lossless {
        info = lossless::info(markers)?;
    }
    Ok(FileHeader::still(info, meta::orientation(markers.metadata.exif.as_deref(), markers.metadata.xmp.as_deref())))
}

pub(super) fn open<'a>(
    bytes: &'a [u8],
    options: &DecodeOptions,
    control: &DecodeControl<'_>,
) -> Result<Decoded<'a>, ItemError> {
    let mut markers = markers::read(bytes)?;
    let header = header(&markers)?;
    could_hold(bytes, &markers)?;
    let mut profile = markers.profile.take().or_else(|| meta::implied_profile(&markers.metadata));
    if markers.process == Process::Lossless {
        let rows = Box::new(lossless::rows(bytes, &markers)?);
        return Ok(Decoded { header, rows, profile, metadata: markers.metadata });
    }
    let luma = options.luma && markers.components == 3 && colour::is_unconverted(profile.as_deref(), options.colour);
    let output = match markers.components {
        1 => Pixels::Gray,
        // The file stores luma; for an RGB file libjpeg computes it.
        3 if luma => Pixels::Gray,
        4 => Pixels::Cmyk,
        _ => Pixels::Rgb,
    };
    let eighths = eighths(markers.width_px, markers.height_px, options.max_downscale);
    let fast_huffman = options.fast_huffman && markers.process == Process::Huffman;
    let decoder =
        Decoder::start(bytes, output, eighths, control.cancelled, fast_huffman).map_err(|fatal| from_fatal(&fatal))?;
    let channels = if output == Pixels::Gray { Channels::Gray } else { Channels::Rgb };
    let info = ImageInfo { width_px: decoder.width(), height_px: decoder.height(), channels, ..header.info };
    if decoder.components() != output.count() {
        return Err(errors::unsupported("jpeg_colour"));
    }
    let keep = options.keeps_truncated();
    let data = bytes.get(markers.data_at..).unwrap_or_default();
    let mut reader = JpegReader {
        decoder,
        info,
        had: bytes.len(),
        data_at: markers.data_at,
        data,
        ink: None,
        keep,
        keep_damaged: options.keeps_damaged(),
        is_damaged: false,
        rows_had: None,
        is_arithmetic: markers.process == Process::Arithmetic,
    };
    reader.check(0)?;
    if luma {
        profile = None;
    }
    if output == Pixels::Cmyk {
        let inks = colour::Inks::new(profile.as_deref(), options.colour);
        profile = inks.profile();
        markers.metadata.left_out.extend(inks.left_out());
        reader.ink = Some(Ink { inks, row: Vec::new() });
    }
    Ok(Decoded { header, rows: Box::new(reader), profile, metadata: markers.metadata })
}

/// Refuses a header that claims far more than its bytes can hold: every minimum coded unit takes at least a bit, so a
/// bomb is detected before libjpeg allocates memory for it.
pub(super) fn could_hold(bytes: &[u8], markers: &Markers) -> Result<(), ItemError> {
    let pixels = u64::from(markers.width_px) * u64::from(markers.height_px);
    // Arithmetic coding takes far less than a bit for each unit of an empty area.
    let per_bit = if markers.process == Process::Arithmetic { 256 } else { 1 };
    let least = pixels / markers.unit_px() / 8 / per_bit;
    let had = bytes.len().saturating_sub(markers.data_at) as u64;
    if had < least {
        return Err(errors::truncated());
    }
    if markers.coefficient_bytes() > 0 {
        let scans = scans(bytes.get(markers.data_at..).unwrap_or_default());
        if scans > MAX_SCANS {
            return Err(errors::too_large(Message::new("jpeg_scans").with("scans", scans).with("most", MAX_SCANS)));
        }
    }
    Ok(())
}

/// The number of scans that begin within data.
fn scans(data: &[u8]) -> usize {
    // In coded data a zero follows every FF: this can only be a marker, or part of a table between scans.
    data.array_windows().filter(|&&pair: &&[u8; 2]| pair == [0xFF, 0xDA]).count()
}

/// The smallest scale in eighths at which libjpeg may decode, so that sides are `ceil(full / max_downscale)` or more.
/// Only powers of two have vector instructions: any other scale is slower than the next of these.
fn eighths(width_px: u32, height_px: u32, max_downscale: f64) -> u32 {
    if max_downscale <= 1.0 || max_downscale.is_nan() {
        return 8;
    }
    let enough = |side_px: u32, eighths: u32| {
        let wanted = (f64::from(side_px) / max_downscale).ceil();
        (f64::from(side_px) * f64::from(eighths) / 8.0).ceil() >= wanted
    };
    [1, 2, 4].into_iter().find(|&n| enough(width_px, n) && enough(height_px, n)).unwrap_or(8)
}

pub(super) fn from_fatal(fatal: &Fatal) -> ItemError {
    match fatal.code {
        _ if fatal.is_cancelled => ItemError::nameless(ErrorKind::Cancelled),
        _ if fatal.at_end => errors::truncated(),
        ffi::JERR_INPUT_EMPTY | ffi::JERR_INPUT_EOF | ffi::JERR_FILE_READ => errors::truncated(),
        ffi::JERR_OUT_OF_MEMORY | ffi::JERR_IMAGE_TOO_BIG | ffi::JERR_WIDTH_OVERFLOW => {
            errors::too_large(errors::from_decoder(&fatal.words))
        }
        ffi::JERR_ARITH_NOTIMPL
        | ffi::JERR_BAD_PRECISION
        | ffi::JERR_CCIR601_NOTIMPL
        | ffi::JERR_CONVERSION_NOTIMPL
        | ffi::JERR_FRACT_SAMPLE_NOTIMPL
        | ffi::JERR_NOTIMPL
        | ffi::JERR_NOT_COMPILED
        | ffi::JERR_SOF_UNSUPPORTED => errors::unsupported(errors::from_decoder(&fatal.words)),
        _ => errors::corrupt(errors::from_decoder(&fatal.words)),
    }
}

/// Converts CMYK to RGB.
struct Ink {
    inks: colour::Inks<u8>,
    row: Vec<u8>,
}

struct JpegReader<'a> {
    decoder: Decoder<'a>,
    info: ImageInfo,
    had: usize,
    data_at: usize,
    /// From the first scan on.
    data: &'a [u8],
    ink: Option<Ink>,
    /// Whether to accept a truncated file, and a damaged one.
    keep: bool,
    keep_damaged: bool,
    /// Whether there was damage.
    is_damaged: bool,
    /// Rows that a truncated file has.
    rows_had: Option<u32>,
    /// Whether arithmetic coding is used, in which missing data looks like an empty area.
    is_arithmetic: bool,
}

impl JpegReader<'_> {
    /// Turns libjpeg's silent padding into an error. A missing end marker after complete pixels is accepted, because
    /// cameras leave it out; but not if scans may be missing, too.
    /// `before` is the number of rows read before those that are checked.
    fn check(&mut self, before: u32) -> Result<(), ItemError> {
        let faults = self.decoder.faults();
        if faults.hit_end && (faults.data_missing || self.is_arithmetic || self.decoder.has_several_scans()) {
            if !self.keep {
                return Err(self.truncated());
            }
            self.rows_had.get_or_insert(before);
            return Ok(());
        }
        if self.keep_damaged && (faults.data_missing || faults.bad_data) {
            self.is_damaged = true;
            return Ok(());
        }
        if faults.data_missing {
            return Err(errors::corrupt(Message::new("jpeg_ends").with("row", self.decoder.row())));
        }
        if faults.bad_data {
            return Err(errors::corrupt(Message::new("jpeg_codes").with("row", self.decoder.row())));
        }
        Ok(())
    }

    /// Estimates the full size from the rows that exist, once there are enough of them.
    fn truncated(&self) -> ItemError {
        let (rows, all) = (u64::from(self.decoder.row()), u64::from(self.info.height_px));
        if self.decoder.has_several_scans() {
            return errors::truncated().saying(&Message::new("truncated_in_pass").with("pass", scans(self.data) + 1));
        }
        if rows * 10 < all || rows >= all {
            return errors::truncated();
        }
        let data = self.had.saturating_sub(self.data_at) as u64;
        let wanted = self.data_at as u64 + data.saturating_mul(all) / rows.max(1);
        errors::truncated_about(self.had as u64, wanted)
    }
}

impl RowReader for JpegReader<'_> {
    fn info(&self) -> ImageInfo {
        self.info
    }

    fn scales_images(&self) -> bool {
        true
    }

    fn read_rows(&mut self, max_rows: u32, band: &mut Band) -> Result<u32, ItemError> {
        let before = self.decoder.row();
        let rows = max_rows.min(self.info.height_px - before);
        shape(band, &self.info, rows);
        let Samples::U8(samples) = &mut band.samples else { return Ok(0) };
        samples.resize(rows as usize * self.info.row_samples(), 0);
        let on = self.keep || self.keep_damaged;
        let read = match &mut self.ink {
            None => self.decoder.read(samples, on),
            Some(ink) => {
                ink.row.resize(rows as usize * self.info.width_px as usize * 4, 0);
                let read = self.decoder.read(&mut ink.row, on);
                ink.mix(samples);
                read
            }
        };
        let read = read.map_err(|fatal| from_fatal(&fatal))?;
        if !self.decoder.faults().data_missing {
            self.decoder.read_to_end();
        }
        self.check(before)?;
        if read < rows {
            return Err(self.truncated());
        }
        Ok(rows)
    }

    fn remark(&self) -> Option<Remark> {
        if self.is_damaged {
            return Some(Remark::Damaged);
        }
        let faults = self.decoder.faults();
        // Some programs leave such bytes behind, too, so this is only a warning.
        (faults.left_over_bytes > MAX_LEFT_OVER_BYTES && !faults.hit_end).then_some(Remark::LeftOver)
    }

    fn truncation(&self) -> Option<Truncated> {
        let of_rows = self.info.height_px;
        self.rows_had.map(|rows| Truncated { rows, of_rows, bytes: self.had as u64, frames: None })
    }
}

impl Ink {
    /// Converts the row buffer. Files store 255 for no ink, also those without Adobe's marker: libvips, Pillow and
    /// browsers read all of them so.
    fn mix(&mut self, rgb: &mut [u8]) {
        for sample in &mut self.row {
            *sample = !*sample;
        }
        self.inks.mix(&self.row, rgb);
    }
}
