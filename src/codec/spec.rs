//! The declaration of a format, and the interfaces of decoders and encoders.
//!
//! Each format is one folder with one [`FormatSpec`] in its `mod.rs`, and one line in [`formats`](super::formats).
//! Sniffing, help, menus, file name extensions, media types, save settings and memory estimates all derive from it.

use std::io::{Read, Seek};
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::animation::canvas_rows::DecodedFrames;
use super::animation::frame_encoder::FrameEncoder;
use super::errors;
use super::gain_map::{FoundGainMap, GainMap};
use super::guard::control::DecodeControl;
use crate::config::MAX_SIDE_PX;
use crate::error::{ErrorKind, ItemError};
use crate::model::{
    Area, Channels, ColourChoice, DamagedPolicy, Format, FormatInfo, HdrChoice, ImageInfo, Metadata, Orientation,
    Original, Part, Picture, RawChoice, RowReader, RowWriter, SampleType, Save, TruncatedPolicy,
};

/// The declaration of a format.
pub struct FormatSpec {
    /// Names, extensions, media types and save settings.
    pub format: FormatInfo,
    /// What of a file is read.
    pub reads: ReadSpec,
    /// First bytes of files that identify the format. A file shorter than one of them counts as truncated.
    pub signatures: &'static [&'static [u8]],
    /// Whether a file's first bytes are those of the format.
    pub sniff: fn(&[u8]) -> bool,
    /// Reads the header of a page, counted from 0. Formats without pages ignore the number.
    pub probe: fn(&[u8], u32) -> Result<FileHeader, ItemError>,
    /// Opens the image.
    pub open: for<'a> fn(&'a [u8], &DecodeOptions, &DecodeControl<'_>) -> Result<Decoded<'a>, ItemError>,
    /// Estimated bytes of memory for decoding, apart from the file and the band that is being read.
    pub decode_bytes: fn(&[u8], &Header) -> u64,
    /// When the image was taken, as `YYYY-MM-DDTHH:MM:SS`. The beginning of a file may be enough.
    pub taken: fn(&[u8]) -> Option<String>,
    /// The file without its metadata, with its encoded pixels unchanged. `None` if this requires re-encoding.
    pub strip: fn(&[u8]) -> Option<Stripped>,
    /// How files hold gain maps; `None` if they have none that is read.
    pub gain_map: Option<GainMapSpec>,
    /// How files with several frames are handled.
    pub frames: Frames,
    /// Set if the decoder can't be stopped and must run in helper processes.
    pub isolated: Option<IsolatedSpec>,
    /// How the format is encoded; `None` if it is only read.
    pub encoder: Option<EncoderSpec>,
}

/// What of a format's files is read. [`format_facts`](super::format_facts) lists it; tests compare it with files of every
/// format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadSpec {
    /// Bits per sample that are kept of deeper ones.
    pub bits: u8,
    /// Whether images may be transparent.
    pub has_alpha: bool,
    /// The blocks of metadata that are read.
    pub metadata: &'static [Block],
    /// The high dynamic ranges that are recognised.
    pub hdr: &'static [HdrKind],
    /// Largest width or height in px.
    pub max_side_px: u32,
    /// The feature of the program without which the format can't be read.
    pub feature: Option<&'static str>,
}

impl ReadSpec {
    /// Opaque images with 8 bits per sample and no metadata.
    pub const PLAIN: Self =
        Self { bits: 8, has_alpha: false, metadata: &[], hdr: &[], max_side_px: MAX_SIDE_PX, feature: None };
}

/// A block of metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Block {
    /// EXIF.
    Exif,
    /// XMP.
    Xmp,
    /// IPTC records.
    Iptc,
    /// A colour profile.
    Icc,
}

impl Block {
    /// Every block, in the order of help.
    pub const ALL: [Self; 4] = [Self::Exif, Self::Xmp, Self::Iptc, Self::Icc];

    /// Its usual name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exif => "EXIF",
            Self::Xmp => "XMP",
            Self::Iptc => "IPTC",
            Self::Icc => "ICC",
        }
    }
}

/// How a file holds a high dynamic range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HdrKind {
    /// SMPTE ST 2084.
    Pq,
    /// ARIB STD-B67.
    Hlg,
    /// A standard image with a second one that says how bright it can be.
    GainMap,
    /// Linear light without an upper limit.
    Light,
}

impl HdrKind {
    /// Every kind, in the order of help.
    pub const ALL: [Self; 4] = [Self::Pq, Self::Hlg, Self::GainMap, Self::Light];

