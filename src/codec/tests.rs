//! The module's guarantees: round trips; truncated, forged and huge files; and metadata.

#![expect(clippy::unwrap_used, reason = "tests")]

mod animation;
mod colour_spaces;
mod damaged_files;
mod density;
mod encoders;
mod facts;
mod forged_animation;
mod gain_maps;
mod hdr;
#[cfg(feature = "heic")]
mod heic;
mod hostile;
mod metadata;
mod read_only;
pub(crate) mod reference;
mod sequences;
mod strip;
mod truncated_files;

use std::io::Cursor;
use std::sync::Arc;

use moxcms::{ColorProfile, Layout, TransformOptions};

use super::formats::known;
use super::spec::FormatSpec;
use super::*;
use crate::error::{ErrorKind, ItemError};
use crate::model::{
    Band, Channels, ColourChoice, Format, Image, ImageInfo, Metadata, MetadataPolicy, Orientation, SampleType, Samples,
    Save, TruncatedPolicy,
};

/// The 8-bit samples of a file that its format must recognise, and their channels.
pub(super) fn samples_of(spec: &FormatSpec, file: &[u8]) -> (Vec<u8>, Channels) {
    assert!((spec.sniff)(file));
    let mut opened = open(file, &DecodeOptions::default()).unwrap();
    let info = opened.rows.info();
    let mut band = Band::empty(&info);
    opened.rows.read_rows(info.height_px, &mut band).unwrap();
    let Samples::U8(samples) = band.samples else { panic!("8 bits") };
    (samples, info.channels)
}

const WRITABLE: [Format; 9] =
    [known::JPEG, known::PNG, known::WEBP, known::TIFF, known::AVIF, known::JXL, known::GIF, known::QOI, known::BMP];

fn info(width_px: u32, height_px: u32, channels: Channels, sample: SampleType) -> ImageInfo {
    ImageInfo { width_px, height_px, channels, sample, premultiplied: false }
}

/// An image with smooth gradients, so that lossy formats stay close to it.
fn slopes(info: ImageInfo) -> Image {
    let count = info.channels.count();
    let mut values = Vec::new();
    for y in 0..info.height_px {
        for x in 0..info.width_px {
            let (x, y) = (x as f32 / info.width_px as f32, y as f32 / info.height_px as f32);
            let pixel = [x, y, f32::midpoint(x, y), 0.25 + x / 2.0];
            values.extend(match count {
                1 => vec![pixel[0]],
                2 => vec![pixel[0], pixel[3]],
                count => pixel[..count].to_vec(),
            });
        }
    }
    let samples = match info.sample {
        SampleType::U8 => Samples::U8(values.iter().map(|v| (v * 255.0) as u8).collect()),
        SampleType::U16 => Samples::U16(values.iter().map(|v| (v * 65_535.0) as u16).collect()),
        SampleType::F32 => Samples::F32(values),
    };
    Image { info, samples, profile: None, metadata: Metadata::default() }
}

fn slice(samples: &Samples, range: std::ops::Range<usize>) -> Samples {
    match samples {
        Samples::U8(v) => Samples::U8(v[range].to_vec()),
        Samples::U16(v) => Samples::U16(v[range].to_vec()),
        Samples::F32(v) => Samples::F32(v[range].to_vec()),
    }
}

fn encode(image: &Image, format: Format, save: &Save) -> Result<Vec<u8>, ItemError> {
    let mut encoder = encoder(format, save, image.profile.clone(), &image.metadata)?;
    encoder.start(image.info)?;
    let row = image.info.row_samples();
    let mut y = 0;
    while y < image.info.height_px {
        let rows = 7.min(image.info.height_px - y);
        let samples = slice(&image.samples, y as usize * row..(y + rows) as usize * row);
        encoder.write_rows(&Band { width_px: image.info.width_px, rows, channels: image.info.channels, samples })?;
        y += rows;
    }
    encoder.finish()
}

