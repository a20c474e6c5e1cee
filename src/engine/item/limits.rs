//! Limits per item: pixels, bytes and time. All but the time is checked from the header, before memory is allocated.

use std::time::{Duration, Instant};

use super::render::Prepared;
use crate::codec::Header;
use crate::config::{ITEM_TIMEOUT_S, MAX_PIXELS, MAX_SIDE_PX};
use crate::error::{ErrorKind, ItemError};
use crate::model::{ImageInfo, Limits, Message, human};

/// An item above the whole memory budget runs alone, unless it takes more than this many times its file's bytes: only
/// decompression bombs do.
const BOMB_RATIO: u64 = 500;

/// Refuses an item above the limits: `TooLarge`.
pub(crate) fn check(limits: &Limits, budget_bytes: u64, prepared: &Prepared, file_bytes: u64) -> Result<(), ItemError> {
    check_input(limits, &prepared.header)?;
    size(limits, &prepared.plan.output(), ["result_side_limit", "result_pixel_limit"])?;
    let peak_bytes = prepared.peak_bytes(file_bytes);
    let takes = |id| Message::new(id).with("memory", human::bytes(peak_bytes));
    if let Some(most) = limits.item_memory_bytes.filter(|most| peak_bytes > *most) {
        return Err(too_large(&takes("memory_per_item").with("most", human::bytes(most))));
    }
    if peak_bytes > budget_bytes && peak_bytes / BOMB_RATIO > file_bytes {
        let (budget, file) = (human::bytes(budget_bytes), human::bytes(file_bytes));
        return Err(too_large(&takes("memory_available").with("most", budget).with("file", file)));
    }
    Ok(())
}

/// Refuses an image whose size is above the limits: `TooLarge`.
pub(crate) fn check_input(limits: &Limits, header: &Header) -> Result<(), ItemError> {
    size(limits, &header.info, ["image_side_limit_is", "image_pixel_limit_is"])
}

/// `ids` are the messages about a side and about the number of pixels.
fn size(limits: &Limits, info: &ImageInfo, [of_side, of_pixels]: [&'static str; 2]) -> Result<(), ItemError> {
    let (width, height) = (info.width_px, info.height_px);
    let refused = |id| Message::new(id).with("width", width).with("height", height);
    let side = limits.max_side_px.unwrap_or(MAX_SIDE_PX);
    if width.max(height) > side {
        return Err(too_large(&refused(of_side).with("most", side)));
    }
    let pixels = limits.max_pixels.unwrap_or(MAX_PIXELS);
    if u64::from(width) * u64::from(height) > pixels {
        let most = pixels as f64 / 1e6;
        return Err(too_large(&refused(of_pixels).with("most", most)));
    }
    Ok(())
}

fn too_large(why: &Message) -> ItemError {
    ItemError::nameless(ErrorKind::TooLarge).saying(why)
}

/// The time that one item may take: fetching or reading, and processing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    until: Option<Instant>,
    limit_s: u64,
}

impl Clock {
    /// Starts now, with `spent` of the item's time used already.
    pub(crate) fn start(limits: &Limits, spent: Duration) -> Self {
        let limit_s = limits.item_timeout_s.unwrap_or(ITEM_TIMEOUT_S);
        let left = Duration::from_secs(limit_s).saturating_sub(spent);
        Self { until: Instant::now().checked_add(left), limit_s }
    }

    /// Whether the time is up.
    pub(crate) fn is_up(&self) -> bool {
        self.until.is_some_and(|until| Instant::now() >= until)
    }

    /// An error of work that is cancelled when its time is up: then the error says so.
    pub(crate) fn explain(&self, error: ItemError) -> ItemError {
        if error.kind == ErrorKind::Cancelled { self.error() } else { error }
    }

    /// The error of an item that ran out of time.
    pub(crate) fn error(&self) -> ItemError {
        ItemError::nameless(ErrorKind::TookTooLong).with("limit", human::time_limit(self.limit_s))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::super::limits::*;
    use super::super::render::prepare;
    use super::super::step_files;
    use crate::model::{Recipe, Save};

    /// The header and palette of a gray bitmap: 8 bits per pixel, run-length encoded.
    fn bitmap(width_px: u32, height_px: u32) -> Vec<u8> {
        let mut file = b"BM".to_vec();
        for value in [1_100u32, 0, 1_078, 40, width_px, height_px, 1 | 8 << 16, 1, 22, 0, 0, 256, 0] {
            file.extend(value.to_le_bytes());
        }
        file.resize(1_100, 0);
        file
    }

    fn refusal(limits: &Limits, budget_bytes: u64, file: &[u8]) -> Option<String> {
        let pipeline = step_files::pipeline(&Recipe::default()).unwrap();
        let prepared = prepare(file, &pipeline, &Save::default(), &crate::codec::DecodeControl::in_process()).unwrap();
        check(limits, budget_bytes, &prepared, file.len() as u64).err().map(|error| error.to_string())
    }

    #[test]
    fn an_item_above_a_limit_is_refused_with_both_numbers() {
        let any = Limits::default();
        let file = bitmap(3000, 2000);
        assert_eq!(refusal(&any, u64::MAX, &file), None);
        let pixels = refusal(&Limits { max_pixels: Some(5_000_000), ..any.clone() }, u64::MAX, &file).unwrap();
        assert!(pixels.contains("3000 x 2000 px; the limit is 5 megapixels"), "{pixels}");
        let side = refusal(&Limits { max_side_px: Some(2999), ..any.clone() }, u64::MAX, &file).unwrap();
        assert!(side.contains("the limit is 2999 px per side"), "{side}");
        let memory = refusal(&Limits { item_memory_bytes: Some(1_000_000), ..any.clone() }, u64::MAX, &file).unwrap();
        assert!(memory.contains("of memory; the limit is 1.0 MB per item"), "{memory}");
        let bomb = refusal(&any, 1_000_000, &file).unwrap();
        assert!(bomb.contains("from a file of"), "{bomb}");
        // As large, but its file is large, too: it runs alone.
        let mut true_one = file;
        true_one.resize(6_000_000, 0);
        assert_eq!(refusal(&any, 1_000_000, &true_one), None);
    }

    #[test]
    fn a_clock_knows_its_limit() {
        let clock = Clock::start(&Limits { item_timeout_s: Some(0), ..Limits::default() }, Duration::ZERO);
        assert!(clock.is_up());
        let start = |spent_s| Clock::start(&Limits::default(), Duration::from_secs(spent_s));
        assert!(!start(0).is_up() && !start(599).is_up() && start(600).is_up());
        assert_eq!(start(0).error().arg("limit"), "10 min");
        assert_eq!(clock.error().arg("limit"), "0 s");
    }
}
