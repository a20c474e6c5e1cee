//! Decides what happens to an item: whether it is refused, copied, stripped of its metadata or rendered, what its result
//! is called, and whether the policy for taken names lets it be saved. The run, the dry run and the preview share this
//! decision, so that a run does what was planned.
//!
//! Renders nothing and writes nothing.

use std::path::PathBuf;

use super::body::ItemBody;
use super::checksum::Checksum;
use super::claims::NameClaims;
use super::content_type_check::{actual_extension, check_content, with_content_type};
use super::extension::{extension_of_content, is_extension_of, own_extension};
use super::guarded::without_part;
use super::limits;
use super::naming::{NameHints, Naming, Resolution};
use super::outputs::{OutputPlan, Outputs};
use super::pages::page_of_whole;
use super::render::{Prepared, prepare};
use super::stripped::{StrippedImage, is_copied, stripped};
use super::texts::{ItemRecipe, RecipeTexts};
use crate::codec::{self, DecodeControl};
use crate::config::MAX_BODY_IN_MEMORY_BYTES;
use crate::error::{ErrorKind, ItemError};
use crate::model::{
    FieldValues, FormatChoice, ItemRow, JobSpec, Limits, Locator, Message, Origin, PageNumber, Recipe, Remark, Save,
    columns, is_copy,
};
use crate::op::Pipeline;
use crate::{source, store};

/// What is requested, as far as it decides about items.
#[derive(Clone, Copy)]
pub(crate) struct Rules<'a> {
    pub(crate) recipe: &'a Recipe,
    pub(crate) pipeline: &'a Pipeline,
    pub(crate) save: &'a Save,
    pub(crate) limits: &'a Limits,
    /// Whether local files that are not images are copied.
    pub(crate) copies_others: bool,
    /// Bytes of memory that all items may take together.
    pub(crate) budget_bytes: u64,
    /// For headers that only a helper process can read.
    pub(crate) control: DecodeControl<'a>,
}

/// An item and its bytes.
#[derive(Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub(crate) locator: &'a Locator,
    pub(crate) body: &'a ItemBody,
    pub(crate) size_bytes: u64,
    /// What the server said of it; `None` for a file.
    pub(crate) response: Option<Response<'a>>,
}

/// What a server said of a body.
#[derive(Clone, Copy, Default)]
pub(crate) struct Response<'a> {
    pub(crate) content_type: Option<&'a str>,
    /// The name that it suggested.
    pub(crate) file_name: Option<&'a str>,
}

/// What is done with an item's bytes.
pub(crate) enum Action {
    /// They are the result.
    Copy,
    /// They are the result without their metadata: these bytes, the image's size in px, and what else is lost.
    Strip { bytes: Vec<u8>, size_px: (u32, u32), remark: Option<Remark> },
    /// They go through the pipeline.
    Render(Box<Prepared>),
}

/// What happens to an item.
pub(crate) struct Decision {
    pub(crate) action: Action,
    /// The result's extension, without the dot.
    pub(crate) extension: String,
    /// When the image was taken, if names hold that.
    pub(crate) capture_time: Option<String>,
    /// SHA-256 of the result, if names hold it and it is known before any work.
    pub(crate) hash: Option<String>,
    /// The texts with fields that are drawn on it.
    pub(crate) texts: Vec<String>,
    /// The result's name.
    pub(crate) name: PlannedName,
}

/// What is requested of one item: a recipe whose texts have fields is another one for each.
pub(crate) struct ItemRules {
    pub(crate) recipe: Recipe,
    pub(crate) pipeline: Pipeline,
    pub(crate) texts: Vec<String>,
}

/// What is known of a result's name before the work.
pub(crate) enum PlannedName {
    /// It was not needed.
    NotNeeded,
    /// What follows from it.
    Known(Resolution),
    /// It contains the result's size or hash, which is known only after the work; those fields are in it as the template
    /// has them.
    Pending(PathBuf),
}

