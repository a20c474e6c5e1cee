//! Pages with metadata of their own, in both kinds of TIFF and both byte orders.

use super::super::chunks::Chunks;
use super::super::directory::pages;
use super::super::read;
use crate::codec::formats::known;
use crate::codec::{DecodeOptions, encoder, open, stripped, taken};
use crate::model::{Band, Density, Metadata, MetadataPolicy, Samples, Save};

/// A number of so many bytes, in the file's byte order.
#[derive(Clone, Copy)]
struct Order {
    little: bool,
    big: bool,
}

impl Order {
    fn bytes(self, number: u64, length: usize) -> Vec<u8> {
        let mut bytes = number.to_be_bytes()[8 - length..].to_vec();
        if self.little {
            bytes.reverse();
        }
        bytes
    }

    const fn wide(self) -> usize {
        if self.big { 8 } else { 4 }
    }
}

/// A field: tag, type, number of values, their bytes.
type Field = (u16, u16, u64, Vec<u8>);

/// Appends a directory after its values; returns its offset and that of its link.
fn directory(out: &mut Vec<u8>, order: Order, mut fields: Vec<Field>) -> (u64, usize) {
    fields.sort_by_key(|field| field.0);
    let mut entries = Vec::new();
    for (tag, kind, count, mut data) in fields {
        if data.len() > order.wide() {
            let at = out.len() as u64;
            out.extend(&data);
            out.resize(out.len().next_multiple_of(2), 0);
            data = order.bytes(at, order.wide());
        }
        data.resize(order.wide(), 0);
        let head = [order.bytes(tag.into(), 2), order.bytes(kind.into(), 2), order.bytes(count, order.wide())];
        entries.push([head.concat(), data].concat());
    }
    let at = out.len() as u64;
    out.extend(order.bytes(entries.len() as u64, if order.big { 8 } else { 2 }));
    out.extend(entries.concat());
    let link = out.len();
    out.extend(vec![0; order.wide()]);
    (at, link)
}

/// A file of pages of two gray pixels, each described by its letter.
fn file(order: Order, letters: &[&str]) -> Vec<u8> {
    let mut out = if order.little { b"II".to_vec() } else { b"MM".to_vec() };
    out.extend(order.bytes(if order.big { 43 } else { 42 }, 2));
    if order.big {
        out.extend([order.bytes(8, 2), order.bytes(0, 2)].concat());
    }
    let mut link = out.len();
    out.extend(vec![0; order.wide()]);
    for (n, letter) in letters.iter().enumerate() {
        let long = |value: u64| order.bytes(value, 4);
        let short = |value: u64| order.bytes(value, 2);
        let text = |text: String| [text.into_bytes(), vec![0]].concat();
        let mut below = |tag, value: Vec<u8>| match *letter {
            "-" => 0,
            _ => directory(&mut out, order, vec![(tag, 2, value.len() as u64, value)]).0,
        };
        let exif = below(0x9003, text(format!("200{n}:01:02 03:04:05")));
        let gps = below(1, b"N\0".to_vec());
        let pixels = out.len() as u64;
        out.extend([n as u8, 200]);
        let pointer = |at: u64| order.bytes(at, order.wide());
        let kind = if order.big { 18 } else { 4 };
        let xmp = format!("<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><!-- packet {letter} --></x:xmpmeta>").into_bytes();
        let iptc = [b"\x1C\x02\x78\0\x05text".as_slice(), letter.as_bytes()].concat();
        let dpi = |dpi: u64| [long(dpi), long(1)].concat();
        let mut fields = vec![
            (256, 4, 1, long(2)),
            (257, 4, 1, long(1)),
            (258, 3, 1, short(8)),
            (262, 3, 1, short(1)),
            (270, 2, 12, text(format!("described {letter}"))),
            (273, 4, 1, long(pixels)),
            (279, 4, 1, long(2)),
            (282, 5, 1, dpi(100 + n as u64)),
            (283, 5, 1, dpi(100 + n as u64)),
            (296, 3, 1, short(2)),
            (315, 2, 9, text(format!("artist {letter}"))),
        ];
        if *letter != "-" {
            fields.push((700, 1, xmp.len() as u64, xmp));
            fields.push((33_723, 7, iptc.len() as u64, iptc));
            fields.push((34_665, kind, 1, pointer(exif)));
            fields.push((34_853, kind, 1, pointer(gps)));
        }
        let (at, next) = directory(&mut out, order, fields);
        let wide = order.wide();
        out[link..link + wide].copy_from_slice(&order.bytes(at, wide));
        link = next;
    }
    out
}

