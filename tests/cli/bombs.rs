//! Files that would take excessive resources: each fails with an explanation, and the program stays within its budget.

use std::collections::BTreeMap;

use crate::program::{Home, sample};
use crate::util::server::{Answer, Server, ok, status};

/// A PNG of one gray level, with the metadata that `change` sets.
fn png(width: u32, height: u32, change: impl FnOnce(&mut png::Info<'_>, &mut Vec<String>)) -> Vec<u8> {
    let mut info = png::Info::with_size(width, height);
    info.color_type = png::ColorType::Grayscale;
    info.bit_depth = png::BitDepth::Eight;
    let mut texts = Vec::new();
    change(&mut info, &mut texts);
    let mut out = Vec::new();
    let mut encoder = png::Encoder::with_info(&mut out, info).unwrap();
    encoder.set_compression(png::Compression::Balanced);
    for text in texts {
        encoder.add_ztxt_chunk("Raw profile type exif".to_owned(), text).unwrap();
    }
    let mut writer = encoder.write_header().unwrap();
    let mut rows = writer.stream_writer().unwrap();
    let row = vec![0; width as usize];
    for _ in 0..height {
        std::io::Write::write_all(&mut rows, &row).unwrap();
    }
    rows.finish().unwrap();
    writer.finish().unwrap();
    out
}

/// A JPEG with segments inserted after its beginning.
fn with_segments(segments: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let mut file = sample("tulip-field.jpg");
    let mut inside = Vec::new();
    for (marker, payload) in segments {
        inside.extend([0xFF, *marker]);
        inside.extend((payload.len() as u16 + 2).to_be_bytes());
        inside.extend(payload);
    }
    file.splice(2..2, inside);
    file
}

/// The frame header of a gray JPEG of this size.
fn frame(marker: u8, side: u16) -> Vec<u8> {
    let [s1, s0] = side.to_be_bytes();
    vec![0xFF, marker, 0, 11, 8, s1, s0, s1, s0, 1, 1, 0x11, 0]
}

/// A lossless WebP of one colour: each code has one symbol, so pixels take no bits.
fn webp(side: u32) -> Vec<u8> {
    let mut bits = u64::from(side - 1) | u64::from(side - 1) << 14 | 1 << 28;
    // No transform, no cache, no code-length code; five codes of one symbol each.
    bits |= 0b0001_0001_0001_0001_0001 << 35;
    let mut data = vec![0x2F];
    data.extend(bits.to_le_bytes());
    data.push(0);
    riff(&[(b"VP8L", data)])
}

fn riff(chunks: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut body = b"WEBP".to_vec();
    for (kind, data) in chunks {
        body.extend_from_slice(*kind);
        body.extend((data.len() as u32).to_le_bytes());
        body.extend(data);
        body.resize(body.len().next_multiple_of(2), 0);
    }
    [b"RIFF".as_slice(), &(body.len() as u32).to_le_bytes(), &body].concat()
}

/// An animated WebP with a one-pixel frame on a large canvas.
fn animated_webp() -> Vec<u8> {
    let canvas = [0xFE, 0x3F, 0, 0xFE, 0x3F, 0];
    let still = webp(1);
    let place = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 100, 0, 0, 0];
    let frame = [place.as_slice(), &still[12..]].concat();
    let head = [&[0b0001_0010, 0, 0, 0], canvas.as_slice()].concat();
    riff(&[(b"VP8X", head), (b"ANIM", vec![0; 6]), (b"ANMF", frame.clone()), (b"ANMF", frame)])
}

/// A TIFF of 30,000 x 30,000 px in one compressed strip with almost no data.
fn tiff() -> Vec<u8> {
    let entries: [(u16, u32); 9] =
        [(256, 30_000), (257, 30_000), (258, 8), (259, 8), (262, 1), (273, 150), (277, 1), (278, 30_000), (279, 40)];
    let mut file = b"II*\0\x08\0\0\0\x09\0".to_vec();
    for (tag, value) in entries {
        file.extend(tag.to_le_bytes());
        file.extend([4, 0, 1, 0, 0, 0]);
        file.extend(value.to_le_bytes());
    }
    file.resize(200, 0);
    file
}

/// A run-length coded bitmap that ends after its palette.
fn bitmap() -> Vec<u8> {
    let mut file = b"BM".to_vec();
    for value in [1_100u32, 0, 1_078, 40, 30_000, 30_000, 1 | 8 << 16, 1, 22, 0, 0, 256, 0] {
        file.extend(value.to_le_bytes());
    }
    file.resize(1_100, 0);
    file
}

