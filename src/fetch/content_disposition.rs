//! The file name in a Content-Disposition header (RFC 6266), read as browsers and curl read what servers really send:
//! without a type, in legacy encodings, as encoded words, with paths.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use percent_encoding::percent_decode_str;

use crate::model::text_encoding::{decoded, decoded_as, percent_decoded};

/// Base64 with or without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);
/// Most sections of a parameter that is continued.
const MAX_SECTIONS: usize = 100;

/// Makes a name safe; `None` if nothing is left.
pub(super) type Safe = fn(&str) -> Option<String>;

/// The name in a header, made safe; `host` suggests the encoding of a name that is not UTF-8. `filename*` (RFC 8187)
/// takes precedence over `filename`.
pub(super) fn file_name(header: &[u8], host: Option<&str>, safe: Safe) -> Option<String> {
    let params = parameters(&decoded(header, host));
    let value = |wanted: &str| params.iter().find(|(key, _)| key == wanted).map(|(_, value)| value.as_str());
    let extended = value("filename*").map(Extended::of);
    let certain = extended.as_ref().and_then(Extended::text).and_then(|name| safe(&name));
    certain
        .or_else(|| safe(&continued(&params, host)?))
        .or_else(|| safe(&plain(value("filename")?, host)))
        .or_else(|| safe(&decoded(&extended?.bytes, host)))
}

/// The value of `filename`: encoded words as browsers decode them, or percent-encoded.
fn plain(value: &str, host: Option<&str>) -> String {
    encoded_words(value, host).unwrap_or_else(|| percent_decoded(value, host))
}

/// `charset'language'percent-encoded`.
struct Extended<'a> {
    charset: &'a str,
    bytes: Vec<u8>,
}

impl<'a> Extended<'a> {
    fn of(value: &'a str) -> Self {
        let mut parts = value.splitn(3, '\'');
        let (charset, encoded) = match (parts.next(), parts.next(), parts.next()) {
            (Some(charset), Some(_language), Some(encoded)) => (charset, encoded),
            // Without a charset, as some servers send it.
            _ => ("utf-8", value),
        };
        Self { charset, bytes: percent_decode_str(encoded).collect() }
    }

    fn text(&self) -> Option<String> {
        decoded_as(&self.bytes, self.charset)
    }
}

/// The sections of `filename*0`, `filename*1*`, ... (RFC 2231, 3 and 4.1).
fn continued(params: &[(String, String)], host: Option<&str>) -> Option<String> {
    let mut bytes = Vec::new();
    let mut charset = None;
    for n in 0..MAX_SECTIONS {
        let find = |key: &str| params.iter().find(|(own, _)| own == key).map(|(_, value)| value.as_str());
        if let Some(encoded) = find(&format!("filename*{n}*")) {
            let section = if n == 0 {
                Extended::of(encoded)
            } else {
                Extended { charset: "", bytes: percent_decode_str(encoded).collect() }
            };
            charset = charset.or((n == 0).then_some(section.charset));
            bytes.extend(section.bytes);
        } else if let Some(text) = find(&format!("filename*{n}")) {
            bytes.extend(text.as_bytes());
        } else {
            break;
        }
    }
    if bytes.is_empty() {
        return None;
    }
    Some(charset.and_then(|charset| decoded_as(&bytes, charset)).unwrap_or_else(|| decoded(&bytes, host)))
}

/// A value that consists of encoded words such as `=?UTF-8?B?...?=` (RFC 2047) and text between them; `None` if there
/// are none.
fn encoded_words(value: &str, host: Option<&str>) -> Option<String> {
    let mut text = String::new();
    let mut rest = value;
    // Bytes of words in a row: a character may be divided between them.
    let mut open: Option<(&str, Vec<u8>)> = None;
    let mut found = false;
    while let Some(at) = rest.find("=?") {
        let (before, from) = rest.split_at_checked(at)?;
        let (charset, bytes, after) = encoded_word(from)?;
        found = true;
        let joins = before.trim().is_empty() && open.as_ref().is_some_and(|(own, _)| own.eq_ignore_ascii_case(charset));
        if !joins {
            close(&mut open, &mut text, host);
            // White space between words belongs to the coding.
            if !before.trim().is_empty() || text.is_empty() {
                text.push_str(before);
            }
        }
        open.get_or_insert((charset, Vec::new())).1.extend(bytes);
        rest = after;
    }
    close(&mut open, &mut text, host);
    text.push_str(rest);
    found.then_some(text)
}