const ORDERS: [Order; 4] = [
    Order { little: true, big: false },
    Order { little: false, big: false },
    Order { little: true, big: true },
    Order { little: false, big: true },
];

fn contains(block: Option<&[u8]>, text: &str) -> bool {
    block.is_some_and(|block| block.windows(text.len()).any(|part| part == text.as_bytes()))
}

fn metadata_of(bytes: &[u8], page: u32) -> Metadata {
    open(bytes, &DecodeOptions { page, ..DecodeOptions::default() }).unwrap().metadata
}

#[test]
fn every_page_has_its_own_metadata() {
    for order in ORDERS {
        let bytes = file(order, &["A", "B", "-", "D"]);
        for (page, letter) in [(0, "A"), (1, "B"), (2, "-"), (3, "D")] {
            let metadata = metadata_of(&bytes, page);
            let exif = metadata.exif.as_deref();
            let density = f64::from(100 + page);
            assert_eq!(metadata.density, Some(Density { x_per_inch: density, y_per_inch: density }));
            assert!(contains(exif, &format!("described {letter}")) && contains(exif, &format!("artist {letter}")));
            for other in ["A", "B", "-", "D"].into_iter().filter(|other| *other != letter) {
                assert!(!contains(exif, &format!("described {other}")), "{page}");
            }
            if letter == "-" {
                assert!(metadata.xmp.is_none() && metadata.iptc.is_none() && !contains(exif, "200"));
                continue;
            }
            assert!(contains(exif, &format!("200{page}:01:02")), "{page}");
            assert!(contains(metadata.xmp.as_deref(), &format!("packet {letter}")));
            assert!(contains(metadata.iptc.as_deref(), &format!("text{letter}")));
            // The result of this page, read again.
            let save = Save { metadata: MetadataPolicy::Keep, ..Save::default() };
            let mut opened = open(&bytes, &DecodeOptions { page, ..DecodeOptions::default() }).unwrap();
            let mut encoder = encoder(known::TIFF, &save, None, &opened.metadata).unwrap();
            let mut band = Band::empty(&opened.rows.info());
            opened.rows.read_rows(1, &mut band).unwrap();
            encoder.start(opened.rows.info()).unwrap();
            encoder.write_rows(&band).unwrap();
            let again = metadata_of(&encoder.finish().unwrap(), 0);
            assert!(contains(again.exif.as_deref(), &format!("artist {letter}")));
            assert!(contains(again.exif.as_deref(), &format!("200{page}:01:02")));
            assert!(contains(again.xmp.as_deref(), &format!("packet {letter}")) && again.iptc == metadata.iptc);
        }
        assert_eq!(taken(&bytes).as_deref(), Some("2000-01-02T03:04:05"));
    }
}

#[test]
fn metadata_of_all_pages_is_stripped_and_pixels_stay_where_every_page_finds_them() {
    for order in ORDERS {
        let bytes = file(order, &["A", "B", "-", "D"]);
        let bare = stripped(&bytes).unwrap().bytes;
        assert!(bare.len() < bytes.len());
        for text in ["described", "artist", "packet", "text", "200"] {
            assert!(!contains(Some(&bare), text), "{text}");
        }
        for page in 0..4 {
            let mut opened = open(&bare, &DecodeOptions { page, ..DecodeOptions::default() }).unwrap();
            let mut band = Band::empty(&opened.rows.info());
            opened.rows.read_rows(1, &mut band).unwrap();
            assert_eq!(band.samples, Samples::U8(vec![page as u8, 200]));
            assert_eq!(opened.metadata, Metadata::default());
        }
    }
}

