//! Encoding Windows bitmaps: gray with a colour table, 24 bits per pixel, or 32 with alpha (`BITMAPV5HEADER`, which
//! also holds a profile). Rows are written to their final positions in the file, bottom up.

use std::sync::Arc;

use super::{DEFAULT_DENSITY, INFO_HEADER};
use crate::codec::errors;
use crate::codec::meta::density;
use crate::codec::pixels::convert::Converter;
use crate::codec::pixels::whole_image::RowCount;
use crate::codec::spec::{Encoder, Extras};
use crate::error::ItemError;
use crate::model::{Band, Channels, ImageInfo, RowWriter};

/// Bytes of the file's own header.
const FILE_HEADER: u32 = 14;
/// Bytes of a `BITMAPV5HEADER`.
const V5_HEADER: u32 = 124;

/// Writes rows to their positions in the file.
pub(in crate::codec) struct BmpEncoder {
    profile: Option<Arc<[u8]>>,
    /// Pixels per metre, across and down.
    density: (u32, u32),
    started: Option<Started>,
}

struct Started {
    info: ImageInfo,
    count: RowCount,
    converter: Converter<u8>,
    layout: Layout,
    file: Vec<u8>,
    next_row: u32,
}

#[derive(Clone, Copy)]
struct Layout {
    channels: Channels,
    /// Offset of the first stored row.
    pixels_at: usize,
    /// Bytes of a row, which are a multiple of 4.
    stride: usize,
}

impl BmpEncoder {
    pub(in crate::codec) fn new(extras: Extras) -> Self {
        let density = extras.metadata.density.and_then(density::to_metre).unwrap_or((DEFAULT_DENSITY, DEFAULT_DENSITY));
        Self { profile: extras.profile, density, started: None }
    }

    /// The headers and space for the pixels, or why they are too large.
    fn begin(&self, info: &ImageInfo) -> Result<(Vec<u8>, Layout), ItemError> {
        let too_large = || errors::cant_encode("file_over_4_gb");
        let channels = match info.channels {
            Channels::Gray => Channels::Gray,
            Channels::Rgb => Channels::Rgb,
            Channels::GrayAlpha | Channels::Rgba => Channels::Rgba,
        };
        let bits = channels.count() as u32 * 8;
        let profile = self.profile.as_deref().unwrap_or_default();
        let is_v5 = channels == Channels::Rgba || !profile.is_empty();
        let (header, table) = (if is_v5 { V5_HEADER } else { INFO_HEADER }, if bits == 8 { 1_024 } else { 0 });
        let pixels_at = FILE_HEADER + header + table;
        let stride =
            u64::from(info.width_px).checked_mul(u64::from(bits) / 8).ok_or_else(too_large)?.next_multiple_of(4);
        let size = stride.checked_mul(u64::from(info.height_px)).ok_or_else(too_large)?;
        let all = size + u64::from(pixels_at) + profile.len() as u64;
        let all = u32::try_from(all).map_err(|_| too_large())?;
        let size = size as u32;

        let mut file = Vec::new();
        file.try_reserve_exact(all as usize).map_err(|_| errors::cant_encode("no_memory"))?;
        file.extend(b"BM");
        for number in [all, 0, pixels_at, header, info.width_px, info.height_px, 1 | bits << 16] {
            file.extend(number.to_le_bytes());
        }
        // Compression: none; with alpha, masks give the position of each channel.
        let masked = channels == Channels::Rgba;
        for number in [u32::from(masked) * 3, size, self.density.0, self.density.1, table / 4, 0] {
            file.extend(number.to_le_bytes());
        }
        if is_v5 {
            let masks = if masked { [0x00FF_0000, 0xFF00, 0xFF, 0xFF00_0000] } else { [0; 4] };
            file.extend(masks.into_iter().flat_map(u32::to_le_bytes));
            let (space, profile_at) =
                if profile.is_empty() { (*b"BGRs", 0) } else { (*b"DEBM", size + pixels_at - FILE_HEADER) };
            file.extend(space);
            // Primaries and curves, which a named space does not need.
            file.extend([0; 36 + 12]);
            // Intent (4: images), the profile's offset and size, a reserved field.
            for number in [4, profile_at, profile.len() as u32, 0] {
                file.extend(number.to_le_bytes());
            }
        }
        if table > 0 {
            file.extend((0..=255).flat_map(|level: u8| [level, level, level, 0]));
        }
        file.resize(pixels_at as usize + size as usize, 0);
        file.extend_from_slice(profile);
        Ok((file, Layout { channels, pixels_at: pixels_at as usize, stride: stride as usize }))
    }
}

impl RowWriter for BmpEncoder {
    fn start(&mut self, info: ImageInfo) -> Result<(), ItemError> {
        let (file, layout) = self.begin(&info)?;
        let (converter, count) = (Converter::new(info, layout.channels), RowCount::new(info.height_px));
        self.started = Some(Started { info, count, converter, layout, file, next_row: 0 });
        Ok(())
    }

    fn write_rows(&mut self, band: &Band) -> Result<(), ItemError> {
        let Some(started) = &mut self.started else { return Err(errors::not_started()) };
        let Started { info, count, converter, layout: Layout { channels, pixels_at, stride }, file, next_row } =
            started;
        count.add(band, info)?;
        let pixels = converter.convert(band);
        for row in pixels.chunks_exact(info.width_px as usize * channels.count()) {
            let at = *pixels_at + (info.height_px - 1 - *next_row) as usize * *stride;
            let Some(target) = file.get_mut(at..at + row.len()) else { break };
            target.copy_from_slice(row);
            match channels {
                Channels::Rgb => target.as_chunks_mut::<3>().0.iter_mut().for_each(|[r, _, b]| std::mem::swap(r, b)),
                Channels::Rgba => {
                    target.as_chunks_mut::<4>().0.iter_mut().for_each(|[r, _, b, _]| std::mem::swap(r, b));
                }
                Channels::Gray | Channels::GrayAlpha => {}
            }
            *next_row += 1;
        }
        Ok(())
    }
}

impl Encoder for BmpEncoder {
    fn finish(self: Box<Self>) -> Result<Vec<u8>, ItemError> {
        let Some(started) = self.started else { return Err(errors::not_started()) };
        started.count.complete()?;
        Ok(started.file)
    }
}
