//! Where a database is.

use std::path::PathBuf;

/// Where a database is: what a person writes as `--db` or `--catalog`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dsn {
    /// A SQLite file.
    Sqlite(PathBuf),
    /// A PostgreSQL server, as it was written.
    Postgres(String),
}

impl Dsn {
    /// Reads a path, `sqlite:PATH`, `sqlite://PATH` or `postgres://...`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let scheme = text.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
        match scheme.as_deref() {
            Some("postgres" | "postgresql") => Ok(Self::Postgres(text.to_owned())),
            Some("sqlite") => Self::file(text.get("sqlite://".len()..).unwrap_or_default()),
            Some(other) if !other.is_empty() && other.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
                Err(format!("{other}:// is no database that is known; give a SQLite path or postgres://..."))
            }
            _ => Self::file(text.strip_prefix("sqlite:").unwrap_or(text)),
        }
    }

    fn file(path: &str) -> Result<Self, String> {
        if path.is_empty() { Err("the path is empty".to_owned()) } else { Ok(Self::Sqlite(PathBuf::from(path))) }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_path_and_a_server_are_told_apart() {
        let sqlite = |path: &str| Ok(Dsn::Sqlite(PathBuf::from(path)));
        assert_eq!(Dsn::parse("/a/b.sqlite"), sqlite("/a/b.sqlite"));
        assert_eq!(Dsn::parse("sqlite:b.db"), sqlite("b.db"));
        assert_eq!(Dsn::parse("sqlite:///a/b.db"), sqlite("/a/b.db"));
        assert_eq!(Dsn::parse(r"C:\b.db"), sqlite(r"C:\b.db"));
        assert!(matches!(Dsn::parse("PostgreSQL://u@h/db"), Ok(Dsn::Postgres(_))));
        assert!(Dsn::parse("mysql://h/db").unwrap_err().contains("mysql"));
        assert!(Dsn::parse("").is_err());
        assert!(Dsn::parse("sqlite://").is_err());
    }
}
