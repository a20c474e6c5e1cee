//! Results in few bits: black and white, gray in steps, palettes.

use super::super::directory::{pages, tag};
use super::whole;
use crate::codec::formats::known;
use crate::codec::{encoder, probe};
use crate::model::{Band, Channels, ImageInfo, Metadata, Original, SampleType, Samples, Save, TiffCompression};

/// Few colours in the original, and a compression.
fn few(compression: TiffCompression, of_original: Option<TiffCompression>) -> Save {
    let original = Original { compression: of_original, has_few_colours: true };
    Save { compression, original, ..Save::default() }
}

/// A file of 8-bit samples, written in bands of a few rows.
fn encode(width_px: u32, channels: Channels, samples: &[u8], save: &Save, profile: Option<&[u8]>) -> Vec<u8> {
    let height_px = (samples.len() / channels.count()) as u32 / width_px;
    let info = ImageInfo { width_px, height_px, channels, sample: SampleType::U8, premultiplied: false };
    let mut encoder = encoder(known::TIFF, save, profile.map(Into::into), &Metadata::default()).unwrap();
    encoder.start(info).unwrap();
    for rows in samples.chunks(info.row_samples() * 5) {
        let count = (rows.len() / info.row_samples()) as u32;
        let band = Band { width_px, rows: count, channels, samples: Samples::U8(rows.to_vec()) };
        encoder.write_rows(&band).unwrap();
    }
    encoder.finish().unwrap()
}

/// Bits, compression and photometric interpretation.
fn tags(file: &[u8]) -> [u64; 3] {
    let page = pages(file).unwrap().swap_remove(0);
    [tag::BITS_PER_SAMPLE, tag::COMPRESSION, tag::PHOTOMETRIC].map(|tag| page.number(tag, 99).unwrap())
}

/// A page of text, roughly: short runs in some rows, equal rows, margins; in levels of `step`.
fn writing(width: u32, height: u32, step: u8) -> Vec<u8> {
    let ink = |x: u32, y: u32| {
        let is_line = y % 24 < 14 && (20..width - 20).contains(&x);
        let glyph =
            (x / 9).wrapping_mul(2_654_435_761) ^ (y / 24).wrapping_mul(40_503) ^ (y % 24 / 3).wrapping_mul(977);
        is_line && (glyph.wrapping_mul(2_246_822_519) >> 9).is_multiple_of(3) && x % 9 < 7
    };
    let level = |x: u32, y: u32| if ink(x, y) { (x / 40 % u32::from(255 / step)) as u8 * step } else { 255 };
    (0..width * height).map(|n| level(n % width, n / width)).collect()
}

fn noise(count: usize, colours: &[u8]) -> Vec<u8> {
    super::noise(count as u32).into_iter().map(|value| colours[usize::from(value) % colours.len()]).collect()
}

#[test]
fn gray_of_few_bits_keeps_them_in_every_compression() {
    for (bits, step) in [(1, 255), (2, 85), (4, 17)] {
        for (compression, number) in [
            (TiffCompression::None, 1),
            (TiffCompression::Lzw, 5),
            (TiffCompression::Deflate, 8),
            (TiffCompression::PackBits, 32_773),
            (TiffCompression::Zstd, 50_000),
        ] {
            let samples = writing(203, 1_300, step);
            let file = encode(203, Channels::Gray, &samples, &few(compression, None), None);
            assert_eq!(tags(&file), [bits, number, 1], "{compression:?}");
            assert!(whole(&file) == (Samples::U8(samples.clone()), Channels::Gray), "{bits} {compression:?}");
            let original = Original { compression: Some(compression), has_few_colours: true };
            assert_eq!(probe(&file).unwrap().original, original);
            // The original's compression is kept unless another one is chosen.
            let kept = encode(203, Channels::Gray, &samples, &few(TiffCompression::Keep, Some(compression)), None);
            assert!(kept == file, "{bits} {compression:?}");
        }
    }
}

