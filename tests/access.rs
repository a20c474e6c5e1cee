//! Which hosts may be contacted, which credentials they get, and whose certificates are trusted. Nothing leaves this
//! machine: 127.0.0.2 stands for a private host that nobody named, and names are resolved from a table.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "tests prepare files and servers")]

#[expect(dead_code, reason = "other tests use the rest of the server")]
mod util;

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pixloom::error::{ErrorKind, ItemError};
use pixloom::fetch::{
    Addrs, Cancel, FetchFailure, FetchLimits, Fetched, Fetcher, Name, Origin, Resolve, Resolving, Secrets, Setup,
};
use pixloom::model::{AccessEntry, AccessKind, NetworkSpec, ProxyChoice, RobotsPolicy, SecretRef};
use pixloom::store::Spool;
use util::server::{Behaviour, Server, ok, redirect, status};

/// Time limit for each test.
const DEADLINE: Duration = Duration::from_mins(1);
/// How long the server's side of a TLS connection waits before its first message.
const SLOW_GREETING: Duration = Duration::from_millis(40);

/// Names and their addresses.
#[derive(Clone, Default)]
struct Table(Arc<Mutex<HashMap<String, Vec<IpAddr>>>>);

impl Table {
    fn set(&self, name: &str, addresses: &str) {
        let addresses = addresses.split(' ').map(|address| address.parse().unwrap()).collect();
        self.0.lock().unwrap().insert(name.to_owned(), addresses);
    }
}

impl Resolve for Table {
    fn resolve(&self, name: Name) -> Resolving {
        let found = self.0.lock().unwrap().get(name.as_str()).cloned();
        Box::pin(async move {
            let found = found.ok_or_else(|| io::Error::other("the table does not know it"))?;
            let addresses: Addrs = Box::new(found.into_iter().map(|address| SocketAddr::new(address, 0)));
            Ok(addresses)
        })
    }
}

struct Desk {
    fetcher: Fetcher,
    dir: tempfile::TempDir,
}

fn hasty() -> FetchLimits {
    FetchLimits {
        connect_timeout: DEADLINE,
        read_timeout: DEADLINE,
        total_timeout: DEADLINE,
        max_attempts: 2,
        backoff_base: Duration::from_millis(2),
        backoff_max: Duration::from_millis(20),
        network_gone: Duration::from_hours(1),
        system_proxy: false,
        ..FetchLimits::default()
    }
}

impl Desk {
    fn new(network: NetworkSpec) -> Self {
        Self::with_names(network, &Table::default())
    }

    fn with_names(network: NetworkSpec, names: &Table) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let secrets = dir.path().join("secrets.toml");
        std::fs::write(&secrets, "t = \"t0ken\"\nc = \"id=7\"\nme = \"me:p4ss\"\n").unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(&secrets, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
        let setup = Setup {
            limits: hasty(),
            network,
            secrets: Arc::new(Secrets::new(Some(secrets))),
            resolver: Arc::new(names.clone()),
        };
        Self { fetcher: Fetcher::open(setup).unwrap(), dir }
    }

    async fn fetch(&self, url: &str, origin: Origin) -> Result<Fetched, FetchFailure> {
        let spool = Spool::new(self.dir.path());
        let cancel = Cancel::new();
        self.fetcher.fetch(url, origin, &spool, &cancel).await
    }

    async fn comes(&self, url: &str) -> Fetched {
        self.fetch(url, Origin::User).await.unwrap_or_else(|failure| panic!("{url}: {}", failure.error))
    }

    /// Why a link fails on its only attempt.
    async fn refusal(&self, url: &str, origin: Origin) -> ItemError {
        let failure = self.fetch(url, origin).await.expect_err(url);
        assert_eq!(failure.attempts, 1, "{}", failure.error);
        failure.error
    }
}

static TLS_1_2: &[&rustls::SupportedProtocolVersion] = &[&rustls::version::TLS12];

fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let result = runtime.block_on(async { tokio::time::timeout(DEADLINE, test).await });
    runtime.shutdown_background();
    result.expect("the test meets its deadline")
}

/// A host that must not be contacted, and whether it was.
struct Forbidden(TcpListener);

impl Forbidden {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.2:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        Self(listener)
    }

    fn port(&self) -> u16 {
        self.0.local_addr().unwrap().port()
    }

    fn was_reached(&self) -> bool {
        self.0.accept().is_ok()
    }
}

fn port_of(server: &Server) -> String {
    server.url("").rsplit(':').next().unwrap().trim_end_matches('/').to_owned()
}

fn entry(place: &str, kind: AccessKind, secret: &str) -> AccessEntry {
    AccessEntry { host: place.trim_end_matches('/').to_owned(), kind, secret: SecretRef::Settings(secret.to_owned()) }
}

// ---------------------------------------------------------------------------------------------------------------------
// Addresses.

#[test]
fn a_private_host_is_allowed_for_the_user_and_refused_for_a_fetched_list() {
    let server = Server::start(|_| ok("x", "image/png"));
    run(async {
        let desk = Desk::new(NetworkSpec::default());
        for spelled in ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "[::ffff:127.0.0.1]"] {
            let url = server.url("/a").replace("127.0.0.1", spelled);
            let refused = desk.refusal(&url, Origin::Fetched).await;
            assert_eq!(refused.kind, ErrorKind::RefusedAddress, "{url}");
        }
        assert_eq!(server.hits("/a"), 0);
        desk.comes(&server.url("/a").replace("127.0.0.1", "127.1")).await;
        assert_eq!(server.hits("/a"), 1);
    });
}

#[test]
fn no_redirect_leads_to_an_unnamed_private_host_or_to_metadata() {
    let forbidden = Forbidden::new();
    let port = forbidden.port();
    let targets = [
        format!("http://127.0.0.2:{port}/"),
        format!("http://2130706434:{port}/"),
        format!("http://0x7f.2:{port}/"),
        format!("//[::ffff:127.0.0.2]:{port}/"),
        format!("http://[64:ff9b::7f00:2]:{port}/"),
        format!("http://[2002:7f00:2::]:{port}/"),
        format!("http://0.0.0.0:{port}/"),
        format!("http://0:{port}/"),
        format!("http://[::]:{port}/"),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "http://[fd00:ec2::254]/latest/".to_owned(),
        "http://100.100.100.200/".to_owned(),
        "http://metadata.google.internal/computeMetadata/v1/".to_owned(),
    ];
    let answers = targets.clone();
    let server = Server::start(move |request| {
        let number: usize = request.path.trim_start_matches('/').parse().unwrap();
        redirect(&answers[number])
    });
    run(async {
        let desk = Desk::new(NetworkSpec::default());
        for (number, target) in targets.iter().enumerate() {
            let refused = desk.refusal(&server.url(&format!("/{number}")), Origin::User).await;
            assert_eq!(refused.kind, ErrorKind::RefusedAddress, "{target}");
        }
        assert!(!forbidden.was_reached());
    });
}

#[test]
fn a_name_with_a_private_address_is_refused_unless_the_user_named_it() {
    let server = Server::start(|_| ok("x", "image/png"));
    let port = port_of(&server);
    run(async {
        let names = Table::default();
        names.set("nas.test", "127.0.0.1");
        names.set("evil.test", "169.254.169.254 fd00:ec2::254 0.0.0.0");
        names.set("mapped.test", "::ffff:127.0.0.1");
        let desk = Desk::with_names(NetworkSpec::default(), &names);
        let nas = format!("http://nas.test:{port}/a");
        assert_eq!(desk.refusal(&nas, Origin::Fetched).await.kind, ErrorKind::RefusedAddress);
        assert_eq!(server.hits("/a"), 0);
        desk.comes(&nas).await;
        // The open connection must not be used for other links.
        assert_eq!(desk.refusal(&nas, Origin::Fetched).await.kind, ErrorKind::RefusedAddress);
        assert_eq!(server.hits("/a"), 1);
        for (name, origin) in [("evil", Origin::User), ("evil", Origin::Fetched), ("mapped", Origin::Fetched)] {
            let refused = desk.refusal(&format!("http://{name}.test:{port}/b"), origin).await;
            assert_eq!(refused.kind, ErrorKind::RefusedAddress, "{name}");
            assert!(refused.to_string().contains("its name resolves to"), "{refused}");
        }
        assert_eq!(server.hits("/b"), 0);
    });
}

