//! Writes a file's coefficients into another file: unchanged, or cut and turned by whole blocks, as jpegtran does.
//!
//! Like [`super::libjpeg`], this calls the C library through its pointers; nothing is decoded to pixels.

#![expect(unsafe_code, reason = "libjpeg is a C library; its coefficients are reached through its own arrays")]

use std::ptr;

use mozjpeg_sys as ffi;

use super::libjpeg::{Decoder, Encoder, Fatal, ProgressManager, guarded};
use crate::model::{Area, Orientation};

/// Samples of a block, across and down.
pub(super) const BLOCK_PX: u32 = 8;
const BLOCK: usize = BLOCK_PX as usize;
/// jpeglib.h: memory that is freed with the image.
const JPOOL_IMAGE: i32 = 1;

/// How a file is written.
#[derive(Clone, Copy)]
pub(super) struct Target<'a> {
    /// Several scans instead of one.
    pub(super) progressive: bool,
    /// Segments after the header.
    pub(super) markers: &'a [(u8, Vec<u8>)],
    /// Print density: JFIF's unit, across, down; `None` is the file's own.
    pub(super) density: Option<(u8, u16, u16)>,
    /// Whether the file has Adobe's marker.
    pub(super) has_adobe_marker: bool,
    /// The part of the image that is kept, and how it is turned; `None` keeps all of it as it is stored.
    pub(super) rearrangement: Option<(Area, Orientation)>,
}

/// The same coefficients with optimized tables. Fails if any data is missing or damaged.
pub(super) fn transcoded(bytes: &[u8], to: &Target<'_>, cancelled: &dyn Fn() -> bool) -> Result<Vec<u8>, Fatal> {
    let mut decoder = Decoder::blank();
    let mut encoder = Encoder::blank();
    let mut progress = ProgressManager::new(cancelled);
    let dest = ptr::from_mut(&mut encoder.state.destination).cast();
    let written = guarded(|| {
        let (source, target) = (&mut decoder.state.cinfo, &mut encoder.state.cinfo);
        // SAFETY: both structs are zeroed, pinned in their boxes, and their error managers are set; the destination is
        // in the box of `target`, and `bytes` outlives the decoder. The coefficients belong to `source`, which lives
        // until `target` is finished. `progress` outlives these calls and is reset after them.
        unsafe {
            ffi::jpeg_create_decompress(source);
            source.common.progress = ptr::from_mut(&mut progress).cast();
            ffi::jpeg_mem_src(source, bytes.as_ptr(), bytes.len() as ffi::c_ulong);
            ffi::jpeg_read_header(source, 1);
            let grid = to.rearrangement.map(|(part, turn)| Grid::new(source, part, turn));
            let mut arrays = match &grid {
                Some(grid) => grid.request(source).ok_or_else(|| fatal("no coefficients", false))?,
                None => Vec::new(),
            };
            let mut coefficients = ffi::jpeg_read_coefficients(source);
            ffi::jpeg_CreateCompress(target, ffi::JPEG_LIB_VERSION, size_of::<ffi::jpeg_compress_struct>());
            target.common.progress = ptr::from_mut(&mut progress).cast();
            target.dest = dest;
            let fastest = ffi::JINT_COMPRESS_PROFILE_VALUE::JCP_FASTEST as i32;
            ffi::jpeg_c_set_int_param(target, ffi::J_INT_PARAM::JINT_COMPRESS_PROFILE, fastest);
            ffi::jpeg_copy_critical_parameters(source, target);
            if source.num_components == 4 {
                // Its presence says how inks are stored.
                target.write_Adobe_marker = i32::from(to.has_adobe_marker);
            }
            if let Some(grid) = &grid {
                grid.describe(target);
                for (n, array) in arrays.iter().enumerate() {
                    grid.fill(source, n, (*coefficients.add(n), *array), cancelled)?;
                }
                coefficients = arrays.as_mut_ptr();
            }
            if let Some((unit, x, y)) = to.density {
                (target.density_unit, target.X_density, target.Y_density) = (unit, x, y);
            }
            target.optimize_coding = 1;
            if to.progressive {
                ffi::jpeg_simple_progression(target);
            }
            ffi::jpeg_write_coefficients(target, coefficients);
            for (marker, data) in to.markers {
                ffi::jpeg_write_marker(target, i32::from(*marker), data.as_ptr(), data.len() as u32);
            }
            ffi::jpeg_finish_compress(target);
        }
        Ok(())
    });
    decoder.state.cinfo.common.progress = ptr::null_mut();
    encoder.state.cinfo.common.progress = ptr::null_mut();
    written??;
    let faults = decoder.faults();
    if faults.hit_end || faults.data_missing || faults.bad_data {
        return Err(fatal("damaged", false));
    }
    Ok(std::mem::take(&mut encoder.state.destination.out))
}

