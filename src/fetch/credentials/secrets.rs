//! Keeps secrets and looks them up by name: in the environment, `~/.netrc`, and a file that only the user may read.
//!
//! A secret is never shown or logged; messages only contain the names of missing ones.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use url::Url;

use super::netrc;
use crate::error::JobError;
use crate::model::locator::SECRET_MARK as MARK;
use crate::model::{AccessEntry, AccessKind, Message, NetworkSpec, ProxyChoice, SecretRef, TypedSecret};

/// Largest secrets file in bytes.
const MAX_FILE_BYTES: u64 = 1 << 20;
/// Secrets kept for one host before another is refused.
const MAX_PER_HOST: u32 = 1000;

const NO_VARIABLE: Message = Message::new("secret_variable");
const NO_FILE: Message = Message::new("secret_no_file");
const NO_LINE: Message = Message::new("secret_line");
const NO_NETRC: Message = Message::new("secret_netrc");
const NO_NETRC_LINE: Message = Message::new("secret_netrc_line");

/// The secrets of this user.
#[derive(Debug, Default)]
pub struct Secrets {
    /// The secrets file; without one they are forgotten when the program ends.
    path: Option<PathBuf>,
    /// The netrc file, if it is not the default one.
    netrc_path: Option<PathBuf>,
    /// Secrets that were read or kept, by name.
    known: Mutex<BTreeMap<String, Secret>>,
}

/// A secret, which is never displayed.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

/// Why a secret or another part of the network settings can't be used. Exit code 3: nothing is lost.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// It is missing.
    #[error("{0}")]
    Missing(Message),
    /// Other users may read the secrets file.
    #[error("{0}")]
    Open(Message),
    /// A file can't be read or written.
    #[error("{0}")]
    File(Message),
    /// A header, a proxy or a certificate is invalid.
    #[error("{0}")]
    Invalid(Message),
}

impl AccessError {
    /// The message.
    pub const fn sentence(&self) -> &Message {
        match self {
            Self::Missing(sentence) | Self::Open(sentence) | Self::File(sentence) | Self::Invalid(sentence) => sentence,
        }
    }

    /// A file that can't be read or written.
    pub(crate) fn file(path: &Path, detail: impl fmt::Display) -> Self {
        let sentence = Message::new("access_file");
        Self::File(sentence.with("path", path.display()).with("detail", detail))
    }
}

impl From<AccessError> for JobError {
    fn from(error: AccessError) -> Self {
        Self::Machine(error.sentence().clone())
    }
}

impl Secret {
    /// The secret itself.
    pub(crate) fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// Scheme, host and port of a URL: where a secret is sent.
pub(crate) fn host_of(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{}{port}", url.scheme(), url.host_str().unwrap_or_default())
}

/// A recorded link without the mark of its user info, and the credentials that the mark refers to; `None` if it has none.
pub fn unmarked(text: &str) -> Option<(String, AccessEntry)> {
    let mut url = Url::parse(text).ok()?;
    let number = url.fragment()?.strip_prefix(MARK)?.parse().ok()?;
    url.set_fragment(None);
    let host = host_of(&url);
    let secret = SecretRef::Settings(name_of(&host, number));
    Some((url.into(), AccessEntry { host, kind: AccessKind::Basic { user: None }, secret }))
}

/// The login of a proxy; `None` if the proxy is not a URL.
pub fn proxy_login(proxy: &ProxyChoice, secret: SecretRef) -> Option<AccessEntry> {
    let ProxyChoice::Url(text) = proxy else { return None };
    let url = Url::parse(text).ok()?;
    Some(AccessEntry { host: host_of(&url), kind: AccessKind::Proxy, secret })
}

impl Secrets {
    /// The secrets in this file.
    pub fn new(path: Option<PathBuf>) -> Self {
        Self { path, ..Self::default() }
    }

    /// The same with another netrc file.
    #[must_use]
    pub fn with_netrc(self, path: PathBuf) -> Self {
        Self { netrc_path: Some(path), ..self }
    }

    /// A link that may be recorded: its user info is kept as a secret, and a mark in its fragment, which is never sent
    /// to a server, refers to it. A link without user info is returned unchanged.
    pub fn keep_link(&self, text: &str) -> Result<String, AccessError> {
        if !text.contains('@') && !text.contains(MARK) {
            return Ok(text.to_owned());
        }
        let Ok(mut url) = Url::parse(text.trim()) else {
            // It will fail as an invalid link; nothing before an `@` is kept.
            return Ok(crate::model::locator::without_user_info(text));
        };
        let user_info = take_user_info(&mut url);
        // A mark in the original link could refer to a secret that its author must not use.
        let was_marked = url.fragment().is_some_and(|fragment| fragment.starts_with(MARK));
        if user_info.is_none() && !was_marked {
            return Ok(text.to_owned());
        }
        url.set_fragment(None);
        if let Some(user_info) = user_info {
            let number = self.keep(&host_of(&url), &user_info)?;
            url.set_fragment(Some(&format!("{MARK}{number}")));
        }
        Ok(url.into())
    }

