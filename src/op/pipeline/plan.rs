//! The plan of a recipe for one image: a list of passes, ordered to hold as little in memory as possible.
//!
//! Rotations by quarter turns and mirroring commute with most passes, so they are delayed until the image is smallest;
//! steps on single pixels fuse into one pass; luma is taken before a blur instead of after it. Results differ only by
//! the rounding of floats, except where a resize of an image stored sideways clamps between its passes (its order is
//! that of the stored image: a few levels at the hardest edges).

use std::sync::Arc;

use super::moves::Moves;
use super::pass::Pass;
use super::region::{RegionPass, focus};
use super::run::{self, SampleTypes};
use crate::error::{ErrorKind, ItemError};
use crate::model::{Band, Channels, ImageInfo, Message, Orientation, RowReader, RowWriter, SampleType, Step};
use crate::op::stage::{
    NeighbourhoodKernel, PointKernel, Rect, Resample, ResampleFilter, Stage, Turn, WindowKernel, WindowRows,
};

/// How much larger than its target a scaled decode must be, so that the resize after it stays within 45 dB of one from
/// the full image. Sharp, noisy photographs reach 41 dB at 1.46 and more than 48 dB at 2.
const DECODE_MARGIN: f64 = 2.0;

/// The plan of a recipe for one image.
pub struct Plan {
    /// The image as stored in its file.
    full: ImageInfo,
    /// The same at the scale of the view.
    input: ImageInfo,
    pub(super) passes: Vec<Pass>,
    /// The steps that the passes are made of, each with the number of passes that are complete after it: later steps leave
    /// those as they are.
    pub(super) complete: Vec<(Arc<Step>, usize)>,
    /// A turn that has not been added yet.
    pending: Turn,
    /// The output so far, without `pending`.
    current: ImageInfo,
    approximate: bool,
    /// The requested part of the result; `None` for all of it.
    focus: Option<Rect>,
    /// The steps that follow a measurement.
    tail: Option<Box<Tail>>,
}

/// Plans the steps from a measuring one on, for an image that is in memory and can be measured.
pub(super) type Measured = Box<dyn Fn(&Band, &ImageInfo) -> Result<Plan, ItemError> + Send + Sync>;

/// The steps from a measuring one on.
struct Tail {
    measured: Measured,
    /// The measuring step.
    step: Arc<Step>,
    /// The expected output, assuming that the measuring step keeps the size.
    expected: ImageInfo,
    expected_bytes: u64,
}

impl Plan {
    pub(crate) fn new(full: ImageInfo, input: ImageInfo) -> Self {
        Self {
            full,
            input,
            passes: Vec::new(),
            complete: Vec::new(),
            pending: Turn::default(),
            current: input,
            approximate: false,
            focus: None,
            tail: None,
        }
    }

    /// The plan that moves a second image of 8 bits with these channels (without alpha) as `moves` say. `fill` is for pixels
    /// outside of the image, and for those that are covered.
    #[must_use]
    pub fn moving(moves: &Moves, channels: Channels, fill: [f32; 3]) -> Self {
        let (full, input) = moves.images(channels);
        let mut plan = Self::new(full, input);
        moves.passes(channels, fill).into_iter().for_each(|pass| plan.append(pass));
        plan
    }

    /// The output so far, including the pending turn.
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
            // Pipelines handle measuring themselves; a measurement that returns another one is ignored, as the trait
            // says.
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

    /// Notes that all passes of a step are there, except for a turn that is still pending.
    pub(super) fn complete_step(&mut self, step: &Arc<Step>) {
        self.complete.push((Arc::clone(step), self.passes.len()));
    }

    /// Notes that the pass at this position is another one than before.
    fn changed_pass(&mut self, at: usize) {
        self.complete.iter_mut().for_each(|(_, passes)| *passes = (*passes).min(at));
    }

    /// Sets the steps from a measuring one on; `expected` is their plan for an image whose size that step keeps.
    pub(super) fn set_tail(&mut self, step: &Arc<Step>, measured: Measured, expected: &Self) {
        self.finish();
        self.approximate |= expected.approximate;
        let (expected, expected_bytes) = (expected.output(), expected.peak_bytes());
        self.tail = Some(Box::new(Tail { measured, step: Arc::clone(step), expected, expected_bytes }));
    }

