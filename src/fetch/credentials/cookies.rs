//! Cookies: those of a file, and those that the servers of one redirect chain set. They go to the sites that they are
//! for (RFC 6265), in memory only.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use cookie_store::{CookieStore, RawCookie};
use reqwest::header::{COOKIE, HeaderMap, HeaderValue, SET_COOKIE};
use url::{Host, Url};

use super::secrets::AccessError;
use crate::model::{Locator, Message};
use crate::store;

/// Largest file of cookies in bytes.
const MAX_FILE_BYTES: u64 = 16 << 20;
/// Most cookies that the servers of one chain may set.
const MAX_COOKIES: usize = 200;
/// The cookies of one redirect chain.
#[derive(Debug, Default)]
pub(crate) struct ChainCookies {
    store: Option<CookieStore>,
    count: usize,
}

impl ChainCookies {
    /// Notes the cookies that a response sets.
    pub(crate) fn note(&mut self, headers: &HeaderMap, url: &Url) {
        for header in headers.get_all(SET_COOKIE) {
            let Ok(mut cookie) = RawCookie::parse(String::from_utf8_lossy(header.as_bytes()).into_owned()) else {
                continue;
            };
            if self.count >= MAX_COOKIES {
                return;
            }
            if let Some(domain) = cookie.domain().and_then(public_suffix) {
                if url.host_str() != Some(&domain) {
                    continue;
                }
                // Only for this host.
                cookie.unset_domain();
            }
            let store = self.store.get_or_insert_with(CookieStore::default);
            self.count += usize::from(store.insert_raw(&cookie, url).is_ok());
        }
    }

    /// How many were noted so far.
    pub(crate) const fn count(&self) -> usize {
        self.count
    }

    /// Adds the cookies for a URL to the headers of a request; those of the chain replace those of the file.
    pub(crate) fn add_to(&self, headers: &mut HeaderMap, url: &Url, file: Option<&CookieStore>) {
        let mut cookies: Vec<(&str, &str)> = Vec::new();
        for store in self.store.iter().chain(file) {
            for (name, value) in store.get_request_values(url) {
                if !cookies.iter().any(|(other, _)| *other == name) {
                    cookies.push((name, value));
                }
            }
        }
        if cookies.is_empty() {
            return;
        }
        let mut line = headers.get(COOKIE).map_or_else(Vec::new, |own| own.as_bytes().to_vec());
        for (name, value) in cookies {
            if !line.is_empty() {
                line.extend(b"; ");
            }
            line.extend(format!("{name}={value}").as_bytes());
        }
        if let Ok(mut value) = HeaderValue::from_bytes(&line) {
            value.set_sensitive(true);
            headers.insert(COOKIE, value);
        }
    }
}

/// A cookie's domain, if it is one under which others register theirs (`com`, `co.uk`, `github.io`) rather than a site
/// (RFC 6265, 5.3, step 5).
fn public_suffix(domain: &str) -> Option<String> {
    use psl::Psl as _;
    let domain = idna_of(domain)?;
    let suffix = psl::List.suffix(domain.as_bytes())?;
    (suffix.as_bytes() == domain.as_bytes()).then_some(domain)
}

/// A domain in lower-case ASCII, as URLs have it.
fn idna_of(domain: &str) -> Option<String> {
    match Host::parse(domain.trim_matches('.')).ok()? {
        Host::Domain(domain) => Some(domain),
        Host::Ipv4(_) | Host::Ipv6(_) => None,
    }
}

/// The cookies of a file in Netscape's format, as browsers' extensions, curl and wget write it.
pub(crate) fn of_file(path: &Path) -> Result<CookieStore, AccessError> {
    use std::io::Read as _;
    let wrong = |detail: String| AccessError::file(path, detail);
    let opened = store::of_path(path).open(&Locator::File(path.to_path_buf()));
    let mut bytes = Vec::new();
    let read = opened.and_then(|file| file.take(MAX_FILE_BYTES).read_to_end(&mut bytes));
    read.map_err(|error| wrong(Message::from(&error).to_string()))?;
    let text = String::from_utf8_lossy(&bytes);
    let mut store = CookieStore::default();
    let (mut lines, mut cookies) = (0, 0);
    for line in text.lines().map(|line| line.trim_end_matches('\r')) {
        let line = line.strip_prefix("#HttpOnly_").unwrap_or(line);
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        lines += 1;
        cookies += usize::from(put_line(&mut store, line).is_some());
    }
    if lines > 0 && cookies == 0 {
        return Err(wrong("it is not a cookies.txt file in Netscape's format".to_owned()));
    }
    Ok(store)
}

