//! Files and folders: results, their names, and what is printed about them.

use std::collections::BTreeSet;

use crate::program::{Home, sample, size_px};

const STEP: [&str; 2] = ["-s", "resize:long_edge=60"];

fn names(of: &[&str]) -> BTreeSet<String> {
    of.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn a_plain_copy_is_byte_exact_under_the_same_name() {
    let home = Home::new();
    for name in ["tulip-field.jpg", "orange-slice.png", "morning-dew.webp"] {
        home.sample(name, &format!("in/{name}"));
    }
    let output = home.run(&["run", "in", "-o", "out"]).expect(0);
    assert!(output.out.starts_with("3 saved, ") && output.err.is_empty(), "{output:?}");
    for name in ["tulip-field.jpg", "orange-slice.png", "morning-dew.webp"] {
        assert_eq!(std::fs::read(home.path("out").join(name)).unwrap(), sample(name), "{name}");
    }
    assert_eq!(home.files("out").len(), 3);
}

#[test]
fn an_unused_output_folder_is_removed() {
    let home = Home::new();
    home.file("in/a.jpg", "no picture");
    home.run(&["run", "in", "-o", "new/out", STEP[0], STEP[1]]).expect(1);
    assert!(!home.path("new").exists());
    std::fs::create_dir(home.path("old")).unwrap();
    home.run(&["run", "in", "-o", "old/out", STEP[0], STEP[1]]).expect(1);
    home.run(&["run", "in", "-o", "old", STEP[0], STEP[1]]).expect(1);
    assert!(home.path("old").is_dir() && !home.path("old/out").exists());
    // Later results are found as usual.
    home.sample("tulip-field.jpg", "in/a.jpg");
    home.run(&["retry", "1"]).expect(0);
    assert_eq!(home.files("new/out"), names(&["a.jpg"]));
}

#[test]
fn json_lines_come_in_order_with_the_keys_of_the_contract() {
    let home = Home::new();
    home.sample("tulip-field.jpg", "in/a.jpg");
    home.file("in/b.jpg", "no picture");
    home.sample("dunes-at-dusk.jpg", "in/c.jpg");
    let output = home.run(&["run", "in", "-o", "out", STEP[0], STEP[1], "--json"]).expect(1);
    let events = output.events();
    let kinds: Vec<&str> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!((kinds.first(), kinds.last()), (Some(&"started"), Some(&"finished")), "{output:?}");
    assert_eq!(kinds.iter().filter(|kind| **kind == "started" || **kind == "finished").count(), 2);
    for line in output.out.lines() {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        let keys: &[&str] = match event["event"].as_str().unwrap() {
            "started" => &["event", "job", "total"],
            "progress" => &["event", "job", "done", "failed", "skipped", "total", "bytes_in", "bytes_out"],
            "failed" => &["event", "item", "locator", "kind", "message"],
            "finished" => &["event", "job", "done", "failed", "skipped", "seconds"],
            other => panic!("{other}"),
        };
        assert_eq!(event.as_object().unwrap().len(), keys.len(), "{line}");
        let places: Vec<usize> = keys.iter().map(|key| line.find(&format!("\"{key}\":")).unwrap()).collect();
        assert!(places.is_sorted(), "{line}");
    }
    assert!(events[0]["total"].is_null() || events[0]["total"] == 3);
    let failed = output.events_of("failed");
    assert_eq!(failed.len(), 1);
    assert_eq!((&failed[0]["item"], &failed[0]["kind"]), (&2.into(), &"not_a_picture".into()));
    assert!(failed[0]["locator"].as_str().unwrap().ends_with("in/b.jpg"), "{failed:?}");
    let end = events.last().unwrap();
    assert_eq!(
        (&end["job"], &end["done"], &end["failed"], &end["skipped"]),
        (&1.into(), &2.into(), &1.into(), &0.into())
    );
    assert!(end["seconds"].is_f64());
}

#[test]
fn a_failure_is_explained_and_the_job_continues() {
    let home = Home::new();
    home.sample("tulip-field.jpg", "a.jpg");
    home.file("b.jpg", &sample("dunes-at-dusk.jpg")[..9000]);
    let output = home.run(&["run", "b.jpg", "missing.jpg", "a.jpg", "-o", "out", STEP[0], STEP[1]]).expect(1);
    assert!(output.out.starts_with("1 saved, 2 failed, "), "{output:?}");
    assert!(
        output.err.contains("b.jpg: the file ends early") && output.err.contains("Original untouched."),
        "{output:?}"
    );
    assert!(output.err.contains("missing.jpg: there is no such file."), "{output:?}");
    assert_eq!(home.files("out"), names(&["a.jpg"]));
}

#[test]
fn subfolders_are_included_and_recreated_only_on_request() {
    let home = Home::new();
    home.sample("tulip-field.jpg", "in/a.jpg");
    home.sample("dunes-at-dusk.jpg", "in/deep/er/b.jpg");
    for (args, wanted) in [
        (&["-o", "one"][..], &["a.jpg"][..]),
        (&["-R", "-o", "two"], &["a.jpg", "deep/er/b.jpg"]),
        (&["-R", "--tree", "flat", "-o", "three"], &["a.jpg", "b.jpg"]),
        (&["-R", "--tree", "flat", "--name", "{dir}/x{index:03}", "-o", "four"], &["x001.jpg", "deep/er/x002.jpg"]),
    ] {
        home.run(&[&["run", "in"], args].concat()).expect(0);
        assert_eq!(home.files(args.last().unwrap()), names(wanted), "{args:?}");
    }
}

#[test]
fn formats_qualities_and_names_are_as_requested() {
    let home = Home::new();
    home.sample("tulip-field.jpg", "t.jpg");
    let run = |args: &[&str]| home.run(&[&["run", "t.jpg", STEP[0], STEP[1]], args].concat()).expect(0);
    for (format, name, magic) in [
        ("keep", "t.jpg", &b"\xff\xd8\xff"[..]),
        ("jpeg", "t.jpg", b"\xff\xd8\xff"),
        ("png", "t.png", b"\x89PNG"),
        ("webp", "t.webp", b"RIFF"),
        ("tiff", "t.tif", b"II*\0"),
    ] {
        run(&["--format", format, "-o", format]);
        let files = home.files(format);
        assert_eq!(files.len(), 1, "{files:?}");
        let bytes = std::fs::read(home.path(format).join(files.first().unwrap())).unwrap();
        assert!(bytes.starts_with(magic), "{format}");
        assert!(files.first().unwrap().starts_with(name), "{format}: {files:?}");
        assert_eq!(size_px(&home.path(format).join(files.first().unwrap())), (60, 40), "{format}");
    }
    run(&["--quality", "10", "--name", "{stem}-{width}x{height}", "-o", "low"]);
    run(&["--quality", "95", "--name", "{parent}{index:05}.{ext}", "-o", "high"]);
    let size = |name: &str| home.path(name).metadata().unwrap().len();
    let high = home.files("high").pop_first().unwrap();
    assert!(high.ends_with("00001.jpg.jpg"), "{high}");
    assert!(size("low/t-60x40.jpg") * 2 < size(&format!("high/{high}")));
    run(&["--save", "webp", "--quality", "90", "-o", "saved"]);
    run(&["--save", "webp:quality=90", "-o", "same"]);
    assert_eq!(std::fs::read(home.path("saved/t.webp")).unwrap(), std::fs::read(home.path("same/t.webp")).unwrap());
}

#[test]
fn a_recipe_file_and_steps_work_together_in_order() {
    let home = Home::new();
    home.sample("tulip-field.jpg", "t.jpg");
    let recipe = "version = 1\n[[step]]\nop = \"resize\"\nlong_edge = 90\n[save]\nformat = \"png\"\n";
    home.file("recipe.toml", recipe);
    home.run(&["run", "t.jpg", "-r", "recipe.toml", "-s", "rotate:degrees=90", "-o", "out"]).expect(0);
    assert_eq!(size_px(&home.path("out/t.png")), (60, 90));
}

#[test]
fn an_existing_name_is_handled_by_the_conflict_policy() {
    let home = Home::new();
    home.sample("tulip-field.jpg", "t.jpg");
    let bytes = sample("tulip-field.jpg");
    for (policy, code, saved, skipped, files) in [
        ("rename", 0, 1, 0, &["t (1).jpg", "t.jpg"][..]),
        ("skip", 0, 0, 1, &["t.jpg"]),
        ("overwrite", 0, 1, 0, &["t.jpg"]),
        ("fail", 1, 0, 0, &["t.jpg"]),
    ] {
        home.file(&format!("{policy}/t.jpg"), "mine");
        let args = ["run", "t.jpg", "-o", policy, "--on-conflict", policy];
        let predicted = home.run(&[&args[..], &["--dry-run", "--json"]].concat()).expect(code);
        let item = &predicted.events_of("planned")[0];
        assert_eq!((&item["conflict"], &item["skipped"]), (&true.into(), &(skipped == 1).into()), "{policy}");
        assert_eq!(home.files(policy), names(&["t.jpg"]));
        let output = home.run(&[&args[..], &["--json"]].concat()).expect(code);
        let end = output.events().pop().unwrap();
        assert_eq!((&end["done"], &end["skipped"]), (&saved.into(), &skipped.into()), "{policy}");
        assert_eq!(home.files(policy), names(files), "{policy}");
        let is_replaced = std::fs::read(home.path(policy).join("t.jpg")).unwrap() == bytes;
        assert_eq!(is_replaced, policy == "overwrite", "{policy}");
        if saved == 1 {
            let output = item["output"].as_str().unwrap();
            assert_eq!(std::fs::read(output).unwrap(), bytes, "{policy}: the plan said {output}");
        }
        if policy == "fail" {
            assert_eq!(output.events_of("failed")[0]["kind"], "conflict");
        }
    }
    let output = home.run(&["run", "t.jpg", "-o", ".", "--on-conflict", "overwrite"]).expect(1);
    assert!(output.err.contains("originals are never replaced"), "{output:?}");
    assert_eq!(std::fs::read(home.path("t.jpg")).unwrap(), bytes);
}

#[test]
fn a_dry_run_writes_nothing_and_predicts_what_the_run_does() {
    let home = Home::new();
    home.sample("tulip-field.jpg", "in/a.jpg");
    home.sample("orange-slice.png", "in/sub/a.png");
    home.file("in/broken.jpg", "no picture");
    let args = ["run", "in", "-R", "--tree", "flat", "--format", "webp", "-o", "out", STEP[0], STEP[1]];
    let before = home.files("");
    let plan = home.run(&[&args[..], &["--dry-run", "--json"]].concat()).expect(1);
    let words = home.run(&[&args[..], &["--dry-run"]].concat()).expect(1);
    assert!(words.out.contains("3 items to ") && words.out.contains("1 would fail, 1 name is taken"), "{words:?}");
    assert_eq!(home.files(""), before);
    assert!(!home.path("out").exists());
    let planned: BTreeSet<String> = plan
        .events_of("planned")
        .iter()
        .filter_map(|item| item["output"].as_str())
        .map(|path| path.rsplit_once('/').unwrap().1.to_owned())
        .collect();
    home.run(&args).expect(1);
    assert_eq!(home.files("out"), planned);
    assert_eq!(planned, names(&["a.webp", "a (1).webp"]));
}

#[test]
fn options_for_plain_copies_are_applied_or_refused_but_never_ignored() {
    let home = Home::new();
    home.sample("tulip-field.jpg", "t.jpg");
    let original = std::fs::metadata(home.path("t.jpg")).unwrap().len();
    let size_of = |folder: &str| std::fs::metadata(home.path(folder).join("t.jpg")).unwrap().len();
    // A quality or a size limit requires re-encoding in the same format.
    home.run(&["run", "t.jpg", "--quality", "5", "-o", "low"]).expect(0);
    assert!(size_of("low") < original / 2);
    home.run(&["run", "t.jpg", "--save", "keep:max_bytes=60kB", "-o", "small"]).expect(0);
    assert!(size_of("small") <= 60_000);
    home.run(&["run", "t.jpg", "--metadata", "keep", "-o", "same"]).expect(0);
    assert_eq!(std::fs::read(home.path("same/t.jpg")).unwrap(), std::fs::read(home.path("t.jpg")).unwrap());
    for asked in [["--metadata", "no-gps"], ["--save", "keep:metadata=no-gps"]] {
        let output = home.run(&[&["run", "t.jpg", "-o", "out"], &asked[..]].concat()).expect(2);
        assert!(output.err.contains("--metadata strip") && output.err.contains("--format"), "{output:?}");
        assert!(!home.path("out").exists());
        home.run(&[&["run", "t.jpg", "-s", "invert", "-o", "steps"], &asked[..]].concat()).expect(0);
    }
    assert_eq!(home.run(&["run", "t.jpg", "--metadata", "strip", "-o", "out"]).expect(0).err, "");
    assert_eq!(home.run(&["run", "t.jpg", "--save", "keep:metadata=strip", "-o", "out"]).expect(0).err, "");
    let output = home.run(&["run", "t.jpg", "--colour", "srgb", "-o", "out"]).expect(0);
    assert!(output.err.contains("--colour has no effect"), "{output:?}");
    let output = home.run(&["run", "t.jpg", "--quality", "5", "--format", "jpeg", "-o", "out"]).expect(0);
    assert_eq!(output.err, "");
}

#[test]
fn an_empty_folder_and_an_unreadable_list_are_failures() {
    let home = Home::new();
    std::fs::create_dir(home.path("empty")).unwrap();
    let output = home.run(&["run", "empty", "-o", "out"]).expect(1);
    assert!(output.err.contains("There are no images in empty."), "{output:?}");
    home.sample("tulip-field.jpg", "album/summer/t.jpg");
    let output = home.run(&["run", "album", "-o", "out"]).expect(1);
    assert!(output.err.contains("no images in album itself") && output.err.contains("-R (--recursive)"), "{output:?}");
    home.file("list.gz", b"\x1f\x8b\x08\x00");
    let output = home.run(&["run", "--urls", "list.gz", "-o", "out"]).expect(3);
    assert!(output.err.contains("its compressed data ends early"), "{output:?}");
    home.sample("tulip-field.jpg", "t.jpg");
    let output = home.run(&["run", "t.jpg", "--urls", "list.gz", "-o", "out"]).expect(3);
    assert!(output.out.starts_with("1 saved") && output.err.contains("Resume with: pixloom resume 4"), "{output:?}");
}

#[test]
fn a_bare_file_name_needs_no_output_folder() {
    let home = Home::new();
    home.sample("tulip-field.jpg", "here/t.jpg");
    let output = home.run_in("here", &["run", "t.jpg"]).expect(0);
    assert!(output.out.contains("1 saved"), "{output:?}");
    let folder = home.path("here-pixloom");
    assert!(folder.join("t.jpg").exists() && output.out.contains(&format!("Results are in {}.", folder.display())));
    let output = home.run_in("here", &["run", "none.jpg"]).expect(1);
    assert!(output.err.contains("none.jpg"), "{output:?}");
}

#[test]
fn strip_alone_removes_metadata_and_changes_no_pixel() {
    let home = Home::new();
    let photo = sample("tulip-field.jpg");
    let exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x0F\0\x02\0\0\0\x08\0\0\0\x1A\0\0\0\0Secret!\0";
    let segment = [&[0xFF, 0xE1, 0, exif.len() as u8 + 2][..], exif].concat();
    home.file("in/tagged.jpg", [&photo[..2], &segment, &photo[2..]].concat());
    home.file("in/notes.bin", "no picture");
    let args = ["run", "in/tagged.jpg", "in/notes.bin", "-o", "out", "--metadata", "strip"];
    home.run(&[&args[..], &["--dry-run"]].concat()).expect(0);
    let output = home.run(&args).expect(0);
    assert_eq!(output.err, "");
    let bare = std::fs::read(home.path("out/tagged.jpg")).unwrap();
    assert!(!bare.windows(6).any(|window| window == b"Secret"), "its metadata");
    let coded = |bytes: &[u8]| {
        let at = bytes.windows(2).position(|pair| pair == [0xFF, 0xDA]).unwrap();
        bytes[at..].to_vec()
    };
    assert!(coded(&bare) == coded(&photo), "its pixels");
    assert_eq!(std::fs::read(home.path("out/notes.bin")).unwrap(), b"no picture", "what is none is copied");
    // Without it, the copy is exact.
    home.run(&["run", "in/tagged.jpg", "-o", "copies"]).expect(0);
    assert_eq!(
        std::fs::read(home.path("copies/tagged.jpg")).unwrap(),
        std::fs::read(home.path("in/tagged.jpg")).unwrap()
    );
}

#[cfg(unix)]
#[test]
fn too_little_space_for_the_results_is_warned_about_before_the_start() {
    let home = Home::new();
    // A file with a hole takes no space. Its result exists, so that nothing is written either.
    let big = std::fs::File::create(home.path("big.bin")).unwrap();
    big.set_len(1 << 42).unwrap();
    home.file("out/big.bin", "here");
    let args = ["run", "big.bin", "-o", "out", "--on-conflict", "skip"];
    let run = home.run(&args).expect(0);
    assert!(run.err.contains("The results need about 4.4 TB, but only "), "{run:?}");
    assert!(!home.run(&[&args[..], &["--quiet"]].concat()).expect(0).err.contains("4.4 TB"));
    let plan = home.run(&["run", "big.bin", "-o", "new", "--dry-run"]).expect(0);
    assert!(plan.err.contains("The results need about 4.4 TB"), "{plan:?}");
    let plan = home.run(&["run", "big.bin", "-o", "new", "--dry-run", "--json"]).expect(0).events().pop().unwrap();
    assert!(plan["free_bytes"].as_u64().unwrap() < plan["bytes_out"].as_u64().unwrap(), "{plan}");
    home.sample("tulip-field.jpg", "a.jpg");
    assert_eq!(home.run(&["run", "a.jpg", "-o", "small", "-s", "resize:width=32"]).expect(0).err, "");
}

#[test]
fn a_multi_page_file_gets_a_warning_unless_a_page_is_selected() {
    let home = Home::new();
    home.file("scan.tif", std::fs::read("tests/reference/formats/tiff_pages.tif").unwrap());
    let args = ["run", "scan.tif", "-o", "out", "--save"];
    let output = home.run(&[&args[..], &["png", "--dry-run"]].concat()).expect(0);
    assert!(output.out.contains("[Only the first of 3 pages was used.]"), "{output:?}");
    let output = home.run(&[&args[..], &["png"]].concat()).expect(0);
    assert!(output.err.contains("1 multi-page image: only the first page was used (page=N"), "{output:?}");
    let told = |job: &str| home.run(&["export", job, "--format", "jsonl"]).expect(0).events()[0]["extra"].clone();
    assert_eq!(told("1")["remarks"], serde_json::json!([{ "remark": "first_page", "pages": 3 }]));
    let output = home.run(&[&args[..], &["png:page=1"]].concat()).expect(0);
    assert!(output.err.is_empty() && told("2")["remarks"].is_null(), "{output:?}");
}
