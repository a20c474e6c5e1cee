//! The path planned for a result, and the next candidates if it is taken.

use std::path::{Path, PathBuf};

use super::case_collisions::folded;
use super::name_template::{Template, safe_dir, safe_part};
use crate::model::{FieldValues, Tree};

/// The most bytes in an extension.
const MAX_EXTENSION_BYTES: usize = 16;

/// The path planned for a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedPath {
    folder: PathBuf,
    name: String,
    /// With its dot, or empty.
    extension: String,
}

impl PlannedPath {
    /// Joins `out_dir`, the item's folder (if folders are mirrored and the template has no `{dir}`), the rendered name, and
    /// the extension (without its dot; may be empty).
    pub fn plan(out_dir: &Path, tree: Tree, template: &Template, parts: &FieldValues, extension: &str) -> Self {
        let mut folder = out_dir.to_path_buf();
        if tree == Tree::Keep && !template.has_dir() {
            folder.extend(safe_dir(&parts.dir).split('/').filter(|part| !part.is_empty()));
        }
        let rendered = template.render(parts);
        let (folders, name) = rendered.rsplit_once('/').unwrap_or(("", &rendered));
        folder.extend(folders.split('/').filter(|part| !part.is_empty()));
        Self { folder, name: name.to_owned(), extension: safe_extension(extension) }
    }

    /// The folder it is in.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The path itself.
    pub fn path(&self) -> PathBuf {
        self.candidate(0)
    }

    /// The path as systems compare it that take upper and lower case for the same.
    pub fn folded(&self) -> String {
        folded(&self.path().to_string_lossy())
    }

    /// Which candidate a path is, if it is one; 0 is this one itself.
    pub fn number_of(&self, path: &Path) -> Option<u32> {
        let rest = path.file_name()?.to_str()?.strip_prefix(&self.name)?.strip_suffix(&self.extension)?;
        if path.parent() != Some(&self.folder) {
            return None;
        }
        if rest.is_empty() {
            return Some(0);
        }
        let digits = rest.strip_prefix(" (")?.strip_suffix(')')?;
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        if is_number { digits.parse().ok() } else { None }
    }

    /// Whether a path is this one or one of its candidates.
    pub fn is_candidate(&self, path: &Path) -> bool {
        self.number_of(path).is_some()
    }

    /// An existing result as the path that is planned for one.
    pub fn of_result(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        let extension = path.extension().and_then(|extension| extension.to_str()).map_or(0, |text| text.len() + 1);
        let (name, extension) = name.split_at(name.len() - extension);
        Some(Self { folder: path.parent()?.to_path_buf(), name: name.to_owned(), extension: extension.to_owned() })
    }

    /// What [`PlannedPath::numbered`] with this number was made of, if this is one of its candidates.
    pub fn without_number(&self, n: u64) -> Option<Self> {
        let (name, rest) = self.name.rsplit_once(&format!(" ({n})"))?;
        let numbered = Self { name: format!("{name} ({n})"), ..self.clone() };
        let is_candidate = rest.is_empty() || numbered.number_of(&self.path()).is_some();
        is_candidate.then(|| Self { name: name.to_owned(), ..self.clone() })
    }

    /// A candidate as systems compare it that take upper and lower case for the same.
    pub fn folded_candidate(&self, n: u32) -> String {
        folded(&self.candidate(n).to_string_lossy())
    }

    /// Whether another path differs at most in its extension.
    pub fn has_stem_of(&self, other: &Self) -> bool {
        self.folder == other.folder && self.name == other.name
    }

    /// The path with a number in its name, `name (n).ext`, which has candidates of its own.
    #[must_use]
    pub fn numbered(&self, n: u64) -> Self {
        Self { name: format!("{} ({n})", self.name), ..self.clone() }
    }

    /// The path itself (0), or the `n`th candidate beside it: `name (n).ext`.
    pub fn candidate(&self, n: u32) -> PathBuf {
        let Self { folder, name, extension } = self;
        match n {
            0 => folder.join(format!("{name}{extension}")),
            n => folder.join(format!("{name} ({n}){extension}")),
        }
    }
}

