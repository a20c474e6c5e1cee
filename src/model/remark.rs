//! Remarks: what was left out or assumed, so that it surprises nobody.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Lang, Message};

/// A remark about a source or an image. Those about one image are recorded in the catalog.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "remark", rename_all = "snake_case")]
pub enum Remark {
    /// A folder contains no images.
    NoPictures {
        /// Its path, as shown.
        folder: String,
    },
    /// A folder contains no images, but its subfolders, which were not requested, do.
    OnlyBelow {
        /// Its path, as shown.
        folder: String,
    },
    /// Files in a folder that are not images.
    NotPictures {
        /// Their number.
        count: u64,
        /// The folder's path, as shown.
        folder: String,
    },
    /// A list contains no links.
    NoLinks {
        /// Its name, as shown; `-` is standard input.
        list: String,
    },
    /// A list contains no paths.
    NoFiles {
        /// Its name, as shown; `-` is standard input.
        list: String,
    },
    /// Hidden files and folders in a folder.
    HiddenFiles {
        /// Their number.
        count: u64,
        /// The folder's path, as shown.
        folder: String,
    },
    /// Results of earlier jobs among the files of a folder.
    OwnResults {
        /// Their number.
        count: u64,
        /// The folder's path, as shown.
        folder: String,
    },
    /// A folder with results of this job or an earlier one.
    ResultsFolder {
        /// Its path, as shown.
        folder: String,
    },
    /// A list is not UTF-8; its encoding was detected.
    ListEncoding {
        /// The list's name, as shown.
        list: String,
        /// The encoding, such as `EUC-KR`.
        encoding: String,
    },
    /// Links that a list contains more than once; only the first of each is processed.
    RepeatedLinks {
        /// Number of skipped links.
        count: u64,
        /// The list's name, as shown.
        list: String,
        /// How many links could be compared, if the list has more.
        only_so_many: Option<u64>,
    },
    /// All results of a job that was resumed have their recorded hashes.
    ResultsIntact {
        /// Number of results.
        count: u64,
    },
    /// Results of a job that was resumed are missing or damaged, and are made again.
    ResultsDamaged {
        /// Number of results.
        count: u64,
    },
    /// The catalog can't be written, so links from standard input are kept until it can.
    NotStoredYet,
    /// Only the first page of a multi-page image was used.
    FirstPage {
        /// Number of pages.
        pages: u32,
    },
    /// The same for several images of a job.
    FirstPages {
        /// Number of images.
        count: u64,
    },
    /// An image's colour space is not supported; it is treated as sRGB.
    TakenForSrgb {
        /// The colour space, such as `PQ`.
        colours: String,
    },
    /// The same for several images of a job.
    ManyTakenForSrgb {
        /// Number of images.
        count: u64,
    },
    /// Most of an image's float values are above 1.0, which is white.
    AboveWhite,
    /// The same for several images of a job.
    ManyAboveWhite {
        /// Number of images.
        count: u64,
    },
    /// Compressed data remains after the last row of an image.
    LeftOver,
    /// The same for several images of a job.
    ManyLeftOver {
        /// Number of images.
        count: u64,
    },
    /// Credentials for a host were never sent.
    UnusedAccess {
        /// Scheme, host and port that they are for.
        place: String,
        /// Another origin on the same host that was contacted.
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
            Self::NoLinks { list } if list == "-" => Message::new("remark-no_links_on_stdin"),
            Self::NoLinks { list } => Message::new("remark-no_links").with("list", list),
            Self::NoFiles { list } if list == "-" => Message::new("remark-no_files_on_stdin"),
            Self::NoFiles { list } => Message::new("remark-no_files").with("list", list),
            Self::HiddenFiles { count, folder } => {
                Message::new("remark-hidden_files").count("count", *count).with("folder", folder)
            }
            Self::OwnResults { count, folder } => {
                Message::new("remark-own_results").count("count", *count).with("folder", folder)
            }
            Self::ResultsFolder { folder } => Message::new("remark-results_folder").with("folder", folder),
            Self::ListEncoding { list, encoding } => {
                Message::new("remark-list_encoding").with("list", list).with("encoding", encoding)
            }
            Self::RepeatedLinks { count, list, only_so_many } => {
                let message = match only_so_many {
                    None => Message::new("remark-repeated_links"),
                    Some(compared) => Message::new("remark-repeated_links_of").count("compared", *compared),
                };
                message.count("count", *count).with("list", list)
            }
            Self::ResultsIntact { count } => Message::new("remark-results_intact").count("count", *count),
            Self::ResultsDamaged { count } => Message::new("remark-results_damaged").count("count", *count),
            Self::NotStoredYet => Message::new("remark-not_stored_yet"),
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

    /// Its text for a window, without options of the command line.
    pub fn window_text(&self, lang: Lang) -> String {
        self.message().window_text(lang)
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(Lang::English))
    }
}
