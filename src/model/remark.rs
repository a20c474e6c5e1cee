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
    /// A folder whose subfolders were not asked for holds no picture, but they do.
    OnlyBelow {
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
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPictures { folder } => write!(f, "There are no pictures in {folder}."),
            Self::OnlyBelow { folder } => write!(
                f,
                "There are no pictures in {folder} itself, but in folders below it: -R (--recursive) goes into them."
            ),
            Self::NotPictures { count: 1, folder } => {
                write!(f, "1 file in {folder} is not a picture and was left out.")
            }
            Self::NotPictures { count, folder } => {
                write!(f, "{count} files in {folder} are not pictures and were left out.")
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
