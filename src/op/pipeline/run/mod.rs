//! Runs the passes: each pulls bands of rows from the one before it and holds no more rows than it needs.

mod crop_pad_turn;
mod fixed_point;
mod input_rows;
mod points;
mod positional;
mod resample;
mod resample_row_u8;
mod stream;
mod whole_image;
mod window;

pub(in crate::op) use crop_pad_turn::collect;

use super::pass::Pass;
use crate::error::{ErrorKind, ItemError};
use crate::model::{Band, ImageInfo, Message, RowReader, RowWriter, SampleType, Samples};
use crate::op::stage::WindowKernel;

/// Target size of a band in bytes of f32 samples: it should stay in a core's cache on its way through the passes.
const BAND_BYTES: usize = 384 << 10;

/// A source of rows, top to bottom.
pub(in crate::op) trait Rows {
    /// The image at this point.
    fn info(&self) -> ImageInfo;

    /// Fills `band` with the next rows, at least one and at most `max_rows`; 0 after the last one.
    fn read(&mut self, max_rows: u32, band: &mut Band) -> Result<u32, ItemError>;
}

/// Rows of a band: 8 to 64, depending on the image's width.
pub(crate) fn band_rows(info: &ImageInfo) -> u32 {
    ((BAND_BYTES / (info.row_samples().max(1) * 4)) as u32).clamp(8, 64) & !7
}

/// Bytes of one band.
pub(crate) fn band_bytes(info: &ImageInfo) -> u64 {
    info.row_samples() as u64 * info.sample.size_bytes() as u64 * u64::from(band_rows(info))
}

/// Bytes that a pass holds besides its input and output bands.
pub(crate) fn pass_bytes(pass: &Pass, input: &ImageInfo, stored: SampleType) -> u64 {
    match pass {
        Pass::Turn(turn) if turn.is_streamable() => 0,
        Pass::Turn(_) | Pass::Whole(_) | Pass::WholePart(_) => input.size_bytes(),
        Pass::Crop(_) | Pass::Pad(_) | Pass::Points(_) => 0,
        Pass::Positional { kernel, .. } => kernel.held_bytes(),
        Pass::Window { halo_px, kernel } if in_fixed_point(kernel.as_ref(), input, stored) => {
            fixed_point::ring_bytes(*halo_px, kernel.as_ref(), input)
        }
        Pass::Window { halo_px, kernel } => window::ring_bytes(*halo_px, kernel.as_ref(), input),
        Pass::Stream(kernel) => stream::bytes(kernel.as_ref(), input),
        Pass::Resample(to) => resample::buffer_bytes(to, input),
        Pass::ResampledPart(part) => resample::buffer_bytes(&part.whole, &part.input),
    }
}

/// Whether a window on an image stored as `stored` is computed in fixed point.
fn in_fixed_point(kernel: &dyn WindowKernel, input: &ImageInfo, stored: SampleType) -> bool {
    stored == SampleType::U8 && fixed_point::Fixed::of(kernel, input.channels).is_some()
}

/// The types of samples before the first and after the last pass.
#[derive(Clone, Copy)]
pub(crate) struct SampleTypes {
    /// As the image is stored.
    pub(crate) stored: SampleType,
    /// As the last pass leaves them.
    pub(crate) last: SampleType,
}

impl SampleTypes {
    /// Those of an image that keeps its type.
    pub(crate) const fn kept(stored: SampleType) -> Self {
        Self { stored, last: stored }
    }
}

/// The sample type after pass `i`: computed samples stay in f32 until the last computing pass, and in 16 bits around passes
/// in fixed point.
pub(crate) fn sample_after(i: usize, passes: &[&Pass], input: ImageInfo, types: SampleTypes) -> SampleType {
    let SampleTypes { stored, last } = types;
    let is_whole = |pass: &Pass| {
        let input = pass.output(input);
        matches!(pass, Pass::Window { kernel, .. } if in_fixed_point(kernel.as_ref(), &input, stored))
    };
    match passes.get(i) {
        Some(pass) if pass.computes() => match passes.iter().skip(i + 1).find(|pass| pass.computes()) {
            None => last,
            Some(next) if is_whole(pass) || is_whole(next) => SampleType::U16,
            Some(_) => SampleType::F32,
        },
        _ => input.sample,
    }
}

