//! A misbehaving server, on raw sockets and 127.0.0.1 only. The path, `/NAME/NAME-N.png`, selects the behaviour, and each
//! behaviour has its own port, so that its effect on its host does not affect the others. Threads are named and bounded;
//! every connection ends with its client, with the server, or after [`PATIENCE`].

#![expect(clippy::expect_used, reason = "tests")]

#[path = "hostile/behaviours.rs"]
pub(crate) mod behaviours;
#[path = "hostile/http2.rs"]
mod http2;
#[path = "hostile/trust.rs"]
mod trust;

use std::collections::HashMap;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use behaviours::{Behaviour, Protocol};

/// Time limit for each connection.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often a waiting thread checks whether the server was stopped.
const LOOK: Duration = Duration::from_millis(25);
/// Connections served at once, at all ports; more are closed at once.
const MAX_CONNECTIONS: usize = 1024;
/// Longest head of a request.
const MAX_HEAD_BYTES: usize = 64 << 10;

/// The server.
pub(crate) struct Hostile {
    hosts: Vec<(Behaviour, SocketAddr)>,
    world: Arc<World>,
    acceptors: Vec<JoinHandle<()>>,
    /// The certificate of the authority that signed for the good host.
    pub(crate) authority_pem: String,
}

/// What all connections know.
pub(crate) struct World {
    /// The target of the redirect.
    elsewhere: SocketAddr,
    /// The port of the host that must never be requested.
    forbidden_port: u16,
    bombs: behaviours::Bombs,
    hits: Mutex<HashMap<String, usize>>,
    /// When each path may be requested again.
    resting: Mutex<HashMap<String, Instant>>,
    too_early: AtomicUsize,
    stopped: AtomicBool,
    open: AtomicUsize,
}

/// A request.
pub(crate) struct Ask {
    /// The path.
    pub(crate) path: String,
    /// Which hit of this path it is, from 1.
    pub(crate) hit: usize,
    headers: HashMap<String, String>,
}

/// What follows an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum After {
    Keep,
    Close,
    /// The connection is reset: the client gets an error.
    Reset,
    Stall,
}

/// The other end of a connection.
pub(crate) struct Peer {
    tcp: TcpStream,
    tls: Option<rustls::ServerConnection>,
    until: Instant,
    world: Arc<World>,
}

impl Hostile {
    /// Starts it, with every behaviour.
    pub(crate) fn start(elsewhere: SocketAddr, forbidden_port: u16) -> Self {
        let world = Arc::new(World {
            elsewhere,
            forbidden_port,
            bombs: behaviours::Bombs::new(),
            hits: Mutex::default(),
            resting: Mutex::default(),
            too_early: AtomicUsize::new(0),
            stopped: AtomicBool::new(false),
            open: AtomicUsize::new(0),
        });
        let trust = trust::Trust::new();
        let (mut hosts, mut acceptors) = (Vec::new(), Vec::new());
        for &behaviour in behaviours::ALL {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
            hosts.push((behaviour, listener.local_addr().expect("a bound listener has an address")));
            let (world, tls) = (Arc::clone(&world), trust.config(behaviour.protocol));
            let thread = thread::Builder::new().name("hostile".into());
            acceptors.push(thread.spawn(move || accept(&listener, behaviour, tls, &world)).expect("a thread"));
        }
        Self { hosts, world, acceptors, authority_pem: trust.authority_pem }
    }

    /// Every behaviour, with `http://127.0.0.1:PORT`.
    pub(crate) fn hosts(&self) -> impl Iterator<Item = (Behaviour, String)> {
        self.hosts
            .iter()
            .map(|(behaviour, address)| (*behaviour, format!("{}://{address}", behaviour.protocol.scheme())))
    }

    /// Requests that were sent before the end of Retry-After.
    pub(crate) fn too_early(&self) -> usize {
        self.world.too_early.load(Ordering::SeqCst)
    }

    /// Requests for a path so far.
    pub(crate) fn hits(&self, path: &str) -> usize {
        lock(&self.world.hits).get(path).copied().unwrap_or(0)
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        self.world.stopped.store(true, Ordering::SeqCst);
        for (_, address) in &self.hosts {
            drop(TcpStream::connect_timeout(address, Duration::from_secs(1)));
        }
        for acceptor in self.acceptors.drain(..) {
            let _ = acceptor.join();
        }
        // Connections end by themselves.
        let until = Instant::now() + Duration::from_secs(3);
        while self.world.open.load(Ordering::SeqCst) > 0 && Instant::now() < until {
            thread::sleep(LOOK);
        }
    }
}

impl World {
    fn is_running(&self) -> bool {
        !self.stopped.load(Ordering::SeqCst)
    }

    fn hit(&self, path: &str) -> usize {
        let mut hits = lock(&self.hits);
        let hit = hits.entry(path.to_owned()).or_default();
        *hit += 1;
        *hit
    }

    /// Notes a Retry-After.
    fn rest(&self, path: &str, rest: Duration) {
        lock(&self.resting).insert(path.to_owned(), Instant::now() + rest);
    }

