//! Another choice of pages in a draft: its documents are divided again, in a new draft, so that the change can be undone.

use super::Coordinator;
use super::recorder::Change;
use super::undo::Edit;
use crate::catalog::Catalog;
use crate::engine::intake::read_sources::IntakeRequest;
use crate::error::JobError;
use crate::model::{JobId, JobSpec, JobState, Limits, PagesChoice};

/// A draft whose items are still those of another choice.
pub(super) struct Undivided {
    job: JobId,
    /// The choice by which its documents are divided.
    pages: PagesChoice,
}

impl Coordinator {
    /// Limits apply to the listed draft as well as to later jobs.
    pub(super) fn set_limits(&mut self, limits: Limits) -> Result<(), JobError> {
        self.settings.limits = limits.clone();
        self.save_settings();
        let draft = self.listed.as_ref().filter(|job| job.state == JobState::Draft && !self.queue.contains(job.id));
        let is_same = |undivided: &Undivided, job: JobId| undivided.job == job;
        if let Some(draft) = draft
            && draft.spec.limits.pages != limits.pages
            && !self.undivided.as_ref().is_some_and(|undivided| is_same(undivided, draft.id))
        {
            self.undivided = Some(Undivided { job: draft.id, pages: draft.spec.limits.pages });
        }
        self.with_draft(|spec| spec.limits = limits);
        self.divide_again()
    }

    /// Divides the documents of the listed draft again if another choice was made, as soon as all of its items are known.
    pub(super) fn divide_again(&mut self) -> Result<(), JobError> {
        let Some(Undivided { job, pages }) = self.undivided else { return Ok(()) };
        if self.open_intakes.contains_key(&job) {
            return Ok(());
        }
        self.undivided = None;
        let draft = self.listed.as_mut().filter(|listed| listed.id == job && listed.state == JobState::Draft);
        let Some(draft) = draft.filter(|draft| draft.spec.limits.pages != pages) else { return Ok(()) };
        let spec = draft.spec.clone();
        if draft.total == 0 && spec.sources.is_empty() {
            return Ok(());
        }
        // If the change is undone, its items are what its request says.
        draft.spec.limits.pages = pages;
        self.spec_changed();
        self.write_spec();
        let sources = spec.sources.len() as u32;
        let create = move |catalog: &mut dyn Catalog| {
            let divided = catalog.create_job(&JobSpec::clone(&spec), JobState::Draft)?;
            // The items are copied.
            (0..sources).try_for_each(|n| catalog.end_source(divided, n))?;
            Ok(divided)
        };
        self.ask_recorder(Change::Listing, create, move |this, divided| {
            let divided = divided?;
            this.list(divided)?;
            this.edits.push(Edit::Listed(job));
            this.notice = None;
            this.read_sources(IntakeRequest {
                copy_of: Some(job),
                divides_again: true,
                leave_out_known: true,
                ..IntakeRequest::of(divided)
            });
            Ok(())
        })
    }
}
