//! Decoding animations: frames are composed one at a time, in the requested colour space. A reader holds only its
//! canvas and what it needs to undo a frame.

use std::sync::Arc;

use super::colour::{self, Applied};
use super::decode::{described, probe};
use super::errors;
use super::formats::spec_of;
use super::pixels::whole_image::shape;
use super::spec::{DecodeOptions, FormatSpec, FrameSpec, Header};
use crate::config::{MAX_FRAME_PIXELS, MAX_FRAMES};
use crate::error::{ErrorKind, ItemError};
use crate::model::{
    Band, ColourChoice, Frame, FrameReader, ImageInfo, Message, Metadata, Picture, RowReader, Truncated,
};

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
/// allocating memory for pixels. Errors within frames are returned when they are read. If a truncated file is accepted,
/// all of its frames are decoded first to count them.
pub fn open_frames<'a>(bytes: &'a [u8], options: &DecodeOptions) -> Result<OpenedFrames<'a>, ItemError> {
    open_frames_cancellable(bytes, options, &|| false)
}

/// Like [`open_frames`]. If that takes more than a moment, it stops with `Cancelled` once `cancelled` says so.
pub fn open_frames_cancellable<'a>(
    bytes: &'a [u8],
    options: &DecodeOptions,
    cancelled: &dyn Fn() -> bool,
) -> Result<OpenedFrames<'a>, ItemError> {
    let header = probe(bytes)?;
    check_frames(&header)?;
    let spec = spec_of(header.format)
        .and_then(FormatSpec::frame_spec)
        .ok_or_else(|| errors::unsupported(Message::new("one_frame_only").with("format", header.format.label())))?;
    let keep = options.keeps_truncated() && (spec.is_truncated)(bytes);
    let mut decoded = (spec.open)(bytes, keep)?;
    if keep {
        let first = FirstFrames::count(decoded.frames, spec, bytes, cancelled)?;
        decoded.frames = Box::new(FirstFrames { frames: (spec.open)(bytes, keep)?.frames, ..first });
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

/// Bytes of memory for a frame reader: the canvas, a copy to undo the next frame, and one frame.
pub fn frames_held_bytes(header: &Header) -> u64 {
    header.info.size_bytes().saturating_mul(3)
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

    fn rows(&mut self) -> Box<dyn RowReader + '_> {
        colour::apply(self.frames.rows(), self.profile.clone(), self.choice).rows
    }
}

/// The frames that exist in a truncated file.
struct FirstFrames<'a> {
    frames: Box<dyn FrameReader + 'a>,
    picture: Picture,
    shown: u32,
    truncation: Truncated,
}

impl<'a> FirstFrames<'a> {
    /// Counts them by decoding them: the reader is at its end afterwards.
    fn count(
        mut frames: Box<dyn FrameReader + 'a>,
        spec: &FrameSpec,
        bytes: &[u8],
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Self, ItemError> {
        let (picture, mut had) = (frames.picture(), 0);
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
                Err(error) if error.kind != ErrorKind::Truncated => return Err(error),
                Ok(None) | Err(_) => break,
            }
        }
        if had == 0 {
            return Err(errors::truncated_frames(0, picture.frames, spec.count_is_stored));
        }
        let all = spec.begun.map_or(picture.frames, |begun| begun(bytes));
        let of_rows = picture.canvas.height_px;
        let truncation = Truncated { rows, of_rows, bytes: bytes.len() as u64, frames: Some((had, all)) };
        Ok(Self { frames, picture: Picture { frames: had, ..picture }, shown: 0, truncation })
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
        Some(self.truncation)
    }
}

/// An image without rows, to determine how its colours would be converted.
struct NoRows(ImageInfo);

impl RowReader for NoRows {
    fn info(&self) -> ImageInfo {
        self.0
    }

    fn read_rows(&mut self, _: u32, band: &mut Band) -> Result<u32, ItemError> {
        shape(band, &self.0, 0);
        Ok(0)
    }
}
