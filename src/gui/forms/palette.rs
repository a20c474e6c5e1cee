//! The command palette: the search text and the selected entry.

use crate::model::Lang;

/// The state of the open palette.
#[derive(Debug, Default)]
pub(crate) struct PaletteForm {
    text: String,
    selected: usize,
}

impl PaletteForm {
    /// The search text.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Changes the search text; the first entry is then selected.
    pub(crate) fn set_text(&mut self, text: String) {
        if text != self.text {
            self.text = text;
            self.selected = 0;
        }
    }

    /// Whether a label contains every word of the search text.
    pub(crate) fn finds(&self, label: &str) -> bool {
        let label = label.to_lowercase();
        self.text.trim().to_lowercase().split_whitespace().all(|word| label.contains(word))
    }

    /// The text to filter items by, with its label.
    pub(crate) fn item_filter(&self, lang: Lang) -> Option<(String, String)> {
        let text = self.text.trim();
        (!text.is_empty()).then(|| (lang.filter_by(text), text.to_owned()))
    }

    /// Moves the selection among this many entries, and returns the selected one.
    pub(crate) fn select(&mut self, up: bool, down: bool, entries: usize) -> usize {
        self.selected = (self.selected + usize::from(down)).saturating_sub(usize::from(up));
        self.selected = self.selected.min(entries.saturating_sub(1));
        self.selected
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_the_search_must_occur_in_a_label() {
        let mut form = PaletteForm::default();
        form.set_text(" fold add ".to_owned());
        assert!(form.finds("Add folder…") && !form.finds("Add images…"));
    }

    #[test]
    fn the_selection_stays_within_the_entries_and_restarts_with_another_text() {
        let mut form = PaletteForm::default();
        assert_eq!([form.select(false, true, 3), form.select(false, true, 3), form.select(false, true, 3)], [1, 2, 2]);
        assert_eq!((form.select(true, false, 3), form.select(false, false, 1)), (1, 0));
        form.select(false, true, 3);
        form.set_text("a".to_owned());
        assert_eq!(form.select(false, false, 3), 0);
        assert_eq!(form.select(true, false, 0), 0);
    }
}
