//! The most recently fetched bodies, kept for previews within a budget of bytes.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use crate::model::ItemId;

/// Bytes kept at most.
const BUDGET_BYTES: usize = 64 << 20;

/// Recently fetched bodies.
#[derive(Default)]
pub(crate) struct BodyCache {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    bytes: usize,
    bodies: VecDeque<(ItemId, CachedBody)>,
}

/// A body and the media type that the server sent.
#[derive(Clone)]
pub(crate) struct CachedBody {
    pub(crate) bytes: Arc<[u8]>,
    pub(crate) content_type: Option<String>,
}

impl BodyCache {
    /// Keeps a body, and drops the oldest ones if the budget is used up.
    pub(crate) fn keep(&self, id: ItemId, bytes: &[u8], content_type: Option<String>) {
        if bytes.len() > BUDGET_BYTES / 4 {
            return;
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.bytes += bytes.len();
        kept.bodies.push_back((id, CachedBody { bytes: bytes.into(), content_type }));
        while kept.bytes > BUDGET_BYTES {
            let Some((_, oldest)) = kept.bodies.pop_front() else { break };
            kept.bytes -= oldest.bytes.len();
        }
    }

    /// The body of an item, if it is still there.
    pub(crate) fn get(&self, id: ItemId) -> Option<CachedBody> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.bodies.iter().rev().find(|(kept_id, _)| *kept_id == id).map(|(_, body)| body.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::super::body_cache::*;
    use crate::model::JobId;

    #[test]
    fn the_oldest_bodies_are_dropped_when_the_budget_is_used_up() {
        let bodies = BodyCache::default();
        let id = |seq| ItemId { job: JobId(1), seq };
        for seq in 0..10 {
            bodies.keep(id(seq), &vec![0; BUDGET_BYTES / 5], None);
        }
        assert!(bodies.get(id(0)).is_none());
        assert!(bodies.get(id(9)).is_some());
    }
}
