//! The program under system limits: few file descriptors, small files, and a closed standard output.

use std::fmt::Write as _;
#[cfg(target_os = "linux")]
use std::net::SocketAddr;

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
    let said = home.run_limited("-n 128", &args);
    assert_eq!((said.code, home.files("out").len()), (0, 300), "{}", said.err);
    assert!(server.most_busy() <= 17, "{}", server.most_busy());
}

#[cfg(target_os = "linux")] // where all of 127.0.0.0/8 is this machine
#[test]
fn links_of_many_hosts_are_all_saved_although_only_few_files_can_be_open() {
    const HOSTS: u8 = 200;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let addresses: Vec<SocketAddr> = (1..=HOSTS).map(|n| runtime.block_on(patient_host(n))).collect();
    let home = Home::new();
    let mut list = String::new();
    for n in 0..400 {
        let _ = writeln!(list, "http://{}/{n}.txt", addresses[n % addresses.len()]);
    }
    home.file("list.txt", list);
    // A link without a descriptor waits for one; it would fail if that counted as an attempt.
    let said = home.run_limited("-n 128", &["run", "--urls", "list.txt", "-o", "out", "--retries", "0"]);
    assert_eq!((said.code, home.files("out").len()), (0, 400), "{}", said.err);
}

/// A host at 127.0.0.N that leaves closing connections to its clients.
#[cfg(target_os = "linux")]
async fn patient_host(n: u8) -> SocketAddr {
    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
    let listener = tokio::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, n], 0))).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut lines = BufReader::new(stream).lines();
                while let Ok(Some(line)) = lines.next_line().await {
                    let answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nabc";
                    if line.is_empty() && lines.get_mut().get_mut().write_all(answer).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    address
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
