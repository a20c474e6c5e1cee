//! SHA-256, as the catalog keeps it: lower-case hex.

use std::io::{self, Read};

use sha2::{Digest, Sha256};

use crate::model::human;

/// Bytes read at once.
pub(super) const CHUNK_BYTES: usize = 256 << 10;

/// SHA-256 of bytes in pieces.
#[derive(Clone, Default)]
pub struct Hasher(Sha256);

impl Hasher {
    /// Adds the next piece.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The hash of all pieces so far, in lower-case hex.
    pub fn finish(self) -> String {
        human::hex(&self.0.finalize())
    }
}

/// SHA-256 in lower-case hex.
pub fn sha256_hex(bytes: &[u8]) -> String {
    let mut hasher = Hasher::default();
    hasher.update(bytes);
    hasher.finish()
}

/// SHA-256 of the rest of a file, in lower-case hex.
pub(super) fn sha256_of_rest(mut file: impl Read) -> io::Result<String> {
    let mut hasher = Hasher::default();
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        match file.read(&mut chunk) {
            Ok(0) => return Ok(hasher.finish()),
            Ok(count) => hasher.update(chunk.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn known_bytes_have_the_known_hash() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"; // FIPS 180-2, B.1
        assert_eq!(sha256_hex(b"abc"), abc);
        assert_eq!(sha256_of_rest(&b"abc"[..]).unwrap(), abc);
    }
}
