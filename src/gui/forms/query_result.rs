//! The first rows that the listed query job has given, as far as they are known.

use std::sync::Arc;

use egui::Context;

use crate::engine::{
    DatabaseAnswer, DatabaseContent, DatabaseFault, DatabaseQuestion, DatabaseRequest, JobView, QueryRows,
};
use crate::gui::widgets::scroll::Scroll;
use crate::model::{JobId, JobState};

/// Seconds before the rows of a running job are asked for again.
const ASK_AGAIN_S: f64 = 1.0;

/// What is known, and what was asked.
#[derive(Debug, Default)]
pub(crate) struct QueryResultForm {
    /// The position in the rows beside the items.
    pub(crate) scroll: Scroll,
    /// The position in the rows on their page.
    pub(crate) page_scroll: Scroll,
    job: Option<JobId>,
    rows: Option<QueryRows>,
    fault: Option<DatabaseFault>,
    asked: Option<Asked>,
    is_waiting: bool,
    number: u64,
    seen: Option<Arc<DatabaseAnswer>>,
}

/// The last question.
#[derive(Debug)]
struct Asked {
    job: JobId,
    revision: u64,
    state: JobState,
    at_s: f64,
}

impl QueryResultForm {
    /// The rows of this job.
    pub(crate) fn rows(&self, job: JobId) -> Option<&QueryRows> {
        self.rows.as_ref().filter(|_| self.job == Some(job))
    }

    /// Why there are none.
    pub(crate) fn fault(&self, job: JobId) -> Option<&DatabaseFault> {
        self.fault.as_ref().filter(|_| self.job == Some(job))
    }

    /// The request for the rows of the listed job, if it has rows and has changed since the last one.
    pub(crate) fn request(&mut self, ctx: &Context, now_s: f64, job: Option<&JobView>) -> Option<DatabaseRequest> {
        let job = job.filter(|job| job.query.as_ref().is_some_and(|query| query.has_rows))?;
        if self.job != Some(job.id) {
            *self = Self { job: Some(job.id), number: self.number, seen: self.seen.take(), ..Self::default() };
        }
        if let Some(asked) = &self.asked {
            let is_same = (asked.job, asked.revision, asked.state) == (job.id, job.items_revision, job.state);
            let wait_s = asked.at_s + ASK_AGAIN_S - now_s;
            if is_same || self.is_waiting {
                return None;
            }
            if wait_s > 0.0 && asked.state == job.state {
                ctx.request_repaint_after_secs(wait_s as f32);
                return None;
            }
        }
        self.asked = Some(Asked { job: job.id, revision: job.items_revision, state: job.state, at_s: now_s });
        self.is_waiting = true;
        self.number += 1;
        let question = DatabaseQuestion::Result { job: job.id, revision: job.items_revision };
        Some(DatabaseRequest { number: self.number, dsn: String::new(), password: None, question })
    }

    /// Takes over an answer.
    pub(crate) fn adopt(&mut self, answer: Option<Arc<DatabaseAnswer>>) {
        let Some(answer) = answer else { return };
        let is_seen = self.seen.as_ref().is_some_and(|seen| Arc::ptr_eq(seen, &answer));
        if is_seen || answer.request.number != self.number || answer.is_pending {
            return;
        }
        self.is_waiting = false;
        match &answer.content {
            DatabaseContent::Rows(rows) => {
                self.rows = Some(rows.clone());
                self.fault = None;
            }
            DatabaseContent::Failed(fault) => self.fault = Some(fault.clone()),
            _ => {}
        }
        self.seen = Some(answer);
    }
}
