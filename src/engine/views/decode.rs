//! What front ends see of an item: its bytes, and their pixels as 8-bit sRGB RGBA, decoded no larger than needed.

use super::body_cache::{BodyCache, CachedBody};
use crate::codec::{self, DecodeControl, DecodeOptions, Header};
use crate::config::MAX_FILE_BYTES;
use crate::engine::api::view::{Pixels, PreviewRequest, Zoom};
use crate::engine::item::decode_image::{DecodeChoice, DecodedImage, decode, filling, plain_pipeline, shrunk};
use crate::engine::item::decoded::{Collector, ImageRows};
use crate::engine::item::step_files;
use crate::error::{ErrorKind, ItemError};
use crate::model::{Band, Channels, Image, ImageInfo, ItemRow, Locator, Orientation, Recipe, RowWriter, Samples};
use crate::op::stage::Rect;
use crate::op::{Pipeline, Plan};
use crate::store;

/// The bytes that a front end can see: of a file, of a cached body, or of the output.
pub(crate) enum Source {
    /// The input itself.
    Input(CachedBody),
    /// Only the output is left, since fetched bodies are cached for a while only.
    Output(CachedBody),
    /// A link that has not been fetched.
    NotFetched,
}

/// Finds what can be seen of an item.
pub(crate) fn source(row: &ItemRow, bodies: &BodyCache) -> Result<Source, ItemError> {
    let body = |bytes: Vec<u8>| CachedBody { bytes: bytes.into(), content_type: row.content_type.clone() };
    let read = |locator: &Locator| store::read(locator, MAX_FILE_BYTES).map(body);
    match &row.locator {
        Locator::File(_) | Locator::Page(..) => read(&row.locator).map(Source::Input),
        Locator::Row(_) => Ok(Source::NotFetched),
        Locator::Url(_) => {
            if let Some(body) = bodies.get(row.id) {
                return Ok(Source::Input(body));
            }
            match row.output.as_deref().map(Locator::parse) {
                Some(output @ Locator::File(_)) => read(&output).map(Source::Output),
                _ => Ok(Source::NotFetched),
            }
        }
    }
}

/// Rows taken at once from a decoder.
const ROWS_AT_ONCE: u32 = 64;
/// The most px that an image is decoded to for a view, unless the view itself is larger.
const VIEW_PX: f64 = 24e6;
/// How much more than needed is decoded where a recipe changes the size, so that the next edit finds enough.
const HEADROOM: f64 = 1.25;

/// The scale at which an image must be decoded so that the recipe's result fills the area as sharply as the saved one
/// would: a recipe that scales down needs more pixels than the area has.
pub(crate) fn wanted_scale(header: &Header, recipe: &Recipe, area_px: (u32, u32)) -> Result<f64, ItemError> {
    let pipeline = step_files::pipeline(recipe)?;
    let after = pipeline.plan(&header.info, header.orientation, 1.0)?.output();
    let (w, h) = header.upright_size_px();
    let before_scale = filling(w, h, area_px);
    let after_scale = filling(after.width_px, after.height_px, area_px);
    if after_scale <= before_scale {
        return Ok(before_scale);
    }
    let most = (VIEW_PX / (f64::from(w) * f64::from(h))).sqrt().clamp(before_scale, 1.0);
    Ok((HEADROOM * after_scale).min(most))
}

/// The area that an image fills at this scale, at least `area_px`.
pub(crate) fn scaled_area(header: &Header, scale: f64, area_px: (u32, u32)) -> (u32, u32) {
    let (w, h) = header.upright_size_px();
    let scaled = |px: u32| (f64::from(px) * scale).round() as u32;
    (scaled(w).max(area_px.0), scaled(h).max(area_px.1))
}

/// Runs a recipe over an image in memory that is smaller than the full one by `scale`.
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

