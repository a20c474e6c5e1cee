//! What tests need of every database, whichever it is: real servers, and files.

use std::path::PathBuf;
use std::sync::{Condvar, Mutex};
use std::time::Duration;

use rusqlite::types::ValueRef;

use crate::database::mysql::{self, Mysql};
use crate::database::postgres::{Postgres, Stop};

/// A setting of MariaDB: what is committed survives the end of its process, but not that of the machine.
pub(crate) const WRITTEN: &str = "--innodb-flush-log-at-trx-commit=2";

/// Lets requests with numbers up to a limit pass.
#[derive(Default)]
pub(crate) struct Gate {
    limit: Mutex<u64>,
    raised: Condvar,
}

impl Gate {
    pub(crate) fn raise(&self, limit: u64) {
        *self.limit.lock().unwrap() = limit;
        self.raised.notify_all();
    }

    pub(crate) fn pass(&self, number: u64) {
        let limit = self.limit.lock().unwrap();
        drop(self.raised.wait_timeout_while(limit, Duration::from_mins(1), |limit| *limit < number).unwrap());
    }
}

/// What all databases can do.
pub(crate) trait TestServer: Sync {
    /// The data source name of a database. The password is in the variable `SHOP_PASSWORD`.
    fn dsn_of(&self, database: &str) -> String;
    fn new_database(&self) -> String;
    /// Runs statements that change something, or one SELECT: its rows as lines, columns separated by `|`.
    fn rows(&self, database: &str, statements: &str) -> String;
    /// Makes it unreachable until it recovers.
    fn crash(&self, kills: bool);
    fn recover(&self);
    /// The type of a point in time.
    fn time_type(&self) -> &'static str;
    /// A statement that creates a trigger: it runs before a row of `table` is updated, and refuses it if `condition` about
    /// `NEW` holds.
    fn refusing(&self, table: &str, condition: &str, message: &str) -> String;
    /// A statement that creates a trigger: it notes `NEW.id` in the table `changes` when an update changes one of these
    /// columns.
    fn noting(&self, table: &str, columns: &[&str]) -> String;
}

/// Whether the old and new values of a column differ, NULL included.
fn differ(columns: &[&str], differs: impl Fn(&str) -> String) -> String {
    columns.iter().map(|column| differs(column)).collect::<Vec<_>>().join(" OR ")
}

impl TestServer for Postgres {
    fn dsn_of(&self, database: &str) -> String {
        format!("{}?password=env:SHOP_PASSWORD", self.dsn(database))
    }

    fn new_database(&self) -> String {
        self.create_database()
    }

    fn rows(&self, database: &str, statements: &str) -> String {
        self.sql(database, statements)
    }

    fn crash(&self, kills: bool) {
        self.stop(if kills { Stop::Kill } else { Stop::Immediate });
    }

    fn recover(&self) {
        self.start_again();
    }

    fn time_type(&self) -> &'static str {
        "timestamptz"
    }

    fn refusing(&self, table: &str, condition: &str, message: &str) -> String {
        format!(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             IF {condition} THEN RAISE EXCEPTION '{message}'; END IF; RETURN NEW; END $$; \
             CREATE TRIGGER refuse BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse();"
        )
    }

    fn noting(&self, table: &str, columns: &[&str]) -> String {
        let differ = differ(columns, |column| format!("NEW.{column} IS DISTINCT FROM OLD.{column}"));
        format!(
            "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             IF {differ} THEN INSERT INTO changes VALUES (NEW.id); END IF; RETURN NEW; END $$; \
             CREATE TRIGGER note AFTER UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION note();"
        )
    }
}

impl TestServer for Mysql {
    fn dsn_of(&self, database: &str) -> String {
        format!("{}?password=env:SHOP_PASSWORD", self.dsn(database))
    }

    fn new_database(&self) -> String {
        self.create_database()
    }

    fn rows(&self, database: &str, statements: &str) -> String {
        self.sql(database, statements).replace('\t', "|")
    }

