//! A job's progress: a level; only the latest value matters.

/// A job's progress.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Progress {
    /// Items known so far; final once `total_is_final`.
    pub total: u64,
    /// Whether every source has ended.
    pub total_is_final: bool,
    /// Items done.
    pub done: u64,
    /// Items failed.
    pub failed: u64,
    /// Items skipped.
    pub skipped: u64,
    /// Items in progress.
    pub running: u64,
    /// Bytes read.
    pub bytes_in: u64,
    /// Bytes written.
    pub bytes_out: u64,
    /// Seconds of running time, without pauses.
    pub seconds: f64,
    /// Items finished per second, over the last few seconds.
    pub items_per_s: f64,
    /// Bytes read per second, over the last few seconds.
    pub bytes_per_s: f64,
    /// Seconds left at this rate, once known.
    pub seconds_left: Option<f64>,
    /// What limits the job now.
    pub busy: Busy,
}

/// How busy each resource is, from 0 to 1; the busiest one limits the job.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Busy {
    /// Pixel workers in use, relative to all.
    pub cores: f32,
    /// Connections in use, relative to the limit.
    pub network: f32,
    /// Results waiting for the disk, relative to the queue's capacity.
    pub disk: f32,
    /// Bytes of pixels and bodies in memory, relative to the budget.
    pub memory: f32,
}

impl Progress {
    /// Items with an outcome.
    pub const fn finished(&self) -> u64 {
        self.done + self.failed + self.skipped
    }

    /// From 0 to 1; 0 if nothing is known.
    pub fn fraction(&self) -> f32 {
        if self.total == 0 { 0.0 } else { (self.finished() as f64 / self.total as f64) as f32 }
    }
}
