//! Presets: recipes to start from, the same as those of the command line.

use std::sync::LazyLock;

use crate::engine;
use crate::model::{Lang, Recipe, Save};

/// A preset.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Preset {
    name: &'static str,
    /// Its steps.
    pub(crate) recipe: Recipe,
    /// Its save settings.
    pub(crate) save: Save,
}

impl Preset {
    /// Every preset.
    pub(crate) fn all() -> &'static [Self] {
        static ALL: LazyLock<Vec<Preset>> = LazyLock::new(|| {
            let presets = engine::presets();
            presets
                .map(|(name, file)| Preset { name, recipe: file.recipe, save: file.save.unwrap_or_default() })
                .collect()
        });
        &ALL
    }

    /// Its name.
    pub(crate) fn label(&self, lang: Lang) -> String {
        lang.text(&format!("preset-{}", self.name), std::iter::empty()).unwrap_or_else(|| self.name.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_has_a_name_in_both_languages() {
        crate::init();
        let names = |lang| Preset::all().iter().map(|preset| preset.label(lang)).collect::<Vec<_>>();
        assert_eq!(names(Lang::English), ["Web", "Thumbnails", "Archive", "Convert only"]);
        assert_eq!(names(Lang::Korean), ["웹", "썸네일", "보관용", "변환만"]);
    }
}
