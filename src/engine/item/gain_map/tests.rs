//! Gain maps from file to file. The samples are written here, by the formats' descriptions, and results are read with the
//! parser of `ultrahdr-core` and an index reader of our own, so that no mistake of the code cancels itself.

#![expect(clippy::unwrap_used, reason = "tests")]

use ultrahdr_core::{GainMapMetadata, Iso21496Format, parse_iso21496_fmt, serialize_iso21496_fmt};

use super::super::render::{Prepared, Rendered, prepare};
use super::super::shared_render::{Branch, render_all};
use super::super::step_files::pipeline;
use super::super::stripped::stripped;
use crate::codec::{self, DecodeControl, DecodeOptions};
use crate::model::{
    Band, Channels, ColourChoice, Format, FormatChoice, HdrChoice, ImageInfo, LossReason, Metadata, MetadataPolicy,
    Part, Recipe, Remark, SampleType, Samples, Save, Step,
};

const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
const ISO: &[u8] = b"urn:iso:std:iso:ts:21496:-1\0";
const TITLE: &str = "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>\
    <rdf:Description rdf:about='' xmlns:xmp='http://ns.adobe.com/xap/1.0/' xmlns:dc='http://purl.org/dc/elements/1.1/' \
    xmp:Rating='4'><dc:rights><rdf:Alt><rdf:li xml:lang='x-default'>Own rights</rdf:li></rdf:Alt></dc:rights>\
    </rdf:Description></rdf:RDF></x:xmpmeta>";
/// The size of pictures, and of their maps.
const PICTURE: (u32, u32) = (320, 240);
const MAP: (u32, u32) = (80, 60);
const STOPS: f64 = 2.0;

/// How a sample describes its map.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Form {
    Google,
    Iso,
}

fn save(format: &str) -> Save {
    Save { format: FormatChoice::known(format), hdr: HdrChoice::Keep, quality: Some(95), ..Save::default() }
}

fn image(format: &str, info: ImageInfo, samples: Samples, metadata: &Metadata) -> Vec<u8> {
    let lossless = Save { quality: Some(100), metadata: MetadataPolicy::Keep, effort: Some(1), ..Save::default() };
    let mut encoder = codec::encoder(Format::known(format), &lossless, None, metadata).unwrap();
    encoder.start(info).unwrap();
    let band = Band { width_px: info.width_px, rows: info.height_px, channels: info.channels, samples };
    encoder.write_rows(&band).unwrap();
    encoder.finish().unwrap()
}

fn info((width_px, height_px): (u32, u32), channels: Channels, sample: SampleType) -> ImageInfo {
    ImageInfo { width_px, height_px, channels, sample, premultiplied: false }
}

/// A smooth pattern without symmetry, 0 to 1.
fn pattern(x: f64, y: f64) -> f64 {
    0.5 + 0.28 * (x * 5.0 + y).sin() + 0.2 * (y * 4.0 - 0.7 * x).cos()
}

fn samples((width, height): (u32, u32), value: impl Fn(f64, f64) -> f64) -> Vec<f64> {
    let at = |n: u32, of: u32| (f64::from(n) + 0.5) / f64::from(of);
    (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| value(at(x, width), at(y, height))).collect()
}

fn levels(values: &[f64]) -> Samples {
    Samples::U8(values.iter().map(|value| (value * 255.0).round() as u8).collect())
}

fn gains(x: f64, y: f64) -> f64 {
    pattern(1.0 - y, x)
}

fn parameters() -> GainMapMetadata {
    let mut parameters = GainMapMetadata::default();
    parameters.alternate_hdr_headroom = STOPS;
    for channel in &mut parameters.channels {
        (channel.min, channel.max, channel.gamma) = (0.0, STOPS, 1.0);
        (channel.base_offset, channel.alternate_offset) = (1.0 / 64.0, 1.0 / 64.0);
    }
    parameters
}

fn segment(marker: u8, payload: &[u8]) -> Vec<u8> {
    [&[0xFF, marker], &((payload.len() + 2) as u16).to_be_bytes()[..], payload].concat()
}

