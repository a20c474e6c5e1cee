//! How a kind of source is declared. Each kind is one file with a [`SourceKind`] and its line in `kinds.rs`; the command
//! line, its help, the window's menu and the reading of jobs follow from that.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use tokio::runtime::Handle;

use super::lists::columns::Header;
use crate::db::{DbError, Dsn, Pool};
use crate::error::JobError;
use crate::model::{Ignored, ListSpec, Locator, Message, NewItem, Remark, SourceSpec, locator};
use crate::store::{EntryKind, Head};

/// A kind of source.
#[derive(Debug)]
pub struct SourceKind {
    /// Stored in catalogs: it never changes.
    pub id: &'static str,
    /// An argument of `pixloom run` that names such a source.
    pub argument: Option<Argument>,
    /// A value of `--urls` that names such a source.
    pub list_argument: Option<Argument>,
    /// The arguments that name a source again; `None` if there are none.
    pub arguments_of: fn(&SourceSpec) -> Option<SourceArguments>,
    /// Makes a source of a path that was dropped on the window or chosen in a dialog.
    pub from_path: Option<fn(&Path) -> Option<SourceSpec>>,
    /// The window's menu entry that adds such a source.
    pub menu: Option<MenuEntry>,
    /// Whether one source may have many inputs, each one an item.
    pub takes_many_inputs: bool,
    /// Whether its items come from a list, whose rows may have columns.
    pub is_list: bool,
    /// Whether it is a file that may be read in part and continued later.
    pub can_break_off: bool,
    /// Whether it is a folder, whose files are items.
    pub is_folder: bool,
    /// Whether the source was written by someone else than the user.
    pub is_foreign: bool,
    /// What reading it again gives.
    pub repeat: Repeat,
    /// Gives its items in order.
    pub read: fn(&SourceSpec, &Reading<'_>, Give<'_>) -> ControlFlow<()>,
    /// Its columns as far as they are known before it is read (see [`Columns`]).
    pub columns: fn(&SourceSpec, &ListSpec) -> Columns,
    /// The folder next to which results go if the user names no output folder.
    pub results_beside: fn(&SourceSpec) -> Option<PathBuf>,
    /// Whether the file at a path is one of its inputs, or will be when it is read again.
    pub may_give: fn(&SourceSpec, &Path) -> MayGive,
    /// The file in which its items are named: a list, or a database.
    pub own_file: fn(&SourceSpec) -> Option<PathBuf>,
    /// A short name for lists of jobs.
    pub label: fn(&SourceSpec) -> String,
}

/// Whether a source gives a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MayGive {
    /// It does not.
    No,
    /// Only reading it to its end tells.
    Unknown,
    /// It does, or at least everything that is found in its place.
    Yes,
}

impl From<bool> for MayGive {
    fn from(gives: bool) -> Self {
        if gives { Self::Yes } else { Self::No }
    }
}

/// How an argument on the command line becomes a source.
#[derive(Debug)]
pub struct Argument {
    /// What the help calls it in English. The other catalogues have `source-ID.argument` or `source-ID.list_argument`.
    pub help: &'static str,
    /// The source that an argument names; `None` if the argument is not of this kind.
    pub parse: fn(&OsStr, ArgumentOptions) -> Result<Option<SourceSpec>, Message>,
}

/// Options of the command line that apply to its arguments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ArgumentOptions {
    /// Whether folders are read with everything below them.
    pub recursive: bool,
    /// Whether files of folders that are not images are items as well.
    pub all_files: bool,
}

/// The arguments of `pixloom run` that name a source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceArguments {
    /// Inputs.
    pub inputs: Vec<OsString>,
    /// Options with their values, such as `--urls FILE`.
    pub options: Vec<(&'static str, OsString)>,
    /// The options that apply to its inputs, if any do.
    pub flags: Option<ArgumentOptions>,
    /// The current folder that they need, because of relative paths.
    pub folder: Option<PathBuf>,
}

impl SourceArguments {
    /// Its inputs as they are.
    pub fn of_inputs(source: &SourceSpec) -> Self {
        Self { inputs: source.inputs.iter().map(word_of).collect(), ..Self::default() }
    }

    /// Its inputs as values of an option.
    pub fn of_option(option: &'static str, source: &SourceSpec) -> Self {
        let options = source.inputs.iter().map(|input| (option, word_of(input))).collect();
        Self { options, ..Self::default() }
    }
}

fn word_of(input: &Locator) -> OsString {
    match input {
        Locator::File(path) if locator::is_stdin(path) => "-".into(),
        Locator::File(path) | Locator::Page(path, _) => path.into(),
        Locator::Url(url) => url.into(),
        Locator::Row(_) => input.to_text().into(),
    }
}

/// A menu entry that adds a source.
#[derive(Debug, PartialEq, Eq)]
pub struct MenuEntry {
    /// The English label. The other catalogues have `source-ID.menu`.
    pub label: &'static str,
    /// The dialog that it opens.
    pub dialog: Dialog,
}

/// A dialog of the desktop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialog {
    /// Chooses any number of files.
    Files,
    /// Chooses one folder.
    Folder,
    /// Chooses one folder, which is watched by a job of its own.
    WatchedFolder,
}

/// What reading a source again gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// The same items in the same order: reading continues with the next item.
    Same,
    /// A list that gives the same rows, which are read again and passed over.
    SameRows,
    /// Perhaps other rows in another order: those that are recorded are passed over, each as often as it is recorded.
    Rows,
    /// Perhaps other items: those that the job has already are left out.
    Changed,
    /// Nothing: what was not read in time is lost.
    Nothing,
}

