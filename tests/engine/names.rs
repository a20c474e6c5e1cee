//! Where results go, and what when a name is taken.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use pixloom::engine::Command;
use pixloom::error::ErrorKind;
use pixloom::model::{ConflictPolicy, Edge, FormatChoice, ItemRow, ItemState, JobSpec, JobState, Step, Tree};
use pixloom::source;

use super::desk::{Desk, file, files_below, last_event, long_edge, output_of, pixels, png, save_as};

/// A job that inverts two images; the name of one result is taken.
fn with_a_taken_name(policy: ConflictPolicy) -> (Desk, Vec<ItemRow>) {
    let desk = Desk::command_line();
    let sources = vec![file(&desk.put("a.png", png(16, 16, 1))), file(&desk.put("b.png", png(16, 16, 2)))];
    fs::create_dir(desk.out()).unwrap();
    fs::write(desk.out().join("a.png"), b"somebody's").unwrap();
    let mut spec = desk.job(sources, vec![Step::new("invert")], FormatChoice::Keep);
    spec.output_mut().sink.on_conflict = policy;
    let rows = desk.run(spec);
    assert_eq!(rows[1].state, ItemState::Done, "{:?}", rows[1]);
    assert!(fs::read(output_of(&rows[1])).unwrap().starts_with(b"\x89PNG"));
    (desk, rows)
}

#[test]
fn a_taken_name_is_given_a_number() {
    let (desk, rows) = with_a_taken_name(ConflictPolicy::Rename);
    assert_eq!(desk.output_names(), ["a (1).png", "a.png", "b.png"]);
    assert_eq!(desk.outputs()["a.png"], b"somebody's");
    assert_eq!(output_of(&rows[0]), desk.out().join("a (1).png"));
}

#[test]
fn a_taken_name_skips_its_item_under_that_policy() {
    let (desk, rows) = with_a_taken_name(ConflictPolicy::Skip);
    assert_eq!(desk.output_names(), ["a.png", "b.png"]);
    assert_eq!(desk.outputs()["a.png"], b"somebody's");
    assert_eq!((rows[0].state, &rows[0].output, &rows[0].error), (ItemState::Skipped, &None, &None));
    assert_eq!(desk.row_of(rows[0].id.job).skipped, 1);
}

#[test]
fn an_existing_file_is_replaced_under_that_policy() {
    let (desk, rows) = with_a_taken_name(ConflictPolicy::Overwrite);
    assert_eq!(desk.output_names(), ["a.png", "b.png"]);
    assert!(desk.outputs()["a.png"].starts_with(b"\x89PNG"));
    assert_eq!(rows[0].state, ItemState::Done);
}

#[test]
fn a_taken_name_fails_its_item_under_that_policy() {
    let (desk, rows) = with_a_taken_name(ConflictPolicy::Fail);
    assert_eq!(desk.output_names(), ["a.png", "b.png"]);
    assert_eq!(desk.outputs()["a.png"], b"somebody's");
    let error = rows[0].error.as_ref().unwrap();
    assert_eq!((rows[0].state, error.kind), (ItemState::Failed, ErrorKind::Conflict));
    assert!(error.to_string().contains("a.png already exists"), "{error}");
}

/// An image in a format. AVIF is decoded in another process, so it takes longer than the others.
fn picture_as(extension: &str, side_px: u32, seed: u32) -> Vec<u8> {
    if extension == "avif" {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/formats/avif_420.avif");
        return fs::read(path).unwrap();
    }
    let image = image::RgbImage::from_raw(side_px, side_px, pixels(side_px, side_px, seed)).unwrap();
    let mut bytes = std::io::Cursor::new(Vec::new());
    image.write_to(&mut bytes, image::ImageFormat::from_extension(extension).unwrap()).unwrap();
    bytes.into_inner()
}

