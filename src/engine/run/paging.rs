//! Pages of waiting items, as the lanes read them from the catalog.

use std::sync::atomic::Ordering;

use super::budget::Stopped;
use super::{Run, RunError};
use crate::catalog::{CatalogReader, WaitingPage};
use crate::error::JobError;
use crate::model::ItemRow;

/// Rows a lane reads from the catalog at once.
pub(super) const PAGE_ROWS: u32 = 256;

/// How far a lane has read.
#[derive(Default)]
pub(super) struct Paging {
    /// The last item that was read.
    pub(super) after_seq: u64,
    /// The number of pokes before the last page was read.
    pub(super) pokes: u64,
    rewinds: u64,
}

impl Run {
    /// The items of the next page that may start; `None` after the last page. Begins again after a rewind.
    pub(super) fn next_page(
        &self,
        paging: &mut Paging,
        reader: &dyn CatalogReader,
        read: impl Fn(u64) -> Result<WaitingPage, JobError>,
    ) -> Result<Option<Vec<ItemRow>>, Stopped> {
        loop {
            self.switch.wait_going()?;
            paging.pokes = self.switch.pokes();
            let rewinds = self.rewinds.load(Ordering::Acquire);
            if rewinds != paging.rewinds {
                (paging.after_seq, paging.rewinds) = (0, rewinds);
            }
            match self.page_after(paging.after_seq, reader, &read) {
                Ok((rows, Some(last_seq))) => {
                    paging.after_seq = last_seq;
                    return Ok(Some(rows));
                }
                Ok((_, None)) => return Ok(None),
                Err(error) => self.set_error(RunError::Fatal(error)),
            }
        }
    }

    /// The items of a page that may start, and the page's last one; its names are counted.
    pub(super) fn page_after(
        &self,
        after_seq: u64,
        reader: &dyn CatalogReader,
        read: impl Fn(u64) -> Result<WaitingPage, JobError>,
    ) -> Result<(Vec<ItemRow>, Option<u64>), JobError> {
        // Copied before the page is read: such an item may still be waiting in the page, but be finished when its row is
        // reached. It must not be processed twice.
        let in_flight = self.handed_out().clone();
        let WaitingPage { mut rows, last_seq } = read(after_seq)?;
        if let Some(last_seq) = last_seq {
            self.count_names(&rows, last_seq, reader)?;
        }
        rows.retain(|row| !in_flight.contains(&row.id.seq) && self.isolation.may_start(row));
        Ok((rows, last_seq))
    }
}
