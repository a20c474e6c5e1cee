//! Drawing SVG through resvg, at its own size or smaller. Nothing outside the file is read: only `data:` references
//! count, and text is set in the bundled fonts, so that a drawing looks the same everywhere.
//!
//! A drawing is a kind of program: the memory it may take is estimated first, and drawing has a time limit.

use std::time::{Duration, Instant};

use resvg::usvg::{ImageHrefResolver, Options, Tree};
use resvg::{tiny_skia, usvg};

use super::render_cost::{self, MAX_INNER_PX};
use super::{detect, fonts};
use crate::codec::guard::decode_thread::{self, DecodeControl};
use crate::codec::pixels::whole_image::WholeReader;
use crate::codec::spec::{DecodeOptions, Decoded, FileHeader, Header};
use crate::codec::{errors, gif, jpeg, png, webp};
use crate::error::{ErrorKind, ItemError};
use crate::model::{Channels, ImageInfo, Metadata, Orientation, SampleType, Samples};

/// Drawing stops after this time.
const MAX_SECONDS: u64 = 60;
/// Elements nest deeply in hostile files, and every level takes stack. Only touched pages take memory.
const STACK_BYTES: usize = 256 << 20;
/// Most XML nodes; a map of a country has some hundred thousand.
const MAX_NODES: u32 = 2_000_000;

/// Most bytes that drawing takes: the image, copies of it for layers and masks, and the drawing's description.
pub(super) fn held_bytes(bytes: &[u8], header: &Header) -> u64 {
    let info = &header.info;
    info.size_bytes() + layer_bytes(info) + bytes.len() as u64 * 16
}

/// Bytes that layers, masks, filters and patterns may take.
const fn layer_bytes(info: &ImageInfo) -> u64 {
    info.size_bytes() * 4 + (64 << 20)
}

/// Runs work on a thread of its own, with a deep stack and for a limited time; a panic becomes an error of the file.
pub(super) fn limited<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ItemError> + Send + 'static,
    control: &DecodeControl<'_>,
    limit: Duration,
) -> Result<T, ItemError> {
    let begun = Instant::now();
    let cancelled = || begun.elapsed() > limit || (control.cancelled)();
    let within = DecodeControl { cancelled: &cancelled, held: control.held.clone() };
    decode_thread::run("pixloom-svg", STACK_BYTES, &within, work).map_err(|error| {
        let took_long = error.kind == ErrorKind::Cancelled && !(control.cancelled)();
        if took_long { errors::too_large(format!("drawing it takes more than {} s", limit.as_secs())) } else { error }
    })
}

/// Resolves only `data:` references, and of those only images of an acceptable size.
fn hrefs() -> ImageHrefResolver<'static> {
    let default = ImageHrefResolver::default_data_resolver();
    ImageHrefResolver {
        resolve_data: Box::new(move |mime, data, options| {
            let raster =
                [&jpeg::SPEC, &png::SPEC, &webp::SPEC, &gif::SPEC].into_iter().find(|spec| (spec.sniff)(&data));
            if let Some(spec) = raster {
                let info = (spec.probe)(&data, 0).ok()?.info;
                let pixels = u64::from(info.width_px) * u64::from(info.height_px);
                return if pixels <= MAX_INNER_PX { default(mime, data, options) } else { None };
            }
            // Compressed drawings would be decompressed without a limit.
            let is_plain = detect::is_svg(&data) && !data.starts_with(&[0x1F, 0x8B]);
            if is_plain { default("image/svg+xml", data, options) } else { None }
        }),
        resolve_string: Box::new(|_, _| None),
    }
}

