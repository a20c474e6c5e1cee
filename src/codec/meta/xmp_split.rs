//! Splits an XMP packet that is too large for a JPEG segment into a main packet and an extension (XMP specification, part
//! 3, 1.1.3.1): the largest properties move to the extension until the rest fits.

use std::fmt::Write as _;
use std::ops::Range;

use md5::{Digest, Md5};

use super::xmp::{Node, bindings, parse, rdf, replaced, text};

const RDF: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";
const NOTE: &str = "http://ns.adobe.com/xmp/note/";
/// Bytes of the reference to the extension in the main packet.
const REFERENCE_BYTES: usize = 200;

/// A packet in two parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::codec) struct SplitPacket {
    /// The packet for the first segment.
    pub(in crate::codec) main: Vec<u8>,
    /// The extension.
    pub(in crate::codec) extension: Vec<u8>,
    /// MD5 of the extension in hexadecimal digits, which names it.
    pub(in crate::codec) guid: String,
}

/// A property of a description, and how it is written in the extension.
struct Movable {
    range: Range<usize>,
    xml: String,
}

/// Splits a packet so that its main part takes at most `most` bytes; `None` if it can't be parsed, or if that is not
/// possible.
pub(in crate::codec) fn split(packet: &[u8], most: usize) -> Option<SplitPacket> {
    let packet = text(packet)?;
    let document = parse(packet)?;
    let root = rdf(&document)?;
    let mut movable: Vec<Movable> = Vec::new();
    for description in root.children().filter(|node| node.has_tag_name((RDF, "Description"))) {
        let spaces = bindings(&description);
        let about = description.attribute((RDF, "about")).unwrap_or_default();
        let about = about.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;");
        let head = |attribute: &str| format!("<rdf:Description{spaces} rdf:about=\"{about}\"{attribute}");
        let attributes = description.attributes().filter(|one| one.namespace().is_some_and(|uri| uri != RDF));
        movable.extend(attributes.filter_map(|attribute| {
            let xml = format!("{}/>", head(&format!(" {}", packet.get(attribute.range())?)));
            Some(Movable { range: attribute.range(), xml })
        }));
        movable.extend(description.children().filter(Node::is_element).filter_map(|element| {
            let xml = format!("{}>{}</rdf:Description>", head(""), packet.get(element.range())?);
            Some(Movable { range: element.range(), xml })
        }));
    }
    movable.sort_by_key(|one| std::cmp::Reverse(one.range.len()));
    // Padding at the end is not needed.
    let padding = packet.len() - packet.trim_end().len();
    let mut length = packet.len() + REFERENCE_BYTES - padding;
    let mut moved = Vec::new();
    for one in movable {
        if length <= most {
            break;
        }
        length -= one.range.len();
        moved.push(one);
    }
    if length > most || moved.is_empty() {
        return None;
    }
    moved.sort_by_key(|one| one.range.start);
    let mut extension = format!("<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"{RDF}\">");
    moved.iter().for_each(|one| extension.push_str(&one.xml));
    extension.push_str("</rdf:RDF></x:xmpmeta>");
    parse(&extension)?;
    let mut guid = String::new();
    for byte in Md5::digest(extension.as_bytes()) {
        let _ = write!(guid, "{byte:02X}");
    }
    let reference = format!(
        "<rdf:Description xmlns:rdf=\"{RDF}\" rdf:about=\"\" xmlns:xmpNote=\"{NOTE}\" xmpNote:HasExtendedXMP=\"{guid}\"/>"
    );
    let end = root.last_element_child()?.range().end;
    let mut edits: Vec<(Range<usize>, String)> = moved.into_iter().map(|one| (one.range, String::new())).collect();
    edits.push((end..end, reference));
    let main = String::from_utf8(replaced(packet, edits)?).ok()?;
    parse(&main)?;
    let main = main.trim_end().as_bytes().to_vec();
    (main.len() <= most).then(|| SplitPacket { main, extension: extension.into_bytes(), guid })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::super::xmp::joined;
    use super::super::xmp_split::*;

    #[test]
    fn the_largest_properties_move_and_joining_brings_them_back() {
        let long = "x".repeat(70_000);
        let packet = format!(
            "<?xpacket begin='' id='W5M0MpCehiHzreSzNTczkc9d'?><x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='{RDF}'>\
             <rdf:Description rdf:about='' xmlns:dc='http://purl.org/dc/elements/1.1/' xmlns:g='urn:g' g:Data='{long}' g:Mime='a/b'>\
             <dc:title><rdf:Alt><rdf:li xml:lang='x-default'>T</rdf:li></rdf:Alt></dc:title><g:More>{long}</g:More>\
             </rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end='w'?>{}",
            " ".repeat(2_000)
        );
        let parts = split(packet.as_bytes(), 65_000).unwrap();
        let main = String::from_utf8(parts.main.clone()).unwrap();
        assert!(main.contains("g:Mime='a/b'") && main.contains(">T<") && main.contains(&parts.guid), "{main}");
        assert!(!main.contains("xxx") && parts.main.len() < 2_000);
        let whole = joined(&parts.main, |guid| (guid == parts.guid).then(|| parts.extension.clone()));
        let whole = String::from_utf8(whole).unwrap();
        assert_eq!(whole.matches(&long).count(), 2);
        assert!(!whole.contains("HasExtendedXMP") && parse(&whole).is_some());
        assert_eq!(split(b"not XML", 10), None);
        assert_eq!(split(packet.as_bytes(), 100), None, "what can't move must fit");
    }
}
