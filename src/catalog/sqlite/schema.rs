//! The tables, and how older ones become today's.

use rusqlite::{Connection, TransactionBehavior};

use super::Trouble;
use crate::db::sqlite;

/// Marks the file as ours (`PXLM`).
const APPLICATION_ID: i64 = 0x5058_4c4d;

/// Migration `n` leads from version `n` to `n + 1`. Those that were released never change.
const MIGRATIONS: [&str; 1] = [VERSION_1];

/// Items lie in the order of their job, so that a page of the list is one stretch of the file. The indexes are partial
/// where they can be: an item is in few of them at a time.
/// - `next_seq`, `next_number`, `counted`, `mark_source`, `mark_taken`: see `CatalogReader`.
/// - `number` counts finished items, `group_id` names a row of `item_group`.
/// - `is_keyed`: found by its locator (files, and links listed in a draft; an index over millions of links in no order
///   would cost more than all else).
/// - `item_group`, `item_failure` and `item_bucket` (items among 1024 places) are sums over `item`, kept in the same
///   transactions.
const VERSION_1: &str = "
    CREATE TABLE job(
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        created_at INTEGER NOT NULL,
        state TEXT NOT NULL,
        spec TEXT NOT NULL,
        total INTEGER NOT NULL DEFAULT 0,
        done INTEGER NOT NULL DEFAULT 0,
        failed INTEGER NOT NULL DEFAULT 0,
        skipped INTEGER NOT NULL DEFAULT 0,
        bytes_in INTEGER NOT NULL DEFAULT 0,
        bytes_out INTEGER NOT NULL DEFAULT 0,
        finished_at INTEGER,
        next_seq INTEGER NOT NULL DEFAULT 1,
        next_number INTEGER NOT NULL DEFAULT 1,
        counted INTEGER NOT NULL DEFAULT 0,
        mark_source INTEGER NOT NULL DEFAULT 0,
        mark_taken INTEGER NOT NULL DEFAULT 0
    );
    CREATE TABLE item(
        job_id INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        locator TEXT NOT NULL,
        state TEXT NOT NULL,
        output TEXT,
        error_kind TEXT,
        error TEXT,
        http_status INTEGER,
        content_type TEXT,
        bytes_in INTEGER NOT NULL DEFAULT 0,
        bytes_out INTEGER NOT NULL DEFAULT 0,
        width INTEGER,
        height INTEGER,
        hash TEXT,
        output_hash TEXT,
        attempts INTEGER NOT NULL DEFAULT 0,
        fetch_ms INTEGER NOT NULL DEFAULT 0,
        process_ms INTEGER NOT NULL DEFAULT 0,
        finished_at INTEGER,
        mtime INTEGER,
        size INTEGER,
        etag TEXT,
        last_modified TEXT,
        error_args TEXT,
        extra TEXT,
        number INTEGER,
        group_id INTEGER NOT NULL,
        is_keyed INTEGER NOT NULL,
        PRIMARY KEY (job_id, seq)
    ) WITHOUT ROWID;
    CREATE INDEX item_waiting ON item(job_id, seq) WHERE state = 'waiting';
    CREATE INDEX item_running ON item(job_id, seq) WHERE state = 'running';
    CREATE INDEX item_failed ON item(job_id, error_kind, seq) WHERE state = 'failed';
    CREATE INDEX item_failed_number ON item(job_id, number) WHERE state = 'failed';
    CREATE INDEX item_locator ON item(job_id, locator) WHERE is_keyed = 1;
    CREATE INDEX item_output ON item(job_id, output) WHERE output IS NOT NULL;
    CREATE TABLE item_group(
        id INTEGER PRIMARY KEY,
        job_id INTEGER NOT NULL,
        label TEXT NOT NULL,
        is_links INTEGER NOT NULL,
        total INTEGER NOT NULL DEFAULT 0,
        done INTEGER NOT NULL DEFAULT 0,
        failed INTEGER NOT NULL DEFAULT 0,
        UNIQUE (job_id, is_links, label)
    );
    CREATE TABLE item_failure(
        job_id INTEGER NOT NULL,
        error_kind TEXT NOT NULL,
        items INTEGER NOT NULL,
        PRIMARY KEY (job_id, error_kind)
    ) WITHOUT ROWID;
    CREATE TABLE item_bucket(
        job_id INTEGER NOT NULL,
        bucket INTEGER NOT NULL,
        items INTEGER NOT NULL,
        PRIMARY KEY (job_id, bucket)
    ) WITHOUT ROWID;
";

/// Makes the tables of a new file, brings those of an older one up to date, and refuses what is not ours.
pub(super) fn prepare(connection: &mut Connection) -> Result<(), Trouble> {
    // In one transaction: another program may be making the same catalog just now.
    check(&*connection.transaction()?)?;
    sqlite::make_durable(connection)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Looked at again, now that nobody else can change it.
    let version = check(&transaction)?;
    for migration in MIGRATIONS.iter().skip(version) {
        transaction.execute_batch(migration)?;
    }
    if version < MIGRATIONS.len() {
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", MIGRATIONS.len() as i64)?;
    }
    transaction.commit()?;
    Ok(())
}

/// The version of the file, if it is ours or empty.
fn check(connection: &Connection) -> Result<usize, Trouble> {
    let number = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let (application, version) = (number("application_id")?, number("user_version")?);
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", (), |row| row.get(0))?;
    if application != APPLICATION_ID && (application != 0 || tables > 0) {
        return Err(Trouble::Said("it is the database of another program".to_owned()));
    }
    let known = MIGRATIONS.len();
    match usize::try_from(version) {
        Ok(version) if version <= known => Ok(version),
        _ => Err(Trouble::Said(format!(
            "it was written by a newer Pixloom (catalog version {version}; this one knows up to {known})"
        ))),
    }
}
