//! Several outputs of the recipe.

use super::*;
use crate::model::{FormatChoice, Output, Recipe, Save, Step};

fn outputs(window: &mut Window) -> Vec<Output> {
    let commands = window.commands();
    let sent = commands.into_iter().rev().find_map(|command| match command {
        Command::SetOutputs(outputs) => Some(outputs),
        _ => None,
    });
    sent.unwrap_or_else(|| panic!("no outputs are sent"))
}

fn names(outputs: &[Output]) -> Vec<&str> {
    outputs.iter().map(|output| output.name.as_str()).collect()
}

#[test]
fn outputs_are_added_renamed_duplicated_and_removed() {
    let mut window = window(|engine| {
        engine.add_items();
        engine.job().recipe = Recipe::default();
    });
    window.press("Add output");
    assert_eq!(names(&outputs(&mut window)), ["output-1", "output-2"]);
    assert!(window.has("output-1 (WebP)") && window.has("Save: output-2"), "the first one saves as before");
    window.type_into("Output name", "thumb");
    window.key(Modifiers::NONE, Key::Enter);
    assert_eq!(names(&outputs(&mut window)), ["output-1", "thumb"]);
    window.press("Duplicate");
    assert_eq!(names(&outputs(&mut window)), ["output-1", "thumb", "thumb-2"]);
    window.press("output-1 (WebP)");
    assert!(window.has("Save: output-1"));
    window.press("Remove output");
    assert_eq!(names(&outputs(&mut window)), ["thumb", "thumb-2"]);
    window.press("Remove output");
    assert_eq!(names(&outputs(&mut window)), [""], "the last one is the recipe itself");
    assert!(!window.has("Output name"));
}

#[test]
fn the_chosen_output_is_shown_with_its_steps_and_its_format() {
    let mut window = window(|engine| {
        engine.add_items();
        engine.job().recipe = Recipe { steps: vec![Step::new("auto_levels")], ..Recipe::default() };
        let output = |name: &str, op: &str, format: &str| Output {
            name: name.to_owned(),
            steps: vec![Step::new(op)],
            save: Save { format: FormatChoice::known(format), ..Save::default() },
            ..Output::default()
        };
        engine.job().outputs = vec![output("large", "invert", "webp"), output("thumb", "sepia", "jpeg")];
    });
    let shown = |window: &mut Window| {
        let state = window.harness.state_mut().state_mut();
        let ops: Vec<String> = state.whole_recipe().steps.into_iter().map(|step| step.op).collect();
        (ops.join(" "), state.save().format)
    };
    window.settle();
    assert_eq!(shown(&mut window), ("auto_levels invert".to_owned(), FormatChoice::known("webp")));
    window.press("thumb (JPEG)");
    assert_eq!(shown(&mut window), ("auto_levels sepia".to_owned(), FormatChoice::known("jpeg")));
    let preview = std::sync::Arc::clone(&window.harness.state_mut().state_mut().preview);
    let request = preview.request.as_ref().unwrap();
    let ops: Vec<&str> = request.recipe.steps.iter().map(|step| step.op.as_str()).collect();
    assert_eq!(ops, ["auto_levels", "sepia"], "the preview shows it");
}
