//! Checks the effects of save settings in the files themselves.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use crate::codec::formats::known;
use crate::codec::{DecodeOptions, Encoder, encoder, open};
use crate::error::ItemError;
use crate::model::{
    Band, Channels, ColourChoice, Format, Image, ImageInfo, Metadata, MetadataPolicy, Rgb, SampleType, Samples, Save,
    Subsampling, TiffCompression,
};

const ALL: [Channels; 4] = [Channels::Gray, Channels::GrayAlpha, Channels::Rgb, Channels::Rgba];

fn keep() -> Save {
    Save { metadata: MetadataPolicy::Keep, colour: ColourChoice::Keep, ..Save::default() }
}

/// Gradients with some noise in the lowest bits, and alpha from transparent to opaque.
fn picture(width_px: u32, height_px: u32, channels: Channels, sample: SampleType) -> Image {
    let mut values = Vec::new();
    for y in 0..height_px {
        for x in 0..width_px {
            let (across, down) = (x as f32 / width_px as f32, y as f32 / height_px as f32);
            let grain = (x.wrapping_mul(7_919) ^ y.wrapping_mul(104_729)) % 13;
            let colour = [across, down, f32::midpoint(across, 1.0 - down)].map(|v| v * 0.95 + grain as f32 / 300.0);
            let alpha = (across * 1.5 - 0.2).clamp(0.0, 1.0);
            match channels {
                Channels::Gray => values.push(colour[0]),
                Channels::GrayAlpha => values.extend([colour[0], alpha]),
                Channels::Rgb => values.extend(colour),
                Channels::Rgba => values.extend([colour[0], colour[1], colour[2], alpha]),
            }
        }
    }
    let samples = match sample {
        SampleType::U8 => Samples::U8(values.iter().map(|v| (v * 255.0) as u8).collect()),
        SampleType::U16 => Samples::U16(values.iter().map(|v| (v * 65_535.0) as u16).collect()),
        SampleType::F32 => Samples::F32(values),
    };
    let info = ImageInfo { width_px, height_px, channels, sample, premultiplied: false };
    Image { info, samples, profile: None, metadata: Metadata::default() }
}

fn write(image: &Image, encoder: &mut dyn Encoder) -> Result<(), ItemError> {
    encoder.start(image.info)?;
    let row = image.info.row_samples();
    let mut y = 0;
    while y < image.info.height_px {
        let rows = 5.min(image.info.height_px - y);
        let range = y as usize * row..(y + rows) as usize * row;
        let samples = match &image.samples {
            Samples::U8(v) => Samples::U8(v[range].to_vec()),
            Samples::U16(v) => Samples::U16(v[range].to_vec()),
            Samples::F32(v) => Samples::F32(v[range].to_vec()),
        };
        encoder.write_rows(&Band { width_px: image.info.width_px, rows, channels: image.info.channels, samples })?;
        y += rows;
    }
    Ok(())
}

fn encode(image: &Image, format: Format, save: &Save) -> Result<Vec<u8>, ItemError> {
    let mut encoder = encoder(format, save, image.profile.clone(), &image.metadata)?;
    write(image, encoder.as_mut())?;
    encoder.finish()
}

fn decode(bytes: &[u8]) -> Image {
    let mut opened = open(bytes, &DecodeOptions { colour: ColourChoice::Keep, ..DecodeOptions::default() }).unwrap();
    let info = opened.rows.info();
    let (mut samples, mut band) = (Samples::empty(info.sample), Band::empty(&info));
    while opened.rows.read_rows(64, &mut band).unwrap() > 0 {
        match (&mut samples, &band.samples) {
            (Samples::U8(all), Samples::U8(some)) => all.extend(some),
            (Samples::U16(all), Samples::U16(some)) => all.extend(some),
            (Samples::F32(all), Samples::F32(some)) => all.extend(some),
            _ => panic!("a band of another sample type"),
        }
    }
    Image { info, samples, profile: opened.profile, metadata: opened.metadata }
}

fn bytes_of(image: &Image) -> &[u8] {
    let Samples::U8(samples) = &image.samples else { panic!("not 8 bits") };
    samples
}

/// Peak signal to noise ratio in dB.
fn psnr(a: &[u8], b: &[u8]) -> f64 {
    assert_eq!(a.len(), b.len());
    let sum: f64 = a.iter().zip(b).map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2)).sum();
    10.0 * (255.0_f64.powi(2) / (sum / a.len() as f64).max(1e-9)).log10()
}

/// The first segment of a JPEG file with one of these markers.
fn segment(bytes: &[u8], markers: &[u8]) -> Option<(u8, Vec<u8>)> {
    let mut at = 2;
    loop {
        let &[0xFF, marker, high, low] = bytes.get(at..at + 4)? else { return None };
        let end = at + 2 + usize::from(u16::from_be_bytes([high, low]));
        if markers.contains(&marker) {
            return Some((marker, bytes.get(at + 4..end)?.to_vec()));
        }
        at = end;
    }
}

#[test]
fn jpeg_headers_have_the_requested_subsampling_and_passes() {
    let image = picture(67, 45, Channels::Rgb, SampleType::U8);
    let cases = [
        (Subsampling::Auto, [0x22, 0x11, 0x11]),
        (Subsampling::S420, [0x22, 0x11, 0x11]),
        (Subsampling::S422, [0x21, 0x11, 0x11]),
        (Subsampling::S444, [0x11, 0x11, 0x11]),
    ];
    for (subsampling, factors) in cases {
        for progressive in [false, true] {
            let bytes = encode(&image, known::JPEG, &Save { subsampling, progressive, ..keep() }).unwrap();
            let (marker, frame) = segment(&bytes, &[0xC0, 0xC1, 0xC2]).unwrap();
            assert_eq!(marker, if progressive { 0xC2 } else { 0xC0 });
            assert_eq!(frame[..6], [8, 0, 45, 0, 67, 3]);
            assert_eq!([frame[7], frame[10], frame[13]], factors, "{subsampling:?}");
        }
    }
    let gray = picture(67, 45, Channels::Gray, SampleType::U8);
    let bytes = encode(&gray, known::JPEG, &Save { subsampling: Subsampling::S444, ..keep() }).unwrap();
    let (_, frame) = segment(&bytes, &[0xC0]).unwrap();
    assert_eq!(frame[5], 1);
}

