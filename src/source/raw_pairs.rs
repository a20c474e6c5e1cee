//! Pairs of one photograph: a camera raw file and a JPEG or HEIC file of the same name in one folder. One of the two is left
//! out if that is requested, whichever source names them.
//!
//! Files are held back until the source gives one of another folder, so that the order in which a pair is named doesn't
//! matter. At most [`MAX_HELD`] files are held.

use std::collections::{HashMap, VecDeque};
use std::ffi::OsStr;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::kind::{Found, Give, Reading};
use super::kinds;
use crate::model::{Ignored, IgnoredReason, Locator, NewItem, RawPairs, Remark, SourceSpec, is_raw_extension};

/// Files that are held back at most. A pair of a larger folder is found if fewer files are between the two.
const MAX_HELD: usize = 65_536;
/// Extensions of the images that cameras write beside raw files.
const BESIDE: [&str; 6] = ["jpg", "jpeg", "jpe", "heic", "heif", "hif"];

/// Like [`kinds::read`], without one file of each pair. Those are given as ignored.
pub fn read_paired(source: &SourceSpec, reading: &Reading<'_>, pairs: RawPairs, give: Give<'_>) -> ControlFlow<()> {
    if pairs == RawPairs::Both {
        return kinds::read(source, reading, give);
    }
    let mut held = Held { pairs, most: MAX_HELD, ..Held::default() };
    kinds::read(source, reading, &mut |found| held.take(found, give))?;
    held.release(0, give)?;
    match held.left_out {
        0 => ControlFlow::Continue(()),
        count => give(Found::Remark(Remark::RawPairs { count, kept: pairs })),
    }
}

/// Which file of a pair a file may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Half {
    Raw,
    Beside,
}

/// The files of one folder that were not given yet.
#[derive(Default)]
struct Held {
    pairs: RawPairs,
    /// Files that are held at most.
    most: usize,
    folder: PathBuf,
    items: VecDeque<(NewItem, Option<(String, Half)>)>,
    /// What the folder has for each name with a file that is held.
    names: HashMap<String, Halves>,
    left_out: u64,
}

/// What a folder has for one name.
#[derive(Clone, Copy, Default)]
struct Halves {
    has_raw: bool,
    has_beside: bool,
    /// Files that are held.
    held: usize,
}

impl Held {
    fn take(&mut self, found: Found, give: Give<'_>) -> ControlFlow<()> {
        let item = match found {
            Found::Item(item) => item,
            // Everything before it has been given.
            Found::Position(_) | Found::Lost(_) => {
                self.release(0, give)?;
                return give(found);
            }
            other => return give(other),
        };
        // Rows of a list are items, whatever they name.
        let path = item.locator.path().filter(|_| item.columns.is_empty() && item.error.is_none());
        let Some(path) = path else {
            self.release(0, give)?;
            return give(Found::Item(item));
        };
        let folder = path.parent().unwrap_or(Path::new(""));
        if folder != self.folder {
            self.folder = folder.to_path_buf();
            let half = half_of(path);
            self.release(0, give)?;
            self.hold(item, half);
            return ControlFlow::Continue(());
        }
        let half = half_of(path);
        self.hold(item, half);
        self.release(self.most, give)
    }

    fn hold(&mut self, item: NewItem, half: Option<(String, Half)>) {
        if let Some((name, half)) = &half {
            let halves = self.names.entry(name.clone()).or_default();
            halves.has_raw |= *half == Half::Raw;
            halves.has_beside |= *half == Half::Beside;
            halves.held += 1;
        }
        self.items.push_back((item, half));
    }

    /// Gives the first files, until only `most` are held.
    fn release(&mut self, most: usize, give: Give<'_>) -> ControlFlow<()> {
        while self.items.len() > most {
            let Some((item, half)) = self.items.pop_front() else { break };
            let is_left_out = half.is_some_and(|(name, half)| self.is_left_out(&name, half));
            match item.locator {
                Locator::File(path) if is_left_out => {
                    self.left_out += 1;
                    give(Found::Ignored(Ignored { path, reason: IgnoredReason::RawPair }))?;
                }
                _ => give(Found::Item(item))?,
            }
        }
        ControlFlow::Continue(())
    }

    /// Whether a file that is released is the unwanted one of a pair.
    fn is_left_out(&mut self, name: &str, half: Half) -> bool {
        let Some(halves) = self.names.get_mut(name) else { return false };
        let found = *halves;
        halves.held -= 1;
        if halves.held == 0 {
            self.names.remove(name);
        }
        match self.pairs {
            RawPairs::Both => false,
            RawPairs::Raw => half == Half::Beside && found.has_raw,
            RawPairs::Jpeg => half == Half::Raw && found.has_beside,
        }
    }
}

