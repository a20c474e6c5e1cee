//! Opening a raw file: in a helper only, because its data is parsed by a library that can't be stopped.

use flashraw::{Error, FlashRaw};

use super::embedded::{self, Embedded};
use super::{describe, develop};
use crate::codec::guard::control::DecodeControl;
use crate::codec::spec::{DecodeOptions, Decoded, FileHeader};
use crate::codec::{errors, jpeg, meta};
use crate::error::ItemError;
use crate::model::{
    Band, Channels, ColourChoice, ImageInfo, Message, RawChoice, Remark, RowReader, SampleType, Truncated,
};

/// Bytes of memory for reading a header.
pub(super) const PROBE_BYTES: u64 = 64 << 20;
/// A raw file whose header has been read.
struct File<'a> {
    raw: FlashRaw<'a>,
    previews: Vec<Embedded<'a>>,
    /// The camera's image, without what the choice makes of it.
    full_px: (u32, u32),
    header: FileHeader,
}

impl<'a> File<'a> {
    fn read(bytes: &'a [u8], choice: RawChoice) -> Result<Self, ItemError> {
        let raw = FlashRaw::open_with(bytes, develop::limits()).map_err(|error| refused(&error, bytes))?;
        let crop = raw.frame_info().crop;
        errors::within_limits(crop.width, crop.height)?;
        let full_px = (crop.width, crop.height);
        let previews = match choice {
            RawChoice::Preview => embedded::previews(&raw, bytes),
            RawChoice::Develop => Vec::new(),
        };
        let (width_px, height_px) = embedded::size_px(&previews, full_px);
        let sample = match choice {
            RawChoice::Preview => SampleType::U8,
            RawChoice::Develop => SampleType::U16,
        };
        let info = ImageInfo { width_px, height_px, channels: Channels::Rgb, sample, premultiplied: false };
        let header = FileHeader::still(info, embedded::orientation(&raw));
        Ok(Self { raw, previews, full_px, header })
    }
}

/// The header.
pub(super) fn probe(bytes: &[u8], choice: RawChoice) -> Result<FileHeader, ItemError> {
    Ok(File::read(bytes, choice)?.header)
}

/// Decodes the smallest preview that is large enough, or develops the sensor's data.
pub(super) fn open<'a>(
    bytes: &'a [u8],
    options: &DecodeOptions,
    control: &DecodeControl<'_>,
) -> Result<Decoded<'a>, ItemError> {
    let file = File::read(bytes, control.raw)?;
    let info = file.header.info;
    let full = (info.width_px, info.height_px);
    let metadata = describe::metadata(bytes, &file.raw);
    if let Some((preview, downscale)) = embedded::large_enough(&file.previews, full, options.max_downscale) {
        let decoded = (jpeg::SPEC.open)(preview.bytes, &embedded::options(downscale), control)?;
        let profile = decoded.profile.or_else(|| meta::implied_profile(&metadata));
        return Ok(Decoded { header: file.header, rows: decoded.rows, profile, metadata });
    }
    let remark = (control.raw == RawChoice::Preview)
        .then(|| Remark::Developed { preview_px: embedded::largest_px(&file.previews) });
    let rows = develop::rows(&file.raw, file.full_px, &info, options.max_downscale)
        .map_err(|error| refused(&error, bytes))??;
    let rows = Box::new(Remarked { rows, remark });
    Ok(Decoded { header: file.header, rows, profile: None, metadata: meta::coloured(metadata, ColourChoice::Srgb) })
}

/// The error for what the library refuses.
fn refused(error: &Error, bytes: &[u8]) -> ItemError {
    match error {
        Error::UnsupportedFormat(_) => errors::unsupported(describe::unreadable(bytes)),
        Error::UnsupportedCompression { compression, .. } => {
            errors::unsupported(unreadable_camera(describe::camera(bytes), compression))
        }
        Error::CameraUnsupported { make, model, reason } => {
            let camera = describe::camera(bytes).unwrap_or_else(|| format!("{make} {model}").trim().to_owned());
            errors::unsupported(unreadable_camera(Some(camera), reason))
        }
        Error::LimitExceeded(_) | Error::OutOfMemory(_) => errors::too_large("needs_too_much_memory"),
        Error::CorruptFile { .. } if error.truncation().is_some() => errors::truncated(),
        Error::CorruptFile { what, .. } if what.contains("end of") || what.contains("past the end") => {
            errors::truncated()
        }
        other => errors::corrupt(errors::from_decoder(other)),
    }
}

/// Names the camera of a file whose data can't be read.
fn unreadable_camera(camera: Option<String>, detail: &str) -> Message {
    match camera {
        Some(camera) => Message::new("raw_camera_data").with("camera", camera).with("detail", detail),
        None => Message::new("raw_data").with("detail", detail),
    }
}

/// Rows with a remark about them.
struct Remarked {
    rows: Box<dyn RowReader>,
    remark: Option<Remark>,
}

impl RowReader for Remarked {
    fn info(&self) -> ImageInfo {
        self.rows.info()
    }

    fn read_rows(&mut self, max_rows: u32, band: &mut Band) -> Result<u32, ItemError> {
        self.rows.read_rows(max_rows, band)
    }

    fn truncation(&self) -> Option<Truncated> {
        self.rows.truncation()
    }

    fn remark(&self) -> Option<Remark> {
        self.remark.clone().or_else(|| self.rows.remark())
    }
}
