//! Messages to people as data: an id and arguments. The text is in each language's word catalogue.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::io;

use super::Value;
use super::names::{op_name, param_name, save_key_name};
use super::unit::suffix_in;
use super::words::{Arg, Lang};

/// Names of the arguments that say what the message is about; the others fill in the text.
const OF: &str = "@of";
const FILE: &str = "@file";
const LINE: &str = "@line";
/// The name under which a catalog keeps the id.
const ID: &str = "@id";
/// Prefix of a count's name in a catalog.
const COUNT: &str = "#";
/// Separates the name of a nested message from the names of its arguments in a catalog.
const NESTED: char = '.';

/// A sentence, or part of one, with its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    id: Cow<'static, str>,
    args: BTreeMap<Cow<'static, str>, Arg<'static>>,
    /// Arguments that are messages themselves.
    nested: BTreeMap<Cow<'static, str>, Self>,
    /// The English text that a catalog stored with it.
    recorded: Option<Box<str>>,
}

impl Message {
    /// The message of that id in the word catalogues.
    pub const fn new(id: &'static str) -> Self {
        Self { id: Cow::Borrowed(id), args: BTreeMap::new(), nested: BTreeMap::new(), recorded: None }
    }

    /// The message of an id that is put together, such as `error-corrupt.brief`.
    pub(crate) const fn of_id(id: String) -> Self {
        Self { id: Cow::Owned(id), args: BTreeMap::new(), nested: BTreeMap::new(), recorded: None }
    }