/// A file's name without its extension, in lower case, and which one of a pair it may be.
fn half_of(path: &Path) -> Option<(String, Half)> {
    let extension = path.extension().and_then(OsStr::to_str)?;
    let half = if is_raw_extension(extension) {
        Half::Raw
    } else if BESIDE.iter().any(|own| own.eq_ignore_ascii_case(extension)) {
        Half::Beside
    } else {
        return None;
    };
    Some((path.file_stem()?.to_string_lossy().to_lowercase(), half))
}

#[cfg(test)]
mod tests {
    use super::super::raw_pairs::*;

    /// What is given for these paths, in order: `-` before what is left out.
    fn given(pairs: RawPairs, most: usize, paths: &[&str]) -> Vec<String> {
        let mut all = Vec::new();
        let mut held = Held { pairs, most, ..Held::default() };
        let mut give = |found| {
            all.push(match found {
                Found::Item(item) => item.locator.path().map(|path| path.display().to_string()).unwrap_or_default(),
                Found::Ignored(ignored) => format!("-{}", ignored.path.display()),
                other => panic!("{other:?}"),
            });
            ControlFlow::Continue(())
        };
        for path in paths {
            assert!(held.take(Found::Item(NewItem::new(Locator::File(path.into()))), &mut give).is_continue());
        }
        assert!(held.release(0, &mut give).is_continue());
        all
    }

    #[test]
    fn one_file_of_each_pair_is_left_out_in_any_order_and_case() {
        let paths = [
            "/a/1.CR2",
            "/a/1.jpg",
            "/a/2.JPG",
            "/a/2.Dng",
            "/a/3.heic",
            "/a/3.arw",
            "/a/4.jpg",
            "/a/5.nef",
            "/a/6.png",
        ];
        let raw = [
            "/a/1.CR2",
            "-/a/1.jpg",
            "-/a/2.JPG",
            "/a/2.Dng",
            "-/a/3.heic",
            "/a/3.arw",
            "/a/4.jpg",
            "/a/5.nef",
            "/a/6.png",
        ];
        let jpeg = [
            "-/a/1.CR2",
            "/a/1.jpg",
            "/a/2.JPG",
            "-/a/2.Dng",
            "/a/3.heic",
            "-/a/3.arw",
            "/a/4.jpg",
            "/a/5.nef",
            "/a/6.png",
        ];
        assert_eq!(given(RawPairs::Raw, 100, &paths), raw);
        assert_eq!(given(RawPairs::Jpeg, 100, &paths), jpeg);
        assert_eq!(given(RawPairs::Both, 100, &paths), paths);
    }

    #[test]
    fn files_of_other_folders_are_no_pair() {
        let paths = ["/a/1.cr2", "/b/1.jpg", "/b/c/1.cr2", "/b/IMG_1.jpg", "/b/img_1.RAF"];
        assert_eq!(
            given(RawPairs::Jpeg, 100, &paths),
            ["/a/1.cr2", "/b/1.jpg", "/b/c/1.cr2", "/b/IMG_1.jpg", "-/b/img_1.RAF"]
        );
    }

    #[test]
    fn only_so_many_files_are_held_and_neighbours_are_still_compared() {
        let paths = ["/a/1.cr2", "/a/2.cr2", "/a/2.jpg", "/a/3.jpg", "/a/3.cr2", "/a/1.jpg"];
        let expected = ["/a/1.cr2", "-/a/2.cr2", "/a/2.jpg", "/a/3.jpg", "-/a/3.cr2", "/a/1.jpg"];
        assert_eq!(given(RawPairs::Jpeg, 2, &paths), expected);
    }

    #[test]
    fn a_missing_file_is_no_half_of_a_pair() {
        let mut seen = Vec::new();
        let mut held = Held { pairs: RawPairs::Raw, most: 9, ..Held::default() };
        let mut give = |found| {
            seen.push(matches!(found, Found::Item(_)));
            ControlFlow::Continue(())
        };
        let raw = NewItem::new(Locator::File("/a/1.cr2".into()));
        let error = Some(crate::error::ItemError::nameless(crate::error::ErrorKind::NotFound));
        let _ = held.take(Found::Item(NewItem { error, ..raw }), &mut give);
        let _ = held.take(Found::Item(NewItem::new(Locator::File("/a/1.jpg".into()))), &mut give);
        let _ = held.release(0, &mut give);
        assert_eq!(seen, [true, true]);
    }
}
