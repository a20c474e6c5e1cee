//! Tasks for the recorder, which may be late, because it also waits for the disk of the output folder. The coordinator
//! never waits for it longer than [`PATIENCE`]. What follows from a late answer runs in a later turn of the loop; until
//! then, commands that depend on it are kept in order.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, TryRecvError, TrySendError, bounded};

use super::Coordinator;
use super::disk::Reply;
use crate::catalog::Catalog;
use crate::engine::api::command::Command;
use crate::engine::record::message::Record;
use crate::error::JobError;
use crate::model::Message;

/// How long an answer is awaited before the coordinator continues without it.
const PATIENCE: Duration = Duration::from_millis(80);
/// Records, and commands, that are kept while the recorder is late.
const MAX_KEPT: usize = 4096;

const STUCK: Message = Message::new("disk_stuck");

/// What an answer of the recorder changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Nothing that commands for the draft depend on.
    Nothing,
    /// The items of the listed draft, and the edits that can be undone.
    Items,
    /// Which job is listed.
    Listing,
}

/// What is outstanding between the coordinator and the recorder, in order.
#[derive(Default)]
pub(super) struct Outstanding {
    /// Records for which the recorder's queue had no room.
    unsent: VecDeque<Record>,
    unanswered: VecDeque<Unanswered>,
    /// Commands that wait for an answer.
    deferred: VecDeque<Command>,
}

/// A task whose answer has not arrived in time.
struct Unanswered {
    since: Instant,
    change: Change,
    /// What follows from the answer, once it has arrived.
    poll: Box<dyn FnMut() -> Option<Reply> + Send>,
}

impl Outstanding {
    pub(super) fn is_empty(&self) -> bool {
        self.unsent.is_empty() && self.unanswered.is_empty() && self.deferred.is_empty()
    }

    /// How long an answer has been awaited.
    pub(super) fn late_by(&self) -> Duration {
        self.unanswered.front().map_or(Duration::ZERO, |oldest| oldest.since.elapsed())
    }

    fn changes(&self, change: Change) -> bool {
        self.unanswered.iter().any(|unanswered| unanswered.change == change)
    }

    /// Whether a command has to wait for an answer, or for a command before it that does.
    fn defers(&self, command: &Command) -> bool {
        match command {
            Command::Remove(_)
            | Command::Clear
            | Command::Undo
            | Command::Redo
            | Command::SetLists(_)
            | Command::Show(_)
            | Command::RunAgain(_)
            | Command::DeleteJob(_)
            | Command::Start => {
                !self.deferred.is_empty() || self.changes(Change::Items) || self.changes(Change::Listing)
            }
            Command::Add(_)
            | Command::HandOver(_)
            | Command::AddPaths(_)
            | Command::AddText(_)
            | Command::AddSamples
            | Command::SetRecipe(_)
            | Command::SetSave(_)
            | Command::SetSink(_)
            | Command::SetOutputs(_)
            | Command::SetLimits(_)
            | Command::SetWriteBack(_)
            | Command::LoadRecipe(_)
            | Command::SaveRecipe(_) => !self.deferred.is_empty() || self.changes(Change::Listing),
            Command::Submit(_)
            | Command::Watch { .. }
            | Command::StopWatch(_)
            | Command::Pause(_)
            | Command::Resume(_)
            | Command::Cancel(_)
            | Command::Retry { .. }
            | Command::Skip { .. }
            | Command::OpenResults(_)
            | Command::CheckUndo(_)
            | Command::UndoJob(_)
            | Command::RedoJob(_)
            | Command::StopUndo
            | Command::CopyCommand(_)
            | Command::CleanUp { .. }
            | Command::KeepSecret { .. }
            | Command::SaveSettings(_)
            | Command::DismissNotice => false,
        }
    }

    fn next_reply(&mut self) -> Option<Reply> {
        let reply = (self.unanswered.front_mut()?.poll)()?;
        self.unanswered.pop_front();
        Some(reply)
    }
}

