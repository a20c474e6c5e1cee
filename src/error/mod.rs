//! Errors, grouped by cause. An item's error is data: a kind and its arguments, from which each language makes a
//! sentence.
//!
//! Nothing here knows where an error is shown or recorded.

mod job;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

pub use job::{JobError, RecipeLocation};

use crate::model::locator::{self, STDIN_NAME};
use crate::model::words::Arg;
use crate::model::{Lang, Locator, Message};

/// Why an item failed. [`ErrorKind::word`] is the catalog's `error_kind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    // Caused by the input.
    /// The file does not exist.
    NotFound,
    /// Permission to read the file or folder is denied.
    Unreadable,
    /// The file is empty.
    Empty,
    /// Not an image of a known format.
    NotAPicture,
    /// A known format, but a variant that is not supported.
    Unsupported,
    /// The file ends early.
    Truncated,
    /// The data violates the format.
    Corrupt,
    /// Above a limit on pixels, dimensions or bytes.
    TooLarge,
    /// The input changed while it was being read.
    InputChanged,
    // Caused by the network or the server.
    /// The URL is invalid.
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
    /// Too many redirects, or one to an address that is not allowed.
    Redirect,
    /// The body ended before its announced length, or the connection broke.
    ShortBody,
    /// The response violates the protocol or contradicts itself.
    BadResponse,
    /// The body is above the limit.
    BodyTooLarge,
    /// The address is not allowed.
    RefusedAddress,
    /// The checksum differs from the one in the list.
    Checksum,
    /// The host's robots.txt disallows it; the item is skipped, not failed.
    Robots,
    /// The host's robots.txt could not be loaded, so nothing is fetched there for now.
    RobotsUnavailable,
    /// The publisher asks to exclude it from training sets; the item is skipped, not failed.
    NoAi,
    /// A secret is missing; the job pauses.
    MissingSecret,
    // Caused by the output.
    /// The name template uses a column that the item's list doesn't have.
    NoColumn,
    /// The output exists and the conflict policy is to fail.
    Conflict,
    /// The output would replace an input.
    WouldReplaceInput,
    /// The file that its output replaces can't be moved to the trash.
    NotTrashed,
    /// The output can't be written.
    Unwritable,
    /// The disk is full.
    DiskFull,
    /// The output's file system is read-only.
    ReadOnly,
    /// The output's device, or the connection to it, failed.
    DeviceFailed,
    /// The format can't hold this image.
    CantEncode,
    // Caused by the recipe.
    /// A step can't be applied to this image.
    Recipe,
    // Caused by a database.
    /// The database could not be reached.
    DbUnreachable,
    /// The connection to the database was lost.
    DbConnectionLost,
    /// The database had no connection left.
    DbTooManyConnections,
    /// The database refused the login.
    DbLogin,
    /// The database has no secure connection.
    DbTls,
    /// There is no such database.
    DbMissingDatabase,
    /// There is no such table.
    DbMissingTable,
    /// There is no such column.
    DbMissingColumn,
    /// The statement is wrong.
    DbStatement,
    /// The database's user lacks a permission.
    DbPermission,
    /// The database or its session is read-only.
    DbReadOnly,
    /// The statement conflicted with another session's.
    DbConflict,
    /// Another session held a lock for too long.
    DbLocked,
    /// The statement took longer than its limit.
    DbTimeout,
    /// The database refused a value.
    DbRejected,
    /// The database's disk or memory is full.
    DbFull,
    /// The database reported another error.
    DbOther,
    // Caused by the program or the machine.
    /// Processing exceeded the time limit.
    TookTooLong,
    /// A read or write failed.
    Io,
    /// The process that decodes this format couldn't be started.
    NoDecoder,
    /// A defect: the task panicked.
    Panic,
    /// The process died several times while the item was in progress, at last with no other item in progress.
    Crash,
    /// Cancelled by the user; never recorded as a failure.
    Cancelled,
}

