//! Data source names: what people write as `--db` or `--catalog`. Passwords are never part of one.

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use url::Url;

use crate::model::{Message, SecretRef};

/// Where a database is, and how to log in; without a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dsn {
    /// The usual scheme of its kind of database.
    pub scheme: &'static str,
    /// Where it is.
    pub place: Place,
    /// The user; `None` is the database's default.
    pub user: Option<String>,
    /// Where the password comes from, if the name says so.
    pub password: Option<SecretRef>,
    /// Options after `?`, in order, by lower-case name.
    pub options: Vec<(String, String)>,
}

/// Where a database is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A file.
    File(PathBuf),
    /// A server.
    Server {
        /// Its host, or the folder of its socket.
        host: Option<String>,
        /// Its port; `None` is the usual one.
        port: Option<u16>,
        /// The name of the database; `None` is the server's default.
        name: Option<String>,
    },
}

/// What is needed to log in and is not part of a data source name.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Login {
    /// The user, if the name gives none.
    pub user: Option<String>,
    /// The password.
    pub password: Option<String>,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login")
            .field("user", &self.user)
            .field("password", &self.password.as_ref().map(|_| "…"))
            .finish()
    }
}

impl Dsn {
    /// A file.
    pub(super) fn file(scheme: &'static str, path: &str) -> Result<Self, Message> {
        if path.is_empty() {
            return Err(Message::new("db_dsn_empty"));
        }
        let place = Place::File(PathBuf::from(path));
        Ok(Self { scheme, place, user: None, password: None, options: Vec::new() })
    }

    /// Reads the URL of a server, which is written like the example and may have these options. A password in it is returned
    /// separately. The error does not repeat the text.
    pub(super) fn server(
        scheme: &'static str,
        known_options: &[&str],
        example: &str,
        text: &str,
    ) -> Result<(Self, Option<String>), Message> {
        let (text, has_host) = with_host(text);
        let url = Url::parse(&text).map_err(|error| match error {
            url::ParseError::InvalidPort => WRONG_PORT,
            url::ParseError::InvalidIpv4Address | url::ParseError::InvalidIpv6Address => Message::new("db_dsn_address"),
            _ => Message::new("db_dsn_url").with("example", example),
        })?;
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let some = |text: &str| Some(decoded(text)).filter(|text| !text.is_empty());
        let (mut password, mut options) = (None, Vec::new());
        let host = url.host_str().filter(|_| has_host).and_then(some);
        let mut host = host.map(|host| host.trim_matches(['[', ']']).to_owned());
        let mut port = url.port();
        let (mut user, mut database) = (some(url.username()), some(url.path().trim_start_matches('/')));
        for (name, value) in url.query_pairs() {
            let name = name.to_ascii_lowercase();
            match name.as_str() {
                "password" => {
                    let named = value.parse().map_err(|_| Message::new("db_dsn_password"))?;
                    password = Some(named);
                }
                "host" => host = Some(value.into_owned()),
                "port" => port = Some(port_of(&value)?),
                "user" => user = Some(value.into_owned()),
                "dbname" => database = Some(value.into_owned()),
                _ if known_options.contains(&name.as_str()) => options.push((name, value.into_owned())),
                _ => {
                    let known = format!("host, port, user, dbname, password, {}", known_options.join(", "));
                    return Err(Message::new("db_dsn_option").with("option", name).with("options", known));
                }
            }
        }
        let typed = url.password().and_then(some);
        Ok((Self { scheme, place: Place::Server { host, port, name: database }, user, password, options }, typed))
    }

    /// Sets an option, unless the name has it.
    pub(super) fn set_if_missing(&mut self, option: &str, value: Option<String>) {
        if let (None, Some(value)) = (self.option(option), value) {
            self.options.push((option.to_owned(), value));
        }
    }

