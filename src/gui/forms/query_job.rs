//! A query that becomes a job: where its rows go, and how often it runs.

use std::path::{Path, PathBuf};

use crate::engine::{QueryRequest, QueryTarget};
use crate::model::{ConflictPolicy, Durability, QuerySpec, RowsFormat};

/// The name of files, one for each statement.
const FILE_NAME: &str = "{index:05}";
/// Parts of a statement, unless another number is chosen.
const PARTS: u32 = 8;

/// Where rows go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// To a file of this format, or to a folder with one for each statement.
    File(RowsFormat),
    /// Into a table of the same database.
    Table,
}

impl Target {
    /// Every target.
    pub(crate) const ALL: [Self; 4] =
        [Self::File(RowsFormat::Csv), Self::File(RowsFormat::Jsonl), Self::File(RowsFormat::Parquet), Self::Table];
}

/// What is entered.
#[derive(Clone, Debug)]
pub(crate) struct QueryJobForm {
    /// Where rows go.
    pub(crate) target: Target,
    /// The file or folder.
    pub(crate) file: String,
    /// The table.
    pub(crate) table: String,
    /// A list: the statement runs once for each of its rows.
    pub(crate) list: String,
    /// The column by whose ranges the statement is divided.
    pub(crate) split: Option<String>,
    /// The number of parts.
    pub(crate) parts: u32,
    /// Whether the statement may change the database.
    pub(crate) may_write: bool,
}

impl Default for QueryJobForm {
    fn default() -> Self {
        Self {
            target: Target::File(RowsFormat::Csv),
            file: String::new(),
            table: String::new(),
            list: String::new(),
            split: None,
            parts: PARTS,
            may_write: false,
        }
    }
}

impl QueryJobForm {
    /// Whether all that is needed was entered. Changes have no rows, so that they need no place.
    pub(crate) fn is_complete(&self) -> bool {
        let place = if self.target == Target::Table { &self.table } else { &self.file };
        self.may_write || !place.trim().is_empty()
    }

    /// Uses a file that was chosen.
    pub(crate) fn file_given(&mut self, path: &str) {
        path.clone_into(&mut self.file);
        self.file_named();
    }

    /// A file's extension says its format.
    pub(crate) fn file_named(&mut self) {
        let extension = Path::new(self.file.trim()).extension().and_then(|extension| extension.to_str());
        if let Some(format) = extension.and_then(RowsFormat::of_extension) {
            self.target = Target::File(format);
        }
    }

    /// The request for this statement, without its database and list. `None` if something is missing.
    pub(crate) fn request(&self, sql: &str) -> Option<QueryRequest> {
        if sql.is_empty() || !self.is_complete() {
            return None;
        }
        let split = self.split.clone().filter(|_| self.list().is_none()).map(|column| (column, self.parts as usize));
        let defaults = QuerySpec::default();
        Some(QueryRequest {
            database: String::new(),
            sql: sql.to_owned(),
            list: None,
            encoding: None,
            split,
            may_write: self.may_write,
            connections: defaults.connections,
            timeout_s: None,
            retries: defaults.retries,
            max_failures: None,
            target: self.target(),
            on_conflict: ConflictPolicy::default(),
            durability: Durability::default(),
        })
    }

    /// The list, if there is one.
    pub(crate) fn list(&self) -> Option<&str> {
        Some(self.list.trim()).filter(|list| !list.is_empty())
    }

    fn target(&self) -> QueryTarget {
        let Target::File(format) = self.target else {
            return QueryTarget::Table { database: None, table: self.table.trim().to_owned(), keys: Vec::new() };
        };
        let file = self.file.trim();
        if file.is_empty() {
            return QueryTarget::Stdout { format };
        }
        if file.ends_with(std::path::is_separator) {
            return QueryTarget::Files { dir: file.into(), name: FILE_NAME.to_owned(), format };
        }
        let mut path = PathBuf::from(file);
        if path.extension().is_none() {
            path.set_extension(format.word());
        }
        QueryTarget::File { path, format }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn request(form: &QueryJobForm) -> QueryRequest {
        form.request("SELECT 1").unwrap()
    }

    #[test]
    fn a_place_decides_whether_there_is_one_file_or_one_for_each_statement() {
        let mut form = QueryJobForm::default();
        assert_eq!(form.request("SELECT 1"), None, "rows need a place");
        form.file_given("/data/sales.parquet");
        let file = |path: &str, format| QueryTarget::File { path: path.into(), format };
        assert_eq!(request(&form).target, file("/data/sales.parquet", RowsFormat::Parquet));
        form.target = Target::File(RowsFormat::Jsonl);
        "/data/sales".clone_into(&mut form.file);
        assert_eq!(request(&form).target, file("/data/sales.jsonl", RowsFormat::Jsonl));
        "/data/sales/".clone_into(&mut form.file);
        assert!(matches!(request(&form).target, QueryTarget::Files { .. }));
    }

    #[test]
    fn a_statement_runs_in_parts_or_once_for_each_row_of_a_list() {
        let mut form = QueryJobForm { table: "totals".to_owned(), target: Target::Table, ..QueryJobForm::default() };
        form.split = Some("id".to_owned());
        assert_eq!((form.list(), request(&form).split), (None, Some(("id".to_owned(), 8))));
        " list.csv ".clone_into(&mut form.list);
        assert_eq!((form.list(), request(&form).split), (Some("list.csv"), None));
    }
}
