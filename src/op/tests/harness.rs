//! Images in memory, and running recipes on them.

use std::fmt::Write as _;
use std::sync::Arc;

use crate::error::ItemError;
use crate::model::{
    Band, Channels, Image, ImageInfo, Message, Orientation, Recipe, RowReader, RowWriter, SampleType, Samples,
};
use crate::op::recipe::syntax;
use crate::op::stage::Files;
use crate::op::{Pipeline, Plan};

/// An image that is read in bands of at most `at_once` rows.
pub(super) struct Reader {
    pub(super) info: ImageInfo,
    pub(super) samples: Samples,
    at_once: u32,
    next: u32,
}

impl RowReader for Reader {
    fn info(&self) -> ImageInfo {
        self.info
    }

    fn read_rows(&mut self, max_rows: u32, band: &mut Band) -> Result<u32, ItemError> {
        let rows = max_rows.min(self.at_once).min(self.info.height_px - self.next);
        let len = self.info.row_samples();
        let range = self.next as usize * len..(self.next + rows) as usize * len;
        band.rows = rows;
        band.samples = match &self.samples {
            Samples::U8(v) => Samples::U8(v[range].to_vec()),
            Samples::U16(v) => Samples::U16(v[range].to_vec()),
            Samples::F32(v) => Samples::F32(v[range].to_vec()),
        };
        self.next += rows;
        Ok(rows)
    }
}

/// The output.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Collected {
    pub(super) info: Option<ImageInfo>,
    pub(super) rows: u32,
    pub(super) values: Vec<f32>,
}

impl RowWriter for Collected {
    fn start(&mut self, info: ImageInfo) -> Result<(), ItemError> {
        assert!(self.info.replace(info).is_none(), "started twice");
        Ok(())
    }

    fn write_rows(&mut self, band: &Band) -> Result<(), ItemError> {
        let info = self.info.expect("started");
        assert_eq!((band.width_px, band.channels), (info.width_px, info.channels));
        assert_eq!(band.samples.len(), info.row_samples() * band.rows as usize);
        self.rows += band.rows;
        match &band.samples {
            Samples::U8(v) => self.values.extend(v.iter().map(|v| f32::from(*v))),
            Samples::U16(v) => self.values.extend(v.iter().map(|v| f32::from(*v))),
            Samples::F32(v) => self.values.extend(v),
        }
        Ok(())
    }
}

#[derive(Clone)]
pub(super) struct TestImage {
    pub(super) info: ImageInfo,
    pub(super) samples: Samples,
}

impl TestImage {
    pub(super) fn u8(width_px: u32, height_px: u32, channels: Channels, value: impl Fn(u32, u32, usize) -> u8) -> Self {
        let info = ImageInfo { width_px, height_px, channels, sample: SampleType::U8, premultiplied: false };
        let mut samples = Vec::new();
        for y in 0..height_px {
            for x in 0..width_px {
                samples.extend((0..channels.count()).map(|channel| value(x, y, channel)));
            }
        }
        Self { info, samples: Samples::U8(samples) }
    }

    /// Smooth shapes and some fine detail, like a photograph.
    pub(super) fn scene(width_px: u32, height_px: u32, channels: Channels) -> Self {
        Self::u8(width_px, height_px, channels, |x, y, channel| {
            let (x, y, shift) = (x as f32, y as f32, channel as f32);
            let large = (x * 0.021 + shift).sin() * 60.0 + (y * 0.017 - shift * 0.5).cos() * 50.0;
            let edge = if (x * 0.7 + y).rem_euclid(90.0) < 35.0 { 25.0 } else { -15.0 };
            let fine = ((x * 12.9898 + y * 78.233 + shift * 3.1).sin() * 43758.547).fract() * 12.0;
            (128.0 + large + edge + fine).clamp(0.0, 255.0) as u8
        })
    }

    pub(super) fn reader(&self, at_once: u32) -> Reader {
        Reader { info: self.info, samples: self.samples.clone(), at_once, next: 0 }
    }

    pub(super) fn levels(&self) -> Vec<f32> {
        match &self.samples {
            Samples::U8(v) => v.iter().map(|v| f32::from(*v)).collect(),
            Samples::U16(v) => v.iter().map(|v| f32::from(*v)).collect(),
            Samples::F32(v) => v.clone(),
        }
    }
}

