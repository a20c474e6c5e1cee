//! The window, operated by accessible names against a scripted engine.
#![expect(clippy::unwrap_used, reason = "tests")]

mod credentials;
mod database;
mod focus;
mod history;
mod outputs;
mod pages;
mod query_job;
mod snapshots;
mod undo;
mod workflow;
mod write_back;

use std::sync::Arc;

use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;

use super::app::App;
use super::fake_engine::{self, FakeEngine, JOB};
use super::state::Scale;
use crate::config::Language;
use crate::engine::{Command, ListFile, NetworkFault, Notice, Preview, PreviewContent};
use crate::error::{ErrorKind, ItemError};
use crate::model::{
    FailureFilter, FormatChoice, ItemState, JobState, ListSpec, NetworkFile, NetworkSpec, ProxyChoice, Recipe,
    RobotsPolicy, Save, Step, Value,
};

const NOAI: &str = "Skip content marked noai";

struct Window {
    harness: Harness<'static, App>,
    engine: FakeEngine,
}

fn window_sized(width: f32, height: f32, prepare: impl FnOnce(&mut FakeEngine)) -> Window {
    let (handle, mut engine) = fake_engine::engine();
    prepare(&mut engine);
    engine.publish();
    let harness = Harness::builder().with_size([width, height]).build_eframe(move |creation| {
        let mut app = App::new(&creation.egui_ctx, handle);
        app.state_mut().ops = fake_engine::ops();
        app
    });
    let mut window = Window { harness, engine };
    window.settle();
    window
}

fn window(prepare: impl FnOnce(&mut FakeEngine)) -> Window {
    window_sized(1440.0, 900.0, prepare)
}

impl Window {
    /// Runs until every request has been answered and drawn.
    fn settle(&mut self) {
        for _ in 0..3 {
            self.harness.run_steps(2);
            self.engine.perform();
            self.engine.answer();
            self.engine.thumbnails();
            self.engine.preview();
        }
        self.harness.run_steps(2);
    }

    fn press(&mut self, name: &str) {
        self.harness.get_by_label(name).click();
        self.settle();
    }

    fn key(&mut self, modifiers: Modifiers, key: Key) {
        self.harness.key_press_modifiers(modifiers, key);
        self.settle();
    }

    fn has(&self, name: &str) -> bool {
        self.harness.query_all_by_label(name).next().is_some()
    }

    /// Replaces the text of a field.
    fn type_into(&mut self, name: &str, text: &str) {
        let role = egui::accesskit::Role::TextInput;
        self.harness.get_by_role_and_label(role, name).focus();
        self.harness.run_steps(2);
        self.harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
        self.harness.run_steps(1);
        if text.is_empty() {
            self.harness.key_press(Key::Backspace);
        } else {
            self.harness.get_by_role_and_label(role, name).type_text(text);
        }
        self.harness.run_steps(2);
    }

    /// The network settings that the engine has received.
    fn network(&mut self) -> NetworkSpec {
        self.settle();
        self.engine.snapshot.settings.network.clone()
    }

    /// The commands since the last call.
    fn commands(&mut self) -> Vec<Command> {
        self.engine.perform();
        std::mem::take(&mut self.engine.received)
    }
}

#[test]
fn an_empty_window_explains_how_to_begin_and_cannot_start() {
    let mut window = window(|_| {});
    for name in ["Add images…", "Add folder…", "Try with sample images", "Add filter", "Undo"] {
        assert!(window.has(name), "{name}");
    }
    assert!(window.harness.query_all_by_label("Paste links").count() == 2, "in the header and in the drop area");
    assert!(window.has("Drop images here, or paste a list of links"));
    window.key(Modifiers::COMMAND, Key::Enter);
    assert_eq!(window.commands(), []);
    window.press("Try with sample images");
    assert_eq!(window.commands(), [Command::AddSamples]);
}

#[test]
fn a_draft_with_items_starts_by_button_and_by_key() {
    let mut window = window(FakeEngine::add_items);
    window.press("Start 412 items");
    assert_eq!(window.commands(), [Command::Start]);
    window.key(Modifiers::COMMAND, Key::Enter);
    assert_eq!(window.commands(), [Command::Start]);
}

