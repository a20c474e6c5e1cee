//! The way to one URL: whether it may be asked for at all, through which client, and with what about who asks.

use std::sync::Arc;

use reqwest::dns::Resolve;
use reqwest::header::HeaderMap;
use reqwest::{Client, StatusCode};
use url::Url;

use super::connect::address_guard::{self, Reach};
use super::connect::clients::Clients;
use super::credentials::headers::{Access, Credential};
use super::credentials::secrets::{AccessError, Secrets, take_user_info};
use super::fault::{self, Fault};
use super::limits::FetchLimits;
use super::politeness::robots_policy::Robots;
use super::politeness::robots_txt::{self, Rules};
use super::request::exchange::{is_redirect, redirect_target};
use crate::error::{ErrorKind, ItemError};
use crate::model::{Locator, Message, NetworkSpec, Origin};

/// Redirects that a robots.txt may take (RFC 9309, 2.3.1.2).
const ROBOTS_REDIRECTS: u32 = 5;

/// What all requests of a job need on their way.
pub(super) struct Routes {
    pub(super) clients: Clients,
    access: Access,
    secrets: Arc<Secrets>,
}

/// A link as it was given: where it leads, who named it, and who its user info says one is.
#[derive(Clone, Debug)]
pub(super) struct Link {
    /// Without user info and fragment.
    pub(super) url: Url,
    origin: Origin,
    credential: Option<Credential>,
}

impl Routes {
    /// What the settings say; every secret that they name is looked up.
    pub(super) fn new(
        limits: &FetchLimits,
        network: &NetworkSpec,
        secrets: Arc<Secrets>,
        resolver: Arc<dyn Resolve>,
    ) -> Result<Self, AccessError> {
        let access = Access::new(network, &secrets)?;
        let clients = Clients::new(limits, network, access.proxy(), resolver)?;
        Ok(Self { clients, access, secrets })
    }

    /// Without any settings.
    pub(super) fn plain(limits: &FetchLimits, resolver: Arc<dyn Resolve>) -> Self {
        let clients = Clients::plain(limits, resolver);
        Self { clients, access: Access::default(), secrets: Arc::default() }
    }

    /// Places that were never told what the settings have for them, each with another of its host that was asked.
    pub(super) fn unused(&self) -> Vec<(String, Option<String>)> {
        self.access.unused()
    }

    /// Reads a link; what can't be parsed, and a secret that is missing, are its failure.
    pub(super) fn link(&self, text: &str, origin: Origin) -> Result<Link, ItemError> {
        let mut url = parse(text)?;
        let name = fault::shown(&url);
        let missing = |error: AccessError| ItemError::new(ErrorKind::MissingSecret, name).saying(error.sentence());
        let kept = self.secrets.of_link(&mut url).map_err(missing)?;
        let user_info = take_user_info(&mut url).or_else(|| kept.map(|secret| secret.text().to_owned()));
        let credential = user_info.and_then(|user_info| Credential::new(&url, &user_info));
        Ok(Link { url, origin, credential })
    }

    /// The client and the headers for one request that a link leads to, unless the place is off limits.
    pub(super) fn to(&self, at: &Url, link: &Link, name: &str) -> Result<(&Client, HeaderMap), Fault> {
        // Only the user's own word opens the user's own network, and only at the host that it names.
        let is_users_own = link.origin == Origin::User && at.host() == link.url.host();
        let refused = |why: Message| {
            let why = why.with("host", at.host_str().unwrap_or_default());
            Fault::new(ItemError::new(ErrorKind::RefusedAddress, name).saying(&why))
        };
        match address_guard::reach_of_host(at) {
            Some(Reach::Forbidden) if at.host() != link.url.host() => {
                return Err(refused(Message::new("address_forbidden_redirect")));
            }
            Some(Reach::Forbidden) => {
                return Err(refused(Message::new("address_forbidden")));
            }
            Some(Reach::Private) if at.host() != link.url.host() => {
                return Err(refused(Message::new("address_private_redirect")));
            }
            Some(Reach::Private) if !is_users_own => {
                return Err(refused(match link.origin {
                    Origin::User => Message::new("address_private"),
                    Origin::Fetched => Message::new("address_private_list"),
                }));
            }
            _ => {}
        }
        if !is_users_own && self.clients.is_proxy(at) {
            return Err(refused(Message::new("address_proxy")));
        }
        let client = self.clients.get(self.clients.way(at, is_users_own));
        let client = client.map_err(|error| Fault::new(ItemError::new(ErrorKind::Tls, name).with("detail", error)))?;
        Ok((client, self.access.headers(at, link.credential.as_ref())))
    }

