//! Options of lists of links.

use std::ffi::OsString;
use std::path::Path;

use clap::{ArgGroup, Args};

use super::command_line::CommandLine;
use super::inputs::check_scheme;
use super::values::worded;
use crate::engine::{self, query_source as query};
use crate::error::JobError;
use crate::model::{ListSpec, Locator, Message, SourceSpec, columns, text_encoding};
use crate::store;

#[derive(Clone, Debug, Args)]
#[command(group(ArgGroup::new("rows").multiple(true)))]
pub(super) struct LinkArgs {
    #[arg(long, value_name = "FILE|URL|-", group = "rows")]
    urls: Vec<OsString>,
    #[arg(long, value_name = "FILE|-")]
    files: Vec<OsString>,
    #[arg(long, value_name = "QUERY", group = "rows")]
    sql: Option<String>,
    #[arg(long, value_name = "COLUMN", requires = "sql")]
    key: Option<String>,
    #[arg(long, value_name = "COLUMN", requires = "sql")]
    since: Option<String>,
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(super) db_connections: u16,
    #[arg(long, value_name = "NAME", requires = "rows")]
    url_column: Option<String>,
    #[arg(long, value_name = "NAME", requires = "rows")]
    checksum_column: Option<String>,
    #[arg(long, value_name = "NAME", requires = "urls", value_parser = worded(text_encoding::checked_name))]
    encoding: Option<String>,
}

impl LinkArgs {
    /// How lists are read.
    pub(super) fn lists(&self) -> ListSpec {
        ListSpec {
            url_column: self.url_column.clone(),
            checksum_column: self.checksum_column.clone(),
            encoding: self.encoding.clone(),
            takes_rows: false,
        }
    }

    /// The options for how lists are read; those that name the lists are written with the other sources.
    pub(super) fn write(lists: &ListSpec, line: &mut CommandLine) {
        let ListSpec { url_column, checksum_column, encoding, takes_rows: _ } = lists;
        // Without a list they would be refused, and mean nothing.
        if line.words.iter().any(|word| word == "--urls" || word == "--sql") {
            line.given("--url-column", url_column.as_ref());
            line.given("--checksum-column", checksum_column.as_ref());
            line.given("--encoding", encoding.as_ref());
        }
    }

    /// The lists as sources.
    pub(super) fn sources(&self, db: Option<&str>) -> Result<Vec<SourceSpec>, JobError> {
        let links = self.urls.iter().map(source);
        let paths = self.files.iter().map(|list| engine::path_list(list).map_err(JobError::Refused));
        links.chain(paths).chain(self.query(db).transpose()).collect()
    }

    /// The query as a source.
    fn query(&self, db: Option<&str>) -> Result<Option<SourceSpec>, JobError> {
        let Some(sql) = &self.sql else { return Ok(None) };
        let db = db.ok_or(JobError::Refused(Message::new("query_no_database")))?;
        let mut source = query::query(db, sql).map_err(JobError::Refused)?;
        if let Some(column) = &self.key {
            source = query::with_key(source, column);
        }
        if let Some(column) = &self.since {
            source = query::with_since(source, column);
        }
        Ok(Some(source))
    }

    /// The column that identifies the rows of the query, unless it is the link or path itself.
    pub(super) fn row_key(&self) -> Option<&str> {
        let is_item = |key: &str| match &self.url_column {
            Some(column) => columns::is_same_name(column, key),
            None => ["url", "path"].iter().any(|item| columns::is_same_name(item, key)),
        };
        self.key.as_deref().filter(|key| !is_item(key))
    }

    /// Whether there is a query.
    pub(super) fn has_query(&self) -> bool {
        self.sql.is_some()
    }

    /// Whether there are any lists.
    pub(super) fn has_lists(&self) -> bool {
        !self.urls.is_empty() || !self.files.is_empty() || self.sql.is_some()
    }

    /// How many of the lists are on standard input.
    pub(super) fn stdin_count(&self) -> usize {
        self.urls.iter().chain(&self.files).filter(|list| *list == "-").count()
    }
}

/// Lists of links that were given as inputs, probably by mistake.
pub(super) fn lists_given_as_inputs(source: &SourceSpec) -> impl Iterator<Item = &Path> {
    let is_list = engine::source_kind_of(source).is_ok_and(|kind| kind.is_list);
    let paths = source.inputs.iter().filter_map(Locator::path);
    paths.filter(move |path| !is_list && is_list_of_links(path))
}

fn is_list_of_links(path: &Path) -> bool {
    const HEAD_BYTES: u64 = 4096;
    if !engine::is_list_name(path) {
        return false;
    }
    let head = store::read_head(&Locator::File(path.to_path_buf()), HEAD_BYTES);
    let text = String::from_utf8_lossy(&head);
    let mut words = text.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '"'));
    words.any(Locator::is_url)
}

pub(super) fn source(list: &OsString) -> Result<SourceSpec, JobError> {
    check_scheme(list)?;
    let source = engine::from_list_argument(list).map_err(JobError::Refused)?;
    let no_list = || JobError::Refused(Message::new("not_a_list").with("list", list.to_string_lossy()));
    source.ok_or_else(no_list)
}
