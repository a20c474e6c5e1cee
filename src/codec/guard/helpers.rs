//! Helper processes, started on demand and kept while idle.

use std::path::PathBuf;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use super::helper::{Allowance, Failure, Helper, Watcher, crashed, system_refused, unavailable};
use super::protocol::{Reply, Request, Span, Task};
use super::shared_memory::SharedMemory;
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
        let request = request(input, task, &allowance);
        loop {
            let mut lease = self.lease()?;
            let Some(helper) = &mut lease.helper else { continue };
            helper.start_work();
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

fn request(input: &[u8], task: Task, allowance: &Allowance) -> Request {
    Request { input_bytes: input.len() as u64, processor_s: allowance.processor.0.as_secs(), task }
}

/// A helper in use; it goes back to the idle ones when dropped.
pub(super) struct Lease {
    helper: Option<Helper>,
    helpers: Arc<Helpers>,
    was_idle: bool,
}

impl Lease {
    /// Ends the helper.
    pub(super) fn discard(mut self) {
        self.helper.take();
    }

    /// Sends a request about the file that the helper has already. `allowance` is for all requests since it got it.
    /// After an error the helper has ended, or has nothing open.
    pub(super) fn ask_again(
        &mut self,
        task: Task,
        allowance: Allowance,
        watcher: &Watcher<'_>,
    ) -> Result<Reply, ItemError> {
        let helper = self.helper.as_mut().ok_or_else(crashed)?;
        match helper.ask(&[], request(&[], task, &allowance), allowance, watcher) {
            Ok(Reply::Failed(error)) => Err(error),
            Ok(reply) => Ok(reply),
            Err(failure) => {
                self.helper.take();
                Err(match failure {
                    Failure::Gone => crashed(),
                    Failure::Item(error) => error,
                })
            }
        }
    }

    /// The shared memory.
    pub(super) fn shared(&self) -> Result<Arc<SharedMemory>, ItemError> {
        self.helper.as_ref().map(|helper| Arc::clone(&helper.shared)).ok_or_else(crashed)
    }

    /// A part of the shared memory.
    pub(super) fn block(&self, span: Span) -> Result<Vec<u8>, ItemError> {
        let within = self.helper.as_ref().and_then(|helper| helper.shared.len().ok()).unwrap_or_default();
        if span.at.checked_add(span.bytes).is_none_or(|end| end > within) {
            return Err(crashed());
        }
        let mut block = errors::zeroed::<u8>(span.bytes)?;
        self.shared()?.read_at(&mut block, span.at).map_err(|_| crashed())?;
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
