//! How far a job is: a level, of which only the latest counts.

/// How far a job is.
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
    /// Items being worked on now.
    pub running: u64,
    /// Bytes read.
    pub bytes_in: u64,
    /// Bytes written.
    pub bytes_out: u64,
    /// Seconds at work, pauses left out.
    pub seconds: f64,
    /// Items finished a second, over the last few seconds.
    pub items_per_s: f64,
    /// Bytes read a second, over the last few seconds.
    pub bytes_per_s: f64,
    /// Seconds left at that rate, once it is known.
    pub seconds_left: Option<f64>,
    /// What limits the job now.
    pub busy: Busy,
}

/// How busy each resource is, 0 to 1; the fullest is the limit now.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Busy {
    /// Pixel workers at work, of all.
    pub cores: f32,
    /// Connections in use, of those allowed.
    pub network: f32,
    /// Results waiting to be made safe, of the queue's length.
    pub disk: f32,
    /// Pixel and body bytes admitted, of the budget.
    pub memory: f32,
}

impl Progress {
    /// Items with an outcome.
    pub const fn finished(&self) -> u64 {
        self.done + self.failed + self.skipped
    }

    /// 0 to 1; 0 when nothing is known.
    pub fn fraction(&self) -> f32 {
        if self.total == 0 { 0.0 } else { (self.finished() as f64 / self.total as f64) as f32 }
    }
}
