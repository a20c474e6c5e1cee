//! The size given in a drawing's root element, without parsing the drawing.

use resvg::usvg::roxmltree::{Document, ParsingOptions};

use super::detect;
use crate::error::ItemError;

/// Maximum number of XML nodes; a country map has some hundred thousand.
pub(super) const MAX_NODES: u32 = 2_000_000;
/// Maximum bytes of a root element: entities in it may repeat it many times.
const MAX_ROOT_BYTES: usize = 64 << 10;

/// The document without the contents of its root element. `None` if its size depends on more than the root's
/// attributes.
pub(super) fn root_only(bytes: &[u8]) -> Result<Option<String>, ItemError> {
    let root = if let Some(root) = detect::head(bytes).and_then(|head| root_of(&head)) {
        root
    } else if let Some(root) = root_of(&detect::text(bytes)?) {
        root
    } else {
        return Ok(None);
    };
    Ok(Some(root).filter(|root| root.len() <= MAX_ROOT_BYTES && states_size(root)))
}

/// A document up to the end of its root element's first tag, which is closed there.
fn root_of(text: &str) -> Option<String> {
    let from = detect::root_at(text)?;
    let mut quote = None;
    for (at, byte) in text.bytes().enumerate().skip(from) {
        match (quote, byte) {
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            (None, b'>') => {
                let tag = text.get(..at)?;
                return Some(format!("{}/>", tag.strip_suffix('/').unwrap_or(tag)));
            }
            _ => {}
        }
    }
    None
}

/// Whether the attributes give the drawing's size: by a view box, or by width and height in fixed units.
fn states_size(root: &str) -> bool {
    let parsing = ParsingOptions { allow_dtd: true, nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    let Ok(document) = Document::parse_with_options(root, parsing) else { return false };
    let root = document.root_element();
    let sides = [root.attribute("width"), root.attribute("height")].map(|side| side.map(str::trim));
    // The font size may be set elsewhere in the document.
    if sides.iter().flatten().any(|side| side.ends_with("em") || side.ends_with("ex")) {
        return false;
    }
    root.attribute("viewBox").is_some_and(is_box)
        || sides.iter().all(|side| side.is_some_and(|side| !side.is_empty() && !side.ends_with('%')))
}

/// Whether it is four numbers, the last two positive.
fn is_box(text: &str) -> bool {
    let words = text.split(|c: char| c == ',' || c.is_ascii_whitespace()).filter(|word| !word.is_empty());
    let numbers: Vec<Option<f64>> = words.map(|word| word.parse().ok()).collect();
    matches!(numbers[..], [Some(_), Some(_), Some(width), Some(height)] if width > 0.0 && height > 0.0)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::super::decode::{info, tree};
    use super::super::fonts;
    use super::*;
    use crate::codec::guard::isolated::on_deep_stack;

    #[test]
    fn a_size_in_the_root_is_that_of_the_drawing_and_others_need_the_drawing() {
        let inside = "<style>svg { font-size: 40px }</style><rect x='3' width='60' height='44'/>";
        let stated = [
            "width='6' height='4.2'",
            "width='6' height='4.2' viewBox='bad'",
            "viewBox='0 0 30 20'",
            "viewBox='0,0,30,20' width='50%'",
            "viewBox='0 0 30 20' height='7'",
            "width='1in' height='25.4mm' title='a > b'",
            "width=\"2cm\" height=\"3pt\" style='width: 9px'",
        ];
        let left = ["", "width='9'", "width='100%' height='9'", "width='2em' height='9'", "viewBox='0 0 0 9'"];
        for (sizes, is_stated) in [(&stated[..], true), (&left[..], false)] {
            for size in sizes {
                let text = format!("<!-- > --><svg xmlns='http://www.w3.org/2000/svg' {size}>{inside}</svg>");
                let root = root_only(text.as_bytes()).unwrap();
                assert_eq!(root.is_some(), is_stated, "{size}");
                if let Some(root) = root {
                    let of = |text: &str| on_deep_stack(|| info(&tree(text, fonts::database())?)).unwrap();
                    assert_eq!(of(&root), of(&text), "{size}");
                }
            }
        }
    }

    fn width(text: &str) -> u32 {
        let root = root_only(text.as_bytes()).unwrap().unwrap();
        info(&tree(&root, fonts::database()).unwrap()).unwrap().width_px
    }

    #[test]
    fn a_size_in_an_entity_is_found_and_a_very_long_root_needs_the_drawing() {
        let text = "<!DOCTYPE svg [<!ENTITY w '12'>]><svg xmlns='http://www.w3.org/2000/svg' width='&w;' height='4'><g/></svg>";
        assert_eq!(width(text), 12);
        let text =
            format!("<!--{}--><svg xmlns='http://www.w3.org/2000/svg' width='5' height='4'/>", " ".repeat(70_000));
        assert_eq!(root_only(text.as_bytes()).unwrap(), None);
    }
}