#[test]
fn another_hosts_redirect_does_not_lead_to_a_private_host_the_user_named() {
    let own = Server::start(|_| ok("x", "image/png"));
    let to = format!("http://nas.test:{}/secret", port_of(&own));
    let lure = Server::start(move |_| redirect(&to));
    run(async {
        let names = Table::default();
        names.set("nas.test", "127.0.0.1");
        let desk = Desk::with_names(NetworkSpec::default(), &names);
        desk.comes(&format!("http://nas.test:{}/mine", port_of(&own))).await;
        assert_eq!(desk.refusal(&lure.url("/"), Origin::User).await.kind, ErrorKind::RefusedAddress);
        assert_eq!((own.hits("/mine"), own.hits("/secret")), (1, 0));
    });
}

// ---------------------------------------------------------------------------------------------------------------------
// Secrets.

/// The credentials in a request.
fn told(request: &util::server::Request) -> String {
    let names = ["authorization", "cookie", "x-key", "proxy-authorization"];
    let found = names.iter().filter_map(|name| Some(format!("{name}={}", request.headers.get(*name)?)));
    found.collect::<Vec<_>>().join(" ")
}

#[test]
fn headers_cookies_and_tokens_are_sent_to_their_host_and_never_after_a_redirect() {
    let other = Server::start(|request| ok(told(request), "text/plain"));
    let to = other.url("/elsewhere");
    let server = Server::start(move |request| match request.path.as_str() {
        "/away" => redirect(&to),
        "/within" => redirect("/here"),
        _ => ok(told(request), "text/plain"),
    });
    run(async {
        let place = server.url("");
        let desk = Desk::new(NetworkSpec {
            access: vec![
                entry(&place, AccessKind::Bearer, "t"),
                entry(&place, AccessKind::Cookie, "c"),
                entry(&place, AccessKind::Header { name: "X-Key".to_owned() }, "t"),
            ],
            ..NetworkSpec::default()
        });
        let text = async |url: &str| String::from_utf8(desk.comes(url).await.body.into_bytes().unwrap()).unwrap();
        let all = "authorization=Bearer t0ken cookie=id=7 x-key=t0ken";
        assert_eq!(text(&server.url("/here")).await, all);
        assert_eq!(text(&server.url("/within")).await, all);
        assert_eq!(text(&server.url("/away")).await, "");
        assert_eq!(text(&other.url("/directly")).await, "");
    });
}

#[test]
fn user_info_of_a_link_is_sent_only_to_its_host_and_never_taken_from_a_redirect() {
    let other = Server::start(|request| ok(told(request), "text/plain"));
    let away = other.url("/x").replace("http://", "http://eve:evil@");
    let server = Server::start(move |request| match request.path.as_str() {
        "/away" => redirect(&away),
        "/within" => redirect("/here"),
        _ => ok(told(request), "text/plain"),
    });
    run(async {
        let desk = Desk::new(NetworkSpec::default());
        let mine = |path: &str| server.url(path).replace("http://", "http://me:p%40ss@");
        let text = async |url: &str| String::from_utf8(desk.comes(url).await.body.into_bytes().unwrap()).unwrap();
        assert_eq!(text(&mine("/here")).await, "authorization=Basic bWU6cEBzcw==");
        assert_eq!(text(&mine("/within")).await, "authorization=Basic bWU6cEBzcw==");
        assert_eq!(text(&mine("/away")).await, "");
        assert!(!desk.comes(&mine("/here")).await.final_url.contains("me"));
    });
}

