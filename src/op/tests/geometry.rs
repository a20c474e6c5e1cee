//! Tests of geometry, finish and looks against other programs' results (made by `tests/reference/geometry/make.py`).

use super::harness::{TestImage, run};
use super::{largest_difference, mean_difference, reference, reference_source};
use crate::model::{Channels, Samples};

macro_rules! made_by_others {
    ($name:literal) => {
        include_bytes!(concat!("../../../tests/reference/geometry/", $name, ".png")).as_slice()
    };
}

/// An 8-bit PNG file as a test image.
pub(super) fn image(bytes: &[u8]) -> TestImage {
    let (width, height, levels) = reference(bytes);
    let channels = match levels.len() / (width * height) as usize {
        1 => Channels::Gray,
        2 => Channels::GrayAlpha,
        3 => Channels::Rgb,
        _ => Channels::Rgba,
    };
    let mut image = TestImage::u8(width, height, channels, |_, _, _| 0);
    image.samples = Samples::U8(levels);
    image
}

/// Checks that a step's result equals another program's within `tolerance` levels.
fn check(step: &str, source: &TestImage, bytes: &[u8], tolerance: f32) {
    let (got, expected) = (run(&[step], source), image(bytes));
    assert_eq!(got.info, Some(expected.info), "{step}");
    let difference = largest_difference(&got.values, &expected.levels());
    assert!(difference <= tolerance, "{step}: {difference} levels");
}

#[test]
fn canvases_borders_and_crops_match_pillow() {
    for (step, bytes) in [
        ("canvas:width=131,height=80,gravity=bottom_right,colour=#204060", made_by_others!("canvas_bottom_right")),
        // If the space is odd, the larger half is on the right and at the bottom.
        ("canvas:width=121,height=87,colour=#204060", made_by_others!("canvas_center")),
        ("canvas:width=120,height=40,gravity=top,colour=#c08040", made_by_others!("canvas_top")),
        ("canvas:width=60,height=75,gravity=bottom_left,colour=#c08040", made_by_others!("canvas_bottom_left")),
        ("border:size=4,colour=#ffeedd", made_by_others!("border_4")),
        ("border:size=9,left=0,top=1,bottom=13,colour=#806040", made_by_others!("border_sides")),
        ("crop:width=41,height=23,gravity=right", made_by_others!("crop_right")),
        ("crop:x=55,y=20,width=41,height=23", made_by_others!("crop_right")),
        ("crop:width=30,height=20,gravity=bottom", made_by_others!("crop_bottom")),
        ("crop:left_percent=34.375,right_percent=34.375,top_percent=68.75", made_by_others!("crop_bottom")),
        ("crop:width_percent=31.25,height_percent=31.25,gravity=bottom", made_by_others!("crop_bottom")),
        ("crop:aspect=9:16,gravity=left", made_by_others!("crop_aspect_left")),
        ("crop:aspect=9:16,width=36,gravity=bottom_left", made_by_others!("crop_aspect_left")),
        ("crop:aspect=9:16,height=64,gravity=top_left", made_by_others!("crop_aspect_left")),
    ] {
        check(step, &reference_source(), bytes, 0.0);
    }
    let framed = image(made_by_others!("framed"));
    for step in ["trim:tolerance=3", "trim:tolerance=3,by=colour"] {
        check(step, &framed, made_by_others!("framed_trimmed"), 0.0);
    }
    assert_eq!(run(&["trim:tolerance=3,by=transparency"], &framed).values, framed.levels());
}

#[test]
fn filling_a_square_matches_pillow() {
    check("resize:width=40,height=40,fit=cover", &reference_source(), made_by_others!("cover_40"), 4.0);
}

