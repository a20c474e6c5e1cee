//! Names that many systems treat as equal: they differ in case only (`A.jpg`, `a.jpg`), or in how their letters are
//! composed. One would replace the other when both are copied to a USB stick, a Mac or a Windows computer.
//!
//! A name that is in lower case and composed already is *plain*. The file system knows whether a plain name is taken, so
//! only the others are remembered, in 8 bytes each. Nothing here asks the file system.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};

use unicode_normalization::UnicodeNormalization;

/// The most names that are remembered (36 MB). Beyond that, collisions in one output folder go unnoticed.
const NAMES_KEPT: usize = 7 << 19;

/// The names in an output folder and below it that are not plain.
#[derive(Debug)]
pub struct CaseCollisions {
    root: PathBuf,
    keys: RandomState,
    ours: HashSet<u64>,
    others: HashSet<u64>,
}

/// A name that many systems treat as equal to another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Collision {
    /// Only a file of this plain name could collide.
    Plain(PathBuf),
    /// A result of the job itself has such a name.
    Ours,
    /// Another file has such a name.
    Others,
}

impl CaseCollisions {
    /// For an output folder that is empty so far.
    pub fn new(root: &Path) -> Self {
        let (ours, others) = (HashSet::new(), HashSet::new());
        Self { root: root.to_path_buf(), keys: RandomState::new(), ours, others }
    }

    /// Notes that a file has this name. `is_ours` is only called if it matters.
    pub fn note(&mut self, path: &Path, is_ours: impl FnOnce() -> bool) {
        let Some(name) = self.name(path).filter(|name| !is_plain(name)) else { return };
        if self.ours.len() + self.others.len() < NAMES_KEPT {
            let key = self.keys.hash_one(folded(name));
            let names = if is_ours() { &mut self.ours } else { &mut self.others };
            names.insert(key);
        }
    }

    /// The name that collides with one that is not taken itself.
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

    /// The name with its folders; `None` if it is not UTF-8, which can't be compared. Paths below the root start with its
    /// bytes, since they are derived from it.
    fn name<'a>(&self, path: &'a Path) -> Option<&'a str> {
        let below = path.as_os_str().as_encoded_bytes().strip_prefix(self.root.as_os_str().as_encoded_bytes())?;
        let name = str::from_utf8(below).ok()?;
        // The root of a file system ends in a separator already.
        name.strip_prefix(std::path::is_separator).or_else(|| self.root.parent().is_none().then_some(name))
    }
}

fn is_plain(name: &str) -> bool {
    if name.is_ascii() { !name.bytes().any(|byte| byte.is_ascii_uppercase()) } else { folded(name) == name }
}

/// The plain name. It goes through upper case, because some letters have two lower-case forms (σ, ς), and is in lower case
/// before that, because others have two upper-case forms (ẞ and SS of ß).
pub fn folded(name: &str) -> String {
    if name.is_ascii() {
        return name.to_ascii_lowercase();
    }
    name.nfd().collect::<String>().to_lowercase().to_uppercase().to_lowercase().nfc().collect()
}

#[cfg(test)]
mod tests {
    use super::super::case_collisions::*;

    fn with(names: &[(&str, bool)]) -> CaseCollisions {
        let mut collisions = CaseCollisions::new(Path::new("/out"));
        for (name, is_ours) in names {
            collisions.note(&Path::new("/out").join(name), || *is_ours);
        }
        collisions
    }

    #[test]
    fn names_that_differ_in_case_or_composition_collide() {
        for (taken, wanted) in [
            ("A.jpg", "a.jpg"),
            ("a.JPG", "A.jpg"),
            ("Beach/x.jpg", "beach/X.jpg"),
            ("É.jpg", "e\u{301}.jpg"),
            ("e\u{301}.jpg", "é.jpg"),
            ("\u{1112}\u{1161}\u{11ab}.jpg", "한.jpg"),
            ("ΟΔΟΣ.jpg", "οδος.jpg"),
            ("STRAẞE.jpg", "strasse.jpg"),
            ("İ.jpg", "i\u{307}.jpg"),
        ] {
            let path = Path::new("/out").join(wanted);
            assert_eq!(with(&[(taken, false)]).find(&path), Some(Collision::Others), "{taken} {wanted}");
            assert_eq!(with(&[(taken, true), (taken, false)]).find(&path), Some(Collision::Ours), "{taken} {wanted}");
        }
    }

    #[test]
    fn plain_names_need_no_memory() {
        let collisions = with(&[("a.jpg", true), ("한.jpg", false), ("é/ß.jpg", true)]);
        assert_eq!(collisions.ours.len() + collisions.others.len(), 1, "ß is SS in upper case");
        for (wanted, plain) in [("A.jpg", "a.jpg"), ("\u{1112}\u{1161}\u{11ab}.JPG", "한.jpg")] {
            let plain = Collision::Plain(Path::new("/out").join(plain));
            assert_eq!(collisions.find(&Path::new("/out").join(wanted)), Some(plain));
        }
        for other in ["/out/a.jpg", "/out/b.jpg", "/elsewhere/A.jpg", "/outer/A.jpg"] {
            assert_eq!(collisions.find(Path::new(other)), None, "{other}");
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
        let mut collisions = CaseCollisions::new(Path::new("/out"));
        collisions.ours = (0..NAMES_KEPT as u64).collect();
        collisions.note(Path::new("/out/A"), || true);
        assert_eq!((collisions.ours.len(), collisions.others.len()), (NAMES_KEPT, 0));
    }
}
