//! The credentials that each host receives. They are sent to that host (scheme, name and port) only, never after a
//! redirect to another.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{AUTHORIZATION, COOKIE, HeaderMap, HeaderName, HeaderValue};
use url::Url;

use super::digest::Challenge;
use super::secrets::{AccessError, Secret, Secrets, host_of};
use crate::model::{AccessEntry, AccessKind, Message, NetworkSpec, SecretRef, TypedSecret};

/// Headers that the fetcher or the connection sets: settings may not.
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

/// Headers for each host, and the proxy's user.
#[derive(Debug, Default)]
pub(crate) struct Access {
    by_host: HashMap<String, HostHeaders>,
    proxy: Option<Secret>,
    was_asked: AtomicBool,
}

/// The headers for one host, and whether they were ever sent.
#[derive(Debug, Default)]
struct HostHeaders {
    headers: HeaderMap,
    /// The user and password for a challenge.
    login: Option<TypedSecret>,
    /// The host's last challenge.
    challenge: Mutex<Option<Arc<Challenge>>>,
    is_used: AtomicBool,
    /// A host of the same name but another scheme or port that was requested.
    near: OnceLock<String>,
}

/// Credentials from the user info of a link, for the link's own host.
#[derive(Clone, Debug)]
pub(crate) struct Credential {
    host: String,
    value: HeaderValue,
    login: TypedSecret,
    challenge: Arc<Mutex<Option<Arc<Challenge>>>>,
}

impl Access {
    /// Looks up every secret that the settings name.
    pub(crate) fn new(network: &NetworkSpec, secrets: &Secrets) -> Result<Self, AccessError> {
        let mut access = Self::default();
        for entry in &network.access {
            let invalid = |sentence: Message| AccessError::Invalid(sentence.with("place", &entry.host));
            let url = Url::parse(&entry.host).map_err(|_| invalid(NOT_SENT))?;
            let host = host_of(&url);
            let user = match &entry.kind {
                AccessKind::Basic { user } | AccessKind::Digest { user } => user.as_deref(),
                _ => None,
            };
            let secret = secrets.look_up(&entry.secret, &host, user)?;
            if entry.kind == AccessKind::Proxy {
                access.proxy = Some(secret);
                continue;
            }
            let own = access.by_host.entry(host).or_default();
            if let AccessKind::Basic { user } | AccessKind::Digest { user } = &entry.kind {
                let login = match user {
                    Some(user) if entry.secret != SecretRef::Netrc => format!("{user}:{}", secret.text()),
                    _ => secret.text().to_owned(),
                };
                own.login = Some(TypedSecret::new(login));
            }
            if matches!(entry.kind, AccessKind::Digest { .. }) {
                continue;
            }
            let (name, value) = header(entry, &secret).map_err(invalid)?;
            let headers = &mut own.headers;
            if name == COOKIE && headers.contains_key(COOKIE) {
                return Err(invalid(SECOND_COOKIE));
            }
            headers.insert(name, value);
        }
        Ok(access)
    }

    /// The proxy's user and password.
    pub(crate) fn proxy(&self) -> Option<(&str, &str)> {
        self.proxy.as_ref().map(|secret| secret.text().split_once(':').unwrap_or((secret.text(), "")))
    }

    /// The headers for a request to a URL; a link's own user info takes precedence over the settings.
    pub(crate) fn headers(&self, url: &Url, own: Option<&Credential>) -> HeaderMap {
        if self.by_host.is_empty() && own.is_none() {
            return HeaderMap::new();
        }
        let host = host_of(url);
        let mut headers = self.settled(url, &host);
        if let Some(own) = own.filter(|own| own.host == host) {
            headers.insert(AUTHORIZATION, own.value.clone());
        }
        if let Some((login, challenge)) = self.login(&host, own)
            && let Some(challenge) = challenge.lock().unwrap_or_else(PoisonError::into_inner).as_ref()
            && let Some(answer) = challenge.answer(url, login)
        {
            headers.insert(AUTHORIZATION, answer);
        }
        headers
    }

    /// The user and password for a host, and its last challenge.
    fn login<'s>(
        &'s self,
        host: &str,
        own: Option<&'s Credential>,
    ) -> Option<(&'s str, &'s Mutex<Option<Arc<Challenge>>>)> {
        if let Some(own) = own.filter(|own| own.host == host) {
            return Some((own.login.text(), &own.challenge));
        }
        let entry = self.by_host.get(host)?;
        Some((entry.login.as_ref()?.text(), &entry.challenge))
    }

    /// Notes a challenge; whether the next request will answer it.
    pub(crate) fn challenged(&self, url: &Url, own: Option<&Credential>, challenge: Challenge) -> bool {
        match self.login(&host_of(url), own) {
            Some((_, last)) => {
                *last.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(challenge));
                true
            }
            None => false,
        }
    }

    /// The settings' headers for a host, which count as used from now on.
    fn settled(&self, url: &Url, host: &str) -> HeaderMap {
        self.was_asked.store(true, Ordering::Relaxed);
        if let Some(entry) = self.by_host.get(host) {
            entry.is_used.store(true, Ordering::Relaxed);
            return entry.headers.clone();
        }
        for (other, entry) in &self.by_host {
            if entry.near.get().is_none() && Url::parse(other).is_ok_and(|other| other.host() == url.host()) {
                let _ = entry.near.set(host.to_owned());
            }
        }
        HeaderMap::new()
    }

    /// Hosts whose headers were never sent, each with another one of the same name that was requested; empty as long as
    /// nothing was requested.
    pub(crate) fn unused(&self) -> Vec<(String, Option<String>)> {
        if !self.was_asked.load(Ordering::Relaxed) {
            return Vec::new();
        }
        let unused = self.by_host.iter().filter(|(_, entry)| !entry.is_used.load(Ordering::Relaxed));
        let mut unused: Vec<_> = unused.map(|(host, entry)| (host.clone(), entry.near.get().cloned())).collect();
        unused.sort();
        unused
    }
}

impl Credential {
    /// For the host of a URL, from `user:password`.
    pub(crate) fn new(url: &Url, user_info: &str) -> Option<Self> {
        let (host, login) = (host_of(url), TypedSecret::new(user_info.to_owned()));
        Some(Self { host, value: basic(user_info)?, login, challenge: Arc::default() })
    }
}

/// A header's name and its value, which is never logged.
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
        AccessKind::Basic { user: Some(user) } if entry.secret != SecretRef::Netrc => {
            (AUTHORIZATION, basic(&format!("{user}:{}", secret.text())))
        }
        AccessKind::Basic { .. } | AccessKind::Digest { .. } | AccessKind::Proxy => {
            (AUTHORIZATION, basic(secret.text()))
        }
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

/// Whether settings may set a header of this name.
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
    fn each_host_receives_only_its_own_headers() {
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
    fn unused_headers_are_known_once_something_was_requested() {
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
    fn a_links_own_user_takes_precedence_and_is_sent_to_its_host_only() {
        let access = access(vec![entry("https://h.example", AccessKind::Bearer, "t")]).unwrap();
        let at = |url: &str| Url::parse(url).unwrap();
        let own = Credential::new(&at("https://h.example/a"), "me:pw").unwrap();
        assert_eq!(access.headers(&at("https://h.example/b"), Some(&own))[AUTHORIZATION], "Basic bWU6cHc=");
        assert!(access.headers(&at("http://h.example/b"), Some(&own)).is_empty());
        assert!(access.headers(&at("https://h.example:8443/b"), Some(&own)).is_empty());
    }

    #[test]
    fn a_header_that_can_not_be_sent_is_refused_without_its_secret() {
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
