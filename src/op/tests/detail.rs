//! Tests of the operations on sharpness, blur and other neighbourhoods: against other programs' results (made by
//! `tests/reference/detail/make.py`) and against plain formulas.

use super::harness::{TestImage, run};
use super::{largest_difference, reference, reference_source};
use crate::model::{Channels, ImageInfo, SampleType, Samples};

macro_rules! made_by_others {
    ($name:literal) => {
        include_bytes!(concat!("../../../tests/reference/detail/", $name, ".png")).as_slice()
    };
}

#[test]
fn results_agree_with_those_of_other_programs() {
    for (step, bytes, tolerance) in [
        ("gaussian_blur:sigma=1", made_by_others!("skimage_gaussian_1"), 1.0),
        ("gaussian_blur:sigma=14", made_by_others!("skimage_gaussian_14"), 1.0),
        ("gaussian_blur:sigma=50", made_by_others!("skimage_gaussian_50"), 1.0),
        ("sharpen:sigma=1,amount=0.8", made_by_others!("imagemagick_unsharp_1_0.8"), 2.0),
        ("sharpen:sigma=2.5,amount=1.5", made_by_others!("imagemagick_unsharp_2.5_1.5"), 2.0),
        ("median:radius=1", made_by_others!("opencv_median_1"), 0.0),
        ("median:radius=2", made_by_others!("opencv_median_2"), 0.0),
        ("median:radius=3", made_by_others!("opencv_median_3"), 0.0),
        ("median:radius=6", made_by_others!("opencv_median_6"), 0.0),
        ("box_blur:radius=2", made_by_others!("opencv_box_2"), 1.0),
        ("box_blur:radius=11", made_by_others!("opencv_box_11"), 1.0),
        ("box_blur:radius=2.6", made_by_others!("pillow_box_2.6"), 1.0),
        ("edge:kernel=sobel,amount=1,colour=true", made_by_others!("skimage_sobel"), 1.0),
        ("edge:kernel=scharr,amount=1,colour=true", made_by_others!("skimage_scharr"), 1.0),
        ("edge:kernel=prewitt,amount=1,colour=true", made_by_others!("skimage_prewitt"), 1.0),
    ] {
        let (_, _, levels) = reference(bytes);
        let expected: Vec<f32> = levels.iter().map(|v| f32::from(*v)).collect();
        let difference = largest_difference(&run(&[step], &reference_source()).values, &expected);
        assert!(difference <= tolerance, "{step}: {difference} levels");
    }
}

/// Noise, which reveals any error, in f32.
fn noisy(width_px: u32, height_px: u32, channels: Channels) -> TestImage {
    let info = ImageInfo { width_px, height_px, channels, sample: SampleType::F32, premultiplied: false };
    let mut state = 1_u32;
    let samples = (0..info.row_samples() * height_px as usize).map(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 24) as f32
    });
    TestImage { info, samples: Samples::F32(samples.collect()) }
}

/// The same with 16-bit levels.
fn noisy16(width_px: u32, height_px: u32, channels: Channels) -> TestImage {
    let mut image = noisy(width_px, height_px, channels);
    image.info.sample = SampleType::U16;
    image.samples = Samples::U16(image.levels().iter().map(|v| (v * 65535.0).round() as u16).collect());
    image
}

/// A sample as f64, the nearest one beyond the edges.
fn at(image: &TestImage, levels: &[f32], x: i64, y: i64, channel: usize) -> f64 {
    let info = &image.info;
    let (x, y) = (x.clamp(0, i64::from(info.width_px) - 1), y.clamp(0, i64::from(info.height_px) - 1));
    f64::from(levels[(y * i64::from(info.width_px) + x) as usize * info.channels.count() + channel])
}

/// The expected result: `formula` gives each sample from its neighbours.
fn expected(image: &TestImage, formula: impl Fn(&dyn Fn(i64, i64) -> f64) -> f64) -> Vec<f32> {
    let levels = image.levels();
    let (width, height) = (i64::from(image.info.width_px), i64::from(image.info.height_px));
    let mut out = Vec::new();
    for y in 0..height {
        for x in 0..width {
            for channel in 0..image.info.channels.count() {
                out.push(formula(&|dx, dy| at(image, &levels, x + dx, y + dy, channel)) as f32);
            }
        }
    }
    out
}