/// Runs a job whose items all want the name `same.png`. Which of them is finished first differs from round to round: some
/// have more pixels than others.
fn with_one_name_for_all(policy: ConflictPolicy, round: u32, items: u32) -> (Desk, Vec<ItemRow>) {
    let desk = Desk::command_line();
    let mut sources = Vec::new();
    for n in 0..items {
        let extension = ["avif", "png", "bmp", "webp"][(n + round) as usize % 4];
        let side_px = if (n * 7 + round * 5).is_multiple_of(3) { 900 } else { 12 };
        let bytes = picture_as(extension, side_px, n);
        sources.push(file(&desk.put(&format!("{n}/same.{extension}"), bytes)));
    }
    let mut spec = desk.job(sources, vec![Step::new("invert")], save_as("png"));
    spec.output_mut().sink.on_conflict = policy;
    spec.limits.workers = Some(4);
    let rows = desk.run(spec);
    (desk, rows)
}

#[test]
fn conflicting_names_are_numbered_in_list_order_whichever_item_is_finished_first() {
    for round in 0..8 {
        let (desk, rows) = with_one_name_for_all(ConflictPolicy::Rename, round, 12);
        desk.check_all_done_once(rows[0].id.job, 12);
        let name = |row: &ItemRow| output_of(row).file_name().unwrap().to_str().unwrap().to_owned();
        let names: Vec<String> = rows.iter().map(name).collect();
        let wanted = (0..12).map(|n| if n == 0 { "same.png".to_owned() } else { format!("same ({n}).png") });
        assert!(names.into_iter().eq(wanted), "round {round}: {rows:?}");
    }
}

#[test]
fn only_the_first_item_in_list_order_gets_a_shared_name() {
    for policy in [ConflictPolicy::Skip, ConflictPolicy::Overwrite, ConflictPolicy::Fail] {
        for round in 0..4 {
            let (desk, rows) = with_one_name_for_all(policy, round, 8);
            assert_eq!(desk.output_names(), ["same.png"], "{policy:?}");
            assert_eq!(output_of(&rows[0]), desk.out().join("same.png"), "{policy:?}, round {round}");
            let refused = if policy == ConflictPolicy::Skip { ItemState::Skipped } else { ItemState::Failed };
            assert!(rows[1..].iter().all(|row| row.state == refused), "{policy:?}: {rows:?}");
            let kinds = rows[1..].iter().filter_map(|row| row.error.as_ref()).map(|error| error.kind);
            assert!(kinds.into_iter().all(|kind| kind == ErrorKind::Conflict), "{rows:?}");
        }
    }
}

