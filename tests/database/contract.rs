//! What every kind of database must do, in the words of the interface only.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use pixloom::db::{
    Connection, Database, DbError, DbErrorKind as K, Dsn, Kind, Login, Pool, Row, Session, Statement, TableName, Value,
    WriteMode, WritePlan, WriteRow, Written, database_of, parse_dsn,
};

/// Longest time of a check.
const DEADLINE: Duration = Duration::from_mins(2);
/// A time limit that a slow statement exceeds, and a wait that is shorter than any.
const SHORT: Duration = Duration::from_millis(150);
const LOOK: Duration = Duration::from_millis(5);

/// A kind of database whose server runs.
pub(crate) trait Subject {
    /// The name in its declaration.
    fn name(&self) -> &'static str;

    /// The data source name of an empty database of its own, with the password.
    fn create(&self) -> String;

    fn words(&self) -> Words;
}

/// What kinds of databases say in different ways.
#[derive(Clone, Copy)]
pub(crate) struct Words {
    /// A query of at least half a minute.
    pub(crate) slow: &'static str,
    /// A query of 1,000,000 rows: a number from 1, and a text of 32 characters.
    pub(crate) million: &'static str,
    /// Begins a transaction that will write.
    pub(crate) begin: &'static str,
    /// Counts slow queries that run; `None` if they can't be seen from outside.
    pub(crate) running: Option<&'static str>,
    /// Whether infinity is a number.
    pub(crate) has_infinity: bool,
    /// Whether a column refuses values of other types.
    pub(crate) has_strict_types: bool,
    /// Whether sessions lock rows rather than the whole file.
    pub(crate) has_row_locks: bool,
}

/// An empty database, for one check.
pub(crate) struct Case {
    pub(crate) database: &'static dyn Database,
    pub(crate) dsn: Dsn,
    pub(crate) login: Login,
    pub(crate) words: Words,
}