#[test]
fn a_running_job_can_be_paused_cancelled_and_retried() {
    let mut window = window(|engine| {
        engine.add_items();
        engine.run();
    });
    for name in ["63 %", "262 of 412", "41 /s · 14 MB/s", "0:48 left"] {
        assert!(window.has(name), "{name}");
    }
    window.press("Pause");
    window.press("Cancel");
    window.press("Retry 3 failed");
    let retry = Command::Retry { job: JOB, failures: FailureFilter::ALL, items: None };
    assert_eq!(window.commands(), [Command::Pause(JOB), Command::Cancel(JOB), retry]);
    window.engine.job().state = JobState::Paused;
    window.engine.publish();
    window.settle();
    window.press("Resume");
    assert_eq!(window.commands(), [Command::Resume(JOB)]);
}

#[test]
fn a_finished_job_reports_its_results_and_opens_their_folder() {
    let mut window = window(|engine| {
        engine.add_items();
        engine.run();
        engine.finish();
    });
    assert!(window.has("409 saved, 3 failed, 118 MB → 11 MB in 1:58"));
    window.press("Open results");
    window.press("New job");
    assert_eq!(window.commands(), [Command::OpenResults(JOB), Command::Clear]);
}

#[test]
fn every_word_is_translated_to_korean() {
    let mut window = window(|engine| {
        engine.snapshot.settings.language = Language::Korean;
        engine.add_items();
    });
    window.press("412개 처리 시작");
    for name in ["링크 붙여넣기", "되돌리기", "필터 추가", "크기 조정"] {
        assert!(window.has(name), "{name}");
    }
    window.engine.run();
    window.settle();
    for name in ["일시정지", "취소", "실패 3개 다시 시도"] {
        assert!(window.has(name), "{name}");
    }
}

#[test]
fn a_failure_is_explained_with_retry_skip_and_details() {
    let mut window = window(|engine| {
        engine.items = vec![fake_engine::row(1, "/p/IMG_7.jpg", ItemState::Failed)];
        let job = engine.job();
        job.state = JobState::Done;
        job.progress.total = 1;
        job.progress.failed = 1;
    });
    let error = ItemError::new(ErrorKind::Truncated, "IMG_7.jpg").with("had", "2.1 MB").with("wanted", "4.0 MB");
    let request = window.engine.ends.shared.preview.load().request.clone();
    let preview = Preview { request, content: PreviewContent::Failed(error), ..Preview::default() };
    window.engine.ends.shared.preview.store(preview.into());
    window.settle();
    assert!(window.has("Couldn't open IMG_7.jpg: the file ends early (2.1 MB of 4.0 MB). Original untouched."));
    window.press("Details");
    assert!(window.has("truncated"));
    window.press("Retry");
    window.press("Skip");
    let items = vec![1];
    let retry = Command::Retry { job: JOB, failures: FailureFilter::ALL, items: Some(items.clone()) };
    assert_eq!(window.commands(), [retry, Command::Skip { job: JOB, items }]);
}

#[test]
fn failures_of_one_kind_can_be_retried_alone() {
    let mut window = window(|engine| {
        engine.add_items();
        engine.run();
        engine.job().failures = Arc::new([(ErrorKind::ShortBody, 2), (ErrorKind::NotFound, 1)]);
    });
    window.press("Failed 3");
    window.press("Kind");
    window.press("Interrupted 2");
    window.press("Retry these");
    let retry = Command::Retry { job: JOB, failures: FailureFilter::kind(ErrorKind::ShortBody), items: None };
    assert_eq!(window.commands(), [retry]);
}

#[test]
fn an_edited_parameter_is_sent_once() {
    let mut window = window(FakeEngine::add_items);
    let names = window.harness.get_all_by_label("Resize: Long edge");
    let slider = names.into_iter().find(|node| node.value().is_none_or(|value| !value.contains("px"))).unwrap();
    slider.set_value_accesskit(2000.0);
    window.settle();
    let commands = window.commands();
    let [Command::SetRecipe(recipe)] = commands.as_slice() else { panic!("{commands:?}") };
    assert_eq!(recipe.steps[0].params["long_edge"], Value::Number(2000.0));
}