/// A picture with this map's file, with an index in this machine's other byte order.
fn beside(mut picture: Vec<u8>, map: &[u8], form: Form) -> Vec<u8> {
    if form == Form::Google {
        let list = format!(
            "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>\
             <rdf:Description xmlns:Container='http://ns.google.com/photos/1.0/container/' \
             xmlns:Item='http://ns.google.com/photos/1.0/container/item/' xmlns:hdrgm='http://ns.adobe.com/hdr-gain-map/1.0/' \
             xmlns:xmp='http://ns.adobe.com/xap/1.0/' xmp:Rating='4' hdrgm:Version='1.0'><Container:Directory><rdf:Seq>\
             <rdf:li rdf:parseType='Resource'><Container:Item Item:Semantic='Primary' Item:Mime='image/jpeg'/></rdf:li>\
             <rdf:li rdf:parseType='Resource'><Container:Item Item:Semantic='GainMap' Item:Mime='image/jpeg' \
             Item:Length='{}'/></rdf:li></rdf:Seq></Container:Directory></rdf:Description></rdf:RDF></x:xmpmeta>",
            map.len()
        );
        picture.splice(2..2, segment(0xE1, &[XMP, list.as_bytes()].concat()));
    } else {
        let mut index = b"MPF\0II*\0\x08\0\0\0\x03\0".to_vec();
        let entries =
            [(0xB000_u16, 7_u16, 4_u32, u32::from_le_bytes(*b"0100")), (0xB001, 4, 1, 2), (0xB002, 7, 32, 50)];
        for (tag, kind, count, value) in entries {
            index.extend([tag.to_le_bytes(), kind.to_le_bytes()].concat());
            index.extend([count.to_le_bytes(), value.to_le_bytes()].concat());
        }
        index.extend([0; 4]);
        let whole = picture.len() + 2 + 2 + 4 + 50 + 32 + 2 + 2 + ISO.len() + 4;
        // Offsets count from the byte order, which is 10 bytes after the beginning of the file.
        for number in [0x0003_0000, whole as u32, 0, 0, 0, map.len() as u32, whole as u32 - 10, 0] {
            index.extend(number.to_le_bytes());
        }
        let version = segment(0xE2, &[ISO, &[0; 4]].concat());
        picture.splice(2..2, [segment(0xE2, &index), version].concat());
        assert_eq!(picture.len(), whole);
    }
    picture.extend_from_slice(map);
    picture
}

/// The file of a map with its parameters.
fn map_file(values: &[f64], form: Form) -> Vec<u8> {
    let mut map = image("jpeg", info(MAP, Channels::Gray, SampleType::U8), levels(values), &Metadata::default());
    let described = if form == Form::Google {
        let xmp = format!(
            "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>\
             <rdf:Description xmlns:hdrgm='http://ns.adobe.com/hdr-gain-map/1.0/' hdrgm:Version='1.0' hdrgm:GainMapMin='0' \
             hdrgm:GainMapMax='{STOPS}' hdrgm:HDRCapacityMax='{STOPS}'/></rdf:RDF></x:xmpmeta>"
        );
        segment(0xE1, &[XMP, xmp.as_bytes()].concat())
    } else {
        let payload = serialize_iso21496_fmt(&parameters(), Iso21496Format::JpegApp2BodyWithUrn);
        segment(0xE2, &payload)
    };
    map.splice(2..2, described);
    map
}

fn picture() -> Vec<f64> {
    samples(PICTURE, pattern)
}

fn sample(form: Form) -> Vec<u8> {
    let metadata = Metadata { xmp: Some(TITLE.as_bytes().into()), ..Metadata::default() };
    // The list in XMP of one form comes first and is the one that is read.
    let own = if form == Form::Google { Metadata::default() } else { metadata };
    let base = image("jpeg", info(PICTURE, Channels::Gray, SampleType::U8), levels(&picture()), &own);
    beside(base, &map_file(&samples(MAP, gains), form), form)
}

fn prepared(bytes: &[u8], steps: &[Step], save: &Save) -> Prepared {
    let recipe = Recipe { steps: steps.to_vec(), ..Recipe::default() };
    let control = DecodeControl::in_process();
    prepare(bytes, &pipeline(&recipe).unwrap(), save, &control).unwrap().rewriting(bytes, &recipe, save)
}

fn render(bytes: &[u8], steps: &[Step], save: &Save) -> Rendered {
    prepared(bytes, steps, save).render(bytes, save, &DecodeControl::in_process()).unwrap()
}