impl<'a> Rules<'a> {
    /// What one output of a job requests.
    pub(crate) fn of_output(
        OutputPlan { spec, pipeline, .. }: &'a OutputPlan,
        copies_others: bool,
        budget_bytes: u64,
        control: DecodeControl<'a>,
    ) -> Self {
        let (recipe, save, limits) = (&spec.recipe, &spec.output().save, &spec.limits);
        Self { recipe, pipeline, save, limits, copies_others, budget_bytes, control }
    }

    /// What is requested of an item with these values; `None` if the same is requested of all. Errors name no item.
    pub(crate) fn of_item(
        &self,
        texts: &RecipeTexts,
        values: impl FnOnce() -> FieldValues,
    ) -> Result<Option<ItemRules>, ItemError> {
        if texts.is_empty() {
            return Ok(None);
        }
        let ItemRecipe { recipe, texts } = texts.fill(self.recipe, &values());
        let pipeline = self.pipeline.changed(&recipe)?;
        Ok(Some(ItemRules { recipe, pipeline, texts }))
    }

    /// What is done with an item's bytes. Errors name the item.
    pub(crate) fn action(&self, subject: &Subject<'_>) -> Result<Action, ItemError> {
        self.nameless_action(subject).map_err(|error| error.named(subject.locator))
    }

    fn nameless_action(&self, subject: &Subject<'_>) -> Result<Action, ItemError> {
        let content_type = subject.response.and_then(|response| response.content_type);
        let page = match subject.locator.page() {
            Some(page) => Some(page),
            None => self.page_of_whole(subject).map_err(|error| with_content_type(error, content_type))?,
        };
        let save = self.save.of_page(page);
        // A page is not the file that it is in.
        if page.is_some() {
            return self.rendering(subject, &save, content_type);
        }
        if is_copy(self.recipe, self.save) {
            let refused = content_type.and_then(|content_type| check_content(&subject.body.head(), Some(content_type)));
            return match refused {
                Some(error) => Err(error),
                None => self.check_copied(subject).map(|()| Action::Copy),
            };
        }
        if self.copies_others && is_other_file(subject) {
            return Ok(Action::Copy);
        }
        let bytes = subject.body.bytes()?;
        if is_copied(&bytes, self.recipe, self.save) {
            return self.check_copied(subject).map(|()| Action::Copy);
        }
        if let Some(StrippedImage { bytes, size_px, remark }) = stripped(&bytes, self.recipe, self.save) {
            self.check_copied(subject)?;
            return Ok(Action::Strip { bytes, size_px, remark });
        }
        self.rendering(subject, &save, content_type)
    }

    fn rendering(&self, subject: &Subject<'_>, save: &Save, content_type: Option<&str>) -> Result<Action, ItemError> {
        let bytes = subject.body.bytes()?;
        let prepared = prepare(&bytes, self.pipeline, save, &self.control)
            .and_then(|prepared| {
                let prepared = prepared.rewriting(&bytes, self.recipe, save);
                limits::check(self.limits, self.budget_bytes, &prepared, subject.size_bytes)?;
                Ok(prepared.accepting(self.limits.truncated, self.limits.damaged))
            })
            .map_err(|error| without_part(with_content_type(error, content_type), self.limits.damaged))?;
        Ok(Action::Render(Box::new(prepared)))
    }

    /// The page that a whole file or link is. Only documents are asked for their pages.
    fn page_of_whole(&self, subject: &Subject<'_>) -> Result<Option<PageNumber>, ItemError> {
        let is_document = || codec::sniff(&subject.body.head()).is_some_and(codec::may_have_pages);
        if !self.limits.pages.makes_items() || !is_document() {
            return Ok(None);
        }
        let header = codec::probe_with(&subject.body.bytes()?, 0, &self.control)?;
        page_of_whole(self.limits.pages, &header, subject.response.is_some())
    }

