//! Reads `'TABLE(KEYCOLUMN=FIELD,...): COLUMN=FIELD,...'`.

use crate::db::{Dialect, TableName};
use crate::model::{Message, WriteColumn, WriteField};

/// What was given as a map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteMap {
    /// The table.
    pub table: TableName,
    /// The columns that identify a row.
    pub keys: Vec<WriteColumn>,
    /// The columns that are written.
    pub columns: Vec<WriteColumn>,
}

const EXAMPLE: &str = "products(id=col:id): thumb=output, width=width, state=state";

/// Reads a map. Names may be quoted as the database does it.
pub fn parse_map(text: &str, dialect: &Dialect) -> Result<WriteMap, Message> {
    let mut reader = Reader { text, rest: text, dialect };
    let table = reader.table()?;
    let keys = reader.keys()?;
    reader.expect(':')?;
    let columns = reader.pairs()?;
    reader.end()?;
    let map = WriteMap { table, keys, columns };
    map.check_names(text)?;
    Ok(map)
}

/// Reads the name of a table for results, perhaps with its key: `TABLE` or `TABLE(KEYCOLUMN=FIELD,...)`.
pub fn parse_target(text: &str, dialect: &Dialect) -> Result<(TableName, Vec<WriteColumn>), Message> {
    let mut reader = Reader { text, rest: text, dialect };
    let table = reader.table()?;
    let keys = if reader.rest.is_empty() { Vec::new() } else { reader.keys()? };
    reader.end()?;
    Ok((table, keys))
}

impl WriteMap {
    /// No column is named twice.
    fn check_names(&self, text: &str) -> Result<(), Message> {
        let mut seen = Vec::new();
        for WriteColumn { column, .. } in self.keys.iter().chain(&self.columns) {
            let folded = column.to_lowercase();
            if seen.contains(&folded) {
                return Err(Message::new("write_back_twice").with("column", column).with("map", text));
            }
            seen.push(folded);
        }
        Ok(())
    }
}

/// The text, and what of it has not been read yet.
struct Reader<'a> {
    text: &'a str,
    rest: &'a str,
    dialect: &'a Dialect,
}

