//! What a dry run and a preview say of an item is what the run does, over many inputs, options and policies.

use std::fs;
use std::path::{Path, PathBuf};

use pixloom::engine::{Command, Planned, PlannedItem, PreviewContent, PreviewRequest, Zoom, dry_run, parse_save};
use pixloom::model::{
    ConflictPolicy, ItemId, ItemRow, ItemState, JobSpec, MetadataPolicy, Recipe, Save, SourceSpec, Step,
};

use super::desk::{Desk, file, long_edge, output_of, png, recipe, sample};

/// What items are asked to become: the steps, and the text of `--save`.
fn requests() -> Vec<(Recipe, Save)> {
    let save = |text: &str| parse_save(text).unwrap();
    vec![
        (Recipe::default(), Save::default()),
        (Recipe::default(), save("keep:metadata=strip")),
        (Recipe::default(), save("keep:frames=first")),
        (Recipe::default(), save("keep:quality=40")),
        (Recipe::default(), save("webp:effort=0")),
        (recipe(vec![Step::new("invert")]), Save::default()),
        (recipe(vec![long_edge(20), Step::new("trim")]), save("png")),
    ]
}

/// Inputs of every sort, some of them broken.
fn inputs(desk: &Desk) -> Vec<PathBuf> {
    let reference =
        |name: &str| fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference").join(name)).unwrap();
    let jpeg = reference("formats/jpeg_restarts.jpg");
    let short = sample("tulip-field.jpg")[..20_000].to_vec();
    [
        // A plan decodes the first images only.
        ("short.jpg", short),
        ("photo", png(30, 20, 1)),
        ("a.png", png(24, 24, 2)),
        ("b.JPEG", jpeg),
        ("misnamed.jpg", png(16, 16, 3)),
        ("moving.gif", reference("animation/disposals.gif")),
        ("large.png", png(1_900, 4, 4)),
        ("notes.png", b"no image".to_vec()),
        ("empty.png", Vec::new()),
        ("twice/A.png", png(24, 24, 5)),
    ]
    .into_iter()
    .map(|(name, bytes)| desk.put(name, bytes))
    .collect()
}

fn spec(desk: &Desk, inputs: &[PathBuf], (recipe, save): (Recipe, Save)) -> JobSpec {
    let sources: Vec<SourceSpec> = inputs.iter().map(|path| file(path)).collect();
    let mut spec = JobSpec { recipe, ..desk.copies(sources) };
    spec.output_mut().save = save;
    spec.limits.workers = Some(1);
    spec.limits.max_side_px = Some(1_800);
    spec
}

fn plan(spec: &JobSpec) -> Vec<PlannedItem> {
    let mut planned = Vec::new();
    dry_run(spec, &|| false, &mut |found| match found {
        Planned::Item(item) => planned.push(*item),
        other => panic!("{other:?}"),
    })
    .unwrap();
    planned
}

#[track_caller]
fn check(planned: &PlannedItem, row: &ItemRow, what: &str) {
    let kind = |error: &Option<pixloom::error::ItemError>| error.as_ref().map(|error| error.kind);
    let told = format!("{what}: {planned:#?} {row:#?}");
    assert_eq!(planned.locator, row.locator);
    if planned.output.is_none() && planned.error.is_none() {
        // Its name depends on the work: the plan says that it is not known yet, and promises nothing.
        return;
    }
    assert_eq!(kind(&planned.error), kind(&row.error), "{told}");
    for error in [&planned.error, &row.error].into_iter().flatten() {
        assert_eq!(error.arg("name"), row.locator.to_string(), "an error names its item: {told}");
    }
    assert_eq!(planned.skipped, row.state == ItemState::Skipped, "{told}");
    if row.state == ItemState::Done {
        if let Some(output) = &planned.output {
            assert_eq!(output, &output_of(row), "{told}");
        }
        if let Some((width, height)) = planned.size_px
            && row.width_px.is_some()
        {
            assert_eq!((Some(width), Some(height)), (row.width_px, row.height_px), "{told}");
        }
    }
}

