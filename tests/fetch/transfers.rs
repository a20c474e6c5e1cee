//! Bodies that break off, contradict their headers, are compressed, or are very slow. Whatever a server does, no wrong byte
//! is kept.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use pixloom::error::ErrorKind;
use pixloom::fetch::{FetchLimits, Fetched, Known, LinkRequest, Origin, Visit};
use pixloom::store::Spool;

use super::util::server::{Answer, Request, Server, ok, redirect, status};
use super::{DEADLINE, Setup, hasty, impatient, once, run};

const WHOLE: usize = 300_000;
const PART: usize = 100_000;

fn image_bytes() -> Vec<u8> {
    (0..WHOLE as u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}

/// The first part of a version with this ETag; then the connection closes.
fn first_part(etag: &str) -> Answer {
    ok(&image_bytes()[..PART], "image/png").header("ETag", etag).short_by((WHOLE - PART) as u64)
}

/// The rest of the image that was requested.
fn rest(request: &Request, etag: &str) -> Answer {
    assert_eq!(request.headers.get("if-range").map(String::as_str), Some(etag));
    let from = request.headers["range"].strip_prefix("bytes=").and_then(|range| range.strip_suffix('-'));
    let from: usize = from.and_then(|from| from.parse().ok()).expect("a range to the end");
    part(&image_bytes()[from..], &format!("bytes {from}-{}/{WHOLE}", WHOLE - 1)).header("ETag", etag)
}

fn part(bytes: &[u8], range: &str) -> Answer {
    status(206).body(bytes).header("Content-Range", range)
}

async fn fetched(setup: &Setup, url: &str) -> Fetched {
    setup.fetch(url).await.unwrap_or_else(|failure| panic!("{}", failure.error))
}

#[test]
fn a_body_that_broke_off_is_resumed_in_memory_and_on_disk() {
    let server = Server::start(|request| match request.hit {
        1 => first_part("\"1\""),
        // The rest breaks off as well.
        2 => {
            let range = format!("bytes {PART}-{}/{WHOLE}", WHOLE - 1);
            part(&image_bytes()[PART..2 * PART], &range).short_by((WHOLE - 2 * PART) as u64)
        }
        _ => rest(request, "\"1\""),
    });
    run(async {
        for (path, in_memory) in [("/memory", 8 << 20), ("/disk", 10_000)] {
            let setup = Setup::new(FetchLimits { max_body_in_memory_bytes: in_memory, ..hasty() });
            let fetched = fetched(&setup, &server.url(path)).await;
            assert_eq!((server.hits(path), fetched.attempts, fetched.transfer.resumed), (3, 3, 2));
            assert_eq!((fetched.size_bytes, fetched.body.path().is_some()), (WHOLE as u64, in_memory < WHOLE as u64));
            assert!(fetched.body.into_bytes().unwrap() == image_bytes(), "{path}");
        }
        assert_eq!(server.sent_bytes(), 2 * WHOLE, "nothing is sent twice");
    });
}

/// How a server answers a request for the rest, and the number of requests.
type Case = (&'static str, fn(&Request) -> Answer, usize);

#[test]
fn no_wrong_byte_is_kept_whatever_is_sent_instead_of_the_rest() {
    let cases: [Case; 14] = [
        ("/rest", |request| rest(request, "\"1\""), 2),
        ("/all-of-another-version", |_| ok(image_bytes(), "image/png").header("ETag", "\"2\""), 2),
        ("/wrong-start", |_| part(&vec![b'x'; WHOLE - PART + 1], "bytes 99999-299999/300000"), 3),
        ("/wrong-whole", |_| part(&vec![b'x'; WHOLE - PART], "bytes 100000-299999/300001"), 3),
        ("/unknown-whole", |_| part(&vec![b'x'; WHOLE - PART], "bytes 100000-299999/*"), 3),
        ("/wrong-unit", |_| part(&vec![b'x'; WHOLE - PART], "lines 100000-299999/300000"), 3),
        ("/backwards", |_| part(&vec![b'x'; WHOLE - PART], "bytes 299999-100000/300000"), 3),
        ("/no-place", |_| status(206).body(vec![b'x'; WHOLE - PART]), 3),
        ("/wrong-length", |_| part(b"xxx", "bytes 100000-299999/300000"), 3),
        (
            "/another-version",
            |_| part(&vec![b'x'; WHOLE - PART], "bytes 100000-299999/300000").header("ETag", "\"2\""),
            3,
        ),
        (
            "/packed",
            |_| part(&vec![b'x'; WHOLE - PART], "bytes 100000-299999/300000").header("Content-Encoding", "gzip"),
            3,
        ),
        (
            "/parts",
            |_| {
                part(&vec![b'x'; WHOLE - PART], "bytes 100000-299999/300000")
                    .header("Content-Type", "multipart/byteranges; boundary=b")
            },
            3,
        ),
        ("/no-such-range", |_| status(416).header("Content-Range", "bytes */300000").header("ETag", "\"1\""), 3),
        ("/condition", |_| status(412), 3),
    ];
    let answers = cases;
    let server = Server::start(move |request| {
        let (_, second, _) = answers.iter().find(|(path, ..)| *path == request.path).expect("a case");
        match request.hit {
            1 => first_part("\"1\""),
            2 => second(request),
            _ => {
                assert!(!request.headers.contains_key("range"), "it starts again");
                ok(image_bytes(), "image/png")
            }
        }
    });
    run(async {
        let setup = Setup::new(hasty());
        for (path, _, hits) in cases {
            let fetched = fetched(&setup, &server.url(path)).await;
            assert_eq!((server.hits(path), fetched.attempts), (hits, 2), "{path}");
            assert_eq!(fetched.transfer.resumed, u32::from(path == "/rest"), "{path}");
            assert!(fetched.body.into_bytes().unwrap() == image_bytes(), "{path}");
        }
    });
}

#[test]
fn no_transfer_is_resumed_without_a_strong_validator() {
    let server = Server::start(|request| {
        assert!(!request.headers.contains_key("range"), "{}", request.path);
        if request.hit > 1 {
            return ok(image_bytes(), "image/png");
        }
        let begun = ok(&image_bytes()[..PART], "image/png").short_by(1);
        match request.path.as_str() {
            "/weak" => begun.header("ETag", "W/\"1\""),
            "/young" => begun
                .header("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT")
                .header("Date", "Sun, 06 Nov 1994 08:49:38 GMT"),
            "/none" => begun.header("ETag", "\"1\"").header("Accept-Ranges", "none"),
            _ => begun,
        }
    });
    run(async {
        let setup = Setup::new(hasty());
        for path in ["/weak", "/young", "/none", "/nothing"] {
            let fetched = fetched(&setup, &server.url(path)).await;
            assert!(fetched.attempts == 2 && fetched.body.into_bytes().unwrap() == image_bytes(), "{path}");
        }
    });
}

#[test]
fn an_old_modification_date_is_a_strong_validator_also_after_redirects() {
    let modified = "Sun, 06 Nov 1994 08:49:37 GMT";
    let server = Server::start(move |request| match (request.path.as_str(), request.hit) {
        ("/link", _) => {
            assert!(!request.headers.contains_key("range"), "the part does not belong to this URL");
            super::redirect("/there")
        }
        (_, 1) => ok(&image_bytes()[..PART], "image/png")
            .header("Last-Modified", modified)
            .header("Date", "Sun, 06 Nov 1994 09:49:37 GMT")
            .short_by((WHOLE - PART) as u64),
        _ => rest(request, modified),
    });
    run(async {
        let fetched = fetched(&Setup::new(hasty()), &server.url("/link")).await;
        assert_eq!((fetched.http_status, fetched.transfer.resumed, fetched.size_bytes), (206, 1, WHOLE as u64));
        assert!(fetched.body.into_bytes().unwrap() == image_bytes());
    });
}

#[test]
fn a_body_that_progresses_may_break_off_more_often_than_the_number_of_attempts() {
    const STEP: usize = 300_000;
    let whole: Arc<[u8]> = (0..10 * STEP as u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let served = Arc::clone(&whole);
    let server = Server::start(move |request| {
        let had = (request.hit - 1) * STEP;
        let (bytes, left) = (&served[had..had + STEP], (served.len() - had - STEP) as u64);
        let range = format!("bytes {had}-{}/{}", served.len() - 1, served.len());
        let answer = if had == 0 { ok(bytes, "image/png") } else { part(bytes, &range) };
        let answer = answer.header("ETag", "\"1\"");
        if left == 0 { answer } else { answer.short_by(left) }
    });
    run(async {
        let fetched = fetched(&Setup::new(hasty()), &server.url("/a")).await;
        assert_eq!((fetched.attempts, fetched.transfer.resumed), (10, 9));
        assert!(fetched.body.into_bytes().unwrap() == *whole);
    });
}

#[test]
fn a_part_above_the_limit_of_kept_bytes_or_files_is_received_again() {
    let server = Server::start(|request| {
        assert!(!request.headers.contains_key("range"), "{}", request.path);
        if request.hit == 1 { first_part("\"1\"") } else { ok(image_bytes(), "image/png").header("ETag", "\"1\"") }
    });
    run(async {
        let bytes = FetchLimits { kept_bytes: PART as u64 / 2, ..hasty() };
        let files = FetchLimits { kept_files: 0, max_body_in_memory_bytes: 10_000, ..hasty() };
        for (path, limits) in [("/bytes", bytes), ("/files", files)] {
            let fetched = fetched(&Setup::new(limits), &server.url(path)).await;
            assert_eq!((fetched.attempts, fetched.transfer.resumed), (2, 0), "{path}");
            assert!(fetched.body.into_bytes().unwrap() == image_bytes(), "{path}");
        }
    });
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_content_encoding_is_decoded_and_a_compressed_file_is_kept() {
    let text = "pixels and words, ".repeat(20_000);
    let (served, packed) = (text.clone(), gzip(text.as_bytes()));
    let server = Server::start(move |request| {
        assert_eq!(request.headers["accept-encoding"], "identity");
        let packed = gzip(served.as_bytes());
        match request.path.as_str() {
            "/gzip" => ok(packed, "text/plain").header("Content-Encoding", "gzip"),
            "/chunked" => ok(packed, "text/plain").header("Content-Encoding", "GZIP").chunked(),
            "/deflate" => {
                let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
                encoder.write_all(served.as_bytes()).unwrap();
                ok(encoder.finish().unwrap(), "text/plain").header("Content-Encoding", "deflate")
            }
            "/file.gz" => ok(packed, "application/gzip"),
            "/twice.gz" => ok(packed, "application/x-gzip").header("Content-Encoding", "x-gzip"),
            "/nothing" => ok("", "text/plain").header("Content-Encoding", "gzip"),
            path => panic!("{path}"),
        }
    });
    run(async {
        let setup = Setup::new(FetchLimits { max_body_in_memory_bytes: 100_000, ..once() });
        for path in ["/gzip", "/chunked", "/deflate"] {
            let fetched = fetched(&setup, &server.url(path)).await;
            assert!(fetched.transfer.packed_bytes.is_some_and(|packed| packed < 10_000), "{path}");
            assert!(fetched.transfer.encoding.is_some() && fetched.size_bytes == text.len() as u64, "{path}");
            assert!(fetched.body.into_bytes().unwrap() == text.as_bytes(), "{path}");
        }
        for path in ["/file.gz", "/twice.gz"] {
            let fetched = fetched(&setup, &server.url(path)).await;
            assert_eq!(fetched.transfer.encoding, None);
            assert!(fetched.body.into_bytes().unwrap() == packed, "{path}");
        }
        assert_eq!(fetched(&setup, &server.url("/nothing")).await.size_bytes, 0);
    });
}

/// The name or the type tells that the file itself is compressed, as Firefox and Chrome decide; curl and wget, which do
/// not ask for a coding, save what they receive.
#[test]
fn a_compressed_file_with_its_own_compression_as_coding_is_saved_as_it_is() {
    let packed = gzip(b"a tar archive");
    let server = Server::start(move |request| {
        let packed = gzip(b"a tar archive");
        match request.path.as_str() {
            "/redirected.tar.gz" => redirect("/4711"),
            "/disposed" => {
                ok(packed, "application/octet-stream").header("Content-Disposition", "attachment; filename=\"a.tgz\"")
            }
            "/typed" => ok(packed, "application/x-gunzip"),
            _ => ok(packed, "application/octet-stream"),
        }
        .header("Content-Encoding", "gzip")
    });
    run(async {
        let setup = Setup::new(once());
        for path in ["/a.tar.gz", "/logo.svgz?v=1", "/disposed", "/typed", "/redirected.tar.gz"] {
            let fetched = fetched(&setup, &server.url(path)).await;
            assert!(fetched.body.into_bytes().unwrap() == packed, "{path}");
        }
        let fetched = fetched(&setup, &server.url("/a.tar")).await;
        assert!(fetched.body.into_bytes().unwrap() == b"a tar archive");
    });
}

#[test]
fn a_part_of_a_compressed_file_is_resumed() {
    let server = Server::start(|request| {
        let packed = gzip(&image_bytes());
        match request.headers.get("range") {
            None => ok(&packed[..5000], "application/gzip").short_by(packed.len() as u64 - 5000),
            Some(range) => {
                assert_eq!(range, "bytes=5000-");
                let range = format!("bytes 5000-{}/{}", packed.len() - 1, packed.len());
                status(206).body(&packed[5000..]).header("Content-Range", &range)
            }
        }
        .header("Content-Encoding", "gzip")
        .header("ETag", "\"1\"")
    });
    run(async {
        let fetched = fetched(&Setup::new(hasty()), &server.url("/a.gz")).await;
        assert_eq!((fetched.attempts, fetched.transfer.resumed), (2, 1));
        assert!(fetched.body.into_bytes().unwrap() == gzip(&image_bytes()));
    });
}

/// As curl 8 and wget 1.21 save them.
#[test]
fn a_body_with_an_unknown_encoding_is_saved_unchanged() {
    let server = Server::start(|request| {
        ok(image_bytes(), "image/png").header("Content-Encoding", request.path.trim_start_matches('/'))
    });
    run(async {
        let setup = Setup::new(once());
        for coding in ["none", "utf-8", "binary", "aws-chunked", "7bit", "UTF-8,aws-chunked", "foo"] {
            let fetched = fetched(&setup, &server.url(&format!("/{coding}"))).await;
            assert!(fetched.body.into_bytes().unwrap() == image_bytes(), "{coding}");
        }
    });
}

#[test]
fn a_transfer_encoding_is_decoded_or_fails() {
    let answer = |coding: &'static str, body: Vec<u8>| {
        raw_server(move |stream| {
            stream.write_all(format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: {coding}\r\n\r\n").as_bytes())?;
            stream.write_all(&body)
        })
    };
    let chunked = |bytes: &[u8]| [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n0\r\n\r\n"].concat();
    run(async {
        let setup = Setup::new(once());
        let packed = gzip(&image_bytes());
        for (coding, body) in [
            ("gzip, chunked", chunked(&packed)),
            ("gzip", packed.clone()),
            ("identity", image_bytes()),
            ("identity, chunked", chunked(&image_bytes())),
        ] {
            let fetched = fetched(&setup, &answer(coding, body)).await;
            assert!(fetched.body.into_bytes().unwrap() == image_bytes(), "{coding}");
        }
        for (coding, body) in [
            ("compress", packed.clone()),
            ("gzip", packed[..5000].to_vec()),
            ("chunked, chunked", chunked(&chunked(&packed))),
            ("chunked, gzip", chunked(&packed)),
        ] {
            let error = setup.error(&answer(coding, body)).await;
            assert_eq!(error.kind, ErrorKind::BadResponse, "{coding}: {error}");
        }
    });
}

#[test]
fn decompression_bombs_and_invalid_encodings_fail_with_a_clear_message() {
    let bomb = gzip(&vec![0; 30 << 20]);
    let server = Server::start(move |request| {
        let packed = match request.path.as_str() {
            "/bomb" => bomb.clone(),
            "/large" => gzip(&vec![0; 50_000]),
            "/cut" => gzip(&image_bytes())[..5000].to_vec(),
            "/broken" => b"this was never packed".to_vec(),
            _ => return ok("x", "image/png").header("Content-Encoding", "compress"),
        };
        ok(packed, "image/png").header("Content-Encoding", "gzip").header("ETag", "\"1\"")
    });
    run(async {
        let setup = Setup::new(FetchLimits { unchecked_unpacked_bytes: 8 << 20, ..once() });
        for (path, kind, words) in [
            ("/bomb", ErrorKind::BodyTooLarge, "more than 250 times its own size"),
            ("/cut", ErrorKind::BadResponse, "couldn't decode its body"),
            ("/broken", ErrorKind::BadResponse, "couldn't decode its body"),
            ("/unknown", ErrorKind::BadResponse, "unknown content encoding: compress"),
        ] {
            let error = setup.error(&server.url(path)).await;
            assert!(error.kind == kind && error.to_string().contains(words), "{path}: {error}");
        }
        let setup = Setup::new(FetchLimits { max_body_bytes: Some(49_999), ..once() });
        assert_eq!(setup.error(&server.url("/large")).await.kind, ErrorKind::BodyTooLarge);
        assert_eq!(std::fs::read_dir(setup.spool_dir.path()).unwrap().count(), 0);
        // What compresses well is no bomb: blank images and tables reach 1000 times, and a limit of one's own is enough.
        let limited = FetchLimits { unchecked_unpacked_bytes: 0, max_body_bytes: Some(30 << 20), ..once() };
        for limits in [once(), limited] {
            let fetched = fetched(&Setup::new(limits), &server.url("/bomb")).await;
            assert!(fetched.size_bytes == 30 << 20 && fetched.transfer.packed_bytes < Some(60_000), "{fetched:?}");
        }
    });
}

/// A server that answers every connection with the bytes that `answer` writes; its threads end with their clients.
fn raw_server(answer: impl Fn(&mut TcpStream) -> std::io::Result<()> + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/x.png", listener.local_addr().unwrap());
    let answer = Arc::new(answer);
    let acceptor = std::thread::Builder::new().name("raw-server".into());
    acceptor
        .spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { continue };
                let answer = Arc::clone(&answer);
                let connection = std::thread::Builder::new().name("raw-connection".into());
                let thread = connection.spawn(move || {
                    let lines = BufReader::new(stream.try_clone().unwrap()).lines();
                    let _head = lines.map_while(Result::ok).take_while(|line| !line.is_empty()).count();
                    // It ends when the client disconnects.
                    let _ = answer(&mut stream);
                });
                thread.unwrap();
            }
        })
        .unwrap();
    url
}

#[test]
fn responses_that_violate_the_protocol_fail_with_a_clear_message() {
    let cases: [(&str, ErrorKind, &str); 11] = [
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
            ErrorKind::BadResponse,
            "content-length",
        ),
        ("HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\nabc", ErrorKind::BadResponse, "content-length"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", ErrorKind::ShortBody, "ended early (3 B of 5 B)"),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
            ErrorKind::BadResponse,
            "invalid body",
        ),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", ErrorKind::ShortBody, "interrupted"),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n99999999999999999\r\nabc",
            ErrorKind::BadResponse,
            "invalid body",
        ),
        ("HTTP/1.1 200 OK\r\nContent", ErrorKind::Connect, "closed the connection before answering"),
        ("SSH-2.0-OpenSSH_9.6\r\n\r\n", ErrorKind::BadResponse, "is invalid"),
        (
            "HTTP/1.1 206 Partial\r\nContent-Range: bytes 0-2/9\r\nContent-Length: 3\r\n\r\nabc",
            ErrorKind::BadResponse,
            "a part",
        ),
        ("HTTP/1.1 204 No Content\r\n\r\n", ErrorKind::HttpStatus, "204"),
        ("HTTP/1.1 304 Not Modified\r\n\r\n", ErrorKind::HttpStatus, "304"),
    ];
    run(async {
        let setup = Setup::new(once());
        for (answer, kind, words) in cases {
            let url = raw_server(move |stream| stream.write_all(answer.as_bytes()));
            let error = setup.error(&url).await;
            assert!(error.kind == kind && error.to_string().contains(words), "{answer:?}: {error}");
        }
        let whole = "HTTP/1.0 200 OK\r\nContent-Type: image/png\r\n\r\nabc";
        let url = raw_server(move |stream| stream.write_all(whole.as_bytes()));
        assert_eq!(fetched(&setup, &url).await.size_bytes, 3, "an HTTP/1.0 response ends with its connection");
        let all = "HTTP/1.1 206 Partial\r\nContent-Range: bytes 0-2/3\r\nContent-Length: 3\r\n\r\nabc";
        let url = raw_server(move |stream| stream.write_all(all.as_bytes()));
        assert_eq!(fetched(&setup, &url).await.size_bytes, 3);
    });
}

