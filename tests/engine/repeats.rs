//! Rows that repeat a link: it is fetched once, and every row has a result of its own or that of an equal row.

use std::fmt::Write as _;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use pixloom::engine::Command;
use pixloom::error::ErrorKind;
use pixloom::model::{ItemRow, ItemState, JobSpec, SinkSpec, SkipReason, SourceSpec};
use pixloom::source;

use super::desk::{Desk, long_edge, output_of, png, save_as, sha256, url};
use crate::util::server::{Answer, Server, ok, redirect, status};

/// A server of images at every path except `/gone.png` (until it is there) and `/moved`, which leads to `/named`.
fn shop() -> (Server, Arc<AtomicBool>) {
    let is_there = Arc::new(AtomicBool::new(false));
    let may_answer = Arc::clone(&is_there);
    let server = Server::start(move |request| -> Answer {
        let image = || ok(png(40, 30, request.path.len() as u32), "image/png");
        match request.path.as_str() {
            "/gone.png" if !may_answer.load(Ordering::SeqCst) => status(404),
            "/moved" => redirect("/named"),
            "/named" => image().header("Content-Disposition", "attachment; filename=\"real.png\""),
            _ => image(),
        }
    });
    (server, is_there)
}

/// A table of links with a column `sku`.
fn table(desk: &Desk, name: &str, rows: &[(&str, String)]) -> SourceSpec {
    let path = desk.path(name);
    let text = rows.iter().fold("sku,url\n".to_owned(), |mut text, (sku, url)| {
        let _ = writeln!(text, "{sku},{url}");
        text
    });
    fs::write(&path, text).unwrap();
    source::url_list(path)
}

fn named(mut spec: JobSpec, template: &str) -> JobSpec {
    template.clone_into(&mut spec.output_mut().sink.name);
    spec
}

fn outcomes(rows: &[ItemRow]) -> Vec<(ItemState, Option<SkipReason>)> {
    rows.iter().map(|row| (row.state, row.reason)).collect()
}

const DONE: (ItemState, Option<SkipReason>) = (ItemState::Done, None);
const FAILED: (ItemState, Option<SkipReason>) = (ItemState::Failed, None);
const DUPLICATE: (ItemState, Option<SkipReason>) = (ItemState::Skipped, Some(SkipReason::Duplicate));

#[test]
fn a_link_of_several_rows_is_fetched_once_and_each_name_gets_its_file() {
    let desk = Desk::command_line();
    let (server, _) = shop();
    let (a, b) = (server.url("/a.png"), server.url("/b.png"));
    let rows = [("1", &a), ("2", &b), ("3", &a), ("1", &a), ("3", &a), ("4", &a)];
    let list = table(&desk, "list.csv", &rows.map(|(sku, url)| (sku, url.clone())));
    for (steps, out) in [(Vec::new(), "copies"), (vec![long_edge(20)], "small")] {
        let mut spec = named(desk.job(vec![list.clone()], steps, save_as("png")), "{col:sku}");
        spec.output_mut().sink.dir = Some(desk.path(out));
        let hits = server.hits("/a.png");
        let rows = desk.run(spec);
        assert_eq!(server.hits("/a.png"), hits + 1);
        assert_eq!(outcomes(&rows), [DONE, DONE, DONE, DUPLICATE, DUPLICATE, DONE]);
        let names = ["1.png", "2.png", "3.png", "1.png", "3.png", "4.png"];
        for (row, name) in rows.iter().zip(names) {
            let path = output_of(row);
            assert_eq!(path, desk.path(out).join(name), "{row:?}");
            assert_eq!(row.output_hash, Some(sha256(&fs::read(path).unwrap())));
        }
        let facts = |row: &ItemRow| {
            let sizes = (row.bytes_in, row.bytes_out, row.width_px, row.height_px, row.input_size_px);
            (sizes, row.hash.clone(), row.output_hash.clone(), row.content_type.clone())
        };
        assert!([2, 3, 4, 5].iter().all(|n| facts(&rows[*n]) == facts(&rows[0])), "{rows:#?}");
        let job = desk.row_of(rows[0].id.job);
        assert_eq!((job.done, job.skipped, job.failed), (4, 2, 0));
        assert_eq!(fs::read_dir(desk.path(out)).unwrap().count(), 4);
    }
}

