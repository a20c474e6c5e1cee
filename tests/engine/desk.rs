//! A desk to work at: a folder with inputs, an output folder, a catalog, and an engine; and pictures to put on it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, bounded};
use pixloom::catalog::CatalogReader;
use pixloom::engine::{Command, Engine, EngineOptions, Handle, JobEntry, JobView, JobsRequest, Snapshot};
use pixloom::model::{
    Edge, Event, Format, FormatChoice, ItemRow, ItemState, JobId, JobRow, JobSpec, JobState, Limits, Locator, Output,
    Recipe, SinkSpec, SourceSpec, Step,
};
use pixloom::source;

/// No wait may take longer; far above what a busy machine needs.
pub(crate) const DEADLINE: Duration = Duration::from_mins(3);
/// How often a condition is looked at even when nothing rings.
const LOOK: Duration = Duration::from_millis(20);

/// The writing end of a list. A reader that opens the list after this was dropped sees the end of it, too.
#[cfg(unix)]
pub(crate) struct EndOfList {
    path: PathBuf,
    pipe: Option<fs::File>,
}

#[cfg(unix)]
impl Drop for EndOfList {
    fn drop(&mut self) {
        let pipe = self.pipe.take();
        let Ok(writer) = fs::File::options().write(true).open(&self.path) else { return };
        drop(pipe);
        // Without a writer, opening the list would wait forever: one stays until there is a reader.
        let path = std::mem::take(&mut self.path);
        std::thread::spawn(move || {
            let until = Instant::now() + DEADLINE;
            let nonblocking = rustix::fs::OFlags::WRONLY | rustix::fs::OFlags::NONBLOCK;
            while Instant::now() < until {
                match rustix::fs::open(&path, nonblocking, rustix::fs::Mode::empty()) {
                    Err(rustix::io::Errno::NXIO) => std::thread::sleep(LOOK),
                    // There is a reader, or the list's folder is gone.
                    _ => break,
                }
            }
            drop(writer);
        });
    }
}

pub(crate) struct Desk {
    // Declared first: it ends before its folder goes.
    engine: Option<Engine>,
    bell_rx: Receiver<()>,
    manner: Manner,
    helper_program: PathBuf,
    dir: tempfile::TempDir,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Lists drafts, waits without end.
    Window,
    /// Stops, resumable, where a window waits.
    CommandLine,
}

impl Desk {
    pub(crate) fn window() -> Self {
        Self::new(Manner::Window)
    }

    pub(crate) fn command_line() -> Self {
        Self::new(Manner::CommandLine)
    }

    fn new(manner: Manner) -> Self {
        let mut desk = Self::without_engine(manner);
        desk.start();
        desk
    }

