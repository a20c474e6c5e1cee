//! Lists in other encodings than UTF-8: detected at the first byte that is not ASCII, or named by the user, and decoded
//! before anything else reads them.

use std::cell::Cell;
use std::io::{self, BufRead, Read};
use std::rc::Rc;

use encoding_rs::{Decoder, Encoding, UTF_8, UTF_16BE, UTF_16LE};

use crate::model::text_encoding;

/// Bytes from which an encoding is detected.
const SAMPLE_BYTES: usize = 64 << 10;
/// Bytes that are decoded at once.
const CHUNK_BYTES: usize = 32 << 10;

/// The encoding of a list, once it is known to be another than UTF-8, and whether it was detected.
pub(super) type Recoded = Rc<Cell<Option<(&'static Encoding, bool)>>>;

/// A list as UTF-8.
pub(super) struct Decoded<R> {
    inner: R,
    state: State,
    /// Whether another program is writing the list: nothing waits for more of it than necessary.
    is_live: bool,
    recoded: Recoded,
    /// How many of the next bytes are known to be ASCII.
    ascii: usize,
    /// What ended the reading of a sample.
    error: Option<io::Error>,
    /// Bytes to give before those of `inner`, from `at` on.
    ready: Vec<u8>,
    at: usize,
}

enum State {
    /// Only ASCII so far.
    Undecided,
    /// UTF-8, whose errors are reported line by line.
    Unchanged,
    Decoding(Box<Decoder>),
    Ended,
}

impl<R: BufRead> Decoded<R> {
    /// Decodes a list that begins with `head`; `named` is the encoding that the user says it has.
    pub(super) fn new(inner: R, head: &[u8], named: Option<&'static Encoding>, is_live: bool) -> (Self, Recoded) {
        let recoded = Recoded::default();
        let state = match named.map(|encoding| (encoding, false)).or_else(|| utf_16(head).map(|found| (found, true))) {
            Some((encoding, _)) if encoding == UTF_8 => State::Unchanged,
            Some((encoding, is_detected)) => {
                recoded.set(Some((encoding, is_detected)));
                State::Decoding(Box::new(encoding.new_decoder_with_bom_removal()))
            }
            None => State::Undecided,
        };
        (
            Self {
                inner,
                state,
                is_live,
                recoded: Rc::clone(&recoded),
                ascii: 0,
                error: None,
                ready: Vec::new(),
                at: 0,
            },
            recoded,
        )
    }

    /// Decides on the encoding by what follows.
    fn decide(&mut self) {
        let mut sample = Vec::new();
        while sample.len() < SAMPLE_BYTES && !(self.is_live && sample.contains(&b'\n')) {
            let bytes = match self.inner.fill_buf() {
                Ok(bytes) => bytes,
                // What was read is given first.
                Err(error) => {
                    self.error = Some(error);
                    break;
                }
            };
            if bytes.is_empty() {
                break;
            }
            sample.extend_from_slice(bytes);
            let count = bytes.len();
            self.inner.consume(count);
        }
        match text_encoding::detected(&sample) {
            None => {
                self.state = State::Unchanged;
                self.ready = sample;
            }
            Some(encoding) => {
                self.recoded.set(Some((encoding, true)));
                let mut decoder = encoding.new_decoder_without_bom_handling();
                self.ready = decoded(&mut decoder, &sample, false);
                self.state = State::Decoding(Box::new(decoder));
            }
        }
        self.at = 0;
    }

    /// Makes the next bytes ready, unless they are given unchanged.
    fn prepare(&mut self) -> io::Result<()> {
        loop {
            if self.at < self.ready.len() {
                return Ok(());
            }
            if let Some(error) = self.error.take() {
                return Err(error);
            }
            match &mut self.state {
                State::Unchanged | State::Ended => return Ok(()),
                State::Undecided => {
                    if self.ascii == 0 {
                        let bytes = self.inner.fill_buf()?;
                        if bytes.is_empty() {
                            return Ok(());
                        }
                        self.ascii = bytes.iter().position(|byte| !byte.is_ascii()).unwrap_or(bytes.len());
                    }
                    if self.ascii > 0 {
                        return Ok(());
                    }
                    self.decide();
                }
                State::Decoding(decoder) => {
                    let bytes = self.inner.fill_buf()?;
                    let taken = bytes.get(..bytes.len().min(CHUNK_BYTES)).unwrap_or_default();
                    let (count, is_last) = (taken.len(), taken.is_empty());
                    self.ready = decoded(decoder, taken, is_last);
                    self.at = 0;
                    self.inner.consume(count);
                    if is_last {
                        self.state = State::Ended;
                    }
                }
            }
        }
    }
}

fn decoded(decoder: &mut Decoder, bytes: &[u8], is_last: bool) -> Vec<u8> {
    let most = decoder.max_utf8_buffer_length(bytes.len()).unwrap_or(bytes.len());
    let mut text = String::with_capacity(most);
    // The text has enough space, so that all bytes are read at once.
    let _ = decoder.decode_to_string(bytes, &mut text, is_last);
    text.into_bytes()
}

impl<R: BufRead> BufRead for Decoded<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.prepare()?;
        if self.at < self.ready.len() {
            return Ok(self.ready.get(self.at..).unwrap_or_default());
        }
        match self.state {
            State::Ended => Ok(&[]),
            State::Undecided => {
                let bytes = self.inner.fill_buf()?;
                Ok(bytes.get(..bytes.len().min(self.ascii)).unwrap_or_default())
            }
            State::Unchanged | State::Decoding(_) => self.inner.fill_buf(),
        }
    }

    fn consume(&mut self, count: usize) {
        if self.at < self.ready.len() {
            self.at += count;
        } else if !matches!(self.state, State::Ended) {
            self.ascii = self.ascii.saturating_sub(count);
            self.inner.consume(count);
        }
    }
}

