//! HTTP/2 as far as misbehaviour needs it (RFC 9113): hand-made frames, responses without header compression. The path of
//! a request is ignored, so every item of a behaviour has the body of item 0.

use std::io::{self, Read, Write};

use super::Peer;
use super::behaviours::body;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const ACK: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const NO_ERROR: u32 = 0;
const INTERNAL_ERROR: u32 = 2;
const HTTP_1_1_REQUIRED: u32 = 13;
/// What a client sends first.
const PREFACE_BYTES: usize = 24;
/// Largest accepted frame.
const MAX_FRAME_BYTES: usize = 64 << 10;
/// Bad connections of a behaviour that recovers.
const BAD_CONNECTIONS: usize = 2;

pub(super) fn serve(peer: &mut Peer, name: &str) -> io::Result<()> {
    let connection = peer.world.hit(name);
    peer.read_exact(&mut [0; PREFACE_BYTES])?;
    frame(peer, SETTINGS, 0, 0, &[])?;
    loop {
        let mut head = [0; 9];
        peer.read_exact(&mut head)?;
        let [l0, l1, l2, kind, flags, s0, s1, s2, s3] = head;
        let mut payload = vec![0; usize::min(MAX_FRAME_BYTES, u32::from_be_bytes([0, l0, l1, l2]) as usize)];
        peer.read_exact(&mut payload)?;
        let stream = u32::from_be_bytes([s0 & 0x7F, s1, s2, s3]);
        match kind {
            SETTINGS if flags & ACK == 0 => frame(peer, SETTINGS, ACK, 0, &[])?,
            PING if flags & ACK == 0 => frame(peer, PING, ACK, 0, &payload)?,
            HEADERS if !answer(peer, name, connection, stream)? => return peer.close(),
            _ => {}
        }
    }
}

/// Answers one request; `false` when the connection is to be closed.
fn answer(peer: &mut Peer, name: &str, connection: usize, stream: u32) -> io::Result<bool> {
    let whole = body(name, 0, 1);
    let (first, second) = whole.split_at(whole.len() / 2);
    match name {
        "h2-goaway" if connection <= BAD_CONNECTIONS => go_away(peer, 0, NO_ERROR),
        "h2-goaway-always" => go_away(peer, 0, NO_ERROR),
        "h2-goaway-in-body" => {
            head(peer, stream, whole.len())?;
            frame(peer, DATA, 0, stream, first)?;
            go_away(peer, stream, INTERNAL_ERROR)
        }
        "h2-reset-in-body" => {
            head(peer, stream, whole.len())?;
            frame(peer, DATA, 0, stream, first)?;
            frame(peer, RST_STREAM, 0, stream, &INTERNAL_ERROR.to_be_bytes())?;
            Ok(true)
        }
        "h2-wants-http-1" => {
            frame(peer, RST_STREAM, 0, stream, &HTTP_1_1_REQUIRED.to_be_bytes())?;
            Ok(true)
        }
        "h2-short-body" => {
            head(peer, stream, whole.len())?;
            frame(peer, DATA, END_STREAM, stream, first)?;
            Ok(true)
        }
        "h2-long-body" => {
            head(peer, stream, first.len())?;
            frame(peer, DATA, END_STREAM, stream, &whole)?;
            Ok(true)
        }
        _ => {
            head(peer, stream, whole.len())?;
            frame(peer, DATA, 0, stream, first)?;
            frame(peer, DATA, END_STREAM, stream, second)?;
            Ok(true)
        }
    }
}

/// Says that no stream above `last_stream` was processed, and closes.
fn go_away(peer: &mut Peer, last_stream: u32, why: u32) -> io::Result<bool> {
    frame(peer, GOAWAY, 0, 0, &[last_stream.to_be_bytes(), why.to_be_bytes()].concat())?;
    Ok(false)
}

/// `200` with a length: `:status: 200` from the static table, `content-length` by its index there (RFC 7541).
fn head(peer: &mut Peer, stream: u32, length: usize) -> io::Result<()> {
    let digits = length.to_string();
    let block = [&[0x88, 0x0F, 0x0D, digits.len() as u8], digits.as_bytes()].concat();
    frame(peer, HEADERS, END_HEADERS, stream, &block)
}

fn frame(peer: &mut Peer, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> io::Result<()> {
    let [_, l0, l1, l2] = (payload.len() as u32).to_be_bytes();
    let [s0, s1, s2, s3] = stream.to_be_bytes();
    peer.write_all(&[&[l0, l1, l2, kind, flags, s0, s1, s2, s3], payload].concat())?;
    peer.flush()
}