    /// A desk at which nobody works yet.
    pub(crate) fn without_engine(manner: Manner) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("in")).unwrap();
        let helper_program = env!("CARGO_BIN_EXE_pixloom").into();
        Self { engine: None, bell_rx: bounded(1).1, manner, helper_program, dir }
    }

    /// A desk whose helpers are another program.
    pub(crate) fn with_helper_program(program: impl Into<PathBuf>) -> Self {
        let mut desk = Self::without_engine(Manner::CommandLine);
        desk.helper_program = program.into();
        desk.start();
        desk
    }

    /// Starts the engine, on the catalog that is there.
    pub(crate) fn start(&mut self) {
        let lists_drafts = self.manner == Manner::Window;
        let options = EngineOptions {
            catalog_path: self.catalog_path(),
            settings_path: None,
            secrets_path: None,
            lists_drafts,
            waits: self.manner == Manner::Window,
            helper_program: Some(self.helper_program.clone()),
            command_of: Some(pixloom::cli::command_of),
        };
        let engine = Engine::start(options).unwrap();
        let (bell_tx, bell_rx) = bounded(1);
        engine.handle().on_change(move || {
            let _ = bell_tx.try_send(());
        });
        self.bell_rx = bell_rx;
        self.engine = Some(engine);
        if lists_drafts {
            self.wait("something is listed", |snapshot| snapshot.current.is_some());
        }
    }

    /// Closes the program: what is at work is left, resumable.
    pub(crate) fn quit(&mut self) {
        self.engine = None;
    }

    pub(crate) fn handle(&self) -> Handle {
        self.engine.as_ref().unwrap().handle()
    }

    pub(crate) fn reader(&self) -> Box<dyn CatalogReader> {
        self.engine.as_ref().unwrap().reader().unwrap()
    }

    pub(crate) fn catalog_path(&self) -> PathBuf {
        self.dir.path().join("catalog.sqlite")
    }

    /// A path on the desk.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn out(&self) -> PathBuf {
        self.path("out")
    }

    /// Puts an input on the desk.
    pub(crate) fn put(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.dir.path().join("in").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    /// Puts so many small pictures on the desk: `00.png`, `01.png`, ... of different pixels.
    pub(crate) fn put_pictures(&self, count: u32) -> SourceSpec {
        for n in 0..count {
            self.put(&format!("{n:03}.png"), png(32 + n % 7, 24, n));
        }
        source::folder(self.path("in"), false)
    }

    /// A list of links that ends when its other end is dropped: sources after it in a job have to wait.
    #[cfg(unix)]
    pub(crate) fn slow_list(&self) -> (SourceSpec, EndOfList) {
        let path = self.path("list.txt");
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        // Opened for both, because opening only one end waits for the other.
        let pipe = fs::File::options().read(true).write(true).open(&path).unwrap();
        (source::url_list(&path), EndOfList { path, pipe: Some(pipe) })
    }

    /// A job that copies what the sources give.
    pub(crate) fn copies(&self, sources: Vec<SourceSpec>) -> JobSpec {
        JobSpec {
            sources,
            outputs: vec![Output {
                sink: SinkSpec { dir: Some(self.out()), ..SinkSpec::default() },
                ..Output::default()
            }],
            limits: Limits { workers: Some(2), ..Limits::default() },
            ..JobSpec::default()
        }
    }

    /// A job of these steps.
    pub(crate) fn job(&self, sources: Vec<SourceSpec>, steps: Vec<Step>, format: FormatChoice) -> JobSpec {
        let mut spec = JobSpec { recipe: recipe(steps), ..self.copies(sources) };
        spec.output_mut().save.format = format;
        spec
    }

    /// Sends a command and returns its number.
    pub(crate) fn send(&self, command: Command) -> u64 {
        self.handle().send(command).unwrap()
    }

    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        self.handle().snapshot()
    }

    /// Waits for a snapshot that fulfils a condition, and returns it.
    pub(crate) fn wait(&self, what: &str, is_there: impl Fn(&Snapshot) -> bool) -> Arc<Snapshot> {
        let found = self.wait_for(what, |snapshot| is_there(snapshot).then(|| self.snapshot()));
        drop(found);
        self.snapshot()
    }

    /// Waits until `look` finds something; it looks again whenever the engine signals a change.
    pub(crate) fn wait_for<T>(&self, what: &str, look: impl Fn(&Snapshot) -> Option<T>) -> T {
        let until = Instant::now() + DEADLINE;
        loop {
            let snapshot = self.snapshot();
            if let Some(found) = look(&snapshot) {
                return found;
            }
            assert!(Instant::now() < until, "not reached: {what}; the snapshot is {snapshot:#?}");
            let _ = self.bell_rx.recv_timeout(LOOK);
        }
    }

    /// Submits a job and waits until it is listed.
    pub(crate) fn submit(&self, spec: JobSpec) -> JobId {
        let seen = last_event(&self.snapshot());
        self.send(Command::Submit(Box::new(spec)));
        self.wait_for("the job has started", |snapshot| {
            events_behind(snapshot, seen).find(|event| event.edge == Edge::Started).and_then(|event| event.job)
        })
    }

    /// Submits a job and waits for its end; its rows stand in their order.
    pub(crate) fn run(&self, spec: JobSpec) -> Vec<ItemRow> {
        let job = self.submit(spec);
        self.wait_end(job);
        self.rows(job)
    }

    /// Waits until every item of a job has an outcome.
    pub(crate) fn wait_end(&self, job: JobId) {
        self.wait_for("the job has ended", |snapshot| {
            let stopped = snapshot.events.iter().find(|event| matches!(event.edge, Edge::Stopped { .. }));
            assert!(stopped.is_none(), "{stopped:?}");
            (self.row_of(job).state == JobState::Done
                && snapshot.events.iter().any(|event| event.job == Some(job) && event.edge == Edge::Finished))
            .then_some(())
        });
    }

    /// The listed job.
    pub(crate) fn current(&self) -> JobView {
        self.snapshot().current.clone().unwrap()
    }

    /// The history, newest first, as the window shows it.
    pub(crate) fn history(&self) -> Vec<JobEntry> {
        let request = JobsRequest { rows: 100, ..JobsRequest::default() };
        // Taken first: the answer may come at once.
        let before = self.handle().jobs();
        self.handle().want_jobs(request.clone());
        self.wait_for("the history is there", |_| {
            let page = self.handle().jobs().filter(|page| page.request == request)?;
            let is_new = before.as_ref().is_none_or(|before| !Arc::ptr_eq(before, &page));
            is_new.then(|| page.rows.to_vec())
        })
    }

    pub(crate) fn row_of(&self, job: JobId) -> JobRow {
        self.reader().job(job).unwrap().unwrap()
    }

    pub(crate) fn spec_of(&self, job: JobId) -> JobSpec {
        self.reader().spec(job).unwrap().unwrap()
    }

    pub(crate) fn rows(&self, job: JobId) -> Vec<ItemRow> {
        self.reader().after(job, 0, 100_000).unwrap()
    }

    /// The files below the output folder, hidden ones included: relative paths with their bytes.
    pub(crate) fn outputs(&self) -> BTreeMap<String, Vec<u8>> {
        files_below(&self.out())
    }

    /// The names of the outputs, in order.
    pub(crate) fn output_names(&self) -> Vec<String> {
        self.outputs().into_keys().collect()
    }

    /// Every item is done, has exactly one file of its own, which is what the catalog says it is; nothing else is there.
    pub(crate) fn check_all_done_once(&self, job: JobId, items: usize) {
        let rows = self.rows(job);
        assert_eq!(rows.len(), items);
        let mut files = self.outputs();
        for row in &rows {
            assert_eq!(row.state, ItemState::Done, "{row:?}");
            let path = output_of(row);
            let name = path.strip_prefix(self.out()).unwrap().to_str().unwrap().to_owned();
            let bytes = files.remove(&name).unwrap_or_else(|| panic!("{name} is missing, or belongs to two items"));
            assert_eq!(row.output_hash.as_deref(), Some(sha256(&bytes).as_str()), "{name}");
            assert_eq!(row.bytes_out, bytes.len() as u64, "{name}");
        }
        assert_eq!(files.into_keys().collect::<Vec<_>>(), Vec::<String>::new(), "nothing is left over");
        let job = self.row_of(job);
        assert_eq!((job.state, job.total, job.done, job.failed), (JobState::Done, items as u64, items as u64, 0));
        self.wait("the job's lock is removed", |_| {
            let beside = fs::read_dir(self.dir.path()).unwrap().map(|entry| entry.unwrap().file_name());
            !beside.into_iter().any(|name| name.to_string_lossy().ends_with(".lock"))
        });
    }
}

