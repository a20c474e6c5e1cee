//! The form of the page "From a database…": the query, the columns, and what was answered.

use std::path::Path;
use std::sync::Arc;

use super::connection::{Connection, ConnectionForm};
use super::query_job::QueryJobForm;
use crate::engine::{
    DatabaseAnswer, DatabaseContent, DatabaseFault, DatabaseQuestion, DatabaseRequest, QueryRows, default_link_column,
    query_source,
};
use crate::gui::widgets::scroll::Scroll;
use crate::model::{JobSpec, SourceSpec, is_image_extension};

/// The page's state.
#[derive(Debug, Default)]
pub(crate) struct DatabaseForm {
    /// The database.
    pub(crate) connection: ConnectionForm,
    /// The query.
    pub(crate) sql: String,
    /// The query that a table was picked for, as long as it was not changed.
    picked: Option<String>,
    /// The query of the user that a picked table replaced.
    replaced: Option<String>,
    /// The chosen column of links; `None` is the default one.
    pub(crate) link: Option<String>,
    /// The chosen key column.
    pub(crate) key: Option<String>,
    /// The chosen column of the greatest value.
    pub(crate) since: Option<String>,
    /// The position in the rows.
    pub(crate) rows_scroll: Scroll,
    /// Whether the query runs once this frame's text is in it.
    pub(crate) is_run_wanted: bool,
    /// Whether the page has just been opened.
    pub(crate) is_opened: bool,
    /// Whether the query becomes a job of its own; otherwise its rows become items.
    pub(crate) runs_job: bool,
    /// The job that the query becomes.
    pub(crate) job: QueryJobForm,
    /// A job that the database has accepted.
    accepted: Option<Box<JobSpec>>,
    rows: Option<Shown>,
    fault: Option<DatabaseFault>,
    asked: Option<DatabaseRequest>,
    number: u64,
    seen: Option<Arc<DatabaseAnswer>>,
}

/// Rows, and what they are the rows of.
#[derive(Debug)]
struct Shown {
    dsn: String,
    sql: String,
    rows: QueryRows,
}

impl DatabaseForm {
    /// The request to test the connection.
    pub(crate) fn test(&mut self) -> Option<DatabaseRequest> {
        self.connection.set_tables(None);
        self.ask(DatabaseQuestion::Tables)
    }

    /// The request for the first rows of the query.
    pub(crate) fn run(&mut self) -> Option<DatabaseRequest> {
        let sql = self.sql.trim().to_owned();
        if sql.is_empty() {
            return None;
        }
        self.rows = None;
        self.rows_scroll = Scroll::default();
        self.ask(DatabaseQuestion::Rows { sql })
    }

    /// The request to check the query as a job, which is then run.
    pub(crate) fn start_job(&mut self) -> Option<DatabaseRequest> {
        let request = Box::new(self.job.request(self.sql.trim())?);
        let list = self.job.list().map(str::to_owned);
        self.ask(DatabaseQuestion::Job { request, list })
    }

    /// The job that the database has accepted.
    pub(crate) fn take_accepted(&mut self) -> Option<Box<JobSpec>> {
        self.accepted.take()
    }

    fn ask(&mut self, question: DatabaseQuestion) -> Option<DatabaseRequest> {
        self.fault = None;
        self.asked = None;
        let Connection { dsn, password } = self.connection.connection()?;
        self.number += 1;
        self.asked = Some(DatabaseRequest { number: self.number, dsn, password: None, question });
        let mut request = self.asked.clone()?;
        request.password = password;
        Some(request)
    }

    /// Nothing is asked any more.
    pub(crate) fn cancel(&mut self) {
        self.asked = None;
    }

    /// Takes over an answer.
    pub(crate) fn adopt(&mut self, answer: Option<Arc<DatabaseAnswer>>) {
        let Some(answer) = answer else { return };
        let is_of = self.asked.as_ref().is_some_and(|asked| asked.number == answer.request.number);
        if !is_of || self.seen.as_ref().is_some_and(|seen| Arc::ptr_eq(seen, &answer)) {
            return;
        }
        match &answer.content {
            DatabaseContent::Nothing | DatabaseContent::WriteBack(_) => {}
            DatabaseContent::Tables(tables) => self.connection.set_tables(Some(tables.clone())),
            DatabaseContent::Rows(rows) => {
                let sql = match &answer.request.question {
                    DatabaseQuestion::Rows { sql } => sql.clone(),
                    _ => String::new(),
                };
                self.take_rows(Shown { dsn: answer.request.dsn.clone(), sql, rows: rows.clone() });
            }
            DatabaseContent::Job(spec) => self.accepted = Some(spec.clone()),
            DatabaseContent::Failed(fault) => self.fault = Some(fault.clone()),
        }
        if !answer.is_pending {
            self.asked = None;
        }
        self.seen = Some(answer);
    }

    /// Columns that the result does not have are not chosen any more.
    fn take_rows(&mut self, shown: Shown) {
        let has = |name: &String| shown.rows.columns.iter().any(|column| column.name == *name);
        for choice in [&mut self.link, &mut self.key, &mut self.since, &mut self.job.split] {
            *choice = choice.take().filter(has);
        }
        self.rows = Some(shown);
    }

    /// What is being waited for.
    pub(crate) fn waits_for(&self) -> Option<&DatabaseQuestion> {
        self.asked.as_ref().map(|asked| &asked.question)
    }