    /// Its code for other programs.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Pq => "pq",
            Self::Hlg => "hlg",
            Self::GainMap => "gain_map",
            Self::Light => "linear_light",
        }
    }
}

/// How a format is decoded in a helper process.
pub struct IsolatedSpec {
    /// The most processor time for decoding: only files made to be slow take more.
    pub processor: ProcessorLimit,
    /// Bytes of what is decoded: of the file, or of the text in it if that is compressed.
    pub coded_bytes: fn(&[u8]) -> u64,
    /// Files whose header cannot be read without their decoder.
    pub hidden_header: Option<HiddenHeader>,
    /// Whether images are drawings, which are drawn as large as they are needed.
    pub is_drawing: bool,
}

/// A limit of processor time. It is several times what good files take on slow machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcessorLimit {
    /// For any file.
    pub base_ms: u64,
    /// For every megapixel that is decoded or drawn.
    pub per_megapixel_ms: u64,
    /// For every megabyte of what is decoded.
    pub per_megabyte_ms: u64,
}

impl IsolatedSpec {
    /// The most processor time for decoding this many pixels of a file.
    pub(super) fn processor_time(&self, pixels: u64, bytes: &[u8]) -> Duration {
        self.processor.of(pixels, (self.coded_bytes)(bytes))
    }
}

impl ProcessorLimit {
    /// The limit for this many pixels from this many bytes.
    pub fn of(&self, pixels: u64, coded_bytes: u64) -> Duration {
        let part = |count: u64, per_million_ms: u64| count.saturating_mul(per_million_ms) / 1_000_000;
        let further_ms = part(pixels, self.per_megapixel_ms).saturating_add(part(coded_bytes, self.per_megabyte_ms));
        Duration::from_millis(self.base_ms.saturating_add(further_ms))
    }
}

/// A header that only the decoder can read.
pub struct HiddenHeader {
    /// Whether a file has such a header.
    pub is_hidden: fn(&[u8]) -> bool,
    /// Reads that of a page, counted from 0; called in a helper.
    pub probe: fn(&[u8], u32, RawChoice) -> Result<FileHeader, ItemError>,
    /// Estimated bytes of memory for this.
    pub bytes: fn(&[u8]) -> u64,
}

/// How a format is encoded.
pub struct EncoderSpec {
    /// An encoder of one image. `Save::quality` is set if the format has a quality.
    pub new: fn(&Save, Extras) -> Box<dyn Encoder>,
    /// The channels that a file stores for an image's channels. The profile must match them.
    pub stored_channels: fn(Channels, &Save) -> Channels,
    /// What a file holds of an image's metadata.
    pub carries: Carries,
    /// Bits per sample that a file keeps of deeper ones.
    pub bits: u8,
    /// The high dynamic ranges that a file can hold.
    pub hdr: &'static [HdrKind],
    /// Largest width or height in px.
    pub max_side_px: u32,
    /// How files of the format are rewritten without loss, if they can be.
    pub rewriting: Option<RewritingSpec>,
    /// How files of another format become files of this one without loss, if they can.
    pub transcoding: Option<TranscodingSpec>,
    /// Estimated bytes of memory at the end of encoding, including the file.
    pub bytes: fn(&Save, &ImageInfo) -> u64,
}

/// How files of a format are rewritten without decoding them to pixels.
pub struct RewritingSpec {
    /// The part nearest to the wanted one that can be cut out and turned without loss.
    pub part: fn(&[u8], &Rearrangement) -> Option<Area>,
    /// What a file contains apart from pixels.
    pub contents: fn(&[u8]) -> Result<Contents, ItemError>,
    /// Writes the file; `None` if it can't be read completely.
    pub write: WriteRewritten,
    /// Estimated bytes of memory, including the file; `true` if it is cut or turned.
    pub bytes: fn(&[u8], &Header, bool) -> u64,
}

/// Writes a file with the coded values of a file in another format.
pub type WriteTranscoded = fn(&[u8], &Save) -> Result<Option<Vec<u8>>, ItemError>;

/// How files of another format are recoded without decoding them to pixels: the same coded values in another container.
pub struct TranscodingSpec {
    /// Whether a file can be read, by its first bytes.
    pub reads: fn(&[u8]) -> bool,
    /// Writes the file; `None` if its coding can't be carried over.
    pub write: WriteTranscoded,
    /// Estimated bytes of memory, including the file.
    pub bytes: fn(&[u8], &Header) -> u64,
}

/// Writes a file with the same coded values, all of them as stored or cut and turned.
pub type WriteRewritten =
    fn(&[u8], &Save, &Extras, Option<&Rearrangement>, &dyn Fn() -> bool) -> Result<Option<Vec<u8>>, ItemError>;

