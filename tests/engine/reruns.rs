//! Jobs that run again: what is kept, what is replaced, and that their records stay complete.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use pixloom::catalog::{Field, RECORD_COLUMNS, RecordRows};
use pixloom::engine::{Planned, dry_run};
use pixloom::model::{ConflictPolicy, ItemRow, ItemState, JobId, JobSpec, Locator, SkipReason};
use pixloom::source;

use super::desk::{Desk, long_edge, output_of, png, save_as, url};
use crate::util::server::{Answer, Server, ok, status};

/// A server of images whose paths end in the number of their pixels: `/7.png`. It counts the bodies that it sends.
fn images(has_etags: bool) -> (Server, Arc<AtomicUsize>, Arc<AtomicUsize>) {
    let (bodies, version) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(1)));
    let (sent, current) = (Arc::clone(&bodies), Arc::clone(&version));
    let server = Server::start(move |request| -> Answer {
        let name = request.path.trim_start_matches('/').trim_end_matches(".png");
        let Ok(number) = name.parse::<usize>() else { return status(404) };
        // Odd ones change.
        let pixels = (number + if number % 2 == 1 { 1000 * current.load(Ordering::SeqCst) } else { 0 }) as u32;
        let etag = format!("\"{pixels}\"");
        if has_etags && request.headers.get("if-none-match") == Some(&etag) {
            return status(304).header("ETag", &etag);
        }
        sent.fetch_add(1, Ordering::SeqCst);
        let answer = ok(png(40, 30, pixels), "image/png");
        if has_etags { answer.header("ETag", &etag) } else { answer }
    });
    (server, bodies, version)
}

fn list(desk: &Desk, server: &Server, numbers: impl IntoIterator<Item = usize>) -> pixloom::model::SourceSpec {
    let path = desk.path("list.txt");
    fs::write(&path, numbers.into_iter().map(|n| server.url(&format!("/{n}.png\n"))).collect::<String>()).unwrap();
    source::url_list(path)
}

fn with(mut spec: JobSpec, policy: ConflictPolicy, update: bool) -> JobSpec {
    spec.output_mut().sink.on_conflict = policy;
    spec.output_mut().sink.update = update;
    spec
}

fn states(rows: &[ItemRow]) -> Vec<(ItemState, Option<SkipReason>)> {
    rows.iter().map(|row| (row.state, row.reason)).collect()
}

/// The values that a table is joined by, as an export has them.
fn record(desk: &Desk, job: JobId, seq: u64) -> Vec<Field> {
    let record = desk.reader().records(job, RecordRows::Items, seq - 1, 1).unwrap().remove(0);
    let names = ["output", "bytes_in", "bytes_out", "width", "height", "hash", "output_hash", "content_type", "size"];
    let more = ["etag", "input_width", "input_height"];
    let at = |name: &&str| RECORD_COLUMNS.iter().position(|column| column == name).unwrap();
    names.iter().chain(&more).map(|name| record[at(name)].clone()).collect()
}

const DONE: (ItemState, Option<SkipReason>) = (ItemState::Done, None);
const UNCHANGED: (ItemState, Option<SkipReason>) = (ItemState::Skipped, Some(SkipReason::Unchanged));
const EXISTS: (ItemState, Option<SkipReason>) = (ItemState::Skipped, Some(SkipReason::Exists));

#[test]
fn an_unchanged_link_is_recorded_with_the_values_of_what_exists() {
    let desk = Desk::command_line();
    let (server, ..) = images(true);
    let spec = || desk.job(vec![list(&desk, &server, [2, 4])], vec![long_edge(20)], save_as("png"));
    let first = desk.run(spec());
    for _ in 0..2 {
        let again = desk.run(spec());
        assert_eq!(states(&again), [UNCHANGED, UNCHANGED]);
        for (one, other) in first.iter().zip(&again) {
            assert_eq!(record(&desk, one.id.job, one.id.seq), record(&desk, other.id.job, other.id.seq));
            let outputs = (desk.reader().outputs(one.id).unwrap(), desk.reader().outputs(other.id).unwrap());
            assert_eq!((&outputs.0[0].path, &outputs.0[0].hash), (&outputs.1[0].path, &outputs.1[0].hash));
            assert_eq!((outputs.0[0].bytes, outputs.1[0].bytes), (one.bytes_out, one.bytes_out));
        }
        let job = desk.row_of(again[0].id.job);
        assert_eq!((job.bytes_in, job.bytes_out), (0, 0), "nothing was received and nothing written");
    }
}

