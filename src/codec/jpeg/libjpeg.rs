//! The binding to libjpeg: a decoder and an encoder that return fatal errors as values, and collect warnings.
//!
//! This file, [`super::transcode`] and [`super::fast_entropy`] contain the only unsafe code for JPEG. libjpeg pads missing data and only
//! warns. It reports fatal errors through a callback that must not return. The callback here unwinds (the C code is
//! built with unwind tables) to [`guarded`], the only entry into the library.

#![expect(unsafe_code, reason = "libjpeg is a C library; every call is in this file")]

use std::marker::{PhantomData, PhantomPinned};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr;

use mozjpeg_sys as ffi;

use super::fast_entropy::FastHuffman;

/// A fatal error of libjpeg.
#[derive(Debug)]
pub(super) struct Fatal {
    /// One of libjpeg's `JERR_` codes.
    pub(super) code: i32,
    /// The library's text.
    pub(super) words: String,
    /// Whether the data had ended before, so that padding caused the failure.
    pub(super) at_end: bool,
    /// Whether it was cancelled.
    pub(super) is_cancelled: bool,
}

/// Warnings that mean that pixels are damaged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Faults {
    /// The data ended before an end-of-image marker.
    pub(super) hit_end: bool,
    /// Coded data of a scan ended too soon: pixels are missing from here on.
    pub(super) data_missing: bool,
    /// A code that the tables don't know, or restart markers in disorder.
    pub(super) bad_data: bool,
    /// Bytes of compressed data that remained after the last pixel of the image or of a restart interval, except for
    /// zeros and ones, which some cameras use as padding.
    pub(super) left_over_bytes: u64,
}

/// Extends libjpeg's error manager, which comes first so that a pointer to one is a pointer to the other.
#[repr(C)]
struct ErrorManager {
    base: ffi::jpeg_error_mgr,
    faults: Faults,
    /// The whole file, once its header has been read: before that, stray bytes between segments are harmless.
    data: Option<(*const u8, usize)>,
}

/// Extends libjpeg's destination manager in the same way.
#[repr(C)]
pub(super) struct Destination {
    base: ffi::jpeg_destination_mgr,
    pub(super) out: Vec<u8>,
}

/// Extends libjpeg's progress manager in the same way.
#[repr(C)]
pub(super) struct ProgressManager<'c> {
    base: ffi::jpeg_progress_mgr,
    cancelled: &'c dyn Fn() -> bool,
}

impl<'c> ProgressManager<'c> {
    pub(super) fn new(cancelled: &'c dyn Fn() -> bool) -> Self {
        let base = ffi::jpeg_progress_mgr {
            progress_monitor: Some(progress_monitor),
            pass_counter: 0,
            pass_limit: 0,
            completed_passes: 0,
            total_passes: 0,
        };
        Self { base, cancelled }
    }
}