#[test]
fn a_proxys_password_is_sent_only_to_the_proxy() {
    let proxy = Server::start(|request| ok(format!("{} {}", request.path, told(request)), "text/plain"));
    run(async {
        let place = proxy.url("");
        let desk = Desk::new(NetworkSpec {
            proxy: ProxyChoice::Url(place.clone()),
            access: vec![entry(&place, AccessKind::Proxy, "me")],
            ..NetworkSpec::default()
        });
        let body = desk.comes("http://shop.invalid/a.png").await.body.into_bytes().unwrap();
        let text = String::from_utf8(body).unwrap();
        assert_eq!(text, "http://shop.invalid/a.png proxy-authorization=Basic bWU6cDRzcw==");
        // Addresses in the link itself are always checked.
        for url in ["http://169.254.169.254/x", "http://metadata.google.internal/x", "http://[::ffff:a9fe:a9fe]/x"] {
            assert_eq!(desk.refusal(url, Origin::User).await.kind, ErrorKind::RefusedAddress, "{url}");
        }
        assert_eq!(desk.refusal("http://10.0.0.1/x", Origin::Fetched).await.kind, ErrorKind::RefusedAddress);
        assert_eq!(desk.refusal(&proxy.url("/inside"), Origin::Fetched).await.kind, ErrorKind::RefusedAddress);
    });
}

#[test]
fn a_response_that_has_to_be_rewritten_may_come_through_a_proxy() {
    let proxy = Server::start(|request| {
        let text = format!("{} {} {}", request.method, request.path, told(request));
        Behaviour::Raw(
            format!("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{text}\r\n0\r\n\r\n", text.len())
                .into_bytes(),
        )
    });
    run(async {
        let place = proxy.url("");
        let desk = Desk::new(NetworkSpec {
            proxy: ProxyChoice::Url(place.clone()),
            access: vec![entry(&place, AccessKind::Proxy, "me")],
            ..NetworkSpec::default()
        });
        let body = desk.comes("http://shop.invalid/a.png?b=%20c").await.body.into_bytes().unwrap();
        let right = "GET http://shop.invalid/a.png?b=%20c proxy-authorization=Basic bWU6cDRzcw==";
        assert_eq!(String::from_utf8(body).unwrap(), right);
    });
}

#[test]
fn an_unreachable_proxy_is_named() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    run(async {
        let proxy = ProxyChoice::Url(format!("http://{closed}"));
        let desk = Desk::new(NetworkSpec { proxy, ..NetworkSpec::default() });
        let error = desk.fetch("http://shop.invalid/a.png", Origin::User).await.unwrap_err().error;
        assert_eq!(error.kind, ErrorKind::Connect);
        assert!(error.to_string().contains("the proxy in use is 127.0.0.1"), "{error}");
    });
}

#[test]
fn a_missing_secret_is_reported_before_anything_is_fetched() {
    let network = NetworkSpec {
        access: vec![entry("https://h.example", AccessKind::Bearer, "no-such")],
        ..NetworkSpec::default()
    };
    let secrets = Arc::new(Secrets::new(Some(PathBuf::from("/nonexistent/secrets.toml"))));
    let refused = Fetcher::open(Setup { network, secrets, ..Setup::default() }).err().unwrap().to_string();
    assert!(refused.contains("settings:no-such") && refused.contains("/nonexistent/secrets.toml"), "{refused}");
}

// ---------------------------------------------------------------------------------------------------------------------
// Courtesy.

