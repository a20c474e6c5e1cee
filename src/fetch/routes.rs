//! How to reach a URL: whether it may be requested at all, through which client, and with which credentials.

use std::path::Path;
use std::sync::Arc;

use cookie_store::CookieStore;
use reqwest::StatusCode;
use reqwest::dns::Resolve;
use reqwest::header::HeaderMap;
use url::Url;

use super::connect::address_guard::{self, Reach};
use super::connect::clients::{self, Clients, HttpClient, Way};
use super::connect::idle_hosts::KeptConnection;
use super::credentials::cookies;
use super::credentials::digest::Challenge;
use super::credentials::headers::{Access, Credential};
use super::credentials::secrets::{AccessError, Secrets, take_user_info};
use super::fault::{self, Fault};
use super::limits::FetchLimits;
use super::politeness::robots_policy::Robots;
use super::politeness::robots_txt::{self, Rules};
use super::request::content_encoding;
use super::request::exchange::{is_redirect, redirect_target};
use crate::error::{ErrorKind, ItemError};
use crate::model::{Locator, Message, NetworkFile, NetworkSpec, Origin};

/// Redirects of a robots.txt that are followed (RFC 9309, 2.3.1.2).
const ROBOTS_REDIRECTS: u32 = 5;

/// Whether a file that settings name can be used.
pub fn check_file(file: NetworkFile, path: &Path) -> Result<(), AccessError> {
    match file {
        NetworkFile::Authorities => clients::authorities(path).map(drop),
        NetworkFile::Cookies => cookies::of_file(path).map(drop),
        NetworkFile::ClientCertificate => clients::identity(path).map(drop),
    }
}

/// Clients and credentials for all requests of a job.
pub(super) struct Routes {
    pub(super) clients: Clients,
    access: Access,
    secrets: Arc<Secrets>,
    cookies: Option<CookieStore>,
}

/// A link as it was given: its URL, who named it, and the credentials in its user info.
#[derive(Clone, Debug)]
pub(super) struct Link {
    /// Without user info and fragment.
    pub(super) url: Url,
    origin: Origin,
    credential: Option<Credential>,
}

impl Routes {
    /// From the settings; looks up every secret that they name.
    pub(super) fn new(
        limits: &FetchLimits,
        network: &NetworkSpec,
        secrets: Arc<Secrets>,
        resolver: Arc<dyn Resolve>,
    ) -> Result<Self, AccessError> {
        let access = Access::new(network, &secrets)?;
        let clients = Clients::new(limits, network, access.proxy(), resolver)?;
        let cookies = network.cookie_file.as_deref().map(cookies::of_file).transpose()?;
        Ok(Self { clients, access, secrets, cookies })
    }

    /// Without settings.
    pub(super) fn plain(limits: &FetchLimits, resolver: Arc<dyn Resolve>) -> Self {
        let clients = Clients::plain(limits, resolver);
        Self { clients, access: Access::default(), secrets: Arc::default(), cookies: None }
    }

    /// Notes a host's challenge; whether there are credentials that answer it.
    pub(super) fn challenged(&self, at: &Url, link: &Link, challenge: Challenge) -> bool {
        self.access.challenged(at, link.credential.as_ref(), challenge)
    }

    /// The cookies of the user's file.
    pub(super) const fn cookies(&self) -> Option<&CookieStore> {
        self.cookies.as_ref()
    }

    /// Hosts whose credentials were never used, each with another one of the same name that was requested.
    pub(super) fn unused(&self) -> Vec<(String, Option<String>)> {
        self.access.unused()
    }

    /// Reads a link. Fails if it can't be parsed, or if its secret is missing.
    pub(super) fn link(&self, text: &str, origin: Origin) -> Result<Link, ItemError> {
        let mut url = parse(text)?;
        let name = fault::shown(&url);
        let missing = |error: AccessError| ItemError::new(ErrorKind::MissingSecret, name).saying(error.sentence());
        let kept = self.secrets.of_link(&mut url).map_err(missing)?;
        let user_info = take_user_info(&mut url).or_else(|| kept.map(|secret| secret.text().to_owned()));
        let credential = user_info.and_then(|user_info| Credential::new(&url, &user_info));
        Ok(Link { url, origin, credential })
    }

