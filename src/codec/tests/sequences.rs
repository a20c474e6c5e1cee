//! AVIF sequences and animations of JPEG XL: as other programs decode them, whole, truncated and forged.

use super::animation::{canvases, file, read, visible};
use super::*;
use crate::model::{Delay, Plays};

const ALPHA: &[u8] = file!("sequence-alpha.avif");
const TURNED: &[u8] = file!("sequence-turned.avif");
const FFMPEG: &[u8] = file!("sequence-ffmpeg.avif");
const PQ: &[u8] = file!("sequence-pq.avif");
const PARTS: &[u8] = file!("parts.jxl");
/// Every frame is drawn over the one before.
const CHAIN: &[u8] = file!("chain.jxl");
const CLEAR: &[u8] = file!("clear.jxl");
const LOSSY: &[u8] = file!("lossy.jxl");

/// The largest difference between two images, and the mean one.
fn difference(a: &[u8], b: &[u8]) -> (u8, f64) {
    assert_eq!(a.len(), b.len());
    let differences = || a.iter().zip(b).map(|(a, b)| a.abs_diff(*b));
    (differences().max().unwrap_or(0), differences().map(f64::from).sum::<f64>() / a.len() as f64)
}

/// Checks an animation's frames against canvases stacked vertically, in 8-bit RGBA, of this width in px.
fn check(name: &str, bytes: &[u8], strip: &[u8], delays: &[(u32, u32)], most: u8) {
    let header = probe(bytes).unwrap();
    assert_eq!(header.frames as usize, delays.len(), "{name}");
    let seen = read(bytes).unwrap();
    assert_eq!(
        seen.picture,
        crate::model::Picture { canvas: header.info, frames: header.frames, plays: Plays::Forever }
    );
    let expected: Vec<Delay> = delays.iter().map(|&(n, d)| Delay::new(n, d)).collect();
    let seconds = |delays: &[Delay]| delays.iter().map(|delay| delay.seconds()).collect::<Vec<_>>();
    assert_eq!(seconds(&seen.delays), seconds(&expected), "{name}");
    let strip = decode(strip).unwrap();
    let frames = canvases(&seen);
    let expected = visible(&strip.info, &strip.samples);
    for (number, (frame, expected)) in
        frames.iter().zip(expected.chunks_exact(expected.len() / frames.len())).enumerate()
    {
        let (largest, mean) = difference(frame, expected);
        assert!(largest <= most && mean <= 0.5, "{name}, frame {number}: {largest}, mean {mean}");
    }
}

#[test]
fn frames_of_avif_are_those_of_libavif() {
    let delays = [(40, 1000), (100, 1000), (33, 1000), (250, 1000), (500, 1000)];
    check("alpha", ALPHA, file!("sequence-alpha.canvases.png"), &delays, 2);
    check("ffmpeg", FFMPEG, file!("sequence-ffmpeg.canvases.png"), &[(512, 12_800); 4], 3);
}

#[test]
fn frames_of_jpeg_xl_are_those_of_djxl() {
    let delays = [(70, 1000), (33, 1000), (41, 1000), (100, 1000), (10, 1000), (20, 1000)];
    check("chain", CHAIN, file!("chain.canvases.png"), &delays, 0);
    check("parts", PARTS, file!("parts.canvases.png"), &delays, 0);
    check("lossy", LOSSY, file!("lossy.canvases.png"), &delays, 2);
    let delays = [(50, 1000), (60, 1000), (70, 1000), (80, 1000)];
    check("clear", CLEAR, file!("clear.canvases.png"), &delays, 0);
}

#[test]
fn a_sequence_is_turned_and_cropped_as_its_samples_say() {
    let header = probe(TURNED).unwrap();
    // avifdec --info: irot 1, imir 0, and a clean aperture of 40 x 24 px at 6, 4.
    assert_eq!(header.orientation, Orientation::Transpose);
    assert_eq!((header.info.width_px, header.info.height_px, header.frames), (40, 24, 4));
    let seen = read(TURNED).unwrap();
    assert!(seen.delays.iter().all(|delay| delay.seconds() == 0.08), "{:?}", seen.delays);
    let strip = decode(file!("sequence-turned.canvases.png")).unwrap();
    let expected = visible(&strip.info, &strip.samples);
    for (number, frame) in canvases(&seen).iter().enumerate() {
        for y in 0..24 {
            let from = ((number * 32 + y + 4) * 48 + 6) * 4;
            // Lossless.
            assert_eq!(frame[y * 160..(y + 1) * 160], expected[from..from + 160], "frame {number}, row {y}");
        }
    }
}

