//! What a front end can ask of a database: each view is a latest-wins slot.

use std::sync::Arc;

use crate::db::{self, Dsn, Place};
use crate::engine::databases::secret_name;
use crate::engine::query::QueryRequest;
use crate::error::JobError;
use crate::model::{JobId, JobSpec, Message, SecretRef, TypedSecret, WriteBackSpec};

/// The name of a database as a person wrote it, taken apart. Nothing is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseName {
    dsn: Dsn,
    /// A password that was part of it.
    pub typed: Option<TypedSecret>,
}

/// Who asks: each has a slot and an answer of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatabaseView {
    /// The page on which a query becomes a source.
    Page,
    /// The table into which results are written.
    WriteBack,
    /// The result of a query job.
    Result,
}

/// A question about a database. A newer one cancels it.
#[derive(Clone, Debug, PartialEq)]
pub struct DatabaseRequest {
    /// Tells the same question apart when it is asked again.
    pub number: u64,
    /// The database, as [`DatabaseName::dsn`] writes it.
    pub dsn: String,
    /// A password that is kept before the database is opened, and its name.
    pub password: Option<(String, TypedSecret)>,
    /// What is asked.
    pub question: DatabaseQuestion,
}

/// What is asked of a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatabaseQuestion {
    /// Whether it can be opened, and which tables it has.
    Tables,
    /// The first rows of a query. The session is read-only.
    Rows {
        /// The query; `:last` is NULL.
        sql: String,
    },
    /// The columns of the table of a request to write back, and whether the request can be carried out.
    WriteBack(Box<WriteBackSpec>),
    /// Whether a query job can be run.
    Job {
        /// What it does; its database is that of the question.
        request: Box<QueryRequest>,
        /// The list for whose rows its statement runs, as a person writes it.
        list: Option<String>,
    },
    /// The first rows that a query job has given. The database is that of the job.
    Result {
        /// The job.
        job: JobId,
        /// The state of the job whose rows they are: a newer state is another question.
        revision: u64,
    },
}

/// What is known of the answer.
#[derive(Clone, Debug)]
pub struct DatabaseAnswer {
    /// The question.
    pub request: DatabaseRequest,
    /// The answer so far.
    pub content: DatabaseContent,
    /// Whether more is being read.
    pub is_pending: bool,
}

/// An answer.
#[derive(Clone, Debug)]
pub enum DatabaseContent {
    /// Nothing yet.
    Nothing,
    /// The tables.
    Tables(DatabaseTables),
    /// The first rows.
    Rows(QueryRows),
    /// The table into which results are to be written.
    WriteBack(WriteBackCheck),
    /// The job that was asked for, which can be submitted.
    Job(Box<JobSpec>),
    /// An error.
    Failed(DatabaseFault),
}

/// A database that could be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseTables {
    /// The kind of database, such as `PostgreSQL`.
    pub kind: &'static str,
    /// Its file, or its name and host.
    pub label: String,
    /// The user, if the name says which.
    pub user: Option<String>,
    /// Its tables and views, sorted.
    pub tables: Arc<[TableEntry]>,
}

/// A table in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableEntry {
    /// Its name for people.
    pub name: String,
    /// Its name as it is written in statements.
    pub quoted: String,
    /// Its schema or database, if it is named.
    pub schema: Option<String>,
    /// Its name without the schema.
    pub table: String,
}

/// The first rows of a query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueryRows {
    /// The columns of the result.
    pub columns: Arc<[ColumnEntry]>,
    /// At most [`QueryRows::MOST`] rows; `None` is NULL. Long values are cut.
    pub rows: Arc<[Vec<Option<String>>]>,
    /// Whether there are more rows.
    pub has_more: bool,
    /// The number of all rows, once it has been counted.
    pub total: Option<u64>,
}

/// What a database says about a request to write back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteBackCheck {
    /// The table's columns.
    pub table: Arc<TableColumns>,
    /// The statement that one row stands for, or what is wrong with the request.
    pub statement: Result<String, Message>,
}

/// A table's columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableColumns {
    /// The columns.
    pub columns: Vec<ColumnEntry>,
    /// Its unique keys, the primary key first.
    pub unique_keys: Vec<Vec<String>>,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnEntry {
    /// Its name.
    pub name: String,
    /// Its type as the database calls it; may be empty.
    pub type_name: String,
    /// Whether values can be written.
    pub is_writable: bool,
}

/// Why there is no answer.
#[derive(Clone, Debug)]
pub struct DatabaseFault {
    /// The error.
    pub error: JobError,
    /// Whether it is about the statement; otherwise about the database.
    pub is_of_statement: bool,
    /// The line and column of the statement that it is about, counted from 1.
    pub position: Option<(usize, usize)>,
}

impl QueryRows {
    /// The number of rows that are shown.
    pub const MOST: usize = 50;
}

impl DatabaseName {
    /// Reads the name of a database, without looking at files or the environment.
    pub fn parse(text: &str) -> Result<Self, Message> {
        let (mut dsn, password) =
            db::parse_dsn(text).map_err(|detail| Message::new("db_name_wrong").with_message("detail", detail))?;
        // A job is resumed from any folder.
        if let Place::File(path) = &mut dsn.place
            && let Ok(absolute) = std::path::absolute(&*path)
        {
            *path = absolute;
        }
        Ok(Self { dsn, typed: password.map(TypedSecret::new) })
    }

    /// The name without a password that was typed.
    pub fn dsn(&self) -> String {
        self.dsn.to_string()
    }

    /// The same with a password of this reference, or none.
    pub fn with_password(&self, password: Option<SecretRef>) -> String {
        Dsn { password, ..self.dsn.clone() }.to_string()
    }

    /// The reference to its password.
    pub fn password(&self) -> Option<&SecretRef> {
        self.dsn.password.as_ref()
    }

    /// Whether it is a file, which has no password.
    pub fn is_file(&self) -> bool {
        matches!(self.dsn.place, Place::File(_))
    }

    /// A short name for people.
    pub fn label(&self) -> String {
        self.dsn.label()
    }

    /// The name under which a typed password is kept.
    pub fn kept_as(&self) -> String {
        secret_name(&self.dsn)
    }
}

/// An example of a data source name of each kind of database, with the kind's name.
pub fn database_examples() -> impl Iterator<Item = (&'static str, &'static str)> {
    db::databases().iter().map(|database| (database.name(), database.example()))
}

/// The index of the column that holds the items unless another one is chosen: `url`, else `path`, else the first.
pub fn default_link_column(columns: &[ColumnEntry]) -> usize {
    let named = |name: &str| columns.iter().position(|column| crate::model::columns::is_same_name(&column.name, name));
    named("url").or_else(|| named("path")).unwrap_or(0)
}
