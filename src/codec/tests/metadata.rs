//! Metadata from every container into every other one: kept, converted, or reported by name.

use std::fmt::Write as _;

use super::*;
use crate::codec::{left_out, taken};
use crate::model::{KeywordText, Part};

const TITLE: &str = "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>\
<rdf:Description rdf:about='' xmlns:dc='http://purl.org/dc/elements/1.1/'><dc:title><rdf:Alt>\
<rdf:li xml:lang='x-default'>Titel</rdf:li></rdf:Alt></dc:title></rdf:Description></rdf:RDF></x:xmpmeta>";
/// Keywords "kk", as exiftool writes them.
const KEYWORDS: &[u8] = b"\x1C\x02\x19\0\x02kk";

fn encoded(metadata: Metadata, format: Format) -> Vec<u8> {
    let image = Image { metadata, ..slopes(info(24, 16, Channels::Rgb, SampleType::U8)) };
    encode(&image, format, &Save { effort: (format == known::AVIF).then_some(0), ..keep() }).unwrap()
}

fn read(bytes: &[u8]) -> Metadata {
    open(bytes, &DecodeOptions::default()).unwrap().metadata
}

fn lost(metadata: &Metadata, format: Format) -> Vec<Part> {
    left_out(format, &keep(), None, metadata)
}

fn xmp_of(metadata: &Metadata) -> String {
    String::from_utf8(metadata.xmp.as_deref().unwrap_or_default().to_vec()).unwrap()
}

fn segment(marker: u8, payload: &[u8]) -> Vec<u8> {
    [&[0xFF, marker], &((payload.len() + 2) as u16).to_be_bytes()[..], payload].concat()
}

/// A JPEG file with further segments at its beginning.
fn jpeg_with(segments: &[Vec<u8>]) -> Vec<u8> {
    let mut file = encoded(Metadata::default(), known::JPEG);
    file.splice(2..2, segments.concat());
    file
}

fn chunk(kind: [u8; 4], data: &[u8]) -> Vec<u8> {
    let mut sum = flate2::Crc::new();
    sum.update(&kind);
    sum.update(data);
    [&(data.len() as u32).to_be_bytes()[..], &kind, data, &sum.sum().to_be_bytes()].concat()
}

/// A PNG file with further chunks before its end.
fn png_with(chunks: &[Vec<u8>]) -> Vec<u8> {
    let mut file = encoded(Metadata::default(), known::PNG);
    let end = file.len() - 12;
    file.splice(end..end, chunks.concat());
    file
}

fn resource(id: u16, data: &[u8]) -> Vec<u8> {
    let mut out = [b"8BIM", &id.to_be_bytes()[..], &[0, 0], &(data.len() as u32).to_be_bytes(), data].concat();
    out.resize(out.len().next_multiple_of(2), 0);
    out
}

/// A TIFF file of one gray pixel with one more tag.
fn tiff_with(tag: u16, kind: u16, value: &[u8], little: bool) -> Vec<u8> {
    let two = |v: u16| if little { v.to_le_bytes() } else { v.to_be_bytes() };
    let four = |v: u32| if little { v.to_le_bytes() } else { v.to_be_bytes() };
    let size = if kind == 4 { 4 } else { 1 };
    let mut entries: Vec<(u16, u16, u32, u32)> = vec![
        (256, 4, 1, 1),
        (257, 4, 1, 1),
        (258, 3, 1, 8),
        (259, 3, 1, 1),
        (262, 3, 1, 1),
        (273, 4, 1, 8),
        (277, 3, 1, 1),
        (278, 4, 1, 1),
        (279, 4, 1, 1),
    ];
    let directory_at = 10;
    let value_at = directory_at + 2 + 12 * (entries.len() as u32 + 1) + 4;
    entries.push((tag, kind, value.len() as u32 / size, value_at));
    let mut file = [if little { b"II*\0" } else { b"MM\0*" }, &four(directory_at)[..], &[128, 0]].concat();
    file.extend(two(entries.len() as u16));
    for (tag, kind, count, number) in entries {
        file.extend([two(tag), two(kind)].concat());
        file.extend(four(count));
        file.extend(if kind == 3 { [two(number as u16), [0, 0]].concat() } else { four(number).to_vec() });
    }
    file.extend(four(0));
    file.extend_from_slice(value);
    file
}

