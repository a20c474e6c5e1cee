//! Large files from links: how much of them is shown while they are received, what a later run continues, and what is
//! left of them.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock, Mutex};

use serde_json::Value;

use crate::program::{Home, Running};
use crate::util::server::{Answer, Request, Server, ok, redirect, status};

const MIB: usize = 1 << 20;
const WHOLE: usize = 12 * MIB;
/// What the server sends before it stalls.
const PART: usize = 9 * MIB + 12_345;
/// What may be on its way to the disk when the program dies.
const PENDING: usize = 3 * MIB;

/// The file, in its first version or in the second one, which differs in every byte.
fn body(version: usize) -> &'static [u8] {
    static VERSIONS: LazyLock<[Vec<u8>; 2]> = LazyLock::new(|| {
        let first: Vec<u8> = (0..WHOLE as u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        let second = first.iter().map(|byte| !byte).collect();
        [first, second]
    });
    &VERSIONS[version]
}

/// The ranges that were requested, in order.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<Option<usize>>>>);

impl Log {
    fn note(&self, request: &Request) {
        self.0.lock().unwrap().push(range_of(request));
    }

    /// Their first bytes; `None` is the whole.
    fn ranges(&self) -> Vec<Option<usize>> {
        self.0.lock().unwrap().clone()
    }
}

fn range_of(request: &Request) -> Option<usize> {
    let range = request.headers.get("range")?;
    range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()
}

/// The first part of a file with these headers; then the server stalls.
fn first_part(bytes: &[u8], headers: &[(&str, &str)]) -> Answer {
    let answer = ok(&bytes[..PART], "application/octet-stream").short_by((bytes.len() - PART) as u64);
    headers.iter().fold(answer.stalls_after_body(), |answer, (name, value)| answer.header(name, value))
}

/// The rest of the file from here on, to a request whose condition holds.
fn rest(bytes: &[u8], from: usize, etag: &str) -> Answer {
    let range = format!("bytes {from}-{}/{}", bytes.len() - 1, bytes.len());
    status(206).body(&bytes[from..]).header("Content-Range", &range).header("ETag", etag)
}

/// A server that stalls in the middle of the first answer, and then answers as `later` says; with what it was asked for.
fn stalling_server(
    headers: &'static [(&'static str, &'static str)],
    later: impl Fn(&Request) -> Answer + Send + Sync + 'static,
) -> (Server, Log) {
    let log = Log::default();
    let noted = log.clone();
    let server = Server::start(move |request| {
        noted.note(request);
        if request.hit == 1 { first_part(body(0), headers) } else { later(request) }
    });
    (server, log)
}

/// Fetches the file, and waits until all that the server sends was received.
fn start(home: &Home, link: &str, more: &[&str]) -> Running {
    let args = ["run", link, "-o", "out", "--memory", "64MB", "--json"];
    let mut running = home.start(&[&args[..], more].concat());
    running.until(|event| event["event"] == "progress" && event["bytes_in"].as_u64() == Some(PART as u64));
    running
}

/// The names of saved parts and their notes.
fn leftovers(home: &Home) -> Vec<String> {
    home.files("out").into_iter().filter(|name| name.starts_with(".pixloom-")).collect()
}

/// The part itself.
fn part_of(home: &Home) -> PathBuf {
    let parts: Vec<_> = leftovers(home).into_iter().filter(|name| name.contains("-fetch-")).collect();
    let [note, part] = parts.as_slice() else { panic!("a part and its note: {parts:?}") };
    assert!(note.ends_with(".note.part"), "{parts:?}");
    home.path("out").join(part)
}

/// Resumes the job; the result must be this version, and nothing else may be left.
#[track_caller]
fn resume(home: &Home, version: usize) {
    home.run(&["resume", "1"]).expect(0);
    assert!(fs::read(home.path("out/large.bin")).unwrap() == body(version), "not the bytes of version {version}");
    assert_eq!(home.files("out").len(), 1, "{:?}", home.files("out"));
}

