//! PNG's text chunks, wherever they are in the file: XMP under its keyword, the "raw profiles" in which programs stored
//! EXIF, XMP and IPTC before there were chunks for them (ImageMagick's notation: a name, a length, hexadecimal digits),
//! and texts for people.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};

use ::png::chunk::ChunkType;
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;

use super::chunks::chunks;
use crate::model::KeywordText;

/// The keyword under which PNG stores XMP.
const XMP_KEYWORD: &str = "XML:com.adobe.xmp";
const RAW_PROFILE: &str = "Raw profile type ";
/// Raw profiles that are read.
const READ_PROFILES: [&str; 8] = ["exif", "APP1", "xmp", "iptc", "8bim", "icc", "icm", "photoshop"];

/// Most bytes of a decompressed text.
const MAX_TEXT_BYTES: u64 = 8 << 20;
/// Most bytes of all texts together.
const MAX_ALL_BYTES: usize = 32 << 20;
/// Longer texts are compressed, as the standard recommends (PNG, third edition, 11.3.3.1).
const LONG_TEXT_BYTES: usize = 1_024;
/// Most bytes of a keyword.
const MAX_KEYWORD_BYTES: usize = 79;

/// The texts of a file.
pub(super) struct Texts(Vec<KeywordText>);

impl Texts {
    /// Reads every text chunk, also those after the pixels.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut texts = Vec::new();
        let mut length = 0;
        for (kind, data) in chunks(bytes) {
            let text = match &kind {
                b"tEXt" => plain(data),
                b"zTXt" => compressed(data),
                b"iTXt" => international(data),
                _ => None,
            };
            let Some(text) = text else { continue };
            length += text.text.len();
            if length > MAX_ALL_BYTES {
                break;
            }
            texts.push(text);
        }
        Self(texts)
    }

    /// The XMP packet.
    pub(super) fn xmp(&self) -> Option<Vec<u8>> {
        let text = self.0.iter().find(|text| text.keyword == XMP_KEYWORD)?;
        Some(text.text.clone().into_bytes())
    }

    /// The raw profiles of these names.
    pub(super) fn raw_profiles<'n>(&'n self, names: &'n [&str]) -> impl Iterator<Item = Vec<u8>> + 'n {
        self.0.iter().filter(|text| is_raw_profile(text, names)).filter_map(|text| unfold(&text.text))
    }

    /// The texts for people.
    pub(super) fn into_texts(self) -> Vec<KeywordText> {
        let is_metadata = |text: &KeywordText| text.keyword == XMP_KEYWORD || is_raw_profile(text, &READ_PROFILES);
        self.0.into_iter().filter(|text| !is_metadata(text)).collect()
    }
}

fn is_raw_profile(text: &KeywordText, names: &[&str]) -> bool {
    let kind = text.keyword.strip_prefix(RAW_PROFILE);
    kind.is_some_and(|kind| names.iter().any(|name| name.eq_ignore_ascii_case(kind)))
}

fn latin_1(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| char::from(byte)).collect()
}

/// Splits at the next zero.
fn field(data: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = data.iter().position(|&byte| byte == 0)?;
    Some((data.get(..end)?, data.get(end + 1..)?))
}

fn inflated(data: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    ZlibDecoder::new(data).take(MAX_TEXT_BYTES + 1).read_to_end(&mut out).ok()?;
    (out.len() as u64 <= MAX_TEXT_BYTES).then_some(out)
}

fn plain(data: &[u8]) -> Option<KeywordText> {
    let (keyword, text) = field(data)?;
    Some(KeywordText { keyword: latin_1(keyword), text: latin_1(text), ..KeywordText::default() })
}

fn compressed(data: &[u8]) -> Option<KeywordText> {
    let (keyword, rest) = field(data)?;
    // The method 0 is deflate.
    let text = inflated(rest.strip_prefix(&[0])?)?;
    Some(KeywordText { keyword: latin_1(keyword), text: latin_1(&text), ..KeywordText::default() })
}

fn international(data: &[u8]) -> Option<KeywordText> {
    let (keyword, rest) = field(data)?;
    let &[is_compressed, _method, ref rest @ ..] = rest else { return None };
    let (language, rest) = field(rest)?;
    let (translated, text) = field(rest)?;
    let text = if is_compressed == 1 { inflated(text)? } else { text.to_vec() };
    Some(KeywordText {
        keyword: latin_1(keyword),
        language: latin_1(language),
        translated: String::from_utf8_lossy(translated).into_owned(),
        text: String::from_utf8(text).ok()?,
    })
}

