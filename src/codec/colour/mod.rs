//! Colour management: converts rows from their ICC profile to the requested space with moxcms, relative colorimetric
//! without black-point compensation, as in littleCMS. An invalid profile is not an error: pixels are then treated as
//! sRGB, as they are without a profile.

mod cmyk;
mod code_points;
mod hdr;
mod linear;
mod repair;
mod spaces;

use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use moxcms::{ColorProfile, InterpolationMethod, Layout, RenderingIntent, TransformExecutor, TransformOptions};

use crate::error::ItemError;
use crate::model::{Band, Channels, ColourChoice, ImageInfo, Remark, RowReader, SampleType, Samples, Truncated};
pub(super) use cmyk::Inks;
pub(super) use code_points::{BT2020, CodePoints};
pub(super) use hdr::{Hdr, Rewind, ShownRows};
pub(super) use linear::LinearRows;
pub(super) use spaces::{adobe_rgb, by_primaries, encoded as encoded_profile, is_display_p3, srgb};

/// Options for a transform from a profile.
fn options(from: &ColorProfile) -> TransformOptions {
    let tables = [&from.lut_a_to_b_colorimetric, &from.lut_a_to_b_perceptual, &from.lut_a_to_b_saturation];
    TransformOptions {
        rendering_intent: RenderingIntent::RelativeColorimetric,
        allow_use_cicp_transfer: false,
        // For curves and matrices, fixed point is as exact as floats and faster; for tables it is off by up to a level.
        prefer_fixed_point: tables.iter().all(|table| table.is_none()),
        // As in littleCMS: grays stay gray between a table's entries.
        interpolation_method: InterpolationMethod::Tetrahedral,
        ..TransformOptions::default()
    }
}

/// Rows in a colour space.
pub(super) struct Applied<'a> {
    pub(super) rows: Box<dyn RowReader + 'a>,
    /// The profile of the rows; `None` is sRGB.
    pub(super) profile: Option<Arc<[u8]>>,
    /// Whether their pixels were converted from a profile.
    pub(super) is_converted: bool,
    /// Whether the file's profile can't be used, so that pixels count as sRGB.
    pub(super) is_unusable: bool,
}

/// The rows in the requested colour space. Those with a high dynamic range that is kept stay as they are.
pub(super) fn apply<'a>(rows: Box<dyn RowReader + 'a>, profile: Option<Vec<u8>>, choice: ColourChoice) -> Applied<'a> {
    let info = rows.info();
    if profile.as_deref().and_then(CodePoints::of_profile).is_some() {
        return Applied { rows, profile: profile.map(Into::into), is_converted: false, is_unusable: false };
    }
    let is_unusable = profile.as_deref().is_some_and(|profile| !spaces::is_usable(profile, info.channels));
    let profile = profile.filter(|_| !is_unusable);
    if choice == ColourChoice::Keep {
        return Applied { rows, profile: profile.map(Into::into), is_converted: false, is_unusable };
    }
    let embedded = spaces::embedded(choice, info.channels);
    match cached(profile.as_deref(), choice, info.channels, info.sample) {
        Some(transform) => {
            let rows = Box::new(ColourRows { rows, transform, scratch: Band::empty(&info) });
            Applied { rows, profile: embedded, is_converted: profile.is_some(), is_unusable }
        }
        None => Applied { rows, profile: embedded, is_converted: false, is_unusable },
    }
}

/// Whether a colour image's pixels stay as stored, without a profile.
pub(super) fn is_unconverted(profile: Option<&[u8]>, choice: ColourChoice) -> bool {
    match (profile, choice) {
        (None, ColourChoice::Keep) => true,
        (profile, ColourChoice::Srgb) => cached(profile, choice, Channels::Rgb, SampleType::U8).is_none(),
        _ => false,
    }
}

/// Samples converted from a profile to sRGB for a screen; `None` if they don't change.
pub(super) fn on_screen(samples: &Samples, channels: Channels, profile: &Arc<[u8]>) -> Option<Samples> {
    if let Some(points) = CodePoints::of_profile(profile) {
        let (mapped, profile) = points.shown(samples, channels);
        let converted = profile.and_then(|profile| on_screen(&mapped, channels, &profile.into()));
        return Some(converted.unwrap_or(mapped));
    }
    // A recipe may have changed the channels: use the profile that a file would get.
    let profile = fitting(Some(Arc::clone(profile)), channels)?;
    let mut shown = Samples::empty(samples.sample());
    cached(Some(&profile), ColourChoice::Srgb, channels, samples.sample())?.run(samples, &mut shown).then_some(shown)
}

