//! robots.txt according to RFC 9309: groups by product token; the longest matching rule wins, Allow if two are equally
//! long.
//!
//! Only parsing and matching: `robots_policy` decides when it is fetched and applied.

/// Our product token.
pub(crate) const TOKEN: &str = "pixloom";
/// Bytes of a robots.txt that are read (RFC 9309, 2.5, requires at least 500 KiB).
pub(crate) const MAX_BYTES: usize = 500 * 1024;
/// Longest pattern in bytes; longer ones are ignored.
const MAX_PATTERN_BYTES: usize = 4096;

/// The rules of a robots.txt for us.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rules(Vec<Rule>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    allows: bool,
    /// Normalised: see [`normal`].
    pattern: Box<str>,
}

/// Which robots a group applies to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Speaks {
    Elsewhere,
    ToAll,
    ToUs,
}

/// Whether the rules of a robots.txt let Pixloom fetch a path (with its query).
pub fn robots_allow(robots_txt: &[u8], path_and_query: &str) -> bool {
    Rules::parse(robots_txt).allow(path_and_query)
}

impl Rules {
    /// Reads the rules of our group, or of `*` if there is none. Invalid lines are skipped.
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let is_cut = bytes.len() > MAX_BYTES;
        let bytes = bytes.get(..MAX_BYTES).unwrap_or(bytes);
        // A truncated line could mean the opposite.
        let whole = if is_cut {
            bytes.iter().rposition(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(0)
        } else {
            bytes.len()
        };
        let text = String::from_utf8_lossy(bytes.get(..whole).unwrap_or(bytes));
        let text = text.trim_start_matches('\u{feff}');
        let (mut ours, mut for_all, mut names_us) = (Vec::new(), Vec::new(), false);
        let (mut speaks, mut in_heads) = (Speaks::Elsewhere, false);
        for line in text.split(['\n', '\r']) {
            let line = line.split('#').next().unwrap_or_default();
            let Some((key, value)) = line.split_once(':') else { continue };
            let (key, value) = (key.trim(), value.trim());
            if key.eq_ignore_ascii_case("user-agent") {
                let to = whom(value);
                speaks = if in_heads { speaks.max(to) } else { to };
                in_heads = true;
                names_us |= to == Speaks::ToUs;
                continue;
            }
            let allows = key.eq_ignore_ascii_case("allow");
            if !allows && !key.eq_ignore_ascii_case("disallow") {
                // Other lines (Sitemap, Crawl-delay) are not rules and do not end a group.
                continue;
            }
            in_heads = false;
            if value.is_empty() || value.len() > MAX_PATTERN_BYTES {
                continue;
            }
            let rule = Rule { allows, pattern: normal(value).into() };
            match speaks {
                Speaks::ToUs => ours.push(rule),
                Speaks::ToAll => for_all.push(rule),
                Speaks::Elsewhere => {}
            }
        }
        Self(if names_us { ours } else { for_all })
    }

    /// Whether a path with its query, as in a URL, may be requested.
    pub(crate) fn allow(&self, path_and_query: &str) -> bool {
        let path = normal(path_and_query);
        if path == "/robots.txt" {
            return true;
        }
        let matching = self.0.iter().filter(|rule| matches(&rule.pattern, &path));
        matching.max_by_key(|rule| (rule.pattern.len(), rule.allows)).is_none_or(|rule| rule.allows)
    }

    /// Size of the rules in bytes.
    pub(crate) fn size_bytes(&self) -> usize {
        self.0.iter().map(|rule| rule.pattern.len() + size_of::<Rule>()).sum()
    }
}

/// Which robots a user-agent line applies to; anything after the token (`Pixloom/1.0`) is ignored.
fn whom(value: &str) -> Speaks {
    if value.starts_with('*') {
        return Speaks::ToAll;
    }
    let end = value.find(|c: char| !c.is_ascii_alphabetic() && c != '-' && c != '_').unwrap_or(value.len());
    let token = value.get(..end).unwrap_or_default();
    if token.eq_ignore_ascii_case(TOKEN) { Speaks::ToUs } else { Speaks::Elsewhere }
}

