//! Steps with which several recipes begin run once, and each result is that of a run of its own.

use std::sync::atomic::{AtomicU32, Ordering};

use super::harness::{Collected, Reader, TestImage, plan, run_with};
use super::{ORIENTATIONS, STEPS};
use crate::error::ItemError;
use crate::model::{Band, Channels, Image, ImageInfo, Orientation, RowReader, SampleType, Samples};
use crate::op::{Plan, SharedSteps};

/// What results do after the shared steps.
const OWN: &[&[&str]] = &[
    &[],
    &["resize:long_edge=21"],
    &["flip:axis=vertical", "gaussian_blur:sigma=1.5"],
    &["grayscale"],
    &["rotate:degrees=90", "saturation:factor=1.2"],
    &["crop:x=1,y=2,width=7,height=5", "invert"],
    &["median:radius=1"],
];

fn reader(image: Image) -> Reader {
    let Image { info, samples, .. } = image;
    TestImage { info, samples }.reader(19)
}

fn plans(recipes: &[Vec<&str>], info: &ImageInfo, orientation: Orientation) -> Vec<Plan> {
    recipes.iter().map(|steps| plan(steps, info, orientation, 1.0)).collect()
}

/// The results of these recipes, made together; `None` if they share no step.
fn together(recipes: &[Vec<&str>], image: &TestImage, orientation: Orientation) -> Option<Vec<Collected>> {
    let plans = plans(recipes, &image.info, orientation);
    let plans: Vec<&Plan> = plans.iter().collect();
    let shared = SharedSteps::of(&plans)?;
    let (kept, rests) = shared.run(&plans, &mut image.reader(13), &|| false).expect("runs");
    let results = rests.iter().map(|rest| {
        let mut out = Collected::default();
        rest.run(&mut reader(kept.clone()), &mut out, &|| false, &mut plans[0].moves_before()).expect("runs");
        out
    });
    Some(results.collect())
}

#[test]
fn results_of_shared_steps_equal_those_of_their_own_run_but_for_the_rounding() {
    let mut shared = 0;
    for channels in [Channels::Rgb, Channels::GrayAlpha] {
        let image = TestImage::scene(67, 91, channels);
        for (at, steps) in STEPS.iter().enumerate() {
            let orientation = ORIENTATIONS[at % ORIENTATIONS.len()];
            let recipes: Vec<Vec<&str>> = OWN.iter().map(|own| steps.iter().chain(*own).copied().collect()).collect();
            let Some(results) = together(&recipes, &image, orientation) else { continue };
            shared += 1;
            for (recipe, result) in recipes.iter().zip(&results) {
                let own = run_with(recipe, &image, orientation, 11);
                assert_eq!((result.info, result.rows), (own.info, own.rows), "{recipe:?} {orientation:?}");
                let most = result.values.iter().zip(&own.values).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
                assert!(most <= 1.0, "{recipe:?} {orientation:?}: {most}");
            }
        }
    }
    assert!(shared > STEPS.len() / 2, "{shared}");
}

#[test]
fn sixteen_bits_stay_as_they_are() {
    let eight = TestImage::scene(40, 30, Channels::Rgb);
    let samples = Samples::U16(eight.levels().iter().map(|level| *level as u16 * 251).collect());
    let image = TestImage { info: ImageInfo { sample: SampleType::U16, ..eight.info }, samples };
    let recipes: Vec<Vec<&str>> = OWN.iter().map(|own| [&["median:radius=1"], *own].concat()).collect();
    let results = together(&recipes, &image, Orientation::Upright).expect("shared");
    for (recipe, result) in recipes.iter().zip(&results) {
        let own = run_with(recipe, &image, Orientation::Upright, 11);
        assert_eq!(result.info, own.info);
        let most = result.values.iter().zip(&own.values).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(most <= 1.0, "{recipe:?}: {most} of 65,535");
    }
}

/// Counts how often its rows are read.
struct Counted<'a> {
    reader: Reader,
    rows: &'a AtomicU32,
}

impl RowReader for Counted<'_> {
    fn info(&self) -> ImageInfo {
        self.reader.info()
    }

    fn read_rows(&mut self, max_rows: u32, band: &mut Band) -> Result<u32, ItemError> {
        let rows = self.reader.read_rows(max_rows, band)?;
        self.rows.fetch_add(rows, Ordering::Relaxed);
        Ok(rows)
    }
}

#[test]
fn the_decoded_image_is_read_once_and_its_rests_run_on_what_was_kept() {
    let image = TestImage::scene(50, 40, Channels::Rgb);
    let recipes = [
        vec!["auto_levels", "denoise", "resize:long_edge=20"],
        vec!["auto_levels", "denoise", "grayscale"],
        vec!["auto_levels", "denoise"],
    ];
    let plans = plans(&recipes, &image.info, Orientation::Upright);
    let plans: Vec<&Plan> = plans.iter().collect();
    let shared = SharedSteps::of(&plans).expect("shared");
    let rows = AtomicU32::new(0);
    let mut counted = Counted { reader: image.reader(7), rows: &rows };
    let (kept, rests) = shared.run(&plans, &mut counted, &|| false).expect("runs");
    assert_eq!(rows.into_inner(), 40);
    // After the measuring step and the slow one.
    assert_eq!((kept.info.sample, rests.len()), (SampleType::U16, 3));
    let mut out = Collected::default();
    rests[2].run(&mut reader(kept.clone()), &mut out, &|| false, &mut plans[0].moves_before()).expect("runs");
    let own = run_with(&recipes[2], &image, Orientation::Upright, 9);
    let Samples::U16(levels) = &kept.samples else { panic!("16 bits") };
    let apart = levels.iter().zip(&own.values).map(|(kept, own)| (f32::from(*kept) / 257.0 - own).abs());
    assert!(apart.fold(0.0, f32::max) <= 0.51, "nothing but the rounding is left to do");
}

#[test]
fn recipes_that_share_nothing_slow_are_run_by_themselves() {
    let image = TestImage::scene(50, 40, Channels::Rgb);
    for recipes in [
        [vec!["resize:long_edge=20"], vec!["resize:long_edge=30"]],
        [vec!["brightness:amount=5", "resize:long_edge=20"], vec!["brightness:amount=5"]],
        // The luma is taken before the blur.
        [vec!["gaussian_blur:sigma=2", "grayscale"], vec!["gaussian_blur:sigma=2"]],
        [vec!["trim"], vec!["auto_levels"]],
        [vec!["median"], vec!["auto_levels", "median"]],
    ] {
        assert!(together(&recipes, &image, Orientation::Upright).is_none(), "{recipes:?}");
    }
}
