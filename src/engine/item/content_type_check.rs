//! Compares the media type that a server sends with the bytes of the response.

use super::extension::extension_of_content;
use crate::codec;
use crate::error::{ErrorKind, ItemError};
use crate::model::{Format, Message, link_name};

/// Why a body can't be the image that the server says it is: it is empty, or starts like something else. Any other media
/// type is accepted.
pub(crate) fn check_content(head: &[u8], content_type: Option<&str>) -> Option<ItemError> {
    let claim = claimed(content_type)?;
    let error = codec::require_format(head).err()?;
    match error.kind {
        ErrorKind::Empty => Some(error),
        ErrorKind::NotAPicture => Some(against(error, claim)),
        _ => None,
    }
}

/// Adds the media type that the server sent to an error, if that helps.
pub(crate) fn with_content_type(error: ItemError, content_type: Option<&str>) -> ItemError {
    match claimed(content_type) {
        Some(claim) if error.kind == ErrorKind::NotAPicture => against(error, claim),
        _ => error,
    }
}

fn against(error: ItemError, claim: &str) -> ItemError {
    let detail = Message::new("claimed_type").with("text", error.arg("detail")).with("claim", claim);
    error.with("detail", detail).with("claim", claim)
}

/// The extension that fits the content of a response, if its own does not: it is that of another image format, that of
/// an image where the content is a web page, or that of the program that made the response, such as `php`.
pub(crate) fn actual_extension(own: &str, head: &[u8], content_type: Option<&str>) -> Option<String> {
    let is_of = |format: Format| format.extensions().iter().any(|word| word.eq_ignore_ascii_case(own));
    let is_program = link_name::is_program(own);
    let is_image = Format::all().into_iter().any(is_of);
    match codec::sniff(head) {
        Some(format) => (!is_of(format) && (is_program || is_image)).then(|| format.extension().to_owned()),
        None if is_program => extension_of_content(head, content_type),
        None if is_image && is_web_page(head) => Some("html".to_owned()),
        None => None,
    }
}

/// Whether bytes begin as a web page does (WHATWG, MIME sniffing, 7.1).
fn is_web_page(head: &[u8]) -> bool {
    const BEGINNINGS: [&str; 6] = ["<!doctype html", "<html", "<head", "<body", "<title", "<script"];
    let text = String::from_utf8_lossy(head.get(..512).unwrap_or(head)).to_ascii_lowercase();
    let mut text = text.trim_start_matches('\u{feff}').trim_start();
    while let Some((_, after)) = text.strip_prefix("<!--").and_then(|comment| comment.split_once("-->")) {
        text = after.trim_start();
    }
    BEGINNINGS.iter().any(|beginning| text.starts_with(beginning))
}

/// The media type, if it is that of an image format.
fn claimed(content_type: Option<&str>) -> Option<&str> {
    let mime = content_type?.split(';').next()?.trim();
    let is_image = Format::all().into_iter().flat_map(Format::media_types).any(|own| mime.eq_ignore_ascii_case(own));
    is_image.then_some(mime)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::super::content_type_check::*;

    const JPEG: &[u8] = &[0xFF, 0xD8, 0xFF, 0xE0, 0, 16, b'J', b'F', b'I', b'F', 0];

    #[test]
    fn only_responses_that_claim_to_be_images_must_be() {
        let html = b"<!DOCTYPE html><html><body>Gone</body></html>";
        let error = check_content(html, Some("image/jpeg; charset=binary")).unwrap();
        assert_eq!(error.kind, ErrorKind::NotAPicture);
        assert!(error.to_string().contains("looks like HTML, though the server calls it image/jpeg"), "{error}");
        assert_eq!(check_content(b"", Some("IMAGE/PNG")).unwrap().kind, ErrorKind::Empty);
        assert!(check_content(b"Not found", Some("image/webp")).is_some());
        for (head, mime) in [
            (html.as_slice(), Some("text/html")),
            (html, Some("application/octet-stream")),
            (html, None),
            (b"", Some("text/plain")),
            (JPEG, Some("image/png")),
            (b"8BPS", Some("image/jpeg")),
            (b"<svg xmlns='http://www.w3.org/2000/svg'/>", Some("image/svg+xml")),
        ] {
            assert!(check_content(head, mime).is_none(), "{mime:?}");
        }
    }

    #[test]
    fn an_image_gets_the_extension_of_its_format() {
        for own in ["png", "php", "ASPX", "image"] {
            assert_eq!(actual_extension(own, JPEG, None).as_deref(), Some("jpg"), "{own}");
        }
        for own in ["jpg", "JPEG", "jpe", "xyz", "psd", ""] {
            assert_eq!(actual_extension(own, JPEG, None), None, "{own}");
        }
    }

    #[test]
    fn a_web_page_under_the_name_of_an_image_is_named_as_one() {
        for page in ["<html>", " \n<!DOCTYPE HTML>", "<!-- a --><!-- b -->\n<html>", "\u{feff}<head>"] {
            assert_eq!(actual_extension("png", page.as_bytes(), None).as_deref(), Some("html"), "{page}");
        }
        for own in ["htm", "txt", "xyz", ""] {
            assert_eq!(actual_extension(own, b"<html>", Some("text/html")), None, "{own}");
        }
        assert_eq!(actual_extension("php", b"<p>", Some("text/html; charset=utf-8")).as_deref(), Some("html"));
        assert_eq!(actual_extension("php", b"%PDF-1.7", Some("application/pdf")).as_deref(), Some("pdf"));
        assert_eq!(actual_extension("php", b"?", None), None);
        assert_eq!(actual_extension("png", b"no page", None), None);
    }
}
