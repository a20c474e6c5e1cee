//! Data whose bytes begin with their lowest bit.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::Cursor;

use ::tiff::decoder::Decoder;
use ::tiff::encoder::colortype::{ColorType, Gray8, RGB16};
use ::tiff::encoder::{Compression, DeflateLevel, TiffEncoder, TiffValue};
use ::tiff::tags::Tag;

use crate::codec::open;
use crate::codec::spec::DecodeOptions;
use crate::model::{Band, Samples};

const SIZE: (u32, u32) = (40, 30);

/// A file of strips of some rows; if `turned`, its bytes begin with their lowest bit, and it says so.
fn file<C: ColorType>(samples: &[C::Inner], compression: Compression, turned: bool) -> Vec<u8>
where
    [C::Inner]: TiffValue,
{
    let mut out = Cursor::new(Vec::new());
    let mut encoder = TiffEncoder::new(&mut out).unwrap().with_compression(compression);
    let mut page = encoder.new_image::<C>(SIZE.0, SIZE.1).unwrap();
    page.rows_per_strip(7).unwrap();
    page.encoder().write_tag(Tag::FillOrder, if turned { 2_u16 } else { 1 }).unwrap();
    page.write_data(samples).unwrap();
    let mut bytes = out.into_inner();
    if turned {
        let mut decoder = Decoder::new(Cursor::new(bytes.clone())).unwrap();
        let starts = decoder.get_tag_u64_vec(Tag::StripOffsets).unwrap();
        let lengths = decoder.get_tag_u64_vec(Tag::StripByteCounts).unwrap();
        assert!(starts.len() > 3);
        for (start, length) in starts.into_iter().zip(lengths) {
            for byte in &mut bytes[start as usize..(start + length) as usize] {
                *byte = byte.reverse_bits();
            }
        }
    }
    bytes
}

fn samples(bytes: &[u8]) -> Samples {
    let mut opened = open(bytes, &DecodeOptions::default()).unwrap();
    let mut band = Band::empty(&opened.rows.info());
    assert_eq!(opened.rows.read_rows(SIZE.1, &mut band).unwrap(), SIZE.1);
    band.samples
}

#[test]
fn bytes_with_the_lowest_bit_first_are_reversed_for_every_compression() {
    let gray: Vec<u8> = (0..SIZE.0 * SIZE.1).map(|n| (n * 7 / 3) as u8).collect();
    let wide: Vec<u16> = (0..SIZE.0 * SIZE.1 * 3).map(|n| (n * 37) as u16).collect();
    let deflate = Compression::Deflate(DeflateLevel::Fast);
    for (at, compression) in
        [Compression::Uncompressed, Compression::Packbits, Compression::Lzw, deflate].into_iter().enumerate()
    {
        let (plain, turned) = (file::<Gray8>(&gray, compression, false), file::<Gray8>(&gray, compression, true));
        assert_ne!(plain, turned);
        assert_eq!(samples(&turned), Samples::U8(gray.clone()), "compression {at}");
        assert_eq!(samples(&plain), Samples::U8(gray.clone()), "compression {at}");
        let turned = file::<RGB16>(&wide, compression, true);
        assert_eq!(samples(&turned), Samples::U16(wide.clone()), "compression {at}");
    }
}
