//! The window with the real engine, operated by accessible names, from an empty window to finished files and the
//! history.

#![cfg(feature = "gui")]
#![expect(clippy::unwrap_used, reason = "tests")]
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "tests prepare files and servers")]

#[expect(dead_code, reason = "only the server's plainest answers are needed here")]
mod util;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use pixloom::engine::{Command, Engine, EngineOptions, Handle};
use pixloom::gui::App;
use pixloom::model::{JobRow, JobState, Step};

const PATIENCE: Duration = Duration::from_mins(1);

/// A path that was dropped on the window.
#[derive(Debug)]
struct Dropped(PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        std::fs::read(&self.0).map_err(|error| error.to_string())
    }
}

/// A window with its own engine, and its files in a scratch folder.
struct TestWindow {
    harness: Harness<'static, App>,
    handle: Handle,
    engine: Engine,
    dir: tempfile::TempDir,
}

impl TestWindow {
    fn new() -> Self {
        Self::at(tempfile::tempdir().unwrap())
    }

    fn at(dir: tempfile::TempDir) -> Self {
        let options = EngineOptions {
            settings_path: Some(dir.path().join("settings.toml")),
            secrets_path: Some(dir.path().join("secrets.toml")),
            ..EngineOptions::for_window(dir.path().join("catalog.sqlite"))
        };
        let engine = Engine::start(options).unwrap();
        let handle = engine.handle();
        let window_handle = engine.handle();
        let harness = Harness::builder()
            .with_size([1440.0, 900.0])
            // Frames are drawn faster than on a screen: the window's clock must not run ahead of the engine.
            .with_step_dt(1.0 / 60.0)
            .build_eframe(move |creation| App::new(&creation.egui_ctx, window_handle));
        Self { harness, handle, engine, dir }
    }

    /// Copies of sample images in their own folder.
    fn images(&self, names: &[&str]) -> PathBuf {
        let folder = self.dir.path().join("pictures");
        std::fs::create_dir_all(&folder).unwrap();
        let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/samples");
        for name in names {
            std::fs::copy(samples.join(name), folder.join(name)).unwrap();
        }
        folder
    }

    /// Draws frames until the condition holds.
    fn until(&mut self, what: &str, condition: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !condition(self) {
            assert!(Instant::now() < deadline, "not within {PATIENCE:?}: {what}");
            self.harness.step();
            std::thread::yield_now();
        }
    }

    /// Jobs of the catalog that were started.
    fn jobs(&self) -> Vec<JobRow> {
        let jobs = self.engine.reader().unwrap().jobs(100).unwrap().into_iter();
        jobs.filter(|job| job.state != JobState::Draft).collect()
    }

    fn has(&self, name: &str) -> bool {
        self.harness.query_all_by_label(name).next().is_some()
    }

    fn until_seen(&mut self, name: &str) {
        self.until(name, |window| window.has(name));
    }

    /// Waits for a control with this name, and clicks it.
    fn press(&mut self, name: &str) {
        self.until_seen(name);
        self.harness.query_all_by_label(name).next().unwrap().click_accesskit();
        self.harness.run_steps(2);
    }

    /// Clicks a control until another one is visible: a control that moves at that moment is missed.
    fn press_for(&mut self, name: &str, seen: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.has(seen) {
            assert!(Instant::now() < deadline, "{name} brings no {seen}");
            self.press(name);
            self.harness.run_steps(30);
        }
    }

    /// Drops files or folders on the window.
    fn drop(&mut self, paths: &[PathBuf]) {
        for path in paths {
            self.harness.input_mut().dropped_files.push(std::sync::Arc::new(Dropped(path.clone())));
        }
        self.harness.run_steps(2);
    }

