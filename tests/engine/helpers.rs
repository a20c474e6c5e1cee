//! Formats that are decoded in helper processes: SVG, AVIF and JPEG XL.

use std::path::{Path, PathBuf};

use pixloom::codec::{DecodeOptions, open};
use pixloom::engine::Command;
use pixloom::error::{ErrorKind, ItemError};
use pixloom::model::{Band, ItemRow, ItemState, JobState, Limits, Samples};

use super::desk::{Desk, file, output_of, png, save_as};

/// A drawing of a few hundred bytes that takes minutes of processor time; large, so that it may take one.
const SLOW: &str = "<svg xmlns='http://www.w3.org/2000/svg' width='4000' height='4000'>\
    <filter id='f' x='0' y='0' width='1' height='1'><feMorphology operator='dilate' radius='900'/></filter>\
    <circle cx='2000' cy='2000' r='900' filter='url(#f)'/></svg>";

fn reference(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference").join(name)).unwrap()
}

/// Rows, samples and profile of an image, decoded in this process.
fn decoded(bytes: &[u8]) -> (u32, Samples) {
    let mut opened = open(bytes, &DecodeOptions::default()).unwrap();
    let info = opened.rows.info();
    let mut band = Band::empty(&info);
    opened.rows.read_rows(info.height_px, &mut band).unwrap();
    (band.width_px, band.samples)
}

fn error_of(rows: &[ItemRow], name: &str) -> ItemError {
    let row = rows.iter().find(|row| row.locator.to_string().ends_with(name)).unwrap();
    assert_eq!(row.state, ItemState::Failed, "{row:?}");
    row.error.clone().unwrap()
}

/// Runs a drawing and a PNG with helpers of another program; the PNG is always saved.
fn error_with(program: impl Into<PathBuf>) -> ItemError {
    let desk = Desk::with_helper_program(program);
    let drawing = desk.put("a.svg", "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>");
    let image = desk.put("b.png", png(20, 10, 1));
    let rows = desk.run(desk.job(vec![file(&drawing), file(&image)], Vec::new(), save_as("bmp")));
    assert_eq!(rows[1].state, ItemState::Done, "{rows:?}");
    error_of(&rows, "a.svg")
}

#[test]
fn an_image_from_a_helper_has_the_pixels_that_its_decoder_gives() {
    let desk = Desk::command_line();
    let drawing = "<svg xmlns='http://www.w3.org/2000/svg'><text y='40' font-size='40'>Pix 한글</text></svg>";
    let files = [
        ("a.avif", reference("formats/avif_alpha.avif")),
        ("b.avif", reference("formats/avif_10bit_2020.avif")),
        ("c.jxl", reference("formats/jxl_lossy.jxl")),
        ("d.svg", drawing.as_bytes().to_vec()),
        ("e.svg", drawing.replace("<svg", "<svg width='33' height='44'").into_bytes()),
    ];
    let sources = files.iter().map(|(name, bytes)| file(&desk.put(name, bytes))).collect();
    let rows = desk.run(desk.job(sources, Vec::new(), save_as("png")));
    for (row, (name, bytes)) in rows.iter().zip(&files) {
        assert_eq!(row.state, ItemState::Done, "{row:?}");
        if *name == "d.svg" {
            // Its size depends on its text, which only a helper draws.
            assert!(row.width_px.unwrap() > 100 && row.height_px.unwrap() > 20, "{row:?}");
            continue;
        }
        let saved = std::fs::read(output_of(row)).unwrap();
        assert_eq!(decoded(&saved), decoded(bytes), "{name}");
    }
}

#[test]
fn slow_svgs_do_not_delay_other_images_and_end_when_the_job_is_cancelled() {
    let desk = Desk::command_line();
    let mut sources: Vec<_> = (0..3).map(|n| file(&desk.put(&format!("slow{n}.svg"), SLOW))).collect();
    sources.extend((0..40).map(|n| file(&desk.put(&format!("{n}.png"), png(30, 20, n)))));
    let job = desk.submit(desk.job(sources, Vec::new(), save_as("bmp")));
    desk.wait("all but the drawings are saved", |_| desk.row_of(job).done == 40);
    assert_eq!(desk.row_of(job).failed, 0, "the drawings are still being drawn: {:?}", &desk.rows(job)[..3]);
    desk.send(Command::Cancel(job));
    desk.wait("it is cancelled", |_| desk.row_of(job).state == JobState::Cancelled);
    assert_eq!(desk.row_of(job).failed, 0);
    assert!(desk.rows(job)[..3].iter().all(|row| row.state != ItemState::Done));
}