fn gif(side: u16) -> Vec<u8> {
    let [s0, s1] = side.to_le_bytes();
    let screen = [s0, s1, s0, s1, 0x80, 0, 0, 0, 0, 0, 255, 255, 255];
    let frame = [0x2C, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0, 0x3B];
    [b"GIF89a".as_slice(), &screen, &frame].concat()
}

/// Name, bytes, and the expected kinds of failure; none if the file is valid but large.
fn bombs() -> Vec<(&'static str, Vec<u8>, &'static [&'static str])> {
    const LARGE: &[&str] = &["too_large"];
    const NOT_ALL_THERE: &[&str] = &["truncated", "too_large"];
    let mut huge = png(8, 8, |_, _| {});
    huge[16..24].copy_from_slice(&[0, 1, 0x86, 0xA0, 0, 1, 0x86, 0xA0]);
    let mut interlaced = huge.clone();
    interlaced[16..24].copy_from_slice(&[0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30]);
    interlaced[28] = 1;
    let crc = interlaced[12..29].iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 })
    });
    interlaced[29..33].copy_from_slice(&(!crc).to_be_bytes());
    let profile = png(8, 8, |info, _| info.icc_profile = Some(vec![0; 200_000_000].into()));
    let text = png(8, 8, |_, texts| texts.push(format!("\nexif\n60000000\n{}", "00".repeat(60_000_000))));
    let mut exif = b"Exif\0\0II*\0\x08\0\0\0\x02\0".to_vec();
    for tag in [0x8769u16, 0x8825] {
        exif.extend(tag.to_le_bytes());
        exif.extend([4, 0, 1, 0, 0, 0, 8, 0, 0, 0]);
    }
    exif.extend([8, 0, 0, 0]);
    let nested = format!("http://ns.adobe.com/xap/1.0/\0{}", "<a>".repeat(20_000));
    let wide_jpeg = [vec![0xFF, 0xD8], frame(0xC0, 65_500), vec![0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 63, 0, 0]].concat();
    let pass = [0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 0, 0, 0x55];
    let passes = [vec![0xFF, 0xD8], frame(0xC2, 16_000), pass.repeat(60_000)].concat();
    let drawing = r##"<svg xmlns="http://www.w3.org/2000/svg" width="24000" height="24000"><rect id="r" width="9" height="9"/>
        <g id="a"><use href="#r"/><use href="#r"/></g><g id="b"><use href="#a"/><use href="#a"/></g></svg>"##;
    vec![
        ("huge.png", huge, LARGE),
        ("zeros.png", png(16_000, 16_000, |_, _| {}), &[]),
        ("interlaced.png", interlaced, NOT_ALL_THERE),
        ("profile.png", profile, &["", "too_large", "corrupt"]),
        ("text.png", text, &[]),
        ("canvas.gif", gif(65_535), LARGE),
        ("wide.gif", gif(30_000), LARGE),
        ("strip.tif", tiff(), NOT_ALL_THERE),
        ("solid.webp", webp(16_383), LARGE),
        ("moving.webp", animated_webp(), LARGE),
        ("loops.jpg", with_segments(&[(0xE1, exif)]), &[]),
        ("nested.jpg", with_segments(&[(0xE1, nested.into_bytes())]), &[]),
        ("wide.jpg", wide_jpeg, LARGE),
        ("passes.jpg", passes, LARGE),
        ("runs.bmp", bitmap(), NOT_ALL_THERE),
        ("drawing.svg", drawing.into(), LARGE),
    ]
}

