//! Questions of front ends about databases.

use std::fs;
use std::sync::Arc;
use std::time::Instant;

use pixloom::engine::{
    Command, DatabaseAnswer, DatabaseContent, DatabaseQuestion, DatabaseRequest, DatabaseView, Engine, EngineOptions,
    QueryRequest, QueryRows, QueryTarget, query_source,
};
use pixloom::model::{
    ConflictPolicy, Durability, JobId, JobState, Lang, RowsFormat, TypedSecret, WriteBackMode, WriteBackSpec,
    WriteColumn,
};

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

/// What a query job is asked for.
fn job_of(sql: &str, target: QueryTarget) -> QueryRequest {
    QueryRequest {
        database: String::new(),
        sql: sql.to_owned(),
        list: None,
        encoding: None,
        split: None,
        may_write: false,
        connections: 2,
        timeout_s: None,
        retries: 0,
        max_failures: None,
        target,
        on_conflict: ConflictPolicy::default(),
        durability: Durability::Fast,
    }
}

/// Has a database check a query job, runs it to its end, and returns the first rows of its result.
fn run_query(desk: &Desk, number: u64, dsn: &str, request: QueryRequest, list: Option<&str>) -> QueryRows {
    ask(desk, number, dsn, DatabaseQuestion::Job { request: Box::new(request), list: list.map(str::to_owned) });
    let DatabaseContent::Job(spec) = answer(desk, number).content.clone() else { panic!("{:?}", answer(desk, number)) };
    let before = desk.current().id;
    desk.send(Command::Submit(spec));
    let job = desk.wait_for("the query job is listed and done", |snapshot| {
        let job = snapshot.current.as_ref().filter(|job| job.id != before && job.query.is_some())?;
        (job.state == JobState::Done).then_some(job.id)
    });
    first_rows(desk, number, job)
}

fn first_rows(desk: &Desk, number: u64, job: JobId) -> QueryRows {
    let question = DatabaseQuestion::Result { job, revision: number };
    let request = DatabaseRequest { number, dsn: String::new(), password: None, question };
    desk.handle().want_database(DatabaseView::Result, Some(request));
    let answer = desk.wait_for("the result was read", |_| {
        let answer = desk.handle().database(DatabaseView::Result)?;
        (answer.request.number == number && !answer.is_pending).then_some(answer)
    });
    match &answer.content {
        DatabaseContent::Rows(rows) => rows.clone(),
        other => panic!("{other:?}"),
    }
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
fn a_query_becomes_a_job_whose_first_rows_are_read_from_wherever_they_went() {
    let desk = Desk::window();
    let dsn = shop(&desk, 120);
    let sql = "SELECT id, name, url FROM products ORDER BY id";
    let file = |format: RowsFormat| QueryTarget::File { path: desk.path("rows").with_extension(format.word()), format };
    let mut targets: Vec<QueryTarget> = RowsFormat::ALL.map(file).to_vec();
    targets.push(QueryTarget::Files {
        dir: desk.path("each"),
        name: "{index:05}".to_owned(),
        format: RowsFormat::Jsonl,
    });
    targets.push(QueryTarget::Table { database: None, table: "copies".to_owned(), keys: vec!["id".to_owned()] });
    for (number, target) in (1..).zip(targets) {
        let found = run_query(&desk, number, &dsn, job_of(sql, target.clone()), None);
        let names: Vec<&str> = found.columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, ["id", "name", "url"], "{target:?}");
        assert_eq!((found.rows.len(), found.has_more, found.total), (50, true, Some(120)), "{target:?}");
        assert_eq!(found.rows[0], [Some("1".to_owned()), None, Some("https://h.example/1".to_owned())], "{target:?}");
        assert_eq!(found.rows[1][1].as_deref(), Some("line 2"), "{target:?}: a value is shown on one line");
    }
    // What is added then belongs to a draft of images, whose results go to a folder of its own.
    let query = desk.current().id;
    desk.send(Command::AddPaths(vec![desk.path("none.png")]));
    desk.wait("a draft is listed", |snapshot| snapshot.current.as_ref().is_some_and(|job| job.id != query));
    let draft = desk.current();
    assert!(draft.state == JobState::Draft && draft.query.is_none() && draft.sink.dir.is_none(), "{draft:?}");
}

#[test]
fn the_rows_of_statements_that_ran_are_shown_before_they_are_a_file() {
    let desk = Desk::window();
    let dsn = shop(&desk, 9);
    let list = desk.path("list.csv");
    fs::write(&list, "id\n2\n{\n5\n").unwrap();
    let target = QueryTarget::File { path: desk.path("out.csv"), format: RowsFormat::Csv };
    let request = job_of("SELECT id FROM products WHERE id = CAST(json(:id) AS INTEGER)", target);
    // The second statement fails, so that the rows of the others are kept: it may be repeated.
    let found = run_query(&desk, 1, &dsn, request, list.to_str());
    let ids: Vec<Option<&str>> = found.rows.iter().map(|row| row[0].as_deref()).collect();
    assert_eq!((ids, found.total), (vec![Some("2"), Some("5")], Some(2)));
    let job = desk.current();
    assert_eq!((job.progress.done, job.progress.failed), (2, 1));
    assert_eq!(job.out_dir.as_deref(), desk.path("out.csv").parent(), "results are opened where the file is");
}

