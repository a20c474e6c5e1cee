//! Why a job could not start or continue.

use std::fmt;
use std::path::Path;

use super::ItemError;
use crate::model::{JobId, Lang, Message};

/// Why a job could not start, or had to stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobError {
    /// Invalid request: nothing was started. Exit code 2.
    Refused(Message),
    /// Invalid recipe or save setting: nothing was started. Exit code 2.
    Recipe {
        /// Which part of it.
        location: RecipeLocation,
        /// What is wrong and what is allowed.
        why: Message,
    },
    /// The catalog can't be opened, read or written. Exit code 3.
    Catalog {
        /// Its path.
        path: String,
        /// What the system or the database reported.
        detail: Message,
    },
    /// The output folder can't be used. Exit code 3.
    Output {
        /// Its path.
        path: String,
        /// What the system reported.
        detail: Message,
    },
    /// Another process is running this job. Exit code 3.
    Locked(JobId),
    /// An item's error that would stop every item, such as a full disk. Exit code 3.
    Item(ItemError),
    /// Anything else that this computer refused. Exit code 3.
    Machine(Message),
}

/// A location in a recipe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecipeLocation {
    /// A step, counted from 1.
    Step(usize),
    /// The save settings.
    Save,
    /// A part of one of several outputs, with that one's name.
    Output(Box<(String, Self)>),
    /// A line of a file, counted from 1.
    File {
        /// The file's name.
        name: String,
        /// The line.
        line: usize,
    },
    /// An argument as entered.
    Argument(String),
}

/// Frequent reports of SQLite, by their beginnings, and our words for them.
const DATABASE_REASONS: [(&str, &str); 2] = [
    ("unable to open database file", "database_unopened"),
    ("attempt to write a readonly database", "database_read_only"),
];

impl RecipeLocation {
    fn text(&self, lang: Lang) -> String {
        match self {
            Self::Step(number) => Message::new("place-step").with("number", number).text(lang),
            Self::Save => lang.word("place-save").to_owned(),
            Self::File { name, line } => Message::new("place-line").with("file", name).with("line", line).text(lang),
            Self::Argument(typed) => typed.clone(),
            Self::Output(part) => {
                let (name, part) = part.as_ref();
                Message::new("place-output").with("output", name).with("part", part.text(lang)).text(lang)
            }
        }
    }
}

impl fmt::Display for RecipeLocation {
    /// In English.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(Lang::English))
    }
}

impl fmt::Display for JobError {
    /// In English.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(Lang::English))
    }
}

impl std::error::Error for JobError {}

impl JobError {
    /// Its text on a command line.
    pub fn text(&self, lang: Lang) -> String {
        match self {
            Self::Item(error) => error.text(lang),
            Self::Recipe { location, why } => format!("{}: {}", location.text(lang), why.text(lang)),
            error => error.message().text(lang),
        }
    }

    /// Its text in a window, without options of the command line.
    pub fn window_text(&self, lang: Lang) -> String {
        match self {
            Self::Item(error) => error.window_text(lang),
            Self::Recipe { location, why } => format!("{}: {}", location.text(lang), why.window_text(lang)),
            error => error.message().window_text(lang),
        }
    }

    fn message(&self) -> Message {
        match self {
            Self::Refused(message) | Self::Machine(message) | Self::Recipe { why: message, .. } => message.clone(),
            Self::Catalog { path, detail } => {
                Message::new("job-catalog").with("path", path).with_message("detail", detail.clone())
            }
            Self::Output { path, detail } => {
                Message::new("job-output").with("path", path).with_message("detail", detail.clone())
            }
            Self::Locked(job) => Message::new("job-locked").with("job", job),
            Self::Item(error) => error.said().unwrap_or(Message::new("unnamed_item")),
        }
    }

    /// A failure of the catalog.
    pub fn catalog(path: &Path, detail: impl fmt::Display) -> Self {
        // A system's number of the error says nothing to people.
        let detail = detail.to_string();
        let detail = detail.split(" (os error ").next().unwrap_or(&detail);
        let known = DATABASE_REASONS.iter().find(|(start, _)| detail.starts_with(start));
        let detail = known.map_or_else(|| Message::new("system_text").with("text", detail), |(_, id)| Message::new(id));
        Self::Catalog { path: path.display().to_string(), detail }
    }

    /// A file or folder of the catalog that the system refused.
    pub fn catalog_io(path: &Path, error: &std::io::Error) -> Self {
        Self::Catalog { path: path.display().to_string(), detail: error.into() }
    }

    /// A path that can't be made absolute.
    pub fn path(path: &Path, error: &std::io::Error) -> Self {
        let message = Message::new("path");
        Self::Refused(message.with("path", path.display()).with_message("detail", error))
    }

    /// There is no such job.
    pub fn no_job(job: JobId) -> Self {
        Self::Refused(Message::new("no_job").with("job", job))
    }

    /// A thread that can't be started.
    pub fn thread(name: &str, error: impl fmt::Display) -> Self {
        let message = Message::new("thread");
        Self::Machine(message.with("name", name).with("detail", error))
    }

    /// The recorder is gone.
    pub const fn recorder_gone() -> Self {
        Self::Machine(Message::new("recorder_gone"))
    }

    /// The folder or list that it is about, as shown.
    pub fn source(&self) -> Option<String> {
        let message = self.message();
        let named = ["folder", "list"].into_iter().map(|name| message.arg(name)).find(|name| !name.is_empty());
        named.map(str::to_owned)
    }

    /// Whether nothing was started because the request itself was wrong.
    pub const fn is_usage(&self) -> bool {
        matches!(self, Self::Refused(_) | Self::Recipe { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn whatever_stops_a_job_is_explained_in_korean() {
        let message = || Message::new("network_gone");
        let path = "/home/me/out".to_owned();
        let unopened = JobError::catalog(Path::new(&path), "unable to open database file: /home/me/out");
        assert!(unopened.text(Lang::Korean).contains("파일을 열 수 없습니다"), "{unopened:?}");
        let recipe = |location| JobError::Recipe { location, why: Message::new("watermark_text").of("resize") };
        for error in [
            JobError::Refused(message()),
            JobError::Machine(message()),
            JobError::Catalog { path: path.clone(), detail: Message::new("system_denied") },
            unopened,
            JobError::Output { path, detail: Message::new("system_exists") },
            JobError::Locked(JobId(3)),
            JobError::Item(ItemError::new(ErrorKind::DiskFull, "a.jpg")),
            recipe(RecipeLocation::Step(2)),
            recipe(RecipeLocation::Save),
            recipe(RecipeLocation::File { name: "r.toml".to_owned(), line: 3 }),
        ] {
            let korean = error.window_text(Lang::Korean);
            assert!(korean.chars().any(|c| ('가'..='힣').contains(&c)), "{korean}");
            assert!(!error.window_text(Lang::English).contains("--"), "no option is named in a window");
        }
    }
}
