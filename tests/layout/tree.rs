//! The module tree of a crate, read with `syn`: which file defines which name, and which file uses it.
//!
//! Resolves what the rules need and no more: `use` declarations, re-exports, globs and paths of two or more segments.
//! It knows nothing about the rules.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemMod, ItemUse, Macro, UseTree};

/// One source file.
pub(crate) struct Source {
    /// Path below `src/`, with `/` on every system.
    pub(crate) path: String,
    /// Its text.
    pub(crate) text: String,
}

/// A place where a file names something by a path.
#[derive(Clone, Debug)]
pub(crate) struct Reference {
    /// The file that names it: an index into [`Tree::files`].
    pub(crate) file: usize,
    /// The absolute path: `crate::engine::registry`, `std::fs::read`. Re-exports are not followed.
    pub(crate) written: Vec<String>,
    /// The file that defines the item, re-exports followed; `None` for modules and for items of other crates.
    pub(crate) defined_in: Option<usize>,
    /// Whether the code is compiled for tests only.
    pub(crate) in_tests: bool,
}

/// All modules and references of a crate.
#[derive(Default)]
pub(crate) struct Tree {
    /// Paths of the files that some `mod` names (and of the roots).
    pub(crate) files: Vec<String>,
    /// Every reference, file by file.
    pub(crate) references: Vec<Reference>,
    modules: Vec<Module>,
    /// Files that are compiled for tests only.
    for_tests: BTreeSet<String>,
}

/// A module: a file, or an inline `mod name { … }`.
#[derive(Default)]
struct Module {
    file: usize,
    parent: Option<usize>,
    /// Absolute path, `["crate"]` for the root.
    path: Vec<String>,
    children: BTreeMap<String, usize>,
    items: BTreeSet<String>,
    /// Names that `use` declarations bring in; several where they depend on `cfg`.
    uses: BTreeMap<String, Vec<Vec<String>>>,
    globs: Vec<Vec<String>>,
}

/// What a path leads to.
#[derive(Clone, Debug, PartialEq)]
enum Target {
    Item { file: usize },
    Module(usize),
    OtherCrate,
}

/// A path that was found in a module's code, before it is resolved.
struct RawPath {
    module: usize,
    segments: Vec<String>,
    is_glob: bool,
    in_tests: bool,
}

impl Tree {
    /// Reads the crate whose roots are `lib.rs` and `main.rs`.
    pub(crate) fn parse(sources: &[Source]) -> Self {
        let mut builder = Builder { sources, tree: Self::default(), raw: Vec::new() };
        for root in ["lib.rs", "main.rs"] {
            if let Some(source) = sources.iter().find(|source| source.path == root) {
                builder.add_file(source, None, vec!["crate".to_owned()], false);
            }
        }
        let Builder { mut tree, raw, .. } = builder;
        tree.references = raw.iter().flat_map(|path| tree.reference(path)).collect();
        tree
    }

    /// Whether a file is compiled for tests only.
    pub(crate) fn is_for_tests(&self, path: &str) -> bool {
        self.for_tests.contains(path)
    }

    /// Whether a file declares another one, directly or through others: its `mod.rs`, say.
    pub(crate) fn is_above(&self, upper: usize, lower: usize) -> bool {
        let mut module = self.modules.iter().find(|module| module.file == lower);
        while let Some(parent) = module.and_then(|module| module.parent) {
            module = self.modules.get(parent);
            if self.modules[parent].file == upper && upper != lower {
                return true;
            }
        }
        false
    }

    fn reference(&self, raw: &RawPath) -> Vec<Reference> {
        let file = self.modules[raw.module].file;
        let defined_in = match self.resolve(raw.module, &raw.segments, 0) {
            Target::Item { file } => Some(file),
            // A glob brings in what the module defines; a module alone is followed when its items are named.
            Target::Module(module) if raw.is_glob => Some(self.modules[module].file),
            Target::Module(_) | Target::OtherCrate => None,
        };
        self.written(raw.module, &raw.segments)
            .into_iter()
            .map(|written| Reference { file, written, defined_in, in_tests: raw.in_tests })
            .collect()
    }

