//! Bytes to pixels for the screen: decoded as small as will do, 8-bit sRGB RGBA.

use std::path::Path;
use std::sync::Arc;

use super::body_cache::{BodyCache, CachedBody};
use crate::codec::{self, DecodeOptions, Header};
use crate::engine::api::view::{Pixels, PreviewRequest, Zoom};
use crate::engine::item::render::page_of;
use crate::engine::item::step_files;
use crate::engine::run::read;
use crate::error::{ErrorKind, ItemError};
use crate::model::{
    Band, Channels, ColourChoice, Image, ImageInfo, ItemRow, Locator, Metadata, Orientation, Recipe, RowReader,
    RowWriter, Samples, Save, Step,
};
use crate::op::Pipeline;
use crate::op::stage::Rect;

/// The bytes a face may look at: of a file, of a body that was kept, or of the output.
pub(crate) enum Source {
    /// The input itself.
    Input(CachedBody),
    /// Only the output is left (a fetched body is not kept for ever).
    Output(CachedBody),
    /// A link that has not been fetched.
    NotFetched,
}

/// Finds what there is to look at of an item.
pub(crate) fn source(row: &ItemRow, bodies: &BodyCache) -> Result<Source, ItemError> {
    let body = |bytes: Vec<u8>| CachedBody { bytes: bytes.into(), content_type: row.content_type.clone() };
    match &row.locator {
        Locator::File(path) => read_checked(path).map(body).map(Source::Input),
        Locator::Url(_) => {
            if let Some(body) = bodies.get(row.id) {
                return Ok(Source::Input(body));
            }
            match row.output.as_deref().map(Locator::parse) {
                Some(Locator::File(path)) => read_checked(&path).map(body).map(Source::Output),
                _ => Ok(Source::NotFetched),
            }
        }
    }
}

fn read_checked(path: &Path) -> Result<Vec<u8>, ItemError> {
    let meta = path.metadata().map_err(|error| ItemError::reading(path, &error))?;
    if !meta.is_file() {
        return Err(ItemError::new(ErrorKind::NotAPicture, path.display()).with("detail", "it is not a regular file"));
    }
    if meta.len() > crate::config::MAX_FILE_BYTES {
        return Err(ItemError::new(ErrorKind::TooLarge, path.display()));
    }
    read(path)
}

/// A picture decoded upright, no larger than it must be to fill an area.
pub(crate) struct DecodedImage {
    pub(crate) header: Header,
    pub(crate) image: Image,
    /// Its size relative to the whole picture's, at most 1.
    pub(crate) scale: f64,
}

impl DecodedImage {
    /// The picture's full size in px, upright.
    pub(crate) fn full_size_px(&self) -> (u32, u32) {
        upright_size(&self.header)
    }
}

fn upright_size(header: &Header) -> (u32, u32) {
    let (w, h) = (header.info.width_px, header.info.height_px);
    if header.orientation.swaps_axes() { (h, w) } else { (w, h) }
}

/// Rows taken at once from a decoder.
const ROWS_AT_ONCE: u32 = 64;
/// Pictures decoded for a view have at most so many px, unless the view itself is larger.
const VIEW_PX: f64 = 24e6;
/// How much more than needed is decoded where a recipe changes the size, so that the next edit finds enough.
const HEADROOM: f64 = 1.25;

/// The scale at which a picture must be decoded, so that what the recipe makes of it fills the area as sharply as the
/// result itself would: a recipe that makes pictures smaller needs more than the area holds.
pub(crate) fn wanted_scale(header: &Header, recipe: &Recipe, area_px: (u32, u32)) -> Result<f64, ItemError> {
    let pipeline = step_files::pipeline(recipe)?;
    let after = pipeline.plan(&header.info, header.orientation, 1.0)?.output();
    let (w, h) = upright_size(header);
    let before_scale = filling(w, h, area_px);
    let after_scale = filling(after.width_px, after.height_px, area_px);
    if after_scale <= before_scale {
        return Ok(before_scale);
    }
    let most = (VIEW_PX / (f64::from(w) * f64::from(h))).sqrt().clamp(before_scale, 1.0);
    Ok((HEADROOM * after_scale).min(most))
}

