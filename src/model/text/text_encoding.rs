//! Text in other encodings than UTF-8, such as EUC-KR or Shift-JIS: which one it is, and its characters.
//!
//! Text is never decoded with U+FFFD in place of bytes: two names would become one.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::sync::OnceLock;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{BIG5, EUC_JP, EUC_KR, Encoding, GBK, SHIFT_JIS, WINDOWS_1252};
use percent_encoding::percent_decode_str;

use crate::model::Message;

/// Domains with two letters that say nothing about a country.
const GENERIC_DOMAINS: [&str; 10] = ["ai", "cc", "co", "fm", "io", "ly", "me", "sh", "tv", "ws"];

/// Bytes as text: UTF-8 (also if they are valid UTF-8 by chance), else the encoding that fits best, guided
/// by the country of `host` or of the locale. Bytes that
/// fit no encoding are written as in a URL, such as `%FF`.
pub fn decoded(bytes: &[u8], host: Option<&str>) -> String {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return text.to_owned();
    }
    if is_damaged_utf8(bytes) {
        return escaped(bytes);
    }
    let country = country_of(host);
    let guess = guess(bytes, country.as_deref());
    let others = [EUC_KR, SHIFT_JIS, GBK, BIG5, EUC_JP, WINDOWS_1252];
    std::iter::once(guess)
        .chain(others)
        .find_map(|encoding| strictly(bytes, encoding))
        .unwrap_or_else(|| escaped(bytes))
}

/// A file's name as text, in whatever encoding it was written: archives from Windows often leave names in its code page.
pub fn of_name(name: &OsStr) -> String {
    name.to_str().map_or_else(|| decoded(name.as_encoded_bytes(), None), str::to_owned)
}

/// Percent-encoded text, decoded.
pub fn percent_decoded(text: &str, host: Option<&str>) -> String {
    let bytes: Vec<u8> = percent_decode_str(text).collect();
    decoded(&bytes, host)
}

/// Bytes in the encoding of this name (a label of the Encoding standard, such as `euc-kr` or `cp949`); `None` if it is
/// unknown or does not fit.
pub fn decoded_as(bytes: &[u8], label: &str) -> Option<String> {
    strictly(bytes, encoding_named(label)?)
}

/// The encoding of this name, such as `euc-kr`, `cp949`, `sjis`, `utf-16` or `latin1`.
pub fn encoding_named(name: &str) -> Option<&'static Encoding> {
    let name = name.trim().to_ascii_lowercase();
    if let Some(encoding) = Encoding::for_label(name.as_bytes()) {
        return Some(encoding);
    }
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let label = match plain.as_str() {
        // Names that other programs use; `uhc` and `cp949` are what the standard calls EUC-KR.
        "cp949" | "ms949" | "uhc" | "windows949" => "euc-kr",
        "cp932" | "ms932" | "windows932" | "shiftjis" => "shift_jis",
        "cp936" | "ms936" => "gbk",
        "cp950" | "ms950" => "big5",
        "cp65001" => "utf-8",
        "utf16" | "utf16le" => "utf-16le",
        "utf16be" => "utf-16be",
        "eucjp" => "euc-jp",
        other => match other.strip_prefix("cp").or_else(|| other.strip_prefix("windows")) {
            Some(page) => return Encoding::for_label(format!("windows-{page}").as_bytes()),
            None => other,
        },
    };
    Encoding::for_label(label.as_bytes())
}

/// The name of an encoding, if there is one of this name.
pub fn checked_name(name: &str) -> Result<String, Message> {
    match encoding_named(name) {
        Some(_) => Ok(name.trim().to_owned()),
        None => Err(Message::new("encoding_unknown").with("encoding", name)),
    }
}

/// The encoding that bytes which are not UTF-8 probably have. `country` is a top-level domain, such as `kr`.
pub fn guess(bytes: &[u8], country: Option<&str>) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    let guess = detector.guess(country.map(str::as_bytes), Utf8Detection::Deny);
    // A few syllables look like letters of other scripts to the detector. No such text consists of syllables by chance.
    if country.is_none() && guess.is_single_byte() && is_hangul(bytes) { EUC_KR } else { guess }
}

