//! Pages of items for front ends: the latest request wins, and a sorted or filtered list takes 4 bytes per item.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;

use crate::catalog::{CatalogReader, ListFilter, Order};
use crate::engine::api::handle::Shared;
use crate::engine::api::view::{ItemsFilter, ItemsPage, ItemsRequest, ItemsSort};
use crate::error::JobError;
use crate::model::{ItemRow, JobId};

/// An order that took at least this long to compute is kept for ten times as long, even if items change.
const PATIENCE: u32 = 10;

/// Reads pages of items.
pub(crate) struct Pages {
    shared: Arc<Shared>,
    reader: Box<dyn CatalogReader>,
    revision: Arc<AtomicU64>,
    order: Option<Ordered>,
}

/// The items of a filtered or sorted list, in order.
struct Ordered {
    job: JobId,
    filter: ItemsFilter,
    sort: ItemsSort,
    revision: u64,
    made_at: Instant,
    cost: Duration,
    seqs: Vec<u32>,
}

impl Pages {
    pub(crate) fn new(shared: Arc<Shared>, reader: Box<dyn CatalogReader>, revision: Arc<AtomicU64>) -> Self {
        Self { shared, reader, revision, order: None }
    }

    /// Runs until `stop` is closed.
    pub(crate) fn run(mut self, stop: &Receiver<()>) {
        let bell = self.shared.items_wanted.bell().clone();
        loop {
            crossbeam_channel::select! {
                recv(bell) -> _ => {},
                recv(stop) -> _ => return,
            }
            let Some(request) = self.shared.items_wanted.take() else { continue };
            match self.page(request) {
                Ok(Some(page)) => {
                    self.shared.items.store(Some(Arc::new(page)));
                    self.shared.wake();
                }
                Ok(None) => {}
                Err(error) => tracing::warn!(%error, "a page of items could not be read"),
            }
        }
    }

    fn page(&mut self, request: ItemsRequest) -> Result<Option<ItemsPage>, JobError> {
        let revision = self.revision.load(Ordering::Acquire);
        if request.filter == ItemsFilter::default() && request.sort == ItemsSort::Added {
            let page = self.reader.page_by_seq(request.job, request.first_row, request.rows)?;
            let cursor = self.cursor(&request, &page.rows)?;
            return Ok(Some(ItemsPage { total: page.total, rows: page.rows.into(), revision, request, cursor }));
        }
        if !self.make_order(&request, revision)? {
            return Ok(None);
        }
        let Some(order) = &self.order else { return Ok(None) };
        let first = (request.first_row as usize).min(order.seqs.len());
        let last = first.saturating_add(request.rows as usize).min(order.seqs.len());
        let seqs: Vec<u64> = order.seqs.iter().take(last).skip(first).map(|seq| u64::from(*seq)).collect();
        let rows = self.reader.items(request.job, &seqs)?;
        let (total, revision) = (order.seqs.len() as u64, order.revision);
        let is_listed = request.cursor.is_some_and(|seq| order.seqs.iter().any(|listed| u64::from(*listed) == seq));
        let cursor = if is_listed { self.cursor(&request, &rows)? } else { None };
        Ok(Some(ItemsPage { total, rows: rows.into(), revision, request, cursor }))
    }

    /// The item of the request's cursor, if it exists.
    fn cursor(&self, request: &ItemsRequest, rows: &[ItemRow]) -> Result<Option<ItemRow>, JobError> {
        let Some(seq) = request.cursor else { return Ok(None) };
        if let Some(row) = rows.iter().find(|row| row.id.seq == seq) {
            return Ok(Some(row.clone()));
        }
        Ok(self.reader.items(request.job, &[seq])?.pop())
    }

    /// Computes the list's order unless it is known; `false` if a newer request arrived meanwhile.
    fn make_order(&mut self, request: &ItemsRequest, revision: u64) -> Result<bool, JobError> {
        let fits = |order: &Ordered| {
            (order.job, &order.filter, order.sort) == (request.job, &request.filter, request.sort)
                && (order.revision == revision || order.made_at.elapsed() < order.cost * PATIENCE)
        };
        if self.order.as_ref().is_some_and(fits) {
            return Ok(true);
        }
        let started = Instant::now();
        let bell = self.shared.items_wanted.bell();
        let filter = &request.filter;
        let order = match request.sort {
            ItemsSort::Added => Order::Added,
            ItemsSort::Name => Order::Name,
            ItemsSort::State => Order::State,
            ItemsSort::Size => Order::Size,
        };
        let &ItemsFilter { state, kind, is_remarked, ref text } = filter;
        let listed = ListFilter { state, kind, text, is_remarked };
        let seqs = self.reader.order(request.job, &listed, order, &|| !bell.is_empty())?;
        let Some(seqs) = seqs else { return Ok(false) };
        self.order = Some(Ordered {
            job: request.job,
            filter: filter.clone(),
            sort: request.sort,
            revision,
            made_at: Instant::now(),
            cost: started.elapsed(),
            seqs,
        });
        Ok(true)
    }
}