/// Whether a range begins where the kept part ends.
fn is_of_part(range: Option<usize>) -> bool {
    range.is_some_and(|from| (PART - PENDING..=PART).contains(&from))
}

#[test]
fn a_killed_or_interrupted_transfer_continues_where_it_stopped() {
    for is_killed in [true, false] {
        let home = Home::new();
        let (server, log) = stalling_server(&[("ETag", "\"1\"")], |request| {
            assert_eq!(request.headers.get("if-range").map(String::as_str), Some("\"1\""));
            rest(body(0), range_of(request).unwrap(), "\"1\"")
        });
        let running = start(&home, &server.url("/large.bin"), &[]);
        if is_killed {
            running.kill();
        } else {
            running.interrupt();
            running.wait().expect(130);
        }
        assert!(!home.path("out/large.bin").exists());
        assert!(part_of(&home).exists(), "{:?}", leftovers(&home));
        resume(&home, 0);
        let ranges = log.ranges();
        assert!(ranges.len() == 2 && ranges[0].is_none() && is_of_part(ranges[1]), "{ranges:?}");
        assert!(server.sent_bytes() <= WHOLE + PENDING, "{} bytes were sent", server.sent_bytes());
        let item = home.run(&["export", "1", "--format", "jsonl"]).expect(0).events().pop().unwrap();
        assert_eq!((item["bytes_in"].as_u64(), item["state"].as_str()), (Some(WHOLE as u64), Some("done")));
    }
}

#[test]
fn a_transfer_that_is_killed_again_and_again_still_adds_up() {
    const STEP: usize = 3 * MIB / 2;
    // What may be lost with each kill.
    const UNWRITTEN: usize = MIB / 4;
    let home = Home::new();
    let log = Log::default();
    let noted = log.clone();
    let server = Server::start(move |request| {
        let bytes = body(0);
        let from = range_of(request).unwrap_or(0);
        let end = if request.hit > 6 { WHOLE } else { from + STEP };
        let range = format!("bytes {from}-{}/{WHOLE}", WHOLE - 1);
        let answer = if from == 0 { status(200) } else { status(206).header("Content-Range", &range) };
        let answer = answer.body(&bytes[from..end]).header("ETag", "\"1\"");
        noted.note(request);
        if end == WHOLE { answer } else { answer.short_by((WHOLE - end) as u64).stalls_after_body() }
    });
    let link = server.url("/large.bin");
    let mut running = home.start(&["run", &link, "-o", "out", "--memory", "64MB", "--json"]);
    let has = |event: &Value, bytes: usize| event["bytes_in"].as_u64() >= Some(bytes as u64);
    running.until(|event| has(event, STEP));
    let mut end = STEP;
    // More often than an item that crashes the program may do so.
    for _ in 0..5 {
        running.kill();
        running = home.start(&["resume", "1", "--json"]);
        running.until(|event| has(event, end + STEP - UNWRITTEN));
        end = log.ranges().last().copied().flatten().unwrap() + STEP;
    }
    running.kill();
    resume(&home, 0);
    let ranges: Vec<_> = log.ranges().into_iter().map(Option::unwrap_or_default).collect();
    let sent = server.sent_bytes();
    assert!(ranges.is_sorted() && ranges.len() >= 7 && sent < 2 * WHOLE, "{ranges:?}, {sent} bytes were sent");
}

