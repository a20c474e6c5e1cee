//! The location of an item: a file on this machine, a URL, or a statement.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, percent_encode};

use super::message::Message;
use super::pages::PageNumber;
use super::text_encoding;
use super::words::Lang;

/// The location of an item.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Locator {
    /// A file, by its absolute path.
    File(PathBuf),
    /// One page of a document: a file, by its absolute path, with several pages.
    Page(PathBuf, PageNumber),
    /// An `http` or `https` URL, as given.
    Url(String),
    /// A statement of a query job: [`ROW`], the number of its row or part, and what distinguishes it.
    Row(String),
}

/// Beginning of the text of a statement's location; a digit follows.
pub const ROW: &str = "query:";

/// Beginning of the fragment of a URL whose user info is kept as a secret. Fragments are never sent to servers.
pub const SECRET_MARK: &str = "pixloom-secret=";

/// Beginning of the fragment that names a page of a document (RFC 8118).
const PAGE_MARK: &str = "page=";
/// What stands between the name of a document and the number of its page, in English.
const PAGE_WORD: &str = ", page ";

const PATH_BYTES: &AsciiSet = &CONTROLS.add(b'%').add(b'?').add(b'#').add(b' ');

impl Locator {
    /// Reads what [`Locator::to_text`] wrote, or what a person typed: an `http(s)` URL, a `file://` URL or a path.
    pub fn parse(text: &str) -> Self {
        if Self::is_url(text) {
            return Self::Url(text.to_owned());
        }
        if text.strip_prefix(ROW).is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit())) {
            return Self::Row(text.to_owned());
        }
        match text.strip_prefix("file://") {
            Some(encoded) => {
                let page = encoded.rsplit_once('#').and_then(|(path, fragment)| {
                    Some((path, fragment.strip_prefix(PAGE_MARK).and_then(PageNumber::parse)?))
                });
                let path = |encoded: &str| path_from_bytes(percent_decode_str(encoded).collect());
                page.map_or_else(|| Self::File(path(encoded)), |(encoded, page)| Self::Page(path(encoded), page))
            }
            None => Self::File(PathBuf::from(text)),
        }
    }

    /// Whether the text is a web address rather than a file.
    pub fn is_url(text: &str) -> bool {
        let head = text.get(..8).unwrap_or(text).to_ascii_lowercase();
        head.starts_with("http://") || head.starts_with("https://")
    }

    /// Whether a web address has no host (`http:///x`). URL parsers, like browsers, would use the next name as the
    /// host.
    pub fn names_no_host(text: &str) -> bool {
        let behind = text.trim().split_once("://").map(|(_, behind)| behind);
        behind.is_some_and(|behind| behind.is_empty() || behind.starts_with(['/', '\\', '?', '#']))
    }

    /// The text that the catalog stores. A path that is not UTF-8 becomes a percent-encoded `file://` URL, so that
    /// nothing is lost.
    pub fn to_text(&self) -> String {
        match self {
            Self::Url(text) | Self::Row(text) => text.clone(),
            Self::File(path) => match path.to_str() {
                Some(text) if !text.starts_with("file://") => text.to_owned(),
                _ => encoded(path),
            },
            Self::Page(path, page) => format!("{}#{PAGE_MARK}{page}", encoded(path)),
        }
    }

    /// The same for a page of this file; other locations stay as they are.
    #[must_use]
    pub fn at_page(&self, page: PageNumber) -> Self {
        match self {
            Self::File(path) => Self::Page(path.clone(), page),
            other => other.clone(),
        }
    }

    /// The document of a page; other locations are their own.
    #[must_use]
    pub fn document(&self) -> Self {
        match self {
            Self::Page(path, _) => Self::File(path.clone()),
            other => other.clone(),
        }
    }

    /// The page that it is.
    pub const fn page(&self) -> Option<PageNumber> {
        match self {
            Self::Page(_, page) => Some(*page),
            Self::File(_) | Self::Url(_) | Self::Row(_) => None,
        }
    }

    /// The texts of all pages of a file are not before the first of these, and before the second. `file` is the file's text.
    pub fn texts_of_pages(file: &str) -> Option<(String, String)> {
        let Self::File(path) = Self::parse(file) else { return None };
        let texts = format!("{}#{PAGE_MARK}", encoded(&path));
        // ':' follows the digits.
        Some((format!("{texts}0"), format!("{texts}:")))
    }

    /// The file's path, if it is a file.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::File(path) | Self::Page(path, _) => Some(path),
            Self::Url(_) | Self::Row(_) => None,
        }
    }

    /// The location of the statement with this number; `about` distinguishes it for people.
    pub fn row(number: u64, about: &str) -> Self {
        const MOST_CHARS: usize = 80;
        let about: String = about.chars().filter(|c| !c.is_control()).take(MOST_CHARS).collect();
        Self::Row(format!("{ROW}{number} {about}").trim_end().to_owned())
    }

    /// The short name in a person's language, with the page.
    pub fn shown_name(&self, lang: Lang) -> String {
        page_name(&self.short_name(), lang)
    }

    /// A short name for people: the file's name, or the last segment of the URL's path (else its host); of a page with
    /// its number.
    pub fn short_name(&self) -> String {
        let name = |path: &Path| {
            let name = path.file_name().unwrap_or(path.as_os_str());
            name.to_string_lossy().into_owned()
        };
        match self {
            Self::File(path) => name(path),
            Self::Page(path, page) => format!("{}{PAGE_WORD}{}", name(path), page.number()),
            Self::Row(_) => self.to_string(),
            Self::Url(url) => {
                let url = without_user_info(url);
                let bare = url.split(['?', '#']).next().unwrap_or(&url);
                let (_, after_scheme) = bare.split_once("://").unwrap_or(("", bare));
                let last = after_scheme.trim_end_matches('/').rsplit('/').next().unwrap_or(after_scheme);
                text_encoding::percent_decoded(last, self.host().as_deref())
            }
        }
    }

    /// The host of a URL, in lower case, without user info and port.
    pub fn host(&self) -> Option<String> {
        match self {
            Self::File(_) | Self::Page(..) | Self::Row(_) => None,
            Self::Url(url) => match Authority::plain(url) {
                Some(authority) => Some(authority.host.to_owned()),
                None => url::Url::parse(url).ok()?.host_str().map(str::to_owned),
            },
        }
    }

    /// Scheme, host and port of a URL, as `https://host[:port]` in lower case, without the scheme's default port.
    pub fn origin(&self) -> Option<String> {
        match self {
            Self::File(_) | Self::Page(..) | Self::Row(_) => None,
            Self::Url(url) => match Authority::plain(url) {
                Some(authority) => Some(authority.origin.to_owned()),
                None => Some(url::Url::parse(url.trim()).ok()?.origin().ascii_serialization()),
            },
        }
    }
}

