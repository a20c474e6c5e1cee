//! Files as other programs write them. Coded rows come from libtiff 4.5 (through tiffcp and Pillow) and tifffile; the
//! pixels are computed here.

use fax::maps::{black, white};
use fax::{BitWriter, VecWriter};

use super::{file, read, whole};
use crate::codec::formats::known;
use crate::codec::spec::Extras;
use crate::codec::{DecodeOptions, encoder, open, probe_page};
use crate::error::ErrorKind;
use crate::model::{Band, Channels, Format, ImageInfo, Metadata, SampleType, Samples, Save, TruncatedPolicy};

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len() / 2).map(|n| u8::from_str_radix(&hex[n * 2..n * 2 + 2], 16).unwrap()).collect()
}

fn gray(file: &[u8]) -> Vec<u8> {
    let (Samples::U8(samples), Channels::Gray) = whole(file) else { panic!("gray of 8 bits") };
    samples
}

fn rgb(file: &[u8]) -> Vec<u8> {
    let (Samples::U8(samples), Channels::Rgb) = whole(file) else { panic!("RGB of 8 bits") };
    samples
}

/// Strips or tiles compressed with LZW: of TIFF 6.0, or as earlier programs did.
fn lzw(data: &[u8], is_old: bool) -> Vec<u8> {
    if is_old {
        weezl::encode::Encoder::new(weezl::BitOrder::Lsb, 8).encode(data).unwrap()
    } else {
        weezl::encode::Encoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8).encode(data).unwrap()
    }
}

#[test]
fn tiles_are_padded_whatever_their_compression_and_may_be_listed_as_strips() {
    let (width, height, side) = (70usize, 40usize, 32usize);
    let value = |x: usize, y: usize| (x * 5 + y * 11) as u8;
    let expected: Vec<u8> = (0..width * height).map(|n| value(n % width, n / width)).collect();
    let tile = |n: usize| -> Vec<u8> {
        let (left, top) = (n % 3 * side, n / 3 * side);
        // Beyond the edge there is other data, which is compressed, too.
        (0..side * side).map(|n| value(left + n % side, top + n / side)).collect()
    };
    for compression in [1, 5, 8, 50_000] {
        let packed: Vec<Vec<u8>> = (0..6)
            .map(|n| match compression {
                1 => tile(n),
                5 => lzw(&tile(n), false),
                50_000 => zstd::bulk::compress(&tile(n), 3).unwrap(),
                _ => {
                    use std::io::Write;
                    let mut out = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
                    out.write_all(&tile(n)).unwrap();
                    out.finish().unwrap()
                }
            })
            .collect();
        let tags = [(256, 70), (257, 40), (258, 8), (259, compression), (262, 1), (277, 1), (322, 32), (323, 32)];
        assert_eq!(gray(&file(true, &tags, &packed)), expected, "compression {compression}");
        assert_eq!(gray(&file(false, &tags, &packed)), expected, "compression {compression}");
    }
}

#[test]
fn lzw_of_earlier_programs_is_read() {
    let expected: Vec<u8> = (0..120 * 90u32).map(|n| (n * n / 7 % 251) as u8).collect();
    for is_old in [false, true] {
        let packed = lzw(&expected, is_old);
        assert_eq!(packed[0] == 0 && packed[1] & 1 == 1, is_old);
        // Long enough for codes of 12 bits and a new table.
        assert!(packed.len() > 9_000);
        let tags = [(256, 120), (257, 90), (258, 8), (259, 5), (262, 1), (277, 1), (278, 90)];
        assert!(gray(&file(true, &tags, &[packed])) == expected, "old: {is_old}");
    }
}

/// The image of all fax tests: 37 x 9 px.
fn pattern() -> Vec<u8> {
    (0..37 * 9).map(|n| (n % 37, n / 37)).map(|(x, y)| if (x * x + 3 * x * y + y) % 7 < 3 { 255 } else { 0 }).collect()
}

/// Rows of runs without end-of-line codes, each beginning at a multiple of some bytes.
fn run_lengths(pixels: &[u8], width: usize, align: usize) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::new();
    for row in pixels.chunks(width) {
        let mut writer = VecWriter::new();
        let (mut rest, mut is_black) = (row, false);
        while !rest.is_empty() {
            let run = rest.iter().take_while(|&&pixel| (pixel == 255) == is_black).count();
            let code = if is_black { black::encode(run as u16) } else { white::encode(run as u16) };
            writer.write(code.unwrap()).unwrap();
            rest = &rest[run..];
            is_black = !is_black;
        }
        out.extend(writer.finish());
        out.resize(out.len().next_multiple_of(align), 0);
    }
    out
}

