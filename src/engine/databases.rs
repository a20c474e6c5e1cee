//! Databases of users, as jobs need them: pools that jobs share, passwords by reference, and errors in plain words.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use crate::db::{self, DbError, DbErrorKind, Dsn, Login, Place, Pool, Session};
use crate::error::JobError;
use crate::fetch::Secrets;
use crate::model::{Message, SecretRef, TypedSecret};
use crate::store;

/// The pools of all jobs.
#[expect(missing_debug_implementations, reason = "holds passwords")]
pub struct Databases {
    runtime: tokio::runtime::Handle,
    secrets: Arc<Secrets>,
    /// Each with the login that its connections use.
    pools: Mutex<HashMap<(String, Session), (Login, Pool)>>,
}

impl Databases {
    /// Opens nothing yet.
    pub fn new(runtime: tokio::runtime::Handle, secrets: Arc<Secrets>) -> Self {
        Self { runtime, secrets, pools: Mutex::default() }
    }

    /// The runtime that owns the connections. Threads that may block wait for its tasks with `block_on`.
    pub fn runtime(&self) -> &tokio::runtime::Handle {
        &self.runtime
    }

    /// The secrets that names of databases refer to.
    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// The pool of a database; connections are opened as they are needed. The first request decides how many there may
    /// be.
    pub fn pool(&self, dsn: &Dsn, session: Session, most: usize) -> Result<Pool, JobError> {
        let (key, login) = ((dsn.to_string(), session), self.login(dsn)?);
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        // A password may have been changed under the same name.
        if let Some((_, pool)) = pools.get(&key).filter(|(used, _)| *used == login) {
            return Ok(pool.clone());
        }
        let pool = Pool::new(dsn.clone(), login.clone(), session, most).map_err(|error| job_error(dsn, &error))?;
        pools.insert(key, (login, pool.clone()));
        Ok(pool)
    }

    /// The share of the busiest pool's connections that are in use; `None` if none is open.
    pub fn busy(&self) -> Option<f32> {
        let pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        let shares = pools.values().map(|(_, pool)| pool).filter(|pool| pool.is_open()).map(|pool| {
            let (used, most) = pool.usage();
            used as f32 / most.max(1) as f32
        });
        shares.reduce(f32::max)
    }

    /// A connection of its own, outside the pools.
    pub async fn connect(&self, dsn: &Dsn, session: Session) -> Result<Box<dyn db::Connection>, JobError> {
        let login = self.login(dsn)?;
        db::database_of(dsn).connect(dsn, &login, session).await.map_err(|error| job_error(dsn, &error))
    }

    /// Keeps a password that was typed, under a name by which data source names refer to it.
    pub fn keep_password(&self, name: &str, password: &TypedSecret) -> Result<(), JobError> {
        Ok(self.secrets.keep_named(name, password)?)
    }

    /// The user and password: as referred to by the name, else where the database's own programs look for them.
    fn login(&self, dsn: &Dsn) -> Result<Login, JobError> {
        let kept = || db::database_of(dsn).kept_login(dsn);
        let Some(secret) = &dsn.password else { return Ok(kept()) };
        let password = self.secrets.look_up(secret, &dsn.label(), dsn.user.as_deref())?;
        Ok(Login { user: None, password: Some(password.text().to_owned()) })
    }
}

/// Reads what a person wrote as the name of a database. A password in it is kept as a named secret, and referred to.
pub fn read_dsn(secrets: &Secrets, text: &str) -> Result<Dsn, JobError> {
    let (mut dsn, password) = db::typed_dsn(text).map_err(wrong_dsn)?;
    if let Some(password) = password {
        let name = secret_name(&dsn);
        secrets.keep_named(&name, &TypedSecret::new(password))?;
        dsn.password = Some(SecretRef::Settings(name));
    }
    Ok(dsn)
}

/// The same without a password, which is kept already.
pub fn read_typed_dsn(text: &str) -> Result<Dsn, JobError> {
    db::typed_dsn(text).map(|(dsn, _)| dsn).map_err(wrong_dsn)
}

/// Reads the name of a database that is stored somewhere: without a password.
pub fn read_stored_dsn(text: &str) -> Result<Dsn, JobError> {
    db::parse_dsn(text).map(|(dsn, _)| dsn).map_err(wrong_dsn)
}

fn wrong_dsn(detail: Message) -> JobError {
    JobError::Refused(Message::new("db_dsn").with_message("detail", detail))
}

/// Whether a database is a file that does not exist, in a folder that does: a table for results may be its first one.
pub fn is_new_file(dsn: &Dsn) -> bool {
    let Place::File(path) = &dsn.place else { return false };
    let is_taken = |path: &Path| store::of_path(path).is_taken(path);
    !is_taken(path) && path.parent().is_some_and(is_taken)
}

/// Creates the file of a database if it is missing.
pub fn create_new_file(dsn: &Dsn) -> Result<(), JobError> {
    let Place::File(path) = &dsn.place else { return Ok(()) };
    if !is_new_file(dsn) {
        return Ok(());
    }
    let failed = |error| job_error(dsn, &DbError::new(DbErrorKind::MissingDatabase, error));
    db::sqlite::open_writer(path).map(drop).map_err(failed)
}

/// The name under which a database's typed password is kept.
pub fn secret_name(dsn: &Dsn) -> String {
    let user = dsn.user.as_ref().map(|user| format!("{user} at ")).unwrap_or_default();
    format!("{user}{}", dsn.label())
}

/// What a database's error means for a job: a wrong statement, table or column is refused (exit code 2), anything else
/// stops the job, which can be resumed (exit code 3).
pub fn job_error(dsn: &Dsn, error: &DbError) -> JobError {
    let id = match error.kind {
        DbErrorKind::Unreachable | DbErrorKind::ConnectionLost => "db_unreachable",
        DbErrorKind::TooManyConnections => "db_too_many_connections",
        DbErrorKind::Login => "db_login",
        DbErrorKind::Tls => "db_tls",
        DbErrorKind::MissingDatabase => "db_missing_database",
        DbErrorKind::MissingTable => "db_missing_table",
        DbErrorKind::MissingColumn => "db_missing_column",
        DbErrorKind::Statement => "db_statement",
        DbErrorKind::Permission => "db_permission",
        DbErrorKind::ReadOnly => "db_read_only",
        DbErrorKind::Locked | DbErrorKind::Conflict => "db_locked",
        DbErrorKind::Timeout => "db_timeout",
        DbErrorKind::Rejected | DbErrorKind::Full | DbErrorKind::Other => "db_other",
    };
    let message = error.explain(Message::new(id).with("database", dsn.label()));
    if error.is_usage() { JobError::Refused(message) } else { JobError::Machine(message) }
}
