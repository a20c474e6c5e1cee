//! The images in a folder.

use std::borrow::Cow;
use std::collections::{HashSet, VecDeque};
use std::ffi::OsStr;
use std::io;
use std::ops::ControlFlow;
use std::path::{Component, Path, PathBuf};

use super::files;
use super::kind::{
    Argument, ArgumentOptions, Dialog, Found, Give, MayGive, MenuEntry, Reading, Repeat, Results, SourceArguments,
    SourceKind,
};
use super::natural_order;
use crate::config::HEAD_BYTES;
use crate::error::JobError;
use crate::model::{Ignored, IgnoredReason, Locator, Message, Remark, SourceSpec, is_image_extension, text_encoding};
use crate::store::{self, Entry, EntryKind, Store};

pub(super) static KIND: SourceKind = SourceKind {
    argument: Some(Argument {
        help: "folders",
        parse: |argument, options| {
            let path = Path::new(argument);
            let source = || {
                let folder = folder(path, options.recursive);
                if options.all_files { folder.with(ALL_FILES, "true") } else { folder }
            };
            Ok(is_folder(path).then(source))
        },
    }),
    arguments_of: |source| {
        let flags = Some(ArgumentOptions { recursive: is_recursive(source), all_files: copies_others(source) });
        Some(SourceArguments { flags, ..SourceArguments::of_inputs(source) })
    },
    from_path: Some(|path| is_folder(path).then(|| folder(path, true))),
    menu: Some(MenuEntry { label: "Add folder…", dialog: Dialog::Folder }),
    repeat: Repeat::Changed,
    results_beside: |source| source.first_path().map(Path::to_path_buf),
    is_folder: true,
    may_give,
    ..SourceKind::new("folder", |source, reading, give| {
        let Some(path) = source.first_path() else { return ControlFlow::Continue(()) };
        let options = Options { recursive: is_recursive(source), all_files: copies_others(source) };
        read(path, options, reading, give)
    })
};

/// The option of sources whose files that are not images are items as well.
pub(super) const ALL_FILES: &str = "all_files";

/// What of a folder is read.
#[derive(Clone, Copy)]
struct Options {
    /// With the folders below it.
    recursive: bool,
    /// With hidden files and those that are not images.
    all_files: bool,
}

/// The images in a folder, `recursive` with those in the folders below it. The path is made absolute: a job may be
/// resumed, and its folders compared with those of other jobs, in another current folder.
pub fn folder(path: impl Into<PathBuf>, recursive: bool) -> SourceSpec {
    let source = SourceSpec::new(KIND.id, vec![Locator::File(files::absolute(path.into()))]);
    if recursive { source.with("recursive", "true") } else { source }
}

pub(super) fn is_folder(path: &Path) -> bool {
    store::kind_at(path) == Some(EntryKind::Folder)
}

pub(super) fn is_recursive(source: &SourceSpec) -> bool {
    source.option("recursive") == Some("true")
}

/// Whether files that are not images are copied.
pub fn copies_others(source: &SourceSpec) -> bool {
    source.option(ALL_FILES) == Some("true")
}

pub(super) fn may_give(source: &SourceSpec, path: &Path) -> MayGive {
    let Some(Ok(root)) = source.first_path().map(|root| store::of_path(root).resolve(root)) else {
        return MayGive::No;
    };
    let path = files::entry_path(path);
    let is_below = if is_recursive(source) { path.starts_with(&root) } else { path.parent() == Some(&root) };
    is_below.into()
}

/// How names of our own temporary files begin.
pub(super) const OWN_FILES: &str = ".pixloom-";
/// Entries between two checks for cancellation while a folder is listed.
const ENTRIES_PER_CHECK: usize = 256;
/// Entries that the search for images in subfolders looks at: a few milliseconds.
const MAX_ENTRIES_SEARCHED: usize = 2_000;

/// Whether a file's extension is that of an image, whether or not it can be opened.
pub fn is_image_name(path: &Path) -> bool {
    path.extension().and_then(OsStr::to_str).is_some_and(is_image_extension)
}

