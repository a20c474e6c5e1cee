//! Checks a request against the live database, before the first item.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::db::{
    self, Connection, Database, DbError, DbErrorKind, Dsn, Pool, Session, TableName, WriteMode, WritePlan,
};
use crate::engine::databases::{Databases, create_new_file, is_new_file, job_error, read_stored_dsn};
use crate::engine::intake::queries::Access;
use crate::error::JobError;
use crate::model::{JobSpec, Message, WriteBackSpec, WriteColumn, WriteField};
use crate::sink::write_back::{ColumnKinds, Target, create_statement};
use crate::source::query;

/// Connections for results.
const CONNECTIONS: usize = 2;
/// Longest wait for a lock in one attempt, in seconds.
const LOCK_WAIT_S: u64 = 10;
/// How often a wait checks whether it was cancelled.
const CHECK_EVERY: Duration = Duration::from_millis(50);

/// A database whose table was checked.
pub(crate) struct Opened {
    pub(crate) dsn: Dsn,
    pub(crate) pool: Pool,
    pub(crate) target: Target,
}

/// Connects and checks the table, the columns, their types, the key and the permission. A table for results is created if
/// it is missing and `may_create`; otherwise it counts as checked (`None`).
pub(crate) fn open(
    databases: &Databases,
    spec: &JobSpec,
    request: &WriteBackSpec,
    may_create: bool,
    stop: &AtomicBool,
) -> Result<Option<Opened>, JobError> {
    check_outputs(spec, request)?;
    let dsn = dsn_of(request)?;
    if request.creates_table && is_new_file(&dsn) {
        if !may_create {
            return Ok(None);
        }
        create_new_file(&dsn)?;
    }
    let lock_timeout = Duration::from_secs(spec.limits.database_wait_s.clamp(1, LOCK_WAIT_S));
    let session = Session { lock_timeout: Some(lock_timeout), ..Session::default() };
    let pool = databases.pool(&dsn, session, CONNECTIONS)?;
    let kinds = column_kinds(databases, spec, request)?;
    let check = Check { dsn: &dsn, database: db::database_of(&dsn), request, kinds, may_create };
    let until = Instant::now() + Duration::from_secs(spec.limits.database_wait_s);
    let target = databases.runtime().block_on(async {
        tokio::select! {
            checked = check.run(&pool, until) => checked,
            () = stopped(stop) => Err(JobError::Machine(Message::new("engine_ended"))),
        }
    })?;
    Ok(target.map(|target| Opened { dsn: dsn.clone(), pool, target }))
}

/// The kinds of the query's columns, which the columns of a new table get.
pub(super) fn column_kinds(
    databases: &Databases,
    spec: &JobSpec,
    request: &WriteBackSpec,
) -> Result<ColumnKinds, JobError> {
    let is_column = |pair: &WriteColumn| matches!(pair.field, WriteField::Column(_));
    if !request.creates_table || !request.keys.iter().chain(&request.columns).any(is_column) {
        return Ok(Vec::new());
    }
    let access = Access::new(databases, spec);
    let found = spec.sources.iter().map(|source| query::column_kinds(source, &access));
    Ok(found.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

/// The database of a request.
pub(super) fn dsn_of(request: &WriteBackSpec) -> Result<Dsn, JobError> {
    read_stored_dsn(&request.database)
}

async fn stopped(stop: &AtomicBool) {
    while !stop.load(Ordering::Acquire) {
        tokio::time::sleep(CHECK_EVERY).await;
    }
}

/// The outputs that are named exist.
fn check_outputs(spec: &JobSpec, request: &WriteBackSpec) -> Result<(), JobError> {
    for pair in request.keys.iter().chain(&request.columns) {
        if let WriteField::OutputOf(name) = &pair.field
            && !spec.outputs.iter().any(|output| output.name == *name)
        {
            let names: Vec<&str> = spec.outputs.iter().map(|output| output.name.as_str()).collect();
            let known = names.into_iter().filter(|name| !name.is_empty()).collect::<Vec<_>>().join(", ");
            let id = if known.is_empty() { "write_back_no_outputs" } else { "write_back_no_output" };
            let message = Message::new(id).with("output", name);
            return Err(JobError::Refused(if known.is_empty() { message } else { message.with("outputs", known) }));
        }
    }
    Ok(())
}

struct Check<'a> {
    dsn: &'a Dsn,
    database: &'static dyn Database,
    request: &'a WriteBackSpec,
    kinds: ColumnKinds,
    may_create: bool,
}

impl Check<'_> {
    async fn run(&self, pool: &Pool, until: Instant) -> Result<Option<Target>, JobError> {
        let failed = |error: DbError| job_error(self.dsn, &error);
        let mut connection = pool.get().await.map_err(failed)?;
        let name = TableName { schema: self.request.schema.clone(), table: self.request.table.clone() };
        let mut table = connection.table(&name).await.map_err(failed)?;
        if table.is_none() && self.request.creates_table {
            if !self.may_create {
                return Ok(None);
            }
            let statement = create_statement(self.request, &self.kinds, self.database);
            self.execute(&mut *connection, &statement, until).await?;
            table = connection.table(&name).await.map_err(failed)?;
        }
        let dialect = self.database.dialect();
        let Some(table) = table else {
            let message = Message::new("write_back_no_table").with("table", name.quoted(dialect));
            return Err(JobError::Refused(message.with("database", self.dsn.label())));
        };
        let target = Target::new(self.request, &table, dialect).map_err(JobError::Refused)?;
        for statement in probes(&target.whole, dialect) {
            self.execute(&mut *connection, &statement, until).await?;
        }
        Ok(Some(target))
    }

    /// Runs a statement; a lock that another session holds is waited for.
    async fn execute(&self, connection: &mut dyn Connection, sql: &str, until: Instant) -> Result<(), JobError> {
        loop {
            match connection.execute(sql, &[]).await {
                Ok(_) => return Ok(()),
                Err(error) if is_busy(&error) && Instant::now() < until => tokio::time::sleep(CHECK_EVERY).await,
                Err(error) => return Err(refusal(self.dsn, &error)),
            }
        }
    }
}

fn is_busy(error: &DbError) -> bool {
    matches!(error.kind, DbErrorKind::Locked | DbErrorKind::Conflict)
}

/// A missing permission and a read-only database can't be waited for: the request is wrong.
fn refusal(dsn: &Dsn, error: &DbError) -> JobError {
    match job_error(dsn, error) {
        JobError::Machine(message) if matches!(error.kind, DbErrorKind::Permission | DbErrorKind::ReadOnly) => {
            JobError::Refused(message)
        }
        other => other,
    }
}

/// Statements that change nothing and need the same permissions.
fn probes(plan: &WritePlan, dialect: &db::Dialect) -> Vec<String> {
    let table = plan.table.quoted(dialect);
    let mut probes = Vec::new();
    if plan.mode != WriteMode::Insert {
        let sets = plan.columns.iter().map(|column| format!("{0} = {0}", dialect.quoted(&column.name)));
        probes.push(format!("UPDATE {table} SET {} WHERE 1 = 0", sets.collect::<Vec<_>>().join(", ")));
    }
    if plan.mode != WriteMode::Update {
        let names: Vec<String> = plan.all_columns().map(|column| dialect.quoted(&column.name)).collect();
        let names = names.join(", ");
        probes.push(format!("INSERT INTO {table} ({names}) SELECT {names} FROM {table} WHERE 1 = 0"));
    }
    probes
}
