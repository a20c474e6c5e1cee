//! Animations of JPEG XL: the library composes the frames, one part of them after the other.

use std::borrow::Cow;

use jxl_oxide::{AllocTracker, JxlImage};

use super::decode::{
    BASE_BYTES, Parts, feed, hdr, held_bytes_of, info, initialized, parts, pieces, prepare, profile, samples,
};
use super::segments::{Segment, most_kept, segments};
use crate::codec::animation::canvas_rows::{DecodedFrames, NoRows};
use crate::codec::colour::{Hdr, Rewind as _, ShownRows};
use crate::codec::errors;
use crate::codec::pixels::whole_image::WholeReader;
use crate::codec::spec::Header;
use crate::error::ItemError;
use crate::model::{Area, Delay, Disposal, Frame, FrameReader, ImageInfo, Picture, Plays, RowReader};

/// Bytes of a sample that the library keeps.
const KEPT_SAMPLE_BYTES: u64 = 4;

/// Bytes that an animation takes: its canvas while it is decoded, and all frames that the library keeps.
pub(super) fn held_bytes(bytes: &[u8], header: &Header) -> u64 {
    let kept = || {
        let Parts { codestream, .. } = parts(bytes).ok()?;
        let mut pieces = pieces(&codestream);
        let mut image = initialized(AllocTracker::with_limit(BASE_BYTES as usize), &mut pieces).ok()?;
        let _ = feed(&mut image, pieces);
        Some(most_kept(&segments(&image, codestream.len())))
    };
    all_bytes(&header.info, kept().unwrap_or(header.frames as usize))
}

fn all_bytes(info: &ImageInfo, kept: usize) -> u64 {
    let samples = info.row_samples() as u64 * u64::from(info.height_px);
    held_bytes_of(info).saturating_add(samples.saturating_mul(KEPT_SAMPLE_BYTES).saturating_mul(kept as u64))
}

/// Whether an animation ends within a frame.
pub(super) fn is_truncated(bytes: &[u8]) -> bool {
    let Ok(Parts { codestream, .. }) = parts(bytes) else { return false };
    let mut pieces = pieces(&codestream);
    let Ok(mut image) = initialized(AllocTracker::with_limit(BASE_BYTES as usize), &mut pieces) else {
        return false;
    };
    feed(&mut image, pieces).is_ok() && !image.is_loading_done()
}

/// Opens an animation; of a truncated one, the complete frames can be read.
pub(super) fn open_frames(bytes: &[u8], _keep: bool) -> Result<DecodedFrames<'_>, ItemError> {
    let Parts { codestream, metadata, .. } = parts(bytes)?;
    let mut first_pieces = pieces(&codestream);
    let mut image = initialized(AllocTracker::with_limit(BASE_BYTES as usize), &mut first_pieces)?;
    let canvas = info(&image)?;
    let hdr = hdr(&image);
    let failure = feed(&mut image, first_pieces).err();
    let has_rest = failure.is_some() || !image.is_loading_done();
    let complete = image.num_loaded_keyframes();
    let frames = u32::try_from(complete).unwrap_or(u32::MAX).saturating_add(has_rest.into());
    let animation = image.image_header().metadata.animation.as_ref();
    let per_second = animation.map_or((1, 1), |animation| (animation.tps_numerator, animation.tps_denominator));
    let plays = animation.map_or(1, |animation| animation.num_loops);
    let ticks = |number| image.frame_header(number).map_or(0, |header| header.duration);
    let delays = (0..complete).map(|number| delay(ticks(number), per_second)).collect();
    let picture = Picture { canvas, frames, plays: Plays::from_count(plays) };
    let segments = segments(&image, codestream.len());
    let first_frame = image.frame_offset(0).unwrap_or(codestream.len());
    prepare(&mut image, hdr);
    let profile = profile(&image, hdr);
    let frames = JxlFrames {
        codestream,
        first_frame,
        segments,
        open: None,
        picture,
        delays,
        hdr,
        failure,
        next: 0,
        peak: 0.0,
        shown: None,
    };
    Ok(DecodedFrames { frames: Box::new(frames), profile, metadata })
}

