//! Bytes to pixels and pixels to bytes: sniffing, one file per format, metadata, colour profiles, limits.
//!
//! Knows nothing of files, URLs, operations or jobs: it is given a file's bytes and gives a file's bytes. Rows are
//! streamed in bands wherever a format allows it. Anything a header claims is checked against the limits before memory
//! is taken for it.

mod animation;
mod avif;
mod bmp;
mod colour;
mod container;
mod errors;
mod gif;
mod guard;
mod ico;
mod jpeg;
mod jxl;
mod meta;
mod out;
mod pixels;
mod png;
mod qoi;
mod sniff;
mod strip;
mod svg;
mod tiff;
mod webp;

use std::sync::Arc;

use crate::error::{ErrorKind, ItemError};
use crate::model::{
    Channels, ColourChoice, Format, ImageInfo, Metadata, Orientation, Picture, Rgb, RowReader, RowWriter, SampleType,
    Samples, Save, TruncatedPolicy,
};

pub use animation::frame_decoder::{
    OpenedFrames, check_frames, frames_held_bytes, open_frames, open_frames_cancellable,
};
pub use animation::frame_encoder::{FrameEncoder, animates, animation_bytes};
pub use guard::decode_thread::{DecodeControl, Held};
pub use pixels::quality_search::within_bytes;
pub use sniff::sniff;

/// What a file's header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The format its first bytes tell.
    pub format: Format,
    /// The picture as stored: full size, before it is turned upright.
    pub info: ImageInfo,
    /// How the stored rows relate to the upright picture.
    pub orientation: Orientation,
    /// Frames of an animation that can be read; 1 for a still picture.
    pub frames: u32,
    /// Whether it is an animation of which only the first frame can be read: AVIF and JPEG XL.
    pub first_only: bool,
    /// Pages that the file holds; more than one in TIFF alone.
    pub pages: u32,
    /// Whether it is of a format that stores pictures with and without loss, and was stored without: WebP.
    pub lossless: bool,
    /// The name of colours that can't be honoured and count as sRGB, such as `PQ`.
    pub treated_as_srgb: Option<&'static str>,
}

impl Header {
    /// Of a file with one page and one frame.
    const fn still(format: Format, info: ImageInfo, orientation: Orientation) -> Self {
        Self {
            format,
            info,
            orientation,
            pages: 1,
            frames: 1,
            first_only: false,
            lossless: false,
            treated_as_srgb: None,
        }
    }
}

/// How a picture is to be decoded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DecodeOptions {
    /// 1.0 is full size. Above, the decoder may give a smaller picture if that is faster, whose sides are at least
    /// `ceil(full / max_downscale)`. JPEG does, by 2, 4 or 8; SVG is drawn so; the other formats ignore it.
    pub max_downscale: f64,
    /// Whether Rec. 601 luma in one channel does in place of colour. JPEG, which stores it, delivers it then; the other
    /// formats ignore it.
    pub luma: bool,
    /// What colour space pixels are converted to.
    pub colour: ColourChoice,
    /// Whether a file that ends early gives what there is; its rows' `truncation()` tells then.
    pub truncated: TruncatedPolicy,
    /// Which page of a file with several, counted from 0.
    pub page: u32,
}

/// A picture whose rows are ready to be read.
pub struct Opened<'a> {
    /// What the file's header says.
    pub header: Header,
    /// The rows. Their `info()` tells the size and samples really given.
    pub rows: Box<dyn RowReader + 'a>,
    /// The ICC profile that the rows are in, after `DecodeOptions::colour`; `None` is sRGB.
    pub profile: Option<Arc<[u8]>>,
    /// EXIF (its orientation reset), XMP and IPTC, and the density for print, of the upright picture.
    pub metadata: Metadata,
}

/// Takes rows and ends with a file's bytes.
pub trait Encoder: RowWriter {
    /// The whole file, after the last row. An error when rows are missing.
    fn finish(self: Box<Self>) -> Result<Vec<u8>, ItemError>;

