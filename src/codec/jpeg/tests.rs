//! Features of JPEG: progressive files, CMYK, scaled decoding, and errors that libjpeg hides.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::cell::Cell;

use super::decode;
use super::encode::JpegEncoder;
use super::libjpeg::{self, Pixels, Settings};
use crate::codec::formats::known;
use crate::codec::guard::control::DecodeControl;
use crate::codec::spec::{DecodeOptions, Decoded, Encoder, Extras, Header};
use crate::error::{ErrorKind, ItemError};
use crate::model::{
    Band, Channels, ColourChoice, DamagedPolicy, HdrChoice, ImageInfo, Remark, RowWriter, SampleType, Samples, Save,
    TruncatedPolicy,
};

const FULL: DecodeOptions = DecodeOptions {
    max_downscale: 1.0,
    luma: false,
    colour: ColourChoice::Srgb,
    hdr: HdrChoice::Sdr,
    truncated: TruncatedPolicy::Fail,
    damaged: DamagedPolicy::Fail,
    page: 0,
    fast_huffman: true,
};

fn open<'a>(bytes: &'a [u8], options: &DecodeOptions) -> Result<Decoded<'a>, ItemError> {
    decode::open(bytes, options, &DecodeControl::in_process())
}

fn file(
    pixels: Pixels,
    width_px: u32,
    height_px: u32,
    progressive: bool,
    pixel: impl Fn(u32, u32) -> Vec<u8>,
) -> Vec<u8> {
    let settings = Settings {
        width_px,
        height_px,
        pixels,
        quality: 90,
        luma_factors: (2, 2),
        progressive,
        optimize: false,
        density: None,
    };
    let mut encoder = libjpeg::Encoder::start(&settings, &[]).unwrap();
    let all: Vec<u8> =
        (0..height_px).flat_map(|y| (0..width_px).map(move |x| (x, y))).flat_map(|(x, y)| pixel(x, y)).collect();
    encoder.write(&all).unwrap();
    encoder.finish(&|| false).unwrap()
}

fn noise(x: u32, y: u32) -> u8 {
    (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(40_503).wrapping_mul(x | 1)).to_be_bytes()[1]
}

fn photo(progressive: bool) -> Vec<u8> {
    file(Pixels::Rgb, 160, 120, progressive, |x, y| vec![noise(x, y), x as u8, y as u8])
}

fn read(bytes: &[u8], options: &DecodeOptions) -> Result<(ImageInfo, Vec<u8>), ItemError> {
    let mut decoded = open(bytes, options)?;
    let info = decoded.rows.info();
    let (mut band, mut all) = (Band::empty(&info), Vec::new());
    while decoded.rows.read_rows(16, &mut band)? > 0 {
        let Samples::U8(samples) = &band.samples else { panic!("not 8 bits") };
        all.extend_from_slice(samples);
    }
    Ok((info, all))
}

fn kind(bytes: &[u8]) -> Option<ErrorKind> {
    read(bytes, &FULL).err().map(|error| error.kind)
}

#[test]
fn a_progressive_file_gives_the_same_pixels_as_a_baseline_one() {
    assert_eq!(read(&photo(true), &FULL).unwrap(), read(&photo(false), &FULL).unwrap());
}

#[test]
fn luma_alone_equals_the_luma_of_colour() {
    for max_downscale in [1.0, 2.0] {
        let options = DecodeOptions { max_downscale, ..FULL };
        let (colour, rgb) = read(&photo(false), &options).unwrap();
        let (info, luma) = read(&photo(false), &DecodeOptions { luma: true, ..options }).unwrap();
        assert_eq!(info, ImageInfo { channels: Channels::Gray, ..colour });
        for (&[r, g, b], luma) in rgb.as_chunks::<3>().0.iter().zip(luma) {
            // Colours outside the cube were clipped when converted to RGB.
            if [r, g, b].iter().all(|level| (1..255).contains(level)) {
                let expected = 0.299 * f32::from(r) + 0.587 * f32::from(g) + 0.114 * f32::from(b);
                assert!((f32::from(luma) - expected).abs() <= 1.5, "{r} {g} {b}: {luma}");
            }
        }
    }
}

#[test]
fn cmyk_becomes_rgb_with_and_without_adobes_marker() {
    // Full cyan, no other ink: RGB is (0, 255, 255). 255 means no ink, also without the marker (Pillow, libvips).
    let turned = file(Pixels::Cmyk, 16, 16, false, |_, _| vec![0, 255, 255, 255]);
    let (info, rgb) = read(&turned, &FULL).unwrap();
    assert_eq!(info.channels, Channels::Rgb);
    assert_eq!(rgb.get(..3).unwrap(), [0, 255, 255]);
    let straight = file(Pixels::Cmyk, 16, 16, false, |_, _| vec![0, 255, 255, 128]);
    let at = straight.windows(2).position(|pair| pair == [0xFF, 0xEE]).unwrap();
    let straight = [&straight[..at], &straight[at + 16..]].concat();
    let (_, rgb) = read(&straight, &FULL).unwrap();
    assert_eq!(rgb.get(..3).unwrap(), [0, 128, 128]);
}

