//! The words of each language: one Fluent catalogue per language, below `assets/words/`.
//!
//! Only looks up and fills in text. Which language a person reads is decided by the front ends; records, logs and JSON
//! are always English.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::sync::{LazyLock, Mutex, PoisonError};

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};

use super::human;

/// A language that Pixloom speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Lang {
    /// English.
    #[default]
    English,
    /// Korean.
    Korean,
}

const ENGLISH: &[&str] = &[
    include_str!("../../assets/words/en/command_line.ftl"),
    include_str!("../../assets/words/en/databases.ftl"),
    include_str!("../../assets/words/en/details.ftl"),
    include_str!("../../assets/words/en/errors.ftl"),
    include_str!("../../assets/words/en/images.ftl"),
    include_str!("../../assets/words/en/messages.ftl"),
    include_str!("../../assets/words/en/operations.ftl"),
    include_str!("../../assets/words/en/queries.ftl"),
    include_str!("../../assets/words/en/window.ftl"),
];
const KOREAN: &[&str] = &[
    include_str!("../../assets/words/ko/command_line.ftl"),
    include_str!("../../assets/words/ko/databases.ftl"),
    include_str!("../../assets/words/ko/details.ftl"),
    include_str!("../../assets/words/ko/errors.ftl"),
    include_str!("../../assets/words/ko/images.ftl"),
    include_str!("../../assets/words/ko/messages.ftl"),
    include_str!("../../assets/words/ko/operations.ftl"),
    include_str!("../../assets/words/ko/queries.ftl"),
    include_str!("../../assets/words/ko/sources.ftl"),
    include_str!("../../assets/words/ko/window.ftl"),
];

type Bundle = FluentBundle<FluentResource>;

static ENGLISH_WORDS: LazyLock<Bundle> = LazyLock::new(|| bundle("en", ENGLISH));
static KOREAN_WORDS: LazyLock<Bundle> = LazyLock::new(|| bundle("ko", KOREAN));

/// The catalogue of one language. A file that doesn't parse loses only its broken entries; a test refuses any.
fn bundle(language: &str, files: &[&str]) -> Bundle {
    let mut bundle = Bundle::new_concurrent(vec![language.parse().unwrap_or_default()]);
    bundle.set_use_isolating(false);
    bundle.set_formatter(Some(|value, _| match value {
        FluentValue::Number(number) => Some(human::count(number.value as u64)),
        _ => None,
    }));
    let _ = bundle.add_function("JOSA", |positional, _| match positional {
        [word, closed, open] => with_particle(&plain(word), &plain(closed), &plain(open)).into(),
        _ => FluentValue::Error,
    });
    for file in files {
        let resource = match FluentResource::try_new((*file).to_owned()) {
            Ok(resource) | Err((resource, _)) => resource,
        };
        let _ = bundle.add_resource(resource);
    }
    bundle
}

fn plain(value: &FluentValue<'_>) -> String {
    match value {
        FluentValue::String(text) => text.clone().into_owned(),
        FluentValue::Number(number) => human::count(number.value as u64),
        _ => String::new(),
    }
}

/// A word with its Korean particle: `closed` follows a final consonant, `open` a vowel. Where only the pronunciation
/// tells which (Latin letters), both are written: `을(를)`.
fn with_particle(word: &str, closed: &str, open: &str) -> String {
    /// The code of the first syllable block; each has 28 in a row, the first without a final consonant.
    const FIRST: u32 = 0xAC00;
    const BLOCKS: u32 = 28;
    /// The final consonant after which 으로 loses its first syllable.
    const RIEUL: u32 = 8;
    let last = word.chars().rev().find(|c| c.is_alphanumeric());
    let r#final = match last {
        Some(c @ '가'..='힣') => Some((u32::from(c) - FIRST) % BLOCKS),
        Some('1' | '7' | '8') => Some(RIEUL),
        Some('0' | '3' | '6') => Some(1),
        Some('2' | '4' | '5' | '9') => Some(0),
        _ => None,
    };
    match r#final {
        Some(0) => format!("{word}{open}"),
        Some(RIEUL) if closed == "으로" => format!("{word}{open}"),
        Some(_) => format!("{word}{closed}"),
        None if closed == "으로" => format!("{word}(으)로"),
        None => format!("{word}{closed}({open})"),
    }
}

