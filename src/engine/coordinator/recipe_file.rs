//! Recipe files of the listed draft, and the outputs that they describe.

use std::path::PathBuf;

use super::Coordinator;
use super::disk::Disk;
use super::undo::Edit;
use crate::engine::api::command::Command;
use crate::engine::recipes::read_recipe;
use crate::error::JobError;
use crate::model::{JobSpec, Message, Output, SinkSpec};
use crate::op;
use crate::op::file::RecipeFile;
use crate::store;

impl Coordinator {
    pub(super) fn load_recipe(&mut self, path: PathBuf) {
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let read = move || read_recipe(&path);
        self.on_disk(Disk::Settings, read, move |this, file| {
            let file = file?;
            this.take_outputs(&file, &stem)?;
            this.take(Command::SetRecipe(file.recipe));
            Ok(())
        });
    }

    /// Takes the outputs of a recipe file, or its save options.
    fn take_outputs(&mut self, file: &RecipeFile, stem: &str) -> Result<(), JobError> {
        let Some(listed) = &self.listed else { return Ok(()) };
        let (sink, save) = (listed.spec.output().sink.clone(), listed.spec.output().save.clone());
        let sink = SinkSpec { folder: None, ..sink };
        let save = file.save.clone().unwrap_or(save);
        if file.outputs.is_empty() {
            let has_named = listed.spec.has_named_outputs();
            if has_named {
                self.take(Command::SetOutputs(vec![Output { save, sink, ..Output::default() }]));
            } else if file.save.is_some() {
                self.take(Command::SetSave(save));
            }
            return Ok(());
        }
        let outputs = file.outputs.iter().map(|output| Output {
            name: output.name.clone().unwrap_or_else(|| stem.to_owned()),
            steps: output.steps.clone(),
            save: output.save.clone().or_else(|| file.save.clone()).unwrap_or_default(),
            sink: sink.filling_in(&output.sink),
        });
        let outputs: Vec<Output> = outputs.collect();
        JobSpec { outputs: outputs.clone(), ..JobSpec::default() }.check_output_names().map_err(JobError::Refused)?;
        self.edit(|spec| Edit::Outputs(std::mem::replace(&mut spec.outputs, outputs)))
    }

    /// Changes the outputs. Where those go that exist already stays.
    pub(super) fn set_outputs(&mut self, mut outputs: Vec<Output>) -> Result<(), JobError> {
        self.edit(|spec| {
            let first = SinkSpec { folder: None, ..spec.output().sink.clone() };
            for output in &mut outputs {
                let same = spec.outputs.iter().find(|other| other.name == output.name && !other.name.is_empty());
                output.sink = same.map_or_else(|| first.clone(), |same| same.sink.clone());
            }
            Edit::Outputs(std::mem::replace(&mut spec.outputs, outputs))
        })
    }

    /// The outputs of the next draft: those of this job, in the folder that the user chose.
    pub(super) fn outputs_of_next(&self, spec: &JobSpec) -> Vec<Output> {
        let mut outputs = spec.outputs.clone();
        if outputs.is_empty() {
            outputs.push(Output::default());
        }
        for output in &mut outputs {
            output.sink = SinkSpec { folder: output.sink.folder.take(), ..self.settings.sink.clone() };
        }
        outputs
    }

    pub(super) fn save_recipe(&mut self, path: PathBuf) {
        let Some(listed) = &self.listed else { return };
        let text = op::file::write(&listed.spec.recipe, &listed.spec.outputs);
        let write = move || {
            store::put(&path, text.as_bytes()).map_err(|error| {
                let message = Message::new("recipe_unwritten");
                JobError::Machine(message.with("path", path.display()).with_message("detail", error))
            })
        };
        self.on_disk(Disk::Settings, write, |_, written| written);
    }
}
