//! What the rooms that speak to databases share: where a database is, and how a connection to it is opened.
//!
//! Knows no table of anybody's.

#![expect(clippy::disallowed_types, reason = "connections to databases are opened here")]

mod dsn;
pub mod sqlite;

pub use dsn::Dsn;
