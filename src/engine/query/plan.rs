//! A query job that is ready to run: its pool, its statements, and the table that takes their rows.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value as Json;

use super::parts;
use super::table::Table;
use crate::db::{self, DbError, Dialect, Dsn, Pool, Session, Statement, Value};
use crate::engine::databases::{Databases, job_error, read_stored_dsn};
use crate::error::JobError;
use crate::model::{ItemRow, JobSpec, QueryResult, QuerySpec};
use crate::source;

/// What a statement may take beyond its time limit until the database reports that: then the connection is closed.
const GRACE: Duration = Duration::from_secs(5);

/// A query job that is ready to run.
pub(crate) struct QueryPlan {
    pub(crate) spec: QuerySpec,
    pub(crate) dsn: Dsn,
    pub(crate) pool: Pool,
    /// Takes the rows of results.
    pub(crate) table: Option<Table>,
    dialect: &'static Dialect,
    whole: Statement,
}

impl QueryPlan {
    /// Opens a job's database; `None` if it is another kind of job. Waits for the database: not for the coordinator.
    pub(crate) fn open(spec: &JobSpec, databases: &Databases) -> Result<Option<Arc<Self>>, JobError> {
        let Some(spec) = spec.query.clone() else { return Ok(None) };
        let dsn = read_stored_dsn(&spec.database)?;
        let dialect = db::database_of(&dsn).dialect();
        let whole = Statement::parse(&spec.sql, dialect).map_err(|error| job_error(&dsn, &error))?;
        let pool = databases.pool(&dsn, session_of(&spec), spec.connections)?;
        let table = match &spec.result {
            QueryResult::Table { database, table, keys } => {
                Some(Table::open(&read_stored_dsn(database)?, table, keys, spec.connections, databases)?)
            }
            _ => None,
        };
        Ok(Some(Arc::new(Self { spec, dsn, pool, table, dialect, whole })))
    }

    /// Longest time of an attempt.
    pub(crate) fn most(&self) -> Option<Duration> {
        self.spec.timeout_s.map(|seconds| Duration::from_secs(seconds) + GRACE)
    }

    /// The text of an item's statement, and the values of its placeholders.
    pub(crate) fn bind(&self, row: &ItemRow) -> Result<(String, Vec<Value>), DbError> {
        let value = |name: &str| row.columns.get(name).map_or(Value::Null, bound_value);
        let (statement, values) = match &self.spec.split {
            Some(column) => {
                let ends = [value(source::FROM), value(source::TO)];
                let has = (!ends[0].is_null(), !ends[1].is_null());
                let statement = parts::statement(&self.whole, column, has, self.dialect)?;
                (statement, ends.into_iter().filter(|end| !end.is_null()).collect())
            }
            None => (self.whole.clone(), self.whole.names().iter().map(|name| value(name)).collect::<Vec<_>>()),
        };
        Ok((statement.render(self.dialect), statement.bound(&values, self.dialect)))
    }

    /// The parameter for which an item's row has no column.
    pub(crate) fn missing_column(&self, row: &ItemRow) -> Option<&str> {
        let is_missing = |name: &&String| self.spec.split.is_none() && row.columns.get(name).is_none();
        self.whole.names().iter().find(is_missing).map(String::as_str)
    }
}

/// The session of a job's statements.
pub(super) fn session_of(spec: &QuerySpec) -> Session {
    Session {
        is_read_only: !spec.may_write,
        statement_timeout: spec.timeout_s.map(Duration::from_secs),
        ..Session::default()
    }
}

/// A value of a list as it is bound: texts as texts, which databases convert where they must.
fn bound_value(value: &Json) -> Value {
    match value {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Value::Int(whole),
            (None, Some(float)) if !number.is_u64() => Value::Float(float),
            _ => Value::Text(number.to_string()),
        },
        Json::String(text) => Value::Text(text.clone()),
        other => Value::Text(other.to_string()),
    }
}
