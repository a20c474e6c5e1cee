//! What results keep of their inputs apart from pixels, and what the record says about the rest.

use std::time::{Duration, SystemTime};

use crate::program::Home;
use crate::util::server::{Answer, Server, ok};

fn picture(name: &str) -> Vec<u8> {
    std::fs::read(format!("tests/data/pictures/{name}")).unwrap()
}

#[test]
fn what_a_format_cannot_hold_is_named_in_the_record() {
    let home = Home::new();
    home.file("text.png", picture("png_text.png"));
    home.file("hdr.jpg", picture("uhdr.jpg"));
    let args = ["run", "text.png", "hdr.jpg", "-o", "out", "--format", "webp", "--metadata", "keep"];
    let output = home.run(&args).expect(0);
    assert!(output.err.contains("2 images lost metadata or other parts"), "{output:?}");
    let rows = home.run(&["export", "1", "--format", "jsonl"]).expect(0);
    let text = &rows.out;
    for name in ["parameters", "Creation Time", "comment", "gain_map", "WebP"] {
        assert!(text.contains(name), "{name} is not in {text}");
    }
    let output = home.run(&["run", "hdr.jpg", "-o", "bare", "--metadata", "strip", "--json=items"]).expect(0);
    assert!(output.out.contains("Not kept in JPEG: gain map (HDR)."), "{output:?}");
    let output = home.run(&["run", "text.png", "-o", "png", "--save", "png:effort=3", "--metadata", "keep"]).expect(0);
    assert!(!output.err.contains("lost"), "{output:?}");
}

#[test]
fn an_avif_is_stripped_and_named_by_its_date_without_encoding_it_again() {
    let home = Home::new();
    home.file("a.avif", picture("exif_date.avif"));
    home.run(&["run", "a.avif", "-o", "out", "--metadata", "strip", "--name", "{date:%Y%m%d}"]).expect(0);
    let bare = std::fs::read(home.path("out/20200102.avif")).unwrap();
    assert!(bare.len() > 3_000 && !bare.windows(4).any(|word| word == b"ACME"), "{}", bare.len());
}

#[test]
fn a_colour_space_that_a_format_cannot_hold_is_reported() {
    let home = Home::new();
    home.file("a.jpg", picture("adobe_icc_r03.jpg"));
    let run = |format: &str, colour: &str| {
        let out = format!("{format}-{colour}");
        home.run(&["run", "a.jpg", "-o", &out, "--format", format, "--colour", colour]).expect(0).err
    };
    assert!(run("qoi", "keep").contains("converted to sRGB: its format holds no colour profile"));
    assert!(!run("jxl", "keep").contains("converted"));
    assert!(!run("qoi", "srgb").contains("converted") && !run("png", "keep").contains("converted"));
}

#[test]
fn keep_times_gives_results_the_times_of_files_and_of_servers() {
    let home = Home::new();
    home.file("a.jpg", picture("motion.jpg"));
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    std::fs::File::options().write(true).open(home.path("a.jpg")).unwrap().set_modified(long_ago).unwrap();
    let time = |name: &str| std::fs::metadata(home.path(name)).unwrap().modified().unwrap();
    // A copy, a stripped file and a rendered one.
    home.run(&["run", "a.jpg", "-o", "copy", "--keep-times"]).expect(0);
    home.run(&["run", "a.jpg", "-o", "bare", "--keep-times", "--metadata", "strip"]).expect(0);
    home.run(&["run", "a.jpg", "-o", "small", "--keep-times", "-s", "resize:long_edge=20"]).expect(0);
    for folder in ["copy", "bare", "small"] {
        assert_eq!(time(&format!("{folder}/a.jpg")), long_ago, "{folder}");
    }
    home.run(&["run", "a.jpg", "-o", "now"]).expect(0);
    assert!(time("now/a.jpg") > long_ago);
    let body = picture("motion.jpg");
    let server = Server::start(move |request| -> Answer {
        let answer = ok(body.clone(), "image/jpeg");
        if request.path == "/dated.jpg" {
            answer.header("Last-Modified", "Sun, 09 Sep 2001 01:46:40 GMT")
        } else {
            answer
        }
    });
    let urls = [server.url("/dated.jpg"), server.url("/other.jpg")];
    home.run(&["run", &urls[0], &urls[1], "-o", "links", "--keep-times"]).expect(0);
    assert_eq!(time("links/dated.jpg"), long_ago, "curl -R, wget");
    assert!(time("links/other.jpg") > long_ago);
    // A second row of the same link has the time of the first.
    home.file("rows.csv", format!("url\n{0}\n{0}\n", urls[0]));
    home.run(&["run", "--urls", "rows.csv", "-o", "rows", "--name", "{index}", "--keep-times"]).expect(0);
    assert_eq!([time("rows/1.jpg"), time("rows/2.jpg")], [long_ago; 2]);
}