/// What is known of a source's columns before it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Columns {
    /// It has none, because it is not a list.
    NotAList,
    /// They are known only once it is read.
    Unknown,
    /// Those of a list in a file; `missing` is the requested column that is not among them, with the message that
    /// says so. `None` if the file can't be read.
    File {
        /// The file.
        path: PathBuf,
        /// The columns.
        header: Option<Header>,
        /// The requested column that is missing.
        missing: Option<(String, Message)>,
    },
}

/// Something that a source gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// An item; one that can't be processed at all carries its error.
    Item(NewItem),
    /// Something could not be read; the rest of the source may follow.
    Failed(JobError),
    /// Where reading may continue later: everything before has been given. It is stored as the source's option
    /// `position`.
    Position(String),
    /// The database was lost; reading again, from the position, may succeed later.
    Lost(JobError),
    /// A file that was left out on purpose.
    Ignored(Ignored),
    /// What was left out on purpose.
    Remark(Remark),
}

/// Whether something in a folder is a result, or holds results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Results {
    /// It does not.
    None,
    /// Results of this job, which is about to make them.
    New,
    /// Results that were there before.
    Earlier,
}

/// How sources use databases.
pub trait Databases {
    /// The connections to a database, which refuse to change anything; with `is_utc`, they show points in time in UTC.
    fn pool(&self, dsn: &Dsn, is_utc: bool) -> Result<Pool, JobError>;

    /// The runtime that owns the connections; the reading thread waits for it.
    fn runtime(&self) -> &Handle;

    /// What a database's error means for a job.
    fn error(&self, dsn: &Dsn, error: &DbError) -> JobError;
}

/// What a job that watches folders knows of their files, and how it takes new ones.
pub trait WatchedFiles {
    /// Whether a file has been taken as it is now, and nothing is to be done about it.
    fn is_known(&self, path: &Path, head: &Head) -> bool;

    /// Takes a complete file.
    fn take(&self, item: NewItem) -> Taken;

    /// Hands over what was taken; breaks if that is impossible.
    fn flush(&self) -> ControlFlow<()>;

    /// Whether only what is there now is taken.
    fn is_once(&self) -> bool;
}

/// What became of a file that a source has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Nothing more is to be done about it as it is now.
    Done,
    /// It is to be asked about again: another state of it is still being processed.
    Later,
    /// Nothing can be taken any more.
    Failed,
}

/// Receives what a source gives; `Break` ends the reading.
pub type Give<'a> = &'a mut dyn FnMut(Found) -> ControlFlow<()>;

/// How sources are read.
#[derive(Clone, Copy)]
pub struct Reading<'a> {
    /// How lists with columns are read.
    pub lists: &'a ListSpec,
    /// Items that the source has given before; only kinds that give the [same](Repeat::Same) items start behind them.
    pub first_item: u64,
    /// Whether another program may still be writing the source: no item waits for the next one.
    pub is_live: bool,
    /// Returns true when reading should end.
    pub cancelled: &'a dyn Fn() -> bool,
    /// Fetches the list at a URL into a file.
    pub fetch: &'a dyn Fn(&str) -> Result<File, JobError>,
    /// Opens databases.
    pub databases: Option<&'a dyn Databases>,
    /// Whether a file's first bytes are those of an image.
    pub is_image: &'a dyn Fn(&[u8]) -> bool,
    /// Whether a file or folder below a source's folder holds results, which are left out. The path has no links.
    pub results_at: &'a dyn Fn(&Path, EntryKind) -> Results,
    /// For jobs that watch folders.
    pub watched: Option<&'a dyn WatchedFiles>,
}

impl Default for Reading<'_> {
    /// With default columns, and without a way to fetch lists.
    fn default() -> Self {
        const PLAIN: &ListSpec =
            &ListSpec { url_column: None, checksum_column: None, encoding: None, takes_rows: false };
        Self {
            lists: PLAIN,
            first_item: 0,
            is_live: false,
            cancelled: &|| false,
            fetch: &|url| Err(not_fetched(url)),
            databases: None,
            is_image: &|_| false,
            results_at: &|_, _| Results::None,
            watched: None,
        }
    }
}

fn not_fetched(url: &str) -> JobError {
    JobError::Machine(Message::new("list_not_fetched").with("list", url))
}

impl SourceKind {
    /// A kind that can only be read: what a declaration leaves out.
    pub const fn new(id: &'static str, read: fn(&SourceSpec, &Reading<'_>, Give<'_>) -> ControlFlow<()>) -> Self {
        Self {
            id,
            argument: None,
            list_argument: None,
            arguments_of: |_| None,
            from_path: None,
            menu: None,
            takes_many_inputs: false,
            is_list: false,
            can_break_off: false,
            is_folder: false,
            is_foreign: false,
            repeat: Repeat::Same,
            read,
            columns: |_, _| Columns::NotAList,
            results_beside: |_| None,
            may_give: |_, _| MayGive::No,
            own_file: |_| None,
            label: |source| source.inputs.first().map(ToString::to_string).unwrap_or_default(),
        }
    }

    /// Whether what is left of the source is lost when it could not be read to its end, because reading it again gives
    /// nothing.
    pub fn is_lost_when_interrupted(&self) -> bool {
        self.repeat == Repeat::Nothing
    }
}
