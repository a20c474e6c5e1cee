//! Maps a high dynamic range to SDR: the reference white of 203 nits (ITU-R BT.2408) becomes white, and what is brighter
//! is compressed into the last steps below it. Colours keep their primaries.

use crate::error::ItemError;
use crate::model::{Band, Channels, ImageInfo, Remark, RowReader, Samples, Truncated};

/// Nits of reference white (BT.2408, table 1).
const WHITE_NITS: f32 = 203.0;
/// Nits of the display that HLG is made for (BT.2100, table 5).
const HLG_NITS: f32 = 1_000.0;
/// HLG's system gamma for that display.
const HLG_GAMMA: f32 = 1.2;
/// Weights of BT.2100's luminance.
const LUMA: [f32; 3] = [0.2627, 0.678, 0.0593];
/// Light up to here, relative to reference white, stays as it is if the image has brighter parts.
const KNEE: f32 = 0.85;
/// Images without light above this, relative to reference white, stay as they are: coding errors cause that much.
const BRIGHTER: f32 = 1.05;
/// The share of pixels that may be brighter than the peak.
const ABOVE_PEAK: f64 = 0.001;
/// Entries of the tables.
const STEPS: usize = 4_096;
/// Rows that are measured at once.
pub(super) const ROWS: u32 = 64;

/// A transfer function of a high dynamic range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::codec) enum Hdr {
    /// SMPTE ST 2084.
    Pq,
    /// ARIB STD-B67.
    Hlg,
}

impl Hdr {
    /// From the number of ISO 23091-2; `None` for others.
    pub(in crate::codec) const fn from_number(transfer: u16) -> Option<Self> {
        match transfer {
            16 => Some(Self::Pq),
            18 => Some(Self::Hlg),
            _ => None,
        }
    }

    /// The number of ISO 23091-2.
    pub(in crate::codec) const fn number(self) -> u8 {
        match self {
            Self::Pq => 16,
            Self::Hlg => 18,
        }
    }

    /// The one with this name; `None` for others.
    pub(in crate::codec) fn from_name(name: &str) -> Option<Self> {
        [Self::Pq, Self::Hlg].into_iter().find(|hdr| hdr.name() == name)
    }

    /// Its usual name.
    pub(in crate::codec) const fn name(self) -> &'static str {
        match self {
            Self::Pq => "PQ",
            Self::Hlg => "HLG",
        }
    }

    /// Light of a stored level from 0 to 1, relative to reference white; for HLG, that of the scene.
    fn light(self, level: f32) -> f32 {
        match self {
            Self::Pq => {
                let root = level.powf(1.0 / 78.843_75);
                let top = (root - 0.835_937_5).max(0.0);
                (top / (18.851_563 - 18.687_5 * root)).powf(1.0 / 0.159_301_76) * 10_000.0 / WHITE_NITS
            }
            Self::Hlg if level <= 0.5 => level * level / 3.0,
            Self::Hlg => (((level - 0.559_910_7) / 0.178_832_77).exp() + 0.284_668_92) / 12.0,
        }
    }

    /// The factor from a scene's light to a display's, for HLG.
    fn display(self, luma: f32) -> f32 {
        match self {
            Self::Pq => 1.0,
            Self::Hlg => luma.max(0.0).powf(HLG_GAMMA - 1.0) * HLG_NITS / WHITE_NITS,
        }
    }
}

/// sRGB's curve (IEC 61966-2-1).
pub(super) fn encode(light: f32) -> f32 {
    if light <= 0.003_130_8 { 12.92 * light } else { 1.055f32.mul_add(light.powf(1.0 / 2.4), -0.055) }
}

/// A function from 0 to 1, in steps with straight lines between.
pub(super) struct Table(Vec<f32>);

impl Table {
    pub(super) fn new(function: impl Fn(f32) -> f32) -> Self {
        Self((0..=STEPS).map(|step| function(step as f32 / STEPS as f32)).collect())
    }

    pub(super) fn at(&self, x: f32) -> f32 {
        let x = x.clamp(0.0, 1.0) * STEPS as f32;
        let step = (x as usize).min(STEPS - 1);
        match self.0.get(step..step + 2) {
            Some([low, high]) => (high - low).mul_add(x - step as f32, *low),
            _ => 0.0,
        }
    }
}

