//! What is printed about formats, and the tables of the readmes.

#![expect(clippy::unwrap_used, reason = "tests")]
#![cfg_attr(all(feature = "heic", feature = "raw"), expect(clippy::disallowed_methods, reason = "tests read files"))]

use super::*;

fn facts_of(name: &str) -> Result<FormatFacts, String> {
    crate::init();
    named(name, format_facts()).map_err(|error| error.to_string())
}

#[test]
fn a_format_is_found_by_name_extension_and_media_type() {
    for name in ["jpeg", "JPEG", "jpg", ".jfif", "image/jpeg"] {
        assert_eq!(facts_of(name).unwrap().format.name(), "jpeg", "{name}");
    }
}

#[test]
fn an_unknown_format_is_refused_with_the_nearest_one_and_a_list() {
    let error = facts_of("jpge").unwrap_err();
    assert!(error.contains("did you mean \"jpeg\"?") && error.contains("png, webp, avif"), "{error}");
    let error = facts_of("spreadsheet").unwrap_err();
    assert!(!error.contains("did you mean") && error.contains("png, webp, avif"), "{error}");
    let error = facts_of("psd").unwrap_err();
    assert!(error.contains("Photoshop"), "{error}");
}

#[test]
fn details_name_extensions_media_types_limits_and_the_settings_of_the_format() {
    let webp = facts_of("webp").unwrap();
    let text = details(&webp, Lang::English);
    for wanted in ["image/webp", "16,383 px", "65,535 px", "quality: a whole number from 1 to 100 [82]"] {
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
    assert!(!text.contains("subsampling") && !text.contains("helper"), "{text}");
    let svg = details(&facts_of("svg").unwrap(), Lang::English);
    assert!(svg.contains("helper process") && !svg.contains("--save"), "{svg}");
}

#[test]
fn every_setting_that_applies_to_a_format_is_in_its_details_and_its_json() {
    crate::init();
    for facts in format_facts().iter().filter(|facts| facts.written.is_some()) {
        let (text, value) = (details(facts, Lang::English), as_json(facts));
        let settings = value["written"]["settings"].as_array().unwrap();
        for key in engine::save_keys() {
            let (name, applies) = (key.param.name, key.applies_to(FormatChoice::Fixed(facts.format)));
            assert_eq!(text.contains(&format!("\n  {name}: ")), applies, "{name}: {text}");
            assert_eq!(settings.iter().any(|setting| setting["name"] == name), applies, "{name}");
        }
    }
    let jpeg = as_json(&facts_of("jpeg").unwrap());
    let quality = &jpeg["written"]["settings"][0];
    assert_eq!((&quality["default"], &quality["max"]), (&json!(85), &json!(100)));
    assert_eq!(jpeg["written"]["max_side_px"], 65_500);
    assert_eq!(jpeg["read"]["metadata"], json!(["exif", "xmp", "iptc", "icc"]));
}

#[test]
fn the_korean_table_is_korean_apart_from_names_and_aligned() {
    crate::init();
    let text = aligned(&rows(&format_facts(), Format::name, Lang::Korean));
    let header = text.lines().next().unwrap();
    assert!(header.starts_with("형식"), "{text}");
    let exif = header.split("EXIF").next().unwrap().width();
    for line in text.lines().skip(1) {
        let column = line.char_indices().find(|(at, _)| line[..*at].width() == exif).unwrap();
        assert!("rw-".contains(column.1) && line[..column.0].ends_with("  "), "{text}");
    }
    let details = details(&facts_of("avif").unwrap(), Lang::Korean);
    assert!(!details.contains("Extensions") && details.contains("확장자"), "{details}");
}

/// The table as it is in the readmes.
#[cfg(all(feature = "heic", feature = "raw"))]
fn markdown(lang: Lang) -> String {
    use std::fmt::Write as _;

    let mut lines = String::new();
    for (number, row) in rows(&format_facts(), Format::label, lang).iter().enumerate() {
        let _ = writeln!(lines, "| {} |", row.join(" | "));
        if number == 0 {
            let _ = writeln!(lines, "|{}", " --- |".repeat(row.len()));
        }
    }
    lines
}

/// `make readme` rewrites the tables after a change of a declaration.
#[cfg(all(feature = "heic", feature = "raw"))]
#[test]
fn the_tables_of_the_readmes_follow_from_the_declarations() {
    const BEGIN: &str = "<!-- formats: written by `make readme` -->\n";
    const END: &str = "\n<!-- end of formats -->\n";
    crate::init();
    for (name, lang) in [("README.md", Lang::English), ("README.ko.md", Lang::Korean)] {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
        let text = std::fs::read_to_string(&path).unwrap();
        let (before, rest) = text.split_once(BEGIN).unwrap();
        let (_, after) = rest.split_once(END).unwrap();
        let wanted = format!("{before}{BEGIN}\n{}{END}{after}", markdown(lang));
        if std::env::var_os("PIXLOOM_UPDATE_README").is_some() {
            std::fs::write(&path, &wanted).unwrap();
        } else {
            assert!(text == wanted, "{name}: run `make readme`");
        }
    }
}