#[test]
fn a_scaled_image_has_at_least_the_requested_sides() {
    let bytes = file(Pixels::Gray, 1000, 333, false, |x, _| vec![x as u8]);
    for max_downscale in [1.0, 1.1, 1.5, 2.0, 2.7, 3.99, 4.0, 7.0, 8.0, 50.0] {
        let (info, rows) = read(&bytes, &DecodeOptions { max_downscale, ..FULL }).unwrap();
        assert!(info.width_px >= (1000.0 / max_downscale).ceil() as u32, "{max_downscale}: {info:?}");
        assert!(info.height_px >= (333.0 / max_downscale).ceil() as u32, "{max_downscale}: {info:?}");
        assert_eq!(rows.len(), info.row_samples() * info.height_px as usize);
    }
    let sides = |max_downscale| {
        let (info, _) = read(&bytes, &DecodeOptions { max_downscale, ..FULL }).unwrap();
        (info.width_px, info.height_px)
    };
    assert_eq!(sides(2.0), (500, 167));
    assert_eq!(sides(8.0), (125, 42));
    assert_eq!(sides(f64::NAN), (1000, 333));
}

#[test]
fn a_truncated_file_reports_its_full_size() {
    let bytes = photo(false);
    let error = read(&bytes[..bytes.len() / 2], &FULL).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Truncated);
    let wanted: f64 = error.arg("wanted").trim_start_matches("about ").trim_end_matches(" KB").parse().unwrap();
    let really = bytes.len() as f64 / 1e3;
    assert!((wanted / really - 1.0).abs() < 0.25, "{wanted} kB reported, {really} kB wanted");
    assert_eq!(kind(&photo(true)[..bytes.len() / 2]), Some(ErrorKind::Truncated));
}

#[test]
fn a_baseline_file_that_lacks_only_its_end_marker_is_whole() {
    let bytes = photo(false);
    assert_eq!(read(&bytes[..bytes.len() - 2], &FULL).unwrap(), read(&bytes, &FULL).unwrap());
    assert_eq!(kind(&bytes[..bytes.len() - 12]), Some(ErrorKind::Truncated));
    let several = photo(true);
    assert_eq!(kind(&several[..several.len() - 2]), Some(ErrorKind::Truncated), "scans may be missing");
}

#[test]
fn a_hole_in_the_data_is_damage() {
    let mut bytes = photo(false);
    let middle = bytes.len() / 2;
    bytes[middle..middle + 2].copy_from_slice(&[0xFF, 0xD9]);
    assert_eq!(kind(&bytes), Some(ErrorKind::Corrupt));
}

/// Whether a file fails as damaged, or gets a warning that it may be.
fn is_reported(bytes: &[u8]) -> bool {
    let read = || {
        let mut decoded = open(bytes, &FULL)?;
        let mut band = Band::empty(&decoded.rows.info());
        while decoded.rows.read_rows(16, &mut band)? > 0 {}
        Ok::<_, ItemError>(decoded.rows.remark())
    };
    match read() {
        Ok(remark) => remark == Some(Remark::LeftOver),
        Err(error) => error.kind == ErrorKind::Corrupt,
    }
}

#[test]
fn shifted_codes_are_reported_even_if_each_of_them_is_valid() {
    let mut state = 99_u32;
    let mut chance = move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (state >> 3) as u8 % 0xFF
    };
    for progressive in [false, true] {
        let whole = photo(progressive);
        let (mut reported, middle) = (0, whole.len() / 2);
        for round in 0..20 {
            let mut bytes = whole.clone();
            let stray: Vec<u8> = (0..200).map(|_| chance()).collect();
            bytes.splice(middle + round * 40..middle + round * 40, stray);
            reported += u32::from(is_reported(&bytes));
        }
        assert!(reported == 20 || (progressive && reported > 10), "{reported} of 20, progressive: {progressive}");
    }
}

#[test]
fn data_outside_of_scans_is_not_damage() {
    let end_with = |filling: &[u8], behind: &[u8]| {
        let bytes = photo(false);
        let (codes, end) = bytes.split_at(bytes.len() - 2);
        [codes, filling, end, behind].concat()
    };
    let expected = read(&photo(false), &FULL).unwrap();
    for bytes in [
        end_with(&[0; 5000], b""),
        end_with(&[0xFF; 5000], b""),
        end_with(b"\x12\x34", b""),
        end_with(b"", &[0x55; 5000]),
        end_with(b"", &photo(true)),
        // Between the segments of the header.
        [&photo(false)[..2], &[0x55; 100], &photo(false)[2..]].concat(),
    ] {
        assert_eq!(read(&bytes, &FULL).map_err(|error| error.to_string()).unwrap(), expected);
        assert!(!is_reported(&bytes));
    }
    let left_over = end_with(&[0x55; 64], b"");
    assert!(is_reported(&left_over) && read(&left_over, &FULL).unwrap() == expected);
}

