//! Where redirects lead, and what odd responses give. Compared with curl 7.88, wget 1.21 and requests
//! 2.34; where these differ (backslashes, tabs, `http:///`), the URL standard decides.

use pixloom::error::ErrorKind;

use super::util::server::{Answer, Behaviour, Server, ok, redirect, status};
use super::{Setup, once, run};

async fn body(setup: &Setup, url: &str) -> String {
    let fetched = setup.fetch(url).await.unwrap_or_else(|failure| panic!("{url}: {}", failure.error));
    String::from_utf8(fetched.body.into_bytes().unwrap()).unwrap()
}

#[test]
fn a_location_leads_where_the_url_standard_says() {
    // HOST is the server's own host and port; the result is the path that was requested there.
    let cases = [
        ("/ok", "/ok"),
        ("ok", "/dir/ok"),
        ("./../ok/x.png", "/ok/x.png"),
        ("?page=2", "/dir/N?page=2"),
        ("http://HOST/ok", "/ok"),
        ("HTTP://HOST/ok", "/ok"),
        ("//HOST/ok", "/ok"),
        ("/\\HOST/ok", "/ok"),
        ("\\ok", "/ok"),
        ("   /ok  ", "/ok"),
        ("/ok/a b.png", "/ok/a%20b.png"),
        ("/o\tk", "/ok"),
        ("/ok#fragment", "/ok"),
        ("/a/../../../ok", "/ok"),
        ("/a/%2e%2e/ok", "/ok"),
        ("/ok/100%.png", "/ok/100%.png"),
        ("/ok?a|b^c`d{e}", "/ok?a|b^c`d{e}"),
        ("/ok?a=1&amp;b=2", "/ok?a=1&amp;b=2"),
        ("/ok, /other", "/ok,%20/other"),
        ("http://me:secret@HOST/ok", "/ok"),
        ("http:///HOST/ok", "/ok"),
        ("/ok/사진.png", "/ok/%EC%82%AC%EC%A7%84.png"),
    ];
    let server = Server::start(move |request| {
        let number = request.path.strip_prefix("/dir/").filter(|_| !request.path.contains("/ok"));
        match number.and_then(|number| number.parse::<usize>().ok()).and_then(|number| cases.get(number)) {
            Some((location, _)) => redirect(&location.replace("HOST", &request.headers["host"])),
            None => ok(request.path.clone(), "text/plain"),
        }
    });
    run(async {
        let setup = Setup::new(once());
        for (number, (location, right)) in cases.iter().enumerate() {
            let right = right.replace('N', &number.to_string());
            assert_eq!(body(&setup, &server.url(&format!("/dir/{number}"))).await, right, "{location}");
        }
        let long = "a".repeat(20_000);
        let server = Server::start(move |request| match request.path.as_str() {
            "/long" => redirect(&format!("/{long}")),
            path => ok(path.len().to_string(), "text/plain"),
        });
        assert_eq!(body(&setup, &server.url("/long")).await, "20001");
    });
}

#[test]
fn a_location_that_leads_nowhere_says_why() {
    let cases = [
        ("javascript:alert(1)", "javascript: is not supported"),
        ("data:text/plain,pixels", "data: is not supported"),
        ("ftp://127.0.0.1/ok", "ftp: is not supported"),
        ("mailto:me@shop.example", "mailto: is not supported"),
        ("blob:http://127.0.0.1/1", "blob: is not supported"),
        ("http://127.0.0.1:99999/ok", "not a valid URL"),
        ("http://[::1/ok", "not a valid URL"),
        ("", "a loop"),
    ];
    let server = Server::start(move |request| {
        let number = request.path.trim_start_matches('/').parse::<usize>().ok();
        redirect(number.and_then(|number| cases.get(number)).map_or("/", |(location, _)| location))
    });
    run(async {
        let setup = Setup::new(once());
        for (number, (location, words)) in cases.iter().enumerate() {
            let error = setup.error(&server.url(&format!("/{number}"))).await;
            assert!(error.kind == ErrorKind::Redirect && error.to_string().contains(words), "{location}: {error}");
        }
    });
}

