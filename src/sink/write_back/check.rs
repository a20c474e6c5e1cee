//! A map that was checked against its table, and the rows that it makes of items.

use std::collections::BTreeSet;

use super::values;
use crate::db::{Dialect, Table, TableColumn, TableName, Value, WriteMode, WritePlan, WriteRow};
use crate::model::{
    ItemOutput, ItemRow, ItemState, Message, SkipReason, WriteBackMode, WriteBackSpec, WriteColumn, WriteField,
};

/// How items become rows of a table.
#[derive(Clone, Debug)]
pub struct Target {
    /// How an item with a result is written.
    pub whole: WritePlan,
    /// How an item without a result is written: only what happened to it. `None` if the map has no such fields.
    pub outcome: Option<WritePlan>,
    keys: Vec<WriteField>,
    whole_fields: Vec<WriteField>,
    outcome_fields: Vec<WriteField>,
}

/// What an item becomes.
#[derive(Clone, Debug, PartialEq)]
pub enum TargetRow {
    /// A row of [`Target::whole`].
    Whole(WriteRow),
    /// A row of [`Target::outcome`].
    Outcome(WriteRow),
    /// Nothing is to be written.
    Nothing,
    /// Its values don't fit: its key, and why.
    Misfit(String, String),
}

impl Target {
    /// Checks a map against its table, as far as the table tells.
    pub fn new(spec: &WriteBackSpec, table: &Table, dialect: &Dialect) -> Result<Self, Message> {
        let shown = table.name.quoted(dialect);
        let find = |pair: &WriteColumn| {
            table.column(&pair.column).cloned().ok_or_else(|| {
                let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
                let message = Message::new("write_back_no_column").with("column", &pair.column);
                message.with("table", &shown).with("columns", names.join(", "))
            })
        };
        let keys = spec.keys.iter().map(find).collect::<Result<Vec<_>, _>>()?;
        let columns = spec.columns.iter().map(find).collect::<Result<Vec<_>, _>>()?;
        let inserts = spec.mode != WriteBackMode::Update;
        let written = columns.iter().chain(keys.iter().filter(|_| inserts));
        if let Some(column) = written.clone().find(|column| column.is_generated) {
            return Err(Message::new("write_back_generated").with("column", &column.name).with("table", &shown));
        }
        let pairs = spec.keys.iter().zip(&keys).chain(spec.columns.iter().zip(&columns));
        for (pair, column) in pairs {
            if !values::can_hold(column.kind, pair.field.kind()) {
                let message = Message::new("write_back_type").with("column", &column.name).with("table", &shown);
                return Err(message.with("type", &column.type_name).with("field", &pair.field));
            }
        }
        if let Some(repeated) = repeated(keys.iter().chain(&columns)) {
            return Err(Message::new("write_back_twice").with("column", repeated).with("map", &shown));
        }
        check_key(table, &keys, inserts, &shown)?;
        let is_given = |column: &&TableColumn| written.clone().any(|one| one.name == column.name);
        let lacks_value = |column: &&TableColumn| column.is_required && !column.has_default && !column.is_generated;
        if let Some(column) = table.columns.iter().filter(lacks_value).find(|column| inserts && !is_given(column)) {
            // SQLite numbers rows by an integer primary key itself.
            if !is_row_number(table, column) {
                return Err(Message::new("write_back_required").with("column", &column.name).with("table", &shown));
            }
        }
        Ok(Self::of_columns(spec, table, keys, columns))
    }

    fn of_columns(spec: &WriteBackSpec, table: &Table, keys: Vec<TableColumn>, columns: Vec<TableColumn>) -> Self {
        let plan = |columns: Vec<TableColumn>, mode| WritePlan {
            table: table.name.clone(),
            keys: keys.clone(),
            columns,
            mode,
        };
        let pairs = || spec.columns.iter().zip(&columns).filter(|(pair, _)| pair.field.is_of_outcome());
        let outcome_columns: Vec<TableColumn> = pairs().map(|(_, column)| column.clone()).collect();
        // A row can't be inserted without the values that it requires.
        let is_written = |column: &TableColumn| outcome_columns.iter().any(|one| one.name == column.name);
        let lacks = columns.iter().any(|column| column.is_required && !column.has_default && !is_written(column));
        let outcome_mode = if lacks { WriteMode::Update } else { mode(spec.mode) };
        Self {
            outcome_fields: pairs().map(|(pair, _)| pair.field.clone()).collect(),
            outcome: (!outcome_columns.is_empty()).then(|| plan(outcome_columns, outcome_mode)),
            keys: spec.keys.iter().map(|pair| pair.field.clone()).collect(),
            whole_fields: spec.columns.iter().map(|pair| pair.field.clone()).collect(),
            whole: plan(columns, mode(spec.mode)),
        }
    }

