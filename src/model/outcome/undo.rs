//! Undo of a job: which of its results are in the trash, which files those had replaced, and why a file stays.

use crate::model::{Locator, Message, WrittenFile};

/// A result of a job that undo or redo deals with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UndoFile {
    /// The item's number.
    pub seq: u64,
    /// The output's number in its job.
    pub n: u32,
    /// Its path as text (see `Locator::to_text`).
    pub path: String,
    /// SHA-256 of its bytes.
    pub hash: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// What is recorded of it; `None` before the first undo.
    pub state: Option<UndoState>,
    /// Where it is in the trash, as text; `None` if that is not known.
    pub trashed: Option<String>,
    /// Why the last undo or redo left it where it is.
    pub stays: Option<Stay>,
    /// The file that it replaced.
    pub replaced: Option<ReplacedFile>,
}

impl UndoFile {
    /// Item and output of the file that holds the rows of all items of a query job: items count from 1.
    pub const COMBINED: (u64, u32) = (0, 1);

    /// That file, before the first undo.
    pub fn combined(written: &WrittenFile) -> Self {
        let (seq, n) = Self::COMBINED;
        let path = Locator::File(written.path.clone()).to_text();
        let (hash, bytes) = (written.hash.clone(), written.bytes);
        Self { seq, n, path, hash, bytes, state: None, trashed: None, stays: None, replaced: None }
    }
}

/// How far undo or redo is with a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UndoState {
    /// It is about to be moved to the trash.
    Moving,
    /// It is in the trash.
    Trashed,
    /// It is about to be brought back.
    Returning,
    /// It was brought back: nothing is recorded any more.
    Returned,
    /// It could not be moved to the trash.
    Stayed,
}

impl UndoState {
    const ALL: [Self; 5] = [Self::Moving, Self::Trashed, Self::Returning, Self::Returned, Self::Stayed];

    /// The word in the catalog.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Moving => "moving",
            Self::Trashed => "trashed",
            Self::Returning => "returning",
            Self::Returned => "returned",
            Self::Stayed => "stayed",
        }
    }

    /// The state of a word; `None` if this version doesn't know it.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

/// A file that a result replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplacedFile {
    /// The number of the item whose result replaced it.
    pub seq: u64,
    /// The number of that item's output, from 0.
    pub n: u32,
    /// Its path as text.
    pub path: String,
    /// Where it is.
    pub state: ReplacedState,
    /// Where it is in the trash, as text; `None` if that is not known.
    pub trashed: Option<String>,
    /// What distinguishes it from other files.
    pub identity: String,
}

/// Where a replaced file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplacedState {
    /// It was replaced without `--trash`.
    Lost,
    /// It is about to be moved to the trash.
    Moving,
    /// It is in the trash.
    Trashed,
    /// It was brought back.
    Back,
}

impl ReplacedState {
    const ALL: [Self; 4] = [Self::Lost, Self::Moving, Self::Trashed, Self::Back];

    /// The word in the catalog.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Moving => "moving",
            Self::Trashed => "trashed",
            Self::Back => "back",
        }
    }

    /// The state of a word; `None` if this version doesn't know it.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

/// Why a file stays where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stay {
    /// The reason.
    pub reason: StayReason,
    /// What the system reported; may be empty.
    pub detail: String,
}

/// Why undo or redo leaves a file where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StayReason {
    /// Its bytes are no longer those of the result.
    Changed,
    /// It is not at its path any more.
    Gone,
    /// A folder, a link or something else that is no regular file is at its path.
    NotAFile,
    /// A folder on its path was replaced by a link.
    BehindLink,
    /// It can't be read.
    Unreadable,
    /// It can't be moved to the trash.
    NoTrash,
    /// Redo: another file is at its path.
    Taken,
    /// It is not in the trash any more.
    NotInTrash,
    /// It can't be moved out of the trash.
    NotReturned,
    /// The result is in the trash, but the file that it had replaced can't be brought back.
    ReplacedNotBack,
    /// Redo: the file that undo had brought back was changed since.
    BackChanged,
}

impl StayReason {
    const ALL: [Self; 11] = [
        Self::Changed,
        Self::Gone,
        Self::NotAFile,
        Self::BehindLink,
        Self::Unreadable,
        Self::NoTrash,
        Self::Taken,
        Self::NotInTrash,
        Self::NotReturned,
        Self::ReplacedNotBack,
        Self::BackChanged,
    ];

    /// The word in the catalog and in JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Gone => "gone",
            Self::NotAFile => "not_a_file",
            Self::BehindLink => "behind_link",
            Self::Unreadable => "unreadable",
            Self::NoTrash => "no_trash",
            Self::Taken => "taken",
            Self::NotInTrash => "not_in_trash",
            Self::NotReturned => "not_returned",
            Self::ReplacedNotBack => "replaced_not_back",
            Self::BackChanged => "back_changed",
        }
    }

    /// The reason of a word; `None` if this version doesn't know it.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.word() == word)
    }

    /// The id of its sentence.
    const fn message_id(self) -> &'static str {
        match self {
            Self::Changed => "stays_changed",
            Self::Gone => "stays_gone",
            Self::NotAFile => "stays_not_a_file",
            Self::BehindLink => "stays_behind_link",
            Self::Unreadable => "stays_unreadable",
            Self::NoTrash => "stays_no_trash",
            Self::Taken => "stays_taken",
            Self::NotInTrash => "stays_not_in_trash",
            Self::NotReturned => "stays_not_returned",
            Self::ReplacedNotBack => "stays_replaced_not_back",
            Self::BackChanged => "stays_back_changed",
        }
    }
}

impl Stay {
    /// A reason without more to say.
    pub const fn of(reason: StayReason) -> Self {
        Self { reason, detail: String::new() }
    }

    /// A reason with what the system reported.
    pub fn because(reason: StayReason, detail: impl std::fmt::Display) -> Self {
        Self { reason, detail: detail.to_string() }
    }

    /// A sentence about the file at this path, for people.
    pub fn message(&self, path: &str) -> Message {
        Message::new(self.reason.message_id()).with("path", path).with("detail", &self.detail)
    }
}
