//! Reads the house's own source and fails where it breaks the rules that `ARCHITECTURE.md` gives reasons for.
//!
//! Every rule is a function from text to complaints, so that each one is also seen to fail on a bad text.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't read the source has nothing to say")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Lines above which a file has more than one purpose.
const MAX_LINES: usize = 800;

/// What everyone may use.
const GROUND: [&str; 5] = ["model", "error", "config", "db", "store"];
/// The rooms that never see each other.
const ROOMS: [&str; 6] = ["source", "fetch", "codec", "op", "sink", "catalog"];
/// What the window may use: the engine says the rest again.
const WINDOW_USES: [&str; 4] = ["engine", "model", "config", "error"];
/// Words that reach a disk, a network or a thread; none of them belongs where frames are drawn.
const BLOCKING: [&str; 9] = [
    "std::fs",
    "std::net",
    "reqwest",
    "thread::spawn",
    "thread::Builder",
    "thread::sleep",
    "rusqlite",
    "tokio",
    "Command::new(",
];
/// Ways to make a queue that grows without end.
// The standard library's channel takes no capacity; one that takes some is bounded.
const UNBOUNDED: [&str; 5] = ["unbounded(", "unbounded::<", "unbounded_channel", "mpsc::channel()", "mpsc::channel::<"];
/// Ways to start a thread without a name.
const UNNAMED: [&str; 2] = ["thread::spawn(", "thread::spawn::<"];
/// Ways to make a colour up.
const COLOURS: [&str; 8] = [
    "Color32::from_",
    "Color32::{",
    "Color32::new",
    "hex_color!",
    "Rgba::from_",
    "Hsva::new",
    "Hsva::from_",
    "Srgba::",
];

/// One file of the source.
struct Source {
    /// Path below `src/`, with `/` on every system.
    path: String,
    text: String,
}

// ---------------------------------------------------------------------------------------------------------------------
// Reading Rust just well enough.

/// The code alone: comments become nothing, strings and characters become `""`, lines stay where they are.
fn code_of(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut code = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let skipped = if rest.starts_with(b"//") {
            rest.iter().position(|&b| b == b'\n').unwrap_or(rest.len())
        } else if rest.starts_with(b"/*") {
            block_comment(rest)
        } else if let Some(length) = raw_string(bytes, at) {
            code.extend_from_slice(b"\"\"");
            length
        } else if rest[0] == b'"' {
            code.extend_from_slice(b"\"\"");
            quoted(rest, b'"')
        } else if let Some(length) = character(rest) {
            code.extend_from_slice(b"\"\"");
            length
        } else {
            code.push(rest[0]);
            at += 1;
            continue;
        };
        code.extend(rest[..skipped].iter().filter(|&&b| b == b'\n'));
        at += skipped;
    }
    String::from_utf8_lossy(&code).into_owned()
}

/// Length of a block comment; they nest.
fn block_comment(rest: &[u8]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        if rest[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                break;
            }
        } else {
            at += 1;
        }
    }
    at.min(rest.len())
}

