//! Colour: rows from their ICC profile to sRGB, through moxcms. A profile that makes no sense is no reason to fail.

use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use moxcms::{ColorProfile, DataColorSpace, Layout, TransformExecutor, TransformOptions};

use crate::error::ItemError;
use crate::model::{Band, Channels, ColourChoice, ImageInfo, RowReader, SampleType, Samples};

/// The rows in the colour space asked for, and the profile they are in then (`None` is sRGB).
pub(super) fn apply<'a>(
    rows: Box<dyn RowReader + 'a>,
    profile: Option<Vec<u8>>,
    choice: ColourChoice,
) -> (Box<dyn RowReader + 'a>, Option<Arc<[u8]>>) {
    let Some(profile) = profile else { return (rows, None) };
    match choice {
        ColourChoice::Keep => {
            let usable = is_usable(&profile, rows.info().channels);
            (rows, usable.then(|| profile.into()))
        }
        _ => {
            let info = rows.info();
            match cached(&profile, info.channels, info.sample) {
                Some(transform) => (Box::new(ColourRows { rows, transform, scratch: Band::empty(&info) }), None),
                None => (rows, None),
            }
        }
    }
}

/// Whether the pixels of a colour picture stay as they are stored, and without a profile.
pub(super) fn is_as_asked(profile: Option<&[u8]>, choice: ColourChoice) -> bool {
    match (profile, choice) {
        (None, _) => true,
        (Some(_), ColourChoice::Keep) => false,
        (Some(profile), _) => cached(profile, Channels::Rgb, SampleType::U8).is_none(),
    }
}

/// Whether a profile can be read and speaks of the same kind of pixels; any other one would make a broken file.
fn is_usable(profile: &[u8], channels: Channels) -> bool {
    ColorProfile::new_from_slice(profile).is_ok_and(|profile| profile.color_space == space(channels))
}

const fn space(channels: Channels) -> DataColorSpace {
    match channels {
        Channels::Gray | Channels::GrayAlpha => DataColorSpace::Gray,
        Channels::Rgb | Channels::Rgba => DataColorSpace::Rgb,
    }
}

const fn layout(channels: Channels) -> Layout {
    match channels {
        Channels::Gray => Layout::Gray,
        Channels::GrayAlpha => Layout::GrayAlpha,
        Channels::Rgb => Layout::Rgb,
        Channels::Rgba => Layout::Rgba,
    }
}

/// A transform to sRGB for one sample type.
#[derive(Clone)]
enum Transform {
    U8(Arc<dyn TransformExecutor<u8> + Send + Sync>),
    U16(Arc<dyn TransformExecutor<u16> + Send + Sync>),
    F32(Arc<dyn TransformExecutor<f32> + Send + Sync>),
}

/// A transform that was made once: pictures of a batch share their profiles, and making one costs milliseconds.
struct Made {
    profile: Vec<u8>,
    channels: Channels,
    sample: SampleType,
    transform: Option<Transform>,
}

/// Transforms kept at most.
const KEPT: usize = 8;

fn cached(profile: &[u8], channels: Channels, sample: SampleType) -> Option<Transform> {
    static MADE: LazyLock<Mutex<Vec<Made>>> = LazyLock::new(Mutex::default);
    let same = |made: &Made| made.channels == channels && made.sample == sample && made.profile == profile;
    {
        let mut kept = MADE.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = kept.iter().position(same) {
            let made = kept.remove(at);
            let transform = made.transform.clone();
            kept.push(made);
            return transform;
        }
    }
    let transform = to_srgb(profile, channels, sample);
    let mut kept = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    if !kept.iter().any(same) {
        if kept.len() >= KEPT {
            kept.remove(0);
        }
        kept.push(Made { profile: profile.to_vec(), channels, sample, transform: transform.clone() });
    }
    transform
}

