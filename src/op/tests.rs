//! Tests of the pipeline as a whole: every operation, in bands of any height, against plain references.

#![expect(clippy::expect_used, reason = "tests")]

mod colour;
mod detail;
mod drawing;
mod focus;
mod geometry;
mod harness;
mod mistakes;
mod shared_steps;

use std::cell::Cell;

use proptest::prelude::*;

use self::harness::{Collected, TestImage, files, plan, recipe, run, run_with};
use super::*;
use crate::error::{ErrorKind, ItemError};
use crate::model::{
    Band, Channels, FileKind, ImageInfo, Orientation, ParamKind, Recipe, RowReader, SampleType, Samples, Step,
};

/// One step of each operation that changes something, and some chains.
const STEPS: &[&[&str]] = &[
    &["resize:long_edge=50"],
    &["resize:percent=210,enlarge=true,kernel=mitchell"],
    &["resize:width=40,height=40,fit=cover,kernel=catmull_rom"],
    &["resize:width=60,height=60,fit=pad,background=#204060"],
    &["resize:width=60,height=30,fit=exact,kernel=bilinear"],
    &["resize:width=31,height=77,fit=exact,kernel=nearest,enlarge=true"],
    &["resize:long_edge=33,linear_light=true"],
    &["crop:x=11,y=21,width=30,height=50"],
    &["resize:megapixels=0.002"],
    &["resize:width=40,height=40,fit=cover,gravity=bottom_right"],
    &["crop:aspect=1:1,gravity=right"],
    &["crop:left_percent=10.5,top_percent=3,bottom_percent=40"],
    &["crop:width_percent=60,height_percent=33"],
    &["trim:tolerance=60,margin=2"],
    &["canvas:width=50,height=170,colour=#204060"],
    &["canvas:width=200,height=30,gravity=top_left,colour=transparent"],
    &["border:size=7,bottom=20,colour=#ffeedd"],
    &["rounded_corners:radius=20"],
    &["rounded_corners:radius=9.5,background=#804020"],
    &["watermark_text:text=Pixloom,size=20,margin=5"],
    &["watermark_text:text=A,size=12,tile=true,gap=15,angle=-30,outline=8,colour=#ff8000,opacity=50"],
    &["watermark_image:file=mark.png,scale=40,position=top_left,opacity=70"],
    &["watermark_image:file=mark.png,scale=15,tile=true,gap=3"],
    &["vignette:amount=70"],
    &["drop_shadow:offset_x=5,offset_y=-3,blur=2,colour=#102030"],
    &["drop_shadow:offset_x=-30,offset_y=20,blur=1,opacity=100,background=#c0d0e0"],
    &["rotate:degrees=90"],
    &["rotate:degrees=33"],
    &["rotate:degrees=12,canvas=crop"],
    &["rotate:degrees=-70,canvas=keep,background=black"],
    &["rotate:degrees=-5.5,background=transparent"],
    &["flip:axis=horizontal"],
    &["flip:axis=vertical"],
    &["grayscale"],
    &["invert"],
    &["brightness:amount=12"],
    &["contrast:amount=-30"],
    &["linear:scale=1.1,offset=-5"],
    &["gamma:value=2.2"],
    &["saturation:factor=1.4"],
    &["grayscale:weights=rec709"],
    &["exposure:stops=0.7"],
    &["levels:black=12,white=220,gamma=1.3,out_black=10"],
    &["auto_levels:clip=1"],
    &["auto_levels:by=channel"],
    &[r#"curves:all="0,0;64,50;192,220;255,255""#],
    &[r#"curves:red="0,20;255,255",blue="0,0;128,100;255,240""#],
    &["white_balance:temperature=40,tint=-15"],
    &["vibrance:amount=60"],
    &["hue:degrees=75"],
    &["channel_mixer:red_from_green=40,red_from_red=60,blue_constant=5"],
    &["channel_mixer:monochrome=true,red_from_red=20,red_from_green=70,red_constant=3"],
    &["lut:file=warm.cube,strength=80"],
    &["lut:file=curve.cube"],
    &["sepia:amount=70"],
    &["duotone"],
    &["solarize:level=100"],
    &["threshold:level=120"],
    &["posterize:levels=5"],
    &[
        "gamma:value=1.2",
        r#"curves:all="0,0;100,120;255,255""#,
        "grayscale",
        "invert",
        "sepia",
        "exposure:stops=-0.5",
        "hue:degrees=-30",
    ],
    &["gaussian_blur:sigma=2.5"],
    &["gaussian_blur:sigma=60"],
    &["sharpen:sigma=1,amount=0.8"],
    &["sharpen:sigma=12,amount=0.5"],
    &["sharpen:sigma=1.2,amount=1,threshold=3"],
    &["clarity"],
    &["denoise"],
    &["median:radius=2"],
    &["median:radius=5"],
    &["box_blur:radius=4.5"],
    &["motion_blur:length=9,angle=30"],
    &["pixelate:size=8"],
    &["edge"],
    &["emboss:height=1.5"],
    &["high_pass"],
    &["grain:size=2,monochrome=false"],
    &["linear:scale=1.1,offset=-5", "saturation:factor=1.2", "sharpen:sigma=1,amount=0.8"],
    &["gaussian_blur:sigma=3", "grayscale", "gamma:value=0.7"],
    &["flip:axis=vertical", "crop:x=5,y=9,width=40,height=70", "resize:long_edge=29", "rotate:degrees=270", "invert"],
];

#[test]
fn every_operation_is_in_the_test_cases() {
    for spec in registry() {
        assert!(STEPS.iter().any(|steps| steps.iter().any(|step| step.starts_with(spec.id))), "{}", spec.id);
        assert!(spec.params.iter().all(|param| !param.summary.is_empty()) && !spec.summary.is_empty());
        // Files must be chosen by the user.
        let step = spec.params.iter().fold(spec.starting_step(), |step, param| match param.kind {
            ParamKind::File { holds: FileKind::Image } => step.with(param.name, "mark.png"),
            ParamKind::File { holds: FileKind::Table } => step.with(param.name, "warm.cube"),
            _ => step,
        });
        assert!(Pipeline::new(&Recipe { version: 1, steps: vec![step] }, &files()).is_ok(), "{}", spec.id);
        for param in spec.params {
            if let ParamKind::Float { min, max, soft_max, default } = param.kind {
                assert!(
                    (min..=max).contains(&default) && (min..=max).contains(&soft_max),
                    "{}.{}",
                    spec.id,
                    param.name
                );
            }
        }
    }
}

#[test]
fn bands_of_any_height_give_the_result_of_the_whole_image() {
    for channels in [Channels::Gray, Channels::GrayAlpha, Channels::Rgb, Channels::Rgba] {
        let image = TestImage::scene(71, 143, channels);
        for steps in STEPS {
            for orientation in [Orientation::Upright, Orientation::Rotate90] {
                let whole = run_with(steps, &image, orientation, u32::MAX);
                for at_once in [1, 5, 40] {
                    assert_eq!(
                        run_with(steps, &image, orientation, at_once),
                        whole,
                        "{steps:?} {channels:?} {at_once}"
                    );
                }
            }
        }
    }
}

/// Position in the file of the upright pixel (x, y) (EXIF 2.3, tag 0x0112), by definition.
fn stored_at(orientation: Orientation, x: u32, y: u32, info: &ImageInfo) -> (u32, u32) {
    let (right, bottom) = (info.width_px - 1, info.height_px - 1);
    match orientation {
        Orientation::Upright => (x, y),
        Orientation::FlipH => (right - x, y),
        Orientation::Rotate180 => (right - x, bottom - y),
        Orientation::FlipV => (x, bottom - y),
        Orientation::Transpose => (y, x),
        Orientation::Rotate90 => (y, bottom - x),
        Orientation::Transverse => (right - y, bottom - x),
        Orientation::Rotate270 => (right - y, x),
    }
}

const ORIENTATIONS: [Orientation; 8] = [
    Orientation::Upright,
    Orientation::FlipH,
    Orientation::Rotate180,
    Orientation::FlipV,
    Orientation::Transpose,
    Orientation::Rotate90,
    Orientation::Transverse,
    Orientation::Rotate270,
];

fn made_upright(image: &TestImage, orientation: Orientation) -> TestImage {
    let (stored, levels) = (image.info, image.levels());
    let (width, height) = if orientation.swaps_axes() {
        (stored.height_px, stored.width_px)
    } else {
        (stored.width_px, stored.height_px)
    };
    TestImage::u8(width, height, stored.channels, |x, y, channel| {
        let (x, y) = stored_at(orientation, x, y, &stored);
        levels[(y * stored.width_px + x) as usize * stored.channels.count() + channel] as u8
    })
}

#[test]
fn orientations_are_applied_before_the_first_step() {
    let image = TestImage::scene(61, 97, Channels::Rgb);
    for orientation in ORIENTATIONS {
        let upright = made_upright(&image, orientation);
        assert_eq!(run_with(&[], &image, orientation, 16).values, upright.levels(), "{orientation:?}");
        for steps in STEPS {
            let expected = run(steps, &upright);
            let got = run_with(steps, &image, orientation, 16);
            assert_eq!(got.info, expected.info, "{orientation:?} {steps:?}");
            let tolerance = match (steps[0].contains("nearest"), orientation.swaps_axes()) {
                // At a tie, both neighbours are equally near.
                (true, _) => 255.0,
                // A resize clamps between its two passes, whose order is the stored image's.
                (false, true) => 3.0,
                (false, false) => 1.0,
            };
            assert!(largest_difference(&got.values, &expected.values) <= tolerance, "{orientation:?} {steps:?}");
        }
    }
}

#[test]
fn quarter_turns_and_flips_compose_without_loss() {
    let image = TestImage::scene(13, 7, Channels::Rgba);
    assert_eq!(run(&["rotate:degrees=90"], &image).values, made_upright(&image, Orientation::Rotate90).levels());
    assert_eq!(run(&["rotate:degrees=-90"], &image).values, made_upright(&image, Orientation::Rotate270).levels());
    assert_eq!(run(&["rotate:degrees=180"], &image).values, made_upright(&image, Orientation::Rotate180).levels());
    let back = ["rotate:degrees=90", "flip:axis=horizontal", "rotate:degrees=90", "flip:axis=horizontal"];
    assert_eq!(run(&back, &image).values, image.levels());
}

fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

fn mean_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum::<f32>() / a.len() as f32
}

type Formula = fn(f32) -> f32;

/// Width, height and levels of a PNG file of 8-bit RGB.
fn reference(bytes: &[u8]) -> (u32, u32, Vec<u8>) {
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().expect("a PNG");
    let mut levels = vec![0; reader.output_buffer_size().expect("small")];
    let info = reader.next_frame(&mut levels).expect("a picture");
    (info.width, info.height, levels)
}

fn reference_source() -> TestImage {
    let (width, height, levels) = reference(include_bytes!("../../tests/reference/source.png"));
    let mut image = TestImage::u8(width, height, Channels::Rgb, |_, _, _| 0);
    image.samples = Samples::U8(levels);
    image
}

#[test]
fn lanczos_agrees_with_pillow() {
    for (steps, bytes) in [
        ("resize:width=37", include_bytes!("../../tests/reference/pillow_lanczos_37.png").as_slice()),
        ("resize:width=150,enlarge=true", include_bytes!("../../tests/reference/pillow_lanczos_150.png").as_slice()),
    ] {
        let (width, height, levels) = reference(bytes);
        let expected: Vec<f32> = levels.iter().map(|v| f32::from(*v)).collect();
        let got = run(&[steps], &reference_source());
        assert_eq!(got.info.map(|info| (info.width_px, info.height_px)), Some((width, height)));
        let squares: f32 = got.values.iter().zip(&expected).map(|(a, b)| (a - b).powi(2)).sum();
        let psnr = 10.0 * (255.0_f32.powi(2) / (squares / expected.len() as f32)).log10();
        assert!(psnr >= 48.0, "{steps}: {psnr} dB");
        assert!(largest_difference(&got.values, &expected) <= 4.0, "{steps}");
    }
}

#[test]
fn gaussian_blur_agrees_with_scipy() {
    for (step, bytes) in [
        ("gaussian_blur:sigma=2", include_bytes!("../../tests/reference/scipy_gaussian_2.png").as_slice()),
        ("gaussian_blur:sigma=20", include_bytes!("../../tests/reference/scipy_gaussian_20.png").as_slice()),
    ] {
        let (_, _, levels) = reference(bytes);
        let expected: Vec<f32> = levels.iter().map(|v| f32::from(*v)).collect();
        assert!(largest_difference(&run(&[step], &reference_source()).values, &expected) <= 1.0, "{step}");
    }
}

#[test]
fn point_operations_follow_their_formulas() {
    let image = TestImage::u8(256, 1, Channels::Gray, |x, _, _| x as u8);
    let cases: [(&str, Formula); 6] = [
        ("invert", |v| 255.0 - v),
        ("linear:scale=1.1,offset=-5", |v| v * 1.1 - 5.0),
        ("brightness:amount=-20", |v| v - 51.0),
        ("contrast:amount=50", |v| (v - 127.5) * (std::f32::consts::PI * 0.375).tan() + 127.5),
        ("contrast:amount=-100", |_| 127.5),
        ("gamma:value=2.2", |v| (v / 255.0).powf(1.0 / 2.2) * 255.0),
    ];
    for (step, formula) in cases {
        let expected: Vec<f32> = (0..256).map(|v| formula(v as f32).clamp(0.0, 255.0)).collect();
        // Half a level, plus the rounding of the formula itself.
        assert!(largest_difference(&run(&[step], &image).values, &expected) <= 0.501, "{step}");
    }
    let red = TestImage::u8(1, 1, Channels::Rgb, |_, _, channel| [200, 40, 90][channel]);
    assert_eq!(run(&["grayscale"], &red).values, [(200.0 * 0.299 + 40.0 * 0.587 + 90.0 * 0.114_f32).round()]);
    let luma = 200.0 * 0.2126 + 40.0 * 0.7152 + 90.0 * 0.0722_f32;
    let expected = [200.0, 40.0, 90.0].map(|v| (luma + (v - luma) * 0.5).round());
    assert_eq!(run(&["saturation:factor=0.5"], &red).values, expected);
}

#[test]
fn values_stay_unrounded_between_steps_and_are_clamped_after_each() {
    let image = TestImage::u8(256, 1, Channels::Gray, |x, _, _| x as u8);
    assert_eq!(run(&["linear:scale=0.01", "linear:scale=100"], &image).values, image.levels());
    let clipped: Vec<f32> = (0..256).map(|v| (v as f32).max(155.0) - 155.0).collect();
    assert!(largest_difference(&run(&["linear:offset=-155", "linear:scale=1"], &image).values, &clipped) <= 0.0);
    assert!(run(&["linear:offset=255", "linear:offset=-255"], &image).values.iter().all(|v| *v == 0.0));
}

#[test]
fn every_operation_keeps_sixteen_bits() {
    let mut image = TestImage::u8(64, 48, Channels::Rgb, |_, _, _| 0);
    image.info.sample = SampleType::U16;
    image.samples = Samples::U16((0..64 * 48 * 3).map(|i| (i * 7 % 65536) as u16).collect());
    let inverted: Vec<f32> = image.levels().iter().map(|v| 65535.0 - v).collect();
    assert_eq!(run(&["invert"], &image).values, inverted);
    assert_eq!(run(&["linear:scale=0.5", "linear:scale=2"], &image).values, image.levels());
    for steps in STEPS {
        assert_eq!(run(steps, &image).info.map(|info| info.sample), Some(SampleType::U16), "{steps:?}");
    }
}

#[test]
fn a_black_disc_on_transparent_white_stays_black() {
    let disc = TestImage::u8(80, 80, Channels::Rgba, |x, y, channel| {
        let inside = (x as f32 - 40.0).hypot(y as f32 - 40.0) < 25.0;
        match (inside, channel) {
            (true, 3) => 255,
            (true, _) | (false, 3) => 0,
            (false, _) => 255,
        }
    });
    for step in [
        "resize:long_edge=23",
        "resize:long_edge=200,enlarge=true",
        "resize:long_edge=23,linear_light=true",
        "gaussian_blur:sigma=3",
        "rotate:degrees=30,background=transparent",
    ] {
        let out = run(&[step], &disc);
        let (mut visible, mut partly) = (0, 0);
        for pixel in out.values.chunks_exact(4).filter(|pixel| pixel[3] > 0.0) {
            visible += 1;
            partly += usize::from(pixel[3] < 255.0);
            assert!(pixel[..3].iter().all(|v| *v <= 1.0), "{step}: {pixel:?}");
        }
        assert!(visible > 100 && partly > 10, "{step}: {visible} {partly}");
    }
}

#[test]
fn resizing_in_linear_light_averages_light() {
    let board = TestImage::u8(64, 64, Channels::Gray, |x, y, _| if (x + y) % 2 == 0 { 255 } else { 0 });
    let mean = |step: &str| {
        let values = run(&[step], &board).values;
        values.iter().sum::<f32>() / values.len() as f32
    };
    let light = mean("resize:percent=50,linear_light=true");
    assert!((light - 187.5).abs() <= 2.0, "{light}");
    let encoded = mean("resize:percent=50");
    assert!((encoded - 127.5).abs() <= 1.0, "{encoded}");
}

#[test]
fn trimming_finds_the_image_inside_its_border_and_never_removes_everything() {
    let scene = TestImage::scene(60, 40, Channels::Rgb);
    let bordered = run(&["invert", "border:size=9,left=23,colour=#806040", "trim:tolerance=2"], &scene);
    assert_eq!(bordered.info.map(|info| (info.width_px, info.height_px)), Some((60, 40)));
    assert_eq!(bordered.values, run(&["invert"], &scene).values);
    let kept = run(&["border:size=9,colour=black", "trim:tolerance=2,margin=4"], &scene);
    assert_eq!(kept.info.map(|info| (info.width_px, info.height_px)), Some((68, 48)));
    let plain = TestImage::u8(30, 20, Channels::Gray, |_, _, _| 77);
    assert_eq!(run(&["trim"], &plain).values, plain.levels());
    let clear = run(&["border:size=5,colour=transparent", "trim"], &scene);
    assert_eq!(clear.info.map(|info| (info.width_px, info.height_px)), Some((60, 40)));
}

#[test]
fn a_shadow_follows_the_offset_and_the_image_is_unchanged() {
    let scene = TestImage::scene(40, 30, Channels::Rgb);
    let out = run(&["drop_shadow:offset_x=12,offset_y=-7,blur=0,opacity=50,colour=#204060"], &scene);
    let info = out.info.expect("started");
    assert_eq!((info.width_px, info.height_px, info.channels), (52, 37, Channels::Rgba));
    let pixel = |x: u32, y: u32| &out.values[(y * 52 + x) as usize * 4..][..4];
    // The image is at the bottom left, its shadow at the top right.
    assert_eq!(pixel(0, 7)[..3], scene.levels()[..3]);
    assert_eq!(pixel(0, 7)[3], 255.0);
    assert_eq!(pixel(51, 0), [32.0, 64.0, 96.0, 128.0]);
    assert_eq!(pixel(0, 0)[3], 0.0);
    assert_eq!(pixel(51, 36)[3], 0.0);
    // A hue in any channel adds colour channels.
    for (colour, channels) in [
        ("#202020", Channels::GrayAlpha),
        ("#102020", Channels::Rgba),
        ("#202010", Channels::Rgba),
        ("#201020", Channels::Rgba),
    ] {
        let gray = TestImage::scene(8, 6, Channels::Gray);
        let out = run(&[&format!("drop_shadow:colour={colour}")], &gray);
        assert_eq!(out.info.map(|info| info.channels), Some(channels), "{colour}");
    }
    let gray = run(&["drop_shadow:background=#808080"], &TestImage::scene(8, 6, Channels::Gray));
    assert_eq!(gray.info.map(|info| info.channels), Some(Channels::Gray));
    let soft = run(&["drop_shadow:offset_x=0,offset_y=0,blur=4,background=white"], &scene);
    let info = soft.info.expect("started");
    assert_eq!((info.width_px, info.height_px, info.channels), (64, 54, Channels::Rgb));
    let along: Vec<f32> = (0..12).map(|x| soft.values[(27 * 64 + x) * 3]).collect();
    assert!(along.is_sorted_by(|a, b| a >= b) && along[0] > 253.0 && along[11] < 210.0, "{along:?}");
}

#[test]
fn a_rotated_ramp_is_a_ramp() {
    // Cubic interpolation keeps what is linear.
    let ramp = |x: f64, y: f64| 20.0 + x * 0.9 + y * 1.1;
    let image = TestImage::u8(120, 90, Channels::Rgb, |x, y, _| ramp(f64::from(x), f64::from(y)).round() as u8);
    for degrees in [7.0_f64, -33.0, 200.0] {
        let out = run(&[&format!("rotate:degrees={degrees},canvas=crop")], &image);
        let info = out.info.expect("started");
        let (sin, cos) = degrees.to_radians().sin_cos();
        for y in 2..info.height_px - 2 {
            for x in 2..info.width_px - 2 {
                let across = f64::from(x) + 0.5 - f64::from(info.width_px) / 2.0;
                let down = f64::from(y) + 0.5 - f64::from(info.height_px) / 2.0;
                let expected = ramp(across * cos + down * sin + 59.5, down * cos - across * sin + 44.5);
                let got = out.values[(y * info.width_px + x) as usize * 3];
                assert!((f64::from(got) - expected).abs() <= 1.3, "{degrees} {x} {y}: {got} {expected}");
            }
        }
    }
}

#[test]
fn a_watermark_changes_only_the_pixels_it_covers() {
    let gray = TestImage::u8(200, 100, Channels::Gray, |_, _, _| 100);
    let changed = |step: &str| {
        let out = run(&[step], &gray);
        let channels = out.info.expect("started").channels;
        let pixels = out.values.chunks_exact(channels.count()).enumerate();
        let at: Vec<(usize, usize)> =
            pixels.filter(|(_, pixel)| pixel.iter().any(|v| *v != 100.0)).map(|(i, _)| (i % 200, i / 200)).collect();
        (channels, at)
    };
    let (channels, at) = changed("watermark_text:text=Pixloom,size=20,margin=5,position=top_left,opacity=100");
    assert_eq!(channels, Channels::Gray, "white letters need no colour");
    let bounds = |at: &[(usize, usize)]| {
        let (xs, ys): (Vec<usize>, Vec<usize>) = at.iter().copied().unzip();
        let ends = |v: &[usize]| (v.iter().copied().min().unwrap_or(0), v.iter().copied().max().unwrap_or(0));
        (ends(&xs), ends(&ys))
    };
    let ((left, right), (top, bottom)) = bounds(&at);
    assert!(at.len() > 200 && (5..=6).contains(&left) && (5..=6).contains(&top), "{left} {top}");
    assert!(right < 100 && bottom < 30, "{right} {bottom}");
    let (channels, at) = changed("watermark_image:file=mark.png,scale=30,margin=10,position=bottom_right,opacity=100");
    assert_eq!(channels, Channels::Rgb);
    let ((left, right), (top, bottom)) = bounds(&at);
    assert!(left >= 170 && right <= 189 && top >= 60 && bottom <= 89, "{left} {right} {top} {bottom}");
    assert!(changed("watermark_text:text=Pixloom,opacity=0").1.is_empty());
}

#[test]
fn a_border_has_its_colour_and_adds_channels_for_it() {
    let gray = TestImage::u8(4, 2, Channels::Gray, |_, _, _| 100);
    let padded = run(&["resize:width=4,height=4,fit=pad,background=#ff0000"], &gray);
    assert_eq!(padded.info.map(|info| info.channels), Some(Channels::Rgb));
    assert_eq!(padded.values[..3], [255.0, 0.0, 0.0]);
    assert_eq!(padded.values[12..15], [100.0; 3]);
    let clear = run(&["resize:width=4,height=4,fit=pad,background=transparent"], &gray);
    assert_eq!(clear.info.map(|info| info.channels), Some(Channels::GrayAlpha));
    assert_eq!((clear.values[1], clear.values[9]), (0.0, 255.0));
    assert_eq!(run(&["resize:width=4,height=4,fit=pad"], &gray).values[0], 255.0);
}

#[test]
fn a_rotated_canvas_grows_to_hold_the_image() {
    let image = TestImage::u8(100, 60, Channels::Rgb, |_, _, _| 0);
    let out = run(&["rotate:degrees=45"], &image);
    let info = out.info.expect("started");
    assert_eq!((info.width_px, info.height_px), (114, 114));
    let black = out.values.chunks_exact(3).filter(|pixel| pixel[0] < 128.0).count();
    assert!((5900..6100).contains(&black), "{black} px of 6000");
    // The top left corner of the image goes to the top and towards the right: clockwise.
    let marked = TestImage::u8(40, 40, Channels::Gray, |x, y, _| if x < 8 && y < 8 { 0 } else { 255 });
    let turned = run(&["rotate:degrees=30"], &marked);
    let width = turned.info.expect("started").width_px as usize;
    let at = turned.values.iter().position(|v| *v < 100.0).expect("the mark");
    assert!(at / width < 4 && at % width > 10, "row {}, column {}", at / width, at % width);
}

#[test]
fn grayscale_gives_one_channel_and_runs_before_a_blur() {
    let image = TestImage::scene(40, 40, Channels::Rgba);
    assert_eq!(run(&["grayscale"], &image).info.map(|info| info.channels), Some(Channels::GrayAlpha));
    let rgb = TestImage::scene(40, 40, Channels::Rgb);
    let after = run(&["gaussian_blur:sigma=2", "grayscale"], &rgb).values;
    let before = run(&["grayscale", "gaussian_blur:sigma=2"], &rgb).values;
    assert_eq!(after, before);
    assert!(plan(&["gaussian_blur:sigma=2", "grayscale"], &rgb.info, Orientation::Rotate90, 1.0).accepts_luma());
    assert!(!plan(&["saturation:factor=2", "grayscale"], &rgb.info, Orientation::Upright, 1.0).accepts_luma());
    assert!(!plan(&["resize:long_edge=9"], &rgb.info, Orientation::Upright, 1.0).accepts_luma());
    // A decoder that accepted the offer delivers gray.
    let plan = plan(&["gaussian_blur:sigma=2", "grayscale"], &rgb.info, Orientation::Upright, 1.0);
    let mut gray = TestImage::u8(40, 40, Channels::Gray, |_, _, _| 0);
    gray.samples = Samples::U8(run(&["grayscale"], &rgb).values.iter().map(|v| *v as u8).collect());
    let mut out = Collected::default();
    plan.run(&mut gray.reader(8), &mut out, &|| false).expect("runs");
    assert!(largest_difference(&out.values, &after) <= 1.0);
}

#[test]
fn a_wide_shadow_agrees_with_a_narrow_one() {
    // On either side of the sigma from which the blur is summed on a coarse grid.
    let image = TestImage::scene(60, 40, Channels::Rgba);
    for offsets in ["offset_x=7,offset_y=-9", "offset_x=-20,offset_y=15", "offset_x=0,offset_y=0"] {
        let shadow = |blur: f64| run(&[format!("drop_shadow:blur={blur},{offsets}").as_str()], &image);
        let (narrow, wide) = (shadow(11.999), shadow(12.0));
        assert_eq!(narrow.info, wide.info);
        let mean = mean_difference(&narrow.values, &wide.values);
        assert!(mean < 0.1, "{offsets}: {mean}");
    }
}

#[test]
fn a_decoder_may_deliver_a_smaller_image_and_the_planned_size_is_kept() {
    let info = TestImage::u8(1, 1, Channels::Rgb, |_, _, _| 0).info;
    let photo = ImageInfo { width_px: 6000, height_px: 4000, ..info };
    let scale = |steps: &[&str], orientation, view| plan(steps, &photo, orientation, view).max_downscale();
    let close = |a: f64, b: f64| (a - b).abs() < 0.01;
    assert!(close(scale(&["resize:long_edge=1000"], Orientation::Upright, 1.0), 6.0 / 2.0));
    assert!(close(scale(&["flip", "resize:long_edge=1000"], Orientation::Rotate90, 1.0), 6.0 / 2.0));
    assert!(close(scale(&["resize:long_edge=1000"], Orientation::Upright, 0.5), 12.0 / 2.0));
    assert!(close(scale(&["resize:long_edge=5000"], Orientation::Upright, 1.0), 1.0));
    assert!(close(scale(&["invert", "resize:long_edge=1000"], Orientation::Upright, 1.0), 1.0));
    assert!(close(scale(&["resize:long_edge=1000,kernel=nearest"], Orientation::Upright, 1.0), 1.0));
    assert!(close(scale(&[], Orientation::Upright, 0.1), 10.0 / 2.0));
    assert!(close(scale(&["invert", "resize:width=12000,enlarge=true"], Orientation::Upright, 1.0), 1.0));

    let full = TestImage::scene(600, 400, Channels::Rgb);
    let half = run(&["resize:percent=50,kernel=bilinear"], &full);
    let mut decoded = TestImage::u8(300, 200, Channels::Rgb, |_, _, _| 0);
    decoded.samples = Samples::U8(half.values.iter().map(|v| *v as u8).collect());
    for steps in [["resize:width=100,height=100,fit=cover"].as_slice(), &["invert"], &["gaussian_blur:sigma=9"]] {
        let plan = plan(steps, &full.info, Orientation::Rotate270, 1.0);
        let mut out = Collected::default();
        plan.run(&mut decoded.reader(7), &mut out, &|| false).expect("runs");
        assert_eq!(out.info, Some(plan.output()));
        if plan.max_downscale() >= 2.0 {
            let whole = run_with(steps, &full, Orientation::Rotate270, 64);
            assert!(mean_difference(&out.values, &whole.values) < 1.0, "{steps:?}");
        }
    }
}

#[test]
fn a_smaller_view_looks_like_the_result_scaled_down() {
    let full = TestImage::scene(800, 600, Channels::Rgb);
    let small = run(&["resize:percent=25"], &full);
    let mut view = TestImage::u8(200, 150, Channels::Rgb, |_, _, _| 0);
    view.samples = Samples::U8(small.values.iter().map(|v| *v as u8).collect());
    // At these sizes, edges that fall between pixels of the view are ignored.
    let geometry: &[&[&str]] = &[
        &["resize:width=600,height=300,fit=exact,kernel=bilinear"],
        &["resize:long_edge=400"],
        &["resize:long_edge=400,linear_light=true"],
        &["resize:width=400,height=400,fit=cover"],
        &["resize:width=640,height=640,fit=pad,background=#204060"],
        &["crop:x=110,y=210,width=303,height=301"],
        &["crop:x=110,y=210", "resize:long_edge=401", "rotate:degrees=20"],
        &["resize:megapixels=0.1"],
        &["resize:width=400,height=400,fit=cover,gravity=right"],
        &["crop:left_percent=12.3,bottom_percent=45.6"],
        &["crop:width=303,height=301,gravity=center"],
        &["crop:width=401,height=203,gravity=bottom"],
        &["crop:aspect=4:5,gravity=right"],
        &["canvas:width=901,height=333,gravity=bottom_left"],
    ];
    let rest = STEPS.iter().filter(|steps| {
        !["width=", "edge=", "crop", "transparent"].iter().any(|word| steps.iter().any(|step| step.contains(word)))
    });
    let mut off = Vec::new();
    for steps in geometry.iter().chain(rest) {
        let plan = plan(steps, &full.info, Orientation::Upright, 0.25);
        let steps_are_faithful =
            recipe(steps).steps.iter().all(|step| find(&step.op).is_some_and(|op| op.faithful_to_scale));
        assert_eq!(plan.is_approximate(), !steps_are_faithful, "{steps:?}");
        let mut out = Collected::default();
        plan.run(&mut view.reader(16), &mut out, &|| false).expect("runs");
        let info = out.info.expect("started");
        let result = run(steps, &full);
        let result_info = result.info.expect("started");
        let mut whole = TestImage::u8(result_info.width_px, result_info.height_px, result_info.channels, |_, _, _| 0);
        whole.samples = Samples::U8(result.values.iter().map(|v| *v as u8).collect());
        let exact = format!("resize:width={},height={},fit=exact,enlarge=true", info.width_px, info.height_px);
        let scaled = run(&[&exact], &whole);
        // Invisible colours are ignored.
        let seen = |mut values: Vec<f32>| {
            for pixel in values.chunks_exact_mut(4).filter(|_| info.channels == Channels::Rgba) {
                let alpha = pixel[3] / 255.0;
                pixel[..3].iter_mut().for_each(|value| *value *= alpha);
            }
            values
        };
        let difference = mean_difference(&seen(out.values), &seen(scaled.values));
        if difference > 2.0 && !plan.is_approximate() {
            off.push(format!("{steps:?}: {difference} levels"));
        }
    }
    assert!(off.is_empty(), "{off:#?}");
}

#[test]
fn streaming_holds_far_less_than_the_image() {
    let info = TestImage::u8(1, 1, Channels::Rgb, |_, _, _| 0).info;
    let photo = ImageInfo { width_px: 6000, height_px: 4000, ..info };
    let peak = |steps: &[&str], orientation| plan(steps, &photo, orientation, 1.0).peak_bytes();
    let grade = ["linear:scale=1.1,offset=-5", "saturation:factor=1.2", "sharpen:sigma=1,amount=0.8"];
    assert!(peak(&grade, Orientation::Upright) < 8 << 20);
    assert!(peak(&["gaussian_blur:sigma=3", "grayscale"], Orientation::Upright) < 4 << 20);
    assert!(peak(&["resize:long_edge=1024"], Orientation::Upright) < 4 << 20);
    // Turned after shrinking.
    assert!(peak(&["resize:long_edge=1024"], Orientation::Rotate90) < 7 << 20);
    assert!(peak(&["rotate:degrees=10"], Orientation::Upright) > 72_000_000);
}

#[test]
fn a_cancelled_run_ends_at_the_next_band() {
    let image = TestImage::scene(300, 900, Channels::Rgb);
    let plan = plan(&["gaussian_blur:sigma=2"], &image.info, Orientation::Upright, 1.0);
    let asked = Cell::new(0);
    let cancelled = || {
        asked.set(asked.get() + 1);
        asked.get() > 3
    };
    let mut out = Collected::default();
    let error = plan.run(&mut image.reader(u32::MAX), &mut out, &cancelled).expect_err("cancelled");
    assert_eq!((error.kind, asked.get()), (ErrorKind::Cancelled, 4));
    assert!(out.rows < 900);
}

/// A decoder that violates its contract.
struct Broken(ImageInfo, Band, u32);

impl RowReader for Broken {
    fn info(&self) -> ImageInfo {
        self.0
    }
    fn read_rows(&mut self, _max_rows: u32, band: &mut Band) -> Result<u32, ItemError> {
        band.clone_from(&self.1);
        Ok(std::mem::take(&mut self.2))
    }
}

#[test]
fn a_decoder_that_breaks_its_contract_fails_its_item() {
    let info = TestImage::u8(10, 10, Channels::Rgb, |_, _, _| 0).info;
    let band = |samples| Band { width_px: 10, rows: 1, channels: Channels::Rgb, samples };
    for (band, rows, kind) in [
        (band(Samples::U8(vec![0; 30])), 1, ErrorKind::Truncated),
        (band(Samples::U8(vec![0; 29])), 1, ErrorKind::Corrupt),
        (band(Samples::U16(vec![0; 30])), 1, ErrorKind::Corrupt),
        (band(Samples::U8(vec![0; 30])), 4_000_000, ErrorKind::Corrupt),
        (band(Samples::U8(Vec::new())), 0, ErrorKind::Truncated),
    ] {
        for steps in [[].as_slice(), &["gaussian_blur:sigma=1"], &["rotate:degrees=90"], &["resize:long_edge=4"]] {
            let plan = plan(steps, &info, Orientation::Upright, 1.0);
            let mut reader = Broken(info, band.clone(), rows);
            let error = plan.run(&mut reader, &mut Collected::default(), &|| false).expect_err("broken");
            assert_eq!(error.kind, kind, "{steps:?} {error}");
        }
    }
}

#[test]
fn premultiplied_input_is_unpremultiplied() {
    let mut image = TestImage::u8(3, 1, Channels::Rgba, |_, _, channel| [50, 100, 25, 128][channel]);
    image.info.premultiplied = true;
    let out = run(&[], &image);
    assert_eq!(out.values[..4], [100.0, 199.0, 50.0, 128.0]);
    assert_eq!(out.info.map(|info| info.premultiplied), Some(false));
}

#[test]
fn an_invalid_step_is_reported_by_its_number() {
    let mut steps =
        vec![Step::new("nonsense"), Step::new("invert"), Step::new("gaussian_blur").with("sigma", f64::NAN)];
    steps[0].enabled = false;
    let error = Pipeline::new(&Recipe { version: 1, steps }, &files()).map(|_| ()).expect_err("NaN");
    assert_eq!(error.step, 3);
    assert!(error.why.to_string().contains("sigma must be a number from 0 to 200 px, not NaN"), "{error}");
}

#[test]
fn a_step_that_does_not_fit_the_image_fails_that_item() {
    let info = TestImage::u8(100, 1000, Channels::Rgb, |_, _, _| 0).info;
    let fails = |step: &str| {
        let pipeline = Pipeline::new(&recipe(&["invert", step]), &files()).expect("valid");
        pipeline.plan(&info, Orientation::Upright, 1.0).map(|_| ()).expect_err(step)
    };
    let error = fails("crop:x=100");
    assert_eq!(error.kind, ErrorKind::Recipe);
    assert!(error.arg("detail").contains("step 2: crop: x=100 is outside the image, which is 100 px wide"), "{error}");
    assert!(fails("resize:percent=10000,enlarge=true").arg("detail").contains("10000 x 100000 px"));
    // Parts beyond the edge are cut off.
    let plan = plan(&["crop:x=90,y=10,width=500"], &info, Orientation::Upright, 1.0);
    assert_eq!((plan.output().width_px, plan.output().height_px), (10, 990));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn no_image_size_makes_any_step_panic(
        width in 1_u32..40,
        height in 1_u32..40,
        channels in prop::sample::select(vec![Channels::Gray, Channels::GrayAlpha, Channels::Rgb, Channels::Rgba]),
        orientation in prop::sample::select(ORIENTATIONS.to_vec()),
        first in 0..STEPS.len(),
        second in 0..STEPS.len(),
        view_scale in 0.01_f64..1.0,
        at_once in 1_u32..20,
    ) {
        let image = TestImage::scene(width, height, channels);
        let steps: Vec<&str> = STEPS[first].iter().chain(STEPS[second]).copied().collect();
        let pipeline = Pipeline::new(&recipe(&steps), &files()).expect("valid");
        for scale in [1.0, view_scale] {
            if let Ok(plan) = pipeline.plan(&image.info, orientation, scale) {
                let mut out = Collected::default();
                plan.run(&mut image.reader(at_once), &mut out, &|| false).expect("runs");
                if plan.is_certain() {
                    prop_assert_eq!(out.info, Some(plan.output()));
                }
                prop_assert_eq!(Some(out.rows), out.info.map(|info| info.height_px));
                prop_assert!(plan.max_downscale() > 0.0 && plan.peak_bytes() > 0);
            }
        }
    }
}
