//! Decodes the frames of an image sequence, one after the other.

use super::rav1d::Stream;
use crate::codec::animation::canvas_rows::NoRows;
use crate::codec::colour::{Rewind as _, ShownRows};
use crate::codec::container::heif::frame::Frame as CodedFrame;
use crate::codec::container::heif::sequence::{Sequence, Track};
use crate::codec::container::heif::tables::{Sample, Samples};
use crate::codec::container::heif::{Colours, Shape, YuvRows};
use crate::codec::errors;
use crate::error::ItemError;
use crate::model::{Area, Delay, Disposal, Frame, FrameReader, HdrChoice, Message, Picture, RowReader};

/// A track that is being decoded.
struct Decoding<'a> {
    file: &'a [u8],
    samples: Samples,
    stream: Stream,
}

impl<'a> Decoding<'a> {
    fn open(file: &'a [u8], track: &Track<'a>) -> Result<Self, ItemError> {
        Ok(Self { file, samples: track.samples()?, stream: Stream::open(track.size.0, track.size.1)? })
    }

    fn sample(&self, number: usize) -> Option<Sample> {
        self.samples.get(number).copied()
    }

    /// Decodes a frame; they must be requested in order.
    fn frame(&mut self, number: usize) -> Result<CodedFrame, ItemError> {
        let sample =
            self.sample(number).ok_or_else(|| errors::corrupt(Message::new("heif_box").with("box", "stsz")))?;
        self.stream.decode(sample.of(self.file)?)
    }
}

/// A frame and its alpha.
type Coded = (CodedFrame, Option<CodedFrame>);

/// Gives the frames of a sequence. Each fills the canvas.
pub(super) struct SequenceFrames<'a> {
    sequence: Sequence<'a>,
    picture: Picture,
    shape: Shape,
    colours: Colours,
    colour: Decoding<'a>,
    alpha: Option<Decoding<'a>>,
    /// The first frame, which is decoded at once: it may say what the colours are.
    first: Option<Coded>,
    next: usize,
    /// The brightest light so far.
    peak: f32,
    shown: Option<ShownRows<YuvRows>>,
}

impl<'a> SequenceFrames<'a> {
    /// Decodes the first frame; also returns the profile of the rows.
    pub(super) fn open(file: &'a [u8], sequence: Sequence<'a>) -> Result<(Self, Option<Vec<u8>>), ItemError> {
        let shape = Shape::of_sequence(&sequence)?;
        let mut colour = Decoding::open(file, &sequence.colour)?;
        let mut alpha = sequence.alpha.as_ref().map(|track| Decoding::open(file, track)).transpose()?;
        let first = decoded(&mut colour, alpha.as_mut(), 0)?;
        let mut colours = Colours::of(&sequence.colour.properties, &first.0, sequence.premultiplied, HdrChoice::Sdr)?;
        let profile = colours.profile.take();
        let picture = Picture { canvas: shape.info, frames: sequence.colour.frames(), plays: sequence.plays() };
        let first = Some(first);
        Ok((Self { sequence, picture, shape, colours, colour, alpha, first, next: 0, peak: 0.0, shown: None }, profile))
    }
}

fn decoded(colour: &mut Decoding<'_>, alpha: Option<&mut Decoding<'_>>, number: usize) -> Result<Coded, ItemError> {
    Ok((colour.frame(number)?, alpha.map(|alpha| alpha.frame(number)).transpose()?))
}

impl FrameReader for SequenceFrames<'_> {
    fn picture(&self) -> Picture {
        self.picture
    }

    fn next_frame(&mut self) -> Result<Option<Frame>, ItemError> {
        let Some(sample) = self.colour.sample(self.next) else { return Ok(None) };
        // Its planes are not needed any more.
        self.shown = None;
        let (frame, alpha) = match self.first.take() {
            Some(first) => first,
            None => decoded(&mut self.colour, self.alpha.as_mut(), self.next)?,
        };
        self.next += 1;
        self.shown = Some(self.colours.rows(&self.shape, frame, alpha, &mut self.peak)?);
        let delay: Delay = self.sequence.colour.delay(sample.duration);
        Ok(Some(Frame { delay, area: Area::whole(&self.picture.canvas), disposal: Disposal::Keep }))
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
