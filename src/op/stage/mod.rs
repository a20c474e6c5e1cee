//! What an operation requests from the pipeline: the narrowest kind of stage that can do its work.
//!
//! Samples are f32, 0 to 1, interleaved. The pipeline converts, clamps after each step, divides images into bands and
//! fuses steps; kernels only compute.

mod colour;
mod grid;
mod resample_filter;
mod transfer;
mod turn;

pub use colour::Colour;
pub use grid::{Pad, Rect, Resample};
pub use resample_filter::ResampleFilter;
pub use transfer::Transfer;
pub use turn::Turn;

use std::sync::Arc;

use crate::model::{Band, Channels, Image, ImageInfo, Message};

/// Provides the files that steps name. Implementations cache what they have read, because a job asks often.
pub trait Files: Send + Sync {
    /// A file's bytes. The error is a message that names the file.
    fn bytes(&self, path: &str) -> Result<Arc<[u8]>, Message>;

    /// A file's image, upright and in sRGB.
    fn image(&self, path: &str) -> Result<Arc<Image>, Message>;
}

/// A validated step.
pub trait Operation: Send + Sync {
    /// Reads the files it needs; called once, before any image. The error is a message.
    fn load(&mut self, files: &dyn Files) -> Result<(), Message> {
        let _ = files;
        Ok(())
    }

    /// The stage for an image like `input`. The error is a message about this image.
    fn stage(&self, input: &ImageInfo) -> Result<Stage, Message>;
}

/// How a step processes an image.
pub enum Stage {
    /// Changes nothing.
    Nothing,
    /// Each pixel alone: neighbouring steps of this kind fuse into one pass.
    Point(Box<dyn PointKernel>),
    /// Each pixel alone, depending on its position.
    Positional(Box<dyn PositionalKernel>),
    /// Each pixel from its neighbourhood of `halo_px` on every side, in any way.
    Neighbourhood {
        /// Rows and columns needed on every side.
        halo_px: u32,
        /// The computation.
        kernel: Box<dyn NeighbourhoodKernel>,
    },
    /// Each pixel from its neighbourhood of `halo_px` rows above and below, in a pass along rows and one along columns.
    Window {
        /// Rows needed above and below.
        halo_px: u32,
        /// The computation.
        kernel: Box<dyn WindowKernel>,
    },
    /// Takes rows and returns as many of the same size later: for computations that are cheapest with a memory of
    /// earlier rows or in larger blocks.
    Stream(Box<dyn StreamKernel>),
    /// Resamples, then optionally adds a border.
    Resample {
        /// The new grid.
        resample: Resample,
        /// A border around it.
        pad: Option<Pad>,
    },
    /// Turns or mirrors without loss.
    Turn(Turn),
    /// Cuts out a part.
    Crop(Rect),
    /// Places it on a larger canvas.
    Pad(Pad),
    /// Anything that needs the whole image.
    Whole(Box<dyn WholeKernel>),
    /// Several stages in sequence.
    Sequence(Vec<Stage>),
    /// Measures the image to choose the stage.
    Measure(Box<dyn Measure>),
}

/// A function of one pixel and its position.
pub trait PositionalKernel: Send + Sync {
    /// Channels of the result: at least those of the input.
    fn channels(&self, input: Channels) -> Channels {
        input
    }

    /// Bytes it holds while it works.
    fn held_bytes(&self) -> u64 {
        0
    }

    /// Changes a run of pixels of row `y`, from column `x` on, in place. `channels` are those of the result: a new
    /// alpha is 1, new colours equal the gray.
    fn apply(&self, x: u32, y: u32, samples: &mut [f32], channels: Channels);

    /// Whether it draws something over the image, as opposed to changing its colours.
    fn covers(&self) -> bool {
        false
    }

    /// Like `apply` for another image of the same size without alpha: what this draws is replaced by `fill`.
    fn cover(&self, x: u32, y: u32, samples: &mut [f32], channels: Channels, fill: Colour) {
        let _ = (x, y, samples, channels, fill);
    }
}

/// A function of a neighbourhood that can't be separated into two passes. A result pixel must depend only on its
/// neighbourhood, bit for bit, so that part of an image can be computed from that part.
pub trait NeighbourhoodKernel: Send + Sync {
    /// Computes a run of pixels of one row, as many samples as `out` holds. Colour is premultiplied by alpha; `rows`
    /// are the rows from `halo_px` above to `halo_px` below, each from `halo_px` pixels left of the run to `halo_px`
    /// pixels right of it; beyond the image's edge its outermost pixels repeat.
    fn run(&self, rows: &WindowRows<'_>, channels: Channels, out: &mut [f32]);

    /// Combines the finished run (no longer premultiplied) with the original one, if requested.
    fn combine(&self, original: &[f32], channels: Channels, out: &mut [f32]) {
        let _ = (original, channels, out);
    }

    /// Whether `combine` is called.
    fn wants_original(&self) -> bool {
        false
    }

    /// Whether it gives the same result in a turned or mirrored image.
    fn is_symmetric(&self) -> bool {
        false
    }
}

/// Chooses a stage by measuring the image.
pub trait Measure: Send + Sync {
    /// The stage for this image (never `Measure` again). `image` holds every row, upright, in its incoming type.
    fn stage(&self, image: &Band, info: &ImageInfo) -> Result<Stage, Message>;
}

/// A function of one pixel.
pub trait PointKernel: Send + Sync {
    /// Channels of the result. If it has colours and the input is gray, the kernel receives that gray three times.
    fn channels(&self, input: Channels) -> Channels {
        input
    }

