//! Resumes a body that broke off: which validators prove that the rest belongs to it (RFC 9110, 8.8.1, 13.1.5, 14.4),
//! and what is kept until then.
//!
//! When in doubt, a transfer starts over: bytes of two versions must never be mixed in one file.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::header::{
    ACCEPT_RANGES, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, DATE, ETAG, HeaderMap, HeaderName,
    LAST_MODIFIED, TRANSFER_ENCODING,
};
use url::Url;

use super::body::Collector;
use super::head::{Head, text_of_all};
use super::kept_parts::KeptPart;
use super::resource::resource_of;
use super::saved_parts::{About, PartOf, key_of};
use crate::fetch::meter::Meter;
use crate::store::{Spool, sha256_hex};

/// How much older than its response a Last-Modified must be to be a strong validator (RFC 9110, 8.8.2.2; a minute also
/// covers clocks that differ).
const STRONG_AFTER: Duration = Duration::from_mins(1);

/// A body that was received in part. Dropped, it stays saved where that is possible, see [`discard`].
pub(crate) struct Partial<'a> {
    /// The URL that answered, after redirects.
    pub(crate) url: Url,
    /// The same of an earlier run; only the hash of its [`resource_of`] is known.
    pub(crate) resource: Option<String>,
    /// The head of the first response.
    pub(crate) head: Head,
    /// The bytes received.
    pub(crate) collector: Collector<'a>,
    /// The announced size of the whole body in bytes.
    pub(crate) whole_bytes: Option<u64>,
    /// The validator for If-Range; `None` if there is no strong one.
    pub(crate) validator: Option<String>,
    /// How often it was resumed.
    pub(crate) resumed: u32,
    /// Its share of what may be kept, while its link waits for a retry.
    pub(crate) kept: Option<KeptPart>,
}

/// A part is of no use any more.
pub(crate) fn discard(partial: &mut Option<Partial<'_>>) {
    if let Some(part) = partial.take() {
        part.collector.discard();
    }
}

/// Sets a flag when it is dropped.
struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// What an earlier run has saved of this link's body, if it can be continued. Reads all of it, on a thread that may wait
/// for the disk; if that is cancelled, it stays saved.
pub(crate) async fn saved_part<'a>(
    spool: &'a Spool,
    link: &Url,
    in_memory_bytes: u64,
    meter: Option<&Arc<Meter>>,
) -> Option<Partial<'a>> {
    if !spool.has_parts() {
        return None;
    }
    let key = key_of(link);
    if !spool.has_part(&key) {
        return None;
    }
    let stop = StopOnDrop(Arc::default());
    let (from, wanted, stopped, shown) = (spool.clone(), key.clone(), Arc::clone(&stop.0), meter.cloned());
    let goes_on = move |about: &str, bytes| {
        if let Some(meter) = &shown {
            meter.took_over(bytes, About::parse(about).and_then(|about| about.whole_bytes));
        }
        !stopped.load(Ordering::Acquire)
    };
    let part = tokio::task::spawn_blocking(move || from.take_part(&wanted, &goes_on)).await.ok().flatten()?;
    let Some(About { resource, head, whole_bytes, validator }) = About::parse(&part.about) else {
        part.file.discard();
        return None;
    };
    if let Some(meter) = meter {
        meter.took_over(part.size_bytes, whole_bytes);
    }
    let of = PartOf { link: key, about: part.about.clone() };
    let collector = Collector::of_part(spool, in_memory_bytes, part, of);
    let (url, resource, validator) = (link.clone(), Some(resource), Some(validator));
    Some(Partial { url, resource, head, collector, whole_bytes, validator, resumed: 0, kept: None })
}

