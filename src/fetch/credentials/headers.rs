//! What each host is told about who asks. It goes to that very place (scheme, host and port) and to no other, wherever
//! that one redirects to.

use std::collections::HashMap;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{AUTHORIZATION, COOKIE, HeaderMap, HeaderName, HeaderValue};
use url::Url;

use super::secrets::{AccessError, Secret, Secrets, place_of};
use crate::model::{AccessEntry, AccessKind, Message, NetworkSpec};

/// Headers that are the fetcher's own, or the connection's: others may not be set either.
const OWN_HEADERS: [&str; 16] = [
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "proxy-authorization",
    "range",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

const NOT_SENT: Message = Message::new("access_not_sent");
const SECOND_COOKIE: Message = Message::new("access_cookies");
const HEADER_NOT_SENT: Message = Message::new("access_header");
const SECRET_NOT_SENT: Message = Message::new("access_secret");

/// Headers for each place, and the proxy's user.
#[derive(Debug, Default)]
pub(crate) struct Access {
    by_place: HashMap<String, Told>,
    proxy: Option<Secret>,
    was_asked: AtomicBool,
}

/// What one place is told, and whether it ever was.
#[derive(Debug, Default)]
struct Told {
    headers: HeaderMap,
    is_used: AtomicBool,
    /// Another place at the same host that was asked.
    near: OnceLock<String>,
}

/// What one link's own user info says, for its own place.
#[derive(Clone, Debug)]
pub(crate) struct Credential {
    place: String,
    value: HeaderValue,
}

impl Access {
    /// Looks up every secret that the settings name.
    pub(crate) fn new(network: &NetworkSpec, secrets: &Secrets) -> Result<Self, AccessError> {
        let mut access = Self::default();
        for entry in &network.access {
            let senseless = |sentence: Message| AccessError::Senseless(sentence.with("place", &entry.host));
            let url = Url::parse(&entry.host).map_err(|_| senseless(NOT_SENT))?;
            let place = place_of(&url);
            let user = match &entry.kind {
                AccessKind::Basic { user } => user.as_deref(),
                _ => None,
            };
            let secret = secrets.look_up(&entry.secret, &place, user)?;
            if entry.kind == AccessKind::Proxy {
                access.proxy = Some(secret);
                continue;
            }
            let (name, value) = header(entry, &secret).map_err(senseless)?;
            let headers = &mut access.by_place.entry(place).or_default().headers;
            if name == COOKIE && headers.contains_key(COOKIE) {
                return Err(senseless(SECOND_COOKIE));
            }
            headers.insert(name, value);
        }
        Ok(access)
    }

    /// The proxy's user and password.
    pub(crate) fn proxy(&self) -> Option<(&str, &str)> {
        self.proxy.as_ref().map(|secret| secret.text().split_once(':').unwrap_or((secret.text(), "")))
    }

    /// What goes with a request to that URL; a link's own user info counts more than the settings.
    pub(crate) fn headers(&self, url: &Url, own: Option<&Credential>) -> HeaderMap {
        if self.by_place.is_empty() && own.is_none() {
            return HeaderMap::new();
        }
        let place = place_of(url);
        let mut headers = self.settled(url, &place);
        if let Some(own) = own.filter(|own| own.place == place) {
            headers.insert(AUTHORIZATION, own.value.clone());
        }
        headers
    }

    /// What the settings say for a place, which counts as told from now on.
    fn settled(&self, url: &Url, place: &str) -> HeaderMap {
        self.was_asked.store(true, Ordering::Relaxed);
        if let Some(told) = self.by_place.get(place) {
            told.is_used.store(true, Ordering::Relaxed);
            return told.headers.clone();
        }
        for (other, told) in &self.by_place {
            if told.near.get().is_none() && Url::parse(other).is_ok_and(|other| other.host() == url.host()) {
                let _ = told.near.set(place.to_owned());
            }
        }
        HeaderMap::new()
    }

    /// The places that were never told what they were to be told, each with another of its host that was asked; none as
    /// long as nothing was asked.
    pub(crate) fn unused(&self) -> Vec<(String, Option<String>)> {
        if !self.was_asked.load(Ordering::Relaxed) {
            return Vec::new();
        }
        let unused = self.by_place.iter().filter(|(_, told)| !told.is_used.load(Ordering::Relaxed));
        let mut unused: Vec<_> = unused.map(|(place, told)| (place.clone(), told.near.get().cloned())).collect();
        unused.sort();
        unused
    }
}

impl Credential {
    /// For the place of that URL, from `user:password`.
    pub(crate) fn new(url: &Url, user_info: &str) -> Option<Self> {
        Some(Self { place: place_of(url), value: basic(user_info)? })
    }
}

/// A header's name and its value, which no log shows.
fn header(entry: &AccessEntry, secret: &Secret) -> Result<(HeaderName, HeaderValue), Message> {
    let value = |text: &str| {
        let mut value = HeaderValue::from_bytes(text.as_bytes()).ok()?;
        value.set_sensitive(true);
        Some(value)
    };
    let (name, value) = match &entry.kind {
        AccessKind::Header { name } => {
            (header_name(name).ok_or_else(|| HEADER_NOT_SENT.with("name", name))?, value(secret.text()))
        }
        AccessKind::Cookie => (COOKIE, value(secret.text())),
        AccessKind::Bearer => (AUTHORIZATION, value(&format!("Bearer {}", secret.text()))),
        AccessKind::Basic { user: Some(user) } if entry.secret != crate::model::SecretRef::Netrc => {
            (AUTHORIZATION, basic(&format!("{user}:{}", secret.text())))
        }
        AccessKind::Basic { .. } | AccessKind::Proxy => (AUTHORIZATION, basic(secret.text())),
    };
    Ok((name, value.ok_or_else(|| SECRET_NOT_SENT.with("name", &entry.secret))?))
}

/// The name of a header that may be set.
fn header_name(name: &str) -> Option<HeaderName> {
    HeaderName::from_bytes(name.as_bytes()).ok().filter(|name| !OWN_HEADERS.contains(&name.as_str()))
}

/// `Authorization: Basic` (RFC 7617).
fn basic(user_info: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(user_info))).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Whether a header's name is one that settings may give.
pub fn is_settable(name: &str) -> bool {
    header_name(name).is_some()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::super::headers::*;
    use crate::model::SecretRef;

    fn entry(host: &str, kind: AccessKind, name: &str) -> AccessEntry {
        AccessEntry { host: host.to_owned(), kind, secret: SecretRef::Settings(name.to_owned()) }
    }

    fn access(entries: Vec<AccessEntry>) -> Result<Access, AccessError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secrets.toml");
        std::fs::write(&path, "t = \"t0ken\"\nc = \"id=7; b=8\"\nboth = \"me:p@ss\"\nlines = \"a\\nb: c\"\n").unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
        Access::new(&NetworkSpec { access: entries, ..NetworkSpec::default() }, &Secrets::new(Some(path)))
    }

    fn sent(access: &Access, url: &str) -> Vec<String> {
        let headers = access.headers(&Url::parse(url).unwrap(), None);
        let mut lines: Vec<_> =
            headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        lines.sort();
        lines
    }

    #[test]
    fn each_place_gets_its_own_and_no_other_anything() {
        let access = access(vec![
            entry("https://h.example", AccessKind::Bearer, "t"),
            entry("https://H.example:443", AccessKind::Cookie, "c"),
            entry("https://h.example/", AccessKind::Header { name: "X-Key".into() }, "t"),
            entry("http://h.example:81", AccessKind::Basic { user: Some("me".into()) }, "t"),
            entry("https://both.example", AccessKind::Basic { user: None }, "both"),
            entry("http://proxy:3128", AccessKind::Proxy, "both"),
        ])
        .unwrap();
        assert_eq!(
            sent(&access, "https://h.example:443/a?b"),
            ["authorization: Bearer t0ken", "cookie: id=7; b=8", "x-key: t0ken"]
        );
        assert_eq!(sent(&access, "http://h.example:81/"), ["authorization: Basic bWU6dDBrZW4="]);
        assert_eq!(sent(&access, "https://both.example/"), ["authorization: Basic bWU6cEBzcw=="]);
        for url in ["http://h.example/", "https://h.example:444/", "https://x.h.example/", "http://proxy:3128/"] {
            assert_eq!(sent(&access, url), [""; 0], "{url}");
        }
        assert_eq!(access.proxy(), Some(("me", "p@ss")));
        assert!(!format!("{access:?}").contains("t0ken") && !format!("{access:?}").contains("p@ss"));
    }

    #[test]
    fn what_no_place_was_told_is_known_once_something_was_asked() {
        let access = access(vec![
            entry("https://h.example", AccessKind::Bearer, "t"),
            entry("https://other.example", AccessKind::Bearer, "t"),
            entry("http://used.example", AccessKind::Cookie, "c"),
        ])
        .unwrap();
        assert_eq!(access.unused(), []);
        for url in ["http://used.example/a", "http://h.example/a", "http://h.example:81/a"] {
            sent(&access, url);
        }
        let near = Some("http://h.example".to_owned());
        assert_eq!(
            access.unused(),
            [("https://h.example".to_owned(), near), ("https://other.example".to_owned(), None)]
        );
    }

    #[test]
    fn a_links_own_user_goes_before_the_settings_and_nowhere_else() {
        let access = access(vec![entry("https://h.example", AccessKind::Bearer, "t")]).unwrap();
        let at = |url: &str| Url::parse(url).unwrap();
        let own = Credential::new(&at("https://h.example/a"), "me:pw").unwrap();
        assert_eq!(access.headers(&at("https://h.example/b"), Some(&own))[AUTHORIZATION], "Basic bWU6cHc=");
        assert!(access.headers(&at("http://h.example/b"), Some(&own)).is_empty());
        assert!(access.headers(&at("https://h.example:8443/b"), Some(&own)).is_empty());
    }

    #[test]
    fn what_can_not_be_sent_is_refused_without_the_secret() {
        for kind in [AccessKind::Cookie, AccessKind::Bearer, AccessKind::Header { name: "X-Key".into() }] {
            let refused = access(vec![entry("https://h.example", kind, "lines")]).unwrap_err().to_string();
            assert!(refused.contains("settings:lines") && !refused.contains("b: c"), "{refused}");
        }
        for name in ["Host", "content-length", "Range", "a b", "", "x:y", "Transfer-Encoding"] {
            assert!(!is_settable(name), "{name}");
            assert!(access(vec![entry("https://h.example", AccessKind::Header { name: name.into() }, "t")]).is_err());
        }
        assert!(is_settable("Referer") && is_settable("X-Api-Key"));
    }
}