#[test]
fn jpeg_tables_match_the_requested_quality() {
    // ISO 10918, annex K, in zigzag order as in files: the first ten of luma and of chroma.
    const LUMA: [u32; 10] = [16, 11, 12, 14, 12, 10, 16, 14, 13, 14];
    const CHROMA: [u32; 10] = [17, 18, 18, 24, 21, 24, 47, 26, 26, 47];
    let image = picture(16, 16, Channels::Rgb, SampleType::U8);
    for quality in [1, 25, 50, 75, 85, 90, 95, 100_u8] {
        let bytes = encode(&image, known::JPEG, &Save { quality: Some(quality), ..keep() }).unwrap();
        let scale = if quality < 50 { 5_000 / u32::from(quality) } else { 200 - u32::from(quality) * 2 };
        let at = bytes.windows(2).position(|pair| pair == [0xFF, 0xDB]).unwrap();
        let (_, tables) = segment(&bytes, &[0xDB]).unwrap();
        let second =
            if tables.len() > 65 { tables[66..76].to_vec() } else { bytes[at + 69 + 5..at + 69 + 15].to_vec() };
        for (table, base) in [(&tables[1..11], LUMA), (&second[..], CHROMA)] {
            let expected: Vec<u8> = base.iter().map(|v| ((v * scale + 50) / 100).clamp(1, 255) as u8).collect();
            assert_eq!(table, expected, "quality {quality}");
        }
    }
}

#[test]
fn progressive_and_optimized_jpeg_is_smaller_with_the_same_pixels() {
    let image = picture(320, 240, Channels::Rgb, SampleType::U8);
    let plain = encode(&image, known::JPEG, &keep()).unwrap();
    for save in [Save { optimize: true, ..keep() }, Save { progressive: true, ..keep() }] {
        let other = encode(&image, known::JPEG, &save).unwrap();
        assert!(other.len() < plain.len(), "{} {}", other.len(), plain.len());
        assert_eq!(decode(&other).samples, decode(&plain).samples);
    }
}

#[test]
fn jpeg_and_gif_show_the_background_behind_transparent_pixels() {
    let clear = Image::from_u8(16, 16, Channels::Rgba, [200, 10, 20, 0].repeat(256));
    let save = Save { background: Rgb([0, 128, 255]), quality: Some(100), ..keep() };
    let shown = decode(&encode(&clear, known::JPEG, &save).unwrap());
    assert!(bytes_of(&shown).as_chunks::<3>().0.iter().all(|&[r, g, b]| r <= 2 && g.abs_diff(128) <= 2 && b >= 253));
    // Over a chromatic colour, gray becomes colour; over gray it stays gray.
    let gray = Image::from_u8(16, 16, Channels::GrayAlpha, [200, 0].repeat(256));
    assert_eq!(decode(&encode(&gray, known::JPEG, &save).unwrap()).info.channels, Channels::Rgb);
    assert_eq!(decode(&encode(&gray, known::JPEG, &keep()).unwrap()).info.channels, Channels::Gray);
    // Half-transparent pixels are blended; transparent ones stay transparent.
    let half = Image::from_u8(2, 1, Channels::Rgba, vec![255, 255, 255, 128, 9, 9, 9, 0]);
    let shown = decode(&encode(&half, known::GIF, &Save { background: Rgb([0, 0, 0]), ..keep() }).unwrap());
    assert_eq!(bytes_of(&shown)[..4], [128, 128, 128, 255]);
    assert_eq!(bytes_of(&shown)[7], 0);
}

#[test]
fn lossless_formats_keep_every_sample() {
    for (format, sample) in [
        (known::PNG, SampleType::U8),
        (known::PNG, SampleType::U16),
        (known::TIFF, SampleType::U8),
        (known::TIFF, SampleType::U16),
        (known::QOI, SampleType::U8),
        (known::BMP, SampleType::U8),
    ] {
        for channels in ALL {
            for (width_px, height_px) in [(1, 1), (3, 2), (31, 17), (300, 260)] {
                let image = picture(width_px, height_px, channels, sample);
                let shown = decode(&encode(&image, format, &keep()).unwrap());
                assert_eq!((shown.info.width_px, shown.info.height_px), (width_px, height_px));
                // PNG files store no bits that no pixel needs.
                assert!(shown.info.sample == sample || (format, width_px) == (known::PNG, 1), "{format:?}");
                assert_eq!(in_rgba(&shown), in_rgba(&image), "{format:?} {channels:?} {width_px} x {height_px}");
            }
        }
    }
}

/// Every pixel as red, green, blue and alpha, in 16 bits: formats may widen channels.
fn in_rgba(image: &Image) -> Vec<[u16; 4]> {
    let wide: Vec<u16> = match &image.samples {
        Samples::U8(v) => v.iter().map(|&v| u16::from(v) * 257).collect(),
        Samples::U16(v) => v.clone(),
        Samples::F32(_) => panic!("not whole numbers"),
    };
    wide.chunks_exact(image.info.channels.count())
        .map(|pixel| match *pixel {
            [g] => [g, g, g, u16::MAX],
            [g, a] => [g, g, g, a],
            [r, g, b] => [r, g, b, u16::MAX],
            [r, g, b, a] => [r, g, b, a],
            _ => panic!("no pixel"),
        })
        .collect()
}

