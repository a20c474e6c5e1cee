//! The preview: one item before and after the recipe, through the same pipeline as outputs. A newer request cancels the
//! older one, and every preview says which request it answers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender};

use super::body_cache::{BodyCache, CachedBody};
use super::decode::{self, Source};
use super::viewport::{Viewport, ViewportRequest};
use crate::catalog::CatalogReader;
use crate::codec::{self, DecodeControl, Helpers};
use crate::engine::api::costs::Cost;
use crate::engine::api::handle::Shared;
use crate::engine::api::view::{PicturePreview, Pixels, Preview, PreviewContent, PreviewRequest, StepFault, Zoom};
use crate::engine::item::body::ItemBody;
use crate::engine::item::decide::{Action, Response, Rules, Subject};
use crate::engine::item::decode_image::{self, DecodeChoice, DecodedImage};
use crate::engine::item::guarded::guarded;
use crate::engine::item::input_folders::InputFolders;
use crate::engine::item::limits;
use crate::engine::item::name_example::shown_values;
use crate::engine::item::naming::now_ms;
use crate::engine::item::render::full_plan;
use crate::engine::item::step_files;
use crate::engine::item::texts::RecipeTexts;
use crate::engine::run::memory_budget::default_memory_bytes;
use crate::error::{ErrorKind, ItemError};
use crate::fetch::Bytes;
use crate::model::{ItemId, ItemRow, Limits, RawChoice, Recipe, Save, is_copy};
use crate::op::{Pipeline, StepError};

/// How long requests must pause before the result is encoded to find out its size.
const SETTLES: Duration = Duration::from_millis(120);
/// How much larger than needed a decoded image may be before a smaller one is decoded.
const SCALE_SPAN: f64 = 3.0;
/// Bytes of text shown at most.
const TEXT_BYTES: usize = 64 << 10;

/// Computes previews.
pub(crate) struct PreviewWorker {
    shared: Arc<Shared>,
    reader: Box<dyn CatalogReader>,
    bodies: Arc<BodyCache>,
    helpers: Arc<Helpers>,
    /// Tells the coordinator that there is news for its snapshot.
    bell_tx: Sender<()>,
    base: Option<Base>,
    encoded: Option<Encoded>,
}

/// A result as it would be saved, kept while the user moves around in it.
struct Encoded {
    id: ItemId,
    recipe: Recipe,
    save: Save,
    raw: RawChoice,
    bytes: Arc<[u8]>,
    size_px: (u32, u32),
    score: Option<f64>,
}

/// The decoded image that recipes are tried on.
struct Base {
    id: ItemId,
    row: ItemRow,
    /// The area that is filled; `None` is full size.
    area_px: Option<(u32, u32)>,
    asked: DecodeChoice,
    body: CachedBody,
    is_output: bool,
    shown: DecodedImage,
    before: Pixels,
    taken: Option<Arc<str>>,
    /// What is kept for moving around at 100 %.
    around: Viewport,
}

impl PreviewWorker {
    pub(crate) fn new(
        shared: Arc<Shared>,
        reader: Box<dyn CatalogReader>,
        bodies: Arc<BodyCache>,
        helpers: Arc<Helpers>,
        bell_tx: Sender<()>,
    ) -> Self {
        Self { shared, reader, bodies, helpers, bell_tx, base: None, encoded: None }
    }

    /// Runs until `stop` is closed.
    pub(crate) fn run(mut self, stop: &Receiver<()>) {
        let bell = self.shared.preview_wanted.bell().clone();
        let mut rung = false;
        loop {
            if !std::mem::take(&mut rung) {
                crossbeam_channel::select! {
                    recv(bell) -> _ => {},
                    recv(stop) -> _ => return,
                }
            }
            let Some(request) = self.shared.preview_wanted.take() else { continue };
            let Some(request) = request else {
                self.base = None;
                self.encoded = None;
                self.publish(Preview::default());
                continue;
            };
            let (mut request, mut faults) = without_faults(request);
            let content = match self.look_without_faults(&mut request.applied, &mut faults) {
                Ok(content) => content,
                Err(error) if error.kind == ErrorKind::Cancelled => continue,
                Err(error) => PreviewContent::Failed(error),
            };
            // The size of a result that lacks a step would mislead.
            let sized = faults.is_empty()
                && matches!(&content, PreviewContent::Picture(picture) if picture.after_bytes.is_none());
            let asked = Some(request.asked.clone());
            self.publish(Preview { request: asked, content: content.clone(), pending: sized, faults: faults.into() });
            if sized {
                crossbeam_channel::select! {
                    recv(bell) -> _ => rung = true,
                    recv(stop) -> _ => return,
                    // No newer request for a moment: find out the result's size, and how it looks once it is saved.
                    default(SETTLES) => self.show_encoded(&request.applied, content),
                }
            }
        }
    }

