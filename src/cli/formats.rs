//! The formats: a table of all of them, or one in detail. Everything is taken from their declarations.

use serde_json::{Value as Json, json};
use unicode_width::UnicodeWidthStr as _;

use super::args::FormatsArgs;
use super::{Exit, lang, print_line};
use crate::codec::{Block, Facts, FormatFacts, HdrKind, ProcessorLimit, format_facts};
use crate::config::MAX_PIXELS;
use crate::engine::{self, SaveKey};
use crate::error::JobError;
use crate::model::{Format, FormatChoice, Lang, Message, OtherFormat, ParamKind, Value, human, spelling};

/// In a table: no.
const NO: &str = "-";

/// Prints every format, or the one that is named.
pub(super) fn print(args: &FormatsArgs) -> Result<Exit, JobError> {
    let all = format_facts();
    let facts = match &args.name {
        Some(name) => vec![named(name, all)?],
        None => all,
    };
    if args.json {
        facts.iter().for_each(|facts| print_line(&as_json(facts).to_string()));
    } else if let (Some(_), [facts]) = (&args.name, &*facts) {
        print_line(details(facts, lang()).trim_end());
    } else {
        print_line(aligned(&rows(&facts, Format::name, lang())).trim_end());
        print_line(&format!("\n{}", lang().word("formats_legend")));
    }
    Ok(Exit::AllDone)
}

/// The format with this name, extension or media type.
fn named(name: &str, all: Vec<FormatFacts>) -> Result<FormatFacts, JobError> {
    let word = name.trim().trim_start_matches('.');
    let format = Format::named(word).or_else(|| {
        let has_type = |format: &Format| format.media_types().iter().any(|own| own.eq_ignore_ascii_case(word));
        Format::all().into_iter().find(has_type)
    });
    let names: Vec<&str> = all.iter().map(|facts| facts.format.name()).collect();
    let unknown = || {
        let message = match OtherFormat::with_extension(word) {
            Some(OtherFormat { label, feature: Some(feature), .. }) => {
                Message::new("format_left_out").with("format", *label).with("feature", *feature)
            }
            Some(other) => Message::new("format_not_read").with("format", other.label),
            None => {
                let words = all.iter().flat_map(|facts| std::iter::once(facts.format.name()).chain(extensions(facts)));
                match spelling::nearest(word, words).and_then(Format::named) {
                    Some(near) => Message::new("no_format_near").with("near", near.name()),
                    None => Message::new("no_format"),
                }
            }
        };
        JobError::Refused(message.with("name", name).with("names", names.join(", ")))
    };
    all.iter().find(|facts| Some(facts.format) == format).cloned().ok_or_else(unknown)
}

fn extensions(facts: &FormatFacts) -> impl Iterator<Item = &'static str> + use<> {
    facts.format.extensions().iter().copied()
}

/// A row of headings, and a row for each format.
fn rows(facts: &[FormatFacts], name: fn(Format) -> &'static str, lang: Lang) -> Vec<Vec<String>> {
    let headings = ["formats_format", "formats_read", "formats_written", "formats_alpha"]
        .into_iter()
        .chain(["formats_animation", "formats_pages"])
        .map(|id| lang.word(id).to_owned())
        .chain(Block::ALL.map(|block| block.name().to_owned()))
        .chain(["HDR".to_owned()]);
    std::iter::once(headings.collect()).chain(facts.iter().map(|facts| row(facts, name, lang))).collect()
}

fn row(facts: &FormatFacts, name: fn(Format) -> &'static str, lang: Lang) -> Vec<String> {
    let FormatFacts { format, read, written, .. } = facts;
    let both = |has: &dyn Fn(&Facts) -> bool| letters(has(read), written.as_ref().is_some_and(has));
    let ranges = HdrKind::ALL.into_iter().filter_map(|kind| {
        let letters = both(&|facts| facts.hdr.contains(&kind));
        (letters != NO).then(|| format!("{} {letters}", hdr_name(kind, lang)))
    });
    let ranges = Some(ranges.collect::<Vec<_>>().join(", ")).filter(|ranges| !ranges.is_empty());
    let depths = [Some(read), written.as_ref()];
    let mut cells = vec![name(*format).to_owned()];
    cells.extend(depths.map(|facts| facts.map_or_else(|| NO.to_owned(), |facts| bits(facts, lang))));
    cells.push(both(&|facts| facts.has_alpha).to_owned());
    cells.push(both(&|facts| facts.has_frames).to_owned());
    cells.push(both(&|facts| facts.has_pages).to_owned());
    cells.extend(Block::ALL.map(|block| both(&|facts| facts.metadata.contains(&block)).to_owned()));
    cells.push(ranges.unwrap_or_else(|| NO.to_owned()));
    cells
}

const fn letters(read: bool, written: bool) -> &'static str {
    match (read, written) {
        (true, true) => "rw",
        (true, false) => "r",
        (false, true) => "w",
        (false, false) => NO,
    }
}

fn bits(facts: &Facts, lang: Lang) -> String {
    Message::new("formats_bits").with("bits", facts.bits).text(lang)
}

fn hdr_name(kind: HdrKind, lang: Lang) -> &'static str {
    lang.word(match kind {
        HdrKind::Pq => "hdr_kind-pq",
        HdrKind::Hlg => "hdr_kind-hlg",
        HdrKind::GainMap => "hdr_kind-gain_map",
        HdrKind::Light => "hdr_kind-linear_light",
    })
}

