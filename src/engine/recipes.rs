//! Recipes by file or by name: reads them and makes the paths in them absolute.

use std::path::Path;

use crate::error::JobError;
use crate::model::{Message, ParamKind, Step, Value, spelling};
use crate::op;
use crate::op::file::RecipeFile;
use crate::store;

/// The recipes that come with the program, by name.
const PRESETS: [(&str, &str); 4] = [
    ("web", include_str!("../../assets/presets/web.toml")),
    ("thumbnails", include_str!("../../assets/presets/thumbnails.toml")),
    ("archive", include_str!("../../assets/presets/archive.toml")),
    ("convert", include_str!("../../assets/presets/convert.toml")),
];

/// The names of the presets.
pub fn preset_names() -> impl Iterator<Item = &'static str> {
    PRESETS.into_iter().map(|(name, _)| name)
}

/// Every preset, by name.
pub fn presets() -> impl Iterator<Item = (&'static str, RecipeFile)> {
    PRESETS.into_iter().filter_map(|(name, text)| Some((name, op::file::read(text, name).ok()?)))
}

/// The recipe that a word names: a preset, unless it looks like a path.
pub fn recipe_named(word: &Path) -> Result<RecipeFile, JobError> {
    let name = word.to_str().filter(|word| !word.contains(['/', '\\', '.']));
    let Some(name) = name else { return read_recipe(word) };
    let found = spelling::find(name, preset_names());
    if let Some((name, text)) = PRESETS.into_iter().find(|(preset, _)| Some(*preset) == found) {
        return op::file::read(text, name);
    }
    if store::kind_at(word) == Some(store::EntryKind::File) {
        return read_recipe(word);
    }
    let message = match spelling::nearest(name, preset_names()) {
        Some(near) => Message::new("no_preset_near").with("near", near),
        None => Message::new("no_preset"),
    };
    let names = preset_names().collect::<Vec<_>>().join(", ");
    Err(JobError::Refused(message.with("name", name).with("names", names)))
}

/// Reads a recipe file. The files that its steps name are relative to its folder.
pub fn read_recipe(path: &Path) -> Result<RecipeFile, JobError> {
    let text = store::read_text(path).map_err(|error| {
        let message = Message::new("recipe_unread");
        JobError::Refused(message.with("path", path.display()).with_message("detail", error))
    })?;
    let mut file = op::file::read(&text, &path.display().to_string())?;
    let path = std::path::absolute(path).map_err(|error| JobError::path(path, &error))?;
    if let Some(folder) = path.parent() {
        let own = file.outputs.iter_mut().flat_map(|output| &mut output.steps);
        file.recipe.steps.iter_mut().chain(own).for_each(|step| resolve_paths(step, folder));
    }
    Ok(file)
}

/// Makes the paths of files in a step absolute, so that it means the same in another folder.
pub fn resolve_paths(step: &mut Step, folder: &Path) {
    let params = op::find(&step.op).map_or(&[][..], |spec| spec.params);
    for param in params.iter().filter(|param| matches!(param.kind, ParamKind::File { .. })) {
        let Some(Value::Text(path)) = step.params.get_mut(param.name) else { continue };
        if !path.trim().is_empty() && Path::new(path).is_relative() {
            // A folder whose name is no text can't be written down in a step.
            if let Some(absolute) = folder.join(path.as_str()).to_str() {
                absolute.clone_into(path);
            }
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn every_preset_is_valid_and_has_the_name_of_its_file() {
        assert!(presets().map(|(name, _)| name).eq(preset_names()));
        for name in preset_names() {
            assert!(recipe_named(Path::new(name)).is_ok(), "{name}");
            let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/presets").join(name).with_extension("toml");
            assert_eq!(read_recipe(&file).unwrap(), recipe_named(Path::new(name)).unwrap());
        }
        assert!(recipe_named(Path::new("Web")).is_ok());
        let error = recipe_named(Path::new("thumbnail")).unwrap_err().to_string();
        assert!(error.contains("did you mean \"thumbnails\"?") && error.contains("archive"), "{error}");
    }

    #[test]
    fn only_relative_paths_of_files_are_resolved() {
        let mut step = Step::new("watermark_image").with("file", "logo.png").with("position", "top_left");
        resolve_paths(&mut step, Path::new("/recipes"));
        assert_eq!(step.params["file"], "/recipes/logo.png".into());
        assert_eq!(step.params["position"], "top_left".into());
        resolve_paths(&mut step, Path::new("/elsewhere"));
        assert_eq!(step.params["file"], "/recipes/logo.png".into());
    }
}