/// The profile for a result whose channels may have been changed by the recipe; code points are valid for any.
pub(super) fn fitting(profile: Option<Arc<[u8]>>, channels: Channels) -> Option<Arc<[u8]>> {
    if profile.as_deref().and_then(CodePoints::of_profile).is_some() {
        profile
    } else {
        spaces::fitting(profile, channels)
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

/// A transform for one sample type.
#[derive(Clone)]
enum Transform {
    U8(Arc<dyn TransformExecutor<u8> + Send + Sync>),
    U16(Arc<dyn TransformExecutor<u16> + Send + Sync>),
    F32(Arc<dyn TransformExecutor<f32> + Send + Sync>),
}

impl Transform {
    /// Converts samples; `false` if they have another type or an incomplete pixel.
    fn run(&self, from: &Samples, to: &mut Samples) -> bool {
        match (self, from, to) {
            (Self::U8(transform), Samples::U8(from), Samples::U8(to)) => run(transform.as_ref(), from, to),
            (Self::U16(transform), Samples::U16(from), Samples::U16(to)) => run(transform.as_ref(), from, to),
            (Self::F32(transform), Samples::F32(from), Samples::F32(to)) => run(transform.as_ref(), from, to),
            _ => false,
        }
    }
}

/// A cached transform: creating one costs milliseconds, and images in a batch share profiles.
struct Made {
    profile: Option<Vec<u8>>,
    choice: ColourChoice,
    channels: Channels,
    sample: SampleType,
    transform: Option<Transform>,
}

/// Maximum number of cached transforms.
const KEPT: usize = 8;

/// The transform from a profile (`None` is sRGB) to the requested space; `None` if there is nothing to do.
fn cached(profile: Option<&[u8]>, choice: ColourChoice, channels: Channels, sample: SampleType) -> Option<Transform> {
    static MADE: LazyLock<Mutex<Vec<Made>>> = LazyLock::new(Mutex::default);
    if profile.is_none() && choice == ColourChoice::Srgb {
        return None;
    }
    let same = |made: &Made| {
        (made.choice, made.channels, made.sample) == (choice, channels, sample) && made.profile.as_deref() == profile
    };
    {
        let mut kept = MADE.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = kept.iter().position(same) {
            let made = kept.remove(at);
            let transform = made.transform.clone();
            kept.push(made);
            return transform;
        }
    }
    let transform = make(profile, choice, channels, sample);
    let mut kept = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    if !kept.iter().any(same) {
        if kept.len() >= KEPT {
            kept.remove(0);
        }
        let profile = profile.map(<[u8]>::to_vec);
        kept.push(Made { profile, choice, channels, sample, transform: transform.clone() });
    }
    transform
}

/// Creates a transform. A profile that is invalid or for other channels is ignored.
fn make(profile: Option<&[u8]>, choice: ColourChoice, channels: Channels, sample: SampleType) -> Option<Transform> {
    let source = profile.and_then(|profile| spaces::read(profile, spaces::space(channels)));
    if profile.is_some() && source.is_none() {
        tracing::info!("a colour profile makes no sense; its pixels count as sRGB");
    }
    let source = source.unwrap_or_else(|| spaces::target(ColourChoice::Srgb, channels));
    let target = spaces::target(choice, channels);
    if is_same(&source, &target, channels).unwrap_or(false) {
        return None;
    }
    let (layout, options) = (layout(channels), options(&source));
    match sample {
        SampleType::U8 => source.create_transform_8bit(layout, &target, layout, options).map(Transform::U8).ok(),
        SampleType::U16 => source.create_transform_16bit(layout, &target, layout, options).map(Transform::U16).ok(),
        SampleType::F32 => source.create_transform_f32(layout, &target, layout, options).map(Transform::F32).ok(),
    }
}

/// Whether two profiles agree within one level of 255 on a grid of colours.
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
    let transform = source.create_transform_8bit(layout, target, layout, options(source)).ok()?;
    let mut converted = vec![0; colours.len()];
    transform.transform(&colours, &mut converted).ok()?;
    Some(colours.iter().zip(&converted).all(|(a, b)| a.abs_diff(*b) <= 1))
}

/// Converts rows to another colour space.
struct ColourRows<'a> {
    rows: Box<dyn RowReader + 'a>,
    transform: Transform,
    scratch: Band,
}

impl RowReader for ColourRows<'_> {
    fn info(&self) -> ImageInfo {
        self.rows.info()
    }

    fn scales_images(&self) -> bool {
        self.rows.scales_images()
    }

    fn read_rows(&mut self, max_rows: u32, band: &mut Band) -> Result<u32, ItemError> {
        let rows = self.rows.read_rows(max_rows, &mut self.scratch)?;
        super::pixels::whole_image::shape(band, &self.rows.info(), rows);
        if !self.transform.run(&self.scratch.samples, &mut band.samples) {
            band.samples.clone_from(&self.scratch.samples);
        }
        Ok(rows)
    }

    fn truncation(&self) -> Option<Truncated> {
        self.rows.truncation()
    }

    fn remark(&self) -> Option<Remark> {
        self.rows.remark()
    }
}

fn run<T: Copy + Default>(transform: &(dyn TransformExecutor<T> + Send + Sync), from: &[T], to: &mut Vec<T>) -> bool {
    to.resize(from.len(), T::default());
    from.is_empty() || transform.transform(from, to).is_ok()
}

#[cfg(test)]
mod tests;
