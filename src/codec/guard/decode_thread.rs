//! Work that can't be stopped from outside runs on a thread of its own, so that whoever waits for it can give it up in
//! time. A thread that was left behind ends by itself; until it does, what it takes stays counted as taken, and there
//! are never more than a few: the next one waits for them.

use std::any::Any;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::codec::errors;
use crate::error::{ErrorKind, ItemError};

/// Threads that were left behind at most; above that, no further one is begun.
const MAX_LEFT: usize = 2;
/// How long one waits for them at most, where nobody gives up earlier.
const MAX_WAIT: Duration = Duration::from_mins(1);
/// How often it is asked whether to give up.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// Threads that were left behind and have not ended.
static LEFT: AtomicUsize = AtomicUsize::new(0);

/// What work takes, given back when the last one who holds it lets go.
pub type Held = Arc<dyn Any + Send + Sync>;

/// How long somebody waits for an image.
#[derive(Clone)]
pub struct DecodeControl<'a> {
    /// Whether to wait no more; asked often.
    pub cancelled: &'a dyn Fn() -> bool,
    /// What the work takes, kept by it until it ends, even where nobody waits for it any more.
    pub held: Option<Held>,
}

impl DecodeControl<'_> {
    /// Waits as long as it takes.
    pub fn endless() -> DecodeControl<'static> {
        DecodeControl { cancelled: &|| false, held: None }
    }
}

fn cancelled() -> ItemError {
    ItemError::nameless(ErrorKind::Cancelled)
}

/// One thread's work, as the thread and the one who waits for it both see it.
pub(crate) struct Work {
    /// Set by the first of two: the thread at its end, or the one who leaves it behind.
    over: AtomicBool,
    held: Mutex<Option<Held>>,
}

impl Work {
    /// Waits until there is room for another thread.
    pub(crate) fn begin(control: &DecodeControl<'_>) -> Result<Arc<Self>, ItemError> {
        let begun = Instant::now();
        while LEFT.load(Ordering::Acquire) >= MAX_LEFT {
            if (control.cancelled)() {
                return Err(cancelled());
            }
            if begun.elapsed() > MAX_WAIT {
                return Err(errors::too_large("too many slow images are still decoding"));
            }
            std::thread::sleep(LOOK_AGAIN);
        }
        Ok(Arc::new(Self { over: AtomicBool::new(false), held: Mutex::new(control.held.clone()) }))
    }

    /// What the thread says last, however it ends.
    pub(crate) fn end(&self) {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).take();
        if self.over.swap(true, Ordering::AcqRel) {
            LEFT.fetch_sub(1, Ordering::AcqRel);
        }
    }

    fn leave(&self) {
        LEFT.fetch_add(1, Ordering::AcqRel);
        if self.over.swap(true, Ordering::AcqRel) {
            LEFT.fetch_sub(1, Ordering::AcqRel);
        }
    }

    /// Waits for the thread's outcome; `Cancelled` where that was given up, `None` where it ended without one.
    pub(crate) fn outcome<T>(
        &self,
        outcome_rx: &Receiver<Result<T, ItemError>>,
        control: &DecodeControl<'_>,
    ) -> Option<Result<T, ItemError>> {
        loop {
            match outcome_rx.recv_timeout(LOOK_AGAIN) {
                Ok(outcome) => return Some(outcome),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) if (control.cancelled)() => {
                    self.leave();
                    return Some(Err(cancelled()));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }
}

/// Says that work is at its end when its thread unwinds, too.
struct Ends(Arc<Work>);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// Runs work apart, on a thread of that name and stack; a panic becomes an error of the file.
pub(crate) fn run<T: Send + 'static>(
    name: &str,
    stack_bytes: usize,
    control: &DecodeControl<'_>,
    work: impl FnOnce() -> Result<T, ItemError> + Send + 'static,
) -> Result<T, ItemError> {
    let shared = Work::begin(control)?;
    let (outcome_tx, outcome_rx) = sync_channel(1);
    let ends = Ends(Arc::clone(&shared));
    let thread = std::thread::Builder::new().name(name.to_owned()).stack_size(stack_bytes);
    let spawned = thread.spawn(move || {
        let ends = ends;
        let outcome = work();
        // Before the outcome, so that nothing counts as taken behind it.
        drop(ends);
        let _ = outcome_tx.send(outcome);
    });
    spawned.map_err(|error| errors::too_large(format!("couldn't start a thread: {error}")))?;
    shared.outcome(&outcome_rx, control).unwrap_or_else(|| Err(errors::corrupt("its decoder crashed")))
}

#[cfg(test)]
mod tests {
    use super::super::decode_thread::*;

    #[test]
    fn what_is_given_up_is_left_behind_and_holds_what_it_takes_until_it_ends() {
        let begun = Instant::now();
        let cancelled = || begun.elapsed() > Duration::from_millis(50);
        let held: Held = Arc::new(7);
        let (go_tx, go_rx) = sync_channel::<()>(1);
        let control = DecodeControl { cancelled: &cancelled, held: Some(Arc::clone(&held)) };
        let outcome = run("pixloom-test", 1 << 20, &control, move || {
            let _ = go_rx.recv();
            Ok(())
        });
        assert!(outcome.is_err_and(|error| error.kind == ErrorKind::Cancelled));
        assert!(begun.elapsed() < Duration::from_secs(20));
        drop(control);
        assert_eq!(Arc::strong_count(&held), 2, "the thread still takes it");
        assert!(LEFT.load(Ordering::Acquire) >= 1);
        assert!(go_tx.send(()).is_ok());
        while Arc::strong_count(&held) > 1 && begun.elapsed() < Duration::from_secs(20) {
            std::thread::sleep(LOOK_AGAIN);
        }
        assert_eq!(Arc::strong_count(&held), 1);
    }

    #[test]
    fn a_panic_apart_is_an_error_and_what_is_done_in_time_is_given() {
        let outcome = run("pixloom-test", 1 << 20, &DecodeControl::endless(), || Ok(5));
        assert!(outcome.is_ok_and(|five| five == 5));
        let outcome: Result<(), _> = run("pixloom-test", 1 << 20, &DecodeControl::endless(), || panic!("hostile data"));
        assert!(outcome.is_err_and(|error| error.kind == ErrorKind::Corrupt));
    }
}