fn median_of(radius: i64, look: &dyn Fn(i64, i64) -> f64) -> f64 {
    let side = -radius..=radius;
    let mut values: Vec<f64> = side.clone().flat_map(|y| side.clone().map(move |x| look(x, y))).collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[test]
fn medians_are_exact_for_every_radius_and_depth() {
    for radius in [1_i64, 2, 3, 4, 7, 20] {
        let step = format!("median:radius={radius}");
        for image in [
            noisy16(70, 33, Channels::Rgb),
            noisy16(3, 50, Channels::Gray),
            noisy(70, 33, Channels::Gray),
            TestImage::scene(170, 70, Channels::Gray),
            TestImage::scene(1, 1, Channels::Rgb),
        ] {
            // Large squares of floats are counted by 16-bit levels.
            let tolerance = if image.info.sample == SampleType::F32 { 0.51 / 65535.0 } else { 0.0 };
            let expected = expected(&image, |look| median_of(radius, look));
            let difference = largest_difference(&run(&[&step], &image).values, &expected);
            assert!(difference <= tolerance, "{step} {:?}: {difference}", image.info);
        }
    }
}

#[test]
fn box_blurs_are_means_whatever_the_radius() {
    for (radius, whole) in [(1.0, 1_i64), (0.4, 0), (7.25, 7), (40.0, 40)] {
        for image in [noisy(50, 31, Channels::Rgb), noisy(2, 9, Channels::Gray)] {
            let weight = |d: i64| if d.abs() <= whole { 1.0 } else { radius - whole as f64 };
            let expected = expected(&image, |look| {
                let side = -whole - 1..=whole + 1;
                let line = side.clone().flat_map(|y| side.clone().map(move |x| (x, y)));
                line.map(|(x, y)| weight(x) * weight(y) * look(x, y)).sum::<f64>() / (2.0 * radius + 1.0).powi(2)
            });
            let out = run(&[&format!("box_blur:radius={radius}")], &image);
            let difference = largest_difference(&out.values, &expected);
            assert!(difference <= 0.1 / 65535.0, "{radius}: {difference}");
        }
    }
}

#[test]
fn wide_gaussians_follow_their_formula_at_edges_and_in_tiny_images() {
    for sigma in [12.0, 14.5, 40.0, 200.0] {
        for image in [noisy(90, 40, Channels::Rgb), noisy(1, 1, Channels::Gray), noisy(5, 130, Channels::Gray)] {
            let radius = (4.0 * sigma + 0.5_f64).floor() as i64;
            let weights: Vec<f64> = (-radius..=radius).map(|d| (-0.5 * (d as f64 / sigma).powi(2)).exp()).collect();
            let sum: f64 = weights.iter().sum();
            // One direction after the other, in f64.
            let mut levels = image.levels();
            for across in [true, false] {
                let (width, channels) = (image.info.width_px as usize, image.info.channels.count());
                let blurred = (0..levels.len()).map(|i| {
                    let (x, y) = ((i / channels % width) as i64, (i / channels / width) as i64);
                    let taps = (-radius..=radius).map(|d| if across { (x + d, y) } else { (x, y + d) });
                    let taps = taps.map(|(x, y)| at(&image, &levels, x, y, i % channels));
                    (taps.zip(&weights).map(|(tap, weight)| tap * weight).sum::<f64>() / sum) as f32
                });
                levels = blurred.collect();
            }
            let out = run(&[&format!("gaussian_blur:sigma={sigma}")], &image);
            let difference = largest_difference(&out.values, &levels) * 255.0;
            assert!(difference <= 0.05, "{sigma} {:?}: {difference} levels", image.info);
        }
    }
}

#[test]
fn a_wide_gaussian_of_an_edge_and_of_a_pixel_follows_its_formula() {
    let edge = TestImage::u8(200, 3, Channels::Gray, |x, _, _| if x < 100 { 0 } else { 255 });
    let sigma = 20.0;
    let radius = 80_i64;
    let weights: Vec<f64> = (-radius..=radius).map(|d| (-0.5 * (d as f64 / sigma).powi(2)).exp()).collect();
    let sum: f64 = weights.iter().sum();
    let expected = expected(&edge, |look| {
        (-radius..=radius).zip(&weights).map(|(d, weight)| look(d, 0) * weight).sum::<f64>() / sum
    });
    // Half a level of rounding, and a tenth.
    assert!(largest_difference(&run(&["gaussian_blur:sigma=20"], &edge).values, &expected) <= 0.6);
}

#[test]
fn a_threshold_keeps_small_differences() {
    let image = noisy16(40, 30, Channels::Rgb);
    let blurred = run(&["gaussian_blur:sigma=1.5"], &image).values;
    let plain = run(&["sharpen:sigma=1.5,amount=0.7"], &image).values;
    let out = run(&["sharpen:sigma=1.5,amount=0.7,threshold=40"], &image).values;
    let (mut kept, mut changed) = (0, 0);
    for (((out, plain), blurred), x) in out.iter().zip(plain).zip(blurred).zip(image.levels()) {
        let difference = (x - blurred).abs() / 65535.0 * 255.0;
        // At the threshold, rounding decides.
        if difference < 39.9 {
            assert!((out - x).abs() < 0.5);
            kept += 1;
        } else if difference > 40.1 {
            assert!((out - plain).abs() < 0.5);
            changed += 1;
        }
    }
    assert!(kept > 100 && changed > 100, "{kept} {changed}");
}

#[test]
fn pixelate_gives_each_block_its_mean() {
    let image = noisy(23, 17, Channels::Rgb);
    let (levels, size) = (image.levels(), 5);
    let out = run(&["pixelate:size=5"], &image).values;
    for y in 0..17_i64 {
        for x in 0..23_i64 {
            let block = |at: i64, end: i64| at / size * size..(at / size * size + size).min(end);
            let mut values = Vec::new();
            for by in block(y, 17) {
                values.extend(block(x, 23).map(|bx| at(&image, &levels, bx, by, 1)));
            }
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            assert!((f64::from(out[(y * 23 + x) as usize * 3 + 1]) - mean).abs() < 1e-6, "{x} {y}");
        }
    }
    assert_eq!(run(&["pixelate:size=1"], &image).values, levels);
    let one = run(&["pixelate:size=2000"], &image).values;
    assert!(one.chunks_exact(3).all(|pixel| pixel == &one[..3]));
}

#[test]
fn denoise_is_the_weighted_mean_of_similar_pixels() {
    for (channels, factor) in [(Channels::Rgb, 0.55), (Channels::Gray, 0.4)] {
        let image = TestImage::scene(45, 37, channels);
        let levels = image.levels();
        let (count, s) = (channels.count(), 8.0);
        let h: f64 = factor * s;
        let patch: Vec<(i64, i64)> = (-1..=1).flat_map(|y| (-1..=1).map(move |x| (x, y))).collect();
        let out = run(&["denoise:strength=8,radius=2"], &image).values;
        for y in 0..37 {
            for x in 0..45 {
                let look = |x, y, channel| at(&image, &levels, x, y, channel);
                let (mut sums, mut weights) = (vec![0.0; count], 0.0);
                for (right, down) in (-2..=2).flat_map(|down| (-2..=2).map(move |right| (right, down))) {
                    let squares = patch.iter().flat_map(|(dx, dy)| {
                        (0..count).map(move |channel| {
                            let (x, y) = (x + dx, y + dy);
                            (look(x, y, channel) - look(x + right, y + down, channel)).powi(2)
                        })
                    });
                    let distance = squares.sum::<f64>() / (9 * count) as f64;
                    let weight = (-(distance - 2.0 * s * s).max(0.0) / (h * h)).exp();
                    weights += weight;
                    sums.iter_mut().enumerate().for_each(|(c, sum)| *sum += weight * look(x + right, y + down, c));
                }
                for (channel, sum) in sums.iter().enumerate() {
                    let got = f64::from(out[(y * 45 + x) as usize * count + channel]);
                    assert!((got - sum / weights).abs() <= 0.52, "{x} {y}: {got}, not {}", sum / weights);
                }
            }
        }
    }
}

#[test]
fn denoise_removes_noise_and_keeps_edges() {
    let clean = |x: u32| if x < 60 { 60.0 } else { 180.0 };
    let noise =
        run(&["grain:amount=8,monochrome=false"], &TestImage::u8(120, 80, Channels::Rgb, |x, _, _| clean(x) as u8));
    let mut noisy = TestImage::u8(120, 80, Channels::Rgb, |_, _, _| 0);
    noisy.samples = Samples::U8(noise.values.iter().map(|v| *v as u8).collect());
    let deviation = |values: &[f32]| {
        let squares = values.iter().enumerate().map(|(i, v)| (v - clean((i / 3 % 120) as u32)).powi(2));
        (squares.sum::<f32>() / values.len() as f32).sqrt()
    };
    let (before, after) = (deviation(&noise.values), deviation(&run(&["denoise:strength=8"], &noisy).values));
    assert!((7.0..9.0).contains(&before) && after < 2.5, "{before} to {after} levels");
}

#[test]
fn motion_blur_is_the_mean_along_its_line() {
    let image = noisy(41, 37, Channels::Rgb);
    for (step, dx, dy) in [
        ("motion_blur:length=7,angle=0", 1, 0),
        ("motion_blur:length=7,angle=90", 0, 1),
        ("motion_blur:length=7,angle=-180", 1, 0),
        // Seven columns of a diagonal are sqrt 2 longer.
        ("motion_blur:length=9.899494936611665,angle=45", 1, 1),
        ("motion_blur:length=9.899494936611665,angle=135", -1, 1),
    ] {
        let expected = expected(&image, |look| (-3..=3).map(|i| look(dx * i, dy * i)).sum::<f64>() / 7.0);
        let difference = largest_difference(&run(&[step], &image).values, &expected);
        assert!(difference < 1e-5, "{step}: {difference}");
    }
    assert_eq!(run(&["motion_blur:length=1,angle=30"], &image).values, image.levels());
    // At any angle the weights sum to 1 and the centre of gravity is unchanged.
    let dot = TestImage::u8(101, 101, Channels::Gray, |x, y, _| if (x, y) == (50, 50) { 255 } else { 0 });
    let mut dot16 = dot.clone();
    dot16.info.sample = SampleType::F32;
    dot16.samples = Samples::F32(dot.levels().iter().map(|v| v / 255.0).collect());
    for angle in [10, 33, 77, 120, 170] {
        let out = run(&[&format!("motion_blur:length=60,angle={angle}")], &dot16).values;
        let moment = |of: fn(usize) -> f32| out.iter().enumerate().map(|(i, v)| of(i) * v).sum::<f32>();
        assert!((moment(|_| 1.0) - 1.0).abs() < 1e-4, "{angle}");
        assert!(
            (moment(|i| (i % 101) as f32) - 50.0).abs() < 1e-2 && (moment(|i| (i / 101) as f32) - 50.0).abs() < 1e-2
        );
        let slope = moment(|i| ((i % 101) as f32 - 50.0) * ((i / 101) as f32 - 50.0));
        assert_eq!(slope > 0.0, angle < 90, "{angle}: clockwise from the rows");
    }
}

#[test]
fn emboss_is_bright_on_slopes_towards_the_light() {
    // Brightness falls off towards the left: a slope that faces it.
    let ramp = TestImage::u8(64, 9, Channels::Gray, |x, _, _| (x * 4) as u8);
    let middle = |step: &str| run(&[step], &ramp).values[4 * 64 + 30];
    assert_eq!(middle("emboss:angle=270,strength=2"), (127.5_f32 + 2.0 * 8.0).round());
    assert_eq!(middle("emboss:angle=90,strength=2"), (127.5_f32 - 2.0 * 8.0).round());
    assert_eq!(middle("emboss:angle=0"), 128.0);
    assert_eq!(middle("emboss:strength=0"), 128.0);
    let colour = TestImage::scene(30, 20, Channels::Rgba);
    assert_eq!(run(&["emboss"], &colour).info.map(|info| info.channels), Some(Channels::GrayAlpha));
    assert_eq!(run(&["emboss:colour=true"], &colour).info.map(|info| info.channels), Some(Channels::Rgba));
}

#[test]
fn steps_that_compare_neighbours_keep_alpha() {
    let image = TestImage::scene(30, 20, Channels::Rgba);
    let alphas: Vec<f32> = image.levels().iter().skip(3).step_by(4).copied().collect();
    for step in [
        "sharpen:sigma=2,threshold=1",
        "clarity",
        "high_pass",
        "emboss:colour=true",
        "edge:colour=true",
        "grain:amount=30,monochrome=false",
    ] {
        let out = run(&[step], &image).values;
        assert!(out.iter().skip(3).step_by(4).eq(&alphas), "{step}");
        assert!(out != image.levels(), "{step}");
    }
}

#[test]
fn clarity_and_high_pass_follow_their_formulas() {
    let image = noisy(40, 30, Channels::Rgb);
    for sigma in [3, 13] {
        let blurred = run(&[&format!("gaussian_blur:sigma={sigma}")], &image).values;
        let high = run(&[&format!("high_pass:sigma={sigma}")], &image).values;
        let clear = run(&[&format!("clarity:sigma={sigma},amount=70")], &image).values;
        let luma =
            |pixel: &[f32]| 0.299 * f64::from(pixel[0]) + 0.587 * f64::from(pixel[1]) + 0.114 * f64::from(pixel[2]);
        let pixels = image.levels();
        for (i, (pixel, blurred)) in pixels.chunks_exact(3).zip(blurred.chunks_exact(3)).enumerate() {
            let (here, around) = (luma(pixel), luma(blurred));
            let more = 0.7 * 4.0 * here * (1.0 - here) * (here - around);
            for (channel, x) in pixel.iter().enumerate() {
                let clearer = (f64::from(*x) + more).clamp(0.0, 1.0);
                assert!((f64::from(clear[i * 3 + channel]) - clearer).abs() < 1e-5);
                assert!((high[i * 3 + channel] - (0.5 + x - blurred[channel]).clamp(0.0, 1.0)).abs() < 1e-5);
            }
        }
    }
}

#[test]
fn grain_is_bell_shaped_has_the_requested_strength_and_is_deterministic() {
    let gray = TestImage::u8(256, 256, Channels::Gray, |_, _, _| 128);
    for step in ["grain:amount=12", "grain:amount=12,size=3.5", "grain:amount=12,seed=999999"] {
        let out = run(&[step], &gray).values;
        assert_eq!(out, run(&[step], &gray).values);
        let mean = out.iter().sum::<f32>() / out.len() as f32;
        let deviation = (out.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / out.len() as f32).sqrt();
        assert!((mean - 128.0).abs() < 0.7 && (deviation - 12.0).abs() < 0.6, "{step}: {mean} {deviation}");
        let within = out.iter().filter(|v| (**v - mean).abs() < deviation).count() as f32 / out.len() as f32;
        assert!((0.62..0.74).contains(&within), "{step}: {within} of all within one deviation");
    }
    let neighbours = |step: &str| {
        let out = run(&[step], &gray).values;
        let pairs =
            out.chunks_exact(256).flat_map(|row| row.windows(2).map(|pair| (pair[0] - 128.0) * (pair[1] - 128.0)));
        pairs.sum::<f32>() / out.len() as f32 / 144.0
    };
    assert!(neighbours("grain:amount=12").abs() < 0.02);
    assert!(neighbours("grain:amount=12,size=4") > 0.6);
    assert_ne!(run(&["grain:seed=1"], &gray).values, run(&["grain:seed=2"], &gray).values);
    // The same in every channel, or different in each, which turns gray into colour.
    let colours = run(&["grain:monochrome=false"], &gray);
    assert_eq!(colours.info.map(|info| info.channels), Some(Channels::Rgb));
    assert!(colours.values.chunks_exact(3).filter(|pixel| pixel[0] != pixel[1]).count() > 50_000);
    let rgb = TestImage::u8(64, 64, Channels::Rgb, |_, _, _| 128);
    assert!(run(&["grain"], &rgb).values.chunks_exact(3).all(|pixel| pixel[0] == pixel[1] && pixel[1] == pixel[2]));
    // Invisible pixels stay unchanged.
    let clear = TestImage::u8(9, 9, Channels::Rgba, |_, _, channel| [10, 20, 30, 0][channel]);
    assert_eq!(run(&["grain:amount=100"], &clear).values, clear.levels());
}

#[test]
fn steps_without_effect_keep_every_bit() {
    let image = noisy16(20, 20, Channels::Rgba);
    for step in [
        "box_blur:radius=0",
        "motion_blur:length=0",
        "median:radius=0",
        "denoise:strength=0",
        "sharpen:amount=0",
        "sharpen:sigma=0",
        "gaussian_blur:sigma=0",
        "clarity:amount=0",
        "grain:amount=0",
        "pixelate:size=1",
    ] {
        assert_eq!(run(&[step], &image).values, image.levels(), "{step}");
    }
}

#[test]
fn flat_images_stay_flat_under_every_blur() {
    for value in [0, 1, 127, 254, 255] {
        let flat = TestImage::u8(40, 60, Channels::Rgb, |_, _, _| value);
        for step in [
            "gaussian_blur:sigma=3",
            "gaussian_blur:sigma=90",
            "box_blur:radius=250",
            "box_blur:radius=0.5",
            "motion_blur:length=500,angle=33",
            "median:radius=100",
            "denoise:strength=100,radius=15",
            "pixelate:size=7",
            "clarity:amount=200",
            "sharpen:sigma=200,amount=20",
        ] {
            assert!(run(&[step], &flat).values.iter().all(|v| *v == f32::from(value)), "{step} {value}");
        }
    }
}
