//! Corrects profiles that break the standard in ways that other programs accept.

use std::borrow::Cow;

/// Offset of the table of tags (ICC.1:2010, 7.3), and bytes of an entry: signature, offset, size.
const TABLE: usize = 128;
const ENTRY: usize = 12;
/// Most tags of a profile; real ones have some dozens.
const MAX_TAGS: usize = 200;
/// Tags whose values are of the type `XYZ `.
const XYZ_TAGS: [&[u8; 4]; 5] = [b"rXYZ", b"gXYZ", b"bXYZ", b"wtpt", b"bkpt"];
/// Bytes of such a value: type, four reserved, three numbers.
const XYZ_BYTES: usize = 20;

/// The profile with the type of `XYZ` values written where another one is: Kodak's software wrote some without, and
/// other programs read the numbers regardless.
pub(super) fn repaired(profile: &[u8]) -> Cow<'_, [u8]> {
    let number = |at: usize| {
        let four = profile.get(at..)?.first_chunk::<4>()?;
        Some(u32::from_be_bytes(*four) as usize)
    };
    let mut fixed = Cow::Borrowed(profile);
    let count = number(TABLE).unwrap_or(0).min(MAX_TAGS);
    for entry in (0..count).map(|n| TABLE + 4 + n * ENTRY) {
        let is_xyz =
            profile.get(entry..).and_then(|rest| rest.first_chunk::<4>()).is_some_and(|tag| XYZ_TAGS.contains(&tag));
        let (Some(at), Some(size)) = (number(entry + 4), number(entry + 8)) else { continue };
        let is_value = is_xyz && size == XYZ_BYTES && at > TABLE;
        let kind = at.checked_add(4).and_then(|end| profile.get(at..end));
        if is_value
            && kind.is_some_and(|kind| kind != b"XYZ ")
            && let Some(kind) = fixed.to_mut().get_mut(at..at + 4)
        {
            kind.copy_from_slice(b"XYZ ");
        }
    }
    fixed
}