/// Length of a quoted text with its quotes; a backslash guards what follows.
fn quoted(rest: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != quote {
        at += if rest[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(rest.len())
}

/// Length of a raw string that begins here.
fn raw_string(bytes: &[u8], at: usize) -> Option<usize> {
    let before = at.checked_sub(1).map(|i| bytes[i]);
    if bytes[at] != b'r' || before.is_some_and(|b| b != b'b' && (b.is_ascii_alphanumeric() || b == b'_')) {
        return None;
    }
    let hashes = bytes[at + 1..].iter().take_while(|&&b| b == b'#').count();
    if bytes.get(at + 1 + hashes) != Some(&b'"') {
        return None;
    }
    let body = at + hashes + 2;
    let end = [&b"\""[..], &b"#".repeat(hashes)].concat();
    let length = bytes[body..].windows(end.len()).position(|w| w == end.as_slice());
    Some(length.map_or(bytes.len() - at, |found| body + found + end.len() - at))
}

/// Length of a character literal; a lifetime is none.
fn character(rest: &[u8]) -> Option<usize> {
    if rest[0] != b'\'' {
        return None;
    }
    if rest.get(1) == Some(&b'\\') {
        return Some(quoted(rest, b'\''));
    }
    // One character of one to four bytes, then the closing quote.
    let close = rest.iter().skip(2).take(4).position(|&b| b == b'\'')? + 2;
    let inside = std::str::from_utf8(&rest[1..close]).ok()?;
    (inside.chars().count() == 1).then_some(close + 1)
}

/// The code without its `#[cfg(test)] mod … { … }`: tests may start what they like.
fn without_tests(code: &str) -> String {
    let mut kept = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(found) = rest.find("#[cfg(test)]") {
        let (before, tests) = rest.split_at(found);
        kept.push_str(before);
        let item = &tests["#[cfg(test)]".len()..];
        let length = match (item.find('{'), item.find(';')) {
            (Some(open), semicolon) if semicolon.is_none_or(|s| open < s) => braces(item, open),
            (_, Some(semicolon)) => semicolon + 1,
            _ => item.len(),
        };
        kept.extend(item[..length].chars().filter(|&c| c == '\n'));
        rest = &item[length..];
    }
    kept.push_str(rest);
    kept
}

/// Where the block that opens at `open` ends.
fn braces(text: &str, open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, c) in text[open..].char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return open + at + 1;
        }
    }
    text.len()
}

fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

/// Every place where `word` stands by itself, not as a part of a longer name; one that ends in `_` is a beginning.
fn places(code: &str, word: &str) -> Vec<usize> {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word)
        .filter(|(at, _)| {
            let before = code[..*at].chars().next_back();
            let after = code[at + word.len()..].chars().next();
            let goes_on_before = word.starts_with(is_name) && before.is_some_and(is_name);
            let goes_on_after = word.ends_with(char::is_alphanumeric) && after.is_some_and(is_name);
            !goes_on_before && !goes_on_after
        })
        .map(|(at, _)| at)
        .collect()
}

/// The room a file belongs to: its folder below `src/`, or its own name.
fn room_of(path: &str) -> &str {
    path.split_once('/').map_or(path.trim_end_matches(".rs"), |(room, _)| room)
}

/// The rooms that a file's `crate::` paths reach (and `pixloom::` ones), with their lines.
fn rooms_used(path: &str, code: &str) -> BTreeSet<(String, usize)> {
    let mut used = BTreeSet::new();
    for root in ["crate::", "pixloom::"] {
        for at in places(code, root) {
            for room in heads(&code[at + root.len()..]) {
                used.insert((room, line_of(code, at)));
            }
        }
    }
    // From a room's own `mod.rs`, `super::` is the crate.
    let is_top = path.ends_with("/mod.rs") && path.matches('/').count() == 1;
    for at in places(code, "super::") {
        let ups = 1 + code[at..].matches_at_start("super::");
        let depth = path.matches('/').count() - usize::from(path.ends_with("/mod.rs"));
        let nested = braces_open(&code[..at]);
        if !code[..at].ends_with("::") && ups > depth + nested && (is_top || depth > 0) {
            for room in heads(&code[at + ups * "super::".len()..]) {
                used.insert((room, line_of(code, at)));
            }
        }
    }
    used
}

/// How often a text repeats at the very start, after its first time.
trait RepeatsAtStart {
    fn matches_at_start(&self, word: &str) -> usize;
}

impl RepeatsAtStart for str {
    fn matches_at_start(&self, word: &str) -> usize {
        let mut rest = self.strip_prefix(word).unwrap_or(self);
        let mut count = 0;
        while let Some(shorter) = rest.strip_prefix(word) {
            rest = shorter;
            count += 1;
        }
        count
    }
}