    /// Completes the plan.
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
            // A soft filter blurs by a pixel of the full image, which is negligible in a smaller view.
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
        if blur.is_some() {
            self.changed_pass(self.passes.len());
        }
        match self.passes.last_mut() {
            Some(Pass::Points(kernels)) => {
                kernels.push(kernel);
                self.changed_pass(self.passes.len() - 1);
            }
            _ => self.passes.push(Pass::Points(vec![kernel])),
        }
        self.passes.extend(blur);
    }

    /// Adds the pending turn before passes that would only enlarge its samples.
    fn flush(&mut self) {
        if self.pending.is_identity() {
            return;
        }
        let points = self.passes.iter().rev().take_while(|pass| matches!(pass, Pass::Points(_))).count();
        let at = self.passes.len() - points;
        self.passes.insert(at, Pass::Turn(self.pending));
        self.changed_pass(at);
        self.current = self.pending.output(self.current);
        self.pending = Turn::default();
    }

    /// Size, channels and sample type of the result. If a step has to measure the image first ([`Plan::is_certain`] is
    /// false), this assumes that the step cuts nothing off.
    pub fn output(&self) -> ImageInfo {
        let output = self.tail.as_ref().map_or_else(|| self.upright(), |tail| tail.expected);
        let part = self.focus.map_or_else(|| Rect::all_of(&output), |rect| rect.within(&output));
        ImageInfo { premultiplied: false, width_px: part.width_px, height_px: part.height_px, ..output }
    }

    /// The same plan for part of the result: only what that part needs is computed, and its pixels equal those of the
    /// whole result bit for bit. Anything outside the result is ignored.
    #[must_use]
    pub fn focus(mut self, part: Rect) -> Self {
        self.focus = Some(part);
        self
    }

    /// Whether [`Plan::output`] is exact for any pixels.
    pub const fn is_certain(&self) -> bool {
        self.tail.is_none()
    }

    /// How much smaller than stored a decoder may deliver the image; 1 if it must be full size. Below 1 for a drawing that
    /// is to be drawn larger.
    pub fn max_downscale(&self) -> f64 {
        let (full_width, full_height) = (f64::from(self.full.width_px), f64::from(self.full.height_px));
        let (view_x, view_y) =
            (full_width / f64::from(self.input.width_px), full_height / f64::from(self.input.height_px));
        let (x, y) = match self.passes.first() {
            Some(Pass::Resample(to)) if to.kernel != ResampleFilter::Nearest && to.linear_light.is_none() => (
                view_x * (to.box_width_px / f64::from(to.width_px)).max(1.0),
                view_y * (to.box_height_px / f64::from(to.height_px)).max(1.0),
            ),
            _ => (view_x, view_y),
        };
        let enlarged = view_x.max(view_y);
        if enlarged < 1.0 { enlarged } else { (x.min(y) / DECODE_MARGIN).max(1.0) }
    }

    /// Whether nothing but the turn that makes the image upright happens to its pixels.
    pub fn changes_nothing(&self, orientation: Orientation) -> bool {
        self.tail.is_none()
            && match self.passes.as_slice() {
                [] => true,
                [Pass::Turn(turn)] => *turn == Turn::upright(orientation),
                _ => false,
            }
    }

    /// The part of the stored image that is kept and how it is turned afterwards, if nothing else happens to its pixels.
    pub fn rearrangement(&self) -> Option<(Rect, Orientation)> {
        if self.tail.is_some() || self.input != self.full {
            return None;
        }
        let mut part = Rect::all_of(&self.full);
        let mut turn = Turn::default();
        for pass in &self.passes {
            match pass {
                Pass::Turn(next) => turn = turn.then(*next),
                Pass::Crop(rect) => {
                    let kept = ImageInfo { width_px: part.width_px, height_px: part.height_px, ..self.full };
                    let inner = turn.rect_before(*rect, &turn.output(kept));
                    part = Rect { x: part.x + inner.x, y: part.y + inner.y, ..inner };
                }
                _ => return None,
            }
        }
        Some((part, turn.orientation()))
    }

    /// The plan that keeps a part of a stored image and turns it.
    #[must_use]
    pub fn rearranging(full: ImageInfo, part: Rect, turn: Orientation) -> Self {
        let mut plan = Self::new(full, full);
        if part != Rect::all_of(&full) {
            plan.append(Pass::Crop(part));
        }
        plan.push_turn(Turn::upright(turn));
        plan.finish();
        plan
    }

    /// Where a part of a stored image is after a turn.
    pub const fn turned_part(full: &ImageInfo, part: Rect, turn: Orientation) -> Rect {
        Turn::upright(turn).rect_after(part, full)
    }

    /// Whether a decoder may deliver Rec. 601 luma (the Y of a JPEG file) instead of colour, because nothing else is
    /// used.
    pub fn accepts_luma(&self) -> bool {
        let first = self.passes.iter().find(|pass| pass.computes());
        matches!(first, Some(Pass::Points(kernels)) if kernels.first().is_some_and(|kernel| kernel.is_luma()))
    }

    /// Estimated peak memory in bytes while the plan runs, without the decoder's and the encoder's own.
    pub fn peak_bytes(&self) -> u64 {
        let mut info = self.input;
        let mut total = run::band_bytes(&info);
        let types = SampleTypes::kept(info.sample);
        let passes: Vec<&Pass> = self.passes.iter().collect();
        for (i, pass) in passes.iter().enumerate() {
            let output = pass.output(info);
            total += run::pass_bytes(pass, &info, self.input.sample) + run::band_bytes(&output);
            info = ImageInfo { sample: run::sample_after(i, &passes, info, types), ..output };
        }
        total + self.tail.as_ref().map_or(0, |tail| info.size_bytes() + tail.expected_bytes)
    }

    /// Whether this is a smaller view of a step that is not faithful to scale.
    pub fn is_approximate(&self) -> bool {
        self.approximate
    }

    /// Runs every pass in bands of rows, from `rows` to `writer`; returns what was written.
    ///
    /// `rows` may deliver a smaller or larger image than the file's ([`Plan::max_downscale`]); the result has the
    /// planned size anyway. `cancelled` is asked for each band; once it returns true, the error is `ErrorKind::Cancelled`.
    pub fn run(
        &self,
        rows: &mut dyn RowReader,
        writer: &mut dyn RowWriter,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<ImageInfo, ItemError> {
        self.run_noting(rows, writer, cancelled, &mut self.moves_before())
    }

    /// The same, and adds what the plan moves to `moves`, also after steps that measure the image.
    pub fn run_noting(
        &self,
        rows: &mut dyn RowReader,
        writer: &mut dyn RowWriter,
        cancelled: &dyn Fn() -> bool,
        moves: &mut Moves,
    ) -> Result<ImageInfo, ItemError> {
        moves.extend(&self.passes);
        if let Some(tail) = &self.tail {
            let mut image = self.collect(rows, cancelled)?;
            let mut rest = tail.plan(&image)?;
            rest.focus = self.focus;
            return rest.run_noting(&mut image, writer, cancelled, moves);
        }
        let types = SampleTypes::kept(rows.info().sample);
        self.with_chain(self.passes.len(), types, rows, cancelled, |chain| run::write(chain, writer))
    }

    /// As [`Plan::run_noting`] from a pass on, for the rows that are its input, of an image stored as `stored`.
    pub(super) fn run_from(
        &self,
        first_pass: usize,
        stored: SampleType,
        rows: &mut dyn RowReader,
        writer: &mut dyn RowWriter,
        cancelled: &dyn Fn() -> bool,
        moves: &mut Moves,
    ) -> Result<ImageInfo, ItemError> {
        moves.extend(&self.passes);
        let passes: Vec<&Pass> = self.passes.iter().skip(first_pass).collect();
        let types = SampleTypes::kept(stored);
        if let Some(tail) = &self.tail {
            let mut image = Collected::of(run::chain(rows, &passes, types, cancelled).as_mut())?;
            return tail.plan(&image)?.run_noting(&mut image, writer, cancelled, moves);
        }
        run::write(run::chain(rows, &passes, types, cancelled).as_mut(), writer)
    }

    /// The image after the first passes.
    pub(super) fn collect_first(
        &self,
        passes: usize,
        types: SampleTypes,
        rows: &mut dyn RowReader,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Collected, ItemError> {
        self.with_chain(passes, types, rows, cancelled, |chain| Collected::of(chain))
    }

    /// The plan from the measuring step on.
    pub(super) fn measured(&self, image: &Collected) -> Result<Self, ItemError> {
        match &self.tail {
            Some(tail) => tail.plan(image),
            None => Err(run::rows_are_missing()),
        }
    }

    /// The step that measures the image, if there is one.
    pub(super) fn measuring(&self) -> Option<&Step> {
        self.tail.as_ref().map(|tail| tail.step.as_ref())
    }

    /// The image that the plan is for.
    pub(super) const fn input(&self) -> ImageInfo {
        self.input
    }

    /// Whether it is for the same image.
    pub(super) fn reads_same_as(&self, other: &Self) -> bool {
        (self.full, self.input) == (other.full, other.input)
    }

    /// The plan for all further images that must be treated exactly like this one, using its measurements. (The frames
    /// of an animation are all cut alike.)
    pub fn settled(mut self, rows: &mut dyn RowReader, cancelled: &dyn Fn() -> bool) -> Result<Self, ItemError> {
        let Some(tail) = self.tail.take() else { return Ok(self) };
        let mut image = self.collect(rows, cancelled)?;
        let mut rest = tail.plan(&image)?.settled(&mut image, cancelled)?;
        self.passes.append(&mut rest.passes);
        self.current = rest.current;
        Ok(self)
    }

    /// What it moves. If a step has to measure the image first, this is only what happens before that.
    pub fn moves(&self) -> Moves {
        let mut moves = self.moves_before();
        moves.extend(&self.passes);
        moves
    }

    /// Nothing yet.
    pub const fn moves_before(&self) -> Moves {
        Moves::new(self.full, self.input)
    }

    /// The image before the measuring step.
    fn collect(&self, rows: &mut dyn RowReader, cancelled: &dyn Fn() -> bool) -> Result<Collected, ItemError> {
        self.collect_first(self.passes.len(), SampleTypes::kept(rows.info().sample), rows, cancelled)
    }

    /// Chains the first passes behind a reader and passes the chain to `used`.
    fn with_chain<T>(
        &self,
        count: usize,
        types: SampleTypes,
        rows: &mut dyn RowReader,
        cancelled: &dyn Fn() -> bool,
        used: impl FnOnce(&mut dyn run::Rows) -> Result<T, ItemError>,
    ) -> Result<T, ItemError> {
        let decoded = rows.info();
        let fits = (decoded.width_px, decoded.height_px) == (self.input.width_px, self.input.height_px);
        if decoded.width_px == 0 || decoded.height_px == 0 {
            return Err(ItemError::nameless(ErrorKind::Corrupt).saying(&Message::new("image_no_pixels")));
        }
        let scaled_first;
        let mut passes: Vec<&Pass> = self.passes.iter().take(count).collect();
        if !fits {
            let (resample, replaced) = match passes.first() {
                Some(Pass::Resample(to)) => (rescaled(to, &decoded, &self.input), 0..1),
                _ => (to_planned(&decoded, &self.input), 0..0),
            };
            scaled_first = Pass::Resample(resample);
            passes.splice(replaced, [&scaled_first]);
        }
        let focused;
        if let (Some(part), None) = (self.focus, &self.tail) {
            focused = focus(&passes, decoded, part);
            passes = focused.iter().map(RegionPass::pass).collect();
        }
        used(run::chain(rows, &passes, types, cancelled).as_mut())
    }
}

impl Tail {
    /// The plan for an image in memory, which can be measured.
    fn plan(&self, collected: &Collected) -> Result<Plan, ItemError> {
        (self.measured)(&collected.image, &collected.info)
    }
}

/// An image in memory, from which the steps after a measuring one continue.
pub(super) struct Collected {
    pub(super) image: Band,
    pub(super) info: ImageInfo,
    next_row: u32,
}

impl Collected {
    fn of(chain: &mut dyn run::Rows) -> Result<Self, ItemError> {
        let info = chain.info();
        Ok(Self { image: run::collect(chain)?, info, next_row: 0 })
    }
}

impl RowReader for Collected {
    fn info(&self) -> ImageInfo {
        self.info
    }

    fn read_rows(&mut self, max_rows: u32, band: &mut Band) -> Result<u32, ItemError> {
        let rows = max_rows.min(self.info.height_px - self.next_row);
        band.take_rows(&self.info, &self.image.samples, self.next_row, rows);
        self.next_row += rows;
        Ok(rows)
    }
}

/// A neighbourhood of any shape, on the unprepared rows of a window.
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

/// The resampling that brings an image, decoded at a smaller size, to the planned size.
fn to_planned(decoded: &ImageInfo, planned: &ImageInfo) -> Resample {
    Resample::whole(decoded, planned.width_px, planned.height_px, ResampleFilter::Lanczos3)
}

/// The same resampling of the same image, delivered at another size.
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
