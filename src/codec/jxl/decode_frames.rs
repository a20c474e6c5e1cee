//! Animations of JPEG XL: the library composes the frames. It keeps every frame that it has composed, because later ones
//! may refer to it.

use jxl_oxide::{AllocTracker, JxlImage};

use super::decode::{
    BASE_BYTES, Parts, feed, hdr, held_bytes_of, info, initialized, parts, pieces, prepare, profile, samples,
};
use crate::codec::animation::canvas_rows::{DecodedFrames, NoRows};
use crate::codec::colour::{Hdr, Rewind as _, ShownRows};
use crate::codec::errors;
use crate::codec::pixels::whole_image::WholeReader;
use crate::codec::spec::Header;
use crate::error::ItemError;
use crate::model::{Area, Delay, Disposal, Frame, FrameReader, ImageInfo, Picture, Plays, RowReader};

/// Bytes of a sample that the library keeps.
const KEPT_SAMPLE_BYTES: u64 = 4;

/// Bytes that an animation takes: its canvas while it is decoded, and all frames.
pub(super) fn held_bytes(_: &[u8], header: &Header) -> u64 {
    all_bytes(&header.info, header.frames)
}

fn all_bytes(info: &ImageInfo, frames: u32) -> u64 {
    let samples = info.row_samples() as u64 * u64::from(info.height_px);
    held_bytes_of(info).saturating_add(samples.saturating_mul(KEPT_SAMPLE_BYTES).saturating_mul(frames.into()))
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
    let tracker = AllocTracker::with_limit(BASE_BYTES as usize);
    let mut first_pieces = pieces(&codestream);
    let mut image = initialized(tracker.clone(), &mut first_pieces)?;
    let canvas = info(&image)?;
    let hdr = hdr(&image);
    prepare(&mut image, hdr);
    let failure = feed(&mut image, first_pieces).err();
    let has_rest = failure.is_some() || !image.is_loading_done();
    let frames = u32::try_from(image.num_loaded_keyframes()).unwrap_or(u32::MAX).saturating_add(has_rest.into());
    tracker.expand_limit(usize::try_from(all_bytes(&canvas, frames)).unwrap_or(usize::MAX / 2));
    let animation = image.image_header().metadata.animation.as_ref();
    let per_second = animation.map_or((1, 1), |animation| (animation.tps_numerator, animation.tps_denominator));
    let plays = animation.map_or(1, |animation| animation.num_loops);
    let picture = Picture { canvas, frames, plays: Plays::from_count(plays) };
    let profile = profile(&image, hdr);
    let frames = JxlFrames { image, picture, hdr, per_second, failure, next: 0, peak: 0.0, shown: None };
    Ok(DecodedFrames { frames: Box::new(frames), profile, metadata })
}

/// Gives the frames of an animation.
struct JxlFrames {
    image: JxlImage,
    picture: Picture,
    hdr: Option<Hdr>,
    /// Ticks per second, as a fraction.
    per_second: (u32, u32),
    /// Why the frame after the last complete one can't be read, if it is not truncated.
    failure: Option<ItemError>,
    next: usize,
    /// The brightest light so far.
    peak: f32,
    shown: Option<ShownRows<WholeReader>>,
}

impl FrameReader for JxlFrames {
    fn picture(&self) -> Picture {
        self.picture
    }

    fn next_frame(&mut self) -> Result<Option<Frame>, ItemError> {
        self.shown = None;
        if self.next >= self.picture.frames as usize {
            return Ok(None);
        }
        if self.next >= self.image.num_loaded_keyframes() {
            return Err(self.failure.take().unwrap_or_else(errors::truncated));
        }
        let ticks = self.image.frame_header(self.next).map_or(0, |header| header.duration);
        let canvas = self.picture.canvas;
        let rows = WholeReader::new(canvas, samples(&self.image, self.next, &canvas)?)?;
        self.shown = Some(ShownRows::new(rows, self.hdr, &mut self.peak)?);
        self.next += 1;
        let delay = delay(ticks, self.per_second);
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

/// A number of ticks, of which there are `per_second` (a fraction).
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
