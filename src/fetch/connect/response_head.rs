//! Rewrites the heads of responses that violate the syntax of HTTP/1, and that at least two of curl 7.88, wget 1.21
//! and Python's requests 2.34 read, or curl alone. The body is never changed.
//!
//! Rewritten are the status line (several spaces or a tab, none before the reason, control characters, `http/1.1`,
//! other versions, `HTTP/1.0` with a body in chunks), the line `Content-Length: 6 bytes`, and CR and NUL within a line
//! (RFC 9110, 5.5). Responses such as 100 (Continue) are left out.

use std::mem;

/// Most bytes of all heads of a response, as in curl.
const MAX_BYTES: usize = 300 << 10;

/// The heads of a response are too large, or there are too many of them.
#[derive(Debug, thiserror::Error)]
#[error("the response's heads are too large")]
pub(crate) struct TooLarge;

/// Collects the head of a response.
#[derive(Debug, Default)]
pub(super) struct ResponseHead {
    /// The current head, from its status line.
    bytes: Vec<u8>,
    line_start: usize,
    /// Bytes of the heads before it.
    left_out: usize,
}

impl ResponseHead {
    /// Takes what the server sent. Returns the rewritten head and the beginning of the body once the head is complete.
    pub(super) fn take(&mut self, received: &[u8]) -> Result<Option<Vec<u8>>, TooLarge> {
        let mut scanned = self.bytes.len();
        self.bytes.extend_from_slice(received);
        while let Some(end) = self.bytes.get(scanned..).and_then(|rest| rest.iter().position(|byte| *byte == b'\n')) {
            let line_end = scanned + end;
            let line = self.bytes.get(self.line_start..line_end).unwrap_or_default();
            let is_status = self.line_start == 0;
            if is_status && status(line).is_none() {
                // Not HTTP, or an empty line: the parser reports or skips it.
                return Ok(Some(self.rest()));
            }
            scanned = line_end + 1;
            if !is_status && line.iter().all(|byte| *byte == b'\r') {
                if let Some(head) = rewritten(self.bytes.get(..scanned).unwrap_or_default()) {
                    return Ok(Some([&head, self.bytes.get(scanned..).unwrap_or_default()].concat()));
                }
                self.bytes.drain(..scanned);
                self.left_out += scanned;
                scanned = 0;
            }
            self.line_start = scanned;
        }
        if self.left_out + self.bytes.len() > MAX_BYTES { Err(TooLarge) } else { Ok(None) }
    }

    /// What was received of an incomplete head.
    pub(super) fn rest(&mut self) -> Vec<u8> {
        mem::take(&mut self.bytes)
    }
}

/// The status code of a status line.
fn status(line: &[u8]) -> Option<u16> {
    let (protocol, rest) = line.split_at_checked(5).filter(|(protocol, _)| protocol.eq_ignore_ascii_case(b"HTTP/"))?;
    debug_assert_eq!(protocol.len(), 5);
    let version = rest.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
    let rest = rest.get(version..).filter(|_| version > 0)?;
    let blanks = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let (code, reason) = rest.get(blanks..).filter(|_| blanks > 0)?.split_at_checked(3)?;
    let is_number = code.iter().all(u8::is_ascii_digit) && !reason.first().is_some_and(u8::is_ascii_digit);
    let code: u16 = str::from_utf8(code).ok().filter(|_| is_number)?.parse().ok()?;
    (code >= 100).then_some(code)
}

/// A complete head as the parser accepts it; `None` for a response before the final one.
fn rewritten(head: &[u8]) -> Option<Vec<u8>> {
    let mut lines = head.split(|byte| *byte == b'\n');
    let code = lines.next().and_then(status)?;
    if (100..200).contains(&code) && code != 101 {
        return None;
    }
    let mut written = format!("HTTP/1.1 {code}\r\n").into_bytes();
    for line in lines {
        let line = &line[..line.iter().rposition(|byte| *byte != b'\r').map_or(0, |last| last + 1)];
        if line.is_empty() {
            continue;
        }
        match length(line) {
            Some(Length::Bytes(bytes)) => written.extend(format!("Content-Length: {bytes}").as_bytes()),
            // Larger than any body.
            Some(Length::TooLarge) => continue,
            None => written.extend(line.iter().map(|byte| if matches!(byte, b'\r' | 0) { b' ' } else { *byte })),
        }
        written.extend(b"\r\n");
    }
    written.extend(b"\r\n");
    Some(written)
}

enum Length {
    Bytes(u64),
    TooLarge,
}

