//! The listed items: which are wanted, which are there, which are selected. Holds no more than a page of them.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::widgets::scroll::Scroll;
use crate::engine::{Handle, ItemsFilter, ItemsPage, ItemsRequest, ItemsSort, JobView};
use crate::model::{ItemId, ItemRow, JobId};

/// Requests begin and end at multiples of this, so that a few points of scrolling ask for nothing new.
const CHUNK: u64 = 64;
/// Rows that a selection over a range may take in at once.
const RANGE_MAX: u64 = 200_000;

/// The list as the window sees it.
#[derive(Default)]
pub(crate) struct Listing {
    /// Which items are listed.
    pub(crate) filter: ItemsFilter,
    /// In which order.
    pub(crate) sort: ItemsSort,
    /// Where the grid or the table stands.
    pub(crate) scroll: Scroll,
    /// Selected items, by `seq`.
    pub(crate) selected: BTreeSet<u64>,
    /// The item that is previewed, as last read.
    pub(crate) cursor: Option<ItemRow>,
    /// Its row.
    pub(crate) cursor_row: u64,
    /// A row to bring into sight.
    pub(crate) reveal: Option<u64>,
    job: Option<JobId>,
    anchor_row: u64,
    /// Rows in sight: the first one and how many.
    seen: (u64, u64),
    range: Option<(u64, u64)>,
    page: Option<Arc<ItemsPage>>,
    asked: Option<(ItemsRequest, u64)>,
}

impl Listing {
    /// Takes over the page that was read, and asks for the one that is needed now.
    pub(crate) fn refresh(&mut self, handle: &Handle, job: Option<&JobView>) {
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
            self.page = Some(page);
            self.follow();
        }
        let request = self.request(job.id);
        let ask = match &self.asked {
            None => true,
            Some((asked, _)) if *asked != request => true,
            // Only the items changed: ask again once the last answer has come, so that requests never pile up.
            Some((_, revision)) => {
                *revision != job.items_revision
                    && self.page.as_ref().is_some_and(|page| page.request == request && page.revision >= *revision)
            }
        };
        if ask {
            handle.want_items(request.clone());
            self.asked = Some((request, job.items_revision));
        }
    }

    /// Rows under the filter, as far as known.
    pub(crate) fn total(&self) -> Option<u64> {
        self.page.as_ref().map(|page| page.total)
    }

    /// A row, if it has been read.
    pub(crate) fn row(&self, row: u64) -> Option<&ItemRow> {
        let page = self.page.as_ref()?;
        page.rows.get(usize::try_from(row.checked_sub(page.request.first_row)?).ok()?)
    }

    /// Says which rows are in sight.
    pub(crate) fn see(&mut self, first_row: u64, rows: u64) {
        self.seen = (first_row, rows);
    }

    /// Identity of the previewed item.
    pub(crate) fn cursor_id(&self) -> Option<ItemId> {
        self.cursor.as_ref().map(|row| row.id)
    }

    /// Lists other items.
    pub(crate) fn set_filter(&mut self, filter: ItemsFilter) {
        if filter != self.filter {
            self.filter = filter;
            self.relist();
        }
    }

    /// Lists them in another order.
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

    /// A row was pressed: alone, added or taken off (`toggle`), or as the end of a range (`extend`).
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

    /// The keyboard goes to a row, which may not have been read yet.
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

    /// Selects everything that is listed.
    pub(crate) fn select_all(&mut self) {
        if let Some(last) = self.total().and_then(|total| total.checked_sub(1)) {
            self.select_range(0, last);
        }
    }

    /// Forgets the selection, and the previewed item when it was part of it.
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

    /// Selects a range once all of its rows are there.
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

    /// After a page has come: the range, and the previewed item's latest state. The first item is previewed unasked.
    fn follow(&mut self) {
        self.take_range();
        let Some(page) = &self.page else { return };
        if let Some(cursor) = &self.cursor {
            let id = cursor.id;
            if let Some(place) = page.rows.iter().position(|row| row.id == id) {
                self.cursor_row = page.request.first_row + place as u64;
                self.cursor = page.rows.get(place).cloned();
            }
            return;
        }
        let row = self.cursor_row.min(page.total.saturating_sub(1));
        if let Some(item) = self.row(row).cloned() {
            if self.selected.is_empty() {
                self.selected.insert(item.id.seq);
            }
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
        ItemsRequest { job, filter: self.filter.clone(), sort: self.sort, first_row: first, rows: (end - first) as u32 }
    }
}