    /// Which client and headers one request of a link needs, unless the address is not allowed.
    pub(super) fn to(&self, at: &Url, link: &Link, name: &str) -> Result<(Way, HeaderMap), Fault> {
        // Private hosts are only reached if the user named that very host.
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
        Ok((self.clients.way(at, is_users_own), self.access.headers(at, link.credential.as_ref())))
    }

    /// The client for a request at a host (scheme, name and port), and, until the request ends, the right to keep its
    /// connection. A fresh one makes a connection in any case.
    pub(super) fn begin(
        &self,
        way: Way,
        host: &str,
        is_fresh: bool,
        name: &str,
    ) -> Result<(&HttpClient, Option<KeptConnection<'_>>), Fault> {
        let begun = self.clients.begin(way, host, is_fresh);
        begun.map_err(|error| {
            Fault::new(ItemError::new(ErrorKind::Tls, name).saying(&Message::new("system_text").with("text", error)))
        })
    }

    /// Names the proxy in a fault that it may have caused.
    pub(super) fn naming_proxy(&self, fault: Fault) -> Fault {
        let proxies = self.clients.proxies().join(", ");
        if proxies.is_empty() || fault.unreached_since.is_none() {
            return fault;
        }
        let detail = format!("{}; the proxy in use is {proxies}", fault.error.arg("detail"));
        Fault { error: fault.error.with("proxy", proxies).with("detail", detail), ..fault }
    }

    /// Gets a robots.txt and follows its redirects. A host that can't be reached is an ordinary fault.
    pub(super) async fn robots(&self, at: Url, link: &Link, name: &str, limits: &FetchLimits) -> Result<Robots, Fault> {
        let answer = self.follow_robots(at, link, name, limits);
        let closed =
            || Robots::Closed(Message::new("robots_no_answer").with("seconds", limits.read_timeout.as_secs_f64()));
        match tokio::time::timeout(limits.read_timeout.saturating_mul(2), answer).await {
            Ok(Err(fault)) if fault.error.kind == ErrorKind::Timeout => Ok(closed()),
            // No request was sent, so nothing is known about the host.
            Ok(Err(fault)) if fault.lacks_descriptor => Err(fault),
            // The host was reached, but gave no valid answer.
            Ok(Err(fault)) if was_reached(&fault) => {
                Ok(Robots::Closed(fault.error.said().unwrap_or_else(|| fault.error.brief_message())))
            }
            Ok(answer) => answer,
            Err(_elapsed) => Ok(closed()),
        }
    }

    async fn follow_robots(&self, mut at: Url, link: &Link, name: &str, limits: &FetchLimits) -> Result<Robots, Fault> {
        let mut is_fallback = false;
        for _ in 0..=ROBOTS_REDIRECTS {
            let (mut way, headers) = match self.to(&at, link, name) {
                Ok(route) => route,
                // A redirect to a host that is not allowed means that there is no robots.txt.
                Err(_) if at.host() != link.url.host() => return Ok(Robots::Rules(Rules::default())),
                Err(fault) => return Err(fault),
            };
            way.is_fallback |= std::mem::take(&mut is_fallback);
            let (client, _kept) = self.begin(way, &at.origin().ascii_serialization(), false, name)?;
            let began = std::time::Instant::now();
            let response = client.send(client.get(at.clone()).headers(headers)).await;
            let mut response = match response {
                Ok(response) => response,
                Err(error) => {
                    let fault = fault::of_request(&error, name, began, true, limits.connect_timeout);
                    if fault.needs_fallback && !way.is_fallback {
                        is_fallback = true;
                        continue;
                    }
                    return Err(fault);
                }
            };
            let status = response.status();
            if is_redirect(&response) {
                match redirect_target(&response, &at, name) {
                    Ok(next) => at = next,
                    Err(_) => return Ok(Robots::Rules(Rules::default())),
                }
                continue;
            }
            // 429 does not mean that there is no robots.txt: the host asks for fewer requests.
            if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
                return Ok(Robots::Closed(Message::new("robots_status").with("status", status.as_u16())));
            }
            if !status.is_success() {
                return Ok(Robots::Rules(Rules::default()));
            }
            let codings = content_encoding::of_headers(response.headers()).unwrap_or_default();
            let mut bytes = Vec::new();
            while bytes.len() <= robots_txt::MAX_BYTES {
                match response.chunk().await {
                    Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
                    Ok(None) => break,
                    Err(_) => return Ok(Robots::Closed(Message::new("robots_cut_off"))),
                }
            }
            return Ok(match content_encoding::unpack_bytes(&bytes, &codings, robots_txt::MAX_BYTES as u64).await {
                Ok(bytes) => Robots::Rules(Rules::parse(&bytes)),
                Err(_) => Robots::Closed(Message::new("robots_cut_off")),
            });
        }
        // RFC 9309, 2.3.1.2: after five redirects it may count as unavailable, which allows everything.
        Ok(Robots::Rules(Rules::default()))
    }
}