/// The authority of a URL in normal form, which needs no parsing. Most are, and there may be millions.
struct Authority<'a> {
    /// Scheme, host, and the port if there is one.
    origin: &'a str,
    host: &'a str,
}

impl<'a> Authority<'a> {
    fn plain(url: &'a str) -> Option<Self> {
        let host_at = ["https://", "http://"].into_iter().find(|scheme| url.starts_with(scheme))?.len();
        let rest = url.get(host_at..)?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, origin) = (rest.get(..end)?, url.get(..host_at + end)?);
        let (host, port) = authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)));
        // Neither a leading zero nor the scheme's default port.
        let is_port = |port: &str| {
            port.starts_with(|first: char| first.is_ascii_digit() && first != '0')
                && port.parse::<u16>().is_ok_and(|port| port != 80 && port != 443)
        };
        let is_plain = port.is_none_or(is_port) && (is_plain_name(host) || host.parse::<std::net::Ipv4Addr>().is_ok());
        is_plain.then_some(Self { origin, host })
    }
}

/// Whether a host name consists of lower-case letters, digits and hyphens, and is neither a number nor punycode.
fn is_plain_name(host: &str) -> bool {
    let last = host.rsplit('.').next().unwrap_or_default();
    host.starts_with(|first: char| first.is_ascii_lowercase() || first.is_ascii_digit())
        && last.starts_with(|first: char| first.is_ascii_lowercase())
        && host.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.'))
        && !host.contains("..")
        && !host.contains("xn--")
}

impl fmt::Display for Locator {
    /// Without secrets: see [`shown_url`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) if is_stdin(path) => f.write_str(STDIN_NAME),
            Self::File(path) => path.display().fmt(f),
            Self::Page(path, page) => write!(f, "{}{PAGE_WORD}{}", Self::File(path.clone()), page.number()),
            Self::Url(url) => f.write_str(&shown_url(url)),
            Self::Row(text) => write!(f, "#{}", text.strip_prefix(ROW).unwrap_or(text)),
        }
    }
}

