//! Links, fetched from a server on this machine.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use pixloom::engine::Command;
use pixloom::model::{Edge, FormatChoice, ItemRow, ItemState, JobId, Limits};
use pixloom::source;

use super::desk::{Desk, file, long_edge, output_of, png, read_png, save_as, sha256, url};
use crate::util::server::{Behaviour, Server, ok, redirect, status};

#[test]
fn links_without_a_recipe_are_fetched_exactly_and_named_by_their_content() {
    let desk = Desk::command_line();
    let picture = png(33, 22, 1);
    let bytes = picture.clone();
    let server = Server::start(move |request| match request.path.as_str() {
        "/a/photo.png?size=2" => ok(bytes.clone(), "image/png").header("ETag", "\"x\""),
        "/download" => {
            ok("a,b\n1,2\n", "text/csv").header("Content-Disposition", "attachment; filename=\"list; of things.csv\"")
        }
        "/disguised" => ok("x", "text/plain").header("Content-Disposition", "attachment; filename=\"../../evil.txt\""),
        "/" => ok(bytes.clone(), "application/octet-stream"),
        "/moved" => redirect("/a/photo.png?size=2"),
        "/%ED%95%9C.json" => ok("{}", "application/json"),
        _ => ok("", "text/plain"),
    });
    let paths = ["/a/photo.png?size=2", "/download", "/disguised", "/", "/moved", "/%ED%95%9C.json", "/empty.txt"];
    let rows = desk.run(desk.copies(paths.iter().map(|path| url(server.url(path))).collect()));
    let outputs: Vec<String> =
        rows.iter().map(|row| output_of(row).strip_prefix(desk.out()).unwrap().to_str().unwrap().to_owned()).collect();
    // The redirect leads to the same name: whichever came first has it.
    assert!(["photo.png", "photo (1).png"].contains(&outputs[0].as_str()), "{outputs:?}");
    assert_eq!(outputs[1], "list; of things.csv");
    assert!(outputs[2].ends_with("evil.txt") && !outputs[2].contains('/'), "{}", outputs[2]);
    assert_eq!(outputs[3], "00004.png", "no usable name: its number, and the extension of what came");
    assert_eq!((outputs[5].as_str(), outputs[6].as_str()), ("한.json", "empty.txt"));
    for (row, (path, bytes)) in rows.iter().zip([
        ("/a/photo.png?size=2", picture.as_slice()),
        ("/download", b"a,b\n1,2\n"),
        ("/disguised", b"x"),
        ("/", &picture),
        ("/moved", &picture),
        ("/%ED%95%9C.json", b"{}"),
        ("/empty.txt", b""),
    ]) {
        assert_eq!(fs::read(output_of(row)).unwrap(), bytes, "{path}");
        assert_eq!((row.state, row.http_status, row.bytes_in), (ItemState::Done, Some(200), bytes.len() as u64));
        assert_eq!(row.hash.as_deref(), Some(sha256(bytes).as_str()), "{path}");
        assert_eq!(row.output_hash, row.hash, "{path}");
    }
    assert_eq!(rows[1].content_type.as_deref(), Some("text/csv"));
    assert_eq!(desk.outputs().len(), rows.len());
}

#[test]
fn fetched_images_and_files_go_through_the_recipe_in_one_job() {
    let desk = Desk::command_line();
    let server = Server::start(|request| ok(png(60, 40, request.path.len() as u32), "image/png"));
    let local = desk.put("local.png", png(60, 40, 9));
    let mut list = String::from("# pictures\n\n");
    for n in 0..20 {
        let _ = writeln!(list, "{}", server.url(&format!("/p{n}.png")));
    }
    let list_path = desk.path("list.txt");
    fs::write(&list_path, list).unwrap();
    let sources = vec![file(&local), source::url_list(list_path), url(server.url("/single.png"))];
    let rows = desk.run(desk.job(sources, vec![long_edge(30)], save_as("png")));
    assert_eq!(rows.len(), 22);
    for row in &rows {
        let output = fs::read(output_of(row)).unwrap();
        let (width_px, height_px, _) = read_png(&output);
        assert_eq!((width_px, height_px), (30, 20), "{row:?}");
        assert_eq!((row.width_px, row.height_px), (Some(30), Some(20)));
        assert_eq!(row.http_status, row.locator.path().is_none().then_some(200));
    }
    assert_eq!(output_of(&rows[21]), desk.out().join("single.png"));
    desk.check_all_done_once(rows[0].id.job, 22);
}

