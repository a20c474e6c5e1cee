//! Jobs in which bad hosts stand among good ones: every bad behaviour many times, and all good items at once with them.
//! No wrong byte is kept, everything ends in time, and whatever fails says plainly why. No packet leaves the loopback
//! interface: 127.0.0.2 stands for a private host that nobody named.

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
use hostile::behaviours::{Behaviour, Due, Manner, body};
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
/// No job may take longer.
const DEADLINE: Duration = Duration::from_secs(80);

/// What is around the bad hosts: a good one, another place to which a bad one leads, and one that must not be asked.
struct World {
    hostile: Hostile,
    good: Server,
    /// Kept so that it answers.
    _elsewhere: Server,
    /// What the other place was told of who asks.
    told: Arc<Mutex<Vec<Request>>>,
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
        let told = Arc::new(Mutex::new(Vec::new()));
        let notes = Arc::clone(&told);
        let elsewhere = Server::start(move |request| {
            notes.lock().unwrap().push(request.clone());
            answer(request)
        });
        let place = elsewhere.url("").trim_start_matches("http://").parse().unwrap();
        let hostile = Hostile::start(place, forbidden.local_addr().unwrap().port());
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("ca.pem"), &hostile.authority_pem).unwrap();
        Self { hostile, good, _elsewhere: elsewhere, told, forbidden, dir }
    }

    fn authority(&self) -> std::path::PathBuf {
        self.dir.path().join("ca.pem")
    }

    /// The links of a job, each with what has to come of it; bad and good ones take turns.
    fn links(&self, is_wanted: impl Fn(&Behaviour) -> bool) -> Vec<Link> {
        let hosts: Vec<_> = self.hostile.hosts().filter(|(behaviour, _)| is_wanted(behaviour)).collect();
        let bad = (0..TIMES).flat_map(|n| hosts.iter().map(move |(behaviour, place)| link(place, behaviour, n)));
        let good = (0..GOOD).map(|n| Link {
            url: self.good.url(&path("good", n)),
            name: "good",
            bytes: body("good", n, 1),
            due: Due::Right(1),
        });
        let (mut bad, mut good) = (bad.peekable(), good.peekable());
        let mut links = Vec::new();
        while bad.peek().is_some() || good.peek().is_some() {
            links.extend(bad.by_ref().take(4));
            links.extend(good.next());
        }
        links
    }

    /// What must be so after any job.
    fn check(&self) {
        assert!(self.forbidden.accept().is_err(), "the forbidden host was reached");
        assert_eq!(self.hostile.too_early(), 0, "requests came before the time that was asked for");
        let told = self.told.lock().unwrap();
        assert_eq!(told.len(), TIMES as usize);
        for request in told.iter() {
            let secret = ["authorization", "cookie", "x-key", "referer"].map(|name| request.headers.get(name));
            assert_eq!(secret, [None; 4], "{request:?}");
            assert!(!format!("{request:?}").contains("s3cret"), "{request:?}");
        }
        let asked = (0..TIMES).map(|n| self.hostile.hits(&path("429-for-ever", n)));
        assert_eq!(asked.max(), Some(1), "nobody asks again, nor waits for years");
    }
}

struct Link {
    url: String,
    name: &'static str,
    /// What comes, if anything does.
    bytes: Vec<u8>,
    due: Due,
}

fn link(place: &str, behaviour: &Behaviour, n: u32) -> Link {
    let version = if let Due::Right(version) = behaviour.due { version } else { 1 };
    // Over HTTP/2 no path is looked at.
    let item = if behaviour.manner == Manner::Http2 { 0 } else { n };
    let place = match behaviour.name {
        "redirect-elsewhere" => place.replace("http://", "http://me:s3cret@"),
        _ => place.to_owned(),
    };
    let url = format!("{place}{}", path(behaviour.name, n));
    Link { url, name: behaviour.name, bytes: body(behaviour.name, item, version), due: behaviour.due }
}

fn path(name: &str, n: u32) -> String {
    format!("/{name}/{name}-{n}.png")
}

/// The behaviour and the number in a path.
fn named(path: &str) -> Option<(&str, u32)> {
    let (name, file) = path.strip_prefix('/')?.split_once('/')?;
    Some((name, file.strip_prefix(name)?.strip_prefix('-')?.strip_suffix(".png")?.parse().ok()?))
}

/// What went otherwise than it should have, with one example of each sort.
#[derive(Default)]
struct Wrongs(BTreeMap<(String, String), (u32, String)>);