#[test]
fn a_number_being_typed_is_applied_when_start_is_pressed() {
    for by_key in [true, false] {
        let mut window = window(FakeEngine::add_items);
        let role = egui::accesskit::Role::TextInput;
        window.harness.get_by_role_and_label(role, "Resize: Long edge").click();
        window.settle();
        window.harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
        window.harness.run_steps(1);
        window.harness.get_by_role_and_label(role, "Resize: Long edge").type_text("800");
        window.harness.run_steps(2);
        if by_key {
            window.key(Modifiers::COMMAND, Key::Enter);
        } else {
            window.press("Start 412 items");
        }
        let commands = window.commands();
        let [Command::SetRecipe(recipe), Command::Start] = commands.as_slice() else { panic!("{commands:?}") };
        assert_eq!(recipe.steps[0].params["long_edge"], Value::Number(800.0));
    }
}

#[test]
fn a_step_explains_how_it_works() {
    let mut window = window(FakeEngine::add_items);
    assert!(!window.has("v * scale"));
    window.press("How it works: Sharpen");
    assert!(window.has("v * scale"));
    window.press("How it works: Sharpen");
    assert!(!window.has("v * scale"));
}

#[test]
fn steps_can_be_toggled_moved_removed_and_added() {
    let mut window = window(FakeEngine::add_items);
    window.harness.get_by_role_and_label(egui::accesskit::Role::CheckBox, "Sharpen").click();
    window.settle();
    window.press("Move up: Sharpen");
    window.press("Remove: Saturation");
    window.press("Add filter");
    window.press("Grayscale");
    let commands = window.commands();
    let Some(Command::SetRecipe(recipe)) = commands.last() else { panic!("{commands:?}") };
    let ops: Vec<(&str, bool)> = recipe.steps.iter().map(|step| (step.op.as_str(), step.enabled)).collect();
    assert_eq!(ops, [("resize", true), ("sharpen", false), ("grayscale", true)]);
}

#[test]
fn the_web_preset_resizes_sharpens_and_saves_webp_at_82() {
    let mut window = window(FakeEngine::add_items);
    window.press("Presets: Custom");
    window.press("Web");
    let commands = window.commands();
    let Some(Command::SetRecipe(recipe)) = commands.first() else { panic!("{commands:?}") };
    let ops: Vec<&str> = recipe.steps.iter().map(|step| step.op.as_str()).collect();
    assert_eq!(ops, ["resize", "sharpen"]);
    let file = crate::engine::recipe_named(std::path::Path::new("web")).unwrap();
    assert_eq!(*recipe, file.recipe, "the same as on the command line");
    assert!(window.has("Presets: Web"));
}

#[test]
fn items_are_selected_with_shift_and_removed_with_an_undo() {
    let mut window = window(FakeEngine::add_items);
    window.key(Modifiers::NONE, Key::ArrowRight);
    window.key(Modifiers::SHIFT, Key::ArrowRight);
    window.key(Modifiers::NONE, Key::Delete);
    assert_eq!(window.commands(), [Command::Remove(vec![2, 3])]);
    window.engine.snapshot.notice = Some(Notice::Removed(2));
    window.engine.snapshot.can_undo = true;
    window.engine.publish();
    window.settle();
    assert!(window.has("2 items removed"));
    let undo = window.harness.query_all_by_label("Undo").last().unwrap();
    undo.click();
    window.settle();
    assert_eq!(window.commands(), [Command::Undo, Command::DismissNotice]);
}

#[test]
fn the_last_of_many_items_is_reachable_and_all_can_be_selected() {
    let mut window = window(FakeEngine::add_items);
    window.key(Modifiers::NONE, Key::End);
    assert_eq!(window.harness.state_mut().state_mut().listing.cursor.as_ref().map(|row| row.id.seq), Some(412));
    window.key(Modifiers::COMMAND, Key::A);
    assert_eq!(window.harness.state_mut().state_mut().listing.selected.len(), 412);
}

