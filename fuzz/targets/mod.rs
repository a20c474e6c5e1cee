//! What is fuzzed: one function for each part of Pixloom that reads bytes from strangers. It must return, whatever the
//! bytes are, and keep the promises that it asserts.
//!
//! Used by `fuzz_targets/` (libFuzzer) and by `tests/fuzz.rs` (the corpus and mutants of it, as plain tests).

use std::collections::HashMap;
use std::ops::ControlFlow;

use pixloom::codec::{
    self, DecodeControl, DecodeOptions, encoder, open_cancellable, open_frames, probe, register_formats, sniff,
    stripped,
};
use pixloom::engine::{parse_save, parse_step, recipe_file};
use pixloom::error::{ErrorKind, ItemError};
use pixloom::fetch::{name_from_url, robots_allow, safe_file_name};
use pixloom::model::{
    Band, ColourChoice, FieldValues, Format, Locator, Metadata, MetadataPolicy, Output, RawChoice, Samples, Save,
    SinkSpec, TruncatedPolicy,
};
use pixloom::sink::Template;
use pixloom::source::{Reading, columns, find_links, read, url_list};

/// Images above this are not decoded: a fuzzer should not spend its time on large ones.
const MAX_PIXELS: u64 = 1 << 20;
/// Rows of a list that are read at most.
const MAX_ROWS: usize = 10_000;
/// Rows read at once; odd, so that bands begin anywhere.
const ROWS: u32 = 7;