    /// The absolute paths that a path may mean: several where a name depends on `cfg`.
    fn written(&self, module: usize, segments: &[String]) -> Vec<Vec<String>> {
        let here = &self.modules[module];
        let Some((first, rest)) = segments.split_first() else { return Vec::new() };
        let join = |start: &[String], rest: &[String]| [start, rest].concat();
        match first.as_str() {
            "crate" | "$crate" | "pixloom" => vec![join(&["crate".to_owned()], rest)],
            "self" => {
                self.written(module, rest).into_iter().chain(rest.is_empty().then(|| here.path.clone())).collect()
            }
            "super" => {
                let mut path = here.path.clone();
                let ups = segments.iter().take_while(|segment| *segment == "super").count();
                path.truncate(path.len().saturating_sub(ups).max(1));
                vec![join(&path, &segments[ups..])]
            }
            name if here.children.contains_key(name) || here.items.contains(name) => vec![join(&here.path, segments)],
            name => match here.uses.get(name) {
                Some(paths) => paths
                    .iter()
                    .filter(|path| path.first().is_some_and(|head| head != name) || path.len() > 1)
                    .flat_map(|path| {
                        let same = path.first().is_some_and(|head| head == name);
                        if same { vec![path.clone()] } else { self.written(module, path) }
                    })
                    .map(|path| join(&path, rest))
                    .collect(),
                None => vec![segments.to_vec()],
            },
        }
    }

    /// Follows a path, and the re-exports on its way.
    fn resolve(&self, module: usize, segments: &[String], depth: usize) -> Target {
        // Two `use` declarations that name each other would never end.
        let Some((first, rest)) = segments.split_first().filter(|_| depth < 32) else { return Target::Module(module) };
        let start = match first.as_str() {
            "crate" | "$crate" | "pixloom" => Target::Module(0),
            "self" => Target::Module(module),
            "super" => Target::Module(self.file_or_inline_parent(module)),
            name => match self.lookup(module, name, rest.is_empty(), depth) {
                Some(target) => target,
                None => return Target::OtherCrate,
            },
        };
        rest.iter().enumerate().fold(start, |target, (i, name)| match target {
            Target::Module(at) if name == "super" => Target::Module(self.file_or_inline_parent(at)),
            Target::Module(at) => self
                .lookup(at, name, i + 1 == rest.len(), depth)
                // Made by a macro, most likely.
                .unwrap_or(Target::Item { file: self.modules[at].file }),
            other => other,
        })
    }

    fn file_or_inline_parent(&self, module: usize) -> usize {
        self.modules[module].parent.unwrap_or(0)
    }

    /// What a name means in a module. A module and an item may share it: the last segment of a path means the item.
    fn lookup(&self, module: usize, name: &str, is_last: bool, depth: usize) -> Option<Target> {
        let here = &self.modules[module];
        let child = here.children.get(name).map(|child| Target::Module(*child));
        let item = here.items.contains(name).then_some(Target::Item { file: here.file });
        let imported = || {
            let path = here.uses.get(name)?.iter().find(|path| path.as_slice() != [name])?;
            let from_other_crate = path.first().is_some_and(|head| head == name) && child.is_none();
            if from_other_crate { Some(Target::OtherCrate) } else { Some(self.resolve(module, path, depth + 1)) }
        };
        let found = if is_last {
            item.or_else(|| imported().filter(|target| child.is_none() || matches!(target, Target::Item { .. })))
                .or_else(|| child.clone())
        } else {
            child.clone().or(item).or_else(imported)
        };
        found.or_else(|| {
            here.globs.iter().filter(|_| depth < 8).find_map(|glob| match self.resolve(module, glob, depth + 1) {
                Target::Module(at) if at != module => self.lookup(at, name, is_last, depth + 1),
                _ => None,
            })
        })
    }
}

struct Builder<'a> {
    sources: &'a [Source],
    tree: Tree,
    raw: Vec<RawPath>,
}

impl Builder<'_> {
    fn add_file(&mut self, source: &Source, parent: Option<usize>, path: Vec<String>, in_tests: bool) -> usize {
        let parsed = syn::parse_file(&source.text).unwrap_or_else(|error| panic!("src/{}: {error}", source.path));
        let file = self.tree.files.len();
        self.tree.files.push(source.path.clone());
        if in_tests {
            self.tree.for_tests.insert(source.path.clone());
        }
        let module = self.tree.modules.len();
        self.tree.modules.push(Module { file, parent, path, ..Module::default() });
        self.add_items(&parsed.items, module, &folder_of(&source.path), in_tests);
        module
    }

    /// Adds a module's items; `folder` is where its `mod name;` lines look.
    fn add_items(&mut self, items: &[Item], module: usize, folder: &str, in_tests: bool) {
        for item in items {
            if let Item::Mod(child) = item {
                self.add_module(child, module, folder, in_tests);
                continue;
            }
            if let Some(name) = name_of(item) {
                self.tree.modules[module].items.insert(name);
            }
            let mut collector = Collector { builder: self, module, in_tests };
            collector.visit_item(item);
        }
    }

    fn add_module(&mut self, child: &ItemMod, parent: usize, folder: &str, in_tests: bool) {
        let name = child.ident.to_string();
        let in_tests = in_tests || is_for_tests(&child.attrs);
        let path = [self.tree.modules[parent].path.as_slice(), std::slice::from_ref(&name)].concat();
        let added = if let Some((_, items)) = &child.content {
            let file = self.tree.modules[parent].file;
            let module = self.tree.modules.len();
            self.tree.modules.push(Module { file, parent: Some(parent), path, ..Module::default() });
            self.add_items(items, module, &format!("{folder}{name}/"), in_tests);
            module
        } else {
            let candidates = [format!("{folder}{name}.rs"), format!("{folder}{name}/mod.rs")];
            let found = self.sources.iter().find(|source| candidates.contains(&source.path));
            let Some(source) = found else { return };
            self.add_file(source, Some(parent), path, in_tests)
        };
        self.tree.modules[parent].children.insert(name, added);
    }
}