#[test]
fn iptc_in_a_tiff_is_read_from_both_tags_whatever_their_type() {
    // Exiftool reads the value's bytes in all of these; as LONG, some programs swap them.
    let padded = [KEYWORDS, &[0]].concat();
    let swapped: Vec<u8> = padded.as_chunks::<4>().0.iter().flat_map(|&[a, b, c, d]| [d, c, b, a]).collect();
    let in_resource = [resource(0x03ED, &[0; 16]), resource(0x0404, KEYWORDS)].concat();
    for little in [true, false] {
        for (tag, kind, value) in [
            (33_723, 1, KEYWORDS),
            (33_723, 7, KEYWORDS),
            (33_723, 4, &padded),
            (33_723, 4, &swapped),
            (34_377, 1, &in_resource),
            (34_377, 7, &in_resource),
        ] {
            let metadata = read(&tiff_with(tag, kind, value, little));
            let iptc = metadata.iptc.clone().unwrap();
            assert!(iptc.starts_with(KEYWORDS), "tag {tag}, type {kind}");
            assert!(contains(&encoded(metadata, known::JPEG), KEYWORDS), "tag {tag}, type {kind}");
        }
        let path = resource(2_000, &[0; 26]);
        assert_eq!(read(&tiff_with(34_377, 1, &path, little)).left_out, [Part::ClippingPath]);
        assert_eq!(read(&tiff_with(34_735, 7, &[1; 8], little)).left_out, [Part::TiffTags(vec![34_735])]);
        let xp_title = read(&tiff_with(0x9C9B, 1, b"t\0i\0t\0l\0e\0", little));
        assert!(xp_title.left_out.is_empty() && contains(&encoded(xp_title.clone(), known::JPEG), b"t\0i\0t\0l\0e"));
        assert!(contains(&encoded(xp_title, known::TIFF), b"t\0i\0t\0l\0e"));
    }
}

#[test]
fn iptc_in_several_segments_of_a_jpeg_is_joined() {
    const HEAD: &[u8] = b"Photoshop 3.0\0";
    let other = b"\x1C\x02\x05\0\x01T";
    let segments = |parts: &[&[u8]]| parts.iter().map(|part| segment(0xED, &[HEAD, part].concat())).collect::<Vec<_>>();
    // A resource in each segment; and one that continues in the second one.
    let (first, second) = (resource(0x0404, KEYWORDS), resource(0x0404, other));
    let whole = resource(0x0404, &[KEYWORDS, other].concat());
    let (head, tail) = whole.split_at(15);
    for parts in [[&first[..], &second[..]], [head, tail]] {
        let iptc = read(&jpeg_with(&segments(&parts))).iptc.unwrap();
        assert!(contains(&iptc, KEYWORDS) && contains(&iptc, other), "{iptc:?}");
    }
    // Larger than a segment.
    let many: Vec<u8> =
        (0..9_000).flat_map(|n: u32| [b"\x1C\x02\x19\0\x05", format!("{n:05}").as_bytes()].concat()).collect();
    let metadata = Metadata { iptc: Some(many.clone().into()), ..Metadata::default() };
    assert!(lost(&metadata, known::JPEG).is_empty());
    assert_eq!(read(&encoded(metadata, known::JPEG)).iptc.as_deref(), Some(&many[..]));
}

#[test]
fn exif_that_continues_in_the_next_segment_of_a_jpeg_is_joined() {
    let block = exif_block(1, true);
    let (head, tail) = block.split_at(60);
    let app1 = |part: &[u8]| segment(0xE1, &[b"Exif\0\0", part].concat());
    let metadata = read(&jpeg_with(&[app1(head), app1(tail), app1(&block)]));
    let camera = read(&jpeg_with(&[app1(&block)])).exif;
    assert!(metadata.exif.is_some() && metadata.exif == camera);
}

#[test]
fn texts_and_xmp_of_a_png_are_read_before_and_after_its_pixels() {
    let xmp = chunk(*b"iTXt", &[b"XML:com.adobe.xmp\0\0\0\0\0", TITLE.as_bytes()].concat());
    let author = chunk(*b"tEXt", b"Author\0Andr\xE9");
    let metadata = read(&png_with(&[xmp, author]));
    assert_eq!(xmp_of(&metadata), TITLE);
    let author = KeywordText { keyword: "Author".to_owned(), text: "André".to_owned(), ..KeywordText::default() };
    assert_eq!(metadata.texts, std::slice::from_ref(&author));
    let again = read(&encoded(metadata.clone(), known::PNG));
    assert_eq!((again.texts, again.xmp), (metadata.texts.clone(), metadata.xmp.clone()));
    // Elsewhere its author goes to XMP, which has a property for it.
    let webp = read(&encoded(metadata.clone(), known::WEBP));
    assert!(xmp_of(&webp).contains("<dc:creator><rdf:Seq><rdf:li>André") && xmp_of(&webp).contains("Titel"));
    assert!(lost(&metadata, known::WEBP).is_empty());
    let place = KeywordText { keyword: "exif:GPSLatitude".to_owned(), ..author };
    let places = Metadata { texts: vec![place], ..Metadata::default() };
    let image = Image { metadata: places, ..slopes(info(24, 16, Channels::Rgb, SampleType::U8)) };
    assert!(!contains(&encode(&image, known::PNG, &Save::default()).unwrap(), b"GPSLatitude"), "no place without GPS");
}

