//! What is declared about formats, compared with files of every format.

#![expect(clippy::unwrap_used, reason = "tests")]
#![expect(clippy::disallowed_methods, reason = "tests read files")]

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::*;
use crate::codec::spec::HdrKind;
use crate::codec::{Block, Facts, FormatFacts, format_facts};
use crate::config;
use crate::model::{FormatChoice, HdrChoice, Part, Picture, Plays, RawChoice};

/// What was seen in files.
#[derive(Debug, Default)]
struct Seen {
    bits: u8,
    has_alpha: bool,
    has_frames: bool,
    has_pages: bool,
    metadata: BTreeSet<Block>,
    hdr: BTreeSet<HdrKind>,
}

impl Seen {
    /// Opens a file; `false` if that fails.
    fn add(&mut self, bytes: &[u8], raw: RawChoice) -> bool {
        let control = DecodeControl::in_process().reading_raw(raw);
        let Ok(opened) = open_cancellable(bytes, &keeping(), &control) else { return false };
        self.has_frames |= probe(bytes).is_ok_and(|header| header.frames > 1);
        self.has_pages |= opened.header.pages > 1;
        let info = opened.rows.info();
        self.bits = self.bits.max(if info.sample == SampleType::U8 { 8 } else { 16 });
        self.has_alpha |= info.channels.has_alpha();
        let Metadata { exif, xmp, iptc, left_out, .. } = &opened.metadata;
        let blocks = [
            (exif.is_some(), Block::Exif),
            (xmp.is_some(), Block::Xmp),
            (iptc.is_some(), Block::Iptc),
            (opened.profile.is_some(), Block::Icc),
        ];
        self.metadata.extend(blocks.into_iter().filter_map(|(is_there, block)| is_there.then_some(block)));
        let range = opened.header.tone_mapped.map(|name| match name {
            "PQ" => HdrKind::Pq,
            "HLG" => HdrKind::Hlg,
            _ => HdrKind::Light,
        });
        let has_map = left_out.contains(&Part::GainMap) || find_gain_map(bytes).is_some();
        self.hdr.extend(range.into_iter().chain(has_map.then_some(HdrKind::GainMap)));
        true
    }

    /// How it differs from what is declared.
    fn differences(&self, facts: &Facts) -> Vec<String> {
        let deep = |bits: u8| bits > 8;
        let rows = [
            ("deep", deep(self.bits).to_string(), deep(facts.bits).to_string()),
            ("alpha", self.has_alpha.to_string(), facts.has_alpha.to_string()),
            ("frames", self.has_frames.to_string(), facts.has_frames.to_string()),
            ("pages", self.has_pages.to_string(), facts.has_pages.to_string()),
            ("metadata", format!("{:?}", Vec::from_iter(&self.metadata)), format!("{:?}", facts.metadata)),
            ("hdr", format!("{:?}", Vec::from_iter(&self.hdr)), format!("{:?}", facts.hdr)),
        ];
        let differing = rows.into_iter().filter(|(_, seen, declared)| seen != declared);
        differing.map(|(what, seen, declared)| format!("{what}: seen {seen}, declared {declared}")).collect()
    }
}

/// The files of tests and fuzzing, and files that our encoders write.
fn files() -> Vec<Vec<u8>> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let corpora = std::fs::read_dir(root.join("fuzz/corpus")).unwrap().map(|entry| entry.unwrap().path());
    let corpora = corpora.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("decode_"));
    let folders = ["tests/reference/formats", "tests/reference/animation", "tests/data/pictures", "tests/data/raw"]
        .map(|folder| root.join(folder));
    let files = corpora.chain(folders).flat_map(|folder| std::fs::read_dir(folder).unwrap());
    let files = files.map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    let files = files.map(|path| std::fs::read(path).unwrap());
    let written = WRITABLE.map(|format| encode(&full(), format, &everything()).unwrap());
    files.chain(written).chain(hdr_files()).chain(files_with_metadata()).collect()
}

