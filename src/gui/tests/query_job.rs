//! Query jobs: started from the page "From a database…", listed with the first rows of their results.

use std::sync::Arc;

use egui::accesskit::Role;
use egui_kittest::kittest::NodeT;

use super::*;
use crate::engine::{
    ColumnEntry, DatabaseAnswer, DatabaseContent, DatabaseFault, DatabaseQuestion, DatabaseRequest, DatabaseView,
    QueryRows, QueryTarget,
};
use crate::error::JobError;
use crate::model::{JobSpec, Message, QueryResult, QuerySpec, RowsFormat, Work};

impl Window {
    fn asked_of(&self, view: DatabaseView) -> Option<DatabaseRequest> {
        self.engine.ends.shared.database(view).wanted.take().flatten()
    }

    fn answer_of(&mut self, view: DatabaseView, request: &DatabaseRequest, content: DatabaseContent) {
        let answer = DatabaseAnswer { request: request.clone(), content, is_pending: false };
        self.engine.ends.shared.database(view).answer.store(Some(Arc::new(answer)));
        self.settle();
    }

    /// Whether the button with this name can be pressed.
    fn can_press(&self, name: &str) -> bool {
        !self.harness.get_by_role_and_label(Role::Button, name).accesskit_node().is_disabled()
    }

    /// The page with this query, whose rows are to be saved.
    fn with_query(language: Language, sql: &str) -> Self {
        let korean = language == Language::Korean;
        let mut window = window(|engine| engine.snapshot.settings.language = language);
        window.press(if korean { "데이터베이스에서…" } else { "From a database…" });
        window.type_into(if korean { "데이터베이스 주소 또는 파일" } else { "Database name or file" }, "/data/shop.db");
        let query = if korean { "쿼리" } else { "Query" };
        window.harness.get_by_role_and_label(Role::MultilineTextInput, query).focus();
        window.harness.run_steps(2);
        window.harness.get_by_role_and_label(Role::MultilineTextInput, query).type_text(sql);
        window.settle();
        window.press(if korean { "결과 저장" } else { "Save the result" });
        window
    }

    /// A window that lists a query job in this state.
    fn with_job(language: Language, state: JobState) -> Self {
        window(|engine| {
            engine.snapshot.settings.language = language;
            engine.add_items();
            let job = engine.job();
            job.state = state;
            job.query = Some(Arc::new(QuerySpec {
                database: "sqlite:/data/shop.db".to_owned(),
                sql: "SELECT id, name FROM products".to_owned(),
                result: QueryResult::File {
                    path: "/data/out.csv".into(),
                    format: RowsFormat::Csv,
                    on_conflict: crate::model::ConflictPolicy::default(),
                    written: None,
                },
                ..QuerySpec::default()
            }));
        })
    }
}

fn rows(names: &[&str]) -> QueryRows {
    let column = |name: &str| ColumnEntry { name: name.to_owned(), type_name: String::new(), is_writable: false };
    let row = |(id, name): (usize, &&str)| vec![Some(id.to_string()), Some((*name).to_owned())];
    QueryRows {
        columns: Arc::new([column("id"), column("name")]),
        rows: names.iter().enumerate().map(row).collect(),
        has_more: true,
        total: Some(1234),
    }
}

#[test]
fn a_query_is_saved_by_a_job_of_its_own() {
    for language in [Language::English, Language::Korean] {
        let korean = language == Language::Korean;
        let start = if korean { "쿼리 시작" } else { "Start query" };
        let mut window = Window::with_query(language, "SELECT 1");
        assert!(!window.can_press(start), "rows need a place");
        window.type_into(if korean { "파일 또는 폴더" } else { "File or folder" }, "/data/out.jsonl");
        window.settle();
        window.harness.check_accessibility();
        window.press(start);
        let request = window.asked_of(DatabaseView::Page).unwrap();
        let DatabaseQuestion::Job { request: asked, .. } = &request.question else { panic!("{request:?}") };
        let target = QueryTarget::File { path: "/data/out.jsonl".into(), format: RowsFormat::Jsonl };
        assert_eq!((asked.sql.as_str(), &asked.target, asked.may_write), ("SELECT 1", &target, false));
        let spec = Box::new(JobSpec { work: Work::Query, ..JobSpec::default() });
        window.answer_of(DatabaseView::Page, &request, DatabaseContent::Job(spec.clone()));
        assert_eq!(window.commands(), [Command::Submit(spec)]);
        assert!(!window.has(start), "the page is closed");
    }
}

