//! Replaces libjpeg's Huffman decoder with our own, for files with one sequential scan, which are the majority.
//!
//! libjpeg calls its entropy decoder through a pointer, once for each minimum coded unit. Ours loads the state
//! that libjpeg's keeps, reads the unit, and stores the state. For anything unusual it leaves the state unchanged and
//! calls libjpeg's, which handles markers, gaps and invalid codes and warns about them.

#![expect(unsafe_code, reason = "libjpeg is a C library; what it keeps to itself is reached by address")]

use std::mem::{offset_of, size_of};
use std::ptr;
use std::slice;

use mozjpeg_sys as ffi;

use super::huffman::{Codes, Coefficients, Reader};

/// Most blocks of a minimum coded unit (`D_MAX_BLOCKS_IN_MCU`).
const MAX_BLOCKS: usize = 10;

type Block = [i16; 64];
type DecodeMcu = unsafe extern "C-unwind" fn(*mut ffi::jpeg_decompress_struct, *mut *mut Block) -> ffi::boolean;

/// The last fields of `jpeg_decompress_struct`; the binding keeps most of them private. jpeglib.h has had them in this
/// order since 1998, as programs are linked to it dynamically.
#[repr(C)]
struct Tail {
    max_h_samp_factor: i32,
    max_v_samp_factor: i32,
    min_dct_scaled_size: i32,
    total_imcu_rows: u32,
    sample_range_limit: *mut u8,
    comps_in_scan: i32,
    cur_comp_info: [*mut ffi::jpeg_component_info; 4],
    mcus_per_row: u32,
    mcu_rows_in_scan: u32,
    blocks_in_mcu: i32,
    mcu_membership: [i32; MAX_BLOCKS],
    ss: i32,
    se: i32,
    ah: i32,
    al: i32,
    unread_marker: i32,
    /// Master, main, coef, post, inputctl, marker.
    before: [*mut u8; 6],
    entropy: *mut Entropy,
    /// Idct, upsample, cconvert, cquantize.
    after: [*mut u8; 4],
}

const TAIL_AT: usize = offset_of!(ffi::jpeg_decompress_struct, max_h_samp_factor);
const _: () = assert!(TAIL_AT + size_of::<Tail>() == size_of::<ffi::jpeg_decompress_struct>());
const TABLES_AT: usize = offset_of!(ffi::jpeg_decompress_struct, quant_tbl_ptrs) + 4 * size_of::<*mut u8>();

/// The first fields of jdhuff.c's `huff_entropy_decoder` on 64-bit machines.
#[repr(C)]
struct Entropy {
    start_pass: *mut u8,
    decode_mcu: Option<DecodeMcu>,
    insufficient_data: ffi::boolean,
    bits: Bits,
    last_dc: [i32; 4],
    restarts_to_go: u32,
}

/// jdhuff.h's `bitread_perm_state`.
#[repr(C)]
struct Bits {
    get_buffer: u64,
    bits_left: i32,
}

/// The state of our decoder for a scan.
pub(super) struct FastHuffman {
    /// libjpeg's decoder.
    own: DecodeMcu,
    /// Tables by number.
    dc: [Option<Codes>; 4],
    ac: [Option<Coefficients>; 4],
    /// For each block of a unit: its component's number in the scan, and its tables'.
    blocks: Vec<[usize; 3]>,
    has_restarts: bool,
}

impl FastHuffman {
    /// Reads libjpeg's state of the scan; `None` if our decoder can't be used.
    ///
    /// # Safety
    ///
    /// `cinfo` was started with `jpeg_start_decompress`, and its file has one scan only.
    pub(super) unsafe fn new(cinfo: &ffi::jpeg_decompress_struct) -> Option<Self> {
        if !cfg!(target_pointer_width = "64") {
            return None;
        }
        let base = ptr::from_ref(cinfo);
        // SAFETY: both lie within the struct, as jpeglib.h has it; the assertion above holds the one to its end, and
        // the other follows a field that the binding shows. Both are aligned for pointers, as their neighbours are. A
        // started decoder's `entropy` points to the struct that `Entropy` begins.
        let (tail, pointers, entropy) = unsafe {
            let tail = &*base.byte_add(TAIL_AT).cast::<Tail>();
            (tail, *base.byte_add(TABLES_AT).cast::<[*const ffi::JHUFF_TBL; 8]>(), tail.entropy.as_ref()?)
        };
        let components = usize::try_from(tail.comps_in_scan).ok()?;
        let fresh = entropy.bits.get_buffer == 0
            && entropy.bits.bits_left == 0
            && entropy.last_dc.iter().take(components).all(|&last| last == 0)
            && entropy.insufficient_data == 0
            && tail.unread_marker == 0;
        if !fresh {
            return None;
        }
        // SAFETY: each is null or a table in libjpeg's pool.
        let codes = |pointer: *const ffi::JHUFF_TBL| unsafe {
            pointer.as_ref().and_then(|table| Codes::new(table.bits.last_chunk()?, &table.huffval))
        };
        let [dc0, dc1, dc2, dc3, ac0, ac1, ac2, ac3] = pointers;
        let dc = [dc0, dc1, dc2, dc3].map(codes);
        let ac = [ac0, ac1, ac2, ac3].map(|pointer| codes(pointer).map(Coefficients::new));
        let members = tail.mcu_membership.get(..usize::try_from(tail.blocks_in_mcu).ok()?)?;
        let mut blocks = Vec::with_capacity(members.len());
        for &member in members {
            let member = usize::try_from(member).ok().filter(|&member| member < components)?;
            // SAFETY: the scan's components are set up, as many as its units' blocks name.
            let component = unsafe { tail.cur_comp_info.get(member)?.as_ref()? };
            let numbers = (usize::try_from(component.dc_tbl_no).ok()?, usize::try_from(component.ac_tbl_no).ok()?);
            dc.get(numbers.0)?.as_ref()?;
            ac.get(numbers.1)?.as_ref()?;
            blocks.push([member, numbers.0, numbers.1]);
        }
        Some(Self { own: entropy.decode_mcu?, dc, ac, blocks, has_restarts: entropy.restarts_to_go > 0 })
    }

