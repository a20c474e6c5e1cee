//! Events of a job, numbered so that a front end that fell behind notices the gap.

use super::ids::JobId;
use super::remark::Remark;
use crate::error::JobError;

/// A numbered event.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Counts up from 1.
    pub sequence: u64,
    /// The job, if the event is about one.
    pub job: Option<JobId>,
    /// What happened.
    pub edge: Edge,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Edge {
    /// The job started or resumed.
    Started,
    /// Every source has ended: the total is final.
    Counted {
        /// Number of items.
        total: u64,
    },
    /// Paused by the user.
    Paused,
    /// Paused by the engine.
    Halted {
        /// Why, and what to do.
        reason: JobError,
    },
    /// The network is lost; fetching waits for it.
    NetworkGone,
    /// The network is back.
    NetworkBack,
    /// Cancelled by the user.
    Cancelled,
    /// Every item has an outcome.
    Finished,
    /// The job could not continue; it can be resumed once the cause is fixed.
    Stopped {
        /// Why.
        reason: JobError,
    },
    /// Something was left out on purpose, of a source or of the job's images.
    SourceRemark {
        /// What it was.
        remark: Remark,
    },
    /// A source could not be read completely; the job continues.
    SourceFailed {
        /// Why.
        error: JobError,
    },
}
