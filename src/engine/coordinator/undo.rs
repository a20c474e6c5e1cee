//! Undo and redo: edits of the listed job, each with the value that it replaced.

use std::time::{Duration, Instant};

use crate::model::{JobId, JobSpec, ListSpec, NewItem, Output, Recipe, Save, SinkSpec, WriteBackSpec};

/// The most edits that are kept.
const MAX_EDITS: usize = 200;
/// Edits of the same kind that follow each other within this time count as one, such as those of a slider.
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
    /// The outputs were these.
    Outputs(Vec<Output>),
    /// Lists were read like this.
    Lists(ListSpec),
    /// Results were written into this table, or into none.
    WriteBack(Option<Box<WriteBackSpec>>),
    /// These items were removed.
    Removed(Vec<(u64, NewItem)>),
    /// These items were restored.
    Restored(Vec<u64>),
    /// This job was listed.
    Listed(JobId),
    /// This job was deleted from the history.
    JobDeleted(JobId),
    /// This job was brought back into the history.
    JobRestored(JobId),
    /// An empty draft with this request was listed; it has been deleted.
    EmptyDraft(Box<JobSpec>),
}

/// Edits that can be undone, and edits that can be redone.
#[derive(Default)]
pub(crate) struct UndoStack {
    undo: Vec<Edit>,
    redo: Vec<Edit>,
    last: Option<Instant>,
}

impl UndoStack {
    /// Adds an edit.
    pub(crate) fn push(&mut self, edit: Edit) {
        let now = Instant::now();
        let same_gesture = self.last.is_some_and(|last| now - last < SAME_GESTURE)
            && matches!(
                (self.undo.last(), &edit),
                (Some(Edit::Recipe(_)), Edit::Recipe(_))
                    | (Some(Edit::Save(_)), Edit::Save(_))
                    | (Some(Edit::Sink(_)), Edit::Sink(_))
                    | (Some(Edit::Outputs(_)), Edit::Outputs(_))
            );
        self.last = Some(now);
        self.redo.clear();
        if !same_gesture {
            if self.undo.len() == MAX_EDITS {
                self.undo.remove(0);
            }
            self.undo.push(edit);
        }
    }

    pub(crate) fn pop_undo(&mut self) -> Option<Edit> {
        self.last = None;
        self.undo.pop()
    }

    pub(crate) fn push_redo(&mut self, inverse: Edit) {
        self.redo.push(inverse);
    }

    pub(crate) fn pop_redo(&mut self) -> Option<Edit> {
        self.last = None;
        self.redo.pop()
    }

    pub(crate) fn push_undo(&mut self, inverse: Edit) {
        self.undo.push(inverse);
    }

    pub(crate) fn can_undo(&self) -> bool {
        !self.undo.is_empty()
    }

    pub(crate) fn can_redo(&self) -> bool {
        !self.redo.is_empty()
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
            edits.push(Edit::Recipe(Recipe { version, steps: Vec::new() }));
        }
        assert_eq!(edits.pop_undo(), Some(Edit::Recipe(Recipe { version: 1, steps: Vec::new() })));
        assert!(!edits.can_undo());
    }

    #[test]
    fn an_undone_edit_can_be_redone_until_the_next_edit() {
        let mut edits = UndoStack::default();
        edits.push(Edit::Listed(JobId(1)));
        let back = edits.pop_undo();
        assert!(back.is_some());
        edits.push_redo(Edit::Listed(JobId(2)));
        assert!(edits.can_redo());
        edits.push(Edit::Listed(JobId(3)));
        assert!(!edits.can_redo());
    }
}
