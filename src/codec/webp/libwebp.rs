//! The binding to libwebp. The only unsafe code of WebP.

#![expect(unsafe_code, reason = "libwebp is a C library; every call is in this file")]

use std::borrow::Cow;
use std::mem::MaybeUninit;
use std::ptr::{self, NonNull};

use libwebp_sys as ffi;

/// Why libwebp failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// More data was needed.
    Truncated,
    /// The data is invalid.
    Corrupt,
    /// Not enough memory.
    Memory,
    /// An unsupported feature.
    Unsupported,
}

/// A file's features, from its first bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Features {
    pub(super) width_px: u32,
    pub(super) height_px: u32,
    pub(super) has_alpha: bool,
    pub(super) is_animated: bool,
    /// Set only for still images.
    pub(super) is_lossless: bool,
}

/// libwebp's number for a lossless bitstream.
const LOSSLESS: i32 = 2;

fn from_status(status: ffi::VP8StatusCode) -> Failure {
    match status {
        ffi::VP8StatusCode::VP8_STATUS_NOT_ENOUGH_DATA | ffi::VP8StatusCode::VP8_STATUS_SUSPENDED => Failure::Truncated,
        ffi::VP8StatusCode::VP8_STATUS_OUT_OF_MEMORY => Failure::Memory,
        ffi::VP8StatusCode::VP8_STATUS_UNSUPPORTED_FEATURE => Failure::Unsupported,
        _ => Failure::Corrupt,
    }
}

/// Reads the header.
pub(super) fn features(bytes: &[u8]) -> Result<Features, Failure> {
    let mut features = MaybeUninit::<ffi::WebPBitstreamFeatures>::zeroed();
    // SAFETY: the pointer and length are those of a slice; `features` is writable, and all zeros are valid for it.
    let (status, features) = unsafe {
        let status = ffi::WebPGetFeatures(bytes.as_ptr(), bytes.len(), features.as_mut_ptr());
        (status, features.assume_init())
    };
    if status != ffi::VP8StatusCode::VP8_STATUS_OK {
        return Err(from_status(status));
    }
    Ok(Features {
        width_px: features.width.max(0) as u32,
        height_px: features.height.max(0) as u32,
        has_alpha: features.has_alpha != 0,
        is_animated: features.has_animation != 0,
        is_lossless: features.format == LOSSLESS,
    })
}

/// Decodes a still image into `pixels`, which holds `height_px` rows of three or four bytes per pixel.
pub(super) fn decode(bytes: &[u8], features: Features, pixels: &mut [u8]) -> Result<(), Failure> {
    let count = if features.has_alpha { 4 } else { 3 };
    let stride = features.width_px as usize * count;
    if pixels.len() != stride * features.height_px as usize {
        return Err(Failure::Corrupt);
    }
    let mut config = ffi::WebPDecoderConfig::new().map_err(|()| Failure::Unsupported)?;
    config.output.colorspace =
        if features.has_alpha { ffi::WEBP_CSP_MODE::MODE_RGBA } else { ffi::WEBP_CSP_MODE::MODE_RGB };
    config.output.is_external_memory = 1;
    config.output.u.RGBA = ffi::WebPRGBABuffer { rgba: pixels.as_mut_ptr(), stride: stride as i32, size: pixels.len() };
    // SAFETY: the output is external memory of the declared size; libwebp checks size and stride against the image
    // before it writes. The buffer outlives the call, and external memory is not freed.
    let status = unsafe { ffi::WebPDecode(bytes.as_ptr(), bytes.len(), &raw mut config) };
    if status == ffi::VP8StatusCode::VP8_STATUS_OK { Ok(()) } else { Err(from_status(status)) }
}

/// Most steps in which a truncated or damaged file is decoded, and the fewest bytes of one.
const MOST_STEPS: usize = 256;
const LEAST_STEP_BYTES: usize = 512;