/// Inline modules that are open at the end of this code (only these change what `super` means).
fn braces_open(code: &str) -> usize {
    places(code, "mod")
        .into_iter()
        .filter_map(|at| {
            let open = at + code[at..].find(['{', ';'])?;
            (code.as_bytes()[open] == b'{').then_some(open)
        })
        .filter(|&open| braces(code, open) >= code.len() && !code.ends_with('}'))
        .count()
}

/// The first names of a path or of a `{group, of::paths}`.
fn heads(path: &str) -> Vec<String> {
    let name_of = |text: &str| -> String { text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect() };
    let Some(group) = path.strip_prefix('{') else {
        return vec![name_of(path)];
    };
    let (mut depth, mut part, mut names) = (0_usize, String::new(), Vec::new());
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(std::mem::take(&mut part)),
            _ if depth == 0 => part.push(c),
            _ => {}
        }
    }
    names.push(part);
    names.iter().map(|name| name_of(name.trim())).filter(|name| !name.is_empty()).collect()
}

// ---------------------------------------------------------------------------------------------------------------------
// The rules.

/// Whether code in `room` may name something in `used`.
fn may_use(room: &str, used: &str) -> bool {
    let is_room =
        |name: &str| GROUND.contains(&name) || ROOMS.contains(&name) || ["engine", "cli", "gui"].contains(&name);
    if room == used || !is_room(used) {
        return true; // itself, or a macro or type that the crate's root exports
    }
    match room {
        "main" | "lib" => true,
        // What a picture or a job is knows nothing of settings and databases; the rest of the ground may lean on it.
        "model" => used == "error",
        "error" => used == "model",
        "config" => ["model", "error"].contains(&used),
        "db" | "store" => ["model", "error", "config"].contains(&used),
        "engine" => GROUND.contains(&used) || ROOMS.contains(&used),
        "cli" => used != "gui",
        "gui" => WINDOW_USES.contains(&used),
        room if ROOMS.contains(&room) => GROUND.contains(&used),
        _ => false,
    }
}

fn forbidden_arrows(path: &str, text: &str) -> Vec<String> {
    let room = room_of(path);
    rooms_used(path, &code_of(text))
        .into_iter()
        .filter(|(used, _)| !may_use(room, used))
        .map(|(used, line)| format!("src/{path}:{line}: `{room}` may not use `{used}`"))
        .collect()
}

fn forbidden_words(path: &str, code: &str, words: &[&str], reason: &str) -> Vec<String> {
    words
        .iter()
        .flat_map(|word| places(code, word).into_iter().map(move |at| (word, at)))
        .map(|(word, at)| format!("src/{path}:{}: `{word}`: {reason}", line_of(code, at)))
        .collect()
}

fn blocking_in_the_window(path: &str, text: &str) -> Vec<String> {
    if room_of(path) != "gui" {
        return Vec::new();
    }
    let code = without_tests(&code_of(text));
    let mut found = forbidden_words(path, &code, &BLOCKING, "the window only sends commands and reads snapshots");
    // `use std::{fs, …}` says the same in another way.
    for at in places(&code, "std::{") {
        let group = heads(&code[at + "std::".len()..]);
        for name in group.iter().filter(|name| ["fs", "net", "process"].contains(&name.as_str())) {
            found.push(format!("src/{path}:{}: `std::{name}` under gui/", line_of(&code, at)));
        }
    }
    found
}

fn unbounded_channels(path: &str, text: &str) -> Vec<String> {
    forbidden_words(path, &without_tests(&code_of(text)), &UNBOUNDED, "every channel is bounded")
}

fn unnamed_threads(path: &str, text: &str) -> Vec<String> {
    forbidden_words(path, &without_tests(&code_of(text)), &UNNAMED, "every thread has a name: thread::Builder")
}

