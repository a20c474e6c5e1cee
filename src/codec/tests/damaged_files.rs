//! Damaged files: nothing of them is saved unless that is accepted; then it is what could be decoded, with a remark.

use super::*;
use crate::codec::formats::known;
use crate::codec::{encoder, open_frames};
use crate::error::{ErrorKind, ItemError};
use crate::model::{
    Band, Channels, DamagedPolicy, Format, ImageInfo, Metadata, Remark, SampleType, Samples, Save, TiffCompression,
    Truncated, TruncatedPolicy,
};

const SIDE: u32 = 160;

/// Noise in blocks, so that every format has to code much.
fn pixels() -> Vec<u8> {
    let mut state = 9_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8 | 1
    };
    let blocks: Vec<u8> = (0..SIDE * SIDE / 4 * 3).map(|_| next()).collect();
    let at = |x: u32, y: u32| ((y / 2 * (SIDE / 2) + x / 2) * 3) as usize;
    (0..SIDE * SIDE).flat_map(|n| blocks[at(n % SIDE, n / SIDE)..][..3].to_vec()).collect()
}

fn file(format: Format, save: &Save) -> Vec<u8> {
    let info = ImageInfo {
        width_px: SIDE,
        height_px: SIDE,
        channels: Channels::Rgb,
        sample: SampleType::U8,
        premultiplied: false,
    };
    let mut encoder = encoder(format, save, None, &Metadata::default()).unwrap();
    encoder.start(info).unwrap();
    let band = Band { width_px: SIDE, rows: SIDE, channels: Channels::Rgb, samples: Samples::U8(pixels()) };
    encoder.write_rows(&band).unwrap();
    encoder.finish().unwrap()
}

struct Read {
    samples: Vec<u8>,
    remark: Option<Remark>,
    truncation: Option<Truncated>,
}

fn read(bytes: &[u8], damaged: DamagedPolicy) -> Result<Read, ItemError> {
    let mut opened = open(bytes, &DecodeOptions { damaged, ..DecodeOptions::default() })?;
    let info = opened.rows.info();
    let (mut band, mut samples) = (Band::empty(&info), Vec::new());
    while opened.rows.read_rows(16, &mut band)? > 0 {
        let Samples::U8(some) = &band.samples else { panic!("not 8 bits") };
        samples.extend_from_slice(some);
    }
    assert_eq!(samples.len(), info.row_samples() * info.height_px as usize);
    Ok(Read { samples, remark: opened.rows.remark(), truncation: opened.rows.truncation() })
}

/// Changes bytes of the second half, so that the first rows can be read.
fn with_damage(mut bytes: Vec<u8>, at: usize) -> Vec<u8> {
    let end = (at + 24).min(bytes.len());
    bytes[at..end].iter_mut().for_each(|byte| *byte = !*byte);
    bytes
}

/// Adam7, which is not written here: passes of the same pixels.
fn interlaced_png() -> Vec<u8> {
    use flate2::write::ZlibEncoder;
    use std::io::Write as _;
    let pixels = pixels();
    let mut passes = ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    for (x0, dx, y0, dy) in
        [(0, 8, 0, 8), (4, 8, 0, 8), (0, 4, 4, 8), (2, 4, 0, 4), (0, 2, 2, 4), (1, 2, 0, 2), (0, 1, 1, 2)]
    {
        for y in (y0..SIDE as usize).step_by(dy) {
            passes.write_all(&[0]).unwrap();
            for x in (x0..SIDE as usize).step_by(dx) {
                passes.write_all(&pixels[(y * SIDE as usize + x) * 3..][..3]).unwrap();
            }
        }
    }
    let mut head = [SIDE.to_be_bytes(), SIDE.to_be_bytes()].concat();
    head.extend([8, 2, 0, 0, 1]);
    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, data) in [(b"IHDR", head), (b"IDAT", passes.finish().unwrap()), (b"IEND", Vec::new())] {
        out.extend((data.len() as u32).to_be_bytes());
        let chunk = [&kind[..], &data].concat();
        out.extend(&chunk);
        let mut crc = flate2::Crc::new();
        crc.update(&chunk);
        out.extend(crc.sum().to_be_bytes());
    }
    out
}

/// A bitmap of 8 bits in run lengths.
fn rle_bmp() -> Vec<u8> {
    let mut data = Vec::new();
    for y in 0..SIDE {
        (0..SIDE / 2).for_each(|x| data.extend([2, (x * 3 + y * 5) as u8 | 1]));
        data.extend([0, 0]);
    }
    data.extend([0, 1]);
    let at = 54 + 1_024;
    let mut out = b"BM".to_vec();
    out.extend((at as u32 + data.len() as u32).to_le_bytes());
    out.extend([0; 4]);
    out.extend((at as u32).to_le_bytes());
    out.extend([40u32, SIDE, SIDE].map(u32::to_le_bytes).concat());
    out.extend([1, 0, 8, 0]);
    out.extend([1u32, data.len() as u32, 0, 0, 256, 0].map(u32::to_le_bytes).concat());
    (0..=255u8).for_each(|gray| out.extend([gray, gray, gray, 0]));
    out.extend(data);
    out
}

/// Each format, and whether its data has sums or codes by which damage is found.
fn files() -> Vec<(&'static str, Vec<u8>)> {
    let tiff = |compression| file(known::TIFF, &Save { compression, ..Save::default() });
    vec![
        ("png", file(known::PNG, &Save::default())),
        ("interlaced png", interlaced_png()),
        ("gif", file(known::GIF, &Save::default())),
        ("lossless webp", file(known::WEBP, &Save { lossless: true, ..Save::default() })),
        ("tiff deflate", tiff(TiffCompression::Deflate)),
        ("tiff lzw", tiff(TiffCompression::Lzw)),
    ]
}

