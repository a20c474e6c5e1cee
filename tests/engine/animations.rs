//! Animations through a recipe: every frame of them, its time, and how often they play.

use std::fs;

use pixloom::codec::{DecodeOptions, open_frames, probe};
use pixloom::engine::dry_run;
use pixloom::error::ErrorKind;
use pixloom::model::{
    Band, Delay, Format, FormatChoice, FramesChoice, ItemState, Plays, Remark, Save, SourceSpec, Step, TruncatedPolicy,
};

use super::desk::{Desk, file, format_named, long_edge, output_of, png, save_as};

const DISPOSALS: &[u8] = include_bytes!("../reference/animation/disposals.gif");
const BLENDS: &[u8] = include_bytes!("../reference/animation/blends.webp");
const OPERATIONS: &[u8] = include_bytes!("../reference/animation/operations.png");

const SEQUENCE: &[u8] = include_bytes!("../reference/animation/sequence-alpha.avif");
const PARTS: &[u8] = include_bytes!("../reference/animation/parts.jxl");

/// The frames of a file: times and pixels, and how often they play.
struct Film {
    size_px: (u32, u32),
    plays: Plays,
    delays: Vec<Delay>,
    frames: Vec<Band>,
}

fn film(bytes: &[u8]) -> Film {
    let mut opened = open_frames(bytes, &DecodeOptions::default()).unwrap();
    let picture = opened.frames.picture();
    let (mut delays, mut frames) = (Vec::new(), Vec::new());
    while let Some(frame) = opened.frames.next_frame().unwrap() {
        delays.push(frame.delay);
        let mut rows = opened.frames.rows();
        let mut band = Band::empty(&rows.info());
        rows.read_rows(u32::MAX, &mut band).unwrap();
        frames.push(band);
    }
    let size_px = (picture.canvas.width_px, picture.canvas.height_px);
    Film { size_px, plays: picture.plays, delays, frames }
}

fn save(format: FormatChoice) -> Save {
    Save { format, lossless: format == save_as("webp"), ..Save::default() }
}

#[test]
fn a_resized_animation_keeps_its_frames_delays_and_repetitions_in_every_format() {
    let desk = Desk::command_line();
    for (name, bytes) in [("a.gif", DISPOSALS), ("b.webp", BLENDS), ("c.png", OPERATIONS)] {
        let before = film(bytes);
        let source = desk.put(name, bytes);
        for format in [FormatChoice::Keep, save_as("gif"), save_as("webp"), save_as("png")] {
            let mut job = desk.job(vec![file(&source)], vec![long_edge(18)], format);
            job.output_mut().save = save(format);
            let rows = desk.run(job);
            assert_eq!(rows[0].state, ItemState::Done, "{:?}", rows[0]);
            let bytes = fs::read(output_of(&rows[0])).unwrap();
            let own = probe(&desk.outputs().into_values().next().unwrap()).unwrap();
            assert!(own.frames > 1);
            let after = film(&bytes);
            assert_eq!(Some(after.size_px), rows[0].width_px.zip(rows[0].height_px));
            assert_eq!(after.size_px.0, 18, "{name} as {format:?}");
            assert_eq!((after.frames.len(), after.plays), (before.frames.len(), before.plays));
            let told = |film: &Film| film.delays.iter().map(|delay| delay.exactly(1_000)).collect::<Vec<_>>();
            // 33 and 101 ms are no whole hundredths.
            let is_gif = sniffed(&bytes) == format_named("gif");
            assert!(is_gif && name != "a.gif" || told(&after) == told(&before), "{name} as {format:?}");
        }
    }
}

