//! Compares with results of littleCMS (`tests/reference/colour/make.py`) and with formulas.

#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::codec::{DecodeOptions, Opened, open};

macro_rules! reference {
    ($name:literal) => {
        include_bytes!(concat!("../../../tests/reference/colour/", $name)).as_slice()
    };
}

/// The 8-bit samples of a PNG as they are stored.
fn stored(png: &[u8]) -> (ImageInfo, Vec<u8>) {
    read(png, ColourChoice::Keep)
}

fn read(file: &[u8], colour: ColourChoice) -> (ImageInfo, Vec<u8>) {
    let Opened { rows, .. } = open(file, &DecodeOptions { colour, ..DecodeOptions::default() }).unwrap();
    let info = rows.info();
    let Samples::U8(samples) = all(rows) else { panic!("not 8 bits") };
    (info, samples)
}

fn all(mut rows: Box<dyn RowReader + '_>) -> Samples {
    let info = rows.info();
    let mut band = Band::empty(&info);
    let mut samples = Samples::empty(info.sample);
    while rows.read_rows(7, &mut band).unwrap() > 0 {
        match (&mut samples, &band.samples) {
            (Samples::U8(all), Samples::U8(some)) => all.extend(some),
            (Samples::U16(all), Samples::U16(some)) => all.extend(some),
            (Samples::F32(all), Samples::F32(some)) => all.extend(some),
            _ => panic!("a band of another sample type"),
        }
    }
    samples
}

/// CIE Lab (D65) of an sRGB colour.
fn lab([r, g, b]: [u8; 3]) -> [f64; 3] {
    let linear = |v: u8| {
        let v = f64::from(v) / 255.0;
        if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
    };
    let (r, g, b) = (linear(r), linear(g), linear(b));
    let x = (0.412_456 * r + 0.357_576 * g + 0.180_438 * b) / 0.950_47;
    let y = 0.212_673 * r + 0.715_152 * g + 0.072_175 * b;
    let z = (0.019_334 * r + 0.119_192 * g + 0.950_304 * b) / 1.088_83;
    let f = |t: f64| if t > 216.0 / 24_389.0 { t.cbrt() } else { t.mul_add(841.0 / 108.0, 4.0 / 29.0) };
    [116.0 * f(y) - 16.0, 500.0 * (f(x) - f(y)), 200.0 * (f(y) - f(z))]
}

/// CIEDE2000 (Sharma, Wu, Dalal 2005).
fn de2000(one: [u8; 3], two: [u8; 3]) -> f64 {
    let ([l1, a1, b1], [l2, a2, b2]) = (lab(one), lab(two));
    let c_mean = f64::midpoint(a1.hypot(b1), a2.hypot(b2));
    let seventh = |c: f64| (c.powi(7) / (c.powi(7) + 25f64.powi(7))).sqrt();
    let g = 0.5 * (1.0 - seventh(c_mean));
    let (a1, a2) = (a1 * (1.0 + g), a2 * (1.0 + g));
    let (c1, c2) = (a1.hypot(b1), a2.hypot(b2));
    let hue = |a: f64, b: f64| if a == 0.0 && b == 0.0 { 0.0 } else { b.atan2(a).to_degrees().rem_euclid(360.0) };
    let (h1, h2) = (hue(a1, b1), hue(a2, b2));
    let mut dh = h2 - h1;
    let mut h_mean = f64::midpoint(h1, h2);
    if c1 * c2 == 0.0 {
        dh = 0.0;
        h_mean = h1 + h2;
    } else if dh.abs() > 180.0 {
        dh -= 360.0 * dh.signum();
        h_mean += if h1 + h2 < 360.0 { 180.0 } else { -180.0 };
    }
    let (dl, dc) = (l2 - l1, c2 - c1);
    let dh = 2.0 * (c1 * c2).sqrt() * (dh.to_radians() / 2.0).sin();
    let (l_mean, c_mean) = (f64::midpoint(l1, l2), f64::midpoint(c1, c2));
    let cos = |degrees: f64| degrees.to_radians().cos();
    let t = 1.0 - 0.17 * cos(h_mean - 30.0) + 0.24 * cos(2.0 * h_mean) + 0.32 * cos(3.0 * h_mean + 6.0)
        - 0.20 * cos(4.0 * h_mean - 63.0);
    let square = (l_mean - 50.0).powi(2);
    let sl = 1.0 + 0.015 * square / (20.0 + square).sqrt();
    let (sc, sh) = (1.0 + 0.045 * c_mean, 1.0 + 0.015 * c_mean * t);
    let turn = 30.0 * (-((h_mean - 275.0) / 25.0).powi(2)).exp();
    let rt = -2.0 * seventh(c_mean) * (2.0 * turn.to_radians()).sin();
    let (l, c, h) = (dl / sl, dc / sc, dh / sh);
    (l * l + c * c + h * h + rt * c * h).sqrt()
}

