//! Samples of all depths, and truncated files.

#![expect(clippy::unwrap_used, reason = "tests")]

mod bit_order;
mod counting;
mod few_bits;
mod other_writers;
mod pages;

use std::io::Cursor;

use ::tiff::encoder::colortype::{ColorType, Gray32, Gray32Float, Gray64Float, RGB8, RGB16, RGB32Float};
use ::tiff::encoder::{Compression, DeflateLevel, TiffEncoder, TiffValue};

use crate::codec::{DecodeOptions, open};
use crate::error::{ErrorKind, ItemError};
use crate::model::{Band, Channels, Remark, Samples, Truncated, TruncatedPolicy};

/// A file that the library writes: strips of 7 rows.
fn written<C: ColorType>(size: (u32, u32), samples: &[C::Inner], compression: Compression) -> Vec<u8>
where
    [C::Inner]: TiffValue,
{
    let mut out = Cursor::new(Vec::new());
    let mut encoder = TiffEncoder::new(&mut out).unwrap().with_compression(compression);
    let mut page = encoder.new_image::<C>(size.0, size.1).unwrap();
    page.rows_per_strip(7).unwrap();
    page.write_data(samples).unwrap();
    out.into_inner()
}

/// A file whose directory comes before its pixels, in the byte order of `little`: tags of one LONG each, and strips.
fn file(little: bool, tags: &[(u16, u32)], strips: &[Vec<u8>]) -> Vec<u8> {
    let long = |value: u32| if little { value.to_le_bytes() } else { value.to_be_bytes() };
    let short = |value: u16| if little { value.to_le_bytes() } else { value.to_be_bytes() };
    let head = |tags: usize| 8 + 2 + (tags as u32 + 2) * 12 + 4;
    let lists = head(tags.len());
    let data = lists + strips.len() as u32 * 8;
    let mut at = data;
    let starts: Vec<u32> = strips
        .iter()
        .map(|strip| {
            at += strip.len() as u32;
            at - strip.len() as u32
        })
        .collect();
    let count = strips.len() as u32;
    let list = |offset: u32, single: u32| if count == 1 { single } else { offset };
    let mut entries: Vec<(u16, u32, u32)> = tags.iter().map(|&(tag, value)| (tag, 1, value)).collect();
    entries.push((273, count, list(lists, starts[0])));
    entries.push((279, count, list(lists + count * 4, strips[0].len() as u32)));
    entries.sort_unstable();
    let mut file = if little { b"II\x2A\0".to_vec() } else { b"MM\0\x2A".to_vec() };
    file.extend(long(8));
    file.extend(short(entries.len() as u16));
    for (tag, count, value) in entries {
        file.extend([&short(tag)[..], &short(4), &long(count), &long(value)].concat());
    }
    file.extend(long(0));
    file.extend(starts.iter().flat_map(|&start| long(start)));
    file.extend(strips.iter().flat_map(|strip| long(strip.len() as u32)));
    file.extend(strips.concat());
    file
}

fn read(bytes: &[u8], truncated: TruncatedPolicy) -> Result<(Samples, Channels, Option<Truncated>), ItemError> {
    let mut opened = open(bytes, &DecodeOptions { truncated, ..DecodeOptions::default() })?;
    let info = opened.rows.info();
    let (mut band, mut all) = (Band::empty(&info), Samples::empty(info.sample));
    while opened.rows.read_rows(5, &mut band)? > 0 {
        match (&mut all, &band.samples) {
            (Samples::U8(all), Samples::U8(some)) => all.extend(some),
            (Samples::U16(all), Samples::U16(some)) => all.extend(some),
            _ => panic!("another type"),
        }
    }
    assert_eq!(all.len(), info.row_samples() * info.height_px as usize);
    Ok((all, info.channels, opened.rows.truncation()))
}

fn whole(bytes: &[u8]) -> (Samples, Channels) {
    let (samples, channels, truncation) = read(bytes, TruncatedPolicy::Keep).unwrap();
    assert_eq!(truncation, None);
    (samples, channels)
}

#[test]
fn floats_and_32_bit_integers_become_16_bits_clamped() {
    let floats = [-0.5f32, 0.0, 0.25, 1.0, 7.0, f32::NAN];
    let sixteen = vec![0, 0, 16_384, 65_535, 65_535, 0];
    let size = (3, 2);
    let deflate = Compression::Deflate(DeflateLevel::Fast);
    assert_eq!(whole(&written::<Gray32Float>(size, &floats, deflate)).0, Samples::U16(sixteen.clone()));
    assert_eq!(whole(&written::<RGB32Float>((2, 1), &floats, deflate)).0, Samples::U16(sixteen.clone()));
    let double = floats.map(f64::from);
    assert_eq!(whole(&written::<Gray64Float>(size, &double, Compression::Lzw)).0, Samples::U16(sixteen));
    let long = [0u32, 65_535, 65_536, 1 << 31, u32::MAX, 7];
    let expected = vec![0, 0, 1, 32_768, 65_535, 0];
    assert_eq!(whole(&written::<Gray32>(size, &long, deflate)).0, Samples::U16(expected));
}

