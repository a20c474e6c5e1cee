//! Which form a list has: by its name, else by its first line.

use std::fs::File;
use std::io::{self, Read, Seek};

use crate::model::{ListSpec, Message, columns};

/// What Parquet files begin and end with.
pub(super) const PARQUET: &[u8; 4] = b"PAR1";

/// A form of list that comes as a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::source) enum ListFormat {
    /// One link a line, `#` starts a comment.
    Text,
    /// Rows of fields; which byte stands between them, where that is known.
    Delimited(Option<u8>),
    /// One JSON value a line.
    JsonLines,
}

impl ListFormat {
    /// The form that a file's name or a URL's path says, compressed or not.
    pub(in crate::source) fn of_name(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        match name.rsplit_once('.')?.1 {
            "txt" => Some(Self::Text),
            "csv" => Some(Self::Delimited(None)),
            "tsv" | "tab" => Some(Self::Delimited(Some(b'\t'))),
            "jsonl" | "ndjson" => Some(Self::JsonLines),
            _ => None,
        }
    }

    /// The form that a first line says: JSON lines begin with a brace, a table has a column of the wanted name.
    pub(super) fn of_line(line: &[u8], lists: &ListSpec) -> Self {
        if line.trim_ascii_start().starts_with(b"{") {
            return Self::JsonLines;
        }
        if lists.url_column.is_some() {
            return Self::Delimited(None);
        }
        let delimiter = delimiter(line);
        let mut fields = line.split(|byte| *byte == delimiter).map(String::from_utf8_lossy);
        if fields.any(|field| columns::is_same_name(field.trim().trim_matches('"'), super::header::URL)) {
            Self::Delimited(Some(delimiter))
        } else {
            Self::Text
        }
    }
}

/// What stands between a first line's fields: commas, unless there are only tabs or only semicolons.
pub(super) fn delimiter(line: &[u8]) -> u8 {
    let mut is_quoted = false;
    let mut outside = line.iter().copied().filter(|byte| {
        is_quoted ^= *byte == b'"';
        !is_quoted
    });
    let mut best = b',';
    for byte in outside.by_ref() {
        match byte {
            b',' => return b',',
            b'\t' => best = b'\t',
            b';' if best == b',' => best = b';',
            _ => {}
        }
    }
    best
}

/// Whether a file is a Parquet file; it is read from its start afterwards.
pub(super) fn is_parquet(file: &mut File) -> io::Result<bool> {
    let mut head = Vec::new();
    // A pipe can't be rewound, and is no Parquet file.
    if !file.metadata()?.is_file() {
        return Ok(false);
    }
    (&mut *file).take(PARQUET.len() as u64).read_to_end(&mut head)?;
    file.rewind()?;
    Ok(head == PARQUET)
}

const UTF_16: Message = Message::new(
    "list_utf16",
    "Couldn't read the list {list}: it is UTF-16 (save it as UTF-8), which is no list that can be read.",
);
const TWICE_PACKED: Message = Message::new(
    "list_packed",
    "Couldn't read the list {list}: it is compressed twice, which is no list that can be read.",
);
const ZIP: Message = Message::new(
    "list_zip",
    "Couldn't read the list {list}: it is a ZIP archive or a spreadsheet (save it as CSV), which is no list that can be \
     read.",
);
const BINARY: Message =
    Message::new("list_binary", "Couldn't read the list {list}: it is binary, which is no list that can be read.");

/// What a list's first bytes say that it is, if it is none.
pub(super) fn refusal(head: &[u8]) -> Option<Message> {
    match head {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some(UTF_16),
        [0x1f, 0x8b, ..] => Some(TWICE_PACKED),
        [b'P', b'K', 3, 4, ..] => Some(ZIP),
        head if head.iter().take(1024).any(|byte| *byte == 0) => Some(BINARY),
        _ => None,
    }
}
