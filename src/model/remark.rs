//! What a source left out on purpose, told so that nobody wonders.

use std::fmt;

/// What was left out, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remark {
    /// A folder holds no picture at all.
    NoPictures {
        /// Its path, as shown.
        folder: String,
    },
    /// Files of a folder that are no pictures.
    NotPictures {
        /// How many.
        count: u64,
        /// The folder's path, as shown.
        folder: String,
    },
    /// Pictures of kinds that can't be opened.
    OtherKinds {
        /// How many.
        count: u64,
        /// The folder's path, as shown.
        folder: String,
        /// Their extensions, such as `CR2, HEIC`.
        extensions: String,
    },
    /// Links that a list names more than once: each is done once, the others are skipped.
    RepeatedLinks {
        /// How many were skipped.
        count: u64,
        /// The list's name, as shown.
        list: String,
        /// How many links could be compared, where the list has more.
        only_so_many: Option<u64>,
    },
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPictures { folder } => write!(f, "There are no pictures in {folder}."),
            Self::NotPictures { count: 1, folder } => {
                write!(f, "1 file in {folder} is not a picture and was left out.")
            }
            Self::NotPictures { count, folder } => {
                write!(f, "{count} files in {folder} are not pictures and were left out.")
            }
            Self::RepeatedLinks { count, list, only_so_many } => {
                match count {
                    1 => write!(f, "1 line of {list} repeats a link and was skipped.")?,
                    _ => write!(f, "{count} lines of {list} repeat links and were skipped.")?,
                }
                match only_so_many {
                    Some(most) => write!(f, " Only its first {most} links were compared."),
                    None => Ok(()),
                }
            }
            Self::OtherKinds { count: 1, folder, extensions } => {
                write!(f, "1 picture in {folder} is of a kind that can't be opened ({extensions}).")
            }
            Self::OtherKinds { count, folder, extensions } => {
                write!(f, "{count} pictures in {folder} are of kinds that can't be opened ({extensions}).")
            }
        }
    }
}
