#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use super::date_time::moment;
use super::*;

/// A packet in Photoshop's style, with places in all notations.
const PACKET: &str = r#"<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" xmlns:e="http://ns.adobe.com/exif/1.0/"
  xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"
  xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:drone-dji="http://www.dji.com/drone-dji/1.0/"
  xmlns:c="http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/" xmlns:x2="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
  tiff:Orientation='6' e:GPSLatitude="37,33.98N" photoshop:City="Seoul" drone-dji:GpsLongtitude="+126.98"
  photoshop:DateCreated="2026-05-01T12:34:56+09:00" e:PixelXDimension="4000" c:Location = "Jongno">
 <e:PixelYDimension>3000</e:PixelYDimension>
 <e:GPSLongitude>126,58.67E</e:GPSLongitude><photoshop:Country/>
 <x2:LocationCreated><rdf:Bag><rdf:li x2:City="Seoul"/></rdf:Bag></x2:LocationCreated>
 <xmp:Thumbnails><rdf:Alt><rdf:li>/9j/4AAQ</rdf:li></rdf:Alt></xmp:Thumbnails>
 <!-- taken at GPS 37.5, 127.0 --><!-- keep me -->
 <dc:title><rdf:Alt><rdf:li xml:lang="x-default">Our City &amp; its GPS club</rdf:li></rdf:Alt></dc:title>
</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>"#;

fn xmp(packet: &str) -> Metadata {
    Metadata { xmp: Some(packet.as_bytes().into()), ..Metadata::default() }
}

fn text(metadata: &Metadata) -> String {
    String::from_utf8(metadata.xmp.as_ref().unwrap().to_vec()).unwrap()
}

#[test]
fn a_packet_loses_places_with_any_prefix_and_keeps_captions() {
    let cut = text(&by_policy(&xmp(PACKET), MetadataPolicy::NoGps));
    for gone in ["37,33", "126", "Seoul", "Jongno", "Country", "37.5", "Latitude", "Longtitude", "LocationCreated"] {
        assert!(!cut.contains(gone), "{gone} is still in {cut}");
    }
    for kept in ["Our City &amp; its GPS club", "tiff:Orientation='6'", "keep me", "DateCreated", "<?xpacket end"] {
        assert!(cut.contains(kept), "{kept} is gone from {cut}");
    }
    assert!(roxmltree::Document::parse(&cut).is_ok());
    assert_eq!(by_policy(&xmp(PACKET), MetadataPolicy::Keep), xmp(PACKET));
    assert_eq!(by_policy(&xmp(PACKET), MetadataPolicy::Strip), Metadata::default());
}