    /// The same with an argument.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.args.insert(Cow::Borrowed(name), Arg::Text(Cow::Owned(value.to_string())));
        self
    }

    /// The same with a count, for texts with singular and plural forms.
    #[must_use]
    pub fn count(mut self, name: &'static str, count: u64) -> Self {
        self.args.insert(Cow::Borrowed(name), Arg::Count(count));
        self
    }

    /// The same with a message as an argument, which is translated, too.
    #[must_use]
    pub fn with_message(mut self, name: &'static str, message: impl Into<Self>) -> Self {
        self.nested.insert(Cow::Borrowed(name), message.into());
        self
    }

    /// The same, about a parameter of this name with this value.
    #[must_use]
    pub fn about(self, param: &str, given: &Value) -> Self {
        self.with("param", param).with("given", given.quoted())
    }

    /// The same about an operation, or about `save`.
    #[must_use]
    pub fn of(self, of: &str) -> Self {
        self.with(OF, of)
    }

    /// The same about a file.
    #[must_use]
    pub fn in_file(self, file: &str) -> Self {
        self.with(FILE, file)
    }

    /// The same about a line, from 1.
    #[must_use]
    pub fn at_line(self, line: usize) -> Self {
        self.with(LINE, line)
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// An argument, or the empty text.
    pub fn arg(&self, name: &str) -> &str {
        match self.args.get(name) {
            Some(Arg::Text(text)) => text,
            _ => "",
        }
    }

    /// Its text for the command line, with the names used there for options, operations and parameters.
    pub fn text(&self, lang: Lang) -> String {
        let text = self.filled(lang, "", |_, value| value.to_owned());
        self.with_location(lang, text, self.arg(OF))
    }

    /// Its text for the window, with the names shown there for operations and parameters. Uses the variant `.window`,
    /// if there is one, which mentions no option of the command line.
    pub fn window_text(&self, lang: Lang) -> String {
        let of = self.arg(OF);
        let name = |param: &str| match of {
            "" => param.to_owned(),
            "save" => save_key_name(lang, param),
            op => param_name(lang, op, param),
        };
        let text =
            self.filled(lang, ".window", |arg, value| if arg == "param" { name(value) } else { value.to_owned() });
        match of {
            "" | "save" => self.with_location(lang, text, ""),
            op => self.with_location(lang, text, &op_name(lang, op)),
        }
    }

    /// The text of a variant, or else of the message itself.
    fn filled(&self, lang: Lang, variant: &str, shown: impl Fn(&str, &str) -> String) -> String {
        let args: Vec<(&str, Arg<'_>)> = self
            .args
            .iter()
            .map(|(name, arg)| match arg {
                Arg::Text(text) if name == "unit" => (name.as_ref(), Arg::Text(Cow::Borrowed(suffix_in(lang, text)))),
                Arg::Text(text) => (name.as_ref(), Arg::Text(Cow::Owned(shown(name, text)))),
                Arg::Count(count) => (name.as_ref(), Arg::Count(*count)),
            })
            .filter(|(name, _)| !name.starts_with('@'))
            .chain(self.nested.iter().map(|(name, message)| {
                let text = if variant.is_empty() { message.text(lang) } else { message.window_text(lang) };
                (name.as_ref(), Arg::Text(Cow::Owned(text)))
            }))
            .collect();
        let text = |id: &str| lang.text(id, args.iter().cloned());
        let variant = if variant.is_empty() { None } else { text(&format!("{}{variant}", self.id)) };
        let text = variant.or_else(|| text(&self.id));
        text.or_else(|| self.recorded.as_deref().map(str::to_owned)).unwrap_or_else(|| self.id.clone().into_owned())
    }

    /// Puts the location before a text: `sharpen: a.cube: line 3: `.
    fn with_location(&self, lang: Lang, text: String, of: &str) -> String {
        let mut text = text;
        let id = match (self.arg(FILE).is_empty(), self.arg(LINE).is_empty()) {
            (true, true) => None,
            (false, true) => Some("in_file"),
            (true, false) => Some("at_line"),
            (false, false) => Some("in_file_at_line"),
        };
        if let Some(id) = id {
            let args = [("file", self.arg(FILE)), ("line", self.arg(LINE)), ("text", text.as_str())];
            let placed = lang.text(id, args.map(|(name, value)| (name, Arg::Text(Cow::Borrowed(value)))));
            text = placed.unwrap_or(text);
        }
        if of.is_empty() { text } else { format!("{of}: {text}") }
    }

    /// As pairs of texts for a catalog, which also stores the English text.
    pub fn to_pairs(&self) -> Vec<(Cow<'_, str>, Cow<'_, str>)> {
        let mut pairs = vec![(Cow::Borrowed(ID), Cow::Borrowed(self.id()))];
        pairs.extend(self.args.iter().map(|(name, arg)| match arg {
            Arg::Text(text) => (Cow::Borrowed(name.as_ref()), Cow::Borrowed(text.as_ref())),
            Arg::Count(count) => (Cow::Owned(format!("{COUNT}{name}")), Cow::Owned(count.to_string())),
        }));
        for (outer, message) in &self.nested {
            let inner = message.to_pairs().into_iter();
            pairs.extend(inner.map(|(name, value)| (Cow::Owned(format!("{outer}{NESTED}{name}")), value)));
        }
        pairs
    }

    /// From such pairs and the English text stored with them; `None` if they have no id.
    pub fn from_pairs<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>, english: &str) -> Option<Self> {
        let mut read = Self::of_pairs(pairs.collect())?;
        read.recorded = Some(english.into());
        Some(read)
    }

    fn of_pairs(pairs: Vec<(&str, &str)>) -> Option<Self> {
        let mut args: BTreeMap<Cow<'static, str>, Arg<'static>> = BTreeMap::new();
        let mut inner: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
        for (name, value) in pairs {
            let (name, arg) = match (name.split_once(NESTED), name.strip_prefix(COUNT), value.parse()) {
                (Some((outer, name)), ..) => {
                    inner.entry(outer).or_default().push((name, value));
                    continue;
                }
                (None, Some(name), Ok(count)) => (name, Arg::Count(count)),
                _ => (name, Arg::Text(Cow::Owned(value.to_owned()))),
            };
            args.insert(Cow::Owned(name.to_owned()), arg);
        }
        let Arg::Text(id) = args.remove(ID)? else { return None };
        let nested = inner.into_iter();
        let nested = nested.filter_map(|(name, pairs)| Some((Cow::Owned(name.to_owned()), Self::of_pairs(pairs)?)));
        let nested = nested.collect();
        Some(Self { id, args, nested, recorded: None })
    }
}

impl From<&'static str> for Message {
    /// The message of that id, without arguments.
    fn from(id: &'static str) -> Self {
        Self::new(id)
    }
}

