//! What can be wrong with one item: it fails, typed and in plain words, and the rest is done.

use std::net::TcpListener;

use pixloom::engine::Command;
use pixloom::error::{ErrorKind, ItemError};
use pixloom::model::{FailureFilter, FormatChoice, ItemState, JobState};

use super::desk::{Desk, file, long_edge, png, sample, save_as, url};
use crate::util::server::{Server, ok, redirect, status};

/// A PNG whose header is right and claims so many pixels, with nothing behind it.
fn png_header(width_px: u32, height_px: u32) -> Vec<u8> {
    let mut bytes = png(1, 1, 0);
    bytes[16..20].copy_from_slice(&width_px.to_be_bytes());
    bytes[20..24].copy_from_slice(&height_px.to_be_bytes());
    let mut crc = !0_u32;
    for byte in &bytes[12..29] {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
        }
    }
    bytes[29..33].copy_from_slice(&(!crc).to_be_bytes());
    bytes
}

/// Each of these fails with one of these kinds and a sentence that names it and holds the words; everything else is done.
fn check(desk: &Desk, spec: pixloom::model::JobSpec, wrong: &[(&str, &[ErrorKind], &str)], right: usize) {
    let rows = desk.run(spec);
    for (name, kinds, words) in wrong {
        let row = rows.iter().find(|row| row.locator.to_text().ends_with(name)).unwrap_or_else(|| panic!("{name}"));
        let error = row.error.clone().unwrap_or_else(|| panic!("{name} did not fail: {row:?}"));
        assert_eq!((row.state, &row.output), (ItemState::Failed, &None), "{name}");
        assert!(kinds.contains(&error.kind), "{name}: {error:?}");
        let sentence = error.to_string();
        assert!(sentence.contains(name) && sentence.contains(words) && sentence.ends_with('.'), "{name}: {sentence}");
        assert_eq!((row.bytes_out, row.width_px, &row.output_hash), (0, None, &None), "{row:?}");
    }
    let done = rows.iter().filter(|row| row.state == ItemState::Done).count();
    assert_eq!((done, rows.len()), (right, right + wrong.len()), "{rows:#?}");
    let names = desk.output_names();
    assert_eq!(names.len(), right, "{names:?}");
    assert!(!names.iter().any(|name| name.contains(".part") || name.starts_with('.')), "{names:?}");
    let job = desk.row_of(rows[0].id.job);
    assert_eq!((job.state, job.done, job.failed), (JobState::Done, right as u64, wrong.len() as u64));
}

#[test]
fn a_file_that_can_not_be_used_fails_alone_with_its_kind_and_a_message() {
    let desk = Desk::command_line();
    let photo = sample("dunes-at-dusk.jpg");
    let mut scrambled = png(30, 30, 1);
    let middle = scrambled.len() / 2;
    scrambled[middle..middle + 20].fill(0xff);
    let sources = vec![
        file(&desk.put("first.png", png(30, 30, 1))),
        file(&desk.path("in/missing.jpg")),
        file(&desk.path("in")),
        file(&desk.put("empty.jpg", b"")),
        file(&desk.put("letter.jpg", b"Dear Sir or Madam, this is no picture at all.")),
        file(&desk.put("truncated.jpg", &photo[..photo.len() / 2])),
        file(&desk.put("stub.jpg", &photo[..40])),
        file(&desk.put("huge.png", png_header(100_000, 100_000))),
        file(&desk.put("scrambled.png", scrambled)),
        file(&desk.put("last.jpg", photo)),
    ];
    let wrong: [(&str, &[ErrorKind], &str); 8] = [
        ("missing.jpg", &[ErrorKind::NotFound], "no such file"),
        ("/in", &[ErrorKind::Unsupported, ErrorKind::NotAPicture], "folder"),
        ("empty.jpg", &[ErrorKind::Empty], "0 bytes"),
        ("letter.jpg", &[ErrorKind::NotAPicture], "Original untouched"),
        ("truncated.jpg", &[ErrorKind::Truncated], "ends early"),
        ("stub.jpg", &[ErrorKind::Truncated, ErrorKind::Corrupt], "Original untouched"),
        ("huge.png", &[ErrorKind::TooLarge], "larger than the limit"),
        ("scrambled.png", &[ErrorKind::Corrupt, ErrorKind::Truncated], "Original untouched"),
    ];
    check(&desk, desk.job(sources, vec![long_edge(24)], save_as("webp")), &wrong, 2);
}