/// Size, samples from 0 to 1 of the first channel.
fn decoded(bytes: &[u8]) -> ((usize, usize), Vec<f64>) {
    let options = DecodeOptions { colour: ColourChoice::Keep, ..DecodeOptions::default() };
    let mut opened = codec::open(bytes, &options).unwrap();
    let info = opened.rows.info();
    let mut values: Vec<f64> = Vec::new();
    let mut band = Band::empty(&info);
    while opened.rows.read_rows(64, &mut band).unwrap() > 0 {
        match &band.samples {
            Samples::U8(samples) => values.extend(samples.iter().map(|v| f64::from(*v) / 255.0)),
            Samples::U16(samples) => values.extend(samples.iter().map(|v| f64::from(*v) / 65_535.0)),
            Samples::F32(samples) => values.extend(samples.iter().map(|v| f64::from(*v))),
        }
    }
    let first = values.into_iter().step_by(info.channels.count()).collect();
    ((info.width_px as usize, info.height_px as usize), first)
}

/// Segments before the first scan: marker, where the payload is.
fn segments(file: &[u8]) -> Vec<(u8, std::ops::Range<usize>)> {
    let mut all = Vec::new();
    let mut at = 2;
    while file[at + 1] != 0xDA {
        let length = usize::from(u16::from_be_bytes([file[at + 2], file[at + 3]]));
        all.push((file[at + 1], at + 4..at + 2 + length));
        at += 2 + length;
    }
    all
}

fn payload<'a>(file: &'a [u8], marker: u8, name: &[u8]) -> Option<&'a [u8]> {
    let mut found =
        segments(file).into_iter().filter(|(found, at)| *found == marker && file[at.clone()].starts_with(name));
    found.next().map(|(_, at)| &file[at])
}

fn xmp(file: &[u8]) -> String {
    payload(file, 0xE1, XMP).map(|xmp| String::from_utf8_lossy(&xmp[XMP.len()..]).into_owned()).unwrap_or_default()
}

/// The picture and the map of a result, by its index, after everything that says where they are was compared.
fn parts(file: &[u8]) -> (&[u8], &[u8]) {
    let found =
        segments(file).into_iter().find(|(marker, at)| *marker == 0xE2 && file[at.clone()].starts_with(b"MPF\0"));
    let start = found.unwrap().1.start + 4;
    let number = |at: usize| u32::from_be_bytes(file[start + at..start + at + 4].try_into().unwrap()) as usize;
    assert_eq!(&file[start..start + 8], b"MM\0*\0\0\0\x08");
    let (list, count) =
        ((0..3).map(|n| 10 + n * 12).find(|at| number(*at) >> 16 == 0xB002).unwrap(), number(10 + 12 + 8));
    let list = number(list + 8);
    assert_eq!((count, number(list), number(list + 8)), (2, 0x0003_0000, 0));
    let (picture, map, offset) = (number(list + 4), number(list + 20), number(list + 24));
    assert_eq!((start + offset, start + offset + map), (picture, file.len()));
    let (picture, map) = file.split_at(picture);
    assert!(picture.ends_with(&[0xFF, 0xD9]) && map.starts_with(&[0xFF, 0xD8, 0xFF]) && map.ends_with(&[0xFF, 0xD9]));
    assert_eq!(payload(picture, 0xE2, ISO).unwrap().len(), ISO.len() + 4);
    let own = xmp(picture);
    assert!(own.contains(&format!("Item:Length=\"{}\"", map.len())) && own.contains("hdrgm:Version=\"1.0\""), "{own}");
    assert_eq!(own.matches("Container:Directory").count(), 2, "{own}");
    let iso = parse_iso21496_fmt(payload(map, 0xE2, ISO).unwrap(), Iso21496Format::JpegApp2BodyWithUrn).unwrap();
    let described = xmp(map);
    for (name, value) in [
        ("GainMapMax", iso.channels[0].max),
        ("OffsetSDR", iso.channels[0].base_offset),
        ("HDRCapacityMax", iso.alternate_hdr_headroom),
    ] {
        let text = described.split(&format!("hdrgm:{name}=\"")).nth(1).unwrap().split('"').next().unwrap();
        assert!((text.parse::<f64>().unwrap() - value).abs() < 1e-5, "{name}: {text}, {value}");
    }
    (picture, map)
}

/// The light of a pixel on a display that shows all of it, in stops (ISO 21496-1, 6).
fn stops(base: f64, gain: f64) -> f64 {
    let light = if base <= 0.040_45 { base / 12.92 } else { ((base + 0.055) / 1.055).powf(2.4) };
    let offset = 1.0 / 64.0;
    ((light + offset) * (gain * STOPS).exp2()).log2()
}

