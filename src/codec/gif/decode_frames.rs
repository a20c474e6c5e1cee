//! Composes GIF's frames as browsers do: the canvas is transparent at first and where a frame is cleared, an
//! unspecified disposal keeps the frame, and pixels outside the canvas are ignored.

use ::gif::{Decoder, DisposalMethod};

use super::reader::{Bytes, decoder, from_gif};
use crate::codec::animation::canvas_rows::{CanvasRows, CanvasSamples};
use crate::codec::errors;
use crate::error::{ErrorKind, ItemError};
use crate::model::{Area, Delay, Disposal, Frame, FrameReader, Message, Picture, RowReader};

/// Bytes of a pixel of the canvas.
const PIXEL: usize = 4;

/// A frame may be larger than its canvas, which clips it: by this factor, and this much more.
const MOST_CANVASES: u64 = 4;
const FEW_PIXELS: u64 = 1 << 20;

/// Composes frames on an RGBA canvas.
pub(super) struct GifFrames<'a> {
    bytes: &'a [u8],
    /// Whether to accept a truncated file: its frames, and part of the last one.
    keep: bool,
    /// Whether to accept damaged data in the same way, and whether there was any.
    keep_damaged: bool,
    is_damaged: bool,
    /// Rows of the last frame, if it is truncated or damaged.
    rows_had: Option<u32>,
    decoder: Decoder<Bytes<'a>>,
    picture: Picture,
    canvas: Vec<u8>,
    /// The content of the last frame's area before it, if that is to be restored.
    saved: Vec<u8>,
    last: Option<Frame>,
    shown: u32,
    /// A frame's palette indices, in stored order.
    indices: Vec<u8>,
}

impl<'a> GifFrames<'a> {
    pub(super) fn new(bytes: &'a [u8], picture: Picture, keep: bool) -> Result<Self, ItemError> {
        let decoder = decoder(bytes)?;
        let canvas = errors::zeroed::<u8>(picture.canvas.size_bytes())?;
        let (saved, indices) = (Vec::new(), Vec::new());
        Ok(Self {
            bytes,
            keep,
            keep_damaged: false,
            is_damaged: false,
            rows_had: None,
            decoder,
            picture,
            canvas,
            saved,
            last: None,
            shown: 0,
            indices,
        })
    }

    /// The same, accepting damaged data or not.
    pub(super) fn keeping_damaged(self, keep_damaged: bool) -> Self {
        Self { keep_damaged, ..self }
    }

    /// Whether the last frame's data is damaged.
    pub(super) fn is_damaged(&self) -> bool {
        self.is_damaged
    }

    /// The canvas, as the last frame left it.
    pub(super) fn into_canvas(self) -> Vec<u8> {
        self.canvas
    }

    /// The number of pixels that exist of the current frame; the others in `indices` are zeros. The frame is decoded
    /// again into a buffer of ones: only existing pixels are equal then.
    fn pixels_had(&self) -> Result<usize, ItemError> {
        let mut decoder = decoder(self.bytes)?;
        for _ in 0..=self.shown {
            decoder.next_frame_info().map_err(|error| from_gif(&error))?;
        }
        let mut other: Vec<u8> = errors::room(self.indices.len() as u64)?;
        other.resize(self.indices.len(), 1);
        // It fails as before.
        let _ = decoder.fill_buffer(&mut other);
        Ok(self.indices.iter().zip(&other).take_while(|(a, b)| a == b).count())
    }

    /// The canvas's bytes in a row of an area.
    fn row_mut(canvas: &mut [u8], area: Area, y: usize, width_px: u32) -> &mut [u8] {
        canvas.get_mut(area.row(y, width_px, PIXEL)).unwrap_or_default()
    }

    /// Applies the last frame's disposal.
    fn dispose(&mut self) {
        let Some(Frame { area, disposal, .. }) = self.last.take() else { return };
        let width_px = self.picture.canvas.width_px;
        match disposal {
            Disposal::Keep => {}
            Disposal::Background => {
                area.rows().for_each(|y| Self::row_mut(&mut self.canvas, area, y, width_px).fill(0));
            }
            Disposal::Previous => {
                let saved = self.saved.chunks_exact(area.width_px.max(1) as usize * PIXEL);
                for (y, row) in area.rows().zip(saved) {
                    Self::row_mut(&mut self.canvas, area, y, width_px).copy_from_slice(row);
                }
            }
        }
    }

    fn save(&mut self, area: Area) {
        self.saved.clear();
        for y in area.rows() {
            self.saved.extend(self.canvas.get(area.row(y, self.picture.canvas.width_px, PIXEL)).unwrap_or_default());
        }
    }