macro_rules! checks {
    ($($name:ident)*) => {
        [$((stringify!($name), (|case| Box::pin($name(case))) as fn(Case) -> BoxFuture<'static, ()>)),*]
    };
}

/// Runs all checks and reports those that fail.
pub(crate) fn check(subject: &dyn Subject) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let mut failed = Vec::new();
    let checks = checks![
        values_of_every_kind_are_read_as_they_were_written
        a_nul_character_is_kept_or_refused_and_never_cuts_a_text
        values_of_other_types_are_kept_or_refused_with_the_row
        identifiers_may_contain_anything
        unique_keys_are_those_that_hold_for_all_rows
        a_read_only_session_is_read_only_for_the_database_itself
        a_statement_that_takes_too_long_is_ended
        a_lock_that_another_session_holds_is_waited_for_no_longer_than_allowed
        a_dropped_statement_ends_and_its_connection_is_not_used_again
        a_million_rows_are_read_in_flat_memory
        statements_are_described_and_wrong_ones_found
        parameters_may_be_null_or_used_twice
        a_refused_row_is_reported_with_its_reason_and_nothing_of_its_batch_is_written
        rows_are_written_by_key_and_counted
        writing_again_changes_nothing
        deadlocks_are_transient
        two_statements_in_one_are_refused
        missing_databases_are_named
    ];
    for (name, check) in checks {
        let case = Case::new(&subject.create(), subject.words());
        let _guard = runtime.enter();
        let future = AssertUnwindSafe(tokio::time::timeout(DEADLINE, check(case))).catch_unwind();
        match runtime.block_on(future) {
            Ok(Ok(())) => {}
            Ok(Err(_)) => failed.push(format!("{name}: it takes too long")),
            Err(panic) => {
                let text = panic.downcast_ref::<String>().cloned();
                let text = text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
                failed.push(format!("{name}: {}", text.unwrap_or_default()));
            }
        }
    }
    assert!(failed.is_empty(), "{} fails\n{}", subject.name(), failed.join("\n"));
}

impl Case {
    pub(crate) fn new(text: &str, words: Words) -> Self {
        let (dsn, password) = parse_dsn(text).unwrap();
        Self { database: database_of(&dsn), dsn, login: Login { user: None, password }, words }
    }

    pub(crate) async fn open(&self, session: Session) -> Box<dyn Connection> {
        self.database.connect(&self.dsn, &self.login, session).await.unwrap()
    }

    /// A session that may write.
    pub(crate) async fn writer(&self) -> Box<dyn Connection> {
        self.open(Session { lock_timeout: Some(DEADLINE), ..Session::default() }).await
    }

    fn quoted(&self, name: &str) -> String {
        self.database.dialect().quoted(name)
    }

    fn column(&self, kind: Kind) -> &'static str {
        self.database.column_type(kind, false)
    }

    /// Creates a table of a number as the key and further columns.
    async fn create(&self, table: &str, columns: &[(&str, Kind)]) {
        let mut sql =
            format!("CREATE TABLE {} (id {} NOT NULL PRIMARY KEY", self.quoted(table), self.column(Kind::Int));
        for (name, kind) in columns {
            let _ = write!(sql, ", {} {}", self.quoted(name), self.column(*kind));
        }
        run(&mut *self.writer().await, &(sql + ")")).await;
    }

    async fn plan(&self, table: &str, columns: &[&str], mode: WriteMode) -> WritePlan {
        let name = TableName { schema: None, table: table.to_owned() };
        let table = self.writer().await.table(&name).await.unwrap().expect("the table");
        let columns: Vec<String> = columns.iter().map(ToString::to_string).collect();
        WritePlan::new(&table, &["id".to_owned()], &columns, mode).unwrap()
    }

    /// Runs a statement with named parameters.
    async fn ask(&self, sql: &str, values: &[Value]) -> Result<Vec<Row>, DbError> {
        let statement = Statement::parse(sql, self.database.dialect()).unwrap();
        let values = statement.bound(values, self.database.dialect());
        all(&mut *self.writer().await, &statement.render(self.database.dialect()), &values).await
    }
}

pub(crate) async fn run(connection: &mut dyn Connection, sql: &str) -> u64 {
    connection.execute(sql, &[]).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"))
}

/// All rows of a query.
pub(crate) async fn all(connection: &mut dyn Connection, sql: &str, values: &[Value]) -> Result<Vec<Row>, DbError> {
    let mut rows = connection.query(sql, values).await?;
    let mut all = Vec::new();
    loop {
        let page = rows.next_rows(100).await?;
        if page.is_empty() {
            return Ok(all);
        }
        assert!(page.len() <= 100, "a page has at most as many rows as requested");
        all.extend(page);
    }
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn row(id: i64, values: &[Value]) -> WriteRow {
    WriteRow { key: vec![Value::Int(id)], values: values.to_vec() }
}

fn written(matched: u64, changed: u64, missing: u64) -> Written {
    Written { matched, changed, missing }
}

/// Whether a value was kept. Truth values may be numbers, and points in time may have a zone.
fn is_same(kind: Kind, given: &Value, got: &Value) -> bool {
    match (given, got) {
        (Value::Bool(given), Value::Int(got)) => i64::from(*given) == *got,
        (Value::Text(given), Value::Text(got)) if kind == Kind::Time => got.starts_with(given),
        _ => given == got,
    }
}

async fn values_of_every_kind_are_read_as_they_were_written(case: Case) {
    let long = "ä漢😀'\"\\$1:x;--\n".repeat(60_000);
    let mut floats = vec![Value::Float(0.1), Value::Float(-1.5e300), Value::Float(5e-324), Value::Float(0.0)];
    if case.words.has_infinity {
        floats.extend([Value::Float(f64::INFINITY), Value::Float(f64::NEG_INFINITY)]);
    }
    let texts = ["", " ", "NULL", "null", "{}", "a,b", "'; DROP TABLE t; --", "\\", "\"", "한국어", "e\u{301}", &long];
    for (kind, values) in [
        (Kind::Bool, vec![Value::Bool(true), Value::Bool(false)]),
        (Kind::Int, vec![Value::Int(i64::MIN), Value::Int(i64::MAX), Value::Int(0)]),
        (Kind::Float, floats),
        (Kind::Text, texts.iter().map(|value| text(value)).collect()),
        (
            Kind::Bytes,
            vec![Value::Bytes(Vec::new()), Value::Bytes((0..=255).collect()), Value::Bytes(vec![0; 1 << 20])],
        ),
        (Kind::Json, vec![text("{\"a\": [1, 2, \"\\\\\"]}")]),
        (Kind::Time, vec![text("2024-02-29 12:34:56")]),
    ] {
        let table = format!("t{kind:?}");
        case.create(&table, &[("v", kind)]).await;
        let rows: Vec<WriteRow> =
            values.iter().chain([&Value::Null]).zip(1..).map(|(v, id)| row(id, std::slice::from_ref(v))).collect();
        let plan = case.plan(&table, &["v"], WriteMode::Insert).await;
        let count = rows.len() as u64;
        let mut writer = case.writer().await;
        assert_eq!(writer.write(&plan, &rows).await, Ok(written(count, count, 0)), "{kind:?} in a batch");
        for sent in &rows {
            let id = Value::Int(sent.key[0].to_text().unwrap().parse::<i64>().unwrap() + 1000);
            let insert = format!("INSERT INTO {} (id, v) VALUES (:id, :v)", case.quoted(&table));
            case.ask(&insert, &[id, sent.values[0].clone()])
                .await
                .unwrap_or_else(|error| panic!("{kind:?}: {error:?}"));
        }
        let got = case.ask(&format!("SELECT id, v FROM {} ORDER BY id", case.quoted(&table)), &[]).await.unwrap();
        assert_eq!(got.len(), rows.len() * 2, "{kind:?}");
        for (given, got) in rows.iter().chain(&rows).zip(&got) {
            let (given, got) = (&given.values[0], &got[1]);
            let short = |value: &Value| format!("{value:.80?}").chars().take(80).collect::<String>();
            assert!(is_same(kind, given, got), "{kind:?}: {} became {}", short(given), short(got));
        }
    }
}

async fn a_nul_character_is_kept_or_refused_and_never_cuts_a_text(case: Case) {
    case.create("t", &[("v", Kind::Text)]).await;
    let plan = case.plan("t", &["v"], WriteMode::Upsert).await;
    let mut writer = case.writer().await;
    let given = text("a\0b");
    match writer.write(&plan, &[row(1, std::slice::from_ref(&given))]).await {
        Ok(_) => assert_eq!(all(&mut *writer, "SELECT v FROM t", &[]).await.unwrap(), [[given]]),
        Err(error) => assert!(error.is_of_row(), "{error:?}"),
    }
    assert_eq!(writer.write(&plan, &[row(2, &[text("c")])]).await, Ok(written(1, 1, 0)));
}

async fn values_of_other_types_are_kept_or_refused_with_the_row(case: Case) {
    case.create("t", &[("i", Kind::Int), ("f", Kind::Float), ("s", Kind::Text), ("b", Kind::Bytes)]).await;
    let mut writer = case.writer().await;
    for (column, given, expected) in [
        ("i", text("42"), Value::Int(42)),
        ("i", Value::Float(42.0), Value::Int(42)),
        ("i", Value::Bool(true), Value::Int(1)),
        ("f", text("12.5"), Value::Float(12.5)),
        ("f", Value::Int(3), Value::Float(3.0)),
        ("s", Value::Int(7), text("7")),
        ("s", Value::Bytes(b"abc".to_vec()), text("abc")),
    ] {
        let plan = case.plan("t", &[column], WriteMode::Upsert).await;
        writer.write(&plan, &[row(1, std::slice::from_ref(&given))]).await.unwrap();
        let got = all(&mut *writer, &format!("SELECT {column} FROM t"), &[]).await.unwrap();
        let is_kept = got == [[expected.clone()]] || !case.words.has_strict_types && got == [[given.clone()]];
        assert!(is_kept, "{given:?} in {column} became {got:?}");
    }
    for (column, given) in
        [("i", text("abc")), ("i", text("9223372036854775808")), ("f", text("x")), ("i", Value::Float(1e300))]
    {
        let plan = case.plan("t", &[column], WriteMode::Upsert).await;
        match writer.write(&plan, &[row(1, std::slice::from_ref(&given))]).await {
            Ok(_) if case.words.has_strict_types => panic!("{given:?} fits into {column}"),
            Ok(_) => {}
            Err(error) => assert!(error.is_of_row(), "{given:?} in {column}: {error:?}"),
        }
    }
}

async fn identifiers_may_contain_anything(case: Case) {
    let hostile =
        ["select", "a b", "semi;colon", "x\"y", "x`y", "x'y", "\"; DROP TABLE t; --", "표", "a.b", "%s", "$1", "[x]"];
    let mut seen = BTreeSet::new();
    for name in hostile {
        case.create(name, &[(name, Kind::Text), ("MixedCase", Kind::Text)]).await;
        let plan = case.plan(name, &[name, "MixedCase"], WriteMode::Upsert).await;
        assert_eq!((plan.columns[0].name.as_str(), plan.columns[0].kind), (name, Kind::Text));
        let mut writer = case.writer().await;
        let wrote = writer.write(&plan, &[row(1, &[text(name), Value::Null])]).await;
        assert_eq!(wrote, Ok(written(1, 1, 0)), "{name}");
        let update = case.plan(name, &["MixedCase", name], WriteMode::Update).await;
        let wrote = writer.write(&update, &[row(1, &[text("m"), text(name)]), row(2, &[text("m"), text(name)])]).await;
        assert_eq!(wrote, Ok(written(1, 1, 1)), "{name}");
        let table = TableName::parse(&case.quoted(name), case.database.dialect()).expect("a quoted name is read");
        let sql = format!(
            "SELECT {}, {} FROM {}",
            case.quoted(name),
            case.quoted("MixedCase"),
            table.quoted(case.database.dialect())
        );
        assert_eq!(all(&mut *writer, &sql, &[]).await.unwrap(), [[text(name), text("m")]], "{name}");
        let described = writer.table(&table).await.unwrap().expect("the table is found");
        assert_eq!((described.name.table.as_str(), described.unique_keys), (name, vec![vec!["id".to_owned()]]));
        seen.insert(name.to_owned());
    }
    let mut writer = case.writer().await;
    let tables = writer.tables().await.unwrap();
    assert!(tables.is_sorted_by_key(|name| (name.schema.clone(), name.table.clone())), "{tables:?}");
    assert_eq!(tables.into_iter().map(|name| name.table).collect::<BTreeSet<_>>(), seen);
    let missing = TableName { schema: None, table: "no such".to_owned() };
    assert_eq!(writer.table(&missing).await, Ok(None));
}

async fn unique_keys_are_those_that_hold_for_all_rows(case: Case) {
    let mut writer = case.writer().await;
    let (int, key) = (case.column(Kind::Int), case.database.column_type(Kind::Text, true));
    run(&mut *writer, &format!("CREATE TABLE none (a {int}, b {key})")).await;
    run(&mut *writer, &format!("CREATE TABLE two (a {int} NOT NULL, b {key} NOT NULL, c {key} UNIQUE, d {int} DEFAULT 5, PRIMARY KEY (b, a))")).await;
    let mut table =
        async |name: &str| writer.table(&TableName { schema: None, table: name.to_owned() }).await.unwrap().unwrap();
    let none = table("none").await;
    assert_eq!(none.unique_keys, Vec::<Vec<String>>::new(), "a table without a key has none");
    assert!(!none.is_unique(&["a", "b"]));
    let two = table("two").await;
    assert_eq!(two.unique_keys, [vec!["b".to_owned(), "a".to_owned()], vec!["c".to_owned()]]);
    let required: Vec<bool> = two.columns.iter().map(|column| column.is_required).collect();
    assert_eq!(required, [true, true, false, false]);
    let defaults: Vec<bool> = two.columns.iter().map(|column| column.has_default).collect();
    assert_eq!(defaults, [false, false, false, true]);
    run(&mut *writer, "CREATE VIEW seen AS SELECT a, c FROM two").await;
    let view = writer.table(&TableName { schema: None, table: "seen".to_owned() }).await.unwrap().unwrap();
    assert_eq!(view.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>(), ["a", "c"]);
}

async fn a_read_only_session_is_read_only_for_the_database_itself(case: Case) {
    case.create("t", &[("v", Kind::Text)]).await;
    let plan = case.plan("t", &["v"], WriteMode::Upsert).await;
    let mut reader = case.open(Session { is_read_only: true, ..Session::default() }).await;
    for sql in [
        "INSERT INTO t (id) VALUES (1)",
        "DELETE FROM t",
        "UPDATE t SET v = 'x'",
        "DROP TABLE t",
        "CREATE TABLE u (a INT)",
    ] {
        let error = reader.execute(sql, &[]).await.expect_err(sql);
        assert_eq!(error.kind, K::ReadOnly, "{sql}: {error:?}");
        let error = all(&mut *reader, sql, &[]).await.expect_err(sql);
        assert_eq!(error.kind, K::ReadOnly, "{sql} as a query: {error:?}");
    }
    for sql in ["DELETE FROM t RETURNING id", "INSERT INTO t (id) VALUES (1) RETURNING id"] {
        // Some databases say so before it runs, all of them when it does.
        let error = all(&mut *reader, sql, &[]).await.expect_err(sql);
        assert_eq!(error.kind, K::ReadOnly, "{sql}: {error:?}");
    }
    for sql in ["SELECT id FROM t", "WITH w AS (SELECT id FROM t) SELECT id FROM w"] {
        reader.describe(sql).await.expect(sql);
    }
    let error = reader.write(&plan, &[row(1, &[text("x")])]).await.expect_err("a write");
    assert_eq!(error.kind, K::ReadOnly, "{error:?}");
    assert_eq!(all(&mut *reader, "SELECT count(*) FROM t", &[]).await.unwrap(), [[Value::Int(0)]]);
    assert!(reader.is_usable());
}

async fn a_statement_that_takes_too_long_is_ended(case: Case) {
    for is_read_only in [false, true] {
        let session = Session { statement_timeout: Some(SHORT), is_read_only, ..Session::default() };
        let mut connection = case.open(session).await;
        let error = all(&mut *connection, case.words.slow, &[]).await.expect_err("it takes too long");
        assert_eq!(error.kind, K::Timeout, "{error:?}");
        assert!(!error.is_transient(), "the same statement takes as long again");
        assert_eq!(
            all(&mut *connection, "SELECT 1", &[]).await.unwrap(),
            [[Value::Int(1)]],
            "the connection stays usable"
        );
    }
}

async fn a_lock_that_another_session_holds_is_waited_for_no_longer_than_allowed(case: Case) {
    case.create("t", &[("v", Kind::Text)]).await;
    let plan = case.plan("t", &["v"], WriteMode::Upsert).await;
    let mut holder = case.writer().await;
    holder.write(&plan, &[row(1, &[text("old")])]).await.unwrap();
    run(&mut *holder, case.words.begin).await;
    run(&mut *holder, "UPDATE t SET v = 'held' WHERE id = 1").await;
    let mut waiting = case.open(Session { lock_timeout: Some(SHORT), ..Session::default() }).await;
    let error = waiting.write(&plan, &[row(1, &[text("new")])]).await.expect_err("the row is locked");
    assert_eq!((error.kind, error.is_transient()), (K::Locked, true), "{error:?}");
    let mut reader = case.open(Session { is_read_only: true, ..Session::default() }).await;
    assert_eq!(all(&mut *reader, "SELECT v FROM t", &[]).await.unwrap(), [[text("old")]], "readers do not wait");
    run(&mut *holder, "ROLLBACK").await;
    assert_eq!(waiting.write(&plan, &[row(1, &[text("new")])]).await, Ok(written(1, 1, 0)));
}

async fn a_dropped_statement_ends_and_its_connection_is_not_used_again(case: Case) {
    let pool = Pool::new(case.dsn.clone(), case.login.clone(), Session::default(), 1).unwrap();
    let mut connection = pool.get().await.unwrap();
    let slow = all(&mut *connection, case.words.slow, &[]);
    assert!(tokio::time::timeout(SHORT, slow).await.is_err(), "it is slow");
    assert!(!connection.is_usable(), "a cancelled connection is not used again");
    drop(connection);
    let mut connection = pool.get().await.unwrap();
    assert_eq!(all(&mut *connection, "SELECT 1", &[]).await.unwrap(), [[Value::Int(1)]]);
    if let Some(running) = case.words.running {
        while all(&mut *connection, running, &[]).await.unwrap() != [[Value::Int(0)]] {
            tokio::time::sleep(LOOK).await;
        }
    }
    // Rows that nobody reads any more.
    let mut rows = connection.query(case.words.million, &[]).await.unwrap();
    assert_eq!(rows.next_rows(1).await.unwrap().len(), 1);
    drop(rows);
    drop(connection);
    let mut connection = pool.get().await.unwrap();
    assert_eq!(all(&mut *connection, "SELECT 1", &[]).await.unwrap(), [[Value::Int(1)]]);
}

fn memory_bytes() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    text.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok()).unwrap_or(0) * 4096
}

