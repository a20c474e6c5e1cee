//! From an input's bytes through decoder, pipeline and encoder to the result's bytes; the same for outputs, dry runs and
//! previews.

use std::borrow::Cow;
use std::sync::Arc;

use super::gain_map;
use super::guarded::{guarded, without_part};
use super::rewrite::{Rewriting, rewriting};

use crate::codec::{self, CodedGainMap, DecodeControl, DecodeOptions, Encoded, FoundGainMap, GainMap, Header};
use crate::error::{ErrorKind, ItemError};
use crate::model::{
    Area, ColourChoice, DamagedPolicy, Format, Frame, FramesChoice, HdrChoice, ImageInfo, LossReason, Metadata,
    Picture, Plays, Recipe, Remark, RowReader, Save, Truncated, TruncatedPolicy,
};
use crate::op::stage::Transfer;
use crate::op::{DrawnSmall, Moves, Pipeline, Plan, RestOfPlan};

/// An image whose header has been read and whose rendering is planned; no pixel has been decoded.
pub(crate) struct Prepared {
    pub(crate) header: Header,
    pub(crate) plan: Plan,
    /// Why a drawing is not drawn as large as the recipe makes it.
    drawn_small: Option<DrawnSmall>,
    /// The format of the result.
    pub(crate) format: Format,
    /// Frames in the result.
    frames: u32,
    /// Memory that its decoder takes.
    decoding_bytes: u64,
    /// Memory that its encoder takes.
    encoding_bytes: u64,
    truncated: TruncatedPolicy,
    damaged: DamagedPolicy,
    /// Whether the file is rewritten without decoding it.
    rewriting: Rewriting,
    /// The page that was chosen, counted from 1.
    page: Option<u16>,
    /// The gain map that the result keeps, and the memory that this takes.
    gain_map: Option<(FoundGainMap, u64)>,
}

/// A rendered image.
pub(crate) struct Rendered {
    pub(crate) bytes: Vec<u8>,
    pub(crate) info: ImageInfo,
    /// How much there was of a file that ends early and was saved anyway.
    pub(crate) truncation: Option<Truncated>,
    /// What was left out of it, and other notes.
    pub(crate) remarks: Vec<Remark>,
    /// Its SSIMULACRA 2 score, if it was encoded to reach one.
    pub(crate) score: Option<f64>,
}

/// The page that the save options select, counted from 0.
pub(crate) fn page_of(save: &Save) -> u32 {
    u32::from(save.page.unwrap_or(1)).saturating_sub(1)
}

/// The save options as they apply to an image: a lossless image that keeps its format stays lossless, unless a quality or a
/// size is requested, and how the original is stored is known.
fn effective_save<'s>(save: &'s Save, header: &Header) -> Cow<'s, Save> {
    let keeps = save.format.fixed().is_none() && save.quality.is_none() && save.max_bytes.is_none();
    let lossless = save.lossless || (keeps && header.lossless);
    if (lossless, header.original) == (save.lossless, save.original) {
        return Cow::Borrowed(save);
    }
    Cow::Owned(Save { lossless, original: header.original, ..save.clone() })
}

/// Reads the header and plans the rendering.
pub(crate) fn prepare(
    bytes: &[u8],
    pipeline: &Pipeline,
    save: &Save,
    control: &DecodeControl<'_>,
) -> Result<Prepared, ItemError> {
    guarded(|| {
        let header = codec::probe_with(bytes, page_of(save), control)?;
        let save = effective_save(save, &header).into_owned();
        let save = &save;
        let format = save.format.resolve(header.format);
        let is_first = save.frames == FramesChoice::First || !format.holds_frames();
        let frames = if is_first { 1 } else { header.frames };
        let of_hdr = if hdr_kept(&header, frames, format, save) == HdrChoice::Keep {
            Some(pipeline.encoded_by(header.tone_mapped.and_then(Transfer::from_name).unwrap_or_default())?)
        } else {
            None
        };
        let (mut plan, drawn_small) = full_plan(of_hdr.as_ref().unwrap_or(pipeline), &header)?;
        if frames > 1 {
            codec::check_frames(&header)?;
            plan = settled(plan, bytes, codec::colour_for(format, save.colour), *control)?;
        }
        let encoding_bytes = if frames > 1 {
            let picture = Picture { canvas: plan.output(), frames, plays: Plays::Forever };
            codec::animation_bytes(format, save, &picture)
        } else {
            codec::encoding_bytes(format, save, &plan.output())
        };
        let decoding_bytes = if frames > 1 {
            codec::frames_held_bytes(bytes, &header)
        } else {
            codec::decode_bytes(bytes, &codec::drawn_at(&header, plan.max_downscale()))
        };
        let (truncated, damaged) = (TruncatedPolicy::Fail, DamagedPolicy::Fail);
        let gain_map = if frames == 1 { gain_map::kept(bytes, format, save) } else { None };
        let gain_map = gain_map.map(|found| {
            let taken = gain_map::peak_bytes(bytes, &found, &plan.moves());
            (found, taken)
        });
        Ok(Prepared {
            header,
            plan,
            drawn_small,
            format,
            frames,
            decoding_bytes,
            encoding_bytes,
            truncated,
            damaged,
            rewriting: Rewriting::No,
            page: save.page,
            gain_map,
        })
    })
}