/// A map's value at a pixel of its picture, between the values around it.
fn sampled(((width, height), map): &((usize, usize), Vec<f64>), x: f64, y: f64) -> f64 {
    let axis = |at: f64, size: usize| {
        let at = (at * size as f64 - 0.5).clamp(0.0, (size - 1) as f64);
        (at as usize, (at as usize + 1).min(size - 1), at.fract())
    };
    let ((left, right, across), (top, bottom, down)) = (axis(x, *width), axis(y, *height));
    let row = |y: usize| map[y * width + left] * (1.0 - across) + map[y * width + right] * across;
    row(top) * (1.0 - down) + row(bottom) * down
}

/// All of a picture, after its map was applied.
fn light(picture: &[u8], map: &[u8]) -> Vec<f64> {
    let (((width, height), base), map) = (decoded(picture), decoded(map));
    let at = |n: usize, of: usize| (n as f64 + 0.5) / of as f64;
    let places = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    places.zip(base).map(|((x, y), base)| stops(base, sampled(&map, at(x, width), at(y, height)))).collect()
}

fn has_lost_map(remarks: &[Remark]) -> bool {
    remarks.iter().any(|remark| matches!(remark, Remark::LeftOut { parts, .. } if parts.contains(&Part::GainMap)))
}

fn crop(x: f64, y: f64, width: f64, height: f64) -> Step {
    Step::new("crop").with("x", x).with("y", y).with("width", width).with("height", height)
}

#[test]
fn the_light_of_a_result_is_that_of_the_same_steps_after_the_map_was_applied() {
    let (min, range) = (-7.0, 10.0);
    let (base, map) = (picture(), (MAP, samples(MAP, gains)));
    let map = ((map.0.0 as usize, map.0.1 as usize), map.1);
    let bright = samples(PICTURE, |x, y| {
        let at = (y * f64::from(PICTURE.1)) as usize * PICTURE.0 as usize + (x * f64::from(PICTURE.0)) as usize;
        (stops(base[at], sampled(&map, x, y)) - min) / range
    });
    let bright = Samples::U16(bright.iter().map(|value| (value * 65_535.0) as u16).collect());
    let bright = image("png", info(PICTURE, Channels::Gray, SampleType::U16), bright, &Metadata::default());
    let turn = |degrees: f64| Step::new("rotate").with("degrees", degrees);
    let flip = Step::new("flip").with("axis", "horizontal");
    let resize = |px: f64| Step::new("resize").with("long_edge", px);
    for steps in [
        vec![crop(33.0, 18.0, 170.0, 121.0)],
        vec![turn(90.0)],
        vec![turn(90.0), flip.clone(), crop(10.0, 50.0, 200.0, 140.0)],
        vec![resize(160.0)],
        vec![resize(37.0)],
        vec![resize(500.0)],
        vec![turn(7.0), crop(60.0, 60.0, 120.0, 90.0)],
        vec![flip, turn(-30.0), crop(140.0, 140.0, 120.0, 90.0), resize(90.0)],
        vec![Step::new("auto_levels").with("clip", 0.0), turn(180.0)],
    ] {
        let is_measured = steps[0].op == "auto_levels";
        let expected = if is_measured { &steps[1..] } else { &steps[..] };
        let expected = decoded(&render(&bright, expected, &Save { effort: Some(1), ..save("png") }).bytes);
        for form in [Form::Google, Form::Iso] {
            let rendered = render(&sample(form), &steps, &save("jpeg"));
            assert!(!has_lost_map(&rendered.remarks), "{:?}", rendered.remarks);
            let (picture, map) = parts(&rendered.bytes);
            let (size, _) = decoded(picture);
            assert_eq!(size, expected.0);
            // The map's share of the picture stays.
            let map_size = decoded(map).0;
            assert!(map_size.0.abs_diff(size.0.div_ceil(4)) <= 1 && map_size.1.abs_diff(size.1.div_ceil(4)) <= 1);
            if is_measured {
                continue;
            }
            let differences: Vec<f64> =
                light(picture, map).iter().zip(&expected.1).map(|(a, b)| (a - (b * range + min)).abs()).collect();
            let mean = differences.iter().sum::<f64>() / differences.len() as f64;
            assert!(mean < 0.06, "{steps:?}, {form:?}: {mean} stops");
        }
    }
}

