//! What a front end can look at: previews, thumbnails, pages of items.

use std::fs;

use pixloom::engine::{
    Command, ItemsFilter, ItemsPage, ItemsRequest, ItemsSort, PicturePreview, Preview, PreviewContent, PreviewRequest,
    Zoom,
};
use pixloom::error::ErrorKind;
use pixloom::model::{FormatChoice, ItemId, ItemState, JobId, RawChoice, Recipe, Save, Step};

use super::desk::{Desk, file, long_edge, output_of, pixels, png, read_png, recipe, sample_path, save_as, url};
use crate::util::server::{Server, ok};

/// Lists these files in a draft.
fn draft(desk: &Desk, sources: Vec<pixloom::model::SourceSpec>) -> JobId {
    let total = sources.len() as u64;
    desk.send(Command::Add(sources));
    desk.wait("they are listed", |snapshot| {
        snapshot.current.as_ref().is_some_and(|view| !view.counting && view.progress.total == total)
    });
    desk.current().id
}

fn request(id: ItemId, recipe: Recipe, zoom: Zoom) -> PreviewRequest {
    let save = Save { format: save_as("png"), ..Save::default() };
    PreviewRequest { id, recipe, save, raw: RawChoice::default(), zoom, area_px: (4000, 4000) }
}

/// Asks for a preview and waits for the first one: what comes out of the pipeline, not yet encoded.
fn first_look(desk: &Desk, request: &PreviewRequest) -> PreviewContent {
    desk.handle().want_preview(Some(request.clone()));
    desk.wait_for("a preview is there", |_| {
        let preview = desk.handle().preview();
        (preview.request.as_ref() == Some(request)).then(|| preview.content.clone())
    })
}

/// Asks for a preview and waits until it is whole.
fn look(desk: &Desk, request: &PreviewRequest) -> PreviewContent {
    desk.handle().want_preview(Some(request.clone()));
    desk.wait_for("the preview is there", |_| {
        let preview = desk.handle().preview();
        (preview.request.as_ref() == Some(request) && !preview.pending).then(|| preview.content.clone())
    })
}

fn picture(content: PreviewContent) -> PicturePreview {
    match content {
        PreviewContent::Picture(picture) => picture,
        other => panic!("{other:?}"),
    }
}

fn rgb(pixels: &pixloom::engine::Pixels) -> Vec<u8> {
    pixels.rgba.chunks_exact(4).flat_map(|pixel| pixel[..3].to_vec()).collect()
}

const FULL: Zoom = Zoom::Full { x: 0.5, y: 0.5 };

#[test]
fn at_full_size_a_preview_has_exactly_the_pixels_that_are_saved() {
    let desk = Desk::window();
    let sources = vec![file(&desk.put("a.png", png(180, 120, 1))), file(&sample_path("paper-hills-portrait.jpg"))];
    let job = draft(&desk, sources.clone());
    let sharpen = Step::new("sharpen").with("sigma", 1.0).with("amount", 0.8);
    for (seq, steps) in [
        (1, vec![]),
        (1, vec![long_edge(90), sharpen.clone()]),
        (1, vec![Step::new("gaussian_blur").with("sigma", 3.0), Step::new("grayscale")]),
        (2, vec![sharpen.clone(), Step::new("saturation").with("factor", 1.3)]),
        // The decoder itself makes it smaller first.
        (2, vec![long_edge(300), sharpen.clone()]),
    ] {
        let recipe = recipe(steps);
        let view = request(ItemId { job, seq }, recipe.clone(), FULL);
        let shown = picture(first_look(&desk, &view));
        let weighed = picture(look(&desk, &view)).after_bytes;
        let mut spec = desk.job(vec![sources[seq as usize - 1].clone()], recipe.steps.clone(), save_as("png"));
        spec.output_mut().sink.dir = Some(desk.out());
        let saved = desk.run(spec);
        let bytes = fs::read(output_of(&saved[0])).unwrap();
        let (width_px, height_px, saved) = read_png(&bytes);
        assert_eq!(shown.after_size_px, (width_px, height_px), "{recipe:?}");
        assert_eq!((shown.after.width_px, shown.after.height_px), (width_px, height_px), "{recipe:?}");
        let wrong = rgb(&shown.after).iter().zip(&saved).filter(|(a, b)| a != b).count();
        assert_eq!(wrong, 0, "{recipe:?}: of {} levels", saved.len());
        assert_eq!(weighed, Some(bytes.len() as u64), "{recipe:?}");
        assert!(!shown.approximate);
        desk.send(Command::Show(job));
    }
}

