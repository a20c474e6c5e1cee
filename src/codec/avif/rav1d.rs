//! The binding to rav1d (Rerun's fork), an AV1 decoder with the programming interface of a C library. It returns owned
//! planes; no pointer leaves this file.

use std::ffi::c_void;
use std::mem::MaybeUninit;
use std::ptr::NonNull;

use re_rav1d::Dav1dResult;
use re_rav1d::include::dav1d::data::Dav1dData;
use re_rav1d::include::dav1d::dav1d::{Dav1dContext, Dav1dLogger, Dav1dSettings};
use re_rav1d::include::dav1d::headers::{
    DAV1D_PIXEL_LAYOUT_I400, DAV1D_PIXEL_LAYOUT_I420, DAV1D_PIXEL_LAYOUT_I422, DAV1D_PIXEL_LAYOUT_I444,
};
use re_rav1d::include::dav1d::picture::Dav1dPicture;
use re_rav1d::src::lib::{
    dav1d_close, dav1d_data_create, dav1d_data_unref, dav1d_default_settings, dav1d_get_picture, dav1d_open,
    dav1d_picture_unref, dav1d_send_data,
};

use crate::codec::container::heif::frame::{Frame, Layout, Plane};
use crate::codec::errors;
use crate::error::ItemError;
use crate::model::Samples;

/// rav1d's result if it needs more data, or has an image to give first.
const AGAIN: Dav1dResult = Dav1dResult(-11);
const NO_MEMORY: Dav1dResult = Dav1dResult(-12);
/// A frame above the limit.
const OUT_OF_RANGE: Dav1dResult = Dav1dResult(-34);

/// An open decoder, closed when dropped.
struct Decoder(Option<Dav1dContext>);

impl Drop for Decoder {
    fn drop(&mut self) {
        // SAFETY: the context comes from `dav1d_open` and is closed once, since it is taken out by the call.
        #[expect(unsafe_code, reason = "a C interface")]
        unsafe {
            dav1d_close(Some(NonNull::from(&mut self.0)));
        }
    }
}

/// The decoder's input, released when dropped.
struct Data(Dav1dData);

impl Drop for Data {
    fn drop(&mut self) {
        // SAFETY: the data is empty, or owns a buffer from `dav1d_data_create`; both may be released.
        #[expect(unsafe_code, reason = "a C interface")]
        unsafe {
            dav1d_data_unref(Some(NonNull::from(&mut self.0)));
        }
    }
}

/// An image from the decoder, released when dropped.
struct DecodedImage(Dav1dPicture);

impl Drop for DecodedImage {
    fn drop(&mut self) {
        // SAFETY: the image is empty, or one that `dav1d_get_picture` filled; both may be released.
        #[expect(unsafe_code, reason = "a C interface")]
        unsafe {
            dav1d_picture_unref(Some(NonNull::from(&mut self.0)));
        }
    }
}

/// Decodes a still image of exactly `width_px` x `height_px`; with several layers, the last frame. Larger frames are
/// refused before memory is allocated for them.
pub(super) fn decode(stream: &[u8], width_px: u32, height_px: u32) -> Result<Frame, ItemError> {
    Stream::open(width_px, height_px)?.decode(stream)
}

/// Decodes images that refer to earlier ones.
pub(super) struct Stream {
    decoder: Decoder,
    size_px: (u32, u32),
}

impl Stream {
    /// For frames of exactly this size.
    pub(super) fn open(width_px: u32, height_px: u32) -> Result<Self, ItemError> {
        let limit_px = width_px.checked_mul(height_px).ok_or_else(|| errors::too_large("avif_frame_large"))?;
        Ok(Self { decoder: open(limit_px)?, size_px: (width_px, height_px) })
    }

    /// Decodes the next image; with several layers, the last frame. Larger frames are refused before memory is allocated
    /// for them.
    pub(super) fn decode(&mut self, sample: &[u8]) -> Result<Frame, ItemError> {
        let mut data = loaded(sample)?;
        let mut last = None;
        // Each iteration passes bytes in or takes an image out; if it does neither, decoding is finished.
        while data.0.sz > 0 {
            let before = data.0.sz;
            // SAFETY: the context is open, the data is valid; the call keeps what it did not take.
            #[expect(unsafe_code, reason = "a C interface")]
            let sent = unsafe { dav1d_send_data(self.decoder.0, Some(NonNull::from(&mut data.0))) };
            if sent.0 < 0 && sent != AGAIN {
                return Err(failure(sent));
            }
            let got = next(&mut self.decoder)?;
            if got.is_none() && data.0.sz == before {
                break;
            }
            last = got.or(last);
        }
        while let Some(image) = next(&mut self.decoder)? {
            last = Some(image);
        }
        let image = last.ok_or_else(errors::truncated)?;
        if (image.0.p.w, image.0.p.h) != (self.size_px.0.cast_signed(), self.size_px.1.cast_signed()) {
            return Err(errors::corrupt("heif_frame_size"));
        }
        frame(&image.0)
    }
}

fn failure(result: Dav1dResult) -> ItemError {
    match result {
        NO_MEMORY => errors::too_large("no_memory"),
        OUT_OF_RANGE => errors::corrupt("heif_frame_larger"),
        _ => errors::corrupt("avif_data"),
    }
}

