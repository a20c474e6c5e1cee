//! The helper's side: reads requests from standard input, decodes, and answers on standard output.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use super::control::DecodeControl;
use super::helper::crashed;
use super::isolated::STACK_BYTES;
use super::protocol::{
    COMMAND, ExtrasMessage, FrameMessage, FramesMessage, MAX_MESSAGE_BYTES, OpenedMessage, Reply, Request, Span, Task,
};
use super::sandbox;
use super::shared_memory::SharedMemory;
use crate::codec::errors;
use crate::codec::sniff::require;
use crate::codec::spec::{DecodeOptions, Decoded};
use crate::error::ItemError;
use crate::model::{Band, Message, Metadata, Picture, RawChoice, RowReader, Samples};

/// A helper exits after this time without work.
const IDLE: Duration = Duration::from_secs(10);
/// Bytes of pixels written to the shared memory at once: they fit the processor's cache.
const BLOCK_BYTES: usize = 256 << 10;
/// Blocks in the shared memory begin at multiples of this, so that samples of any type are aligned.
const ALIGNMENT: u64 = 16;

/// Runs this process as a decoder helper if it was started as one; otherwise returns `None`.
pub fn serve_if_helper(mut arguments: impl Iterator<Item = OsString>) -> Option<ExitCode> {
    if arguments.nth(1)? != COMMAND {
        return None;
    }
    match arguments.next() {
        Some(path) => Some(sandbox::report(&mut io::stdout(), &path)),
        None => Some(serve()),
    }
}

