//! The form for save settings: which settings are shown, their values, and names of results.

use crate::engine::{NameExampleHints, Preview, PreviewContent, SaveKey, check_name_template, name_example, save_keys};
use crate::model::{Format, FormatChoice, ItemRow, Message, Recipe, Save, SinkSpec, Value, human, is_copy};

/// Keys shown at once; the others are shown with "More", or if they are set.
const SHOWN: [&str; 2] = ["quality", "lossless"];
/// Keys with a row of their own further down.
const BELOW: [&str; 1] = ["metadata"];

/// The keys that have an effect and are shown, and the number of hidden ones. `all` shows every key.
pub(crate) fn encoding_keys(save: &Save, recipe: &Recipe, all: bool) -> (Vec<&'static SaveKey>, usize) {
    if save.format == FormatChoice::Keep && is_copy(recipe, save) {
        // A copy is not re-encoded.
        return (Vec::new(), 0);
    }
    let keys = save_keys().iter().filter(|key| key.applies_to(save.format) && !BELOW.contains(&key.param.name));
    let (shown, hidden): (Vec<_>, Vec<_>) = keys.partition(|key| {
        let first = SHOWN.contains(&key.param.name) && save.format != FormatChoice::Keep;
        all || first || key.param.name == "quality" || key.get(save).is_some()
    });
    (shown, hidden.len())
}

/// Changes the format; its quality is then the default.
pub(crate) fn set_format(save: &mut Save, format: FormatChoice) {
    save.set_format(format);
    save.quality = None;
    save.lossless = false;
}

/// The value that an editor shows: the one that will be used rather than "not set".
pub(crate) fn shown_value(save: &Save, key: &SaveKey) -> Option<Value> {
    match (key.param.name, key.get(save)) {
        ("quality", None) => {
            let format = save.format.fixed().or_else(|| Format::named("jpeg"));
            format.and_then(Format::default_quality).map(|quality| f64::from(quality).into())
        }
        ("max_bytes", Some(Value::Number(bytes))) => Some(Value::Text(human::exact_size(bytes as u64))),
        (_, given) => given,
    }
}

/// Sets a key. An invalid value changes nothing, and the editor shows the old one; an empty text resets the key.
pub(crate) fn set_value(save: &mut Save, key: &SaveKey, value: &Value) {
    match value {
        Value::Text(text) if text.trim().is_empty() => key.reset(save),
        value => {
            let _ = key.set(save, value);
            if key.param.name == "quality" {
                save.lossless = false;
            }
        }
    }
}

/// Changes the name template; an empty one is the default.
pub(crate) fn set_name(sink: &mut SinkSpec, name: String) {
    sink.name = if name.trim().is_empty() { SinkSpec::default().name } else { name };
}

/// The last two parts of a path, with an ellipsis for the rest.
pub(crate) fn short_path(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        [.., parent, last] if parts.len() > 2 => format!("…/{parent}/{last}"),
        _ => path.to_owned(),
    }
}

/// The name template that applies: the one being typed, or the default if that is empty.
pub(crate) fn template(typed: Option<&str>, sink: &SinkSpec) -> String {
    match typed {
        Some(typed) if typed.trim().is_empty() => SinkSpec::default().name,
        Some(typed) => typed.to_owned(),
        None => sink.name.clone(),
    }
}

/// The name of an item's result, as far as it is known before the run, or what is wrong with the template. Without an
/// item, only the template is checked.
pub(crate) fn example(
    item: Option<&ItemRow>,
    preview: &Preview,
    save: &Save,
    sink: &SinkSpec,
    template: &str,
) -> Option<Result<String, Message>> {
    let Some(row) = item else { return check_name_template(template).err().map(Err) };
    let is_shown = preview.request.as_ref().is_some_and(|request| request.id == row.id);
    let hints = match &preview.content {
        PreviewContent::Picture(image) if is_shown => NameExampleHints {
            format: Some(image.format),
            size_px: Some(image.after_size_px),
            taken: image.taken.as_deref(),
        },
        _ => NameExampleHints::default(),
    };
    Some(name_example(row, save, sink, template, &hints))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::expect_used, reason = "tests")]

    use super::*;

    fn key(name: &str) -> &'static SaveKey {
        save_keys().iter().find(|key| key.param.name == name).expect("a key")
    }

    #[test]
    fn a_long_path_shows_its_end() {
        assert_eq!(short_path("/home/me/Pictures/web"), "…/Pictures/web");
        assert_eq!(short_path("/tmp/x"), "/tmp/x");
    }

    #[test]
    fn a_quality_ends_lossless_and_an_invalid_value_changes_nothing() {
        crate::init();
        let mut save = Save::default();
        set_format(&mut save, FormatChoice::named("webp").expect("a format"));
        save.lossless = true;
        set_value(&mut save, key("quality"), &70.0.into());
        assert_eq!((save.quality, save.lossless), (Some(70), false));
        set_value(&mut save, key("quality"), &700.0.into());
        assert_eq!(save.quality, Some(70));
        set_value(&mut save, key("max_bytes"), &"200 KB".into());
        assert_eq!(shown_value(&save, key("max_bytes")), Some("200KB".into()));
        set_value(&mut save, key("max_bytes"), &" ".into());
        assert_eq!(save.max_bytes, None);
    }

    #[test]
    fn the_template_that_is_typed_applies_at_once_and_an_empty_one_is_the_default() {
        let mut sink = SinkSpec { name: "{index:05}".to_owned(), ..SinkSpec::default() };
        assert_eq!(template(None, &sink), "{index:05}");
        assert_eq!(template(Some("{st"), &sink), "{st");
        assert_eq!(template(Some(" "), &sink), SinkSpec::default().name);
        set_name(&mut sink, " ".to_owned());
        assert_eq!(sink, SinkSpec::default());
    }
}
