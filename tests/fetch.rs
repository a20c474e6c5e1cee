//! Links through the fetcher, against a server that can misbehave. Every test has a deadline; none sleeps for
//! a fixed time, and no good request has to be faster than that deadline.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "tests prepare files and servers")]

#[path = "fetch/heads.rs"]
mod heads;
#[path = "fetch/lenient.rs"]
mod lenient;
#[path = "fetch/redirects.rs"]
mod redirects;
#[path = "fetch/transfers.rs"]
mod transfers;
mod util;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use pixloom::error::{ErrorKind, ItemError};
use pixloom::fetch::{Body, Cancel, FetchFailure, FetchLimits, Fetched, Fetcher, Origin};
use pixloom::store::Spool;
use tokio::task::JoinHandle;
use util::server::{Behaviour, Server, ok, redirect, status};

/// Time limit for each test.
const DEADLINE: Duration = Duration::from_mins(1);

type Outcome = Result<Fetched, FetchFailure>;

/// Limits with short pauses between attempts, and time-outs that no good request meets on a busy machine.
fn hasty() -> FetchLimits {
    FetchLimits {
        connect_timeout: DEADLINE,
        read_timeout: DEADLINE,
        total_timeout: DEADLINE,
        backoff_base: Duration::from_millis(2),
        backoff_max: Duration::from_millis(20),
        network_gone: Duration::from_millis(150),
        system_proxy: false,
        ..FetchLimits::default()
    }
}

/// Limits with a single attempt.
fn once() -> FetchLimits {
    FetchLimits { max_attempts: 1, ..hasty() }
}

/// The same for servers that send nothing, or stop sending.
fn impatient() -> FetchLimits {
    FetchLimits { read_timeout: Duration::from_millis(300), ..once() }
}

struct Setup {
    fetcher: Fetcher,
    spool_dir: tempfile::TempDir,
    cancel: Cancel,
}

impl Setup {
    fn new(limits: FetchLimits) -> Self {
        let spool_dir = tempfile::tempdir().unwrap();
        Self { fetcher: Fetcher::new(limits), spool_dir, cancel: Cancel::new() }
    }

    async fn fetch(&self, url: &str) -> Outcome {
        self.fetcher.fetch(url, Origin::User, &Spool::new(self.spool_dir.path()), &self.cancel).await
    }

    /// Fetches in a separate task.
    fn spawn(&self, url: String) -> JoinHandle<Outcome> {
        let (fetcher, cancel) = (self.fetcher.clone(), self.cancel.clone());
        let spool = Spool::new(self.spool_dir.path());
        tokio::spawn(async move { fetcher.fetch(&url, Origin::User, &spool, &cancel).await })
    }

    async fn error(&self, url: &str) -> ItemError {
        self.fetch(url).await.expect_err("it fails").error
    }
}

/// Runs a test on its own runtime, within the deadline.
fn run<T>(test: impl Future<Output = T>) -> T {
    run_on(&mut tokio::runtime::Builder::new_multi_thread(), test)
}

/// The same on one thread, whose tasks take turns in an order that does not depend on the machine.
fn run_on_one_thread<T>(test: impl Future<Output = T>) -> T {
    run_on(&mut tokio::runtime::Builder::new_current_thread(), test)
}

fn run_on<T>(builder: &mut tokio::runtime::Builder, test: impl Future<Output = T>) -> T {
    let runtime = builder.worker_threads(2).enable_all().build().unwrap();
    let result = runtime.block_on(async { tokio::time::timeout(DEADLINE, test).await });
    runtime.shutdown_background();
    result.expect("the test meets its deadline")
}

/// Waits for a condition; the deadline of the test ends it otherwise.
async fn until(what: impl Fn() -> bool) {
    while !what() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// The URL of a port that is closed.
fn dead_url() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}/", listener.local_addr().unwrap())
}

