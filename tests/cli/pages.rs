//! Pages of documents: each chosen one is an item.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::program::{Home, RunOutput, size_px};
use crate::util::server::{Behaviour, Server, ok};

/// Pixels of each page, on both sides.
const SIDE: u16 = 8;

/// The level of all pixels of a page.
fn level(page: u16) -> u8 {
    (page * 7 % 251) as u8
}

/// A TIFF file with so many pages; of those in `damaged`, the data is said to be compressed.
fn tiff(pages: u16, damaged: &[u16]) -> Vec<u8> {
    let mut out = b"II\x2a\0\0\0\0\0".to_vec();
    let mut link = 4;
    for page in 1..=pages {
        let pixels = out.len() as u32;
        out.extend(vec![level(page); usize::from(SIDE * SIDE)]);
        let here = (out.len() as u32).to_le_bytes();
        out[link..link + 4].copy_from_slice(&here);
        let compression = if damaged.contains(&page) { 8 } else { 1 };
        let (side, bytes) = (u32::from(SIDE), u32::from(SIDE * SIDE));
        let fields = [
            (256, side),
            (257, side),
            (258, 8),
            (259, compression),
            (262, 1),
            (273, pixels),
            (278, side),
            (279, bytes),
        ];
        out.extend((fields.len() as u16).to_le_bytes());
        for (tag, value) in fields {
            out.extend(u16::to_le_bytes(tag));
            out.extend([4, 0, 1, 0, 0, 0]);
            out.extend(u32::to_le_bytes(value));
        }
        link = out.len();
        out.extend([0; 4]);
    }
    out
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn reference(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/formats").join(name)).unwrap()
}

/// The levels of a PNG file with 8 bits, without its alpha.
fn levels(path: &Path) -> Vec<u8> {
    image::open(path).unwrap().to_rgb8().into_raw()
}

fn is_page(path: &Path, page: u16) {
    assert!(levels(path).iter().all(|found| *found == level(page)), "{} is not page {page}", path.display());
}

/// The pages of items in a state, in list order.
fn pages_of(run: &RunOutput, state: &str) -> Vec<u64> {
    let mut items: Vec<(u64, u64)> = run
        .events_of("item")
        .iter()
        .filter(|event| event["state"] == state)
        .map(|event| (event["item"].as_u64().unwrap(), event["page"].as_u64().unwrap_or_default()))
        .collect();
    items.sort_unstable();
    items.into_iter().map(|(_, page)| page).collect()
}

#[test]
fn every_chosen_page_is_an_item_with_a_result_a_name_and_a_report_of_its_own() {
    let home = Home::new();
    home.file("in/scan.tif", tiff(12, &[]));
    home.file("in/single.tif", tiff(1, &[]));
    home.sample("tulip-field.jpg", "in/photo.jpg");
    let options = ["--format", "png", "--json=items"];
    let run = home.run(&[&["run", "in", "-o", "all", "--pages", "all"][..], &options].concat()).expect(0);
    let mut expected: BTreeSet<String> = (1..=12).map(|page| format!("scan-{page:02}.png")).collect();
    expected.extend(names(&["single.png", "photo.png"]));
    assert_eq!(home.files("all"), expected);
    for page in 1..=12 {
        is_page(&home.path(&format!("all/scan-{page:02}.png")), page);
    }
    // The photo comes first; files with one page are items as they are.
    let pages: Vec<u64> = [0].into_iter().chain(1..=12).chain([0]).collect();
    assert_eq!(pages_of(&run, "done"), pages);
    let scans = run.events_of("item").into_iter().filter(|event| !event["page"].is_null());
    let locators: BTreeSet<String> = scans.map(|event| event["locator"].as_str().unwrap().to_owned()).collect();
    assert_eq!(locators.len(), 1, "the locator is that of the document: {locators:?}");
    assert!(locators.first().unwrap().ends_with("/in/scan.tif"));
    // Without steps and with the same format, a page is a document of its own.
    home.run(&["run", "in/scan.tif", "-o", "kept", "--pages", "2-3", "--name", "{page}_of_{stem}"]).expect(0);
    assert_eq!(home.files("kept"), names(&["02_of_scan.tif", "03_of_scan.tif"]));
    is_page(&home.path("kept/03_of_scan.tif"), 3);
    for (choice, expected) in [("11-", &["scan-11.png", "scan-12.png"][..]), ("5", &["scan-05.png"])] {
        home.run(&["run", "in/scan.tif", "-o", choice, "--pages", choice, "--format", "png"]).expect(0);
        assert_eq!(home.files(choice), names(expected));
    }
    // By default one image of each file is made, and a remark says so.
    let first = home.run(&["run", "in/scan.tif", "-o", "first", "--format", "png"]).expect(0);
    assert_eq!(home.files("first"), names(&["scan.png"]));
    assert!(first.err.contains("only the first page was used"), "{first:?}");
}

#[test]
fn a_variable_and_a_recipe_file_choose_pages_and_a_dry_run_lists_them() {
    let home = Home::new().with_variable("PIXLOOM_PAGES", "2-");
    home.file("scan.tif", tiff(3, &[]));
    let run = home.run(&["run", "scan.tif", "-o", "out", "--format", "png", "--dry-run", "--json"]).expect(0);
    let planned = run.events_of("planned");
    let outputs: Vec<(u64, &str)> =
        planned.iter().map(|event| (event["page"].as_u64().unwrap(), event["output"].as_str().unwrap())).collect();
    assert!(
        matches!(outputs[..], [(2, second), (3, third)]
        if second.ends_with("/out/scan-2.png") && third.ends_with("/out/scan-3.png")),
        "{outputs:?}"
    );
    assert!(!home.path("out").exists());
    let home = Home::new();
    home.file("scan.tif", tiff(3, &[]));
    home.file("pages.toml", "version = 2\n[input]\npages = 2\n[save]\nformat = \"png\"\n");
    home.run(&["run", "scan.tif", "-o", "out", "-r", "pages.toml"]).expect(0);
    assert_eq!(home.files("out"), names(&["scan-2.png"]));
    home.run(&["run", "scan.tif", "-o", "other", "-r", "pages.toml", "--pages", "1-2"]).expect(0);
    assert_eq!(home.files("other"), names(&["scan-1.png", "scan-2.png"]));
    for wrong in ["0", "3-2", "some", "1,2"] {
        let run = home.run(&["run", "scan.tif", "-o", "none", "--pages", wrong]).expect(2);
        assert!(run.err.contains("names no pages"), "{run:?}");
    }
}

#[test]
fn pages_of_a_pdf_file_are_drawn_as_other_programs_draw_them() {
    let home = Home::new();
    home.file("in/pages.pdf", reference("pdf_pages.pdf"));
    home.run(&["run", "in", "-o", "out", "--pages", "all", "--format", "png"]).expect(0);
    assert_eq!(home.files("out"), names(&["pages-1.png", "pages-2.png"]));
    for (page, size) in [(1, (300, 150)), (2, (150, 300))] {
        let path = home.path(&format!("out/pages-{page}.png"));
        assert_eq!(size_px(&path), size);
        home.file("expected.png", reference(&format!("pdf_page_{page}.png")));
        let (drawn, expected) = (levels(&path), levels(&home.path("expected.png")));
        let sum: u64 = drawn.iter().zip(&expected).map(|(one, other)| u64::from(one.abs_diff(*other))).sum();
        let mean = sum as f64 / expected.len() as f64;
        assert!(mean < 1.5, "page {page} is off by {mean:.2} levels on average");
    }
    // A red square on white.
    let first = levels(&home.path("out/pages-1.png"));
    let at = |x: usize, y: usize| &first[(y * 300 + x) * 3..][..3];
    assert_eq!((at(75, 75), at(10, 10)), (&[204, 26, 51][..], &[255, 255, 255][..]));
}

#[test]
fn documents_without_the_chosen_pages_fail_with_the_reason() {
    let home = Home::new();
    home.file("in/short.tif", tiff(3, &[]));
    home.file("in/single.tif", tiff(1, &[]));
    home.file("in/locked.pdf", reference("pdf_locked.pdf"));
    home.file("in/broken.pdf", "%PDF-1.4\nnothing\nstartxref\n9\n%%EOF");
    let empty = "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n\
                 trailer<</Root 1 0 R>>\nstartxref\n0\n%%EOF";
    home.file("in/empty.pdf", empty);
    let run = home.run(&["run", "in", "-o", "out", "--pages", "4-9", "--json"]).expect(1);
    let failed = run.events_of("failed");
    let message = |name: &str| {
        let is_meant = |event: &&Value| event["locator"].as_str().is_some_and(|locator| locator.ends_with(name));
        failed.iter().find(is_meant).map(|event| event["message"].as_str().unwrap().to_owned()).unwrap_or_default()
    };
    assert!(message("short.tif").contains("it has 3 pages, and pages 4-9 were requested"), "{failed:?}");
    assert!(message("single.tif").contains("it has 1 page, and pages 4-9 were requested"), "{failed:?}");
    assert!(message("locked.pdf").contains("password"), "{failed:?}");
    assert!(message("broken.pdf").contains("damaged") && !message("empty.pdf").is_empty(), "{failed:?}");
    assert!(!home.path("out").exists() || home.files("out").is_empty());
}

#[test]
fn a_damaged_page_fails_alone_and_is_retried_alone_and_undo_takes_all_results() {
    let home = Home::new();
    let damaged = home.file("in/scan.tif", tiff(4, &[3]));
    let run = home.run(&["run", "in", "-o", "out", "--pages", "all", "--format", "png", "--json=items"]).expect(1);
    assert_eq!((pages_of(&run, "done"), pages_of(&run, "failed")), (vec![1, 2, 4], vec![3]));
    let [failure] = &run.events_of("failed")[..] else { panic!("{run:?}") };
    assert_eq!(failure["page"], 3);
    assert!(failure["message"].as_str().unwrap().contains("scan.tif, page 3"), "{failure}");
    std::fs::write(damaged, tiff(4, &[])).unwrap();
    let retried = home.run(&["retry", "1", "--json=items"]).expect(0);
    assert_eq!(pages_of(&retried, "done"), [3], "{retried:?}");
    is_page(&home.path("out/scan-3.png"), 3);
    let rows = home.run(&["export", "1", "--format", "jsonl"]).expect(0);
    assert!(rows.out.contains("/in/scan.tif#page=3\""), "{}", rows.out);
    home.run(&["undo", "1"]).expect(0);
    assert!(!home.path("out").exists() || home.files("out").is_empty());
}

#[test]
fn a_killed_run_continues_with_the_pages_that_are_missing() {
    const PAGES: u16 = 400;
    let home = Home::new();
    home.file("in/scan.tif", tiff(PAGES, &[]));
    let options = ["--pages", "all", "--format", "png", "--workers", "1", "--json=items"];
    let mut running = home.start(&[&["run", "in", "-o", "out"][..], &options].concat());
    running.until(|event| event["event"] == "item");
    running.kill();
    let resumed = home.run(&["resume", "1", "--json=items"]).expect(0);
    assert!(resumed.events_of("item").len() < usize::from(PAGES), "what was done is not done again");
    let expected: BTreeSet<String> = (1..=PAGES).map(|page| format!("scan-{page:03}.png")).collect();
    assert_eq!(home.files("out"), expected);
    for page in [1, 200, PAGES] {
        is_page(&home.path(&format!("out/scan-{page:03}.png")), page);
    }
    let rows = home.run(&["jobs", "1", "--json"]).expect(0);
    assert!(rows.out.contains("\"total\":400"), "{}", rows.out);
}

#[test]
fn ten_thousand_pages_need_no_more_memory_than_a_few() {
    let home = Home::new();
    let few = home.path("few");
    let peak = |pages: u16, name: &str| {
        let source = home.file(&format!("{name}.tif"), tiff(pages, &[]));
        let options = ["--pages", "all", "--format", "png", "--fast", "-s", "crop:x=0,y=0,width=1,height=1"];
        let run = [&["run", source.to_str().unwrap(), "-o", name][..], &options].concat();
        let (run, peak) = home.start(&run).wait_with_peak();
        run.expect(0);
        assert_eq!(home.files(name).len(), usize::from(pages));
        peak
    };
    let (small, large) = (peak(20, "few"), peak(if crate::program::is_full_size() { 10_000 } else { 2_000 }, "many"));
    assert!(few.exists() && large < small + (96 << 20), "{small} and {large} bytes");
}

#[test]
fn one_page_of_a_link_is_processed_and_several_are_refused() {
    let home = Home::new();
    let server = Server::start(|_| Behaviour::from(ok(tiff(3, &[]), "image/tiff")));
    let url = server.url("/scan.tif");
    let one = ["run", &url, "-o", "one", "--pages", "2", "--format", "png"];
    home.run(&one).expect(0);
    is_page(&home.path("one/scan.png"), 2);
    let run = home.run(&["run", &url, "-o", "all", "--pages", "all", "--format", "png"]).expect(1);
    assert!(run.err.contains("it has 3 pages, and only one page of a link can be processed"), "{run:?}");
}

#[test]
fn standard_input_and_output_take_one_page() {
    let home = Home::new();
    let (code, out, err) = home.pipe(&tiff(3, &[]), &["run", "-", "-o", "-", "--pages", "3", "--format", "png"]);
    assert_eq!(code, 0, "{err}");
    is_page(&home.file("page.png", out), 3);
    let (code, _, err) = home.pipe(&tiff(3, &[]), &["run", "-", "-o", "-", "--pages", "all", "--format", "png"]);
    assert!(code == 2 && err.contains("only one page"), "{code}: {err}");
}

#[test]
fn a_document_is_never_replaced_by_its_pages() {
    let home = Home::new();
    let original = tiff(3, &[]);
    let document = home.file("scan.tif", &original);
    let options = ["--pages", "2-", "--name", "{dir}scan", "--on-conflict", "overwrite"];
    let run = home.run(&[&["run", "scan.tif", "-o", "."][..], &options].concat());
    assert_eq!(run.code, 1, "{run:?}");
    assert!(std::fs::read(document).unwrap() == original, "{run:?}");
}

#[test]
fn a_watched_document_gives_its_pages_once_and_again_when_it_changes() {
    let home = Home::new();
    let once = || {
        let options = ["--once", "--pages", "all", "--format", "png", "--json=items"];
        home.run(&[&["watch", "in", "-o", "out"][..], &options].concat()).expect(0)
    };
    home.file("in/scan.tif", tiff(3, &[]));
    assert_eq!(pages_of(&once(), "done"), [1, 2, 3]);
    assert_eq!(pages_of(&once(), "done"), [0; 0]);
    // A renamed document is known.
    std::fs::rename(home.path("in/scan.tif"), home.path("in/moved.tif")).unwrap();
    assert_eq!(pages_of(&once(), "done"), [0; 0]);
    home.file("in/moved.tif", tiff(2, &[]));
    assert_eq!(pages_of(&once(), "done"), [1, 2]);
    // The items of the renamed document have the names without numbers.
    let expected = ["scan-1.png", "scan-2.png", "scan-3.png", "moved-1 (1).png", "moved-2 (1).png"];
    assert_eq!(home.files("out"), names(&expected));
}