#[test]
#[cfg(target_os = "linux")]
fn sixteen_bombs_at_once_fail_within_the_memory_budget() {
    const BUDGET_BYTES: u64 = 256_000_000;
    let home = Home::new();
    let bombs = bombs();
    assert_eq!(bombs.len(), 16);
    for (name, bytes, _) in &bombs {
        home.file(&format!("in/{name}"), bytes);
    }
    let args = ["run", "in", "-o", "out", "-s", "resize:long_edge=64", "--format", "png", "--memory", "256MB"];
    let (output, peak_bytes) = home.start(&[&args[..], &["--workers", "4", "--json"]].concat()).wait_with_peak();
    let failed: BTreeMap<String, serde_json::Value> = output
        .events_of("failed")
        .into_iter()
        .map(|event| (event["locator"].as_str().unwrap().rsplit('/').next().unwrap().to_owned(), event))
        .collect();
    let mut wrong = Vec::new();
    for (name, _, allowed) in &bombs {
        let event = failed.get(*name);
        let kind = event.map_or("", |event| event["kind"].as_str().unwrap());
        let sentence = event.map_or("", |event| event["message"].as_str().unwrap());
        let is_kind = if allowed.is_empty() { kind.is_empty() } else { allowed.contains(&kind) };
        let is_reported = kind.is_empty() || (sentence.contains(name) && sentence.ends_with("Original untouched."));
        if !is_kind || !is_reported {
            wrong.push(format!("{name}: {kind:?}, {sentence}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}, and {peak_bytes} bytes at once");
    assert_eq!(output.code, 1, "{output:?}");
    assert!(peak_bytes > 1_000_000 && peak_bytes < BUDGET_BYTES, "it took {peak_bytes} bytes");
}

#[test]
fn an_item_that_takes_too_long_fails_with_its_time_limit() {
    let home = Home::new();
    home.sample("tulip-field.jpg", "in/a.jpg");
    let large = ["-s", "resize:long_edge=12000,enlarge=true", "-s", "median:radius=8"];
    let output =
        home.run(&[&["run", "in", "-o", "out", "--item-timeout", "1s", "--json"][..], &large].concat()).expect(1);
    let failed = output.events_of("failed");
    assert_eq!(failed[0]["kind"], "took_too_long", "{failed:?}");
    assert!(failed[0]["message"].as_str().unwrap().contains("longer than 1 s"), "{failed:?}");
    assert!(home.files("out").is_empty());
}

#[test]
fn limits_per_item_apply_to_run_and_dry_run() {
    let home = Home::new();
    home.sample("tulip-field.jpg", "in/a.jpg");
    let step = ["run", "in", "-o", "out", "-s", "resize:long_edge=60"];
    for (limit, word) in [("--max-side=100", "100 px per side"), ("--item-memory=1MB", "1.0 MB per item")] {
        let output = home.run(&[&step[..], &[limit, "--json"]].concat()).expect(1);
        let failed = output.events_of("failed");
        assert_eq!(failed[0]["kind"], "too_large");
        assert!(failed[0]["message"].as_str().unwrap().contains(word), "{failed:?}");
        let planned = home.run(&[&step[..], &[limit, "--dry-run"]].concat());
        assert!(format!("{planned:?}").contains(word), "{planned:?}");
    }
}

#[test]
fn the_complete_part_of_a_truncated_file_is_saved_on_request_and_marked() {
    let home = Home::new();
    let whole = sample("tulip-field.jpg");
    home.file("in/cut.jpg", &whole[..whole.len() / 2]);
    home.sample("dunes-at-dusk.jpg", "in/good.jpg");
    let args = ["run", "in", "-o", "out", "-s", "resize:long_edge=60", "--json"];
    let output = home.run(&args).expect(1);
    assert_eq!(output.events_of("failed")[0]["kind"], "truncated");
    let output = home.run(&[&args[..], &["--truncated", "keep"]].concat()).expect(0);
    assert!(output.events_of("failed").is_empty());
    assert!(home.path("out/cut.jpg").exists());
    let rows = home.run(&["export", "2", "--format", "jsonl"]).expect(0).events();
    let marks: Vec<_> = rows.iter().map(|row| row["extra"]["truncated"].clone()).collect();
    let (rows_had, of_rows) = (marks[0]["rows"].as_u64().unwrap(), marks[0]["of_rows"].as_u64().unwrap());
    assert!(rows_had > 0 && rows_had < of_rows, "{marks:?}");
    assert_eq!(marks[0]["bytes"].as_u64(), Some(whole.len() as u64 / 2));
    assert!(marks[1].is_null(), "{marks:?}");
}

#[test]
fn complete_frames_of_a_truncated_animation_are_saved_on_request_and_marked() {
    let home = Home::new();
    let whole = include_bytes!("../reference/animation/disposals.gif");
    home.file("in/cut.gif", &whole[..whole.len() * 2 / 3]);
    let args = ["run", "in", "-o", "out", "-s", "invert", "--json"];
    let output = home.run(&args).expect(1);
    let message = output.events_of("failed")[0]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("of at least") && message.contains("frames"), "{message}");
    home.run(&[&args[..], &["--truncated", "keep"]].concat()).expect(0);
    let rows = home.run(&["export", "2", "--format", "jsonl"]).expect(0).events();
    let mark = &rows[0]["extra"]["truncated"];
    let (had, of) = (mark["frames"][0].as_u64().unwrap(), mark["frames"][1].as_u64().unwrap());
    // The last one may be partial.
    let is_part = mark["rows"].as_u64() < mark["of_rows"].as_u64();
    assert!(had > 3 && (had < of || (had == of && is_part)), "{mark}");
}

#[test]
fn a_name_can_contain_the_date_taken() {
    let home = Home::new();
    let mut exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x32\x01\x02\0\x14\0\0\0\x1a\0\0\0\0\0\0\0".to_vec();
    exif.extend(b"2019:07:06 05:04:03\0");
    home.file("in/a.jpg", with_segments(&[(0xE1, exif)]));
    home.run(&["run", "in", "-o", "out", "--name", "{date}-{stem}"]).expect(0);
    let dated = ["run", "in", "-o", "out", "-s", "resize:long_edge=60", "--name", "{date:%Y%m%d-%H%M%S}"];
    home.run(&dated).expect(0);
    assert!(home.path("out/2019-07-06-a.jpg").exists() && home.path("out/20190706-050403.jpg").exists());
}

/// An image above the limit of the next test, and one below it.
fn large_and_small() -> (Vec<u8>, Vec<u8>) {
    (png(1200, 1000, |_, _| {}), png(1000, 900, |_, _| {}))
}

#[test]
fn a_limit_of_megapixels_also_refuses_images_that_are_only_copied() {
    let home = Home::new();
    let (large, small) = large_and_small();
    home.file("in/large.png", &large);
    home.file("in/small.png", &small);
    home.file("in/notes.txt", "not an image");
    for (out, more) in [("copies", &["--all-files"][..]), ("stripped", &["--metadata", "strip", "--all-files"])] {
        let limited = ["run", "in", "-o", out, "--max-megapixels", "1"];
        let output = home.run(&[&limited[..], more].concat()).expect(1);
        assert!(output.err.contains("large.png") && output.err.contains("1200 x 1000"), "{output:?}");
        assert_eq!(home.files(out).into_iter().collect::<Vec<_>>(), ["notes.txt", "small.png"], "{out}");
        let plan = home.run(&[&limited[..], more, &["--dry-run"]].concat()).expect(1);
        assert!(plan.out.contains("1200 x 1000"), "{plan:?}");
        let within = ["run", "in", "-o", "all", "--max-megapixels", "2", "--on-conflict", "overwrite"];
        home.run(&[&within[..], more].concat()).expect(0);
    }
    assert!(home.files("all").contains("large.png"));
    let (code, bytes, err) = home.pipe(&large, &["run", "-", "-o", "-", "--max-megapixels", "1"]);
    assert!(code == 1 && bytes.is_empty() && err.contains("1200 x 1000"), "{code} {err}");
    let (code, bytes, err) = home.pipe(&small, &["run", "-", "-o", "-", "--max-megapixels", "1"]);
    assert!(code == 0 && bytes == small, "{code} {err}");
}

#[test]
fn a_limit_of_megapixels_applies_to_links_and_to_every_row_that_repeats_one() {
    let home = Home::new();
    let (large, small) = large_and_small();
    let server = Server::start(move |request| -> Answer {
        match request.path.as_str() {
            "/large.png" => ok(large.clone(), "image/png"),
            "/small.png" => ok(small.clone(), "image/png"),
            _ => status(404),
        }
    });
    let (large, small) = (server.url("/large.png"), server.url("/small.png"));
    home.file("list.csv", format!("sku,url\n1,{large}\n2,{small}\n3,{large}\n4,{small}\n"));
    let args = ["run", "--urls", "list.csv", "--name", "{col:sku}", "-o", "out", "--max-megapixels", "1"];
    let output = home.run(&args).expect(1);
    assert!(output.err.contains("1200 x 1000"), "{output:?}");
    assert_eq!(home.files("out").into_iter().collect::<Vec<_>>(), ["2.png", "4.png"]);
    let rows = home.run(&["export", "1", "--format", "jsonl"]).expect(0).events();
    let states: Vec<&str> = rows.iter().map(|row| row["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["failed", "done", "failed", "done"]);
    assert_eq!((server.hits("/large.png"), server.hits("/small.png")), (1, 1));
}
