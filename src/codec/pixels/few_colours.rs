//! Images whose pixels need fewer bits than they are given in: at most 256 colours, or gray in steps that 1, 2 or 4 bits
//! hold. They are recognised while rows arrive; the first other pixel ends that, so that photographs cost nothing. Pixels
//! are held in as few bits as they need so far.

use std::collections::HashMap;

use super::palette::{self, Indexed};
use crate::model::Channels;

/// Most colours of a palette.
const MAX_COLOURS: usize = 256;

/// Numbers of 1, 2, 4 or 8 bits each, the first in the highest bits.
pub(in crate::codec) struct Narrow {
    /// Bits of each.
    pub(in crate::codec) bits: u8,
    bytes: Vec<u8>,
    len: usize,
}

/// The pixels of an image so far, by number.
pub(in crate::codec) struct FewColours {
    channels: Channels,
    numbers: HashMap<[u8; 4], u8>,
    palette: Vec<[u8; 4]>,
    /// Numbers of colours; for gray, steps from black to white.
    indices: Narrow,
    last: Option<([u8; 4], u8)>,
}

/// An image that needs fewer bits.
pub(in crate::codec) enum Small {
    /// Steps from black to white.
    Gray(Narrow),
    /// Numbers of colours.
    Palette(Indexed),
}

impl Narrow {
    const fn new(bits: u8) -> Self {
        Self { bits, bytes: Vec::new(), len: 0 }
    }

    /// How many numbers a byte holds, as a power of two.
    const fn per_byte(&self) -> u32 {
        3 - self.bits.trailing_zeros()
    }

    /// How far the bits of the `n`th number are above the lowest of their byte.
    const fn shift(&self, n: usize) -> u8 {
        let last = (1_usize << self.per_byte()) - 1;
        self.bits * (last - (n & last)) as u8
    }

    fn push(&mut self, number: u8) {
        let bits = number << self.shift(self.len);
        let begins_byte = self.len & ((1 << self.per_byte()) - 1) == 0;
        match self.bytes.last_mut() {
            Some(byte) if !begins_byte => *byte |= bits,
            _ => self.bytes.push(bits),
        }
        self.len += 1;
    }

    fn truncate(&mut self, len: usize) {
        let kept: Vec<u8> = self.numbers(len & !7, 7).take(len & 7).collect();
        self.len = len & !7;
        self.bytes.truncate(self.len >> self.per_byte());
        kept.into_iter().for_each(|number| self.push(number));
    }

    /// At most `count` numbers, from the one at `first` on.
    fn numbers(&self, first: usize, count: usize) -> impl Iterator<Item = u8> + '_ {
        let mask = (0xFF_u16 >> (8 - self.bits)) as u8;
        (first..self.len.min(first.saturating_add(count))).map(move |n| {
            let byte = self.bytes.get(n >> self.per_byte()).copied().unwrap_or(0);
            byte >> self.shift(n) & mask
        })
    }

    /// All numbers.
    pub(in crate::codec) fn all(&self) -> impl Iterator<Item = u8> + '_ {
        self.numbers(0, self.len)
    }

    /// The same in more bits, each number multiplied.
    fn widen(&mut self, bits: u8, factor: u8) {
        let mut wide = Self::new(bits);
        self.all().for_each(|number| wide.push(number * factor));
        *self = wide;
    }

    /// Rows of `width` numbers; each row begins with a byte of its own.
    pub(in crate::codec) fn rows(&self, width: usize) -> impl Iterator<Item = Vec<u8>> + '_ {
        (0..self.len).step_by(width.max(1)).map(move |first| {
            let mut row = Self::new(self.bits);
            self.numbers(first, width).for_each(|number| row.push(number));
            row.bytes
        })
    }
}

impl From<(&Indexed, u8)> for Narrow {
    /// A palette's numbers in so many bits.
    fn from((indexed, bits): (&Indexed, u8)) -> Self {
        let mut narrow = Self::new(bits);
        indexed.indices.iter().for_each(|&number| narrow.push(number));
        narrow
    }
}

