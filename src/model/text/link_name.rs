//! The name in a link: its stem and its extension.
//!
//! Image servers append the wanted size to the name (`photo.jpg!large`, `photo.jpg@800w`), Java servers a session
//! (`photo.jpg;jsessionid=1`): that is no part of the extension.

use crate::model::Format;

/// Extensions of files besides images, behind which a server may append something.
const OTHER_FILES: &str = "3gp ai arw avi bz2 cr2 cr3 csv cur dng doc docx eps flac gz heic heif hif jfif jp2 jxr m4a m4v \
    mkv mov mp3 mp4 mpg nef ogg orf pdf ppt pptx psd raf rar raw rw2 svgz tar tgz txt wav webm xls xlsx zip 7z";
/// Extensions of programs that make a response, which say nothing about it, and words that stand for any image.
const PROGRAMS: &str = "php php3 php4 php5 php7 php8 phtml asp aspx ashx asmx axd jsp jspx jspa do action cgi fcgi pl py rb \
    cfm cfc dll exe nsf ws svc api image img picture pic photo thumb media blob download";
/// Longest extension in bytes.
const MAX_EXTENSION_BYTES: usize = 12;

/// The stem and the extension (without its dot) of the last part of a link, or of a name that a server suggested. What
/// follows the last dot is an extension if it is short, of letters and digits, and not only of digits: `v1.2` has none.
pub fn split(name: &str) -> (&str, Option<&str>) {
    let name = without_parameters(name);
    if let Some(found) = before_variant(name) {
        return found;
    }
    match name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() && is_extension(extension) => (stem, Some(extension)),
        _ => (name, None),
    }
}

/// Whether an extension is that of a program that makes responses, such as `php`.
pub fn is_program(extension: &str) -> bool {
    has_word(PROGRAMS, extension)
}

fn is_extension(text: &str) -> bool {
    text.len() <= MAX_EXTENSION_BYTES
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && text.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// The name without a parameter of its path, such as `;jsessionid=1` (RFC 3986, 3.3).
fn without_parameters(name: &str) -> &str {
    let is_parameter = |text: &str| {
        text.split_once('=').is_some_and(|(key, _)| {
            !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
        })
    };
    let mut rest = name;
    while let Some((before, parameter)) = rest.rsplit_once(';') {
        if before.is_empty() || !is_parameter(parameter) {
            break;
        }
        rest = before;
    }
    rest
}

/// Stem and extension of a name with a known extension that something was appended to. A name that also ends with a known
/// one, such as `photo.jpg@800w.webp`, is a plain one.
fn before_variant(name: &str) -> Option<(&str, Option<&str>)> {
    let variant = |at: usize| {
        let (stem, rest) = name.split_at_checked(at)?;
        let rest = rest.strip_prefix('.')?;
        let end = rest.bytes().position(|byte| !byte.is_ascii_alphanumeric())?;
        let (extension, tail) = rest.split_at_checked(end)?;
        let is_appended = tail.starts_with(['!', '@', ';', ':', '&', ',', '~', '|', '$', '^', '=', '_', '-', '+', '*']);
        (is_appended && !stem.is_empty() && is_known(extension)).then_some((stem, Some(extension)))
    };
    let found = name.match_indices('.').find_map(|(at, _)| variant(at))?;
    let ends_plainly = name.rsplit_once('.').is_some_and(|(_, last)| is_known(last));
    (!ends_plainly).then_some(found)
}

fn is_known(extension: &str) -> bool {
    is_image(extension) || has_word(OTHER_FILES, extension)
}

fn is_image(extension: &str) -> bool {
    Format::all().into_iter().flat_map(Format::extensions).any(|own| own.eq_ignore_ascii_case(extension))
}

fn has_word(words: &str, word: &str) -> bool {
    words.split_ascii_whitespace().any(|own| own.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_appends_is_no_extension() {
        for (name, stem, extension) in [
            ("photo.jpg", "photo", Some("jpg")),
            ("photo.jpg!large", "photo", Some("jpg")),
            ("photo.JPG@800w", "photo", Some("JPG")),
            ("photo.jpg@800w_600h_1e", "photo", Some("jpg")),
            ("photo.jpg:orig", "photo", Some("jpg")),
            ("photo.jpg_large", "photo", Some("jpg")),
            ("photo.jpeg;jsessionid=1A.node2", "photo", Some("jpeg")),
            ("photo.jpg;v=2;jsessionid=1", "photo", Some("jpg")),
            ("photo;jsessionid=1", "photo", None),
            ("image.php;jsessionid=1", "image", Some("php")),
            ("a;b.jpg", "a;b", Some("jpg")),
            ("photo.png&w=200", "photo", Some("png")),
            ("photo.jpg~tplv-x1-640", "photo", Some("jpg")),
            ("photo.jpg@800w.webp", "photo.jpg@800w", Some("webp")),
            ("photo.jpg_460x460q90.jpg", "photo.jpg_460x460q90", Some("jpg")),
            ("film.mp4!preview", "film", Some("mp4")),
            ("v1.2", "v1.2", None),
            ("photo.2023", "photo.2023", None),
            ("a.b!c", "a.b!c", None),
            (".jpg!x", ".jpg!x", None),
            ("archive.tar.gz", "archive.tar", Some("gz")),
            ("name", "name", None),
            ("name.", "name.", None),
        ] {
            assert_eq!(split(name), (stem, extension), "{name}");
        }
    }

    #[test]
    fn the_extension_of_a_program_says_nothing() {
        assert!(is_program("php") && is_program("ASPX") && !is_program("jpg") && !is_program("html"));
    }
}
