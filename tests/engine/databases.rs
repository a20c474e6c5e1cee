//! Questions of front ends about databases.

use std::fs;
use std::sync::Arc;
use std::time::Instant;

use pixloom::engine::{
    DatabaseAnswer, DatabaseContent, DatabaseQuestion, DatabaseRequest, DatabaseView, Engine, EngineOptions, QueryRows,
};
use pixloom::model::{TypedSecret, WriteBackSpec, WriteColumn};

use super::desk::{DEADLINE, Desk, Manner};

const VIEW: DatabaseView = DatabaseView::Page;
/// A statement that never ends.
const ENDLESS: &str = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n";

/// A database with a table of this many rows; returns its name.
fn shop(desk: &Desk, rows: u32) -> String {
    let path = desk.path("shop.db");
    let shop = rusqlite::Connection::open(&path).unwrap();
    shop.execute_batch("CREATE TABLE products(id INTEGER PRIMARY KEY, name TEXT, url TEXT); BEGIN").unwrap();
    for id in 1..=rows {
        let name = (id % 2 == 0).then(|| format!("line\n{id}"));
        let url = format!("https://h.example/{id}");
        shop.execute("INSERT INTO products VALUES (?1, ?2, ?3)", (id, name, url)).unwrap();
    }
    shop.execute_batch("COMMIT").unwrap();
    format!("sqlite:{}", path.display())
}

fn ask(desk: &Desk, number: u64, dsn: &str, question: DatabaseQuestion) {
    let request = DatabaseRequest { number, dsn: dsn.to_owned(), password: None, question };
    desk.handle().want_database(VIEW, Some(request));
}

fn rows_of(sql: &str) -> DatabaseQuestion {
    DatabaseQuestion::Rows { sql: sql.to_owned() }
}

/// The answer to a question, once it is complete.
fn answer(desk: &Desk, number: u64) -> Arc<DatabaseAnswer> {
    desk.wait_for("the database has answered", |_| {
        desk.handle().database(VIEW).filter(|answer| answer.request.number == number && !answer.is_pending)
    })
}

fn rows(desk: &Desk, number: u64) -> QueryRows {
    match &answer(desk, number).content {
        DatabaseContent::Rows(rows) => rows.clone(),
        other => panic!("{other:?}"),
    }
}

