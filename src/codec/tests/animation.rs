//! Animations: composed exactly as Pillow composes them, saved and read again without a change, refused when forged.

use super::*;
use crate::config::{MAX_FRAMES, MAX_SIDE_PX};
use crate::model::{Area, Delay, Disposal, Frame, FrameReader, Picture, Plays};

macro_rules! file {
    ($name:literal) => {
        include_bytes!(concat!("../../../tests/reference/animation/", $name)).as_slice()
    };
}

/// An animation, and the canvases that Pillow makes of it, one below the other.
struct Case {
    name: &'static str,
    file: &'static [u8],
    canvases: &'static [u8],
    plays: Plays,
    /// Numerators and denominators of seconds.
    delays: &'static [(u32, u32)],
}

const CASES: [Case; 6] = [
    Case {
        name: "disposals.gif",
        file: file!("disposals.gif"),
        canvases: file!("disposals.canvases.png"),
        plays: Plays::Forever,
        delays: &[
            (10, 100),
            (1, 100),
            (2, 100),
            (3, 100),
            (4, 100),
            (5, 100),
            (6, 100),
            (7, 100),
            (8, 100),
            (9, 100),
            (10, 100),
            (11, 100),
            (12, 100),
            (13, 100),
            (14, 100),
            (15, 100),
        ],
    },
    Case {
        name: "first-given-back.gif",
        file: file!("first-given-back.gif"),
        canvases: file!("first-given-back.canvases.png"),
        plays: Plays::Times(4),
        delays: &[(1, 100), (0, 100), (500, 100)],
    },
    Case {
        name: "many-colours.gif",
        file: file!("many-colours.gif"),
        canvases: file!("many-colours.canvases.png"),
        plays: Plays::Times(1),
        delays: &[(5, 100), (7, 100), (7, 100), (7, 100), (7, 100)],
    },
    Case {
        name: "blends.webp",
        file: file!("blends.webp"),
        canvases: file!("blends.canvases.png"),
        plays: Plays::Times(3),
        delays: &[(40, 1_000), (33, 1_000), (101, 1_000), (0, 1_000), (70, 1_000), (1_000, 1_000)],
    },
    Case {
        name: "operations.png",
        file: file!("operations.png"),
        canvases: file!("operations.canvases.png"),
        plays: Plays::Times(2),
        delays: &[(1, 25), (33, 1_000), (1, 10), (1, 1_000), (7, 100), (1, 1), (1, 2)],
    },
    Case {
        name: "default-apart.png",
        file: file!("default-apart.png"),
        canvases: file!("default-apart.canvases.png"),
        plays: Plays::Forever,
        delays: &[(3, 25); 4],
    },
];

/// Everything of an animation.
#[derive(Debug, PartialEq)]
struct Seen {
    picture: Picture,
    delays: Vec<Delay>,
    canvases: Vec<Samples>,
}

fn frame_samples(frames: &mut dyn FrameReader) -> Result<(ImageInfo, Samples), ItemError> {
    let mut rows = frames.rows();
    let info = rows.info();
    let mut samples = Samples::empty(info.sample);
    let mut band = Band::empty(&info);
    while rows.read_rows(5, &mut band)? > 0 {
        match (&mut samples, &band.samples) {
            (Samples::U8(all), Samples::U8(some)) => all.extend(some),
            (Samples::U16(all), Samples::U16(some)) => all.extend(some),
            _ => panic!("a band of another sample type"),
        }
    }
    assert_eq!(samples.len(), info.row_samples() * info.height_px as usize);
    Ok((info, samples))
}

fn read(bytes: &[u8]) -> Result<Seen, ItemError> {
    let mut opened = open_frames(bytes, &DecodeOptions::default())?;
    let picture = opened.frames.picture();
    let (mut delays, mut canvases) = (Vec::new(), Vec::new());
    while let Some(frame) = opened.frames.next_frame()? {
        let (info, samples) = frame_samples(opened.frames.as_mut())?;
        assert_eq!(info, picture.canvas);
        delays.push(frame.delay);
        canvases.push(samples);
    }
    assert_eq!(canvases.len(), picture.frames as usize);
    assert!(opened.frames.next_frame()?.is_none(), "nothing comes behind the last frame");
    Ok(Seen { picture, delays, canvases })
}