    /// Counts a request that should have waited. The clocks of the two sides may differ a little.
    fn check_time(&self, path: &str) {
        let until = lock(&self.resting).get(path).copied();
        if until.is_some_and(|until| Instant::now() + Duration::from_millis(50) < until) {
            self.too_early.fetch_add(1, Ordering::SeqCst);
        }
    }
}

impl Ask {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

fn accept(listener: &TcpListener, behaviour: Behaviour, tls: Option<Arc<rustls::ServerConfig>>, world: &Arc<World>) {
    for tcp in listener.incoming() {
        if !world.is_running() {
            return;
        }
        let Ok(tcp) = tcp else { continue };
        if world.open.fetch_add(1, Ordering::SeqCst) >= MAX_CONNECTIONS {
            world.open.fetch_sub(1, Ordering::SeqCst);
            continue;
        }
        let (tls, world) = (tls.clone(), Arc::clone(world));
        let thread = thread::Builder::new().name("hostile-connection".into());
        let thread = thread.spawn(move || {
            let open = Arc::clone(&world);
            if let Ok(tls) = tls.map(rustls::ServerConnection::new).transpose() {
                let peer = Peer { tcp, tls, until: Instant::now() + PATIENCE, world };
                // It is no error if the client disconnects.
                let _ = serve(peer, behaviour);
            }
            open.open.fetch_sub(1, Ordering::SeqCst);
        });
        thread.expect("a thread");
    }
}

fn serve(mut peer: Peer, behaviour: Behaviour) -> io::Result<()> {
    peer.tcp.set_nodelay(true)?;
    peer.tcp.set_read_timeout(Some(LOOK))?;
    peer.tcp.set_write_timeout(Some(Duration::from_secs(2)))?;
    if behaviour.protocol == Protocol::Mute {
        peer.stall();
        return Ok(());
    }
    if behaviour.protocol == Protocol::Http2 || (behaviour.protocol == Protocol::Either && peer.speaks_http2()?) {
        return http2::serve(&mut peer, behaviour.name);
    }
    if behaviour.protocol == Protocol::PlainForTls {
        // A TLS client sends no blank line.
        let _ = peer.read(&mut [0; 2048])?;
        peer.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")?;
        return peer.close();
    }
    while let Some(ask) = peer.ask()? {
        let name = ask.path.split('/').nth(1).unwrap_or_default().to_owned();
        let Some(behaviour_of_path) = behaviours::ALL.iter().find(|behaviour| behaviour.name == name) else { break };
        match (behaviour_of_path.act)(&mut peer, &ask)? {
            After::Keep => peer.until = Instant::now() + PATIENCE,
            After::Close => break,
            After::Reset => return peer.reset(),
            After::Stall => {
                peer.stall();
                break;
            }
        }
    }
    peer.close()
}

impl Peer {
    /// The next request; `None` when there is none.
    fn ask(&mut self) -> io::Result<Option<Ask>> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            if self.read(&mut byte)? == 0 || head.len() > MAX_HEAD_BYTES {
                return Ok(None);
            }
            head.extend_from_slice(&byte);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let mut lines = head.lines();
        let path = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap_or_default().to_owned();
        let headers = lines.filter_map(|line| line.split_once(':'));
        let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
        let hit = self.world.hit(&path);
        self.world.check_time(&path);
        Ok(Some(Ask { path, hit, headers }))
    }

    /// Whether the client chose HTTP/2.
    fn speaks_http2(&mut self) -> io::Result<bool> {
        let Some(tls) = &mut self.tls else { return Ok(false) };
        while tls.is_handshaking() {
            match tls.complete_io(&mut self.tcp) {
                Err(error) if !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    return Err(error);
                }
                _ if Instant::now() > self.until => return Err(ErrorKind::TimedOut.into()),
                _ => {}
            }
        }
        Ok(tls.alpn_protocol() == Some(b"h2"))
    }

    fn stall(&mut self) {
        let mut byte = [0];
        while matches!(self.read(&mut byte), Ok(1..)) {}
    }

    fn is_over(&self) -> bool {
        !self.world.is_running() || Instant::now() > self.until
    }

    /// Resets the connection after what was sent was read.
    fn reset(&mut self) -> io::Result<()> {
        thread::sleep(LOOK);
        // The option belongs to the socket, not to the handle.
        tokio::net::TcpSocket::from_std_stream(self.tcp.try_clone()?).set_zero_linger()
    }

    fn close(&mut self) -> io::Result<()> {
        if let Some(tls) = &mut self.tls {
            tls.send_close_notify();
            tls.complete_io(&mut self.tcp)?;
        }
        self.tcp.shutdown(Shutdown::Write)
    }
}

impl Read for Peer {
    /// Waits until the connection's time is over.
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = match &mut self.tls {
                Some(tls) => rustls::Stream::new(tls, &mut self.tcp).read(into),
                None => self.tcp.read(into),
            };
            match read {
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    if self.is_over() {
                        return Ok(0);
                    }
                }
                read => return read,
            }
        }
    }
}

impl Write for Peer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_over() {
            return Err(ErrorKind::TimedOut.into());
        }
        match &mut self.tls {
            Some(tls) => rustls::Stream::new(tls, &mut self.tcp).write(bytes),
            None => self.tcp.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.tls {
            Some(tls) => rustls::Stream::new(tls, &mut self.tcp).flush(),
            None => self.tcp.flush(),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
