//! Values that the user is editing. An edit is shown at once, sent when it is complete, and replaced by the engine's
//! value once the engine has acted on it.

use crate::config::Settings;
use crate::engine::{Command, Handle, Snapshot};
use crate::model::{ListSpec, Output, Recipe, Save, SinkSpec, WriteBackSpec};

/// A value that can be edited, and whether an edit is on its way to the engine.
#[derive(Clone, Debug, Default)]
pub(crate) struct Draft<T> {
    value: T,
    edited: bool,
    /// Number of the command that carries the last edit; cleared when a snapshot includes it.
    sent: Option<u64>,
}

impl<T: Clone + PartialEq> Draft<T> {
    /// The value to display.
    pub(crate) fn get(&self) -> &T {
        &self.value
    }

    /// Changes the value; [`Draft::send`] sends it.
    pub(crate) fn set(&mut self, value: T) {
        if value != self.value {
            self.value = value;
            self.edited = true;
        }
    }

    /// Sends an unsent edit; `false` if the engine has stopped.
    fn send(&mut self, handle: &Handle, command: impl FnOnce(T) -> Command) -> bool {
        if !std::mem::take(&mut self.edited) {
            return true;
        }
        self.sent = handle.send(command(self.value.clone()));
        self.sent.is_some()
    }

    /// Takes over the engine's value, unless an edit is not included in it yet.
    fn adopt(&mut self, theirs: &T, commands_included: u64) {
        if self.edited || self.sent.is_some_and(|sent| sent > commands_included) {
            return;
        }
        self.sent = None;
        if *theirs != self.value {
            self.value = theirs.clone();
        }
    }
}

/// Everything that can be edited.
#[derive(Clone, Debug, Default)]
pub(crate) struct Drafts {
    /// The steps.
    pub(crate) recipe: Draft<Recipe>,
    /// How results are encoded.
    pub(crate) save: Draft<Save>,
    /// The outputs; one without a name if there are not several.
    pub(crate) outputs: Draft<Vec<Output>>,
    /// Where results go.
    pub(crate) sink: Draft<SinkSpec>,
    /// How lists with columns are read.
    pub(crate) lists: Draft<ListSpec>,
    /// Into which table results are written.
    pub(crate) write_back: Draft<Option<WriteBackSpec>>,
    /// Settings of the program.
    pub(crate) settings: Draft<Settings>,
}

impl Drafts {
    /// Takes over the engine's values.
    pub(crate) fn adopt(&mut self, snapshot: &Snapshot) {
        let (included, settings) = (snapshot.commands_included, &snapshot.settings);
        self.settings.adopt(settings, included);
        let current = snapshot.current.as_ref();
        let (recipe, save, sink) = match current {
            Some(job) => (&job.recipe, &job.save, &job.sink),
            None => (&settings.recipe, &settings.save, &settings.sink),
        };
        self.recipe.adopt(recipe, included);
        self.save.adopt(save, included);
        self.outputs.adopt(current.map_or(&Vec::new(), |job| &job.outputs), included);
        self.sink.adopt(sink, included);
        self.write_back.adopt(current.map_or(&None, |job| &job.write_back), included);
        self.lists.adopt(current.map_or(&ListSpec::default(), |job| &job.lists), included);
    }

    /// Sends every unsent edit; `false` if the engine has stopped.
    pub(crate) fn send(&mut self, handle: &Handle) -> bool {
        self.recipe.send(handle, Command::SetRecipe)
            && self.save.send(handle, Command::SetSave)
            && self.outputs.send(handle, Command::SetOutputs)
            && self.sink.send(handle, Command::SetSink)
            && self.lists.send(handle, Command::SetLists)
            && self.write_back.send(handle, Command::SetWriteBack)
            && self.settings.send(handle, |settings| Command::SaveSettings(Box::new(settings)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(number: u64) -> Draft<i32> {
        Draft { value: 2, edited: false, sent: Some(number) }
    }

    #[test]
    fn an_edit_stays_visible_until_a_snapshot_includes_it() {
        let mut draft = Draft { value: 1, ..Draft::default() };
        draft.set(2);
        draft.adopt(&1, 9);
        assert_eq!(*draft.get(), 2, "an unsent edit is never overwritten");
        let mut draft = sent(5);
        draft.adopt(&1, 4);
        assert_eq!(*draft.get(), 2, "an older snapshot does not take it back");
        draft.adopt(&2, 5);
        draft.adopt(&1, 6);
        assert_eq!(*draft.get(), 1, "an undo is shown at once");
    }

    #[test]
    fn an_edit_that_the_engine_refused_is_dropped_with_the_snapshot_that_includes_it() {
        let mut draft = sent(5);
        draft.adopt(&1, 5);
        assert_eq!(*draft.get(), 1);
    }
}