#[test]
fn a_measured_cut_cuts_the_map_as_well() {
    // Half of the picture is a border that `trim` removes; the map says where a place came from.
    let base = samples(PICTURE, |x, y| if (0.25..0.75).contains(&x) && y > 0.5 { pattern(x, y) * 0.7 } else { 1.0 });
    let base = image("jpeg", info(PICTURE, Channels::Gray, SampleType::U8), levels(&base), &Metadata::default());
    let file = beside(base, &map_file(&samples(MAP, |x, _| x), Form::Iso), Form::Iso);
    for max_bytes in [None, Some(60_000)] {
        let steps = [Step::new("trim"), Step::new("resize").with("long_edge", 100.0)];
        let rendered = render(&file, &steps, &Save { max_bytes, quality: None, ..save("jpeg") });
        let (picture, map) = parts(&rendered.bytes);
        assert!(max_bytes.is_none_or(|most| rendered.bytes.len() as u64 <= most));
        let ((width, height), _) = decoded(picture);
        assert!(width == 100 && (70..80).contains(&height), "{width} x {height}");
        let map = decoded(map);
        for (x, expected) in [(0.1, 0.3), (0.5, 0.5), (0.9, 0.7)] {
            let value = sampled(&map, x, 0.5);
            assert!((value - expected).abs() < 0.03, "{x}: {value}");
        }
    }
}

#[test]
fn without_steps_the_map_keeps_its_pixels() {
    for form in [Form::Google, Form::Iso] {
        let rendered = render(&sample(form), &[], &save("jpeg"));
        let (_, map) = parts(&rendered.bytes);
        assert_eq!(decoded(map), decoded(&map_file(&samples(MAP, gains), form)), "{form:?}");
    }
}

#[test]
fn what_a_step_draws_or_adds_is_not_brightened() {
    let bar = [255, 255, 255, 255].repeat(40 * 8);
    let rgba = ImageInfo {
        width_px: 40,
        height_px: 8,
        channels: Channels::Rgba,
        sample: SampleType::U8,
        premultiplied: false,
    };
    let folder = tempfile::tempdir().unwrap();
    let logo = folder.path().join("logo.png");
    std::fs::write(&logo, image("png", rgba, Samples::U8(bar), &Metadata::default())).unwrap();
    let logo = Step::new("watermark_image").with("file", logo.to_str().unwrap()).with("opacity", 100.0);
    let logo = logo.with("scale", 50.0).with("position", "center");
    let border = Step::new("canvas").with("width", 400.0).with("height", 300.0);
    let corners = Step::new("rounded_corners").with("radius", 60.0);
    let values = |step: Step| {
        let rendered = render(&sample(Form::Iso), &[step], &save("jpeg"));
        decoded(parts(&rendered.bytes).1)
    };
    for (step, (x, y)) in [(logo, (0.5, 0.5)), (border, (0.01, 0.5)), (corners, (0.01, 0.01))] {
        let map = values(step.clone());
        assert!(sampled(&map, x, y) < 0.02, "{step:?}: {}", sampled(&map, x, y));
        let elsewhere = sampled(&map, 0.3, 0.25);
        assert!(elsewhere > 0.1, "{step:?}: {elsewhere}");
    }
    // Colours are the picture's alone.
    let darker = values(Step::new("brightness").with("amount", -40.0));
    assert_eq!(darker, decoded(&map_file(&samples(MAP, gains), Form::Iso)));
}

#[test]
fn metadata_stays_beside_the_map_and_policies_apply_to_it_alone() {
    let step = || [Step::new("resize").with("long_edge", 160.0)];
    for form in [Form::Google, Form::Iso] {
        let file = sample(form);
        let kept = render(&file, &step(), &Save { metadata: MetadataPolicy::Keep, ..save("jpeg") });
        let text = xmp(parts(&kept.bytes).0);
        assert!(text.contains("xmp:Rating='4'") && (form == Form::Google || text.contains("Own rights")), "{text}");
        let bare = render(&file, &step(), &Save { metadata: MetadataPolicy::Strip, ..save("jpeg") });
        let text = xmp(parts(&bare.bytes).0);
        assert!(!text.contains("Rating") && !text.contains("Own rights"), "{text}");
        assert_eq!(bare.remarks, []);
    }
}