/// Whether all characters that are not ASCII are syllables of KS X 1001.
fn is_hangul(bytes: &[u8]) -> bool {
    strictly(bytes, EUC_KR).is_some_and(|text| text.chars().all(|c| c.is_ascii() || ('가'..='힣').contains(&c)))
        && bytes.iter().filter(|byte| !byte.is_ascii()).count() >= 4
}

/// The encoding of a long text, guided by the locale; `None` if it is UTF-8, perhaps with a few damaged characters, or
/// the beginning of such a text.
pub fn detected(bytes: &[u8]) -> Option<&'static Encoding> {
    let (mut good, mut bad) = (0_usize, 0_usize);
    let mut chunks = bytes.utf8_chunks().peekable();
    while let Some(chunk) = chunks.next() {
        good += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        // The last character may be cut off.
        let is_cut = chunks.peek().is_none() && chunk.invalid().first().is_some_and(|byte| *byte >= 0xC2);
        let is_whole = chunk.invalid().is_empty() || (is_cut && good > 0);
        bad += usize::from(!is_whole);
    }
    (bad > 0 && good <= 3 * bad).then(|| guess(bytes, country_of(None).as_deref()))
}

/// The country of a host's top-level domain, else that of the locale, as a top-level domain.
pub fn country_of(host: Option<&str>) -> Option<String> {
    let domain = host.and_then(|host| host.trim_end_matches('.').rsplit('.').next()).map(str::to_ascii_lowercase);
    let is_country = |domain: &String| {
        let is_two_letters = domain.len() == 2 && domain.bytes().all(|byte| byte.is_ascii_lowercase());
        (is_two_letters && !GENERIC_DOMAINS.contains(&domain.as_str()))
            || (domain.starts_with("xn--") && domain.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'))
    };
    domain.filter(is_country).or_else(|| country_of_locale().map(str::to_owned))
}

fn country_of_locale() -> Option<&'static str> {
    static COUNTRY: OnceLock<Option<String>> = OnceLock::new();
    let country = || {
        let names = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter();
        country_in(&names.filter_map(|name| std::env::var(name).ok()).find(|value| !value.is_empty())?)
    };
    COUNTRY.get_or_init(country).as_deref()
}

/// The country in a locale such as `ko_KR.UTF-8`, if its texts have a legacy encoding of their own.
fn country_in(locale: &str) -> Option<String> {
    let bare = locale.split(['.', '@']).next().unwrap_or_default().replace('-', "_");
    let (language, country) = bare.split_once('_').unwrap_or((&bare, ""));
    let country = match (language, country) {
        ("ko", _) => "kr",
        ("ja", _) => "jp",
        ("zh", "TW" | "HK" | "MO" | "Hant") => "tw",
        ("zh", _) => "cn",
        // Western texts are the detector's default.
        ("C" | "POSIX" | "en" | "", _) => return None,
        (_, country) if country.len() == 2 => return Some(country.to_ascii_lowercase()),
        (language, _) if language.len() == 2 => language,
        _ => return None,
    };
    Some(country.to_owned())
}

/// The text, if the bytes fit the encoding and are printable in it.
fn strictly(bytes: &[u8], encoding: &'static Encoding) -> Option<String> {
    let text = encoding.decode_without_bom_handling_and_without_replacement(bytes)?;
    // These would be removed from names. The private use area is where some decoders put unassigned bytes.
    let is_odd = |c: char| matches!(c, '\u{80}'..='\u{9f}' | '\u{fffd}' | '\u{e000}'..='\u{f8ff}');
    (!text.contains(is_odd)).then(|| text.into_owned())
}

