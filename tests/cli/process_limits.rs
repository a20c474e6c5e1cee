//! The program under system limits: few file descriptors, small files, and a closed standard output.

use std::fmt::Write as _;

use crate::program::Home;
use crate::util::server::{Server, ok, status};

#[test]
fn all_links_are_fetched_even_if_few_files_can_be_open() {
    let server = Server::start(|request| match request.path.as_str() {
        "/robots.txt" => status(404),
        path => ok(path.to_owned(), "text/plain"),
    });
    let home = Home::new();
    let mut list = String::new();
    for n in 0..300 {
        let _ = writeln!(list, "{}", server.url(&format!("/{n}.txt")));
    }
    home.file("list.txt", list);
    let args = ["run", "--urls", "list.txt", "-o", "out", "--per-host", "64", "--retries", "0"];
    let output = home.run_limited("-n 128", &args);
    assert_eq!((output.code, home.files("out").len()), (0, 300), "{}", output.err);
    assert!(server.most_busy() <= 28, "{}", server.most_busy());
}

#[test]
fn a_file_above_the_size_limit_fails_only_its_item() {
    let server = Server::start(|request| {
        let bytes = if request.path == "/large.bin" { 6_000_000 } else { 1_000 };
        ok(vec![b'x'; bytes], "application/octet-stream")
    });
    let home = Home::new();
    let (large, small) = (server.url("/large.bin"), server.url("/small.bin"));
    // Blocks have 512 bytes in some shells and 1024 in others.
    let output = home.run_limited("-f 4096", &["run", &large, &small, "-o", "out"]);
    assert_eq!(output.code, 1, "{}", output.err);
    assert!(output.err.contains("File too large"), "{}", output.err);
    assert_eq!(home.files("out").into_iter().collect::<Vec<_>>(), ["small.bin"]);
}

#[test]
fn a_closed_standard_output_is_reported() {
    let home = Home::new();
    let gone = || {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        writer
    };
    let (code, err) = home.run_into(gone(), &["ops"]);
    assert!(code == Some(3) && err.contains("Couldn't write to standard output"), "{code:?} {err}");
    // The results of a job are in its folder.
    home.sample("tulip-field.jpg", "in/a.jpg");
    let (code, err) = home.run_into(gone(), &["run", "in", "-o", "out", "--json"]);
    assert!(code == Some(0) && err.contains("Couldn't write to standard output"), "{code:?} {err}");
    assert_eq!(home.files("out").len(), 1);
}
