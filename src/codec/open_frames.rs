//! Decoding animations: frames are composed one at a time, in the requested colour space. A reader holds only its
//! canvas and what it needs to undo a frame.

use std::sync::Arc;

use super::animation::canvas_rows::NoRows;
use super::colour::{self, Applied};
use super::decode::{described, probe};
use super::errors;
use super::formats::spec_of;
use super::guard::control::DecodeControl;
use super::guard::isolated;
use super::spec::{DecodeOptions, FormatSpec, FrameSpec, Header};
use crate::config::{MAX_FRAME_PIXELS, MAX_FRAMES};
use crate::error::{ErrorKind, ItemError};
use crate::model::{ColourChoice, Frame, FrameReader, Message, Metadata, Picture, RowReader, Truncated};

/// An animation that is ready to be read.
pub struct OpenedFrames<'a> {
    /// The file's header.
    pub header: Header,
    /// The frames. Size and sample type are those of their rows.
    pub frames: Box<dyn FrameReader + 'a>,
    /// The ICC profile of the rows after `DecodeOptions::colour`; `None` is sRGB.
    pub profile: Option<Arc<[u8]>>,
    /// Whether pixels were converted from the file's profile.
    pub is_converted: bool,
    /// EXIF (its orientation reset), XMP and IPTC.
    pub metadata: Metadata,
}

/// Refuses animations above `config::MAX_FRAMES` or `config::MAX_FRAME_PIXELS`: `TooLarge`.
pub fn check_frames(header: &Header) -> Result<(), ItemError> {
    if header.frames > MAX_FRAMES {
        return Err(errors::too_large(
            Message::new("too_many_frames").with("frames", header.frames).with("most", MAX_FRAMES),
        ));
    }
    let canvas = u64::from(header.info.width_px) * u64::from(header.info.height_px);
    let pixels = canvas.saturating_mul(u64::from(header.frames));
    if header.frames > 1 && pixels > MAX_FRAME_PIXELS {
        let (had, most) = (pixels / 1_000_000, MAX_FRAME_PIXELS / 1_000_000);
        let why = Message::new("too_many_frame_pixels").with("frames", header.frames);
        return Err(errors::too_large(why.with("had", had).with("most", most)));
    }
    Ok(())
}

/// Opens an animation (`header.frames` above 1). Refuses everything that `probe` and [`check_frames`] refuse, before
/// allocating memory for pixels. Errors within frames are returned when they are read. If a truncated
/// or a damaged file is accepted, all of its frames are decoded first to count them.
///
/// Decodes every format in this process: for tests. Jobs and previews use [`open_frames_cancellable`].
pub fn open_frames<'a>(bytes: &'a [u8], options: &DecodeOptions) -> Result<OpenedFrames<'a>, ItemError> {
    open_frames_cancellable(bytes, options, DecodeControl::in_process())
}

/// Like [`open_frames`]. If that takes more than a moment, it stops with `Cancelled` once `control` says so. Formats whose
/// decoders can't be stopped are decoded in a helper, which holds one frame at a time.
pub fn open_frames_cancellable<'a>(
    bytes: &'a [u8],
    options: &DecodeOptions,
    control: DecodeControl<'a>,
) -> Result<OpenedFrames<'a>, ItemError> {
    let header = probe(bytes)?;
    check_frames(&header)?;
    let only_one = || errors::unsupported(Message::new("one_frame_only").with("format", header.format.label()));
    let format = spec_of(header.format).ok_or_else(only_one)?;
    let spec = format.frame_spec().ok_or_else(only_one)?;
    let keep = options.keeps_truncated() && (spec.is_truncated)(bytes);
    let open = || {
        if format.isolated.is_some() {
            isolated::open_frames(format, spec, bytes, &header, keep, control)
        } else {
            (spec.open)(bytes, keep)
        }
    };
    let mut decoded = open()?;
    if keep || options.keeps_damaged() {
        let accepts = (keep, options.keeps_damaged());
        let first = FirstFrames::count(decoded.frames, spec, bytes, accepts, control.cancelled)?;
        decoded.frames = Box::new(FirstFrames { frames: open()?.frames, ..first });
    }
    let canvas = decoded.frames.picture().canvas;
    let has_profile = decoded.profile.is_some();
    let Applied { profile, is_converted, is_unusable, .. } =
        colour::apply(Box::new(NoRows(canvas)), decoded.profile.clone(), options.colour);
    let frames: Box<dyn FrameReader> = Box::new(ColourFrames {
        frames: decoded.frames,
        profile: decoded.profile,
        choice: options.colour,
        shown: 0,
        count_is_stored: spec.count_is_stored,
    });
    let metadata = described(decoded.metadata, &header, options.colour, has_profile, is_unusable);
    Ok(OpenedFrames { header, frames, profile, is_converted, metadata })
}