#[test]
fn limits_on_pixels_apply_to_files_that_are_only_stripped() {
    let home = Home::new();
    home.sample("tulip-field.jpg", "a.jpg");
    for args in [&["--metadata", "strip"][..], &[], &["-s", "flip"]] {
        let args = [&["run", "a.jpg", "-o", "out", "--max-megapixels", "0.1"][..], args].concat();
        let run = home.run(&args).expect(1);
        assert!(run.err.contains("it is larger than the limit"), "{args:?} {run:?}");
    }
}

#[test]
fn texts_of_drawings_and_bitmaps_are_kept_where_the_format_has_a_place_and_named_elsewhere() {
    let home = Home::new();
    let drawing = r#"<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><title>Red box</title>
        <desc>A box for tests</desc><metadata><a xmlns="urn:x"/></metadata><rect width="8" height="8" fill="red"/></svg>"#;
    home.file("a.svg", drawing);
    home.file("a.pgm", "P2\n# made by hand\n2 1\n255\n7 9\n");
    let contains = |path: &str, text: &str| {
        let bytes = std::fs::read(home.path(path)).unwrap();
        bytes.windows(text.len()).any(|part| part == text.as_bytes())
    };
    let run = |format: &str| {
        let args = ["run", "a.svg", "a.pgm", "-o", format, "--format", format, "--metadata", "keep", "--json=items"];
        home.run(&args).expect(0).out
    };
    // Names are taken in the order of the list.
    let (svg, pgm) = (|format: &str| format!("{format}/a.{format}"), |format: &str| format!("{format}/a (1).{format}"));
    let out = run("png");
    assert!(contains(&svg("png"), "Red box") && contains(&svg("png"), "A box for tests"), "{out}");
    assert!(contains(&pgm("png"), "made by hand") && out.contains(r#"text \"metadata\""#), "{out}");
    // In XMP.
    run("webp");
    assert!(contains(&svg("webp"), "dc:title") && contains(&svg("webp"), "Red box"));
    let out = run("bmp");
    for name in [r#"text \"Title\""#, r#"text \"Description\""#, "comment"] {
        assert!(out.contains(name), "{name}: {out}");
    }
    home.run(&["run", "a.pgm", "-o", "bare", "--metadata", "strip"]).expect(0);
    assert_eq!(std::fs::read(home.path("bare/a.pgm")).unwrap(), b"P2\n2 1\n255\n7 9\n");
}

#[test]
fn a_dry_run_names_what_a_format_cannot_hold_of_every_item() {
    let home = Home::new();
    for n in 0..6 {
        home.file(&format!("in/{n}.png"), picture("png_text.png"));
    }
    let args = ["run", "in", "-o", "out", "--format", "bmp", "--metadata", "keep", "--dry-run", "--json"];
    let planned = home.run(&args).expect(0).events_of("planned");
    assert_eq!(planned.len(), 6);
    for item in planned {
        let remarks = item["remarks"].to_string();
        assert!(remarks.contains("EXIF") && remarks.contains("comment"), "{remarks}");
    }
}

#[test]
fn lossless_jpeg_turns_and_cuts_without_encoding_again_and_says_where_it_does_not() {
    let home = Home::new();
    home.file("a.jpg", std::fs::read("assets/samples/dunes-at-dusk.jpg").unwrap());
    home.run(&["run", "a.jpg", "-o", "whole", "-s", "crop:width=320,height=160", "--lossless-jpeg"]).expect(0);
    let turn = |from: &str, out: &str, degrees: &str| {
        let step = format!("rotate:degrees={degrees}");
        home.run(&["run", from, "-o", out, "-s", &step, "--lossless-jpeg"]).expect(0).err
    };
    turn("whole/a.jpg", "right", "90");
    let text = turn("right/a.jpg", "back", "270");
    let bytes = |path: &str| std::fs::read(home.path(path)).unwrap();
    assert!(bytes("back/a.jpg") == bytes("whole/a.jpg") && !text.contains("blocks"), "{text}");
    let cut =
        home.run(&["run", "whole/a.jpg", "-o", "cut", "-s", "crop:x=21,width=99", "--save", "keep:lossless_jpeg=true"]);
    let cut = cut.expect(0).err;
    assert!(cut.contains("1 JPEG file was cut at other places than requested"), "{cut}");
    let record = home.run(&["export", "4", "--format", "jsonl"]).expect(0).out;
    assert!(record.contains("Cut to 104 x 160 px at 16,0 instead of 99 x 160 px"), "{record}");
    let other = home.run(&["run", "a.jpg", "-o", "gray", "-s", "grayscale", "--lossless-jpeg"]).expect(0).err;
    assert!(other.contains("Encoded again: steps other than quarter turns"), "{other}");
    let refused = home.run(&["run", "a.jpg", "--format", "webp", "--lossless-jpeg"]).expect(2).err;
    assert!(refused.contains("--lossless-jpeg: lossless_jpeg doesn't apply to webp"), "{refused}");
}

/// The JPEG file that a JPEG XL file was made of.
fn restored(jxl: &[u8]) -> Option<Vec<u8>> {
    let image = jxl_oxide::JxlImage::builder().read(jxl).unwrap();
    let mut jpeg = Vec::new();
    image.reconstruct_jpeg(&mut jpeg).ok().map(|()| jpeg)
}

#[test]
fn jpeg_becomes_jpeg_xl_without_loss_and_is_restored_from_it() {
    let home = Home::new();
    let names = ["adobe_icc_r03.jpg", "dcf_adobe.jpg", "motion.jpg", "uhdr.jpg"];
    for name in names {
        home.file(&format!("in/{name}"), picture(name));
    }
    home.file("in/dunes.jpg", std::fs::read("assets/samples/dunes-at-dusk.jpg").unwrap());
    home.file("in/text.png", picture("png_text.png"));
    let jxl = ["--save", "jxl:transcode=true", "--colour", "keep"];
    let run = |out: &str, more: &[&str]| home.run(&[&["run", "in", "-o", out][..], &jxl, more].concat()).expect(0);
    run("all", &["--metadata", "keep"]);
    let bytes = |path: &str| std::fs::read(home.path(path)).unwrap();
    for name in names.into_iter().chain(["dunes.jpg"]) {
        let file = bytes(&format!("all/{}", name.replace(".jpg", ".jxl")));
        let original = bytes(&format!("in/{name}"));
        assert!(restored(&file).as_ref() == Some(&original), "{name}");
        assert!(file.len() < original.len(), "{name}: {} of {}", file.len(), original.len());
    }
    assert!(restored(&bytes("all/text.jxl")).is_none(), "other images are encoded");
    // What the policy removes is not in the file either, and is not restored.
    run("bare", &["--metadata", "strip"]);
    let has_xmp = |bytes: &[u8]| bytes.windows(12).any(|word| word == b"ns.adobe.com");
    let bare = restored(&bytes("bare/motion.jxl")).unwrap();
    assert!(has_xmp(&bytes("in/motion.jpg")) && !has_xmp(&bare));
    // Quarter turns move coefficients; other steps encode again, and say so.
    let turned = run("turned", &["-s", "rotate:degrees=90", "-s", "crop:width=320,height=160"]);
    assert!(restored(&bytes("turned/dunes.jxl")).is_some(), "{}", turned.err);
    let gray = run("gray", &["-s", "grayscale"]).err;
    assert!(gray.contains("Encoded again: steps other than quarter turns"), "{gray}");
    assert!(restored(&bytes("gray/dunes.jxl")).is_none());
}

#[test]
fn a_target_is_reached_and_excludes_other_settings_of_quality() {
    let home = Home::new();
    home.file("a.jpg", std::fs::read("assets/samples/dunes-at-dusk.jpg").unwrap());
    home.run(&["run", "a.jpg", "-o", "low", "-s", "resize:width=300", "--save", "webp:target=50"]).expect(0);
    home.run(&["run", "a.jpg", "-o", "high", "-s", "resize:width=300", "--save", "webp:target=85"]).expect(0);
    let size = |path: &str| std::fs::metadata(home.path(path)).unwrap().len();
    assert!(size("low/a.webp") < size("high/a.webp"));
    let out = home.run(&["run", "a.jpg", "-o", "most", "-s", "resize:width=60", "--save", "webp:target=100"]).expect(0);
    assert!(out.err.contains("A score of 100 can't be reached"), "{}", out.err);
    for save in ["webp:target=85,quality=80", "webp:target=85,max_bytes=20KB", "webp:target=85,lossless=true"] {
        let refused = home.run(&["run", "a.jpg", "-o", "no", "--save", save]).expect(2).err;
        assert!(refused.contains("target chooses the quality itself"), "{refused}");
    }
    let refused = home.run(&["run", "a.jpg", "-o", "no", "--save", "png:target=85"]).expect(2).err;
    assert!(refused.contains("only jpeg, webp, avif, jxl"), "{refused}");
}