/// Adds the cookie of a line: domain, whether its subdomains are meant, path, whether only for https, expiry in seconds
/// since 1970 (0 for none), name, value. An expired one is read too, but never sent.
fn put_line(store: &mut CookieStore, line: &str) -> Option<()> {
    let mut fields = line.splitn(7, '\t');
    let mut next = || fields.next();
    let (domain, subdomains, path, secure, expires, name) = (next()?, next()?, next()?, next()?, next()?, next()?);
    let value = next().unwrap_or_default();
    let host = domain.trim_start_matches('.');
    let is_yes = |text: &str| text.eq_ignore_ascii_case("true");
    let scheme = if is_yes(secure) { "https" } else { "http" };
    let url = Url::parse(&format!("{scheme}://{host}{path}")).ok()?;
    let expires = expires.split('.').next()?.parse::<u64>().ok()?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    if expires != 0 && expires <= now {
        return Some(());
    }
    let mut cookie = RawCookie::new(name.to_owned(), value.to_owned());
    cookie.set_path(path.to_owned());
    cookie.set_secure(is_yes(secure));
    // An address has no subdomains.
    if is_yes(subdomains) && matches!(url.host(), Some(Host::Domain(_))) {
        cookie.set_domain(host.to_owned());
    }
    store.insert_raw(&cookie, &url).ok().map(|_| ())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::super::cookies::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    /// In alphabetical order.
    fn sent(chain: &ChainCookies, at: &str, file: Option<&CookieStore>) -> Option<String> {
        let mut headers = HeaderMap::new();
        chain.add_to(&mut headers, &url(at), file);
        let line = headers.get(COOKIE)?.to_str().unwrap();
        let mut cookies: Vec<_> = line.split("; ").collect();
        cookies.sort_unstable();
        Some(cookies.join("; "))
    }

    fn chain(cookies: &[&str], at: &str) -> ChainCookies {
        let mut headers = HeaderMap::new();
        for cookie in cookies {
            headers.append(SET_COOKIE, cookie.parse().unwrap());
        }
        let mut chain = ChainCookies::default();
        chain.note(&headers, &url(at));
        chain
    }

    /// RFC 6265, 5.1.3, 5.1.4 and 5.4.
    #[test]
    fn cookies_of_a_chain_go_to_their_own_site() {
        let cookies =
            ["a=1", "b=2; Domain=example.com; Path=/p", "c=3; Domain=other.com", "d=4; Domain=com", "e=5; Secure"];
        let chain = chain(&cookies, "https://www.example.com/p/q");
        assert_eq!(sent(&chain, "https://www.example.com/p/x", None).as_deref(), Some("a=1; b=2; e=5"));
        assert_eq!(sent(&chain, "http://www.example.com/", None), None);
        assert_eq!(sent(&chain, "https://img.example.com/p", None).as_deref(), Some("b=2"));
        assert_eq!(sent(&chain, "https://example.com.evil/p/", None), None);
        assert_eq!(sent(&chain, "https://other.com/", None), None);
        assert_eq!(chain.count(), 3);
    }

    /// The public suffix list of Mozilla, as curl and browsers use it.
    #[test]
    fn a_cookie_for_a_domain_under_which_others_register_is_refused() {
        for (domain, at, other, is_accepted) in [
            ("co.uk", "http://a.co.uk/", "http://b.co.uk/", false),
            (".CO.UK.", "http://a.co.uk/", "http://b.co.uk/", false),
            ("github.io", "http://me.github.io/", "http://you.github.io/", false),
            ("s3.amazonaws.com", "http://me.s3.amazonaws.com/", "http://you.s3.amazonaws.com/", false),
            ("co.kr", "http://shop.co.kr/", "http://bank.co.kr/", false),
            ("한국", "http://a.xn--3e0b707e/", "http://b.xn--3e0b707e/", false),
            ("ck", "http://a.ck/", "http://b.ck/", false),
            ("www.ck", "http://www.ck/", "http://img.www.ck/", true),
            ("internal", "http://a.internal/", "http://b.internal/", false),
            ("example.co.uk", "http://a.example.co.uk/", "http://b.example.co.uk/", true),
            ("me.github.io", "http://me.github.io/", "http://img.me.github.io/", true),
        ] {
            let chain = chain(&[&format!("a=1; Domain={domain}")], at);
            assert_eq!(sent(&chain, other, None).is_some(), is_accepted, "{domain}");
            assert_eq!(sent(&chain, at, None).is_some(), is_accepted, "{domain}");
        }
        // A host that is such a domain itself may have cookies of its own.
        for host in ["github.io", "localhost"] {
            let chain = chain(&[&format!("a=1; Domain={host}")], &format!("http://{host}/"));
            assert_eq!(sent(&chain, &format!("http://{host}/x"), None).as_deref(), Some("a=1"));
            assert_eq!(sent(&chain, &format!("http://you.{host}/"), None), None);
        }
    }

    #[test]
    fn a_file_of_cookies_is_read_as_curl_and_wget_read_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("cookies.txt");
        let text = "# Netscape HTTP Cookie File\r\n\n.example.com\tTRUE\t/\tFALSE\t0\tall\t1\r\n\
            www.example.com\tFALSE\t/p\tTRUE\t4102444800\tsecure\t2\n#HttpOnly_example.com\tFALSE\t/\tFALSE\t0\tonly\ta=b\n\
            .example.com\tTRUE\t/\tFALSE\t1\told\tx\n127.0.0.1\tTRUE\t/\tFALSE\t0\tip\t\n";
        std::fs::write(&path, text).unwrap();
        let file = of_file(&path).unwrap();
        let none = ChainCookies::default();
        let sent = |at| sent(&none, at, Some(&file));
        assert_eq!(sent("http://img.example.com/x").as_deref(), Some("all=1"));
        assert_eq!(sent("https://www.example.com/p").as_deref(), Some("all=1; secure=2"));
        assert_eq!(sent("http://127.0.0.1:81/").as_deref(), Some("ip="));
        assert_eq!(sent("http://other.example/"), None);
        assert_eq!(sent("http://example.com/").as_deref(), Some("all=1; only=a=b"));
        let chain = chain(&["all=9"], "http://img.example.com/");
        assert_eq!(super::tests::sent(&chain, "http://img.example.com/", Some(&file)).as_deref(), Some("all=9"));
        std::fs::write(&path, "a=b; c=d\n").unwrap();
        assert!(of_file(&path).unwrap_err().to_string().contains("cookies.txt"));
        assert!(of_file(&dir.path().join("none")).is_err());
    }
}
