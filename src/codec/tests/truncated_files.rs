//! Truncated files, and how much of them is decoded.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::Cursor;

use super::*;
use crate::model::{Band, Channels, DamagedPolicy, Remark, SampleType, Samples, Truncated};

/// Encodes 8-bit rows with `image`'s or our own encoders: an image of 90 rows, without a black one.
fn file(format: Format, save: &Save) -> Vec<u8> {
    // All rows differ, and the data compresses poorly: a cut leaves some rows and not others.
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

fn decode(bytes: &[u8], truncated: TruncatedPolicy) -> Result<(Vec<u8>, Option<Truncated>), ItemError> {
    let mut opened = open(bytes, &DecodeOptions { truncated, ..DecodeOptions::default() })?;
    let info = opened.rows.info();
    let (mut band, mut all) = (Band::empty(&info), Vec::new());
    while opened.rows.read_rows(16, &mut band)? > 0 {
        let Samples::U8(samples) = &band.samples else { panic!("not 8 bits") };
        let count = info.channels.count();
        all.extend(samples.chunks(count).flat_map(|pixel| pixel[..count.min(3)].to_vec()));
    }
    assert_eq!(all.len(), 120 * 90 * 3);
    Ok((all, opened.rows.truncation()))
}

#[test]
fn a_truncated_file_fails_by_default_and_keeps_its_part_if_accepted() {
    let plain = Save::default();
    for (format, save) in [
        (known::JPEG, plain.clone()),
        (known::PNG, plain.clone()),
        (known::WEBP, plain.clone()),
        (known::WEBP, Save { lossless: true, ..plain.clone() }),
        (known::BMP, plain.clone()),
    ] {
        let whole = file(format, &save);
        let (pixels, truncation) = decode(&whole, TruncatedPolicy::Keep).unwrap();
        assert_eq!(truncation, None, "{format:?}: nothing is missing");
        let cut = &whole[..whole.len() * 3 / 5];
        let error = decode(cut, TruncatedPolicy::Fail).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Truncated, "{format:?}");
        let (some, truncation) = decode(cut, TruncatedPolicy::Keep).unwrap();
        let truncation = truncation.unwrap();
        assert!((10..90).contains(&truncation.rows), "{format:?}: {truncation:?}");
        assert_eq!((truncation.of_rows, truncation.bytes), (90, cut.len() as u64), "{format:?}");
        // The existing rows are decoded; bitmaps store them bottom-up.
        let had = 120
            * 3
            * (truncation.rows as usize - if format == known::JPEG { 16.min(truncation.rows as usize) } else { 0 });
        let same = if format == known::BMP {
            some[some.len() - had + 360..] == pixels[pixels.len() - had + 360..]
        } else {
            some[..had] == pixels[..had]
        };
        assert!(same, "{format:?}: other pixels than those of the whole file");
    }
}

#[test]
fn a_truncated_png_reports_its_rows() {
    let whole = file(known::PNG, &Save::default());
    let error = decode(&whole[..whole.len() / 2], TruncatedPolicy::Fail).unwrap_err();
    let had: u32 = error.arg("had").parse().unwrap();
    assert!((5..90).contains(&had) && error.arg("wanted") == "90 rows", "{error}");
    // Only the end marker is missing: all rows exist.
    let (_, truncation) = decode(&whole[..whole.len() - 12], TruncatedPolicy::Keep).unwrap();
    assert_eq!(truncation.map(|one| one.rows), Some(90));
}

#[test]
fn a_progressive_jpeg_without_its_later_passes_is_kept_coarse() {
    let whole = file(known::JPEG, &Save { progressive: true, ..Save::default() });
    let cut = &whole[..whole.len() * 4 / 5];
    let error = decode(cut, TruncatedPolicy::Fail).unwrap_err();
    let scans: Vec<usize> = (0..cut.len() - 1).filter(|&at| cut[at..at + 2] == [0xFF, 0xDA]).collect();
    assert_eq!(
        (error.kind, error.arg("detail")),
        (ErrorKind::Truncated, format!("within pass {}", scans.len()).as_str())
    );
    assert!(scans.len() > 2, "{scans:?}");
    let (pixels, truncation) = decode(cut, TruncatedPolicy::Keep).unwrap();
    assert_eq!(truncation.unwrap().rows, 0, "no row is whole");
    assert!(pixels.iter().any(|v| *v != pixels[0]));
}