#[test]
fn fax_data_of_every_kind_is_read() {
    let tags = |compression, options| {
        [(256, 37), (257, 9), (258, 1), (259, compression), (262, 1), (277, 1), (278, 9), (292, options)]
    };
    let rle = "35c7c787c787c787c787c78035509d427509d427509d0e35c787c787c787c787c787c0e5cb972e4e84ea13a84ea13a84e9c01d42\
               7509d427509d4274c5cb972e5035c7c787c787c787c787c78035509d427509d427509d0e";
    assert_eq!(run_lengths(&pattern(), 37, 1), bytes(rle), "libtiff's rows");
    let group3 = "00135c7c787c787c787c787c78004d5427509d427509d427438009ae3c3e3c3e3c3e3c3e3c3e003cb972e5c9c00613a84ea13a\
                  84ea13a70011d427509d427509d42740038b972e5ca0004d71f1e1f1e1f1e1f1e1f1e00135509d427509d427509d0e";
    let two = "0019ae3e3c3e3c3e3c3e3c3e3c002a769da769da76a00335c787c787c787c787c787c00420c206103081840c2800e13a84ea13a84\
               ea13a70010410a4104290410a4104290410a4a003c5cb972e5000226b8488f0488f0488f0488f048140066aa13a84ea13a84ea13a1c";
    let filled = "00019ae3e3c3e3c3e3c3e3c3e3c00153b4ed3b4ed3b500019ae3c3e3c3e3c3e3c3e3c3e001083081840c2061030a0001c27509d\
                  427509d4274e0010410a4104290410a4104290410a4a001e2e5cb97280001135c24478244782447824478240a00019aa84ea13\
                  a84ea13a84e87";
    let four = "26b91f23c47c8f11f23c47c8f11f05a769da769da76b69da769da769d883081840c2061030a0816081608160816081708214820852\
                08214820852082149471c71c764d70911e0911e0911e0911e0902d3b4ed3b4ed3b50010010";
    let cases = [
        ("runs", tags(2, 0), bytes(rle)),
        ("runs by words", tags(32_771, 0), run_lengths(&pattern(), 37, 2)),
        ("group 3", tags(3, 0), bytes(group3)),
        ("group 3 without ends of lines", tags(3, 0), bytes(rle)),
        ("group 3 in two dimensions", tags(3, 1), bytes(two)),
        ("group 3 in two dimensions, filled", tags(3, 5), bytes(filled)),
        ("group 4", tags(4, 0), bytes(four)),
    ];
    for (name, tags, data) in cases {
        assert_eq!(gray(&file(true, &tags, std::slice::from_ref(&data))), pattern(), "{name}");
        // With the lowest bit first, and without the photometric interpretation: white is zero then.
        let reversed: Vec<u8> = data.iter().map(|byte| byte.reverse_bits()).collect();
        let mut other = tags.to_vec();
        other.retain(|&(tag, _)| tag != 262);
        other.push((266, 2));
        let inverted: Vec<u8> = pattern().iter().map(|&value| 255 - value).collect();
        assert_eq!(gray(&file(false, &other, &[reversed])), inverted, "{name}, reversed");
        let cut = &data[..data.len() / 2];
        let error = read(&file(true, &tags, &[cut.to_vec()]), TruncatedPolicy::Fail).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Corrupt, "{name}");
    }
}

#[test]
fn rows_after_the_end_of_a_fax_page_are_white() {
    // libtiff pads pages whose header claims more rows than were sent.
    let four = "26b91f23c47c8f11f23c47c8f11f05a769da769da76b69da769da769d883081840c2061030a0816081608160816081708214820852\
                08214820852082149471c71c764d70911e0911e0911e0911e0902d3b4ed3b4ed3b50010010";
    let tags = [(256, 37), (257, 12), (258, 1), (259, 4), (262, 0), (277, 1), (278, 12)];
    let read = gray(&file(true, &tags, &[bytes(four)]));
    let inverted: Vec<u8> = pattern().iter().map(|&value| 255 - value).collect();
    assert_eq!(read[..37 * 9], inverted);
    assert!(read[37 * 9..].iter().all(|&value| value == 255));
}

