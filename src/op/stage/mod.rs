//! What an operation asks of the pipeline: the narrowest kind of stage that can do its work.
//!
//! Samples are f32, 0 to 1, interleaved. The pipeline converts, clamps after each step, bands and fuses; kernels only
//! compute.

mod colour;
mod grid;
mod resample_filter;
mod turn;

pub use colour::Colour;
pub use grid::{Pad, Rect, Resample};
pub use resample_filter::ResampleFilter;
pub use turn::Turn;

use std::sync::Arc;

use crate::model::{Band, Channels, Image, ImageInfo, Message};

/// Gives steps the files that they name. An implementation keeps what it has read: a batch asks often.
pub trait Files: Send + Sync {
    /// A file's bytes. The error is a sentence that names the file.
    fn bytes(&self, path: &str) -> Result<Arc<[u8]>, Message>;

    /// A file's picture, upright and in sRGB.
    fn picture(&self, path: &str) -> Result<Arc<Image>, Message>;
}

/// A step that has been checked.
pub trait Operation: Send + Sync {
    /// Reads the files it needs; called once, before any picture. The error is a sentence.
    fn load(&mut self, files: &dyn Files) -> Result<(), Message> {
        let _ = files;
        Ok(())
    }

    /// What it does to a picture like `input`. The error is a sentence about this picture.
    fn stage(&self, input: &ImageInfo) -> Result<Stage, Message>;
}

/// How a step works on a picture.
pub enum Stage {
    /// It changes nothing here.
    Nothing,
    /// Each pixel by itself: neighbouring ones fuse into one pass.
    Point(Box<dyn PointKernel>),
    /// Each pixel by itself and by where it stands.
    Positional(Box<dyn PositionalKernel>),
    /// Each pixel from its neighbourhood of `halo_px` on every side, in any way.
    Neighbourhood {
        /// Rows and columns needed on every side.
        halo_px: u32,
        /// What is computed.
        kernel: Box<dyn NeighbourhoodKernel>,
    },
    /// Each pixel from its neighbourhood of `halo_px` rows above and below, in a pass along rows and one along columns.
    Window {
        /// Rows needed above and below.
        halo_px: u32,
        /// What is computed.
        kernel: Box<dyn WindowKernel>,
    },
    /// Rows go in, as many of the same size come out, later: for what is cheapest with a memory of the rows before, or
    /// in larger blocks.
    Stream(Box<dyn StreamKernel>),
    /// Another size, then perhaps a border.
    Resample {
        /// The new grid.
        resample: Resample,
        /// A border around it.
        pad: Option<Pad>,
    },
    /// Turned or mirrored without loss.
    Turn(Turn),
    /// A part of it.
    Crop(Rect),
    /// On a larger canvas.
    Pad(Pad),
    /// Anything that needs the whole picture.
    Whole(Box<dyn WholeKernel>),
    /// Several, one after the other.
    Sequence(Vec<Stage>),
    /// The picture must be looked at before anybody can say what is to be done with it.
    Measure(Box<dyn Measure>),
}

/// A function of one pixel and of its place.
pub trait PositionalKernel: Send + Sync {
    /// Channels of the result: at least those of the input.
    fn channels(&self, input: Channels) -> Channels {
        input
    }

    /// Bytes it holds while it works.
    fn held_bytes(&self) -> u64 {
        0
    }

    /// Changes a run of pixels of row `y`, from column `x` on, in place. `channels` are those of the result: a new alpha
    /// is 1, new colours are the gray.
    fn apply(&self, x: u32, y: u32, samples: &mut [f32], channels: Channels);
}

/// A function of a neighbourhood that does not fall apart into two passes. What becomes of a pixel must follow from its
/// neighbourhood alone, to the last bit: a part of a picture is computed from that part.
pub trait NeighbourhoodKernel: Send + Sync {
    /// A run of pixels of one row, as many samples as `out` holds. Colour is premultiplied by alpha; `rows` are the rows
    /// from `halo_px` above to as many below, each from `halo_px` pixels left of the run to as many right of it; beyond
    /// the picture's edge its outermost pixels repeat.
    fn run(&self, rows: &WindowRows<'_>, channels: Channels, out: &mut [f32]);

    /// What becomes of the finished run (no longer premultiplied) and the original one, where that is asked for.
    fn combine(&self, original: &[f32], channels: Channels, out: &mut [f32]) {
        let _ = (original, channels, out);
    }

    /// Whether `combine` is to be called.
    fn wants_original(&self) -> bool {
        false
    }

    /// Whether it looks the same in a turned or mirrored picture.
    fn is_symmetric(&self) -> bool {
        false
    }
}

/// Says what is to be done, once it has seen the picture.
pub trait Measure: Send + Sync {
    /// The stage for this picture (never again `Measure`). `picture` holds every row, upright, in the type it arrived in.
    fn stage(&self, picture: &Band, info: &ImageInfo) -> Result<Stage, Message>;
}

/// A function of one pixel.
pub trait PointKernel: Send + Sync {
    /// Channels of the result. Where it has colours and the input is gray, the kernel is given that gray three times.
    fn channels(&self, input: Channels) -> Channels {
        input
    }

    /// Changes pixels in place; with fewer channels the result is packed at the front.
    fn apply(&self, samples: &mut [f32], channels: Channels);

    /// The value of one colour sample, if the function is the same for every colour channel, looks at nothing else and
    /// leaves alpha alone: such steps on 8-bit pixels fuse into one table.
    fn curve(&self, value: f32) -> Option<f32> {
        let _ = value;
        None
    }

