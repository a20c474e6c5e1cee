//! Colours of a PNG file without a profile: code points (cICP), or a gamma and primaries (gAMA, cHRM).
//! The order is the standard's (PNG, third edition, 4.3): cICP, then a profile, then sRGB, then gAMA with cHRM.

use ::png::{Info, SourceChromaticities};
use moxcms::{
    Chromaticity, CicpColorPrimaries, CicpProfile, ColorPrimaries, ColorProfile, LocalizableString, MatrixCoefficients,
    ProfileText, RenderingIntent, ToneReprCurve, TransferCharacteristics, XyY,
};

use super::chunks::chunks;
use crate::codec::colour::{self, BT2020, CodePoints, Hdr};

/// Fraction by which a gamma may differ from sRGB's 1/2.2 and still mean sRGB, as in libpng.
const GAMMA_TOLERANCE: f32 = 0.05;
/// How far a coordinate may be from sRGB's and still mean sRGB, as in libpng.
const PRIMARY_TOLERANCE: f32 = 0.01;
/// Plausible gammas of files.
const PLAUSIBLE_GAMMA: std::ops::RangeInclusive<f32> = 0.1..=4.0;
/// White, red, green, blue of sRGB.
const SRGB: [(f32, f32); 4] = [(0.3127, 0.329), (0.64, 0.33), (0.3, 0.6), (0.15, 0.06)];

/// The name of a profile that stands for BT.2100 with PQ, whatever its contents (W3C, PNG with the ITU BT.2100 PQ EOTF).
const PQ_PROFILE: &[u8] = b"ITUR_2100_PQ_FULL\0";

/// A high dynamic range that can be mapped to SDR.
pub(super) fn hdr(bytes: &[u8], stored: &Info<'_>) -> Option<Hdr> {
    let Some(points) = stored.coding_independent_code_points else {
        let is_pq = || chunks(bytes).any(|(kind, data)| kind == *b"iCCP" && data.starts_with(PQ_PROFILE));
        return (stored.icc_profile.is_some() && is_pq()).then_some(Hdr::Pq);
    };
    Hdr::from_number(points.transfer_function.into()).filter(|_| points.is_video_full_range_image)
}

/// The number of the primaries of an image with a high dynamic range.
fn primaries(stored: &Info<'_>) -> u16 {
    stored.coding_independent_code_points.map_or(BT2020, |points| points.color_primaries.into())
}

/// The profile for an image that was mapped to SDR.
pub(super) fn after_mapping(stored: &Info<'_>) -> Option<Vec<u8>> {
    colour::by_primaries(primaries(stored))
}

/// The profile for an image whose high dynamic range is kept.
pub(super) fn kept(stored: &Info<'_>, hdr: Hdr) -> Option<Vec<u8>> {
    CodePoints::new(primaries(stored), hdr).profile()
}

/// The chunk with code points (PNG, third edition, 11.3.2.6): full range, no matrix. The library does not write it, and it
/// precedes a palette.
pub(super) fn chunk(points: CodePoints) -> Vec<u8> {
    let body = [b'c', b'I', b'C', b'P', points.primaries, points.hdr.number(), 0, 1];
    let mut crc = flate2::Crc::new();
    crc.update(&body);
    [&4_u32.to_be_bytes()[..], &body, &crc.sum().to_be_bytes()].concat()
}

/// The profile for the file's code points, if it has any that are supported.
pub(super) fn by_code_points(stored: &Info<'_>) -> Option<Vec<u8>> {
    let points = stored.coding_independent_code_points?;
    if !points.is_video_full_range_image || dynamic_range(stored).is_some() {
        return None;
    }
    let color_primaries = CicpColorPrimaries::try_from(points.color_primaries).ok()?;
    let transfer_characteristics = TransferCharacteristics::try_from(points.transfer_function).ok()?;
    let matrix_coefficients = MatrixCoefficients::Identity;
    let cicp = CicpProfile { color_primaries, transfer_characteristics, matrix_coefficients, full_range: true };
    let mut profile = ColorProfile::new_srgb();
    profile.red_trc = None;
    // Its return value means nothing; the curves are set last.
    profile.update_rgb_colorimetry_from_cicp(cicp);
    profile.red_trc.as_ref()?;
    named(profile)
}

