//! XMP packets: edited in place, byte for byte, at the positions that a parser reports; never rewritten.
//!
//! A packet that is not well-formed XML with every prefix bound can't be edited: it is kept, or dropped as a whole if
//! it might contain a place.

use std::fmt::Write as _;
use std::ops::Range;
use std::sync::Arc;

use roxmltree::ParsingOptions;
pub(super) use roxmltree::{Document, Node};

use super::date_time::moment;
use crate::model::{ColourChoice, Orientation};

const EXIF: &str = "http://ns.adobe.com/exif/1.0/";
const TIFF: &str = "http://ns.adobe.com/tiff/1.0/";
const XAP: &str = "http://ns.adobe.com/xap/1.0/";
const PHOTOSHOP: &str = "http://ns.adobe.com/photoshop/1.0/";
const NOTE: &str = "http://ns.adobe.com/xmp/note/";
const IPTC_CORE: &str = "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/";
const IPTC_EXT: &str = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/";
const WGS84: &str = "http://www.w3.org/2003/01/geo/wgs84_pos#";
const RDF: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";
/// Gain maps (Adobe; ISO 21496-1 names no properties of XMP), and Apple's.
pub(super) const GAIN_MAP: &str = "http://ns.adobe.com/hdr-gain-map/1.0/";
pub(super) const APPLE_GAIN_MAP: &str = "http://ns.apple.com/HDRGainMap/1.0/";
/// Motion photos (Google), and the same of makers.
const CAMERA: &str = "http://ns.google.com/photos/1.0/camera/";
const OPLUS_CAMERA: &str = "http://ns.oplus.com/photos/1.0/camera/";
const XIAOMI_CAMERA: &str = "http://ns.xiaomi.com/photos/1.0/camera/";
/// Lists of what follows the image.
pub(super) const CONTAINER: &str = "http://ns.google.com/photos/1.0/container/";
pub(super) const CONTAINER_ITEM: &str = "http://ns.google.com/photos/1.0/container/item/";
const DEPTH_CONTAINER: &str = "http://ns.google.com/photos/dd/1.0/container/";
const DEPTH_ITEM: &str = "http://ns.google.com/photos/dd/1.0/item/";
/// Maximum number of elements and texts in a packet; real ones have some thousands.
const MAX_NODES: u32 = 200_000;

/// A property: an attribute or an element, and its position.
struct Property<'a> {
    namespace: &'a str,
    name: &'a str,
    text: &'a str,
    whole: Range<usize>,
    value: Range<usize>,
}

pub(super) fn text(packet: &[u8]) -> Option<&str> {
    // Some writers pad packets with zeros.
    let end = packet.iter().rposition(|&byte| byte != 0)? + 1;
    let packet = packet.get(..end)?;
    std::str::from_utf8(packet.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(packet)).ok()
}

pub(super) fn parse(text: &str) -> Option<Document<'_>> {
    let options = ParsingOptions { nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    Document::parse_with_options(text, options).ok()
}

/// Every attribute and element of a packet.
fn properties<'a>(document: &'a Document<'a>) -> impl Iterator<Item = Property<'a>> {
    document.descendants().filter(Node::is_element).flat_map(|node| {
        let attributes = node.attributes().map(|attribute| Property {
            namespace: attribute.namespace().unwrap_or_default(),
            name: attribute.name(),
            text: attribute.value(),
            whole: attribute.range(),
            value: attribute.range_value(),
        });
        // An element without children has nothing to change inside.
        let inside = node.first_child().map(|child| child.range()).unwrap_or_default();
        let element = Property {
            namespace: node.tag_name().namespace().unwrap_or_default(),
            name: node.tag_name().name(),
            text: node.text().unwrap_or_default(),
            whole: node.range(),
            value: if node.first_child().is_some_and(|child| child.is_text()) { inside } else { 0..0 },
        };
        attributes.chain(std::iter::once(element))
    })
}