/// Everything below a folder, hidden files included.
pub(crate) fn files_below(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries.map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(bytes) = fs::read(&path) {
                found.insert(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned(), bytes);
            }
        }
    }
    found
}

pub(crate) fn last_event(snapshot: &Snapshot) -> u64 {
    snapshot.events.last().map_or(0, |event| event.sequence)
}

pub(crate) fn events_behind(snapshot: &Snapshot, seen: u64) -> impl Iterator<Item = &Event> {
    snapshot.events.iter().filter(move |event| event.sequence > seen)
}

pub(crate) fn file(path: &Path) -> SourceSpec {
    source::files([path.to_path_buf()])
}

pub(crate) fn url(url: String) -> SourceSpec {
    source::urls([url])
}

pub(crate) fn recipe(steps: Vec<Step>) -> Recipe {
    Recipe { steps, ..Recipe::default() }
}

pub(crate) fn long_edge(px: u32) -> Step {
    Step::new("resize").with("long_edge", f64::from(px))
}

/// A file of `assets/samples`.
pub(crate) fn sample(name: &str) -> Vec<u8> {
    fs::read(sample_path(name)).unwrap()
}

pub(crate) fn sample_path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/samples").join(name)
}

pub(crate) fn output_of(row: &ItemRow) -> PathBuf {
    match Locator::parse(row.output.as_deref().unwrap_or_else(|| panic!("no output: {row:?}"))) {
        Locator::File(path) | Locator::Page(path, _) => path,
        Locator::Url(url) | Locator::Row(url) => panic!("{url}"),
    }
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest;
    use std::fmt::Write;
    sha2::Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The pixels of a picture that varies everywhere, 8-bit RGB.
pub(crate) fn pixels(width_px: u32, height_px: u32, seed: u32) -> Vec<u8> {
    let mut rgb = Vec::new();
    for y in 0..height_px {
        for x in 0..width_px {
            let wave = f64::from(x + seed * 13).mul_add(0.11, f64::from(y) * 0.07).sin();
            rgb.push((127.0 + 120.0 * wave) as u8);
            rgb.push((x * 255 / width_px) as u8 ^ (seed * 37) as u8);
            rgb.push((y * 255 / height_px) as u8);
        }
    }
    rgb
}

/// A PNG of [`pixels`].
pub(crate) fn png(width_px: u32, height_px: u32, seed: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width_px, height_px);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header().unwrap().write_image_data(&pixels(width_px, height_px, seed)).unwrap();
    bytes
}

/// Width, height, and 8-bit RGB pixels of a PNG (what alpha there is, is left out).
pub(crate) fn read_png(bytes: &[u8]) -> (u32, u32, Vec<u8>) {
    let mut decoder = png::Decoder::new(std::io::Cursor::new(bytes));
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().unwrap();
    let mut buffer = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut buffer).unwrap();
    buffer.truncate(info.buffer_size());
    let rgb = match info.color_type {
        png::ColorType::Rgb => buffer,
        png::ColorType::Grayscale => buffer.iter().flat_map(|level| [*level; 3]).collect(),
        png::ColorType::Rgba => buffer.chunks_exact(4).flat_map(|pixel| pixel[..3].to_vec()).collect(),
        other => panic!("{other:?}"),
    };
    (info.width, info.height, rgb)
}

/// The format of that name.
pub(crate) fn format_named(name: &str) -> Format {
    pixloom::init();
    Format::named(name).unwrap()
}

/// The choice to save in the format of that name.
pub(crate) fn save_as(name: &str) -> FormatChoice {
    FormatChoice::Fixed(format_named(name))
}
