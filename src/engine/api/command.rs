//! The commands that front ends send to the engine.

use std::path::PathBuf;

use crate::config::Settings;
use crate::model::{
    FailureFilter, JobId, JobSpec, Limits, ListSpec, Output, Recipe, Save, SinkSpec, SourceSpec, TypedSecret,
    WriteBackSpec,
};

/// A command to the engine. Its effects are visible in later snapshots; it has no return value.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Create a job from this request and run it, without a draft.
    Submit(Box<JobSpec>),
    /// Watch the folders of this request: continues the job that has watched them before with the same request, or creates
    /// one.
    Watch {
        /// The request.
        spec: Box<JobSpec>,
        /// Whether only what is there now is taken.
        is_once: bool,
    },
    /// Stop watching; the job can be resumed.
    StopWatch(JobId),
    /// Add sources to the listed draft or running job. If the listed job has ended, this starts a new draft.
    Add(Vec<SourceSpec>),
    /// Add dropped or chosen paths: folders with everything below them, lists of links, and files.
    AddPaths(Vec<PathBuf>),
    /// Add what a later start of the program was given, and bring the window to the front.
    HandOver(Vec<SourceSpec>),
    /// Pasted text: every link in it, and every line that is an existing path.
    AddText(String),
    /// Add the program's sample images.
    AddSamples,
    /// Remove items (by `seq`) from the draft; can be undone.
    Remove(Vec<u64>),
    /// Start a new draft; can be undone.
    Clear,
    /// Undo the draft's last edit.
    Undo,
    /// Redo the last undone edit.
    Redo,
    /// Change the draft's recipe. If the listed job has ended, its items are copied into a new draft first.
    SetRecipe(Recipe),
    /// Change how results are encoded.
    SetSave(Save),
    /// Change the draft's outputs: their names, their own steps, and how they are encoded. Where they go stays.
    SetOutputs(Vec<Output>),
    /// Change where results go.
    SetSink(SinkSpec),
    /// Change which columns of the draft's lists are used. For another column of links, the lists are read again.
    SetLists(ListSpec),
    /// Change into which table the draft's results are written, or that they are not.
    SetWriteBack(Option<WriteBackSpec>),
    /// Change what jobs may use.
    SetLimits(Limits),
    /// Read a recipe file into the draft.
    LoadRecipe(PathBuf),
    /// Write the draft's recipe to a file.
    SaveRecipe(PathBuf),
    /// Start the draft.
    Start,
    /// Start no more items; running ones are finished.
    Pause(JobId),
    /// Resume.
    Resume(JobId),
    /// Cancel, including running items.
    Cancel(JobId),
    /// Run failed items again: those that are meant, or the given ones among them.
    Retry {
        /// Which job.
        job: JobId,
        /// Which failures.
        failures: FailureFilter,
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
    /// List another job.
    Show(JobId),
    /// Run a job with the same request as this one, and list it.
    RunAgain(JobId),
    /// Write the command line that repeats a job (see [`Snapshot::copied`](super::snapshot::Snapshot::copied)).
    CopyCommand(JobId),
    /// Remove a job from the history; can be undone. Its results stay.
    DeleteJob(JobId),
    /// Delete jobs that ended at least so many days ago from the history. Their results stay.
    CleanUp {
        /// The days.
        older_than_days: u32,
    },
    /// Open the folder with a job's results in the desktop's file manager.
    OpenResults(JobId),
    /// Count what undoing a job's results would do.
    CheckUndo(JobId),
    /// Move a job's unchanged results to the trash, and bring back files that they replaced.
    UndoJob(JobId),
    /// Bring an undone job's results back from the trash.
    RedoJob(JobId),
    /// Stop the undo, redo or check that runs, or forget the one that has ended.
    StopUndo,
    /// Store a typed secret under a name, by which settings refer to it.
    KeepSecret {
        /// The name.
        name: String,
        /// The secret.
        secret: TypedSecret,
    },
    /// Apply and save settings.
    SaveSettings(Box<Settings>),
    /// Remove the notice.
    DismissNotice,
}