#[test]
fn texts_of_a_png_are_kept_or_reported_by_their_keywords() {
    let file = include_bytes!("../../../tests/data/pictures/png_text.png");
    let metadata = read(file);
    let png = read(&encoded(metadata.clone(), known::PNG));
    assert_eq!(png.texts, metadata.texts);
    assert!(lost(&metadata, known::PNG).is_empty());
    let keywords: Vec<&str> = png.texts.iter().map(|text| text.keyword.as_str()).collect();
    assert_eq!(keywords, ["parameters", "Title", "Comment", "Creation Time"]);
    let jpeg = encoded(metadata.clone(), known::JPEG);
    assert!(contains(&jpeg, b"\xFF\xFE\0\x03c"), "a comment segment");
    let reported = lost(&metadata, known::JPEG);
    // The title differs from the one in XMP, which stays.
    let named = ["parameters", "Title", "Creation Time"].map(|keyword| Part::Text(keyword.to_owned()));
    assert_eq!(reported, named);
    assert!(lost(&metadata, known::WEBP).contains(&Part::Comment));
    assert!(left_out(known::JPEG, &Save { metadata: MetadataPolicy::Strip, ..keep() }, None, &metadata).is_empty());
}

#[test]
fn comments_go_from_jpeg_to_gif_and_png_and_back() {
    let comment = vec![KeywordText::comment("made by hand, 손으로".to_owned())];
    let metadata = Metadata { texts: comment.clone(), ..Metadata::default() };
    for format in [known::JPEG, known::GIF, known::PNG] {
        assert_eq!(read(&encoded(metadata.clone(), format)).texts, comment, "{format:?}");
        assert!(lost(&metadata, format).is_empty());
    }
    assert_eq!(read(&jpeg_with(&[segment(0xFE, b"caf\xE9\0")])).texts, [KeywordText::comment("café".to_owned())]);
    for format in [known::WEBP, known::TIFF, known::AVIF, known::JXL, known::BMP, known::QOI] {
        assert_eq!(lost(&metadata, format), [Part::Comment], "{format:?}");
    }
}

#[test]
fn a_gif_keeps_its_xmp_and_its_profile() {
    let profile: Arc<[u8]> = ColorProfile::new_display_p3().encode().unwrap().into();
    let mut image = slopes(info(24, 16, Channels::Rgb, SampleType::U8));
    image.metadata.xmp = Some(TITLE.as_bytes().into());
    image.profile = Some(Arc::clone(&profile));
    let file = encode(&image, known::GIF, &keep()).unwrap();
    // As in the XMP specification: the packet without sub-blocks, then a trailer that readers of sub-blocks skip.
    assert!(contains(&file, &[b"\x21\xFF\x0BXMP DataXMP", TITLE.as_bytes(), &[1, 0xFF, 0xFE]].concat()));
    assert!(contains(&file, b"\x21\xFF\x0BICCRGBG1012\xFF"));
    let kept = decode_with(&file, &DecodeOptions { colour: ColourChoice::Keep, ..DecodeOptions::default() }).unwrap();
    assert_eq!(kept.profile.as_deref(), Some(&profile[..]));
    assert_eq!(xmp_of(&kept.metadata), TITLE);
    let converted = decode(&file).unwrap();
    assert!(converted.profile.is_none() && converted.samples != kept.samples, "converted to sRGB");
    image::codecs::gif::GifDecoder::new(Cursor::new(&file)).unwrap();
    // Some programs divide the packet into sub-blocks.
    let mut divided = b"\x21\xFF\x0BXMP DataXMP".to_vec();
    for part in TITLE.as_bytes().chunks(200) {
        divided.push(part.len() as u8);
        divided.extend(part);
    }
    divided.push(0);
    let mut file = gif();
    let at = 13 + if file[10] & 0x80 == 0 { 0 } else { 3 << ((file[10] & 7) + 1) };
    file.splice(at..at, divided);
    assert_eq!(xmp_of(&read(&file)), TITLE);
}