    fn crash(&self, kills: bool) {
        self.stop(if kills { mysql::Stop::Kill } else { mysql::Stop::Clean });
    }

    fn recover(&self) {
        self.start_again();
    }

    fn time_type(&self) -> &'static str {
        "timestamp NULL"
    }

    fn refusing(&self, table: &str, condition: &str, message: &str) -> String {
        format!(
            "DELIMITER //\nCREATE TRIGGER refuse BEFORE UPDATE ON {table} FOR EACH ROW BEGIN IF {condition} THEN \
             SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '{message}'; END IF; END //\nDELIMITER ;\n"
        )
    }

    fn noting(&self, table: &str, columns: &[&str]) -> String {
        let differ = differ(columns, |column| format!("NOT (NEW.{column} <=> OLD.{column})"));
        format!(
            "CREATE TRIGGER note AFTER UPDATE ON {table} FOR EACH ROW \
             INSERT INTO changes SELECT NEW.id FROM DUAL WHERE {differ};"
        )
    }
}

/// Files of SQLite. They are unreachable while another session has locked them.
pub(crate) struct Files {
    folder: tempfile::TempDir,
    locks: Mutex<Vec<rusqlite::Connection>>,
}

impl Files {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), locks: Mutex::default() }
    }

    fn path(&self, database: &str) -> PathBuf {
        self.folder.path().join(database)
    }

    fn open(&self, database: &str) -> rusqlite::Connection {
        let connection = rusqlite::Connection::open(self.path(database)).unwrap();
        connection.busy_timeout(Duration::from_secs(60)).unwrap();
        connection
    }
}

impl TestServer for Files {
    fn dsn_of(&self, database: &str) -> String {
        self.path(database).display().to_string()
    }

    fn new_database(&self) -> String {
        let count = std::fs::read_dir(self.folder.path()).unwrap().count();
        let name = format!("shop{count}.sqlite");
        self.open(&name).execute_batch("PRAGMA user_version = 1").unwrap();
        name
    }

    fn rows(&self, database: &str, statements: &str) -> String {
        let connection = self.open(database);
        if !statements.starts_with("SELECT") {
            connection.execute_batch(statements).unwrap();
            return String::new();
        }
        let mut statement = connection.prepare(statements).unwrap();
        let count = statement.column_count();
        let mut rows = statement.query(()).unwrap();
        let mut lines = String::new();
        while let Some(row) = rows.next().unwrap() {
            let text = |at| match row.get_ref(at).unwrap() {
                ValueRef::Null => String::new(),
                ValueRef::Integer(value) => value.to_string(),
                ValueRef::Real(value) => value.to_string(),
                ValueRef::Text(text) | ValueRef::Blob(text) => String::from_utf8_lossy(text).into_owned(),
            };
            lines.push_str(&(0..count).map(text).collect::<Vec<_>>().join("|"));
            lines.push('\n');
        }
        lines
    }

    fn crash(&self, _: bool) {
        let entries = std::fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
        let names = entries.filter_map(|name| name.into_string().ok()).filter(|name| name.ends_with(".sqlite"));
        let lock = |name: String| {
            let connection = self.open(&name);
            connection.execute_batch("BEGIN EXCLUSIVE").unwrap();
            connection
        };
        self.locks.lock().unwrap().extend(names.map(lock));
    }

    fn recover(&self) {
        self.locks.lock().unwrap().clear();
    }

    fn time_type(&self) -> &'static str {
        "datetime"
    }

    fn refusing(&self, table: &str, condition: &str, message: &str) -> String {
        format!(
            "CREATE TRIGGER refuse BEFORE UPDATE ON {table} WHEN {condition} \
             BEGIN SELECT RAISE(ABORT, '{message}'); END;"
        )
    }

    fn noting(&self, table: &str, columns: &[&str]) -> String {
        let differ = differ(columns, |column| format!("NEW.{column} IS NOT OLD.{column}"));
        format!(
            "CREATE TRIGGER note AFTER UPDATE ON {table} WHEN {differ} BEGIN INSERT INTO changes VALUES (NEW.id); END;"
        )
    }
}
