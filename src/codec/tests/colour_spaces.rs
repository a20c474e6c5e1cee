//! Colour spaces that files declare in other ways than by a valid profile, and what results say about theirs.

use super::*;
use crate::codec::left_out;
use crate::model::Part;

const ADOBE_BY_EXIF: &[u8] = include_bytes!("../../../tests/data/pictures/dcf_adobe.jpg");
const ADOBE_BY_PROFILE: &[u8] = include_bytes!("../../../tests/data/pictures/adobe_icc_r03.jpg");

fn with(colour: ColourChoice) -> DecodeOptions {
    DecodeOptions { colour, ..DecodeOptions::default() }
}

/// The index of EXIF's interoperability directory, and its colour space.
fn tags(image: &Image) -> (String, u32) {
    let block = image.metadata.exif.as_ref().unwrap().to_vec();
    let exif = ::exif::Reader::new().read_raw(block).unwrap();
    let field = |tag| exif.get_field(tag, ::exif::In::PRIMARY);
    let index = field(::exif::Tag::InteroperabilityIndex).map(|field| field.display_value().to_string());
    let space = field(::exif::Tag::ColorSpace).unwrap().value.get_uint(0).unwrap();
    (index.unwrap_or_default().replace('"', ""), space)
}

#[test]
fn exif_says_adobe_rgb_where_there_is_no_profile() {
    let (by_exif, by_profile) = (decode(ADOBE_BY_EXIF).unwrap(), decode(ADOBE_BY_PROFILE).unwrap());
    assert!(mean_difference(&by_exif, &by_profile) < 0.6, "{}", mean_difference(&by_exif, &by_profile));
    let stored = decode_with(ADOBE_BY_PROFILE, &with(ColourChoice::Keep)).unwrap();
    assert!(mean_difference(&by_exif, &Image { profile: None, ..stored }) > 2.0, "it was converted");
    // Kept colours get the profile that says what they are.
    let kept = decode_with(ADOBE_BY_EXIF, &with(ColourChoice::Keep)).unwrap();
    assert!(kept.profile.is_some());
    // The same in every format that has EXIF.
    let exif = kept.metadata.exif.clone();
    let samples = kept.samples.clone();
    for format in [known::WEBP, known::PNG] {
        let metadata = Metadata { exif: exif.clone(), ..Metadata::default() };
        let image = Image { info: kept.info, samples: samples.clone(), profile: None, metadata };
        let save = Save { lossless: true, effort: Some(0), metadata: MetadataPolicy::Keep, ..Save::default() };
        let shown = decode(&encode(&image, format, &save).unwrap()).unwrap();
        assert!(mean_difference(&shown, &by_exif) < 1.0, "{format:?}");
    }
}

#[test]
fn tags_describe_the_colours_of_the_result() {
    for file in [ADOBE_BY_EXIF, ADOBE_BY_PROFILE] {
        assert_eq!(tags(&decode(file).unwrap()), ("R98".to_owned(), 1));
        let adobe = decode_with(file, &with(ColourChoice::AdobeRgb)).unwrap();
        assert_eq!(tags(&adobe), ("R03".to_owned(), 65_535));
        let p3 = decode_with(file, &with(ColourChoice::DisplayP3)).unwrap();
        assert_eq!(tags(&p3), (String::new(), 65_535), "DCF knows no such space");
        assert_eq!(tags(&decode_with(file, &with(ColourChoice::Keep)).unwrap()), ("R03".to_owned(), 65_535));
    }
    let mut image = slopes(info(16, 16, Channels::Rgb, SampleType::U8));
    image.profile = Some(ColorProfile::new_display_p3().encode().unwrap().into());
    let packet = "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>\
                  <rdf:Description xmlns:e='http://ns.adobe.com/exif/1.0/' e:ColorSpace='65535' \
                  xmlns:p='http://ns.adobe.com/photoshop/1.0/' p:ICCProfile='Display P3'/></rdf:RDF></x:xmpmeta>";
    image.metadata.xmp = Some(packet.as_bytes().into());
    let file = encode(&image, known::PNG, &keep()).unwrap();
    let text =
        |choice| String::from_utf8(decode_with(&file, &with(choice)).unwrap().metadata.xmp.unwrap().to_vec()).unwrap();
    let converted = text(ColourChoice::Srgb);
    assert!(
        converted.contains("e:ColorSpace='1'") && converted.contains("p:ICCProfile='sRGB IEC61966-2.1'"),
        "{converted}"
    );
    assert_eq!(text(ColourChoice::Keep), packet);
    let wide = text(ColourChoice::Rec2020);
    assert!(!wide.contains("ICCProfile") && wide.contains("'65535'"), "{wide}");
}