/// Mean and largest difference of two images in sRGB.
fn difference(ours: &[u8], theirs: &[u8]) -> (f64, f64) {
    assert_eq!(ours.len(), theirs.len());
    let pairs = ours.as_chunks::<3>().0.iter().zip(theirs.as_chunks::<3>().0);
    let all: Vec<f64> = pairs.map(|(&ours, &theirs)| de2000(ours, theirs)).collect();
    (all.iter().sum::<f64>() / all.len() as f64, all.iter().copied().fold(0.0, f64::max))
}

fn check(name: &str, ours: &[u8], theirs: &[u8]) {
    let (mean, most) = difference(ours, theirs);
    assert!(mean <= 0.5 && most <= 2.0, "{name}: mean {mean}, most {most}");
}

fn convert(pixels: &[u8], profile: Option<&[u8]>, choice: ColourChoice, channels: Channels) -> Vec<u8> {
    match cached(profile, choice, channels, SampleType::U8).unwrap() {
        Transform::U8(transform) => {
            let mut out = vec![0; pixels.len()];
            transform.transform(pixels, &mut out).unwrap();
            out
        }
        _ => panic!("not 8 bits"),
    }
}

/// The colours of the references: 13 levels of each channel, a gray ramp, black.
fn colours() -> Vec<u8> {
    let levels: Vec<u8> = (0..13).map(|i| (f64::from(i) * 255.0 / 12.0).round_ties_even() as u8).collect();
    let mut colours = Vec::new();
    for &r in &levels {
        for &g in &levels {
            colours.extend(levels.iter().flat_map(|&b| [r, g, b]));
        }
    }
    colours.extend((0..=255).flat_map(|v| [v, v, v]));
    colours.resize(190 * 13 * 3, 0);
    colours
}

#[test]
fn the_colour_difference_agrees_with_its_authors() {
    // The paper's pairs are in Lab; sRGB can represent only a few: equal colours, and one level of gray.
    assert!(de2000([10, 20, 30], [10, 20, 30]) < 1e-9);
    assert!((0.2..0.5).contains(&de2000([128, 128, 128], [129, 129, 129])));
    assert!((45.0..60.0).contains(&de2000([255, 0, 0], [0, 0, 255])));
}

#[test]
fn matrix_and_table_profiles_become_srgb_as_in_littlecms() {
    for (name, profile, theirs) in [
        ("adobe-v2", reference!("adobe-v2.icc"), reference!("adobe-v2-srgb.png")),
        ("scanner", reference!("scanner.icc"), reference!("scanner-srgb.png")),
    ] {
        let ours = convert(&colours(), Some(profile), ColourChoice::Srgb, Channels::Rgb);
        check(name, &ours, &stored(theirs).1);
    }
}

#[test]
fn a_gray_profile_becomes_srgb_as_in_littlecms() {
    let ramp: Vec<u8> = (0..=255).collect();
    let ours = convert(&ramp, Some(reference!("dot-gain.icc")), ColourChoice::Srgb, Channels::Gray);
    let triple = |gray: &[u8]| gray.iter().flat_map(|&v| [v, v, v]).collect::<Vec<_>>();
    check("dot-gain", &triple(&ours), &triple(&stored(reference!("dot-gain-srgb.png")).1));
}