    /// Replaces the text of a field, and leaves it.
    fn type_into(&mut self, name: &str, text: &str) {
        self.until_seen(name);
        let role = egui::accesskit::Role::TextInput;
        self.harness.get_by_role_and_label(role, name).focus();
        self.harness.run_steps(2);
        self.harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::A);
        self.harness.run_steps(1);
        if text.is_empty() {
            self.harness.key_press(egui::Key::Backspace);
        } else {
            self.harness.get_by_role_and_label(role, name).type_text(text);
        }
        self.harness.run_steps(2);
        self.harness.key_press(egui::Key::Tab);
        self.harness.run_steps(2);
    }

    /// Chooses an entry of a drop-down field.
    fn choose(&mut self, field: &str, entry: &str) {
        let role = egui::accesskit::Role::ComboBox;
        self.until(field, |window| window.harness.query_by_role_and_label(role, field).is_some());
        self.harness.get_by_role_and_label(role, field).click_accesskit();
        self.harness.run_steps(4);
        self.harness.get_by_role_and_label(egui::accesskit::Role::MenuItem, entry).click_accesskit();
        self.harness.run_steps(4);
    }

    fn paste(&mut self, text: &str) {
        self.harness.event(egui::Event::Paste(text.to_owned()));
        self.harness.run_steps(2);
    }
}

#[test]
fn dropped_images_are_filtered_saved_and_listed_in_the_history() {
    let mut window = TestWindow::new();
    window.until_seen("Drop images here, or paste a list of links");
    let folder = window.images(&["dunes-at-dusk.jpg", "tulip-field.jpg", "orange-slice.png"]);
    window.drop(std::slice::from_ref(&folder));
    window.until_seen("3 items");
    window.press("Add filter");
    window.press("Flip");
    window.until("the step reached the engine", |window| {
        let view = window.handle.snapshot().current.clone().unwrap();
        view.recipe.steps == [Step::new("flip")]
    });
    window.press("Start 3 items");
    window.until_seen("Open results");
    let out = window.dir.path().join("pictures-pixloom");
    for name in ["dunes-at-dusk.jpg", "tulip-field.jpg", "orange-slice.png"] {
        let result = std::fs::read(out.join(name)).unwrap();
        assert_ne!(result, std::fs::read(folder.join(name)).unwrap(), "{name} went through the filter");
    }
    assert_eq!(std::fs::read_dir(&out).unwrap().count(), 3, "nothing else was left there");
    window.press("Jobs");
    window.until("the job is listed", |window| {
        let page = window.handle.jobs();
        page.is_some_and(|page| page.rows.iter().any(|job| job.row.state == JobState::Done && job.row.done == 3))
    });
}

#[test]
fn pasted_links_are_fetched_and_a_dead_one_can_be_retried() {
    let mut window = TestWindow::new();
    let photo = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/samples/tulip-field.jpg")).unwrap();
    let body = photo.clone();
    let server = util::server::Server::start(move |request| match request.path.as_str() {
        "/tulips.jpg" => util::server::ok(body.clone(), "image/jpeg"),
        _ => util::server::status(404),
    });
    let out = window.dir.path().join("out");
    window.until("a draft", |window| window.handle.snapshot().current.is_some());
    let sink = window.handle.snapshot().current.clone().unwrap().sink;
    window.handle.send(Command::SetSink(pixloom::model::SinkSpec { dir: Some(out.clone()), ..sink }));
    window.paste(&format!("look: {0}/tulips.jpg and {0}/gone.jpg", server.url("")));
    window.press("Start 2 items");
    window.press("Retry 1 failed");
    window.until_seen("Open results");
    assert_eq!(std::fs::read(out.join("tulips.jpg")).unwrap(), photo, "a plain fetch keeps every byte");
    assert_eq!(std::fs::read_dir(&out).unwrap().count(), 1);
}

#[test]
fn the_draft_is_restored_when_the_window_opens_again() {
    let mut window = TestWindow::new();
    let folder = window.images(&["dunes-at-dusk.jpg", "tulip-field.jpg"]);
    window.drop(&[folder]);
    window.until_seen("2 items");
    window.press("Add filter");
    window.press("Flip");
    window.until("the step reached the engine", |window| {
        !window.handle.snapshot().current.clone().unwrap().recipe.steps.is_empty()
    });
    let TestWindow { engine, harness, dir, .. } = window;
    drop(harness);
    drop(engine);
    let mut window = TestWindow::at(dir);
    window.until_seen("Start 2 items");
    let view = window.handle.snapshot().current.clone().unwrap();
    assert_eq!(view.recipe.steps, [Step::new("flip")]);
}

