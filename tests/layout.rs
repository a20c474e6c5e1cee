//! Reads the source and fails if it breaks the rules explained in `ARCHITECTURE.md`.
//!
//! Each rule is a function from the module tree to a list of violations, so that tests can show it failing on a bad
//! tree. What clippy can check (files, sockets, threads, channels) is in `clippy.toml`.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't read the source must fail")]
#![expect(clippy::disallowed_methods, reason = "tests prepare files")]

#[path = "layout/tree.rs"]
mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use tree::{Reference, Source, Tree};

/// Maximum number of lines of a file.
const MAX_LINES: usize = 800;

/// Maximum number of source files directly in one folder.
const MAX_FILES: usize = 30;

/// What each top-level module may import. `lib` and `main` may import everything.
const ALLOWED: [(&str, &[&str]); 15] = [
    // Shared by all. Plain data knows nothing about settings, databases and files.
    ("model", &["error"]),
    ("error", &["model"]),
    ("config", &["model", "error"]),
    ("db", &["model", "error", "config"]),
    ("store", &["model", "error", "config"]),
    // The stages, which never import each other.
    ("source", &GROUND),
    ("fetch", &GROUND),
    ("codec", &GROUND),
    ("op", &GROUND),
    ("sink", &GROUND),
    ("catalog", &GROUND),
    // The engine, which connects them.
    ("engine", &["model", "error", "config", "db", "store", "source", "fetch", "codec", "op", "sink", "catalog"]),
    (
        "cluster",
        &["model", "error", "config", "db", "store", "source", "fetch", "codec", "op", "sink", "catalog", "engine"],
    ),
    // The front ends, which never import each other. The window accesses everything through the engine.
    (
        "cli",
        &[
            "model", "error", "config", "db", "store", "source", "fetch", "codec", "op", "sink", "catalog", "engine",
            "cluster",
        ],
    ),
    ("gui", &["model", "error", "config", "engine"]),
];

/// What every stage may import.
const GROUND: [&str; 5] = ["model", "error", "config", "db", "store"];

/// Access to disks, networks or threads. Nothing in `gui/` may use it, because frames would wait.
const BLOCKING: [&[&str]; 8] = [
    &["std", "fs"],
    &["std", "net"],
    &["std", "process", "Command"],
    &["std", "thread"],
    &["reqwest"],
    &["rusqlite"],
    &["tokio"],
    &["walkdir"],
];

/// Files that may lift clippy's bans on opening files and starting programs, each in the part that says why. Everything
/// else reads and writes through `store`.
const DIRECT_ACCESS: [&str; 22] = [
    "catalog/hand_over.rs",
    "catalog/lock.rs",
    "catalog/sqlite/backup.rs",
    "catalog/sqlite/mod.rs",
    "catalog/sqlite/writer.rs",
    "codec/guard/helper.rs",
    "codec/guard/sandbox.rs",
    "db/mysql/option_file.rs",
    "db/mysql/tls.rs",
    "db/postgres/passwords.rs",
    "db/postgres/tls.rs",
    "engine/run/memory_budget.rs",
    "fetch/credentials/secrets.rs",
    "lib.rs", // for tests
    "store/folder.rs",
    "store/folder_facts.rs",
    "store/local.rs",
    "store/names.rs",
    "store/owner.rs",
    "store/scratch.rs",
    "store/spool.rs",
    "store/trash.rs",
];

/// Folders of a module that know nothing about its other folders: what happens to an item is decided without knowing
/// whether a run, a dry run or a preview asks.
const SELF_CONTAINED: [&str; 1] = ["engine/item/"];

// ---------------------------------------------------------------------------------------------------------------------
// The rules.

/// The top-level module of a path below `src/`.
fn area_of(path: &str) -> &str {
    path.split_once('/').map_or(path.trim_end_matches(".rs"), |(area, _)| area)
}

/// A reference as it is written, with its file.
fn shown(tree: &Tree, reference: &Reference) -> String {
    format!("src/{}: `{}`", tree.files[reference.file], reference.written.join("::"))
}

