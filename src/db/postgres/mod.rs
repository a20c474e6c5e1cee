//! PostgreSQL.

mod arrays;
mod bind;
mod config;
mod connection;
mod errors;
mod numbers;
mod parameters;
mod passwords;
mod rows;
mod tables;
mod times;
mod tls;
mod values;
mod write;

use super::connection::Answer;
use super::{Connection, Database, Dialect, Dsn, Kind, Login, Placeholders, Session};
use crate::model::Message;

/// The declaration of PostgreSQL.
#[derive(Debug)]
pub(super) struct Postgres;

/// How PostgreSQL writes SQL.
pub(super) static DIALECT: Dialect = Dialect {
    quote: '"',
    other_quotes: &[],
    placeholders: Placeholders::Dollar,
    has_backslash_escapes: false,
    has_dollar_quotes: true,
    has_hash_comments: false,
    most_parameters: 65_535,
};

impl Database for Postgres {
    fn name(&self) -> &'static str {
        "PostgreSQL"
    }

    fn schemes(&self) -> &'static [&'static str] {
        &["postgres", "postgresql"]
    }

    fn example(&self) -> &'static str {
        "postgres://user@host/database"
    }

    fn dialect(&self) -> &'static Dialect {
        &DIALECT
    }

    fn port(&self) -> Option<u16> {
        Some(config::PORT)
    }

    fn options(&self) -> &'static [&'static str] {
        &config::OPTIONS
    }

    fn file_options(&self) -> &'static [&'static str] {
        &config::FILE_OPTIONS
    }

    fn complete(&self, dsn: &mut Dsn) -> Result<(), Message> {
        config::complete(dsn, &|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
    }

    fn column_type(&self, kind: Kind, _: bool) -> &'static str {
        match kind {
            Kind::Bool => "boolean",
            Kind::Int => "bigint",
            Kind::Float => "double precision",
            Kind::Decimal => "numeric",
            Kind::Bytes => "bytea",
            Kind::Time => "timestamp with time zone",
            Kind::Json => "jsonb",
            Kind::Text | Kind::Other => "text",
        }
    }

    fn kept_login(&self, dsn: &Dsn) -> Login {
        passwords::kept_login(dsn)
    }

    fn connect<'a>(&'a self, dsn: &'a Dsn, login: &'a Login, session: Session) -> Answer<'a, Box<dyn Connection>> {
        Box::pin(connection::connect(dsn, login, session))
    }
}
