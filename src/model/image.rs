//! Pixels and their description. Rows run top to bottom, samples within a row left to right, channels interleaved.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::remark::{Part, Remark};
use crate::error::ItemError;

/// The type of one sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SampleType {
    /// 0 to 255.
    U8,
    /// 0 to 65535.
    U16,
    /// 0.0 to 1.0; values outside are allowed between operations.
    F32,
}

/// The channels of a pixel, in the order of their samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Channels {
    /// Gray.
    Gray,
    /// Gray, alpha.
    GrayAlpha,
    /// Red, green, blue.
    Rgb,
    /// Red, green, blue, alpha.
    Rgba,
}

/// The description of an image without its pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageInfo {
    /// Width in px.
    pub width_px: u32,
    /// Height in px.
    pub height_px: u32,
    /// Channels of a pixel.
    pub channels: Channels,
    /// Type of a sample.
    pub sample: SampleType,
    /// Whether colour samples are already multiplied by alpha.
    pub premultiplied: bool,
}

/// Interleaved samples of one type.
#[derive(Clone, Debug, PartialEq)]
pub enum Samples {
    /// 0 to 255.
    U8(Vec<u8>),
    /// 0 to 65535.
    U16(Vec<u16>),
    /// 0.0 to 1.0.
    F32(Vec<f32>),
}

/// Consecutive rows of an image: `rows * width_px * channels` samples.
#[derive(Clone, Debug, PartialEq)]
pub struct Band {
    /// Width in px.
    pub width_px: u32,
    /// Number of rows held.
    pub rows: u32,
    /// Channels of a pixel.
    pub channels: Channels,
    /// The samples.
    pub samples: Samples,
}

/// A whole image in memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Image {
    /// Size, channels and sample type.
    pub info: ImageInfo,
    /// `width_px * height_px * channels` samples.
    pub samples: Samples,
    /// Its ICC profile; `None` means sRGB.
    pub profile: Option<Arc<[u8]>>,
    /// The file's metadata.
    pub metadata: Metadata,
}

/// Metadata blocks as stored in a file, without the headers of their containers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metadata {
    /// TIFF-structured EXIF (starts with `II` or `MM`), its orientation tag reset to 1 once applied.
    pub exif: Option<Arc<[u8]>>,
    /// XMP packet.
    pub xmp: Option<Arc<[u8]>>,
    /// IPTC-IIM records.
    pub iptc: Option<Arc<[u8]>>,
    /// Print density, if the file has one.
    pub density: Option<Density>,
    /// Texts under keywords, as in PNG's text chunks; comments of JPEG and GIF have the keyword [`COMMENT`].
    pub texts: Vec<KeywordText>,
    /// Parts of the file that are not kept.
    pub left_out: Vec<Part>,
}

/// The keyword of a comment.
pub const COMMENT: &str = "Comment";

/// A text under a keyword.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeywordText {
    /// 1 to 79 characters, such as `Author`.
    pub keyword: String,
    /// A language tag such as `ko`; usually empty.
    pub language: String,
    /// The keyword in that language; usually empty.
    pub translated: String,
    /// The text.
    pub text: String,
}

impl KeywordText {
    /// A comment.
    pub fn comment(text: String) -> Self {
        Self { keyword: COMMENT.to_owned(), text, ..Self::default() }
    }

    /// Whether it is a comment.
    pub fn is_comment(&self) -> bool {
        self.keyword.eq_ignore_ascii_case(COMMENT)
    }
}

/// Print density in pixels per inch; resizing does not change it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Density {
    /// Across.
    pub x_per_inch: f64,
    /// Down.
    pub y_per_inch: f64,
}

/// How stored rows and columns relate to the upright image (EXIF tag 0x0112, values 1 to 8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Orientation {
    /// 1: upright.
    #[default]
    Upright,
    /// 2: mirrored left to right.
    FlipH,
    /// 3: rotated by 180 degrees.
    Rotate180,
    /// 4: mirrored top to bottom.
    FlipV,
    /// 5: mirrored along the main diagonal.
    Transpose,
    /// 6: has to be rotated by 90 degrees clockwise.
    Rotate90,
    /// 7: mirrored along the other diagonal.
    Transverse,
    /// 8: has to be rotated by 270 degrees clockwise.
    Rotate270,
}