#[test]
fn skipping_sends_no_request_for_links_that_the_catalog_knows_to_be_done() {
    let desk = Desk::command_line();
    let (server, bodies, _) = images(false);
    let spec = |numbers: Vec<usize>, policy| {
        let job = desk.job(vec![list(&desk, &server, numbers)], vec![long_edge(20)], save_as("png"));
        with(job, policy, false)
    };
    let first = desk.run(spec((0..600).collect(), ConflictPolicy::Rename));
    assert_eq!(bodies.swap(0, Ordering::SeqCst), 600);
    // Most lines are gone, the rest is in another order, and there are new ones. One result was deleted.
    fs::remove_file(output_of(&first[580])).unwrap();
    let numbers: Vec<usize> = (550..600).rev().chain([1000]).collect();
    let plan = spec(numbers.clone(), ConflictPolicy::Skip);
    let mut planned = Vec::new();
    let reader = desk.reader();
    let counts = dry_run(&plan, Some(reader.as_ref()), &|| false, &mut |found| {
        if let Planned::Item(item) = found {
            planned.push((item.skipped, item.output));
        }
    });
    let counts = counts.unwrap();
    assert_eq!((counts.items, counts.links, counts.skipped), (51, 2, 49));
    assert_eq!(planned[0], (true, Some(output_of(&first[599]))));
    let requests = server.accepted();
    let again = desk.run(plan);
    assert_eq!(again.iter().filter(|row| states(std::slice::from_ref(row)) == [EXISTS]).count(), 49);
    assert_eq!((bodies.load(Ordering::SeqCst), server.hits("/551.png"), server.hits("/580.png")), (2, 1, 2));
    assert!(server.accepted() <= requests + 2);
    for row in again.iter().filter(|row| row.state == ItemState::Skipped) {
        let number: u64 = row.locator.to_text().rsplit_once('/').unwrap().1.trim_end_matches(".png").parse().unwrap();
        assert_eq!(record(&desk, row.id.job, row.id.seq), record(&desk, first[0].id.job, number + 1), "{row:?}");
    }
    // What was skipped is known to the next job as well, but not under another recipe.
    let third = desk.run(spec(numbers.clone(), ConflictPolicy::Skip));
    assert!(states(&third).iter().all(|state| *state == EXISTS));
    assert_eq!(bodies.swap(0, Ordering::SeqCst), 2);
    let other = desk.job(vec![list(&desk, &server, [550])], vec![long_edge(10)], save_as("png"));
    assert_eq!(states(&desk.run(with(other, ConflictPolicy::Skip, false))), [EXISTS]);
    assert_eq!(bodies.load(Ordering::SeqCst), 1, "its result may have another name");
}

#[test]
fn a_result_that_another_program_changed_is_skipped_without_the_values_of_the_old_one() {
    let desk = Desk::command_line();
    let (server, bodies, _) = images(true);
    let spec =
        |policy| with(desk.job(vec![list(&desk, &server, [2])], vec![long_edge(20)], save_as("png")), policy, false);
    let first = desk.run(spec(ConflictPolicy::Skip));
    fs::write(output_of(&first[0]), "mine").unwrap();
    let again = desk.run(spec(ConflictPolicy::Skip));
    assert_eq!((states(&again), bodies.load(Ordering::SeqCst)), (vec![EXISTS], 1));
    assert_eq!((&again[0].output, &again[0].output_hash, again[0].bytes_out), (&None, &None, 0));
    assert_eq!(desk.reader().outputs(again[0].id).unwrap()[0].bytes, 4);
    assert_eq!(fs::read(output_of(&first[0])).unwrap(), b"mine");
}

