//! What an admitted item holds while it is processed: memory, and a permit of the pixel pool.

use std::sync::{Mutex, PoisonError};

use super::Run;
use super::budget::{Share, Stopped};
use crate::codec::DecodeHost;
use crate::error::{ErrorKind, ItemError};

/// An item's memory and permit, given back on drop.
pub(super) struct Admission {
    memory: Share,
    slot: Mutex<PoolSlot>,
    _in_pool: Option<Share>,
}

/// What lets an item use a thread of the pixel pool.
enum PoolSlot {
    /// Nothing: it is saved on the thread that admitted it.
    Own,
    /// One of the workers' permits.
    Worker { _permit: Share },
    /// One of the few lanes for slow decodes, which leave their permits to others.
    SlowLane { _lane: Share },
}

impl Run {
    /// Whether no item is in the pixel pool.
    pub(crate) fn is_pool_idle(&self) -> bool {
        self.in_pool.fullness() <= 0.0
    }

    /// Waits for memory, and for a permit where the item goes to the pixel pool.
    pub(super) fn take_admission(&self, memory_bytes: u64, needs_worker: bool) -> Result<Admission, Stopped> {
        let memory = self.memory.take(memory_bytes, &self.switch)?;
        let slot = if needs_worker {
            PoolSlot::Worker { _permit: self.permits.take(1, &self.switch)? }
        } else {
            PoolSlot::Own
        };
        let in_pool = if needs_worker { Some(self.in_pool.take(1, &self.switch)?) } else { None };
        Ok(Admission { memory, slot: Mutex::new(slot), _in_pool: in_pool })
    }
}

/// Decides about an item's decode while a helper works on it.
pub(super) struct Host<'a> {
    pub(super) run: &'a Run,
    pub(super) admission: &'a Admission,
}

impl DecodeHost for Host<'_> {
    fn may_take(&self, bytes: u64) -> bool {
        self.admission.memory.grow_to(bytes)
    }

    fn step_aside(&self) -> bool {
        let Some(lane) = self.run.slow_lanes.try_take(1) else { return false };
        *self.admission.slot.lock().unwrap_or_else(PoisonError::into_inner) = PoolSlot::SlowLane { _lane: lane };
        true
    }

    fn step_back(&self) -> Result<(), ItemError> {
        let permit = self.run.permits.take(1, &self.run.switch);
        let permit = permit.map_err(|Stopped| ItemError::nameless(ErrorKind::Cancelled))?;
        *self.admission.slot.lock().unwrap_or_else(PoisonError::into_inner) = PoolSlot::Worker { _permit: permit };
        Ok(())
    }
}