#[test]
fn a_fetched_body_has_its_headers_and_hash() {
    let server = Server::start(|request| {
        assert_eq!(request.headers.get("accept-encoding").map(String::as_str), Some("identity"));
        assert_eq!(request.headers.get("user-agent").unwrap(), concat!("Pixloom/", env!("CARGO_PKG_VERSION")));
        ok("abc", "image/png").header("ETag", "\"7\"").header("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT")
    });
    run(async {
        let fetched = Setup::new(hasty()).fetch(&server.url("/a%20b.png?x=1#part")).await.unwrap();
        assert_eq!((fetched.size_bytes, fetched.http_status, fetched.attempts), (3, 200, 1));
        assert_eq!(fetched.body.sha256(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(fetched.content_type.as_deref(), Some("image/png"));
        assert_eq!(fetched.etag.as_deref(), Some("\"7\""));
        assert_eq!(fetched.last_modified.as_deref(), Some("Sun, 06 Nov 1994 08:49:37 GMT"));
        assert_eq!(fetched.final_url, server.url("/a%20b.png?x=1"));
        assert_eq!(fetched.file_name.as_deref(), Some("a b.png"));
        assert!(matches!(fetched.body, Body::Memory(ref bytes) if bytes.as_ref() == b"abc"));
    });
}

#[test]
fn a_large_body_is_spooled_without_changes() {
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|n| (n * 7 + n / 256) as u8).collect();
    let served = bytes.clone();
    let server = Server::start(move |request| {
        let answer = ok(served.clone(), "image/jpeg");
        if request.path == "/chunked" { answer.chunked() } else { answer }
    });
    run(async {
        let setup = Setup::new(FetchLimits { max_body_in_memory_bytes: 100_000, ..hasty() });
        for path in ["/plain", "/chunked"] {
            let fetched = setup.fetch(&server.url(path)).await.unwrap();
            assert_eq!(fetched.size_bytes, 3_000_000);
            assert!(fetched.body.path().unwrap().starts_with(setup.spool_dir.path()));
            assert!(fetched.body.into_bytes().unwrap() == bytes, "{path}");
        }
        assert_eq!(std::fs::read_dir(setup.spool_dir.path()).unwrap().count(), 0);
    });
}

#[test]
fn content_disposition_names_the_file() {
    let server =
        Server::start(|_| ok("x", "image/png").header("Content-Disposition", "attachment; filename=\"../e.png\""));
    run(async {
        let fetched = Setup::new(hasty()).fetch(&server.url("/x.jpg")).await.unwrap();
        assert_eq!(fetched.file_name.as_deref(), Some("e.png"));
    });
}

#[test]
fn a_permanent_status_fails_at_once_and_a_temporary_one_is_retried() {
    let server = Server::start(|request| match (request.path.as_str(), request.hit) {
        ("/gone", _) => status(404),
        ("/flaky", 1 | 2) => status(503),
        ("/broken", _) => status(500).body("sorry"),
        _ => ok("x", "image/png"),
    });
    run(async {
        let setup = Setup::new(hasty());
        let gone = setup.fetch(&server.url("/gone")).await.unwrap_err();
        assert_eq!((gone.error.kind, gone.http_status, gone.attempts), (ErrorKind::HttpStatus, Some(404), 1));
        assert_eq!(gone.error.arg("status"), "404");
        assert_eq!(setup.fetch(&server.url("/flaky")).await.unwrap().attempts, 3);
        let broken = setup.fetch(&server.url("/broken")).await.unwrap_err();
        assert_eq!((broken.http_status, broken.attempts, server.hits("/broken")), (Some(500), 4, 4));
    });
}

#[test]
fn redirects_are_followed_except_loops_long_chains_and_other_schemes() {
    let server = Server::start(|request| match request.path.as_str() {
        "/1" => redirect("/2"),
        "/2" => redirect("sub/"),
        "/sub/" => redirect("?q"),
        "/sub/?q" => redirect(&format!("//{}/photo.png", request.headers["host"])),
        "/photo.png" => ok("x", "image/png"),
        "/loop" => redirect("/loop2"),
        "/loop2" => redirect("/loop#again"),
        "/file" => redirect("file:///etc/passwd"),
        "/nowhere" => status(301),
        path => redirect(&format!("{path}x")),
    });
    run(async {
        let setup = Setup::new(once());
        let fetched = setup.fetch(&server.url("/1")).await;
        let fetched = fetched.unwrap_or_else(|failure| panic!("{}", failure.error));
        assert_eq!(fetched.final_url, server.url("/photo.png"));
        assert_eq!((fetched.file_name.as_deref(), fetched.attempts), (Some("photo.png"), 1));
        for (path, detail) in
            [("/loop", "loop"), ("/file", "file: is not supported"), ("/nowhere", "no target"), ("/on", "more than 10")]
        {
            let error = setup.error(&server.url(path)).await;
            assert_eq!(error.kind, ErrorKind::Redirect, "{path}");
            assert!(error.to_string().contains(detail), "{error}");
        }
        assert_eq!(setup.fetcher.in_use(), 0);
    });
}

#[test]
fn a_redirect_to_another_host_uses_that_hosts_slot_and_releases_its_own() {
    let target = Server::start(|_| ok("x", "image/png"));
    let sources = [target.url("/1.png"), target.url("/2.png")].map(|to| Server::start(move |_| redirect(&to)));
    target.hold();
    run(async {
        let setup = Setup::new(FetchLimits { per_host: 1, connections: 4, ..hasty() });
        let urls = sources.iter().flat_map(|source| (0..3).map(|n| source.url(&format!("/{n}"))));
        let tasks: Vec<_> = urls.map(|url| setup.spawn(url)).collect();
        until(|| sources.iter().all(|source| (0..3).all(|n| source.hits(&format!("/{n}")) == 1))).await;
        until(|| target.busy() == 1).await;
        target.release();
        for task in tasks {
            assert_eq!(task.await.unwrap().unwrap().size_bytes, 1);
        }
        assert_eq!((target.most_busy(), setup.fetcher.in_use()), (1, 0));
    });
}

#[test]
fn a_body_that_ends_early_says_how_much_was_received() {
    let server = Server::start(|request| match request.hit {
        1 => ok(vec![0; 2_100_000], "image/png").short_by(1_900_000),
        _ => ok("whole", "image/png"),
    });
    run(async {
        let error = Setup::new(once()).error(&server.url("/a")).await;
        assert_eq!(error.kind, ErrorKind::ShortBody);
        assert!(error.to_string().contains("2.1 MB of 4.0 MB"), "{error}");
        let fetched = Setup::new(hasty()).fetch(&server.url("/b")).await.unwrap();
        assert_eq!((fetched.attempts, fetched.size_bytes), (2, 5));
    });
}

#[test]
fn a_body_above_the_limit_is_refused_with_or_without_its_length() {
    let server = Server::start(|request| {
        let answer = ok(vec![0; 5000], "image/png");
        if request.path == "/chunked" { answer.chunked() } else { answer }
    });
    run(async {
        let setup = Setup::new(FetchLimits { max_body_bytes: Some(4999), ..hasty() });
        for path in ["/chunked", "/announced"] {
            let failure = setup.fetch(&server.url(path)).await.unwrap_err();
            assert_eq!((failure.error.kind, failure.attempts), (ErrorKind::BodyTooLarge, 1));
            assert_eq!(failure.error.arg("limit"), "5.0 KB");
        }
        assert_eq!(
            Setup::new(FetchLimits { max_body_bytes: Some(5000), ..hasty() })
                .fetch(&server.url("/chunked"))
                .await
                .unwrap()
                .size_bytes,
            5000
        );
    });
}

#[test]
fn a_server_that_sends_nothing_or_stops_sending_times_out() {
    let server = Server::start(|request| match request.path.as_str() {
        "/stall" => Behaviour::Stall,
        "/half" => ok("abc", "image/png").stalls_after_body().into(),
        _ => ok("x", "image/png").delay(Duration::from_mins(1)).into(),
    });
    run(async {
        let setup = Setup::new(impatient());
        for path in ["/stall", "/half"] {
            assert_eq!(setup.error(&server.url(path)).await.kind, ErrorKind::Timeout, "{path}");
        }
        let limits = FetchLimits { total_timeout: Duration::from_millis(50), ..once() };
        let error = Setup::new(limits).error(&server.url("/slow")).await;
        assert!(error.kind == ErrorKind::Timeout && error.to_string().contains("0.05 s"), "{error}");
    });
}

#[test]
fn a_connection_that_is_closed_without_a_response_is_retried() {
    let server = Server::start(|request| match request.hit {
        1 => Behaviour::Close,
        _ => ok("x", "image/png").into(),
    });
    run(async {
        assert_eq!(Setup::new(once()).error(&server.url("/a")).await.kind, ErrorKind::Connect);
        assert_eq!(Setup::new(hasty()).fetch(&server.url("/b")).await.unwrap().attempts, 2);
    });
}

#[test]
fn a_host_that_never_answered_fails_only_its_items() {
    run(async {
        let setup = Setup::new(hasty());
        let dead = setup.fetch(&dead_url()).await.unwrap_err();
        assert_eq!((dead.error.kind, dead.attempts, dead.http_status), (ErrorKind::Connect, 4, None));
        let unknown = setup.fetch("http://no-such-host.invalid/x.png").await.unwrap_err();
        assert_eq!((unknown.error.kind, unknown.attempts), (ErrorKind::UnknownHost, 2));
        assert!(setup.fetcher.network_gone_since().is_none());
    });
}

#[test]
fn a_closed_port_fails_without_waiting_while_another_host_answers() {
    let server = Server::start(|_| ok("x", "image/png"));
    run(async {
        let setup = Setup::new(FetchLimits { network_gone: Duration::from_hours(1), ..hasty() });
        setup.fetch(&server.url("/a")).await.unwrap();
        assert_eq!(setup.error(&dead_url()).await.kind, ErrorKind::Connect);
        assert!(setup.fetcher.network_gone_since().is_none());
        assert_eq!(server.hits("/"), 1, "one probe showed which host had failed");
    });
}

#[test]
fn items_wait_for_a_lost_network_and_are_fetched_when_it_returns() {
    let mut server = Server::start(|_| ok("x", "image/png"));
    run(async {
        let setup = Setup::new(hasty());
        setup.fetch(&server.url("/before")).await.unwrap();
        server.stop();
        let tasks: Vec<_> = (0..20).map(|n| setup.spawn(server.url(&format!("/{n}")))).collect();
        let elsewhere = setup.spawn(dead_url());
        until(|| setup.fetcher.network_gone_since().is_some()).await;
        let late = setup.spawn(server.url("/late"));
        let since = setup.fetcher.network_gone_since();
        // Long enough to use up every attempt if they were counted.
        until(|| since.is_some_and(|since| since.elapsed() > Duration::from_millis(200))).await;
        assert!(tasks.iter().all(|task| !task.is_finished()) && !elsewhere.is_finished() && !late.is_finished());
        assert_eq!(setup.fetcher.network_gone_since(), since);
        assert_eq!(setup.fetcher.in_use(), 0, "waiting items hold no slot");
        server.restart();
        for task in tasks {
            assert_eq!(task.await.unwrap().unwrap().size_bytes, 1);
        }
        late.await.unwrap().unwrap();
        assert_eq!(elsewhere.await.unwrap().unwrap_err().error.kind, ErrorKind::Connect);
        assert!(setup.fetcher.network_gone_since().is_none());
    });
}

#[test]
fn an_item_that_waits_for_the_network_can_be_cancelled_and_another_one_probes() {
    let mut server = Server::start(|_| ok("x", "image/png"));
    run(async {
        let setup = Setup::new(hasty());
        setup.fetch(&server.url("/before")).await.unwrap();
        server.stop();
        let first = setup.spawn(server.url("/first"));
        until(|| setup.fetcher.network_gone_since().is_some()).await;
        let other =
            Setup { fetcher: setup.fetcher.clone(), spool_dir: tempfile::tempdir().unwrap(), cancel: Cancel::new() };
        let second = other.spawn(server.url("/second"));
        setup.cancel.cancel();
        assert_eq!(first.await.unwrap().unwrap_err().error.kind, ErrorKind::Cancelled);
        server.restart();
        assert_eq!(second.await.unwrap().unwrap().size_bytes, 1);
    });
}

#[test]
fn retry_after_delays_every_link_of_its_host() {
    let server = Server::start(|request| match (request.path.as_str(), request.hit) {
        ("/limited", 1) => status(429).header("Retry-After", "1"),
        _ => ok("x", "image/png"),
    });
    run(async {
        let setup = Setup::new(hasty());
        let began = Instant::now();
        let limited = setup.spawn(server.url("/limited"));
        until(|| server.hits("/limited") == 1 && setup.fetcher.in_use() == 0).await;
        setup.fetch(&server.url("/next")).await.unwrap();
        assert!(began.elapsed() >= Duration::from_millis(950), "{:?}", began.elapsed());
        assert_eq!(limited.await.unwrap().unwrap().attempts, 2);
    });
}

#[test]
fn retry_after_delays_no_other_host() {
    let server = Server::start(|_| status(429).header("Retry-After", "300"));
    let other = Server::start(|_| ok("x", "image/png"));
    run(async {
        let setup = Setup::new(hasty());
        let limited = setup.spawn(server.url("/limited"));
        until(|| server.hits("/limited") == 1 && setup.fetcher.in_use() == 0).await;
        setup.fetch(&other.url("/x")).await.unwrap();
        assert!(!limited.is_finished() && server.hits("/limited") == 1);
        setup.cancel.cancel();
        assert_eq!(limited.await.unwrap().unwrap_err().error.kind, ErrorKind::Cancelled);
    });
}

#[test]
fn a_retry_after_that_is_too_long_fails_its_link_at_once() {
    let server = Server::start(|_| status(429).header("Retry-After", "301"));
    run(async {
        let failure = Setup::new(hasty()).fetch(&server.url("/a")).await.unwrap_err();
        assert_eq!((failure.http_status, failure.attempts), (Some(429), 1));
        assert!(failure.error.to_string().contains("asks to wait 301 s"), "{}", failure.error);
    });
}

#[test]
fn a_host_gets_no_more_requests_than_allowed_and_delays_no_other_host() {
    let slow = Server::start(|_| ok("x", "image/png"));
    let fast = Server::start(|_| ok("x", "image/png"));
    slow.hold();
    run(async {
        let setup = Setup::new(FetchLimits { connections: 4, per_host: 3, ..hasty() });
        let tasks: Vec<_> = (0..12).map(|n| setup.spawn(slow.url(&format!("/{n}")))).collect();
        until(|| slow.busy() == 3).await;
        for n in 0..5 {
            setup.fetch(&fast.url(&format!("/{n}"))).await.unwrap();
        }
        assert_eq!(setup.fetcher.in_use(), 3);
        slow.release();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        assert_eq!((slow.most_busy(), setup.fetcher.in_use()), (3, 0));
    });
}

#[test]
fn requests_at_a_host_keep_to_the_rate() {
    let server = Server::start(|_| ok("x", "text/plain"));
    run(async {
        let setup = Setup::new(FetchLimits { requests_per_s: Some(40.0), ..once() });
        let before = Instant::now();
        let tasks: Vec<_> = (0..21).map(|n| setup.spawn(server.url(&format!("/{n}")))).collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        // Twenty gaps of 25 ms; one of them may be made up for.
        assert!(before.elapsed() >= Duration::from_millis(470), "{:?}", before.elapsed());
    });
}

#[test]
fn transfers_keep_to_the_byte_rate() {
    let server = Server::start(|_| ok(vec![b'x'; 50_000], "text/plain"));
    run(async {
        let setup = Setup::new(FetchLimits { bytes_per_s: Some(1_000_000), ..once() });
        let before = Instant::now();
        let tasks: Vec<_> = (0..12).map(|n| setup.spawn(server.url(&format!("/{n}")))).collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        assert!(before.elapsed() >= Duration::from_millis(500), "{:?}", before.elapsed());
    });
}

#[test]
fn a_body_that_the_byte_rate_delays_does_not_time_out() {
    let server = Server::start(|_| ok(vec![b'x'; 5_000_000], "text/plain"));
    run(async {
        let total_timeout = Duration::from_secs(2);
        let setup = Setup::new(FetchLimits { bytes_per_s: Some(2_000_000), total_timeout, ..once() });
        let before = Instant::now();
        setup.fetch(&server.url("/large")).await.unwrap();
        // The next request waits for the last bytes of this one.
        assert!(before.elapsed() > total_timeout, "{:?}", before.elapsed());
    });
}

#[test]
fn a_host_that_answers_no_request_fails_all_its_links_soon() {
    let dead = Server::start(|_| Behaviour::Stall);
    let good = Server::start(|_| ok("x", "text/plain"));
    run(async {
        let (host_silence, read_timeout) = (Duration::from_millis(400), Duration::from_secs(2));
        let setup = Setup::new(FetchLimits { host_silence, read_timeout, max_attempts: 2, ..hasty() });
        let tasks: Vec<_> = (0..200).map(|n| setup.spawn(dead.url(&format!("/{n}")))).collect();
        setup.fetch(&good.url("/x")).await.unwrap();
        for task in tasks {
            let error = task.await.unwrap().unwrap_err().error;
            assert!(error.kind == ErrorKind::Timeout && error.is_retryable(), "{error}");
        }
        // Otherwise each would be requested twice, finally one at a time.
        assert!(dead.accepted() < 60, "{}", dead.accepted());
        setup.fetch(&good.url("/y")).await.unwrap();
    });
}

#[test]
fn stalled_links_give_way_once_to_those_that_were_never_tried() {
    let log = Arc::new(Mutex::new(Vec::new()));
    let requests = Arc::clone(&log);
    let server = Server::start(move |request| {
        requests.lock().unwrap().push(request.path.clone());
        if request.path.starts_with("/stalled") { Behaviour::Stall } else { ok("x", "text/plain").into() }
    });
    run(async {
        let setup = Setup::new(FetchLimits { give_way_after: Duration::from_millis(50), ..hasty() });
        let start = |name: &str, count: usize| -> Vec<_> {
            (0..count).map(|n| setup.spawn(server.url(&format!("/{name}-{n}")))).collect()
        };
        let (stalled, good) = (start("stalled", 10), start("good", 100));
        for task in good {
            assert_eq!(task.await.unwrap().unwrap().attempts, 1);
        }
        setup.cancel.cancel();
        for task in stalled {
            assert!(task.await.unwrap().unwrap_err().attempts <= 1, "giving way is no attempt");
        }
        let paths = log.lock().unwrap().clone();
        let is_retry = |at: usize| paths[..at].contains(&paths[at]);
        let first_retry = (0..paths.len()).find(|at| is_retry(*at)).unwrap_or(paths.len());
        // Requests that are sent together may arrive in any order, but no more than a host may get at once. On a busy
        // machine even a good link may give way.
        let is_good = |at: &usize| !paths[*at].starts_with("/stalled");
        let overtaken = (first_retry..paths.len()).filter(|at| is_good(at) && !is_retry(*at)).count();
        assert!(overtaken < 8, "{paths:?}");
        let most = (0..10).map(|n| server.hits(&format!("/stalled-{n}"))).max();
        assert!(most.is_some_and(|most| most <= 2), "each gives way once: {paths:?}");
    });
}

#[test]
fn a_hanging_link_fails_when_its_items_time_is_over() {
    let server = Server::start(|request| match request.path.as_str() {
        "/rests" => status(503).header("Retry-After", "20").into(),
        _ => Behaviour::Stall,
    });
    run(async {
        let item_timeout = Some(Duration::from_secs(3));
        let setup = Setup::new(FetchLimits { item_timeout, max_retry_after: DEADLINE, ..hasty() });
        for path in ["/hangs", "/rests", "/waits"] {
            let failure = setup.fetch(&server.url(path)).await.unwrap_err();
            assert_eq!(failure.error.kind, ErrorKind::TookTooLong, "{path}");
            assert_eq!(failure.error.arg("limit"), "3 s");
        }
        assert_eq!(server.hits("/waits"), 0, "its host's pause is longer than the item's time");
    });
}

#[test]
fn a_host_that_refuses_requests_gets_fewer_at_once() {
    const CAPACITY: usize = 8;
    let (in_progress, refused) = (AtomicUsize::new(0), Arc::new(AtomicUsize::new(0)));
    let refusals = Arc::clone(&refused);
    let server = Server::start(move |_| {
        let is_full = in_progress.fetch_add(1, Ordering::SeqCst) >= CAPACITY;
        if is_full {
            refusals.fetch_add(1, Ordering::SeqCst);
        } else {
            std::thread::sleep(Duration::from_millis(5));
        }
        in_progress.fetch_sub(1, Ordering::SeqCst);
        if is_full { status(429) } else { ok("x", "text/plain") }
    });
    run(async {
        let setup = Setup::new(FetchLimits { per_host: 64, connections: 64, max_attempts: 100, ..hasty() });
        let tasks: Vec<_> = (0..100).map(|n| setup.spawn(server.url(&format!("/{n}")))).collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        // With 64 requests at once all the time, seven of eight would be refused.
        let refused = refused.load(Ordering::SeqCst);
        assert!(refused < 350, "{refused}");
    });
}

#[test]
fn no_link_is_lost_at_a_host_with_an_unannounced_rate_limit() {
    let last = std::sync::Mutex::new(None::<Instant>);
    let server = Server::start(move |_| {
        let mut last = last.lock().unwrap();
        if last.is_some_and(|last| last.elapsed() < Duration::from_millis(100)) {
            return status(503);
        }
        *last = Some(Instant::now());
        ok("x", "text/plain")
    });
    run(async {
        let setup = Setup::new(FetchLimits {
            backoff_base: Duration::from_millis(100),
            backoff_max: Duration::from_secs(1),
            ..hasty()
        });
        let tasks: Vec<_> = (0..30).map(|n| setup.spawn(server.url(&format!("/{n}")))).collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
    });
}

#[test]
fn connections_are_reused_after_any_status() {
    let server = Server::start(|request| match request.hit % 3 {
        0 => ok("x", "image/png"),
        1 => status(404).body(vec![b'n'; 60_000]),
        _ => redirect("/x"),
    });
    run_on_one_thread(async {
        let setup = Setup::new(once());
        for _ in 0..30 {
            let _ = setup.fetch(&server.url("/a")).await;
        }
        // A connection may not have returned to the pool yet when the next request begins.
        assert!(server.hits("/a") == 30 && server.accepted() <= 15, "{} connections", server.accepted());
    });
}

#[test]
fn the_number_of_connections_can_change_during_a_job() {
    let server = Server::start(|_| ok("x", "image/png"));
    server.hold();
    run(async {
        let setup = Setup::new(FetchLimits { connections: 1, per_host: 8, ..hasty() });
        let tasks: Vec<_> = (0..10).map(|n| setup.spawn(server.url(&format!("/{n}")))).collect();
        until(|| server.busy() == 1).await;
        setup.fetcher.set_connections(4);
        until(|| server.busy() == 4).await;
        assert_eq!(setup.fetcher.in_use(), 4);
        server.release();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        assert_eq!(server.most_busy(), 4);
    });
}

#[test]
fn cancelling_stops_running_and_waiting_requests_at_once() {
    let server = Server::start(|_| Behaviour::Stall);
    run(async {
        let limits = FetchLimits { per_host: 2, ..hasty() };
        let setup = Setup::new(limits);
        let tasks: Vec<_> = (0..6).map(|n| setup.spawn(server.url(&format!("/{n}")))).collect();
        until(|| server.busy() == 2).await;
        setup.cancel.cancel();
        for task in tasks {
            assert_eq!(task.await.unwrap().unwrap_err().error.kind, ErrorKind::Cancelled);
        }
        // The server still sends nothing, and no time limit was reached.
        assert_eq!(setup.fetcher.in_use(), 0);
        let failure = setup.fetch(&server.url("/after")).await.unwrap_err();
        assert_eq!((failure.error.kind, failure.attempts, server.hits("/after")), (ErrorKind::Cancelled, 0, 0));
    });
}

#[test]
fn a_server_without_tls_fails_its_item_with_a_tls_error() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/a", listener.local_addr().unwrap());
    let server = std::thread::Builder::new().name("no-tls".into()).spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 1024]).unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n").unwrap();
    });
    run(async {
        let failure = Setup::new(hasty()).fetch(&url).await.unwrap_err();
        assert_eq!((failure.error.kind, failure.attempts), (ErrorKind::Tls, 1), "{}", failure.error);
    });
    server.unwrap().join().unwrap();
}