/// Called by libjpeg after each row of blocks while it works through a whole file.
unsafe extern "C-unwind" fn progress_monitor(cinfo: &mut ffi::jpeg_common_struct) {
    // SAFETY: whoever sets `progress` points it to a `ProgressManager`'s first field, and resets it before that is
    // gone.
    let is_cancelled = unsafe { ((*cinfo.progress.cast::<ProgressManager<'_>>()).cancelled)() };
    if is_cancelled {
        resume_unwind(Box::new(Fatal { code: 0, words: "cancelled".to_owned(), at_end: false, is_cancelled }));
    }
}

/// Enters libjpeg; a fatal error comes back as a value.
pub(super) fn guarded<T>(call: impl FnOnce() -> T) -> Result<T, Fatal> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|payload| match payload.downcast::<Fatal>() {
        Ok(fatal) => *fatal,
        Err(other) => resume_unwind(other),
    })
}

#[cold]
unsafe extern "C-unwind" fn error_exit(cinfo: &mut ffi::jpeg_common_struct) {
    let mut buffer = [0u8; 256];
    // SAFETY: `err` points to the manager installed by `Box`ed state that outlives every call. `format_message` is
    // libjpeg's own; it writes at most JMSG_LENGTH_MAX (200) bytes with a final zero, and its true C type takes
    // `char *`, not the reference to 80 bytes that the binding declares.
    let (code, at_end) = unsafe {
        let manager = &*cinfo.err;
        if let Some(format_message) = manager.format_message {
            type Declared = unsafe extern "C-unwind" fn(&mut ffi::jpeg_common_struct, &[u8; 80]);
            type True = unsafe extern "C-unwind" fn(&mut ffi::jpeg_common_struct, *mut u8);
            let format_message = std::mem::transmute::<Declared, True>(format_message);
            format_message(cinfo, buffer.as_mut_ptr());
        }
        ((*cinfo.err).msg_code, (*cinfo.err.cast::<ErrorManager>()).faults.hit_end)
    };
    let words = buffer.split(|&byte| byte == 0).next().unwrap_or_default();
    resume_unwind(Box::new(Fatal {
        code,
        words: String::from_utf8_lossy(words).into_owned(),
        at_end,
        is_cancelled: false,
    }));
}

#[cold]
unsafe extern "C-unwind" fn emit_message(cinfo: &mut ffi::jpeg_common_struct, level: i32) {
    if level >= 0 {
        return;
    }
    // SAFETY: `err` was set to the first field of an `ErrorManager` that is alive and pinned in its box.
    let manager = unsafe { &mut *cinfo.err.cast::<ErrorManager>() };
    manager.base.num_warnings += 1;
    match manager.base.msg_code {
        ffi::JWRN_JPEG_EOF => manager.faults.hit_end = true,
        ffi::JWRN_HIT_MARKER => manager.faults.data_missing = true,
        ffi::JWRN_HUFF_BAD_CODE | ffi::JWRN_MUST_RESYNC => manager.faults.bad_data = true,
        ffi::JWRN_EXTRANEOUS_DATA => {
            let count = manager.base.msg_parm._bindgen_data_[0] as usize;
            if let Some(data) = manager.data {
                // SAFETY: where `data` is set, `cinfo` is the first part of a started decoder.
                let source = unsafe { &*(*ptr::from_mut(cinfo).cast::<ffi::jpeg_decompress_struct>()).src };
                if !is_filling(data, source.next_input_byte, count) {
                    manager.faults.left_over_bytes += count as u64;
                }
            }
        }
        // Odd version numbers and the like: the pixels are complete.
        _ => {}
    }
}

/// Whether the last `count` bytes before a position are all zeros or all ones.
fn is_filling((begin, length): (*const u8, usize), before: *const u8, count: usize) -> bool {
    // The bytes that the source appends to a truncated file are not part of it.
    let Some(at) = before.addr().checked_sub(begin.addr()).filter(|at| *at <= length) else { return false };
    let Some(from) = at.checked_sub(count) else { return false };
    // SAFETY: `begin` and `length` are those of the bytes that the decoder reads from, which outlive it.
    let bytes = unsafe { std::slice::from_raw_parts(begin, length) };
    bytes.get(from..at).is_some_and(|bytes| bytes.iter().all(|byte| matches!(byte, 0 | 0xFF)))
}

#[cold]
unsafe extern "C-unwind" fn output_message(_cinfo: &mut ffi::jpeg_common_struct) {}

impl ErrorManager {
    fn new() -> Self {
        // SAFETY: all zeros are valid for the C struct (null callbacks, zero counters); `jpeg_std_error` fills it.
        let mut base = unsafe { std::mem::zeroed::<ffi::jpeg_error_mgr>() };
        // SAFETY: `base` is a valid error manager to be filled.
        unsafe { ffi::jpeg_std_error(&mut base) };
        base.error_exit = Some(error_exit);
        base.emit_message = Some(emit_message);
        base.output_message = Some(output_message);
        Self { base, faults: Faults::default(), data: None }
    }
}

/// The layout of pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pixels {
    /// One byte per pixel.
    Gray,
    /// Three bytes per pixel.
    Rgb,
    /// Four bytes per pixel, as stored: Adobe's files hold them inverted.
    Cmyk,
}

impl Pixels {
    /// Bytes of a pixel.
    pub(super) const fn count(self) -> usize {
        match self {
            Self::Gray => 1,
            Self::Rgb => 3,
            Self::Cmyk => 4,
        }
    }