#[test]
fn a_file_that_changed_meanwhile_or_a_server_without_ranges_starts_again() {
    type Later = fn(&Request) -> Answer;
    let cases: [(&str, Later, usize, usize); 5] = [
        ("another version", |_| ok(body(1), "application/octet-stream").header("ETag", "\"2\""), 1, 2),
        ("no ranges", |_| ok(body(0), "application/octet-stream").header("ETag", "\"1\""), 0, 2),
        (
            "no such range",
            |request| match range_of(request) {
                Some(_) => status(416).header("Content-Range", "bytes */3").header("ETag", "\"2\""),
                None => ok(body(1), "application/octet-stream").header("ETag", "\"2\""),
            },
            1,
            3,
        ),
        (
            "a range of another version",
            |request| match range_of(request) {
                Some(from) => rest(body(1), from, "\"2\""),
                None => ok(body(1), "application/octet-stream").header("ETag", "\"2\""),
            },
            1,
            3,
        ),
        (
            "another range",
            |request| match range_of(request) {
                Some(from) => rest(body(1), from + 1, "\"1\""),
                None => ok(body(0), "application/octet-stream").header("ETag", "\"1\""),
            },
            0,
            3,
        ),
    ];
    for (name, later, version, requests) in cases {
        let home = Home::new();
        let (server, log) = stalling_server(&[("ETag", "\"1\"")], later);
        start(&home, &server.url("/large.bin"), &[]).kill();
        resume(&home, version);
        let ranges = log.ranges();
        assert!(ranges.len() == requests && is_of_part(ranges[1]), "{name}: {ranges:?}");
    }
}

#[test]
fn nothing_is_kept_without_a_strong_validator_or_of_a_decoded_body() {
    let cases: [&'static [(&'static str, &'static str)]; 4] = [
        &[],
        &[("ETag", "W/\"1\"")],
        &[("ETag", "\"1\""), ("Accept-Ranges", "none")],
        &[("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT"), ("Date", "Sun, 06 Nov 1994 08:49:38 GMT")],
    ];
    for headers in cases {
        let home = Home::new();
        let (server, log) = stalling_server(headers, |_| ok(body(0), "application/octet-stream"));
        let running = start(&home, &server.url("/large.bin"), &[]);
        running.interrupt();
        running.wait().expect(130);
        assert_eq!(leftovers(&home), Vec::<String>::new(), "{headers:?}");
        resume(&home, 0);
        assert_eq!(log.ranges(), [None, None], "{headers:?}");
    }
    // The ETag is of the compressed bytes, which are not kept. Stored blocks, so that the bytes arrive as they are sent.
    let home = Home::new();
    let mut packed = Vec::new();
    let mut encoder = flate2::write::GzEncoder::new(&mut packed, flate2::Compression::none());
    std::io::Write::write_all(&mut encoder, body(0)).unwrap();
    encoder.finish().unwrap();
    let server = Server::start(move |request| {
        assert!(range_of(request).is_none());
        let answer = |bytes: &[u8]| ok(bytes, "text/plain").header("Content-Encoding", "gzip").header("ETag", "\"1\"");
        if request.hit > 1 {
            return answer(&packed);
        }
        answer(&packed[..PART]).short_by((packed.len() - PART) as u64).stalls_after_body()
    });
    let mut running = home.start(&["run", &server.url("/large.bin"), "-o", "out", "--memory", "64MB", "--json"]);
    running.until(|event| event["bytes_in"].as_u64() > Some(PART as u64 - (1 << 20)));
    running.interrupt();
    running.wait().expect(130);
    assert_eq!(leftovers(&home), Vec::<String>::new());
    resume(&home, 0);
}

#[cfg(unix)]
#[test]
fn a_torn_or_foreign_part_is_never_used() {
    type Damage = fn(&Home);
    let damages: [(&str, Damage); 6] = [
        ("a changed byte", |home| {
            let path = part_of(home);
            let mut bytes = fs::read(&path).unwrap();
            bytes[5 * MIB] ^= 1;
            fs::write(&path, bytes).unwrap();
        }),
        ("a part that is too short", |home| {
            let file = fs::OpenOptions::new().write(true).open(part_of(home)).unwrap();
            file.set_len((PART - 2 * PENDING) as u64).unwrap();
        }),
        ("a torn note", |home| {
            let note = part_of(home).with_extension("note.part");
            let text = fs::read_to_string(&note).unwrap();
            fs::write(&note, &text[..text.len() / 2]).unwrap();
        }),
        ("no note", |home| fs::remove_file(part_of(home).with_extension("note.part")).unwrap()),
        ("a part that others may write to", |home| {
            let mut permissions = fs::metadata(part_of(home)).unwrap().permissions();
            std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o666);
            fs::set_permissions(part_of(home), permissions).unwrap();
        }),
        ("a link to another file", |home| {
            let path = part_of(home);
            fs::rename(&path, home.path("elsewhere")).unwrap();
            std::os::unix::fs::symlink(home.path("elsewhere"), path).unwrap();
        }),
    ];
    for (name, damage) in damages {
        let home = Home::new();
        let (server, log) = stalling_server(&[("ETag", "\"1\"")], |request| {
            assert!(range_of(request).is_none(), "the part was used");
            ok(body(0), "application/octet-stream").header("ETag", "\"1\"")
        });
        start(&home, &server.url("/large.bin"), &[]).kill();
        damage(&home);
        home.run(&["resume", "1"]).expect(0);
        assert!(fs::read(home.path("out/large.bin")).unwrap() == body(0), "{name}");
        assert_eq!(log.ranges(), [None, None], "{name}");
        let files: Vec<_> = home.files("out").into_iter().filter(|file| !file.starts_with(".pixloom")).collect();
        assert_eq!(files, ["large.bin"], "{name}");
    }
}