    fn publish(&self, preview: Preview) {
        self.shared.preview.store(Arc::new(preview));
        self.shared.wake();
    }

    fn cancelled(&self) -> bool {
        !self.shared.preview_wanted.bell().is_empty()
    }

    /// Leaves out steps that can't be applied to this item, so that the image is seen, and notes why.
    fn look_without_faults(
        &mut self,
        applied: &mut PreviewRequest,
        faults: &mut Vec<StepFault>,
    ) -> Result<PreviewContent, ItemError> {
        loop {
            match guarded(|| self.look(applied)) {
                Err(error) => match take_fault(&error, &mut applied.recipe) {
                    Some(fault) => faults.push(fault),
                    None => return Err(error),
                },
                content => return content,
            }
        }
    }

    fn look(&mut self, request: &PreviewRequest) -> Result<PreviewContent, ItemError> {
        let area_px = match request.zoom {
            Zoom::Fit => Some(request.area_px),
            Zoom::Full { .. } => None,
        };
        let fits = |base: &Base| {
            (base.id, base.area_px, base.asked)
                == (request.id, area_px, DecodeChoice::of(&request.save, request.raw, base.row.locator.page()))
                && !base.is_output
                && area_px.is_none_or(|area_px| {
                    let wanted = decode::wanted_scale(&base.shown.header, &request.recipe, area_px);
                    wanted.is_ok_and(|wanted| (0.98 * wanted..=SCALE_SPAN * wanted).contains(&base.shown.scale))
                })
        };
        if !self.base.as_ref().is_some_and(fits)
            && let Some(content) = self.load(request, area_px)?
        {
            return Ok(content);
        }
        let bell = self.shared.preview_wanted.bell();
        let cancelled = || !bell.is_empty();
        let Some(base) = &mut self.base else { return Ok(PreviewContent::Nothing) };
        if !base.is_output && is_copy(&request.recipe, &request.save) {
            let job = self.reader.request(request.id.job).ok().flatten();
            limits::check_input(&job.map(|job| job.limits).unwrap_or_default(), &base.shown.header)
                .map_err(|error| error.named(&base.row.locator))?;
        }
        // An output has been through the recipe already.
        let recipe =
            if base.is_output { Recipe::default() } else { filled(base, &request.recipe, self.reader.as_ref()) };
        let pipeline = step_files::pipeline(&recipe)?;
        let (before, after, after_size_px, approximate) = match request.zoom {
            Zoom::Fit => {
                let (expected, _) = full_plan(&pipeline, &base.shown.header)?;
                let control = DecodeControl::new(&cancelled, &self.helpers);
                let drawn =
                    decode::through_drawing(&expected, &base.body.bytes, &base.shown.header, base.asked, &control)?
                        .map(|image| (image, false));
                let (image, approximate) = match drawn {
                    Some(drawn) => drawn,
                    None => decode::through(&pipeline, &base.shown, base.shown.scale, &cancelled)?,
                };
                let expected = expected.output();
                let image = decode_image::shrunk(image, request.area_px, &cancelled)?;
                let after_size_px = (expected.width_px, expected.height_px);
                (base.before.clone(), decode::pixels(&image), after_size_px, approximate)
            }
            Zoom::Full { x, y } => {
                let wanted = ViewportRequest {
                    shown: &base.shown,
                    bytes: &base.body.bytes,
                    asked: base.asked,
                    recipe: &recipe,
                    pipeline: &pipeline,
                    centre: (x, y),
                    area_px: request.area_px,
                };
                let after = base
                    .around
                    .look(&wanted, &DecodeControl::new(&cancelled, &self.helpers).reading_raw(request.raw))?;
                let before_px = (base.before.width_px, base.before.height_px);
                let before = decode::cut_out(&base.before, decode::part_around(before_px, (x, y), request.area_px));
                (before, after.pixels, after.result_px, false)
            }
        };
        let histogram = histogram(&after);
        let is_page = base.row.locator.page().is_some();
        Ok(PreviewContent::Picture(PicturePreview {
            before,
            after,
            format: base.shown.header.format,
            before_size_px: base.shown.full_size_px(),
            after_size_px,
            before_bytes: base.body.bytes.len() as u64,
            after_bytes: (base.is_output || (!is_page && is_copy(&request.recipe, &request.save)))
                .then_some(base.body.bytes.len() as u64),
            score: None,
            taken: base.taken.clone(),
            histogram: Arc::new(histogram),
            approximate,
        }))
    }