#[test]
fn an_svg_that_exceeds_the_memory_limit_fails_alone() {
    let desk = Desk::command_line();
    let (group, uses) = ("<rect width='1' height='1'/>".repeat(1000), "<use href='#g'/>".repeat(900));
    let large = format!(
        "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><defs><g id='g'>{group}</g></defs>{uses}</svg>"
    );
    let sources = vec![file(&desk.put("large.svg", large)), file(&desk.put("good.png", png(30, 20, 1)))];
    let limits = Limits { memory_bytes: Some(100 << 20), ..Limits::default() };
    let rows = desk.run(pixloom::model::JobSpec { limits, ..desk.job(sources, Vec::new(), save_as("bmp")) });
    let error = error_of(&rows, "large.svg");
    assert_eq!(error.kind, ErrorKind::TooLarge, "{error}");
    assert!(error.to_string().contains("decoding it takes more than"), "{error}");
    assert_eq!(rows[1].state, ItemState::Done, "{:?}", rows[1]);
}

#[test]
fn an_svg_that_exceeds_the_item_time_limit_fails_alone() {
    let desk = Desk::command_line();
    let sources = vec![file(&desk.put("slow.svg", SLOW)), file(&desk.put("good.png", png(30, 20, 1)))];
    let limits = Limits { item_timeout_s: Some(5), ..Limits::default() };
    let rows = desk.run(pixloom::model::JobSpec { limits, ..desk.job(sources, Vec::new(), save_as("bmp")) });
    let error = error_of(&rows, "slow.svg");
    assert_eq!(error.kind, ErrorKind::TookTooLong, "{error}");
    assert_eq!(rows[1].state, ItemState::Done, "{:?}", rows[1]);
}

#[test]
fn a_drawing_that_takes_too_much_processor_time_for_its_size_fails_alone() {
    let desk = Desk::command_line();
    let slow = "<svg xmlns='http://www.w3.org/2000/svg' width='20' height='20'><filter id='f'>\
        <feTurbulence baseFrequency='0.1' numOctaves='100000000'/></filter><rect width='20' height='20' filter='url(#f)'/></svg>";
    let good = "<svg xmlns='http://www.w3.org/2000/svg' width='20' height='20'><rect width='9' height='9'/></svg>";
    let sources = [("slow.svg", slow), ("good.svg", good)].map(|(name, text)| file(&desk.put(name, text)));
    // The second one gets another helper, or the same worker.
    let rows = desk.run(desk.job(sources.to_vec(), Vec::new(), save_as("bmp")));
    let error = error_of(&rows, "slow.svg");
    assert_eq!(error.kind, ErrorKind::TooLarge, "{error}");
    assert!(error.to_string().contains("drawing it takes more than 5 s of processor time"), "{error}");
    assert_eq!(rows[1].state, ItemState::Done, "{:?}", rows[1]);
}

#[test]
fn without_helpers_an_item_that_needs_one_fails_and_the_others_are_saved() {
    let error = error_with("/nowhere/pixloom");
    assert_eq!(error.kind, ErrorKind::NoDecoder, "{error}");
    assert!(error.to_string().contains("its decoder process couldn't be started"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_program_that_is_not_a_helper_is_detected() {
    let error = error_with("/bin/true");
    assert_eq!(error.kind, ErrorKind::NoDecoder, "{error}");
    let error = error_with("/bin/echo");
    assert_eq!(error.kind, ErrorKind::NoDecoder, "{error}");
}

#[cfg(unix)]
#[test]
fn a_decoder_that_crashes_fails_only_its_item() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("crashes");
    std::fs::write(&program, "#!/bin/sh\necho '\"Ready\"'\nread request\nkill -SEGV $$\n").unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let error = error_with(&program);
    assert_eq!(error.kind, ErrorKind::Corrupt, "{error}");
    assert!(error.to_string().contains("its decoder crashed (signal 11)"), "{error}");
}

#[cfg(unix)]
#[test]
fn an_answer_that_contradicts_the_header_is_not_believed() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("lies");
    let info = |width: u32| {
        format!(
            "{{\"width_px\":{width},\"height_px\":9,\"channels\":\"Rgba\",\"sample\":\"U8\",\"premultiplied\":false}}"
        )
    };
    for (header, drawn, bytes, block) in
        [(9, 9, 324, 1_u64 << 40), (9, 900, 32_400, 4), (10, 10, 360, 4), (9, 9, 323, 4)]
    {
        let (header, drawn) = (info(header), info(drawn));
        let answer = format!(
            "{{\"Opened\":{{\"header\":{header},\"info\":{drawn},\"pixels\":{{\"at\":0,\"bytes\":{bytes}}},\
             \"profile\":{{\"at\":0,\"bytes\":{block}}},\"exif\":null,\"xmp\":null,\"iptc\":null,\"density\":null,\"left_out\":[]}}}}"
        );
        let script = format!("#!/bin/sh\necho '\"Ready\"'\nread request\necho '{answer}'\nread request\n");
        std::fs::write(&program, script).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let error = error_with(&program);
        assert_eq!(error.kind, ErrorKind::Corrupt, "{error}");
    }
}