    /// Whether the records of outputs are needed to fill rows.
    pub fn needs_outputs(&self) -> bool {
        self.whole_fields.iter().chain(&self.keys).any(|field| matches!(field, WriteField::OutputOf(_)))
    }

    /// The row of an item.
    pub fn row(&self, item: &ItemRow, outputs: &[ItemOutput]) -> TargetRow {
        let has_result = match item.state {
            ItemState::Done => true,
            ItemState::Skipped => matches!(item.reason, Some(SkipReason::Duplicate | SkipReason::Unchanged)),
            _ => false,
        };
        let (plan, fields) = match (&self.outcome, has_result) {
            (_, true) => (&self.whole, &self.whole_fields),
            (Some(plan), false) => (plan, &self.outcome_fields),
            (None, false) => return TargetRow::Nothing,
        };
        let values = |columns: &[TableColumn], fields: &[WriteField]| -> Result<Vec<Value>, String> {
            let named = |column: &TableColumn, why| format!("{}: {why}", column.name);
            let pairs = columns.iter().zip(fields);
            pairs.map(|(c, field)| values::value(field, c, item, outputs).map_err(|why| named(c, why))).collect()
        };
        let key = match values(&plan.keys, &self.keys) {
            Ok(key) => key,
            Err(why) => return TargetRow::Misfit(String::new(), why),
        };
        if plan.mode != WriteMode::Update
            && let Some(index) = key.iter().position(Value::is_null)
        {
            let why = format!("{}: a row can't be inserted with a key of NULL", plan.keys[index].name);
            return TargetRow::Misfit(self.shown_key(&key), why);
        }
        match values(&plan.columns, fields) {
            Ok(values) if has_result => TargetRow::Whole(WriteRow { key, values }),
            Ok(values) => TargetRow::Outcome(WriteRow { key, values }),
            Err(why) => TargetRow::Misfit(self.shown_key(&key), why),
        }
    }

    /// The columns of an item's row with their fields and values; those that don't fit are NULL.
    pub fn values(&self, item: &ItemRow) -> Vec<(String, WriteField, Value)> {
        let has_result = item.state != ItemState::Failed;
        let outcome = self.outcome.as_ref().filter(|_| !has_result);
        let (plan, fields) = outcome.map_or((&self.whole, &self.whole_fields), |plan| (plan, &self.outcome_fields));
        let pairs = plan.all_columns().zip(self.keys.iter().chain(fields));
        let value = |field, column| values::value(field, column, item, &[]).unwrap_or(Value::Null);
        pairs.map(|(column, field)| (column.name.clone(), field.clone(), value(field, column))).collect()
    }

    /// A key for people: `id=7, lang=ko`.
    pub fn shown_key(&self, key: &[Value]) -> String {
        const SHOWN: usize = 200;
        let value = |value: &Value| {
            value.to_text().map_or_else(|| "NULL".to_owned(), |text| text.chars().take(SHOWN).collect())
        };
        let pairs = self.whole.keys.iter().zip(key);
        pairs.map(|(column, one)| format!("{}={}", column.name, value(one))).collect::<Vec<_>>().join(", ")
    }
}

fn mode(mode: WriteBackMode) -> WriteMode {
    match mode {
        WriteBackMode::Update => WriteMode::Update,
        WriteBackMode::Upsert => WriteMode::Upsert,
        WriteBackMode::Insert => WriteMode::Insert,
    }
}

fn repeated<'a>(mut columns: impl Iterator<Item = &'a TableColumn>) -> Option<&'a str> {
    let mut seen = BTreeSet::new();
    columns.find(|column| !seen.insert(column.name.as_str())).map(|column| column.name.as_str())
}

/// Rows are found by a unique key. To insert, the database must know exactly these columns as unique.
fn check_key(table: &Table, keys: &[TableColumn], inserts: bool, shown: &str) -> Result<(), Message> {
    let names: Vec<&str> = keys.iter().map(|key| key.name.as_str()).collect();
    let wanted: BTreeSet<&str> = names.iter().copied().collect();
    let is_exactly = |key: &Vec<String>| key.iter().map(String::as_str).collect::<BTreeSet<_>>() == wanted;
    let is_known = table.unique_keys.iter().any(is_exactly);
    if is_known || (!inserts && table.is_unique(&names)) {
        return Ok(());
    }
    let message = Message::new("write_back_not_unique").with("columns", names.join(", "));
    Err(message.with("table", shown))
}

fn is_row_number(table: &Table, column: &TableColumn) -> bool {
    column.type_name.eq_ignore_ascii_case("INTEGER")
        && table.unique_keys.first().is_some_and(|key| *key == [column.name.clone()])
}

/// The name of the table that a request is about.
pub(super) fn table_name(spec: &WriteBackSpec) -> TableName {
    TableName { schema: spec.schema.clone(), table: spec.table.clone() }
}

#[cfg(test)]
mod tests;
