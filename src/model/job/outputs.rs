//! Several outputs of each item: their names, their folders, and the request as each of them sees it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{JobSpec, Output, SinkSpec};
use crate::model::Message;
use crate::model::recipe::Recipe;

/// Longest name of an output, in characters.
const LONGEST_NAME: usize = 64;
/// Names that Windows reserves.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];

impl JobSpec {
    /// Whether its outputs have names: each goes to a folder of its own, and is recorded by itself.
    pub fn has_named_outputs(&self) -> bool {
        self.outputs.iter().any(|output| !output.name.is_empty())
    }

    /// The request as if the output with this number were the only one, with the shared steps before its own.
    #[must_use]
    pub fn view(&self, n: usize) -> Self {
        Self { sources: self.sources.clone(), ..self.view_without_sources(n) }
    }

    /// The same without the sources.
    #[must_use]
    pub fn view_without_sources(&self, n: usize) -> Self {
        let output = self.outputs.get(n).cloned().unwrap_or_default();
        let recipe = output.whole_recipe(&self.recipe);
        Self { recipe, outputs: vec![Output { steps: Vec::new(), ..output }], ..self.without_sources() }
    }

    /// Checks the names of several outputs.
    pub fn check_output_names(&self) -> Result<(), Message> {
        if !self.has_named_outputs() {
            return Ok(());
        }
        let mut seen = BTreeSet::new();
        for output in &self.outputs {
            check_output_name(&output.name)?;
            if !seen.insert(output.name.to_lowercase()) {
                return Err(Message::new("output_twice").with("name", &output.name));
            }
        }
        Ok(())
    }

    /// Sets the folder below which the outputs go.
    pub fn set_out_dir(&mut self, dir: Option<&Path>) {
        self.output_mut();
        for output in &mut self.outputs {
            output.sink.dir = dir.map(Path::to_path_buf);
        }
    }
}

impl Output {
    /// The shared steps and its own ones.
    #[must_use]
    pub fn whole_recipe(&self, shared: &Recipe) -> Recipe {
        Recipe { version: shared.version, steps: shared.steps.iter().chain(&self.steps).cloned().collect() }
    }

    /// Its folder in the output folder of its job.
    pub fn folder_in(&self, dir: &Path) -> PathBuf {
        match &self.sink.folder {
            Some(folder) => dir.join(folder),
            None if self.name.is_empty() => dir.to_path_buf(),
            None => dir.join(&self.name),
        }
    }
}

impl SinkSpec {
    /// These settings for one of several outputs, which keeps what it says itself.
    #[must_use]
    pub fn filling_in(&self, own: &SinkPart) -> Self {
        let mut sink = self.clone();
        sink.folder.clone_from(&own.folder);
        if let Some(name) = &own.name {
            sink.name.clone_from(name);
        }
        sink.tree = own.tree.unwrap_or(sink.tree);
        sink.on_conflict = own.on_conflict.unwrap_or(sink.on_conflict);
        sink
    }
}

/// What a recipe says about the folder and the names of an output.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SinkPart {
    /// The folder, below the job's output folder unless it is absolute.
    pub folder: Option<PathBuf>,
    /// The name template.
    pub name: Option<String>,
    /// Whether to recreate the folder structure.
    pub tree: Option<super::Tree>,
    /// What happens if a file exists.
    pub on_conflict: Option<super::ConflictPolicy>,
}

/// Refuses a name that can't be a folder's on every system.
pub fn check_output_name(name: &str) -> Result<(), Message> {
    let is_wrong = |c: char| c.is_control() || "/\\:*?\"<>|".contains(c);
    let is_fine = !name.is_empty()
        && name.trim() == name
        && name.chars().count() <= LONGEST_NAME
        && !name.starts_with('.')
        && !name.ends_with('.')
        && !name.contains(is_wrong)
        && !DEVICES.contains(&name.to_lowercase().as_str());
    if is_fine { Ok(()) } else { Err(Message::new("output_name").with("name", name).with("most", LONGEST_NAME)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Step;

    #[test]
    fn names_of_outputs_are_names_of_folders_and_differ() {
        for name in ["large", "thumb 320", "썸네일", "a.b"] {
            assert_eq!(check_output_name(name), Ok(()), "{name}");
        }
        for name in ["", " a", "a/b", "..", ".hidden", "a.", "con", "a:b", &"x".repeat(65)] {
            assert!(check_output_name(name).is_err(), "{name}");
        }
        let named = |names: &[&str]| JobSpec {
            outputs: names.iter().map(|name| Output { name: (*name).to_owned(), ..Output::default() }).collect(),
            ..JobSpec::default()
        };
        assert_eq!(named(&["a", "b"]).check_output_names(), Ok(()));
        assert!(named(&["a", "A"]).check_output_names().is_err_and(|why| why.to_string().contains("\"A\"")));
        assert!(named(&["a", ""]).check_output_names().is_err(), "the other one has no name");
        assert_eq!(JobSpec::default().check_output_names(), Ok(()));
    }

    #[test]
    fn each_output_sees_the_shared_steps_before_its_own() {
        let mut spec = JobSpec::default();
        spec.recipe.steps.push(Step::new("auto_levels"));
        let own =
            |name: &str, op: &str| Output { name: name.to_owned(), steps: vec![Step::new(op)], ..Output::default() };
        spec.outputs = vec![own("a", "invert"), own("b", "sepia")];
        let view = spec.view(1);
        let ops: Vec<&str> = view.recipe.steps.iter().map(|step| step.op.as_str()).collect();
        assert_eq!((ops, view.outputs.len(), view.output().name.as_str()), (vec!["auto_levels", "sepia"], 1, "b"));
        assert_eq!(view.output().folder_in(Path::new("/out")), Path::new("/out/b"));
        assert_eq!(JobSpec::default().output().folder_in(Path::new("/out")), Path::new("/out"));
    }
}
