//! The form of the page on which results are mapped to the columns of a table. It is checked against the database while
//! it is edited.

use std::sync::Arc;

use super::connection::{Connection, ConnectionForm};
use crate::engine::{
    DatabaseAnswer, DatabaseContent, DatabaseFault, DatabaseQuestion, DatabaseRequest, TableColumns, WriteBackCheck,
};
use crate::model::{ItemField, WriteBackMode, WriteBackSpec, WriteColumn, WriteField};

/// Name of a new table.
const NEW_TABLE: &str = "pixloom_results";
/// Columns whose names say which field they are for, besides those that have a field's name.
const USUAL: [(&str, ItemField); 7] = [
    ("thumb", ItemField::Output),
    ("thumbnail", ItemField::Output),
    ("output_path", ItemField::Output),
    ("sha256", ItemField::Hash),
    ("status", ItemField::State),
    ("error_message", ItemField::Error),
    ("processed_at", ItemField::FinishedAt),
];

/// A column and the field that it gets, as they are edited.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pair {
    /// The table's column.
    pub(crate) column: String,
    /// The field.
    pub(crate) field: String,
}

impl Pair {
    fn of(pair: &WriteColumn) -> Self {
        Self { column: pair.column.clone(), field: pair.field.to_string() }
    }

    /// The field; `None` if there is none of this name.
    pub(crate) fn parsed(&self) -> Option<WriteField> {
        self.field.trim().parse().ok()
    }

    fn complete(&self) -> Option<WriteColumn> {
        Some(WriteColumn { column: self.column.clone(), field: self.parsed()? })
    }
}

/// The page's state.
#[derive(Debug, Default)]
pub(crate) struct WriteBackForm {
    /// The database.
    pub(crate) connection: ConnectionForm,
    /// The schema of the table, and its name.
    table: Option<(Option<String>, String)>,
    /// The columns that identify a row.
    pub(crate) keys: Vec<Pair>,
    /// The columns that are written.
    pub(crate) columns: Vec<Pair>,
    /// What happens to rows that exist, and to those that don't.
    pub(crate) mode: WriteBackMode,
    /// Whether the table is created if it does not exist.
    pub(crate) creates_table: bool,
    /// Whether the page has just been opened.
    pub(crate) is_opened: bool,
    /// The name of the database as it was opened.
    dsn: Option<String>,
    /// Whether columns are suggested once those of the table are known.
    suggests: bool,
    check: Option<(WriteBackSpec, WriteBackCheck)>,
    fault: Option<DatabaseFault>,
    asked: Option<DatabaseRequest>,
    checked: Option<WriteBackSpec>,
    number: u64,
    seen: Option<Arc<DatabaseAnswer>>,
}

impl WriteBackForm {
    /// Shows a request, or an empty form for the database of the other page.
    pub(crate) fn open(&mut self, spec: Option<&WriteBackSpec>, other: &ConnectionForm) {
        self.is_opened = true;
        self.checked = None;
        let Some(spec) = spec else {
            if self.connection.dsn.is_empty() {
                self.connection = other.of_same_database();
            }
            return;
        };
        if self.dsn.as_ref() != Some(&spec.database) {
            self.connection = ConnectionForm::named(&spec.database);
            self.dsn = Some(spec.database.clone());
        }
        self.table = Some((spec.schema.clone(), spec.table.clone()));
        self.keys = spec.keys.iter().map(Pair::of).collect();
        self.columns = spec.columns.iter().map(Pair::of).collect();
        self.mode = spec.mode;
        self.creates_table = spec.creates_table;
    }

    /// The request to test the connection.
    pub(crate) fn test(&mut self) -> Option<DatabaseRequest> {
        self.connection.set_tables(None);
        self.asked = None;
        self.fault = None;
        let Connection { dsn, password } = self.connection.connection()?;
        self.dsn = Some(dsn);
        self.checked = None;
        let request = self.ask(DatabaseQuestion::Tables)?;
        Some(DatabaseRequest { password, ..request })
    }

    fn ask(&mut self, question: DatabaseQuestion) -> Option<DatabaseRequest> {
        self.number += 1;
        let request = DatabaseRequest { number: self.number, dsn: self.dsn.clone()?, password: None, question };
        self.asked = Some(request.clone());
        Some(request)
    }

    /// The request to check the form, if it has changed.
    pub(crate) fn check(&mut self) -> Option<DatabaseRequest> {
        if self.waits_for_tables() {
            return None;
        }
        let spec = self.request()?;
        if self.checked.as_ref() == Some(&spec) {
            return None;
        }
        self.fault = None;
        self.checked = Some(spec.clone());
        self.ask(DatabaseQuestion::WriteBack(Box::new(spec)))
    }

    /// What is written, as far as it is entered; `None` without a table, or if a field is unknown.
    pub(crate) fn request(&self) -> Option<WriteBackSpec> {
        let (schema, table) = self.table.clone().filter(|(_, table)| !table.is_empty())?;
        let complete = |pairs: &[Pair]| pairs.iter().map(Pair::complete).collect::<Option<Vec<_>>>();
        Some(WriteBackSpec {
            database: self.dsn.clone()?,
            schema,
            table,
            keys: complete(&self.keys)?,
            columns: complete(&self.columns)?,
            mode: self.mode,
            creates_table: self.creates_table,
        })
    }

    /// The request, if the database has accepted it.
    pub(crate) fn accepted(&self) -> Option<WriteBackSpec> {
        let spec = self.request()?;
        self.answer().filter(|check| check.statement.is_ok()).map(|_| spec)
    }

