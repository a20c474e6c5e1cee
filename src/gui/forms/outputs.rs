//! Several outputs of one recipe: which of them is edited and shown, and changes to them.

use crate::gui::drafts::Drafts;
use crate::model::{Message, Output, Recipe, Save, check_output_name};

/// Whose steps are edited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StepsOf {
    /// Those that all outputs share.
    All,
    /// Those of the chosen output.
    Output,
}

/// The number of the chosen output, if the outputs have names.
pub(crate) fn chosen(drafts: &Drafts, wanted: usize) -> Option<usize> {
    let outputs = drafts.outputs.get();
    let are_named = outputs.iter().any(|output| !output.name.is_empty());
    are_named.then(|| wanted.min(outputs.len().saturating_sub(1)))
}

/// Steps that are edited.
pub(crate) fn steps(drafts: &Drafts, wanted: usize, of: StepsOf) -> Recipe {
    match (of, chosen(drafts, wanted).and_then(|at| drafts.outputs.get().get(at))) {
        (StepsOf::Output, Some(output)) => Recipe { steps: output.steps.clone(), ..Recipe::default() },
        (StepsOf::Output, None) => Recipe::default(),
        (StepsOf::All, _) => drafts.recipe.get().clone(),
    }
}

/// Changes these steps.
pub(crate) fn set_steps(drafts: &mut Drafts, wanted: usize, of: StepsOf, recipe: Recipe) {
    match of {
        StepsOf::All => drafts.recipe.set(recipe),
        StepsOf::Output => change(drafts, wanted, |output| output.steps = recipe.steps),
    }
}

/// All steps of the chosen output, or of the only one.
pub(crate) fn whole_recipe(drafts: &Drafts, wanted: usize) -> Recipe {
    let output = chosen(drafts, wanted).and_then(|at| drafts.outputs.get().get(at));
    output.map_or_else(|| drafts.recipe.get().clone(), |output| output.whole_recipe(drafts.recipe.get()))
}

/// How the chosen output, or the only one, is encoded.
pub(crate) fn save(drafts: &Drafts, wanted: usize) -> &Save {
    let output = chosen(drafts, wanted).and_then(|at| drafts.outputs.get().get(at));
    output.map_or_else(|| drafts.save.get(), |output| &output.save)
}

/// Changes how it is encoded.
pub(crate) fn set_save(drafts: &mut Drafts, wanted: usize, save: Save) {
    match chosen(drafts, wanted) {
        None => drafts.save.set(save),
        Some(_) => change(drafts, wanted, |output| output.save = save),
    }
}

fn change(drafts: &mut Drafts, wanted: usize, change: impl FnOnce(&mut Output)) {
    let Some(at) = chosen(drafts, wanted) else { return };
    let mut outputs = drafts.outputs.get().clone();
    if let Some(output) = outputs.get_mut(at) {
        change(output);
        drafts.outputs.set(outputs);
    }
}

/// Adds an output that begins like the chosen one, and returns its number. A recipe without outputs gets two of them: the
/// first one is what it was.
pub(crate) fn add(drafts: &mut Drafts, wanted: usize, word: &str, is_copy: bool) -> usize {
    let outputs = match chosen(drafts, wanted) {
        None => {
            let save = drafts.save.get().clone();
            let first = Output { name: format!("{word}-1"), save, ..Output::default() };
            vec![first.clone(), Output { name: format!("{word}-2"), ..first }]
        }
        Some(at) => {
            let mut outputs = drafts.outputs.get().clone();
            let Some(like) = outputs.get(at).cloned() else { return wanted };
            let steps = if is_copy { like.steps.clone() } else { Vec::new() };
            let name = free_name(&outputs, if is_copy { &like.name } else { word });
            outputs.push(Output { name, steps, ..like });
            outputs
        }
    };
    let last = outputs.len() - 1;
    drafts.outputs.set(outputs);
    last
}