#[test]
fn the_number_in_a_name_makes_rows_different_and_the_name_of_a_response_is_kept() {
    let desk = Desk::command_line();
    let (server, _) = shop();
    let rows = [("x", server.url("/moved")), ("y", server.url("/moved")), ("x", server.url("/moved#top"))];
    let list = table(&desk, "list.csv", &rows);
    desk.run(named(desk.copies(vec![list.clone()]), "{index}-{stem}"));
    assert_eq!(desk.output_names(), ["1-real.png", "2-real.png", "3-real.png"]);
    assert_eq!((server.hits("/moved"), server.hits("/named")), (1, 1));
    let rows = desk.run(named(desk.copies(vec![list]), "{stem}-{col:sku}"));
    assert_eq!(outcomes(&rows), [DONE, DONE, DUPLICATE]);
    assert_eq!(desk.output_names()[3..], ["real-x.png", "real-y.png"]);
}

#[test]
fn a_link_is_fetched_once_whether_lists_or_arguments_name_it() {
    let desk = Desk::command_line();
    let (server, _) = shop();
    let one = server.url("/one.png");
    let sources = vec![
        url(one.clone()),
        table(&desk, "a.csv", &[("1", one.clone()), ("2", server.url("/two.png"))]),
        table(&desk, "b.csv", &[("3", server.url("/two.png")), ("4", one.clone())]),
        source::urls([one, server.url("/two.png")]),
    ];
    let rows = desk.run(desk.copies(sources));
    assert_eq!((server.hits("/one.png"), server.hits("/two.png")), (1, 1));
    assert_eq!(outcomes(&rows), [DONE, DUPLICATE, DONE, DUPLICATE, DUPLICATE, DUPLICATE, DUPLICATE]);
    assert_eq!(desk.output_names(), ["one.png", "two.png"]);
}

#[test]
fn repeats_of_a_link_that_fails_fail_likewise_and_a_retry_fetches_it_once() {
    let desk = Desk::command_line();
    let (server, is_there) = shop();
    let gone = server.url("/gone.png");
    let list = table(&desk, "list.csv", &[("1", gone.clone()), ("2", gone.clone()), ("1", gone)]);
    let rows = desk.run(named(desk.copies(vec![list]), "{col:sku}"));
    assert_eq!((outcomes(&rows), server.hits("/gone.png")), (vec![FAILED; 3], 1));
    let kinds: Vec<_> = rows.iter().map(|row| (row.error.as_ref().unwrap().kind, row.http_status)).collect();
    assert_eq!(kinds, [(ErrorKind::HttpStatus, Some(404)); 3]);
    let job = rows[0].id.job;
    let retry = |items: Option<Vec<u64>>| {
        let seen = super::desk::last_event(&desk.snapshot());
        desk.send(Command::Retry { job, failures: pixloom::model::FailureFilter::ALL, items });
        desk.wait("the retry has ended", |snapshot| {
            let mut ends = super::desk::events_behind(snapshot, seen);
            ends.any(|event| event.edge == pixloom::model::Edge::Finished)
        });
        outcomes(&desk.rows(job))
    };
    assert_eq!((retry(None), server.hits("/gone.png")), (vec![FAILED; 3], 2));
    is_there.store(true, Ordering::SeqCst);
    // A repeat that is retried alone does not wait for a row that is not.
    assert_eq!((retry(Some(vec![2])), server.hits("/gone.png")), (vec![FAILED, DONE, FAILED], 3));
    assert_eq!((retry(None), server.hits("/gone.png")), (vec![DONE, DONE, DUPLICATE], 4));
    assert_eq!(desk.output_names(), ["1.png", "2.png"]);
}