fn fatal(words: &str, is_cancelled: bool) -> Fatal {
    Fatal { code: 0, words: words.to_owned(), at_end: false, is_cancelled }
}

/// The blocks of one component.
#[derive(Clone, Copy, Debug)]
struct Component {
    /// Sampling factors of the file that is read, across and down.
    from_factors: (u32, u32),
    /// Those of the result.
    to_factors: (u32, u32),
    /// Blocks of the result, across and down.
    blocks: (u32, u32),
}

/// Where the blocks of a result come from.
struct Grid {
    /// The part that is kept, in px.
    part: Area,
    /// Rows become columns; the others are about the stored image, before that.
    transpose: bool,
    mirror_x: bool,
    mirror_y: bool,
    /// Pixels of a minimum coded unit of the stored image.
    unit_px: (u32, u32),
    components: Vec<Component>,
}

/// Whether axes are swapped, and which of the stored image's axes are reversed.
pub(super) const fn mirrors(turn: Orientation) -> (bool, bool, bool) {
    let (flip_x, flip_y) = match turn {
        Orientation::Upright | Orientation::Transpose => (false, false),
        Orientation::FlipH | Orientation::Rotate90 => (true, false),
        Orientation::FlipV | Orientation::Rotate270 => (false, true),
        Orientation::Rotate180 | Orientation::Transverse => (true, true),
    };
    // A quarter turn swaps the axes first, so that the result's columns are the stored rows.
    if turn.swaps_axes() { (true, flip_y, flip_x) } else { (false, flip_x, flip_y) }
}

impl Grid {
    /// # Safety
    ///
    /// The header of `source` was read.
    unsafe fn new(source: &ffi::jpeg_decompress_struct, part: Area, turn: Orientation) -> Self {
        let (transpose, mirror_x, mirror_y) = mirrors(turn);
        let swapped = |(x, y): (u32, u32)| if transpose { (y, x) } else { (x, y) };
        // SAFETY: after the header, `comp_info` holds this many components.
        let infos = unsafe { std::slice::from_raw_parts(source.comp_info, source.num_components.max(0) as usize) };
        let factor = |factor: i32| factor.clamp(1, 4) as u32;
        // A single component is stored block by block, whatever its factors.
        let factors = |info: &ffi::jpeg_component_info| match infos.len() {
            1 => (1, 1),
            _ => (factor(info.h_samp_factor), factor(info.v_samp_factor)),
        };
        let most = infos.iter().map(factors).fold((1, 1), |(x, y), (h, v)| (h.max(x), v.max(y)));
        let unit_px = (BLOCK_PX * most.0, BLOCK_PX * most.1);
        let components = infos.iter().map(|info| {
            let from_factors = factors(info);
            let across = (part.width_px * from_factors.0).div_ceil(unit_px.0);
            let down = (part.height_px * from_factors.1).div_ceil(unit_px.1);
            Component { from_factors, to_factors: swapped(from_factors), blocks: swapped((across, down)) }
        });
        Self { part, transpose, mirror_x, mirror_y, unit_px, components: components.collect() }
    }

    /// Requests arrays for the result's coefficients; they are allocated with the others when the file is read.
    ///
    /// # Safety
    ///
    /// The header of `source` was read, and nothing after it.
    unsafe fn request(&self, source: &mut ffi::jpeg_decompress_struct) -> Option<Vec<*mut ffi::jvirt_barray_control>> {
        let requested = self.components.iter().map(|component| {
            let ((h, v), (across, down)) = (component.to_factors, component.blocks);
            // SAFETY: the manager was created by libjpeg.
            unsafe {
                let request = (*source.common.mem).request_virt_barray?;
                // libjpeg reads whole units.
                let (across, down) = (across.next_multiple_of(h), down.next_multiple_of(v));
                Some(request(&mut source.common, JPOOL_IMAGE, 1, across, down, v))
            }
        });
        requested.collect()
    }

