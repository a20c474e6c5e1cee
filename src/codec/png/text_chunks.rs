//! Metadata in PNG's text chunks: XMP under its keyword, and the "raw profiles" in which programs stored EXIF, XMP and
//! IPTC before there were chunks for them (ImageMagick's notation: a name, a length, hexadecimal digits).

use ::png::Info;

/// The keyword under which PNG stores XMP.
pub(super) const XMP_KEYWORD: &str = "XML:com.adobe.xmp";
const RAW_PROFILE: &str = "Raw profile type ";

/// Most bytes of a decompressed text.
const MAX_TEXT_BYTES: usize = 8 << 20;

/// The XMP packet.
pub(super) fn xmp(info: &Info<'_>) -> Option<Vec<u8>> {
    // The compressed form is copied, because the `png` crate accepts a limit only for that.
    let mut text = info.utf8_text.iter().find(|text| text.keyword == XMP_KEYWORD)?.clone();
    text.decompress_text_with_limit(MAX_TEXT_BYTES).ok()?;
    text.get_text().ok().map(String::into_bytes)
}

/// The raw profile of one of these names.
pub(super) fn raw_profile(info: &Info<'_>, names: &[&str]) -> Option<Vec<u8>> {
    let is_it = |keyword: &str| {
        keyword.strip_prefix(RAW_PROFILE).is_some_and(|kind| names.iter().any(|name| name.eq_ignore_ascii_case(kind)))
    };
    if let Some(packed) = info.compressed_latin1_text.iter().find(|text| is_it(&text.keyword)) {
        let mut text = packed.clone();
        text.decompress_text_with_limit(MAX_TEXT_BYTES).ok()?;
        return unfold(&text.get_text().ok()?);
    }
    info.uncompressed_latin1_text.iter().find(|text| is_it(&text.keyword)).and_then(|text| unfold(&text.text))
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

#[cfg(test)]
mod tests {
    use super::super::text_chunks::*;

    #[test]
    fn a_raw_profile_is_decoded_and_one_of_another_length_is_ignored() {
        assert_eq!(unfold("\nexif\n       4\n4578\n6966\n"), Some(b"Exif".to_vec()));
        assert_eq!(unfold("\nexif\n       5\n45786966\n"), None);
        assert_eq!(unfold("\nexif\n99999999999999999999\n45\n"), None);
        assert_eq!(unfold("exif"), None);
    }
}
