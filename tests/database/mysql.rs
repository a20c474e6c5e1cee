//! What MariaDB and MySQL do beyond the contract of all databases.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::future::Future;
use std::time::{Duration, Instant};

use pixloom::db::{
    Connection, DbError, DbErrorKind, Kind, Login, Session, TableName, Value, WriteMode, WritePlan, WriteRow, Written,
    database_of, parse_dsn,
};

use super::contract::{Case, Subject, Words, check_outages};
use super::database::certificates::Authority;
use super::database::mysql::{Mysql, PASSWORD, Stop};

const WORDS: Words = Words {
    slow: "SELECT SLEEP(60)",
    million: "SELECT seq, LPAD(seq, 32, '0') FROM seq_1_to_1000000",
    begin: "START TRANSACTION",
    running: Some(
        "SELECT count(*) FROM information_schema.PROCESSLIST \
         WHERE INFO LIKE '%SLEEP(60)%' AND ID <> CONNECTION_ID() AND DB = DATABASE()",
    ),
    has_infinity: false,
    has_strict_types: true,
    has_row_locks: true,
};

/// The server of this process.
pub(super) struct Shared;

impl Subject for Shared {
    fn name(&self) -> &'static str {
        "MySQL/MariaDB"
    }

    fn create(&self) -> String {
        let server = Mysql::shared();
        server.dsn_with_password(&server.create_database())
    }

    fn words(&self) -> Words {
        WORDS
    }
}

#[test]
fn a_pool_survives_every_kind_of_restart_of_mariadb() {
    let server = Mysql::start(&[]);
    let rounds = std::cell::Cell::new(0);
    let restart = || {
        let how = [Stop::Clean, Stop::Kill][rounds.replace(rounds.get() + 1) % 2];
        server.restart(how);
    };
    let case = Case::new(&server.dsn_with_password(&server.create_database()), WORDS);
    check_outages(case, &restart, &|| server.stop(Stop::Clean), &|| server.start_again());
}

const READING: Session = Session { is_read_only: true, statement_timeout: None, lock_timeout: None, is_utc: false };
/// Longest wait for something that happens at once.
const DEADLINE: Duration = Duration::from_secs(30);

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

async fn open(dsn: &str, session: Session) -> Result<Box<dyn Connection>, DbError> {
    let (dsn, password) = parse_dsn(dsn).unwrap();
    let login = Login { user: None, password: password.or_else(|| Some(PASSWORD.to_owned())) };
    database_of(&dsn).connect(&dsn, &login, session).await
}

async fn connected(server: &Mysql, database: &str, session: Session) -> Box<dyn Connection> {
    open(&server.dsn(database), session).await.unwrap()
}