#[test]
fn endless_headers_endless_100_responses_and_a_trickle_fail() {
    let trickle = |stream: &mut TcpStream| {
        stream.set_nodelay(true)?;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")?;
        loop {
            stream.write_all(b"x")?;
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    let headers = |stream: &mut TcpStream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\n")?;
        (0_u64..).try_for_each(|n| stream.write_all(format!("x-header-{n}: {n}\r\n").as_bytes()))
    };
    let long = |stream: &mut TcpStream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\nx: ")?;
        loop {
            stream.write_all(&[b'a'; 10_000])?;
        }
    };
    let continues = |stream: &mut TcpStream| loop {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        std::thread::sleep(Duration::from_micros(100));
    };
    run(async {
        let low_speed_time = Duration::from_millis(500);
        let exacting = FetchLimits { low_speed_bytes_per_s: 1000, low_speed_time, ..once() };
        for (url, limits, kind, words) in [
            (raw_server(trickle), exacting, ErrorKind::Timeout, "slower than 1000 bytes per second"),
            (raw_server(headers), once(), ErrorKind::BadResponse, "too many headers"),
            (raw_server(long), once(), ErrorKind::BadResponse, "too many headers"),
            (raw_server(continues), impatient(), ErrorKind::Timeout, "the response was incomplete"),
        ] {
            let error = Setup::new(limits).error(&url).await;
            assert!(error.kind == kind && error.to_string().contains(words), "{error}");
        }
    });
}

