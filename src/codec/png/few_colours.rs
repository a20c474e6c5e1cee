//! Images whose pixels need fewer bits than they are given in: at most 256 colours, or gray in steps that 1, 2 or 4 bits
//! hold. They are recognised while rows arrive; the first other pixel ends that, so that photographs cost nothing.

use std::collections::HashMap;

use crate::codec::pixels::palette::Indexed;
use crate::model::Channels;

/// Most colours of a palette.
const MAX_COLOURS: usize = 256;

/// The pixels of an image so far, by number.
pub(super) struct FewColours {
    channels: Channels,
    numbers: HashMap<[u8; 4], u8>,
    palette: Vec<[u8; 4]>,
    indices: Vec<u8>,
    last: Option<([u8; 4], u8)>,
}

/// An image that needs fewer bits.
pub(super) enum Small {
    /// Gray values of this many bits.
    Gray(u8, Vec<u8>),
    /// Numbers of colours.
    Palette(Indexed),
}

impl FewColours {
    /// `None` for channels that always take whole bytes: a palette of grays with alpha would have other channels.
    pub(super) fn new(channels: Channels) -> Option<Self> {
        (channels != Channels::GrayAlpha).then(|| Self {
            channels,
            numbers: HashMap::new(),
            palette: Vec::new(),
            indices: Vec::new(),
            last: None,
        })
    }

    /// Takes pixels; `false` at the first that does not fit, after which nothing more is taken.
    pub(super) fn add(&mut self, samples: &[u8]) -> bool {
        if self.channels == Channels::Gray {
            let fits = samples.iter().all(|value| value % 17 == 0);
            self.indices.extend(samples.iter().filter(|_| fits));
            return fits;
        }
        let count = self.channels.count();
        let before = self.indices.len();
        for pixel in samples.chunks_exact(count) {
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
    pub(super) fn samples(&self) -> Vec<u8> {
        if self.channels == Channels::Gray {
            return self.indices.clone();
        }
        let colour = |index: &u8| self.palette.get(usize::from(*index)).copied().unwrap_or_default();
        self.indices.iter().flat_map(|index| colour(index).into_iter().take(self.channels.count())).collect()
    }

    /// The whole image.
    pub(super) fn into_small(self) -> Small {
        if self.channels != Channels::Gray {
            return Small::Palette(Indexed::new(self.palette, self.indices));
        }
        let bits = [(1, 255), (2, 85)].into_iter().find(|(_, step)| self.indices.iter().all(|value| value % step == 0));
        let (bits, step) = bits.unwrap_or((4, 17));
        Small::Gray(bits, self.indices.into_iter().map(|value| value / step).collect())
    }
}

/// Whether most bytes equal those above them, as in drawings and screenshots, which deflate compresses well if it takes
/// its time. In photographs it gains little.
pub(super) fn is_flat(samples: &[u8], row_bytes: usize) -> bool {
    let Some(below) = samples.get(row_bytes..).filter(|below| !below.is_empty()) else { return false };
    let equal = samples.iter().zip(below).filter(|(above, below)| above == below).count();
    equal * 2 > below.len()
}