    const fn space(self) -> ffi::J_COLOR_SPACE {
        match self {
            Self::Gray => ffi::J_COLOR_SPACE::JCS_GRAYSCALE,
            Self::Rgb => ffi::J_COLOR_SPACE::JCS_RGB,
            Self::Cmyk => ffi::J_COLOR_SPACE::JCS_CMYK,
        }
    }
}

/// libjpeg's decoder over bytes in memory.
pub(super) struct Decoder<'a> {
    pub(super) state: Box<DecoderState>,
    _bytes: PhantomData<&'a [u8]>,
}

pub(super) struct DecoderState {
    pub(super) cinfo: ffi::jpeg_decompress_struct,
    errors: ErrorManager,
    fast: Option<FastHuffman>,
    /// Whether the data after the pixels was read.
    is_at_end: bool,
    _pinned: PhantomPinned,
}

// SAFETY: the state owns everything its raw pointers refer to (libjpeg's pools, the boxed error manager) except the
// input bytes, which are shared and only read for `'a`; libjpeg keeps no thread-local state in a decoder.
unsafe impl Send for Decoder<'_> {}

impl<'a> Decoder<'a> {
    /// A decoder that is not started.
    pub(super) fn blank() -> Self {
        // SAFETY: all zeros are valid for the C struct; libjpeg initialises it before it is used.
        let cinfo = unsafe { std::mem::zeroed::<ffi::jpeg_decompress_struct>() };
        let errors = ErrorManager::new();
        let state = Box::new(DecoderState { cinfo, errors, fast: None, is_at_end: false, _pinned: PhantomPinned });
        let mut decoder = Self { state, _bytes: PhantomData };
        decoder.state.cinfo.common.err = ptr::from_mut(&mut decoder.state.errors).cast();
        decoder
    }

    /// Reads the header and starts decoding at `eighths / 8` of the size. A file with several scans is read completely
    /// here, unless cancelled. With `fast_huffman`, our own Huffman decoder is used if possible.
    pub(super) fn start(
        bytes: &'a [u8],
        output: Pixels,
        eighths: u32,
        cancelled: &dyn Fn() -> bool,
        fast_huffman: bool,
    ) -> Result<Self, Fatal> {
        let mut decoder = Self::blank();
        let cinfo = &mut decoder.state.cinfo;
        let mut progress = ProgressManager::new(cancelled);
        let started = guarded(|| {
            // SAFETY: `progress` outlives the call and is reset after it. `cinfo` is zeroed, pinned in its box, and its
            // error manager is set; `bytes` outlives the decoder. `Drop` destroys it, even when one of these calls
            // fails: destroying a zeroed struct does nothing.
            unsafe {
                ffi::jpeg_create_decompress(cinfo);
                ffi::jpeg_mem_src(cinfo, bytes.as_ptr(), bytes.len() as ffi::c_ulong);
                ffi::jpeg_read_header(cinfo, 1);
                (*cinfo.common.err.cast::<ErrorManager>()).data = Some((bytes.as_ptr(), bytes.len()));
                cinfo.out_color_space = output.space();
                cinfo.scale_num = eighths.clamp(1, 8);
                cinfo.scale_denom = 8;
                cinfo.dct_method = ffi::J_DCT_METHOD::JDCT_ISLOW;
                cinfo.common.progress = ptr::from_mut(&mut progress).cast();
                ffi::jpeg_start_decompress(cinfo);
            }
        });
        cinfo.common.progress = ptr::null_mut();
        started?;
        if fast_huffman {
            decoder.install_fast_huffman();
        }
        Ok(decoder)
    }

    /// Installs our entropy decoder if it can be used.
    fn install_fast_huffman(&mut self) {
        if self.has_several_scans() {
            return;
        }
        let DecoderState { cinfo, fast, .. } = &mut *self.state;
        // SAFETY: the decoder was started and has one scan; `fast` lives in the same box as `cinfo` and stays there.
        unsafe {
            *fast = FastHuffman::new(cinfo);
            if let Some(fast) = fast {
                fast.install(cinfo);
            }
        }
    }

    #[cfg(test)]
    pub(super) fn uses_fast_huffman(&self) -> bool {
        self.state.fast.is_some()
    }

    /// Width of the output in px.
    pub(super) fn width(&self) -> u32 {
        self.state.cinfo.output_width
    }