#[test]
fn panning_at_full_size_shows_the_pixels_that_are_saved() {
    let desk = Desk::window();
    // Larger than what is kept around the area, so that a drag leaves it.
    let source = file(&desk.put("a.png", png(900, 700, 1)));
    let job = draft(&desk, vec![source.clone()]);
    for steps in [
        vec![Step::new("gaussian_blur").with("sigma", 2.0), Step::new("rotate").with("degrees", 90.0)],
        vec![long_edge(800), Step::new("sharpen").with("sigma", 1.0)],
        vec![Step::new("rotate").with("degrees", 10.0)],
    ] {
        let saved = desk.run(desk.job(vec![source.clone()], steps.clone(), save_as("png")));
        let (width, height, saved) = read_png(&fs::read(output_of(&saved[0])).unwrap());
        desk.send(Command::Show(job));
        for (x, y) in [(0.1, 0.1), (0.13, 0.12), (0.9, 0.95), (0.5, 0.5), (0.0, 1.0)] {
            let view = PreviewRequest {
                area_px: (120, 90),
                ..request(ItemId { job, seq: 1 }, recipe(steps.clone()), Zoom::Full { x, y })
            };
            let shown = picture(first_look(&desk, &view));
            assert_eq!((shown.after_size_px, shown.after.width_px), ((width, height), 120));
            let start = |centre: f32, whole: u32, part: u32| {
                (centre * whole as f32 - part as f32 / 2.0).round().clamp(0.0, (whole - part) as f32) as usize
            };
            let (left, top) = (start(x, width, 120), start(y, height, 90));
            let expected: Vec<u8> = saved
                .chunks_exact(width as usize * 3)
                .skip(top)
                .take(90)
                .flat_map(|row| row[left * 3..(left + 120) * 3].to_vec())
                .collect();
            assert!(rgb(&shown.after) == expected, "{steps:?} at {x}, {y}");
            assert_eq!(shown.histogram[1].iter().sum::<u32>(), 120 * 90, "of what is seen");
        }
    }
}

#[test]
fn at_fit_size_a_preview_looks_like_the_result_scaled_down() {
    let desk = Desk::window();
    let source = file(&sample_path("aurora-lake.jpg"));
    let job = draft(&desk, vec![source.clone()]);
    for (steps, px) in [
        (vec![], 400),
        (vec![Step::new("gaussian_blur").with("sigma", 8.0), Step::new("saturation").with("factor", 1.4)], 400),
        (vec![long_edge(1200), Step::new("sharpen").with("sigma", 2.0).with("amount", 1.0)], 400),
    ] {
        let view =
            PreviewRequest { area_px: (400, 400), ..request(ItemId { job, seq: 1 }, recipe(steps.clone()), Zoom::Fit) };
        let shown = picture(first_look(&desk, &view)).after;
        // The result, then made as small as what is shown of it.
        let smaller =
            Step::new("resize").with("width", f64::from(shown.width_px)).with("height", f64::from(shown.height_px));
        let all = steps.iter().cloned().chain([smaller.with("fit", "exact")]).collect();
        let saved = desk.run(desk.job(vec![source.clone()], all, save_as("png")));
        let (width_px, height_px, saved) = read_png(&fs::read(output_of(&saved[0])).unwrap());
        assert_eq!(shown.width_px, px, "what is shown fills the area, and is not blown up to it");
        assert_eq!((shown.width_px, shown.height_px), (width_px, height_px));
        let off: u64 = rgb(&shown).iter().zip(&saved).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
        let mean = off as f64 / saved.len() as f64;
        assert!(mean <= 2.0, "{steps:?}: {mean} levels on average");
        desk.send(Command::Show(job));
    }
}