/// Chains the passes behind a reader.
pub(crate) fn chain<'a>(
    reader: &'a mut dyn RowReader,
    passes: &[&'a Pass],
    types: SampleTypes,
    cancelled: &'a dyn Fn() -> bool,
) -> Box<dyn Rows + 'a> {
    let mut rows: Box<dyn Rows + 'a> = Box::new(input_rows::InputRows::new(reader, cancelled));
    for (i, pass) in passes.iter().enumerate() {
        let sample = sample_after(i, passes, rows.info(), types);
        let info = ImageInfo { sample, ..pass.output(rows.info()) };
        rows = match pass {
            // The decoder delivered luma.
            Pass::Points(kernels) if is_gray(&rows.info()) && kernels.iter().all(|kernel| kernel.is_luma()) => rows,
            Pass::Turn(turn) => Box::new(crop_pad_turn::Turned::new(rows, *turn)),
            Pass::Crop(rect) => Box::new(crop_pad_turn::Cropped::new(rows, *rect)),
            Pass::Pad(pad) => Box::new(crop_pad_turn::Padded::new(rows, *pad)),
            Pass::Resample(to) => Box::new(resample::Resampled::new(rows, to, info)),
            Pass::ResampledPart(part) => Box::new(resample::Resampled::part(rows, part, info)),
            Pass::Points(kernels) => Box::new(points::Points::new(rows, kernels, info)),
            Pass::Positional { kernel, origin } => {
                Box::new(positional::Positional::new(rows, kernel.as_ref(), *origin, info))
            }
            Pass::Window { halo_px, kernel } => windowed(rows, *halo_px, kernel.as_ref(), info, types.stored),
            Pass::Stream(kernel) => Box::new(stream::Streamed::new(rows, kernel.as_ref(), info)),
            Pass::Whole(kernel) => Box::new(whole_image::Computed::new(rows, kernel.as_ref(), info)),
            Pass::WholePart(part) => Box::new(whole_image::Computed::part(rows, part, info)),
        };
    }
    let info = rows.info();
    if info.sample == types.last {
        return rows;
    }
    Box::new(points::Points::new(rows, &[], ImageInfo { sample: types.last, ..info }))
}

/// Writes every row of a chain; returns what was written.
pub(crate) fn write(chain: &mut dyn Rows, writer: &mut dyn RowWriter) -> Result<ImageInfo, ItemError> {
    let output = chain.info();
    writer.start(output)?;
    let mut band = Band::empty(&output);
    let mut written = 0;
    while chain.read(band_rows(&output), &mut band)? > 0 {
        writer.write_rows(&band)?;
        written += band.rows;
    }
    if written == output.height_px {
        return Ok(output);
    }
    let rows = Message::new("truncated_rows").with("had", written);
    Err(ItemError::nameless(ErrorKind::Truncated).saying(&rows.count("count", output.height_px.into())))
}

/// A step on neighbourhoods, in fixed point where the image allows it.
fn windowed<'a>(
    rows: Box<dyn Rows + 'a>,
    halo_px: u32,
    kernel: &'a dyn WindowKernel,
    info: ImageInfo,
    stored: SampleType,
) -> Box<dyn Rows + 'a> {
    let whole = stored == SampleType::U8 && rows.info().sample != SampleType::F32 && info.sample != SampleType::F32;
    match fixed_point::Fixed::of(kernel, info.channels) {
        Some(fixed) if whole => Box::new(fixed_point::FixedWindow::new(rows, halo_px, fixed, info)),
        _ => Box::new(window::Windowed::new(rows, halo_px, kernel, info)),
    }
}

const fn is_gray(info: &ImageInfo) -> bool {
    info.channels.colour_count() == 1
}

/// Prepares a band for rows of an image, keeping its allocation if the type stays the same.
fn prepare(band: &mut Band, info: &ImageInfo, rows: u32) {
    if band.samples.sample() != info.sample {
        band.samples = Samples::empty(info.sample);
    }
    band.width_px = info.width_px;
    band.channels = info.channels;
    band.rows = rows;
    crate::op::kernels::simd::resize_samples(&mut band.samples, info.row_samples() * rows as usize);
}

/// The error for missing rows.
pub(crate) fn rows_are_missing() -> ItemError {
    ItemError::nameless(ErrorKind::Truncated).saying(&Message::new("truncated_in_rows"))
}
