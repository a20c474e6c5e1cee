//! Jobs with good and misbehaving hosts: every bad behaviour many times, and all good items at the same time. No wrong
//! byte is kept, everything ends in time, and every failure has a clear message. No packet leaves the loopback
//! interface: 127.0.0.2 is a private host that the user did not name.

#![expect(clippy::unwrap_used, reason = "tests")]
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "tests prepare files and servers")]

#[path = "util/hostile.rs"]
mod hostile;
#[expect(dead_code, reason = "other tests use the rest of the runs")]
#[path = "util/program.rs"]
mod program;
#[expect(dead_code, reason = "other tests use the rest of the server")]
mod util;

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hostile::Hostile;
use hostile::behaviours::{Behaviour, Expected, Protocol, body};
use pixloom::error::ErrorKind;
use pixloom::fetch::{Cancel, FetchLimits, Fetcher, Origin, Secrets, Setup};
use pixloom::model::{AccessEntry, AccessKind, NetworkSpec, RobotsPolicy, SecretRef};
use pixloom::store::Spool;
use program::{Home, RunOutput};
use util::server::{Request, Server, ok, status};

/// Items of each bad behaviour.
const TIMES: u32 = 20;
/// Good items in the same job.
const GOOD: u32 = 400;
/// Time limit for each job.
const DEADLINE: Duration = Duration::from_mins(3);

/// The servers besides the bad hosts: a good one, the target of a redirect, and one that must not be requested.
struct World {
    hostile: Hostile,
    good: Server,
    /// Kept so that it answers.
    _elsewhere: Server,
    /// Requests at the target of the redirect.
    requests: Arc<Mutex<Vec<Request>>>,
    forbidden: TcpListener,
    dir: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let forbidden = TcpListener::bind("127.0.0.2:0").unwrap();
        forbidden.set_nonblocking(true).unwrap();
        let answer = |request: &Request| match named(&request.path) {
            Some((name, n)) => ok(body(name, n, 1), "image/png"),
            None => status(404),
        };
        let good = Server::start(answer);
        let requests = Arc::new(Mutex::new(Vec::new()));
        let notes = Arc::clone(&requests);
        let elsewhere = Server::start(move |request| {
            notes.lock().unwrap().push(request.clone());
            answer(request)
        });
        let address = elsewhere.url("").trim_start_matches("http://").parse().unwrap();
        let hostile = Hostile::start(address, forbidden.local_addr().unwrap().port());
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("ca.pem"), &hostile.authority_pem).unwrap();
        Self { hostile, good, _elsewhere: elsewhere, requests, forbidden, dir }
    }

    fn authority(&self) -> std::path::PathBuf {
        self.dir.path().join("ca.pem")
    }

    /// The links of a job, each with its expected outcome; bad and good ones alternate.
    fn links(&self, is_wanted: impl Fn(&Behaviour) -> bool) -> Vec<Link> {
        let hosts: Vec<_> = self.hostile.hosts().filter(|(behaviour, _)| is_wanted(behaviour)).collect();
        let bad = (0..TIMES).flat_map(|n| hosts.iter().map(move |(behaviour, address)| link(address, behaviour, n)));
        let good = (0..GOOD).map(|n| Link {
            url: self.good.url(&path("good", n)),
            name: "good",
            bytes: body("good", n, 1),
            expected: Expected::Right(1),
            wants_time_out: false,
        });
        let (mut bad, mut good) = (bad.peekable(), good.peekable());
        let mut links = Vec::new();
        while bad.peek().is_some() || good.peek().is_some() {
            links.extend(bad.by_ref().take(4));
            links.extend(good.next());
        }
        links
    }

    /// Conditions after any job.
    fn check(&self) {
        assert!(self.forbidden.accept().is_err(), "the forbidden host was reached");
        assert_eq!(self.hostile.too_early(), 0, "requests were sent before the end of Retry-After");
        let requests = self.requests.lock().unwrap();
        assert_eq!(requests.len(), TIMES as usize);
        for request in requests.iter() {
            let secret = ["authorization", "cookie", "x-key", "referer"].map(|name| request.headers.get(name));
            assert_eq!(secret, [None; 4], "{request:?}");
            assert!(!format!("{request:?}").contains("s3cret"), "{request:?}");
        }
        let asked = (0..TIMES).map(|n| self.hostile.hits(&path("429-for-ever", n)));
        assert_eq!(asked.max(), Some(1), "no link is requested again, or waits for years");
    }
}

