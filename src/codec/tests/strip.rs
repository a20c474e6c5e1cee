#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use super::*;
use crate::codec::formats::known;
use crate::codec::{DecodeOptions, encoder, open, open_frames, probe};
use crate::model::{
    Band, Channels, ColourChoice, Density, ImageInfo, Metadata, MetadataPolicy, SampleType, Samples, TiffCompression,
};

const SECRET: &[u8] = b"Secret place";

/// A file without its metadata, by its format's declaration.
fn stripped(format: Format, bytes: &[u8]) -> Option<Vec<u8>> {
    crate::codec::formats::spec_of(format).and_then(|spec| (spec.strip)(bytes)).map(|stripped| stripped.bytes)
}

/// An EXIF block with a camera's name and an orientation.
fn exif(orientation: u8) -> Arc<[u8]> {
    let mut block = b"MM\0*\0\0\0\x08\0\x02\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    block.extend([orientation, 0, 0]);
    block.extend(b"\x01\x0F\0\x02\0\0\0\x0D\0\0\0\x26\0\0\0\0");
    block.extend(SECRET);
    block.push(0);
    block.into()
}

/// An image's file with all kinds of metadata.
fn file(format: Format, orientation: u8, save: &Save) -> Vec<u8> {
    let info = ImageInfo {
        width_px: 40,
        height_px: 30,
        channels: Channels::Rgb,
        sample: SampleType::U8,
        premultiplied: false,
    };
    let metadata = Metadata {
        exif: Some(exif(orientation)),
        xmp: Some(Arc::from(&b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>Secret place</x:xmpmeta>"[..])),
        iptc: Some(Arc::from(&b"\x1C\x02\x05\0\x0CSecret place"[..])),
        density: Some(Density { x_per_inch: 300.0, y_per_inch: 300.0 }),
        ..Metadata::default()
    };
    let profile = moxcms::ColorProfile::new_display_p3().encode().unwrap();
    let profile = (format != known::JXL).then(|| profile.into());
    let mut encoder = encoder(format, save, profile, &metadata).unwrap();
    encoder.start(info).unwrap();
    let samples = Samples::U8((0..40 * 30 * 3).map(|n| (n * 7 % 251) as u8).collect());
    let mut band = Band::empty(&info);
    band.take_rows(&info, &samples, 0, 30);
    encoder.write_rows(&band).unwrap();
    encoder.finish().unwrap()
}

fn keep() -> Save {
    Save { metadata: MetadataPolicy::Keep, colour: ColourChoice::Keep, ..Save::default() }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

fn pixels(bytes: &[u8]) -> (Samples, Option<Arc<[u8]>>, Metadata) {
    let options = DecodeOptions { colour: ColourChoice::Keep, ..DecodeOptions::default() };
    let mut opened = open(bytes, &options).unwrap();
    let mut band = Band::empty(&opened.rows.info());
    assert_eq!(opened.rows.read_rows(30, &mut band).unwrap(), 30);
    (band.samples, opened.profile, opened.metadata)
}

#[test]
fn all_metadata_is_removed_and_pixels_profile_and_orientation_stay() {
    let jpegs =
        [keep(), Save { progressive: true, ..keep() }, Save { optimize: true, ..keep() }].map(|s| (known::JPEG, s));
    let webps = [keep(), Save { lossless: true, ..keep() }].map(|save| (known::WEBP, save));
    let pngs = [keep(), Save { palette: Some(16), ..keep() }].map(|save| (known::PNG, save));
    for (format, save) in jpegs.into_iter().chain(webps).chain(pngs) {
        for orientation in 1..=8 {
            let full = file(format, orientation, &save);
            assert!(contains(&full, SECRET), "{format:?}: the test's own block");
            let (before, profile, _) = pixels(&full);
            let bare = stripped(format, &full).unwrap();
            assert!(!contains(&bare, SECRET) && bare.len() < full.len(), "{format:?}");
            let (after, profile_after, metadata) = pixels(&bare);
            assert!(after == before, "{format:?}: pixels");
            assert!(profile.is_some() && profile == profile_after, "{format:?}: profile");
            assert_eq!((metadata.xmp, metadata.iptc, metadata.density), (None, None, None), "{format:?}");
            assert_eq!(metadata.exif.is_some(), orientation != 1, "{format:?}");
            assert_eq!(probe(&bare).unwrap().orientation, Orientation::from_exif(u32::from(orientation)), "{format:?}");
            assert_eq!(stripped(format, &bare).as_deref(), Some(&*bare), "{format:?}: nothing more to strip");
        }
    }
}

#[test]
fn data_appended_to_a_jpeg_is_removed_too() {
    let mut full = file(known::JPEG, 1, &keep());
    // A comment between tables, and a second image after the first (phones store videos and depth maps that way).
    let sos = full.windows(2).position(|pair| pair == [0xFF, 0xDA]).unwrap();
    let mut comment = vec![0xFF, 0xFE, 0, 14];
    comment.extend(SECRET);
    full.splice(sos..sos, comment);
    full.extend(file(known::JPEG, 1, &keep()));
    let bare = stripped(known::JPEG, &full).unwrap();
    assert!(!contains(&bare, SECRET) && bare.ends_with(&[0xFF, 0xD9]));
    assert_eq!(bare.windows(3).filter(|window| **window == [0xFF, 0xD8, 0xFF]).count(), 1);
    assert!(pixels(&bare).0 == pixels(&full).0);
    // A missing end marker is still missing.
    let open_end = &bare[..bare.len() - 2];
    assert_eq!(stripped(known::JPEG, open_end).unwrap(), open_end);
}

#[test]
fn metadata_is_removed_from_gif_and_jpeg_xl() {
    let gif = include_bytes!("../../../tests/reference/animation/disposals.gif").as_slice();
    let comment = [&[0x21, 0xFE, 12][..], SECRET, &[0]].concat();
    let note = [&b"\x21\xFF\x0BXMP DataXMP\x0C"[..], SECRET, &[0]].concat();
    let head = 13 + if gif[10] & 0x80 == 0 { 0 } else { 3 << ((gif[10] & 7) + 1) };
    let full = [&gif[..head], &comment, &note, &gif[head..], SECRET].concat();
    let bare = stripped(known::GIF, &full).unwrap();
    assert!(!contains(&bare, SECRET));
    assert_eq!(stripped(known::GIF, gif).unwrap(), bare);
    let moves = |bytes: &[u8]| open_frames(bytes, &DecodeOptions::default()).unwrap().frames.picture();
    assert_eq!(moves(&bare), moves(gif));
    let full = file(known::JXL, 1, &keep());
    assert!(contains(&full, SECRET));
    let bare = stripped(known::JXL, &full).unwrap();
    assert!(!contains(&bare, SECRET) && pixels(&bare).0 == pixels(&full).0);
}

/// The bytes between two positions that a file gives in front of its pixels, as coded.
fn coded_pixels(format: Format, bytes: &[u8]) -> Vec<u8> {
    if format == known::AVIF {
        // The sequence header of AV1 begins the coded image, which is the last item of files that are written here.
        let at = bytes.windows(2).position(|pair| pair == [0x0A, 0x0B] || pair == [0x12, 0]).unwrap();
        return bytes[at..].to_vec();
    }
    let mut reader = ::tiff::decoder::Decoder::new(std::io::Cursor::new(bytes)).unwrap();
    let mut list = |tag| reader.get_tag_u64_vec(tag).unwrap();
    let (starts, lengths) = (list(::tiff::tags::Tag::StripOffsets), list(::tiff::tags::Tag::StripByteCounts));
    let strips = starts.into_iter().zip(lengths);
    strips.flat_map(|(start, length)| bytes[start as usize..(start + length) as usize].to_vec()).collect()
}

#[test]
fn avif_and_tiff_lose_their_metadata_and_keep_their_coded_pixels() {
    for compression in [TiffCompression::None, TiffCompression::Lzw, TiffCompression::Deflate] {
        let full = file(known::TIFF, 1, &Save { compression, ..keep() });
        assert!(contains(&full, SECRET));
        let bare = stripped(known::TIFF, &full).unwrap();
        assert!(!contains(&bare, SECRET) && bare.len() < full.len(), "{compression:?}");
        assert_eq!(coded_pixels(known::TIFF, &bare), coded_pixels(known::TIFF, &full));
        assert!(pixels(&bare).0 == pixels(&full).0 && pixels(&bare).1 == pixels(&full).1);
        let (_, profile, metadata) = pixels(&bare);
        assert!(profile.is_some());
        assert_eq!((metadata.exif, metadata.xmp, metadata.iptc, metadata.density), (None, None, None, None));
        assert_eq!(stripped(known::TIFF, &bare).as_deref(), Some(&*bare), "nothing more to strip");
    }
    let full = file(known::AVIF, 1, &Save { effort: Some(0), ..keep() });
    let other = include_bytes!("../../../tests/data/pictures/strip_me.avif").as_slice();
    for (full, secret) in [(full.as_slice(), SECRET), (other, b"ACME")] {
        assert!(contains(full, secret));
        let bare = stripped(known::AVIF, full).unwrap();
        assert!(!contains(&bare, secret) && !contains(&bare, b"Exif") && bare.len() < full.len());
        let read = |bytes: &[u8]| {
            let mut opened = open(bytes, &DecodeOptions::default()).unwrap();
            let info = opened.rows.info();
            let mut band = Band::empty(&info);
            opened.rows.read_rows(info.height_px, &mut band).unwrap();
            (band.samples, opened.profile, opened.metadata)
        };
        let ((before, profile, _), (after, profile_after, metadata)) = (read(full), read(&bare));
        assert!(before == after && profile == profile_after);
        assert_eq!(metadata, Metadata::default());
        // The coded image is in the file byte for byte.
        let coded = coded_pixels(known::AVIF, &bare);
        assert!(coded.len() > 100 && contains(full, &coded[..100]));
        assert_eq!(stripped(known::AVIF, &bare).as_deref(), Some(&*bare), "nothing more to strip");
    }
}

#[test]
fn every_page_and_every_byte_order_of_a_tiff_is_stripped() {
    let pages = include_bytes!("../../../tests/reference/formats/tiff_pages.tif").as_slice();
    let bare = stripped(known::TIFF, pages).unwrap();
    for page in 0..3 {
        let rows = |bytes: &[u8]| {
            let mut opened = open(bytes, &DecodeOptions { page, ..DecodeOptions::default() }).unwrap();
            let info = opened.rows.info();
            let mut band = Band::empty(&info);
            opened.rows.read_rows(info.height_px, &mut band).unwrap();
            (opened.header, band.samples)
        };
        assert!(rows(&bare) == rows(pages), "page {page}");
    }
}

#[test]
fn an_avif_of_an_image_sequence_keeps_the_positions_of_its_frames() {
    let moving = include_bytes!("../../../tests/reference/animation/moving.avif").as_slice();
    // Without metadata nothing changes.
    assert_eq!(stripped(known::AVIF, moving).as_deref(), Some(moving));
}

#[test]
fn an_avif_of_an_image_sequence_loses_the_metadata_of_its_tracks_as_well() {
    let moving = include_bytes!("../../../tests/reference/animation/sequence-metadata.avif").as_slice();
    let kinds = |bytes: &[u8], kind: &[u8]| bytes.windows(4).filter(|window| *window == kind).count();
    // Of the file, of the track, and three in the XMP packet.
    assert!(contains(moving, b"SECRET") && kinds(moving, b"meta") == 5);
    let bare = stripped(known::AVIF, moving).unwrap();
    assert!(!contains(&bare, b"SECRET"));
    // A track that still refers to its metadata is refused by libavif, because there are zeros.
    assert_eq!((bare.len(), kinds(&bare, b"meta")), (moving.len(), 1));
    let (before, after) = (super::animation::read(moving).unwrap(), super::animation::read(&bare).unwrap());
    assert!(before == after && before.canvases.len() == 4);
    let opened = open_frames(&bare, &DecodeOptions::default()).unwrap();
    assert!(opened.metadata.exif.is_none() && opened.metadata.xmp.is_none());
}

#[test]
fn formats_without_metadata_are_unchanged() {
    for format in [known::BMP, known::QOI] {
        let bytes = file(format, 1, &keep());
        assert!(!contains(&bytes, SECRET));
        let density = if format == known::BMP { 38..46 } else { 0..0 };
        let mut expected = bytes.clone();
        expected[density.clone()].copy_from_slice(&[0x13, 0x0B, 0, 0, 0x13, 0x0B, 0, 0][..density.len()]);
        assert!(stripped(format, &bytes) == Some(expected), "{format:?}");
    }
}

#[test]
fn truncated_or_forged_files_never_panic_and_never_leak_metadata() {
    for format in [known::JPEG, known::PNG, known::WEBP, known::JXL, known::TIFF, known::AVIF] {
        let effort = (format == known::AVIF).then_some(0);
        let full = file(format, 6, &Save { effort, ..keep() });
        for length in 0..full.len() {
            let bare = stripped(format, &full[..length]);
            assert!(bare.is_none_or(|bare| !contains(&bare, SECRET)), "{format:?} cut at {length}");
        }
        for at in 0..full.len().min(600) {
            let mut forged = full.clone();
            forged[at] ^= 0xFF;
            let _ = stripped(format, &forged);
        }
    }
}
