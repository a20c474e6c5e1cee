//! The notices of third-party software, which `pixloom licenses` prints, match the packages in Cargo.lock.

#![expect(clippy::unwrap_used, reason = "tests")]
#![expect(clippy::disallowed_methods, reason = "a test reads files")]

use std::collections::BTreeSet;
use std::path::Path;

fn text(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// Name and version of the packages listed from a heading to the next pair of empty lines.
fn listed(notices: &str, heading: &str) -> BTreeSet<String> {
    let (_, section) = notices.split_once(heading).unwrap();
    let lines = section.lines().skip_while(|line| !line.contains(' ') || line.ends_with(':') || line.is_empty());
    let words = |line: &str| line.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    lines.take_while(|line| !line.is_empty()).map(words).collect()
}

#[test]
fn the_notices_name_every_package_of_the_lock_file_once() {
    let notices = text("assets/licenses.txt");
    let (shipped, others) = (listed(&notices, "== Packages =="), listed(&notices, "== Not in the program =="));
    let lock: toml::Table = text("Cargo.lock").parse().unwrap();
    let locked: BTreeSet<String> = lock["package"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| format!("{} {}", package["name"].as_str().unwrap(), package["version"].as_str().unwrap()))
        .filter(|package| !package.starts_with("pixloom "))
        .collect();
    let named: BTreeSet<String> = shipped.union(&others).cloned().collect();
    let missing: Vec<_> = locked.difference(&named).collect();
    let outdated: Vec<_> = named.difference(&locked).collect();
    assert!(
        missing.is_empty() && outdated.is_empty(),
        "run `make licenses`: missing {missing:?}, outdated {outdated:?}"
    );
    assert_eq!(shipped.intersection(&others).count(), 0);
    assert!(shipped.len() > 300, "{} packages", shipped.len());
}

#[test]
fn every_package_of_the_program_has_the_text_of_a_license() {
    let notices = text("assets/licenses.txt");
    let (_, texts) = notices.split_once("== License text ==").unwrap();
    let with_text: BTreeSet<&str> = texts.lines().filter_map(|line| line.strip_prefix("  ")).collect();
    let without: Vec<_> =
        listed(&notices, "== Packages ==").into_iter().filter(|name| !with_text.contains(name.as_str())).collect();
    assert!(without.is_empty(), "{without:?}");
}