fn open(limit_px: u32) -> Result<Decoder, ItemError> {
    let mut settings = MaybeUninit::<Dav1dSettings>::uninit();
    // SAFETY: the call writes all of the settings, and the pointer is valid for it.
    #[expect(unsafe_code, reason = "a C interface")]
    let mut settings = unsafe {
        dav1d_default_settings(NonNull::from(&mut settings).cast());
        settings.assume_init()
    };
    // One thread and no frame delay: everything happens on the caller's thread, before the call returns.
    settings.n_threads = 1;
    settings.max_frame_delay = 1;
    settings.all_layers = 0;
    settings.frame_size_limit = limit_px;
    // SAFETY: without a function there is nothing to be called.
    #[expect(unsafe_code, reason = "a C interface")]
    let silent = unsafe { Dav1dLogger::new(None, None) };
    settings.logger = silent;
    let mut context = None;
    // SAFETY: both pointers are valid; the settings come from `dav1d_default_settings`.
    #[expect(unsafe_code, reason = "a C interface")]
    let opened = unsafe { dav1d_open(Some(NonNull::from(&mut context)), Some(NonNull::from(&mut settings))) };
    if opened.0 < 0 || context.is_none() {
        return Err(failure(opened));
    }
    Ok(Decoder(context))
}

/// A copy of the stream that the decoder may keep.
fn loaded(stream: &[u8]) -> Result<Data, ItemError> {
    if stream.is_empty() {
        return Err(errors::truncated());
    }
    let mut data = Data(Dav1dData::default());
    // SAFETY: the pointer is valid; the call returns a buffer of that many bytes, or null.
    #[expect(unsafe_code, reason = "a C interface")]
    let buffer = unsafe { dav1d_data_create(Some(NonNull::from(&mut data.0)), stream.len()) };
    if buffer.is_null() {
        return Err(failure(NO_MEMORY));
    }
    // SAFETY: the buffer is new, has `stream.len()` bytes, and nobody else knows it yet.
    #[expect(unsafe_code, reason = "a C interface")]
    unsafe {
        buffer.copy_from_nonoverlapping(stream.as_ptr(), stream.len());
    }
    Ok(data)
}

/// The next image that is ready, if any.
fn next(decoder: &mut Decoder) -> Result<Option<DecodedImage>, ItemError> {
    let mut image = DecodedImage(Dav1dPicture::default());
    // SAFETY: the context is open; the image is empty, so nothing is lost when it is overwritten.
    #[expect(unsafe_code, reason = "a C interface")]
    let got = unsafe { dav1d_get_picture(decoder.0, Some(NonNull::from(&mut image.0))) };
    match got {
        AGAIN => Ok(None),
        Dav1dResult(0) => Ok(Some(image)),
        failed => Err(failure(failed)),
    }
}

/// An image's planes, copied, and the properties in its headers.
fn frame(image: &Dav1dPicture) -> Result<Frame, ItemError> {
    let layout = match image.p.layout {
        DAV1D_PIXEL_LAYOUT_I400 => Layout::Gray,
        DAV1D_PIXEL_LAYOUT_I420 => Layout::Half,
        DAV1D_PIXEL_LAYOUT_I422 => Layout::HalfWide,
        DAV1D_PIXEL_LAYOUT_I444 => Layout::Full,
        _ => return Err(errors::unsupported("avif_frame_type")),
    };
    let bits = u8::try_from(image.p.bpc).map_err(|_| errors::corrupt("avif_frame_type"))?;
    let size = |side: i32| usize::try_from(side).map_err(|_| errors::corrupt("avif_frame_type"));
    let (width, height) = (size(image.p.w)?, size(image.p.h)?);
    let chroma = layout.chroma_size(width, height);
    let sizes = [(width, height), chroma, chroma];
    let mut planes = [Plane::new(0, 0, bits)?, Plane::new(0, 0, bits)?, Plane::new(0, 0, bits)?];
    for (at, (plane, (width, height))) in planes.iter_mut().zip(sizes).enumerate() {
        if width == 0 || height == 0 {
            continue;
        }
        let data = image.data.get(at).copied().flatten().ok_or_else(|| errors::corrupt("avif_no_plane"))?;
        let stride = if at == 0 { image.stride[0] } else { image.stride[1] };
        *plane = copied(data, stride, bits, width, height)?;
    }
    // SAFETY: an image from the decoder has its sequence's header, which lives as long as the image.
    #[expect(unsafe_code, reason = "a C interface")]
    let header = image.seq_hdr.map(|header| unsafe { header.as_ref() });
    let header = header.ok_or_else(|| errors::corrupt("avif_no_header"))?;
    Ok(Frame {
        layout,
        bits,
        primaries: header.pri as u16,
        transfer: header.trc as u16,
        matrix: header.mtrx as u16,
        full_range: header.color_range != 0,
        planes,
    })
}

/// Joins rows that are `stride` bytes apart.
fn copied(data: NonNull<c_void>, stride: isize, bits: u8, width: usize, height: usize) -> Result<Plane, ItemError> {
    let row_bytes = if bits > 8 { width * 2 } else { width };
    if stride.unsigned_abs() < row_bytes {
        return Err(errors::corrupt("avif_rows_overlap"));
    }
    let mut plane = Plane::new(width, height, bits)?;
    for y in 0..height {
        // SAFETY: the decoder's plane has `height` rows of at least `width` samples, `stride` bytes apart, and keeps
        // them until the image is released. Samples of more than 8 bits are `u16`, and rows are aligned for them.
        #[expect(unsafe_code, reason = "a C interface")]
        unsafe {
            let from = data.as_ptr().cast::<u8>().cast_const().offset(stride * y.cast_signed());
            match &mut plane.samples {
                Samples::U8(samples) => samples.extend_from_slice(std::slice::from_raw_parts(from, width)),
                Samples::U16(samples) => samples.extend_from_slice(std::slice::from_raw_parts(from.cast(), width)),
                Samples::F32(_) => {}
            }
        }
    }
    Ok(plane)
}
