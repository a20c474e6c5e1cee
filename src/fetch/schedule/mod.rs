//! Which request may start when: queues, permits, rests and rates of each host, in the hands of one scheduler.

mod concurrency;
pub(super) mod host_state;
mod link_queue;
mod permits;
pub(super) mod progress;
pub(super) mod rate;
mod response_times;
pub(super) mod scheduler;
pub(super) mod stopwatch;
