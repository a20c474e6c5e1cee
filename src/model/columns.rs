//! The columns of a list besides the URL.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Locator, locator};

/// The column of aria2's `out=`: the result's name.
pub const ARIA2_OUT: &str = "aria2.out";
/// The column of aria2's `dir=`: the result's folder.
pub const ARIA2_DIR: &str = "aria2.dir";
/// The column of aria2's `checksum=`.
pub const ARIA2_CHECKSUM: &str = "aria2.checksum";

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

    /// Keeps the columns whose names `keeps` approves.
    pub fn retain(&mut self, mut keeps: impl FnMut(&str) -> bool) {
        self.0.retain(|name, _| keeps(name));
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

    /// The folder and the name that the list gives the result itself, as aria2's `dir=` and `out=` do.
    pub fn given_name(&self) -> Option<(String, String)> {
        let out = self.text(ARIA2_OUT)?;
        let (folder, name) = out.rsplit_once(['/', '\\']).unwrap_or(("", &out));
        let dir = self.text(ARIA2_DIR).unwrap_or_default();
        // A folder of this machine says nothing here: results stay below the output folder.
        let dir = if dir.starts_with(['/', '\\', '~']) || dir.contains(':') { "" } else { dir.trim_end_matches('/') };
        let folder =
            if dir.is_empty() || folder.is_empty() { format!("{dir}{folder}") } else { format!("{dir}/{folder}") };
        Some((folder.replace('\\', "/"), name.to_owned()))
    }

    /// Removes user info from columns that are links.
    pub fn without_user_info(&mut self) {
        for value in self.0.values_mut() {
            let Value::String(text) = value else { continue };
            if !text.contains('@') || !text.contains("//") {
                continue;
            }
            *text = if Locator::is_url(text) && text.matches("//").count() == 1 {
                locator::without_user_info(text)
            } else {
                // Several links, or text that only resembles one.
                let is_end = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '|' | '"');
                let word = |text: &str| {
                    let bare = text.trim_end_matches(is_end);
                    format!("{}{}", locator::without_user_info(bare), text.get(bare.len()..).unwrap_or_default())
                };
                text.split_inclusive(is_end).map(word).collect()
            };
        }
    }

    /// Bytes of their names and texts, about.
    pub fn size_bytes(&self) -> usize {
        let text = |value: &Value| value.as_str().map_or(size_of::<Value>(), str::len);
        self.0.iter().map(|(name, value)| name.len() + text(value)).sum()
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
        for (name, text) in [
            ("a", "http://me:pw@h/x@y"),
            ("b", "me@h.example"),
            ("c", "http://h/@me"),
            ("d", "http://me:pw@h/x, http://u:pw@h/y"),
            ("e", "ftp://me:pw@h/z"),
        ] {
            columns.put(name, text.into());
        }
        columns.without_user_info();
        let texts = ["a", "b", "c", "d", "e"].map(|name| columns.text(name).unwrap_or_default());
        assert_eq!(texts, ["http://h/x@y", "me@h.example", "http://h/@me", "http://h/x, http://h/y", "ftp://h/z"]);
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
