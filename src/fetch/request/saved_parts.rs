//! What is noted about a part of a body that outlives the program, so that a later run can continue it.

use serde::{Deserialize, Serialize};
use url::Url;

use super::head::Head;
use super::resource::resource_of;
use crate::store::{Spool, sha256_hex};

/// Which body a part belongs to.
#[derive(Debug)]
pub(crate) struct PartOf {
    /// The link that led to it.
    pub(crate) link: String,
    /// An [`About`] in one line.
    pub(crate) about: String,
}

/// What is noted about a part.
#[derive(Serialize, Deserialize)]
pub(crate) struct About {
    /// SHA-256 of the resource that answered: its URL may hold a secret.
    pub(crate) resource: String,
    /// The head of the first response.
    pub(crate) head: Head,
    /// The announced size of the whole body in bytes.
    pub(crate) whole_bytes: Option<u64>,
    /// The validator for If-Range.
    pub(crate) validator: String,
}

impl PartOf {
    /// A body that the request of a link was answered with.
    pub(crate) fn new(link: &Url, url: &Url, head: &Head, whole_bytes: Option<u64>, validator: &str) -> Option<Self> {
        let resource = sha256_hex(resource_of(url).as_bytes());
        let about = About { resource, head: head.clone(), whole_bytes, validator: validator.to_owned() };
        Some(Self { link: key_of(link), about: serde_json::to_string(&about).ok()? })
    }
}

impl About {
    /// Reads a note.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

/// Whether a part of this link's body is saved.
pub fn has_saved_part(spool: &Spool, link: &str) -> bool {
    spool.has_parts() && Url::parse(link.trim()).is_ok_and(|link| spool.has_part(&key_of(&link)))
}

/// What parts of a link are found by: the link without what its requests don't contain.
pub(crate) fn key_of(link: &Url) -> String {
    let mut link = link.clone();
    link.set_fragment(None);
    // Only a URL that can't have them refuses.
    let _ = link.set_username("");
    let _ = link.set_password(None);
    link.into()
}
