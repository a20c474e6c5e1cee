//! The contract of databases: what every kind of database must do, checked against real servers.

#![cfg(unix)]
#![expect(clippy::disallowed_methods, clippy::disallowed_types, clippy::expect_used, reason = "tests start servers")]

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

use contract::Subject;

/// A test of the contract for each kind of database, and the list of them.
macro_rules! under_contract {
    ($($test:ident: $subject:expr;)*) => {
        const SUBJECTS: &[&dyn Subject] = &[$(&$subject),*];
        $(#[test] fn $test() { contract::check(&$subject); })*
    };
}

under_contract! {
    sqlite_does_what_every_database_must_do: sqlite::Sqlite;
    postgresql_does_what_every_database_must_do: postgres::Shared;
    mariadb_does_what_every_database_must_do: mysql::Shared;
}

#[test]
fn every_registered_database_is_under_the_contract() {
    let registered: Vec<&str> = pixloom::db::databases().iter().map(|database| database.name()).collect();
    let tested: Vec<&str> = SUBJECTS.iter().map(|subject| subject.name()).collect();
    assert_eq!(tested, registered, "add a subject in the order of db::databases");
    for subject in SUBJECTS {
        let (dsn, _) = pixloom::db::parse_dsn(&subject.create()).expect("a data source name");
        assert_eq!(pixloom::db::database_of(&dsn).name(), subject.name(), "it tests the kind that it names");
    }
}
