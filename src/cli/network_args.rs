//! Options for fetching: politeness, proxy, trust, and credentials per host.

use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use clap::{Args, ValueEnum};

use super::command_line::CommandLine;
use super::values::{nonzero_seconds, worded};
use crate::engine;
use crate::error::JobError;
use crate::model::{
    AccessEntry, AccessKind, Message, NetworkSpec, ProxyChoice, RobotsPolicy, SecretRef, human, network,
};
use crate::store::{self, EntryKind};

/// Options for fetching. Secrets are referenced by name, never passed directly: `env:NAME`, `netrc`, `settings:NAME`.
#[derive(Debug, Args)]
#[command(next_help_heading = "Links")]
pub(super) struct NetworkArgs {
    #[arg(long, value_enum, ignore_case = true, value_name = "auto|always|never", default_value = "auto")]
    robots: RobotsWord,
    #[arg(long)]
    obey_noai: bool,
    #[arg(long, value_name = "URL|none|system", default_value = "system", hide_default_value = true, value_parser = worded(ProxyChoice::from_str))]
    proxy: ProxyChoice,
    #[arg(long, value_name = "REF", value_parser = worded(SecretRef::from_str))]
    proxy_login: Option<SecretRef>,
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    #[arg(long, value_name = "HOST", value_parser = worded(network::parse_host))]
    insecure_host: Vec<String>,
    #[arg(long, value_name = "HOST NAME=REF", value_parser = worded(header))]
    header: Vec<AccessEntry>,
    #[arg(long, value_name = "HOST=REF", value_parser = worded(cookie))]
    cookie: Vec<AccessEntry>,
    #[arg(long, value_name = "HOST [USER]=REF", value_parser = worded(basic))]
    basic: Vec<AccessEntry>,
    #[arg(long, value_name = "HOST=REF", value_parser = worded(bearer))]
    bearer: Vec<AccessEntry>,
    #[arg(long, value_name = "HOST [USER]=REF", value_parser = worded(digest))]
    digest: Vec<AccessEntry>,
    #[arg(long, value_name = "TEXT", value_parser = worded(network::parse_header_value))]
    user_agent: Option<String>,
    #[arg(long, value_name = "URL", value_parser = worded(network::parse_header_value))]
    referer: Option<String>,
    #[arg(long, value_name = "FILE")]
    load_cookies: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    client_cert: Option<PathBuf>,
    #[arg(long, value_name = "N", value_parser = worded(network::parse_requests_per_s))]
    requests_per_second: Option<f64>,
    #[arg(long, value_name = "SIZE", value_parser = worded(network::parse_bytes_per_s))]
    bytes_per_second: Option<u64>,
    #[arg(long, value_name = "TIME", value_parser = nonzero_seconds)]
    timeout: Option<u64>,
    #[arg(long, value_name = "TIME", value_parser = nonzero_seconds)]
    connect_timeout: Option<u64>,
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=100))]
    retries: Option<u32>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum RobotsWord {
    Auto,
    Always,
    Never,
}

impl From<RobotsWord> for RobotsPolicy {
    fn from(word: RobotsWord) -> Self {
        match word {
            RobotsWord::Auto => Self::Auto,
            RobotsWord::Always => Self::Always,
            RobotsWord::Never => Self::Never,
        }
    }
}

impl NetworkArgs {
    /// The network settings that these options describe.
    pub(super) fn spec(&self) -> Result<NetworkSpec, JobError> {
        let ca_file = existing(self.ca_file.as_deref(), "ca_not_there")?;
        let cookie_file = existing(self.load_cookies.as_deref(), "cookies_not_there")?;
        let client_cert = existing(self.client_cert.as_deref(), "client_cert_not_there")?;
        let access = [&self.header, &self.cookie, &self.basic, &self.digest, &self.bearer]
            .into_iter()
            .flatten()
            .cloned()
            .chain(self.proxy_login()?)
            .collect();
        Ok(NetworkSpec {
            robots: self.robots.into(),
            obey_noai: self.obey_noai,
            proxy: self.proxy.clone(),
            ca_file,
            insecure_hosts: self.insecure_host.clone(),
            access,
            requests_per_s: self.requests_per_second,
            bytes_per_s: self.bytes_per_second,
            timeout_s: self.timeout,
            connect_timeout_s: self.connect_timeout,
            retries: self.retries,
            user_agent: self.user_agent.clone(),
            referer: self.referer.clone(),
            cookie_file,
            client_cert,
        })
    }
}

impl NetworkArgs {
    /// The options of network settings: the inverse of [`Self::spec`]. Logins of links are among them.
    pub(super) fn write(network: &NetworkSpec, line: &mut CommandLine) {
        let NetworkSpec {
            robots,
            obey_noai,
            proxy,
            ca_file,
            insecure_hosts,
            access,
            requests_per_s,
            bytes_per_s,
            timeout_s,
            connect_timeout_s,
            retries,
            user_agent,
            referer,
            cookie_file,
            client_cert,
        } = network;
        match robots {
            RobotsPolicy::Auto => {}
            RobotsPolicy::Always => line.value("--robots", "always"),
            RobotsPolicy::Never => line.value("--robots", "never"),
        }
        line.flag("--obey-noai", *obey_noai);
        match proxy {
            ProxyChoice::System => {}
            ProxyChoice::None => line.value("--proxy", "none"),
            ProxyChoice::Url(url) => line.value("--proxy", url),
        }
        line.given("--ca-file", ca_file.as_ref());
        insecure_hosts.iter().for_each(|host| line.value("--insecure-host", host));
        let logins = std::mem::take(&mut line.logins);
        for AccessEntry { host, kind, secret } in access.iter().chain(&logins) {
            let login = |user: &Option<String>| match user {
                Some(user) => format!("{host} {user}={secret}"),
                None => format!("{host}={secret}"),
            };
            match kind {
                AccessKind::Header { name } => line.value("--header", format!("{host} {name}={secret}")),
                AccessKind::Cookie => line.value("--cookie", format!("{host}={secret}")),
                AccessKind::Basic { user } => line.value("--basic", login(user)),
                AccessKind::Digest { user } => line.value("--digest", login(user)),
                AccessKind::Bearer => line.value("--bearer", format!("{host}={secret}")),
                AccessKind::Proxy => line.value("--proxy-login", secret.to_string()),
            }
        }
        line.number("--requests-per-second", *requests_per_s);
        line.given("--bytes-per-second", bytes_per_s.map(human::exact_size));
        line.time("--timeout", *timeout_s);
        line.time("--connect-timeout", *connect_timeout_s);
        line.number("--retries", *retries);
        line.given("--user-agent", user_agent.as_ref());
        line.given("--referer", referer.as_ref());
        line.given("--load-cookies", cookie_file.as_ref());
        line.given("--client-cert", client_cert.as_ref());
    }