fn forbidden_imports(tree: &Tree) -> Vec<String> {
    let mut found = BTreeSet::new();
    for reference in &tree.references {
        let area = area_of(&tree.files[reference.file]);
        let (Some("crate"), Some(used)) =
            (reference.written.first().map(String::as_str), reference.written.get(1).map(String::as_str))
        else {
            continue;
        };
        let is_area = ALLOWED.iter().any(|(name, _)| *name == used);
        // Other names are macros and types exported by the crate's root.
        if area == used || !is_area || ["lib", "main"].contains(&area) {
            continue;
        }
        let allowed = ALLOWED.iter().find(|(name, _)| *name == area).map_or(&[][..], |(_, allowed)| *allowed);
        if !allowed.contains(&used) {
            found.insert(format!("{}: `{area}` may not use `{used}`", shown(tree, reference)));
        }
    }
    found.into_iter().collect()
}

/// Top-level modules missing in [`ALLOWED`].
fn unknown_modules(tree: &Tree) -> Vec<String> {
    let areas: BTreeSet<&str> = tree.files.iter().map(|path| area_of(path)).collect();
    let is_known = |area: &str| ["lib", "main"].contains(&area) || ALLOWED.iter().any(|(name, _)| *name == area);
    let unknown = areas.into_iter().filter(|area| !is_known(area));
    unknown.map(|area| format!("src/{area}: say in tests/layout.rs what it may use")).collect()
}

/// Files that lift the bans on opening files and starting programs, or no longer do, and are not listed, or still are.
fn direct_access(sources: &[Source]) -> Vec<String> {
    let is_test = |path: &str| path.contains("/tests/") || path.ends_with("tests.rs");
    let lifts = |source: &&Source| !is_test(&source.path) && source.text.contains("clippy::disallowed_methods");
    let found: BTreeSet<&str> = sources.iter().filter(lifts).map(|source| source.path.as_str()).collect();
    let allowed: BTreeSet<&str> = DIRECT_ACCESS.into_iter().collect();
    let new = found.difference(&allowed).map(|path| format!("src/{path}: read and write through `store`"));
    let old = allowed.difference(&found).map(|path| format!("src/{path} lifts no ban: remove it from DIRECT_ACCESS"));
    new.chain(old).collect()
}

/// Imports out of a self-contained folder into another one of the same module.
fn imports_from_beside(tree: &Tree) -> Vec<String> {
    let mut found = BTreeSet::new();
    for reference in tree.references.iter().filter(|reference| !reference.in_tests) {
        let from = &tree.files[reference.file];
        let Some(to) = reference.defined_in.map(|to| &tree.files[to]) else { continue };
        let Some(folder) = SELF_CONTAINED.iter().find(|folder| from.starts_with(**folder)) else { continue };
        if area_of(to) == area_of(folder) && !to.starts_with(folder) {
            found.insert(format!("{}: {folder} may not use src/{to}", shown(tree, reference)));
        }
    }
    found.into_iter().collect()
}

/// Which file imports what from which. Left out: tests, and what a file takes from the `mod.rs` above it, because a
/// folder and the items of its own `mod.rs` are one unit.
fn imports(tree: &Tree) -> BTreeMap<usize, BTreeMap<usize, BTreeSet<String>>> {
    let mut imports: BTreeMap<usize, BTreeMap<usize, BTreeSet<String>>> = BTreeMap::new();
    for reference in tree.references.iter().filter(|reference| !reference.in_tests) {
        let Some(to) = reference.defined_in else { continue };
        if to == reference.file || tree.is_above(to, reference.file) {
            continue;
        }
        let name = reference.written.last().cloned().unwrap_or_default();
        imports.entry(reference.file).or_default().entry(to).or_default().insert(name);
    }
    imports
}

/// Files that import each other, directly or through others.
fn import_cycles(tree: &Tree) -> Vec<String> {
    let imports = imports(tree);
    let reachable = |start: usize| {
        let (mut seen, mut next) = (BTreeSet::new(), vec![start]);
        while let Some(file) = next.pop() {
            next.extend(imports.get(&file).into_iter().flat_map(BTreeMap::keys).filter(|to| seen.insert(**to)));
        }
        seen
    };
    let reach: Vec<BTreeSet<usize>> = (0..tree.files.len()).map(reachable).collect();
    let mut reported = BTreeSet::new();
    let mut found = Vec::new();
    for start in 0..tree.files.len() {
        if !reach[start].contains(&start) || reported.contains(&start) {
            continue;
        }
        let cycle: BTreeSet<usize> =
            reach[start].iter().copied().filter(|file| reach[*file].contains(&start)).collect();
        let mut text = format!("{} files import each other:", cycle.len());
        for (from, to, names) in cycle.iter().flat_map(|from| {
            let inside = imports[from].iter().filter(|(to, _)| cycle.contains(to));
            inside.map(move |(to, names)| (from, to, names))
        }) {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let _ = write!(text, "\n    src/{} -> src/{}: {}", tree.files[*from], tree.files[*to], names.join(", "));
        }
        reported.extend(cycle);
        found.push(text);
    }
    found
}

