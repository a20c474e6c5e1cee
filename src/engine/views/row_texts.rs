//! Rows as they are shown.

use std::sync::Arc;

use crate::db::{Column, Value};
use crate::engine::api::database::ColumnEntry;

/// Characters of a value that are shown.
const SHOWN_CHARS: usize = 200;

/// The columns of a result.
pub(super) fn columns_of_result(columns: &[Column]) -> Arc<[ColumnEntry]> {
    let entry = |column: &Column| ColumnEntry {
        name: column.name.clone(),
        type_name: column.type_name.clone(),
        is_writable: false,
    };
    columns.iter().map(entry).collect()
}

/// A value on one line, cut to what can be seen.
pub(super) fn shown(value: &Value) -> Option<String> {
    value.to_text().map(|text| shown_text(&text))
}

/// A text on one line, cut to what can be seen.
pub(super) fn shown_text(text: &str) -> String {
    let mut line: String = text.chars().take(SHOWN_CHARS).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(SHOWN_CHARS).is_some() {
        line.push('…');
    }
    line
}