/// An argument of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arg<'a> {
    /// Text, shown as it is.
    Text(Cow<'a, str>),
    /// A count: shown with separators, and chosen by where a language has plurals.
    Count(u64),
}

impl Lang {
    /// The language of a locale such as `ko_KR.UTF-8`, or of an option's `ko`.
    pub fn of_locale(locale: &str) -> Self {
        if locale.starts_with("ko") { Self::Korean } else { Self::English }
    }

    /// A word that takes no arguments; its id where no language has it, which a test prevents.
    pub fn word(self, id: &'static str) -> &'static str {
        // A window looks up over a hundred words in each frame.
        thread_local!(static KNOWN: RefCell<HashMap<(Lang, &'static str), &'static str>> = RefCell::default());
        KNOWN.with_borrow_mut(|known| *known.entry((self, id)).or_insert_with(|| self.find(id).unwrap_or(id)))
    }

    /// A word that takes no arguments, if this language or English has it. `id.attribute` names an attribute.
    pub fn find(self, id: &str) -> Option<&'static str> {
        match self.fill(id, None)? {
            Cow::Borrowed(word) => Some(word),
            Cow::Owned(word) => Some(kept(word)),
        }
    }

    /// Words in a series, such as `a, b and c`: `id` names the text that joins the last one to the `most` before it.
    pub fn series(self, id: &'static str, words: &[String]) -> String {
        match words {
            [most @ .., last] if !most.is_empty() => {
                let args = [("most", Arg::Text(most.join(", ").into())), ("last", Arg::Text(last.into()))];
                self.text(id, args).unwrap_or_else(|| words.join(", "))
            }
            words => words.concat(),
        }
    }

    /// A text with its arguments, if this language or English has it. `id.attribute` names an attribute.
    pub fn text<'a>(self, id: &str, args: impl IntoIterator<Item = (&'a str, Arg<'a>)>) -> Option<String> {
        let args: FluentArgs<'a> = args
            .into_iter()
            .map(|(name, arg)| match arg {
                Arg::Text(text) => (name, FluentValue::String(text)),
                Arg::Count(count) => (name, FluentValue::from(count)),
            })
            .collect();
        self.fill(id, Some(&args)).map(Cow::into_owned)
    }

    fn fill(self, id: &str, args: Option<&FluentArgs<'_>>) -> Option<Cow<'static, str>> {
        self.fill_own(id, args).or_else(|| match self {
            Self::English => None,
            Self::Korean => Self::English.fill_own(id, args),
        })
    }

    fn fill_own(self, id: &str, args: Option<&FluentArgs<'_>>) -> Option<Cow<'static, str>> {
        let bundle: &'static Bundle = match self {
            Self::English => &ENGLISH_WORDS,
            Self::Korean => &KOREAN_WORDS,
        };
        let (id, attribute) = id.split_once('.').unwrap_or((id, ""));
        let message = bundle.get_message(id)?;
        let pattern = match attribute {
            "" => message.value()?,
            attribute => message.get_attribute(attribute)?.value(),
        };
        let mut errors = Vec::new();
        let text = match args {
            Some(args) => Cow::Owned(bundle.format_pattern(pattern, Some(args), &mut errors).into_owned()),
            None => bundle.format_pattern(pattern, None, &mut errors),
        };
        if !errors.is_empty() {
            tracing::debug!(id, ?errors, "a text lacks an argument");
        }
        Some(text)
    }
}

/// Keeps a word for as long as the program runs. There are as many as the catalogue has words with escapes.
fn kept(word: String) -> &'static str {
    static KEPT: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(word) = kept.get(word.as_str()) {
        return word;
    }
    let word: &'static str = word.leak();
    kept.insert(word);
    word
}