    /// Network settings that may be recorded: the proxy's user info is kept as a secret.
    pub fn keep_proxy(&self, network: &mut NetworkSpec) -> Result<(), AccessError> {
        let ProxyChoice::Url(text) = &mut network.proxy else { return Ok(()) };
        let Ok(mut url) = Url::parse(text) else { return Ok(()) };
        let Some(user_info) = take_user_info(&mut url) else { return Ok(()) };
        let host = host_of(&url);
        let number = self.keep(&host, &user_info)?;
        let secret = SecretRef::Settings(name_of(&host, number));
        network.access.retain(|entry| entry.kind != AccessKind::Proxy);
        network.access.push(AccessEntry { host, kind: AccessKind::Proxy, secret });
        *text = url.into();
        Ok(())
    }

    /// Keeps a secret under a name; replaces any other of that name.
    pub fn keep_named(&self, name: &str, secret: &TypedSecret) -> Result<(), AccessError> {
        let secret = Secret(secret.text().to_owned());
        if let Some(path) = &self.path {
            change(path, |found| Ok(found.insert(name.to_owned(), secret.clone()).as_ref() != Some(&secret)))?;
        }
        lock(&self.known).insert(name.to_owned(), secret);
        Ok(())
    }

    /// The user info of a link that [`Secrets::keep_link`] marked, as `user:password`; removes the mark.
    pub(crate) fn of_link(&self, url: &mut Url) -> Result<Option<Secret>, AccessError> {
        let number = url.fragment().and_then(|fragment| fragment.strip_prefix(MARK)).map(str::parse::<u32>);
        url.set_fragment(None);
        let Some(Ok(number)) = number else { return Ok(None) };
        // A mark can only refer to secrets that were kept for this host.
        let host = host_of(url);
        self.look_up(&SecretRef::Settings(name_of(&host, number)), &host, None).map(Some)
    }

    /// The secret of a reference. `host` receives it; a netrc file gives `user:password`, of this
    /// user if one is given.
    pub(crate) fn look_up(&self, secret: &SecretRef, host: &str, user: Option<&str>) -> Result<Secret, AccessError> {
        let missing = |sentence: Message| AccessError::Missing(sentence.with("name", secret).with("place", host));
        match secret {
            SecretRef::Env(name) => std::env::var(name)
                .ok()
                .filter(|value| !value.is_empty())
                .map(Secret)
                .ok_or_else(|| missing(NO_VARIABLE.with("variable", name))),
            SecretRef::Settings(name) => {
                if let Some(known) = lock(&self.known).get(name) {
                    return Ok(known.clone());
                }
                let Some(path) = &self.path else {
                    return Err(missing(NO_FILE));
                };
                // All at once: many lines of a list may refer to them.
                let found = read(path)?;
                let mut known = lock(&self.known);
                known.extend(found);
                known
                    .get(name)
                    .cloned()
                    .ok_or_else(|| missing(NO_LINE.with("kept_as", name).with("path", path.display())))
            }
            SecretRef::Netrc => {
                let host = Url::parse(host).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
                let line = || format!("machine {host} login {} password ...", user.unwrap_or("..."));
                let Some(path) = self.netrc_path.clone().or_else(netrc::usual_path) else {
                    return Err(missing(NO_NETRC.with("line", line())));
                };
                let text = read_text(&path).map_err(|error| AccessError::file(&path, error))?;
                let found = text.as_deref().and_then(|text| netrc::find(text, &host, user));
                found
                    .map(Secret)
                    .ok_or_else(|| missing(NO_NETRC_LINE.with("line", line()).with("path", path.display())))
            }
        }
    }