#[test]
fn avif_sequences_and_animations_of_jpeg_xl_become_animations_of_other_formats() {
    let desk = Desk::command_line();
    for (name, bytes, long) in [("a.avif", SEQUENCE, 16), ("b.jxl", PARTS, 24)] {
        let before = film(bytes);
        let source = desk.put(name, bytes);
        for format in [save_as("gif"), save_as("webp"), save_as("png")] {
            let mut job = desk.job(vec![file(&source)], vec![long_edge(long)], format);
            job.output_mut().save = save(format);
            let rows = desk.run(job);
            assert_eq!((rows[0].state, rows[0].remarks.len()), (ItemState::Done, 0), "{:?}", rows[0]);
            let after = film(&fs::read(output_of(&rows[0])).unwrap());
            assert_eq!(after.size_px.0, long, "{name} as {format:?}");
            assert_eq!((after.frames.len(), after.plays), (before.frames.len(), before.plays));
            let seconds = |film: &Film| film.delays.iter().map(|delay| delay.seconds()).sum::<f64>();
            assert!((seconds(&after) - seconds(&before)).abs() < 0.02, "{name} as {format:?}");
        }
        // At full size, a lossless result has the same pixels.
        let mut job = desk.job(vec![file(&source)], Vec::new(), save_as("webp"));
        job.output_mut().save = save(save_as("webp"));
        let rows = desk.run(job);
        let after = film(&fs::read(output_of(&rows[0])).unwrap());
        for (number, (before, after)) in before.frames.iter().zip(&after.frames).enumerate() {
            let (pixloom::model::Samples::U8(before), pixloom::model::Samples::U8(after)) =
                (&before.samples, &after.samples)
            else {
                panic!("not 8 bits")
            };
            let mut pixels = before.as_chunks::<4>().0.iter().zip(after.as_chunks::<4>().0);
            assert!(pixels.all(|(a, b)| a[3] == 0 && b[3] == 0 || a == b), "{name}, frame {number}");
        }
    }
}

#[test]
fn an_avif_sequence_that_stays_avif_is_its_first_frame_with_a_remark() {
    let desk = Desk::command_line();
    let sources = vec![file(&desk.put("a.avif", SEQUENCE)), file(&desk.put("b.jxl", PARTS))];
    let rows = desk.run(desk.job(sources.clone(), vec![long_edge(16)], FormatChoice::Keep));
    let remarks: Vec<_> = rows.iter().map(|row| row.remarks.as_slice()).collect();
    assert_eq!(remarks, [[Remark::FirstFrame { frames: 5 }], [Remark::FirstFrame { frames: 6 }]]);
    // Copied, it keeps its frames.
    let desk = Desk::command_line();
    let rows = desk.run(desk.copies(vec![file(&desk.put("a.avif", SEQUENCE))]));
    assert!(rows[0].state == ItemState::Done && rows[0].remarks.is_empty(), "{rows:?}");
    assert!(desk.outputs()["a.avif"] == SEQUENCE);
}

#[test]
fn a_truncated_avif_sequence_fails_or_keeps_the_frames_it_has() {
    let desk = Desk::command_line();
    let sources = vec![file(&desk.put("a.avif", &SEQUENCE[..SEQUENCE.len() - 60]))];
    let rows = desk.run(desk.job(sources.clone(), Vec::new(), save_as("gif")));
    let error = rows[0].error.clone().unwrap();
    assert_eq!(error.kind, ErrorKind::Truncated, "{error}");
    let mut job = desk.job(sources, Vec::new(), save_as("gif"));
    job.limits.truncated = TruncatedPolicy::Keep;
    let rows = desk.run(job);
    assert_eq!(rows[0].state, ItemState::Done, "{:?}", rows[0]);
    let frames = film(&fs::read(output_of(&rows[0])).unwrap()).frames.len();
    assert!((1..5).contains(&frames), "{frames}");
}

#[test]
fn an_animation_whose_trimming_is_settled_by_its_first_frame_keeps_all_frames() {
    let desk = Desk::command_line();
    // Trimming is settled by the first frame, so the animation is opened twice, and the first time not to its end.
    let sources = (0..4).map(|n| file(&desk.put(&format!("{n}.jxl"), PARTS))).collect();
    let rows = desk.run(desk.job(sources, vec![Step::new("trim")], save_as("webp")));
    for row in &rows {
        assert_eq!(row.state, ItemState::Done, "{row:?}");
        assert_eq!(film(&fs::read(output_of(row)).unwrap()).frames.len(), 6);
    }
}

fn sniffed(bytes: &[u8]) -> Format {
    pixloom::codec::sniff(bytes).unwrap()
}

#[test]
fn a_gif_stays_a_gif_and_steps_are_done_to_every_frame() {
    let desk = Desk::command_line();
    let source = desk.put("a.gif", DISPOSALS);
    let rows = desk.run(desk.job(vec![file(&source)], vec![Step::new("invert")], FormatChoice::Keep));
    let output = output_of(&rows[0]);
    assert_eq!(output.extension().unwrap(), "gif");
    let (before, after) = (film(DISPOSALS), film(&fs::read(output).unwrap()));
    for (before, after) in before.frames.iter().zip(&after.frames) {
        let (pixloom::model::Samples::U8(before), pixloom::model::Samples::U8(after)) =
            (&before.samples, &after.samples)
        else {
            panic!("not 8 bits")
        };
        for (before, after) in before.as_chunks::<4>().0.iter().zip(after.as_chunks::<4>().0) {
            let [r, g, b, a] = *before;
            let expected = if a == 0 { [0; 4] } else { [255 - r, 255 - g, 255 - b, 255] };
            assert_eq!(*after, expected);
        }
    }
}

