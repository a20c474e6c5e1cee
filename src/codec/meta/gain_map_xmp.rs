//! Gain maps in XMP packets: the parameters of a map (Adobe's namespace `hdrgm`, as in Google's Ultra HDR format 1.1), and
//! the list of the images in a file.

use std::fmt::Write as _;

use super::xmp::{APPLE_GAIN_MAP, CONTAINER, CONTAINER_ITEM, Document, GAIN_MAP, Node, parse, text};
use super::xmp_merge::with_description;
use crate::codec::gain_map::{Parameters, usable};

const RDF: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";
/// Most images in a list.
const MAX_ITEMS: usize = 16;

/// An image in a list: what it is for, its bytes, and unused bytes before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::codec) struct ListedImage {
    pub(in crate::codec) is_gain_map: bool,
    pub(in crate::codec) length: usize,
    pub(in crate::codec) padding: usize,
}

/// The parameters of a map whose file has this packet. `None` if it has none, or invalid ones.
pub(in crate::codec) fn gain_map_parameters(packet: &[u8]) -> Option<Parameters> {
    let packet = super::xmp::from_utf16(packet).unwrap_or_else(|| packet.to_vec());
    let document = parse(text(&packet)?)?;
    document.descendants().find_map(|node| property(&node, GAIN_MAP, "Version"))?;
    let number = |name, default| Some(values(&document, name, Some([default; 3]))?[0]);
    let is_hdr = document.descendants().find_map(|node| property(&node, GAIN_MAP, "BaseRenditionIsHDR"));
    if is_hdr.is_some_and(|text| text.trim().eq_ignore_ascii_case("true")) {
        return None;
    }
    let most = values(&document, "GainMapMax", None)?;
    let least = values(&document, "GainMapMin", Some([0.0; 3]))?;
    let gamma = values(&document, "Gamma", Some([1.0; 3]))?;
    let base_offset = values(&document, "OffsetSDR", Some([1.0 / 64.0; 3]))?;
    let alternate_offset = values(&document, "OffsetHDR", Some([1.0 / 64.0; 3]))?;
    let mut parameters = Parameters::default();
    parameters.base_hdr_headroom = number("HDRCapacityMin", 0.0)?;
    parameters.alternate_hdr_headroom = values(&document, "HDRCapacityMax", None)?[0];
    for (n, channel) in parameters.channels.iter_mut().enumerate() {
        (channel.min, channel.max, channel.gamma) = (least[n], most[n], gamma[n]);
        (channel.base_offset, channel.alternate_offset) = (base_offset[n], alternate_offset[n]);
    }
    usable(parameters)
}

/// What the packet of a map of Apple's says.
pub(in crate::codec) struct AppleMap {
    /// The largest gain.
    pub(in crate::codec) headroom: Option<f64>,
}

/// What a packet says about a map of Apple's; `None` if it is another one.
pub(in crate::codec) fn apple_map(packet: &[u8]) -> Option<AppleMap> {
    let document = parse(text(packet)?)?;
    let find = |name| document.descendants().find_map(|node| property(&node, APPLE_GAIN_MAP, name));
    find("HDRGainMapVersion")?;
    Some(AppleMap { headroom: find("HDRGainMapHeadroom").and_then(|text| text.trim().parse().ok()) })
}

/// The images after the first one, as a packet lists them.
pub(in crate::codec) fn listed_images(packet: &[u8]) -> Option<Vec<ListedImage>> {
    let document = parse(text(packet)?)?;
    let items = document.descendants().filter(|node| node.has_tag_name((CONTAINER, "Item")));
    let number = |node: &Node<'_, '_>, name| match property(node, CONTAINER_ITEM, name) {
        Some(text) => text.trim().parse().ok(),
        None => Some(0),
    };
    let listed = items.take(MAX_ITEMS).map(|node| {
        let is_gain_map = property(&node, CONTAINER_ITEM, "Semantic").is_some_and(|text| text.trim() == "GainMap");
        Some(ListedImage { is_gain_map, length: number(&node, "Length")?, padding: number(&node, "Padding")? })
    });
    listed.collect()
}

