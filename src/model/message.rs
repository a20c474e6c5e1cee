//! What is told to people: English words, and an id by which a window finds those of its own language.
//!
//! English stands where it is said. Korean stands in `assets/translations/ko.toml`, under `[said]` and the same id.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use super::Value;

/// Names of the arguments that say what it is about, beside those that it is filled in with.
const OF: &str = "@of";
const FILE: &str = "@file";
const LINE: &str = "@line";
/// Under which its id goes, where a catalog keeps it.
const ID: &str = "@id";

/// A sentence, or a part of one, with what it is filled in with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    id: Cow<'static, str>,
    english: Cow<'static, str>,
    args: BTreeMap<Cow<'static, str>, String>,
}

impl Message {
    /// A sentence of that id; `{name}` in it stands for the argument of that name.
    pub const fn new(id: &'static str, english: &'static str) -> Self {
        Self { id: Cow::Borrowed(id), english: Cow::Borrowed(english), args: BTreeMap::new() }
    }

    /// The same with an argument.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.args.insert(Cow::Borrowed(name), value.to_string());
        self
    }

    /// The same about a parameter of that name, for which that value was given.
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
        self.args.get(name).map_or("", String::as_str)
    }

    /// The operation it is about, or `save`; empty where it is about neither.
    pub fn whose(&self) -> &str {
        self.arg(OF)
    }

    /// The file and the line that it is about; each may be empty.
    pub fn place(&self) -> (&str, &str) {
        (self.arg(FILE), self.arg(LINE))
    }

    /// Fills other words in with its arguments, each as `shown` has it.
    pub fn fill(&self, words: &str, shown: impl Fn(&str, &str) -> String) -> String {
        let mut text = String::with_capacity(words.len());
        let mut rest = words;
        while let Some((before, behind)) = rest.split_once('{') {
            text.push_str(before);
            let arg = behind.split_once('}').and_then(|(name, after)| Some((name, self.args.get(name)?, after)));
            if let Some((name, value, after)) = arg {
                text.push_str(&shown(name, value));
                rest = after;
            } else {
                text.push('{');
                rest = behind;
            }
        }
        text.push_str(rest);
        text
    }

    /// As pairs of texts, for where a catalog keeps it. Its English words are kept beside.
    pub fn to_pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        let args = self.args.iter().map(|(name, value)| (name.as_ref(), value.as_str()));
        std::iter::once((ID, self.id())).chain(args)
    }

    /// From such pairs, and its English words as they were filled in; `None` where there is no id among them.
    pub fn from_pairs<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>, english: &str) -> Option<Self> {
        let owned = |(name, value): (&str, &str)| (Cow::Owned(name.to_owned()), value.to_owned());
        let mut args: BTreeMap<Cow<'static, str>, String> = pairs.map(owned).collect();
        let id = args.remove(ID)?;
        Some(Self { id: Cow::Owned(id), english: Cow::Owned(english.to_owned()), args })
    }
}

impl fmt::Display for Message {
    /// `sharpen: sigma must be a number from 0 to 200 px, not 300`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in [self.arg(OF), self.arg(FILE)].into_iter().filter(|part| !part.is_empty()) {
            write!(f, "{part}: ")?;
        }
        if !self.arg(LINE).is_empty() {
            write!(f, "line {}: ", self.arg(LINE))?;
        }
        f.write_str(&self.fill(&self.english, |_, value| value.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::super::message::*;

    #[test]
    fn it_is_filled_in_once_and_says_where_it_is_about() {
        let sentence = Message::new("x", "{a} is no {b}, {c}").with("a", "{b}").with("b", 2);
        assert_eq!(sentence.to_string(), "{b} is no 2, {c}");
        let placed = sentence.of("lut").in_file("a.cube").at_line(2);
        assert_eq!(placed.to_string(), "lut: a.cube: line 2: {b} is no 2, {c}");
        assert_eq!(placed.fill("{b}{b}{", |_, value| format!("<{value}>")), "<2><2>{");
    }

    #[test]
    fn a_catalog_gives_back_what_a_window_needs() {
        let sentence = Message::new("x", "{a}!").with("a", "id").of("lut").in_file("a.cube").at_line(2);
        let back = Message::from_pairs(sentence.to_pairs(), "id!").unwrap();
        assert_eq!((back.id(), back.whose(), back.place()), ("x", "lut", ("a.cube", "2")));
        assert_eq!(back.fill("<{a}>", |_, value| value.to_owned()), "<id>");
        assert_eq!(Message::from_pairs(std::iter::empty(), "id!"), None);
    }
}