/// The files that test cases use.
struct TestFiles;

impl Files for TestFiles {
    fn bytes(&self, path: &str) -> Result<Arc<[u8]>, Message> {
        match path {
            "warm.cube" => Ok(warm_cube().into_bytes().into()),
            "curve.cube" => Ok(b"LUT_1D_SIZE 3\n0 0 0\n0.6 0.6 0.6\n1 1 1\n".as_slice().into()),
            "apart.cube" => Ok(include_bytes!("../../../tests/reference/geometry/apart.cube").as_slice().into()),
            "mixed.cube" => Ok(include_bytes!("../../../tests/reference/geometry/mixed.cube").as_slice().into()),
            "broken.cube" => Ok(b"LUT_1D_SIZE 2\n0 0\n".as_slice().into()),
            _ => Err(Message::new("file_missing").with("path", path)),
        }
    }

    fn image(&self, path: &str) -> Result<Arc<Image>, Message> {
        if path == "badge.png" {
            let badge = super::geometry::image(include_bytes!("../../../tests/reference/geometry/badge.png"));
            let levels = badge.levels().iter().map(|level| *level as u8).collect();
            return Ok(Arc::new(Image::from_u8(
                badge.info.width_px,
                badge.info.height_px,
                badge.info.channels,
                levels,
            )));
        }
        if path == "block.png" {
            return Ok(Arc::new(Image::from_u8(20, 30, Channels::Gray, vec![255; 600])));
        }
        if path != "mark.png" {
            return Err(Message::new("file_missing").with("path", path));
        }
        // A soft disc of several colours.
        let level = |x: f32, y: f32, channel: usize| match channel {
            3 => ((10.0 - (x - 9.5).hypot(y - 14.5)) * 60.0).clamp(0.0, 255.0),
            channel => 128.0 + 100.0 * (x * 0.2 + y * 0.1 + channel as f32).sin(),
        };
        let pixels = (0..20 * 30_u16).map(|i| (f32::from(i % 20), f32::from(i / 20)));
        let levels = pixels.flat_map(|(x, y)| [0, 1, 2, 3].map(|channel| level(x, y, channel) as u8)).collect();
        Ok(Arc::new(Image::from_u8(20, 30, Channels::Rgba, levels)))
    }
}

/// The result of `warm.cube` for a colour, at the table's entries.
pub(super) fn warm([r, g, b]: [f64; 3]) -> [f64; 3] {
    [r.powf(0.8), 0.9 * g + 0.1 * r * b, b * b]
}

fn warm_cube() -> String {
    let mut text = "LUT_3D_SIZE 5\n".to_owned();
    for i in 0..125 {
        let [r, g, b] = warm([i % 5, i / 5 % 5, i / 25].map(|part| f64::from(part) / 4.0));
        let _ = writeln!(text, "{r} {g} {b}");
    }
    text
}

pub(super) fn files() -> Arc<dyn Files> {
    Arc::new(TestFiles)
}

pub(super) fn recipe(steps: &[&str]) -> Recipe {
    Recipe { version: 1, steps: steps.iter().map(|step| syntax::parse_step(step).expect(step)).collect() }
}

pub(super) fn plan(steps: &[&str], info: &ImageInfo, orientation: Orientation, view_scale: f64) -> Plan {
    Pipeline::new(&recipe(steps), &files()).expect("valid").plan(info, orientation, view_scale).expect("fits")
}

pub(super) fn run_with(steps: &[&str], image: &TestImage, orientation: Orientation, at_once: u32) -> Collected {
    let plan = plan(steps, &image.info, orientation, 1.0);
    let mut out = Collected::default();
    plan.run(&mut image.reader(at_once), &mut out, &|| false).expect("runs");
    if plan.is_certain() {
        assert_eq!(out.info, Some(plan.output()), "{steps:?}");
    }
    assert_eq!(Some(out.rows), out.info.map(|info| info.height_px), "{steps:?}");
    out
}

pub(super) fn run(steps: &[&str], image: &TestImage) -> Collected {
    run_with(steps, image, Orientation::Upright, u32::MAX)
}