fn colours_outside_the_theme(path: &str, text: &str) -> Vec<String> {
    if room_of(path) != "gui" || path == "gui/theme.rs" || path.starts_with("gui/theme/") {
        return Vec::new();
    }
    let code = without_tests(&code_of(text));
    let reason = "colours are named in gui/theme.rs";
    let mut found = forbidden_words(path, &code, &COLOURS, reason);
    // A colour by its name (`Color32::RED`); nothing at all is no colour.
    for at in places(&code, "Color32::") {
        let name = heads(&code[at + "Color32::".len()..]).concat();
        let is_constant =
            name.len() > 1 && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
        if is_constant && !["TRANSPARENT", "PLACEHOLDER"].contains(&name.as_str()) {
            found.push(format!("src/{path}:{}: `Color32::{name}`: {reason}", line_of(&code, at)));
        }
    }
    for (at, _) in code.match_indices("0x") {
        let digits =
            code[at + 2..].chars().take_while(|c| c.is_ascii_hexdigit() || *c == '_').filter(|c| *c != '_').count();
        let after_name = code[..at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_');
        if (digits == 6 || digits == 8) && !after_name {
            found.push(format!("src/{path}:{}: a number that looks like a colour: {reason}", line_of(&code, at)));
        }
    }
    // In texts, `#` and six or eight hex digits.
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
        for (at, _) in line.match_indices("\"#") {
            let inside: String = line[at + 2..].chars().take_while(|c| *c != '"').collect();
            if [6, 8].contains(&inside.len()) && inside.chars().all(|c| c.is_ascii_hexdigit()) {
                found.push(format!("src/{path}:{}: \"#{inside}\": {reason}", number + 1));
            }
        }
    }
    found
}

fn too_long(path: &str, text: &str) -> Vec<String> {
    let lines = text.lines().count();
    if lines <= MAX_LINES {
        return Vec::new();
    }
    vec![format!("src/{path}: {lines} lines, {MAX_LINES} at most: it has more than one purpose")]
}

/// Files that no `mod` names, so that the compiler never reads them.
fn orphans(sources: &[Source]) -> Vec<String> {
    let named: BTreeSet<String> = sources.iter().flat_map(|s| modules_named(&s.path, &s.text)).collect();
    sources
        .iter()
        .map(|source| source.path.as_str())
        .filter(|path| !["main.rs", "lib.rs"].contains(path) && !named.contains(*path))
        .map(|path| format!("src/{path}: no `mod` names it, so nobody compiles it"))
        .collect()
}

/// The files that the `mod name;` lines of a file may mean.
fn modules_named(path: &str, text: &str) -> Vec<String> {
    let folder = match path.rsplit_once('/') {
        _ if path == "main.rs" || path == "lib.rs" => String::new(),
        Some((folder, "mod.rs")) => format!("{folder}/"),
        _ => format!("{}/", path.trim_end_matches(".rs")),
    };
    let code = code_of(text);
    places(&code, "mod")
        .into_iter()
        .filter_map(|at| {
            let rest = code[at + "mod".len()..].trim_start();
            let name = heads(rest).concat();
            rest[name.len()..].trim_start().starts_with(';').then_some(name)
        })
        .flat_map(|name| [format!("{folder}{name}.rs"), format!("{folder}{name}/mod.rs")])
        .collect()
}

// ---------------------------------------------------------------------------------------------------------------------
// The house as it stands.

fn house() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("src can be listed") {
            let path: PathBuf = entry.expect("src can be listed").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let below = path.strip_prefix(&root).unwrap();
                let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
                sources.push(Source { path: parts.join("/"), text: fs::read_to_string(&path).unwrap() });
            }
        }
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(sources.len() > 10, "the source was not found");
    sources
}

#[track_caller]
fn check(rule: impl Fn(&str, &str) -> Vec<String>) {
    let house = house();
    let complaints: Vec<String> = house.iter().flat_map(|source| rule(&source.path, &source.text)).collect();
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

/// Whether a file is compiled for tests only, as the `mod.rs` beside it says.
fn is_for_tests(path: &str, parent: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).trim_end_matches(".rs");
    parent.contains(&format!("#[cfg(test)]\nmod {name};"))
}

