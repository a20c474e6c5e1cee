//! Truncated, forged or huge animations: an error with a sentence, or frames, but never a panic or excessive memory.

use super::animation::{canvases, file, frame_samples, random_numbers, read, transcode, visible};
use super::*;
use crate::config::MAX_FRAMES;
use crate::model::Plays;

fn refusal(bytes: &[u8]) -> ItemError {
    read(bytes).map(|seen| seen.picture).unwrap_err()
}

/// Each format's own file.
fn files() -> Vec<(Format, Vec<u8>)> {
    [known::GIF, known::WEBP, known::PNG]
        .into_iter()
        .map(|format| (format, transcode(file!("disposals.gif"), format, &lossless()).unwrap()))
        .collect()
}

#[test]
fn a_bomb_of_frames_is_refused_before_memory_is_allocated() {
    // 65,000 frames of a pixel each, on a canvas of 65,535 x 15,000.
    let mut bomb = b"GIF89a\xFF\xFF\x98\x3A\x80\0\0\0\0\0\xFF\xFF\xFF".to_vec();
    let start = bomb.len();
    let frame = b"\x2C\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0";
    bomb.extend(frame.repeat(65_000));
    bomb.push(b';');
    let error = refusal(&bomb);
    assert_eq!((error.kind, error.arg("detail")), (ErrorKind::TooLarge, "65000 frames; at most 10000"));
    // Fewer, but too many pixels together.
    bomb.truncate(start + frame.len() * 20);
    bomb.push(b';');
    let error = refusal(&bomb);
    assert_eq!(error.kind, ErrorKind::TooLarge);
    assert!(error.to_string().contains("20 frames have 19660 megapixels together"), "{error}");
    assert_eq!(probe(&bomb).unwrap().frames, 20, "its first frame can still be looked at");
    // An APNG with false claims.
    let mut claims = file!("operations.png").to_vec();
    let at = claims.windows(4).position(|kind| kind == b"acTL").unwrap() + 4;
    claims[at..at + 4].copy_from_slice(&(MAX_FRAMES + 1).to_be_bytes());
    assert_eq!(refusal(&claims).kind, ErrorKind::TooLarge);
}

#[test]
fn empty_gif_frames_and_those_outside_the_canvas_are_invisible() {
    let mut writer = ::gif::Encoder::new(Vec::new(), 4, 2, &[10, 20, 30, 200, 100, 50]).unwrap();
    let mut add = |left, top, width: u16, height: u16, index: u8| {
        let frame = ::gif::Frame {
            left,
            top,
            width,
            height,
            buffer: vec![index; usize::from(width) * usize::from(height)].into(),
            dispose: ::gif::DisposalMethod::Keep,
            ..::gif::Frame::default()
        };
        writer.write_frame(&frame).unwrap();
    };
    add(0, 0, 4, 2, 0);
    add(1, 1, 0, 5, 1);
    add(60_000, 0, 3, 3, 1);
    add(3, 1, 300, 200, 1);
    let file = writer.into_inner().unwrap();
    let seen = canvases(&read(&file).unwrap());
    let (dark, light) = ([10, 20, 30, 255], [200, 100, 50, 255]);
    assert_eq!(seen[0], dark.repeat(8));
    assert_eq!((&seen[1], &seen[2]), (&seen[0], &seen[0]));
    assert_eq!(seen[3], [dark.repeat(7), light.to_vec()].concat());
    let again = read(&transcode(&file, known::GIF, &lossless()).unwrap()).unwrap();
    assert_eq!(canvases(&again), seen);
}

#[test]
fn a_truncated_animation_fails_as_truncated() {
    for (format, bytes) in files() {
        let end = bytes.len();
        for at in (1..16).map(|part| end * part / 16).chain([end - 1, end - 13]) {
            let error = refusal(&bytes[..at]);
            // The end marker of a PNG comes after its last frame.
            assert_eq!(error.kind, ErrorKind::Truncated, "{format:?} cut at {at} of {end}: {error}");
        }
    }
}

#[test]
fn a_truncated_animation_can_keep_its_complete_frames() {
    let keep = DecodeOptions { truncated: TruncatedPolicy::Keep, ..DecodeOptions::default() };
    for (format, bytes) in files() {
        let whole = canvases(&read(&bytes).unwrap());
        let (end, mut most) = (bytes.len(), 0);
        for at in (1..20).map(|part| end * part / 20).chain([end - 13, end - 1]) {
            let cut = &bytes[..at];
            let result = open_frames(cut, &DecodeOptions::default()).and_then(|mut opened| {
                while opened.frames.next_frame()?.is_some() {}
                Ok(())
            });
            let error = result.unwrap_err();
            assert!(error.kind == ErrorKind::Truncated, "{format:?} cut at {at}: {error}");
            assert!(!error.arg("wanted").is_empty() || at < 200, "{format:?} cut at {at}: {error}");
            let Ok(mut opened) = open_frames(cut, &keep) else {
                assert!(at < end / 3, "{format:?} cut at {at} of {end}");
                continue;
            };
            let (picture, truncation) = (opened.frames.picture(), opened.frames.truncation().unwrap());
            let (had, of) = truncation.frames.unwrap();
            assert!(had == picture.frames && had <= of, "{format:?} cut at {at}: {truncation:?}");
            let is_part = truncation.rows < truncation.of_rows;
            assert!(!is_part || format == known::GIF || had == 1, "{format:?} cut at {at}: {truncation:?}");
            let mut shown = 0;
            while opened.frames.next_frame().unwrap().is_some() {
                let (info, samples) = frame_samples(opened.frames.as_mut()).unwrap();
                shown += 1;
                if shown < had || !is_part {
                    let same = visible(&info, &samples) == whole[shown as usize - 1];
                    assert!(same, "{format:?} cut at {at}: frame {shown} of {had}");
                }
            }
            assert_eq!(shown, had);
            assert!(had >= most, "{format:?} cut at {at}");
            most = had;
        }
        assert!(most as usize + 1 >= whole.len(), "{format:?}: {most} of {}", whole.len());
    }
}