async fn a_million_rows_are_read_in_flat_memory(case: Case) {
    let mut connection = case.open(Session { is_read_only: true, ..Session::default() }).await;
    let mut rows = connection.query(case.words.million, &[]).await.unwrap();
    let (mut count, mut before, mut most) = (0, 0, 0);
    loop {
        let page = rows.next_rows(1000).await.unwrap();
        if page.is_empty() {
            break;
        }
        for row in &page {
            count += 1;
            assert_eq!(row[0], Value::Int(count));
            assert_eq!(row[1].to_text().map(|text| text.len()), Some(32));
        }
        if count < 100_000 {
            before = memory_bytes();
        } else if count % 10_000 < 1000 {
            most = most.max(memory_bytes());
        }
        // A reader that is slower than the database must not make it fill memory.
        tokio::task::yield_now().await;
    }
    assert_eq!(count, 1_000_000);
    let growth = most.saturating_sub(before);
    assert!(growth < 24 << 20, "memory grew by {growth} bytes between 100,000 and 1,000,000 rows");
}

async fn statements_are_described_and_wrong_ones_found(case: Case) {
    case.create("t", &[("v", Kind::Text), ("f", Kind::Float)]).await;
    let mut connection = case.open(Session { is_read_only: true, ..Session::default() }).await;
    let place = case.database.dialect().placeholder(1);
    let (columns, parameters) =
        connection.describe(&format!("SELECT id, v AS w, f FROM t WHERE id = {place}")).await.unwrap();
    let columns: Vec<(&str, Kind)> = columns.iter().map(|column| (column.name.as_str(), column.kind)).collect();
    assert_eq!((columns, parameters), (vec![("id", Kind::Int), ("w", Kind::Text), ("f", Kind::Float)], 1));
    for (sql, kind) in [
        ("SELEC 1", K::Statement),
        ("SELECT FROM WHERE", K::Statement),
        ("SELECT * FROM nowhere", K::MissingTable),
        ("SELECT absent FROM t", K::MissingColumn),
    ] {
        let error = connection.describe(sql).await.expect_err(sql);
        assert_eq!((error.kind, error.is_usage()), (kind, true), "{sql}: {error:?}");
        assert!(!error.message.is_empty() && !error.message.contains('\n'), "{error:?}");
        let error = all(&mut *connection, sql, &[]).await.expect_err(sql);
        assert_eq!(error.kind, kind, "{sql}: {error:?}");
    }
    let error = all(&mut *connection, &format!("SELECT id FROM t WHERE id = {place}"), &[]).await;
    if let Err(error) = error {
        assert!(!error.is_outage(), "{error:?}");
    }
    assert!(connection.is_usable());
}

