#![expect(clippy::unwrap_used, reason = "tests")]

use std::fmt::Write as _;

use super::decode::*;
use crate::codec::guard::control::DecodeControl;
use crate::codec::guard::isolated::on_deep_stack;
use crate::codec::spec::{DecodeOptions, FileHeader};
use crate::error::{ErrorKind, ItemError};
use crate::model::{Band, ImageInfo, Samples};

fn drawn(text: &str, downscale: f64) -> Result<(FileHeader, ImageInfo, Vec<u8>), ItemError> {
    let options = DecodeOptions { max_downscale: downscale, ..DecodeOptions::default() };
    let mut decoded = on_deep_stack(|| open(text.as_bytes(), &options, &DecodeControl::in_process()))?;
    let info = decoded.rows.info();
    let mut band = Band::empty(&info);
    decoded.rows.read_rows(info.height_px, &mut band)?;
    let Samples::U8(samples) = band.samples else { panic!("not 8 bits") };
    Ok((decoded.header, info, samples))
}

fn svg(size: &str, inside: &str) -> String {
    format!("<svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink' {size}>{inside}</svg>")
}

#[test]
fn a_drawing_has_its_own_size_and_straight_colours() {
    let text = svg("width='6' height='4.2'", "<rect width='3' height='9' fill='#f80' opacity='0.5'/>");
    let (header, info, samples) = drawn(&text, 1.0).unwrap();
    assert_eq!((header.info, info.width_px, info.height_px), (info, 6, 5));
    assert_eq!(probe(text.as_bytes(), 0).unwrap(), header);
    let [r, g, b, a] = samples[..4] else { panic!() };
    assert!(r >= 254 && g.abs_diff(136) <= 1 && b == 0 && a.abs_diff(128) <= 1, "{r} {g} {b} {a}");
    assert_eq!(samples[5 * 4..6 * 4], [0; 4]);
    // By its view box alone, and by units.
    let (header, ..) = drawn(&svg("viewBox='0 0 30 20'", ""), 1.0).unwrap();
    assert_eq!((header.info.width_px, header.info.height_px), (30, 20));
    let (header, ..) = drawn(&svg("width='1in' height='25.4mm'", ""), 1.0).unwrap();
    assert_eq!((header.info.width_px, header.info.height_px), (96, 96));
}

#[test]
fn a_smaller_image_is_drawn_at_its_size_and_not_scaled_down() {
    let text = svg("width='100' height='50'", "<rect width='50' height='50' fill='black'/>");
    let (header, info, samples) = drawn(&text, 3.0).unwrap();
    assert_eq!((header.info.width_px, header.info.height_px), (100, 50));
    assert_eq!((info.width_px, info.height_px), (34, 17));
    assert_eq!(samples[16 * 4..17 * 4], [0, 0, 0, 255]);
    assert_eq!(samples[17 * 4 + 3], 0, "the edge is sharp");
}

#[test]
fn texts_are_set_in_the_bundled_font_korean_too() {
    for text in ["Pixloom", "한글"] {
        let inside = format!("<text x='4' y='40' font-family='Comic Sans' font-size='32'>{text}</text>");
        let (_, _, samples) = drawn(&svg("width='160' height='60'", &inside), 1.0).unwrap();
        let inked = samples.chunks_exact(4).filter(|pixel| pixel[3] > 128).count();
        assert!(inked > 200, "{text}: {inked}");
    }
}

#[test]
fn nothing_outside_the_file_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let red = dir.path().join("red.png");
    image::RgbaImage::from_pixel(8, 8, image::Rgba([255, 0, 0, 255]))
        .save_with_format(&red, image::ImageFormat::Qoi)
        .unwrap();
    let path = red.to_str().unwrap();
    let inside = svg("width='8' height='8'", "<rect width='8' height='8' fill='red'/>");
    std::fs::write(dir.path().join("inner.svg"), &inside).unwrap();
    let inner = dir.path().join("inner.svg");
    for href in [path.to_owned(), format!("file://{path}"), inner.to_str().unwrap().to_owned()] {
        let image = format!("<image width='8' height='8' xlink:href='{href}'/>");
        let (_, _, samples) = drawn(&svg("width='8' height='8'", &image), 1.0).unwrap();
        assert!(samples.iter().all(|&sample| sample == 0), "{href} was read");
    }
    let entity = format!(
        "<!DOCTYPE svg [<!ENTITY e SYSTEM 'file://{path}'>]>{}",
        svg("width='8' height='8'", "<text>&e;</text>")
    );
    assert!(drawn(&entity, 1.0).is_err() || drawn(&entity, 1.0).unwrap().2.iter().all(|&sample| sample == 0));
    // Embedded images are drawn.
    let encoded: String = inside.bytes().fold(String::new(), |mut text, byte| {
        write!(text, "%{byte:02X}").unwrap();
        text
    });
    let image = format!("<image width='8' height='8' xlink:href='data:image/svg+xml,{encoded}'/>");
    let (_, _, samples) = drawn(&svg("width='8' height='8'", &image), 1.0).unwrap();
    assert_eq!(samples[..4], [255, 0, 0, 255]);
}

