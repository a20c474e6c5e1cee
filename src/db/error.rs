//! Errors of databases.

use std::fmt;

use crate::model::Message;

/// Why a database refused something, or could not be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DbError {
    /// What happened.
    pub kind: DbErrorKind,
    /// The database's own message, on one line, without values of secrets.
    pub message: String,
    /// Its code: SQLSTATE of PostgreSQL, the error number of MySQL, the result code of SQLite; may be empty.
    pub code: String,
    /// The character of the statement that it is about, counted from 1.
    pub position: Option<u32>,
    /// The same as `message` in our own words, which can be translated; `None` if the words are the database's.
    pub(super) own: Option<Box<Message>>,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DbErrorKind {
    /// No connection: refused, no such host, no answer in time, or the server is starting or stopping.
    Unreachable,
    /// An open connection was lost; a transaction may have been committed or not.
    ConnectionLost,
    /// All connections of the server are taken.
    TooManyConnections,
    /// The user or password is wrong, or the user may not use this database.
    Login,
    /// The certificate can't be trusted, or the server offers no TLS.
    Tls,
    /// No such database or file, or a file that is no database.
    MissingDatabase,
    /// No such table.
    MissingTable,
    /// No such column.
    MissingColumn,
    /// The statement is wrong in another way.
    Statement,
    /// The user lacks a permission.
    Permission,
    /// The session or the database is read-only.
    ReadOnly,
    /// A deadlock or serialization failure: the transaction was rolled back and can be repeated.
    Conflict,
    /// A lock was not free in time.
    Locked,
    /// The statement took longer than its limit, or was cancelled.
    Timeout,
    /// A value was refused: a constraint, a trigger, a type, a length.
    Rejected,
    /// The disk or memory of the database is full.
    Full,
    /// Anything else.
    Other,
}

impl DbError {
    /// An error without a code.
    pub fn new(kind: DbErrorKind, message: impl fmt::Display) -> Self {
        let message = message.to_string();
        let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
        Self { kind, message, code: String::new(), position: None, own: None }
    }

    /// An error in our own words.
    pub fn own(kind: DbErrorKind, message: impl Into<Message>) -> Self {
        let message = message.into();
        Self { own: Some(Box::new(message.clone())), ..Self::new(kind, message) }
    }

    /// The error in our own words, if it is not the database's.
    pub fn own_words(&self) -> Option<&Message> {
        self.own.as_deref()
    }

    /// The same with advice: a message whose argument `detail` is what was said so far.
    #[must_use]
    pub fn advising(self, advice: &'static str) -> Self {
        let message = self.explain(Message::new(advice));
        Self { message: message.to_string(), own: Some(Box::new(message)), ..self }
    }

    /// A message with the words of this error as its argument `detail`.
    #[must_use]
    pub fn explain(&self, message: Message) -> Message {
        match &self.own {
            Some(own) => message.with_message("detail", Message::clone(own)),
            None => message.with("detail", self.message.trim_end_matches('.')),
        }
    }

    /// The error with the database's code.
    #[must_use]
    pub fn with_code(mut self, code: impl fmt::Display) -> Self {
        self.code = code.to_string();
        self
    }

    /// Whether the same call may succeed later, unchanged.
    pub fn is_transient(&self) -> bool {
        use DbErrorKind as K;
        matches!(
            self.kind,
            K::Unreachable | K::ConnectionLost | K::TooManyConnections | K::Conflict | K::Locked | K::Full
        )
    }

    /// Whether the database itself is out of reach, whatever is sent to it.
    pub fn is_outage(&self) -> bool {
        matches!(self.kind, DbErrorKind::Unreachable | DbErrorKind::ConnectionLost | DbErrorKind::TooManyConnections)
    }

    /// Whether the request is wrong: the statement, a table or a column. Exit code 2.
    pub fn is_usage(&self) -> bool {
        use DbErrorKind as K;
        matches!(self.kind, K::MissingTable | K::MissingColumn | K::Statement | K::MissingDatabase)
    }

    /// Whether the row is to blame, so that other rows of its batch may be written.
    pub fn is_of_row(&self) -> bool {
        self.kind == DbErrorKind::Rejected
    }

    /// Name for scripts.
    pub const fn word(&self) -> &'static str {
        self.kind.word()
    }
}

impl DbErrorKind {
    /// Name for scripts and word catalogues.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::ConnectionLost => "connection_lost",
            Self::TooManyConnections => "too_many_connections",
            Self::Login => "login",
            Self::Tls => "tls",
            Self::MissingDatabase => "missing_database",
            Self::MissingTable => "missing_table",
            Self::MissingColumn => "missing_column",
            Self::Statement => "statement",
            Self::Permission => "permission",
            Self::ReadOnly => "read_only",
            Self::Conflict => "conflict",
            Self::Locked => "locked",
            Self::Timeout => "timeout",
            Self::Rejected => "rejected",
            Self::Full => "full",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for DbError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for DbError {}

/// An error that may be about a server's certificate: in our own words where the text of rustls is a code.
pub(super) fn certificate_error(kind: DbErrorKind, message: impl fmt::Display) -> DbError {
    const WORDS: [(&str, &str); 3] = [
        ("certificate: UnknownIssuer", "db_certificate_issuer"),
        ("certificate: Other(OtherError(CaUsedAsEndEntity))", "db_certificate_self_signed"),
        ("certificate: BadSignature", "db_certificate_signature"),
    ];
    let message = message.to_string();
    match WORDS.iter().find(|(code, _)| message.contains(code)) {
        Some((_, words)) => DbError::own(kind, *words),
        None => DbError::new(kind, message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_certificate_is_said_in_words() {
        use rustls::{CertificateError, Error};
        for (why, words) in
            [(CertificateError::UnknownIssuer, "trusted authority"), (CertificateError::BadSignature, "signature")]
        {
            let error = certificate_error(DbErrorKind::Tls, Error::InvalidCertificate(why));
            assert!(error.message.contains(words) && error.own_words().is_some(), "{error:?}");
        }
    }
}
