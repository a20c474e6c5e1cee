//! What can go wrong, grouped by whose fault it is. An item's error is data: a kind, its arguments, and a sentence made
//! from them, so that the window can say the same in its own language.
//!
//! Nothing here knows where an error is shown or recorded.

mod job;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

pub use job::{JobError, RecipePlace};

use crate::model::{Locator, Message};

/// Why an item failed. The word of each kind stands in the catalog's `error_kind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    // The input's fault.
    /// The file is not there.
    NotFound,
    /// The file or folder may not be read.
    Unreadable,
    /// It holds no bytes.
    Empty,
    /// Its bytes are no picture that is known.
    NotAPicture,
    /// A known format, of a sort that is not supported.
    Unsupported,
    /// It ends early.
    Truncated,
    /// Its bytes contradict the format.
    Corrupt,
    /// Above a limit on pixels, dimensions or bytes.
    TooLarge,
    /// The input changed while it was read.
    InputChanged,
    // The network's fault.
    /// The URL makes no sense.
    BadUrl,
    /// The host's name was not found.
    UnknownHost,
    /// No connection could be made.
    Connect,
    /// The TLS handshake failed.
    Tls,
    /// The server took too long.
    Timeout,
    /// The server answered with an error status.
    HttpStatus,
    /// Too many redirects, or one that leads nowhere allowed.
    Redirect,
    /// The body ended before its announced length, or the connection broke.
    ShortBody,
    /// The server's answer breaks the rules, or contradicts itself.
    BadResponse,
    /// The body is above the limit.
    BodyTooLarge,
    /// The address is one that must not be reached.
    RefusedAddress,
    /// What came has not the checksum that its list gives.
    Checksum,
    /// The host's robots.txt asks not to fetch it; the item is skipped, not failed.
    Robots,
    /// The host's robots.txt could not be had, so that nothing is fetched there for now.
    RobotsUnavailable,
    /// Its publisher asks to leave it out of training sets; the item is skipped, not failed.
    NoAi,
    /// A secret that it needs is missing; the job pauses.
    MissingSecret,
    // The output's fault.
    /// The name is to hold a column that the item's list doesn't have.
    NoColumn,
    /// The output's name is taken and the policy is to fail.
    Conflict,
    /// The output would replace an input.
    WouldReplaceInput,
    /// The output can't be written.
    Unwritable,
    /// The disk is full.
    DiskFull,
    /// The output's file system is read-only.
    ReadOnly,
    /// The format can't hold this picture.
    CantEncode,
    // The recipe's fault.
    /// A step makes no sense for this picture.
    Recipe,
    // The program's fault, or the machine's.
    /// It was worked on for longer than allowed.
    TookTooLong,
    /// A read or write failed.
    Io,
    /// A defect: the task panicked.
    Panic,
    /// Stopped by a person before it was finished; never recorded as a failure.
    Cancelled,
}

/// What the names of arguments begin with that belong to the sentence of `detail`.
const SAID: &str = "said.";

/// Why one item failed: in plain words, and for programs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemError {
    /// What kind of failure.
    pub kind: ErrorKind,
    /// What the sentence needs: `name`, `detail`, `had`, `wanted`, `limit`, `status`, ...
    pub args: BTreeMap<String, String>,
}

impl ItemError {
    /// An error about the item of that name (a file's name, a URL).
    pub fn new(kind: ErrorKind, name: impl fmt::Display) -> Self {
        Self { kind, args: BTreeMap::new() }.with("name", name)
    }

    /// An error from a place that doesn't know the item's name; [`ItemError::named`] adds it where it is known.
    pub fn nameless(kind: ErrorKind) -> Self {
        Self { kind, args: BTreeMap::new() }
    }

