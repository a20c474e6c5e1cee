//! A part of a result equals the same part of the whole result, bit for bit.

use proptest::prelude::*;

use super::harness::{Collected, TestImage, plan};
use super::{ORIENTATIONS, STEPS};
use crate::model::{Channels, ImageInfo, Orientation, RowReader, SampleType, Samples};
use crate::op::stage::Rect;

/// Checks one part of one result against the whole.
fn check(steps: &[&str], image: &TestImage, orientation: Orientation, planned: &ImageInfo, part: Rect) {
    let mut whole = Collected::default();
    plan(steps, planned, orientation, 1.0).run(&mut image.reader(17), &mut whole, &|| false).expect("runs");
    let info = whole.info.expect("started");
    let part = part.within(&info);
    let plan = plan(steps, planned, orientation, 1.0).focus(part);
    let mut got = Collected::default();
    plan.run(&mut image.reader(13), &mut got, &|| false).expect("runs");
    assert_eq!(got.info, Some(ImageInfo { width_px: part.width_px, height_px: part.height_px, ..info }), "{steps:?}");
    if plan.is_certain() {
        assert_eq!(got.info, Some(plan.output()));
    }
    let expected: Vec<f32> = whole
        .values
        .chunks_exact(info.row_samples())
        .skip(part.y as usize)
        .take(part.height_px as usize)
        .flat_map(|row| {
            &row[part.x as usize * info.channels.count()..][..part.width_px as usize * info.channels.count()]
        })
        .copied()
        .collect();
    let wrong = got.values.iter().zip(&expected).position(|(got, expected)| got != expected);
    assert_eq!(
        wrong.map(|at| (at, got.values[at], expected[at])),
        None,
        "{steps:?} {orientation:?} {part:?} of {info:?}"
    );
    assert_eq!(got.values.len(), expected.len());
}

fn parts(x: u32, y: u32) -> [Rect; 5] {
    let rect = |x, y, width_px, height_px| Rect { x, y, width_px, height_px };
    [rect(x, y, 9, 11), rect(0, 0, 1, 1), rect(x, 0, 20, 9999), rect(9999, 9999, 5, 5), rect(0, y, u32::MAX, 2)]
}

#[test]
fn a_part_of_any_result_equals_that_part_of_the_whole() {
    for channels in [Channels::Gray, Channels::Rgba] {
        let image = TestImage::scene(67, 91, channels);
        for steps in STEPS {
            for orientation in [Orientation::Upright, Orientation::Rotate270] {
                for part in parts(14, 23) {
                    check(steps, &image, orientation, &image.info, part);
                }
            }
        }
    }
}

#[test]
fn a_part_of_a_16_bit_image_keeps_its_depth() {
    let mut image = TestImage::u8(40, 50, Channels::Rgb, |_, _, _| 0);
    image.info.sample = SampleType::U16;
    image.samples = Samples::U16((0..40 * 50 * 3_u32).map(|i| (i * 7919 % 65536) as u16).collect());
    for steps in STEPS {
        check(steps, &image, Orientation::Upright, &image.info, Rect { x: 7, y: 5, width_px: 12, height_px: 9 });
    }
}

#[test]
fn a_part_of_an_image_decoded_smaller_equals_that_part_of_the_whole() {
    // A decoder's result at a quarter of the size.
    let delivered = TestImage::scene(67, 91, Channels::Rgb);
    let planned = ImageInfo { width_px: 67 * 4, height_px: 91 * 4, ..delivered.info };
    for steps in [[].as_slice(), &["resize:long_edge=45"], &["resize:width=40,height=40,fit=cover", "sharpen"]] {
        for orientation in ORIENTATIONS {
            check(steps, &delivered, orientation, &planned, Rect { x: 11, y: 6, width_px: 13, height_px: 17 });
        }
    }
}

#[test]
fn a_part_of_a_wide_blur_begins_on_its_grid() {
    let mut image = TestImage::u8(200, 170, Channels::Rgb, |_, _, _| 0);
    image.info.sample = SampleType::U16;
    image.samples = Samples::U16((0..200 * 170 * 3_u32).map(|i| (i.wrapping_mul(i) % 65536) as u16).collect());
    for steps in [["gaussian_blur:sigma=8.5"].as_slice(), &["crop:x=3,y=5", "sharpen:sigma=10,amount=0.7"]] {
        for part in [(100, 90, 20, 15), (61, 70, 9, 30), (150, 0, 50, 1)] {
            let part = Rect { x: part.0, y: part.1, width_px: part.2, height_px: part.3 };
            check(steps, &image, Orientation::Upright, &image.info, part);
        }
    }
}

#[test]
fn a_part_costs_no_more_than_what_it_needs() {
    /// Counts the requested rows.
    struct Counting<R>(R, u32);
    impl<R: RowReader> RowReader for Counting<R> {
        fn info(&self) -> ImageInfo {
            self.0.info()
        }
        fn read_rows(&mut self, max: u32, band: &mut crate::model::Band) -> Result<u32, crate::error::ItemError> {
            let rows = self.0.read_rows(max, band)?;
            self.1 += rows;
            Ok(rows)
        }
    }
    let image = TestImage::scene(50, 900, Channels::Rgb);
    let plan = plan(&["gaussian_blur:sigma=2", "crop:x=5,y=100", "invert"], &image.info, Orientation::Upright, 1.0);
    let mut rows = Counting(image.reader(u32::MAX), 0);
    let mut out = Collected::default();
    let part = Rect { x: 3, y: 20, width_px: 5, height_px: 6 };
    plan.focus(part).run(&mut rows, &mut out, &|| false).expect("runs");
    // Down to the last row plus its neighbourhood of 8 rows, and none below.
    assert_eq!((out.values.len(), rows.1), (5 * 6 * 3, 100 + 26 + 8));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn a_part_of_any_two_steps_equals_that_part_of_the_whole(
        size in (1_u32..60, 1_u32..60),
        channels in prop::sample::select(vec![Channels::Gray, Channels::GrayAlpha, Channels::Rgb, Channels::Rgba]),
        orientation in prop::sample::select(ORIENTATIONS.to_vec()),
        steps in (0..STEPS.len(), 0..STEPS.len()),
        part in (0_u32..80, 0_u32..80, 1_u32..40, 1_u32..40),
    ) {
        let image = TestImage::scene(size.0, size.1, channels);
        let steps: Vec<&str> = STEPS[steps.0].iter().chain(STEPS[steps.1]).copied().collect();
        let pipeline = super::Pipeline::new(&super::recipe(&steps), &super::files()).expect("valid");
        if pipeline.plan(&image.info, orientation, 1.0).is_ok() {
            let part = Rect { x: part.0, y: part.1, width_px: part.2, height_px: part.3 };
            check(&steps, &image, orientation, &image.info, part);
        }
    }
}
