//! What the window shows while items, recipes and jobs change.

use egui::accesskit::Role;
use egui::{Key, Modifiers, ViewportCommand, ViewportEvent};
use egui_kittest::kittest::{NodeT, Queryable};

use super::super::fake_engine::{self, FakeEngine};
use super::{Window, window};
use crate::engine::{Command, Preview, StepFault};
use crate::model::{ItemState, JobState, Lang, Message, Progress, Recipe, Step};

fn running(engine: &mut FakeEngine) {
    engine.add_items();
    engine.run();
}

impl Window {
    fn previewed(&mut self) -> Option<u64> {
        self.harness.state_mut().state_mut().listing.cursor.as_ref().map(|row| row.id.seq)
    }

    fn selected(&mut self) -> Vec<u64> {
        self.harness.state_mut().state_mut().listing.selected.iter().copied().collect()
    }

    /// The engine reports that items have changed.
    fn items_changed(&mut self) {
        self.engine.job().items_revision += 1;
        self.engine.publish();
        // Outdated pages are requested again after a moment.
        for _ in 0..8 {
            self.settle();
        }
    }

    /// The desktop asks the window to close; returns whether it does.
    fn ask_to_close(&mut self) -> bool {
        let root = egui::ViewportId::ROOT;
        let viewport = self.harness.input_mut().viewports.entry(root).or_default();
        viewport.events.push(ViewportEvent::Close);
        self.harness.run_steps(1);
        let commands = self.harness.output().viewport_output.get(&root).map(|output| output.commands.clone());
        let stays = commands.unwrap_or_default().contains(&ViewportCommand::CancelClose);
        if let Some(viewport) = self.harness.input_mut().viewports.get_mut(&root) {
            viewport.events.clear();
        }
        self.settle();
        !stays
    }
}

#[test]
fn list_preview_and_counts_follow_a_filter() {
    let mut window = window(running);
    assert_eq!(window.previewed(), Some(1));
    assert!(window.has("412 items"));
    window.press("Failed 3");
    assert!(window.has("3 of 412 items"));
    assert_eq!((window.previewed(), window.selected()), (Some(12), vec![12]), "the first one that is listed");
    window.press("Failed 3");
    assert!(window.has("412 items"));
    assert_eq!(window.previewed(), Some(12), "it is still listed");
}

#[test]
fn list_preview_and_counts_follow_a_retry() {
    let mut window = window(running);
    window.press("Failed 3");
    assert_eq!(window.previewed(), Some(12));
    for (seq, state) in [(12, ItemState::Waiting), (41, ItemState::Done)] {
        let index = seq as usize - 1;
        let locator = window.engine.items[index].locator.to_text();
        window.engine.items[index] = fake_engine::row(seq, &locator, state);
    }
    window.engine.job().progress.failed = 1;
    window.items_changed();
    assert!(window.has("1 of 412 items") && window.has("Failed 1"));
    assert_eq!((window.previewed(), window.selected()), (Some(42), vec![42]));
    let locator = window.engine.items[41].locator.to_text();
    window.engine.items[41] = fake_engine::row(42, &locator, ItemState::Done);
    window.engine.job().progress.failed = 0;
    window.items_changed();
    assert!(window.has("No item matches this filter"));
    assert_eq!((window.previewed(), window.selected()), (None, Vec::new()));
    assert!(window.has("Failed 0"), "the filter that hides everything can be seen");
    window.press("Failed 0");
    assert!(window.has("412 items"));
}

#[test]
fn the_previewed_item_is_the_next_one_after_a_removal_even_if_an_old_page_arrives_first() {
    let mut window = window(FakeEngine::add_items);
    for _ in 0..2 {
        window.key(Modifiers::NONE, Key::ArrowRight);
    }
    assert_eq!(window.previewed(), Some(3));
    window.key(Modifiers::NONE, Key::Delete);
    assert_eq!(window.commands(), [Command::Remove(vec![3])]);
    // The engine has not removed it yet, and answers once more.
    window.items_changed();
    window.engine.items.retain(|row| row.id.seq != 3);
    window.engine.job().progress.total = 411;
    window.items_changed();
    assert!(window.has("411 items"));
    assert_eq!(window.previewed(), Some(4));
}

#[test]
fn an_outdated_page_is_requested_again() {
    let mut window = window(running);
    window.press("Failed 3");
    // The engine answers with an order from before the change, because sorting a long list takes a while.
    window.engine.job().items_revision += 1;
    let request = window.engine.ends.shared.items.load_full().map(|page| page.request.clone()).unwrap();
    window.engine.ends.shared.snapshot.store(std::sync::Arc::new(window.engine.snapshot.clone()));
    window.harness.run_steps(20);
    let old = crate::engine::ItemsPage {
        revision: 0,
        ..window.engine.ends.shared.items.load_full().map(|page| page.as_ref().clone()).unwrap()
    };
    assert!(window.engine.ends.shared.items_wanted.take().is_some());
    window.engine.ends.shared.items.store(Some(std::sync::Arc::new(old)));
    window.harness.run_steps(20);
    assert_eq!(window.engine.ends.shared.items_wanted.take(), Some(request));
}

