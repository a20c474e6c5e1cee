//! The keyboard's way through the window.

use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable;

use super::super::fake_engine::FakeEngine;
use super::{Window, window, window_sized};

fn running(engine: &mut FakeEngine) {
    engine.add_items();
    engine.run();
}

impl Window {
    fn is_focused(&self, role: Role, name: &str) -> bool {
        self.harness.query_all_by_role_and_label(role, name).any(|node| node.is_focused())
    }

    /// The labels of these buttons in the order in which Tab reaches them.
    fn tab_order<'a>(&mut self, wanted: &[&'a str]) -> Vec<&'a str> {
        let mut order = Vec::new();
        for _ in 0..90 {
            self.harness.key_press(Key::Tab);
            self.harness.run_steps(2);
            let focused = |name: &&&str| self.is_focused(Role::Button, name);
            if let Some(name) = wanted.iter().find(focused)
                && !order.contains(name)
            {
                order.push(*name);
            }
        }
        order
    }
}

#[test]
fn controls_at_the_right_edge_are_reached_from_left_to_right() {
    let rows: [&[&str]; 3] = [
        &["Done 259", "Running 2", "Failed 3", "With remarks"],
        &["Pause", "Retry 3 failed", "New job", "Cancel"],
        &["How it works: Sharpen", "Move up: Sharpen", "Remove: Sharpen"],
    ];
    for (row, prepare) in rows.into_iter().zip([running, running, FakeEngine::add_items]) {
        let mut window = window(prepare);
        let left_edges: Vec<f32> = row.iter().map(|name| window.harness.get_by_label(name).rect().left()).collect();
        assert!(left_edges.is_sorted(), "{row:?} at {left_edges:?}");
        assert_eq!(window.tab_order(row), row);
    }
}

#[test]
fn controls_at_the_right_edge_stay_inside_the_window_at_every_width() {
    for width in [860.0, 1000.0, 1300.0, 1440.0, 2560.0] {
        let mut window = window_sized(width, 700.0, running);
        window.engine.job().state = crate::model::JobState::Paused;
        window.engine.publish();
        window.settle();
        for name in ["Cancel", "New job", "Retry 3 failed"] {
            let rect = window.harness.get_by_label(name).rect();
            assert!(rect.right() <= width, "{name} at {width}: {rect:?}");
        }
    }
}

#[test]
fn ctrl_f_reaches_the_item_filter_at_every_width() {
    for width in [860.0, 1000.0, 1180.0, 1440.0, 2560.0] {
        let mut window = window_sized(width, 700.0, FakeEngine::add_items);
        window.key(Modifiers::COMMAND, Key::F);
        window.settle();
        assert!(window.is_focused(Role::TextInput, "Filter items"), "{width}");
        let field = window.harness.get_by_role_and_label(Role::TextInput, "Filter items").rect();
        let work = window.harness.get_by_label("Items").rect();
        assert!(field.left() >= work.left() && field.right() <= work.right() + 2.0, "{width}: {field:?} in {work:?}");
        window.harness.get_by_role_and_label(Role::TextInput, "Filter items").type_text("coast");
        window.settle();
        assert_eq!(window.harness.state_mut().state_mut().listing.total(), Some(1), "{width}");
        assert!(window.is_focused(Role::TextInput, "Filter items"), "{width}: typing goes on");
    }
}

#[test]
fn the_focus_returns_to_the_control_that_opened_a_sheet() {
    for (opener, close) in [("Jobs", "Close"), ("Settings", "Close")] {
        let mut window = window(FakeEngine::add_items);
        window.press(opener);
        assert!(!window.is_focused(Role::Button, opener));
        window.press(close);
        assert!(window.is_focused(Role::Button, opener), "{opener}, closed with the mouse");
        window.key(Modifiers::NONE, Key::Enter);
        assert!(window.has(close));
        window.key(Modifiers::NONE, Key::Escape);
        assert!(!window.has(close) && window.is_focused(Role::Button, opener), "{opener}, closed with a key");
    }
}

#[test]
fn the_focus_returns_to_the_button_of_the_menu_that_opened_a_sheet() {
    let mut window = window(FakeEngine::add_items);
    window.press("Open");
    window.press("Path or link…");
    assert!(window.is_focused(Role::TextInput, "Path or link"));
    window.key(Modifiers::NONE, Key::Escape);
    assert!(window.is_focused(Role::Button, "Open"));
}

#[test]
fn the_focus_returns_to_a_field_from_which_a_shortcut_opened_the_palette() {
    let mut window = window(FakeEngine::add_items);
    let field = |window: &Window| window.is_focused(Role::TextInput, "Resize: Long edge");
    window.harness.get_by_role_and_label(Role::TextInput, "Resize: Long edge").focus();
    window.settle();
    window.key(Modifiers::COMMAND, Key::K);
    assert!(!field(&window));
    window.key(Modifiers::NONE, Key::Escape);
    assert!(field(&window));
}

#[test]
fn a_menu_that_is_closed_by_a_key_returns_the_focus_to_its_button() {
    let mut window = window(FakeEngine::add_items);
    window.harness.get_by_role_and_label(Role::Button, "Sort: added").focus();
    window.settle();
    window.key(Modifiers::NONE, Key::Enter);
    assert!(window.harness.query_by_role_and_label(Role::MenuItem, "size").is_some());
    window.key(Modifiers::NONE, Key::Escape);
    assert!(window.is_focused(Role::Button, "Sort: added"));
}