/// A drawing that its plan wants larger than its own size, drawn like that and taken through the plan; `None` for others,
/// and if that takes too long for a view.
pub(crate) fn through_drawing(
    plan: &Plan,
    bytes: &[u8],
    header: &Header,
    asked: DecodeChoice,
    control: &DecodeControl<'_>,
) -> Result<Option<Image>, ItemError> {
    let drawn = codec::drawn_at(header, plan.max_downscale()).info;
    if plan.max_downscale() >= 1.0 || f64::from(drawn.width_px) * f64::from(drawn.height_px) > VIEW_PX {
        return Ok(None);
    }
    let options = DecodeOptions {
        max_downscale: plan.max_downscale(),
        colour: asked.colour,
        page: asked.page,
        ..DecodeOptions::default()
    };
    let mut opened = codec::open_cancellable(bytes, &options, control)?;
    let mut collector = Collector::new(opened.profile.clone());
    plan.run(opened.rows.as_mut(), &mut collector, control.cancelled)?;
    collector.into_image().map(Some)
}

/// An image exactly as its decoder returns it.
pub(crate) fn delivered(
    bytes: &[u8],
    options: &DecodeOptions,
    control: &DecodeControl<'_>,
) -> Result<Image, ItemError> {
    let mut opened = codec::open_cancellable(bytes, options, control)?;
    let info = opened.rows.info();
    let mut collector = Collector::new(opened.profile);
    collector.start(info)?;
    let mut band = Band::empty(&info);
    while opened.rows.read_rows(ROWS_AT_ONCE, &mut band)? > 0 {
        if (control.cancelled)() {
            return Err(ItemError::nameless(ErrorKind::Cancelled));
        }
        collector.write_rows(&band)?;
    }
    collector.into_image()
}

/// An image's pixels for the screen: sRGB, whatever its own colour space.
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

/// The part of an image around a centre (0 to 1 on both axes), as large as the area allows.
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

/// The visible part of a result, decoded from the file it would be saved as.
pub(crate) fn encoded(
    bytes: &[u8],
    request: &PreviewRequest,
    control: &DecodeControl<'_>,
) -> Result<Pixels, ItemError> {
    let colour = request.save.colour;
    let centre = match request.zoom {
        Zoom::Fit => {
            let shown =
                decode(bytes, DecodeChoice { colour, ..DecodeChoice::default() }, Some(request.area_px), control)?;
            return Ok(pixels(&shrunk(shown.image, request.area_px, control.cancelled)?));
        }
        Zoom::Full { x, y } => (x, y),
    };
    let header = codec::probe_with(bytes, 0, control)?;
    let pipeline = plain_pipeline(&Recipe::default())?;
    let plan = pipeline.plan(&header.info, header.orientation, 1.0)?;
    let part = part_around((plan.output().width_px, plan.output().height_px), centre, request.area_px);
    let options = DecodeOptions { colour, ..DecodeOptions::default() };
    let mut opened = codec::open_cancellable(bytes, &options, control)?;
    let mut collector = Collector::new(opened.profile.clone());
    plan.focus(part).run(opened.rows.as_mut(), &mut collector, control.cancelled)?;
    Ok(pixels(&collector.into_image()?))
}

/// A part of an image's pixels.
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
    fn wide_gamut_colours_are_converted_to_srgb() {
        // The green of sRGB as Display P3 stores it, and a gray, which is the same in both.
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
    fn a_cut_out_stays_within_the_image() {
        let whole = Pixels { width_px: 4, height_px: 3, rgba: (0..48).collect() };
        let corner = cut_out(&whole, part_around((4, 3), (1.0, 1.0), (2, 2)));
        assert_eq!((corner.width_px, corner.height_px), (2, 2));
        assert_eq!(corner.rgba.as_ref(), &[24, 25, 26, 27, 28, 29, 30, 31, 40, 41, 42, 43, 44, 45, 46, 47]);
        assert_eq!(cut_out(&whole, part_around((4, 3), (0.5, 0.5), (100, 100))), whole);
    }
}