    /// The same, given up with `Cancelled` once `cancelled` says so, where that takes more than a moment.
    fn finish_cancellable(self: Box<Self>, cancelled: &dyn Fn() -> bool) -> Result<Vec<u8>, ItemError> {
        if cancelled() { Err(ItemError::nameless(ErrorKind::Cancelled)) } else { self.finish() }
    }
}

/// What a format's own file gives back from opening.
struct Decoded<'a> {
    header: Header,
    rows: Box<dyn RowReader + 'a>,
    profile: Option<Vec<u8>>,
    metadata: Metadata,
}

/// What goes into a file beside its pixels, after the metadata policy.
#[derive(Clone, Debug, Default)]
struct Extras {
    profile: Option<Arc<[u8]>>,
    metadata: Metadata,
}

impl Default for DecodeOptions {
    fn default() -> Self {
        Self { max_downscale: 1.0, luma: false, colour: ColourChoice::Srgb, page: 0, truncated: TruncatedPolicy::Fail }
    }
}

/// Reads only a header, and refuses what can't or mustn't be decoded: `Empty`, `NotAPicture`, `Unsupported`,
/// `Truncated`, `Corrupt`, and `TooLarge` (by `config::MAX_PIXELS` and `config::MAX_SIDE_PX`). Takes no memory that
/// grows with the claimed size.
pub fn probe(bytes: &[u8]) -> Result<Header, ItemError> {
    probe_page(bytes, 0)
}

/// The same for a page of a file with several, counted from 0; of other files, `Header::pages` is 1, and any number
/// gives the only one.
pub fn probe_page(bytes: &[u8], page: u32) -> Result<Header, ItemError> {
    let format = sniff::require(bytes)?;
    let header = match format {
        Format::Jpeg => jpeg::probe(bytes),
        Format::Png => png::probe(bytes),
        Format::Webp => webp::probe(bytes),
        Format::Tiff => tiff::probe(bytes, page),
        Format::Gif => gif::probe(bytes),
        Format::Bmp | Format::Tga | Format::Qoi | Format::Pnm => pixels::image_crate::probe(format, bytes),
        Format::Ico => ico::decode::probe(bytes),
        Format::Jxl => jxl::decode::probe(bytes),
        Format::Avif => avif::probe(bytes),
        Format::Svg => svg::probe(bytes),
    }?;
    errors::within_limits(header.info.width_px, header.info.height_px)?;
    Ok(header)
}

/// Opens a picture: everything that [`probe`] refuses is refused here too, before memory is taken for pixels. Errors
/// within the pixel data come from reading the rows (or from here, for formats that are decoded as a whole).
pub fn open<'a>(bytes: &'a [u8], options: &DecodeOptions) -> Result<Opened<'a>, ItemError> {
    open_cancellable(bytes, options, &DecodeControl::endless())
}

/// The same, given up with `Cancelled` where control ends while a format is decoded as a whole.
pub fn open_cancellable<'a>(
    bytes: &'a [u8],
    options: &DecodeOptions,
    control: &DecodeControl<'_>,
) -> Result<Opened<'a>, ItemError> {
    let format = probe_page(bytes, options.page)?.format;
    let keep = options.truncated == TruncatedPolicy::Keep;
    let decoded = match format {
        Format::Jpeg => jpeg::open(bytes, options),
        Format::Png => png::open(bytes, keep, control.cancelled),
        Format::Webp => webp::open(bytes, keep),
        Format::Tiff => tiff::open(bytes, options),
        Format::Gif => gif::open(bytes, keep),
        Format::Bmp | Format::Tga | Format::Qoi | Format::Pnm => pixels::image_crate::open(format, bytes, keep),
        Format::Ico => ico::decode::open(bytes),
        Format::Jxl => jxl::decode::open(bytes, control),
        Format::Avif => avif::open(bytes, control),
        Format::Svg => svg::open(bytes, options, control),
    }?;
    let (rows, profile) = colour::apply(decoded.rows, decoded.profile, options.colour);
    let metadata = meta::upright(decoded.metadata, decoded.header.orientation);
    Ok(Opened { header: decoded.header, rows, profile, metadata })
}

