//! The program's icon, drawn at startup: threads of two colours interlaced on a dark background.

use super::theme::{DARK, ON_IMAGE_TEXT};

const SIDE_PX: usize = 64;
const CORNER_PX: f32 = 14.0;

/// The icon.
pub(super) fn icon() -> egui::IconData {
    let mut rgba = Vec::with_capacity(4 * SIDE_PX * SIDE_PX);
    for y in 0..SIDE_PX {
        for x in 0..SIDE_PX {
            rgba.extend(pixel(x as f32 + 0.5, y as f32 + 0.5));
        }
    }
    egui::IconData { rgba, width: SIDE_PX as u32, height: SIDE_PX as u32 }
}

fn pixel(x: f32, y: f32) -> [u8; 4] {
    let half = SIDE_PX as f32 / 2.0;
    let beyond = |v: f32| ((v - half).abs() - (half - CORNER_PX)).max(0.0);
    let outside = beyond(x).hypot(beyond(y)) - CORNER_PX;
    let alpha = (0.5 - outside).clamp(0.0, 1.0);
    let (column, row) = (((x - 8.0) / 16.0).floor() as i32, ((y - 8.0) / 16.0).floor() as i32);
    let within = |v: f32| ((v - 8.0).rem_euclid(16.0) - 8.0).abs() < 5.5;
    let (warp, weft) = (within(x), within(y));
    let inside = (8.0..56.0).contains(&x) && (8.0..56.0).contains(&y);
    let over = (column + row).rem_euclid(2) == 0;
    let ink = match (inside, warp, weft) {
        (true, true, true) if over => DARK.accent,
        (true, true | false, true) => ON_IMAGE_TEXT,
        (true, true, false) => DARK.accent,
        _ => DARK.accent_fill,
    };
    [ink.r(), ink.g(), ink.b(), (alpha * 255.0).round() as u8]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_icons_size_matches_its_pixels() {
        let icon = icon();
        assert_eq!(icon.rgba.len(), 4 * (icon.width * icon.height) as usize);
    }
}