#[test]
fn a_preview_soon_shows_the_encoded_file() {
    let desk = Desk::window();
    let source = file(&sample_path("aurora-lake.jpg"));
    let job = draft(&desk, vec![source.clone()]);
    let save = Save { format: save_as("jpeg"), quality: Some(5), ..Save::default() };
    let steps = vec![long_edge(300)];
    let view = PreviewRequest { save: save.clone(), ..request(ItemId { job, seq: 1 }, recipe(steps.clone()), FULL) };
    let before = picture(first_look(&desk, &view)).after;
    let encoded = picture(look(&desk, &view));
    let mut spec = desk.job(vec![source], steps, save_as("jpeg"));
    spec.output_mut().save = save;
    let bytes = fs::read(output_of(&desk.run(spec)[0])).unwrap();
    assert_eq!(encoded.after_bytes, Some(bytes.len() as u64));
    let off: u64 = rgb(&before).iter().zip(rgb(&encoded.after)).map(|(a, b)| u64::from(a.abs_diff(b))).sum();
    assert!(off as f64 / before.rgba.len() as f64 > 1.0, "quality 5 is seen");
}

#[test]
fn a_preview_shows_before_and_after_and_the_sizes_of_their_files() {
    let desk = Desk::window();
    let bytes = png(60, 40, 1);
    let job = draft(&desk, vec![file(&desk.put("a.png", &bytes))]);
    let id = ItemId { job, seq: 1 };
    let shown = picture(look(&desk, &request(id, recipe(vec![Step::new("invert")]), FULL)));
    assert_eq!(rgb(&shown.before), pixels(60, 40, 1));
    let inverted: Vec<u8> = pixels(60, 40, 1).iter().map(|level| 255 - level).collect();
    assert_eq!(rgb(&shown.after), inverted);
    assert_eq!((shown.before_size_px, shown.after_size_px), ((60, 40), (60, 40)));
    assert_eq!(shown.before_bytes, bytes.len() as u64);
    assert!(shown.after_bytes.is_some_and(|size| size > 0));
    assert_eq!(shown.histogram[0].iter().sum::<u32>(), 60 * 40);
    // To fit, it is as small as the area.
    let fit = PreviewRequest { area_px: (30, 30), ..request(id, Recipe::default(), Zoom::Fit) };
    let shown = picture(look(&desk, &fit));
    assert_eq!((shown.after.width_px, shown.after.height_px), (30, 20));
    assert_eq!((shown.before.width_px, shown.after_size_px), (30, (60, 40)));
    desk.handle().want_preview(None);
    desk.wait("nothing is shown", |_| desk.handle().preview().request.is_none());
}

#[test]
fn a_newer_request_wins_and_an_older_one_is_never_answered_after_it() {
    let desk = Desk::window();
    let job = draft(&desk, vec![file(&sample_path("aurora-lake.jpg"))]);
    let id = ItemId { job, seq: 1 };
    let slow = |sigma: f64| request(id, recipe(vec![Step::new("gaussian_blur").with("sigma", sigma)]), FULL);
    for n in 0..30 {
        desk.handle().want_preview(Some(slow(5.0 + f64::from(n))));
    }
    let last = request(id, recipe(vec![long_edge(64)]), FULL);
    let shown = picture(look(&desk, &last));
    assert_eq!(shown.after_size_px.0, 64);
    let still = desk.handle().preview();
    assert_eq!(still.request, Some(last));
}

#[test]
fn a_preview_that_can_not_be_shown_says_why() {
    let desk = Desk::window();
    let sources = vec![
        file(&desk.put("letter.jpg", b"Dear Sir or Madam")),
        url("http://127.0.0.1:1/x.png".to_owned()),
        file(&desk.put("ok.png", png(9, 9, 1))),
    ];
    let job = draft(&desk, sources);
    let seq_of = |name: &str| desk.rows(job).into_iter().find(|row| row.locator.to_text().ends_with(name)).unwrap().id;
    match look(&desk, &request(seq_of("letter.jpg"), Recipe::default(), FULL)) {
        PreviewContent::Failed(error) => {
            assert_eq!(error.kind, ErrorKind::NotAPicture);
            assert!(error.to_string().contains("letter.jpg"), "{error}");
        }
        other => panic!("{other:?}"),
    }
    let content = look(&desk, &request(seq_of("x.png"), Recipe::default(), FULL));
    assert!(matches!(content, PreviewContent::NotFetched), "{content:?}");
    picture(look(&desk, &request(seq_of("ok.png"), Recipe::default(), FULL)));
}