fn blocking_in_the_window(tree: &Tree) -> Vec<String> {
    let in_window = |reference: &&Reference| area_of(&tree.files[reference.file]) == "gui" && !reference.in_tests;
    let blocks = |written: &[String]| {
        BLOCKING.iter().any(|path| path.len() <= written.len() && path.iter().zip(written).all(|(a, b)| a == b))
    };
    tree.references
        .iter()
        .filter(in_window)
        .filter(|reference| blocks(&reference.written))
        .map(|reference| format!("{}: the window only sends commands and reads snapshots", shown(tree, reference)))
        .collect()
}

/// Files that no `mod` names, so that the compiler never reads them.
fn orphans(sources: &[Source], tree: &Tree) -> Vec<String> {
    sources
        .iter()
        .filter(|source| !tree.files.contains(&source.path))
        .map(|source| format!("src/{}: no `mod` names it, so it is never compiled", source.path))
        .collect()
}

fn crowded_folders(sources: &[Source]) -> Vec<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for source in sources {
        *counts.entry(source.path.rsplit_once('/').map_or("", |(folder, _)| folder)).or_default() += 1;
    }
    let crowded = counts.into_iter().filter(|(_, count)| *count > MAX_FILES);
    crowded.map(|(folder, count)| format!("src/{folder}: {count} files, {MAX_FILES} at most: divide it")).collect()
}

fn long_files(sources: &[Source]) -> Vec<String> {
    let lines =
        sources.iter().map(|source| (source, source.text.lines().count())).filter(|(_, lines)| *lines > MAX_LINES);
    lines
        .map(|(source, lines)| {
            format!("src/{}: {lines} lines, {MAX_LINES} at most: it has more than one purpose", source.path)
        })
        .collect()
}

/// Finds numbers and texts that look like colours in a file of the window.
#[derive(Default)]
struct ColourLiterals {
    found: Vec<String>,
}

impl ColourLiterals {
    fn literal(&mut self, text: &str) {
        let digits: String = text.chars().filter(|c| *c != '_').collect();
        // `0xff00_ff80_u32`: its type is no digit.
        let number = digits.strip_prefix("0x").map(|hex| hex.chars().take_while(char::is_ascii_hexdigit).count());
        let quoted = text.strip_prefix("\"#").and_then(|rest| rest.strip_suffix('"'));
        let is_hex = |hex: &str| [6, 8].contains(&hex.len()) && hex.chars().all(|c| c.is_ascii_hexdigit());
        if number.is_some_and(|length| [6, 8].contains(&length)) || quoted.is_some_and(is_hex) {
            self.found.push(text.to_owned());
        }
    }

    fn tokens(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Literal(literal) => self.literal(&literal.to_string()),
                _ => {}
            }
        }
    }
}

impl<'ast> Visit<'ast> for ColourLiterals {
    fn visit_lit(&mut self, literal: &'ast syn::Lit) {
        match literal {
            syn::Lit::Int(int) => self.literal(&int.token().to_string()),
            syn::Lit::Str(text) => self.literal(&text.token().to_string()),
            _ => {}
        }
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        match call.path.segments.last() {
            Some(name) if name.ident == "hex_color" => {
                self.found.push("hex_color!".to_owned());
            }
            _ => self.tokens(call.tokens.clone()),
        }
    }

    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}

    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if !tree::is_for_tests(&module.attrs) {
            visit::visit_item_mod(self, module);
        }
    }
}

/// Whether a path names or creates a colour; "no colour" is allowed.
fn names_a_colour(written: &[String]) -> bool {
    let [.., kind, name] = written else { return false };
    let is_made = name.starts_with("from_") || name == "new";
    let is_constant = name.len() > 1 && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    match kind.as_str() {
        "Color32" => is_made || (is_constant && !["TRANSPARENT", "PLACEHOLDER"].contains(&name.as_str())),
        "Rgba" | "Hsva" | "Srgba" => is_made,
        _ => false,
    }
}

