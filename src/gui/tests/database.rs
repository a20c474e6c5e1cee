//! The page "From a database…".

use std::sync::Arc;

use egui::accesskit::{Action, Role, Toggled};
use egui_kittest::kittest::NodeT;

use super::*;
use crate::engine::{
    ColumnEntry, DatabaseAnswer, DatabaseContent, DatabaseFault, DatabaseQuestion, DatabaseRequest, DatabaseTables,
    DatabaseView, QueryRows, TableEntry,
};
use crate::error::JobError;
use crate::model::{Message, SourceSpec};

const OPEN: &str = "From a database…";
const NAME: &str = "Database name or file";

impl Window {
    /// What the page has asked since the last call: nothing, or to close the connection (`Some(None)`).
    #[expect(clippy::option_option, reason = "nothing was asked, or nothing is to be asked any more")]
    fn asked(&self) -> Option<Option<DatabaseRequest>> {
        self.engine.ends.shared.database(DatabaseView::Page).wanted.take()
    }

    fn request(&self) -> DatabaseRequest {
        self.asked().flatten().unwrap()
    }

    fn answer(&mut self, request: &DatabaseRequest, content: DatabaseContent, is_pending: bool) {
        let answer = DatabaseAnswer { request: request.clone(), content, is_pending };
        self.engine.ends.shared.database(DatabaseView::Page).answer.store(Some(Arc::new(answer)));
        self.settle();
    }

    fn click(&mut self, role: Role, name: &str) {
        self.harness.get_by_role_and_label(role, name).click_accesskit();
        self.settle();
    }

    fn write_in(&mut self, role: Role, name: &str, text: &str) {
        self.harness.get_by_role_and_label(role, name).focus();
        self.harness.run_steps(2);
        self.harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
        self.harness.run_steps(1);
        self.harness.get_by_role_and_label(role, name).type_text(text);
        self.settle();
    }

    fn is_disabled(&self, name: &str) -> bool {
        self.harness.get_by_role_and_label(Role::Button, name).accesskit_node().is_disabled()
    }

    /// The page with this query, which has run.
    fn with_rows(prepare: impl FnOnce(&mut FakeEngine)) -> Self {
        let mut window = window(prepare);
        window.press(OPEN);
        window.type_into(NAME, "/data/shop.db");
        window.write_in(Role::MultilineTextInput, "Query", "SELECT sku, image, url FROM products");
        window.key(Modifiers::COMMAND, Key::Enter);
        let request = window.request();
        window.answer(&request, DatabaseContent::Rows(rows(Some(1234))), false);
        window
    }
}

fn rows(total: Option<u64>) -> QueryRows {
    let column = |name: &str, type_name: &str| ColumnEntry {
        name: name.to_owned(),
        type_name: type_name.to_owned(),
        is_writable: false,
    };
    let row = |sku: &str, image: Option<&str>| {
        vec![Some(sku.to_owned()), image.map(str::to_owned), Some(format!("https://h.example/{sku}"))]
    };
    QueryRows {
        columns: Arc::new([column("sku", "bigint"), column("image", "text"), column("url", "text")]),
        rows: Arc::new([row("1", Some("a.png")), row("2", None)]),
        has_more: true,
        total,
    }
}

fn tables() -> DatabaseTables {
    let table = |name: &str, quoted: &str| TableEntry {
        name: name.to_owned(),
        quoted: quoted.to_owned(),
        schema: None,
        table: name.to_owned(),
    };
    DatabaseTables {
        kind: "SQLite",
        label: "/data/shop.db".to_owned(),
        user: None,
        tables: Arc::new([table("orders", "\"orders\""), table("products", "\"products\"")]),
    }
}

fn fault(id: &'static str, is_of_statement: bool, position: Option<(usize, usize)>) -> DatabaseContent {
    let message = Message::new(id).with("database", "shop").with("detail", "near \"FORM\": syntax error");
    DatabaseContent::Failed(DatabaseFault { error: JobError::Refused(message), is_of_statement, position })
}

