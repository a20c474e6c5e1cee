//! A high dynamic range (PQ, HLG) that is kept: levels, and the numbers that say what they mean.

use super::animation::file;
use super::*;
use crate::codec::colour::{CodePoints, Hdr};
use crate::model::HdrChoice;

/// Made by another program (libavif by imagecodecs).
const AVIF_HLG: &[u8] = include_bytes!("../../../tests/data/pictures/avif_hlg.avif");
fn kept_range() -> DecodeOptions {
    DecodeOptions { hdr: HdrChoice::Keep, ..DecodeOptions::default() }
}

fn points(image: &Image) -> Option<CodePoints> {
    CodePoints::of_profile(image.profile.as_deref()?)
}

fn deep(image: &Image) -> &[u16] {
    let Samples::U16(samples) = &image.samples else { panic!("not 16 bits") };
    samples
}

/// The level of PQ for this many nits (SMPTE ST 2084), from 0 to 1.
fn pq(nits: f64) -> f64 {
    let y = (nits / 10_000.0).powf(2_610.0 / 16_384.0);
    ((3_424.0 / 4_096.0 + 2_413.0 / 128.0 * y) / (1.0 + 2_392.0 / 128.0 * y)).powf(2_523.0 / 32.0)
}

/// Columns of 8 px with these levels; the last one is coloured.
fn columns(levels: &[f64], channels: Channels, points: CodePoints) -> Image {
    let info = info(8 * levels.len() as u32, 16, channels, SampleType::U16);
    let mut samples = Vec::new();
    for _ in 0..info.height_px {
        for (n, level) in levels.iter().enumerate() {
            let is_last = n + 1 == levels.len() && channels.colour_count() > 1;
            let pixel = [*level, if is_last { level * 0.8 } else { *level }, *level, 0.25 + 0.5 * level];
            let pixel: &[f64] = match channels {
                Channels::Gray => &pixel[..1],
                Channels::GrayAlpha => &[pixel[0], pixel[3]],
                Channels::Rgb => &pixel[..3],
                Channels::Rgba => &pixel,
            };
            samples.extend((0..8).flat_map(|_| pixel.iter().map(|level| (level * 65_535.0).round() as u16)));
        }
    }
    let profile = points.profile().map(Into::into);
    Image { info, samples: Samples::U16(samples), profile, metadata: Metadata::default() }
}

/// The largest difference of levels away from the edges of columns, of 1.
fn difference(a: &Image, b: &Image) -> f64 {
    assert_eq!(a.info, b.info);
    let count = a.info.channels.count();
    let both = deep(a).iter().zip(deep(b)).enumerate();
    let inner = both.filter(|(i, _)| (2..6).contains(&(i / count % 8)));
    inner.map(|(_, (a, b))| f64::from(a.abs_diff(*b)) / 65_535.0).fold(0.0, f64::max)
}

#[test]
fn levels_of_another_program_stay_and_only_if_that_is_requested() {
    assert_eq!(probe(AVIF_HLG).unwrap().tone_mapped, Some("HLG"));
    let kept = decode_with(AVIF_HLG, &kept_range()).unwrap();
    assert_eq!(points(&kept), Some(CodePoints::new(9, Hdr::Hlg)));
    // Columns of 767, 512, 1023 and 256 of 1023; colours of 767, 512 and 256 below. 75 % is reference white.
    let at = |x: usize, y: usize| {
        let start = (y * 32 + x) * 3;
        [0, 1, 2].map(|n| f64::from(deep(&kept)[start + n]) / 65_535.0 * 1_023.0)
    };
    for (x, y, expected) in [
        (4, 4, [767.0; 3]),
        (12, 4, [512.0; 3]),
        (20, 4, [1_023.0; 3]),
        (28, 4, [256.0; 3]),
        (4, 12, [767.0, 512.0, 256.0]),
    ] {
        assert!(at(x, y).iter().zip(expected).all(|(a, b)| (a - b).abs() <= 2.0), "{x}, {y}: {:?}", at(x, y));
    }
    let mapped = decode(AVIF_HLG).unwrap();
    assert!(mapped.profile.is_none() && mapped.samples != kept.samples);
    assert!(!open(AVIF_HLG, &kept_range()).unwrap().is_converted);
    for (name, transfer, bytes) in [
        ("PQ", Hdr::Pq, include_bytes!("../../../tests/data/pictures/pq.jxl").as_slice()),
        ("PQ", Hdr::Pq, include_bytes!("../../../tests/data/pictures/pq_gray.jxl")),
        ("HLG", Hdr::Hlg, include_bytes!("../../../tests/data/pictures/hlg.jxl")),
        ("PQ", Hdr::Pq, include_bytes!("../../../tests/data/pictures/avif_pq.avif")),
    ] {
        assert_eq!(probe(bytes).unwrap().tone_mapped, Some(name));
        let kept = decode_with(bytes, &kept_range()).unwrap();
        assert_eq!(points(&kept).map(|points| points.hdr), Some(transfer));
        // All of them begin with reference white.
        let level = f64::from(deep(&kept)[0]) / 65_535.0;
        let white = if transfer == Hdr::Pq { pq(203.0) } else { 0.75 };
        assert!((level - white).abs() < 0.004, "{name}: {level}");
    }
}