#[test]
fn an_animation_becomes_its_first_frame_in_a_format_with_one_frame_and_a_remark_says_so() {
    let desk = Desk::command_line();
    let sources: Vec<SourceSpec> =
        [desk.put("a.gif", DISPOSALS), desk.put("still.png", png(40, 30, 1))].iter().map(|path| file(path)).collect();
    for format in [save_as("jpeg"), save_as("tiff"), save_as("qoi"), save_as("bmp")] {
        let rows = desk.run(desk.job(sources.clone(), vec![long_edge(20)], format));
        assert!(rows.iter().all(|row| row.state == ItemState::Done), "{rows:?}");
        assert_eq!(rows[0].remarks, [Remark::FirstFrame { frames: 16 }]);
        assert!(rows[1].remarks.is_empty());
        let mut job = desk.job(sources.clone(), vec![long_edge(20)], format);
        job.output_mut().save.frames = FramesChoice::First;
        let plan = dry_run(&job, None, &|| false, &mut |_| {}).unwrap();
        assert_eq!(plan.failing, 0);
        let rows = desk.run(job);
        assert!(rows.iter().all(|row| row.state == ItemState::Done && row.remarks.is_empty()), "{rows:?}");
    }
}

#[test]
fn with_frames_first_one_frame_is_saved_and_still_images_are_copied() {
    let desk = Desk::command_line();
    let still = png(40, 30, 1);
    let sources = vec![
        file(&desk.put("a.gif", DISPOSALS)),
        file(&desk.put("b.png", &still)),
        file(&desk.put("c.txt", "no picture")),
    ];
    let mut job = desk.copies(sources.clone());
    job.output_mut().save.frames = FramesChoice::First;
    let rows = desk.run(job);
    assert!(rows.iter().all(|row| row.state == ItemState::Done), "{rows:?}");
    let outputs = desk.outputs();
    let first = &outputs["a.gif"];
    assert_eq!((sniffed(first), probe(first).unwrap().frames), (format_named("gif"), 1));
    assert_eq!(outputs["b.png"], still);
    assert_eq!(outputs["c.txt"], b"no picture");
    // Without the key an animation is copied as it is.
    let rows = desk.run(desk.copies(sources));
    assert_eq!(fs::read(output_of(&rows[0])).unwrap(), DISPOSALS);
}

#[test]
fn steps_that_measure_the_image_use_the_first_frame_for_all_frames() {
    let desk = Desk::command_line();
    let source = desk.put("b.webp", BLENDS);
    let rows = desk.run(desk.job(vec![file(&source)], vec![Step::new("auto_levels")], save_as("png")));
    let after = film(&fs::read(output_of(&rows[0])).unwrap());
    // The first and the third frame show the same ground at the bottom left.
    let ground = |band: &Band| match &band.samples {
        pixloom::model::Samples::U8(samples) => {
            let at = (band.rows as usize - 1) * band.width_px as usize * band.channels.count();
            samples[at..at + 3].to_vec()
        }
        _ => panic!("not 8 bits"),
    };
    assert_eq!(ground(&after.frames[0]), ground(&after.frames[2]));
}

#[test]
fn a_decompression_bomb_of_frames_fails_its_item_and_the_job_continues() {
    let desk = Desk::command_line();
    let mut bomb = b"GIF89a\xFF\xFF\x98\x3A\x80\0\0\0\0\0\xFF\xFF\xFF".to_vec();
    bomb.extend(b"\x2C\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0".repeat(65_000));
    bomb.push(b';');
    let sources = vec![file(&desk.put("bomb.gif", bomb)), file(&desk.put("b.webp", BLENDS))];
    let rows = desk.run(desk.job(sources, vec![long_edge(18)], save_as("webp")));
    let error = rows[0].error.clone().unwrap();
    assert_eq!(error.kind, ErrorKind::TooLarge);
    assert!(error.to_string().contains("65000 frames"), "{error}");
    assert_eq!(rows[1].state, ItemState::Done);
}
