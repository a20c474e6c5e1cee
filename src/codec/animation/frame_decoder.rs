//! Animations in: which files hold several frames, and what all their readers share. Frames are composed one at a time;
//! no reader holds more than its canvas and what the next frame needs to be undone.

use std::sync::Arc;

use crate::codec::pixels::whole_image::shape;
use crate::codec::{DecodeOptions, Header, colour, errors, gif, meta, png, webp};
use crate::config::{MAX_FRAME_PIXELS, MAX_FRAMES};
use crate::error::{ErrorKind, ItemError};
use crate::model::{
    Band, ColourChoice, Format, Frame, FrameReader, ImageInfo, Metadata, Picture, RowReader, SampleType, Samples,
    Truncated, TruncatedPolicy,
};

/// An animation whose frames are ready to be composed.
pub struct OpenedFrames<'a> {
    /// What the file's header says.
    pub header: Header,
    /// The frames. Their rows tell the samples really given.
    pub frames: Box<dyn FrameReader + 'a>,
    /// The ICC profile that the rows are in, after `DecodeOptions::colour`; `None` is sRGB.
    pub profile: Option<Arc<[u8]>>,
    /// EXIF (its orientation reset), XMP and IPTC.
    pub metadata: Metadata,
}

/// What a format's own file gives back from opening.
pub(crate) struct DecodedFrames<'a> {
    pub(crate) frames: Box<dyn FrameReader + 'a>,
    pub(crate) profile: Option<Vec<u8>>,
    pub(crate) metadata: Metadata,
}

/// Refuses animations above `config::MAX_FRAMES` or `config::MAX_FRAME_PIXELS`: `TooLarge`.
pub fn check_frames(header: &Header) -> Result<(), ItemError> {
    if header.frames > MAX_FRAMES {
        return Err(errors::too_large(format!("{} frames; at most {MAX_FRAMES}", header.frames)));
    }
    let canvas = u64::from(header.info.width_px) * u64::from(header.info.height_px);
    let pixels = canvas.saturating_mul(u64::from(header.frames));
    if header.frames > 1 && pixels > MAX_FRAME_PIXELS {
        let (had, most) = (pixels / 1_000_000, MAX_FRAME_PIXELS / 1_000_000);
        let detail = format!("{} frames have {had} megapixels together; at most {most}", header.frames);
        return Err(errors::too_large(detail));
    }
    Ok(())
}

/// Opens an animation (`header.frames` above 1): everything that `probe` and [`check_frames`] refuse is refused here
/// too, before memory is taken for pixels. Errors within the frames come from reading them. Of a file that ends early,
/// where what there is will do, all frames are looked at first, to tell how many there are.
pub fn open_frames<'a>(bytes: &'a [u8], options: &DecodeOptions) -> Result<OpenedFrames<'a>, ItemError> {
    open_frames_cancellable(bytes, options, &|| false)
}

/// The same, given up with `Cancelled` once `cancelled` says so, where that takes more than a moment.
pub fn open_frames_cancellable<'a>(
    bytes: &'a [u8],
    options: &DecodeOptions,
    cancelled: &dyn Fn() -> bool,
) -> Result<OpenedFrames<'a>, ItemError> {
    let header = crate::codec::probe(bytes)?;
    check_frames(&header)?;
    let keep = options.truncated == TruncatedPolicy::Keep && ends_early(header.format, bytes);
    let mut decoded = opened(header.format, bytes, keep)?;
    if keep {
        let some = SomeFrames::count(decoded.frames, header.format, bytes, cancelled)?;
        let DecodedFrames { frames, .. } = opened(header.format, bytes, keep)?;
        decoded.frames = Box::new(SomeFrames { frames, ..some });
    }
    let canvas = decoded.frames.picture().canvas;
    let (_, profile) = colour::apply(Box::new(NoRows(canvas)), decoded.profile.clone(), options.colour);
    let tells = tells_frames(header.format);
    let frames: Box<dyn FrameReader> = Box::new(ColourFrames {
        frames: decoded.frames,
        profile: decoded.profile,
        choice: options.colour,
        shown: 0,
        tells,
    });
    let metadata = meta::upright(decoded.metadata, header.orientation);
    Ok(OpenedFrames { header, frames, profile, metadata })
}

fn opened(format: Format, bytes: &[u8], keep: bool) -> Result<DecodedFrames<'_>, ItemError> {
    match format {
        Format::Gif => gif::open_frames(bytes, keep),
        Format::Png => png::open_frames(bytes, keep),
        Format::Webp => webp::open_frames(bytes, keep),
        other => Err(errors::unsupported(format!("{} files hold no frames", other.label()))),
    }
}

