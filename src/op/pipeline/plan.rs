//! What a recipe means for one picture: a list of passes, in an order that holds as little in memory as possible.
//!
//! Turning and mirroring commute with most passes, so they are put off until the picture is smallest; steps on single
//! pixels fuse into one pass; luma is taken before a blur rather than after it. Results differ by the rounding of
//! floats alone, but where a resize of a picture stored sideways clamps between its passes (its order is the stored
//! one's: a few levels at the hardest edges).

use super::pass::Pass;
use super::region::{Focused, focus};
use super::run;
use crate::error::{ErrorKind, ItemError};
use crate::model::{Band, Channels, ImageInfo, RowReader, RowWriter};
use crate::op::stage::{
    NeighbourhoodKernel, Pad, PointKernel, PositionalKernel, Rect, Resample, ResampleFilter, Stage, StreamKernel, Turn,
    WholeKernel, WindowKernel, WindowRows,
};

/// How much larger than its target a picture must still be when a decoder has scaled it, so that the resize after it
/// stays within 45 dB of one from the full picture. Sharp, noisy photographs at 1.46 are at 41 dB, at 2 above 48.
const DECODE_MARGIN: f64 = 2.0;

/// What a recipe means for one picture.
pub struct Plan {
    /// The picture as its file stores it.
    full: ImageInfo,
    /// The same at the scale of the view.
    input: ImageInfo,
    passes: Vec<Pass>,
    /// A turn that is still to be made.
    pending: Turn,
    /// What comes out so far, `pending` left aside.
    current: ImageInfo,
    approximate: bool,
    /// Which part of the result is wanted; `None` is all of it.
    focus: Option<Rect>,
    /// What follows once the picture has been looked at.
    tail: Option<Box<Tail>>,
}

/// Plans the steps from a measuring one on, for an image that is in memory and can be measured.
pub(super) type Measured = Box<dyn Fn(&Band, &ImageInfo) -> Result<Plan, ItemError> + Send + Sync>;

/// The steps from a measuring one on.
struct Tail {
    measured: Measured,
    /// The expected output, assuming that the measuring step keeps the size.
    expected: ImageInfo,
    expected_bytes: u64,
}

impl Plan {
    pub(crate) fn new(full: ImageInfo, input: ImageInfo) -> Self {
        let pending = Turn::default();
        Self { full, input, passes: Vec::new(), pending, current: input, approximate: false, focus: None, tail: None }
    }

    /// What comes out so far, turned as it will be.
    pub(crate) fn upright(&self) -> ImageInfo {
        self.pending.output(self.current)
    }

    pub(crate) fn mark_approximate(&mut self) {
        self.approximate = true;
    }

    pub(crate) fn push_turn(&mut self, turn: Turn) {
        self.pending = self.pending.then(turn);
    }

    /// Appends a step's stage.
    pub(crate) fn push(&mut self, stage: Stage) {
        match stage {
            // Pipelines set measuring aside; one that a measuring step gives is left out, as its trait says.
            Stage::Nothing | Stage::Measure(_) => {}
            Stage::Turn(turn) => self.push_turn(turn),
            Stage::Crop(rect) => {
                let before = self.pending.rect_before(rect, &self.upright());
                self.append(Pass::Crop(before));
            }
            Stage::Resample { resample, pad } => {
                self.push_resample(&resample);
                if let Some(pad) = pad {
                    self.flush();
                    self.append(Pass::Pad(pad));
                }
            }
            Stage::Point(kernel) => self.push_point(kernel),
            Stage::Window { halo_px, kernel } => {
                if !kernel.is_symmetric() {
                    self.flush();
                }
                self.append(Pass::Window { halo_px, kernel });
            }
            Stage::Positional(kernel) => {
                self.flush();
                self.append(Pass::Positional { kernel: kernel.into(), origin: (0, 0) });
            }
            Stage::Neighbourhood { halo_px, kernel } => {
                let channels = self.current.channels;
                self.push(Stage::Window { halo_px, kernel: Box::new(WithMargins { kernel, channels }) });
            }
            Stage::Stream(kernel) => {
                if !kernel.is_symmetric() {
                    self.flush();
                }
                self.append(Pass::Stream(kernel));
            }
            Stage::Pad(pad) => {
                self.flush();
                self.append(Pass::Pad(pad));
            }
            Stage::Whole(kernel) => {
                self.flush();
                self.append(Pass::Whole(kernel.into()));
            }
            Stage::Sequence(stages) => stages.into_iter().for_each(|stage| self.push(stage)),
        }
    }

