//! The same commands give the same bytes. `tests/data/outputs.tsv` has the recorded hashes; a change that alters a
//! result on purpose records the new hash, which the failing test prints.

use std::fmt::Write as _;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::program::Home;

/// Tests that run in parallel, each with its share of the list.
const SHARES: usize = 4;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The hash of a folder's files and their names.
fn hash_of(home: &Home, folder: &str) -> (String, usize) {
    let mut sum = Sha256::new();
    let files = home.files(folder);
    for name in &files {
        let bytes = std::fs::read(home.path(folder).join(name)).unwrap();
        sum.update(format!("{name}\n{}\n", hex(&Sha256::digest(&bytes))));
    }
    (hex(&sum.finalize()), files.len())
}

#[track_caller]
fn check_share(share: usize) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let list = std::fs::read_to_string(root.join("tests/data/outputs.tsv")).unwrap();
    let lines: Vec<&str> = list.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(lines.len() >= SHARES, "the list is empty");
    let mut changed = Vec::new();
    for line in lines.iter().skip(share).step_by(SHARES) {
        let fields: Vec<&str> = line.split('\t').collect();
        let [hash, files, code] = fields[..3] else { panic!("a line needs a hash, two numbers and arguments: {line}") };
        let home = Home::new();
        let out = home.path("out").display().to_string();
        let args = [&["run"], &fields[3..], &["--fast", "-o", &out]].concat();
        let output = home.run_from(root, &args).expect(code.parse().unwrap());
        let (now, count) = hash_of(&home, "out");
        if now != hash || count.to_string() != files {
            changed.push(format!("{now}\t{count}\t{code}\t{}", fields[3..].join("\t")));
            eprintln!("{}", output.err);
        }
    }
    assert!(changed.is_empty(), "these results changed; if that is meant, record them:\n{}", changed.join("\n"));
}

#[test]
fn results_keep_their_bytes_1_of_4() {
    check_share(0);
}

#[test]
fn results_keep_their_bytes_2_of_4() {
    check_share(1);
}

#[test]
fn results_keep_their_bytes_3_of_4() {
    check_share(2);
}

#[test]
fn results_keep_their_bytes_4_of_4() {
    check_share(3);
}