impl Coordinator {
    /// Handles a command, or keeps it until the answers that it depends on have arrived.
    pub(super) fn take(&mut self, command: Command) {
        if !self.outstanding.defers(&command) {
            self.handle_or_report(command);
        } else if self.outstanding.deferred.len() < MAX_KEPT {
            self.outstanding.deferred.push_back(command);
        } else {
            self.report(&JobError::Machine(STUCK));
        }
    }

    fn handle_or_report(&mut self, command: Command) {
        if let Err(error) = self.handle(command) {
            self.report(&error);
        }
    }

    /// Sends the recorder a record, after everything that was sent before. Never waits.
    pub(super) fn record(&mut self, record: Record) {
        if self.outstanding.unsent.len() >= MAX_KEPT {
            self.report(&JobError::Machine(STUCK));
            return;
        }
        self.outstanding.unsent.push_back(record);
        self.send_unsent();
    }

    fn send_unsent(&mut self) {
        while let Some(record) = self.outstanding.unsent.pop_front() {
            if let Err(TrySendError::Full(record)) = self.parts.record_tx.try_send(record) {
                self.outstanding.unsent.push_front(record);
                return;
            }
        }
    }

    /// Sends all remaining records, even if that takes long: for the coordinator's end.
    pub(super) fn send_all_records(&mut self) {
        for record in self.outstanding.unsent.drain(..) {
            let _ = self.parts.record_tx.send(record);
        }
    }

    /// Receives a message once the recorder has done everything that was sent to it so far.
    pub(super) fn after_records(&mut self) -> Receiver<()> {
        let (done_tx, done_rx) = bounded(1);
        self.record(Record::Call(Box::new(move |_| {
            let _ = done_tx.send(());
        })));
        done_rx
    }

    /// Has the recorder run `task`, then runs `then` with its result: at once if the recorder answers soon, else in a
    /// later turn. `change` is what `then` changes.
    pub(super) fn ask_recorder<T: Send + 'static>(
        &mut self,
        change: Change,
        task: impl FnOnce(&mut dyn Catalog) -> Result<T, JobError> + Send + 'static,
        then: impl FnOnce(&mut Self, Result<T, JobError>) -> Result<(), JobError> + Send + 'static,
    ) -> Result<(), JobError> {
        let (answer_tx, answer_rx) = bounded(1);
        self.record(Record::Call(Box::new(move |catalog| {
            let _ = answer_tx.send(task(catalog));
        })));
        // If it is late already, waiting again would only delay other commands.
        let is_late = !self.outstanding.unanswered.is_empty() || !self.outstanding.unsent.is_empty();
        if !is_late {
            match answer_rx.recv_timeout(PATIENCE) {
                Ok(answer) => return then(self, answer),
                Err(RecvTimeoutError::Disconnected) => return then(self, Err(JobError::recorder_gone())),
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
        let mut then = Some(then);
        let poll = move || {
            let answer = match answer_rx.try_recv() {
                Ok(answer) => answer,
                Err(TryRecvError::Disconnected) => Err(JobError::recorder_gone()),
                Err(TryRecvError::Empty) => return None,
            };
            let then = then.take()?;
            Some(Box::new(move |this: &mut Self| then(this, answer)) as Reply)
        };
        self.outstanding.unanswered.push_back(Unanswered { since: Instant::now(), change, poll: Box::new(poll) });
        Ok(())
    }

    /// Runs what follows from answers that have arrived, and handles the commands that waited for them.
    pub(super) fn take_answers(&mut self) {
        self.send_unsent();
        while let Some(reply) = self.outstanding.next_reply() {
            self.take_reply(reply);
        }
        while !self.outstanding.changes(Change::Items)
            && !self.outstanding.changes(Change::Listing)
            && let Some(command) = self.outstanding.deferred.pop_front()
        {
            self.handle_or_report(command);
        }
    }
}
