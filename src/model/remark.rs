//! Remarks: what was left out or assumed, so that it surprises nobody.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Lang, Message, RawPairs, human};

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
    /// A watched folder is not there.
    WatchedFolderGone {
        /// Its path, as shown.
        folder: String,
    },
    /// A watched folder is there again.
    WatchedFolderBack {
        /// Its path, as shown.
        folder: String,
    },
    /// A watched folder is looked through at intervals, because changes in it are not reported.
    WatchedFolderPolled {
        /// Its path, as shown.
        folder: String,
        /// The interval, as shown.
        interval: String,
    },
    /// A list contains no links.
    NoLinks {
        /// Its name, as shown; `-` is standard input.
        list: String,
    },
    /// Rows of a query without a link or path.
    EmptyRows {
        /// Their number.
        count: u64,
        /// The database, as shown.
        list: String,
    },
    /// Rows of a query that earlier jobs have processed.
    KnownRows {
        /// Their number.
        count: u64,
        /// The database, as shown.
        list: String,
    },
    /// The connection to a database was lost while a query was read.
    DatabaseLost {
        /// What happened.
        detail: String,
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
    /// Of pairs of a camera raw file and another one, only one file each is an item.
    RawPairs {
        /// Number of files that were left out.
        count: u64,
        /// Which files are items.
        kept: RawPairs,
    },
    /// The data of an image is damaged; what could be decoded was saved.
    Damaged,
    /// A camera raw file was developed, although its preview was requested.
    Developed {
        /// Width and height of its largest preview, which is too small; `None` if there is no usable one.
        preview_px: Option<(u32, u32)>,
    },
    /// A JPEG file was cut at other places than requested, because only whole blocks can be moved without loss.
    CutBetweenBlocks {
        /// The part that was kept: left edge in the turned image, in px.
        x: u32,
        /// Its top edge.
        y: u32,
        /// Its width and height.
        size_px: (u32, u32),
        /// The requested width and height.
        asked_px: (u32, u32),
    },
    /// A JPEG file was decoded and encoded again, although `lossless_jpeg` was requested.
    NotLossless {
        /// Why.
        why: LossReason,
    },
    /// Even the highest quality does not have the requested score.
    TargetMissed {
        /// The score.
        target: u8,
    },
    /// A score was requested, but images are scored and animations are not.
    TargetOfAnimation,
    /// The original's bytes were kept, because re-encoding did not save enough.
    KeptOriginal,
    /// A result is larger than its original, although its pixels are as many or fewer.
    Grew {
        /// Size of the original in bytes.
        from: u64,
        /// Size of the result in bytes.
        to: u64,
    },
    /// Only the first frame of an animation was used.
    FirstFrame {
        /// Number of frames; 1 if it is not known.
        frames: u32,
    },
    /// An image's colour space is not supported; it is treated as sRGB.
    TakenForSrgb {
        /// The colour space, such as `PQ`.
        colours: String,
    },
    /// An image's high dynamic range was mapped to SDR.
    ToneMapped {
        /// Its transfer function, such as `PQ`.
        colours: String,
    },
    /// A drawing was enlarged as pixels, because a step before the resize depends on the size.
    DrawnSmall {
        /// The operation.
        step: String,
    },
    /// A drawing was enlarged as pixels, because it would have become too large for a part of it.
    DrawnTooLarge,
    /// Colours were converted to sRGB, because the result's format holds no profile of the requested space.
    ConvertedToSrgb {
        /// The result's format.
        format: String,
    },
    /// Most of an image's float values are above 1.0, which is white.
    AboveWhite,
    /// Compressed data remains after the last row of an image.
    LeftOver,
    /// An image ends early; the part that exists was saved.
    CutShort {
        /// Rows that exist; in an animation, those of the last frame.
        rows: u32,
        /// Rows that there should be.
        of_rows: u32,
        /// For an animation: frames that were saved, and the least number there should be.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        frames: Option<(u32, u32)>,
    },
    /// The results will probably not fit on the disk.
    LowSpace {
        /// The output folder, as shown.
        folder: String,
        /// Predicted bytes of the results.
        needed_bytes: u64,
        /// Free bytes.
        free_bytes: u64,
    },
    /// The results of a running job's remaining items will probably not fit on the disk.
    LowSpaceForRest {
        /// The output folder, as shown.
        folder: String,
        /// Remaining items.
        items: u64,
        /// Items whose results show how much the others need.
        measured: u64,
        /// Predicted bytes of the remaining results.
        needed_bytes: u64,
        /// Free bytes.
        free_bytes: u64,
    },
    /// A remark about several items of a job.
    OfItems {
        /// Number of items.
        count: u64,
        /// The remark about one of them.
        about: Box<Remark>,
        /// The names of the first ones.
        items: Vec<String>,
    },
    /// Parts of a file that its result does not have, although the settings keep them.
    LeftOut {
        /// The parts.
        parts: Vec<Part>,
        /// The result's format.
        format: String,
    },
    /// Credentials for a host were never sent.
    UnusedAccess {
        /// Scheme, host and port that they are for.
        place: String,
        /// Another origin on the same host that was contacted.
        near: Option<String>,
    },
}

