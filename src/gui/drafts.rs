//! What a person is editing: shown at once, sent when the edit is whole, and replaced by the engine's when it is not
//! being edited.

use crate::config::Settings;
use crate::engine::{Command, Handle, JobView};
use crate::model::{ListSpec, Recipe, Save, SinkSpec};

/// Seconds after which an edit that the engine didn't take is given up.
const PATIENCE_S: f64 = 5.0;

/// A value with an edit that may be on its way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Draft<T> {
    value: T,
    edited: bool,
    sent_at_s: Option<f64>,
}

impl<T: Clone + PartialEq> Draft<T> {
    /// What is shown.
    pub(crate) fn get(&self) -> &T {
        &self.value
    }

    /// Changes it; sent with the next [`Draft::take`].
    pub(crate) fn set(&mut self, value: T) {
        if value != self.value {
            self.value = value;
            self.edited = true;
        }
    }

    /// The edit to send, if there is one.
    fn take(&mut self, now_s: f64) -> Option<T> {
        std::mem::take(&mut self.edited).then(|| {
            self.sent_at_s = Some(now_s);
            self.value.clone()
        })
    }

    /// Takes over the engine's value, unless an edit is open or still on its way.
    fn adopt(&mut self, theirs: &T, now_s: f64) {
        if self.edited {
            return;
        }
        let differs = *theirs != self.value;
        if differs && self.sent_at_s.is_some_and(|sent| (0.0..PATIENCE_S).contains(&(now_s - sent))) {
            return;
        }
        self.sent_at_s = None;
        if differs {
            self.value = theirs.clone();
        }
    }

    fn is_waiting(&self) -> bool {
        self.edited || self.sent_at_s.is_some()
    }
}

/// Everything that can be edited.
#[derive(Clone, Debug, Default)]
pub(crate) struct Drafts {
    /// The steps.
    pub(crate) recipe: Draft<Recipe>,
    /// How results are encoded.
    pub(crate) save: Draft<Save>,
    /// Where they go.
    pub(crate) sink: Draft<SinkSpec>,
    /// How lists with columns are read.
    pub(crate) lists: Draft<ListSpec>,
    /// What the window remembers.
    pub(crate) settings: Draft<Settings>,
}

impl Drafts {
    /// Takes over what the engine says.
    pub(crate) fn adopt(&mut self, current: Option<&JobView>, settings: &Settings, now_s: f64) {
        self.settings.adopt(settings, now_s);
        let (recipe, save, sink) = match current {
            Some(job) => (&job.recipe, &job.save, &job.sink),
            None => (&settings.recipe, &settings.save, &settings.sink),
        };
        self.recipe.adopt(recipe, now_s);
        self.save.adopt(save, now_s);
        self.sink.adopt(sink, now_s);
        self.lists.adopt(current.map_or(&ListSpec::default(), |job| &job.lists), now_s);
    }

    /// Sends what was edited; `false` if the engine is gone.
    pub(crate) fn send(&mut self, handle: &Handle, now_s: f64) -> bool {
        let commands = [
            self.recipe.take(now_s).map(Command::SetRecipe),
            self.save.take(now_s).map(Command::SetSave),
            self.sink.take(now_s).map(Command::SetSink),
            self.lists.take(now_s).map(Command::SetLists),
            self.settings.take(now_s).map(|settings| Command::SaveSettings(Box::new(settings))),
        ];
        commands.into_iter().flatten().all(|command| handle.send(command))
    }

    /// Seconds after which to look again, while an edit is on its way.
    pub(crate) fn look_again_s(&self) -> Option<f64> {
        let waiting = [
            self.recipe.is_waiting(),
            self.save.is_waiting(),
            self.sink.is_waiting(),
            self.lists.is_waiting(),
            self.settings.is_waiting(),
        ]
        .contains(&true);
        waiting.then_some(PATIENCE_S)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_stays_in_sight_until_the_engine_has_it() {
        let mut draft = Draft { value: 1, ..Draft::default() };
        draft.set(2);
        draft.adopt(&1, 0.0);
        assert_eq!(*draft.get(), 2, "an open edit is never overwritten");
        assert_eq!(draft.take(0.0), Some(2));
        draft.adopt(&1, 0.1);
        assert_eq!(*draft.get(), 2, "an old snapshot doesn't take it back");
        draft.adopt(&2, 0.2);
        draft.adopt(&1, 0.3);
        assert_eq!(*draft.get(), 1, "an undo comes through at once");
    }

    #[test]
    fn an_edit_that_the_engine_refuses_is_given_up() {
        let mut draft = Draft { value: 1, ..Draft::default() };
        draft.set(2);
        assert_eq!(draft.take(0.0), Some(2));
        draft.adopt(&1, PATIENCE_S);
        assert_eq!(*draft.get(), 1);
        assert_eq!(draft.take(3.0), None);
    }
}
