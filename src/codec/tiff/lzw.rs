//! LZW in both of TIFF's kinds: the one of TIFF 6.0, and the one of earlier programs, which begins with the lowest bit
//! and switches to longer codes one code later.

use weezl::decode::Configuration;
use weezl::{BitOrder, LzwStatus};

/// Fills `out`, and returns the number of bytes found.
pub(super) fn unpack(data: &[u8], out: &mut [u8]) -> usize {
    // The first code clears the table: nine bits; the highest is set.
    let is_old = matches!(data, [0, second, ..] if second & 1 == 1);
    let configuration = if is_old {
        Configuration::new(BitOrder::Lsb, 8)
    } else {
        Configuration::with_tiff_size_switch(BitOrder::Msb, 8)
    };
    let mut decoder = configuration.with_yield_on_full_buffer(true).build();
    let (mut read, mut had) = (0, 0);
    while had < out.len() {
        let (Some(rest), Some(room)) = (data.get(read..), out.get_mut(had..)) else { break };
        let result = decoder.decode_bytes(rest, room);
        read += result.consumed_in;
        had += result.consumed_out;
        if !matches!(result.status, Ok(LzwStatus::Ok)) {
            break;
        }
    }
    had
}