async fn parameters_may_be_null_or_used_twice(case: Case) {
    case.create("t", &[("v", Kind::Time), ("n", Kind::Text)]).await;
    let plan = case.plan("t", &["v", "n"], WriteMode::Insert).await;
    let rows: Vec<WriteRow> =
        (1..=3).map(|id| row(id, &[text(&format!("2024-01-0{id} 00:00:00")), text("x")])).collect();
    case.writer().await.write(&plan, &rows).await.unwrap();
    let since = "SELECT id FROM t WHERE (:last IS NULL OR v >= :last) AND n = :n ORDER BY id";
    let ids = |rows: Vec<Row>| rows.into_iter().map(|row| row[0].to_text().unwrap()).collect::<Vec<_>>();
    let found = case.ask(since, &[Value::Null, text("x")]).await.unwrap();
    assert_eq!(ids(found), ["1", "2", "3"]);
    let found = case.ask(since, &[text("2024-01-02 00:00:00"), text("x")]).await.unwrap();
    assert_eq!(ids(found), ["2", "3"]);
    let found = case.ask("SELECT id FROM t WHERE id > :id", &[text("1")]).await.unwrap();
    assert_eq!(ids(found), ["2", "3"], "a text fits where a number is compared");
}

async fn a_refused_row_is_reported_with_its_reason_and_nothing_of_its_batch_is_written(case: Case) {
    let mut writer = case.writer().await;
    let int = case.column(Kind::Int);
    run(
        &mut *writer,
        &format!(
            "CREATE TABLE t (id {int} NOT NULL PRIMARY KEY, v {int} NOT NULL, CONSTRAINT v_is_small CHECK (v < 100))"
        ),
    )
    .await;
    let plan = case.plan("t", &["v"], WriteMode::Upsert).await;
    let rows: Vec<WriteRow> = (1..=10).map(|id| row(id, &[Value::Int(if id == 7 { 100 } else { id })])).collect();
    let error = writer.write(&plan, &rows).await.expect_err("one row is refused");
    assert!(error.is_of_row() && error.message.contains("v_is_small"), "{error:?}");
    assert_eq!(all(&mut *writer, "SELECT count(*) FROM t", &[]).await.unwrap(), [[Value::Int(0)]], "all or nothing");
    let error = writer.write(&plan, &[row(1, &[Value::Null])]).await.expect_err("NULL is refused");
    assert!(error.is_of_row() && error.message.contains('v'), "{error:?}");
    assert_eq!(writer.write(&plan, &rows[..6]).await, Ok(written(6, 6, 0)), "the connection and the plan stay usable");
}

