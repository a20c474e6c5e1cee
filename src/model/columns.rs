//! The columns of a list besides the URL.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Locator, locator};

/// A row's columns besides its URL, by name and in the list's order; values keep their types.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Columns(Map<String, Value>);

impl Columns {
    /// Whether there are no columns.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a column; if two have the same name, the first is kept.
    pub fn put(&mut self, name: &str, value: Value) {
        if !self.0.contains_key(name) {
            self.0.insert(name.to_owned(), value);
        }
    }

    /// The column with exactly this name.
    pub fn exactly(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// The column with this name, or else the first whose name differs only in case.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).or_else(|| {
            let mut columns = self.0.iter();
            columns.find(|(other, _)| is_same_name(other, name)).map(|(_, value)| value)
        })
    }

    /// A column as text: text as it is, an empty text for null, JSON for other values.
    pub fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(|value| match value {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        })
    }

    /// Removes user info from columns that are links.
    pub fn without_user_info(&mut self) {
        for value in self.0.values_mut() {
            if let Value::String(text) = value
                && text.contains('@')
                && Locator::is_url(text)
            {
                *text = locator::without_user_info(text);
            }
        }
    }

    /// The names in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

impl From<Map<String, Value>> for Columns {
    fn from(columns: Map<String, Value>) -> Self {
        Self(columns)
    }
}

/// Whether two names differ only in case and surrounding white space.
pub fn is_same_name(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_in_other_columns_lose_only_their_passwords() {
        let mut columns = Columns::default();
        for (name, text) in [("a", "http://me:pw@h/x@y"), ("b", "me@h.example"), ("c", "http://h/@me")] {
            columns.put(name, text.into());
        }
        columns.without_user_info();
        let texts = ["a", "b", "c"].map(|name| columns.text(name).unwrap_or_default());
        assert_eq!(texts, ["http://h/x@y", "me@h.example", "http://h/@me"]);
    }

    #[test]
    fn a_column_is_found_by_name_in_any_case_with_exact_matches_first() {
        let mut columns = Columns::default();
        columns.put("ID", Value::from(7));
        columns.put("id", Value::from("seven"));
        columns.put("id", Value::from("again"));
        columns.put("none", Value::Null);
        assert_eq!(columns.text("id").as_deref(), Some("seven"));
        assert_eq!(columns.text(" Id").as_deref(), Some("7"));
        assert_eq!((columns.text("NONE").as_deref(), columns.text("other")), (Some(""), None));
        assert_eq!(columns.names().collect::<Vec<_>>(), ["ID", "id", "none"]);
    }
}
