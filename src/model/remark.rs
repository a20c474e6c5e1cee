//! What was left out on purpose, of a source or of a picture, told so that nobody wonders.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Lang, Message};

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

impl Remark {
    fn message(&self) -> Message {
        match self {
            Self::NoPictures { folder } => Message::new("remark-no_pictures").with("folder", folder),
            Self::OnlyBelow { folder } => Message::new("remark-only_below").with("folder", folder),
            Self::NotPictures { count, folder } => {
                Message::new("remark-not_pictures").count("count", *count).with("folder", folder)
            }
            Self::OtherKinds { count, folder, extensions } => Message::new("remark-other_kinds")
                .count("count", *count)
                .with("folder", folder)
                .with("extensions", extensions),
            Self::RepeatedLinks { count, list, only_so_many } => {
                let message = match only_so_many {
                    None => Message::new("remark-repeated_links"),
                    Some(compared) => Message::new("remark-repeated_links_of").count("compared", *compared),
                };
                message.count("count", *count).with("list", list)
            }
            Self::FirstPage { pages } => Message::new("remark-first_page").count("pages", (*pages).into()),
            Self::FirstPages { count } => Message::new("remark-first_pages").count("count", *count),
            Self::TakenForSrgb { colours } => Message::new("remark-taken_for_srgb").with("colours", colours),
            Self::ManyTakenForSrgb { count } => Message::new("remark-many_taken_for_srgb").count("count", *count),
            Self::AboveWhite => Message::new("remark-above_white"),
            Self::ManyAboveWhite { count } => Message::new("remark-many_above_white").count("count", *count),
            Self::LeftOver => Message::new("remark-left_over"),
            Self::ManyLeftOver { count } => Message::new("remark-many_left_over").count("count", *count),
            Self::UnusedAccess { place, near: None } => Message::new("remark-unused_access").with("place", place),
            Self::UnusedAccess { place, near: Some(near) } => {
                Message::new("remark-unused_access_near").with("place", place).with("near", near)
            }
        }
    }

    /// Its text on a command line.
    pub fn text(&self, lang: Lang) -> String {
        self.message().text(lang)
    }

    /// Its text in a window, which names no option of the command line.
    pub fn window_text(&self, lang: Lang) -> String {
        self.message().window_text(lang)
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(Lang::English))
    }
}
