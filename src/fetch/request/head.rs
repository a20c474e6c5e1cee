//! The head of a response: what it says about its body.

use reqwest::Response;
use reqwest::header::{
    CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, LAST_MODIFIED, TRANSFER_ENCODING,
};
use serde::{Deserialize, Serialize};

/// What a response says about its body.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Head {
    pub(crate) http_status: u16,
    pub(crate) content_type: Option<String>,
    pub(crate) content_encoding: Option<String>,
    pub(crate) transfer_encoding: Option<String>,
    pub(crate) etag: Option<String>,
    pub(crate) last_modified: Option<String>,
    pub(crate) disposition: Option<Vec<u8>>,
}

impl Head {
    /// The parts of a response's head that matter.
    pub(super) fn of(response: &Response) -> Self {
        let headers = response.headers();
        Self {
            http_status: response.status().as_u16(),
            content_type: text(headers, CONTENT_TYPE),
            content_encoding: text_of_all(headers, CONTENT_ENCODING),
            transfer_encoding: text_of_all(headers, TRANSFER_ENCODING),
            etag: text(headers, ETAG),
            last_modified: text(headers, LAST_MODIFIED),
            disposition: headers.get(CONTENT_DISPOSITION).map(|value| value.as_bytes().to_vec()),
        }
    }
}

pub(super) fn text(headers: &HeaderMap, header: HeaderName) -> Option<String> {
    let value = headers.get(header)?;
    Some(String::from_utf8_lossy(value.as_bytes()).trim().to_owned()).filter(|value| !value.is_empty())
}

/// A list that may be split into several headers.
pub(super) fn text_of_all(headers: &HeaderMap, header: HeaderName) -> Option<String> {
    let lines: Vec<_> = headers.get_all(header).iter().map(|line| String::from_utf8_lossy(line.as_bytes())).collect();
    Some(lines.join(", ")).filter(|list| !list.is_empty() && !list.eq_ignore_ascii_case("identity"))
}