    /// Sets the steps from a measuring one on; `expected` is their plan for an image whose size that step keeps.
    pub(super) fn set_tail(&mut self, measured: Measured, expected: &Self) {
        self.finish();
        self.approximate |= expected.approximate;
        let (expected, expected_bytes) = (expected.output(), expected.peak_bytes());
        self.tail = Some(Box::new(Tail { measured, expected, expected_bytes }));
    }

    /// No more steps follow.
    pub(crate) fn finish(&mut self) {
        if !self.pending.is_identity() {
            self.append(Pass::Turn(self.pending));
            self.pending = Turn::default();
        }
    }

    fn append(&mut self, pass: Pass) {
        self.current = pass.output(self.current);
        self.passes.push(pass);
    }

    fn push_resample(&mut self, resample: &Resample) {
        let area = |width: f64, height: f64| width * height;
        let shrinks = area(f64::from(resample.width_px), f64::from(resample.height_px))
            <= area(resample.box_width_px, resample.box_height_px);
        if !shrinks {
            self.flush();
        }
        let mut before = self.pending.resample_before(resample, &self.upright());
        let enlarges = f64::from(resample.width_px) > resample.box_width_px;
        if enlarges && self.input != self.full && before.kernel != ResampleFilter::Nearest {
            // A soft filter blurs by a pixel of the full picture, which is next to nothing in a smaller view.
            before.kernel = ResampleFilter::Lanczos3;
        }
        if !before.is_identity(&self.current) {
            self.append(Pass::Resample(before));
        }
    }

    fn push_point(&mut self, kernel: Box<dyn PointKernel>) {
        let channels = kernel.channels(self.current.channels);
        self.current.channels = channels;
        let before_blur = kernel.is_luma()
            && match self.passes.last() {
                Some(Pass::Window { kernel, .. }) => kernel.commutes_with_luma(),
                Some(Pass::Stream(kernel)) => kernel.commutes_with_luma(),
                _ => false,
            };
        let blur = if before_blur { self.passes.pop() } else { None };
        match self.passes.last_mut() {
            Some(Pass::Points(kernels)) => kernels.push(kernel),
            _ => self.passes.push(Pass::Points(vec![kernel])),
        }
        self.passes.extend(blur);
    }

    /// Makes the pending turn, before passes that would only make its samples larger.
    fn flush(&mut self) {
        if self.pending.is_identity() {
            return;
        }
        let points = self.passes.iter().rev().take_while(|pass| matches!(pass, Pass::Points(_))).count();
        self.passes.insert(self.passes.len() - points, Pass::Turn(self.pending));
        self.current = self.pending.output(self.current);
        self.pending = Turn::default();
    }

    /// Size, channels and sample type of the result. Where a step must look at the picture first ([`Plan::is_certain`]
    /// is false) it is what comes out if that step cuts nothing away.
    pub fn output(&self) -> ImageInfo {
        let output = self.tail.as_ref().map_or_else(|| self.upright(), |tail| tail.expected);
        let part = self.focus.map_or_else(|| Rect::all_of(&output), |rect| rect.within(&output));
        ImageInfo { premultiplied: false, width_px: part.width_px, height_px: part.height_px, ..output }
    }

    /// The same for a part of the result alone: only what that needs is computed, and its pixels are those of the whole
    /// result to the last bit. What lies outside the result is left out.
    #[must_use]
    pub fn focus(mut self, part: Rect) -> Self {
        self.focus = Some(part);
        self
    }

    /// Whether [`Plan::output`] is what will come out, whatever the pixels.
    pub const fn is_certain(&self) -> bool {
        self.tail.is_none()
    }

