//! Files that other programs made, and what those decode them to: `tests/reference/formats`, made by `make.py` there.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::PathBuf;

use super::*;
use crate::model::{Band, Channels, Image, SampleType, Samples};

pub(super) fn file(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/reference/formats").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(super) fn decode_page(bytes: &[u8], page: u32) -> Result<Image, ItemError> {
    let mut opened = open(bytes, &DecodeOptions { page, ..DecodeOptions::default() })?;
    let info = opened.rows.info();
    let mut all = Samples::empty(info.sample);
    let mut band = Band::empty(&info);
    // An odd number of rows, so that bands begin anywhere.
    while opened.rows.read_rows(7, &mut band)? > 0 {
        match (&mut all, &band.samples) {
            (Samples::U8(all), Samples::U8(some)) => all.extend(some),
            (Samples::U16(all), Samples::U16(some)) => all.extend(some),
            (Samples::F32(all), Samples::F32(some)) => all.extend(some),
            _ => panic!("a band of another sample type"),
        }
    }
    assert_eq!(all.len(), info.row_samples() * info.height_px as usize);
    Ok(Image { info, samples: all, profile: opened.profile, metadata: opened.metadata })
}

fn decode(name: &str) -> Image {
    decode_page(&file(name), 0).unwrap_or_else(|error| panic!("{name}: {error:?}"))
}

/// Samples as parts of one, in red, green, blue and alpha.
fn rgba(image: &Image) -> Vec<[f64; 4]> {
    let values: Vec<f64> = match &image.samples {
        Samples::U8(values) => values.iter().map(|&v| f64::from(v) / 255.0).collect(),
        Samples::U16(values) => values.iter().map(|&v| f64::from(v) / 65_535.0).collect(),
        Samples::F32(values) => values.iter().map(|&v| f64::from(v)).collect(),
    };
    let pixels = values.chunks_exact(image.info.channels.count());
    pixels
        .map(|pixel| match *pixel {
            [g] => [g, g, g, 1.0],
            [g, a] => [g, g, g, a],
            [r, g, b] => [r, g, b, 1.0],
            [r, g, b, a] => [r, g, b, a],
            _ => panic!("no such channels"),
        })
        .collect()
}

/// The largest and the mean difference, in levels of 255; where nothing is seen, colour does not count.
fn difference(a: &Image, b: &Image) -> (f64, f64) {
    assert_eq!((a.info.width_px, a.info.height_px), (b.info.width_px, b.info.height_px));
    let (mut largest, mut sum, mut count) = (0.0f64, 0.0, 0.0);
    for (a, b) in rgba(a).iter().zip(rgba(b)) {
        for channel in 0..4 {
            let seen = if channel == 3 { 1.0 } else { a[3].min(b[3]) };
            let off = (a[channel] - b[channel]).abs() * seen * 255.0;
            largest = largest.max(off);
            sum += off;
            count += 1.0;
        }
    }
    (largest, sum / count)
}

struct Case {
    name: &'static str,
    expected: &'static str,
    channels: Channels,
    sample: SampleType,
    /// Largest and mean difference allowed, in levels of 255.
    max: f64,
    mean: f64,
}

const fn case(name: &'static str, expected: &'static str, channels: Channels, max: f64, mean: f64) -> Case {
    Case { name, expected, channels, sample: SampleType::U8, max, mean }
}

const fn deep(case: Case) -> Case {
    Case { sample: SampleType::U16, ..case }
}

fn check(cases: &[Case]) {
    let mut wrong = Vec::new();
    for case in cases {
        let found = decode(case.name);
        assert_eq!((found.info.channels, found.info.sample), (case.channels, case.sample), "{}", case.name);
        let header = probe(&file(case.name)).unwrap();
        assert_eq!(header.info, found.info, "{}: the header tells something else", case.name);
        assert_eq!(header, open(&file(case.name), &DecodeOptions::default()).unwrap().header, "{}", case.name);
        let (max, mean) = difference(&found, &decode(case.expected));
        if max > case.max || mean > case.mean {
            wrong.push(format!("{} is off by {max:.2}, {mean:.3} on average", case.name));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn avif_pictures_look_as_libavif_decodes_them() {
    use Channels::{Gray, Rgb, Rgba};
    check(&[
        // libyuv, which libavif hands these to, rounds chroma to few bits, and treats the last odd column otherwise.
        case("avif_420.avif", "avif_420.png", Rgb, 5.0, 0.5),
        case("avif_422_limited.avif", "avif_422_limited.png", Rgb, 5.0, 0.8),
        case("avif_444_709.avif", "avif_444_709.png", Rgb, 1.1, 0.3),
        case("avif_lossless.avif", "avif_lossless.png", Rgb, 0.0, 0.0),
        case("avif_gray.avif", "avif_gray.png", Gray, 0.0, 0.0),
        case("avif_alpha.avif", "avif_alpha.png", Rgba, 1.1, 0.3),
        case("avif_premultiplied.avif", "avif_premultiplied.png", Rgba, 2.0, 0.3),
        case("avif_grid.avif", "avif_grid.png", Rgb, 5.0, 0.5),
        deep(case("avif_10bit_2020.avif", "avif_10bit_2020.png", Rgb, 0.5, 0.1)),
        deep(case("avif_12bit.avif", "avif_12bit.png", Rgb, 0.1, 0.05)),
    ]);
}

#[test]
fn jpeg_xl_pictures_look_as_libjxl_decodes_them() {
    use Channels::{Gray, GrayAlpha, Rgb, Rgba};
    check(&[
        case("jxl_lossless.jxl", "jxl_lossless.png", Rgb, 0.0, 0.0),
        case("jxl_lossy.jxl", "jxl_lossy.png", Rgb, 1.1, 0.2),
        case("jxl_progressive.jxl", "jxl_progressive.png", Rgb, 1.1, 0.2),
        case("jxl_gray.jxl", "jxl_gray.png", Gray, 0.0, 0.0),
        case("jxl_alpha.jxl", "jxl_alpha.png", Rgba, 1.1, 0.2),
        deep(case("jxl_16bit.jxl", "jxl_16bit.png", Rgb, 0.0, 0.0)),
        // Whose alpha cjxl keeps in 8 bits.
        deep(case("jxl_16bit_gray_alpha.jxl", "jxl_16bit_gray_alpha.png", GrayAlpha, 0.51, 0.06)),
        case("jxl_from_jpeg.jxl", "jxl_from_jpeg.png", Rgb, 2.0, 0.3),
    ]);
}