#[test]
fn floats_up_to_255_give_a_warning() {
    let remark = |bytes: &[u8]| {
        let mut opened = open(bytes, &DecodeOptions::default()).unwrap();
        let mut band = Band::empty(&opened.rows.info());
        while opened.rows.read_rows(5, &mut band).unwrap() > 0 {}
        opened.rows.remark()
    };
    let deflate = Compression::Deflate(DeflateLevel::Fast);
    let to_255 = [0.0f32, 12.0, 255.0, 77.5, 1.0, 3.0];
    assert_eq!(remark(&written::<RGB32Float>((2, 1), &to_255, deflate)), Some(Remark::AboveWhite));
    let double = to_255.map(f64::from);
    assert_eq!(remark(&written::<Gray64Float>((3, 2), &double, deflate)), Some(Remark::AboveWhite));
    // A few highlights above white are normal.
    assert_eq!(remark(&written::<Gray32Float>((3, 2), &[0.0, 0.2, 12.0, 0.7, 1.0, 1.0], deflate)), None);
    assert_eq!(remark(&written::<Gray32>((3, 1), &[u32::MAX; 3], deflate)), None);
}

/// Packed values of some bits, each row starting at a byte.
fn packed(values: &[u16], row: usize, bits: usize) -> Vec<u8> {
    let pack = |row: &[u16]| {
        let all: Vec<u8> =
            row.iter().flat_map(|value| (0..bits).rev().map(move |bit| (value >> bit & 1) as u8)).collect();
        all.chunks(8).map(|byte| byte.iter().enumerate().fold(0, |sum, (n, bit)| sum | bit << (7 - n))).collect()
    };
    values.chunks(row).flat_map(|row: &[u16]| -> Vec<u8> { pack(row) }).collect()
}

#[test]
fn ten_twelve_and_fourteen_bits_are_spread_over_sixteen() {
    for bits in [10u32, 12, 14] {
        let max = (1u32 << bits) - 1;
        for (little, samples, photometric) in [(true, 1, 1), (false, 1, 0), (true, 3, 2), (false, 4, 2)] {
            // Five pixels per row: rows end within a byte.
            let values: Vec<u16> = (0..5 * 4 * samples).map(|n| (n * 797 % (max + 1)) as u16).collect();
            let values: Vec<u16> = [max as u16, 0].into_iter().chain(values).take(5 * 4 * samples as usize).collect();
            let strips = values.chunks(5 * 3 * samples as usize);
            let strips: Vec<Vec<u8>> = strips.map(|rows| packed(rows, 5 * samples as usize, bits as usize)).collect();
            let tags =
                [(256, 5), (257, 4), (258, bits), (259, 1), (262, photometric), (277, samples), (278, 3), (284, 1)];
            let (read, channels) = whole(&file(little, &tags, &strips));
            let spread = |value: u16| ((u32::from(value) * 65_535 + max / 2) / max) as u16;
            let expected = values.iter().map(|&value| spread(value));
            let expected: Vec<u16> =
                if photometric == 0 { expected.map(|v| 65_535 - v).collect() } else { expected.collect() };
            assert_eq!(read, Samples::U16(expected), "{bits} bits, {samples} samples");
            assert_eq!(channels.count(), samples as usize);
        }
    }
}

#[test]
fn lab_is_signed_or_shifted() {
    let gray = |photometric, strip: Vec<u8>, bits| {
        let tags = [(256, 1), (257, 1), (258, bits), (259, 1), (262, photometric), (277, 3), (278, 1)];
        match whole(&file(false, &tags, &[strip])) {
            (Samples::U16(samples), Channels::Rgb) => samples,
            other => panic!("{other:?}"),
        }
    };
    // L* 53.585 is the gray 128 of sRGB: 136.64 of 255.
    for (photometric, strip, bits) in [
        (8, vec![137, 0, 0], 8),
        (9, vec![137, 128, 128], 8),
        (8, vec![0x89, 0x2C, 0, 0, 0, 0], 16),
        (9, vec![0x89, 0x2C, 0x80, 0, 0x80, 0], 16),
    ] {
        let [r, g, b] = gray(photometric, strip, bits)[..] else { panic!("no pixel") };
        assert!(r.abs_diff(g) < 30 && g.abs_diff(b) < 30, "{photometric}, {bits}: {r} {g} {b}");
        assert!(g.abs_diff(128 * 257) < 150, "{photometric}, {bits}: {g}");
    }
    // A strong red of sRGB is L* 54.29, a* 80.8, b* 69.89.
    let red = gray(8, vec![138, 81, 70], 8);
    assert!(red[0] > 64_500 && red[1] < 3_000 && red[2] < 3_000, "{red:?}");
    assert_eq!(gray(9, vec![138, 209, 198], 8), red);
}

