//! Options about how links are fetched: manners, proxy, trust, and who one is at which host.

use std::path::PathBuf;
use std::str::FromStr as _;

use clap::{Args, ValueEnum};

use crate::engine;
use crate::error::JobError;
use crate::model::{AccessEntry, AccessKind, NetworkSpec, ProxyChoice, RobotsPolicy, SecretRef, network};

/// Options about how links are fetched. Secrets are named, never given: `env:NAME`, `netrc`, `settings:NAME`.
#[derive(Debug, Args)]
#[command(next_help_heading = "Links")]
pub(super) struct NetworkArgs {
    /// Whether robots.txt is obeyed: auto is at hosts of which there are more than 100 links
    #[arg(long, value_enum, value_name = "auto|always|never", default_value = "auto")]
    robots: RobotsWord,
    /// Skip what its publisher marks noai or noimageai (X-Robots-Tag)
    #[arg(long)]
    obey_noai: bool,
    /// The proxy: a URL (http, https, socks5, socks5h), none, or the system's. Through a proxy only addresses that stand
    /// in a link itself can be checked, since it is the proxy that looks names up
    #[arg(long, value_name = "URL|none|system", default_value = "system", hide_default_value = true, value_parser = ProxyChoice::from_str)]
    proxy: ProxyChoice,
    /// Trust the certificate authorities in this PEM file, too
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Accept any certificate of this host, and of no other (repeatable)
    #[arg(long, value_name = "HOST", value_parser = network::parse_host)]
    insecure_host: Vec<String>,
    /// A header for one host: 'https://api.example X-Key=env:KEY'. REF is env:NAME, netrc or settings:NAME (a line of
    /// secrets.toml in the settings' folder, which only you may read). Nothing of it goes to any other host, scheme or
    /// port; without a scheme https is meant (repeatable)
    #[arg(long, value_name = "HOST NAME=REF", value_parser = header)]
    header: Vec<AccessEntry>,
    /// Cookies for one host: 'https://h.example=env:COOKIES' (repeatable)
    #[arg(long, value_name = "HOST=REF", value_parser = cookie)]
    cookie: Vec<AccessEntry>,
    /// User and password for one host: 'https://h.example me=env:PASSWORD', or 'https://h.example=netrc', or a REF that
    /// stands for user:password (repeatable)
    #[arg(long, value_name = "HOST [USER]=REF", value_parser = basic)]
    basic: Vec<AccessEntry>,
    /// A bearer token for one host: 'https://api.example=env:TOKEN' (repeatable)
    #[arg(long, value_name = "HOST=REF", value_parser = bearer)]
    bearer: Vec<AccessEntry>,
    /// Begin at most so many requests a second at each host, such as 5 or 0.5
    #[arg(long, value_name = "N", value_parser = network::parse_requests_per_s)]
    requests_per_second: Option<f64>,
    /// Receive at most so many bytes a second in all, such as 2MB
    #[arg(long, value_name = "SIZE", value_parser = network::parse_bytes_per_s)]
    bytes_per_second: Option<u64>,
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
    /// What was asked for.
    pub(super) fn spec(&self) -> Result<NetworkSpec, JobError> {
        let ca_file = match &self.ca_file {
            Some(path) if !path.is_file() => {
                let sentence = format!("The file of certificates {} is not there. Check its name.", path.display());
                return Err(JobError::Usage(sentence));
            }
            Some(path) => Some(
                std::path::absolute(path).map_err(|error| JobError::Usage(format!("{}: {error}", path.display())))?,
            ),
            None => None,
        };
        let access = [&self.header, &self.cookie, &self.basic, &self.bearer].into_iter().flatten().cloned().collect();
        Ok(NetworkSpec {
            robots: self.robots.into(),
            obey_noai: self.obey_noai,
            proxy: self.proxy.clone(),
            ca_file,
            insecure_hosts: self.insecure_host.clone(),
            access,
            requests_per_s: self.requests_per_second,
            bytes_per_s: self.bytes_per_second,
        })
    }
}

/// What stands before the last `=`, and the reference behind it.
fn parts(text: &str) -> Result<(&str, SecretRef), String> {
    let (before, reference) = text.rsplit_once('=').ok_or("a REF is missing: env:NAME, netrc or settings:NAME")?;
    Ok((before.trim(), reference.trim().parse()?))
}

fn entry(host: &str, kind: AccessKind, secret: SecretRef) -> Result<AccessEntry, String> {
    let entry = AccessEntry { host: network::parse_place(host)?, kind, secret };
    NetworkSpec { access: vec![entry.clone()], ..NetworkSpec::default() }.check().map_err(|wrong| wrong.to_string())?;
    Ok(entry)
}

fn header(text: &str) -> Result<AccessEntry, String> {
    let (before, secret) = parts(text)?;
    let (host, name) = before.split_once(char::is_whitespace).ok_or("a header's name is missing: HOST NAME=REF")?;
    let name = name.trim();
    if !engine::is_settable_header(name) {
        return Err(format!("a header called \"{name}\" can't be set"));
    }
    entry(host, AccessKind::Header { name: name.to_owned() }, secret)
}

fn cookie(text: &str) -> Result<AccessEntry, String> {
    let (host, secret) = parts(text)?;
    entry(host, AccessKind::Cookie, secret)
}

fn basic(text: &str) -> Result<AccessEntry, String> {
    let (before, secret) = parts(text)?;
    let (host, user) = match before.split_once(char::is_whitespace) {
        Some((host, user)) => (host, Some(user.trim().to_owned())),
        None => (before, None),
    };
    entry(host, AccessKind::Basic { user }, secret)
}

fn bearer(text: &str) -> Result<AccessEntry, String> {
    let (host, secret) = parts(text)?;
    entry(host, AccessKind::Bearer, secret)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::super::network_args::*;

    #[test]
    fn who_one_is_is_read_with_its_host_and_its_reference() {
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
    fn a_secret_or_nonsense_is_refused_without_being_repeated() {
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
            assert!(!refused.unwrap_err().contains("s3cret"));
        }
    }
}
