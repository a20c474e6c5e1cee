//! Writing results into a table: the section of the recipe, its page, and what the run bar and the failures say.

use std::sync::Arc;

use egui::accesskit::Role;
use egui_kittest::kittest::NodeT;

use super::*;
use crate::engine::{
    ColumnEntry, DatabaseAnswer, DatabaseContent, DatabaseQuestion, DatabaseRequest, DatabaseTables, DatabaseView,
    RejectionGroup, TableColumns, TableEntry, WriteBackCheck,
};
use crate::model::{Message, WriteBackCounts, WriteBackLevel, WriteBackMode, WriteBackSpec, WriteColumn};

const VIEW: DatabaseView = DatabaseView::WriteBack;
const STATEMENT: &str = "UPDATE \"products\" SET \"width\" = ?2, \"sha256\" = ?3 WHERE \"id\" = ?1";

fn pair(column: &str, field: &str) -> WriteColumn {
    WriteColumn { column: column.to_owned(), field: field.parse().unwrap() }
}

fn spec(columns: Vec<WriteColumn>) -> WriteBackSpec {
    WriteBackSpec {
        database: "sqlite:/data/shop.db".to_owned(),
        table: "products".to_owned(),
        keys: vec![pair("id", "col:id")],
        columns,
        ..WriteBackSpec::default()
    }
}

fn table() -> Arc<TableColumns> {
    let column = |name: &str| ColumnEntry { name: name.to_owned(), type_name: String::new(), is_writable: true };
    let columns = ["id", "name", "width", "sha256"].map(column).to_vec();
    Arc::new(TableColumns { columns, unique_keys: vec![vec!["id".to_owned()]] })
}

impl Window {
    fn write_back_request(&self) -> Option<DatabaseRequest> {
        self.engine.ends.shared.database(VIEW).wanted.take().flatten()
    }

    fn write_back_answer(&mut self, request: &DatabaseRequest, content: DatabaseContent) {
        let answer = DatabaseAnswer { request: request.clone(), content, is_pending: false };
        self.engine.ends.shared.database(VIEW).answer.store(Some(Arc::new(answer)));
        self.settle();
    }

    /// Answers the check of the form; returns what was checked.
    fn checked(&mut self, statement: Result<String, Message>) -> WriteBackSpec {
        let request = self.write_back_request().unwrap();
        let DatabaseQuestion::WriteBack(spec) = &request.question else { panic!("{request:?}") };
        let spec = (**spec).clone();
        self.write_back_answer(&request, DatabaseContent::WriteBack(WriteBackCheck { table: table(), statement }));
        spec
    }

    /// The page with the table chosen, and the columns that were suggested.
    fn with_table(language: Language) -> Self {
        let mut window = window(|engine| {
            engine.snapshot.settings.language = language;
            engine.add_items();
        });
        let korean = language == Language::Korean;
        window.press(if korean { "테이블 선택…" } else { "Choose a table…" });
        window.type_into(if korean { "데이터베이스 주소 또는 파일" } else { "Database name or file" }, "/data/shop.db");
        window.press(if korean { "연결 확인" } else { "Test connection" });
        let request = window.write_back_request().unwrap();
        assert_eq!(request.question, DatabaseQuestion::Tables);
        let entry = TableEntry {
            name: "products".to_owned(),
            quoted: "\"products\"".to_owned(),
            schema: None,
            table: "products".to_owned(),
        };
        let tables =
            DatabaseTables { kind: "SQLite", label: "/data/shop.db".to_owned(), user: None, tables: Arc::new([entry]) };
        window.write_back_answer(&request, DatabaseContent::Tables(tables));
        window.press("products");
        let first = window.checked(Err(Message::new("wb_incomplete")));
        assert_eq!((first.keys, first.columns), (Vec::new(), Vec::new()));
        window
    }
}

#[test]
fn a_chosen_table_suggests_its_key_and_columns_and_becomes_part_of_the_draft() {
    let mut window = Window::with_table(Language::English);
    let suggested = window.checked(Ok(STATEMENT.to_owned()));
    assert_eq!(suggested, spec(vec![pair("width", "width"), pair("sha256", "hash")]));
    assert!(window.has(STATEMENT) && window.has("The table accepts this statement:"));
    window.press("Write results");
    assert_eq!(window.commands(), [Command::SetWriteBack(Some(suggested))]);
    assert!(window.has("products: 2 columns") || window.has("Edit: products: 2 columns"));
    window.press("Remove: products: 2 columns");
    assert_eq!(window.commands(), [Command::SetWriteBack(None)]);
}

