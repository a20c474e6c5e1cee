//! Writing results back into a table of a database: how a map is read, checked against the table, and filled with values.
//! Knows no jobs and opens no connections.

mod check;
mod create;
mod map;
mod values;

pub use check::{Target, TargetRow};
pub use create::{ColumnKinds, create_statement, planned_table};
pub use map::{WriteMap, parse_map, parse_target};
