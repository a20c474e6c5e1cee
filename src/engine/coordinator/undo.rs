//! Undo and redo: edits of the listed job, each with the value that it replaced.

use std::time::{Duration, Instant};

use crate::model::{JobId, JobSpec, ListSpec, NewItem, Recipe, Save, SinkSpec};

/// UndoStack kept at most.
const KEPT: usize = 200;
/// UndoStack of the same kind that follow each other within this time are one (a slider being moved).
const SAME_GESTURE: Duration = Duration::from_millis(700);

/// An edit, as the value that undoes it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Edit {
    /// The recipe was this.
    Recipe(Recipe),
    /// Results were encoded like this.
    Save(Save),
    /// Results went to this folder, under these names.
    Sink(SinkSpec),
    /// Lists were read like this.
    Lists(ListSpec),
    /// These items were removed.
    Removed(Vec<(u64, NewItem)>),
    /// These items were restored.
    Restored(Vec<u64>),
    /// This job was listed.
    Listed(JobId),
    /// An empty draft with this request was listed; it has been deleted.
    EmptyDraft(Box<JobSpec>),
}

/// UndoStack that can be taken back, and those that can be done again.
#[derive(Default)]
pub(crate) struct UndoStack {
    back: Vec<Edit>,
    again: Vec<Edit>,
    last: Option<Instant>,
}

impl UndoStack {
    /// Adds an edit.
    pub(crate) fn did(&mut self, edit: Edit) {
        let now = Instant::now();
        let same_gesture = self.last.is_some_and(|last| now - last < SAME_GESTURE)
            && matches!(
                (self.back.last(), &edit),
                (Some(Edit::Recipe(_)), Edit::Recipe(_))
                    | (Some(Edit::Save(_)), Edit::Save(_))
                    | (Some(Edit::Sink(_)), Edit::Sink(_))
            );
        self.last = Some(now);
        self.again.clear();
        if !same_gesture {
            if self.back.len() == KEPT {
                self.back.remove(0);
            }
            self.back.push(edit);
        }
    }

    pub(crate) fn take_back(&mut self) -> Option<Edit> {
        self.last = None;
        self.back.pop()
    }

    pub(crate) fn undone(&mut self, inverse: Edit) {
        self.again.push(inverse);
    }

    pub(crate) fn do_again(&mut self) -> Option<Edit> {
        self.last = None;
        self.again.pop()
    }

    pub(crate) fn redone(&mut self, inverse: Edit) {
        self.back.push(inverse);
    }

    pub(crate) fn can_undo(&self) -> bool {
        !self.back.is_empty()
    }

    pub(crate) fn can_redo(&self) -> bool {
        !self.again.is_empty()
    }

    /// Clears everything: edits of a started job can't be undone.
    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::super::undo::*;

    #[test]
    fn a_slider_being_moved_is_one_edit() {
        let mut edits = UndoStack::default();
        for version in 1..5 {
            edits.did(Edit::Recipe(Recipe { version, steps: Vec::new() }));
        }
        assert_eq!(edits.take_back(), Some(Edit::Recipe(Recipe { version: 1, steps: Vec::new() })));
        assert!(!edits.can_undo());
    }

    #[test]
    fn what_was_undone_can_be_done_again_until_the_next_edit() {
        let mut edits = UndoStack::default();
        edits.did(Edit::Listed(JobId(1)));
        let back = edits.take_back();
        assert!(back.is_some());
        edits.undone(Edit::Listed(JobId(2)));
        assert!(edits.can_redo());
        edits.did(Edit::Listed(JobId(3)));
        assert!(!edits.can_redo());
    }
}