impl<R: BufRead> Read for Decoded<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let bytes = self.fill_buf()?;
        let count = bytes.len().min(into.len());
        if let (Some(to), Some(from)) = (into.get_mut(..count), bytes.get(..count)) {
            to.copy_from_slice(from);
        }
        self.consume(count);
        Ok(count)
    }
}

/// UTF-16 by its byte order mark, or by the zeros of its ASCII characters.
pub(super) fn utf_16(head: &[u8]) -> Option<&'static Encoding> {
    match head {
        [0xFF, 0xFE, ..] => return Some(UTF_16LE),
        [0xFE, 0xFF, ..] => return Some(UTF_16BE),
        _ => {}
    }
    let zeros = |offset: usize| head.iter().skip(offset).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd, half) = (zeros(0), zeros(1), head.len() / 2);
    // A link has mostly ASCII characters. Anything else with zeros is no text.
    match half {
        0 | 1 => None,
        _ if even == 0 && odd * 2 > half => Some(UTF_16LE),
        _ if odd == 0 && even * 2 > half => Some(UTF_16BE),
        _ => None,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::io::BufReader;

    use super::super::decode::*;

    fn read(bytes: &[u8], named: Option<&str>, is_live: bool) -> (String, Option<(&'static str, bool)>) {
        let named = named.and_then(text_encoding::encoding_named);
        // Buffers of every size: characters are divided between them.
        let mut results = [1, 2, 3, 7, 1000].map(|size| {
            let inner = BufReader::with_capacity(size, bytes);
            let (mut decoded, recoded) = Decoded::new(inner, &bytes[..bytes.len().min(64)], named, is_live);
            let mut text = Vec::new();
            decoded.read_to_end(&mut text).unwrap();
            (String::from_utf8_lossy(&text).into_owned(), recoded.get().map(|(found, is)| (found.name(), is)))
        });
        if !is_live {
            results.windows(2).for_each(|pair| assert_eq!(pair[0], pair[1]));
        }
        std::mem::take(&mut results[4])
    }

    #[test]
    fn every_common_encoding_is_detected() {
        for (label, text) in [
            ("EUC-KR", "상품,url\n빨간 사과,http://h.example/사과.jpg\n바나나 한 송이,http://h.example/2.jpg\n"),
            ("Shift_JIS", "商品,url\n赤いりんご,http://h.example/表.jpg\nバナナ,http://h.example/2.jpg\n"),
            ("GBK", "商品名称,url\n红色的苹果,http://h.example/苹果.jpg\n我们的香蕉,http://h.example/2.jpg\n"),
            ("windows-1252", "produit,url\ncafé crème à emporter,http://h.example/café.jpg\n"),
        ] {
            let encoding = text_encoding::encoding_named(label).unwrap();
            let (bytes, _, _) = encoding.encode(text);
            assert_eq!(read(&bytes, None, false), (text.to_owned(), Some((label, true))));
            assert_eq!(read(&bytes, Some(label), true), (text.to_owned(), Some((label, false))));
            let live = read(&bytes, None, true);
            assert_eq!(live.0, text, "{label}");
        }
    }

    #[test]
    fn utf_16_is_decoded_with_and_without_a_mark() {
        let text = "url\nhttp://h/사진.jpg\n";
        for is_little in [true, false] {
            for mark in ["\u{feff}", ""] {
                let units = mark.chars().chain(text.chars()).collect::<String>();
                let bytes = |unit: u16| if is_little { unit.to_le_bytes() } else { unit.to_be_bytes() };
                let bytes: Vec<u8> = units.encode_utf16().flat_map(bytes).collect();
                let name = if is_little { "UTF-16LE" } else { "UTF-16BE" };
                assert_eq!(read(&bytes, None, false), (text.to_owned(), Some((name, true))));
            }
        }
    }

    #[test]
    fn utf_8_stays_as_it_is_even_with_a_few_bad_bytes() {
        let text = "http://h/가.jpg\nhttp://h/나.jpg\nhttp://h/다.jpg\nhttp://h/라.jpg\n";
        assert_eq!(read(text.as_bytes(), None, false), (text.to_owned(), None));
        let bad = [text.as_bytes(), b"http://h/\xff.jpg\n"].concat();
        assert_eq!(read(&bad, None, false).1, None);
        assert_eq!(read(b"http://h/a", None, false), ("http://h/a".to_owned(), None));
        assert_eq!(read(b"", None, false), (String::new(), None));
    }
}
