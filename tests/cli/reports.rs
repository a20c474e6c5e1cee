//! How a run is reported: to programs, in few words, in many.

use sha2::{Digest as _, Sha256};

use crate::program::{Home, sample};
use crate::util::server::{Server, ok};

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

/// A home with two images; one is broken.
fn home() -> Home {
    let home = Home::new();
    home.sample("tulip-field.jpg", "in/a.jpg");
    home.file("in/b.jpg", "no image");
    home
}

#[test]
fn json_items_has_a_line_for_every_item_with_its_result() {
    let home = home();
    home.sample("tulip-field.jpg", "in/c.jpg");
    home.file("out/c.png", "taken");
    let args = ["run", "in", "-o", "out", "-s", "resize:width=64", "--format", "png", "--on-conflict", "skip"];
    let run = home.run(&[&args[..], &["--json=items"]].concat()).expect(1);
    let items = run.events_of("item");
    assert_eq!(items.len(), 3, "{run:?}");
    let of = |name: &str| {
        let found = items.iter().find(|item| item["locator"].as_str().is_some_and(|locator| locator.ends_with(name)));
        found.unwrap_or_else(|| panic!("{name}: {run:?}"))
    };
    let done = of("a.jpg");
    let output = std::fs::read(home.path("out/a.png")).unwrap();
    assert_eq!((&done["state"], &done["width"], &done["height"]), (&"done".into(), &64.into(), &43.into()));
    assert_eq!(done["output"], home.path("out/a.png").to_str().unwrap());
    assert_eq!((&done["bytes"], &done["hash"]), (&output.len().into(), &sha256(&output).into()));
    let input = std::fs::read(home.path("in/a.jpg")).unwrap();
    assert_eq!(done["input_bytes"], input.len());
    assert_eq!((&done["input_width"], &done["input_height"]), (&1600.into(), &1067.into()));
    assert_eq!((&of("b.jpg")["state"], &of("b.jpg")["output"]), (&"failed".into(), &serde_json::Value::Null));
    assert_eq!((&of("c.jpg")["state"], &of("c.jpg")["reason"]), (&"skipped".into(), &"exists".into()));
    assert_eq!(run.events_of("failed").len(), 1, "failures have their own lines as well");
    assert_eq!(run.events().last().unwrap()["event"], "finished");
    let keys: Vec<&String> = done.as_object().unwrap().keys().take(8).collect();
    assert_eq!(keys, ["event", "item", "state", "output", "bytes", "width", "height", "hash"]);
}

#[test]
fn json_alone_has_no_line_for_items_and_other_words_are_refused() {
    let home = home();
    let run = home.run(&["run", "in", "-o", "out", "-s", "flip", "--json"]).expect(1);
    assert!(run.events_of("item").is_empty() && run.events_of("failed").len() == 1, "{run:?}");
    let refused = home.run(&["run", "in", "-o", "out2", "--json=everything"]).expect(2);
    assert!(refused.err.contains("items"), "{refused:?}");
    // A word after a space is an input.
    home.run(&["run", "--json", "in/a.jpg", "-o", "out3"]).expect(0);
}

#[test]
fn a_retry_with_json_items_reports_only_what_it_retried() {
    let home = home();
    home.run(&["run", "in", "-o", "out", "-s", "flip"]).expect(1);
    let retry = home.run(&["retry", "1", "--json=items"]).expect(1);
    let items = retry.events_of("item");
    assert_eq!((items.len(), &items[0]["state"]), (1, &"failed".into()), "{retry:?}");
}