#[test]
fn bytes_after_the_note_are_cut_off() {
    let home = Home::new();
    let (server, log) =
        stalling_server(&[("ETag", "\"1\"")], |request| rest(body(0), range_of(request).unwrap(), "\"1\""));
    start(&home, &server.url("/large.bin"), &[]).kill();
    let mut file = fs::OpenOptions::new().append(true).open(part_of(&home)).unwrap();
    std::io::Write::write_all(&mut file, &vec![0; 100_000]).unwrap();
    resume(&home, 0);
    assert!(is_of_part(log.ranges()[1]), "{:?}", log.ranges());
}

#[test]
fn the_same_command_continues_too_and_a_link_may_be_signed_again() {
    let home = Home::new();
    let log = Log::default();
    let noted = log.clone();
    let server = Server::start(move |request| {
        if request.path == "/large.bin" {
            return redirect(&format!("/files/1?name=large.bin&X-Signature=s{}", request.hit));
        }
        noted.note(request);
        match range_of(request) {
            None => first_part(body(0), &[("ETag", "\"1\"")]),
            Some(from) => rest(body(0), from, "\"1\""),
        }
    });
    start(&home, &server.url("/large.bin"), &["--name", "large"]).kill();
    home.run(&["run", &server.url("/large.bin"), "-o", "out", "--name", "large"]).expect(0);
    let names = home.files("out");
    assert_eq!(names.len(), 1, "{names:?}");
    assert!(fs::read(home.path("out").join(names.first().unwrap())).unwrap() == body(0));
    let ranges = log.ranges();
    assert!(ranges.len() == 2 && is_of_part(ranges[1]), "{ranges:?}");
}

#[test]
fn a_part_is_removed_with_its_job_and_is_never_a_result() {
    let home = Home::new();
    // The file is gone when the job is resumed.
    let (server, log) = stalling_server(&[("ETag", "\"1\"")], |_| status(404));
    start(&home, &server.url("/large.bin"), &[]).kill();
    assert!(part_of(&home).exists());
    // Another job in the same folder leaves the part alone and does not count it.
    home.file("a.txt", "a");
    home.run(&["run", "a.txt", "-o", "out", "--json=items"]).expect(0);
    home.run(&["run", "-R", "out", "--all-files", "-o", "copies"]).expect(0);
    assert_eq!(home.files("copies").into_iter().collect::<Vec<_>>(), ["a.txt"]);
    assert!(part_of(&home).exists());
    home.run(&["resume", "1"]).expect(1);
    assert_eq!(log.ranges().len(), 2);
    assert_eq!(home.files("out").into_iter().collect::<Vec<_>>(), ["a.txt"]);
}