/// The scale at which a picture fills an area, at most 1.
fn filling(width_px: u32, height_px: u32, area_px: (u32, u32)) -> f64 {
    let share = |area: u32, px: u32| f64::from(area.max(1)) / f64::from(px.max(1));
    share(area_px.0, width_px).min(share(area_px.1, height_px)).min(1.0)
}

/// The area that a picture fills at that scale, at least `area_px`.
pub(crate) fn scaled_area(header: &Header, scale: f64, area_px: (u32, u32)) -> (u32, u32) {
    let (w, h) = upright_size(header);
    let scaled = |px: u32| (f64::from(px) * scale).round() as u32;
    (scaled(w).max(area_px.0), scaled(h).max(area_px.1))
}

/// A picture no larger than the area.
pub(crate) fn shrunk(image: Image, area_px: (u32, u32), cancelled: &dyn Fn() -> bool) -> Result<Image, ItemError> {
    let (w, h) = (image.info.width_px, image.info.height_px);
    let scale = filling(w, h, area_px);
    if scale >= 1.0 {
        return Ok(image);
    }
    let scaled = |px: u32| (f64::from(px) * scale).round().max(1.0);
    let step = Step::new("resize").with("width", scaled(w)).with("height", scaled(h)).with("fit", "exact");
    let pipeline = step_files::pipeline(&Recipe { steps: vec![step], ..Recipe::default() })?;
    let plan = pipeline.plan(&image.info, Orientation::Upright, 1.0)?;
    let mut collector = Collector::new(image.profile.clone());
    plan.run(&mut ImageRows { image: &image, next_row: 0 }, &mut collector, cancelled)?;
    collector.into_image()
}

/// What a way to save asks of a decoder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct DecodeChoice {
    /// The colour space that pixels are converted to.
    pub(crate) colour: ColourChoice,
    /// The page, counted from 0.
    pub(crate) page: u32,
}

impl DecodeChoice {
    pub(crate) fn of(save: &Save) -> Self {
        Self { colour: save.colour, page: page_of(save) }
    }
}

/// Decodes a picture upright to fit an area (`None`: at full size).
pub(crate) fn decode(
    bytes: &[u8],
    asked: DecodeChoice,
    area_px: Option<(u32, u32)>,
    cancelled: &dyn Fn() -> bool,
) -> Result<DecodedImage, ItemError> {
    let header = codec::probe_page(bytes, asked.page)?;
    let (w, h) = upright_size(&header);
    let scale = area_px.map_or(1.0, |(area_w, area_h)| {
        (f64::from(area_w.max(1)) / f64::from(w)).min(f64::from(area_h.max(1)) / f64::from(h)).min(1.0)
    });
    let mut recipe = Recipe::default();
    if scale < 1.0 {
        let long_edge = (f64::from(w.max(h)) * scale).round().max(1.0);
        recipe.steps.push(Step::new("resize").with("long_edge", long_edge).with("kernel", "bilinear"));
    }
    let pipeline = step_files::pipeline(&recipe)?;
    let plan = pipeline.plan(&header.info, header.orientation, 1.0)?;
    let mut opened = codec::open(
        bytes,
        &DecodeOptions {
            max_downscale: plan.max_downscale(),
            luma: plan.accepts_luma(),
            colour: asked.colour,
            page: asked.page,
            ..DecodeOptions::default()
        },
    )?;
    let mut collector = Collector::new(opened.profile.clone());
    plan.run(opened.rows.as_mut(), &mut collector, cancelled)?;
    let image = collector.into_image()?;
    let scale = f64::from(image.info.width_px.max(image.info.height_px)) / f64::from(w.max(h));
    Ok(DecodedImage { header, image, scale })
}

/// Runs a recipe over a picture in memory that is smaller than the whole one by `scale`.
pub(crate) fn through(
    pipeline: &Pipeline,
    shown: &DecodedImage,
    scale: f64,
    cancelled: &dyn Fn() -> bool,
) -> Result<(Image, bool), ItemError> {
    let image = &shown.image;
    let (width_px, height_px) = shown.full_size_px();
    let whole = ImageInfo { width_px, height_px, ..image.info };
    let plan = pipeline.plan(&whole, Orientation::Upright, scale)?;
    let mut rows = ImageRows { image, next_row: 0 };
    let mut collector = Collector::new(image.profile.clone());
    plan.run(&mut rows, &mut collector, cancelled)?;
    Ok((collector.into_image()?, plan.is_approximate()))
}

