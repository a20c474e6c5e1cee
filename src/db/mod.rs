//! Data source names and connections of databases.
//!
//! Knows no tables.

#![expect(clippy::disallowed_types, reason = "connections to databases are opened here")]

mod dsn;
pub mod sqlite;

pub use dsn::Dsn;