/// Files of the formats that are only read, bottom-up and top-down, compressed and not: 120 x 90 px.
fn read_only_files() -> Vec<(&'static str, Vec<u8>)> {
    let pixels = noise(120 * 90 * 3);
    let with = |head: &[u8], body: &[u8]| [head, body].concat();
    let tga = |kind: u8, from: u8| {
        let mut head = vec![0; 18];
        (head[2], head[12], head[14], head[16], head[17]) = (kind, 120, 90, 24, from);
        head
    };
    // Runs of two pixels, and literal parts of three pixels.
    let packed: Vec<u8> = pixels
        .chunks(12)
        .flat_map(|four| [&[0x81], &four[..3], &[2], &four[3..12]].concat())
        .take(90 * 24 * 14)
        .collect();
    let ascii = pixels.iter().map(u8::to_string).collect::<Vec<_>>().join(" ");
    let bits: Vec<u8> = (0..120 * 90).map(|n| if n % 7 == 0 { b'0' } else { b'1' }).collect();
    let mut top_down = file(known::BMP, &Save::default());
    let height = i32::from_le_bytes(top_down[22..26].try_into().unwrap());
    top_down[22..26].copy_from_slice(&(-height).to_le_bytes());
    // Runs of eleven pixels and the end of each row: 8 bits and a palette.
    let mut runs = b"BM".to_vec();
    for value in [0u32, 0, 1_078, 40, 120, 90, 1 | 8 << 16, 1, 0, 0, 0, 256, 0] {
        runs.extend(value.to_le_bytes());
    }
    runs.extend((0..256u32).flat_map(|n| [n as u8 / 2 + 60, 200, 70, 0]));
    for row in 0..90u8 {
        runs.extend((0..10).flat_map(|n| [12, row.wrapping_mul(7).wrapping_add(n)]));
        runs.extend([0, 0]);
    }
    runs.extend([0, 1]);
    vec![
        ("bmp", file(known::BMP, &Save::default())),
        ("bmp from the top", top_down),
        ("bmp in runs", runs),
        ("qoi", file(known::QOI, &Save::default())),
        ("tga", with(&tga(2, 0), &pixels)),
        ("tga from the top", with(&tga(2, 0x20), &pixels)),
        ("tga packed", with(&tga(10, 0x20), &packed)),
        ("P6", with(b"P6 120 90 255\n", &pixels)),
        ("P5", with(b"P5\n# gray\n120 90\n255\n", &pixels[..120 * 90])),
        ("P4", with(b"P4 120 90\n", &noise(15 * 90))),
        ("P3", with(b"P3\n120 90 255\n", ascii.as_bytes())),
        ("P1", with(b"P1 120 90\n", &bits)),
        ("P7", with(b"P7\nWIDTH 120\nHEIGHT 90\nDEPTH 3\nMAXVAL 255\nTUPLTYPE RGB\nENDHDR\n", &pixels)),
    ]
}

fn noise(count: u32) -> Vec<u8> {
    (0..count).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8 / 2 + 60).collect()
}

/// All samples, and what was missing.
fn samples(bytes: &[u8], truncated: TruncatedPolicy) -> Result<(Samples, ImageInfo, Option<Truncated>), ItemError> {
    let mut opened = open(bytes, &DecodeOptions { truncated, ..DecodeOptions::default() })?;
    let info = opened.rows.info();
    let mut band = Band::empty(&info);
    assert_eq!(opened.rows.read_rows(info.height_px, &mut band)?, info.height_px);
    Ok((band.samples, info, opened.rows.truncation()))
}