    /// A fault with the proxy named in it, where that may be what can't be reached.
    pub(super) fn naming_proxy(&self, fault: Fault) -> Fault {
        let proxies = self.clients.proxies().join(", ");
        if proxies.is_empty() || fault.unreached_since.is_none() {
            return fault;
        }
        let detail = format!("{}; the proxy in use is {proxies}", fault.error.arg("detail"));
        Fault { error: fault.error.with("proxy", proxies).with("detail", detail), ..fault }
    }

    /// Gets a robots.txt, with the redirects that it may take. A host that can't be reached is a fault like any other.
    pub(super) async fn robots(&self, at: Url, link: &Link, name: &str, limits: &FetchLimits) -> Result<Robots, Fault> {
        let asked = self.follow_robots(at, link, name, limits);
        let closed = || Robots::Closed(format!("no robots.txt within {} s", limits.read_timeout.as_secs_f64()));
        match tokio::time::timeout(limits.read_timeout.saturating_mul(2), asked).await {
            Ok(Err(fault)) if fault.error.kind == ErrorKind::Timeout => Ok(closed()),
            // It was reached, and gave no answer, or none that makes sense.
            Ok(Err(fault)) if was_reached(&fault) => Ok(Robots::Closed(fault.error.arg("detail").to_owned())),
            Ok(answer) => answer,
            Err(_elapsed) => Ok(closed()),
        }
    }

    async fn follow_robots(&self, mut at: Url, link: &Link, name: &str, limits: &FetchLimits) -> Result<Robots, Fault> {
        for _ in 0..=ROBOTS_REDIRECTS {
            let (client, headers) = match self.to(&at, link, name) {
                Ok(way) => way,
                // Whoever leads us elsewhere has no robots.txt.
                Err(_) if at.host() != link.url.host() => return Ok(Robots::Rules(Rules::default())),
                Err(fault) => return Err(fault),
            };
            let began = std::time::Instant::now();
            let response = client.get(at.clone()).headers(headers).send().await;
            let mut response =
                response.map_err(|error| fault::of_request(&error, name, began, limits.connect_timeout))?;
            let status = response.status();
            if is_redirect(status) {
                match redirect_target(&response, &at, name) {
                    Ok(next) => at = next,
                    Err(_) => return Ok(Robots::Rules(Rules::default())),
                }
                continue;
            }
            // Too many requests is no "there is none", but a plea to be left alone.
            if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
                return Ok(Robots::Closed(format!("the server answered {}", status.as_u16())));
            }
            if !status.is_success() {
                return Ok(Robots::Rules(Rules::default()));
            }
            let mut bytes = Vec::new();
            while bytes.len() <= robots_txt::MAX_BYTES {
                match response.chunk().await {
                    Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
                    Ok(None) => break,
                    Err(_) => return Ok(Robots::Closed("its robots.txt broke off".to_owned())),
                }
            }
            return Ok(Robots::Rules(Rules::parse(&bytes)));
        }
        // RFC 9309, 2.3.1.2: after five of them it may be taken for unavailable, which allows all.
        Ok(Robots::Rules(Rules::default()))
    }
}

/// Whether somebody was there who did not answer as a server should.
fn was_reached(fault: &Fault) -> bool {
    fault.unreached_since.is_none() && matches!(fault.error.kind, ErrorKind::Connect | ErrorKind::BadResponse)
}