    /// Keeps `user:password` for a host; returns its number there. A new password replaces the same user's old one, so
    /// that earlier jobs continue with it.
    fn keep(&self, host: &str, user_info: &str) -> Result<u32, AccessError> {
        let wanted = Secret(user_info.to_owned());
        let user = user_info.split(':').next().unwrap_or_default();
        let number_for = |found: &BTreeMap<String, Secret>| {
            (1..=MAX_PER_HOST).find(|number| {
                let there = found.get(&name_of(host, *number));
                there.is_none_or(|there| there.text().split(':').next() == Some(user))
            })
        };
        let full = || {
            let sentence = Message::new("access_full");
            AccessError::Invalid(sentence.with("place", host).with("most", MAX_PER_HOST))
        };
        let mut known = lock(&self.known);
        let number = number_for(&known).ok_or_else(full)?;
        if known.get(&name_of(host, number)) == Some(&wanted) {
            return Ok(number);
        }
        let number = match &self.path {
            None => number,
            Some(path) => {
                let mut number = number;
                change(path, |found| {
                    let Some(free) = number_for(found) else { return Err(full()) };
                    number = free;
                    Ok(found.insert(name_of(host, free), wanted.clone()).as_ref() != Some(&wanted))
                })?;
                number
            }
        };
        known.insert(name_of(host, number), wanted);
        Ok(number)
    }
}

/// The unique name under which the user info of a host is kept.
fn name_of(host: &str, number: u32) -> String {
    format!("{host}/{number}")
}

/// Removes the user info of a URL; returns it as `user:password`.
pub(crate) fn take_user_info(url: &mut Url) -> Option<String> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let plain = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    let user_info = format!("{}:{}", plain(url.username()), plain(url.password().unwrap_or_default()));
    // Only a URL that can't have them refuses.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    Some(user_info)
}

/// Reads a small text file; `None` if it does not exist.
#[expect(clippy::disallowed_methods, reason = "the secrets have a private file of their own")]
fn read_text(path: &Path) -> io::Result<Option<String>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut text = String::new();
    file.take(MAX_FILE_BYTES).read_to_string(&mut text)?;
    Ok(Some(text))
}

/// Reads the secrets file, unless other users may read it.
fn read(path: &Path) -> Result<BTreeMap<String, Secret>, AccessError> {
    if !is_private(path).map_err(|error| AccessError::file(path, error))? {
        let sentence = Message::new("access_open");
        return Err(AccessError::Open(sentence.with("path", path.display())));
    }
    let Some(text) = read_text(path).map_err(|error| AccessError::file(path, error))? else {
        return Ok(BTreeMap::new());
    };
    // The parser's message would quote the file.
    let found: BTreeMap<String, String> =
        toml::from_str(&text).map_err(|_| AccessError::file(path, "its lines must read \"NAME\" = \"SECRET\""))?;
    Ok(found.into_iter().map(|(name, secret)| (name, Secret(secret))).collect())
}