struct Link {
    url: String,
    name: &'static str,
    /// The expected bytes of a successful fetch.
    bytes: Vec<u8>,
    expected: Expected,
    wants_time_out: bool,
}

fn link(address: &str, behaviour: &Behaviour, n: u32) -> Link {
    let version = if let Expected::Right(version) = behaviour.expected { version } else { 1 };
    // Over HTTP/2 the path is ignored.
    let item = if behaviour.protocol == Protocol::Http2 { 0 } else { n };
    let address = match behaviour.name {
        "redirect-elsewhere" => address.replace("http://", "http://me:s3cret@"),
        _ => address.to_owned(),
    };
    let url = format!("{address}{}", path(behaviour.name, n));
    Link {
        url,
        name: behaviour.name,
        bytes: body(behaviour.name, item, version),
        expected: behaviour.expected,
        wants_time_out: behaviour.wants_time_out,
    }
}

fn path(name: &str, n: u32) -> String {
    format!("/{name}/{name}-{n}.png")
}

/// The behaviour and the number in a path.
fn named(path: &str) -> Option<(&str, u32)> {
    let (name, file) = path.strip_prefix('/')?.split_once('/')?;
    Some((name, file.strip_prefix(name)?.strip_prefix('-')?.strip_suffix(".png")?.parse().ok()?))
}

/// Unexpected outcomes, with one example of each kind.
#[derive(Default)]
struct Unexpected(BTreeMap<(String, String), (u32, String)>);

impl Unexpected {
    fn note(&mut self, name: &str, what: impl Into<String>, example: impl Into<String>) {
        let entry = self.0.entry((name.to_owned(), what.into())).or_insert_with(|| (0, example.into()));
        entry.0 += 1;
    }

    fn check(self) {
        let mut text = String::new();
        for ((name, what), (times, example)) in &self.0 {
            let _ = writeln!(text, "{name}: {what}, {times} times: {example}");
        }
        assert!(text.is_empty(), "\n{text}");
    }
}

/// Limits with short pauses between attempts, and time-outs that no answer meets on a busy machine.
fn patient() -> FetchLimits {
    FetchLimits {
        connections: 256,
        per_host: 20,
        connect_timeout: DEADLINE,
        read_timeout: DEADLINE,
        total_timeout: DEADLINE,
        host_silence: DEADLINE,
        max_attempts: 3,
        backoff_base: Duration::from_millis(2),
        backoff_max: Duration::from_millis(20),
        max_body_in_memory_bytes: 1000,
        unchecked_unpacked_bytes: 8 << 20,
        system_proxy: false,
        ..FetchLimits::default()
    }
}

/// Limits for links whose behaviour only a time-out detects.
fn impatient() -> FetchLimits {
    FetchLimits {
        read_timeout: Duration::from_millis(2500),
        total_timeout: Duration::from_secs(10),
        low_speed_bytes_per_s: 1000,
        low_speed_time: Duration::from_secs(1),
        ..patient()
    }
}