impl Wrongs {
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

/// Limits with which failures come fast, though not faster than a busy machine answers.
fn hasty() -> FetchLimits {
    FetchLimits {
        connections: 256,
        per_host: 20,
        connect_timeout: Duration::from_secs(2),
        read_timeout: Duration::from_millis(1500),
        total_timeout: Duration::from_secs(10),
        low_speed_bytes_per_s: 1000,
        low_speed_time: Duration::from_secs(1),
        host_silence: Duration::from_secs(20),
        max_attempts: 3,
        backoff_base: Duration::from_millis(2),
        backoff_max: Duration::from_millis(20),
        max_body_in_memory_bytes: 1000,
        system_proxy: false,
        ..FetchLimits::default()
    }
}

#[test]
fn among_bad_hosts_every_good_item_comes_and_every_bad_one_ends_as_it_should() {
    let world = World::new();
    let links = world.links(|_| true);
    let secrets = world.dir.path().join("secrets.toml");
    only_mine(&secrets, "key = \"s3cret\"\n");
    let access = access_to(&world);
    // Bad hosts behave by the path alone; what their robots.txt does is tried elsewhere.
    let robots = RobotsPolicy::Never;
    let network = NetworkSpec { ca_file: Some(world.authority()), access, robots, ..NetworkSpec::default() };
    let setup = Setup { limits: hasty(), network, secrets: Arc::new(Secrets::new(Some(secrets))), ..Setup::default() };
    let fetcher = Fetcher::open(setup).unwrap();
    let spool_dir = tempfile::tempdir().unwrap();
    let began = Instant::now();
    let mut wrongs = Wrongs::default();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let tasks: Vec<_> = links
            .into_iter()
            .map(|link| {
                let (fetcher, cancel) = (fetcher.clone(), Cancel::new());
                let spool = Spool::new(spool_dir.path());
                let name = link.name;
                let task = tokio::spawn(async move {
                    let came = fetcher.fetch(&link.url, Origin::User, &spool, &cancel).await;
                    (link, came.map(|fetched| (fetched.body.sha256(), fetched.body.into_bytes().unwrap())))
                });
                (name, task)
            })
            .collect();
        for (name, mut task) in tasks {
            let left = DEADLINE.saturating_sub(began.elapsed());
            let Ok(ended) = tokio::time::timeout(left, &mut task).await else {
                task.abort();
                wrongs.note(name, "hangs", "");
                continue;
            };
            let (link, came) = ended.unwrap();
            match (link.due, came) {
                (Due::Right(_) | Due::NoPicture(_) | Due::Mislabelled(_), Ok((hash, bytes))) => {
                    if bytes != link.bytes || hash != sha256(&bytes) {
                        wrongs.note(link.name, "wrong bytes", format!("{} of {}", bytes.len(), link.bytes.len()));
                    }
                }
                (Due::Fails(_), Ok((_, bytes))) => {
                    wrongs.note(
                        link.name,
                        "came",
                        String::from_utf8_lossy(&bytes).chars().take(60).collect::<String>(),
                    );
                }
                (Due::Fails(kinds), Err(failure)) if kinds.contains(&failure.error.kind) => {
                    let sentence = failure.error.to_string();
                    if sentence.contains("s3cret") || !sentence.contains(link.name) {
                        wrongs.note(link.name, "said badly", sentence);
                    }
                }
                (_, Err(failure)) => {
                    let what = format!("{:?} after {} attempts", failure.error.kind, failure.attempts);
                    wrongs.note(link.name, what, failure.error.to_string());
                }
            }
        }
        assert_eq!(fetcher.in_use(), 0);
    });
    runtime.shutdown_timeout(Duration::from_secs(5));
    wrongs.check();
    world.check();
    assert_eq!(std::fs::read_dir(spool_dir.path()).unwrap().count(), 0, "parts were left behind");
}

#[test]
fn a_plain_run_among_bad_hosts_keeps_the_right_bytes_and_nothing_else() {
    let (home, world, said) = run_of(&[]);
    let links = world.links(|behaviour| !behaviour.wants_time_out);
    let mut wanted = HashMap::new();
    for link in links.iter().filter(|link| matches!(link.due, Due::Right(_) | Due::NoPicture(_))) {
        wanted.entry(sha256(&link.bytes)).or_insert_with(Vec::new).push(link.name);
    }
    let fails = |due| if let Due::NoPicture(_) = due { &[] } else { failures_with_a_step(due) };
    check_run(&home, &world, &said, &links, wanted, fails, sha256);
}

#[test]
fn a_run_with_a_step_among_bad_hosts_saves_the_right_pictures_and_nothing_else() {
    let (home, world, said) = run_of(&["-s", "invert", "--format", "png"]);
    let links = world.links(|behaviour| !behaviour.wants_time_out);
    let mut wanted = HashMap::new();
    for link in links.iter().filter(|link| matches!(link.due, Due::Right(_))) {
        let inverted: Vec<u8> = pixels(&link.bytes).into_iter().map(|level| 255 - level).collect();
        wanted.entry(sha256(&inverted)).or_insert_with(Vec::new).push(link.name);
    }
    check_run(&home, &world, &said, &links, wanted, failures_with_a_step, |bytes| sha256(&pixels(bytes)));
}

