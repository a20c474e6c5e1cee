//! Drawing SVG through resvg, at its own size or the size it is needed at. Nothing outside the file is read: only `data:` references are
//! used, and text is set in the bundled fonts, so that a drawing looks the same everywhere.
//!
//! A drawing is a kind of program and can take any amount of time and memory, so it is rendered in a helper process.

use std::sync::Arc;

use resvg::usvg::fontdb::Database;
use resvg::usvg::roxmltree::Document;
use resvg::usvg::{ImageHrefResolver, Options, Tree};
use resvg::{tiny_skia, usvg};

use super::render_cost::{self, MAX_INNER_PX};
use super::root_size::MAX_NODES;
use super::{descriptions, detect, fonts, root_size};
use crate::codec::guard::control::DecodeControl;
use crate::codec::pixels::whole_image::WholeReader;
use crate::codec::spec::{DecodeOptions, Decoded, FileHeader, Header};
use crate::codec::{errors, gif, jpeg, png, webp};
use crate::error::ItemError;
use crate::model::{Channels, ImageInfo, Message, Orientation, SampleType, Samples, human};

/// Bytes for drawing: the canvas, its copy for the caller, layers and masks, and the drawing's description. Only texts
/// and repeated parts take more.
pub(super) fn held_bytes(bytes: &[u8], header: &Header) -> u64 {
    header.info.size_bytes() * 2 + layer_bytes(&header.info) + description_bytes(bytes)
}

/// Bytes for the parsed description of the drawing.
pub(super) fn description_bytes(bytes: &[u8]) -> u64 {
    detect::text_bytes(bytes).saturating_mul(16)
}

/// Bytes that layers, masks, filters and patterns may take.
const fn layer_bytes(info: &ImageInfo) -> u64 {
    info.size_bytes() * 4 + (64 << 20)
}

/// Resolves only `data:` references, and only images of an acceptable size.
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
            if !detect::is_svg(&data) {
                return None;
            }
            // Decompressed here, within the limit for texts: the library has none.
            let text = detect::text(&data).ok()?.into_owned().into_bytes();
            default("image/svg+xml", Arc::new(text), options)
        }),
        resolve_string: Box::new(|_, _| None),
    }
}

fn parse(text: &str) -> Result<Document<'_>, ItemError> {
    let parsing = usvg::roxmltree::ParsingOptions { allow_dtd: true, nodes_limit: MAX_NODES, ..Default::default() };
    Document::parse_with_options(text, parsing).map_err(|error| match error {
        usvg::roxmltree::Error::NodesLimitReached => {
            errors::too_large(Message::new("svg_elements").with("most", MAX_NODES))
        }
        usvg::roxmltree::Error::UnexpectedEndOfStream
        | usvg::roxmltree::Error::UnclosedRootNode
        | usvg::roxmltree::Error::NoRootNode => errors::truncated(),
        error => errors::corrupt(errors::from_decoder(error)),
    })
}

pub(super) fn tree(text: &str, fontdb: Arc<Database>) -> Result<Tree, ItemError> {
    tree_of(&parse(text)?, fontdb)
}

fn tree_of(document: &Document<'_>, fontdb: Arc<Database>) -> Result<Tree, ItemError> {
    let options = Options {
        image_href_resolver: hrefs(),
        fontdb,
        font_family: fonts::FAMILY.to_owned(),
        languages: vec!["en".to_owned(), "ko".to_owned()],
        ..Options::default()
    };
    Tree::from_xmltree(document, &options).map_err(|error| match error {
        usvg::Error::ElementsLimitReached => errors::too_large("svg_expand"),
        error => errors::corrupt(errors::from_decoder(error)),
    })
}

fn whole_tree(bytes: &[u8]) -> Result<Tree, ItemError> {
    tree(&detect::text(bytes)?, fonts::database())
}

/// The size in px that a drawing states, which may be a fraction, as whole pixels.
pub(super) fn info(tree: &Tree) -> Result<ImageInfo, ItemError> {
    let (width, height) = (tree.size().width().ceil(), tree.size().height().ceil());
    // `as` saturates, and values above the limit stay above it.
    let (width_px, height_px) = (width as u32, height as u32);
    errors::within_limits(width_px, height_px)?;
    Ok(ImageInfo { width_px, height_px, channels: Channels::Rgba, sample: SampleType::U8, premultiplied: false })
}

fn header(info: ImageInfo) -> FileHeader {
    FileHeader::still(info, Orientation::Upright)
}

/// The header from the root element alone; the drawing is not parsed. An error if its size depends on it.
pub(super) fn probe(bytes: &[u8], _page: u32) -> Result<FileHeader, ItemError> {
    let root = root_size::root_only(bytes)?.ok_or_else(|| errors::unsupported("svg_size"))?;
    Ok(header(info(&tree(&root, Arc::default())?)?))
}

/// Whether the root element doesn't give the drawing's size.
pub(super) fn is_size_hidden(bytes: &[u8]) -> bool {
    root_size::root_only(bytes).is_ok_and(|root| root.is_none())
}

/// The header, from the whole drawing.
pub(super) fn probe_whole(bytes: &[u8]) -> Result<FileHeader, ItemError> {
    Ok(header(info(&whole_tree(bytes)?)?))
}

/// Draws it. The thread needs a stack as large as a helper's: elements of hostile files nest deeply.
pub(super) fn open<'a>(
    bytes: &'a [u8],
    options: &DecodeOptions,
    _control: &DecodeControl<'_>,
) -> Result<Decoded<'a>, ItemError> {
    let text = detect::text(bytes)?;
    let document = parse(&text)?;
    let metadata = descriptions::read(&document);
    let (full, drawn, samples) = draw(&tree_of(&document, fonts::database())?, options.max_downscale)?;
    let rows = WholeReader::new(drawn, Samples::U8(samples))?;
    Ok(Decoded { header: header(full), rows: Box::new(rows), profile: None, metadata })
}

/// The drawing's own size, the size it was drawn at, and its samples with straight alpha.
fn draw(tree: &Tree, downscale: f64) -> Result<(ImageInfo, ImageInfo, Vec<u8>), ItemError> {
    let full = info(tree)?;
    let (width_px, height_px) = errors::drawn((full.width_px, full.height_px), downscale);
    let drawn = ImageInfo { width_px, height_px, ..full };
    let scale = (drawn.width_px as f32 / full.width_px as f32, drawn.height_px as f32 / full.height_px as f32);
    let wanted = render_cost::layer_bytes(tree, scale, (drawn.width_px, drawn.height_px));
    if wanted > layer_bytes(&drawn) {
        return Err(errors::too_large(Message::new("svg_layers").with("size", human::bytes(wanted))));
    }
    let mut samples = errors::zeroed::<u8>(drawn.size_bytes())?;
    let mut canvas =
        tiny_skia::PixmapMut::from_bytes(&mut samples, drawn.width_px, drawn.height_px).ok_or_else(|| {
            let why = Message::new("svg_too_large").with("width", drawn.width_px);
            errors::too_large(why.with("height", drawn.height_px))
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
