//! Tables for results.

use super::check::table_name;
use crate::db::{Database, Kind, Table, TableColumn};
use crate::model::{FieldKind, WriteBackSpec, WriteField, columns};

/// The kinds of a query's columns, by name; columns of other sources hold text.
pub type ColumnKinds = Vec<(String, Kind)>;

/// The statement that creates the table of a request, unless it exists.
pub fn create_statement(spec: &WriteBackSpec, kinds: &ColumnKinds, database: &dyn Database) -> String {
    let dialect = database.dialect();
    let mut parts = Vec::new();
    for (pairs, is_key) in [(&spec.keys, true), (&spec.columns, false)] {
        for pair in pairs {
            let type_name = database.column_type(kind_of(&pair.field, kinds), is_key);
            let required = if is_key { " NOT NULL" } else { "" };
            parts.push(format!("{} {type_name}{required}", dialect.quoted(&pair.column)));
        }
    }
    let keys: Vec<String> = spec.keys.iter().map(|pair| dialect.quoted(&pair.column)).collect();
    parts.push(format!("PRIMARY KEY ({})", keys.join(", ")));
    format!("CREATE TABLE IF NOT EXISTS {} ({})", table_name(spec).quoted(dialect), parts.join(", "))
}

/// The table as that statement creates it.
pub fn planned_table(spec: &WriteBackSpec, kinds: &ColumnKinds, database: &dyn Database) -> Table {
    let mut columns = Vec::new();
    for (pairs, is_key) in [(&spec.keys, true), (&spec.columns, false)] {
        columns.extend(pairs.iter().map(|pair| TableColumn {
            name: pair.column.clone(),
            kind: kind_of(&pair.field, kinds),
            type_name: database.column_type(kind_of(&pair.field, kinds), is_key).to_owned(),
            is_required: is_key,
            has_default: false,
            is_generated: false,
        }));
    }
    let key = spec.keys.iter().map(|pair| pair.column.clone()).collect();
    Table { name: table_name(spec), columns, unique_keys: vec![key] }
}

fn kind_of(field: &WriteField, kinds: &ColumnKinds) -> Kind {
    if let WriteField::Column(name) = field
        && let Some((_, kind)) = kinds.iter().find(|(column, _)| columns::is_same_name(column, name))
    {
        return *kind;
    }
    match field.kind() {
        FieldKind::Number => Kind::Int,
        FieldKind::Time => Kind::Time,
        FieldKind::Text | FieldKind::Any => Kind::Text,
    }
}
