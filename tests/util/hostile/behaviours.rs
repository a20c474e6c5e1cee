//! The behaviours of the server, and their expected outcomes.

use std::io::{self, Write};
use std::net::Shutdown;
use std::time::{Duration, SystemTime};

use async_compression::Level;
use async_compression::tokio::bufread::{BrotliEncoder, GzipEncoder, ZstdEncoder};
use pixloom::error::ErrorKind;
use tokio::io::{AsyncRead, AsyncReadExt};

use super::After::{self, Close, Keep, Reset, Stall};
use super::{Ask, Peer};

/// The decompressed size of a bomb.
const BOMB_BYTES: u64 = 64 << 20;

/// The protocol of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Plain,
    /// Plain where TLS was asked for.
    PlainForTls,
    /// Nothing at all, where TLS was asked for.
    Mute,
    Tls,
    SelfSigned,
    Expired,
    WrongName,
    Http2,
    /// HTTP/2 or HTTP/1.1, as the client prefers.
    Either,
}

impl Protocol {
    pub(crate) const fn scheme(self) -> &'static str {
        if matches!(self, Self::Plain) { "http" } else { "https" }
    }
}

/// The expected outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// The image of that version, byte by byte.
    Right(u32),
    /// The original bytes; as the input of a step, this error.
    NoImage(ErrorKind),
    /// The same for a body that is served as an image; as the input of a step, this error.
    Mislabelled(ErrorKind),
    /// One of these errors.
    Fails(&'static [ErrorKind]),
}

type Act = fn(&mut Peer, &Ask) -> io::Result<After>;

/// A behaviour.
#[derive(Clone, Copy)]
pub(crate) struct Behaviour {
    pub(crate) name: &'static str,
    pub(crate) protocol: Protocol,
    pub(crate) expected: Expected,
    /// Whether only a time-out detects it.
    pub(crate) wants_time_out: bool,
    pub(super) act: Act,
}

const fn plain(name: &'static str, expected: Expected, act: Act) -> Behaviour {
    Behaviour { name, protocol: Protocol::Plain, expected, wants_time_out: false, act }
}

const fn slow(name: &'static str, expected: Expected, act: Act) -> Behaviour {
    Behaviour { wants_time_out: true, ..plain(name, expected, act) }
}

const fn secure(name: &'static str, protocol: Protocol, expected: Expected) -> Behaviour {
    Behaviour { protocol, ..plain(name, expected, |peer, ask| whole(peer, ask, 1)) }
}

const RIGHT: Expected = Expected::Right(1);
const TIMEOUT: Expected = Expected::Fails(&[ErrorKind::Timeout]);
const CONNECT: Expected = Expected::Fails(&[ErrorKind::Connect]);
const SHORT: Expected = Expected::Fails(&[ErrorKind::ShortBody]);
const NONSENSE: Expected = Expected::Fails(&[ErrorKind::BadResponse]);
const TOO_LARGE: Expected = Expected::Fails(&[ErrorKind::BodyTooLarge]);
const STATUS: Expected = Expected::Fails(&[ErrorKind::HttpStatus]);
const REDIRECT: Expected = Expected::Fails(&[ErrorKind::Redirect]);
const REFUSED: Expected = Expected::Fails(&[ErrorKind::RefusedAddress]);
const TLS: Expected = Expected::Fails(&[ErrorKind::Tls]);