#[test]
fn a_query_that_changes_something_or_lacks_its_list_is_refused_before_it_becomes_a_job() {
    let desk = Desk::window();
    let dsn = shop(&desk, 3);
    let target = || QueryTarget::File { path: desk.path("out.csv"), format: RowsFormat::Csv };
    for (number, (sql, words)) in (1..).zip([
        ("DELETE FROM products", "changes something. Turn on"),
        ("SELECT * FROM products WHERE id = :id", "Choose a list"),
        ("SELECT * FROM prodcts", "prodcts"),
    ]) {
        ask(&desk, number, &dsn, DatabaseQuestion::Job { request: Box::new(job_of(sql, target())), list: None });
        let DatabaseContent::Failed(fault) = answer(&desk, number).content.clone() else { panic!("{sql}") };
        let sentence = fault.error.window_text(Lang::English);
        assert!(sentence.contains(words) && !sentence.contains("--"), "{sentence}");
    }
    assert!(desk.current().query.is_none(), "no job was made");
}

#[test]
fn each_row_of_a_query_is_an_item_of_a_draft_even_if_rows_name_one_file() {
    let desk = Desk::window();
    let dsn = shop(&desk, 4);
    fs::write(desk.path("a.png"), b"not an image, but a file").unwrap();
    let (file, none) = (desk.path("a.png"), desk.path("none.png"));
    let sql = format!("SELECT id, iif(id > 2, '{}', '{}') AS path FROM products", file.display(), none.display());
    let source = query_source::query(&dsn, &sql).unwrap();
    desk.send(Command::Add(vec![source.clone()]));
    desk.wait("four rows", |snapshot| snapshot.current.as_ref().is_some_and(|job| job.progress.total == 4));
    // What was added before is not added again.
    desk.send(Command::Add(vec![source]));
    desk.wait("it says so", |snapshot| {
        matches!(snapshot.notice, Some(pixloom::engine::Notice::Added { added: 0, duplicates: 4, .. }))
    });
}

#[test]
fn a_map_for_a_new_table_is_checked_with_the_table_that_would_be_created() {
    let desk = Desk::window();
    let dsn = shop(&desk, 1);
    let pair = |column: &str, field: &str| WriteColumn { column: column.to_owned(), field: field.parse().unwrap() };
    let spec = |columns: Vec<WriteColumn>| WriteBackSpec {
        table: "results".to_owned(),
        keys: vec![pair("id", "col:id")],
        columns,
        mode: WriteBackMode::Upsert,
        creates_table: true,
        ..WriteBackSpec::default()
    };
    let statement = |number: u64, spec: WriteBackSpec| {
        ask(&desk, number, &dsn, DatabaseQuestion::WriteBack(Box::new(spec)));
        let DatabaseContent::WriteBack(check) = answer(&desk, number).content.clone() else { panic!("no check") };
        check.statement
    };
    let accepted = statement(1, spec(vec![pair("width", "width")])).unwrap();
    assert!(
        accepted.starts_with("CREATE TABLE IF NOT EXISTS \"results\" (") && accepted.contains("INSERT"),
        "{accepted}"
    );
    let twice = statement(2, spec(vec![pair("width", "width"), pair("Width", "height")])).unwrap_err();
    assert_eq!(twice.id(), "wb_twice");
    assert!(accepted.contains("\"id\" TEXT"), "{accepted}");
    // The key has the type of the query's column, as in the table that the job creates.
    let source = query_source::query(&dsn, "SELECT id, url FROM products").unwrap();
    desk.send(Command::Add(vec![source]));
    desk.wait("the row is an item", |snapshot| snapshot.current.as_ref().is_some_and(|job| job.progress.total == 1));
    let accepted = statement(3, spec(vec![pair("width", "height")])).unwrap();
    assert!(accepted.contains("\"id\" INTEGER"), "{accepted}");
    let shop = rusqlite::Connection::open(desk.path("shop.db")).unwrap();
    let tables = "SELECT count(*) FROM sqlite_schema WHERE name = 'results'";
    assert_eq!(shop.query_row(tables, (), |row| row.get::<_, u32>(0)).unwrap(), 0, "a check creates nothing");
}

#[test]
fn edits_of_the_map_can_be_undone() {
    let desk = Desk::window();
    let spec = WriteBackSpec { table: "products".to_owned(), ..WriteBackSpec::default() };
    let is = |wanted: Option<&str>| {
        desk.wait("the map", |snapshot| {
            let map = snapshot.current.as_ref().and_then(|job| job.write_back.as_ref());
            map.map(|spec| spec.table.as_str()) == wanted
        });
    };
    desk.send(Command::SetWriteBack(Some(spec.clone())));
    desk.send(Command::SetWriteBack(Some(WriteBackSpec { table: "others".to_owned(), ..spec })));
    is(Some("others"));
    desk.send(Command::Undo);
    is(Some("products"));
    desk.send(Command::Undo);
    is(None);
    desk.send(Command::Redo);
    is(Some("products"));
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
