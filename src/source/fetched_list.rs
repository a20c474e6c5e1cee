//! A list of links that is fetched from a URL. Its author is not the user, see [`Origin::Fetched`].

use std::ops::ControlFlow;

use super::kind::{Argument, Columns, Found, Give, Reading, Repeat, SourceArguments, SourceKind};
use super::lists;
use crate::model::{Locator, Origin, SourceSpec, locator};

/// The option that holds the SHA-256 of the list when it was first fetched.
const HASH: &str = "hash";

pub(super) static KIND: SourceKind = SourceKind {
    list_argument: Some(Argument {
        help: "the http(s) URL of a list",
        parse: |argument, _| Ok(argument.to_str().filter(|text| Locator::is_url(text)).map(fetched_list)),
    }),
    arguments_of: |source| Some(SourceArguments::of_option("--urls", source)),
    is_list: true,
    is_foreign: true,
    repeat: Repeat::SameRows,
    columns: |_, _| Columns::Unknown,
    label: |source| source.first_url().map(locator::shown_url).unwrap_or_default(),
    ..SourceKind::new("fetched_list", read)
};

/// A list of links at a URL.
pub fn fetched_list(url: impl Into<String>) -> SourceSpec {
    SourceSpec::new(KIND.id, vec![Locator::Url(url.into())])
}

/// The SHA-256 of the list when it was first fetched.
pub fn hash_of_fetched_list(source: &SourceSpec) -> Option<&str> {
    source.option(HASH)
}

/// The same source with the SHA-256 of its list, so that a resume notices if the list has changed.
#[must_use]
pub fn with_hash_of_list(source: SourceSpec, hash: &str) -> SourceSpec {
    source.with(HASH, hash)
}

fn read(source: &SourceSpec, reading: &Reading<'_>, give: Give<'_>) -> ControlFlow<()> {
    let Some(url) = source.first_url() else { return ControlFlow::Continue(()) };
    match (reading.fetch)(url) {
        Ok(file) => {
            let path = url.split(['?', '#']).next().unwrap_or_default();
            lists::read_file(file, &locator::shown_url(url), path, Origin::Fetched, reading, give)
        }
        Err(_) if (reading.cancelled)() => ControlFlow::Break(()),
        Err(error) => give(Found::Failed(error)),
    }
}
