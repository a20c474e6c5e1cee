//! Responses that no standard allows and every client reads: curl 8, wget 1.21, Firefox and Chrome fetch the same bytes.

use std::sync::Mutex;

use pixloom::error::ErrorKind;
use pixloom::fetch::{Fetcher, Origin, Setup as FetcherSetup};
use pixloom::model::{AccessEntry, AccessKind, NetworkSpec, SecretRef};
use pixloom::store::Spool;

use super::util::server::{Answer, Behaviour, Request, Server, ok, redirect, status};
use super::{Setup, hasty, once, run};

fn raw(head: &str) -> Behaviour {
    Behaviour::Raw(format!("HTTP/1.1 200 OK\r\n{head}Connection: close\r\n\r\npixels").into_bytes())
}

async fn body(setup: &Setup, url: &str) -> Vec<u8> {
    let fetched = setup.fetch(url).await.unwrap_or_else(|failure| panic!("{url}: {}", failure.error));
    fetched.body.into_bytes().unwrap()
}

#[test]
fn headers_that_violate_the_syntax_are_left_out() {
    let server = Server::start(|request| {
        let many = (0..3000).map(|n| format!("X-{n}: {n}\r\n")).collect::<Vec<_>>().concat();
        match request.path.as_str() {
            "/space-in-name" => raw("X Powered By: me\r\nContent-Length: 6\r\n"),
            "/space-before-colon" => raw("Content-Length : 6\r\nContent-Type : image/png\r\n"),
            "/folded" => raw("X-Long: one\r\n two\r\n\tthree\r\nContent-Length: 6\r\n"),
            "/control-bytes" => raw("X-A: a\u{1}b\u{7f}\r\nContent-Length: 6\r\n"),
            "/empty-name" => raw(": nothing\r\nContent-Length: 6\r\n"),
            "/no-colon" => raw("nonsense\r\nContent-Length: 6\r\n"),
            "/latin-1" => Behaviour::Raw(
                b"HTTP/1.1 200 OK\r\nX: caf\xe9\r\nContent-Length: 6\r\nConnection: close\r\n\r\npixels".to_vec(),
            ),
            "/no-reason" => {
                Behaviour::Raw(b"HTTP/1.1 200\r\nContent-Length: 6\r\nConnection: close\r\n\r\npixels".to_vec())
            }
            "/line-feeds" => {
                Behaviour::Raw(b"HTTP/1.1 200 OK\nContent-Length: 6\nConnection: close\n\npixels".to_vec())
            }
            "/http-1.0" => Behaviour::Raw(b"HTTP/1.0 200 OK\r\n\r\npixels".to_vec()),
            "/many" => raw(&format!("{many}Content-Length: 6\r\n")),
            path => panic!("{path}"),
        }
    });
    run(async {
        let setup = Setup::new(once());
        for path in [
            "/space-in-name",
            "/space-before-colon",
            "/folded",
            "/control-bytes",
            "/empty-name",
            "/no-colon",
            "/latin-1",
            "/no-reason",
            "/line-feeds",
            "/http-1.0",
            "/many",
        ] {
            assert_eq!(body(&setup, &server.url(path)).await, b"pixels", "{path}");
        }
        let fetched = setup.fetch(&server.url("/space-before-colon")).await.unwrap();
        assert_eq!(fetched.content_type.as_deref(), Some("image/png"));
        // The host is known to need the fallback by then.
        assert_eq!(server.hits("/many"), 2);
        body(&setup, &server.url("/many")).await;
        assert_eq!(server.hits("/many"), 3);
    });
}