async fn rows_are_written_by_key_and_counted(case: Case) {
    case.create("t", &[("v", Kind::Text), ("n", Kind::Int)]).await;
    let mut writer = case.writer().await;
    let plan = |mode| case.plan("t", &["v", "n"], mode);
    let rows = |ids: std::ops::RangeInclusive<i64>, v: &str| {
        ids.map(|id| row(id, &[text(v), Value::Int(id)])).collect::<Vec<_>>()
    };
    let (update, upsert, insert) =
        (plan(WriteMode::Update).await, plan(WriteMode::Upsert).await, plan(WriteMode::Insert).await);
    assert_eq!(writer.write(&update, &rows(1..=3, "a")).await, Ok(written(0, 0, 3)));
    assert_eq!(writer.write(&insert, &rows(1..=3, "a")).await, Ok(written(3, 3, 0)));
    assert_eq!(writer.write(&insert, &rows(2..=4, "b")).await, Ok(written(3, 1, 0)), "existing rows stay");
    assert_eq!(writer.write(&update, &rows(3..=6, "a")).await, Ok(written(2, 1, 2)), "row 3 has the values already");
    assert_eq!(writer.write(&upsert, &rows(4..=6, "a")).await, Ok(written(3, 2, 0)));
    assert_eq!(writer.write(&update, &[row(1, &[Value::Null, Value::Int(1)])]).await, Ok(written(1, 1, 0)));
    assert_eq!(writer.write(&update, &[row(1, &[Value::Null, Value::Int(1)])]).await, Ok(written(1, 0, 0)));
    assert_eq!(writer.write(&update, &[]).await, Ok(written(0, 0, 0)));
    let got = all(&mut *writer, "SELECT id, v FROM t ORDER BY id", &[]).await.unwrap();
    let expected: Vec<Row> =
        (1..=6).map(|id| vec![Value::Int(id), if id == 1 { Value::Null } else { text("a") }]).collect();
    assert_eq!(got, expected);
    let many: Vec<WriteRow> = (1..=20_000).map(|id| row(id, &[text("many"), Value::Int(-id)])).collect();
    assert_eq!(writer.write(&upsert, &many).await, Ok(written(20_000, 20_000, 0)), "a batch may be large");
}

