//! Links through the fetcher, against a server that behaves and misbehaves. Every test has a deadline; none sleeps for
//! a fixed time.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "tests prepare files and servers")]

#[path = "fetch/transfers.rs"]
mod transfers;
mod util;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use pixloom::error::{ErrorKind, ItemError};
use pixloom::fetch::{Body, Cancel, FetchFailure, FetchLimits, Fetched, Fetcher, Origin};
use pixloom::store::Spool;
use tokio::task::JoinHandle;
use util::server::{Behaviour, Server, ok, redirect, status};

/// No test may take longer.
const DEADLINE: Duration = Duration::from_secs(20);

type Outcome = Result<Fetched, FetchFailure>;

/// Limits with which failures come fast.
fn hasty() -> FetchLimits {
    FetchLimits {
        connect_timeout: Duration::from_secs(2),
        read_timeout: Duration::from_millis(300),
        total_timeout: Duration::from_secs(5),
        backoff_base: Duration::from_millis(2),
        backoff_max: Duration::from_millis(20),
        network_gone: Duration::from_millis(150),
        system_proxy: false,
        ..FetchLimits::default()
    }
}

/// Limits under which nothing is tried twice.
fn once() -> FetchLimits {
    FetchLimits { max_attempts: 1, ..hasty() }
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

    /// Fetches in a task of its own.
    fn spawn(&self, url: String) -> JoinHandle<Outcome> {
        let (fetcher, cancel) = (self.fetcher.clone(), self.cancel.clone());
        let spool = Spool::new(self.spool_dir.path());
        tokio::spawn(async move { fetcher.fetch(&url, Origin::User, &spool, &cancel).await })
    }

    async fn error(&self, url: &str) -> ItemError {
        self.fetch(url).await.expect_err("it fails").error
    }
}

/// Runs a test on a runtime of its own, within the deadline.
fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let result = runtime.block_on(async { tokio::time::timeout(DEADLINE, test).await });
    runtime.shutdown_background();
    result.expect("the test meets its deadline")
}

/// Waits until something is so; the deadline of the test ends it otherwise.
async fn until(what: impl Fn() -> bool) {
    while !what() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// A port on which nobody listens.
fn dead_url() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}/", listener.local_addr().unwrap())
}