/// Reads `name`, `length`, and twice as many hexadecimal digits with line ends between.
fn unfold(text: &str) -> Option<Vec<u8>> {
    let mut lines = text.trim_start_matches('\n').splitn(3, '\n');
    let (_name, length, digits) = (lines.next()?, lines.next()?, lines.next()?);
    let length: usize = length.trim().parse().ok()?;
    let mut nibbles = digits.chars().filter_map(|digit| digit.to_digit(16));
    let mut bytes = Vec::new();
    while let (Some(high), Some(low)) = (nibbles.next(), nibbles.next()) {
        bytes.push((high << 4 | low) as u8);
    }
    (bytes.len() == length).then_some(bytes)
}

/// A raw profile of this name, as ImageMagick writes it.
pub(super) fn fold(name: &str, data: &[u8]) -> KeywordText {
    let mut text = format!("\n{name}\n{:8}\n", data.len());
    for line in data.chunks(36) {
        line.iter().for_each(|byte| {
            let _ = write!(text, "{byte:02x}");
        });
        text.push('\n');
    }
    KeywordText { keyword: format!("{RAW_PROFILE}{name}"), text, ..KeywordText::default() }
}

/// The chunk of an XMP packet.
pub(super) fn xmp_chunk(packet: &[u8]) -> Vec<u8> {
    // Neither compressed nor in a language.
    [XMP_KEYWORD.as_bytes(), &[0, 0, 0, 0, 0], packet].concat()
}

/// A text's chunk: Latin-1 if that holds it, else UTF-8; compressed if it is long.
pub(super) fn chunk(text: &KeywordText) -> Option<(ChunkType, Vec<u8>)> {
    let as_latin_1 = |text: &str| text.chars().map(|letter| u8::try_from(u32::from(letter)).ok()).collect();
    let keyword: Option<Vec<u8>> = as_latin_1(&text.keyword);
    let keyword = keyword.filter(|word| (1..=MAX_KEYWORD_BYTES).contains(&word.len()) && !word.contains(&0))?;
    let is_plain = text.language.is_empty() && text.translated.is_empty() && !text.text.contains('\0');
    let latin: Option<Vec<u8>> = as_latin_1(&text.text).filter(|_| is_plain);
    let is_long = text.text.len() > LONG_TEXT_BYTES;
    Some(match latin {
        Some(latin) if is_long => (::png::chunk::zTXt, [&keyword[..], &[0, 0], &deflated(&latin)?].concat()),
        Some(latin) => (::png::chunk::tEXt, [&keyword[..], &[0], &latin].concat()),
        None => {
            let words = text.text.as_bytes();
            let words = if is_long { deflated(words)? } else { words.to_vec() };
            let language: Vec<u8> = text.language.bytes().filter(u8::is_ascii_graphic).collect();
            let translated: Vec<u8> = text.translated.bytes().filter(|byte| *byte != 0).collect();
            let data = [&keyword[..], &[0, u8::from(is_long), 0], &language, &[0], &translated, &[0], &words].concat();
            (::png::chunk::iTXt, data)
        }
    })
}

fn deflated(data: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(data).ok()?;
    encoder.finish().ok()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::super::text_chunks::*;

    #[test]
    fn a_raw_profile_is_decoded_and_one_of_another_length_is_ignored() {
        assert_eq!(unfold("\nexif\n       4\n4578\n6966\n"), Some(b"Exif".to_vec()));
        assert_eq!(unfold("\nexif\n       5\n45786966\n"), None);
        assert_eq!(unfold("\nexif\n99999999999999999999\n45\n"), None);
        assert_eq!(unfold("exif"), None);
        let data: Vec<u8> = (0..=255).collect();
        assert_eq!(unfold(&fold("iptc", &data).text), Some(data));
    }

    #[test]
    fn every_text_is_read_as_it_was_written() {
        let text = |keyword: &str, language: &str, text: &str| KeywordText {
            keyword: keyword.to_owned(),
            language: language.to_owned(),
            translated: String::new(),
            text: text.to_owned(),
        };
        let long = "word ".repeat(1_000);
        let texts = [
            (text("Title", "", "café"), b"tEXt"),
            (text("Long", "", &long), b"zTXt"),
            (text("Author", "", "지은이"), b"iTXt"),
            (text("Author", "ko", &format!("지은이{long}")), b"iTXt"),
        ];
        for (text, kind) in texts {
            let (chunk, data) = chunk(&text).unwrap();
            assert_eq!(&chunk.0, kind);
            let read = match kind {
                b"tEXt" => plain(&data),
                b"zTXt" => compressed(&data),
                _ => international(&data),
            };
            assert_eq!(read, Some(text));
        }
        assert_eq!(chunk(&text("", "", "no keyword")), None);
        assert_eq!(chunk(&text("제목", "", "a keyword is Latin-1")), None);
    }

    #[test]
    fn a_bomb_is_not_read() {
        let zeros = vec![b'0'; MAX_TEXT_BYTES as usize + 1];
        let data = [b"Bomb\0\0".as_slice(), &deflated(&zeros).unwrap()].concat();
        assert_eq!(compressed(&data), None);
    }
}