#[test]
fn pq_in_a_sequence_is_mapped_to_sdr_as_in_a_still_image() {
    let header = probe(PQ).unwrap();
    assert_eq!((header.tone_mapped, header.info.sample), (Some("PQ"), SampleType::U16));
    let opened = open_frames(PQ, &DecodeOptions::default()).unwrap();
    assert!(opened.is_converted && opened.profile.is_none());
    let seen = read(PQ).unwrap();
    // The still image that the same encoder makes of the first frame has the same colours.
    let still = decode(PQ).unwrap();
    assert_eq!(seen.canvases[0], still.samples);
    let Samples::U16(first) = &seen.canvases[0] else { panic!("16 bits") };
    assert!(first.iter().any(|&level| level > 40_000), "not near black");
}

#[test]
fn the_first_frame_of_a_sequence_is_its_still_image() {
    for bytes in [ALPHA, TURNED, FFMPEG, PARTS, CLEAR, LOSSY] {
        let still = decode(bytes).unwrap();
        let seen = read(bytes).unwrap();
        assert_eq!(still.info, seen.picture.canvas);
        assert!(still.samples == seen.canvases[0]);
    }
}

/// The position of a box's content.
fn content(bytes: &[u8], kind: [u8; 4]) -> usize {
    bytes.windows(4).position(|window| *window == kind).unwrap() + 4
}

#[test]
fn an_edit_list_says_how_often_a_sequence_plays() {
    let plays = |bytes: &[u8]| open_frames(bytes, &DecodeOptions::default()).unwrap().frames.picture().plays;
    assert_eq!((plays(ALPHA), plays(FFMPEG)), (Plays::Forever, Plays::Forever));
    // The track's duration is that of all repetitions (of 923 units each).
    let mut bytes = ALPHA.to_vec();
    let (header, edits) = (content(ALPHA, *b"tkhd"), content(ALPHA, *b"elst"));
    for (units, times) in [(923, 1), (3 * 923, 3), (3 * 923 - 9, 3), (3 * 923 + 1, 4)] {
        bytes[header + 28..header + 36].copy_from_slice(&u64::to_be_bytes(units));
        assert_eq!(plays(&bytes), Plays::Times(times));
    }
    bytes[edits + 3] = 0;
    assert_eq!(plays(&bytes), Plays::Times(1));
}

#[test]
fn a_track_is_turned_by_its_matrix() {
    let mut bytes = FFMPEG.to_vec();
    let matrix = content(FFMPEG, *b"tkhd") + if FFMPEG[content(FFMPEG, *b"tkhd")] == 1 { 52 } else { 40 };
    assert_eq!(bytes[matrix..matrix + 4], [0, 1, 0, 0]);
    for (at, value) in [0, 0x1_0000, 0, -0x1_0000, 0].into_iter().enumerate() {
        bytes[matrix + at * 4..matrix + at * 4 + 4].copy_from_slice(&i32::to_be_bytes(value));
    }
    assert_eq!(probe(&bytes).unwrap().orientation, Orientation::Rotate90);
    assert_eq!(read(&bytes).unwrap().canvases, read(FFMPEG).unwrap().canvases);
}

#[test]
fn a_sequence_without_a_still_image_is_read_and_one_of_another_brand_is_a_still_image() {
    let mut bytes = ALPHA.to_vec();
    let meta = content(ALPHA, *b"meta") - 4;
    bytes[meta..meta + 4].copy_from_slice(b"free");
    assert!(read(&bytes).unwrap() == read(ALPHA).unwrap());
    let mut still = ALPHA.to_vec();
    still[8..12].copy_from_slice(b"avif");
    assert_eq!(probe(&still).unwrap().frames, 1);
    assert!(decode(&still).is_ok());
}

