//! Small save settings: subsampling, compression, background colour.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Chroma subsampling (JPEG).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Subsampling {
    /// 4:2:0.
    #[default]
    #[serde(rename = "auto")]
    Auto,
    /// Halved on both axes.
    #[serde(rename = "420")]
    S420,
    /// Halved horizontally.
    #[serde(rename = "422")]
    S422,
    /// Full resolution.
    #[serde(rename = "444")]
    S444,
}

/// Compression of a TIFF file, always without loss.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TiffCompression {
    /// That of the original; if it has none that is written, LZW or, for black and white, the smaller of LZW and group 4.
    #[default]
    Keep,
    /// LZW.
    Lzw,
    /// Deflate (Adobe's code 8).
    Deflate,
    /// Zstandard.
    Zstd,
    /// PackBits.
    PackBits,
    /// Fax group 4, for black and white; other images get LZW.
    G4,
    /// Fax group 3 in one dimension, for black and white; other images get LZW.
    G3,
    /// Uncompressed.
    None,
}

/// How an original is stored, as far as its result may keep that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Original {
    /// The compression of a TIFF, if it is one that is written.
    pub compression: Option<TiffCompression>,
    /// Whether its pixels take less than 8 bits, or are numbers of a palette's colours.
    pub has_few_colours: bool,
}

/// An opaque colour, in sRGB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Rgb(pub [u8; 3]);

impl Subsampling {
    /// Every choice, in the order of menus.
    pub const ALL: [Self; 4] = [Self::Auto, Self::S420, Self::S422, Self::S444];

    /// The name in scripts and recipes.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::S420 => "420",
            Self::S422 => "422",
            Self::S444 => "444",
        }
    }
}

impl TiffCompression {
    /// Every choice, in the order of menus.
    pub const ALL: [Self; 8] =
        [Self::Keep, Self::Lzw, Self::Deflate, Self::Zstd, Self::PackBits, Self::G4, Self::G3, Self::None];

    /// The name in scripts and recipes.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Lzw => "lzw",
            Self::Deflate => "deflate",
            Self::Zstd => "zstd",
            Self::PackBits => "packbits",
            Self::G4 => "g4",
            Self::G3 => "g3",
            Self::None => "none",
        }
    }
}

impl Rgb {
    /// White.
    pub const WHITE: Self = Self([255; 3]);

    /// Whether it is a gray.
    pub const fn is_gray(self) -> bool {
        let Self([r, g, b]) = self;
        r == g && g == b
    }

    /// Reads white, black, #rgb or #rrggbb.
    pub fn parse(text: &str) -> Option<Self> {
        if text.eq_ignore_ascii_case("white") {
            return Some(Self::WHITE);
        }
        if text.eq_ignore_ascii_case("black") {
            return Some(Self([0; 3]));
        }
        let digits = text.strip_prefix('#')?.bytes().map(|byte| (byte as char).to_digit(16).map(|digit| digit as u8));
        let digits: Vec<u8> = digits.collect::<Option<_>>()?;
        match *digits {
            [r, g, b] => Some(Self([r * 17, g * 17, b * 17])),
            [r1, r0, g1, g0, b1, b0] => Some(Self([r1 * 16 + r0, g1 * 16 + g0, b1 * 16 + b0])),
            _ => None,
        }
    }
}

impl Default for Rgb {
    fn default() -> Self {
        Self::WHITE
    }
}

impl fmt::Display for Rgb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self([r, g, b]) = self;
        write!(f, "#{r:02x}{g:02x}{b:02x}")
    }
}

impl From<Rgb> for String {
    fn from(colour: Rgb) -> Self {
        colour.to_string()
    }
}

impl TryFrom<String> for Rgb {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("\"{text}\" is no colour"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_round_trip() {
        for (text, colour) in
            [("white", [255; 3]), ("black", [0; 3]), ("#08f", [0, 136, 255]), ("#102030", [16, 32, 48])]
        {
            assert_eq!(Rgb::parse(text), Some(Rgb(colour)));
            assert_eq!(Rgb::parse(&Rgb(colour).to_string()), Some(Rgb(colour)));
        }
        for text in ["", "#", "#12", "#12345", "#1234567", "#gggggg", "red", "#한"] {
            assert_eq!(Rgb::parse(text), None, "{text}");
        }
    }
}
