//! Drawing a page of a PDF file. Only what is in the file is read: fonts that it lacks are replaced by those that the
//! library brings along.
//!
//! A page is a kind of program and can take any amount of time and memory, so it is drawn in a helper process.

use hayro::hayro_interpret::InterpreterSettings;
use hayro::hayro_interpret::util::TransformExt;
use hayro::hayro_syntax::page::Page;
use hayro::hayro_syntax::{DecryptionError, LoadPdfError, Pdf};
use hayro::kurbo::Affine;
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::vello_cpu::{Pixmap, RasterizerSettings, RenderContext, Resources, TargetInit};
use hayro::{RenderCache, RenderSettings, render_into};

use crate::codec::errors;
use crate::codec::guard::control::DecodeControl;
use crate::codec::pixels::whole_image::WholeReader;
use crate::codec::spec::{DecodeOptions, Decoded, FileHeader, Header};
use crate::error::ItemError;
use crate::model::{Channels, ImageInfo, Message, Metadata, Orientation, SampleType, Samples};

/// Pixels per inch of a page's own size, and units per inch of a file.
const PER_INCH: f64 = 150.0;
const UNITS_PER_INCH: f64 = 72.0;
/// Where a file's end is looked for: some have other bytes behind it.
const END_BYTES: usize = 4 << 10;

/// Bytes for reading a document.
pub(super) fn document_bytes(bytes: &[u8]) -> u64 {
    bytes.len() as u64 * 8 + (64 << 20)
}

/// Bytes for drawing: the canvas, layers and masks, the pixels and their copy, images and fonts in the file.
pub(super) fn held_bytes(bytes: &[u8], header: &Header) -> u64 {
    header.info.pixels() * 4 * 5 + header.info.size_bytes() * 2 + document_bytes(bytes) + (192 << 20)
}

fn document(bytes: &[u8]) -> Result<Pdf, ItemError> {
    let end = bytes.get(bytes.len().saturating_sub(END_BYTES)..).unwrap_or_default();
    if !end.windows(9).any(|window| window == b"startxref") {
        return Err(errors::truncated());
    }
    let pdf = Pdf::new(bytes.to_vec()).map_err(|error| match error {
        LoadPdfError::Decryption(DecryptionError::PasswordProtected) => errors::unsupported("pdf_password"),
        LoadPdfError::Decryption(_) => errors::unsupported("pdf_encryption"),
        LoadPdfError::Invalid => errors::corrupt("pdf_invalid"),
    })?;
    if pdf.pages().is_empty() { Err(errors::corrupt("tiff_no_pages")) } else { Ok(pdf) }
}

fn page(pdf: &Pdf, number: u32) -> Result<&Page<'_>, ItemError> {
    let pages = pdf.pages();
    pages.get(number as usize).ok_or_else(|| {
        let why = Message::new("tiff_no_page").with("page", u64::from(number) + 1);
        errors::unsupported(why.count("count", pages.len() as u64))
    })
}

fn header(pdf: &Pdf, page: &Page<'_>) -> Result<FileHeader, ItemError> {
    let (width, height) = page.render_dimensions();
    // A fraction of a pixel too many is a rounding error. `as` saturates.
    let px = |units: f32| (f64::from(units) * PER_INCH / UNITS_PER_INCH - 1e-3).ceil().max(1.0) as u32;
    let (width_px, height_px) = (px(width), px(height));
    errors::within_limits(width_px, height_px)?;
    let info = ImageInfo { width_px, height_px, channels: Channels::Rgb, sample: SampleType::U8, premultiplied: false };
    Ok(FileHeader { pages: pdf.pages().len() as u32, ..FileHeader::still(info, Orientation::Upright) })
}

pub(super) fn probe(bytes: &[u8], number: u32) -> Result<FileHeader, ItemError> {
    let pdf = document(bytes)?;
    header(&pdf, page(&pdf, number)?)
}

pub(super) fn open<'a>(
    bytes: &'a [u8],
    options: &DecodeOptions,
    _control: &DecodeControl<'_>,
) -> Result<Decoded<'a>, ItemError> {
    let pdf = document(bytes)?;
    let page = page(&pdf, options.page)?;
    let header = header(&pdf, page)?;
    let full = header.info;
    let (width_px, height_px) = errors::drawn((full.width_px, full.height_px), options.max_downscale);
    let drawn = ImageInfo { width_px, height_px, ..full };
    let rows = WholeReader::new(drawn, Samples::U8(draw(page, &drawn)?))?;
    Ok(Decoded { header, rows: Box::new(rows), profile: None, metadata: Metadata::default() })
}

fn draw<'a>(page: &'a Page<'a>, drawn: &ImageInfo) -> Result<Vec<u8>, ItemError> {
    let (Ok(width), Ok(height)) = (u16::try_from(drawn.width_px), u16::try_from(drawn.height_px)) else {
        let why = Message::new("svg_too_large").with("width", drawn.width_px);
        return Err(errors::too_large(why.with("height", drawn.height_px)));
    };
    let (page_width, page_height) = page.render_dimensions();
    let scale =
        Affine::scale_non_uniform(f64::from(width) / f64::from(page_width), f64::from(height) / f64::from(page_height));
    let transform = scale * page.initial_transform(true).to_kurbo();
    let mut samples = errors::room(drawn.size_bytes())?;
    let mut context = RenderContext::new(width, height);
    let (cache, interpreter) = (RenderCache::new(), InterpreterSettings::default());
    render_into(page, &cache, &interpreter, &RenderSettings::default(), &mut context, transform);
    context.flush();
    let mut canvas = Pixmap::new(width, height);
    let settings = RasterizerSettings { target_init: TargetInit::Clear(WHITE), ..RasterizerSettings::default() };
    context.render_with(&mut canvas, &mut Resources::default(), settings);
    samples.extend(canvas.data().iter().flat_map(|pixel| [pixel.r, pixel.g, pixel.b]));
    Ok(samples)
}
