//! Edges of a job: what happened once, numbered, so that a face that fell behind knows it.

use super::ids::JobId;
use super::remark::Remark;
use crate::error::JobError;

/// A numbered edge.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Counts up by one from 1.
    pub sequence: u64,
    /// Which job, if one.
    pub job: Option<JobId>,
    /// What happened.
    pub edge: Edge,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Edge {
    /// The job began, or went on.
    Started,
    /// Every source has ended: the total is final.
    Counted {
        /// Items in all.
        total: u64,
    },
    /// Paused by a person.
    Paused,
    /// Paused by itself.
    Halted {
        /// Why, and what to do.
        reason: JobError,
    },
    /// The network is gone; fetching waits for it.
    NetworkGone,
    /// The network is back.
    NetworkBack,
    /// Given up by a person.
    Cancelled,
    /// Every item has an outcome.
    Finished,
    /// The job could not go on; it can be resumed once the cause is mended.
    Stopped {
        /// Why.
        reason: JobError,
    },
    /// What a source, or the job of its pictures, left out on purpose.
    SourceRemark {
        /// What it was.
        remark: Remark,
    },
    /// A source could not be read, wholly or in part; the job goes on.
    SourceFailed {
        /// Why.
        error: JobError,
    },
}