#[test]
fn quiet_reports_only_failures_and_verbose_every_item() {
    let home = home();
    let run = |option: &str, out: &str| home.run(&["run", "in", "-o", out, "-s", "flip", option]).expect(1);
    let quiet = run("--quiet", "out1");
    assert_eq!((quiet.out.as_str(), quiet.err.lines().count()), ("", 1), "{quiet:?}");
    assert!(quiet.err.contains("b.jpg"), "{quiet:?}");
    let verbose = run("--verbose", "out2");
    let line = verbose.out.lines().next().unwrap();
    assert!(line.contains("a.jpg -> ") && line.contains("out2/a.jpg (1600 x 1067, "), "{verbose:?}");
    assert!(verbose.err.contains("b.jpg") && verbose.out.contains("1 saved, 1 failed"), "{verbose:?}");
    let usual = run("--durable", "out3");
    assert!(!usual.out.contains("->  ") && usual.out.lines().count() == 1, "{usual:?}");
    home.run(&["run", "in", "-q", "-v"]).expect(2);
    let plan = home.run(&["run", "in", "-s", "flip", "--dry-run", "-q"]).expect(1);
    assert_eq!(plan.out.lines().filter(|line| line.contains("->")).count(), 2, "one failure and the sizes: {plan:?}");
}

#[test]
fn remarks_name_their_items_in_the_report_in_json_in_jobs_and_in_exports() {
    let home = Home::new();
    let pages = std::fs::read("tests/reference/formats/tiff_pages.tif").unwrap();
    home.file("in/scan.tif", &pages);
    home.file("in/fax.tif", &pages);
    let jpeg = crate::program::sample("tulip-field.jpg");
    home.file("in/short.jpg", &jpeg[..jpeg.len() / 2]);
    home.sample("tulip-field.jpg", "in/whole.jpg");
    let args = ["run", "in", "-o", "out", "--format", "png", "-s", "resize:width=60", "--truncated", "keep"];
    let run = home.run(&args).expect(0);
    let line =
        |text: &str| run.err.lines().find(|line| line.contains(text)).unwrap_or_else(|| panic!("{run:?}")).to_owned();
    let pages = line("2 multi-page images: only the first page was used");
    assert!(pages.contains("fax.tif") && pages.contains("scan.tif"), "{pages}");
    assert!(line("Ends early: ").contains("(short.jpg)") && !run.err.contains("whole.jpg"), "{run:?}");
    let json = home.run(&[&args[..], &["--json"]].concat()).expect(0);
    let remarks = json.events_of("remark");
    let of = |word: &str| remarks.iter().filter(|remark| remark["remark"] == word).collect::<Vec<_>>();
    assert_eq!((of("first_page").len(), of("cut_short").len(), remarks.len()), (2, 1, 3), "{json:?}");
    let short = of("cut_short")[0];
    assert!(short["locator"].as_str().unwrap().ends_with("in/short.jpg"), "{short}");
    assert!(short["message"].as_str().unwrap().starts_with("Ends early: ") && short["item"].is_u64(), "{short}");
    let shown = home.run(&["jobs", "1"]).expect(0).out;
    let names = shown.split("remarks:").nth(1).unwrap();
    assert!(names.contains("       2  Only the first of 3 pages was used.") && names.contains("in/fax.tif"), "{shown}");
    assert!(names.contains("in/short.jpg") && !names.contains("whole.jpg"), "{shown}");
    let job = home.run(&["jobs", "1", "--json"]).expect(0).events().pop().unwrap();
    let first_page = job["remarks"].as_array().unwrap().iter().find(|one| one["remark"] == "first_page").unwrap();
    assert_eq!((&first_page["count"], first_page["items"].as_array().unwrap().len()), (&2.into(), 2), "{job}");
    let rows = home.run(&["export", "1", "--format", "jsonl"]).expect(0).events();
    let row = rows.iter().find(|row| row["locator"].as_str().unwrap().ends_with("fax.tif")).unwrap();
    assert_eq!(row["remarks"][0], "Only the first of 3 pages was used.");
}