fn colours_outside_the_theme(sources: &[Source], tree: &Tree) -> Vec<String> {
    let is_checked = |path: &str| {
        area_of(path) == "gui" && path != "gui/theme.rs" && !path.starts_with("gui/theme/") && !tree.is_for_tests(path)
    };
    let complaint = |path: &str, what: &str| format!("src/{path}: {what}: colours belong in gui/theme.rs");
    let mut complaints = Vec::new();
    for reference in tree.references.iter().filter(|reference| !reference.in_tests) {
        let path = tree.files[reference.file].as_str();
        if is_checked(path) && names_a_colour(&reference.written) {
            complaints.push(complaint(path, &reference.written.join("::")));
        }
    }
    for source in sources.iter().filter(|source| is_checked(&source.path)) {
        let mut literals = ColourLiterals::default();
        literals.visit_file(&syn::parse_file(&source.text).expect("the tree was parsed before"));
        complaints.extend(literals.found.iter().map(|what| complaint(&source.path, what)));
    }
    complaints
}

// ---------------------------------------------------------------------------------------------------------------------
// The source as it is.

fn sources() -> Vec<Source> {
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
fn check(rule: impl Fn(&[Source], &Tree) -> Vec<String>) {
    let sources = sources();
    let complaints = rule(&sources, &Tree::parse(&sources));
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

#[test]
fn modules_import_only_what_is_allowed() {
    check(|_, tree| forbidden_imports(tree));
    check(|_, tree| unknown_modules(tree));
}

#[test]
fn no_files_import_each_other() {
    check(|_, tree| import_cycles(tree));
}

#[test]
fn the_window_uses_no_files_network_or_threads() {
    check(|_, tree| blocking_in_the_window(tree));
}

#[test]
fn only_the_store_and_few_files_open_files_and_start_programs() {
    check(|sources, _| direct_access(sources));
}

#[test]
fn an_item_is_decided_without_knowing_who_asks() {
    check(|_, tree| imports_from_beside(tree));
}

#[test]
fn only_the_theme_names_colours() {
    check(colours_outside_the_theme);
}

#[test]
fn no_folder_has_too_many_files() {
    check(|sources, _| crowded_folders(sources));
}

#[test]
fn no_file_is_too_long() {
    check(|sources, _| long_files(sources));
}

#[test]
fn every_file_is_compiled() {
    check(orphans);
}

// ---------------------------------------------------------------------------------------------------------------------
// Each rule can fail.

/// A tree of the given files, with a `lib.rs` that declares their top-level modules.
fn tree_of(files: &[(&str, &str)]) -> (Vec<Source>, Tree) {
    let mut sources: Vec<Source> =
        files.iter().map(|(path, text)| Source { path: (*path).to_owned(), text: (*text).to_owned() }).collect();
    if !files.iter().any(|(path, _)| *path == "lib.rs") {
        let areas: BTreeSet<&str> =
            files.iter().map(|(path, _)| area_of(path)).filter(|area| *area != "main").collect();
        let text = areas.iter().flat_map(|area| ["pub mod ", area, ";\n"]).collect();
        sources.push(Source { path: "lib.rs".to_owned(), text });
    }
    let tree = Tree::parse(&sources);
    (sources, tree)
}

/// A tree of one file, with the `mod.rs` that declares it.
fn tree_of_one(path: &str, text: &str) -> (Vec<Source>, Tree) {
    match path.split_once('/') {
        Some((area, name)) if name != "mod.rs" => {
            let name = name.trim_end_matches(".rs");
            let parent = format!("{area}/mod.rs");
            tree_of(&[(&parent, &format!("mod {name};")), (path, text)])
        }
        _ => tree_of(&[(path, text)]),
    }
}

#[test]
fn an_import_in_the_wrong_direction_is_found() {
    let bad = [
        ("codec/jpeg.rs", "use crate::sink::Sink;"),
        ("op/mod.rs", "use crate::{codec::png, model::Image};"),
        ("model/job.rs", "use crate::config::Settings;"),
        ("model/job.rs", "use crate::store::Store;"),
        ("store/mod.rs", "use crate::sink::Naming;"),
        ("db/mod.rs", "fn f() { crate::catalog::open(); }"),
        ("engine/plan.rs", "use crate::{\n    model,\n    gui::App,\n};"),
        ("engine/plan.rs", "use crate::cluster::Plan;"),
        ("engine/plan.rs", "pub use crate::cli;"),
        ("cluster/mod.rs", "use crate::cli::args;"),
        ("cli/mod.rs", "use crate::gui;"),
        ("gui/app.rs", "use crate::catalog::Catalog;"),
        ("gui/app.rs", "use crate::engine::Handle;\nuse crate::codec::Format;"),
        ("gui/app.rs", "fn f() { let x = pixloom::op::registry(); }"),
        ("gui/app.rs", "fn f() { println!(\"{}\", crate::op::registry().len()); }"),
        ("fetch/mod.rs", "use super::catalog::Catalog;"),
        ("fetch/client.rs", "use super::super::sink;"),
        ("fetch/client.rs", "mod inner { use super::super::super::sink; }"),
        ("fetch/mod.rs", "#[cfg(test)]\nmod tests { use crate::engine::Handle; }"),
    ];
    for (path, text) in bad {
        let (_, tree) = tree_of_one(path, text);
        assert_eq!(forbidden_imports(&tree).len(), 1, "{path}: {text}: {:?}", forbidden_imports(&tree));
    }
}

#[test]
fn an_import_in_the_right_direction_is_allowed() {
    let good = [
        ("codec/jpeg.rs", "use crate::model::{Image, engine};\nuse crate::codec::sniff;"),
        ("codec/jpeg.rs", "// use crate::gui::App;\nconst A: &str = \"crate::sink::X\";"),
        ("codec/jpeg.rs", "use super::sink::helper; mod tests { use super::super::sink; }"),
        ("codec/jpeg.rs", "pub(in crate::codec) fn f() {}"),
        ("store/mod.rs", "use crate::{config, error, model};"),
        ("source/mod.rs", "use crate::store::Store;"),
        ("engine/mod.rs", "pub use crate::op::registry;"),
        ("cluster/mod.rs", "use crate::engine::Handle;"),
        ("gui/app.rs", "use crate::{config, engine::{Handle, codec}, error, model};"),
        ("cli/mod.rs", "use crate::{engine::Handle, op::syntax};"),
        ("main.rs", "use pixloom::{cli, gui};"),
    ];
    for (path, text) in good {
        assert_eq!(forbidden_imports(&tree_of_one(path, text).1), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn a_new_file_that_opens_files_itself_and_an_outdated_permission_are_found() {
    let lifting = "#![expect(clippy::disallowed_methods, reason = \"a\")]";
    let found = direct_access(&tree_of(&[("op/mod.rs", lifting), ("store/local.rs", lifting)]).0);
    assert!(found.iter().any(|complaint| complaint.contains("src/op/mod.rs")), "{found:?}");
    assert!(found.iter().any(|complaint| complaint.contains("store/owner.rs lifts no ban")), "{found:?}");
    assert!(!found.iter().any(|complaint| complaint.contains("store/local.rs")), "{found:?}");
}

#[test]
fn an_import_out_of_a_self_contained_folder_is_found() {
    let tree = |import: &str| {
        tree_of(&[
            ("engine/mod.rs", "mod item; mod run;"),
            ("engine/item/mod.rs", "mod decide; mod render;"),
            ("engine/item/decide.rs", import),
            ("engine/item/render.rs", "pub struct Prepared;"),
            ("engine/run/mod.rs", "pub struct Run;"),
        ])
    };
    assert_eq!(imports_from_beside(&tree("use crate::engine::run::Run;").1).len(), 1);
    assert!(imports_from_beside(&tree("use super::render::Prepared;").1).is_empty());
}

#[test]
fn a_new_top_level_module_must_be_in_the_table() {
    assert_eq!(unknown_modules(&tree_of(&[("misc/mod.rs", "")]).1).len(), 1);
    assert!(unknown_modules(&tree_of(&[("op/mod.rs", ""), ("cluster.rs", "")]).1).is_empty());
}

#[test]
fn files_that_import_each_other_are_found() {
    let cycles: [&[(&str, &str)]; 7] = [
        &[
            ("op/mod.rs", "mod a; mod b;"),
            ("op/a.rs", "use super::b::B; pub struct A;"),
            ("op/b.rs", "use super::a::A; pub struct B;"),
        ],
        // Through a path without `use`, in a body and in a macro.
        &[
            ("op/mod.rs", "mod a; mod b;"),
            ("op/a.rs", "pub fn a() { super::b::b(); }"),
            ("op/b.rs", "pub fn b() { assert!(crate::op::a::a() == ()); }"),
        ],
        // Through an imported module.
        &[
            ("op/mod.rs", "mod a; mod b;"),
            ("op/a.rs", "use crate::op::b; pub fn a() { b::b(); }"),
            ("op/b.rs", "use super::a; pub fn b() -> a::A { a::A } "),
            ("op/a/x.rs", ""),
        ],
        // Through a re-export: `b` uses what `a` defines.
        &[
            ("op/mod.rs", "mod a; mod b; pub use a::A;"),
            ("op/a.rs", "use super::b::B; pub struct A;"),
            ("op/b.rs", "use super::A; pub struct B;"),
        ],
        // Through the `mod.rs` of another folder.
        &[
            ("op/mod.rs", "pub mod deep; mod b;"),
            ("op/deep/mod.rs", "mod c; use super::b::B; pub struct Own(B);"),
            ("op/deep/c.rs", ""),
            ("op/b.rs", "pub struct B(super::deep::Own);"),
        ],
        // Three files, one of them in another folder, one through a glob.
        &[
            ("op/mod.rs", "mod a; mod b; mod deep;"),
            ("op/a.rs", "use super::b::B as Other; pub struct A(Other);"),
            ("op/b.rs", "use super::deep::c::*; pub struct B;"),
            ("op/deep/mod.rs", "pub mod c;"),
            ("op/deep/c.rs", "use crate::op::a::A; pub struct C(A);"),
        ],
        // From an inline module, under a name that the folder renames.
        &[
            ("op/mod.rs", "mod a; mod b; pub use self::a::A as Renamed;"),
            ("op/a.rs", "mod inner { use super::super::b::B; } pub struct A;"),
            ("op/b.rs", "use crate::op::Renamed; pub struct B;"),
        ],
    ];
    for files in cycles {
        let found = import_cycles(&tree_of(files).1);
        assert_eq!(found.len(), 1, "{files:?}: {found:?}");
    }
}

#[test]
fn imports_in_one_direction_are_not_a_cycle() {
    let fine: [&[(&str, &str)]; 6] = [
        // A folder's own items, used in its files.
        &[("op/mod.rs", "mod a; pub use a::A; pub struct Own;"), ("op/a.rs", "use super::Own; pub struct A(Own);")],
        &[
            ("op/mod.rs", "mod a; mod b; pub use a::A; pub use b::B;"),
            ("op/a.rs", "use super::B; pub struct A;"),
            ("op/b.rs", "pub struct B;"),
        ],
        // Tests may import anything.
        &[
            ("op/mod.rs", "mod a; mod b;"),
            ("op/a.rs", "use super::b::B; pub struct A;"),
            ("op/b.rs", "pub struct B; #[cfg(test)] mod tests { use crate::op::a::A; }"),
        ],
        &[
            ("op/mod.rs", "mod a; #[cfg(test)] mod tests;"),
            ("op/a.rs", "pub struct A;"),
            ("op/tests.rs", "use super::a::A; fn f() { super::g(); }"),
        ],
        // Visibilities, comments and texts are not imports.
        &[
            ("op/mod.rs", "mod a; mod b;"),
            ("op/a.rs", "use super::b::B; pub struct A;"),
            ("op/b.rs", "pub(in crate::op::a) struct B; /* super::a::A */ const T: &str = \"super::a::A\";"),
        ],
        // A module and a function with the same name.
        &[
            ("op/mod.rs", "mod run; mod plan; pub use run::run;"),
            ("op/run.rs", "pub fn run() {}"),
            ("op/plan.rs", "use super::run; fn f() { run(); run::run(); }"),
        ],
    ];
    for files in fine {
        assert_eq!(import_cycles(&tree_of(files).1), Vec::<String>::new(), "{files:?}");
    }
}

#[test]
fn a_cycle_is_reported_with_the_imported_names() {
    let (_, tree) = tree_of(&[
        ("op/mod.rs", "mod a; mod b;"),
        ("op/a.rs", "use super::b::{B, b};"),
        ("op/b.rs", "use super::a::A;"),
    ]);
    let expected =
        "2 files import each other:\n    src/op/a.rs -> src/op/b.rs: B, b\n    src/op/b.rs -> src/op/a.rs: A";
    assert_eq!(import_cycles(&tree), [expected]);
}

#[test]
fn a_window_that_reads_a_file_is_found() {
    for text in [
        "fn f() { let x = std::fs::read(p); }",
        "use std::{collections::BTreeMap, fs};",
        "use std::fs as files; fn f() { }",
        "use reqwest::Client;",
        "fn f() { std::thread::spawn(|| {}); }",
        "use std::net::TcpStream;",
        "fn f() { println!(\"{}\", std::fs::read(p)); }",
        "fn f() { use std::thread; }",
    ] {
        assert!(!blocking_in_the_window(&tree_of_one("gui/items.rs", text).1).is_empty(), "{text}");
        assert!(blocking_in_the_window(&tree_of_one("engine/plan.rs", text).1).is_empty(), "{text}");
    }
    let in_tests = "fn ui() {}\n#[cfg(test)]\nmod tests { fn f() { std::fs::read(p); } }";
    assert!(blocking_in_the_window(&tree_of_one("gui/app.rs", in_tests).1).is_empty());
    let after_tests = "#[cfg(test)]\nmod tests { fn f() {} }\nfn ui() { std::fs::read(p); }";
    assert_eq!(blocking_in_the_window(&tree_of_one("gui/app.rs", after_tests).1).len(), 1);
}

#[test]
fn a_colour_outside_the_theme_is_found() {
    let colours = |path: &str, text: &str| {
        let (sources, tree) = tree_of_one(path, text);
        colours_outside_the_theme(&sources, &tree)
    };
    for text in [
        "const C: Color32 = Color32::from_rgb(1, 2, 3);",
        "const C: Color32 = egui::Color32::WHITE;",
        "const C: u32 = 0x1b_1e_23;",
        "const C: u32 = 0xff00_ff80_u32;",
        "fn f() { let c = hex_color!(\"#123\"); }",
        "fn f() { let c = parse(\"#1b1e23\"); }",
        "fn f() { println!(\"{:?}\", parse(\"#1b1e23\")); }",
    ] {
        assert_eq!(colours("gui/items.rs", text).len(), 1, "{text}");
        assert!(colours("gui/theme.rs", text).is_empty(), "{text}");
        let only_in_tests = format!("#[cfg(test)] mod tests {{ {text} }}");
        assert!(colours("gui/items.rs", &only_in_tests).is_empty(), "{text}");
    }
    let none = "const C: Color32 = Color32::TRANSPARENT; const M: u8 = 0xff; const S: &str = \"#heading\"; fn f(c: Color32) {}";
    assert_eq!(colours("gui/items.rs", none), Vec::<String>::new());
}

#[test]
fn a_file_that_is_too_long_is_found() {
    let file = |lines: usize| [Source { path: "a.rs".to_owned(), text: "x\n".repeat(lines) }];
    assert_eq!(long_files(&file(MAX_LINES + 1)).len(), 1);
    assert!(long_files(&file(MAX_LINES)).is_empty());
}

#[test]
fn a_folder_with_too_many_files_is_found() {
    let folder = |count: usize| -> Vec<Source> {
        let path = |i: usize| if i.is_multiple_of(2) { format!("op/f{i}.rs") } else { format!("op/g{i}.rs") };
        (0..count).map(|i| Source { path: path(i), text: String::new() }).collect()
    };
    assert_eq!(crowded_folders(&folder(MAX_FILES + 1)).len(), 1);
    assert!(crowded_folders(&folder(MAX_FILES)).is_empty());
    let mut divided = folder(MAX_FILES);
    divided.push(Source { path: "op/deep/mod.rs".to_owned(), text: String::new() });
    assert!(crowded_folders(&divided).is_empty());
}

#[test]
fn a_file_that_no_mod_names_is_found() {
    let (sources, tree) = tree_of(&[
        ("lib.rs", "pub mod op;\nmod error;\n// mod lost;\npub(crate) mod inline { }"),
        ("error.rs", ""),
        ("op/mod.rs", "mod resize;\n#[cfg(test)]\nmod tests;"),
        ("op/resize.rs", "mod kernels;"),
        ("op/resize/kernels.rs", ""),
        ("op/tests.rs", ""),
        ("op/forgotten.rs", ""),
        ("lost.rs", ""),
        ("inline.rs", ""),
    ]);
    let found = orphans(&sources, &tree);
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found.iter().all(|f| f.contains("forgotten") || f.contains("lost") || f.contains("inline")));
}
