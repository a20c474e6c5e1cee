//! Several input folders keep their own names below the output folder, so that files of equal names in them do not meet.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use crate::model::{ItemRow, JobSpec, text_encoding};
use crate::{source, store};

/// The folders that a job reads; empty if there is only one.
pub(crate) struct InputFolders(Vec<InputFolder>);

struct InputFolder {
    /// Without links.
    path: PathBuf,
    /// Its name below the output folder: its own, with a number if an earlier one has the same.
    name: String,
}

impl InputFolders {
    pub(crate) fn of(spec: &JobSpec) -> Self {
        let mut folders: Vec<InputFolder> = Vec::new();
        for root in spec.sources.iter().filter_map(source::folder_root) {
            let path = store::of_path(root).resolve(root).unwrap_or_else(|_| root.to_path_buf());
            if folders.iter().any(|folder| folder.path == path) {
                continue;
            }
            let own = path.file_name().map(text_encoding::of_name).unwrap_or_default();
            let is_taken = |name: &str| folders.iter().any(|folder| folder.name.to_lowercase() == name.to_lowercase());
            let numbered = (1_u32..).map(|n| format!("{own} ({n})"));
            let name = std::iter::once(own.clone()).chain(numbered).find(|name| !is_taken(name)).unwrap_or_default();
            folders.push(InputFolder { path, name });
        }
        if folders.len() < 2 {
            folders.clear();
        }
        Self(folders)
    }

    /// An item's folder below the output folder, with `/` between parts.
    pub(crate) fn dir_of<'a>(&self, row: &'a ItemRow) -> Cow<'a, str> {
        match self.folder_of(row) {
            Some(InputFolder { name, .. }) if row.dir.is_empty() => name.clone().into(),
            Some(InputFolder { name, .. }) => format!("{name}/{}", row.dir).into(),
            None => row.dir.as_str().into(),
        }
    }

    fn folder_of(&self, row: &ItemRow) -> Option<&InputFolder> {
        if self.0.is_empty() {
            return None;
        }
        let parent = row.locator.path()?.parent()?;
        let below = Path::new(&row.dir);
        let root = if parent.ends_with(below) { parent.ancestors().nth(below.components().count()) } else { None };
        let found = self.0.iter().find(|folder| Some(folder.path.as_path()) == root);
        // Below a link that leads out of its folder.
        found.or_else(|| {
            let leads_to = |folder: &&InputFolder| {
                let linked = folder.path.join(below);
                !row.dir.is_empty() && store::of_path(&linked).resolve(&linked).is_ok_and(|path| path == parent)
            };
            self.0.iter().find(leads_to)
        })
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::fs;

    use super::*;
    use crate::model::{ItemId, JobId, Locator, NewItem};

    fn dir_of(folders: &InputFolders, path: &Path, dir: &str) -> String {
        let item = NewItem { dir: dir.to_owned(), ..NewItem::new(Locator::File(path.to_path_buf())) };
        folders.dir_of(&ItemRow::waiting(ItemId { job: JobId(1), seq: 1 }, item)).into_owned()
    }

    fn folders(paths: &[PathBuf]) -> InputFolders {
        let sources = paths.iter().map(|path| source::folder(path, true)).collect();
        InputFolders::of(&JobSpec { sources, ..JobSpec::default() })
    }

    #[test]
    fn several_folders_keep_their_names_and_one_has_none() {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().canonicalize().unwrap();
        for folder in ["2024/Beach/sub", "2025/beach", "town", "elsewhere/far"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        let paths =
            [root.join("2024/Beach"), root.join("2025/beach"), root.join("town/../town"), root.join("2025/beach")];
        let several = folders(&paths);
        for (path, dir, wanted) in [
            ("2024/Beach/a.jpg", "", "Beach"),
            ("2024/Beach/sub/a.jpg", "sub", "Beach/sub"),
            ("2025/beach/a.jpg", "", "beach (1)"),
            ("town/a.jpg", "", "town"),
            ("other/a.jpg", "", ""),
        ] {
            assert_eq!(dir_of(&several, &root.join(path), dir), wanted, "{path}");
        }
        let one = folders(&[root.join("town"), root.join("town")]);
        assert_eq!(dir_of(&one, &root.join("town/sub/a.jpg"), "sub"), "sub");
    }

    #[cfg(unix)]
    #[test]
    fn files_below_a_link_belong_to_the_folder_that_holds_the_link() {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().canonicalize().unwrap();
        for folder in ["a", "b", "elsewhere/far"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        std::os::unix::fs::symlink(root.join("elsewhere"), root.join("b/link")).unwrap();
        let both = folders(&[root.join("a"), root.join("b")]);
        assert_eq!(dir_of(&both, &root.join("elsewhere/far/x.jpg"), "link/far"), "b/link/far");
    }
}