#[test]
fn an_update_replaces_changed_results_in_place_and_keeps_the_others() {
    for has_etags in [true, false] {
        let desk = Desk::command_line();
        let (server, bodies, version) = images(has_etags);
        let spec = |update| {
            let job = desk.job(vec![list(&desk, &server, [1, 2, 3, 4])], vec![long_edge(20)], save_as("png"));
            with(job, ConflictPolicy::Rename, update)
        };
        // A file of the user's own is in the way of the first one.
        fs::create_dir_all(desk.out()).unwrap();
        fs::write(desk.out().join("1.png"), "mine").unwrap();
        let first = desk.run(spec(false));
        let names = desk.output_names();
        version.store(2, Ordering::SeqCst);
        bodies.store(0, Ordering::SeqCst);
        // A result that was edited is not replaced.
        fs::write(output_of(&first[2]), "edited").unwrap();
        let again = desk.run(spec(true));
        assert_eq!(states(&again), [DONE, UNCHANGED, DONE, UNCHANGED], "{has_etags}");
        assert_eq!(bodies.load(Ordering::SeqCst), if has_etags { 2 } else { 4 });
        assert_eq!((output_of(&again[0]), output_of(&again[1])), (output_of(&first[0]), output_of(&first[1])));
        assert_ne!(again[0].output_hash, first[0].output_hash);
        assert_ne!(output_of(&again[2]), output_of(&first[2]));
        assert_eq!(desk.output_names().len(), names.len() + 1);
        assert_eq!(desk.outputs()["1.png"], b"mine");
        assert_eq!(fs::read(output_of(&first[2])).unwrap(), b"edited");
        for (one, other) in [(&first[1], &again[1]), (&first[3], &again[3])] {
            assert_eq!(record(&desk, one.id.job, one.id.seq), record(&desk, other.id.job, other.id.seq));
        }
    }
}

#[test]
fn an_update_leaves_out_files_whose_content_and_recipe_are_unchanged() {
    let desk = Desk::command_line();
    let source = desk.put_pictures(4);
    let spec = |edge, update| {
        with(desk.job(vec![source.clone()], vec![long_edge(edge)], save_as("png")), ConflictPolicy::Rename, update)
    };
    let first = desk.run(spec(16, true));
    assert_eq!(states(&first), [DONE; 4]);
    let written = |row: &ItemRow| fs::metadata(output_of(row)).unwrap().modified().unwrap();
    let times: Vec<_> = first.iter().map(written).collect();
    // One has other content, one was only touched, and one lost its result.
    let path = |row: &ItemRow| row.locator.path().unwrap().to_path_buf();
    fs::write(path(&first[0]), png(50, 40, 77)).unwrap();
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(90);
    fs::File::options().write(true).open(path(&first[1])).unwrap().set_modified(later).unwrap();
    fs::remove_file(output_of(&first[3])).unwrap();
    let plan = spec(16, true);
    let reader = desk.reader();
    let mut planned = Vec::new();
    let counts = dry_run(&plan, Some(reader.as_ref()), &|| false, &mut |found| {
        if let Planned::Item(item) = found {
            planned.push((item.skipped, item.replaces, item.output.unwrap()));
        }
    });
    assert_eq!(counts.unwrap().skipped, 1);
    assert_eq!(planned[0], (false, true, output_of(&first[0])));
    assert_eq!(planned[2], (true, false, output_of(&first[2])));
    let again = desk.run(plan);
    assert_eq!(states(&again), [DONE, UNCHANGED, UNCHANGED, DONE]);
    for (one, other) in first.iter().zip(&again) {
        assert_eq!(output_of(one), output_of(other));
    }
    assert_eq!(record(&desk, again[2].id.job, 3), record(&desk, first[2].id.job, 3));
    assert_eq!((written(&again[1]), written(&again[2])), (times[1], times[2]), "they were not written again");
    assert_ne!(again[0].output_hash, first[0].output_hash);
    assert_eq!(desk.outputs().len(), 4);
    // The touched one is known by its new time, and another recipe makes other results.
    assert_eq!(states(&desk.run(spec(16, true))), [UNCHANGED; 4]);
    assert_eq!(states(&desk.run(spec(12, true))), [DONE; 4]);
    let skipped = desk.run(with(spec(16, false), ConflictPolicy::Skip, false));
    assert_eq!(states(&skipped), [EXISTS; 4]);
    assert_eq!(record(&desk, skipped[2].id.job, 3), record(&desk, first[2].id.job, 3));
}