/// Whether a device or the connection to it failed, so that no other file can be written either: an input/output error,
/// a drive that was pulled out, a network drive that is gone.
pub(crate) fn is_device_failure(error: &io::Error) -> bool {
    #[cfg(unix)]
    {
        use rustix::io::Errno;
        let codes = [
            Errno::IO,
            Errno::NXIO,
            Errno::NODEV,
            Errno::STALE,
            Errno::NOTCONN,
            Errno::HOSTDOWN,
            Errno::HOSTUNREACH,
            Errno::NETDOWN,
            Errno::NETUNREACH,
            Errno::TIMEDOUT,
            Errno::SHUTDOWN,
            Errno::CONNABORTED,
            Errno::CONNRESET,
        ];
        // The file system needs repair, its medium is gone, or the other side of its network failed.
        #[cfg(target_os = "linux")]
        let codes = codes.into_iter().chain([Errno::UCLEAN, Errno::NOMEDIUM, Errno::REMOTEIO, Errno::NOLINK]);
        if error.raw_os_error().is_some_and(|code| codes.into_iter().any(|errno| errno.raw_os_error() == code)) {
            return true;
        }
    }
    // ERROR_NOT_READY, ERROR_CRC, ERROR_IO_DEVICE, ERROR_NETNAME_DELETED.
    #[cfg(windows)]
    if matches!(error.raw_os_error(), Some(21 | 23 | 64 | 1117)) {
        return true;
    }
    matches!(error.kind(), io::ErrorKind::StaleNetworkFileHandle)
}

/// The argument that names the output of an item.
const OF_OUTPUT: &str = "of_output";

/// Prefix of the names of arguments that belong to the message in `detail`.
const MESSAGE: &str = "said.";

/// Why an item failed, as data for people and programs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemError {
    /// What kind of failure.
    pub kind: ErrorKind,
    /// The sentence's arguments: `name`, `detail`, `had`, `wanted`, `limit`, `status`, ...
    pub args: BTreeMap<String, String>,
}

impl ItemError {
    /// An error about the item of that name (a file's name, a URL).
    pub fn new(kind: ErrorKind, name: impl fmt::Display) -> Self {
        Self { kind, args: BTreeMap::new() }.with("name", name)
    }

    /// An error raised where the item's name is unknown; [`ItemError::named`] adds it later.
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

    /// The same error with a message as its detail, which is translated.
    #[must_use]
    pub fn saying(self, message: &Message) -> Self {
        self.with("detail", message).keeping(message)
    }

    /// The same error with how much there was and how much there should be, and a message that says both.
    #[must_use]
    pub fn measured(self, had: impl fmt::Display, wanted: impl fmt::Display, message: &Message) -> Self {
        self.with("had", had).with("wanted", wanted).keeping(message)
    }

    fn keeping(mut self, message: &Message) -> Self {
        self.args.extend(
            message.to_pairs().into_iter().map(|(name, value)| (format!("{MESSAGE}{name}"), value.into_owned())),
        );
        self
    }

    /// The message in its detail, if it is one.
    pub fn said(&self) -> Option<Message> {
        let pairs = self.args.iter().filter_map(|(key, value)| Some((key.strip_prefix(MESSAGE)?, value.as_str())));
        Message::from_pairs(pairs, self.arg("detail"))
    }

    /// The same error as that of one of several outputs of the item.
    #[must_use]
    pub fn of_output(self, output: &str) -> Self {
        self.with(OF_OUTPUT, output)
    }

    /// From a failed read of an input.
    pub fn reading(path: &Path, error: &io::Error) -> Self {
        let kind = match error.kind() {
            io::ErrorKind::NotFound => ErrorKind::NotFound,
            io::ErrorKind::PermissionDenied => ErrorKind::Unreadable,
            io::ErrorKind::UnexpectedEof => ErrorKind::Truncated,
            _ => ErrorKind::Io,
        };
        Self::new(kind, path.display()).saying(&error.into())
    }