/// Whether bytes are UTF-8 except for a few, such as a name that was cut within a character.
fn is_damaged_utf8(bytes: &[u8]) -> bool {
    let (mut good, mut bad) = (0_usize, 0_usize);
    for chunk in bytes.utf8_chunks() {
        // Pairs of bytes are found by chance in other encodings, longer sequences hardly ever.
        good += chunk.valid().chars().filter(|c| c.len_utf8() >= 3).count();
        bad += usize::from(!chunk.invalid().is_empty());
    }
    good > 2 * bad
}

/// Valid UTF-8 unchanged, other bytes as in a URL.
fn escaped(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn legacy_names_are_decoded_by_their_country() {
        for (label, text, host) in [
            ("euc-kr", "사진 1.jpg", "shop.co.kr"),
            ("euc-kr", "똠방각하.jpg", "shop.kr"),
            ("euc-kr", "사진.jpg", "cdn.example"),
            ("shift_jis", "表紙.jpg", "example.jp"),
            ("euc-jp", "写真の一覧.jpg", "example.jp"),
            ("gbk", "图片资料.jpg", "example.cn"),
            ("big5", "照片資料.jpg", "example.tw"),
            ("windows-1252", "café à la crème.jpg", "example.fr"),
            ("windows-1251", "фотография.jpg", "example.ru"),
        ] {
            let (bytes, _, is_lossy) = encoding_named(label).unwrap().encode(text);
            assert!(!is_lossy && decoded(&bytes, Some(host)) == text, "{label}: {}", decoded(&bytes, Some(host)));
        }
    }

    #[test]
    fn no_bytes_become_replacement_or_control_characters() {
        for first in 0x80..=0xFF_u8 {
            for second in (0x20..=0xFF_u8).filter(|second| *second != 0x7F) {
                let bytes = [b'a', first, second, b'.'];
                if std::str::from_utf8(&bytes).is_ok() {
                    continue;
                }
                let text = decoded(&bytes, None);
                assert!(
                    !text.contains('\u{fffd}') && !text.contains(char::is_control),
                    "{first:x} {second:x}: {text:?}"
                );
            }
        }
        assert_eq!(decoded(b"a\x81\xff.jpg", Some("a.kr")), "a%81%FF.jpg");
        assert_ne!(decoded(b"\xff\xfe.jpg", None), decoded(b"\xff\xfd.jpg", None));
    }

    #[test]
    fn damaged_utf_8_keeps_its_characters() {
        let cut = &"한국어 사진".as_bytes()[..14];
        assert_eq!(decoded(cut, Some("a.kr")), "한국어 사%EC");
    }

    #[test]
    fn a_country_is_that_of_the_host_or_the_locale() {
        assert_eq!(country_of(Some("shop.co.KR")).as_deref(), Some("kr"));
        for host in ["127.0.0.1", "10", "cdn.io", "example.com", ""] {
            assert_eq!(country_of(Some(host)), country_of(None), "{host}");
        }
        for (locale, country) in [
            ("ko_KR.UTF-8", Some("kr")),
            ("ko", Some("kr")),
            ("ja_JP.eucJP", Some("jp")),
            ("zh-TW", Some("tw")),
            ("zh_CN", Some("cn")),
            ("ru_RU@x", Some("ru")),
            ("en_US.UTF-8", None),
            ("C.UTF-8", None),
            ("", None),
        ] {
            assert_eq!(country_in(locale).as_deref(), country, "{locale}");
        }
    }

    #[test]
    fn encodings_are_known_by_their_common_names() {
        for (name, encoding) in [
            ("CP949", EUC_KR),
            ("ks_c_5601-1987", EUC_KR),
            ("Shift-JIS", SHIFT_JIS),
            ("cp932", SHIFT_JIS),
            ("sjis", SHIFT_JIS),
            ("latin1", WINDOWS_1252),
            ("ISO-8859-1", WINDOWS_1252),
            ("cp1252", WINDOWS_1252),
            ("gb2312", GBK),
            ("utf8", encoding_rs::UTF_8),
            ("UTF-16", encoding_rs::UTF_16LE),
        ] {
            assert_eq!(encoding_named(name), Some(encoding), "{name}");
        }
        assert_eq!(encoding_named("klingon"), None);
    }
}