    /// Describes the result.
    ///
    /// # Safety
    ///
    /// `target` has the parameters of the file that is read.
    unsafe fn describe(&self, target: &mut ffi::jpeg_compress_struct) {
        let swapped = |(x, y): (u32, u32)| if self.transpose { (y, x) } else { (x, y) };
        (target.image_width, target.image_height) = swapped((self.part.width_px, self.part.height_px));
        // SAFETY: the target has as many components as the source, and its tables were allocated by libjpeg.
        unsafe {
            let infos = std::slice::from_raw_parts_mut(target.comp_info, self.components.len());
            for (info, component) in infos.iter_mut().zip(&self.components) {
                (info.h_samp_factor, info.v_samp_factor) =
                    (component.to_factors.0 as i32, component.to_factors.1 as i32);
            }
            if !self.transpose {
                return;
            }
            (target.X_density, target.Y_density) = (target.Y_density, target.X_density);
            for table in target.quant_tbl_ptrs.into_iter().filter_map(|table| table.as_mut()) {
                table.quantval = transposed(&table.quantval);
            }
        }
    }

    /// Copies the blocks of a component from one array to another, turned.
    ///
    /// # Safety
    ///
    /// The file was read; both arrays are of the component `n` and belong to `source`.
    unsafe fn fill(
        &self,
        source: &mut ffi::jpeg_decompress_struct,
        n: usize,
        (from, to): (*mut ffi::jvirt_barray_control, *mut ffi::jvirt_barray_control),
        cancelled: &dyn Fn() -> bool,
    ) -> Result<(), Fatal> {
        let Some(component) = self.components.get(n) else { return Ok(()) };
        // SAFETY: the manager was created by libjpeg.
        let Some(access) = (unsafe { (*source.common.mem).access_virt_barray }) else { return Ok(()) };
        let (first_x, first_y) = self.first_block(component);
        let at = |first: u32, mirror: bool, n: u32| if mirror { first - n } else { first + n };
        for row in 0..component.blocks.1 {
            if cancelled() {
                return Err(fatal("cancelled", true));
            }
            // SAFETY: libjpeg refuses rows outside the arrays. A row of `to` has `blocks.0` blocks, and one of `from`
            // as many as the part that is kept needs: the part is within the image.
            unsafe {
                let to_row = *access(&mut source.common, to, row, 1, 1);
                for column in 0..component.blocks.0 {
                    let (x, y) = if self.transpose { (row, column) } else { (column, row) };
                    let (x, y) = (at(first_x, self.mirror_x, x), at(first_y, self.mirror_y, y));
                    let from_row = *access(&mut source.common, from, y, 1, 0);
                    *to_row.add(column as usize) = self.turned(&*from_row.add(x as usize));
                }
            }
        }
        Ok(())
    }

    /// The block of the stored image that becomes the result's first one.
    fn first_block(&self, component: &Component) -> (u32, u32) {
        let first = |start: u32, length: u32, mirror: bool, factor: u32, unit_px: u32| {
            if mirror { ((start + length) / unit_px * factor).saturating_sub(1) } else { start / unit_px * factor }
        };
        let (h, v) = component.from_factors;
        (
            first(self.part.x, self.part.width_px, self.mirror_x, h, self.unit_px.0),
            first(self.part.y, self.part.height_px, self.mirror_y, v, self.unit_px.1),
        )
    }

    /// A block whose samples are turned: a cosine of an odd frequency changes its sign when its axis is reversed.
    fn turned(&self, block: &[i16; BLOCK * BLOCK]) -> [i16; BLOCK * BLOCK] {
        let mut turned = *block;
        for (row, frequencies) in turned.as_chunks_mut::<BLOCK>().0.iter_mut().enumerate() {
            for (column, value) in frequencies.iter_mut().enumerate() {
                if (self.mirror_x && column % 2 == 1) != (self.mirror_y && row % 2 == 1) {
                    *value = value.wrapping_neg();
                }
            }
        }
        if self.transpose { transposed(&turned) } else { turned }
    }
}

fn transposed<T: Copy>(block: &[T; BLOCK * BLOCK]) -> [T; BLOCK * BLOCK] {
    std::array::from_fn(|n| block.get(n % BLOCK * BLOCK + n / BLOCK).copied().unwrap_or(block[0]))
}
