//! The part of the lane of links for rows that repeat a link: each waits for the row that it repeats, and then gets a copy
//! of its result, or is recorded like it.

use std::hash::BuildHasher;

use super::budget::Stopped;
use super::lanes::Arrival;
use super::links::{Halt, Lane};
use super::repeats::Repeat;
use super::revisit;
use crate::engine::item::prior_results::Prior;
use crate::engine::item::repeats::{RepeatPlan, duplicate_of, plan_named};
use crate::engine::item::seen_links::MOST;
use crate::error::JobError;
use crate::model::{Finished, ItemId, ItemOutput, ItemRow, ItemState, Locator, SkipReason};
use crate::store;

/// Rows that are read at once.
const PAGE_ROWS: u32 = 1024;

impl Lane<'_> {
    /// Forgets which rows wait: all of them are read again.
    pub(super) fn clear_repeats(&mut self) {
        self.run.repeats.clear();
        self.repeat_state.promoted.clear();
    }

    /// Hands out rows whose first rows have outcomes now; whether there were any.
    pub(super) fn offer_ready_repeats(&mut self) -> Result<bool, Halt> {
        let seqs = self.run.repeats.take_ready();
        let rows = self.reader.items(self.run.job, &seqs)?;
        for row in rows.into_iter().filter(|row| row.state == ItemState::Waiting && row.locator.path().is_none()) {
            self.offer(row)?;
        }
        Ok(!seqs.is_empty())
    }

    /// Hands out a row that repeats a link, once that has been fetched; `Some` if it must be fetched itself.
    pub(super) fn offer_repeat(&mut self, row: ItemRow, first: u64) -> Result<Option<ItemRow>, Halt> {
        let first = self.repeat_state.promoted.get(&first).copied().unwrap_or(first);
        if first == row.id.seq || self.run.refusal(&row).is_some() {
            return Ok(Some(row));
        }
        let Some(first_row) = self.ended(first, &row)? else { return Ok(None) };
        let Some(first_row) = first_row else { return Ok(Some(self.promote(row))) };
        if first_row.state == ItemState::Failed {
            if !self.run.is_fresh(&first_row) {
                return Ok(Some(self.promote(row)));
            }
            self.record_repeat(&row, duplicate_of(&row, &first_row, Vec::new()));
            return Ok(None);
        }
        let naming = &self.run.outputs;
        let key = naming.row_key(&row.columns, row.id.seq);
        let is_same_name = key == naming.row_key(&first_row.columns, first);
        let other = if is_same_name { Some(first) } else { self.row_of_name(first, &key, row.id.seq)? };
        if let Some(other) = other {
            let Some(found) = self.ended(other, &row)? else { return Ok(None) };
            if let Some(other) = found {
                let outputs = self.reader.outputs(other.id)?;
                self.record_repeat(&row, duplicate_of(&row, &other, outputs));
                return Ok(None);
            }
        }
        match self.plan_named(&row, &first_row) {
            RepeatPlan::Fetch => return Ok(Some(row)),
            RepeatPlan::Record(finished) => self.record_repeat(&row, *finished),
            RepeatPlan::Copy => self.copy_repeat(row, first_row)?,
        }
        Ok(None)
    }

    /// The item with this number (the inner `None` if it is gone) if it has an outcome; otherwise the row waits for it.
    #[expect(clippy::option_option, reason = "whether it has an outcome, and whether it exists")]
    fn ended(&mut self, seq: u64, row: &ItemRow) -> Result<Option<Option<ItemRow>>, JobError> {
        // Noted before the item is read: it may get its outcome right after that.
        self.run.repeats.wait(seq, row.id.seq);
        let item = self.reader.item(ItemId { job: self.run.job, seq })?;
        let waits = item.as_ref().is_some_and(|item| matches!(item.state, ItemState::Waiting | ItemState::Running));
        let is_ready = !waits && self.run.repeats.take_back(seq, row.id.seq);
        Ok(is_ready.then_some(item))
    }

    /// The row is fetched in place of its first row, and the other repeats wait for it.
    fn promote(&mut self, row: ItemRow) -> ItemRow {
        if let Some(first) = row.repeats {
            self.repeat_state.promoted.insert(first, row.id.seq);
        }
        row
    }

    /// An earlier row of the same link and name; if there is none, the row is noted.
    fn row_of_name(&mut self, first: u64, key: &str, seq: u64) -> Result<Option<u64>, JobError> {
        if !self.repeat_state.is_seeded {
            self.seed_names()?;
        }
        let state = &mut self.repeat_state;
        let name = state.hasher.hash_one((first, key));
        match state.named.get(&name) {
            Some(other) if u64::from(*other) < seq => Ok(Some(u64::from(*other))),
            Some(_) => Ok(None),
            None => {
                if state.named.len() < MOST {
                    state.named.insert(name, seq as u32);
                }
                Ok(None)
            }
        }
    }

    /// Notes the names of rows that earlier runs of the job have processed.
    fn seed_names(&mut self) -> Result<(), JobError> {
        self.repeat_state.is_seeded = true;
        if !self.run.has_run_before {
            return Ok(());
        }
        let mut after_seq = 0;
        loop {
            let page = self.reader.after(self.run.job, after_seq, PAGE_ROWS)?;
            let Some(last) = page.last() else { return Ok(()) };
            after_seq = last.id.seq;
            let own = |row: &&ItemRow| row.state == ItemState::Done || row.reason == Some(SkipReason::Unchanged);
            for row in page.iter().filter(own) {
                let Some(first) = row.repeats.filter(|_| self.repeat_state.named.len() < MOST) else { continue };
                let key = self.run.outputs.row_key(&row.columns, row.id.seq);
                let name = self.repeat_state.hasher.hash_one((first, key.as_str()));
                self.repeat_state.named.entry(name).or_insert(row.id.seq as u32);
            }
        }
    }

    /// What happens to a row with a name of its own.
    fn plan_named(&mut self, row: &ItemRow, first: &ItemRow) -> RepeatPlan {
        if let Some(finished) = self.prior_results.skip_link(row, self.reader) {
            return RepeatPlan::Record(Box::new(finished));
        }
        if first.reason == Some(SkipReason::Unchanged)
            && let Some(prior) = self.prior_results.find_link(row, self.reader)
            && prior.result.hash.is_some()
            && prior.result.hash == first.hash
            && !prior.has_other_text
            && prior.is_intact()
        {
            return RepeatPlan::Record(Box::new(prior.kept(row, SkipReason::Unchanged)));
        }
        let plan = plan_named(&self.run.outputs, &self.run.spec, row, first);
        let is_there = |output: &ItemOutput| {
            let file = output.path.as_deref().map(Locator::parse);
            let is_intact = |(file, hash): (Locator, &String)| {
                store::is_intact(&file, output.bytes, hash, revisit::ended_at(first))
            };
            file.zip(output.hash.as_ref()).is_some_and(is_intact)
        };
        if matches!(plan, RepeatPlan::Copy) && !self.results_of(first).iter().all(is_there) {
            return RepeatPlan::Fetch;
        }
        plan
    }

    /// The results of an item, one for each output of the job.
    fn results_of(&self, item: &ItemRow) -> Vec<ItemOutput> {
        let outputs = &self.run.outputs;
        let mut recorded =
            if outputs.are_named() { self.reader.outputs(item.id).unwrap_or_default() } else { Vec::new() };
        let only = ItemOutput {
            path: item.output.clone(),
            bytes: item.bytes_out,
            width_px: item.width_px,
            height_px: item.height_px,
            hash: item.output_hash.clone(),
            state: item.state,
            ..ItemOutput::none()
        };
        if !outputs.are_named() {
            return vec![only];
        }
        // One that is missing has no file.
        outputs
            .iter()
            .map(|output| {
                let at = recorded.iter().position(|recorded| recorded.n == output.n);
                at.map_or_else(|| output.blank(), |at| recorded.swap_remove(at))
            })
            .collect()
    }

    fn record_repeat(&self, row: &ItemRow, finished: Finished) {
        if self.run.try_hand_out(row) {
            self.run.fail(finished);
        }
    }

    /// Has the row's own result copied.
    fn copy_repeat(&mut self, row: ItemRow, first: ItemRow) -> Result<(), Stopped> {
        let prior = if self.run.spec.output().sink.update {
            self.prior_results.find_link(&row, self.reader).filter(Prior::is_intact)
        } else {
            None
        };
        self.run.switch.wait_going()?;
        if !self.run.try_hand_out(&row) {
            return Ok(());
        }
        let seq = row.id.seq;
        self.run.note_start(row.id);
        let results = self.results_of(&first);
        if self.body_tx.blocking_send(Arrival::Repeat(Box::new(Repeat { row, first, results, prior }))).is_err() {
            self.run.release(seq);
        }
        Ok(())
    }
}