/// Light between 0 and 1 for light relative to reference white (Reinhard's curve above the knee). `peak` is the brightest
/// light of the image.
pub(super) fn compressed(light: f32, peak: f32) -> f32 {
    if light <= KNEE || peak <= BRIGHTER {
        return light.min(1.0);
    }
    let (above, peak) = ((light - KNEE) / (1.0 - KNEE), (peak - KNEE) / (1.0 - KNEE));
    let part = above * (1.0 + above / (peak * peak)) / (1.0 + above);
    (1.0 - KNEE).mul_add(part, KNEE).min(1.0)
}

/// Maps pixels.
struct ToneMap {
    hdr: Hdr,
    light: Table,
    /// By the square root, because the curve is steep near black.
    encoded: Table,
    /// The brightest light of the image, relative to reference white.
    peak: f32,
}

impl ToneMap {
    fn new(hdr: Hdr) -> Self {
        Self {
            hdr,
            light: Table::new(|level| hdr.light(level)),
            encoded: Table::new(|root| encode(root * root)),
            peak: 1.0,
        }
    }

    /// Light of a pixel as a display shows it, relative to reference white.
    fn shown<const N: usize>(&self, levels: [f32; N]) -> [f32; N] {
        let light = levels.map(|level| self.light.at(level));
        let luma = match light.as_slice() {
            [red, green, blue] => LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue,
            other => other.first().copied().unwrap_or(0.0),
        };
        let factor = self.hdr.display(luma);
        light.map(|light| light * factor)
    }

    /// Levels of SDR; the ratios of a pixel's colours stay.
    fn mapped<const N: usize>(&self, levels: [f32; N]) -> [f32; N] {
        let shown = self.shown(levels);
        let most = shown.iter().copied().fold(0.0, f32::max);
        let factor = if most > 0.0 { compressed(most, self.peak) / most } else { 1.0 };
        shown.map(|light| self.encoded.at((light * factor).sqrt()))
    }

    fn map_pixels<T: Level>(&self, samples: &mut [T], channels: Channels) {
        match channels {
            Channels::Gray => samples.as_chunks_mut::<1>().0.iter_mut().for_each(|pixel| self.map_pixel(pixel)),
            Channels::GrayAlpha => samples.as_chunks_mut::<2>().0.iter_mut().for_each(|[gray, _]| {
                let mut pixel = [*gray];
                self.map_pixel(&mut pixel);
                [*gray] = pixel;
            }),
            Channels::Rgb => samples.as_chunks_mut::<3>().0.iter_mut().for_each(|pixel| self.map_pixel(pixel)),
            Channels::Rgba => samples.as_chunks_mut::<4>().0.iter_mut().for_each(|[red, green, blue, _]| {
                let mut pixel = [*red, *green, *blue];
                self.map_pixel(&mut pixel);
                [*red, *green, *blue] = pixel;
            }),
        }
    }

    fn map_pixel<T: Level, const N: usize>(&self, pixel: &mut [T; N]) {
        *pixel = self.mapped(pixel.map(Level::level)).map(T::of);
    }

    fn map(&self, samples: &mut Samples, channels: Channels) {
        match samples {
            Samples::U8(samples) => self.map_pixels(samples, channels),
            Samples::U16(samples) => self.map_pixels(samples, channels),
            Samples::F32(samples) => self.map_pixels(samples, channels),
        }
    }
}

/// The samples of an image mapped to SDR.
pub(super) fn mapped(samples: &Samples, channels: Channels, hdr: Hdr) -> Samples {
    let mut map = ToneMap::new(hdr);
    let mut histogram = Histogram::new();
    histogram.add_all(samples, channels, &map);
    map.peak = histogram.peak();
    let mut mapped = samples.clone();
    map.map(&mut mapped, channels);
    mapped
}

/// A sample as a level from 0 to 1.
pub(super) trait Level: Copy {
    fn level(self) -> f32;
    fn of(level: f32) -> Self;
}

impl Level for u8 {
    fn level(self) -> f32 {
        f32::from(self) / 255.0
    }

    fn of(level: f32) -> Self {
        // `as` saturates.
        level.mul_add(255.0, 0.5) as Self
    }
}

impl Level for u16 {
    fn level(self) -> f32 {
        f32::from(self) / 65_535.0
    }

    fn of(level: f32) -> Self {
        level.mul_add(65_535.0, 0.5) as Self
    }
}

impl Level for f32 {
    fn level(self) -> f32 {
        self
    }

    fn of(level: f32) -> Self {
        level
    }
}

/// Counts pixels by their brightest light.
pub(super) struct Histogram {
    counts: Vec<u64>,
    total: u64,
}