#[test]
fn png_levels_trade_time_for_size_and_lose_nothing() {
    let image = picture(200, 150, Channels::Rgb, SampleType::U8);
    let size = |effort| {
        let bytes = encode(&image, known::PNG, &Save { effort, ..keep() }).unwrap();
        assert_eq!(decode(&bytes).samples, image.samples, "{effort:?}");
        bytes.len()
    };
    let raw = bytes_of(&image).len();
    assert!(size(Some(0)) > raw && size(Some(0)) < raw + raw / 100 + 1_000);
    assert!(size(Some(9)) <= size(Some(2)) && size(Some(2)) < raw && size(None) < raw);
}

#[test]
fn a_small_palette_takes_few_bits() {
    for (colours, depth, allowed) in [(2, 1, 2), (4, 2, 4), (16, 4, 16), (256, 8, 256), (100, 8, 100)] {
        let image = picture(61, 40, Channels::Rgb, SampleType::U8);
        let bytes = encode(&image, known::PNG, &Save { palette: Some(colours), ..keep() }).unwrap();
        // Bit depth and colour type 3, in the header.
        assert_eq!(bytes[24..26], [depth, 3]);
        let at = bytes.windows(4).position(|kind| kind == b"PLTE").unwrap();
        let length = u32::from_be_bytes(bytes[at - 4..at].try_into().unwrap());
        assert!(length / 3 <= allowed && length > 3, "{length}");
        assert!(!bytes.windows(4).any(|kind| kind == b"tRNS"));
        assert_eq!(decode(&bytes).info, image.info);
    }
    // Transparent pixels stay transparent, and 16 bits become 8.
    let image = picture(61, 40, Channels::Rgba, SampleType::U16);
    let shown = decode(&encode(&image, known::PNG, &Save { palette: Some(64), ..keep() }).unwrap());
    assert_eq!((shown.info.channels, shown.info.sample), (Channels::Rgba, SampleType::U8));
    let alphas = in_rgba(&image).into_iter().zip(in_rgba(&shown));
    assert!(alphas.clone().all(|(a, b)| a[3].abs_diff(b[3]) < 70 * 257), "levels of alpha");
    assert!(alphas.filter(|(a, _)| a[3] == u16::MAX).all(|(_, b)| b[3] == u16::MAX));
}

#[test]
fn a_gif_is_exact_with_few_colours_and_close_with_many() {
    let few = Image::from_u8(30, 20, Channels::Rgb, (0..600_u32).flat_map(|i| [(i % 200) as u8, 7, 9]).collect());
    let bytes = encode(&few, known::GIF, &keep()).unwrap();
    assert_eq!(bytes[..10], [b'G', b'I', b'F', b'8', b'9', b'a', 30, 0, 20, 0]);
    assert_eq!(in_rgba(&decode(&bytes)), in_rgba(&few));
    let many = picture(160, 120, Channels::Rgb, SampleType::U8);
    let shown = decode(&encode(&many, known::GIF, &keep()).unwrap());
    let rgb: Vec<u8> = in_rgba(&shown).iter().flat_map(|p| [p[0], p[1], p[2]]).map(|v| (v / 257) as u8).collect();
    assert!(psnr(&rgb, bytes_of(&many)) > 28.0, "{}", psnr(&rgb, bytes_of(&many)));
    assert!(encode(&picture(3, 3, Channels::Rgb, SampleType::U16), known::GIF, &keep()).is_ok());
}

/// Reads a TIFF directory's entries: tag, type, count, value or offset.
fn tiff_entries(bytes: &[u8]) -> Vec<(u16, u16, u32, u32)> {
    let u16_at = |at: usize| u16::from_le_bytes(bytes[at..at + 2].try_into().unwrap());
    let u32_at = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    let directory = u32_at(4) as usize;
    let entry = |at: usize| {
        let value = if u16_at(at + 2) == 3 && u32_at(at + 4) == 1 { u32::from(u16_at(at + 8)) } else { u32_at(at + 8) };
        (u16_at(at), u16_at(at + 2), u32_at(at + 4), value)
    };
    (0..usize::from(u16_at(directory))).map(|n| entry(directory + 2 + n * 12)).collect()
}

#[test]
#[cfg(target_endian = "little")]
fn tiff_directories_have_the_compression_of_their_strips() {
    let image = picture(900, 700, Channels::Rgba, SampleType::U16);
    let mut sizes = Vec::new();
    for (compression, code) in [(TiffCompression::None, 1), (TiffCompression::Lzw, 5), (TiffCompression::Deflate, 8)] {
        let bytes = encode(&image, known::TIFF, &Save { compression, ..keep() }).unwrap();
        sizes.push(bytes.len());
        assert_eq!(decode(&bytes).samples, image.samples);
        let entries = tiff_entries(&bytes);
        let value = |tag| entries.iter().find(|entry| entry.0 == tag).map(|entry| entry.3);
        assert_eq!((value(256), value(257), value(259), value(262)), (Some(900), Some(700), Some(code), Some(2)));
        assert_eq!((value(277), value(338)), (Some(4), Some(2)), "four samples, the last straight alpha");
        assert_eq!(value(317), (code != 1).then_some(2), "differences where something is packed");
        assert!(entries.is_sorted_by_key(|entry| entry.0), "tags in order");
        let rows = value(278).unwrap();
        let strips = entries.iter().find(|entry| entry.0 == 273).unwrap().2;
        assert!(rows < 700 && strips == 700_u32.div_ceil(rows), "{strips} strips of {rows} rows");
    }
    assert!(sizes[2] < sizes[0] && sizes[1] != sizes[2]);
}

