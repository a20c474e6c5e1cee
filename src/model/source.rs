//! Sources of a job as data. Which kinds there are, and what each of them does, is declared in `crate::source`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::locator::Locator;

/// One source of a job: where items come from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Stored")]
pub struct SourceSpec {
    /// Id of its kind, such as `folder`.
    pub kind: String,
    /// The paths and URLs that it reads, in order.
    #[serde(serialize_with = "write_inputs", skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<Locator>,
    /// Options of its kind by name, as text.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<String, String>,
}

/// A file that a source left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ignored {
    /// Its path, or that of a folder that was not read.
    pub path: PathBuf,
    /// Why it was left out.
    pub reason: IgnoredReason,
}

/// Why a file was left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IgnoredReason {
    /// It is not an image.
    NotAnImage,
    /// It is hidden, or in a hidden folder.
    Hidden,
    /// It is a result of this job or of an earlier one.
    Result,
    /// It is the unwanted file of a pair: a camera raw file, and a JPEG or HEIC file of the same name.
    RawPair,
}

impl IgnoredReason {
    const ALL: [Self; 4] = [Self::NotAnImage, Self::Hidden, Self::Result, Self::RawPair];

    /// The name in catalogs and scripts.
    pub const fn word(self) -> &'static str {
        match self {
            Self::NotAnImage => "not_an_image",
            Self::Hidden => "hidden",
            Self::Result => "result",
            Self::RawPair => "raw_pair",
        }
    }

    /// The reason with this name.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.word() == word)
    }
}

impl SourceSpec {
    /// A source without options.
    pub fn new(kind: &str, inputs: Vec<Locator>) -> Self {
        Self { kind: kind.to_owned(), inputs, options: BTreeMap::new() }
    }

    /// The same with an option.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.options.insert(name.to_owned(), value.into());
        self
    }

    /// An option's value.
    pub fn option(&self, name: &str) -> Option<&str> {
        self.options.get(name).map(String::as_str)
    }

    /// The first input, if it is a path.
    pub fn first_path(&self) -> Option<&Path> {
        self.inputs.first().and_then(Locator::path)
    }

    /// The first input, if it is a URL.
    pub fn first_url(&self) -> Option<&str> {
        match self.inputs.first() {
            Some(Locator::Url(url)) => Some(url),
            _ => None,
        }
    }
}

fn write_inputs<S: Serializer>(inputs: &[Locator], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(inputs.iter().map(Locator::to_text))
}

fn read_inputs<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Locator>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    Ok(texts.iter().map(|text| Locator::parse(text)).collect())
}

/// How catalogs store sources: as they are, or as versions before 0.2 wrote them.
#[derive(Deserialize)]
#[serde(untagged)]
enum Stored {
    Now {
        kind: String,
        #[serde(default, deserialize_with = "read_inputs")]
        inputs: Vec<Locator>,
        #[serde(default)]
        options: BTreeMap<String, String>,
    },
    Before(OldSource),
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum OldSource {
    File {
        #[serde(with = "super::path_text")]
        path: PathBuf,
    },
    Folder {
        #[serde(with = "super::path_text")]
        path: PathBuf,
        recursive: bool,
    },
    Url {
        url: String,
    },
    UrlList {
        #[serde(with = "super::path_text")]
        path: PathBuf,
    },
    Stdin,
    FetchedList {
        url: String,
        #[serde(default)]
        hash: Option<String>,
    },
}

impl From<Stored> for SourceSpec {
    fn from(stored: Stored) -> Self {
        let old = match stored {
            Stored::Now { kind, inputs, options } => return Self { kind, inputs, options },
            Stored::Before(old) => old,
        };
        match old {
            OldSource::File { path } => Self::new("files", vec![Locator::File(path)]),
            OldSource::Folder { path, recursive } => {
                let folder = Self::new("folder", vec![Locator::File(path)]);
                if recursive { folder.with("recursive", "true") } else { folder }
            }
            OldSource::Url { url } => Self::new("url", vec![Locator::Url(url)]),
            OldSource::UrlList { path } => Self::new("url_list", vec![Locator::File(path)]),
            OldSource::Stdin => Self::new("stdin", Vec::new()),
            OldSource::FetchedList { url, hash } => {
                let list = Self::new("fetched_list", vec![Locator::Url(url)]);
                match hash {
                    Some(hash) => list.with("hash", hash),
                    None => list,
                }
            }
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn sources_of_older_catalogs_are_read() {
        let cases = [
            (r#"{"file":{"path":"/a b"}}"#, r#"{"kind":"files","inputs":["/a b"]}"#),
            (
                r#"{"folder":{"path":"/p","recursive":true}}"#,
                r#"{"kind":"folder","inputs":["/p"],"options":{"recursive":"true"}}"#,
            ),
            (r#"{"folder":{"path":"/p","recursive":false}}"#, r#"{"kind":"folder","inputs":["/p"]}"#),
            (r#"{"url":{"url":"http://h/a"}}"#, r#"{"kind":"url","inputs":["http://h/a"]}"#),
            (r#"{"url_list":{"path":"/l.csv"}}"#, r#"{"kind":"url_list","inputs":["/l.csv"]}"#),
            (r#""stdin""#, r#"{"kind":"stdin"}"#),
            (
                r#"{"fetched_list":{"url":"http://h/l","hash":"ab"}}"#,
                r#"{"kind":"fetched_list","inputs":["http://h/l"],"options":{"hash":"ab"}}"#,
            ),
        ];
        for (old, now) in cases {
            let source: SourceSpec = serde_json::from_str(old).unwrap();
            assert_eq!(serde_json::to_string(&source).unwrap(), now);
            assert_eq!(serde_json::from_str::<SourceSpec>(now).unwrap(), source);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_path_of_any_bytes_survives_the_catalog() {
        use std::os::unix::ffi::OsStrExt;
        let paths = [&b"/photo.jpg "[..], b"/two\nlines", b"/no \xff text", b"file://x", b"/%20"];
        let inputs = paths.iter().map(|path| Locator::File(std::ffi::OsStr::from_bytes(path).into())).collect();
        let source = SourceSpec::new("files", inputs);
        let text = serde_json::to_string(&source).unwrap();
        assert_eq!(serde_json::from_str::<SourceSpec>(&text).unwrap(), source);
    }
}