    /// How much smaller than its stored size a decoder may deliver the picture; 1 when it must be whole.
    pub fn max_downscale(&self) -> f64 {
        let (full_width, full_height) = (f64::from(self.full.width_px), f64::from(self.full.height_px));
        let (view_x, view_y) =
            (full_width / f64::from(self.input.width_px), full_height / f64::from(self.input.height_px));
        let (x, y) = match self.passes.first() {
            Some(Pass::Resample(to)) if to.kernel != ResampleFilter::Nearest && !to.linear_light => (
                view_x * (to.box_width_px / f64::from(to.width_px)).max(1.0),
                view_y * (to.box_height_px / f64::from(to.height_px)).max(1.0),
            ),
            _ => (view_x, view_y),
        };
        (x.min(y) / DECODE_MARGIN).max(1.0)
    }

    /// Whether a decoder may deliver Rec. 601 luma (the Y of a JPEG file) in place of colour, because nothing else is
    /// looked at.
    pub fn accepts_luma(&self) -> bool {
        let first = self.passes.iter().find(|pass| pass.computes());
        matches!(first, Some(Pass::Points(kernels)) if kernels.first().is_some_and(|kernel| kernel.is_luma()))
    }

    /// An estimate of the bytes held at once while it runs, the decoder's and the encoder's own left aside.
    pub fn peak_bytes(&self) -> u64 {
        let mut info = self.input;
        let mut total = run::band_bytes(&info);
        let passes: Vec<&Pass> = self.passes.iter().collect();
        for (i, pass) in passes.iter().enumerate() {
            let output = pass.output(info);
            total += run::pass_bytes(pass, &info, self.input.sample) + run::band_bytes(&output);
            info = ImageInfo { sample: run::sample_after(i, &passes, info, self.input.sample), ..output };
        }
        total + self.tail.as_ref().map_or(0, |tail| info.size_bytes() + tail.expected_bytes)
    }

    /// Whether this is a smaller view of a step that is not faithful to scale.
    pub fn is_approximate(&self) -> bool {
        self.approximate
    }