/// The sentence of a fault, and whether it is about the statement.
fn fault(desk: &Desk, number: u64) -> (String, bool) {
    match &answer(desk, number).content {
        DatabaseContent::Failed(fault) => (fault.error.to_string(), fault.is_of_statement),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_database_lists_its_tables_and_the_first_rows_of_a_query() {
    let desk = Desk::window();
    let dsn = shop(&desk, 120);
    ask(&desk, 1, &dsn, DatabaseQuestion::Tables);
    let DatabaseContent::Tables(found) = answer(&desk, 1).content.clone() else { panic!("no tables") };
    assert_eq!((found.kind, found.tables.len()), ("SQLite", 1));
    assert_eq!(found.tables[0].quoted, "\"products\"");
    let query = "SELECT id, name, url FROM products WHERE :last IS NULL OR id > :last ORDER BY id; -- all";
    ask(&desk, 2, &dsn, rows_of(query));
    let found = rows(&desk, 2);
    let names: Vec<&str> = found.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["id", "name", "url"]);
    assert_eq!((found.rows.len(), found.has_more, found.total), (50, true, Some(120)));
    assert_eq!(found.rows[0], [Some("1".to_owned()), None, Some("https://h.example/1".to_owned())]);
    assert_eq!(found.rows[1][1].as_deref(), Some("line 2"), "a value is shown on one line");
    ask(&desk, 3, &dsn, rows_of("SELECT url FROM products WHERE id < 4"));
    let found = rows(&desk, 3);
    assert_eq!((found.rows.len(), found.has_more, found.total), (3, false, Some(3)));
}

#[test]
fn a_query_of_the_page_changes_nothing() {
    let desk = Desk::window();
    let dsn = shop(&desk, 3);
    ask(&desk, 1, &dsn, rows_of("DELETE FROM products RETURNING url"));
    let (sentence, is_of_statement) = fault(&desk, 1);
    assert!(is_of_statement && sentence.contains("read-only"), "{sentence}");
    let shop = rusqlite::Connection::open(desk.path("shop.db")).unwrap();
    assert_eq!(shop.query_row("SELECT count(*) FROM products", (), |row| row.get::<_, u32>(0)).unwrap(), 3);
}

#[test]
fn errors_say_whether_the_statement_or_the_database_is_to_blame() {
    let desk = Desk::window();
    let dsn = shop(&desk, 1);
    let missing = format!("sqlite:{}", desk.path("none.db").display());
    let wrong = [
        (dsn.as_str(), "SELECT * FROM prodcts", "prodcts", true),
        (&dsn, "SELECT url FORM products", "syntax", true),
        (&dsn, "SELECT url FROM products WHERE id = :id", ":id", true),
        (&dsn, "SELECT 1; SELECT 2", "more than one", true),
        (&missing, "SELECT 1", "none.db", false),
    ];
    for (number, (dsn, sql, words, is_of_statement)) in (1..).zip(wrong) {
        ask(&desk, number, dsn, rows_of(sql));
        let (sentence, of_statement) = fault(&desk, number);
        assert!(sentence.contains(words) && of_statement == is_of_statement, "{sql}: {sentence}");
    }
}

#[test]
fn a_statement_that_does_not_end_gives_way_to_the_next_question() {
    let desk = Desk::window();
    let dsn = shop(&desk, 1);
    let is_running = |number: u64| {
        desk.wait("the statement runs", |_| {
            desk.handle().database(VIEW).is_some_and(|answer| answer.request.number == number && answer.is_pending)
        });
    };
    ask(&desk, 1, &dsn, rows_of(ENDLESS));
    is_running(1);
    ask(&desk, 2, &dsn, DatabaseQuestion::Tables);
    assert!(matches!(answer(&desk, 2).content, DatabaseContent::Tables(_)));
    ask(&desk, 3, &dsn, rows_of(ENDLESS));
    is_running(3);
    desk.handle().want_database(VIEW, None);
    desk.wait("it was cancelled", |_| desk.handle().database(VIEW).is_none());
    // Ends while a statement runs: the engine does not wait for it.
    ask(&desk, 4, &dsn, rows_of(ENDLESS));
    is_running(4);
}

#[test]
fn a_typed_password_is_kept_before_the_database_is_opened_and_a_map_is_checked() {
    let desk = Desk::without_engine(Manner::Window);
    let dsn = shop(&desk, 1);
    let secrets_path = desk.path("secrets.toml");
    let options = EngineOptions::for_window(desk.path("catalog.sqlite"));
    let options = EngineOptions { settings_path: None, secrets_path: Some(secrets_path.clone()), ..options };
    let engine = Engine::start(options).unwrap();
    let password = Some(("me at shop".to_owned(), TypedSecret::new("s3cret".to_owned())));
    let pair = |column: &str, field: &str| WriteColumn { column: column.to_owned(), field: field.parse().unwrap() };
    let spec = WriteBackSpec {
        table: "products".to_owned(),
        keys: vec![pair("id", "col:id")],
        columns: vec![pair("name", "hash")],
        ..WriteBackSpec::default()
    };
    let question = DatabaseQuestion::WriteBack(Box::new(spec));
    engine.handle().want_database(VIEW, Some(DatabaseRequest { number: 1, dsn, password, question }));
    let deadline = Instant::now() + DEADLINE;
    let content = loop {
        assert!(Instant::now() < deadline, "the database has not answered");
        match engine.handle().database(VIEW) {
            Some(answer) if !answer.is_pending => break answer.content.clone(),
            _ => std::thread::yield_now(),
        }
    };
    let DatabaseContent::WriteBack(check) = content else { panic!("{content:?}") };
    assert_eq!((check.table.columns.len(), &check.table.unique_keys[0]), (3, &vec!["id".to_owned()]));
    let statement = "UPDATE \"main\".\"products\" SET \"name\" = ?2 WHERE \"id\" = ?1";
    assert_eq!(check.statement.unwrap().replace("\"main\".", ""), statement.replace("\"main\".", ""));
    let kept = fs::read_to_string(secrets_path).unwrap();
    assert!(kept.contains("me at shop") && kept.contains("s3cret"), "{kept}");
}