#[test]
fn the_page_covers_the_columns_and_escape_returns_to_them() {
    let mut window = window(FakeEngine::add_items);
    window.key(Modifiers::COMMAND, Key::K);
    window.write_in(Role::TextInput, "Search or command", "database");
    window.key(Modifiers::NONE, Key::Enter);
    assert!(window.has("Test connection") && !window.has("Add filter"));
    assert!(window.has("Start 412 items") && window.has("Jobs"), "run bar and header stay");
    assert!(window.harness.get_by_role_and_label(Role::TextInput, NAME).is_focused());
    window.key(Modifiers::COMMAND, Key::Enter);
    assert_eq!(window.commands(), [], "what the page covers does not start");
    window.key(Modifiers::NONE, Key::Escape);
    assert!(window.has("Add filter") && !window.has("Test connection"));
    assert_eq!(window.asked(), Some(None), "the connection is closed");
}

#[test]
fn the_menu_below_sources_opens_the_page_and_gets_the_focus_back() {
    let mut window = window(FakeEngine::add_items);
    window.press("Add…");
    window.press(OPEN);
    assert!(window.has("Test connection"));
    window.press("Close");
    assert!(window.harness.get_by_role_and_label(Role::Button, "Add…").is_focused());
}

#[test]
fn a_connection_is_tested_and_its_tables_are_listed() {
    let mut window = window(|_| {});
    window.press(OPEN);
    assert!(window.is_disabled("Test connection"));
    window.type_into(NAME, "/data/shop.db");
    window.press("Test connection");
    let request = window.request();
    assert_eq!((request.dsn.as_str(), &request.question), ("sqlite:/data/shop.db", &DatabaseQuestion::Tables));
    window.answer(&request, DatabaseContent::Nothing, true);
    assert!(window.has("Connecting…"));
    window.press("Cancel");
    assert_eq!(window.asked(), Some(None));
    window.answer(&request, DatabaseContent::Tables(tables()), false);
    assert!(!window.has("orders"), "an answer that was cancelled is not shown");
    window.press("Test connection");
    let request = window.request();
    window.answer(&request, DatabaseContent::Tables(tables()), false);
    assert!(window.has("Connected: SQLite, /data/shop.db, 2 tables"));
    window.press("products");
    let request = window.request();
    assert_eq!(request.question, DatabaseQuestion::Rows { sql: "SELECT * FROM \"products\"".to_owned() });
}

#[test]
fn a_name_and_a_click_that_arrive_in_one_frame_are_both_obeyed() {
    let mut window = window(|_| {});
    window.press(OPEN);
    window.type_into(NAME, "/data/shop.db");
    let (target_node, target_tree) = window.harness.get_by_label("Test connection").accesskit_node().locate();
    let click = egui::accesskit::ActionRequest { action: Action::Click, target_node, target_tree, data: None };
    window.harness.get_by_role_and_label(Role::TextInput, NAME).set_text_value_accesskit("/data/shop2.db");
    window.harness.input_mut().events.push(egui::Event::AccessKitActionRequest(click));
    window.harness.step();
    let request = window.request();
    assert_eq!((request.dsn.as_str(), &request.question), ("sqlite:/data/shop2.db", &DatabaseQuestion::Tables));
    window.answer(&request, DatabaseContent::Tables(tables()), false);
    assert!(window.has("products"));
}

