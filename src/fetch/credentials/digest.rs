//! HTTP Digest authentication (RFC 7616): reads a server's challenge and answers it without sending the password.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU32, Ordering};

use md5::Md5;
use reqwest::header::{HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use sha2::{Digest as _, Sha256, Sha512_256};
use url::Url;

use crate::model::human;

/// A hash of RFC 7616, the preferred one last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Algorithm {
    Md5,
    Sha512Trunc256,
    Sha256,
}

impl Algorithm {
    fn named(name: &str) -> Option<Self> {
        Some(match name.to_ascii_uppercase().as_str() {
            "" | "MD5" => Self::Md5,
            "SHA-256" => Self::Sha256,
            "SHA-512-256" => Self::Sha512Trunc256,
            _ => return None,
        })
    }

    fn hash(self, text: &str) -> String {
        match self {
            Self::Md5 => human::hex(&Md5::digest(text)),
            Self::Sha256 => human::hex(&Sha256::digest(text)),
            Self::Sha512Trunc256 => human::hex(&Sha512_256::digest(text)),
        }
    }
}

/// A challenge of a server.
#[derive(Debug)]
pub(crate) struct Challenge {
    algorithm: Algorithm,
    /// The algorithm as the server wrote it, which is repeated; empty if it named none.
    algorithm_name: String,
    is_session: bool,
    realm: String,
    nonce: String,
    opaque: Option<String>,
    /// Whether the server wants quality of protection (`auth`); servers before RFC 2617 do not.
    has_qop: bool,
    /// Whether the credentials were right and only the nonce is too old.
    pub(crate) is_stale: bool,
    /// How often the nonce was used.
    count: AtomicU32,
}

impl Challenge {
    /// The best Digest challenge of a response; `None` if there is none that can be answered.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let texts = headers.get_all(WWW_AUTHENTICATE).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
        let challenges =
            texts.flat_map(|text| schemes(&text)).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("digest"));
        challenges.filter_map(|(_, params)| Self::of_params(&params)).max_by_key(|challenge| challenge.algorithm)
    }

    fn of_params(params: &[(String, String)]) -> Option<Self> {
        let value = |name: &str| params.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        let algorithm_name = value("algorithm").unwrap_or_default();
        let plain = algorithm_name.to_ascii_lowercase();
        let base = plain.strip_suffix("-sess");
        let qop = value("qop");
        let offers_auth = |qop: &String| qop.split(',').any(|word| word.trim().eq_ignore_ascii_case("auth"));
        if qop.as_ref().is_some_and(|qop| !qop.trim().is_empty() && !offers_auth(qop)) {
            // Only the integrity of bodies is offered.
            return None;
        }
        Some(Self {
            algorithm: Algorithm::named(base.unwrap_or(&plain))?,
            is_session: base.is_some(),
            algorithm_name,
            realm: value("realm").unwrap_or_default(),
            nonce: value("nonce")?,
            opaque: value("opaque"),
            has_qop: qop.as_ref().is_some_and(offers_auth),
            is_stale: value("stale").is_some_and(|stale| stale.eq_ignore_ascii_case("true")),
            count: AtomicU32::new(0),
        })
    }

    /// The Authorization of a GET of a URL, for `user:password`.
    pub(crate) fn answer(&self, url: &Url, login: &str) -> Option<HeaderValue> {
        let client_nonce = format!("{:016x}{:016x}", rand::random::<u64>(), rand::random::<u64>());
        let count = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        let mut value = HeaderValue::from_bytes(self.line(url, login, &client_nonce, count).as_bytes()).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    fn line(&self, url: &Url, login: &str, client_nonce: &str, count: u32) -> String {
        let (user, password) = login.split_once(':').unwrap_or((login, ""));
        let target = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
        let Self { algorithm, realm, nonce, .. } = self;
        let mut first = algorithm.hash(&format!("{user}:{realm}:{password}"));
        if self.is_session {
            first = algorithm.hash(&format!("{first}:{nonce}:{client_nonce}"));
        }
        let second = algorithm.hash(&format!("GET:{target}"));
        let response = if self.has_qop {
            algorithm.hash(&format!("{first}:{nonce}:{count:08x}:{client_nonce}:auth:{second}"))
        } else {
            algorithm.hash(&format!("{first}:{nonce}:{second}"))
        };
        let quoted = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
        let mut line = format!(
            "Digest username=\"{}\", realm=\"{}\", nonce=\"{}\", uri=\"{target}\", response=\"{response}\"",
            quoted(user),
            quoted(realm),
            quoted(nonce)
        );
        if !self.algorithm_name.is_empty() {
            let _ = write!(line, ", algorithm={}", self.algorithm_name);
        }
        if self.has_qop {
            let _ = write!(line, ", qop=auth, nc={count:08x}, cnonce=\"{client_nonce}\"");
        } else if self.is_session {
            let _ = write!(line, ", cnonce=\"{client_nonce}\"");
        }
        if let Some(opaque) = &self.opaque {
            let _ = write!(line, ", opaque=\"{}\"", quoted(opaque));
        }
        line
    }
}