/// The same file, whose first page has a description; its directory is at the end.
pub(super) fn described(bytes: &[u8], text: &str) -> Vec<u8> {
    let order = Order { little: bytes[0] == b'I', big: bytes[2..4].contains(&43) };
    let number = |at: usize, length: usize| {
        let mut part = bytes[at..at + length].to_vec();
        if order.little {
            part.reverse();
        }
        part.into_iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(byte)) as usize
    };
    let (wide, count_bytes, entry_bytes) = if order.big { (8, 8, 20) } else { (4, 2, 12) };
    let link = if order.big { 8 } else { 4 };
    let at = number(link, wide);
    let count = number(at, count_bytes);
    let first = at + count_bytes;
    let mut out = bytes.to_vec();
    let value = out.len() as u64;
    out.extend(text.as_bytes());
    out.resize(out.len().next_multiple_of(2) + 2, 0);
    let own =
        [order.bytes(270, 2), order.bytes(2, 2), order.bytes(text.len() as u64 + 1, wide), order.bytes(value, wide)];
    let others = bytes[first..first + count * entry_bytes].chunks(entry_bytes).map(<[u8]>::to_vec);
    let mut entries: Vec<Vec<u8>> = others.filter(|entry| entry[..2] != own[0]).collect();
    entries.push(own.concat());
    entries.sort_by_key(|entry| if order.little { [entry[1], entry[0]] } else { [entry[0], entry[1]] });
    let new_at = out.len() as u64;
    out.extend(order.bytes(entries.len() as u64, count_bytes));
    out.extend(entries.concat());
    let next = first + count * entry_bytes;
    out.extend(bytes.get(next..next + wide).map_or_else(|| vec![0; wide], <[u8]>::to_vec));
    out[link..link + wide].copy_from_slice(&order.bytes(new_at, wide));
    out
}

/// Strips or tiles of the first page, as they are coded.
fn coded(bytes: &[u8]) -> Vec<Vec<u8>> {
    let page = pages(bytes).unwrap().swap_remove(0);
    let layout = read::layout(&page).unwrap();
    let chunks = Chunks::of(&page, &layout).unwrap();
    (0..chunks.len()).map(|index| chunks.data(index, bytes).to_vec()).collect()
}

/// Strips a file with a description, and checks that nothing else changed.
pub(super) fn check_stripped(bytes: &[u8], name: &str) {
    let secret = "about a secret place";
    let full = described(bytes, secret);
    let samples = |bytes: &[u8]| {
        let mut opened = open(bytes, &DecodeOptions::default()).unwrap();
        let info = opened.rows.info();
        let mut band = Band::empty(&info);
        opened.rows.read_rows(info.height_px, &mut band).unwrap();
        (info, band.samples)
    };
    assert!(contains(metadata_of(&full, 0).exif.as_deref(), secret), "{name}");
    let bare = stripped(&full).unwrap_or_else(|| panic!("{name} would be encoded again")).bytes;
    assert!(!contains(Some(&bare), secret) && metadata_of(&bare, 0).exif.is_none(), "{name}");
    assert!(samples(&bare) == samples(bytes), "{name}");
    assert!(coded(&bare) == coded(bytes) && !coded(bytes).is_empty(), "{name}");
}

#[test]
fn coded_pixels_of_every_compression_survive_the_removal_of_metadata() {
    macro_rules! files {
        ($($name:literal)*) => {
            [$(($name, include_bytes!(concat!("../../../../tests/reference/formats/", $name)).as_slice())),*]
        };
    }
    for (name, bytes) in files!["tiff_fax3.tif" "tiff_fax4.tif" "tiff_jpeg.tif" "tiff_tiled_deflate.tif"
        "tiff_bigtiff_lzw.tif" "tiff_planar.tif" "tiff_packbits.tif" "tiff_palette.tif" "tiff_pages.tif" "tiff_cmyk.tif"
        "tiff_lab8.tif" "tiff_float.tif"]
    {
        check_stripped(bytes, name);
    }
}