#[test]
fn robots_txt_is_fetched_once_for_all_and_obeyed() {
    let server = Server::start(|request| match request.path.as_str() {
        "/robots.txt" => {
            assert!(request.headers["user-agent"].starts_with("Pixloom/"));
            ok("user-agent: pixloom\ndisallow: /private/\nallow: /private/open", "text/plain")
                .delay(Duration::from_millis(30))
        }
        _ => ok("x", "image/png"),
    });
    run(async {
        let desk = Desk::new(NetworkSpec { robots: RobotsPolicy::Always, ..NetworkSpec::default() });
        let paths = ["/a", "/private/a", "/private/open", "/private/b?c", "/b"];
        let urls: Vec<String> = (0..20).flat_map(|_| paths).map(|path| server.url(path)).collect();
        let all = urls.iter().map(|url| desk.fetch(url, Origin::User));
        let kinds: Vec<_> =
            futures_util::future::join_all(all).await.into_iter().map(|it| it.map_err(|f| f.error)).collect();
        for (url, outcome) in urls.iter().zip(kinds) {
            let is_closed = url.contains("/private/") && !url.contains("open");
            assert_eq!(outcome.err().map(|error| error.kind), is_closed.then_some(ErrorKind::Robots), "{url}");
        }
        assert_eq!((server.hits("/robots.txt"), server.hits("/private/a")), (1, 0));
    });
}

#[test]
fn robots_txt_is_obeyed_from_the_101st_link_of_a_host() {
    let server = Server::start(|request| match request.path.as_str() {
        "/robots.txt" => ok("user-agent: *\ndisallow: /", "text/plain"),
        _ => ok("x", "image/png"),
    });
    run(async {
        let desk = Desk::new(NetworkSpec::default());
        let counts = desk.fetcher.link_counts();
        for _ in 0..100 {
            counts.listed(&server.url("/a"));
        }
        desk.comes(&server.url("/a")).await;
        assert_eq!(server.hits("/robots.txt"), 0);
        counts.listed(&server.url("/a"));
        assert_eq!(desk.refusal(&server.url("/a"), Origin::User).await.kind, ErrorKind::Robots);
    });
}

#[test]
fn a_host_without_robots_txt_is_allowed_and_one_with_an_error_is_refused_for_now() {
    run(async {
        for (code, closed) in [(404, false), (403, false), (410, false), (500, true), (503, true), (429, true)] {
            let server = Server::start(move |request| match request.path.as_str() {
                "/robots.txt" => status(code),
                _ => ok("x", "image/png"),
            });
            let desk = Desk::new(NetworkSpec { robots: RobotsPolicy::Always, ..NetworkSpec::default() });
            let outcome = desk.fetch(&server.url("/a"), Origin::User).await.map_err(|failure| failure.error.kind);
            assert_eq!(outcome.err(), closed.then_some(ErrorKind::RobotsUnavailable), "{code}");
        }
    });
}

#[test]
fn a_host_that_drops_requests_for_robots_txt_is_refused_for_now() {
    run(async {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let host = listener.local_addr().unwrap();
        let (sender, stopped) = std::sync::mpsc::channel::<()>();
        let server = std::thread::spawn(move || {
            for connection in listener.incoming() {
                if stopped.try_recv() != Err(std::sync::mpsc::TryRecvError::Empty) {
                    return;
                }
                let _ = std::io::Read::read(&mut connection.unwrap(), &mut [0; 4096]);
            }
        });
        let desk = Desk::new(NetworkSpec { robots: RobotsPolicy::Always, ..NetworkSpec::default() });
        let failure = desk.fetch(&format!("http://{host}/a"), Origin::User).await.unwrap_err();
        assert_eq!(failure.error.kind, ErrorKind::RobotsUnavailable);
        assert!(failure.error.to_string().contains("closed the connection before answering"), "{}", failure.error);
        drop(sender);
        drop(std::net::TcpStream::connect(host));
        server.join().unwrap();
    });
}

