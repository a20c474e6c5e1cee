//! A format declared in this one file is available wherever formats are listed, recognised, read and written.

#![expect(clippy::unwrap_used, reason = "tests")]
#![expect(clippy::disallowed_methods, reason = "tests prepare files")]

use std::path::Path;

use pixloom::codec::spec::{Carries, Decoded, Encoder, EncoderSpec, Extras, FileHeader, FormatSpec, Frames, ReadSpec};
use pixloom::codec::{self, DecodeControl, DecodeOptions};
use pixloom::error::ItemError;
use pixloom::model::{
    Band, Channels, Format, FormatChoice, FormatInfo, FormatKey, ImageInfo, Metadata, Orientation, RowReader,
    RowWriter, SampleType, Samples, Save, SaveInfo,
};

/// Four letters, width, height, then a byte per pixel.
const SIGNATURE: &[u8] = b"TOY!";

static TOY: FormatSpec = FormatSpec {
    format: FormatInfo {
        names: &["toy"],
        label: "Toy",
        extensions: &["toy", "toys"],
        media_types: &["image/x-toy"],
        save: Some(SaveInfo {
            default_quality: Some(77),
            keys: &[FormatKey::new("quality"), FormatKey::with_meaning("effort", "3", "the number of tries")],
            has_profile: false,
            has_frames: false,
            check: |_| Ok(()),
        }),
    },
    reads: ReadSpec::PLAIN,
    signatures: &[SIGNATURE],
    sniff: |bytes| bytes.starts_with(SIGNATURE),
    probe,
    open,
    decode_bytes: |_, header| header.info.size_bytes(),
    taken: |_| None,
    strip: |bytes| Some(bytes.to_vec().into()),
    gain_map: None,
    frames: Frames::Single,
    isolated: None,
    encoder: Some(EncoderSpec {
        new: |_: &Save, _: Extras| Box::new(ToyEncoder { file: SIGNATURE.to_vec() }),
        stored_channels: |channels, _| channels,
        carries: Carries::NOTHING,
        bits: 8,
        hdr: &[],
        max_side_px: 255,
        rewriting: None,
        transcoding: None,
        bytes: |_, info| info.size_bytes(),
    }),
};

#[expect(clippy::unnecessary_wraps, reason = "the signature of a declaration")]
fn probe(bytes: &[u8], _page: u32) -> Result<FileHeader, ItemError> {
    let info = ImageInfo {
        width_px: u32::from(bytes[4]),
        height_px: u32::from(bytes[5]),
        channels: Channels::Gray,
        sample: SampleType::U8,
        premultiplied: false,
    };
    Ok(FileHeader::still(info, Orientation::Upright))
}

fn open<'a>(bytes: &'a [u8], _: &DecodeOptions, _: &DecodeControl<'_>) -> Result<Decoded<'a>, ItemError> {
    let header = probe(bytes, 0)?;
    let rows = Box::new(ToyReader { info: header.info, rest: &bytes[6..] });
    Ok(Decoded { header, rows, profile: None, metadata: Metadata::default() })
}

struct ToyReader<'a> {
    info: ImageInfo,
    rest: &'a [u8],
}

impl RowReader for ToyReader<'_> {
    fn info(&self) -> ImageInfo {
        self.info
    }

    fn read_rows(&mut self, max_rows: u32, band: &mut Band) -> Result<u32, ItemError> {
        let row = self.info.width_px as usize;
        let rows = (self.rest.len() / row).min(max_rows as usize);
        let (now, rest) = self.rest.split_at(rows * row);
        *band = Band {
            width_px: self.info.width_px,
            rows: rows as u32,
            channels: Channels::Gray,
            samples: Samples::U8(now.to_vec()),
        };
        self.rest = rest;
        Ok(rows as u32)
    }
}

struct ToyEncoder {
    file: Vec<u8>,
}

impl RowWriter for ToyEncoder {
    fn start(&mut self, info: ImageInfo) -> Result<(), ItemError> {
        self.file.extend([info.width_px as u8, info.height_px as u8]);
        Ok(())
    }

