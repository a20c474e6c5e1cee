//! Operations on colour against their formulas in f64, on every sample type and every kind of channels.

use super::harness::{TestImage, files, plan, recipe, run, warm};
use crate::model::{Channels, Orientation, SampleType, Samples};
use crate::op::Pipeline;
use crate::op::stage::Stage;

/// The result of a step for a pixel of encoded values.
type Formula = fn([f64; 3]) -> [f64; 3];

fn unit(value: f64) -> f64 {
    value.clamp(0.0, 1.0)
}

fn to_linear(value: f64) -> f64 {
    if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
}

fn from_linear(value: f64) -> f64 {
    if value <= 0.003_130_8 { value * 12.92 } else { 1.055 * value.powf(1.0 / 2.4) - 0.055 }
}

fn luma([r, g, b]: [f64; 3]) -> f64 {
    0.299 * r + 0.587 * g + 0.114 * b
}

fn luma_709([r, g, b]: [f64; 3]) -> f64 {
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

fn times(rows: [[f64; 3]; 3], colour: [f64; 3]) -> [f64; 3] {
    rows.map(|row| row.iter().zip(colour).map(|(part, value)| part * value).sum())
}

/// A monotone cubic through points, implemented independently with Hermite's four polynomials.
fn curve(points: &[(f64, f64)], value: f64) -> f64 {
    let points: Vec<(f64, f64)> = points.iter().map(|(x, y)| (x / 255.0, y / 255.0)).collect();
    let rise = |i: usize| (points[i + 1].1 - points[i].1) / (points[i + 1].0 - points[i].0);
    let last = points.len() - 1;
    let slope = |i: usize| match i {
        0 => rise(0),
        i if i == last => rise(last - 1),
        i if rise(i - 1) * rise(i) <= 0.0 => 0.0,
        i => 2.0 / (1.0 / rise(i - 1) + 1.0 / rise(i)),
    };
    if value <= points[0].0 {
        return points[0].1;
    }
    let Some(i) = (0..last).find(|i| value <= points[i + 1].0) else { return points[last].1 };
    let width = points[i + 1].0 - points[i].0;
    let t = (value - points[i].0) / width;
    (1.0 + 2.0 * t) * (1.0 - t).powi(2) * points[i].1
        + t * (1.0 - t).powi(2) * width * slope(i)
        + t * t * (3.0 - 2.0 * t) * points[i + 1].1
        + t * t * (t - 1.0) * width * slope(i + 1)
}

/// The result of `warm.cube` by tetrahedral interpolation of its entries.
fn warm_table(colour: [f64; 3]) -> [f64; 3] {
    let cell = colour.map(|value| (value * 4.0).floor().min(3.0));
    let part: Vec<f64> = colour.iter().zip(cell).map(|(value, cell)| value * 4.0 - cell).collect();
    let mut order = [0, 1, 2];
    order.sort_by(|a, b| part[*b].total_cmp(&part[*a]));
    let mut corner = cell;
    let mut sum = warm(corner.map(|at| at / 4.0)).map(|value| value * (1.0 - part[order[0]]));
    for (i, axis) in order.iter().enumerate() {
        corner[*axis] += 1.0;
        let weight = part[*axis] - order.get(i + 1).map_or(0.0, |next| part[*next]);
        for (sum, value) in sum.iter_mut().zip(warm(corner.map(|at| at / 4.0))) {
            *sum += weight * value;
        }
    }
    sum
}

fn saturated(colour: [f64; 3], factor: f64) -> [f64; 3] {
    let gray = luma_709(colour);
    colour.map(|value| gray + (value - gray) * factor)
}

const CASES: &[(&str, Formula)] = &[
    ("brightness:amount=12.5", |colour| colour.map(|v| v + 0.125)),
    ("contrast:amount=40", |colour| colour.map(|v| (v - 0.5) * (std::f64::consts::FRAC_PI_4 * 1.4).tan() + 0.5)),
    ("linear:scale=-1.5,offset=300", |colour| colour.map(|v| v * -1.5 + 300.0 / 255.0)),
    ("gamma:value=2.2", |colour| colour.map(|v| v.powf(1.0 / 2.2))),
    ("gamma:value=0.05", |colour| colour.map(|v| v.powf(20.0))),
    ("gamma:value=20", |colour| colour.map(|v| v.powf(0.05))),
    ("exposure:stops=1", |colour| colour.map(|v| from_linear(unit(to_linear(v) * 2.0)))),
    ("exposure:stops=-2.5", |colour| colour.map(|v| from_linear(to_linear(v) * (-2.5_f64).exp2()))),
    ("exposure:stops=8", |colour| colour.map(|v| from_linear(unit(to_linear(v) * 256.0)))),
    ("exposure:stops=-8", |colour| colour.map(|v| from_linear(to_linear(v) / 256.0))),
    ("levels:black=20,white=230", |colour| colour.map(|v| (v * 255.0 - 20.0) / 210.0)),
    ("levels:black=20.5,white=200,gamma=1.7,out_black=30,out_white=220", |colour| {
        colour.map(|v| (30.0 + 190.0 * unit((v * 255.0 - 20.5) / 179.5).powf(1.0 / 1.7)) / 255.0)
    }),
    ("levels:gamma=0.1", |colour| colour.map(|v| v.powf(10.0))),
    ("levels:out_black=255,out_white=0", |colour| colour.map(|v| 1.0 - v)),
    (r#"curves:all="0,0;64,50;192,220;255,255""#, |colour| {
        colour.map(|v| curve(&[(0.0, 0.0), (64.0, 50.0), (192.0, 220.0), (255.0, 255.0)], v))
    }),
    (r#"curves:red="20,0;255,240",blue="0,0;100,160;128,100;200,100;255,30",all="0,255;255,0""#, |[r, g, b]| {
        let blue = [(0.0, 0.0), (100.0, 160.0), (128.0, 100.0), (200.0, 100.0), (255.0, 30.0)];
        [1.0 - curve(&[(20.0, 0.0), (255.0, 240.0)], r), 1.0 - g, 1.0 - curve(&blue, b)]
    }),
    ("saturation:factor=1.4", |colour| saturated(colour, 1.4)),
    ("vibrance:amount=60", |colour| {
        let most = colour.into_iter().fold(0.0, f64::max);
        let least = colour.into_iter().fold(1.0, f64::min);
        saturated(colour, 1.0 + 0.6 * (1.0 - (most - least)))
    }),
    ("vibrance:amount=-100", |colour| {
        let most = colour.into_iter().fold(0.0, f64::max);
        let least = colour.into_iter().fold(1.0, f64::min);
        saturated(colour, most - least)
    }),
    // W3C Filter Effects Module Level 1, 9.6.
    ("hue:degrees=90", |colour| times([[0.0, 0.0, 1.0], [0.356, 0.855, -0.211], [-0.574, 1.43, 0.144]], colour)),
    ("hue:degrees=-180", |colour| times([[-0.574, 1.43, 0.144], [0.426, 0.43, 0.144], [0.426, 1.43, -0.856]], colour)),
    ("sepia", |colour| times([[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]], colour)),
    ("sepia:amount=25", |colour| {
        let sepia = times([[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]], colour);
        std::array::from_fn(|i| colour[i] * 0.75 + sepia[i] * 0.25)
    }),
    ("channel_mixer:red_from_red=50,red_from_green=70,green_from_blue=-30,blue_constant=12", |[r, g, b]| {
        [0.5 * r + 0.7 * g, g - 0.3 * b, b + 0.12]
    }),
    ("channel_mixer:monochrome=true,red_from_red=20,red_from_green=60,red_from_blue=10,red_constant=4", |[r, g, b]| {
        [0.2 * r + 0.6 * g + 0.1 * b + 0.04; 3]
    }),
    ("grayscale", |colour| [luma(colour); 3]),
    ("grayscale:weights=rec709", |colour| [luma_709(colour); 3]),
    ("grayscale:weights=average", |[r, g, b]| [(r + g + b) / 3.0; 3]),
    ("duotone:shadows=#102030,highlights=#ffd080", |colour| {
        let ink = |low: f64, high: f64| (low + (high - low) * luma(colour)) / 255.0;
        [ink(16.0, 255.0), ink(32.0, 208.0), ink(48.0, 128.0)]
    }),
    ("invert", |colour| colour.map(|v| 1.0 - v)),
    ("solarize:level=100", |colour| colour.map(|v| if v * 255.0 >= 100.0 - 1e-9 { 1.0 - v } else { v })),
    ("posterize:levels=5", |colour| colour.map(|v| (v * 4.0).round() / 4.0)),
    ("posterize:levels=256", |colour| colour.map(|v| (v * 255.0).round() / 255.0)),
    ("lut:file=warm.cube", warm_table),
    ("lut:file=warm.cube,strength=30", |colour| {
        let look = warm_table(colour).map(unit);
        std::array::from_fn(|i| colour[i] * 0.7 + look[i] * 0.3)
    }),
    ("lut:file=curve.cube", |colour| colour.map(|v| if v < 0.5 { v * 1.2 } else { 0.6 + (v - 0.5) * 0.8 })),
];