/// The challenges of a header, each with its parameters in lower case (RFC 9110, 11.6.1): both are divided by commas.
fn schemes(header: &str) -> Vec<(String, Vec<(String, String)>)> {
    let mut found: Vec<(String, Vec<(String, String)>)> = Vec::new();
    for part in parts(header) {
        let part = part.trim();
        let (before, value) = match part.split_once('=') {
            Some((before, value)) => (before.trim_end(), Some(value)),
            None => (part, None),
        };
        // `Scheme key` begins a challenge, and so does a word without a value.
        let key = match (before.rsplit_once(char::is_whitespace), value) {
            (Some((scheme, key)), Some(_)) => {
                found.push((scheme.trim().to_owned(), Vec::new()));
                key
            }
            (_, None) => {
                let scheme = before.split_whitespace().next().unwrap_or_default();
                if !scheme.is_empty() {
                    found.push((scheme.to_owned(), Vec::new()));
                }
                continue;
            }
            (None, Some(_)) => before,
        };
        if let (Some((_, params)), Some(value)) = (found.last_mut(), value) {
            params.push((key.to_ascii_lowercase(), unquoted(value.trim())));
        }
    }
    found
}

/// The parts between commas outside quotes.
fn parts(header: &str) -> Vec<&str> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    header
        .split(move |c| {
            let is_end = c == ',' && !is_quoted;
            match c {
                _ if is_escaped => is_escaped = false,
                '\\' if is_quoted => is_escaped = true,
                '"' => is_quoted = !is_quoted,
                _ => {}
            }
            is_end
        })
        .collect()
}

fn unquoted(value: &str) -> String {
    let Some(inner) = value.strip_prefix('"') else { return value.to_owned() };
    let mut text = String::new();
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => text.extend(chars.next()),
            c => text.push(c),
        }
    }
    text
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::super::digest::*;

    fn challenge(lines: &[&str]) -> Option<Challenge> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(WWW_AUTHENTICATE, line.parse().unwrap());
        }
        Challenge::of(&headers)
    }

    const RFC_7616: [&str; 2] = [
        "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=SHA-256, \
         nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"",
        "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=MD5, \
         nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"",
    ];

    /// RFC 7616, 3.9.1.
    #[test]
    fn the_answers_are_those_of_the_standard() {
        let url = Url::parse("http://www.example.org/dir/index.html").unwrap();
        let client_nonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
        let line = |lines: &[&str]| challenge(lines).unwrap().line(&url, "Mufasa:Circle of Life", client_nonce, 1);
        let sha = line(&RFC_7616);
        assert!(sha.contains("response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\""), "{sha}");
        assert!(
            sha.contains("nc=00000001") && sha.contains("algorithm=SHA-256") && sha.contains("opaque=\"FQhe/"),
            "{sha}"
        );
        let md5 = line(&RFC_7616[1..]);
        assert!(md5.contains("response=\"8ca523f5e9506fed4657c9700eebdbec\""), "{md5}");
    }

    /// RFC 2069's example, with the response that its erratum corrects; checked with curl.
    #[test]
    fn a_challenge_without_quality_of_protection_is_answered() {
        let lines = [
            "Basic realm=\"x, y\", Digest realm=\"testrealm@host.com\",nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\",opaque=\"5c\"",
        ];
        let url = Url::parse("http://h/dir/index.html").unwrap();
        let line = challenge(&lines).unwrap().line(&url, "Mufasa:CircleOfLife", "x", 1);
        assert!(line.contains("response=\"1949323746fe6a43ef61f9606e7febea\""), "{line}");
        assert!(!line.contains("qop") && !line.contains("cnonce") && !line.contains("algorithm"), "{line}");
    }

    #[test]
    fn challenges_are_told_apart() {
        assert!(challenge(&["Basic realm=\"Digest nonce=1\""]).is_none());
        assert!(challenge(&["Negotiate", "Basic realm=x"]).is_none());
        assert!(challenge(&["Digest realm=x, nonce=1, qop=\"auth-int\""]).is_none());
        assert!(challenge(&["Digest realm=x, nonce=1, algorithm=KLINGON"]).is_none());
        let found =
            challenge(&["Negotiate, Digest realm=\"a \\\"b\\\", c\", nonce=\"1\", stale=TRUE, Basic realm=\"z\""])
                .unwrap();
        assert_eq!((found.realm.as_str(), found.nonce.as_str(), found.is_stale), ("a \"b\", c", "1", true));
    }
}