/// Whether PQ or HLG stays in a result of so many frames. Animations have a standard range.
fn hdr_kept(header: &Header, frames: u32, format: Format, save: &Save) -> HdrChoice {
    if frames > 1 { HdrChoice::Sdr } else { codec::hdr_for(header, format, save) }
}

/// The plan of a recipe for an image of full size. A drawing is drawn as large as the recipe makes it, unless something
/// prevents that.
pub(crate) fn full_plan(pipeline: &Pipeline, header: &Header) -> Result<(Plan, Option<DrawnSmall>), ItemError> {
    if codec::is_drawing(header.format) {
        pipeline.plan_drawing(&header.info, header.orientation)
    } else {
        Ok((pipeline.plan(&header.info, header.orientation, 1.0)?, None))
    }
}

/// A plan whose pixel-dependent steps have been settled by the first frame, so that they treat all frames alike.
fn settled(plan: Plan, bytes: &[u8], colour: ColourChoice, control: DecodeControl<'_>) -> Result<Plan, ItemError> {
    if plan.is_certain() {
        return Ok(plan);
    }
    // Whether a file that ends early is accepted is decided later.
    let truncated = TruncatedPolicy::Keep;
    let options = DecodeOptions { colour, truncated, ..DecodeOptions::default() };
    let mut opened = codec::open_frames_cancellable(bytes, &options, control)?;
    opened.frames.next_frame()?;
    plan.settled(opened.frames.rows().as_mut(), control.cancelled)
}

impl Prepared {
    /// The result's size in px; `None` if it depends on the pixels.
    pub(crate) fn known_size_px(&self) -> Option<(u32, u32)> {
        let info = self.plan.output();
        self.plan.is_certain().then_some((info.width_px, info.height_px))
    }

    /// The page that is rendered, counted from 0.
    fn page(&self) -> u32 {
        u32::from(self.page.unwrap_or(1)).saturating_sub(1)
    }

    /// The input's size in px, upright.
    pub(crate) fn input_size_px(&self) -> (u32, u32) {
        self.header.upright_size_px()
    }

    /// What is left out of the image without having been requested.
    pub(crate) fn remarks(&self, save: &Save) -> Vec<Remark> {
        let pages = self.header.pages;
        let first_page = (pages > 1 && self.page.is_none()).then_some(Remark::FirstPage { pages });
        let colours = self.header.treated_as_srgb.map(|name| Remark::TakenForSrgb { colours: name.to_owned() });
        let is_kept = self.hdr(save) == HdrChoice::Keep;
        let tone_mapped =
            self.header.tone_mapped.filter(|_| !is_kept).map(|name| Remark::ToneMapped { colours: name.to_owned() });
        let is_cut = save.frames == FramesChoice::All && self.frames < self.header.frames;
        let first_frame = is_cut.then_some(Remark::FirstFrame { frames: self.header.frames });
        let drawn_small = self.drawn_small.map(|why| match why {
            DrawnSmall::Step(step) => Remark::DrawnSmall { step: step.to_owned() },
            DrawnSmall::TooLarge => Remark::DrawnTooLarge,
        });
        let all = first_page.into_iter().chain(first_frame).chain(colours).chain(tone_mapped).chain(drawn_small);
        all.chain(self.rewriting.remark()).collect()
    }

    /// The same, and what the result's format can't hold, if that is known without decoding the image: its decoder gives
    /// metadata before the first row, and holds only some rows.
    pub(crate) fn expected_remarks(&self, bytes: &[u8], save: &Save) -> Vec<Remark> {
        let mut remarks = self.remarks(save);
        if self.frames > 1 || self.decoding_bytes >= self.header.info.size_bytes() {
            return remarks;
        }
        let options = DecodeOptions {
            colour: codec::colour_for(self.format, save.colour),
            hdr: self.hdr(save),
            truncated: self.truncated,
            damaged: self.damaged,
            page: self.page(),
            ..DecodeOptions::default()
        };
        // What can't be opened fails when it is rendered.
        if let Ok(opened) = guarded(|| codec::open(bytes, &options)) {
            remarks.extend(self.converted(save, opened.is_converted));
            let keeps_map = self.gain_map.is_some();
            remarks.extend(self.left_out(save, opened.profile.as_ref(), &opened.metadata, keeps_map));
        }
        remarks
    }

    /// Whether PQ or HLG stays in the result.
    fn hdr(&self, save: &Save) -> HdrChoice {
        hdr_kept(&self.header, self.frames, self.format, save)
    }

    /// Names the parts of the file that the result does not have, although the settings keep them.
    fn left_out(
        &self,
        save: &Save,
        profile: Option<&Arc<[u8]>>,
        metadata: &Metadata,
        keeps_map: bool,
    ) -> Option<Remark> {
        let mut parts = codec::left_out(self.format, save, profile, metadata);
        if let Some((found, _)) = self.gain_map.as_ref().filter(|_| keeps_map) {
            codec::without_gain_map(&mut parts, found);
        }
        (!parts.is_empty()).then(|| Remark::LeftOut { parts, format: self.format.label().to_owned() })
    }

