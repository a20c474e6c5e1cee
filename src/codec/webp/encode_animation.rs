//! Encoding animated WebP: each frame is the part of the canvas that changed, or a layer over it, encoded as a still
//! image and put into the container here. libwebp's own muxer drops frames that equal the previous one; these are kept.

use super::chunks::chunks;
use super::decode_frames::FRAME_HEADER;
use super::encode::{MAX_SIDE_PX, settings};
use super::libwebp::{self, Settings};
use crate::codec::animation::changed_area;
use crate::codec::animation::frame_encoder::{Canvases, Clock};
use crate::codec::errors;
use crate::codec::spec::Extras;
use crate::error::ItemError;
use crate::model::{Area, Channels, Frame, ImageInfo, Picture, Save};

/// Bytes of a pixel of the canvas.
const PIXEL: usize = 4;
/// Durations and positions are 24-bit numbers.
const MAX_24: u32 = (1 << 24) - 1;
/// A frame replaces its area instead of being blended.
const REPLACES: u8 = 2;
// The features that the header announces.
const HAS_ANIMATION: u8 = 0x02;
const HAS_XMP: u8 = 0x04;
const HAS_EXIF: u8 = 0x08;
const HAS_ALPHA: u8 = 0x10;
const HAS_PROFILE: u8 = 0x20;

/// Writes frames as they come.
pub(in crate::codec) struct WebpAnimation {
    settings: Settings,
    info: ImageInfo,
    plays: u32,
    extras: Extras,
    clock: Clock,
    /// Chunks of the frames so far.
    frames: Vec<u8>,
    has_alpha: bool,
    /// The previous frame's canvas.
    before: Option<Vec<u8>>,
}

impl WebpAnimation {
    pub(in crate::codec) fn new(save: &Save, picture: Picture, extras: Extras) -> Result<Self, ItemError> {
        let info = picture.canvas;
        if info.width_px.max(info.height_px) > MAX_SIDE_PX {
            return Err(errors::side_limit("WebP", MAX_SIDE_PX));
        }
        Ok(Self {
            settings: settings(save),
            info,
            plays: picture.plays.count(),
            extras,
            clock: Clock::new(1_000, 1, MAX_24),
            frames: Vec::new(),
            has_alpha: false,
            before: None,
        })
    }

    /// The part of a canvas that is stored, and whether it replaces the previous pixels.
    fn part(&self, canvas: &[u8]) -> (Area, u8, Vec<u8>) {
        let info = &self.info;
        let Some(before) = &self.before else { return (Area::whole(info), REPLACES, canvas.to_vec()) };
        let mut area = changed_area::changed(before, canvas, info, PIXEL);
        if area.is_empty() {
            // Nothing changed: a single pixel carries the delay.
            area = Area { x: 0, y: 0, width_px: 1, height_px: 1 };
        }
        // Positions are stored halved.
        let (odd_x, odd_y) = (area.x % 2, area.y % 2);
        let area = Area {
            x: area.x - odd_x,
            y: area.y - odd_y,
            width_px: area.width_px + odd_x,
            height_px: area.height_px + odd_y,
        };
        match changed_area::layer(before, canvas, area, info, PIXEL, u8::MAX) {
            Some(layer) => (area, 0, layer),
            None => (area, REPLACES, changed_area::cut(canvas, area, info, PIXEL)),
        }
    }
}

fn three(number: u32) -> [u8; 3] {
    let [a, b, c, _] = number.to_le_bytes();
    [a, b, c]
}

/// Appends a chunk, padded to an even length.
fn push_chunk(file: &mut Vec<u8>, kind: [u8; 4], parts: &[&[u8]]) -> Result<(), ItemError> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let length = u32::try_from(length).map_err(|_| too_large())?;
    file.extend(kind);
    file.extend(length.to_le_bytes());
    file.extend(parts.iter().copied().flatten());
    file.extend((length % 2 == 1).then_some(0));
    Ok(())
}

fn too_large() -> ItemError {
    errors::cant_encode("file_over_4_gb")
}

impl Canvases<u8> for WebpAnimation {
    fn channels(&self) -> Channels {
        Channels::Rgba
    }

    fn add(&mut self, canvas: Vec<u8>, frame: &Frame) -> Result<(), ItemError> {
        let (area, replaces, pixels) = self.part(&canvas);
        self.before = Some(canvas);
        self.has_alpha |= pixels.as_chunks::<PIXEL>().0.iter().any(|pixel| pixel[3] < u8::MAX);
        let still = libwebp::encode(&pixels, area.width_px, area.height_px, true, self.settings)
            .map_err(|error| errors::cant_encode(errors::from_encoder(error)))?;
        drop(pixels);
        let mut header = Vec::with_capacity(FRAME_HEADER);
        let numbers = [area.x / 2, area.y / 2, area.width_px - 1, area.height_px - 1, self.clock.units(frame.delay)];
        header.extend(numbers.into_iter().flat_map(three));
        header.push(replaces);
        let mut picture = Vec::with_capacity(still.len());
        for (kind, data) in chunks(&still).filter(|(kind, _)| matches!(kind, b"ALPH" | b"VP8 " | b"VP8L")) {
            push_chunk(&mut picture, kind, &[data])?;
        }
        push_chunk(&mut self.frames, *b"ANMF", &[&header, &picture])
    }

    fn finish(self) -> Result<Vec<u8>, ItemError> {
        let Extras { profile, metadata } = &self.extras;
        let flag = |is_there: bool, flag: u8| if is_there { flag } else { 0 };
        let flags = HAS_ANIMATION
            | flag(self.has_alpha, HAS_ALPHA)
            | flag(profile.is_some(), HAS_PROFILE)
            | flag(metadata.exif.is_some(), HAS_EXIF)
            | flag(metadata.xmp.is_some(), HAS_XMP);
        let mut file = b"RIFF\0\0\0\0WEBP".to_vec();
        let (width, height) = (three(self.info.width_px - 1), three(self.info.height_px - 1));
        push_chunk(&mut file, *b"VP8X", &[&[flags, 0, 0, 0], &width, &height])?;
        if let Some(profile) = profile {
            push_chunk(&mut file, *b"ICCP", &[profile])?;
        }
        // A clear background, then the plays.
        let plays = u16::try_from(self.plays).unwrap_or(u16::MAX).to_le_bytes();
        push_chunk(&mut file, *b"ANIM", &[&[0; 4], &plays])?;
        file.extend_from_slice(&self.frames);
        drop(self.frames);
        if let Some(exif) = &metadata.exif {
            push_chunk(&mut file, *b"EXIF", &[exif])?;
        }
        if let Some(xmp) = &metadata.xmp {
            push_chunk(&mut file, *b"XMP ", &[xmp])?;
        }
        let length = u32::try_from(file.len() - 8).map_err(|_| too_large())?;
        if let Some(stored_length) = file.get_mut(4..8) {
            stored_length.copy_from_slice(&length.to_le_bytes());
        }
        Ok(file)
    }
}