    /// Changes pixels in place; with fewer channels the result is packed at the front.
    fn apply(&self, samples: &mut [f32], channels: Channels);

    /// The result for one colour sample, if the function is the same for every colour channel, depends on nothing else
    /// and leaves alpha unchanged: such steps on 8-bit pixels fuse into one table.
    fn curve(&self, value: f32) -> Option<f32> {
        let _ = value;
        None
    }

    /// The same if red, green and blue (0, 1, 2; gray is 0) each have their own function.
    fn channel_curve(&self, channel: usize, value: f32) -> Option<f32> {
        let _ = channel;
        self.curve(value)
    }

    /// Whether computing it is faster than a table lookup.
    fn is_quick(&self) -> bool {
        false
    }

    /// Whether it is Rec. 601 luma, which a JPEG decoder provides at no cost.
    fn is_luma(&self) -> bool {
        false
    }
}

/// A function of a neighbourhood, in two passes.
///
/// A result pixel must depend only on its neighbourhood, bit for bit, so that part of an image can be computed from
/// that part.
pub trait WindowKernel: Send + Sync {
    /// The first pass, along a row, done once for each incoming row. Colour is premultiplied by alpha. `extended` is
    /// the row with its outermost pixels repeated over the halo on either side.
    fn prepare(&self, extended: &[f32], channels: Channels, prepared: &mut [f32]);

    /// The second pass, along columns of prepared rows: as many samples as `out` holds.
    fn finish(&self, rows: &WindowRows<'_>, out: &mut [f32]);

    /// Combines the finished row (no longer premultiplied) with the original one, if requested.
    fn combine(&self, original: &[f32], channels: Channels, out: &mut [f32]) {
        let _ = (original, channels, out);
    }

    /// Whether `combine` is called.
    fn wants_original(&self) -> bool {
        false
    }

    /// Whether it is linear and the same for each channel, so that luma can be taken before it.
    fn commutes_with_luma(&self) -> bool {
        false
    }

    /// Whether it gives the same result in a turned or mirrored image.
    fn is_symmetric(&self) -> bool {
        false
    }

    /// Whether `finish` needs the original rows with their margins of `halo_px` pixels instead of prepared ones.
    fn wants_margins(&self) -> bool {
        false
    }

    /// The whole computation, if it is a [`Blend`].
    fn blend(&self) -> Option<Blend<'_>> {
        None
    }
}

/// A blur along rows and columns, and its combination with the original.
#[derive(Clone, Copy)]
pub struct Blend<'a> {
    /// Weights of both passes: symmetric, an odd number, never negative, with a sum of 1.
    pub weights: &'a [f32],
    /// The amount of the unsharp mask `x + amount * (x - blur)`; `None` for the blur itself.
    pub amount: Option<f32>,
}

/// A function of rows that remembers what it needs of earlier ones.
pub trait StreamKernel: Send + Sync {
    /// Starts on an image.
    fn start(&self, input: &ImageInfo) -> Box<dyn RowStream + '_>;

    /// Rows that must be pushed beyond the one that is pulled.
    fn lead_px(&self, input: &ImageInfo) -> u32;

    /// Bytes held while it runs.
    fn held_bytes(&self, input: &ImageInfo) -> u64;

    /// The part of the input needed for part of the result, bit for bit as in the whole. It contains the part itself.
    fn needs(&self, part: Rect, input: &ImageInfo) -> Rect {
        let _ = part;
        Rect::all_of(input)
    }

    /// Combines the finished row (no longer premultiplied) with the original one, if requested.
    fn combine(&self, original: &[f32], channels: Channels, out: &mut [f32]) {
        let _ = (original, channels, out);
    }

    /// Whether `combine` is called.
    fn wants_original(&self) -> bool {
        false
    }

    /// Whether it is linear and the same for each channel, so that luma can be taken before it.
    fn commutes_with_luma(&self) -> bool {
        false
    }

    /// Whether it gives the same result in a turned or mirrored image.
    fn is_symmetric(&self) -> bool {
        false
    }
}

/// A running [`StreamKernel`] for one image. Colour is premultiplied by alpha.
pub trait RowStream {
    /// Takes the next row.
    fn push(&mut self, row: &[f32]);

    /// Returns the next row of the result; false while it needs more rows first.
    fn pull(&mut self, out: &mut [f32]) -> bool;
}

/// A function of the whole image.
pub trait WholeKernel: Send + Sync {
    /// The output for this input.
    fn output(&self, input: &ImageInfo) -> ImageInfo;

    /// The part of the image needed for part of the result.
    fn needs(&self, input: &ImageInfo, part: Rect) -> Rect {
        let _ = part;
        Rect::all_of(input)
    }

    /// The kernel that moves the pixels of another image of the same size, with these channels, in the same way.
    /// `background` is for pixels outside of the image.
    fn moving(&self, channels: Channels, background: Colour) -> Arc<dyn WholeKernel>;

    /// Computes a run of pixels of row `y` of the result, from column `x` on.
    fn run(&self, image: &HeldImage<'_>, x: u32, y: u32, out: &mut [f32]);
}

/// An image in memory, or the part of it that was needed, in its incoming type.
pub struct HeldImage<'a> {
    /// The rows.
    pub band: &'a Band,
    /// The part of the image that they are.
    pub part: Rect,
    /// Size of the whole image.
    pub info: ImageInfo,
}

/// A strip of prepared rows around the one being computed; beyond the image's edge its outermost row repeats.
pub struct WindowRows<'a> {
    pub(crate) ring: &'a [f32],
    /// Start of each row in the ring, from `halo_px` rows above to `halo_px` below.
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