    /// Says that a colour space was requested which the result's format can't hold.
    fn converted(&self, save: &Save, is_converted: bool) -> Option<Remark> {
        let is_lost = match save.colour {
            ColourChoice::Srgb => false,
            ColourChoice::Keep => is_converted,
            _ => true,
        };
        (is_lost && !self.format.carries_profile())
            .then(|| Remark::ConvertedToSrgb { format: self.format.label().to_owned() })
    }

    /// Says that a score was requested which the result does not have.
    fn missed(&self, save: &Save, score: Option<f64>) -> Option<Remark> {
        let target = save.target.filter(|_| self.format.default_quality().is_some())?;
        match score {
            None => Some(Remark::TargetOfAnimation),
            Some(score) => (score < f64::from(target)).then_some(Remark::TargetMissed { target }),
        }
    }

    /// The original's bytes, if re-encoding alone was requested and does not save enough; and a remark on a result that
    /// grew. `is_kept_whole` is whether the metadata policy keeps all of the original.
    fn smaller(&self, bytes: &[u8], rendered: &mut Rendered, save: &Save, is_kept_whole: bool) {
        let is_same = self.format == self.header.format && self.plan.changes_nothing(self.header.orientation);
        let (from, to) = (bytes.len() as u64, rendered.bytes.len() as u64);
        let percent = u64::from(save.min_saving.unwrap_or(0).min(100));
        let saves_enough = to.saturating_mul(100) < from.saturating_mul(100 - percent) || (to, percent) == (from, 0);
        if save.min_saving.is_some() && is_same && is_kept_whole && !saves_enough && rendered.truncation.is_none() {
            rendered.bytes = bytes.to_vec();
            rendered.remarks.push(Remark::KeptOriginal);
            return;
        }
        let (width_px, height_px) = self.input_size_px();
        let pixels = |width_px: u32, height_px: u32| u64::from(width_px) * u64::from(height_px);
        let is_enlarged = pixels(rendered.info.width_px, rendered.info.height_px) > pixels(width_px, height_px);
        // A few bytes more are of no interest.
        if self.format == self.header.format && !is_enlarged && to > from + (from / 20).max(1_024) {
            rendered.remarks.push(Remark::Grew { from, to });
        }
    }

    /// The same, rewritten instead of rendered where that is requested and possible.
    pub(crate) fn rewriting(mut self, bytes: &[u8], recipe: &Recipe, save: &Save) -> Self {
        let is_transcoded = save.transcode && self.frames == 1 && codec::transcodes(bytes, self.format);
        if is_transcoded || (self.format == self.header.format && codec::rewrites(self.format)) {
            let (how, plan) = rewriting(bytes, &self.header, &self.plan, recipe, save);
            self.rewriting = how;
            self.plan = plan.unwrap_or(self.plan);
        }
        self
    }

    /// The rewritten file. The inner error is for a file that has to be rendered, and what its result says about that.
    fn rewrite(
        &self,
        bytes: &[u8],
        save: &Save,
        control: &DecodeControl<'_>,
    ) -> Result<Result<Rendered, Option<Remark>>, ItemError> {
        let cancelled = control.cancelled;
        let change = match &self.rewriting {
            Rewriting::No | Rewriting::Refused(_) => return Ok(Err(None)),
            Rewriting::AsStored { .. } => None,
            Rewriting::Rearranged { change, .. } => Some(change),
        };
        let is_transcoded = self.format != self.header.format;
        let refused = |why| {
            let is_told = is_transcoded || change.is_some();
            Ok(Err(is_told.then_some(Remark::NotLossless { why })))
        };
        let file = if is_transcoded {
            codec::transcoded(bytes, (self.header.format, self.format), save, change, cancelled)?
        } else {
            codec::rewritten(bytes, self.format, save, change, cancelled)?
        };
        let Some(mut file) = file else {
            return refused(LossReason::Data);
        };
        // What is rewritten as it is stored is not turned.
        let moves = change.map(|_| self.plan.moves());
        if let (Some(map), Some((found, _))) = (self.read_map(bytes, control)?, &self.gain_map)
            && let Some(coded) = self.coded_map(&map, moves.as_ref(), save, cancelled)?
            && let Some(whole) = gain_map::joined(&file.bytes, &coded, self.format, save)
        {
            file.bytes = whole;
            codec::without_gain_map(&mut file.left_out, found);
        }
        if save.max_bytes.is_some_and(|most| file.bytes.len() as u64 > most) {
            return refused(LossReason::Size);
        }
        let format = self.format.label().to_owned();
        let left_out = (!file.left_out.is_empty()).then_some(Remark::LeftOut { parts: file.left_out, format });
        let remarks = self.remarks(save).into_iter().chain(left_out).collect();
        let is_kept_whole = codec::keeps_all(&file.metadata, save.metadata);
        let mut rendered =
            Rendered { bytes: file.bytes, info: self.plan.output(), truncation: None, remarks, score: None };
        self.smaller(bytes, &mut rendered, save, is_kept_whole);
        Ok(Ok(rendered))
    }

