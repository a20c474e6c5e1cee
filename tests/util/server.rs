//! A small HTTP/1.1 server on 127.0.0.1 that behaves or misbehaves as requested. Threads are named and bounded; it
//! stops when dropped, and can be stopped and started again on the same port. A test program that uses a part of it
//! says `#[expect(dead_code, reason = "...")]` at its `mod util;`.

#![expect(clippy::expect_used, reason = "tests")]

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Connections served at once; more are refused by closing them.
const MAX_CONNECTIONS: usize = 512;
/// How often a waiting thread checks whether the server was stopped.
const LOOK: Duration = Duration::from_millis(5);

/// A request, as far as tests need it.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// `GET`, `HEAD`, ...
    pub(crate) method: String,
    /// Path and query.
    pub(crate) path: String,
    /// Names in lower case.
    pub(crate) headers: HashMap<String, String>,
    /// Which hit of this path it is, from 1.
    pub(crate) hit: usize,
}

/// How the server behaves.
#[derive(Clone, Debug)]
pub(crate) enum Behaviour {
    /// A response.
    Answer(Answer),
    /// These bytes, whatever they are; then the connection closes.
    Raw(Vec<u8>),
    /// Takes the request and closes the connection.
    Close,
    /// Takes the request and never answers.
    Stall,
}

/// A response, and how it is sent.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Arc<[u8]>,
    delay: Duration,
    /// Content-Length, if it differs from the body.
    announced: Option<u64>,
    after_body: AfterBody,
    chunked: bool,
}

/// What follows the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AfterBody {
    KeepAlive,
    Close,
    Stall,
}

/// `200` with a body.
pub(crate) fn ok(body: impl Into<Vec<u8>>, content_type: &str) -> Answer {
    status(200).body(body).header("Content-Type", content_type)
}

/// An empty response.
pub(crate) fn status(status: u16) -> Answer {
    Answer {
        status,
        headers: Vec::new(),
        body: Arc::default(),
        delay: Duration::ZERO,
        announced: None,
        after_body: AfterBody::KeepAlive,
        chunked: false,
    }
}

/// A redirect.
pub(crate) fn redirect(location: &str) -> Answer {
    status(302).header("Location", location).body("moved")
}

impl Answer {
    /// With one more header.
    #[must_use]
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With a body.
    #[must_use]
    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into().into();
        self
    }

    /// Delays the answer.
    #[must_use]
    pub(crate) fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Announces more than it sends, then closes.
    #[must_use]
    pub(crate) fn short_by(mut self, missing_bytes: u64) -> Self {
        self.announced = Some(self.body.len() as u64 + missing_bytes);
        self.after_body = AfterBody::Close;
        self
    }

    /// Announces more than it sends (one byte, or what [`Answer::short_by`] says), then stalls.
    #[must_use]
    pub(crate) fn stalls_after_body(mut self) -> Self {
        self.announced.get_or_insert(self.body.len() as u64 + 1);
        self.after_body = AfterBody::Stall;
        self
    }

    /// Sends the body in chunks, without a Content-Length.
    #[must_use]
    pub(crate) fn chunked(mut self) -> Self {
        self.chunked = true;
        self
    }
}

impl From<Answer> for Behaviour {
    fn from(answer: Answer) -> Self {
        Self::Answer(answer)
    }
}

impl From<&[u8]> for Behaviour {
    fn from(bytes: &[u8]) -> Self {
        Self::Raw(bytes.to_vec())
    }
}

type Handler = dyn Fn(&Request) -> Behaviour + Send + Sync;

/// The server.
pub(crate) struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

struct Shared {
    handler: Box<Handler>,
    hits: Mutex<HashMap<String, usize>>,
    stopped: AtomicBool,
    open: AtomicUsize,
    accepted: AtomicUsize,
    busy: AtomicUsize,
    most_busy: AtomicUsize,
    sent_bytes: AtomicUsize,
    connections: Mutex<Vec<TcpStream>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    released: (Mutex<bool>, Condvar),
}

