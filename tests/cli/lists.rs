//! Lists of links in every format and from every source, with their columns.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::program::{Home, RunOutput, sample};
use crate::util::server::{Answer, Server, ok, status};

/// SHA-256, SHA-1 and MD5 of `a`.
const SHA256_A: &str = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb";
const SHA1_A: &str = "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8";
const MD5_A: &str = "0CC175B9C0F1B6A831C399E269772661";

/// Serves `a` as /a.txt, /b.txt, ...
fn letters() -> Server {
    Server::start(|request| -> Answer {
        match request.path.as_str() {
            path if path.len() == 6 => ok(&path[1..2], "text/plain"),
            _ => status(404),
        }
    })
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn names(home: &Home, folder: &str) -> Vec<String> {
    home.files(folder).into_iter().collect()
}

fn extra_of(output: &RunOutput, row: usize) -> serde_json::Value {
    output.events()[row]["extra"].clone()
}

#[test]
fn every_list_format_is_fetched_and_named_by_its_columns() {
    let server = letters();
    let (a, b) = (server.url("/a.txt"), server.url("/b.txt"));
    let csv = format!("\u{feff}ID,Image,title\r\n7,{a},\"x, \"\"y\"\"\"\r\n8,{b},../z\r\n");
    let tsv = format!("id\timage\n7\t{a}\n8\t{b}\n");
    let jsonl = format!("{{\"id\":7,\"image\":\"{a}\"}}\n{{\"id\":8,\"image\":\"{b}\"}}\n");
    for (name, text) in [("list.csv", csv), ("list.tsv", tsv), ("list.jsonl", jsonl)] {
        for (name, bytes) in [(name.to_owned(), text.clone().into_bytes()), (format!("{name}.gz"), gz(text.as_bytes()))]
        {
            let home = Home::new();
            home.file(&name, bytes);
            let args = ["run", "--urls", &name, "--url-column", "image", "--name", "no {col:id}", "-o", "out"];
            home.run(&args).expect(0);
            assert_eq!(names(&home, "out"), ["no 7.txt", "no 8.txt"], "{name}");
            let exported = home.run(&["export", "1", "--format", "jsonl"]).expect(0);
            let columns = extra_of(&exported, 0)["columns"].clone();
            let id = columns.get("id").or_else(|| columns.get("ID")).unwrap();
            assert_eq!(id.as_str().map_or_else(|| id.to_string(), str::to_owned), "7", "{columns}");
            let csv = home.run(&["export", "1", "--format", "csv"]).expect(0);
            let header = csv.out.lines().next().unwrap().to_lowercase();
            assert!(header.contains(",extra,reason,input_width,input_height,remarks,id"), "{csv:?}");
        }
    }
}

#[test]
fn an_export_to_parquet_can_be_used_as_a_list() {
    let server = letters();
    let home = Home::new();
    home.file("list.txt", format!("{}\n{}\nhttp:///b.txt\n", server.url("/a.txt"), server.url("/b.txt")));
    let output = home.run(&["run", "--urls", "list.txt", "-o", "out"]).expect(1);
    assert!(output.err.contains("it names no host"), "{output:?}");
    home.run(&["export", "1", "--format", "parquet", "-o", "items.parquet"]).expect(0);
    let args =
        ["run", "--urls", "items.parquet", "--url-column", "locator", "--name", "{col:state} {stem}", "-o", "again"];
    home.run(&args).expect(1);
    assert_eq!(names(&home, "again"), ["done a.txt", "done b.txt"]);
    let piped = home.run(&["export", "1", "--format", "parquet"]).expect(0);
    assert!(piped.out.starts_with("PAR1"), "{piped:?}");
}

#[test]
fn a_parquet_list_is_read_and_its_bad_rows_fail_alone() {
    let home = Home::new();
    home.file("list.parquet", include_bytes!("../data/links.parquet"));
    // Its links lead to an unknown host; only the rows matter here.
    let args = ["run", "--urls", "list.parquet", "-o", "out", "--dry-run", "--json"];
    let output = home.run(&args).expect(1);
    let plan = output.events().pop().unwrap();
    assert_eq!((plan["items"].as_u64(), plan["failing"].as_u64()), (Some(6), Some(1)), "{plan}");
    assert!(output.out.contains("http://h.example/4.jpg") && output.out.contains("row 3"), "{output:?}");
}

#[test]
fn tables_can_be_read_from_standard_input() {
    let server = letters();
    let (a, b) = (server.url("/a.txt"), server.url("/b.txt"));
    for (input, column) in [
        (format!("id,url\n1,{a}\n2,{b}\n"), None),
        (format!("id\tlink\n1\t{a}\n2\t{b}\n"), Some("link")),
        (format!("{{\"id\":1,\"url\":\"{a}\"}}\n{{\"id\":2,\"url\":\"{b}\"}}\n"), None),
    ] {
        let home = Home::new();
        let mut args = vec!["run", "--urls", "-", "--name", "{col:id}", "-o", "out"];
        args.extend(column.iter().flat_map(|column| ["--url-column", column]));
        home.run_with_input(&args, &input).expect(0);
        assert_eq!(names(&home, "out"), ["1.txt", "2.txt"], "{input}");
    }
}

#[test]
fn a_list_at_a_url_is_fetched_first_and_its_lines_never_become_files() {
    let home = Home::new();
    let secret = home.file("secret.txt", "mine");
    let (server, line) = (letters(), secret.display().to_string());
    let text = format!("id,url\n1,{}\n2,{line}\n", server.url("/a.txt"));
    let lists = Server::start(move |request| match request.path.as_str() {
        "/list.csv?sig=1" => ok(text.clone(), "text/csv"),
        "/packed" => ok(gz(text.as_bytes()), "application/gzip"),
        _ => status(404),
    });
    for path in ["/list.csv?sig=1", "/packed"] {
        let out = format!("out{}", path.len());
        home.run(&["run", "--urls", &lists.url(path), "-o", &out]).expect(1);
        assert!(names(&home, &out).is_empty(), "nor does it lead to this machine");
    }
    let exported = home.run(&["export", "1", "--format", "jsonl"]).expect(0);
    assert_eq!(extra_of(&exported, 0)["origin"], "fetched", "{exported:?}");
    assert!(exported.out.contains("refused_address") && exported.out.contains("bad_url"), "{exported:?}");
    home.run(&["retry", "1"]).expect(1);
    assert!(names(&home, "out15").is_empty());
    let output = home.run(&["run", "--urls", &lists.url("/gone.csv"), "-o", "none"]);
    assert!(output.code != 0 && output.err.contains("/gone.csv: the server answered 404"), "{output:?}");
}

#[test]
fn a_missing_column_is_a_usage_error_that_names_the_existing_ones() {
    let home = Home::new();
    home.file("list.csv", "id,link\n1,a.jpg\n");
    home.file("list.txt", "http://127.0.0.1:1/a\n");
    for (args, words) in [
        (
            &["--urls", "list.csv"][..],
            "no column \"url\"; its columns are id, link. Name the right one with --url-column",
        ),
        (&["--urls", "list.csv", "--url-column", "img"], "no column \"img\"; its columns are id, link"),
        (&["--urls", "list.csv", "--url-column", "link", "--checksum-column", "md5"], "no column \"md5\""),
        (&["--urls", "list.csv", "--url-column", "link", "--name", "{col:sku}"], "{col:sku}, but the list"),
        (&["--urls", "list.txt", "--name", "{col:id}"], "has no columns"),
        (&["http://127.0.0.1:1/a", "--name", "{col:id}"], "has no columns"),
        (&["http://127.0.0.1:1/a", "--url-column", "link"], "--urls"),
    ] {
        let output = home.run(&[&["run", "-o", "out"], args].concat()).expect(2);
        assert!(output.err.contains(words), "{args:?}: {output:?}");
    }
}

#[test]
fn a_wrong_checksum_fails_its_item_and_nothing_is_saved() {
    let (home, server) = (Home::new(), letters());
    let row = |letter: &str, sum: &str| format!("{},{sum}\n", server.url(&format!("/{letter}.txt")));
    let right = [row("a", SHA256_A), row("b", "")].concat();
    let wrong = [row("c", SHA256_A), row("d", SHA1_A), row("e", MD5_A), row("f", "abc")].concat();
    home.file("list.csv", format!("url,sum\n{right}{wrong}"));
    let args = ["run", "--urls", "list.csv", "--checksum-column", "SUM", "-o", "out", "--json"];
    let output = home.run(&args).expect(1);
    assert_eq!(names(&home, "out"), ["a.txt", "b.txt"]);
    let failed = output.events_of("failed");
    assert!(failed.iter().all(|event| event["kind"] == "checksum") && failed.len() == 4, "{failed:?}");
    let words = output.out.clone();
    for output in ["its SHA-1 is", "its MD5 is", "its SHA-256 is", "\\\"abc\\\" is not an MD5"] {
        assert!(words.contains(output), "{output}: {words}");
    }
    assert_eq!(server.hits("/f.txt"), 0);
    let row = |sum: &str| format!("{},{sum}\n", server.url("/a.txt"));
    for (n, sum) in [SHA1_A, MD5_A].into_iter().enumerate() {
        home.file("one.csv", format!("url,sum\n{}", row(sum)));
        home.run(&["run", "--urls", "one.csv", "--checksum-column", "sum", "-o", &format!("out{n}")]).expect(0);
    }
}

#[test]
fn repeated_links_are_fetched_once_and_reported_as_skipped() {
    let (home, server) = (Home::new(), letters());
    let (a, b) = (server.url("/a.txt"), server.url("/b.txt"));
    home.file("list.csv", format!("id,url\n1,{a}\n2,{b}\n3,{a}\n4,{a}\n"));
    let output = home.run(&["run", "--urls", "list.csv", "-o", "out", "--json"]).expect(0);
    let end = output.events().pop().unwrap();
    assert_eq!((end["done"].as_u64(), end["skipped"].as_u64()), (Some(2), Some(2)), "{end}");
    assert!(output.err.contains("Skipped 2 lines of") && output.err.contains("that repeat links"), "{output:?}");
    assert_eq!(server.hits("/a.txt"), 1);
}

#[test]
fn a_missing_column_value_fails_only_its_item() {
    let (home, server) = (Home::new(), letters());
    let jsonl =
        format!("{{\"id\":1,\"url\":\"{}\"}}\n{{\"url\":\"{}\"}}\n", server.url("/a.txt"), server.url("/b.txt"));
    home.file("list.jsonl", jsonl);
    let output = home.run(&["run", "--urls", "list.jsonl", "--name", "{col:id}", "-o", "out", "--json"]).expect(1);
    assert_eq!(output.events_of("failed")[0]["kind"], "no_column");
    assert_eq!((names(&home, "out"), server.hits("/b.txt")), (vec!["1.txt".to_owned()], 0));
}

#[test]
fn columns_in_names_make_no_folders_and_work_with_a_recipe() {
    let home = Home::new();
    let jpeg = sample("tulip-field.jpg");
    let server = Server::start(move |_| ok(jpeg.clone(), "image/jpeg"));
    home.file("list.csv", format!("id,url\n../../evil/7,{}\n", server.url("/t.jpg")));
    home.run(&[
        "run",
        "--urls",
        "list.csv",
        "--name",
        "{col:id}",
        "-o",
        "out",
        "-s",
        "resize:long_edge=20",
        "--format",
        "png",
    ])
    .expect(0);
    assert_eq!(names(&home, "out"), ["evil_7.png"]);
}

#[test]
fn a_job_starts_before_its_long_list_is_read() {
    let home = Home::new();
    let server = letters();
    // Ends only when it is closed: what is fetched before that was fetched before the list's end.
    let (mut running, mut stdin) =
        home.start_with_input(&["run", "--urls", "-", "-o", "out", "--json", "--url-column", "url"]);
    stdin.write_all(format!("id,url\n1,{}\n", server.url("/a.txt")).as_bytes()).unwrap();
    stdin.flush().unwrap();
    running.until(|event| event["event"] == "progress" && event["done"] == 1);
    stdin.write_all(format!("2,{}\n", server.url("/b.txt")).as_bytes()).unwrap();
    drop(stdin);
    running.wait().expect(0);
    assert_eq!(names(&home, "out"), ["a.txt", "b.txt"]);
}

#[test]
fn a_truncated_list_is_resumed_once_it_is_fixed() {
    let server = letters();
    let home = Home::new();
    let links: String = "abcdef".chars().map(|letter| server.url(&format!("/{letter}.txt\n"))).collect();
    // Uncompressed, so that everything before the cut can be read.
    let mut encoder = GzEncoder::new(Vec::new(), Compression::none());
    encoder.write_all(links.as_bytes()).unwrap();
    let whole = encoder.finish().unwrap();
    let part = links.find("/d.txt").unwrap();
    home.file("list.txt.gz", &whole[..15 + part]);
    let args = ["run", "--urls", "list.txt.gz", "-o", "out", "--json"];
    let output = home.run(&args).expect(3);
    assert!(output.err.contains("ends early") && output.err.contains("Resume with: pixloom resume 1"), "{output:?}");
    assert!(home.files("out").contains("c.txt") && !home.files("out").contains("f.txt"));
    home.file("list.txt.gz", &whole);
    home.run(&["resume", "1"]).expect(0);
    for letter in ["a", "b", "c", "d", "e", "f"] {
        assert!(home.files("out").contains(&format!("{letter}.txt")), "{letter}");
    }
    let hits: usize = "abc".chars().map(|letter| server.hits(&format!("/{letter}.txt"))).sum();
    assert_eq!(hits, 3, "nothing twice");
}

#[cfg(unix)]
#[test]
fn a_killed_job_resumes_each_of_its_half_read_lists_at_its_own_position() {
    let server = Server::start(|request| match request.path.as_str() {
        "/robots.txt" => status(404),
        path => ok(path, "text/plain"),
    });
    let home = Home::new();
    let links = |numbers: std::ops::Range<u32>| -> String {
        numbers.map(|number| server.url(&format!("/{number}.txt\n"))).collect()
    };
    // The first list is cut off after three links. The second is a pipe; more than a batch of it is read.
    let mut encoder = GzEncoder::new(Vec::new(), Compression::none());
    encoder.write_all(links(100..106).as_bytes()).unwrap();
    let whole = encoder.finish().unwrap();
    home.file("one.txt.gz", &whole[..15 + links(100..103).len()]);
    let second = home.path("two.txt");
    assert!(std::process::Command::new("mkfifo").arg(&second).status().unwrap().success());
    // Open for both, so that neither end waits for the other.
    let mut pipe = std::fs::File::options().read(true).write(true).open(&second).unwrap();
    pipe.write_all(links(200..800).as_bytes()).unwrap();
    let mut running = home.start(&["run", "--urls", "one.txt.gz", "--urls", "two.txt", "-o", "out", "--json"]);
    running.until(|event| event["event"] == "progress" && event["done"].as_u64() > Some(3));
    running.kill();
    drop(pipe);
    home.file("one.txt.gz", &whole);
    std::fs::remove_file(&second).unwrap();
    home.file("two.txt", links(200..900));
    let said = home.run(&["resume", "1", "--json"]).expect(0);
    let end = said.events().pop().unwrap();
    assert_eq!((end["done"].as_u64(), end["failed"].as_u64()), (Some(706), Some(0)), "{}", said.err);
    let wanted: Vec<String> = (100..106).chain(200..900).map(|number| format!("{number}.txt")).collect();
    assert_eq!(names(&home, "out"), wanted, "every item exactly once");
    // The catalog knows what was read: the lists are not read from their start.
    let exported = home.run(&["export", "1", "--format", "csv"]).expect(0);
    assert_eq!(exported.out.lines().count(), 1 + 706);
}

#[test]
fn an_unavailable_list_leaves_a_resumable_job() {
    let home = Home::new();
    let server = Server::start(|request| if request.hit < 2 { status(404) } else { ok("", "text/plain") });
    let list = server.url("/list.txt");
    let output = home.run(&["run", "--urls", &list, "-o", "out"]).expect(3);
    assert!(output.err.contains("was not fetched") || output.err.contains("404"), "{output:?}");
    assert!(home.run(&["jobs"]).expect(0).out.contains("paused"));
    let resumed = home.run(&["resume"]).expect(1);
    assert!(resumed.err.contains("There are no links in "), "the list is empty now: {resumed:?}");
}

#[test]
fn a_list_given_as_an_input_prints_how_to_fetch_its_links() {
    let home = Home::new();
    home.file("links.txt", "# mine\nhttp://127.0.0.1:1/a.jpg\n");
    home.file("notes.txt", "http is a protocol\n");
    let output = home.run(&["run", "links.txt", "notes.txt", "-o", "out"]).expect(0);
    assert!(output.err.contains("pixloom run --urls") && output.err.matches("--urls").count() == 1, "{output:?}");
}

#[test]
fn a_dry_run_reads_a_list_at_a_url() {
    let home = Home::new();
    let server = Server::start(|_| ok("url\nhttp://h.example/a.jpg\nhttp://h.example/b.jpg\n", "text/csv"));
    let output = home.run(&["run", "--urls", &server.url("/list.csv"), "-o", "out", "--dry-run"]).expect(0);
    assert!(output.out.contains("2 items"), "{output:?}");
    assert!(home.files("out").is_empty());
}

#[test]
fn lines_with_several_links_and_old_mac_line_ends_lose_no_link() {
    let server = letters();
    let home = Home::new();
    let url = |letter: &str| server.url(&format!("/{letter}.txt"));
    home.file("list.txt", format!("{} {}\r{}\r\n{}", url("a"), url("b"), url("c"), url("d")));
    home.run(&["run", "--urls", "list.txt", "-o", "out"]).expect(0);
    assert_eq!(names(&home, "out"), ["a.txt", "b.txt", "c.txt", "d.txt"]);
}

#[test]
fn passwords_in_texts_that_resemble_links_are_removed() {
    let home = Home::new();
    let lines = [
        "ftp://me:s3cret@h/x",
        "htp://me:s3cret@h/x",
        "http:/me:s3cret@h/x",
        "http//me:s3cret@h",
        "//me:s3cret@h/x",
        "<http://me:s3cret@h/x>",
        "see http://me:s3cret@h/x",
    ];
    home.file("list.txt", lines.join("\n"));
    home.file("list.csv", format!("url,other\n{},http://me:s3cret@h/y\n", lines[0]));
    let output = [
        home.run(&["run", "--urls", "list.txt", "-o", "out", "--json"]),
        home.run(&["run", "--urls", "list.csv", "-o", "out"]),
        home.run(&["run", lines[0], "-o", "out"]),
        home.run(&["run", "--urls", lines[0], "-o", "out"]),
        home.run(&["export", "1", "--format", "csv"]),
        home.run(&["export", "2", "--format", "jsonl"]),
        home.run(&["jobs", "1"]),
    ];
    for output in &output {
        assert!(!output.out.contains("s3cret") && !output.err.contains("s3cret"), "{output:?}");
    }
    assert_eq!(output.each_ref().map(|output| output.code), [1, 1, 2, 2, 0, 0, 0]);
}

#[test]
fn a_list_in_another_encoding_is_read_and_announced() {
    let (home, server) = (Home::new(), letters());
    let text = format!("상품명,사진\n빨간 사과,{}\n바나나 한 송이,{}\n", server.url("/a.txt"), server.url("/b.txt"));
    let (bytes, _, _) = encoding_rs::EUC_KR.encode(&text);
    home.file("list.csv", &bytes);
    let output = home.run(&["run", "--urls", "list.csv", "--name", "{col:상품명}", "-o", "out"]).expect(0);
    assert!(output.err.contains("as EUC-KR, which was detected"), "{output:?}");
    assert_eq!(names(&home, "out"), ["바나나 한 송이.txt", "빨간 사과.txt"]);
    let args = ["run", "--urls", "list.csv", "--encoding", "cp949", "--name", "{col:상품명}", "-o", "named"];
    let output = home.run(&args).expect(0);
    assert!(!output.err.contains("detected"), "{output:?}");
    assert_eq!(names(&home, "named"), names(&home, "out"));
    let output = home.run(&["run", "--urls", "list.csv", "--encoding", "klingon", "-o", "out"]).expect(2);
    assert!(output.err.contains("no encoding \"klingon\""), "{output:?}");
}

#[test]
fn an_input_file_of_aria2_names_its_results_and_gives_their_checksums() {
    let (home, server) = (Home::new(), letters());
    let (a, b, c) = (server.url("/a.txt"), server.url("/b.txt"), server.url("/c.txt"));
    home.file(
        "list.txt",
        format!("{a}\n  out=first.dat\n  checksum=sha-256={SHA256_A}\n{b}\thttp://127.0.0.1:1/\n  dir=set\n  out=../second.txt\n{c}\n  checksum=md5={MD5_A}\n"),
    );
    let output = home.run(&["run", "--urls", "list.txt", "-o", "out"]).expect(1);
    assert!(output.err.contains("MD5"), "{output:?}");
    assert_eq!(names(&home, "out"), ["first.dat", "set/second.txt"]);
}

/// As the exports of WooCommerce and Shopify, and the answer of a shop's interface.
#[test]
fn several_links_in_a_cell_and_arrays_of_json_are_fetched() {
    let (home, server) = (Home::new(), letters());
    let (a, b) = (server.url("/a.txt"), server.url("/b.txt"));
    home.file("list.csv", format!("sep=;\nSKU;Images\n7;\"{a}, {b}\"\n"));
    home.file("list.json", format!("{{\"products\": [\n {{\"id\": 7, \"image\": {{\"url\": \"{a}\"}}}},\n {{\"id\": 8, \"image\": {{\"url\": \"{b}\"}}}}\n]}}"));
    for list in ["list.csv", "list.json"] {
        home.run(&["run", "--urls", list, "-o", list.trim_start_matches("list.")]).expect(0);
        assert_eq!(names(&home, list.trim_start_matches("list.")), ["a.txt", "b.txt"], "{list}");
    }
    home.run(&["run", "--urls", "list.json", "--url-column", "image.url", "--name", "{col:id}", "-o", "named"])
        .expect(0);
    assert_eq!(names(&home, "named"), ["7.txt", "8.txt"]);
}