#[test]
fn the_chip_of_failures_lists_only_failed_items() {
    let mut window = window(|engine| {
        engine.add_items();
        engine.run();
    });
    window.press("Failed 3");
    assert_eq!(window.harness.state_mut().state_mut().listing.total(), Some(3));
    window.press("Table");
    assert!(window.has("DSC_0423.jpg, Failed"));
}

#[test]
fn links_can_be_pasted_from_the_clipboard_or_typed() {
    let mut window = window(|_| {});
    window.harness.event(egui::Event::Paste("https://shop.example/1.jpg".to_owned()));
    window.settle();
    assert_eq!(window.commands(), [Command::AddText("https://shop.example/1.jpg".to_owned())]);
    window.harness.query_all_by_label("Paste links").next().unwrap().click();
    window.settle();
    window.harness.get_by_label("Links and paths").type_text("https://shop.example/2.jpg");
    window.settle();
    window.press("Add links");
    assert_eq!(window.commands(), [Command::AddText("https://shop.example/2.jpg".to_owned())]);
}

#[test]
fn the_palette_finds_a_command_by_a_part_of_its_name() {
    let mut window = window(FakeEngine::add_items);
    window.key(Modifiers::COMMAND, Key::K);
    window.harness.get_by_role_and_label(egui::accesskit::Role::TextInput, "Search or command").type_text("sample");
    window.settle();
    window.key(Modifiers::NONE, Key::Enter);
    assert_eq!(window.commands(), [Command::AddSamples]);
    assert!(!window.has("Commands"));
}

#[test]
fn settings_change_the_language_at_once() {
    let mut window = window(FakeEngine::add_items);
    window.press("Settings");
    window.press("한국어");
    assert!(window.has("412개 처리 시작"));
    let commands = window.commands();
    assert!(matches!(commands.as_slice(), [Command::SaveSettings(settings)] if settings.language == Language::Korean));
    window.key(Modifiers::NONE, Key::Escape);
    assert!(!window.has("닫기"));
}