    /// The last error, if it is about the statement, or about the database.
    pub(crate) fn fault(&self, is_of_statement: bool) -> Option<&DatabaseFault> {
        self.fault.as_ref().filter(|fault| fault.is_of_statement == is_of_statement)
    }

    /// The first rows.
    pub(crate) fn rows(&self) -> Option<&QueryRows> {
        self.rows.as_ref().map(|shown| &shown.rows)
    }

    /// Whether the rows are those of the query and the database as they are written now.
    pub(crate) fn is_current(&self) -> bool {
        self.rows.as_ref().is_some_and(|shown| shown.sql == self.sql.trim()) && self.connection.password.is_empty()
    }

    /// The database was renamed: what is known of another one is dropped.
    pub(crate) fn renamed(&mut self) {
        self.connection.renamed();
        self.rows = None;
        self.fault = None;
        self.asked = None;
    }

    /// Another password is used from now on.
    pub(crate) fn password_changed(&mut self) {
        self.connection.wrong = None;
        self.rows = None;
        self.fault = None;
        self.asked = None;
    }

    /// Writes a query for all rows of a table.
    pub(crate) fn pick_table(&mut self, index: usize) {
        let Some(table) = self.connection.table(index) else { return };
        let sql = format!("SELECT * FROM {}", table.quoted);
        if !self.sql.trim().is_empty() && self.picked.as_ref() != Some(&self.sql) {
            self.replaced = Some(std::mem::take(&mut self.sql));
        }
        self.picked = Some(sql.clone());
        self.sql = sql;
    }

    /// Whether a query of the user was replaced by that of a table.
    pub(crate) fn can_restore(&self) -> bool {
        self.replaced.is_some() && self.picked.as_ref() == Some(&self.sql)
    }

    /// Brings the query of the user back.
    pub(crate) fn restore(&mut self) {
        if let Some(sql) = self.replaced.take() {
            self.sql = sql;
        }
    }

    /// The index of the column of links.
    pub(crate) fn link_column(&self) -> usize {
        let columns = self.rows().map_or(&[][..], |rows| &rows.columns);
        let chosen = self.link.as_ref().and_then(|name| columns.iter().position(|column| column.name == *name));
        chosen.unwrap_or_else(|| self.rows().map_or(0, likely_link_column))
    }

    /// The name of the column of links, if the job must be told: it is not the default one, or another one is named.
    pub(crate) fn named_link(&self, named: Option<&str>) -> Option<String> {
        let columns = &self.rows()?.columns;
        let (index, default) = (self.link_column(), default_link_column(columns));
        let name = &columns.get(index)?.name;
        let is_known = named.map_or(index == default, |named| named == name);
        (!is_known).then(|| name.clone())
    }

    /// Chooses the column of links.
    pub(crate) fn set_link(&mut self, index: usize) {
        let Some(shown) = &self.rows else { return };
        self.link = shown.rows.columns.get(index).map(|column| column.name.clone());
    }

    /// The column that probably identifies the rows: the chosen one, or `id`.
    pub(crate) fn likely_key(&self) -> Option<&str> {
        let columns = self.rows().map_or(&[][..], |rows| &rows.columns);
        let id = columns.iter().map(|column| column.name.as_str()).find(|name| name.eq_ignore_ascii_case("id"));
        self.key.as_deref().or(id)
    }

    /// Whether the column of the greatest value is chosen, but the query does not use it.
    pub(crate) fn lacks_last(&self) -> Option<&str> {
        self.since.as_deref().filter(|_| !self.sql.contains(":last"))
    }

    /// The source, if it can be added: the rows shown are those of the query.
    pub(crate) fn source(&self) -> Option<SourceSpec> {
        let shown = self.rows.as_ref().filter(|shown| self.is_current() && !shown.rows.columns.is_empty())?;
        let mut source = query_source::query(&shown.dsn, &shown.sql).ok()?;
        if let Some(column) = &self.key {
            source = query_source::with_key(source, column);
        }
        if let Some(column) = &self.since {
            source = query_source::with_since(source, column);
        }
        Some(source)
    }
}

/// The column of links unless another one is chosen: the default one, unless it is only the first and another column has
/// links or paths.
fn likely_link_column(rows: &QueryRows) -> usize {
    let default = default_link_column(&rows.columns);
    let holds = |index: usize, is_meant: fn(&str) -> bool| {
        let mut values = rows.rows.iter().filter_map(|row| row.get(index)?.as_deref());
        values.next().is_some_and(is_meant)
    };
    let is_named = rows.columns.get(default).is_some_and(|column| ["url", "path"].contains(&column.name.as_str()));
    if is_named {
        return default;
    }
    let found = [is_link, is_path].into_iter().find_map(|is_meant| {
        let others = (0..rows.columns.len()).filter(|index| *index != default);
        std::iter::once(default).chain(others).find(|index| holds(*index, is_meant))
    });
    found.unwrap_or(default)
}

fn is_link(value: &str) -> bool {
    value.starts_with("http://") || value.starts_with("https://")
}

/// Whether a value looks like the path of an image.
fn is_path(value: &str) -> bool {
    let extension = Path::new(value).extension().and_then(|extension| extension.to_str());
    extension.is_some_and(is_image_extension)
}