async fn writing_again_changes_nothing(case: Case) {
    let columns = [
        ("b", Kind::Bool),
        ("i", Kind::Int),
        ("f", Kind::Float),
        ("d", Kind::Decimal),
        ("s", Kind::Text),
        ("y", Kind::Bytes),
        ("t", Kind::Time),
        ("j", Kind::Json),
    ];
    case.create("t", &columns).await;
    let values = [
        Value::Bool(true),
        Value::Int(-5),
        Value::Float(0.1),
        text("12.30"),
        text(" Ä \n'"),
        Value::Bytes(vec![0, 255]),
        text("2024-02-29 12:34:56"),
        text("{\"b\": 1, \"a\": [true, null]}"),
    ];
    let nulls = vec![Value::Null; values.len()];
    let rows = [row(1, &values), row(2, &nulls)];
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    let mut writer = case.writer().await;
    let upsert = case.plan("t", &names, WriteMode::Upsert).await;
    assert_eq!(writer.write(&upsert, &rows).await, Ok(written(2, 2, 0)));
    assert_eq!(writer.write(&upsert, &rows).await, Ok(written(2, 0, 0)), "the second time, nothing is different");
    let update = case.plan("t", &names, WriteMode::Update).await;
    assert_eq!(writer.write(&update, &rows).await, Ok(written(2, 0, 0)));
    for (index, name) in names.iter().enumerate() {
        let plan = case.plan("t", &[name], WriteMode::Update).await;
        let swapped = [row(1, &[Value::Null]), row(2, &values[index..=index])];
        assert_eq!(writer.write(&plan, &swapped).await, Ok(written(2, 2, 0)), "{name} changes from and to NULL");
    }
}

