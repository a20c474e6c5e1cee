//! Every format of lists, and which of them a list has: by its name, else by its first bytes or its first line.

use std::fs::File;
use std::io::{self, Read, Seek};

use super::decode::utf_16;
use super::format::{Layout, ListFormat};
use super::{delimited, json, json_lines, parquet, text};
use crate::model::{Lang, ListSpec, Message};

/// General formats first, as in help: a list without a known name belongs to the last format that recognises it.
const FORMATS: &[&ListFormat] = &[
    // Accepts everything.
    &text::FORMAT,
    &delimited::CSV,
    &delimited::TSV,
    &json_lines::FORMAT,
    &json::FORMAT,
    &parquet::FORMAT,
    #[cfg(test)]
    &super::toy::FORMAT,
];

/// The streamed format that the name of a file or the path of a URL says, compressed or not.
pub(in crate::source) fn by_name(name: &str) -> Option<&'static ListFormat> {
    let format = named(name)?;
    matches!(format.layout, Layout::Stream { .. }).then_some(format)
}

/// Whether a name has the extension of any format, compressed or not.
pub(super) fn is_list_name(name: &str) -> bool {
    named(name).is_some()
}

fn named(name: &str) -> Option<&'static ListFormat> {
    let name = name.to_ascii_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    let extension = name.rsplit_once('.')?.1;
    FORMATS.iter().find(|format| format.extensions.contains(&extension)).copied()
}

/// The streamed format that the first lines say.
pub(super) fn by_lines(sample: &[u8], lists: &ListSpec) -> &'static ListFormat {
    let recognises = |format: &&&ListFormat| match format.layout {
        Layout::Stream { sniff, .. } => sniff(sample, lists),
        Layout::WholeFile { .. } => false,
    };
    FORMATS.iter().rev().find(recognises).copied().unwrap_or(&text::FORMAT)
}

/// The format that is read only from a file and begins with these bytes.
pub(super) fn by_magic(head: &[u8]) -> Option<&'static ListFormat> {
    let begins = |format: &&&ListFormat| match format.layout {
        Layout::WholeFile { magic, .. } => head.starts_with(magic),
        Layout::Stream { .. } => false,
    };
    FORMATS.iter().find(begins).copied()
}

/// The same for a file, which is read from its start afterwards. `None` for pipes, which can't be rewound.
pub(super) fn by_magic_of(file: &mut File) -> io::Result<Option<&'static ListFormat>> {
    const MAX_MAGIC_BYTES: u64 = 16;
    if !file.metadata()?.is_file() {
        return Ok(None);
    }
    let mut head = Vec::new();
    (&mut *file).take(MAX_MAGIC_BYTES).read_to_end(&mut head)?;
    file.rewind()?;
    Ok(by_magic(&head))
}

/// What help says about formats.
pub fn help(lang: Lang) -> String {
    let word = |format: &&ListFormat| {
        let extension = format.extensions.first()?;
        Some(match lang.find(&format!("list_format-{extension}")).unwrap_or(format.help) {
            "" => format!(".{extension}"),
            help => format!(".{extension} ({help})"),
        })
    };
    lang.series("series_or", &FORMATS.iter().filter_map(word).collect::<Vec<_>>())
}

const COMPRESSED_TWICE: Message = Message::new("list_packed");
const ZIP: Message = Message::new("list_zip");
const BINARY: Message = Message::new("list_binary");
const MARKUP: Message = Message::new("list_markup");

/// Why a file with these first bytes is not a list.
pub(super) fn refusal(head: &[u8]) -> Option<Message> {
    match head {
        [0x1f, 0x8b, ..] => Some(COMPRESSED_TWICE),
        // The second is that of older spreadsheets.
        [b'P', b'K', 3, 4, ..] | [0xd0, 0xcf, 0x11, 0xe0, ..] => Some(ZIP),
        head if utf_16(head).is_none() && head.iter().take(1024).any(|byte| *byte == 0) => Some(BINARY),
        head if SIGNATURES.iter().any(|signature| head.starts_with(signature)) => Some(BINARY),
        _ => None,
    }
}

/// Why a text that begins with these lines is not a list.
pub(super) fn refusal_of_text(sample: &[u8]) -> Option<Message> {
    is_markup(sample).then_some(MARKUP)
}

/// How files begin that are no text: PNG, JPEG, GIF, PDF, zstd, xz, bzip2, 7-Zip, RAR.
const SIGNATURES: [&[u8]; 9] =
    [b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"%PDF-", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ", b"BZh9", b"7z\xbc\xaf", b"Rar!"];

/// Whether a text is HTML or XML: it begins with one of the tags that such files begin with.
fn is_markup(head: &[u8]) -> bool {
    const TAGS: &str =
        "!doctype !-- ?xml html head body title meta script div a img table rss feed urlset sitemapindex svg";
    let Some(tag) = head.trim_ascii_start().strip_prefix(b"<") else { return false };
    let is_tag = |name: &str| {
        let (start, rest) = tag.split_at_checked(name.len()).unwrap_or_default();
        let ends = name == "!--" || rest.first().is_none_or(|byte| !byte.is_ascii_alphanumeric());
        start.eq_ignore_ascii_case(name.as_bytes()) && ends
    };
    TAGS.split(' ').any(is_tag)
}