/// What happens to an image that is only cut and turned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rearrangement {
    /// The part of the stored image that is kept.
    pub part: Area,
    /// How it is turned afterwards: as an image with this orientation is made upright.
    pub turn: Orientation,
}

/// What a file contains apart from pixels.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    /// The ICC profile; `None` is sRGB.
    pub profile: Option<Vec<u8>>,
    /// The metadata.
    pub metadata: Metadata,
}

/// A file without its metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stripped {
    /// The file.
    pub bytes: Vec<u8>,
    /// What else it lost, such as a gain map.
    pub left_out: Vec<Part>,
}

impl From<Vec<u8>> for Stripped {
    /// A file that lost nothing but metadata.
    fn from(bytes: Vec<u8>) -> Self {
        Self { bytes, left_out: Vec::new() }
    }
}

/// What a format's files hold of metadata.
#[derive(Clone, Copy)]
pub struct Carries {
    /// EXIF blocks.
    pub exif: bool,
    /// XMP packets.
    pub xmp: bool,
    /// IPTC records.
    pub iptc: CarriesIptc,
    /// Texts.
    pub texts: CarriesTexts,
    /// Print density, apart from EXIF.
    pub density: bool,
    /// Gain maps, and how they are written.
    pub gain_map: Option<CarriesGainMap>,
    /// Reduces metadata to what fits into a file, and notes what does not.
    pub fit: fn(&mut Extras),
}

/// How a format holds IPTC records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CarriesIptc {
    /// Not at all: they are converted to XMP.
    No,
    /// By convention: they are kept, and also converted to XMP, which more programs read.
    AlsoAsXmp,
    /// As they are.
    Yes,
}

/// Which texts a format holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CarriesTexts {
    /// None.
    No,
    /// Comments.
    Comments,
    /// Texts under any keyword.
    All,
}

impl Carries {
    /// Nothing.
    pub const NOTHING: Self = Self {
        exif: false,
        xmp: false,
        iptc: CarriesIptc::No,
        texts: CarriesTexts::No,
        density: false,
        gain_map: None,
        fit: |_| {},
    };
    /// EXIF and XMP.
    pub const EXIF_AND_XMP: Self = Self { exif: true, xmp: true, ..Self::NOTHING };
}

/// How a format's files hold gain maps.
pub struct GainMapSpec {
    /// Finds a file's map and reads what its values mean, without decoding it. `None` if there is none, or none that can be
    /// used.
    pub find: fn(&[u8]) -> Option<FoundGainMap>,
    /// Opens a map that was found.
    pub open: for<'a> fn(&'a [u8], &FoundGainMap, &DecodeControl<'_>) -> Result<Decoded<'a>, ItemError>,
    /// The file of a map that is stored as one.
    pub file: for<'a> fn(&'a [u8], &FoundGainMap) -> Option<&'a [u8]>,
    /// Estimated bytes of memory for decoding a map, apart from its pixels.
    pub bytes: fn(&[u8], &FoundGainMap) -> u64,
}

/// How files of a format get a gain map.
#[derive(Clone, Copy)]
pub struct CarriesGainMap {
    /// Writes the map's own file.
    pub code: fn(&GainMap, u8) -> Result<Vec<u8>, ItemError>,
    /// The map's own file with the pixels of the one that it was read from, if they can be kept.
    pub recode: fn(&GainMap) -> Option<Vec<u8>>,
    /// A picture's file with its map; `None` if that is not possible.
    pub joined: fn(&[u8], &[u8]) -> Option<Vec<u8>>,
    /// Most bytes that this adds to the files of picture and map.
    pub extra_bytes: u64,
}

/// How files with several frames are handled.
pub enum Frames {
    /// A file holds one image.
    Single,
    /// A file may be an animation.
    All(FrameSpec),
    /// A file may be a document with several pages.
    Pages(PageSpec),
}

/// A file that is read at any position.
pub trait SeekRead: Read + Seek {}

impl<T: Read + Seek> SeekRead for T {}

/// How the pages of a format's documents are counted.
pub struct PageSpec {
    /// Counts them without reading all of the file; `None` if only the header tells their number.
    pub count: Option<CountPages>,
}

/// Counts the pages of a file.
pub type CountPages = fn(&mut dyn SeekRead) -> Result<u32, ItemError>;

/// Makes an encoder of an animation.
pub type NewFrameEncoder = fn(&Save, Picture, Extras) -> Result<Box<dyn FrameEncoder>, ItemError>;