#[test]
fn the_secrets_of_a_link_are_never_shown() {
    let server = Server::start(|request| {
        assert_eq!(request.headers["authorization"], "Basic bWU6aHVzaA==");
        if request.path.starts_with("/gone") { status(410) } else { ok("x", "image/png") }
    });
    run(async {
        let setup = Setup::new(once());
        let url = |path| server.url(path).replace("http://", "http://me:hush@");
        let failure = setup.fetch(&url("/gone?X-Amz-Signature=hush")).await.unwrap_err();
        assert_eq!(failure.http_status, Some(410));
        assert!(!format!("{failure:?}").contains("hush"), "{failure:?}");
        let fetched = setup.fetch(&url("/x.png")).await.unwrap();
        assert_eq!(fetched.final_url, server.url("/x.png"));
    });
}

#[test]
fn an_unwritable_spool_fails_the_item() {
    let server = Server::start(|_| ok(vec![1; 5000], "image/png"));
    run(async {
        let fetcher = Fetcher::new(FetchLimits { max_body_in_memory_bytes: 10, ..hasty() });
        let spool = Spool::new("/nonexistent/spool");
        let failure = fetcher.fetch(&server.url("/a"), Origin::User, &spool, &Cancel::new()).await.unwrap_err();
        assert_eq!((failure.error.kind, failure.http_status), (ErrorKind::Unwritable, Some(200)));
    });
}
