//! Images of formats whose decoders cannot be stopped: decoded in a helper, or in this process for helpers themselves and
//! for tests of decoders.

use std::sync::Arc;
use std::time::Duration;

use super::control::{DecodeControl, Isolation};
use super::helper::{Allowance, Watcher, crashed, system_refused};
use super::helpers::Lease;
use super::protocol::{FramesMessage, OpenedMessage, Reply, Task};
use super::shared_memory::SharedMemory;
use crate::codec::animation::canvas_rows::{DecodedFrames, NoRows};
use crate::codec::errors;
use crate::codec::gain_map::FoundGainMap;
use crate::codec::pixels::whole_image::shape;
use crate::codec::spec::{
    DecodeOptions, Decoded, FileHeader, FormatSpec, FrameSpec, GainMapSpec, Header, HiddenHeader, IsolatedSpec,
};
use crate::error::ItemError;
use crate::model::{
    Area, Band, Delay, Disposal, Frame, FrameReader, ImageInfo, Orientation, Picture, Plays, Remark, RowReader, Samples,
};

/// Stack of a thread that decodes: elements of an SVG nest deeply. Only what is touched takes memory.
pub(super) const STACK_BYTES: usize = 256 << 20;

/// Runs a decoder on a thread of this process with a stack as large as a helper's.
pub(in crate::codec) fn on_deep_stack<T: Send>(
    work: impl FnOnce() -> Result<T, ItemError> + Send,
) -> Result<T, ItemError> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("pixloom-decode".to_owned()).stack_size(STACK_BYTES);
        let thread = thread.spawn_scoped(scope, work).map_err(system_refused)?;
        thread.join().unwrap_or_else(|_| Err(crashed()))
    })
}

/// The header, if only the decoder can read it.
pub(in crate::codec) fn probe(
    bytes: &[u8],
    page: u32,
    (isolated, hidden): (&IsolatedSpec, &HiddenHeader),
    control: &DecodeControl<'_>,
) -> Result<FileHeader, ItemError> {
    let raw = control.raw;
    let Isolation::Helpers(helpers) = control.isolation else {
        return on_deep_stack(|| (hidden.probe)(bytes, page, raw));
    };
    let processor = (isolated.processor_time(0, bytes), "probing_time");
    let allowance = Allowance { memory_bytes: (hidden.bytes)(bytes), processor };
    let watcher = Watcher { cancelled: control.cancelled, host: control.host };
    match helpers.ask(bytes, Task::Probe { page, raw }, allowance, &watcher)?.1 {
        Reply::Header(info, orientation, pages) => Ok(FileHeader { pages, ..FileHeader::still(info, orientation) }),
        _ => Err(crashed()),
    }
}

/// Opens an image in a helper. `header` is the image's header.
pub(in crate::codec) fn open<'a>(
    spec: &FormatSpec,
    bytes: &'a [u8],
    header: &Header,
    options: &DecodeOptions,
    control: &DecodeControl<'_>,
) -> Result<Decoded<'a>, ItemError> {
    let Isolation::Helpers(helpers) = control.isolation else {
        let raw = control.raw;
        return on_deep_stack(|| (spec.open)(bytes, options, &DecodeControl::in_process().reading_raw(raw)));
    };
    let drawn = spec.drawn_at(header, options.max_downscale);
    let watcher = Watcher { cancelled: control.cancelled, host: control.host };
    let DecodeOptions { max_downscale, page, hdr, .. } = *options;
    let task = Task::Open { max_downscale, page, raw: control.raw, hdr };
    let (lease, reply) = helpers.ask(bytes, task, allowance(spec, bytes, &drawn), &watcher)?;
    let Reply::Opened(message) = reply else { return Err(crashed()) };
    checked(&drawn.info, header, &message, options)?;
    decoded(header.file, *message, lease)
}