    /// Refuses an image above limits that were set, although it is not decoded.
    fn check_copied(&self, subject: &Subject<'_>) -> Result<(), ItemError> {
        let is_limited = self.limits.max_pixels.is_some() || self.limits.max_side_px.is_some();
        if !is_limited || !codec::is_image(&subject.body.head()) {
            return Ok(());
        }
        match codec::probe(&subject.body.bytes()?) {
            Ok(header) => limits::check_input(self.limits, &header),
            // What can't be read can be copied.
            Err(_) => Ok(()),
        }
    }
}

/// Whether local files that are not images are copied.
pub(crate) fn copies_others(spec: &JobSpec) -> bool {
    spec.sources.iter().any(source::copies_others)
}

/// Whether a file is neither called an image nor one.
fn is_other_file(subject: &Subject<'_>) -> bool {
    let is_called_image = subject.locator.path().is_none_or(source::is_image_name);
    !is_called_image && !codec::is_image(&subject.body.head())
}

/// Whether an item is copied, or most likely so: its bytes are not read before that is known.
pub(crate) fn may_be_copied(spec: &JobSpec, locator: &Locator) -> bool {
    let is_called_other = locator.path().is_some_and(|path| !source::is_image_name(path));
    locator.page().is_none() && (spec.is_copy() || (is_called_other && copies_others(spec)))
}

/// Why an item is refused by what its list says, before its bytes are needed.
pub(crate) fn refusal(spec: &JobSpec, outputs: &Outputs, row: &ItemRow) -> Option<ItemError> {
    // A line of a list that was fetched must not become a file of this machine by being tried again.
    if row.origin == Origin::Fetched && row.locator.path().is_some() {
        return Some(ItemError::new(ErrorKind::BadUrl, &row.locator).saying(&Message::new("file_in_fetched_list")));
    }
    outputs.missing_column(row).or_else(|| checksum(spec, row).err())
}

/// The checksum that an item's list gives for what its link leads to.
pub(crate) fn checksum(spec: &JobSpec, row: &ItemRow) -> Result<Option<Checksum>, ItemError> {
    match &spec.lists.checksum_column {
        Some(column) if row.locator.path().is_none() => Checksum::of(row, column),
        None if row.locator.path().is_none() => Checksum::of(row, columns::ARIA2_CHECKSUM),
        _ => Ok(None),
    }
}

/// Decides what happens to an item. Its name is planned where that may decide what happens (see
/// [`NameClaims::wants_name`]). Errors name the item.
pub(crate) fn decide(
    rules: &Rules<'_>,
    naming: &Naming,
    row: &ItemRow,
    subject: &Subject<'_>,
    claims: &dyn NameClaims,
) -> Result<Decision, ItemError> {
    let has_date = naming.needs_date() || naming.texts().has_date();
    let capture_time = if has_date { subject.body.capture_time() } else { None };
    let hints = NameHints { taken: capture_time.as_deref(), ..subject.hints() };
    let own = rules.of_item(naming.texts(), || naming.values(row, hints)).map_err(|error| error.named(&row.locator))?;
    let action = own.as_ref().map_or(*rules, |own| own.applied(rules)).action(subject)?;
    let extension = action.extension(subject, rules.save.format);
    let texts = own.filter(|_| matches!(action, Action::Render(_))).map(|own| own.texts).unwrap_or_default();
    let mut decision = Decision { action, extension, capture_time, hash: None, texts, name: PlannedName::NotNeeded };
    if !claims.wants_name(naming.policy()) {
        return Ok(decision);
    }
    if naming.needs_hash() {
        decision.hash = decision.action.known_hash(subject.body)?;
    }
    let size_px = decision.action.known_size_px();
    let is_known = (!naming.needs_hash() || decision.hash.is_some()) && (!naming.needs_size() || size_px.is_some());
    let hash = decision.hash.as_deref().unwrap_or_default();
    let hints = NameHints { size_px: size_px.flatten(), hash, is_pending: !is_known, ..decision.hints(subject) };
    let planned = naming.planned_path(row, hints, &decision.extension);
    decision.name = if is_known {
        PlannedName::Known(naming.resolve(&planned, row, claims))
    } else {
        PlannedName::Pending(planned.path())
    };
    Ok(decision)
}

