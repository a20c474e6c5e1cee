#![expect(clippy::unwrap_used, reason = "tests")]

use flashraw::FlashRaw;

use super::{describe, develop};
use crate::codec::formats::known;
use crate::codec::{DecodeControl, DecodeOptions, Opened, open, open_cancellable, probe_with, sniff, taken};
use crate::error::{ErrorKind, ItemError};
use crate::model::{Band, ImageInfo, Metadata, Orientation, RawChoice, Remark, SampleType, Samples};

/// A file of `tests/data/raw`.
fn file(name: &str) -> Vec<u8> {
    std::fs::read(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/raw").join(name)).unwrap()
}

/// All raw files of the tests: their names, and whether they have a preview of full size.
const FILES: [(&str, bool); 4] =
    [("bayer14.dng", true), ("bayer12_packed.dng", false), ("bayer14_lossless.dng", false), ("linear16.dng", false)];

/// What decoding gives.
struct Read {
    info: ImageInfo,
    samples: Samples,
    remark: Option<Remark>,
    metadata: Metadata,
    orientation: Orientation,
}

fn read(bytes: &[u8], raw: RawChoice, max_downscale: f64) -> Result<Read, ItemError> {
    let options = DecodeOptions { max_downscale, ..DecodeOptions::default() };
    let Opened { header, mut rows, metadata, .. } =
        open_cancellable(bytes, &options, &DecodeControl::in_process().reading_raw(raw))?;
    let info = rows.info();
    let mut band = Band::empty(&info);
    rows.read_rows(u32::MAX, &mut band)?;
    Ok(Read { info, samples: band.samples, remark: rows.remark(), metadata, orientation: header.orientation })
}

fn size(read: &Read) -> (u32, u32) {
    (read.info.width_px, read.info.height_px)
}

/// Peak signal to noise in dB of linear levels of 16 bits, compared as they would be shown with 8 bits.
fn psnr(ours: &[u16], theirs: &[u16]) -> f64 {
    assert_eq!(ours.len(), theirs.len());
    let shown = |level: u16| 255.0 * (f64::from(level) / 65_535.0).powf(1.0 / 2.2);
    let error: f64 = ours.iter().zip(theirs).map(|(&a, &b)| (shown(a) - shown(b)).powi(2)).sum();
    20.0 * 255.0f64.log10() - 10.0 * (error / ours.len() as f64).max(1e-9).log10()
}

#[test]
fn raw_files_are_recognised_by_their_bytes_and_other_tiff_files_stay_tiff() {
    for (name, _) in FILES {
        assert_eq!(sniff(&file(name)), Some(known::RAW), "{name}");
    }
    // A camera's TIFF file names its maker as well.
    let mut of_camera = b"II*\0\x08\0\0\0\x02\0".to_vec();
    of_camera.extend(b"\x0F\x01\x02\0\x04\0\0\0NIK\0");
    of_camera.extend(b"\x06\x01\x03\0\x01\0\0\0\x02\0\0\0\0\0\0\0");
    assert_eq!(sniff(&of_camera), Some(known::TIFF));
    // The same with a colour filter array.
    let at = of_camera.len() - 8;
    of_camera[at..at + 2].copy_from_slice(&32_803u16.to_le_bytes());
    assert_eq!(sniff(&of_camera), Some(known::RAW));
}

#[test]
fn developed_files_equal_those_of_libraw() {
    for (name, _) in FILES {
        let bytes = file(name);
        let raw = FlashRaw::open(bytes.as_slice()).unwrap();
        let ours = develop::linear(&raw, false).unwrap();
        let expected = file(&name.replace("dng", "png"));
        let mut expected = open(&expected, &DecodeOptions::default()).unwrap();
        let info = expected.rows.info();
        assert_eq!(ours.size_px, (info.width_px, info.height_px), "{name}: the default crop");
        let mut band = Band::empty(&info);
        expected.rows.read_rows(u32::MAX, &mut band).unwrap();
        let Samples::U16(theirs) = &band.samples else { panic!("16 bits") };
        let alike = psnr(&ours.samples, theirs);
        assert!(alike >= 40.0, "{name}: {alike:.1} dB");
    }
}

#[test]
fn the_smallest_preview_that_is_large_enough_is_used() {
    let bytes = file("bayer14.dng");
    let full = read(&bytes, RawChoice::Preview, 1.0).unwrap();
    assert_eq!((size(&full), full.remark), ((120, 80), None));
    // The other preview has 60 px. What is larger than needed is scaled by the JPEG decoder.
    for (max_downscale, expected) in [(1.9, (120, 80)), (2.0, (60, 40)), (2.9, (60, 40)), (4.0, (30, 20))] {
        let found = read(&bytes, RawChoice::Preview, max_downscale).unwrap();
        assert_eq!((size(&found), found.remark), (expected, None), "{max_downscale}");
    }
    // The colours are those of the preview, not of a base curve.
    let developed = read(&bytes, RawChoice::Develop, 1.0).unwrap();
    assert_eq!((size(&developed), developed.remark, developed.info.sample), ((120, 80), None, SampleType::U16));
    let (Samples::U8(shown), Samples::U16(made)) = (&full.samples, &developed.samples) else { panic!("samples") };
    let difference: f64 = shown.iter().zip(made).map(|(&a, &b)| (f64::from(a) - f64::from(b) / 257.0).abs()).sum();
    assert!(difference / shown.len() as f64 > 8.0, "{difference}");
}

#[test]
fn a_file_without_a_large_enough_preview_is_developed_with_a_remark() {
    let small = file("bayer14_lossless.dng");
    let found = read(&small, RawChoice::Preview, 1.0).unwrap();
    assert_eq!(found.remark, Some(Remark::Developed { preview_px: Some((60, 40)) }));
    assert_eq!((size(&found), found.info.sample), ((120, 80), SampleType::U8));
    assert_eq!(read(&small, RawChoice::Preview, 2.0).unwrap().remark, None, "the preview is large enough for that");
    let none = read(&file("linear16.dng"), RawChoice::Preview, 1.0).unwrap();
    assert_eq!(none.remark, Some(Remark::Developed { preview_px: None }));
    assert_eq!(
        read(&small, RawChoice::Develop, 2.0).map(|found| (size(&found), found.remark)).unwrap(),
        ((60, 40), None)
    );
}

#[test]
fn clipped_highlights_are_white() {
    let found = read(&file("bayer12_packed.dng"), RawChoice::Develop, 1.0).unwrap();
    let Samples::U16(samples) = &found.samples else { panic!("16 bits") };
    // The middle of the lamp.
    let at = (20 * 120 + 90) * 3;
    assert_eq!(samples[at..at + 3], [65_535; 3]);
    let pink = samples.as_chunks::<3>().0.iter().filter(|&&[r, g, b]| r > 64_000 && b > 64_000 && g < 60_000);
    assert_eq!(pink.count(), 0);
}

#[test]
fn orientation_and_exif_are_kept() {
    for raw in [RawChoice::Preview, RawChoice::Develop] {
        let bytes = file("bayer14.dng");
        let header = probe_with(&bytes, 0, &DecodeControl::in_process().reading_raw(raw)).unwrap();
        assert_eq!((header.orientation, header.upright_size_px()), (Orientation::Rotate90, (80, 120)), "{raw:?}");
        let found = read(&bytes, raw, 1.0).unwrap();
        assert_eq!(found.orientation, Orientation::Rotate90);
        let block = found.metadata.exif.unwrap();
        let exif = exif::Reader::new().read_raw(block.to_vec()).unwrap();
        let shown = |tag| exif.get_field(tag, exif::In::PRIMARY).unwrap().display_value().to_string();
        assert!(exif.get_field(exif::Tag::Orientation, exif::In::PRIMARY).is_none(), "the rows are turned");
        assert_eq!((shown(exif::Tag::Make), shown(exif::Tag::Model)), ("\"Pixloom\"".into(), "\"Test One\"".into()));
        assert_eq!(shown(exif::Tag::LensModel), "\"Pixloom 50mm f/1.4\"");
        assert_eq!((shown(exif::Tag::ExposureTime), shown(exif::Tag::FNumber)), ("1/250".into(), "2.8".into()));
        assert_eq!(shown(exif::Tag::DateTimeOriginal), "2026-10-03 14:15:16");
        assert_eq!(exif.get_field(exif::Tag::MakerNote, exif::In::PRIMARY).map(|_| ()), Some(()));
    }
    assert_eq!(taken(&file("bayer14.dng")).as_deref(), Some("2026-10-03T14:15:16"));
    assert_eq!(describe::camera(&file("bayer14.dng")).as_deref(), Some("Pixloom Test One"));
}

#[test]
fn a_file_cut_in_twenty_places_gives_its_image_or_says_that_it_is_cut() {
    for (name, _) in FILES {
        let whole = file(name);
        for raw in [RawChoice::Preview, RawChoice::Develop] {
            let expected = read(&whole, raw, 1.0).unwrap();
            let mut refused = 0;
            for part in 0..20 {
                match read(&whole[..whole.len() * part / 20], raw, 1.0) {
                    // What is used of it may come before the cut, and without its preview it is developed.
                    Ok(found) => {
                        let is_developed = found.remark != expected.remark;
                        assert!(is_developed || found.samples == expected.samples, "{name} {raw:?} {part}");
                    }
                    Err(error) => {
                        let known = [ErrorKind::Truncated, ErrorKind::Empty];
                        assert!(known.contains(&error.kind), "{name} {raw:?} {part}: {error:?}");
                        refused += 1;
                    }
                }
            }
            assert!(refused >= 10, "{name} {raw:?}: {refused}");
        }
    }
}