#[test]
fn a_dry_run_says_of_every_item_what_the_run_does_whatever_is_asked_for() {
    let policies = [ConflictPolicy::Rename, ConflictPolicy::Skip, ConflictPolicy::Overwrite, ConflictPolicy::Fail];
    let desk = Desk::command_line();
    let inputs = inputs(&desk);
    for (number, request) in requests().into_iter().enumerate() {
        // Every pair of a request, a policy and a name, but not every triple.
        let names = ["{stem}", "same", "{stem}-{width}", "{hash}"].into_iter().enumerate();
        let pairs =
            names.flat_map(|(n, name)| policies.iter().enumerate().map(move |(p, policy)| (n + p, name, *policy)));
        for (_, name, policy) in pairs.filter(|(sum, ..)| (sum + number) % 2 == 0) {
            let mut spec = spec(&desk, &inputs, request.clone());
            spec.output_mut().sink.on_conflict = policy;
            spec.output_mut().sink.name = name.to_owned();
            spec.output_mut().sink.dir = Some(desk.path(&format!("out-{number}-{policy:?}-{name}")));
            // The second time every name is taken.
            for round in 1..=2 {
                let what = format!("{request:?} {policy:?} {name} round {round}");
                let planned = plan(&spec);
                let rows = desk.run(spec.clone());
                assert_eq!(planned.len(), rows.len(), "{what}");
                for (planned, row) in planned.iter().zip(&rows) {
                    check(planned, row, &what);
                    // Before the work, only a hash of rendered bytes and a size that the pixels decide are unknown.
                    let is_rendered = !(request.0.steps.is_empty() && request.1 == Save::default());
                    let is_unknown = planned.output.is_none() && planned.error.is_none();
                    assert!(!is_unknown || (is_rendered && name.len() > "{stem}".len() || name == "{hash}"), "{what}");
                }
            }
        }
    }
}

#[test]
fn an_image_without_an_extension_is_planned_and_saved_with_that_of_its_format() {
    let desk = Desk::command_line();
    let photo = desk.put("photo", png(30, 20, 1));
    let mut spec = desk.copies(vec![file(&photo)]);
    assert_eq!(plan(&spec)[0].output, Some(desk.out().join("photo.png")));
    assert_eq!(output_of(&desk.run(spec.clone())[0]), desk.out().join("photo.png"));
    spec.output_mut().sink.on_conflict = ConflictPolicy::Skip;
    let planned = &plan(&spec)[0];
    assert!(planned.skipped && planned.output == Some(desk.out().join("photo.png")), "{planned:?}");
    assert_eq!(desk.run(spec)[0].state, ItemState::Skipped);
}

#[test]
fn a_preview_weighs_or_refuses_an_item_as_the_run_does() {
    let desk = Desk::window();
    let inputs = inputs(&desk);
    for request in requests() {
        let spec = spec(&desk, &inputs, request.clone());
        let rows = desk.run(spec);
        let job = rows[0].id.job;
        desk.send(Command::Show(job));
        for row in &rows {
            let id = ItemId { job, seq: row.id.seq };
            let (recipe, save) = request.clone();
            let view = PreviewRequest { id, recipe, save, zoom: Zoom::Fit, area_px: (64, 64) };
            desk.handle().want_preview(Some(view.clone()));
            let content = desk.wait_for("the preview is complete", |_| {
                let preview = desk.handle().preview();
                (preview.request.as_ref() == Some(&view) && !preview.pending).then(|| preview.content.clone())
            });
            let name = row.locator.short_name();
            match content {
                PreviewContent::Picture(picture) => {
                    assert_eq!(row.state, ItemState::Done, "{name} {request:?} {row:?}");
                    assert_eq!(picture.after_bytes, Some(row.bytes_out), "{name} {request:?}");
                }
                // A file that can't be decoded may be saved all the same, copied or stripped, but there is nothing to see.
                PreviewContent::Failed(error) => {
                    let is_not_decoded = row.state == ItemState::Done
                        && (row.hash.is_some() || request.1.metadata == MetadataPolicy::Strip);
                    let kind = row.error.as_ref().map(|error| error.kind);
                    assert!(is_not_decoded || kind == Some(error.kind), "{name} {request:?}: {error} {row:?}");
                    assert_eq!(error.arg("name"), row.locator.to_string(), "{error:?}");
                }
                other => panic!("{name} {request:?}: {other:?}"),
            }
        }
    }
}
