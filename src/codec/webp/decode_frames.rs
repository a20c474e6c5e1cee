//! WebP's frames: described by the container's chunks, composed by libwebp.

use std::borrow::Cow;

use super::chunks::{chunk, chunks, chunks_in, from_failure};
use super::libwebp::{AnimDecoder, Features};
use crate::codec::animation::canvas_rows::{CanvasRows, CanvasSamples};
use crate::error::ItemError;
use crate::model::{Area, Delay, Disposal, Frame, FrameReader, ImageInfo, Picture, Plays, RowReader};

/// Bytes of a frame's chunk before its image.
pub(super) const FRAME_HEADER: usize = 16;

/// Composes frames on an RGBA canvas.
pub(super) struct WebpFrames<'a> {
    picture: Picture,
    headers: Vec<Frame>,
    next: usize,
    decoder: AnimDecoder<'a>,
}

/// Number of frames.
pub(super) fn count(bytes: &[u8]) -> u32 {
    u32::try_from(headers(bytes).count()).unwrap_or(u32::MAX)
}

fn headers(bytes: &[u8]) -> impl Iterator<Item = Frame> {
    chunks(bytes).filter(|(kind, _)| *kind == *b"ANMF").map(|(_, data)| {
        // libwebp refuses truncated frames.
        let three = |at: usize| match data.get(at..at + 3) {
            Some(&[a, b, c]) => u32::from_le_bytes([a, b, c, 0]),
            _ => 0,
        };
        let area = Area { x: three(0) * 2, y: three(3) * 2, width_px: three(6) + 1, height_px: three(9) + 1 };
        let cleared = data.get(FRAME_HEADER - 1).is_some_and(|flags| flags & 1 == 1);
        let disposal = if cleared { Disposal::Background } else { Disposal::Keep };
        Frame { delay: Delay::new(three(12), 1_000), area, disposal }
    })
}

/// Whether no frame is stored with loss.
pub(super) fn are_lossless(bytes: &[u8]) -> bool {
    let mut any = false;
    let all = chunks(bytes).filter(|(kind, _)| *kind == *b"ANMF").all(|(_, data)| {
        any = true;
        chunks_in(data.get(FRAME_HEADER..).unwrap_or_default()).any(|(kind, _)| kind == *b"VP8L")
    });
    any && all
}

impl<'a> WebpFrames<'a> {
    pub(super) fn new(bytes: Cow<'a, [u8]>, features: Features, canvas: ImageInfo) -> Result<Self, ItemError> {
        // Background colour, then the loop count.
        let plays = match chunk(&bytes, *b"ANIM") {
            Some(&[_, _, _, _, low, high, ..]) => u32::from(u16::from_le_bytes([low, high])),
            _ => 1,
        };
        let headers: Vec<Frame> = headers(&bytes).collect();
        let picture = Picture { canvas, frames: headers.len() as u32, plays: Plays::from_count(plays) };
        let decoder = AnimDecoder::new(bytes, features).map_err(from_failure)?;
        Ok(Self { picture, headers, next: 0, decoder })
    }
}

impl FrameReader for WebpFrames<'_> {
    fn picture(&self) -> Picture {
        self.picture
    }

    fn next_frame(&mut self) -> Result<Option<Frame>, ItemError> {
        let Some(frame) = self.headers.get(self.next) else { return Ok(None) };
        self.decoder.advance().map_err(from_failure)?;
        self.next += 1;
        Ok(Some(Frame { area: frame.area.within(&self.picture.canvas), ..*frame }))
    }

    fn rows(&mut self) -> Box<dyn RowReader + '_> {
        Box::new(CanvasRows::new(self.picture.canvas, CanvasSamples::U8(self.decoder.canvas())))
    }
}