#[test]
fn a_location_in_any_encoding_is_sent_back_byte_by_byte() {
    let server = Server::start(|request| -> Behaviour {
        let to = |location: &[u8]| {
            Behaviour::Raw([b"HTTP/1.1 302 Found\r\nLocation: ", location, b"\r\nConnection: close\r\n\r\n"].concat())
        };
        match request.path.as_str() {
            "/utf-8" => to("/사진.jpg".as_bytes()),
            "/cp949" => to(b"/\xbb\xe7\xc1\xf8.jpg"),
            "/latin-1" => to(b"/caf\xe9 1.jpg?q=\xe9"),
            "/300" => Answer::header(status(300), "Location", "/choice").into(),
            "/choice" | "/%EC%82%AC%EC%A7%84.jpg" | "/%BB%E7%C1%F8.jpg" | "/caf%E9%201.jpg?q=%E9" => {
                ok(request.path.as_bytes(), "image/png").into()
            }
            _ => status(300).body("choose").into(),
        }
    });
    run(async {
        let setup = Setup::new(once());
        for path in ["/utf-8", "/cp949", "/latin-1", "/300"] {
            body(&setup, &server.url(path)).await;
        }
        assert_eq!(setup.error(&server.url("/choices")).await.arg("status"), "300");
    });
}

/// As browsers, and curl with a cookie jar.
#[test]
fn cookies_of_a_redirect_chain_are_sent_back_to_their_site() {
    let other = Server::start(|request| {
        assert_eq!(request.headers.get("cookie"), None);
        ok("elsewhere", "image/png")
    });
    let away = other.url("/x").replace("127.0.0.1", "localhost");
    let server = Server::start(move |request| {
        let cookie = request.headers.get("cookie").map(String::as_str);
        match (request.path.as_str(), cookie) {
            ("/login", _) => redirect("/photo").header("Set-Cookie", "sid=7; Path=/").header("Set-Cookie", "b=2"),
            ("/photo", Some("sid=7; b=2" | "b=2; sid=7")) | ("/check", Some("seen=1")) => ok("pixels", "image/png"),
            // The same URL again, once it has set its cookie.
            ("/check", None) => redirect("/check").header("Set-Cookie", "seen=1"),
            ("/away", _) => redirect(&away).header("Set-Cookie", "sid=7"),
            ("/loop", _) => redirect("/loop"),
            _ => status(403),
        }
    });
    run(async {
        let setup = Setup::new(once());
        for path in ["/login", "/check"] {
            assert_eq!(body(&setup, &server.url(path)).await, b"pixels", "{path}");
        }
        assert_eq!(setup.error(&server.url("/photo")).await.arg("status"), "403", "no cookie outlives its chain");
        assert_eq!(setup.error(&server.url("/loop")).await.kind, ErrorKind::Redirect);
        // A redirect to a private host is refused, with or without cookies.
        assert_eq!(setup.error(&server.url("/away")).await.kind, ErrorKind::RefusedAddress);
    });
}

#[test]
fn statuses_of_a_proxy_in_front_of_the_server_are_retried() {
    let server = Server::start(|request| match (request.path.trim_start_matches('/').parse(), request.hit) {
        (Ok(code), 1) => status(code),
        (Ok(_), _) => ok("pixels", "image/png"),
        (Err(_), _) => status(404),
    });
    run(async {
        let setup = Setup::new(hasty());
        for code in [520, 521, 522, 523, 524, 202] {
            assert_eq!(body(&setup, &server.url(&format!("/{code}"))).await, b"pixels", "{code}");
        }
    });
}

#[test]
fn accepted_without_content_is_no_result() {
    let server = Server::start(|request| status(202).body(if request.path == "/full" { "pixels" } else { "" }));
    run(async {
        let setup = Setup::new(once());
        let error = setup.error(&server.url("/empty")).await;
        assert_eq!((error.kind, error.arg("status")), (ErrorKind::HttpStatus, "202"));
        assert_eq!(body(&setup, &server.url("/full")).await, b"pixels");
    });
}

/// RFC 6761, 6.3.
#[test]
fn names_below_localhost_reach_this_machine() {
    let server = Server::start(|_| ok("pixels", "image/png"));
    run(async {
        let setup = Setup::new(once());
        for host in ["localhost", "localhost.", "shop.localhost", "a.b.localhost."] {
            let url = server.url("/a.png").replace("127.0.0.1", host);
            assert_eq!(body(&setup, &url).await, b"pixels", "{host}");
            let spool = Spool::new(setup.spool_dir.path());
            let foreign = setup.fetcher.fetch(&url, Origin::Fetched, &spool, &setup.cancel).await;
            assert_eq!(foreign.unwrap_err().error.kind, ErrorKind::RefusedAddress, "{host}");
        }
    });
}