    /// Runs every pass, in bands of rows, from `rows` to `writer`; gives back what came out.
    ///
    /// `rows` may deliver a smaller picture than the file's ([`Plan::max_downscale`]): the result has the planned size
    /// all the same. `cancelled` is asked for each band; once true, the error is `ErrorKind::Cancelled`.
    pub fn run(
        &self,
        rows: &mut dyn RowReader,
        writer: &mut dyn RowWriter,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<ImageInfo, ItemError> {
        if let Some(tail) = &self.tail {
            let mut picture = self.collect(rows, cancelled)?;
            let mut rest = tail.plan(&picture)?;
            rest.focus = self.focus;
            return rest.run(&mut picture, writer, cancelled);
        }
        self.with_chain(rows, cancelled, |chain| {
            let output = chain.info();
            writer.start(output)?;
            let mut band = Band::empty(&output);
            let mut written = 0;
            while chain.read(run::band_rows(&output), &mut band)? > 0 {
                writer.write_rows(&band)?;
                written += band.rows;
            }
            if written == output.height_px {
                Ok(output)
            } else {
                let detail = format!("{written} of {} rows", output.height_px);
                Err(ItemError::nameless(ErrorKind::Truncated).with("detail", detail))
            }
        })
    }

    /// The plan for every further picture that is to be treated just as this one: what had to be looked at was seen
    /// here. (The frames of an animation are all cut alike.)
    pub fn settled(mut self, rows: &mut dyn RowReader, cancelled: &dyn Fn() -> bool) -> Result<Self, ItemError> {
        let Some(tail) = self.tail.take() else { return Ok(self) };
        let mut picture = self.collect(rows, cancelled)?;
        let mut rest = tail.plan(&picture)?.settled(&mut picture, cancelled)?;
        self.passes.append(&mut rest.passes);
        self.current = rest.current;
        Ok(self)
    }

    /// The picture before the step that must look at it.
    fn collect(&self, rows: &mut dyn RowReader, cancelled: &dyn Fn() -> bool) -> Result<Collected, ItemError> {
        self.with_chain(rows, cancelled, |chain| {
            let info = chain.info();
            Ok(Collected { picture: run::collect(chain)?, info, next_row: 0 })
        })
    }

    /// Joins the passes behind a reader, and has them used.
    fn with_chain<T>(
        &self,
        rows: &mut dyn RowReader,
        cancelled: &dyn Fn() -> bool,
        used: impl FnOnce(&mut dyn run::Rows) -> Result<T, ItemError>,
    ) -> Result<T, ItemError> {
        let decoded = rows.info();
        let fits = (decoded.width_px, decoded.height_px) == (self.input.width_px, self.input.height_px);
        if decoded.width_px == 0 || decoded.height_px == 0 {
            return Err(ItemError::nameless(ErrorKind::Corrupt).with("detail", "it has no pixels"));
        }
        let scaled_first;
        let mut passes: Vec<&Pass> = self.passes.iter().collect();
        if !fits {
            scaled_first = match passes.first() {
                Some(Pass::Resample(to)) => {
                    passes.remove(0);
                    Pass::Resample(rescaled(to, &decoded, &self.input))
                }
                _ => Pass::Resample(to_planned(&decoded, &self.input)),
            };
            passes.insert(0, &scaled_first);
        }
        let focused;
        if let (Some(part), None) = (self.focus, &self.tail) {
            focused = focus(&passes, decoded, part);
            passes = focused.iter().map(Focused::pass).collect();
        }
        used(run::chain(rows, &passes, cancelled).as_mut())
    }
}

impl Tail {
    /// What is to be done with a picture, now that it is there to be looked at.
    fn plan(&self, collected: &Collected) -> Result<Plan, ItemError> {
        (self.measured)(&collected.picture, &collected.info)
    }
}

/// A picture in memory, from which the steps behind a measuring one go on.
struct Collected {
    picture: Band,
    info: ImageInfo,
    next_row: u32,
}

impl RowReader for Collected {
    fn info(&self) -> ImageInfo {
        self.info
    }

    fn read_rows(&mut self, max_rows: u32, band: &mut Band) -> Result<u32, ItemError> {
        let rows = max_rows.min(self.info.height_px - self.next_row);
        band.take_rows(&self.info, &self.picture.samples, self.next_row, rows);
        self.next_row += rows;
        Ok(rows)
    }
}

/// A neighbourhood of any shape, on the rows of a window as they arrive.
struct WithMargins {
    kernel: Box<dyn NeighbourhoodKernel>,
    channels: Channels,
}

impl WindowKernel for WithMargins {
    fn prepare(&self, _extended: &[f32], _channels: Channels, _prepared: &mut [f32]) {}

    fn finish(&self, rows: &WindowRows<'_>, out: &mut [f32]) {
        self.kernel.run(rows, self.channels, out);
    }

    fn combine(&self, original: &[f32], channels: Channels, out: &mut [f32]) {
        self.kernel.combine(original, channels, out);
    }

    fn wants_original(&self) -> bool {
        self.kernel.wants_original()
    }

    fn is_symmetric(&self) -> bool {
        self.kernel.is_symmetric()
    }

    fn wants_margins(&self) -> bool {
        true
    }
}

/// The resampling that brings a picture, decoded at some smaller size, to the size that was planned for.
fn to_planned(decoded: &ImageInfo, planned: &ImageInfo) -> Resample {
    Resample::whole(decoded, planned.width_px, planned.height_px, ResampleFilter::Lanczos3)
}

/// The same resampling of the same picture, delivered at another size.
fn rescaled(resample: &Resample, decoded: &ImageInfo, planned: &ImageInfo) -> Resample {
    let x = f64::from(decoded.width_px) / f64::from(planned.width_px);
    let y = f64::from(decoded.height_px) / f64::from(planned.height_px);
    Resample {
        left_px: resample.left_px * x,
        top_px: resample.top_px * y,
        box_width_px: resample.box_width_px * x,
        box_height_px: resample.box_height_px * y,
        ..resample.clone()
    }
}
