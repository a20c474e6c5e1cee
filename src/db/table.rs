//! Tables, as databases describe them.

use super::{Dialect, Kind};

/// The name of a table, perhaps with a schema (PostgreSQL) or database (MySQL) before it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TableName {
    /// The schema or database; `None` is where the session looks for tables.
    pub schema: Option<String>,
    /// The table.
    pub table: String,
}

/// A table or view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name, with the schema in which it was found.
    pub name: TableName,
    /// Its columns in order.
    pub columns: Vec<TableColumn>,
    /// The columns of its primary key and of each unique index on whole columns without a condition; the primary key
    /// first.
    pub unique_keys: Vec<Vec<String>>,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableColumn {
    /// Its name.
    pub name: String,
    /// What its values are.
    pub kind: Kind,
    /// Its type as statements write it, such as `character varying(20)`; empty if it has none (SQLite).
    pub type_name: String,
    /// Whether NULL is refused.
    pub is_required: bool,
    /// Whether the database sets a value if none is given.
    pub has_default: bool,
    /// Whether it can't be written, because it is computed.
    pub is_generated: bool,
}

impl TableName {
    /// Reads `table`, `schema.table`, or either with quoted parts as the dialect writes them.
    pub fn parse(text: &str, dialect: &Dialect) -> Option<Self> {
        let (mut parts, mut rest) = (Vec::new(), text.trim());
        loop {
            let (part, after) = take_part(rest, dialect)?;
            parts.push(part);
            match after.strip_prefix('.') {
                Some(more) => rest = more,
                None if after.is_empty() => break,
                None => return None,
            }
        }
        let table = parts.pop().filter(|table| !table.is_empty())?;
        match (parts.pop(), parts.is_empty()) {
            (schema, true) if schema.as_deref() != Some("") => Some(Self { schema, table }),
            _ => None,
        }
    }

    /// The name as it is written in statements.
    pub fn quoted(&self, dialect: &Dialect) -> String {
        let table = dialect.quoted(&self.table);
        self.schema.as_ref().map_or_else(|| table.clone(), |schema| format!("{}.{table}", dialect.quoted(schema)))
    }
}

impl std::fmt::Display for TableName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(schema) = &self.schema {
            write!(f, "{schema}.")?;
        }
        f.write_str(&self.table)
    }
}

fn take_part<'a>(text: &'a str, dialect: &Dialect) -> Option<(String, &'a str)> {
    let Some(quoted) = text.strip_prefix(dialect.quote) else {
        let end = text.find('.').unwrap_or(text.len());
        return Some((text[..end].to_owned(), &text[end..]));
    };
    let (mut part, mut chars) = (String::new(), quoted.char_indices().peekable());
    while let Some((at, c)) = chars.next() {
        if c != dialect.quote {
            part.push(c);
        } else if chars.peek().is_some_and(|(_, next)| *next == c) {
            chars.next();
            part.push(c);
        } else {
            return Some((part, &quoted[at + c.len_utf8()..]));
        }
    }
    None
}

impl Table {
    /// The column of this name: the exact name, else the only one that differs in case.
    pub fn column(&self, name: &str) -> Option<&TableColumn> {
        let exact = self.columns.iter().find(|column| column.name == name);
        exact.or_else(|| {
            let mut others = self.columns.iter().filter(|column| column.name.eq_ignore_ascii_case(name));
            others.next().filter(|_| others.next().is_none())
        })
    }

    /// Whether at most one row has the same values in these columns.
    pub fn is_unique(&self, columns: &[&str]) -> bool {
        self.unique_keys.iter().any(|key| !key.is_empty() && key.iter().all(|name| columns.contains(&name.as_str())))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::db::sqlite::DIALECT;

    #[test]
    fn names_have_a_schema_and_quotes() {
        let name = |text: &str| TableName::parse(text, &DIALECT).map(|name| (name.schema, name.table));
        assert_eq!(name("products"), Some((None, "products".to_owned())));
        assert_eq!(name("shop.products"), Some((Some("shop".to_owned()), "products".to_owned())));
        assert_eq!(name("\"a.b\".\"c\"\"d\""), Some((Some("a.b".to_owned()), "c\"d".to_owned())));
        for wrong in ["", ".a", "a.", "a.b.c", "\"a", "\"a\"b"] {
            assert_eq!(name(wrong), None, "{wrong}");
        }
        let quoted = TableName::parse("shop.\"or\"\"der\"", &DIALECT).unwrap().quoted(&DIALECT);
        assert_eq!(quoted, "\"shop\".\"or\"\"der\"");
    }
}