#[test]
fn every_good_item_is_fetched_among_bad_ones_and_every_bad_one_ends_as_expected() {
    let world = World::new();
    let links = world.links(|_| true);
    let secrets = world.dir.path().join("secrets.toml");
    write_private(&secrets, "key = \"s3cret\"\n");
    let access = access_to(&world);
    // Bad hosts behave by the path alone; robots.txt is tested elsewhere.
    let robots = RobotsPolicy::Never;
    let network = NetworkSpec { ca_file: Some(world.authority()), access, robots, ..NetworkSpec::default() };
    let secrets = Arc::new(Secrets::new(Some(secrets)));
    let fetcher = |limits| {
        let (network, secrets) = (network.clone(), Arc::clone(&secrets));
        Fetcher::open(Setup { limits, network, secrets, ..Setup::default() }).unwrap()
    };
    let (patient, impatient) = (fetcher(patient()), fetcher(impatient()));
    let spool_dir = tempfile::tempdir().unwrap();
    let began = Instant::now();
    let mut unexpected = Unexpected::default();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let tasks: Vec<_> = links
            .into_iter()
            .map(|link| {
                let fetcher = if link.wants_time_out { impatient.clone() } else { patient.clone() };
                let cancel = Cancel::new();
                let spool = Spool::new(spool_dir.path());
                let name = link.name;
                let task = tokio::spawn(async move {
                    let fetched = fetcher.fetch(&link.url, Origin::User, &spool, &cancel).await;
                    (link, fetched.map(|fetched| (fetched.body.sha256(), fetched.body.into_bytes().unwrap())))
                });
                (name, task)
            })
            .collect();
        for (name, mut task) in tasks {
            let left = DEADLINE.saturating_sub(began.elapsed());
            let Ok(ended) = tokio::time::timeout(left, &mut task).await else {
                task.abort();
                unexpected.note(name, "hangs", "");
                continue;
            };
            let (link, fetched) = ended.unwrap();
            match (link.expected, fetched) {
                (Expected::Right(_) | Expected::NoImage(_) | Expected::Mislabelled(_), Ok((hash, bytes))) => {
                    if bytes != link.bytes || hash != sha256(&bytes) {
                        unexpected.note(link.name, "wrong bytes", format!("{} of {}", bytes.len(), link.bytes.len()));
                    }
                }
                (Expected::Fails(_), Ok((_, bytes))) => {
                    unexpected.note(
                        link.name,
                        "fetched",
                        String::from_utf8_lossy(&bytes).chars().take(60).collect::<String>(),
                    );
                }
                (Expected::Fails(kinds), Err(failure)) if kinds.contains(&failure.error.kind) => {
                    let sentence = failure.error.to_string();
                    if sentence.contains("s3cret") || !sentence.contains(link.name) {
                        unexpected.note(link.name, "said badly", sentence);
                    }
                }
                (_, Err(failure)) => {
                    let what = format!("{:?} after {} attempts", failure.error.kind, failure.attempts);
                    unexpected.note(link.name, what, failure.error.to_string());
                }
            }
        }
        assert_eq!((patient.in_use(), impatient.in_use()), (0, 0));
    });
    runtime.shutdown_timeout(Duration::from_secs(5));
    unexpected.check();
    world.check();
    assert_eq!(std::fs::read_dir(spool_dir.path()).unwrap().count(), 0, "parts were left behind");
}

#[test]
fn a_run_without_steps_saves_exactly_the_right_bytes() {
    let (home, world, said) = run_of(&[]);
    let links = world.links(|behaviour| !behaviour.wants_time_out);
    let mut wanted = HashMap::new();
    for link in links.iter().filter(|link| matches!(link.expected, Expected::Right(_) | Expected::NoImage(_))) {
        wanted.entry(sha256(&link.bytes)).or_insert_with(Vec::new).push(link.name);
    }
    let fails = |expected| if let Expected::NoImage(_) = expected { &[] } else { failures_with_a_step(expected) };
    check_run(&home, &world, &said, &links, wanted, fails, sha256);
}

#[test]
fn a_run_with_a_step_saves_exactly_the_right_images() {
    let (home, world, said) = run_of(&["-s", "invert", "--format", "png"]);
    let links = world.links(|behaviour| !behaviour.wants_time_out);
    let mut wanted = HashMap::new();
    for link in links.iter().filter(|link| matches!(link.expected, Expected::Right(_))) {
        let inverted: Vec<u8> = pixels(&link.bytes).into_iter().map(|level| 255 - level).collect();
        wanted.entry(sha256(&inverted)).or_insert_with(Vec::new).push(link.name);
    }
    check_run(&home, &world, &said, &links, wanted, failures_with_a_step, |bytes| sha256(&pixels(bytes)));
}

/// The errors with which a link may fail if its body must be an image.
fn failures_with_a_step(expected: Expected) -> &'static [ErrorKind] {
    match expected {
        Expected::Fails(kinds) => kinds,
        Expected::NoImage(ErrorKind::Empty) | Expected::Mislabelled(ErrorKind::Empty) => &[ErrorKind::Empty],
        Expected::NoImage(_) | Expected::Mislabelled(_) => &[ErrorKind::NotAPicture],
        Expected::Right(_) => &[],
    }
}