impl Server {
    /// A server on its own port that answers every request by `handler`.
    pub(crate) fn start<B: Into<Behaviour>>(handler: impl Fn(&Request) -> B + Send + Sync + 'static) -> Self {
        let shared = Arc::new(Shared {
            handler: Box::new(move |request| handler(request).into()),
            hits: Mutex::default(),
            stopped: AtomicBool::new(true),
            open: AtomicUsize::new(0),
            accepted: AtomicUsize::new(0),
            busy: AtomicUsize::new(0),
            most_busy: AtomicUsize::new(0),
            sent_bytes: AtomicUsize::new(0),
            connections: Mutex::default(),
            threads: Mutex::default(),
            released: (Mutex::new(true), Condvar::new()),
        });
        let mut server = Self { address: SocketAddr::from(([127, 0, 0, 1], 0)), shared, acceptor: None };
        server.restart();
        server
    }

    /// `http://127.0.0.1:PORT` and a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Requests for a path so far.
    pub(crate) fn hits(&self, path: &str) -> usize {
        lock(&self.shared.hits).get(path).copied().unwrap_or(0)
    }

    /// Connections accepted so far.
    pub(crate) fn accepted(&self) -> usize {
        self.shared.accepted.load(Ordering::SeqCst)
    }

    /// Requests without an answer so far.
    pub(crate) fn busy(&self) -> usize {
        self.shared.busy.load(Ordering::SeqCst)
    }

    /// The largest number of requests without an answer at the same time.
    pub(crate) fn most_busy(&self) -> usize {
        self.shared.most_busy.load(Ordering::SeqCst)
    }

    /// Bytes of bodies sent so far.
    pub(crate) fn sent_bytes(&self) -> usize {
        self.shared.sent_bytes.load(Ordering::SeqCst)
    }

    /// From now on answers wait for [`Server::release`].
    pub(crate) fn hold(&self) {
        *lock(&self.shared.released.0) = false;
    }

    /// Sends the answers that wait.
    pub(crate) fn release(&self) {
        *lock(&self.shared.released.0) = true;
        self.shared.released.1.notify_all();
    }

    /// Closes the port and every connection until [`Server::restart`].
    pub(crate) fn stop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        // Wakes the acceptor.
        drop(TcpStream::connect_timeout(&self.address, Duration::from_secs(1)));
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
        self.shared.released.1.notify_all();
        for connection in lock(&self.shared.connections).drain(..) {
            let _ = connection.shutdown(Shutdown::Both);
        }
        let threads: Vec<_> = lock(&self.shared.threads).drain(..).collect();
        for thread in threads {
            let _ = thread.join();
        }
    }

    /// Serves again on the same port.
    pub(crate) fn restart(&mut self) {
        assert!(self.acceptor.is_none(), "it is running");
        // The standard library sets SO_REUSEADDR, so that old connections don't hold the port.
        let listener = TcpListener::bind(self.address).expect("the port is free");
        self.address = listener.local_addr().expect("a bound listener has an address");
        self.shared.stopped.store(false, Ordering::SeqCst);
        let shared = Arc::clone(&self.shared);
        let acceptor = thread::Builder::new().name("test-server".into()).spawn(move || accept(&listener, &shared));
        self.acceptor = Some(acceptor.expect("a thread"));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.stopped.load(Ordering::SeqCst) {
            return;
        }
        let Ok(stream) = stream else { continue };
        if shared.open.load(Ordering::SeqCst) >= MAX_CONNECTIONS {
            continue;
        }
        let Ok(copy) = stream.try_clone() else { continue };
        shared.accepted.fetch_add(1, Ordering::SeqCst);
        lock(&shared.connections).push(copy);
        shared.open.fetch_add(1, Ordering::SeqCst);
        let served = Arc::clone(shared);
        let thread = thread::Builder::new().name("test-server-connection".into()).spawn(move || {
            // It is no error if the client disconnects.
            let _ = serve(&stream, &served);
            let _ = stream.shutdown(Shutdown::Both);
            served.open.fetch_sub(1, Ordering::SeqCst);
        });
        let mut threads = lock(&shared.threads);
        threads.retain(|thread| !thread.is_finished());
        threads.push(thread.expect("a thread"));
    }
}