impl FewColours {
    /// `None` for channels that always take whole bytes: a palette of grays with alpha would have other channels.
    pub(in crate::codec) fn new(channels: Channels) -> Option<Self> {
        (channels != Channels::GrayAlpha).then(|| Self {
            channels,
            numbers: HashMap::new(),
            palette: Vec::new(),
            indices: Narrow::new(1),
            last: None,
        })
    }

    /// Takes pixels; `false` at the first that does not fit, after which nothing more is taken.
    pub(in crate::codec) fn add(&mut self, samples: &[u8]) -> bool {
        if self.channels == Channels::Gray { self.add_gray(samples) } else { self.add_colours(samples) }
    }

    fn add_gray(&mut self, samples: &[u8]) -> bool {
        let fits = |step: u8| samples.iter().all(|value| value % step == 0);
        let least = self.indices.bits;
        let Some((bits, step)) =
            [(1, 255), (2, 85), (4, 17)].into_iter().find(|&(bits, step)| bits >= least && fits(step))
        else {
            return false;
        };
        if bits > least {
            let levels = |bits: u8| (1_u8 << bits) - 1;
            self.indices.widen(bits, levels(bits) / levels(least));
        }
        samples.iter().for_each(|value| self.indices.push(value / step));
        true
    }

    fn add_colours(&mut self, samples: &[u8]) -> bool {
        let before = self.indices.len;
        for pixel in samples.chunks_exact(self.channels.count()) {
            let mut colour = [255; 4];
            colour.iter_mut().zip(pixel).for_each(|(to, from)| *to = *from);
            // Neighbours are usually equal.
            let number = match self.last {
                Some((last, number)) if last == colour => number,
                _ => match self.numbers.get(&colour) {
                    Some(&number) => number,
                    None if self.palette.len() < MAX_COLOURS => {
                        let number = self.palette.len() as u8;
                        self.palette.push(colour);
                        self.numbers.insert(colour, number);
                        let bits = palette::bits(self.palette.len());
                        if bits > self.indices.bits {
                            self.indices.widen(bits, 1);
                        }
                        number
                    }
                    None => {
                        self.indices.truncate(before);
                        return false;
                    }
                },
            };
            self.last = Some((colour, number));
            self.indices.push(number);
        }
        true
    }

    /// The samples taken so far.
    pub(in crate::codec) fn samples(&self) -> Vec<u8> {
        if self.channels == Channels::Gray {
            let step = 255 / ((1_u16 << self.indices.bits) - 1) as u8;
            return self.indices.all().map(|number| number * step).collect();
        }
        let colour = |index: u8| self.palette.get(usize::from(index)).copied().unwrap_or_default();
        self.indices.all().flat_map(|index| colour(index).into_iter().take(self.channels.count())).collect()
    }

    /// Whether all pixels are opaque.
    pub(in crate::codec) fn is_opaque(&self) -> bool {
        self.palette.iter().all(|colour| colour[3] == 255)
    }

    /// Number of colours in the palette.
    pub(in crate::codec) fn colour_count(&self) -> usize {
        self.palette.len()
    }

    /// The same colours in other channels; alpha may only be left out if all pixels are opaque.
    pub(in crate::codec) fn in_channels(self, channels: Channels) -> Self {
        Self { channels, ..self }
    }

    /// The pixels of a colour image that are all opaque and gray.
    pub(in crate::codec) fn gray_levels(&self) -> Option<Vec<u8>> {
        let is_gray =
            self.channels == Channels::Rgb && self.palette.iter().all(|&[r, g, b, a]| r == g && g == b && a == 255);
        let level = |index: u8| self.palette.get(usize::from(index)).map_or(0, |colour| colour[0]);
        is_gray.then(|| self.indices.all().map(level).collect())
    }

    /// The whole image.
    pub(in crate::codec) fn into_small(self) -> Small {
        if self.channels == Channels::Gray {
            return Small::Gray(self.indices);
        }
        let indices = self.indices.all().collect();
        Small::Palette(Indexed::new(self.palette, indices))
    }
}