    /// Loads an item's image. If there is something else to see instead, returns that.
    fn load(
        &mut self,
        request: &PreviewRequest,
        area_px: Option<(u32, u32)>,
    ) -> Result<Option<PreviewContent>, ItemError> {
        let same_item = |base: &Base| base.id == request.id && !base.is_output;
        let (row, body, is_output) = match self.base.take() {
            Some(base) if same_item(&base) => (base.row, base.body, false),
            _ => {
                let row = self.reader.item(request.id).ok().flatten();
                let Some(row) = row else { return Ok(Some(PreviewContent::Nothing)) };
                match decode::source(&row, &self.bodies).map_err(|error| error.named(&row.locator))? {
                    Source::Input(body) => (row, body, false),
                    Source::Output(body) => (row, body, true),
                    Source::NotFetched => {
                        return Ok(Some(match row.error {
                            Some(error) => PreviewContent::Failed(error),
                            None => PreviewContent::NotFetched,
                        }));
                    }
                }
            }
        };
        if let Some(text) = as_text(&body) {
            return Ok(Some(text));
        }
        let cancelled = || self.cancelled();
        let control = DecodeControl::new(&cancelled, &self.helpers).reading_raw(request.raw);
        let recipe = if is_output { Recipe::default() } else { request.recipe.clone() };
        let page = row.locator.page().filter(|_| !is_output);
        let asked = DecodeChoice::of(&request.save, request.raw, page);
        let decoded = || {
            let Some(area_px) = area_px else {
                let shown = decode_image::decode(&body.bytes, asked, None, &control)?;
                let before = decode::pixels(&shown.image);
                return Ok((shown, before));
            };
            let header = codec::probe_with(&body.bytes, asked.page, &control)?;
            // A recipe that can't be planned is reported when it runs.
            let scale = decode::wanted_scale(&header, &recipe, area_px).unwrap_or(0.0);
            let decode_px = decode::scaled_area(&header, scale, area_px);
            let shown = decode_image::decode(&body.bytes, asked, Some(decode_px), &control)?;
            let before = decode::pixels(&decode_image::shrunk(shown.image.clone(), area_px, &cancelled)?);
            Ok((shown, before))
        };
        let (shown, before) = decoded().map_err(|error: ItemError| error.named(&row.locator))?;
        self.base = Some(Base {
            id: request.id,
            row,
            area_px,
            asked,
            taken: codec::taken(&body.bytes).map(Into::into),
            body,
            is_output,
            shown,
            before,
            around: Viewport::default(),
        });
        Ok(None)
    }

    /// Encodes the whole result, and publishes its size and how it looks after encoding.
    fn show_encoded(&mut self, request: &PreviewRequest, content: PreviewContent) {
        let PreviewContent::Picture(picture) = content else { return };
        let bell = self.shared.preview_wanted.bell().clone();
        let cancelled = || !bell.is_empty();
        let helpers = Arc::clone(&self.helpers);
        let control = DecodeControl::new(&cancelled, &helpers);
        let shown = guarded(|| {
            let encoded = self.encode(request)?;
            let after = decode::encoded(&encoded.bytes, request, &control)?;
            Ok((after, encoded.bytes.len() as u64, encoded.size_px, encoded.score))
        });
        let content = match shown {
            Ok((after, size_bytes, after_size_px, score)) => PreviewContent::Picture(PicturePreview {
                histogram: Arc::new(histogram(&after)),
                after,
                after_bytes: Some(size_bytes),
                score,
                after_size_px,
                approximate: false,
                ..picture
            }),
            Err(error) if error.kind == ErrorKind::Cancelled => return,
            Err(error) => {
                let name = self.base.as_ref().map(|base| base.row.locator.to_string());
                PreviewContent::Failed(error.named(name.unwrap_or_else(|| request.id.to_string())))
            }
        };
        self.publish(Preview { request: Some(request.clone()), content, ..Preview::default() });
    }