#[test]
fn network_settings_are_saved_and_used_by_the_next_job_without_the_proxys_password() {
    let mut window = TestWindow::new();
    let server = util::server::Server::start(|_| util::server::status(404));
    window.until_seen("Drop images here, or paste a list of links");
    window.press("Settings");
    window.press("Always");
    window.type_into("Requests per second", "50");
    // Each edit arrives before the next one: frames are drawn faster here than any person types.
    window.until("the rate", |window| window.handle.snapshot().settings.network.requests_per_s == Some(50.0));
    window.press("Address");
    window.type_into("Proxy address", &server.url("").replace("http://", "http://me:s3cret@"));
    window.until("the proxy", |window| window.handle.snapshot().settings.network.access.len() == 1);
    window.until_seen("The user name and password are stored separately, readable only by you.");
    window.type_into("Host to add", "nas.local");
    window.until("the host", |window| window.handle.snapshot().settings.network.insecure_hosts == ["nas.local"]);
    window.type_into("CA file", &window.dir.path().join("no.pem").display().to_string());
    window.until_seen("There is no such file. Jobs can't start until it exists.");
    window.type_into("Cookie file", &window.dir.path().join("none.txt").display().to_string());
    window.until("the cookies", |window| window.handle.snapshot().settings.network.cookie_file.is_some());
    window.type_into("Cookie file", "");
    window.until("no cookies", |window| window.handle.snapshot().settings.network.cookie_file.is_none());
    window.type_into("User-Agent", "shop/1.0");
    window.until("the agent", |window| window.handle.snapshot().settings.network.user_agent.is_some());
    window.type_into("CA file", "");
    window.until("the file is forgotten", |window| window.handle.snapshot().settings.network.ca_file.is_none());
    window.press("Close");
    window.paste("http://h.example/a.jpg");
    window.press("Start 1 item");
    window.until("the job is in the history", |window| !window.jobs().is_empty());
    let network = window.engine.reader().unwrap().request(window.jobs()[0].id).unwrap().unwrap().network;
    assert_eq!(network.robots, pixloom::model::RobotsPolicy::Always);
    assert_eq!(
        (network.requests_per_s, network.insecure_hosts.as_slice()),
        (Some(50.0), &["nas.local".to_owned()][..])
    );
    assert_eq!(network.proxy, pixloom::model::ProxyChoice::Url(server.url("/")));
    let settings = std::fs::read_to_string(window.dir.path().join("settings.toml")).unwrap();
    assert_eq!(network.user_agent.as_deref(), Some("shop/1.0"));
    assert!(settings.contains("user_agent = \"shop/1.0\""), "{settings}");
    assert!(settings.contains("robots = \"always\"") && !settings.contains("s3cret"), "{settings}");
}

#[test]
fn a_step_shows_the_text_of_the_item_and_why_it_can_not_be_applied_to_it() {
    let mut window = TestWindow::new();
    window.until_seen("Drop images here, or paste a list of links");
    let folder = window.images(&["tulip-field.jpg"]);
    window.handle.send(Command::AddPaths(vec![folder]));
    window.until_seen("Start 1 item");
    let crop = Step::new("crop").with("x", 60_000.0).with("y", 0.0).with("width", 9.0).with("height", 9.0);
    let steps = vec![Step::new("watermark_text").with("text", "{stem} {index:03}"), crop];
    window.handle.send(Command::SetRecipe(pixloom::model::Recipe { steps, ..Default::default() }));
    window.until_seen("→ tulip-field 001");
    window.until("the reason", |window| {
        window
            .harness
            .query_all_by_label_contains("Not applied: Crop: it begins 60000 px from the left")
            .next()
            .is_some()
    });
    assert!(window.has("Before") && window.has("After"), "the image is shown");
}

