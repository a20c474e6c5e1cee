//! Runs the decoder where it can do no harm. Its functions are a C library's, out of which no panic may unwind: one on
//! hostile data would end the program. So it works on a thread of its own, and when that panics, the failure is told
//! and the thread stays where it is for good, before anything unwinds.

use std::cell::RefCell;
use std::panic;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Once};

use super::rav1d::Frame;
use crate::codec::errors;
use crate::codec::guard::decode_thread::DecodeControl;
use crate::codec::guard::decode_thread::Work;
use crate::error::ItemError;

/// Threads that may be lost; more would be a flood of files made for that.
const MAX_LOST: usize = 32;
/// Stack of the decoder's thread.
const STACK_BYTES: usize = 8 << 20;

/// Threads that were lost.
static LOST: AtomicUsize = AtomicUsize::new(0);

type Outcome = Result<Frame, ItemError>;

thread_local! {
    /// Who waits for this thread's outcome, while it is within the decoder.
    static WAITING: RefCell<Option<(SyncSender<Outcome>, Arc<Work>)>> = const { RefCell::new(None) };
}

fn failed() -> ItemError {
    errors::corrupt("invalid AV1 data")
}

/// Puts a hook before the one there is, once: it minds the decoder's threads alone.
fn mind_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            let waiting = WAITING.try_with(|waiting| waiting.try_borrow_mut().ok().and_then(|mut w| w.take()));
            if let Ok(Some((result_tx, work))) = waiting {
                // A test program takes the hooks back at its end, and would wait for this thread forever.
                #[cfg(test)]
                if !tests::IN_A_PROGRAM_OF_ITS_OWN.load(Ordering::Relaxed) {
                    previous(panic);
                    std::process::exit(101);
                }
                LOST.fetch_add(1, Ordering::Relaxed);
                work.end();
                let _ = result_tx.send(Err(failed()));
                loop {
                    std::thread::park();
                }
            }
            previous(panic);
        }));
    });
}

/// Runs a decoder's work, and gives an error for its panic. It can't be stopped: given up, it is left behind.
pub(super) fn run(control: &DecodeControl<'_>, work: impl FnOnce() -> Outcome + Send + 'static) -> Outcome {
    if LOST.load(Ordering::Relaxed) >= MAX_LOST {
        return Err(errors::unsupported("AVIF decoding is disabled after repeated crashes; restart Pixloom"));
    }
    mind_panics();
    let shared = Work::begin(control)?;
    let (result_tx, result_rx): (_, Receiver<Outcome>) = sync_channel(1);
    let thread = std::thread::Builder::new().name("pixloom-av1".to_owned()).stack_size(STACK_BYTES);
    let seen = Arc::clone(&shared);
    let spawned = thread.spawn(move || {
        WAITING.with(|waiting| *waiting.borrow_mut() = Some((result_tx.clone(), Arc::clone(&seen))));
        let outcome = work();
        WAITING.with(|waiting| waiting.borrow_mut().take());
        seen.end();
        let _ = result_tx.send(outcome);
    });
    spawned.map_err(|error| errors::too_large(format!("couldn't start a thread: {error}")))?;
    shared.outcome(&result_rx, control).unwrap_or_else(|| Err(failed()))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::process::Command;
    use std::sync::atomic::AtomicBool;

    use super::super::panic_guard::*;
    use crate::error::ErrorKind;

    /// Whether a thread may be lost: the program ends without asking for it.
    pub(super) static IN_A_PROGRAM_OF_ITS_OWN: AtomicBool = AtomicBool::new(false);

    /// A function like the decoder's, which a panic would end the program in.
    extern "C" fn as_in_c(panics: bool) {
        assert!(!panics, "hostile data");
    }

    #[test]
    fn a_panic_that_may_not_unwind_is_an_error_of_the_file() {
        let inner = "codec::avif::panic_guard::tests::a_panic_on_hostile_data";
        let program = std::env::current_exe().unwrap();
        let status = Command::new(program).args(["--ignored", "--exact", inner]).status().unwrap();
        // What ends with 0 ran no test at all.
        assert_eq!(status.code(), Some(7));
    }

    #[test]
    #[ignore = "run by the test above, in a program of its own"]
    fn a_panic_on_hostile_data() {
        IN_A_PROGRAM_OF_ITS_OWN.store(true, Ordering::Relaxed);
        let outcome = run(&DecodeControl::endless(), || {
            as_in_c(true);
            Err(errors::truncated())
        });
        assert_eq!(outcome.unwrap_err().kind, ErrorKind::Corrupt);
        let outcome = run(&DecodeControl::endless(), || {
            as_in_c(false);
            Err(errors::truncated())
        });
        assert_eq!(outcome.unwrap_err().kind, ErrorKind::Truncated);
        std::process::exit(7);
    }
}