    /// The result as it would be saved.
    fn encode(&mut self, request: &PreviewRequest) -> Result<&Encoded, ItemError> {
        let is_kept = self.encoded.as_ref().is_some_and(|kept| {
            (kept.id, kept.raw) == (request.id, request.raw)
                && kept.recipe == request.recipe
                && kept.save == request.save
        });
        if !is_kept {
            self.encoded = None;
            let Some(base) = &self.base else { return Err(ItemError::nameless(ErrorKind::Cancelled)) };
            let recipe = filled(base, &request.recipe, self.reader.as_ref());
            let pipeline = step_files::pipeline(&recipe)?;
            let limits = self.reader.request(request.id.job).ok().flatten().map(|job| job.limits).unwrap_or_default();
            let began = Instant::now();
            let applied = PreviewRequest { recipe, ..request.clone() };
            let (bytes, size_px, score) = self.result(base, &applied, &pipeline, &limits)?;
            if !base.is_output {
                self.shared.costs.add(Cost {
                    id: request.id,
                    recipe: request.recipe.clone(),
                    save: request.save.clone(),
                    bytes_in: base.body.bytes.len() as u64,
                    bytes_out: bytes.len() as u64,
                    seconds: began.elapsed().as_secs_f64(),
                });
                let _ = self.bell_tx.try_send(());
            }
            self.encoded = Some(Encoded {
                id: request.id,
                raw: request.raw,
                recipe: request.recipe.clone(),
                save: request.save.clone(),
                size_px,
                score,
                bytes,
            });
        }
        self.encoded.as_ref().ok_or_else(|| ItemError::nameless(ErrorKind::Cancelled))
    }
}

/// A recipe with the texts of the item that is shown.
fn filled(base: &Base, recipe: &Recipe, reader: &dyn CatalogReader) -> Recipe {
    let texts = RecipeTexts::of(recipe);
    if texts.is_empty() {
        return recipe.clone();
    }
    let mut row = base.row.clone();
    row.mtime_ms = row.mtime_ms.or(Some(now_ms()));
    if let Some(spec) = reader.request(row.id.job).ok().flatten() {
        row.dir = InputFolders::of(&spec).dir_of(&row).into_owned();
    }
    texts.fill(recipe, &shown_values(&row, base.taken.as_deref(), texts.columns())).recipe
}

/// A request, and what of it can be applied.
struct Applicable {
    asked: PreviewRequest,
    applied: PreviewRequest,
}

/// A request without the steps that are incomplete or wrong, and what is wrong with them.
fn without_faults(asked: PreviewRequest) -> (Applicable, Vec<StepFault>) {
    let mut applied = asked.clone();
    let mut faults = Vec::new();
    while let Err(StepError { step, why }) = step_files::pipeline(&applied.recipe) {
        let step_index = step.saturating_sub(1);
        let Some(faulty) = applied.recipe.steps.get_mut(step_index).filter(|faulty| faulty.enabled) else { break };
        faulty.enabled = false;
        faults.push(StepFault { step_index, why, is_of_item: false });
    }
    (Applicable { asked, applied }, faults)
}

/// Disables the step that an error about an image is about.
fn take_fault(error: &ItemError, recipe: &mut Recipe) -> Option<StepFault> {
    let step = if error.kind == ErrorKind::Recipe { error.arg("step").parse::<usize>().ok()? } else { return None };
    let step_index = step.checked_sub(1)?;
    let faulty = recipe.steps.get_mut(step_index).filter(|faulty| faulty.enabled)?;
    let fault = StepFault { step_index, why: error.said()?, is_of_item: true };
    faulty.enabled = false;
    Some(fault)
}

/// A file's bytes, and the width and height of its image in px.
/// A result, its size in px, and its score if it was encoded to reach one.
type SizedFile = (Arc<[u8]>, (u32, u32), Option<f64>);

