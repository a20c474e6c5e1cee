//! Formats that are only read: what other programs wrote of them.

#![expect(clippy::unwrap_used, reason = "tests")]

use super::reference::{case, check, decode, decode_page, deep, file};
use super::*;
use crate::model::{Channels, ColourChoice};

#[test]
fn jpeg_2000_images_match_openjpeg() {
    use Channels::{Gray, GrayAlpha, Rgb, Rgba};
    check(&[
        case("jp2_lossless.jp2", "rgb.png", Rgb, 0.0, 0.0),
        case("jp2_tiles.j2k", "rgb.png", Rgb, 0.0, 0.0),
        case("jp2_gray.jp2", "gray.png", Gray, 0.0, 0.0),
        case("jp2_gray_alpha.jp2", "gray_alpha.png", GrayAlpha, 0.0, 0.0),
        case("jp2_alpha.jp2", "rgba.png", Rgba, 0.0, 0.0),
        case("jp2_lossy.jp2", "jp2_lossy.png", Rgb, 1.1, 0.1),
        deep(case("jp2_16bit.jp2", "jp2_16bit.png", Rgb, 0.0, 0.0)),
    ]);
}

#[test]
fn metadata_and_profile_of_jpeg_2000_are_read_and_removed() {
    let bytes = file("jp2_meta.jp2");
    let opened = open(&bytes, &DecodeOptions { colour: ColourChoice::Keep, ..DecodeOptions::default() }).unwrap();
    let p3 = include_bytes!("../../../tests/reference/colour/target-display-p3.icc").as_slice();
    assert_eq!(opened.profile.as_deref(), Some(p3));
    assert!(opened.metadata.exif.as_ref().unwrap().windows(8).any(|window| window == b"Pixmaker"));
    assert!(String::from_utf8(opened.metadata.xmp.as_ref().unwrap().to_vec()).unwrap().contains("xmpmeta"));
    assert!((opened.metadata.density.unwrap().x_per_inch - 300.0).abs() < 0.01);
    drop(opened);
    assert_eq!(crate::codec::taken(&bytes).as_deref(), Some("2024-05-06T07:08:09"));
    let stripped = crate::codec::stripped(&bytes).unwrap().bytes;
    assert!(!stripped.windows(4).any(|window| window == b"uuid") && stripped.len() < bytes.len());
    assert_eq!(decode_page(&stripped, 0).unwrap().samples, decode_page(&bytes, 0).unwrap().samples);
    // A bare codestream has comments only.
    let bytes = file("jp2_tiles.j2k");
    let stripped = crate::codec::stripped(&bytes).unwrap().bytes;
    assert!(contains(&bytes, b"OpenJPEG") && !contains(&stripped, b"OpenJPEG"));
    assert_eq!(decode_page(&stripped, 0).unwrap().samples, decode("rgb.png").samples);
}

#[test]
fn a_jpeg_2000_codestream_that_ends_early_is_truncated_in_every_part() {
    for name in ["jp2_lossless.jp2", "jp2_tiles.j2k"] {
        let bytes = file(name);
        for part in 4..20 {
            let error = decode_page(&bytes[..bytes.len() * part / 20], 0).unwrap_err();
            assert_eq!(error.kind, ErrorKind::Truncated, "{name} cut at {part}/20: {error}");
        }
        // A codestream without what ends it has all pixels.
        let bare = &bytes[..bytes.len() - 2];
        assert_eq!(decode_page(bare, 0).is_ok(), name.ends_with("j2k"), "{name}");
    }
}

