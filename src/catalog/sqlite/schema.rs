//! The tables, and how those of older versions are upgraded.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::{CatalogError, backup};
use crate::catalog::lock;
use crate::db::sqlite;
use crate::model::JobId;

/// Marks the file as a catalog (`PXLM`).
const APPLICATION_ID: i64 = 0x5058_4c4d;

/// Migration `n` upgrades version `n` to `n + 1`. Released migrations never change.
const MIGRATIONS: [&str; 5] = [VERSION_1, VERSION_2, VERSION_3, VERSION_4, VERSION_5];

/// Rows of `item` are stored in the order of their job, so that a page of the list is one range of the file. Indexes are
/// partial where possible: an item is in few of them at a time.
/// - `next_seq`, `next_number`: see `CatalogReader`.
/// - `number` counts finished items; `group_id` is a row of `item_group`.
/// - `is_keyed`: can be found by its locator (files, and links added to a draft; an index over millions of links in no
///   order would cost more than everything else).
/// - `item_group`, `item_failure` and `item_bucket` (items per 1024 numbers) are sums over `item`, updated in the same
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

/// The request moves out of `job`, whose row changes with every batch of items, and each source gets a row and a cursor
/// of its own. `item_output` holds the outputs of items whose job has several; with one output, the item's own columns
/// say it all. A request that is not JSON is kept as it is: only its own job becomes unreadable.
const VERSION_2: &str = "
    CREATE TABLE job_request(
        job_id INTEGER PRIMARY KEY,
        spec TEXT NOT NULL
    );
    CREATE TABLE job_source(
        job_id INTEGER NOT NULL,
        n INTEGER NOT NULL,
        spec TEXT NOT NULL,
        cursor INTEGER NOT NULL DEFAULT 0,
        ended INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (job_id, n)
    ) WITHOUT ROWID;
    CREATE INDEX job_source_open ON job_source(job_id, n) WHERE ended = 0;
    INSERT INTO job_request(job_id, spec)
        SELECT id, CASE WHEN json_valid(spec) THEN json_set(
            json_remove(spec, '$.sources', '$.save', '$.sink'),
            '$.outputs',
            json_array(json_object(
                'save', json(coalesce(json_extract(spec, '$.save'), '{}')),
                'sink', json(coalesce(json_extract(spec, '$.sink'), '{}'))
            ))
        ) ELSE spec END
        FROM job;
    INSERT INTO job_source(job_id, n, spec, cursor, ended)
        SELECT job.id, source.key,
            CASE WHEN source.type = 'object' THEN source.value ELSE json_quote(source.value) END,
            CASE WHEN source.key = job.mark_source THEN job.mark_taken ELSE 0 END,
            job.counted OR source.key < job.mark_source
        FROM job, json_each(CASE WHEN json_valid(job.spec) THEN job.spec ELSE '{}' END, '$.sources') AS source;
    ALTER TABLE job DROP COLUMN spec;
    ALTER TABLE job DROP COLUMN counted;
    ALTER TABLE job DROP COLUMN mark_source;
    ALTER TABLE job DROP COLUMN mark_taken;
    ALTER TABLE item ADD COLUMN reason TEXT;
    ALTER TABLE item ADD COLUMN input_width INTEGER;
    ALTER TABLE item ADD COLUMN input_height INTEGER;
    DROP INDEX item_output;
    CREATE INDEX item_output_path ON item(job_id, output) WHERE output IS NOT NULL;
    CREATE TABLE item_output(
        job_id INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        n INTEGER NOT NULL,
        name TEXT NOT NULL,
        path TEXT,
        bytes INTEGER NOT NULL DEFAULT 0,
        width INTEGER,
        height INTEGER,
        hash TEXT,
        state TEXT NOT NULL,
        error TEXT,
        PRIMARY KEY (job_id, seq, n)
    ) WITHOUT ROWID;
";

/// `ignored` holds files that sources left out. Finished items are found in the order in which they finished; the index
/// grows at its end, so that it costs little.
const VERSION_3: &str = "
    CREATE INDEX item_number ON item(job_id, number) WHERE number IS NOT NULL;
    CREATE TABLE ignored(
        id INTEGER PRIMARY KEY,
        job_id INTEGER NOT NULL,
        path TEXT NOT NULL,
        reason TEXT NOT NULL,
        UNIQUE (job_id, path)
    );
    CREATE INDEX ignored_job ON ignored(job_id);
";