#[test]
fn unsupported_kinds_are_named() {
    let mut bytes = photo(false);
    let frame = bytes.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    for marker in [0xC5, 0xCB] {
        bytes[frame + 1] = marker;
        assert_eq!(kind(&bytes), Some(ErrorKind::Unsupported));
    }
    bytes[frame + 1] = 0xC0;
    bytes[frame + 4] = 12;
    assert_eq!(kind(&bytes), Some(ErrorKind::Unsupported));
}

#[test]
fn any_number_of_rows_can_be_requested() {
    let bytes = photo(false);
    let (info, all) = read(&bytes, &FULL).unwrap();
    let mut decoded = open(&bytes, &FULL).unwrap();
    let (mut band, mut rows, mut ask) = (Band::empty(&info), Vec::new(), 1);
    while decoded.rows.read_rows(ask, &mut band).unwrap() > 0 {
        let Samples::U8(samples) = &band.samples else { panic!("not 8 bits") };
        rows.extend_from_slice(samples);
        ask = ask * 2 + 1;
    }
    assert_eq!(rows, all);
}

/// The headers of a file with these sampling factors, whose first scan holds some of the components.
fn headers(marker: u8, sampling: &[u8], in_first_scan: u8) -> Vec<u8> {
    let count = sampling.len() as u8;
    let mut file = vec![0xFF, 0xD8, 0xFF, marker, 0, 8 + 3 * count, 8, 0, 100, 0, 200, count];
    file.extend(sampling.iter().zip(1..).flat_map(|(&factors, id)| [id, factors, 0]));
    file.extend([0xFF, 0xDA, 0, 6 + 2 * in_first_scan, in_first_scan]);
    file.extend((1..=in_first_scan).flat_map(|id| [id, 0]).chain([0, 63, 0]));
    file
}

#[test]
fn coefficients_of_files_with_several_scans_are_part_of_the_memory_estimate() {
    // 200 x 100 px are 25 x 13 blocks, or 13 x 7 units of 2 x 2 blocks.
    let cases: [(u8, &[u8], u8, u64); 6] = [
        (0xC0, &[0x22, 0x11, 0x11], 3, 0),
        (0xC0, &[0x11], 1, 0),
        (0xC2, &[0x11], 1, 25 * 13),
        (0xC2, &[0x22, 0x11, 0x11], 3, 13 * 7 * 6),
        (0xC0, &[0x11, 0x11, 0x11], 1, 25 * 13 * 3),
        (0xC2, &[0x11, 0x11, 0x11, 0x11], 4, 25 * 13 * 4),
    ];
    for (marker, sampling, in_first_scan, blocks) in cases {
        let file = headers(marker, sampling, in_first_scan);
        let header = Header { format: known::JPEG, file: decode::probe(&file, 0).unwrap() };
        let rows = header.info.row_samples() as u64 * 64;
        assert_eq!(decode::held_bytes(&file, &header), rows + blocks * 128, "{marker:x} {sampling:x?}");
    }
}

#[test]
fn a_progressive_file_is_cancelled_between_rows_of_its_scans() {
    let asked = Cell::new(0);
    let cancelled = || {
        asked.set(asked.get() + 1);
        asked.get() > 20
    };
    let control = DecodeControl { cancelled: &cancelled, ..DecodeControl::in_process() };
    let error = decode::open(&photo(true), &FULL, &control).map(|_| ()).unwrap_err();
    assert_eq!((error.kind, asked.get()), (ErrorKind::Cancelled, 21));
}

#[test]
fn saving_with_several_scans_is_cancelled() {
    let info = ImageInfo {
        width_px: 160,
        height_px: 120,
        channels: Channels::Gray,
        sample: SampleType::U8,
        premultiplied: false,
    };
    let save = Save { progressive: true, ..Save::default() };
    let mut encoder = Box::new(JpegEncoder::new(&save, Extras::default()));
    encoder.start(info).unwrap();
    let samples = Samples::U8(vec![77; 160 * 120]);
    encoder.write_rows(&Band { width_px: 160, rows: 120, channels: Channels::Gray, samples }).unwrap();
    assert_eq!(encoder.finish_cancellable(&|| true).unwrap_err().kind, ErrorKind::Cancelled);
}

#[test]
fn pixels_are_the_same_without_our_own_huffman_decoder() {
    for max_downscale in [1.0, 2.5] {
        let fast = DecodeOptions { max_downscale, ..FULL };
        let plain = DecodeOptions { fast_huffman: false, ..fast };
        assert!(read(&photo(false), &fast).unwrap() == read(&photo(false), &plain).unwrap());
    }
}
