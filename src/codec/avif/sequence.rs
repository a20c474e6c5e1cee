//! Detects image sequences. Their frames are not decoded.

use crate::codec::container::bmff::{BoxType, Boxes, Fields};

/// Whether a file's major brand is that of sequences and one of its image tracks has more than one sample. Other files
/// with tracks count as still images.
pub(super) fn is_sequence(file: &[u8]) -> bool {
    let first = Boxes::of_file(file).next().and_then(Result::ok);
    first.is_some_and(|(kind, brands)| &kind == b"ftyp" && brands.starts_with(b"avis"))
        && children(Boxes::of_file(file), *b"moov")
            .flat_map(|moov| children(Boxes::within(moov), *b"trak"))
            .flat_map(|track| children(Boxes::within(track), *b"mdia"))
            .any(|media| has_images(media) && samples(media).is_some_and(|count| count > 1))
}

/// The contents of the boxes of one type; ends at an error.
fn children(boxes: Boxes<'_>, kind: BoxType) -> impl Iterator<Item = &[u8]> {
    boxes.map_while(Result::ok).filter(move |(found, _)| *found == kind).map(|(_, body)| body)
}

fn has_images(media: &[u8]) -> bool {
    // Version and flags, four unused bytes, then the track's handler.
    children(Boxes::within(media), *b"hdlr").any(|body| matches!(body.get(8..12), Some(b"pict" | b"vide")))
}

/// The number of a track's samples, from whichever size table it has.
fn samples(media: &[u8]) -> Option<u32> {
    let table =
        children(Boxes::within(media), *b"minf").flat_map(|minf| children(Boxes::within(minf), *b"stbl")).next()?;
    let sizes = [*b"stsz", *b"stz2"].into_iter().find_map(|kind| children(Boxes::within(table), kind).next())?;
    let mut fields = Fields(sizes);
    fields.array::<8>()?;
    fields.u32()
}

#[cfg(test)]
mod tests {
    use super::super::sequence::*;

    fn bmff(kind: BoxType, body: &[u8]) -> Vec<u8> {
        [&(body.len() as u32 + 8).to_be_bytes(), kind.as_slice(), body].concat()
    }

    fn file(brand: BoxType, handler: BoxType, samples: u32, sizes: BoxType) -> Vec<u8> {
        let stbl = bmff(*b"stbl", &bmff(sizes, &[&[0; 8], samples.to_be_bytes().as_slice()].concat()));
        let hdlr = bmff(*b"hdlr", &[&[0; 8], handler.as_slice(), &[0; 12]].concat());
        let media = bmff(*b"mdia", &[hdlr, bmff(*b"minf", &stbl)].concat());
        let ftyp = bmff(*b"ftyp", &[brand.as_slice(), &[0; 4]].concat());
        [ftyp, bmff(*b"free", &[1]), bmff(*b"moov", &bmff(*b"trak", &media))].concat()
    }

    #[test]
    fn a_file_with_the_sequence_brand_and_several_samples_in_a_track_is_a_sequence() {
        for sizes in [*b"stsz", *b"stz2"] {
            assert!(is_sequence(&file(*b"avis", *b"pict", 2, sizes)));
            assert!(!is_sequence(&file(*b"avis", *b"pict", 1, sizes)));
            assert!(!is_sequence(&file(*b"avif", *b"pict", 2, sizes)));
            assert!(!is_sequence(&file(*b"avis", *b"soun", 2, sizes)));
        }
    }

    #[test]
    fn a_truncated_sequence_is_not_one() {
        let whole = file(*b"avis", *b"vide", 300, *b"stsz");
        assert!(is_sequence(&whole));
        for length in 0..whole.len() {
            assert!(!is_sequence(&whole[..length]), "{length}");
        }
    }
}