#[test]
fn unchanged_content_is_not_received_again() {
    let server = Server::start(|request| {
        let same = request.headers.get("if-none-match").is_some_and(|etag| etag == "\"1\"")
            || request.headers.get("if-modified-since").is_some_and(|date| date == "Sun, 06 Nov 1994 08:49:37 GMT");
        if same { status(304) } else { ok("new", "image/png").header("ETag", "\"2\"") }
    });
    run(async {
        let setup = Setup::new(hasty());
        let spool = Spool::new(setup.spool_dir.path());
        let url = server.url("/a");
        for (etag, last_modified, same) in [
            (Some("\"1\""), None, true),
            (Some("\"0\""), None, false),
            (None, Some("Sun, 06 Nov 1994 08:49:37 GMT"), true),
        ] {
            let known = Known { etag: etag.map(str::to_owned), last_modified: last_modified.map(str::to_owned) };
            let request = LinkRequest { known: Some(&known), ..LinkRequest::new(&url, Origin::User) };
            let visit = setup.fetcher.visit(request, &spool, &setup.cancel).await.unwrap();
            assert_eq!(matches!(visit, Visit::Unchanged { attempts: 1, .. }), same, "{known:?}");
        }
    });
}

#[test]
fn the_parts_of_a_request_are_timed() {
    let server = Server::start(|_| ok("x", "image/png").delay(Duration::from_millis(60)));
    run(async {
        let setup = Setup::new(hasty());
        let first = fetched(&setup, &server.url("/a").replace("127.0.0.1", "localhost")).await.transfer.times;
        assert!(first.dns_ms.is_some() && first.connect_ms.is_some(), "{first:?}");
        assert_eq!(first.tls_ms, None);
        assert!(first.wait_ms >= 60, "{first:?}");
        let literal = fetched(&setup, &server.url("/a")).await.transfer.times;
        assert!(literal.dns_ms.is_none() && literal.connect_ms.is_some(), "{literal:?}");
    });
}

