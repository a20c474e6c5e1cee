//! Print density: from every format that stores one into every format that can.

use super::*;
use crate::model::Density;

#[expect(clippy::unnecessary_wraps, reason = "what it is compared with may be missing")]
fn at(x_per_inch: f64, y_per_inch: f64) -> Option<Density> {
    Some(Density { x_per_inch, y_per_inch })
}

fn file(format: Format, metadata: &Metadata, policy: MetadataPolicy) -> Vec<u8> {
    let picture = slopes(info(20, 10, Channels::Rgb, SampleType::U8));
    let save = Save { metadata: policy, ..keep() };
    let mut encoder = encoder(format, &save, None, metadata).unwrap();
    encoder.start(picture.info).unwrap();
    let mut band = Band::empty(&picture.info);
    band.take_rows(&picture.info, &picture.samples, 0, 10);
    encoder.write_rows(&band).unwrap();
    encoder.finish().unwrap()
}

fn stored(bytes: &[u8]) -> Option<Density> {
    open(bytes, &DecodeOptions::default()).unwrap().metadata.density
}

/// EXIF with a resolution as a fraction in a unit, and an orientation.
fn exif_with(unit: u8, x: (u32, u32), y: (u32, u32), orientation: u8) -> Arc<[u8]> {
    let mut block = b"MM\0*\0\0\0\x08\0\x04".to_vec();
    block.extend([1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0]);
    block.extend([1, 0x1A, 0, 5, 0, 0, 0, 1, 0, 0, 0, 62]);
    block.extend([1, 0x1B, 0, 5, 0, 0, 0, 1, 0, 0, 0, 70]);
    block.extend([1, 0x28, 0, 3, 0, 0, 0, 1, 0, unit, 0, 0]);
    block.extend([0; 4]);
    for number in [x.0, x.1, y.0, y.1] {
        block.extend(number.to_be_bytes());
    }
    block.into()
}

#[test]
fn a_density_survives_every_conversion_except_strip() {
    let formats = [known::JPEG, known::PNG, known::TIFF, known::BMP];
    let metadata = Metadata { density: at(300.0, 254.0), ..Metadata::default() };
    for from in formats {
        let bytes = file(from, &metadata, MetadataPolicy::NoGps);
        let opened = open(&bytes, &DecodeOptions::default()).unwrap();
        assert_eq!(opened.metadata.density, at(300.0, 254.0), "{from:?}");
        for to in formats {
            let kept = file(to, &opened.metadata, MetadataPolicy::Keep);
            assert_eq!(stored(&kept), at(300.0, 254.0), "{from:?} to {to:?}");
            let stripped = stored(&file(to, &opened.metadata, MetadataPolicy::Strip));
            assert_eq!(stripped, if to == known::BMP { at(72.0, 72.0) } else { None }, "{to:?}");
        }
    }
}

#[test]
fn files_hold_the_density_in_their_formats_unit() {
    let metadata = Metadata { density: at(300.0, 150.0), ..Metadata::default() };
    let jpeg = file(known::JPEG, &metadata, MetadataPolicy::Keep);
    assert_eq!(&jpeg[6..18], b"JFIF\0\x01\x01\x01\x01\x2C\0\x96");
    let plain = file(known::JPEG, &metadata, MetadataPolicy::Strip);
    assert_eq!(&plain[6..18], b"JFIF\0\x01\x01\0\0\x01\0\x01");
    let png = file(known::PNG, &metadata, MetadataPolicy::Keep);
    assert!(contains(&png, b"\0\0\0\x09pHYs\0\0\x2E\x23\0\0\x17\x12\x01"), "11811 and 5906 to the metre");
    assert!(!contains(&file(known::PNG, &metadata, MetadataPolicy::Strip), b"pHYs"));
    let bmp = file(known::BMP, &metadata, MetadataPolicy::Keep);
    assert_eq!(&bmp[38..46], b"\x23\x2E\0\0\x12\x17\0\0");
    let palette = Save { palette: Some(4), ..keep() };
    let mut indexed = encoder(known::PNG, &palette, None, &metadata).unwrap();
    let picture = slopes(info(20, 10, Channels::Rgb, SampleType::U8));
    indexed.start(picture.info).unwrap();
    let mut band = Band::empty(&picture.info);
    band.take_rows(&picture.info, &picture.samples, 0, 10);
    indexed.write_rows(&band).unwrap();
    assert_eq!(stored(&indexed.finish().unwrap()), at(300.0, 150.0));
}