/// Collects the paths of one item.
struct Collector<'a, 'b> {
    builder: &'a mut Builder<'b>,
    module: usize,
    in_tests: bool,
}

impl Collector<'_, '_> {
    fn add(&mut self, segments: Vec<String>, is_glob: bool) {
        let (module, in_tests) = (self.module, self.in_tests);
        self.builder.raw.push(RawPath { module, segments, is_glob, in_tests });
    }

    fn add_use(&mut self, tree: &UseTree, prefix: &[String]) {
        let with = |name: &syn::Ident| {
            let name = name.to_string();
            // `path::{self}` is the path.
            if name == "self" && !prefix.is_empty() { prefix.to_vec() } else { [prefix, &[name]].concat() }
        };
        match tree {
            UseTree::Path(path) => self.add_use(&path.tree, &[prefix, &[path.ident.to_string()]].concat()),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.add_use(tree, prefix)),
            UseTree::Name(name) => {
                let path = with(&name.ident);
                let own = path.last().cloned().unwrap_or_default();
                self.bind(own, path);
            }
            UseTree::Rename(rename) => {
                let path = with(&rename.ident);
                self.bind(rename.rename.to_string(), path);
            }
            UseTree::Glob(_) => {
                self.add(prefix.to_vec(), true);
                self.builder.tree.modules[self.module].globs.push(prefix.to_vec());
            }
        }
    }

    fn bind(&mut self, name: String, path: Vec<String>) {
        self.add(path.clone(), false);
        self.builder.tree.modules[self.module].uses.entry(name).or_default().push(path);
    }

    /// Paths in a macro's arguments, which `syn` leaves as tokens.
    fn add_tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let (mut colons, mut dollar) = (0, false);
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    let name = if dollar { format!("${ident}") } else { ident.to_string() };
                    if colons == 2 {
                        path.push(name);
                    } else {
                        self.end_path(&mut path);
                        path.push(name);
                    }
                    (colons, dollar) = (0, false);
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                TokenTree::Punct(punct) => {
                    dollar = punct.as_char() == '$';
                    self.end_path(&mut path);
                    colons = 0;
                }
                TokenTree::Group(group) => {
                    self.end_path(&mut path);
                    colons = 0;
                    self.add_tokens(group.stream());
                }
                TokenTree::Literal(_) => {
                    self.end_path(&mut path);
                    colons = 0;
                }
            }
        }
        self.end_path(&mut path);
    }

    fn end_path(&mut self, path: &mut Vec<String>) {
        let path = std::mem::take(path);
        if path.len() > 1 {
            self.add(path, false);
        }
    }
}

impl<'ast> Visit<'ast> for Collector<'_, '_> {
    fn visit_item(&mut self, item: &'ast Item) {
        let before = self.in_tests;
        self.in_tests |= is_for_tests(attributes_of(item));
        visit::visit_item(self, item);
        self.in_tests = before;
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.add_use(&item.tree, &[]);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if segments.len() > 1 && segments[0] != "Self" {
            self.add(segments, false);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        self.visit_path(&call.path);
        self.add_tokens(call.tokens.clone());
    }

    // `pub(in crate::op)` and `#[derive(…)]` name nothing that is used.
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}
    fn visit_attribute(&mut self, _: &'ast Attribute) {}
}

/// Where the `mod name;` lines of a file look: `a/` for `a/mod.rs`, `a/b/` for `a/b.rs`.
fn folder_of(path: &str) -> String {
    let stem = path.trim_end_matches(".rs");
    match stem.rsplit_once('/') {
        Some((folder, "mod")) => format!("{folder}/"),
        None if stem == "lib" || stem == "main" => String::new(),
        _ => format!("{stem}/"),
    }
}

/// Whether an item is compiled for tests only.
pub(crate) fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let is_cfg = attribute.path().is_ident("cfg");
        let condition = attribute.meta.require_list().map(|list| list.tokens.to_string()).unwrap_or_default();
        attribute.path().is_ident("test") || (is_cfg && (condition == "test" || condition.starts_with("all (test")))
    })
}

fn attributes_of(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

fn name_of(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(name.to_string())
}