#[test]
fn a_gif_truncated_between_two_frames_is_detected() {
    let file = file!("disposals.gif");
    // Extensions begin after an empty block; the first one makes it loop, the next one belongs to a frame.
    let ends: Vec<usize> = (0..file.len() - 3).filter(|&at| file[at..at + 4] == [0, 0x21, 0xF9, 4]).collect();
    assert_eq!(ends.len(), 16);
    for &at in &ends[1..] {
        assert_eq!(refusal(&file[..=at]).kind, ErrorKind::Truncated, "cut at {at}");
    }
    // Some programs write images without an end marker.
    let still = gif();
    assert_eq!(probe(&still[..still.len() - 1]).unwrap().frames, 1);
}

#[test]
fn damaged_animations_give_frames_or_an_error_but_never_a_panic() {
    let mut random = random_numbers(0x2545_F491_4F6C_DD1D);
    let mut all = files();
    for file in [file!("many-colours.gif"), file!("blends.webp"), file!("operations.png"), file!("default-apart.png")] {
        all.push((sniff(file).unwrap(), file.to_vec()));
    }
    for (format, bytes) in all {
        for _ in 0..300 {
            let mut damaged = bytes.clone();
            for _ in 0..=(random() % 5) {
                // Headers are damaged as often as pixels.
                let reach = if random().is_multiple_of(2) { damaged.len().min(250) } else { damaged.len() };
                let at = (random() % reach as u64) as usize;
                damaged[at] = random() as u8;
            }
            if format == known::PNG {
                fix_checksums(&mut damaged);
            }
            let Ok(header) = probe(&damaged) else { continue };
            // A canvas this large would only make the test slow.
            if header.info.size_bytes() < 1 << 24 && header.frames < 100 {
                match read(&damaged) {
                    Ok(seen) => assert_eq!(seen.canvases.len(), header.frames as usize),
                    Err(error) => assert_ne!(error.kind, ErrorKind::Panic, "{format:?}"),
                }
            }
        }
    }
}

/// Corrects the checksums of a PNG's chunks, so that the forged data is accepted.
fn fix_checksums(file: &mut [u8]) {
    let mut at = 8;
    while let Some(head) = file.get(at..at + 8) {
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let Some(end) = length.checked_add(at + 8).filter(|end| end + 4 <= file.len()) else { return };
        let crc = file[at + 4..end].iter().fold(u32::MAX, |crc, &byte| {
            (0..8).fold(crc ^ u32::from(byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 })
        });
        file[end..end + 4].copy_from_slice(&(!crc).to_be_bytes());
        at = end + 4;
    }
}

#[test]
fn a_wrong_number_of_frames_fails_or_is_accepted_but_never_overruns() {
    let with_count = |count: u32| {
        let mut file = file!("operations.png").to_vec();
        let at = file.windows(4).position(|kind| kind == b"acTL").unwrap() + 4;
        file[at..at + 4].copy_from_slice(&count.to_be_bytes());
        fix_checksums(&mut file);
        file
    };
    assert_eq!(read(&with_count(3)).unwrap().canvases.len(), 3);
    assert!(matches!(refusal(&with_count(9)).kind, ErrorKind::Corrupt | ErrorKind::Truncated));
    // No frames, or more than the format allows: a still image.
    assert_eq!(probe(&with_count(0)).unwrap().frames, 1);
    assert_eq!(probe(&with_count(u32::MAX)).unwrap().frames, 1);
    assert_eq!(probe(&with_count(1)).unwrap().frames, 1);
}

#[test]
fn a_format_with_one_frame_refuses_more_and_missing_frames_are_detected() {
    let opened = open_frames(file!("blends.webp"), &DecodeOptions::default()).unwrap();
    let picture = opened.frames.picture();
    let none = Metadata::default();
    for format in [known::JPEG, known::TIFF, known::BMP, known::QOI, known::AVIF] {
        assert!(!format.holds_frames());
        let error = frame_encoder(format, &keep(), picture, None, &none).map(|_| ()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::CantEncode);
    }
    for format in [known::GIF, known::WEBP, known::PNG] {
        let encoder = frame_encoder(format, &keep(), picture, None, &none).unwrap();
        assert_eq!(encoder.finish().unwrap_err().arg("detail"), "0 of 6 frames were given");
    }
    assert_eq!(picture.plays, Plays::Times(3));
}
