//! The quality that reaches a goal, the largest file or the lowest score: the rendered rows are kept and encoded again with
//! other qualities.

use super::score::{self, Original};
use super::whole_image::DepthCollector;
use crate::codec::errors;
use crate::codec::spec::{Encoded, Encoder, EncoderSpec, Extras};
use crate::error::{ErrorKind, ItemError};
use crate::model::{Band, Format, ImageInfo, Message, RowWriter, SampleType, Save, human};

/// Approximate growth of the logarithm of the file size per step of quality, for the first guess.
const GROWTH: f64 = 0.035;
/// Approximate growth of the score per step of quality, for the first guesses.
const SCORE_GROWTH: f64 = 0.6;

/// What a search looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Goal {
    /// The best quality whose file has at most so many bytes.
    Bytes(u64),
    /// The lowest quality whose image has this score.
    Score(u8),
}

impl Goal {
    /// What settings ask of a format with a quality.
    pub(crate) fn of(save: &Save) -> Option<Self> {
        match (save.max_bytes, save.target) {
            (Some(limit), _) => Some(Self::Bytes(limit)),
            (None, target) => target.map(Self::Score),
        }
    }
}

/// Bytes for the search in addition to the encoder's own: the rows, the best file so far, and what scores take.
pub(crate) fn held_bytes(format: Format, spec: &EncoderSpec, save: &Save, info: &ImageInfo) -> u64 {
    let Some(goal) = Goal::of(save).filter(|_| format.default_quality().is_some()) else { return 0 };
    let sample_bytes = if is_deep(spec, info) { 2 } else { 1 };
    let channels = (spec.stored_channels)(info.channels, save).count() as u64;
    let rows = u64::from(info.width_px) * u64::from(info.height_px) * channels * sample_bytes;
    match goal {
        Goal::Bytes(limit) => rows + limit.min(rows),
        Goal::Score(_) => 2 * rows + score::held_bytes(info),
    }
}

/// Whether rows are kept with 16 bits per sample.
fn is_deep(spec: &EncoderSpec, info: &ImageInfo) -> bool {
    spec.bits > 8 && info.sample == SampleType::U16
}

/// Keeps the rows, and searches at the end.
pub(crate) struct Search {
    format: Format,
    spec: &'static EncoderSpec,
    save: Save,
    goal: Goal,
    extras: Extras,
    rows: Option<DepthCollector>,
}

impl Search {
    pub(crate) fn new(format: Format, spec: &'static EncoderSpec, save: Save, goal: Goal, extras: Extras) -> Self {
        Self { format, spec, save, goal, extras, rows: None }
    }

    fn encode(&self, info: ImageInfo, image: &Band, quality: u8) -> Result<Vec<u8>, ItemError> {
        let save = Save { quality: Some(quality), max_bytes: None, target: None, ..self.save.clone() };
        let mut encoder = (self.spec.new)(&save, self.extras.clone());
        encoder.start(info)?;
        encoder.write_rows(image)?;
        encoder.finish()
    }
}

impl RowWriter for Search {
    fn start(&mut self, info: ImageInfo) -> Result<(), ItemError> {
        let to = (self.spec.stored_channels)(info.channels, &self.save);
        self.rows = Some(DepthCollector::new(info, to, is_deep(self.spec, &info), self.save.background)?);
        Ok(())
    }

    fn write_rows(&mut self, band: &Band) -> Result<(), ItemError> {
        self.rows.as_mut().ok_or_else(errors::not_started)?.add(band)
    }
}

impl Encoder for Search {
    fn finish(self: Box<Self>) -> Result<Vec<u8>, ItemError> {
        self.finish_cancellable(&|| false).map(|encoded| encoded.bytes)
    }

    fn finish_cancellable(mut self: Box<Self>, cancelled: &dyn Fn() -> bool) -> Result<Encoded, ItemError> {
        let (info, samples) = self.rows.take().ok_or_else(errors::not_started)?.into_image()?;
        let image = Band { width_px: info.width_px, rows: info.height_px, channels: info.channels, samples };
        let first = self.format.default_quality().unwrap_or(80);
        let encode = |quality| {
            if cancelled() {
                return Err(ItemError::nameless(ErrorKind::Cancelled));
            }
            self.encode(info, &image, quality)
        };
        match self.goal {
            Goal::Bytes(limit) => best(limit, self.save.quality.unwrap_or(100), first, encode).map(Into::into),
            Goal::Score(target) => {
                let original = Original::new(&image, self.extras.profile.as_ref());
                lowest(f64::from(target), first, |quality| {
                    let bytes = encode(quality)?;
                    if cancelled() {
                        return Err(ItemError::nameless(ErrorKind::Cancelled));
                    }
                    let score = original.score(&bytes)?;
                    Ok((bytes, score))
                })
            }
        }
    }
}

