//! Messages between a job and a decoder helper: one JSON object per line in each direction. Files and pixels do not go
//! through them, but through the memory that both share.

use serde::{Deserialize, Serialize};

use crate::error::ItemError;
use crate::model::{Density, HdrChoice, ImageInfo, Metadata, Orientation, Part, RawChoice, Remark};

/// First argument of the program when it is started as a helper.
pub(super) const COMMAND: &str = "decode-helper";
/// Longest message in bytes; a longer one is not from a helper.
pub(super) const MAX_MESSAGE_BYTES: u64 = 1 << 20;

/// Asks a helper to work on the file at the beginning of the shared memory.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Request {
    /// Length of the file.
    pub(super) input_bytes: u64,
    /// Processor time for the task in whole seconds: for systems where only the helper itself can limit it.
    pub(super) processor_s: u64,
    pub(super) task: Task,
}

/// What to do with the file.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) enum Task {
    /// Only find out what the header of a page says.
    Probe { page: u32, raw: RawChoice },
    /// Decode a page of it. The first number is `DecodeOptions::max_downscale`.
    Open { max_downscale: f64, page: u32, raw: RawChoice, hdr: HdrChoice },
    /// Decode the gain map of the file.
    OpenGainMap,
    /// Open an animation; with `keep`, even if it is truncated.
    OpenFrames { keep: bool },
    /// Compose the next frame of the animation that is open. Any other task closes it.
    NextFrame,
}

/// A helper's messages.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Reply {
    /// The first message: the sandbox is closed.
    Ready,
    /// The first message if the helper could not be set up, with the reason.
    Unusable(String),
    /// The answer to `Task::Probe`: size and samples of the image, how it is turned, and the file's pages.
    Header(ImageInfo, Orientation, u32),
    /// The answer to `Task::Open` and `Task::OpenGainMap`: the pixels are in the shared memory.
    Opened(Box<OpenedMessage>),
    /// The answer to `Task::OpenFrames`.
    OpenedFrames(Box<FramesMessage>),
    /// The answer to `Task::NextFrame`: its pixels are in the shared memory.
    Frame(FrameMessage),
    /// The answer to `Task::NextFrame` after the last one. The animation is closed.
    NoFrame,
    /// The file cannot be decoded.
    Failed(ItemError),
}

/// A part of the shared memory.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) struct Span {
    pub(super) at: u64,
    pub(super) bytes: u64,
}

/// A decoded image.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct OpenedMessage {
    /// The image as described by the file's header.
    pub(super) header: ImageInfo,
    /// Size and samples of the decoded pixels.
    pub(super) info: ImageInfo,
    /// The pixels, row by row, without gaps.
    pub(super) pixels: Span,
    /// The remark about the rows.
    pub(super) remark: Option<Remark>,
    #[serde(flatten)]
    pub(super) extras: ExtrasMessage,
}

/// An animation.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct FramesMessage {
    /// Size and samples of every frame.
    pub(super) canvas: ImageInfo,
    pub(super) frames: u32,
    /// How often it plays; 0 is forever.
    pub(super) plays: u32,
    #[serde(flatten)]
    pub(super) extras: ExtrasMessage,
}

/// A frame, which fills the canvas.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct FrameMessage {
    /// How long it is shown, as a fraction of a second.
    pub(super) delay: (u32, u32),
    /// The pixels, row by row, without gaps.
    pub(super) pixels: Span,
}

/// The contents of a file apart from pixels.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ExtrasMessage {
    pub(super) profile: Option<Span>,
    pub(super) exif: Option<Span>,
    pub(super) xmp: Option<Span>,
    pub(super) iptc: Option<Span>,
    /// Texts, as JSON.
    pub(super) texts: Option<Span>,
    pub(super) density: Option<Density>,
    pub(super) left_out: Vec<Part>,
}

impl ExtrasMessage {
    /// The blocks of metadata, read from their spans by `read`.
    pub(super) fn metadata<E>(&self, mut read: impl FnMut(Span) -> Result<Vec<u8>, E>) -> Result<Metadata, E> {
        let texts = self.texts.map(&mut read).transpose()?;
        let mut block = |span: Option<Span>| span.map(&mut read).transpose().map(|block| block.map(Into::into));
        Ok(Metadata {
            exif: block(self.exif)?,
            xmp: block(self.xmp)?,
            iptc: block(self.iptc)?,
            density: self.density,
            texts: texts.and_then(|texts| serde_json::from_slice(&texts).ok()).unwrap_or_default(),
            left_out: self.left_out.clone(),
        })
    }
}