/// The number at the beginning of a Content-Length; `None` for a list and for what is no number, as in curl.
fn length(line: &[u8]) -> Option<Length> {
    let (name, value) = str::from_utf8(line).ok()?.split_once(':')?;
    let value = value.trim().trim_start_matches('+');
    let digits = value.find(|c: char| !c.is_ascii_digit()).unwrap_or(value.len());
    let is_length = name.trim_end().eq_ignore_ascii_case("Content-Length") && digits > 0 && !value.contains(',');
    let digits = value.get(..digits).filter(|_| is_length)?;
    Some(digits.parse().map_or(Length::TooLarge, Length::Bytes))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    /// What the parser gets, whether the response arrives at once or byte by byte.
    fn parsed(response: &str) -> String {
        let whole = ResponseHead::default().take(response.as_bytes()).unwrap();
        let mut head = ResponseHead::default();
        let mut bytes = response.as_bytes().chunks(1);
        let first = bytes.by_ref().find_map(|byte| head.take(byte).unwrap());
        let trickled = first.map(|first| [first, bytes.flatten().copied().collect()].concat());
        assert_eq!(whole, trickled, "{response:?}");
        String::from_utf8(whole.unwrap_or_else(|| head.rest())).unwrap()
    }

    /// Compared with curl 7.88, wget 1.21 and requests 2.34.
    #[test]
    fn status_lines_are_read_as_other_clients_read_them() {
        for line in [
            "HTTP/1.1 200 OK",
            "HTTP/1.0 200 OK",
            "HTTP/1.1  200  OK",
            "HTTP/1.1\t200\tOK",
            "HTTP/1.1 200OK",
            "HTTP/1.1 200",
            "HTTP/1.1 200 ",
            "http/1.1 200 ok",
            "HTTP/2 200 OK",
            "HTTP/1.10 200 OK",
            "HTTP/1.1 200 O\u{1}K\rx",
        ] {
            assert_eq!(parsed(&format!("{line}\r\nA: b\r\n\r\nbody")), "HTTP/1.1 200\r\nA: b\r\n\r\nbody", "{line:?}");
        }
        for line in ["ICY 200 OK", "HTTP 200 OK", "HTTP/1.1 2000 OK", "HTTP/1.1 20 OK", "HTTP/1.1 000 OK", "HTTP/ 200"]
        {
            let response = format!("{line}\r\nA: b\r\n\r\nbody");
            assert_eq!(parsed(&response), response, "the parser reports it");
        }
    }

    #[test]
    fn headers_are_kept_except_for_lengths_and_characters_that_none_may_have() {
        for (lines, right) in [
            ("Content-Length: 6 bytes\n", "Content-Length: 6\r\n"),
            ("content-length : +6;\r\n", "Content-Length: 6\r\n"),
            ("Content-Length: 6, 6\r\n", "Content-Length: 6, 6\r\n"),
            ("Content-Length: -6\r\n", "Content-Length: -6\r\n"),
            ("Content-Length: 99999999999999999999\r\n", ""),
            ("A: b\r\r\n c\rd\0e\r\n", "A: b\r\n c d e\r\n"),
            ("", ""),
        ] {
            assert_eq!(parsed(&format!("HTTP/1.1 200 OK\r\n{lines}\r\n\n")), format!("HTTP/1.1 200\r\n{right}\r\n\n"));
        }
    }

    #[test]
    fn responses_before_the_final_one_are_left_out_and_limited() {
        let early = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.0 100 Continue\r\n\r\n";
        assert_eq!(parsed(&format!("{early}HTTP/1.0 404 No\r\n\r\n")), "HTTP/1.1 404\r\n\r\n");
        assert!(parsed("HTTP/1.1 101 Switching\r\n\r\nraw").ends_with("raw"));
        let mut head = ResponseHead::default();
        let most = MAX_BYTES / early.len() + 1;
        assert!((0..=most).any(|_| head.take(early.as_bytes()).is_err()));
        assert!(ResponseHead::default().take(&vec![b'a'; MAX_BYTES + 1]).is_err());
    }

    proptest::proptest! {
        /// However the bytes arrive, the same are given, and the body is unchanged.
        #[test]
        fn no_response_breaks_the_reader(
            parts in proptest::collection::vec(proptest::sample::select(vec![
                "HTTP/1.1 200 OK", "http/1.0  404", "HTTP/1.1 100 Go", "HTTP/", "\r\n", "\n", "\r", "\0", " ", "\r\n\r\n",
                "Content-Length: 6 bytes", "Content-Length: 99999999999999999999", "A: b", "é", ":", "200",
            ]), 0..24),
            body in "[a-z\r\n]{0,8}",
        ) {
            let text = parts.concat();
            let _ = parsed(&text);
            let response = format!("HTTP/1.0 200 OK\r\nX: {}\r\n\r\n{body}", text.replace(['\r', '\n'], ""));
            let end = format!("\r\n\r\n{body}");
            assert!(parsed(&response).ends_with(&end), "{response:?}");
        }
    }

    #[test]
    fn an_incomplete_head_is_returned_as_it_is() {
        for response in ["", "HTTP", "HTTP/1.1 200 OK\r\nContent"] {
            assert_eq!(parsed(response), response);
        }
    }
}
