//! Errors of MySQL and MariaDB.

use mysql_async::{DriverError, Error, IoError, ServerError};

use super::tls;
use crate::db::error::certificate_error;
use crate::db::{DbError, DbErrorKind as K};
use crate::model::Message;

/// The number of the error for statements that can't be prepared.
pub(super) const UNSUPPORTED_PREPARED: u16 = 1295;
/// The number of the error for a duplicate key.
pub(super) const DUPLICATE_KEY: u16 = 1062;

/// The error of a call over an open connection.
pub(super) fn error_of(error: &Error) -> DbError {
    match error {
        Error::Server(error) => server_error(error),
        Error::Io(IoError::Tls(error)) => DbError::new(K::Tls, error),
        Error::Io(IoError::Io(error)) => {
            DbError::own(K::ConnectionLost, Message::new("db_lost").with_message("detail", error))
        }
        Error::Driver(DriverError::PacketTooLarge) => DbError::own(K::Rejected, "db_packet_too_large"),
        Error::Driver(DriverError::ConnectionClosed) => DbError::own(K::ConnectionLost, "db_closed"),
        Error::Driver(error @ (DriverError::UnknownAuthPlugin { .. } | DriverError::CleartextPluginDisabled)) => {
            DbError::new(K::Login, error)
        }
        Error::Driver(error @ DriverError::StmtParamsMismatch { .. }) => DbError::new(K::Statement, error),
        // Its text has the packet in it, which may hold values.
        Error::Driver(DriverError::UnexpectedPacket { .. }) => DbError::own(K::Other, "db_no_mysql"),
        Error::Driver(error) => DbError::new(K::Other, error),
        other => DbError::new(K::Other, other),
    }
}

/// The error of an attempt to connect.
pub(super) fn connect_error(error: &Error) -> DbError {
    if tls::is_tls(error) {
        return tls_error(error);
    }
    if let Error::Io(IoError::Io(error)) = error {
        return DbError::own(K::Unreachable, error);
    }
    let mut described = error_of(error);
    described.kind = match (described.kind, error) {
        (_, Error::Server(error)) if matches!(error.code, 1044 | 1045) => K::Login,
        (K::ConnectionLost, _) => K::Unreachable,
        (kind, _) => kind,
    };
    described
}

fn tls_error(error: &Error) -> DbError {
    match error {
        Error::Driver(DriverError::NoClientSslFlagFromServer) => DbError::own(K::Tls, "db_tls_not_offered"),
        Error::Driver(DriverError::NoKeyFound) => DbError::own(K::Tls, "db_tls_bad_key"),
        Error::Io(IoError::Io(error)) => certificate_error(K::Tls, error),
        Error::Io(IoError::Tls(error)) => certificate_error(K::Tls, error),
        other => certificate_error(K::Tls, other),
    }
}

fn server_error(error: &ServerError) -> DbError {
    DbError::new(kind_of(error.code, &error.state, &error.message), &error.message).with_code(error.code)
}

fn kind_of(code: u16, state: &str, message: &str) -> K {
    match code {
        1040 | 1203 | 1226 => K::TooManyConnections,
        1053 | 1077 | 1079 | 1152 | 1153 | 1158..=1161 | 1184 | 1927 | 2006 | 2013 | 4031 => K::ConnectionLost,
        1045 | 1129 | 1130 | 1251 | 1275 | 1698 | 1820 | 1862 | 1873 | 3118 | 4151 => K::Login,
        1044 | 1142 | 1143 | 1227 | 1370 | 1383 | 1410 | 1419 => K::Permission,
        // One number for all options that forbid a statement, such as --secure-file-priv.
        1290 if !message.contains("read-only") && !message.contains("read_only") => K::Permission,
        1036 | 1290 | 1792 | 1836 | 1874 => K::ReadOnly,
        1046 | 1049 => K::MissingDatabase,
        1051 | 1109 | 1146 => K::MissingTable,
        1054 | 1072 => K::MissingColumn,
        1020 | 1213 | 1614 | 3101 => K::Conflict,
        1205 | 3572 => K::Locked,
        1317 | 1969 | 3024 => K::Timeout,
        1021 | 1037 | 1038 | 1041 | 1114 | 1206 | 1534 => K::Full,
        1030 if message.contains("No space left") || message.contains("error 28") => K::Full,
        // Values: NULL, keys, ranges, types, lengths, checks, partitions, foreign keys, triggers.
        1022
        | 1048
        | 1062
        | 1118
        | 1138
        | 1169
        | 1216
        | 1217
        | 1263..=1265
        | 1292
        | 1300
        | 1364
        | 1365..=1369
        | 1406
        | 1411
        | 1416
        | 1425
        | 1441
        | 1451
        | 1452
        | 1526
        | 1557
        | 1586
        | 1644
        | 1690
        | 1748
        | 1761
        | 1762
        | 1859
        | 1918
        | 3140..=3158
        | 3819
        | 4025 => K::Rejected,
        1149 | 1210 | 1235 | 1295 | 1305 | 1267 | 1270 | 1271 | 1193 | 1115 | 1273 => K::Statement,
        _ => kind_of_state(state),
    }
}

/// By the standard's classes.
fn kind_of_state(state: &str) -> K {
    match state {
        "42S02" => K::MissingTable,
        "42S22" => K::MissingColumn,
        "40001" => K::Conflict,
        "25006" => K::ReadOnly,
        _ => match state.get(..2) {
            Some("08") => K::ConnectionLost,
            Some("22" | "23" | "45") => K::Rejected,
            Some("28") => K::Login,
            Some("42" | "21") => K::Statement,
            _ => K::Other,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_states_become_kinds() {
        let of = |code, state: &str, message: &str| kind_of(code, state, message);
        for (code, kind) in [
            (1213, K::Conflict),
            (1205, K::Locked),
            (1040, K::TooManyConnections),
            (1044, K::Permission),
            (1045, K::Login),
            (1049, K::MissingDatabase),
            (1046, K::MissingDatabase),
            (1146, K::MissingTable),
            (1054, K::MissingColumn),
            (1142, K::Permission),
            (1143, K::Permission),
            (1227, K::Permission),
            (1792, K::ReadOnly),
            (1836, K::ReadOnly),
            (1048, K::Rejected),
            (1062, K::Rejected),
            (1264, K::Rejected),
            (1265, K::Rejected),
            (1292, K::Rejected),
            (1366, K::Rejected),
            (1406, K::Rejected),
            (1451, K::Rejected),
            (1452, K::Rejected),
            (1644, K::Rejected),
            (3819, K::Rejected),
            (4025, K::Rejected),
            (1969, K::Timeout),
            (3024, K::Timeout),
            (1317, K::Timeout),
            (2006, K::ConnectionLost),
            (2013, K::ConnectionLost),
            (1053, K::ConnectionLost),
            (1927, K::ConnectionLost),
            (1114, K::Full),
        ] {
            assert_eq!(of(code, "HY000", ""), kind, "{code}");
        }
        assert_eq!(of(1290, "HY000", "running with the --read-only option"), K::ReadOnly);
        assert_eq!(of(1290, "HY000", "running with the --secure-file-priv option"), K::Permission);
        assert_eq!(of(1064, "42000", ""), K::Statement);
        assert_eq!(of(9999, "22003", ""), K::Rejected);
        assert_eq!(of(9999, "45000", ""), K::Rejected);
        assert_eq!(of(9999, "HY000", ""), K::Other);
    }
}
