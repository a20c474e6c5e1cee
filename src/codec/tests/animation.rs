//! Animations: composed exactly as by Pillow, and saved and read again without changes.

use super::*;
use crate::model::{Area, Delay, Disposal, Frame, FrameReader, Picture, Plays};

/// A file made by the script next to it.
macro_rules! file {
    ($name:literal) => {
        include_bytes!(concat!("../../../tests/reference/animation/", $name)).as_slice()
    };
}

pub(super) use file;

/// An animation, and the canvases that Pillow composes, stacked vertically.
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

/// All data of an animation.
#[derive(Debug, PartialEq)]
pub(super) struct Seen {
    pub(super) picture: Picture,
    pub(super) delays: Vec<Delay>,
    pub(super) canvases: Vec<Samples>,
}

pub(super) fn frame_samples(frames: &mut dyn FrameReader) -> Result<(ImageInfo, Samples), ItemError> {
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

pub(super) fn read(bytes: &[u8]) -> Result<Seen, ItemError> {
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

/// 8-bit RGBA, without the colours of transparent pixels.
pub(super) fn visible(info: &ImageInfo, samples: &Samples) -> Vec<u8> {
    let band =
        Band { width_px: info.width_px, rows: info.height_px, channels: info.channels, samples: samples.clone() };
    let mut pixels = crate::codec::pixels::convert::Converter::<u8>::new(*info, Channels::Rgba).convert(&band).to_vec();
    for pixel in pixels.as_chunks_mut::<4>().0.iter_mut().filter(|pixel| pixel[3] == 0) {
        *pixel = [0; 4];
    }
    pixels
}

pub(super) fn canvases(seen: &Seen) -> Vec<Vec<u8>> {
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

/// Saves every frame unchanged.
pub(super) fn transcode(bytes: &[u8], format: Format, save: &Save) -> Result<Vec<u8>, ItemError> {
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

/// Saves images of one size as frames of a tenth of a second.
fn save_frames(frames: &[&Image], format: Format, save: &Save) -> Vec<u8> {
    let canvas = frames[0].info;
    let picture = Picture { canvas, frames: frames.len() as u32, plays: Plays::Times(7) };
    let mut encoder = frame_encoder(format, save, picture, None, &Metadata::default()).unwrap();
    for frame in frames {
        let (area, disposal) = (Area::default(), Disposal::Keep);
        encoder.begin(&Frame { delay: Delay::new(1, 10), area, disposal }).unwrap();
        encoder.start(canvas).unwrap();
        let samples = frame.samples.clone();
        let (width_px, rows, channels) = (canvas.width_px, canvas.height_px, canvas.channels);
        encoder.write_rows(&Band { width_px, rows, channels, samples }).unwrap();
    }
    encoder.finish().unwrap()
}

/// The first difference between two animations' visible pixels: frame and number of pixels.
fn difference(a: &Seen, b: &Seen) -> Option<(usize, usize)> {
    canvases(a).iter().zip(canvases(b)).enumerate().find_map(|(number, (a, b))| {
        let wrong = a.as_chunks::<4>().0.iter().zip(b.as_chunks::<4>().0).filter(|(a, b)| a != b).count();
        (wrong > 0).then_some((number, wrong))
    })
}

#[test]
fn every_animation_survives_every_format() {
    for case in CASES {
        let before = read(case.file).unwrap();
        for format in [known::GIF, known::WEBP, known::PNG] {
            let bytes = transcode(case.file, format, &lossless()).unwrap();
            let what = format!("{} as {format:?}", case.name);
            assert_eq!(sniff(&bytes), Some(format));
            let after = read(&bytes).unwrap_or_else(|error| panic!("{what}: {error}"));
            assert_eq!(difference(&before, &after), None, "{what}");
            assert_eq!((after.picture.frames, after.picture.plays), (before.picture.frames, case.plays), "{what}");
            let times = |delays: &[Delay]| delays.iter().map(|delay| delay.exactly(1_000)).collect::<Vec<_>>();
            if format != known::GIF || case.name.ends_with("gif") {
                assert_eq!(times(&after.delays), times(&before.delays), "{what}");
            }
            // And from there on.
            let again = read(&transcode(&bytes, known::GIF, &lossless()).unwrap()).unwrap();
            assert_eq!(difference(&before, &again), None, "{what}, and as GIF again");
        }
    }
}

/// A GIF frame of random pixels.
fn random_frame(random: &mut impl FnMut() -> u64, canvas: (u64, u64)) -> ::gif::Frame<'static> {
    let (width, height) = (1 + random() % canvas.0, 1 + random() % canvas.1);
    // From two to all 256 colours, mostly all used; every other frame has a transparent one.
    let colours = [2, 16, 255, 256][(random() % 4) as usize];
    let transparent = random().is_multiple_of(2).then(|| (random() % colours) as u8);
    // Few colours, so that frames share some.
    let palette = (0..colours * 3).map(|k| ((k * 37 + random() % 3 * 85) % 256) as u8).collect();
    ::gif::Frame {
        delay: (random() % 4) as u16,
        dispose: [
            ::gif::DisposalMethod::Any,
            ::gif::DisposalMethod::Keep,
            ::gif::DisposalMethod::Background,
            ::gif::DisposalMethod::Previous,
        ][(random() % 4) as usize],
        transparent,
        left: (random() % canvas.0) as u16,
        top: (random() % canvas.1) as u16,
        width: width as u16,
        height: height as u16,
        palette: Some(palette),
        buffer: (0..width * height).map(|k| ((k + random() % 2) % colours) as u8).collect(),
        ..::gif::Frame::default()
    }
}

pub(super) fn random_numbers(mut state: u64) -> impl FnMut() -> u64 {
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    }
}

fn random_gif(seed: u64) -> Vec<u8> {
    let mut random = random_numbers(seed);
    let canvas = (3 + random() % 40, 3 + random() % 30);
    let mut writer = ::gif::Encoder::new(Vec::new(), canvas.0 as u16, canvas.1 as u16, &[]).unwrap();
    for _ in 0..2 + random() % 6 {
        writer.write_frame(&random_frame(&mut random, canvas)).unwrap();
    }
    writer.into_inner().unwrap()
}

#[test]
fn any_gif_saved_as_gif_keeps_every_pixel_whatever_its_frames_leave_behind() {
    for seed in 1..=400 {
        let file = random_gif(0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(seed));
        let before = read(&file).unwrap();
        for format in [known::GIF, known::PNG] {
            let after = read(&transcode(&file, format, &lossless()).unwrap()).unwrap();
            assert_eq!(difference(&before, &after), None, "seed {seed}, {format:?}");
            assert_eq!(after.delays, before.delays);
        }
    }
}

#[test]
fn a_frame_that_equals_the_one_before_is_kept() {
    let canvas = Image::from_u8(6, 4, Channels::Rgb, [10, 200, 90].repeat(24));
    for format in [known::GIF, known::WEBP, known::PNG] {
        let seen = read(&save_frames(&[&canvas; 3], format, &lossless())).unwrap();
        assert_eq!((seen.picture.frames, seen.picture.plays), (3, Plays::Times(7)), "{format:?}");
        for frame in canvases(&seen) {
            assert_eq!(frame, [10, 200, 90, 255].repeat(24), "{format:?}");
        }
    }
}

#[test]
fn sixteen_bits_and_grays_survive_as_apng() {
    for channels in [Channels::Gray, Channels::GrayAlpha, Channels::Rgb, Channels::Rgba] {
        for sample in [SampleType::U8, SampleType::U16] {
            let canvas = slopes(info(21, 13, channels, sample));
            let mut other = canvas.clone();
            let at = other.info.row_samples() * 5 + channels.count() * 3;
            match &mut other.samples {
                Samples::U8(samples) => samples[at..at + channels.count()].fill(200),
                Samples::U16(samples) => samples[at..at + channels.count()].fill(51_003),
                Samples::F32(_) => {}
            }
            let seen = read(&save_frames(&[&canvas, &other, &canvas], known::PNG, &keep())).unwrap();
            assert_eq!(seen.picture, Picture { canvas: canvas.info, frames: 3, plays: Plays::Times(7) });
            assert_eq!(seen.delays, [Delay::new(1, 10); 3]);
            let expected = [canvas.samples.clone(), other.samples, canvas.samples];
            assert!(seen.canvases == expected, "{channels:?} {sample:?}");
        }
    }
}

#[test]
fn more_colours_than_a_gif_holds_are_chosen_for_each_frame() {
    let first = slopes(info(64, 48, Channels::Rgb, SampleType::U8));
    let mut second = first.clone();
    let changed = 64 * 3 * 20;
    if let Samples::U8(samples) = &mut second.samples {
        samples[..changed].reverse();
    }
    let seen = read(&save_frames(&[&first, &second], known::GIF, &keep())).unwrap();
    let got = canvases(&seen);
    for (got, original) in got.iter().zip([&first, &second]) {
        let original = visible(&original.info, &original.samples);
        let sum: u64 = got.iter().zip(&original).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
        let mean = sum as f64 / got.len() as f64;
        assert!(mean < 6.0, "off by {mean} on average");
    }
    let below = changed / 3 * 4;
    assert_eq!(got[0][below..], got[1][below..], "unchanged pixels are not dithered again");
    let few = Save { palette: Some(4), ..keep() };
    for frame in canvases(&read(&save_frames(&[&first, &second], known::GIF, &few)).unwrap()) {
        let colours: std::collections::HashSet<_> = frame.as_chunks::<4>().0.iter().collect();
        assert!(colours.len() <= 8, "four of either frame, {} in all", colours.len());
    }
}

#[test]
fn half_transparent_pixels_are_blended_in_a_gif_and_kept_in_other_formats() {
    let canvas = Image::from_u8(2, 1, Channels::Rgba, vec![0, 0, 0, 128, 200, 0, 0, 100]);
    for (format, expected) in [
        (known::GIF, [127, 127, 127, 255, 0, 0, 0, 0]),
        (known::WEBP, [0, 0, 0, 128, 200, 0, 0, 100]),
        (known::PNG, [0, 0, 0, 128, 200, 0, 0, 100]),
    ] {
        let seen = read(&save_frames(&[&canvas; 2], format, &lossless())).unwrap();
        assert_eq!(canvases(&seen)[1], expected, "{format:?}");
    }
}

#[test]
fn a_lossy_webp_stays_close_and_unchanged_areas_stay_exact() {
    let first = slopes(info(64, 48, Channels::Rgb, SampleType::U8));
    let mut second = first.clone();
    if let Samples::U8(samples) = &mut second.samples {
        samples[..64 * 3 * 20].reverse();
    }
    let seen = read(&save_frames(&[&first, &second], known::WEBP, &keep())).unwrap();
    let got = canvases(&seen);
    for (got, original) in got.iter().zip([&first, &second]) {
        let original = visible(&original.info, &original.samples);
        let sum: u64 = got.iter().zip(&original).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
        assert!((sum as f64) / (got.len() as f64) < 3.0);
    }
    assert_eq!(got[0][64 * 4 * 20..], got[1][64 * 4 * 20..]);
}

#[test]
fn profiles_and_metadata_are_kept_and_colours_are_converted() {
    let profile: Arc<[u8]> = ColorProfile::new_display_p3().encode().unwrap().into();
    let canvas = Image::from_u8(16, 16, Channels::Rgb, [150, 80, 60].repeat(256));
    let still = Image { profile: Some(Arc::clone(&profile)), ..canvas.clone() };
    let expected = visible(&canvas.info, &decode(&encode(&still, known::PNG, &keep()).unwrap()).unwrap().samples);
    let metadata = Metadata { exif: Some(exif_block(1, true).into()), ..Metadata::default() };
    let picture = Picture { canvas: canvas.info, frames: 2, plays: Plays::Forever };
    for format in [known::WEBP, known::PNG] {
        let mut encoder = frame_encoder(format, &lossless(), picture, Some(Arc::clone(&profile)), &metadata).unwrap();
        for _ in 0..2 {
            let (area, disposal) = (Area::default(), Disposal::Keep);
            encoder.begin(&Frame { delay: Delay::new(1, 10), area, disposal }).unwrap();
            encoder.start(canvas.info).unwrap();
            let samples = canvas.samples.clone();
            encoder.write_rows(&Band { width_px: 16, rows: 16, channels: Channels::Rgb, samples }).unwrap();
        }
        let bytes = encoder.finish().unwrap();
        let options = DecodeOptions { colour: ColourChoice::Keep, ..DecodeOptions::default() };
        let kept = open_frames(&bytes, &options).unwrap();
        assert_eq!(kept.profile.as_ref(), Some(&profile), "{format:?}");
        assert!(contains(&kept.metadata.exif.unwrap(), b"Pixmaker"), "{format:?}");
        assert_eq!(open_frames(&bytes, &DecodeOptions::default()).unwrap().profile, None);
        assert_eq!(canvases(&read(&bytes).unwrap())[1], expected, "{format:?}");
    }
}

#[test]
fn a_cleared_gif_frame_has_a_transparent_colour() {
    // A square without transparent pixels in its own area, on a transparent background, at five positions.
    let square = |index: usize| {
        let pixel = |k: usize| if (k % 30) / 6 == index { [200, 30, k as u8, 255] } else { [0; 4] };
        Image::from_u8(30, 10, Channels::Rgba, (0..300).flat_map(pixel).collect())
    };
    let frames: Vec<Image> = (0..5).map(square).collect();
    let frames: Vec<&Image> = frames.iter().collect();
    for colours in [256, 61, 60, 16, 2] {
        let save = Save { palette: Some(colours), ..lossless() };
        let bytes = save_frames(&frames, known::GIF, &save);
        let mut reader = ::gif::DecodeOptions::new().read_info(bytes.as_slice()).unwrap();
        let mut cleared = 0;
        while let Some(frame) = reader.read_next_frame().unwrap() {
            let colours_used = frame.palette.as_ref().unwrap().len() / 3;
            assert!(colours_used <= usize::from(colours).next_power_of_two(), "{colours_used} of {colours} colours");
            if frame.dispose == ::gif::DisposalMethod::Background {
                assert!(frame.transparent.is_some_and(|index| usize::from(index) < colours_used), "{colours} colours");
                cleared += 1;
            }
        }
        // If only the transparent colour does not fit, the canvas is restored instead.
        assert_eq!(cleared > 0, colours != 60, "{colours} colours");
        for (frame, canvas) in frames.iter().zip(canvases(&read(&bytes).unwrap())) {
            let Samples::U8(samples) = &frame.samples else { panic!("not 8 bits") };
            let alphas = |samples: &[u8]| samples.iter().skip(3).step_by(4).copied().collect::<Vec<_>>();
            assert_eq!(alphas(&canvas), alphas(samples), "{colours} colours");
            assert!(colours < 60 || canvas == *samples, "{colours} colours");
        }
    }
}

#[test]
fn a_default_image_that_is_not_part_of_the_animation_is_never_shown() {
    // As the APNG specification says, for one frame as well as for several.
    for count in [1, 2] {
        let mut file = Vec::new();
        let mut encoder = ::png::Encoder::new(&mut file, 4, 3);
        encoder.set_color(::png::ColorType::Rgb);
        encoder.set_animated(count, 0).unwrap();
        encoder.set_sep_def_img(true).unwrap();
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(&[255, 0, 0].repeat(12)).unwrap();
        for _ in 0..count {
            writer.write_image_data(&[0, 255, 0].repeat(12)).unwrap();
        }
        writer.finish().unwrap();
        assert_eq!(probe(&file).unwrap().frames, count);
        let mut opened = open(&file, &DecodeOptions::default()).unwrap();
        let mut band = Band::empty(&opened.rows.info());
        assert_eq!(opened.rows.read_rows(9, &mut band).unwrap(), 3);
        assert_eq!(band.samples, Samples::U8([0, 255, 0].repeat(12)), "{count}");
    }
}
