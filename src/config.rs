//! Settings that outlive a session, and limits with their defaults and units.
//!
//! Only data: the engine reads and writes the file.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::{Limits, NetworkSpec, Recipe, Save, SinkSpec};

/// Largest image in pixels (width times height).
pub const MAX_PIXELS: u64 = 1_000_000_000;
/// Largest width or height of an image in px.
pub const MAX_SIDE_PX: u32 = 65_535;
/// Time limit for decoding, operations and encoding of an item in seconds, unless the job sets one.
pub const ITEM_TIMEOUT_S: u64 = 600;
/// Largest number of frames of an animation.
pub const MAX_FRAMES: u32 = 10_000;
/// Pixels of all frames together (the canvas times the frames) above which an animation is refused.
pub const MAX_FRAME_PIXELS: u64 = 10_000_000_000;
/// First bytes of a file that are enough to tell its format by.
pub const HEAD_BYTES: u64 = 4096;
/// Largest local file that is read as an image, in bytes.
pub const MAX_FILE_BYTES: u64 = 4 << 30;
/// Bytes of a response body that stay in memory; the rest goes to a temporary file.
pub const MAX_BODY_IN_MEMORY_BYTES: u64 = 8 << 20;
/// Idle connections that are kept at all hosts together, unless this process may open fewer files.
pub const IDLE_CONNECTIONS: usize = 8192;
/// Temporary files with bodies that broke off, until they are resumed, unless this process may open fewer files.
pub const KEPT_FILES: usize = 1024;
/// Time limit for connecting, in seconds.
pub const CONNECT_TIMEOUT_S: u64 = 15;
/// Seconds without a byte after which a transfer counts as stalled.
pub const READ_TIMEOUT_S: u64 = 30;
/// Time limit for one attempt, in seconds.
pub const TOTAL_TIMEOUT_S: u64 = 1800;
/// Minimum number of milliseconds without a byte after which a request gives way to links that were never tried.
pub const GIVE_WAY_AFTER_MS: u64 = 3_000;
/// Largest number of redirects that are followed.
pub const MAX_REDIRECTS: u32 = 10;
/// Further attempts at a link after the first one.
pub const RETRIES: u32 = 3;
/// Back-off before the second attempt, in ms; doubles each time, with full jitter.
pub const BACKOFF_BASE_MS: u64 = 500;
/// Longest back-off, in ms.
pub const BACKOFF_MAX_MS: u64 = 30_000;
/// Longest Retry-After that is followed, in seconds; a longer one fails the item.
pub const MAX_RETRY_AFTER_S: u64 = 300;
/// Seconds after an item's first attempt within which another one may begin.
pub const MAX_RETRY_TIME_S: u64 = 3600;
/// Average bytes per second, over [`LOW_SPEED_S`], below which a transfer counts as stalled.
pub const LOW_SPEED_BYTES_PER_S: u64 = 100;
/// Seconds over which a transfer's average speed is measured.
pub const LOW_SPEED_S: u64 = 60;
/// Largest ratio of a body's decompressed to its compressed size beyond [`UNCHECKED_UNPACKED_BYTES`], unless the job sets
/// the largest body.
pub const MAX_UNPACKED_TIMES: u64 = 250;
/// Bytes up to which a body may expand from any compressed size. Deflate reaches 1032 times, and blank images and tables
/// come close to that.
pub const UNCHECKED_UNPACKED_BYTES: u64 = 256 << 20;
/// Seconds without any answer to its requests after which a host is given up.
pub const HOST_SILENCE_S: u64 = 120;
/// Seconds for which every host must fail before the network counts as lost.
pub const NETWORK_GONE_S: u64 = 20;
/// Milliseconds for which a statement of the catalog waits for another program's transaction.
const CATALOG_WAIT_MS: u64 = 30_000;
/// Largest number of files in a safe-write batch.
pub const COMMIT_BATCH_FILES: usize = 512;
/// Milliseconds after which a safe-write batch closes.
pub const COMMIT_BATCH_MS: u64 = 200;
/// Threads that fsync the files of a batch.
pub const FSYNC_THREADS: usize = 16;

/// Deaths of the process in which an item may have been in progress: after that it is retried alone, and fails if the
/// process dies once more.
pub const MAX_CRASHES: u32 = 3;

/// The window's theme.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    /// The desktop's setting.
    #[default]
    System,
    /// Dark.
    Dark,
    /// Light.
    Light,
}

/// The window's language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// The desktop's setting.
    #[default]
    System,
    /// English.
    English,
    /// Korean.
    Korean,
}

/// How items are displayed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ItemsLayout {
    /// Thumbnails.
    #[default]
    Grid,
    /// Rows.
    Table,
}

/// Settings that outlive a session.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Theme.
    pub theme: Theme,
    /// Language.
    pub language: Language,
    /// Grid or table.
    pub layout: ItemsLayout,
    /// Whether the preview is shown without its histogram.
    pub hides_histogram: bool,
    /// Limits for new jobs.
    pub limits: Limits,
    /// How new jobs fetch links.
    pub network: NetworkSpec,
    /// The recipe new drafts start with.
    pub recipe: Recipe,
    /// How new drafts save.
    pub save: Save,
    /// Where new drafts save results.
    pub sink: SinkSpec,
}

/// How long a statement of the catalog waits for another program's transaction: 30 s, or as many milliseconds as
/// `PIXLOOM_CATALOG_WAIT_MS` says.
pub fn catalog_wait() -> Duration {
    let wait_ms = std::env::var("PIXLOOM_CATALOG_WAIT_MS").ok().and_then(|text| text.parse().ok());
    Duration::from_millis(wait_ms.unwrap_or(CATALOG_WAIT_MS))
}

/// The locale of messages, as the environment names it, such as `ko_KR.UTF-8`; empty where it names none.
pub fn locale() -> String {
    ["LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|value| !value.is_empty())
        .unwrap_or_default()
}
