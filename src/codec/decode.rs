//! Decoding: from a file's bytes to its header and its pixels. Every call finds the format's declaration and calls it.

use super::colour::{self, Applied, CodePoints, Hdr};
use super::formats::spec_of;
use super::guard::control::DecodeControl;
use super::guard::isolated;
use super::sniff::{recognise, require};
use super::spec::{DecodeOptions, HdrKind, Header, Opened, Stripped};
use super::{errors, meta};
use crate::error::ItemError;
use crate::model::{Channels, ColourChoice, Format, HdrChoice, Metadata, Part, Samples, Save};
use std::sync::Arc;

/// Reads only a header, and refuses files that can't or mustn't be decoded: `Empty`, `NotAPicture`, `Unsupported`,
/// `Truncated`, `Corrupt`, and `TooLarge` (by `config::MAX_PIXELS` and `config::MAX_SIDE_PX`). Memory use doesn't
/// depend on the claimed size.
pub fn probe(bytes: &[u8]) -> Result<Header, ItemError> {
    probe_page(bytes, 0)
}

/// Like [`probe`], for one page of a multi-page file, counted from 0. Other files have one page, whatever the number.
pub fn probe_page(bytes: &[u8], page: u32) -> Result<Header, ItemError> {
    let spec = require(bytes)?;
    let header = Header { format: spec.format(), file: (spec.probe)(bytes, page)? };
    errors::within_limits(header.info.width_px, header.info.height_px)?;
    Ok(header)
}

/// Like [`probe_page`]. Also reads headers that only a format's decoder can read, in a helper process if `control` says
/// so.
pub fn probe_with(bytes: &[u8], page: u32, control: &DecodeControl<'_>) -> Result<Header, ItemError> {
    let spec = require(bytes)?;
    let hidden = spec.isolated.as_ref().and_then(|isolated| Some((isolated, isolated.hidden_header.as_ref()?)));
    let Some((isolated, hidden)) = hidden.filter(|(_, hidden)| (hidden.is_hidden)(bytes)) else {
        return probe_page(bytes, page);
    };
    let header = Header { format: spec.format(), file: isolated::probe(bytes, page, (isolated, hidden), control)? };
    errors::within_limits(header.info.width_px, header.info.height_px)?;
    Ok(header)
}

/// Opens an image. Refuses everything that [`probe`] refuses, before allocating memory for pixels. Errors in the pixel
/// data are returned when rows are read (or here, for formats that are decoded as a whole).
///
/// Decodes every format in this process: for tests. Jobs and previews use [`open_cancellable`].
pub fn open<'a>(bytes: &'a [u8], options: &DecodeOptions) -> Result<Opened<'a>, ItemError> {
    open_cancellable(bytes, options, &DecodeControl::in_process())
}

/// Like [`open`]. Decoders of whole images stop with `Cancelled` once `control` says so.
pub fn open_cancellable<'a>(
    bytes: &'a [u8],
    options: &DecodeOptions,
    control: &DecodeControl<'_>,
) -> Result<Opened<'a>, ItemError> {
    let spec = require(bytes)?;
    let header = probe_with(bytes, options.page, control)?;
    let decoded = if spec.isolated.is_some() {
        isolated::open(spec, bytes, &header, options, control)?
    } else {
        (spec.open)(bytes, options, control)?
    };
    let header = Header { format: header.format, file: decoded.header };
    let has_profile = decoded.profile.is_some();
    let stored_profile = decoded.profile.as_deref().map(Into::into);
    let Applied { rows, profile, is_converted, is_unusable } =
        colour::apply(decoded.rows, decoded.profile, options.colour);
    let is_kept = profile.as_deref().and_then(CodePoints::of_profile).is_some();
    let space = if is_kept { ColourChoice::Keep } else { options.colour };
    let metadata = described(decoded.metadata, &header, space, has_profile, is_unusable);
    Ok(Opened { header, rows, profile, stored_profile, is_converted, metadata })
}

/// Metadata that describes the upright image in its colour space.
pub(super) fn described(
    metadata: Metadata,
    header: &Header,
    space: ColourChoice,
    has_profile: bool,
    is_unusable: bool,
) -> Metadata {
    let mut metadata = meta::upright(metadata, header.orientation);
    if is_unusable {
        metadata.left_out.push(Part::UnusableProfile);
    } else if space != ColourChoice::Keep && (has_profile || space != ColourChoice::Srgb) {
        metadata = meta::coloured(metadata, space);
    }
    metadata
}

/// When an image was taken, in camera time: `YYYY-MM-DDTHH:MM:SS`. `None` if the file doesn't say. The beginning of a
/// file may be enough.
pub fn taken(bytes: &[u8]) -> Option<String> {
    (recognise(bytes)?.taken)(bytes)
}

/// A file without its metadata (EXIF, XMP, IPTC, comments, density). The encoded pixels, the profile and the
/// orientation are unchanged. `None` if this requires re-encoding.
pub fn stripped(bytes: &[u8]) -> Option<Stripped> {
    (recognise(bytes)?.strip)(bytes)
}

/// The size that an image is decoded at, of a drawing that is drawn as large as it is needed; others don't change.
pub fn drawn_at(header: &Header, max_downscale: f64) -> Header {
    spec_of(header.format).map_or(*header, |spec| spec.drawn_at(header, max_downscale))
}

/// Whether images of a format are drawings, which can be drawn at any size.
pub fn is_drawing(format: Format) -> bool {
    spec_of(format).and_then(|spec| spec.isolated.as_ref()).is_some_and(|isolated| isolated.is_drawing)
}

/// Bytes of memory for an open image while its rows are read, apart from the band and the file: a few rows if the
/// format streams, otherwise the whole image (or twice). An estimate for budgets.
pub fn decode_bytes(bytes: &[u8], header: &Header) -> u64 {
    spec_of(header.format).map_or(0, |spec| (spec.decode_bytes)(bytes, header))
}

/// Samples converted to sRGB for a screen; `None` if they don't change. A high dynamic range is mapped to SDR for that.
pub fn on_screen(samples: &Samples, channels: Channels, profile: Option<&Arc<[u8]>>) -> Option<Samples> {
    colour::on_screen(samples, channels, profile?)
}

/// How a still image's PQ or HLG is decoded for a result of a format. It stays only if the format can hold it, and if no
/// colour space is requested that can't: sRGB, the default, counts as no request.
pub fn hdr_for(header: &Header, format: Format, save: &Save) -> HdrChoice {
    let is_hdr = header.tone_mapped.and_then(Hdr::from_name).is_some();
    let is_free = matches!(save.colour, ColourChoice::Srgb | ColourChoice::Keep);
    let encoder = spec_of(format).and_then(|spec| spec.encoder.as_ref());
    let is_held = encoder.is_some_and(|encoder| encoder.hdr.contains(&HdrKind::Pq));
    if is_hdr && is_free && is_held { save.hdr } else { HdrChoice::Sdr }
}

/// The colour space to decode to for a format: pixels only stay in another space if the file can hold its profile.
pub fn colour_for(format: Format, choice: ColourChoice) -> ColourChoice {
    if format.carries_profile() { choice } else { ColourChoice::Srgb }
}
