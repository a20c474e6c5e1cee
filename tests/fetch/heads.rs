//! Heads of responses that violate the syntax of HTTP/1. What is read, and what is not, was compared with curl 7.88,
//! wget 1.21 and requests 2.34: see `src/fetch/connect/response_head.rs`.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::Duration;

use pixloom::error::ErrorKind;
use pixloom::fetch::FetchLimits;

use super::util::server::{Behaviour, Server, ok, redirect};
use super::{Setup, hasty, once, run};

const CHUNKS: &str = "3\r\npix\r\n3\r\nels\r\n0\r\n\r\n";

/// A response that ends with its connection.
fn raw(status: &str, headers: &str, body: &str) -> Behaviour {
    Behaviour::Raw(format!("{status}\r\n{headers}Connection: close\r\n\r\n{body}").into_bytes())
}

fn with_status(status: &str) -> Behaviour {
    raw(status, "Content-Type: image/png\r\nContent-Length: 6\r\n", "pixels")
}

fn with_length(length: &str) -> Behaviour {
    raw("HTTP/1.1 200 OK", &format!("Content-Length: {length}\r\n"), "pixels")
}

async fn body(setup: &Setup, url: &str) -> Vec<u8> {
    let fetched = setup.fetch(url).await.unwrap_or_else(|failure| panic!("{url}: {}", failure.error));
    fetched.body.into_bytes().unwrap()
}

