//! Several outputs of one decode: `[[output]]` in recipe files and repeated `-r`.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::program::{Home, RunOutput};
use crate::util::server::{Server, ok};

const CATALOG: [&str; 2] = ["--catalog", "c.sqlite"];

const SIZES: &str = r#"version = 2

[[step]]
op = "saturation"
factor = 1.2

[[output]]
name = "large"
step = [{ op = "resize", long_edge = 200 }, { op = "sharpen", sigma = 1.0, amount = 0.8 }]
save = { format = "webp", quality = 82 }

[[output]]
name = "thumb"
step = [{ op = "resize", width = 64, height = 64, fit = "cover" }]
save = { format = "jpeg", max_bytes = "6KB" }
"#;

fn pixloom(home: &Home, args: &[&str], code: i32) -> RunOutput {
    home.run(&[args, &CATALOG].concat()).expect(code)
}

fn rows(home: &Home, job: &str, rows: &str) -> Vec<Value> {
    let export = pixloom(home, &["export", job, "--format", "jsonl", "--rows", rows], 0);
    export.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Two samples, a PNG and a photograph.
fn images(home: &Home) {
    home.sample("orange-slice.png", "in/slice.png");
    home.sample("dunes-at-dusk.jpg", "in/dunes.jpg");
}

#[test]
fn each_output_has_the_bytes_of_a_run_of_its_own_and_a_folder_of_its_name() {
    let home = Home::new();
    images(&home);
    home.file("sizes.toml", SIZES);
    let run = pixloom(&home, &["run", "in", "-r", "sizes.toml", "-o", "out", "--json=items"], 0);
    let items: Vec<Value> = run.events_of("item");
    assert_eq!(items.len(), 2, "{run:?}");
    for item in &items {
        let names: Vec<&str> =
            item["outputs"].as_array().unwrap().iter().map(|o| o["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["large", "thumb"], "{item}");
        let bytes: i64 = item["outputs"].as_array().unwrap().iter().map(|o| o["bytes"].as_i64().unwrap()).sum();
        assert_eq!(item["bytes"].as_i64(), Some(bytes), "the item has the sum: {item}");
        assert_eq!(item["output"], item["outputs"][0]["output"], "{item}");
    }
    assert_eq!(
        home.files("out").into_iter().collect::<Vec<_>>(),
        ["large/dunes.webp", "large/slice.webp", "thumb/dunes.jpg", "thumb/slice.jpg"]
    );
    let shared = ["-s", "saturation:factor=1.2"];
    let large = ["-s", "resize:long_edge=200", "-s", "sharpen:sigma=1,amount=0.8", "--save", "webp:quality=82"];
    let thumb = ["-s", "resize:width=64,height=64,fit=cover", "--save", "jpeg:max_bytes=6KB"];
    pixloom(&home, &[&["run", "in", "-o", "alone/large"][..], &shared, &large].concat(), 0);
    pixloom(&home, &[&["run", "in", "-o", "alone/thumb"][..], &shared, &thumb].concat(), 0);
    for name in home.files("out") {
        let (ours, alone) = (fs::read(home.path("out").join(&name)), fs::read(home.path("alone").join(&name)));
        assert!(ours.unwrap() == alone.unwrap(), "{name} differs from a run of its own");
    }
    let outputs = rows(&home, "1", "outputs");
    let named: BTreeSet<(i64, &str, &str)> = outputs
        .iter()
        .map(|row| (row["seq"].as_i64().unwrap(), row["name"].as_str().unwrap(), row["state"].as_str().unwrap()))
        .collect();
    assert_eq!(
        named,
        BTreeSet::from([(1, "large", "done"), (1, "thumb", "done"), (2, "large", "done"), (2, "thumb", "done")])
    );
}

#[test]
fn repeated_recipes_are_outputs_with_the_names_of_their_files_and_options_fill_in_what_they_leave_open() {
    let home = Home::new();
    images(&home);
    home.file("big.toml", "version = 1\n[[step]]\nop = \"resize\"\nlong_edge = 100\n");
    home.file("small.toml", "version = 1\n[[step]]\nop = \"resize\"\nlong_edge = 20\n[save]\nformat = \"png\"\n");
    let recipes = ["-r", "big.toml", "-r", "small.toml", "-r", "thumbnails"];
    pixloom(&home, &[&["run", "in/slice.png", "-o", "out", "--format", "webp"][..], &recipes].concat(), 0);
    assert_eq!(
        home.files("out").into_iter().collect::<Vec<_>>(),
        ["big/slice.webp", "small/slice.png", "thumbnails/slice.jpg"]
    );
    let twice = pixloom(&home, &["run", "in", "-o", "out2", "-r", "big.toml", "-r", "big.toml"], 2);
    assert!(twice.err.contains("two outputs are called \"big\""), "{twice:?}");
    home.file("wrong.toml", "version = 2\n\n[[output]]\nname = \"a\"\nstp = []\n");
    let wrong = pixloom(&home, &["run", "in", "-o", "out2", "-r", "wrong.toml"], 2);
    assert!(wrong.err.contains("wrong.toml:5") && wrong.err.contains("did you mean \"step\"?"), "{wrong:?}");
    let stdout = pixloom(&home, &[&["run", "in/slice.png", "-o", "-"][..], &recipes].concat(), 2);
    assert!(stdout.err.contains("standard output"), "{stdout:?}");
    assert!(!home.path("out2").exists());
}

#[test]
fn a_failed_output_is_named_and_a_retry_makes_only_that_one() {
    let home = Home::new();
    images(&home);
    home.file("sizes.toml", SIZES);
    home.file("out/thumb/slice.jpg", "not ours");
    let options = ["-r", "sizes.toml", "-o", "out", "--on-conflict", "fail"];
    let run = pixloom(&home, &[&["run", "in/slice.png"][..], &options].concat(), 1);
    assert!(run.err.contains("output thumb") && run.err.contains("slice.png"), "{run:?}");
    let outputs = rows(&home, "1", "outputs");
    let states: Vec<&str> = outputs.iter().map(|row| row["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["done", "failed"], "{outputs:?}");
    assert!(outputs[1]["error"].as_str().unwrap().contains("slice.jpg"), "{outputs:?}");
    assert_eq!(rows(&home, "1", "items")[0]["state"], "failed");
    let large = home.path("out/large/slice.webp");
    let before = fs::metadata(&large).unwrap().modified().unwrap();
    fs::remove_file(home.path("out/thumb/slice.jpg")).unwrap();
    pixloom(&home, &["retry", "1"], 0);
    assert_eq!(fs::metadata(&large).unwrap().modified().unwrap(), before, "it was not made again");
    assert_eq!(home.files("out").into_iter().collect::<Vec<_>>(), ["large/slice.webp", "thumb/slice.jpg"]);
    let item = &rows(&home, "1", "items")[0];
    let sum: i64 = rows(&home, "1", "outputs").iter().map(|row| row["bytes"].as_i64().unwrap()).sum();
    assert_eq!((item["state"].as_str(), item["bytes_out"].as_i64()), (Some("done"), Some(sum)), "{item}");
    // A result that is made later is the same as one of the first run.
    home.file("sizes2.toml", SIZES);
    pixloom(&home, &["run", "in/slice.png", "-r", "sizes2.toml", "-o", "again"], 0);
    let thumb = |folder: &str| fs::read(home.path(folder).join("thumb/slice.jpg")).unwrap();
    assert!(thumb("out") == thumb("again"));
}

#[test]
fn a_dry_run_lists_all_outputs_and_writes_nothing() {
    let home = Home::new();
    images(&home);
    home.file("sizes.toml", SIZES);
    let plan = pixloom(&home, &["run", "in", "-r", "sizes.toml", "-o", "out", "--dry-run"], 0);
    for part in ["large/slice.webp", "thumb/slice.jpg (64 x 64)", "large/dunes.webp", "thumb/dunes.jpg"] {
        assert!(plan.out.contains(part), "{part}: {plan:?}");
    }
    let plan = pixloom(&home, &["run", "in", "-r", "sizes.toml", "-o", "out", "--dry-run", "--json"], 0);
    let planned = plan.events_of("planned");
    assert_eq!(planned.len(), 2);
    for item in planned {
        let outputs = item["outputs"].as_array().unwrap();
        assert_eq!((outputs.len(), &outputs[1]["name"]), (2, &Value::from("thumb")), "{item}");
        assert_eq!(outputs[0]["output"], item["output"], "{item}");
    }
    assert!(!home.path("out").exists());
}

#[test]
fn undo_moves_all_outputs_to_the_trash_and_redo_brings_them_back() {
    let home = Home::new();
    images(&home);
    home.file("sizes.toml", SIZES);
    let options = ["-r", "sizes.toml", "-o", "out", "--on-conflict", "overwrite", "--trash"];
    home.file("out/thumb/dunes.jpg", "before");
    pixloom(&home, &[&["run", "in"][..], &options].concat(), 0);
    let before = home.files("out");
    assert_eq!(before.len(), 4);
    let undo = pixloom(&home, &["undo", "1"], 0);
    assert!(undo.out.contains("4 results are in the trash now"), "{undo:?}");
    assert_eq!(home.files("out").into_iter().collect::<Vec<_>>(), ["thumb/dunes.jpg"]);
    assert_eq!(fs::read(home.path("out/thumb/dunes.jpg")).unwrap(), b"before");
    assert!(rows(&home, "1", "items").iter().all(|row| row["state"] == "skipped" && row["reason"] == "undone"));
    let redo = pixloom(&home, &["undo", "1", "--redo"], 0);
    assert!(redo.out.contains("4 results are back"), "{redo:?}");
    assert_eq!(home.files("out"), before);
    for row in rows(&home, "1", "items") {
        assert!(row["state"] == "done" && row["output"].as_str().unwrap().contains("/large/"), "{row}");
    }
}

#[test]
fn a_killed_run_that_is_resumed_has_every_output_once() {
    let home = Home::new();
    // Small ones, which a build without optimizations makes quickly.
    home.sample("dunes-at-dusk.jpg", "photo/a.jpg");
    let small = ["run", "photo", "-s", "resize:long_edge=240", "-o", "small", "--catalog", "other.sqlite"];
    home.run(&small).expect(0);
    for n in 0..24 {
        fs::create_dir_all(home.path("in")).unwrap();
        fs::copy(home.path("small/a.jpg"), home.path(&format!("in/{n:02}.jpg"))).unwrap();
    }
    home.file("sizes.toml", SIZES);
    let args = ["run", "in", "-r", "sizes.toml", "-o", "out", "--workers", "1", "--json"];
    let mut running = home.start(&[&args[..], &CATALOG].concat());
    running.until(|event| event["event"] == "progress" && event["done"].as_u64() >= Some(3));
    running.kill();
    pixloom(&home, &["resume", "1"], 0);
    let names = |folder: &str| -> Vec<String> { home.files(folder).into_iter().collect() };
    let expected = |extension: &str| (0..24).map(|n| format!("{n:02}.{extension}")).collect::<Vec<_>>();
    assert_eq!(names("out/large"), expected("webp"));
    assert_eq!(names("out/thumb"), expected("jpg"));
    let outputs = rows(&home, "1", "outputs");
    assert!(outputs.len() == 48 && outputs.iter().all(|row| row["state"] == "done"), "{outputs:?}");
}

#[test]
fn an_update_makes_the_outputs_of_changed_images_again_in_place() {
    let home = Home::new();
    images(&home);
    home.file("sizes.toml", SIZES);
    let args = ["run", "in", "-r", "sizes.toml", "-o", "out", "--update"];
    pixloom(&home, &args, 0);
    let before: Vec<Vec<u8>> =
        home.files("out").iter().map(|name| fs::read(home.path("out").join(name)).unwrap()).collect();
    let unchanged = pixloom(&home, &args, 0);
    assert!(unchanged.err.contains("2 skipped") || unchanged.out.contains("2 skipped"), "{unchanged:?}");
    home.sample("dunes-at-dusk.jpg", "in/slice.png");
    pixloom(&home, &args, 0);
    assert_eq!(home.files("out").len(), 4, "{:?}", home.files("out"));
    let after: Vec<Vec<u8>> =
        home.files("out").iter().map(|name| fs::read(home.path("out").join(name)).unwrap()).collect();
    let changed = before.iter().zip(&after).filter(|(before, after)| before != after).count();
    assert_eq!(changed, 2, "both outputs of one image");
    // One output that is missing makes its item again.
    fs::remove_file(home.path("out/thumb/dunes.jpg")).unwrap();
    pixloom(&home, &args, 0);
    assert!(home.path("out/thumb/dunes.jpg").exists());
}

#[test]
fn the_command_of_a_job_with_outputs_repeats_it() {
    let home = Home::new();
    images(&home);
    home.file("sizes.toml", SIZES);
    pixloom(&home, &["run", "in", "-r", "sizes.toml", "-o", "out"], 0);
    let command = pixloom(&home, &["jobs", "1", "--command"], 0).out;
    assert!(command.contains("-r /dev/stdin") && command.contains("[[output]]\nname = \"thumb\""), "{command}");
    fs::rename(home.path("out"), home.path("first")).unwrap();
    if cfg!(unix) {
        home.run_line(command.trim_end()).expect(0);
        for name in home.files("first") {
            let read = |folder: &str| fs::read(home.path(folder).join(&name)).unwrap();
            assert!(read("first") == read("out"), "{name}");
        }
    }
}

#[test]
fn a_repeated_link_is_fetched_once_and_gets_copies_of_all_outputs_and_each_is_written_back() {
    let image = crate::program::sample("orange-slice.png");
    let server = Server::start(move |_| ok(image.clone(), "image/png"));
    let home = Home::new();
    home.file("sizes.toml", SIZES);
    let link = server.url("/a.png");
    home.file("list.csv", format!("url,sku\n{link},one\n{link},two\n{link},two\n"));
    let connection = rusqlite::Connection::open(home.path("shop.sqlite")).unwrap();
    let table = "CREATE TABLE products(sku TEXT PRIMARY KEY, large TEXT, thumb TEXT, bytes INTEGER)";
    connection.execute_batch(table).unwrap();
    connection.execute_batch("INSERT INTO products(sku) VALUES ('one'), ('two')").unwrap();
    let map = "products(sku=col:sku): large=output:large, thumb=output:thumb, bytes=bytes_out";
    let options = ["--name", "{col:sku}", "-r", "sizes.toml", "-o", "out", "--db", "shop.sqlite", "--write-back", map];
    pixloom(&home, &[&["run", "--urls", "list.csv"][..], &options].concat(), 0);
    assert_eq!(server.hits("/a.png"), 1);
    assert_eq!(
        home.files("out").into_iter().collect::<Vec<_>>(),
        ["large/one.webp", "large/two.webp", "thumb/one.jpg", "thumb/two.jpg"]
    );
    for name in ["large/{}.webp", "thumb/{}.jpg"] {
        let read = |sku: &str| fs::read(home.path("out").join(name.replace("{}", sku))).unwrap();
        assert!(read("one") == read("two"), "{name}");
    }
    let mut select = connection.prepare("SELECT sku, large, thumb, bytes FROM products ORDER BY sku").unwrap();
    let written = select.query_map((), |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?, row.get::<_, i64>(3)?))
    });
    for (sku, large, thumb, bytes) in written.unwrap().map(Result::unwrap) {
        assert!(large.ends_with(&format!("out/large/{sku}.webp")) && thumb.ends_with(&format!("out/thumb/{sku}.jpg")));
        let size = |path: &str| fs::metadata(path).unwrap().len() as i64;
        assert_eq!(bytes, size(&large) + size(&thumb), "{sku}");
    }
    let undo = pixloom(&home, &["undo", "1"], 0);
    assert!(undo.out.contains("4 results are in the trash now"), "{undo:?}");
    assert!(home.files("out").is_empty());
}

#[test]
fn an_encoder_that_fails_fails_its_output_alone() {
    let home = Home::new();
    images(&home);
    home.file("impossible.toml", "version = 1\n[save]\nformat = \"jpeg\"\nmax_bytes = \"100B\"\n");
    home.file("small.toml", "version = 1\n[[step]]\nop = \"resize\"\nlong_edge = 20\n");
    let recipes = ["-r", "impossible.toml", "-r", "small.toml", "-o", "out"];
    let run = pixloom(&home, &[&["run", "in/dunes.jpg"][..], &recipes].concat(), 1);
    assert!(run.err.contains("output impossible"), "{run:?}");
    assert_eq!(home.files("out").into_iter().collect::<Vec<_>>(), ["small/dunes.jpg"]);
    let again = pixloom(&home, &["retry", "1"], 1);
    assert!(again.err.contains("output impossible"), "{again:?}");
    assert_eq!(home.files("out").into_iter().collect::<Vec<_>>(), ["small/dunes.jpg"], "none twice");
}
