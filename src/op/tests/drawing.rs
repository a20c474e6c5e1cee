//! Drawings: what is drawn larger looks like what is drawn at its own size and enlarged afterwards, only sharper.

use super::*;

/// A drawing of smooth shapes and edges, in any size.
fn drawn(width_px: u32, height_px: u32) -> TestImage {
    // Its edges are smoothed by drawing it twice as large.
    let large = TestImage::u8(width_px * 2, height_px * 2, Channels::Rgb, |x, y, channel| {
        let at = |px: u32, side_px: u32, side: f32| px as f32 / (side_px * 2) as f32 * side;
        let (x, y, shift) = (at(x, width_px, 240.0), at(y, height_px, 180.0), channel as f32);
        let smooth = (x * 0.031 + shift).sin() * 50.0 + (y * 0.027 - shift * 0.5).cos() * 40.0;
        let edge = if (x * 0.7 + y).rem_euclid(90.0) < 35.0 { 25.0 } else { -15.0 };
        (128.0 + smooth + edge).clamp(0.0, 255.0) as u8
    });
    let shrunk = run(&["resize:percent=50,kernel=bilinear"], &large);
    let mut image = TestImage::u8(width_px, height_px, Channels::Rgb, |_, _, _| 0);
    image.samples = Samples::U8(shrunk.values.iter().map(|v| *v as u8).collect());
    image
}

/// Visible levels of a result at half its size.
fn halved(result: &Collected) -> Vec<f32> {
    let info = result.info.expect("started");
    let mut image = TestImage::u8(info.width_px, info.height_px, info.channels, |_, _, _| 0);
    image.samples = Samples::U8(result.values.iter().map(|v| *v as u8).collect());
    let mut values = run(&["resize:percent=50"], &image).values;
    for pixel in values.chunks_exact_mut(4).filter(|_| info.channels == Channels::Rgba) {
        let alpha = pixel[3] / 255.0;
        pixel[..3].iter_mut().for_each(|value| *value *= alpha);
    }
    values
}

#[test]
fn a_drawing_that_is_drawn_larger_looks_like_one_that_is_enlarged() {
    let own = drawn(120, 90);
    let (mut off, mut kept) = (Vec::new(), 0);
    for steps in STEPS {
        let steps: Vec<&str> = steps.iter().copied().chain(["resize:percent=200,enlarge=true"]).collect();
        let pipeline = Pipeline::new(&recipe(&steps), &files()).expect("valid");
        let (plan, small) = pipeline.plan_drawing(&own.info, Orientation::Upright).expect("fits");
        if let Some(small) = small {
            let DrawnSmall::Step(step) = small else { panic!("{steps:?}: {small:?}") };
            assert!(find(step).is_some_and(|op| !op.faithful_to_scale), "{steps:?}: {step}");
            assert_eq!(plan.max_downscale(), 1.0);
            kept += 1;
            continue;
        }
        let scale = 1.0 / plan.max_downscale();
        assert!(scale >= 2.0 - 1e-3, "{steps:?}: {scale}");
        let side = |px: u32| (f64::from(px) * scale - 1e-6).ceil() as u32;
        let mut out = Collected::default();
        plan.run(&mut drawn(side(120), side(90)).reader(16), &mut out, &|| false).expect("runs");
        let enlarged = run(&steps, &own);
        assert_eq!(out.info, enlarged.info, "{steps:?}");
        let difference = mean_difference(&halved(&out), &halved(&enlarged));
        if difference > 3.0 {
            off.push(format!("{steps:?}: {difference} levels"));
        }
    }
    assert!(off.is_empty(), "{off:#?}");
    assert!(kept > 3 && kept < STEPS.len() / 3, "{kept}");
}

#[test]
fn every_enlarging_resize_counts_and_later_steps_keep_their_lengths() {
    let own = drawn(40, 30);
    let planned = |steps: &[&str]| {
        let pipeline = Pipeline::new(&recipe(steps), &files()).expect("valid");
        pipeline.plan_drawing(&own.info, Orientation::Upright).expect("fits")
    };
    for (steps, scale) in [
        (["resize:width=80,enlarge=true", "gaussian_blur:sigma=2", "resize:width=240,enlarge=true"].as_slice(), 6.0),
        (&["gaussian_blur:sigma=2", "resize:width=240,enlarge=true", "resize:width=20"], 6.0),
        (&["crop:x=0,y=0,width=20,height=15", "resize:width=40,height=40,fit=exact,enlarge=true"], 40.0 / 15.0),
        (&["resize:width=60,height=60,fit=pad,enlarge=true", "border:size=3"], 1.5),
        (&["gaussian_blur:sigma=2", "resize:width=20"], 1.0),
        (&["gaussian_blur:sigma=2", "resize:width=400"], 1.0),
    ] {
        let (plan, small) = planned(steps);
        let drawn = 1.0 / plan.max_downscale();
        assert!((drawn - scale).abs() < 0.05 || scale == 1.0 && drawn <= 1.0, "{steps:?}: {drawn}");
        assert_eq!(small, None, "{steps:?}");
        let result = run(steps, &own).info.expect("started");
        assert_eq!((plan.output().width_px, plan.output().height_px), (result.width_px, result.height_px));
    }
    // A step that measures pixels is not in the way after the last enlarging resize.
    let (plan, small) = planned(&["gaussian_blur:sigma=2", "resize:width=240,enlarge=true", "trim"]);
    assert!(!plan.is_certain() && small.is_none() && plan.max_downscale() < 0.2);
    assert_eq!(planned(&["trim", "resize:width=240,enlarge=true"]).1, Some(DrawnSmall::Step("trim")));
}
