//! Errors of PostgreSQL.

use std::error::Error as _;

use tokio_postgres::Error;
use tokio_postgres::error::{DbError as ServerError, ErrorPosition};

use crate::db::error::certificate_error;
use crate::db::{DbError, DbErrorKind};

/// The classes of SQLSTATE that PostgreSQL itself uses. Others are chosen by the authors of functions and triggers.
const CLASSES: [&str; 43] = [
    "00", "01", "02", "03", "08", "09", "0A", "0B", "0F", "0L", "0P", "0Z", "20", "21", "22", "23", "24", "25", "26",
    "27", "28", "2B", "2D", "2F", "34", "38", "39", "3B", "3D", "3F", "40", "42", "44", "53", "54", "55", "57", "58",
    "72", "F0", "HV", "P0", "XX",
];

/// When an error happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// While connecting.
    Connecting,
    /// On an open connection.
    Open,
}

/// The error of a call on an open connection.
pub(super) fn failed(error: Error) -> DbError {
    error_of(&error, Phase::Open)
}

/// The error in terms that all databases share.
pub(super) fn error_of(error: &Error, phase: Phase) -> DbError {
    if let Some(server) = error.as_db_error() {
        return of_server(server, phase);
    }
    let lost = if phase == Phase::Connecting { DbErrorKind::Unreachable } else { DbErrorKind::ConnectionLost };
    let causes = std::iter::successors(error.source(), |cause| (*cause).source());
    let causes: Vec<String> = causes.map(ToString::to_string).collect();
    let message = match causes.first() {
        Some(_) => causes.join(": "),
        None => error.to_string(),
    };
    // The client has no public kinds; its words are fixed for each.
    let kind = match error.to_string() {
        text if text.starts_with("error performing TLS handshake") => {
            if is_broken_off(error) {
                lost
            } else {
                DbErrorKind::Tls
            }
        }
        text if text.starts_with("authentication error") || text.starts_with("invalid configuration") => {
            DbErrorKind::Login
        }
        text if text.starts_with("error serializing parameter") => DbErrorKind::Rejected,
        text if text.starts_with("error deserializing") => DbErrorKind::Other,
        text if text.starts_with("expected ") || text.starts_with("error encoding") => DbErrorKind::Statement,
        _ => lost,
    };
    match io_error(error).filter(|_| kind == lost) {
        Some(io) => DbError::own(kind, io),
        None => certificate_error(kind, message),
    }
}

/// The system's error among its causes.
fn io_error(error: &Error) -> Option<&std::io::Error> {
    let mut causes = std::iter::successors(error.source(), |cause| (*cause).source());
    causes.find_map(|cause| cause.downcast_ref::<std::io::Error>())
}

/// Whether the connection ended, rather than a check of TLS.
fn is_broken_off(error: &Error) -> bool {
    io_error(error)
        .is_some_and(|io| !io.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<rustls::Error>))
}

fn of_server(server: &ServerError, phase: Phase) -> DbError {
    let mut message = server.message().to_owned();
    if let Some(detail) = server.detail() {
        message = format!("{message} ({})", detail.trim_end_matches('.'));
    }
    if let Some(hint) = server.hint() {
        message = format!("{message}; hint: {}", hint.trim_end_matches('.'));
    }
    let code = server.code().code();
    let mut error = DbError::new(kind_of(code, phase), message).with_code(code);
    if let Some(ErrorPosition::Original(position)) = server.position() {
        error.position = Some(*position);
    }
    error
}

/// What a SQLSTATE means (PostgreSQL's manual, appendix A).
fn kind_of(code: &str, phase: Phase) -> DbErrorKind {
    use DbErrorKind as K;
    let is_connecting = phase == Phase::Connecting;
    match (code, code.get(..2).unwrap_or_default()) {
        ("57P03", _) => K::Unreachable,
        ("57P04" | "3D000", _) => K::MissingDatabase,
        (_, "08") | ("57P01" | "57P02" | "57P05" | "40003" | "25P03" | "25P04", _) => {
            if is_connecting {
                K::Unreachable
            } else {
                K::ConnectionLost
            }
        }
        ("57014", _) => K::Timeout,
        ("53300", _) => K::TooManyConnections,
        ("53100" | "53200", _) => K::Full,
        ("55P03", _) => K::Locked,
        ("25006", _) => K::ReadOnly,
        ("42P01" | "3F000", _) => K::MissingTable,
        ("42703", _) => K::MissingColumn,
        ("42501", _) if is_connecting => K::Login,
        ("42501", _) => K::Permission,
        (_, "40") => K::Conflict,
        (_, "28") => K::Login,
        // 54000: a value that is too long for an index; 27000: changes that two triggers make of one row.
        ("54000" | "27000", _) | (_, "22" | "23" | "44" | "P0" | "09" | "38" | "39") => K::Rejected,
        (_, "42" | "0A" | "21" | "54" | "26" | "34") => K::Statement,
        (_, class) if !CLASSES.contains(&class) => K::Rejected,
        _ => K::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_the_meaning_that_the_manual_gives_them() {
        use DbErrorKind as K;
        for (codes, kind) in [
            ("08000 08003 08006 57P01 57P02 25P03", K::ConnectionLost),
            ("57P03", K::Unreachable),
            ("53300", K::TooManyConnections),
            ("40001 40P01", K::Conflict),
            ("55P03", K::Locked),
            ("57014", K::Timeout),
            ("22001 22003 22021 22P02 23502 23503 23505 23514 44000 P0001 45000 U0001 54000", K::Rejected),
            ("42P01 3F000", K::MissingTable),
            ("42703", K::MissingColumn),
            ("42601 42804 428C9 42P10 0A000", K::Statement),
            ("42501", K::Permission),
            ("25006", K::ReadOnly),
            ("28000 28P01", K::Login),
            ("3D000 57P04", K::MissingDatabase),
            ("53100 53200", K::Full),
            ("XX000 58030 53400", K::Other),
        ] {
            for code in codes.split(' ') {
                assert_eq!(kind_of(code, Phase::Open), kind, "{code}");
            }
        }
        for code in ["08006", "57P01", "57P03"] {
            assert_eq!(kind_of(code, Phase::Connecting), K::Unreachable, "{code}");
        }
        assert_eq!(kind_of("42501", Phase::Connecting), K::Login);
    }
}