/// The text with parts replaced; parts nested in others are replaced with them. `None` if there are none.
pub(super) fn replaced(text: &str, mut edits: Vec<(Range<usize>, String)>) -> Option<Vec<u8>> {
    if edits.is_empty() {
        return None;
    }
    edits.sort_by_key(|(range, _)| (range.start, std::cmp::Reverse(range.end)));
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    for (range, new) in edits {
        if range.start >= at {
            out.push_str(text.get(at..range.start)?);
            out.push_str(&new);
            at = range.end;
        }
    }
    out.push_str(text.get(at..)?);
    Some(out.into_bytes())
}

fn edit(packet: &[u8], change: impl Fn(&Property<'_>) -> Option<(Range<usize>, String)>) -> Option<Vec<u8>> {
    let text = text(packet)?;
    let document = parse(text)?;
    replaced(text, properties(&document).filter_map(|property| change(&property)).collect())
}

/// The packet of an image that was turned upright, without previews of the old image; `None` if nothing changes, or if
/// it can't be parsed.
pub(super) fn upright(packet: &[u8]) -> Option<Vec<u8>> {
    edit(packet, |property| match (property.namespace, property.name) {
        (TIFF, "Orientation") if !property.value.is_empty() => Some((property.value.clone(), "1".to_owned())),
        (XAP, "Thumbnails") => Some((property.whole.clone(), String::new())),
        _ => None,
    })
}

/// The packet of an image of this size; `None` if nothing changes, or if it can't be parsed.
pub(super) fn sized(packet: &[u8], width_px: u32, height_px: u32) -> Option<Vec<u8>> {
    edit(packet, |property| {
        let px = match (property.namespace, property.name) {
            (EXIF, "PixelXDimension") | (TIFF, "ImageWidth") => width_px,
            (EXIF, "PixelYDimension") | (TIFF, "ImageLength") => height_px,
            _ => return None,
        };
        (!property.value.is_empty()).then(|| (property.value.clone(), px.to_string()))
    })
}

/// The packet for pixels of a colour space; `None` if nothing changes, or if it can't be parsed.
pub(super) fn coloured(packet: &[u8], space: ColourChoice) -> Option<Vec<u8>> {
    let name = match space {
        ColourChoice::Srgb => "sRGB IEC61966-2.1",
        ColourChoice::AdobeRgb => "Adobe RGB (1998)",
        ColourChoice::DisplayP3 => "Display P3",
        ColourChoice::ProphotoRgb => "ProPhoto RGB",
        ColourChoice::Rec2020 | ColourChoice::Keep => "",
    };
    edit(packet, |property| match (property.namespace, property.name) {
        (EXIF, "ColorSpace") if !property.value.is_empty() => {
            Some((property.value.clone(), if space == ColourChoice::Srgb { "1" } else { "65535" }.to_owned()))
        }
        (PHOTOSHOP, "ICCProfile") if name.is_empty() => Some((property.whole.clone(), String::new())),
        (PHOTOSHOP, "ICCProfile") if !property.value.is_empty() => Some((property.value.clone(), name.to_owned())),
        _ => None,
    })
}

/// Whether a property says where an image was taken. Camera makers use their own namespaces for that, so names are
/// checked, too.
fn mentions_place(namespace: &str, name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let is_place = match namespace {
        PHOTOSHOP => matches!(name, "City" | "State" | "Country"),
        IPTC_CORE => matches!(name, "Location" | "CountryCode"),
        IPTC_EXT => matches!(name, "LocationShown" | "LocationCreated"),
        WGS84 => true,
        _ => false,
    };
    is_place
        || lower.starts_with("gps")
        || ["latitude", "longitude", "longtitude"].iter().any(|word| lower.ends_with(word))
}

/// Whether bytes that can't be parsed as a packet might still contain a place.
fn may_contain_places(packet: &[u8]) -> bool {
    const WORDS: [&str; 7] = ["gps", "latitude", "longitude", "location", "country", "city", "wgs84"];
    // UTF-16 has a zero next to each letter.
    let letters: Vec<u8> = packet.iter().filter(|byte| **byte != 0).map(u8::to_ascii_lowercase).collect();
    WORDS.iter().any(|word| letters.windows(word.len()).any(|window| window == word.as_bytes()))
}

/// The packet without places. One that can't be parsed is dropped if it might contain one.
pub(super) fn without_places(packet: &Arc<[u8]>) -> Option<Arc<[u8]>> {
    let Some(document) = text(packet).and_then(parse) else {
        return (!may_contain_places(packet)).then(|| Arc::clone(packet));
    };
    let is_place = |property: &Property<'_>| mentions_place(property.namespace, property.name);
    let edits: Vec<_> = properties(&document)
        .filter(is_place)
        .map(|property| (property.whole, String::new()))
        .chain(comments(&document).map(|range| (range, String::new())))
        .collect();
    match replaced(document.input_text(), edits) {
        None => Some(Arc::clone(packet)),
        // Final check: the result must still be a packet.
        Some(cut) => std::str::from_utf8(&cut).ok().and_then(parse).is_some().then(|| cut.into()),
    }
}

/// Comments that might contain what was removed from the properties.
fn comments<'a>(document: &'a Document<'a>) -> impl Iterator<Item = Range<usize>> {
    let speaks =
        |node: &Node<'_, '_>| node.is_comment() && may_contain_places(node.text().unwrap_or_default().as_bytes());
    document.descendants().filter(speaks).map(|node| node.range())
}

