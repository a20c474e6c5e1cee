//! The history: jobs that run again, are deleted, or are written as a command, and the clean-up of the catalog.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Coordinator;
use super::disk::Disk;
use super::recorder::Change;
use super::undo::{Edit, UndoStack};
use crate::catalog::{Catalog, JobLock};
use crate::engine::api::snapshot::{CleanUp, CopiedCommand, Notice};
use crate::engine::intake::read_sources::IntakeRequest;
use crate::engine::prune::{self, PruneRequest};
use crate::engine::query;
use crate::engine::record::message::call;
use crate::engine::repeat::{Origin, repeatable};
use crate::error::JobError;
use crate::model::{JobId, JobRow, JobState, Message};

impl Coordinator {
    /// Runs a job with the request of another one, and lists it. Items that reading its sources again would not give are
    /// copied.
    pub(super) fn run_again(&mut self, job: JobId) -> Result<(), JobError> {
        let reader = &self.parts.reader;
        reader.job(job)?.ok_or_else(|| JobError::no_job(job))?;
        let mut spec = reader.spec(job)?.unwrap_or_default();
        query::renew(&mut spec, &self.parts.options.catalog_path)?;
        let copies = Origin::of(reader.as_ref(), job)?.is_only_in_catalog();
        let create = move |catalog: &mut dyn Catalog| {
            let again = catalog.create_job(&spec, JobState::Queued)?;
            if copies {
                (0..).zip(&spec.sources).try_for_each(|(n, _)| catalog.end_source(again, n))?;
            }
            Ok(again)
        };
        self.ask_recorder(Change::Listing, create, move |this, again| {
            let again = again?;
            let left = this.listed.clone();
            this.list(again)?;
            if let Some(left) = left {
                let edit = this.leave(&left);
                this.edits.push(edit);
            }
            if copies {
                this.read_sources(IntakeRequest { copy_of: Some(job), ..IntakeRequest::of(again) });
            }
            this.enqueue_new(again)
        })
    }

    /// Writes the command line that repeats a job.
    pub(super) fn copy_command(&mut self, job: JobId) {
        let (readers, path) = (self.parts.readers.clone(), self.parts.options.catalog_path.clone());
        let write = self.parts.options.command_of;
        let work = move || {
            let again = repeatable(readers.reader()?.as_ref(), job)?;
            let write = write.ok_or(JobError::Refused(Message::new("command_none")))?;
            let mut command = write(&again.spec, &path)?;
            command.remarks.extend(again.remarks);
            Ok(command)
        };
        self.on_disk(Disk::Settings, work, move |this, command| {
            let command = command?;
            let number = this.copied.as_ref().map_or(0, |copied| copied.number) + 1;
            this.copied = Some(Arc::new(CopiedCommand { number, text: command.text }));
            this.notice = Some(Notice::CommandCopied(job, command.remarks));
            Ok(())
        });
    }

    /// The lock of a job that is not running, so that nobody else starts it.
    fn lock_of_idle(&self, job: JobId) -> Result<(JobLock, JobRow), JobError> {
        let in_use = || JobError::Machine(Message::new("job_in_use").with("job", job));
        if self.queue.contains(job) || self.open_intakes.contains_key(&job) {
            return Err(in_use());
        }
        let lock = self.lock(job)?.ok_or_else(in_use)?;
        let row = self.parts.reader.job(job)?.ok_or_else(|| JobError::no_job(job))?;
        if row.state == JobState::Draft { Err(JobError::no_job(job)) } else { Ok((lock, row)) }
    }

    /// Removes a job from the history. Its rows stay for a while, so that this can be undone.
    pub(super) fn delete_job(&mut self, job: JobId) -> Result<(), JobError> {
        let (lock, _) = self.lock_of_idle(job)?;
        let delete = move |catalog: &mut dyn Catalog| catalog.set_deleted(&[job], true);
        self.ask_recorder(Change::Items, delete, move |this, deleted| {
            drop(lock);
            deleted?;
            let then = move |this: &mut Self| {
                this.edits.push(Edit::JobDeleted(job));
                this.notice = Some(Notice::JobDeleted(job));
                this.bump();
                Ok(())
            };
            if this.listed.as_ref().is_some_and(|listed| listed.id == job) {
                return this.new_draft(move |this, _| then(this));
            }
            then(this)
        })
    }

    /// Undoes the deletion of a job, or does it again.
    pub(super) fn set_deleted(
        &mut self,
        job: JobId,
        is_deleted: bool,
        keep: fn(&mut UndoStack, Edit),
        inverse: Edit,
    ) -> Result<(), JobError> {
        let lock = if is_deleted { Some(self.lock_of_idle(job)?.0) } else { None };
        let set = move |catalog: &mut dyn Catalog| catalog.set_deleted(&[job], is_deleted);
        self.ask_recorder(Change::Items, set, move |this, changed| {
            drop(lock);
            if changed? == 0 {
                return Err(JobError::no_job(job));
            }
            keep(&mut this.edits, inverse);
            this.bump();
            Ok(())
        })
    }

    /// Deletes old jobs in the background.
    pub(super) fn clean_up(&mut self, older_than_days: u32) {
        if self.clean_up == CleanUp::Running {
            return;
        }
        self.clean_up = CleanUp::Running;
        let (readers, path) = (self.parts.readers.clone(), self.parts.options.catalog_path.clone());
        let (record_tx, stop) = (self.parts.record_tx.clone(), Arc::clone(&self.history_stop));
        let work = move || {
            let filter = prune::older_than(older_than_days);
            let mut write = |step| call(&record_tx, move |catalog| prune::perform(catalog, &step));
            let cancelled = || stop.load(Ordering::Acquire);
            let request = PruneRequest { filter, keep: 0 };
            prune::prune_with(&path, readers.reader()?.as_ref(), &request, &mut write, &cancelled)
        };
        self.on_disk(Disk::History, work, |this, pruned| {
            this.clean_up = CleanUp::None;
            let pruned = pruned?;
            this.clean_up = CleanUp::Done(pruned);
            this.notice = Some(Notice::CleanedUp(pruned));
            this.bump();
            this.leave_deleted()
        });
    }

    /// Lists a new draft if the listed job was deleted.
    fn leave_deleted(&mut self) -> Result<(), JobError> {
        let Some(listed) = &self.listed else { return Ok(()) };
        if listed.state == JobState::Draft || self.parts.reader.job(listed.id)?.is_some() {
            return Ok(());
        }
        self.new_draft(|_, _| Ok(()))
    }

    /// Deletes the rows of jobs that were removed from the history earlier.
    pub(super) fn purge_history(&mut self) {
        let readers = self.parts.readers.clone();
        let (record_tx, stop) = (self.parts.record_tx.clone(), Arc::<AtomicBool>::clone(&self.history_stop));
        let work = move || {
            let mut write = |step| call(&record_tx, move |catalog| prune::perform(catalog, &step));
            prune::purge_with(readers.reader()?.as_ref(), &mut write, &|| stop.load(Ordering::Acquire))
        };
        self.on_disk(Disk::History, work, |_, purged| purged);
    }
}
