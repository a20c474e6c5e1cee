//! What a dry run shows of rows that would be written back.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::open::{column_kinds, dsn_of, open};
use crate::db::{self, Value};
use crate::engine::coordinator::settings::secrets_path;
use crate::engine::databases::Databases;
use crate::error::JobError;
use crate::fetch::Secrets;
use crate::model::{ItemField, ItemRow, ItemState, JobSpec, WriteField};
use crate::sink::write_back::{Target, create_statement, planned_table};

/// The statements that would be run, and the values that are known before the run.
#[derive(Debug)]
pub struct WriteBackPreview {
    /// The database, for people.
    pub database: String,
    /// The statements: the one that creates the table, if it is missing, then those of one row with a result and of one
    /// without.
    pub statements: Vec<String>,
    target: Target,
}

/// A column and its value; `None` if only the run will tell.
pub type PreviewValue = (String, Option<Value>);

/// Checks a request against the live database; `None` if nothing is written back.
pub fn write_back_preview(spec: &JobSpec) -> Result<Option<WriteBackPreview>, JobError> {
    let Some(request) = &spec.write_back else { return Ok(None) };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("pixloom-net")
        .enable_all()
        .build()
        .map_err(|error| JobError::thread("pixloom-net", error))?;
    let databases = Databases::new(runtime.handle().clone(), Arc::new(Secrets::new(secrets_path())));
    let opened = open(&databases, spec, request, false, &AtomicBool::new(false))?;
    let dsn = dsn_of(request)?;
    let database = db::database_of(&dsn);
    let mut statements = Vec::new();
    let target = if let Some(opened) = opened {
        opened.target
    } else {
        let kinds = column_kinds(&databases, spec, request)?;
        statements.push(create_statement(request, &kinds, database));
        Target::new(request, &planned_table(request, &kinds, database), database.dialect())
            .map_err(JobError::Refused)?
    };
    statements.push(database.write_statement(&target.whole));
    statements.extend(target.outcome.as_ref().map(|plan| database.write_statement(plan)));
    Ok(Some(WriteBackPreview { database: dsn.label(), statements, target }))
}

impl WriteBackPreview {
    /// The row of a planned item.
    pub fn row(&self, item: &ItemRow) -> Vec<PreviewValue> {
        let is_known = |field: &WriteField| match field {
            WriteField::Column(_)
            | WriteField::Item(ItemField::Locator | ItemField::State | ItemField::Error | ItemField::ErrorKind) => true,
            WriteField::Item(ItemField::Output) => item.output.is_some(),
            WriteField::Item(ItemField::Width | ItemField::Height) => item.width_px.is_some(),
            WriteField::Item(ItemField::Reason) => item.state != ItemState::Skipped,
            _ => false,
        };
        let values = self.target.values(item).into_iter();
        values.map(|(column, field, value)| (column, Some(value).filter(|_| is_known(&field)))).collect()
    }
}