    /// The same where red, green and blue (0, 1, 2; gray is 0) each have a function of their own.
    fn channel_curve(&self, channel: usize, value: f32) -> Option<f32> {
        let _ = channel;
        self.curve(value)
    }

    /// Whether applying it is quicker than looking its curve up in a table.
    fn is_quick(&self) -> bool {
        false
    }

    /// Whether it is Rec. 601 luma, which a JPEG decoder can give for nothing.
    fn is_luma(&self) -> bool {
        false
    }
}

/// A function of a neighbourhood, in two passes.
///
/// What becomes of a pixel must follow from its neighbourhood alone, to the last bit: a part of a picture is computed
/// from that part.
pub trait WindowKernel: Send + Sync {
    /// The first pass, along a row, done once for each row that arrives. Colour is premultiplied by alpha. `extended`
    /// is the row, its outermost pixels repeated over the halo on either side.
    fn prepare(&self, extended: &[f32], channels: Channels, prepared: &mut [f32]);

    /// The second pass, along columns of prepared rows: as many samples as `out` holds.
    fn finish(&self, rows: &WindowRows<'_>, out: &mut [f32]);

    /// What becomes of the finished row (no longer premultiplied) and the original one, where that is asked for.
    fn combine(&self, original: &[f32], channels: Channels, out: &mut [f32]) {
        let _ = (original, channels, out);
    }

    /// Whether `combine` is to be called.
    fn wants_original(&self) -> bool {
        false
    }

    /// Whether it is linear and the same for each channel, so that luma may be taken before it as well.
    fn commutes_with_luma(&self) -> bool {
        false
    }

    /// Whether it looks the same in a turned or mirrored picture.
    fn is_symmetric(&self) -> bool {
        false
    }

    /// Whether `finish` wants the rows as they arrive, with their margins of `halo_px` pixels, rather than prepared.
    fn wants_margins(&self) -> bool {
        false
    }

    /// What all of it comes to, where that is a [`Blend`].
    fn blend(&self) -> Option<Blend<'_>> {
        None
    }
}

/// A blur along rows and along columns, and what is made of it.
#[derive(Clone, Copy)]
pub struct Blend<'a> {
    /// Of both passes: symmetric, an odd number, never negative, with a sum of 1.
    pub weights: &'a [f32],
    /// The unsharp mask `x + amount * (x - blur)`; none for the blur itself.
    pub amount: Option<f32>,
}

/// A function of rows that remembers what it needs of those before.
pub trait StreamKernel: Send + Sync {
    /// Begins on a picture.
    fn start(&self, input: &ImageInfo) -> Box<dyn RowStream + '_>;

    /// Rows that must have gone in below the one that comes out.
    fn lead_px(&self, input: &ImageInfo) -> u32;

    /// Bytes held while it runs.
    fn held_bytes(&self, input: &ImageInfo) -> u64;

    /// Which part of the input makes a part of the result, to the last bit as it is in the whole. What is needed holds
    /// the part itself.
    fn needs(&self, part: Rect, input: &ImageInfo) -> Rect {
        let _ = part;
        Rect::all_of(input)
    }

    /// What becomes of the finished row (no longer premultiplied) and the original one, where that is asked for.
    fn combine(&self, original: &[f32], channels: Channels, out: &mut [f32]) {
        let _ = (original, channels, out);
    }

    /// Whether `combine` is to be called.
    fn wants_original(&self) -> bool {
        false
    }

    /// Whether it is linear and the same for each channel, so that luma may be taken before it as well.
    fn commutes_with_luma(&self) -> bool {
        false
    }

    /// Whether it looks the same in a turned or mirrored picture.
    fn is_symmetric(&self) -> bool {
        false
    }
}

/// A [`StreamKernel`] at work on one picture. Colour is premultiplied by alpha.
pub trait RowStream {
    /// Takes the next row.
    fn push(&mut self, row: &[f32]);

    /// Gives the next row of the result; false while it needs more rows first.
    fn pull(&mut self, out: &mut [f32]) -> bool;
}

/// A function of the whole picture.
pub trait WholeKernel: Send + Sync {
    /// What comes out.
    fn output(&self, input: &ImageInfo) -> ImageInfo;

    /// What of the picture is needed for a part of the result.
    fn needs(&self, input: &ImageInfo, part: Rect) -> Rect {
        let _ = part;
        Rect::all_of(input)
    }

    /// A run of pixels of row `y` of the result, from column `x` on.
    fn run(&self, picture: &Held<'_>, x: u32, y: u32, out: &mut [f32]);
}

/// A picture in memory, or what of it was said to be needed, in the type it arrived in.
pub struct Held<'a> {
    /// The rows.
    pub band: &'a Band,
    /// Which part of the picture they are.
    pub part: Rect,
    /// Size of the whole picture.
    pub info: ImageInfo,
}

/// A strip of prepared rows around the one that is being computed; beyond the picture's edge its outermost row repeats.
pub struct WindowRows<'a> {
    pub(crate) ring: &'a [f32],
    /// Where each row starts in the ring, from `halo_px` rows above to as many below.
    pub(crate) starts: &'a [usize],
    /// The first sample of the strip.
    pub(crate) first: usize,
}

impl WindowRows<'_> {
    /// Each row of the strip from top to bottom, and on to the end of the ring.
    #[inline(always)]
    pub fn rows(&self) -> impl Iterator<Item = &[f32]> {
        self.starts.iter().map(|start| self.ring.get(start + self.first..).unwrap_or_default())
    }
}