/// Grays over the full range, then various colours.
fn gradient(channels: Channels, sample: SampleType) -> TestImage {
    let mut image = TestImage::u8(513, 130, channels, |_, _, _| 0);
    image.info.sample = sample;
    let count = channels.count();
    let value = |i: usize| {
        let (pixel, channel) = (i / count, i % count);
        let value = if pixel < 65536 || channels.colour_count() == 1 {
            pixel as u32
        } else {
            (pixel as u32).wrapping_mul(2_654_435_761_u32.wrapping_add(channel as u32 * 7_777_778)) >> 16
        };
        let alpha = channels.has_alpha() && channel + 1 == count;
        (if alpha { value.wrapping_mul(77) } else { value }) as u16
    };
    let len = 513 * 130 * count;
    image.samples = match sample {
        SampleType::U8 => Samples::U8((0..len).map(|i| (value(i) >> 8) as u8).collect()),
        SampleType::U16 => Samples::U16((0..len).map(value).collect()),
        SampleType::F32 => Samples::F32((0..len).map(|i| f32::from(value(i)) / 65535.0).collect()),
    };
    image
}

/// A pixel's colours and its alpha.
fn parts(pixel: &[f32], channels: Channels, full: f64) -> ([f64; 3], Option<f64>) {
    let value = |i: usize| f64::from(pixel[i]) / full;
    let colour = if channels.colour_count() == 1 { [value(0); 3] } else { [0, 1, 2].map(value) };
    (colour, channels.has_alpha().then(|| value(pixel.len() - 1)))
}

