//! The HTTP clients. Redirects and content encodings are handled by this module: a client's own handling would bypass
//! the checks and hide the lengths.
//!
//! There are up to thirty-two clients with separate connections, so that a connection made for one purpose never serves
//! another: private hosts may be reached or not, certificates are checked or not. Clients for plain http without a
//! proxy load no root certificates, since reading those of the system takes as long as fetching many small files. Half
//! of the clients keep no idle connections: see [`IdleHosts`].

#![expect(clippy::disallowed_types, reason = "the HTTP clients, which own the sockets")]

use std::collections::HashSet;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use reqwest::dns::Resolve;
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, HeaderMap, HeaderValue, REFERER, USER_AGENT};
use reqwest::{Certificate, Client, ClientBuilder, Identity, Proxy, RequestBuilder, Response, redirect, retry};
use url::Url;

use super::idle_hosts::{IDLE_FOR, IdleHosts, KeptConnection};
use super::lenient::{HandOver, Lenient, SendError};
use super::resolver::{FirstReach, Guarded};
use crate::error::JobError;
use crate::fetch::credentials::secrets::AccessError;
use crate::fetch::limits::FetchLimits;
use crate::fetch::request::timing::{self, TimedConnector, TimedResolver};
use crate::model::{Locator, Message, NetworkSpec, ProxyChoice};
use crate::store;

/// A client, which keeps the connections of one purpose.
pub(crate) struct HttpClient {
    client: Client,
    /// Only of the fallback.
    lenient: Option<Lenient>,
}

impl HttpClient {
    /// A request.
    pub(crate) fn get(&self, url: Url) -> RequestBuilder {
        self.client.get(url)
    }

    /// Sends a request.
    pub(crate) async fn send(&self, request: RequestBuilder) -> Result<Response, SendError> {
        let Some(lenient) = &self.lenient else { return request.send().await.map_err(SendError::Usual) };
        lenient.send(&self.client, request.build().map_err(SendError::Usual)?).await
    }
}

/// The project's home page, if it has one.
const HOME: &str = env!("CARGO_PKG_HOMEPAGE");
/// Largest certificate file in bytes.
const MAX_CA_BYTES: u64 = 16 << 20;

/// Which client is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Way {
    /// Whether private hosts may be reached.
    pub(crate) is_users_own: bool,
    /// Whether certificates are checked.
    pub(crate) checks_certificates: bool,
    /// Whether any connection may be encrypted.
    pub(crate) needs_roots: bool,
    /// Whether the host needs the fallback: HTTP/1.1, responses as [`Lenient`] reads them, and no idle connections.
    pub(crate) is_fallback: bool,
}

/// The clients of one job, each created when it is first needed: reading the system's certificates takes longer than
/// some jobs.
pub(crate) struct Clients {
    made: [OnceLock<HttpClient>; 32],
    /// Hosts (scheme, name and port) that need the fallback.
    fallback_hosts: Mutex<HashSet<String>>,
    idle_hosts: IdleHosts,
    limits: FetchLimits,
    resolver: Arc<dyn Resolve>,
    first: Arc<FirstReach>,
    proxy: Option<Proxy>,
    /// The proxy's user and password, as a header.
    proxy_user: Option<HeaderValue>,
    uses_system_proxy: bool,
    proxy_names: Arc<HashSet<String>>,
    authorities: Vec<Certificate>,
    identity: Option<Identity>,
    user_agent: Option<String>,
    referer: Option<String>,
    insecure_hosts: HashSet<String>,
}

impl Clients {
    /// Without settings.
    pub(crate) fn plain(limits: &FetchLimits, resolver: Arc<dyn Resolve>) -> Self {
        let proxy_names = if limits.system_proxy { system_proxy_names() } else { HashSet::new() };
        Self {
            made: [const { OnceLock::new() }; 32],
            fallback_hosts: Mutex::default(),
            idle_hosts: IdleHosts::new(limits),
            limits: limits.clone(),
            resolver,
            first: Arc::default(),
            proxy: None,
            proxy_user: limits.system_proxy.then(system_proxy_user).flatten(),
            uses_system_proxy: limits.system_proxy,
            proxy_names: Arc::new(proxy_names),
            authorities: Vec::new(),
            identity: None,
            user_agent: None,
            referer: None,
            insecure_hosts: HashSet::new(),
        }
    }