/// Whether the host was reached, but did not answer as a server should.
fn was_reached(fault: &Fault) -> bool {
    fault.unreached_since.is_none() && matches!(fault.error.kind, ErrorKind::Connect | ErrorKind::BadResponse)
}

/// Parses a URL that can be requested.
fn parse(text: &str) -> Result<Url, ItemError> {
    if Locator::is_url(text.trim()) && Locator::names_no_host(text) {
        return Err(bad_url(text, &Message::new("url_no_host")));
    }
    let url =
        Url::parse(text.trim()).map_err(|error| bad_url(text, &Message::new("system_text").with("text", error)))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(bad_url(text, &Message::new("url_scheme")));
    }
    Ok(url)
}

/// In a text that can't be parsed, anything before an `@` may be a password.
fn bad_url(text: &str, why: &Message) -> ItemError {
    const MAX_SHOWN_CHARS: usize = 200;
    let text = match text.rsplit_once('@') {
        Some((_, rest)) => format!("…@{rest}"),
        None => text.to_owned(),
    };
    let text = text.split_once('?').map_or_else(|| text.clone(), |(before, _)| format!("{before}?…"));
    ItemError::new(ErrorKind::BadUrl, text.chars().take(MAX_SHOWN_CHARS).collect::<String>()).saying(why)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::super::connect::resolver::SystemResolver;
    use super::super::routes::*;

    fn routes() -> Routes {
        Routes::plain(&FetchLimits::default(), Arc::new(SystemResolver))
    }

    #[test]
    fn an_invalid_url_is_refused_without_its_password() {
        for text in [
            "",
            "ftp://h/x",
            "http://",
            "http:///x/y.jpg",
            "nonsense",
            "http://me:secret@h:99999/x",
            "file:///etc/passwd",
        ] {
            let error = routes().link(text, Origin::User).err();
            assert_eq!(error.as_ref().map(|error| error.kind), Some(ErrorKind::BadUrl), "{text}");
            assert!(!error.map(|error| error.to_string()).unwrap_or_default().contains("secret"));
        }
    }

    #[test]
    fn private_hosts_are_only_reached_by_links_that_name_them() {
        let routes = routes();
        let goes = |given: &str, origin, at: &str| {
            let link = routes.link(given, origin).unwrap();
            routes.to(&Url::parse(at).unwrap(), &link, "x").map(|_| ()).map_err(|fault| fault.error.kind)
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
    fn user_info_is_sent_to_its_own_host_only() {
        let routes = routes();
        let link = routes.link("http://me:pw@h.example/a#x", Origin::User).unwrap();
        assert_eq!(link.url.as_str(), "http://h.example/a");
        let sent = |at: &str| routes.to(&Url::parse(at).unwrap(), &link, "x").unwrap().1.len();
        assert_eq!((sent("http://h.example/b"), sent("https://h.example/b"), sent("http://h.example:81/b")), (1, 0, 0));
    }

    #[test]
    fn a_marked_link_without_its_secret_says_which_one_is_missing() {
        let error = routes().link("https://h.example/a.jpg#pixloom-secret=3", Origin::User).unwrap_err();
        assert_eq!(error.kind, ErrorKind::MissingSecret);
        assert!(error.to_string().contains("settings:https://h.example/3"), "{error}");
    }
}