#[test]
fn black_and_white_is_coded_as_fax_where_that_is_kept_or_chosen() {
    for (compression, number) in [(TiffCompression::G4, 4), (TiffCompression::G3, 3)] {
        for samples in [writing(331, 900, 255), noise(331 * 900, &[0, 255]), vec![0; 331 * 900], vec![255; 331 * 900]] {
            let file = encode(331, Channels::Gray, &samples, &few(TiffCompression::Keep, Some(compression)), None);
            // White is zero, as in all fax files.
            assert_eq!(tags(&file), [1, number, 0]);
            assert!(whole(&file) == (Samples::U8(samples.clone()), Channels::Gray), "{compression:?}");
            // Chosen, it needs no original in black and white, nor in gray.
            let chosen = Save { compression, ..Save::default() };
            assert!(encode(331, Channels::Gray, &samples, &chosen, None) == file);
            let rgb: Vec<u8> = samples.iter().flat_map(|&value| [value; 3]).collect();
            let from_rgb = encode(331, Channels::Rgb, &rgb, &chosen, None);
            assert!(whole(&from_rgb) == (Samples::U8(samples.clone()), Channels::Gray) || tags(&from_rgb)[2] == 3);
        }
        // What is not black and white gets LZW: gray in steps, gray, and colours.
        let chosen = Save { compression, ..Save::default() };
        assert_eq!(tags(&encode(80, Channels::Gray, &writing(80, 50, 85), &chosen, None)), [2, 5, 1]);
        assert_eq!(tags(&encode(80, Channels::Gray, &super::noise(80 * 50), &chosen, None)), [8, 5, 1]);
        assert_eq!(tags(&encode(80, Channels::Rgb, &super::noise(80 * 50 * 3), &chosen, None)), [8, 5, 2]);
    }
}

#[test]
fn black_and_white_of_other_formats_gets_the_smaller_of_group_4_and_lzw() {
    let keep = few(TiffCompression::Keep, None);
    assert_eq!(tags(&encode(800, Channels::Gray, &writing(800, 600, 255), &keep, None)), [1, 4, 0]);
    // Dithered gray: group 4 would be larger than the pixels.
    assert_eq!(tags(&encode(800, Channels::Gray, &noise(800 * 600, &[0, 255]), &keep, None)), [1, 5, 1]);
}

#[test]
fn palettes_keep_their_colours_in_as_few_bits_as_they_need() {
    for (colours, bits) in [(2_u32, 1), (3, 2), (16, 4), (17, 8), (256, 8)] {
        let colour = |n: u32| [(n * 7 % 256) as u8, (n * 31 % 256) as u8, n as u8];
        let samples: Vec<u8> = (0..61 * 40).flat_map(|n| colour((n / 7 + n) % colours)).collect();
        let file = encode(61, Channels::Rgb, &samples, &few(TiffCompression::Keep, Some(TiffCompression::Lzw)), None);
        assert_eq!(tags(&file), [bits, 5, 3], "{colours}");
        assert!(whole(&file) == (Samples::U8(samples.clone()), Channels::Rgb), "{colours}");
        assert!(probe(&file).unwrap().original.has_few_colours);
        // An original with all bits keeps them.
        let plain = encode(61, Channels::Rgb, &samples, &Save::default(), None);
        assert_eq!(tags(&plain), [8, 5, 2]);
    }
    // More colours than a palette holds, which is only known in the last rows.
    let many: Vec<u8> = (0..300 * 20).flat_map(|n: u32| [(n / 20) as u8, (n / 20 / 256) as u8, 7]).collect();
    let file = encode(20, Channels::Rgb, &many, &few(TiffCompression::Keep, Some(TiffCompression::None)), None);
    assert_eq!(tags(&file), [8, 1, 2]);
    assert!(whole(&file) == (Samples::U8(many), Channels::Rgb));
}

#[test]
fn gray_that_needs_more_bits_in_later_rows_gets_them() {
    for (last, bits) in [(85, 2), (17, 4), (1, 8)] {
        let mut samples = writing(90, 64, 255);
        let middle = samples.len() / 2;
        samples[middle] = 170;
        *samples.last_mut().unwrap() = last;
        let file = encode(90, Channels::Gray, &samples, &few(TiffCompression::Keep, None), None);
        assert_eq!(tags(&file), [bits, 5, 1]);
        assert!(whole(&file) == (Samples::U8(samples), Channels::Gray));
    }
}
