//! The fuzz targets as plain tests: each runs over its corpus and over mutants of it, the same ones every time.
//!
//! `PIXLOOM_FUZZ_ROUNDS` sets the number of mutants of each file. `make fuzz` searches further with libFuzzer.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]
#![expect(clippy::disallowed_methods, reason = "tests read corpora")]

#[path = "../fuzz/targets/mod.rs"]
mod targets;

use std::path::{Path, PathBuf};

use pixloom::codec::{DecodeControl, Helpers};
use targets::TARGETS;

/// Mutants of each file.
const ROUNDS: u64 = 24;

fn corpus(target: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// A small pseudo-random generator (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }
}

/// A file with some bytes changed, removed, repeated or replaced by those of another file.
fn mutant(file: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = file.to_vec();
    for _ in 0..=random.below(3) {
        // Headers matter most.
        let reach = if random.below(2) == 0 { bytes.len().min(200) } else { bytes.len() };
        let at = random.below(reach);
        let len = random.below(32).min(bytes.len() - at);
        match random.below(6) {
            0 | 1 if !bytes.is_empty() => bytes[at] = random.below(256) as u8,
            2 if !bytes.is_empty() => bytes[at] ^= 1 << random.below(8),
            3 => drop(bytes.drain(at..at + len)),
            4 => {
                let copy = bytes[at..at + len].to_vec();
                let to = random.below(bytes.len());
                bytes.splice(to..to, copy);
            }
            5 if random.below(4) == 0 => bytes.truncate(at),
            _ => {
                let from = random.below(other.len());
                let piece = other[from..other.len().min(from + len)].to_vec();
                bytes.splice(at..at + len, piece);
            }
        }
    }
    bytes
}

/// Runs a target over its corpus and mutants. Formats that need a helper get one, as in a job.
fn check(name: &str) {
    let rounds = std::env::var("PIXLOOM_FUZZ_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(ROUNDS);
    let helpers = Helpers::new(Some(env!("CARGO_BIN_EXE_pixloom").into()));
    let since = std::cell::Cell::new(std::time::Instant::now());
    let cancelled = || since.get().elapsed() > std::time::Duration::from_secs(20);
    let control = DecodeControl::new(&cancelled, &helpers);
    assert!(TARGETS.iter().any(|target| target.name == name));
    let files: Vec<Vec<u8>> = corpus(name).iter().map(|path| std::fs::read(path).unwrap()).collect();
    assert!(!files.is_empty(), "{name} has no corpus");
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    for (at, file) in files.iter().enumerate() {
        since.set(std::time::Instant::now());
        targets::run(name, file, &control);
        for round in 0..rounds {
            let other = &files[random.below(files.len())];
            let mutant = mutant(file, other, &mut random);
            since.set(std::time::Instant::now());
            let run = || targets::run(name, &mutant, &control);
            let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run));
            if outcome.is_err() {
                let path = std::env::temp_dir().join(format!("pixloom-{name}-{at}-{round}"));
                std::fs::write(&path, &mutant).unwrap();
                panic!("{name} fails over {}", path.display());
            }
        }
    }
}

/// One test for each target.
macro_rules! tests {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                check(stringify!($name));
            }
        )*

        #[test]
        fn every_target_is_a_test_and_a_program_for_libfuzzer() {
            let tests = [$(stringify!($name)),*];
            let targets: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
            assert_eq!(targets, tests);
            for name in tests {
                let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fuzz/fuzz_targets/{name}.rs"));
                let program = std::fs::read_to_string(path).unwrap();
                assert!(program.contains(&format!("targets::run(\"{name}\"")), "{name}");
            }
        }
    };
}

tests! {
    decode_jpeg
    decode_png
    decode_webp
    decode_tiff
    decode_gif
    decode_bmp
    decode_tga
    decode_qoi
    decode_pnm
    decode_ico
    decode_avif
    decode_heic
    decode_jxl
    decode_svg
    decode_raw
    decode_jp2
    decode_dds
    decode_exr
    decode_hdr
    decode_pdf
    huffman
    metadata
    lists
    links
    recipes
    names
    robots_txt
}
