//! Which request may start when: queues, permits, rests and rates of each host.

pub(super) mod concurrency;
pub(crate) mod host_queue;
pub(super) mod hosts;
pub(super) mod rate;
