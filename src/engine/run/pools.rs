//! Thread pools: one pixel worker per core, at a lower priority than the window.

use std::sync::OnceLock;

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::error::JobError;

/// Niceness of pixel workers when there is a window.
#[cfg(unix)]
const NICENESS: i32 = 10;

/// Number of slow decodes in helper processes whose pool threads may wait while other items use the workers.
pub(crate) const SLOW_LANES: usize = 4;

/// Number of cores this process may use.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get)
}

/// Number of network threads: on few cores one, since a second would mostly wake and suspend the first.
pub(crate) fn net_threads() -> usize {
    (cores() / 2).clamp(1, 2)
}

/// Threads for pixels: one per worker and no more, since idle threads of a pool spin before they sleep. While some of
/// them wait for slow decodes, items go to a second pool, which starts when it is first needed.
pub(crate) struct PixelPool {
    workers: usize,
    has_window: bool,
    pool: ThreadPool,
    relief: OnceLock<Option<ThreadPool>>,
}

impl PixelPool {
    /// If there is a window, the threads have a lower priority than its own.
    pub(crate) fn new(workers: usize, has_window: bool) -> Result<Self, JobError> {
        let workers = workers.max(1);
        let pool = pixel_threads(workers, has_window).map_err(|error| JobError::thread("pixloom-pixel", error))?;
        Ok(Self { workers, has_window, pool, relief: OnceLock::new() })
    }

    /// Number of items that may be processed at the same time.
    pub(crate) fn workers(&self) -> usize {
        self.workers
    }

    /// Runs a task; `has_blocked_threads` while slow decodes may occupy all threads of the first pool.
    pub(crate) fn spawn(&self, has_blocked_threads: bool, task: impl FnOnce() + Send + 'static) {
        let relief = has_blocked_threads.then(|| self.relief.get_or_init(|| self.start_relief()).as_ref()).flatten();
        relief.unwrap_or(&self.pool).spawn(task);
    }

    /// Without further threads, items wait until a slow decode ends.
    fn start_relief(&self) -> Option<ThreadPool> {
        let started = pixel_threads(self.workers + SLOW_LANES, self.has_window);
        started.inspect_err(|error| tracing::warn!("no threads beside slow decodes: {error}")).ok()
    }
}

fn pixel_threads(threads: usize, has_window: bool) -> Result<ThreadPool, rayon::ThreadPoolBuildError> {
    ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|index| format!("pixloom-pixel-{index}"))
        .start_handler(move |_| {
            if has_window {
                lower_own_priority();
            }
        })
        .panic_handler(|_| tracing::error!("a pixel task panicked outside its item"))
        .build()
}

/// The small pool for previews and thumbnails, at normal priority.
pub(crate) fn preview_pool() -> Result<ThreadPool, JobError> {
    ThreadPoolBuilder::new()
        .num_threads(cores().clamp(1, 2))
        .thread_name(|index| format!("pixloom-preview-{index}"))
        .panic_handler(|_| tracing::error!("a preview panicked outside its guard"))
        .build()
        .map_err(|error| JobError::thread("pixloom-preview", error))
}

/// On Linux each thread has its own niceness; on other Unix systems it belongs to the process and is left unchanged.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn lower_own_priority() {
    // If refused, the window merely shares the cores evenly.
    let _ = rustix::process::setpriority_process(None, NICENESS);
}

#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
fn lower_own_priority() {}

#[cfg(not(unix))]
fn lower_own_priority() {
    let _ = thread_priority::set_current_thread_priority(thread_priority::ThreadPriority::Min);
}

#[cfg(test)]
mod tests {
    use super::super::pools::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn pixel_workers_have_a_lower_priority_than_the_window() {
        let nice = |has_window| {
            let pool = pixel_threads(1, has_window).ok()?;
            pool.install(|| rustix::process::getpriority_process(None).ok())
        };
        let own = rustix::process::getpriority_process(None).ok();
        assert_eq!((nice(true), nice(false)), (Some(NICENESS), own));
        assert_eq!(rustix::process::getpriority_process(None).ok(), own);
    }

    #[test]
    #[expect(clippy::unwrap_used, reason = "tests")]
    fn a_task_runs_although_all_workers_wait_for_slow_decodes() {
        let pool = PixelPool::new(1, false).unwrap();
        let (release_tx, release_rx) = crossbeam_channel::bounded::<()>(1);
        let (done_tx, done_rx) = crossbeam_channel::bounded(1);
        pool.spawn(false, move || {
            let _ = release_rx.recv();
        });
        pool.spawn(true, move || done_tx.send(()).unwrap());
        let done = done_rx.recv_timeout(std::time::Duration::from_secs(60));
        drop(release_tx);
        assert_eq!(done, Ok(()));
    }
}
