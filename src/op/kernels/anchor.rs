//! Nine anchor positions in an image, by name.

/// The names scripts use, in the order of menus.
pub(crate) const NAMES: &[&str] =
    &["top_left", "top", "top_right", "left", "center", "right", "bottom_left", "bottom", "bottom_right"];

/// Position within the free space: 0 is left or top, 1 right or bottom.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Anchor {
    pub(crate) x: f64,
    pub(crate) y: f64,
}

impl Anchor {
    pub(crate) const CENTER: Self = Self { x: 0.5, y: 0.5 };

    /// The anchor of that name; the centre for any other name.
    pub(crate) fn from_name(name: &str) -> Self {
        let x = match name {
            name if name.ends_with("left") => 0.0,
            name if name.ends_with("right") => 1.0,
            _ => 0.5,
        };
        let y = match name {
            name if name.starts_with("top") => 0.0,
            name if name.starts_with("bottom") => 1.0,
            _ => 0.5,
        };
        Self { x, y }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nine_names_are_nine_positions() {
        let places: Vec<(f64, f64)> = NAMES.iter().map(|name| Anchor::from_name(name)).map(|g| (g.y, g.x)).collect();
        let expected: Vec<(f64, f64)> = [0.0, 0.5, 1.0].iter().flat_map(|y| [0.0, 0.5, 1.0].map(|x| (*y, x))).collect();
        assert_eq!(places, expected);
    }
}