#[test]
fn the_histogram_can_be_hidden_and_stays_hidden() {
    let mut window = window(FakeEngine::add_items);
    assert!(window.has("Histogram of the result"));
    window.press("Histogram");
    assert!(!window.has("Histogram of the result"));
    let commands = window.commands();
    let [Command::SaveSettings(settings)] = commands.as_slice() else { panic!("{commands:?}") };
    assert!(settings.hides_histogram);
    let text = toml::to_string(settings.as_ref()).unwrap();
    let read: crate::config::Settings = toml::from_str(&text).unwrap();
    assert!(read.hides_histogram, "it is hidden the next time, too");
    window.press("Histogram");
    assert!(window.has("Histogram of the result"));
}

#[test]
fn an_incomplete_step_says_what_is_missing_and_the_preview_stays() {
    let mut window = window(|engine| {
        engine.add_items();
        engine.job().recipe = Recipe { steps: vec![Step::new("watermark_text")], ..Recipe::default() };
    });
    let preview = window.engine.ends.shared.preview.load_full();
    let why = Message::new("watermark_text").of("watermark_text");
    let faults = [StepFault { step_index: 0, why, is_of_item: false }].into();
    let faulty = Preview { faults, ..preview.as_ref().clone() };
    window.engine.ends.shared.preview.store(faulty.into());
    window.settle();
    let why = "enter the text of the watermark";
    assert!(window.harness.query_all_by_label_contains(why).next().is_some());
    assert!(window.has("Histogram of the result"), "the image is still shown");
}

#[test]
fn messages_about_steps_and_saving_name_no_parameter_of_the_command_line_in_the_window() {
    crate::init();
    let commands = crate::engine::registry().iter().flat_map(|op| op.params.iter().map(|param| param.name));
    let keys = crate::engine::save_keys().iter().map(|key| key.param.name);
    let names: Vec<&str> = commands.chain(keys).filter(|name| name.contains('_')).collect();
    for lang in [Lang::English, Lang::Korean] {
        for id in [
            "resize_no_size",
            "resize_one_size",
            "resize_fit",
            "crop_ways",
            "crop_start_or_gravity",
            "crop_edges_or_gravity",
            "crop_aspect",
            "crop_aspect_sides",
            "crop_aspect_start",
            "crop_all",
            "crop_outside_x",
            "crop_outside_y",
            "levels_order",
            "shadow_background",
            "watermark_text",
            "watermark_long",
            "watermark_file",
            "lut_file",
            "save_max_bytes_lossless",
            "save_no_profile",
            "save_effort_deflate",
        ] {
            let text = Message::of_id(id.to_owned()).window_text(lang);
            let named = names.iter().find(|name| text.contains(**name));
            assert!(named.is_none() && !text.contains('=') && !text.contains("--"), "{id}: {text}");
        }
    }
}

#[test]
fn the_name_template_shows_a_live_example_and_its_errors() {
    let mut window = window(FakeEngine::add_items);
    assert!(window.has("→ DSC_0412.webp"));
    window.type_into("Name", "{index:03}-{stem}-{width}x{height}");
    assert!(window.has("→ 001-DSC_0412-1600x1067.webp"), "while it is typed");
    window.type_into("Name", "{stem");
    let why = "The name template \"{stem\" has a stray brace \"{\".";
    assert!(window.harness.query_all_by_label_contains(why).next().is_some());
    window.type_into("Name", "{sku}");
    assert!(window.harness.query_all_by_label_contains("has an unknown field {sku}").next().is_some());
    window.key(Modifiers::NONE, Key::Enter);
    assert!(window.harness.query_all_by_label_contains("has an unknown field {sku}").next().is_some(), "and after it");
    window.type_into("Name", "");
    assert!(window.has("→ DSC_0412.webp"), "an empty one is the default");
    window.harness.check_accessibility();
}

#[test]
fn a_running_job_shows_its_own_recipe_which_can_not_be_changed() {
    let mut window = window(running);
    let note = "This job keeps the recipe it was started with. Choose “New job” to use another one.";
    assert!(window.has(note));
    let is_disabled = |window: &Window, name: &str| {
        window.harness.query_all_by_label(name).all(|node| node.accesskit_node().is_disabled())
    };
    for name in ["Remove: Sharpen", "Add filter", "Resize: Long edge", "Quality", "Name"] {
        assert!(window.has(name) && is_disabled(&window, name), "{name}");
    }
    window.harness.get_by_role_and_label(Role::CheckBox, "Sharpen").click();
    window.press("Remove: Saturation");
    assert_eq!(window.commands(), []);
    window.press("New job");
    assert_eq!(window.commands(), [Command::Clear], "the next job can be prepared meanwhile");
    window.engine.finish();
    window.settle();
    assert!(!window.has(note) && !is_disabled(&window, "Add filter"));
}

