//! Files of all formats, truncated and damaged: they give pixels or an error, and nothing else.

#![expect(clippy::unwrap_used, reason = "tests")]

use super::reference::{decode_page, file};
use super::*;

/// Files of the formats that are only read, and of TIFF variants that are not written.
fn files() -> Vec<(String, Vec<u8>)> {
    let folder = std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/reference/formats");
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.ends_with("png") && !name.ends_with("py") && !name.contains("_turn_"))
        .collect();
    names.sort();
    let mut files: Vec<_> = names.into_iter().map(|name| (name.clone(), file(&name))).collect();
    files.extend(netpbm());
    files.push(("svg".to_owned(), DRAWING.as_bytes().to_vec()));
    assert!(files.len() > 30, "{} files", files.len());
    files
}

const DRAWING: &str = "<svg xmlns='http://www.w3.org/2000/svg' width='40' height='30'><defs><filter id='f'>\
    <feGaussianBlur stdDeviation='2'/></filter><pattern id='p' width='4' height='4' patternUnits='userSpaceOnUse'>\
    <circle cx='2' cy='2' r='1'/></pattern></defs><g opacity='0.5' filter='url(#f)'><rect width='20' height='20' \
    fill='url(#p)'/></g><text x='2' y='20'>Pix</text></svg>";

fn netpbm() -> Vec<(String, Vec<u8>)> {
    let gray: Vec<u8> = (0..12 * 9).map(|n| (n * 2) as u8).collect();
    let ascii = |values: &mut dyn Iterator<Item = u32>| {
        values.map(|value| value.to_string()).collect::<Vec<_>>().join("\n").into_bytes()
    };
    let file = |head: &str, body: &[u8]| [head.as_bytes(), body].concat();
    vec![
        ("P1".to_owned(), file("P1\n# bits\n12 9\n", &ascii(&mut gray.iter().map(|v| u32::from(v & 1))))),
        ("P2".to_owned(), file("P2 12 9 255\n", &ascii(&mut gray.iter().map(|&v| u32::from(v))))),
        ("P3".to_owned(), file("P3 4 9 255\n", &ascii(&mut gray.iter().map(|&v| u32::from(v))))),
        ("P4".to_owned(), file("P4 12 9\n", &gray[..18])),
        ("P5".to_owned(), file("P5 12 9 255\n", &gray)),
        ("P5 of 16 bits".to_owned(), file("P5 6 9 65535\n", &gray)),
        ("P6".to_owned(), file("P6 4 9 255\n", &gray)),
        ("P7".to_owned(), file("P7\nWIDTH 3\nHEIGHT 9\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n", &gray)),
    ]
}

#[test]
fn netpbm_files_of_every_kind_are_decoded() {
    for (name, bytes) in netpbm() {
        assert_eq!(sniff(&bytes), Some(known::PNM), "{name}");
        let image = decode_page(&bytes, 0).unwrap_or_else(|error| panic!("{name}: {error:?}"));
        let first: Vec<u32> = match &image.samples {
            crate::model::Samples::U8(values) => values.iter().take(3).map(|&v| u32::from(v)).collect(),
            crate::model::Samples::U16(values) => values.iter().take(3).map(|&v| u32::from(v)).collect(),
            crate::model::Samples::F32(_) => panic!("floats"),
        };
        let expected = match name.as_str() {
            "P1" | "P4" => [255, 255, 255],
            "P5 of 16 bits" => [2, 0x0406, 0x080A],
            _ => [0, 2, 4],
        };
        assert_eq!(first, expected, "{name}");
    }
}

#[test]
fn a_file_truncated_anywhere_gives_a_plain_error() {
    for (name, bytes) in files() {
        for part in 0..16 {
            let cut = &bytes[..bytes.len() * part / 16];
            let Err(error) = decode_page(cut, 0) else {
                // Text may end after any number, and data after the pixels does not matter.
                let has_more =
                    ["P", "tiff", "heic_beside", "heic_sequence"].iter().any(|start| name.starts_with(start));
                assert!(part > 12 || has_more, "{name} cut at {part}/16");
                continue;
            };
            let known = [
                ErrorKind::Truncated,
                ErrorKind::Corrupt,
                ErrorKind::NotAPicture,
                ErrorKind::Empty,
                ErrorKind::Unsupported,
            ];
            assert!(known.contains(&error.kind), "{name} cut at {part}/16: {error:?}");
        }
    }
}

#[test]
fn damaged_files_of_every_kind_give_pixels_or_an_error() {
    let mut state = 0x9E37_79B9_7F4A_7C15u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for (name, bytes) in files() {
        for round in 0..16 {
            let mut damaged = bytes.clone();
            for _ in 0..=(random() % 4) {
                let reach = if round % 2 == 0 { damaged.len().min(400) } else { damaged.len() };
                let at = (random() % reach as u64) as usize;
                damaged[at] = random() as u8;
            }
            if let Err(error) = decode_page(&damaged, 0) {
                assert_ne!(error.kind, ErrorKind::Panic, "{name}");
            }
        }
    }
}

#[test]
fn a_file_of_a_few_bytes_gets_less_processor_time_than_it_needs_if_it_was_made_to_be_slow() {
    let seconds = |spec: &crate::codec::spec::FormatSpec, megapixels: u64, bytes: usize| {
        let isolated = spec.isolated.as_ref().unwrap();
        isolated.processor_time(megapixels * 1_000_000, &vec![0; bytes]).as_secs_f64()
    };
    // 81 bytes of splines on 2048 x 2048 px take 5.7 s.
    assert!(seconds(&crate::codec::jxl::SPEC, 4, 81) < 5.0);
    // Photographs of 24 megapixels and 4 MB take about 3 s.
    for spec in [&crate::codec::jxl::SPEC, &crate::codec::avif::SPEC] {
        assert!(seconds(spec, 24, 4_000_000) > 50.0, "{}", spec.format().label());
    }
    // Drawings are programs: their filters have no relation to their size.
    assert!(seconds(&crate::codec::svg::SPEC, 1, 1_000) > 9.0);
}