    /// Height of the output in px.
    pub(super) fn height(&self) -> u32 {
        self.state.cinfo.output_height
    }

    /// Bytes of a pixel.
    pub(super) fn components(&self) -> usize {
        self.state.cinfo.output_components.max(0) as usize
    }

    /// Rows read so far.
    pub(super) fn row(&self) -> u32 {
        self.state.cinfo.output_scanline
    }

    /// Whether the file has more than one scan, so that later ones may be missing without a warning.
    pub(super) fn has_several_scans(&self) -> bool {
        // SAFETY: the decoder was started.
        unsafe { ffi::jpeg_has_multiple_scans(&self.state.cinfo) != 0 }
    }

    /// After the last row: reads up to the end-of-image marker. Errors after the pixels are harmless, but remaining
    /// compressed data is counted.
    pub(super) fn read_to_end(&mut self) {
        let state = &mut self.state;
        if state.is_at_end || state.cinfo.output_scanline < state.cinfo.output_height {
            return;
        }
        state.is_at_end = true;
        // SAFETY: the decoder was started, and libjpeg allows reading on at any time before it is finished.
        let _ = guarded(|| while unsafe { ffi::jpeg_consume_input(&mut state.cinfo) } == JPEG_ROW_COMPLETED {});
    }

    /// The warnings so far.
    pub(super) fn faults(&self) -> Faults {
        faults_of(&self.state.cinfo)
    }

    /// Fills `target`, which holds whole rows, with the next ones; returns the number of rows read. Stops early at a
    /// fault, unless `on` is set: then libjpeg pads missing data.
    pub(super) fn read(&mut self, target: &mut [u8], on: bool) -> Result<u32, Fatal> {
        let row_bytes = self.width() as usize * self.components();
        if row_bytes == 0 {
            return Ok(0);
        }
        let mut read = 0;
        let state = &mut self.state;
        guarded(|| {
            for rows in target.chunks_mut(row_bytes * MAX_ROWS_A_CALL) {
                let mut pointers = [ptr::null_mut::<u8>(); MAX_ROWS_A_CALL];
                let mut wanted = 0;
                for (pointer, row) in pointers.iter_mut().zip(rows.chunks_exact_mut(row_bytes)) {
                    *pointer = row.as_mut_ptr();
                    wanted += 1;
                }
                let mut done = 0;
                while done < wanted && state.cinfo.output_scanline < state.cinfo.output_height {
                    // SAFETY: `done < wanted <= MAX_ROWS_A_CALL`; each of the `wanted - done` pointers is that of a
                    // distinct row of `output_width * output_components` writable bytes.
                    let now = unsafe {
                        let first = pointers.as_mut_ptr().add(done);
                        ffi::jpeg_read_scanlines(&mut state.cinfo, first, (wanted - done) as u32)
                    };
                    if now == 0 {
                        return;
                    }
                    done += now as usize;
                    read += now;
                    let faults = faults_of(&state.cinfo);
                    if !on && (faults.data_missing || faults.bad_data) {
                        return;
                    }
                }
            }
        })?;
        Ok(read)
    }
}

/// Read through the same pointer that the callbacks write through.
fn faults_of(cinfo: &ffi::jpeg_decompress_struct) -> Faults {
    // SAFETY: `err` is the first field of the `ErrorManager` that lives in the same box as `cinfo`.
    unsafe { (*cinfo.common.err.cast::<ErrorManager>()).faults }
}

/// jpeglib.h: a row of minimum coded units was read, and more may follow.
const JPEG_ROW_COMPLETED: i32 = 3;
/// Row pointers passed to libjpeg at once.
const MAX_ROWS_A_CALL: usize = 16;

impl Drop for Decoder<'_> {
    fn drop(&mut self) {
        // SAFETY: created (or still zeroed) in `start`; destroyed once. Freeing memory raises no libjpeg error.
        unsafe { ffi::jpeg_destroy_decompress(&mut self.state.cinfo) };
    }
}

