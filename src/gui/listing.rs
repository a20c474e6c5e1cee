//! The listed items: which to show, which are loaded, which are selected. Holds at most one page of them.

use std::collections::BTreeSet;
use std::sync::Arc;

use egui::Context;

use super::widgets::scroll::Scroll;
use crate::engine::{Handle, ItemsFilter, ItemsPage, ItemsRequest, ItemsSort, JobView};
use crate::model::{ItemId, ItemRow, JobId};

/// Requests begin and end at multiples of this, so that small scroll movements need no new request.
const CHUNK: u64 = 64;
/// Seconds after a request before an outdated page is requested again.
const ASK_AGAIN_S: f64 = 0.1;
/// Maximum number of rows selected as a range.
const RANGE_MAX: u64 = 200_000;

/// The list of items and the view of it.
#[derive(Default)]
pub(crate) struct Listing {
    /// Which items are listed.
    pub(crate) filter: ItemsFilter,
    /// In which order.
    pub(crate) sort: ItemsSort,
    /// The scroll position of the grid or the table.
    pub(crate) scroll: Scroll,
    /// Selected items, by `seq`.
    pub(crate) selected: BTreeSet<u64>,
    /// The previewed item, as last loaded.
    pub(crate) cursor: Option<ItemRow>,
    /// The previewed item's row.
    pub(crate) cursor_row: u64,
    /// A row to scroll into view.
    pub(crate) reveal: Option<u64>,
    job: Option<JobId>,
    anchor_row: u64,
    /// The visible rows: the first one and their number.
    seen: (u64, u64),
    range: Option<(u64, u64)>,
    page: Option<Arc<ItemsPage>>,
    asked: Option<Asked>,
}

/// The last request for a page.
struct Asked {
    request: ItemsRequest,
    at_s: f64,
    /// The page that was there before.
    before: Option<Arc<ItemsPage>>,
}

impl Listing {
    /// Takes over the page that was loaded, and requests the one that is needed now.
    pub(crate) fn refresh(&mut self, ctx: &Context, now_s: f64, handle: &Handle, job: Option<&JobView>) {
        let Some(job) = job else {
            *self = Self { filter: self.filter.clone(), sort: self.sort, ..Self::default() };
            return;
        };
        if self.job != Some(job.id) {
            *self = Self { sort: self.sort, job: Some(job.id), ..Self::default() };
        }
        if let Some(page) = handle.items()
            && self.answers(&page.request)
        {
            let is_new = self.page.as_ref().is_none_or(|shown| !Arc::ptr_eq(shown, &page));
            self.page = Some(page);
            if is_new {
                self.follow();
            }
        }
        let request = self.request(job.id);
        let is_outdated = self.page.as_ref().is_none_or(|page| page.revision != job.items_revision);
        let ask = match &self.asked {
            Some(asked) if asked.request == request => {
                // Only the items changed: wait for the last answer before asking again, so that requests never pile up.
                // An answer may be outdated, because a long list isn't sorted again for every change.
                let is_answered = match (&self.page, &asked.before) {
                    (Some(page), Some(before)) => !Arc::ptr_eq(page, before),
                    (page, _) => page.is_some(),
                };
                let wait_s = asked.at_s + ASK_AGAIN_S - now_s;
                if is_outdated && is_answered && wait_s > 0.0 {
                    ctx.request_repaint_after_secs(wait_s as f32);
                }
                is_outdated && is_answered && wait_s <= 0.0
            }
            _ => true,
        };
        if ask {
            handle.want_items(request.clone());
            self.asked = Some(Asked { request, at_s: now_s, before: self.page.clone() });
        }
    }

    /// Number of rows that match the filter, if known.
    pub(crate) fn total(&self) -> Option<u64> {
        self.page.as_ref().map(|page| page.total)
    }

    /// A row, if it is loaded.
    pub(crate) fn row(&self, row: u64) -> Option<&ItemRow> {
        let page = self.page.as_ref()?;
        page.rows.get(usize::try_from(row.checked_sub(page.request.first_row)?).ok()?)
    }

    /// Sets the visible rows.
    pub(crate) fn see(&mut self, first_row: u64, rows: u64) {
        self.seen = (first_row, rows);
    }

    /// The previewed item.
    pub(crate) fn cursor_id(&self) -> Option<ItemId> {
        self.cursor.as_ref().map(|row| row.id)
    }

    /// Changes the filter.
    pub(crate) fn set_filter(&mut self, filter: ItemsFilter) {
        if filter != self.filter {
            self.filter = filter;
            self.relist();
            // Otherwise a command would also apply to items that can't be seen.
            self.selected = self.cursor.iter().map(|row| row.id.seq).collect();
        }
    }