#[test]
fn a_resumed_job_does_not_fetch_links_again_whose_rows_are_done() {
    let mut desk = Desk::command_line();
    let (server, _) = shop();
    let a = server.url("/a.png");
    let rows = [("1", a.clone()), ("2", server.url("/b.png")), ("3", a.clone()), ("3", a)];
    let list = table(&desk, "list.csv", &rows);
    let first = desk.run(named(desk.copies(vec![list]), "{col:sku}"));
    let job = first[0].id.job;
    desk.quit();
    // As if the program had ended before the last two rows.
    let sql = rusqlite::Connection::open(desk.catalog_path()).unwrap();
    sql.execute(
        "UPDATE item SET state = 'waiting', output = NULL, output_hash = NULL, number = NULL WHERE seq > 2",
        (),
    )
    .unwrap();
    sql.execute("UPDATE job SET state = 'paused', done = 2, skipped = 0", ()).unwrap();
    drop(sql);
    fs::remove_file(output_of(&first[2])).unwrap();
    desk.start();
    desk.send(Command::Resume(job));
    desk.wait_end(job);
    let again = desk.rows(job);
    assert_eq!((outcomes(&again), server.hits("/a.png")), (vec![DONE, DONE, DONE, DUPLICATE], 1));
    assert_eq!(output_of(&again[3]), output_of(&first[2]));
    assert_eq!(desk.output_names(), ["1.png", "2.png", "3.png"]);
}

#[test]
fn every_row_of_a_list_is_an_item_of_a_draft_as_well() {
    let desk = Desk::window();
    let (server, _) = shop();
    let a = server.url("/a.png");
    let list = table(&desk, "list.csv", &[("1", a.clone()), ("2", a.clone()), ("2", a)]);
    desk.send(Command::Add(vec![list.clone()]));
    desk.wait("three rows", |snapshot| snapshot.current.as_ref().is_some_and(|job| job.progress.total == 3));
    // What was added before is not added again.
    desk.send(Command::Add(vec![list]));
    desk.wait("it says so", |snapshot| {
        matches!(snapshot.notice, Some(pixloom::engine::Notice::Added { added: 0, duplicates: 3, .. }))
    });
    let sink = SinkSpec { dir: Some(desk.out()), name: "{col:sku}".to_owned(), ..SinkSpec::default() };
    desk.send(Command::SetSink(sink));
    desk.send(Command::Start);
    let job = desk.current().id;
    desk.wait_end(job);
    assert_eq!(outcomes(&desk.rows(job)), [DONE, DONE, DUPLICATE]);
    assert_eq!((server.hits("/a.png"), desk.output_names()), (1, vec!["1.png".to_owned(), "2.png".to_owned()]));
}

#[test]
fn a_new_row_of_an_unchanged_link_gets_a_copy_of_what_exists() {
    let desk = Desk::command_line();
    let server = Server::start(|request| {
        if request.headers.contains_key("if-none-match") {
            return status(304).header("ETag", "\"1\"");
        }
        ok(png(40, 30, 1), "image/png").header("ETag", "\"1\"")
    });
    let a = server.url("/a.png");
    let run = |rows: &[(&str, String)]| {
        let list = table(&desk, "list.csv", rows);
        outcomes(&desk.run(named(desk.job(vec![list], vec![long_edge(20)], save_as("png")), "{col:sku}")))
    };
    let unchanged = (ItemState::Skipped, Some(SkipReason::Unchanged));
    assert_eq!(run(&[("1", a.clone()), ("2", a.clone())]), [DONE, DONE]);
    assert_eq!(run(&[("1", a.clone()), ("3", a.clone()), ("2", a)]), [unchanged, DONE, unchanged]);
    assert_eq!(server.hits("/a.png"), 2);
    assert_eq!(desk.output_names(), ["1.png", "2.png", "3.png"]);
}

#[test]
fn many_repeats_of_slow_links_wait_for_them_and_for_nothing_else() {
    let desk = Desk::command_line();
    let (server, _) = shop();
    server.hold();
    let rows: Vec<_> = (0..600).map(|n| (n.to_string(), server.url(&format!("/{}.png", n % 30)))).collect();
    let rows: Vec<_> = rows.iter().map(|(sku, url)| (sku.as_str(), url.clone())).collect();
    let list = table(&desk, "list.csv", &rows);
    let job = desk.submit(named(desk.copies(vec![list]), "{col:sku}"));
    desk.wait("all rows are read", |_| desk.row_of(job).total == 600);
    server.release();
    desk.wait_end(job);
    desk.check_all_done_once(job, 600);
    assert!((0..30).all(|n| server.hits(&format!("/{n}.png")) == 1));
}