/// Settings of a file to be written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    /// Width in px.
    pub(super) width_px: u32,
    /// Height in px.
    pub(super) height_px: u32,
    /// The layout of the rows. `Cmyk` is stored unchanged.
    pub(super) pixels: Pixels,
    /// 1 to 100.
    pub(super) quality: u8,
    /// Luma sampling factors, across and down: (2, 2) is 4:2:0. Chroma has (1, 1).
    pub(super) luma_factors: (u8, u8),
    /// Several scans instead of one, with optimized Huffman tables.
    pub(super) progressive: bool,
    /// Optimized Huffman tables.
    pub(super) optimize: bool,
    /// Print density: JFIF's unit, across, down. JFIF's default means none.
    pub(super) density: Option<(u8, u16, u16)>,
}

/// libjpeg's encoder into memory.
pub(super) struct Encoder {
    pub(super) state: Box<EncoderState>,
}

pub(super) struct EncoderState {
    pub(super) cinfo: ffi::jpeg_compress_struct,
    errors: ErrorManager,
    pub(super) destination: Destination,
    _pinned: PhantomPinned,
}

// SAFETY: the state owns everything its raw pointers refer to, and libjpeg keeps no thread-local state in an encoder.
unsafe impl Send for Encoder {}

unsafe extern "C-unwind" fn init_destination(cinfo: &mut ffi::jpeg_compress_struct) {
    // SAFETY: `dest` is the first field of the `Destination` installed in `Encoder::start`.
    let destination = unsafe { &mut *cinfo.dest.cast::<Destination>() };
    destination.out.clear();
    // Half a byte per pixel holds nearly every photograph: growing would copy it. Untouched memory costs nothing.
    let pixels = u64::from(cinfo.image_width) * u64::from(cinfo.image_height);
    destination.grow((pixels / 2) as usize);
}

unsafe extern "C-unwind" fn empty_output_buffer(cinfo: &mut ffi::jpeg_compress_struct) -> ffi::boolean {
    // SAFETY: as above. libjpeg calls this only when every spare byte is written, whatever `free_in_buffer` says.
    unsafe {
        let destination = &mut *cinfo.dest.cast::<Destination>();
        destination.out.set_len(destination.out.capacity());
        destination.grow(destination.out.capacity());
    }
    1
}

unsafe extern "C-unwind" fn term_destination(cinfo: &mut ffi::jpeg_compress_struct) {
    // SAFETY: as above; all but `free_in_buffer` of the spare bytes are written.
    unsafe {
        let destination = &mut *cinfo.dest.cast::<Destination>();
        let free = destination.base.free_in_buffer;
        destination.out.set_len(destination.out.capacity() - free);
    }
}

impl Destination {
    /// Grows the buffer and passes it to libjpeg.
    fn grow(&mut self, more_bytes: usize) {
        self.out.reserve(more_bytes.max(256 << 10));
        let spare = self.out.spare_capacity_mut();
        self.base.next_output_byte = spare.as_mut_ptr().cast();
        self.base.free_in_buffer = spare.len();
    }
}

impl Encoder {
    /// An encoder that is not started.
    pub(super) fn blank() -> Self {
        // SAFETY: all zeros are valid for the C struct; libjpeg initialises it before it is used.
        let cinfo = unsafe { std::mem::zeroed::<ffi::jpeg_compress_struct>() };
        let base = ffi::jpeg_destination_mgr {
            next_output_byte: ptr::null_mut(),
            free_in_buffer: 0,
            init_destination: Some(init_destination),
            empty_output_buffer: Some(empty_output_buffer),
            term_destination: Some(term_destination),
        };
        let destination = Destination { base, out: Vec::new() };
        let errors = ErrorManager::new();
        let mut encoder = Self { state: Box::new(EncoderState { cinfo, errors, destination, _pinned: PhantomPinned }) };
        encoder.state.cinfo.common.err = ptr::from_mut(&mut encoder.state.errors).cast();
        encoder
    }