/// The transform from a profile; `None` where nothing is to be done, or nothing can be.
fn to_srgb(profile: &[u8], channels: Channels, sample: SampleType) -> Option<Transform> {
    let source = ColorProfile::new_from_slice(profile).ok()?;
    if source.color_space != space(channels) {
        return None;
    }
    let mut target = ColorProfile::new_srgb();
    if channels.colour_count() == 1 {
        let curve = target.red_trc.take();
        target = ColorProfile::new_gray_with_gamma(2.2);
        target.gray_trc = curve;
    }
    if is_same(&source, &target, channels).unwrap_or(false) {
        return None;
    }
    let (layout, options) = (layout(channels), TransformOptions::default());
    match sample {
        SampleType::U8 => source.create_transform_8bit(layout, &target, layout, options).map(Transform::U8).ok(),
        SampleType::U16 => source.create_transform_16bit(layout, &target, layout, options).map(Transform::U16).ok(),
        SampleType::F32 => source.create_transform_f32(layout, &target, layout, options).map(Transform::F32).ok(),
    }
}

/// Whether two profiles agree within one level of 255 on a lattice of colours.
fn is_same(source: &ColorProfile, target: &ColorProfile, channels: Channels) -> Option<bool> {
    const LEVELS: [u8; 6] = [0, 32, 80, 128, 200, 255];
    let count = channels.colour_count();
    let layout = if count == 1 { Layout::Gray } else { Layout::Rgb };
    let colours: Vec<u8> = if count == 1 {
        (0..=255).collect()
    } else {
        LEVELS
            .iter()
            .flat_map(|&r| LEVELS.iter().flat_map(move |&g| LEVELS.iter().flat_map(move |&b| [r, g, b])))
            .collect()
    };
    let transform = source.create_transform_8bit(layout, target, layout, TransformOptions::default()).ok()?;
    let mut converted = vec![0; colours.len()];
    transform.transform(&colours, &mut converted).ok()?;
    Some(colours.iter().zip(&converted).all(|(a, b)| a.abs_diff(*b) <= 1))
}

/// Rows on their way to sRGB.
struct ColourRows<'a> {
    rows: Box<dyn RowReader + 'a>,
    transform: Transform,
    scratch: Band,
}

impl RowReader for ColourRows<'_> {
    fn info(&self) -> ImageInfo {
        self.rows.info()
    }

    fn read_rows(&mut self, max_rows: u32, band: &mut Band) -> Result<u32, ItemError> {
        let rows = self.rows.read_rows(max_rows, &mut self.scratch)?;
        super::whole::shape(band, &self.rows.info(), rows);
        let done = match (&self.transform, &self.scratch.samples, &mut band.samples) {
            (Transform::U8(transform), Samples::U8(from), Samples::U8(to)) => run(transform.as_ref(), from, to),
            (Transform::U16(transform), Samples::U16(from), Samples::U16(to)) => run(transform.as_ref(), from, to),
            (Transform::F32(transform), Samples::F32(from), Samples::F32(to)) => run(transform.as_ref(), from, to),
            _ => false,
        };
        if !done {
            band.samples.clone_from(&self.scratch.samples);
        }
        Ok(rows)
    }
}

fn run<T: Copy + Default>(transform: &(dyn TransformExecutor<T> + Send + Sync), from: &[T], to: &mut Vec<T>) -> bool {
    to.resize(from.len(), T::default());
    from.is_empty() || transform.transform(from, to).is_ok()
}

/// From four inks (255 is full) straight to sRGB.
pub(super) struct CmykTransform(Arc<dyn TransformExecutor<u8> + Send + Sync>);

impl CmykTransform {
    /// Converts four samples a pixel to three; `false` when it couldn't.
    pub(super) fn run(&self, inks: &[u8], rgb: &mut [u8]) -> bool {
        self.0.transform(inks, rgb).is_ok()
    }
}

/// The transform of a press's profile.
pub(super) fn from_cmyk(profile: &[u8]) -> Option<CmykTransform> {
    let source =
        ColorProfile::new_from_slice(profile).ok().filter(|profile| profile.color_space == DataColorSpace::Cmyk)?;
    let target = ColorProfile::new_srgb();
    source
        .create_transform_8bit(Layout::Rgba, &target, Layout::Rgb, TransformOptions::default())
        .map(CmykTransform)
        .ok()
}