/// A file within `save.max_bytes`: if the format has a quality, `encode` is called for each one tried, and the best
/// that fits is kept.
pub fn within_bytes(
    format: Format,
    save: &Save,
    mut encode: impl FnMut(&Save) -> Result<Vec<u8>, ItemError>,
) -> Result<Vec<u8>, ItemError> {
    let Some(limit) = save.max_bytes else { return encode(save) };
    match format.default_quality() {
        Some(first) => best(limit, save.quality.unwrap_or(100), first, |quality| {
            encode(&Save { quality: Some(quality), max_bytes: None, ..save.clone() })
        }),
        None => bounded(format, limit, encode(save)?),
    }
}

/// The file with the highest quality up to `ceiling` that is no larger than `limit`. Assumes that size grows with
/// quality.
fn best(
    limit: u64,
    ceiling: u8,
    first: u8,
    mut encode: impl FnMut(u8) -> Result<Vec<u8>, ItemError>,
) -> Result<Vec<u8>, ItemError> {
    // The logarithm of the file's share of the limit; 0 is exactly the limit.
    let weight = |bytes: &[u8]| (bytes.len().max(1) as f64 / limit.max(1) as f64).ln();
    let mut fits: Option<(u8, Vec<u8>)> = None;
    let mut exceeds: Option<(u8, f64)> = None;
    let mut quality = first.min(ceiling);
    for step in 0_u32.. {
        let bytes = encode(quality)?;
        if bytes.len() as u64 <= limit {
            fits = Some((quality, bytes));
        } else if quality <= 1 {
            return Err(too_large(bytes.len(), limit, Message::new("max_bytes_lowest")));
        } else {
            exceeds = Some((quality, weight(&bytes)));
        }
        quality = match (&fits, &exceeds) {
            (Some((low, _)), _) if *low >= ceiling => break,
            (Some((low, _)), Some((high, _))) if high - low <= 1 => break,
            (Some((low, bytes)), Some((high, above))) => {
                // Interpolates; since growth is uneven, later steps bisect.
                let below = weight(bytes);
                let share = if step >= 4 { 0.5 } else { (-below / (above - below)).clamp(0.0, 1.0) };
                let guess = f64::from(*low) + share * f64::from(high - low);
                (guess as u8).clamp(low + 1, high - 1)
            }
            (Some((low, bytes)), None) => {
                let leap = (-weight(bytes) / GROWTH).clamp(0.0, 99.0) as u8;
                low.saturating_add(leap.max(1 << step.min(6))).min(ceiling)
            }
            (None, Some((high, above))) => {
                let leap = (above / GROWTH).clamp(0.0, 99.0).ceil() as u8;
                high.saturating_sub(leap.max(1 << step.min(6))).max(1)
            }
            (None, None) => break,
        };
    }
    fits.map(|(_, bytes)| bytes).ok_or_else(|| errors::cant_encode("quality_none"))
}

/// The file with the lowest quality whose score is at least `target`; the one with the highest quality if none is. Assumes
/// that scores grow with quality.
fn lowest(
    target: f64,
    first: u8,
    mut encode: impl FnMut(u8) -> Result<(Vec<u8>, f64), ItemError>,
) -> Result<Encoded, ItemError> {
    let mut reaches: Option<(u8, f64, Vec<u8>)> = None;
    let mut misses: Option<(u8, f64)> = None;
    let mut quality = first.clamp(1, 100);
    for step in 0_u32.. {
        let (bytes, score) = encode(quality)?;
        if score >= target || quality == 100 {
            reaches = Some((quality, score, bytes));
        } else {
            misses = Some((quality, score));
        }
        quality = match (&misses, &reaches) {
            (Some((low, _)), Some((high, ..))) if high - low <= 1 => break,
            (Some((low, below)), Some((high, above, _))) => {
                // Interpolates; since growth is uneven, later steps bisect.
                let share = if step >= 4 { 0.5 } else { ((target - below) / (above - below)).clamp(0.0, 1.0) };
                let guess = f64::from(*low) + share * f64::from(high - low);
                (guess.ceil() as u8).clamp(low + 1, high - 1)
            }
            (Some((low, below)), None) => {
                let leap = ((target - below) / SCORE_GROWTH).clamp(0.0, 99.0).ceil() as u8;
                low.saturating_add(leap.max(1 << step.min(6))).min(100)
            }
            (None, Some((high @ 2.., above, _))) => {
                let leap = ((above - target) / SCORE_GROWTH).clamp(0.0, 99.0) as u8;
                high.saturating_sub(leap.max(1 << step.min(6))).max(1)
            }
            (None, Some(_) | None) => break,
        };
    }
    let (_, score, bytes) = reaches.ok_or_else(|| errors::cant_encode("quality_none"))?;
    Ok(Encoded { bytes, score: Some(score) })
}

