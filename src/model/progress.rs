//! A job's progress: a level; only the latest value matters.

use super::database::WriteBackLevel;

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
    /// Shares of items in progress whose large files have been received in part, summed up.
    pub received_items: f64,
    /// Bytes read, those of items in progress included.
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
    /// How far the results have been written back, if they are.
    pub write_back: Option<WriteBackLevel>,
    /// Whether the database is out of reach, so that results wait to be written back.
    pub waits_for_database: bool,
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
    /// Connections to databases in use, relative to the limits of their pools; `None` if no pool has a connection.
    pub databases: Option<f32>,
}

impl Progress {
    /// Items with an outcome.
    pub const fn finished(&self) -> u64 {
        self.done + self.failed + self.skipped
    }

    /// Rows that a database refused.
    pub fn rejected(&self) -> u64 {
        self.write_back.map_or(0, |level| level.counts.rejected)
    }

    /// Items with an outcome, and the received shares of others.
    pub fn worked_off(&self) -> f64 {
        self.finished() as f64 + self.received_items
    }

    /// From 0 to 1; 0 if nothing is known, and 1 only once every item has an outcome.
    pub fn fraction(&self) -> f32 {
        if self.total == 0 { 0.0 } else { (self.worked_off() / self.total as f64).min(1.0) as f32 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn received_parts_of_large_files_move_the_fraction() {
        let progress = Progress { total: 4, done: 1, failed: 1, received_items: 0.5, ..Progress::default() };
        assert_eq!((progress.worked_off(), progress.fraction()), (2.5, 0.625));
        assert_eq!(Progress { total: 2, ..progress }.fraction(), 1.0);
        assert_eq!(Progress::default().fraction(), 0.0);
    }
}
