//! The request for a job: sources, recipe, outputs and limits.

mod outputs;
mod query;

use std::path::PathBuf;

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::choices::{Original, Rgb, Subsampling, TiffCompression};
use super::database::WriteBackSpec;
use super::format::FormatChoice;
use super::network::NetworkSpec;
use super::pages::PagesChoice;
use super::recipe::{Recipe, Step};
use super::source::SourceSpec;
pub use outputs::{SinkPart, check_output_name};
pub use query::{QueryResult, QuerySpec, RowsFormat, WrittenFile};

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
    /// Where the results of items are written back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub write_back: Option<WriteBackSpec>,
    /// The statements, for [`Work::Query`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<QuerySpec>,
    /// Whether its folders are watched: it takes every new image until it is stopped.
    #[serde(skip_serializing_if = "is_false")]
    pub watch: bool,
}

impl JobSpec {
    /// Whether the job leaves changes in a database, which undo does not touch.
    pub fn leaves_rows(&self) -> bool {
        self.write_back.is_some() || self.query.as_ref().is_some_and(QuerySpec::leaves_rows)
    }
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
    /// Images and links: apply the recipe and write files.
    #[default]
    Pictures,
    /// Statements: run them and keep their results, as the job's [`QuerySpec`] says.
    Query,
}

/// How lists with columns are read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ListSpec {
    /// The column of URLs; `None` is the only one that holds links, else `url`, case-insensitively.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url_column: Option<String>,
    /// The column of checksums that files must have: MD5, SHA-1, SHA-256, SHA-384 or SHA-512.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checksum_column: Option<String>,
    /// The encoding of lists, such as `euc-kr`; `None` is detected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// Whether each row is an item with all of its columns, whatever they hold.
    #[serde(skip_serializing_if = "is_false")]
    pub takes_rows: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde calls")]
fn is_false(value: &bool) -> bool {
    !value
}

/// How a result is encoded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Save {
    /// The format; `keep` is the input's own.
    pub format: FormatChoice,
    /// 1 to 100 for JPEG, WebP, AVIF and JPEG XL; `None` is the format's default.
    pub quality: Option<u8>,
    /// Size limit: the best quality up to `quality` (or 100) is chosen that keeps to it.
    pub max_bytes: Option<u64>,
    /// SSIMULACRA 2 score that a result reaches, 1 to 100: the lowest quality is chosen that does.
    pub target: Option<u8>,
    /// Lossless WebP and JPEG XL.
    pub lossless: bool,
    /// JPEG's chroma subsampling.
    pub subsampling: Subsampling,
    /// Progressive JPEG.
    pub progressive: bool,
    /// Optimized Huffman tables for JPEG.
    pub optimize: bool,
    /// Whether JPEG files that are only cut and turned are not decoded: whole blocks are moved, without loss.
    pub lossless_jpeg: bool,
    /// Whether JPEG files become JPEG XL without loss.
    pub transcode: bool,
    /// 0 (fastest) to 9 (smallest); `None` is the format's default.
    pub effort: Option<u8>,
    /// Number of colours, 2 to 256; `None` is unlimited for PNG and 256 for GIF.
    pub palette: Option<u16>,
    /// TIFF's compression.
    pub compression: TiffCompression,
    /// The background colour for formats without alpha.
    pub background: Rgb,
    /// Which frames of an animation.
    pub frames: FramesChoice,
    /// Which EXIF, XMP and IPTC data to keep.
    pub metadata: MetadataPolicy,
    /// The result's colour space.
    pub colour: ColourChoice,
    /// What becomes of a high dynamic range.
    pub hdr: HdrChoice,
    /// The page of a multi-page file, from 1; `None` is the first.
    pub page: Option<u16>,
    /// Percent that re-encoding alone must save: otherwise the original's bytes are the result. `None` saves any result.
    pub min_saving: Option<u8>,
    /// How the original is stored; known only for each item, and never part of a request.
    #[serde(skip)]
    pub original: Original,
}

/// Which frames of an animation are saved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FramesChoice {
    /// All; the item fails if the format can't hold them.
    #[default]
    All,
    /// Only the first, as a still image.
    First,
}

