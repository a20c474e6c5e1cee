//! Scans the blocks of a GIF for frames and loop count. No pixel is decoded, no memory is allocated.

use crate::model::Plays;

pub(super) const EXTENSION: u8 = 0x21;
const IMAGE: u8 = 0x2C;
const TRAILER: u8 = 0x3B;
pub(super) const APPLICATION: u8 = 0xFF;
pub(super) const COMMENT: u8 = 0xFE;

/// The result of a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scan {
    /// Number of frames; one more in a truncated file, so that reading them all fails.
    pub(super) frames: u32,
    pub(super) plays: Plays,
    /// Whether it is truncated, so that the last frame is missing.
    pub(super) is_cut: bool,
}

/// Scans a file from its first byte.
pub(super) fn scan(bytes: &[u8]) -> Scan {
    let mut scan = Scan { frames: 0, plays: Plays::Times(1), is_cut: false };
    let Some(mut rest) = behind_header(bytes) else { return scan };
    loop {
        // A still image without an end marker, or with padding after it, is complete; an animation may continue.
        let moves = scan.frames > 1 || scan.plays != Plays::Times(1);
        let padding = rest.iter().all(|&byte| byte == 0);
        let kind = match rest.split_first() {
            Some((&kind @ (EXTENSION | IMAGE), after)) => {
                rest = after;
                kind
            }
            Some((&TRAILER, _)) => return scan,
            None if moves => break,
            Some(_) if moves && !padding => break,
            Some(_) | None => return scan,
        };
        scan.frames += u32::from(kind == IMAGE);
        let behind = if kind == IMAGE { behind_image(rest) } else { behind_extension(rest, &mut scan.plays) };
        match behind {
            Some(behind) => rest = behind,
            // Truncated within the first frame, it is a truncated still image.
            None if kind == IMAGE => return Scan { is_cut: true, ..scan },
            None => break,
        }
    }
    scan.frames = scan.frames.saturating_add(u32::from(scan.frames > 0));
    scan.is_cut = scan.frames > 0;
    scan
}

/// Bytes of a table that a flags byte announces.
fn table_bytes(flags: u8) -> usize {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
}

fn behind_header(bytes: &[u8]) -> Option<&[u8]> {
    bytes.get(13 + table_bytes(*bytes.get(10)?)..)
}

/// Offset of the first block.
pub(super) fn after_header(bytes: &[u8]) -> Option<usize> {
    behind_header(bytes).map(|rest| bytes.len() - rest.len())
}

/// The extension blocks of a file, from their labels to the empty sub-blocks that end them.
pub(super) fn extensions(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = behind_header(bytes).unwrap_or_default();
    std::iter::from_fn(move || {
        loop {
            match rest {
                [IMAGE, image @ ..] => rest = behind_image(image)?,
                [EXTENSION, block @ ..] => {
                    let behind = behind_blocks(block.get(1..)?)?;
                    rest = behind;
                    return block.get(..block.len() - behind.len());
                }
                _ => return None,
            }
        }
    })
}

fn behind_image(rest: &[u8]) -> Option<&[u8]> {
    // Position and size, flags; the table; the code size.
    behind_blocks(rest.get(9 + table_bytes(*rest.get(8)?) + 1..)?)
}

fn behind_extension<'b>(rest: &'b [u8], plays: &mut Plays) -> Option<&'b [u8]> {
    let (&label, blocks) = rest.split_first()?;
    if label == APPLICATION
        && let [11, name @ ..] = blocks
        && let Some((b"NETSCAPE2.0" | b"ANIMEXTS1.0", [3..=255, 1, low, high, ..])) = name.split_at_checked(11)
    {
        *plays = match u16::from_le_bytes([*low, *high]) {
            0 => Plays::Forever,
            // The first time is not counted as a repetition.
            times => Plays::Times(u32::from(times) + 1),
        };
    }
    behind_blocks(blocks)
}

/// The file without comments and application data, except for its loop count and profile; `None` if
/// its blocks can't be read to the end.
pub(super) fn stripped(bytes: &[u8]) -> Option<Vec<u8>> {
    const NEEDED: [&[u8; 11]; 3] = [b"NETSCAPE2.0", b"ANIMEXTS1.0", b"ICCRGBG1012"];
    let mut rest = behind_header(bytes)?;
    let mut out = bytes.get(..bytes.len() - rest.len())?.to_vec();
    out.reserve(rest.len());
    loop {
        let behind = match *rest {
            [IMAGE, ref image @ ..] => behind_image(image)?,
            [EXTENSION, _, ref blocks @ ..] => behind_blocks(blocks)?,
            [TRAILER, ..] => {
                out.push(TRAILER);
                return Some(out);
            }
            _ => return None,
        };
        let block = rest.get(..rest.len() - behind.len())?;
        let is_needed = match block {
            [EXTENSION, APPLICATION, 11, name @ ..] => {
                name.first_chunk::<11>().is_some_and(|name| NEEDED.contains(&name))
            }
            [EXTENSION, COMMENT | APPLICATION, ..] => false,
            _ => true,
        };
        if is_needed {
            out.extend_from_slice(block);
        }
        rest = behind;
    }
}

/// Skips sub-blocks and the empty one that ends them.
fn behind_blocks(mut rest: &[u8]) -> Option<&[u8]> {
    loop {
        let (&length, after) = rest.split_first()?;
        if length == 0 {
            return Some(after);
        }
        rest = after.get(usize::from(length)..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &[u8] = b"GIF89a\x02\0\x02\0\0\0\0";
    const FRAME: &[u8] = &[IMAGE, 0, 0, 0, 0, 2, 0, 2, 0, 0, 2, 2, 0x84, 0x51, 0];
    const ENDLESS: &[u8] = b"\x21\xFF\x0BNETSCAPE2.0\x03\x01\0\0\0";

    fn frames(parts: &[&[u8]]) -> u32 {
        scan(&parts.concat()).frames
    }

    #[test]
    fn frames_are_counted_and_repetitions_become_plays() {
        assert_eq!(
            scan(&[HEAD, FRAME, FRAME, b";"].concat()),
            Scan { frames: 2, plays: Plays::Times(1), is_cut: false }
        );
        assert_eq!(
            scan(&[HEAD, ENDLESS, FRAME, b";"].concat()),
            Scan { frames: 1, plays: Plays::Forever, is_cut: false }
        );
        let twice = b"\x21\xFF\x0BNETSCAPE2.0\x03\x01\x02\0\0";
        assert_eq!(scan(&[HEAD, twice, FRAME, FRAME, b";"].concat()).plays, Plays::Times(3));
    }

    #[test]
    fn a_missing_end_counts_as_a_frame_except_for_the_end_marker_of_a_still_image() {
        assert_eq!(frames(&[HEAD, FRAME]), 1);
        assert_eq!(frames(&[HEAD, FRAME, &[0, 0, 0]]), 1);
        assert_eq!(frames(&[HEAD, &FRAME[..12]]), 1);
        assert_eq!(frames(&[HEAD, FRAME, &[EXTENSION, 0xF9, 4, 0]]), 2);
        assert_eq!(frames(&[HEAD, FRAME, FRAME]), 3);
        assert_eq!(frames(&[HEAD, ENDLESS, FRAME]), 2);
        assert_eq!(frames(&[HEAD, FRAME, FRAME, &[0, 0]]), 2);
        assert_eq!(frames(&[HEAD, FRAME, &FRAME[..12]]), 2);
        assert_eq!(frames(&[HEAD]), 0);
        assert_eq!(frames(&[&HEAD[..9]]), 0);
    }
}
