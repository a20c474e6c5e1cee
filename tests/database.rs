//! The contract of databases: what every kind of database must do, checked against real servers.

#![cfg(unix)]
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "tests start servers")]

#[path = "util/database/mod.rs"]
#[expect(dead_code, reason = "other tests use the rest of the servers")]
mod database;

#[path = "database/mysql.rs"]
mod mysql;

use database::postgres::{Postgres, Stop};

#[test]
fn a_postgresql_server_keeps_its_data_however_it_is_stopped() {
    let server = Postgres::start(&[]);
    let name = server.create_database();
    server.sql(&name, "CREATE TABLE kept (n int)");
    for (n, how) in [Stop::Fast, Stop::Immediate, Stop::Kill].into_iter().enumerate() {
        server.sql(&name, &format!("INSERT INTO kept VALUES ({n})"));
        server.restart(how);
        assert_eq!(server.sql(&name, "SELECT max(n), count(*) FROM kept"), format!("{n}|{}\n", n + 1), "{how:?}");
    }
    let folder = server.folder().to_owned();
    drop(server);
    assert!(!folder.exists(), "the folder of a server is removed");
}