    /// The same error with one more argument.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl fmt::Display) -> Self {
        self.args.insert(key.to_owned(), value.to_string());
        self
    }

    /// The same error with the item's name, unless it has one.
    #[must_use]
    pub fn named(mut self, name: impl fmt::Display) -> Self {
        self.args.entry("name".to_owned()).or_insert_with(|| name.to_string());
        self
    }

    /// The same error with a sentence as its detail, which can be told in other languages, too.
    #[must_use]
    pub fn saying(self, sentence: &Message) -> Self {
        let said = sentence.to_pairs().map(|(name, value)| (format!("{SAID}{name}"), value.to_owned()));
        let mut error = self.with("detail", sentence);
        error.args.extend(said);
        error
    }

    /// The sentence that is its detail.
    pub fn said(&self) -> Option<Message> {
        let pairs = self.args.iter().filter_map(|(key, value)| Some((key.strip_prefix(SAID)?, value.as_str())));
        Message::from_pairs(pairs, self.arg("detail"))
    }

    /// What a person may want to know beside its sentence: argument and value.
    pub fn particulars(&self) -> impl Iterator<Item = (&str, &str)> {
        let told = |key: &str| key != "name" && !key.starts_with(SAID);
        self.args.iter().filter(move |(key, _)| told(key)).map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// From a failed read of an input.
    pub fn reading(path: &Path, error: &io::Error) -> Self {
        let kind = match error.kind() {
            io::ErrorKind::NotFound => ErrorKind::NotFound,
            io::ErrorKind::PermissionDenied => ErrorKind::Unreadable,
            io::ErrorKind::UnexpectedEof => ErrorKind::Truncated,
            _ => ErrorKind::Io,
        };
        Self::new(kind, path.display()).with("detail", error)
    }

    /// From a failed write of an output.
    pub fn writing(path: &Path, error: &io::Error) -> Self {
        let kind = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ErrorKind::DiskFull,
            io::ErrorKind::ReadOnlyFilesystem => ErrorKind::ReadOnly,
            io::ErrorKind::PermissionDenied | io::ErrorKind::NotFound => ErrorKind::Unwritable,
            _ => ErrorKind::Io,
        };
        Self::new(kind, path.display()).with("detail", error)
    }

    /// Whether nothing at all can be saved for now, so that the job stops instead of failing its items.
    pub fn stops_job(&self) -> bool {
        matches!(self.kind, ErrorKind::DiskFull | ErrorKind::ReadOnly)
    }

    /// Whether it is no failure, but a wish of others that is obeyed: the item is skipped.
    pub fn is_courtesy(&self) -> bool {
        matches!(self.kind, ErrorKind::Robots | ErrorKind::NoAi)
    }

    /// Whether the same item may succeed when it is simply tried again.
    pub fn is_retryable(&self) -> bool {
        match self.kind {
            ErrorKind::Connect
            | ErrorKind::Timeout
            | ErrorKind::ShortBody
            | ErrorKind::BadResponse
            | ErrorKind::UnknownHost
            | ErrorKind::DiskFull
            | ErrorKind::ReadOnly
            | ErrorKind::InputChanged
            | ErrorKind::Cancelled => true,
            ErrorKind::HttpStatus => {
                matches!(self.arg("status"), "408" | "425" | "429" | "500" | "502" | "503" | "504")
            }
            _ => false,
        }
    }

    /// An argument, or the empty text.
    pub fn arg(&self, key: &str) -> &str {
        self.args.get(key).map_or("", String::as_str)
    }

    fn detail(&self) -> String {
        match self.arg("detail") {
            "" => String::new(),
            detail => format!(" ({detail})"),
        }
    }
}