#[test]
fn one_host_gets_no_more_connections_than_allowed() {
    let desk = Desk::command_line();
    let server = Server::start(|_| ok("x", "text/plain").delay(std::time::Duration::from_millis(10)));
    let sources = (0..40).map(|n| url(server.url(&format!("/{n}.txt")))).collect();
    let mut spec = desk.copies(sources);
    spec.limits = Limits { connections: 16, per_host: 3, ..spec.limits };
    let job = desk.submit(spec);
    desk.wait_end(job);
    desk.check_all_done_once(job, 40);
    assert!((2..=3).contains(&server.most_busy()), "{}", server.most_busy());
}

#[test]
fn a_body_too_large_for_memory_is_copied_whole_and_leaves_nothing_behind() {
    let desk = Desk::command_line();
    let body: Vec<u8> = (0..10_000_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let sent = body.clone();
    let server = Server::start(move |_| ok(sent.clone(), "application/octet-stream"));
    let rows = desk.run(desk.copies(vec![url(server.url("/large.bin"))]));
    assert_eq!(rows[0].hash.as_deref(), Some(sha256(&body).as_str()));
    assert_eq!(desk.outputs(), BTreeMap::from([("large.bin".to_owned(), body)]));
}

#[test]
fn a_job_waits_for_a_lost_network_instead_of_failing() {
    const BEFORE: usize = 8;
    let desk = Desk::window();
    let (asked, is_back) = (AtomicUsize::new(0), Arc::new(AtomicBool::new(false)));
    let back = Arc::clone(&is_back);
    // The first ones are answered, so that the network was there; then it goes while others wait for their answers.
    let mut server = Server::start(move |request| {
        if back.load(Ordering::SeqCst) || asked.fetch_add(1, Ordering::SeqCst) < BEFORE {
            Behaviour::from(ok(format!("body of {}", request.path), "text/plain"))
        } else {
            Behaviour::Stall
        }
    });
    let sources = (0..30).map(|n| url(server.url(&format!("/{n}.txt")))).collect();
    let mut spec = desk.copies(sources);
    spec.limits = Limits { connections: 4, per_host: 4, network_gone_s: Some(1), ..spec.limits };
    let job = desk.submit(spec);
    desk.wait("the first ones are done", |_| desk.row_of(job).done == BEFORE as u64);
    server.stop();
    desk.wait("the network counts as gone", |snapshot| snapshot.current.as_ref().unwrap().network_gone);
    let row = desk.row_of(job);
    assert_eq!((row.done, row.failed), (BEFORE as u64, 0), "nobody failed for it");
    is_back.store(true, Ordering::SeqCst);
    server.restart();
    desk.wait_end(job);
    let edges: Vec<_> = desk.snapshot().events.iter().map(|event| event.edge.clone()).collect();
    assert!(edges.contains(&Edge::NetworkGone) && edges.contains(&Edge::NetworkBack), "{edges:?}");
    assert!(!desk.current().network_gone);
    desk.check_all_done_once(job, 30);
}

/// What `extra` tells of an item.
fn extra(desk: &Desk, job: JobId, seq: u64) -> serde_json::Value {
    let at = pixloom::catalog::RECORD_COLUMNS.iter().position(|column| *column == "extra").unwrap();
    let rows = pixloom::catalog::RecordRows::Items;
    let record = desk.reader().records(job, rows, seq - 1, 1).unwrap().remove(0).remove(at);
    match record {
        pixloom::catalog::Field::Text(text) => serde_json::from_str(&text).unwrap(),
        _ => serde_json::Value::Null,
    }
}

#[test]
fn a_repeated_link_is_not_downloaded_again_while_it_is_unchanged_and_its_result_exists() {
    let desk = Desk::command_line();
    let (bodies, version) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(1)));
    let (served, current) = (Arc::clone(&bodies), Arc::clone(&version));
    let server = Server::start(move |request| {
        let changes = request.path == "/p7.png";
        let version = if changes { current.load(Ordering::SeqCst) } else { 1 };
        let etag = format!("\"{version}\"");
        if request.headers.get("if-none-match") == Some(&etag) {
            return status(304).header("ETag", &etag);
        }
        served.fetch_add(1, Ordering::SeqCst);
        ok(png(40, 30, (request.path.len() + version) as u32), "image/png").header("ETag", &etag)
    });
    let list = desk.path("list.txt");
    let write = |names: &[String]| {
        fs::write(&list, names.iter().fold(String::new(), |text, name| text + &server.url(name) + "\n")).unwrap();
    };
    let names: Vec<String> = (0..20).map(|n| format!("/p{n}.png")).collect();
    write(&names);
    let spec = || desk.job(vec![source::url_list(list.clone())], vec![long_edge(20)], save_as("png"));
    let count = |rows: &[ItemRow], state| rows.iter().filter(|row| row.state == state).count();
    let first = desk.run(spec());
    assert_eq!((count(&first, ItemState::Done), bodies.swap(0, Ordering::SeqCst)), (20, 20));
    assert!(extra(&desk, first[0].id.job, 1)["timings"]["wait_ms"].is_u64());
    // A line more at the top, one less further down, one whose content changed, and one whose result is gone.
    let mut again = names.clone();
    again.remove(12);
    again.insert(0, "/new.png".to_owned());
    write(&again);
    version.store(2, Ordering::SeqCst);
    fs::remove_file(output_of(&first[3])).unwrap();
    let second = desk.run(spec());
    assert_eq!((count(&second, ItemState::Done), count(&second, ItemState::Skipped)), (3, 17));
    assert_eq!(bodies.swap(0, Ordering::SeqCst), 3);
    let skipped = second.iter().find(|row| row.state == ItemState::Skipped).unwrap();
    assert_eq!((skipped.http_status, skipped.bytes_in), (Some(304), first[0].bytes_in));
    let received: u64 = second.iter().filter(|row| row.state == ItemState::Done).map(|row| row.bytes_in).sum();
    assert_eq!(desk.row_of(skipped.id.job).bytes_in, received, "only what was received counts");
    let transfer = &extra(&desk, skipped.id.job, skipped.id.seq)["transfer"];
    assert_eq!(transfer["unchanged"], serde_json::json!([first[0].id.job.0, 1]));
    // What was unchanged then is asked after through the job that made it.
    let third = desk.run(spec());
    assert_eq!((count(&third, ItemState::Skipped), bodies.swap(0, Ordering::SeqCst)), (20, 0));
    assert_eq!(desk.outputs().len(), 22, "20, the new one, and the changed one beside the old");
    // Another recipe makes something else.
    let other = desk.run(desk.job(vec![source::url_list(list.clone())], vec![long_edge(10)], save_as("png")));
    assert_eq!((count(&other, ItemState::Done), bodies.load(Ordering::SeqCst)), (20, 20));
}

