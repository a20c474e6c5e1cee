//! Lists of local paths, one on each line or separated by NUL (`find -print0`): in a file or on standard input.

use std::ffi::OsStr;
use std::io::{self, BufRead, BufReader, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::files::{self, FolderPaths, entry_path, named};
use super::kind::{Found, Give, MayGive, Reading, Repeat, SourceArguments, SourceKind};
use super::stdin::Live;
use crate::config::HEAD_BYTES;
use crate::error::{ErrorKind, ItemError, JobError};
use crate::model::{Locator, Message, NewItem, SourceSpec, locator};
use crate::store::{self, EntryKind};

/// Bytes that are read at once. The first ones say how paths are separated.
const BUFFER_BYTES: usize = 64 << 10;
/// Longest path in bytes.
const MAX_PATH_BYTES: u64 = 64 << 10;
/// The option that holds the folder to which relative paths are relative.
const FOLDER: &str = "folder";

pub(super) static IN_FILE: SourceKind = SourceKind {
    arguments_of: |source| {
        Some(SourceArguments { folder: folder(source), ..SourceArguments::of_option("--files", source) })
    },
    results_beside: files::folder_of_first_path,
    may_give,
    own_file: |source| source.first_path().map(Path::to_path_buf),
    can_break_off: true,
    ..SourceKind::new("path_list", read_file)
};

pub(super) static ON_STDIN: SourceKind = SourceKind {
    arguments_of: |source| {
        let options = vec![("--files", "-".into())];
        Some(SourceArguments { options, folder: folder(source), ..SourceArguments::default() })
    },
    repeat: Repeat::Nothing,
    results_beside: |source| folder(source).map(|folder| folder.join("files")),
    may_give: |_, _| MayGive::Unknown,
    label: |_| "-".to_owned(),
    ..SourceKind::new("stdin_paths", |source, reading, give| {
        let stdin = BufReader::with_capacity(BUFFER_BYTES, Live::stdin(reading.cancelled));
        read(stdin, "standard input", source, reading, give)
    })
};

/// The list of paths that a value of `--files` names: a file, or `-` for standard input.
pub fn path_list(argument: &OsStr) -> Result<SourceSpec, Message> {
    let here = Locator::File(std::env::current_dir().unwrap_or_default()).to_text();
    if argument == "-" {
        return Ok(SourceSpec::new(ON_STDIN.id, Vec::new()).with(FOLDER, here));
    }
    let path = Path::new(argument);
    if argument.is_empty() {
        return Err("list_unnamed".into());
    }
    match store::kind_at(path) {
        Some(EntryKind::Folder) => Err(Message::new("list_folder").with("list", path.display())),
        Some(EntryKind::File) if is_binary(&store::read_head(&Locator::File(path.to_path_buf()), HEAD_BYTES)) => {
            Err(Message::new("list_not_paths").with("list", path.display()))
        }
        None => Err(Message::new("list_none").with("list", path.display())),
        Some(EntryKind::File | EntryKind::Other) => {
            let list = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
            Ok(SourceSpec::new(IN_FILE.id, vec![Locator::File(list)]).with(FOLDER, here))
        }
    }
}

/// The folder to which relative paths are relative.
fn folder(source: &SourceSpec) -> Option<PathBuf> {
    Locator::parse(source.option(FOLDER)?).path().map(Path::to_path_buf)
}

fn read_file(source: &SourceSpec, reading: &Reading<'_>, give: Give<'_>) -> ControlFlow<()> {
    let Some(path) = source.first_path() else { return ControlFlow::Continue(()) };
    let name = path.display().to_string();
    if store::kind_at(path) == Some(EntryKind::Other) {
        return match store::open_pipe(path) {
            Ok(pipe) => {
                let list = BufReader::with_capacity(BUFFER_BYTES, Live::new(pipe, reading.cancelled));
                read(list, &name, source, reading, give)
            }
            Err(error) => give(Found::Failed(unreadable(&name, &error))),
        };
    }
    match store::of_path(path).open(&Locator::File(path.to_path_buf())) {
        Ok(file) => read(BufReader::with_capacity(BUFFER_BYTES, file), &name, source, reading, give),
        Err(error) => give(Found::Failed(unreadable(&name, &error))),
    }
}

/// Whether the first bytes of a list are those of something else: a compressed file, an image, UTF-16.
fn is_binary(first: &[u8]) -> bool {
    const MAGIC: [&[u8]; 6] = [b"\x1f\x8b", b"PK\x03\x04", b"\xff\xfe", b"\xfe\xff", b"GIF8", b"\x89PNG"];
    let is_control = |byte: &u8| *byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r');
    let has_no_paths = if first.contains(&0) {
        // Paths between NULs are never empty.
        first.windows(2).any(|pair| pair == [0, 0])
    } else {
        first.iter().any(is_control)
    };
    has_no_paths || MAGIC.iter().any(|magic| first.starts_with(magic))
}

fn unreadable(list: &str, error: &io::Error) -> JobError {
    JobError::Machine(Message::new("list_unread").with("list", list).with_message("detail", error))
}

fn read(
    mut list: impl BufRead,
    name: &str,
    source: &SourceSpec,
    reading: &Reading<'_>,
    give: Give<'_>,
) -> ControlFlow<()> {
    if list.fill_buf().is_ok_and(is_binary) {
        return give(Found::Failed(JobError::Machine(Message::new("list_not_paths").with("list", name))));
    }
    let (base, mut folders) = (folder(source).unwrap_or_default(), FolderPaths::default());
    let mut taken = 0;
    for_each_path(list, |path| {
        let path = match path {
            Ok(path) => path,
            Err(error) => return give(Found::Failed(unreadable(name, &error))),
        };
        if (reading.cancelled)() {
            return ControlFlow::Break(());
        }
        taken += 1;
        if taken <= reading.first_item {
            return ControlFlow::Continue(());
        }
        give(Found::Item(listed(&base, &path, &mut folders)))
    })
}

/// The file of a line; an error that says so if the line has something else.
fn listed(base: &Path, path: &Path, folders: &mut FolderPaths) -> NewItem {
    let mut item = named(&base.join(path), folders);
    let link = path.to_str().filter(|line| Locator::is_url(line) || line.starts_with("file://"));
    let is_folder = || item.locator.path().and_then(store::kind_at) == Some(EntryKind::Folder);
    let advice = match item.error {
        Some(_) if link.is_some() => Some("listed_link"),
        Some(_) if is_folder() => Some("listed_folder"),
        _ => None,
    };
    if let Some(advice) = advice {
        let name = link.map_or_else(|| item.locator.to_string(), locator::shown_url);
        item.error = Some(ItemError::new(ErrorKind::NotAPicture, name).saying(&advice.into()));
    }
    item
}

/// Whether the list names this file. Only asked while the list has not been read to its end.
fn may_give(source: &SourceSpec, wanted: &Path) -> MayGive {
    let Some(path) = source.first_path() else { return MayGive::No };
    // A pipe can be read only once.
    if store::kind_at(path) != Some(EntryKind::File) {
        return MayGive::Unknown;
    }
    let Ok(file) = store::of_path(path).open(&Locator::File(path.to_path_buf())) else { return MayGive::Unknown };
    let (base, mut folders) = (folder(source).unwrap_or_default(), FolderPaths::default());
    let wanted = entry_path(wanted);
    let is_wanted = |path: io::Result<PathBuf>| match path {
        Ok(path) if folders.entry_path(&base.join(&path)) == wanted => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    for_each_path(BufReader::with_capacity(BUFFER_BYTES, file), is_wanted).is_break().into()
}

/// Passes on every path of a list. The separator is NUL if the first bytes contain one, else the end of a line.
fn for_each_path(
    mut list: impl BufRead,
    mut take: impl FnMut(io::Result<PathBuf>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
    let separator = match list.fill_buf() {
        Ok(first) if first.contains(&0) => 0,
        Ok(_) => b'\n',
        Err(error) => return take(Err(error)),
    };
    let (mut record, mut is_first) = (Vec::new(), true);
    loop {
        record.clear();
        match (&mut list).take(MAX_PATH_BYTES).read_until(separator, &mut record) {
            Ok(0) => return ControlFlow::Continue(()),
            Ok(_) if record.len() as u64 == MAX_PATH_BYTES && record.last() != Some(&separator) => {
                return take(Err(io::Error::from(io::ErrorKind::InvalidFilename)));
            }
            Ok(_) => {}
            Err(error) => return take(Err(error)),
        }
        let mut path = record.strip_suffix(&[separator]).unwrap_or(&record);
        if separator == b'\n' {
            path = path.strip_suffix(b"\r").unwrap_or(path);
            if is_first {
                path = path.strip_prefix(BYTE_ORDER_MARK).unwrap_or(path);
            }
        }
        is_first = false;
        if !path.trim_ascii().is_empty() {
            take(Ok(path_of(path)))?;
        }
    }
}

#[cfg(unix)]
fn path_of(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    OsStr::from_bytes(bytes).into()
}

#[cfg(not(unix))]
fn path_of(bytes: &[u8]) -> PathBuf {
    String::from_utf8_lossy(bytes).into_owned().into()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn paths(list: &[u8]) -> Vec<String> {
        let mut found = Vec::new();
        let _ = for_each_path(BufReader::new(list), |path| {
            found.push(path.map_or_else(|error| error.to_string(), |path| path.display().to_string()));
            ControlFlow::Continue(())
        });
        found
    }

    #[test]
    fn what_is_no_list_of_paths_is_recognised_by_its_first_bytes() {
        let jpeg = b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0\xff\xdb";
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
        for other in [&jpeg[..], png, b"\x1f\x8b\x08", b"GIF89a", b"\xff\xfea\0.\0", b"x\x01y\n"] {
            assert!(is_binary(other), "{other:?}");
        }
        for list in [&b"a.jpg\nb.jpg\n"[..], b"a b.jpg\r\n", b"two\nlines.jpg\0b.jpg\0", b"b\xe4d.jpg\n", b""] {
            assert!(!is_binary(list), "{list:?}");
        }
    }

    #[test]
    fn paths_are_separated_by_lines_or_by_nul() {
        assert_eq!(paths(b"a.jpg\n\n b c.jpg \nd.jpg"), ["a.jpg", " b c.jpg ", "d.jpg"]);
        assert_eq!(paths(b"\xef\xbb\xbfa.jpg\r\nb.jpg\r\n"), ["a.jpg", "b.jpg"]);
        assert_eq!(paths(b"two\nlines.jpg\0b.jpg\0"), ["two\nlines.jpg", "b.jpg"]);
        assert_eq!(paths(b"#1.jpg\n"), ["#1.jpg"], "a name may begin with anything");
        assert!(paths(b"").is_empty() && paths(b"\n  \n\t\r\n").is_empty());
        let long = vec![b'x'; 100_000];
        assert_eq!(paths(&long).len(), 1);
    }

    #[test]
    fn a_list_is_read_from_its_cursor_relative_to_its_folder_and_knows_its_inputs() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        for name in ["a.jpg", "b.jpg", "c.jpg"] {
            std::fs::write(root.join(name), name).unwrap();
        }
        let list = root.join("list.txt");
        std::fs::write(&list, format!("a.jpg\n./b.jpg\n{}\nnone.jpg\n", root.join("c.jpg").display())).unwrap();
        let source =
            SourceSpec::new(IN_FILE.id, vec![Locator::File(list)]).with(FOLDER, Locator::File(root.clone()).to_text());
        let mut found = Vec::new();
        let reading = Reading { first_item: 1, ..Reading::default() };
        let _ = read_file(&source, &reading, &mut |thing| {
            let Found::Item(item) = thing else { panic!("{thing:?}") };
            found.push((item.locator.to_text(), item.size_bytes, item.error.is_some()));
            ControlFlow::Continue(())
        });
        let text = |name: &str| Locator::File(root.join(name)).to_text();
        assert_eq!(
            found,
            [(text("b.jpg"), Some(5), false), (text("c.jpg"), Some(5), false), (text("none.jpg"), None, true)]
        );
        let gives = |name| may_give(&source, &root.join(name));
        assert_eq!((gives("b.jpg"), gives("d.jpg")), (MayGive::Yes, MayGive::No));
        assert_eq!((IN_FILE.results_beside)(&source), Some(root));
    }
}
