//! The kinds of databases, and how their names are read.

use super::{Database, Dsn, mysql, postgres, sqlite};
use crate::model::Message;

static DATABASES: [&dyn Database; 3] = [&sqlite::Sqlite, &postgres::Postgres, &mysql::Mysql];

/// All kinds of databases.
pub fn databases() -> &'static [&'static dyn Database] {
    &DATABASES
}

/// The kind of a database.
pub fn database_of(dsn: &Dsn) -> &'static dyn Database {
    with_scheme(dsn.scheme).unwrap_or(&sqlite::Sqlite)
}

/// Examples of data source names of all kinds, for help and errors.
pub fn dsn_help() -> String {
    DATABASES.iter().map(|database| database.example()).collect::<Vec<_>>().join(", ")
}

fn with_scheme(scheme: &str) -> Option<&'static dyn Database> {
    DATABASES.iter().find(|database| database.schemes().contains(&scheme)).copied()
}

/// Reads a path, `sqlite:PATH`, or a URL of a kind of database. A password in a URL is returned apart: it must not be
/// stored with the name. The error does not repeat the text, which may contain one.
pub fn parse_dsn(text: &str) -> Result<(Dsn, Option<String>), Message> {
    let text = text.trim();
    let file = |path| Ok((Dsn::file(sqlite::Sqlite.schemes()[0], path)?, None));
    let Some((scheme, rest)) = text.split_once("://") else {
        return file(text.strip_prefix("sqlite:").unwrap_or(text));
    };
    let scheme = scheme.to_ascii_lowercase();
    match with_scheme(&scheme) {
        Some(database) if database.port().is_some() => {
            Dsn::server(database.schemes()[0], database.options(), database.example(), text)
        }
        Some(_) => file(rest),
        None if is_scheme(&scheme) => {
            Err(Message::new("db_dsn_scheme").with("scheme", scheme).with("examples", dsn_help()))
        }
        None => file(text),
    }
}

/// Whether a text may be the scheme of a URL, such as `mysql+pymysql` or `jdbc:postgresql`; a letter alone is a drive.
fn is_scheme(text: &str) -> bool {
    text.len() > 1 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.' | b':'))
}

/// Reads what a person typed, as [`parse_dsn`] does. What the text leaves out comes from where the database's own programs
/// look for it, such as `PGHOST` and `~/.my.cnf`, and paths become absolute: a job may be resumed in another environment and
/// another folder.
pub fn typed_dsn(text: &str) -> Result<(Dsn, Option<String>), Message> {
    let (mut dsn, password) = parse_dsn(text)?;
    let database = database_of(&dsn);
    database.complete(&mut dsn)?;
    dsn.make_absolute(database.file_options());
    Ok((dsn, password))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::path::{Path, PathBuf};

    use super::*;
    use crate::db::Place;

    fn file(text: &str) -> PathBuf {
        let Place::File(path) = parse_dsn(text).unwrap().0.place else { panic!("{text} is a server") };
        path
    }

    #[test]
    fn a_path_and_a_server_are_told_apart() {
        assert_eq!(file("/a/b.sqlite"), Path::new("/a/b.sqlite"));
        assert_eq!(file("sqlite:b.db"), Path::new("b.db"));
        assert_eq!(file("sqlite:///a/b.db"), Path::new("/a/b.db"));
        assert_eq!(file(r"C:\b.db"), Path::new(r"C:\b.db"));
        assert_eq!(file("c://b.db"), Path::new("c://b.db"));
        assert!(parse_dsn("oracle://h/db").unwrap_err().to_string().contains("oracle"));
        for other in ["mysql+pymysql://u@h/d", "jdbc:postgresql://h/d"] {
            assert_eq!(parse_dsn(other).unwrap_err().id(), "db_dsn_scheme", "{other}");
        }
        assert!(parse_dsn("").is_err());
        assert!(parse_dsn("sqlite://").is_err());
    }

    #[test]
    fn a_name_that_is_written_and_read_again_is_the_same() {
        for text in ["a b.db", "sqlite:/x/ü.db"] {
            let (dsn, _) = parse_dsn(text).unwrap();
            assert_eq!(parse_dsn(&dsn.to_string()).unwrap(), (dsn, None), "{text}");
        }
    }
}