#[test]
fn a_press_profile_becomes_srgb_as_in_littlecms() {
    let levels: Vec<u8> = (0..7).map(|i| (f64::from(i) * 255.0 / 6.0).round_ties_even() as u8).collect();
    let mut inks = Vec::new();
    for &c in &levels {
        for &m in &levels {
            for &y in &levels {
                inks.extend(levels.iter().flat_map(|&k| [c, m, y, k]));
            }
        }
    }
    inks.resize(2450 * 4, 0);
    let by = Inks::<u8>::new(Some(reference!("press.icc")), ColourChoice::Srgb);
    let mut ours = vec![0; 2450 * 3];
    by.mix(&inks, &mut ours);
    check("press", &ours, &stored(reference!("press-srgb.png")).1);
    let wide: Vec<u16> = inks.iter().map(|&v| u16::from(v) * 257).collect();
    let mut sixteen = vec![0; 2450 * 3];
    Inks::<u16>::new(Some(reference!("press.icc")), ColourChoice::Srgb).mix(&wide, &mut sixteen);
    let narrow: Vec<u8> = sixteen.iter().map(|&v| ((u32::from(v) * 255 + 32_767) / 65_535) as u8).collect();
    check("press in 16 bits", &narrow, &stored(reference!("press-srgb.png")).1);
}

#[test]
fn a_cmyk_photograph_is_converted_by_its_profile() {
    let theirs = stored(reference!("press-photo-srgb.png")).1;
    let (info, ours) = read(reference!("press.jpg"), ColourChoice::Srgb);
    assert_eq!(info.channels, Channels::Rgb);
    check("JPEG of Adobe's inverted inks", &ours, &theirs);
    for colour in ColourChoice::ALL {
        let opened = open(reference!("press.jpg"), &DecodeOptions { colour, ..DecodeOptions::default() }).unwrap();
        let expected = spaces::embedded(colour, Channels::Rgb);
        assert_eq!(opened.profile, expected, "{colour:?}");
    }
    assert_eq!(read(reference!("press.jpg"), ColourChoice::Keep).1, ours);
}

#[test]
fn inks_without_a_profile_mix_subtractively() {
    let mut rgb = [0u8; 12];
    let inks = [0, 0, 0, 0, 255, 0, 0, 0, 0, 0, 0, 255, 0, 255, 255, 51];
    Inks::<u8>::new(Some(b"no profile"), ColourChoice::DisplayP3).mix(&inks, &mut rgb);
    assert_eq!(rgb, [255, 255, 255, 0, 255, 255, 0, 0, 0, 204, 0, 0]);
    let mut rgb = [0u16; 3];
    Inks::<u16>::new(None, ColourChoice::Srgb).mix(&[65_535, 0, 0, 32_768], &mut rgb);
    assert_eq!(rgb, [0, 32_767, 32_767]);
}

#[test]
fn the_named_spaces_are_converted_to_as_in_littlecms() {
    for (choice, there, back, profile) in [
        (
            ColourChoice::DisplayP3,
            reference!("target-display-p3-from-srgb.png"),
            reference!("target-display-p3-to-srgb.png"),
            reference!("target-display-p3.icc"),
        ),
        (
            ColourChoice::AdobeRgb,
            reference!("target-adobe-rgb-from-srgb.png"),
            reference!("target-adobe-rgb-to-srgb.png"),
            reference!("target-adobe-rgb.icc"),
        ),
        (
            ColourChoice::ProphotoRgb,
            reference!("target-prophoto-rgb-from-srgb.png"),
            reference!("target-prophoto-rgb-to-srgb.png"),
            reference!("target-prophoto-rgb.icc"),
        ),
        (
            ColourChoice::Rec2020,
            reference!("target-rec2020-from-srgb.png"),
            reference!("target-rec2020-to-srgb.png"),
            reference!("target-rec2020.icc"),
        ),
    ] {
        let embedded = spaces::embedded(choice, Channels::Rgb).unwrap();
        // littleCMS was given the same profile without the bytes that complete the last word.
        let (given, added) = embedded.split_at(profile.len());
        assert!(undated(given)[4..] == undated(profile)[4..] && added.iter().all(|byte| *byte == 0), "{choice:?}");
        let ours = convert(&colours(), None, choice, Channels::Rgb);
        let theirs = stored(there).1;
        // Measured as if it were sRGB: the encodings are similar, and the same on both sides.
        check(&format!("sRGB to {choice:?}"), &ours, &theirs);
        let ours = convert(&colours(), Some(profile), ColourChoice::Srgb, Channels::Rgb);
        check(&format!("{choice:?} to sRGB"), &ours, &stored(back).1);
        assert!(cached(Some(profile), choice, Channels::Rgb, SampleType::U8).is_none(), "it is there already");
    }
}

/// A profile without its creation time.
fn undated(profile: &[u8]) -> Vec<u8> {
    let mut profile = profile.to_vec();
    profile[24..36].fill(0);
    profile
}