    fn write_rows(&mut self, band: &Band) -> Result<(), ItemError> {
        let Samples::U8(samples) = &band.samples else { panic!("more than 8 bits") };
        self.file.extend(samples.iter().step_by(band.channels.count()));
        Ok(())
    }
}

impl Encoder for ToyEncoder {
    fn finish(self: Box<Self>) -> Result<Vec<u8>, ItemError> {
        Ok(self.file)
    }
}

/// An image of 3 x 2 px.
fn file() -> Vec<u8> {
    [SIGNATURE, &[3, 2, 10, 20, 30, 40, 50, 60]].concat()
}

#[test]
fn a_format_declared_in_one_file_is_found_in_lists_help_sniffing_and_names() {
    codec::add_format(&TOY);
    assert_eq!(codec::sniff(&file()).map(Format::name), Some("toy"));
    assert!(codec::probe(b"TOY").is_err_and(|error| error.kind == pixloom::error::ErrorKind::Truncated));
    assert_eq!(codec::probe(&file()).unwrap().info.width_px, 3);
    assert!(FormatChoice::all().contains(&FormatChoice::named("toy").unwrap()));
    assert!(pixloom::source::is_image_name(Path::new("a.TOYS")));
    let help = pixloom::op::save_help(pixloom::model::Lang::English);
    assert!(help.contains("bmp, toy"), "{help}");
    assert!(help.contains("AVIF 80; JPEG XL 90; Toy 77") && help.contains("Toy: the number of tries"), "{help}");
    let mut save = Save { format: FormatChoice::named("toy").unwrap(), ..Save::default() };
    assert!(save.set("quality", &70.0.into()).is_ok());
    assert!(save.set("palette", &16.0.into()).is_err());
}

#[test]
fn the_command_line_reads_and_writes_a_format_declared_in_one_file() {
    codec::add_format(&TOY);
    let dir = tempfile::tempdir().unwrap();
    let (input, out) = (dir.path().join("in"), dir.path().join("out"));
    std::fs::create_dir(&input).unwrap();
    std::fs::write(input.join("a.toy"), file()).unwrap();
    let catalog = dir.path().join("catalog.sqlite");
    let arguments = ["pixloom", "run", "--format", "toy", "-s", "invert", "-o"].map(Into::into);
    let paths = [out.clone(), input].map(Into::into);
    let rest = ["--catalog".into(), catalog.into()];
    let _ = pixloom::cli::main(arguments.into_iter().chain(paths).chain(rest));
    let written = std::fs::read(out.join("a.toy")).unwrap();
    assert_eq!(written, [SIGNATURE, &[3, 2, 245, 235, 225, 215, 205, 195]].concat());
}

#[cfg(feature = "gui")]
#[test]
fn the_window_offers_a_format_declared_in_one_file() {
    use egui::accesskit::Role;
    use egui_kittest::Harness;
    use egui_kittest::kittest::Queryable;
    use pixloom::engine::{Engine, EngineOptions};

    codec::add_format(&TOY);
    let dir = tempfile::tempdir().unwrap();
    let options = EngineOptions {
        settings_path: Some(dir.path().join("settings.toml")),
        ..EngineOptions::for_window(dir.path().join("catalog.sqlite"))
    };
    let engine = Engine::start(options).unwrap();
    let handle = engine.handle();
    let mut harness = Harness::builder()
        .with_size([1440.0, 900.0])
        .build_eframe(move |creation| pixloom::gui::App::new(&creation.egui_ctx, handle));
    let deadline = std::time::Instant::now() + std::time::Duration::from_mins(1);
    while harness.query_by_role_and_label(Role::MenuItem, "Toy").is_none() {
        assert!(std::time::Instant::now() < deadline, "the menu of formats has no Toy");
        if let Some(menu) = harness.query_by_role_and_label(Role::ComboBox, "Format") {
            menu.click();
        }
        harness.run_steps(3);
    }
    drop(harness);
    drop(engine);
}