/// Opens a gain map in a helper.
pub(in crate::codec) fn open_gain_map<'a>(
    spec: &FormatSpec,
    (how, found): (&GainMapSpec, &FoundGainMap),
    bytes: &'a [u8],
    control: &DecodeControl<'_>,
) -> Result<Decoded<'a>, ItemError> {
    let Isolation::Helpers(helpers) = control.isolation else {
        return on_deep_stack(|| (how.open)(bytes, found, &DecodeControl::in_process()));
    };
    let info = found.info;
    let pixels = u64::from(info.width_px) * u64::from(info.height_px);
    let allowance = Allowance { memory_bytes: (how.bytes)(bytes, found), processor: processor(spec, pixels, bytes) };
    let watcher = Watcher { cancelled: control.cancelled, host: control.host };
    let (lease, reply) = helpers.ask(bytes, Task::OpenGainMap, allowance, &watcher)?;
    let Reply::Opened(message) = reply else { return Err(crashed()) };
    if message.info != info || message.pixels.bytes != info.size_bytes() {
        return Err(errors::corrupt("decoder_contradicts"));
    }
    decoded(FileHeader::still(info, Orientation::Upright), *message, lease)
}

/// The image that a helper has decoded.
fn decoded<'a>(header: FileHeader, message: OpenedMessage, lease: Lease) -> Result<Decoded<'a>, ItemError> {
    let profile = message.extras.profile.map(|span| lease.block(span)).transpose()?;
    let metadata = message.extras.metadata(|span| lease.block(span))?;
    let shared = lease.shared()?;
    let OpenedMessage { info, pixels, remark, .. } = message;
    let rows = SharedRows { shared, _lease: Some(lease), info, at: pixels.at, next_row: 0, remark };
    Ok(Decoded { header, rows: Box::new(rows), profile, metadata })
}

/// Opens an animation in a helper, which composes one frame at a time. `header` is the file's header.
pub(in crate::codec) fn open_frames<'a>(
    format: &FormatSpec,
    spec: &FrameSpec,
    bytes: &'a [u8],
    header: &Header,
    keep: bool,
    control: DecodeControl<'a>,
) -> Result<DecodedFrames<'a>, ItemError> {
    let Isolation::Helpers(helpers) = control.isolation else { return (spec.open)(bytes, keep) };
    let pixels = u64::from(header.info.width_px) * u64::from(header.info.height_px) * u64::from(header.frames);
    let allowance =
        Allowance { memory_bytes: (spec.held_bytes)(bytes, header), processor: processor(format, pixels, bytes) };
    let watcher = Watcher { cancelled: control.cancelled, host: control.host };
    let (lease, reply) = helpers.ask(bytes, Task::OpenFrames { keep }, allowance, &watcher)?;
    let Reply::OpenedFrames(message) = reply else { return Err(crashed()) };
    let FramesMessage { canvas, frames, plays, ref extras } = *message;
    if canvas != header.info || frames != header.frames {
        return Err(errors::corrupt("decoder_contradicts"));
    }
    let profile = extras.profile.map(|span| lease.block(span)).transpose()?;
    let metadata = extras.metadata(|span| lease.block(span))?;
    let picture = Picture { canvas, frames, plays: Plays::from_count(plays) };
    // The helper still holds the file, although it is not sent again.
    let memory_bytes = allowance.memory_bytes + 2 * bytes.len() as u64;
    let allowance = Allowance { memory_bytes, ..allowance };
    let frames = HelperFrames { lease: Some(lease), is_open: true, picture, allowance, watcher, at: 0 };
    Ok(DecodedFrames { frames: Box::new(frames), profile, metadata })
}

/// The frames of an animation that is open in a helper.
struct HelperFrames<'a> {
    lease: Option<Lease>,
    /// Whether the helper has more to give.
    is_open: bool,
    picture: Picture,
    allowance: Allowance,
    watcher: Watcher<'a>,
    /// Where the frame's pixels are.
    at: u64,
}

