//! The window's main states as trees of accessible names, in both languages: what is there, in which order, and what it
//! says. `tests/snapshots` has the expected trees; with `PIXLOOM_UPDATE_SNAPSHOTS` set, these tests write them. (Toys are a
//! kind of source that only tests have.)

use std::fmt::Write as _;
use std::path::Path;

use egui::accesskit::{Role, Toggled};
use egui_kittest::kittest::NodeT;

use super::{Window, window};
use crate::config::Language;
use crate::gui::fake_engine::FakeEngine;

/// One line per control: its role, name, value and state.
fn tree<'t, N: NodeT<'t> + 't>(node: &N, depth: usize, out: &mut String) {
    let own = node.accesskit_node();
    let (label, value) = (own.label().unwrap_or_default(), own.value().unwrap_or_default());
    // Containers without a name only group controls.
    let is_group = matches!(own.role(), Role::GenericContainer | Role::Unknown | Role::Window) && label.is_empty();
    let mut below = depth;
    if !is_group {
        let _ = write!(out, "{:1$}{2:?}", "", 2 * depth, own.role());
        let text = if label.is_empty() { &value } else { &label };
        if !text.is_empty() {
            let _ = write!(out, " {text:?}");
        }
        if !label.is_empty() && !value.is_empty() && value != label {
            let _ = write!(out, " = {value:?}");
        }
        if let Some(number) = own.numeric_value() {
            let _ = write!(out, " = {number}");
        }
        let is_on = own.toggled() == Some(Toggled::True) || own.is_selected() == Some(true);
        for (is_so, word) in [(is_on, "on"), (own.is_disabled(), "disabled"), (own.is_focused(), "focused")] {
            if is_so {
                let _ = write!(out, ", {word}");
            }
        }
        out.push('\n');
        below += 1;
    }
    for child in node.children() {
        tree(&child, below, out);
    }
}

fn shown(window: &Window) -> String {
    let mut out = String::new();
    tree(&window.harness.root(), 0, &mut out);
    out
}

/// Compares the window in both languages with the files `NAME-en.txt` and `NAME-ko.txt`.
#[expect(clippy::disallowed_methods, reason = "expected trees are files")]
fn check(name: &str, prepare: impl Fn(&mut FakeEngine), open: impl Fn(&mut Window)) {
    for (language, suffix) in [(Language::English, "en"), (Language::Korean, "ko")] {
        let mut window = window(|engine| {
            engine.snapshot.settings.language = language;
            prepare(engine);
        });
        open(&mut window);
        window.settle();
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/snapshots/{name}-{suffix}.txt"));
        let shown = shown(&window);
        if std::env::var_os("PIXLOOM_UPDATE_SNAPSHOTS").is_some() {
            std::fs::write(&path, &shown).unwrap();
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        let differs = expected.lines().zip(shown.lines()).position(|(expected, shown)| expected != shown);
        let line = differs.unwrap_or_else(|| expected.lines().count().min(shown.lines().count())) + 1;
        assert!(expected == shown, "{} differs from line {line} on; the window shows:\n{shown}", path.display());
    }
}

#[test]
fn an_empty_window_looks_as_recorded() {
    check("empty", |_| {}, |_| {});
}

#[test]
fn a_window_with_listed_files_looks_as_recorded() {
    check("files", FakeEngine::add_items, |_| {});
}

#[test]
fn a_running_job_looks_as_recorded() {
    let run = |engine: &mut FakeEngine| {
        engine.add_items();
        engine.run();
    };
    check("running", run, |_| {});
}

#[test]
fn a_finished_job_with_failures_looks_as_recorded() {
    let finish = |engine: &mut FakeEngine| {
        engine.add_items();
        engine.run();
        engine.finish();
    };
    check("failures", finish, |_| {});
}

#[test]
fn the_settings_look_as_recorded() {
    let open = |window: &mut Window| window.key(egui::Modifiers::COMMAND, egui::Key::Comma);
    check("settings", |_| {}, open);
}

#[test]
fn a_tree_has_names_values_and_states() {
    let window = window(FakeEngine::add_items);
    let shown = shown(&window);
    assert!(shown.contains("Button \"Start 412 items\"\n"), "{shown}");
}
