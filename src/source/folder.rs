//! A folder's pictures.

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::fs::{self, DirEntry};
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::Found;
use super::files;
use super::natural_order;
use crate::error::JobError;
use crate::model::{Format, Message, Remark};

/// Extensions of pictures that can't be opened: named when they are left out, so that nobody wonders.
const OTHER_PICTURES: [&str; 25] = [
    "heic", "heif", "hif", "jp2", "j2k", "jxr", "psd", "psb", "xcf", "exr", "hdr", "pfm", "pcx", "dds", "raw", "dng",
    "cr2", "cr3", "nef", "arw", "orf", "rw2", "raf", "pef", "srw",
];
/// Entries after which a folder's listing looks whether it was cancelled.
const ENTRIES_PER_LOOK: usize = 256;
/// Entries that a look for pictures below a folder takes at most: some milliseconds.
const LOOKED_AT: usize = 2_000;

/// Whether a name is that of a picture which can be opened, by its extension.
pub fn is_picture_name(path: &Path) -> bool {
    extension(path).is_some_and(|extension| Format::all().iter().any(|format| format.has_extension(&extension)))
}

/// Gives a folder's pictures: those of each folder in natural order, then its subfolders'.
pub(super) fn read(
    path: &Path,
    recursive: bool,
    cancelled: &dyn Fn() -> bool,
    give: &mut dyn FnMut(Found) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let root = match fs::canonicalize(path) {
        Ok(root) => root,
        Err(error) => return give(Found::Failed(trouble(path, &error))),
    };
    let mut walk =
        Walk { root: root.clone(), seen: HashSet::new(), left_out: LeftOut::default(), gave: false, cancelled, give };
    let mut waiting = vec![Folder { path: root, dir: String::new(), is_linked: false }];
    while let Some(folder) = waiting.pop() {
        let subfolders = walk.folder(&folder)?;
        if recursive {
            waiting.extend(subfolders.into_iter().rev());
        }
    }
    let mut remarks = walk.left_out.report(path);
    let folder = || path.display().to_string();
    if !walk.gave && !recursive && holds_pictures_below(&walk.root, cancelled) {
        remarks.push(Remark::OnlyBelow { folder: folder() });
    } else if !walk.gave && remarks.is_empty() {
        remarks.push(Remark::NoPictures { folder: folder() });
    }
    remarks.into_iter().try_for_each(|remark| give(Found::Remark(remark)))
}

/// Whether a quick look finds pictures below a folder: breadth first, no links, no hidden folders, and no further than
/// [`LOOKED_AT`] entries.
fn holds_pictures_below(root: &Path, cancelled: &dyn Fn() -> bool) -> bool {
    let mut waiting = VecDeque::from([root.to_path_buf()]);
    let mut left = LOOKED_AT;
    while let Some(folder) = waiting.pop_front() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries.flatten() {
            if left == 0 || cancelled() {
                return false;
            }
            left -= 1;
            let is_hidden = entry.file_name().to_string_lossy().starts_with('.');
            let Ok(kind) = entry.file_type() else { continue };
            if !is_hidden && kind.is_dir() {
                waiting.push_back(entry.path());
            } else if !is_hidden && kind.is_file() && folder != root && is_picture_name(&entry.path()) {
                return true;
            }
        }
    }
    false
}

/// A folder to be read.
struct Folder {
    /// Without links.
    path: PathBuf,
    /// Below the root, `/` between parts.
    dir: String,
    /// Whether it was reached by a link that leads out of the root.
    is_linked: bool,
}

/// What stands in a folder.
#[derive(Default)]
struct Listing {
    pictures: Vec<(String, DirEntry)>,
    /// Name, path, and whether it is a link.
    subfolders: Vec<(String, PathBuf, bool)>,
}

struct Walk<'a> {
    root: PathBuf,
    /// Folders reached by links, so that each is read once and circles end.
    seen: HashSet<PathBuf>,
    left_out: LeftOut,
    /// Whether anything was given, be it a trouble.
    gave: bool,
    cancelled: &'a dyn Fn() -> bool,
    give: &'a mut dyn FnMut(Found) -> ControlFlow<()>,
}