    /// From a failed write of an output.
    pub fn writing(path: &Path, error: &io::Error) -> Self {
        let kind = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ErrorKind::DiskFull,
            io::ErrorKind::ReadOnlyFilesystem => ErrorKind::ReadOnly,
            _ if is_device_failure(error) => ErrorKind::DeviceFailed,
            io::ErrorKind::PermissionDenied | io::ErrorKind::NotFound => ErrorKind::Unwritable,
            _ => ErrorKind::Io,
        };
        Self::new(kind, path.display()).saying(&error.into())
    }

    /// Whether nothing can be saved for now, so that the job stops instead of failing its items.
    pub fn stops_job(&self) -> bool {
        matches!(self.kind, ErrorKind::DiskFull | ErrorKind::ReadOnly | ErrorKind::DeviceFailed)
    }

    /// Whether a publisher's wish was honoured rather than an error: the item is skipped.
    pub fn is_courtesy(&self) -> bool {
        matches!(self.kind, ErrorKind::Robots | ErrorKind::NoAi)
    }

    /// Whether retrying the same item may succeed.
    pub fn is_retryable(&self) -> bool {
        match self.kind {
            ErrorKind::Connect
            | ErrorKind::Timeout
            | ErrorKind::ShortBody
            | ErrorKind::BadResponse
            | ErrorKind::UnknownHost
            | ErrorKind::DiskFull
            | ErrorKind::ReadOnly
            | ErrorKind::DeviceFailed
            | ErrorKind::InputChanged
            | ErrorKind::NoDecoder
            | ErrorKind::DbUnreachable
            | ErrorKind::DbConnectionLost
            | ErrorKind::DbTooManyConnections
            | ErrorKind::DbConflict
            | ErrorKind::DbLocked
            | ErrorKind::DbFull
            | ErrorKind::Cancelled => true,
            ErrorKind::HttpStatus => {
                matches!(
                    self.arg("status"),
                    "202" | "408" | "425" | "429" | "500" | "502" | "503" | "504"
                        // Cloudflare's, for trouble between it and the server.
                        | "520" | "521" | "522" | "523" | "524" | "525" | "527" | "530"
                )
            }
            _ => false,
        }
    }

    /// An argument, or the empty text.
    pub fn arg(&self, key: &str) -> &str {
        self.args.get(key).map_or("", String::as_str)
    }

    /// What happened, to which item, and what to do: for the command line.
    pub fn text(&self, lang: Lang) -> String {
        self.worded(lang, "", &|message| message.text(lang))
    }

    /// The same for a window, without options of the command line.
    pub fn window_text(&self, lang: Lang) -> String {
        self.worded(lang, ".window", &|message| message.window_text(lang))
    }

    /// What happened, in a few words for use next to the item's name.
    pub fn brief(&self, lang: Lang) -> String {
        let more = self.had_of_wanted(lang).unwrap_or_else(|| {
            let detail = self.detail(lang, &|message| message.window_text(lang));
            let parts = [self.arg("status"), &detail].into_iter().filter(|part| !part.is_empty());
            parts.collect::<Vec<_>>().join(" ")
        });
        let kind = self.kind.name(lang);
        let brief = if more.is_empty() { kind.to_owned() } else { format!("{kind}: {more}") };
        match self.arg(OF_OUTPUT) {
            "" => brief,
            output => Message::new("of_output").with("output", output).with("error", brief).text(lang),
        }
    }

    /// The same as a message, as a detail of another.
    pub fn brief_message(&self) -> Message {
        let kind = Message::of_id(format!("error-{}.brief", self.kind.word()));
        let both = Message::new("kind_and_detail").with_message("kind", kind.clone());
        match (self.said(), self.arg("detail")) {
            (Some(message), _) => both.with_message("detail", message),
            (None, "") => kind,
            (None, detail) => both.with("detail", detail),
        }
    }

    fn worded(&self, lang: Lang, variant: &str, say: &dyn Fn(&Message) -> String) -> String {
        let name = match self.arg("name") {
            "" => lang.word("unnamed_item"),
            STDIN_NAME => lang.word("standard_input"),
            name => &locator::page_name(name, lang),
        };
        let with_output = match self.arg(OF_OUTPUT) {
            "" => None,
            output => Some(Message::new("item_and_output").with("item", name).with("output", output).text(lang)),
        };
        let detail = self.detail(lang, say);
        let in_brackets = match self.had_of_wanted(lang).as_deref().unwrap_or(detail.trim_end_matches('.')) {
            "" => String::new(),
            detail => format!(" ({detail})"),
        };
        // A link has no original file, nor has standard input.
        let untouched = if Locator::is_url(name) || self.arg("name") == STDIN_NAME {
            String::new()
        } else {
            format!(" {}", lang.word("original_untouched"))
        };
        let own =
            self.args.iter().filter(|(key, _)| !key.starts_with(MESSAGE)).map(|(key, value)| (key.as_str(), &**value));
        let shown = with_output.as_deref().unwrap_or(name);
        let named = [("name", shown), ("detail", &*in_brackets), ("untouched", &*untouched), ("reason", &*detail)];
        let own = own.filter(|(key, _)| named.iter().all(|(name, _)| name != key));
        let args: Vec<(&str, Arg<'_>)> =
            own.chain(named).map(|(key, value)| (key, Arg::Text(Cow::Borrowed(value)))).collect();
        let id = self.message_id();
        let text = |id: &str| lang.text(id, args.iter().cloned());
        let variant = if variant.is_empty() { None } else { text(&format!("{id}{variant}")) };
        variant.or_else(|| text(&id)).unwrap_or(id)
    }

    /// The id of its message: its kind's, or one for a special case.
    fn message_id(&self) -> String {
        match self.kind {
            ErrorKind::HttpStatus if self.arg("status") == "407" => "error-proxy_auth".to_owned(),
            ErrorKind::Tls if !self.arg("advice").is_empty() => format!("error-tls_{}", self.arg("advice")),
            ErrorKind::ShortBody if !self.arg("wanted").is_empty() => "error-short_body_sizes".to_owned(),
            ErrorKind::Corrupt if !self.arg("kept").is_empty() => "error-corrupt_whole".to_owned(),
            ErrorKind::BodyTooLarge if !self.arg("times").is_empty() => "error-body_unpacked".to_owned(),
            ErrorKind::BodyTooLarge if !self.arg("free").is_empty() => "error-body_no_space".to_owned(),
            ErrorKind::CantEncode if !self.arg("limit").is_empty() => "error-cant_encode_limit".to_owned(),
            ErrorKind::Recipe if !self.arg("step").is_empty() => "error-recipe_step".to_owned(),
            kind => format!("error-{}", kind.word()),
        }
    }

    /// Its detail: translated if it is a message, otherwise as recorded.
    fn detail(&self, lang: Lang, say: &dyn Fn(&Message) -> String) -> String {
        let Some(message) = self.said() else { return self.arg("detail").to_owned() };
        let mut text = say(&message);
        for (arg, id) in [("proxy", "with_proxy"), ("claim", "claimed_type")] {
            if !self.arg(arg).is_empty() {
                text = Message::new(id).with("text", text).with(arg, self.arg(arg)).text(lang);
            }
        }
        text
    }

    /// `2.1 MB of 4.0 MB`, if both are known.
    fn had_of_wanted(&self, lang: Lang) -> Option<String> {
        let (had, wanted) = (self.arg("had"), self.arg("wanted"));
        if had.is_empty() || wanted.is_empty() {
            return None;
        }
        let own = if self.arg("detail").is_empty() { self.said() } else { None };
        let message = own.unwrap_or_else(|| Message::new("had_of_wanted").with("had", had).with("wanted", wanted));
        Some(message.text(lang))
    }
}