/// Data outside of a packet that it claims to exist.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Claims {
    pub(super) gain_map: bool,
    pub(super) video: bool,
    /// Other images, such as depth maps.
    pub(super) others: bool,
}

/// What a property claims to exist in the file outside of the packet. (Depth maps in XMP itself are no claim.)
fn claims(property: &Property<'_>) -> Option<Claims> {
    const NOTHING: Claims = Claims { gain_map: false, video: false, others: false };
    let name = property.name;
    let is_video =
        ["MotionPhoto", "MicroVideo", "VideoLength", "OLivePhoto"].iter().any(|start| name.starts_with(start));
    match property.namespace {
        GAIN_MAP | APPLE_GAIN_MAP => Some(Claims { gain_map: true, ..NOTHING }),
        CAMERA | OPLUS_CAMERA | XIAOMI_CAMERA if is_video => Some(Claims { video: true, ..NOTHING }),
        CONTAINER | CONTAINER_ITEM | DEPTH_CONTAINER | DEPTH_ITEM => Some(match (name, property.text) {
            ("Semantic" | "DataURI", text) if text.contains("GainMap") => Claims { gain_map: true, ..NOTHING },
            ("Semantic", "MotionPhoto") => Claims { video: true, ..NOTHING },
            ("Semantic", text) if text != "Primary" => Claims { others: true, ..NOTHING },
            _ => NOTHING,
        }),
        _ => None,
    }
}

/// The packet without claims about data outside of it; `None` if it makes none, or if it can't be parsed.
pub(super) fn without_claims(packet: &[u8]) -> Option<(Vec<u8>, Claims)> {
    let text = text(packet)?;
    let document = parse(text)?;
    let mut all = Claims::default();
    let mut edits = Vec::new();
    for property in properties(&document) {
        if let Some(one) = claims(&property) {
            all.gain_map |= one.gain_map;
            all.video |= one.video;
            all.others |= one.others;
            edits.push((property.whole, String::new()));
        }
    }
    let cut = replaced(text, edits)?;
    parse(std::str::from_utf8(&cut).ok()?)?;
    Some((cut, all))
}

/// When the image was taken, from XMP.
pub(super) fn taken(packet: &[u8]) -> Option<String> {
    let document = text(packet).and_then(parse)?;
    let find = |namespace: &str, name: &str| {
        properties(&document)
            .find(|property| (property.namespace, property.name) == (namespace, name))
            .and_then(|property| moment(property.text.trim().as_bytes()))
    };
    find(EXIF, "DateTimeOriginal").or_else(|| find(PHOTOSHOP, "DateCreated")).or_else(|| find(XAP, "CreateDate"))
}

/// The orientation.
pub(super) fn orientation(packet: &[u8]) -> Option<Orientation> {
    let document = text(packet).and_then(parse)?;
    let property = properties(&document).find(|one| (one.namespace, one.name) == (TIFF, "Orientation"))?;
    property.text.trim().parse().ok().map(Orientation::from_exif)
}

