//! Adds properties to an XMP packet, or makes one of them.

use std::fmt::Write as _;

use super::xmp::{Document, Node, parse, rdf, replaced, text};
use crate::model::KeywordText;

const RDF: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";
/// Prefixes of the properties that are added, and their namespaces.
const NAMESPACES: [(&str, &str); 4] = [
    ("dc", "http://purl.org/dc/elements/1.1/"),
    ("photoshop", "http://ns.adobe.com/photoshop/1.0/"),
    ("Iptc4xmpCore", "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/"),
    ("xmp", "http://ns.adobe.com/xap/1.0/"),
];
const EMPTY_PACKET: &str = "<?xpacket begin=\"\u{FEFF}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\
<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\
<rdf:Description rdf:about=\"\"/></rdf:RDF></x:xmpmeta><?xpacket end=\"w\"?>";

/// How a property holds its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// One text.
    Text,
    /// A text in the default language.
    Language,
    /// Several texts without an order.
    Bag,
    /// Several texts in order.
    Sequence,
}

/// A property to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NewProperty {
    /// Its prefix and name.
    pub(super) property: &'static str,
    /// What it is called where it comes from.
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) values: Vec<String>,
}

/// The property of a text under a keyword of the PNG standard.
pub(super) fn of_keyword(text: &KeywordText) -> Option<NewProperty> {
    let (property, kind) = match text.keyword.as_str() {
        "Title" => ("dc:title", Kind::Language),
        "Author" => ("dc:creator", Kind::Sequence),
        "Description" => ("dc:description", Kind::Language),
        "Copyright" => ("dc:rights", Kind::Language),
        "Software" => ("xmp:CreatorTool", Kind::Text),
        _ => return None,
    };
    Some(NewProperty { property, name: text.keyword.clone(), kind, values: vec![text.text.clone()] })
}

/// A packet with the properties that it does not have yet, and the names of those that it has with other values, which
/// it keeps. `None` if it can't be parsed.
pub(super) fn with_properties(packet: Option<&[u8]>, new: &[NewProperty]) -> Option<(Vec<u8>, Vec<String>)> {
    let packet = packet.map_or(Some(EMPTY_PACKET), text)?;
    let document = parse(packet)?;
    rdf(&document)?.last_element_child()?;
    let mut conflicts = Vec::new();
    let mut added: Vec<&NewProperty> = Vec::new();
    for property in new {
        match stored(&document, property) {
            None => added.push(property),
            Some(text) if property.values.iter().all(|value| text.contains(in_xml(value).trim())) => {}
            Some(_) => conflicts.push(property.name.clone()),
        }
    }
    if added.is_empty() {
        return Some((packet.as_bytes().to_vec(), conflicts));
    }
    let merged = with_description(Some(packet.as_bytes()), |about| {
        let mut xml = format!("<rdf:Description xmlns:rdf=\"{RDF}\" rdf:about=\"{about}\"");
        for (prefix, uri) in NAMESPACES {
            if added.iter().any(|property| property.property.split(':').next() == Some(prefix)) {
                let _ = write!(xml, " xmlns:{prefix}=\"{uri}\"");
            }
        }
        xml.push('>');
        for property in &added {
            push(&mut xml, property);
        }
        xml.push_str("</rdf:Description>");
        xml
    });
    Some((merged?, conflicts))
}

/// A packet with a further description; `make` gets what descriptions are about, escaped. `None` if it can't be parsed.
pub(super) fn with_description(packet: Option<&[u8]>, make: impl FnOnce(&str) -> String) -> Option<Vec<u8>> {
    let packet = packet.map_or(Some(EMPTY_PACKET), text)?;
    let document = parse(packet)?;
    let last = rdf(&document)?.last_element_child()?;
    // The properties of one resource, which all descriptions must name alike.
    let xml = make(&escaped(last.attribute((RDF, "about")).unwrap_or_default()));
    let end = last.range().end;
    let merged = replaced(packet, vec![(end..end, xml)])?;
    parse(std::str::from_utf8(&merged).ok()?)?;
    Some(merged)
}

/// The text of a property that a packet has.
fn stored(document: &Document<'_>, property: &NewProperty) -> Option<String> {
    let (prefix, name) = property.property.split_once(':')?;
    let (_, uri) = NAMESPACES.into_iter().find(|(known, _)| *known == prefix)?;
    document.descendants().find_map(|node| {
        if node.has_tag_name((uri, name)) {
            return Some(node.descendants().filter(Node::is_text).filter_map(|part| part.text()).collect());
        }
        node.attribute((uri, name)).map(str::to_owned)
    })
}

fn push(xml: &mut String, property: &NewProperty) {
    let tag = property.property;
    let (list, attribute) = match property.kind {
        Kind::Text => {
            let text = property.values.join("; ");
            let _ = write!(xml, "<{tag}>{}</{tag}>", escaped(&text));
            return;
        }
        Kind::Language => ("Alt", " xml:lang=\"x-default\""),
        Kind::Bag => ("Bag", ""),
        Kind::Sequence => ("Seq", ""),
    };
    let _ = write!(xml, "<{tag}><rdf:{list}>");
    // Alternatives would be translations of one text.
    let values =
        if property.kind == Kind::Language { vec![property.values.join("\n")] } else { property.values.clone() };
    for value in values {
        let _ = write!(xml, "<rdf:li{attribute}>{}</rdf:li>", escaped(&value));
    }
    let _ = write!(xml, "</rdf:{list}></{tag}>");
}

/// A text without the characters that XML can't hold.
fn in_xml(text: &str) -> String {
    let holds = |letter: &char| {
        !matches!(letter, '\u{FFFE}' | '\u{FFFF}') && (*letter >= ' ' || matches!(letter, '\t' | '\n' | '\r'))
    };
    text.chars().filter(holds).collect()
}

/// A text as XML.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in in_xml(text).chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\r' => out.push_str("&#13;"),
            letter => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::super::xmp_merge::*;

    fn property(property: &'static str, kind: Kind, values: &[&str]) -> NewProperty {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        NewProperty { property, name: property.to_owned(), kind, values }
    }

    fn value(packet: &[u8], of: &NewProperty) -> Option<String> {
        stored(&parse(text(packet).unwrap()).unwrap(), of)
    }

    #[test]
    fn a_packet_is_made_or_extended_and_keeps_what_it_has() {
        let new = [
            property("dc:subject", Kind::Bag, &["one", "<two> & \"three\""]),
            property("dc:title", Kind::Language, &["Title"]),
            property("photoshop:City", Kind::Text, &["\u{1}서울"]),
        ];
        let (made, conflicts) = with_properties(None, &new).unwrap();
        assert!(conflicts.is_empty());
        assert_eq!(value(&made, &new[0]).unwrap(), "one<two> & \"three\"");
        assert_eq!(value(&made, &new[2]).unwrap(), "서울");
        let (again, conflicts) = with_properties(Some(&made), &new).unwrap();
        assert_eq!((&again, conflicts.len()), (&made, 0), "what is there already is not added twice");
        let other = property("dc:title", Kind::Language, &["Another title"]);
        let (kept, conflicts) = with_properties(Some(&made), std::slice::from_ref(&other)).unwrap();
        assert_eq!((kept, conflicts), (made, vec!["dc:title".to_owned()]));
    }

    #[test]
    fn a_packet_that_cannot_be_parsed_is_not_extended() {
        assert_eq!(with_properties(Some(b"<x:xmpmeta>"), &[]), None);
        assert_eq!(with_properties(Some(b"<a/>"), &[]), None);
    }
}