/// Which metadata to keep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MetadataPolicy {
    /// All.
    Keep,
    /// All except GPS positions.
    #[default]
    NoGps,
    /// None (a colour profile stays unless pixels were converted).
    Strip,
}

/// The colour space of results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ColourChoice {
    /// Pixels are converted to sRGB.
    #[default]
    Srgb,
    /// Pixels are not converted, and their profile is embedded.
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

/// What becomes of a high dynamic range.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HdrChoice {
    /// Results have a standard range: PQ and HLG are mapped to it, and gain maps are left out.
    #[default]
    Sdr,
    /// PQ, HLG and gain maps are kept by formats that can hold them.
    Keep,
}

/// What to do with truncated images.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TruncatedPolicy {
    /// The item fails, and the error says how much was there.
    #[default]
    Fail,
    /// The part that can be decoded is saved and marked in the catalog.
    Keep,
}

/// What to do with images whose data is damaged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DamagedPolicy {
    /// The item fails.
    #[default]
    Fail,
    /// What can be decoded is saved, with a remark.
    Keep,
}

/// How camera raw files are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RawChoice {
    /// The JPEG image that the camera embedded, if it is as large as the result needs; else the sensor's data is developed.
    #[default]
    Preview,
    /// The sensor's data is developed.
    Develop,
}

/// What to do with a camera raw file and a JPEG or HEIC file of the same name in one folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RawPairs {
    /// Both are items.
    #[default]
    Both,
    /// Only the raw file is one.
    Raw,
    /// Only the other one is.
    Jpeg,
}

/// Where results go, and their names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SinkSpec {
    /// The output folder; `None` is a new folder next to the first source (`<name>-pixloom`).
    #[serde(with = "crate::model::path_text::option")]
    pub dir: Option<PathBuf>,
    /// For one of several outputs: its folder in the output folder; `None` is one of its name.
    #[serde(with = "crate::model::path_text::option", skip_serializing_if = "Option::is_none")]
    pub folder: Option<PathBuf>,
    /// The name template, without extension.
    pub name: String,
    /// Whether to recreate the folder structure.
    pub tree: Tree,
    /// What happens if the file exists.
    pub on_conflict: ConflictPolicy,
    /// Whether results that an earlier job made of the same inputs are kept while those are unchanged, and else replaced.
    pub update: bool,
    /// Whether files that are replaced go to the system's trash first, so that undo can bring them back. `None`, the
    /// front end's default, is yes for a draft that is started and no otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trash: Option<bool>,
    /// How results are synced to disk.
    pub durability: Durability,
    /// Whether results keep the modification times of their inputs: of a file, or the one that a server gives.
    pub keep_times: bool,
}

/// Whether to recreate the folder structure in the output folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tree {
    /// Recreate it.
    #[default]
    Keep,
    /// Put all files in one folder.
    Flat,
}

/// What happens if an output file exists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConflictPolicy {
    /// The new file is named `name (1).ext`.
    #[default]
    Rename,
    /// The item is skipped.
    Skip,
    /// The old file is replaced, unless it is an input or another result of the same job.
    Overwrite,
    /// The item fails.
    Fail,
}

/// How results are synced to disk before an item counts as done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Durability {
    /// fsync in groups, before the catalog is updated.
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
    /// URLs fetched at once.
    pub connections: usize,
    /// URLs fetched at once per host.
    pub per_host: usize,
    /// Connections to each database.
    pub db_connections: usize,
    /// Budget for pixels and fetched bytes in progress; `None` is half of free memory, at most 2 GiB.
    pub memory_bytes: Option<u64>,
    /// Seconds to wait for a lost network before the job stops (resumable).
    pub network_wait_s: u64,
    /// Seconds to wait for a database that can't be reached before the job stops (resumable).
    pub database_wait_s: u64,
    /// Seconds for which every host must fail before the network counts as lost; `None` is `config::NETWORK_GONE_S`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_gone_s: Option<u64>,
    /// Largest image in pixels (width times height), both as input and after each step; `None` is `config::MAX_PIXELS`.
    pub max_pixels: Option<u64>,
    /// Largest width or height in px; `None` is `config::MAX_SIDE_PX`.
    pub max_side_px: Option<u32>,
    /// Bytes that one item may use; `None` is `memory_bytes`.
    pub item_memory_bytes: Option<u64>,
    /// Time limit per item in seconds; `None` is `config::ITEM_TIMEOUT_S`.
    pub item_timeout_s: Option<u64>,
    /// Largest file in bytes that is fetched from a link, decoded; `None` is no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_bytes: Option<u64>,
    /// What to do with truncated images.
    pub truncated: TruncatedPolicy,
    /// What to do with damaged images.
    pub damaged: DamagedPolicy,
    /// How camera raw files are read.
    pub raw: RawChoice,
    /// Which files of pairs of a raw file and another one are items.
    pub raw_pairs: RawPairs,
    /// Which pages of documents are items.
    pub pages: PagesChoice,
    /// Items that may fail in one run; one more stops the job, which can be resumed. `None` is no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_failures: Option<u64>,
}