#[test]
fn network_settings_are_sent_and_errors_appear_below_their_fields() {
    let mut window = window(FakeEngine::add_items);
    window.press("Settings");
    window.harness.get_by_label("Always").scroll_to_me();
    window.settle();
    window.press("Always");
    window.harness.get_by_role_and_label(egui::accesskit::Role::CheckBox, NOAI).click();
    window.settle();
    window.type_into("Requests per second", "many");
    window.key(Modifiers::NONE, Key::Tab);
    assert!(window.has("Enter a number of at least 0.001, such as 5 or 0.5."));
    let node = window.harness.get_by_role_and_label(egui::accesskit::Role::TextInput, "Requests per second");
    assert_eq!(node.value().as_deref(), Some("many"), "nothing that was typed is lost");
    window.type_into("Requests per second", "0.5");
    window.key(Modifiers::NONE, Key::Enter);
    assert!(!window.has("Enter a number of at least 0.001, such as 5 or 0.5."));
    window.type_into("Bytes per second", "2MB");
    window.key(Modifiers::NONE, Key::Tab);
    window.press("Address");
    assert!(window.has("Until you enter an address, the system's proxy is used."));
    window.type_into("Proxy address", "ftp://proxy");
    window.key(Modifiers::NONE, Key::Tab);
    assert!(window.has("Enter an http, https, socks5 or socks5h address, such as http://proxy:3128."));
    window.type_into("Proxy address", "proxy:3128");
    window.key(Modifiers::NONE, Key::Tab);
    window.type_into("Host to add", "https://nas.local");
    window.harness.get_by_label("Add host").scroll_to_me();
    window.settle();
    window.press("Add host");
    assert!(window.has("Enter only a host name or address, such as nas.local."));
    window.type_into("Host to add", "NAS.local");
    window.press("Add host");
    assert!(window.has("Remove: nas.local"));
    window.type_into("User-Agent", "shop/1.0");
    window.key(Modifiers::NONE, Key::Tab);
    window.type_into("Referer", "https://shop.example/");
    window.key(Modifiers::NONE, Key::Tab);
    for (name, path) in
        [("CA file", "/etc/ca.pem"), ("Client certificate", "/etc/me.pem"), ("Cookie file", "/etc/cookies.txt")]
    {
        window.type_into(name, path);
        window.key(Modifiers::NONE, Key::Tab);
        let choose = format!("Choose file…: {name}");
        assert!(window.harness.get_by_label(&choose).is_focused(), "the dialog is the next control: {choose}");
    }
    let network = window.network();
    let wanted = NetworkSpec {
        robots: RobotsPolicy::Always,
        obey_noai: true,
        proxy: ProxyChoice::Url("http://proxy:3128/".to_owned()),
        ca_file: Some("/etc/ca.pem".into()),
        insecure_hosts: vec!["nas.local".to_owned()],
        access: Vec::new(),
        user_agent: Some("shop/1.0".to_owned()),
        referer: Some("https://shop.example/".to_owned()),
        cookie_file: Some("/etc/cookies.txt".into()),
        client_cert: Some("/etc/me.pem".into()),
        requests_per_s: Some(0.5),
        bytes_per_s: Some(2_000_000),
        ..NetworkSpec::default()
    };
    assert_eq!(network, wanted);
    let missing = |file| NetworkFault { file, is_missing: true };
    window.engine.snapshot.network_faults = [missing(NetworkFile::Authorities)].into();
    window.engine.publish();
    window.settle();
    assert!(window.has("There is no such file. Jobs can't start until it exists."));
    let other = |file| NetworkFault { file, is_missing: false };
    window.engine.snapshot.network_faults = [other(NetworkFile::ClientCertificate), other(NetworkFile::Cookies)].into();
    window.engine.publish();
    window.settle();
    assert!(!window.has("There is no such file. Jobs can't start until it exists."));
    assert!(window.has("This file contains no PEM certificate with its private key. Jobs can't start with it."));
    assert!(window.has("This is not a cookies.txt file in Netscape's format. Jobs can't start with it."));
    window.type_into("Bytes per second", "");
    window.key(Modifiers::NONE, Key::Tab);
    // It is scrolled out of view.
    window.harness.get_by_label("Remove: nas.local").click_accesskit();
    window.settle();
    let network = window.network();
    assert_eq!((network.bytes_per_s, network.insecure_hosts), (None, Vec::new()));
}

#[test]
fn the_columns_of_a_list_can_be_chosen() {
    let mut window = window(|engine| {
        engine.add_items();
        engine.job().list_files = Arc::new([ListFile {
            path: "/home/me/shops.csv".into(),
            columns: Some(vec!["id".to_owned(), "link".to_owned(), "md5".to_owned()]),
            missing: Some("url".to_owned()),
        }]);
        engine.snapshot.notice = Some(Notice::NoColumn { list: "shops.csv".to_owned(), column: "url".to_owned() });
    });
    assert!(window.has("shops.csv has no column “url”.") && window.has("shops.csv: no column “url”"));
    window.press("Columns: shops.csv");
    let role = egui::accesskit::Role::ComboBox;
    window.harness.get_by_role_and_label(role, "Link column").click();
    window.settle();
    window.harness.get_by_role_and_label(egui::accesskit::Role::MenuItem, "link").click();
    window.settle();
    window.harness.get_by_role_and_label(role, "Checksum column").click();
    window.settle();
    window.harness.get_by_role_and_label(egui::accesskit::Role::MenuItem, "md5").click();
    window.settle();
    let lists = |url: &str, sum: Option<&str>| {
        let (url_column, checksum_column) = (Some(url.to_owned()), sum.map(str::to_owned));
        Command::SetLists(ListSpec { url_column, checksum_column, ..ListSpec::default() })
    };
    assert_eq!(window.commands(), [lists("link", None), lists("link", Some("md5"))]);
}