/// Files with metadata that those of other programs lack.
fn files_with_metadata() -> [Vec<u8>; 2] {
    let records = include_bytes!("../../../fuzz/corpus/metadata/records.iptc").as_slice();
    let length = (24 + records.len() as u32).to_be_bytes();
    let uuid = b"\x33\xC7\xA4\xD2\xB8\x1D\x47\x23\xA0\xBA\xF1\xA3\xE0\x97\xAD\x38";
    let with_iptc = [&length, b"uuid".as_slice(), uuid, records].concat();
    let svg = br#"<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"><metadata>
        <x:xmpmeta xmlns:x="adobe:ns:meta/"><r/></x:xmpmeta></metadata></svg>"#;
    [[file("tests/reference/formats/jp2_meta.jp2"), with_iptc].concat(), svg.to_vec()]
}

fn file(name: &str) -> Vec<u8> {
    std::fs::read(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// A small file of each high dynamic range that a result may keep.
fn hdr_sources() -> [Vec<u8>; 3] {
    [png_with_transfer(16), png_with_transfer(18), super::gain_maps::avif()]
}

fn png_with_transfer(transfer: u8) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = ::png::Encoder::new(&mut file, 1, 1);
    encoder.set_color(::png::ColorType::Rgb);
    let mut writer = encoder.write_header().unwrap();
    writer.write_chunk(::png::chunk::ChunkType(*b"cICP"), &[9, transfer, 0, 1]).unwrap();
    writer.write_image_data(&[200; 3]).unwrap();
    writer.finish().unwrap();
    file
}

/// Files with a high dynamic range that no other program has to write.
fn hdr_files() -> Vec<Vec<u8>> {
    let mut files = vec![png_with_transfer(16), png_with_transfer(18), super::gain_maps::avif()];
    for name in ["tests/data/pictures/avif_pq.avif", "tests/reference/formats/heic_pq.heic"] {
        let mut file = file(name);
        let nclx = file.windows(4).position(|window| window == b"nclx").unwrap();
        assert_eq!(file[nclx + 6..nclx + 8], [0, 16]);
        file[nclx + 7] = 18;
        files.push(file);
    }
    files
}

/// An image of 16 bits with transparent parts and all metadata.
fn full() -> Image {
    let metadata = Metadata {
        exif: Some(exif_block(1, true).into()),
        xmp: Some(include_bytes!("../../../fuzz/corpus/metadata/packet.xmp").as_slice().into()),
        iptc: Some(include_bytes!("../../../fuzz/corpus/metadata/records.iptc").as_slice().into()),
        ..Metadata::default()
    };
    let profile = ColorProfile::new_display_p3().encode().unwrap();
    let image = slopes(info(200, 150, Channels::Rgba, SampleType::U16));
    Image { profile: Some(profile.into()), metadata, ..image }
}

fn keeping() -> DecodeOptions {
    DecodeOptions { colour: ColourChoice::Keep, ..DecodeOptions::default() }
}

fn everything() -> Save {
    Save { colour: ColourChoice::Keep, ..keep() }
}

#[test]
fn files_hold_what_their_formats_are_declared_to_read() {
    let files = files();
    let mut wrong = Vec::new();
    for FormatFacts { format, read, .. } in format_facts() {
        let mut seen = Seen::default();
        for bytes in files.iter().filter(|bytes| sniff(bytes) == Some(format)) {
            seen.add(bytes, RawChoice::Preview);
            // Raw files in tests have no XMP.
            if seen.add(bytes, RawChoice::Develop) && cfg!(feature = "raw") && format.name() == "raw" {
                seen.metadata.insert(Block::Xmp);
            }
        }
        wrong.extend(seen.differences(&read).into_iter().map(|difference| format!("{format:?}: {difference}")));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn written_files_hold_what_their_formats_are_declared_to_write() {
    let mut wrong = Vec::new();
    for FormatFacts { format, written, .. } in format_facts() {
        let Some(written) = written else { continue };
        let mut seen = Seen::default();
        let image = full();
        let bytes = encode(&image, format, &everything()).unwrap();
        assert!(seen.add(&bytes, RawChoice::Preview), "{format:?}: {:?}", decode(&bytes).err());
        // BMP's profiles are written for other programs.
        let profile = image.profile.unwrap();
        if bytes.windows(profile.len()).any(|window| *window == *profile) {
            seen.metadata.insert(Block::Icc);
        }
        let picture = Picture { canvas: full().info, frames: 2, plays: Plays::Forever };
        seen.has_frames = frame_encoder(format, &everything(), picture, None, &Metadata::default()).is_ok();
        // A file with one page can be a file of several.
        seen.has_pages = written.has_pages;
        for source in hdr_sources() {
            let image = decode_with(&source, &DecodeOptions { hdr: HdrChoice::Keep, ..keeping() }).unwrap();
            let save = Save { hdr: HdrChoice::Keep, ..everything() };
            let mut file = encode(&image, format, &save).unwrap();
            if let Some(found) = find_gain_map(&source).filter(|_| carries_gain_map(format)) {
                let map = read_gain_map(&source, &found, &DecodeControl::in_process()).unwrap().unwrap();
                let coded = coded_gain_map(&map, format, None).unwrap().unwrap();
                file = with_gain_map(format, &file, &coded).unwrap();
            }
            let mut result = Seen::default();
            assert!(result.add(&file, RawChoice::Preview), "{format:?}");
            seen.hdr.append(&mut result.hdr);
        }
        wrong.extend(seen.differences(&written).into_iter().map(|difference| format!("{format:?}: {difference}")));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn written_files_have_as_many_levels_as_their_bits_say() {
    // A row of the levels from black to white, gray and opaque.
    let count = 1 << 14;
    let info = info(256, count / 256, Channels::Gray, SampleType::U16);
    let samples = Samples::U16((0..count).map(|index| (index * 4) as u16).collect());
    let picture = Image { info, samples, profile: None, metadata: Metadata::default() };
    for FormatFacts { format, written, .. } in format_facts() {
        let Some(Facts { bits, .. }) = written else { continue };
        let mut save = Save { format: FormatChoice::Fixed(format), ..keep() };
        if format.key("lossless").is_some() {
            save.lossless = true;
        } else if format.default_quality().is_some() {
            save.quality = Some(100);
        }
        let back = decode(&encode(&picture, format, &save).unwrap()).unwrap();
        let levels: BTreeSet<u16> = match back.samples {
            Samples::U8(samples) => samples.into_iter().map(u16::from).collect(),
            Samples::U16(samples) => samples.into_iter().collect(),
            Samples::F32(_) => panic!("{format:?} with floats"),
        };
        let most = 1_usize << bits;
        let expected = most / 2..=most;
        let is_all = levels.len() == count as usize;
        assert!(expected.contains(&levels.len()) || bits == 16 && is_all, "{format:?}: {} levels", levels.len());
    }
}

#[test]
fn files_with_longer_sides_than_declared_are_refused() {
    for FormatFacts { format, written, .. } in format_facts() {
        // Other formats can hold more than is ever decoded.
        let Some(max_side_px) = written.map(|facts| facts.max_side_px).filter(|&most| most < config::MAX_SIDE_PX)
        else {
            continue;
        };
        let blank = |width_px: u32| {
            let info = info(width_px, 1, Channels::Gray, SampleType::U8);
            let samples = Samples::U8(vec![128; width_px as usize]);
            Image { info, samples, profile: None, metadata: Metadata::default() }
        };
        let longest = encode(&blank(max_side_px), format, &keep()).unwrap();
        assert_eq!(probe(&longest).unwrap().info.width_px, max_side_px, "{format:?}");
        let error = encode(&blank(max_side_px + 1), format, &keep()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::CantEncode, "{format:?}");
    }
}