#[test]
fn a_robots_txt_may_be_redirected_five_times() {
    let server = Server::start(|request| match request.path.as_str() {
        "/robots.txt" => redirect("/1"),
        "/5" => ok("user-agent: *\ndisallow: /", "text/plain"),
        "/a" => ok("x", "image/png"),
        path => redirect(&format!("/{}", path[1..].parse::<u32>().unwrap() + 1)),
    });
    let endless = Server::start(|request| match request.path.as_str() {
        "/a" => ok("x", "image/png"),
        path => redirect(&format!("{path}x")),
    });
    run(async {
        let desk = Desk::new(NetworkSpec { robots: RobotsPolicy::Always, ..NetworkSpec::default() });
        assert_eq!(desk.refusal(&server.url("/a"), Origin::User).await.kind, ErrorKind::Robots);
        desk.comes(&endless.url("/a")).await;
        assert_eq!(endless.hits("/robots.txtxxxxx"), 1);
        assert_eq!(endless.hits("/robots.txtxxxxxx"), 0);
    });
}

#[test]
fn content_marked_noai_is_skipped_on_request() {
    let server = Server::start(|_| ok("x", "image/png").header("X-Robots-Tag", "noindex, noimageai"));
    run(async {
        let obeys = Desk::new(NetworkSpec { obey_noai: true, ..NetworkSpec::default() });
        let refused = obeys.refusal(&server.url("/a"), Origin::User).await;
        assert!(refused.kind == ErrorKind::NoAi && refused.is_courtesy(), "{refused}");
        Desk::new(NetworkSpec::default()).comes(&server.url("/a")).await;
    });
}

// ---------------------------------------------------------------------------------------------------------------------
// Trust.

/// A certificate authority of our own, in a file, and its certificates.
struct Authority {
    issuer: rcgen::Issuer<'static, rcgen::KeyPair>,
    pem: String,
}

