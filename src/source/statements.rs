//! The parts of a statement: one item for each range of a column, or one for the whole statement.

use std::ops::ControlFlow;

use serde_json::Value;

use super::kind::{Found, Give, Reading, SourceKind};
use crate::model::{Columns, Locator, NewItem, SourceSpec};

/// The columns of an item that hold the ends of its range: the first value, and the value after the last.
pub const FROM: &str = "from";
/// See [`FROM`].
pub const TO: &str = "to";
/// The column that holds the number of the part, from 1.
const PART: &str = "part";
const BOUNDS: &str = "bounds";
const COLUMN: &str = "column";

pub(super) static KIND: SourceKind = SourceKind {
    label: |source| source.option(COLUMN).map_or_else(|| "SQL".to_owned(), |column| format!("SQL / {column}")),
    ..SourceKind::new("statements", read)
};

/// One item: the whole statement.
pub fn whole_statement() -> SourceSpec {
    SourceSpec::new(KIND.id, Vec::new())
}

/// Whether a source is one of the two here.
pub fn is_statement(source: &SourceSpec) -> bool {
    source.kind == KIND.id
}

/// An item for each range between these values of a column, which are in the database's order. The first range has no
/// beginning, the last no end.
pub fn statement_parts(column: &str, bounds: &[Value]) -> SourceSpec {
    whole_statement().with(COLUMN, column).with(BOUNDS, Value::from(bounds.to_vec()).to_string())
}

fn read(source: &SourceSpec, reading: &Reading<'_>, give: Give<'_>) -> ControlFlow<()> {
    let bounds = source.option(BOUNDS).and_then(|text| serde_json::from_str::<Vec<Value>>(text).ok());
    let bounds = bounds.unwrap_or_default();
    let name = source.option(COLUMN).unwrap_or_default();
    for at in (0..=bounds.len()).skip(usize::try_from(reading.first_item).unwrap_or(usize::MAX)) {
        let from = at.checked_sub(1).and_then(|before| bounds.get(before));
        let mut columns = Columns::default();
        columns.put(PART, (at + 1).into());
        columns.put(FROM, from.cloned().unwrap_or_default());
        columns.put(TO, bounds.get(at).cloned().unwrap_or_default());
        let text = |column: &str| columns.text(column).filter(|text| !text.is_empty());
        let about = match (text(FROM), text(TO)) {
            (Some(from), Some(to)) => format!("{from} <= {name} < {to}"),
            (Some(from), None) => format!("{name} >= {from}"),
            (None, Some(to)) => format!("{name} < {to}"),
            (None, None) => String::new(),
        };
        let item = NewItem { columns, ..NewItem::new(Locator::row(at as u64 + 1, &about)) };
        give(Found::Item(item))?;
    }
    ControlFlow::Continue(())
}
