//! The settings file.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;
use serde::Deserialize;
use toml::Spanned;

use crate::config::Settings;
use crate::error::JobError;
use crate::model::Message;
use crate::store;

/// The default path of the secrets file, next to the settings.
pub(crate) fn secrets_path() -> Option<PathBuf> {
    folder().map(|dir| dir.join("secrets.toml"))
}

/// The program's folder in the user's configuration folder.
fn folder() -> Option<PathBuf> {
    etcetera::choose_base_strategy().ok().map(|dirs| dirs.config_dir().join("pixloom"))
}

/// The section of options of the command line.
const RUN: &str = "run";

/// The section `[run]` of a settings file.
#[derive(Debug, Default)]
pub struct RunSection {
    /// The options by name.
    pub options: toml::Table,
    path: PathBuf,
    lines: BTreeMap<String, usize>,
}

impl RunSection {
    /// Where an option is: `/home/me/.config/pixloom/settings.toml:4`.
    pub fn location(&self, key: &str) -> String {
        let path = self.path.display();
        self.lines.get(key).map_or_else(|| path.to_string(), |line| format!("{path}:{line}"))
    }
}

/// The part of a settings file that says where the options of `[run]` are.
#[derive(Deserialize)]
struct Located {
    #[serde(default)]
    run: BTreeMap<String, Spanned<toml::Value>>,
}

/// The number of the line of a byte.
fn line_at(text: &str, byte: usize) -> usize {
    text.bytes().take(byte).filter(|byte| *byte == b'\n').count() + 1
}

/// The section `[run]` of a settings file; empty if there is none.
pub(crate) fn run_section(path: &Path) -> Result<RunSection, JobError> {
    let wrong = |message: Message| JobError::Refused(message.with("path", path.display()));
    let text = match store::read_text(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(RunSection::default()),
        Err(error) => return Err(wrong(Message::new("settings_unread").with_message("detail", error))),
    };
    let mut table: toml::Table = toml::from_str(&text).map_err(|error: toml::de::Error| {
        let line = line_at(&text, error.span().map_or(0, |span| span.start));
        wrong(Message::new("settings_wrong").with("line", line).with("detail", error.message()))
    })?;
    match table.remove(RUN) {
        None => Ok(RunSection::default()),
        Some(toml::Value::Table(options)) => {
            let located = toml::from_str(&text).unwrap_or(Located { run: BTreeMap::new() });
            let lines = located.run.into_iter().map(|(key, value)| (key, line_at(&text, value.span().start)));
            Ok(RunSection { options, path: path.to_path_buf(), lines: lines.collect() })
        }
        Some(_) => Err(wrong(Message::new("settings_run"))),
    }
}

/// The settings file, `settings.toml` in the user's configuration folder.
pub(crate) struct SettingsFile {
    path: PathBuf,
}

impl SettingsFile {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// The default path.
    pub(crate) fn default_path() -> Option<PathBuf> {
        folder().map(|dir| dir.join("settings.toml"))
    }

    /// The settings, or the defaults if they can't be read.
    pub(crate) fn load(&self) -> Settings {
        let Ok(text) = store::read_text(&self.path) else { return Settings::default() };
        toml::from_str(&text).unwrap_or_else(|error| {
            tracing::warn!(%error, path = %self.path.display(), "the settings can't be read; the defaults are used");
            Settings::default()
        })
    }

    /// Writes the settings, completely or not at all.
    pub(crate) fn save(&self, settings: &Settings) -> Result<(), JobError> {
        let failed = |detail: String| {
            let sentence = Message::new("settings_write");
            JobError::Machine(sentence.with("path", self.path.display()).with("detail", detail))
        };
        let mut table = toml::Table::try_from(settings).map_err(|error| failed(error.to_string()))?;
        // It belongs to the person who wrote it.
        let run = run_section(&self.path).unwrap_or_default().options;
        if !run.is_empty() {
            table.insert(RUN.to_owned(), run.into());
        }
        let text = toml::to_string_pretty(&table).map_err(|error| failed(error.to_string()))?;
        store::put_in_folder(&self.path, text.as_bytes()).map_err(|error| failed(Message::from(error).to_string()))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::super::settings::*;
    use crate::config::{Language, Theme};
    use crate::model::{Recipe, Step};

    #[test]
    fn settings_survive_being_written_and_read() {
        let dir = tempfile::tempdir().unwrap();
        let file = SettingsFile::new(dir.path().join("deep/settings.toml"));
        let mut settings = Settings { theme: Theme::Light, language: Language::Korean, ..Settings::default() };
        settings.recipe =
            Recipe { version: 1, steps: vec![Step::new("resize").with("long_edge", 800.0).with("fit", "fit")] };
        file.save(&settings).unwrap();
        assert_eq!(file.load(), settings);
    }

    #[test]
    fn options_of_the_command_line_stay_when_the_settings_are_saved() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("settings.toml");
        std::fs::write(&path, "theme = \"dark\"\n[run]\nworkers = 3\nstep = [\"flip\"]\n").unwrap();
        let file = SettingsFile::new(path.clone());
        assert_eq!(file.load().theme, Theme::Dark);
        file.save(&Settings { theme: Theme::Light, ..Settings::default() }).unwrap();
        let run = run_section(&path).unwrap();
        let options = &run.options;
        assert_eq!((options["workers"].as_integer(), options["step"].as_array().map(Vec::len)), (Some(3), Some(1)));
        assert_eq!(file.load().theme, Theme::Light);
        std::fs::write(&path, "a = 1\nb =\n").unwrap();
        assert!(run_section(&path).unwrap_err().to_string().contains("line 2"));
        std::fs::write(&path, "run = 1").unwrap();
        assert!(run_section(&path).is_err());
        assert!(run_section(&dir.path().join("none.toml")).unwrap().options.is_empty());
    }

    #[test]
    fn a_broken_settings_file_gives_the_defaults() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("s.toml"), "theme = 3 = 4").unwrap();
        assert_eq!(SettingsFile::new(dir.path().join("s.toml")).load(), Settings::default());
    }
}