impl Default for SinkSpec {
    fn default() -> Self {
        Self {
            dir: None,
            folder: None,
            name: "{stem}".to_owned(),
            tree: Tree::default(),
            on_conflict: ConflictPolicy::default(),
            update: false,
            trash: None,
            durability: Durability::default(),
            keep_times: false,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            workers: None,
            connections: 64,
            per_host: 8,
            db_connections: 8,
            memory_bytes: None,
            network_wait_s: 300,
            database_wait_s: 300,
            network_gone_s: None,
            max_pixels: None,
            max_side_px: None,
            item_memory_bytes: None,
            item_timeout_s: None,
            max_bytes: None,
            truncated: TruncatedPolicy::default(),
            damaged: DamagedPolicy::default(),
            raw: RawChoice::default(),
            raw_pairs: RawPairs::default(),
            pages: PagesChoice::default(),
            max_failures: None,
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
            write_back: None,
            query: None,
            watch: false,
        }
    }
}

impl JobSpec {
    /// The first output.
    pub fn output(&self) -> &Output {
        static DEFAULT: LazyLock<Output> = LazyLock::new(Output::default);
        self.outputs.first().unwrap_or(&DEFAULT)
    }

    /// How durable the files of items are. Rows of statements that become one result later are not synced one by one: a
    /// resume checks them.
    pub fn item_durability(&self) -> Durability {
        let keeps_parts = self.query.as_ref().is_some_and(QuerySpec::keeps_parts);
        if keeps_parts { Durability::Fast } else { self.output().sink.durability }
    }

    /// The first output, mutable.
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
            write_back: self.write_back.clone(),
            query: self.query.clone(),
            watch: self.watch,
        }
    }

    /// Whether results are exact copies: no steps, no format change, no metadata removed.
    pub fn is_copy(&self) -> bool {
        if self.outputs.is_empty() {
            return is_copy(&self.recipe, &self.output().save);
        }
        self.outputs
            .iter()
            .all(|output| output.steps.iter().all(|step| !step.enabled) && is_copy(&self.recipe, &output.save))
    }
}

/// Whether results are exact copies: no steps, no save settings, no metadata removed.
pub fn is_copy(recipe: &Recipe, save: &Save) -> bool {
    is_untouched(recipe, save) && save.metadata != MetadataPolicy::Strip
}

/// Whether results differ from their inputs only in that metadata is removed.
pub fn is_only_stripped(recipe: &Recipe, save: &Save) -> bool {
    is_untouched(recipe, save) && save.metadata == MetadataPolicy::Strip
}

/// A quality, a size limit or a colour space requires re-encoding.
fn is_untouched(recipe: &Recipe, save: &Save) -> bool {
    let says_how = save.given().any(|(key, _)| !matches!(key.param.name, "metadata" | "min_saving" | "hdr"));
    recipe.active().next().is_none() && save.format == FormatChoice::Keep && !says_how
}

/// Whether results differ from their inputs only in how the same pixels are coded.
pub fn is_only_recoded(recipe: &Recipe, save: &Save) -> bool {
    const KEYS: [&str; 5] = ["optimize", "progressive", "metadata", "min_saving", "hdr"];
    let only_these = save.given().all(|(key, _)| KEYS.contains(&key.param.name));
    recipe.active().next().is_none() && only_these && (save.optimize || save.progressive)
}