#[test]
fn dds_textures_match_pillow_and_other_compressions_are_named() {
    use Channels::{Rgb, Rgba};
    // Decoders round the colours between the two of a block differently.
    check(&[
        case("dds_bc1.dds", "dds_bc1.png", Rgb, 5.1, 0.8),
        case("dds_bc2.dds", "dds_bc2.png", Rgba, 5.1, 0.8),
        case("dds_bc3.dds", "dds_bc3.png", Rgba, 5.1, 0.8),
    ]);
    let refused = |bytes: &[u8]| {
        let error = probe(bytes).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unsupported, "{error}");
        error.arg("detail").to_owned()
    };
    let mut bytes = file("dds_bc1.dds");
    bytes[84..88].copy_from_slice(b"ATI2");
    assert!(refused(&bytes).contains("ATI2"));
    bytes[84..88].copy_from_slice(b"DX10");
    bytes[128..148].copy_from_slice(&[98, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
    assert!(refused(&bytes).contains("BC7"));
    bytes[80] = 0x41;
    assert!(refused(&bytes).contains("uncompressed"));
}

#[test]
fn a_truncated_dds_texture_keeps_its_whole_blocks_if_that_is_accepted() {
    let bytes = file("dds_bc1.dds");
    let whole = decode("dds_bc1.dds");
    // The header, three rows of blocks, and a part of the next.
    let cut = &bytes[..128 + 14 * 8 * 3 + 50];
    let error = decode_page(cut, 0).unwrap_err();
    assert_eq!((error.kind, error.arg("had"), error.arg("wanted")), (ErrorKind::Truncated, "12", "37 rows"));
    let options = DecodeOptions { truncated: TruncatedPolicy::Keep, ..DecodeOptions::default() };
    let mut opened = open(cut, &options).unwrap();
    let mut band = crate::model::Band::empty(&opened.rows.info());
    assert_eq!(opened.rows.read_rows(37, &mut band).unwrap(), 37);
    let (crate::model::Samples::U8(some), crate::model::Samples::U8(all)) = (&band.samples, &whole.samples) else {
        panic!("not 8 bits")
    };
    let there = 12 * 53 * 3;
    assert!(some[..there] == all[..there] && some[there..].iter().all(|&value| value == 128));
    assert_eq!(opened.rows.truncation().unwrap().rows, 12);
}

#[test]
fn linear_light_up_to_white_becomes_srgb_of_16_bits() {
    use Channels::{Rgb, Rgba};
    check(&[
        deep(case("exr_half.exr", "rgb.png", Rgb, 0.15, 0.05)),
        deep(case("exr_alpha.exr", "rgba.png", Rgba, 0.01, 0.01)),
        deep(case("hdr_flat.hdr", "hdr_expected.png", Rgb, 0.01, 0.01)),
        deep(case("hdr_runs.hdr", "hdr_expected.png", Rgb, 0.01, 0.01)),
    ]);
    for (name, colours) in [("exr_half.exr", "OpenEXR"), ("hdr_runs.hdr", "Radiance")] {
        assert_eq!(probe(&file(name)).unwrap().tone_mapped, Some(colours));
    }
}

#[test]
fn light_above_white_in_openexr_is_compressed_and_not_clipped() {
    // Eight times as bright.
    let (bright, plain) = (decode("exr_bright.exr"), decode("exr_half.exr"));
    let (crate::model::Samples::U16(bright), crate::model::Samples::U16(plain)) = (&bright.samples, &plain.samples)
    else {
        panic!("not 16 bits")
    };
    let mean = |samples: &[u16]| samples.iter().map(|&level| f64::from(level)).sum::<f64>() / samples.len() as f64;
    assert!(mean(bright) > mean(plain) * 1.15, "{} {}", mean(bright), mean(plain));
    let steps = |samples: &[u16]| {
        samples.iter().filter(|&&level| level > 64_000).collect::<std::collections::HashSet<_>>().len()
    };
    // The same formula in NumPy gives 131; clipped light gives 4.
    assert!(steps(bright) > 100, "{}", steps(bright));
}

#[test]
fn openexr_and_radiance_files_that_end_early_are_errors() {
    for name in ["exr_half.exr", "exr_alpha.exr", "hdr_flat.hdr", "hdr_runs.hdr"] {
        let bytes = file(name);
        for part in 1..20 {
            let error = decode_page(&bytes[..bytes.len() * part / 20], 0).unwrap_err();
            assert!(
                [ErrorKind::Truncated, ErrorKind::Corrupt].contains(&error.kind),
                "{name} cut at {part}/20: {error}"
            );
        }
        let last = decode_page(&bytes[..bytes.len() - 9], 0).unwrap_err();
        assert_eq!(last.kind, ErrorKind::Truncated, "{name}: {last}");
    }
}