impl From<&io::Error> for Message {
    /// Why the system refused something. Rare reasons are in the system's own words.
    fn from(error: &io::Error) -> Self {
        use io::ErrorKind;
        if let Some(id) = reason_by_number(error) {
            return Self::new(id);
        }
        // An error around another one has its code in its text.
        if let Some(inner) =
            error.raw_os_error().is_none().then(|| error.to_string()).and_then(|text| inner_error(&text))
        {
            return Self::from(&inner);
        }
        // An error with a payload has a text of its own.
        let kind = if error.get_ref().is_none() { error.kind() } else { ErrorKind::Other };
        Self::new(match kind {
            ErrorKind::NotFound => "system_not_found",
            ErrorKind::PermissionDenied => "system_denied",
            ErrorKind::AlreadyExists => "system_exists",
            ErrorKind::IsADirectory => "system_is_folder",
            ErrorKind::NotADirectory => "system_no_folder",
            ErrorKind::ReadOnlyFilesystem => "system_read_only",
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "system_full",
            ErrorKind::InvalidFilename => "system_name",
            ErrorKind::OutOfMemory => "system_memory",
            ErrorKind::TimedOut => "system_timed_out",
            ErrorKind::BrokenPipe => "system_pipe",
            ErrorKind::ConnectionRefused => "system_refused",
            ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => "system_reset",
            ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => "system_unreachable",
            ErrorKind::InvalidData if error.to_string() == NOT_UTF8 => "system_utf8",
            ErrorKind::FileTooLarge => "system_too_large",
            ErrorKind::ResourceBusy | ErrorKind::ExecutableFileBusy => "system_busy",
            ErrorKind::StaleNetworkFileHandle => "system_stale",
            _ => {
                let text = error.to_string();
                // The number says nothing to people.
                return Self::new("system_text").with("text", text.split(" (os error ").next().unwrap_or(&text));
            }
        })
    }
}

/// What the standard library says of a text that is not UTF-8.
const NOT_UTF8: &str = "stream did not contain valid UTF-8";

/// The system's error in the text of another one: `No such file or directory (os error 2) at path "/x"`.
fn inner_error(text: &str) -> Option<io::Error> {
    let (_, rest) = text.split_once(" (os error ")?;
    rest.split_once(')').and_then(|(code, _)| code.parse().ok()).map(io::Error::from_raw_os_error)
}

/// The reasons for which the standard library has no kind.
#[cfg(unix)]
fn reason_by_number(error: &io::Error) -> Option<&'static str> {
    use rustix::io::Errno;
    let errno = Errno::from_raw_os_error(error.raw_os_error()?);
    match errno {
        Errno::LOOP => Some("system_loop"),
        Errno::IO | Errno::NXIO | Errno::NODEV => Some("system_device"),
        Errno::MFILE | Errno::NFILE => Some("system_files"),
        _ => None,
    }
}

#[cfg(not(unix))]
fn reason_by_number(_: &io::Error) -> Option<&'static str> {
    None
}

impl From<io::Error> for Message {
    fn from(error: io::Error) -> Self {
        Self::from(&error)
    }
}

impl fmt::Display for Message {
    /// In English: `sharpen: sigma must be a number from 0 to 200 px, not 300`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.recorded {
            Some(text) => f.write_str(text),
            None => f.write_str(&self.text(Lang::English)),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_message_is_filled_in_once_and_names_its_file_and_line() {
        let message = Message::new("cube_numbers").with("wanted", "{count}").with("count", 2);
        assert_eq!(message.to_string(), "expected {count} numbers, found 2");
        let placed = message.of("lut").in_file("a.cube").at_line(2);
        assert_eq!(placed.to_string(), "lut: a.cube: line 2: expected {count} numbers, found 2");
        assert!(placed.window_text(Lang::Korean).starts_with("LUT 색감: a.cube 2번째 줄: "), "{placed:?}");
    }

    #[test]
    fn a_catalog_keeps_all_that_another_language_needs() {
        let inner = Message::new("file_unread").with("path", "a").with_message("detail", "system_denied");
        let message = Message::new("file_no_image").with("path", "b").count("count", 3).of("lut");
        let message = message.with_message("detail", inner);
        assert_eq!(message.to_string(), "lut: b can't be used as an image (couldn't read a: permission denied)");
        let pairs: Vec<(String, String)> =
            message.to_pairs().into_iter().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
        let back = Message::from_pairs(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())), "as it was");
        let back = back.unwrap();
        assert_eq!((back.id(), back.text(Lang::Korean)), (message.id(), message.text(Lang::Korean)));
        assert_eq!(back.to_string(), "as it was", "the record stays as it was written");
        assert_eq!(Message::from_pairs(std::iter::empty(), "x"), None);
    }

    #[test]
    fn the_usual_errors_of_the_system_are_translated() {
        let missing = io::Error::from_raw_os_error(2);
        assert_eq!(Message::from(&missing).to_string(), "no such file or folder");
        assert_eq!(Message::from(&missing).text(Lang::Korean), "파일이나 폴더가 없습니다");
        let own = io::Error::new(io::ErrorKind::NotFound, "not where it was");
        assert_eq!(Message::from(own).to_string(), "not where it was");
    }

    #[test]
    fn a_recorded_message_of_an_unknown_id_keeps_its_english_text() {
        let back = Message::from_pairs([("@id", "no_longer_there")].into_iter(), "It was so.").unwrap();
        assert_eq!(back.text(Lang::Korean), "It was so.");
    }
}
