//! Network settings of a job: politeness, time-outs, proxy, trusted authorities, credentials.
//!
//! Contains no secrets: passwords, tokens and cookies are only referenced by name.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use url::Url;

use super::{Message, human, locator};

/// Network settings of a job.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NetworkSpec {
    /// Whether robots.txt is obeyed.
    pub robots: RobotsPolicy,
    /// Whether to skip content marked `noai` or `noimageai` (X-Robots-Tag).
    pub obey_noai: bool,
    /// The proxy.
    pub proxy: ProxyChoice,
    /// A PEM file with certificate authorities to trust in addition to the system's.
    #[serde(with = "super::path_text::option")]
    pub ca_file: Option<PathBuf>,
    /// Hosts (in lower case, without port) whose certificates are not checked.
    pub insecure_hosts: Vec<String>,
    /// Credentials for hosts.
    pub access: Vec<AccessEntry>,
    /// Most requests started per second at one host.
    pub requests_per_s: Option<f64>,
    /// Most bytes received per second in all.
    pub bytes_per_s: Option<u64>,
    /// Seconds without a byte after which an attempt fails; `None` is `config::READ_TIMEOUT_S`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_s: Option<u64>,
    /// Seconds after which connecting fails; `None` is `config::CONNECT_TIMEOUT_S`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connect_timeout_s: Option<u64>,
    /// Attempts after the first one; `None` is `config::RETRIES`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retries: Option<u32>,
    /// The User-Agent header; `None` is Pixloom's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// The Referer header of every request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referer: Option<String>,
    /// A file with cookies in Netscape's format.
    #[serde(with = "super::path_text::option", skip_serializing_if = "Option::is_none")]
    pub cookie_file: Option<PathBuf>,
    /// A PEM file with a client certificate and its key. It is shown to hosts that links name, never after a redirect to
    /// another.
    #[serde(with = "super::path_text::option", skip_serializing_if = "Option::is_none")]
    pub client_cert: Option<PathBuf>,
}

/// A file that network settings name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkFile {
    /// Certificate authorities to trust.
    Authorities,
    /// Cookies.
    Cookies,
    /// A client certificate and its key.
    ClientCertificate,
}

impl NetworkFile {
    /// Every one, in the order of forms.
    pub const ALL: [Self; 3] = [Self::Authorities, Self::ClientCertificate, Self::Cookies];

    /// Its path in the settings.
    pub fn path(self, network: &mut NetworkSpec) -> &mut Option<PathBuf> {
        match self {
            Self::Authorities => &mut network.ca_file,
            Self::Cookies => &mut network.cookie_file,
            Self::ClientCertificate => &mut network.client_cert,
        }
    }

    /// The path that the settings give.
    pub fn given(self, network: &NetworkSpec) -> Option<&Path> {
        match self {
            Self::Authorities => network.ca_file.as_deref(),
            Self::Cookies => network.cookie_file.as_deref(),
            Self::ClientCertificate => network.client_cert.as_deref(),
        }
    }
}

/// Whether robots.txt (RFC 9309) is obeyed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RobotsPolicy {
    /// At hosts with more than 100 links in the job.
    #[default]
    Auto,
    /// Everywhere.
    Always,
    /// Nowhere.
    Never,
}

/// The proxy for links.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProxyChoice {
    /// The proxy of the environment or the system.
    #[default]
    System,
    /// No proxy.
    None,
    /// The proxy at this URL (http, https, socks5, socks5h), without user info, which is in `access`.
    Url(String),
}

/// A credential for one host. It is sent only to this host (scheme, name and port), never after a redirect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessEntry {
    /// The host: `https://host[:port]` or `http://host[:port]`; for a proxy, that of its URL.
    pub host: String,
    /// The type of credential.
    pub kind: AccessKind,
    /// The reference to the secret.
    pub secret: SecretRef,
}

