//! What an image's pixels need: alpha, colour and 16 bits are left out where that loses nothing.

use crate::model::Channels;

/// What the pixels so far need.
pub(super) struct Needs {
    channels: Channels,
    is_deep: bool,
    /// Whether a pixel is not opaque.
    alpha: bool,
    /// Whether a pixel is not gray.
    colour: bool,
    /// Whether a sample is not one of 8 bits, repeated.
    depth: bool,
}

/// Pixels in what they need.
pub(super) struct Reduced {
    pub(super) channels: Channels,
    pub(super) is_deep: bool,
    pub(super) bytes: Vec<u8>,
}

/// Channels without alpha or colour.
pub(super) const fn without(channels: Channels, alpha: bool, colour: bool) -> Channels {
    match (channels.has_alpha() && !alpha, channels.colour_count() > 1 && !colour) {
        (false, false) => channels,
        (true, false) => {
            if channels.colour_count() > 1 {
                Channels::Rgb
            } else {
                Channels::Gray
            }
        }
        (false, true) => {
            if channels.has_alpha() {
                Channels::GrayAlpha
            } else {
                Channels::Gray
            }
        }
        (true, true) => Channels::Gray,
    }
}

impl Needs {
    /// `may_be_gray` is whether the profile, if there is one, also applies to gray pixels.
    pub(super) const fn new(channels: Channels, is_deep: bool, may_be_gray: bool) -> Self {
        Self { channels, is_deep, alpha: false, colour: !may_be_gray, depth: false }
    }

    /// Whether fewer channels or bits may be enough.
    pub(super) fn may_shrink(&self) -> bool {
        (self.is_deep && !self.depth) || without(self.channels, self.alpha, self.colour) != self.channels
    }

    /// Takes whole pixels in the bytes of a file.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        if !self.may_shrink() {
            return;
        }
        if self.is_deep && !self.depth {
            self.depth = bytes.as_chunks::<2>().0.iter().any(|[high, low]| high != low);
        }
        let sample = if self.is_deep { 2 } else { 1 };
        let pixel = self.channels.count() * sample;
        if self.channels.has_alpha() && !self.alpha {
            let alpha = |pixel: &[u8]| pixel.iter().rev().take(sample).any(|byte| *byte != 255);
            self.alpha = bytes.chunks_exact(pixel).any(alpha);
        }
        if self.channels.colour_count() > 1 && !self.colour {
            let colour = |pixel: &[u8]| {
                let (red, rest) = pixel.split_at(sample);
                let (green, rest) = rest.split_at(sample);
                red != green || !rest.starts_with(green)
            };
            self.colour = bytes.chunks_exact(pixel).any(colour);
        }
    }

    /// All pixels of an image, in what they need.
    pub(super) fn reduced(&self, channels: Channels, is_deep: bool, bytes: Vec<u8>) -> Reduced {
        let to = without(channels, self.alpha, self.colour);
        let keeps_depth = !is_deep || self.depth;
        if to == channels && keeps_depth {
            return Reduced { channels, is_deep, bytes };
        }
        let from_sample = if is_deep { 2 } else { 1 };
        let to_sample = if keeps_depth { from_sample } else { 1 };
        let alpha = to.has_alpha().then_some(channels.count() - 1);
        let starts: Vec<usize> = (0..to.colour_count()).chain(alpha).map(|n| n * from_sample).collect();
        let pixel = channels.count() * from_sample;
        let mut kept = Vec::with_capacity(bytes.len() / pixel * starts.len() * to_sample);
        for pixel in bytes.chunks_exact(pixel) {
            for start in &starts {
                kept.extend_from_slice(pixel.get(*start..start + to_sample).unwrap_or_default());
            }
        }
        Reduced { channels: to, is_deep: is_deep && keeps_depth, bytes: kept }
    }
}