#[test]
fn a_refused_query_job_says_why_and_can_be_cancelled_while_it_is_checked() {
    let mut window = Window::with_query(Language::English, "DELETE FROM products");
    window.type_into("File or folder", "/data/out.csv");
    window.press("Start query");
    let request = window.asked_of(DatabaseView::Page).unwrap();
    assert!(!window.can_press("Checking…"));
    let error = JobError::Refused(Message::new("query_changes"));
    let fault = DatabaseFault { error, is_of_statement: true, position: None };
    window.answer_of(DatabaseView::Page, &request, DatabaseContent::Failed(fault));
    assert!(window.harness.query_by_label_contains("Turn on “May change the database”").is_some());
    window.harness.get_by_role_and_label(Role::CheckBox, "May change the database").click_accesskit();
    window.settle();
    window.press("Start query");
    let request = window.asked_of(DatabaseView::Page).unwrap();
    let DatabaseQuestion::Job { request: asked, .. } = &request.question else { panic!("{request:?}") };
    assert!(asked.may_write);
    window.press("Cancel");
    let spec = Box::new(JobSpec::default());
    window.answer_of(DatabaseView::Page, &request, DatabaseContent::Job(spec));
    assert_eq!(window.commands(), [], "a cancelled query does not start");
}

#[test]
fn the_first_rows_of_a_query_job_are_shown_while_it_runs_and_after_it_ended() {
    for language in [Language::English, Language::Korean] {
        let korean = language == Language::Korean;
        let mut window = Window::with_job(language, JobState::Running);
        let request = window.asked_of(DatabaseView::Result).unwrap();
        assert!(matches!(request.question, DatabaseQuestion::Result { job: JOB, .. }));
        assert!(window.has(if korean { "아직 행이 없습니다." } else { "No rows yet." }));
        window.answer_of(DatabaseView::Result, &request, DatabaseContent::Rows(rows(&["shirt"])));
        assert!(window.has("0, shirt"));
        assert!(!window.has(if korean { "필터 추가" } else { "Add filter" }), "a query job has no recipe");
        window.engine.job().state = JobState::Done;
        window.engine.publish();
        window.settle();
        let request = window.asked_of(DatabaseView::Result).unwrap();
        window.answer_of(DatabaseView::Result, &request, DatabaseContent::Rows(rows(&["shirt", "coat"])));
        window.harness.check_accessibility();
        window.press(if korean { "결과 보기" } else { "Show result" });
        assert!(window.has("1, coat") && window.has("/data/out.csv"));
        assert!(window.has(if korean { "1,234행 중 처음 2행" } else { "First 2 of 1,234 rows" }));
        window.harness.check_accessibility();
        window.key(Modifiers::NONE, Key::Escape);
        assert!(window.has(if korean { "결과 보기" } else { "Show result" }), "the items are back");
    }
}

#[test]
fn results_are_undone_and_brought_back_from_the_palette() {
    let find = |window: &mut Window, words: &str| {
        window.key(Modifiers::COMMAND, Key::K);
        window.harness.get_by_role_and_label(Role::TextInput, "Search or command").type_text(words);
        window.settle();
        window.key(Modifiers::NONE, Key::Enter);
    };
    let mut window = window(|engine| {
        engine.add_items();
        engine.job().state = JobState::Done;
        engine.job().progress.done = 412;
        engine.job().can_redo = true;
    });
    find(&mut window, "Undo job");
    assert_eq!(window.commands(), [Command::CheckUndo(JOB)]);
    window.key(Modifiers::NONE, Key::Escape);
    window.key(Modifiers::NONE, Key::Escape);
    window.commands();
    find(&mut window, "Redo job");
    assert_eq!(window.commands(), [Command::RedoJob(JOB)]);
}
