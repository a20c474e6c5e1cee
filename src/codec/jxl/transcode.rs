//! JPEG files as JPEG XL without loss, through jixel: the coefficients are coded again, and the rest of the JPEG file is
//! kept next to them, so that `djxl` restores it byte for byte.

use jixel::{EncodeError, JpegTranscodeConfig};

use super::encode::speed;
use crate::codec::spec::TranscodingSpec;
use crate::error::ItemError;
use crate::model::Save;

/// Effort when none is given.
const DEFAULT_EFFORT: u8 = 3;

/// How JPEG files become JPEG XL.
pub(super) const SPEC: TranscodingSpec = TranscodingSpec {
    reads: |bytes| bytes.starts_with(b"\xFF\xD8\xFF"),
    write,
    bytes: |bytes, header| {
        let pixels = u64::from(header.info.width_px) * u64::from(header.info.height_px);
        pixels * 20 + 2 * bytes.len() as u64 + (16 << 20)
    },
};

fn write(jpeg: &[u8], save: &Save) -> Result<Option<Vec<u8>>, ItemError> {
    let config = JpegTranscodeConfig::default()
        .with_jpeg_reconstruction(true)
        .with_num_threads(1)
        .with_speed(speed(save.effort.unwrap_or(DEFAULT_EFFORT)));
    match jixel::encode_jpeg_lossless_with_config(jpeg, &config) {
        Ok(file) => Ok(Some(file)),
        // Such as arithmetic coding, or four inks: these images are decoded and encoded.
        Err(EncodeError::Jpeg(_) | EncodeError::Unsupported(_)) => Ok(None),
        Err(error) => Err(super::encode::refused(&error)),
    }
}
