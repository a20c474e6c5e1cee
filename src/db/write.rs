//! Rows that are written into a table by key, so that writing them again changes nothing.

use super::{Dialect, Table, TableColumn, TableName, Value};

/// How rows are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum WriteMode {
    /// Existing rows are changed; keys without a row are counted as missing.
    #[default]
    Update,
    /// Existing rows are changed, others inserted.
    Upsert,
    /// Rows are inserted; existing ones stay as they are.
    Insert,
}

/// Which columns of a table are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WritePlan {
    /// The table.
    pub table: TableName,
    /// The columns that identify a row; unique together.
    pub keys: Vec<TableColumn>,
    /// The columns that are written; at least one.
    pub columns: Vec<TableColumn>,
    /// How rows are written.
    pub mode: WriteMode,
}

/// The values of one row.
#[derive(Clone, Debug, PartialEq)]
pub struct WriteRow {
    /// The values of the key columns, in their order.
    pub key: Vec<Value>,
    /// The values of the written columns, in their order.
    pub values: Vec<Value>,
}

/// What became of rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Rows whose key was found, or that were inserted.
    pub matched: u64,
    /// Those of them that are different now, or new.
    pub changed: u64,
    /// Rows whose key was not found.
    pub missing: u64,
}

impl WritePlan {
    /// A plan for a table that the database has described; an unknown column is returned.
    pub fn new(table: &Table, keys: &[String], columns: &[String], mode: WriteMode) -> Result<Self, String> {
        let find = |name: &String| table.column(name).cloned().ok_or_else(|| name.clone());
        Ok(Self {
            table: table.name.clone(),
            keys: keys.iter().map(find).collect::<Result<_, _>>()?,
            columns: columns.iter().map(find).collect::<Result<_, _>>()?,
            mode,
        })
    }

    /// All columns, keys first.
    pub fn all_columns(&self) -> impl Iterator<Item = &TableColumn> {
        self.keys.iter().chain(&self.columns)
    }

    /// The plain statement for one row, with a placeholder for each column, keys first: what people are shown, and what a
    /// database runs that has nothing faster. An `Insert` or `Upsert` names its conflict as PostgreSQL and SQLite do.
    pub fn statement(&self, dialect: &Dialect) -> String {
        let quoted = |column: &TableColumn| dialect.quoted(&column.name);
        let table = self.table.quoted(dialect);
        if self.mode == WriteMode::Update {
            let number = |index: usize| dialect.placeholder(index + 1);
            let keys = self.keys.iter().enumerate().map(|(i, key)| format!("{} = {}", quoted(key), number(i)));
            let keys: Vec<String> = keys.collect();
            let columns = self.columns.iter().enumerate();
            let columns = columns.map(|(i, column)| format!("{} = {}", quoted(column), number(self.keys.len() + i)));
            return format!(
                "UPDATE {table} SET {} WHERE {}",
                columns.collect::<Vec<_>>().join(", "),
                keys.join(" AND ")
            );
        }
        let names: Vec<String> = self.all_columns().map(quoted).collect();
        let places: Vec<String> = (1..=names.len()).map(|number| dialect.placeholder(number)).collect();
        let keys: Vec<String> = self.keys.iter().map(quoted).collect();
        let sets = self.columns.iter().map(|column| format!("{0} = excluded.{0}", quoted(column)));
        let action = if self.mode == WriteMode::Insert {
            "NOTHING".to_owned()
        } else {
            format!("UPDATE SET {}", sets.collect::<Vec<_>>().join(", "))
        };
        format!(
            "INSERT INTO {table} ({}) VALUES ({}) ON CONFLICT ({}) DO {action}",
            names.join(", "),
            places.join(", "),
            keys.join(", ")
        )
    }
}

impl std::ops::AddAssign for Written {
    fn add_assign(&mut self, other: Self) {
        self.matched += other.matched;
        self.changed += other.changed;
        self.missing += other.missing;
    }
}