#[test]
fn a_whole_image_truncated_anywhere_reports_and_gives_its_complete_rows() {
    for (name, bytes) in read_only_files() {
        let (whole, info, truncation) =
            samples(&bytes, TruncatedPolicy::Keep).unwrap_or_else(|e| panic!("{name}: {e}"));
        let (Samples::U8(whole), None) = (whole, truncation) else { panic!("{name}: {truncation:?}") };
        let (row, from_below) = (info.row_samples(), ["bmp", "bmp in runs", "tga"].contains(&name));
        let mut seen = 0;
        for at in (1..20).map(|part| bytes.len() * part / 20).chain([bytes.len() - 3, 30]) {
            let cut = &bytes[..at];
            let failed = samples(cut, TruncatedPolicy::Fail);
            let kept = samples(cut, TruncatedPolicy::Keep);
            let Err(error) = failed else {
                // No pixels are missing: only an end marker, or a last digit.
                assert!(at == bytes.len() - 3 && kept.unwrap().2.is_none(), "{name} cut at {at}");
                continue;
            };
            assert_eq!(error.kind, ErrorKind::Truncated, "{name} cut at {at}: {error}");
            let reported: Option<u32> = error.arg("had").parse().ok();
            let Ok((Samples::U8(some), _, truncation)) = kept else {
                assert!(reported.unwrap_or(0) == 0, "{name} cut at {at}: {error}");
                continue;
            };
            let had = truncation.unwrap().rows;
            assert_eq!((Some(had), error.arg("wanted")), (reported, "90 rows"), "{name} cut at {at}");
            let (there, missing) = if from_below {
                ((90 - had as usize) * row..whole.len(), 0..(90 - had as usize) * row)
            } else {
                (0..had as usize * row, had as usize * row..whole.len())
            };
            assert!(some[there.clone()] == whole[there], "{name} cut at {at}: other rows");
            assert!(some[missing].iter().all(|&value| value == 128), "{name} cut at {at}: something in place");
            // As many as that part of the file can hold, apart from headers.
            let share = at as f64 / bytes.len() as f64 * 90.0;
            assert!((f64::from(had) - share).abs() < 20.0 || name == "bmp in runs", "{name} cut at {at}: {had} rows");
            seen += 1;
        }
        assert!(seen > 10, "{name}: only {seen} cuts left rows");
    }
}

/// A still GIF of 90 rows, interlaced or not.
fn gif(interlaced: bool) -> Vec<u8> {
    let palette: Vec<u8> = (0..=255u8).flat_map(|level| [level, 255 - level, level / 2]).collect();
    let mut file = ::gif::Encoder::new(Vec::new(), 120, 90, &palette).unwrap();
    let buffer = noise(120 * 90).into();
    let frame = ::gif::Frame { width: 120, height: 90, buffer, interlaced, ..::gif::Frame::default() };
    file.write_frame(&frame).unwrap();
    file.into_inner().unwrap()
}

#[test]
fn a_truncated_gif_keeps_its_rows() {
    let whole_file = gif(false);
    let (Samples::U8(whole), _, None) = samples(&whole_file, TruncatedPolicy::Keep).unwrap() else { panic!("short") };
    let mut least = 0;
    for at in (1..20).map(|part| whole_file.len() * part / 20) {
        let cut = &whole_file[..at];
        let error = samples(cut, TruncatedPolicy::Fail).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Truncated, "cut at {at}: {error}");
        let Ok((Samples::U8(some), _, truncation)) = samples(cut, TruncatedPolicy::Keep) else {
            assert!(at < 1_200, "cut at {at}");
            continue;
        };
        let had = truncation.unwrap().rows as usize;
        assert_eq!((error.arg("had"), error.arg("wanted")), (had.to_string().as_str(), "90 rows"));
        assert!(had > least, "{had} rows, cut at {at}");
        least = had;
        let had = had * 120 * 4;
        assert!(some[..had] == whole[..had] && some[had..].iter().all(|&value| value == 0), "cut at {at}");
    }
    assert!((70..90).contains(&least), "{least}");
    let interlaced = gif(true);
    let (_, _, truncation) = samples(&interlaced[..interlaced.len() / 2], TruncatedPolicy::Keep).unwrap();
    assert_eq!(truncation.map(|one| one.rows), Some(0), "of its passes none is whole");
}

