//! Databases of users, and SQLite files in general: data source names, connections, values, and how statements are written.
//!
//! Each kind of database is one folder with a declaration ([`Database`]) and its line in `kinds.rs`. Knows no jobs and no
//! catalog tables.

mod connection;
mod dialect;
mod dsn;
mod error;
mod kind;
mod kinds;
mod mysql;
mod pool;
mod postgres;
pub mod sqlite;
mod statement;
mod table;
mod tls;
mod value;
mod write;

pub use connection::{Connection, Rows, Session};
pub use dialect::{Dialect, Placeholders};
pub use dsn::{Dsn, Login, Place};
pub use error::{DbError, DbErrorKind};
pub use kind::Database;
pub use kinds::{database_of, databases, dsn_help, parse_dsn, typed_dsn};
pub use pool::{Pool, PooledConnection};
pub use statement::Statement;
pub use table::{Table, TableColumn, TableName};
pub use value::{Column, Kind, Row, Value};
pub use write::{WriteMode, WritePlan, WriteRow, Written};
