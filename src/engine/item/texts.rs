//! Texts of a recipe with fields of the item, such as a watermark with `{stem}`: which fields they use, and the recipe of
//! one item, with its texts filled in.

use std::collections::HashMap;

use crate::model::fields::escaped;
use crate::model::{Columns, FieldText, FieldValues, ItemRow, ParamKind, Recipe, Step, Value, spelling};
use crate::op;

/// The texts of a recipe that have fields.
#[derive(Clone, Debug, Default)]
pub(crate) struct RecipeTexts {
    texts: Vec<RecipeText>,
}

#[derive(Clone, Debug)]
struct RecipeText {
    step_index: usize,
    /// The parameter as the recipe spells it.
    param: String,
    /// As the recipe gives it.
    given: String,
    text: FieldText,
}

/// The recipe of one item.
pub(crate) struct ItemRecipe {
    pub(crate) recipe: Recipe,
    /// The texts that are drawn.
    pub(crate) texts: Vec<String>,
}

impl RecipeTexts {
    /// The texts of a recipe. Those that are wrong are left out: the pipeline rejects them.
    pub(crate) fn of(recipe: &Recipe) -> Self {
        let steps = recipe.steps.iter().enumerate().filter(|(_, step)| step.enabled);
        let texts = steps.flat_map(|(step_index, step)| {
            let texts = step_texts(step).filter_map(move |(param, text)| {
                let given = text.to_owned();
                let text = FieldText::parse_early(text).ok().filter(|text| text.fields().next().is_some())?;
                Some(RecipeText { step_index, param: param.to_owned(), given, text })
            });
            texts.collect::<Vec<_>>()
        });
        Self { texts: texts.collect() }
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// The columns that they use, each with its text as the recipe gives it.
    pub(crate) fn columns_by_text(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts.iter().flat_map(|text| text.text.columns().map(|column| (text.given.as_str(), column)))
    }

    /// The columns of an item's list that they use.
    pub(crate) fn columns(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().flat_map(|text| text.text.columns())
    }

    /// Whether they hold the item's number.
    pub(crate) fn has_index(&self) -> bool {
        self.texts.iter().any(|text| text.text.has_index())
    }

    /// Whether they hold the day an image was taken.
    pub(crate) fn has_date(&self) -> bool {
        self.texts.iter().any(|text| text.text.has_date())
    }

    /// What they hold of an item's row: equal links with equal keys have equal texts.
    pub(crate) fn row_key(&self, columns: &Columns, seq: u64) -> String {
        let mut key = String::new();
        for column in self.columns() {
            key.push_str(&columns.text(column).unwrap_or_default());
            key.push('\n');
        }
        if self.texts.iter().any(|text| text.text.has_name())
            && let Some((_, name)) = columns.given_name()
        {
            key.push_str(&name);
        }
        if self.has_index() {
            key.push_str(&seq.to_string());
        }
        key
    }

    /// The recipe with the texts of one item. A step without any text is left out.
    pub(crate) fn fill(&self, recipe: &Recipe, values: &FieldValues) -> ItemRecipe {
        let mut filled = ItemRecipe { recipe: recipe.clone(), texts: Vec::new() };
        for text in &self.texts {
            let Some(step) = filled.recipe.steps.get_mut(text.step_index) else { continue };
            let drawn = text.text.fill(values);
            if drawn.trim().is_empty() {
                step.enabled = false;
                continue;
            }
            step.params.insert(text.param.clone(), Value::Text(escaped(&drawn)));
            filled.texts.push(drawn);
        }
        filled
    }
}

/// The texts of a step that may have fields, by the names of their parameters.
fn step_texts(step: &Step) -> impl Iterator<Item = (&str, &str)> {
    let params = op::find(&step.op).map_or(&[][..], |spec| spec.params);
    step.params.iter().filter_map(move |(name, value)| {
        let is_field_text = |kind: &ParamKind| matches!(kind, ParamKind::FieldText { .. });
        let is_one = params.iter().any(|param| is_field_text(&param.kind) && spelling::is_same(param.name, name));
        match value {
            Value::Text(text) if is_one => Some((name.as_str(), text.as_str())),
            _ => None,
        }
    })
}

/// The values of an item's columns that texts and names use.
pub(crate) fn column_values<'a>(row: &ItemRow, columns: impl Iterator<Item = &'a str>) -> HashMap<String, String> {
    columns.filter_map(|name| Some((name.to_owned(), row.columns.text(name)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watermark(text: &str) -> Step {
        Step::new("watermark_text").with("text", text)
    }

    #[test]
    fn only_texts_with_fields_are_filled_in_and_a_blank_one_draws_nothing() {
        let steps = vec![
            Step::new("grayscale"),
            watermark("{{plain}}"),
            watermark("{col:name} {index:03}"),
            Step { enabled: false, ..watermark("{stem}") },
            watermark("{col:note}"),
        ];
        let recipe = Recipe { steps, ..Recipe::default() };
        let texts = RecipeTexts::of(&recipe);
        assert_eq!(texts.columns().collect::<Vec<_>>(), ["name", "note"]);
        assert_eq!((texts.has_index(), texts.has_date()), (true, false));
        let columns = HashMap::from([("name".to_owned(), "a {b}".to_owned())]);
        let filled = texts.fill(&recipe, &FieldValues { index: 7, columns, ..FieldValues::default() });
        assert_eq!(filled.texts, ["a {b} 007"]);
        assert_eq!(filled.recipe.steps.get(1), recipe.steps.get(1));
        assert_eq!(filled.recipe.steps.get(2), Some(&watermark("a {{b}} 007")));
        assert_eq!(filled.recipe.steps.get(4).map(|step| step.enabled), Some(false));
        assert!(RecipeTexts::of(&filled.recipe).is_empty(), "what a column holds is not filled in again");
    }
}
