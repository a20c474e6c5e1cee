//! Connections to SQLite files.

#![expect(clippy::disallowed_types, reason = "connections to SQLite are opened here")]

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::config;

/// Attempts to switch to WAL mode, and the pause between them.
const MODE_ATTEMPTS: u32 = 250;
const MODE_WAIT: Duration = Duration::from_millis(20);
/// Prepared statements that a connection keeps.
const STATEMENTS: usize = 64;

/// Opens a connection that may write. A missing file is created; an existing one is not changed.
pub fn open_writer(path: &Path) -> rusqlite::Result<Connection> {
    open(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)
}

/// The value of `auto_vacuum` that returns pages when that is requested.
const INCREMENTAL: i64 = 2;

/// Lets readers continue while this connection writes, and makes every commit durable.
pub fn make_durable(connection: &Connection) -> rusqlite::Result<()> {
    // Both only affect a new file; in another one, the second would be written again at every start. Pages that become free
    // can then be returned to the disk, some at a time.
    let vacuum: i64 = connection.pragma_query_value(None, "auto_vacuum", |row| row.get(0))?;
    if vacuum != INCREMENTAL {
        connection.pragma_update(None, "page_size", 8_192)?;
        connection.pragma_update(None, "auto_vacuum", INCREMENTAL)?;
    }
    // The busy time-out doesn't cover a change of the mode while another process makes the same change.
    let mut attempts = 0;
    while let Err(error) = connection.pragma_update(None, "journal_mode", "WAL") {
        attempts += 1;
        if attempts > MODE_ATTEMPTS || error.sqlite_error_code() != Some(ErrorCode::DatabaseBusy) {
            return Err(error);
        }
        std::thread::sleep(MODE_WAIT);
    }
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "cache_size", -32_768)?;
    connection.pragma_update(None, "wal_autocheckpoint", 2_000)
}

/// Opens a connection that never writes. The read-only flag would not do: it can't open a WAL that no process has open.
pub fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.pragma_update(None, "query_only", true)?;
    connection.pragma_update(None, "cache_size", -8_192)?;
    Ok(connection)
}

/// Whether another program holds the write lock of an existing database right now.
pub fn is_locked(path: &Path) -> bool {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let Ok(connection) = Connection::open_with_flags(path, flags) else { return false };
    let began = connection.busy_timeout(Duration::ZERO).and_then(|()| connection.execute_batch("BEGIN IMMEDIATE"));
    began.is_err_and(|error| error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy))
}

fn open(path: &Path, mode: OpenFlags) -> rusqlite::Result<Connection> {
    // Without the URI flag, `?` and `%` in a path have no special meaning.
    let connection = Connection::open_with_flags(path, mode | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(config::catalog_wait())?;
    // Otherwise a statement with `LIMIT ?` is planned again each time a value is bound.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}
