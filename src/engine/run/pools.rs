//! The threads that compute: one pixel worker per core, below the window's priority, and how many cores there are.

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::error::JobError;

/// How far below the window's the pixel workers' priority is, in Unix niceness.
#[cfg(unix)]
const NICENESS: i32 = 10;

/// Threads of the pixel pool beside its workers': each waits for a slow decode in a helper process meanwhile.
pub(crate) const SLOW_LANES: usize = 8;

/// Cores this process may use.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get)
}

/// Threads for the network: one of few cores, since a second would mostly wake up and put to sleep the first one.
pub(crate) fn net_threads() -> usize {
    (cores() / 2).clamp(1, 2)
}

/// The pool that owns pixels: where there is a window, at a lower priority than its threads.
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

/// The small pool of previews and thumbnails, at normal priority.
pub(crate) fn preview_pool() -> Result<ThreadPool, JobError> {
    ThreadPoolBuilder::new()
        .num_threads(cores().clamp(1, 2))
        .thread_name(|index| format!("pixloom-preview-{index}"))
        .panic_handler(|_| tracing::error!("a preview panicked outside its guard"))
        .build()
        .map_err(|error| JobError::thread("pixloom-preview", error))
}

/// On Linux a thread has a niceness of its own; elsewhere on Unix it is the process's, so nothing is changed there.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn lower_own_priority() {
    // A refusal only means that the window shares the cores evenly.
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
    fn pixel_workers_stand_below_the_window() {
        let nice = |has_window| {
            let pool = pixel_pool(1, has_window).ok()?;
            pool.install(|| rustix::process::getpriority_process(None).ok())
        };
        assert_eq!(nice(true), Some(NICENESS));
        assert_eq!(nice(false), Some(0));
        assert_eq!(rustix::process::getpriority_process(None).ok(), Some(0));
    }
}