/// Type of credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccessKind {
    /// A header of this name; the secret is its value.
    Header {
        /// Its name.
        name: String,
    },
    /// The Cookie header; the secret is its value.
    Cookie,
    /// Authorization: Basic.
    Basic {
        /// The user; without one the secret is `user:password`.
        user: Option<String>,
    },
    /// Authorization: Digest, which never sends the password itself.
    Digest {
        /// The user; without one the secret is `user:password`.
        user: Option<String>,
    },
    /// Authorization: Bearer.
    Bearer,
    /// Proxy-Authorization: Basic, for a proxy; the secret is `user:password`.
    Proxy,
}

/// A secret as the user typed it, before it is kept. It is never displayed.
#[derive(Clone, PartialEq, Eq)]
pub struct TypedSecret(String);

impl TypedSecret {
    /// A secret that was typed.
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The secret itself.
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for TypedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// A reference to a secret.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum SecretRef {
    /// The environment variable of this name.
    Env(String),
    /// The host's entry in `~/.netrc`, or in the file that `NETRC` names.
    Netrc,
    /// The entry of this name in the secrets file of the settings folder.
    Settings(String),
}

impl AccessKind {
    /// The header that it sets, in lower case; a host can have only one of each.
    pub fn header(&self) -> String {
        match self {
            Self::Header { name } => name.to_ascii_lowercase(),
            Self::Cookie => "cookie".to_owned(),
            Self::Basic { .. } | Self::Digest { .. } | Self::Bearer => "authorization".to_owned(),
            Self::Proxy => "proxy-authorization".to_owned(),
        }
    }
}

impl AccessEntry {
    /// The name under which a typed secret is kept.
    pub fn kept_as(&self) -> String {
        format!("{} {}", self.host, self.kind.header())
    }
}

impl RobotsPolicy {
    /// Number of links of one host above which `auto` obeys robots.txt.
    pub const AUTO_ABOVE: u32 = 100;
}

impl FromStr for ProxyChoice {
    type Err = Message;

    /// Reads `system`, `none`, or a URL; the default scheme is http.
    fn from_str(text: &str) -> Result<Self, Message> {
        let text = text.trim();
        match text {
            "system" => return Ok(Self::System),
            "none" => return Ok(Self::None),
            _ => {}
        }
        let given = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let url = Url::parse(&given).map_err(|error| Message::new("not_a_url").with("detail", error))?;
        if text.contains(":/") && !text.contains("://") {
            return Err(Message::new("proxy_scheme"));
        }
        let spec = NetworkSpec { proxy: Self::Url(url.to_string()), ..NetworkSpec::default() };
        spec.check()?;
        Ok(spec.proxy)
    }
}

/// Reads the value of a header.
pub fn parse_header_value(text: &str) -> Result<String, Message> {
    let text = text.trim();
    let is_valid = !text.is_empty() && !text.contains(char::is_control);
    if is_valid { Ok(text.to_owned()) } else { Err(Message::new("header_value")) }
}

/// Reads a number of requests per second, such as `5` or `0.5`.
pub fn parse_requests_per_s(text: &str) -> Result<f64, Message> {
    let rate: f64 = text.trim().parse().map_err(|_| Message::new("requests_format"))?;
    if rate.is_finite() && rate >= 0.001 { Ok(rate) } else { Err(Message::new("requests_range")) }
}

/// Reads a number of bytes per second, such as `500kB` or `2MB`.
pub fn parse_bytes_per_s(text: &str) -> Result<u64, Message> {
    human::parse_size(text).filter(|bytes| *bytes >= 1000).ok_or(Message::new("bytes_range"))
}

/// Reads a host that can receive credentials: scheme, name and port; the default scheme is https. User info is refused
/// and not repeated.
pub fn parse_origin(text: &str) -> Result<String, Message> {
    let text = text.trim();
    let given = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
    let shown = locator::without_user_info(&given);
    let wrong = || Message::new("not_a_host").with("shown", &shown);
    let url = Url::parse(&given).map_err(|_| wrong())?;
    let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    if !matches!(url.scheme(), "http" | "https") || !is_bare || !url.username().is_empty() || url.password().is_some() {
        return Err(wrong());
    }
    Ok(url.origin().ascii_serialization())
}

