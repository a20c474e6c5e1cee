//! Presets: recipes to start from.

use crate::model::Lang;
use crate::model::{FormatChoice, Recipe, Save, Step};

/// A preset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Preset {
    /// For web pages.
    Web,
    /// Small images.
    Thumbnails,
    /// Only a conversion to another format.
    Convert,
}

impl Preset {
    /// Every preset.
    pub(crate) const ALL: [Self; 3] = [Self::Web, Self::Thumbnails, Self::Convert];

    /// Its name.
    pub(crate) fn label(self, lang: Lang) -> &'static str {
        match self {
            Self::Web => lang.word("preset_web"),
            Self::Thumbnails => lang.word("preset_thumbnails"),
            Self::Convert => lang.word("preset_original"),
        }
    }

    /// Its steps.
    pub(crate) fn recipe(self) -> Recipe {
        let steps = match self {
            Self::Web => vec![
                Step::new("resize").with("long_edge", 1600.0),
                Step::new("sharpen").with("sigma", 1.0).with("amount", 0.8),
            ],
            Self::Thumbnails => vec![Step::new("resize").with("long_edge", 320.0)],
            Self::Convert => Vec::new(),
        };
        Recipe { steps, ..Recipe::default() }
    }

    /// Its save settings.
    pub(crate) fn save(self) -> Save {
        let (format, quality) = match self {
            Self::Web | Self::Convert => (FormatChoice::named("webp").unwrap_or_default(), Some(82)),
            Self::Thumbnails => (FormatChoice::named("jpeg").unwrap_or_default(), Some(80)),
        };
        Save { format, quality, ..Save::default() }
    }
}