    /// From the settings; `proxy_user` is the proxy's user and password.
    pub(crate) fn new(
        limits: &FetchLimits,
        network: &NetworkSpec,
        proxy_user: Option<(&str, &str)>,
        resolver: Arc<dyn Resolve>,
    ) -> Result<Self, AccessError> {
        let system_proxy = limits.system_proxy && network.proxy == ProxyChoice::System;
        let mut clients = Self::plain(&FetchLimits { system_proxy, ..limits.clone() }, resolver);
        if let ProxyChoice::Url(url) = &network.proxy {
            clients.proxy = Some(proxy_at(url, proxy_user)?);
            clients.proxy_user = proxy_user.and_then(|(user, password)| basic(user, password));
            let name = Url::parse(url).ok().and_then(|url| lower_host(&url));
            clients.proxy_names = Arc::new(name.into_iter().collect());
        }
        clients.authorities = network.ca_file.as_deref().map(authorities).transpose()?.unwrap_or_default();
        clients.identity = network.client_cert.as_deref().map(identity).transpose()?;
        clients.user_agent.clone_from(&network.user_agent);
        clients.referer.clone_from(&network.referer);
        clients.insecure_hosts = network.insecure_hosts.iter().map(|host| host.to_ascii_lowercase()).collect();
        Ok(clients)
    }

    /// Which client a URL needs; `is_users_own` says whether the user named its host.
    pub(crate) fn way(&self, url: &Url, is_users_own: bool) -> Way {
        let is_insecure = lower_host(url).is_some_and(|host| self.insecure_hosts.contains(&host));
        let needs_roots = url.scheme() != "http" || !self.proxy_names.is_empty();
        let is_fallback = {
            let hosts = self.fallback_hosts.lock().unwrap_or_else(PoisonError::into_inner);
            !hosts.is_empty() && hosts.contains(&url.origin().ascii_serialization())
        };
        Way { is_users_own, checks_certificates: !is_insecure, needs_roots, is_fallback }
    }

    /// From now on, requests at a host (scheme, name and port) use the fallback.
    pub(crate) fn fall_back(&self, host: &str) {
        self.fallback_hosts.lock().unwrap_or_else(PoisonError::into_inner).insert(host.to_owned());
    }

    /// Whether a URL's host is the proxy itself, which only the user may request.
    pub(crate) fn is_proxy(&self, url: &Url) -> bool {
        lower_host(url).is_some_and(|host| self.proxy_names.contains(&host))
    }

    /// The names of the proxies in use, in order.
    pub(crate) fn proxies(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.proxy_names.iter().map(String::as_str).collect();
        names.sort_unstable();
        names
    }

    /// The client that probes a host (scheme, name and port) which answered before. Its connection is not kept.
    pub(crate) fn for_probe(&self, host: &str) -> Option<&Client> {
        let url = Url::parse(host).ok()?;
        let client = self.get(Way { is_fallback: false, ..self.way(&url, true) }, false).ok()?;
        Some(&client.client)
    }

    /// The client for a request at a host (scheme, name and port), and, until the request ends, the right to keep its
    /// connection. A fresh one makes a connection in any case.
    pub(crate) fn begin(
        &self,
        way: Way,
        host: &str,
        is_fresh: bool,
    ) -> Result<(&HttpClient, Option<KeptConnection<'_>>), JobError> {
        let kept = if way.is_fallback || is_fresh { None } else { self.idle_hosts.begin(host, Instant::now()) };
        Ok((self.get(way, kept.is_some())?, kept))
    }