#[test]
fn a_large_packet_beside_a_map_is_divided_and_complete() {
    let long = "x".repeat(65_000);
    let packet = TITLE.replace("Own rights", &long);
    let metadata = Metadata { xmp: Some(packet.as_bytes().into()), ..Metadata::default() };
    let base = image("jpeg", info(PICTURE, Channels::Gray, SampleType::U8), levels(&picture()), &metadata);
    let file = beside(base, &map_file(&samples(MAP, gains), Form::Iso), Form::Iso);
    let kept = render(&file, &[crop(0.0, 0.0, 100.0, 100.0)], &Save { metadata: MetadataPolicy::Keep, ..save("jpeg") });
    let (picture, _) = parts(&kept.bytes);
    let opened = codec::open(picture, &DecodeOptions::default()).unwrap();
    let whole = String::from_utf8(opened.metadata.xmp.unwrap().to_vec()).unwrap();
    assert!(whole.contains(&long) && whole.contains("xmp:Rating='4'"));
}

#[test]
fn a_standard_range_leaves_nothing_of_the_map_behind() {
    for form in [Form::Google, Form::Iso] {
        let file = sample(form);
        let sdr = Save { hdr: HdrChoice::Sdr, ..save("jpeg") };
        let with = render(&file, &[crop(0.0, 0.0, 100.0, 100.0)], &save("jpeg"));
        let without = render(&file, &[crop(0.0, 0.0, 100.0, 100.0)], &sdr);
        assert!(has_lost_map(&without.remarks));
        assert!(payload(&without.bytes, 0xE2, b"MPF\0").is_none() && payload(&without.bytes, 0xE2, ISO).is_none());
        assert!(!xmp(&without.bytes).contains("Container:") && !xmp(&without.bytes).contains("hdrgm:Version"));
        assert!(codec::find_gain_map(&without.bytes).is_none());
        assert_eq!(decoded(&without.bytes), decoded(parts(&with.bytes).0), "the picture is the same");
        // A format without maps.
        let png = render(&file, &[], &Save { effort: Some(1), ..save("png") });
        assert!(has_lost_map(&png.remarks), "{:?}", png.remarks);
    }
}

#[test]
fn the_limit_of_bytes_holds_for_picture_and_map_together() {
    let file = sample(Form::Iso);
    let mut kept = 0;
    for most in [4_000, 9_000, 12_000, 16_000, 30_000, 200_000] {
        let limited = Save { quality: None, max_bytes: Some(most), ..save("jpeg") };
        let rendered = render(&file, &[Step::new("flip").with("axis", "vertical")], &limited);
        assert!(rendered.bytes.len() as u64 <= most, "{most}: {}", rendered.bytes.len());
        if has_lost_map(&rendered.remarks) {
            assert!(codec::find_gain_map(&rendered.bytes).is_none() && most < 16_000, "{most}");
        } else {
            parts(&rendered.bytes);
            kept += 1;
        }
    }
    assert!((2..6).contains(&kept), "{kept}");
}

#[test]
fn files_that_are_rewritten_without_loss_keep_the_map_or_lose_all_of_it() {
    let keep = save("jpeg");
    let keep = Save { quality: None, format: FormatChoice::Keep, ..keep };
    let turn = [Step::new("rotate").with("degrees", 90.0)];
    for form in [Form::Google, Form::Iso] {
        let file = sample(form);
        let lossless = render(&file, &turn, &Save { lossless_jpeg: true, ..keep.clone() });
        let refused = |why: &Remark| matches!(why, Remark::NotLossless { why: LossReason::Steps | LossReason::Data });
        assert!(!lossless.remarks.iter().any(refused), "{:?}", lossless.remarks);
        let (picture, map) = parts(&lossless.bytes);
        let rendered = render(&file, &turn, &save("jpeg"));
        let (_, same) = parts(&rendered.bytes);
        assert_eq!(decoded(map), decoded(same));
        assert_eq!(decoded(picture).0, (240, 320));
        let progressive = render(&file, &[], &Save { progressive: true, ..keep.clone() });
        let (picture, map) = parts(&progressive.bytes);
        assert_eq!(decoded(picture).1, decoded(&file).1);
        assert_eq!(decoded(map).1, decoded(&map_file(&samples(MAP, gains), form)).1);
        let bare = Save { metadata: MetadataPolicy::Strip, ..keep.clone() };
        let image = stripped(&file, &Recipe::default(), &bare).unwrap();
        assert_eq!(image.remark, None);
        let (picture, _) = parts(&image.bytes);
        assert!(!xmp(picture).contains("Rating"));
        for save in [
            Save { lossless_jpeg: true, ..keep.clone() },
            Save { progressive: true, ..keep.clone() },
            Save { metadata: MetadataPolicy::Strip, ..keep.clone() },
        ] {
            let sdr = Save { hdr: HdrChoice::Sdr, ..save };
            let (bytes, is_lost) = if let Some(image) = stripped(&file, &Recipe::default(), &sdr) {
                (image.bytes, image.remark.is_some_and(|remark| has_lost_map(&[remark])))
            } else {
                let rendered = render(&file, if sdr.lossless_jpeg { &turn } else { &[] }, &sdr);
                (rendered.bytes, has_lost_map(&rendered.remarks))
            };
            assert!(is_lost && codec::find_gain_map(&bytes).is_none() && !xmp(&bytes).contains("hdrgm:Version"));
            assert!(payload(&bytes, 0xE2, b"MPF\0").is_none());
        }
    }
}