    /// Starts a file in libjpeg-turbo's fast mode.
    pub(super) fn start(settings: &Settings, markers: &[(u8, Vec<u8>)]) -> Result<Self, Fatal> {
        let mut encoder = Self::blank();
        let state = &mut *encoder.state;
        let dest = ptr::from_mut(&mut state.destination).cast();
        let cinfo = &mut state.cinfo;
        guarded(|| {
            // SAFETY: `cinfo` is zeroed, pinned in its box, and its error manager is set; the destination is in the
            // same box. `jpeg_set_defaults` has created the components; the first is luma. Markers are at most
            // 65,533 bytes, which the caller ensures and libjpeg checks.
            unsafe {
                ffi::jpeg_CreateCompress(cinfo, ffi::JPEG_LIB_VERSION, size_of::<ffi::jpeg_compress_struct>());
                cinfo.dest = dest;
                cinfo.image_width = settings.width_px;
                cinfo.image_height = settings.height_px;
                cinfo.input_components = settings.pixels.count() as i32;
                cinfo.in_color_space = settings.pixels.space();
                let fastest = ffi::JINT_COMPRESS_PROFILE_VALUE::JCP_FASTEST as i32;
                ffi::jpeg_c_set_int_param(cinfo, ffi::J_INT_PARAM::JINT_COMPRESS_PROFILE, fastest);
                ffi::jpeg_set_defaults(cinfo);
                ffi::jpeg_set_quality(cinfo, i32::from(settings.quality.clamp(1, 100)), 1);
                cinfo.dct_method = ffi::J_DCT_METHOD::JDCT_ISLOW;
                cinfo.optimize_coding = i32::from(settings.optimize);
                if let Some((unit, x, y)) = settings.density {
                    (cinfo.density_unit, cinfo.X_density, cinfo.Y_density) = (unit, x, y);
                }
                if settings.pixels == Pixels::Rgb && !cinfo.comp_info.is_null() {
                    let luma = &mut *cinfo.comp_info;
                    luma.h_samp_factor = i32::from(settings.luma_factors.0.clamp(1, 2));
                    luma.v_samp_factor = i32::from(settings.luma_factors.1.clamp(1, 2));
                }
                if settings.progressive {
                    ffi::jpeg_simple_progression(cinfo);
                }
                ffi::jpeg_start_compress(cinfo, 1);
                for (marker, data) in markers {
                    ffi::jpeg_write_marker(cinfo, i32::from(*marker), data.as_ptr(), data.len() as u32);
                }
            }
        })?;
        Ok(encoder)
    }

    /// Writes whole rows.
    pub(super) fn write(&mut self, rows: &[u8]) -> Result<(), Fatal> {
        let cinfo = &mut self.state.cinfo;
        let row_bytes = cinfo.image_width as usize * cinfo.input_components.max(0) as usize;
        if row_bytes == 0 {
            return Ok(());
        }
        guarded(|| {
            for rows in rows.chunks(row_bytes * MAX_ROWS_A_CALL) {
                let mut pointers = [ptr::null::<u8>(); MAX_ROWS_A_CALL];
                let mut count = 0;
                for (pointer, row) in pointers.iter_mut().zip(rows.chunks_exact(row_bytes)) {
                    *pointer = row.as_ptr();
                    count += 1;
                }
                // SAFETY: `count` pointers to rows of `image_width * input_components` readable bytes. The destination
                // never suspends, so every row is taken.
                unsafe { ffi::jpeg_write_scanlines(cinfo, pointers.as_ptr(), count) };
            }
        })
    }

    /// Ends the file and returns its bytes, unless cancelled: with optimized tables or several scans, most of the work
    /// is done here.
    pub(super) fn finish(mut self, cancelled: &dyn Fn() -> bool) -> Result<Vec<u8>, Fatal> {
        let cinfo = &mut self.state.cinfo;
        let mut progress = ProgressManager::new(cancelled);
        let finished = guarded(|| {
            // SAFETY: the encoder was started; libjpeg itself refuses if rows are missing. `progress` outlives the call
            // and is reset after it.
            unsafe {
                cinfo.common.progress = ptr::from_mut(&mut progress).cast();
                ffi::jpeg_finish_compress(cinfo);
            }
        });
        cinfo.common.progress = ptr::null_mut();
        finished?;
        // SAFETY: `dest` is the first field of the `Destination` that lives in the same box as `cinfo`.
        Ok(unsafe { std::mem::take(&mut (*self.state.cinfo.dest.cast::<Destination>()).out) })
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        // SAFETY: created (or still zeroed) in `start`; destroyed once. Freeing memory raises no libjpeg error.
        unsafe { ffi::jpeg_destroy_compress(&mut self.state.cinfo) };
    }
}