/// So many files in a folder.
fn in_folder(message: Message, count: u64, folder: &str) -> Message {
    message.count("count", count).with("folder", folder)
}

/// So many rows of a list.
fn in_list(message: Message, count: u64, list: &str) -> Message {
    message.count("count", count).with("list", list)
}

impl Remark {
    pub(super) fn message(&self) -> Message {
        match self {
            Self::NoPictures { folder } => Message::new("remark-no_pictures").with("folder", folder),
            Self::OnlyBelow { folder } => Message::new("remark-only_below").with("folder", folder),
            Self::NotPictures { count, folder } => in_folder(Message::new("remark-not_pictures"), *count, folder),
            Self::WatchedFolderGone { folder } => Message::new("remark-watched_folder_gone").with("folder", folder),
            Self::WatchedFolderBack { folder } => Message::new("remark-watched_folder_back").with("folder", folder),
            Self::WatchedFolderPolled { folder, interval } => {
                Message::new("remark-watched_folder_polled").with("folder", folder).with("interval", interval)
            }
            Self::NoLinks { list } if list == "-" => Message::new("remark-no_links_on_stdin"),
            Self::NoLinks { list } => Message::new("remark-no_links").with("list", list),
            Self::EmptyRows { count, list } => in_list(Message::new("remark-empty_rows"), *count, list),
            Self::KnownRows { count, list } => in_list(Message::new("remark-known_rows"), *count, list),
            Self::DatabaseLost { detail } => Message::new("remark-database_lost").with("detail", detail),
            Self::NoFiles { list } if list == "-" => Message::new("remark-no_files_on_stdin"),
            Self::NoFiles { list } => Message::new("remark-no_files").with("list", list),
            Self::HiddenFiles { count, folder } => in_folder(Message::new("remark-hidden_files"), *count, folder),
            Self::OwnResults { count, folder } => in_folder(Message::new("remark-own_results"), *count, folder),
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
            Self::RawPairs { count, kept } => raw_pairs(*count, *kept),
            Self::Damaged => Message::new("remark-damaged"),
            Self::Developed { preview_px } => developed(*preview_px),
            Self::CutBetweenBlocks { x, y, size_px: (width, height), asked_px: (asked_width, asked_height) } => {
                let message = Message::new("remark-cut_between_blocks").with("x", x).with("y", y);
                let message = message.with("width", width).with("height", height);
                message.with("asked_width", asked_width).with("asked_height", asked_height)
            }
            Self::NotLossless { why } => Message::new(match why {
                LossReason::Steps => "remark-not_lossless_steps",
                LossReason::Blocks => "remark-not_lossless_blocks",
                LossReason::Colours => "remark-not_lossless_colours",
                LossReason::Size => "remark-not_lossless_size",
                LossReason::Data => "remark-not_lossless_data",
            }),
            Self::TargetMissed { target } => Message::new("remark-target_missed").with("target", target),
            Self::TargetOfAnimation => Message::new("remark-target_of_animation"),
            Self::KeptOriginal => Message::new("remark-kept_original"),
            Self::Grew { from, to } => {
                Message::new("remark-grew").with("from", human::bytes(*from)).with("to", human::bytes(*to))
            }
            Self::FirstFrame { frames: 0..=1 } => Message::new("remark-first_frame"),
            Self::FirstFrame { frames } => Message::new("remark-first_frame_of").count("frames", (*frames).into()),
            Self::TakenForSrgb { colours } => Message::new("remark-taken_for_srgb").with("colours", colours),
            Self::ToneMapped { colours } => Message::new("remark-tone_mapped").with("colours", colours),
            Self::DrawnSmall { step } => Message::new("remark-drawn_small").with("step", step),
            Self::DrawnTooLarge => Message::new("remark-drawn_too_large"),
            Self::ConvertedToSrgb { format } => Message::new("remark-converted_to_srgb").with("format", format),
            Self::AboveWhite => Message::new("remark-above_white"),
            Self::LeftOver => Message::new("remark-left_over"),
            Self::CutShort { frames: Some((frames, of_frames)), .. } => {
                Message::new("remark-cut_short_frames").with("frames", frames).with("of_frames", of_frames)
            }
            Self::CutShort { rows, of_rows, frames: None } => {
                Message::new("remark-cut_short").with("rows", rows).with("of_rows", of_rows)
            }
            Self::LowSpace { folder, needed_bytes, free_bytes } => Message::new("remark-low_space")
                .with("folder", folder)
                .with("needed", human::bytes(*needed_bytes))
                .with("free", human::bytes(*free_bytes)),
            Self::LowSpaceForRest { folder, items, measured, needed_bytes, free_bytes } => {
                Message::new("remark-low_space_for_rest")
                    .with("folder", folder)
                    .count("items", *items)
                    .count("measured", *measured)
                    .with("needed", human::bytes(*needed_bytes))
                    .with("free", human::bytes(*free_bytes))
            }
            Self::OfItems { count, about, items } => {
                let more = count.saturating_sub(items.len() as u64);
                let message = if more == 0 { "remark-of_items" } else { "remark-of_items_and_more" };
                let message = Message::new(message).with_message("text", about.of_many(*count));
                let message = message.with("names", items.join(", "));
                if more == 0 { message } else { message.count("more", more) }
            }
            Self::LeftOut { parts, format } => {
                Message::new("remark-left_out").with_message("parts", Part::list(parts)).with("format", format)
            }
            Self::UnusedAccess { place, near: None } => Message::new("remark-unused_access").with("place", place),
            Self::UnusedAccess { place, near: Some(near) } => {
                Message::new("remark-unused_access_near").with("place", place).with("near", near)
            }
        }
    }