#[test]
fn several_results_of_one_decode_have_their_own_maps() {
    let file = sample(Form::Iso);
    let save = save("jpeg");
    let recipes = [vec![], vec![Step::new("resize").with("long_edge", 80.0)], vec![crop(0.0, 0.0, 100.0, 60.0)]];
    let prepared: Vec<Prepared> = recipes.iter().map(|steps| prepared(&file, steps, &save)).collect();
    let sdr = Save { hdr: HdrChoice::Sdr, ..save.clone() };
    let branches: Vec<Branch<'_>> =
        prepared.iter().map(|prepared| Branch { prepared, save: &save, is_made: true }).collect();
    let without = self::prepared(&file, &[], &sdr);
    let others = [Branch { prepared: &without, save: &sdr, is_made: true }];
    let branches = [branches, others.to_vec()].concat();
    let mut results = vec![Vec::new(); 4];
    render_all(&file, &branches, &DecodeControl::in_process(), &mut |at, rendered| {
        results[at] = rendered.unwrap().bytes;
    });
    for (result, (width, height)) in results.iter().zip([(80, 60), (20, 15), (25, 15)]) {
        assert_eq!(decoded(parts(result).1).0, (width, height));
    }
    assert!(codec::find_gain_map(&results[3]).is_none());
}

#[test]
fn steps_that_results_share_move_each_map_once() {
    let base = samples(PICTURE, |x, y| if (0.25..0.75).contains(&x) && y > 0.5 { pattern(x, y) * 0.7 } else { 1.0 });
    let base = image("jpeg", info(PICTURE, Channels::Gray, SampleType::U8), levels(&base), &Metadata::default());
    let file = beside(base, &map_file(&samples(MAP, |x, _| x), Form::Iso), Form::Iso);
    let save = save("jpeg");
    let turn = Step::new("rotate").with("degrees", 90.0);
    let small = Step::new("resize").with("long_edge", 60.0);
    for shared in [vec![Step::new("median"), turn.clone()], vec![Step::new("trim"), Step::new("median"), turn]] {
        let recipes = [vec![], vec![small.clone()]].map(|own: Vec<Step>| [shared.clone(), own].concat());
        let prepared = recipes.map(|steps| prepared(&file, &steps, &save));
        let branches = prepared.each_ref().map(|prepared| Branch { prepared, save: &save, is_made: true });
        let mut results = [Vec::new(), Vec::new()];
        let control = DecodeControl::in_process();
        render_all(&file, &branches, &control, &mut |at, rendered| results[at] = rendered.unwrap().bytes);
        for (result, prepared) in results.iter().zip(&prepared) {
            let alone = prepared.render(&file, &save, &control).unwrap().bytes;
            let ((size, map), (same_size, same)) = (decoded(parts(result).1), decoded(parts(&alone).1));
            assert_eq!(size, same_size);
            assert!(map.iter().zip(&same).all(|(a, b)| (a - b).abs() < 0.02));
        }
    }
}

