//! The history as the window knows it: which jobs are listed, and the page of them that is loaded.

use std::sync::Arc;

use egui::Context;

use super::widgets::scroll::Scroll;
use crate::engine::{Handle, JobEntry, JobsFilter, JobsPage, JobsRequest};

/// Requests begin and end at multiples of this, so that small scroll movements need no new request.
const CHUNK: u64 = 16;
/// Seconds after a request before a page is requested again because jobs have changed.
const ASK_AGAIN_S: f64 = 0.4;

/// The list of jobs and the view of it.
#[derive(Default)]
pub(crate) struct History {
    /// Which jobs are listed.
    pub(crate) filter: JobsFilter,
    /// The scroll position.
    pub(crate) scroll: Scroll,
    /// A row to scroll into view.
    pub(crate) reveal: Option<u64>,
    /// The visible rows: the first one and their number.
    seen: (u64, u64),
    page: Option<Arc<JobsPage>>,
    asked: Option<Asked>,
}

/// The last request.
struct Asked {
    request: JobsRequest,
    revision: u64,
    at_s: f64,
}

impl History {
    /// Takes over the page that was loaded, and requests the one that is needed now, while the list is visible.
    pub(crate) fn refresh(&mut self, ctx: &Context, now_s: f64, handle: &Handle, (is_visible, revision): (bool, u64)) {
        if !is_visible {
            // Jobs of other programs may be there when it is opened again.
            self.asked = None;
            return;
        }
        if let Some(page) = handle.jobs()
            && page.request.filter == self.filter
        {
            self.page = Some(page);
        }
        let request = self.request();
        let ask = match &self.asked {
            Some(asked) if asked.request == request => {
                let is_outdated = asked.revision != revision;
                let wait_s = asked.at_s + ASK_AGAIN_S - now_s;
                if is_outdated && wait_s > 0.0 {
                    ctx.request_repaint_after_secs(wait_s as f32);
                }
                is_outdated && wait_s <= 0.0
            }
            _ => true,
        };
        if ask {
            handle.want_jobs(request.clone());
            self.asked = Some(Asked { request, revision, at_s: now_s });
        }
    }

    /// Number of jobs that match the filter, if known.
    pub(crate) fn total(&self) -> Option<u64> {
        self.page.as_ref().map(|page| page.total)
    }

    /// A job, if it is loaded.
    pub(crate) fn row(&self, row: u64) -> Option<&JobEntry> {
        let page = self.page.as_ref()?;
        page.rows.get(usize::try_from(row.checked_sub(page.request.first_row)?).ok()?)
    }

    /// Sets the visible rows.
    pub(crate) fn see(&mut self, first_row: u64, rows: u64) {
        self.seen = (first_row, rows);
    }

    /// Changes the filter.
    pub(crate) fn set_filter(&mut self, filter: JobsFilter) {
        if filter != self.filter {
            self.filter = filter;
            self.page = None;
            self.scroll = Scroll::default();
        }
    }

    fn request(&self) -> JobsRequest {
        let (seen, rows) = self.seen;
        let first_row = (seen / CHUNK).saturating_sub(1) * CHUNK;
        let end = ((seen + rows) / CHUNK + 2) * CHUNK;
        JobsRequest { filter: self.filter.clone(), first_row, rows: (end - first_row) as u32 }
    }
}
