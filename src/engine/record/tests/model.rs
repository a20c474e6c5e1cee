//! What a catalog must hold: the same calls on plain maps.

use std::collections::BTreeMap;

use crate::catalog::{Added, Adding, FileChange};
use crate::config::MAX_CRASHES;
use crate::error::ErrorKind;
use crate::model::{FailureFilter, Finished, ItemState, JobId, JobSpec, JobState, NewItem, Outcome, SkipReason};

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Model {
    pub(super) jobs: BTreeMap<JobId, ModelJob>,
    pub(super) has_displaced: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct ModelJob {
    pub(super) state: JobState,
    pub(super) items: BTreeMap<u64, ModelItem>,
    /// How far each source has been read, and whether to its end.
    pub(super) sources: Vec<(u64, bool)>,
    pub(super) next_seq: u64,
    next_number: u64,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct ModelItem {
    pub(super) locator: String,
    pub(super) state: ItemState,
    pub(super) attempts: u32,
    pub(super) output: Option<String>,
    pub(super) kind: Option<ErrorKind>,
    pub(super) reason: Option<SkipReason>,
    pub(super) bytes_in: u64,
    pub(super) bytes_out: u64,
    /// Its place in the order of finishing.
    pub(super) number: Option<u64>,
    pub(super) outputs: usize,
}

impl ModelItem {
    fn waiting(locator: String) -> Self {
        Self {
            locator,
            state: ItemState::Waiting,
            attempts: 0,
            output: None,
            kind: None,
            reason: None,
            bytes_in: 0,
            bytes_out: 0,
            number: None,
            outputs: 0,
        }
    }

    fn wait_again(&mut self) {
        *self = Self::waiting(std::mem::take(&mut self.locator));
    }

    fn is_in_progress(&self) -> bool {
        self.state == ItemState::Running && self.output.is_none()
    }

    fn give_back(&mut self) {
        if self.state == ItemState::Running {
            self.state = ItemState::Waiting;
            self.attempts = self.attempts.saturating_sub(1);
            (self.output, self.outputs) = (None, 0);
        }
    }
}

impl ModelJob {
    pub(super) fn count(&self, state: ItemState) -> u64 {
        self.items.values().filter(|item| item.state == state).count() as u64
    }

    fn requeue(&mut self) {
        self.items.values_mut().filter(|item| item.is_in_progress()).for_each(ModelItem::give_back);
    }

    fn insert(&mut self, seq: u64, item: &NewItem) {
        let mut added = ModelItem::waiting(item.locator.to_text());
        if let Some(error) = &item.error {
            (added.state, added.kind, added.number) = (ItemState::Failed, Some(error.kind), Some(self.next_number));
            self.next_number += 1;
        }
        self.items.insert(seq, added);
    }

    fn finish(&mut self, one: &Finished) {
        let number = self.next_number;
        let Some(item) = self.items.get_mut(&one.id.seq) else { return };
        if !matches!(item.state, ItemState::Waiting | ItemState::Running) {
            return;
        }
        match &one.outcome {
            Outcome::Failed(error) if error.kind == ErrorKind::Cancelled => return item.give_back(),
            Outcome::Done { output } => {
                (item.state, item.output, item.outputs) = (ItemState::Done, Some(output.clone()), 1);
            }
            Outcome::Failed(error) => {
                (item.state, item.output, item.kind) = (ItemState::Failed, None, Some(error.kind));
            }
            Outcome::Skipped { reason, .. } => {
                (item.state, item.output, item.reason) = (ItemState::Skipped, None, Some(*reason));
            }
        }
        (item.bytes_in, item.bytes_out, item.attempts) = (one.bytes_in, one.bytes_out, one.attempts);
        item.number = Some(number);
        self.next_number += 1;
    }
}

impl Model {
    pub(super) fn job(&mut self, job: JobId) -> &mut ModelJob {
        self.jobs.get_mut(&job).unwrap()
    }

    pub(super) fn create_job(&mut self, spec: &JobSpec, state: JobState) -> JobId {
        let id = JobId(self.jobs.len() as i64 + 1);
        let sources = vec![(0, false); spec.sources.len()];
        self.jobs.insert(id, ModelJob { state, items: BTreeMap::new(), sources, next_seq: 1, next_number: 1 });
        id
    }

    pub(super) fn end_source(&mut self, job: JobId, n: u32) {
        self.job(job).sources[n as usize].1 = true;
    }

    pub(super) fn set_state(&mut self, job: JobId, state: JobState) {
        self.job(job).state = state;
    }

    pub(super) fn next_seq(&mut self, job: JobId) -> u64 {
        self.job(job).next_seq
    }

    pub(super) fn add_items(&mut self, job: JobId, first_seq: u64, items: &[NewItem], adding: &Adding) -> Added {
        let job = self.job(job);
        for (seq, item) in (first_seq..).zip(items) {
            job.insert(seq, item);
        }
        job.next_seq = first_seq + items.len() as u64;
        if let Some(cursor) = adding.cursor {
            job.sources[cursor.source as usize] = (cursor.taken, cursor.ended);
        }
        Added { added: items.len() as u64, duplicates: 0, next_seq: job.next_seq }
    }

    pub(super) fn set_running(&mut self, job: JobId, seqs: &[u64]) {
        for seq in seqs {
            if let Some(item) = self.job(job).items.get_mut(seq).filter(|item| item.state == ItemState::Waiting) {
                item.state = ItemState::Running;
                item.attempts += 1;
            }
        }
    }

    pub(super) fn set_waiting(&mut self, job: JobId, seqs: &[u64]) {
        for seq in seqs {
            self.job(job).items.get_mut(seq).unwrap().give_back();
        }
    }

    pub(super) fn record_outputs(&mut self, finished: &[&Finished]) {
        for one in finished {
            let Outcome::Done { output } = &one.outcome else { continue };
            let Some(item) = self.job(one.id.job).items.get_mut(&one.id.seq) else { continue };
            if matches!(item.state, ItemState::Waiting | ItemState::Running) {
                (item.state, item.output) = (ItemState::Running, Some(output.clone()));
            }
        }
    }

    pub(super) fn displace(&mut self, job: JobId, outputs: &[(u64, String)]) {
        for (seq, output) in outputs {
            let item = self.job(job).items.get_mut(seq).filter(|item| item.state == ItemState::Done);
            let Some(item) = item else { continue };
            (item.state, item.output) = (ItemState::Running, Some(output.clone()));
            (item.bytes_in, item.bytes_out, item.number, item.outputs) = (0, 0, None, 0);
            self.has_displaced = true;
        }
    }

    pub(super) fn finish(&mut self, finished: &[&Finished]) {
        finished.iter().for_each(|one| self.job(one.id.job).finish(one));
    }

    pub(super) fn requeue_running(&mut self, job: JobId) {
        self.job(job).requeue();
    }

    /// Whether the process died, and the items that are still running.
    pub(super) fn begin_run(&mut self, job: JobId) -> (bool, Vec<u64>) {
        let job = self.job(job);
        let mut has_died = job.state == JobState::Running;
        for item in job.items.values_mut().filter(|item| item.is_in_progress() && item.attempts <= MAX_CRASHES) {
            item.state = ItemState::Waiting;
            has_died = true;
        }
        let running = job.items.iter().filter(|(_, item)| item.state == ItemState::Running);
        let undecided: Vec<u64> = running.map(|(seq, _)| *seq).collect();
        job.state = JobState::Running;
        (has_died || !undecided.is_empty(), undecided)
    }

    pub(super) fn end_run(&mut self, job: JobId, state: JobState) -> JobState {
        let job = self.job(job);
        job.requeue();
        let is_open = job.sources.iter().any(|(_, ended)| !ended);
        let is_unfinished = job.count(ItemState::Waiting) + job.count(ItemState::Running) > 0;
        let is_complete = !is_open && !is_unfinished;
        job.state = if state == JobState::Done && !is_complete { JobState::Paused } else { state };
        job.state
    }

    pub(super) fn retry(&mut self, job: JobId, failures: &FailureFilter, seqs: Option<&[u64]>) -> u64 {
        let mut retried = 0;
        for (seq, item) in &mut self.job(job).items {
            let is_meant = item.kind.is_some_and(|kind| failures.matches(kind, None));
            if item.state == ItemState::Failed && is_meant && seqs.is_none_or(|seqs| seqs.contains(seq)) {
                item.wait_again();
                retried += 1;
            }
        }
        retried
    }

    pub(super) fn follow_file(&mut self, job: JobId, seq: u64, change: &FileChange) -> bool {
        let item = self.job(job).items.get_mut(&seq);
        let item = item.filter(|item| change.is_retried && item.state == ItemState::Failed);
        item.map(ModelItem::wait_again).is_some()
    }

    pub(super) fn redo(&mut self, job: JobId, seqs: &[u64]) -> u64 {
        let mut redone = 0;
        for (_, item) in self.job(job).items.iter_mut().filter(|(seq, _)| seqs.contains(seq)) {
            if item.state == ItemState::Done {
                item.wait_again();
                redone += 1;
            }
        }
        redone
    }

    pub(super) fn skip_failed(&mut self, job: JobId, seqs: &[u64]) -> u64 {
        let mut skipped = 0;
        for (_, item) in self.job(job).items.iter_mut().filter(|(seq, _)| seqs.contains(seq)) {
            if item.state == ItemState::Failed {
                (item.state, item.kind, item.reason) = (ItemState::Skipped, None, Some(SkipReason::Chosen));
                skipped += 1;
            }
        }
        skipped
    }

    /// The numbers of the removed items.
    pub(super) fn remove_items(&mut self, job: JobId, seqs: &[u64]) -> Vec<u64> {
        let job = self.job(job);
        let is_idle = |seq: &&u64| job.items.get(seq).is_some_and(|item| item.state != ItemState::Running);
        let removed: Vec<u64> = seqs.iter().filter(is_idle).copied().collect();
        job.items.retain(|seq, _| !removed.contains(seq));
        removed
    }

    pub(super) fn restore_items(&mut self, job: JobId, items: &[(u64, NewItem)]) {
        let job = self.job(job);
        items.iter().for_each(|(seq, item)| job.insert(*seq, item));
    }
}
