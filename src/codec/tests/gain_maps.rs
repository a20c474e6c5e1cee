//! Gain maps of HEIF files. The files are put together here from coded images of other files.

#![expect(clippy::unwrap_used, reason = "tests")]

use ultrahdr_core::{GainMapMetadata, Iso21496Format, serialize_iso21496_fmt};

use super::reference::file;
use super::*;
use crate::codec::gain_map::FoundGainMap;

fn boxed(kind: [u8; 4], body: &[u8]) -> Vec<u8> {
    [&(body.len() as u32 + 8).to_be_bytes()[..], &kind, body].concat()
}

/// The first box of this kind anywhere in a file, its header included.
fn found(bytes: &[u8], kind: [u8; 4]) -> &[u8] {
    let at = bytes.windows(4).position(|word| word == kind).unwrap() - 4;
    let length = u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    &bytes[at..at + length]
}

/// A coded image of a file with one: type, properties, data.
struct Coded {
    kind: [u8; 4],
    properties: Vec<Vec<u8>>,
    data: Vec<u8>,
}

fn coded(name: &str) -> Coded {
    let bytes = file(name);
    let heic = name.ends_with("heic");
    let (kind, configuration) = if heic { (*b"hvc1", *b"hvcC") } else { (*b"av01", *b"av1C") };
    let properties = [*b"ispe", configuration].map(|kind| found(&bytes, kind).to_vec()).to_vec();
    let data = found(&bytes, *b"mdat")[8..].to_vec();
    Coded { kind, properties, data }
}

/// What a file says about its map.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    Apple { headroom: Option<&'static str> },
    ToneMapped,
}

const STOPS: f64 = 1.5;

/// A file with a picture and its map; the map's properties are extended by `more`.
fn heif(brand: [u8; 4], picture: &Coded, map: &Coded, form: Form, more: &[Vec<u8>]) -> Vec<u8> {
    let mut parameters = GainMapMetadata::default();
    parameters.alternate_hdr_headroom = STOPS;
    parameters.channels.iter_mut().for_each(|channel| channel.max = STOPS);
    let (third, kind, (refers_by, refers_to), mime) = match form {
        Form::ToneMapped => {
            let payload = serialize_iso21496_fmt(&parameters, Iso21496Format::AvifTmap);
            (payload, *b"tmap", (*b"dimg", vec![3_u16, 2, 1, 2]), &b""[..])
        }
        Form::Apple { headroom } => {
            let headroom = headroom.map(|text| format!("HDRGainMap:HDRGainMapHeadroom='{text}'")).unwrap_or_default();
            let xmp = format!(
                "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>\
                 <rdf:Description xmlns:HDRGainMap='http://ns.apple.com/HDRGainMap/1.0/' HDRGainMap:HDRGainMapVersion='131072' \
                 {headroom}/></rdf:RDF></x:xmpmeta>"
            );
            (xmp.into_bytes(), *b"mime", (*b"cdsc", vec![3, 1, 2]), &b"application/rdf+xml\0"[..])
        }
    };
    let infos: Vec<u8> = [(1_u16, picture.kind, &b""[..]), (2, map.kind, b""), (3, kind, mime)]
        .into_iter()
        .flat_map(|(id, kind, mime)| {
            boxed(*b"infe", &[&[2, 0, 0, 0][..], &id.to_be_bytes(), &[0, 0], &kind, &[0], mime].concat())
        })
        .collect();
    let numbers = |numbers: &[u16]| numbers.iter().flat_map(|number| number.to_be_bytes()).collect::<Vec<u8>>();
    let mut references = vec![0; 4];
    if matches!(form, Form::Apple { .. }) {
        references.extend(boxed(*b"auxl", &numbers(&[2, 1, 1])));
    }
    references.extend(boxed(refers_by, &numbers(&refers_to)));
    let purpose = boxed(*b"auxC", b"\0\0\0\0urn:com:apple:photo:2020:aux:hdrgainmap\0");
    let own = if form == Form::ToneMapped { Vec::new() } else { vec![purpose] };
    let of_map: Vec<Vec<u8>> = [map.properties.clone(), own, more.to_vec()].concat();
    let first = picture.properties.len();
    let mut links = [&[0; 4][..], &2_u32.to_be_bytes()].concat();
    for (id, range) in [(1_u16, 1..=first), (2, first + 1..=first + of_map.len())] {
        links.extend(id.to_be_bytes());
        links.push(range.clone().count() as u8);
        links.extend(range.map(|index| index as u8));
    }
    let properties = boxed(*b"ipco", &[picture.properties.concat(), of_map.concat()].concat());
    let properties = boxed(*b"iprp", &[properties, boxed(*b"ipma", &links)].concat());
    let data = [&picture.data[..], &map.data, &third];
    let meta = |start: u32| {
        let mut places = [&[0; 4][..], &[0x44, 0], &3_u16.to_be_bytes()].concat();
        let mut at = start;
        for (id, data) in (1_u16..).zip(data) {
            places.extend(numbers(&[id, 0, 1]));
            places.extend([at, data.len() as u32].into_iter().flat_map(u32::to_be_bytes));
            at += data.len() as u32;
        }
        let handler = boxed(*b"hdlr", &[&[0; 8][..], b"pict", &[0; 13]].concat());
        let infos = boxed(*b"iinf", &[&[0, 0, 0, 0, 0, 3][..], &infos].concat());
        let primary = boxed(*b"pitm", &[0, 0, 0, 0, 0, 1]);
        let all = [vec![0; 4], handler, primary, boxed(*b"iloc", &places), infos, boxed(*b"iref", &references)];
        boxed(*b"meta", &[all.concat(), properties.clone()].concat())
    };
    let ftyp = boxed(*b"ftyp", &[&brand[..], &[0; 4], b"mif1", &brand].concat());
    let start = ftyp.len() + meta(0).len() + 8;
    [ftyp, meta(start as u32), boxed(*b"mdat", &data.concat())].concat()
}