/// A picture just as its decoder delivers it.
pub(crate) fn delivered(
    bytes: &[u8],
    options: &DecodeOptions,
    cancelled: &dyn Fn() -> bool,
) -> Result<Image, ItemError> {
    let mut opened = codec::open(bytes, options)?;
    let info = opened.rows.info();
    let mut collector = Collector::new(opened.profile);
    collector.start(info)?;
    let mut band = Band::empty(&info);
    while opened.rows.read_rows(ROWS_AT_ONCE, &mut band)? > 0 {
        if cancelled() {
            return Err(ItemError::nameless(ErrorKind::Cancelled));
        }
        collector.write_rows(&band)?;
    }
    collector.into_image()
}

/// Gives the rows of a picture in memory.
pub(crate) struct ImageRows<'a> {
    pub(crate) image: &'a Image,
    pub(crate) next_row: u32,
}

impl RowReader for ImageRows<'_> {
    fn info(&self) -> ImageInfo {
        self.image.info
    }

    fn read_rows(&mut self, max_rows: u32, band: &mut Band) -> Result<u32, ItemError> {
        let info = &self.image.info;
        let rows = max_rows.min(info.height_px - self.next_row);
        band.take_rows(info, &self.image.samples, self.next_row, rows);
        self.next_row += rows;
        Ok(rows)
    }
}

/// Collects rows into a picture in memory.
pub(crate) struct Collector {
    image: Option<Image>,
    profile: Option<Arc<[u8]>>,
}

impl Collector {
    pub(crate) fn new(profile: Option<Arc<[u8]>>) -> Self {
        Self { image: None, profile }
    }

    pub(crate) fn into_image(self) -> Result<Image, ItemError> {
        self.image.ok_or_else(|| ItemError::nameless(ErrorKind::Corrupt).with("detail", "it has no rows"))
    }
}

impl RowWriter for Collector {
    fn start(&mut self, info: ImageInfo) -> Result<(), ItemError> {
        let samples = Samples::empty(info.sample);
        self.image = Some(Image { info, samples, profile: self.profile.take(), metadata: Metadata::default() });
        Ok(())
    }

    fn write_rows(&mut self, band: &Band) -> Result<(), ItemError> {
        let Some(image) = &mut self.image else { return Ok(()) };
        match (&mut image.samples, &band.samples) {
            (Samples::U8(to), Samples::U8(from)) => to.extend_from_slice(from),
            (Samples::U16(to), Samples::U16(from)) => to.extend_from_slice(from),
            (Samples::F32(to), Samples::F32(from)) => to.extend_from_slice(from),
            _ => return Err(ItemError::nameless(ErrorKind::Panic).with("detail", "a band of another sample type")),
        }
        Ok(())
    }
}

/// The pixels of a picture for the screen: sRGB, whatever space the picture is in.
pub(crate) fn pixels(image: &Image) -> Pixels {
    let channels = image.info.channels;
    let count = channels.count();
    let converted = codec::on_screen(&image.samples, channels, image.profile.as_ref());
    let levels: Vec<u8> = match converted.as_ref().unwrap_or(&image.samples) {
        Samples::U8(samples) => samples.clone(),
        Samples::U16(samples) => samples.iter().map(|v| ((u32::from(*v) * 255 + 32_767) / 65_535) as u8).collect(),
        Samples::F32(samples) => samples.iter().map(|v| (v.clamp(0.0, 1.0) * 255.0).round() as u8).collect(),
    };
    let mut rgba = Vec::with_capacity(levels.len() / count * 4);
    for pixel in levels.chunks_exact(count) {
        rgba.extend_from_slice(&match (channels, pixel) {
            (Channels::Gray, [v]) => [*v, *v, *v, 255],
            (Channels::GrayAlpha, [v, a]) => [*v, *v, *v, *a],
            (Channels::Rgb, [r, g, b]) => [*r, *g, *b, 255],
            (_, [r, g, b, a]) => [*r, *g, *b, *a],
            _ => [0, 0, 0, 255],
        });
    }
    Pixels { width_px: image.info.width_px, height_px: image.info.height_px, rgba: rgba.into() }
}