impl Reader<'_> {
    fn wrong(&self) -> Message {
        let near = if self.rest.is_empty() { String::new() } else { self.rest.chars().take(20).collect() };
        let id = if near.is_empty() { "write_back_ends_early" } else { "write_back_syntax" };
        let message = Message::new(id).with("map", self.text).with("example", EXAMPLE);
        if near.is_empty() { message } else { message.with("near", near) }
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn take(&mut self, c: char) -> bool {
        self.skip_space();
        let after = self.rest.strip_prefix(c);
        self.rest = after.unwrap_or(self.rest);
        self.skip_space();
        after.is_some()
    }

    fn expect(&mut self, c: char) -> Result<(), Message> {
        if self.take(c) { Ok(()) } else { Err(self.wrong()) }
    }

    fn end(&mut self) -> Result<(), Message> {
        self.skip_space();
        if self.rest.is_empty() { Ok(()) } else { Err(self.wrong()) }
    }

    /// A name up to one of `ends`, or quoted; a quote in a quoted name is doubled.
    fn name(&mut self, ends: &[char]) -> Result<String, Message> {
        self.skip_space();
        let quotes = [self.dialect.quote, '"'];
        let Some(quote) = quotes.into_iter().find(|quote| self.rest.starts_with(*quote)) else {
            let end = self.rest.find(ends).unwrap_or(self.rest.len());
            let (name, after) = self.rest.split_at(end);
            if name.trim().is_empty() {
                return Err(self.wrong());
            }
            self.rest = after;
            return Ok(name.trim().to_owned());
        };
        let (mut name, mut chars) = (String::new(), self.rest.char_indices().skip(1).peekable());
        while let Some((at, c)) = chars.next() {
            if c != quote {
                name.push(c);
            } else if chars.peek().is_some_and(|(_, next)| *next == quote) {
                chars.next();
                name.push(c);
            } else if name.is_empty() {
                return Err(self.wrong());
            } else {
                self.rest = &self.rest[at + c.len_utf8()..];
                self.skip_space();
                return Ok(name);
            }
        }
        Err(self.wrong())
    }

    fn table(&mut self) -> Result<TableName, Message> {
        let first = self.name(&['.', '(', ':'])?;
        if !self.take('.') {
            return Ok(TableName { schema: None, table: first });
        }
        Ok(TableName { schema: Some(first), table: self.name(&['.', '(', ':'])? })
    }

    fn keys(&mut self) -> Result<Vec<WriteColumn>, Message> {
        self.expect('(')?;
        let keys = self.pairs()?;
        self.expect(')')?;
        Ok(keys)
    }

    fn pairs(&mut self) -> Result<Vec<WriteColumn>, Message> {
        let mut pairs = vec![self.pair()?];
        while self.take(',') {
            pairs.push(self.pair()?);
        }
        Ok(pairs)
    }

    fn pair(&mut self) -> Result<WriteColumn, Message> {
        let column = self.name(&['=', ',', ')'])?;
        self.expect('=')?;
        let field = self.field()?;
        let unknown = |name| Message::new("write_back_field").with("field", name).with("fields", WriteField::names());
        Ok(WriteColumn { column, field: field.parse().map_err(unknown)? })
    }

    /// A field, whole or after its prefix in quotes if it contains a comma or parenthesis: `"col:a,b"`, `col:"a,b"`.
    fn field(&mut self) -> Result<String, Message> {
        self.skip_space();
        let prefix = ["col:", "output:"].into_iter().find(|prefix| {
            self.rest.strip_prefix(*prefix).is_some_and(|after| after.starts_with(['"', self.dialect.quote]))
        });
        self.rest = self.rest.strip_prefix(prefix.unwrap_or_default()).unwrap_or(self.rest);
        let name = self.name(&[',', ')'])?;
        Ok(format!("{}{name}", prefix.unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::db::{database_of, parse_dsn};

    fn dialect() -> &'static Dialect {
        database_of(&parse_dsn("a.sqlite").unwrap().0).dialect()
    }

    fn shown(columns: &[WriteColumn]) -> Vec<String> {
        columns.iter().map(|pair| format!("{}<-{}", pair.column, pair.field)).collect()
    }

    fn read(text: &str) -> (Option<String>, String, Vec<String>, Vec<String>) {
        let map = parse_map(text, dialect()).unwrap();
        (map.table.schema, map.table.table, shown(&map.keys), shown(&map.columns))
    }

    #[test]
    fn a_map_names_a_table_its_key_and_its_columns() {
        let (schema, table, keys, columns) = read("products(id=col:id): thumb=output, width=width,sha256 = hash");
        assert_eq!((schema, table.as_str()), (None, "products"));
        assert_eq!(keys, ["id<-col:id"]);
        assert_eq!(columns, ["thumb<-output", "width<-width", "sha256<-hash"]);
        let (schema, table, keys, _) = read(" shop.products ( a = col:x , b = locator ) : s=state ");
        assert_eq!((schema.as_deref(), table.as_str()), (Some("shop"), "products"));
        assert_eq!(keys, ["a<-col:x", "b<-locator"]);
    }

    #[test]
    fn names_with_signs_are_quoted() {
        let text = "\"my.shop\".\"or\"\"der(s)\"(\"a,=b\"=\"col:x,y\"): \"c d\"=col:\"p)q\", e f=output:large thumb";
        let (schema, table, keys, columns) = read(text);
        assert_eq!((schema.as_deref(), table.as_str()), (Some("my.shop"), "or\"der(s)"));
        assert_eq!(keys, ["a,=b<-col:x,y"]);
        assert_eq!(columns, ["c d<-col:p)q", "e f<-output:large thumb"]);
    }

    #[test]
    fn what_is_no_map_is_refused_with_the_place_or_all_fields() {
        let refused = |text: &str| parse_map(text, dialect()).unwrap_err().to_string();
        for text in ["", "t", "t()", "t(id=col:id)", "t(id=col:id):", "t(id): a=output", "t: a=output", "t(id=col:id"] {
            refused(text);
        }
        for text in ["t(id=col:id) a=output", "a.b.c(id=col:id): a=output", "t(id=col:id): a=output) b"] {
            assert!(refused(text).contains("near"), "{text}: {}", refused(text));
        }
        let unknown = refused("t(id=col:id): a=widht");
        assert!(
            unknown.contains("widht") && unknown.contains("input_width") && unknown.contains("col:NAME"),
            "{unknown}"
        );
        assert!(refused("t(id=col:id): a=width, A=height").contains('A'));
    }

    #[test]
    fn a_table_for_results_may_have_a_key() {
        let read = |text: &str| {
            let (table, keys) = parse_target(text, dialect()).unwrap();
            (table.to_string(), shown(&keys))
        };
        assert_eq!(read("results"), ("results".to_owned(), Vec::new()));
        assert_eq!(read("s.results(id=col:id)"), ("s.results".to_owned(), vec!["id<-col:id".to_owned()]));
        assert!(parse_target("results(id=col:id): a=width", dialect()).is_err());
    }
}
