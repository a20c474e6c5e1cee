//! Helper processes, started on demand and kept while idle.

use std::path::PathBuf;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use super::helper::{Allowance, Failure, Helper, Watcher, crashed, system_refused, unavailable};
use super::protocol::{Reply, Request, Span, Task};
use crate::codec::errors;
use crate::error::ItemError;
use crate::store::descriptors;

/// Maximum number of idle helpers.
const KEPT_IDLE: usize = 16;

/// Starts helper processes when they are needed and keeps idle ones for a while.
pub struct Helpers {
    /// `None` is this program.
    program: Option<PathBuf>,
    idle: Mutex<Vec<Helper>>,
}

impl Helpers {
    /// Helpers of `program`, which must be Pixloom; `None` is the running program. Starts none yet.
    pub fn new(program: Option<PathBuf>) -> Arc<Self> {
        Arc::new(Self { program, idle: Mutex::default() })
    }

    /// Helpers of the running program that belong to no engine: for decoding before a job starts.
    pub fn of_this_program() -> &'static Arc<Self> {
        static HELPERS: LazyLock<Arc<Helpers>> = LazyLock::new(|| Helpers::new(None));
        &HELPERS
    }

    /// Number of idle helpers.
    pub fn idle_count(&self) -> usize {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn lease(self: &Arc<Self>) -> Result<Lease, ItemError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let was_idle = idle.is_some();
        let helper = match idle {
            Some(helper) => helper,
            None => descriptors::when_free(|| self.start()).map_err(system_refused)?,
        };
        Ok(Lease { helper: Some(helper), helpers: Arc::clone(self), was_idle })
    }

    fn start(&self) -> std::io::Result<Helper> {
        if let Some(program) = &self.program {
            return Helper::start(program);
        }
        // The running program, even if its file has been replaced since.
        #[cfg(target_os = "linux")]
        if let Ok(helper) = Helper::start(std::path::Path::new("/proc/self/exe")) {
            return Ok(helper);
        }
        Helper::start(&std::env::current_exe()?)
    }

    /// Sends a request to a helper. The lease keeps the pixels.
    pub(super) fn ask(
        self: &Arc<Self>,
        input: &[u8],
        task: Task,
        allowance: Allowance,
        watcher: &Watcher<'_>,
    ) -> Result<(Lease, Reply), ItemError> {
        let processor_s = allowance.processor.0.as_secs();
        let request = Request { input_bytes: input.len() as u64, processor_s, task };
        loop {
            let mut lease = self.lease()?;
            let Some(helper) = &mut lease.helper else { continue };
            match helper.ask(input, request, allowance, watcher) {
                Ok(Reply::Failed(error)) => return Err(error),
                Ok(reply) => return Ok((lease, reply)),
                Err(failure) => {
                    // Its state is unknown, or it has exited.
                    let was_idle = lease.was_idle;
                    lease.discard();
                    match failure {
                        Failure::Gone if was_idle => {}
                        Failure::Gone => return Err(unavailable("helper_ended")),
                        Failure::Item(error) => return Err(error),
                    }
                }
            }
        }
    }
}

/// A helper in use; it goes back to the idle ones when dropped.
pub(super) struct Lease {
    helper: Option<Helper>,
    helpers: Arc<Helpers>,
    was_idle: bool,
}

impl Lease {
    fn discard(mut self) {
        self.helper.take();
    }

    /// Reads a part of the shared memory.
    pub(super) fn read(&self, span: Span, into: &mut [u8]) -> Result<(), ItemError> {
        let helper = self.helper.as_ref().ok_or_else(crashed)?;
        helper.shared.read_at(into, span.at).map_err(|_| crashed())
    }

    /// A part of the shared memory.
    pub(super) fn block(&self, span: Span) -> Result<Vec<u8>, ItemError> {
        let within = self.helper.as_ref().and_then(|helper| helper.shared.len().ok()).unwrap_or_default();
        if span.at.checked_add(span.bytes).is_none_or(|end| end > within) {
            return Err(crashed());
        }
        let mut block = errors::zeroed::<u8>(span.bytes)?;
        self.read(span, &mut block)?;
        Ok(block)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(helper) = self.helper.take().filter(Helper::refresh) else { return };
        let mut idle = self.helpers.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < KEPT_IDLE {
            idle.push(helper);
        }
    }
}