fn noise(count: u32) -> Vec<u8> {
    (0..count).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8 / 2 + 60).collect()
}

#[test]
fn a_truncated_tiff_reports_its_rows_and_gives_complete_strips() {
    let (pixels, row) = (noise(40 * 30 * 3), 40 * 3);
    // The directory comes before the pixels, so that a cut keeps it.
    let strips: Vec<Vec<u8>> = pixels.chunks(row * 7).map(<[u8]>::to_vec).collect();
    let tags = [(256, 40), (257, 30), (258, 8), (259, 1), (262, 2), (277, 3), (278, 7), (284, 1)];
    let plain = file(true, &tags, &strips);
    let start = plain.len() - pixels.len();
    for rows in [0usize, 1, 6, 7, 12, 29] {
        let cut = &plain[..start + rows * row + 11];
        let error = read(cut, TruncatedPolicy::Fail).unwrap_err();
        assert_eq!(
            (error.kind, error.arg("had"), error.arg("wanted")),
            (ErrorKind::Truncated, rows.to_string().as_str(), "30 rows")
        );
        let kept = read(cut, TruncatedPolicy::Keep);
        if rows == 0 {
            assert_eq!(kept.unwrap_err().kind, ErrorKind::Truncated);
            continue;
        }
        let (Samples::U8(some), _, truncation) = kept.unwrap() else { panic!("not 8 bits") };
        assert_eq!(
            truncation,
            Some(Truncated { rows: rows as u32, of_rows: 30, bytes: cut.len() as u64, frames: None })
        );
        assert!(some[..rows * row] == pixels[..rows * row], "{rows} rows");
        assert!(some[rows * row..].iter().all(|&value| value == 128), "{rows} rows");
    }
}

#[test]
fn compressed_strips_are_kept_whole_and_wide_samples_in_either_order() {
    let bytes = noise(40 * 30 * 3);
    for compression in [Compression::Lzw, Compression::Deflate(DeflateLevel::Fast), Compression::Packbits] {
        let whole_file = written::<RGB8>((40, 30), &bytes, compression);
        let mut reader = ::tiff::decoder::Decoder::new(Cursor::new(&whole_file)).unwrap();
        let starts = reader.get_tag_u64_vec(::tiff::tags::Tag::StripOffsets).unwrap();
        // The directory stays, and refers to data beyond the file's end.
        let mut cut = whole_file.clone();
        let start = (starts[2] as u32).to_ne_bytes();
        let offset = cut.windows(4).rposition(|four| four == start).unwrap();
        cut[offset..offset + 4].copy_from_slice(&9_000_000u32.to_ne_bytes());
        let error = read(&cut, TruncatedPolicy::Fail).unwrap_err();
        assert_eq!((error.kind, error.arg("had")), (ErrorKind::Truncated, "14"));
        let (Samples::U8(some), _, truncation) = read(&cut, TruncatedPolicy::Keep).unwrap() else { panic!("8 bits") };
        assert_eq!(truncation.unwrap().rows, 23);
        let lost = 14 * 120..21 * 120;
        assert!(some[..lost.start] == bytes[..lost.start] && some[lost.end..] == bytes[lost.end..]);
        assert!(some[lost].iter().all(|&value| value == 128));
    }
    for little in [true, false] {
        let values: Vec<u16> = (0..20 * 10).map(|n| n * 321 + 1).collect();
        let data = values.iter().flat_map(|v| if little { v.to_le_bytes() } else { v.to_be_bytes() }).collect();
        let tags = [(256, 20), (257, 10), (258, 16), (259, 1), (262, 1), (277, 1), (278, 10)];
        let bytes = file(little, &tags, &[data]);
        let (samples, _, truncation) = read(&bytes[..bytes.len() - 90], TruncatedPolicy::Keep).unwrap();
        assert_eq!(truncation.unwrap().rows, 7);
        let Samples::U16(samples) = samples else { panic!("16 bits") };
        assert_eq!(samples[..140], values[..140]);
        assert_eq!(samples[140..], [32_896; 60]);
    }
}

#[test]
fn a_tiff_truncated_before_its_directory_reports_its_minimum_length() {
    let bytes = written::<RGB16>((40, 30), &vec![7; 3_600], Compression::Uncompressed);
    let error = read(&bytes[..3_000], TruncatedPolicy::Keep).unwrap_err();
    assert_eq!(
        (error.kind, error.arg("had"), error.arg("wanted")),
        (ErrorKind::Truncated, "3.0 KB", "at least 7.3 KB")
    );
}