async fn deadlocks_are_transient(case: Case) {
    if !case.words.has_row_locks {
        return;
    }
    case.create("t", &[("v", Kind::Int)]).await;
    let plan = case.plan("t", &["v"], WriteMode::Insert).await;
    let (mut first, mut second) = (case.writer().await, case.writer().await);
    first.write(&plan, &[row(1, &[Value::Int(0)]), row(2, &[Value::Int(0)])]).await.unwrap();
    for (connection, id) in [(&mut first, 1), (&mut second, 2)] {
        run(&mut **connection, case.words.begin).await;
        run(&mut **connection, &format!("UPDATE t SET v = v + 1 WHERE id = {id}")).await;
    }
    let crossed = tokio::join!(
        first.execute("UPDATE t SET v = v + 1 WHERE id = 2", &[]),
        second.execute("UPDATE t SET v = v + 1 WHERE id = 1", &[]),
    );
    let errors: Vec<DbError> = [crossed.0, crossed.1].into_iter().filter_map(Result::err).collect();
    assert_eq!(errors.len(), 1, "one of the two gives way: {errors:?}");
    assert_eq!((errors[0].kind, errors[0].is_transient()), (K::Conflict, true), "{errors:?}");
}

async fn two_statements_in_one_are_refused(case: Case) {
    case.create("t", &[("v", Kind::Int)]).await;
    let mut connection = case.writer().await;
    let error = connection.execute("SELECT 1; INSERT INTO t (id) VALUES (1)", &[]).await.expect_err("two statements");
    assert_eq!(error.kind, K::Statement, "{error:?}");
    assert_eq!(all(&mut *connection, "SELECT count(*) FROM t", &[]).await.unwrap(), [[Value::Int(0)]]);
}