    /// Makes the path of the database and those in these options absolute.
    pub(super) fn make_absolute(&mut self, options: &[&str]) {
        if let Place::File(path) = &mut self.place
            && let Ok(absolute) = std::path::absolute(&*path)
        {
            *path = absolute;
        }
        for (name, value) in &mut self.options {
            let is_path = options.contains(&name.as_str()) && !matches!(value.as_str(), "" | "system");
            if let Some(path) = std::path::absolute(&*value).ok().filter(|_| is_path) {
                *value = path.to_string_lossy().into_owned();
            }
        }
    }

    /// The last value of an option.
    pub fn option(&self, name: &str) -> Option<&str> {
        self.options.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A short name for people: the file, or the database and its host.
    pub fn label(&self) -> String {
        match &self.place {
            Place::File(path) => path.display().to_string(),
            Place::Server { host, name, .. } => {
                let host = host.as_deref().unwrap_or("localhost");
                name.as_ref().map_or_else(|| host.to_owned(), |name| format!("{name} on {host}"))
            }
        }
    }

    /// Whether the server is this machine: a socket, or a loopback address.
    pub fn is_loopback(&self) -> bool {
        let Place::Server { host: Some(host), .. } = &self.place else { return true };
        let is_local = |ip: std::net::IpAddr| ip.to_canonical().is_loopback();
        host.starts_with('/') || host.eq_ignore_ascii_case("localhost") || host.parse().is_ok_and(is_local)
    }
}

/// Characters that are written as they are in names of users and databases, and in options.
const IN_NAMES: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
const IN_OPTIONS: &AsciiSet = &IN_NAMES.remove(b':').remove(b'/').remove(b',');

/// The error for a port that is not a number.
const WRONG_PORT: Message = Message::new("db_dsn_port");

/// Reads a port.
pub(super) fn port_of(text: &str) -> Result<u16, Message> {
    text.trim().parse().map_err(|_| WRONG_PORT)
}

/// The URL with a host, and whether it had one: databases allow `user@/name` and `:port/name`, URLs do not.
fn with_host(text: &str) -> (Cow<'_, str>, bool) {
    let start = text.find("://").map_or(0, |at| at + 3);
    let end = text[start..].find(['/', '?', '#']).map_or(text.len(), |at| start + at);
    let host = text[start..end].rfind('@').map_or(start, |at| start + at + 1);
    let is_missing = host > start && host == end || text[host..end].starts_with(':');
    if is_missing {
        (format!("{}localhost{}", &text[..host], &text[host..]).into(), false)
    } else {
        (text.into(), true)
    }
}

/// As it is stored and can be read again; passwords only as references.
impl fmt::Display for Dsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let encoded = |text: &str| utf8_percent_encode(text, IN_NAMES).to_string();
        let (host, port, name) = match &self.place {
            Place::File(path) => return write!(f, "{}:{}", self.scheme, path.display()),
            Place::Server { host, port, name } => (host, port, name),
        };
        write!(f, "{}://", self.scheme)?;
        if let Some(user) = &self.user {
            write!(f, "{}@", encoded(user))?;
        }
        let is_socket = host.as_ref().is_some_and(|host| host.starts_with('/'));
        match host {
            Some(host) if host.contains(':') => write!(f, "[{host}]")?,
            Some(host) if !is_socket => f.write_str(host)?,
            _ => {}
        }
        if let Some(port) = port {
            write!(f, ":{port}")?;
        }
        write!(f, "/{}", name.as_deref().map(encoded).unwrap_or_default())?;
        let socket = host.iter().filter(|_| is_socket).map(|host| ("host".to_owned(), host.clone()));
        let password = self.password.iter().map(|secret| ("password".to_owned(), secret.to_string()));
        let mut separator = '?';
        for (name, value) in socket.chain(password).chain(self.options.iter().cloned()) {
            write!(f, "{separator}{name}={}", utf8_percent_encode(&value, IN_OPTIONS))?;
            separator = '&';
        }
        Ok(())
    }
}