impl Partial<'_> {
    /// Whether this URL leads to the same body. The same link may have been signed again.
    pub(crate) fn is_of(&self, url: &Url) -> bool {
        match &self.resource {
            Some(resource) => *resource == sha256_hex(resource_of(url).as_bytes()),
            None => self.url == *url || resource_of(&self.url) == resource_of(url),
        }
    }

    /// Whether the rest can be requested.
    pub(crate) fn can_resume(&self) -> bool {
        self.validator.is_some() && self.collector.is_intact() && self.collector.size_bytes() > 0
    }

    /// Whether this 206 is exactly the rest of the same version: the position after its last byte, else why it is not.
    pub(crate) fn fits(&self, headers: &HeaderMap) -> Result<u64, &'static str> {
        if header(headers, CONTENT_TYPE).is_some_and(|mime| mime.to_ascii_lowercase().starts_with("multipart/")) {
            return Err("several parts at once");
        }
        // A file that is compressed itself may be labelled so, see `content_encoding::codings`.
        if text_of_all(headers, CONTENT_ENCODING) != self.head.content_encoding
            || text_of_all(headers, TRANSFER_ENCODING).is_some_and(|coding| !coding.eq_ignore_ascii_case("chunked"))
        {
            return Err("a compressed part");
        }
        let range =
            header(headers, CONTENT_RANGE).and_then(ContentRange::parse).ok_or("a part at an unknown position")?;
        if range.first != self.collector.size_bytes() {
            return Err("another part than the requested one");
        }
        let whole = range.whole.ok_or("a part of an unknown whole")?;
        if self.whole_bytes.is_some_and(|known| known != whole) {
            return Err("a part of another whole");
        }
        let end = range.last + 1;
        let announced = header(headers, CONTENT_LENGTH).and_then(digits);
        if announced.is_some_and(|announced| announced != end - range.first) {
            return Err("a part whose length contradicts its range");
        }
        if self.is_contradicted(headers) {
            return Err("a part of another version");
        }
        Ok(end)
    }

    /// Whether a 416 says that the bytes received were the whole body of the same version.
    pub(crate) fn was_all(&self, headers: &HeaderMap) -> bool {
        let whole = header(headers, CONTENT_RANGE).and_then(unsatisfied_whole);
        let same_version = self.validator.is_some()
            && [ETAG, LAST_MODIFIED].into_iter().any(|name| header(headers, name) == self.validator.as_deref());
        let had = self.collector.size_bytes();
        whole == Some(had) && self.whole_bytes.is_none_or(|known| known == had) && same_version
    }

    /// Whether a response is about another version.
    fn is_contradicted(&self, headers: &HeaderMap) -> bool {
        let differs = |name, ours: Option<&str>| match (header(headers, name), ours) {
            (Some(theirs), Some(ours)) => theirs != ours,
            _ => false,
        };
        differs(ETAG, self.head.etag.as_deref()) || differs(LAST_MODIFIED, self.head.last_modified.as_deref())
    }
}

/// A validator for If-Range: a strong ETag, else a strong Last-Modified; `None` if the server refuses ranges.
pub(crate) fn strong_validator(headers: &HeaderMap) -> Option<String> {
    if header(headers, ACCEPT_RANGES).is_some_and(|unit| unit.eq_ignore_ascii_case("none")) {
        return None;
    }
    if headers.contains_key(ETAG) {
        let etag = header(headers, ETAG)?;
        let inner = etag.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        return inner.filter(|inner| !inner.contains('"')).map(|_| etag.to_owned());
    }
    let modified = header(headers, LAST_MODIFIED)?;
    let (since, now) =
        (httpdate::parse_http_date(modified).ok()?, httpdate::parse_http_date(header(headers, DATE)?).ok()?);
    (now.duration_since(since).ok()? >= STRONG_AFTER).then(|| modified.to_owned())
}

/// The size of the whole body in bytes according to a 206.
pub(crate) fn whole_bytes(headers: &HeaderMap) -> Option<u64> {
    header(headers, CONTENT_RANGE).and_then(ContentRange::parse)?.whole
}

/// Whether an unsolicited 206 contains the whole body.
pub(crate) fn is_the_whole(headers: &HeaderMap) -> bool {
    let range = header(headers, CONTENT_RANGE).and_then(ContentRange::parse);
    range.is_some_and(|range| range.first == 0 && range.whole == Some(range.last + 1))
}

/// `bytes first-last/whole`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ContentRange {
    first: u64,
    last: u64,
    /// `None` for `*`.
    whole: Option<u64>,
}

impl ContentRange {
    /// `None` for another unit, invalid text, or a range outside the body.
    fn parse(value: &str) -> Option<Self> {
        let (range, whole) = in_bytes(value)?.split_once('/')?;
        let (first, last) = range.trim().split_once('-')?;
        let (first, last) = (digits(first)?, digits(last)?);
        let whole = match whole.trim() {
            "*" => None,
            whole => Some(digits(whole)?),
        };
        let within = last < whole.unwrap_or(u64::MAX);
        (first <= last && within).then_some(Self { first, last, whole })
    }
}

/// The size in `bytes */size`.
fn unsatisfied_whole(value: &str) -> Option<u64> {
    let (range, whole) = in_bytes(value)?.split_once('/')?;
    (range.trim() == "*").then(|| digits(whole)).flatten()
}

fn in_bytes(value: &str) -> Option<&str> {
    let (unit, rest) = value.trim().split_once(' ')?;
    unit.eq_ignore_ascii_case("bytes").then(|| rest.trim())
}

