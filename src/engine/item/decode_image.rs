//! Decodes images into memory: upright, and no larger than needed to fill an area.

use std::sync::{Arc, LazyLock};

use super::decoded::{Collector, ImageRows};
use super::render::page_of;
use crate::codec::{self, DecodeControl, DecodeOptions, Header};
use crate::error::ItemError;
use crate::model::{ColourChoice, Image, Message, Orientation, PageNumber, RawChoice, Recipe, Save, Step};
use crate::op::Files;
use crate::op::{Pipeline, StepError};

/// For recipes of our own, which name no files.
struct NoFiles;

impl Files for NoFiles {
    fn bytes(&self, path: &str) -> Result<Arc<[u8]>, Message> {
        Err(Message::new("file_missing").with("path", path))
    }

    fn image(&self, path: &str) -> Result<Arc<Image>, Message> {
        Err(Message::new("file_missing").with("path", path))
    }
}

/// The pipeline of a recipe that names no files.
pub(crate) fn plain_pipeline(recipe: &Recipe) -> Result<Pipeline, StepError> {
    static NO_FILES: LazyLock<Arc<dyn Files>> = LazyLock::new(|| Arc::new(NoFiles));
    Pipeline::new(recipe, &NO_FILES)
}

/// An image decoded upright, no larger than needed to fill an area.
pub(crate) struct DecodedImage {
    pub(crate) header: Header,
    pub(crate) image: Image,
    /// Its size relative to the full image's, at most 1.
    pub(crate) scale: f64,
}

impl DecodedImage {
    /// The full image's size in px, upright.
    pub(crate) fn full_size_px(&self) -> (u32, u32) {
        self.header.upright_size_px()
    }
}

/// The scale at which an image fills an area, at most 1.
pub(crate) fn filling(width_px: u32, height_px: u32, area_px: (u32, u32)) -> f64 {
    let share = |area: u32, px: u32| f64::from(area.max(1)) / f64::from(px.max(1));
    share(area_px.0, width_px).min(share(area_px.1, height_px)).min(1.0)
}

/// The image, scaled down if it is larger than the area.
pub(crate) fn shrunk(image: Image, area_px: (u32, u32), cancelled: &dyn Fn() -> bool) -> Result<Image, ItemError> {
    let (w, h) = (image.info.width_px, image.info.height_px);
    let scale = filling(w, h, area_px);
    if scale >= 1.0 {
        return Ok(image);
    }
    let scaled = |px: u32| (f64::from(px) * scale).round().max(1.0);
    let step = Step::new("resize").with("width", scaled(w)).with("height", scaled(h)).with("fit", "exact");
    let pipeline = plain_pipeline(&Recipe { steps: vec![step], ..Recipe::default() })?;
    let plan = pipeline.plan(&image.info, Orientation::Upright, 1.0)?;
    let mut collector = Collector::new(image.profile.clone());
    plan.run(&mut ImageRows { image: &image, next_row: 0 }, &mut collector, cancelled)?;
    collector.into_image()
}

/// What the settings ask of a decoder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct DecodeChoice {
    /// The colour space that pixels are converted to.
    pub(crate) colour: ColourChoice,
    /// The page, counted from 0.
    pub(crate) page: u32,
    /// How camera raw files are read.
    pub(crate) raw: RawChoice,
}

impl DecodeChoice {
    /// `page`: the one that the item is.
    pub(crate) fn of(save: &Save, raw: RawChoice, page: Option<PageNumber>) -> Self {
        Self { colour: save.colour, page: page_of(&save.of_page(page)), raw }
    }
}

/// Decodes an image upright to fit an area (`None`: at full size).
pub(crate) fn decode(
    bytes: &[u8],
    asked: DecodeChoice,
    area_px: Option<(u32, u32)>,
    control: &DecodeControl<'_>,
) -> Result<DecodedImage, ItemError> {
    let control = &control.reading_raw(asked.raw);
    let header = codec::probe_with(bytes, asked.page, control)?;
    let (w, h) = header.upright_size_px();
    let scale = area_px.map_or(1.0, |(area_w, area_h)| {
        (f64::from(area_w.max(1)) / f64::from(w)).min(f64::from(area_h.max(1)) / f64::from(h)).min(1.0)
    });
    let mut recipe = Recipe::default();
    if scale < 1.0 {
        let long_edge = (f64::from(w.max(h)) * scale).round().max(1.0);
        recipe.steps.push(Step::new("resize").with("long_edge", long_edge).with("kernel", "bilinear"));
    }
    let pipeline = plain_pipeline(&recipe)?;
    let plan = pipeline.plan(&header.info, header.orientation, 1.0)?;
    let options = DecodeOptions {
        max_downscale: plan.max_downscale(),
        luma: plan.accepts_luma(),
        colour: asked.colour,
        page: asked.page,
        ..DecodeOptions::default()
    };
    let mut opened = codec::open_cancellable(bytes, &options, control)?;
    let mut collector = Collector::new(opened.profile.clone());
    plan.run(opened.rows.as_mut(), &mut collector, control.cancelled)?;
    let image = collector.into_image()?;
    let scale = f64::from(image.info.width_px.max(image.info.height_px)) / f64::from(w.max(h));
    Ok(DecodedImage { header, image, scale })
}