#[test]
fn a_high_dynamic_range_survives_every_format_that_holds_it() {
    assert!((pq(203.0) - 0.5806).abs() < 1e-4);
    let levels = [0.0, pq(1.0), pq(203.0), pq(1_000.0), pq(4_000.0), 0.75];
    for (channels, points_in) in [
        (Channels::Rgb, CodePoints::new(9, Hdr::Pq)),
        (Channels::Rgba, CodePoints::new(9, Hdr::Pq)),
        (Channels::Rgb, CodePoints::new(12, Hdr::Hlg)),
        (Channels::Rgba, CodePoints::new(9, Hdr::Hlg)),
        (Channels::Rgb, CodePoints::new(1, Hdr::Pq)),
    ] {
        let image = columns(&levels, channels, points_in);
        for (format, save, tolerance) in [
            (known::PNG, lossless(), 0.0),
            (known::JXL, lossless(), 0.0),
            (known::AVIF, Save { quality: Some(100), effort: Some(0), ..keep() }, 3.0 / 1_023.0),
            (known::JXL, Save { quality: Some(98), ..keep() }, 0.012),
        ] {
            let bytes = encode(&image, format, &save).unwrap();
            let name = format!("{format:?} {channels:?} {points_in:?}");
            assert_eq!(probe(&bytes).unwrap().tone_mapped, Some(points_in.hdr.name()), "{name}");
            let kept = decode_with(&bytes, &kept_range()).unwrap();
            assert_eq!(points(&kept), Some(points_in), "{name}");
            let most = difference(&kept, &image);
            assert!(most <= tolerance, "{name} {}: {most}", save.lossless);
            let numbers = [points_in.primaries, points_in.hdr.number()];
            let is_bt2020 = points_in.primaries == 9;
            if format == known::PNG {
                assert!(contains(&bytes, &[b"cICP", &numbers[..], &[0, 1]].concat()), "{name}");
            } else if format == known::AVIF {
                let matrix = if is_bt2020 { 9 } else { 6 };
                let nclx = [&b"nclx"[..], &[0, numbers[0], 0, numbers[1], 0, matrix, 0x80]].concat();
                assert!(contains(&bytes, &nclx), "{name}");
            }
            assert!(!contains(&bytes, b"iCCP") && !contains(&bytes, b"prof"), "{name}: the numbers say it all");
        }
    }
    // Gray has no primaries of its own.
    let gray = columns(&levels, Channels::Gray, CodePoints::new(9, Hdr::Pq));
    for format in [known::PNG, known::JXL] {
        let kept = decode_with(&encode(&gray, format, &lossless()).unwrap(), &kept_range()).unwrap();
        assert_eq!(kept.samples, gray.samples, "{format:?}");
        assert_eq!(points(&kept).map(|points| points.hdr), Some(Hdr::Pq));
    }
}

#[test]
fn eight_bits_of_pq_stay_as_they_are() {
    let levels: Vec<u8> = (0..=255).collect();
    let info = info(256, 1, Channels::Gray, SampleType::U8);
    let profile = CodePoints::new(9, Hdr::Pq).profile().map(Into::into);
    let image = Image { info, samples: Samples::U8(levels.clone()), profile, metadata: Metadata::default() };
    let kept = decode_with(&encode(&image, known::PNG, &lossless()).unwrap(), &kept_range()).unwrap();
    assert_eq!((bytes_of(&kept), points(&kept)), (&levels[..], Some(CodePoints::new(9, Hdr::Pq))));
}

/// A file whose `nclx` box has other numbers.
fn renumbered(numbers: [u16; 3]) -> Vec<u8> {
    let mut bytes = AVIF_HLG.to_vec();
    let at = bytes.windows(4).position(|word| word == b"nclx").unwrap() + 4;
    for (n, number) in numbers.into_iter().enumerate() {
        bytes[at + 2 * n..at + 2 * n + 2].copy_from_slice(&number.to_be_bytes());
    }
    bytes
}

