//! Thread pools: one pixel worker per core, at a lower priority than the window.

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::error::JobError;

/// Niceness of pixel workers when there is a window.
#[cfg(unix)]
const NICENESS: i32 = 10;

/// Further threads of the pixel pool, each of which can wait for a slow decode in a helper process.
pub(crate) const SLOW_LANES: usize = 4;

/// Number of cores this process may use.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get)
}

/// Number of network threads: on few cores one, since a second would mostly wake and suspend the first.
pub(crate) fn net_threads() -> usize {
    (cores() / 2).clamp(1, 2)
}

/// The pool that processes pixels; if there is a window, at a lower priority than its threads.
pub(crate) fn pixel_pool(workers: usize, has_window: bool) -> Result<ThreadPool, JobError> {
    ThreadPoolBuilder::new()
        .num_threads(workers.max(1) + SLOW_LANES)
        .thread_name(|index| format!("pixloom-pixel-{index}"))
        .start_handler(move |_| {
            if has_window {
                lower_own_priority();
            }
        })
        .panic_handler(|_| tracing::error!("a pixel task panicked outside its item"))
        .build()
        .map_err(|error| JobError::thread("pixloom-pixel", error))
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
            let pool = pixel_pool(1, has_window).ok()?;
            pool.install(|| rustix::process::getpriority_process(None).ok())
        };
        let own = rustix::process::getpriority_process(None).ok();
        assert_eq!((nice(true), nice(false)), (Some(NICENESS), own));
        assert_eq!(rustix::process::getpriority_process(None).ok(), own);
    }
}