fn ends_early(format: Format, bytes: &[u8]) -> bool {
    match format {
        Format::Gif => gif::ends_early(bytes),
        Format::Png => png::ends_early(bytes),
        _ => webp::ends_early(bytes),
    }
}

/// Whether the number of frames stands in the file, rather than being counted.
const fn tells_frames(format: Format) -> bool {
    matches!(format, Format::Png)
}

/// Bytes of memory that a frame reader holds: the canvas, a copy of it for what the next frame undoes, one frame.
pub fn frames_held_bytes(header: &Header) -> u64 {
    header.info.size_bytes().saturating_mul(3)
}

/// Frames on their way to another colour space.
struct ColourFrames<'a> {
    frames: Box<dyn FrameReader + 'a>,
    profile: Option<Vec<u8>>,
    choice: ColourChoice,
    shown: u32,
    /// Whether the number of frames stands in the file.
    tells: bool,
}

impl FrameReader for ColourFrames<'_> {
    fn picture(&self) -> Picture {
        self.frames.picture()
    }

    fn next_frame(&mut self) -> Result<Option<Frame>, ItemError> {
        let frame = self.frames.next_frame().map_err(|error| {
            let tells = error.kind == ErrorKind::Truncated && error.arg("had").is_empty();
            let wanted = self.frames.picture().frames;
            if tells { errors::truncated_frames(self.shown, wanted, self.tells) } else { error }
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
        colour::apply(self.frames.rows(), self.profile.clone(), self.choice).0
    }
}

/// The first frames of a file that ends early: those that are there.
struct SomeFrames<'a> {
    frames: Box<dyn FrameReader + 'a>,
    picture: Picture,
    shown: u32,
    truncation: Truncated,
}

impl<'a> SomeFrames<'a> {
    /// Looks at all that are there: the reader is at its end then.
    fn count(
        mut frames: Box<dyn FrameReader + 'a>,
        format: Format,
        bytes: &[u8],
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Self, ItemError> {
        let (told, mut had) = (frames.picture(), 0);
        let mut rows = told.canvas.height_px;
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
            return Err(errors::truncated_frames(0, told.frames, tells_frames(format)));
        }
        let truncation = Truncated {
            rows,
            of_rows: told.canvas.height_px,
            bytes: bytes.len() as u64,
            frames: Some((had, if format == Format::Webp { webp::frames_begun(bytes) } else { told.frames })),
        };
        Ok(Self { frames, picture: Picture { frames: had, ..told }, shown: 0, truncation })
    }
}

impl FrameReader for SomeFrames<'_> {
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

/// A picture without rows, to ask what would become of its colours.
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

/// The samples of a composed canvas.
#[derive(Clone, Copy)]
pub(crate) enum CanvasSamples<'c> {
    U8(&'c [u8]),
    U16(&'c [u16]),
}

/// Hands out the rows of a composed canvas.
pub(crate) struct CanvasRows<'c> {
    info: ImageInfo,
    samples: CanvasSamples<'c>,
    next_row: u32,
}

impl<'c> CanvasRows<'c> {
    /// A reader of `height_px * row_samples` samples; missing ones give no rows.
    pub(crate) fn new(info: ImageInfo, samples: CanvasSamples<'c>) -> Self {
        let sample = match samples {
            CanvasSamples::U8(_) => SampleType::U8,
            CanvasSamples::U16(_) => SampleType::U16,
        };
        Self { info: ImageInfo { sample, ..info }, samples, next_row: 0 }
    }
}

impl RowReader for CanvasRows<'_> {
    fn info(&self) -> ImageInfo {
        self.info
    }

    fn read_rows(&mut self, max_rows: u32, band: &mut Band) -> Result<u32, ItemError> {
        let rows = max_rows.min(self.info.height_px - self.next_row);
        let row = self.info.row_samples();
        let range = self.next_row as usize * row..(self.next_row + rows) as usize * row;
        shape(band, &self.info, rows);
        match (self.samples, &mut band.samples) {
            (CanvasSamples::U8(from), Samples::U8(to)) => refill(to, from.get(range)),
            (CanvasSamples::U16(from), Samples::U16(to)) => refill(to, from.get(range)),
            _ => {}
        }
        self.next_row += rows;
        Ok(rows)
    }
}

fn refill<T: Copy>(to: &mut Vec<T>, from: Option<&[T]>) {
    to.clear();
    to.extend_from_slice(from.unwrap_or_default());
}