/// A profile whose `XYZ` values have another type, as Kodak's software wrote it.
fn without_types() -> Vec<u8> {
    let mut profile = ColorProfile::new_display_p3().encode().unwrap();
    let count = u32::from_be_bytes(profile[128..132].try_into().unwrap()) as usize;
    let mut changed = 0;
    for entry in (0..count).map(|n| 132 + n * 12) {
        if matches!(&profile[entry..entry + 4], b"rXYZ" | b"gXYZ" | b"bXYZ" | b"wtpt") {
            let at = u32::from_be_bytes(profile[entry + 4..entry + 8].try_into().unwrap()) as usize;
            profile[at..at + 8].copy_from_slice(&[0x17, 0xA5, 5, 0xB8, 0, 0x26, 0xE0, 0x64]);
            changed += 1;
        }
    }
    assert!(changed >= 3);
    profile
}

#[test]
fn a_profile_whose_values_have_no_type_is_used_as_other_programs_do() {
    let mut image = slopes(info(16, 16, Channels::Rgb, SampleType::U8));
    let shown = |image: &Image| {
        let opened = decode(&encode(image, known::WEBP, &lossless()).unwrap()).unwrap();
        (opened.samples, opened.metadata.left_out)
    };
    image.profile = Some(ColorProfile::new_display_p3().encode().unwrap().into());
    let intact = shown(&image);
    image.profile = Some(without_types().into());
    assert_eq!(shown(&image), intact);
    assert!(intact.0 != image.samples && intact.1.is_empty());
}

#[test]
fn a_profile_that_cannot_be_used_is_reported() {
    let press = ColorProfile::new_gray_with_gamma(1.8).encode().unwrap();
    let mut no_colours = ColorProfile::new_display_p3();
    no_colours.green_colorant = no_colours.red_colorant;
    for profile in [b"no profile at all".to_vec(), press, no_colours.encode().unwrap()] {
        let picture = slopes(info(16, 16, Channels::Rgb, SampleType::U8));
        let extras = spec::Extras { profile: Some(profile.into()), metadata: Metadata::default() };
        let spec = formats::spec_of(known::WEBP).and_then(|spec| spec.encoder.as_ref()).unwrap();
        let mut encoder = (spec.new)(&lossless(), extras);
        encoder.start(picture.info).unwrap();
        let samples = picture.samples.clone();
        encoder.write_rows(&Band { width_px: 16, rows: 16, channels: Channels::Rgb, samples }).unwrap();
        let file = encoder.finish().unwrap();
        for choice in [ColourChoice::Srgb, ColourChoice::Keep] {
            let read = decode_with(&file, &with(choice)).unwrap();
            assert!(read.samples == picture.samples && read.profile.is_none());
            for metadata in [MetadataPolicy::Keep, MetadataPolicy::Strip] {
                let save = Save { metadata, ..keep() };
                assert_eq!(left_out(known::PNG, &save, None, &read.metadata), [Part::UnusableProfile]);
            }
        }
    }
}

