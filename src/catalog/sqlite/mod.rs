//! The catalog in a SQLite file.

mod insert;
mod reader;
mod row;
mod schema;
mod sorted_list;
mod sums;
#[cfg(test)]
mod tests;
mod writer;

use std::path::{Path, PathBuf};

use super::api::{Catalog, ReaderFactory};
use etcetera::BaseStrategy;

use crate::db::{Dsn, sqlite};
use crate::error::JobError;
use crate::model::Message;

/// Opens a catalog, made or brought up to date if need be: its writing side, and what opens readers.
pub fn open(path: &Path) -> Result<(Box<dyn Catalog>, ReaderFactory), JobError> {
    let failed = |trouble: Trouble| JobError::catalog(path, trouble);
    make_file(path).map_err(|error| JobError::catalog(path, error))?;
    let mut connection = sqlite::open_writer(path).map_err(|error| failed(error.into()))?;
    schema::prepare(&mut connection).map_err(failed)?;
    let factory_path = path.to_path_buf();
    let factory = ReaderFactory::new(move || Ok(Box::new(reader::Reader::open(&factory_path)?)));
    Ok((Box::new(writer::Writer::new(path, connection)), factory))
}

/// Where the catalog is when the user says nothing: `pixloom/catalog.sqlite` in the user's data directory.
pub fn default_path() -> Result<PathBuf, JobError> {
    let dirs = etcetera::choose_base_strategy().map_err(|_| {
        let english = "There is no home directory to keep the catalog in. Name a file with --catalog.";
        JobError::Machine(Message::new("no_home", english))
    })?;
    Ok(dirs.data_dir().join("pixloom/catalog.sqlite"))
}

/// The file that `--catalog` names.
pub fn path_of(dsn: &str) -> Result<PathBuf, JobError> {
    match Dsn::parse(dsn) {
        Ok(Dsn::Sqlite(path)) => Ok(path),
        Ok(Dsn::Postgres(_)) => Err(JobError::Usage(
            "A catalog on PostgreSQL is not supported yet; give the path of a SQLite file.".to_owned(),
        )),
        Err(message) => Err(JobError::Usage(format!("--catalog {dsn}: {message}."))),
    }
}

/// Makes an empty file that only its user can read: links may carry secrets.
fn make_file(path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.is_dir()) {
        std::fs::create_dir_all(folder)?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// What can go wrong between us and the file, before its path is attached.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("{0}")]
    Sql(#[from] rusqlite::Error),
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    #[error("{0}")]
    Said(String),
}

/// Now, in UTC milliseconds.
fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}
