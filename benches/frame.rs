//! CPU time of a frame (logic, ui and tessellation, on the window's own thread) with 10,000 items, before and while a
//! job saturates the cores: `cargo bench --bench frame`. The renderer's part is not in it.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints its figures and may stop")]
#![expect(clippy::disallowed_methods, reason = "a benchmark prepares files")]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use eframe::App as _;
use pixloom::engine::{Command, Engine, EngineOptions, Handle, PreviewRequest, Zoom};
use pixloom::model::{ItemId, JobState, RawChoice, Recipe, Save, Step};
use pixloom::source;

const ITEMS: usize = 10_000;
const FRAMES: usize = 600;
const PATIENCE: Duration = Duration::from_mins(2);

fn main() {
    let scratch = tempfile::tempdir().unwrap();
    let pictures = scratch.path().join("pictures");
    fill(&pictures);
    let options =
        EngineOptions { settings_path: None, ..EngineOptions::for_window(scratch.path().join("catalog.sqlite")) };
    let engine = Engine::start(options).unwrap();
    let handle = engine.handle();
    let mut window = Window::new(handle.clone());

    handle.send(Command::Add(vec![source::folder(pictures, false)]));
    window.until(&handle, |view| view.progress.total == ITEMS as u64 && !view.counting);
    report("10,000 items, idle", window.frames(FRAMES));

    handle.send(Command::SetRecipe(Recipe {
        steps: vec![Step::new("resize").with("long_edge", 800.0), Step::new("sharpen")],
        ..Recipe::default()
    }));
    handle.send(Command::Start);
    window.until(&handle, |view| view.state == JobState::Running && view.progress.done > 20);
    report("10,000 items, a job at work", window.frames(FRAMES));

    let view = handle.snapshot().current.clone().unwrap();
    let asked = Instant::now();
    handle.send(Command::Cancel(view.id));
    window.until(&handle, |view| view.state == JobState::Cancelled);
    println!("{:<30} {:>7.1} ms until Cancel is seen", "", asked.elapsed().as_secs_f64() * 1e3);
    drop(engine);
    match std::env::var_os("PIXLOOM_CORPUS").map(|corpus| Path::new(&corpus).join("photos")) {
        Some(photos) => previews(&photos, scratch.path()),
        None => println!("slider to preview: left out; PIXLOOM_CORPUS names no folder with photos"),
    }
}

/// From a slider's move to the preview that answers it, at fit size and at 100 % in a window of 1440 by 900: idle, and
/// while a job works on a thousand such photographs.
fn previews(photos: &Path, scratch: &Path) {
    let folder = scratch.join("photographs");
    std::fs::create_dir_all(&folder).unwrap();
    let mut photos: Vec<PathBuf> = std::fs::read_dir(photos).unwrap().map(|entry| entry.unwrap().path()).collect();
    photos.sort();
    let original = folder.join("0.original");
    std::fs::copy(&photos[0], &original).unwrap();
    for n in 0..1000 {
        std::fs::hard_link(&original, folder.join(format!("{n:04}.jpg"))).unwrap();
    }
    let options = EngineOptions { settings_path: None, ..EngineOptions::for_window(scratch.join("previews.sqlite")) };
    let engine = Engine::start(options).unwrap();
    let handle = engine.handle();
    let mut window = Window::new(handle.clone());
    handle.send(Command::Add(vec![source::folder(folder, false)]));
    window.until(&handle, |view| view.progress.total > 0 && !view.counting);
    let id = ItemId { job: handle.snapshot().current.as_ref().unwrap().id, seq: 900 };
    sliders(&handle, id, "idle");
    handle.send(Command::SetRecipe(Recipe {
        steps: vec![Step::new("resize").with("long_edge", 2048.0), Step::new("sharpen")],
        ..Recipe::default()
    }));
    handle.send(Command::Start);
    window.until(&handle, |view| view.state == JobState::Running && view.progress.done > 2);
    sliders(&handle, id, "during a job");
    assert!(
        handle.snapshot().current.as_ref().is_some_and(|view| view.state == JobState::Running),
        "it ended too soon"
    );
}