#[test]
fn an_image_that_a_step_can_not_be_applied_to_is_shown_with_the_reason() {
    let desk = Desk::window();
    let sources = vec![file(&desk.put("small.png", png(9, 9, 1))), file(&desk.put("large.png", png(200, 150, 2)))];
    let job = draft(&desk, sources);
    let seq_of = |name: &str| desk.rows(job).into_iter().find(|row| row.locator.to_text().ends_with(name)).unwrap().id;
    let crop = Step::new("crop").with("x", 100.0).with("y", 0.0).with("width", 5.0).with("height", 5.0);
    let steps = recipe(vec![crop, Step::new("invert")]);
    for zoom in [FULL, Zoom::Fit] {
        let shown = picture(look(&desk, &request(seq_of("small.png"), steps.clone(), zoom)));
        let inverted: Vec<u8> = pixels(9, 9, 1).iter().map(|level| 255 - level).collect();
        assert_eq!((shown.after_size_px, rgb(&shown.after)), ((9, 9), inverted), "what the other step does");
        let preview = desk.handle().preview();
        let [fault] = preview.faults.as_ref() else { panic!("{preview:?}") };
        assert_eq!((fault.step_index, fault.is_of_item), (0, true));
        assert!(fault.why.to_string().contains("x=100 is outside the image, which is 9 px wide"), "{}", fault.why);
        assert_eq!(shown.after_bytes, None, "the size would be that of another result");
        let shown = picture(look(&desk, &request(seq_of("large.png"), steps.clone(), zoom)));
        assert_eq!((shown.after_size_px, desk.handle().preview().faults.len()), ((5, 5), 0));
    }
}

#[test]
fn a_preview_shows_the_text_of_its_item() {
    let desk = Desk::window();
    let sources = ["a.png", "b.png"].map(|name| file(&desk.put(name, png(200, 100, 3))));
    let job = draft(&desk, sources.to_vec());
    let drawn = |text: &str| recipe(vec![Step::new("watermark_text").with("text", text).with("size", 30.0)]);
    for (seq, text) in [(1, "a 01"), (2, "b 02")] {
        let of = |text: &str| picture(look(&desk, &request(ItemId { job, seq }, drawn(text), FULL))).after;
        assert!(rgb(&of("{stem} {index:02}")) == rgb(&of(text)), "{text}");
        assert!(rgb(&of("{stem} {index:02}")) != rgb(&of("x")));
    }
}

#[test]
fn fetched_text_is_shown_as_text_and_a_fetched_image_as_an_image() {
    let desk = Desk::window();
    let server = Server::start(|request| match request.path.as_str() {
        "/data" => ok("{\"한\": 1}", "application/json"),
        _ => ok(png(30, 20, 1), "image/png"),
    });
    let job = desk.submit(desk.copies(vec![url(server.url("/data")), url(server.url("/p.png"))]));
    desk.wait_end(job);
    match look(&desk, &request(ItemId { job, seq: 1 }, Recipe::default(), Zoom::Fit)) {
        PreviewContent::Text { text, size_bytes, content_type } => {
            assert_eq!((text.as_str(), size_bytes), ("{\"한\": 1}", 10));
            assert_eq!(content_type, "application/json");
        }
        other => panic!("{other:?}"),
    }
    let shown = picture(look(&desk, &request(ItemId { job, seq: 2 }, Recipe::default(), FULL)));
    assert_eq!(rgb(&shown.before), pixels(30, 20, 1));
}

#[test]
fn requested_thumbnails_arrive_or_say_why_there_is_none() {
    let desk = Desk::window();
    let sources = vec![
        file(&sample_path("aurora-lake.jpg")),
        file(&sample_path("paper-hills-portrait.jpg")),
        file(&desk.put("small.png", png(20, 10, 1))),
        file(&desk.put("letter.jpg", b"Dear Sir or Madam")),
    ];
    let job = draft(&desk, sources);
    let ids: Vec<ItemId> = (1..=4).map(|seq| ItemId { job, seq }).collect();
    desk.handle().want_thumbnails(ids.clone());
    let mut found = std::collections::BTreeMap::new();
    while found.len() < 4 {
        let thumbnail = desk.wait_for("a thumbnail", |_| desk.handle().take_thumbnail());
        assert!(found.insert(thumbnail.id.seq, thumbnail.pixels).is_none(), "each is given once");
    }
    let size = |seq: u64| found[&seq].as_ref().map(|pixels| (pixels.width_px, pixels.height_px)).unwrap();
    assert_eq!((size(1), size(2), size(3)), ((256, 171), (171, 256), (20, 10)));
    assert_eq!(found[&1].as_ref().unwrap().rgba.len(), 256 * 171 * 4);
    assert_eq!(found[&4].as_ref().unwrap_err().kind, ErrorKind::NotAPicture);
}