/// Gives an image's rows from top to bottom.
pub trait RowReader: Send {
    /// The image's description; does not change while rows are read.
    fn info(&self) -> ImageInfo;

    /// Fills `band` with the next rows, at most `max_rows`; 0 rows after the last one. `band` keeps its allocation.
    fn read_rows(&mut self, max_rows: u32, band: &mut Band) -> Result<u32, ItemError>;

    /// How much is missing so far, if the file is truncated and that is accepted.
    fn truncation(&self) -> Option<Truncated> {
        None
    }

    /// A warning about the rows read so far.
    fn remark(&self) -> Option<Remark> {
        None
    }

    /// Whether its decoder delivers a smaller image where that suffices.
    fn scales_images(&self) -> bool {
        false
    }
}

impl<R: RowReader + ?Sized> RowReader for &mut R {
    fn info(&self) -> ImageInfo {
        (**self).info()
    }

    fn read_rows(&mut self, max_rows: u32, band: &mut Band) -> Result<u32, ItemError> {
        (**self).read_rows(max_rows, band)
    }

    fn truncation(&self) -> Option<Truncated> {
        (**self).truncation()
    }

    fn remark(&self) -> Option<Remark> {
        (**self).remark()
    }

    fn scales_images(&self) -> bool {
        (**self).scales_images()
    }
}

/// How much there is of a truncated file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Truncated {
    /// Rows that exist, from the top (or from the bottom, if they are stored that way); in an animation, those of
    /// the last frame that is saved. The others are blank or coarse.
    pub rows: u32,
    /// Rows that there should be.
    pub of_rows: u32,
    /// Bytes of the file.
    pub bytes: u64,
    /// For an animation: frames that are saved, and the least number there should be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frames: Option<(u32, u32)>,
}

impl From<Truncated> for Remark {
    fn from(truncated: Truncated) -> Self {
        Self::CutShort { rows: truncated.rows, of_rows: truncated.of_rows, frames: truncated.frames }
    }
}

/// Takes an image's rows from top to bottom.
pub trait RowWriter: Send {
    /// Called once, before any row.
    fn start(&mut self, info: ImageInfo) -> Result<(), ItemError>;

    /// Takes the next rows.
    fn write_rows(&mut self, band: &Band) -> Result<(), ItemError>;
}

impl SampleType {
    /// Bytes of one sample.
    pub const fn size_bytes(self) -> usize {
        match self {
            Self::U8 => 1,
            Self::U16 => 2,
            Self::F32 => 4,
        }
    }
}

impl Channels {
    /// Number of samples of a pixel.
    pub const fn count(self) -> usize {
        match self {
            Self::Gray => 1,
            Self::GrayAlpha => 2,
            Self::Rgb => 3,
            Self::Rgba => 4,
        }
    }

    /// The same with three colours.
    #[must_use]
    pub const fn with_colour(self) -> Self {
        match self {
            Self::Gray | Self::Rgb => Self::Rgb,
            Self::GrayAlpha | Self::Rgba => Self::Rgba,
        }
    }

    /// Whether the last sample is alpha.
    pub const fn has_alpha(self) -> bool {
        matches!(self, Self::GrayAlpha | Self::Rgba)
    }

    /// Number of colour samples, without alpha.
    pub const fn colour_count(self) -> usize {
        match self {
            Self::Gray | Self::GrayAlpha => 1,
            Self::Rgb | Self::Rgba => 3,
        }
    }
}

impl ImageInfo {
    /// Samples of one row.
    pub const fn row_samples(&self) -> usize {
        self.width_px as usize * self.channels.count()
    }

    /// Number of pixels.
    pub const fn pixels(&self) -> u64 {
        self.width_px as u64 * self.height_px as u64
    }

    /// Bytes of the whole image in memory.
    pub const fn size_bytes(&self) -> u64 {
        self.row_samples() as u64 * self.height_px as u64 * self.sample.size_bytes() as u64
    }
}