/// A folder as messages show it: below the current folder without that, as it was probably given. `real` is the same
/// folder without links and `..`.
fn shown(path: &Path, real: &Path) -> PathBuf {
    let path = if path.components().any(|part| part == Component::ParentDir) { real } else { path };
    let below = std::env::current_dir().ok().and_then(|here| path.strip_prefix(here).ok().map(Path::to_path_buf));
    below.filter(|below| !below.as_os_str().is_empty()).unwrap_or_else(|| path.to_path_buf())
}

/// Gives a folder's images: those of each folder in natural order, then those of its subfolders.
fn read(path: &Path, options: Options, reading: &Reading<'_>, give: Give<'_>) -> ControlFlow<()> {
    let store = store::of_path(path);
    let root = match store.resolve(path) {
        Ok(root) => root,
        Err(error) => return give(Found::Failed(unreadable(path, &error))),
    };
    let mut walk = Walk {
        store,
        root: root.clone(),
        seen: HashSet::new(),
        left_out: LeftOut::default(),
        results: Vec::new(),
        gave: false,
        all_files: options.all_files,
        reading,
        give,
    };
    let mut waiting = vec![Folder { path: root, dir: String::new(), is_linked: false }];
    while let Some(folder) = waiting.pop() {
        let subfolders = walk.folder(&folder)?;
        if options.recursive {
            waiting.extend(subfolders.into_iter().rev());
        }
    }
    let shown = shown(path, &walk.root);
    let mut remarks = walk.left_out.remarks(&shown);
    let folder = || shown.display().to_string();
    remarks
        .extend(walk.results.drain(..).map(|results| Remark::ResultsFolder { folder: results.display().to_string() }));
    if !walk.gave && !options.recursive && has_images_below(store, &walk.root, reading.cancelled) {
        remarks.push(Remark::OnlyBelow { folder: folder() });
    } else if !walk.gave {
        remarks.push(Remark::NoPictures { folder: folder() });
    }
    remarks.into_iter().try_for_each(|remark| give(Found::Remark(remark)))
}

/// Whether a quick search finds images in subfolders: breadth first, without links and hidden folders, and through at most
/// [`MAX_ENTRIES_SEARCHED`] entries.
fn has_images_below(store: &dyn Store, root: &Path, cancelled: &dyn Fn() -> bool) -> bool {
    let mut waiting = VecDeque::from([root.to_path_buf()]);
    let (mut entries_left, mut is_over, mut found) = (MAX_ENTRIES_SEARCHED, false, false);
    while let Some(folder) = waiting.pop_front().filter(|_| !is_over) {
        let is_below = folder != root;
        let _ = store.list(&Locator::File(folder), &mut |entry| {
            if entries_left == 0 || cancelled() {
                is_over = true;
                return ControlFlow::Break(());
            }
            entries_left -= 1;
            if entry.is_link || name_of(&entry.path).starts_with('.') {
                return ControlFlow::Continue(());
            }
            if entry.kind == EntryKind::Folder {
                waiting.push_back(entry.path);
            } else if entry.kind == EntryKind::File && is_below && is_image_name(&entry.path) {
                (is_over, found) = (true, true);
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        });
    }
    found
}

fn name_of(path: &Path) -> Cow<'_, str> {
    path.file_name().map(OsStr::to_string_lossy).unwrap_or_default()
}

/// A folder to read.
struct Folder {
    /// Its path, with links resolved.
    path: PathBuf,
    /// Its path below the root, with `/` between parts.
    dir: String,
    /// Whether it was reached by a link that leads out of the root folder.
    is_linked: bool,
}

/// The contents of a folder.
#[derive(Default)]
struct Listing {
    /// Name and path.
    images: Vec<(String, PathBuf)>,
    /// Files whose names don't tell whether they are images.
    others: Vec<(String, PathBuf)>,
    hidden: Vec<PathBuf>,
    /// Name and path, and whether it is a link.
    subfolders: Vec<(String, PathBuf, bool)>,
}

struct Walk<'a> {
    store: &'static dyn Store,
    root: PathBuf,
    /// Folders that were reached by links: each is read once, so that circular links end.
    seen: HashSet<PathBuf>,
    left_out: LeftOut,
    /// Folders with results that were left out.
    results: Vec<PathBuf>,
    /// Whether any item was given, or an error.
    gave: bool,
    all_files: bool,
    reading: &'a Reading<'a>,
    give: &'a mut dyn FnMut(Found) -> ControlFlow<()>,
}