/// A JPEG's main packet and its extension as one packet, without the property that links them. Only the main one if
/// they don't match.
pub(in crate::codec) fn joined(main: &[u8], extension: impl Fn(&str) -> Option<Vec<u8>>) -> Vec<u8> {
    let join = || {
        let main_text = text(main)?;
        let document = parse(main_text)?;
        let note = properties(&document).find(|one| (one.namespace, one.name) == (NOTE, "HasExtendedXMP"))?;
        let extended = extension(note.text.trim())?;
        let extended_text = text(&extended)?;
        let extended_document = parse(extended_text)?;
        let inside = rdf(&extended_document)?;
        let descriptions: String = inside
            .children()
            .filter(Node::is_element)
            .map(|node| with_prefixes(extended_text, &node))
            .collect::<Option<_>>()?;
        let end = rdf(&document)?.last_element_child()?.range().end;
        let whole = replaced(main_text, vec![(note.whole, String::new()), (end..end, descriptions)])?;
        parse(std::str::from_utf8(&whole).ok()?)?;
        Some(whole)
    };
    join().unwrap_or_else(|| main.to_vec())
}

pub(super) fn rdf<'a>(document: &'a Document<'a>) -> Option<Node<'a, 'a>> {
    document.descendants().find(|node| node.has_tag_name((RDF, "RDF")))
}

/// The declarations of every prefix that is bound around an element.
pub(super) fn bindings(node: &Node<'_, '_>) -> String {
    let mut out = String::new();
    let mut seen: Vec<&str> = Vec::new();
    for namespace in node.namespaces() {
        let Some(prefix) = namespace.name().filter(|prefix| *prefix != "xml" && !seen.contains(prefix)) else {
            continue;
        };
        let uri = namespace.uri().replace('&', "&amp;").replace('"', "&quot;");
        let _ = write!(out, " xmlns:{prefix}=\"{uri}\"");
        seen.push(prefix);
    }
    out
}

/// A packet in UTF-16 as UTF-8; `None` if it is none.
pub(super) fn from_utf16(packet: &[u8]) -> Option<Vec<u8>> {
    let packet = packet.strip_prefix(&[0xFE, 0xFF]).or_else(|| packet.strip_prefix(&[0xFF, 0xFE])).unwrap_or(packet);
    let units: fn([u8; 2]) -> u16 = match packet {
        [0, b'<', ..] => u16::from_be_bytes,
        [b'<', 0, ..] => u16::from_le_bytes,
        _ => return None,
    };
    let units: Vec<u16> = packet.as_chunks::<2>().0.iter().map(|&pair| units(pair)).collect();
    let text = String::from_utf16(&units).ok()?;
    Some(text.trim_end_matches('\0').as_bytes().to_vec())
}

/// Whether a text outside of XMP says where an image was taken.
pub(super) fn is_place(keyword: &str, text: &str) -> bool {
    const COORDINATES: [&str; 4] = ["latitude", "longitude", "gpslat", "wgs84"];
    let (keyword, text) = (keyword.to_ascii_lowercase(), text.to_ascii_lowercase());
    let names = ["gps", "latitude", "longitude", "location", "geo"];
    names.iter().any(|name| keyword.contains(name)) || COORDINATES.iter().any(|word| text.contains(word))
}

/// An element's text, with every prefix that is bound around it bound in it.
fn with_prefixes(text: &str, node: &Node<'_, '_>) -> Option<String> {
    let own = text.get(node.range())?;
    let name_end = own.find(|c: char| c.is_ascii_whitespace() || matches!(c, '>' | '/'))?;
    let head = own.get(..own.find('>')?)?;
    let mut out = own.get(..name_end)?.to_owned();
    for namespace in node.namespaces() {
        let Some(prefix) = namespace.name().filter(|prefix| *prefix != "xml") else { continue };
        if !head.contains(&format!("xmlns:{prefix}=")) {
            let uri = namespace.uri().replace('&', "&amp;").replace('"', "&quot;");
            let _ = write!(out, " xmlns:{prefix}=\"{uri}\"");
        }
    }
    out.push_str(own.get(name_end..)?);
    Some(out)
}