#[test]
fn shared_chroma_is_repeated_for_its_pixels() {
    // Two units of 2 x 2 px and a half one: black and white over gray chroma, red, blue (Rec. 601, full range).
    let unit = |luma: [u8; 4], u: u8, v: u8| [&luma[..], &[u, v]].concat();
    let units = [unit([0, 255, 10, 20], 128, 128), unit([76; 4], 85, 255), unit([29, 0, 29, 0], 255, 107)];
    let expected = [
        [0, 0, 0],
        [255; 3],
        [254, 0, 0],
        [254, 0, 0],
        [0, 0, 254],
        [10; 3],
        [20; 3],
        [254, 0, 0],
        [254, 0, 0],
        [0, 0, 254],
    ];
    let tags = [(256, 5), (257, 2), (258, 8), (259, 1), (262, 6), (277, 3), (278, 2)];
    // Without the tag, chroma is shared by two pixels across and down.
    assert_eq!(rgb(&file(true, &tags, &[units.concat()])), expected.concat());
    let packed = lzw(&units.concat(), false);
    let tags = [(256, 5), (257, 2), (258, 8), (259, 5), (262, 6), (277, 3), (278, 2)];
    assert_eq!(rgb(&file(false, &tags, &[packed])), expected.concat());
    // Each in a plane of its own.
    let planes = [vec![0, 255, 76, 76, 29, 10, 20, 76, 76, 29], vec![128, 85, 255], vec![128, 255, 107]];
    let tags = [(256, 5), (257, 2), (258, 8), (259, 1), (262, 6), (277, 3), (278, 2), (284, 2)];
    assert_eq!(rgb(&file(true, &tags, &planes)), expected.concat());
}

/// A JPEG file of a gradient, and its pixels as our decoder gives them.
fn jpeg(channels: Channels) -> (Vec<u8>, Vec<u8>) {
    image(known::JPEG, &Save::default(), channels)
}

/// The same in another format.
fn image(format: Format, save: &Save, channels: Channels) -> (Vec<u8>, Vec<u8>) {
    let info = ImageInfo { width_px: 40, height_px: 24, channels, sample: SampleType::U8, premultiplied: false };
    let samples = (0..info.row_samples() * 24).map(|n| (n * 3 % 256) as u8).collect();
    let mut writer = encoder(format, save, Extras::default().profile, &Metadata::default()).unwrap();
    writer.start(info).unwrap();
    let mut band = Band::empty(&info);
    band.rows = 24;
    band.samples = Samples::U8(samples);
    writer.write_rows(&band).unwrap();
    let file = writer.finish().unwrap();
    let mut opened = open(&file, &DecodeOptions::default()).unwrap();
    opened.rows.read_rows(24, &mut band).unwrap();
    drop(opened);
    let Samples::U8(pixels) = band.samples else { panic!("8 bits") };
    (file, pixels)
}

/// The segments of a JPEG file up to its coded data, and that data.
fn segments(file: &[u8]) -> (Vec<Vec<u8>>, Vec<u8>) {
    let (mut at, mut list) = (2, Vec::new());
    loop {
        let end = at + 2 + usize::from(u16::from_be_bytes([file[at + 2], file[at + 3]]));
        list.push(file[at..end].to_vec());
        if file[at + 1] == 0xDA {
            return (list, file[end..].to_vec());
        }
        at = end;
    }
}

#[test]
fn jpeg_data_is_read_with_its_tables_elsewhere() {
    let (data, expected) = jpeg(Channels::Rgb);
    let tags = [(256, 40), (257, 24), (258, 8), (259, 7), (262, 6), (277, 3), (278, 24)];
    assert!(rgb(&file(true, &tags, std::slice::from_ref(&data))) == expected);
    let (list, coded) = segments(&data);
    let (tables, others): (Vec<_>, Vec<_>) = list.into_iter().partition(|part| matches!(part[1], 0xDB | 0xC4));
    let tables = [&[0xFF, 0xD8][..], &tables.concat(), &[0xFF, 0xD9]].concat();
    let strip = [&[0xFF, 0xD8][..], &others.concat(), &coded].concat();
    // The tables are the second strip, which a tag points to as well.
    let with = |at: u32| {
        let tags = [(256, 40), (257, 24), (258, 8), (259, 7), (262, 6), (277, 3), (278, 24), (347, at)];
        let mut made = file(true, &tags, &[strip.clone(), tables.clone()]);
        // Its type is UNDEFINED, with as many values as bytes.
        let entry = made.windows(4).position(|four| four == [0x5B, 1, 4, 0]).unwrap();
        made[entry + 2] = 7;
        made[entry + 4..entry + 8].copy_from_slice(&(tables.len() as u32).to_le_bytes());
        made
    };
    let at = with(0).windows(tables.len()).position(|part| part == tables).unwrap();
    assert!(rgb(&with(at as u32)) == expected);
}