#[test]
fn a_body_comes_with_everything_known_of_it() {
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
fn a_large_body_goes_through_a_file_and_keeps_every_byte() {
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
fn a_status_that_will_not_change_fails_at_once_and_one_that_may_is_tried_again() {
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
fn redirects_are_followed_but_not_in_circles_nor_for_ever_nor_anywhere() {
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
fn a_redirect_to_another_host_takes_that_hosts_slot_and_gives_its_own_back() {
    let target = Server::start(|_| ok("x", "image/png"));
    let sources = [target.url("/1.png"), target.url("/2.png")].map(|to| Server::start(move |_| redirect(&to)));
    target.hold();
    run(async {
        let setup = Setup::new(FetchLimits { per_host: 1, connections: 4, read_timeout: DEADLINE, ..hasty() });
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
fn a_body_that_ends_early_says_how_much_came() {
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
fn a_body_above_the_limit_is_refused_announced_or_not() {
    let server = Server::start(|request| {
        let answer = ok(vec![0; 5000], "image/png");
        if request.path == "/chunked" { answer.chunked() } else { answer }
    });
    run(async {
        let setup = Setup::new(FetchLimits { max_body_bytes: 4999, ..hasty() });
        for path in ["/chunked", "/announced"] {
            let failure = setup.fetch(&server.url(path)).await.unwrap_err();
            assert_eq!((failure.error.kind, failure.attempts), (ErrorKind::BodyTooLarge, 1));
            assert_eq!(failure.error.arg("limit"), "5.0 KB");
        }
        assert_eq!(
            Setup::new(FetchLimits { max_body_bytes: 5000, ..hasty() })
                .fetch(&server.url("/chunked"))
                .await
                .unwrap()
                .size_bytes,
            5000
        );
    });
}

#[test]
fn a_server_that_says_nothing_or_stops_saying_anything_times_out() {
    let server = Server::start(|request| match request.path.as_str() {
        "/stall" => Behaviour::Stall,
        "/half" => ok("abc", "image/png").stalls_after_body().into(),
        _ => ok("x", "image/png").delay(Duration::from_mins(1)).into(),
    });
    run(async {
        let setup = Setup::new(once());
        for path in ["/stall", "/half"] {
            assert_eq!(setup.error(&server.url(path)).await.kind, ErrorKind::Timeout, "{path}");
        }
        let limits = FetchLimits { total_timeout: Duration::from_millis(50), ..once() };
        let error = Setup::new(limits).error(&server.url("/slow")).await;
        assert!(error.kind == ErrorKind::Timeout && error.to_string().contains("0.05 s"), "{error}");
    });
}

#[test]
fn a_server_that_closes_without_an_answer_is_tried_again() {
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
fn a_host_that_never_answered_is_just_its_items_failure() {
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
fn a_dead_host_beside_a_living_one_fails_without_waiting() {
    let server = Server::start(|_| ok("x", "image/png"));
    run(async {
        let setup = Setup::new(FetchLimits { network_gone: Duration::from_hours(1), ..hasty() });
        setup.fetch(&server.url("/a")).await.unwrap();
        assert_eq!(setup.error(&dead_url()).await.kind, ErrorKind::Connect);
        assert!(setup.fetcher.network_gone_since().is_none());
        assert_eq!(server.hits("/"), 1, "one probe told whose fault it was");
    });
}

#[test]
fn items_wait_for_a_network_that_is_gone_and_come_when_it_is_back() {
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
        // Long enough for every attempt to be used up, were they counted.
        until(|| since.is_some_and(|since| since.elapsed() > Duration::from_millis(200))).await;
        assert!(tasks.iter().all(|task| !task.is_finished()) && !elsewhere.is_finished() && !late.is_finished());
        assert_eq!(setup.fetcher.network_gone_since(), since);
        assert_eq!(setup.fetcher.in_use(), 0, "who waits holds no slot");
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
fn waiting_for_the_network_can_be_cancelled_and_another_takes_over_the_probe() {
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
fn retry_after_is_obeyed_for_the_whole_host_and_no_other() {
    let server = Server::start(|request| match (request.path.as_str(), request.hit) {
        ("/limited", 1) => status(429).header("Retry-After", "1"),
        ("/for-ever", _) => status(429).header("Retry-After", "301"),
        _ => ok("x", "image/png"),
    });
    let other = Server::start(|_| ok("x", "image/png"));
    run(async {
        let setup = Setup::new(hasty());
        let failure = setup.fetch(&server.url("/for-ever")).await.unwrap_err();
        assert_eq!((failure.http_status, failure.attempts), (Some(429), 1));
        assert!(failure.error.to_string().contains("asks to wait 301 s"), "{}", failure.error);
        let setup = Setup::new(hasty());
        let began = Instant::now();
        let limited = setup.spawn(server.url("/limited"));
        until(|| server.hits("/limited") == 1 && setup.fetcher.in_use() == 0).await;
        setup.fetch(&other.url("/x")).await.unwrap();
        assert_eq!(server.hits("/limited"), 1, "another host need not wait");
        setup.fetch(&server.url("/next")).await.unwrap();
        assert!(began.elapsed() >= Duration::from_millis(950), "the same host does");
        assert_eq!(limited.await.unwrap().unwrap().attempts, 2);
    });
}

#[test]
fn a_host_gets_no_more_than_its_slots_and_holds_up_no_other() {
    let slow = Server::start(|_| ok("x", "image/png"));
    let fast = Server::start(|_| ok("x", "image/png"));
    slow.hold();
    run(async {
        let setup = Setup::new(FetchLimits { connections: 4, per_host: 3, read_timeout: DEADLINE, ..hasty() });
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
fn a_host_is_asked_as_often_as_the_rate_allows() {
    let server = Server::start(|_| ok("x", "text/plain"));
    run(async {
        let setup = Setup::new(FetchLimits { requests_per_s: Some(40.0), ..once() });
        let before = Instant::now();
        let tasks: Vec<_> = (0..21).map(|n| setup.spawn(server.url(&format!("/{n}")))).collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        // Twenty turns of 25 ms, but for the one that may be made up for.
        assert!(before.elapsed() >= Duration::from_millis(470), "{:?}", before.elapsed());
    });
}

#[test]
fn bytes_come_no_faster_than_allowed() {
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
fn one_large_body_comes_no_faster_than_allowed_and_is_not_late_for_that() {
    let server = Server::start(|_| ok(vec![b'x'; 4_000_000], "text/plain"));
    run(async {
        let total_timeout = Duration::from_secs(1);
        let setup = Setup::new(FetchLimits { bytes_per_s: Some(2_000_000), total_timeout, ..once() });
        let before = Instant::now();
        setup.fetch(&server.url("/large")).await.unwrap();
        // What came last is paid for by the next.
        assert!(before.elapsed() >= Duration::from_millis(1200), "{:?}", before.elapsed());
    });
}

#[test]
fn a_host_that_answers_nobody_fails_all_its_links_soon() {
    let dead = Server::start(|_| Behaviour::Stall);
    let good = Server::start(|_| ok("x", "text/plain"));
    run(async {
        let silence = Duration::from_millis(400);
        let setup = Setup::new(FetchLimits { host_silence: silence, max_attempts: 2, ..hasty() });
        let tasks: Vec<_> = (0..200).map(|n| setup.spawn(dead.url(&format!("/{n}")))).collect();
        setup.fetch(&good.url("/x")).await.unwrap();
        for task in tasks {
            let error = task.await.unwrap().unwrap_err().error;
            assert!(error.kind == ErrorKind::Timeout && error.is_retryable(), "{error}");
        }
        // Each alone would have been asked twice, one at a time in the end: a minute and more.
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
        let limits = FetchLimits { give_way_after: Duration::from_millis(50), read_timeout: DEADLINE, ..hasty() };
        let setup = Setup::new(FetchLimits { total_timeout: DEADLINE, ..limits });
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
        // Requests that are sent together may arrive in any order, but no more than a host may get at once.
        let overtaken = paths[first_retry..].iter().filter(|path| !path.starts_with("/stalled")).count();
        assert!(overtaken < 8, "{paths:?}");
        let most = (0..10).map(|n| server.hits(&format!("/stalled-{n}"))).max();
        assert!(most.is_some_and(|most| most <= 2), "each gives way once: {paths:?}");
    });
}

#[test]
fn a_link_that_hangs_ends_with_its_items_time() {
    let server = Server::start(|request| match request.path.as_str() {
        "/rests" => status(503).header("Retry-After", "20").into(),
        _ => Behaviour::Stall,
    });
    run(async {
        let item_timeout = Some(Duration::from_secs(1));
        let setup =
            Setup::new(FetchLimits { item_timeout, read_timeout: DEADLINE, max_retry_after: DEADLINE, ..hasty() });
        for path in ["/hangs", "/rests", "/waits"] {
            let failure = setup.fetch(&server.url(path)).await.unwrap_err();
            assert_eq!(failure.error.kind, ErrorKind::TookTooLong, "{path}");
            assert_eq!(failure.error.arg("limit"), "1 s");
        }
        assert_eq!(server.hits("/waits"), 0, "its host rests for longer than it has time");
    });
}

#[test]
fn a_host_that_is_asked_too_much_is_asked_less() {
    let server = Server::start(|request| match request.hit {
        1 => status(429),
        _ => ok("x", "text/plain").delay(Duration::from_millis(5)),
    });
    run(async {
        let setup = Setup::new(FetchLimits { per_host: 64, connections: 64, ..hasty() });
        let tasks: Vec<_> = (0..100).map(|n| setup.spawn(server.url(&format!("/{n}")))).collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        assert!(server.most_busy() <= 20, "{}", server.most_busy());
    });
}

#[test]
fn a_host_that_keeps_a_rate_without_telling_it_loses_no_link() {
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
            total_timeout: DEADLINE,
            ..hasty()
        });
        let tasks: Vec<_> = (0..30).map(|n| setup.spawn(server.url(&format!("/{n}")))).collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
    });
}

#[test]
fn connections_are_used_again_whatever_the_status() {
    let server = Server::start(|request| match request.hit % 3 {
        0 => ok("x", "image/png"),
        1 => status(404).body(vec![b'n'; 60_000]),
        _ => redirect("/x"),
    });
    run(async {
        let setup = Setup::new(once());
        for _ in 0..30 {
            let _ = setup.fetch(&server.url("/a")).await;
        }
        // A connection may still be on its way back to the pool when the next request begins.
        assert!(server.hits("/a") == 30 && server.accepted() <= 15, "{} connections", server.accepted());
    });
}

#[test]
fn the_number_of_connections_can_be_changed_on_the_way() {
    let server = Server::start(|_| ok("x", "image/png"));
    server.hold();
    run(async {
        let setup = Setup::new(FetchLimits { connections: 1, per_host: 8, read_timeout: DEADLINE, ..hasty() });
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
fn cancelling_stops_what_runs_and_what_waits_at_once() {
    let server = Server::start(|_| Behaviour::Stall);
    run(async {
        let limits = FetchLimits { per_host: 2, read_timeout: DEADLINE, total_timeout: DEADLINE, ..hasty() };
        let setup = Setup::new(limits);
        let tasks: Vec<_> = (0..6).map(|n| setup.spawn(server.url(&format!("/{n}")))).collect();
        until(|| server.busy() == 2).await;
        setup.cancel.cancel();
        for task in tasks {
            assert_eq!(task.await.unwrap().unwrap_err().error.kind, ErrorKind::Cancelled);
        }
        // The server still stalls, and no limit was reached.
        assert_eq!(setup.fetcher.in_use(), 0);
        let failure = setup.fetch(&server.url("/after")).await.unwrap_err();
        assert_eq!((failure.error.kind, failure.attempts, server.hits("/after")), (ErrorKind::Cancelled, 0, 0));
    });
}

#[test]
fn a_server_that_speaks_no_tls_fails_its_item_as_such() {
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
fn no_secret_of_a_link_is_shown() {
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
fn a_spool_that_can_not_be_written_fails_the_item() {
    let server = Server::start(|_| ok(vec![1; 5000], "image/png"));
    run(async {
        let fetcher = Fetcher::new(FetchLimits { max_body_in_memory_bytes: 10, ..hasty() });
        let spool = Spool::new("/nonexistent/spool");
        let failure = fetcher.fetch(&server.url("/a"), Origin::User, &spool, &Cancel::new()).await.unwrap_err();
        assert_eq!((failure.error.kind, failure.http_status), (ErrorKind::Unwritable, Some(200)));
    });
}
