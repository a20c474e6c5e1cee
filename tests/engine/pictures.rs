//! Pictures through a recipe.

use std::collections::BTreeMap;
use std::fs;

use pixloom::model::{FormatChoice, ItemState, Save, Step};
use pixloom::source;

use super::desk::{Desk, file, format_named, long_edge, output_of, png, read_png, sample_path, save_as, sha256};

#[test]
fn images_are_resized_sharpened_and_saved_as_webp_and_the_catalog_records_it() {
    let desk = Desk::command_line();
    let samples = sample_path("");
    let before = super::desk::files_below(&samples);
    let source = source::folder(samples.clone(), false);
    let steps = vec![long_edge(320), Step::new("sharpen").with("sigma", 1.0).with("amount", 0.8)];
    let rows = desk.run(desk.job(vec![source], steps, save_as("webp")));
    let sizes: BTreeMap<&str, (u32, u32)> = BTreeMap::from([
        ("aurora-lake.webp", (320, 213)),
        ("city-at-night.webp", (320, 213)),
        ("dunes-at-dusk.webp", (320, 213)),
        ("lighthouse-coast.webp", (320, 213)),
        ("morning-dew.webp", (320, 213)),
        ("orange-slice.webp", (320, 320)),
        // It lies on its side in the file, and says so.
        ("paper-hills-portrait.webp", (213, 320)),
        ("tulip-field.webp", (320, 213)),
    ]);
    assert_eq!(desk.output_names(), sizes.keys().copied().collect::<Vec<_>>());
    assert_eq!(rows.len(), sizes.len());
    for row in &rows {
        assert_eq!((row.state, &row.error), (ItemState::Done, &None), "{row:?}");
        let output = output_of(row);
        let bytes = fs::read(&output).unwrap();
        let size_px = sizes[output.file_name().unwrap().to_str().unwrap()];
        let decoded = image::load_from_memory_with_format(&bytes, image::ImageFormat::WebP).unwrap();
        assert_eq!((decoded.width(), decoded.height()), size_px, "{row:?}");
        assert_eq!((row.width_px.unwrap(), row.height_px.unwrap()), size_px);
        assert_eq!((row.bytes_out, row.output_hash.clone().unwrap()), (bytes.len() as u64, sha256(&bytes)));
        let input = row.locator.path().unwrap();
        assert_eq!(row.bytes_in, fs::metadata(input).unwrap().len());
        assert_eq!(row.hash, Some(sha256(&fs::read(input).unwrap())));
        assert_eq!(row.size_bytes, Some(row.bytes_in));
        assert!(row.finished_at_ms.is_some() && row.attempts == 1, "{row:?}");
    }
    let job = desk.row_of(rows[0].id.job);
    assert_eq!((job.total, job.done, job.failed, job.skipped), (8, 8, 0, 0));
    assert_eq!(job.bytes_out, rows.iter().map(|row| row.bytes_out).sum::<u64>());
    assert_eq!(job.bytes_in, rows.iter().map(|row| row.bytes_in).sum::<u64>());
    assert_eq!(super::desk::files_below(&samples), before, "originals are untouched");
}

#[test]
fn a_job_without_steps_copies_the_bytes_and_records_their_hash_twice() {
    let desk = Desk::command_line();
    let bytes = png(40, 30, 1);
    let path = desk.put("한 picture.PNG", &bytes);
    let rows = desk.run(desk.copies(vec![file(&path)]));
    assert_eq!(desk.outputs(), BTreeMap::from([("한 picture.PNG".to_owned(), bytes.clone())]));
    assert_eq!(rows[0].hash.as_deref(), Some(sha256(&bytes).as_str()));
    assert_eq!(rows[0].output_hash, rows[0].hash);
}

#[test]
fn every_output_format_writes_files_of_that_format() {
    let desk = Desk::command_line();
    let source = desk.put("a.png", png(64, 48, 3));
    for (format, extension, known) in [
        (save_as("jpeg"), "jpg", format_named("jpeg")),
        (save_as("png"), "png", format_named("png")),
        (save_as("webp"), "webp", format_named("webp")),
        (save_as("tiff"), "tif", format_named("tiff")),
    ] {
        let rows = desk.run(desk.job(vec![file(&source)], vec![long_edge(32)], format));
        let output = output_of(&rows[0]);
        assert_eq!(output.extension().unwrap().to_str(), Some(extension));
        let header = pixloom::codec::probe(&fs::read(&output).unwrap()).unwrap();
        assert_eq!((header.format, header.info.width_px, header.info.height_px), (known, 32, 24));
    }
}

#[test]
fn a_lossless_result_holds_exactly_the_pixels_of_the_recipe() {
    let desk = Desk::command_line();
    let source = desk.put("a.png", png(50, 40, 5));
    let mut spec = desk.job(vec![file(&source)], vec![Step::new("invert")], save_as("png"));
    let webp = Save { format: save_as("webp"), lossless: true, ..Save::default() };
    let rows = desk.run(spec.clone());
    let wanted: Vec<u8> = super::desk::pixels(50, 40, 5).iter().map(|level| 255 - level).collect();
    assert_eq!(read_png(&fs::read(output_of(&rows[0])).unwrap()), (50, 40, wanted.clone()));
    spec.output_mut().save = webp;
    let rows = desk.run(spec);
    let decoded = image::open(output_of(&rows[0])).unwrap().to_rgb8();
    assert_eq!(decoded.into_raw(), wanted);
}

#[test]
fn a_job_can_have_no_items_at_all() {
    let desk = Desk::command_line();
    let empty = source::folder(desk.path("in"), true);
    let rows = desk.run(desk.job(vec![empty], vec![long_edge(10)], FormatChoice::Keep));
    assert_eq!((rows.len(), desk.output_names().len()), (0, 0));
}

#[cfg(unix)]
#[test]
fn results_below_the_input_folder_do_not_become_inputs_of_the_same_job() {
    let desk = Desk::command_line();
    let first = desk.put("first.png", png(20, 20, 1));
    desk.put("z/second.png", png(20, 20, 2));
    let (pipe, end_of_list) = desk.slow_list();
    let folder = source::folder(desk.path("in"), true);
    let mut spec = desk.copies(vec![file(&first), pipe, folder]);
    let out = desk.path("in/m");
    spec.output_mut().sink.dir = Some(out.clone());
    let job = desk.submit(spec);
    desk.wait("the first result is there", |_| out.join("first.png").exists());
    drop(end_of_list);
    desk.wait_end(job);
    let inputs: Vec<_> = desk.rows(job).into_iter().map(|row| row.locator.path().unwrap().to_path_buf()).collect();
    assert!(!inputs.iter().any(|input| input.starts_with(&out)), "{inputs:?}");
    assert!(out.join("z/second.png").exists());
}
