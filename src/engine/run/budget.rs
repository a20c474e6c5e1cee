//! Cancellable waits: permits for the pixel pool, a budget of bytes, and the switch that pauses and stops a run.
//!
//! Every change wakes those who wait for it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The run was stopped during a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stopped;

/// Whether a run may hand out work: running, paused or stopped. Stopping is final and ends every wait.
pub(crate) struct Switch {
    state: Mutex<SwitchState>,
    changed: Condvar,
    stopped: AtomicBool,
}

#[derive(Clone, Copy, Default)]
struct SwitchState {
    paused: bool,
    stopped: bool,
    /// Counts pokes, so that one between a check and a wait is not lost.
    pokes: u64,
}

impl Switch {
    pub(crate) fn new() -> Self {
        Self { state: Mutex::default(), changed: Condvar::new(), stopped: AtomicBool::new(false) }
    }

    fn state(&self) -> MutexGuard<'_, SwitchState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_paused(&self, paused: bool) {
        self.state().paused = paused;
        self.changed.notify_all();
    }

    pub(crate) fn stop(&self) {
        self.state().stopped = true;
        self.stopped.store(true, Ordering::Release);
        self.changed.notify_all();
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    pub(crate) fn is_paused(&self) -> bool {
        self.state().paused
    }

    /// Ends all waits in [`Switch::wait_poke`].
    pub(crate) fn poke(&self) {
        self.state().pokes += 1;
        self.changed.notify_all();
    }

    /// Number of pokes so far; read it before looking for work.
    pub(crate) fn pokes(&self) -> u64 {
        self.state().pokes
    }

    /// Waits while paused.
    pub(crate) fn wait_going(&self) -> Result<(), Stopped> {
        let mut state = self.state();
        while state.paused && !state.stopped {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.stopped { Err(Stopped) } else { Ok(()) }
    }

    /// Waits for a poke after `seen` of them. A pause ends the wait like a stop.
    pub(crate) fn wait_poke_going(&self, seen: u64) -> Result<(), Stopped> {
        let mut state = self.state();
        while state.pokes == seen && !state.stopped && !state.paused {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.stopped || state.paused { Err(Stopped) } else { Ok(()) }
    }

    /// Waits for a poke after `seen` of them.
    pub(crate) fn wait_poke(&self, seen: u64) -> Result<(), Stopped> {
        let mut state = self.state();
        while state.pokes == seen && !state.stopped {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.stopped { Err(Stopped) } else { Ok(()) }
    }
}

/// A number of units, such as permits or bytes, that are taken and given back. A request above the whole is admitted
/// alone.
pub(crate) struct Budget {
    whole: u64,
    used: Mutex<Used>,
    freed: Condvar,
}

#[derive(Default)]
struct Used {
    units: u64,
    /// Number of waiting threads: even a notification that wakes nobody costs a system call.
    waiters: usize,
}

/// Units taken from a [`Budget`], given back on drop.
pub(crate) struct Share {
    budget: Arc<Budget>,
    units: AtomicU64,
}

/// Longest sleep before a waiting thread checks whether the run was stopped.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

impl Budget {
    pub(crate) fn new(whole: u64) -> Arc<Self> {
        Arc::new(Self { whole: whole.max(1), used: Mutex::default(), freed: Condvar::new() })
    }

    fn used(&self) -> MutexGuard<'_, Used> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes units, waiting until they are free.
    pub(crate) fn take(self: &Arc<Self>, units: u64, switch: &Switch) -> Result<Share, Stopped> {
        let units = units.min(self.whole);
        let mut used = self.used();
        while used.units + units > self.whole {
            if switch.is_stopped() {
                return Err(Stopped);
            }
            used.waiters += 1;
            used = self.freed.wait_timeout(used, LOOK_AGAIN).unwrap_or_else(PoisonError::into_inner).0;
            used.waiters -= 1;
        }
        if switch.is_stopped() {
            return Err(Stopped);
        }
        used.units += units;
        Ok(Share { budget: Arc::clone(self), units: AtomicU64::new(units) })
    }

    /// Takes units if they are free now.
    pub(crate) fn try_take(self: &Arc<Self>, units: u64) -> Option<Share> {
        let mut used = self.used();
        if used.units + units > self.whole {
            return None;
        }
        used.units += units;
        Some(Share { budget: Arc::clone(self), units: AtomicU64::new(units) })
    }

    /// The whole number of units.
    pub(crate) fn whole(&self) -> u64 {
        self.whole
    }

    /// The share in use, from 0 to 1.
    pub(crate) fn fullness(&self) -> f32 {
        (self.used().units as f64 / self.whole as f64) as f32
    }
}

impl Share {
    /// Takes more of the budget, so that the share has `units` in all; `false` if they are not free now.
    pub(crate) fn grow_to(&self, units: u64) -> bool {
        let mut used = self.budget.used();
        let more = units.saturating_sub(self.units.load(Ordering::Relaxed));
        if used.units + more > self.budget.whole {
            return false;
        }
        used.units += more;
        self.units.fetch_add(more, Ordering::Relaxed);
        true
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut used = self.budget.used();
        used.units -= self.units.load(Ordering::Relaxed);
        if used.waiters > 0 {
            self.budget.freed.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::budget::*;

    #[test]
    fn a_request_above_the_whole_is_admitted_alone() {
        let budget = Budget::new(100);
        let switch = Switch::new();
        let share = budget.take(1000, &switch);
        assert!(share.is_ok());
        assert!((budget.fullness() - 1.0).abs() < 1e-6);
        drop(share);
        assert!(budget.fullness().abs() < 1e-6);
    }

    #[test]
    fn a_share_grows_as_far_as_the_budget_has_room_and_gives_all_of_it_back() {
        let budget = Budget::new(100);
        let other = budget.try_take(30);
        let share = budget.take(50, &Switch::new()).ok();
        assert!(budget.try_take(21).is_none());
        assert!(share.as_ref().is_some_and(|share| share.grow_to(40) && share.grow_to(70) && !share.grow_to(71)));
        drop((share, other));
        assert!(budget.fullness().abs() < 1e-6);
    }

    #[test]
    fn a_wait_for_bytes_ends_as_soon_as_they_are_given_back() {
        let budget = Budget::new(10);
        let switch = Switch::new();
        let all = budget.take(10, &switch);
        let (waits_tx, waits_rx) = crossbeam_channel::bounded(1);
        std::thread::scope(|scope| {
            let waiters: Vec<_> = (0..2)
                .map(|_| {
                    scope.spawn(|| {
                        let _ = waits_tx.send(());
                        budget.take(5, &switch)
                    })
                })
                .collect();
            assert!(waits_rx.recv().and_then(|()| waits_rx.recv()).is_ok());
            drop(all);
            let shares: Vec<_> = waiters.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
            assert!(shares.iter().all(|share| matches!(share, Ok(Ok(_)))));
        });
        assert_eq!(budget.used().waiters, 0);
    }

    #[test]
    fn a_wait_for_bytes_ends_when_the_run_is_stopped() {
        let budget = Budget::new(10);
        let switch = Arc::new(Switch::new());
        let _all = budget.take(10, &switch);
        std::thread::scope(|scope| {
            let waiter = scope.spawn(|| budget.take(1, &switch).is_err());
            switch.stop();
            assert!(waiter.join().is_ok_and(|stopped| stopped));
        });
    }

    #[test]
    fn a_poke_before_the_wait_is_not_lost() {
        let switch = Switch::new();
        let seen = switch.pokes();
        switch.poke();
        assert_eq!(switch.wait_poke(seen), Ok(()));
    }

    #[test]
    fn a_stop_wakes_paused_threads() {
        let switch = Switch::new();
        switch.set_paused(true);
        std::thread::scope(|scope| {
            let waiter = scope.spawn(|| switch.wait_going());
            switch.stop();
            assert!(waiter.join().is_ok_and(|result| result == Err(Stopped)));
        });
    }
}