/// Bytes of memory for an open animation, apart from the file: its canvas, and what it needs to compose the next frame. An
/// estimate for budgets.
pub fn frames_held_bytes(bytes: &[u8], header: &Header) -> u64 {
    let spec = spec_of(header.format).and_then(FormatSpec::frame_spec);
    spec.map_or(0, |spec| (spec.held_bytes)(bytes, header))
}

/// Frames that are converted to another colour space.
struct ColourFrames<'a> {
    frames: Box<dyn FrameReader + 'a>,
    profile: Option<Vec<u8>>,
    choice: ColourChoice,
    shown: u32,
    /// Whether the file stores its number of frames.
    count_is_stored: bool,
}

impl FrameReader for ColourFrames<'_> {
    fn picture(&self) -> Picture {
        self.frames.picture()
    }

    fn next_frame(&mut self) -> Result<Option<Frame>, ItemError> {
        let frame = self.frames.next_frame().map_err(|error| {
            let says_nothing = error.kind == ErrorKind::Truncated && error.arg("had").is_empty();
            let wanted = self.frames.picture().frames;
            if says_nothing { errors::truncated_frames(self.shown, wanted, self.count_is_stored) } else { error }
        })?;
        self.shown += u32::from(frame.is_some());
        Ok(frame)
    }

    fn rows_had(&self) -> Option<u32> {
        self.frames.rows_had()
    }

    fn truncation(&self) -> Option<Truncated> {
        self.frames.truncation()
    }

    fn is_damaged(&self) -> bool {
        self.frames.is_damaged()
    }

    fn rows(&mut self) -> Box<dyn RowReader + '_> {
        colour::apply(self.frames.rows(), self.profile.clone(), self.choice).rows
    }
}

/// The frames that exist in a truncated or damaged file.
struct FirstFrames<'a> {
    frames: Box<dyn FrameReader + 'a>,
    picture: Picture,
    shown: u32,
    truncation: Option<Truncated>,
    is_damaged: bool,
}

impl<'a> FirstFrames<'a> {
    /// Counts them by decoding them: the reader is at its end afterwards.
    fn count(
        mut frames: Box<dyn FrameReader + 'a>,
        spec: &FrameSpec,
        bytes: &[u8],
        (keep, keep_damaged): (bool, bool),
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Self, ItemError> {
        let (picture, mut had) = (frames.picture(), 0);
        let mut damage = None;
        let mut rows = picture.canvas.height_px;
        loop {
            if cancelled() {
                return Err(ItemError::nameless(ErrorKind::Cancelled));
            }
            match frames.next_frame() {
                Ok(Some(_)) => {
                    had += 1;
                    rows = frames.rows_had().unwrap_or(rows);
                }
                Err(error) if error.kind == ErrorKind::Corrupt && keep_damaged => {
                    damage = Some(error);
                    break;
                }
                Err(error) if error.kind != ErrorKind::Truncated || !keep => return Err(error),
                Ok(None) | Err(_) => break,
            }
        }
        if had == 0 {
            if let Some(error) = damage {
                return Err(error);
            }
            return Err(errors::truncated_frames(0, picture.frames, spec.count_is_stored));
        }
        let all = spec.begun.map_or(picture.frames, |begun| begun(bytes));
        let of_rows = picture.canvas.height_px;
        let truncation = Truncated { rows, of_rows, bytes: bytes.len() as u64, frames: Some((had, all)) };
        let is_damaged = damage.is_some();
        let truncation = (keep && !is_damaged).then_some(truncation);
        Ok(Self { frames, picture: Picture { frames: had, ..picture }, shown: 0, truncation, is_damaged })
    }
}

impl FrameReader for FirstFrames<'_> {
    fn picture(&self) -> Picture {
        self.picture
    }

    fn next_frame(&mut self) -> Result<Option<Frame>, ItemError> {
        if self.shown == self.picture.frames {
            return Ok(None);
        }
        self.shown += 1;
        self.frames.next_frame()
    }

    fn rows(&mut self) -> Box<dyn RowReader + '_> {
        self.frames.rows()
    }

    fn truncation(&self) -> Option<Truncated> {
        self.truncation
    }

    fn is_damaged(&self) -> bool {
        self.is_damaged
    }
}