#[test]
fn a_truncated_interlaced_png_reports_its_passes_and_is_filled_in() {
    let mut bytes = Vec::new();
    // The encoder writes rows only in order, so each pass is written by hand.
    let pixels = noise(120 * 90);
    let mut data = Vec::new();
    for [left, right, top, down] in
        [[0, 8, 0, 8], [4, 8, 0, 8], [0, 4, 4, 8], [2, 4, 0, 4], [0, 2, 2, 4], [1, 2, 0, 2], [0, 1, 1, 2]]
    {
        for y in (top..90usize).step_by(down) {
            data.push(0);
            data.extend((left..120usize).step_by(right).map(|x| pixels[y * 120 + x]));
        }
    }
    let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packer, &data).unwrap();
    let packed = packer.finish().unwrap();
    let mut chunk = |kind: &[u8; 4], data: &[u8]| {
        bytes.extend((data.len() as u32).to_be_bytes());
        bytes.extend(kind);
        bytes.extend(data);
        let mut sum = flate2::Crc::new();
        sum.update(kind);
        sum.update(data);
        bytes.extend(sum.sum().to_be_bytes());
    };
    chunk(b"IHDR", &[0, 0, 0, 120, 0, 0, 0, 90, 8, 0, 0, 0, 1]);
    chunk(b"IDAT", &packed);
    chunk(b"IEND", &[]);
    let file = [&b"\x89PNG\r\n\x1a\n"[..], &bytes].concat();
    let (whole, _, truncation) = samples(&file, TruncatedPolicy::Keep).unwrap();
    assert_eq!((&whole, truncation), (&Samples::U8(pixels), None));
    assert_eq!(samples(&file, TruncatedPolicy::Fail).unwrap().0, whole);
    let mut most = 0;
    for part in 1..20 {
        let cut = &file[..file.len() * part / 20];
        let error = samples(cut, TruncatedPolicy::Fail).unwrap_err();
        let had: u32 = error.arg("had").parse().unwrap();
        assert!(had >= most && had < 7 && error.arg("wanted") == "7 passes", "{error}");
        most = had;
        let Ok((Samples::U8(some), _, truncation)) = samples(cut, TruncatedPolicy::Keep) else { continue };
        assert_eq!(truncation.unwrap().rows, 0);
        assert!(had == 0 || some.iter().all(|&value| value > 0), "{had} passes leave gaps");
    }
    assert!(most >= 5, "{most}");
}

#[test]
fn other_damage_fails_even_if_truncated_files_are_accepted() {
    let mut png = file(known::PNG, &Save::default());
    let middle = png.len() / 2;
    png[middle] ^= 0xFF;
    assert_eq!(decode(&png, TruncatedPolicy::Keep).unwrap_err().kind, ErrorKind::Corrupt);
    assert!(decode(b"\x89PNG\r\n\x1a\n", TruncatedPolicy::Keep).is_err());
    let mut all_cuts = Cursor::new(file(known::JPEG, &Save::default())).into_inner();
    while all_cuts.len() > 40 {
        all_cuts.truncate(all_cuts.len() * 9 / 10);
        let _ = decode(&all_cuts, TruncatedPolicy::Keep);
    }
}

#[test]
fn damaged_data_is_decoded_as_far_as_possible_if_that_is_accepted() {
    let whole = file(known::JPEG, &Save::default());
    let mut damaged = whole.clone();
    let middle = damaged.len() / 2;
    // Sixteen ones, a code that no table has.
    damaged[middle..middle + 40].copy_from_slice(&[0xFF, 0].repeat(20));
    let read = |policy| {
        let options = DecodeOptions { damaged: policy, ..DecodeOptions::default() };
        let mut opened = open(&damaged, &options)?;
        let info = opened.rows.info();
        let (mut band, mut rows) = (Band::empty(&info), Vec::new());
        while opened.rows.read_rows(16, &mut band)? > 0 {
            let Samples::U8(samples) = &band.samples else { panic!("not 8 bits") };
            rows.extend_from_slice(samples);
        }
        Ok::<_, ItemError>((rows, opened.rows.remark(), opened.rows.truncation()))
    };
    assert_eq!(read(DamagedPolicy::Fail).unwrap_err().kind, ErrorKind::Corrupt);
    let (rows, remark, truncation) = read(DamagedPolicy::Keep).unwrap();
    assert_eq!((remark, truncation), (Some(Remark::Damaged), None));
    let (expected, _) = decode(&whole, TruncatedPolicy::Fail).unwrap();
    assert_eq!(rows.len(), expected.len());
    let first = 120 * 3 * 20;
    assert!(rows[..first] == expected[..first] && rows != expected);
}