#[test]
fn a_truncated_animation_says_how_many_frames_it_has_and_gives_them_if_accepted() {
    for (bytes, frames) in [(ALPHA, 5), (FFMPEG, 4), (PARTS, 6)] {
        let whole = read(bytes).unwrap();
        let mut seen_some = 0;
        for length in (0..bytes.len()).step_by(17) {
            let cut = &bytes[..length];
            let Ok(header) = probe(cut) else { continue };
            if header.frames == 1 {
                continue;
            }
            let error = read(cut).unwrap_err();
            assert_eq!(error.kind, ErrorKind::Truncated, "{length}: {error}");
            let keep = DecodeOptions { truncated: TruncatedPolicy::Keep, ..DecodeOptions::default() };
            let Ok(mut opened) = open_frames(cut, &keep) else { continue };
            let had = opened.frames.picture().frames;
            let truncation = opened.frames.truncation().unwrap();
            assert_eq!(truncation.frames.unwrap().0, had);
            assert!(had < frames && had > 0, "{length}");
            assert!(error.arg("had") == had.to_string(), "{length}: {error}");
            for canvas in &whole.canvases[..had as usize] {
                opened.frames.next_frame().unwrap().unwrap();
                let (_, samples) = super::animation::frame_samples(opened.frames.as_mut()).unwrap();
                assert!(samples == *canvas, "{length}");
            }
            assert!(opened.frames.next_frame().unwrap().is_none());
            seen_some += 1;
        }
        assert!(seen_some > 5, "{seen_some}");
    }
}

#[test]
fn a_truncated_avif_that_lost_its_sequence_is_not_a_still_image() {
    let movie = content(ALPHA, *b"moov") - 8;
    for length in [movie + 4, movie + 100, content(ALPHA, *b"mdat") - 9] {
        assert_eq!(probe(&ALPHA[..length]).unwrap_err().kind, ErrorKind::Truncated, "{length}");
    }
}

#[test]
fn forged_sequences_give_frames_or_an_error() {
    for bytes in [ALPHA, TURNED, PARTS, CLEAR] {
        for at in (0..bytes.len().min(2_000)).step_by(53) {
            let mut forged = bytes.to_vec();
            forged[at] ^= 1 << (at % 8);
            // Sizes that were forged are refused before memory is taken for them.
            if probe(&forged).is_ok_and(|header| header.info.width_px.max(header.info.height_px) < 500) {
                let _ = read(&forged);
                let _ = decode(&forged);
            }
        }
    }
}

#[test]
fn too_many_frames_are_refused_before_any_is_decoded() {
    let mut bytes = FFMPEG.to_vec();
    let sizes = content(FFMPEG, *b"stsz");
    bytes[sizes + 8..sizes + 12].copy_from_slice(&10_001u32.to_be_bytes());
    assert_eq!(probe(&bytes).unwrap().frames, 10_001);
    let error = open_frames(&bytes, &DecodeOptions::default()).err().unwrap();
    assert_eq!(error.kind, ErrorKind::TooLarge, "{error}");
}

#[test]
fn an_animation_of_jpeg_xl_with_far_too_many_frames_is_not_read_to_its_end() {
    let image = jxl_oxide::JxlImage::builder().read(PARTS).unwrap();
    let offsets: Vec<usize> = (0..6).map(|number| image.frame_offset(number).unwrap()).collect();
    // The second frame a hundred thousand times.
    let mut bytes = PARTS[..offsets[1]].to_vec();
    (0..100_000).for_each(|_| bytes.extend_from_slice(&PARTS[offsets[1]..offsets[2]]));
    bytes.extend_from_slice(&PARTS[offsets[2]..]);
    let frames = probe(&bytes).unwrap().frames;
    assert!((10_001..11_500).contains(&frames), "{frames}");
    let error = open_frames(&bytes, &DecodeOptions::default()).err().unwrap();
    assert_eq!(error.kind, ErrorKind::TooLarge, "{error}");
    // A few more are fine.
    let few = [&PARTS[..offsets[2]], &PARTS[offsets[1]..]].concat();
    assert_eq!(read(&few).unwrap().canvases.len(), 7);
}

#[test]
fn whole_frames_of_jpeg_xl_are_not_all_kept_in_memory() {
    let wanted = |bytes: &[u8]| frames_held_bytes(bytes, &probe(bytes).unwrap());
    let whole: &[u8] = file!("whole.jxl");
    // Each frame of this file fills the canvas: twelve of them take as much as one.
    let (header, canvas) = (probe(whole).unwrap(), probe(whole).unwrap().info.size_bytes() * 4);
    assert_eq!(header.frames, 12);
    assert!(wanted(whole) < 8 * canvas, "{} of {canvas}", wanted(whole));
    assert!(wanted(CHAIN) > 9 * probe(CHAIN).unwrap().info.size_bytes() * 4);
    check("whole", whole, file!("whole.canvases.png"), &[(40, 1000); 12], 0);
}

#[test]
fn metadata_of_a_sequence_is_that_of_its_still_image() {
    let opened = open_frames(ALPHA, &DecodeOptions::default()).unwrap();
    assert_eq!(opened.metadata.exif, decode(ALPHA).unwrap().metadata.exif);
}
