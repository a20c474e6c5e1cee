//! What is kept of bodies that broke off, until their links are tried again. However many links wait, their parts take
//! no more memory and file descriptors than these limits; a part that does not fit is dropped, and received again.

use std::sync::{Arc, Mutex, PoisonError};

use super::body::Holding;
use crate::fetch::limits::FetchLimits;

/// What kept parts may still take.
#[derive(Debug)]
pub(crate) struct KeptParts(Mutex<Holding>);

/// A kept part's share, given back on drop.
#[derive(Debug)]
pub(crate) struct KeptPart {
    of: Arc<KeptParts>,
    holding: Holding,
}

impl KeptParts {
    /// Within these limits.
    pub(crate) fn new(limits: &FetchLimits) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Holding { bytes: limits.kept_bytes, files: limits.kept_files })))
    }

    /// Keeps a part that takes this much, if it fits.
    pub(crate) fn keep(self: &Arc<Self>, holding: Holding) -> Option<KeptPart> {
        let mut left = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = left.bytes.checked_sub(holding.bytes)?;
        let files = left.files.checked_sub(holding.files)?;
        *left = Holding { bytes, files };
        Some(KeptPart { of: Arc::clone(self), holding })
    }
}

impl Drop for KeptPart {
    fn drop(&mut self) {
        let mut left = self.of.0.lock().unwrap_or_else(PoisonError::into_inner);
        left.bytes += self.holding.bytes;
        left.files += self.holding.files;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_kept_as_long_as_their_bytes_and_files_fit() {
        let parts = KeptParts::new(&FetchLimits { kept_bytes: 100, kept_files: 1, ..FetchLimits::default() });
        let holding = |bytes, files| Holding { bytes, files };
        let many: Vec<_> = (0..50).map_while(|_| parts.keep(holding(2, 0))).collect();
        assert_eq!((many.len(), parts.keep(holding(1, 0)).is_some()), (50, false));
        drop(many);
        let file = parts.keep(holding(10, 1));
        assert!(file.is_some() && parts.keep(holding(10, 1)).is_none() && parts.keep(holding(90, 0)).is_some());
        drop(file);
        assert!(parts.keep(holding(100, 1)).is_some());
    }
}