/// All behaviours.
pub(crate) static ALL: &[Behaviour] = &[
    // Stalls.
    slow("stall-before-headers", TIMEOUT, |_, _| Ok(Stall)),
    slow("stall-in-status", TIMEOUT, |peer, _| say(peer, "HTTP/1.", b"", Stall)),
    slow("stall-in-headers", TIMEOUT, |peer, _| say(peer, "HTTP/1.1 200 OK\r\nContent-Le", b"", Stall)),
    slow("stall-at-body", TIMEOUT, |peer, _| say(peer, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", b"", Stall)),
    slow("stall-in-body", TIMEOUT, |peer, ask| half(peer, ask, 1, "", Stall)),
    slow("stall-in-chunk", TIMEOUT, |peer, _| say(peer, CHUNKED, b"64\r\nabc", Stall)),
    slow("stall-in-body-once", RIGHT, |peer, ask| match ask.hit {
        1 => half(peer, ask, 1, "ETag: \"1\"\r\n", Stall),
        _ => ranged(peer, ask, 1),
    }),
    slow("length-too-large", TIMEOUT, |peer, ask| {
        let bytes = item(ask, 1);
        say(peer, &format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", bytes.len() + 1), &bytes, Stall)
    }),
    slow("endless-continue", TIMEOUT, |peer, _| {
        endless(peer, "", |_| {
            std::thread::sleep(Duration::from_millis(1));
            "HTTP/1.1 100 Continue\r\n\r\n".to_owned()
        })
    }),
    slow("drip", TIMEOUT, |peer, _| {
        say(peer, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b"", Keep)?;
        endless(peer, "", |_| {
            std::thread::sleep(Duration::from_millis(20));
            "x".to_owned()
        })
    }),
    Behaviour {
        wants_time_out: true,
        ..secure("tls-mute", Protocol::Mute, Expected::Fails(&[ErrorKind::Connect, ErrorKind::Timeout]))
    },
    // Resets and early ends.
    plain("reset-before-headers", CONNECT, |_, _| Ok(Reset)),
    plain("reset-in-headers", CONNECT, |peer, _| say(peer, "HTTP/1.1 200 OK\r\nContent-Le", b"", Reset)),
    plain("reset-at-body", SHORT, |peer, _| say(peer, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", b"", Reset)),
    plain("reset-in-body", SHORT, |peer, ask| half(peer, ask, 1, "", Reset)),
    plain("reset-without-length", SHORT, |peer, _| say(peer, "HTTP/1.1 200 OK\r\n\r\n", b"abc", Reset)),
    plain("reset-once", RIGHT, |peer, ask| if ask.hit == 1 { Ok(Reset) } else { whole(peer, ask, 1) }),
    plain("reset-in-body-once", RIGHT, |peer, ask| match ask.hit {
        1 => half(peer, ask, 1, "ETag: \"1\"\r\n", Reset),
        _ => ranged(peer, ask, 1),
    }),
    plain("close-before-headers", CONNECT, |_, _| Ok(Close)),
    plain("close-in-headers", CONNECT, |peer, _| say(peer, "HTTP/1.1 200 OK\r\nContent-Le", b"", Close)),
    plain("short-body", SHORT, |peer, ask| half(peer, ask, 1, "", Close)),
    plain("short-body-always-resumed", SHORT, |peer, ask| half(peer, ask, 1, "ETag: \"1\"\r\n", Close)),
    // Lengths and chunks that lie.
    plain("long-body", RIGHT, |peer, ask| {
        whole(peer, ask, 1)?;
        say(peer, "evil and more of it", b"", Close)
    }),
    // What comes behind a body looks like the next answer.
    plain("answers-nobody-asked-for", RIGHT, |peer, ask| {
        let bytes = [head_of(4), "EVIL".to_owned()].concat();
        let whole = [head_of(item(ask, 1).len()).as_bytes(), &item(ask, 1), bytes.repeat(3).as_bytes()].concat();
        say(peer, "", &whole, Keep)
    }),
    plain("length-of-letters", NONSENSE, |peer, _| {
        say(peer, "HTTP/1.1 200 OK\r\nContent-Length: three\r\n\r\n", b"abc", Close)
    }),
    plain("length-below-nothing", NONSENSE, |peer, _| {
        say(peer, "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", b"abc", Close)
    }),
    plain("length-beyond-all", TOO_LARGE, |peer, _| {
        say(peer, "HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\n", b"abc", Close)
    }),
    plain("two-lengths", NONSENSE, |peer, _| {
        say(peer, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n", b"abcd", Close)
    }),
    plain("two-lengths-in-one", NONSENSE, |peer, _| {
        say(peer, "HTTP/1.1 200 OK\r\nContent-Length: 3, 4\r\n\r\n", b"abcd", Close)
    }),
    // RFC 9112, 6.3: the chunks count.
    plain("length-and-chunks", RIGHT, |peer, ask| {
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n";
        say(peer, head, &chunk(&item(ask, 1)), Keep)?;
        say(peer, "0\r\n\r\n", b"", Close)
    }),
    plain("broken-chunk-size", NONSENSE, |peer, _| say(peer, CHUNKED, b"zz\r\nabc\r\n0\r\n\r\n", Close)),
    plain("huge-chunk-size", NONSENSE, |peer, _| say(peer, CHUNKED, b"fffffffffffffffff\r\nabc", Close)),
    plain("chunk-without-its-end", NONSENSE, |peer, _| say(peer, CHUNKED, b"3\r\nabcdef\r\n0\r\n\r\n", Close)),
    plain("chunks-without-end", SHORT, |peer, ask| say(peer, CHUNKED, &chunk(&item(ask, 1)), Close)),
    // Packing.
    plain("gzip", RIGHT, |peer, ask| {
        let bytes = pack(GzipEncoder::new(item(ask, 1).as_slice()));
        packed(peer, "gzip", &bytes, bytes.len())
    }),
    plain("gzip-bomb", TOO_LARGE, |peer, _| bomb(peer, "gzip", |bombs| &bombs.gzip)),
    plain("brotli-bomb", TOO_LARGE, |peer, _| bomb(peer, "br", |bombs| &bombs.brotli)),
    plain("zstd-bomb", TOO_LARGE, |peer, _| bomb(peer, "zstd", |bombs| &bombs.zstd)),
    plain("gzip-that-ends-early", NONSENSE, |peer, ask| {
        let bytes = pack(GzipEncoder::new(item(ask, 1).as_slice()));
        packed(peer, "gzip", &bytes[..bytes.len() / 2], bytes.len() / 2)
    }),
    plain("gzip-that-breaks-off", SHORT, |peer, ask| {
        let bytes = pack(GzipEncoder::new(item(ask, 1).as_slice()));
        packed(peer, "gzip", &bytes[..bytes.len() / 2], bytes.len())
    }),
    plain("gzip-in-name-only", NONSENSE, |peer, ask| packed(peer, "gzip", &item(ask, 1), item(ask, 1).len())),
    plain("packed-in-unknown-ways", RIGHT, |peer, ask| packed(peer, "rot13", &item(ask, 1), item(ask, 1).len())),
    plain("gzip-with-junk-behind-it", RIGHT, |peer, ask| {
        let bytes = [&pack(GzipEncoder::new(item(ask, 1).as_slice()))[..], b"<!-- cached -->"].concat();
        packed(peer, "gzip", &bytes, bytes.len())
    }),
    plain("gzip-as-transfer", RIGHT, |peer, ask| {
        let bytes = [chunk(&pack(GzipEncoder::new(item(ask, 1).as_slice()))), b"0\r\n\r\n".to_vec()].concat();
        say(peer, "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", &bytes, Keep)
    }),
    plain("gzip-as-transfer-to-the-end", RIGHT, |peer, ask| {
        let bytes = pack(GzipEncoder::new(item(ask, 1).as_slice()));
        say(peer, "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", &bytes, Close)
    }),
    plain("unknown-transfer", NONSENSE, |peer, ask| {
        let bytes = [chunk(&item(ask, 1)), b"0\r\n\r\n".to_vec()].concat();
        say(peer, "HTTP/1.1 200 OK\r\nTransfer-Encoding: compress, chunked\r\n\r\n", &bytes, Close)
    }),
    // Headers.
    plain("endless-headers", NONSENSE, |peer, _| endless(peer, "HTTP/1.1 200 OK\r\n", |n| format!("x-{n}: {n}\r\n"))),
    plain("one-huge-header", NONSENSE, |peer, _| endless(peer, "HTTP/1.1 200 OK\r\nx: ", |_| "a".repeat(4000))),
    plain("bad-status-line", NONSENSE, |peer, _| say(peer, "HTTP/1.1 abc OK\r\n\r\n", b"abc", Close)),
    plain("unknown-status", STATUS, |peer, _| say(peer, "HTTP/1.1 999 No\r\nContent-Length: 0\r\n\r\n", b"", Keep)),
    plain("garbage", NONSENSE, |peer, _| say(peer, "", &[0xFF, 0, 0x16, 3, 1, 13, 10, 13, 10], Close)),
    plain("http-0.9", NONSENSE, |peer, ask| say(peer, "", &item(ask, 1), Close)),
    plain("http-1.0", RIGHT, |peer, ask| say(peer, "HTTP/1.0 200 OK\r\n\r\n", &item(ask, 1), Close)),
    plain("switching-protocols", STATUS, |peer, _| {
        say(peer, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", b"abc", Close)
    }),
    plain("no-content", STATUS, |peer, _| say(peer, "HTTP/1.1 204 No Content\r\n\r\n", b"", Keep)),
    plain("not-modified-unasked", STATUS, |peer, _| say(peer, "HTTP/1.1 304 Not Modified\r\n\r\n", b"", Keep)),
    plain("wrong-type", Expected::Mislabelled(ErrorKind::NotAPicture), |peer, ask| whole(peer, ask, 1)),
    plain("empty", Expected::Mislabelled(ErrorKind::Empty), |peer, ask| whole(peer, ask, 1)),
    plain("page", Expected::NoImage(ErrorKind::NotAPicture), |peer, ask| {
        let bytes = item(ask, 1);
        let head = format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\r\n", bytes.len());
        say(peer, &head, &bytes, Keep)
    }),
    // Redirects.
    plain("redirect-loop", REDIRECT, |peer, ask| {
        let other = ask.path.replace("?again", "");
        redirect(peer, &if ask.path.ends_with("again") { other } else { format!("{}?again", ask.path) })
    }),
    plain("redirect-without-end", REDIRECT, |peer, ask| redirect(peer, &format!("{}x", ask.path))),
    plain("redirect-to-file", REDIRECT, |peer, _| redirect(peer, "file:///etc/passwd")),
    plain("redirect-to-forbidden", REFUSED, |peer, ask| {
        let host = if ask.path.contains('1') { "127.0.0.2" } else { "2130706434" };
        redirect(peer, &format!("http://{host}:{}/", peer.world.forbidden_port))
    }),
    plain("redirect-to-metadata", REFUSED, |peer, _| redirect(peer, "http://169.254.169.254/latest/meta-data/")),
    plain("redirect-elsewhere", RIGHT, |peer, ask| {
        redirect(peer, &format!("http://{}{}", peer.world.elsewhere, ask.path))
    }),
    // Pleas to wait.
    plain("429-seconds", RIGHT, |peer, ask| wait(peer, ask, "429 Too Many Requests", false)),
    plain("429-date", RIGHT, |peer, ask| wait(peer, ask, "429 Too Many Requests", true)),
    plain("503-seconds", RIGHT, |peer, ask| wait(peer, ask, "503 Service Unavailable", false)),
    plain("503-date", RIGHT, |peer, ask| wait(peer, ask, "503 Service Unavailable", true)),
    plain("429-for-ever", STATUS, |peer, _| {
        say(peer, "HTTP/1.1 429 No\r\nRetry-After: 999999999\r\nContent-Length: 0\r\n\r\n", b"", Keep)
    }),
    // Parts of bodies that break off.
    plain("etag-changes", Expected::Right(2), |peer, ask| match ask.hit {
        1 => half(peer, ask, 1, "ETag: \"1\"\r\n", Close),
        _ => ranged(peer, ask, 2),
    }),
    plain("etag-changes-and-a-part-comes", Expected::Right(2), |peer, ask| match ask.hit {
        1 => half(peer, ask, 1, "ETag: \"1\"\r\n", Close),
        2 => part(peer, ask, 2, [0, 0, 0]),
        _ => whole(peer, ask, 2),
    }),
    plain("part-with-wrong-start", RIGHT, |peer, ask| after_half(peer, ask, [-1, 0, 0])),
    plain("part-with-wrong-whole", RIGHT, |peer, ask| after_half(peer, ask, [0, 1, 0])),
    plain("part-with-wrong-length", RIGHT, |peer, ask| after_half(peer, ask, [0, 0, -1])),
    plain("part-that-breaks-off", RIGHT, |peer, ask| after_half(peer, ask, [0, 0, 1])),
    plain("whole-for-a-part", RIGHT, |peer, ask| match ask.hit {
        1 => half(peer, ask, 1, "ETag: \"1\"\r\n", Close),
        _ => whole(peer, ask, 1),
    }),
    plain("no-such-range", RIGHT, |peer, ask| match ask.hit {
        1 => half(peer, ask, 1, "ETag: \"1\"\r\n", Close),
        2 if ask.header("range").is_some() => {
            let length = item(ask, 1).len() / 2;
            say(
                peer,
                &format!("HTTP/1.1 416 No\r\nContent-Range: bytes */{length}\r\nContent-Length: 0\r\n\r\n"),
                b"",
                Keep,
            )
        }
        _ => whole(peer, ask, 1),
    }),
    plain("part-nobody-asked-for", NONSENSE, |peer, _| {
        say(peer, "HTTP/1.1 206 Part\r\nContent-Range: bytes 0-2/9\r\nContent-Length: 3\r\n\r\n", b"abc", Close)
    }),
    // TLS.
    secure("tls", Protocol::Tls, RIGHT),
    secure("tls-plain", Protocol::PlainForTls, TLS),
    secure("tls-self-signed", Protocol::SelfSigned, TLS),
    secure("tls-expired", Protocol::Expired, TLS),
    secure("tls-wrong-name", Protocol::WrongName, TLS),
    // Cut by somebody on the way: without its last word, nothing says that this was all.
    Behaviour {
        act: |peer, ask| {
            say(peer, "HTTP/1.1 200 OK\r\n\r\n", &item(ask, 1)[..500], Keep)?;
            peer.tcp.shutdown(Shutdown::Write)?;
            Ok(Stall)
        },
        ..secure("tls-cut", Protocol::Tls, SHORT)
    },
    // HTTP/2, see there.
    secure("h2", Protocol::Http2, RIGHT),
    secure("h2-wants-http-1", Protocol::Either, RIGHT),
    secure("h2-goaway", Protocol::Http2, RIGHT),
    secure("h2-goaway-always", Protocol::Http2, CONNECT),
    secure("h2-goaway-in-body", Protocol::Http2, Expected::Fails(&[ErrorKind::ShortBody, ErrorKind::Connect])),
    secure("h2-reset-in-body", Protocol::Http2, SHORT),
    secure("h2-short-body", Protocol::Http2, Expected::Fails(&[ErrorKind::ShortBody, ErrorKind::BadResponse])),
    secure("h2-long-body", Protocol::Http2, Expected::Fails(&[ErrorKind::ShortBody, ErrorKind::BadResponse])),
];

const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

/// Small bodies with a large decompressed size.
pub(super) struct Bombs {
    gzip: Vec<u8>,
    brotli: Vec<u8>,
    zstd: Vec<u8>,
}

impl Bombs {
    pub(super) fn new() -> Self {
        let zeros = || tokio::io::BufReader::new(tokio::io::repeat(0).take(BOMB_BYTES));
        Self {
            gzip: pack(GzipEncoder::with_quality(zeros(), Level::Precise(6))),
            brotli: pack(BrotliEncoder::with_quality(zeros(), Level::Precise(5))),
            zstd: pack(ZstdEncoder::with_quality(zeros(), Level::Fastest)),
        }
    }
}

fn pack(mut encoder: impl AsyncRead + Unpin) -> Vec<u8> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let mut bytes = Vec::new();
    runtime.block_on(encoder.read_to_end(&mut bytes)).expect("it fits");
    bytes
}

/// The body of an item in a version: an image, except for behaviours about other content.
pub(crate) fn body(name: &str, n: u32, version: u32) -> Vec<u8> {
    match name {
        "empty" => Vec::new(),
        "wrong-type" | "page" => format!("<html><body>{n}").into_bytes(),
        _ => picture(&format!("{name}/{n}/{version}")),
    }
}

/// An image of 32 x 24 px of noise.
fn picture(seed: &str) -> Vec<u8> {
    let mut state = seed
        .bytes()
        .fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3));
    let pixels = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    });
    let pixels: Vec<u8> = pixels.take(32 * 24 * 3).collect();
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 32, 24);
    encoder.set_color(png::ColorType::Rgb);
    encoder.write_header().expect("a header").write_image_data(&pixels).expect("pixels");
    bytes
}

/// The body of the requested item.
fn item(ask: &Ask, version: u32) -> Vec<u8> {
    let name = ask.path.split('/').nth(1).unwrap_or_default();
    let number: String = ask.path.chars().skip(2 * name.len() + 3).take_while(char::is_ascii_digit).collect();
    body(name, number.parse().unwrap_or_default(), version)
}

fn say(peer: &mut Peer, head: &str, body: &[u8], after: After) -> io::Result<After> {
    peer.write_all(&[head.as_bytes(), body].concat())?;
    peer.flush()?;
    Ok(after)
}

fn head_of(length: usize) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: {length}\r\n\r\n")
}