    /// The client of this kind.
    fn get(&self, way: Way, keeps_connections: bool) -> Result<&HttpClient, JobError> {
        let properties =
            [way.is_users_own, way.checks_certificates, way.needs_roots, way.is_fallback, keeps_connections];
        let index = properties.iter().rev().fold(0, |index, property| 2 * index + usize::from(*property));
        let cell = self.made.get(index).unwrap_or(&self.made[0]);
        if let Some(client) = cell.get() {
            return Ok(client);
        }
        let lenient = way.is_fallback.then(|| Lenient {
            headers: self.own_headers(),
            proxy_user: self.proxy_user.clone(),
            read_timeout: self.limits.read_timeout,
        });
        let made = HttpClient { client: self.build(way, keeps_connections)?, lenient };
        Ok(cell.get_or_init(|| made))
    }

    /// A client that trusts the system's authorities and the given ones.
    fn build(&self, way: Way, keeps_connections: bool) -> Result<Client, JobError> {
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            // Fails if another thread was faster, which is fine.
            let _ = timing::crypto().install_default();
        }
        if !way.needs_roots {
            return self.without_roots(way, keeps_connections);
        }
        match self.builder(way, keeps_connections).tls_certs_merge(self.authorities.clone()).build() {
            Ok(client) => Ok(client),
            // A machine without root certificates can still fetch over http.
            Err(error) => {
                tracing::warn!(%error, "couldn't use the system's root certificates");
                self.without_roots(way, keeps_connections)
            }
        }
    }

    /// A client that trusts only the given authorities; without any it only works for http.
    fn without_roots(&self, way: Way, keeps_connections: bool) -> Result<Client, JobError> {
        let client = self.builder(way, keeps_connections).tls_certs_only(self.authorities.clone()).build();
        client.map_err(|error| {
            let sentence = Message::new("http_client");
            JobError::Machine(sentence.with("detail", error))
        })
    }

    /// The headers of every request.
    fn own_headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let user_agent = self.user_agent.clone().unwrap_or_else(user_agent);
        for (name, text) in [(REFERER, self.referer.as_ref()), (USER_AGENT, Some(&user_agent))] {
            // Checked when it was given.
            if let Some(value) = text.and_then(|text| HeaderValue::from_bytes(text.as_bytes()).ok()) {
                headers.insert(name, value);
            }
        }
        headers
    }

    fn builder(&self, way: Way, keeps_connections: bool) -> ClientBuilder {
        let limits = &self.limits;
        let resolver = Guarded {
            inner: Arc::clone(&self.resolver),
            first: Arc::clone(&self.first),
            for_users_own: way.is_users_own,
            proxies: Arc::clone(&self.proxy_names),
        };
        let builder = Client::builder()
            .default_headers(self.own_headers())
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .referer(false)
            .connect_timeout(limits.connect_timeout)
            .read_timeout(limits.read_timeout)
            .pool_max_idle_per_host(if keeps_connections { self.idle_hosts.per_host() } else { 0 })
            .pool_idle_timeout(IDLE_FOR)
            .tls_danger_accept_invalid_certs(!way.checks_certificates)
            .dns_resolver(Arc::new(TimedResolver(resolver)))
            .connector_layer(TimedConnector)
            // As curl, wget and browsers read responses.
            .http1_allow_spaces_after_header_name_in_responses(true)
            .http1_allow_obsolete_multiline_headers_in_responses(true)
            .http1_ignore_invalid_headers_in_responses(true);
        // Only for hosts that links name: it says who the user is.
        let builder = match &self.identity {
            Some(identity) if way.is_users_own => builder.identity(identity.clone()),
            _ => builder,
        };
        let builder = if way.is_fallback { builder.http1_only().connector_layer(HandOver) } else { builder };
        match &self.proxy {
            Some(proxy) => builder.proxy(proxy.clone()),
            None if self.uses_system_proxy => builder,
            None => builder.no_proxy(),
        }
    }
}

/// The User-Agent header.
fn user_agent() -> String {
    let home = if HOME.is_empty() { String::new() } else { format!(" (+{HOME})") };
    format!("Pixloom/{}{home}", env!("CARGO_PKG_VERSION"))
}

fn proxy_at(url: &str, user: Option<(&str, &str)>) -> Result<Proxy, AccessError> {
    let proxy = Proxy::all(url);
    let proxy = proxy.map_err(|_| AccessError::Invalid(Message::new("proxy_url")))?;
    Ok(match user {
        Some((user, password)) => proxy.basic_auth(user, password),
        None => proxy,
    })
}