#[test]
fn heads_that_other_clients_read_are_read() {
    let chunked = "Transfer-Encoding: chunked\r\n";
    let early = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n";
    let cases = [
        raw("HTTP/1.0 200 OK", chunked, CHUNKS),
        raw("HTTP/1.0 200 OK", "transfer-encoding : Chunked\r\nContent-Length: 21\r\n", CHUNKS),
        raw(&format!("{early}HTTP/1.0 200 OK"), chunked, CHUNKS),
        with_status("HTTP/1.1  200  OK"),
        with_status("HTTP/1.1      200 OK"),
        with_status("HTTP/1.1\t200\tOK"),
        with_status("HTTP/1.1 200OK"),
        with_status("HTTP/1.1 200"),
        with_status("HTTP/1.1 200 "),
        with_status("http/1.1 200 OK"),
        with_status("HTTP/2 200 OK"),
        with_status("HTTP/1.2 200 OK"),
        with_status("HTTP/1.1 200 O\u{1}K"),
        with_status("\r\n\r\nHTTP/1.1 200 OK"),
        with_length("+6"),
        with_length("6 bytes"),
        with_length("6;"),
        with_length("6.0"),
        with_length("006"),
        with_length("6, 6"),
        with_length("99999999999999999999999"),
        raw("HTTP/1.1 200 OK", "X: a\rb\r\nY: a\0b\r\nContent-Length: 6\r\n", "pixels"),
        Behaviour::Raw(b"HTTP/1.1 200 OK\r\r\nContent-Length: 6\r\r\n\r\r\npixels".to_vec()),
        raw("HTTP/1.1 200 OK", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", CHUNKS),
        raw("HTTP/1.1 200 OK", "Transfer-Encoding: chunked, chunked\r\n", CHUNKS),
        raw("HTTP/1.0 200 OK", "Transfer-Encoding: chunked, chunked\r\n", CHUNKS),
        raw("HTTP/1.1 200 OK", chunked, "6;a=b;c=\"d\"\r\npixels\r\n00\r\nX-Sum: 1\r\n\r\n"),
    ];
    let servers = cases.map(|case| (format!("{case:?}"), Server::start(move |_| case.clone())));
    run(async {
        let setup = Setup::new(once());
        for (case, server) in &servers {
            assert_eq!(body(&setup, &server.url("/a.png")).await, b"pixels", "{case}");
            // The host is known to need the other way by then.
            let before = server.accepted();
            assert_eq!(body(&setup, &server.url("/b.png")).await, b"pixels", "{case}");
            assert_eq!((server.accepted() - before, server.hits("/b.png")), (1, 1), "{case}");
        }
    });
}

#[test]
fn heads_that_no_client_reads_fail_after_two_requests() {
    let cases = [
        "ICY 200 OK",
        "garbage\r\nHTTP/1.1 200 OK",
        "\u{feff}HTTP/1.1 200 OK",
        "RTSP/1.0 200 OK",
        "HTTP/1.1 2000 OK",
        "HTTP/1.1 20 OK",
        "HTTP/1.1 -200 OK",
        "HTTP/1.1 OK",
        "HTTP/1.1 200 OK\r\nContent-Length: -6\r\nX: y",
        "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nContent-Length: 7\r\nX: y",
    ];
    let servers = cases.map(|case| (case, Server::start(move |_| raw(case, "", "pixels"))));
    run(async {
        let setup = Setup::new(once());
        for (case, server) in &servers {
            let error = setup.error(&server.url("/a")).await;
            assert_eq!(error.kind, ErrorKind::BadResponse, "{case}: {error}");
            assert_eq!(server.hits("/a"), 2, "{case}: as the usual client reads it, and as the others do");
        }
    });
}

#[test]
fn other_responses_of_such_a_host_are_as_usual() {
    let large = vec![b'x'; 3_000_000];
    let served = large.clone();
    let other = Server::start(|_| ok("elsewhere", "image/png"));
    let away = other.url("/x").replace("127.0.0.1", "127.0.0.2");
    let server = Server::start(move |request| match request.path.as_str() {
        "/large" => ok(served.clone(), "image/png").header("ETag", "\"7\"").into(),
        "/moved" => redirect("/large").into(),
        "/away" => redirect(&away).into(),
        "/missing" => super::status(404).into(),
        "/half" => ok("abc", "image/png").short_by(3).into(),
        "/stall" => ok("abc", "image/png").stalls_after_body().into(),
        "/silent" => Behaviour::Stall,
        "/closed" => Behaviour::Close,
        "/headers" => {
            let wanted = [("accept", "*/*"), ("accept-encoding", "identity"), ("connection", "close")];
            assert!(wanted.iter().all(|(name, value)| request.headers.get(*name).is_some_and(|own| own == value)));
            assert!(request.headers["user-agent"].starts_with("Pixloom/"));
            ok(request.headers["host"].clone(), "text/plain").into()
        }
        _ => with_status("HTTP/1.1 200OK"),
    });
    run(async {
        let limits = FetchLimits { read_timeout: Duration::from_millis(500), ..once() };
        let setup = Setup::new(limits);
        assert_eq!(body(&setup, &server.url("/first")).await, b"pixels");
        assert_eq!(body(&setup, &server.url("/moved")).await, large);
        assert_eq!(setup.fetch(&server.url("/large")).await.unwrap().etag.as_deref(), Some("\"7\""));
        assert_eq!(body(&setup, &server.url("/headers")).await, server.url("").as_bytes()[7..]);
        assert_eq!(setup.error(&server.url("/missing")).await.arg("status"), "404");
        assert_eq!(setup.error(&server.url("/half")).await.kind, ErrorKind::ShortBody);
        assert_eq!(setup.error(&server.url("/stall")).await.kind, ErrorKind::Timeout);
        assert_eq!(setup.error(&server.url("/silent")).await.kind, ErrorKind::Timeout);
        assert_eq!(setup.error(&server.url("/closed")).await.kind, ErrorKind::Connect);
        assert_eq!(setup.error(&server.url("/away")).await.kind, ErrorKind::RefusedAddress);
    });
}

/// A flood is noticed by the attempt after the one that got no response in time; the host's other links then fail at
/// once.
#[test]
fn a_flood_of_interim_responses_is_ended() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let flood = move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let thread = std::thread::Builder::new().name("flood".into());
            let flood = move || {
                let _request = stream.read(&mut [0; 4096]);
                // It ends when the client disconnects.
                while stream.write_all(&b"HTTP/1.1 100 Continue\r\n\r\n".repeat(100)).is_ok() {}
            };
            thread.spawn(flood).unwrap();
        }
    };
    std::thread::Builder::new().name("floods".into()).spawn(flood).unwrap();
    run(async {
        let limits = FetchLimits { read_timeout: Duration::from_millis(300), max_attempts: 2, ..hasty() };
        let setup = Setup::new(limits);
        let failure = setup.fetch(&url).await.unwrap_err();
        assert_eq!((failure.error.kind, failure.attempts), (ErrorKind::BadResponse, 2), "{}", failure.error);
        assert!(failure.error.to_string().contains("too many headers"), "{}", failure.error);
        assert_eq!(setup.error(&format!("{url}b")).await.kind, ErrorKind::BadResponse);
    });
}

/// A slow host keeps its idle connections.
#[test]
fn a_host_that_was_slow_once_is_requested_as_before() {
    let server = Server::start(|request| match (request.path.as_str(), request.hit) {
        ("/slow", 1) => Behaviour::Stall,
        _ => ok("pixels", "image/png").into(),
    });
    run(async {
        let setup = Setup::new(FetchLimits { read_timeout: Duration::from_millis(300), max_attempts: 2, ..hasty() });
        assert_eq!(setup.fetch(&server.url("/slow")).await.unwrap().attempts, 2);
        body(&setup, &server.url("/a")).await;
        let before = server.accepted();
        body(&setup, &server.url("/b")).await;
        body(&setup, &server.url("/c")).await;
        assert_eq!(server.accepted(), before);
    });
}
