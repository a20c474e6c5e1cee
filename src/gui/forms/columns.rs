//! The form for the columns of lists that contain links and checksums.

use crate::engine::ListFile;
use crate::model::columns;

/// The default column of links.
pub(crate) const URL: &str = "url";

/// The columns of all lists, without repetitions.
pub(crate) fn names(files: &[ListFile]) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for name in files.iter().filter_map(|file| file.columns.as_ref()).flatten() {
        if !names.iter().any(|known| columns::is_same_name(known, name)) {
            names.push(name);
        }
    }
    names
}

/// A column that the user entered by hand.
pub(crate) fn entered(text: &str) -> Option<String> {
    Some(text.trim().to_owned()).filter(|name| !name.is_empty())
}

/// A choice among columns. Index 0 and up are the columns; `None` is no column.
pub(crate) struct ColumnChoice<'a> {
    names: &'a [&'a str],
    /// The choices in order, with their labels.
    pub(crate) choices: Vec<(Option<usize>, String)>,
    /// The current choice.
    pub(crate) current: Option<usize>,
}

impl<'a> ColumnChoice<'a> {
    /// A choice among `names`; `none` is the label of no column, if that may be chosen.
    pub(crate) fn new(names: &'a [&'a str], current: Option<&str>, none: Option<&str>) -> Self {
        let mut choices: Vec<(Option<usize>, String)> =
            none.map(|words| (None, words.to_owned())).into_iter().collect();
        choices.extend(names.iter().enumerate().map(|(index, name)| (Some(index), (*name).to_owned())));
        let index = current.and_then(|current| names.iter().position(|name| columns::is_same_name(name, current)));
        if let Some(missing) = current.filter(|_| index.is_none()) {
            // A chosen column that doesn't exist stays visible, so that the user sees what is wrong.
            choices.insert(0, (Some(names.len()), missing.to_owned()));
        }
        Self { names, choices, current: index.or_else(|| current.map(|_| names.len())) }
    }

    /// The column of a choice. The outer `None` is the missing column, which changes nothing.
    #[expect(clippy::option_option, reason = "whether it was changed, and to which column, if any")]
    pub(crate) fn chosen(&self, choice: Option<usize>) -> Option<Option<String>> {
        (choice != Some(self.names.len()))
            .then(|| choice.and_then(|index| self.names.get(index)).map(|name| (*name).to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_column_is_shown_and_choosing_it_changes_nothing() {
        let names = ["image", "sha256"];
        let choice = ColumnChoice::new(&names, Some("url"), None);
        assert_eq!(choice.choices.first(), Some(&(Some(2), "url".to_owned())));
        assert_eq!((choice.current, choice.chosen(Some(2))), (Some(2), None));
        assert_eq!(choice.chosen(Some(0)), Some(Some("image".to_owned())));
    }

    #[test]
    fn no_column_can_be_chosen_if_it_has_a_label() {
        let names = ["sha256"];
        let choice = ColumnChoice::new(&names, Some("SHA256 "), Some("None"));
        assert_eq!(choice.current, Some(0), "names are compared without case and white space");
        assert_eq!((choice.choices.len(), choice.chosen(None)), (2, Some(None)));
    }
}