fn basic(user: &str, password: &str) -> Option<HeaderValue> {
    use base64::Engine as _;
    let code = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
    let mut value = HeaderValue::try_from(format!("Basic {code}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// The user of the environment's or the system's proxy for plain http.
fn system_proxy_user() -> Option<HeaderValue> {
    let matcher = hyper_util::client::proxy::matcher::Matcher::from_system();
    matcher.intercept(&"http://pixloom.invalid/".parse().ok()?)?.basic_auth().cloned()
}

/// The host names of the proxies of the environment or the system.
fn system_proxy_names() -> HashSet<String> {
    let matcher = hyper_util::client::proxy::matcher::Matcher::from_system();
    let schemes = ["http://pixloom.invalid/", "https://pixloom.invalid/"];
    let found = schemes.iter().filter_map(|text| matcher.intercept(&text.parse().ok()?));
    found.filter_map(|found| found.uri().host().map(str::to_ascii_lowercase)).collect()
}

fn lower_host(url: &Url) -> Option<String> {
    url.host_str().map(str::to_ascii_lowercase)
}

/// The client certificate and the key of a PEM file.
pub(in crate::fetch) fn identity(path: &Path) -> Result<Identity, AccessError> {
    Identity::from_pem(&read_pem(path)?)
        .map_err(|_| AccessError::file(path, "it contains no PEM certificate with its private key".to_owned()))
}

fn read_pem(path: &Path) -> Result<Vec<u8>, AccessError> {
    use std::io::Read as _;
    let wrong = |error: std::io::Error| AccessError::file(path, Message::from(&error).to_string());
    let mut bytes = Vec::new();
    let file = store::of_path(path).open(&Locator::File(path.to_path_buf())).map_err(wrong)?;
    file.take(MAX_CA_BYTES).read_to_end(&mut bytes).map_err(wrong)?;
    Ok(bytes)
}

/// The certificates of a PEM file.
pub(in crate::fetch) fn authorities(path: &Path) -> Result<Vec<Certificate>, AccessError> {
    let wrong = |detail: String| AccessError::file(path, detail);
    let bytes = read_pem(path)?;
    let found = Certificate::from_pem_bundle(&bytes).map_err(|error| wrong(error.to_string()))?;
    if found.is_empty() {
        return Err(wrong("it contains no PEM certificates".to_owned()));
    }
    Ok(found)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::super::clients::*;
    use super::super::resolver::SystemResolver;

    fn clients(network: &NetworkSpec) -> Result<Clients, AccessError> {
        Clients::new(&FetchLimits::default(), network, None, Arc::new(SystemResolver))
    }

    #[test]
    fn a_client_works_without_root_certificates() {
        let clients = clients(&NetworkSpec::default()).unwrap();
        let way = Way { is_users_own: true, checks_certificates: true, needs_roots: true, is_fallback: false };
        assert!(clients.build(way, true).is_ok() && clients.without_roots(way, false).is_ok());
    }

    #[test]
    fn certificates_are_checked_except_at_named_hosts() {
        let clients =
            clients(&NetworkSpec { insecure_hosts: vec!["H.example".into()], ..NetworkSpec::default() }).unwrap();
        let checks = |url: &str| clients.way(&Url::parse(url).unwrap(), false).checks_certificates;
        assert!(!checks("https://h.example:8443/x") && checks("https://x.h.example/") && checks("https://example/"));
    }

    #[test]
    fn a_file_without_certificates_and_an_invalid_proxy_are_refused_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ca.pem");
        let network = NetworkSpec { ca_file: Some(path.clone()), ..NetworkSpec::default() };
        assert!(matches!(clients(&network), Err(AccessError::File(_))));
        std::fs::write(&path, "no certificate").unwrap();
        let refusal = clients(&network).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(refusal.contains("ca.pem"), "{refusal}");
        let network = NetworkSpec { proxy: ProxyChoice::Url("http://".into()), ..NetworkSpec::default() };
        assert!(clients(&network).is_err());
    }
}