/// The packet of a map's file.
pub(in crate::codec) fn of_gain_map(parameters: &Parameters) -> Option<Vec<u8>> {
    let channel = |get: fn(&Parameters, usize) -> f64| [0, 1, 2].map(|n| get(parameters, n));
    let properties = [
        ("GainMapMin", channel(|all, n| all.channels[n].min)),
        ("GainMapMax", channel(|all, n| all.channels[n].max)),
        ("Gamma", channel(|all, n| all.channels[n].gamma)),
        ("OffsetSDR", channel(|all, n| all.channels[n].base_offset)),
        ("OffsetHDR", channel(|all, n| all.channels[n].alternate_offset)),
        ("HDRCapacityMin", [parameters.base_hdr_headroom; 3]),
        ("HDRCapacityMax", [parameters.alternate_hdr_headroom; 3]),
    ];
    with_description(None, |about| {
        let mut xml = format!(
            "<rdf:Description xmlns:rdf=\"{RDF}\" rdf:about=\"{about}\" xmlns:hdrgm=\"{GAIN_MAP}\" hdrgm:Version=\"1.0\" \
             hdrgm:BaseRenditionIsHDR=\"False\""
        );
        let mut lists = String::new();
        for (name, [red, green, blue]) in properties {
            if red == green && green == blue {
                let _ = write!(xml, " hdrgm:{name}=\"{}\"", rounded(red));
            } else {
                let items = [red, green, blue].map(|value| format!("<rdf:li>{}</rdf:li>", rounded(value))).concat();
                let _ = write!(lists, "<hdrgm:{name}><rdf:Seq>{items}</rdf:Seq></hdrgm:{name}>");
            }
        }
        let _ = write!(xml, ">{lists}</rdf:Description>");
        xml
    })
}

/// The packet of a picture whose file has a gain map of so many bytes after it; everything else in it stays. `None` if it
/// can't be parsed.
pub(in crate::codec) fn beside_gain_map(packet: Option<&[u8]>, map_bytes: usize) -> Option<Vec<u8>> {
    with_description(packet, |about| {
        format!(
            "<rdf:Description xmlns:rdf=\"{RDF}\" rdf:about=\"{about}\" xmlns:hdrgm=\"{GAIN_MAP}\" \
             xmlns:Container=\"{CONTAINER}\" xmlns:Item=\"{CONTAINER_ITEM}\" hdrgm:Version=\"1.0\"><Container:Directory>\
             <rdf:Seq><rdf:li rdf:parseType=\"Resource\"><Container:Item Item:Semantic=\"Primary\" Item:Mime=\"image/jpeg\"/>\
             </rdf:li><rdf:li rdf:parseType=\"Resource\"><Container:Item Item:Semantic=\"GainMap\" Item:Mime=\"image/jpeg\" \
             Item:Length=\"{map_bytes}\"/></rdf:li></rdf:Seq></Container:Directory></rdf:Description>"
        )
    })
}

/// A number as XMP has it: plain digits, as exact as the fractions of ISO 21496-1 need.
fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

/// A property of a node, as an attribute or as the text of an element.
fn property<'a>(node: &Node<'a, '_>, namespace: &str, name: &str) -> Option<&'a str> {
    if node.has_tag_name((namespace, name)) {
        return Some(node.text().unwrap_or_default());
    }
    if let Some(attribute) = node.attribute((namespace, name)) {
        return Some(attribute);
    }
    node.children().find(|child| child.has_tag_name((namespace, name))).map(|child| child.text().unwrap_or_default())
}