impl Histogram {
    /// Light of the last entry, relative to reference white: PQ's 10,000 nits.
    const MOST: f32 = 10_000.0 / WHITE_NITS;

    pub(super) fn new() -> Self {
        Self { counts: vec![0; STEPS + 1], total: 0 }
    }

    pub(super) fn add(&mut self, light: f32) {
        let at = ((light / Self::MOST).clamp(0.0, 1.0).sqrt() * STEPS as f32) as usize;
        if let Some(count) = self.counts.get_mut(at) {
            *count += 1;
        }
        self.total += 1;
    }

    fn add_all(&mut self, samples: &Samples, channels: Channels, map: &ToneMap) {
        let colours = channels.colour_count();
        let mut add = |pixel: &[f32]| {
            let light = match *pixel {
                [gray] => map.shown([gray])[0],
                [red, green, blue] => map.shown([red, green, blue]).into_iter().fold(0.0, f32::max),
                _ => 0.0,
            };
            self.add(light);
        };
        let mut levels = Vec::with_capacity(colours);
        let mut pixel = |samples: &mut dyn Iterator<Item = f32>| {
            levels.clear();
            levels.extend(samples.take(colours));
            add(&levels);
        };
        match samples {
            Samples::U8(all) => {
                all.chunks_exact(channels.count()).for_each(|one| pixel(&mut one.iter().map(|v| v.level())));
            }
            Samples::U16(all) => {
                all.chunks_exact(channels.count()).for_each(|one| pixel(&mut one.iter().map(|v| v.level())));
            }
            Samples::F32(all) => {
                all.chunks_exact(channels.count()).for_each(|one| pixel(&mut one.iter().map(|v| v.level())));
            }
        }
    }

    /// The light that all but a few pixels stay below, relative to reference white.
    pub(super) fn peak(&self) -> f32 {
        let allowed = (self.total as f64 * ABOVE_PEAK) as u64;
        let mut above = 0;
        let at = self.counts.iter().rposition(|count| {
            above += count;
            above > allowed
        });
        let root = (at.unwrap_or(0) + 1) as f32 / STEPS as f32;
        root * root * Self::MOST
    }
}

/// A reader that can start over.
pub(in crate::codec) trait Rewind: RowReader {
    /// Goes back to the first row.
    fn rewind(&mut self);
}

/// Maps rows to SDR.
pub(in crate::codec) struct SdrRows<R> {
    rows: R,
    map: ToneMap,
}

impl<R: Rewind> SdrRows<R> {
    /// Reads all rows once to find the brightest light, which is at least that of an animation's earlier frames: all of
    /// them are mapped alike then.
    fn with_least_peak(mut rows: R, hdr: Hdr, least: f32) -> Result<Self, ItemError> {
        let mut map = ToneMap::new(hdr);
        let mut histogram = Histogram::new();
        let mut band = Band::empty(&rows.info());
        while rows.read_rows(ROWS, &mut band)? > 0 {
            histogram.add_all(&band.samples, band.channels, &map);
        }
        rows.rewind();
        map.peak = histogram.peak().max(least);
        Ok(Self { rows, map })
    }
}

impl<R: RowReader> RowReader for SdrRows<R> {
    fn info(&self) -> ImageInfo {
        self.rows.info()
    }

    fn read_rows(&mut self, max_rows: u32, band: &mut Band) -> Result<u32, ItemError> {
        let rows = self.rows.read_rows(max_rows, band)?;
        self.map.map(&mut band.samples, band.channels);
        Ok(rows)
    }

    fn truncation(&self) -> Option<Truncated> {
        self.rows.truncation()
    }

    fn remark(&self) -> Option<Remark> {
        self.rows.remark()
    }
}

/// Rows as they are, or mapped to SDR; they can be read again.
pub(in crate::codec) enum ShownRows<R> {
    Plain(R),
    Mapped(SdrRows<R>),
}

impl<R: Rewind> ShownRows<R> {
    /// `peak` is that of the frames so far, and is raised to this one's.
    pub(in crate::codec) fn new(rows: R, hdr: Option<Hdr>, peak: &mut f32) -> Result<Self, ItemError> {
        let Some(hdr) = hdr else { return Ok(Self::Plain(rows)) };
        let mapped = SdrRows::with_least_peak(rows, hdr, *peak)?;
        *peak = mapped.map.peak;
        Ok(Self::Mapped(mapped))
    }
}