/// Refuses a file above a size limit, for formats without a quality to lower.
pub(in crate::codec) struct Bounded {
    pub(in crate::codec) inner: Box<dyn Encoder>,
    pub(in crate::codec) format: Format,
    pub(in crate::codec) limit: u64,
}

impl RowWriter for Bounded {
    fn start(&mut self, info: ImageInfo) -> Result<(), ItemError> {
        self.inner.start(info)
    }

    fn write_rows(&mut self, band: &Band) -> Result<(), ItemError> {
        self.inner.write_rows(band)
    }
}

impl Encoder for Bounded {
    fn finish(self: Box<Self>) -> Result<Vec<u8>, ItemError> {
        bounded(self.format, self.limit, self.inner.finish()?)
    }
}

fn bounded(format: Format, limit: u64, bytes: Vec<u8>) -> Result<Vec<u8>, ItemError> {
    if bytes.len() as u64 > limit {
        let why = Message::new("max_bytes_fixed").with("format", format.label());
        return Err(too_large(bytes.len(), limit, why));
    }
    Ok(bytes)
}

/// The error says exactly how large the smallest possible file is, so that people know what limit to set.
fn too_large(had: usize, limit: u64, why: Message) -> ItemError {
    let (had, most) = (human::count(had as u64), human::count(limit));
    errors::cant_encode(why.with("had", had).with("most", most)).with("limit", limit)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::super::quality_search::*;

    #[test]
    fn the_lowest_quality_with_a_score_is_found_in_few_steps_for_any_curve() {
        type Score = fn(u8) -> f64;
        let curves: [(&str, Score); 4] = [
            ("even", |q| f64::from(q) - 5.0),
            ("steep, then flat", |q| 95.0 - 400.0 / f64::from(q)),
            ("flat, then steep", |q| if q < 80 { 40.0 } else { 40.0 + 2.5 * f64::from(q - 80) }),
            ("negative", |q| 2.0 * f64::from(q) - 150.0),
        ];
        for (name, score) in curves {
            for target in [1.0, 30.0, 55.0, 70.0, 85.0, 90.0, 100.0] {
                let mut tries = 0;
                let found = lowest(target, 85, |quality| {
                    tries += 1;
                    Ok((vec![quality], score(quality)))
                });
                let expected = (1..=100).find(|&quality| score(quality) >= target).unwrap_or(100);
                let found = found.unwrap();
                assert_eq!((found.bytes[0], found.score), (expected, Some(score(expected))), "{name}, {target}");
                assert!(tries <= 12, "{name}, {target}: {tries}");
            }
        }
    }

    #[test]
    fn the_best_quality_is_found_in_few_steps_for_any_curve() {
        type Size = fn(u8) -> usize;
        let curves: [(&str, Size); 4] = [
            ("even", |q| 1_000 * usize::from(q)),
            ("steep", |q| (100.0 * (f64::from(q) / 12.0).exp()) as usize),
            ("flat, then steep", |q| if q < 90 { 5_000 + usize::from(q) } else { 100_000 * usize::from(q - 89) }),
            ("steps", |q| 3_000 * (1 + usize::from(q) / 10)),
        ];
        for (name, size) in curves {
            for limit in
                [size(1), size(1) + 1, size(37), size(60), size(85), size(89) + 5, size(99), size(100), 1 << 30]
            {
                for ceiling in [100, 70] {
                    let mut tries = 0;
                    let found = best(limit as u64, ceiling, 85, |quality| {
                        tries += 1;
                        Ok(vec![quality; size(quality)])
                    });
                    let expected = (1..=ceiling).rev().find(|&quality| size(quality) <= limit);
                    let found = found.ok().and_then(|bytes| bytes.first().copied());
                    assert_eq!(found, expected, "{name}, {limit}, {ceiling}");
                    assert!(tries <= 13, "{name}, {limit}, {ceiling}: {tries}");
                }
            }
            assert!(best(size(1) as u64 - 1, 100, 85, |quality| Ok(vec![0; size(quality)])).is_err(), "{name}");
        }
    }
}