#[test]
fn the_keyboard_reaches_every_setting_of_a_small_window() {
    let mut window = window_sized(860.0, 560.0, |_| {});
    window.press("Settings");
    window.harness.get_by_label("Close").focus();
    window.settle();
    for _ in 0..48 {
        window.key(Modifiers::NONE, Key::Tab);
        let host = window.harness.get_by_role_and_label(egui::accesskit::Role::TextInput, "Host to add");
        if host.is_focused() {
            let screen = egui::Rect::from_min_size(egui::Pos2::ZERO, egui::vec2(860.0, 560.0));
            window.settle();
            let host = window.harness.get_by_role_and_label(egui::accesskit::Role::TextInput, "Host to add");
            assert!(screen.contains_rect(host.rect()), "{:?}", host.rect());
            return;
        }
    }
    panic!("the last box was never reached");
}

#[test]
fn everything_fits_a_small_window_and_every_control_has_a_name() {
    for (width, height) in [(860.0, 560.0), (1440.0, 900.0), (2560.0, 1440.0)] {
        let mut window = window_sized(width, height, |engine| {
            engine.add_items();
            engine.run();
        });
        for name in ["Pause", "Cancel", "Retry 3 failed"] {
            let rect = window.harness.get_by_label(name).rect();
            assert!(rect.left() >= 0.0 && rect.right() <= width, "{name} at {width}: {rect:?}");
        }
        window.press("Jobs");
        window.harness.check_accessibility();
    }
}

#[test]
fn tab_reaches_the_start_button() {
    let mut window = window(FakeEngine::add_items);
    for _ in 0..80 {
        window.harness.key_press(Key::Tab);
        window.harness.run_steps(1);
        if window.harness.get_by_label("Start 412 items").is_focused() {
            window.key(Modifiers::NONE, Key::Enter);
            assert_eq!(window.commands(), [Command::Start]);
            return;
        }
    }
    panic!("never reached");
}

#[test]
fn every_filter_can_be_added_by_name_and_its_editors_have_names() {
    let mut window = window(FakeEngine::add_items);
    window.harness.state_mut().state_mut().ops = super::ops::all();
    for op in super::ops::all() {
        window.harness.state_mut().state_mut().drafts.recipe.set(Recipe::default());
        window.settle();
        window.press("Add filter");
        let name = crate::model::names::op_name(crate::model::Lang::English, op.id);
        window.harness.get_by_label("Search filters").type_text(&name);
        window.settle();
        window.harness.get_by_role_and_label(egui::accesskit::Role::MenuItem, &name).click();
        window.settle();
        let commands = window.commands();
        let Some(Command::SetRecipe(recipe)) = commands.last() else { panic!("{}: {commands:?}", op.id) };
        let step = recipe.steps.iter().find(|step| step.op == op.id);
        assert!(step.is_some_and(|step| op.id != "resize" || step.params.contains_key("long_edge")), "{}", op.id);
        if window.has(&format!("More: {name}")) {
            window.press(&format!("More: {name}"));
        }
        window.harness.check_accessibility();
    }
}

#[test]
fn every_save_setting_has_an_editor_derived_from_its_declaration() {
    let mut window = window(FakeEngine::add_items);
    window.press("More: Save");
    window.harness.check_accessibility();
    for format in ["PNG", "AVIF", "TIFF", "JPEG"] {
        window.harness.get_by_role_and_label(egui::accesskit::Role::ComboBox, "Format").click();
        window.settle();
        window.harness.get_by_role_and_label(egui::accesskit::Role::MenuItem, format).click();
        window.settle();
        window.harness.check_accessibility();
    }
    window.harness.get_by_role_and_label(egui::accesskit::Role::CheckBox, "Progressive").click();
    window.settle();
    window.harness.get_by_role_and_label(egui::accesskit::Role::TextInput, "Largest file").click();
    window.settle();
    window.harness.get_by_role_and_label(egui::accesskit::Role::TextInput, "Largest file").type_text("200KB");
    window.key(Modifiers::NONE, Key::Enter);
    let commands = window.commands();
    let Some(Command::SetSave(save)) = commands.last() else { panic!("{commands:?}") };
    assert_eq!((save.format, save.progressive, save.max_bytes), (FormatChoice::known("jpeg"), true, Some(200_000)));
    window.harness.get_by_label("Less: Save").scroll_to_me();
    window.settle();
    window.press("Less: Save");
    assert!(window.has("Largest file") && !window.has("Optimize"), "what was given stays in sight");
}