/// The name of a colour space that is not supported and treated as sRGB: a high dynamic range that is not mapped, and
/// values with headroom below black and above white.
pub(super) fn treated_as_srgb(stored: &Info<'_>) -> Option<&'static str> {
    if stored.icc_profile.is_some() {
        return None;
    }
    let points = stored.coding_independent_code_points?;
    dynamic_range(stored).or((!points.is_video_full_range_image).then_some("video range"))
}

fn dynamic_range(stored: &Info<'_>) -> Option<&'static str> {
    Hdr::from_number(stored.coding_independent_code_points?.transfer_function.into()).map(Hdr::name)
}

/// Whether no chunk says what colours mean.
pub(super) fn are_missing(stored: &Info<'_>) -> bool {
    stored.srgb.is_none()
        && stored.icc_profile.is_none()
        && stored.gama_chunk.is_none()
        && stored.chrm_chunk.is_none()
        && stored.coding_independent_code_points.is_none()
}

/// The profile for the file's gamma and primaries, if they are not sRGB's and nothing else is given.
pub(super) fn by_gamma(stored: &Info<'_>) -> Option<Vec<u8>> {
    if stored.srgb.is_some() {
        return None;
    }
    let gamma = stored.gama_chunk?.into_value();
    let primaries = stored.chrm_chunk.as_ref().map(coordinates).filter(is_plausible);
    let near = |a: f32, b: f32| (a - b).abs() <= PRIMARY_TOLERANCE;
    let primaries = primaries.filter(|stored| {
        !stored.iter().zip(SRGB).all(|(stored, srgb)| near(stored.0, srgb.0) && near(stored.1, srgb.1))
    });
    let is_srgb_gamma = (gamma * 2.2 - 1.0).abs() <= GAMMA_TOLERANCE;
    if !PLAUSIBLE_GAMMA.contains(&gamma) || (is_srgb_gamma && primaries.is_none()) {
        return None;
    }
    let mut profile = ColorProfile::new_srgb();
    if let Some([white, red, green, blue]) = primaries {
        let [red, green, blue] = [red, green, blue].map(|(x, y)| Chromaticity::new(x, y));
        let white = XyY { x: f64::from(white.0), y: f64::from(white.1), yb: 1.0 };
        profile.update_rgb_colorimetry(white, ColorPrimaries { red, green, blue });
    }
    let curve = ToneReprCurve::Parametric(vec![1.0 / gamma]);
    profile.red_trc = Some(curve.clone());
    profile.green_trc = Some(curve.clone());
    profile.blue_trc = Some(curve);
    named(profile)
}

fn coordinates(stored: &SourceChromaticities) -> [(f32, f32); 4] {
    [stored.white, stored.red, stored.green, stored.blue].map(|(x, y)| (x.into_value(), y.into_value()))
}

/// Whether the primaries span an area and the white point is possible.
fn is_plausible(stored: &[(f32, f32); 4]) -> bool {
    let [_, red, green, blue] = stored;
    let area = (green.0 - red.0) * (blue.1 - red.1) - (blue.0 - red.0) * (green.1 - red.1);
    stored.iter().all(|(x, y)| (0.0..=1.0).contains(x) && (0.001..=1.0).contains(y)) && area.abs() > 0.01
}

fn named(mut profile: ColorProfile) -> Option<Vec<u8>> {
    let colorants = [profile.red_colorant, profile.green_colorant, profile.blue_colorant];
    if !colorants.iter().all(|xyz| xyz.x.is_finite() && xyz.y.is_finite() && xyz.z.is_finite()) {
        return None;
    }
    // Curves and colorants are complete.
    profile.cicp = None;
    profile.media_white_point = Some(profile.white_point);
    profile.rendering_intent = RenderingIntent::RelativeColorimetric;
    let name = LocalizableString::new("en".to_owned(), "US".to_owned(), "As the PNG file tells".to_owned());
    profile.description = Some(ProfileText::Localizable(vec![name]));
    colour::encoded_profile(&profile)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use ::png::chunk::ChunkType;
    use ::png::{BitDepth, ColorType, Encoder};

    use crate::codec::spec::DecodeOptions;
    use crate::codec::{open, probe};
    use crate::model::{Band, ColourChoice, Samples};

    const P3: (&[u8; 4], &[u8]) = (b"cICP", &[12, 13, 0, 1]);
    const SRGB_CHUNK: (&[u8; 4], &[u8]) = (b"sRGB", &[0]);

    /// A file of one row with additional chunks before the pixels.
    fn file(colour: ColorType, samples: &[u8], chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut encoder = Encoder::new(&mut out, (samples.len() / colour.samples()) as u32, 1);
        encoder.set_color(colour);
        encoder.set_depth(BitDepth::Eight);
        let mut writer = encoder.write_header().unwrap();
        for (kind, data) in chunks {
            writer.write_chunk(ChunkType(**kind), data).unwrap();
        }
        writer.write_image_data(samples).unwrap();
        writer.finish().unwrap();
        out
    }

    fn read(bytes: &[u8], colour: ColourChoice) -> (Vec<u8>, bool) {
        let mut opened = open(bytes, &DecodeOptions { colour, ..DecodeOptions::default() }).unwrap();
        let mut band = Band::empty(&opened.rows.info());
        opened.rows.read_rows(1, &mut band).unwrap();
        let Samples::U8(samples) = band.samples else { panic!("8 bits") };
        (samples, opened.profile.is_some())
    }

    fn shown(bytes: &[u8]) -> Vec<u8> {
        read(bytes, ColourChoice::Srgb).0
    }

    fn gamma(value: u32) -> [u8; 4] {
        value.to_be_bytes()
    }

    fn primaries(stored: [u32; 8]) -> Vec<u8> {
        stored.into_iter().flat_map(u32::to_be_bytes).collect()
    }

    /// sRGB's curve (IEC 61966-2-1).
    fn encode(light: f64) -> f64 {
        let light = light.clamp(0.0, 1.0);
        255.0 * if light <= 0.003_130_8 { 12.92 * light } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 }
    }

    fn decode(level: u8) -> f64 {
        let v = f64::from(level) / 255.0;
        if v <= 0.040_45 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
    }

    /// Light multiplied by a matrix from one set of primaries with D65 to sRGB's.
    fn through(matrix: [[f64; 3]; 3], light: [f64; 3]) -> Vec<f64> {
        matrix.iter().map(|row| encode(row.iter().zip(light).map(|(m, v)| m * v).sum())).collect()
    }

    #[track_caller]
    fn near(levels: &[u8], expected: &[f64], tolerance: f64) {
        for (level, wanted) in levels.iter().zip(expected) {
            assert!((f64::from(*level) - wanted).abs() <= tolerance, "{levels:?} is not {expected:?}");
        }
        assert_eq!(levels.len(), expected.len());
    }

    const COLOURS: [u8; 9] = [200, 120, 80, 90, 160, 100, 128, 128, 128];
    /// From Display P3's primaries (SMPTE EG 432-1) to BT.709's.
    const P3_TO_SRGB: [[f64; 3]; 3] =
        [[1.224_94, -0.224_94, 0.0], [-0.042_06, 1.042_06, 0.0], [-0.019_64, -0.078_64, 1.098_27]];
    /// From Adobe RGB's (1998) primaries to BT.709's.
    const ADOBE_TO_SRGB: [[f64; 3]; 3] = [[1.398_36, -0.398_36, 0.0], [0.0, 1.0, 0.0], [0.0, -0.042_93, 1.042_93]];
    const ADOBE: [u32; 8] = [31_270, 32_900, 64_000, 33_000, 21_000, 71_000, 15_000, 6_000];

    #[test]
    fn code_points_take_precedence() {
        let expected: Vec<f64> =
            COLOURS.as_chunks::<3>().0.iter().flat_map(|rgb| through(P3_TO_SRGB, rgb.map(decode))).collect();
        let other_gamma = gamma(100_000);
        for chunks in [&[P3][..], &[P3, SRGB_CHUNK], &[(b"gAMA", &other_gamma), P3]] {
            let bytes = file(ColorType::Rgb, &COLOURS, chunks);
            near(&shown(&bytes), &expected, 1.0);
            assert_eq!(read(&bytes, ColourChoice::Keep), (COLOURS.to_vec(), true), "kept with a profile that says so");
        }
        // The profile contradicts the other chunks, which take precedence.
        let adobe = moxcms::ColorProfile::new_adobe_rgb().encode().unwrap();
        let mut packing = flate2::write::ZlibEncoder::new(b"x\0\0".to_vec(), flate2::Compression::fast());
        std::io::Write::write_all(&mut packing, &adobe).unwrap();
        let packed = packing.finish().unwrap();
        let both = file(ColorType::Rgb, &COLOURS, &[(b"iCCP", &packed), P3]);
        near(&shown(&both), &expected, 1.0);
        let alone = shown(&file(ColorType::Rgb, &COLOURS, &[(b"iCCP", &packed)]));
        near(&alone[..3], &through(ADOBE_TO_SRGB, [200, 120, 80].map(|v: u8| (f64::from(v) / 255.0).powf(2.2))), 1.5);
        // Code points that mean sRGB give sRGB exactly.
        let plain = file(ColorType::Rgb, &COLOURS, &[(b"cICP", &[1, 13, 0, 1])]);
        assert_eq!(shown(&plain), COLOURS);
        // Gray is on the axis, whatever the primaries.
        let gray = file(ColorType::Grayscale, &[0, 60, 128, 255], &[P3]);
        near(&shown(&gray), &[0.0, 60.0, 128.0, 255.0], 1.0);
        let linear = file(ColorType::Grayscale, &[0, 55, 128, 255], &[(b"cICP", &[1, 8, 0, 1])]);
        near(&shown(&linear), &[0.0, 55.0, 128.0, 255.0].map(|v| encode(v / 255.0)), 1.0);
    }

    #[test]
    fn unsupported_colour_spaces_are_treated_as_srgb_and_named() {
        for (points, name) in [
            ([1, 13, 0, 0], Some("video range")),
            ([9, 16, 0, 0], Some("PQ")),
            ([12, 13, 0, 1], None),
            ([2, 2, 0, 1], None),
            ([250, 250, 0, 1], None),
        ] {
            let bytes = file(ColorType::Rgb, &COLOURS, &[(b"cICP", &points)]);
            let header = probe(&bytes).unwrap();
            assert_eq!((header.treated_as_srgb, header.tone_mapped), (name, None), "{points:?}");
            if points[0] != 12 {
                assert_eq!(shown(&bytes), COLOURS, "{points:?}");
            }
        }
    }

    /// The level of PQ (ST 2084) for this many nits.
    fn pq(nits: f64) -> u8 {
        let y = (nits / 10_000.0).powf(0.159_301_757_812_5);
        (255.0 * ((0.835_937_5 + 18.851_562_5 * y) / (1.0 + 18.687_5 * y)).powf(78.843_75)).round() as u8
    }

    #[test]
    fn a_high_dynamic_range_is_mapped_to_sdr_with_203_nits_as_white() {
        let light = |level: u8| {
            let root = (f64::from(level) / 255.0).powf(1.0 / 78.843_75);
            ((root - 0.835_937_5).max(0.0) / (18.851_562_5 - 18.687_5 * root)).powf(1.0 / 0.159_301_757_812_5)
                * 10_000.0
        };
        let grays = [0.0, 10.0, 100.0, 203.0].map(pq);
        let expected = grays.map(|level| encode(light(level) / 203.0));
        let points = |primaries, transfer| [primaries, transfer, 0, 1];
        let rgb = grays.iter().flat_map(|&gray| [gray; 3]).collect::<Vec<_>>();
        let rgba = grays.iter().flat_map(|&gray| [gray, gray, gray, 77]).collect::<Vec<_>>();
        for primaries in [1, 9, 12] {
            let chunk = points(primaries, 16);
            let chunks: [(&[u8; 4], &[u8]); 2] = [(b"gAMA", &gamma(45_455)), (b"cICP", &chunk)];
            let gray = file(ColorType::Grayscale, &grays, &chunks);
            near(&shown(&gray), &expected, 1.5);
            let colour = shown(&file(ColorType::Rgb, &rgb, &chunks));
            near(&colour, &expected.map(|level| [level; 3]).concat(), 1.5);
            let clear = shown(&file(ColorType::Rgba, &rgba, &chunks));
            near(&clear, &expected.map(|level| [level, level, level, 77.0]).concat(), 1.5);
            for (bytes, has_profile) in [(&gray, false), (&file(ColorType::Rgb, &rgb, &chunks), primaries != 1)] {
                let header = probe(bytes).unwrap();
                assert_eq!((header.treated_as_srgb, header.tone_mapped), (None, Some("PQ")));
                assert_eq!(read(bytes, ColourChoice::Keep).1, has_profile, "no profile says PQ: {primaries}");
            }
        }
        // HLG at 75 % is reference white (BT.2408), and 50 % is a scene's light of 1/12, 50.7 nits on a display of 1,000.
        let hlg = file(ColorType::Grayscale, &[0, 128, 191], &[(b"cICP", &points(9, 18))]);
        near(&shown(&hlg), &[0.0, encode(50.7 / 203.0), 255.0], 2.0);
        assert_eq!(probe(&hlg).unwrap().tone_mapped, Some("HLG"));
        // Brighter light keeps its steps.
        let bright = file(ColorType::Grayscale, &[203.0, 400.0, 1_000.0].map(pq), &[(b"cICP", &points(9, 16))]);
        let levels = shown(&bright);
        assert!(levels.is_sorted() && levels[0] > 235 && levels[1] > levels[0] + 2 && levels[2] > 252, "{levels:?}");
        // The name of a profile can say PQ as well, whatever the profile is.
        let mut named = flate2::write::ZlibEncoder::new(b"ITUR_2100_PQ_FULL\0\0".to_vec(), flate2::Compression::fast());
        let srgb = moxcms::ColorProfile::new_srgb().encode().unwrap();
        std::io::Write::write_all(&mut named, &srgb).unwrap();
        let by_name = file(ColorType::Rgb, &rgb, &[(b"iCCP", &named.finish().unwrap())]);
        near(&shown(&by_name), &expected.map(|level| [level; 3]).concat(), 1.5);
    }

    #[test]
    fn profiles_that_do_not_fit_are_ignored_as_by_libpng_and_named() {
        use crate::model::Part;
        let packed = |profile: &[u8]| {
            let mut packing = flate2::write::ZlibEncoder::new(b"x\0\0".to_vec(), flate2::Compression::fast());
            std::io::Write::write_all(&mut packing, profile).unwrap();
            packing.finish().unwrap()
        };
        let left_out = |bytes: &[u8]| open(bytes, &DecodeOptions::default()).unwrap().metadata.left_out;
        let adobe = packed(&moxcms::ColorProfile::new_adobe_rgb().encode().unwrap());
        let gray = packed(&moxcms::ColorProfile::new_gray_with_gamma(1.5).encode().unwrap());
        let grays = [0, 60, 128, 255];
        let broken = b"x\0\0neither".to_vec();
        for profile in [&adobe, &broken] {
            let bytes = file(ColorType::Grayscale, &grays, &[(b"iCCP", profile)]);
            assert_eq!((shown(&bytes), left_out(&bytes)), (grays.to_vec(), vec![Part::UnusableProfile]));
        }
        let bytes = file(ColorType::Grayscale, &grays, &[(b"iCCP", &gray)]);
        near(&shown(&bytes), &grays.map(|v| encode((f64::from(v) / 255.0).powf(1.5))), 1.0);
        assert_eq!(left_out(&bytes), []);
        for profile in [&gray, &broken] {
            let bytes = file(ColorType::Rgb, &COLOURS, &[(b"iCCP", profile)]);
            assert_eq!((shown(&bytes), left_out(&bytes)), (COLOURS.to_vec(), vec![Part::UnusableProfile]));
        }
    }

    #[test]
    fn gamma_and_primaries_are_used_if_nothing_better_is_given() {
        let (one, mac, usual) = (gamma(100_000), gamma(55_556), gamma(45_455));
        let rgb = |chunks: &[(&[u8; 4], &[u8])]| shown(&file(ColorType::Rgb, &COLOURS, chunks));
        let power = |exponent: f64| COLOURS.map(|v| encode((f64::from(v) / 255.0).powf(exponent)));
        near(&rgb(&[(b"gAMA", &one)]), &power(1.0), 1.0);
        near(&rgb(&[(b"gAMA", &mac)]), &power(1.8), 1.0);
        let grays = [0, 20, 60, 128, 255];
        let gray = shown(&file(ColorType::Grayscale, &grays, &[(b"gAMA", &mac)]));
        near(&gray, &grays.map(|v| encode((f64::from(v) / 255.0).powf(1.8))), 1.0);
        let clear = shown(&file(ColorType::GrayscaleAlpha, &[128, 77], &[(b"gAMA", &one)]));
        near(&clear, &[encode(128.0 / 255.0), 77.0], 1.0);
        // Values that mean sRGB give sRGB exactly.
        let srgb = primaries([31_270, 32_900, 64_000, 33_000, 30_000, 60_000, 15_000, 6_000]);
        for chunks in [
            &[(b"gAMA", &usual[..])][..],
            &[(b"gAMA", &usual), (b"cHRM", &srgb)],
            &[SRGB_CHUNK, (b"gAMA", &one)],
            &[(b"cHRM", &primaries(ADOBE))],
            &[(b"gAMA", &gamma(1))],
        ] {
            assert_eq!(rgb(chunks), COLOURS, "{chunks:?}");
        }
        let adobe = rgb(&[(b"gAMA", &usual), (b"cHRM", &primaries(ADOBE))]);
        let expected: Vec<f64> = COLOURS
            .as_chunks::<3>()
            .0
            .iter()
            .flat_map(|rgb| through(ADOBE_TO_SRGB, rgb.map(|v| (f64::from(v) / 255.0).powf(2.2))))
            .collect();
        near(&adobe, &expected, 1.0);
        // Forged primaries are ignored: three on one line, a green without luminance, an impossible white.
        for forged in [
            [31_270, 32_900, 10_000, 10_000, 20_000, 20_000, 30_000, 30_000],
            [31_270, 32_900, 64_000, 33_000, 30_000, 0, 15_000, 6_000],
            [0, 0, 64_000, 33_000, 21_000, 71_000, 15_000, 6_000],
            [u32::MAX; 8],
        ] {
            assert_eq!(rgb(&[(b"gAMA", &usual), (b"cHRM", &primaries(forged))]), COLOURS, "{forged:?}");
        }
    }
}