/// An extension with its dot, of letters, digits and a few other characters; or nothing.
fn safe_extension(extension: &str) -> String {
    let bare = safe_part(extension.trim_start_matches('.'));
    let plain: String =
        bare.chars().filter(|c| c.is_ascii_alphanumeric() || "-_+".contains(*c)).take(MAX_EXTENSION_BYTES).collect();
    // `.part` is also the extension of temporaries, but only with our prefix, which no name gets.
    if plain.is_empty() { plain } else { format!(".{plain}") }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::super::planned_path::*;

    fn plan(tree: Tree, template: &str, dir: &str, stem: &str, extension: &str) -> PlannedPath {
        let parts = FieldValues { stem: stem.to_owned(), dir: dir.to_owned(), index: 1, ..Default::default() };
        PlannedPath::plan(Path::new("/out"), tree, &Template::parse(template).unwrap(), &parts, extension)
    }

    #[test]
    fn folders_are_mirrored_or_not() {
        for (tree, template, path) in [
            (Tree::Keep, "{stem}", "/out/a/b/x.jpg"),
            (Tree::Flat, "{stem}", "/out/x.jpg"),
            (Tree::Flat, "{dir}/{stem}", "/out/a/b/x.jpg"),
            (Tree::Keep, "{dir}/{stem}", "/out/a/b/x.jpg"),
            (Tree::Keep, "small/{stem}", "/out/a/b/small/x.jpg"),
        ] {
            assert_eq!(plan(tree, template, "a/b", "x", "jpg").path(), Path::new(path), "{tree:?} {template}");
        }
    }

    #[test]
    fn a_taken_name_gets_a_number_before_its_extension() {
        let path = plan(Tree::Flat, "{stem}", "", "x.y", "jpg");
        assert_eq!(path.candidate(0), Path::new("/out/x.y.jpg"));
        assert_eq!(path.candidate(1), Path::new("/out/x.y (1).jpg"));
        assert_eq!(plan(Tree::Flat, "{stem}", "", "x", "").candidate(12), Path::new("/out/x (12)"));
    }

    #[test]
    fn a_number_that_a_result_got_is_found_again() {
        let without = |path: &str, n| {
            let path = PlannedPath::of_result(Path::new(path)).unwrap().without_number(n)?.path();
            Some(path.to_str().unwrap().to_owned())
        };
        for path in ["/out/x (7).jpg", "/out/x (7) (1).jpg", "/out/x (7) (12).jpg"] {
            assert_eq!(without(path, 7).as_deref(), Some("/out/x.jpg"), "{path}");
        }
        assert_eq!(without("/out/x (7) (7).jpg", 7).as_deref(), Some("/out/x (7).jpg"));
        for path in ["/out/x.jpg", "/out/x (17).jpg", "/out/x (7) y.jpg", "/out/x (7)1.jpg"] {
            assert_eq!(without(path, 7), None, "{path}");
        }
    }

    #[test]
    fn a_name_with_a_number_is_recognised_as_a_candidate() {
        let path = plan(Tree::Flat, "{stem}", "", "x", "jpg");
        for name in ["/out/x.jpg", "/out/x (1).jpg", "/out/x (4711).jpg"] {
            assert!(path.is_candidate(Path::new(name)), "{name}");
        }
        for name in ["/out/x.png", "/out/x (a).jpg", "/out/x ().jpg", "/out/x1.jpg", "/out/y.jpg", "/in/x.jpg", "/"] {
            assert!(!path.is_candidate(Path::new(name)), "{name}");
        }
    }

    #[test]
    fn hostile_folders_and_extensions_stay_below_the_output_folder() {
        assert_eq!(plan(Tree::Keep, "{stem}", "../../etc", "x", "jpg").path(), Path::new("/out/etc/x.jpg"));
        assert_eq!(plan(Tree::Keep, "{stem}", "/abs/./c", "x", "../sh").path(), Path::new("/out/abs/c/x._sh"));
        assert_eq!(plan(Tree::Keep, "{stem}", "", "x", "a/b\0c").path(), Path::new("/out/x.a_b_c"));
    }
}