#[test]
fn a_response_that_only_claims_to_be_an_image_fails_and_an_image_gets_the_extension_of_its_format() {
    let desk = Desk::command_line();
    let (picture, page) = (png(20, 10, 1), "<!DOCTYPE html><html><body>Gone</body></html>");
    let served = picture.clone();
    let server = Server::start(move |request| match request.path.as_str() {
        "/wrong.jpg" => ok(served.clone(), "image/jpeg"),
        "/page.jpg" => ok(page, "image/jpeg"),
        "/void.jpg" => ok("", "image/jpeg"),
        _ => ok(page, "text/html"),
    });
    let sources: Vec<_> =
        ["/wrong.jpg", "/page.jpg", "/void.jpg", "/honest.html"].iter().map(|path| url(server.url(path))).collect();
    let rows = desk.run(desk.copies(sources.clone()));
    assert_eq!(desk.output_names(), ["honest.html", "wrong.png"]);
    assert_eq!(fs::read(output_of(&rows[0])).unwrap(), picture);
    let why = |row: &ItemRow| row.error.as_ref().map(ToString::to_string).unwrap_or_default();
    assert!(why(&rows[1]).contains("it looks like HTML, though the server calls it image/jpeg"), "{}", why(&rows[1]));
    assert!(why(&rows[2]).contains("0 bytes"), "{}", why(&rows[2]));
    let rows = desk.run(desk.job(sources, vec![long_edge(5)], FormatChoice::Keep));
    assert_eq!(rows.iter().filter(|row| row.state == ItemState::Failed).count(), 3);
    assert!(why(&rows[3]).contains("it looks like HTML"), "{}", why(&rows[3]));
}