fn free_name(outputs: &[Output], word: &str) -> String {
    let is_taken = |name: &String| outputs.iter().any(|output| output.name.eq_ignore_ascii_case(name));
    (2..1_000).map(|number| format!("{word}-{number}")).find(|name| !is_taken(name)).unwrap_or_default()
}

/// Removes the chosen output. The last one that is left becomes the recipe itself.
pub(crate) fn remove(drafts: &mut Drafts, wanted: usize) {
    let Some(at) = chosen(drafts, wanted) else { return };
    let mut outputs = drafts.outputs.get().clone();
    outputs.remove(at);
    if let [only] = outputs.as_slice() {
        drafts.recipe.set(only.whole_recipe(drafts.recipe.get()));
        outputs = vec![Output { name: String::new(), steps: Vec::new(), ..only.clone() }];
    }
    drafts.outputs.set(outputs);
}

/// Checks a new name of the chosen output.
pub(crate) fn check_name(drafts: &Drafts, wanted: usize, name: &str) -> Result<String, Message> {
    let name = name.trim();
    check_output_name(name)?;
    let at = chosen(drafts, wanted);
    let mut others = drafts.outputs.get().iter().enumerate().filter(|(other, _)| Some(*other) != at);
    if others.any(|(_, output)| output.name.to_lowercase() == name.to_lowercase()) {
        return Err(Message::new("output_twice").with("name", name));
    }
    Ok(name.to_owned())
}

/// Renames the chosen output.
pub(crate) fn rename(drafts: &mut Drafts, wanted: usize, name: String) {
    change(drafts, wanted, |output| output.name = name);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{FormatChoice, Step};

    fn names(drafts: &Drafts) -> Vec<&str> {
        drafts.outputs.get().iter().map(|output| output.name.as_str()).collect()
    }

    #[test]
    fn a_recipe_gets_outputs_that_begin_like_it_and_the_last_one_becomes_the_recipe_again() {
        let mut drafts = Drafts::default();
        drafts.recipe.set(Recipe { steps: vec![Step::new("auto_levels")], ..Recipe::default() });
        drafts.save.set(Save { format: FormatChoice::known("webp"), ..Save::default() });
        assert_eq!((chosen(&drafts, 0), save(&drafts, 0).format), (None, FormatChoice::known("webp")));
        assert_eq!(add(&mut drafts, 0, "output", false), 1);
        assert_eq!((names(&drafts), chosen(&drafts, 9)), (vec!["output-1", "output-2"], Some(1)));
        assert_eq!(save(&drafts, 1).format, FormatChoice::known("webp"));
        set_steps(&mut drafts, 1, StepsOf::Output, Recipe { steps: vec![Step::new("invert")], ..Recipe::default() });
        set_save(&mut drafts, 1, Save { format: FormatChoice::known("png"), ..Save::default() });
        assert_eq!((whole_recipe(&drafts, 0).steps.len(), whole_recipe(&drafts, 1).steps.len()), (1, 2));
        assert_eq!(save(&drafts, 0).format, FormatChoice::known("webp"), "the other one stays");
        assert_eq!(add(&mut drafts, 1, "output", true), 2);
        assert_eq!((names(&drafts)[2], whole_recipe(&drafts, 2).steps.len()), ("output-2-2", 2));
        assert!(check_name(&drafts, 2, "OUTPUT-1").is_err() && check_name(&drafts, 2, "a/b").is_err());
        assert_eq!(check_name(&drafts, 2, " thumb ").as_deref(), Ok("thumb"));
        rename(&mut drafts, 2, "thumb".to_owned());
        remove(&mut drafts, 0);
        assert_eq!(names(&drafts), ["output-2", "thumb"]);
        remove(&mut drafts, 0);
        assert_eq!((names(&drafts), chosen(&drafts, 0)), (vec![""], None));
        let ops: Vec<&str> = drafts.recipe.get().steps.iter().map(|step| step.op.as_str()).collect();
        assert_eq!(ops, ["auto_levels", "invert"]);
        assert_eq!(drafts.outputs.get()[0].save.format, FormatChoice::known("png"));
    }
}