#[test]
fn no_room_uses_what_it_may_not_see() {
    check(forbidden_arrows);
}

#[test]
fn the_window_never_touches_a_disk_a_network_or_a_thread() {
    check(blocking_in_the_window);
}

#[test]
fn every_channel_is_bounded() {
    check(unbounded_channels);
}

#[test]
fn every_thread_has_a_name() {
    check(unnamed_threads);
}

#[test]
fn only_the_theme_names_colours() {
    let window = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/gui/mod.rs")).unwrap();
    check(|path, text| {
        let is_pretended = path.starts_with("gui/") && is_for_tests(path, &window);
        if is_pretended { Vec::new() } else { colours_outside_the_theme(path, text) }
    });
}

#[test]
fn only_files_that_are_compiled_for_tests_count_as_such() {
    let parent = "mod app;\n#[cfg(test)]\nmod fixture;\nmod theme;";
    assert!(is_for_tests("gui/fixture.rs", parent));
    assert!(!is_for_tests("gui/theme.rs", parent) && !is_for_tests("gui/app.rs", parent));
}

#[test]
fn no_file_is_longer_than_one_purpose_needs() {
    check(too_long);
}

#[test]
fn every_file_is_compiled() {
    let complaints = orphans(&house());
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

// ---------------------------------------------------------------------------------------------------------------------
// Each rule can fail.

#[test]
fn an_arrow_that_points_the_wrong_way_is_found() {
    let bad = [
        ("codec/jpeg.rs", "use crate::sink::Sink;"),
        ("op/mod.rs", "use crate::{codec::png, model::Image};"),
        ("model/job.rs", "use crate::config::Settings;"),
        ("db/mod.rs", "fn f() { crate::catalog::open(); }"),
        ("engine/plan.rs", "use crate::{\n    model,\n    gui::App,\n};"),
        ("engine/plan.rs", "pub use crate::cli;"),
        ("cli/mod.rs", "use crate::gui;"),
        ("gui/app.rs", "use crate::catalog::Catalog;"),
        ("gui/app.rs", "use crate::engine::Handle;\nuse crate::codec::Format;"),
        ("gui/app.rs", "let x = pixloom::op::registry();"),
        ("fetch/mod.rs", "use super::catalog::Catalog;"),
        ("fetch/client.rs", "use super::super::sink;"),
        ("fetch/mod.rs", "#[cfg(test)]\nmod tests { use crate::engine::Handle; }"),
    ];
    for (path, text) in bad {
        assert_eq!(forbidden_arrows(path, text).len(), 1, "{path}: {text}");
    }
}

#[test]
fn an_arrow_that_points_the_right_way_is_left_alone() {
    let good = [
        ("codec/jpeg.rs", "use crate::model::{Image, engine};\nuse crate::codec::sniff;"),
        (
            "codec/jpeg.rs",
            "// use crate::gui::App;\n/* crate::sink /* crate::op */ */ const A: &str = \"crate::sink::X\";",
        ),
        (
            "codec/jpeg.rs",
            "const A: &str = r#\"crate::sink \" crate::op\"#; const B: char = '\"'; fn f<'a>(x: &'a str) {}",
        ),
        ("codec/jpeg.rs", "use super::sink::helper; mod tests { use super::super::sink; }"),
        ("engine/mod.rs", "pub use crate::op::registry;"),
        ("gui/app.rs", "use crate::{config, engine::{Handle, codec}, error, model};"),
        ("cli/mod.rs", "use crate::{engine::Handle, op::syntax};"),
        ("main.rs", "use pixloom::{cli, gui};"),
    ];
    for (path, text) in good {
        assert_eq!(forbidden_arrows(path, text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn a_window_that_reads_a_file_is_found() {
    for text in [
        "let x = std::fs::read(p);",
        "use std::{collections::BTreeMap, fs};",
        "use reqwest::Client;",
        "std::thread::spawn(|| {});",
        "use std::net::TcpStream;",
        "thread::sleep(d);",
    ] {
        assert!(!blocking_in_the_window("gui/panels/items.rs", text).is_empty(), "{text}");
        assert!(blocking_in_the_window("engine/plan.rs", text).is_empty(), "{text}");
    }
    let in_tests = "fn ui() {}\n#[cfg(test)]\nmod tests { fn f() { std::fs::read(p); } }";
    assert!(blocking_in_the_window("gui/app.rs", in_tests).is_empty());
    let after_tests = "#[cfg(test)]\nmod tests { fn f() {} }\nfn ui() { std::fs::read(p); }";
    assert_eq!(blocking_in_the_window("gui/app.rs", after_tests).len(), 1);
}

#[test]
fn a_channel_without_a_bound_is_found() {
    for text in [
        "let (a, b) = crossbeam_channel::unbounded();",
        "let (a, b) = unbounded::<u8>();",
        "let (a, b) = std::sync::mpsc::channel();",
        "let (a, b) = mpsc::channel::<u8>();",
        "tokio::sync::mpsc::unbounded_channel();",
    ] {
        assert!(!unbounded_channels("engine/plan.rs", text).is_empty(), "{text}");
    }
    assert!(unbounded_channels("engine/plan.rs", "let (a, b) = bounded(4); mpsc::sync_channel(1);").is_empty());
}

#[test]
fn a_thread_without_a_name_is_found() {
    assert_eq!(unnamed_threads("engine/plan.rs", "std::thread::spawn(move || work());").len(), 1);
    let named = "thread::Builder::new().name(n).spawn(f); rayon::spawn(f); tokio::spawn(f);";
    assert!(unnamed_threads("engine/plan.rs", named).is_empty());
}

#[test]
fn a_colour_outside_the_theme_is_found() {
    for text in [
        "let c = Color32::from_rgb(1, 2, 3);",
        "let c = egui::Color32::WHITE;",
        "let c = 0x1b_1e_23;",
        "let c = 0xff00ff80_u32;",
        "let c = hex_color!(\"#123456\");",
        "let c = parse(\"#1b1e23\");",
    ] {
        assert!(!colours_outside_the_theme("gui/panels/items.rs", text).is_empty(), "{text}");
        assert!(colours_outside_the_theme("gui/theme.rs", text).is_empty(), "{text}");
    }
    let none = "let c = Color32::TRANSPARENT; let mask = 0xff; let s = \"#heading\"; fn f(c: Color32) {}";
    assert_eq!(colours_outside_the_theme("gui/panels/items.rs", none), Vec::<String>::new());
}

#[test]
fn a_file_that_is_too_long_is_found() {
    assert_eq!(too_long("a.rs", &"x\n".repeat(MAX_LINES + 1)).len(), 1);
    assert!(too_long("a.rs", &"x\n".repeat(MAX_LINES)).is_empty());
}

#[test]
fn a_file_that_no_mod_names_is_found() {
    let file = |path: &str, text: &str| Source { path: path.to_owned(), text: text.to_owned() };
    let sources = [
        file("lib.rs", "pub mod op;\nmod error;\n// mod lost;\npub(crate) mod inline { }"),
        file("error.rs", ""),
        file("op/mod.rs", "mod resize;\n#[cfg(test)]\nmod tests;"),
        file("op/resize.rs", "mod kernels;"),
        file("op/resize/kernels.rs", ""),
        file("op/tests.rs", ""),
        file("op/forgotten.rs", ""),
        file("lost.rs", ""),
        file("inline.rs", ""),
    ];
    let found = orphans(&sources);
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found.iter().all(|f| f.contains("forgotten") || f.contains("lost") || f.contains("inline")));
}