fn decode_with(bytes: &[u8], options: &DecodeOptions) -> Result<Image, ItemError> {
    let mut opened = open(bytes, options)?;
    let info = opened.rows.info();
    let mut samples = Samples::empty(info.sample);
    let mut band = Band::empty(&info);
    let mut total = 0;
    loop {
        let rows = opened.rows.read_rows(16, &mut band)?;
        if rows == 0 {
            break;
        }
        assert_eq!(band.rows, rows);
        assert_eq!(band.samples.len(), rows as usize * info.row_samples());
        match (&mut samples, &band.samples) {
            (Samples::U8(all), Samples::U8(some)) => all.extend(some),
            (Samples::U16(all), Samples::U16(some)) => all.extend(some),
            (Samples::F32(all), Samples::F32(some)) => all.extend(some),
            _ => panic!("a band of another sample type"),
        }
        total += rows;
    }
    assert_eq!(total, info.height_px);
    Ok(Image { info, samples, profile: opened.profile, metadata: opened.metadata })
}

fn decode(bytes: &[u8]) -> Result<Image, ItemError> {
    decode_with(bytes, &DecodeOptions::default())
}

fn bytes_of(image: &Image) -> &[u8] {
    let Samples::U8(samples) = &image.samples else { panic!("not 8 bits") };
    samples
}

fn mean_difference(a: &Image, b: &Image) -> f64 {
    assert_eq!(a.info, b.info);
    let sum: u64 = bytes_of(a).iter().zip(bytes_of(b)).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    sum as f64 / bytes_of(a).len() as f64
}

fn lossless() -> Save {
    Save { lossless: true, metadata: MetadataPolicy::Keep, ..Save::default() }
}

fn keep() -> Save {
    Save { metadata: MetadataPolicy::Keep, ..Save::default() }
}

/// A small EXIF block: orientation, a camera's name, a GPS directory with a latitude, and a thumbnail at the end.
fn exif_block(orientation: u16, little: bool) -> Vec<u8> {
    let two = |v: u16| if little { v.to_le_bytes() } else { v.to_be_bytes() };
    let four = |v: u32| if little { v.to_le_bytes() } else { v.to_be_bytes() };
    let mut block = if little { b"II*\0".to_vec() } else { b"MM\0*".to_vec() };
    block.extend(four(8));
    let entry = |tag: u16, kind: u16, count: u32, value: [u8; 4]| {
        [two(tag).as_slice(), &two(kind), &four(count), &value].concat()
    };
    let short = |v: u16| [two(v), [0, 0]].concat().try_into().unwrap();
    block.extend(two(3));
    block.extend(entry(0x010F, 2, 9, four(50)));
    block.extend(entry(0x0112, 3, 1, short(orientation)));
    block.extend(entry(0x8825, 4, 1, four(60)));
    block.extend(four(114)); // the thumbnail's directory
    assert_eq!(block.len(), 50);
    block.extend(b"Pixmaker\0\0");
    block.extend(two(2));
    block.extend(entry(0x0001, 2, 2, *b"N\0\0\0"));
    block.extend(entry(0x0002, 5, 3, four(90)));
    block.extend(four(0));
    assert_eq!(block.len(), 90);
    block.extend([37, 1, 33, 1, 5959, 100].map(four).concat());
    block.extend(two(2));
    block.extend(entry(0x0201, 4, 1, four(144)));
    block.extend(entry(0x0202, 4, 1, four(10)));
    block.extend(four(0));
    assert_eq!(block.len(), 144);
    block.extend(b"\xFF\xD8thumb!\xFF\xD9");
    block
}

