//! The contract of databases: what every kind of database must do, checked against real servers.

#![cfg(unix)]
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "tests start servers")]

#[path = "database/contract.rs"]
mod contract;
#[path = "database/postgres.rs"]
mod postgres;
#[path = "database/sqlite.rs"]
mod sqlite;

#[path = "util/database/mod.rs"]
#[expect(dead_code, reason = "other tests use the rest of the servers")]
mod database;

#[path = "database/mysql.rs"]
mod mysql;
