//! Pages of documents: the choice in the settings, and rows that are pages.

use egui_kittest::kittest::Queryable;

use super::super::fake_engine::{FakeEngine, row};
use super::{Window, window};
use crate::config::Language;
use crate::engine::Command;
use crate::model::{ItemState, PagesChoice};

/// The choices that were sent.
fn sent(window: &mut Window) -> Vec<PagesChoice> {
    let choice = |command| match command {
        Command::SetLimits(limits) => Some(limits.pages),
        _ => None,
    };
    window.commands().into_iter().filter_map(choice).collect()
}

#[test]
fn the_settings_choose_pages_by_words_and_numbers() {
    let mut window = window(FakeEngine::add_items);
    window.press("Settings");
    window.harness.get_by_label("Range").scroll_to_me();
    window.settle();
    assert!(!window.has("First page"));
    window.press("All");
    assert_eq!(sent(&mut window), [PagesChoice::All]);
    window.press("Range");
    assert_eq!(sent(&mut window), [PagesChoice::Range { from: 1, to: None }]);
    window.type_into("First page", "3");
    window.key(egui::Modifiers::NONE, egui::Key::Enter);
    assert_eq!(sent(&mut window).last(), Some(&PagesChoice::Range { from: 3, to: None }));
    window.type_into("Last page", "2");
    window.key(egui::Modifiers::NONE, egui::Key::Enter);
    assert_eq!(
        sent(&mut window).last(),
        Some(&PagesChoice::Range { from: 3, to: Some(3) }),
        "not before the first one"
    );
}

#[test]
fn rows_of_pages_say_which_page_they_are() {
    for (language, name) in
        [(Language::English, "scan.tif, page 3, Waiting"), (Language::Korean, "scan.tif 3페이지, 대기")]
    {
        let mut window = window(|engine| {
            engine.snapshot.settings.language = language;
            engine.add_items();
            engine.items[0] = row(1, "file:///in/scan.tif#page=03", ItemState::Waiting);
        });
        window.settle();
        assert!(window.has(name), "{name}");
    }
}