/// RGBA of 8 bits, without the colours of clear pixels.
fn visible(info: &ImageInfo, samples: &Samples) -> Vec<u8> {
    let band =
        Band { width_px: info.width_px, rows: info.height_px, channels: info.channels, samples: samples.clone() };
    let mut pixels = convert::Converter::<u8>::new(*info, Channels::Rgba).convert(&band).to_vec();
    for pixel in pixels.as_chunks_mut::<4>().0.iter_mut().filter(|pixel| pixel[3] == 0) {
        *pixel = [0; 4];
    }
    pixels
}

fn canvases(seen: &Seen) -> Vec<Vec<u8>> {
    seen.canvases.iter().map(|samples| visible(&seen.picture.canvas, samples)).collect()
}

#[test]
fn frames_are_composed_exactly_as_pillow_composes_them() {
    for case in CASES {
        let header = probe(case.file).unwrap();
        assert_eq!(header.frames as usize, case.delays.len(), "{}", case.name);
        let seen = read(case.file).unwrap();
        assert_eq!(seen.picture, Picture { canvas: header.info, frames: header.frames, plays: case.plays });
        let delays: Vec<Delay> = case.delays.iter().map(|&(n, d)| Delay::new(n, d)).collect();
        assert_eq!(seen.delays, delays, "{}", case.name);
        let strip = decode(case.canvases).unwrap();
        let expected = visible(&strip.info, &strip.samples);
        let size = header.info.width_px as usize * header.info.height_px as usize * 4;
        for (number, (canvas, expected)) in canvases(&seen).iter().zip(expected.chunks_exact(size)).enumerate() {
            let wrong = canvas.as_chunks::<4>().0.iter().zip(expected.as_chunks::<4>().0).filter(|(a, b)| a != b);
            assert_eq!(wrong.count(), 0, "{}, frame {number}", case.name);
        }
    }
}

/// Saves every frame as it is.
fn transcode(bytes: &[u8], format: Format, save: &Save) -> Result<Vec<u8>, ItemError> {
    let mut opened = open_frames(bytes, &DecodeOptions::default())?;
    let picture = opened.frames.picture();
    let mut encoder = frame_encoder(format, save, picture, None, &opened.metadata)?;
    while let Some(frame) = opened.frames.next_frame()? {
        encoder.begin(&frame)?;
        let mut rows = opened.frames.rows();
        encoder.start(rows.info())?;
        let mut band = Band::empty(&rows.info());
        while rows.read_rows(7, &mut band)? > 0 {
            encoder.write_rows(&band)?;
        }
    }
    encoder.finish()
}

/// The first difference between two animations' visible pixels: frame and number of pixels.
fn difference(a: &Seen, b: &Seen) -> Option<(usize, usize)> {
    canvases(a).iter().zip(canvases(b)).enumerate().find_map(|(number, (a, b))| {
        let wrong = a.as_chunks::<4>().0.iter().zip(b.as_chunks::<4>().0).filter(|(a, b)| a != b).count();
        (wrong > 0).then_some((number, wrong))
    })
}

#[test]
fn every_animation_goes_through_every_format_without_a_change() {
    for case in CASES {
        let before = read(case.file).unwrap();
        for format in [Format::Gif, Format::Webp, Format::Png] {
            let bytes = transcode(case.file, format, &lossless()).unwrap();
            let what = format!("{} as {format:?}", case.name);
            assert_eq!(sniff(&bytes), Some(format));
            let after = read(&bytes).unwrap_or_else(|error| panic!("{what}: {error}"));
            assert_eq!(difference(&before, &after), None, "{what}");
            assert_eq!((after.picture.frames, after.picture.plays), (before.picture.frames, case.plays), "{what}");
            let told = |delays: &[Delay]| delays.iter().map(|delay| delay.exactly(1_000)).collect::<Vec<_>>();
            if format != Format::Gif || case.name.ends_with("gif") {
                assert_eq!(told(&after.delays), told(&before.delays), "{what}");
            }
            // And on from there.
            let again = read(&transcode(&bytes, Format::Gif, &lossless()).unwrap()).unwrap();
            assert_eq!(difference(&before, &again), None, "{what}, and as GIF again");
        }
    }
}