#[test]
fn a_gray_image_uses_the_curve_of_its_rgb_profile() {
    let wide = ColorProfile::new_pro_photo_rgb();
    let image = Image { profile: None, ..slopes(info(16, 16, Channels::Gray, SampleType::U8)) };
    let extras = spec::Extras { profile: Some(wide.encode().unwrap().into()), metadata: Metadata::default() };
    let spec = formats::spec_of(known::JPEG).and_then(|spec| spec.encoder.as_ref()).unwrap();
    let mut encoder = (spec.new)(&Save { quality: Some(100), ..keep() }, extras);
    encoder.start(image.info).unwrap();
    encoder
        .write_rows(&Band { width_px: 16, rows: 16, channels: Channels::Gray, samples: image.samples.clone() })
        .unwrap();
    let shown = decode(&encoder.finish().unwrap()).unwrap();
    assert!(shown.metadata.left_out.is_empty());
    assert!(mean_difference(&shown, &image) > 2.0, "a gamma of 1.8 became sRGB's curve");
}

#[test]
fn cmyk_without_a_marker_is_no_negative() {
    // Pillow and libvips: no ink on the left, cyan and magenta on the right.
    let file = include_bytes!("../../../tests/data/pictures/cmyk_no_marker.jpg");
    let image = decode(file).unwrap();
    let pixel = |x: usize| bytes_of(&image)[(2 * 16 + x) * 3..][..3].to_vec();
    assert!(pixel(2).iter().all(|&level| level > 252), "{:?}", pixel(2));
    assert!(pixel(13)[0] < 4 && pixel(13)[1] < 4 && pixel(13)[2] > 251, "{:?}", pixel(13));
}

#[test]
fn hdr_is_mapped_to_sdr_with_reference_white_as_white() {
    // By the formulas of ST 2084, BT.2020 and IEC 61966-2-1, with 203 nits as 1, from the levels that libvips decodes.
    let avif = decode(include_bytes!("../../../tests/data/pictures/avif_pq.avif")).unwrap();
    let Samples::U16(samples) = &avif.samples else { panic!("10 bits") };
    for ((x, y), expected) in [
        ((0, 0), [255.0, 255.0, 255.0]),
        ((40, 80), [43.2, 127.7, 167.5]),
        ((120, 80), [28.6, 60.4, 200.3]),
        ((180, 80), [188.5, 129.2, 181.4]),
        ((220, 80), [232.7, 128.2, 47.9]),
        ((200, 140), [214.5, 224.2, 187.3]),
    ] {
        let at = (y * 240 + x) * 3;
        for (sample, wanted) in samples[at..at + 3].iter().zip(expected) {
            let level = f64::from(*sample) / 257.0;
            assert!((level - wanted).abs() < 2.5, "{x},{y}: {level} is not {wanted}");
        }
    }
    assert_eq!(avif.profile, None);
    // 203 and 100 nits; HLG's levels of 75 and 50 %, which are 203 and 50.7 nits on a display of 1,000.
    let gray = include_bytes!("../../../tests/data/pictures/pq_gray.jxl").as_slice();
    let colour = include_bytes!("../../../tests/data/pictures/pq.jxl").as_slice();
    let hlg = include_bytes!("../../../tests/data/pictures/hlg.jxl").as_slice();
    for (file, name, darker) in [(gray, "PQ", 186.3), (colour, "PQ", 186.3), (hlg, "HLG", 136.9)] {
        assert_eq!(probe(file).unwrap().tone_mapped, Some(name));
        for choice in [ColourChoice::Srgb, ColourChoice::Keep] {
            let image = decode_with(file, &with(choice)).unwrap();
            let Samples::U16(samples) = &image.samples else { panic!("16 bits") };
            let row = 16 * image.info.channels.count();
            let (white, other) = (f64::from(samples[0]) / 257.0, f64::from(samples[row - 1]) / 257.0);
            assert!(white > 253.5 && (other - darker).abs() < 1.5, "{name}: {white} {other}");
        }
    }
}
