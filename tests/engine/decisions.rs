//! What a dry run and a preview say about an item is what the run does, over many inputs, options and policies.

use std::fs;
use std::path::{Path, PathBuf};

use pixloom::engine::{Command, Planned, PlannedItem, PreviewContent, PreviewRequest, Zoom, dry_run, parse_save};
use pixloom::error::ErrorKind;
use pixloom::model::{
    ConflictPolicy, ItemId, ItemRow, ItemState, JobSpec, MetadataPolicy, RawChoice, Recipe, Save, SourceSpec, Step,
};

use super::desk::{Desk, file, long_edge, output_of, png, recipe, sample};

/// What is requested for the items: the steps, and the text of `--save`.
fn requests() -> Vec<(Recipe, Save)> {
    let save = |text: &str| parse_save(text).unwrap();
    vec![
        (Recipe::default(), Save::default()),
        (Recipe::default(), save("keep:metadata=strip")),
        (Recipe::default(), save("keep:frames=first")),
        (Recipe::default(), save("keep:quality=40")),
        (Recipe::default(), save("webp:effort=0")),
        (recipe(vec![Step::new("invert")]), Save::default()),
        (recipe(vec![long_edge(20), Step::new("rotate").with("degrees", 90.0)]), save("jpeg")),
        // The pixels decide how large the result is.
        (recipe(vec![long_edge(20), Step::new("trim")]), save("png")),
    ]
}

/// Inputs of every kind, some of them broken.
fn inputs(desk: &Desk) -> Vec<PathBuf> {
    let reference =
        |name: &str| fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference").join(name)).unwrap();
    let jpeg = reference("formats/jpeg_restarts.jpg");
    let short = sample("tulip-field.jpg")[..20_000].to_vec();
    [
        // A dry run decodes only the first images.
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
    dry_run(spec, None, &|| false, &mut |found| match found {
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
    assert_eq!(planned.output.is_none() && planned.error.is_none(), planned.pending_output.is_some(), "{told}");
    if let Some(pending) = &planned.pending_output {
        // Its name depends on the work. The plan shows which fields are unknown, and promises nothing about conflicts.
        if row.state == ItemState::Done {
            assert_eq!(without_number(&filled_in(pending, row)), without_number(&output_of(row)), "{told}");
        }
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

/// A planned path whose unknown fields get the values that the run recorded.
fn filled_in(pending: &Path, row: &ItemRow) -> PathBuf {
    let size = |px: Option<u32>| px.map(|px| px.to_string()).unwrap_or_default();
    let path = pending.to_str().unwrap();
    let hash = row.output_hash.clone().unwrap();
    PathBuf::from(
        path.replace("{hash}", &hash).replace("{width}", &size(row.width_px)).replace("{height}", &size(row.height_px)),
    )
}

/// A path without the ` (1)` that it gets if its name is taken.
fn without_number(path: &Path) -> PathBuf {
    let stem = path.file_stem().unwrap().to_str().unwrap();
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let plain = stem.strip_suffix(')').and_then(|stem| stem.rsplit_once(" (")).filter(|(_, number)| is_number(number));
    let extension = path.extension().map(|extension| format!(".{}", extension.to_str().unwrap())).unwrap_or_default();
    path.with_file_name(format!("{}{extension}", plain.map_or(stem, |(stem, _)| stem)))
}

#[test]
fn a_dry_run_says_what_the_run_does_with_every_item_for_any_request() {
    let policies = [ConflictPolicy::Rename, ConflictPolicy::Skip, ConflictPolicy::Overwrite, ConflictPolicy::Fail];
    let desk = Desk::command_line();
    let inputs = inputs(&desk);
    let copies = (Recipe::default(), Save::default());
    for (number, request) in requests().into_iter().enumerate() {
        // Every pair of a request, a policy and a name, but not every triple.
        let names = ["{stem}", "same", "{stem}-{width}", "{hash}", "{height}/{index}-{hash}", "{date}-{stem}"];
        let names = names.into_iter().enumerate();
        let pairs =
            names.flat_map(|(n, name)| policies.iter().enumerate().map(move |(p, policy)| (n, p, name, *policy)));
        for (n, _, name, policy) in pairs.filter(|(n, p, ..)| (n + p + number) % 2 == 0) {
            let mut spec = spec(&desk, &inputs, request.clone());
            spec.output_mut().sink.on_conflict = policy;
            spec.output_mut().sink.name = name.to_owned();
            spec.output_mut().sink.dir = Some(desk.path(&format!("out-{number}-{policy:?}-{n}")));
            // The second time every name is taken.
            for round in 1..=2 {
                let what = format!("{request:?} {policy:?} {name} round {round}");
                let planned = plan(&spec);
                let rows = desk.run(spec.clone());
                assert_eq!(planned.len(), rows.len(), "{what}");
                for (planned, row) in planned.iter().zip(&rows) {
                    check(planned, row, &what);
                    // Before the work, only the hash of rendered bytes and a size that the pixels decide are unknown.
                    let needs_size = name.contains("{width}") || name.contains("{height}");
                    let is_trimmed = request.0.steps.iter().any(|step| step.op == "trim");
                    let may_be_unknown = name.contains("{hash}") && request != copies || needs_size && is_trimmed;
                    assert!(planned.pending_output.is_none() || may_be_unknown, "{what}: {planned:?}");
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
fn a_preview_shows_the_size_or_the_refusal_of_an_item_as_the_run_records_it() {
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
            let view =
                PreviewRequest { id, recipe, save, raw: RawChoice::default(), zoom: Zoom::Fit, area_px: (64, 64) };
            desk.handle().want_preview(Some(view.clone()));
            let content = desk.wait_for("the preview is complete", |_| {
                let preview = desk.handle().preview();
                (preview.request.as_ref() == Some(&view) && !preview.pending).then(|| preview.content.clone())
            });
            let name = row.locator.short_name();
            match content {
                PreviewContent::Picture(picture) if desk.handle().preview().faults.is_empty() => {
                    assert_eq!(row.state, ItemState::Done, "{name} {request:?} {row:?}");
                    assert_eq!(picture.after_bytes, Some(row.bytes_out), "{name} {request:?}");
                }
                // The image without the step that fails it.
                PreviewContent::Picture(_) => {
                    assert_eq!(row.error.as_ref().map(|error| error.kind), Some(ErrorKind::Recipe), "{name} {row:?}");
                }
                // A file that can't be decoded may still be saved, copied or stripped, but there is nothing to show.
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