/// As what a link may fail where its body has to be a picture.
fn failures_with_a_step(due: Due) -> &'static [ErrorKind] {
    match due {
        Due::Fails(kinds) => kinds,
        Due::NoPicture(ErrorKind::Empty) | Due::Mislabelled(ErrorKind::Empty) => &[ErrorKind::Empty],
        Due::NoPicture(_) | Due::Mislabelled(_) => &[ErrorKind::NotAPicture],
        Due::Right(_) => &[],
    }
}

/// Runs the program on all links that need no short time-outs.
fn run_of(more: &[&str]) -> (Home, World, RunOutput) {
    let (home, world) = (Home::new(), World::new());
    let links = world.links(|behaviour| !behaviour.wants_time_out);
    home.file("list.txt", links.iter().fold(String::new(), |list, link| list + &link.url + "\n"));
    only_mine(&home.file("config/pixloom/secrets.toml", ""), "key = \"s3cret\"\n");
    let authority = world.authority();
    let place = access_to(&world)[0].host.clone();
    let header = format!("{place} X-Key=settings:key");
    let cookie = format!("{place}=settings:key");
    let args = ["run", "--urls", "list.txt", "-o", "out", "--json", "--connections", "128", "--per-host", "20"];
    let access =
        ["--robots", "never", "--header", &header, "--cookie", &cookie, "--ca-file", authority.to_str().unwrap()];
    let said = home.run(&[&args[..], &access, more].concat()).expect(1);
    (home, world, said)
}

/// Every file below the output folder is one that is wanted, each is there as often as it is wanted, and everything
/// else failed as it should.
fn check_run(
    home: &Home,
    world: &World,
    said: &RunOutput,
    links: &[Link],
    mut wanted: HashMap<String, Vec<&str>>,
    fails: impl Fn(Due) -> &'static [ErrorKind],
    key_of: impl Fn(&[u8]) -> String,
) {
    let mut wrongs = Wrongs::default();
    for name in home.files("out") {
        let bytes = std::fs::read(home.path("out").join(&name)).unwrap();
        if wanted.get_mut(&key_of(&bytes)).and_then(Vec::pop).is_none() {
            let group = name.trim_end_matches(|char: char| !char.is_ascii_alphabetic());
            wrongs.note(group, "not to be kept", format!("{name}: {} bytes", bytes.len()));
        }
    }
    for name in wanted.into_values().flatten() {
        wrongs.note(name, "missing", "");
    }
    let failed: HashMap<String, (String, String)> = said
        .events_of("failed")
        .into_iter()
        .map(|event| ["locator", "kind", "message"].map(|field| event[field].as_str().unwrap_or_default().to_owned()))
        .map(|[locator, kind, message]| (locator, (kind, message)))
        .collect();
    for link in links {
        let locator = link.url.replace("me:s3cret@", "");
        match (failed.get(&locator), fails(link.due)) {
            (None, []) => {}
            (None, kinds) => wrongs.note(link.name, format!("no failure, rather than {kinds:?}"), locator),
            (Some((kind, _)), kinds) if kinds.iter().any(|due| due.word() == *kind) => {}
            (Some((kind, message)), _) => wrongs.note(link.name, kind, message),
        }
    }
    wrongs.check();
    world.check();
    let last = said.events().pop().unwrap();
    assert_eq!((last["event"].as_str(), last["failed"].as_u64()), (Some("finished"), Some(failed.len() as u64)));
    assert!(!said.out.contains("s3cret") && !said.err.contains("s3cret"));
}

/// A header and cookies for the place that leads elsewhere.
fn access_to(world: &World) -> Vec<AccessEntry> {
    let (_, host) = world.hostile.hosts().find(|(behaviour, _)| behaviour.name == "redirect-elsewhere").unwrap();
    let entry = |kind| AccessEntry { host: host.clone(), kind, secret: SecretRef::Settings("key".to_owned()) };
    vec![entry(AccessKind::Header { name: "x-key".to_owned() }), entry(AccessKind::Cookie)]
}

/// Writes a file that nobody else may read.
fn only_mine(path: &Path, text: &str) {
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

/// The RGB levels of a PNG; nothing of what is none.
fn pixels(bytes: &[u8]) -> Vec<u8> {
    let Ok(mut reader) = png::Decoder::new(std::io::Cursor::new(bytes)).read_info() else { return Vec::new() };
    let mut buffer = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut buffer).unwrap();
    assert_eq!((info.color_type, info.bit_depth), (png::ColorType::Rgb, png::BitDepth::Eight));
    buffer.truncate(info.buffer_size());
    buffer
}