    /// What it says about many items.
    pub(super) fn of_many(&self, count: u64) -> Message {
        match self {
            Self::FirstPage { .. } => Message::new("remark-first_pages").count("count", count),
            Self::Developed { .. } => Message::new("remark-many_developed").count("count", count),
            Self::TakenForSrgb { .. } => Message::new("remark-many_taken_for_srgb").count("count", count),
            Self::AboveWhite => Message::new("remark-many_above_white").count("count", count),
            Self::LeftOver => Message::new("remark-many_left_over").count("count", count),
            Self::CutBetweenBlocks { .. } => Message::new("remark-many_cut_between_blocks").count("count", count),
            Self::ToneMapped { .. } => Message::new("remark-many_tone_mapped").count("count", count),
            Self::ConvertedToSrgb { .. } => Message::new("remark-many_converted_to_srgb").count("count", count),
            Self::LeftOut { .. } => Message::new("remark-many_left_out").count("count", count),
            Self::Grew { .. } if count > 1 => Message::new("remark-many_grew").count("count", count),
            Self::FirstFrame { .. } if count > 1 => Message::new("remark-many_first_frame").count("count", count),
            Self::CutShort { .. } if count > 1 => Message::new("remark-many_cut_short").count("count", count),
            other => Message::new("remark-many_items").count("count", count).with_message("text", other.message()),
        }
    }

    /// Whether the same kind of remark with other details is summed up with it, because its text for many has no details.
    pub(super) fn sums_up_by_kind(&self) -> bool {
        matches!(
            self,
            Self::FirstPage { .. }
                | Self::Developed { .. }
                | Self::TakenForSrgb { .. }
                | Self::ToneMapped { .. }
                | Self::ConvertedToSrgb { .. }
                | Self::CutBetweenBlocks { .. }
                | Self::LeftOut { .. }
                | Self::Grew { .. }
                | Self::FirstFrame { .. }
                | Self::CutShort { .. }
        )
    }

