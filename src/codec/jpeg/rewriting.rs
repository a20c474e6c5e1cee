//! Tests of files that are rewritten, cut and turned without loss.

#![expect(clippy::unwrap_used, reason = "tests")]

use super::libjpeg::{self, Pixels, Settings};
use super::{decode, recode};
use crate::codec::guard::control::DecodeControl;
use crate::codec::spec::{DecodeOptions, Extras, Rearrangement};
use crate::error::ErrorKind;
use crate::model::{Area, Band, Orientation, Samples, Save};

/// Sampling factors of luma, and whether the image is gray.
const KINDS: [(u8, u8, Pixels); 6] = [
    (1, 1, Pixels::Gray),
    (1, 1, Pixels::Rgb),
    (2, 1, Pixels::Rgb),
    (1, 2, Pixels::Rgb),
    (2, 2, Pixels::Rgb),
    (1, 1, Pixels::Cmyk),
];

fn orientations() -> impl Iterator<Item = Orientation> {
    (1..=8).map(Orientation::from_exif)
}

/// A smooth image, all of whose corners differ.
fn file(width_px: u32, height_px: u32, (h, v, pixels): (u8, u8, Pixels), progressive: bool) -> Vec<u8> {
    let luma_factors = (h, v);
    let settings = Settings {
        width_px,
        height_px,
        pixels,
        quality: 92,
        luma_factors,
        progressive,
        optimize: false,
        density: None,
    };
    let mut encoder = libjpeg::Encoder::start(&settings, &[]).unwrap();
    let level = |x: u32, y: u32, n: u32| {
        let wave = (f64::from(x) / (7.0 + f64::from(n))).sin() + (f64::from(y) / 9.0).cos();
        (128.0 + 30.0 * wave + f64::from(x * (n + 1)) / 4.0 - f64::from(y) / 3.0).clamp(0.0, 255.0) as u8
    };
    let places = (0..height_px).flat_map(|y| (0..width_px).map(move |x| (x, y)));
    let count = pixels.count() as u32;
    let all: Vec<u8> = places.flat_map(|(x, y)| (0..count).map(move |n| level(x, y, n))).collect();
    encoder.write(&all).unwrap();
    encoder.finish(&|| false).unwrap()
}

fn rewritten(file: &[u8], change: Option<&Rearrangement>) -> Vec<u8> {
    recode::rewritten(file, &Save::default(), &Extras::default(), change, &|| false).unwrap().unwrap()
}

fn turned(file: &[u8], part: Area, turn: Orientation) -> Vec<u8> {
    rewritten(file, Some(&Rearrangement { part, turn }))
}

fn all_of(file: &[u8]) -> Area {
    let info = decode::probe(file, 0).unwrap().info;
    Area { x: 0, y: 0, width_px: info.width_px, height_px: info.height_px }
}

/// Width in px, samples of a pixel, samples.
fn pixels(file: &[u8]) -> (usize, usize, Vec<u8>) {
    let mut decoded = decode::open(file, &DecodeOptions::default(), &DecodeControl::in_process()).unwrap();
    let info = decoded.rows.info();
    let mut band = Band::empty(&info);
    assert_eq!(decoded.rows.read_rows(u32::MAX, &mut band).unwrap(), info.height_px);
    let Samples::U8(samples) = band.samples else { panic!("8 bits") };
    (info.width_px as usize, info.channels.count(), samples)
}

#[test]
fn turns_that_cancel_each_other_give_the_same_coefficients() {
    use Orientation::{FlipH, FlipV, Rotate90, Rotate180, Rotate270, Transpose, Transverse};
    for kind in KINDS {
        for progressive in [false, true] {
            let original = file(64, 48, kind, progressive);
            let same = rewritten(&original, None);
            for turns in [
                &[Rotate90; 4][..],
                &[Rotate90, Rotate270],
                &[Rotate180, FlipH, FlipV],
                &[Transpose, Transpose],
                &[Transverse, Rotate180, Transpose],
                &[FlipH, Rotate90, Transverse],
            ] {
                let back = turns.iter().fold(original.clone(), |file, turn| turned(&file, all_of(&file), *turn));
                assert!(back == same, "{kind:?} {progressive} {turns:?}");
            }
        }
    }
}

#[test]
fn pixels_are_where_a_turn_and_a_cut_put_them() {
    for kind in KINDS {
        let original = file(80, 64, kind, false);
        let (width, count, before) = pixels(&original);
        for turn in orientations() {
            for part in [all_of(&original), Area { x: 16, y: 32, width_px: 48, height_px: 16 }] {
                let made = turned(&original, part, turn);
                let (made_width, made_count, after) = pixels(&made);
                let (across, down) = (part.width_px as usize, part.height_px as usize);
                let (transpose, mirror_x, mirror_y) = super::transcode::mirrors(turn);
                assert_eq!((made_width, made_count), (if transpose { down } else { across }, count));
                assert_eq!(after.len(), across * down * count);
                let mut largest = 0;
                for (n, pixel) in after.chunks(count).enumerate() {
                    let (column, row) = (n % made_width, n / made_width);
                    let (x, y) = if transpose { (row, column) } else { (column, row) };
                    let x = part.x as usize + if mirror_x { across - 1 - x } else { x };
                    let y = part.y as usize + if mirror_y { down - 1 - y } else { y };
                    let expected = &before[(y * width + x) * count..][..count];
                    let difference = pixel.iter().zip(expected).map(|(a, b)| a.abs_diff(*b)).max();
                    // At a new edge, chroma is enlarged with other neighbours.
                    let is_inside = x > part.x as usize && y > part.y as usize;
                    let is_inside = is_inside && x + 1 < part.x as usize + across && y + 1 < part.y as usize + down;
                    if is_inside {
                        largest = largest.max(difference.unwrap_or_default());
                    }
                }
                assert!(largest <= 3, "{kind:?} {turn:?} {part:?}: {largest}");
            }
        }
    }
}