impl fmt::Display for ItemError {
    /// What happened, to which item, and what to do.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.arg("name") {
            "" => "the item",
            name => name,
        };
        let detail = self.detail();
        // Of what a link leads to there is no original here.
        let untouched = if Locator::is_url(name) { "" } else { " Original untouched." };
        match self.kind {
            ErrorKind::NotFound => write!(f, "Couldn't open {name}: there is no such file. Check its name and folder."),
            ErrorKind::Unreadable => {
                write!(f, "Couldn't open {name}: permission denied. Allow reading it, then retry.")
            }
            ErrorKind::Empty => write!(f, "Couldn't open {name}: it is empty (0 bytes)."),
            ErrorKind::NotAPicture => {
                write!(f, "Couldn't open {name}: it is not a picture{detail}.{untouched}")
            }
            ErrorKind::Unsupported => write!(f, "Couldn't open {name}: not supported{detail}.{untouched}"),
            ErrorKind::Truncated => match (self.arg("had"), self.arg("wanted")) {
                ("", _) | (_, "") => {
                    write!(f, "Couldn't open {name}: the file ends early{detail}.{untouched}")
                }
                (had, wanted) => {
                    write!(f, "Couldn't open {name}: the file ends early ({had} of {wanted}).{untouched}")
                }
            },
            ErrorKind::Corrupt => write!(f, "Couldn't open {name}: the file is damaged{detail}.{untouched}"),
            ErrorKind::TooLarge => {
                write!(f, "Couldn't open {name}: it is larger than the limit{detail}.{untouched}")
            }
            ErrorKind::InputChanged => write!(f, "{name} changed while it was read. Retry it."),
            ErrorKind::BadUrl => write!(f, "Couldn't fetch {name}: it is not a usable link{detail}."),
            ErrorKind::UnknownHost => {
                write!(f, "Couldn't fetch {name}: the host's name was not found{detail}. Check the link.")
            }
            ErrorKind::Connect => write!(f, "Couldn't fetch {name}: no connection{detail}. Retry later."),
            ErrorKind::Tls => write!(
                f,
                "Couldn't fetch {name}: no secure connection{detail}. If you trust that server, name its certificate \
                 authority (--ca-file) or the host itself (--insecure-host) in the network settings."
            ),
            ErrorKind::Timeout => write!(f, "Couldn't fetch {name}: the server took too long{detail}. Retry later."),
            ErrorKind::HttpStatus if self.arg("status") == "407" => {
                write!(f, "Couldn't fetch {name}: the proxy wants a user and a password. Give them with its address.")
            }
            ErrorKind::HttpStatus => {
                write!(f, "Couldn't fetch {name}: the server answered {}{detail}.", self.arg("status"))
            }
            ErrorKind::Redirect => write!(f, "Couldn't fetch {name}: its redirects lead nowhere{detail}."),
            ErrorKind::ShortBody => match (self.arg("had"), self.arg("wanted")) {
                ("", _) | (_, "") => write!(f, "Couldn't fetch {name}: the transfer broke off{detail}. Retry it."),
                (had, wanted) => {
                    write!(f, "Couldn't fetch {name}: the transfer ended early ({had} of {wanted}). Retry it.")
                }
            },
            ErrorKind::BadResponse => {
                write!(f, "Couldn't fetch {name}: the server's answer makes no sense{detail}.")
            }
            ErrorKind::BodyTooLarge => {
                write!(f, "Couldn't fetch {name}: it is larger than the limit of {}.", self.arg("limit"))
            }
            ErrorKind::Checksum => write!(f, "Didn't keep {name}: it is not what the list says{detail}."),
            ErrorKind::NoColumn => {
                write!(f, "Couldn't name {name}: its list has no column \"{}\".", self.arg("column"))
            }
            ErrorKind::RefusedAddress => write!(f, "Didn't fetch {name}: its address is not allowed{detail}."),
            ErrorKind::Robots => write!(f, "Didn't fetch {name}: the robots.txt of {} asks not to.", self.arg("host")),
            ErrorKind::RobotsUnavailable => write!(
                f,
                "Didn't fetch {name}: the robots.txt of {} can't be had{detail}, so nothing is fetched there. Retry later.",
                self.arg("host")
            ),
            ErrorKind::NoAi => write!(f, "Didn't fetch {name}: its publisher marks it {}.", self.arg("detail")),
            ErrorKind::MissingSecret => write!(f, "Didn't fetch {name}: {}", self.arg("detail")),
            ErrorKind::Conflict => write!(
                f,
                "Couldn't save {name}: {} exists already. Choose another name, or another rule for conflicts.",
                self.arg("output")
            ),
            ErrorKind::WouldReplaceInput => write!(
                f,
                "Didn't save {name}: {} is an original, and originals are never replaced. Choose another folder.",
                self.arg("output")
            ),
            ErrorKind::Unwritable => {
                write!(f, "Couldn't save {name}: the folder can't be written to{detail}. Choose another folder.")
            }
            ErrorKind::DiskFull => write!(f, "Couldn't save {name}: the disk is full. Make room, then resume."),
            ErrorKind::ReadOnly => {
                write!(f, "Couldn't save {name}: the output's file system is read-only. Make it writable, then resume.")
            }
            ErrorKind::CantEncode if !self.arg("limit").is_empty() => write!(
                f,
                "Couldn't save {name}: it is larger than asked for{detail}. Allow more bytes, or make the picture smaller."
            ),
            ErrorKind::CantEncode => write!(f, "Couldn't save {name}: the format can't hold it{detail}."),
            ErrorKind::Recipe => write!(f, "Couldn't process {name}: a step doesn't fit this picture{detail}."),
            ErrorKind::TookTooLong => {
                write!(f, "Gave up on {name}: it took longer than {}. Allow more time, then retry.", self.arg("limit"))
            }
            ErrorKind::Io => write!(f, "Couldn't process {name}: a read or write failed{detail}."),
            ErrorKind::Panic => write!(f, "Couldn't process {name}: the program has a defect here{detail}."),
            ErrorKind::Cancelled => write!(f, "{name} was stopped before it was finished."),
        }
    }
}

impl std::error::Error for ItemError {}

impl ErrorKind {
    /// The word the catalog keeps in `error_kind`, and `--kind` takes.
    pub fn word(self) -> String {
        serde_json::to_value(self).ok().and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
    }

    /// The kind of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        serde_json::from_value(serde_json::Value::String(word.to_owned())).ok()
    }
}
