//! Plain data shared by all modules: jobs, items, outcomes, and what front ends show.
//!
//! Nothing here opens a file, a socket or a window.

pub mod animation;
mod choices;
pub mod columns;
pub mod curve;
mod database;
pub mod event;
pub mod font;
pub mod format;
pub mod human;
pub mod ids;
pub mod image;
pub mod job;
pub mod locator;
pub mod message;
pub mod names;
pub mod network;
mod origin;
pub mod outcome;
pub mod pages;
pub mod param;
mod path_text;
pub mod progress;
pub mod recipe;
pub mod remark;
mod remark_sums;
pub mod save;
mod source;
pub mod spelling;
mod text;
pub mod transfer;
mod unit;
pub mod words;

pub use animation::{Area, Delay, Disposal, Frame, FrameReader, Picture, Plays};
pub use choices::{Original, Rgb, Subsampling, TiffCompression};
pub use columns::Columns;
pub use curve::Curve;
pub use database::{
    FieldKind, ItemField, Rejection, WriteBackCounts, WriteBackLevel, WriteBackMode, WriteBackSpec, WriteColumn,
    WriteField,
};
pub use event::{Edge, Event};
pub use format::{
    Format, FormatChoice, FormatInfo, FormatKey, GivenValues, OtherFormat, SaveInfo, is_image_extension,
    is_raw_extension,
};
pub use ids::{ItemId, JobId};
pub use image::{
    Band, Channels, Density, Image, ImageInfo, KeywordText, Metadata, Orientation, RowReader, RowWriter, SampleType,
    Samples, Truncated,
};
pub use job::{
    ColourChoice, ConflictPolicy, DamagedPolicy, Durability, FramesChoice, HdrChoice, JobSpec, Limits, ListSpec,
    MetadataPolicy, Output, QueryResult, QuerySpec, RawChoice, RawPairs, RowsFormat, Save, SinkPart, SinkSpec, Tree,
    TruncatedPolicy, Work, WrittenFile, check_output_name, is_copy, is_only_recoded, is_only_stripped,
};
pub use locator::Locator;
pub use message::Message;
pub use network::{
    AccessEntry, AccessKind, NetworkFile, NetworkSpec, ProxyChoice, RobotsPolicy, SecretRef, TypedSecret,
};
pub use origin::Origin;
pub use outcome::{
    FailureFilter, Finished, ItemOutput, ItemRow, ItemState, JobRow, JobState, JobSummary, NewItem, Outcome,
    SkipReason, Timings,
    undo::{ReplacedFile, ReplacedState, Stay, StayReason, UndoFile, UndoState},
};
pub use pages::{MAX_DOCUMENT_PAGES, MAX_PAGE, NoPages, PageNumber, PagesChoice};
pub use param::{FileKind, ParamKind, ParamSpec};
pub use progress::{Busy, Progress};
pub use recipe::{Recipe, Step, Value};
pub use remark::{LossReason, Part, Remark};
pub use remark_sums::{RemarkSum, RemarkSums, Remarked};
pub use save::SaveKey;
pub use source::{Ignored, IgnoredReason, SourceSpec};
pub use text::fields::{FieldText, FieldValues};
pub use text::{fields, link_name, text_encoding};
pub use transfer::{Transfer, TransferTimes};
pub use unit::Unit;
pub use words::Lang;
