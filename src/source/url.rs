//! Single links. Any number of them is one source.

use std::ops::ControlFlow;

use super::kind::{Argument, Found, Give, Reading, SourceArguments, SourceKind};
use super::lists::link;
use crate::model::{Locator, SourceSpec, locator};

pub(super) static KIND: SourceKind = SourceKind {
    argument: Some(Argument {
        help: "http(s) URLs",
        parse: |argument, _| {
            Ok(argument.to_str().filter(|text| Locator::is_url(text)).map(|url| urls([url.to_owned()])))
        },
    }),
    arguments_of: |source| Some(SourceArguments::of_inputs(source)),
    takes_many_inputs: true,
    label: |source| source.first_url().map(locator::shown_url).unwrap_or_default(),
    ..SourceKind::new("url", read)
};

/// Links by their URLs. One that is not valid is reported as a failed item.
pub fn urls(urls: impl IntoIterator<Item = String>) -> SourceSpec {
    SourceSpec::new(KIND.id, urls.into_iter().map(Locator::Url).collect())
}

fn read(source: &SourceSpec, reading: &Reading<'_>, give: Give<'_>) -> ControlFlow<()> {
    for input in source.inputs.iter().skip(usize::try_from(reading.first_item).unwrap_or(usize::MAX)) {
        if (reading.cancelled)() {
            return ControlFlow::Break(());
        }
        give(Found::Item(link(&input.to_text(), &|why| why)))?;
    }
    ControlFlow::Continue(())
}
