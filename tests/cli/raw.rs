//! Camera raw files: through their previews or developed, and pairs of them with other files.

use std::collections::BTreeSet;

use crate::program::{Home, RunOutput, size_px};

/// A file of `tests/data/raw`.
fn raw(home: &Home, file: &str, name: &str) {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/raw");
    home.file(name, std::fs::read(folder.join(file)).unwrap());
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Bits per sample of a PNG file.
fn depth(home: &Home, name: &str) -> u8 {
    std::fs::read(home.path(name)).unwrap()[24]
}

#[test]
fn a_preview_is_used_if_it_is_large_enough_and_else_the_file_is_developed_with_a_remark() {
    let home = Home::new();
    raw(&home, "bayer14.dng", "in/full.DNG");
    raw(&home, "bayer14_lossless.dng", "in/small.dng");
    let run = home.run(&["run", "in", "-o", "a", "--format", "png"]).expect(0);
    assert_eq!(home.files("a"), set(&["full.png", "small.png"]));
    // The first one is turned.
    assert_eq!((size_px(&home.path("a/full.png")), size_px(&home.path("a/small.png"))), ((80, 120), (120, 80)));
    let remark = "1 camera raw file was developed: its preview image is missing or too small. (small.dng)";
    assert!(run.err.contains(remark), "{run:?}");
    // A small result needs no more than the small preview.
    let small = home.run(&["run", "in", "-o", "b", "--format", "png", "-s", "resize:long_edge=20"]).expect(0);
    assert!(!small.err.contains("developed"), "{small:?}");
    let developed = home.run(&["run", "in", "-o", "c", "--format", "png", "--raw", "develop"]).expect(0);
    assert!(!developed.err.contains("preview"), "{developed:?}");
    assert_eq!((size_px(&home.path("c/full.png")), size_px(&home.path("c/small.png"))), ((80, 120), (120, 80)));
    assert_eq!((depth(&home, "a/full.png"), depth(&home, "c/full.png")), (8, 16));
    // A file without steps is copied as it is.
    home.run(&["run", "in", "-o", "d"]).expect(0);
    assert_eq!(std::fs::read(home.path("d/full.DNG")).unwrap(), std::fs::read(home.path("in/full.DNG")).unwrap());
}

#[test]
fn results_keep_the_exif_data_of_raw_files() {
    let home = Home::new();
    raw(&home, "bayer14.dng", "in/a.dng");
    for (out, raw) in [("preview", "preview"), ("develop", "develop")] {
        let options = ["--raw", raw, "--format", "jpeg", "--name", "{date}", "--metadata", "keep"];
        home.run(&[&["run", "in", "-o", out][..], &options].concat()).expect(0);
        let name = home.files(out).into_iter().next().unwrap();
        assert!(name.starts_with("2026-10-03"), "{name}");
        let file = std::fs::read(home.path(&format!("{out}/{name}"))).unwrap();
        let exif = exif::Reader::new().read_from_container(&mut std::io::Cursor::new(file)).unwrap();
        let shown = |tag| exif.get_field(tag, exif::In::PRIMARY).map(|field| field.display_value().to_string());
        assert_eq!(shown(exif::Tag::LensModel).as_deref(), Some("\"Pixloom 50mm f/1.4\""), "{out}");
        assert_eq!(shown(exif::Tag::Model).as_deref(), Some("\"Test One\""), "{out}");
        assert!(shown(exif::Tag::MakerNote).is_some() && shown(exif::Tag::ExposureTime).as_deref() == Some("1/250"));
        let turned =
            exif.get_field(exif::Tag::Orientation, exif::In::PRIMARY).and_then(|field| field.value.get_uint(0));
        assert!(turned.is_none_or(|value| value == 1), "{out}: {turned:?}");
    }
}

#[test]
fn one_file_of_each_pair_is_left_out_and_named() {
    let home = Home::new();
    raw(&home, "bayer14.dng", "in/IMG_1.DNG");
    raw(&home, "linear16.dng", "in/IMG_3.dng");
    home.sample("tulip-field.jpg", "in/img_1.jpg");
    home.sample("tulip-field.jpg", "in/IMG_2.jpg");
    home.sample("tulip-field.jpg", "in/sub/IMG_3.jpg");
    home.file("list.txt", "in/IMG_2.jpg\nin/img_1.jpg\nin/IMG_1.DNG\nin/IMG_3.dng\nin/sub/IMG_3.jpg\n");
    let names = |run: &RunOutput| -> BTreeSet<String> {
        let events = run.events_of("ignored");
        let name = |path: &str| std::path::Path::new(path).file_name().unwrap().to_str().unwrap().to_owned();
        events.iter().map(|event| name(event["path"].as_str().unwrap())).collect()
    };
    for (at, source) in [&["-R", "in"][..], &["--files", "list.txt"]].into_iter().enumerate() {
        for (pairs, left_out, made) in [("both", &[][..], 5), ("raw", &["img_1.jpg"], 4), ("JPEG", &["IMG_1.DNG"], 4)] {
            let out = format!("out-{at}-{pairs}");
            let options = ["-o", &out, "--raw-pairs", pairs, "-s", "resize:long_edge=16", "--format", "png", "--json"];
            let plan = home.run(&[&["run"], source, &options[..], &["--dry-run"]].concat()).expect(0);
            assert_eq!((names(&plan), plan.events_of("planned").len()), (set(left_out), made), "{pairs}");
            let run = home.run(&[&["run"], source, &options[..]].concat()).expect(0);
            assert_eq!((names(&run), home.files(&out).len()), (set(left_out), made), "{run:?}");
            assert_eq!(run.err.contains("of the same name is used instead"), !left_out.is_empty(), "{run:?}");
        }
    }
}

#[test]
fn a_raw_file_that_cannot_be_read_names_its_camera() {
    let home = Home::new();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/decode_raw");
    home.file("in/a.erf", std::fs::read(folder.join("epson.erf")).unwrap());
    home.file("in/b.cr2", b"II*\0\x10\0\0\0CR\x02\0\0\0\0\0\0\0");
    let run = home.run(&["run", "in", "-o", "out", "--format", "jpeg", "--json"]).expect(1);
    let failed = run.events_of("failed");
    let of = |name: &str| {
        let found = failed.iter().find(|event| event["locator"].as_str().unwrap().ends_with(name)).unwrap();
        (found["kind"].as_str().unwrap().to_owned(), found["message"].as_str().unwrap().to_owned())
    };
    assert!(of("a.erf").0 == "unsupported" && of("a.erf").1.contains("SEIKO EPSON CORP. R-D1"), "{failed:?}");
    assert!(of("b.cr2").1.contains("raw"), "{failed:?}");
}