#[test]
fn an_update_makes_results_again_when_a_file_that_the_recipe_names_has_changed() {
    let desk = Desk::command_line();
    let source = desk.put_pictures(1);
    let mark = desk.path("mark.png");
    fs::write(&mark, png(4, 4, 1)).unwrap();
    let step = || pixloom::model::Step::new("watermark_image").with("file", mark.to_str().unwrap());
    let spec = || with(desk.job(vec![source.clone()], vec![step()], save_as("png")), ConflictPolicy::Rename, true);
    let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(90);
    fs::File::options().write(true).open(&mark).unwrap().set_modified(long_ago).unwrap();
    let first = desk.run(spec());
    assert_eq!((states(&first), states(&desk.run(spec()))), (vec![DONE], vec![UNCHANGED]));
    fs::write(&mark, png(4, 4, 9)).unwrap();
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(90);
    fs::File::options().write(true).open(&mark).unwrap().set_modified(later).unwrap();
    let again = desk.run(spec());
    assert_eq!(states(&again), [DONE]);
    assert_ne!(again[0].output_hash, first[0].output_hash);
}

#[test]
fn a_list_with_checksums_is_not_downloaded_again_while_they_are_the_same() {
    let desk = Desk::command_line();
    let (server, bodies, _) = images(true);
    let spec = |sum: &str| {
        let path = desk.path("list.csv");
        fs::write(&path, format!("url,sum\n{},{sum}\n", server.url("/2.png"))).unwrap();
        let mut spec = desk.copies(vec![source::url_list(path)]);
        spec.lists.checksum_column = Some("sum".to_owned());
        spec
    };
    let sha256 = super::desk::sha256(&png(40, 30, 2));
    assert_eq!(states(&desk.run(spec(&sha256))), [DONE]);
    assert_eq!((states(&desk.run(spec(&sha256))), bodies.load(Ordering::SeqCst)), (vec![UNCHANGED], 1));
    let other = desk.run(spec(&"0".repeat(64)));
    assert_eq!((other[0].state, bodies.load(Ordering::SeqCst)), (ItemState::Failed, 2));
}

#[test]
fn rows_that_differ_in_their_names_keep_their_own_results() {
    let desk = Desk::command_line();
    let (server, ..) = images(true);
    let spec = |skus: &[&str]| {
        let path = desk.path("list.csv");
        let rows: Vec<String> = skus.iter().map(|sku| format!("{sku},{}\n", server.url("/2.png"))).collect();
        fs::write(&path, format!("sku,url\n{}", rows.concat())).unwrap();
        let mut spec = desk.copies(vec![source::url_list(path)]);
        spec.output_mut().sink.name = "{col:sku}".to_owned();
        spec
    };
    let name = |row: &ItemRow| match Locator::parse(row.output.as_deref().unwrap()) {
        Locator::File(path) | Locator::Page(path, _) => path.file_name().unwrap().to_str().unwrap().to_owned(),
        Locator::Url(url) | Locator::Row(url) => url,
    };
    assert_eq!(states(&desk.run(spec(&["a"]))), [DONE]);
    let other = desk.run(spec(&["b"]));
    assert_eq!((states(&other), name(&other[0])), (vec![DONE], "b.png".to_owned()));
    let again = desk.run(spec(&["a"]));
    assert_eq!((states(&again), name(&again[0])), (vec![UNCHANGED], "a.png".to_owned()));
    let single = desk.run(desk.copies(vec![url(server.url("/2.png"))]));
    assert_eq!(name(&single[0]), "2.png");
}