/// Undo: `undo_file` holds results that are in the trash or stay, `replaced_file` what results replaced, `job_folder` the
/// folders that a job created, in that order. History: how long jobs ran (`running_since` is set while one does), and which
/// were deleted: their rows are deleted later, some at a time.
///
/// `link_target` has the files that inputs lead to if they are links: no result may replace them.
///
/// `write_back` says up to which finish number (`item.number`) the results of a job have been written into the user's table:
/// finished items after it are the outbox, together with those of `write_back_again`, which changed without a new number.
const VERSION_4: &str = "
    CREATE TABLE undo_file(
        job_id INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        n INTEGER NOT NULL,
        path TEXT NOT NULL,
        hash TEXT NOT NULL,
        bytes INTEGER NOT NULL DEFAULT 0,
        state TEXT NOT NULL,
        trashed TEXT,
        reason TEXT,
        detail TEXT,
        PRIMARY KEY (job_id, seq, n)
    ) WITHOUT ROWID;
    CREATE INDEX undo_file_path ON undo_file(job_id, path) WHERE state = 'repeat';
    CREATE TABLE replaced_file(
        job_id INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        path TEXT NOT NULL,
        state TEXT NOT NULL,
        trashed TEXT,
        identity TEXT NOT NULL,
        PRIMARY KEY (job_id, seq)
    ) WITHOUT ROWID;
    CREATE TABLE job_folder(
        id INTEGER PRIMARY KEY,
        job_id INTEGER NOT NULL,
        path TEXT NOT NULL,
        UNIQUE (job_id, path)
    );
    CREATE INDEX job_folder_job ON job_folder(job_id, id);
    CREATE TABLE link_target(
        job_id INTEGER NOT NULL,
        path TEXT NOT NULL,
        PRIMARY KEY (job_id, path)
    ) WITHOUT ROWID;
    CREATE TABLE write_back(
        job_id INTEGER PRIMARY KEY,
        number INTEGER NOT NULL DEFAULT 0,
        matched INTEGER NOT NULL DEFAULT 0,
        changed INTEGER NOT NULL DEFAULT 0,
        missing INTEGER NOT NULL DEFAULT 0,
        rejected INTEGER NOT NULL DEFAULT 0
    );
    CREATE TABLE write_back_rejection(
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        job_id INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        key TEXT NOT NULL,
        message TEXT NOT NULL,
        UNIQUE (job_id, seq)
    );
    CREATE INDEX write_back_rejection_job ON write_back_rejection(job_id);
    CREATE TABLE write_back_again(
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        job_id INTEGER NOT NULL,
        seq INTEGER NOT NULL
    );
    CREATE INDEX write_back_again_job ON write_back_again(job_id);
    ALTER TABLE job ADD COLUMN started_at INTEGER;
    ALTER TABLE job ADD COLUMN running_since INTEGER;
    ALTER TABLE job ADD COLUMN worked_ms INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE job ADD COLUMN deleted_at INTEGER;
    CREATE INDEX job_deleted ON job(deleted_at) WHERE deleted_at IS NOT NULL;
    UPDATE job SET started_at = created_at WHERE state IN ('running', 'paused', 'cancelled', 'done');
    UPDATE job SET worked_ms = max(finished_at - created_at, 0) WHERE finished_at IS NOT NULL;
";

/// Several outputs: those with names are found by path, and each may have replaced a file.
///
/// `watched_file` finds files of watched folders that were renamed, by their sizes and modification times.
const VERSION_5: &str = "
    CREATE INDEX item_output_named ON item_output(job_id, path) WHERE name <> '' AND path IS NOT NULL;
    CREATE TABLE replaced_output(
        job_id INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        n INTEGER NOT NULL,
        path TEXT NOT NULL,
        state TEXT NOT NULL,
        trashed TEXT,
        identity TEXT NOT NULL,
        PRIMARY KEY (job_id, seq, n)
    ) WITHOUT ROWID;
    INSERT INTO replaced_output(job_id, seq, n, path, state, trashed, identity)
        SELECT job_id, seq, 0, path, state, trashed, identity FROM replaced_file;
    DROP TABLE replaced_file;
    ALTER TABLE replaced_output RENAME TO replaced_file;
    CREATE TABLE watched_file(
        job_id INTEGER NOT NULL,
        size INTEGER NOT NULL,
        mtime INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        PRIMARY KEY (job_id, size, mtime, seq)
    ) WITHOUT ROWID;
";

/// Creates the tables of a new file, upgrades those of an older one, and refuses files that are not catalogs.
///
/// An older file is copied first, and upgraded in one transaction: whatever fails, it stays what it was.
pub(super) fn prepare(connection: &mut Connection, path: &Path) -> Result<(), CatalogError> {
    // In one transaction: another process may be creating the same catalog.
    let version = check(&*connection.transaction()?)?;
    sqlite::make_durable(connection)?;
    let known = MIGRATIONS.len();
    if version == known {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Checked again, now that no other process can change it.
    let version = check(&transaction)?;
    if version == known {
        return Ok(transaction.commit()?);
    }
    let migrate = || -> rusqlite::Result<()> {
        for migration in MIGRATIONS.iter().skip(version) {
            transaction.execute_batch(migration)?;
        }
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", known as i64)
    };
    if version == 0 {
        migrate()?;
        return Ok(transaction.commit()?);
    }
    let not_upgraded = |cause: CatalogError| CatalogError::Upgrade { version, known, cause: Box::new(cause) };
    refuse_running_jobs(&transaction, path)?;
    let copy = backup::copy_of_version(path, version).map_err(not_upgraded)?;
    migrate().and_then(|()| transaction.commit()).map_err(|error| {
        copy.discard();
        not_upgraded(error.into())
    })
}

/// A process of the older version can't write to upgraded tables: its job ends first.
fn refuse_running_jobs(connection: &Connection, path: &Path) -> Result<(), CatalogError> {
    let mut select = connection.prepare("SELECT id FROM job WHERE state = 'running'")?;
    let running: Vec<i64> = select.query_map((), |row| row.get(0))?.collect::<Result<_, _>>()?;
    match running.into_iter().find(|job| lock::is_locked(path, JobId(*job))) {
        Some(job) => Err(CatalogError::Other(format!(
            "it was made by an older Pixloom, which is still working on job {job}; wait until that job ends, then try again"
        ))),
        None => Ok(()),
    }
}

/// The version of the file, if it is a catalog or empty.
fn check(connection: &Connection) -> Result<usize, CatalogError> {
    let number = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let (application, version) = (number("application_id")?, number("user_version")?);
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", (), |row| row.get(0))?;
    if application != APPLICATION_ID && (application != 0 || tables > 0) {
        return Err(CatalogError::Other("it is the database of another program".to_owned()));
    }
    let known = MIGRATIONS.len();
    match usize::try_from(version) {
        Ok(version) if version <= known => Ok(version),
        _ => Err(CatalogError::Other(format!(
            "it was written by a newer Pixloom (catalog version {version}; this one supports up to {known})"
        ))),
    }
}