impl Walk<'_> {
    /// Gives a folder's own pictures and returns its subfolders, both in natural order.
    fn folder(&mut self, folder: &Folder) -> ControlFlow<(), Vec<Folder>> {
        let mut listing = Listing::default();
        match fs::read_dir(&folder.path) {
            Ok(entries) => {
                for (number, entry) in entries.enumerate() {
                    if number % ENTRIES_PER_LOOK == 0 {
                        self.look()?;
                    }
                    match entry {
                        Ok(entry) => self.sort_out(entry, &mut listing),
                        Err(error) => {
                            self.give(Found::Failed(trouble(&folder.path, &error)))?;
                            break;
                        }
                    }
                }
            }
            Err(error) => self.give(Found::Failed(trouble(&folder.path, &error)))?,
        }
        let Listing { mut pictures, mut subfolders } = listing;
        pictures.sort_by(|(a, _), (b, _)| natural_order::natural(a, b));
        subfolders.sort_by(|(a, ..), (b, ..)| natural_order::natural(a, b));
        for (_, entry) in pictures {
            self.look()?;
            let path = entry.path();
            // Follows links, as `DirEntry::metadata` doesn't.
            let metadata = fs::metadata(&path);
            if metadata.as_ref().is_ok_and(|metadata| !metadata.is_file()) {
                self.left_out.no_pictures += 1;
                continue;
            }
            self.give(Found::Item(files::item(path, folder.dir.clone(), metadata.as_ref())))?;
        }
        // In order, so that of two links to one folder the same one is followed every time.
        let subfolders = subfolders.into_iter();
        ControlFlow::Continue(
            subfolders.filter_map(|(name, path, is_link)| self.subfolder(folder, path, &name, is_link)).collect(),
        )
    }

    /// Puts an entry where it belongs.
    fn sort_out(&mut self, entry: DirEntry, listing: &mut Listing) {
        let name = entry.file_name().to_string_lossy().into_owned();
        // Hidden files, our own temporaries among them.
        if name.starts_with('.') {
            return;
        }
        let path = entry.path();
        let kind = entry.file_type().ok();
        let is_link = kind.is_some_and(|kind| kind.is_symlink());
        let is_folder = if is_link { path.is_dir() } else { kind.is_some_and(|kind| kind.is_dir()) };
        if is_folder {
            listing.subfolders.push((name, path, is_link));
        } else if is_picture_name(&path) {
            listing.pictures.push((name, entry));
        } else {
            self.left_out.count(&path);
        }
    }

    /// A subfolder, unless it is read anyway, was read before, or holds what is being read.
    fn subfolder(&mut self, parent: &Folder, path: PathBuf, name: &str, is_link: bool) -> Option<Folder> {
        let dir = if parent.dir.is_empty() { name.to_owned() } else { format!("{}/{name}", parent.dir) };
        if !is_link && !parent.is_linked {
            return Some(Folder { path, dir, is_linked: false });
        }
        let path = fs::canonicalize(path).ok()?;
        let is_read_anyway = path.starts_with(&self.root) || self.root.starts_with(&path);
        (!is_read_anyway && self.seen.insert(path.clone())).then_some(Folder { path, dir, is_linked: true })
    }

    fn give(&mut self, found: Found) -> ControlFlow<()> {
        self.gave = true;
        (self.give)(found)
    }

    fn look(&self) -> ControlFlow<()> {
        if (self.cancelled)() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// Files that are no items, counted.
#[derive(Default)]
struct LeftOut {
    no_pictures: u64,
    other_pictures: u64,
    other_extensions: BTreeSet<String>,
}

impl LeftOut {
    fn count(&mut self, path: &Path) {
        match extension(path).filter(|extension| OTHER_PICTURES.contains(&extension.as_str())) {
            Some(extension) => {
                self.other_pictures += 1;
                self.other_extensions.insert(extension.to_uppercase());
            }
            None => self.no_pictures += 1,
        }
    }

    /// What was left out, if anything was.
    fn report(&self, folder: &Path) -> Vec<Remark> {
        let folder = folder.display().to_string();
        let mut remarks = Vec::new();
        if self.no_pictures > 0 {
            remarks.push(Remark::NotPictures { count: self.no_pictures, folder: folder.clone() });
        }
        if self.other_pictures > 0 {
            let extensions = self.other_extensions.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
            remarks.push(Remark::OtherKinds { count: self.other_pictures, folder, extensions });
        }
        remarks
    }
}

fn extension(path: &Path) -> Option<String> {
    path.extension().and_then(|extension| extension.to_str()).map(str::to_ascii_lowercase)
}

fn trouble(folder: &Path, error: &io::Error) -> JobError {
    let sentence = match error.kind() {
        io::ErrorKind::NotFound => {
            Message::new("folder_missing", "Couldn't open the folder {folder}: there is no such folder.")
        }
        io::ErrorKind::PermissionDenied => {
            Message::new("folder_denied", "Couldn't open the folder {folder}: permission denied.")
        }
        io::ErrorKind::NotADirectory => {
            Message::new("folder_none", "Couldn't open the folder {folder}: it is not a folder.")
        }
        _ => Message::new("folder_unread", "Couldn't open the folder {folder} ({detail}).").with("detail", error),
    };
    JobError::Machine(sentence.with("folder", folder.display()))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::cell::Cell;

    use super::super::folder::*;

    /// Relative paths with their `dir`, and troubles without the root's path.
    fn walk(root: &Path, recursive: bool) -> Vec<String> {
        let mut found = Vec::new();
        let _ = read(root, recursive, &|| false, &mut |thing| {
            found.push(match thing {
                Found::Item(item) => {
                    let path = item.locator.path().unwrap().to_owned();
                    let error = item.error.map_or("", |_| " broken");
                    format!("{}|{}{error}", item.dir, path.file_name().unwrap().to_string_lossy())
                }
                Found::Failed(error) => error.to_string().replace(&*root.to_string_lossy(), "ROOT"),
                Found::Remark(remark) => remark.to_string().replace(&*root.to_string_lossy(), "ROOT"),
            });
            ControlFlow::Continue(())
        });
        found
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
    fn pictures_come_in_natural_order_folder_by_folder() {
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
            "sub 2|c.webp",
            "sub 2/deep|e.tif",
            "sub 10|d.gif",
            "1 file in ROOT is not a picture and was left out.",
            "1 picture in ROOT is of a kind that can't be opened (HEIC).",
        ];
        assert_eq!(walk(dir.path(), true), wanted);
        let flat = walk(dir.path(), false);
        assert_eq!(flat[..2], wanted[..2]);
        assert_eq!(flat.len(), 4);
    }

    #[test]
    fn a_folder_that_is_none_is_a_trouble() {
        let dir = tree(&["a.jpg"]);
        let trouble = walk(&dir.path().join("no"), true);
        assert!(trouble.len() == 1 && trouble[0].contains("no such folder"), "{trouble:?}");
        let trouble = walk(&dir.path().join("a.jpg"), true);
        assert!(trouble.len() == 1 && trouble[0].contains("not a folder"), "{trouble:?}");
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
    fn an_empty_folder_is_not_passed_over_in_silence() {
        let dir = tree(&[".hidden.jpg"]);
        assert_eq!(walk(dir.path(), true), ["There are no pictures in ROOT."]);
    }

    #[test]
    fn a_folder_whose_pictures_all_stand_below_says_so_and_looks_no_further_than_it_must() {
        let hint = "There are no pictures in ROOT itself, but in folders below it: -R (--recursive) goes into them.";
        assert_eq!(walk(tree(&["sub/deep/a.jpg"]).path(), false), [hint]);
        let with_notes = walk(tree(&["notes.txt", "sub/a.jpg"]).path(), false);
        assert_eq!(with_notes, ["1 file in ROOT is not a picture and was left out.", hint]);
        assert_eq!(
            walk(tree(&["sub/notes.txt", ".git/a.jpg", "sub/.b.jpg"]).path(), false),
            ["There are no pictures in ROOT."]
        );
        assert_eq!(walk(tree(&["a.jpg", "sub/b.jpg"]).path(), false), ["|a.jpg"]);
        assert_eq!(walk(tree(&["sub/b.txt"]).path(), true), ["1 file in ROOT is not a picture and was left out."]);
        let many: Vec<String> = (0..LOOKED_AT).map(|n| format!("sub/{n}.txt")).collect();
        let many = tree(&many.iter().map(String::as_str).chain(["sub/deep/a.jpg"]).collect::<Vec<_>>());
        assert_eq!(walk(many.path(), false), ["There are no pictures in ROOT."]);
    }

    #[test]
    fn a_cancelled_walk_stops_at_once() {
        let dir = tree(&["a.jpg", "b.jpg", "c.jpg"]);
        let given = Cell::new(0);
        let flow = read(dir.path(), true, &|| given.get() == 1, &mut |_| {
            given.set(given.get() + 1);
            ControlFlow::Continue(())
        });
        assert_eq!((flow, given.get()), (ControlFlow::Break(()), 1));
    }

    #[test]
    fn pictures_are_known_by_their_extension() {
        for (name, wanted) in
            [("a.JPG", true), ("a.jpeg", true), ("a.txt", false), ("jpg", false), ("a.jpg.part", false)]
        {
            assert_eq!(is_picture_name(Path::new(name)), wanted, "{name}");
        }
    }
}