impl fmt::Display for ItemError {
    /// In English: what happened, to which item, and what to do.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(Lang::English))
    }
}

impl std::error::Error for ItemError {}

impl ErrorKind {
    /// Every kind, in the order of their causes.
    pub const ALL: [Self; 58] = [
        Self::NotFound,
        Self::Unreadable,
        Self::Empty,
        Self::NotAPicture,
        Self::Unsupported,
        Self::Truncated,
        Self::Corrupt,
        Self::TooLarge,
        Self::InputChanged,
        Self::BadUrl,
        Self::UnknownHost,
        Self::Connect,
        Self::Tls,
        Self::Timeout,
        Self::HttpStatus,
        Self::Redirect,
        Self::ShortBody,
        Self::BadResponse,
        Self::BodyTooLarge,
        Self::RefusedAddress,
        Self::Checksum,
        Self::Robots,
        Self::RobotsUnavailable,
        Self::NoAi,
        Self::MissingSecret,
        Self::NoColumn,
        Self::Conflict,
        Self::WouldReplaceInput,
        Self::NotTrashed,
        Self::Unwritable,
        Self::DiskFull,
        Self::ReadOnly,
        Self::DeviceFailed,
        Self::CantEncode,
        Self::Recipe,
        Self::DbUnreachable,
        Self::DbConnectionLost,
        Self::DbTooManyConnections,
        Self::DbLogin,
        Self::DbTls,
        Self::DbMissingDatabase,
        Self::DbMissingTable,
        Self::DbMissingColumn,
        Self::DbStatement,
        Self::DbPermission,
        Self::DbReadOnly,
        Self::DbConflict,
        Self::DbLocked,
        Self::DbTimeout,
        Self::DbRejected,
        Self::DbFull,
        Self::DbOther,
        Self::TookTooLong,
        Self::Io,
        Self::NoDecoder,
        Self::Panic,
        Self::Crash,
        Self::Cancelled,
    ];