#[test]
fn errors_are_shown_in_words_at_their_place() {
    let mut window = window(|_| {});
    window.press(OPEN);
    window.type_into(NAME, "oracle://h/db");
    window.press("Test connection");
    assert_eq!(window.asked(), None);
    assert!(window.harness.query_by_label_contains("oracle:// is not a known kind of database").is_some());
    window.type_into(NAME, "shop.db");
    window.press("Test connection");
    let request = window.request();
    window.answer(&request, fault("db_unreachable", false, None), false);
    let of_name = window.harness.get_by_label_contains("can't be reached").rect();
    let query = window.harness.get_by_role_and_label(Role::MultilineTextInput, "Query").rect();
    assert!(of_name.right() < query.left(), "below the name of the database");
    window.write_in(Role::MultilineTextInput, "Query", "SELECT 1 FORM");
    window.key(Modifiers::COMMAND, Key::Enter);
    let request = window.request();
    window.answer(&request, fault("db_statement", true, Some((1, 10))), false);
    let words = "Line 1, column 10: The database shop can't run the statement: near \"FORM\": syntax error.";
    assert!(window.harness.get_by_label(words).rect().top() > query.bottom(), "below the query");
    assert!(window.is_disabled("Add items"));
}

#[test]
fn a_typed_password_is_passed_on_once_and_stored_as_a_reference() {
    let mut window = window(|_| {});
    window.press(OPEN);
    window.type_into(NAME, "sqlite:a.db");
    assert!(!window.has("Password from"), "a file has no password");
    let Some((_, example)) = crate::engine::database_examples().find(|(kind, _)| *kind != "SQLite") else {
        return;
    };
    let (scheme, rest) = example.split_once("://").unwrap();
    let url = format!("{scheme}://me:s3cret@{}", rest.split_once('@').map_or(rest, |(_, rest)| rest));
    window.type_into(NAME, &url);
    window.press("Test connection");
    let request = window.request();
    let (name, password) = request.password.clone().unwrap();
    assert_eq!(password.text(), "s3cret");
    assert!(name.starts_with("me at "), "{name}");
    assert!(request.dsn.contains("password=settings") && !request.dsn.contains("s3cret"), "{}", request.dsn);
    window.answer(&request, DatabaseContent::Tables(tables()), false);
    let shown = window.harness.get_by_role_and_label(Role::TextInput, NAME).value().unwrap_or_default();
    assert!(!shown.contains("s3cret"), "{shown}");
    window.press("Test connection");
    let again = window.request();
    assert_eq!((again.password, again.dsn), (None, request.dsn), "it is kept now");
}

#[test]
fn rows_are_shown_and_become_a_source_with_the_chosen_columns() {
    let mut window = Window::with_rows(|_| {});
    assert!(window.has("First 50 of 1,234 rows") || window.has("First 2 of 1,234 rows"));
    assert!(window.has("1, a.png, https://h.example/1") && window.has("2, NULL, https://h.example/2"));
    let is_link = |window: &Window, name: &str| {
        let column = window.harness.get_by_role_and_label(Role::ColumnHeader, name);
        column.accesskit_node().toggled() == Some(Toggled::True)
    };
    assert!(is_link(&window, "url  text"), "the column url holds the links");
    window.click(Role::ColumnHeader, "image  text");
    assert!(is_link(&window, "image  text") && !is_link(&window, "url  text"));
    window.click(Role::ComboBox, "Key column");
    window.click(Role::MenuItem, "sku");
    window.press("Add 1,234 items");
    let source = SourceSpec::new("query", Vec::new())
        .with("dsn", "sqlite:/data/shop.db")
        .with("folder", "/data")
        .with("sql", "SELECT sku, image, url FROM products")
        .with("key", "sku");
    let lists = ListSpec { url_column: Some("image".to_owned()), ..ListSpec::default() };
    assert_eq!(window.commands(), [Command::SetLists(lists), Command::Add(vec![source])]);
    assert!(window.has("Add filter"), "the page is closed");
}