#[test]
fn iptc_becomes_xmp_where_a_format_has_no_iptc() {
    let iptc = [KEYWORDS, b"\x1C\x02\x74\0\x02cc", b"\x1C\x02\x07\0\x01E"].concat();
    let metadata = Metadata { iptc: Some(iptc.into()), xmp: Some(TITLE.as_bytes().into()), ..Metadata::default() };
    for format in [known::WEBP, known::AVIF, known::JXL, known::GIF, known::PNG] {
        let xmp = xmp_of(&read(&encoded(metadata.clone(), format)));
        for part in ["Titel", "<dc:subject><rdf:Bag><rdf:li>kk<", "x-default\">cc<"] {
            assert!(xmp.contains(part), "{format:?}: {xmp}");
        }
        let missing = if format == known::PNG { vec![] } else { vec![Part::IptcFields(vec!["2:7".to_owned()])] };
        assert_eq!(lost(&metadata, format), missing, "{format:?}");
    }
    assert!(read(&encoded(metadata.clone(), known::PNG)).iptc.is_some(), "in a raw profile, as ImageMagick does");
    for format in [known::JPEG, known::TIFF] {
        assert!(lost(&metadata, format).is_empty());
        assert_eq!(xmp_of(&read(&encoded(metadata.clone(), format))), TITLE, "{format:?}");
    }
    for format in [known::BMP, known::QOI] {
        assert_eq!(lost(&metadata, format), [Part::Iptc, Part::Xmp], "{format:?}");
    }
}

#[test]
fn a_large_xmp_packet_survives_jpeg_in_two_parts() {
    let data = "A".repeat(200_000);
    let xmp = TITLE.replace("<dc:title>", &format!("<dc:source>{data}</dc:source><dc:title>"));
    let metadata = Metadata { xmp: Some(xmp.into_bytes().into()), ..Metadata::default() };
    let file = encoded(metadata.clone(), known::JPEG);
    let whole = xmp_of(&read(&file));
    assert!(whole.contains("Titel") && whole.contains(&data) && !whole.contains("HasExtendedXMP"));
    assert!(lost(&metadata, known::JPEG).is_empty());
    // The parts of the extension may come in any order.
    let name = b"http://ns.adobe.com/xmp/extension/\0";
    let at: Vec<usize> = (0..file.len() - name.len()).filter(|&at| file[at..].starts_with(name)).collect();
    assert_eq!(at.len(), 4);
    let length = |at: usize| usize::from(u16::from_be_bytes([file[at - 2], file[at - 1]]));
    let segment = |n: usize| file[at[n] - 4..at[n] - 2 + length(at[n])].to_vec();
    let (start, end) = (at[0] - 4, at[3] - 2 + length(at[3]));
    let swapped = [&file[..start], &segment(3), &segment(0), &segment(2), &segment(1), &file[end..]].concat();
    assert_eq!(xmp_of(&read(&swapped)), whole);
    // Text that can't be divided does not fit.
    let junk = Metadata { xmp: Some("x".repeat(70_000).into_bytes().into()), ..Metadata::default() };
    assert_eq!(lost(&junk, known::JPEG), [Part::Xmp]);
    encoded(junk, known::JPEG);
}

#[test]
fn xmp_in_utf16_is_kept_as_utf8() {
    for big in [true, false] {
        let unit = |unit: u16| if big { unit.to_be_bytes() } else { unit.to_le_bytes() };
        let packet: Vec<u8> = std::iter::once(0xFEFF).chain(TITLE.encode_utf16()).flat_map(unit).collect();
        let file = encoded(Metadata { xmp: Some(packet.into()), ..Metadata::default() }, known::WEBP);
        assert_eq!(xmp_of(&read(&file)), TITLE);
    }
}