#[test]
fn a_new_table_takes_all_fields_under_names_that_can_be_edited() {
    for language in [Language::English, Language::Korean] {
        let korean = language == Language::Korean;
        let mut window = Window::with_table(language);
        window.checked(Ok(STATEMENT.to_owned()));
        window.press(if korean { "새 테이블" } else { "New table" });
        let planned = window.checked(Ok("CREATE TABLE".to_owned()));
        assert!(planned.creates_table && planned.mode == WriteBackMode::Upsert);
        assert_eq!((planned.table.as_str(), &planned.keys[0]), ("pixloom_results", &pair("locator", "locator")));
        assert_eq!(planned.columns.len(), 16, "every other field");
        window.type_into(if korean { "새 테이블:" } else { "New table:" }, "results");
        window.type_into(if korean { "열 2" } else { "Column 2" }, "width_px");
        window.settle();
        let edited = window.checked(Ok("CREATE TABLE results".to_owned()));
        assert_eq!((edited.table.as_str(), &edited.columns[1]), ("results", &pair("width_px", "width")));
        window.harness.check_accessibility();
        window.press(if korean { "결과 쓰기" } else { "Write results" });
        assert_eq!(window.commands(), [Command::SetWriteBack(Some(edited))]);
    }
}

#[test]
fn every_change_of_the_map_is_checked_and_errors_are_shown_in_words() {
    let mut window = Window::with_table(Language::English);
    window.checked(Ok(STATEMENT.to_owned()));
    window.press("Change or insert");
    let message = Message::new("write_back_required").with("column", "name").with("table", "\"products\"");
    assert_eq!(window.checked(Err(message)).mode, WriteBackMode::Upsert);
    assert!(window.harness.query_by_label_contains("requires a value").is_some());
    let use_it = window.harness.get_by_role_and_label(Role::Button, "Write results");
    assert!(use_it.accesskit_node().is_disabled());
    window.type_into("Field for width", "widht");
    assert!(window.harness.query_by_label_contains("There is no field “widht”").is_some());
    window.settle();
    assert_eq!(window.write_back_request(), None, "nothing is checked before the field is right");
    window.type_into("Field for width", "col:width");
    window.settle();
    assert_eq!(window.checked(Ok(STATEMENT.to_owned())).columns[0], pair("width", "col:width"));
    window.press("Remove: sha256");
    assert_eq!(window.checked(Ok(STATEMENT.to_owned())).columns.len(), 1);
    window.press("Add column");
    assert_eq!(window.checked(Ok(STATEMENT.to_owned())).columns[1], pair("name", "output"));
}

#[test]
fn the_map_is_edited_again_and_its_controls_are_named_in_korean() {
    let mut window = window_sized(860.0, 560.0, |engine| {
        engine.snapshot.settings.language = Language::Korean;
        engine.add_items();
        engine.job().write_back = Some(spec(vec![pair("width", "width")]));
    });
    window.harness.get_by_label("편집: products: 열 1개").click_accesskit();
    window.settle();
    assert_eq!(window.checked(Ok(STATEMENT.to_owned())), spec(vec![pair("width", "width")]));
    window.harness.check_accessibility();
    assert!(window.has("테이블에서 이 문을 실행할 수 있습니다:"));
    window.press("결과를 쓰지 않기");
    assert_eq!(window.commands(), [Command::SetWriteBack(None)]);
    Window::with_table(Language::Korean).harness.check_accessibility();
}

#[test]
fn the_run_bar_counts_rows_and_rejected_ones_are_grouped_by_reason() {
    let mut window = window(|engine| {
        engine.add_items();
        engine.run();
        let job = engine.job();
        let counts = WriteBackCounts { matched: 1200, changed: 900, missing: 0, rejected: 3 };
        job.progress.done = 1240;
        job.progress.total = 2000;
        job.progress.write_back = Some(WriteBackLevel { number: 1203, counts });
        job.progress.busy.databases = Some(0.5);
        let keys = vec!["id=7".to_owned(), "id=9".to_owned()];
        job.rejections = Arc::new([RejectionGroup { message: "width is too large".to_owned(), count: 3, keys }]);
    });
    assert!(window.has("1,200 written back, 3 rejected, 40 waiting"));
    assert!(window.harness.query_all_by_role_and_label(Role::Meter, "Database").count() == 1);
    window.press("Rejected 3");
    assert!(window.has("3 × width is too large") && window.has("id=7, id=9, …"));
    window.key(Modifiers::NONE, Key::Escape);
    window.engine.job().progress.waits_for_database = true;
    window.engine.publish();
    window.settle();
    assert!(window.has("Database unreachable. Results wait and are written when it is back"));
}