/// A setup with these network settings.
fn with_network(network: NetworkSpec) -> Setup {
    let fetcher = Fetcher::open(FetcherSetup { limits: once(), network, ..FetcherSetup::default() }).unwrap();
    Setup { fetcher, ..Setup::new(once()) }
}

#[test]
fn user_agent_referer_and_cookies_are_those_of_the_user() {
    let requests = std::sync::Arc::new(Mutex::new(Vec::<Request>::new()));
    let notes = std::sync::Arc::clone(&requests);
    let server = Server::start(move |request| {
        notes.lock().unwrap().push(request.clone());
        if request.path == "/a" { redirect("/b").header("Set-Cookie", "own=2") } else { ok("pixels", "image/png") }
    });
    let dir = tempfile::tempdir().unwrap();
    let cookies = dir.path().join("cookies.txt");
    std::fs::write(&cookies, "127.0.0.1\tFALSE\t/\tFALSE\t0\tsid\t7\nother.test\tFALSE\t/\tFALSE\t0\tx\ty\n").unwrap();
    run(async {
        let setup = with_network(NetworkSpec {
            user_agent: Some("Shop/1.0 (사진)".to_owned()),
            referer: Some("https://shop.example/p".to_owned()),
            cookie_file: Some(cookies),
            ..NetworkSpec::default()
        });
        body(&setup, &server.url("/a")).await;
    });
    let requests = requests.lock().unwrap();
    let sent = |name: &str| requests.iter().map(|request| request.headers[name].as_str()).collect::<Vec<_>>();
    assert_eq!(sent("user-agent"), ["Shop/1.0 (사진)"; 2]);
    assert_eq!(sent("referer"), ["https://shop.example/p"; 2]);
    assert_eq!(sent("cookie"), ["sid=7", "own=2; sid=7"]);
}

const CHALLENGE: &str = "Digest realm=\"photos\", qop=\"auth\", nonce=\"n1\", algorithm=MD5, opaque=\"o\"";

/// What curl sends for `--digest --user me:pw`: only the right response is accepted.
fn guarded(request: &Request) -> Answer {
    let Some(line) = request.headers.get("authorization").filter(|line| line.starts_with("Digest ")) else {
        return status(401).header("WWW-Authenticate", "Basic realm=\"photos\"").header("WWW-Authenticate", CHALLENGE);
    };
    let field = |name: &str| {
        line.split(&format!(" {name}=")).nth(1).unwrap().split([',', ' ']).next().unwrap().trim_matches('"')
    };
    let md5 = |text: String| {
        use md5::Digest as _;
        md5::Md5::digest(text).iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
    };
    let (first, second) = (md5("me:photos:pw".to_owned()), md5(format!("GET:{}", request.path)));
    let wanted = md5(format!("{first}:n1:{}:{}:auth:{second}", field("nc"), field("cnonce")));
    if field("response") == wanted && field("uri") == request.path {
        ok("pixels", "image/png")
    } else {
        status(401).header("WWW-Authenticate", CHALLENGE)
    }
}

#[test]
fn a_digest_challenge_is_answered_without_the_password() {
    let server = Server::start(guarded);
    let place = server.url("");
    run(async {
        let digest = |user: &str, variable: &str| NetworkSpec {
            access: vec![AccessEntry {
                host: place.clone(),
                kind: AccessKind::Digest { user: Some(user.to_owned()) },
                secret: SecretRef::Env(variable.to_owned()),
            }],
            ..NetworkSpec::default()
        };
        // Cargo sets it to this for every test.
        let setup = with_network(digest("me", "CARGO_PKG_NAME"));
        assert_eq!(setup.error(&server.url("/wrong")).await.arg("status"), "401");
        assert_eq!(server.hits("/wrong"), 2, "a wrong password is tried once");
        let own = Setup::new(once());
        let url = server.url("/a.png?x=1").replace("http://", "http://me:pw@");
        assert_eq!(body(&own, &url).await, b"pixels");
        assert_eq!(setup.error(&server.url("/none").replace("http://", "http://you:no@")).await.arg("status"), "401");
    });
}