#[test]
fn the_columns_of_an_added_list_can_be_changed_and_undone() {
    let mut window = TestWindow::new();
    window.until_seen("Drop images here, or paste a list of links");
    let list = window.dir.path().join("shops.csv");
    std::fs::write(
        &list,
        "id,link,big\n1,http://h.example/1.jpg,http://h.example/b1.jpg\n2,no link,http://h.example/b2.jpg\n",
    )
    .unwrap();
    window.drop(&[list]);
    window.until_seen("shops.csv has no column “url”.");
    window.until_seen("shops.csv: no column “url”");
    window.press_for("Choose column…", "Link column");
    window.choose("Link column", "link");
    window.press("Close");
    let locators = |window: &TestWindow| {
        let job = window.handle.snapshot().current.clone().unwrap();
        let reader = window.engine.reader().unwrap();
        let rows = reader.page_by_seq(job.id, 0, 10).unwrap().rows;
        rows.iter().map(|row| row.locator.to_text()).collect::<Vec<_>>()
    };
    window.paste("http://h.example/own.jpg");
    window.until("what the column gives", |window| {
        locators(window) == ["http://h.example/1.jpg", "no link", "http://h.example/own.jpg"]
    });
    window.press_for("Columns: shops.csv", "Link column");
    window.choose("Link column", "big");
    window.choose("Checksum column", "id");
    window.press("Close");
    window.until("what the other column gives, and what was pasted", |window| {
        locators(window) == ["http://h.example/own.jpg", "http://h.example/b1.jpg", "http://h.example/b2.jpg"]
    });
    window.until("the column of checksums", |window| {
        window.handle.snapshot().current.clone().unwrap().lists.checksum_column.as_deref() == Some("id")
    });
    window.handle.send(Command::Undo);
    window.handle.send(Command::Undo);
    window.until("the first column again", |window| {
        let lists = window.handle.snapshot().current.clone().unwrap().lists;
        lists.url_column.as_deref() == Some("link") && locators(window).len() == 3
    });
}

#[test]
fn credentials_entered_in_the_settings_are_sent_and_stored_only_in_the_secrets_file() {
    let mut window = TestWindow::new();
    let told = std::sync::Arc::new(std::sync::Mutex::new(None));
    let heard = std::sync::Arc::clone(&told);
    let server = util::server::Server::start(move |request| {
        *heard.lock().unwrap() = request.headers.get("authorization").cloned();
        util::server::status(404)
    });
    window.until_seen("Drop images here, or paste a list of links");
    window.press("Settings");
    window.press("Add credentials…");
    window.type_into("Host", &server.url(""));
    window.until_seen("Token");
    let role = egui::accesskit::Role::PasswordInput;
    window.harness.get_by_role_and_label(role, "Token").focus();
    window.harness.run_steps(2);
    window.harness.get_by_role_and_label(role, "Token").type_text("s3cret");
    window.harness.run_steps(2);
    window.press("Save credentials");
    window.until("the entry", |window| window.handle.snapshot().settings.network.access.len() == 1);
    window.press("Close");
    window.paste(&server.url("/a.jpg"));
    window.press("Start 1 item");
    window.until("the host was asked", |_| told.lock().unwrap().is_some());
    assert_eq!(told.lock().unwrap().as_deref(), Some("Bearer s3cret"));
    window.until("the job has ended", |window| window.jobs().iter().any(|job| job.state == JobState::Done));
    for entry in std::fs::read_dir(window.dir.path()).unwrap() {
        let path = entry.unwrap().path();
        let holds = std::fs::read(&path).is_ok_and(|bytes| bytes.windows(6).any(|part| part == b"s3cret"));
        assert_eq!(holds, path.ends_with("secrets.toml"), "{}", path.display());
    }
}

/// Unix file names may contain anything except a slash.
#[cfg(unix)]
#[test]
fn dropped_files_may_have_any_name() {
    let mut window = TestWindow::new();
    let folder = window.images(&["orange-slice.png"]);
    let names = ["ends in a space.png ", "two\nlines.png", " starts with one.png", "https:", "file:"];
    let paths: Vec<PathBuf> = names.iter().map(|name| folder.join(name)).collect();
    for path in &paths {
        std::fs::copy(folder.join("orange-slice.png"), path).unwrap();
    }
    window.drop(&paths);
    window.until_seen(&format!("Start {} items", names.len()));
    let job = window.handle.snapshot().current.as_ref().unwrap().id;
    let rows = window.engine.reader().unwrap().after(job, 0, 100).unwrap();
    let mut found: Vec<&Path> = rows.iter().filter_map(|row| row.locator.path()).collect();
    let mut wanted: Vec<&Path> = paths.iter().map(PathBuf::as_path).collect();
    found.sort();
    wanted.sort();
    assert_eq!(found, wanted);
}