#[test]
fn colour_operations_follow_their_formulas_to_the_last_of_16_bits() {
    for channels in [Channels::Rgb, Channels::Gray, Channels::Rgba, Channels::GrayAlpha] {
        for (sample, full, tolerance) in [
            (SampleType::U16, 65535.0, 1.0 / 65535.0),
            // Half a level, plus the rounding of the formula itself.
            (SampleType::U8, 255.0, 0.501 / 255.0),
        ] {
            let image = gradient(channels, sample);
            let levels = image.levels();
            for (step, formula) in CASES {
                let out = run(&[step], &image);
                let info = out.info.expect("started");
                assert_eq!(info.sample, sample, "{step}");
                let pixels = levels.chunks_exact(channels.count()).zip(out.values.chunks_exact(info.channels.count()));
                let mut worst = (0.0, [0.0; 3], [0.0; 3]);
                for (before, after) in pixels {
                    let ((colour, alpha), (got, alpha_after)) =
                        (parts(before, channels, full), parts(after, info.channels, full));
                    assert_eq!(alpha, alpha_after, "{step} {channels:?}");
                    for (got_value, expected) in got.into_iter().zip(formula(colour)) {
                        let off = (got_value - unit(expected)).abs();
                        if off > worst.0 {
                            worst = (off, colour, got);
                        }
                    }
                }
                assert!(worst.0 <= tolerance, "{step} {channels:?} {sample:?}: {worst:?}");
            }
        }
    }
}

#[test]
fn sixteen_bit_images_keep_more_levels_than_eight_bits_have() {
    let image = gradient(Channels::Gray, SampleType::U16);
    for step in ["exposure:stops=1", "gamma:value=2.2", r#"curves:all="0,0;64,50;255,255""#, "levels:black=9,gamma=2"] {
        let mut levels: Vec<u32> = run(&[step], &image).values.iter().map(|level| *level as u32).collect();
        levels.sort_unstable();
        levels.dedup();
        assert!(levels.len() > 20_000, "{step}: {}", levels.len());
    }
}

