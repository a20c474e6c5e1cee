//! What was left out on purpose, of a source or of a picture, told so that nobody wonders.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What was left out, and where. Those of one picture stand in the catalog.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "remark", rename_all = "snake_case")]
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
    /// Links that a list names more than once: each is done once, the others are skipped.
    RepeatedLinks {
        /// How many were skipped.
        count: u64,
        /// The list's name, as shown.
        list: String,
        /// How many links could be compared, where the list has more.
        only_so_many: Option<u64>,
    },
    /// Of a picture with several pages the first was read.
    FirstPage {
        /// How many it has.
        pages: u32,
    },
    /// The same of so many pictures of a job.
    FirstPages {
        /// How many pictures.
        count: u64,
    },
    /// A picture's colours can't be honoured, and count as sRGB.
    TakenForSrgb {
        /// Their name, such as `PQ`.
        colours: String,
    },
    /// The same of so many pictures of a job.
    ManyTakenForSrgb {
        /// How many pictures.
        count: u64,
    },
    /// Most of a picture's floats are above 1.0, which is white.
    AboveWhite,
    /// The same of so many pictures of a job.
    ManyAboveWhite {
        /// How many pictures.
        count: u64,
    },
    /// Bytes of a picture's codes were left over when all of its rows were there.
    LeftOver,
    /// The same of so many pictures of a job.
    ManyLeftOver {
        /// How many pictures.
        count: u64,
    },
    /// What was to be told to a place (a header, a cookie, a user, a token) was told to none.
    UnusedAccess {
        /// Scheme, host and port that it was for.
        place: String,
        /// Another place at the same host that was asked.
        near: Option<String>,
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
            Self::FirstPage { pages } => write!(f, "The first of {pages} pages was read."),
            Self::FirstPages { count: 1 } => {
                f.write_str("Of 1 picture with several pages the first was read; page=N in --save picks another.")
            }
            Self::FirstPages { count } => {
                write!(f, "Of {count} pictures with several pages the first was read; page=N in --save picks another.")
            }
            Self::TakenForSrgb { colours } => {
                write!(f, "Its colours ({colours}) can't be converted; they were taken for sRGB.")
            }
            Self::ManyTakenForSrgb { count: 1 } => {
                f.write_str("The colours of 1 picture (PQ, HLG or video range) were taken for sRGB.")
            }
            Self::ManyTakenForSrgb { count } => {
                write!(f, "The colours of {count} pictures (PQ, HLG or video range) were taken for sRGB.")
            }
            Self::AboveWhite => {
                f.write_str("It came out white: floats are read from 0 to 1, and most of its are above.")
            }
            Self::ManyAboveWhite { count: 1 } => {
                f.write_str("1 picture came out white: floats are read from 0 to 1, and most of its are above.")
            }
            Self::ManyAboveWhite { count } => {
                write!(f, "{count} pictures came out white: floats are read from 0 to 1, and most of theirs are above.")
            }
            Self::LeftOver => {
                f.write_str("It may be damaged: bytes of its codes were left over when all of its rows were there.")
            }
            Self::ManyLeftOver { count: 1 } => {
                f.write_str("1 picture may be damaged: bytes of its codes were left over when all rows were there.")
            }
            Self::ManyLeftOver { count } => {
                write!(
                    f,
                    "{count} pictures may be damaged: bytes of their codes were left over when all rows were there."
                )
            }
            Self::UnusedAccess { place, near: None } => {
                write!(f, "Nothing was asked at {place}, so what was given for it was not used.")
            }
            Self::UnusedAccess { place, near: Some(near) } => write!(
                f,
                "What was given for {place} was not used: the links asked {near}. Give it for that place if it is meant."
            ),
        }
    }
}