impl Decision {
    /// What a result's name is made of besides its item's row, without its size and hash.
    pub(crate) fn hints<'a>(&'a self, subject: &Subject<'a>) -> NameHints<'a> {
        NameHints { taken: self.capture_time.as_deref(), ..subject.hints() }
    }
}

impl<'a> Subject<'a> {
    fn hints(&self) -> NameHints<'a> {
        NameHints { file_name: self.response.and_then(|response| response.file_name), ..NameHints::default() }
    }
}

impl ItemRules {
    /// The job's rules with this recipe.
    pub(crate) fn applied<'a>(&'a self, rules: &Rules<'a>) -> Rules<'a> {
        Rules { recipe: &self.recipe, pipeline: &self.pipeline, ..*rules }
    }
}

impl Action {
    /// Memory that it takes, in bytes, the input's bytes included.
    pub(crate) fn peak_bytes(&self, file_bytes: u64) -> u64 {
        match self {
            Self::Copy => file_bytes.min(MAX_BODY_IN_MEMORY_BYTES),
            Self::Strip { bytes, .. } => file_bytes.saturating_add(bytes.len() as u64),
            Self::Render(prepared) => prepared.peak_bytes(file_bytes),
        }
    }

    /// The input's size in px, upright; `None` if it is not decoded.
    pub(crate) fn input_size_px(&self) -> Option<(u32, u32)> {
        match self {
            Self::Copy => None,
            Self::Strip { size_px, .. } => Some(*size_px),
            Self::Render(prepared) => Some(prepared.input_size_px()),
        }
    }

    /// The result's size in px, as names hold it; `None` if only the work will tell. A copy has none to be named by.
    #[expect(clippy::option_option, reason = "whether it is known, and whether there is one")]
    fn known_size_px(&self) -> Option<Option<(u32, u32)>> {
        match self {
            Self::Copy => Some(None),
            Self::Strip { size_px, .. } => Some(Some(*size_px)),
            Self::Render(prepared) => prepared.known_size_px().map(Some),
        }
    }

    /// SHA-256 of the result; `None` if it is known only after the work.
    fn known_hash(&self, body: &ItemBody) -> Result<Option<String>, ItemError> {
        match self {
            Self::Copy => body.hash().map(Some),
            Self::Strip { bytes, .. } => Ok(Some(store::sha256_hex(bytes))),
            Self::Render(_) => Ok(None),
        }
    }

    /// The result's extension, without the dot. A format that is kept keeps the spelling of its extension, and one that is
    /// chosen has one spelling; a copy keeps its own, unless it has none or it was fetched under one that says something
    /// else than its content.
    fn extension(&self, subject: &Subject<'_>, choice: FormatChoice) -> String {
        let response = subject.response.unwrap_or_default();
        let own = own_extension(subject.locator, response.file_name);
        match (self, own) {
            (Self::Render(prepared), Some(own))
                if choice == FormatChoice::Keep && is_extension_of(&own, prepared.format) =>
            {
                own
            }
            (Self::Render(prepared), _) => prepared.format.extension().to_owned(),
            (Self::Copy | Self::Strip { .. }, Some(own)) => {
                let actual = subject
                    .response
                    .and_then(|response| actual_extension(&own, &subject.body.head(), response.content_type));
                actual.unwrap_or(own)
            }
            (Self::Copy | Self::Strip { .. }, None) => {
                extension_of_content(&subject.body.head(), response.content_type).unwrap_or_default()
            }
        }
    }
}