/// Changes the secrets file atomically, one program at a time. `change` returns whether it changed anything.
#[expect(clippy::disallowed_methods, reason = "the secrets have a private file of their own")]
fn change(
    path: &Path,
    change: impl FnOnce(&mut BTreeMap<String, Secret>) -> Result<bool, AccessError>,
) -> Result<(), AccessError> {
    let failed = |error: io::Error| AccessError::file(path, error);
    let dir = path.parent().unwrap_or_else(|| Path::new("."));
    std::fs::create_dir_all(dir).map_err(failed)?;
    let turn = File::options().create(true).append(true).open(path.with_extension("lock")).map_err(failed)?;
    turn.lock().map_err(failed)?;
    let mut secrets = read(path)?;
    if !change(&mut secrets)? {
        return Ok(());
    }
    let plain: BTreeMap<&str, &str> = secrets.iter().map(|(name, secret)| (name.as_str(), secret.text())).collect();
    let text = toml::to_string(&plain).map_err(|_| failed(io::Error::other("it can't hold this secret")))?;
    // Created with mode 0600, and complete before it gets its name.
    let mut file = tempfile::Builder::new().prefix(".secrets-").tempfile_in(dir).map_err(failed)?;
    let head = "# Passwords that Pixloom looks up by name. Nobody else may read this file.\n";
    file.write_all(head.as_bytes()).and_then(|()| file.write_all(text.as_bytes())).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

/// Whether only its owner may read a file, if it exists.
#[cfg(unix)]
#[expect(clippy::disallowed_methods, reason = "the secrets have a private file of their own")]
fn is_private(path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    match path.metadata() {
        Ok(meta) => Ok(matches!(meta.permissions().mode() & 0o077, 0)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error),
    }
}

/// On other systems the user's folder is private already.
#[cfg(not(unix))]
fn is_private(_path: &Path) -> io::Result<bool> {
    Ok(true)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::super::secrets::*;

    fn in_folder() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config/secrets.toml");
        (dir, path)
    }

    fn kept(secrets: &Secrets, link: &str) -> (Url, Option<String>) {
        let mut url = Url::parse(link).unwrap();
        let secret = secrets.of_link(&mut url).unwrap();
        (url, secret.map(|secret| secret.text().to_owned()))
    }

    #[test]
    fn user_info_is_kept_in_the_file_and_found_in_another_run() {
        let (_dir, path) = in_folder();
        let secrets = Secrets::new(Some(path.clone()));
        let first = secrets.keep_link("https://me:p%40ss@H.example:8443/a.jpg?x=1#part").unwrap();
        assert_eq!(first, "https://h.example:8443/a.jpg?x=1#pixloom-secret=1");
        assert_eq!(
            secrets.keep_link("https://me:p%40ss@h.example:8443/b.jpg").unwrap(),
            "https://h.example:8443/b.jpg#pixloom-secret=1"
        );
        let other = secrets.keep_link("https://you:pw@h.example:8443/a.jpg").unwrap();
        assert!(other.ends_with("#pixloom-secret=2"), "{other}");
        let again = Secrets::new(Some(path.clone()));
        assert_eq!(
            kept(&again, &first),
            (Url::parse("https://h.example:8443/a.jpg?x=1").unwrap(), Some("me:p@ss".into()))
        );
        assert_eq!(kept(&again, &other).1.as_deref(), Some("you:pw"));
        // Old jobs continue with the new password.
        assert_eq!(
            again.keep_link("https://me:new@h.example:8443/a.jpg").unwrap(),
            "https://h.example:8443/a.jpg#pixloom-secret=1"
        );
        assert_eq!(kept(&Secrets::new(Some(path)), &first).1.as_deref(), Some("me:new"));
    }

    #[test]
    fn links_without_user_info_are_unchanged_and_a_foreign_mark_is_removed() {
        let secrets = Secrets::default();
        for text in ["https://h.example/@me/a.jpg#x", "http://h.example/%zz", "no link @ all"] {
            assert_eq!(secrets.keep_link(text).unwrap(), text);
        }
        assert_eq!(secrets.keep_link("https://h.example/a#pixloom-secret=1").unwrap(), "https://h.example/a");
        assert_eq!(secrets.keep_link("http://me:p@w@[bad/a").unwrap(), "http://[bad/a");
        let only_user = secrets.keep_link("https://t0ken@h.example/a").unwrap();
        assert_eq!(only_user, "https://h.example/a#pixloom-secret=1");
        assert_eq!(kept(&secrets, &only_user).1.as_deref(), Some("t0ken:"));
    }

    #[test]
    fn a_mark_only_refers_to_secrets_of_its_own_host() {
        let secrets = Secrets::default();
        secrets.keep_link("https://me:pw@h.example/a").unwrap();
        for elsewhere in ["http://h.example/", "https://h.example:444/", "https://evil.example/"] {
            let mut url = Url::parse(&format!("{elsewhere}#pixloom-secret=1")).unwrap();
            assert!(matches!(secrets.of_link(&mut url), Err(AccessError::Missing(_))), "{elsewhere}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_may_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let (_dir, path) = in_folder();
        Secrets::new(Some(path.clone())).keep_link("https://me:pw@h.example/a").unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        let secrets = Secrets::new(Some(path));
        let reference = SecretRef::Settings("https://h.example/1".to_owned());
        let refused = secrets.look_up(&reference, "https://h.example", None).unwrap_err();
        assert!(refused.to_string().contains("chmod 600"), "{refused}");
        assert!(matches!(secrets.keep_link("https://you:pw@h.example/a"), Err(AccessError::Open(_))));
    }

    #[test]
    fn a_missing_secret_is_reported_with_where_to_put_it() {
        let (dir, path) = in_folder();
        let netrc = dir.path().join("netrc");
        std::fs::write(&netrc, "machine other.example login a password b").unwrap();
        let secrets = Secrets::new(Some(path.clone())).with_netrc(netrc);
        for (reference, hint) in [
            ("env:PIXLOOM_TEST_NO_SUCH", "set the environment variable PIXLOOM_TEST_NO_SUCH"),
            ("settings:shop", path.to_str().unwrap()),
            ("netrc", "machine h.example login ... password ..."),
        ] {
            let missing = secrets.look_up(&reference.parse().unwrap(), "https://h.example", None).unwrap_err();
            let sentence = missing.to_string();
            assert!(sentence.contains(reference) && sentence.contains(hint), "{sentence}");
        }
    }

    #[test]
    fn a_broken_file_is_reported_without_its_contents() {
        let (_dir, path) = in_folder();
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, "shop = s3cret").unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
        let secrets = Secrets::new(Some(path));
        let broken = secrets.look_up(&SecretRef::Settings("shop".to_owned()), "https://h", None).unwrap_err();
        assert!(!broken.to_string().contains("s3cret"), "{broken}");
        assert!(!format!("{:?}", Secret("s3cret".to_owned())).contains("s3cret"));
    }

    #[test]
    fn the_proxys_password_is_kept_as_a_secret() {
        let secrets = Secrets::default();
        let mut network =
            NetworkSpec { proxy: ProxyChoice::Url("socks5://me:pw@Proxy:1080".to_owned()), ..NetworkSpec::default() };
        secrets.keep_proxy(&mut network).unwrap();
        assert_eq!(network.check(), Ok(()));
        let text = serde_json::to_string(&network).unwrap();
        assert!(!text.contains("pw") && text.contains("settings:socks5://"), "{text}");
    }
}