    /// The database's answer to the form as it is now.
    pub(crate) fn answer(&self) -> Option<&WriteBackCheck> {
        let spec = self.request()?;
        self.check.as_ref().filter(|(checked, _)| *checked == spec).map(|(_, check)| check)
    }

    /// The columns of the table.
    pub(crate) fn table_columns(&self) -> Option<&TableColumns> {
        self.check.as_ref().map(|(_, check)| check.table.as_ref())
    }

    /// The table's name for people.
    pub(crate) fn table_name(&self) -> Option<String> {
        let (schema, table) = self.table.as_ref()?;
        Some(schema.as_ref().map_or_else(|| table.clone(), |schema| format!("{schema}.{table}")))
    }

    /// Renames the table that is to be created.
    pub(crate) fn rename_table(&mut self, name: &str) {
        let name = name.trim();
        self.table = Some(match name.split_once('.') {
            Some((schema, table)) => (Some(schema.to_owned()), table.to_owned()),
            None => (None, name.to_owned()),
        });
    }

    /// Whether the tables are being listed.
    pub(crate) fn waits_for_tables(&self) -> bool {
        self.asked.as_ref().is_some_and(|asked| asked.question == DatabaseQuestion::Tables)
    }

    /// Whether the form is being checked.
    pub(crate) fn is_checking(&self) -> bool {
        self.asked.is_some() && !self.waits_for_tables()
    }

    /// The last error.
    pub(crate) fn fault(&self, is_of_statement: bool) -> Option<&DatabaseFault> {
        self.fault.as_ref().filter(|fault| fault.is_of_statement == is_of_statement)
    }

    /// Nothing is asked any more.
    pub(crate) fn cancel(&mut self) {
        self.asked = None;
    }

    /// The database was renamed: what is known of another one is dropped.
    pub(crate) fn renamed(&mut self) {
        self.connection.renamed();
        self.password_changed();
    }

    /// Another password is used from now on.
    pub(crate) fn password_changed(&mut self) {
        self.connection.wrong = None;
        (self.dsn, self.asked, self.fault, self.check) = (None, None, None, None);
    }

    /// Chooses a table of the list; columns are suggested.
    pub(crate) fn pick_table(&mut self, index: usize) {
        let Some(table) = self.connection.table(index) else { return };
        self.table = Some((table.schema.clone(), table.table.clone()));
        self.keys.clear();
        self.columns.clear();
        self.check = None;
        self.checked = None;
        self.suggests = true;
        if std::mem::take(&mut self.creates_table) {
            self.mode = WriteBackMode::default();
        }
    }

    /// Plans a new table for all fields of the items. Its rows are identified by the column of the query that is the
    /// `key`, or by the items' files and links.
    pub(crate) fn plan_table(&mut self, key: Option<&str>) {
        let same = |column: &str, field: String| Pair { column: column.to_owned(), field };
        let locator = ItemField::Locator.word();
        self.rename_table(NEW_TABLE);
        self.keys = vec![key.map_or_else(|| same(locator, locator.to_owned()), |key| same(key, format!("col:{key}")))];
        let is_free = |field: &ItemField| !self.keys.iter().any(|key| key.column.eq_ignore_ascii_case(field.word()));
        let columns = ItemField::ALL.into_iter().filter(is_free);
        self.columns = columns.map(|field| same(field.word(), field.word().to_owned())).collect();
        self.mode = WriteBackMode::Upsert;
        self.creates_table = true;
        (self.suggests, self.check, self.checked) = (false, None, None);
    }

    /// Takes over an answer.
    pub(crate) fn adopt(&mut self, answer: Option<Arc<DatabaseAnswer>>) {
        let Some(answer) = answer else { return };
        let is_of = self.asked.as_ref().is_some_and(|asked| asked.number == answer.request.number);
        if !is_of || self.seen.as_ref().is_some_and(|seen| Arc::ptr_eq(seen, &answer)) {
            return;
        }
        match (&answer.content, &answer.request.question) {
            (DatabaseContent::Tables(tables), _) => self.connection.set_tables(Some(tables.clone())),
            (DatabaseContent::WriteBack(check), DatabaseQuestion::WriteBack(spec)) => {
                self.check = Some(((**spec).clone(), check.clone()));
                if std::mem::take(&mut self.suggests) {
                    (self.keys, self.columns) = suggested(&check.table);
                }
            }
            (DatabaseContent::Failed(fault), _) => self.fault = Some(fault.clone()),
            _ => {}
        }
        if !answer.is_pending {
            self.asked = None;
        }
        self.seen = Some(answer);
    }
}

/// The first key with the columns of the query of the same names, and the columns that have the name of a field.
fn suggested(table: &TableColumns) -> (Vec<Pair>, Vec<Pair>) {
    let key = table.unique_keys.first().cloned().unwrap_or_default();
    let keys = key.iter().map(|column| Pair { column: column.clone(), field: format!("col:{column}") }).collect();
    let field_of = |name: &str| {
        let field = ItemField::ALL.into_iter().find(|field| field.word().eq_ignore_ascii_case(name));
        field.or_else(|| USUAL.iter().find(|(usual, _)| usual.eq_ignore_ascii_case(name)).map(|(_, field)| *field))
    };
    let free = table.columns.iter().filter(|column| column.is_writable && !key.contains(&column.name));
    let columns = free.filter_map(|column| {
        let field = field_of(&column.name)?.word().to_owned();
        Some(Pair { column: column.name.clone(), field })
    });
    (keys, columns.collect())
}
