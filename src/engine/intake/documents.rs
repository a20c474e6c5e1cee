//! Documents become items: one for each chosen page. Pages are counted when a source is read; none is decoded.

use std::io::{Read, Seek, SeekFrom};
use std::sync::Arc;

use crate::codec::{self, DecodeControl, Helpers};
use crate::config::{HEAD_BYTES, MAX_FILE_BYTES};
use crate::engine::run::memory_budget::default_memory_bytes;
use crate::model::{Limits, Locator, NewItem, PagesChoice, is_raw_extension};
use crate::store::{self, EntryKind};

/// Divides local documents into pages.
pub(crate) struct DocumentPages {
    choice: PagesChoice,
    /// The largest document in bytes that is read to count its pages.
    most_bytes: u64,
    /// For documents that only a helper process can read.
    helpers: Arc<Helpers>,
}

impl DocumentPages {
    pub(crate) fn new(limits: &Limits, helpers: &Arc<Helpers>) -> Self {
        let memory_bytes = limits.memory_bytes.unwrap_or_else(default_memory_bytes);
        Self { choice: limits.pages, most_bytes: memory_bytes.min(MAX_FILE_BYTES), helpers: Arc::clone(helpers) }
    }

    /// Whether files are looked into.
    pub(crate) fn divides(&self) -> bool {
        self.choice.makes_items()
    }

    /// The items that a file is: the chosen pages of a document that has several, otherwise itself. So is a document
    /// whose pages can't be counted, or that has none of the chosen ones: it fails when it is processed, with the reason.
    pub(crate) fn split(&self, item: NewItem, cancelled: &dyn Fn() -> bool) -> Vec<NewItem> {
        let is_file = matches!(item.locator, Locator::File(_)) && item.error.is_none();
        if !is_file || !self.divides() {
            return vec![item];
        }
        let pages = self.count(&item.locator, cancelled).and_then(|count| self.choice.of_document(count).ok());
        match pages.unwrap_or_default().as_slice() {
            [] => vec![item],
            pages => pages.iter().map(|page| item.at_page(*page)).collect(),
        }
    }

    /// Whether a file may be a document whose pages are items.
    pub(crate) fn may_divide(&self, locator: &Locator) -> bool {
        self.divides() && codec::sniff(&store::read_head(locator, HEAD_BYTES)).is_some_and(codec::may_have_pages)
    }

    /// The number of pages of a file, if it is a document and can be read.
    fn count(&self, locator: &Locator, cancelled: &dyn Fn() -> bool) -> Option<u32> {
        let path = locator.path()?;
        // Many of them are inside TIFF, and have no pages.
        if path.extension().is_some_and(|extension| is_raw_extension(&extension.to_string_lossy())) {
            return None;
        }
        let store = store::of(locator).ok()?;
        // A pipe can be read only once.
        store.head(locator).ok().filter(|head| head.kind == EntryKind::File)?;
        let mut file = store.open(locator).ok()?.into_file().ok()?;
        let mut head = Vec::new();
        (&mut file).take(HEAD_BYTES).read_to_end(&mut head).ok()?;
        let format = codec::sniff(&head).filter(|format| codec::may_have_pages(*format))?;
        file.seek(SeekFrom::Start(0)).ok()?;
        if let Some(counted) = codec::count_pages(format, &mut file) {
            return counted.ok();
        }
        let bytes = store::read(locator, self.most_bytes).ok()?;
        let control = DecodeControl::new(cancelled, &self.helpers);
        codec::probe_with(&bytes, 0, &control).ok().map(|header| header.pages)
    }
}