#[test]
fn avif_keeps_sizes_alpha_and_ten_bits_of_sixteen() {
    for channels in ALL {
        for (width_px, height_px) in [(1, 1), (5, 3), (64, 64), (131, 77)] {
            let image = picture(width_px, height_px, channels, SampleType::U8);
            let bytes = encode(&image, known::AVIF, &Save { quality: Some(90), effort: Some(0), ..keep() }).unwrap();
            assert_eq!(bytes[4..12], *b"ftypavif");
            let size = [width_px.to_be_bytes(), height_px.to_be_bytes()].concat();
            let ispe = bytes.windows(4).position(|kind| kind == b"ispe").unwrap();
            assert_eq!(bytes[ispe + 8..ispe + 16], size);
            let auxiliary = bytes.windows(4).filter(|kind| kind == b"auxC").count();
            assert_eq!(auxiliary, usize::from(channels.has_alpha()), "{channels:?}");
        }
    }
    let image = picture(160, 120, Channels::Rgba, SampleType::U8);
    let shown = decode(&encode(&image, known::AVIF, &Save { quality: Some(95), effort: Some(0), ..keep() }).unwrap());
    let over = |image: &Image| -> Vec<u8> {
        // Transparent pixels have no colour: compared over black.
        let pixels = in_rgba(image);
        let level = |v: u16, a: u16| (u64::from(v) * u64::from(a) / 65_535 / 257) as u8;
        pixels.iter().flat_map(|&[r, g, b, a]| [level(r, a), level(g, a), level(b, a), (a / 257) as u8]).collect()
    };
    assert!(psnr(&over(&shown), &over(&image)) > 40.0, "{}", psnr(&over(&shown), &over(&image)));
    // More than 8 bits of a 16-bit ramp are kept.
    let ramp = Image {
        samples: Samples::U16((0..512 * 64_u32).flat_map(|i| [(i % 512 * 128) as u16; 3]).collect()),
        ..picture(512, 64, Channels::Rgb, SampleType::U16)
    };
    let shown = decode(&encode(&ramp, known::AVIF, &Save { quality: Some(100), effort: Some(0), ..keep() }).unwrap());
    let mut levels: Vec<u16> = in_rgba(&shown).iter().map(|pixel| pixel[0]).collect();
    levels.sort_unstable();
    levels.dedup();
    assert!(levels.len() > 300, "{} levels", levels.len());
    // An alpha that is opaque everywhere is left out.
    let opaque = Image::from_u8(8, 8, Channels::Rgba, [1, 2, 3, 255].repeat(64));
    let bytes = encode(&opaque, known::AVIF, &Save { effort: Some(0), ..keep() }).unwrap();
    assert!(!bytes.windows(4).any(|kind| kind == b"auxC"));
}

#[test]
fn quality_and_effort_change_the_size_of_avif_webp_and_jpeg_xl() {
    let image = picture(256, 192, Channels::Rgb, SampleType::U8);
    for format in [known::AVIF, known::WEBP, known::JXL] {
        let size = |quality, effort| {
            encode(&image, format, &Save { quality: Some(quality), effort: Some(effort), ..keep() }).unwrap().len()
        };
        assert!(size(30, 0) < size(90, 0), "{format:?}");
        assert_ne!(size(60, 0), size(60, 6), "{format:?}");
    }
}

fn assert_jpeg_xl_is_exact(image: &Image, save: &Save) {
    let bytes = encode(image, known::JXL, &Save { lossless: true, ..save.clone() }).unwrap();
    let shown = jxl_oxide::JxlImage::builder().read(&bytes[..]).unwrap();
    assert_eq!((shown.width(), shown.height()), (image.info.width_px, image.info.height_px));
    let render = shown.render_frame(0).unwrap();
    let mut stream = render.stream();
    assert_eq!(stream.channels() as usize, image.info.channels.count());
    let mut values = vec![0_f32; image.samples.len()];
    assert_eq!(stream.write_to_buffer(&mut values), values.len());
    let (max, expected): (f32, Vec<u16>) = match &image.samples {
        Samples::U8(v) => (255.0, v.iter().map(|&v| v.into()).collect()),
        Samples::U16(v) => (65_535.0, v.clone()),
        Samples::F32(_) => panic!("not whole numbers"),
    };
    let rounded: Vec<u16> = values.iter().map(|v| (v * max).round() as u16).collect();
    assert!(rounded == expected, "{:?}", image.info);
}

#[test]
fn jpeg_xl_keeps_every_sample() {
    let noise = |i: u32| (i.wrapping_mul(2_654_435_761) ^ (i >> 3).wrapping_mul(40_503)).to_be_bytes()[1];
    for channels in ALL {
        for (width_px, height_px) in [(2, 2), (2, 9), (16, 16), (257, 3), (300, 270), (7, 600)] {
            assert_jpeg_xl_is_exact(&picture(width_px, height_px, channels, SampleType::U8), &keep());
            assert_jpeg_xl_is_exact(&picture(width_px, height_px, channels, SampleType::U16), &keep());
        }
        let denser = Save { effort: Some(5), ..keep() };
        for (width_px, height_px) in [(1, 1), (1, 20), (300, 270)] {
            assert_jpeg_xl_is_exact(&picture(width_px, height_px, channels, SampleType::U8), &denser);
            assert_jpeg_xl_is_exact(&picture(width_px, height_px, channels, SampleType::U16), &denser);
        }
        let samples = 120 * 90 * channels.count() as u32;
        assert_jpeg_xl_is_exact(&Image::from_u8(120, 90, channels, vec![77; samples as usize]), &keep());
        assert_jpeg_xl_is_exact(&Image::from_u8(120, 90, channels, (0..samples).map(noise).collect()), &keep());
        let black_and_white = (0..samples).map(|i| u8::from(noise(i) > 127) * 255).collect();
        assert_jpeg_xl_is_exact(&Image::from_u8(120, 90, channels, black_and_white), &keep());
    }
}