#[test]
fn only_redirects_redirect() {
    let server = Server::start(|request| match request.path.trim_start_matches('/').parse::<u16>() {
        Ok(code) => status(code).header("Location", "/there").body("here"),
        Err(_) => match request.path.as_str() {
            "/there" => ok("there", "text/plain"),
            "/refresh" => ok("here", "text/plain").header("Refresh", "0; url=/there"),
            "/twice" => redirect("/there").header("Location", "/nowhere"),
            "/large" => redirect("/there").body(vec![b'x'; 2_000_000]),
            _ => status(404),
        },
    });
    run(async {
        let setup = Setup::new(once());
        for code in [300, 301, 302, 303, 307, 308] {
            assert_eq!(body(&setup, &server.url(&format!("/{code}"))).await, "there", "{code}");
        }
        for code in [200, 201, 202, 203, 226] {
            assert_eq!(body(&setup, &server.url(&format!("/{code}"))).await, "here", "{code}");
        }
        for code in [204, 205, 304, 305, 306, 399, 404, 600, 999, 503] {
            let error = setup.error(&server.url(&format!("/{code}"))).await;
            assert_eq!((error.kind, error.arg("status")), (ErrorKind::HttpStatus, code.to_string().as_str()));
        }
        for (path, right) in [("/refresh", "here"), ("/twice", "there"), ("/large", "there")] {
            assert_eq!(body(&setup, &server.url(path)).await, right, "{path}");
        }
    });
}

/// A pause that a server asks for in another form than a number or a date is not one.
#[test]
fn odd_headers_change_nothing() {
    let cases: [fn(Answer) -> Answer; 14] = [
        |answer| answer.header("Content-Encoding", ""),
        |answer| answer.header("Content-Encoding", "none"),
        |answer| answer.header("Content-Encoding", "binary"),
        |answer| answer.header("Content-Encoding", "utf-8"),
        |answer| answer.header("Content-Range", "bytes 0-5/6"),
        |answer| answer.header("Content-Type", "///"),
        |answer| answer.header("Content-Type", &"a".repeat(9000)),
        |answer| answer.header("Content-Disposition", ""),
        |answer| answer.header("Content-Disposition", "attachment; filename=\"").header("Content-MD5", "x"),
        |answer| answer.header("Set-Cookie", "").header("Set-Cookie", "=").header("Set-Cookie", ";;;"),
        |answer| (0..90).fold(answer, |answer, n| answer.header("Set-Cookie", &format!("a{n}={}", "x".repeat(50)))),
        |answer| answer.header("Strict-Transport-Security", "max-age=999").header("Alt-Svc", "h3=\":443\""),
        |answer| answer.header("Upgrade", "h2c").header("Retry-After", "soon"),
        |answer| answer.header("Last-Modified", "yesterday").header("ETag", "no quotes").header("Age", "-1"),
    ];
    let server = Server::start(move |request| {
        let number = request.path.trim_start_matches('/').trim_end_matches(".bin").parse::<usize>().ok();
        let case = number.and_then(|number| cases.get(number));
        case.map_or_else(|| status(404), |case| case(status(200).body("pixels")))
    });
    run(async {
        let setup = Setup::new(once());
        for number in 0..cases.len() {
            let fetched = setup.fetch(&server.url(&format!("/{number}.bin"))).await;
            let fetched = fetched.unwrap_or_else(|failure| panic!("{number}: {}", failure.error));
            assert_eq!(fetched.file_name, Some(format!("{number}.bin")));
            assert_eq!(fetched.body.into_bytes().unwrap().as_ref() as &[u8], b"pixels", "{number}");
        }
    });
}

/// Trailers never say how a body is read, and what follows a body belongs to no response.
#[test]
fn what_follows_a_body_is_ignored() {
    let trailer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n6\r\npixels\r\n0\r\nContent-Length: 99\r\n\
        Content-Encoding: gzip\r\nLocation: /x\r\n\r\n";
    let two = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npixelsHTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
    let closed =
        b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: keep-alive\r\nKeep-Alive: timeout=999\r\n\r\npixels";
    for response in [trailer.as_slice(), two, closed] {
        let server = Server::start(move |_| Behaviour::Raw(response.to_vec()));
        run(async {
            let setup = Setup::new(once());
            for path in ["/a", "/b", "/c"] {
                assert_eq!(body(&setup, &server.url(path)).await, "pixels");
            }
        });
    }
}
