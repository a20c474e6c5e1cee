//! The request for a job: sources, recipe, outputs and limits.

use std::path::PathBuf;

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::choices::{Rgb, Subsampling, TiffCompression};
use super::format::FormatChoice;
use super::network::NetworkSpec;
use super::recipe::{Recipe, Step};
use super::source::SourceSpec;

/// A request for a job. The catalog stores its sources one by one, and the rest as JSON in `job_request`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct JobSpec {
    /// What kind of work the items are.
    pub work: Work,
    /// Where items come from, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<SourceSpec>,
    /// How lists among the sources are read.
    pub lists: ListSpec,
    /// The steps that all outputs share.
    pub recipe: Recipe,
    /// What is made of each item; at least one.
    pub outputs: Vec<Output>,
    /// What the job may use.
    pub limits: Limits,
    /// How links are fetched.
    pub network: NetworkSpec,
}

/// One result of each item.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Output {
    /// Its name; empty for a job's only output.
    pub name: String,
    /// Its own steps, after the shared ones.
    pub steps: Vec<Step>,
    /// How it is encoded.
    pub save: Save,
    /// Where it goes.
    pub sink: SinkSpec,
}

/// What kind of work a job's items are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// Pictures and links, through the recipe, to files.
    #[default]
    Pictures,
}

/// How lists with columns are read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ListSpec {
    /// The column of URLs; `None` is `url`, whatever its case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url_column: Option<String>,
    /// The column of checksums that what comes must have: MD5, SHA-1 or SHA-256 in hex, told apart by their length.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checksum_column: Option<String>,
}

/// How a result is encoded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Save {
    /// The format; `keep` is the input's own.
    pub format: FormatChoice,
    /// 1 to 100 for JPEG, WebP and AVIF; `None` is the format's default.
    pub quality: Option<u8>,
    /// The best quality up to `quality` (or 100) whose file is no larger.
    pub max_bytes: Option<u64>,
    /// WebP without loss.
    pub lossless: bool,
    /// How coarse JPEG's colour is.
    pub subsampling: Subsampling,
    /// JPEG in several passes.
    pub progressive: bool,
    /// JPEG with Optimized Huffman tables.
    pub optimize: bool,
    /// 0 (quickest) to 9 (smallest); `None` is the format's default.
    pub effort: Option<u8>,
    /// 2 to 256 colours at most; `None` is all of them for PNG, 256 for GIF.
    pub palette: Option<u16>,
    /// How TIFF packs its data.
    pub compression: TiffCompression,
    /// What alpha is laid over where the format has none.
    pub background: Rgb,
    /// Which frames of an animation.
    pub frames: FramesChoice,
    /// What of EXIF, XMP and IPTC goes along.
    pub metadata: MetadataPolicy,
    /// Which colour space the result has.
    pub colour: ColourChoice,
    /// Which page of a file with several is read, counted from 1; `None` is the first.
    pub page: Option<u16>,
}

/// Which frames of an animation are saved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FramesChoice {
    /// All of them; a format that can't hold them fails the item.
    #[default]
    All,
    /// Only the first, as a still picture.
    First,
}

/// What of a file's metadata goes along.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MetadataPolicy {
    /// Everything.
    Keep,
    /// Everything but where it was taken.
    #[default]
    NoGps,
    /// Nothing (a colour profile stays unless pixels were converted).
    Strip,
}

/// Which colour space results have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ColourChoice {
    /// Pixels are converted to sRGB.
    #[default]
    Srgb,
    /// Pixels keep their profile, which is embedded again.
    Keep,
    /// Pixels are converted to Display P3, whose profile is embedded.
    DisplayP3,
    /// Pixels are converted to Adobe RGB (1998), whose profile is embedded.
    AdobeRgb,
    /// Pixels are converted to ProPhoto RGB (ROMM), whose profile is embedded.
    ProphotoRgb,
    /// Pixels are converted to Rec. 2020, whose profile is embedded.
    Rec2020,
}

/// What becomes of a picture whose file ends early.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TruncatedPolicy {
    /// Its item fails, and says how much was there.
    #[default]
    Fail,
    /// What can be decoded is saved, and marked in the catalog.
    Keep,
}

/// Where results go and under which names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SinkSpec {
    /// The output folder; `None` is a new folder beside the first source (`<name>-pixloom`).
    #[serde(with = "super::path_text::option")]
    pub dir: Option<PathBuf>,
    /// The name template, without extension.
    pub name: String,
    /// Whether folders below a source are mirrored.
    pub tree: Tree,
    /// What happens when a name is taken.
    pub on_conflict: ConflictPolicy,
    /// How hard results are pressed onto the disk.
    pub durability: Durability,
}

/// Whether folders below a source are mirrored below the output folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tree {
    /// They are.
    #[default]
    Keep,
    /// Everything lands in one folder.
    Flat,
}