/// A name in a person's language, if it is that of a page as a [`Locator`] shows it; any other is left as it is.
pub fn page_name(name: &str, lang: Lang) -> String {
    let page = name.rsplit_once(PAGE_WORD).filter(|(_, page)| PageNumber::parse(page).is_some());
    match page {
        Some((document, page)) if lang != Lang::English => {
            Message::new("page_name").with("name", document).with("page", page).text(lang)
        }
        _ => name.to_owned(),
    }
}

/// The name of the file in which the image from standard input is kept, and of its results.
pub const STDIN_NAME: &str = "stdin";

/// How the name of that file's folder begins.
pub const STDIN_FOLDER: &str = ".pixloom-stdin-";

/// Whether a file holds the image from standard input. Its path says nothing to people.
pub fn is_stdin(path: &Path) -> bool {
    let folder = path.parent().and_then(Path::file_name).and_then(OsStr::to_str);
    path.file_name() == Some(OsStr::new(STDIN_NAME)) && folder.is_some_and(|name| name.starts_with(STDIN_FOLDER))
}

/// A URL without secrets: no user info, and no query that may contain a signature or a key.
pub fn shown_url(text: &str) -> String {
    let bare = without_user_info(text);
    let Ok(mut url) = url::Url::parse(&bare) else {
        // Its query can't be analysed.
        return bare.split_once('?').map_or_else(|| bare.clone(), |(before, _)| format!("{before}?…"));
    };
    url.set_fragment(None);
    if query_holds_secret(&url) {
        url.set_query(None);
        return format!("{url}?…");
    }
    url.to_string()
}

/// The location of an item as reports and exports give it: of a page its document's path, or its URL.
pub fn reported(locator: &Locator) -> String {
    reported_url(&locator.document().to_text())
}

/// A locator for reports and exports: as given, except for what [`shown_url`] removes. The image from standard input is
/// `-`, as on the command line.
pub fn reported_url(text: &str) -> String {
    if !Locator::is_url(text) {
        return if is_stdin(Path::new(text)) { "-".to_owned() } else { text.to_owned() };
    }
    let Ok(url) = url::Url::parse(text) else { return shown_url(text) };
    let holds_secret = query_holds_secret(&url);
    let is_marked = url.fragment().is_some_and(|fragment| fragment.starts_with(SECRET_MARK));
    let has_user = !url.username().is_empty() || url.password().is_some();
    match (holds_secret, is_marked || has_user) {
        (true, _) => shown_url(text),
        (false, true) => {
            let mut url = url;
            if is_marked {
                url.set_fragment(None);
            }
            without_user_info(url.as_str())
        }
        (false, false) => text.to_owned(),
    }
}

/// A URL without its user info. From a text that only resembles a URL, whatever may be a password is removed.
pub fn without_user_info(text: &str) -> String {
    if !Locator::is_url(text) {
        return text.split_inclusive(char::is_whitespace).map(without_user_of_word).collect();
    }
    let Ok(mut url) = url::Url::parse(text) else {
        // Its host is unknown, so anything before an `@` may be a password.
        let (scheme, rest) = text.split_once("://").unwrap_or_default();
        return rest.rsplit_once('@').map_or_else(|| text.to_owned(), |(_, host)| format!("{scheme}://{host}"));
    };
    if url.username().is_empty() && url.password().is_none() {
        return text.to_owned();
    }
    // Only a URL that can't have them refuses.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.to_string()
}

/// A word without the text before an `@`, back to its `//`, else to its first slash or its beginning. Paths and mail
/// addresses may contain an `@`, too.
fn without_user_of_word(word: &str) -> String {
    let Some((before, after)) = word.rsplit_once('@') else { return word.to_owned() };
    let double = ["//", "\\\\"].iter().filter_map(|slashes| before.rfind(slashes).map(|at| at + 2)).max();
    let begins = double.or_else(|| before.find(['/', '\\']).map(|at| at + 1)).unwrap_or(0);
    let (kept, user) = before.split_at(begins);
    let is_user = user.contains(':') || (double.is_some() && !user.contains('/'));
    if is_user { format!("{kept}{after}") } else { word.to_owned() }
}

/// Whether a query contains a signature or a key, or a URL with one.
fn query_holds_secret(url: &url::Url) -> bool {
    url.query_pairs().any(|(key, value)| looks_secret(&key) || holds_secret(&value, NESTED))
}