    /// Changes the sort order.
    pub(crate) fn set_sort(&mut self, sort: ItemsSort) {
        if sort != self.sort {
            self.sort = sort;
            self.relist();
        }
    }

    fn relist(&mut self) {
        self.page = None;
        self.scroll = Scroll::default();
        self.cursor_row = 0;
        self.anchor_row = 0;
        self.range = None;
    }

    /// Handles a click on a row: select it alone, toggle it (`toggle`), or select a range up to it (`extend`).
    pub(crate) fn press(&mut self, row: u64, toggle: bool, extend: bool) {
        let Some(item) = self.row(row).cloned() else { return };
        let seq = item.id.seq;
        if extend {
            if !toggle {
                self.selected.clear();
            }
            self.select_range(self.anchor_row.min(row), self.anchor_row.max(row));
        } else if toggle {
            if !self.selected.remove(&seq) {
                self.selected.insert(seq);
            }
            self.anchor_row = row;
        } else {
            self.selected = BTreeSet::from([seq]);
            self.anchor_row = row;
        }
        self.cursor_row = row;
        self.cursor = Some(item);
    }

    /// Moves the keyboard's cursor to a row, which may not be loaded yet.
    pub(crate) fn go(&mut self, row: u64, extend: bool) {
        let Some(last) = self.total().and_then(|total| total.checked_sub(1)) else { return };
        let row = row.min(last);
        self.reveal = Some(row);
        if self.row(row).is_some() {
            self.press(row, false, extend);
        } else {
            self.cursor_row = row;
            self.cursor = None;
            if extend {
                self.select_range(self.anchor_row.min(row), self.anchor_row.max(row));
            } else {
                self.anchor_row = row;
                self.selected.clear();
            }
        }
    }

    /// Selects all listed items.
    pub(crate) fn select_all(&mut self) {
        if let Some(last) = self.total().and_then(|total| total.checked_sub(1)) {
            self.select_range(0, last);
        }
    }

    /// Clears the selection, and the previewed item if it was selected.
    pub(crate) fn forget_selected(&mut self) {
        if self.cursor.as_ref().is_some_and(|row| self.selected.contains(&row.id.seq)) {
            self.cursor = None;
        }
        self.selected.clear();
        self.range = None;
    }

    fn select_range(&mut self, first: u64, last: u64) {
        self.range = Some((first, last.min(first + RANGE_MAX - 1)));
        self.take_range();
    }

    /// Selects a range once all of its rows are loaded.
    fn take_range(&mut self) {
        let (Some((first, last)), Some(page)) = (self.range, &self.page) else { return };
        let start = page.request.first_row;
        if start > first || start + page.rows.len() as u64 <= last {
            return;
        }
        let rows = page.rows.iter().skip((first - start) as usize).take((last - first + 1) as usize);
        self.selected.extend(rows.map(|row| row.id.seq));
        self.range = None;
    }

    /// After a page was loaded: completes the range and updates the previewed item. If that is not listed any more, the
    /// item in its place is previewed.
    fn follow(&mut self) {
        self.take_range();
        let Some(page) = &self.page else { return };
        if let Some(cursor) = &self.cursor {
            let seq = cursor.id.seq;
            if let Some(index) = page.rows.iter().position(|row| row.id == cursor.id) {
                self.cursor_row = page.request.first_row + index as u64;
                self.cursor = page.rows.get(index).cloned();
                return;
            }
            if page.request.cursor != Some(seq) {
                // The answer to the next request says whether it is listed.
                return;
            }
            if let Some(row) = &page.cursor {
                self.cursor = Some(row.clone());
                return;
            }
            self.cursor = None;
            self.selected.remove(&seq);
        }
        if page.total == 0 {
            self.selected.clear();
        }
        let row = self.cursor_row.min(page.total.saturating_sub(1));
        if let Some(item) = self.row(row).cloned() {
            if self.selected.is_empty() {
                self.selected.insert(item.id.seq);
            }
            self.anchor_row = row;
            self.cursor_row = row;
            self.cursor = Some(item);
        }
    }

    fn answers(&self, request: &ItemsRequest) -> bool {
        Some(request.job) == self.job && request.filter == self.filter && request.sort == self.sort
    }

    fn request(&self, job: JobId) -> ItemsRequest {
        let (seen, rows) = self.seen;
        let mut first = (seen / CHUNK).saturating_sub(1) * CHUNK;
        let mut end = ((seen + rows) / CHUNK + 2) * CHUNK;
        if let Some((from, to)) = self.range {
            first = first.min(from);
            end = end.max(to + 1).min(first + RANGE_MAX);
        }
        let cursor = self.cursor.as_ref().map(|row| row.id.seq);
        let (filter, rows) = (self.filter.clone(), (end - first) as u32);
        ItemsRequest { job, filter, sort: self.sort, first_row: first, rows, cursor }
    }
}
