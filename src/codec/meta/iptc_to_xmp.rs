//! IPTC-IIM records as XMP properties (IPTC Photo Metadata Standard, "IIM to XMP mapping"; exiftool's `iptc2xmp`).

use super::iptc::{self, Dataset};
use super::xmp_merge::{Kind, NewProperty};
use crate::model::text_encoding;

/// `1B % G`: texts are UTF-8 (IIM 4.2, 1:90).
const UTF8: &[u8] = b"\x1B%G";
const CHARACTER_SET: u8 = 90;
/// Datasets of record 2 that describe the records, or hold a preview.
const STRUCTURE: [u8; 5] = [0, 200, 201, 202, 3];
const DATE_CREATED: u8 = 55;
const TIME_CREATED: u8 = 60;
const DIGITAL_DATE: u8 = 62;
const DIGITAL_TIME: u8 = 63;
const PROGRAM: u8 = 65;
const PROGRAM_VERSION: u8 = 70;

/// Datasets of record 2: number, name, property, kind.
const FIELDS: [(u8, &str, &str, Kind); 21] = [
    (5, "ObjectName", "dc:title", Kind::Language),
    (4, "IntellectualGenre", "Iptc4xmpCore:IntellectualGenre", Kind::Text),
    (10, "Urgency", "photoshop:Urgency", Kind::Text),
    (12, "SubjectReference", "Iptc4xmpCore:SubjectCode", Kind::Bag),
    (15, "Category", "photoshop:Category", Kind::Text),
    (20, "SupplementalCategories", "photoshop:SupplementalCategories", Kind::Bag),
    (25, "Keywords", "dc:subject", Kind::Bag),
    (40, "SpecialInstructions", "photoshop:Instructions", Kind::Text),
    (80, "By-line", "dc:creator", Kind::Sequence),
    (85, "By-lineTitle", "photoshop:AuthorsPosition", Kind::Text),
    (90, "City", "photoshop:City", Kind::Text),
    (92, "Sub-location", "Iptc4xmpCore:Location", Kind::Text),
    (95, "Province-State", "photoshop:State", Kind::Text),
    (100, "Country-PrimaryLocationCode", "Iptc4xmpCore:CountryCode", Kind::Text),
    (101, "Country-PrimaryLocationName", "photoshop:Country", Kind::Text),
    (103, "OriginalTransmissionReference", "photoshop:TransmissionReference", Kind::Text),
    (105, "Headline", "photoshop:Headline", Kind::Text),
    (110, "Credit", "photoshop:Credit", Kind::Text),
    (115, "Source", "photoshop:Source", Kind::Text),
    (116, "CopyrightNotice", "dc:rights", Kind::Language),
    (120, "Caption-Abstract", "dc:description", Kind::Language),
];
/// The writer of the caption.
const WRITER: (u8, &str, &str, Kind) = (122, "Writer-Editor", "photoshop:CaptionWriter", Kind::Text);

/// The properties that records become, and the names of datasets that have none.
pub(super) fn properties(block: &[u8]) -> (Vec<NewProperty>, Vec<String>) {
    let datasets: Vec<Dataset<'_>> = iptc::datasets(block).collect();
    let is_utf8 = datasets.iter().any(|one| (one.record, one.number, one.data) == (1, CHARACTER_SET, UTF8));
    let text = |data: &[u8]| match std::str::from_utf8(data) {
        Ok(text) => text.to_owned(),
        Err(_) if is_utf8 => String::from_utf8_lossy(data).into_owned(),
        // Programs wrote the encoding of their system.
        Err(_) => text_encoding::decoded(data, None),
    };
    let all = |number: u8| -> Vec<String> {
        let found = datasets.iter().filter(|one| (one.record, one.number) == (2, number));
        found.map(|one| text(one.data).trim_end_matches('\0').to_owned()).filter(|text| !text.is_empty()).collect()
    };
    let mut properties = Vec::new();
    for (number, name, property, kind) in FIELDS.into_iter().chain([WRITER]) {
        let mut values = all(number);
        if number == 4 {
            // The number before the colon is a code of its name.
            values = values
                .iter()
                .map(|value| value.split_once(':').map_or(value.as_str(), |(_, name)| name).into())
                .collect();
        }
        if !values.is_empty() {
            properties.push(NewProperty { property, name: name.to_owned(), kind, values });
        }
    }
    for (date, time, name, property) in [
        (DATE_CREATED, TIME_CREATED, "DateCreated", "photoshop:DateCreated"),
        (DIGITAL_DATE, DIGITAL_TIME, "DigitalCreationDate", "xmp:CreateDate"),
    ] {
        if let Some(date) = all(date).first().and_then(|date| moment(date, all(time).first().map(String::as_str))) {
            properties.push(NewProperty { property, name: name.to_owned(), kind: Kind::Text, values: vec![date] });
        }
    }
    if let Some(program) = all(PROGRAM).first() {
        let version = all(PROGRAM_VERSION).first().map(|version| format!(" {version}")).unwrap_or_default();
        let values = vec![format!("{program}{version}")];
        let name = "OriginatingProgram".to_owned();
        properties.push(NewProperty { property: "xmp:CreatorTool", name, kind: Kind::Text, values });
    }
    let known = |number: u8| {
        FIELDS.iter().any(|field| field.0 == number)
            || STRUCTURE.contains(&number)
            || [WRITER.0, DATE_CREATED, TIME_CREATED, DIGITAL_DATE, DIGITAL_TIME, PROGRAM, PROGRAM_VERSION]
                .contains(&number)
    };
    let mut lost: Vec<String> = Vec::new();
    for one in datasets.iter().filter(|one| one.record > 2 || (one.record == 2 && !known(one.number))) {
        let name = format!("{}:{}", one.record, one.number);
        if !lost.contains(&name) {
            lost.push(name);
        }
    }
    (properties, lost)
}