/// The mean difference of two images over black, in levels of 255.
fn difference(one: &Image, other: &Image) -> f64 {
    let levels = |image: &Image| -> Vec<f64> {
        let mut levels: Vec<f64> = match &image.samples {
            Samples::U8(v) => v.iter().map(|&v| f64::from(v)).collect(),
            Samples::U16(v) => v.iter().map(|&v| f64::from(v) / 257.0).collect(),
            Samples::F32(v) => v.iter().map(|&v| f64::from(v) * 255.0).collect(),
        };
        if image.info.channels.has_alpha() {
            for pixel in levels.chunks_mut(image.info.channels.count()) {
                let (alpha, colours) = pixel.split_last_mut().unwrap();
                colours.iter_mut().for_each(|level| *level *= *alpha / 255.0);
            }
        }
        levels
    };
    let (one, other) = (levels(one), levels(other));
    assert_eq!(one.len(), other.len());
    one.iter().zip(&other).map(|(a, b)| (a - b).abs()).sum::<f64>() / one.len() as f64
}

#[test]
fn lossy_jpeg_xl_resembles_its_original_in_every_layout_and_colour_space() {
    let wide: Arc<[u8]> = moxcms::ColorProfile::new_display_p3().encode().unwrap().into();
    let other: Arc<[u8]> = moxcms::ColorProfile::new_adobe_rgb().encode().unwrap().into();
    let gray: Arc<[u8]> = moxcms::ColorProfile::new_gray_with_gamma(1.8).encode().unwrap().into();
    for channels in ALL {
        let profiles = if channels.colour_count() == 1 {
            [None, Some(&gray)].to_vec()
        } else {
            [None, Some(&wide), Some(&other)].to_vec()
        };
        for sample in [SampleType::U8, SampleType::U16] {
            for (profile, (width_px, height_px)) in profiles.iter().flat_map(|p| [(*p, (200, 150)), (*p, (1, 1))]) {
                let image = Image { profile: profile.cloned(), ..picture(width_px, height_px, channels, sample) };
                let bytes = encode(&image, known::JXL, &Save { colour: ColourChoice::Keep, ..keep() }).unwrap();
                let shown = decode(&bytes);
                assert_eq!((shown.info.channels, shown.info.sample), (channels, sample));
                if let Some(profile) = profile {
                    let same = shown.profile.as_ref() == Some(profile);
                    assert!(same, "{channels:?}, {sample:?}, {width_px}, {:?}", shown.profile.map(|p| p.len()));
                }
                let off = difference(&image, &shown);
                assert!(off < 4.0, "{channels:?}, {sample:?}, {}: {off}", profile.is_some());
            }
        }
    }
}

#[test]
fn a_score_is_reached_with_the_lowest_quality() {
    let image = picture(96, 72, Channels::Rgb, SampleType::U8);
    for format in [known::JPEG, known::WEBP, known::JXL, known::AVIF] {
        let effort = (format != known::JPEG).then_some(1);
        let scored = |target| {
            let save = Save { target: Some(target), effort, ..keep() };
            let mut encoder = encoder(format, &save, None, &image.metadata).unwrap();
            write(&image, encoder.as_mut()).unwrap();
            encoder.finish_cancellable(&|| false).unwrap()
        };
        let (low, high) = (scored(40), scored(75));
        assert!(low.bytes.len() < high.bytes.len(), "{format:?}");
        assert!(low.score.unwrap() >= 40.0 && high.score.unwrap() >= 75.0, "{format:?}: {low:?}");
        if [known::JPEG, known::WEBP].contains(&format) {
            let at = |quality| encode(&image, format, &Save { quality: Some(quality), effort, ..keep() }).unwrap();
            assert!((1..99).any(|quality| at(quality) == high.bytes), "{format:?}: one of the qualities");
        }
        let best = scored(100);
        assert!(best.score.unwrap() < 100.0, "{format:?}: saved although it can't be reached");
    }
}

/// An EXIF block with a camera's name.
fn exif(name: [u8; 8]) -> Arc<[u8]> {
    let mut block = b"MM\0*\0\0\0\x08\0\x01\x01\x0F\0\x02\0\0\0\x08\0\0\0\x1A\0\0\0\0".to_vec();
    block.extend(name);
    block.into()
}

/// Regression: 16 bits with alpha or a lossless profile come in a container of the library, which was put into another.
#[test]
fn jpeg_xl_of_every_layout_is_read_back_with_its_metadata() {
    let profile: Arc<[u8]> = moxcms::ColorProfile::new_adobe_rgb().encode().unwrap().into();
    let metadata = Metadata {
        exif: Some(super::exif_block(1, true).into()),
        xmp: Some(b"<x/>".as_slice().into()),
        ..Metadata::default()
    };
    for channels in ALL {
        for (sample, lossless, has_profile) in [
            (SampleType::U8, false, true),
            (SampleType::U16, false, false),
            (SampleType::U16, true, false),
            (SampleType::U16, true, true),
        ] {
            let profile = Some(Arc::clone(&profile)).filter(|_| has_profile && channels.colour_count() == 3);
            let image = Image { profile, metadata: metadata.clone(), ..picture(20, 10, channels, sample) };
            let save = Save { lossless, colour: ColourChoice::Keep, ..keep() };
            let shown = decode(&encode(&image, known::JXL, &save).unwrap());
            assert_eq!((shown.info.channels, shown.info.sample), (channels, sample), "{lossless}");
            let Metadata { exif, xmp, .. } = shown.metadata;
            assert_eq!((exif.is_some(), &xmp), (true, &metadata.xmp), "{channels:?}, {sample:?}, {lossless}");
        }
    }
}

