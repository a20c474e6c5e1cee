//! The difference between two canvases of an animation, which is all that encoders store.

use crate::model::{Area, ImageInfo};

/// The smallest area outside which two canvases of the same size, with `pixel` samples per pixel, are equal.
pub(crate) fn changed<T: PartialEq>(before: &[T], after: &[T], info: &ImageInfo, pixel: usize) -> Area {
    area_where(before, after, info, pixel, |a, b| a != b)
}

/// The smallest area with every pixel for which `is_included` holds, given its samples on both canvases.
pub(crate) fn area_where<T: PartialEq>(
    before: &[T],
    after: &[T],
    info: &ImageInfo,
    pixel: usize,
    is_included: impl Fn(&[T], &[T]) -> bool,
) -> Area {
    let row = info.width_px as usize * pixel;
    if row == 0 {
        return Area::default();
    }
    let mut found: Option<Extent> = None;
    for (y, (a, b)) in before.chunks_exact(row).zip(after.chunks_exact(row)).enumerate() {
        // Most rows of most animations do not change.
        if a == b {
            continue;
        }
        let included = || a.chunks_exact(pixel).zip(b.chunks_exact(pixel)).map(|(a, b)| is_included(a, b));
        let Some(left) = included().position(|included| included) else { continue };
        let right = included().rposition(|included| included).unwrap_or(left);
        let extent = found.get_or_insert(Extent { left, right, top: y, bottom: y });
        *extent = Extent { left: extent.left.min(left), right: extent.right.max(right), bottom: y, ..*extent };
    }
    found.map_or_else(Area::default, |extent| Area {
        x: extent.left as u32,
        y: extent.top as u32,
        width_px: (extent.right - extent.left + 1) as u32,
        height_px: (extent.bottom - extent.top + 1) as u32,
    })
}

/// First and last columns and rows.
#[derive(Clone, Copy)]
struct Extent {
    left: usize,
    right: usize,
    top: usize,
    bottom: usize,
}

/// The rows of an area of a canvas.
pub(crate) fn rows<'c, T>(
    canvas: &'c [T],
    area: Area,
    info: &ImageInfo,
    pixel: usize,
) -> impl Iterator<Item = &'c [T]> + Clone {
    let width_px = info.width_px;
    area.rows().map(move |y| canvas.get(area.row(y, width_px, pixel)).unwrap_or_default())
}

/// An area of RGBA canvas, cut out.
pub(crate) fn cut<T: Copy>(canvas: &[T], area: Area, info: &ImageInfo, pixel: usize) -> Vec<T> {
    let mut pixels = Vec::with_capacity(area.width_px as usize * area.height_px as usize * pixel);
    rows(canvas, area, info, pixel).for_each(|row| pixels.extend_from_slice(row));
    pixels
}

/// An area as a layer over the previous canvas: unchanged pixels are transparent. `None` if a layer can't represent the
/// change (a pixel that is not opaque), or would save too little to be worth it. Alpha is the last sample.
pub(crate) fn layer<T: Copy + Default + PartialEq>(
    before: &[T],
    after: &[T],
    area: Area,
    info: &ImageInfo,
    pixel: usize,
    opaque: T,
) -> Option<Vec<T>> {
    let mut pixels = Vec::with_capacity(area.width_px as usize * area.height_px as usize * pixel);
    let (mut same, mut all) = (0usize, 0usize);
    for (before, after) in rows(before, area, info, pixel).zip(rows(after, area, info, pixel)) {
        for (before, after) in before.chunks_exact(pixel).zip(after.chunks_exact(pixel)) {
            all += 1;
            if before == after {
                same += 1;
                pixels.resize(pixels.len() + pixel, T::default());
            } else if after.last() == Some(&opaque) {
                pixels.extend_from_slice(after);
            } else {
                return None;
            }
        }
    }
    (same * 2 >= all).then_some(pixels)
}

#[cfg(test)]
mod tests {
    use super::super::changed_area::*;
    use crate::model::{Channels, SampleType};

    fn info(width_px: u32, height_px: u32) -> ImageInfo {
        ImageInfo { width_px, height_px, channels: Channels::GrayAlpha, sample: SampleType::U8, premultiplied: false }
    }

    #[test]
    fn the_changed_area_is_minimal() {
        let info = info(4, 3);
        let before = [7u8; 24];
        let mut after = before;
        assert!(changed(&before, &after, &info, 2).is_empty());
        after[(4 + 1) * 2] = 1;
        after[(2 * 4 + 3) * 2 + 1] = 1;
        assert_eq!(changed(&before, &after, &info, 2), Area { x: 1, y: 1, width_px: 3, height_px: 2 });
    }

    #[test]
    fn a_layer_is_transparent_where_nothing_changed_and_refuses_other_changes() {
        let info = info(2, 1);
        let area = Area::whole(&info);
        let before = [7, 255, 8, 255];
        assert_eq!(layer(&before, &[7, 255, 9, 255], area, &info, 2, 255), Some(vec![0, 0, 9, 255]));
        assert_eq!(layer(&before, &[7, 255, 0, 0], area, &info, 2, 255), None);
        assert_eq!(layer(&before, &[1, 255, 2, 255], area, &info, 2, 255), None, "nothing is spared");
    }
}