    /// Replaces libjpeg's decoder.
    ///
    /// # Safety
    ///
    /// `cinfo` is the one that `self` was made for; `self` stays where it is as long as `cinfo` is read from.
    pub(super) unsafe fn install(&self, cinfo: &mut ffi::jpeg_decompress_struct) {
        cinfo.common.client_data = ptr::from_ref(self).cast_mut().cast();
        // SAFETY: as in `new`.
        unsafe {
            let tail = &*ptr::from_mut(cinfo).byte_add(TAIL_AT).cast::<Tail>();
            (*tail.entropy).decode_mcu = Some(decode_mcu);
        }
    }

    /// Reads a unit's blocks; `None` leaves only the blocks touched.
    ///
    /// # Safety
    ///
    /// `targets` points to as many pointers to blocks as a unit of this scan has.
    #[inline]
    unsafe fn unit(&self, reader: &mut Reader<'_>, last_dc: &mut [i32; 4], targets: *mut *mut Block) -> Option<()> {
        for (i, &[component, dc, ac]) in self.blocks.iter().enumerate() {
            // SAFETY: see above; blocks of a unit are distinct.
            let block = unsafe { &mut **targets.add(i) };
            let (dc, ac) = (self.dc.get(dc)?.as_ref()?, self.ac.get(ac)?.as_ref()?);
            reader.block(dc, ac, last_dc.get_mut(component)?, block)?;
        }
        Some(())
    }
}