#[test]
fn bytes_and_share_move_while_a_file_is_received() {
    const PIECE: usize = MIB;
    let home = Home::new();
    // Every answer ends early, and the rest is requested.
    let server = Server::start(move |request| {
        let from = range_of(request).unwrap_or(0);
        let end = (from + PIECE).min(WHOLE);
        let range = format!("bytes {from}-{}/{WHOLE}", WHOLE - 1);
        let answer = if from == 0 { status(200) } else { status(206).header("Content-Range", &range) };
        let answer = answer.body(&body(0)[from..end]).header("ETag", "\"1\"");
        if end == WHOLE { answer } else { answer.short_by((WHOLE - end) as u64) }
    });
    let output = home.run(&["run", &server.url("/large.bin"), "-o", "out", "--json"]).expect(0);
    let sizes: Vec<u64> = output.events_of("progress").iter().filter_map(|event| event["bytes_in"].as_u64()).collect();
    assert!(sizes.is_sorted() && sizes.last() == Some(&(WHOLE as u64)), "{sizes:?}");
    let moving = sizes.iter().filter(|size| (1..WHOLE as u64).contains(size)).count();
    assert!(moving >= 2, "{sizes:?}");
}

#[test]
fn max_bytes_limits_files_from_links_but_not_lists_and_can_be_set_elsewhere() {
    let server = Server::start(|request| match request.path.as_str() {
        "/small.txt" => ok(vec![b'x'; 1000], "text/plain"),
        "/large.txt" => ok(vec![b'x'; 1001], "text/plain"),
        "/chunked.txt" => ok(vec![b'x'; 5000], "text/plain").chunked(),
        _ => status(404),
    });
    let list: String = ["/small.txt", "/large.txt", "/chunked.txt"].map(|path| server.url(path) + "\n").concat();
    let check = |home: &Home, args: &[&str]| {
        home.file("list.txt", &list);
        let output = home.run(&[&["run", "--urls", "list.txt", "-o", "out"][..], args].concat()).expect(1);
        assert_eq!(home.files("out").into_iter().collect::<Vec<_>>(), ["small.txt"]);
        let says = |path: &str| output.err.lines().any(|line| line.contains(path) && line.contains("--max-bytes"));
        assert!(says("/large.txt") && says("/chunked.txt"), "{output:?}");
    };
    check(&Home::new(), &["--max-bytes", "1000"]);
    check(&Home::new().with_variable("PIXLOOM_MAX_BYTES", "1KB"), &[]);
    let home = Home::new();
    home.file("config/pixloom/settings.toml", "[run]\nmax-bytes = 1000\n");
    check(&home, &[]);
    // A list is no item. (Its links to this machine are refused.)
    let padded = format!("{list}{}", "# a comment\n".repeat(200));
    let lists = Server::start(move |_| ok(padded.clone(), "text/plain"));
    let args = ["run", "--urls", &lists.url("/list.txt"), "-o", "out", "--max-bytes", "1000", "--json"];
    let end = Home::new().run(&args).expect(1).events().pop().unwrap();
    assert_eq!(end["failed"], 3, "{end}");
    for wrong in ["0", "many", "1.5XB"] {
        let output = Home::new().run(&["run", "x.png", "--max-bytes", wrong]).expect(2);
        assert!(output.err.contains("--max-bytes") && output.err.contains("500M or 4G"), "{output:?}");
    }
}

#[test]
fn a_file_that_does_not_fit_on_the_disk_fails_alone_and_before_it_is_received() {
    let home = Home::new();
    let server = Server::start(|request| match request.path.as_str() {
        "/huge.bin" => ok(vec![0; 2 * MIB], "application/octet-stream").short_by(1 << 60),
        _ => ok("small", "text/plain"),
    });
    let list = ["/huge.bin", "/small.txt"].map(|path| server.url(path) + "\n").concat();
    home.file("list.txt", list);
    let output = home.run(&["run", "--urls", "list.txt", "-o", "out", "--memory", "64MB"]).expect(1);
    assert!(output.err.contains("huge.bin") && output.err.contains("are free on the disk"), "{output:?}");
    assert_eq!(home.files("out").into_iter().collect::<Vec<_>>(), ["small.txt"]);
    assert_eq!(server.hits("/huge.bin"), 1, "a retry at once would not help");
}