/// Reads a bare host name, in lower case; a scheme or a port is refused, since it would be ignored.
pub fn parse_host(text: &str) -> Result<String, Message> {
    let wrong = |_| Message::new("host_format");
    url::Host::parse(text.trim()).map(|host| host.to_string().to_ascii_lowercase()).map_err(wrong)
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "env:{name}"),
            Self::Netrc => f.write_str("netrc"),
            Self::Settings(name) => write!(f, "settings:{name}"),
        }
    }
}

impl FromStr for SecretRef {
    type Err = Message;

    /// Reads `env:NAME`, `netrc` or `settings:NAME`. The text is never repeated: it may be the secret itself.
    fn from_str(text: &str) -> Result<Self, Message> {
        match text.split_once(':') {
            None if text == "netrc" => Ok(Self::Netrc),
            Some(("env", name)) if !name.is_empty() && !name.contains(['=', '\0']) => Ok(Self::Env(name.to_owned())),
            Some(("settings", name)) if !name.is_empty() => Ok(Self::Settings(name.to_owned())),
            _ => Err(Message::new("secret_format")),
        }
    }
}

impl TryFrom<String> for SecretRef {
    type Error = Message;
    fn try_from(text: String) -> Result<Self, Message> {
        text.parse()
    }
}

impl From<SecretRef> for String {
    fn from(secret: SecretRef) -> Self {
        secret.to_string()
    }
}