#[test]
fn large_bodies_and_their_pixels_share_a_small_budget() {
    let desk = Desk::command_line();
    let picture = png(1_100, 800, 3);
    let body_bytes = picture.len();
    let goes_on = Arc::new(AtomicBool::new(false));
    let may_answer = Arc::clone(&goes_on);
    let server = Server::start(move |request| {
        while request.path.starts_with("/late") && !may_answer.load(Ordering::SeqCst) {
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        ok(picture.clone(), "image/png")
    });
    let name = |n: usize| if n.is_multiple_of(2) { format!("/late{n}.png") } else { format!("/{n}.png") };
    let sources = (0..60).map(|n| url(server.url(&name(n)))).collect();
    let mut spec = desk.job(sources, vec![long_edge(100)], save_as("png"));
    spec.limits = Limits { memory_bytes: Some(4 << 20), connections: 40, per_host: 40, ..spec.limits };
    let job = desk.submit(spec);
    // What came is done while the rest is still on its way.
    desk.wait("half are done", |_| desk.rows(job).iter().filter(|row| row.state == ItemState::Done).count() == 30);
    goes_on.store(true, Ordering::SeqCst);
    desk.wait_end(job);
    desk.check_all_done_once(job, 60);
    assert!(body_bytes > 64 << 10, "each body alone is more than its share: {body_bytes}");
    assert!(desk.output_names().iter().all(|name| !name.contains(".part")));
}

#[test]
fn parts_of_more_bodies_than_connections_are_kept_until_their_retries() {
    const LINKS: u64 = 24;
    let desk = Desk::command_line();
    let body = |path: &str| path.repeat(5_000).into_bytes();
    let wholes = Arc::new(AtomicUsize::new(0));
    let sent_whole = Arc::clone(&wholes);
    let server = Server::start(move |request| {
        let bytes = body(&request.path);
        let (half, rest) = bytes.split_at(bytes.len() / 2);
        let answer = if request.hit == 1 {
            ok(half, "text/plain").short_by(rest.len() as u64)
        } else if request.headers.contains_key("range") {
            let range = format!("bytes {}-{}/{}", half.len(), bytes.len() - 1, bytes.len());
            status(206).body(rest).header("Content-Range", &range)
        } else {
            sent_whole.fetch_add(1, Ordering::SeqCst);
            ok(bytes, "text/plain")
        };
        answer.header("ETag", "\"1\"")
    });
    let sources = (0..LINKS).map(|n| url(server.url(&format!("/{n}.txt")))).collect();
    let mut spec = desk.copies(sources);
    // Links that were never tried go first: all of them wait for a retry at the same time.
    spec.limits = Limits { connections: 2, per_host: 2, ..spec.limits };
    let job = desk.submit(spec);
    desk.wait_end(job);
    desk.check_all_done_once(job, LINKS as usize);
    assert!((0..LINKS).all(|n| fs::read(desk.out().join(format!("{n}.txt"))).unwrap() == body(&format!("/{n}.txt"))));
    assert_eq!(wholes.load(Ordering::SeqCst), 0, "what was received is not requested again");
}

#[test]
fn a_host_that_never_answers_does_not_delay_others() {
    const OF_EACH: usize = 300;
    let desk = Desk::command_line();
    let dead = Server::start(|_| Behaviour::Stall);
    let good = Server::start(|request| match request.path.as_str() {
        "/robots.txt" => status(404),
        path => ok(format!("body of {path}"), "text/plain"),
    });
    // The worst order: all of the dead ones first, and more of them than may be in hand.
    let mut list = String::new();
    for (server, name) in [(&dead, "dead"), (&good, "good")] {
        for n in 0..OF_EACH {
            let _ = writeln!(list, "{}", server.url(&format!("/{name}-{n}.txt")));
        }
    }
    let list_path = desk.path("list.txt");
    fs::write(&list_path, list).unwrap();
    let mut spec = desk.copies(vec![source::url_list(list_path)]);
    spec.limits = Limits { connections: 16, per_host: 4, ..spec.limits };
    let job = desk.submit(spec);
    desk.wait("the good ones are done", |_| desk.row_of(job).done == OF_EACH as u64);
    assert!(good.most_busy() <= 4 && dead.most_busy() <= 4, "{} {}", good.most_busy(), dead.most_busy());
    desk.send(Command::Cancel(job));
    desk.wait("it is cancelled", |snapshot| snapshot.events.iter().any(|event| event.edge == Edge::Cancelled));
    let rows = desk.rows(job);
    let of = |state| rows.iter().filter(|row| row.state == state).count();
    assert_eq!((of(ItemState::Done), of(ItemState::Failed)), (OF_EACH, 0));
    assert!(rows.iter().skip(OF_EACH).all(|row| row.state == ItemState::Done), "each in its place");
}

#[test]
fn links_that_made_room_for_others_are_all_fetched_once() {
    let desk = Desk::command_line();
    let answer = |request: &crate::util::server::Request| match request.path.as_str() {
        "/robots.txt" => status(404),
        path => ok(path.to_owned(), "text/plain"),
    };
    let servers: Vec<_> = (0..3).map(|_| Server::start(answer)).collect();
    let mut list = String::new();
    // One after the other, and then mixed.
    for n in 0..900 {
        let server = if n < 600 { n / 200 } else { n % 3 };
        let _ = writeln!(list, "{}", servers[server].url(&format!("/{n}.txt")));
    }
    let list_path = desk.path("list.txt");
    fs::write(&list_path, list).unwrap();
    let mut spec = desk.copies(vec![source::url_list(list_path)]);
    spec.limits = Limits { connections: 6, per_host: 2, ..spec.limits };
    let job = desk.submit(spec);
    desk.wait_end(job);
    desk.check_all_done_once(job, 900);
    for (n, row) in desk.rows(job).iter().enumerate() {
        assert_eq!(fs::read(output_of(row)).unwrap(), format!("/{n}.txt").into_bytes());
    }
}

#[test]
fn files_added_while_a_list_is_being_fetched_are_part_of_the_job() {
    let desk = Desk::window();
    let server = Server::start(|request| match request.path.as_str() {
        "/list.txt" => ok("https://127.0.0.1:1/never-asked-for.png\n", "text/plain"),
        _ => status(404),
    });
    server.hold();
    let job = desk.submit(desk.copies(vec![source::fetched_list(server.url("/list.txt"))]));
    let added: Vec<_> = (0..3).map(|n| desk.put(&format!("{n}.png"), png(9, 9, n))).collect();
    let number = desk.send(Command::Add(vec![source::files(added)]));
    desk.wait("the files are among the job's sources", |snapshot| {
        snapshot.commands_included >= number && desk.reader().sources(job).unwrap().len() == 2
    });
    server.release();
    desk.wait("everything has an outcome", |snapshot| {
        snapshot.events.iter().any(|event| event.job == Some(job) && event.edge == Edge::Finished)
    });
    let sources = desk.reader().sources(job).unwrap();
    assert!(sources.iter().all(|source| source.ended) && sources.len() == 2, "{sources:?}");
    assert!(source::hash_of_fetched_list(&sources[0].spec).is_some(), "the list's hash is recorded");
    let done = desk.rows(job).iter().filter(|row| row.state == ItemState::Done).count();
    assert_eq!((desk.rows(job).len(), done), (4, 3), "one link that fails, and three files");
}