#[test]
fn a_link_that_can_not_be_used_fails_alone_with_its_kind_and_a_message() {
    let desk = Desk::command_line();
    let picture = png(20, 20, 1);
    let server = Server::start(move |request| match request.path.as_str() {
        "/good.png" => ok(picture.clone(), "image/png"),
        "/gone.png" => status(404),
        "/short.png" => ok(picture.clone(), "image/png").short_by(100),
        "/page.png" => ok("<html>log in, please</html>", "text/html"),
        "/void.png" => ok("", "image/png"),
        other => redirect(other),
    });
    // Nobody listens where somebody just did.
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut sources: Vec<_> = ["/good.png", "/gone.png", "/short.png", "/page.png", "/void.png", "/loop.png"]
        .into_iter()
        .map(|path| url(server.url(path)))
        .collect();
    sources.push(url(format!("http://{closed}/dead.png")));
    sources.push(url("http://:0:1/nonsense.png".to_owned()));
    sources.push(file(&desk.put("file.png", png(20, 20, 2))));
    let wrong: [(&str, &[ErrorKind], &str); 7] = [
        ("/gone.png", &[ErrorKind::HttpStatus], "404"),
        ("/short.png", &[ErrorKind::ShortBody], "ended early"),
        ("/page.png", &[ErrorKind::NotAPicture], "not an image"),
        ("/void.png", &[ErrorKind::Empty], "0 bytes"),
        ("/loop.png", &[ErrorKind::Redirect], "redirects"),
        ("/dead.png", &[ErrorKind::Connect], "no connection"),
        ("/nonsense.png", &[ErrorKind::BadUrl], "not a valid link"),
    ];
    check(&desk, desk.job(sources, vec![long_edge(10)], save_as("png")), &wrong, 2);
    let reader = desk.reader();
    let job = pixloom::model::JobId(1);
    let gone = reader.after(job, 1, 1).unwrap().remove(0);
    assert_eq!((gone.http_status, server.hits("/gone.png")), (Some(404), 1), "a 404 is not asked for again");
    assert!(server.hits("/short.png") > 1, "a transfer that broke off is tried again");
    let told = reader.failures_after(job, 0, 100).unwrap();
    assert_eq!(told.len(), 7);
    assert!(told.windows(2).all(|pair| pair[0].number < pair[1].number));
}

#[test]
fn failures_are_counted_by_kind_and_a_retry_succeeds_once_their_cause_is_fixed() {
    let desk = Desk::window();
    let missing = desk.path("in/late.png");
    let sources = vec![
        file(&missing),
        file(&desk.put("a.png", png(20, 20, 1))),
        file(&desk.put("letter.png", b"no picture")),
        file(&desk.put("note.png", b"no picture")),
    ];
    let job = desk.submit(desk.job(sources, vec![long_edge(10)], FormatChoice::Keep));
    desk.wait_end(job);
    let wanted = [(ErrorKind::NotAPicture, 2), (ErrorKind::NotFound, 1)];
    desk.wait("the failures are shown", |snapshot| snapshot.current.as_ref().unwrap().failures.as_ref() == wanted);
    desk.put("late.png", png(20, 20, 2));
    desk.put("note.png", png(20, 20, 3));
    let done = |n| {
        move |snapshot: &pixloom::engine::Snapshot| {
            let view = snapshot.current.as_ref().unwrap();
            view.state == JobState::Done && view.progress.done == n
        }
    };
    // One kind.
    desk.send(Command::Retry { job, failures: FailureFilter::kind(ErrorKind::NotFound), items: None });
    desk.wait("the late one is done", done(2));
    assert_eq!(desk.rows(job)[3].state, ItemState::Failed, "the others were left alone");
    // One item.
    desk.send(Command::Retry { job, failures: FailureFilter::ALL, items: Some(vec![4]) });
    desk.wait("the mended one is done", done(3));
    // The last one is given up.
    desk.send(Command::Skip { job, items: vec![3] });
    desk.wait("it is skipped", |snapshot| snapshot.current.as_ref().unwrap().progress.skipped == 1);
    let states: Vec<_> = desk.rows(job).iter().map(|row| row.state).collect();
    assert_eq!(states, [ItemState::Done, ItemState::Done, ItemState::Skipped, ItemState::Done]);
    assert_eq!(desk.output_names(), ["a.png", "late.png", "note.png"]);
    assert_eq!(desk.rows(job)[0].error, None::<ItemError>);
}
