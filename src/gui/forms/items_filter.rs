//! The filter of the item list: which choices there are, and what each of them shows.

use crate::engine::ItemsFilter;
use crate::error::ErrorKind;
use crate::gui::format::count;
use crate::model::{ItemState, Lang, Progress};

/// The states that items are in, with their number, and the state that is filtered by even if no item is in it any more.
pub(crate) fn counts(progress: &Progress, filter: &ItemsFilter) -> Vec<(ItemState, u64)> {
    [
        (ItemState::Done, progress.done),
        (ItemState::Running, progress.running),
        (ItemState::Skipped, progress.skipped),
        (ItemState::Failed, progress.failed),
    ]
    .into_iter()
    .filter(|(state, items)| *items > 0 || filter.state == Some(*state))
    .collect()
}

/// The label of a state with its number of items.
pub(crate) fn state_label(lang: Lang, (state, items): (ItemState, u64)) -> String {
    format!("{} {}", lang.item_state(state), count(items))
}

/// Every filter by state that matches an item, with its label.
pub(crate) fn choices(lang: Lang, progress: &Progress, current: &ItemsFilter) -> Vec<(String, ItemsFilter)> {
    let mut all = vec![(lang.word("all").to_owned(), ItemsFilter::default())];
    for (state, items) in counts(progress, current) {
        let filter = ItemsFilter { state: Some(state), ..ItemsFilter::default() };
        all.push((state_label(lang, (state, items)), filter));
    }
    if may_have_remarks(progress, current) {
        let filter = ItemsFilter { is_remarked: true, ..ItemsFilter::default() };
        all.push((lang.word("with_remarks").to_owned(), filter));
    }
    all
}

/// The filter after a click on the chip of a state: that state, or all if it is filtered by already.
pub(crate) fn toggled(filter: &ItemsFilter, state: ItemState) -> ItemsFilter {
    let is_on = filter.state == Some(state);
    ItemsFilter { state: (!is_on).then_some(state), kind: None, ..filter.clone() }
}

/// Whether there may be items with remarks, or they are filtered by.
pub(crate) fn may_have_remarks(progress: &Progress, filter: &ItemsFilter) -> bool {
    progress.done + progress.skipped > 0 || filter.is_remarked
}

/// The filter after a click on the chip of items with remarks.
pub(crate) fn toggled_remarks(filter: &ItemsFilter) -> ItemsFilter {
    ItemsFilter { is_remarked: !filter.is_remarked, ..filter.clone() }
}

/// The kind of failure that "Retry these" would retry: the one that is filtered by, or the only one there is.
pub(crate) fn retryable_kind(filter: &ItemsFilter, failures: &[(ErrorKind, u64)]) -> Option<ErrorKind> {
    let only = if let [(kind, _)] = failures { Some(*kind) } else { None };
    filter.kind.or(only)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_click_on_a_chip_shows_all_items_again_and_keeps_the_text() {
        let typed = ItemsFilter { text: "coast".to_owned(), ..ItemsFilter::default() };
        let failed = toggled(&typed, ItemState::Failed);
        assert_eq!((failed.state, failed.text.as_str()), (Some(ItemState::Failed), "coast"));
        assert_eq!(toggled(&failed, ItemState::Failed), typed);
        assert_eq!(toggled(&failed, ItemState::Done).state, Some(ItemState::Done));
        let remarked = toggled_remarks(&toggled(&typed, ItemState::Done));
        assert_eq!((remarked.state, remarked.is_remarked), (Some(ItemState::Done), true), "of those that are done");
        assert_eq!(toggled_remarks(&toggled(&remarked, ItemState::Done)), typed);
    }

    #[test]
    fn only_states_with_items_are_offered() {
        let progress = Progress { done: 3, failed: 1, ..Progress::default() };
        let labels = |filter: &ItemsFilter| {
            let choices = choices(Lang::English, &progress, filter).into_iter();
            choices.map(|(label, _)| label).collect::<Vec<_>>()
        };
        assert_eq!(labels(&ItemsFilter::default()), ["All", "Done 3", "Failed 1", "With remarks"]);
        let skipped = ItemsFilter { state: Some(ItemState::Skipped), ..ItemsFilter::default() };
        assert_eq!(
            labels(&skipped),
            ["All", "Done 3", "Skipped 0", "Failed 1", "With remarks"],
            "a filter that is on can be seen"
        );
    }

    #[test]
    fn several_kinds_of_failures_are_retried_only_when_one_is_chosen() {
        let failures = [(ErrorKind::Timeout, 2), (ErrorKind::NotFound, 1)];
        let any = ItemsFilter::default();
        assert_eq!(retryable_kind(&any, &failures), None);
        assert_eq!(retryable_kind(&any, &failures[..1]), Some(ErrorKind::Timeout));
        let chosen = ItemsFilter { kind: Some(ErrorKind::NotFound), ..any };
        assert_eq!(retryable_kind(&chosen, &failures), Some(ErrorKind::NotFound));
    }
}