#[test]
fn the_density_of_exif_is_used_if_the_file_has_none_or_only_a_default_and_is_kept() {
    // WebP has no other field for it; JFIF's default means none.
    for format in [known::WEBP, known::JPEG, known::PNG] {
        let exif = Some(exif_with(3, (100, 1), (240, 2), 1));
        let mut bytes = file(format, &Metadata { exif, ..Metadata::default() }, MetadataPolicy::Keep);
        assert_eq!(stored(&bytes), at(254.0, 304.8), "{format:?}");
        // No unit: only an aspect ratio.
        let exif = Some(exif_with(1, (1, 1), (1, 1), 1));
        bytes = file(format, &Metadata { exif, ..Metadata::default() }, MetadataPolicy::Keep);
        assert_eq!(stored(&bytes), None, "{format:?}");
    }
    // The file's own number wins. EXIF keeps its number, except where it is the only place.
    let exif = Some(exif_with(3, (28, 1), (28, 1), 1));
    let metadata = Metadata { exif, density: at(300.0, 300.0), ..Metadata::default() };
    for (format, in_exif) in [(known::JPEG, 71.12), (known::PNG, 71.12), (known::WEBP, 300.0), (known::TIFF, 300.0)] {
        let bytes = file(format, &metadata, MetadataPolicy::NoGps);
        let opened = open(&bytes, &DecodeOptions::default()).unwrap();
        assert_eq!(opened.metadata.density, at(300.0, 300.0), "{format:?}");
        let exif = crate::codec::meta::exif::density(&opened.metadata.exif.unwrap()).unwrap();
        assert!((exif.x_per_inch - in_exif).abs() < 0.01, "{format:?}: {exif:?}");
    }
    // Programs write 72 when nobody chose a number: exiftool reports EXIF's 300.
    for usual in [72.0, 96.0] {
        let exif = Some(exif_with(2, (300, 1), (300, 1), 1));
        let metadata = Metadata { exif, density: at(usual, usual), ..Metadata::default() };
        let bytes = file(known::JPEG, &metadata, MetadataPolicy::Keep);
        assert!(contains(&bytes, &metadata.exif.unwrap()), "EXIF is the same");
        assert_eq!(stored(&bytes), at(300.0, 300.0));
    }
}

#[test]
fn a_format_without_a_density_of_its_own_gets_it_in_exif() {
    let metadata = Metadata { density: at(300.0, 254.0), ..Metadata::default() };
    for format in [known::WEBP, known::JXL] {
        assert_eq!(stored(&file(format, &metadata, MetadataPolicy::Keep)), at(300.0, 254.0), "{format:?}");
        let exif = Some(exif_block(1, true).into());
        let metadata = Metadata { exif, ..metadata.clone() };
        let bytes = file(format, &metadata, MetadataPolicy::Keep);
        let opened = open(&bytes, &DecodeOptions::default()).unwrap();
        assert_eq!(opened.metadata.density, at(300.0, 254.0), "{format:?}");
        let exif = ::exif::Reader::new().read_raw(opened.metadata.exif.unwrap().to_vec()).unwrap();
        let make = exif.get_field(::exif::Tag::Make, ::exif::In::PRIMARY).unwrap();
        assert_eq!(make.display_value().to_string(), "\"Pixmaker\"", "the other fields are still there");
        assert!(exif.get_field(::exif::Tag::GPSLatitude, ::exif::In::PRIMARY).is_some());
    }
    let plain = Metadata { density: at(72.0, 72.0), ..Metadata::default() };
    assert_eq!(stored(&file(known::WEBP, &plain, MetadataPolicy::Keep)), None, "nobody chose that");
}

#[test]
fn a_rotated_image_swaps_its_densities() {
    let metadata =
        Metadata { exif: Some(exif_with(2, (200, 1), (100, 1), 6)), density: at(200.0, 100.0), ..Metadata::default() };
    for format in [known::JPEG, known::WEBP] {
        let bytes = file(format, &metadata, MetadataPolicy::Keep);
        assert_eq!(stored(&bytes), at(100.0, 200.0), "{format:?}");
    }
}

#[test]
fn forged_densities_are_ignored() {
    for (x, y) in [((0, 0), (1, 0)), ((u32::MAX, 1), (1, 1)), ((0, 1), (72, 1))] {
        let exif = Some(exif_with(2, x, y, 1));
        let bytes = file(known::WEBP, &Metadata { exif, ..Metadata::default() }, MetadataPolicy::Keep);
        assert_eq!(stored(&bytes), None, "{x:?} {y:?}");
    }
    // Values that claim to be in the directory itself do not overwrite it.
    let mut forged = exif_with(2, (72, 1), (72, 1), 1).to_vec();
    forged[30..34].copy_from_slice(&12_u32.to_be_bytes());
    let metadata = Metadata { exif: Some(forged.clone().into()), density: at(300.0, 300.0), ..Metadata::default() };
    let bytes = file(known::WEBP, &metadata, MetadataPolicy::Keep);
    assert!(contains(&bytes, &forged));
    for cut in 0..forged.len() {
        let metadata = Metadata { exif: Some(forged[..cut].into()), density: at(300.0, 300.0), ..Metadata::default() };
        file(known::WEBP, &metadata, MetadataPolicy::Keep);
    }
}