#[test]
fn a_rotation_by_seventeen_degrees_matches_libvips() {
    let expected = image(made_by_others!("vips_rotate_17"));
    let got = run(&["rotate:degrees=17,canvas=keep"], &reference_source());
    assert_eq!(got.info, Some(expected.info));
    let (width, height) = (f64::from(expected.info.width_px), f64::from(expected.info.height_px));
    let (sin, cos) = 17.0_f64.to_radians().sin_cos();
    let (mut seen, mut squares) = (0_u32, 0.0);
    for (i, (got, expected)) in got.values.iter().zip(expected.levels()).enumerate() {
        let (across, down) = ((i / 3 % 96) as f64 - (width - 1.0) / 2.0, (i / 3 / 96) as f64 - (height - 1.0) / 2.0);
        let (x, y) = (across * cos + down * sin, down * cos - across * sin);
        // Within the image and away from its edges, which the two programs fill differently.
        if x.abs() < width / 2.0 - 3.0 && y.abs() < height / 2.0 - 3.0 {
            let off = f64::from((got - expected).abs());
            // libvips rounds positions to a 64th of a pixel.
            assert!(off <= 3.0, "{x} {y}: {got} {expected}");
            squares += off * off;
            seen += 1;
        }
    }
    let psnr = 10.0 * (255.0_f64.powi(2) / (squares / f64::from(seen))).log10();
    assert!(seen > 11_000 && psnr >= 48.0, "{seen} samples, {psnr} dB");
}

#[test]
fn rounded_corners_and_pixelate_match_pillow() {
    check("pixelate:size=8", &reference_source(), made_by_others!("pixelate_8"), 1.0);
    // At most half of the shorter side.
    let most = run(&["rounded_corners:radius=1000"], &reference_source()).values;
    assert_eq!(most, run(&["rounded_corners:radius=32"], &reference_source()).values);
    assert_ne!(most, run(&["rounded_corners:radius=31.9"], &reference_source()).values);
    let got = run(&["rounded_corners:radius=18"], &reference_source()).values;
    let alpha: Vec<f32> = got.iter().skip(3).step_by(4).copied().collect();
    let expected = image(made_by_others!("rounded_18")).levels();
    // Ours uses the distance to the circle; Pillow uses 256 samples per pixel of a circle with integer coordinates.
    assert!(largest_difference(&alpha, &expected) <= 24.0 && mean_difference(&alpha, &expected) < 0.2);
}

#[test]
fn a_watermark_and_a_shadow_match_other_programs() {
    let laid = "watermark_image:file=badge.png,scale=37.5,position=top_right,margin=9.375,opacity=70";
    check(laid, &reference_source(), made_by_others!("badge_top_right"), 1.0);
    let badge = image(made_by_others!("badge"));
    for (step, bytes) in [
        ("drop_shadow:offset_x=6,offset_y=-3,blur=2,opacity=75,colour=#204060", made_by_others!("shadow_soft")),
        ("drop_shadow:offset_x=-20,offset_y=11,blur=1.5,opacity=40,colour=#204060", made_by_others!("shadow_far")),
    ] {
        let (got, expected) = (run(&[step], &badge), image(bytes));
        assert_eq!(got.info, Some(expected.info), "{step}");
        for (i, (got, expected)) in got.values.chunks_exact(4).zip(expected.levels().chunks_exact(4)).enumerate() {
            assert!((got[3] - expected[3]).abs() <= 1.0, "{step} {i}: {got:?} {expected:?}");
            // The less visible a colour, the less precisely it is stored.
            let over_black = |pixel: &[f32], channel: usize| pixel[channel] * pixel[3] / 255.0;
            for channel in 0..3 {
                let off = (over_black(got, channel) - over_black(expected, channel)).abs();
                assert!(off <= 1.5, "{step} {i}: {got:?} {expected:?}");
            }
        }
    }
}

/// Left, top, width and height of the area that a step changes in a gray image.
fn changed(step: &str, (width, height): (u32, u32)) -> (u32, u32, u32, u32) {
    let out = run(&[step], &TestImage::u8(width, height, Channels::Gray, |_, _, _| 100));
    assert_eq!(out.info.map(|info| info.channels), Some(Channels::Gray), "{step}: white needs no colour");
    let at: Vec<(u32, u32)> = (0..height)
        .flat_map(|y| (0..width).map(move |x| (x, y)))
        .zip(&out.values)
        .filter(|(_, v)| **v != 100.0)
        .map(|(at, _)| at)
        .collect();
    let ends =
        |of: fn(&(u32, u32)) -> u32| (at.iter().map(of).min().unwrap_or(0), at.iter().map(of).max().unwrap_or(0));
    let ((left, right), (top, bottom)) = (ends(|at| at.0), ends(|at| at.1));
    (left, top, right - left + 1, bottom - top + 1)
}