/// Gives the frames of an animation.
struct JxlFrames<'a> {
    codestream: Cow<'a, [u8]>,
    /// Where the header ends.
    first_frame: usize,
    segments: Vec<Segment>,
    /// The part that is open: its number in the list, and its frames.
    open: Option<(usize, JxlImage)>,
    picture: Picture,
    /// How long the complete frames are shown.
    delays: Vec<Delay>,
    hdr: Option<Hdr>,
    /// Why the frame after the last complete one can't be read, if it is not truncated.
    failure: Option<ItemError>,
    next: usize,
    /// The brightest light so far.
    peak: f32,
    shown: Option<ShownRows<WholeReader>>,
}

impl JxlFrames<'_> {
    /// The part with a frame, and the frame's number in it.
    fn part(&mut self, number: usize) -> Result<(&JxlImage, usize), ItemError> {
        let missing = || errors::corrupt("jxl_frame");
        let at = self.segments.iter().position(|segment| segment.shown.contains(&number)).ok_or_else(missing)?;
        let segment = self.segments.get(at).ok_or_else(missing)?;
        if self.open.as_ref().is_none_or(|(open, _)| *open != at) {
            // What the last part holds is not needed any more.
            self.open = None;
            let tracker = AllocTracker::with_limit(BASE_BYTES as usize);
            let header = self.codestream.get(..self.first_frame).ok_or_else(missing)?;
            let frames = self.codestream.get(segment.bytes.clone()).ok_or_else(missing)?;
            let mut rest = pieces(header).chain(pieces(frames));
            let mut image = initialized(tracker.clone(), &mut rest)?;
            prepare(&mut image, self.hdr);
            feed(&mut image, rest)?;
            let most = all_bytes(&self.picture.canvas, segment.shown.len());
            tracker.expand_limit(usize::try_from(most).unwrap_or(usize::MAX / 2));
            self.open = Some((at, image));
        }
        let (_, image) = self.open.as_ref().ok_or_else(missing)?;
        Ok((image, number - segment.shown.start))
    }
}

impl FrameReader for JxlFrames<'_> {
    fn picture(&self) -> Picture {
        self.picture
    }

    fn next_frame(&mut self) -> Result<Option<Frame>, ItemError> {
        self.shown = None;
        if self.next >= self.picture.frames as usize {
            return Ok(None);
        }
        let Some(&delay) = self.delays.get(self.next) else {
            return Err(self.failure.take().unwrap_or_else(errors::truncated));
        };
        let canvas = self.picture.canvas;
        let (image, number) = self.part(self.next)?;
        let rows = WholeReader::new(canvas, samples(image, number, &canvas)?)?;
        self.shown = Some(ShownRows::new(rows, self.hdr, &mut self.peak)?);
        self.next += 1;
        Ok(Some(Frame { delay, area: Area::whole(&canvas), disposal: Disposal::Keep }))
    }

    fn rows(&mut self) -> Box<dyn RowReader + '_> {
        match &mut self.shown {
            Some(rows) => {
                rows.rewind();
                Box::new(rows)
            }
            None => Box::new(NoRows(self.picture.canvas)),
        }
    }
}

/// The time that some ticks take; a second has `per_second` of them (a fraction).
fn delay(ticks: u32, per_second: (u32, u32)) -> Delay {
    let (mut above, mut below) = (u64::from(ticks) * u64::from(per_second.1), u64::from(per_second.0.max(1)));
    let (mut divisor, mut rest) = (above, below);
    while rest > 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    (above, below) = (above / divisor, below / divisor);
    // Times of years, and thousandths of a second that nobody sees.
    while above > u64::from(u32::MAX) {
        (above, below) = (above / 2, (below / 2).max(1));
    }
    Delay::new(above as u32, below as u32)
}

#[cfg(test)]
mod tests {
    use super::super::decode_frames::*;

    #[test]
    fn ticks_become_fractions_of_a_second_in_lowest_terms() {
        assert_eq!(delay(70, (1000, 1)), Delay::new(7, 100));
        assert_eq!(delay(2, (30_000, 1001)), Delay::new(1001, 15_000));
        assert_eq!(delay(0, (1000, 1)), Delay::new(0, 1));
        assert!(delay(u32::MAX, (1, 1023)).seconds() > 1e9);
    }
}