#[test]
fn closing_the_window_during_a_job_asks_first() {
    let mut window = window(running);
    assert!(!window.ask_to_close());
    assert!(window.has("A job is still running"));
    window.press("Keep it open");
    assert!(!window.has("A job is still running"));
    assert!(!window.ask_to_close(), "it asks each time");
    window.harness.get_by_label("Pause and close").click();
    window.harness.run_steps(2);
    assert!(window.ask_to_close(), "it was confirmed");
}

#[test]
fn closing_asks_for_a_job_in_the_background_too_and_never_without_one() {
    let mut window = window(FakeEngine::add_items);
    assert!(window.ask_to_close(), "a draft is kept");
    window.engine.snapshot.running_elsewhere = Some(crate::model::JobId(3));
    window.engine.publish();
    window.settle();
    assert!(!window.ask_to_close());
    window.engine.snapshot.running_elsewhere = None;
    window.engine.job().state = JobState::Paused;
    window.engine.publish();
    window.settle();
    assert!(!window.has("A job is still running"), "it ended meanwhile, and the window closes");
    assert!(window.ask_to_close(), "a paused job loses nothing");
}

#[test]
fn the_window_says_when_the_catalog_is_locked_and_continues_when_it_is_free() {
    let mut window = window(|engine| {
        let locked = Message::new("catalog_locked").with("path", "/home/me/catalog.sqlite");
        engine.snapshot.catalog_fault = Some(crate::error::JobError::Machine(locked));
        engine.snapshot.current = None;
    });
    let words =
        "The catalog /home/me/catalog.sqlite is locked by another program. Pixloom continues as soon as it is free.";
    assert!(window.has(words) && window.has("Opening the catalog…"));
    assert!(window.has("Add images…"), "work can begin meanwhile");
    window.harness.check_accessibility();
    window.engine.snapshot.catalog_fault = None;
    window.engine.publish();
    window.settle();
    assert!(!window.has(words));
}

#[test]
fn a_later_start_brings_the_window_to_the_front_once() {
    let mut window = window(FakeEngine::add_items);
    window.engine.snapshot.raised = 1;
    window.engine.publish();
    window.harness.run_steps(1);
    let commands = |window: &Window| {
        let output = window.harness.output().viewport_output.get(&egui::ViewportId::ROOT);
        output.map(|output| output.commands.clone()).unwrap_or_default()
    };
    assert!(commands(&window).contains(&ViewportCommand::Focus));
    window.harness.run_steps(1);
    assert!(!commands(&window).contains(&ViewportCommand::Focus));
}

#[test]
fn a_step_that_can_not_be_applied_to_one_image_leaves_the_image_and_says_why() {
    let mut window = window(|engine| {
        engine.add_items();
        engine.job().recipe = Recipe { steps: vec![Step::new("crop").with("x", 9000.0)], ..Recipe::default() };
    });
    let preview = window.engine.ends.shared.preview.load_full();
    let why = Message::new("crop_outside_x").with("x", 9000).with("width", 1600).of("crop");
    let faults = [StepFault { step_index: 0, why: why.clone(), is_of_item: true }].into();
    window.engine.ends.shared.preview.store(Preview { faults, ..preview.as_ref().clone() }.into());
    window.settle();
    assert!(window.has(&format!("Not applied: {}", why.window_text(Lang::English))));
    assert!(window.has("Histogram of the result") && window.has("Before") && window.has("After"));
}

#[test]
fn items_with_remarks_and_skipped_ones_can_be_listed_alone() {
    let mut window = window(running);
    window.press("With remarks");
    assert!(window.harness.state_mut().state_mut().listing.filter.is_remarked);
    window.press("Done 259");
    let filter = window.harness.state_mut().state_mut().listing.filter.clone();
    assert_eq!((filter.state, filter.is_remarked), (Some(crate::model::ItemState::Done), true));
    window.press("With remarks");
    window.press("Done 259");
    assert_eq!(window.harness.state_mut().state_mut().listing.filter, crate::engine::ItemsFilter::default());
}

#[test]
fn the_bar_and_the_rate_move_while_a_large_file_is_received() {
    let mut window = window(|engine| {
        running(engine);
        let progress = &mut engine.job().progress;
        *progress = Progress { total: 2, total_is_final: true, ..Progress::default() };
        (progress.received_items, progress.bytes_per_s) = (0.5, 14e6);
    });
    for name in ["25 %", "0 of 2", "14 MB/s"] {
        assert!(window.has(name), "{name}");
    }
    window.engine.job().progress.received_items = 0.98;
    window.engine.publish();
    window.settle();
    assert!(window.has("49 %"));
}