fn values(bytes: &[u8], found: &FoundGainMap) -> (ImageInfo, Vec<u8>, crate::codec::gain_map::Parameters) {
    let map = read_gain_map(bytes, found, &DecodeControl::in_process()).unwrap().unwrap();
    (map.info(), map.samples().to_vec(), map.parameters)
}

fn decode_first(bytes: &[u8]) -> Image {
    super::reference::decode_page(bytes, 0).unwrap()
}

#[cfg(feature = "heic")]
const HEIC: ([u8; 4], &str, &str) = (*b"heic", "heic_420.heic", "heic_gray.heic");
const AVIF: ([u8; 4], &str, &str) = (*b"avif", "avif_420.avif", "avif_gray.avif");

/// An AVIF file with a gain map in the form of ISO 21496-1.
pub(super) fn avif() -> Vec<u8> {
    let (brand, picture, map) = AVIF;
    heif(brand, &coded(picture), &coded(map), Form::ToneMapped, &[])
}

#[test]
fn maps_of_heif_files_are_found_in_both_forms() {
    #[cfg(feature = "heic")]
    let kinds = [HEIC, AVIF];
    #[cfg(not(feature = "heic"))]
    let kinds = [AVIF];
    for (brand, picture, map) in kinds {
        let (picture, map) = (coded(picture), coded(map));
        // All that is coded, as a picture.
        let Samples::U8(stored) = decode_first(&heif(brand, &map, &map, Form::ToneMapped, &[])).samples else {
            panic!("8 bits");
        };
        let bytes = heif(brand, &picture, &map, Form::ToneMapped, &[]);
        let found = find_gain_map(&bytes).unwrap();
        let (info, samples, parameters) = values(&bytes, &found);
        assert!(info.channels == Channels::Gray && samples == stored, "{info:?}");
        assert!((parameters.channels[0].max - STOPS).abs() < 1e-6 && !found.has_others);
        let bytes = heif(brand, &picture, &map, Form::Apple { headroom: Some("4") }, &[]);
        let (_, samples, parameters) = values(&bytes, &find_gain_map(&bytes).unwrap());
        assert_eq!((parameters.channels[0].max, parameters.alternate_hdr_headroom), (2.0, 2.0));
        for (stored, value) in stored.iter().zip(samples) {
            let stored = f64::from(*stored) / 255.0;
            let light = if stored < 0.081 { stored / 4.5 } else { ((stored + 0.099) / 1.099).powf(1.0 / 0.45) };
            let gain = (2.0 * f64::from(value) / 255.0).exp2();
            assert!((gain / (1.0 + 3.0 * light)).ln().abs() < 0.004, "{stored}: {gain}");
        }
    }
}

#[test]
fn maps_of_heif_files_that_say_too_little_or_do_not_fit_are_not_used() {
    let (brand, picture, map) = AVIF;
    let (picture, map) = (coded(picture), coded(map));
    let finds = |form, more: &[Vec<u8>]| find_gain_map(&heif(brand, &picture, &map, form, more)).is_some();
    assert!(finds(Form::ToneMapped, &[]));
    for headroom in [None, Some("1"), Some("0"), Some("-4"), Some("inf"), Some("x")] {
        assert!(!finds(Form::Apple { headroom }, &[]), "{headroom:?}");
    }
    assert!(!finds(Form::ToneMapped, &[boxed(*b"irot", &[1])]), "turned otherwise than the picture");
    let mut larger = coded(AVIF.2);
    larger.properties[0][12..16].copy_from_slice(&4_000_u32.to_be_bytes());
    assert!(find_gain_map(&heif(brand, &picture, &larger, Form::ToneMapped, &[])).is_none());
    // A map that can't be decoded.
    let mut broken = coded(AVIF.2);
    let middle = broken.data.len() / 2;
    broken.data.truncate(middle);
    let bytes = heif(brand, &picture, &broken, Form::ToneMapped, &[]);
    let found = find_gain_map(&bytes).unwrap();
    assert!(read_gain_map(&bytes, &found, &DecodeControl::in_process()).unwrap().is_none());
}