/// The same file with an EXIF block added by its own encoder.
fn with_exif(format: Format, exif: Vec<u8>, policy: MetadataPolicy) -> Vec<u8> {
    let mut image = slopes(info(24, 16, Channels::Rgb, SampleType::U8));
    image.metadata.exif = Some(exif.into());
    encode(&image, format, &Save { metadata: policy, ..Save::default() }).unwrap()
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

fn gif() -> Vec<u8> {
    let mut out = Vec::new();
    let frame = image::RgbaImage::from_fn(40, 30, |x, y| image::Rgba([x as u8 * 6, y as u8 * 8, 90, 255]));
    image::codecs::gif::GifEncoder::new(&mut out).encode_frame(image::Frame::new(frame)).unwrap();
    out
}

fn bmp() -> Vec<u8> {
    let mut out = Vec::new();
    let picture = slopes(info(41, 30, Channels::Rgb, SampleType::U8));
    image::codecs::bmp::BmpEncoder::new(&mut out)
        .encode(bytes_of(&picture), 41, 30, image::ExtendedColorType::Rgb8)
        .unwrap();
    out
}

/// One file of each format, large enough that cuts hit every part.
fn one_of_each() -> Vec<(Format, Vec<u8>)> {
    let picture = slopes(info(120, 90, Channels::Rgb, SampleType::U8));
    let mut files: Vec<_> =
        WRITABLE.iter().map(|&format| (format, encode(&picture, format, &keep()).unwrap())).collect();
    files.push((known::GIF, gif()));
    files.push((known::BMP, bmp()));
    files
}

#[test]
fn lossless_formats_give_back_every_sample() {
    for format in [known::PNG, known::WEBP, known::TIFF] {
        for channels in [Channels::Gray, Channels::Rgb, Channels::Rgba] {
            let picture = slopes(info(37, 23, channels, SampleType::U8));
            let back = decode(&encode(&picture, format, &lossless()).unwrap()).unwrap();
            if format == known::WEBP && channels == Channels::Gray {
                let gray: Vec<u8> = bytes_of(&back).iter().step_by(3).copied().collect();
                assert_eq!(gray, bytes_of(&picture));
            } else {
                assert_eq!(back.info, picture.info, "{format:?}");
                assert!(back.samples == picture.samples, "{format:?} {channels:?} changed samples");
            }
        }
    }
}

#[test]
fn sixteen_bits_survive_png_and_tiff_and_are_rounded_for_jpeg() {
    for format in [known::PNG, known::TIFF] {
        for channels in [Channels::Gray, Channels::Rgb, Channels::Rgba] {
            let picture = slopes(info(33, 19, channels, SampleType::U16));
            let back = decode(&encode(&picture, format, &lossless()).unwrap()).unwrap();
            assert_eq!(back.info, picture.info, "{format:?}");
            assert!(back.samples == picture.samples, "{format:?} {channels:?} changed samples");
        }
    }
    let flat = info(16, 16, Channels::Gray, SampleType::U16);
    let picture = Image { samples: Samples::U16(vec![129; 256]), ..slopes(flat) };
    let back = decode(&encode(&picture, known::WEBP, &lossless()).unwrap()).unwrap();
    assert_eq!(bytes_of(&back)[0], 1, "129 of 65,535 is nearer to 1 than to 0 of 255");
}

#[test]
fn lossy_formats_stay_close_to_the_image() {
    for (format, channels) in [
        (known::JPEG, Channels::Gray),
        (known::JPEG, Channels::Rgb),
        (known::WEBP, Channels::Rgb),
        (known::WEBP, Channels::Rgba),
    ] {
        let picture = slopes(info(101, 67, channels, SampleType::U8));
        let bytes = encode(&picture, format, &keep()).unwrap();
        assert_eq!(sniff(&bytes), Some(format));
        let difference = mean_difference(&decode(&bytes).unwrap(), &picture);
        assert!(difference < 2.5, "{format:?} {channels:?} is off by {difference}");
    }
}

#[test]
fn quality_has_an_effect_and_floats_outside_the_range_are_clamped() {
    let picture = slopes(info(64, 64, Channels::Rgb, SampleType::U8));
    for format in [known::JPEG, known::WEBP] {
        let size = |quality| encode(&picture, format, &Save { quality: Some(quality), ..keep() }).unwrap().len();
        assert!(size(20) < size(95));
    }
    let float = info(8, 8, Channels::Gray, SampleType::F32);
    let picture = Image { samples: Samples::F32(vec![9.0; 64]), ..slopes(float) };
    assert_eq!(bytes_of(&decode(&encode(&picture, known::PNG, &keep()).unwrap()).unwrap()), [255; 64]);
}

#[test]
fn alpha_is_blended_with_white_in_a_jpeg() {
    let clear = Image::from_u8(16, 16, Channels::Rgba, [0, 0, 0, 0].repeat(256));
    let back = decode(&encode(&clear, known::JPEG, &keep()).unwrap()).unwrap();
    assert_eq!(back.info.channels, Channels::Rgb);
    assert!(bytes_of(&back).iter().all(|&sample| sample >= 254));
    let half = Image::from_u8(16, 16, Channels::GrayAlpha, [0, 128].repeat(256));
    let back = decode(&encode(&half, known::JPEG, &keep()).unwrap()).unwrap();
    assert!(bytes_of(&back).iter().all(|&sample| sample.abs_diff(127) <= 1));
}

#[test]
fn every_orientation_is_reported_and_reset_in_kept_metadata() {
    for format in [known::JPEG, known::PNG, known::WEBP] {
        for value in 1..=8 {
            for little in [true, false] {
                let bytes = with_exif(format, exif_block(value, little), MetadataPolicy::Keep);
                let expected = Orientation::from_exif(u32::from(value));
                assert_eq!(probe(&bytes).unwrap().orientation, expected, "{format:?}");
                let opened = open(&bytes, &DecodeOptions::default()).unwrap();
                assert_eq!(opened.header.orientation, expected);
                let kept = opened.metadata.exif.unwrap();
                assert_eq!(crate::codec::meta::orientation(Some(&kept), None), Orientation::Upright);
                assert!(contains(&kept, b"Pixmaker"));
                assert!(!contains(&kept, b"thumb!"), "a thumbnail of the picture before it was turned");
                assert_eq!(kept.len(), 114);
            }
        }
    }
}

#[test]
fn without_gps_no_byte_of_a_position_is_left() {
    for little in [true, false] {
        let bytes = with_exif(known::TIFF, exif_block(1, little), MetadataPolicy::NoGps);
        assert!(!contains(&bytes, &5959u32.to_le_bytes()), "TIFF");
        let latitude = if little { 5959u32.to_le_bytes() } else { 5959u32.to_be_bytes() };
        for format in [known::JPEG, known::PNG, known::WEBP] {
            let bytes = with_exif(format, exif_block(1, little), MetadataPolicy::Keep);
            assert!(contains(&bytes, &latitude), "the test's own block");
            let bytes = with_exif(format, exif_block(1, little), MetadataPolicy::NoGps);
            assert!(!contains(&bytes, &latitude), "{format:?}");
            let kept = open(&bytes, &DecodeOptions::default()).unwrap().metadata.exif.unwrap();
            assert!(contains(&kept, b"Pixmaker"));
            assert!(!contains(&kept, &if little { [0x25, 0x88] } else { [0x88, 0x25] }), "the pointer's tag");
            let bytes = with_exif(format, exif_block(1, little), MetadataPolicy::Strip);
            assert_eq!(open(&bytes, &DecodeOptions::default()).unwrap().metadata, Metadata::default());
        }
    }
}

#[test]
fn xmp_loses_its_positions_and_keeps_the_rest() {
    let packet = r#"<x:xmpmeta xmlns:x="adobe:ns:meta/" xmlns:tiff="http://ns.adobe.com/tiff/1.0/"
        xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
        xmlns:dc="http://purl.org/dc/elements/1.1/"><rdf:RDF>
        <rdf:Description tiff:Orientation="6" exif:GPSLatitude="37,33N" dc:format="image/jpeg">
        <exif:GPSLongitude>126,59E</exif:GPSLongitude><dc:title>Home</dc:title></rdf:Description>
        </rdf:RDF></x:xmpmeta>"#;
    let mut picture = slopes(info(24, 16, Channels::Rgb, SampleType::U8));
    picture.metadata.xmp = Some(packet.as_bytes().into());
    picture.metadata.iptc = Some(b"\x1c\x02\x78\0\x05Hello".as_slice().into());
    for format in [known::JPEG, known::PNG, known::WEBP, known::TIFF, known::AVIF, known::JXL] {
        let bytes = encode(&picture, format, &Save::default()).unwrap();
        let metadata = open(&bytes, &DecodeOptions::default()).unwrap().metadata;
        let xmp = String::from_utf8(metadata.xmp.unwrap().to_vec()).unwrap();
        assert!(!xmp.contains("GPS") && !xmp.contains("126,59E") && !xmp.contains("37,33N"), "{xmp}");
        assert!(xmp.contains("<dc:title>Home</dc:title>") && xmp.contains(r#"dc:format="image/jpeg""#));
        assert!(xmp.contains(r#"tiff:Orientation="1""#), "{format:?}: {xmp}");
        if [known::JPEG, known::TIFF].contains(&format) {
            assert_eq!(metadata.iptc, picture.metadata.iptc, "{format:?}");
        }
    }
}

#[test]
fn a_display_p3_image_becomes_srgb_or_keeps_its_profile() {
    let profile: Arc<[u8]> = ColorProfile::new_display_p3().encode().unwrap().into();
    // A red within both gamuts.
    let mut srgb = vec![0; 3];
    ColorProfile::new_display_p3()
        .create_transform_8bit(Layout::Rgb, &ColorProfile::new_srgb(), Layout::Rgb, TransformOptions::default())
        .unwrap()
        .transform(&[150, 80, 60], &mut srgb)
        .unwrap();
    assert!(srgb[0] > 155, "P3 red is stronger: {srgb:?}");
    for format in [known::PNG, known::WEBP, known::TIFF, known::JPEG] {
        let mut picture = Image::from_u8(16, 16, Channels::Rgb, [150, 80, 60].repeat(256));
        picture.profile = Some(Arc::clone(&profile));
        let bytes = encode(&picture, format, &Save { quality: Some(100), ..lossless() }).unwrap();
        let converted = decode(&bytes).unwrap();
        assert_eq!(converted.profile, None);
        for (sample, expected) in bytes_of(&converted).iter().zip(srgb.iter().cycle()) {
            assert!(sample.abs_diff(*expected) <= 3, "{format:?}: {sample} is not {expected}");
        }
        // Luma is that of sRGB, which this file does not store.
        let luma = DecodeOptions { luma: true, ..DecodeOptions::default() };
        assert_eq!(decode_with(&bytes, &luma).unwrap(), converted);
        let options = DecodeOptions { colour: ColourChoice::Keep, ..DecodeOptions::default() };
        let kept = decode_with(&bytes, &options).unwrap();
        assert_eq!(kept.profile.as_ref(), Some(&profile), "{format:?}");
        assert!(bytes_of(&kept)[0].abs_diff(150) <= 2);
    }
}

#[test]
fn a_broken_profile_or_one_for_other_pixels_is_ignored() {
    let gray = ColorProfile::new_gray_with_gamma(2.2).encode().unwrap();
    let srgb = ColorProfile::new_srgb().encode().unwrap();
    for profile in [b"no profile at all".to_vec(), gray, srgb] {
        let picture = slopes(info(16, 16, Channels::Rgb, SampleType::U8));
        let extras = spec::Extras { profile: Some(profile.into()), metadata: Metadata::default() };
        let spec = formats::spec_of(known::PNG).and_then(|spec| spec.encoder.as_ref()).unwrap();
        let mut encoder = (spec.new)(&keep(), extras);
        encoder.start(picture.info).unwrap();
        let samples = picture.samples.clone();
        encoder.write_rows(&Band { width_px: 16, rows: 16, channels: Channels::Rgb, samples }).unwrap();
        let back = decode(&encoder.finish().unwrap()).unwrap();
        assert_eq!(back.profile, None);
        assert!(back.samples == picture.samples, "pixels were touched");
    }
}

#[test]
fn a_long_profile_survives_jpeg_in_parts() {
    let mut picture = slopes(info(16, 16, Channels::Rgb, SampleType::U8));
    // Display P3, padded as some makers do.
    let mut profile = ColorProfile::new_display_p3().encode().unwrap();
    profile.resize(150_000, 7);
    let length = (profile.len() as u32).to_be_bytes();
    profile[..4].copy_from_slice(&length);
    picture.profile = Some(profile.into());
    let bytes = encode(&picture, known::JPEG, &keep()).unwrap();
    let options = DecodeOptions { colour: ColourChoice::Keep, ..DecodeOptions::default() };
    assert_eq!(decode_with(&bytes, &options).unwrap().profile, picture.profile);
}

#[test]
fn a_file_cut_anywhere_ends_early() {
    for (format, bytes) in one_of_each() {
        assert!(decode(&bytes).is_ok(), "{format:?}");
        let end = bytes.len();
        for at in [3, 8, 20, end / 10, end / 4, end / 2, end * 3 / 4, end * 9 / 10, end - 40] {
            let error = decode(&bytes[..at]).map(|image| image.info).unwrap_err();
            // A few bytes of some formats prove nothing yet.
            let small = at <= 8 && error.kind == ErrorKind::NotAPicture;
            assert!(error.kind == ErrorKind::Truncated || small, "{format:?} cut at {at} of {end}: {error:?}");
        }
    }
}

#[test]
fn damaged_files_give_pixels_or_an_error_but_never_a_panic() {
    let mut state = 0x2545_F491_4F6C_DD1Du64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let mut with_blocks = one_of_each();
    for format in [known::JPEG, known::PNG, known::WEBP] {
        with_blocks.push((format, with_exif(format, exif_block(6, true), MetadataPolicy::Keep)));
    }
    for (format, bytes) in with_blocks {
        for _ in 0..200 {
            let mut damaged = bytes.clone();
            for _ in 0..=(random() % 6) {
                // Headers are damaged as often as pixels.
                let reach = if random() % 2 == 0 { damaged.len().min(200) } else { damaged.len() };
                let at = (random() % reach as u64) as usize;
                damaged[at] = random() as u8;
            }
            if let Ok(opened) = open(&damaged, &DecodeOptions::default()) {
                meta::by_policy(&opened.metadata, MetadataPolicy::NoGps);
            }
            match decode(&damaged) {
                Ok(image) => assert!(image.info.width_px > 0),
                Err(error) => assert_ne!(error.kind, ErrorKind::Panic, "{format:?}"),
            }
        }
    }
}

#[test]
fn a_header_that_claims_too_much_is_refused_at_once() {
    let mut png = encode(&slopes(info(8, 8, Channels::Rgb, SampleType::U8)), known::PNG, &keep()).unwrap();
    png[16..20].copy_from_slice(&100_000u32.to_be_bytes());
    png[20..24].copy_from_slice(&100_000u32.to_be_bytes());
    let mut wide = gif();
    wide[6..10].fill(0xFF);
    let mut bitmap = bmp();
    bitmap[18..22].copy_from_slice(&60_000u32.to_le_bytes());
    bitmap[22..26].copy_from_slice(&60_000u32.to_le_bytes());
    let mut jpeg = encode(&slopes(info(8, 8, Channels::Rgb, SampleType::U8)), known::JPEG, &keep()).unwrap();
    let frame = jpeg.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0xFF, 0, 0xFF, 0]);
    let mut page = encode(&slopes(info(8, 8, Channels::Rgb, SampleType::U8)), known::TIFF, &keep()).unwrap();
    let sides: Vec<usize> =
        (0..page.len() - 12).filter(|&at| matches!(page[at..at + 8], [0 | 1 | 22, 1, 4, 0, 1, 0, 0, 0])).collect();
    assert_eq!(sides.len(), 3, "ImageWidth, ImageLength and RowsPerStrip");
    for at in &sides {
        page[at + 8..at + 12].copy_from_slice(&30_000u32.to_le_bytes());
    }
    assert_eq!(open(&page, &DecodeOptions::default()).map(|_| ()).unwrap_err().kind, ErrorKind::Truncated);
    for (name, bytes) in [("PNG", &png), ("GIF", &wide), ("BMP", &bitmap), ("JPEG", &jpeg)] {
        assert_eq!(probe(bytes).unwrap_err().kind, ErrorKind::TooLarge, "{name}");
        assert_eq!(decode(bytes).map(|image| image.info).unwrap_err().kind, ErrorKind::TooLarge, "{name}");
    }
    // Within the limits, but far more than so few bytes can hold: refused before memory is allocated.
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0x75, 0x30, 0x75, 0x30]);
    assert_eq!(open(&jpeg, &DecodeOptions::default()).map(|_| ()).unwrap_err().kind, ErrorKind::Truncated);
}

#[test]
fn palettes_and_transparent_colours_become_plain_channels() {
    let mut out = Vec::new();
    let mut encoder = ::png::Encoder::new(&mut out, 2, 2);
    encoder.set_color(::png::ColorType::Indexed);
    encoder.set_depth(::png::BitDepth::One);
    encoder.set_palette(vec![10, 20, 30, 200, 210, 220]);
    encoder.set_trns(vec![255, 0]);
    encoder.write_header().unwrap().write_image_data(&[0b0100_0000, 0b1000_0000]).unwrap();
    let image = decode(&out).unwrap();
    assert_eq!(image.info.channels, Channels::Rgba);
    let (solid, clear) = ([10, 20, 30, 255], [200, 210, 220, 0]);
    assert_eq!(bytes_of(&image), [solid, clear, clear, solid].concat());
}

#[test]
fn an_interlaced_png_is_decoded() {
    // 2 x 2 in Adam7: pass 1 holds (0,0), pass 6 (1,0), pass 7 the second row. Deflate's blocks are stored.
    let rows = [0u8, 10, 0, 20, 0, 30, 40];
    let mut data = vec![0x78, 0x01, 0x01, rows.len() as u8, 0, !(rows.len() as u8), 0xFF];
    data.extend(rows);
    let (a, b) = rows.iter().fold((1u32, 0u32), |(a, b), &row| {
        let a = (a + u32::from(row)) % 65_521;
        (a, (b + a) % 65_521)
    });
    data.extend((b << 16 | a).to_be_bytes());
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    let header = [0, 0, 0, 2, 0, 0, 0, 2, 8, 0, 0, 0, 1];
    for (kind, data) in [(b"IHDR", header.as_slice()), (b"IDAT", &data), (b"IEND", &[])] {
        file.extend((data.len() as u32).to_be_bytes());
        let start = file.len();
        file.extend(kind);
        file.extend(data);
        let crc = file[start..].iter().fold(u32::MAX, |crc, &byte| {
            (0..8).fold(crc ^ u32::from(byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 })
        });
        file.extend((!crc).to_be_bytes());
    }
    let image = decode(&file).unwrap();
    assert_eq!(bytes_of(&image), [10, 20, 30, 40]);
    assert_eq!(decode(&file[..file.len() - 20]).map(|image| image.info).unwrap_err().kind, ErrorKind::Truncated);
}

#[test]
fn a_gif_gives_its_first_frame_and_a_bitmap_its_pixels() {
    let image = decode(&gif()).unwrap();
    assert_eq!((image.info.width_px, image.info.height_px, image.info.channels), (40, 30, Channels::Rgba));
    assert_eq!(probe(&gif()).unwrap().info, image.info);
    let image = decode(&bmp()).unwrap();
    assert!(image.samples == slopes(info(41, 30, Channels::Rgb, SampleType::U8)).samples);
}

#[test]
fn probe_and_open_report_the_same() {
    for (format, bytes) in one_of_each() {
        let header = probe(&bytes).unwrap();
        assert_eq!(header.format, format);
        let opened = open(&bytes, &DecodeOptions::default()).unwrap();
        assert_eq!(opened.header, header);
        assert_eq!(opened.rows.info(), header.info);
    }
}

#[test]
fn an_encoder_refuses_missing_rows_and_formats_that_are_read_only() {
    for format in WRITABLE {
        let mut encoder = encoder(format, &Save::default(), None, &Metadata::default()).unwrap();
        encoder.start(info(8, 8, Channels::Gray, SampleType::U8)).unwrap();
        let samples = Samples::U8(vec![0; 32]);
        encoder.write_rows(&Band { width_px: 8, rows: 4, channels: Channels::Gray, samples }).unwrap();
        assert_eq!(encoder.finish().unwrap_err().kind, ErrorKind::CantEncode, "{format:?}");
    }
    for format in [known::TGA, known::SVG, known::JP2, known::DDS, known::EXR, known::HDR, known::PDF] {
        let error = encoder(format, &Save::default(), None, &Metadata::default()).map(|_| ()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::CantEncode);
    }
}

#[test]
fn an_orientation_in_a_tiff_is_reported() {
    let mut out = Cursor::new(Vec::new());
    let mut encoder = ::tiff::encoder::TiffEncoder::new(&mut out).unwrap();
    let mut page = encoder.new_image::<::tiff::encoder::colortype::Gray8>(3, 2).unwrap();
    page.encoder().write_tag(::tiff::tags::Tag::Orientation, 6u16).unwrap();
    page.write_data(&[1, 2, 3, 4, 5, 6]).unwrap();
    assert_eq!(probe(out.get_ref()).unwrap().orientation, Orientation::Rotate90);
}

#[test]
fn an_animated_webp_gives_its_first_frame_on_the_canvas() {
    let frame = Image::from_u8(4, 2, Channels::Rgb, [200, 100, 50].repeat(8));
    let still = encode(&frame, known::WEBP, &lossless()).unwrap();
    let chunk = |kind: &[u8; 4], data: &[u8]| {
        let mut chunk = [kind.as_slice(), &(data.len() as u32).to_le_bytes(), data].concat();
        chunk.resize(chunk.len().next_multiple_of(2), 0);
        chunk
    };
    // A canvas of 6 x 4, the frame at (2, 2), for 100 ms.
    let frame_header = [1, 0, 0, 1, 0, 0, 3, 0, 0, 1, 0, 0, 100, 0, 0, 0];
    let body = [
        b"WEBP".to_vec(),
        chunk(b"VP8X", &[0b0001_0010, 0, 0, 0, 5, 0, 0, 3, 0, 0]),
        chunk(b"ANIM", &[0; 6]),
        chunk(b"ANMF", &[&frame_header, &still[12..]].concat()),
    ]
    .concat();
    let file = [b"RIFF".as_slice(), &(body.len() as u32).to_le_bytes(), &body].concat();
    let image = decode(&file).unwrap();
    assert_eq!((image.info.width_px, image.info.height_px, image.info.channels), (6, 4, Channels::Rgba));
    assert_eq!(bytes_of(&image)[..4], [0, 0, 0, 0]);
    assert_eq!(bytes_of(&image)[(2 * 6 + 2) * 4..][..4], [200, 100, 50, 255]);
}

#[test]
fn camera_and_position_are_kept_in_a_tiff() {
    for little in [true, false] {
        let bytes = with_exif(known::TIFF, exif_block(1, little), MetadataPolicy::Keep);
        let kept = open(&bytes, &DecodeOptions::default()).unwrap().metadata.exif.unwrap();
        assert!(contains(&kept, b"Pixmaker"));
        let fields = ::exif::Reader::new().read_raw(kept.to_vec()).unwrap();
        let latitude = fields.get_field(::exif::Tag::GPSLatitude, ::exif::In::PRIMARY).unwrap();
        assert_eq!(latitude.display_value().to_string(), "37 deg 33 min 59.59 sec");
    }
}

#[test]
fn a_camera_raw_file_is_not_taken_for_its_thumbnail() {
    let mut out = Cursor::new(Vec::new());
    let mut encoder = ::tiff::encoder::TiffEncoder::new(&mut out).unwrap();
    let mut page = encoder.new_image::<::tiff::encoder::colortype::Gray8>(3, 2).unwrap();
    page.encoder().write_tag(::tiff::tags::Tag::NewSubfileType, 1u32).unwrap();
    page.encoder().write_tag(::tiff::tags::Tag::SubIfd, 8u32).unwrap();
    page.write_data(&[1, 2, 3, 4, 5, 6]).unwrap();
    assert_eq!(probe(out.get_ref()).unwrap_err().kind, ErrorKind::Unsupported);
}

#[test]
fn streamed_formats_hold_little_memory_and_others_the_whole_image() {
    for (format, bytes) in one_of_each() {
        let header = probe(&bytes).unwrap();
        let held = decode_bytes(&bytes, &header);
        assert!(held > 0);
        if [known::WEBP, known::TIFF, known::GIF, known::BMP].contains(&format) {
            assert!(held >= header.info.size_bytes(), "{format:?}");
        }
    }
    let tall = info(8, 4000, Channels::Rgb, SampleType::U8);
    let bytes = encode(&slopes(tall), known::JPEG, &keep()).unwrap();
    assert!(decode_bytes(&bytes, &probe(&bytes).unwrap()) < tall.size_bytes() / 10);
}
