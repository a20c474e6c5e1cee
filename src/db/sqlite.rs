//! Connections to SQLite files.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

/// How long a statement waits for another process's transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);
/// How often, and how long apart, the change to WAL is tried.
const MODE_ATTEMPTS: u32 = 250;
const MODE_WAIT: Duration = Duration::from_millis(20);
/// Prepared statements a connection keeps.
const STATEMENTS: usize = 64;

/// Opens a connection that may write, and makes the file if it is not there. Changes nothing in one that is.
pub fn open_writer(path: &Path) -> rusqlite::Result<Connection> {
    open(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)
}

/// From now on readers go on while this connection writes, and what it commits is on disk.
pub fn make_durable(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "page_size", 8_192)?; // only a new file listens
    // The busy time-out doesn't cover the change of mode while another process makes the same one.
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

/// Opens a connection that never writes. (Not by the read-only flag, which can't open a WAL that nobody has open.)
pub fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.pragma_update(None, "query_only", true)?;
    connection.pragma_update(None, "cache_size", -8_192)?;
    Ok(connection)
}

fn open(path: &Path, mode: OpenFlags) -> rusqlite::Result<Connection> {
    // No URI flag: a path with `?` or `%` in it is only a path.
    let connection = Connection::open_with_flags(path, mode | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // Otherwise a statement with `LIMIT ?` is planned anew each time it is bound.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}