#[test]
fn remarks_with_different_details_are_one_line_and_jobs_shows_those_of_each_item() {
    let home = Home::new();
    home.sample("tulip-field.jpg", "in/a.jpg");
    home.sample("paper-hills-portrait.jpg", "in/b.jpg");
    let run = home.run(&["run", "in", "-o", "out", "-s", "flip", "--quality", "100"]).expect(0);
    assert!(
        run.err.contains("2 images became larger than their originals.")
            && run.err.contains("a.jpg")
            && run.err.contains("b.jpg"),
        "{run:?}"
    );
    assert_eq!(run.err.matches("arger than").count(), 1, "{run:?}");
    let shown = home.run(&["jobs", "1"]).expect(0).out;
    assert!(shown.contains("       2  2 images became larger"), "{shown}");
    for name in ["in/a.jpg: Larger than the original: ", "in/b.jpg: Larger than the original: "] {
        assert!(shown.contains(name), "{shown}");
    }
    let job = home.run(&["jobs", "1", "--json"]).expect(0).events().pop().unwrap();
    let items = job["remarks"][0]["items"].as_array().unwrap();
    assert_eq!(items.len(), 2, "{job}");
    assert!(items[0]["message"] != items[1]["message"], "{job}");
}

#[test]
fn a_skipped_item_says_why_in_both_languages() {
    let home = home();
    home.file("out/a.jpg", "taken");
    let skip = ["run", "in/a.jpg", "-o", "out", "-s", "flip", "--on-conflict", "skip", "-v"];
    assert!(home.run(&skip).expect(0).out.contains("a.jpg: skipped, its file exists"));
    let korean = home.run(&[&skip[..], &["--lang", "ko"]].concat()).expect(0).out;
    assert!(korean.contains("a.jpg: 건너뜀(결과 파일이 이미 있음)"), "{korean}");
}

#[test]
fn copies_of_images_are_recorded_with_their_sizes() {
    let home = Home::new();
    home.sample("tulip-field.jpg", "in/a.jpg");
    home.file("in/b.txt", "no image");
    // The directory of this TIFF follows its pixels.
    let size = (600_u16, 400_u16);
    home.file("in/c.tif", tiff_with_its_directory_at_the_end(size));
    let jpeg = sample("tulip-field.jpg");
    let server = Server::start(move |_| ok(jpeg.clone(), "image/jpeg"));
    let link = server.url("/x.jpg");
    home.file("list.csv", format!("url,sku\n{link},one\n{link},two\n"));
    home.run(&["run", "-R", "in", "--all-files", "-o", "out"]).expect(0);
    let name = ["--name", "{col:sku}"];
    home.run(&[&["run", "--urls", "list.csv", "-o", "links", "--robots", "never"][..], &name].concat()).expect(0);
    let sizes = |job: &str| -> Vec<[serde_json::Value; 4]> {
        let table = home.run(&["export", job, "--format", "jsonl"]).expect(0).out;
        let rows = table.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        rows.map(|row| ["input_width", "input_height", "width", "height"].map(|key| row[key].clone())).collect()
    };
    let of = |(width, height): (u16, u16)| [width, height, width, height].map(serde_json::Value::from);
    let none = [(); 4].map(|()| serde_json::Value::Null);
    assert_eq!(sizes("1"), [of((1600, 1067)), none, of(size)]);
    assert_eq!((server.hits("/x.jpg"), sizes("2")), (1, vec![of((1600, 1067)), of((1600, 1067))]));
    assert_eq!(std::fs::read(home.path("links/two.jpg")).unwrap(), sample("tulip-field.jpg"));
}

/// Gray, uncompressed, little-endian.
fn tiff_with_its_directory_at_the_end((width, height): (u16, u16)) -> Vec<u8> {
    let pixels = u32::from(width) * u32::from(height);
    let mut file = b"II*\0".to_vec();
    file.extend((8 + pixels).to_le_bytes());
    file.resize(8 + pixels as usize, 128);
    let entries: [(u16, u16, u32); 8] = [
        (256, 3, width.into()),
        (257, 3, height.into()),
        (258, 3, 8),
        (259, 3, 1),
        (262, 3, 1),
        (273, 4, 8),
        (278, 3, height.into()),
        (279, 4, pixels),
    ];
    file.extend((entries.len() as u16).to_le_bytes());
    for (tag, kind, value) in entries {
        file.extend(tag.to_le_bytes());
        file.extend(kind.to_le_bytes());
        file.extend(1_u32.to_le_bytes());
        file.extend(value.to_le_bytes());
    }
    file.extend([0; 4]);
    file
}
