//! The form for a recipe: changes to the list of steps, and the search for a filter.

use crate::engine::{self, Preview, PreviewContent};
use crate::gui::ops::{self, Op};
use crate::model::{FieldText, ItemRow, Lang, Message, Recipe, Step, names};

/// A change to the list of steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StepsEdit {
    /// Moves a step to another index.
    Move(usize, usize),
    /// Removes a step.
    Remove(usize),
}

impl StepsEdit {
    /// Makes the change, unless the step is gone.
    pub(crate) fn apply(self, recipe: &mut Recipe) {
        match self {
            Self::Move(from, to) if from < recipe.steps.len() => {
                let step = recipe.steps.remove(from);
                recipe.steps.insert(to.min(recipe.steps.len()), step);
            }
            Self::Remove(index) if index < recipe.steps.len() => {
                recipe.steps.remove(index);
            }
            Self::Move(..) | Self::Remove(_) => {}
        }
    }
}

/// What is missing or wrong in a step, if the preview is of this step.
pub(crate) fn fault<'a>(preview: &'a Preview, index: usize, step: &Step) -> Option<&'a Message> {
    let previewed = preview.request.as_ref()?.recipe.steps.get(index)?;
    let fault = preview.faults.iter().find(|fault| fault.step_index == index)?;
    (previewed == step).then_some(&fault.why)
}

/// A text with fields as it is drawn on the item that is shown, or what is wrong with it while it is `typed`; `None` if
/// all items have the same text.
pub(crate) fn text_example(
    item: Option<&ItemRow>,
    preview: &Preview,
    text: &str,
    is_typed: bool,
) -> Option<Result<String, Message>> {
    if let Err(why) = FieldText::parse_early(text) {
        // What is wrong with the text of the recipe is said of its step.
        return is_typed.then_some(Err(why));
    }
    let row = item?;
    let is_shown = preview.request.as_ref().is_some_and(|request| request.id == row.id);
    let taken = match &preview.content {
        PreviewContent::Picture(image) if is_shown => image.taken.as_deref(),
        _ => None,
    };
    engine::text_example(row, text, taken)
}

/// Where a step that is dragged lands: `gap` is the number of cards above the pointer. `None` if it stays.
pub(crate) fn dropped(from: usize, gap: usize) -> Option<StepsEdit> {
    let to = if gap > from { gap - 1 } else { gap };
    (to != from).then_some(StepsEdit::Move(from, to))
}

/// Appends a step for an operation, with parameters that have an effect.
pub(crate) fn add_step(recipe: &mut Recipe, op: &str) {
    recipe.steps.push(ops::starting_step(op));
}

/// The operations whose name or id contains the search text.
pub(crate) fn found(ops: &[Op], lang: Lang, text: &str) -> Vec<Op> {
    let wanted = text.trim().to_lowercase();
    let is_found = |op: &&Op| {
        wanted.is_empty()
            || names::op_name(lang, op.id).to_lowercase().contains(&wanted)
            || op.id.replace('_', " ").contains(&wanted)
    };
    ops.iter().filter(is_found).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(recipe: &Recipe) -> Vec<&str> {
        recipe.steps.iter().map(|step| step.op.as_str()).collect()
    }

    #[test]
    fn a_dragged_step_moves_to_the_gap_under_the_pointer() {
        let steps = ["a", "b", "c"].map(Step::new).to_vec();
        for (from, gap, order) in [(0, 3, ["b", "c", "a"]), (2, 0, ["c", "a", "b"]), (0, 2, ["b", "a", "c"])] {
            let mut recipe = Recipe { steps: steps.clone(), ..Recipe::default() };
            dropped(from, gap).into_iter().for_each(|edit| edit.apply(&mut recipe));
            assert_eq!(ids(&recipe), order, "{from} to {gap}");
        }
        assert_eq!((dropped(1, 1), dropped(1, 2)), (None, None));
    }

    #[test]
    fn an_edit_of_a_step_that_is_gone_changes_nothing() {
        let mut recipe = Recipe { steps: vec![Step::new("a")], ..Recipe::default() };
        StepsEdit::Remove(1).apply(&mut recipe);
        StepsEdit::Move(3, 0).apply(&mut recipe);
        assert_eq!(ids(&recipe), ["a"]);
    }

    #[test]
    fn operations_are_found_by_id_and_by_name_in_any_language() {
        let ops = ops::all();
        let ids = |lang, text| found(&ops, lang, text).into_iter().map(|op| op.id).collect::<Vec<_>>();
        assert_eq!(ids(Lang::English, "gaussian"), ["gaussian_blur"]);
        assert_eq!(ids(Lang::Korean, "가우시안"), ["gaussian_blur"]);
        assert_eq!(ids(Lang::Korean, "gaussian b"), ["gaussian_blur"]);
        assert_eq!(ids(Lang::English, " ").len(), ops.len());
    }
}