/// How a format's animations are read and written.
pub struct FrameSpec {
    /// Opens an animation; with `true`, even if it is truncated.
    pub open: for<'a> fn(&'a [u8], bool) -> Result<DecodedFrames<'a>, ItemError>,
    /// Whether a file is truncated, so that frames may be missing.
    pub is_truncated: fn(&[u8]) -> bool,
    /// Whether files store their number of frames, so that it is known even if the file is truncated.
    pub count_is_stored: bool,
    /// The number of frames of a truncated file, including a partial one. `None` uses the reader's number.
    pub begun: Option<fn(&[u8]) -> u32>,
    /// Estimated bytes of memory for an open animation, apart from the file and the band that is being read.
    pub held_bytes: fn(&[u8], &Header) -> u64,
    /// How animations are written; `None` if they are only read.
    pub encoder: Option<FrameEncoderSpec>,
}

/// How a format's animations are written.
pub struct FrameEncoderSpec {
    /// An encoder for an animation with this canvas.
    pub new: NewFrameEncoder,
    /// Estimated bytes per pixel of the canvas that the encoder holds to compare frames.
    pub compared_bytes: fn(&ImageInfo) -> u64,
    /// Estimated bytes of the file per pixel and frame; most pixels don't change.
    pub stored_bytes: fn(&Save) -> f64,
}

impl FormatSpec {
    /// The declared format.
    pub const fn format(&'static self) -> Format {
        Format::new(&self.format)
    }

    /// The size that an image is decoded at, of a drawing that is drawn as large as it is needed; others don't change.
    pub(super) fn drawn_at(&self, header: &Header, max_downscale: f64) -> Header {
        let mut drawn = *header;
        if max_downscale < 1.0 && self.isolated.as_ref().is_some_and(|isolated| isolated.is_drawing) {
            let info = &mut drawn.file.info;
            (info.width_px, info.height_px) = errors::enlarged((info.width_px, info.height_px), max_downscale);
        }
        drawn
    }

    /// How animations are read and written, if the format has them.
    pub const fn frame_spec(&self) -> Option<&FrameSpec> {
        match &self.frames {
            Frames::All(spec) => Some(spec),
            Frames::Single | Frames::Pages(_) => None,
        }
    }
}

/// A file's header, as reported by the format's code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileHeader {
    /// The image as stored: full size, before its orientation is applied.
    pub info: ImageInfo,
    /// How the stored rows relate to the upright image.
    pub orientation: Orientation,
    /// Frames of an animation; 1 for a still image.
    pub frames: u32,
    /// Pages of the file.
    pub pages: u32,
    /// Whether the image is stored losslessly in a format that also stores images with loss.
    pub lossless: bool,
    /// The name of a colour encoding that is not supported and treated as sRGB, such as `PQ`.
    pub treated_as_srgb: Option<&'static str>,
    /// The name of a high dynamic range that is mapped to SDR, such as `PQ`, unless it is kept.
    pub tone_mapped: Option<&'static str>,
    /// How pixels are stored, as far as a result may keep that.
    pub original: Original,
}

impl FileHeader {
    /// A file with one page and one frame.
    pub const fn still(info: ImageInfo, orientation: Orientation) -> Self {
        Self {
            info,
            orientation,
            pages: 1,
            frames: 1,
            lossless: false,
            treated_as_srgb: None,
            tone_mapped: None,
            original: Original { compression: None, has_few_colours: false },
        }
    }

    /// The same for pixels of less than 8 bits, or a palette's colours.
    #[must_use]
    pub const fn with_few_colours(mut self, has_few_colours: bool) -> Self {
        self.original.has_few_colours = has_few_colours;
        self
    }
}

/// A file's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The format, by the file's first bytes.
    pub format: Format,
    /// What the format's own code reports.
    pub file: FileHeader,
}

impl Header {
    /// The image's size in px, upright.
    pub fn upright_size_px(&self) -> (u32, u32) {
        let (width, height) = (self.info.width_px, self.info.height_px);
        if self.orientation.swaps_axes() { (height, width) } else { (width, height) }
    }
}

impl Deref for Header {
    type Target = FileHeader;

    fn deref(&self) -> &FileHeader {
        &self.file
    }
}