/// Depth of URLs within URLs that are checked.
const NESTED: u32 = 3;

fn holds_secret(value: &str, depth: u32) -> bool {
    let has_user = value
        .split_once("://")
        .is_some_and(|(_, rest)| rest.split(['/', '?', '#']).next().is_some_and(|authority| authority.contains('@')));
    let mut pairs = value.split(['?', '&', ';', '#']).filter_map(|pair| pair.split_once('='));
    has_user
        || pairs.any(|(key, _)| looks_secret(key))
        || (depth > 0
            && url::form_urlencoded::parse(format!("v={}", value.replace('&', "%26")).as_bytes())
                .any(|(_, inner)| inner != value && holds_secret(&inner, depth - 1)))
}

/// Whether a query's key is one used for signatures, tokens or keys.
fn looks_secret(key: &str) -> bool {
    const WORDS: [&str; 11] =
        ["sig", "token", "key", "auth", "credential", "secret", "passw", "pwd", "hmac", "session", "policy"];
    let key = key.to_ascii_lowercase();
    WORDS.iter().any(|word| key.contains(word))
        || matches!(key.as_str(), "hash" | "st" | "code" | "jwt" | "oh" | "hdnea")
}

/// A path as a URL.
fn encoded(path: &Path) -> String {
    format!("file://{}", percent_encode(&path_bytes(path), PATH_BYTES))
}

#[cfg(unix)]
fn path_bytes(path: &Path) -> Vec<u8> {
    use std::os::unix::ffi::OsStrExt;
    path.as_os_str().as_bytes().to_vec()
}

#[cfg(unix)]
fn path_from_bytes(bytes: Vec<u8>) -> PathBuf {
    use std::os::unix::ffi::OsStringExt;
    PathBuf::from(std::ffi::OsString::from_vec(bytes))
}

#[cfg(not(unix))]
fn path_bytes(path: &Path) -> Vec<u8> {
    path.to_string_lossy().into_owned().into_bytes()
}

