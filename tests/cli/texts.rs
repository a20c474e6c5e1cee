//! Texts with fields that are drawn on images: each item gets its own.

use std::fs;
use std::time::{Duration, UNIX_EPOCH};

use crate::program::{Home, sample};
use crate::util::server::{Answer, Server, ok, status};

/// A step that draws a text, and then makes the image small.
fn drawn(text: &str) -> [String; 4] {
    let step = format!("watermark_text:text=\"{text}\",size=20,opacity=100,position=center");
    ["-s".to_owned(), step, "-s".to_owned(), "resize:long_edge=160".to_owned()]
}

fn run(home: &Home, args: &[&str], text: &str, code: i32) -> crate::program::RunOutput {
    let args = ["run", "--format", "png"].into_iter().chain(args.iter().copied()).map(str::to_owned);
    home.run(&args.chain(drawn(text)).collect::<Vec<_>>()).expect(code)
}

/// The bytes of a result of a run with one text for all items.
fn with_text(home: &Home, input: &str, text: &str) -> Vec<u8> {
    let out = tempfile::tempdir_in(home.path("")).unwrap();
    run(home, &[input, "-o", out.path().to_str().unwrap()], text, 0);
    let file = fs::read_dir(out.path()).unwrap().next().unwrap().unwrap().path();
    fs::read(file).unwrap()
}

#[test]
fn each_file_gets_its_own_text_and_the_dry_run_shows_it() {
    let home = Home::new();
    let path = home.sample("tulip-field.jpg", "in/가을 {1}.jpg");
    home.sample("dunes-at-dusk.jpg", "in/b.jpg");
    let modified = UNIX_EPOCH + Duration::from_secs(1_767_268_800);
    fs::File::options().append(true).open(path).unwrap().set_modified(modified).unwrap();
    let text = "{stem}.{ext} {index:03} {parent} {date:%Y} {{x}}{dir}{host}";
    run(&home, &["in", "-o", "out"], text, 0);
    let (first, second) = ("b.jpg 001 in 2026 {{x}}", "가을 {{1}}.jpg 002 in 2026 {{x}}");
    let year = jiff::Zoned::now().year();
    let first = first.replace("2026", &year.to_string());
    for (name, input, text) in
        [("out/b.png", "in/b.jpg", first.as_str()), ("out/가을 {1}.png", "in/가을 {1}.jpg", second)]
    {
        assert!(fs::read(home.path(name)).unwrap() == with_text(&home, input, text), "{text}");
    }
    let shown = second.replace("{{", "{").replace("}}", "}");
    let plan = run(&home, &["in", "-o", "planned", "--dry-run"], text, 0);
    assert!(plan.out.contains(&format!("[text: \"{shown}\"]")), "{plan:?}");
    let plan = run(&home, &["in", "-o", "planned", "--dry-run", "--json"], text, 0);
    assert!(plan.events().iter().any(|event| event["texts"][0] == shown.as_str()), "{plan:?}");
}

/// A server of one image at two paths, with validators, and a table of it.
fn shop() -> Server {
    Server::start(|request| -> Answer {
        if !["/a.png", "/b.png"].contains(&request.path.as_str()) {
            return status(404);
        }
        if request.headers.get("if-none-match").is_some_and(|tag| tag == "\"1\"") {
            return status(304).header("ETag", "\"1\"");
        }
        ok(sample("orange-slice.png"), "image/png").header("ETag", "\"1\"")
    })
}

fn table(home: &Home, server: &Server, rows: &[(&str, &str, &str)]) {
    let line = |(path, sku, note): &(&str, &str, &str)| format!("{},{sku},\"{note}\"\n", server.url(path));
    home.file("list.csv", format!("url,sku,note\n{}", rows.iter().map(line).collect::<String>()));
}

fn states(home: &Home, job: &str) -> Vec<String> {
    let rows = home.run(&["export", job, "--format", "jsonl"]).expect(0).events();
    rows.iter()
        .map(|row| format!("{} {}", row["state"].as_str().unwrap(), row["reason"].as_str().unwrap_or("")))
        .collect()
}

#[test]
fn a_row_that_repeats_a_link_with_another_text_is_drawn_again() {
    let (home, server) = (Home::new(), shop());
    table(
        &home,
        &server,
        &[("/a.png", "1", "red"), ("/a.png", "2", "blue"), ("/a.png", "3", "red"), ("/a.png", "1", "red")],
    );
    home.file("a.png", sample("orange-slice.png"));
    run(&home, &["--urls", "list.csv", "--name", "{col:sku}", "-o", "out"], "{col:note}", 0);
    assert_eq!(states(&home, "1"), ["done ", "done ", "done ", "skipped duplicate"]);
    let (red, blue) = (with_text(&home, "a.png", "red"), with_text(&home, "a.png", "blue"));
    let of = |name: &str| fs::read(home.path("out").join(name)).unwrap();
    assert!(of("1.png") == red && of("2.png") == blue && of("3.png") == red && red != blue);
    // The text alone makes a row different.
    table(&home, &server, &[("/a.png", "1", "red"), ("/a.png", "1", "blue"), ("/a.png", "1", "red")]);
    run(&home, &["--urls", "list.csv", "-o", "texts"], "{col:note}", 0);
    let exported = home.run(&["export", "4", "--format", "jsonl"]).expect(0).events();
    let outputs: Vec<&str> = exported.iter().map(|row| row["output"].as_str().unwrap()).collect();
    assert!(outputs[0] == outputs[2] && outputs[0] != outputs[1], "{outputs:?}");
    assert!(fs::read(outputs[0]).unwrap() == red && fs::read(outputs[1]).unwrap() == blue);
}