    /// The same with other policies for files that end early and for damaged ones.
    pub(crate) fn accepting(self, truncated: TruncatedPolicy, damaged: DamagedPolicy) -> Self {
        Self { truncated, damaged, ..self }
    }

    /// Peak memory of rendering in bytes, including the input's and the output's files.
    pub(crate) fn peak_bytes(&self, file_bytes: u64) -> u64 {
        let rendering = self.decoding_bytes.saturating_add(self.plan.peak_bytes()).saturating_add(self.encoding_bytes);
        // What can't be rewritten is rendered afterwards.
        let gain_map = self.gain_map.as_ref().map_or(0, |(_, bytes)| *bytes);
        file_bytes.saturating_add(rendering.max(self.rewriting.bytes())).saturating_add(gain_map)
    }

    /// The image's gain map, if results keep it and it is not damaged.
    pub(super) fn read_map(&self, bytes: &[u8], control: &DecodeControl<'_>) -> Result<Option<GainMap>, ItemError> {
        gain_map::read(bytes, self.gain_map.as_ref().map(|(found, _)| found), control)
    }

    /// Whether the result keeps the image's gain map, if it can be read.
    pub(super) const fn keeps_map(&self) -> bool {
        self.gain_map.is_some()
    }

    fn coded_map(
        &self,
        map: &GainMap,
        moves: Option<&Moves>,
        save: &Save,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Option<CodedGainMap>, ItemError> {
        gain_map::coded(map, &self.header.info, moves, (self.format, save), cancelled)
    }

    /// Decodes, runs the pipeline and encodes.
    pub(crate) fn render(&self, bytes: &[u8], save: &Save, control: &DecodeControl<'_>) -> Result<Rendered, ItemError> {
        self.render_kept(bytes, save, control).map_err(|error| without_part(error, self.damaged))
    }

    fn render_kept(&self, bytes: &[u8], save: &Save, control: &DecodeControl<'_>) -> Result<Rendered, ItemError> {
        let cancelled = control.cancelled;
        let save = effective_save(save, &self.header);
        let save = save.as_ref();
        if self.frames > 1 {
            return guarded(|| self.render_frames(bytes, save, *control));
        }
        let refused = match guarded(|| self.rewrite(bytes, save, control))? {
            Ok(rendered) => return Ok(rendered),
            Err(refused) => refused,
        };
        guarded(|| {
            let options = self.decode_options(save);
            let mut opened = codec::open_cancellable(bytes, &options, control)?;
            let gain_map = self.read_map(bytes, control)?;
            let source = Source {
                profile: opened.profile.as_ref(),
                stored_profile: opened.stored_profile.as_ref(),
                metadata: &opened.metadata,
                is_converted: opened.is_converted,
                gain_map: gain_map.as_ref(),
            };
            self.encode(bytes, (opened.rows.as_mut(), StepsToRun::All), &source, (save, refused), cancelled)
        })
    }
}

/// What a decoder says about an image besides its rows.
pub(super) struct Source<'a> {
    pub(super) profile: Option<&'a Arc<[u8]>>,
    /// The profile before colours were converted.
    pub(super) stored_profile: Option<&'a Arc<[u8]>>,
    pub(super) metadata: &'a Metadata,
    pub(super) is_converted: bool,
    /// The gain map of the stored image.
    pub(super) gain_map: Option<&'a GainMap>,
}

/// The steps that rows have not been through.
#[derive(Clone, Copy)]
pub(super) enum StepsToRun<'a> {
    All,
    /// Those after the steps that results share.
    Rest(&'a RestOfPlan<'a>),
}

/// Results whose keys are equal are made from the same decoded image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct DecodeKey {
    colour: ColourChoice,
    hdr: HdrChoice,
    page: u32,
    truncated: TruncatedPolicy,
    damaged: DamagedPolicy,
    /// The scale of a drawing: each size is drawn by itself.
    drawn_at: Option<f64>,
}

impl Prepared {
    /// What the result needs of the decoder.
    pub(super) fn decode_options(&self, save: &Save) -> DecodeOptions {
        DecodeOptions {
            max_downscale: self.plan.max_downscale(),
            luma: self.plan.accepts_luma(),
            colour: codec::colour_for(self.format, save.colour),
            hdr: self.hdr(save),
            truncated: self.truncated,
            damaged: self.damaged,
            page: self.page(),
            ..DecodeOptions::default()
        }
    }

    /// Which results it can share a decoded image with; `None` if it needs an own one, or none.
    pub(super) fn decode_key(&self, save: &Save) -> Option<DecodeKey> {
        let is_decoded = matches!(self.rewriting, Rewriting::No | Rewriting::Refused(_));
        (self.frames == 1 && is_decoded).then(|| DecodeKey {
            colour: codec::colour_for(self.format, save.colour),
            hdr: self.hdr(save),
            page: self.page(),
            truncated: self.truncated,
            damaged: self.damaged,
            drawn_at: codec::is_drawing(self.header.format).then(|| self.plan.max_downscale()),
        })
    }

