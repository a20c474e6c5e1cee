//! A colour given as a parameter.

use std::ops::RangeInclusive;

use crate::model::Channels;

/// A colour of encoded values, 0 to 1: red, green, blue, alpha (not premultiplied).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Colour(pub [f32; 4]);

impl Colour {
    /// Opaque white.
    pub const WHITE: Self = Self([1.0; 4]);

    /// From `white`, `black`, `transparent`, `#rgb`, `#rrggbb` or `#rrggbbaa`.
    pub fn parse(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().as_str() {
            "white" => return Some(Self::WHITE),
            "black" => return Some(Self([0.0, 0.0, 0.0, 1.0])),
            "transparent" => return Some(Self([0.0; 4])),
            _ => {}
        }
        let digits: Vec<u32> =
            text.strip_prefix('#')?.chars().map(|digit| digit.to_digit(16)).collect::<Option<_>>()?;
        let level = |range: RangeInclusive<usize>| {
            digits.get(range).map(|pair| pair.iter().fold(0, |sum, digit| sum * 16 + digit) as f32 / 255.0)
        };
        let short = |i: usize| digits.get(i).map(|digit| (digit * 17) as f32 / 255.0);
        let parts = match digits.len() {
            3 => [short(0), short(1), short(2), Some(1.0)],
            6 => [level(0..=1), level(2..=3), level(4..=5), Some(1.0)],
            8 => [level(0..=1), level(2..=3), level(4..=5), level(6..=7)],
            _ => return None,
        };
        match parts {
            [Some(r), Some(g), Some(b), Some(a)] => Some(Self([r, g, b, a])),
            _ => None,
        }
    }

    /// The channels that hold both an image's pixels and this colour.
    pub fn channels_with(&self, input: Channels) -> Channels {
        let [r, g, b, a] = self.0;
        let gray = r == g && g == b;
        let alpha = a < 1.0 || input.has_alpha();
        match (gray && input.colour_count() == 1, alpha) {
            (true, false) => Channels::Gray,
            (true, true) => Channels::GrayAlpha,
            (false, false) => Channels::Rgb,
            (false, true) => Channels::Rgba,
        }
    }

    /// Its samples in these channels; the first `channels.count()` count.
    pub const fn samples(&self, channels: Channels) -> [f32; 4] {
        let [r, g, b, a] = self.0;
        match channels {
            Channels::Gray | Channels::GrayAlpha => [r, a, 0.0, 0.0],
            Channels::Rgb | Channels::Rgba => [r, g, b, a],
        }
    }
}
