//! Files that end early, and what is there of them.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::Cursor;

use super::*;
use crate::model::{Band, Channels, SampleType, Samples, Shortfall};

/// Encodes 8-bit rows with `image`'s or our own encoders: a picture of 90 rows, without a black one.
fn file(format: Format, save: &Save) -> Vec<u8> {
    // No two rows alike, and nothing that packs well: a cut leaves some rows and not others.
    let noise = |i: u32| (i.wrapping_mul(2_654_435_761) >> 24) as u8;
    let pixels: Vec<u8> = (0..120 * 90 * 3u32).map(|i| noise(i) / 2 + 60).collect();
    let info = ImageInfo {
        width_px: 120,
        height_px: 90,
        channels: Channels::Rgb,
        sample: SampleType::U8,
        premultiplied: false,
    };
    let mut encoder = encoder(format, save, None, &Metadata::default()).unwrap();
    encoder.start(info).unwrap();
    let band = Band { width_px: 120, rows: 90, channels: Channels::Rgb, samples: Samples::U8(pixels) };
    encoder.write_rows(&band).unwrap();
    encoder.finish().unwrap()
}

fn decode(bytes: &[u8], truncated: TruncatedPolicy) -> Result<(Vec<u8>, Option<Shortfall>), ItemError> {
    let mut opened = open(bytes, &DecodeOptions { truncated, ..DecodeOptions::default() })?;
    let info = opened.rows.info();
    let (mut band, mut all) = (Band::empty(&info), Vec::new());
    while opened.rows.read_rows(16, &mut band)? > 0 {
        let Samples::U8(samples) = &band.samples else { panic!("not 8 bits") };
        let count = info.channels.count();
        all.extend(samples.chunks(count).flat_map(|pixel| pixel[..count.min(3)].to_vec()));
    }
    assert_eq!(all.len(), 120 * 90 * 3);
    Ok((all, opened.rows.shortfall()))
}

#[test]
fn a_file_that_ends_early_fails_by_default_and_gives_what_is_there_when_told_to() {
    let plain = Save::default();
    for (format, save) in [
        (Format::Jpeg, plain.clone()),
        (Format::Png, plain.clone()),
        (Format::Webp, plain.clone()),
        (Format::Webp, Save { lossless: true, ..plain.clone() }),
        (Format::Bmp, plain.clone()),
    ] {
        let whole = file(format, &save);
        let (pixels, shortfall) = decode(&whole, TruncatedPolicy::Keep).unwrap();
        assert_eq!(shortfall, None, "{format:?}: nothing is missing");
        let cut = &whole[..whole.len() * 3 / 5];
        let error = decode(cut, TruncatedPolicy::Fail).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Truncated, "{format:?}");
        let (some, shortfall) = decode(cut, TruncatedPolicy::Keep).unwrap();
        let shortfall = shortfall.unwrap();
        assert!((10..90).contains(&shortfall.rows), "{format:?}: {shortfall:?}");
        assert_eq!((shortfall.of_rows, shortfall.bytes), (90, cut.len() as u64), "{format:?}");
        // What was there is there: a bitmap's rows come from below.
        let had = 120
            * 3
            * (shortfall.rows as usize - if format == Format::Jpeg { 16.min(shortfall.rows as usize) } else { 0 });
        let same = if format == Format::Bmp {
            some[some.len() - had + 360..] == pixels[pixels.len() - had + 360..]
        } else {
            some[..had] == pixels[..had]
        };
        assert!(same, "{format:?}: other pixels than those of the whole file");
    }
}

#[test]
fn a_png_that_ends_early_says_how_many_rows_were_there() {
    let whole = file(Format::Png, &Save::default());
    let error = decode(&whole[..whole.len() / 2], TruncatedPolicy::Fail).unwrap_err();
    let had: u32 = error.arg("had").parse().unwrap();
    assert!((5..90).contains(&had) && error.arg("wanted") == "90 rows", "{error}");
    // Only the end mark is missing: every row is there.
    let (_, shortfall) = decode(&whole[..whole.len() - 12], TruncatedPolicy::Keep).unwrap();
    assert_eq!(shortfall.map(|one| one.rows), Some(90));
}

#[test]
fn a_progressive_jpeg_without_its_later_passes_is_kept_coarse() {
    let whole = file(Format::Jpeg, &Save { progressive: true, ..Save::default() });
    let cut = &whole[..whole.len() * 4 / 5];
    assert_eq!(decode(cut, TruncatedPolicy::Fail).unwrap_err().kind, ErrorKind::Truncated);
    let (pixels, shortfall) = decode(cut, TruncatedPolicy::Keep).unwrap();
    assert_eq!(shortfall.unwrap().rows, 0, "no row is whole");
    assert!(pixels.iter().any(|v| *v != pixels[0]));
}

#[test]
fn a_gif_that_ends_early_gives_the_rows_it_has() {
    let mut whole = Vec::new();
    let frame =
        image::RgbaImage::from_fn(120, 90, |x, y| image::Rgba([x as u8 + 60, y as u8 + 90, (x * y) as u8 | 1, 255]));
    image::codecs::gif::GifEncoder::new(&mut whole).encode_frame(image::Frame::new(frame)).unwrap();
    let cut = &whole[..whole.len() / 2];
    assert_eq!(decode(cut, TruncatedPolicy::Fail).unwrap_err().kind, ErrorKind::Truncated);
    if let Ok((_, shortfall)) = decode(cut, TruncatedPolicy::Keep) {
        assert!((1..90).contains(&shortfall.unwrap().rows));
    }
}

#[test]
fn damage_that_is_no_early_end_fails_even_when_told_to_keep() {
    let mut png = file(Format::Png, &Save::default());
    let middle = png.len() / 2;
    png[middle] ^= 0xFF;
    assert_eq!(decode(&png, TruncatedPolicy::Keep).unwrap_err().kind, ErrorKind::Corrupt);
    assert!(decode(b"\x89PNG\r\n\x1a\n", TruncatedPolicy::Keep).is_err());
    let mut all_cuts = Cursor::new(file(Format::Jpeg, &Save::default())).into_inner();
    while all_cuts.len() > 40 {
        all_cuts.truncate(all_cuts.len() * 9 / 10);
        let _ = decode(&all_cuts, TruncatedPolicy::Keep);
    }
}