impl Walk<'_> {
    /// Gives a folder's own images and returns its subfolders, both in natural order.
    fn folder(&mut self, folder: &Folder) -> ControlFlow<(), Vec<Folder>> {
        let mut listing = Listing::default();
        let (store, mut entries) = (self.store, 0_usize);
        let listed = store.list(&Locator::File(folder.path.clone()), &mut |entry| {
            if entries.is_multiple_of(ENTRIES_PER_CHECK) {
                self.check_cancelled()?;
            }
            entries += 1;
            self.classify(entry, &mut listing);
            ControlFlow::Continue(())
        });
        self.check_cancelled()?;
        if let Err(error) = listed {
            self.give(Found::Failed(unreadable(&folder.path, &error)))?;
        }
        let Listing { mut images, others, hidden, mut subfolders } = listing;
        for path in hidden {
            self.ignore(path, IgnoredReason::Hidden)?;
        }
        for (name, path) in others {
            self.check_cancelled()?;
            if self.all_files || self.has_content_of_image(&path) {
                images.push((name, path));
            } else {
                self.ignore(path, IgnoredReason::NotAnImage)?;
            }
        }
        images.sort_by(|(a, _), (b, _)| natural_order::natural(a, b));
        subfolders.sort_by(|(a, ..), (b, ..)| natural_order::natural(a, b));
        for (_, path) in images {
            self.check_cancelled()?;
            match (self.reading.results_at)(&path, EntryKind::File) {
                Results::None => {}
                Results::New => continue,
                Results::Earlier => {
                    self.ignore(path, IgnoredReason::Result)?;
                    continue;
                }
            }
            let locator = Locator::File(path);
            let head = self.store.head(&locator);
            if let (Ok(EntryKind::Other | EntryKind::Folder), Locator::File(path)) =
                (head.as_ref().map(|head| head.kind), &locator)
            {
                self.ignore(path.clone(), IgnoredReason::NotAnImage)?;
                continue;
            }
            self.give(Found::Item(files::item(locator, folder.dir.clone(), head.as_ref())))?;
        }
        // In natural order, so that the same one of two links to one folder is followed every time.
        let mut folders = Vec::with_capacity(subfolders.len());
        for (name, path, is_link) in subfolders {
            let Some(subfolder) = self.subfolder(folder, path, &name, is_link) else { continue };
            match (self.reading.results_at)(&subfolder.path, EntryKind::Folder) {
                Results::None => folders.push(subfolder),
                Results::New => {}
                Results::Earlier => self.ignore(subfolder.path, IgnoredReason::Result)?,
            }
        }
        ControlFlow::Continue(folders)
    }

    /// Whether a file's first bytes are those of an image.
    fn has_content_of_image(&self, path: &Path) -> bool {
        let head = store::read_head(&Locator::File(path.to_path_buf()), HEAD_BYTES);
        !head.is_empty() && (self.reading.is_image)(&head)
    }

    /// Leaves out a file, or a folder with everything in it.
    fn ignore(&mut self, path: PathBuf, reason: IgnoredReason) -> ControlFlow<()> {
        match reason {
            IgnoredReason::NotAnImage => self.left_out.not_images += 1,
            IgnoredReason::Hidden => self.left_out.hidden += 1,
            IgnoredReason::Result if store::kind_at(&path) == Some(EntryKind::Folder) => {
                self.results.push(path.clone());
            }
            IgnoredReason::Result => self.left_out.results += 1,
            // Decided for all sources alike.
            IgnoredReason::RawPair => {}
        }
        (self.give)(Found::Ignored(Ignored { path, reason }))
    }

    /// Adds an entry to the listing.
    fn classify(&self, entry: Entry, listing: &mut Listing) {
        let Entry { path, kind, is_link } = entry;
        let name = path.file_name().map(text_encoding::of_name).unwrap_or_default();
        if name.starts_with(OWN_FILES) {
            return;
        }
        if name.starts_with('.') && !self.all_files {
            listing.hidden.push(path);
        } else if kind == EntryKind::Folder {
            listing.subfolders.push((name, path, is_link));
        } else if is_image_name(&path) {
            listing.images.push((name, path));
        } else {
            listing.others.push((name, path));
        }
    }

    /// A subfolder, unless it is read anyway, was read before, or contains the root folder.
    fn subfolder(&mut self, parent: &Folder, path: PathBuf, name: &str, is_link: bool) -> Option<Folder> {
        let dir = if parent.dir.is_empty() { name.to_owned() } else { format!("{}/{name}", parent.dir) };
        if !is_link && !parent.is_linked {
            return Some(Folder { path, dir, is_linked: false });
        }
        let path = self.store.resolve(&path).ok()?;
        let overlaps_root = path.starts_with(&self.root) || self.root.starts_with(&path);
        (!overlaps_root && self.seen.insert(path.clone())).then_some(Folder { path, dir, is_linked: true })
    }

    fn give(&mut self, found: Found) -> ControlFlow<()> {
        self.gave = true;
        (self.give)(found)
    }

    fn check_cancelled(&self) -> ControlFlow<()> {
        if (self.reading.cancelled)() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// Counts of what is left out.
#[derive(Default)]
struct LeftOut {
    not_images: u64,
    hidden: u64,
    results: u64,
}

impl LeftOut {
    /// Remarks about what was left out.
    fn remarks(&self, folder: &Path) -> Vec<Remark> {
        let folder = || folder.display().to_string();
        let remarks = [
            (self.not_images, Remark::NotPictures { count: self.not_images, folder: folder() }),
            (self.hidden, Remark::HiddenFiles { count: self.hidden, folder: folder() }),
            (self.results, Remark::OwnResults { count: self.results, folder: folder() }),
        ];
        remarks.into_iter().filter(|(count, _)| *count > 0).map(|(_, remark)| remark).collect()
    }
}

pub(super) fn unreadable(folder: &Path, error: &io::Error) -> JobError {
    let sentence = match error.kind() {
        io::ErrorKind::NotFound => Message::new("folder_missing"),
        io::ErrorKind::PermissionDenied => Message::new("folder_denied"),
        io::ErrorKind::NotADirectory => Message::new("folder_none"),
        _ => Message::new("folder_unread").with_message("detail", error),
    };
    JobError::Machine(sentence.with("folder", folder.display()))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::cell::Cell;
    use std::fs;

    use super::super::folder::*;

    /// Relative paths with their `dir`, and troubles without the root's path.
    fn walk(root: &Path, recursive: bool) -> Vec<String> {
        walk_with(root, Options { recursive, all_files: false }, &Reading::default())
    }

    /// The same; what is ignored is only listed in its remarks.
    fn walk_with(root: &Path, options: Options, reading: &Reading<'_>) -> Vec<String> {
        let mut found = Vec::new();
        let _ = read(root, options, reading, &mut |thing| {
            found.push(match thing {
                Found::Ignored(_) => return ControlFlow::Continue(()),
                Found::Item(item) => {
                    let path = item.locator.path().unwrap().to_owned();
                    let error = item.error.map_or("", |_| " broken");
                    format!("{}|{}{error}", item.dir, path.file_name().unwrap().to_string_lossy())
                }
                Found::Failed(error) | Found::Lost(error) => {
                    error.to_string().replace(&*root.to_string_lossy(), "ROOT")
                }
                Found::Remark(remark) => remark.to_string().replace(&*root.to_string_lossy(), "ROOT"),
                Found::Position(position) => panic!("{position}"),
            });
            ControlFlow::Continue(())
        });
        found
    }

    #[test]
    fn a_folder_of_any_store_is_read() {
        for name in ["b.png", "a/c.png", "notes.txt"] {
            store::put(&Path::new("memory:/photos").join(name), b"x").unwrap();
        }
        let wanted = ["|b.png", "a|c.png", "Skipped 1 file in ROOT that is not an image."];
        assert_eq!(walk(Path::new("memory:/photos"), true), wanted);
    }

    fn tree(files: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for file in files {
            let path = dir.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, b"x").unwrap();
        }
        dir
    }

    #[test]
    fn images_come_in_natural_order_folder_by_folder() {
        let dir = tree(&[
            "b10.jpg",
            "B2.PNG",
            "notes.txt",
            "x.heic",
            ".hidden.jpg",
            ".pixloom-1-a.part",
            ".git/a.jpg",
            "sub 2/c.webp",
            "sub 10/d.gif",
            "sub 2/deep/e.tif",
        ]);
        let wanted = [
            "|B2.PNG",
            "|b10.jpg",
            "|x.heic",
            "sub 2|c.webp",
            "sub 2/deep|e.tif",
            "sub 10|d.gif",
            "Skipped 1 file in ROOT that is not an image.",
            "Skipped 2 hidden files and folders in ROOT.",
        ];
        assert_eq!(walk(dir.path(), true), wanted);
        let flat = walk(dir.path(), false);
        assert_eq!(flat[..3], wanted[..3]);
        assert_eq!(flat.len(), 5);
    }

    #[test]
    fn a_folder_that_does_not_exist_or_is_a_file_is_reported() {
        let dir = tree(&["a.jpg"]);
        let errors = walk(&dir.path().join("no"), true);
        assert!(errors.len() == 1 && errors[0].contains("no such folder"), "{errors:?}");
        let errors = walk(&dir.path().join("a.jpg"), true);
        assert!(errors.len() == 1 && errors[0].contains("not a folder"), "{errors:?}");
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_once_and_circles_end() {
        use std::os::unix::fs::symlink;
        let outside = tree(&["o.jpg", "in/p.jpg"]);
        let dir = tree(&["a.jpg", "sub/b.jpg", "folder.jpg/c.jpg"]);
        let root = dir.path();
        symlink(root, root.join("sub/up")).unwrap();
        symlink(root.join("sub"), root.join("again")).unwrap();
        symlink(outside.path(), root.join("out")).unwrap();
        symlink(outside.path(), root.join("out2")).unwrap();
        symlink(outside.path(), outside.path().join("in/circle")).unwrap();
        symlink(root, outside.path().join("back")).unwrap();
        symlink("nowhere", root.join("dead.jpg")).unwrap();
        symlink("/", root.join("everything")).unwrap();
        let wanted = ["|a.jpg", "|dead.jpg broken", "folder.jpg|c.jpg", "out|o.jpg", "out/in|p.jpg", "sub|b.jpg"];
        assert_eq!(walk(root, true), wanted);
    }

    #[test]
    fn an_empty_folder_is_reported() {
        let dir = tree(&[".hidden.jpg"]);
        assert_eq!(
            walk(dir.path(), true),
            ["Skipped 1 hidden file or folder in ROOT.", "There are no images in ROOT."]
        );
        assert_eq!(walk(tree(&["sub/.pixloom-1-a.part"]).path(), true), ["There are no images in ROOT."]);
    }

    #[test]
    fn content_decides_where_the_name_does_not() {
        let dir = tree(&["a", "b.txt", "c.dat", "d.heic", "sub/e"]);
        fs::write(dir.path().join("a"), b"IMAGE").unwrap();
        fs::write(dir.path().join("b.txt"), b"IMAGE").unwrap();
        fs::write(dir.path().join("sub/e"), b"").unwrap();
        let reading = Reading { is_image: &|head| head.starts_with(b"IMAGE"), ..Reading::default() };
        let options = Options { recursive: true, all_files: false };
        let wanted = ["|a", "|b.txt", "|d.heic", "Skipped 2 files in ROOT that are not images."];
        assert_eq!(walk_with(dir.path(), options, &reading), wanted);
    }

    #[test]
    fn all_files_are_hidden_ones_and_others_too_but_never_our_temporaries() {
        let dir = tree(&["a.txt", ".b", ".git/c.jpg", ".pixloom-1-a.part", "d.jpg"]);
        let options = Options { recursive: true, all_files: true };
        let wanted = ["|.b", "|a.txt", "|d.jpg", ".git|c.jpg"];
        assert_eq!(walk_with(dir.path(), options, &Reading::default()), wanted);
    }

    #[test]
    fn every_file_that_is_left_out_is_named_with_its_reason() {
        let dir = tree(&["a.jpg", "b.txt", ".c.jpg", ".git/d.jpg", "out/e.jpg", "f.jpg"]);
        let root = dir.path().canonicalize().unwrap();
        let results = [root.join("out"), root.join("f.jpg")];
        let results_at = |path: &Path, _: EntryKind| {
            if results.iter().any(|own| own == path) { Results::Earlier } else { Results::None }
        };
        let reading = Reading { results_at: &results_at, ..Reading::default() };
        let (mut ignored, mut items, mut remarks) = (Vec::new(), 0, Vec::new());
        let options = Options { recursive: true, all_files: false };
        let _ = read(&root, options, &reading, &mut |thing| {
            match thing {
                Found::Ignored(Ignored { path, reason }) => {
                    ignored.push((path.strip_prefix(&root).unwrap().display().to_string(), reason));
                }
                Found::Item(_) => items += 1,
                Found::Remark(remark) => remarks.push(remark.to_string().replace(&*root.to_string_lossy(), "ROOT")),
                Found::Failed(error) | Found::Lost(error) => panic!("{error}"),
                Found::Position(position) => panic!("{position}"),
            }
            ControlFlow::Continue(())
        });
        ignored.sort_by(|(a, _), (b, _)| a.cmp(b));
        let wanted = [
            (".c.jpg", IgnoredReason::Hidden),
            (".git", IgnoredReason::Hidden),
            ("b.txt", IgnoredReason::NotAnImage),
            ("f.jpg", IgnoredReason::Result),
            ("out", IgnoredReason::Result),
        ];
        assert_eq!(ignored, wanted.map(|(name, reason)| (name.to_owned(), reason)));
        assert_eq!(items, 1);
        let sentences = [
            "Skipped 1 file in ROOT that is not an image.",
            "Skipped 2 hidden files and folders in ROOT.",
            "Left out 1 result of an earlier job in ROOT.",
            "Left out ROOT/out, which holds results. To process them, give it as an input.",
        ];
        assert_eq!(remarks, sentences);
    }

    #[test]
    fn a_folder_with_images_only_in_subfolders_is_reported_after_a_short_search() {
        let hint = "There are no images in ROOT itself, only in its subfolders. Use -R (--recursive) to include them.";
        assert_eq!(walk(tree(&["sub/deep/a.jpg"]).path(), false), [hint]);
        let with_notes = walk(tree(&["notes.txt", "sub/a.jpg"]).path(), false);
        assert_eq!(with_notes, ["Skipped 1 file in ROOT that is not an image.", hint]);
        assert_eq!(
            walk(tree(&["sub/notes.txt", ".git/a.jpg", "sub/.b.jpg"]).path(), false),
            ["Skipped 1 hidden file or folder in ROOT.", "There are no images in ROOT."]
        );
        assert_eq!(walk(tree(&["a.jpg", "sub/b.jpg"]).path(), false), ["|a.jpg"]);
        let only_text = ["Skipped 1 file in ROOT that is not an image.", "There are no images in ROOT."];
        assert_eq!(walk(tree(&["sub/b.txt"]).path(), true), only_text);
        let many: Vec<String> = (0..MAX_ENTRIES_SEARCHED).map(|n| format!("sub/{n}.txt")).collect();
        let many = tree(&many.iter().map(String::as_str).chain(["sub/deep/a.jpg"]).collect::<Vec<_>>());
        assert_eq!(walk(many.path(), false), ["There are no images in ROOT."]);
    }

    #[test]
    fn a_cancelled_walk_stops_at_once() {
        let dir = tree(&["a.jpg", "b.jpg", "c.jpg"]);
        let given = Cell::new(0);
        let reading = Reading { cancelled: &|| given.get() == 1, ..Reading::default() };
        let flow = read(dir.path(), Options { recursive: true, all_files: false }, &reading, &mut |_| {
            given.set(given.get() + 1);
            ControlFlow::Continue(())
        });
        assert_eq!((flow, given.get()), (ControlFlow::Break(()), 1));
    }

    #[test]
    fn images_are_recognised_by_their_extension() {
        for (name, wanted) in [
            ("a.JPG", true),
            ("a.HEIC", true),
            ("a.Cr2", true),
            ("a.txt", false),
            ("jpg", false),
            ("a.jpg.part", false),
        ] {
            assert_eq!(is_image_name(Path::new(name)), wanted, "{name}");
        }
    }
}
