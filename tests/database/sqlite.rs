//! SQLite and the contract.

#![expect(clippy::expect_used, reason = "tests")]

use pixloom::db::{DbErrorKind, Session, TableName, Value, WriteMode, WritePlan, WriteRow, Written};

use super::contract::{Case, Subject, Words, all, run};

pub(super) struct Sqlite;

impl Subject for Sqlite {
    fn name(&self) -> &'static str {
        "SQLite"
    }

    fn create(&self) -> String {
        // Removed with the scratch folder of the test run.
        let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
        let folder = tempfile::tempdir_in(folder).expect("a folder").keep();
        let path = folder.join("file.db");
        rusqlite::Connection::open(&path).and_then(|file| file.execute_batch("VACUUM")).expect("a file");
        path.display().to_string()
    }

    fn words(&self) -> Words {
        Words {
            slow: "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000000000) SELECT sum(i) FROM n",
            million: "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000) \
                      SELECT i, printf('%032d', i) FROM n",
            begin: "BEGIN IMMEDIATE",
            running: None,
            has_infinity: true,
            has_strict_types: false,
            has_row_locks: false,
        }
    }
}

#[test]
#[expect(clippy::unwrap_used, reason = "tests")]
fn a_reading_session_of_sqlite_changes_neither_itself_nor_files() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let (path, other) = (Sqlite.create(), Sqlite.create());
        let sql = rusqlite::Connection::open(&path).unwrap();
        sql.execute_batch(
            "CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1); PRAGMA journal_mode = WAL;
             CREATE VIRTUAL TABLE f USING fts5(words); INSERT INTO f VALUES ('one two');
             CREATE VIRTUAL TABLE r USING rtree(id, low, high); INSERT INTO r VALUES (1, 2, 3);",
        )
        .unwrap();
        let case = Case::new(&path, Sqlite.words());
        let mut reader = case.open(Session { is_read_only: true, ..Session::default() }).await;
        for statement in [
            "PRAGMA query_only = OFF".to_owned(),
            "/* x */ PRAGMA query_only(0)".to_owned(),
            "PRAGMA journal_mode = DELETE".to_owned(),
            "PRAGMA user_version = 7".to_owned(),
            "PRAGMA writable_schema = ON".to_owned(),
            "PRAGMA wal_checkpoint(TRUNCATE)".to_owned(),
            "PRAGMA optimize".to_owned(),
            "PRAGMA incremental_vacuum".to_owned(),
            format!("ATTACH '{other}' AS other"),
            format!("ATTACH '{path}.new' AS other"),
            format!("VACUUM INTO '{path}.copy'"),
            "DELETE FROM t RETURNING id".to_owned(),
            "WITH w AS (SELECT 1) INSERT INTO t SELECT 5 RETURNING id".to_owned(),
            "INSERT INTO f(f) VALUES ('rebuild')".to_owned(),
        ] {
            let error = all(&mut *reader, &statement, &[]).await.unwrap_err();
            assert_eq!(error.kind, DbErrorKind::ReadOnly, "{statement}: {error:?}");
            let error = reader.execute(&statement, &[]).await.unwrap_err();
            assert_eq!(error.kind, DbErrorKind::ReadOnly, "{statement}: {error:?}");
        }
        for statement in [
            "SELECT name FROM pragma_table_info('t')",
            "PRAGMA table_info(t)",
            "PRAGMA user_version",
            "PRAGMA integrity_check",
            "SELECT words FROM f WHERE f MATCH 'two'",
            "SELECT id FROM r WHERE low > 1",
            "EXPLAIN SELECT 1",
            "VALUES (1)",
            "SELECT id FROM t",
        ] {
            let rows = all(&mut *reader, statement, &[]).await;
            assert!(rows.as_ref().is_ok_and(|rows| !rows.is_empty()), "{statement}: {rows:?}");
        }
        let unchanged = "SELECT (SELECT count(*) FROM t) = 1 AND (SELECT user_version FROM pragma_user_version) = 0";
        assert!(sql.query_row(unchanged, (), |row| row.get::<_, bool>(0)).unwrap());
        assert_eq!(sql.query_row("PRAGMA journal_mode", (), |row| row.get::<_, String>(0)).unwrap(), "wal");
        assert!(["new", "copy"].iter().all(|end| !std::path::Path::new(&format!("{path}.{end}")).exists()));
    });
}

#[tokio::test]
async fn a_value_that_differs_only_in_its_case_is_written_where_the_column_ignores_case() {
    let case = Case::new(&Sqlite.create(), Sqlite.words());
    let mut writer = case.writer().await;
    run(&mut *writer, "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT COLLATE NOCASE)").await;
    run(&mut *writer, "INSERT INTO t VALUES (1, 'done'), (2, '7')").await;
    let name = TableName { schema: None, table: "t".to_owned() };
    let table = writer.table(&name).await.expect("an answer").expect("the table");
    // The number is the text 7 once it is in the column.
    let rows = |text: &str| {
        let row = |id, value| WriteRow { key: vec![Value::Int(id)], values: vec![value] };
        [row(1, Value::Text(text.to_owned())), row(2, Value::Int(7))]
    };
    for (mode, text) in [(WriteMode::Update, "Done"), (WriteMode::Upsert, "DONE")] {
        let plan = WritePlan::new(&table, &["id".to_owned()], &["v".to_owned()], mode).expect("a plan");
        let written = |changed| Ok(Written { matched: 2, changed, missing: 0 });
        assert_eq!(writer.write(&plan, &rows(text)).await, written(1), "{mode:?}");
        assert_eq!(writer.write(&plan, &rows(text)).await, written(0), "{mode:?} again");
        let got = all(&mut *writer, "SELECT v FROM t ORDER BY id", &[]).await.expect("rows");
        assert_eq!(got, [[Value::Text(text.to_owned())], [Value::Text("7".to_owned())]]);
    }
}