fn tree(text: &str) -> Result<Tree, ItemError> {
    let parsing = usvg::roxmltree::ParsingOptions { allow_dtd: true, nodes_limit: MAX_NODES, ..Default::default() };
    let document = usvg::roxmltree::Document::parse_with_options(text, parsing).map_err(|error| match error {
        usvg::roxmltree::Error::NodesLimitReached => errors::too_large(format!("more than {MAX_NODES} elements")),
        usvg::roxmltree::Error::UnexpectedEndOfStream
        | usvg::roxmltree::Error::UnclosedRootNode
        | usvg::roxmltree::Error::NoRootNode => errors::truncated(),
        error => errors::corrupt(error),
    })?;
    let options = Options {
        image_href_resolver: hrefs(),
        fontdb: fonts::database(),
        font_family: fonts::FAMILY.to_owned(),
        languages: vec!["en".to_owned(), "ko".to_owned()],
        ..Options::default()
    };
    Tree::from_xmltree(&document, &options).map_err(|error| match error {
        usvg::Error::ElementsLimitReached => errors::too_large("its elements expand to too many others"),
        error => errors::corrupt(error),
    })
}

/// The drawing's size, which may be fractional, in whole pixels.
fn info(tree: &Tree) -> Result<ImageInfo, ItemError> {
    let (width, height) = (tree.size().width().ceil(), tree.size().height().ceil());
    // `as` saturates, and values above the limit stay above it.
    let (width_px, height_px) = (width as u32, height as u32);
    errors::within_limits(width_px, height_px)?;
    Ok(ImageInfo { width_px, height_px, channels: Channels::Rgba, sample: SampleType::U8, premultiplied: false })
}

fn header(info: ImageInfo) -> FileHeader {
    FileHeader::still(info, Orientation::Upright)
}

pub(super) fn probe(bytes: &[u8], _page: u32) -> Result<FileHeader, ItemError> {
    let text = detect::text(bytes)?.into_owned();
    limited(move || Ok(header(info(&tree(&text)?)?)), &DecodeControl::endless(), Duration::from_secs(MAX_SECONDS))
}

pub(super) fn open<'a>(
    bytes: &'a [u8],
    options: &DecodeOptions,
    control: &DecodeControl<'_>,
) -> Result<Decoded<'a>, ItemError> {
    let text = detect::text(bytes)?.into_owned();
    let downscale = options.max_downscale.max(1.0);
    let limit = Duration::from_secs(MAX_SECONDS);
    let (full, drawn, samples) = limited(move || draw(&tree(&text)?, downscale), control, limit)?;
    let rows = WholeReader::new(drawn, Samples::U8(samples))?;
    Ok(Decoded { header: header(full), rows: Box::new(rows), profile: None, metadata: Metadata::default() })
}

/// The drawing's own size, the size it was drawn at, and its samples with straight alpha.
fn draw(tree: &Tree, downscale: f64) -> Result<(ImageInfo, ImageInfo, Vec<u8>), ItemError> {
    let full = info(tree)?;
    let smaller = |side: u32| ((f64::from(side) / downscale).ceil() as u32).clamp(1, side);
    let drawn = ImageInfo { width_px: smaller(full.width_px), height_px: smaller(full.height_px), ..full };
    let scale = (drawn.width_px as f32 / full.width_px as f32, drawn.height_px as f32 / full.height_px as f32);
    let wanted = render_cost::layer_bytes(tree, scale, (drawn.width_px, drawn.height_px));
    if wanted > layer_bytes(&drawn) {
        return Err(errors::too_large(format!("its layers need {} of memory", errors::size(wanted))));
    }
    let mut samples = errors::zeroed::<u8>(drawn.size_bytes())?;
    let mut canvas =
        tiny_skia::PixmapMut::from_bytes(&mut samples, drawn.width_px, drawn.height_px).ok_or_else(|| {
            errors::too_large(format!("{} x {} px is too large to draw", drawn.width_px, drawn.height_px))
        })?;
    resvg::render(tree, tiny_skia::Transform::from_scale(scale.0, scale.1), &mut canvas);
    for pixel in samples.as_chunks_mut::<4>().0 {
        let [r, g, b, a] = *pixel;
        if let Some(colour) = tiny_skia::PremultipliedColorU8::from_rgba(r, g, b, a).filter(|_| a != 255) {
            let straight = colour.demultiply();
            *pixel = [straight.red(), straight.green(), straight.blue(), a];
        }
    }
    Ok((full, drawn, samples))
}