/// When a picture was taken, as its camera's clock said: `YYYY-MM-DDTHH:MM:SS`. `None` where nothing tells. The
/// beginning of a file may do.
pub fn taken(bytes: &[u8]) -> Option<String> {
    match sniff(bytes)? {
        Format::Jpeg => jpeg::taken(bytes),
        Format::Png => png::taken(bytes),
        Format::Webp => webp::taken(bytes),
        // Such a file is built as an EXIF block is.
        Format::Tiff => meta::exif::taken(bytes),
        _ => None,
    }
}

/// A file without its metadata (EXIF, XMP, IPTC, comments, density) whose pixels are as they were, coded in the same
/// bytes; its profile stays, and so does its orientation. `None` where that takes encoding it anew.
pub fn stripped(bytes: &[u8]) -> Option<Vec<u8>> {
    strip::stripped(sniff(bytes)?, bytes)
}

/// Bytes of memory that an opened picture holds while its rows are read, the band and the file's own bytes not counted:
/// a few rows where a format streams, the whole picture (or twice) where it does not. An estimate for budgets.
pub fn held_bytes(bytes: &[u8], header: &Header) -> u64 {
    let whole = header.info.size_bytes();
    let row = (header.info.row_samples() * header.info.sample.size_bytes()) as u64;
    match header.format {
        Format::Jpeg => jpeg::held_bytes(bytes, &header.info),
        Format::Png if !png::is_interlaced(bytes) => row * 4 + (64 << 10),
        Format::Png | Format::Bmp | Format::Webp | Format::Tga | Format::Qoi => whole,
        Format::Gif | Format::Pnm | Format::Ico => whole * 2,
        Format::Tiff => tiff::held_bytes(bytes, &header.info),
        Format::Jxl => jxl::decode::held_bytes(&header.info),
        Format::Avif => avif::held_bytes(&header.info),
        Format::Svg => svg::held_bytes(bytes, &header.info),
    }
}

/// An encoder of one picture. `profile` is the one its rows are in; `metadata` is cut down by `save.metadata` here.
/// TGA, Netpbm, icons and SVG are read only: `CantEncode`.
pub fn encoder(
    format: Format,
    save: &Save,
    profile: Option<Arc<[u8]>>,
    metadata: &Metadata,
) -> Result<Box<dyn Encoder>, ItemError> {
    let metadata = meta::by_policy(metadata, save.metadata);
    // Formats that are read only are refused now, not at the first row.
    encoder_of(format, save, Extras::default())?;
    let save = save.clone();
    let (background, palette) = (save.background, save.palette.is_some());
    let stored = move |channels| stored_channels(format, background, palette, channels);
    let make = move |extras| -> Result<Box<dyn Encoder>, ItemError> {
        match save.max_bytes {
            Some(limit) if format.default_quality().is_some() => {
                Ok(Box::new(pixels::quality_search::Search::new(format, &save, limit, extras)))
            }
            Some(limit) => {
                let inner = encoder_of(format, &save, extras)?;
                Ok(Box::new(pixels::quality_search::Bounded { inner, format, limit }))
            }
            None => encoder_of(format, &save, extras),
        }
    };
    Ok(Box::new(pixels::deferred_encoder::DeferredEncoder::new(profile, metadata, Box::new(stored), Box::new(make))))
}

/// An encoder of an animation whose canvas and frames are `picture`'s: GIF, WebP and PNG, else `CantEncode`.
/// `save.max_bytes` is not looked at: see [`within_bytes`].
pub fn frame_encoder(
    format: Format,
    save: &Save,
    picture: Picture,
    profile: Option<Arc<[u8]>>,
    metadata: &Metadata,
) -> Result<Box<dyn FrameEncoder>, ItemError> {
    let metadata = meta::by_policy(metadata, save.metadata);
    let extras = pixels::deferred_encoder::extras(
        profile,
        metadata,
        &picture.canvas,
        stored_channels(format, save.background, save.palette.is_some(), picture.canvas.channels),
    );
    animation::frame_encoder::encoder(format, save, picture, extras)
}