#[test]
fn what_a_format_cannot_hold_is_named_once() {
    let metadata =
        Metadata { exif: Some(exif_block(1, false).into()), xmp: Some(TITLE.as_bytes().into()), ..Metadata::default() };
    assert_eq!(lost(&metadata, known::GIF), [Part::Exif]);
    assert_eq!(lost(&metadata, known::BMP), [Part::Exif, Part::Xmp]);
    for format in [known::JPEG, known::PNG, known::WEBP, known::TIFF, known::AVIF, known::JXL] {
        assert!(lost(&metadata, format).is_empty(), "{format:?}");
    }
    // An orientation that was applied says nothing more.
    let upright = Metadata {
        exif: crate::codec::meta::exif::block_for(Orientation::Rotate90).map(Into::into),
        ..Metadata::default()
    };
    assert!(lost(&upright, known::GIF).is_empty());
    let density = Some(crate::model::Density { x_per_inch: 300.0, y_per_inch: 300.0 });
    assert_eq!(lost(&Metadata { density, ..Metadata::default() }, known::GIF), [Part::Density]);
}

#[test]
fn signatures_and_thermal_data_are_reported() {
    let jpeg = jpeg_with(&[segment(0xEB, b"JP\0\x01\0\0\0\x01"), segment(0xE1, b"FLIR\0\x01\0\0")]);
    assert_eq!(lost(&read(&jpeg), known::JPEG), [Part::ContentCredentials, Part::Thermal]);
    let png = png_with(&[chunk(*b"caBX", b"jumb")]);
    assert_eq!(lost(&read(&png), known::WEBP), [Part::ContentCredentials]);
}

#[test]
fn the_date_of_an_image_is_found_in_every_container() {
    // exiftool: DateTimeOriginal 2020:01:02 03:04:05.
    let avif = include_bytes!("../../../tests/data/pictures/exif_date.avif");
    assert_eq!(taken(avif).as_deref(), Some("2020-01-02T03:04:05"));
    let exif = read(avif).exif;
    for format in [known::JPEG, known::PNG, known::WEBP, known::TIFF, known::AVIF, known::JXL] {
        let file = encoded(Metadata { exif: exif.clone(), ..Metadata::default() }, format);
        assert_eq!(taken(&file).as_deref(), Some("2020-01-02T03:04:05"), "{format:?}");
    }
    let dated = TITLE.replace(
        "<dc:title>",
        "<x:CreateDate xmlns:x='http://ns.adobe.com/xap/1.0/'>2026-05-01</x:CreateDate><dc:title>",
    );
    for format in [known::JPEG, known::PNG, known::WEBP, known::TIFF, known::AVIF, known::JXL, known::GIF] {
        let file = encoded(Metadata { xmp: Some(dated.clone().into_bytes().into()), ..Metadata::default() }, format);
        assert_eq!(taken(&file).as_deref(), Some("2026-05-01T00:00:00"), "{format:?}");
    }
}

#[test]
fn claims_of_gain_maps_and_videos_go_with_their_data() {
    let gain_map = include_bytes!("../../../tests/data/pictures/uhdr.jpg").as_slice();
    let motion = include_bytes!("../../../tests/data/pictures/motion.jpg").as_slice();
    // exiftool: hdrgm:Version and Container:Directory; GCamera:MicroVideo and MotionPhoto.
    for (file, part, words) in [
        (gain_map, Part::GainMap, &["hdrgm:Version", "Container:Directory", "Item:Semantic"][..]),
        (motion, Part::Video, &["MicroVideo", "MotionPhoto"]),
    ] {
        assert!(words.iter().any(|word| contains(file, word.as_bytes())));
        let metadata = read(file);
        let result = encoded(metadata.clone(), known::JPEG);
        for word in words {
            assert!(!contains(&result, word.as_bytes()), "{word}");
        }
        for policy in [MetadataPolicy::Keep, MetadataPolicy::NoGps, MetadataPolicy::Strip] {
            let save = Save { metadata: policy, ..keep() };
            assert_eq!(left_out(known::WEBP, &save, None, &metadata), std::slice::from_ref(&part));
        }
        if let Some(xmp) = read(&result).xmp {
            roxmltree::Document::parse(std::str::from_utf8(&xmp).unwrap()).unwrap();
        }
    }
    // What is in the packet itself is no claim.
    let depth = TITLE
        .replace("<dc:title>", "<g:Data xmlns:g='http://ns.google.com/photos/1.0/depthmap/'>AAAA</g:Data><dc:title>");
    let metadata =
        read(&encoded(Metadata { xmp: Some(depth.clone().into_bytes().into()), ..Metadata::default() }, known::JPEG));
    assert_eq!((xmp_of(&metadata), metadata.left_out), (depth, vec![]));
}