#[test]
fn colours_files_and_curves_have_special_editors() {
    let mut window = window(|engine| {
        engine.add_items();
        let step = Step::new("duotone").with("shadows", "#102030");
        engine.job().recipe = Recipe { steps: vec![step], ..Recipe::default() };
    });
    window.press("Duotone: Shadows: Pick colour");
    window.harness.check_accessibility();
    window.key(Modifiers::NONE, Key::Escape);
    window.press("Duotone: Table: Choose file…");
    window.press("Path or link…");
    window.harness.get_by_label("Path or link").type_text("/tmp/film.cube");
    window.settle();
    window.key(Modifiers::NONE, Key::Enter);
    let commands = window.commands();
    let Some(Command::SetRecipe(recipe)) = commands.last() else { panic!("{commands:?}") };
    assert_eq!(recipe.steps[0].params["table"], Value::from("/tmp/film.cube"));

    let curve = window.harness.get_by_role_and_label(egui::accesskit::Role::Canvas, "Duotone: Curve").rect();
    let at = curve.center() + egui::vec2(0.0, -20.0);
    window.harness.drag_at(at);
    window.harness.run_steps(1);
    window.harness.drop_at(at);
    window.settle();
    let commands = window.commands();
    let Some(Command::SetRecipe(recipe)) = commands.last() else { panic!("{commands:?}") };
    let Value::Text(points) = &recipe.steps[0].params["curve"] else { panic!("{recipe:?}") };
    assert!(points.starts_with("0,0;12") && points.ends_with(";255,255"), "{points}");
}

impl Window {
    /// Replaces a line of text.
    fn write(&mut self, name: &str, text: &str) {
        let role = egui::accesskit::Role::TextInput;
        self.harness.get_by_role_and_label(role, name).click();
        self.settle();
        self.harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
        self.harness.run_steps(1);
        if text.is_empty() {
            self.harness.key_press_modifiers(Modifiers::NONE, Key::Delete);
        } else {
            self.harness.get_by_role_and_label(role, name).type_text(text);
        }
        self.harness.run_steps(2);
        self.key(Modifiers::NONE, Key::Enter);
    }

    /// The first step's parameter as last sent to the engine.
    fn sent(&mut self, param: &str) -> Option<Value> {
        let commands = self.commands();
        let Some(Command::SetRecipe(recipe)) = commands.last() else { panic!("{commands:?}") };
        recipe.steps[0].params.get(param).cloned()
    }
}

#[test]
fn a_colour_is_sent_when_picked_and_when_typed() {
    let mut window = window(|engine| {
        engine.add_items();
        let step = Step::new("duotone").with("shadows", "#102030");
        engine.job().recipe = Recipe { steps: vec![step], ..Recipe::default() };
    });
    window.press("Duotone: Shadows: Pick colour");
    window.harness.get_by_role_and_label(egui::accesskit::Role::Slider, "Opacity").set_value_accesskit(50.0);
    window.settle();
    assert_eq!(window.sent("shadows"), Some(Value::from("#10203080")));
    window.key(Modifiers::NONE, Key::Escape);
    window.write("Duotone: Shadows", " #FF8000 ");
    assert_eq!(window.sent("shadows"), Some(Value::from("#ff8000")));
}

#[test]
fn clearing_a_number_removes_it() {
    let mut window = window(FakeEngine::add_items);
    window.write("Resize: Long edge", "");
    assert_eq!(window.sent("long_edge"), None);
}