/// Columns as wide as their cells. Hangul takes two columns per character.
fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell}{}", " ".repeat(width - cell.width())));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

/// One format: its names, what is read and written, its limits and its save settings.
fn details(facts: &FormatFacts, lang: Lang) -> String {
    let format = facts.format;
    let mut lines = vec![format!("{} ({})", format.name(), format.label())];
    let mut add = |message: Message| lines.push(format!("  {}", message.text(lang)));
    let listed = |id, words: &[&str]| Message::new(id).with("list", words.join(", "));
    add(listed("format_extensions", format.extensions()));
    add(listed("format_media_types", format.media_types()));
    add(Message::new("format_read").with("list", abilities(&facts.read, lang)));
    match &facts.written {
        Some(written) => add(Message::new("format_written").with("list", abilities(written, lang))),
        None => add(Message::new("format_only_read")),
    }
    if let Some(ProcessorLimit { base_ms, per_megapixel_ms, per_megabyte_ms }) = facts.isolated {
        let seconds = |ms: u64| (ms as f64 / 1000.0).to_string();
        let message = Message::new("format_isolated").with("base", seconds(base_ms));
        add(message.with("megapixel", seconds(per_megapixel_ms)).with("megabyte", seconds(per_megabyte_ms)));
    }
    if let Some(feature) = facts.feature {
        add(Message::new("format_feature").with("feature", feature));
    }
    if facts.written.is_some() {
        let heading = Message::new("format_save").with("format", format.name()).text(lang);
        lines.extend([String::new(), heading, engine::save_help_of(format, lang)]);
    }
    lines.join("\n")
}

/// What files hold, with the limits of their size, as a list.
fn abilities(facts: &Facts, lang: Lang) -> String {
    let mut parts = vec![Message::new("format_depth").with("bits", facts.bits).text(lang)];
    let has = [(facts.has_alpha, "has_alpha"), (facts.has_frames, "has_animation"), (facts.has_pages, "has_pages")];
    parts.extend(has.into_iter().filter(|(has, _)| *has).map(|(_, id)| lang.word(id).to_owned()));
    parts.extend(facts.metadata.iter().map(|block| block.name().to_owned()));
    let ranges = facts.hdr.iter().map(|kind| hdr_name(*kind, lang)).collect::<Vec<_>>().join(", ");
    if !ranges.is_empty() {
        parts.push(format!("HDR ({ranges})"));
    }
    let (side, pixels) = (human::count(facts.max_side_px.into()), human::count(MAX_PIXELS / 1_000_000));
    parts.push(Message::new("format_sides").with("side", side).with("megapixels", pixels).text(lang));
    parts.join(", ")
}

fn as_json(facts: &FormatFacts) -> Json {
    let format = facts.format;
    let written = facts.written.as_ref().map(|written| {
        let mut value = facts_json(written);
        let keys = engine::save_keys().iter().filter(|key| key.applies_to(FormatChoice::Fixed(format)));
        value["settings"] = keys.map(|key| setting_json(key, format)).collect();
        value
    });
    let limit = facts.isolated.map(|limit| {
        json!({
            "base_ms": limit.base_ms, "per_megapixel_ms": limit.per_megapixel_ms,
            "per_megabyte_ms": limit.per_megabyte_ms,
        })
    });
    json!({
        "name": format.name(), "label": format.label(), "extensions": format.extensions(),
        "media_types": format.media_types(), "feature": facts.feature, "isolated": facts.isolated.is_some(),
        "processor_limit": limit, "read": facts_json(&facts.read), "written": written,
    })
}

fn facts_json(facts: &Facts) -> Json {
    let metadata = facts.metadata.iter().map(|block| block.name().to_lowercase());
    json!({
        "bits": facts.bits, "alpha": facts.has_alpha, "animation": facts.has_frames, "pages": facts.has_pages,
        "metadata": metadata.collect::<Vec<_>>(), "hdr": facts.hdr.iter().map(|kind| kind.code()).collect::<Vec<_>>(),
        "max_side_px": facts.max_side_px, "max_pixels": MAX_PIXELS,
    })
}

fn setting_json(key: &SaveKey, format: Format) -> Json {
    let default = match key.default_of(format, Lang::English) {
        // A number, unless it is a text such as `as the quality`.
        Some(own) => own.parse::<f64>().map_or_else(|_| Json::from(own), |number| value_json(Value::Number(number))),
        None => key.param.default_value().map_or(Json::Null, value_json),
    };
    let mut setting = json!({
        "name": key.param.name, "summary": key.param.summary, "allowed": key.allowed().text(Lang::English),
        "default": default,
    });
    match &key.param.kind {
        ParamKind::Int { min, max, .. } => (setting["min"], setting["max"]) = (json!(min), json!(max)),
        ParamKind::Float { min, max, .. } => (setting["min"], setting["max"]) = (json!(min), json!(max)),
        ParamKind::Choice { options, .. } => setting["choices"] = json!(options),
        _ => {}
    }
    setting
}

fn value_json(value: Value) -> Json {
    match value {
        Value::Bool(flag) => flag.into(),
        Value::Number(number) if number.fract() == 0.0 => (number as i64).into(),
        Value::Number(number) => number.into(),
        Value::Text(text) if text.is_empty() => Json::Null,
        Value::Text(text) => text.into(),
    }
}

#[cfg(test)]
mod tests;
