//! Overlays an image.

use std::sync::Arc;

use crate::model::{Channels, FileKind, Image, ImageInfo, Message, ParamKind, ParamSpec, SampleType, Samples, Unit};
use crate::op::kernels::overlay::{self, Overlay, OverlayCache, OverlayKernel, OverlayLayout, OverlayPixels};
use crate::op::kernels::resample_weights::ResampleWeights;
use crate::op::kernels::simd;
use crate::op::params::Params;
use crate::op::spec::{Group, OpSpec};
use crate::op::stage::{Colour, Files, Operation, Resample, ResampleFilter, Stage, Transfer};

pub(crate) const SPEC: OpSpec = OpSpec {
    id: "watermark_image",
    summary: "Overlays another image, such as a logo",
    formula: "opacity * alpha * overlay + (1 - opacity * alpha) * image on encoded values; the overlay is scaled with \
              Lanczos3 and keeps its transparency",
    group: Group::Finish,
    params: &[
        ParamSpec {
            name: "file",
            summary: "Image to overlay, in any readable format",
            unit: Unit::None,
            kind: ParamKind::File { holds: FileKind::Image },
        },
        overlay::percent("scale", "Longer side, as a percentage of the image's shorter side", 0.1, 100.0, 20.0),
        overlay::POSITION,
        overlay::opacity(80.0),
        overlay::MARGIN,
        overlay::TILE,
        overlay::GAP,
    ],
    starting: &[],
    faithful_to_scale: true,
    build,
};

struct WatermarkImage {
    path: String,
    mark: Option<Arc<Image>>,
    /// Longer side, 0 to 1 of the image's shorter side.
    scale: f64,
    layout: OverlayLayout,
    overlays: OverlayCache,
    transfer: Transfer,
}

fn build(params: &Params) -> Result<Box<dyn Operation>, Message> {
    let path = params.text("file").to_owned();
    if path.is_empty() {
        return Err(Message::new("watermark_file"));
    }
    overlay::check_margin(params)?;
    let scale = params.number("scale") / 100.0;
    Ok(Box::new(WatermarkImage {
        path,
        mark: None,
        scale,
        layout: OverlayLayout::new(params),
        overlays: OverlayCache::default(),
        transfer: params.transfer(),
    }))
}

impl WatermarkImage {
    fn overlay(&self, mark: &Arc<Image>, input: &ImageInfo) -> Overlay {
        let (width, height) = (f64::from(mark.info.width_px), f64::from(mark.info.height_px));
        let asked = self.scale * overlay::shorter(input) / width.max(height);
        let room = self.layout.room(input);
        let scale = asked.min(room.0 / width).min(room.1 / height);
        let sides = |scale: f64| {
            let side = |px: f64| (px * scale).round().max(1.0) as u32;
            (side(width), side(height))
        };
        let (size, output_px) = (sides(scale), sides(scale / self.layout.view_scale));
        let (is_gray, mark) = (mark.info.channels.colour_count() == 1, Arc::clone(mark));
        Overlay::new(size, output_px, is_gray, move || OverlayPixels::Colours(resampled(&mark, size)))
    }
}

impl Operation for WatermarkImage {
    fn load(&mut self, files: &dyn Files) -> Result<(), Message> {
        let mark = files.image(&self.path)?;
        if mark.info.width_px == 0 || mark.info.height_px == 0 {
            return Err(Message::new("watermark_empty").in_file(&self.path));
        }
        self.mark = Some(if self.transfer == Transfer::Srgb { mark } else { Arc::new(painted(&mark, self.transfer)) });
        Ok(())
    }

    fn stage(&self, input: &ImageInfo) -> Result<Stage, Message> {
        let mark = self.mark.as_ref().ok_or_else(|| Message::new("watermark_unread").in_file(&self.path))?;
        if self.layout.opacity <= 0.0 {
            return Ok(Stage::Nothing);
        }
        let overlay = self.overlays.of(input, || Ok(self.overlay(mark, input)))?;
        Ok(Stage::Positional(Box::new(OverlayKernel::new(overlay, &self.layout, input))))
    }
}

/// A pixel as red, green, blue and alpha.
fn rgba(pixel: &[f32], channels: Channels) -> [f32; 4] {
    match (channels, pixel) {
        (Channels::Gray, [v]) => [*v, *v, *v, 1.0],
        (Channels::GrayAlpha, [v, a]) => [*v, *v, *v, *a],
        (Channels::Rgb, [r, g, b]) => [*r, *g, *b, 1.0],
        (_, [r, g, b, a]) => [*r, *g, *b, *a],
        _ => [0.0; 4],
    }
}

