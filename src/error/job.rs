//! Why a job could not start, or could not go on.

use std::fmt;
use std::path::Path;

use super::ItemError;
use crate::model::{JobId, Message};

/// Why a job could not start, or could not go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JobError {
    /// Wrong usage of the command line, which alone says it: nothing was started. Exit code 2.
    #[error("{0}")]
    Usage(String),
    /// What was asked for makes no sense: nothing was started. Exit code 2.
    #[error("{0}")]
    Refused(Message),
    /// A wrong recipe, or a wrong way to save: nothing was started. Exit code 2.
    #[error("{place}: {why}")]
    Recipe {
        /// Which part of it.
        place: RecipePlace,
        /// What is wrong and what is allowed.
        why: Message,
    },
    /// The catalog can't be opened, read or written. Exit code 3.
    #[error("The catalog {path} can't be used: {detail}. Nothing was lost; choose another one with --catalog.")]
    Catalog {
        /// Where it is.
        path: String,
        /// What the database said.
        detail: String,
    },
    /// The output folder can't be used. Exit code 3.
    #[error("The output folder {path} can't be written to ({detail}). Choose another one with --out.")]
    Output {
        /// Where it is.
        path: String,
        /// What the system said.
        detail: String,
    },
    /// Another process works on this job. Exit code 3.
    #[error("Job {0} is being worked on by another Pixloom.")]
    Locked(JobId),
    /// What stopped one item stops them all, such as a full disk. Exit code 3.
    #[error("{0}")]
    Item(ItemError),
    /// Anything else the machine refused. Exit code 3.
    #[error("{0}")]
    Machine(Message),
}

/// Which part of a recipe is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecipePlace {
    /// A step, counted from 1.
    Step(usize),
    /// The way to save.
    Save,
    /// A line of a file, counted from 1.
    File {
        /// The file's name.
        name: String,
        /// The line.
        line: usize,
    },
    /// An argument, as it was typed.
    Argument(String),
}

impl fmt::Display for RecipePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Step(number) => write!(f, "step {number}"),
            Self::Save => f.write_str("save"),
            Self::File { name, line } => write!(f, "{name}:{line}"),
            Self::Argument(typed) => f.write_str(typed),
        }
    }
}

impl JobError {
    /// A catalog's failure.
    pub fn catalog(path: &Path, detail: impl fmt::Display) -> Self {
        Self::Catalog { path: path.display().to_string(), detail: detail.to_string() }
    }

    /// A path that can't be made absolute.
    pub fn path(path: &Path, error: &std::io::Error) -> Self {
        let sentence = Message::new("path", "{path}: {detail}");
        Self::Refused(sentence.with("path", path.display()).with("detail", error))
    }

    /// There is no such job.
    pub fn no_job(job: JobId) -> Self {
        Self::Refused(Message::new("no_job", "There is no job {job} in this catalog.").with("job", job))
    }

    /// A thread that can't be started.
    pub fn thread(name: &str, error: impl fmt::Display) -> Self {
        let sentence = Message::new("thread", "Couldn't start the thread {name}: {detail}.");
        Self::Machine(sentence.with("name", name).with("detail", error))
    }

    /// The recorder is gone.
    pub const fn recorder_gone() -> Self {
        Self::Machine(Message::new("recorder_gone", "The recorder has ended; start Pixloom again."))
    }

    /// Whether nothing was started because the request itself was wrong.
    pub const fn is_usage(&self) -> bool {
        matches!(self, Self::Usage(_) | Self::Refused(_) | Self::Recipe { .. })
    }
}