/// The values of a property for red, green and blue. `None` if it is invalid, or if it is missing without a default.
fn values(document: &Document<'_>, name: &str, default: Option<[f64; 3]>) -> Option<[f64; 3]> {
    for node in document.descendants() {
        if let Some(attribute) = node.attribute((GAIN_MAP, name)) {
            return Some([attribute.trim().parse().ok()?; 3]);
        }
        if node.has_tag_name((GAIN_MAP, name)) {
            let items = node.descendants().filter(|inner| inner.has_tag_name((RDF, "li")));
            let texts: Vec<&str> = items.map(|item| item.text().unwrap_or_default()).collect();
            let parsed = |text: &str| text.trim().parse::<f64>().ok();
            return match texts.as_slice() {
                [] => Some([parsed(node.text()?)?; 3]),
                [one] => Some([parsed(one)?; 3]),
                [red, green, blue] => Some([parsed(red)?, parsed(green)?, parsed(blue)?]),
                _ => None,
            };
        }
    }
    default
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::codec::meta::xmp;

    #[test]
    fn parameters_come_back_from_the_packet_that_they_are_written_to() {
        let mut same = Parameters::default();
        same.alternate_hdr_headroom = 2.3;
        for channel in &mut same.channels {
            (channel.min, channel.max, channel.gamma) = (-0.5, 2.25, 1.2);
            (channel.base_offset, channel.alternate_offset) = (0.015_625, 0.01);
        }
        let mut different = same.clone();
        different.channels[1].max = 1.75;
        different.channels[2].gamma = 0.9;
        for parameters in [same, different] {
            let packet = of_gain_map(&parameters).unwrap();
            assert_eq!(gain_map_parameters(&packet), Some(parameters));
        }
    }

    fn packet(properties: &str) -> Vec<u8> {
        format!(
            "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='{RDF}'><rdf:Description rdf:about='' \
             xmlns:hdrgm='{GAIN_MAP}' hdrgm:Version='1.0' {properties}/></rdf:RDF></x:xmpmeta>"
        )
        .into_bytes()
    }

    #[test]
    fn missing_parameters_have_the_defaults_of_the_format_and_invalid_ones_make_the_map_unusable() {
        let found = gain_map_parameters(&packet("hdrgm:GainMapMax='2' hdrgm:HDRCapacityMax='3'")).unwrap();
        let channel = found.channels[2];
        assert_eq!((channel.min, channel.max, channel.gamma), (0.0, 2.0, 1.0));
        assert_eq!((channel.base_offset, channel.alternate_offset), (1.0 / 64.0, 1.0 / 64.0));
        assert_eq!((found.base_hdr_headroom, found.alternate_hdr_headroom), (0.0, 3.0));
        for invalid in [
            "hdrgm:GainMapMax='2'",
            "hdrgm:GainMapMax='x' hdrgm:HDRCapacityMax='3'",
            "hdrgm:GainMapMax='2' hdrgm:HDRCapacityMax='3' hdrgm:Gamma='0'",
            "hdrgm:GainMapMax='2' hdrgm:HDRCapacityMax='1e99'",
            "hdrgm:GainMapMax='2' hdrgm:HDRCapacityMax='NaN'",
            "hdrgm:GainMapMax='2' hdrgm:HDRCapacityMax='3' hdrgm:BaseRenditionIsHDR='True'",
        ] {
            assert_eq!(gain_map_parameters(&packet(invalid)), None, "{invalid}");
        }
    }

    #[test]
    fn the_list_of_images_is_added_to_what_a_packet_has_and_removed_with_the_map() {
        let own = "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>\
                   <rdf:Description rdf:about='' xmlns:xmp='http://ns.adobe.com/xap/1.0/' xmp:Rating='4'/></rdf:RDF>\
                   </x:xmpmeta>";
        let whole = beside_gain_map(Some(own.as_bytes()), 1_234).unwrap();
        let listed = listed_images(&whole).unwrap();
        assert_eq!(
            listed.iter().map(|one| (one.is_gain_map, one.length)).collect::<Vec<_>>(),
            [(false, 0), (true, 1_234)]
        );
        let (rest, claims) = xmp::without_claims(&whole).unwrap();
        let rest = String::from_utf8(rest).unwrap();
        assert!(claims.gain_map && !claims.others);
        assert!(rest.contains("xmp:Rating='4'") && !rest.contains("Directory"), "{rest}");
        assert_eq!(beside_gain_map(Some(b"<x:xmpmeta>"), 1), None);
    }
}
