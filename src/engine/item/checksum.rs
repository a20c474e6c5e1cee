//! Checksums that a list gives for the content of its links.

use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha384, Sha512};

use crate::error::{ErrorKind, ItemError};
use crate::fetch::{Body, FetchFailure, Fetched};
use crate::model::{ItemRow, Message, human};

/// An expected checksum, in lower-case hex.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Checksum {
    Md5(String),
    Sha1(String),
    Sha256(String),
    Sha384(String),
    Sha512(String),
}

impl Checksum {
    /// The checksum in this column of an item's list; `None` if it is empty. Anything that is not a checksum is an error.
    pub(crate) fn of(row: &ItemRow, column: &str) -> Result<Option<Self>, ItemError> {
        match row.columns.text(column) {
            Some(text) if !text.trim().is_empty() => {
                let checksum = Self::parse(&text);
                checksum.map(Some).ok_or_else(|| {
                    let shown: String = text.chars().take(80).collect();
                    let sentence = Message::new("checksum_none");
                    ItemError::new(ErrorKind::Checksum, &row.locator).saying(&sentence.with("shown", shown))
                })
            }
            _ => Ok(None),
        }
    }

    /// Reads hex or Base64, with the algorithm before it (`sha256:…`, `sha-512=…`, `sha384-…` as in SRI) or without: then
    /// it follows from the length.
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim().trim_matches(['"', '\'']);
        // The output of `sha256sum` names the file behind the checksum.
        let text = text.split_whitespace().next()?;
        let (algorithm, digest) = match text.split_once([':', '=']) {
            Some((name, digest)) if !digest.is_empty() && !digest.starts_with('=') => (Some(name), digest),
            _ => match text.rsplit_once('-') {
                Some((name, digest)) if name.len() <= 7 => (Some(name), digest),
                _ => (None, text),
            },
        };
        let hex = in_hex(digest)?;
        let by_length = match hex.len() {
            32 => Self::Md5(hex),
            40 => Self::Sha1(hex),
            64 => Self::Sha256(hex),
            96 => Self::Sha384(hex),
            128 => Self::Sha512(hex),
            _ => return None,
        };
        let is_named = |name: &str| {
            let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
            by_length.name().replace('-', "").eq_ignore_ascii_case(&plain)
                || (plain == "sha" && by_length.name() == "SHA-1")
        };
        algorithm.is_none_or(is_named).then(|| by_length.clone())
    }

    const fn name(&self) -> &'static str {
        match self {
            Self::Md5(_) => "MD5",
            Self::Sha1(_) => "SHA-1",
            Self::Sha256(_) => "SHA-256",
            Self::Sha384(_) => "SHA-384",
            Self::Sha512(_) => "SHA-512",
        }
    }

    /// The fetched body, if it has this checksum. Reads and hashes all of it unless its hash is known.
    pub(crate) fn check(&self, row: &ItemRow, fetched: Fetched) -> Result<Fetched, FetchFailure> {
        let (wanted, had) = match self {
            Self::Sha256(wanted) => (wanted, Ok(fetched.body.sha256())),
            Self::Md5(wanted) => (wanted, hash::<Md5>(&fetched.body)),
            Self::Sha1(wanted) => (wanted, hash::<Sha1>(&fetched.body)),
            Self::Sha384(wanted) => (wanted, hash::<Sha384>(&fetched.body)),
            Self::Sha512(wanted) => (wanted, hash::<Sha512>(&fetched.body)),
        };
        let error = match had {
            Ok(had) if had == *wanted => return Ok(fetched),
            Ok(had) => {
                let sentence = Message::new("checksum_differs");
                let sentence = sentence.with("name", self.name()).with("had", had).with("wanted", wanted);
                ItemError::new(ErrorKind::Checksum, &row.locator).saying(&sentence)
            }
            Err(error) => ItemError::new(ErrorKind::Io, &row.locator).saying(&error.into()),
        };
        let http_status = Some(fetched.http_status);
        let times = Some(fetched.transfer.times);
        Err(FetchFailure { error, http_status, attempts: fetched.attempts, fetch_ms: fetched.fetch_ms, times })
    }
}

/// A digest in lower-case hex, from hex or Base64.
fn in_hex(digest: &str) -> Option<String> {
    if digest.bytes().all(|byte| byte.is_ascii_hexdigit()) && digest.len() >= 32 {
        return Some(digest.to_ascii_lowercase());
    }
    Some(human::hex(&STANDARD.decode(digest).ok()?))
}

fn hash<D: Digest>(body: &Body) -> io::Result<String> {
    struct Hashing<D>(D);
    impl<D: Digest> Write for Hashing<D> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.update(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut hashing = Hashing(D::new());
    body.copy_to(&mut hashing)?;
    Ok(human::hex(&hashing.0.finalize()))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use sha2::Sha256;

    use super::*;

    #[test]
    fn checksums_are_distinguished_by_their_length_in_any_case() {
        let md5 = "900150983CD24FB0D6963F7D28E17F72";
        assert_eq!(Checksum::parse(&format!(" {md5} ")), Some(Checksum::Md5(md5.to_lowercase())));
        assert!(matches!(Checksum::parse(&"a".repeat(40)), Some(Checksum::Sha1(_))));
        assert!(matches!(Checksum::parse(&"0".repeat(64)), Some(Checksum::Sha256(_))));
        assert!(matches!(Checksum::parse(&"0".repeat(128)), Some(Checksum::Sha512(_))));
        for text in [
            "",
            "abc",
            "sha256:abc",
            &format!("sha512:{}", "0".repeat(64)),
            &"g".repeat(32),
            &"a".repeat(33),
            &"é".repeat(16),
        ] {
            assert_eq!(Checksum::parse(text), None, "{text}");
        }
    }

    #[test]
    fn hashes_match_the_test_vectors_of_the_standards() {
        let body = Body::Memory("abc".into());
        assert_eq!(hash::<Md5>(&body).unwrap(), "900150983cd24fb0d6963f7d28e17f72");
        assert_eq!(hash::<Sha1>(&body).unwrap(), "a9993e364706816aba3e25717850c26c9cd0d89d");
        assert!(hash::<Sha384>(&body).unwrap().starts_with("cb00753f45a35e8bb5a03d699ac65007272c32ab0eded163"));
        assert!(hash::<Sha512>(&body).unwrap().starts_with("ddaf35a193617abacc417349ae20413112e6fa4e89a97ea2"));
        assert_eq!(hash::<Sha256>(&body).unwrap(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