    /// The credentials of the proxy.
    fn proxy_login(&self) -> Result<Option<AccessEntry>, JobError> {
        let Some(secret) = self.proxy_login.clone() else { return Ok(None) };
        let login = engine::proxy_login(&self.proxy, secret);
        login.map(Some).ok_or(JobError::Refused(Message::new("proxy_login_alone")))
    }
}

/// The absolute path of a file; the message says that there is none.
fn existing(path: Option<&Path>, missing: &'static str) -> Result<Option<PathBuf>, JobError> {
    let Some(path) = path else { return Ok(None) };
    if store::kind_at(path) != Some(EntryKind::File) {
        return Err(JobError::Refused(Message::new(missing).with("path", path.display())));
    }
    std::path::absolute(path).map(Some).map_err(|error| JobError::path(path, &error))
}

/// The text before the last `=`, and the reference after it.
fn parts(text: &str) -> Result<(&str, SecretRef), Message> {
    let (before, reference) = text.rsplit_once('=').ok_or(Message::new("reference_missing"))?;
    Ok((before.trim(), reference.trim().parse()?))
}

fn entry(host: &str, kind: AccessKind, secret: SecretRef) -> Result<AccessEntry, Message> {
    let entry = AccessEntry { host: network::parse_origin(host)?, kind, secret };
    NetworkSpec { access: vec![entry.clone()], ..NetworkSpec::default() }.check()?;
    Ok(entry)
}

fn header(text: &str) -> Result<AccessEntry, Message> {
    let (before, secret) = parts(text)?;
    let (host, name) = before.split_once(char::is_whitespace).ok_or(Message::new("header_name_missing"))?;
    let name = name.trim();
    if !engine::is_settable_header(name) {
        return Err(Message::new("header_not_settable").with("name", name));
    }
    entry(host, AccessKind::Header { name: name.to_owned() }, secret)
}

fn cookie(text: &str) -> Result<AccessEntry, Message> {
    let (host, secret) = parts(text)?;
    entry(host, AccessKind::Cookie, secret)
}

fn basic(text: &str) -> Result<AccessEntry, Message> {
    let (host, user, secret) = login(text)?;
    entry(host, AccessKind::Basic { user }, secret)
}

fn digest(text: &str) -> Result<AccessEntry, Message> {
    let (host, user, secret) = login(text)?;
    entry(host, AccessKind::Digest { user }, secret)
}

/// The host, the user if there is one, and the reference.
fn login(text: &str) -> Result<(&str, Option<String>, SecretRef), Message> {
    let (before, secret) = parts(text)?;
    Ok(match before.split_once(char::is_whitespace) {
        Some((host, user)) => (host, Some(user.trim().to_owned()), secret),
        None => (before, None, secret),
    })
}

fn bearer(text: &str) -> Result<AccessEntry, Message> {
    let (host, secret) = parts(text)?;
    entry(host, AccessKind::Bearer, secret)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_parsed_with_host_and_reference() {
        let env = |name: &str| SecretRef::Env(name.to_owned());
        let at = |host: &str, kind, secret| AccessEntry { host: host.to_owned(), kind, secret };
        let key = AccessKind::Header { name: "X-Key".to_owned() };
        assert_eq!(header("api.example X-Key=env:KEY"), Ok(at("https://api.example", key, env("KEY"))));
        assert_eq!(cookie("http://H.example:81=env:C"), Ok(at("http://h.example:81", AccessKind::Cookie, env("C"))));
        let me = AccessKind::Basic { user: Some("me@shop".to_owned()) };
        assert_eq!(basic("https://h.example/ me@shop=env:P"), Ok(at("https://h.example", me, env("P"))));
        let nobody = AccessKind::Basic { user: None };
        assert_eq!(basic("h.example:444=netrc"), Ok(at("https://h.example:444", nobody, SecretRef::Netrc)));
        let shop = SecretRef::Settings("shop".to_owned());
        assert_eq!(
            bearer("https://h.example:443=settings:shop"),
            Ok(at("https://h.example", AccessKind::Bearer, shop))
        );
    }

    #[test]
    fn a_secret_or_invalid_text_is_refused_without_being_repeated() {
        for refused in [
            bearer("https://h.example=s3cret"),
            bearer("https://h.example s3cret"),
            basic("https://me:s3cret@h.example=env:X"),
            basic("h.example me:s3cret"),
            header("h.example Host=env:X"),
            header("h.example=env:X"),
            cookie("h.example/path=env:X"),
            cookie("ftp://h.example=env:X"),
            cookie("h.example=netrc"),
        ] {
            assert!(!refused.unwrap_err().to_string().contains("s3cret"));
        }
    }
}