/// What happens when an output's name is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConflictPolicy {
    /// The new file becomes `name (1).ext`.
    #[default]
    Rename,
    /// The item is skipped.
    Skip,
    /// The old file is replaced, unless it is an input or another result of the same job.
    Overwrite,
    /// The item fails.
    Fail,
}

/// How hard results are pressed onto the disk before an item counts as done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Durability {
    /// fsync in groups, then the catalog.
    #[default]
    Group,
    /// No fsync.
    Fast,
}

/// What a job may use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Items in the pixel pool at once; `None` is one per core.
    pub workers: Option<usize>,
    /// URLs in flight at once.
    pub connections: usize,
    /// URLs in flight at one host.
    pub per_host: usize,
    /// Budget for pixels and fetched bytes in flight; `None` is half of free memory, at most 2 GiB.
    pub memory_bytes: Option<u64>,
    /// Seconds a network that is gone is waited for before the job stops, resumable.
    pub network_wait_s: u64,
    /// Seconds for which every host must fail before the network counts as gone; `None` is `config::NETWORK_GONE_S`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_gone_s: Option<u64>,
    /// Pixels (width times height) above which a picture is refused, as it comes in and as the recipe makes it; `None`
    /// is `config::MAX_PIXELS`.
    pub max_pixels: Option<u64>,
    /// Width or height in px above which a picture is refused; `None` is `config::MAX_SIDE_PX`.
    pub max_side_px: Option<u32>,
    /// Bytes that one item may take at once; `None` leaves that to `memory_bytes`.
    pub item_memory_bytes: Option<u64>,
    /// Seconds of decoding, operations and encoding after which an item is given up; `None` is
    /// `config::ITEM_TIMEOUT_S`.
    pub item_timeout_s: Option<u64>,
    /// What becomes of a picture whose file ends early.
    pub truncated: TruncatedPolicy,
}

impl Default for SinkSpec {
    fn default() -> Self {
        Self {
            dir: None,
            name: "{stem}".to_owned(),
            tree: Tree::default(),
            on_conflict: ConflictPolicy::default(),
            durability: Durability::default(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            workers: None,
            connections: 64,
            per_host: 8,
            memory_bytes: None,
            network_wait_s: 300,
            network_gone_s: None,
            max_pixels: None,
            max_side_px: None,
            item_memory_bytes: None,
            item_timeout_s: None,
            truncated: TruncatedPolicy::default(),
        }
    }
}

impl ColourChoice {
    /// Every choice, in the order of menus.
    pub const ALL: [Self; 6] =
        [Self::Srgb, Self::Keep, Self::DisplayP3, Self::AdobeRgb, Self::ProphotoRgb, Self::Rec2020];

    /// The name in scripts and recipes.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Srgb => "srgb",
            Self::Keep => "keep",
            Self::DisplayP3 => "display-p3",
            Self::AdobeRgb => "adobe-rgb",
            Self::ProphotoRgb => "prophoto-rgb",
            Self::Rec2020 => "rec2020",
        }
    }
}

impl Default for JobSpec {
    fn default() -> Self {
        Self {
            work: Work::default(),
            sources: Vec::new(),
            lists: ListSpec::default(),
            recipe: Recipe::default(),
            outputs: vec![Output::default()],
            limits: Limits::default(),
            network: NetworkSpec::default(),
        }
    }
}

impl JobSpec {
    /// The first output.
    pub fn output(&self) -> &Output {
        static DEFAULT: LazyLock<Output> = LazyLock::new(Output::default);
        self.outputs.first().unwrap_or(&DEFAULT)
    }

    /// The first output, to be changed.
    pub fn output_mut(&mut self) -> &mut Output {
        if self.outputs.is_empty() {
            self.outputs.push(Output::default());
        }
        &mut self.outputs[0]
    }

    /// Everything but the sources.
    #[must_use]
    pub fn without_sources(&self) -> Self {
        Self {
            work: self.work,
            sources: Vec::new(),
            lists: self.lists.clone(),
            recipe: self.recipe.clone(),
            outputs: self.outputs.clone(),
            limits: self.limits.clone(),
            network: self.network.clone(),
        }
    }

    /// Whether results are the inputs' bytes, exactly: no step, no change of format, nothing left out.
    pub fn is_copy(&self) -> bool {
        is_copy(&self.recipe, &self.output().save)
    }
}

/// Whether results are the inputs' bytes, exactly: no step, nothing said of how they are to be written, no metadata
/// stripped.
pub fn is_copy(recipe: &Recipe, save: &Save) -> bool {
    is_untouched(recipe, save) && save.metadata != MetadataPolicy::Strip
}

/// Whether metadata is all that results lose.
pub fn is_only_stripped(recipe: &Recipe, save: &Save) -> bool {
    is_untouched(recipe, save) && save.metadata == MetadataPolicy::Strip
}

/// A quality, a size or a colour space means that the file is re-encoded.
fn is_untouched(recipe: &Recipe, save: &Save) -> bool {
    let says_how = save.given().any(|(key, _)| key.param.name != "metadata");
    recipe.active().next().is_none() && save.format == FormatChoice::Keep && !says_how
}