/// Options for decoding.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DecodeOptions {
    /// 1.0 is full size. Above 1.0 the decoder may deliver a smaller image if that is faster; its sides are at least
    /// `ceil(full / max_downscale)`. JPEG is scaled by 2, 4 or 8, drawings are drawn smaller; other formats ignore it.
    /// Below 1.0, drawings are drawn larger.
    pub max_downscale: f64,
    /// Whether Rec. 601 luma in one channel suffices instead of colour. JPEG, which stores it, delivers it; other
    /// formats ignore this.
    pub luma: bool,
    /// The colour space that pixels are converted to.
    pub colour: ColourChoice,
    /// Whether PQ, HLG and gain maps are kept, for a result that can hold them.
    pub hdr: HdrChoice,
    /// Whether to accept a truncated file; `truncation()` of its rows then says how much there is.
    pub truncated: TruncatedPolicy,
    /// Whether to accept damaged data; the rows then have a remark.
    pub damaged: DamagedPolicy,
    /// The page, counted from 0.
    pub page: u32,
    /// Whether to decode JPEG with our own Huffman decoder if possible; otherwise always with libjpeg's.
    pub fast_huffman: bool,
}

/// The default of [`DecodeOptions::fast_huffman`].
static FAST_HUFFMAN: AtomicBool = AtomicBool::new(true);

/// Sets the default of [`DecodeOptions::fast_huffman`] for the whole program.
pub fn set_fast_huffman(on: bool) {
    FAST_HUFFMAN.store(on, Ordering::Relaxed);
}

impl Default for DecodeOptions {
    fn default() -> Self {
        Self {
            max_downscale: 1.0,
            luma: false,
            colour: ColourChoice::Srgb,
            hdr: HdrChoice::Sdr,
            page: 0,
            truncated: TruncatedPolicy::Fail,
            damaged: DamagedPolicy::Fail,
            fast_huffman: FAST_HUFFMAN.load(Ordering::Relaxed),
        }
    }
}

impl DecodeOptions {
    /// Whether to accept damaged data.
    pub fn keeps_damaged(&self) -> bool {
        self.damaged == DamagedPolicy::Keep
    }

    /// Whether to accept a truncated file: damage often looks like one.
    pub fn keeps_truncated(&self) -> bool {
        self.truncated == TruncatedPolicy::Keep || self.keeps_damaged()
    }
}

/// The result of opening an image in a format's decoder.
pub struct Decoded<'a> {
    /// The file's header.
    pub header: FileHeader,
    /// The rows. Their `info()` gives the actual size and sample type.
    pub rows: Box<dyn RowReader + 'a>,
    /// The ICC profile of the rows; `None` is sRGB.
    pub profile: Option<Vec<u8>>,
    /// The file's metadata.
    pub metadata: Metadata,
}

/// An image that is ready to be read.
pub struct Opened<'a> {
    /// The file's header.
    pub header: Header,
    /// The rows. Their `info()` gives the actual size and sample type.
    pub rows: Box<dyn RowReader + 'a>,
    /// The ICC profile of the rows after `DecodeOptions::colour`; `None` is sRGB.
    pub profile: Option<Arc<[u8]>>,
    /// The one that the file has; `None` is sRGB.
    pub stored_profile: Option<Arc<[u8]>>,
    /// Whether pixels were converted from the file's profile.
    pub is_converted: bool,
    /// EXIF (its orientation reset), XMP, IPTC and print density of the upright image.
    pub metadata: Metadata,
}

/// The contents of a file apart from pixels, after the metadata policy.
#[derive(Clone, Debug, Default)]
pub struct Extras {
    /// The ICC profile; `None` is sRGB.
    pub profile: Option<Arc<[u8]>>,
    /// The metadata.
    pub metadata: Metadata,
}

/// Takes rows and returns a file's bytes.
pub trait Encoder: RowWriter {
    /// The whole file, after the last row. An error if rows are missing.
    fn finish(self: Box<Self>) -> Result<Vec<u8>, ItemError>;

    /// Like `finish`. Slow encoders stop with `Cancelled` once `cancelled` says so.
    fn finish_cancellable(self: Box<Self>, cancelled: &dyn Fn() -> bool) -> Result<Encoded, ItemError> {
        if cancelled() { Err(ItemError::nameless(ErrorKind::Cancelled)) } else { self.finish().map(Into::into) }
    }
}

/// An encoded image.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Encoded {
    /// The file.
    pub bytes: Vec<u8>,
    /// Its SSIMULACRA 2 score, if it was encoded to reach one.
    pub score: Option<f64>,
}

impl From<Vec<u8>> for Encoded {
    /// A file without a score.
    fn from(bytes: Vec<u8>) -> Self {
        Self { bytes, score: None }
    }
}

/// Bytes of an image whose samples are stored in 8 or 16 bits.
pub fn stored_bytes(info: &ImageInfo) -> u64 {
    let samples = info.row_samples() as u64 * u64::from(info.height_px);
    samples * if info.sample == SampleType::U16 { 2 } else { 1 }
}