/// The part of a picture around a centre (0 to 1 on both axes), as large as the area allows.
pub(crate) fn part_around(size_px: (u32, u32), centre: (f32, f32), area_px: (u32, u32)) -> Rect {
    let span = |centre: f32, whole: u32, area: u32| {
        let part = whole.min(area.max(1));
        let start = f64::from(centre.clamp(0.0, 1.0)) * f64::from(whole) - f64::from(part) / 2.0;
        (start.round().clamp(0.0, f64::from(whole - part)) as u32, part)
    };
    let (x, width_px) = span(centre.0, size_px.0, area_px.0);
    let (y, height_px) = span(centre.1, size_px.1, area_px.1);
    Rect { x, y, width_px, height_px }
}

/// What is seen of a result, read back from the file it would be saved as.
pub(crate) fn encoded(
    bytes: &[u8],
    request: &PreviewRequest,
    cancelled: &dyn Fn() -> bool,
) -> Result<Pixels, ItemError> {
    let colour = request.save.colour;
    let centre = match request.zoom {
        Zoom::Fit => {
            let shown = decode(bytes, DecodeChoice { colour, page: 0 }, Some(request.area_px), cancelled)?;
            return Ok(pixels(&shrunk(shown.image, request.area_px, cancelled)?));
        }
        Zoom::Full { x, y } => (x, y),
    };
    let header = codec::probe(bytes)?;
    let pipeline = step_files::pipeline(&Recipe::default())?;
    let plan = pipeline.plan(&header.info, header.orientation, 1.0)?;
    let part = part_around((plan.output().width_px, plan.output().height_px), centre, request.area_px);
    let mut opened = codec::open(bytes, &DecodeOptions { colour, ..DecodeOptions::default() })?;
    let mut collector = Collector::new(opened.profile.clone());
    plan.focus(part).run(opened.rows.as_mut(), &mut collector, cancelled)?;
    Ok(pixels(&collector.into_image()?))
}

/// A part of a picture's pixels.
pub(crate) fn cut_out(whole: &Pixels, part: Rect) -> Pixels {
    let row = part.x as usize * 4..(part.x + part.width_px) as usize * 4;
    let rows = whole.rgba.chunks_exact(whole.width_px as usize * 4).skip(part.y as usize).take(part.height_px as usize);
    let mut rgba = Vec::with_capacity(row.len() * part.height_px as usize);
    rows.for_each(|line| rgba.extend_from_slice(line.get(row.clone()).unwrap_or_default()));
    Pixels { width_px: part.width_px, height_px: part.height_px, rgba: rgba.into() }
}

#[cfg(test)]
mod tests {
    use super::super::decode::*;

    #[test]
    fn colours_of_a_wide_space_are_shown_as_a_plain_screen_has_them() {
        // Full green of sRGB, as Display P3 stores it; and a gray, which is the same in both.
        let stored = [117, 251, 76, 255, 128, 128, 128, 90];
        let mut image = Image::from_u8(2, 1, Channels::Rgba, stored.to_vec());
        assert_eq!(pixels(&image).rgba.as_ref(), &stored, "without a profile it is sRGB");
        image.profile = moxcms::ColorProfile::new_display_p3().encode().ok().map(Into::into);
        assert!(image.profile.is_some());
        let shown = pixels(&image);
        let near = shown.rgba.iter().zip([0_u8, 255, 0, 255, 128, 128, 128, 90]).all(|(a, b)| a.abs_diff(b) <= 2);
        assert!(near, "{:?}", shown.rgba);
        image.samples = Samples::U16(stored.iter().map(|level| u16::from(*level) * 257).collect());
        image.info.sample = crate::model::SampleType::U16;
        let near = pixels(&image).rgba.iter().zip(shown.rgba.iter()).all(|(a, b)| a.abs_diff(*b) <= 1);
        assert!(near, "16 bits are shown as 8 are");
    }

    #[test]
    fn a_cut_out_stays_within_the_picture() {
        let whole = Pixels { width_px: 4, height_px: 3, rgba: (0..48).collect() };
        let corner = cut_out(&whole, part_around((4, 3), (1.0, 1.0), (2, 2)));
        assert_eq!((corner.width_px, corner.height_px), (2, 2));
        assert_eq!(corner.rgba.as_ref(), &[24, 25, 26, 27, 28, 29, 30, 31, 40, 41, 42, 43, 44, 45, 46, 47]);
        assert_eq!(cut_out(&whole, part_around((4, 3), (0.5, 0.5), (100, 100))), whole);
    }
}