async fn missing_databases_are_named(case: Case) {
    let mut dsn = case.dsn.clone();
    match &mut dsn.place {
        pixloom::db::Place::File(path) => path.set_file_name("missing.db"),
        pixloom::db::Place::Server { name, .. } => *name = Some("missing_db".to_owned()),
    }
    let error = case.database.connect(&dsn, &case.login, Session::default()).await.err().expect("there is none");
    assert_eq!((error.kind, error.is_usage()), (K::MissingDatabase, true), "{error:?}");
    assert!(error.message.contains("missing"), "{error:?}");
}

/// Server errors that need a server: `restart` restarts it, and `stop` stops it until `start`.
pub(crate) fn check_outages(case: Case, restart: &dyn Fn(), stop: &dyn Fn(), start: &dyn Fn()) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        case.create("t", &[("v", Kind::Int)]).await;
        let plan = case.plan("t", &["v"], WriteMode::Upsert).await;
        let pool = Pool::new(case.dsn.clone(), case.login.clone(), Session::default(), 2).unwrap();
        for round in 1..=3 {
            let mut open = pool.get().await.unwrap();
            open.write(&plan, &[row(1, &[Value::Int(round)])]).await.unwrap();
            tokio::task::block_in_place(restart);
            let error = open.write(&plan, &[row(1, &[Value::Int(0)])]).await.expect_err("the connection is lost");
            assert!(error.is_outage() && error.is_transient(), "{error:?}");
            drop(open);
            let since = Instant::now();
            let wrote = loop {
                let wrote = async { pool.get().await?.write(&plan, &[row(1, &[Value::Int(round * 10)])]).await }.await;
                match wrote {
                    Err(error) if error.is_outage() && since.elapsed() < DEADLINE => tokio::time::sleep(LOOK).await,
                    other => break other,
                }
            };
            assert_eq!(wrote, Ok(written(1, 1, 0)), "the pool connects again");
        }
        tokio::task::block_in_place(stop);
        let error =
            case.database.connect(&case.dsn, &case.login, Session::default()).await.err().expect("it is stopped");
        assert_eq!(error.kind, K::Unreachable, "{error:?}");
        tokio::task::block_in_place(start);
        let wrong = Login { user: None, password: Some("wrong".to_owned()) };
        let error = case.database.connect(&case.dsn, &wrong, Session::default()).await.err().expect("a wrong password");
        assert_eq!(error.kind, K::Login, "{error:?}");
        assert!(!error.message.contains("wrong") && !format!("{wrong:?}").contains("wrong"), "{error:?}");
        let mut dsn = case.dsn.clone();
        if let pixloom::db::Place::Server { host, .. } = &mut dsn.place {
            *host = Some("no-such-host.invalid".to_owned());
        }
        let error = case.database.connect(&dsn, &case.login, Session::default()).await.err().expect("no such host");
        assert_eq!(error.kind, K::Unreachable, "{error:?}");
    });
}