impl NetworkSpec {
    /// Checks the settings.
    pub fn check(&self) -> Result<(), Message> {
        if let ProxyChoice::Url(text) = &self.proxy {
            let url = Url::parse(text).map_err(|error| Message::new("proxy_no_url").with("detail", error))?;
            if !matches!(url.scheme(), "http" | "https" | "socks5" | "socks5h") || url.host_str().is_none() {
                return Err(Message::new("proxy_scheme"));
            }
            // Anything more would be ignored.
            let is_bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
            if !is_bare || url.port() == Some(0) {
                return Err(Message::new("proxy_bare"));
            }
        }
        for entry in &self.access {
            let url = Url::parse(&entry.host).ok().filter(|url| url.host_str().is_some());
            let shown = locator::without_user_info(&entry.host);
            let about = |sentence: Message| sentence.with("place", &shown);
            let no_origin = Message::new("no_origin");
            let url = url.ok_or_else(|| about(no_origin))?;
            let proxy = entry.kind == AccessKind::Proxy;
            if !proxy && !matches!(url.scheme(), "http" | "https") {
                return Err(about(Message::new("origin_scheme")));
            }
            let takes_login =
                matches!(entry.kind, AccessKind::Basic { .. } | AccessKind::Digest { .. } | AccessKind::Proxy);
            if entry.secret == SecretRef::Netrc && !takes_login {
                return Err(about(Message::new("netrc_basic")));
            }
        }
        let wrong_rate = |rate: f64| !rate.is_finite() || rate <= 0.0;
        if self.requests_per_s.is_some_and(wrong_rate) || self.bytes_per_s == Some(0) {
            return Err(Message::new("rate"));
        }
        if self.timeout_s == Some(0) || self.connect_timeout_s == Some(0) {
            return Err(Message::new("timeout_range"));
        }
        Ok(())
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn references_are_parsed_and_a_plain_secret_is_refused() {
        for text in ["env:TOKEN", "netrc", "settings:shop", "settings:https://h.example/1"] {
            assert_eq!(text.parse::<SecretRef>().unwrap().to_string(), text);
        }
        for text in ["s3cret", "env:", "settings:", "netrc:me", "Env:X", "", "env:A=B"] {
            let refused = text.parse::<SecretRef>().unwrap_err().to_string();
            assert!(text.is_empty() || !refused.contains("s3cret"), "{refused}");
        }
    }

    #[test]
    fn an_old_spec_and_a_complete_one_are_read() {
        assert_eq!(serde_json::from_str::<NetworkSpec>("{}").unwrap(), NetworkSpec::default());
        let spec = NetworkSpec {
            robots: RobotsPolicy::Always,
            proxy: ProxyChoice::Url("http://127.0.0.1:3128".to_owned()),
            ca_file: Some(PathBuf::from("/etc/ca.pem")),
            access: vec![AccessEntry {
                host: "https://h.example".to_owned(),
                kind: AccessKind::Header { name: "X-Key".to_owned() },
                secret: SecretRef::Env("KEY".to_owned()),
            }],
            requests_per_s: Some(0.5),
            timeout_s: Some(20),
            retries: Some(0),
            ..NetworkSpec::default()
        };
        let text = serde_json::to_string(&spec).unwrap();
        assert_eq!(serde_json::from_str::<NetworkSpec>(&text).unwrap(), spec);
        assert!(text.contains(r#""secret":"env:KEY""#), "{text}");
        assert_eq!(spec.check(), Ok(()));
    }

    #[test]
    fn invalid_settings_are_refused() {
        let proxy = |text: &str| NetworkSpec { proxy: ProxyChoice::Url(text.to_owned()), ..NetworkSpec::default() };
        for text in ["ftp://me:pw@proxy", "ftp://proxy", "proxy", "socks5:"] {
            let refused = proxy(text).check().unwrap_err().to_string();
            assert!(!refused.contains("pw"), "{refused}");
        }
        let rate = |rate| NetworkSpec { requests_per_s: Some(rate), ..NetworkSpec::default() }.check();
        assert!(rate(f64::NAN).is_err() && rate(0.0).is_err() && rate(0.1).is_ok());
        let timeout = |timeout_s| NetworkSpec { timeout_s: Some(timeout_s), ..NetworkSpec::default() }.check();
        assert!(timeout(0).is_err() && timeout(1).is_ok());
    }

    #[test]
    fn a_host_has_no_scheme_port_or_path() {
        for text in ["h.example:443", "https://h.example", "a/b", ""] {
            assert!(parse_host(text).is_err(), "{text}");
        }
        assert_eq!((parse_host(" NAS.local"), parse_host("[::1]")), (Ok("nas.local".into()), Ok("[::1]".into())));
    }

    #[test]
    fn a_host_with_credentials_has_a_scheme_and_a_port() {
        for (text, place) in [
            (" H.example ", "https://h.example"),
            ("http://h.example:81/", "http://h.example:81"),
            ("https://h.example:443", "https://h.example"),
        ] {
            assert_eq!(parse_origin(text), Ok(place.to_owned()));
        }
        for text in ["", "ftp://h", "h/path", "https://me:s3cret@h.example", "https://h/?a", "a b"] {
            assert!(!parse_origin(text).unwrap_err().to_string().contains("s3cret"), "{text}");
        }
    }

    #[test]
    fn a_typed_secret_is_never_displayed_and_kept_by_host_and_header() {
        assert_eq!(format!("{:?}", TypedSecret::new("s3cret".to_owned())), "…");
        let entry = |kind| AccessEntry { host: "https://h.example".to_owned(), kind, secret: SecretRef::Netrc };
        let key = AccessKind::Header { name: "X-Key".to_owned() };
        assert_eq!(entry(key).kept_as(), "https://h.example x-key");
        assert_eq!(entry(AccessKind::Bearer).kept_as(), entry(AccessKind::Basic { user: None }).kept_as());
    }

    #[test]
    fn a_proxy_is_a_url_or_a_word() {
        let proxy = ProxyChoice::from_str;
        assert_eq!((proxy("none"), proxy("system")), (Ok(ProxyChoice::None), Ok(ProxyChoice::System)));
        for (text, url) in [("proxy:3128", "http://proxy:3128/"), ("socks5h://[::1]:1080", "socks5h://[::1]:1080")] {
            assert_eq!(proxy(text), Ok(ProxyChoice::Url(url.to_owned())));
        }
        for text in
            ["ftp://proxy", "", "htp://x", "http:/x", "http://h:0", "h:99999", "http://h/path", "http://h?x", "a b"]
        {
            assert!(proxy(text).is_err(), "{text}");
        }
    }

    #[test]
    fn rates_are_parsed_as_people_write_them() {
        assert_eq!((parse_requests_per_s(" 0.5"), parse_bytes_per_s("2MB")), (Ok(0.5), Ok(2_000_000)));
        for text in ["0", "-1", "NaN", "inf", "many", ""] {
            assert!(parse_requests_per_s(text).is_err() && parse_bytes_per_s(text).is_err(), "{text}");
        }
    }
}