/// Runs the program on all links that do not depend on time-outs.
fn run_of(more: &[&str]) -> (Home, World, RunOutput) {
    let (home, world) = (Home::new(), World::new());
    let links = world.links(|behaviour| !behaviour.wants_time_out);
    home.file("list.txt", links.iter().fold(String::new(), |list, link| list + &link.url + "\n"));
    write_private(&home.file("config/pixloom/secrets.toml", ""), "key = \"s3cret\"\n");
    let authority = world.authority();
    let address = access_to(&world)[0].host.clone();
    let header = format!("{address} X-Key=settings:key");
    let cookie = format!("{address}=settings:key");
    let args = [
        "run",
        "--urls",
        "list.txt",
        "-o",
        "out",
        "--json",
        "--connections",
        "128",
        "--per-host",
        "20",
        "--max-bytes",
        "50MB",
    ];
    let access =
        ["--robots", "never", "--header", &header, "--cookie", &cookie, "--ca-file", authority.to_str().unwrap()];
    let said = home.run(&[&args[..], &access, more].concat()).expect(1);
    (home, world, said)
}

/// The output folder has exactly the expected files, and everything else failed as expected.
fn check_run(
    home: &Home,
    world: &World,
    said: &RunOutput,
    links: &[Link],
    mut wanted: HashMap<String, Vec<&str>>,
    fails: impl Fn(Expected) -> &'static [ErrorKind],
    key_of: impl Fn(&[u8]) -> String,
) {
    let mut unexpected = Unexpected::default();
    for name in home.files("out") {
        let bytes = std::fs::read(home.path("out").join(&name)).unwrap();
        if wanted.get_mut(&key_of(&bytes)).and_then(Vec::pop).is_none() {
            let group = name.trim_end_matches(|char: char| !char.is_ascii_alphabetic());
            unexpected.note(group, "not to be kept", format!("{name}: {} bytes", bytes.len()));
        }
    }
    for name in wanted.into_values().flatten() {
        unexpected.note(name, "missing", "");
    }
    let failed: HashMap<String, (String, String)> = said
        .events_of("failed")
        .into_iter()
        .map(|event| ["locator", "kind", "message"].map(|field| event[field].as_str().unwrap_or_default().to_owned()))
        .map(|[locator, kind, message]| (locator, (kind, message)))
        .collect();
    for link in links {
        let locator = link.url.replace("me:s3cret@", "");
        match (failed.get(&locator), fails(link.expected)) {
            (None, []) => {}
            (None, kinds) => unexpected.note(link.name, format!("no failure, rather than {kinds:?}"), locator),
            (Some((kind, _)), kinds) if kinds.iter().any(|expected| expected.word() == *kind) => {}
            (Some((kind, message)), _) => unexpected.note(link.name, kind, message),
        }
    }
    unexpected.check();
    world.check();
    let last = said.events().pop().unwrap();
    assert_eq!((last["event"].as_str(), last["failed"].as_u64()), (Some("finished"), Some(failed.len() as u64)));
    assert!(!said.out.contains("s3cret") && !said.err.contains("s3cret"));
}

/// A header and cookies for the host that redirects.
fn access_to(world: &World) -> Vec<AccessEntry> {
    let (_, host) = world.hostile.hosts().find(|(behaviour, _)| behaviour.name == "redirect-elsewhere").unwrap();
    let entry = |kind| AccessEntry { host: host.clone(), kind, secret: SecretRef::Settings("key".to_owned()) };
    vec![entry(AccessKind::Header { name: "x-key".to_owned() }), entry(AccessKind::Cookie)]
}

/// Writes a file that only the user may read.
fn write_private(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The RGB levels of a PNG; empty if it is not one.
fn pixels(bytes: &[u8]) -> Vec<u8> {
    let Ok(mut reader) = png::Decoder::new(std::io::Cursor::new(bytes)).read_info() else { return Vec::new() };
    let mut buffer = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut buffer).unwrap();
    assert_eq!((info.color_type, info.bit_depth), (png::ColorType::Rgb, png::BitDepth::Eight));
    buffer.truncate(info.buffer_size());
    buffer
}
