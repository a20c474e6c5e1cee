//! Where secrets are kept, and looked up by name: the environment, `~/.netrc`, and a file that nobody else may read.
//!
//! A secret is never shown, logged or put into a sentence; what is missing is called by its name.

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

/// Bytes above which a file of secrets is none.
const MAX_FILE_BYTES: u64 = 1 << 20;
/// Secrets kept for one place before one more is refused.
const MAX_FOR_A_PLACE: u32 = 1000;

const NO_VARIABLE: Message = Message::new("secret_variable");
const NO_FILE: Message = Message::new("secret_no_file");
const NO_LINE: Message = Message::new("secret_line");
const NO_NETRC: Message = Message::new("secret_netrc");
const NO_NETRC_LINE: Message = Message::new("secret_netrc_line");

/// The secrets of this user.
#[derive(Debug, Default)]
pub struct Secrets {
    /// The file of secrets; without one they are forgotten with the program.
    path: Option<PathBuf>,
    /// The netrc file, where it is not the usual one.
    netrc_path: Option<PathBuf>,
    /// What was read or kept, by name.
    known: Mutex<BTreeMap<String, Secret>>,
}

/// A secret, which shows nothing of itself.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

/// Why a secret, or what else the network's settings name, can't be used. Exit code 3: nothing is lost.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// It is not where it should be.
    #[error("{0}")]
    Missing(Message),
    /// Others may read the file of secrets.
    #[error("{0}")]
    Open(Message),
    /// A file can't be read or written.
    #[error("{0}")]
    File(Message),
    /// A header, a proxy or a certificate makes no sense.
    #[error("{0}")]
    Senseless(Message),
}

