//! The recipe that the options of `run` describe: recipe files and presets, steps and save settings; and the outputs, if
//! there are several.

use std::path::Path;

use super::args::{RecipeParts, RunArgs};
use crate::engine::{self, RecipeFile, RecipeInput, RecipeOutput};
use crate::error::{JobError, RecipeLocation};
use crate::model::{FormatChoice, Message, Output, Recipe, Save, SinkSpec, Step, Value, save};

impl RunArgs {
    /// The recipe and the outputs, whose results go to `sink`.
    pub(super) fn recipe_parts(&self, sink: &SinkSpec) -> Result<RecipeParts, JobError> {
        let files: Vec<(&Path, RecipeFile)> = self
            .recipes
            .iter()
            .map(|path| engine::recipe_named(path).map(|file| (path.as_path(), file)))
            .collect::<Result<_, _>>()?;
        let steps = self.own_steps()?;
        let mut input = RecipeInput::default();
        for (_, file) in &files {
            input.raw = input.raw.or(file.input.raw);
            input.pages = input.pages.or(file.input.pages);
            input.truncated = input.truncated.or(file.input.truncated);
            input.damaged = input.damaged.or(file.input.damaged);
        }
        if files.len() > 1 || files.iter().any(|(_, file)| !file.outputs.is_empty()) {
            let (recipe, outputs) = self.named_outputs(files, steps, sink)?;
            return Ok(RecipeParts { recipe, outputs, input });
        }
        let file = files.into_iter().next().map(|(_, file)| file).unwrap_or_default();
        let mut recipe = file.recipe;
        recipe.steps.extend(steps);
        let save = self.save_over(file.save.unwrap_or_default())?;
        let output = Output { save, sink: sink.clone(), ..Output::default() };
        Ok(RecipeParts { recipe, outputs: vec![output], input })
    }

    /// Several outputs: steps that are given one by one come first, and all share them.
    fn named_outputs(
        &self,
        files: Vec<(&Path, RecipeFile)>,
        steps: Vec<Step>,
        sink: &SinkSpec,
    ) -> Result<(Recipe, Vec<Output>), JobError> {
        let mut recipe = Recipe { steps, ..Recipe::default() };
        let is_only_file = files.len() == 1;
        let mut outputs = Vec::new();
        for (path, file) in files {
            let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
            let RecipeFile { recipe: of_file, save, outputs: of_outputs, .. } = file;
            // What the outputs of one file share, others do not.
            let shared = if is_only_file && !of_outputs.is_empty() {
                recipe.steps.extend(of_file.steps);
                Vec::new()
            } else {
                of_file.steps
            };
            let of_outputs = if of_outputs.is_empty() { vec![RecipeOutput::default()] } else { of_outputs };
            for RecipeOutput { name, steps, save: own, sink: of_sink } in of_outputs {
                let steps = shared.iter().cloned().chain(steps).collect();
                let save = match own.or_else(|| save.clone()) {
                    Some(save) => self.save_filling_in(save)?,
                    None => self.save_over(Save::default())?,
                };
                let name = name.unwrap_or_else(|| stem.clone());
                outputs.push(Output { name, steps, save, sink: sink.filling_in(&of_sink) });
            }
        }
        Ok((recipe, outputs))
    }

    fn own_steps(&self) -> Result<Vec<Step>, JobError> {
        let here = std::env::current_dir().unwrap_or_default();
        let mut steps = Vec::with_capacity(self.steps.len());
        for step in &self.steps {
            let parsed = engine::parse_step(step).and_then(|step| engine::require_effect(&step).map(|()| step));
            let mut parsed = parsed.map_err(|why| JobError::Recipe {
                location: RecipeLocation::Argument(format!("--step {step}")),
                why,
            })?;
            engine::resolve_paths(&mut parsed, &here);
            steps.push(parsed);
        }
        Ok(steps)
    }

    fn format_option(&self) -> Result<Option<FormatChoice>, JobError> {
        let format = self.format.as_ref().map(|word| save::format(&Value::from(word.as_str())));
        format.transpose().map_err(JobError::Refused)
    }

    /// The options that are short for a setting, as its name and value.
    fn shortcuts(&self) -> Vec<(&'static str, String)> {
        let min_saving = self.min_saving.clone().or_else(|| self.keep_smaller.then(|| "0".to_owned()));
        let lossless_jpeg = self.lossless_jpeg.then(|| "true".to_owned());
        let shortcuts = [
            ("quality", self.quality.clone()),
            ("colour", self.colour.clone()),
            ("hdr", self.hdr.clone()),
            ("metadata", self.metadata.clone()),
            ("min_saving", min_saving),
            ("lossless_jpeg", lossless_jpeg),
        ];
        shortcuts.into_iter().filter_map(|(name, word)| Some((name, word?))).collect()
    }

    /// The settings of an output, with what the options add to them: it keeps what it states itself, and what its format
    /// does not have is left out.
    fn save_filling_in(&self, mut own: Save) -> Result<Save, JobError> {
        // The options are checked as if they were alone.
        let of_options = self.save_over(Save::default())?;
        if own == Save::default() {
            return Ok(of_options);
        }
        if own.format == FormatChoice::Keep && of_options.format != FormatChoice::Keep {
            own.set_format(of_options.format);
        }
        let given: Vec<&str> = own.given().map(|(key, _)| key.param.name).collect();
        let missing = self.shortcuts().into_iter().filter(|(name, _)| !given.contains(name));
        for (name, word) in missing.collect::<Vec<_>>() {
            let mut filled = own.clone();
            let value = save::key(name).map(|key| key.param.value_of(word));
            if value.and_then(|value| filled.set(name, &value)).and_then(|()| filled.check()).is_ok() {
                own = filled;
            }
        }
        Ok(own)
    }

    /// These settings, or those of `--save`, with the other options over them.
    fn save_over(&self, mut save: Save) -> Result<Save, JobError> {
        if let Some(text) = &self.save {
            save = engine::parse_save(text).map_err(|why| JobError::Recipe {
                location: RecipeLocation::Argument(format!("--save {text}")),
                why,
            })?;
        }
        if let Some(format) = self.format_option()? {
            if self.save.is_some() && format != save.format {
                let (one, other) = (save.format.word(), format.word());
                return Err(JobError::Refused(Message::new("formats_differ").with("one", one).with("other", other)));
            }
            save.set_format(format);
        }
        let named = self.save.as_deref().map(engine::save_keys_named).unwrap_or_default();
        for (name, word) in self.shortcuts() {
            if named.iter().any(|key| key == name) {
                let text = self.save.as_deref().unwrap_or_default();
                let message = Message::new("said_twice").with("save", text).with("name", name).with("value", word);
                return Err(JobError::Refused(message));
            }
            let value = save::key(name).map(|key| key.param.value_of(word.clone()));
            value.and_then(|value| save.set(name, &value)).map_err(|why| JobError::Recipe {
                location: RecipeLocation::Argument(match word.as_str() {
                    "true" => format!("--{}", name.replace('_', "-")),
                    word => format!("--{} {word}", name.replace('_', "-")),
                }),
                why,
            })?;
        }
        Ok(save)
    }
}