impl Authority {
    fn new() -> Self {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, "test authority");
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params.key_usages = vec![rcgen::KeyUsagePurpose::KeyCertSign];
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: rcgen::Issuer::new(params, key), pem }
    }

    fn file(&self, dir: &Path) -> PathBuf {
        let path = dir.join("ca.pem");
        std::fs::write(&path, &self.pem).unwrap();
        path
    }

    /// A server that answers everything with `abc`, `/old` in chunks over HTTP/1.0; returns its port.
    async fn serve(&self, name: &str, is_expired: bool) -> u16 {
        self.serve_clients(name, is_expired, None, rustls::ALL_VERSIONS).await
    }

    /// A file with a client's certificate and its key.
    fn client_file(&self, dir: &Path) -> PathBuf {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec!["client.test".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap().pem();
        let path = dir.join("client.pem");
        std::fs::write(&path, certificate + &key.serialize_pem()).unwrap();
        path
    }

    /// A server that answers with `abc` over HTTP/2. It ends its connection after `/last`, and during `/away`; it refuses
    /// the first `/refused`.
    async fn serve_http_2(&self, name: &str) -> u16 {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap().der().clone();
        let key = rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let mut config = config.unwrap().with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
        config.alpn_protocols = vec![b"h2".to_vec()];
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let hits = Arc::new(Mutex::new(HashMap::<String, usize>::new()));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, hits) = (acceptor.clone(), Arc::clone(&hits));
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    let Ok(mut connection) = h2::server::handshake(stream).await else { return };
                    while let Some(Ok((request, mut respond))) = connection.accept().await {
                        let path = request.uri().path().to_owned();
                        let hit = {
                            let mut hits = hits.lock().unwrap();
                            let hit = hits.entry(path.clone()).or_default();
                            *hit += 1;
                            *hit
                        };
                        match (path.as_str(), hit) {
                            ("/away", 1) => connection.abrupt_shutdown(h2::Reason::NO_ERROR),
                            ("/refused", 1) => respond.send_reset(h2::Reason::REFUSED_STREAM),
                            _ => {
                                let mut body = respond.send_response(hyper::Response::new(()), false).unwrap();
                                body.send_data("abc".into(), true).unwrap();
                                if path == "/last" {
                                    connection.graceful_shutdown();
                                }
                            }
                        }
                    }
                });
            }
        });
        port
    }

    /// The same for clients whose certificate is from the authority with this PEM.
    async fn serve_clients(
        &self,
        name: &str,
        is_expired: bool,
        clients: Option<&str>,
        versions: &[&'static rustls::SupportedProtocolVersion],
    ) -> u16 {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
        if is_expired {
            params.not_before = rcgen::date_time_ymd(2019, 1, 1);
            params.not_after = rcgen::date_time_ymd(2020, 1, 1);
        }
        let certificate = params.signed_by(&key, &self.issuer).unwrap().der().clone();
        let key = rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(versions)
            .unwrap();
        let config = match clients {
            None => config.with_no_client_auth(),
            Some(pem) => {
                use rustls::pki_types::pem::PemObject as _;
                let mut roots = rustls::RootCertStore::empty();
                roots.add(rustls::pki_types::CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()).unwrap();
                let verifier = rustls::server::WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                config.with_client_cert_verifier(verifier.build().unwrap())
            }
        };
        let config = config.with_single_cert(vec![certificate], key).unwrap();
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    use tokio::io::{AsyncReadExt, AsyncWriteExt};
                    tokio::time::sleep(SLOW_GREETING).await;
                    let mut stream = match acceptor.accept(stream).into_fallible().await {
                        Ok(stream) => stream,
                        Err((_, mut stream)) => {
                            // Closed with bytes unread, the connection would be reset, and the alert could be lost.
                            let _ = stream.shutdown().await;
                            let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
                            return;
                        }
                    };
                    let mut request = Vec::new();
                    let mut part = [0; 1024];
                    while !request.ends_with(b"\r\n\r\n") {
                        match stream.read(&mut part).await {
                            Ok(read @ 1..) => request.extend_from_slice(&part[..read]),
                            _ => return,
                        }
                    }
                    let answer: &[u8] = if request.starts_with(b"GET /old ") {
                        b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
                    } else {
                        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc"
                    };
                    let _ = stream.write_all(answer).await;
                    let _ = stream.shutdown().await;
                });
            }
        });
        port
    }
}

#[test]
fn a_certificate_is_checked_for_authority_name_and_date() {
    run(async {
        let names = Table::default();
        for name in ["shop.test", "other.test"] {
            names.set(name, "127.0.0.1");
        }
        let (authority, stranger) = (Authority::new(), Authority::new());
        let dir = tempfile::tempdir().unwrap();
        let network = NetworkSpec { ca_file: Some(authority.file(dir.path())), ..NetworkSpec::default() };
        let desk = Desk::with_names(network.clone(), &names);
        let good = authority.serve("shop.test", false).await;
        let expired = authority.serve("shop.test", true).await;
        let foreign = stranger.serve("shop.test", false).await;
        let came = desk.comes(&format!("https://shop.test:{good}/a")).await;
        assert_eq!(came.size_bytes, 3);
        let times = came.transfer.times;
        let tls_ms = times.tls_ms.unwrap();
        assert!(tls_ms >= SLOW_GREETING.as_millis() as u64 && times.connect_ms.is_some(), "{times:?}");
        let bad = [
            format!("https://other.test:{good}/"),
            format!("https://shop.test:{expired}/"),
            format!("https://shop.test:{foreign}/"),
        ];
        // Only what helps is suggested.
        let advice = ["for another host", "expired or is not valid yet", "not from a trusted authority"];
        for (url, advice) in bad.iter().zip(advice) {
            let refused = desk.refusal(url, Origin::User).await;
            assert!(refused.kind == ErrorKind::Tls && refused.to_string().contains(advice), "{url}: {refused}");
            assert!(refused.to_string().contains("--insecure-host"), "{refused}");
        }
        // A server that answers in plain HTTP where TLS was requested.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let plain = std::thread::Builder::new().name("plain".into()).spawn(move || {
            use std::io::{Read as _, Write as _};
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        });
        let refused = desk.refusal(&format!("https://127.0.0.1:{port}/"), Origin::User).await.to_string();
        plain.unwrap().join().unwrap();
        assert!(refused.contains("Use http://") && !refused.contains("--insecure-host"), "{refused}");
        let without = Desk::with_names(NetworkSpec::default(), &names);
        let unknown = without.refusal(&format!("https://shop.test:{good}/"), Origin::User).await;
        assert_eq!(unknown.kind, ErrorKind::Tls);
        // Trusted without a check, but only this host.
        let lenient = NetworkSpec { insecure_hosts: vec!["shop.test".to_owned()], ..network };
        let lenient = Desk::with_names(lenient, &names);
        for url in &bad[1..] {
            lenient.comes(url).await;
        }
        assert_eq!(lenient.refusal(&bad[0], Origin::User).await.kind, ErrorKind::Tls);
    });
}