    /// Decodes the current frame and draws it on the canvas.
    fn draw(&mut self, described: &Described, area: Area) -> Result<(), ItemError> {
        let canvas = &self.picture.canvas;
        let pixels = described.width as u64 * described.height as u64;
        if pixels > u64::from(canvas.width_px) * u64::from(canvas.height_px) * MOST_CANVASES + FEW_PIXELS {
            return Err(errors::corrupt("frame_too_large"));
        }
        // In one call: in parts, the decoder may lose the last one (gif 0.14, weezl 0.1).
        self.indices = errors::zeroed(pixels)?;
        let mut damage = None;
        let filled = match self.decoder.fill_buffer(&mut self.indices).map_err(|error| from_gif(&error)) {
            Ok(filled) => filled,
            Err(error) if error.kind == ErrorKind::Truncated => false,
            Err(error) if error.kind == ErrorKind::Corrupt && self.keep_damaged => {
                damage = Some(error);
                false
            }
            Err(error) => return Err(error),
        };
        let width = described.width.max(1);
        let mut stored = described.height;
        if !filled {
            stored = self.pixels_had()? / width;
            // Only some are complete; if interlaced, none is known to be.
            let rows_had = if described.interlaced { described.top } else { described.top + stored };
            self.rows_had = Some(rows_had.min(canvas.height_px as usize) as u32);
            self.is_damaged = damage.is_some();
            match damage {
                Some(error) if stored == 0 => return Err(error),
                None if !self.keep || stored == 0 => return Err(errors::truncated()),
                _ => {}
            }
        }
        let rows = self.indices.chunks_exact(width).take(stored);
        for (y, indices) in row_order(described.height, described.interlaced).zip(rows) {
            let y = described.top + y;
            if !area.rows().contains(&y) {
                continue;
            }
            let row = Self::row_mut(&mut self.canvas, area, y, canvas.width_px);
            for (pixel, &index) in row.as_chunks_mut::<PIXEL>().0.iter_mut().zip(indices) {
                if let Some(colour) = described.palette.get(usize::from(index)).copied().flatten() {
                    *pixel = colour;
                }
            }
        }
        Ok(())
    }
}

/// A frame's descriptor.
struct Described {
    top: usize,
    width: usize,
    height: usize,
    interlaced: bool,
    /// Colours by index; `None` for the transparent one.
    palette: Vec<Option<[u8; PIXEL]>>,
}

/// The order in which rows are stored: from the top, or every 8th, 8th from the 4th, 4th, 2nd.
fn row_order(height: usize, interlaced: bool) -> Box<dyn Iterator<Item = usize>> {
    if interlaced {
        Box::new([(0, 8), (4, 8), (2, 4), (1, 2)].into_iter().flat_map(move |(from, by)| (from..height).step_by(by)))
    } else {
        Box::new(0..height)
    }
}

impl FrameReader for GifFrames<'_> {
    fn picture(&self) -> Picture {
        self.picture
    }

    fn next_frame(&mut self) -> Result<Option<Frame>, ItemError> {
        if self.shown == self.picture.frames {
            return Ok(None);
        }
        if self.rows_had.is_some() {
            return Err(errors::truncated());
        }
        self.dispose();
        let Some(frame) = self.decoder.next_frame_info().map_err(|error| from_gif(&error))? else {
            let why = Message::new("frames_missing").with("had", self.shown).with("wanted", self.picture.frames);
            return Err(errors::corrupt(why));
        };
        let area = Area {
            x: u32::from(frame.left),
            y: u32::from(frame.top),
            width_px: u32::from(frame.width),
            height_px: u32::from(frame.height),
        };
        let disposal = match frame.dispose {
            DisposalMethod::Any | DisposalMethod::Keep => Disposal::Keep,
            DisposalMethod::Background => Disposal::Background,
            DisposalMethod::Previous => Disposal::Previous,
        };
        let delay = Delay::new(u32::from(frame.delay), 100);
        let mut described = Described {
            top: usize::from(frame.top),
            width: usize::from(frame.width),
            height: usize::from(frame.height),
            interlaced: frame.interlaced,
            palette: Vec::new(),
        };
        let transparent = frame.transparent.map(usize::from);
        let colours = self.decoder.palette().map_err(|error| from_gif(&error))?;
        described.palette.extend(
            colours
                .as_chunks::<3>()
                .0
                .iter()
                .enumerate()
                .map(|(index, &[r, g, b])| (Some(index) != transparent).then_some([r, g, b, 255])),
        );
        let visible = area.within(&self.picture.canvas);
        if disposal == Disposal::Previous {
            self.save(visible);
        }
        if !area.is_empty() {
            self.draw(&described, visible)?;
        }
        self.shown += 1;
        let frame = Frame { delay, area: visible, disposal };
        self.last = Some(frame);
        Ok(Some(frame))
    }

    fn rows_had(&self) -> Option<u32> {
        self.rows_had
    }

    fn rows(&mut self) -> Box<dyn RowReader + '_> {
        Box::new(CanvasRows::new(self.picture.canvas, CanvasSamples::U8(&self.canvas)))
    }
}