    /// The word of its kind, such as `left_over`.
    pub fn word(&self) -> String {
        let value = serde_json::to_value(self).unwrap_or_default();
        value["remark"].as_str().unwrap_or_default().to_owned()
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

fn raw_pairs(count: u64, kept: RawPairs) -> Message {
    let id = if kept == RawPairs::Jpeg { "remark-raw_pairs_jpeg" } else { "remark-raw_pairs_raw" };
    Message::new(id).count("count", count)
}

fn developed(preview_px: Option<(u32, u32)>) -> Message {
    match preview_px {
        None => Message::new("remark-developed"),
        Some((width, height)) => Message::new("remark-developed_small").with("width", width).with("height", height),
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(Lang::English))
    }
}

/// Why a file could not be rewritten without loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LossReason {
    /// Steps change pixels.
    Steps,
    /// The image has too few whole blocks.
    Blocks,
    /// Another colour space is requested.
    Colours,
    /// The file would be larger than the limit.
    Size,
    /// The data is damaged or coded in an unusual way.
    Data,
}

/// A part of a file that could not be kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// All EXIF data.
    Exif,
    /// The maker notes of EXIF.
    MakerNotes,
    /// Large values of EXIF, such as previews.
    LargeExifValues,
    /// Tags of a TIFF file's directory, by their numbers.
    TiffTags(Vec<u16>),
    /// The XMP packet.
    Xmp,
    /// All IPTC records.
    Iptc,
    /// Some IPTC fields, by their names.
    IptcFields(Vec<String>),
    /// A comment.
    Comment,
    /// A text under this keyword.
    Text(String),
    /// A clipping path of Photoshop.
    ClippingPath,
    /// Print density.
    Density,
    /// The colour profile, which is too large.
    Profile,
    /// A colour profile that can't be used.
    UnusableProfile,
    /// A signed history of the file (C2PA).
    ContentCredentials,
    /// Temperatures of a thermal camera.
    Thermal,
    /// The gain map of a high dynamic range image.
    GainMap,
    /// The video of a motion photo.
    Video,
    /// Further images in the file, such as a depth map.
    OtherImages,
}

impl Part {
    /// Whether it is metadata, which some settings drop on purpose.
    pub const fn is_metadata(&self) -> bool {
        !matches!(self, Self::GainMap | Self::Video | Self::OtherImages | Self::Thermal | Self::UnusableProfile)
    }

    /// Its name.
    pub fn message(&self) -> Message {
        match self {
            Self::Exif => Message::new("part-exif"),
            Self::MakerNotes => Message::new("part-maker_notes"),
            Self::LargeExifValues => Message::new("part-large_exif"),
            Self::TiffTags(tags) => {
                let tags = tags.iter().map(u16::to_string).collect::<Vec<_>>().join(" ");
                Message::new("part-tiff_tags").with("tags", tags)
            }
            Self::Xmp => Message::new("part-xmp"),
            Self::Iptc => Message::new("part-iptc"),
            Self::IptcFields(names) => Message::new("part-iptc_fields").with("names", names.join(" ")),
            Self::Comment => Message::new("part-comment"),
            Self::Text(keyword) => Message::new("part-text").with("keyword", keyword),
            Self::ClippingPath => Message::new("part-clipping_path"),
            Self::Density => Message::new("part-density"),
            Self::Profile => Message::new("part-profile"),
            Self::UnusableProfile => Message::new("part-unusable_profile"),
            Self::ContentCredentials => Message::new("part-credentials"),
            Self::Thermal => Message::new("part-thermal"),
            Self::GainMap => Message::new("part-gain_map"),
            Self::Video => Message::new("part-video"),
            Self::OtherImages => Message::new("part-other_images"),
        }
    }

    /// The names of several parts.
    pub fn list(parts: &[Self]) -> Message {
        match parts {
            [] => Message::new("part-none"),
            [one] => one.message(),
            [first, rest @ ..] => Message::new("part-several")
                .with_message("first", first.message())
                .with_message("rest", Self::list(rest)),
        }
    }
}