#[test]
fn what_can_be_decoded_of_a_damaged_file_is_given_with_a_remark_if_that_is_accepted() {
    for (name, whole) in files() {
        let expected = read(&whole, DamagedPolicy::Fail).unwrap();
        assert_eq!((expected.remark, expected.truncation), (None, None), "{name}");
        let mut found = 0;
        for part in [50, 60, 70, 80, 90] {
            let damaged = with_damage(whole.clone(), whole.len() * part / 100);
            let Err(error) = read(&damaged, DamagedPolicy::Fail) else { continue };
            assert!(matches!(error.kind, ErrorKind::Corrupt | ErrorKind::Truncated), "{name} {part}: {error}");
            found += 1;
            let kept = read(&damaged, DamagedPolicy::Keep).unwrap_or_else(|error| panic!("{name} {part}: {error}"));
            assert!(kept.remark == Some(Remark::Damaged) || kept.truncation.is_some(), "{name} {part}");
            let first = expected.samples.len() / 8;
            let is_interlaced = name.starts_with("interlaced");
            assert!(is_interlaced || kept.samples[..first] == expected.samples[..first], "{name} {part}");
            // The last pass of a coarse image repeats the one before it.
            assert!(is_interlaced || kept.samples != expected.samples, "{name} {part}");
        }
        assert!(found > 0, "{name}: no damage was found");
    }
}

#[test]
fn a_file_that_ends_early_is_accepted_with_damaged_ones() {
    for (name, whole) in files() {
        let cut = &whole[..whole.len() * 3 / 4];
        // The directory of a TIFF file is at its end.
        if name.starts_with("tiff") {
            continue;
        }
        assert_eq!(read(cut, DamagedPolicy::Fail).err().map(|error| error.kind), Some(ErrorKind::Truncated), "{name}");
        let kept = read(cut, DamagedPolicy::Keep).unwrap();
        assert!(kept.truncation.is_some(), "{name}");
        assert!(kept.samples.iter().filter(|&&sample| sample % 2 == 1).count() > kept.samples.len() / 4, "{name}");
    }
}

#[test]
fn a_bitmap_with_invalid_runs_is_kept_up_to_them() {
    let whole = rle_bmp();
    let expected = read(&whole, DamagedPolicy::Fail).unwrap().samples;
    // The data ends within a run.
    let mut cut = whole.clone();
    cut.truncate(whole.len() - whole.len() / 3);
    assert_eq!(read(&cut, DamagedPolicy::Fail).err().map(|error| error.kind), Some(ErrorKind::Truncated));
    let kept = read(&cut, DamagedPolicy::Keep).unwrap();
    // The rows at the bottom are stored first.
    let last = expected.len() - expected.len() / 4;
    assert!(kept.truncation.is_some() && kept.samples[last..] == expected[last..]);
}

#[test]
fn a_file_without_one_readable_row_is_refused_even_if_damage_is_accepted() {
    for (name, whole) in files() {
        // Everything after the header but the end.
        let mut bytes = whole.clone();
        let (from, to) = match name {
            "gif" => (whole.len() * 3 / 100 + 800, whole.len() - 1),
            _ if name.starts_with("tiff") => (8, whole.len() * 9 / 10),
            _ => (60, whole.len() - 16),
        };
        bytes[from..to].fill(0xFF);
        let error = read(&bytes, DamagedPolicy::Fail).err().unwrap_or_else(|| panic!("{name} was read"));
        assert!(matches!(error.kind, ErrorKind::Corrupt | ErrorKind::Truncated), "{name}: {error}");
        if let Ok(kept) = read(&bytes, DamagedPolicy::Keep) {
            assert!(kept.remark.is_some() || kept.truncation.is_some(), "{name}");
        }
    }
}

#[test]
fn an_animation_keeps_its_frames_before_the_damage() {
    let moving = include_bytes!("../../../tests/reference/animation/disposals.gif").as_slice();
    let read = |bytes: &[u8], damaged, truncated| {
        let mut opened = open_frames(bytes, &DecodeOptions { truncated, damaged, ..DecodeOptions::default() })?;
        let mut frames = 0;
        while opened.frames.next_frame()?.is_some() {
            frames += 1;
        }
        Ok::<_, ItemError>((frames, opened.frames.is_damaged()))
    };
    let all = read(moving, DamagedPolicy::Keep, TruncatedPolicy::Fail).unwrap();
    assert_eq!(all, read(moving, DamagedPolicy::Fail, TruncatedPolicy::Fail).unwrap());
    let mut kept = 0;
    for at in (moving.len() / 3..moving.len() - 1).step_by(3) {
        let mut damaged = moving.to_vec();
        damaged[at..(at + 6).min(moving.len() - 1)].fill(0xFF);
        match read(&damaged, DamagedPolicy::Fail, TruncatedPolicy::Keep) {
            Err(error) if error.kind == ErrorKind::Corrupt => {}
            _ => continue,
        }
        if let Ok((frames, is_damaged)) = read(&damaged, DamagedPolicy::Keep, TruncatedPolicy::Fail) {
            assert!(frames > 0 && is_damaged && frames < all.0, "{at}: {frames}");
            kept += 1;
        }
    }
    assert!(kept > 0);
}