#[test]
fn gain_maps_and_further_images_are_recognised_without_xmp() {
    let iso = segment(0xE2, b"urn:iso:std:iso:ts:21496:-1\0\0\0\0\0");
    // An index of two images: tag 0xB001.
    let index = b"MPF\0MM\0*\0\0\0\x08\0\x01\xB0\x01\0\x04\0\0\0\x01\0\0\0\x02\0\0\0\0";
    assert_eq!(read(&jpeg_with(std::slice::from_ref(&iso))).left_out, [Part::GainMap]);
    assert_eq!(read(&jpeg_with(&[segment(0xE2, index)])).left_out, [Part::OtherImages]);
    assert_eq!(
        read(&jpeg_with(&[iso, segment(0xE2, index)])).left_out,
        [Part::GainMap],
        "the other image is the gain map"
    );
    let mut samsung = jpeg_with(&[]);
    samsung.extend(b"MotionPhoto_Data\0\0\0\x18ftypmp42SEFHSEFT");
    assert_eq!(read(&samsung).left_out, [Part::Video]);
}

const TURNED_EXIF: &[u8] = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
const TURNED_XMP: &[u8] =
    b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>\
    <rdf:Description xmlns:tiff='http://ns.adobe.com/tiff/1.0/' tiff:Orientation='8'/></rdf:RDF></x:xmpmeta>";

#[test]
fn orientation_is_read_from_exif_however_it_is_marked_and_else_from_xmp() {
    let xmp = || segment(0xE1, &[b"http://ns.adobe.com/xap/1.0/\0", TURNED_XMP].concat());
    let exif = |mark: &[u8]| segment(0xE1, &[mark, TURNED_EXIF].concat());
    let orientation = |file: &[u8]| probe(file).unwrap().orientation;
    assert_eq!(orientation(&jpeg_with(&[exif(b"Exif\0\0")])), Orientation::Rotate90);
    // As exiftool and Chromium read it.
    assert_eq!(orientation(&jpeg_with(&[exif(b"Exif\0\xFF")])), Orientation::Rotate90);
    // As ImageMagick and Pillow do.
    assert_eq!(orientation(&jpeg_with(&[xmp()])), Orientation::Rotate270);
    assert_eq!(orientation(&jpeg_with(&[xmp(), exif(b"Exif\0\0")])), Orientation::Rotate90);
    let packet = xmp_of(&read(&jpeg_with(&[xmp()])));
    assert!(packet.contains("tiff:Orientation='1'"), "{packet}");
}

#[test]
fn a_profile_whose_segments_are_there_twice_is_used_once() {
    let profile = moxcms::ColorProfile::new_display_p3().encode().unwrap();
    let parts: Vec<&[u8]> = profile.chunks(100).collect();
    let part = |number: usize, count: usize| {
        let head = [number as u8 + 1, count as u8];
        segment(0xE2, &[b"ICC_PROFILE\0".as_slice(), &head, parts[number]].concat())
    };
    let all = |count: usize| (0..parts.len()).map(|number| part(number, count)).collect::<Vec<_>>();
    let profile_of = |segments: &[Vec<u8>]| {
        let options = DecodeOptions { colour: ColourChoice::Keep, ..DecodeOptions::default() };
        open(&jpeg_with(segments), &options).unwrap().profile.map(|profile| profile.to_vec())
    };
    let count = parts.len();
    let backwards = all(count).into_iter().rev().collect::<Vec<_>>();
    // Wrong counts are ignored, as in ImageMagick.
    for segments in [all(count), [all(count), all(count)].concat(), backwards, all(0), all(2), all(99)] {
        assert_eq!(profile_of(&segments).as_deref(), Some(profile.as_slice()));
    }
}

#[test]
fn a_png_profile_of_a_jpeg_segment_is_exif_or_xmp_by_its_name() {
    let raw = |data: &[u8]| {
        let mut hex = String::new();
        data.iter().for_each(|byte| write!(hex, "{byte:02x}").unwrap());
        let text = format!("Raw profile type APP1\0\nAPP1\n{:8}\n{hex}\n", data.len());
        chunk(*b"tEXt", text.as_bytes())
    };
    let xmp = raw(&[b"http://ns.adobe.com/xap/1.0/\0", TITLE.as_bytes()].concat());
    let exif = raw(&[b"Exif\0\0", TURNED_EXIF].concat());
    let alone = read(&png_with(std::slice::from_ref(&xmp)));
    assert!(xmp_of(&alone).contains("Titel") && alone.exif.is_none());
    let both = png_with(&[xmp, exif]);
    assert!(xmp_of(&read(&both)).contains("Titel") && read(&both).exif.is_some());
    assert_eq!(probe(&both).unwrap().orientation, Orientation::Rotate90);
}