impl<R: Rewind> Rewind for ShownRows<R> {
    fn rewind(&mut self) {
        match self {
            Self::Plain(rows) => rows.rewind(),
            Self::Mapped(rows) => rows.rows.rewind(),
        }
    }
}

impl<R: RowReader> RowReader for ShownRows<R> {
    fn info(&self) -> ImageInfo {
        match self {
            Self::Plain(rows) => rows.info(),
            Self::Mapped(rows) => rows.info(),
        }
    }

    fn read_rows(&mut self, max_rows: u32, band: &mut Band) -> Result<u32, ItemError> {
        match self {
            Self::Plain(rows) => rows.read_rows(max_rows, band),
            Self::Mapped(rows) => rows.read_rows(max_rows, band),
        }
    }

    fn truncation(&self) -> Option<Truncated> {
        match self {
            Self::Plain(rows) => rows.truncation(),
            Self::Mapped(rows) => rows.truncation(),
        }
    }

    fn remark(&self) -> Option<Remark> {
        match self {
            Self::Plain(rows) => rows.remark(),
            Self::Mapped(rows) => rows.remark(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::hdr::*;

    #[test]
    fn levels_mean_the_light_that_the_standards_give() {
        // BT.2408, table 1: reference white is at 58 % of PQ and 75 % of HLG.
        assert!((Hdr::Pq.light(0.580_689) - 1.0).abs() < 0.01, "{}", Hdr::Pq.light(0.580_689));
        let hlg = ToneMap::new(Hdr::Hlg);
        let white = hlg.shown([0.75; 3])[0];
        assert!((white - 1.0).abs() < 0.01, "{white}");
        // PQ at 1 is 10,000 nits (ST 2084); HLG at 1 is the display's peak.
        assert!((Hdr::Pq.light(1.0) * WHITE_NITS - 10_000.0).abs() < 20.0);
        assert!((hlg.shown([1.0])[0] * WHITE_NITS - 1_000.0).abs() < 2.0);
        assert!(Hdr::Pq.light(0.0).abs() < 1e-6);
    }

    /// One row of gray.
    struct Grays(Vec<f32>, bool);

    impl RowReader for Grays {
        fn info(&self) -> ImageInfo {
            let (width_px, channels, sample) = (self.0.len() as u32, Channels::Gray, crate::model::SampleType::F32);
            ImageInfo { width_px, height_px: 1, channels, sample, premultiplied: false }
        }

        fn read_rows(&mut self, _: u32, band: &mut Band) -> Result<u32, ItemError> {
            band.samples = Samples::F32(self.0.clone());
            Ok(u32::from(!std::mem::replace(&mut self.1, true)))
        }
    }

    impl Rewind for Grays {
        fn rewind(&mut self) {
            self.1 = false;
        }
    }

    #[test]
    fn frames_of_an_animation_keep_the_brightest_light_so_far() {
        let mut peak = 0.0;
        let mut white_after = |levels: &[f32]| {
            let mut rows = ShownRows::new(Grays(levels.to_vec(), false), Some(Hdr::Pq), &mut peak).ok()?;
            let mut band = Band::empty(&rows.info());
            rows.read_rows(1, &mut band).ok()?;
            let Samples::F32(shown) = band.samples else { return None };
            shown.first().copied()
        };
        // Reference white alone is white; next to 1,000 nits it leaves room for them, and does so from then on.
        let alone = white_after(&[0.580_689; 4]);
        let bright = white_after(&[0.580_689, 0.751_8, 0.751_8, 0.751_8]);
        let later = white_after(&[0.580_689; 4]);
        assert!(alone > Some(0.998) && bright < Some(0.99), "{alone:?} {bright:?}");
        assert_eq!(later, bright);
    }

    #[test]
    fn reference_white_is_white_and_brighter_light_stays_in_order() {
        let mut map = ToneMap::new(Hdr::Pq);
        let white = map.mapped([0.580_689; 3]);
        assert!(white.iter().all(|level| *level > 0.998), "{white:?}");
        map.peak = 1_000.0 / WHITE_NITS;
        let levels: Vec<f32> =
            [0.2, 0.4, 0.5, 0.580_689, 0.65, 0.7, 0.751_8].map(|level| map.mapped([level])[0]).to_vec();
        assert!(levels.is_sorted() && levels[3] > 0.95 && (levels[6] - 1.0).abs() < 0.002, "{levels:?}");
        assert!(levels[6] - levels[3] > 0.02, "highlights keep their steps: {levels:?}");
    }
}