/// Answers requests until standard input ends: the other process has exited then, or needs no helper any more.
fn serve() -> ExitCode {
    // A panic message would go into the shared memory.
    std::panic::set_hook(Box::new(|_| {}));
    let shared = match set_up() {
        Ok(shared) => shared,
        Err(why) => {
            let _ = say(&Reply::Unusable(why));
            return ExitCode::FAILURE;
        }
    };
    let (request_tx, request_rx) = sync_channel(1);
    // This thread stays free, so that it notices the end of standard input while a file is being decoded.
    let worker = std::thread::Builder::new().name("pixloom-decode".to_owned()).stack_size(STACK_BYTES);
    if worker.spawn(move || answer_all(&request_rx, &shared)).is_err() {
        let _ = say(&Reply::Unusable("it has no memory for a thread".to_owned()));
        return ExitCode::FAILURE;
    }
    if say(&Reply::Ready).is_err() {
        return ExitCode::FAILURE;
    }
    for line in io::stdin().lines() {
        let Ok(line) = line else { break };
        let Ok(request) = serde_json::from_str::<Request>(&line) else { return ExitCode::FAILURE };
        if request_tx.send(request).is_err() {
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn set_up() -> Result<SharedMemory, String> {
    sandbox::prepare();
    let shared = SharedMemory::inherited().and_then(|shared| sandbox::silence_standard_error().map(|()| shared));
    let shared = shared.map_err(|error| error.to_string())?;
    sandbox::close()?;
    Ok(shared)
}

fn answer_all(request_rx: &Receiver<Request>, shared: &SharedMemory) {
    let mut requested = None;
    loop {
        let request = match requested.take() {
            Some(request) => request,
            None => match request_rx.recv_timeout(IDLE) {
                Ok(request) => request,
                // The exit code 0 tells the other side that no work was lost.
                Err(RecvTimeoutError::Timeout) => std::process::exit(0),
                Err(RecvTimeoutError::Disconnected) => return,
            },
        };
        // A panic leaves nothing behind: the input and the decoder are dropped.
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| match request.task {
            Task::OpenFrames { keep } => give_frames(request, keep, shared, request_rx),
            _ => answer(request, shared).map(|reply| say_or_exit(&reply)).map(|()| None),
        }));
        match outcome {
            Ok(Ok(next)) => requested = next,
            Ok(Err(error)) => say_or_exit(&Reply::Failed(error)),
            Err(_) => say_or_exit(&Reply::Failed(crashed())),
        }
    }
}

/// Opens an animation, and gives its frames as they are requested. Returns the request that closes it, if any.
fn give_frames(
    request: Request,
    keep: bool,
    shared: &SharedMemory,
    request_rx: &Receiver<Request>,
) -> Result<Option<Request>, ItemError> {
    let input = input(request, shared)?;
    let spec = require(&input)?.frame_spec().ok_or_else(crashed)?;
    let mut decoded = (spec.open)(&input, keep)?;
    let Picture { canvas, frames, plays } = decoded.frames.picture();
    let extras = Writer { shared, at: 0 }.extras(decoded.profile.as_deref(), &decoded.metadata)?;
    let plays = plays.count();
    say_or_exit(&Reply::OpenedFrames(Box::new(FramesMessage { canvas, frames, plays, extras })));
    loop {
        // The other side may take any time for a frame.
        let Ok(request) = request_rx.recv() else { return Ok(None) };
        if !matches!(request.task, Task::NextFrame) {
            return Ok(Some(request));
        }
        let Some(frame) = decoded.frames.next_frame()? else {
            say_or_exit(&Reply::NoFrame);
            return Ok(None);
        };
        let pixels = Writer { shared, at: 0 }.pixels(decoded.frames.rows().as_mut())?;
        say_or_exit(&Reply::Frame(FrameMessage { delay: frame.delay.fraction(), pixels }));
    }
}

fn say_or_exit(reply: &Reply) {
    if say(reply).is_err() {
        std::process::exit(1);
    }
}

fn say(reply: &Reply) -> io::Result<()> {
    let mut line = serde_json::to_vec(reply)?;
    line.push(b'\n');
    if line.len() as u64 > MAX_MESSAGE_BYTES {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut out = io::stdout().lock();
    out.write_all(&line)?;
    out.flush()
}

/// The file of a request.
fn input(request: Request, shared: &SharedMemory) -> Result<Vec<u8>, ItemError> {
    sandbox::limit_processor_time(request.processor_s);
    let mut input = errors::zeroed::<u8>(request.input_bytes)?;
    shared.read_at(&mut input, 0).map_err(lost)?;
    Ok(input)
}

fn answer(request: Request, shared: &SharedMemory) -> Result<Reply, ItemError> {
    let input = input(request, shared)?;
    match request.task {
        Task::Probe { page, raw } => {
            let spec = require(&input)?;
            let hidden = spec.isolated.as_ref().and_then(|isolated| isolated.hidden_header.as_ref());
            let header =
                hidden.map_or_else(|| (spec.probe)(&input, page), |hidden| (hidden.probe)(&input, page, raw))?;
            Ok(Reply::Header(header.info, header.orientation, header.pages))
        }
        Task::Open { max_downscale, page, raw, hdr } => {
            open(&input, &DecodeOptions { max_downscale, hdr, page, ..DecodeOptions::default() }, raw, shared)
        }
        Task::OpenGainMap => {
            let how = require(&input)?.gain_map.as_ref().ok_or_else(crashed)?;
            let found = (how.find)(&input).ok_or_else(crashed)?;
            reply((how.open)(&input, &found, &DecodeControl::in_process())?, shared)
        }
        // No animation is open.
        Task::OpenFrames { .. } | Task::NextFrame => Err(crashed()),
    }
}

fn lost(error: io::Error) -> ItemError {
    errors::too_large(Message::new("decoder_output").with("detail", error))
}

fn open(input: &[u8], options: &DecodeOptions, raw: RawChoice, shared: &SharedMemory) -> Result<Reply, ItemError> {
    let control = DecodeControl::in_process().reading_raw(raw);
    reply((require(input)?.open)(input, options, &control)?, shared)
}

/// Gives a decoded image.
fn reply(mut decoded: Decoded<'_>, shared: &SharedMemory) -> Result<Reply, ItemError> {
    let info = decoded.rows.info();
    let mut writer = Writer { shared, at: 0 };
    let pixels = writer.pixels(decoded.rows.as_mut())?;
    let remark = decoded.rows.remark();
    let extras = writer.extras(decoded.profile.as_deref(), &decoded.metadata)?;
    Ok(Reply::Opened(Box::new(OpenedMessage { header: decoded.header.info, info, pixels, remark, extras })))
}

/// Writes one block after the other to the shared memory, over the input.
struct Writer<'s> {
    shared: &'s SharedMemory,
    at: u64,
}

impl Writer<'_> {
    fn pixels(&mut self, rows: &mut dyn RowReader) -> Result<Span, ItemError> {
        let info = rows.info();
        let row_bytes = info.row_samples() * info.sample.size_bytes();
        let at_once = (BLOCK_BYTES / row_bytes.max(1)).max(1) as u32;
        let mut band = Band::empty(&info);
        let mut span = Span { at: self.at, bytes: 0 };
        while rows.read_rows(at_once, &mut band)? > 0 {
            let bytes: &[u8] = match &band.samples {
                Samples::U8(samples) => samples,
                Samples::U16(samples) => bytemuck::cast_slice(samples),
                Samples::F32(samples) => bytemuck::cast_slice(samples),
            };
            self.shared.write_at(bytes, span.at + span.bytes).map_err(lost)?;
            span.bytes += bytes.len() as u64;
        }
        self.at = (span.at + span.bytes).next_multiple_of(ALIGNMENT);
        Ok(span)
    }

    fn extras(&mut self, profile: Option<&[u8]>, metadata: &Metadata) -> Result<ExtrasMessage, ItemError> {
        let texts = (!metadata.texts.is_empty()).then(|| serde_json::to_vec(&metadata.texts).unwrap_or_default());
        Ok(ExtrasMessage {
            profile: self.block(profile)?,
            exif: self.block(metadata.exif.as_deref())?,
            xmp: self.block(metadata.xmp.as_deref())?,
            iptc: self.block(metadata.iptc.as_deref())?,
            texts: self.block(texts.as_deref())?,
            density: metadata.density,
            left_out: metadata.left_out.clone(),
        })
    }

    fn block(&mut self, bytes: Option<&[u8]>) -> Result<Option<Span>, ItemError> {
        let Some(bytes) = bytes else { return Ok(None) };
        let span = Span { at: self.at, bytes: bytes.len() as u64 };
        self.shared.write_at(bytes, span.at).map_err(lost)?;
        self.at = (span.at + span.bytes).next_multiple_of(ALIGNMENT);
        Ok(Some(span))
    }
}
