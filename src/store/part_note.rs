//! Notes about saved parts: which body a part belongs to, and how much of it was received. A note is a file next to its
//! part. A part counts only as far as the hash in its note, so one that was torn or replaced is never used.

use std::ffi::{OsStr, OsString};

use super::hash::sha256_hex;

/// The first word of a note, with the version of its form.
const MARK: &str = "pixloom-part-1";
/// Digits of a job's identity.
const JOB_DIGITS: usize = 16;
/// Digits of a SHA-256.
const HASH_DIGITS: usize = 64;

/// The first line of a note. The second one is for those who resume the part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PartNote {
    /// Which link it belongs to.
    pub(super) key: String,
    /// Which job received it.
    pub(super) job: String,
    /// The bytes that were received.
    pub(super) size_bytes: u64,
    /// Their SHA-256.
    pub(super) hash: String,
}

impl PartNote {
    /// The line. Its length never changes, so one write at its place replaces it.
    pub(super) fn line(&self) -> String {
        format!("{MARK} {} {} {:020} {}\n", self.key, self.job, self.size_bytes, self.hash)
    }

    /// Reads a note and its second line; `None` if it is incomplete.
    pub(super) fn parse(bytes: &[u8]) -> Option<(Self, &str)> {
        let (line, about) = std::str::from_utf8(bytes).ok()?.strip_suffix('\n')?.split_once('\n')?;
        let [mark, key, job, size_bytes, hash] = <[&str; 5]>::try_from(line.split(' ').collect::<Vec<_>>()).ok()?;
        let are_hex = [(key, HASH_DIGITS), (job, JOB_DIGITS), (hash, HASH_DIGITS)]
            .iter()
            .all(|(text, digits)| text.len() == *digits && text.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let note = Self { key: key.into(), job: job.into(), size_bytes: size_bytes.parse().ok()?, hash: hash.into() };
        (mark == MARK && are_hex).then_some((note, about))
    }
}

/// The key of a link: links may hold secrets.
pub(super) fn key_of(link: &str) -> String {
    sha256_hex(link.as_bytes())
}

/// A job's identity in notes.
pub(super) fn job_of(name: &str) -> String {
    sha256_hex(name.as_bytes()).chars().take(JOB_DIGITS).collect()
}

/// The name of the note next to a part.
pub(super) fn note_name(part: &OsStr) -> OsString {
    let text = part.to_string_lossy();
    OsString::from(format!("{}.note.part", text.strip_suffix(".part").unwrap_or(&text)))
}

/// The name of the part next to a note; `None` for the name of anything else.
pub(super) fn part_name(note: &str) -> Option<String> {
    note.strip_suffix(".note.part").map(|stem| format!("{stem}.part"))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_note_survives_only_if_all_of_it_is_there_and_its_line_keeps_its_length() {
        let note = PartNote { key: key_of("http://h/a"), job: job_of("1"), size_bytes: 7, hash: sha256_hex(b"x") };
        let text = format!("{}{{}}\n", note.line());
        assert_eq!(PartNote::parse(text.as_bytes()), Some((note.clone(), "{}")));
        assert_eq!(PartNote { size_bytes: u64::MAX, ..note.clone() }.line().len(), note.line().len());
        for end in 0..text.len() {
            assert_eq!(PartNote::parse(&text.as_bytes()[..end]), None, "{end}");
        }
        assert_eq!(PartNote::parse(text.replace("part-1", "part-9").as_bytes()), None);
        assert_eq!(PartNote::parse(text.replace(&note.job, "0123").as_bytes()), None);
        assert_eq!(PartNote::parse(b"\xff\n\n"), None);
    }

    #[test]
    fn parts_and_notes_find_each_other_by_name() {
        let (part, note) = (".pixloom-0-fetch-1.part", ".pixloom-0-fetch-1.note.part");
        assert_eq!(note_name(OsStr::new(part)), note);
        assert_eq!(part_name(note).unwrap(), part);
        assert_eq!(part_name(part), None);
    }
}