/// RFC 9113, 6.8 and 8.7. Every link has a single attempt.
#[test]
fn requests_over_http_2_that_were_not_processed_are_sent_again() {
    run(async {
        let names = Table::default();
        names.set("shop.test", "127.0.0.1");
        let authority = Authority::new();
        let dir = tempfile::tempdir().unwrap();
        let network = NetworkSpec { ca_file: Some(authority.file(dir.path())), ..NetworkSpec::default() };
        let port = authority.serve_http_2("shop.test").await;
        let desk = Desk::with_names(network, &names);
        for path in ["/a", "/last", "/b", "/away", "/c", "/refused", "/last", "/away"] {
            let fetched = desk.comes(&format!("https://shop.test:{port}{path}")).await;
            assert_eq!((fetched.size_bytes, fetched.attempts), (3, 1), "{path}");
        }
    });
}

#[test]
fn a_client_certificate_is_shown_to_hosts_that_ask_for_one() {
    run(async {
        let names = Table::default();
        names.set("shop.test", "127.0.0.1");
        let authority = Authority::new();
        let dir = tempfile::tempdir().unwrap();
        let network = NetworkSpec { ca_file: Some(authority.file(dir.path())), ..NetworkSpec::default() };
        let serve = |versions| authority.serve_clients("shop.test", false, Some(&authority.pem), versions);
        // In TLS 1.3, a server refuses after the handshake. If its alert comes before the request is sent, the request is
        // repeated, so the number of attempts is not always the same.
        let old_port = serve(TLS_1_2).await;
        let url = format!("https://shop.test:{old_port}/a");
        let refused = Desk::with_names(network.clone(), &names).refusal(&url, Origin::User).await;
        assert!(refused.kind == ErrorKind::Tls && refused.to_string().contains("--client-cert"), "{refused}");
        assert!(!refused.to_string().contains("--insecure-host"), "{refused}");
        let client_cert = Some(authority.client_file(dir.path()));
        let desk = Desk::with_names(NetworkSpec { client_cert, ..network.clone() }, &names);
        assert_eq!(desk.comes(&url).await.size_bytes, 3);
        let port = serve(rustls::ALL_VERSIONS).await;
        assert_eq!(desk.comes(&format!("https://shop.test:{port}/a")).await.size_bytes, 3);
        let old = format!("https://shop.test:{port}/old");
        assert_eq!(desk.comes(&old).await.size_bytes, 3, "also of a host whose responses have to be rewritten");
        // A file without a key is refused at once.
        let no_key = NetworkSpec { client_cert: Some(authority.file(dir.path())), ..network };
        let setup = Setup { network: no_key, ..Setup::default() };
        assert!(Fetcher::open(setup).err().unwrap().to_string().contains("no PEM certificate with its private key"));
    });
}