#[cfg(not(unix))]
fn path_from_bytes(bytes: Vec<u8>) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_back_gives_the_same_locator() {
        for text in ["/a/b c.jpg", "https://h.example/x.png?q=1", "/tmp/100%.jpg", "relative/x.png"] {
            assert_eq!(Locator::parse(text).to_text(), text);
        }
    }

    #[test]
    fn a_page_has_a_text_of_its_own_and_a_name_in_each_language() {
        let file = Locator::File("/a/b #page=1.pdf".into());
        let page = PageNumber::new(3, 12).map(|page| file.at_page(page));
        let Some(page) = page else { panic!("page 3 is one") };
        assert_eq!(page.to_text(), "file:///a/b%20%23page=1.pdf#page=03");
        assert_eq!(Locator::parse(&page.to_text()), page);
        assert_eq!((page.path(), page.document()), (file.path(), file.clone()));
        let texts = Locator::texts_of_pages(&file.to_text());
        assert!(texts.is_some_and(|(first, end)| first <= page.to_text() && page.to_text() < end));
        assert_eq!(page.to_string(), "/a/b #page=1.pdf, page 3");
        assert_eq!(page.shown_name(Lang::Korean), "b #page=1.pdf 3페이지");
        assert_eq!(reported(&page), "/a/b #page=1.pdf");
        assert_eq!(Locator::parse("file:///a#page=0"), Locator::File("/a#page=0".into()), "no page has that number");
    }

    #[cfg(unix)]
    #[test]
    fn a_path_that_is_not_utf8_survives_the_catalog() {
        let path = Locator::File(path_from_bytes(b"/tmp/\xff\xfe 1%.jpg".to_vec()));
        assert_eq!(Locator::parse(&path.to_text()), path);
    }

    /// The result must equal that of parsing.
    fn check_origin(text: &str) {
        let parsed = url::Url::parse(text).ok();
        let (host, origin) = (
            parsed.as_ref().and_then(|url| url.host_str().map(str::to_owned)),
            parsed.as_ref().map(|url| url.origin().ascii_serialization()),
        );
        let locator = Locator::Url(text.to_owned());
        assert_eq!((locator.host(), locator.origin()), (host, origin), "{text:?}");
    }

    #[test]
    fn the_authority_in_normal_form_equals_the_parsed_one() {
        for plain in
            ["http://h.example/a", "https://h-1.example:8443?x", "http://127.0.0.1:8080/i/1.jpg", "http://a1#f"]
        {
            assert!(Authority::plain(plain).is_some(), "{plain}");
            check_origin(plain);
        }
        for other in [
            "http://H.example/",
            "http://h.example:80/",
            "https://h.example:443/",
            "http://h.example:/",
            "http://1/",
            "http://0x7f.1/",
            "http://h.0x1/",
            "http://127.0.0.01/",
            "http://me@h.example/",
            "http://xn--nxasmq6b/",
            "http://h.example./",
            "http://h..example/",
            "http://h.example:099/",
            "http://h.example:70000/",
            "http:///x",
            "http://h\\x",
            "http://h\t.example/",
            "http://한국.example/",
            "http://[::1]/",
            "http://-h/",
            "http://",
            "http://.",
        ] {
            assert!(Authority::plain(other).is_none(), "{other}");
            check_origin(other);
        }
    }

    proptest::proptest! {
        #[test]
        fn the_quick_origin_equals_the_parsed_one(rest in "[a-c0-2xn.:/@%#?\\\\A-]{0,12}") {
            check_origin(&format!("http://{rest}"));
            check_origin(&format!("https://{rest}/a"));
        }
    }

    #[test]
    fn a_text_that_resembles_a_link_shows_no_password_either() {
        for (text, shown) in [
            ("ftp://me:pw@h/x", "ftp://h/x"),
            ("http:/me:pw@h/x", "http:/h/x"),
            ("http//me:p/w@h", "http//h"),
            ("//me:pw@h/x", "//h/x"),
            ("see <http://me:pw@h/x> now", "see <http://h/x> now"),
            ("http//h/@me/x", "http//h/@me/x"),
            ("me:pw@h", "h"),
            ("me@h.example @ all", "me@h.example @ all"),
        ] {
            assert_eq!(without_user_info(text), shown, "{text}");
        }
    }

    #[test]
    fn nothing_secret_is_shown() {
        for (url, shown) in [
            ("https://me:pw@h.example/a.jpg?X-Amz-Signature=abc#f", "https://h.example/a.jpg?…"),
            ("http://h.example:81/a?id=7&w=2", "http://h.example:81/a?id=7&w=2"),
            ("http://me:p@w@[bad/a", "http://[bad/a"),
        ] {
            assert_eq!(Locator::parse(url).to_string(), shown);
        }
        for (url, reported) in [
            ("http://h.example/a?X-Amz-Signature=abc", "http://h.example/a?…"),
            ("http://H.example/a?access_token=abc&b#c", "http://h.example/a?…"),
            ("http://h.example/a?sig=abc", "http://h.example/a?…"),
            ("http://h.example/a?to=http%3A%2F%2Fi.example%2Fb%3Fsignature%3Dabc", "http://h.example/a?…"),
            (
                "http://h.example/a?to=http%253A%252F%252Fi.example%252Fb%253Fw%253D1%2526sig%253Dabc",
                "http://h.example/a?…",
            ),
            ("http://h.example/a?to=http://me:pw@i.example/", "http://h.example/a?…"),
            (
                "http://h.example/a?to=http%3A%2F%2Fi.example%2Fb%3Fw%3D1",
                "http://h.example/a?to=http%3A%2F%2Fi.example%2Fb%3Fw%3D1",
            ),
            ("HTTP://H.example/a b?id=7#part", "HTTP://H.example/a b?id=7#part"),
            ("http://me:pw@h.example/a#part", "http://h.example/a#part"),
            ("http://h.example/a#pixloom-secret=1", "http://h.example/a"),
            ("http://h:port/a?token=abc", "http://h:port/a?…"),
            ("/photos/a?token=abc.jpg", "/photos/a?token=abc.jpg"),
        ] {
            assert_eq!(reported_url(url), reported);
        }
        assert_eq!(without_user_info("https://me@h/a?key=1"), "https://h/a?key=1");
        assert_eq!(without_user_info("/photos/me@home.jpg"), "/photos/me@home.jpg");
    }

    #[test]
    fn short_names_are_file_names_or_hosts() {
        assert_eq!(Locator::parse("https://h.example/a/%ED%95%9C.jpg?x").short_name(), "한.jpg");
        assert_eq!(Locator::parse("https://me:pw@h.example/").short_name(), "h.example");
        assert_eq!(Locator::parse("/a/b.jpg").short_name(), "b.jpg");
    }
}
