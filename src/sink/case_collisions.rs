//! Names that many systems take for the same: they differ in case only (`A.jpg`, `a.jpg`), or in how their letters are
//! composed. Side by side here, one would replace the other on a USB stick, a Mac or a Windows computer.
//!
//! A name that is in lower case and composed already is *plain*. Whether a plain name stands is for the file system to
//! say, so that only the others are remembered, by 8 bytes each. Asks no file system itself.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};

use unicode_normalization::UnicodeNormalization;

/// Names that are remembered at most (36 MB): of more in one folder and below it, the later ones go unnoticed.
const NAMES_KEPT: usize = 7 << 19;

/// The names in an output folder and below it that are not plain.
#[derive(Debug)]
pub struct CaseCollisions {
    root: PathBuf,
    keys: RandomState,
    ours: HashSet<u64>,
    others: HashSet<u64>,
}

/// What is known of a name's twin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Collision {
    /// Only a file of this plain name could be one.
    Plain(PathBuf),
    /// The job itself has made one.
    Ours,
    /// There is one.
    Others,
}

impl CaseCollisions {
    /// Of an output folder, in which nothing stands so far.
    pub fn new(root: &Path) -> Self {
        let (ours, others) = (HashSet::new(), HashSet::new());
        Self { root: root.to_path_buf(), keys: RandomState::new(), ours, others }
    }

    /// A file has that name now; whether the job has made it is asked where it matters.
    pub fn note(&mut self, path: &Path, is_ours: impl FnOnce() -> bool) {
        let Some(name) = self.name(path).filter(|name| !is_plain(name)) else { return };
        if self.ours.len() + self.others.len() < NAMES_KEPT {
            let key = self.keys.hash_one(folded(name));
            let names = if is_ours() { &mut self.ours } else { &mut self.others };
            names.insert(key);
        }
    }

    /// The twin of a name that is not taken itself.
    pub fn find(&self, path: &Path) -> Option<Collision> {
        let name = self.name(path)?;
        let is_plain = is_plain(name);
        if is_plain && self.ours.is_empty() && self.others.is_empty() {
            return None;
        }
        let folded = folded(name);
        let key = self.keys.hash_one(&folded);
        match (self.ours.contains(&key), self.others.contains(&key), is_plain) {
            (true, _, _) => Some(Collision::Ours),
            (false, true, _) => Some(Collision::Others),
            (false, false, false) => Some(Collision::Plain(self.root.join(folded))),
            (false, false, true) => None,
        }
    }

    /// The name with its folders. One that is no text can't be compared. Paths below the root begin with its very bytes:
    /// they are made of it.
    fn name<'a>(&self, path: &'a Path) -> Option<&'a str> {
        let below = path.as_os_str().as_encoded_bytes().strip_prefix(self.root.as_os_str().as_encoded_bytes())?;
        let name = str::from_utf8(below).ok()?;
        // The root of a file system has its separator already.
        name.strip_prefix(std::path::is_separator).or_else(|| self.root.parent().is_none().then_some(name))
    }
}

fn is_plain(name: &str) -> bool {
    if name.is_ascii() { !name.bytes().any(|byte| byte.is_ascii_uppercase()) } else { folded(name) == name }
}

/// The plain name. Upper case comes first, as some letters have two lower ones (σ, ς).
fn folded(name: &str) -> String {
    if name.is_ascii() {
        return name.to_ascii_lowercase();
    }
    name.nfd().collect::<String>().to_uppercase().to_lowercase().nfc().collect()
}

#[cfg(test)]
mod tests {
    use super::super::case_collisions::*;

    fn with(names: &[(&str, bool)]) -> CaseCollisions {
        let mut twins = CaseCollisions::new(Path::new("/out"));
        for (name, is_ours) in names {
            twins.note(&Path::new("/out").join(name), || *is_ours);
        }
        twins
    }

    #[test]
    fn names_that_differ_in_case_or_composition_are_twins() {
        for (stands, wished) in [
            ("A.jpg", "a.jpg"),
            ("a.JPG", "A.jpg"),
            ("Beach/x.jpg", "beach/X.jpg"),
            ("É.jpg", "e\u{301}.jpg"),
            ("e\u{301}.jpg", "é.jpg"),
            ("\u{1112}\u{1161}\u{11ab}.jpg", "한.jpg"),
            ("ΟΔΟΣ.jpg", "οδος.jpg"),
            ("İ.jpg", "i\u{307}.jpg"),
        ] {
            let path = Path::new("/out").join(wished);
            assert_eq!(with(&[(stands, false)]).find(&path), Some(Collision::Others), "{stands} {wished}");
            assert_eq!(
                with(&[(stands, true), (stands, false)]).find(&path),
                Some(Collision::Ours),
                "{stands} {wished}"
            );
        }
    }

    #[test]
    fn a_plain_name_is_asked_for_and_never_remembered() {
        let twins = with(&[("a.jpg", true), ("한.jpg", false), ("é/ß.jpg", true)]);
        assert_eq!(twins.ours.len() + twins.others.len(), 1, "ß is SS in upper case");
        for (wished, plain) in [("A.jpg", "a.jpg"), ("\u{1112}\u{1161}\u{11ab}.JPG", "한.jpg")] {
            let plain = Collision::Plain(Path::new("/out").join(plain));
            assert_eq!(twins.find(&Path::new("/out").join(wished)), Some(plain));
        }
        for other in ["/out/a.jpg", "/out/b.jpg", "/elsewhere/A.jpg", "/outer/A.jpg"] {
            assert_eq!(twins.find(Path::new(other)), None, "{other}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_plain_name_stays_as_it_is(name in "\\PC{0,12}") {
            let once = folded(&name);
            proptest::prop_assert_eq!(&folded(&once), &once);
            proptest::prop_assert!(is_plain(&once));
        }
    }

    #[test]
    fn memory_is_bounded() {
        let mut twins = CaseCollisions::new(Path::new("/out"));
        twins.ours = (0..NAMES_KEPT as u64).collect();
        twins.note(Path::new("/out/A"), || true);
        assert_eq!((twins.ours.len(), twins.others.len()), (NAMES_KEPT, 0));
    }
}