/// Asks for a page, again whenever items change, until it is as expected.
fn page(desk: &Desk, request: &ItemsRequest) -> std::sync::Arc<ItemsPage> {
    desk.handle().want_items(request.clone());
    desk.wait_for("the page is there", |snapshot| {
        let page = desk.handle().items().filter(|page| page.request == *request);
        let revision = snapshot.current.as_ref().unwrap().items_revision;
        if page.as_ref().is_none_or(|page| page.revision != revision) {
            desk.handle().want_items(request.clone());
            return None;
        }
        page
    })
}

#[test]
fn items_are_paged_filtered_and_sorted() {
    let desk = Desk::window();
    let mut sources: Vec<_> = (0..25).map(|n| file(&desk.put(&format!("p{n:02}.png"), png(10 + n, 10, n)))).collect();
    sources.push(file(&desk.put("Letter.png", b"Dear Sir or Madam")));
    sources.push(file(&desk.path("in/missing.png")));
    let job = desk.submit(desk.job(sources, vec![Step::new("invert")], FormatChoice::Keep));
    desk.wait_end(job);
    let all = ItemsRequest {
        job,
        filter: ItemsFilter::default(),
        sort: ItemsSort::Added,
        first_row: 0,
        rows: 1000,
        cursor: None,
    };
    let seqs = |request: &ItemsRequest| -> (u64, Vec<u64>) {
        let page = page(&desk, request);
        (page.total, page.rows.iter().map(|row| row.id.seq).collect())
    };
    let filter = |filter: ItemsFilter| ItemsRequest { filter, ..all.clone() };
    assert_eq!(seqs(&all), (27, (1..=27).collect()));
    assert_eq!(seqs(&ItemsRequest { first_row: 20, rows: 5, ..all.clone() }), (27, (21..=25).collect()));
    assert_eq!(seqs(&ItemsRequest { first_row: 1000, ..all.clone() }), (27, vec![]));
    let failed = ItemsFilter { state: Some(ItemState::Failed), ..ItemsFilter::default() };
    assert_eq!(seqs(&filter(failed)), (2, vec![26, 27]));
    let missing = ItemsFilter { kind: Some(ErrorKind::NotFound), ..ItemsFilter::default() };
    assert_eq!(seqs(&filter(missing)), (1, vec![27]));
    let text = ItemsFilter { text: "LETTER".to_owned(), ..ItemsFilter::default() };
    assert_eq!(seqs(&filter(text)), (1, vec![26]));
    let none = ItemsFilter { text: "no such name".to_owned(), ..ItemsFilter::default() };
    assert_eq!(seqs(&filter(none)), (0, vec![]));
    let by_size = page(&desk, &ItemsRequest { sort: ItemsSort::Size, rows: 25, ..all.clone() });
    assert!(by_size.rows.windows(2).all(|pair| pair[0].size_bytes >= pair[1].size_bytes), "{by_size:?}");
    let by_name = page(&desk, &ItemsRequest { sort: ItemsSort::Name, ..all.clone() });
    assert!(by_name.rows.windows(2).all(|pair| {
        pair[0].locator.to_text().to_lowercase() <= pair[1].locator.to_text().to_lowercase()
            || pair[0].locator.to_text() <= pair[1].locator.to_text()
    }));
    let by_state = page(&desk, &ItemsRequest { sort: ItemsSort::State, ..all.clone() });
    let states: Vec<_> = by_state.rows.iter().map(|row| row.state).collect();
    assert!(states.windows(2).all(|pair| pair[0] == pair[1] || pair[0] == ItemState::Done), "{states:?}");
}

#[test]
fn a_command_line_engine_serves_no_views() {
    let desk = Desk::command_line();
    let rows = desk.run(desk.copies(vec![file(&desk.put("a.png", png(9, 9, 1)))]));
    desk.handle().want_preview(Some(request(rows[0].id, Recipe::default(), FULL)));
    let Preview { request, pending, .. } = desk.handle().preview().as_ref().clone();
    assert!(request.is_none() && !pending);
}