#[test]
fn names_that_differ_in_case_only_are_kept_apart() {
    let names = ["a.png", "A.png", "a.PNG", "\u{e9}.png", "e\u{301}.png", "Sub/x.png"];
    let run = |policy| {
        let desk = Desk::command_line();
        let mut sources = Vec::new();
        for (n, name) in names.iter().enumerate() {
            sources.push(file(&desk.put(&format!("{n}/{name}"), png(16, 16, n as u32))));
        }
        let mut spec = desk.copies(sources);
        spec.output_mut().sink.on_conflict = policy;
        let rows = desk.run(spec);
        (desk, rows)
    };
    let (desk, rows) = run(ConflictPolicy::Rename);
    desk.check_all_done_once(rows[0].id.job, 6);
    let saved = |desk: &Desk| desk.output_names().iter().map(|name| name.to_lowercase()).collect::<BTreeSet<_>>();
    let wanted = ["a.png", "a (1).png", "a (2).png", "x.png", "\u{e9}.png", "e\u{301} (1).png"];
    assert_eq!(saved(&desk), wanted.map(str::to_owned).into());
    for policy in [ConflictPolicy::Overwrite, ConflictPolicy::Skip, ConflictPolicy::Fail] {
        let (desk, rows) = run(policy);
        assert_eq!(saved(&desk), ["a.png", "x.png", "\u{e9}.png"].map(str::to_owned).into(), "{policy:?}");
        let done: Vec<_> = rows.iter().map(|row| row.state == ItemState::Done).collect();
        assert_eq!(done, [true, false, false, true, false, true], "{policy:?}: {rows:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_whose_name_differs_only_in_case_is_a_conflict_but_never_replaced() {
    for (policy, names, state) in [
        (ConflictPolicy::Rename, &["A.png", "B (1).png", "a (1).png", "b.png"][..], ItemState::Done),
        (ConflictPolicy::Overwrite, &["A.png", "B.png", "a.png", "b.png"], ItemState::Done),
        (ConflictPolicy::Skip, &["A.png", "b.png"], ItemState::Skipped),
        (ConflictPolicy::Fail, &["A.png", "b.png"], ItemState::Failed),
    ] {
        let desk = Desk::command_line();
        let sources = vec![file(&desk.put("a.png", png(16, 16, 1))), file(&desk.put("B.png", png(16, 16, 2)))];
        fs::create_dir(desk.out()).unwrap();
        for name in ["A.png", "b.png"] {
            fs::write(desk.out().join(name), b"somebody's").unwrap();
        }
        let mut spec = desk.copies(sources);
        spec.output_mut().sink.on_conflict = policy;
        let rows = desk.run(spec.clone());
        assert!(rows.iter().all(|row| row.state == state), "{policy:?}: {rows:?}");
        assert_eq!(desk.output_names(), names, "{policy:?}");
        assert_eq!(desk.outputs()["A.png"], b"somebody's");
        if policy == ConflictPolicy::Overwrite {
            desk.run(spec);
            assert_eq!(desk.output_names(), names, "the same again replaces its own");
        }
    }
}

#[test]
fn an_original_is_never_replaced_even_with_overwrite() {
    let desk = Desk::command_line();
    let folder = desk.put_pictures(3);
    let before = files_below(&desk.path("in"));
    let mut spec = desk.job(vec![folder], vec![Step::new("invert")], FormatChoice::Keep);
    spec.output_mut().sink.dir = Some(desk.path("in"));
    spec.output_mut().sink.on_conflict = ConflictPolicy::Overwrite;
    for row in desk.run(spec.clone()) {
        let error = row.error.unwrap();
        assert_eq!((row.state, error.kind), (ItemState::Failed, ErrorKind::WouldReplaceInput));
        assert!(error.to_string().contains("originals are never replaced"), "{error}");
    }
    assert_eq!(files_below(&desk.path("in")), before);
    // Beside the originals there is room.
    spec.output_mut().sink.on_conflict = ConflictPolicy::Rename;
    for row in desk.run(spec) {
        assert_eq!(row.state, ItemState::Done);
    }
    let after = files_below(&desk.path("in"));
    assert_eq!(after.len(), 6);
    assert!(before.iter().all(|(name, bytes)| after[name] == *bytes) && after.contains_key("000 (1).png"), "{after:?}");
}

#[cfg(unix)]
#[test]
fn an_original_whose_source_has_not_been_read_yet_is_not_replaced_either() {
    let desk = Desk::command_line();
    let first = desk.put("one/a.png", png(16, 16, 1));
    let original = desk.put("two/a.png", png(16, 16, 2));
    let bytes = fs::read(&original).unwrap();
    let (pipe, end_of_list) = desk.slow_list();
    let folder = source::folder(desk.path("in/two"), false);
    let mut spec = desk.copies(vec![file(&first), pipe, folder]);
    spec.output_mut().sink.dir = Some(desk.path("in/two"));
    spec.output_mut().sink.on_conflict = ConflictPolicy::Overwrite;
    let job = desk.submit(spec);
    // Its result waits: the list may still name any file.
    desk.wait("the first item starts", |_| desk.rows(job).first().is_some_and(|row| row.attempts == 1));
    drop(end_of_list);
    desk.wait_end(job);
    assert_eq!(fs::read(&original).unwrap(), bytes);
    let kinds: Vec<_> = desk.rows(job).into_iter().map(|row| row.error.map(|error| error.kind)).collect();
    assert_eq!(kinds, [Some(ErrorKind::WouldReplaceInput); 2]);
}

#[test]
fn names_are_made_from_the_template() {
    let desk = Desk::command_line();
    let path = desk.put("trip/IMG 7.png", png(40, 20, 1));
    for (template, name) in [
        ("{index:03}-{stem}", "001-IMG 7.png"),
        ("{parent}/{stem}-{width}x{height}", "trip/IMG 7-20x10.png"),
        ("{stem}.{ext}", "IMG 7.png.png"),
        ("thumbs/{stem}", "thumbs/IMG 7.png"),
    ] {
        let mut spec = desk.job(vec![file(&path)], vec![long_edge(20)], FormatChoice::Keep);
        spec.output_mut().sink.dir = Some(desk.out());
        template.clone_into(&mut spec.output_mut().sink.name);
        let rows = desk.run(spec);
        assert_eq!(output_of(&rows[0]), desk.out().join(name), "{template}");
    }
    let mut spec = desk.copies(vec![file(&path)]);
    "{hash}".clone_into(&mut spec.output_mut().sink.name);
    let rows = desk.run(spec);
    let hash = rows[0].hash.clone().unwrap();
    assert_eq!(output_of(&rows[0]), desk.out().join(format!("{hash}.png")));
}

#[test]
fn folders_are_mirrored_or_flattened() {
    let desk = Desk::command_line();
    for (name, seed) in [("x.png", 1), ("a/x.png", 2), ("a/b/x.png", 3)] {
        desk.put(name, png(12, 12, seed));
    }
    let folder = || vec![source::folder(desk.path("in"), true)];
    let spec = desk.copies(folder());
    desk.run(spec.clone());
    assert_eq!(desk.outputs(), files_below(&desk.path("in")));
    let mut flat = JobSpec { ..spec };
    flat.output_mut().sink.dir = Some(desk.path("flat"));
    flat.output_mut().sink.tree = Tree::Flat;
    desk.run(flat);
    let names: Vec<_> = files_below(&desk.path("flat")).into_keys().collect();
    assert_eq!(names, ["x (1).png", "x (2).png", "x.png"]);
}

#[test]
fn without_an_output_folder_a_new_one_is_created_next_to_the_source() {
    let desk = Desk::command_line();
    let bytes = png(12, 12, 1);
    desk.put("x.png", &bytes);
    let mut spec = desk.copies(vec![source::folder(desk.path("in"), true)]);
    spec.output_mut().sink.dir = None;
    desk.run(spec);
    assert_eq!(files_below(&desk.path("in-pixloom")), BTreeMap::from([("x.png".to_owned(), bytes)]));
}

#[test]
fn an_output_folder_that_can_not_be_one_is_refused_before_anything_starts() {
    let desk = Desk::command_line();
    let source = desk.put_pictures(2);
    fs::write(desk.out(), b"a file in its place").unwrap();
    let seen = last_event(&desk.snapshot());
    desk.send(Command::Submit(Box::new(desk.copies(vec![source]))));
    let (job, reason) = desk.wait_for("it is refused", |snapshot| {
        snapshot.events.iter().filter(|event| event.sequence > seen).find_map(|event| match &event.edge {
            Edge::Stopped { reason } => Some((event.job.unwrap(), reason.to_string())),
            Edge::Started => panic!("it has started"),
            _ => None,
        })
    });
    assert!(reason.contains("Couldn't write to the output folder") && reason.contains("out"), "{reason}");
    desk.wait("it is paused", |_| desk.row_of(job).state == JobState::Paused);
    assert_eq!(desk.row_of(job).total, 0);
    assert_eq!(fs::read(desk.out()).unwrap(), b"a file in its place");
    // Once the folder can be made, the same job goes on.
    fs::remove_file(desk.out()).unwrap();
    desk.send(Command::Resume(job));
    desk.wait("it is done", |_| desk.row_of(job).state == JobState::Done);
    desk.check_all_done_once(job, 2);
}