fn serve(stream: &TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    while let Some(request) = read_request(&mut reader, shared)? {
        let busy = shared.busy.fetch_add(1, Ordering::SeqCst) + 1;
        shared.most_busy.fetch_max(busy, Ordering::SeqCst);
        let behaviour = (shared.handler)(&request);
        let answer = prepare(stream, shared, behaviour);
        // Before the answer is sent: after it, the client may send the next request.
        shared.busy.fetch_sub(1, Ordering::SeqCst);
        let Some(answer) = answer else { break };
        if !respond(stream, shared, &request, &answer)? {
            break;
        }
    }
    Ok(())
}

fn read_request(reader: &mut impl BufRead, shared: &Shared) -> io::Result<Option<Request>> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.take(64 << 10).read_line(&mut line)? == 0 {
            return Ok(None);
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let mut words = lines.first().map(String::as_str).unwrap_or_default().split(' ');
    let method = words.next().unwrap_or_default().to_owned();
    let path = words.next().unwrap_or_default().to_owned();
    let headers = lines.iter().skip(1).filter_map(|line| line.split_once(':'));
    let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
    let hit = {
        let mut hits = lock(&shared.hits);
        let hit = hits.entry(path.clone()).or_default();
        *hit += 1;
        *hit
    };
    Ok(Some(Request { method, path, headers, hit }))
}

/// The answer, after its delay; `None` if the connection is to be closed.
fn prepare(stream: &TcpStream, shared: &Shared, behaviour: Behaviour) -> Option<Answer> {
    match behaviour {
        Behaviour::Close => None,
        Behaviour::Raw(bytes) => {
            let _ = (&*stream).write_all(&bytes);
            None
        }
        Behaviour::Stall => {
            stall(stream, shared);
            None
        }
        Behaviour::Answer(answer) => {
            wait(shared, answer.delay);
            Some(answer)
        }
    }
}

/// Answers; `false` if the connection is to be closed.
fn respond(mut stream: &TcpStream, shared: &Shared, request: &Request, answer: &Answer) -> io::Result<bool> {
    let mut head = format!("HTTP/1.1 {} Status\r\n", answer.status);
    for (name, value) in &answer.headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    if answer.chunked {
        head.push_str("Transfer-Encoding: chunked\r\n\r\n");
    } else {
        let announced = answer.announced.unwrap_or(answer.body.len() as u64);
        let _ = write!(head, "Content-Length: {announced}\r\n\r\n");
    }
    stream.write_all(head.as_bytes())?;
    if request.method == "HEAD" {
        return Ok(true);
    }
    if answer.chunked {
        for chunk in answer.body.chunks(1000) {
            stream.write_all(format!("{:x}\r\n", chunk.len()).as_bytes())?;
            stream.write_all(chunk)?;
            stream.write_all(b"\r\n")?;
        }
        stream.write_all(b"0\r\n\r\n")?;
    } else {
        stream.write_all(&answer.body)?;
    }
    shared.sent_bytes.fetch_add(answer.body.len(), Ordering::SeqCst);
    Ok(match answer.after_body {
        AfterBody::KeepAlive => true,
        AfterBody::Close => false,
        AfterBody::Stall => {
            stall(stream, shared);
            false
        }
    })
}

/// Waits for a release, and then for the delay; a stop ends both.
fn wait(shared: &Shared, delay: Duration) {
    let mut released = lock(&shared.released.0);
    while !*released && !shared.stopped.load(Ordering::SeqCst) {
        released = shared.released.1.wait_timeout(released, LOOK).unwrap_or_else(PoisonError::into_inner).0;
    }
    drop(released);
    let mut left = delay;
    while !left.is_zero() && !shared.stopped.load(Ordering::SeqCst) {
        let nap = left.min(LOOK);
        thread::sleep(nap);
        left -= nap;
    }
}

/// Sends nothing until the client disconnects or the server is stopped.
fn stall(mut stream: &TcpStream, shared: &Shared) {
    let mut byte = [0];
    let _ = stream.set_read_timeout(Some(LOOK));
    while !shared.stopped.load(Ordering::SeqCst) {
        match stream.read(&mut byte) {
            Ok(1..) => {}
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {}
            Ok(0) | Err(_) => break,
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