impl FrameReader for HelperFrames<'_> {
    fn picture(&self) -> Picture {
        self.picture
    }

    fn next_frame(&mut self) -> Result<Option<Frame>, ItemError> {
        if !self.is_open {
            return Ok(None);
        }
        let lease = self.lease.as_mut().ok_or_else(crashed)?;
        // After an error nothing is open.
        self.is_open = false;
        let message = match lease.ask_again(Task::NextFrame, self.allowance, &self.watcher)? {
            Reply::Frame(message) => message,
            Reply::NoFrame => return Ok(None),
            _ => return Err(crashed()),
        };
        self.is_open = true;
        if message.pixels.bytes != self.picture.canvas.size_bytes() {
            return Err(errors::corrupt("decoder_contradicts"));
        }
        self.at = message.pixels.at;
        let delay = Delay::new(message.delay.0, message.delay.1);
        Ok(Some(Frame { delay, area: Area::whole(&self.picture.canvas), disposal: Disposal::Keep }))
    }

    fn rows(&mut self) -> Box<dyn RowReader + '_> {
        let info = self.picture.canvas;
        match self.lease.as_ref().map(Lease::shared) {
            Some(Ok(shared)) => {
                Box::new(SharedRows { shared, _lease: None, info, at: self.at, next_row: 0, remark: None })
            }
            _ => Box::new(NoRows(info)),
        }
    }
}

impl Drop for HelperFrames<'_> {
    fn drop(&mut self) {
        // It would keep its decoder and never end.
        if let Some(lease) = self.lease.take().filter(|_| self.is_open) {
            lease.discard();
        }
    }
}

/// Processor time for this many pixels, and what the error says takes longer.
fn processor(spec: &FormatSpec, pixels: u64, bytes: &[u8]) -> (Duration, &'static str) {
    spec.isolated.as_ref().map_or((Duration::MAX, "decoding_time"), |isolated| {
        let what = if isolated.is_drawing { "drawing_time" } else { "decoding_time" };
        (isolated.processor_time(pixels, bytes), what)
    })
}

/// What an image may take.
fn allowance(spec: &FormatSpec, bytes: &[u8], drawn: &Header) -> Allowance {
    let pixels = u64::from(drawn.info.width_px) * u64::from(drawn.info.height_px);
    Allowance { memory_bytes: (spec.decode_bytes)(bytes, drawn), processor: processor(spec, pixels, bytes) }
}

/// Refuses an answer that contradicts the header: helpers process hostile files, so their answers are not trusted.
fn checked(
    largest: &ImageInfo,
    header: &Header,
    message: &OpenedMessage,
    options: &DecodeOptions,
) -> Result<(), ItemError> {
    let (full, info) = (&header.info, &message.info);
    let downscale = options.max_downscale.max(1.0);
    let side = |largest: u32, full: u32, given: u32| {
        given <= largest && f64::from(given) >= (f64::from(full) / downscale).floor()
    };
    let fits = message.header == *full
        && (info.channels, info.sample, info.premultiplied) == (full.channels, full.sample, full.premultiplied)
        && side(largest.width_px, full.width_px, info.width_px)
        && side(largest.height_px, full.height_px, info.height_px)
        && message.pixels.bytes == info.size_bytes();
    errors::within_limits(info.width_px, info.height_px)?;
    if fits { Ok(()) } else { Err(errors::corrupt("decoder_contradicts")) }
}

/// Rows of an image in a helper's shared memory.
struct SharedRows {
    shared: Arc<SharedMemory>,
    /// Keeps the helper from another image, unless the rows are borrowed from one that does.
    _lease: Option<Lease>,
    info: ImageInfo,
    /// Offset of the first row.
    at: u64,
    next_row: u32,
    remark: Option<Remark>,
}

impl RowReader for SharedRows {
    fn info(&self) -> ImageInfo {
        self.info
    }

    fn read_rows(&mut self, max_rows: u32, band: &mut Band) -> Result<u32, ItemError> {
        let rows = max_rows.min(self.info.height_px - self.next_row);
        shape(band, &self.info, rows);
        let row = self.info.row_samples();
        let len = row * rows as usize;
        let at = self.at + self.next_row as u64 * (row * self.info.sample.size_bytes()) as u64;
        let read = |into: &mut [u8]| self.shared.read_at(into, at).map_err(|_| crashed());
        match &mut band.samples {
            Samples::U8(samples) => {
                samples.resize(len, 0);
                read(samples)?;
            }
            Samples::U16(samples) => {
                samples.resize(len, 0);
                read(bytemuck::cast_slice_mut(samples))?;
            }
            Samples::F32(samples) => {
                samples.resize(len, 0.0);
                read(bytemuck::cast_slice_mut(samples))?;
            }
        }
        self.next_row += rows;
        Ok(rows)
    }

    fn remark(&self) -> Option<Remark> {
        self.remark.clone()
    }
}