/// Decodes the existing part of a truncated still image, or that of a damaged one before its damage, into `pixels`, like
/// [`decode`]; returns the number of rows.
pub(super) fn decode_some(bytes: &[u8], features: Features, pixels: &mut [u8]) -> Result<u32, Failure> {
    let count = if features.has_alpha { 4 } else { 3 };
    let stride = features.width_px as usize * count;
    if pixels.len() != stride * features.height_px as usize {
        return Err(Failure::Corrupt);
    }
    let mode = if features.has_alpha { ffi::WEBP_CSP_MODE::MODE_RGBA } else { ffi::WEBP_CSP_MODE::MODE_RGB };
    let mut rows = 0;
    // SAFETY: the decoder writes only to `pixels`, whose size and stride it receives and checks; `pixels` and `bytes`
    // outlive it, and it is deleted on every path. Null pointers are allowed for unused outputs.
    let status = unsafe {
        let decoder = ffi::WebPINewRGB(mode, pixels.as_mut_ptr(), pixels.len(), stride as i32);
        if decoder.is_null() {
            return Err(Failure::Memory);
        }
        let mut status = ffi::VP8StatusCode::VP8_STATUS_SUSPENDED;
        let step = (bytes.len() / MOST_STEPS).max(LEAST_STEP_BYTES);
        // Of the step with the damage no rows are given.
        for length in (step..bytes.len()).step_by(step).chain([bytes.len()]) {
            status = ffi::WebPIUpdate(decoder, bytes.as_ptr(), length);
            if status != ffi::VP8StatusCode::VP8_STATUS_SUSPENDED {
                break;
            }
            ffi::WebPIDecGetRGB(decoder, &raw mut rows, ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
        }
        ffi::WebPIDelete(decoder);
        status
    };
    match status {
        ffi::VP8StatusCode::VP8_STATUS_OK => Ok(features.height_px),
        ffi::VP8StatusCode::VP8_STATUS_SUSPENDED | ffi::VP8StatusCode::VP8_STATUS_BITSTREAM_ERROR if rows > 0 => {
            Ok(rows as u32)
        }
        ffi::VP8StatusCode::VP8_STATUS_SUSPENDED => Err(Failure::Truncated),
        other => Err(from_status(other)),
    }
}

/// An animation's decoder: composes frame after frame on its canvas.
pub(super) struct AnimDecoder<'a> {
    decoder: NonNull<ffi::WebPAnimDecoder>,
    /// The canvas of the last frame: `canvas_len` bytes of the decoder's memory, valid until it advances.
    shown: Option<NonNull<u8>>,
    canvas_len: usize,
    /// The file, which the decoder reads from; owned bytes don't move when this struct does.
    _bytes: Cow<'a, [u8]>,
}

// SAFETY: only one thread at a time uses the decoder (every use is through `&mut` or of the canvas it owns), and
// libwebp keeps no thread-local state in it.
unsafe impl Send for AnimDecoder<'_> {}

impl<'a> AnimDecoder<'a> {
    /// A decoder for RGBA, without further threads.
    pub(super) fn new(bytes: Cow<'a, [u8]>, features: Features) -> Result<Self, Failure> {
        let data = ffi::WebPData { bytes: bytes.as_ptr(), size: bytes.len() };
        let mut options = MaybeUninit::<ffi::WebPAnimDecoderOptions>::zeroed();
        let mut info = MaybeUninit::<ffi::WebPAnimInfo>::zeroed();
        // SAFETY: the library initialises `options` before use. The decoder, checked for null, gets memory that
        // outlives it. All zeros are valid for `info`.
        let (decoder, info) = unsafe {
            if ffi::WebPAnimDecoderOptionsInit(options.as_mut_ptr()) == 0 {
                return Err(Failure::Unsupported);
            }
            let mut options = options.assume_init();
            options.color_mode = ffi::WEBP_CSP_MODE::MODE_RGBA;
            options.use_threads = 0;
            let decoder = ffi::WebPAnimDecoderNew(&raw const data, &raw const options);
            let decoder = NonNull::new(decoder).ok_or(Failure::Corrupt)?;
            ffi::WebPAnimDecoderGetInfo(decoder.as_ptr(), info.as_mut_ptr());
            (decoder, info.assume_init())
        };
        let canvas_len = features.width_px as usize * features.height_px as usize * 4;
        // From here on, `drop` frees it.
        let decoder = Self { decoder, shown: None, canvas_len, _bytes: bytes };
        if (info.canvas_width, info.canvas_height) == (features.width_px, features.height_px) {
            Ok(decoder)
        } else {
            Err(Failure::Corrupt)
        }
    }

