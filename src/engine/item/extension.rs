//! Extensions: the one that an input's name has, whether one names a format, and the one for content without any.

use crate::codec;
use crate::model::{Format, Locator, link_name};

/// The extension an input's own name has, without the dot.
pub(crate) fn own_extension(locator: &Locator, file_name: Option<&str>) -> Option<String> {
    match (locator, file_name) {
        (Locator::File(path) | Locator::Page(path, _), _) => {
            path.extension().map(|ext| ext.to_string_lossy().into_owned())
        }
        (Locator::Url(_), Some(name)) => link_name::split(name).1.map(str::to_owned),
        (Locator::Url(_), None) | (Locator::Row(_), _) => None,
    }
}

/// Whether an extension names a format.
pub(crate) fn is_extension_of(extension: &str, format: Format) -> bool {
    format.extensions().iter().any(|word| word.eq_ignore_ascii_case(extension))
}

/// The extension for content whose name has none: by its bytes, else by the server's content type.
pub(crate) fn extension_of_content(head: &[u8], content_type: Option<&str>) -> Option<String> {
    if let Some(format) = codec::sniff(head) {
        return Some(format.extension().to_owned());
    }
    let mime = content_type?.split(';').next()?.trim().to_ascii_lowercase();
    let extension = match mime.as_str() {
        "text/html" | "application/xhtml+xml" => "html",
        "text/plain" => "txt",
        "text/csv" => "csv",
        "application/json" => "json",
        "application/xml" | "text/xml" => "xml",
        "application/pdf" => "pdf",
        "application/zip" => "zip",
        "application/gzip" => "gz",
        "image/svg+xml" => "svg",
        "video/mp4" => "mp4",
        "audio/mpeg" => "mp3",
        _ => return None,
    };
    Some(extension.to_owned())
}
