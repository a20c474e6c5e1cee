//! The sequence parameter set of an HEVC stream (ITU-T H.265, 7.3.2.2 and E.2.1), as far as the VUI's colours. The decoder
//! has no interface for them.

use crate::codec::container::bits::Bits;

/// Most sets of reference pictures.
const MAX_PICTURE_SETS: u32 = 64;

/// What a sequence parameter set says about its images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Parameters {
    /// Width and height in px, of what is coded and of what is visible of it.
    pub(super) coded_size: (u32, u32),
    pub(super) visible_size: (u32, u32),
    /// How chroma is subsampled: 0 without chroma, 1 for 4:2:0, 2 for 4:2:2, 3 for 4:4:4.
    pub(super) chroma: u32,
    /// Bits of luma and chroma samples.
    pub(super) bits: (u32, u32),
    pub(super) colours: StreamColours,
}

/// Colours as numbers of ISO 23091-2: primaries, transfer, matrix; and whether samples use their full range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StreamColours {
    pub(super) primaries: u16,
    pub(super) transfer: u16,
    pub(super) matrix: u16,
    pub(super) full_range: bool,
}

impl StreamColours {
    /// What is assumed of a stream that does not say it.
    const UNSPECIFIED: Self = Self { primaries: 2, transfer: 2, matrix: 2, full_range: false };
}

impl Parameters {
    /// From a unit of the stream, which begins with its header. `None` if it is invalid.
    pub(super) fn read(unit: &[u8]) -> Option<Self> {
        let payload = unescaped(unit.get(2..)?);
        let bits = &mut Bits::new(&payload);
        // The number of the video parameter set.
        bits.skip(4)?;
        let layers = bits.take(3)?;
        bits.skip(1)?;
        skip_profile(bits, layers)?;
        // Its own number.
        bits.exp_golomb()?;
        let chroma = bits.exp_golomb().filter(|&chroma| chroma <= 3)?;
        if chroma == 3 {
            bits.skip(1)?;
        }
        let coded_size = (bits.exp_golomb()?, bits.exp_golomb()?);
        let mut visible_size = coded_size;
        if bits.flag()? {
            let (across, down) = (if matches!(chroma, 1 | 2) { 2 } else { 1 }, if chroma == 1 { 2 } else { 1 });
            let mut cut = |side: u32, unit: u32| {
                let cut = bits.exp_golomb()?.checked_add(bits.exp_golomb()?)?.checked_mul(unit)?;
                side.checked_sub(cut)
            };
            visible_size = (cut(coded_size.0, across)?, cut(coded_size.1, down)?);
        }
        let depth = |coded: u32| (coded <= 8).then_some(coded + 8);
        let depths = (depth(bits.exp_golomb()?)?, depth(bits.exp_golomb()?)?);
        skip_to_colours(bits, layers)?;
        let colours = if bits.flag()? { colours(bits)? } else { StreamColours::UNSPECIFIED };
        Some(Self { coded_size, visible_size, chroma, bits: depths, colours })
    }
}

/// Without the bytes that prevent start codes: a 3 after two zeros.
fn unescaped(payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload.len());
    let mut zeros = 0;
    for &byte in payload {
        if zeros >= 2 && byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        out.push(byte);
    }
    out
}

/// Profile, tier and level (7.3.3), for `layers` further layers.
fn skip_profile(bits: &mut Bits<'_>, layers: u32) -> Option<()> {
    bits.skip(88 + 8)?;
    let mut further = 0;
    for _ in 0..layers {
        further += if bits.flag()? { 88 } else { 0 };
        further += if bits.flag()? { 8 } else { 0 };
    }
    if layers > 0 {
        bits.skip(2 * (8 - layers as usize))?;
    }
    bits.skip(further)
}

/// What is between the depths and the VUI.
fn skip_to_colours(bits: &mut Bits<'_>, layers: u32) -> Option<()> {
    let order_bits = bits.exp_golomb().filter(|&more| more <= 12)? as usize + 4;
    let each_layer = bits.flag()?;
    for _ in 0..=(if each_layer { layers } else { 0 }) {
        skip_codes(bits, 3)?;
    }
    // Sizes and depths of blocks.
    skip_codes(bits, 6)?;
    if bits.flag()? && bits.flag()? {
        skip_scaling_lists(bits)?;
    }
    // Asymmetric parts, and adaptive offsets.
    bits.skip(2)?;
    // Uncompressed samples.
    if bits.flag()? {
        bits.skip(8)?;
        skip_codes(bits, 2)?;
        bits.skip(1)?;
    }
    skip_picture_sets(bits)?;
    if bits.flag()? {
        for _ in 0..bits.exp_golomb().filter(|&count| count <= 32)? {
            bits.skip(order_bits + 1)?;
        }
    }
    bits.skip(2)
}

fn skip_codes(bits: &mut Bits<'_>, count: u32) -> Option<()> {
    for _ in 0..count {
        bits.exp_golomb()?;
    }
    Some(())
}

/// Scaling lists (7.3.4).
fn skip_scaling_lists(bits: &mut Bits<'_>) -> Option<()> {
    for size in 0..4 {
        for _ in 0..(if size == 3 { 2 } else { 6 }) {
            let codes = match (bits.flag()?, size) {
                (false, _) => 1,
                (true, 0) => 16,
                (true, 1) => 64,
                (true, _) => 65,
            };
            skip_codes(bits, codes)?;
        }
    }
    Some(())
}

/// Sets of reference pictures (7.3.7).
fn skip_picture_sets(bits: &mut Bits<'_>) -> Option<()> {
    let mut pictures = 0;
    for at in 0..bits.exp_golomb().filter(|&count| count <= MAX_PICTURE_SETS)? {
        if at > 0 && bits.flag()? {
            // Predicted from the set before.
            bits.skip(1)?;
            bits.exp_golomb()?;
            let before = pictures;
            pictures = 0;
            for _ in 0..=before {
                if bits.flag()? || bits.flag()? {
                    pictures += 1;
                }
            }
        } else {
            pictures = bits.exp_golomb()?.checked_add(bits.exp_golomb()?).filter(|&count| count <= 32)?;
            for _ in 0..pictures {
                bits.exp_golomb()?;
                bits.skip(1)?;
            }
        }
    }
    Some(())
}

/// The colours in the VUI (E.2.1).
fn colours(bits: &mut Bits<'_>) -> Option<StreamColours> {
    const OTHER_ASPECT: u32 = 255;
    if bits.flag()? && bits.take(8)? == OTHER_ASPECT {
        bits.skip(32)?;
    }
    // Overscan.
    if bits.flag()? {
        bits.skip(1)?;
    }
    let mut colours = StreamColours::UNSPECIFIED;
    if bits.flag()? {
        bits.skip(3)?;
        colours.full_range = bits.flag()?;
        if bits.flag()? {
            let mut number = || bits.take(8).map(|number| number as u16);
            (colours.primaries, colours.transfer, colours.matrix) = (number()?, number()?, number()?);
        }
    }
    Some(colours)
}