#[test]
fn webp_data_is_read_with_and_without_alpha() {
    let lossless = Save { lossless: true, ..Save::default() };
    for (channels, samples) in [(Channels::Rgb, 3), (Channels::Rgba, 4)] {
        let (data, expected) = image(known::WEBP, &lossless, channels);
        let tags = [(256, 40), (257, 24), (258, 8), (259, 50_001), (262, 2), (277, samples), (278, 24), (338, 2)];
        let made = file(true, &tags[..if samples == 4 { 8 } else { 7 }], std::slice::from_ref(&data));
        assert!(whole(&made) == (Samples::U8(expected), channels));
        let cut = file(true, &tags[..7], &[data[..data.len() - 9].to_vec()]);
        assert!(matches!(
            read(&cut, TruncatedPolicy::Fail).unwrap_err().kind,
            ErrorKind::Corrupt | ErrorKind::Truncated | ErrorKind::Unsupported
        ));
    }
}

#[test]
fn old_style_jpeg_is_read_from_one_offset_or_from_its_tables() {
    let (data, expected) = jpeg(Channels::Rgb);
    let with = |at: u32| {
        let tags = [(256, 40), (257, 24), (259, 6), (262, 6), (278, 24), (513, at)];
        file(true, &tags, std::slice::from_ref(&data))
    };
    let at = with(0).windows(2).position(|two| two == [0xFF, 0xD8]).unwrap();
    assert!(rgb(&with(at as u32)) == expected);
    super::pages::check_stripped(&with(at as u32), "from one offset");
    let (data, expected) = jpeg(Channels::Gray);
    let (list, coded) = segments(&data);
    let payload = |marker: u8, class: u8| {
        list.iter().find(|part| part[1] == marker && part[4] & 0xF0 == class).unwrap()[5..].to_vec()
    };
    let tables = [payload(0xDB, 0), payload(0xC4, 0), payload(0xC4, 0x10)];
    let with = |at: u32| {
        let places = [at, at + 64, at + 64 + tables[1].len() as u32];
        let tags = [(256, 40), (257, 24), (258, 8), (259, 6), (262, 1), (277, 1), (278, 24)];
        let places = [(519, places[0]), (520, places[1]), (521, places[2])];
        file(true, &[&tags[..], &places].concat(), &[coded.clone(), tables.concat()])
    };
    let at = with(0).windows(64).position(|part| part == tables[0]).unwrap();
    assert!(gray(&with(at as u32)) == expected);
    super::pages::check_stripped(&with(at as u32), "from its tables");
}

#[test]
fn depths_of_any_number_of_bits_are_read() {
    for bits in [3u32, 5, 6, 7, 11, 20, 24] {
        let max = (1u64 << bits) - 1;
        let values: Vec<u64> = (0..7 * 3).map(|n| n * 1_234_567 % (max + 1)).chain([0, max]).take(21).collect();
        let row = |row: &[u64]| -> Vec<u8> {
            if bits == 24 {
                return row.iter().flat_map(|value| value.to_le_bytes()[..3].to_vec()).collect();
            }
            let all: Vec<u8> =
                row.iter().flat_map(|value| (0..bits).rev().map(move |bit| (value >> bit & 1) as u8)).collect();
            all.chunks(8).map(|byte| byte.iter().enumerate().fold(0, |sum, (n, bit)| sum | bit << (7 - n))).collect()
        };
        let data: Vec<u8> = values.chunks(7).flat_map(row).collect();
        let tags = [(256, 7), (257, 3), (258, bits), (259, 1), (262, 1), (277, 1), (278, 3)];
        let scaled = |most: u64| values.iter().map(move |value| (value * most + max / 2) / max);
        match whole(&file(true, &tags, &[data])).0 {
            Samples::U8(read) if bits < 8 => assert!(scaled(255).eq(read.into_iter().map(u64::from)), "{bits}"),
            Samples::U16(read) if bits == 24 => {
                assert!(values.iter().map(|value| value >> 8).eq(read.into_iter().map(u64::from)), "{bits}");
            }
            Samples::U16(read) if bits > 8 => assert!(scaled(65_535).eq(read.into_iter().map(u64::from)), "{bits}"),
            other => panic!("{bits}: {other:?}"),
        }
    }
}

