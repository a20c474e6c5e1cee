//! Errors of SQLite.

use rusqlite::{Error, ErrorCode, ffi};

use crate::db::{DbError, DbErrorKind};

/// The error in terms that all databases share.
pub(super) fn error_of(error: &Error) -> DbError {
    let (code, message, offset) = match error {
        Error::SqliteFailure(code, message) => (*code, message.clone(), None),
        Error::SqlInputError { error, msg, offset, .. } => (*error, Some(msg.clone()), u32::try_from(*offset).ok()),
        Error::MultipleStatement => return DbError::own(DbErrorKind::Statement, "db_statement_several"),
        other => return DbError::new(DbErrorKind::Other, other),
    };
    let message = message.unwrap_or_else(|| code.to_string());
    let kind = kind_of(code, &message);
    let mut error = DbError::new(kind, message).with_code(code.extended_code);
    error.position = offset.map(|offset| offset + 1);
    error
}

fn kind_of(code: ffi::Error, message: &str) -> DbErrorKind {
    match code.code {
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => DbErrorKind::Locked,
        ErrorCode::OperationInterrupted => DbErrorKind::Timeout,
        // The second one by the authorizer of read-only sessions.
        ErrorCode::ReadOnly | ErrorCode::AuthorizationForStatementDenied => DbErrorKind::ReadOnly,
        ErrorCode::ConstraintViolation
        | ErrorCode::TypeMismatch
        | ErrorCode::TooBig
        | ErrorCode::ParameterOutOfRange => DbErrorKind::Rejected,
        ErrorCode::DiskFull | ErrorCode::OutOfMemory => DbErrorKind::Full,
        ErrorCode::CannotOpen | ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt => DbErrorKind::MissingDatabase,
        ErrorCode::PermissionDenied => DbErrorKind::Permission,
        ErrorCode::SystemIoFailure => DbErrorKind::ConnectionLost,
        _ if message.starts_with("no such table") || message.starts_with("no such view") => DbErrorKind::MissingTable,
        _ if message.starts_with("no such column") || message.contains("has no column named") => {
            DbErrorKind::MissingColumn
        }
        _ if code.extended_code == ffi::SQLITE_ERROR => DbErrorKind::Statement,
        _ => DbErrorKind::Other,
    }
}
