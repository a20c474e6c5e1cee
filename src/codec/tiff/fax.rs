//! Fax group 3 in one dimension (ITU-T T.4): every row is coded by itself.

use fax::{Color, decoder};

/// End-of-line codes after the data, since a strip's last row has none: six of them end the page.
const END: [u8; 9] = [0x00, 0x10, 0x01, 0x00, 0x10, 0x01, 0x00, 0x10, 0x01];

/// Fills rows of `width_px` bits, white as zeros, and gives the number of rows found.
pub(super) fn unpack(data: &[u8], width_px: u16, rows: &mut [u8]) -> usize {
    let row_bytes = usize::from(width_px).div_ceil(8).max(1);
    let mut rows = rows.chunks_exact_mut(row_bytes);
    let mut had = 0;
    let _ = decoder::decode_g3(data.iter().chain(&END).copied(), |changes| {
        // The data of a row has at least one run.
        let Some(row) = (if changes.is_empty() { None } else { rows.next() }) else { return };
        row.fill(0);
        for (x, colour) in decoder::pels(changes, width_px).enumerate() {
            if let (Color::Black, Some(byte)) = (colour, row.get_mut(x / 8)) {
                *byte |= 0x80 >> (x % 8);
            }
        }
        had += 1;
    });
    had
}