#[test]
fn watermarks_have_the_requested_size_or_the_largest_that_fits() {
    // A block of 20 x 30 px.
    for (step, size, expected) in [
        ("scale=40,margin=10,position=top_left", (200, 100), (10, 10, 27, 40)),
        ("scale=100,margin=10,position=center", (200, 100), (74, 10, 53, 80)),
        ("scale=100,margin=30,position=bottom_right", (40, 200), (12, 164, 16, 24)),
        ("scale=50,margin=0,position=right", (80, 60), (60, 15, 20, 30)),
        ("scale=0.1,margin=0,position=top_left", (200, 100), (0, 0, 1, 1)),
        // Tiles ignore the margin; the gap leaves space for one column, which starts in the middle.
        ("scale=100,margin=30,tile=true,gap=100", (40, 40), (7, 0, 27, 40)),
    ] {
        assert_eq!(changed(&format!("watermark_image:file=block.png,opacity=100,{step}"), size), expected, "{step}");
    }
    // Text of 20 px that would be wider or higher than the image.
    let wide = format!("watermark_text:text={},size=20,margin=5,position=center,opacity=100", "M".repeat(30));
    let (left, _, width, height) = changed(&wide, (200, 100));
    assert!((5..8).contains(&left) && (185..=190).contains(&width) && height < 12, "{left} {width} {height}");
    let high = format!("watermark_text:text=\"{}\",size=30,margin=5,position=center,opacity=100", ["M"; 8].join("\n"));
    let (_, top, width, height) = changed(&high, (200, 100));
    assert!((5..8).contains(&top) && (85..=90).contains(&height) && width < 15, "{top} {width} {height}");
}

#[test]
fn a_vignettes_radius_is_a_percentage_of_the_distance_to_a_corner() {
    let level = 150.0;
    let image = TestImage::u8(61, 37, Channels::Gray, |_, _, _| 150);
    for (amount, radius, feather) in [(70.0, 20.0, 50.0), (-40.0, 0.0, 100.0), (100.0, 45.0, 10.0)] {
        let out = run(&[&format!("vignette:amount={amount},radius={radius},feather={feather}")], &image).values;
        for (i, got) in out.iter().enumerate() {
            let (dx, dy) = ((i % 61) as f64 + 0.5 - 30.5, (i / 61) as f64 + 0.5 - 18.5);
            let way = 100.0 * (dx / 30.5).hypot(dy / 18.5) / 2.0_f64.sqrt();
            let t = ((way - radius) / feather).clamp(0.0, 1.0);
            let strength = amount / 100.0 * t * t * (3.0 - 2.0 * t);
            let expected = if amount > 0.0 { level * (1.0 - strength) } else { level + (255.0 - level) * -strength };
            assert!((f64::from(*got) - expected).abs() <= 0.501, "{amount} {radius} {feather}: {got} {expected}");
        }
    }
}

#[test]
fn looks_and_tones_match_other_programs() {
    for (step, bytes, tolerance) in [
        // Halves are rounded in Pillow's 16-bit fixed point.
        ("lut:file=apart.cube", made_by_others!("apart"), 1.0),
        // Between the table's entries, tetrahedral and trilinear interpolation differ.
        ("lut:file=mixed.cube", made_by_others!("mixed"), 2.0),
        ("solarize:level=1", made_by_others!("solarize_1"), 0.0),
        ("solarize:level=100", made_by_others!("solarize_100"), 0.0),
        ("solarize:level=200", made_by_others!("solarize_200"), 0.0),
        ("invert", made_by_others!("invert"), 0.0),
        ("grayscale", made_by_others!("gray"), 1.0),
        // Pillow uses integer grays.
        ("duotone:shadows=#102030,highlights=#ffd080", made_by_others!("duotone"), 1.5),
        // ImageMagick truncates the middle level, 127.5, to 127.
        ("posterize:levels=3", made_by_others!("posterize_3"), 1.0),
        ("posterize:levels=6", made_by_others!("posterize_6"), 0.0),
        ("emboss:angle=315,height=1.5,colour=true", made_by_others!("emboss_315"), 1.0),
        ("emboss:angle=90,height=1,colour=true", made_by_others!("emboss_90"), 1.0),
    ] {
        check(step, &reference_source(), bytes, tolerance);
    }
    let dull = image(made_by_others!("dull"));
    // Pillow truncates fractions and counts luma in integer levels.
    check("auto_levels:by=channel,clip=2", &dull, made_by_others!("autocontrast_channel"), 1.0);
    check("auto_levels:clip=2", &dull, made_by_others!("autocontrast_luma"), 2.0);
}