#[test]
fn a_packet_describes_the_result() {
    let now = text(&sized(upright(xmp(PACKET), Orientation::Rotate90), 640, 480));
    assert!(now.contains("tiff:Orientation='1'") && !now.contains("/9j/"), "{now}");
    assert!(now.contains(r#"e:PixelXDimension="640""#) && now.contains("<e:PixelYDimension>480<"), "{now}");
}

#[test]
fn an_invalid_packet_is_dropped_if_it_might_contain_a_place() {
    let no_gps = |packet: &[u8]| {
        by_policy(&Metadata { xmp: Some(packet.into()), ..Metadata::default() }, MetadataPolicy::NoGps).xmp
    };
    assert!(no_gps(b"<a><b exif:GPSLatitude='1'>").is_none());
    assert!(no_gps(b"<a><b dc:title='Sunset'>").is_some());
    let wide: Vec<u8> = "<a GPSLatitude='1'/>".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(no_gps(&wide).is_none());
    // Entities could hide the words that are searched for; a packet contains none.
    assert!(no_gps(b"<!DOCTYPE a [<!ENTITY g 'GPS'>]><a>&g;</a>").is_none());
    let bomb = format!("{}{}", "<a>".repeat(300_000), "</a>".repeat(300_000));
    assert!(no_gps(bomb.as_bytes()).is_some(), "too many elements, and no word of places");
    assert_eq!(upright(xmp(&bomb), Orientation::Upright), xmp(&bomb));
}

#[test]
fn a_packet_and_its_extension_become_one() {
    let main = r#"<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
        <rdf:Description rdf:about="" xmlns:xmpNote="http://ns.adobe.com/xmp/note/" xmpNote:HasExtendedXMP="ABC"/>
        </rdf:RDF></x:xmpmeta>"#;
    let extension = r#"<x:xmpmeta xmlns:x="adobe:ns:meta/" xmlns:exif="http://ns.adobe.com/exif/1.0/">
        <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
        <rdf:Description rdf:about="" exif:GPSLatitude="37N"/></rdf:RDF></x:xmpmeta>"#;
    let whole = xmp_joined(main.as_bytes(), |guid| (guid == "ABC").then(|| extension.as_bytes().to_vec()));
    let whole = String::from_utf8(whole).unwrap();
    assert!(whole.contains("37N") && !whole.contains("HasExtendedXMP=\"ABC\""), "{whole}");
    assert!(roxmltree::Document::parse(&whole).is_ok());
    assert!(!text(&by_policy(&xmp(&whole), MetadataPolicy::NoGps)).contains("37N"));
    assert_eq!(xmp_joined(main.as_bytes(), |_| None), main.as_bytes());
    assert_eq!(xmp_joined(main.as_bytes(), |_| Some(b"<broken".to_vec())), main.as_bytes());
}

/// Datasets of record 2.
fn iptc(datasets: &[(u8, &[u8])]) -> Metadata {
    let mut block = b"\x1c\x01\x5a\x00\x03\x1b%G".to_vec();
    for (number, data) in datasets {
        block.extend([0x1C, 2, *number]);
        block.extend((data.len() as u16).to_be_bytes());
        block.extend_from_slice(data);
    }
    Metadata { iptc: Some(block.into()), ..Metadata::default() }
}

#[test]
fn places_and_previews_are_removed_from_iptc_records() {
    let all =
        iptc(&[(120, b"Hello"), (90, b"Seoul"), (92, b"Jongno"), (101, b"Korea"), (202, b"\xFF\xD8old"), (5, b"T")]);
    assert_eq!(by_policy(&all, MetadataPolicy::NoGps), iptc(&[(120, b"Hello"), (202, b"\xFF\xD8old"), (5, b"T")]));
    let shown = upright(all.clone(), Orientation::Upright);
    assert_eq!(shown.iptc, iptc(&[(120, b"Hello"), (90, b"Seoul"), (92, b"Jongno"), (101, b"Korea"), (5, b"T")]).iptc);
    let junk = Metadata { iptc: Some(b"no records".as_slice().into()), ..Metadata::default() };
    assert_eq!(by_policy(&junk, MetadataPolicy::NoGps).iptc, None);
    // A length of 4 GB in four bytes, after a valid record.
    let mut forged = iptc(&[(120, b"Hello")]).iptc.unwrap().to_vec();
    forged.extend([0x1C, 2, 90, 0x80, 4, 0xFF, 0xFF, 0xFF, 0xFF, 1]);
    let forged = Metadata { iptc: Some(forged.into()), ..Metadata::default() };
    assert_eq!(by_policy(&forged, MetadataPolicy::NoGps), iptc(&[(120, b"Hello")]));
}

/// An EXIF block: a main directory and an EXIF directory with entries, their data inline or at the end.
fn exif(main: &[(u16, u16, &[u8])], sub: &[(u16, u16, &[u8])], little: bool) -> Arc<[u8]> {
    let two = |v: u16| if little { v.to_le_bytes() } else { v.to_be_bytes() };
    let four = |v: u32| if little { v.to_le_bytes() } else { v.to_be_bytes() };
    let size = |kind: u16| [0, 1, 1, 2, 4, 8, 1, 1][usize::from(kind)];
    let mut block = if little { b"II*\0".to_vec() } else { b"MM\0*".to_vec() };
    block.extend(four(8));
    let sub_at = 8 + 2 + (main.len() + 1) * 12 + 4;
    let mut data_at = sub_at + 2 + sub.len() * 12 + 4;
    let mut data = Vec::new();
    let pointer = four(sub_at as u32);
    for entries in [[main, &[(0x8769, 4, &pointer)]].concat().as_slice(), sub] {
        block.extend(two(entries.len() as u16));
        for (tag, kind, value) in entries {
            block.extend(two(*tag));
            block.extend(two(*kind));
            block.extend(four((value.len() / size(*kind)) as u32));
            if value.len() <= 4 {
                block.extend_from_slice(value);
                block.resize(block.len() + 4 - value.len(), 0);
            } else {
                block.extend(four(data_at as u32));
                data.extend_from_slice(value);
                data_at += value.len();
            }
        }
        block.extend(four(0));
    }
    block.extend(data);
    block.into()
}

fn with_exif(exif: Arc<[u8]>) -> Metadata {
    Metadata { exif: Some(exif), ..Metadata::default() }
}

#[test]
fn exif_says_when_an_image_was_taken() {
    for little in [true, false] {
        let dates: [&[(u16, u16, &[u8])]; 3] = [
            &[(0x9003, 2, b"2026:05:01 12:34:56\0"), (0x9004, 2, b"2027:01:01 00:00:00\0")],
            &[(0x9003, 2, b"    :  :     :  :  \0"), (0x9004, 2, b"2026:05:01 12:34:56\0")],
            &[],
        ];
        for sub in dates {
            let metadata = with_exif(exif(&[(0x0132, 2, b"2026:05:01 12:34:56\0")], sub, little));
            assert_eq!(taken(&metadata).as_deref(), Some("2026-05-01T12:34:56"));
        }
    }
    assert_eq!(taken(&xmp(PACKET)).as_deref(), Some("2026-05-01T12:34:56"));
    let records = iptc(&[(55, b"20260501"), (60, b"123456+0900")]);
    assert_eq!(taken(&records).as_deref(), Some("2026-05-01T12:34:56"));
    assert_eq!(moment(b"2026-05-01"), Some("2026-05-01T00:00:00".to_owned()));
    for wrong in ["0000:00:00 00:00:00", "2026:13:01 00:00:00", "2026:05", "abcd:ef:gh", ""] {
        assert_eq!(moment(wrong.as_bytes()), None, "{wrong}");
    }
}

#[test]
fn exif_gets_the_new_size_and_keeps_maker_notes_only_with_keep() {
    for little in [true, false] {
        let short = |v: u16| if little { v.to_le_bytes() } else { v.to_be_bytes() };
        let block = exif(
            &[(0x0100, 3, &short(4000)), (0x02BC, 1, b"<GPS in XMP in EXIF>")],
            &[(0x927C, 7, b"Maker's note, maybe with GPS"), (0xA002, 3, &short(4000)), (0xA003, 3, &short(3000))],
            little,
        );
        let metadata = sized(with_exif(block), 640, 480);
        let found = ::exif::Reader::new().read_raw(metadata.exif.clone().unwrap().to_vec()).unwrap();
        let number = |tag| found.get_field(tag, ::exif::In::PRIMARY).unwrap().value.get_uint(0);
        assert_eq!(number(::exif::Tag::PixelXDimension), Some(640));
        assert_eq!(number(::exif::Tag::PixelYDimension), Some(480));
        assert_eq!(number(::exif::Tag::ImageWidth), Some(640));
        let contains = |metadata: &Metadata, needle: &[u8]| {
            metadata.exif.as_ref().unwrap().windows(needle.len()).any(|window| window == needle)
        };
        assert!(contains(&by_policy(&metadata, MetadataPolicy::Keep), b"Maker's note"));
        let cut = by_policy(&metadata, MetadataPolicy::NoGps);
        assert!(!contains(&cut, b"GPS"), "a note or a packet stayed");
        let found = ::exif::Reader::new().read_raw(cut.exif.unwrap().to_vec()).unwrap();
        assert!(found.get_field(::exif::Tag::PixelXDimension, ::exif::In::PRIMARY).is_some());
    }
}

#[test]
fn forged_directories_neither_loop_nor_reach_beyond_the_block() {
    // Directories that point to each other, to themselves, to the header, and past the end.
    let four = |v: u32| v.to_le_bytes();
    for target in [0u32, 2, 8, 9, 26, 50, u32::MAX, u32::MAX - 3] {
        for tag in [0x8769u16, 0x8825, 0x927C] {
            for link in [8u32, 26, target] {
                let mut block = b"II*\0\x08\0\0\0\x02\0".to_vec();
                for (kind, count) in [(4u16, 1u32), (7, u32::MAX)] {
                    block.extend(tag.to_le_bytes());
                    block.extend(kind.to_le_bytes());
                    block.extend(four(count));
                    block.extend(four(target));
                }
                block.extend(four(link));
                block.resize(80, 0xFF);
                let metadata = with_exif(block.into());
                let metadata = sized(upright(metadata, Orientation::Upright), 9, 9);
                taken(&metadata);
                by_policy(&metadata, MetadataPolicy::NoGps);
            }
        }
    }
}