#[test]
fn predicted_floats_and_zstandard_are_read() {
    let tags = [(256, 4), (257, 2), (258, 32), (259, 8), (262, 1), (277, 1), (278, 2), (317, 3), (339, 3)];
    let data = bytes("789c63b0636438d800040c1000e4fe3beca09666c29006c2e90079ac07ce");
    let expected = [0.0f32, 0.25, 0.5, 1.0, 0.125, 0.75, 0.9, 0.1].map(|value| value.mul_add(65_535.0, 0.5) as u16);
    for little in [true, false] {
        assert_eq!(whole(&file(little, &tags, std::slice::from_ref(&data))).0, Samples::U16(expected.to_vec()));
    }
    let tags = [(256, 60), (257, 4), (258, 8), (259, 50_000), (262, 1), (277, 1), (278, 4), (317, 2)];
    let data = bytes("28b52ffd20f01d01004800070c07a9075705070b00c0c11b38001c046000e4012e0007470100600c14ec002c");
    let expected: Vec<u8> = (0..240u32).map(|n| (n * 7 % 251) as u8).collect();
    assert_eq!(gray(&file(true, &tags, &[data])), expected);
}

#[test]
fn runs_of_thunderscan_and_next_are_read() {
    // A pixel, a run, three differences of two bits (one is skipped), two of three bits, and a pixel.
    let data = vec![0xC7, 0x02, 0x40 | 0b01_10_11, 0x80 | 0b111_100, 0xC0];
    let tags = [(256, 7), (257, 1), (258, 4), (259, 32_809), (262, 1), (277, 1), (278, 1)];
    assert_eq!(gray(&file(true, &tags, &[data])), [7, 7, 7, 8, 7, 6, 0].map(|value| value * 17));
    // A literal row, a literal span, and runs.
    let data = vec![0, 0b00_01_10_11, 0x40, 0, 0, 0, 1, 0b00_00_01_01, 0x40 | 3, 0x80 | 1];
    let tags = [(256, 4), (257, 3), (258, 2), (259, 32_766), (262, 1), (277, 1), (278, 3)];
    let expected = [0, 1, 2, 3, 0, 0, 1, 1, 1, 1, 1, 2].map(|value| value * 85);
    assert_eq!(gray(&file(true, &tags, &[data])), expected);
}

#[test]
fn pages_that_lead_back_to_an_earlier_one_end_there() {
    let tags = [(256, 2), (257, 1), (258, 8), (259, 1), (262, 1), (277, 1), (278, 1)];
    let mut bytes = file(true, &tags, &[vec![3, 4]]);
    let link = 8 + 2 + 9 * 12;
    assert_eq!(bytes[link..link + 4], [0; 4]);
    bytes[link] = 8;
    assert_eq!(gray(&bytes), [3, 4]);
    assert_eq!(probe_page(&bytes, 0).unwrap().pages, 1);
}

#[test]
fn missing_lengths_rows_and_colours_are_computed() {
    let expected: Vec<u8> = (0..60).collect();
    // No rows per strip, no photometric interpretation, no number of samples.
    let tags = [(256, 10), (257, 6), (258, 8), (259, 1)];
    let mut bytes = file(true, &tags, std::slice::from_ref(&expected));
    assert_eq!(gray(&bytes), expected);
    let length = bytes.windows(4).position(|four| four == [0x17, 1, 4, 0]).unwrap() + 8;
    bytes[length..length + 4].copy_from_slice(&[0; 4]);
    assert_eq!(gray(&bytes), expected, "no length");
    let tags = [(256, 10), (257, 2), (258, 8), (259, 5), (277, 3)];
    let mut bytes = file(true, &tags, &[lzw(&expected, false)]);
    let length = bytes.windows(4).position(|four| four == [0x17, 1, 4, 0]).unwrap() + 8;
    bytes[length..length + 4].copy_from_slice(&[0; 4]);
    assert_eq!(rgb(&bytes), expected, "no length of compressed data");
}

#[test]
fn what_is_not_supported_is_never_called_damaged() {
    let cases = [(34_712, 8, 1), (50_001, 8, 1), (34_887, 8, 1), (34_925, 8, 1), (1, 40, 1), (1, 8, 6)];
    for (compression, bits, format) in cases {
        let tags = [(256, 2), (257, 1), (258, bits), (259, compression), (262, 1), (277, 1), (278, 1), (339, format)];
        let error = read(&file(true, &tags, &[vec![3, 4]]), TruncatedPolicy::Fail).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unsupported, "{compression}, {bits}");
    }
}
