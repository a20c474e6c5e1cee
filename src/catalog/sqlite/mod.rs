//! The catalog in a SQLite file.

#![expect(clippy::disallowed_types, reason = "the catalog is a database")]

mod backup;
mod counters;
mod insert;
mod job_list;
mod outcome;
mod reader;
mod request;
mod row;
mod schema;
mod sorted_list;
mod sums;
#[cfg(test)]
mod tests;
mod undo;
mod watched;
mod write_back;
mod writer;

use std::path::{Path, PathBuf};

use super::api::{Catalog, ReaderFactory};
use etcetera::BaseStrategy;

use crate::db::{self, Dsn, Place, sqlite};
use crate::error::JobError;
use crate::model::{Message, locator};
use crate::store::descriptors;

/// Opens a catalog, creating or upgrading it as needed: its writing side, and a factory of readers.
pub fn open(path: &Path) -> Result<(Box<dyn Catalog>, ReaderFactory), JobError> {
    let failed = |error: CatalogError| error.at(path);
    make_file(path).map_err(|error| JobError::catalog_io(path, &error))?;
    let connection = descriptors::when_free_now(|| sqlite::open_writer(path));
    let mut connection = connection.map_err(|error| failed(error.into()))?;
    schema::prepare(&mut connection, path).map_err(failed)?;
    let factory_path = path.to_path_buf();
    let factory = ReaderFactory::new(move || Ok(Box::new(reader::Reader::open(&factory_path)?)));
    Ok((Box::new(writer::Writer::new(path, connection)), factory))
}

/// Why a catalog can't be used right now: another program has locked it. Doesn't wait.
pub fn lock_fault(path: &Path) -> Option<JobError> {
    let locked = || JobError::Machine(Message::new("catalog_locked").with("path", path.display()));
    sqlite::is_locked(path).then(locked)
}

/// The default location of the catalog: `pixloom/catalog.sqlite` in the user's data directory.
pub fn default_path() -> Result<PathBuf, JobError> {
    let dirs = etcetera::choose_base_strategy().map_err(|_| JobError::Machine(Message::new("no_home")))?;
    Ok(dirs.data_dir().join("pixloom/catalog.sqlite"))
}

/// The file that `--catalog` names.
pub fn path_of(dsn: &str) -> Result<PathBuf, JobError> {
    match db::parse_dsn(dsn) {
        Ok((Dsn { place: Place::File(path), .. }, _)) => Ok(path),
        Ok(_) => Err(JobError::Refused(Message::new("catalog_postgres"))),
        Err(detail) => Err(JobError::Refused(
            Message::new("catalog_dsn").with("dsn", locator::without_user_info(dsn)).with("detail", detail),
        )),
    }
}

/// Creates the catalog's file and folder if they don't exist.
#[expect(clippy::disallowed_methods, reason = "the catalog's own folder")]
fn make_file(path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.is_dir()) {
        std::fs::create_dir_all(folder)?;
    }
    match backup::make_private(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// What can go wrong with the file, before its path is attached.
#[derive(Debug, thiserror::Error)]
enum CatalogError {
    #[error("{0}")]
    Sql(#[from] rusqlite::Error),
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error(
        "it could not be upgraded from version {version} to {known} ({cause}). It was not changed; free some space next \
         to it and try again"
    )]
    Upgrade { version: usize, known: usize, cause: Box<CatalogError> },
    #[error("{0}")]
    Other(String),
}

impl CatalogError {
    /// The error with the catalog's path and what to do. For a damaged file it says what can still be read.
    fn at(self, path: &Path) -> JobError {
        let code = if let Self::Sql(error) = &self { error.sqlite_error_code() } else { None };
        let known = match code {
            Some(rusqlite::ErrorCode::DatabaseBusy) => Some(Message::new("catalog_busy")),
            Some(rusqlite::ErrorCode::DiskFull) => Some(Message::new("catalog_full")),
            _ => None,
        };
        if let Some(message) = known {
            return JobError::Machine(message.with("path", path.display()));
        }
        if !matches!(code, Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase)) {
            return JobError::catalog(path, self);
        }
        let message = match readable_jobs(path) {
            Some((jobs, items, done)) => {
                Message::new("catalog_damaged_in_part").with("jobs", jobs).with("items", items).with("done", done)
            }
            None => Message::new("catalog_damaged"),
        };
        JobError::Machine(message.with("path", path.display()).with("detail", self))
    }
}

/// Jobs of a damaged catalog that can still be read, with their items and how many of those are done.
fn readable_jobs(path: &Path) -> Option<(u64, i64, i64)> {
    let connection = sqlite::open_reader(path).ok()?;
    let last: i64 = connection.query_row("SELECT max(id) FROM job", (), |row| row.get(0)).ok()?;
    let mut select = connection.prepare("SELECT total, done FROM job WHERE id = ?1").ok()?;
    let mut sums = (0, 0, 0);
    for id in 1..=last {
        let job: rusqlite::Result<(i64, i64)> = select.query_row([id], |row| Ok((row.get(0)?, row.get(1)?)));
        if let Ok((total, done)) = job {
            sums = (sums.0 + 1, sums.1 + total, sums.2 + done);
        }
    }
    (sums.0 > 0).then_some(sums)
}

/// The current time in UTC milliseconds.
fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}