#[test]
fn a_rerun_sees_that_the_text_of_a_row_has_changed() {
    let (home, server) = (Home::new(), shop());
    home.file("a.png", sample("orange-slice.png"));
    let again = |more: &[&str]| {
        run(&home, &[&["--urls", "list.csv", "--name", "{col:sku}", "-o", "out"], more].concat(), "{col:note}", 0)
    };
    table(&home, &server, &[("/a.png", "1", "red"), ("/b.png", "2", "red")]);
    again(&[]);
    table(&home, &server, &[("/a.png", "1", "red"), ("/b.png", "2", "blue")]);
    again(&["--update"]);
    assert_eq!(states(&home, "2"), ["skipped unchanged", "done "]);
    assert_eq!(home.files("out").into_iter().collect::<Vec<_>>(), ["1.png", "2.png"]);
    assert!(fs::read(home.path("out/2.png")).unwrap() == with_text(&home, "a.png", "blue"));
    // Files: the number of an item is part of its text.
    for name in ["in/b.png", "in/c.png"] {
        home.sample("orange-slice.png", name);
    }
    run(&home, &["in", "-o", "numbered"], "{index}", 0);
    home.sample("orange-slice.png", "in/a.png");
    run(&home, &["in", "-o", "numbered", "--update"], "{index}", 0);
    assert!(fs::read(home.path("numbered/c.png")).unwrap() == with_text(&home, "a.png", "3"));
    assert_eq!(home.files("numbered").len(), 3);
}

#[test]
fn a_text_that_can_not_be_filled_in_is_refused_before_the_start() {
    let (home, server) = (Home::new(), shop());
    table(&home, &server, &[("/a.png", "1", "red")]);
    home.sample("tulip-field.jpg", "a.jpg");
    for (text, words) in [
        ("{stm}", "text has an unknown field {stm}; did you mean {stem}?"),
        ("{Date}", "did you mean {date}?"),
        ("{teleport}", "unknown field {teleport}; available: {stem}"),
        ("{stem", "stray brace \"{\"; write it twice"),
        ("{hash}", "{hash} works only in file names"),
        ("{index:5}", "did you mean {index:05}?"),
        ("{col:nte}", "has only the columns url, sku, note. Did you mean {col:note}?"),
        ("{col:price}", "has only the columns url, sku, note."),
    ] {
        let output = run(&home, &["--urls", "list.csv", "-o", "out"], text, 2);
        assert!(output.err.contains(words), "{text}: {output:?}");
        let output = run(&home, &["--urls", "list.csv", "-o", "out", "--dry-run"], text, 2);
        assert!(output.err.contains(words), "{text}: {output:?}");
    }
    let output = run(&home, &["a.jpg", "-o", "out"], "{col:note}", 2);
    assert!(output.err.contains("a.jpg has no columns"), "{output:?}");
    let output = home.run(&["run", "--urls", "list.csv", "--name", "{col:SKUs}", "-o", "out"]).expect(2);
    assert!(output.err.contains("Did you mean {col:sku}?"), "{output:?}");
    assert!(!home.path("out").exists());
}

#[test]
fn a_blank_text_draws_nothing_and_a_character_without_a_glyph_fails_its_item() {
    let (home, server) = (Home::new(), shop());
    home.file("a.png", sample("orange-slice.png"));
    table(&home, &server, &[("/a.png", "1", ""), ("/a.png", "2", "봄 사진"), ("/a.png", "3", "漢字")]);
    let output = run(&home, &["--urls", "list.csv", "--name", "{col:sku}", "-o", "out"], "{col:note}", 1);
    assert!(output.err.contains("漢") && output.err.contains("font"), "{output:?}");
    let plain = home.run(&["run", "a.png", "--format", "png", "-s", "resize:long_edge=160", "-o", "plain"]).expect(0);
    assert_eq!(home.files("out").into_iter().collect::<Vec<_>>(), ["1.png", "2.png"], "{plain:?}");
    assert!(fs::read(home.path("out/1.png")).unwrap() == fs::read(home.path("plain/a.png")).unwrap());
    assert!(fs::read(home.path("out/2.png")).unwrap() == with_text(&home, "a.png", "봄 사진"));
}
