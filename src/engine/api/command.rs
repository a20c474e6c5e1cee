//! What a face may ask of the engine.

use std::path::PathBuf;

use crate::config::Settings;
use crate::error::ErrorKind;
use crate::model::{JobId, JobSpec, Limits, ListSpec, Recipe, Save, SinkSpec, SourceSpec, TypedSecret};

/// What a face may ask of the engine. Every one is answered by a later snapshot, never by a return value.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Make a job of this and run it, without a draft.
    Submit(Box<JobSpec>),
    /// Add sources to what is listed. On a job that has ended, begins a new draft; on a running one, they join it.
    Add(Vec<SourceSpec>),
    /// Add dropped or chosen paths: folders with everything below them, lists of links, and files.
    AddPaths(Vec<PathBuf>),
    /// Pasted text: every link in it, and every line that is an existing path.
    AddText(String),
    /// Add the sample pictures that come with the program.
    AddSamples,
    /// Take items (by `seq`) off the draft; can be undone.
    Remove(Vec<u64>),
    /// Take every item off the draft, or leave an ended job: begins a new draft. Can be undone.
    Clear,
    /// Take back the draft's last edit.
    Undo,
    /// Do it again.
    Redo,
    /// Change the recipe of the listed job (for what is not yet begun when it has ended: a new draft's).
    SetRecipe(Recipe),
    /// Change how results are encoded.
    SetSave(Save),
    /// Change where results go.
    SetSink(SinkSpec),
    /// Change which columns of the listed draft's lists are read. With another column of links they are read anew.
    SetLists(ListSpec),
    /// Change what jobs may use.
    SetLimits(Limits),
    /// Read a recipe file into the draft.
    LoadRecipe(PathBuf),
    /// Write the draft's recipe to a file.
    SaveRecipe(PathBuf),
    /// Start the draft.
    Start,
    /// Stop handing out items; those begun are finished.
    Pause(JobId),
    /// Go on.
    Resume(JobId),
    /// Give up: items begun are left, too.
    Cancel(JobId),
    /// Put failed items back to waiting and run: all, of one kind, or these.
    Retry {
        /// Which job.
        job: JobId,
        /// Only failures of this kind.
        kind: Option<ErrorKind>,
        /// Only these items (by `seq`).
        items: Option<Vec<u64>>,
    },
    /// Mark failed items as skipped.
    Skip {
        /// Which job.
        job: JobId,
        /// Which items (by `seq`).
        items: Vec<u64>,
    },
    /// List another job of the history.
    Show(JobId),
    /// Open the folder with a job's results in the desktop's file manager.
    OpenResults(JobId),
    /// Keep a secret that was typed under a name, by which settings refer to it.
    KeepSecret {
        /// The name.
        name: String,
        /// The secret.
        secret: TypedSecret,
    },
    /// Remember settings.
    SaveSettings(Box<Settings>),
    /// Forget a notice.
    DismissNotice,
}