#[test]
fn a_damaged_map_costs_the_map_and_a_warning() {
    for form in [Form::Google, Form::Iso] {
        let mut file = sample(form);
        let coded = file.len() - 400;
        file[coded..].fill(0xFF);
        let rendered = render(&file, &[crop(0.0, 0.0, 100.0, 100.0)], &save("jpeg"));
        assert!(has_lost_map(&rendered.remarks), "{:?}", rendered.remarks);
        assert!(codec::find_gain_map(&rendered.bytes).is_none() && !xmp(&rendered.bytes).contains("hdrgm:Version"));
        let cut = sample(form);
        let cut = &cut[..cut.len() - 900];
        assert!(codec::find_gain_map(cut).is_none());
        assert!(has_lost_map(&render(cut, &[], &save("jpeg")).remarks));
    }
}

#[test]
fn a_map_that_is_larger_than_its_picture_or_in_itself_is_not_used() {
    let base = || {
        image(
            "jpeg",
            info((40, 30), Channels::Gray, SampleType::U8),
            levels(&samples((40, 30), pattern)),
            &Metadata::default(),
        )
    };
    let map = map_file(&samples(MAP, gains), Form::Iso);
    let larger = beside(base(), &map, Form::Iso);
    assert!(codec::find_gain_map(&larger).is_none());
    // A map whose own index says that it is beside itself.
    let nested = beside(sample(Form::Iso), &sample(Form::Iso), Form::Iso);
    assert!(codec::find_gain_map(&nested).is_none());
    // An index that leads to the picture itself, or nowhere.
    let file = sample(Form::Iso);
    for offset in [0_u32, 1, u32::MAX, u32::MAX - 9, file.len() as u32 - 11] {
        let mut lying = file.clone();
        let at = 2 + 4 + 4 + 50 + 16 + 8;
        lying[at..at + 4].copy_from_slice(&offset.to_le_bytes());
        assert!(codec::find_gain_map(&lying).is_none(), "{offset}");
    }
    // A header of the map that claims another size.
    let at = file.windows(9).rposition(|some| some[..2] == [0xFF, 0xC0] && some[5..9] == [0, 60, 0, 80]).unwrap();
    let mut lying = file.clone();
    lying[at + 5..at + 9].copy_from_slice(&[0xFF, 0xD0, 0xFF, 0xD0]);
    assert!(codec::find_gain_map(&lying).is_none());
    lying[at + 5..at + 9].copy_from_slice(&[0, 240, 1, 64]);
    assert!(codec::find_gain_map(&lying).is_some());
    assert!(has_lost_map(&render(&lying, &[], &save("jpeg")).remarks), "its data is too short");
}

#[test]
fn changed_bytes_never_fail_what_their_picture_does_not() {
    let control = DecodeControl::in_process();
    let mut random = 0x2545_F491_4F6C_DD1D_u64;
    let mut next = |below: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random >> 11) as usize % below
    };
    let mut found = [0; 2];
    for form in [Form::Google, Form::Iso] {
        let file = sample(form);
        let picture = file.len() - map_file(&samples(MAP, gains), form).len();
        for _ in 0..400 {
            let mut changed = file.clone();
            for _ in 0..=next(3) {
                // Half of the changes are in what describes the map.
                let at = if next(2) == 0 { next(700) } else { picture + next(file.len() - picture) };
                changed[at] = next(256) as u8;
            }
            if next(4) == 0 {
                changed.truncate(picture + next(file.len() - picture));
            }
            let Some(map) = codec::find_gain_map(&changed) else { continue };
            found[0] += 1;
            if let Some(map) = codec::read_gain_map(&changed, &map, &control).unwrap() {
                found[1] += 1;
                let (width, height) = (map.info().width_px, map.info().height_px);
                assert!(width <= 320 && height <= 240 && map.neutral().iter().all(|value| value.is_finite()));
                assert!(codec::coded_gain_map(&map, Format::known("jpeg"), None).unwrap().is_some());
            }
        }
    }
    assert!(found[0] > 100 && found[1] > 50, "{found:?}");
}

#[test]
fn memory_for_the_map_is_counted() {
    let file = sample(Form::Iso);
    let steps = [Step::new("rotate").with("degrees", 20.0)];
    let bytes = |hdr| prepared(&file, &steps, &Save { hdr, ..save("jpeg") }).peak_bytes(0);
    // The whole map on the grid of the picture, for a rotation.
    assert!(bytes(HdrChoice::Keep) >= bytes(HdrChoice::Sdr) + 320 * 240 + 80 * 60);
}