    /// An error as a result of this image has it.
    pub(super) fn explained(&self, error: ItemError) -> ItemError {
        without_part(error, self.damaged)
    }

    /// Runs the pipeline on the rows of a decoded image and encodes.
    pub(super) fn render_from(
        &self,
        bytes: &[u8],
        rows: &mut dyn RowReader,
        steps: StepsToRun<'_>,
        source: &Source<'_>,
        save: &Save,
        control: &DecodeControl<'_>,
    ) -> Result<Rendered, ItemError> {
        let save = effective_save(save, &self.header);
        let rendered = guarded(|| self.encode(bytes, (rows, steps), source, (save.as_ref(), None), control.cancelled));
        rendered.map_err(|error| self.explained(error))
    }

    fn encode(
        &self,
        bytes: &[u8],
        (rows, steps): (&mut dyn RowReader, StepsToRun<'_>),
        source: &Source<'_>,
        (save, refused): (&Save, Option<Remark>),
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Rendered, ItemError> {
        let Source { profile, metadata, is_converted, .. } = *source;
        let map = source.gain_map.filter(|_| self.keeps_map());
        let converted_map =
            map.filter(|_| is_converted).map(|map| codec::gain_map_of_converted(map, source.stored_profile));
        let map = converted_map.as_ref().or(map);
        let (mut moves, is_certain) = (self.plan.moves_before(), self.plan.is_certain());
        // The picture gets what the map leaves of a limited size. A map that a step still has to cut gets the most it may take.
        let mut coded = match map {
            Some(map) if is_certain => self.coded_map(map, Some(&self.plan.moves()), save, cancelled)?,
            _ => None,
        };
        let reserved = match (map, &coded) {
            (Some(_), None) if !is_certain => save.max_bytes.map_or(0, codec::most_gain_map_bytes),
            (_, coded) => coded.as_ref().map_or(0, CodedGainMap::reserved_bytes),
        };
        let limited = gain_map::without_bytes(save, reserved);
        let mut encoder = codec::encoder(self.format, &limited, profile.cloned(), metadata)?;
        let info = match steps {
            StepsToRun::All => self.plan.run_noting(rows, encoder.as_mut(), cancelled, &mut moves)?,
            StepsToRun::Rest(rest) => rest.run(rows, encoder.as_mut(), cancelled, &mut moves)?,
        };
        let truncation = rows.truncation();
        let Encoded { bytes: mut file, score } = encoder.finish_cancellable(cancelled)?;
        if let Some(map) = map.filter(|_| !is_certain) {
            coded = self.coded_map(map, Some(&moves), save, cancelled)?;
        }
        let whole = coded.and_then(|coded| gain_map::joined(&file, &coded, self.format, save));
        let keeps_map = whole.is_some();
        file = whole.unwrap_or(file);
        let left_out = self.left_out(save, profile, metadata, keeps_map);
        let converted = self.converted(save, is_converted);
        let remarks = self.remarks(save).into_iter().chain(rows.remark());
        let remarks = remarks.chain(converted).chain(left_out).chain(refused).collect();
        let is_kept_whole = codec::keeps_all(metadata, save.metadata);
        let mut rendered = Rendered { bytes: file, info, truncation, remarks, score };
        rendered.remarks.extend(self.missed(save, score));
        self.smaller(bytes, &mut rendered, save, is_kept_whole);
        Ok(rendered)
    }

    /// Renders every frame of an animation, one after the other.
    fn render_frames(&self, bytes: &[u8], save: &Save, control: DecodeControl<'_>) -> Result<Rendered, ItemError> {
        let cancelled = control.cancelled;
        let canvas = self.plan.output();
        let same_size = (canvas.width_px, canvas.height_px) == (self.header.info.width_px, self.header.info.height_px);
        let options = DecodeOptions {
            colour: codec::colour_for(self.format, save.colour),
            truncated: self.truncated,
            damaged: self.damaged,
            ..DecodeOptions::default()
        };
        let (mut truncation, mut damaged) = (None, None);
        let (mut left_out, mut converted) = (None, None);
        let file = codec::within_bytes(self.format, save, |save| {
            let mut opened = codec::open_frames_cancellable(bytes, &options, control)?;
            truncation = opened.frames.truncation();
            damaged = opened.frames.is_damaged().then_some(Remark::Damaged);
            let picture = Picture { canvas, ..opened.frames.picture() };
            let profile = opened.profile.clone();
            left_out = self.left_out(save, profile.as_ref(), &opened.metadata, false);
            converted = self.converted(save, opened.is_converted);
            let mut encoder = codec::frame_encoder(self.format, save, picture, profile, &opened.metadata)?;
            while let Some(frame) = opened.frames.next_frame()? {
                if cancelled() {
                    return Err(ItemError::nameless(ErrorKind::Cancelled));
                }
                // On another canvas the frame's area does not apply.
                let area = if same_size { frame.area } else { Area::default() };
                encoder.begin(&Frame { area, ..frame })?;
                self.plan.run(opened.frames.rows().as_mut(), encoder.as_mut(), cancelled)?;
            }
            encoder.finish()
        })?;
        let remarks = self.remarks(save).into_iter().chain(damaged).chain(converted).chain(left_out).collect();
        let mut rendered = Rendered { bytes: file, info: canvas, truncation, remarks, score: None };
        rendered.remarks.extend(self.missed(save, None));
        Ok(rendered)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::super::render::*;
    use super::super::stripped::is_copied;
    use crate::model::{FormatChoice, MetadataPolicy, Step};

    #[test]
    fn a_lossless_webp_stays_lossless_unless_a_quality_or_another_format_is_requested() {
        let control = DecodeControl::in_process();
        let step = Step::new("resize").with("percent", 50.0);
        let pipeline = super::super::step_files::pipeline(&Recipe { steps: vec![step], ..Recipe::default() }).unwrap();
        let render = |bytes: &[u8], save: &Save| {
            let rendered =
                prepare(bytes, &pipeline, save, &control).unwrap().render(bytes, save, &control).unwrap().bytes;
            codec::probe(&rendered).unwrap()
        };
        let keep = Save::default();
        let png = include_bytes!("../../../assets/samples/orange-slice.png").as_slice();
        let still =
            |lossless| Save { format: FormatChoice::known("webp"), lossless, effort: Some(0), ..Save::default() };
        let moving = include_bytes!("../../../tests/reference/animation/disposals.gif").as_slice();
        for source in [png, moving] {
            let file = |save: &Save| {
                let nothing = super::super::step_files::pipeline(&Recipe::default()).unwrap();
                prepare(source, &nothing, save, &control).unwrap().render(source, save, &control).unwrap().bytes
            };
            let (lossless, lossy) = (file(&still(true)), file(&still(false)));
            assert!(codec::probe(&lossless).unwrap().lossless && !codec::probe(&lossy).unwrap().lossless);
            assert!(render(&lossless, &keep).lossless && !render(&lossy, &keep).lossless);
            assert!(!render(&lossless, &Save { quality: Some(80), ..keep.clone() }).lossless);
            assert!(!render(&lossless, &Save { format: FormatChoice::known("webp"), ..keep.clone() }).lossless);
        }
        assert!(!render(png, &keep).lossless, "no kind of PNG loses anything");
    }

    #[test]
    fn an_animation_is_saved_with_a_remark_where_only_its_first_frame_fits_unless_only_that_is_requested() {
        let control = DecodeControl::in_process();
        let avif = include_bytes!("../../../tests/reference/animation/moving.avif").as_slice();
        let jxl = include_bytes!("../../../tests/reference/animation/moving.jxl").as_slice();
        let pipeline = super::super::step_files::pipeline(&Recipe::default()).unwrap();
        let is_remark = |remark: &Remark| matches!(remark, Remark::FirstFrame { .. });
        for bytes in [avif, jxl] {
            let all = Save::default();
            let first = Save { frames: FramesChoice::First, ..Save::default() };
            let render =
                |save| prepare(bytes, &pipeline, save, &control).unwrap().render(bytes, save, &control).unwrap();
            let rendered = render(&first);
            assert!(!rendered.remarks.iter().any(is_remark));
            assert!(render(&all).remarks.iter().any(is_remark));
            assert_eq!(codec::probe(&rendered.bytes).unwrap().frames, 1);
            assert!(is_copied(bytes, &Recipe::default(), &all) && !is_copied(bytes, &Recipe::default(), &first));
            assert!(is_copied(&rendered.bytes, &Recipe::default(), &first));
        }
    }

    /// Pixels of a circle's drawing that are neither clear nor opaque, after these steps; and the remarks.
    fn edge_pixels(steps: &[Step]) -> (usize, Vec<Remark>) {
        let control = DecodeControl::in_process();
        let drawing =
            b"<svg xmlns='http://www.w3.org/2000/svg' width='8' height='8'><circle cx='4' cy='4' r='3'/></svg>";
        let recipe = Recipe { steps: steps.to_vec(), ..Recipe::default() };
        let pipeline = super::super::step_files::pipeline(&recipe).unwrap();
        let save = Save { format: FormatChoice::known("png"), ..Save::default() };
        let rendered = prepare(drawing, &pipeline, &save, &control).unwrap().render(drawing, &save, &control).unwrap();
        assert_eq!((rendered.info.width_px, rendered.info.height_px), (256, 256), "{steps:?}");
        let mut opened = codec::open(&rendered.bytes, &DecodeOptions::default()).unwrap();
        let mut band = crate::model::Band::empty(&opened.rows.info());
        opened.rows.read_rows(256, &mut band).unwrap();
        let crate::model::Samples::U8(samples) = band.samples else { panic!("8 bits") };
        (samples.chunks(4).filter(|pixel| !matches!(pixel[3], 0 | 255)).count(), rendered.remarks)
    }

    #[test]
    fn a_drawing_is_drawn_at_the_size_that_resizes_request() {
        let resize = |width: f64| Step::new("resize").with("width", width).with("enlarge", true);
        let before = [
            vec![],
            vec![Step::new("invert")],
            // This is one pixel of the result.
            vec![Step::new("gaussian_blur").with("sigma", 1.0 / 32.0)],
            vec![Step::new("flip"), Step::new("rotate").with("degrees", 90.0)],
            vec![Step::new("crop").with("x", 0.0).with("y", 0.0).with("width", 8.0).with("height", 8.0)],
            vec![resize(16.0), Step::new("sharpen").with("sigma", 0.1).with("amount", 0.1)],
            vec![Step::new("resize").with("percent", 50.0)],
        ];
        for mut steps in before {
            steps.push(resize(256.0));
            let (edge, remarks) = edge_pixels(&steps);
            // Enlarged as pixels, most of the circle's edge would be wider than ten pixels.
            assert!(edge < 6_000, "{steps:?}: {edge}");
            assert_eq!(remarks, [], "{steps:?}");
        }
        // The blur is as wide as it was at the drawing's own size.
        let blurred = [Step::new("gaussian_blur").with("sigma", 1.0), resize(256.0)];
        assert!(edge_pixels(&blurred).0 > 20_000);
    }

    #[test]
    fn a_drawing_that_is_enlarged_as_pixels_has_a_remark_with_the_reason() {
        let resize = Step::new("resize").with("width", 256.0).with("enlarge", true);
        let (edge, remarks) = edge_pixels(&[Step::new("median").with("radius", 1.0), resize.clone()]);
        assert!(edge > 6_000, "{edge}");
        assert_eq!(remarks, [Remark::DrawnSmall { step: "median".to_owned() }]);
        // After the resize, it is not in the way.
        assert_eq!(edge_pixels(&[resize.clone(), Step::new("median").with("radius", 1.0)]).1, []);
        // For a small part of it, the whole drawing would have to be as many times larger.
        let crop = Step::new("crop").with("x", 4.0).with("y", 4.0).with("width", 1.0).with("height", 1.0);
        assert_eq!(edge_pixels(&[crop.clone(), resize.clone()]).1, []);
        let larger = Step::new("resize").with("width", 1_300.0).with("enlarge", true);
        assert_eq!(edge_pixels(&[crop, larger, resize]).1, [Remark::DrawnTooLarge]);
    }

    #[test]
    fn a_fax_page_stays_one_unless_a_step_makes_it_gray() {
        use crate::model::{Original, TiffCompression};
        let control = DecodeControl::in_process();
        let page = include_bytes!("../../../tests/data/pictures/fax_g4.tif").as_slice();
        let original = Original { compression: Some(TiffCompression::G4), has_few_colours: true };
        assert_eq!(codec::probe(page).unwrap().original, original);
        let render = |steps: Vec<Step>, save: Save| {
            let pipeline = super::super::step_files::pipeline(&Recipe { steps, ..Recipe::default() }).unwrap();
            let bytes = prepare(page, &pipeline, &save, &control).unwrap().render(page, &save, &control).unwrap().bytes;
            (codec::probe(&bytes).unwrap().original, bytes.len())
        };
        let tiff = || Save { format: FormatChoice::known("tiff"), ..Save::default() };
        let crop = Step::new("crop").with("x", 10.0).with("y", 3.0).with("width", 300.0).with("height", 200.0);
        let turn = Step::new("rotate").with("degrees", 90.0);
        let flip = Step::new("flip").with("axis", "horizontal");
        for steps in [Vec::new(), vec![crop], vec![turn], vec![flip], vec![Step::new("invert")]] {
            let (kept, length) = render(steps.clone(), tiff());
            assert_eq!(kept, original, "{steps:?}");
            assert!(length < page.len() * 3 / 2, "{steps:?}: {length}");
        }
        let gray = render(vec![Step::new("gaussian_blur").with("sigma", 1.5)], tiff()).0;
        assert_eq!(gray, Original { compression: Some(TiffCompression::Lzw), has_few_colours: false });
        let chosen = render(Vec::new(), Save { compression: TiffCompression::Deflate, ..tiff() }).0;
        assert_eq!(chosen, Original { compression: Some(TiffCompression::Deflate), has_few_colours: true });
    }

    #[test]
    fn an_original_is_kept_where_re_encoding_saves_nothing_and_growth_is_reported() {
        let control = DecodeControl::in_process();
        let photo = include_bytes!("../../../assets/samples/dunes-at-dusk.jpg").as_slice();
        let render = |bytes: &[u8], steps: Vec<Step>, save: &Save| {
            let pipeline = super::super::step_files::pipeline(&Recipe { steps, ..Recipe::default() }).unwrap();
            prepare(bytes, &pipeline, save, &control).unwrap().render(bytes, save, &control).unwrap()
        };
        let at = |quality, min_saving| Save { quality: Some(quality), min_saving, ..Save::default() };
        let low = render(photo, Vec::new(), &at(20, None)).bytes;
        let grown = render(&low, Vec::new(), &at(85, None));
        let (from, to) = (low.len() as u64, grown.bytes.len() as u64);
        assert_eq!(grown.remarks, [Remark::Grew { from, to }]);
        let kept = render(&low, Vec::new(), &at(85, Some(0)));
        assert!(kept.bytes == low && kept.remarks == [Remark::KeptOriginal]);
        // A step or another format is always carried out.
        let inverted = render(&low, vec![Step::new("invert")], &at(85, Some(0)));
        assert!(inverted.bytes != low && !inverted.remarks.contains(&Remark::KeptOriginal));
        let png = render(&low, Vec::new(), &Save { format: FormatChoice::known("png"), ..at(85, Some(0)) });
        assert_eq!(png.remarks, []);
        // Half of the bytes are enough for 40 %, but not for 60 %.
        let photo = render(photo, Vec::new(), &at(90, None)).bytes;
        let half = render(&photo, Vec::new(), &at(70, None)).bytes;
        let percent = 100 - half.len() * 100 / photo.len();
        assert!(render(&photo, Vec::new(), &at(70, Some(percent as u8 - 5))).bytes == half);
        assert!(render(&photo, Vec::new(), &at(70, Some(percent as u8 + 5))).bytes == photo);
    }

    #[test]
    fn jpeg_is_turned_and_cut_without_loss_between_blocks_and_remarks_say_what_differs() {
        let control = DecodeControl::in_process();
        let photo = include_bytes!("../../../assets/samples/dunes-at-dusk.jpg").as_slice();
        let save = Save { lossless_jpeg: true, metadata: MetadataPolicy::Keep, ..Save::default() };
        let render = |bytes: &[u8], steps: &[Step], save: &Save| {
            let recipe = Recipe { steps: steps.to_vec(), ..Recipe::default() };
            let pipeline = super::super::step_files::pipeline(&recipe).unwrap();
            let prepared = prepare(bytes, &pipeline, save, &control).unwrap().rewriting(bytes, &recipe, save);
            let planned = prepared.known_size_px();
            let rendered = prepared.render(bytes, save, &control).unwrap();
            assert_eq!(planned, Some((rendered.info.width_px, rendered.info.height_px)));
            let header = codec::probe(&rendered.bytes).unwrap();
            assert_eq!((header.info.width_px, header.info.height_px), planned.unwrap());
            assert_eq!(header.orientation, crate::model::Orientation::Upright);
            rendered
        };
        let (right, left) = (Step::new("rotate").with("degrees", 90.0), Step::new("rotate").with("degrees", -90.0));
        let crop = |x: f64, width: f64| {
            let crop = Step::new("crop").with("x", x).with("y", 32.0);
            crop.with("width", width).with("height", 160.0)
        };
        let original = render(photo, &[crop(0.0, 320.0)], &save).bytes;
        // Encoding again would not give the same bytes.
        let there = render(&original, std::slice::from_ref(&right), &save);
        assert_eq!(there.remarks, []);
        assert!(render(&there.bytes, &[left], &save).bytes == original);
        let cut = render(&original, &[crop(21.0, 100.0)], &save);
        let remark = Remark::CutBetweenBlocks { x: 16, y: 32, size_px: (105, 128), asked_px: (100, 128) };
        assert_eq!(cut.remarks, [remark]);
        // 105 px are six blocks of 16 px, and a part that can't become the first column.
        let mirrored = render(&cut.bytes, &[Step::new("flip").with("axis", "horizontal")], &save);
        assert_eq!((mirrored.info.width_px, mirrored.remarks.len()), (96, 1));
        // Steps that do nothing to this image are no reason to encode it again.
        let resize = |px: f64| Step::new("resize").with("long_edge", px);
        assert_eq!(render(&original, &[resize(5_000.0), right.clone()], &save).bytes, there.bytes);
        let why = |rendered: &Rendered| {
            rendered.remarks.iter().find_map(|remark| match remark {
                Remark::NotLossless { why } => Some(*why),
                _ => None,
            })
        };
        assert_eq!(why(&render(&original, &[resize(100.0)], &save)), Some(LossReason::Steps));
        let display_p3 = Save { colour: ColourChoice::DisplayP3, ..save.clone() };
        assert_eq!(why(&render(&original, std::slice::from_ref(&right), &display_p3)), Some(LossReason::Colours));
        let small = Save { max_bytes: Some(4_000), ..save.clone() };
        assert_eq!(why(&render(&original, std::slice::from_ref(&right), &small)), Some(LossReason::Size));
        let few = render(&original, &[crop(0.0, 10.0)], &save).bytes;
        assert_eq!(
            why(&render(&few, &[Step::new("flip").with("axis", "horizontal")], &save)),
            Some(LossReason::Blocks)
        );
        // Other formats are not affected.
        let png = Save { format: FormatChoice::known("png"), ..Save::default() };
        let png = prepare(photo, &super::super::step_files::pipeline(&Recipe::default()).unwrap(), &png, &control);
        let png = png.unwrap().render(photo, &Save { effort: Some(1), ..Save::default() }, &control).unwrap().bytes;
        assert_eq!(render(&png, &[right], &save).remarks, []);
        assert!(is_copied(&png, &Recipe::default(), &save) && !is_copied(photo, &Recipe::default(), &save));
    }
}
