//! Uses the real window on a screen of its own: images are given as arguments, a filter is added, Start is pressed, and
//! files are saved.
//!
//! Without Xvfb or pyatspi, this says so and passes, unless `PIXLOOM_REQUIRE_WINDOW` is set.

#![cfg(all(feature = "gui", target_os = "linux"))]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]
#![expect(clippy::disallowed_methods, reason = "tests prepare files")]
#![expect(clippy::disallowed_types, reason = "tests prepare a database")]

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The driver's exit code if it can't run here.
const CANNOT_RUN: i32 = 77;

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A tool that a window without a screen needs and that is missing.
fn missing() -> Option<String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    for tool in ["xvfb-run", "dbus-run-session", "dbus-send", "openbox"] {
        if !std::env::split_paths(&path).any(|folder| folder.join(tool).is_file()) {
            return Some(tool.to_owned());
        }
    }
    let python = Command::new("/usr/bin/python3").args(["-c", "import pyatspi"]).stderr(Stdio::null()).status();
    (!python.is_ok_and(|status| status.success())).then(|| "python3-pyatspi".to_owned())
}

/// Says why it was not tested; fails if it must be.
fn not_tested(why: &str) {
    assert!(std::env::var_os("PIXLOOM_REQUIRE_WINDOW").is_none(), "the window must be tested here, but: {why}");
    eprintln!("note: the window was not tested: {why}");
}

fn bytes_of(paths: &[PathBuf]) -> Vec<Vec<u8>> {
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

#[test]
fn images_given_to_the_window_are_saved_next_to_them() {
    if let Some(tool) = missing() {
        return not_tested(&format!("{tool} is missing"));
    }
    let scratch = tempfile::tempdir().expect("a scratch folder");
    fs::create_dir_all(scratch.path().join("home")).unwrap();
    let at = |name: &str| -> PathBuf {
        let path = scratch.path().join(name);
        fs::create_dir_all(&path).unwrap();
        path
    };
    let photos = at("pictures/photos");
    let inputs: Vec<PathBuf> = ["dunes-at-dusk.jpg", "morning-dew.webp", "orange-slice.png"]
        .iter()
        .map(|name| {
            let copy = photos.join(name);
            fs::copy(repository().join("assets/samples").join(name), &copy).unwrap();
            copy
        })
        .collect();
    let before = bytes_of(&inputs);
    // A new folder next to the inputs; its name ends in `-pixloom`.
    let results_root = at("pictures");

    let arguments = std::iter::once(results_root.as_os_str()).chain(inputs.iter().map(|path| path.as_os_str()));
    let Some(output) = driven("drive.py", scratch.path(), arguments) else { return };

    let results: Vec<PathBuf> = files_below(&results_root)
        .into_iter()
        .filter(|path| path.ancestors().any(|folder| folder.to_string_lossy().ends_with("-pixloom")))
        .collect();
    assert_eq!(results.len(), inputs.len(), "{results:?}\n{output}");
    for path in results {
        let (width, height) = decoded_size(&path);
        assert!(width > 1 && height > 1, "{} is {width} x {height}", path.display());
    }
    assert_eq!(bytes_of(&inputs), before, "an input file was written to");
}

/// Runs a driver with these arguments after the program; returns what it says, unless it can't run here.
fn driven<'a>(driver: &str, scratch: &Path, arguments: impl Iterator<Item = &'a OsStr>) -> Option<String> {
    let own = |name: &str| scratch.join(name);
    let outcome = Command::new(repository().join("tests/window/drive.sh"))
        .args(["/usr/bin/python3".as_ref(), repository().join("tests/window").join(driver).as_path()])
        .arg(env!("CARGO_BIN_EXE_pixloom"))
        .args(arguments)
        .stdin(Stdio::null())
        .env("HOME", own("home"))
        .env("XDG_DATA_HOME", own("data"))
        .env("XDG_CONFIG_HOME", own("config"))
        .env("XDG_CACHE_HOME", own("cache"))
        .env("LANG", "C.UTF-8")
        .env_remove("LC_ALL")
        .env_remove("LANGUAGE")
        .env_remove("PIXLOOM_SCREEN")
        .output()
        .expect("the driver runs");
    let output = format!("{}{}", String::from_utf8_lossy(&outcome.stdout), String::from_utf8_lossy(&outcome.stderr));
    if outcome.status.code() == Some(CANNOT_RUN) {
        not_tested(&output);
        return None;
    }
    assert!(outcome.status.success(), "{output}");
    Some(output)
}

#[test]
fn a_query_is_saved_by_a_job_whose_rows_are_shown_in_both_languages() {
    if let Some(tool) = missing() {
        return not_tested(&format!("{tool} is missing"));
    }
    for lang in ["en", "ko"] {
        let scratch = tempfile::tempdir().expect("a scratch folder");
        fs::create_dir_all(scratch.path().join("home")).unwrap();
        let (database, result) = (scratch.path().join("shop.db"), scratch.path().join("rows.csv"));
        let shop = rusqlite::Connection::open(&database).unwrap();
        shop.execute_batch(
            "CREATE TABLE products(id INTEGER PRIMARY KEY, name TEXT); \
             INSERT INTO products(name) VALUES ('linen shirt'), ('oak table')",
        )
        .unwrap();
        let arguments = [database.as_os_str(), result.as_os_str(), lang.as_ref()];
        if driven("drive_database.py", scratch.path(), arguments.into_iter()).is_none() {
            return;
        }
        assert_eq!(fs::read_to_string(&result).unwrap(), "id,name\r\n1,linen shirt\r\n2,oak table\r\n", "{lang}");
    }
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }
    files
}

/// Width and height in px of an image that a reader other than ours reads to its end.
fn decoded_size(path: &Path) -> (u32, u32) {
    let bytes = fs::read(path).unwrap();
    if bytes.starts_with(&[0xff, 0xd8]) {
        let mut jpeg = zune_jpeg::JpegDecoder::new(zune_jpeg::zune_core::bytestream::ZCursor::new(&bytes));
        let pixels = jpeg.decode().unwrap();
        let (width, height) = jpeg.dimensions().unwrap();
        assert_eq!(pixels.len() % (width * height), 0);
        let size = (width as u32, height as u32);
        return size;
    }
    if bytes.starts_with(b"\x89PNG") {
        let mut reader = png::Decoder::new(std::io::Cursor::new(&bytes)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        return (info.width, info.height);
    }
    let image_file = image::load_from_memory(&bytes).unwrap();
    (image_file.width(), image_file.height())
}
