//! The settings file.

use std::path::PathBuf;

use etcetera::BaseStrategy;

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
        let text = toml::to_string_pretty(settings).map_err(|error| failed(error.to_string()))?;
        store::put_in_folder(&self.path, text.as_bytes()).map_err(|error| failed(error.to_string()))
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
    fn a_broken_settings_file_gives_the_defaults() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("s.toml"), "theme = 3 = 4").unwrap();
        assert_eq!(SettingsFile::new(dir.path().join("s.toml")).load(), Settings::default());
    }
}