#[test]
fn profile_and_metadata_are_written_to_every_format_that_supports_them() {
    let profile: Arc<[u8]> = moxcms::ColorProfile::new_display_p3().encode().unwrap().into();
    let metadata = Metadata {
        exif: Some(exif(*b"Pixcam1\0")),
        xmp: Some(Arc::from(&b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>words</x:xmpmeta>"[..])),
        iptc: Some(Arc::from(&b"\x1C\x02\x05\0\x05Title"[..])),
        ..Metadata::default()
    };
    let plain = picture(40, 30, Channels::Rgb, SampleType::U8);
    let image = Image { profile: Some(Arc::clone(&profile)), metadata: metadata.clone(), ..plain.clone() };
    for (format, carries_profile, carries_iptc) in [
        (known::JPEG, true, true),
        (known::PNG, true, true),
        (known::WEBP, true, false),
        (known::TIFF, true, true),
        (known::AVIF, true, false),
        (known::JXL, true, false),
    ] {
        let image = if carries_profile { image.clone() } else { Image { profile: None, ..image.clone() } };
        let effort = [known::WEBP, known::AVIF].contains(&format).then_some(0);
        let shown = decode(&encode(&image, format, &Save { effort, ..keep() }).unwrap());
        if carries_profile {
            assert_eq!(shown.profile, image.profile, "{format:?}");
        }
        let exif = shown.metadata.exif.unwrap();
        assert!(exif.windows(7).any(|word| word == b"Pixcam1"), "{format:?}");
        assert_eq!(shown.metadata.xmp, metadata.xmp, "{format:?}");
        assert_eq!(shown.metadata.iptc.is_some(), carries_iptc, "{format:?}");
        // A palette changes nothing of that.
        if format == known::PNG {
            let shown = decode(&encode(&image, format, &Save { palette: Some(8), ..keep() }).unwrap());
            assert_eq!((shown.profile, shown.metadata.xmp), (image.profile, metadata.xmp.clone()));
        }
    }
    // A profile must match the stored channels, even if they differ from the image's.
    let mut gray = moxcms::ColorProfile::new_gray_with_gamma(1.8);
    gray.description = None;
    let gray: Arc<[u8]> = gray.encode().unwrap().into();
    let space = |format, channels, palette| {
        let image = Image { profile: Some(Arc::clone(&gray)), ..picture(20, 10, channels, SampleType::U8) };
        let bytes = encode(&image, format, &Save { palette, ..keep() }).unwrap();
        let shown = decode(&bytes);
        (shown.info.channels, shown.profile.map(|profile| <[u8; 4]>::try_from(&profile[16..20]).unwrap()))
    };
    assert_eq!(space(known::PNG, Channels::Gray, None), (Channels::Gray, Some(*b"GRAY")));
    assert_eq!(space(known::JPEG, Channels::GrayAlpha, None), (Channels::Gray, Some(*b"GRAY")));
    assert_eq!(space(known::PNG, Channels::Gray, Some(8)), (Channels::Rgb, Some(*b"RGB ")));
    assert_eq!(space(known::WEBP, Channels::Gray, None), (Channels::Rgb, Some(*b"RGB ")));
    assert_eq!(space(known::TIFF, Channels::GrayAlpha, None), (Channels::Rgba, Some(*b"RGB ")));
    for format in [known::GIF, known::QOI, known::BMP] {
        assert!(encode(&image, format, &keep()).is_ok(), "what can't go along is no failure: {format:?}");
    }
}

#[test]
fn bmp_headers_have_bits_masks_and_profile() {
    let header = |bytes: &[u8]| (bytes[14], bytes[28], bytes[30]);
    let sizes = [(Channels::Gray, (40, 8, 0)), (Channels::Rgb, (40, 24, 0)), (Channels::Rgba, (124, 32, 3))];
    for (channels, expected) in sizes {
        let bytes = encode(&picture(5, 4, channels, SampleType::U8), known::BMP, &keep()).unwrap();
        assert_eq!(bytes[..2], *b"BM");
        assert_eq!(u32::from_le_bytes(bytes[2..6].try_into().unwrap()) as usize, bytes.len());
        assert_eq!(header(&bytes), expected);
    }
    let mut image = picture(5, 4, Channels::Rgb, SampleType::U8);
    let profile: Arc<[u8]> = moxcms::ColorProfile::new_display_p3().encode().unwrap().into();
    image.profile = Some(Arc::clone(&profile));
    let bytes = encode(&image, known::BMP, &keep()).unwrap();
    assert_eq!(header(&bytes), (124, 24, 0));
    let at = u32::from_le_bytes(bytes[126..130].try_into().unwrap()) as usize + 14;
    assert_eq!(bytes[at..], profile[..]);
    assert_eq!(decode(&bytes).samples, image.samples);
}

#[test]
fn the_best_quality_under_a_size_is_found_and_never_exceeded() {
    let image = picture(240, 160, Channels::Rgba, SampleType::U8);
    for format in [known::JPEG, known::WEBP, known::AVIF, known::JXL] {
        let effort = (format != known::JPEG).then_some(0);
        let at = |quality| encode(&image, format, &Save { quality: Some(quality), effort, ..keep() }).unwrap();
        let limit = at(62).len() as u64;
        let found = encode(&image, format, &Save { max_bytes: Some(limit), effort, ..keep() }).unwrap();
        assert!(found.len() as u64 <= limit, "{format:?}");
        let best = (1..=100).rev().find(|&quality| at(quality).len() as u64 <= limit).unwrap();
        if format != known::AVIF {
            assert_eq!(found, at(best), "{format:?}: {best}");
        }
        let capped = encode(&image, format, &Save { quality: Some(40), max_bytes: Some(limit), effort, ..keep() });
        assert_eq!(capped.unwrap(), at(40), "{format:?}: no better than asked for");
        let error = encode(&image, format, &Save { max_bytes: Some(64), effort, ..keep() }).unwrap_err();
        assert!(error.arg("detail").contains("even with quality 1"), "{error}");
    }
    let error = encode(&image, known::PNG, &Save { max_bytes: Some(1_000), ..keep() }).unwrap_err();
    assert!(error.arg("detail").contains("no quality to lower"), "{error}");
    assert!(encode(&image, known::PNG, &Save { max_bytes: Some(1 << 20), ..keep() }).is_ok());
}

#[test]
fn a_quality_search_is_cancelled() {
    let image = picture(64, 64, Channels::Rgb, SampleType::U8);
    let mut encoder = encoder(known::JPEG, &Save { max_bytes: Some(1_000), ..keep() }, None, &image.metadata).unwrap();
    write(&image, encoder.as_mut()).unwrap();
    let error = encoder.finish_cancellable(&|| true).unwrap_err();
    assert_eq!(error.kind, crate::error::ErrorKind::Cancelled);
}

/// The colour type and the number of bits in a PNG file's header.
fn png_kind(file: &[u8]) -> (u8, u8) {
    (file[25], file[24])
}

#[test]
fn png_files_keep_palettes_and_small_depths() {
    let image = |channels: Channels, value: &dyn Fn(u32, u32) -> Vec<u8>| {
        let info = ImageInfo { width_px: 61, height_px: 40, channels, sample: SampleType::U8, premultiplied: false };
        let samples = (0..61 * 40).flat_map(|n| value(n % 61, n / 61)).collect();
        Image { info, samples: Samples::U8(samples), profile: None, metadata: Metadata::default() }
    };
    let grays =
        |step: u32, levels: u32| image(Channels::Gray, &move |x, y| vec![((x * 7 + y * y) % levels * step) as u8]);
    let colours = |count: u32| {
        image(Channels::Rgb, &move |x, y| {
            let n = ((x * 61 + y).wrapping_mul(2_654_435_761) >> 16) % count;
            vec![n as u8, (n * 31 % 251) as u8, 255 - n as u8]
        })
    };
    let clear = image(Channels::Rgba, &|x, y| vec![200, 10, 30, if (x + y) % 5 == 0 { 0 } else { 128 }]);
    // Gray is kind 0, a palette 3, colour 2, colour with alpha 6.
    let cases = [
        (grays(255, 2), (0, 1)),
        (grays(85, 4), (0, 2)),
        (grays(17, 16), (0, 4)),
        (grays(1, 250), (0, 8)),
        (colours(2), (3, 1)),
        (colours(16), (3, 4)),
        // Here the palette would take more than it saves.
        (colours(200), (2, 8)),
        (clear, (3, 1)),
        (image(Channels::Rgb, &|x, y| vec![x as u8, y as u8, (x * y) as u8]), (2, 8)),
    ];
    for (image, kind) in &cases {
        let file = encode(image, known::PNG, &keep()).unwrap();
        assert_eq!(png_kind(&file), *kind, "{kind:?}");
        let mut opened = open(&file, &DecodeOptions::default()).unwrap();
        assert_eq!(opened.rows.info(), image.info, "{kind:?}: the same channels");
        let mut band = Band::empty(&image.info);
        opened.rows.read_rows(40, &mut band).unwrap();
        let Samples::U8(read) = &band.samples else { panic!("8 bits") };
        let Samples::U8(wrote) = &image.samples else { panic!("8 bits") };
        assert!(read == wrote, "{kind:?}");
    }
    // More colours that come late, after rows were held back.
    let late = image(Channels::Rgb, &|x, y| if y < 30 { vec![9, 9, 9] } else { vec![x as u8, y as u8, (x * y) as u8] });
    let file = encode(&late, known::PNG, &keep()).unwrap();
    let mut opened = open(&file, &DecodeOptions::default()).unwrap();
    let mut band = Band::empty(&late.info);
    opened.rows.read_rows(40, &mut band).unwrap();
    assert_eq!((png_kind(&file), &band.samples), ((2, 8), &late.samples));
}

#[test]
fn png_files_store_no_alpha_colour_or_bits_that_no_pixel_needs() {
    let noise = |n: u32| (n.wrapping_mul(2_654_435_761) >> 24) as u8;
    let image = |channels: Channels, sample: SampleType, value: &dyn Fn(u32) -> Vec<u16>| {
        let info = ImageInfo { width_px: 61, height_px: 40, channels, sample, premultiplied: false };
        let values: Vec<u16> = (0..61 * 40).flat_map(value).collect();
        let samples = match sample {
            SampleType::U16 => Samples::U16(values),
            _ => Samples::U8(values.into_iter().map(|value| value as u8).collect()),
        };
        Image { info, samples, profile: None, metadata: Metadata::default() }
    };
    let colour = |n: u32| [u16::from(noise(n)), u16::from(noise(n + 7)), u16::from(noise(n / 3))];
    let (eight, sixteen) = (SampleType::U8, SampleType::U16);
    let profile: Arc<[u8]> = moxcms::ColorProfile::new_display_p3().encode().unwrap().into();
    let with_alpha = |n: u32, alpha: u16| [&colour(n)[..], &[alpha]].concat();
    let gray = |n: u32, count: usize| vec![u16::from(noise(n)); count];
    let late = |n: u32| if n == 2_000 { 254 } else { 255 };
    let wide = |values: Vec<u16>| values.into_iter().map(|value| value * 257).collect::<Vec<_>>();
    // Gray is kind 0, colour 2, a palette 3, gray with alpha 4, colour with alpha 6.
    let cases: [(Image, (u8, u8)); 13] = [
        (image(Channels::Rgba, eight, &|n| with_alpha(n, 255)), (2, 8)),
        (image(Channels::Rgba, eight, &|n| with_alpha(n, late(n))), (6, 8)),
        (image(Channels::Rgba, eight, &|n| [gray(n, 3), vec![255]].concat()), (0, 8)),
        (image(Channels::Rgba, eight, &|n| [gray(n, 3), vec![n as u16 % 256]].concat()), (4, 8)),
        (image(Channels::Rgba, eight, &|n| vec![n as u16 % 61 / 20, 9, 9, 255]), (3, 2)),
        (image(Channels::GrayAlpha, eight, &|n| vec![u16::from(noise(n)), 255]), (0, 8)),
        (image(Channels::GrayAlpha, eight, &|n| vec![u16::from(noise(n)), late(n)]), (4, 8)),
        (image(Channels::Rgb, eight, &|n| gray(n, 3)), (0, 8)),
        (image(Channels::Rgb, eight, &|n| vec![n as u16 % 2 * 255; 3]), (0, 1)),
        (image(Channels::Rgb, sixteen, &|n| wide(colour(n).to_vec())), (2, 8)),
        (image(Channels::Rgba, sixteen, &|n| wide([gray(n, 3), vec![255]].concat())), (0, 8)),
        (image(Channels::Gray, sixteen, &|n| vec![if n == 2_000 { 1 } else { u16::from(noise(n)) * 257 }]), (0, 16)),
        (image(Channels::Rgba, sixteen, &|n| [gray(n, 3), vec![u16::MAX]].concat()), (0, 16)),
    ];
    for (image, kind) in &cases {
        let file = encode(image, known::PNG, &keep()).unwrap();
        assert_eq!(png_kind(&file), *kind, "{:?}", image.info);
        assert_eq!(in_rgba(&decode(&file)), in_rgba(image), "{kind:?} of {:?}", image.info);
        // A profile of colours does not fit gray pixels.
        if image.info.channels.colour_count() > 1 {
            let tagged = Image { profile: Some(Arc::clone(&profile)), ..image.clone() };
            let file = encode(&tagged, known::PNG, &keep()).unwrap();
            assert!(png_kind(&file).0 & 2 == 2, "{kind:?}");
        }
    }
}

#[test]
fn smooth_images_are_compressed_harder_and_noise_is_not() {
    let image = |value: &dyn Fn(u32, u32) -> u8| {
        let info = ImageInfo {
            width_px: 600,
            height_px: 400,
            channels: Channels::Rgb,
            sample: SampleType::U8,
            premultiplied: false,
        };
        let pixel = |n: u32| [0, 1, 2].map(|c| value(n % 600 + c * 40, n / 600));
        let samples = Samples::U8((0..600 * 400).flat_map(pixel).collect());
        Image { info, samples, profile: None, metadata: Metadata::default() }
    };
    let size = |image: &Image, effort| encode(image, known::PNG, &Save { effort, ..keep() }).unwrap().len();
    let smooth = image(&|x, y| (128.0 + 60.0 * (f64::from(x) / 90.0).sin() + 60.0 * (f64::from(y) / 70.0).cos()) as u8);
    assert_eq!(size(&smooth, None), size(&smooth, Some(3)));
    assert!(size(&smooth, None) * 3 < size(&smooth, Some(1)) * 2);
    let mixed = |n: u32| (n ^ n >> 16).wrapping_mul(0x045D_9F3B);
    let noise = image(&|x, y| (mixed(mixed(x * 600 + y)) >> 24) as u8);
    assert_eq!(size(&noise, None), size(&noise, Some(1)));
}

#[test]
fn flat_images_are_compressed_harder_than_photographs() {
    // Lines and letters on paper, with more colours than a palette holds.
    let info = ImageInfo {
        width_px: 600,
        height_px: 400,
        channels: Channels::Rgb,
        sample: SampleType::U8,
        premultiplied: false,
    };
    let pixel = |n: u32| {
        let (x, y) = (n % 600, n / 600);
        let is_line = x % 40 == 0 || y % 25 == 0;
        if is_line { [(x / 4) as u8, (y / 4) as u8, 60] } else { [240, 240, 235] }
    };
    let image = Image {
        info,
        samples: Samples::U8((0..600 * 400).flat_map(pixel).collect()),
        profile: None,
        metadata: Metadata::default(),
    };
    let default = encode(&image, known::PNG, &keep()).unwrap().len();
    let fastest = encode(&image, known::PNG, &Save { effort: Some(1), ..keep() }).unwrap().len();
    let best = encode(&image, known::PNG, &Save { effort: Some(9), ..keep() }).unwrap().len();
    assert!(default * 2 < fastest && default < best * 2, "{default} between {fastest} and {best}");
}

#[test]
fn jpeg_keeps_full_chroma_from_quality_90_on() {
    let image = picture(80, 60, Channels::Rgb, SampleType::U8);
    let factors = |save: Save| {
        let file = encode(&image, known::JPEG, &save).unwrap();
        let frame = file.windows(2).position(|pair| matches!(pair, [0xFF, 0xC0 | 0xC2])).unwrap();
        file[frame + 11]
    };
    let at = |quality| Save { quality: Some(quality), ..keep() };
    assert_eq!([factors(at(89)), factors(at(90)), factors(at(100)), factors(keep())], [0x22, 0x11, 0x11, 0x22]);
    assert_eq!(factors(Save { subsampling: Subsampling::S420, ..at(95) }), 0x22);
}

#[test]
fn a_jpeg_file_is_optimized_without_loss() {
    let image = picture(80, 60, Channels::Rgb, SampleType::U8);
    let file = encode(&image, known::JPEG, &Save { quality: Some(95), ..keep() }).unwrap();
    let pixels = |file: &[u8]| {
        let mut opened = open(file, &DecodeOptions::default()).unwrap();
        let mut band = Band::empty(&opened.rows.info());
        opened.rows.read_rows(u32::MAX, &mut band).unwrap();
        band.samples
    };
    let recoded = |file: &[u8], save: &Save| {
        crate::codec::rewritten(file, known::JPEG, save, None, &|| false).unwrap().map(|rewritten| rewritten.bytes)
    };
    for (optimize, progressive) in [(true, false), (false, true), (true, true)] {
        let made = recoded(&file, &Save { progressive, optimize, ..keep() }).unwrap();
        assert!(made.len() < file.len() && pixels(&made) == pixels(&file), "{} of {}", made.len(), file.len());
        let frame = made.windows(2).any(|pair| pair == [0xFF, if progressive { 0xC2 } else { 0xC0 }]);
        assert!(frame, "progressive: {progressive}");
    }
    assert!(recoded(&file[..file.len() / 2], &Save { optimize: true, ..keep() }).is_none());
}
