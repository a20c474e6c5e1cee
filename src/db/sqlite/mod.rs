//! SQLite files. The catalog opens its own file with the functions here, too.

mod connection;
mod errors;
mod file;
mod tables;
mod values;

pub use file::{is_locked, make_durable, open_reader, open_writer};

use super::connection::Answer;
use super::{Connection, Database, Dialect, Dsn, Kind, Login, Placeholders, Session};

/// The declaration of SQLite.
#[derive(Debug)]
pub(super) struct Sqlite;

/// How SQLite writes SQL.
pub(super) static DIALECT: Dialect = Dialect {
    quote: '"',
    other_quotes: &[('`', '`'), ('[', ']')],
    placeholders: Placeholders::NumberedQuestion,
    has_backslash_escapes: false,
    has_dollar_quotes: false,
    has_hash_comments: false,
    most_parameters: 32_766,
};

impl Database for Sqlite {
    fn name(&self) -> &'static str {
        "SQLite"
    }

    fn schemes(&self) -> &'static [&'static str] {
        &["sqlite"]
    }

    fn example(&self) -> &'static str {
        "shop.sqlite"
    }

    fn dialect(&self) -> &'static Dialect {
        &DIALECT
    }

    fn port(&self) -> Option<u16> {
        None
    }

    fn options(&self) -> &'static [&'static str] {
        &[]
    }

    /// A commit takes as long as thousands of rows, and the whole file is locked in any case.
    fn batch_rows(&self) -> usize {
        50_000
    }

    fn column_type(&self, kind: Kind, _: bool) -> &'static str {
        match kind {
            Kind::Bool | Kind::Int => "INTEGER",
            Kind::Float => "REAL",
            Kind::Bytes => "BLOB",
            Kind::Decimal => "NUMERIC",
            Kind::Text | Kind::Time | Kind::Json | Kind::Other => "TEXT",
        }
    }

    fn connect<'a>(&'a self, dsn: &'a Dsn, _: &'a Login, session: Session) -> Answer<'a, Box<dyn Connection>> {
        Box::pin(connection::connect(dsn, session))
    }
}