/// A part of Pixloom, and how it is fed.
pub(crate) struct Target {
    /// Also the name of its corpus.
    pub(crate) name: &'static str,
    pub(crate) run: fn(&[u8], &DecodeControl<'_>),
}

/// All of them.
pub(crate) const TARGETS: &[Target] = &[
    Target { name: "decode_jpeg", run: |data, control| decode("jpeg", data, control) },
    Target { name: "decode_png", run: |data, control| decode("png", data, control) },
    Target { name: "decode_webp", run: |data, control| decode("webp", data, control) },
    Target { name: "decode_tiff", run: |data, control| decode("tiff", data, control) },
    Target { name: "decode_gif", run: |data, control| decode("gif", data, control) },
    Target { name: "decode_bmp", run: |data, control| decode("bmp", data, control) },
    Target { name: "decode_tga", run: |data, control| decode("tga", data, control) },
    Target { name: "decode_qoi", run: |data, control| decode("qoi", data, control) },
    Target { name: "decode_pnm", run: |data, control| decode("pnm", data, control) },
    Target { name: "decode_ico", run: |data, control| decode("ico", data, control) },
    Target { name: "decode_avif", run: |data, control| decode("avif", data, control) },
    Target { name: "decode_heic", run: |data, control| decode("heic", data, control) },
    Target { name: "decode_jxl", run: |data, control| decode("jxl", data, control) },
    Target { name: "decode_svg", run: |data, control| decode("svg", data, control) },
    Target { name: "decode_raw", run: raw },
    Target { name: "decode_jp2", run: |data, control| decode("jp2", data, control) },
    Target { name: "decode_dds", run: |data, control| decode("dds", data, control) },
    Target { name: "decode_exr", run: |data, control| decode("exr", data, control) },
    Target { name: "decode_hdr", run: |data, control| decode("hdr", data, control) },
    Target { name: "decode_pdf", run: |data, control| decode("pdf", data, control) },
    Target { name: "huffman", run: |data, _| huffman(data) },
    Target { name: "metadata", run: |data, control| metadata(data, control) },
    Target { name: "lists", run: |data, _| lists(data) },
    Target { name: "links", run: |data, _| pasted_links(data) },
    Target { name: "recipes", run: |data, _| recipes(data) },
    Target { name: "names", run: |data, _| names(data) },
    Target { name: "robots_txt", run: |data, _| robots_txt(data) },
];

/// Feeds one target.
pub(crate) fn run(name: &str, data: &[u8], control: &DecodeControl<'_>) {
    if let Some(target) = TARGETS.iter().find(|target| target.name == name) {
        (target.run)(data, control);
    }
}

/// Whether a file is of the format with that name.
fn is_format(data: &[u8], name: &str) -> bool {
    sniff(data).is_some_and(|format| format.name() == name)
}

/// Every failure is one of the input, never a defect.
fn is_known(error: &ItemError) {
    assert_ne!(error.kind, ErrorKind::Panic, "{error}");
}

/// Decodes a file of one format in every way there is. What the header says must be what comes.
fn decode(name: &str, data: &[u8], control: &DecodeControl<'_>) {
    if !is_format(data, name) {
        return;
    }
    let header = match codec::probe_with(data, 0, control) {
        Ok(header) => header,
        Err(error) => return is_known(&error),
    };
    if u64::from(header.info.width_px) * u64::from(header.info.height_px) > MAX_PIXELS {
        return;
    }
    let whole = DecodeOptions::default();
    let keep = DecodeOptions { truncated: TruncatedPolicy::Keep, colour: ColourChoice::Keep, ..whole };
    let small = DecodeOptions { max_downscale: 4.0, luma: true, ..whole };
    for options in [whole, keep, small] {
        if let Err(error) = read_all(data, &options, control) {
            is_known(&error);
        }
    }
    if header.frames > 1 && header.frames < 50 {
        let read = || -> Result<(), ItemError> {
            let mut opened = open_frames(data, &keep)?;
            let mut band = Band::empty(&opened.frames.picture().canvas);
            while opened.frames.next_frame()?.is_some() {
                let mut rows = opened.frames.rows();
                while rows.read_rows(ROWS, &mut band)? > 0 {}
            }
            Ok(())
        };
        if let Err(error) = read() {
            is_known(&error);
        }
    }
}

/// Decodes a camera raw file through its preview, and develops it.
fn raw(data: &[u8], control: &DecodeControl<'_>) {
    for choice in [RawChoice::Preview, RawChoice::Develop] {
        decode("raw", data, &control.reading_raw(choice));
    }
}

/// All samples of an image.
fn read_all(data: &[u8], options: &DecodeOptions, control: &DecodeControl<'_>) -> Result<Vec<u8>, ItemError> {
    let mut opened = open_cancellable(data, options, control)?;
    let info = opened.rows.info();
    let mut band = Band::empty(&info);
    let (mut all, mut rows) = (Vec::new(), 0);
    loop {
        let had = opened.rows.read_rows(ROWS, &mut band)?;
        if had == 0 {
            break;
        }
        rows += had;
        assert_eq!(band.samples.len(), info.row_samples() * had as usize, "a band has the rows that it says");
        match &band.samples {
            Samples::U8(samples) => all.extend_from_slice(samples),
            Samples::U16(samples) => all.extend(samples.iter().flat_map(|sample| sample.to_ne_bytes())),
            Samples::F32(samples) => all.extend(samples.iter().flat_map(|sample| sample.to_ne_bytes())),
        }
    }
    assert_eq!(rows, info.height_px, "all rows came, and no more");
    Ok(all)
}

/// Our Huffman decoder gives the pixels, or the failure, that libjpeg's gives.
fn huffman(data: &[u8]) {
    let is_small = probe(data)
        .is_ok_and(|header| u64::from(header.info.width_px) * u64::from(header.info.height_px) <= MAX_PIXELS);
    if !is_format(data, "jpeg") || !is_small {
        return;
    }
    let control = DecodeControl::in_process();
    for truncated in [TruncatedPolicy::Fail, TruncatedPolicy::Keep] {
        let read = |fast_huffman: bool| {
            let options = DecodeOptions { truncated, fast_huffman, ..DecodeOptions::default() };
            read_all(data, &options, &control).map_err(|error| error.kind)
        };
        assert!(read(true) == read(false), "libjpeg's Huffman decoder and ours differ");
    }
}

/// A file loses its metadata and keeps its pixels; and any bytes can be metadata of another file.
fn metadata(data: &[u8], control: &DecodeControl<'_>) {
    let isolated = ["avif", "heic", "jxl", "svg"].iter().any(|name| is_format(data, name));
    let header = if isolated { None } else { probe(data).ok() };
    if let (Some(header), Some(bare)) = (header, stripped(data).map(|stripped| stripped.bytes)) {
        let again = probe(&bare).expect("what was stripped is an image");
        assert_eq!((again.format, again.info), (header.format, header.info));
        if u64::from(header.info.width_px) * u64::from(header.info.height_px) <= MAX_PIXELS {
            let keep = DecodeOptions { colour: ColourChoice::Keep, ..DecodeOptions::default() };
            if let Ok(pixels) = read_all(data, &keep, control) {
                assert!(read_all(&bare, &keep, control).is_ok_and(|bare| bare == pixels), "its pixels stay");
            }
        }
    }
    let block = || Some(data.into());
    let metadata = Metadata { exif: block(), xmp: block(), iptc: block(), ..Metadata::default() };
    register_formats();
    for format in ["jpeg", "png", "webp", "tiff"].into_iter().filter_map(Format::named) {
        for policy in [MetadataPolicy::Keep, MetadataPolicy::NoGps] {
            let save = Save { metadata: policy, ..Save::default() };
            let write = || -> Result<Vec<u8>, ItemError> {
                let mut encoder = encoder(format, &save, None, &metadata)?;
                let image = pixloom::model::Image::from_u8(2, 1, pixloom::model::Channels::Rgb, vec![9; 6]);
                let mut band = Band::empty(&image.info);
                band.take_rows(&image.info, &image.samples, 0, 1);
                encoder.start(image.info)?;
                encoder.write_rows(&band)?;
                encoder.finish()
            };
            if let Ok(file) = write() {
                assert!(probe(&file).is_ok(), "what was written is an image");
            }
        }
    }
}

/// A list is read, or refused, whatever its name says it is.
fn lists(data: &[u8]) {
    let Ok(folder) = tempfile::tempdir() else { return };
    for extension in ["txt", "csv", "tsv", "jsonl", "json", "parquet", "csv.gz"] {
        let path = folder.path().join(format!("list.{extension}"));
        if std::fs::write(&path, data).is_err() {
            return;
        }
        let lists = pixloom::model::ListSpec::default();
        let source = url_list(&path);
        let _ = columns(&source, &lists);
        let reading = Reading { lists: &lists, ..Reading::default() };
        let mut count = 0;
        let _ = read(&source, &reading, &mut |_| {
            count += 1;
            if count < MAX_ROWS { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
    }
}

/// Links come out of any text, and each is one that can be written down and read again.
fn pasted_links(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let _ = find_links(&text);
    let locator = Locator::parse(&text);
    assert_eq!(Locator::parse(&locator.to_string()).to_string(), locator.to_string());
    if let Some(name) = name_from_url(&text) {
        is_safe(&name);
    }
}

/// A recipe that is read is the same after it was written and read again.
fn recipes(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let _ = parse_save(&text);
    if let Ok(step) = parse_step(&text) {
        let written = pixloom::engine::step_to_text(&step);
        assert_eq!(parse_step(&written).ok().as_ref(), Some(&step), "{written}");
    }
    if let Ok(file) = recipe_file::read(&text, "fuzz.toml") {
        let save = file.save.clone().unwrap_or_default();
        let named = file.outputs.iter().enumerate().map(|(n, output)| Output {
            name: output.name.clone().unwrap_or_else(|| format!("output {n}")),
            steps: output.steps.clone(),
            save: output.save.clone().unwrap_or_else(|| save.clone()),
            sink: SinkSpec::default().filling_in(&output.sink),
        });
        let mut outputs: Vec<Output> = named.collect();
        if outputs.is_empty() {
            outputs.push(Output { save: save.clone(), ..Output::default() });
        }
        let written = recipe_file::write(&file.recipe, &outputs);
        let again = recipe_file::read(&written, "again.toml").expect("what was written can be read");
        assert_eq!((again.recipe.steps.len(), again.outputs.len()), (file.recipe.steps.len(), file.outputs.len()));
    }
}

/// No name that is made of strangers' words leaves its folder.
fn names(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Some(name) = safe_file_name(&text) {
        is_safe(&name);
    }
    let (template, value) = text.split_once('\n').unwrap_or(("{stem}-{host}", &text));
    let Ok(template) = Template::parse(template) else { return };
    let locator = Locator::parse(&format!("https://{value}/{value}?{value}"));
    let columns = HashMap::from([("name".to_owned(), value.to_owned())]);
    let parts = FieldValues { columns, ..FieldValues::of(&locator, 1, "", None) };
    let name = template.render(&parts);
    let path = std::path::Path::new(&name);
    let stays = path.components().all(|part| matches!(part, std::path::Component::Normal(_)));
    assert!(stays, "{name:?}");
}

fn is_safe(name: &str) {
    assert!(!name.contains(['/', '\\', '\0']) && name != "." && name != "..", "{name:?}");
}

/// Any robots.txt gives an answer for any path.
fn robots_txt(data: &[u8]) {
    let (path, rules) = data.split_at(data.len().min(16));
    let _ = robots_allow(rules, &String::from_utf8_lossy(path));
    let _ = robots_allow(data, "/a/b?c=d");
}