/// The channels that a file has for a picture's: a profile must speak of those.
const fn stored_channels(format: Format, background: Rgb, palette: bool, channels: Channels) -> Channels {
    match (format, channels) {
        (Format::Jpeg, _) => jpeg::stored_channels(channels, background),
        (Format::Webp | Format::Avif, Channels::Gray) => Channels::Rgb,
        (Format::Webp | Format::Avif | Format::Tiff | Format::Bmp, Channels::GrayAlpha) => Channels::Rgba,
        // Colours in a table are red, green and blue.
        (Format::Png, Channels::Gray | Channels::GrayAlpha) if palette => Channels::Rgb,
        _ => channels,
    }
}

fn encoder_of(format: Format, save: &Save, extras: Extras) -> Result<Box<dyn Encoder>, ItemError> {
    Ok(match format {
        Format::Jpeg => Box::new(jpeg::JpegEncoder::new(save, extras)),
        Format::Png => Box::new(png::PngEncoder::new(save, extras)),
        Format::Webp => Box::new(webp::WebpEncoder::new(save, extras)),
        Format::Tiff => Box::new(tiff::TiffEncoder::new(save, extras)),
        Format::Avif => Box::new(avif::encode::AvifEncoder::new(save, extras)),
        Format::Jxl => Box::new(jxl::encode::JxlEncoder::new(extras)),
        Format::Gif => Box::new(gif::encode::GifEncoder::new(save)),
        Format::Qoi => Box::new(qoi::encode::QoiEncoder::default()),
        Format::Bmp => Box::new(bmp::encode::BmpEncoder::new(extras)),
        Format::Tga | Format::Pnm | Format::Ico | Format::Svg => {
            let detail = format!("{} files are read only; choose PNG, JPEG or WebP", format.label());
            return Err(errors::cant_encode(detail));
        }
    })
}

/// Bytes of memory that an encoder of a picture holds at its end, the file's own included. An estimate for budgets.
pub fn encoding_bytes(format: Format, save: &Save, info: &ImageInfo) -> u64 {
    let samples = info.row_samples() as u64 * u64::from(info.height_px);
    let whole = samples * if info.sample == SampleType::U16 { 2 } else { 1 };
    let own = match format {
        Format::Jpeg => jpeg::encoding_bytes(save, info) + whole / 3,
        Format::Png => png::encoding_bytes(save, info) + whole,
        Format::Webp => webp::encoding_bytes(save, info) + whole,
        Format::Tiff => tiff::encoding_bytes(info) + whole,
        Format::Avif => avif::encode::encoding_bytes(info) + whole / 3,
        Format::Jxl => jxl::encode::encoding_bytes(info) + whole,
        Format::Gif => gif::encode::encoding_bytes(info) + whole,
        Format::Qoi => qoi::encode::encoding_bytes(info) + whole,
        Format::Bmp => whole,
        Format::Tga | Format::Pnm | Format::Ico | Format::Svg => 0,
    };
    own + pixels::quality_search::held_bytes(format, save, info)
}

/// Samples as an sRGB screen shows them; `None` where they are shown as they are.
pub fn on_screen(samples: &Samples, channels: Channels, profile: Option<&Arc<[u8]>>) -> Option<Samples> {
    colour::on_screen(samples, channels, profile?)
}

/// The colour space to decode to for a format: pixels stay in their own only where a profile can go along to say so.
pub fn colour_for(format: Format, choice: ColourChoice) -> ColourChoice {
    if format.carries_profile() { choice } else { ColourChoice::Srgb }
}

/// The media type of a format.
pub fn content_type(format: Format) -> &'static str {
    match format {
        Format::Jpeg => "image/jpeg",
        Format::Png => "image/png",
        Format::Webp => "image/webp",
        Format::Tiff => "image/tiff",
        Format::Gif => "image/gif",
        Format::Bmp => "image/bmp",
        Format::Avif => "image/avif",
        Format::Jxl => "image/jxl",
        Format::Tga => "image/x-tga",
        Format::Qoi => "image/qoi",
        Format::Pnm => "image/x-portable-anymap",
        Format::Ico => "image/vnd.microsoft.icon",
        Format::Svg => "image/svg+xml",
    }
}

#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod kept;
#[cfg(test)]
mod reference_tests;
#[cfg(test)]
mod tests;