#[test]
fn a_column_that_holds_links_is_chosen_and_named_to_the_job() {
    let mut window = window(|_| {});
    window.press(OPEN);
    window.type_into(NAME, "/data/shop.db");
    window.write_in(Role::MultilineTextInput, "Query", "SELECT sku, image FROM products");
    window.key(Modifiers::COMMAND, Key::Enter);
    let request = window.request();
    let column = |name: &str| ColumnEntry { name: name.to_owned(), type_name: String::new(), is_writable: false };
    let rows = QueryRows {
        columns: Arc::new([column("sku"), column("image")]),
        rows: Arc::new([vec![Some("1".to_owned()), None], vec![Some("2".to_owned()), Some("https://h/2".to_owned())]]),
        has_more: false,
        total: Some(2),
    };
    window.answer(&request, DatabaseContent::Rows(rows), false);
    window.press("Add 2 items");
    let lists = ListSpec { url_column: Some("image".to_owned()), ..ListSpec::default() };
    assert_eq!(window.commands()[0], Command::SetLists(lists));
}

#[test]
fn a_changed_query_must_run_again_before_it_is_added() {
    let mut window = Window::with_rows(|_| {});
    assert!(!window.is_disabled("Add 1,234 items"));
    window.write_in(Role::MultilineTextInput, "Query", "SELECT url FROM other");
    assert!(window.has("The query was changed. Run it again.") && window.is_disabled("Add 1,234 items"));
    window.press("Run query");
    let request = window.request();
    window.answer(&request, DatabaseContent::Rows(rows(None)), true);
    assert!(window.has("First 2 rows"), "rows are shown before they have been counted");
    window.press("Add items");
    assert_eq!(window.commands().len(), 1);
}

#[test]
fn a_table_is_picked_with_the_keyboard_and_the_query_before_it_restored() {
    let mut window = Window::with_rows(|_| {});
    window.press("Test connection");
    let request = window.request();
    window.answer(&request, DatabaseContent::Tables(tables()), false);
    window.harness.get_by_role_and_label(Role::ListBox, "Tables").focus();
    window.settle();
    window.key(Modifiers::NONE, Key::ArrowDown);
    window.key(Modifiers::NONE, Key::Enter);
    assert_eq!(window.request().question, DatabaseQuestion::Rows { sql: "SELECT * FROM \"products\"".to_owned() });
    window.press("Restore my query");
    let query = window.harness.get_by_role_and_label(Role::MultilineTextInput, "Query").value();
    assert_eq!(query.as_deref(), Some("SELECT sku, image, url FROM products"));
}

#[test]
fn the_column_of_the_greatest_value_asks_for_its_parameter() {
    let mut window = Window::with_rows(|_| {});
    window.click(Role::ComboBox, "Only newer rows by");
    window.click(Role::MenuItem, "sku");
    let note = "Add (:last IS NULL OR sku >= :last) to the query, so that the next run reads only newer rows.";
    assert!(window.has(note));
    let with_last = "SELECT sku, url FROM products WHERE :last IS NULL OR sku >= :last";
    window.write_in(Role::MultilineTextInput, "Query", with_last);
    assert!(!window.has(note));
}

#[test]
fn the_page_is_translated_and_every_control_has_a_name_in_a_small_window() {
    for language in [Language::Korean, Language::English] {
        let korean = language == Language::Korean;
        let mut window = window_sized(860.0, 560.0, |engine| engine.snapshot.settings.language = language);
        window.press(if korean { "데이터베이스에서…" } else { OPEN });
        window.type_into(if korean { "데이터베이스 주소 또는 파일" } else { NAME }, "/data/shop.db");
        window.press(if korean { "연결 확인" } else { "Test connection" });
        let request = window.request();
        window.answer(&request, DatabaseContent::Tables(tables()), false);
        window.press("orders");
        let request = window.request();
        window.answer(&request, DatabaseContent::Rows(rows(Some(1234))), false);
        window.harness.check_accessibility();
        let add = window.harness.get_by_label(if korean { "1,234개 추가" } else { "Add 1,234 items" }).rect();
        assert!(add.right() <= 860.0 && add.bottom() <= 560.0 - 64.0, "{add:?}");
        let rows = window.harness.get_by_role(Role::Table).rect();
        assert!(rows.height() > 80.0 && rows.bottom() < add.top(), "{rows:?}");
    }
}