#[test]
fn a_curve_can_be_edited_by_dragging_and_as_text() {
    let mut window = window(|engine| {
        engine.add_items();
        engine.job().recipe = Recipe { steps: vec![Step::new("duotone")], ..Recipe::default() };
    });
    let square = window.harness.get_by_role_and_label(egui::accesskit::Role::Canvas, "Duotone: Curve").rect();
    let (from, to) =
        (square.center() + egui::vec2(0.0, -20.0), square.center() + egui::vec2(square.width() / 5.0, 30.0));
    window.harness.drag_at(from);
    window.harness.run_steps(1);
    window.harness.hover_at(to);
    window.harness.run_steps(1);
    window.harness.drop_at(to);
    window.settle();
    let Some(Value::Text(points)) = window.sent("curve") else { panic!("no curve") };
    let (input, output) = points.split(';').nth(1).and_then(|point| point.split_once(',')).unwrap();
    let (input, output): (f32, f32) = (input.parse().unwrap(), output.parse().unwrap());
    // Below the diagonal: a darker tone.
    assert!((150.0..220.0).contains(&input) && (40.0..120.0).contains(&output), "{points}");
    window.write("Duotone: Curve", "0,0;100,180;255,255");
    assert_eq!(window.sent("curve"), Some(Value::from("0,0;100,180;255,255")));
}

#[test]
fn an_idle_window_is_not_repainted() {
    let mut window = window(|engine| {
        engine.add_items();
        engine.run();
    });
    window.settle();
    window.harness.run_steps(8);
    let output = window.harness.output();
    let delay = output.viewport_output.values().map(|viewport| viewport.repaint_delay).min().unwrap();
    assert!(delay > std::time::Duration::from_mins(1), "{delay:?}");
}

#[test]
fn enter_in_a_list_selects_and_does_nothing_else() {
    let mut window = window(FakeEngine::add_items);
    window.press("Add filter");
    window.harness.get_by_label("Search filters").type_text("sharp");
    window.settle();
    window.key(Modifiers::NONE, Key::Enter);
    assert!(window.has("Remove: Sharpen"));
    assert_eq!(window.harness.state_mut().state_mut().view.scale, Scale::Fit, "the preview's scale is left alone");
}

#[test]
fn a_copy_is_labelled_unchanged_and_has_no_quality() {
    let mut window = window(FakeEngine::add_items);
    let state = window.harness.state_mut().state_mut();
    state.drafts.recipe.set(Recipe::default());
    state.drafts.save.set(Save::default());
    window.settle();
    assert!(!window.has("Quality"), "a copy is not encoded");
    assert!(window.harness.query_all_by_label_contains("copied unchanged").next().is_some());
    window
        .harness
        .state_mut()
        .state_mut()
        .drafts
        .save
        .set(Save { format: FormatChoice::known("webp"), ..Save::default() });
    window.settle();
    assert!(window.has("Quality"));
}

#[test]
fn few_items_leave_more_room_for_the_preview() {
    for (width, height) in [(1440.0, 900.0), (900.0, 600.0), (1920.0, 1080.0)] {
        let mut window = window_sized(width, height, |engine| {
            engine.add_items();
            engine.job().progress.total = 8;
        });
        window.settle();
        let divider = window.harness.get_by_label("Height of the preview").rect();
        let share = (height - 64.0 - divider.center().y) / (height - 48.0 - 64.0);
        assert!((0.44..0.85).contains(&share), "{share} of {width} x {height}");
    }
}

#[test]
fn the_preview_of_a_link_is_requested_again_once_it_is_fetched() {
    let mut window = window(FakeEngine::add_items);
    let request = window.engine.ends.shared.preview.load().request.clone();
    let unseen = Preview { request, content: PreviewContent::NotFetched, ..Preview::default() };
    window.engine.ends.shared.preview.store(std::sync::Arc::new(unseen));
    window.harness.run_steps(2);
    assert!(window.engine.ends.shared.preview_wanted.take().is_none(), "nothing changed: nothing is asked");
    window.engine.items[0].state = ItemState::Done;
    window.engine.job().items_revision += 1;
    window.engine.publish();
    window.harness.run_steps(2);
    window.engine.answer();
    window.harness.run_steps(2);
    assert!(window.engine.ends.shared.preview_wanted.take().is_some());
}

#[test]
fn every_kind_of_source_with_a_menu_entry_is_in_the_open_menu_and_in_the_empty_window() {
    let mut with_items = window(FakeEngine::add_items);
    with_items.press("Open");
    let empty = window(|_| {});
    for name in ["Add images…", "Add folder…", "Add toys…"] {
        assert!(with_items.has(name) && empty.has(name), "{name}");
    }
}