async fn all(connection: &mut dyn Connection, sql: &str, values: &[Value]) -> Result<Vec<Vec<Value>>, DbError> {
    let mut rows = connection.query(sql, values).await?;
    let mut found = Vec::new();
    loop {
        let more = rows.next_rows(100).await?;
        if more.is_empty() {
            return Ok(found);
        }
        found.extend(more);
    }
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn name(table: &str) -> TableName {
    TableName { schema: None, table: table.to_owned() }
}

async fn plan(
    connection: &mut dyn Connection,
    table: &str,
    keys: &[&str],
    columns: &[&str],
    mode: WriteMode,
) -> WritePlan {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let table = connection.table(&name(table)).await.unwrap().unwrap();
    WritePlan::new(&table, &owned(keys), &owned(columns), mode).unwrap()
}

fn row(key: Value, values: &[Value]) -> WriteRow {
    WriteRow { key: vec![key], values: values.to_vec() }
}

fn counts(matched: u64, changed: u64, missing: u64) -> Written {
    Written { matched, changed, missing }
}

#[test]
fn a_mariadb_server_keeps_its_data_and_connections_are_lost_however_it_is_stopped() {
    let server = Mysql::start(&[]);
    let database = server.create_database();
    server.sql(&database, "CREATE TABLE kept (n int)");
    for (n, how) in [Stop::Clean, Stop::Kill].into_iter().enumerate() {
        server.sql(&database, &format!("INSERT INTO kept VALUES ({n})"));
        run(async {
            let mut connection = connected(&server, &database, Session::default()).await;
            server.stop(how);
            let error = connection.execute("SELECT 1", &[]).await.unwrap_err();
            assert_eq!(error.kind, DbErrorKind::ConnectionLost, "{error}");
            assert!(!connection.is_usable());
            let error = open(&server.dsn(&database), Session::default()).await.err().unwrap();
            assert_eq!(error.kind, DbErrorKind::Unreachable, "{error}");
        });
        server.start_again();
        assert_eq!(server.sql(&database, "SELECT max(n), count(*) FROM kept"), format!("{n}\t{}\n", n + 1), "{how:?}");
    }
    let folder = server.folder().to_owned();
    drop(server);
    assert!(!folder.exists(), "the folder of a server is removed");
}

#[test]
fn values_of_every_type_are_read_as_mariadb_shows_them() {
    let server = Mysql::shared();
    let database = server.create_database();
    server.sql(
        &database,
        "SET sql_mode = ''; CREATE TABLE t (i bigint unsigned, s tinyint(1), n decimal(40,10), f float, d double, b1 bit(1), \
         b64 bit(64), day date, moment datetime(3), stamp timestamp NULL, time_ time(6), y year, e enum('a','ü'), \
         s_ set('x','y'), j json, c char(3), txt mediumtext, latin varchar(9) CHARACTER SET latin1, bin varbinary(4), \
         bl blob, g geometry, nul int);
         INSERT INTO t VALUES (18446744073709551615, -3, 123456789012345678901234567890.0123456789, 0.1, 1e308, b'1', \
         0xffffffffffffffff, '0000-00-00', '2026-11-30 01:02:03.450', '2026-11-30 01:02:03', '-838:59:59', 2026, 'ü', \
         'x,y', '{\"a\": 1}', 'ab', '🖼', 'é', x'00ff', x'', ST_GeomFromText('POINT(1 2)'), NULL)",
    );
    let expected = [
        (Kind::Int, text("18446744073709551615")),
        (Kind::Int, Value::Int(-3)),
        (Kind::Decimal, text("123456789012345678901234567890.0123456789")),
        (Kind::Float, Value::Float(0.1)),
        (Kind::Float, Value::Float(1e308)),
        (Kind::Bool, Value::Bool(true)),
        (Kind::Int, text("18446744073709551615")),
        (Kind::Time, text("0000-00-00")),
        (Kind::Time, text("2026-11-30 01:02:03.450")),
        (Kind::Time, text("2026-11-30 01:02:03")),
        (Kind::Time, text("-838:59:59.000000")),
        (Kind::Int, Value::Int(2026)),
        (Kind::Text, text("ü")),
        (Kind::Text, text("x,y")),
        (Kind::Text, text("{\"a\": 1}")),
        (Kind::Text, text("ab")),
        (Kind::Text, text("🖼")),
        (Kind::Text, text("é")),
        (Kind::Bytes, Value::Bytes(vec![0, 255])),
        (Kind::Bytes, Value::Bytes(Vec::new())),
        (Kind::Bytes, Value::Null),
        (Kind::Int, Value::Null),
    ];
    run(async {
        let mut connection = connected(server, &database, READING).await;
        let (columns, parameters) = connection.describe("SELECT * FROM t WHERE i = ? OR txt = ?").await.unwrap();
        assert_eq!(parameters, 2);
        let rows = all(&mut *connection, "SELECT * FROM t", &[]).await.unwrap();
        for ((column, (kind, value)), found) in columns.iter().zip(&expected).zip(&rows[0]) {
            assert_eq!(column.kind, *kind, "{}", column.name);
            if column.name == "g" {
                assert!(matches!(found, Value::Bytes(bytes) if bytes.len() == 25), "{found:?}");
            } else {
                assert_eq!(found, value, "{}", column.name);
            }
        }
        assert_eq!((rows.len(), columns.len()), (1, expected.len()));
        assert_eq!(columns[0].type_name, "bigint unsigned");
        // Bound values, with what looks like parameters in literals and comments.
        let sql = "SELECT ?, ?, ?, ':a ?', '\\':b', `i` /* :c ? */ FROM t -- it's :d ?";
        let values = [text("a\0'\\ü🖼"), Value::Int(i64::MIN), Value::Float(0.1)];
        let rows = all(&mut *connection, sql, &values).await.unwrap();
        assert_eq!(rows[0][..3], values);
        assert_eq!(rows[0][3..5], [text(":a ?"), text("':b")]);
        // Several results: the first one is read.
        let mut connection = connected(server, &database, Session::default()).await;
        server.sql(
            &database,
            "DELIMITER //\nCREATE PROCEDURE p() BEGIN SELECT 1 AS a UNION ALL SELECT 2; SELECT 'x'; END//",
        );
        assert_eq!(all(&mut *connection, "CALL p()", &[]).await.unwrap(), [[Value::Int(1)], [Value::Int(2)]]);
        assert_eq!(all(&mut *connection, "SELECT 3", &[]).await.unwrap(), [[Value::Int(3)]]);
    });
}

#[test]
fn a_reading_session_changes_nothing() {
    let server = Mysql::shared();
    let database = server.create_database();
    server.sql(
        &database,
        "CREATE TABLE t (a int); INSERT INTO t VALUES (1); CREATE TABLE m (a int) ENGINE=MyISAM;
         CREATE PROCEDURE p() INSERT INTO t VALUES (2); CREATE SEQUENCE s;
         DELIMITER //\nCREATE FUNCTION f() RETURNS int BEGIN INSERT INTO t VALUES (3); RETURN 1; END//",
    );
    run(async {
        let mut connection = connected(server, &database, READING).await;
        for sql in [
            "INSERT INTO t VALUES (2)",
            "UPDATE t SET a = 2",
            "DELETE FROM t",
            "REPLACE INTO t VALUES (2)",
            "INSERT INTO m VALUES (2)",
            "TRUNCATE t",
            "DROP TABLE t",
            "ALTER TABLE t ADD b int",
            "CREATE TABLE u (a int)",
            "CREATE INDEX i ON t (a)",
            "CALL p()",
            "SELECT f()",
            "ANALYZE TABLE t",
            "CREATE DATABASE another",
            "SELECT a FROM t INTO OUTFILE 'another'",
            "SELECT 1 UNION SELECT a FROM t INTO OUTFILE 'another'",
            "(SELECT a FROM t) INTO DUMPFILE 'another'",
            "WITH w AS (SELECT 1) SELECT * FROM w INTO OUTFILE 'another'",
            "VALUES (1) INTO OUTFILE 'another'",
            "SELECT a /*!50000 INTO OUTFILE 'another' */ FROM t",
            "INSERT INTO t VALUES (2) RETURNING a",
            "ANALYZE UPDATE t SET a = 2",
            "SELECT NEXTVAL(s)",
            "SELECT SETVAL(s, 50)",
            "COMMIT",
            "SET GLOBAL read_only = 0",
            "LOCK TABLES t WRITE",
            "/*! DROP TABLE t */",
            "SET STATEMENT tx_read_only = 0 FOR INSERT INTO t VALUES (2)",
        ] {
            // Even after a statement that asks for a session that writes.
            let _ = connection.execute("SET SESSION TRANSACTION READ WRITE", &[]).await;
            let error = connection.execute(sql, &[]).await.unwrap_err();
            assert_eq!(error.kind, DbErrorKind::ReadOnly, "{sql}: {error}");
            let error = all(&mut *connection, sql, &[]).await.unwrap_err();
            assert_eq!(error.kind, DbErrorKind::ReadOnly, "{sql}: {error}");
            assert!(connection.is_usable());
        }
        assert_eq!(all(&mut *connection, "SELECT a FROM t", &[]).await.unwrap(), [[Value::Int(1)]]);
    });
    assert_eq!(
        server.sql(&database, "SELECT * FROM t; SELECT count(*) FROM m; SHOW TABLES; SELECT NEXTVAL(s)"),
        "1\n0\nm\ns\nt\n1\n"
    );
}

/// Waits until the server runs no statement with this text.
fn wait_until_idle(server: &Mysql, mark: &str) {
    let since = Instant::now();
    let sql = format!(
        "SELECT count(*) FROM information_schema.PROCESSLIST WHERE INFO LIKE '%{mark}%' AND ID <> CONNECTION_ID()"
    );
    while server.sql("", &sql) != "0\n" {
        assert!(since.elapsed() < DEADLINE, "{}", server.sql("", "SHOW FULL PROCESSLIST"));
    }
}

#[test]
fn a_call_that_is_dropped_ends_at_the_server() {
    let server = Mysql::shared();
    let database = server.create_database();
    server.sql(&database, "CREATE TABLE t (a int)");
    run(async {
        // A statement that has returned nothing yet.
        let mut connection = connected(server, &database, Session::default()).await;
        let sleep = connection.execute("INSERT INTO t SELECT SLEEP(600) /* dropped1 */", &[]);
        let waited = tokio::time::timeout(Duration::from_millis(300), sleep).await;
        assert!(waited.is_err());
        assert!(!connection.is_usable());
        assert_eq!(connection.execute("SELECT 1", &[]).await.unwrap_err().kind, DbErrorKind::ConnectionLost);
        tokio::task::spawn_blocking(|| wait_until_idle(server, "dropped1")).await.unwrap();
        // A result without an end, which arrives as it is read.
        let mut connection = connected(server, &database, READING).await;
        let sql = "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 3000) \
                   SELECT a.i, REPEAT('x', 1000) /* dropped2 */ FROM n a, n b, n c";
        let mut rows = connection.query(sql, &[]).await.unwrap();
        for _ in 0..20 {
            let page = rows.next_rows(500).await.unwrap();
            assert!((1..=500).contains(&page.len()));
        }
        drop(rows);
        assert!(!connection.is_usable());
        drop(connection);
        tokio::task::spawn_blocking(|| wait_until_idle(server, "dropped2")).await.unwrap();
    });
}

#[test]
fn statements_and_locks_have_limits() {
    let server = Mysql::shared();
    let database = server.create_database();
    server.sql(&database, "CREATE TABLE t (id int PRIMARY KEY, a int); INSERT INTO t VALUES (1, 1), (2, 1)");
    let limit = Some(Duration::from_millis(200));
    run(async {
        let session = Session { statement_timeout: limit, ..READING };
        let mut connection = connected(server, &database, session).await;
        let error = all(&mut *connection, "SELECT SLEEP(600), a FROM t", &[]).await.unwrap_err();
        assert_eq!(error.kind, DbErrorKind::Timeout, "{error}");
        assert_eq!(all(&mut *connection, "SELECT 1", &[]).await.unwrap(), [[Value::Int(1)]]);

        let session = Session { lock_timeout: limit, ..Session::default() };
        let mut holder = connected(server, &database, Session::default()).await;
        let mut waiter = connected(server, &database, session).await;
        holder.execute("START TRANSACTION", &[]).await.unwrap();
        holder.execute("UPDATE t SET a = 2 WHERE id = 1", &[]).await.unwrap();
        let plan = plan(&mut *waiter, "t", &["id"], &["a"], WriteMode::Update).await;
        let rows = [row(Value::Int(2), &[Value::Int(3)]), row(Value::Int(1), &[Value::Int(3)])];
        let error = waiter.write(&plan, &rows).await.unwrap_err();
        assert_eq!(error.kind, DbErrorKind::Locked, "{error}");
        assert_eq!(all(&mut *waiter, "SELECT a FROM t", &[]).await.unwrap(), [[Value::Int(1)], [Value::Int(1)]]);
        let mut waiter = connected(server, &database, session).await;
        let error = waiter.execute("ALTER TABLE t ADD b int", &[]).await.unwrap_err();
        assert_eq!(error.kind, DbErrorKind::Locked, "{error}");
        holder.execute("ROLLBACK", &[]).await.unwrap();
        assert_eq!(waiter.write(&plan, &rows).await.unwrap(), counts(2, 2, 0));
    });
}

#[test]
fn two_transactions_that_wait_for_each_other_are_a_conflict() {
    let server = Mysql::shared();
    let database = server.create_database();
    server.sql(&database, "CREATE TABLE t (id int PRIMARY KEY, a int); INSERT INTO t VALUES (1, 1), (2, 1)");
    run(async {
        let mut one = connected(server, &database, Session::default()).await;
        let mut two = connected(server, &database, Session::default()).await;
        for (connection, id) in [(&mut one, 1), (&mut two, 2)] {
            connection.execute("START TRANSACTION", &[]).await.unwrap();
            connection.execute("UPDATE t SET a = a + 1 WHERE id = ?", &[Value::Int(id)]).await.unwrap();
        }
        let (first, second) = tokio::join!(
            one.execute("UPDATE t SET a = 9 WHERE id = 2", &[]),
            two.execute("UPDATE t SET a = 9 WHERE id = 1", &[])
        );
        let error = first.err().or(second.err()).unwrap();
        assert_eq!(error.kind, DbErrorKind::Conflict, "{error}");
        assert!(error.is_transient());
    });
}

#[test]
fn tables_are_described_with_keys_that_identify_a_row() {
    let server = Mysql::shared();
    let database = server.create_database();
    server.sql(
        &database,
        "CREATE TABLE t (id bigint unsigned AUTO_INCREMENT PRIMARY KEY, name varchar(100) NOT NULL, long_ text, \
         price decimal(10,2) DEFAULT 0, twice int AS (a * 2) VIRTUAL, kept int AS (a * 3) STORED, a int NOT NULL, \
         b int, UNIQUE KEY prefix (long_(10)), UNIQUE KEY pair (name, a), KEY plain (b));
         CREATE VIEW `v``iew` AS SELECT id, name FROM t; CREATE TABLE `Ta ble` (`or\"der` int)",
    );
    run(async {
        let mut connection = connected(server, &database, READING).await;
        let table = connection.table(&name("t")).await.unwrap().unwrap();
        assert_eq!(table.unique_keys, [vec!["id".to_owned()], vec!["name".to_owned(), "a".to_owned()]]);
        assert_eq!(table.name, TableName { schema: Some(database.clone()), table: "t".to_owned() });
        let flags = |name: &str| {
            let column = table.column(name).unwrap();
            (column.type_name.as_str(), column.is_required, column.has_default, column.is_generated)
        };
        assert_eq!(flags("id"), ("bigint(20) unsigned", true, true, false));
        assert_eq!(flags("name"), ("varchar(100)", true, false, false));
        assert_eq!(flags("long_"), ("text", false, false, false));
        assert_eq!(flags("price"), ("decimal(10,2)", false, true, false));
        assert_eq!(flags("twice"), ("int(11)", false, false, true));
        assert_eq!(flags("kept"), ("int(11)", false, false, true));
        let view = connection.table(&name("v`iew")).await.unwrap().unwrap();
        assert_eq!((view.columns.len(), view.unique_keys.len()), (2, 0));
        assert_eq!(connection.table(&name("missing")).await.unwrap(), None);
        let elsewhere = TableName { schema: Some("mysql".to_owned()), table: "db".to_owned() };
        assert!(connection.table(&elsewhere).await.unwrap().is_some());
        let tables = connection.tables().await.unwrap();
        assert_eq!(tables, ["Ta ble", "t", "v`iew"].map(name));
    });
}

#[test]
fn rows_are_written_by_key_with_exact_counts() {
    let server = Mysql::shared();
    let database = server.create_database();
    server.sql(
        &database,
        "CREATE TABLE `or``der; --` (`se\"lect` varchar(50) COLLATE utf8mb4_bin PRIMARY KEY, `ke``y` mediumtext, \
         ok tinyint(1), at timestamp(3) NULL, day datetime NULL, size float, bin blob);
         INSERT INTO `or``der; --` (`se\"lect`) VALUES ('a\\'; DROP TABLE x'), ('ü'), ('same'), ('5');
         UPDATE `or``der; --` SET `ke``y` = 'same' WHERE `se\"lect` = 'same'",
    );
    let large = "1 MB ü ".repeat(150_000);
    run(async {
        let mut connection = connected(server, &database, Session::default()).await;
        connection.execute("SET time_zone = '+09:00'", &[]).await.unwrap();
        let columns = ["ke`y", "ok", "at", "day", "size", "bin"];
        let plan = plan(&mut *connection, "or`der; --", &["se\"lect"], &columns, WriteMode::Update).await;
        let full = |key: &str, value: &str| {
            let time = text("2026-11-30T01:02:03.5Z");
            let values = [Value::Bool(true), time.clone(), text("2026-11-30T01:02:03Z"), Value::Float(0.25)];
            let values: Vec<_> = [text(value)].into_iter().chain(values).chain([Value::Bytes(vec![0, 255])]).collect();
            row(text(key), &values)
        };
        let nulls = |key, value: &str| {
            let values = [text(value), Value::Null, Value::Null, Value::Null, Value::Null, Value::Null];
            row(key, &values)
        };
        let rows = [
            full("a'; DROP TABLE x", "x\0\n\\' OR 1=1; --"),
            full("ü", &large),
            nulls(text("same"), "same"),
            nulls(text("missing"), "x"),
            nulls(Value::Int(5), ":name ? 'x'::text"),
            nulls(Value::Null, "x"),
        ];
        assert_eq!(connection.write(&plan, &rows).await.unwrap(), counts(4, 3, 2));
        assert_eq!(connection.write(&plan, &rows).await.unwrap(), counts(4, 0, 2), "again, nothing changes");
        let sql = "SELECT `ke``y`, ok, at, day, size, bin FROM `or``der; --` ORDER BY `se\"lect`";
        let found = all(&mut *connection, sql, &[]).await.unwrap();
        assert_eq!(found[0][0], text(":name ? 'x'::text"));
        assert_eq!(found[1][0], text("x\0\n\\' OR 1=1; --"));
        assert_eq!(found[1][1..3], [Value::Int(1), text("2026-11-30 10:02:03.500")], "a moment, in the session's zone");
        assert_eq!(found[1][3..5], [text("2026-11-30 01:02:03"), Value::Float(0.25)]);
        assert_eq!(found[1][5], Value::Bytes(vec![0, 255]));
        assert_eq!(found[3][0], text(&large));
    });
}

#[test]
fn upserts_and_inserts_leave_rows_with_another_key_alone() {
    let server = Mysql::shared();
    let database = server.create_database();
    server.sql(
        &database,
        "CREATE TABLE one (id int PRIMARY KEY AUTO_INCREMENT, a varchar(9), touched int NOT NULL DEFAULT 0);
         INSERT INTO one (id, a) VALUES (1, 'old'), (2, 'same');
         CREATE TABLE two (id int PRIMARY KEY, a varchar(9), code varchar(9) UNIQUE, needed int NOT NULL);
         INSERT INTO two VALUES (1, 'old', 'x', 1), (2, 'same', 'y', 1)",
    );
    run(async {
        let mut connection = connected(server, &database, Session::default()).await;
        let upsert = plan(&mut *connection, "one", &["id"], &["a"], WriteMode::Upsert).await;
        let rows = [0, 1, 2, 3].map(|id| row(Value::Int(id), &[text(if id == 2 { "same" } else { "new" })]));
        assert_eq!(connection.write(&upsert, &rows).await.unwrap(), counts(4, 3, 0));
        assert_eq!(server.sql(&database, "SELECT id, a FROM one"), "0\tnew\n1\tnew\n2\tsame\n3\tnew\n");
        assert_eq!(connection.write(&upsert, &[row(Value::Int(3), &[text("x")])]).await.unwrap(), counts(1, 1, 0));
        assert_eq!(connection.write(&upsert, &[row(Value::Int(3), &[text("x")])]).await.unwrap(), counts(1, 0, 0));
        assert_eq!(connection.write(&upsert, &[row(Value::Int(4), &[text("x")])]).await.unwrap(), counts(1, 1, 0));
        let error = connection.write(&upsert, &[row(Value::Null, &[text("x")])]).await.unwrap_err();
        assert_eq!(error.kind, DbErrorKind::Rejected, "{error}");

        let touch = "CREATE TRIGGER touch BEFORE UPDATE ON one FOR EACH ROW SET NEW.touched = OLD.touched + 1";
        server.sql(&database, touch);
        let insert = plan(&mut *connection, "one", &["id"], &["a"], WriteMode::Insert).await;
        let rows = [4, 5, 6].map(|id| row(Value::Int(id), &[text("ins")]));
        assert_eq!(connection.write(&insert, &rows).await.unwrap(), counts(3, 2, 0));
        assert_eq!(connection.write(&insert, &rows).await.unwrap(), counts(3, 0, 0));
        assert_eq!(server.sql(&database, "SELECT id, a FROM one WHERE id > 3"), "4\tx\n5\tins\n6\tins\n");
        assert_eq!(server.sql(&database, "SELECT sum(touched) FROM one"), "0\n", "no trigger ran for existing rows");

        // Another unique key has the value: the row that has it stays as it is.
        for mode in [WriteMode::Upsert, WriteMode::Insert] {
            let plan = plan(&mut *connection, "two", &["id"], &["a", "code", "needed"], mode).await;
            let bad = row(Value::Int(3), &[text("bad"), text("x"), Value::Int(1)]);
            let error = connection.write(&plan, &[bad]).await.unwrap_err();
            assert_eq!((error.kind, error.code.as_str()), (DbErrorKind::Rejected, "1062"), "{error}");
        }
        let plan = plan(&mut *connection, "two", &["id"], &["a"], WriteMode::Upsert).await;
        let rows = [1, 2].map(|id| row(Value::Int(id), &[text("same")]));
        assert_eq!(connection.write(&plan, &rows).await.unwrap(), counts(2, 1, 0));
        assert_eq!(server.sql(&database, "SELECT * FROM two"), "1\tsame\tx\t1\n2\tsame\ty\t1\n");
    });
}

#[test]
fn values_that_do_not_fit_are_rejected_and_nothing_of_their_batch_is_written() {
    let server = Mysql::start(&["--max-allowed-packet=2M", "--sql-mode=ANSI"]);
    let database = server.create_database();
    server.sql(
        &database,
        "CREATE TABLE parent (id int PRIMARY KEY); INSERT INTO parent VALUES (1);
         CREATE TABLE t (id int PRIMARY KEY, short varchar(3), n tinyint, day date, needed int NOT NULL DEFAULT 1, \
         latin varchar(9) CHARACTER SET latin1, e enum('a'), checked int CHECK (checked < 10), size float, \
         parent int, blobby mediumblob, FOREIGN KEY (parent) REFERENCES parent (id));
         INSERT INTO t (id) VALUES (0), (1), (2);
         DELIMITER //\nCREATE TRIGGER no BEFORE UPDATE ON t FOR EACH ROW IF NEW.short = 'no' THEN \
         SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'the shop says no'; END IF//",
    );
    run(async {
        let mut connection = connected(&server, &database, Session::default()).await;
        for (column, value) in [
            ("short", text("long")),
            ("short", text("no")),
            ("n", Value::Int(300)),
            ("n", text("12 apples")),
            ("n", text("")),
            ("day", text("2026-02-30")),
            ("day", text("yesterday")),
            ("needed", Value::Null),
            ("latin", text("🖼")),
            ("e", text("b")),
            ("checked", Value::Int(10)),
            ("size", Value::Float(f64::INFINITY)),
            ("size", Value::Float(1e300)),
            ("parent", Value::Int(7)),
            ("blobby", Value::Bytes(vec![0; 2 << 20])),
            ("short", Value::Bytes(vec![0xff])),
        ] {
            let plan = plan(&mut *connection, "t", &["id"], &["checked", column], WriteMode::Update).await;
            let mut plan = plan;
            if column == "checked" {
                plan.columns.truncate(1);
            }
            let values = |value: &Value| {
                if column == "checked" { vec![value.clone()] } else { vec![Value::Int(5), value.clone()] }
            };
            let good = values(&if column == "checked" { Value::Int(5) } else { Value::Null });
            let good = if column == "needed" { vec![Value::Int(5), Value::Int(2)] } else { good };
            let rows = [row(Value::Int(0), &good), row(Value::Int(1), &values(&value))];
            let error = connection.write(&plan, &rows).await.unwrap_err();
            assert_eq!(error.kind, DbErrorKind::Rejected, "{column}: {error}");
            assert!(error.is_of_row() && connection.is_usable(), "{column}: {error}");
            if value == text("no") {
                assert_eq!(error.message, "the shop says no");
            }
            assert_eq!(server.sql(&database, "SELECT count(*) FROM t WHERE checked IS NOT NULL"), "0\n", "{column}");
        }
        // A key that is no number matches no row, least of all the row 0.
        let plan = plan(&mut *connection, "t", &["id"], &["n"], WriteMode::Update).await;
        let error = connection.write(&plan, &[row(text("abc"), &[Value::Int(1)])]).await.unwrap_err();
        assert_eq!(error.kind, DbErrorKind::Rejected, "{error}");
        // Many rows take more than one packet.
        let rows: Vec<_> = (0..3).map(|id| row(Value::Int(id), &[Value::Int(7)])).collect();
        assert_eq!(connection.write(&plan, &rows).await.unwrap(), counts(3, 3, 0));
    });
}

#[test]
fn a_wrong_request_says_what_is_wrong() {
    let server = Mysql::start(&["--max-connections=4"]);
    let database = server.create_database();
    server.sql(
        &database,
        &format!(
            "CREATE TABLE t (id int PRIMARY KEY, a int, b int); INSERT INTO t VALUES (1, 1, 1);
             CREATE USER few@'%' IDENTIFIED BY 'few'; GRANT SELECT, UPDATE (a) ON {database}.t TO few@'%'"
        ),
    );
    let port = server.port();
    let kind = |dsn: String| run(async { open(&dsn, Session::default()).await.err().map(|error| error.kind) });
    assert_eq!(kind(format!("mysql://few:wrong@127.0.0.1:{port}/{database}")), Some(DbErrorKind::Login));
    assert_eq!(kind(format!("mysql://nobody:x@127.0.0.1:{port}/{database}")), Some(DbErrorKind::Login));
    assert_eq!(kind(format!("mysql://few:few@127.0.0.1:{port}/mysql")), Some(DbErrorKind::Login));
    assert_eq!(kind(server.dsn("missing")), Some(DbErrorKind::MissingDatabase));
    let socket = server.folder().join("socket");
    assert_eq!(kind(format!("mysql://few:few@localhost/{database}?host={}", socket.display())), None);
    assert_eq!(kind(format!("mariadb://few:few@localhost:{port}/{database}")), None);
    assert_eq!(kind(server.dsn_with_password(&database)), None);
    assert_eq!(kind(format!("mysql://few:few@127.0.0.1:{port}/{database}?sslmode=require")), Some(DbErrorKind::Tls));
    run(async {
        let mut connection =
            open(&format!("mysql://few:few@127.0.0.1:{port}/{database}"), Session::default()).await.unwrap();
        let mut all_may = connected(&server, &database, Session::default()).await;
        for (sql, kind) in [
            ("SELECT x FROM t", DbErrorKind::MissingColumn),
            ("SELECT a FROM missing", DbErrorKind::MissingTable),
            ("SELEC a FROM t", DbErrorKind::Statement),
            ("SELECT nothing(a) FROM t", DbErrorKind::Statement),
            ("SELECT a FROM nowhere.t", DbErrorKind::MissingTable),
            ("INSERT INTO t VALUES (1)", DbErrorKind::Statement),
        ] {
            let described = all_may.describe(sql).await.map(|_| ());
            let run = all_may.execute(sql, &[]).await.unwrap_err();
            assert_eq!(run.kind, kind, "{sql}: {run}");
            assert_eq!(described.map_err(|error| error.kind), Err(kind), "{sql}");
        }
        drop(all_may);
        for sql in ["UPDATE t SET b = 2", "DELETE FROM t", "SELECT * FROM mysql.global_priv", "DROP TABLE t"] {
            let error = connection.execute(sql, &[]).await.unwrap_err();
            assert_eq!(error.kind, DbErrorKind::Permission, "{sql}: {error}");
        }
        let plan_a = plan(&mut *connection, "t", &["id"], &["a"], WriteMode::Update).await;
        assert_eq!(connection.write(&plan_a, &[row(Value::Int(1), &[Value::Int(2)])]).await.unwrap(), counts(1, 1, 0));
        let plan_b = plan(&mut *connection, "t", &["id"], &["b"], WriteMode::Update).await;
        let error = connection.write(&plan_b, &[row(Value::Int(1), &[Value::Int(2)])]).await.unwrap_err();
        assert_eq!(error.kind, DbErrorKind::Permission, "{error}");
        let mut held = Vec::new();
        let error = loop {
            match open(&format!("mysql://few:few@127.0.0.1:{port}/{database}"), Session::default()).await {
                Ok(connection) => held.push(connection),
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind, DbErrorKind::TooManyConnections, "{error}");
    });
}

#[test]
fn certificates_are_checked_as_the_mode_says() {
    let (ours, other) = (Authority::new("our authority"), Authority::new("another authority"));
    let issued = ours.issue("localhost");
    let server = Mysql::start_with(&["--ssl-cert=FOLDER/cert.pem", "--ssl-key=FOLDER/key.pem"], |scratch| {
        scratch.file("cert.pem", &issued.certificate);
        scratch.file("key.pem", &issued.key);
    });
    let folder = tempfile::tempdir().unwrap();
    for (name, pem) in [("ours.pem", &ours.pem), ("other.pem", &other.pem)] {
        std::fs::write(folder.path().join(name), pem).unwrap();
    }
    let check = |host: &str, options: &str, is_encrypted: Option<bool>| {
        let options = options.replace("FOLDER", &folder.path().display().to_string());
        let dsn = server.dsn("").replace("127.0.0.1", host) + "?" + &options;
        let opened = run(async {
            let mut connection = open(&dsn, Session::default()).await?;
            let rows = all(&mut *connection, "SHOW STATUS LIKE 'Ssl_cipher'", &[]).await?;
            Ok::<_, DbError>(rows[0][1] != text(""))
        });
        match (opened, is_encrypted) {
            (Ok(found), Some(expected)) => assert_eq!(found, expected, "{host} {options}"),
            (Err(error), None) => assert_eq!(error.kind, DbErrorKind::Tls, "{host} {options}: {error}"),
            (other, _) => panic!("{host} {options}: {other:?}"),
        }
    };
    check("127.0.0.1", "", Some(true));
    check("127.0.0.1", "sslmode=disable", Some(false));
    check("127.0.0.1", "sslmode=prefer", Some(true));
    check("127.0.0.1", "sslmode=require", Some(true));
    check("localhost", "sslmode=verify-full&sslrootcert=FOLDER/ours.pem", Some(true));
    check("127.0.0.1", "sslmode=verify-full&sslrootcert=FOLDER/ours.pem", None);
    check("127.0.0.1", "sslmode=verify-ca&sslrootcert=FOLDER/ours.pem", Some(true));
    check("127.0.0.1", "ssl-mode=VERIFY_CA&ssl-ca=FOLDER/other.pem", None);
    check("localhost", "sslmode=verify-full", None);
    check("localhost", "sslmode=verify-full&sslrootcert=FOLDER/missing.pem", None);
}