fn whole(peer: &mut Peer, ask: &Ask, version: u32) -> io::Result<After> {
    let bytes = item(ask, version);
    say(peer, &head_of(bytes.len()), &bytes, Keep)
}

/// The first half of a whole body.
fn half(peer: &mut Peer, ask: &Ask, version: u32, headers: &str, after: After) -> io::Result<After> {
    let bytes = item(ask, version);
    let head = format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: {}\r\n\r\n", bytes.len());
    say(peer, &head, &bytes[..bytes.len() / 2], after)
}

/// The answer of a good server that has this version.
fn ranged(peer: &mut Peer, ask: &Ask, version: u32) -> io::Result<After> {
    let is_same = ask.header("if-range") == Some(format!("\"{version}\"").as_str());
    if is_same && ask.header("range").is_some() {
        part(peer, ask, version, [0, 0, 0])
    } else {
        whole(peer, ask, version)
    }
}

/// The rest of a version, from where it is asked for. What is said of its start, of the whole and of its own length may
/// be wrong by so much; what is sent starts where it says.
fn part(peer: &mut Peer, ask: &Ask, version: u32, wrong: [isize; 3]) -> io::Result<After> {
    let bytes = item(ask, version);
    let from =
        ask.header("range").and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse::<usize>().ok());
    let Some(from) = from.filter(|from| *from < bytes.len()) else { return whole(peer, ask, version) };
    let [start, all, length] = wrong;
    let start = from.saturating_add_signed(start);
    let (all, rest) = (bytes.len().saturating_add_signed(all), &bytes[start..]);
    let sent = if length > 0 { &rest[..rest.len() - length.unsigned_abs()] } else { rest };
    let announced = rest.len().saturating_add_signed(length.min(0));
    let range = format!("Content-Range: bytes {start}-{}/{all}", bytes.len() - 1);
    let head = format!("HTTP/1.1 206 Part\r\nETag: \"{version}\"\r\n{range}\r\nContent-Length: {announced}\r\n\r\n");
    say(peer, &head, sent, Close)
}