    /// Composes the next frame.
    pub(super) fn advance(&mut self) -> Result<(), Failure> {
        let (mut frame, mut timestamp) = (ptr::null_mut::<u8>(), 0);
        self.shown = None;
        // SAFETY: the decoder is alive; both pointers are writable.
        let given =
            unsafe { ffi::WebPAnimDecoderGetNext(self.decoder.as_ptr(), &raw mut frame, &raw mut timestamp) } != 0;
        self.shown = NonNull::new(frame).filter(|_| given);
        if self.shown.is_some() { Ok(()) } else { Err(Failure::Corrupt) }
    }

    /// The canvas in RGBA after the last frame; empty before the first one.
    pub(super) fn canvas(&self) -> &[u8] {
        match self.shown {
            // SAFETY: the library returned a canvas of width * height * 4 bytes, the size checked in `new`, and doesn't
            // change it until `advance`, which takes `&mut self`.
            Some(shown) => unsafe { std::slice::from_raw_parts(shown.as_ptr(), self.canvas_len) },
            None => &[],
        }
    }
}

impl Drop for AnimDecoder<'_> {
    fn drop(&mut self) {
        // SAFETY: it was created by the library and is freed only here.
        unsafe { ffi::WebPAnimDecoderDelete(self.decoder.as_ptr()) }
    }
}

/// Settings for encoding.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    pub(super) lossless: bool,
    /// 1 to 100; ignored if lossless.
    pub(super) quality: u8,
    /// 0 to 9: the level if lossless, otherwise 1.5 times the method.
    pub(super) effort: u8,
}

/// Encodes rows of RGB, or of RGBA with `alpha`. Otherwise returns the error's text.
pub(super) fn encode(
    pixels: &[u8],
    width_px: u32,
    height_px: u32,
    alpha: bool,
    settings: Settings,
) -> Result<Vec<u8>, String> {
    let stride = width_px as usize * if alpha { 4 } else { 3 };
    if pixels.len() != stride * height_px as usize {
        return Err("its pixel data doesn't match its size".to_owned());
    }
    let mut config = ffi::WebPConfig::new().map_err(|()| "libwebp has another version".to_owned())?;
    let mut picture = ffi::WebPPicture::new().map_err(|()| "libwebp has another version".to_owned())?;
    if settings.lossless {
        // Colours under full transparency are kept.
        // SAFETY: `config` was initialised.
        if unsafe { ffi::WebPConfigLosslessPreset(&raw mut config, i32::from(settings.effort)) } == 0 {
            return Err("libwebp refused the settings".to_owned());
        }
        config.exact = 1;
    } else {
        config.quality = f32::from(settings.quality);
        config.method = (i32::from(settings.effort) * 2 + 1) / 3;
    }
    picture.use_argb = i32::from(settings.lossless);
    picture.width = width_px as i32;
    picture.height = height_px as i32;
    let mut writer = MaybeUninit::<ffi::WebPMemoryWriter>::zeroed();
    // SAFETY: image and writer are initialised by the library; the import reads `height` rows of `stride` bytes, which
    // `pixels` holds; the writer outlives the encoding, and both are freed exactly once on every path.
    unsafe {
        ffi::WebPMemoryWriterInit(writer.as_mut_ptr());
        picture.writer = Some(ffi::WebPMemoryWrite);
        picture.custom_ptr = writer.as_mut_ptr().cast();
        let import = if alpha { ffi::WebPPictureImportRGBA } else { ffi::WebPPictureImportRGB };
        let encoded = import(&raw mut picture, pixels.as_ptr(), stride as i32) != 0
            && ffi::WebPEncode(&raw const config, &raw mut picture) != 0;
        let result = if encoded {
            let writer = writer.assume_init_ref();
            Ok(std::slice::from_raw_parts(writer.mem, writer.size).to_vec())
        } else {
            Err(format!("{:?}", picture.error_code))
        };
        ffi::WebPPictureFree(&raw mut picture);
        ffi::WebPMemoryWriterClear(writer.as_mut_ptr());
        result
    }
}