/// Moves sliders: one on colour alone, one behind a resize, one before a sharpening.
fn sliders(handle: &Handle, id: ItemId, when: &str) {
    let brightness = |n: usize| Step::new("brightness").with("amount", (n % 100) as f64 / 2.0);
    let resize = Step::new("resize").with("long_edge", 1600.0);
    let sharpen = Step::new("sharpen").with("amount", 0.8);
    let full = Zoom::Full { x: 0.5, y: 0.5 };
    for (what, zoom, before, after) in [
        ("brightness, to fit", Zoom::Fit, None, None),
        ("behind a resize, to fit", Zoom::Fit, Some(&resize), None),
        ("before a sharpening, to fit", Zoom::Fit, None, Some(&sharpen)),
        ("brightness, at 100 %", full, None, None),
        ("before a sharpening, at 100 %", full, None, Some(&sharpen)),
    ] {
        let spent = (0..60).map(|n| {
            let steps = before.cloned().into_iter().chain([brightness(n)]).chain(after.cloned()).collect();
            let recipe = Recipe { steps, ..Recipe::default() };
            let request = PreviewRequest {
                id,
                recipe,
                save: Save::default(),
                raw: RawChoice::default(),
                zoom,
                area_px: (872, 340),
            };
            let asked = Instant::now();
            handle.want_preview(Some(request.clone()));
            while handle.preview().request.as_ref() != Some(&request) {
                assert!(asked.elapsed() < PATIENCE, "no preview");
                std::thread::sleep(Duration::from_micros(500));
            }
            asked.elapsed()
        });
        // The first one decodes the picture.
        let mut spent: Vec<Duration> = spent.collect();
        let first = spent.remove(0);
        spent.sort();
        let ms = |share: f64| spent[((spent.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
        let first_ms = first.as_secs_f64() * 1e3;
        println!("{what:<30} {when:<12} median {:>6.1} ms, p95 {:>6.1} ms, first {first_ms:.0} ms", ms(0.5), ms(0.95));
    }
}

/// The window's content without a screen.
struct Window {
    ctx: egui::Context,
    app: pixloom::gui::App,
    frame: eframe::Frame,
    started: Instant,
    count: usize,
}

impl Window {
    fn new(handle: Handle) -> Self {
        let ctx = egui::Context::default();
        ctx.enable_accesskit();
        let app = pixloom::gui::App::new(&ctx, handle);
        Self { ctx, app, frame: eframe::Frame::_new_kittest(), started: Instant::now(), count: 0 }
    }

    /// One frame with the pointer wandering over the items and the wheel turning; gives its CPU time.
    fn frame(&mut self) -> Duration {
        self.count += 1;
        let place = egui::pos2(400.0 + (self.count % 300) as f32, 260.0);
        let wheel = egui::Event::MouseWheel {
            unit: egui::MouseWheelUnit::Point,
            delta: egui::vec2(0.0, if self.count % 400 < 200 { -24.0 } else { 24.0 }),
            modifiers: egui::Modifiers::NONE,
            phase: egui::TouchPhase::Move,
            source: egui::MouseWheelSource::Wheel,
        };
        let input = egui::RawInput {
            screen_rect: Some(egui::Rect::from_min_size(egui::Pos2::ZERO, egui::vec2(1440.0, 900.0))),
            time: Some(self.started.elapsed().as_secs_f64()),
            events: vec![egui::Event::PointerMoved(place), wheel],
            ..egui::RawInput::default()
        };
        let before = cpu_time();
        let (app, frame) = (&mut self.app, &mut self.frame);
        app.logic(&self.ctx, frame);
        let mut output = self.ctx.run_ui(input, |ui| app.ui(ui, frame));
        let shapes = self.ctx.tessellate(output.shapes, output.pixels_per_point);
        let spent = cpu_time().saturating_sub(before);
        std::hint::black_box(shapes);
        output.textures_delta.clear();
        spent
    }

    /// Frames at 60 a second.
    fn frames(&mut self, count: usize) -> Vec<Duration> {
        (0..count)
            .map(|_| {
                let began = Instant::now();
                let spent = self.frame();
                std::thread::sleep(Duration::from_millis(16).saturating_sub(began.elapsed()));
                spent
            })
            .collect()
    }

    fn until(&mut self, handle: &Handle, condition: impl Fn(&pixloom::engine::JobView) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !handle.snapshot().current.as_ref().is_some_and(&condition) {
            assert!(Instant::now() < deadline, "not within {PATIENCE:?}");
            self.frames(1);
        }
    }
}

/// Hard links to the sample photographs, as many as wanted.
fn fill(folder: &Path) {
    std::fs::create_dir_all(folder).unwrap();
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/samples");
    let sources = ["dunes-at-dusk.jpg", "lighthouse-coast.jpg", "tulip-field.jpg", "aurora-lake.jpg"];
    let originals = sources.map(|name| {
        let copy = folder.join(format!("{name}.original"));
        std::fs::copy(samples.join(name), &copy).unwrap();
        copy
    });
    for n in 0..ITEMS {
        std::fs::hard_link(&originals[n % originals.len()], folder.join(format!("DSC_{n:05}.jpg"))).unwrap();
    }
}

fn report(what: &str, mut spent: Vec<Duration>) {
    spent.sort();
    let ms = |share: f64| spent[((spent.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    println!("{what:<30} frame CPU: median {:.2} ms, p99 {:.2} ms, max {:.2} ms", ms(0.5), ms(0.99), ms(1.0));
}

#[cfg(unix)]
fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Without a clock of the thread's own, the wall's.
#[cfg(not(unix))]
fn cpu_time() -> Duration {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}