impl Samples {
    /// An empty buffer of a type.
    pub const fn empty(sample: SampleType) -> Self {
        match sample {
            SampleType::U8 => Self::U8(Vec::new()),
            SampleType::U16 => Self::U16(Vec::new()),
            SampleType::F32 => Self::F32(Vec::new()),
        }
    }

    /// The type of the samples.
    pub const fn sample(&self) -> SampleType {
        match self {
            Self::U8(_) => SampleType::U8,
            Self::U16(_) => SampleType::U16,
            Self::F32(_) => SampleType::F32,
        }
    }

    /// Number of samples.
    pub const fn len(&self) -> usize {
        match self {
            Self::U8(v) => v.len(),
            Self::U16(v) => v.len(),
            Self::F32(v) => v.len(),
        }
    }

    /// Whether any sample is not zero.
    pub fn any(&self) -> bool {
        match self {
            Self::U8(v) => v.iter().any(|&sample| sample != 0),
            Self::U16(v) => v.iter().any(|&sample| sample != 0),
            Self::F32(v) => v.iter().any(|&sample| sample != 0.0),
        }
    }

    /// Whether it holds nothing.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Band {
    /// An empty band for rows of an image.
    pub const fn empty(info: &ImageInfo) -> Self {
        Self { width_px: info.width_px, rows: 0, channels: info.channels, samples: Samples::empty(info.sample) }
    }
}

impl Band {
    /// Copies `rows` rows of an image's samples, from `first_row` on, keeping the allocation if the type is the same.
    /// Missing rows stay missing.
    pub fn take_rows(&mut self, info: &ImageInfo, samples: &Samples, first_row: u32, rows: u32) {
        let len = info.row_samples();
        let range = first_row as usize * len..(first_row + rows) as usize * len;
        self.width_px = info.width_px;
        self.channels = info.channels;
        self.rows = rows;
        if self.samples.sample() != samples.sample() {
            self.samples = Samples::empty(samples.sample());
        }
        match (samples, &mut self.samples) {
            (Samples::U8(from), Samples::U8(to)) => refill(to, from.get(range)),
            (Samples::U16(from), Samples::U16(to)) => refill(to, from.get(range)),
            (Samples::F32(from), Samples::F32(to)) => refill(to, from.get(range)),
            _ => {}
        }
    }
}

fn refill<T: Copy>(to: &mut Vec<T>, from: Option<&[T]>) {
    to.clear();
    to.extend_from_slice(from.unwrap_or_default());
}

impl Image {
    /// An image of 8-bit samples without profile or metadata.
    pub fn from_u8(width_px: u32, height_px: u32, channels: Channels, samples: Vec<u8>) -> Self {
        let info = ImageInfo { width_px, height_px, channels, sample: SampleType::U8, premultiplied: false };
        debug_assert_eq!(samples.len(), info.row_samples() * height_px as usize);
        Self { info, samples: Samples::U8(samples), profile: None, metadata: Metadata::default() }
    }
}

impl Orientation {
    /// From the EXIF tag's value; anything else than 1 to 8 is upright.
    pub const fn from_exif(value: u32) -> Self {
        match value {
            2 => Self::FlipH,
            3 => Self::Rotate180,
            4 => Self::FlipV,
            5 => Self::Transpose,
            6 => Self::Rotate90,
            7 => Self::Transverse,
            8 => Self::Rotate270,
            _ => Self::Upright,
        }
    }

    /// The EXIF tag's value, 1 to 8.
    pub const fn to_exif(self) -> u8 {
        match self {
            Self::Upright => 1,
            Self::FlipH => 2,
            Self::Rotate180 => 3,
            Self::FlipV => 4,
            Self::Transpose => 5,
            Self::Rotate90 => 6,
            Self::Transverse => 7,
            Self::Rotate270 => 8,
        }
    }

    /// Whether width and height are swapped.
    pub const fn swaps_axes(self) -> bool {
        matches!(self, Self::Transpose | Self::Rotate90 | Self::Transverse | Self::Rotate270)
    }
}