#[test]
fn parts_begin_between_units_after_the_turn() {
    use Orientation::{FlipH, FlipV, Rotate90, Rotate180, Rotate270, Transpose, Transverse, Upright};
    let colour = file(100, 75, KINDS[4], false);
    let gray = file(100, 75, KINDS[0], false);
    let part = |file: &[u8], turn, (x, y, width_px, height_px)| {
        let part = Area { x, y, width_px, height_px };
        recode::part(file, &Rearrangement { part, turn }).map(|part| (part.x, part.y, part.width_px, part.height_px))
    };
    // As `jpegtran -trim` with -flip, -rotate, -transpose and -transverse.
    let whole = (0, 0, 100, 75);
    for (turn, in_colour, in_gray) in [
        (Upright, whole, whole),
        (Transpose, whole, whole),
        (FlipH, (0, 0, 96, 75), (0, 0, 96, 75)),
        (FlipV, (0, 0, 100, 64), (0, 0, 100, 72)),
        (Rotate180, (0, 0, 96, 64), (0, 0, 96, 72)),
        (Transverse, (0, 0, 96, 64), (0, 0, 96, 72)),
        (Rotate90, (0, 0, 100, 64), (0, 0, 100, 72)),
        (Rotate270, (0, 0, 96, 75), (0, 0, 96, 75)),
    ] {
        assert_eq!(part(&colour, turn, whole), Some(in_colour), "{turn:?}");
        assert_eq!(part(&gray, turn, whole), Some(in_gray), "{turn:?}");
    }
    // `jpegtran -crop 30x20+21+37` keeps 35 x 25 px from 16,32.
    assert_eq!(part(&colour, Upright, (21, 37, 30, 20)), Some((16, 32, 35, 25)));
    assert_eq!(part(&gray, Upright, (21, 37, 30, 20)), Some((16, 32, 35, 25)));
    assert_eq!(part(&colour, FlipH, (21, 37, 30, 20)), Some((21, 32, 43, 25)));
    // Nothing but partial units.
    assert_eq!(part(&file(10, 75, KINDS[4], false), FlipH, (0, 0, 10, 75)), None);
    assert_eq!(part(&colour, FlipV, (0, 66, 100, 9)), None);
}

#[test]
fn a_file_that_ends_early_or_is_lossless_or_cancelled_is_not_rewritten() {
    let whole = file(64, 48, KINDS[4], false);
    let change = Rearrangement { part: all_of(&whole), turn: Orientation::Rotate90 };
    for change in [None, Some(&change)] {
        let write = |file: &[u8], cancelled| {
            recode::rewritten(file, &Save::default(), &Extras::default(), change, &|| cancelled)
        };
        assert!(write(&whole, false).unwrap().is_some());
        assert!(write(&whole[..whole.len() - 200], false).unwrap().is_none());
        assert_eq!(write(&whole, true).unwrap_err().kind, ErrorKind::Cancelled);
        // A header that claims far more than there is takes no memory.
        let at = whole.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
        let mut bomb = whole.clone();
        bomb[at + 5..at + 9].copy_from_slice(&[0xFF, 0xD0, 0xFF, 0xD0]);
        assert_eq!(write(&bomb, false).unwrap_err().kind, ErrorKind::Truncated);
    }
}

#[test]
fn the_files_are_those_that_jpegtran_writes() {
    // All in a row, by jpegtran 2.1.5 (libjpeg-turbo): -copy none -optimize, with -progressive for those, with each turn
    // and -trim, and with -crop 19x20+21+9.
    const JPEGTRANS: &str = "57ea8e00024e3d2a5af2a3202174e92366f47fec8dd6d21002acc04431ab1c7d";
    let mut all = Vec::new();
    for kind in KINDS {
        for progressive in [false, true] {
            let original = file(100, 75, kind, progressive);
            let mut add = |part: Area, turn| {
                let part = recode::part(&original, &Rearrangement { part, turn }).unwrap();
                all.extend(turned(&original, part, turn));
            };
            orientations().for_each(|turn| add(all_of(&original), turn));
            add(Area { x: 21, y: 9, width_px: 19, height_px: 20 }, Orientation::Upright);
        }
    }
    assert_eq!(crate::store::sha256_hex(&all), JPEGTRANS);
}