#[test]
fn bombs_are_refused_before_they_are_drawn() {
    // A billion laughs.
    let mut entities = "<!DOCTYPE svg [<!ENTITY a0 'ha'>".to_owned();
    for level in 1..20 {
        write!(entities, "<!ENTITY a{level} '{}'>", format!("&a{};", level - 1).repeat(10)).unwrap();
    }
    let laughs = format!("{entities}]>{}", svg("width='8' height='8'", "<text>&a19;</text>"));
    assert!(drawn(&laughs, 1.0).is_err());
    // Uses of uses of uses.
    let mut uses = "<g id='u0'><rect width='1' height='1'/></g>".to_owned();
    for level in 1..40 {
        let below = format!("<use xlink:href='#u{}'/>", level - 1).repeat(10);
        write!(uses, "<g id='u{level}'>{below}</g>").unwrap();
    }
    assert!(drawn(&svg("width='8' height='8'", &uses), 1.0).is_err());
    // Elements in elements, deeper than a thread's usual stack.
    let deep = format!("{}{}", "<g>".repeat(20_000), "</g>".repeat(20_000));
    let _ = drawn(&svg("width='8' height='8'", &deep), 1.0);
    // A pattern that uses itself.
    let own = "<pattern id='p' width='1' height='1'><rect width='9' height='9' fill='url(#p)'/></pattern>\
        <rect width='8' height='8' fill='url(#p)'/><g id='g'><use xlink:href='#g'/></g>";
    let _ = drawn(&svg("width='8' height='8'", own), 1.0);
    // Many layers as large as the canvas; and a pattern tile that is far larger.
    let layers = format!(
        "{}<rect width='9999' height='9999'/>{}",
        "<g opacity='0.9'><rect width='9999' height='9999'/>".repeat(100),
        "</g>".repeat(100)
    );
    let error = drawn(&svg("width='9000' height='9000'", &layers), 1.0).unwrap_err();
    assert_eq!(error.kind, ErrorKind::TooLarge, "{error:?}");
    let tile = "<pattern id='p' width='30000' height='30000' patternUnits='userSpaceOnUse'>\
        <rect width='30000' height='30000'/></pattern><rect width='8' height='8' fill='url(#p)'/>";
    let error = drawn(&svg("width='8' height='8'", tile), 1.0).unwrap_err();
    assert_eq!(error.kind, ErrorKind::TooLarge, "{error:?}");
    for size in ["width='100000' height='100000'", "width='1e30' height='2'", "width='60000' height='60000'"] {
        assert_eq!(probe(svg(size, "").as_bytes(), 0).unwrap_err().kind, ErrorKind::TooLarge, "{size}");
    }
}

#[test]
fn a_damaged_or_truncated_drawing_fails() {
    let text = svg("width='8' height='8'", "<rect width='3' height='9' fill='#f80'/>");
    assert_eq!(drawn(&text[..text.len() - 10], 1.0).unwrap_err().kind, ErrorKind::Truncated);
    let crossed = "<svg xmlns='http://www.w3.org/2000/svg'><a></b></svg>";
    assert_eq!(drawn(crossed, 1.0).unwrap_err().kind, ErrorKind::Corrupt);
}

#[test]
fn a_drawing_is_drawn_as_large_as_it_is_needed() {
    let text = svg("viewBox='0 0 8 8' width='8' height='8'", "<circle cx='4' cy='4' r='3'/>");
    let (header, info, samples) = drawn(&text, 8.0 / 1024.0).unwrap();
    assert_eq!((header.info.width_px, info.width_px, info.height_px), (8, 1024, 1024));
    // The area of a circle, as rsvg-convert -w 1024 draws it (to a pixel in a thousand), and a sharp edge.
    let inside: f64 = samples.chunks(4).map(|pixel| f64::from(pixel[3]) / 255.0).sum();
    assert!((inside / (std::f64::consts::PI * 384.0 * 384.0) - 1.0).abs() < 0.001, "{inside}");
    let partial = samples.chunks(4).filter(|pixel| !matches!(pixel[3], 0 | 255)).count();
    assert!(partial < 4 * 1024, "{partial}");
    // Beyond the limits it keeps its own size, which is then enlarged as pixels.
    assert_eq!(drawn(&text, 8.0 / 70_000.0).unwrap().1.width_px, 8);
}

#[test]
fn a_compressed_drawing_within_a_drawing_is_drawn() {
    use base64::Engine as _;
    use std::io::Write as _;
    let inside = svg("width='8' height='8'", "<rect width='9' height='9' fill='#f00'/>");
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(inside.as_bytes()).unwrap();
    let encoded = base64::engine::general_purpose::STANDARD.encode(packed.finish().unwrap());
    for kind in ["image/svg+xml", "image/svg+xml-compressed"] {
        let image = format!("<image width='8' height='8' xlink:href='data:{kind};base64,{encoded}'/>");
        let (_, _, samples) = drawn(&svg("width='8' height='8'", &image), 1.0).unwrap();
        assert_eq!(samples[..4], [255, 0, 0, 255], "{kind}");
    }
}
