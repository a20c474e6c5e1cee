//! Files made by other programs, and their decoded pixels: `tests/reference/formats`, made by `make.py` there.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::PathBuf;

use super::*;
use crate::model::{Band, Channels, Image, SampleType, Samples};
#[cfg(feature = "heic")]
use crate::model::{ColourChoice, Part};

pub(crate) fn file(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/reference/formats").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(in crate::codec) fn decode_page(bytes: &[u8], page: u32) -> Result<Image, ItemError> {
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

pub(crate) fn decode(name: &str) -> Image {
    decode_page(&file(name), 0).unwrap_or_else(|error| panic!("{name}: {error:?}"))
}

/// Samples from 0 to 1 as red, green, blue and alpha.
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

/// The largest and the mean difference in levels of 255; colours of invisible pixels are ignored.
pub(crate) fn difference(a: &Image, b: &Image) -> (f64, f64) {
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

pub(super) struct Case {
    name: &'static str,
    expected: &'static str,
    channels: Channels,
    sample: SampleType,
    /// Largest and mean difference allowed, in levels of 255.
    max: f64,
    mean: f64,
}

pub(super) const fn case(name: &'static str, expected: &'static str, channels: Channels, max: f64, mean: f64) -> Case {
    Case { name, expected, channels, sample: SampleType::U8, max, mean }
}

pub(super) const fn deep(case: Case) -> Case {
    Case { sample: SampleType::U16, ..case }
}

pub(super) fn check(cases: &[Case]) {
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
fn avif_images_match_libavif() {
    use Channels::{Gray, Rgb, Rgba};
    check(&[
        // libyuv, which libavif uses for these, rounds chroma to few bits, and treats the last odd column differently.
        case("avif_420.avif", "avif_420.png", Rgb, 5.0, 0.5),
        case("avif_422_limited.avif", "avif_422_limited.png", Rgb, 13.5, 1.4),
        case("avif_444_709.avif", "avif_444_709.png", Rgb, 1.1, 0.3),
        case("avif_lossless.avif", "avif_lossless.png", Rgb, 0.0, 0.0),
        case("avif_gray.avif", "avif_gray.png", Gray, 0.0, 0.0),
        case("avif_alpha.avif", "avif_alpha.png", Rgba, 1.1, 0.3),
        case("avif_premultiplied.avif", "avif_premultiplied.png", Rgba, 3.0, 0.3),
        case("avif_grid.avif", "avif_grid.png", Rgb, 5.0, 0.5),
        deep(case("avif_10bit_2020.avif", "avif_10bit_2020.png", Rgb, 0.5, 0.1)),
        deep(case("avif_12bit.avif", "avif_12bit.png", Rgb, 0.1, 0.05)),
    ]);
}

/// The peak signal-to-noise ratio of all channels, in dB.
#[cfg(feature = "heic")]
fn decibels(a: &Image, b: &Image) -> f64 {
    let (a, b) = (rgba(a), rgba(b));
    let squares = a.iter().zip(&b).map(|(a, b)| {
        let seen = a[3].min(b[3]);
        (0..3).map(|channel| ((a[channel] - b[channel]) * seen).powi(2)).sum::<f64>() + (a[3] - b[3]).powi(2)
    });
    -10.0 * (squares.sum::<f64>() / (a.len() * 4) as f64).log10()
}

#[cfg(feature = "heic")]
#[test]
fn heic_images_match_libheif() {
    use Channels::{Gray, Rgb, Rgba};
    let same = |name: &'static str, expected, channels| case(name, expected, channels, 3.1, 0.6);
    let cases = [
        same("heic_420.heic", "heic_420.png", Rgb),
        same("heic_limited_709.heic", "heic_limited_709.png", Rgb),
        same("heic_gray.heic", "heic_gray.png", Gray),
        same("heic_alpha.heic", "heic_alpha.png", Rgba),
        same("heic_premultiplied.heic", "heic_premultiplied.png", Rgba),
        same("heic_stream_colours.heic", "heic_stream_colours.png", Rgb),
        same("heic_crop.heic", "heic_crop.png", Rgb),
        same("heic_grid.heic", "heic_grid.png", Rgb),
        same("heic_grid_alpha.heic", "heic_grid_alpha.png", Rgba),
        same("heic_still.heic", "heic_still.png", Rgb),
        same("heic_beside.heic", "heic_beside.png", Rgb),
        // Only the first image of a sequence is decoded.
        same("heic_sequence.heic", "heic_still.png", Rgb),
        deep(case("heic_10bit_2020.heic", "heic_10bit_2020.png", Rgb, 0.5, 0.1)),
        deep(case("heic_10bit_gray.heic", "heic_10bit_gray.png", Gray, 0.1, 0.05)),
    ];
    check(&cases);
    for case in &cases {
        let decibels = decibels(&decode(case.name), &decode(case.expected));
        assert!(decibels >= 50.0, "{}: {decibels:.1} dB", case.name);
    }
}

#[cfg(feature = "heic")]
#[test]
fn rotations_of_heic_are_reported_once_and_its_exif_is_upright() {
    for value in 1..=8u32 {
        let bytes = file(&format!("heic_turn_{value}.heic"));
        let opened = open(&bytes, &DecodeOptions::default()).unwrap();
        assert_eq!(opened.header, probe(&bytes).unwrap());
        assert_eq!(opened.header.orientation, Orientation::from_exif(value), "{value}");
        let exif = opened.metadata.exif.unwrap();
        assert_eq!(crate::codec::meta::orientation(Some(&exif), None), Orientation::Upright, "{value}");
        assert!(exif.windows(8).any(|window| window == b"Pixmaker"));
    }
    // Mirrored left to right, then turned counter-clockwise: the order of its properties.
    let header = probe(&file("heic_turn_mirror_first.heic")).unwrap();
    assert_eq!(header.orientation, Orientation::Transpose);
}

#[cfg(feature = "heic")]
#[test]
fn metadata_of_heic_and_what_is_beside_its_image_are_known() {
    let bytes = file("heic_meta.heic");
    let mut opened = open(&bytes, &DecodeOptions { colour: ColourChoice::Keep, ..DecodeOptions::default() }).unwrap();
    let p3 = include_bytes!("../../../tests/reference/colour/target-display-p3.icc").as_slice();
    assert_eq!(opened.profile.take().as_deref(), Some(p3));
    assert_eq!(crate::codec::taken(&bytes).as_deref(), Some("2024-05-06T07:08:09"));
    let xmp = String::from_utf8(opened.metadata.xmp.take().unwrap().to_vec()).unwrap();
    assert!(xmp.contains("xmpmeta"), "{xmp}");
    drop(opened);
    let left_out = |name| open(&file(name), &DecodeOptions::default()).unwrap().metadata.left_out;
    assert_eq!(left_out("heic_beside.heic"), [Part::GainMap]);
    assert_eq!(left_out("heic_sequence.heic"), [Part::OtherImages]);
    assert_eq!(left_out("heic_grid_alpha.heic"), []);
    // Without metadata, and with the same pixels.
    let stripped = crate::codec::stripped(&bytes).unwrap().bytes;
    assert!(stripped.len() < bytes.len() && !stripped.windows(8).any(|window| window == b"Pixmaker"));
    assert_eq!(decode_page(&stripped, 0).unwrap().samples, decode_page(&bytes, 0).unwrap().samples);
}

#[test]
fn jpeg_xl_images_match_libjxl() {
    use Channels::{Gray, GrayAlpha, Rgb, Rgba};
    check(&[
        case("jxl_lossless.jxl", "jxl_lossless.png", Rgb, 0.0, 0.0),
        case("jxl_lossy.jxl", "jxl_lossy.png", Rgb, 1.1, 0.2),
        case("jxl_progressive.jxl", "jxl_progressive.png", Rgb, 1.1, 0.2),
        case("jxl_gray.jxl", "jxl_gray.png", Gray, 0.0, 0.0),
        case("jxl_alpha.jxl", "jxl_alpha.png", Rgba, 1.1, 0.2),
        deep(case("jxl_16bit.jxl", "jxl_16bit.png", Rgb, 0.0, 0.0)),
        // cjxl keeps its alpha in 8 bits.
        deep(case("jxl_16bit_gray_alpha.jxl", "jxl_16bit_gray_alpha.png", GrayAlpha, 0.51, 0.06)),
        case("jxl_from_jpeg.jxl", "jxl_from_jpeg.png", Rgb, 2.0, 0.3),
    ]);
}

#[test]
fn tiff_images_of_every_layout_look_the_same() {
    use Channels::{Gray, GrayAlpha, Rgb, Rgba};
    check(&[
        case("tiff_tiled_deflate.tif", "rgb.png", Rgb, 0.0, 0.0),
        case("tiff_bigtiff_lzw.tif", "rgb.png", Rgb, 0.0, 0.0),
        case("tiff_packbits.tif", "rgb.png", Rgb, 0.0, 0.0),
        case("tiff_planar.tif", "rgb.png", Rgb, 0.0, 0.0),
        case("tiff_jpeg.tif", "rgb.png", Rgb, 40.0, 2.5),
        case("tiff_palette.tif", "tiff_palette.png", Rgb, 0.0, 0.0),
        case("tiff_bilevel.tif", "tiff_bilevel.png", Gray, 0.0, 0.0),
        case("tiff_fax4.tif", "tiff_bilevel.png", Gray, 0.0, 0.0),
        case("tiff_fax3.tif", "tiff_bilevel.png", Gray, 0.0, 0.0),
        case("tiff_gray2.tif", "tiff_gray2.png", Gray, 0.0, 0.0),
        case("tiff_gray4.tif", "tiff_gray4.png", Gray, 0.0, 0.0),
        case("tiff_cmyk.tif", "rgb.png", Rgb, 0.0, 0.0),
        case("tiff_gray_alpha.tif", "gray_alpha.png", GrayAlpha, 0.0, 0.0),
        case("tiff_rgba.tif", "rgba.png", Rgba, 0.0, 0.0),
    ]);
}

#[test]
fn floats_of_a_tiff_become_sixteen_bits() {
    let image = decode("tiff_float.tif");
    assert_eq!((image.info.channels, image.info.sample), (Channels::Rgb, SampleType::U16));
    let (max, _) = difference(&image, &decode("rgb.png"));
    assert!(max < 0.001, "{max}");
}

#[test]
fn lab_images_of_eight_and_sixteen_bits_match_their_originals() {
    check(&[
        deep(case("tiff_lab16.tif", "rgb.png", Channels::Rgb, 1.2, 0.05)),
        // 8-bit steps are wide in the dark: littleCMS's round trip is within 36.
        deep(case("tiff_lab8.tif", "rgb.png", Channels::Rgb, 21.0, 0.6)),
    ]);
}

#[test]
fn the_requested_page_of_a_tiff_is_read() {
    let bytes = file("tiff_pages.tif");
    let sizes = [(53, 37, Channels::Rgb), (20, 10, Channels::Gray), (53, 37, Channels::Rgba)];
    for (page, (width_px, height_px, channels)) in (0..).zip(sizes) {
        let header = probe_page(&bytes, page).unwrap();
        assert_eq!(header.pages, 3);
        assert_eq!(
            (header.info.width_px, header.info.height_px, header.info.channels),
            (width_px, height_px, channels)
        );
        assert_eq!(decode_page(&bytes, page).unwrap().info, header.info);
    }
    assert!(difference(&decode_page(&bytes, 2).unwrap(), &decode("rgba.png")).0 == 0.0);
    let error = probe_page(&bytes, 3).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unsupported);
    assert!(error.arg("detail").contains("3 pages"), "{error:?}");
}

#[test]
fn tga_and_icons_match_pillow() {
    use Channels::{Gray, Rgb, Rgba};
    check(&[
        case("tga_rgb.tga", "rgb.png", Rgb, 0.0, 0.0),
        case("tga_rle_alpha.tga", "rgba.png", Rgba, 0.0, 0.0),
        case("tga_palette.tga", "tga_palette.png", Rgb, 0.0, 0.0),
        case("tga_gray.tga", "gray.png", Gray, 0.0, 0.0),
        case("ico_png.ico", "ico.png", Rgba, 0.0, 0.0),
        case("ico_bmp.ico", "ico.png", Rgba, 0.0, 0.0),
    ]);
}

#[test]
fn rotations_of_an_avif_are_reported_once_and_its_exif_is_upright() {
    for value in 1..=8u32 {
        let bytes = file(&format!("avif_turn_{value}.avif"));
        let header = probe(&bytes).unwrap();
        assert_eq!(header.orientation, Orientation::from_exif(value), "{value}");
        let opened = open(&bytes, &DecodeOptions::default()).unwrap();
        assert_eq!(opened.header, header);
        let exif = opened.metadata.exif.unwrap();
        assert_eq!(crate::codec::meta::orientation(Some(&exif), None), Orientation::Upright, "{value}");
        assert!(exif.windows(8).any(|window| window == b"Pixmaker"));
    }
}

#[test]
fn metadata_of_avif_and_jpeg_xl_is_read() {
    let avif = decode("avif_meta.avif");
    let xmp = String::from_utf8(avif.metadata.xmp.unwrap().to_vec()).unwrap();
    assert!(xmp.contains("xmpmeta"), "{xmp}");
    let jxl = decode("jxl_from_jpeg.jxl");
    let exif = jxl.metadata.exif.unwrap();
    assert!(exif.windows(8).any(|window| window == b"Pixmaker"));
    assert_eq!(crate::codec::meta::orientation(Some(&exif), None), Orientation::Upright);
    assert!(String::from_utf8(jxl.metadata.xmp.unwrap().to_vec()).unwrap().contains("xmpmeta"));
    // The decoder rotated it from 53 x 37.
    assert_eq!((jxl.info.width_px, jxl.info.height_px), (37, 53));
}

#[test]
fn png_images_of_every_depth_are_right_in_one_pass_and_in_seven() {
    use Channels::{Gray, GrayAlpha, Rgba};
    check(&[
        case("png_gray1.png", "png_gray1_expected.png", Gray, 0.0, 0.0),
        case("png_gray1_interlaced.png", "png_gray1_expected.png", Gray, 0.0, 0.0),
        case("png_gray2.png", "png_gray2_expected.png", Gray, 0.0, 0.0),
        case("png_gray2_interlaced.png", "png_gray2_expected.png", Gray, 0.0, 0.0),
        case("png_gray4.png", "png_gray4_expected.png", Gray, 0.0, 0.0),
        case("png_gray4_interlaced.png", "png_gray4_expected.png", Gray, 0.0, 0.0),
        case("png_gray4_clear.png", "png_gray4_clear_expected.png", GrayAlpha, 0.0, 0.0),
        case("png_palette4.png", "png_palette4_expected.png", Rgba, 0.0, 0.0),
        case("png_palette4_interlaced.png", "png_palette4_expected.png", Rgba, 0.0, 0.0),
        deep(case("png_rgba16_interlaced.png", "png_rgba16.png", Rgba, 0.0, 0.0)),
        // Half a level of 8 bits, which the other file was rounded to.
        deep(case("png_rgba16.png", "rgba.png", Rgba, 0.51, 0.3)),
    ]);
}