/// Only digits: no sign, no separators.
fn digits(text: &str) -> Option<u64> {
    let text = text.trim();
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

fn header(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    // Two different ones prove nothing.
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    if values.any(|other| other != first) {
        return None;
    }
    first.to_str().ok().map(str::trim)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use reqwest::header::HeaderValue;

    use super::super::resume::*;

    type Lines<'a> = &'a [(&'a str, &'a str)];

    fn headers(lines: Lines<'_>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn only_a_strong_validator_lets_a_transfer_resume() {
        let cases: [(Lines<'_>, Option<&str>); 9] = [
            (&[("etag", "\"a\"")], Some("\"a\"")),
            (&[("etag", "W/\"a\"")], None),
            (&[("etag", "a")], None),
            (&[("etag", "\"a\""), ("etag", "\"b\"")], None),
            (&[("etag", "\"a\""), ("accept-ranges", "none")], None),
            // A weak ETag means that there may be two versions within a second.
            (
                &[
                    ("etag", "W/\"a\""),
                    ("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT"),
                    ("date", "Mon, 07 Nov 1994 08:49:37 GMT"),
                ],
                None,
            ),
            (
                &[("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT"), ("date", "Sun, 06 Nov 1994 08:50:37 GMT")],
                Some("Sun, 06 Nov 1994 08:49:37 GMT"),
            ),
            (&[("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT"), ("date", "Sun, 06 Nov 1994 08:50:36 GMT")], None),
            (&[("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT")], None),
        ];
        for (lines, wanted) in cases {
            assert_eq!(strong_validator(&headers(lines)).as_deref(), wanted, "{lines:?}");
        }
    }

    #[test]
    fn a_content_range_is_taken_literally() {
        let range = |first, last, whole| Some(ContentRange { first, last, whole });
        for (value, wanted) in [
            ("bytes 2-9/10", range(2, 9, Some(10))),
            ("Bytes  2-9/*", range(2, 9, None)),
            ("bytes 2-10/10", None),
            ("bytes 9-2/10", None),
            ("bytes +2-9/10", None),
            ("bytes 2-/10", None),
            ("bytes */10", None),
            ("bytes=2-9/10", None),
            ("lines 2-9/10", None),
            ("bytes 0-18446744073709551615/*", None),
            ("bytes 0-99999999999999999999/*", None),
            ("", None),
        ] {
            assert_eq!(ContentRange::parse(value), wanted, "{value}");
        }
        assert_eq!(unsatisfied_whole("bytes */10"), Some(10));
        assert_eq!(unsatisfied_whole("bytes 0-9/10"), None);
        assert!(is_the_whole(&headers(&[("content-range", "bytes 0-9/10")])));
        assert!(!is_the_whole(&headers(&[("content-range", "bytes 0-8/10")])) && !is_the_whole(&headers(&[])));
    }

    #[test]
    fn a_part_is_only_accepted_if_everything_about_it_matches() {
        let spool = Spool::new(".");
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut collector = Collector::new(&spool, 100, Some(10));
        runtime.block_on(collector.push(b"abcd")).unwrap();
        let mut partial = Partial {
            url: Url::parse("http://h/a").unwrap(),
            resource: None,
            head: Head { etag: Some("\"1\"".into()), ..Head::default() },
            collector,
            whole_bytes: Some(10),
            validator: Some("\"1\"".into()),
            resumed: 0,
            kept: None,
        };
        assert!(partial.can_resume());
        let good = ("content-range", "bytes 4-9/10");
        for (lines, fits) in [
            (vec![good], Ok(10)),
            (vec![good, ("etag", "\"1\""), ("content-length", "6")], Ok(10)),
            (vec![("content-range", "bytes 4-6/10")], Ok(7)),
            (vec![good, ("etag", "\"2\"")], Err("version")),
            (vec![good, ("content-length", "5")], Err("length")),
            (vec![good, ("content-encoding", "gzip")], Err("compressed")),
            (vec![good, ("transfer-encoding", "gzip, chunked")], Err("compressed")),
            (vec![good, ("transfer-encoding", "chunked")], Ok(10)),
            (vec![good, ("content-type", "Multipart/byteranges; boundary=x")], Err("several")),
            (vec![("content-range", "bytes 3-9/10")], Err("another part")),
            (vec![("content-range", "bytes 4-10/11")], Err("another whole")),
            (vec![("content-range", "bytes 4-9/*")], Err("unknown whole")),
            (vec![good, ("content-range", "bytes 5-9/10")], Err("unknown position")),
            (vec![], Err("unknown position")),
        ] {
            match (partial.fits(&headers(&lines)), fits) {
                (Ok(end), Ok(wanted)) => assert_eq!(end, wanted, "{lines:?}"),
                (Err(why), Err(word)) => assert!(why.contains(word), "{lines:?}: {why}"),
                (got, _) => panic!("{lines:?}: {got:?}"),
            }
        }
        let all = headers(&[("content-range", "bytes */4"), ("etag", "\"1\"")]);
        assert!(!partial.was_all(&all), "ten were announced");
        partial.whole_bytes = None;
        assert!(partial.was_all(&all));
        assert!(!partial.was_all(&headers(&[("content-range", "bytes */4")])), "it may be another version");
        assert!(!partial.was_all(&headers(&[("content-range", "bytes */5"), ("etag", "\"1\"")])));
    }
}