/// A date `CCYYMMDD` and a time `HHMMSS+HHMM` as XMP writes them.
fn moment(date: &str, time: Option<&str>) -> Option<String> {
    let part = |text: &str, range: std::ops::Range<usize>| text.get(range).map(str::to_owned);
    let (year, month, day) = (part(date, 0..4)?, part(date, 4..6)?, part(date, 6..8)?);
    if !date.bytes().take(8).all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let date = match (month.as_str(), day.as_str()) {
        ("00", _) => return Some(year),
        (_, "00") => return Some(format!("{year}-{month}")),
        _ => format!("{year}-{month}-{day}"),
    };
    let clock = time.filter(|time| time.len() >= 6 && time.bytes().take(6).all(|byte| byte.is_ascii_digit()));
    let Some(time) = clock else { return Some(date) };
    let zone = match time.get(6..11) {
        Some(zone) if zone.starts_with(['+', '-']) => format!("{}:{}", part(zone, 0..3)?, part(zone, 3..5)?),
        _ => String::new(),
    };
    Some(format!("{date}T{}:{}:{}{zone}", part(time, 0..2)?, part(time, 2..4)?, part(time, 4..6)?))
}

#[cfg(test)]
mod tests {
    use super::super::iptc_to_xmp::*;

    fn dataset(number: u8, text: &[u8]) -> Vec<u8> {
        [&[0x1C, 2, number, 0, text.len() as u8], text].concat()
    }

    #[test]
    fn dates_have_the_precision_that_the_records_have() {
        assert_eq!(moment("20260501", Some("123456+0900")).as_deref(), Some("2026-05-01T12:34:56+09:00"));
        assert_eq!(moment("20260501", Some("123456")).as_deref(), Some("2026-05-01T12:34:56"));
        assert_eq!(moment("20260500", None).as_deref(), Some("2026-05"));
        assert_eq!(moment("20260000", None).as_deref(), Some("2026"));
        assert_eq!((moment("2026", None), moment("yesterday", None)), (None, None));
    }

    #[test]
    fn texts_are_utf8_if_they_can_be_and_in_a_legacy_encoding_otherwise() {
        let value = |records: &[u8]| properties(records).0.first().map(|property| property.values.join("|"));
        assert_eq!(value(&dataset(25, "서울".as_bytes())).as_deref(), Some("서울"));
        assert_eq!(value(&dataset(25, b"caf\xE9")).as_deref(), Some("café"));
        // "광화문 광장에서 열린 행사" in CP949.
        let korean = b"\xB1\xA4\xC8\xAD\xB9\xAE \xB1\xA4\xC0\xE5\xBF\xA1\xBC\xAD \xBF\xAD\xB8\xB0 \xC7\xE0\xBB\xE7";
        assert_eq!(value(&dataset(25, korean)).as_deref(), Some("광화문 광장에서 열린 행사"));
        let twice = [dataset(25, b"one"), dataset(25, b"two")].concat();
        assert_eq!(value(&twice).as_deref(), Some("one|two"));
    }

    #[test]
    fn datasets_without_a_property_are_named() {
        let records =
            [dataset(7, b"Edit status"), dataset(25, b"one"), dataset(7, b"again"), dataset(0, &[0, 4])].concat();
        assert_eq!(properties(&records).1, ["2:7"]);
    }
}
