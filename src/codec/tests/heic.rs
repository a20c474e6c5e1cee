//! HEIC files: what is refused, cut or lied about. Their pixels are compared in `reference.rs`.

#![expect(clippy::unwrap_used, reason = "tests")]

use super::reference::{decode_page, file};
use super::*;
use crate::model::human;

#[test]
fn a_heic_cut_in_twenty_places_says_how_much_is_missing() {
    for name in ["heic_420.heic", "heic_grid_alpha.heic"] {
        let whole = file(name);
        let data = whole.windows(4).position(|word| word == b"mdat").unwrap() + 4;
        let mut measured = 0;
        for part in 0..20 {
            let cut = &whole[..whole.len() * part / 20];
            let error = decode_page(cut, 0).unwrap_err();
            match part {
                0 => assert_eq!(error.kind, ErrorKind::Empty),
                _ => assert_eq!(error.kind, ErrorKind::Truncated, "{name} cut at {part}/20: {error:?}"),
            }
            if cut.len() > data {
                let sizes = (error.arg("had"), error.arg("wanted"));
                let expected = (human::bytes(cut.len() as u64), human::bytes(whole.len() as u64));
                assert_eq!(sizes, (expected.0.as_str(), expected.1.as_str()), "{name} cut at {part}/20");
                measured += 1;
            }
        }
        assert!(measured > 5, "{name}");
    }
}

/// A file with some bytes replaced; they must be in it.
fn with(name: &str, old: &[u8], new: &[u8]) -> Vec<u8> {
    let mut bytes = file(name);
    let at = bytes.windows(old.len()).position(|some| some == old).unwrap();
    bytes[at..at + old.len()].copy_from_slice(new);
    bytes
}

#[test]
fn a_heic_that_lies_about_its_size_or_codec_is_refused_before_it_is_decoded() {
    let size = |width: u32, height: u32| [&b"ispe\0\0\0\0"[..], &width.to_be_bytes(), &height.to_be_bytes()].concat();
    let refused = |bytes: &[u8]| decode_page(bytes, 0).unwrap_err();
    let other = refused(&with("heic_still.heic", &size(64, 64), &size(32, 64)));
    assert_eq!((other.kind, other.arg("detail").contains("differs in size")), (ErrorKind::Corrupt, true), "{other:?}");
    let huge = refused(&with("heic_still.heic", &size(64, 64), &size(1 << 30, 1 << 30)));
    assert_eq!(huge.kind, ErrorKind::TooLarge, "{huge:?}");
    let kind = refused(&with("heic_still.heic", b"\0\0hvc1", b"\0\0hvt1"));
    assert_eq!((kind.kind, kind.arg("detail").contains("hvt1")), (ErrorKind::Unsupported, true), "{kind:?}");
    // The first byte of the sequence parameters' body: another profile, and so other bits after it.
    let bytes = file("heic_still.heic");
    let at = bytes.windows(3).position(|unit| unit == [0x42, 1, 1]).unwrap();
    for end in [at + 3, at + 12, at + 20] {
        let mut broken = bytes.clone();
        broken[end..end + 8].fill(0);
        assert!(matches!(refused(&broken).kind, ErrorKind::Corrupt | ErrorKind::Unsupported), "{end}");
    }
}

#[test]
fn chroma_that_the_decoder_reads_wrongly_is_refused_by_name() {
    let bytes = include_bytes!("../../../tests/data/pictures/heic_422.heic");
    assert_eq!((probe(bytes).unwrap().info.width_px, sniff(bytes)), (53, Some(known::HEIC)));
    let error = decode_page(bytes, 0).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unsupported);
    assert!(error.arg("detail").contains("4:2:2"), "{error:?}");
}

#[test]
fn pq_of_a_heic_is_mapped_to_the_range_of_screens() {
    let bytes = file("heic_pq.heic");
    assert_eq!(probe(&bytes).unwrap().tone_mapped, Some("PQ"));
    let image = decode_page(&bytes, 0).unwrap();
    assert_eq!(image.info.sample, SampleType::U16);
    let Samples::U16(samples) = image.samples else { panic!("16 bits") };
    // 203 nits are white of an image without more.
    assert!(samples.iter().all(|&sample| sample > 64_000), "{:?}", &samples[..6]);
}