/// A body that breaks off; then a wrong rest; then the right one.
fn after_half(peer: &mut Peer, ask: &Ask, wrong: [isize; 3]) -> io::Result<After> {
    match ask.hit {
        1 => half(peer, ask, 1, "ETag: \"1\"\r\n", Close),
        2 => part(peer, ask, 1, wrong),
        _ => ranged(peer, ask, 1),
    }
}

fn chunk(bytes: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}

fn packed(peer: &mut Peer, coding: &str, bytes: &[u8], announced: usize) -> io::Result<After> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {announced}\r\n\r\n");
    say(peer, &head, bytes, Close)
}

fn bomb(peer: &mut Peer, coding: &str, of: fn(&Bombs) -> &Vec<u8>) -> io::Result<After> {
    let bytes = of(&peer.world.bombs).clone();
    packed(peer, coding, &bytes, bytes.len())
}

/// The same again and again, until the client disconnects.
fn endless(peer: &mut Peer, begin: &str, next: impl Fn(u64) -> String) -> io::Result<After> {
    say(peer, begin, b"", Keep)?;
    (0..).try_for_each(|n| peer.write_all(next(n).as_bytes()))?;
    Ok(Close)
}

fn redirect(peer: &mut Peer, to: &str) -> io::Result<After> {
    say(peer, &format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n"), b"", Keep)
}

/// Sends Retry-After of a second or two, and the item after that.
fn wait(peer: &mut Peer, ask: &Ask, status: &str, by_date: bool) -> io::Result<After> {
    if ask.hit > 1 {
        return whole(peer, ask, 1);
    }
    let now = SystemTime::now();
    let since_1970 = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let date = SystemTime::UNIX_EPOCH + Duration::from_secs(since_1970.as_secs() + 2);
    let (value, rest) = if by_date {
        (httpdate::fmt_http_date(date), date.duration_since(now).unwrap_or_default())
    } else {
        ("1".to_owned(), Duration::from_secs(1))
    };
    peer.world.rest(&ask.path, rest);
    say(peer, &format!("HTTP/1.1 {status}\r\nRetry-After: {value}\r\nContent-Length: 0\r\n\r\n"), b"", Keep)
}