/// An image of sRGB as one that encodes light by another function stores it.
fn painted(mark: &Image, transfer: Transfer) -> Image {
    let channels = mark.info.channels;
    let mut values = vec![0.0; mark.info.row_samples() * mark.info.height_px as usize];
    simd::load(&mark.samples, 0, &mut values);
    if mark.info.premultiplied {
        simd::unpremultiply(&mut values, channels);
    }
    for pixel in values.chunks_exact_mut(channels.count()) {
        let colour = transfer.painted(Colour(rgba(pixel, channels)));
        let count = pixel.len();
        pixel.copy_from_slice(&colour.samples(channels)[..count]);
    }
    let info = ImageInfo { sample: SampleType::F32, premultiplied: false, ..mark.info };
    Image { info, samples: Samples::F32(values), profile: None, metadata: mark.metadata.clone() }
}

/// A resampled image, premultiplied.
fn resampled(mark: &Image, (width_px, height_px): (u32, u32)) -> Vec<[f32; 4]> {
    let info = &mark.info;
    let to = Resample::whole(info, width_px, height_px, ResampleFilter::Lanczos3);
    let (across, down) = (ResampleWeights::across(&to, info), ResampleWeights::down(&to, info));
    let mut result = vec![[0.0_f32; 4]; width_px as usize * height_px as usize];
    let mut line = vec![0.0; info.row_samples()];
    let mut narrowed = vec![[0.0_f32; 4]; width_px as usize];
    let mut first = 0;
    for y in 0..info.height_px as usize {
        simd::load(&mark.samples, y * line.len(), &mut line);
        if !info.premultiplied {
            simd::premultiply(&mut line, info.channels);
        }
        let pixels: Vec<[f32; 4]> =
            line.chunks_exact(info.channels.count()).map(|pixel| rgba(pixel, info.channels)).collect();
        for (x, to) in narrowed.iter_mut().enumerate() {
            let (start, weights) = across.of(x);
            *to = [0.0; 4];
            for (pixel, weight) in pixels.iter().skip(start).zip(weights) {
                add(to, pixel, *weight);
            }
        }
        // Adds it to every output row that it contributes to; starts never decrease.
        while first < down.len() && down.end(first, first) <= y {
            first += 1;
        }
        for out in first..down.len() {
            let (start, weights) = down.of(out);
            if start > y {
                break;
            }
            let Some(weight) = weights.get(y - start) else { continue };
            let row = result.chunks_exact_mut(width_px as usize).nth(out).unwrap_or_default();
            for (to, pixel) in row.iter_mut().zip(&narrowed) {
                add(to, pixel, *weight);
            }
        }
    }
    for pixel in &mut result {
        let alpha = simd::unit(pixel[3]);
        // Sharpening filters overshoot black and white; premultiplied colour can't exceed alpha.
        *pixel = pixel.map(|value| value.clamp(0.0, alpha));
    }
    result
}

fn add(sum: &mut [f32; 4], pixel: &[f32; 4], weight: f32) {
    for (sum, value) in sum.iter_mut().zip(pixel) {
        *sum += value * weight;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_overlay_keeps_its_pixels_at_its_own_size_and_its_mean_at_others() {
        let samples: Vec<u8> = (0..7 * 5 * 4_u32).map(|i| (i * 37 % 256) as u8).collect();
        let mark = Image::from_u8(7, 5, Channels::Rgba, samples.clone());
        let same = resampled(&mark, (7, 5));
        for (got, pixel) in same.iter().zip(samples.chunks_exact(4)) {
            let alpha = f32::from(pixel[3]) / 255.0;
            let expected = [0, 1, 2].map(|i| f32::from(pixel[i]) / 255.0 * alpha);
            assert!(got.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-5) && (got[3] - alpha).abs() < 1e-5);
        }
        for size in [(3, 2), (20, 11), (1, 1)] {
            let mean = |pixels: &[[f32; 4]]| pixels.iter().map(|pixel| pixel[3]).sum::<f32>() / pixels.len() as f32;
            let other = resampled(&mark, size);
            assert_eq!(other.len(), size.0 as usize * size.1 as usize);
            assert!((mean(&other) - mean(&same)).abs() < 0.08, "{size:?}: {} {}", mean(&other), mean(&same));
            assert!(other.iter().all(|pixel| pixel.iter().all(|value| *value <= pixel[3])));
        }
        let gray = Image::from_u8(2, 1, Channels::Gray, vec![0, 255]);
        assert_eq!(resampled(&gray, (2, 1)), [[0.0, 0.0, 0.0, 1.0], [1.0; 4]]);
    }
}
