//! Data source names and connections of databases.
//!
//! Knows no tables.

mod dsn;
pub mod sqlite;

pub use dsn::Dsn;
