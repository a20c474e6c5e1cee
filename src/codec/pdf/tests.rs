//! Drawing pages of PDF files: `pdf_*` in `tests/reference/formats`, made by `make_more.py` there.

#![expect(clippy::unwrap_used, reason = "tests")]

use crate::codec::guard::control::DecodeControl;
use crate::codec::tests::reference::{decode, difference, file};
use crate::codec::{DecodeOptions, Header, open, probe_with};
use crate::error::{ErrorKind, ItemError};
use crate::model::{Band, Channels, Image, SampleType};

fn header(bytes: &[u8], page: u32) -> Result<Header, ItemError> {
    probe_with(bytes, page, &DecodeControl::in_process())
}

fn drawn(bytes: &[u8], options: &DecodeOptions) -> Result<Image, ItemError> {
    let mut opened = open(bytes, options)?;
    let info = opened.rows.info();
    let mut band = Band::empty(&info);
    assert_eq!(opened.rows.read_rows(info.height_px, &mut band)?, info.height_px);
    Ok(Image { info, samples: band.samples, profile: opened.profile, metadata: opened.metadata })
}

fn page(page: u32) -> DecodeOptions {
    DecodeOptions { page, ..DecodeOptions::default() }
}

#[test]
fn pages_are_drawn_at_150_dpi_as_pdfium_draws_them() {
    let bytes = file("pdf_pages.pdf");
    for (number, size, expected) in [(0, (300, 150), "pdf_page_1.png"), (1, (150, 300), "pdf_page_2.png")] {
        let header = header(&bytes, number).unwrap();
        assert_eq!((header.info.width_px, header.info.height_px), size);
        assert_eq!((header.pages, header.info.channels, header.info.sample), (2, Channels::Rgb, SampleType::U8));
        let image = drawn(&bytes, &page(number)).unwrap();
        assert_eq!(image.info, header.info);
        // Edges and glyphs are smoothed differently.
        let (_, mean) = difference(&image, &decode(expected));
        assert!(mean < 1.5, "page {number} is off by {mean:.2} on average");
    }
}

#[test]
fn a_page_is_drawn_as_large_as_it_is_needed_on_white() {
    let bytes = file("pdf_pages.pdf");
    for (max_downscale, size) in [(2.0, (150, 75)), (0.5, (600, 300)), (1e9, (1, 1))] {
        let image = drawn(&bytes, &DecodeOptions { max_downscale, ..page(0) }).unwrap();
        assert_eq!((image.info.width_px, image.info.height_px), size);
    }
    let image = drawn(&bytes, &page(0)).unwrap();
    let crate::model::Samples::U8(samples) = &image.samples else { panic!("not 8 bits") };
    let at = |x: usize, y: usize| samples[(y * 300 + x) * 3..][..3].to_vec();
    assert_eq!((at(75, 75), at(10, 75)), (vec![204, 26, 51], vec![255, 255, 255]), "a square in the left half");
    let image = drawn(&bytes, &DecodeOptions { max_downscale: 0.5, ..page(1) }).unwrap();
    let crate::model::Samples::U8(samples) = &image.samples else { panic!("not 8 bits") };
    let at = |x: usize, y: usize| samples[(y * 300 + x) * 3..][..3].to_vec();
    assert_eq!(at(3, 3), [255, 255, 255]);
    let disc = at(150, 300);
    assert!(disc.iter().zip([26, 77, 230]).all(|(&level, wanted): (&u8, u8)| level.abs_diff(wanted) <= 1), "{disc:?}");
}

#[test]
fn missing_pages_passwords_and_files_that_end_early_are_plain_errors() {
    let bytes = file("pdf_pages.pdf");
    let missing = header(&bytes, 2).unwrap_err();
    assert!(missing.kind == ErrorKind::Unsupported && missing.arg("detail").contains("2 pages"), "{missing}");
    let locked = header(&file("pdf_locked.pdf"), 0).unwrap_err();
    assert!(locked.kind == ErrorKind::Unsupported && locked.arg("detail").contains("password"), "{locked}");
    for part in 1..20 {
        let error = drawn(&bytes[..bytes.len() * part / 20], &page(0)).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Truncated, "cut at {part}/20: {error}");
    }
    let broken = header(b"%PDF-1.4\nnothing\nstartxref\n9\n%%EOF", 0).unwrap_err();
    assert_eq!(broken.kind, ErrorKind::Corrupt, "{broken}");
}