#[test]
fn a_failure_says_how_far_its_request_got() {
    let server = Server::start(|request| match request.path.as_str() {
        "/late" => ok("x", "image/png").delay(DEADLINE),
        "/half" => ok("abc", "image/png").stalls_after_body(),
        _ => status(404).body(vec![b'n'; 60_000]).delay(Duration::from_millis(60)),
    });
    run(async {
        let times = async |path: &str, limits: FetchLimits| {
            let setup = Setup::new(limits);
            let (spool, url) = (Spool::new(setup.spool_dir.path()), server.url(path));
            let visit = setup.fetcher.visit(LinkRequest::new(&url, Origin::User), &spool, &setup.cancel).await;
            visit.err().unwrap().times.unwrap()
        };
        // Neither an answer without a wanted body nor a missing answer takes time to receive, however slow the machine.
        let missing = times("/missing", once()).await;
        assert!(missing.wait_ms >= 60 && missing.body_ms == 0, "{missing:?}");
        let late = times("/late", impatient()).await;
        assert!(late.wait_ms + late.connect_ms.unwrap_or(0) >= 290 && late.body_ms == 0, "{late:?}");
        let half = times("/half", FetchLimits { read_timeout: Duration::from_secs(3), ..once() }).await;
        assert!(half.body_ms > 0, "{half:?}");
    });
}