impl PreviewWorker {
    /// An item's result, as the run would save it, and its size in px.
    fn result(
        &self,
        base: &Base,
        request: &PreviewRequest,
        pipeline: &Pipeline,
        limits: &Limits,
    ) -> Result<SizedFile, ItemError> {
        let cancelled = || self.cancelled();
        let control = DecodeControl::new(&cancelled, &self.helpers).reading_raw(request.raw);
        let rules = Rules {
            recipe: &request.recipe,
            pipeline,
            save: &request.save,
            limits,
            copies_others: false,
            budget_bytes: limits.memory_bytes.unwrap_or_else(default_memory_bytes),
            control,
        };
        let body = ItemBody::Memory(Bytes::from_owner(Arc::clone(&base.body.bytes)));
        let size_bytes = base.body.bytes.len() as u64;
        let response = base
            .body
            .content_type
            .as_deref()
            .map(|content_type| Response { content_type: Some(content_type), file_name: None });
        match rules.action(&Subject { locator: &base.row.locator, body: &body, size_bytes, response })? {
            Action::Copy => Ok((Arc::clone(&base.body.bytes), base.shown.full_size_px(), None)),
            Action::Strip { bytes, size_px, .. } => Ok((bytes.into(), size_px, None)),
            Action::Render(prepared) => {
                let rendered = prepared.render(&base.body.bytes, &request.save, &control)?;
                let size_px = (rendered.info.width_px, rendered.info.height_px);
                Ok((rendered.bytes.into(), size_px, rendered.score))
            }
        }
    }
}

/// The body as text, if the server says that it is text, or it is text and not an image.
fn as_text(body: &CachedBody) -> Option<PreviewContent> {
    if codec::sniff(&body.bytes).is_some() {
        return None;
    }
    let content_type = body.content_type.clone().unwrap_or_default();
    let called_text = content_type.starts_with("text/")
        || ["json", "xml", "javascript", "csv"].iter().any(|word| content_type.contains(word));
    let head = body.bytes.get(..TEXT_BYTES).unwrap_or(&body.bytes);
    let (text, is_text) = match std::str::from_utf8(head) {
        Ok(text) => (text.to_owned(), !text.contains('\0')),
        // The last character may be incomplete.
        Err(error) if head.len() - error.valid_up_to() < 4 && error.valid_up_to() > 0 => {
            (String::from_utf8_lossy(&head[..error.valid_up_to()]).into_owned(), true)
        }
        Err(_) => (String::from_utf8_lossy(head).into_owned(), false),
    };
    let looks_right = called_text || (is_text && !content_type.is_empty());
    looks_right.then(|| PreviewContent::Text { text, size_bytes: body.bytes.len() as u64, content_type })
}

/// Counts of 64 levels of red, green and blue.
fn histogram(pixels: &Pixels) -> [[u32; 64]; 3] {
    let mut counts = [[0_u32; 64]; 3];
    for [r, g, b, _] in pixels.rgba.as_chunks::<4>().0 {
        for (counts, level) in counts.iter_mut().zip([r, g, b]) {
            counts[usize::from(*level >> 2)] += 1;
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::super::preview::*;
    use crate::model::{Channels, Image};

    fn body(bytes: &[u8], content_type: Option<&str>) -> CachedBody {
        CachedBody { bytes: bytes.into(), content_type: content_type.map(str::to_owned) }
    }

    #[test]
    fn a_body_that_the_server_calls_text_is_shown_as_text() {
        let shown = as_text(&body(b"{\"a\": 1}", Some("application/json; charset=utf-8")));
        assert!(matches!(shown, Some(PreviewContent::Text { text, size_bytes: 8, .. }) if text == "{\"a\": 1}"));
        assert!(as_text(&body(b"\x89PNG\r\n\x1a\n", Some("text/plain"))).is_none());
    }

    #[test]
    fn a_histogram_counts_every_pixel_once_per_channel() {
        let image = Image::from_u8(2, 1, Channels::Rgb, vec![0, 255, 4, 0, 128, 4]);
        let counts = histogram(&decode::pixels(&image));
        assert_eq!((counts[0][0], counts[1][63], counts[1][32], counts[2][1]), (2, 1, 1, 2));
    }
}