    /// Its short name, for chips and tables.
    pub fn name(self, lang: Lang) -> &'static str {
        lang.find(&format!("error-{}.brief", self.word())).unwrap_or_default()
    }

    /// Whether a retry of the same request can have another result, for a link or for a local file, whose bytes stay the
    /// same.
    pub const fn can_change(self, is_link: bool) -> bool {
        match self {
            Self::Empty
            | Self::NotAPicture
            | Self::Unsupported
            | Self::Truncated
            | Self::Corrupt
            | Self::TooLarge
            | Self::Checksum
            | Self::CantEncode
            | Self::Recipe => is_link,
            Self::BadUrl | Self::RefusedAddress | Self::NoColumn | Self::WouldReplaceInput => false,
            _ => true,
        }
    }

    /// The word in the catalog's `error_kind` and for `--kind`.
    pub fn word(self) -> String {
        serde_json::to_value(self).ok().and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
    }

    /// The kind of this word, as catalogs have it.
    pub fn from_word(word: &str) -> Option<Self> {
        serde_json::from_value(serde_json::Value::String(word.to_owned())).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_truncated_file_is_reported_in_both_languages_with_both_sizes() {
        let error = ItemError::new(ErrorKind::Truncated, "IMG_7.jpg").with("had", "2.1").with("wanted", "4.0 MB");
        let english = "Couldn't open IMG_7.jpg: the file ends early (2.1 of 4.0 MB). Original untouched.";
        assert_eq!(error.to_string(), english);
        let korean = error.text(Lang::Korean);
        assert!(korean.contains("IMG_7.jpg") && korean.contains("(4.0 MB 중 2.1)"), "{korean}");
        assert_eq!(error.brief(Lang::English), "Ends early: 2.1 of 4.0 MB");
        let error = ItemError::new(ErrorKind::HttpStatus, "http://h/a").with("status", 404).with("detail", "Not Found");
        assert_eq!(error.brief(Lang::English), "Server error: 404 Not Found");
        assert!(error.text(Lang::Korean).contains("404 오류로"), "{}", error.text(Lang::Korean));
        assert_eq!(ItemError::new(ErrorKind::Empty, "a").brief(Lang::Korean), "빈 파일");
        let rows = Message::new("truncated_rows").with("had", 12).count("count", 200);
        let error = ItemError::new(ErrorKind::Truncated, "a.png").measured(12, "200 rows", &rows);
        assert_eq!(error.brief(Lang::English), "Ends early: 12 of 200 rows");
        assert_eq!(error.brief(Lang::Korean), "중간에 끊김: 200행 중 12행");
    }

    #[test]
    fn a_step_that_fits_no_image_is_explained_in_korean_from_what_the_catalog_keeps() {
        let why = Message::new("result_too_large").with("size", "9 x 9 px");
        let error = ItemError::new(ErrorKind::Recipe, "a.jpg").saying(&why.of("resize")).with("step", 2);
        let korean = error.window_text(Lang::Korean);
        assert!(korean.contains("2단계") && korean.contains("9 x 9 px") && korean.contains("크기 조정"), "{korean}");
        assert!(error.text(Lang::Korean).contains("resize: "), "a command line uses the names that are typed there");
    }

    #[test]
    fn every_kind_of_error_has_a_text_and_a_name_in_every_language() {
        let words =
            include_str!("mod.rs").split_once("pub enum ErrorKind {").and_then(|(_, rest)| rest.split_once("\n}\n"));
        let variants = words.map(|(variants, _)| variants).unwrap_or_default().lines();
        let kinds: Vec<ErrorKind> = variants
            .filter_map(|line| line.trim().strip_suffix(','))
            .map(|name| {
                name.chars().fold(String::new(), |mut word, c| {
                    if c.is_uppercase() && !word.is_empty() {
                        word.push('_');
                    }
                    word.extend(c.to_lowercase());
                    word
                })
            })
            .filter_map(|word| ErrorKind::from_word(&word))
            .collect();
        assert_eq!(kinds, ErrorKind::ALL);
        let has_hangul = |text: &str| text.chars().any(|c| ('가'..='힣').contains(&c));
        for kind in kinds {
            let error = ItemError::new(kind, "a.jpg").with("detail", "x");
            let (english, korean) = (error.text(Lang::English), error.text(Lang::Korean));
            assert!(english.contains("a.jpg") && !english.contains("error-"), "{english}");
            assert!(has_hangul(&korean) && korean.contains("a.jpg"), "{korean}");
            assert!(!kind.name(Lang::English).is_empty() && has_hangul(kind.name(Lang::Korean)), "{kind:?}");
            for lang in [Lang::English, Lang::Korean] {
                assert!(!error.window_text(lang).contains("--"), "the window names no option");
            }
        }
    }
}