fn close(open: &mut Option<(&str, Vec<u8>)>, text: &mut String, host: Option<&str>) {
    if let Some((charset, bytes)) = open.take() {
        text.push_str(&decoded_as(&bytes, charset).unwrap_or_else(|| decoded(&bytes, host)));
    }
}

/// The word at the beginning of a text: its charset, its bytes, and the text after it.
fn encoded_word(text: &str) -> Option<(&str, Vec<u8>, &str)> {
    let mut parts = text.strip_prefix("=?")?.splitn(3, '?');
    let (charset, coding, rest) = (parts.next()?, parts.next()?, parts.next()?);
    let (encoded, after) = rest.split_once("?=")?;
    let bytes = match coding {
        "B" | "b" => BASE64.decode(encoded.trim()).ok()?,
        "Q" | "q" => percent_decode_str(&encoded.replace('%', "%25").replace('=', "%").replace('_', " ")).collect(),
        _ => return None,
    };
    // The language of RFC 2231, 5.
    Some((charset.split('*').next().unwrap_or(charset), bytes, after))
}

/// The `key=value` parameters of a header: keys in lower case, without quotes and escapes. The type may be missing, and
/// so may the semicolon after it.
fn parameters(header: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut chars = header.chars().peekable();
    while chars.peek().is_some() {
        let mut key = String::new();
        let mut ended = true;
        for c in chars.by_ref() {
            match c {
                '=' => {
                    ended = false;
                    break;
                }
                ';' => break,
                _ => key.push(c),
            }
        }
        if ended {
            continue;
        }
        while chars.next_if(|c| c.is_whitespace()).is_some() {}
        let mut value = String::new();
        let is_quoted = chars.next_if_eq(&'"').is_some();
        if is_quoted {
            while let Some(c) = chars.next() {
                match c {
                    '"' => break,
                    // Any other backslash belongs to a path of Windows, as browsers and curl take it.
                    '\\' => value.push(chars.next_if(|c| matches!(c, '"' | '\\')).unwrap_or('\\')),
                    _ => value.push(c),
                }
            }
            for c in chars.by_ref() {
                if c == ';' {
                    break;
                }
            }
        } else {
            for c in chars.by_ref() {
                if c == ';' {
                    break;
                }
                value.push(c);
            }
        }
        let key = key.split_whitespace().next_back().unwrap_or_default().to_ascii_lowercase();
        found.push((key, if is_quoted { value } else { value.trim().to_owned() }));
    }
    found
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use proptest::prelude::*;

    use super::super::file_name::safe_file_name;

    fn file_name(header: &[u8], host: Option<&str>) -> Option<String> {
        super::file_name(header, host, safe_file_name)
    }

    fn check(header: &[u8], host: &str, wanted: Option<&str>) {
        assert_eq!(file_name(header, Some(host)).as_deref(), wanted, "{}", String::from_utf8_lossy(header));
    }

    #[test]
    fn content_disposition_names_the_file() {
        let cases: [(&[u8], Option<&str>); 11] = [
            (b"attachment; filename=a.jpg", Some("a.jpg")),
            (b"attachment; filename=\"a \\\"b\\\"; c.jpg\"; x=1", Some("a _b_; c.jpg")),
            (b"attachment; filename=\"x.jpg\"; filename*=UTF-8''%ED%95%9C.png", Some("한.png")),
            (b"attachment; filename*=utf-8'ko'%ff.png; filename=b.png", Some("b.png")),
            (b"inline; FileName = \"../../x.gif\"", Some("x.gif")),
            ("attachment; filename=\"사진.jpg\"".as_bytes(), Some("사진.jpg")),
            (b"attachment; filename*=iso-8859-1''caf%e9.jpg", Some("café.jpg")),
            (b"attachment; filename=my photo.jpg", Some("my photo.jpg")),
            (b"attachment", None),
            (b"attachment; filename=\"", None),
            (b"", None),
        ];
        for (header, wanted) in cases {
            check(header, "h.example", wanted);
        }
    }

    /// Firefox and Chrome accept these; the RFC requires a type.
    #[test]
    fn the_type_may_be_missing() {
        for header in [
            "filename=a.jpg",
            "filename=\"a.jpg\"",
            "filename*=UTF-8''a.jpg; x",
            "; filename=a.jpg",
            "attachment filename=a.jpg",
        ] {
            check(header.as_bytes(), "h", Some("a.jpg"));
        }
    }

    #[test]
    fn a_path_of_windows_is_a_path() {
        check(br#"attachment; filename="C:\dir\photo.jpg""#, "h", Some("photo.jpg"));
        check(br#"attachment; filename="C:\\dir\\photo.jpg""#, "h", Some("photo.jpg"));
        check(br"attachment; filename=C:\dir\photo.jpg", "h", Some("photo.jpg"));
        check(br#"attachment; filename="..\..\x.jpg""#, "h", Some("x.jpg"));
    }

    #[test]
    fn legacy_encodings_are_recognised() {
        // EUC-KR, Shift-JIS (whose second bytes include the backslash), GBK, Windows-1252.
        check(b"attachment; filename=\"\xbb\xe7\xc1\xf8 1.jpg\"", "shop.co.kr", Some("사진 1.jpg"));
        check(b"attachment; filename=\"\x95\x5c\x8e\x86.jpg\"", "h.jp", Some("表紙.jpg"));
        check(b"attachment; filename=\xcd\xbc\xc6\xac\xd7\xca\xc1\xcf.jpg", "h.cn", Some("图片资料.jpg"));
        check(b"attachment; filename=\"caf\xe9.jpg\"", "h.fr", Some("café.jpg"));
        check(b"attachment; filename=%BB%E7%C1%F8.jpg", "shop.co.kr", Some("사진.jpg"));
        check(b"attachment; filename*=euc-kr''%BB%E7%C1%F8.jpg", "h", Some("사진.jpg"));
        check(b"attachment; filename*=CP949'ko'%BB%E7%C1%F8.jpg; filename=x.jpg", "h", Some("사진.jpg"));
        check(b"attachment; filename*=Shift_JIS''%95%5C%8E%86.jpg", "h", Some("表紙.jpg"));
        check(b"attachment; filename*=UTF-8''%BB%E7%C1%F8.jpg", "h.kr", Some("사진.jpg"));
    }

    /// Whatever the host: these are also 小 and 킹 in GBK and EUC-KR.
    #[test]
    fn bytes_that_are_valid_utf_8_are_utf_8() {
        check(b"attachment; filename=\"\xd0\xa1.jpg\"", "h.cn", Some("\u{421}.jpg"));
        check(b"attachment; filename=%C5%B7.jpg", "shop.co.kr", Some("\u{177}.jpg"));
        check(b"attachment; filename*=gbk''%D0%A1.jpg", "h.cn", Some("小.jpg"));
    }

    /// As Firefox and Chrome decode them.
    #[test]
    fn encoded_words_are_decoded() {
        check(b"attachment; filename=\"=?UTF-8?B?7IKs7KeELmpwZw==?=\"", "h", Some("사진.jpg"));
        check(b"attachment; filename==?utf-8?q?caf=C3=A9_1.jpg?=", "h", Some("café 1.jpg"));
        check(b"attachment; filename=\"=?EUC-KR?B?u+fB+A?= =?EUC-KR?B?LmpwZw?=\"", "h", Some("사진.jpg"));
        // A character that is divided between two words.
        check(b"attachment; filename=\"=?UTF-8?B?7IKs7A==?= =?UTF-8?B?p4QuanBn?=\"", "h", Some("사진.jpg"));
        check(b"attachment; filename=\"a=?b.jpg\"", "h", Some("a=_b.jpg"));
    }

    #[test]
    fn continued_parameters_are_joined() {
        check(b"attachment; filename*0=\"long\"; filename*1=\" name.jpg\"", "h", Some("long name.jpg"));
        check(
            b"attachment; filename*0*=UTF-8''%EC%82%AC; filename*1*=%EC%A7%84; filename*2=.jpg",
            "h",
            Some("사진.jpg"),
        );
    }

    proptest! {
        #[test]
        fn no_header_breaks_the_parser(header in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = file_name(&header, Some("h.kr"));
            let _ = file_name(&[b"attachment; filename".as_slice(), &header].concat(), None);
            let _ = file_name(&[b"filename==?utf-8?q?".as_slice(), &header].concat(), None);
        }

        #[test]
        fn every_name_is_read_back(name in "[a-z가-힣 ]{1,20}[a-z]") {
            let header = format!("attachment; filename*=UTF-8''{}", percent_encoding::utf8_percent_encode(&name, percent_encoding::NON_ALPHANUMERIC));
            prop_assert_eq!(file_name(header.as_bytes(), None).unwrap(), safe_file_name(&name).unwrap());
        }
    }
}