/// A URL that can be asked for.
fn parse(text: &str) -> Result<Url, ItemError> {
    if Locator::is_url(text.trim()) && Locator::names_no_host(text) {
        return Err(bad_url(text, "it names no host"));
    }
    let url = Url::parse(text.trim()).map_err(|error| bad_url(text, &error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(bad_url(text, "only http and https are fetched"));
    }
    Ok(url)
}

/// What can't be parsed can't be cleaned either: what stands before an `@` may be a password.
fn bad_url(text: &str, detail: &str) -> ItemError {
    const MAX_SHOWN_CHARS: usize = 200;
    let text = match text.rsplit_once('@') {
        Some((_, rest)) => format!("…@{rest}"),
        None => text.to_owned(),
    };
    let text = text.split_once('?').map_or_else(|| text.clone(), |(before, _)| format!("{before}?…"));
    ItemError::new(ErrorKind::BadUrl, text.chars().take(MAX_SHOWN_CHARS).collect::<String>()).with("detail", detail)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::super::connect::resolver::SystemResolver;
    use super::super::routes::*;

    fn ways() -> Routes {
        Routes::plain(&FetchLimits::default(), Arc::new(SystemResolver))
    }

    #[test]
    fn a_url_that_makes_no_sense_is_refused_without_its_password() {
        for text in [
            "",
            "ftp://h/x",
            "http://",
            "http:///x/y.jpg",
            "nonsense",
            "http://me:secret@h:99999/x",
            "file:///etc/passwd",
        ] {
            let error = ways().link(text, Origin::User).err();
            assert_eq!(error.as_ref().map(|error| error.kind), Some(ErrorKind::BadUrl), "{text}");
            assert!(!error.map(|error| error.to_string()).unwrap_or_default().contains("secret"));
        }
    }

    #[test]
    fn the_users_own_network_is_open_to_the_users_own_links_and_to_no_other_host() {
        let ways = ways();
        let goes = |given: &str, origin, at: &str| {
            let link = ways.link(given, origin).unwrap();
            ways.to(&Url::parse(at).unwrap(), &link, "x").map(|_| ()).map_err(|fault| fault.error.kind)
        };
        let refused = Err(ErrorKind::RefusedAddress);
        assert_eq!(goes("http://127.0.0.1:81/a", Origin::User, "http://127.1:82/b"), Ok(()));
        assert_eq!(goes("http://127.0.0.1/", Origin::User, "http://127.0.0.2/"), refused);
        assert_eq!(goes("http://127.0.0.1/", Origin::Fetched, "http://127.0.0.1/"), refused);
        assert_eq!(goes("http://h.example/", Origin::User, "http://192.168.0.1/"), refused);
        assert_eq!(goes("http://[::1]/", Origin::User, "http://[::1]/"), Ok(()));
        for given in ["http://169.254.169.254/latest", "http://0/", "http://[::ffff:a9fe:a9fe]/", "http://metadata/"] {
            assert_eq!(goes(given, Origin::User, given), refused, "{given}");
        }
        assert_eq!(goes("http://h.example/", Origin::Fetched, "http://other.example/"), Ok(()));
    }

    #[test]
    fn user_info_stays_with_its_place() {
        let ways = ways();
        let link = ways.link("http://me:pw@h.example/a#x", Origin::User).unwrap();
        assert_eq!(link.url.as_str(), "http://h.example/a");
        let told = |at: &str| ways.to(&Url::parse(at).unwrap(), &link, "x").unwrap().1.len();
        assert_eq!((told("http://h.example/b"), told("https://h.example/b"), told("http://h.example:81/b")), (1, 0, 0));
    }

    #[test]
    fn a_marked_link_without_its_secret_says_which_one_is_missing() {
        let error = ways().link("https://h.example/a.jpg#pixloom-secret=3", Origin::User).unwrap_err();
        assert_eq!(error.kind, ErrorKind::MissingSecret);
        assert!(error.to_string().contains("settings:https://h.example/3"), "{error}");
    }
}