/// The normal form of a path or pattern (RFC 9309, 2.2.2): non-ASCII characters are escaped, unreserved characters are
/// not, and escapes are in upper case.
fn normal(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut normal = String::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escaped = (byte == b'%').then(|| bytes.get(at + 1..at + 3)).flatten().and_then(hex);
        let (value, is_plain) = match escaped {
            Some(value) => (value, value.is_ascii_alphanumeric() || b"-._~".contains(&value)),
            None => (byte, byte.is_ascii_graphic()),
        };
        if is_plain {
            normal.push(value as char);
        } else {
            use std::fmt::Write as _;
            // Writing to a String can't fail.
            let _ = write!(normal, "%{value:02X}");
        }
        at += if escaped.is_some() { 3 } else { 1 };
    }
    normal
}

fn hex(digits: &[u8]) -> Option<u8> {
    let digits = std::str::from_utf8(digits).ok().filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
    u8::from_str_radix(digits, 16).ok()
}

/// Whether a pattern matches the beginning of a path: `*` matches any characters, a final `$` the end. Each part is
/// searched once, from left to right, so that the time is linear.
fn matches(pattern: &str, path: &str) -> bool {
    let (pattern, to_the_end) = match pattern.strip_suffix('$') {
        Some(pattern) => (pattern, true),
        None => (pattern, false),
    };
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = path.strip_prefix(first) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return !to_the_end || rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if to_the_end && parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(found) => rest = rest.get(found + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::super::robots_txt::*;

    fn allows(text: &str, path: &str) -> bool {
        Rules::parse(text.as_bytes()).allow(path)
    }

    /// A robots.txt, then an allowed path and a disallowed one; `-` means none.
    fn check(cases: &[(&str, &str, &str)]) {
        for (text, open, closed) in cases {
            assert!(*open == "-" || allows(text, open), "{text:?} allows {open}");
            assert!(*closed == "-" || !allows(text, closed), "{text:?} disallows {closed}");
        }
    }

    #[test]
    fn the_simple_example_of_the_standard() {
        let text = "User-Agent: *\nDisallow: *.gif$\nDisallow: /example/\nAllow: /publications/\n\n\
                    User-Agent: foobot\nDisallow:/\nAllow:/example/page.html\nAllow:/example/allowed.gif\n\n\
                    User-Agent: barbot\nUser-Agent: bazbot\nDisallow: /example/page.html\n\nUser-Agent: quxbot\n";
        check(&[
            (text, "/publications/x", "/x.gif"),
            (text, "/x.gif?y", "/example/page.html"),
            (text, "/", "/a/b.gif"),
        ]);
        let as_foobot = text.replace("foobot", "Pixloom");
        check(&[(&as_foobot, "/example/page.html", "/publications/"), (&as_foobot, "/example/allowed.gif", "/x")]);
        check(&[(&text.replace("bazbot", "PIXLOOM"), "/x.gif", "/example/page.html")]);
        check(&[(&text.replace("quxbot", "pixloom"), "/example/", "-")]);
    }

    #[test]
    fn the_longest_rule_wins_and_allow_if_two_are_equally_long() {
        let text = "User-Agent: foobot\nAllow: /example/page/\nDisallow: /example/page/disallowed.gif\n";
        let text = text.replace("foobot", "pixloom");
        check(&[(&text, "/example/page/x", "/example/page/disallowed.gif")]);
        check(&[
            ("user-agent:*\ndisallow:/page\nallow:/page", "/page", "-"),
            ("user-agent:*\nallow:/page\ndisallow:/page", "/page", "-"),
            ("user-agent:*\ndisallow:/\nallow:/p", "/page", "/x"),
            ("user-agent:*\nallow:/$\ndisallow:/", "/", "/page.htm"),
            ("user-agent:*\nallow:/page\ndisallow:/*.htm", "/page", "/page.htm"),
            ("user-agent:*\nallow:/page\ndisallow:/*.ph", "/page.ph", "-"),
        ]);
    }

    #[test]
    fn stars_and_ends_are_matched() {
        let rule = |pattern: &str| format!("user-agent: *\ndisallow: {pattern}");
        for (pattern, hits, misses) in [
            ("/fish", "/fish /fish.html /fish/salmon /fishheads /fish?id=1", "/Fish.asp /catfish /desert/fish"),
            ("/fish*", "/fish /fishheads/yummy.html", "/Fish.asp /catfish"),
            ("/fish/", "/fish/ /fish/?id=1 /fish/salmon.htm", "/fish /fish.html /animals/fish/"),
            ("/*.php", "/index.php /folder/filename.php?p=1 /a.php/ /x.php5", "/ /windows.PHP /index?php"),
            ("/*.php$", "/filename.php /folder/a.php", "/a.php?p /a.php/ /a.php5"),
            ("/fish*.php", "/fish.php /fishheads/catfish.php?x", "/Fish.PHP /fish"),
            ("/a*b*c$", "/abc /aXbXc /abcbc /abbc", "/abcd /acb /ab"),
            ("*", "/ /x", "-"),
            ("$", "-", "/ /x"),
            ("/$x", "/$x", "/ /x"),
            ("/a**b", "/ab /axb", "/a"),
            ("/x*$", "/x /xyz", "/y"),
        ] {
            for path in hits.split(' ').filter(|path| *path != "-") {
                assert!(!allows(&rule(pattern), path), "{pattern} hits {path}");
            }
            for path in misses.split(' ').filter(|path| *path != "-") {
                assert!(allows(&rule(pattern), path), "{pattern} misses {path}");
            }
        }
    }

    #[test]
    fn escapes_are_compared_in_normal_form() {
        for (pattern, path) in [
            ("/foo/bar?baz=quz", "/foo/bar?baz=quz"),
            ("/foo/bar?baz=https://foo.bar", "/foo/bar?baz=https://foo.bar"),
            ("/foo/bar/ツ", "/foo/bar/%E3%83%84"),
            ("/foo/bar/%E3%83%84", "/foo/bar/%e3%83%84"),
            ("/foo/bar/%62%61%7A", "/foo/bar/baz"),
            ("/a%2fb", "/a%2Fb"),
            ("/100%", "/100%"),
        ] {
            assert!(!allows(&format!("user-agent: *\ndisallow: {pattern}"), path), "{pattern} {path}");
        }
        assert!(allows("user-agent: *\ndisallow: /a%2fb", "/a/b"));
    }

    #[test]
    fn groups_are_found_by_token_merged_and_left_by_the_next() {
        check(&[
            ("user-agent: pixloom\ndisallow: /a\n\nuser-agent: pixloom\ndisallow: /b", "/c", "/b"),
            ("user-agent: pixloom\ndisallow: /a\n\nuser-agent: pixloom\ndisallow: /b", "/", "/a"),
            ("user-agent: *\ndisallow: /\nuser-agent: pixloom\ndisallow: /x", "/a", "/x"),
            ("user-agent: Pixloom/0.1 (x)\ndisallow: /", "-", "/a"),
            ("user-agent: pixloombot\ndisallow: /", "/a", "-"),
            ("user-agent: pix\ndisallow: /", "/a", "-"),
            ("disallow: /\nuser-agent: *\ndisallow: /x", "/a", "/x"),
            ("user-agent: a\nsitemap: x\nuser-agent: *\ncrawl-delay: 1\ndisallow: /x", "/a", "/x"),
            ("\u{feff}USER-AGENT : *\r\nDISALLOW : /x # all\r\nnonsense\r\n", "/a", "/x"),
            ("user-agent: *\rdisallow: /x\r", "/a", "/x"),
            ("user-agent: *\ndisallow:", "/a", "-"),
            ("user-agent: *\ndisallow: /", "/robots.txt", "/a"),
            ("<html>disallow: /</html>", "/a", "-"),
            ("", "/a", "-"),
        ]);
    }

    #[test]
    fn long_or_binary_files_neither_hang_nor_panic() {
        let stars = format!("user-agent: *\ndisallow: /{}z$\n", "*a".repeat(2000));
        let path = format!("/{}", "a".repeat(20_000));
        assert!(allows(&stars, &path));
        let mut long = b"user-agent: *\ndisallow: /x\n".to_vec();
        long.resize(MAX_BYTES - 14, b'#');
        long.extend(b"\nallow: /x/open-and-cut-off-here");
        assert!(!Rules::parse(&long).allow("/x/open"));
        assert!(Rules::parse(&[0xff, 0, b':', b'\n', 0xfe]).allow("/%"));
        assert!(Rules::parse(b"user-agent: *\ndisallow: /%zz%f").allow("/a"));
        assert!(Rules::default().size_bytes() == 0 && Rules::parse(b"user-agent: *\ndisallow: /a").size_bytes() > 2);
    }
}
