//! The name that an item's result will have and the texts that will be drawn on it, as far as they are known before the
//! run, for the forms of save settings and steps.

use std::path::Path;

use super::extension::{is_extension_of, own_extension};
use super::naming::given_name;
use super::texts::column_values;
use crate::model::{FieldText, FieldValues, Format, ItemRow, Locator, Message, Save, SinkSpec};
use crate::sink::{PlannedPath, Template};

/// What is known of an item besides its row.
#[derive(Clone, Copy, Debug, Default)]
pub struct NameHints<'a> {
    /// The format of its content.
    pub format: Option<Format>,
    /// The result's size in px.
    pub size_px: Option<(u32, u32)>,
    /// When the image was taken, in camera time.
    pub taken: Option<&'a str>,
}

const LACKS: Message = Message::new("name_lacks_column");

/// Checks a name template; the error says what is wrong with it.
pub fn check_name_template(text: &str) -> Result<(), Message> {
    Template::parse(text).map(drop)
}

/// The path of an item's result below the output folder. Fields that are known only after the run are shown as they
/// are written.
pub fn name_example(
    row: &ItemRow,
    save: &Save,
    sink: &SinkSpec,
    template: &str,
    hints: &NameHints<'_>,
) -> Result<String, Message> {
    let template = Template::parse(template)?;
    if let Some(column) = template.columns().find(|column| row.columns.get(column).is_none()) {
        return Err(LACKS.with("column", column));
    }
    let mut parts = shown_values(row, hints.taken, template.columns());
    (parts.width, parts.height) = hints.size_px.unzip();
    parts.is_pending = true;
    let extension = extension(&row.locator, &parts.ext, save, hints.format);
    let path = PlannedPath::plan(Path::new(""), sink.tree, &template, &parts, &extension).path();
    Ok(path.to_string_lossy().into_owned())
}

/// A text as it is drawn on an item; `None` if it has no fields and is drawn as it is.
pub fn text_example(row: &ItemRow, text: &str, taken: Option<&str>) -> Option<Result<String, Message>> {
    // The pipeline reports what is wrong with it.
    let text = FieldText::parse_early(text).ok().filter(|text| text.fields().next().is_some())?;
    if let Some(column) = text.columns().find(|column| row.columns.get(column).is_none()) {
        return Some(Err(LACKS.with("column", column)));
    }
    Some(Ok(text.fill(&FieldValues { is_pending: true, ..shown_values(row, taken, text.columns()) })))
}

/// What is known of an item that is shown, before the run.
pub(crate) fn shown_values<'a>(
    row: &ItemRow,
    taken: Option<&str>,
    columns: impl Iterator<Item = &'a str>,
) -> FieldValues {
    let mut values = FieldValues::of(&row.locator, row.id.seq, &row.dir, row.mtime_ms);
    if let Some(name) = given_name(row).or_else(|| row.response_name.clone()) {
        values.set_name(&name);
    }
    if let Some(taken) = taken {
        values.set_taken(taken);
    }
    values.columns = column_values(row, columns);
    values
}

fn extension(locator: &Locator, named: &str, save: &Save, content: Option<Format>) -> String {
    if let Some(format) = save.format.fixed() {
        return format.extension().to_owned();
    }
    let own = own_extension(locator, None).unwrap_or_else(|| named.to_owned());
    match content {
        Some(format) if !is_extension_of(&own, format) => format.extension().to_owned(),
        _ => own,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::super::name_example::*;
    use crate::model::{FormatChoice, ItemId, JobId, Lang, NewItem};

    fn row(locator: &str) -> ItemRow {
        let item = NewItem::new(Locator::parse(locator));
        let row = ItemRow::waiting(ItemId { job: JobId(1), seq: 7 }, item);
        ItemRow { dir: "trip".to_owned(), ..row }
    }

    #[test]
    fn an_example_is_the_path_below_the_output_folder() {
        crate::init();
        let webp = Save { format: FormatChoice::named("webp").unwrap(), ..Save::default() };
        let sink = SinkSpec::default();
        let known = NameHints { size_px: Some((640, 480)), taken: Some("2020-01-02T03:04:05"), ..NameHints::default() };
        let of = |template: &str, hints: &NameHints<'_>| {
            name_example(&row("/home/me/trip/a.png"), &webp, &sink, template, hints).map(|name| name.replace('\\', "/"))
        };
        assert_eq!(of("{stem}", &known).unwrap(), "trip/a.webp");
        assert_eq!(of("{date}/{stem}-{width}x{height}", &known).unwrap(), "trip/2020-01-02/a-640x480.webp");
        assert_eq!(of("{index:03}-{width}", &NameHints::default()).unwrap(), "trip/007-{width}.webp");
        let error = of("{stm}", &known).unwrap_err();
        assert!(error.window_text(Lang::English).contains("unknown field {stm}"), "{error}");
        assert!(of("{col:sku}", &known).unwrap_err().window_text(Lang::English).contains("\"sku\""));
    }

    #[test]
    fn the_original_format_keeps_an_extension_that_fits_the_content() {
        crate::init();
        let of = |locator: &str, format: &str| {
            let hints = NameHints { format: Format::named(format), ..NameHints::default() };
            name_example(&row(locator), &Save::default(), &SinkSpec::default(), "{stem}", &hints).unwrap()
        };
        assert!(of("/a/b.JPEG", "jpeg").ends_with("b.JPEG"));
        assert!(of("/a/b.jpg", "png").ends_with("b.png"));
        assert!(of("https://shop.example/p/48", "webp").ends_with("48.webp"));
    }
}