#[test]
fn forged_numbers_are_refused_or_count_as_unspecified() {
    for primaries in [0, 2, 3, 200, 256 + 9, u16::MAX] {
        let kept = decode_with(&renumbered([primaries, 16, 9]), &kept_range()).unwrap();
        assert_eq!(points(&kept), Some(CodePoints { primaries: 2, hdr: Hdr::Pq }), "{primaries}");
        for format in [known::PNG, known::AVIF, known::JXL] {
            let save = Save { effort: Some(0), ..keep() };
            assert!(probe(&encode(&kept, format, &save).unwrap()).unwrap().tone_mapped == Some("PQ"));
        }
    }
    // Those that JPEG XL has no name for.
    let old = decode_with(&renumbered([5, 16, 9]), &kept_range()).unwrap();
    assert_eq!(encode(&old, known::JXL, &keep()).unwrap_err().kind, ErrorKind::CantEncode);
    assert!(encode(&old, known::PNG, &keep()).is_ok());
    for transfer in [0, 2, 17, 255, u16::MAX] {
        assert_eq!(probe(&renumbered([9, transfer, 9])).unwrap().tone_mapped, None, "{transfer}");
    }
    for matrix in [0x99, 300, u16::MAX] {
        assert_eq!(decode_with(&renumbered([9, 16, matrix]), &kept_range()).unwrap_err().kind, ErrorKind::Unsupported);
    }
}

#[test]
fn numbers_of_a_png_precede_its_profile_and_a_profile_those_of_an_avif() {
    let mut png =
        encode(&columns(&[0.3, 0.6], Channels::Rgb, CodePoints::new(9, Hdr::Pq)), known::PNG, &lossless()).unwrap();
    let mut packed = flate2::write::ZlibEncoder::new(b"x\0\0".to_vec(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, &ColorProfile::new_adobe_rgb().encode().unwrap()).unwrap();
    let body = [b"iCCP", &packed.finish().unwrap()[..]].concat();
    let mut crc = flate2::Crc::new();
    crc.update(&body);
    let chunk = [&(body.len() as u32 - 4).to_be_bytes()[..], &body, &crc.sum().to_be_bytes()].concat();
    png.splice(33..33, chunk);
    let kept = decode_with(&png, &kept_range()).unwrap();
    assert_eq!(points(&kept), Some(CodePoints::new(9, Hdr::Pq)));

    let mut image = slopes(info(16, 16, Channels::Rgb, SampleType::U16));
    image.profile = Some(ColorProfile::new_adobe_rgb().encode().unwrap().into());
    let mut avif = encode(&image, known::AVIF, &Save { effort: Some(0), ..keep() }).unwrap();
    let at = avif.windows(4).position(|word| word == b"nclx").unwrap() + 4;
    avif[at..at + 4].copy_from_slice(&[0, 9, 0, 16]);
    assert_eq!(probe(&avif).unwrap().tone_mapped, None);
    let kept = decode_with(&avif, &kept_range()).unwrap();
    assert_eq!(points(&kept), None);
}

#[test]
fn the_first_frame_of_a_sequence_is_kept_and_whole_animations_are_mapped() {
    let sequence = file!("sequence-pq.avif");
    let first = decode_with(sequence, &kept_range()).unwrap();
    assert_eq!(points(&first).map(|points| points.hdr), Some(Hdr::Pq));
    let opened = open_frames(sequence, &kept_range()).unwrap();
    assert!(opened.profile.is_none());
}

#[test]
fn only_what_a_format_and_a_colour_space_can_hold_is_kept() {
    let header = probe(AVIF_HLG).unwrap();
    let wanted = |colour| Save { hdr: HdrChoice::Keep, colour, ..Save::default() };
    let keeps = |format, save: &Save| hdr_for(&header, format, save) == HdrChoice::Keep;
    for format in [known::PNG, known::AVIF, known::JXL] {
        assert!(keeps(format, &wanted(ColourChoice::Srgb)) && keeps(format, &wanted(ColourChoice::Keep)));
        assert!(!keeps(format, &wanted(ColourChoice::DisplayP3)) && !keeps(format, &Save::default()));
    }
    for format in [known::JPEG, known::WEBP, known::TIFF, known::GIF] {
        assert!(!keeps(format, &wanted(ColourChoice::Srgb)), "{format:?}");
    }
    let plain =
        probe(&encode(&slopes(info(8, 8, Channels::Rgb, SampleType::U8)), known::PNG, &keep()).unwrap()).unwrap();
    assert_eq!(hdr_for(&plain, known::PNG, &wanted(ColourChoice::Srgb)), HdrChoice::Sdr);
}

#[test]
fn a_score_of_a_kept_range_compares_what_screens_show() {
    let bytes = include_bytes!("../../../tests/data/pictures/hlg.jxl").as_slice();
    let image = decode_with(bytes, &kept_range()).unwrap();
    let save = Save { target: Some(80), ..keep() };
    let mut encoder = encoder(known::JXL, &save, image.profile.clone(), &image.metadata).unwrap();
    encoder.start(image.info).unwrap();
    let rows = image.info.height_px;
    let band =
        Band { width_px: image.info.width_px, rows, channels: image.info.channels, samples: image.samples.clone() };
    encoder.write_rows(&band).unwrap();
    let encoded = encoder.finish_cancellable(&|| false).unwrap();
    assert!(encoded.score.is_some_and(|score| score >= 80.0), "{:?}", encoded.score);
    assert_eq!(points(&decode_with(&encoded.bytes, &kept_range()).unwrap()), points(&image));
}