impl AccessError {
    /// What is told.
    pub const fn sentence(&self) -> &Message {
        match self {
            Self::Missing(sentence) | Self::Open(sentence) | Self::File(sentence) | Self::Senseless(sentence) => {
                sentence
            }
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

/// Scheme, host and port of a URL: whom a secret is for.
pub(crate) fn place_of(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{}{port}", url.scheme(), url.host_str().unwrap_or_default())
}

impl Secrets {
    /// The secrets of a user, whose file this is.
    pub fn new(path: Option<PathBuf>) -> Self {
        Self { path, ..Self::default() }
    }

    /// The same with a netrc file of another name.
    #[must_use]
    pub fn with_netrc(self, path: PathBuf) -> Self {
        Self { netrc_path: Some(path), ..self }
    }

    /// A link as it may be recorded: its user info goes among the secrets, and a mark in its fragment, which never
    /// reaches a server, says which one it is. Any other link stays as it was given.
    pub fn keep_link(&self, text: &str) -> Result<String, AccessError> {
        if !text.contains('@') && !text.contains(MARK) {
            return Ok(text.to_owned());
        }
        let Ok(mut url) = Url::parse(text.trim()) else {
            // It will fail for what it is; nothing before an `@` is kept.
            return Ok(crate::model::locator::without_user_info(text));
        };
        let user_info = take_user_info(&mut url);
        // A mark that came with a link would speak of a secret that is none of its writer's business.
        let was_marked = url.fragment().is_some_and(|fragment| fragment.starts_with(MARK));
        if user_info.is_none() && !was_marked {
            return Ok(text.to_owned());
        }
        url.set_fragment(None);
        if let Some(user_info) = user_info {
            let number = self.keep(&place_of(&url), &user_info)?;
            url.set_fragment(Some(&format!("{MARK}{number}")));
        }
        Ok(url.into())
    }

    /// The network's settings as they may be recorded: the proxy's user info goes among the secrets.
    pub fn keep_proxy(&self, network: &mut NetworkSpec) -> Result<(), AccessError> {
        let ProxyChoice::Url(text) = &mut network.proxy else { return Ok(()) };
        let Ok(mut url) = Url::parse(text) else { return Ok(()) };
        let Some(user_info) = take_user_info(&mut url) else { return Ok(()) };
        let place = place_of(&url);
        let number = self.keep(&place, &user_info)?;
        let secret = SecretRef::Settings(name_of(&place, number));
        network.access.retain(|entry| entry.kind != AccessKind::Proxy);
        network.access.push(AccessEntry { host: place, kind: AccessKind::Proxy, secret });
        *text = url.into();
        Ok(())
    }

    /// A secret under a name, in place of any other of that name.
    pub fn keep_named(&self, name: &str, secret: &TypedSecret) -> Result<(), AccessError> {
        let secret = Secret(secret.text().to_owned());
        if let Some(path) = &self.path {
            change(path, |found| Ok(found.insert(name.to_owned(), secret.clone()).as_ref() != Some(&secret)))?;
        }
        lock(&self.known).insert(name.to_owned(), secret);
        Ok(())
    }

    /// The user info of a link that [`Secrets::keep_link`] marked, as `user:password`; takes the mark away.
    pub(crate) fn of_link(&self, url: &mut Url) -> Result<Option<Secret>, AccessError> {
        let number = url.fragment().and_then(|fragment| fragment.strip_prefix(MARK)).map(str::parse::<u32>);
        url.set_fragment(None);
        let Some(Ok(number)) = number else { return Ok(None) };
        // Whatever a mark says, only what was kept for this very place can be named by it.
        let place = place_of(url);
        self.look_up(&SecretRef::Settings(name_of(&place, number)), &place, None).map(Some)
    }

    /// What a reference stands for. `place` is whom it is for; of a netrc file `user:password` is given, of that user if
    /// one is named.
    pub(crate) fn look_up(&self, secret: &SecretRef, place: &str, user: Option<&str>) -> Result<Secret, AccessError> {
        let missing = |sentence: Message| AccessError::Missing(sentence.with("name", secret).with("place", place));
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
                // All at once: a list may name them in any number of its lines.
                let found = read(path)?;
                let mut known = lock(&self.known);
                known.extend(found);
                known
                    .get(name)
                    .cloned()
                    .ok_or_else(|| missing(NO_LINE.with("kept_as", name).with("path", path.display())))
            }
            SecretRef::Netrc => {
                let host = Url::parse(place).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
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

    /// Keeps `user:password` for a place; gives its number there. A new password takes the place of the same user's old
    /// one, so that jobs that were made before go on with it.
    fn keep(&self, place: &str, user_info: &str) -> Result<u32, AccessError> {
        let wanted = Secret(user_info.to_owned());
        let user = user_info.split(':').next().unwrap_or_default();
        let place_for = |found: &BTreeMap<String, Secret>| {
            (1..=MAX_FOR_A_PLACE).find(|number| {
                let there = found.get(&name_of(place, *number));
                there.is_none_or(|there| there.text().split(':').next() == Some(user))
            })
        };
        let full = || {
            let sentence = Message::new("access_full");
            AccessError::Senseless(sentence.with("place", place).with("most", MAX_FOR_A_PLACE))
        };
        let mut known = lock(&self.known);
        let number = place_for(&known).ok_or_else(full)?;
        if known.get(&name_of(place, number)) == Some(&wanted) {
            return Ok(number);
        }
        let number = match &self.path {
            None => number,
            Some(path) => {
                let mut number = number;
                change(path, |found| {
                    let Some(free) = place_for(found) else { return Err(full()) };
                    number = free;
                    Ok(found.insert(name_of(place, free), wanted.clone()).as_ref() != Some(&wanted))
                })?;
                number
            }
        };
        known.insert(name_of(place, number), wanted);
        Ok(number)
    }
}

/// The name under which the user info of a place is kept; nothing else is called so.
fn name_of(place: &str, number: u32) -> String {
    format!("{place}/{number}")
}

/// Takes a URL's user info away; gives it as `user:password`.
pub(crate) fn take_user_info(url: &mut Url) -> Option<String> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let plain = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    let user_info = format!("{}:{}", plain(url.username()), plain(url.password().unwrap_or_default()));
    // Only URLs that can't have them refuse.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    Some(user_info)
}

/// A small text file; `None` where there is none.
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

/// The file of secrets, unless others may read it.
fn read(path: &Path) -> Result<BTreeMap<String, Secret>, AccessError> {
    if !is_private(path).map_err(|error| AccessError::file(path, error))? {
        let sentence = Message::new("access_open");
        return Err(AccessError::Open(sentence.with("path", path.display())));
    }
    let Some(text) = read_text(path).map_err(|error| AccessError::file(path, error))? else {
        return Ok(BTreeMap::new());
    };
    // The parser's own words would repeat what stands there.
    let found: BTreeMap<String, String> =
        toml::from_str(&text).map_err(|_| AccessError::file(path, "its lines must read \"NAME\" = \"SECRET\""))?;
    Ok(found.into_iter().map(|(name, secret)| (name, Secret(secret))).collect())
}

/// Changes the file of secrets, whole or not at all, one program after another. `change` says whether it changed
/// anything.
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
    // Made for its owner alone (0600), and never seen under its name before it is whole.
    let mut file = tempfile::Builder::new().prefix(".secrets-").tempfile_in(dir).map_err(failed)?;
    let head = "# Passwords that Pixloom looks up by name. Nobody else may read this file.\n";
    file.write_all(head.as_bytes()).and_then(|()| file.write_all(text.as_bytes())).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

/// Whether a file, if it is there, is for its owner alone.
#[cfg(unix)]
fn is_private(path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    match path.metadata() {
        Ok(meta) => Ok(matches!(meta.permissions().mode() & 0o077, 0)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error),
    }
}

/// Elsewhere a user's own folder is for that user alone.
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
    fn user_info_goes_to_the_file_and_comes_back_in_another_run() {
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
        // A new password is the one that old jobs go on with.
        assert_eq!(
            again.keep_link("https://me:new@h.example:8443/a.jpg").unwrap(),
            "https://h.example:8443/a.jpg#pixloom-secret=1"
        );
        assert_eq!(kept(&Secrets::new(Some(path)), &first).1.as_deref(), Some("me:new"));
    }

    #[test]
    fn links_without_user_info_stay_and_a_foreign_mark_is_taken_off() {
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
    fn a_mark_opens_only_what_was_kept_for_that_very_place() {
        let secrets = Secrets::default();
        secrets.keep_link("https://me:pw@h.example/a").unwrap();
        for elsewhere in ["http://h.example/", "https://h.example:444/", "https://evil.example/"] {
            let mut url = Url::parse(&format!("{elsewhere}#pixloom-secret=1")).unwrap();
            assert!(matches!(secrets.of_link(&mut url), Err(AccessError::Missing(_))), "{elsewhere}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_for_its_owner_alone_and_refused_otherwise() {
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
    fn what_is_missing_is_named_with_the_place_to_put_it() {
        let (dir, path) = in_folder();
        let netrc = dir.path().join("netrc");
        std::fs::write(&netrc, "machine other.example login a password b").unwrap();
        let secrets = Secrets::new(Some(path.clone())).with_netrc(netrc);
        for (reference, hint) in [
            ("env:PIXLOOM_TEST_NO_SUCH", "set the variable PIXLOOM_TEST_NO_SUCH"),
            ("settings:shop", path.to_str().unwrap()),
            ("netrc", "machine h.example login ... password ..."),
        ] {
            let missing = secrets.look_up(&reference.parse().unwrap(), "https://h.example", None).unwrap_err();
            let sentence = missing.to_string();
            assert!(sentence.contains(reference) && sentence.contains(hint), "{sentence}");
        }
    }

    #[test]
    fn a_broken_file_is_told_without_what_stands_in_it() {
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
    fn the_proxys_password_is_kept_apart() {
        let secrets = Secrets::default();
        let mut network =
            NetworkSpec { proxy: ProxyChoice::Url("socks5://me:pw@Proxy:1080".to_owned()), ..NetworkSpec::default() };
        secrets.keep_proxy(&mut network).unwrap();
        assert_eq!(network.check(), Ok(()));
        let text = serde_json::to_string(&network).unwrap();
        assert!(!text.contains("pw") && text.contains("settings:socks5://"), "{text}");
    }
}