/// Called by libjpeg in place of its own decoder.
///
/// SAFETY: libjpeg calls it with the decoder that `install` was called with, and with blocks for one unit, or null for
/// blocks it doesn't need.
unsafe extern "C-unwind" fn decode_mcu(
    cinfo: *mut ffi::jpeg_decompress_struct,
    targets: *mut *mut Block,
) -> ffi::boolean {
    // SAFETY: see above; `client_data` was set by `install`. The source's pointer and count describe readable bytes. No
    // reference to libjpeg's state is alive when its own decoder is called.
    unsafe {
        let fast = &*(*cinfo).common.client_data.cast::<FastHuffman>();
        let tail = &*cinfo.byte_add(TAIL_AT).cast::<Tail>();
        let entropy = tail.entropy;
        let at_restart = fast.has_restarts && (*entropy).restarts_to_go == 0;
        let ordinary = !at_restart && (*entropy).insufficient_data == 0 && tail.unread_marker == 0;
        if ordinary && !targets.is_null() {
            let source = (*cinfo).src;
            let data = slice::from_raw_parts((*source).next_input_byte, (*source).bytes_in_buffer);
            let mut reader =
                Reader::new(data, (*entropy).bits.get_buffer, (*entropy).bits.bits_left.max(0).cast_unsigned());
            let mut last_dc = (*entropy).last_dc;
            if fast.unit(&mut reader, &mut last_dc, targets).is_some() {
                let (taken, bits, count) = reader.state();
                (*source).next_input_byte = (*source).next_input_byte.add(taken);
                (*source).bytes_in_buffer -= taken;
                (*entropy).bits.get_buffer = bits;
                (*entropy).bits.bits_left = count.cast_signed();
                (*entropy).last_dc = last_dc;
                (*entropy).restarts_to_go = (*entropy).restarts_to_go.wrapping_sub(u32::from(fast.has_restarts));
                return 1;
            }
            // libjpeg's decoder expects zeros.
            for i in 0..fast.blocks.len() {
                **targets.add(i) = [0; 64];
            }
        }
        (fast.own)(cinfo, targets)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::super::libjpeg::{Decoder, Encoder, Faults, Pixels, Settings};

    /// It has nine units between restarts.
    const RESTARTS: &[u8] = include_bytes!("../../../tests/reference/formats/jpeg_restarts.jpg");

    /// Pseudo-random numbers (xorshift).
    fn chance(state: &mut u32) -> u32 {
        *state ^= *state << 13;
        *state ^= *state >> 17;
        *state ^= *state << 5;
        *state
    }

    /// Soft shapes with some noise, so that short and long codes occur.
    fn file(pixels: Pixels, quality: u8, luma_factors: (u8, u8), optimize: bool) -> Vec<u8> {
        let (width_px, height_px) = (83_u32, 50_u32);
        let settings = Settings {
            width_px,
            height_px,
            pixels,
            quality,
            luma_factors,
            progressive: false,
            optimize,
            density: None,
        };
        let mut encoder = Encoder::start(&settings, &[]).unwrap();
        let mut state = u32::from(quality) * 77 + 1;
        let samples: Vec<u8> = (0..width_px * height_px * pixels.count() as u32)
            .map(|i| {
                let noise = if i / 997 % 3 == 0 { chance(&mut state) % 160 } else { chance(&mut state) % 5 };
                (noise + i / 40 % 90) as u8
            })
            .collect();
        encoder.write(&samples).unwrap();
        encoder.finish(&|| false).unwrap()
    }

    fn files() -> Vec<(Vec<u8>, Pixels)> {
        let mut files = vec![(RESTARTS.to_vec(), Pixels::Rgb)];
        for quality in [1, 20, 75, 90, 100] {
            for (pixels, factors) in [
                (Pixels::Gray, (1, 1)),
                (Pixels::Rgb, (2, 2)),
                (Pixels::Rgb, (2, 1)),
                (Pixels::Rgb, (1, 1)),
                (Pixels::Cmyk, (1, 1)),
            ] {
                files.push((file(pixels, quality, factors, quality == 75), pixels));
            }
        }
        files
    }

    /// Rows, their number, and the warnings.
    fn read(bytes: &[u8], pixels: Pixels, eighths: u32, fast: bool) -> Option<(Vec<u8>, u32, Faults)> {
        let mut decoder = Decoder::start(bytes, pixels, eighths, &|| false, fast).ok()?;
        assert_eq!(decoder.uses_fast_huffman(), fast);
        let mut rows = vec![0; decoder.width() as usize * decoder.components() * decoder.height() as usize];
        let count = decoder.read(&mut rows, false).ok()?;
        Some((rows, count, decoder.faults()))
    }

    #[test]
    fn both_decoders_give_the_same_pixels() {
        for (i, (bytes, pixels)) in files().iter().enumerate() {
            for eighths in [8, 4, 2, 1] {
                let got = read(bytes, *pixels, eighths, true).unwrap();
                assert_eq!(got.2, Faults::default(), "file {i} at {eighths}");
                assert!(got == read(bytes, *pixels, eighths, false).unwrap(), "file {i} at {eighths}");
            }
            if *pixels == Pixels::Rgb {
                assert!(read(bytes, Pixels::Gray, 8, true) == read(bytes, Pixels::Gray, 8, false), "luma of {i}");
            }
        }
    }

    #[test]
    fn damage_is_handled_as_by_libjpeg() {
        let mut state = 12_345;
        let (mut damaged, mut cut) = (0, 0);
        for (bytes, pixels) in files() {
            let scan = bytes.windows(2).position(|pair| pair == [0xFF, 0xDA]).unwrap() + 14;
            for round in 0..60 {
                let mut hurt = bytes.clone();
                let at = scan + chance(&mut state) as usize % (hurt.len() - scan);
                match round % 3 {
                    0 => hurt.truncate(at),
                    1 => hurt[at] = chance(&mut state) as u8,
                    _ => hurt[at] = 0xFF,
                }
                // libjpeg reads ahead, so it may reach the end without needing more.
                let in_need = |(rows, count, faults): (Vec<u8>, u32, Faults)| {
                    // Bytes that were read ahead are not counted as left over.
                    let hit_end = faults.hit_end && faults.data_missing;
                    (rows, count, Faults { hit_end, left_over_bytes: 0, ..faults })
                };
                let (got, expected) = (read(&hurt, pixels, 8, true), read(&hurt, pixels, 8, false));
                let (got, expected) = (got.map(in_need), expected.map(in_need));
                assert!(got == expected, "round {round}, byte {at} of {}", bytes.len());
                damaged += usize::from(got.as_ref().is_some_and(|(_, _, faults)| faults.bad_data));
                cut += usize::from(got.is_some_and(|(_, _, faults)| faults.hit_end));
            }
        }
        assert!(damaged > 10 && cut > 100, "{damaged} {cut}");
    }
}
