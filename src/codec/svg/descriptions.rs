//! What a drawing says about itself: the title and description of its root element, an XMP packet, and properties of
//! Dublin Core such as those that Inkscape writes.

use resvg::usvg::roxmltree::{Document, Node};

use crate::model::{KeywordText, Metadata, Part};

const DUBLIN_CORE: &str = "http://purl.org/dc/elements/1.1/";
/// Properties with a keyword of the PNG standard.
const KEYWORDS: [(&str, &str); 4] =
    [("title", "Title"), ("creator", "Author"), ("description", "Description"), ("rights", "Copyright")];
/// Properties that are the same in every drawing.
const USUAL: [&str; 2] = ["format", "type"];
/// Most bytes of a text; longer ones are left out.
const MAX_TEXT_BYTES: usize = 1 << 20;
/// Most names of parts that are left out.
const MAX_NAMES: usize = 16;

/// A drawing's metadata.
pub(super) fn read(document: &Document<'_>) -> Metadata {
    let mut metadata = Metadata::default();
    for child in document.root_element().children().filter(Node::is_element) {
        match child.tag_name().name() {
            "title" => add(&mut metadata, "Title", child),
            "desc" => add(&mut metadata, "Description", child),
            "metadata" => block(&mut metadata, document, child),
            _ => {}
        }
    }
    metadata
}

/// The text in an element, with single spaces.
fn text_in(node: Node<'_, '_>) -> String {
    let mut text = String::new();
    for part in node.descendants().filter(Node::is_text).filter_map(|node| node.text()) {
        if text.len() + part.len() > MAX_TEXT_BYTES {
            return String::new();
        }
        text.push_str(part);
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Adds a text, unless there is one under its keyword already.
fn add(metadata: &mut Metadata, keyword: &str, node: Node<'_, '_>) {
    let text = text_in(node);
    if !text.is_empty() && !metadata.texts.iter().any(|other| other.keyword == keyword) {
        metadata.texts.push(KeywordText { keyword: keyword.to_owned(), text, ..KeywordText::default() });
    }
}

/// Adds what a metadata element contains, and the names of what has no other place.
fn block(metadata: &mut Metadata, document: &Document<'_>, node: Node<'_, '_>) {
    let packet = node.descendants().find(|node| node.has_tag_name(("adobe:ns:meta/", "xmpmeta")));
    let packet = packet.and_then(|packet| document.input_text().get(packet.range()));
    // Prefixes may be declared outside of it.
    if let Some(packet) = packet.filter(|packet| Document::parse(packet).is_ok()) {
        metadata.xmp = Some(packet.as_bytes().into());
        return;
    }
    let mut has_properties = false;
    for property in node.descendants().filter(|node| node.tag_name().namespace() == Some(DUBLIN_CORE)) {
        // The name of a creator is a title below it.
        if property.ancestors().skip(1).any(|above| above.tag_name().namespace() == Some(DUBLIN_CORE)) {
            continue;
        }
        has_properties = true;
        let name = property.tag_name().name();
        match KEYWORDS.iter().find(|(own, _)| *own == name) {
            Some((_, keyword)) => add(metadata, keyword, property),
            None if USUAL.contains(&name) || text_in(property).is_empty() => {}
            None => leave_out(metadata, name),
        }
    }
    if !has_properties && node.children().any(|child| child.is_element() || !text_in(child).is_empty()) {
        leave_out(metadata, "metadata");
    }
}

fn leave_out(metadata: &mut Metadata, name: &str) {
    let part = Part::Text(name.to_owned());
    if metadata.left_out.len() < MAX_NAMES && !metadata.left_out.contains(&part) {
        metadata.left_out.push(part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_descriptions_and_properties_are_read_and_the_rest_is_named() {
        let drawing = r#"<svg xmlns="http://www.w3.org/2000/svg" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
            xmlns:cc="http://creativecommons.org/ns#" xmlns:dc="http://purl.org/dc/elements/1.1/" width="1" height="1">
            <title>A  <b>red</b>
            box</title><desc>상자</desc><g><title>a tooltip</title></g>
            <metadata><rdf:RDF><cc:Work rdf:about=""><dc:format>image/svg+xml</dc:format><dc:title>ignored</dc:title>
            <dc:creator><cc:Agent><dc:title>Kim</dc:title></cc:Agent></dc:creator><dc:date>2026</dc:date><dc:language/>
            <dc:rights><cc:Agent><dc:title>All</dc:title></cc:Agent></dc:rights></cc:Work></rdf:RDF></metadata></svg>"#;
        let metadata = Document::parse(drawing).map(|document| read(&document)).unwrap_or_default();
        let texts: Vec<_> = metadata.texts.iter().map(|text| (&*text.keyword, &*text.text)).collect();
        let expected = [("Title", "A red box"), ("Description", "상자"), ("Author", "Kim"), ("Copyright", "All")];
        assert_eq!(texts, expected);
        assert_eq!(metadata.left_out, [Part::Text("date".to_owned())]);
    }

    #[test]
    fn a_packet_is_read_as_it_is_and_other_elements_are_named() {
        let packet = r#"<x:xmpmeta xmlns:x="adobe:ns:meta/"><r/></x:xmpmeta>"#;
        let of = |inside: &str| {
            let drawing = format!(r#"<svg xmlns="http://www.w3.org/2000/svg"><metadata>{inside}</metadata></svg>"#);
            Document::parse(&drawing).map(|document| read(&document)).unwrap_or_default()
        };
        assert_eq!(of(packet).xmp.as_deref(), Some(packet.as_bytes()));
        assert_eq!(of("<own:thing xmlns:own=\"x\"/>").left_out, [Part::Text("metadata".to_owned())]);
        assert_eq!(of("  "), Metadata::default());
    }
}