#[test]
fn gray_images_become_coloured_only_by_steps_that_add_colour() {
    let channels_after = |step: &str, channels| {
        let image = TestImage::scene(9, 5, channels);
        run(&[step], &image).info.expect("started").channels
    };
    for (step, coloured) in [
        ("sepia", true),
        ("duotone", true),
        ("white_balance:temperature=20", true),
        ("lut:file=warm.cube", true),
        (r#"curves:red="0,9;255,255""#, true),
        ("channel_mixer:blue_constant=5", true),
        ("lut:file=curve.cube", false),
        (r#"curves:all="0,9;255,255""#, false),
        (r#"curves:red="0,9;255,255",green="0,9;255,255",blue="0,9;255,255""#, false),
        ("channel_mixer:red_from_red=80,green_from_green=80,blue_from_blue=80", false),
        ("channel_mixer:red_from_red=80,monochrome=true", false),
        ("hue:degrees=40", false),
        ("vibrance:amount=40", false),
        ("exposure:stops=1", false),
        ("auto_levels:by=channel", false),
        ("threshold", false),
        ("posterize", false),
    ] {
        let expected = if coloured { [Channels::Rgb, Channels::Rgba] } else { [Channels::Gray, Channels::GrayAlpha] };
        let got = [Channels::Gray, Channels::GrayAlpha].map(|channels| channels_after(step, channels));
        assert_eq!(got, expected, "{step}");
    }
    for channels in [Channels::Rgb, Channels::Rgba] {
        assert_eq!(channels_after("threshold", channels).colour_count(), 1);
        assert_eq!(channels_after("channel_mixer:monochrome=true", channels).colour_count(), 1);
    }
}

#[test]
fn parameters_that_change_nothing_cost_nothing() {
    let info = TestImage::scene(4, 4, Channels::Rgb).info;
    for step in [
        "brightness",
        "contrast",
        "exposure",
        "gamma",
        "levels",
        "curves",
        "linear",
        "white_balance",
        "saturation",
        "vibrance",
        "hue:degrees=360",
        "channel_mixer",
        "lut:file=warm.cube,strength=0",
        "sepia:amount=0",
        "border:size=0",
        "canvas",
        "crop",
        "crop:aspect=1:1",
        "drop_shadow:opacity=0",
        "drop_shadow:colour=#00000000",
        "resize:long_edge=4",
        "rotate:degrees=0",
        "rotate:degrees=-360",
        "rounded_corners:radius=0",
        "trim:by=transparency",
        "vignette:amount=0",
        "vignette:radius=100",
        "watermark_text:opacity=0",
    ] {
        let step_given = &recipe(&[step]).steps[0];
        let spec = crate::op::find(&step_given.op).expect("registered");
        let params = crate::op::Params::check(spec.params, &step_given.params);
        let stage = (spec.build)(&params.expect("checked")).expect("made").stage(&info);
        assert!(matches!(stage, Ok(Stage::Nothing)), "{step}");
    }
}

#[test]
fn threshold_whitens_the_level_and_everything_above() {
    let ramp = TestImage::u8(256, 1, Channels::Gray, |x, _, _| x as u8);
    let rgb = TestImage::u8(256, 1, Channels::Rgb, |x, _, _| x as u8);
    for level in 0..=255_u32 {
        let expected: Vec<f32> = (0..256).map(|v| if v >= level { 255.0 } else { 0.0 }).collect();
        let step = format!("threshold:level={level}");
        assert_eq!(run(&[&step], &ramp).values, expected, "{level}");
        assert_eq!(run(&[&step], &rgb).values, expected, "{level}");
    }
}

/// Pillow 13: `ImageOps.autocontrast(image, cutoff=clip, preserve_tone=...)`, implemented independently.
fn pillow_range(counts: &[u64], clip_percent: u64) -> (usize, usize) {
    let cut = counts.iter().sum::<u64>() * clip_percent / 100;
    let end = |order: &mut dyn Iterator<Item = usize>| {
        let mut left = cut;
        for level in order {
            if counts[level] > left {
                return level;
            }
            left -= counts[level];
        }
        0
    };
    (end(&mut (0..256)), end(&mut (0..256).rev()))
}

#[test]
fn auto_levels_ignores_the_clipped_ends() {
    let mut image = TestImage::scene(120, 80, Channels::Rgb);
    if let Samples::U8(levels) = &mut image.samples {
        levels.iter_mut().enumerate().for_each(|(i, level)| *level = *level / 2 + [40, 20, 70][i % 3]);
    }
    let levels = image.levels();
    for clip in [0, 1, 10] {
        let out = run(&[&format!("auto_levels:by=channel,clip={clip}")], &image).values;
        for channel in 0..3 {
            let of_channel = || levels.iter().skip(channel).step_by(3);
            let mut counts = vec![0; 256];
            of_channel().for_each(|level| counts[*level as usize] += 1);
            let (low, high) = pillow_range(&counts, clip);
            for (before, after) in of_channel().zip(out.iter().skip(channel).step_by(3)) {
                let expected = (f64::from(*before) - low as f64) * 255.0 / (high - low) as f64;
                assert!((f64::from(*after) - expected.clamp(0.0, 255.0)).abs() <= 0.501, "{clip} {channel} {before}");
            }
        }
        // By luma, all colours alike.
        let mut grays: Vec<f64> =
            levels.chunks_exact(3).map(|pixel| luma([pixel[0], pixel[1], pixel[2]].map(f64::from))).collect();
        grays.sort_by(f64::total_cmp);
        let aside = grays.len() * clip as usize / 100;
        let (low, high) = (grays[aside], grays[grays.len() - 1 - aside]);
        let out = run(&[&format!("auto_levels:clip={clip}")], &image).values;
        for (before, after) in levels.iter().zip(&out) {
            let expected = ((f64::from(*before) - low) * 255.0 / (high - low)).clamp(0.0, 255.0);
            // Luma is counted in 16-bit levels.
            assert!((f64::from(*after) - expected).abs() <= 0.52, "{clip} {before} {after}");
        }
    }
}

#[test]
fn auto_levels_keeps_flat_images_and_ignores_invisible_colours() {
    for channels in [Channels::Gray, Channels::Rgba] {
        let flat = TestImage::u8(5, 5, channels, |_, _, _| 99);
        assert_eq!(run(&["auto_levels:by=channel"], &flat).values, flat.levels());
        let unseen =
            TestImage::u8(5, 5, channels, |_, _, channel| if channels.has_alpha() && channel == 3 { 0 } else { 7 });
        assert_eq!(run(&["auto_levels"], &unseen).values, unseen.levels());
    }
    // The black of the transparent pixel is ignored.
    let seen =
        TestImage::u8(3, 1, Channels::GrayAlpha, |x, _, channel| [[100, 255], [150, 255], [0, 0]][x as usize][channel]);
    assert_eq!(run(&["auto_levels:clip=0"], &seen).values, [0.0, 255.0, 255.0, 255.0, 0.0, 0.0]);
}

#[test]
fn white_balance_is_the_same_matrix_of_light_for_every_sample_type() {
    // From the matrix for temperature 50, tint -20, computed separately (tests/reference/white_balance.py).
    let rows = [
        [1.023_494_784_372_487, 0.014_935_636_889_931, 0.012_399_157_150_533],
        [-0.000_546_922_990_264, 1.011_064_710_814_587, 0.006_405_612_984_669],
        [-0.006_638_038_478_125, -0.026_627_689_078_768, 0.715_899_023_013_1],
    ];
    for (sample, full, tolerance) in [(SampleType::U16, 65535.0, 1.0 / 65535.0), (SampleType::U8, 255.0, 0.501 / 255.0)]
    {
        let image = gradient(Channels::Rgb, sample);
        let out = run(&["white_balance:temperature=50,tint=-20"], &image).values;
        for (before, after) in image.levels().chunks_exact(3).zip(out.chunks_exact(3)) {
            let (colour, _) = parts(before, Channels::Rgb, full);
            let (got, _) = parts(after, Channels::Rgb, full);
            let expected = times(rows, colour.map(to_linear)).map(|light| from_linear(unit(light)));
            for (got, expected) in got.into_iter().zip(expected) {
                assert!((got - expected).abs() <= tolerance, "{sample:?} {colour:?}: {got} {expected}");
            }
        }
    }
}

#[test]
fn an_invalid_or_missing_table_is_reported_before_any_image() {
    let refusal = |step: crate::model::Step| {
        Pipeline::new(&crate::model::Recipe { version: 1, steps: vec![step] }, &files())
            .map(|_| ())
            .expect_err("refused")
    };
    let step = crate::model::Step::new("lut");
    assert!(refusal(step.clone()).why.to_string().contains("lut: file is required"));
    assert!(refusal(step.with("file", "none.cube")).why.to_string().contains("there is no file none.cube"));
    let error = refusal(crate::model::Step::new("lut").with("file", "broken.cube"));
    assert_eq!(error.why.to_string(), "lut: broken.cube: line 2: expected 3 numbers, found 2");
    let error = refusal(crate::model::Step::new("levels").with("black", 200.0).with("white", 200.0));
    assert_eq!(error.why.to_string(), "levels: black (200) must be below white (200)");
}

#[test]
fn gray_steps_request_only_luma_from_a_decoder() {
    let info = TestImage::scene(40, 40, Channels::Rgb).info;
    for (step, luma) in [
        ("threshold", true),
        ("duotone", true),
        ("grayscale", true),
        ("grayscale:weights=rec709", false),
        ("channel_mixer:monochrome=true", false),
        ("sepia", false),
    ] {
        assert_eq!(plan(&[step], &info, Orientation::Upright, 1.0).accepts_luma(), luma, "{step}");
    }
}
